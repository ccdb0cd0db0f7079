//! A model in words: what each node takes, fits and makes.

use std::collections::BTreeMap;

use super::instruction::Instruction;
use super::model::{Contrast, Kind, Level, Node, Test};
use super::place::short;
use super::{Model, graph};

/// Most names of one list that are shown.
const SHOWN: usize = 40;

/// A model as a person reads it: its nodes in the order of the work, each with what it takes, how that is grouped, its columns and its
/// contrasts. Several lines, the last one ended.
#[must_use]
pub fn describe(model: &Model) -> String {
    let mut lines = vec![short(&model.name)];
    if !model.description.trim().is_empty() {
        lines.push(format!(
            "  {}",
            model.description.split_whitespace().collect::<Vec<_>>().join(" ")
        ));
    }
    if !model.input.is_empty() {
        lines.push(format!("  runs of {}", allowed(&model.input)));
    }
    for (number, at) in model.order().into_iter().enumerate() {
        lines.push(String::new());
        node(model, at, number + 1, &mut lines);
    }
    lines.join("\n") + "\n"
}

fn node(model: &Model, at: usize, number: usize, lines: &mut Vec<String>) {
    let node = &model.nodes[at];
    let level = match node.level {
        Level::Run => "run",
        Level::Session => "session",
        Level::Subject => "subject",
        Level::Dataset => "dataset",
    };
    let how = match (node.level, node.kind) {
        (Level::Run, _) => "each run fitted by itself",
        (_, Kind::Glm) => "least squares",
        (_, Kind::Meta) => "fixed effects, their error from the estimates' variances",
    };
    lines.push(format!("{number}. {} ({level} level): {how}", short(&node.name)));
    let mut say = |what: &str, said: String| {
        if !said.is_empty() {
            lines.push(format!("   {what:<12} {said}"));
        }
    };
    say("takes", takes(model, at));
    say("for each", listed(&node.group_by));
    let steps: Vec<String> = node.transformations.iter().map(step).collect();
    say("transforms", steps.join("; "));
    let x: Vec<String> = node
        .x
        .iter()
        .map(|name| if name == "1" { "intercept".into() } else { name.clone() })
        .collect();
    say("columns", listed(&x));
    if let Some(formula) = &node.formula {
        say("formula", short(&formula.text));
    }
    if let Some(hrf) = &node.hrf {
        say("convolves", format!("{} with {}", listed(&hrf.variables), hrf.model));
    }
    if let Some(hz) = node.high_pass_hz {
        say("high-pass", format!("{hz} Hz (periods above {:.0} s)", 1.0 / hz));
    }
    say("mask", allowed(&node.mask));
    say("contrasts", contrasts(node));
    let ends = node.contrasts.iter().any(|contrast| !graph::goes_on(contrast.test));
    if ends && model.edges.iter().any(|edge| edge.source == at) {
        say("", "(contrasts tested with F go no further)".to_owned());
    }
}

/// Where a node's inputs come from.
fn takes(model: &Model, at: usize) -> String {
    let into = model.edges.iter().filter(|edge| edge.destination == at);
    let each: Vec<String> = into
        .map(|edge| {
            let source = short(&model.nodes[edge.source].name);
            match edge.filter.is_empty() {
                true => format!("estimates of {source}"),
                false => format!("estimates of {source} with {}", allowed(&edge.filter)),
            }
        })
        .collect();
    each.join("; ")
}

/// A transformation: `Scale response_time to rt`.
fn step(step: &Instruction) -> String {
    let output = match step.output.is_empty() {
        true => String::new(),
        false => format!(" to {}", listed(&step.output)),
    };
    format!("{} {}{output}", step.name, listed(&step.input))
}

/// Contrasts, a line each; dummies on one.
fn contrasts(node: &Node) -> String {
    let mut lines = Vec::new();
    if let Some(dummy) = &node.dummy {
        let name = |name: &String| if name == "1" { "intercept".into() } else { name.clone() };
        let of = match &dummy.columns {
            None => "each column".to_owned(),
            Some(columns) if columns.is_empty() => "nothing".to_owned(),
            Some(columns) => listed(&columns.iter().map(name).collect::<Vec<_>>()),
        };
        lines.push(format!("one for {of} ({})", test(dummy.test)));
    }
    lines.extend(node.contrasts.iter().take(SHOWN).map(contrast));
    if node.contrasts.len() > SHOWN {
        lines.push(format!("and {} more", node.contrasts.len() - SHOWN));
    }
    lines.join(&format!("\n   {:<12} ", ""))
}

/// `gain_loss = gain - 0.5 loss (t)`; rows of F behind semicolons.
fn contrast(contrast: &Contrast) -> String {
    let (conditions, rows) = contrast.merged();
    let rows: Vec<String> = rows.iter().map(|row| sum(row, &conditions)).collect();
    format!("{} = {} ({})", short(&contrast.name), rows.join("; "), test(contrast.test))
}

fn sum(weights: &[f64], conditions: &[String]) -> String {
    let mut text = String::new();
    for (weight, name) in weights.iter().zip(conditions).filter(|(weight, _)| **weight != 0.0) {
        let sign = match (text.is_empty(), *weight < 0.0) {
            (true, true) => "-",
            (true, false) => "",
            (false, true) => " - ",
            (false, false) => " + ",
        };
        let size = if weight.abs() == 1.0 { String::new() } else { format!("{} ", weight.abs()) };
        let name = if name == "1" { "intercept".into() } else { short(name) };
        text.push_str(&format!("{sign}{size}{name}"));
    }
    if text.is_empty() { "0".into() } else { text }
}

fn test(test: Test) -> &'static str {
    match test {
        Test::T => "t",
        Test::F => "F",
        Test::Pass => "passed on, not tested",
    }
}

/// Entities and their labels.
fn allowed(filter: &BTreeMap<String, Vec<String>>) -> String {
    let each: Vec<String> =
        filter.iter().map(|(name, labels)| format!("{} {}", short(name), listed(labels))).collect();
    each.join("; ")
}

/// Names, long lists cut.
fn listed(names: &[String]) -> String {
    let shown: Vec<String> = names.iter().take(SHOWN).map(|name| short(name)).collect();
    match names.len() {
        n if n > SHOWN => format!("{}, and {} more", shown.join(", "), n - SHOWN),
        _ => shown.join(", "),
    }
}
