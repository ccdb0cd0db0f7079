//! The plan for a person, and for a program.

use std::fmt::Write;

use serde_json::{Value, json};

use super::named::listed;
use super::unit::{OfRun, Unit};
use super::{Plan, app_level};
use crate::bids::model::Kind;

/// Contrasts that a line lists.
const LISTED: usize = 6;

/// Lines of columns that not all runs have.
const LINES: usize = 12;

/// A line a unit, by node.
pub(super) fn of(plan: &Plan) -> String {
    let Plan { spec, units, .. } = plan;
    let model = &plan.read.model;
    let mut text = format!("{}: {} units into {}\n", model.name, units.len(), spec.out.display());
    let is_asked = |level| app_level(level) <= spec.level;
    for (at, node) in model.nodes.iter().enumerate().filter(|(_, node)| is_asked(node.level)) {
        let own: Vec<&Unit> = units.iter().filter(|unit| unit.node == at).collect();
        let kind = if node.kind == Kind::Meta { "meta" } else { "glm" };
        // Writing to a String cannot fail.
        let _ = writeln!(text, "\n{} ({:?}, {kind}): {} units", node.name, node.level, own.len());
        let wide = own.iter().map(|unit| unit.name().len()).max().unwrap_or(0).max(4);
        if !own.is_empty() {
            let _ =
                writeln!(text, "  {:<wide$}  {:>5}  {:>7}  contrasts", "unit", "rows", "columns");
        }
        own.iter().for_each(|unit| text += &line(unit, wide));
        for (origin, whose) in frame_times(own.iter().copied()) {
            let _ = writeln!(text, "  {origin} ({})", of_runs(&whose, own.len()));
        }
        text += &not_of_all(plan, at);
    }
    for line in &plan.left_out {
        let _ = writeln!(text, "left out: {line}");
    }
    text
}

/// A unit with what was left out of it.
fn line(unit: &Unit, wide: usize) -> String {
    let names: Vec<&str> =
        unit.estimates.iter().map(|one| one.contrast.as_str()).take(LISTED).collect();
    let more = unit.estimates.len().saturating_sub(LISTED);
    let more = if more > 0 { format!(", {more} more") } else { String::new() };
    let mut text = format!(
        "  {:<wide$}  {:>5}  {:>7}  {}{more}\n",
        unit.name(),
        unit.n_rows,
        unit.columns.len(),
        names.join(", ")
    );
    for line in &unit.left_out {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "  {:<wide$}  left out: {line}", "");
    }
    text
}

/// The origins of runs' frame times in words, each with the runs that have it.
pub(super) fn frame_times<'a>(
    units: impl IntoIterator<Item = &'a Unit>,
) -> Vec<(&'a str, Vec<String>)> {
    let mut all: Vec<(&str, Vec<String>)> = Vec::new();
    for unit in units {
        let Some(run) = &unit.run else { continue };
        match all.iter_mut().find(|(origin, _)| *origin == run.origin) {
            Some((_, whose)) => whose.push(unit.name()),
            None => all.push((&run.origin, vec![unit.name()])),
        }
    }
    all
}

/// Which of so many runs.
fn of_runs(whose: &[String], n: usize) -> String {
    match whose.len() {
        all if all == n && n > 1 => format!("all {n} runs"),
        1 => whose[0].clone(),
        some => format!("{some} of {n} runs: {}", listed(whose)),
    }
}

/// The columns of a node that some runs have and others lack, those of the same runs in a line; nothing above the run.
fn not_of_all(plan: &Plan, node: usize) -> String {
    let fitted = plan.units.iter().filter(|unit| unit.node == node);
    let fitted = fitted.filter_map(|unit| Some((unit.name(), &unit.columns, unit.run.as_ref()?)));
    let unasked = plan.unasked.iter().filter(|run| run.node == node);
    let unasked =
        unasked.map(|run| (format!("{} (not fitted)", run.name()), &run.columns, &run.run));
    let runs: Vec<(String, &Vec<String>, &OfRun)> = fitted.chain(unasked).collect();
    let mut names: Vec<&String> = Vec::new();
    let has = runs.iter().flat_map(|(_, columns, _)| *columns);
    for name in has.chain(runs.iter().flat_map(|(_, _, run)| &run.missing)) {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    let mut lines: Vec<(Vec<String>, Vec<String>)> = Vec::new();
    for name in names {
        let lacks = runs.iter().filter(|(_, columns, _)| !columns.contains(name));
        let lacks: Vec<String> = lacks.map(|(whose, ..)| whose.clone()).collect();
        if lacks.is_empty() {
            continue;
        }
        match lines.iter_mut().find(|(_, whose)| *whose == lacks) {
            Some((same, _)) => same.push(name.clone()),
            None => lines.push((vec![name.clone()], lacks)),
        }
    }
    let mut text = String::new();
    for (names, whose) in lines.iter().take(LINES) {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "  {}: not in {}", listed(names), of_runs(whose, runs.len()));
    }
    if lines.len() > LINES {
        let more: usize = lines[LINES..].iter().map(|(names, _)| names.len()).sum();
        let _ = writeln!(text, "  {more} more columns are not in all runs (--json has each run's)");
    }
    text
}

/// An object a unit.
pub(super) fn json(plan: &Plan) -> Value {
    let read = &plan.read;
    let unit = |unit: &Unit| {
        let node = &read.model.nodes[unit.node];
        let mut object = json!({
            "node": node.name,
            "level": format!("{:?}", node.level),
            "type": if node.kind == Kind::Meta { "meta" } else { "glm" },
            "unit": unit.name(),
            "rows": unit.n_rows,
            "columns": unit.columns,
            "contrasts": unit.estimates.iter().map(|one| &one.contrast).collect::<Vec<_>>(),
            "left_out": unit.left_out,
        });
        if let Some(run) = &unit.run {
            object["frame_times"] = json!(run.origin);
            object["missing"] = json!(run.missing);
        }
        object
    };
    json!({
        "model": read.model.name,
        "out": plan.spec.out,
        "notes": read.notes.all(),
        "left_out": plan.left_out,
        "units": plan.units.iter().map(unit).collect::<Vec<_>>(),
    })
}
