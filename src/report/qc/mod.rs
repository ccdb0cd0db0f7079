//! The QC page: one HTML file that needs no network, no script and no other file, for a screen, for paper and for a screen
//! reader. Plain data in ([`Qc`]), text out.
//!
//! Every drawing is SVG with a title and a description; what it shows stands in words or numbers beside it. Colours are
//! those of Okabe & Ito, and none of them is the only carrier of a meaning.

use std::fmt::Write;

use crate::error::Result;

mod columns;
mod content;
mod coverage;
mod design;
mod headline;
mod html;
mod maps;
mod rates;
mod record;
mod svg;
mod traces;
mod verdict;

pub use content::{FileRead, Picture, Pictures, Qc, RunQc, SERIES_STEP_S, Series};
use coverage::Coverage;
use html::{Table, counted, escaped};

/// Width of a drawing across the page, and of one of two beside each other, in its own pixels.
const WIDTH: f64 = 900.0;
const HALF_WIDTH: f64 = 440.0;
/// Room right of a plot for half a number below its last tick.
const RIGHT: f64 = 16.0;

const STYLE: &str = include_str!("style.css");

/// A run on the page.
struct Chapter<'a> {
    run: &'a RunQc,
    /// From 1.
    number: usize,
    /// Level of its sections' headings.
    level: usize,
    /// Of the heart, where a column needs it.
    cardiac: Option<Coverage>,
    /// Of breathing, where a column needs it.
    respiratory: Option<Coverage>,
}

impl Chapter<'_> {
    /// An id that no other run has.
    fn id(&self, part: &str) -> String {
        format!("run-{}-{part}", self.number)
    }

    fn section(&self, key: &str, title: &str, body: &str) -> String {
        section(&self.id(key), self.level, title, body)
    }
}

/// The page as HTML.
///
/// # Errors
/// Internal: maps that do not fit their grid, columns that cannot be decomposed.
pub fn page(qc: &Qc) -> Result<String> {
    let mut body = String::new();
    let mut contents = String::new();
    for (nth, run) in qc.runs.iter().enumerate() {
        let several = qc.runs.len() > 1;
        let coverage = |phase: &Option<_>| phase.as_ref().and_then(Coverage::of);
        let chapter = Chapter {
            run,
            number: nth + 1,
            level: if several { 3 } else { 2 },
            cardiac: coverage(&run.phases.cardiac_phase),
            respiratory: coverage(&run.phases.resp_phase),
        };
        if several {
            let title = format!("Run {}: {}", nth + 1, run.name);
            let _ = writeln!(body, "<h2 id=\"{}\">{}</h2>", chapter.id("run"), escaped(&title));
        }
        chapter_sections(&chapter, &mut body, &mut contents)?;
    }
    if let Some(maps) = qc.maps.as_ref().filter(|m| !m.maps.is_empty()) {
        body += &section("maps", 2, "Maps on slices", &maps::section(maps)?);
        contents += "<li><a href=\"#maps\">Maps on slices</a></li>\n";
    }
    body += &section("about", 2, "About this page", &about(qc));
    contents += "<li><a href=\"#about\">About this page</a></li>\n";
    let title = escaped(&qc.title);
    Ok(format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <title>Physiology of {title}: quality control</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n\
         <a class=\"skip\" href=\"#main\">Skip to the findings</a>\n\
         <header>\n<h1>Physiology of <span class=\"name\">{title}</span></h1>\n\
         <p>Quality control of the pulse, the breathing and the columns made from them. boldly {}.</p>\n{}</header>\n\
         <nav aria-label=\"Contents\">\n<ul>\n{contents}</ul>\n</nav>\n\
         <main id=\"main\">\n{body}</main>\n\
         <footer>\n<p>This file needs no network and no other file.</p>\n</footer>\n</body>\n</html>\n",
        escaped(&qc.version),
        headline::paragraphs(qc),
    ))
}

fn section(id: &str, level: usize, title: &str, body: &str) -> String {
    format!(
        "<section id=\"{id}\" aria-labelledby=\"{id}-heading\">\n\
         <h{level} id=\"{id}-heading\">{}</h{level}>\n{body}</section>\n",
        escaped(title)
    )
}

fn chapter_sections(chapter: &Chapter, body: &mut String, contents: &mut String) -> Result<()> {
    let alike = columns::Alike::of(chapter)?;
    let quantities = rates::quantities(chapter);
    for (key, title, text) in [
        ("summary", "Summary", verdict::section(chapter, &alike)),
        ("record", "Recording and alignment", record::section(chapter)),
        ("traces", "Traces", traces::section(chapter)),
        ("rates", "Intervals and rates", rates::section(chapter, &quantities)),
        ("distributions", "Distributions", rates::distributions(chapter)),
        ("coverage", "Phase coverage by slice", coverage::section(chapter)),
        ("columns", "Columns of the model", columns::section(chapter, &alike)?),
    ] {
        *body += &chapter.section(key, title, &text);
        let run = match chapter.level {
            2 => String::new(),
            _ => format!("Run {}: ", chapter.number),
        };
        let _ = writeln!(contents, "<li><a href=\"#{}\">{run}{title}</a></li>", chapter.id(key));
    }
    Ok(())
}

/// What was read, what was written, and how.
fn about(qc: &Qc) -> String {
    let mut html = String::new();
    if !qc.warnings.is_empty() {
        let _ = write!(html, "<p>{} printed:</p>\n<ul>\n", counted(qc.warnings.len(), "warning"));
        qc.warnings.iter().for_each(|w| html += &format!("<li>{}</li>\n", escaped(w)));
        html += "</ul>\n";
    }
    let mut table = Table::new("files", "Files read", &["file", "role", "checksum"]);
    for FileRead { path, role, checksum } in &qc.inputs {
        let checksum = format!("<code>{}</code>", escaped(checksum));
        table.row_of_html(&escaped(path), &[escaped(role), checksum]);
    }
    html += &table.finish();
    if !qc.outputs.is_empty() {
        html += "<p>Files written beside this page:</p>\n<ul>\n";
        qc.outputs.iter().for_each(|o| html += &format!("<li>{}</li>\n", escaped(o)));
        html += "</ul>\n";
    }
    let command = escaped(&qc.command_line.join(" "));
    html + &format!("<p>Made by boldly {} with</p>\n<pre>{command}</pre>\n", escaped(&qc.version))
}
