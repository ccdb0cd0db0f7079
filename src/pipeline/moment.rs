//! The moment of each volume at which volume-wise physiological columns are taken.

use serde::Serialize;

use crate::error::{Error, Result};
use crate::io::Resampled;
use crate::io::sidecar::Sidecar;
use crate::recording::Acquisition;

/// Which moment of each volume the volume-wise columns hold.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Moment {
    /// The slice in the middle of the slice times.
    MiddleSlice,
    /// The frame time (StartTime + k TR), where slice times are not known or were corrected for.
    FrameTime,
    /// Half a repetition time into the volume, where nothing else is known of a run that was resampled.
    MiddleOfVolume,
}

impl Moment {
    /// As messages name it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Moment::MiddleSlice => "the middle slice",
            Moment::FrameTime => "the frame time",
            Moment::MiddleOfVolume => "the middle of the volume",
        }
    }
}

/// The moment of a run with slice times: its middle slice; without: its frame time. Seconds from the volume's start.
#[must_use]
pub fn of_slices(acquisition: &Acquisition) -> (Moment, f64) {
    match acquisition.slice_times.as_deref().and_then(middle) {
        Some(middle_s) => (Moment::MiddleSlice, middle_s),
        None => (Moment::FrameTime, acquisition.start_time),
    }
}

/// The moment of a run that was resampled: the frame time where a sidecar says when frames begin (fMRIPrep writes the
/// slice its correction refers to), else the middle of the volume: what slice-timing corrections refer to by default, and
/// half a repetition time at most from any slice. Seconds from the volume's start.
///
/// # Errors
/// Bad data when StartTime lies outside the first volume, or SliceTiming is no list of numbers.
pub fn of_resampled(acquisition: &Acquisition, sidecar: &Sidecar) -> Result<(Moment, f64)> {
    let (tr, start_time) = (acquisition.tr, acquisition.start_time);
    if sidecar.start_time.is_some() || sidecar.volume_timing.is_some() {
        if (0.0..tr).contains(&start_time) {
            return Ok((Moment::FrameTime, start_time));
        }
        let file = sidecar.start_time.as_ref().map(|field| field.file.display().to_string());
        return Err(Error::bad_data(
            file.map_or("VolumeTiming".to_owned(), |file| format!("StartTime in {file}")),
            format!("is {start_time} s"),
            format!("lie in the first volume, 0 to {tr} s, to place physiology in a resampled run"),
            "give it seconds from the start of the first volume",
        ));
    }
    let known = sidecar.slice_timing()?.map(|field| field.value);
    let known = known.filter(|times| times.iter().all(|t| (0.0..tr).contains(t)));
    Ok(match known.and_then(|times| middle(&times)) {
        Some(middle_s) => (Moment::MiddleSlice, middle_s),
        None => (Moment::MiddleOfVolume, 0.5 * tr),
    })
}

/// What is so of a run whose columns have two origins, in the words of a remark too.
pub const TWO_ORIGINS: &str = "two moments in one model";

/// That task columns, `task_s` seconds into each volume, and the physiological ones of a run that was resampled are of different moments; nothing
/// where they are of one.
///
/// # Errors
/// As [`of_resampled`].
pub fn two_origins(
    task_s: f64,
    (resampled, sidecar): (&Resampled, &Sidecar),
    acquisition: &Acquisition,
) -> Result<Option<String>> {
    let (moment, at_s) = of_resampled(acquisition, sidecar)?;
    let says_none = sidecar.start_time.is_none() && sidecar.volume_timing.is_none();
    let unknown = match resampled.slice_timing_corrected && says_none {
        true => {
            "; no StartTime says to what moment its slices were corrected (fMRIPrep's default is the middle of the slice times)"
        }
        false => "",
    };
    Ok(((task_s - at_s).abs() > SAME_S).then(|| {
        format!(
            "its task columns are of {task_s} s into each volume and those of pulse and breathing of {at_s} s ({}), {TWO_ORIGINS}{unknown}; write \
             StartTime into its sidecar, or give the moment of the task by --task-times {at_s}",
            moment.name()
        )
    }))
}

/// Moments that are one, seconds.
const SAME_S: f64 = 1e-6;

/// The middle of some times; none of none.
fn middle(times: &[f64]) -> Option<f64> {
    let mut sorted = times.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted.get(sorted.len().saturating_sub(1) / 2).copied()
}
