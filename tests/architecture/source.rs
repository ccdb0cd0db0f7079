//! Just enough Rust to read imports: what is code, what is a test, which paths are named.

/// Rust text with comments, string and character literals replaced by spaces; line breaks stay.
pub fn code_only(text: &str) -> String {
    let chars: Vec<char> = text.chars().collect();
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    let starts = |at: usize, what: &str| {
        what.chars().enumerate().all(|(k, c)| chars.get(at + k) == Some(&c))
    };
    while at < chars.len() {
        let end = if starts(at, "//") {
            (at..chars.len()).find(|&k| chars[k] == '\n').unwrap_or(chars.len())
        } else if starts(at, "/*") {
            (at + 2..chars.len()).find(|&k| starts(k, "*/")).map_or(chars.len(), |k| k + 2)
        } else if chars[at] == 'r'
            && (starts(at, "r\"") || starts(at, "r#"))
            && raw_hashes(&chars[at + 1..]).is_some()
        {
            let hashes = raw_hashes(&chars[at + 1..]).unwrap();
            let close = format!("\"{}", "#".repeat(hashes));
            (at + 2 + hashes..chars.len())
                .find(|&k| starts(k, &close))
                .map_or(chars.len(), |k| k + 1 + hashes)
        } else if chars[at] == '"' {
            let mut k = at + 1;
            while k < chars.len() && chars[k] != '"' {
                k += if chars[k] == '\\' { 2 } else { 1 };
            }
            (k + 1).min(chars.len())
        } else if starts(at, "'\\") {
            (at + 3..chars.len()).find(|&k| chars[k] == '\'').map_or(chars.len(), |k| k + 1)
        } else if chars[at] == '\'' && chars.get(at + 2) == Some(&'\'') {
            at + 3
        } else {
            out.push(chars[at]);
            at += 1;
            continue;
        };
        out.extend(chars[at..end].iter().map(|&c| if c == '\n' { '\n' } else { ' ' }));
        at = end;
    }
    out
}

/// The number of `#` before the opening quote of a raw string, if there is one.
fn raw_hashes(after_r: &[char]) -> Option<usize> {
    let hashes = after_r.iter().take_while(|&&c| c == '#').count();
    (after_r.get(hashes) == Some(&'"')).then_some(hashes)
}

/// Code without the items marked `#[cfg(test)]`.
pub fn outside_tests(code: &str) -> String {
    let mut out = code.to_string();
    while let Some(start) = out.find("#[cfg(test)]") {
        let mut depth = 0_usize;
        let mut end = out.len();
        for (k, c) in out[start..].char_indices() {
            match c {
                '{' => depth += 1,
                '}' => depth = depth.saturating_sub(1),
                _ => {}
            }
            if (c == '}' || c == ';') && depth == 0 {
                end = start + k + 1;
                break;
            }
        }
        let blank: String =
            out[start..end].chars().map(|c| if c == '\n' { '\n' } else { ' ' }).collect();
        out.replace_range(start..end, &blank);
    }
    out
}

/// The module a file of `src` is: `src/kernels/glm/mod.rs` is kernels, glm.
pub fn module_of(path: &str) -> Vec<String> {
    let mut parts: Vec<String> = path
        .trim_start_matches("src/")
        .trim_end_matches(".rs")
        .split('/')
        .map(String::from)
        .collect();
    if parts.last().is_some_and(|last| ["mod", "lib", "main"].contains(&last.as_str())) {
        parts.pop();
    }
    parts
}

/// Every path that starts at `crate::`, `super::` or `self::`, written out from the crate's root, with its line.
pub fn paths_used(module: &[String], code: &str) -> Vec<(usize, Vec<String>)> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(offset) =
        ["crate::", "super::", "self::"].iter().filter_map(|s| code[at..].find(s)).min()
    {
        let start = at + offset;
        let line = code[..start].matches('\n').count() + 1;
        let before = code[..start].chars().next_back();
        at = start + code[start..].find("::").unwrap() + 2;
        if before.is_some_and(|c| c.is_alphanumeric() || c == '_' || c == ':') {
            continue;
        }
        let (first, mut rest) = (code[start..].split("::").next().unwrap(), &code[at..]);
        let mut base = if first == "crate" { Vec::new() } else { module.to_vec() };
        if first == "super" {
            base.pop();
        }
        while let Some(after) = rest.strip_prefix("super::") {
            base.pop();
            rest = after;
            at += "super::".len();
        }
        for branch in branches(rest) {
            found.push((line, base.iter().cloned().chain(branch).collect()));
        }
    }
    found
}

/// The paths of a use tree: `a::{b::c, d}` is a b c and a d.
fn branches(text: &str) -> Vec<Vec<String>> {
    let text = text.trim_start();
    if let Some(inside) = text.strip_prefix('{') {
        let (mut depth, mut start, mut all) = (1_usize, 0, Vec::new());
        for (k, c) in inside.char_indices() {
            depth = match c {
                '{' => depth + 1,
                '}' => depth - 1,
                _ => depth,
            };
            if depth == 0 || (c == ',' && depth == 1) {
                all.extend(branches(&inside[start..k]));
                start = k + 1;
            }
            if depth == 0 {
                break;
            }
        }
        return all;
    }
    let name: String = text.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
    if name.is_empty() {
        return Vec::new();
    }
    match text[name.len()..].strip_prefix("::") {
        Some(rest) if !rest.starts_with(['<', '*']) => branches(rest)
            .into_iter()
            .map(|b| std::iter::once(name.clone()).chain(b).collect())
            .collect(),
        _ => vec![vec![name]],
    }
}
