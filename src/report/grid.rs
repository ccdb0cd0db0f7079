//! Tables of the page: text to the left, numbers to the right, one below the other; a wide one scrolls by itself.

use std::fmt::Write;

use crate::report::html::{escaped, kept};

/// A table on its way.
pub(in crate::report) struct Grid {
    caption: String,
    heads: Vec<String>,
    /// Columns from here on are numbers.
    numbers_from: usize,
    body: String,
    n_rows: usize,
}

impl Grid {
    /// `numbers_from`: the first column of numbers.
    pub fn new(caption: &str, heads: &[&str], numbers_from: usize) -> Grid {
        let heads = heads.iter().map(|head| (*head).to_owned()).collect();
        Grid { caption: caption.to_owned(), heads, numbers_from, body: String::new(), n_rows: 0 }
    }

    /// Text in every cell; the first is the row's head.
    pub fn row(&mut self, cells: &[String]) {
        self.row_of("", cells);
    }

    /// `class`: `head` for a row that stands for those below it, `sub` for one of those.
    pub fn row_of(&mut self, class: &str, cells: &[String]) {
        let class = if class.is_empty() { String::new() } else { format!(" class=\"{class}\"") };
        let _ = write!(self.body, "<tr{class}>");
        for (nth, cell) in cells.iter().enumerate() {
            let cell = kept(cell);
            let _ = match nth {
                0 => write!(self.body, "<th scope=\"row\">{cell}</th>"),
                n if n >= self.numbers_from => write!(self.body, "<td class=\"n\">{cell}</td>"),
                _ => write!(self.body, "<td>{cell}</td>"),
            };
        }
        self.body.push_str("</tr>\n");
        self.n_rows += 1;
    }

    pub fn n_rows(&self) -> usize {
        self.n_rows
    }

    /// Nothing where there is no row.
    pub fn finish(self) -> String {
        if self.n_rows == 0 {
            return String::new();
        }
        let caption = escaped(&self.caption);
        let mut out = format!(
            "<div class=\"scroll\" role=\"region\" tabindex=\"0\" aria-label=\"{caption}\">\n<table class=\"numbers\">\n<caption><span>{caption}</span></caption>\n<thead><tr>"
        );
        for (nth, head) in self.heads.iter().enumerate() {
            let class = if nth >= self.numbers_from { " class=\"n\"" } else { "" };
            let _ = write!(out, "<th scope=\"col\"{class}>{}</th>", escaped(head));
        }
        let _ = write!(out, "</tr></thead>\n<tbody>\n{}</tbody>\n</table>\n</div>\n", self.body);
        out
    }

    /// Folded below a line that says what it is.
    pub fn folded(self) -> String {
        let summary = self.caption.clone();
        match self.finish() {
            table if table.is_empty() => table,
            table => crate::report::html::folded(&format!("Table: {summary}"), &table),
        }
    }
}
