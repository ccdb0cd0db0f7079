//! What a run's JSON sidecars say about time. Source: BIDS 1.11, "Timing parameters" of task imaging data.

use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

use super::described::{self, Described};
use super::{bids, is_aside};
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
    /// `SliceTiming` as it stands there: [`Sidecar::slice_timing`] reads it, where a command needs it.
    slice_timing: Option<Field<Value>>,
    /// Whether that stands in the JSON that bears the run's own name.
    has_own_slice_timing: bool,
    /// `SliceEncodingDirection` as it stands there.
    slice_encoding_direction: Option<Field<Value>>,
    /// `StartTime` of the first frame, seconds.
    pub start_time: Option<Field<f64>>,
    /// `SliceTimingCorrected`.
    pub slice_timing_corrected: Option<Field<bool>>,
    /// `HeadMotionCorrected`, which is boldly's own: of what it made of a run that preprocessing had moved.
    pub head_motion_corrected: Option<Field<bool>>,
    /// `SpatialReference`: the space of a derivative.
    pub spatial_reference: Option<Field<String>>,
    /// `AcquisitionTime` of the first volume, seconds since midnight on the scanner's clock (dcm2niix writes it).
    pub acquisition_time: Option<Field<f64>>,
    /// `TaskName`.
    pub task_name: Option<Field<String>>,
    /// What a person should know about the choice of files, one sentence each.
    pub doubts: Vec<String>,
    /// Everything that the files say, later ones over earlier ones.
    pub fields: Map<String, Value>,
}

/// Whether the head was moved back before: in sidecars of what boldly makes of a preprocessed run.
pub const HEAD_MOTION: &str = "HeadMotionCorrected";

/// The fields that are read.
const FIELDS: [&str; 13] = [
    "RepetitionTime",
    "VolumeTiming",
    "SliceTiming",
    "SliceEncodingDirection",
    "StartTime",
    "SliceTimingCorrected",
    HEAD_MOTION,
    "SpatialReference",
    "AcquisitionTime",
    "TaskName",
    "EchoTime",
    "Sources",
    "RawSources",
];

/// Finds and merges the sidecars of a run; `explicit` (`--sidecar`) takes the place of all others. A run without any
/// has an empty one. What boldly wrote for another file is left out, and so said in [`Sidecar::doubts`].
///
/// # Errors
/// [`Error::BadData`] for a file that is not JSON or a field of the wrong kind, [`Error::MissingInput`] where the
/// explicit file is not there.
pub fn find(bold: &Path, explicit: Option<&Path>) -> Result<Sidecar> {
    let mut sidecar = Sidecar::default();
    let files = match explicit {
        Some(file) => vec![file.to_path_buf()],
        None => bids::inherited(bold)?,
    };
    sidecar.doubts.extend(bids::unread(bold).filter(|_| explicit.is_none()));
    let mut read = Vec::new();
    for file in files {
        let map = bids::read_json(&file)?;
        match of_another(&map, &file, bold)?.filter(|_| explicit.is_none()) {
            Some(doubt) => sidecar.doubts.push(doubt),
            None => read.push((file, map)),
        }
    }
    sidecar.doubts.extend(bids::at_odds(&read, &FIELDS));
    read.iter().try_for_each(|(file, map)| sidecar.merge(file, map))?;
    sidecar.files = read.into_iter().map(|(file, _)| file).collect();
    sidecar.has_own_slice_timing = sidecar
        .slice_timing
        .as_ref()
        .is_some_and(|field| bids::Name::of(&field.file) == bids::Name::of(bold));
    Ok(sidecar)
}

/// The files that [`find`] reads of a run for which none is named; those among them that cannot be read too.
///
/// # Errors
/// [`Error::MissingInput`] where a folder cannot be listed; those of reading the run, where boldly's sidecar has checksums to hold it against.
pub fn speaking(bold: &Path) -> Result<Vec<PathBuf>> {
    let mut files = bids::inherited(bold)?;
    let mut others = Vec::new();
    for file in &files {
        let Ok(map) = bids::read_json(file) else { continue };
        others.push(of_another(&map, file, bold)?.map(|_| file.clone()));
    }
    files.retain(|file| !others.contains(&Some(file.clone())));
    Ok(files)
}

