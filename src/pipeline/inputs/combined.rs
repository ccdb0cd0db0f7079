//! The echoes of a run that become one: their files, their echo times, and that they are of one acquisition.

use std::path::{Path, PathBuf};

use serde_json::Value;

use super::{Earlier, display, earlier, echo, open_bold, smoothed, timing};
use crate::error::{Error, Result};
use crate::io::sidecar::Sidecar;
use crate::io::source::BoldSource;
use crate::io::{self, BoldFile};
use crate::maps::told;
use crate::pipeline::spec::{EchoOptions, Role, RunSpec};
use crate::pipeline::watch::{Quiet, Watch};
use crate::recording::Acquisition;

/// Echo times that can be of BOLD, seconds.
const CAN_BE_S: std::ops::Range<f64> = 0.0005..0.5;
/// Echo times nearer than this are the same, seconds.
const SAME_S: f64 = 1e-5;

/// How to say them by hand.
const BY_HAND: &str = "give --echo-times, one an echo in ms, as --echo-times 13,28,43";

/// The echoes of a run.
pub struct Echoes {
    /// How they are combined.
    pub options: EchoOptions,
    /// Echo times, seconds, ascending.
    pub times_s: Vec<f64>,
    /// For each of these times its echo, as the command names them, from 0.
    pub order: Vec<usize>,
    /// All but the first that the command names.
    pub others: Vec<Box<dyn BoldSource>>,
    /// Of each image that holds nothing but 0 in some volumes, these volumes, from 0, once they are combined.
    pub empty: Vec<(PathBuf, Vec<usize>)>,
    /// Their sidecars.
    pub(super) found: Vec<(Role, PathBuf)>,
}

/// Open the echoes of a run beside the `first`, whose sidecar and acquisition are known; none of a run that has one alone.
///
/// # Errors
/// What its files hold or lack; bad data for an echo of another acquisition, corrected or smoothed otherwise; missing input where nothing
/// says an echo time.
pub(super) fn open(
    spec: &RunSpec,
    (first, of_first): (&BoldFile, &Sidecar),
    acquisition: &Result<Acquisition>,
    watch: &dyn Watch,
) -> Result<Option<Echoes>> {
    let Some(options) = &spec.echoes else { return Ok(None) };
    let mut images = vec![(display(&first.path), of_first.clone())];
    let (mut opened, mut found) = (Vec::new(), Vec::new());
    for path in &options.others {
        let bold = open_bold(path, watch)?;
        let mut its = io::sidecar::find(path, spec.sidecar.as_deref())?;
        say_taken(path, &its.take_of_run(of_first, &given(spec)), watch);
        timing::doubt(&bold, &its, spec.tr, watch);
        same_grid(&bold, first, watch)?;
        found.extend(its.files.iter().map(|file| (Role::Sidecar, file.clone())));
        images.push((display(path), its));
        opened.push(bold);
    }
    // What makes them echoes comes first: other doubts may follow from it.
    let times_s = times(options, &images, watch)?;
    let mut order: Vec<usize> = (0..times_s.len()).collect();
    order.sort_by(|&a, &b| times_s[a].total_cmp(&times_s[b]));
    for pair in order.windows(2) {
        let (a, b) = (pair[0], pair[1]);
        if times_s[b] - times_s[a] < SAME_S {
            return Err(Error::bad_data(
                images[a.max(b)].0.clone(),
                format!("has the echo time of {}, {} s", images[a.min(b)].0, times_s[a]),
                "have one of its own",
                format!("check the echo- entity of the names and EchoTime; or {BY_HAND}"),
            ));
        }
    }
    for (bold, (_, its)) in opened.iter().zip(&images[1..]) {
        same_resampling((bold, its), (first, of_first))?;
        same_times(spec, (bold, its), (first, of_first), acquisition)?;
    }
    same_correction(spec, options)?;
    same_smoothing(spec, options, watch)?;
    let times_s = order.iter().map(|&echo| times_s[echo]).collect();
    let others = opened.into_iter().map(|bold| Box::new(bold) as Box<dyn BoldSource>).collect();
    let (options, empty) = (EchoOptions::clone(options), Vec::new());
    Ok(Some(Echoes { options, times_s, order, others, empty, found }))
}

