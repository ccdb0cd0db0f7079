//! `.bidsignore`: patterns as in `.gitignore`, of files that are not of the dataset.

use std::path::Path;

use crate::Result;
use crate::io::read_text;

/// Patterns, the later ones over the earlier ones.
#[derive(Debug, Clone, Default)]
pub struct Ignored(Vec<Pattern>);

#[derive(Debug, Clone)]
struct Pattern {
    /// `!`: what it matches is of the dataset after all.
    keeps: bool,
    /// Parts between slashes; `**` stands for any number of folders.
    parts: Vec<String>,
}

impl Ignored {
    /// Those of a text, a line each.
    #[must_use]
    pub fn of(text: &str) -> Ignored {
        Ignored(text.lines().filter_map(Pattern::of).collect())
    }

    /// Those of a dataset; none without the file.
    pub(super) fn read(root: &Path) -> Result<Ignored> {
        let path = root.join(".bidsignore");
        if !path.is_file() {
            return Ok(Ignored::default());
        }
        Ok(Ignored::of(&read_text(&path)?))
    }

    /// Whether a file, relative to the root, is left out.
    #[must_use]
    pub fn matches(&self, path: &Path) -> bool {
        if self.0.is_empty() {
            return false;
        }
        let parts: Vec<String> =
            path.components().map(|c| c.as_os_str().to_string_lossy().into_owned()).collect();
        let matched =
            |pattern: &&Pattern| (1..=parts.len()).any(|n| fits(&pattern.parts, &parts[..n]));
        self.0.iter().rev().find(matched).is_some_and(|pattern| !pattern.keeps)
    }
}

impl Pattern {
    fn of(line: &str) -> Option<Pattern> {
        let line = line.trim_end();
        let (keeps, text) = match line.strip_prefix('!') {
            Some(rest) => (true, rest),
            None => (false, line),
        };
        if text.is_empty() || text.starts_with('#') {
            return None;
        }
        let text = text.strip_suffix('/').unwrap_or(text);
        let mut parts: Vec<String> =
            text.split('/').filter(|part| !part.is_empty()).map(str::to_owned).collect();
        // Without a slash but at its end it is of any folder.
        if !text.contains('/') {
            parts.insert(0, "**".to_owned());
        }
        (!parts.is_empty()).then_some(Pattern { keeps, parts })
    }
}

/// Whether patterns fit all parts of a path.
fn fits(patterns: &[String], parts: &[String]) -> bool {
    match (patterns.split_first(), parts.split_first()) {
        (None, None) => true,
        (Some((first, rest)), _) if first == "**" => {
            fits(rest, parts) || !parts.is_empty() && fits(patterns, &parts[1..])
        }
        (Some((pattern, rest)), Some((part, others))) => {
            glob(pattern.as_bytes(), part.as_bytes()) && fits(rest, others)
        }
        _ => false,
    }
}

/// Whether a pattern with `*` and `?` fits a name; in time of the product of their lengths at most.
fn glob(pattern: &[u8], name: &[u8]) -> bool {
    let (mut p, mut n, mut star) = (0, 0, None);
    while n < name.len() {
        match pattern.get(p) {
            Some(b'*') => {
                star = Some((p, n));
                p += 1;
            }
            Some(&c) if c == b'?' || c == name[n] => {
                p += 1;
                n += 1;
            }
            _ => match star {
                Some((at, from)) => {
                    star = Some((at, from + 1));
                    p = at + 1;
                    n = from + 1;
                }
                None => return false,
            },
        }
    }
    pattern[p..].iter().all(|&c| c == b'*')
}
