//! What every page has: one file of HTML that needs no network, no script and no other file, and what it was made from.

use std::fmt::Write;

use super::html::{Table, counted, escaped, folded};

const STYLE: &str = include_str!("style.css");

/// Inputs in a list that is not folded.
const MOST_INPUTS: usize = 12;

/// A file that was read.
#[derive(Debug, Clone, PartialEq)]
pub struct FileRead {
    /// Relative to the page's folder where that is possible.
    pub path: String,
    /// `bold`, `mask`, `events`, ...
    pub role: String,
    /// Kind and value of its checksum.
    pub checksum: String,
}

/// How a page came to be.
pub(super) struct Made<'a> {
    pub version: &'a str,
    /// As it was typed.
    pub command_line: &'a [String],
    pub inputs: &'a [FileRead],
    /// Files written beside the page.
    pub outputs: &'a [String],
    /// Those that were printed.
    pub warnings: &'a [String],
}

/// A whole page; `title` and the others are HTML already.
pub(super) fn html(title: &str, lead: &str, contents: &str, body: &str) -> String {
    styled("", title, lead, contents, body)
}

/// The same with a style of its own beside that of all pages.
pub(super) fn styled(style: &str, title: &str, lead: &str, contents: &str, body: &str) -> String {
    whole(("", style, ""), title, lead, contents, body)
}

/// What keeps a page with a script from asking for anything that is not in it, whatever the script does.
const ALONE: &str = "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; img-src data: blob:; style-src 'unsafe-inline'; \
                     script-src 'unsafe-inline'; connect-src data: blob:\">\n";

/// The same with scripts at its end, of which the style is `style`.
pub(super) fn scripted(
    (style, scripts): (&str, &str),
    title: &str,
    lead: &str,
    contents: &str,
    body: &str,
) -> String {
    whole((ALONE, style, scripts), title, lead, contents, body)
}

fn whole(
    (head, style, scripts): (&str, &str, &str),
    title: &str,
    lead: &str,
    contents: &str,
    body: &str,
) -> String {
    format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n{head}\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <title>{title}</title>\n<style>\n{STYLE}{style}</style>\n</head>\n<body>\n\
         <a class=\"skip\" href=\"#main\">Skip to the findings</a>\n\
         <header>\n{lead}</header>\n\
         <nav aria-label=\"Contents\">\n<ul>\n{contents}</ul>\n</nav>\n\
         <main id=\"main\">\n{body}</main>\n\
         <footer>\n<p>This file needs no network and no other file.</p>\n</footer>\n{scripts}</body>\n</html>\n",
    )
}

pub(super) fn section(id: &str, level: usize, title: &str, body: &str) -> String {
    format!(
        "<section id=\"{id}\" aria-labelledby=\"{id}-heading\">\n\
         <h{level} id=\"{id}-heading\">{}</h{level}>\n{body}</section>\n",
        escaped(title)
    )
}

/// A command line that a shell reads as it was given: words with a letter that means something there stand in quotes.
#[must_use]
pub fn shell(words: &[String]) -> String {
    let is_plain = |c: char| c.is_alphanumeric() || "-_./,:=+%@^".contains(c);
    let word = |word: &String| match !word.is_empty() && word.chars().all(is_plain) {
        true => word.clone(),
        false => format!("'{}'", word.replace('\'', "'\\''")),
    };
    words.iter().map(word).collect::<Vec<_>>().join(" ")
}

impl Made<'_> {
    /// What was read, what was written, and how.
    pub fn about(&self) -> String {
        let mut html = String::new();
        if !self.warnings.is_empty() {
            let n = counted(self.warnings.len(), "warning");
            let _ = write!(html, "<p>{n} printed:</p>\n<ul>\n");
            self.warnings.iter().for_each(|w| html += &format!("<li>{}</li>\n", escaped(w)));
            html += "</ul>\n";
        }
        let mut table = Table::new("files", "Files read", &["file", "role", "checksum"]);
        for FileRead { path, role, checksum } in self.inputs {
            let checksum = format!("<code>{}</code>", escaped(checksum));
            table.row_of_html(&escaped(path), &[escaped(role), checksum]);
        }
        let table = table.finish();
        html += &match self.inputs.len() {
            n if n > MOST_INPUTS => folded(&format!("{n} files read"), &table),
            _ => table,
        };
        if !self.outputs.is_empty() {
            html += "<p>Files written, as seen from this page:</p>\n<ul>\n";
            self.outputs.iter().for_each(|o| html += &format!("<li>{}</li>\n", escaped(o)));
            html += "</ul>\n";
        }
        let command = escaped(&shell(self.command_line));
        let version = escaped(self.version);
        html + &format!("<p>Made by boldly {version} with</p>\n<pre>{command}</pre>\n")
    }
}
