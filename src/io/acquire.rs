//! When volumes and slices were acquired: options overrule sidecars, sidecars overrule the header.

use std::path::Path;

use super::bold::BoldFile;
use super::header::{TR_S, TR_TOO_LONG_S};
use super::resampled::{Resampled, resampled, told_resampled};
use super::sidecar::{Field, Sidecar};
use crate::recording::Acquisition;
use crate::{Error, Result};

/// Repetition times this far apart, in seconds, contradict each other.
const SAME_TR_S: f64 = 1e-3;

/// The timing of a run from its header and sidecars, overruled by `tr` (`--tr`, seconds) and `slice_times`
/// (`--slice-times`, seconds, one for each plane k in file order). A run that was resampled ([`resampled`]) has none.
///
/// # Errors
/// Those of [`volume_times`]; [`Error::Usage`] for slice times given for a run that was resampled; [`Error::BadData`] for slice
/// times that are too many or few, negative, or not less than the repetition time, and for slices along i or j.
pub fn acquisition(
    bold: &BoldFile,
    sidecar: &Sidecar,
    tr: Option<f64>,
    slice_times: Option<&[f64]>,
) -> Result<Acquisition> {
    let volumes = volume_times(bold, sidecar, tr)?;
    let slice_times = slice_times_of(bold, sidecar, volumes.tr, slice_times)?;
    debug_assert!(slice_times.as_ref().is_none_or(|t| t.len() == bold.grid.shape[2]));
    Ok(Acquisition { slice_times, ..volumes })
}

/// The same for a command that needs no slice times: those of a sidecar that cannot be are left out, and why.
///
/// # Errors
/// Those of [`volume_times`].
pub fn acquisition_but_slices(
    bold: &BoldFile,
    sidecar: &Sidecar,
    tr: Option<f64>,
) -> Result<(Acquisition, Option<Error>)> {
    let volumes = volume_times(bold, sidecar, tr)?;
    Ok(match slice_times_of(bold, sidecar, volumes.tr, None) {
        Ok(slice_times) => (Acquisition { slice_times, ..volumes }, None),
        Err(unusable) => (volumes, Some(unusable)),
    })
}

/// When the volumes were acquired; slice times are not looked at.
///
/// # Errors
/// [`Error::MissingInput`] without any repetition time; [`Error::BadData`] for one that cannot be; [`Error::Usage`] for a `tr`
/// that cannot be.
pub fn volume_times(bold: &BoldFile, sidecar: &Sidecar, tr: Option<f64>) -> Result<Acquisition> {
    Ok(Acquisition {
        tr: repetition_time(bold, sidecar, tr)?,
        n_volumes: bold.n_volumes,
        slice_times: None,
        start_time: start_time(sidecar),
    })
}

/// Slice times in file order, checked; none where nothing gives any, or where the run was resampled.
fn slice_times_of(
    bold: &BoldFile,
    sidecar: &Sidecar,
    tr: f64,
    given: Option<&[f64]>,
) -> Result<Option<Vec<f64>>> {
    let file = bold.path.display().to_string();
    let of_image = Some((bold.grid.shape[2], file.as_str()));
    match (given, resampled(bold, sidecar)) {
        (Some(_), Some(resampled)) => Err(no_slice_times(&file, &resampled)),
        (Some(times), None) => {
            check_slice_times(times, "--slice-times", "", of_image, tr)?;
            Ok(Some(times.to_vec()))
        }
        (None, Some(_)) => Ok(None),
        (None, None) => told_slice_times(sidecar, of_image, tr),
    }
}

/// The timing of a run of which no image is at hand, from its sidecar, overruled by `tr` (seconds) and `slice_times` (seconds, one
/// for each plane). A run that its sidecar calls corrected for slice timing, or resampled, has no slice times.
///
/// # Errors
/// As [`acquisition`].
pub fn told(
    sidecar: &Sidecar,
    n_volumes: usize,
    tr: Option<f64>,
    slice_times: Option<&[f64]>,
) -> Result<Acquisition> {
    let Some((tr, thing)) = told_repetition_time(sidecar, n_volumes, tr)? else {
        return Err(Error::missing_input(
            "the repetition time",
            "is not known",
            "be given",
            "name it in seconds with --tr, or give a --sidecar that has RepetitionTime",
        ));
    };
    check_repetition_time(tr, thing)?;
    let slice_times = match (slice_times, told_resampled(sidecar)) {
        (Some(_), Some(resampled)) => return Err(no_slice_times("the run", &resampled)),
        (Some(times), None) => {
            check_slice_times(times, "--slice-times", "", None, tr)?;
            Some(times.to_vec())
        }
        (None, Some(_)) => None,
        (None, None) => told_slice_times(sidecar, None, tr)?,
    };
    Ok(Acquisition { tr, n_volumes, slice_times, start_time: start_time(sidecar) })
}