/// The sidecars of a run, `explicit` in place of the inherited ones; what those of its first echo do not say is taken of its others', each
/// from the first that says it.
///
/// # Errors
/// Those of finding sidecars.
pub(super) fn sidecar_of_run(
    spec: &RunSpec,
    explicit: Option<&Path>,
    watch: &dyn Watch,
) -> Result<Sidecar> {
    let mut sidecar = io::sidecar::find(&spec.bold, explicit)?;
    for path in spec.echoes.iter().flat_map(|options| &options.others) {
        let of_echo = io::sidecar::find(path, spec.sidecar.as_deref())?;
        say_taken(&spec.bold, &sidecar.take_of_run(&of_echo, &given(spec)), watch);
    }
    Ok(sidecar)
}

/// Fields of sidecars that options overrule.
fn given(spec: &RunSpec) -> Vec<&'static str> {
    let tr = spec.tr.map(|_| "RepetitionTime");
    tr.into_iter().chain(spec.slice_times.as_ref().map(|_| "SliceTiming")).collect()
}

/// Say which fields of another echo's sidecars are taken for this one.
fn say_taken(echo: &Path, taken: &[(&str, PathBuf)], watch: &dyn Watch) {
    for of_file in taken.chunk_by(|(_, a), (_, b)| a == b) {
        let names: Vec<&str> = of_file.iter().map(|(name, _)| *name).collect();
        watch.note(&format!(
            "no sidecar of {} has {}; {} of {} {} taken, of an echo of the same run",
            display(echo),
            names.join(" or "),
            if names.len() > 1 { "those" } else { "that" },
            display(&of_file[0].1),
            if names.len() > 1 { "are" } else { "is" },
        ));
    }
}

fn same_grid(bold: &BoldFile, first: &BoldFile, watch: &dyn Watch) -> Result<()> {
    let of_first = display(&first.path);
    let hint = "give the echoes of one run, resampled alike";
    let note = io::check_grid(&bold.path, &bold.grid, (&first.grid, &of_first), hint)?;
    note.iter().for_each(|line| watch.note(line));
    Ok(())
}

/// Echoes were resampled, and corrected for slice timing, alike: else a plane is of other times in each.
fn same_resampling(
    (bold, its): (&BoldFile, &Sidecar),
    (first, of_first): (&BoldFile, &Sidecar),
) -> Result<()> {
    let name = display(&first.path);
    let of_other = if its.is_slice_timing_corrected() != of_first.is_slice_timing_corrected() {
        let [own, other] =
            if its.is_slice_timing_corrected() { ["is", "is not"] } else { ["is not", "is"] };
        format!("{own} corrected for slice timing by its sidecar, and {name} {other}")
    } else {
        match (io::resampled(bold, its), io::resampled(first, of_first)) {
            (Some(its), None) => format!("was resampled, {}, and {name} was not", its.said_by),
            (None, Some(its)) => format!("was not resampled, and {name} was, {}", its.said_by),
            _ => return Ok(()),
        }
    };
    Err(Error::bad_data(
        display(&bold.path),
        of_other,
        format!("be an echo of {name}: the same slices at the same times"),
        "give echoes that were preprocessed alike; where all were, say it (SliceTimingCorrected, SpatialReference) in the sidecar of each",
    ))
}

/// Echoes have the same volumes at the same times; what an echo alone says of time and cannot be is as wrong as in a run of it.
fn same_times(
    spec: &RunSpec,
    (bold, its): (&BoldFile, &Sidecar),
    (first, of_first): (&BoldFile, &Sidecar),
    acquisition: &Result<Acquisition>,
) -> Result<()> {
    let apart = match acquisition {
        _ if bold.n_volumes != first.n_volumes => {
            Some(format!("has {} volumes and not {}", bold.n_volumes, first.n_volumes))
        }
        Ok(known) => {
            let of_echo = timing::acquisition_of_echo((bold, its), spec, known)?;
            let began_s = [of_first, its].map(|its| its.acquisition_time.as_ref().map(|t| t.value));
            echo::apart(known, &of_echo).or_else(|| echo::began_apart(began_s, known.tr))
        }
        Err(_) => None, // raised by what needs it
    };
    match apart {
        None => Ok(()),
        Some(found) => Err(Error::bad_data(
            display(&bold.path),
            found,
            format!("be an echo of {}: the same volumes at the same times", display(&first.path)),
            "give all echoes of each run, whole, and drop dummy scans of all alike",
        )),
    }
}