/// What the JSON that bears a map's or a table's name says of it.
#[derive(Debug, Default)]
pub struct Beside {
    /// The file, where it speaks of it.
    pub file: Option<PathBuf>,
    /// Its fields; none without one.
    pub fields: Map<String, Value>,
    /// Why nothing is taken from it: boldly wrote it for other files.
    pub doubt: Option<String>,
}

/// The JSON `json` that lies beside a map or a table, if it is there.
///
/// # Errors
/// [`Error::BadData`] where it is no JSON; those of reading `file`, where boldly's sidecar has checksums to hold it against.
pub fn beside(file: &Path, json: &Path) -> Result<Beside> {
    if !json.is_file() || is_aside(json) {
        return Ok(Beside::default());
    }
    let fields = bids::read_json(json)?;
    Ok(match of_another(&fields, json, file)? {
        Some(doubt) => Beside { doubt: Some(doubt), ..Beside::default() },
        None => Beside { file: Some(json.to_owned()), fields, doubt: None },
    })
}

/// Why a sidecar of boldly's says nothing of this run, though its name does.
fn of_another(map: &Map<String, Value>, file: &Path, bold: &Path) -> Result<Option<String>> {
    let Some(listed) = described::listed(map) else { return Ok(None) };
    let folder = file.parent().unwrap_or(Path::new(""));
    if described::described(&listed, folder, bold)? != Described::Not {
        return Ok(None);
    }
    Ok(Some(format!(
        "{} describes {}, which boldly made, and not {}; nothing is taken from it",
        file.display(),
        listed[0].name.display(),
        bold.display()
    )))
}

impl Sidecar {
    /// Take what the sidecar of another echo of the run says of all its echoes and this one does not say, but for fields that are `given`
    /// otherwise: those taken, and the files that have them. That slices were corrected is not taken of an echo that has SliceTiming in a JSON of its own.
    pub fn take_of_run(&mut self, of: &Sidecar, given: &[&str]) -> Vec<(&'static str, PathBuf)> {
        fn take<T: Clone>(mine: &mut Option<Field<T>>, its: &Option<Field<T>>) -> Option<PathBuf> {
            if mine.is_some() {
                return None;
            }
            mine.clone_from(its);
            its.as_ref().map(|field| field.file.clone())
        }
        let mut taken = Vec::new();
        let mut note = |name, file: Option<PathBuf>| taken.extend(file.map(|file| (name, file)));
        let says_times = self.volume_timing.is_some();
        if !says_times && !given.contains(&"RepetitionTime") {
            note("RepetitionTime", take(&mut self.repetition_time, &of.repetition_time));
            if self.repetition_time.is_none() {
                note("VolumeTiming", take(&mut self.volume_timing, &of.volume_timing));
            }
        }
        if !says_times {
            note("StartTime", take(&mut self.start_time, &of.start_time));
        }
        if self.slice_timing.is_none() && !given.contains(&"SliceTiming") {
            self.slice_encoding_direction.clone_from(&of.slice_encoding_direction);
            note("SliceTiming", take(&mut self.slice_timing, &of.slice_timing));
        }
        if !self.has_own_slice_timing || !of.is_slice_timing_corrected() {
            let corrected = take(&mut self.slice_timing_corrected, &of.slice_timing_corrected);
            note("SliceTimingCorrected", corrected);
        }
        let moved = take(&mut self.head_motion_corrected, &of.head_motion_corrected);
        note(HEAD_MOTION, moved);
        note("SpatialReference", take(&mut self.spatial_reference, &of.spatial_reference));
        note("AcquisitionTime", take(&mut self.acquisition_time, &of.acquisition_time));
        taken
    }

    /// `SliceTiming`, seconds, in the order of [`Sidecar::slice_encoding_direction`]; not checked against anything yet.
    ///
    /// # Errors
    /// [`Error::BadData`] where it is no list of numbers.
    pub fn slice_timing(&self) -> Result<Option<Field<Vec<f64>>>> {
        let Some(Field { value, file }) = &self.slice_timing else { return Ok(None) };
        let value = bids::list_of_numbers(value, "SliceTiming", file)?;
        Ok(Some(Field { value, file: file.clone() }))
    }

