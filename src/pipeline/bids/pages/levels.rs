//! The methods of nodes in words: what was weighed at each, and above the run what was combined or compared, of how many.

use std::collections::BTreeSet;

use super::super::unit::{Asked, Unit};
use super::{Finished, SUBJECT};
use crate::bids::model::{Kind, Level, Node};
use crate::pipeline::spec::{Combining, GroupVariance};
use crate::report::analysis::numbered;
use crate::report::methods::Sentence;

/// What columns of ones are called.
const CONSTANTS: [&str; 2] = ["1", "intercept"];

/// What a node above the run did with its estimates.
pub(super) fn above(of: &Finished<'_>, (at, node): (usize, &Node)) -> Vec<Sentence> {
    let named = &node.name;
    let mut said = Vec::new();
    said.extend(transformed(node, &format!("Variables ({named}) were")));
    let is_mean = of.of_node(at).all(|unit| unit.columns.iter().all(|name| is_constant(name)));
    let (n, over) = (counted(of, at), columns(of, at));
    let text = match node.kind {
        Kind::Meta => {
            let (mean, other, error) = match of.plan.spec.combine {
                Combining::Mean => (
                    "as their mean",
                    "each counting alike",
                    ", the error from the estimates' variances",
                ),
                _ => ("weighed by their precision", "weighed by their precision", ""),
            };
            match is_mean {
                true => {
                    format!("Estimates were combined ({named}) by fixed effects, {mean}{error}{n}.")
                }
                false => format!(
                    "Estimates were modelled ({named}) by fixed effects over {over}, {other}{error}{n}."
                ),
            }
        }
        Kind::Glm => {
            let asked = of.plan.inference().filter(|_| node.level == Level::Dataset);
            let is_mixed =
                asked.is_some_and(|(asked, _)| asked.test.variance == GroupVariance::Mixed);
            let how = if is_mixed { "mixed effects" } else { "least squares" };
            format!("Estimates were compared ({named}) by {how} over {over}{n}.")
        }
    };
    said.push((text, &[]));
    let asked =
        of.of_node(at).flat_map(|unit| unit.asked.iter().map(|one| words(one, &unit.columns)));
    let tested = each_once(asked);
    if !is_mean && !tested.is_empty() {
        said.push((format!("Contrasts of {named}: {}.", tested.join("; ")), &[]));
    }
    said
}

/// What was asked of the runs of a node, each contrast by its name and what it weighs.
pub(super) fn of_runs(of: &Finished<'_>, at: usize, whose: &str) -> Option<Sentence> {
    let own = |unit: &Unit, one: &Asked| match words(one, &unit.columns) {
        words if words == one.name => words,
        words => format!("{} ({words})", one.name),
    };
    let asked = of.of_node(at).flat_map(|unit| unit.asked.iter().map(move |one| own(unit, one)));
    let asked = each_once(asked);
    (!asked.is_empty())
        .then(|| (format!("Contrasts of runs{whose}: {}.", asked.join("; ")), &[][..]))
}

/// What was done to a node's variables beside the convolution, which is said with the response. `lead`: whose they are.
pub(super) fn transformed(node: &Node, lead: &str) -> Option<Sentence> {
    let mut all: Vec<(&str, Vec<&str>)> = Vec::new();
    for one in node.transformations.iter().filter(|one| one.name != "Convolve") {
        let inputs = one.input.iter().map(String::as_str);
        match all.iter_mut().find(|(name, _)| *name == one.name) {
            Some((_, own)) => own.extend(inputs),
            None => all.push((&one.name, inputs.collect())),
        }
    }
    let said = all.into_iter().map(|(name, inputs)| match inputs.is_empty() {
        true => name.to_owned(),
        false => {
            format!("{name} ({})", each_once(inputs.into_iter().map(str::to_owned)).join(", "))
        }
    });
    let said: Vec<String> = said.collect();
    (!said.is_empty())
        .then(|| (format!("{lead} changed by the model's {}.", said.join(", ")), &[][..]))
}

/// The columns that a node's designs have, in words: what each entry of X came to, a family of numbered ones by how many designs have.
pub(super) fn columns(of: &Finished<'_>, at: usize) -> String {
    let designs: Vec<&[String]> = of.of_node(at).map(|unit| &*unit.columns).collect();
    let mut said: Vec<String> = Vec::new();
    for name in designs.iter().flat_map(|own| own.iter()) {
        let words = match numbered(name) {
            _ if name == "1" || name == "intercept" => "a constant".to_owned(),
            None => name.clone(),
            Some(family) => {
                let n =
                    |own: &&[String]| own.iter().filter(|n| numbered(n) == Some(family)).count();
                let (least, most) = (designs.iter().map(n).min(), designs.iter().map(n).max());
                let (least, most) = (least.unwrap_or(0), most.unwrap_or(0));
                let n = if least == most { most.to_string() } else { format!("{least} to {most}") };
                format!("{family}* ({n})")
            }
        };
        if !said.contains(&words) {
            said.push(words);
        }
    }
    said.join(", ")
}