/// Echoes that are combined were corrected alike: one model holds what was taken out of them.
fn same_correction(spec: &RunSpec, options: &EchoOptions) -> Result<()> {
    let spent = |path: &PathBuf| -> Result<f64> {
        Ok(earlier(path, &Quiet)?.map_or(0.0, |Earlier { spent, .. }| spent))
    };
    let of_first = spent(&spec.bold)?;
    for path in &options.others {
        let its = spent(path)?;
        if (its - of_first).abs() > 1e-9 {
            let first = display(&spec.bold);
            return Err(Error::bad_data(
                display(path),
                format!(
                    "was corrected with {} degrees of freedom, and {first} with {}",
                    told(its),
                    told(of_first)
                ),
                "be corrected as the run's other echoes are",
                "correct all echoes in one call of boldly retroicor, or combine them uncorrected",
            ));
        }
    }
    Ok(())
}

/// Echoes that are combined were smoothed alike: else T2* is of unlike neighbourhoods in each.
fn same_smoothing(spec: &RunSpec, options: &EchoOptions, watch: &dyn Watch) -> Result<()> {
    let of_first = smoothed::width_mm(&smoothed(&spec.bold, &Quiet)?);
    for path in &options.others {
        let its = smoothed::width_mm(&smoothed(path, watch)?);
        if !smoothed::is_alike(its, of_first) {
            return Err(Error::bad_data(
                display(path),
                format!(
                    "{}, and {} {}",
                    smoothed::told(its),
                    display(&spec.bold),
                    smoothed::told(of_first)
                ),
                "be smoothed as the run's other echoes are, or not at all",
                "combine the echoes first and smooth then, with --fwhm or boldly smooth; or smooth all of them alike",
            ));
        }
    }
    Ok(())
}

/// Echo times in the order of the command, seconds; `images`: their names and sidecars.
fn times(
    options: &EchoOptions,
    images: &[(String, Sidecar)],
    watch: &dyn Watch,
) -> Result<Vec<f64>> {
    let Some(times_ms) = &options.times_ms else {
        return images.iter().map(|(name, sidecar)| of_sidecar(name, sidecar)).collect();
    };
    if times_ms.len() != images.len() {
        return Err(Error::usage(
            "--echo-times",
            format!("names {} times for {} echoes", times_ms.len(), images.len()),
            "name one for each echo of a run, in the order of its images",
            BY_HAND,
        ));
    }
    for ((name, sidecar), &ms) in images.iter().zip(times_ms) {
        if !CAN_BE_S.contains(&(ms / 1e3)) {
            return Err(Error::usage(
                "--echo-times",
                format!("names {ms}"),
                "be in ms, between 0.5 and 500",
                if (0.5..500.0).contains(&(ms * 1e3)) {
                    format!("write {} where it is in seconds", rounded(ms * 1e3))
                } else {
                    BY_HAND.to_owned()
                },
            ));
        }
        if let Ok(said) = of_sidecar(name, sidecar)
            && (said - ms / 1e3).abs() > SAME_S
        {
            watch.warn(&format!(
                "{name}: --echo-times says {ms} ms and its sidecar {} ms; --echo-times is used",
                rounded(said * 1e3)
            ));
        }
    }
    Ok(times_ms.iter().map(|ms| ms / 1e3).collect())
}

/// `EchoTime` of an image, seconds.
fn of_sidecar(name: &str, sidecar: &Sidecar) -> Result<f64> {
    let value = match sidecar.fields.get("EchoTime") {
        None | Some(Value::Null) => {
            return Err(Error::missing_input(
                name,
                "has no EchoTime in a sidecar",
                "say its echo time, to be combined with the other echoes of its run",
                BY_HAND,
            ));
        }
        Some(value) => value,
    };
    match value.as_f64() {
        Some(time_s) if CAN_BE_S.contains(&time_s) => Ok(time_s),
        Some(ms) if CAN_BE_S.contains(&(ms / 1e3)) => Err(Error::bad_data(
            format!("EchoTime of {name}"),
            format!("is {ms}"),
            "be in seconds, as BIDS has it",
            format!("write {} where it is in ms; or {BY_HAND}", rounded(ms / 1e3)),
        )),
        _ => Err(Error::bad_data(
            format!("EchoTime of {name}"),
            format!("is {value}"),
            "be a number of seconds between 0.0005 and 0.5",
            BY_HAND,
        )),
    }
}

/// A number without what its last digits are off by.
fn rounded(value: f64) -> f64 {
    (value * 1e9).round() / 1e9
}