    /// `SliceEncodingDirection`.
    ///
    /// # Errors
    /// [`Error::BadData`] where it is no direction.
    pub fn slice_encoding_direction(&self) -> Result<Option<Field<SliceDirection>>> {
        let Some(Field { value, file }) = &self.slice_encoding_direction else { return Ok(None) };
        Ok(Some(Field { value: direction(value, file)?, file: file.clone() }))
    }

    /// Whether a file says how often volumes come, of use or not.
    #[must_use]
    pub fn has_repetition_time(&self) -> bool {
        self.repetition_time.is_some() || self.volume_timing.is_some()
    }

    /// Whether a file says that slices were corrected for their times.
    #[must_use]
    pub fn is_slice_timing_corrected(&self) -> bool {
        self.slice_timing_corrected.as_ref().is_some_and(|field| field.value)
    }

    /// Whether a file gives slice times, of use or not.
    #[must_use]
    pub fn has_slice_timing(&self) -> bool {
        self.slice_timing.is_some()
    }

    /// Takes over what a file says.
    fn merge(&mut self, file: &Path, map: &Map<String, Value>) -> Result<()> {
        fn set<T>(field: &mut Option<Field<T>>, value: Option<T>, file: &Path) {
            if let Some(value) = value {
                *field = Some(Field { value, file: file.to_path_buf() });
            }
        }
        let given = |key: &str| map.get(key).filter(|value| !value.is_null());
        let text = |key: &str| map.get(key).and_then(Value::as_str);
        let volumes = given("VolumeTiming");
        let volumes =
            volumes.map(|v| bids::list_of_numbers(v, "VolumeTiming", file)).transpose()?;
        set(&mut self.repetition_time, bids::number(map, "RepetitionTime", file)?, file);
        set(&mut self.volume_timing, volumes, file);
        set(&mut self.slice_timing, given("SliceTiming").cloned(), file);
        let direction = given("SliceEncodingDirection").cloned();
        set(&mut self.slice_encoding_direction, direction, file);
        set(&mut self.start_time, bids::number(map, "StartTime", file)?, file);
        let corrected = |key: &str| map.get(key).and_then(Value::as_bool);
        set(&mut self.slice_timing_corrected, corrected("SliceTimingCorrected"), file);
        set(&mut self.head_motion_corrected, corrected(HEAD_MOTION), file);
        let space = text("SpatialReference").map(str::to_string);
        set(&mut self.spatial_reference, space, file);
        set(&mut self.acquisition_time, acquisition_time(map), file);
        let is_said = |value: &&Value| !value.is_null() && value.as_str() != Some("");
        let began = map.get("AcquisitionTime").filter(is_said);
        if let Some(value) = began.filter(|_| acquisition_time(map).is_none()) {
            self.doubts.push(format!(
                "AcquisitionTime in {} is {value}, and not used: it must be a time of day, such as \"14:28:17.165\"",
                file.display()
            ));
        }
        set(&mut self.task_name, text("TaskName").map(str::to_string), file);
        self.fields.extend(map.clone());
        Ok(())
    }
}

/// `AcquisitionTime` of a sidecar's fields, seconds since midnight; none where it is no time.
#[must_use]
pub fn acquisition_time(fields: &Map<String, Value>) -> Option<f64> {
    fields.get("AcquisitionTime").and_then(Value::as_str).and_then(time_of_day)
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

fn direction(value: &Value, file: &Path) -> Result<SliceDirection> {
    let known = ["i", "j", "k", "i-", "j-", "k-"];
    let text = value.as_str().unwrap_or_default();
    match known.iter().position(|k| *k == text) {
        Some(n) => Ok(SliceDirection { axis: n % 3, reversed: n >= 3 }),
        None => Err(Error::bad_data(
            format!("SliceEncodingDirection in {}", file.display()),
            format!("is {value}"),
            "be one of i, j, k, i-, j-, k-",
            "k is right for slices along the third axis",
        )),
    }
}
