//! When volumes and slices were acquired: options overrule sidecars, sidecars overrule the header.

use super::bold::BoldFile;
use super::header::{TR_S, TR_TOO_LONG_S};
use super::resampled::{Resampled, resampled};
use super::sidecar::Sidecar;
use crate::recording::Acquisition;
use crate::{Error, Result};

/// Repetition times this far apart, in seconds, contradict each other.
const SAME_TR_S: f64 = 1e-3;

/// The timing of a run from its header and sidecars, overruled by `tr` (`--tr`, seconds) and `slice_times`
/// (`--slice-times`, seconds, one for each plane k in file order). A run that was resampled ([`resampled`]) has none.
///
/// # Errors
/// [`Error::Usage`] for slice times given for a run that was resampled; [`Error::MissingInput`] without any repetition
/// time; [`Error::BadData`] for one that cannot be, for slice times that are too many or few, negative, or not less than
/// the repetition time, and for slices along i or j.
pub fn acquisition(
    bold: &BoldFile,
    sidecar: &Sidecar,
    tr: Option<f64>,
    slice_times: Option<&[f64]>,
) -> Result<Acquisition> {
    let tr = repetition_time(bold, sidecar, tr)?;
    let n_slices = bold.grid.shape[2];
    let resampled = resampled(bold, sidecar);
    if let (Some(resampled), Some(_)) = (&resampled, slice_times) {
        return Err(no_slice_times(bold, resampled));
    }
    let slice_times = match (slice_times, &sidecar.slice_timing) {
        (Some(times), _) => {
            check_slice_times(times, "--slice-times", "", bold, tr)?;
            Some(times.to_vec())
        }
        (None, Some(field)) if resampled.is_none() => {
            let origin = format!(" in {}", field.file.display());
            let direction = sidecar.slice_encoding_direction.as_ref();
            if let Some(direction) = direction.filter(|d| d.value.axis != 2) {
                return Err(Error::bad_data(
                    format!("SliceEncodingDirection in {}", direction.file.display()),
                    format!("is {}", ["i", "j", "k"][direction.value.axis]),
                    "be k or k-: slices along the third axis",
                    "reorient the run so that its slices lie along k, or give --slice-times for planes of k",
                ));
            }
            check_slice_times(&field.value, "SliceTiming", &origin, bold, tr)?;
            let mut times = field.value.clone();
            if direction.is_some_and(|d| d.value.reversed) {
                times.reverse();
            }
            Some(times)
        }
        _ => None,
    };
    debug_assert!(slice_times.as_ref().is_none_or(|t| t.len() == n_slices));
    let first_volume =
        sidecar.volume_timing.as_ref().and_then(|v| v.value.first().copied()).unwrap_or(0.0);
    Ok(Acquisition {
        tr,
        n_volumes: bold.n_volumes,
        slice_times,
        start_time: sidecar.start_time.as_ref().map_or(first_volume, |s| s.value),
    })
}

/// What a person should know about the choices that [`acquisition`] makes; one sentence each.
#[must_use]
pub fn acquisition_notes(bold: &BoldFile, sidecar: &Sidecar, tr: Option<f64>) -> Vec<String> {
    let mut notes = Vec::new();
    let used = match (tr, &sidecar.repetition_time) {
        (Some(tr), _) => Some((tr, "--tr".to_string())),
        (None, Some(field)) => Some((field.value, field.file.display().to_string())),
        _ => None,
    };
    if let Some((used, origin)) = used {
        let others = [
            (bold.tr, bold.path.display().to_string()),
            (
                sidecar.repetition_time.as_ref().map(|f| f.value),
                sidecar
                    .repetition_time
                    .as_ref()
                    .map_or(String::new(), |f| f.file.display().to_string()),
            ),
        ];
        for (other, file) in others {
            if let Some(other) = other.filter(|o| (o - used).abs() > SAME_TR_S) {
                notes.push(format!(
                    "repetition time {used} s ({origin}) is used; {file} says {other} s"
                ));
            }
        }
    }
    let resampled = resampled(bold, sidecar).filter(|_| sidecar.slice_timing.is_some());
    if let Some(Resampled { said_by, .. }) = resampled {
        notes.push(format!(
            "SliceTiming does not apply to the planes: the run was resampled, {said_by}"
        ));
    }
    notes
}

fn no_slice_times(bold: &BoldFile, resampled: &Resampled) -> Error {
    Error::usage(
        "--slice-times",
        format!(
            "gives times to the planes of {}, which was resampled: {}",
            bold.path.display(),
            resampled.said_by
        ),
        "be left out: no plane of it was acquired at one time",
        "without it columns are volume-wise; for slice-wise ones correct the run before it is resampled",
    )
}

fn repetition_time(bold: &BoldFile, sidecar: &Sidecar, tr: Option<f64>) -> Result<f64> {
    let (tr, thing) = if let Some(tr) = tr {
        (tr, "--tr".to_string())
    } else if let Some(field) = &sidecar.repetition_time {
        (field.value, format!("RepetitionTime in {}", field.file.display()))
    } else if let Some(field) = &sidecar.volume_timing {
        let thing = format!("VolumeTiming in {}", field.file.display());
        (even_step(&field.value, bold.n_volumes, &thing)?, thing)
    } else {
        let thing = bold.path.display().to_string();
        return bold.header.repetition_time(&thing)?.ok_or_else(|| {
            Error::missing_input(
                thing,
                "gives no repetition time, and no sidecar does",
                "give one",
                "name it in seconds with --tr",
            )
        });
    };
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
    Ok(tr)
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
    bold: &BoldFile,
    tr: f64,
) -> Result<()> {
    let n_slices = bold.grid.shape[2];
    if times.len() != n_slices {
        return Err(Error::bad_data(
            format!("{name}{origin}"),
            format!("has {} times", times.len()),
            format!("have one for each of the {n_slices} slices of {}", bold.path.display()),
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