fn start_time(sidecar: &Sidecar) -> f64 {
    let first_volume = sidecar.volume_timing.as_ref().and_then(|v| v.value.first().copied());
    sidecar.start_time.as_ref().map_or(first_volume.unwrap_or(0.0), |s| s.value)
}

/// SliceTiming by plane, seconds; none where no sidecar has it. `of_image`: slices and name of the image.
fn told_slice_times(
    sidecar: &Sidecar,
    of_image: Option<(usize, &str)>,
    tr: f64,
) -> Result<Option<Vec<f64>>> {
    let Some(field) = sidecar.slice_timing()? else { return Ok(None) };
    let origin = format!(" in {}", field.file.display());
    let direction = sidecar.slice_encoding_direction()?;
    if let Some(direction) = direction.as_ref().filter(|d| d.value.axis != 2) {
        return Err(Error::bad_data(
            format!("SliceEncodingDirection in {}", direction.file.display()),
            format!("is {}", ["i", "j", "k"][direction.value.axis]),
            "be k or k-: slices along the third axis",
            "reorient the run so that its slices lie along k, or give --slice-times for planes of k",
        ));
    }
    check_slice_times(&field.value, "SliceTiming", &origin, of_image, tr)?;
    let mut times = field.value;
    if direction.is_some_and(|d| d.value.reversed) {
        times.reverse();
    }
    Ok(Some(times))
}

/// What says another thing about time than what is used, one sentence each.
#[must_use]
pub fn contradictions(bold: &BoldFile, sidecar: &Sidecar, tr: Option<f64>) -> Vec<String> {
    let of_header = bold.tr.map(|tr| (tr, bold.path.as_path()));
    contradictions_of(sidecar, (bold.n_volumes, of_header), tr)
}

/// [`contradictions`] of a run of so many volumes, whose image says a repetition time of its own where it is at hand.
#[must_use]
pub fn contradictions_of(
    sidecar: &Sidecar,
    (n_volumes, of_header): (usize, Option<(f64, &Path)>),
    tr: Option<f64>,
) -> Vec<String> {
    let of_sidecar =
        sidecar.repetition_time.as_ref().map(|field| (field.value, field.file.as_path()));
    let step = |times: &Field<Vec<f64>>| {
        let step = even_step(&times.value, n_volumes, "").ok()?;
        Some((step, format!("VolumeTiming in {}", times.file.display())))
    };
    let used = match (tr, of_sidecar) {
        (Some(tr), _) => Some((tr, "--tr".to_string())),
        (None, Some((tr, file))) => Some((tr, file.display().to_string())),
        _ => sidecar.volume_timing.as_ref().and_then(step),
    };
    let Some((used, origin)) = used else { return Vec::new() };
    let start = sidecar.start_time.as_ref().filter(|start| !(0.0..=used).contains(&start.value));
    let elsewhere = start.map(|Field { value, file }| {
        format!(
            "StartTime in {} is {value} s, outside the first volume (0 to {used} s), and frames, with the columns of task and physiology, are placed by it: \
             is it in ms, or of another clock? Correct it, or take it out",
            file.display()
        )
    });
    let others = [of_header, of_sidecar];
    let apart = others.into_iter().flatten().filter(|(tr, _)| (tr - used).abs() > SAME_TR_S);
    let said = apart.map(|(tr, file)| {
        let file = file.display();
        format!("repetition time {used} s ({origin}) is used; {file} says {tr} s")
    });
    let mut said: Vec<String> = said.chain(elsewhere).collect();
    if let Some(Field { value: times, file }) = &sidecar.volume_timing {
        let file = file.display();
        if let Some(step) = odd_step(times, used) {
            said.push(format!(
                "repetition time {used} s ({origin}) is used; VolumeTiming in {file} has a step of {step} s between volumes. \
                 BIDS takes one of the two: remove the wrong one, or give the time between volumes with --tr"
            ));
        } else if times.len() != n_volumes {
            said.push(format!(
                "VolumeTiming in {file} has {} times for {} volumes; repetition time {used} s ({origin}) is used",
                times.len(),
                n_volumes
            ));
        }
    }
    said
}

/// What a person should know about the choices that [`acquisition`] makes; one sentence each.
#[must_use]
pub fn acquisition_notes(bold: &BoldFile, sidecar: &Sidecar) -> Vec<String> {
    let resampled = resampled(bold, sidecar).filter(|_| sidecar.has_slice_timing());
    let note = |Resampled { said_by, .. }| {
        format!("SliceTiming does not apply to the planes: the run was resampled, {said_by}")
    };
    resampled.map(note).into_iter().collect()
}

fn no_slice_times(run: &str, resampled: &Resampled) -> Error {
    Error::usage(
        "--slice-times",
        format!("gives times to the planes of {run}, which was resampled: {}", resampled.said_by),
        "be left out: no plane of it was acquired at one time",
        "without it columns are volume-wise; for slice-wise ones correct the run before it is resampled",
    )
}

