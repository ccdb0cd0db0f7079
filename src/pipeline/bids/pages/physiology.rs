//! How pulse and breathing entered the models of runs: as what the finished fits say that they took, for pages, methods and terminals.

use std::collections::BTreeMap;

use serde_json::Value;

use super::super::recorded;
use super::Plan;
use crate::bids::model::Level;
use crate::error::Result;
use crate::pipeline::provenance::Sidecar;

/// When the columns of a run were taken.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum When {
    /// At each slice's own time.
    OfSlices,
    /// At one moment of each volume, in words.
    OfVolumes(String),
}

/// The columns of a run: those of slices beside its table of columns, those of volumes in it.
pub(super) fn of_run(sidecar: &Sidecar) -> Option<(When, usize)> {
    let run = sidecar.provenance.resolved.get("runs")?.get(0)?;
    let n = run.get("slice_columns")?.as_array()?.len();
    let moment = run.get("volume_wise_at").and_then(Value::as_str).map(|at| {
        let at_s = run.get("volume_wise_at_s").and_then(Value::as_f64).unwrap_or(0.0);
        format!("the {}, {at_s} s into it", at.replace('-', " "))
    });
    Some((moment.map_or(When::OfSlices, When::OfVolumes), n))
}

/// What was taken in finished runs, a line for each kind of it; nothing where `--physio` was not asked for. The columns of runs stand behind how many
/// runs there are.
///
/// # Errors
/// Those of the sidecars.
pub(in crate::pipeline::bids) fn told(plan: &Plan) -> Result<Vec<String>> {
    if plan.spec.fit.physio.is_none() {
        return Ok(Vec::new());
    }
    // Those of several nodes are of the same runs.
    let mut runs: BTreeMap<String, (When, usize)> = BTreeMap::new();
    for unit in plan.units.iter().filter(|unit| plan.level(unit) == Level::Run) {
        let own = recorded::read(unit)?.as_ref().and_then(of_run);
        runs.extend(own.map(|own| (unit.name(), own)));
    }
    let mut kinds: BTreeMap<&When, Vec<usize>> = BTreeMap::new();
    runs.values().for_each(|(when, n)| kinds.entry(when).or_default().push(*n));
    let line = |(when, n): (&When, Vec<usize>)| {
        let how = match when {
            When::OfSlices => "slice-wise, at each slice's own time".to_owned(),
            When::OfVolumes(at) => format!(
                "volume-wise, at one moment of each volume ({at}), for the images were resampled"
            ),
        };
        let runs = if n.len() == 1 { "1 run".to_owned() } else { format!("{} runs", n.len()) };
        let (least, most) = (n.iter().min().unwrap_or(&0), n.iter().max().unwrap_or(&0));
        let n = if least == most { most.to_string() } else { format!("{least} to {most}") };
        match when {
            When::OfSlices => {
                format!("{runs}: physiology {how}: {n} columns beside those of the design")
            }
            When::OfVolumes(_) => format!("{runs}: physiology {how}: {n} columns of the design"),
        }
    };
    Ok(kinds.into_iter().map(line).collect())
}
