//! The page to begin with: what was put in beside what was found, and where the reports are.

use std::path::Path;

use super::names::{MODEL, PAGE, TABLE};
use super::{Line, TrialDemo, found};
use crate::error::Result;
use crate::io::Overwrite;
use crate::pipeline::simulate::write_files;
use crate::pipeline::watch::Watch;
use crate::report::demo::{self, DemoPage, Row};
use crate::simulate::write::{self, Content};
use crate::table::Table;
use crate::table::dictionary::DataDictionary;

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
    let row = |line: &Line| Row {
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
    let mut files = vec![(PAGE.to_owned(), Content::Text(demo::page(&page)))];
    files.extend(write::described(TABLE, &table(result), &described()));
    write_files((files.len(), files), out, Overwrite::Own, watch)
}

const COLUMNS: [&str; 8] =
    ["quantity", "units", "truth", "found", "lower_95", "upper_95", "p", "by"];

fn table(result: &TrialDemo) -> Table {
    let number = |v: f64| if v.is_finite() { v.to_string() } else { "n/a".to_owned() };
    let row = |line: &Line| {
        let units = if line.units.is_empty() { "n/a".to_owned() } else { line.units.clone() };
        let numbers = [line.truth, line.found, line.lower, line.upper].map(number);
        let p = line.p.filter(|p| p.is_finite()).map_or("n/a".to_owned(), |p| format!("{p:.2e}"));
        let first = [line.quantity.clone(), units];
        first.into_iter().chain(numbers).chain([p, line.by.to_owned()]).collect()
    };
    let columns = COLUMNS.map(str::to_owned).to_vec();
    Table { name: TABLE.to_owned(), columns, rows: result.lines.iter().map(row).collect() }
}

fn described() -> DataDictionary {
    DataDictionary::of("What was put into the simulated trial beside what was found").columns([
        ("quantity", "What the drug changes, or does not"),
        ("units", "Units of truth, found and its limits; n/a: none"),
        ("truth", "What was put in"),
        ("found", "The estimate"),
        ("lower_95", "Lower limit of its 95 % confidence interval"),
        ("upper_95", "Upper limit of its 95 % confidence interval"),
        ("p", "Its p"),
        ("by", "The command that found it"),
    ])
}