/// Whether the header or a sidecar of a run gives its repetition time.
///
/// # Errors
/// Bad data for VolumeTiming of other volumes, and for a header's unit of time that is none.
pub fn has_repetition_time(bold: &BoldFile, sidecar: &Sidecar) -> Result<bool> {
    let thing = bold.path.display().to_string();
    let told = told_repetition_time(sidecar, bold.n_volumes, None)?;
    Ok(told.is_some() || bold.header.repetition_time(&thing)?.is_some())
}

fn repetition_time(bold: &BoldFile, sidecar: &Sidecar, tr: Option<f64>) -> Result<f64> {
    if let Some((tr, thing)) = told_repetition_time(sidecar, bold.n_volumes, tr)? {
        return check_repetition_time(tr, thing).map(|()| tr);
    }
    let thing = bold.path.display().to_string();
    bold.header.repetition_time(&thing)?.ok_or_else(|| {
        Error::missing_input(
            thing,
            "gives no repetition time, and no sidecar does",
            "give one",
            "name it in seconds with --tr",
        )
    })
}

/// The repetition time that options or sidecars give, not checked, and where it stands.
fn told_repetition_time(
    sidecar: &Sidecar,
    n_volumes: usize,
    tr: Option<f64>,
) -> Result<Option<(f64, String)>> {
    if let Some(tr) = tr {
        return Ok(Some((tr, "--tr".to_string())));
    }
    if let Some(field) = &sidecar.repetition_time {
        let thing = format!("RepetitionTime in {}", field.file.display());
        return Ok(Some((field.value, thing)));
    }
    let Some(field) = &sidecar.volume_timing else { return Ok(None) };
    let thing = format!("VolumeTiming in {}", field.file.display());
    Ok(Some((even_step(&field.value, n_volumes, &thing)?, thing)))
}

/// Refuses a repetition time that cannot be.
pub(super) fn check_repetition_time(tr: f64, thing: String) -> Result<()> {
    if !TR_S.contains(&tr) {
        let hint = if tr >= TR_TOO_LONG_S {
            "it is given in seconds, not ms"
        } else {
            "give the time between two volumes"
        };
        let expected = format!("lie between {:?} and {TR_TOO_LONG_S} s", TR_S.start);
        let found = format!("is {tr:?}");
        return Err(if thing == "--tr" {
            Error::usage(thing, found, expected, hint)
        } else {
            Error::bad_data(thing, found, expected, hint)
        });
    }
    Ok(())
}

/// The first step between volumes that is not this repetition time.
fn odd_step(times: &[f64], tr: f64) -> Option<f64> {
    times.windows(2).map(|w| w[1] - w[0]).find(|step| (step - tr).abs() > SAME_TR_S)
}

/// The step of volume times that are evenly spaced.
fn even_step(times: &[f64], n_volumes: usize, thing: &str) -> Result<f64> {
    if times.len() != n_volumes || times.len() < 2 {
        return Err(Error::bad_data(
            thing,
            format!("has {} times", times.len()),
            format!("have one for each of the {n_volumes} volumes"),
            "drop the same volumes from both",
        ));
    }
    let step = (times[times.len() - 1] - times[0]) / (times.len() - 1) as f64;
    match times.windows(2).position(|w| ((w[1] - w[0]) - step).abs() > SAME_TR_S) {
        None => Ok(step),
        Some(at) => Err(Error::bad_data(
            thing,
            format!(
                "is uneven: {} s after volume {at}, {step} s on average",
                times[at + 1] - times[at]
            ),
            "have equal steps",
            "sparse sampling is not supported yet",
        )),
    }
}

/// Checks slice times against the run. `name` and `origin` make the thing: `SliceTiming[17] in task_bold.json`.
fn check_slice_times(
    times: &[f64],
    name: &str,
    origin: &str,
    of_image: Option<(usize, &str)>,
    tr: f64,
) -> Result<()> {
    if let Some((n_slices, file)) = of_image.filter(|(n, _)| *n != times.len()) {
        return Err(Error::bad_data(
            format!("{name}{origin}"),
            format!("has {} times", times.len()),
            format!("have one for each of the {n_slices} slices of {file}"),
            "slices may have been cropped or padded after the sidecar was written",
        ));
    }
    let largest = times.iter().copied().fold(0.0, f64::max);
    let in_seconds = if largest >= tr && largest / 1000.0 < tr {
        "BIDS gives SliceTiming in seconds, not ms"
    } else {
        "check the times and the repetition time"
    };
    match times.iter().position(|&t| !(0.0..tr).contains(&t)) {
        None => Ok(()),
        Some(at) => Err(Error::bad_data(
            format!("{name}[{at}]{origin}"),
            format!("is {} and lies outside the volume (tr = {tr} s)", times[at]),
            format!("lie between 0 and {tr} s"),
            in_seconds,
        )),
    }
}
