//! The page of a trial: one HTML file that needs no network, no script and no other file. Plain data in ([`TrialPage`]), text out.
//!
//! Who was in it and what lacks comes first, then what must be known, then endpoints; each figure with its table, then the methods in words and how the page was made.

use std::fmt::Write;

use super::html::{counted, escaped};
use super::listing::Listing;
use super::page::{self, FileRead, Made, section};
use crate::trial::Results;

mod adverse;
mod baseline;
mod brain;
mod cpm;
mod crossover;
mod disposition;
mod edges;
mod methods;
mod notes;
mod outcomes;
mod participants;
mod physiology;
mod pressure;
mod relations;
mod responders;
mod words;

const STYLE: &str = concat!(include_str!("../findings.css"), include_str!("style.css"));

/// Everything on the page.
#[derive(Debug, Clone, Copy)]
pub struct TrialPage<'a> {
    /// What the trial came to.
    pub results: &'a Results,
    /// The command line as it was typed.
    pub command_line: &'a [String],
    /// Files read.
    pub inputs: &'a [FileRead],
    /// Files written beside the page.
    pub outputs: &'a [String],
    /// Pictures that other commands made: a map of a seed, a matrix of edges.
    pub pictures: &'a [PictureFile],
}

/// A picture that is taken into the page as it is.
#[derive(Debug, Clone, PartialEq)]
pub struct PictureFile {
    /// The file's name.
    pub name: String,
    /// What it shows, for those who do not see it.
    pub words: String,
    /// `image/svg+xml` or `image/png`.
    pub kind: &'static str,
    /// The whole file.
    pub bytes: Vec<u8>,
    /// What it shows in numbers, where that lies beside it: a title, and the highest rows.
    pub table: Option<(String, Listing)>,
}

/// The page as HTML.
#[must_use]
pub fn page(of: &TrialPage) -> String {
    let results = of.results;
    let (mut body, mut contents) = (String::new(), String::new());
    for (id, title, html) in sections(of) {
        body += &section(id, 2, title, &html);
        let _ = writeln!(contents, "<li><a href=\"#{id}\">{}</a></li>", escaped(title));
    }
    let study = escaped(&results.study);
    let title = format!("Trial report: {study}");
    page::styled(STYLE, &title, &lead(results), &contents, &body)
}

/// What there is, in the order of the page.
fn sections(of: &TrialPage) -> Vec<(&'static str, &'static str, String)> {
    let results = of.results;
    let mut all = vec![
        ("participants", "Participants and missing values", participants::section(results)),
        ("notes", "Notes", notes::section(results)),
    ];
    if let Some(part) = &results.disposition {
        all.push(("disposition", "Disposition", disposition::section(results, part)));
    }
    all.push(("baseline", "Baseline", baseline::section(results)));
    if !results.ancova.rows.is_empty() {
        all.push(("outcomes", "Outcomes", outcomes::section(results)));
    }
    if let Some(part) = &results.responders {
        all.push(("responders-section", "Responders", responders::section(results, part)));
    }
    if let Some(part) = &results.cpm {
        all.push(("cpm-section", "Conditioned pain modulation", cpm::section(results, part)));
    }
    if let Some(part) = &results.pressure {
        all.push(("pressure", "Pressure pain", pressure::section(results, part)));
    }
    if results.brain.is_some() || !of.pictures.is_empty() {
        let html = brain::section(results, results.brain.as_ref(), of.pictures);
        all.push(("brain", "Brain", html));
    }
    if let Some(part) = &results.edges {
        all.push(("edges", "Edges between regions", edges::section(results, part)));
    }
    if !results.physiology.is_empty() {
        let html = physiology::section(results);
        all.push(("physiology", "Physiology, motion and signal", html));
    }
    if let Some(part) = &results.correlations {
        all.push(("relations", relations::title(results), relations::section(results, part)));
    }
    if let Some(part) = &results.crossover {
        all.push(("crossover-section", "Crossover", crossover::section(results, part)));
    }
    if let Some(part) = &results.adverse_events {
        all.push(("adverse-section", "Adverse events", adverse::section(results, part)));
    }
    all.push(("methods", "Methods", methods::section(results)));
    let made = Made {
        version: &results.version,
        command_line: of.command_line,
        inputs: of.inputs,
        outputs: of.outputs,
        warnings: &[],
    };
    all.push(("about", "About this page", made.about()));
    all
}

/// What was compared, and whether something must be known before it is read.
fn lead(of: &Results) -> String {
    let arms = [&of.flow.arms.active, &of.flow.arms.control];
    let [active, control] =
        arms.map(|arm| format!("{} (n\u{a0}=\u{a0}{})", arm.name, arm.randomised));
    let [before, after] = [&of.plan.baseline, &of.plan.endpoint].map(|s| words::session(s));
    let compared = match &of.crossover {
        Some(part) => format!(
            "{} against {} in a crossover: {active}, {control}. boldly {}.",
            part.active, part.control, of.version
        ),
        None => {
            format!("{active} against {control}, from {before} to {after}. boldly {}.", of.version)
        }
    };
    let warned = match notes::n_warnings(of) {
        0 => String::new(),
        n => format!(
            "<p class=\"headline open\"><span aria-hidden=\"true\">! </span>{}: <a href=\"#notes\">read {} first</a>.</p>\n",
            counted(n, "warning"),
            if n == 1 { "it" } else { "them" }
        ),
    };
    format!(
        "<h1>Trial report: <span class=\"name\">{}</span></h1>\n<p>{}</p>\n{warned}",
        escaped(&of.study),
        escaped(&compared)
    )
}
