//! The page to begin with: what was put in beside what was found, and where the reports are.

use std::path::Path;

use super::names::{MODEL, PAGE, TABLE};
use super::{TrialDemo, found};
use crate::error::Result;
use crate::io::Overwrite;
use crate::pipeline::simulate::write_files;
use crate::pipeline::watch::Watch;
use crate::report::demo::{self, DemoPage, Row};
use crate::simulate::write::Content;

/// Where one may go on, if it is there.
const LINKS: [(&str, &str); 9] = [
    ("trial/report.html", "the trial's report"),
    ("bids/node-drug.html", "what the drug changes of the response to pain, on maps"),
    (
        "bids/node-drug/task-pain_contrast-painChange_group.html",
        "the same by rearrangements, and in regions",
    ),
    ("bids/node-visit.html", "the response to pain at each visit"),
    ("group-coupling/group.html", "what the drug changes of the insula's connectivity, on maps"),
    (MODEL, "the Stats Model of the response to pain, from runs to the group"),
    ("study/README.md", "what is in the simulated study"),
    ("study/derivatives/truth/truth.json", "what was put in"),
    ("tables/brain.tsv", "values of the brain by visit"),
];

/// Write both.
///
/// # Errors
/// Output errors; usage where files of somebody else are in their place.
pub(super) fn write(
    result: &TrialDemo,
    (out, command): (&Path, &str),
    watch: &dyn Watch,
) -> Result<()> {
    let row = |line: &super::Line| Row {
        quantity: line.quantity.clone(),
        units: line.units.clone(),
        truth: line.truth,
        found: line.found,
        limits: [line.lower, line.upper],
        p: line.p,
        by: line.by,
    };
    let rows: Vec<Row> = result.lines.iter().map(row).collect();
    let links: Vec<(&str, &str)> =
        LINKS.into_iter().filter(|(path, _)| found::is_there(out, path)).collect();
    let page = DemoPage {
        per_arm: result.per_arm,
        completers: result.completers,
        runs: result.runs,
        rows: &rows,
        links: &links,
        command,
    };
    let files = [
        (PAGE.to_owned(), Content::Text(demo::page(&page))),
        (TABLE.to_owned(), Content::Text(table(result))),
    ];
    write_files((files.len(), files), out, Overwrite::Own, watch)
}

fn table(result: &TrialDemo) -> String {
    let mut text = "quantity\tunits\ttruth\tfound\tlower_95\tupper_95\tp\tby\n".to_owned();
    for line in &result.lines {
        let number = |v: f64| if v.is_finite() { v.to_string() } else { "n/a".to_owned() };
        let units = if line.units.is_empty() { "n/a" } else { &line.units };
        let numbers = [line.truth, line.found, line.lower, line.upper].map(number).join("\t");
        let p = line.p.filter(|p| p.is_finite()).map_or("n/a".to_owned(), |p| format!("{p:.2e}"));
        text += &format!("{}\t{units}\t{numbers}\t{p}\t{}\n", line.quantity, line.by);
    }
    text
}
