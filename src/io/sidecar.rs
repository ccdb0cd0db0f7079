//! What a run's JSON sidecars say about time. Source: BIDS 1.11, "Timing parameters" of task imaging data.

use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

use super::bids;
use crate::{Error, Result};

/// A value and the file that it came from.
#[derive(Debug, Clone, PartialEq)]
pub struct Field<T> {
    /// The value.
    pub value: T,
    /// The JSON file.
    pub file: PathBuf,
}

/// The direction in which SliceTiming counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SliceDirection {
    /// Axis of the image: 0 for i, 1 for j, 2 for k.
    pub axis: usize,
    /// Whether the first time belongs to the last slice (a trailing `-`).
    pub reversed: bool,
}

/// The merged sidecars of a run; fields that no file gives are none.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Sidecar {
    /// The files, the most general first; later ones overrule earlier ones.
    pub files: Vec<PathBuf>,
    /// `RepetitionTime`, seconds.
    pub repetition_time: Option<Field<f64>>,
    /// `VolumeTiming`: the start of each volume, seconds.
    pub volume_timing: Option<Field<Vec<f64>>>,
    /// `SliceTiming`, seconds, in the order of `slice_encoding_direction`; not checked against anything yet.
    pub slice_timing: Option<Field<Vec<f64>>>,
    /// `SliceEncodingDirection`.
    pub slice_encoding_direction: Option<Field<SliceDirection>>,
    /// `StartTime` of the first frame, seconds.
    pub start_time: Option<Field<f64>>,
    /// `SliceTimingCorrected`.
    pub slice_timing_corrected: Option<Field<bool>>,
    /// `SpatialReference`: the space of a derivative.
    pub spatial_reference: Option<Field<String>>,
    /// `AcquisitionTime` of the first volume, seconds since midnight on the scanner's clock (dcm2niix writes it).
    pub acquisition_time: Option<Field<f64>>,
    /// `TaskName`.
    pub task_name: Option<Field<String>>,
    /// Everything that the files say, later ones over earlier ones.
    pub fields: Map<String, Value>,
}

/// Finds and merges the sidecars of a run; `explicit` (`--sidecar`) takes the place of all others. A run without any
/// has an empty one.
///
/// # Errors
/// [`Error::BadData`] for a file that is not JSON or a field of the wrong kind, [`Error::MissingInput`] where the
/// explicit file is not there.
pub fn find(bold: &Path, explicit: Option<&Path>) -> Result<Sidecar> {
    let files = match explicit {
        Some(file) => vec![file.to_path_buf()],
        None => bids::inherited(bold)?,
    };
    let mut sidecar = Sidecar::default();
    for file in &files {
        sidecar.merge(file)?;
    }
    sidecar.files = files;
    Ok(sidecar)
}

impl Sidecar {
    /// Takes over what a file says.
    fn merge(&mut self, file: &Path) -> Result<()> {
        let map = bids::read_json(file)?;
        fn set<T>(field: &mut Option<Field<T>>, value: Option<T>, file: &Path) {
            if let Some(value) = value {
                *field = Some(Field { value, file: file.to_path_buf() });
            }
        }
        set(&mut self.repetition_time, bids::number(&map, "RepetitionTime", file)?, file);
        set(&mut self.volume_timing, bids::numbers(&map, "VolumeTiming", file)?, file);
        set(&mut self.slice_timing, bids::numbers(&map, "SliceTiming", file)?, file);
        set(&mut self.start_time, bids::number(&map, "StartTime", file)?, file);
        let direction = direction(map.get("SliceEncodingDirection"), file)?;
        set(&mut self.slice_encoding_direction, direction, file);
        let corrected = map.get("SliceTimingCorrected").and_then(Value::as_bool);
        set(&mut self.slice_timing_corrected, corrected, file);
        let space = map.get("SpatialReference").and_then(Value::as_str).map(str::to_string);
        set(&mut self.spatial_reference, space, file);
        let time = map.get("AcquisitionTime").and_then(Value::as_str).and_then(time_of_day);
        set(&mut self.acquisition_time, time, file);
        let task = map.get("TaskName").and_then(Value::as_str).map(str::to_string);
        set(&mut self.task_name, task, file);
        self.fields.extend(map);
        Ok(())
    }
}

/// Seconds since midnight of `14:28:17.165000`; none for what is no time.
fn time_of_day(text: &str) -> Option<f64> {
    let parts: Option<Vec<f64>> = text.trim().split(':').map(|p| p.parse().ok()).collect();
    match parts?[..] {
        [h, m, s]
            if (0.0..24.0).contains(&h) && (0.0..60.0).contains(&m) && (0.0..61.0).contains(&s) =>
        {
            Some(3600.0 * h + 60.0 * m + s)
        }
        _ => None,
    }
}

fn direction(value: Option<&Value>, file: &Path) -> Result<Option<SliceDirection>> {
    let Some(value) = value.filter(|v| !v.is_null()) else { return Ok(None) };
    let known = ["i", "j", "k", "i-", "j-", "k-"];
    let text = value.as_str().unwrap_or_default();
    match known.iter().position(|k| *k == text) {
        Some(n) => Ok(Some(SliceDirection { axis: n % 3, reversed: n >= 3 })),
        None => Err(Error::bad_data(
            format!("SliceEncodingDirection in {}", file.display()),
            format!("is {value}"),
            "be one of i, j, k, i-, j-, k-",
            "k is right for slices along the third axis",
        )),
    }
}
