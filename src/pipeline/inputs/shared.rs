//! Files that several runs share though each run has its own: a table of motion, a recording. By content: a copy is the same file.

use std::path::{Path, PathBuf};

use super::{Run, display, open_alone};
use crate::error::{Error, Result};
use crate::io;
use crate::io::bids::Name;
use crate::pipeline::spec::{DesignOptions, RunSpec};
use crate::pipeline::watch::{Quiet, Watch};
use crate::recording::Trace;

/// What runs are called in a table of them: those of one name are told apart by their places, from 1.
#[must_use]
pub fn names(runs: &[Run]) -> Vec<String> {
    numbered(runs.iter().map(Run::name).collect())
}

/// The number that outputs of each run bear where there are several: that of `run-` in its name, where all have one and no two the same; else its place,
/// from 1.
#[must_use]
pub fn numbers(runs: &[Run]) -> Vec<usize> {
    by_name_or_place(runs.iter().map(own_number).collect())
}

/// That of `run-` in its name.
fn own_number(run: &Run) -> Option<usize> {
    let entities = Name::of(&run.path).entities;
    entities.iter().find_map(|entity| entity.strip_prefix("run-")?.parse().ok())
}

/// Say which run is meant by the number of an output's name, where these are not the runs' own.
pub fn say_numbers(runs: &[Run], watch: &dyn Watch) {
    let numbers = numbers(runs);
    let is_other =
        |(run, number): (&Run, &usize)| own_number(run).is_some_and(|own| own != *number);
    if runs.len() < 2 || !runs.iter().zip(&numbers).any(is_other) {
        return;
    }
    let all = runs.iter().zip(&numbers).map(|(run, number)| format!("run-{number} {}", run.name()));
    let why = match runs.iter().find(|run| own_number(run).is_none()) {
        Some(run) => format!("the name of {} has no number of a run", display(&run.path)),
        None => "the names of some runs have one run- number".to_owned(),
    };
    watch.warn(&format!(
        "{why}: in names of outputs run-1, run-2, ... are the runs' places: {}",
        all.collect::<Vec<_>>().join(", ")
    ));
}

fn by_name_or_place(own: Vec<Option<usize>>) -> Vec<usize> {
    let n = own.len();
    let mut distinct: Vec<usize> = own.iter().copied().flatten().collect();
    let named = distinct.clone();
    distinct.sort_unstable();
    distinct.dedup();
    if distinct.len() == n { named } else { (1..=n).collect() }
}

fn numbered(names: Vec<String>) -> Vec<String> {
    let is_twice = |name: &String| names.iter().filter(|other| *other == name).count() > 1;
    let own = |(at, name): (usize, &String)| match is_twice(name) {
        true => format!("{name} ({})", at + 1),
        false => name.clone(),
    };
    names.iter().enumerate().map(own).collect()
}

/// Warn where two runs are given one table of confounds or one recording, or copies of it.
///
/// # Errors
/// Where a file cannot be read.
pub fn say_shared(runs: &[&RunSpec], watch: &dyn Watch) -> Result<()> {
    let confounds = |run: &&RunSpec| run.confounds.clone();
    let recordings = |run: &&RunSpec| run.physio.clone();
    let bolds: Vec<&Path> = runs.iter().map(|run| run.bold.as_path()).collect();
    say_one_run(&bolds, watch);
    let tables = (&bolds[..], "is the table of confounds", "Each run has motion of its own");
    say(tables, runs.iter().map(confounds).collect(), watch)?;
    let why = "Each run has beats and breaths of its own, unless one log with a clock holds both";
    say((&bolds, "is the recording", why), runs.iter().map(recordings).collect(), watch)
}

/// Warn of two images that are by their names of one run: a run and its smoothed copy, or a run in two spaces. One that counts twice seems to
/// halve the variance.
fn say_one_run(bolds: &[&Path], watch: &dyn Watch) {
    let of_run = |bold: &Path| {
        let own = Name::of(bold).entities;
        let is_of_run = |entity: &String| {
            let key = entity.split('-').next().unwrap_or_default();
            !["desc", "space", "res", "den", "cohort"].contains(&key)
        };
        let own: Vec<String> = own.into_iter().filter(is_of_run).collect();
        own.iter().any(|entity| entity.starts_with("sub-")).then_some(own)
    };
    for (n, bold) in bolds.iter().enumerate() {
        let Some(own) = of_run(bold) else { continue };
        let is_one = |other: &&&Path| {
            of_run(other).as_ref() == Some(&own) && other.file_name() != bold.file_name()
        };
        if let Some(before) = bolds[..n].iter().find(is_one) {
            watch.warn(&format!(
                "{} and {} are by their names of one run ({}): where they are, its volumes count twice and its variance seems halved; name each run once",
                display(before),
                display(bold),
                own.join("_")
            ));
            return;
        }
    }
}

