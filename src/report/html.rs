//! Text, numbers and tables as HTML.

use std::fmt::Write;

use crate::trial::digits;

/// Text with the characters that mean something in HTML replaced; control characters, which HTML has not, become a box.
pub(super) fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            '\n' | '\t' => out.push(letter),
            c if c.is_control() => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    out
}

/// Letters of a name that is kept on one line.
const KEPT: usize = 24;

/// The same with short names that hold a hyphen and a digit (`sub-01`) kept on one line each: a browser would part them behind the hyphen.
pub(super) fn kept(text: &str) -> String {
    let is_name = |word: &str| {
        let has_digit = word.bytes().any(|b| b.is_ascii_digit());
        word.contains('-') && has_digit && word.chars().count() <= KEPT
    };
    let word = |word: &str| {
        let (name, end) = word.split_at(word.trim_end_matches([',', ';', ' ', '\n']).len());
        match is_name(name) {
            true => format!("<span class=\"id\">{}</span>{end}", escaped(name)),
            false => escaped(word),
        }
    };
    text.split_inclusive(' ').map(word).collect()
}

/// A number with so many decimals and a true minus sign; a dash where it is not finite.
pub(super) fn number(value: f64, decimals: usize) -> String {
    if !value.is_finite() {
        return "–".to_owned();
    }
    let text = format!("{value:.decimals$}");
    match text.strip_prefix('-') {
        // No minus before nothing.
        Some(rest) if rest.bytes().all(|b| b == b'0' || b == b'.') => rest.to_owned(),
        Some(rest) => format!("−{rest}"),
        None => text,
    }
}

/// A share as a percentage of two digits or so.
pub(super) fn percent(share: f64) -> String {
    let percent = 100.0 * share;
    let text = number(percent, if percent >= 10.0 { 0 } else { 2 });
    let text =
        if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { &text };
    format!("{text}\u{a0}%")
}

/// p as journals have it: `.032`, `< .001`, `> .999`.
pub(super) fn p_of(p: f64) -> String {
    match p.is_finite() {
        true => digits::p_of(p).replace(' ', "\u{a0}"),
        false => "–".to_owned(),
    }
}

/// The same in a sentence: `p = .032`, `p < .001`.
pub(super) fn p_said(p: f64) -> String {
    let text = p_of(p);
    if text.starts_with(['<', '>', '–']) {
        format!("p\u{a0}{text}")
    } else {
        format!("p\u{a0}=\u{a0}{text}")
    }
}

/// `1 beat`, `2 beats`.
pub(super) fn counted(n: usize, noun: &str) -> String {
    format!("{n} {noun}{}", if n == 1 { "" } else { "s" })
}

/// The first few moments in words: `12.3, 45.6 s and 3 more`.
pub(super) fn moments(times_s: &[f64]) -> String {
    const MOST: usize = 8;
    let shown: Vec<String> = times_s.iter().take(MOST).map(|t| number(*t, 1)).collect();
    let more = times_s.len().saturating_sub(MOST);
    let and = if more > 0 { format!(" and {more} more") } else { String::new() };
    format!("{} s{and}", shown.join(", "))
}

/// A table on its way: a caption, heads of columns, rows whose first cell is their head.
pub(super) struct Table {
    out: String,
    /// Whether it scrolls by itself where it is wider than the screen.
    scrolls: bool,
}

impl Table {
    /// `class` of the style sheet: `facts`, `numbers`, ...
    pub fn new(class: &str, caption: &str, heads: &[&str]) -> Table {
        let caption = escaped(caption);
        let scrolls = matches!(class, "numbers" | "files");
        let mut out = match scrolls {
            true => format!(
                "<div class=\"wide\" role=\"region\" tabindex=\"0\" aria-label=\"{caption}\">\n"
            ),
            false => String::new(),
        };
        let _ =
            write!(out, "<table class=\"{class}\">\n<caption><span>{caption}</span></caption>\n");
        out.push_str("<thead><tr>");
        for head in heads {
            let _ = write!(out, "<th scope=\"col\">{}</th>", escaped(head));
        }
        out.push_str("</tr></thead>\n<tbody>\n");
        Table { out, scrolls }
    }

    /// Plain text in every cell.
    pub fn row(&mut self, head: &str, cells: &[String]) {
        let cells: Vec<String> = cells.iter().map(|c| escaped(c)).collect();
        self.row_of_html(&escaped(head), &cells);
    }

    /// Cells that are HTML already.
    pub fn row_of_html(&mut self, head: &str, cells: &[String]) {
        let _ = write!(self.out, "<tr><th scope=\"row\">{head}</th>");
        for cell in cells {
            let _ = write!(self.out, "<td>{cell}</td>");
        }
        self.out.push_str("</tr>\n");
    }

    pub fn finish(self) -> String {
        self.out + "</tbody>\n</table>\n" + if self.scrolls { "</div>\n" } else { "" }
    }
}

/// What is folded away below a line that says what it is.
pub(super) fn folded(summary: &str, body: &str) -> String {
    format!("<details>\n<summary>{}</summary>\n{body}</details>\n", escaped(summary))
}

/// A drawing, or several that belong together, with what they show below; wide drawings scroll on a narrow screen.
pub(super) fn figure(label: &str, drawings: &str, caption: &str) -> String {
    format!(
        "<figure>\n<div class=\"wide\" role=\"group\" tabindex=\"0\" aria-label=\"{}\">\n{drawings}</div>\n\
         <figcaption>{}</figcaption>\n</figure>\n",
        escaped(label),
        escaped(caption)
    )
}

/// The same of a drawing that is `width` pixels wide where there is room for it, and shrinks to two thirds of that before it scrolls, on a telephone less.
pub(super) fn natural(label: &str, drawing: &str, caption: &str, width: f64) -> String {
    let own = format!("<svg class=\"natural\" style=\"--natural:{width:.0}px\" ");
    figure(label, &drawing.replacen("<svg ", &own, 1), caption)
}
