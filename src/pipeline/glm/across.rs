//! Contrasts across the runs of one call: what the runs are called, and when they cannot be compared so.

use crate::design::contrast::{NamedContrast, is_across_runs, parse_named};
use crate::error::{Error, Result};
use crate::io::bids::Name;
use crate::pipeline::inputs::Run;
use crate::pipeline::spec::{Combining, GlmSpec};

/// What stands behind `@run-` for each run: its run entity without leading zeros, where all have one of their own; else its place, from 1.
///
/// # Errors
/// Usage for a contrast across runs whose effects are weighed by their precision: it would weigh the two sides of a difference apart.
pub(super) fn labels(spec: &GlmSpec, runs: &[Run]) -> Result<Vec<String>> {
    let entity = |run: &Run| {
        let entities = Name::of(&run.path).entities;
        let label = entities.iter().find_map(|e| e.strip_prefix("run-").map(str::to_owned))?;
        let short = label.trim_start_matches('0').to_owned();
        Some(if short.is_empty() { "0".to_owned() } else { short })
    };
    let by_name: Option<Vec<String>> = runs.iter().map(entity).collect();
    let is_own = |labels: &Vec<String>| {
        labels.iter().enumerate().all(|(at, label)| !labels[..at].contains(label))
    };
    let places = || (1..=runs.len()).map(|place| place.to_string()).collect();
    let labels = by_name.filter(is_own).unwrap_or_else(places);
    if spec.combine == Combining::Precision {
        for text in spec.contrasts.iter().chain(&spec.f_contrasts) {
            let NamedContrast { expression, .. } = parse_named(text)?;
            if runs.iter().any(|run| is_across_runs(&expression, &run.design.names)) {
                return Err(Error::usage(
                    format!("contrast `{expression}`"),
                    "compares runs, and --combine precision weighs them by how well they measure",
                    "be of runs that count alike",
                    "leave --combine out",
                ));
            }
        }
    }
    Ok(labels)
}