/// Warn of the first file of one kind that stands for two runs, and count the others. `files`: of each run.
fn say(
    (bolds, what, why): (&[&Path], &str, &str),
    files: Vec<Vec<PathBuf>>,
    watch: &dyn Watch,
) -> Result<()> {
    let mut first = None;
    let mut n = 0;
    for (run, own) in files.iter().enumerate() {
        let Some((before, file)) = twin_among(own, &files[..run])? else { continue };
        n += 1;
        first.get_or_insert((before, run, file));
    }
    let Some((before, run, file)) = first else { return Ok(()) };
    let more = match n {
        1 => String::new(),
        n => format!(" (so with {} more runs)", n - 1),
    };
    watch.warn(&format!(
        "{}, or a copy of it, {what} of {} and of {}{more}. {why}: give the files in the order of the images",
        display(file),
        display(bolds[before]),
        display(bolds[run])
    ));
    Ok(())
}

/// The first run before that has one of a run's files, and which.
fn twin_among<'a>(
    own: &'a [PathBuf],
    before: &[Vec<PathBuf>],
) -> Result<Option<(usize, &'a PathBuf)>> {
    for (at, others) in before.iter().enumerate() {
        for file in own {
            for other in others {
                if file == other || io::is_same(file, other)? {
                    return Ok(Some((at, file)));
                }
            }
        }
    }
    Ok(None)
}

/// Refuse a recording that has the same samples at the same times in two runs, which are no echoes of one: only one of them can be right.
///
/// # Errors
/// Usage, with both runs.
pub fn refuse_one_recording(runs: &[Run]) -> Result<()> {
    for (at, run) in runs.iter().enumerate() {
        let Some(physio) = &run.physio else { continue };
        let is_twin = |other: &&Run| {
            other.physio.as_ref().is_some_and(|other| {
                let pairs = [
                    (&physio.recording.cardiac, &other.recording.cardiac),
                    (&physio.recording.respiratory, &other.recording.respiratory),
                ];
                pairs.into_iter().any(|(a, b)| is_one(a.as_ref(), b.as_ref()))
            })
        };
        if let Some(other) = runs[..at].iter().find(is_twin) {
            return Err(Error::usage(
                format!("the recording {}", physio.recording.name),
                format!(
                    "stands at the same times of {} and of {}",
                    display(&other.path),
                    display(&run.path)
                ),
                "be of one run: no two runs have the same beats and breaths",
                "give the recordings in the order of the images; fit a run without a recording by itself",
            ));
        }
    }
    Ok(())
}

/// [`refuse_one_recording`] of runs that are corrected one after another, before the first is.
///
/// # Errors
/// So, and those of opening the runs.
pub fn refuse_one_recording_of(runs: &[(&RunSpec, &DesignOptions)]) -> Result<()> {
    if runs.len() < 2 {
        return Ok(());
    }
    let open = |&(run, options): &(&RunSpec, &DesignOptions)| open_alone(run, options, &Quiet);
    // What one run says of itself is said when it is corrected, an error too.
    let runs: Vec<Run> = runs.iter().flat_map(open).collect();
    refuse_one_recording(&runs)
}

/// Whether two traces have the same samples at the same times; of a channel that shows nothing that is no wonder.
fn is_one(a: Option<&Trace>, b: Option<&Trace>) -> bool {
    let (Some(a), Some(b)) = (a, b) else { return false };
    let mut known = a.samples.iter().filter(|value| value.is_finite());
    let first = known.next();
    if !first.is_some_and(|first| known.any(|value| value != first)) {
        return false;
    }
    let bits = |trace: &Trace| trace.samples.iter().map(|v| v.to_bits()).collect::<Vec<u64>>();
    a.start_s == b.start_s && a.samples.len() == b.samples.len() && bits(a) == bits(b)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_of_one_name_are_told_apart_by_their_places() {
        let names = ["bold", "rest", "bold"].map(str::to_owned).to_vec();
        assert_eq!(numbered(names), ["bold (1)", "rest", "bold (3)"]);
    }

    #[test]
    fn outputs_bear_the_numbers_of_names_where_each_run_has_its_own_and_places_elsewhere() {
        assert_eq!(by_name_or_place(vec![Some(2), Some(1)]), [2, 1]);
        assert_eq!(by_name_or_place(vec![Some(1), Some(1)]), [1, 2]);
        assert_eq!(by_name_or_place(vec![Some(2), None]), [1, 2]);
    }

    #[test]
    fn a_trace_is_another_one_where_it_begins_at_another_time_or_differs_in_a_sample() {
        let trace = Trace { samples: vec![1.0, f64::NAN, 3.0], sampling_hz: 50.0, start_s: -2.0 };
        assert!(is_one(Some(&trace), Some(&trace.clone())));
        assert!(!is_one(Some(&trace), Some(&Trace { start_s: 300.0, ..trace.clone() })));
        let other = Trace { samples: vec![1.0, f64::NAN, 3.5], ..trace.clone() };
        assert!(!is_one(Some(&trace), Some(&other)) && !is_one(Some(&trace), None));
        let dead = Trace { samples: vec![7.0, f64::NAN, 7.0], ..trace.clone() };
        assert!(!is_one(Some(&dead), Some(&dead.clone())), "a dead sensor is alike everywhere");
    }
}
