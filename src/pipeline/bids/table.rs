//! The plan for a person, and for a program.

use std::fmt::Write;

use serde_json::{Value, json};

use super::unit::Unit;
use super::{Read, app_level};
use crate::bids::Model;
use crate::bids::model::Kind;
use crate::pipeline::spec::BidsSpec;

/// Contrasts that a line lists.
const LISTED: usize = 6;

/// A line a unit, by node.
pub(super) fn of(spec: &BidsSpec, model: &Model, units: &[Unit], left_out: &[String]) -> String {
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
        for unit in own {
            let names: Vec<&str> =
                unit.estimates.iter().map(|one| one.contrast.as_str()).take(LISTED).collect();
            let more = unit.estimates.len().saturating_sub(LISTED);
            let more = if more > 0 { format!(", {more} more") } else { String::new() };
            let _ = writeln!(
                text,
                "  {:<wide$}  {:>5}  {:>7}  {}{more}",
                unit.name(),
                unit.n_rows,
                unit.columns.len(),
                names.join(", ")
            );
            for line in &unit.left_out {
                let _ = writeln!(text, "  {:<wide$}  left out: {line}", "");
            }
        }
    }
    for line in left_out {
        let _ = writeln!(text, "left out: {line}");
    }
    text
}

/// An object a unit.
pub(super) fn json(spec: &BidsSpec, read: &Read, units: &[Unit], left_out: &[String]) -> Value {
    let unit = |unit: &Unit| {
        let node = &read.model.nodes[unit.node];
        json!({
            "node": node.name,
            "level": format!("{:?}", node.level),
            "type": if node.kind == Kind::Meta { "meta" } else { "glm" },
            "unit": unit.name(),
            "rows": unit.n_rows,
            "columns": unit.columns,
            "contrasts": unit.estimates.iter().map(|one| &one.contrast).collect::<Vec<_>>(),
            "left_out": unit.left_out,
        })
    };
    json!({
        "model": read.model.name,
        "out": spec.out,
        "notes": read.notes.all(),
        "left_out": left_out,
        "units": units.iter().map(unit).collect::<Vec<_>>(),
    })
}
