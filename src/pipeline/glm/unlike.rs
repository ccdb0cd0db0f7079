//! Conditions whose events last so unlike in the runs that one unit of their columns is another change of the signal in each.

use super::across::Asked;
use crate::error::Result;
use crate::kernels::glm::Outline;
use crate::pipeline::inputs::{Run, display};
use crate::pipeline::watch::Watch;

/// How many times the least peak of a response the largest may be: events of 1 and 1.5 s are alike, a block and an impulse are not.
const MOST: f64 = 1.5;

/// Warn of conditions that a contrast weighs in several runs whose responses peak unlike for each unit of an effect: the mean of such effects is no one change.
///
/// # Errors
/// Those of the responses.
pub(super) fn say(
    (asked, models): (&[Asked], &[Outline]),
    runs: &[Run],
    watch: &dyn Watch,
) -> Result<()> {
    if runs.len() < 2 {
        return Ok(());
    }
    let mut peaks: Vec<(String, Vec<(usize, f64)>)> = Vec::new();
    for (at, run) in runs.iter().enumerate() {
        let Some(task) = &run.task else { continue };
        for (name, reference) in run.design.names.iter().zip(task.references()?) {
            let Some(reference) = reference else { continue };
            let is_weighed = |asked: &Asked| asked.weighs(at, name, &models[at]);
            if !asked.iter().any(is_weighed) {
                continue;
            }
            match peaks.iter_mut().find(|(known, _)| known == name) {
                Some((_, of_runs)) => of_runs.push((at, reference.peak)),
                None => peaks.push((name.clone(), vec![(at, reference.peak)])),
            }
        }
    }
    for (name, of_runs) in peaks {
        let by_size = |a: &&(usize, f64), b: &&(usize, f64)| a.1.abs().total_cmp(&b.1.abs());
        let ends = (of_runs.iter().min_by(by_size), of_runs.iter().max_by(by_size));
        let (Some(least), Some(most)) = ends else { continue };
        if most.1.abs() > MOST * least.1.abs() {
            watch.warn(&format!(
                "one event of {name} changes the signal by {:.4} for each unit of its effect in {} and by {:.4} in {}, for events last unlike: over runs effects \
                 are of no one change; --maps has percent signal change by each run's own events (stat-psc), or give events their durations",
                most.1,
                display(&runs[most.0].path),
                least.1,
                display(&runs[least.0].path)
            ));
        }
    }
    Ok(())
}
