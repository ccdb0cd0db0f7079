//! The QC page: one HTML file that needs no network, no script and no other file, for a screen, for paper and for a screen
//! reader. Plain data in ([`Qc`]), text out.
//!
//! Every drawing is SVG with a title and a description; what it shows stands in words or numbers beside it. Colours are
//! those of Okabe & Ito, and none of them is the only carrier of a meaning.

use std::fmt::Write;

use crate::error::Result;
use crate::report::html::escaped;
use crate::report::page::{self, Made, section};

mod columns;
mod content;
mod coverage;
mod design;
mod headline;
mod maps;
mod rates;
mod record;
mod traces;
mod verdict;

pub use content::{Picture, Pictures, Qc, RunQc, SERIES_STEP_S, Series};
use coverage::Coverage;

/// Width of a drawing across the page, and of one of two beside each other, in its own pixels.
const WIDTH: f64 = 900.0;
const HALF_WIDTH: f64 = 440.0;
/// Room right of a plot for half a number below its last tick.
const RIGHT: f64 = 16.0;

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
    contents += "<li><a href=\"#about\">About this page</a></li>\n";
    let made = Made {
        version: &qc.version,
        command_line: &qc.command_line,
        inputs: &qc.inputs,
        outputs: &qc.outputs,
        warnings: &qc.warnings,
    };
    body += &section("about", 2, "About this page", &made.about());
    let title = escaped(&qc.title);
    let lead = format!(
        "<h1>Physiology of <span class=\"name\">{title}</span></h1>\n\
         <p>Quality control of the pulse, the breathing and the columns made from them. boldly {}.</p>\n{}",
        escaped(&qc.version),
        headline::paragraphs(qc),
    );
    let title = format!("Physiology of {title}: quality control");
    Ok(page::html(&title, &lead, &contents, &body))
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
