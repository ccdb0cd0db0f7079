//! What a run's files say of time: its sidecars, what stands against what, and what of it stays true of a run that is made from it.

use std::path::Path;

use serde_json::{Map, Value, json};

use crate::error::{Error, Result};
use crate::io::sidecar::{HEAD_MOTION, Sidecar};
use crate::io::{self, BoldFile, Resampled};
use crate::pipeline::recordings;
use crate::pipeline::spec::{RunSpec, TaskTimes};
use crate::pipeline::watch::{Quiet, Watch};
use crate::recording::Acquisition;

/// The sidecars of a run, `explicit` in place of the inherited ones, and what they contradict said. `tr`: `--tr`, seconds.
///
/// # Errors
/// What the files hold or lack.
pub fn sidecar(
    bold: &BoldFile,
    explicit: Option<&Path>,
    tr: Option<f64>,
    watch: &dyn Watch,
) -> Result<Sidecar> {
    let sidecar = io::sidecar::find(&bold.path, explicit)?;
    say(bold, &sidecar, tr, watch);
    Ok(sidecar)
}

/// What a person should know of a run's sidecars.
pub(super) fn say(bold: &BoldFile, sidecar: &Sidecar, tr: Option<f64>, watch: &dyn Watch) {
    doubt(bold, sidecar, tr, watch);
    io::acquisition_notes(bold, sidecar).iter().for_each(|note| watch.note(note));
}

/// Warn of what its sidecars leave open or contradict.
pub(super) fn doubt(bold: &BoldFile, sidecar: &Sidecar, tr: Option<f64>, watch: &dyn Watch) {
    sidecar.doubts.iter().for_each(|doubt| watch.warn(doubt));
    io::contradictions(bold, sidecar, tr).iter().for_each(|said| watch.warn(said));
}

/// When a run of a model was acquired. Slice times that cannot be stop it where it has a recording, or was given them by name;
/// others are not needed.
pub(super) fn acquisition(
    bold: &BoldFile,
    sidecar: &Sidecar,
    (spec, task_times): (&RunSpec, TaskTimes),
    watch: &dyn Watch,
) -> Result<Acquisition> {
    let slice_times = spec.slice_times.as_deref().map(io::slice_times::read).transpose()?;
    if !spec.physio.is_empty() || slice_times.is_some() {
        let tr = repetition_time(bold, sidecar, spec, watch)?;
        return io::acquisition(bold, sidecar, tr, slice_times.as_deref());
    }
    let (acquisition, unusable) = io::acquisition_but_slices(bold, sidecar, spec.tr)?;
    if let Some(fault) = unusable.as_ref().and_then(Error::fault) {
        let lost = spec.events.is_some() && matches!(task_times, TaskTimes::Auto);
        match lost && io::resampled(bold, sidecar).is_none() {
            true => watch.warn(&format!(
                "{} {}; task columns are of one moment in each volume, not of each slice's own time, which costs effects where slices are \
                 seconds apart: mend it, give --slice-times, or say that it is meant with --task-times start",
                fault.thing, fault.found
            )),
            false => {
                let so = match spec.design.is_some() {
                    true => "the columns of the ready design are taken as they stand",
                    false => "no slice times are needed here",
                };
                watch.note(&format!("{} {}; {so}", fault.thing, fault.found));
            }
        }
    }
    Ok(acquisition)
}

/// When an echo was acquired beside a first one that is known.
///
/// # Errors
/// What its files hold or lack of times; of slice times where the first has some.
pub(super) fn acquisition_of_echo(
    (bold, its): (&BoldFile, &Sidecar),
    spec: &RunSpec,
    first: &Acquisition,
) -> Result<Acquisition> {
    if !spec.physio.is_empty() || spec.slice_times.is_some() {
        return acquisition(bold, its, (spec, TaskTimes::Start), &Quiet);
    }
    match io::acquisition_but_slices(bold, its, spec.tr)? {
        (_, Some(unusable)) if first.slice_times.is_some() => Err(unusable),
        (known, _) => Ok(known),
    }
}

