//! The page of an analysis of runs: one HTML file that needs no network and no other file, with a live viewer for its maps. Plain data in ([`Analysis`]), text
//! out. `glm --report` is one; the pages of subjects and of a dataset's nodes in `report::bids` are this with a model before it.
//!
//! What must be known comes first, then which runs have which columns, then each contrast with its map, its peaks and what the model makes of the run there,
//! then the runs themselves, then the methods in words and how the page was made.

use std::fmt::Write;

use super::html::{Table, counted, escaped};
use super::methods::{Sentence, Text};
use super::notes::{self, Kind, Note};
use super::page::{FileRead, Made, section};
use super::viewer::{self, Viewers};
use crate::error::Result;

mod columns;
mod contrasts;
mod left_out;
mod runs;
mod weights;

pub use super::corrections::Correction;
pub use super::design::Design;
pub use super::statmap::Coverage;
pub use columns::{Cell, Columns, Row, numbered};
pub use contrasts::Contrast;
pub use left_out::{loses_much, note as left_out_note};
pub use runs::{Estimable, Motion, RunPart};
pub use weights::{Weighed, Weights};

/// Everything on the page.
#[derive(Debug, Clone)]
pub struct Analysis {
    /// What it is: `First-level analysis`.
    pub kind: String,
    /// Of what.
    pub title: String,
    /// Version that made it.
    pub version: String,
    /// The command line as it was typed.
    pub command_line: Vec<String>,
    /// Files read.
    pub inputs: Vec<FileRead>,
    /// Files written beside the page.
    pub outputs: Vec<String>,
    /// What must be known.
    pub notes: Vec<Note>,
    /// What the analysis is, a name and what it is set to each.
    pub facts: Vec<(String, String)>,
    /// Paragraphs.
    pub methods: Vec<Vec<Sentence>>,
    /// Which run has which column.
    pub columns: Columns,
    /// Where runs or estimates have data.
    pub coverage: Vec<Coverage>,
    /// What every contrast weighs, those without a picture among them.
    pub weighed: Vec<Weighed>,
    /// In the order that they were given.
    pub runs: Vec<RunPart>,
    /// In the order that they were asked for.
    pub contrasts: Vec<Contrast>,
}

/// A part of a page: its id, its title, its text.
pub(super) type Part = (String, String, String);

/// The page as HTML.
///
/// # Errors
/// Those of its pictures.
pub fn page(of: &Analysis) -> Result<String> {
    with(of, Vec::new())
}

/// The page with parts of another kind behind the notes.
pub(super) fn with(of: &Analysis, more: Vec<Part>) -> Result<String> {
    let mut viewers = Viewers::default();
    let mut parts: Vec<Part> = Vec::new();
    let mut add = |id: &str, title: &str, text: String| {
        if !text.is_empty() {
            parts.push((id.to_owned(), title.to_owned(), text));
        }
    };
    add("notes", "Notes", notes::lists(&of.notes, "run"));
    more.into_iter().for_each(|(id, title, text)| add(&id, &title, text));
    add("analysis", "The analysis", facts(of));
    add("columns", "Runs and columns", columns::section(&of.columns));
    add("coverage", "Coverage", coverage(&of.coverage)?);
    add("contrasts", "Contrasts", weights::section(&of.weighed, &of.runs));
    for (nth, contrast) in of.contrasts.iter().enumerate() {
        let id = format!("contrast-{}", nth + 1);
        let title = format!("Contrast {}", contrast.name);
        add(&id, &title, contrasts::section(contrast, &id, &mut viewers)?);
    }
    for (nth, run) in of.runs.iter().enumerate() {
        let id = format!("run-{}", nth + 1);
        add(&id, &format!("Run {}", run.name), runs::section(run, &id)?);
    }
    add("methods", "Methods", methods(&of.methods));
    add("about", "About this page", about(of));
    let (mut body, mut contents) = (String::new(), String::new());
    for (id, title, text) in &parts {
        body += &section(id, 2, title, text);
        // Writing to a String cannot fail.
        let _ = writeln!(contents, "<li><a href=\"#{id}\">{}</a></li>", escaped(title));
    }
    let title = format!("{}: {}", of.kind, of.title);
    Ok(viewers.page(&escaped(&title), &lead(of), &contents, &body))
}

/// What it is of, and whether something must be known before it is read.
fn lead(of: &Analysis) -> String {
    let count = |kind| of.notes.iter().filter(|note| note.kind == kind).count();
    let (serious, warnings) = (count(Kind::Serious), count(Kind::Warning));
    let headline = |class: &str, sign: &str, text: String| {
        let them = if text.starts_with("1 ") { "it" } else { "them" };
        format!(
            "<p class=\"headline {class}\"><span aria-hidden=\"true\">{sign} </span>{text}: <a href=\"#notes\">read {them} first</a>.</p>\n"
        )
    };
    let mut warned = String::new();
    if serious > 0 {
        let said = match serious {
            1 => "1 thing may make the findings wrong".to_owned(),
            n => format!("{n} things may make the findings wrong"),
        };
        warned += &headline("no", "✕", said);
    }
    if warnings > 0 {
        warned += &headline("open", "!", counted(warnings, "warning"));
    }
    format!(
        "<h1>{}: <span class=\"name\">{}</span></h1>\n<p>boldly {}.</p>\n{warned}",
        escaped(&of.kind),
        escaped(&of.title),
        escaped(&of.version)
    )
}

fn facts(of: &Analysis) -> String {
    if of.facts.is_empty() {
        return String::new();
    }
    let mut table = Table::new("facts", "What was asked, and of what", &["what", "is"]);
    of.facts.iter().for_each(|(name, value)| table.row(name, std::slice::from_ref(value)));
    table.finish()
}

/// Where there are data, one picture after the other.
fn coverage(all: &[Coverage]) -> Result<String> {
    let mut html = String::new();
    for (nth, one) in all.iter().enumerate() {
        html += &one.section(&format!("coverage-{}", nth + 1))?;
    }
    Ok(html)
}

/// The paragraphs, to be copied.
pub(super) fn methods(paragraphs: &[Vec<Sentence>]) -> String {
    let mut text = Text::default();
    paragraphs.iter().for_each(|sentences| text.paragraph(sentences));
    format!("<div data-copy=\"\">\n{}</div>\n", text.html())
}

fn about(of: &Analysis) -> String {
    let made = Made {
        version: &of.version,
        command_line: &of.command_line,
        inputs: &of.inputs,
        outputs: &of.outputs,
        warnings: &[],
    };
    made.about() + &viewer::licences()
}
