//! The page of a trial: one HTML file that needs no network, no script and no other file. Plain data in ([`TrialPage`]), text out.
//!
//! Who was in it and what lacks comes first, then what must be known, then endpoints; each figure with its table, then the methods in words and how the page was made.

use std::fmt::Write;

use super::html::{counted, escaped};
use super::page::{self, FileRead, Made, section};
use super::statmap::Statmap;
use crate::error::Result;
use crate::trial::Results;

mod adverse;
mod baseline;
mod brain;
mod cpm;
mod crossover;
mod disposition;
mod grid;
mod methods;
mod notes;
mod outcomes;
mod participants;
mod pressure;
mod relations;
mod responders;
mod words;

const STYLE: &str = include_str!("style.css");

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
    /// Pictures of connectivity.
    pub pictures: &'a Pictures,
}

/// Pictures of connectivity that were made elsewhere.
#[derive(Debug, Clone, Default)]
pub struct Pictures {
    /// Maps of seeds.
    pub maps: Vec<Statmap>,
    /// The matrix of edges, HTML already; empty where there is none.
    pub matrix: String,
}

/// The page as HTML.
///
/// # Errors
/// Those of its pictures.
pub fn page(of: &TrialPage) -> Result<String> {
    let results = of.results;
    let (mut body, mut contents) = (String::new(), String::new());
    for (id, title, html) in sections(of)? {
        body += &section(id, 2, title, &html);
        let _ = writeln!(contents, "<li><a href=\"#{id}\">{}</a></li>", escaped(title));
    }
    let study = escaped(&results.study);
    let title = format!("Trial report: {study}");
    Ok(page::styled(STYLE, &title, &lead(results), &contents, &body))
}

/// What there is, in the order of the page.
fn sections(of: &TrialPage) -> Result<Vec<(&'static str, &'static str, String)>> {
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
    let pictures = !(of.pictures.maps.is_empty() && of.pictures.matrix.is_empty());
    if results.brain.is_some() || pictures {
        let html = brain::section(results, results.brain.as_ref(), of.pictures)?;
        all.push(("brain", "Brain", html));
    }
    if let Some(part) = &results.correlations {
        all.push(("relations", "Brain and behaviour", relations::section(results, part)));
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
    Ok(all)
}

/// What was compared, and whether something must be known before it is read.
fn lead(of: &Results) -> String {
    let arms = [&of.flow.arms.active, &of.flow.arms.control];
    let [active, control] =
        arms.map(|arm| format!("{} (n\u{a0}=\u{a0}{})", arm.name, arm.randomised));
    let [before, after] = [&of.plan.baseline, &of.plan.endpoint].map(|s| words::session(s));
    let compared =
        format!("{active} against {control}, from {before} to {after}. boldly {}.", of.version);
    let warned = match notes::n_warnings(of) {
        0 => String::new(),
        n => format!(
            "<p class=\"headline open\"><span aria-hidden=\"true\">! </span>{}: <a href=\"#notes\">read them first</a>.</p>\n",
            counted(n, "warning")
        ),
    };
    format!(
        "<h1>Trial report: <span class=\"name\">{}</span></h1>\n<p>{}</p>\n{warned}",
        escaped(&of.study),
        escaped(&compared)
    )
}
