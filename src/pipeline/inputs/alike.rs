//! Whether the runs of a command are all that there is of them, and alike: echoes that lie beside those that are given, runs of which some were
//! smoothed before.

use std::path::{Path, PathBuf};

use serde_json::Value;

use super::{Run, display, smoothed};
use crate::error::Result;
use crate::io::bids::{EchoName, without_echo};
use crate::io::folder;
use crate::io::paths::real;
use crate::pipeline::spec::RunSpec;
use crate::pipeline::watch::Watch;

/// Say which echoes of a run lie beside those that are given.
///
/// # Errors
/// Where the run's folder cannot be listed.
pub(super) fn say_further_echoes(specs: &[RunSpec], watch: &dyn Watch) -> Result<()> {
    for spec in specs {
        let Some(of_run) = without_echo(&spec.bold, EchoName::Entity) else { continue };
        let given: Vec<PathBuf> = spec.images().map(|image| real(&image)).collect();
        let here = spec.bold.parent().filter(|folder| !folder.as_os_str().is_empty());
        let beside = folder::listed(here.unwrap_or(Path::new("")))?;
        let is_further = |path: &PathBuf| {
            without_echo(path, EchoName::Entity)
                .is_some_and(|other| other.file_name() == of_run.file_name())
                && !given.contains(&real(path))
        };
        let mut further: Vec<String> = folder::paths(beside)
            .into_iter()
            .filter(is_further)
            .map(|path| display(&path))
            .collect();
        further.sort();
        if further.is_empty() {
            continue;
        }
        let (files, bold) = (further.join(", "), display(&spec.bold));
        match given.len() {
            1 => watch.note(&format!(
                "{bold} is one echo of a run, and is fitted as it is: beside it lie {files}, which glm and connect combine with it where they are given, too"
            )),
            n => watch.warn(&format!(
                "{n} echoes of the run of {bold} are combined, and beside them lie {files}: give all of them"
            )),
        }
    }
    Ok(())
}

/// Echo times that are one, seconds.
const SAME_ECHO_S: f64 = 1e-6;

/// Warn where the runs' sidecars say different echo times: they may be echoes of one run, which as runs count several times.
pub(super) fn say_unlike_echoes(runs: &[Run], watch: &dyn Watch) {
    let times = |run: &Run| -> Vec<f64> {
        let own = run.fields.get("EchoTime").and_then(Value::as_f64);
        run.echoes.as_ref().map_or_else(|| own.into_iter().collect(), |all| all.times_s.clone())
    };
    let known: Vec<(&Run, Vec<f64>)> =
        runs.iter().map(|run| (run, times(run))).filter(|(_, times)| !times.is_empty()).collect();
    let is_same = |a: &[f64], b: &[f64]| {
        a.len() == b.len() && a.iter().zip(b).all(|(a, b)| (a - b).abs() < SAME_ECHO_S)
    };
    let Some(((_, first), others)) = known.split_first() else { return };
    if others.iter().all(|(_, other)| is_same(first, other)) {
        return;
    }
    let said = |(run, times): &(&Run, Vec<f64>)| {
        let ms: Vec<String> =
            times.iter().map(|s| format!("{}", (1e6 * s).round() / 1e3)).collect();
        format!("{} {} ms", display(&run.path), ms.join(", "))
    };
    let said: Vec<String> = known.iter().map(said).collect();
    let meant = match runs.iter().any(|run| run.echoes.is_some()) {
        true => "echoes of other times weigh the signal otherwise",
        false => {
            "are they echoes of one run? As runs one measurement counts several times, and p is far too small: give --echoes, and for several runs --echo-times 13,28,43, the times of one; \
             runs of other echo times differ in signal and noise"
        }
    };
    watch.warn(&format!("the runs' echo times differ: {}; {meant}", said.join("; ")));
}

/// Warn where runs that are combined were not smoothed alike before: their effects are of other widths.
pub(super) fn say_unlike_smoothing(runs: &[Run], watch: &dyn Watch) {
    let width = |run: &Run| smoothed::width_mm(&run.smoothed);
    let Some((first, others)) = runs.split_first() else { return };
    let is_unlike = |other: &&Run| !smoothed::is_alike(width(other), width(first));
    let Some(other) = others.iter().find(is_unlike) else { return };
    let said = |run: &Run| format!("{} {}", display(&run.path), smoothed::told(width(run)));
    watch.warn(&format!(
        "{}, and {}: what is combined of them is of unlike smoothness; give runs that were smoothed alike, or none that was, with --fwhm",
        said(first),
        said(other)
    ));
}