fn is_constant(name: &str) -> bool {
    CONSTANTS.contains(&name)
}

/// What a contrast weighs: `week13 - baseline`, rows of F behind semicolons.
fn words(asked: &Asked, columns: &[String]) -> String {
    let row = |row: &Vec<f64>| {
        let mut said = String::new();
        let weighed = || row.iter().zip(columns).filter(|(weight, _)| **weight != 0.0);
        // What is added first, so that it begins without a sign.
        let added = weighed().filter(|(weight, _)| **weight > 0.0);
        for (weight, name) in added.chain(weighed().filter(|(weight, _)| **weight < 0.0)) {
            said += match (said.is_empty(), *weight < 0.0) {
                (true, false) => "",
                (true, true) => "-",
                (false, false) => " + ",
                (false, true) => " - ",
            };
            if weight.abs() != 1.0 {
                said += &format!("{} x ", (1e4 * weight.abs()).round() / 1e4);
            }
            said += if is_constant(name) { "the constant" } else { name };
        }
        said
    };
    let rows: Vec<String> = asked.weights.iter().map(row).collect();
    if asked.is_f() { format!("F of {}", rows.join(" and ")) } else { rows.join("; ") }
}

fn each_once(all: impl Iterator<Item = String>) -> Vec<String> {
    let mut once: Vec<String> = Vec::new();
    for one in all {
        if !once.contains(&one) {
            once.push(one);
        }
    }
    once
}

/// Of how many estimates and subjects the units of a node are, behind what was done with them; and how many of them have 1 in columns of 0 and 1.
fn counted(of: &Finished<'_>, at: usize) -> String {
    let subjects = |unit: &Unit| {
        let below =
            unit.design.iter().filter_map(|row| of.plan.units[row.unit].entities.get(SUBJECT));
        below.collect::<BTreeSet<_>>().len()
    };
    let each = |n: &dyn Fn(&Unit) -> usize| {
        let all: BTreeSet<usize> = of.of_node(at).map(n).collect();
        Some((*all.first()?, *all.last()?))
    };
    let range = |(least, most): (usize, usize)| match least == most {
        true => most.to_string(),
        false => format!("{least} to {most}"),
    };
    let (Some(n), Some(people)) = (each(&|unit| unit.design.len()), each(&subjects)) else {
        return String::new();
    };
    let of_several = if of.of_node(at).nth(1).is_some() { " each" } else { "" };
    let noun = |word: &str, n: (usize, usize)| {
        format!("{} {word}{}", range(n), if n == (1, 1) { "" } else { "s" })
    };
    let mut said = match (people, n) {
        // What is of one subject has no number of them.
        ((_, 1), n) => format!(" ({}{of_several}", noun("estimate", n)),
        (people, n) if people == n => format!(" ({}{of_several}", noun("subject", people)),
        (people, n) => {
            format!(" ({} of {}{of_several}", noun("estimate", n), noun("subject", people))
        }
    };
    let is_of_people = of.plan.read.model.nodes[at].level == Level::Dataset;
    for (name, n) in with_1(of, at).into_iter().filter(|_| is_of_people) {
        said += &format!(", {name} is 1 in {n}");
    }
    said + ")"
}

/// Columns of 0 and 1 alone, that tell groups apart, and in how many rows each is 1, where that is the same in all units.
fn with_1(of: &Finished<'_>, at: usize) -> Vec<(String, usize)> {
    let own = |unit: &Unit| {
        let column = |(k, name): (usize, &String)| {
            let values = || unit.design.iter().filter_map(move |row| row.values.get(k).copied());
            let n = values().filter(|value| *value == 1.0).count();
            let is_group =
                values().all(|value| value == 0.0 || value == 1.0) && n < unit.design.len();
            (is_group && n > 0).then(|| (name.clone(), n))
        };
        unit.columns.iter().enumerate().filter_map(column).collect::<Vec<_>>()
    };
    let mut all = of.of_node(at).map(own);
    let first = all.next().unwrap_or_default();
    if all.all(|other| other == first) { first } else { Vec::new() }
}