/// The repetition time that is told of a run: by `--tr`, or, where neither image nor sidecar has it, by the scanner's log among its
/// recordings.
///
/// # Errors
/// What the files hold or lack.
pub(super) fn repetition_time(
    bold: &BoldFile,
    sidecar: &Sidecar,
    spec: &RunSpec,
    watch: &dyn Watch,
) -> Result<Option<f64>> {
    let is_known = io::has_repetition_time(bold, sidecar)?;
    recordings::repetition_time(spec.tr, is_known, (&spec.physio, &spec.physio_formats), watch)
}

/// When a run that is smoothed was acquired; none where nothing says it. Slice times that cannot be are not passed on.
///
/// # Errors
/// Bad data for a repetition time that cannot be.
pub fn acquisition_of_smoothed(
    bold: &BoldFile,
    sidecar: &Sidecar,
    watch: &dyn Watch,
) -> Result<Option<Acquisition>> {
    let (acquisition, unusable) = match io::acquisition_but_slices(bold, sidecar, None) {
        Ok(known) => known,
        Err(Error::MissingInput(fault)) => {
            watch.note(&format!(
                "{} {}; the smoothed run has none either",
                fault.thing, fault.found
            ));
            return Ok(None);
        }
        Err(error) => return Err(error),
    };
    if let Some(fault) = unusable.as_ref().and_then(Error::fault) {
        watch.warn(&format!(
            "{} {}; the smoothed run gets no slice times",
            fault.thing, fault.found
        ));
    }
    Ok(Some(acquisition))
}

/// Fields of a run's sidecars that do not hold of what is made of it, or are said anew.
const NOT_KEPT: [&str; 12] = [
    "boldly",
    "Description",
    "Sources",
    "RawSources",
    "RepetitionTime",
    "VolumeTiming",
    "StartTime",
    "SliceTiming",
    "SliceEncodingDirection",
    "SliceTimingCorrected",
    HEAD_MOTION,
    "SpatialReference",
];

/// Required of a derivative.
const SKULL_STRIPPED: &str = "SkullStripped";

/// Say what is assumed where the sidecar of a run that was moved or resampled does not tell whether it has its skull.
pub fn say_skull(path: &Path, fields: &Map<String, Value>, is_moved: bool, watch: &dyn Watch) {
    if is_moved && !fields.contains_key(SKULL_STRIPPED) {
        watch.note(&format!(
            "{}: no sidecar says whether it is skull-stripped: false is written, as of fMRIPrep's runs",
            super::display(path)
        ));
    }
}

/// BIDS fields that stay true of a corrected run: those of its `sidecar`, when it was acquired, and what was done to it before.
#[must_use]
pub fn bids_fields(
    sidecar: Map<String, Value>,
    acquisition: Option<Acquisition>,
    resampled: Option<Resampled>,
) -> Map<String, Value> {
    let mut fields = sidecar;
    fields.retain(|name, _| !NOT_KEPT.contains(&name.as_str()));
    if let Some(resampled) = resampled {
        if resampled.slice_timing_corrected {
            fields.insert("SliceTimingCorrected".to_owned(), json!(true));
        }
        if resampled.head_motion_corrected {
            fields.insert(HEAD_MOTION.to_owned(), json!(true));
        }
        fields.extend(resampled.space.map(|s| ("SpatialReference".to_owned(), json!(s))));
    }
    // A run as the scanner gave it has its skull, and so has what is made of it here.
    fields.entry(SKULL_STRIPPED).or_insert(json!(false));
    if let Some(a) = acquisition {
        fields.insert("RepetitionTime".to_owned(), json!(a.tr));
        fields.insert("StartTime".to_owned(), json!(a.start_time));
        if let Some(times) = &a.slice_times {
            fields.insert("SliceTiming".to_owned(), json!(times));
            fields.insert("SliceEncodingDirection".to_owned(), json!("k"));
        }
    }
    fields
}
