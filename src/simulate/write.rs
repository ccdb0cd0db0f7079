//! A study as a BIDS dataset, as plain data: which files there are and what each holds. Whoever asked writes them.

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::{GoOn, Label, Study, dictionaries};
use crate::error::Result;
use crate::recording::Recording;
use crate::table::Table;
use crate::table::dictionary::{DataDictionary, Entry, undescribed};
use crate::volume::Grid;

/// BOLD units of one step of the stored integers: five eighths of the thermal noise sd. Rounding then
/// adds 1.6 % to the noise's sd, and most runs fit 8 bits.
pub const BOLD_STEP_IN_THERMAL_SD: f64 = 0.625;

/// How an image's values are stored.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Stored {
    /// 32-bit floating point.
    Float32,
    /// Unsigned 8-bit integers times a slope, as below.
    UInt8 {
        /// Units of the image for one step.
        slope: f64,
    },
    /// Signed 16-bit integers times a slope (scl_slope; scl_inter is 0): `round(value / slope)`.
    Int16 {
        /// Units of the image for one step.
        slope: f64,
    },
}

/// What a file holds.
#[derive(Debug, Clone, PartialEq)]
pub enum Content {
    /// A text file.
    Text(String),
    /// A gzipped text file.
    GzText(String),
    /// A NIfTI image, gzipped.
    Image(Box<Image>),
}

/// An image to be written.
#[derive(Debug, Clone, PartialEq)]
pub struct Image {
    /// Where its voxels are.
    pub grid: Grid,
    /// Repetition time in seconds of a run; none for a map.
    pub tr: Option<f64>,
    /// Volumes; 1 for a map.
    pub n_volumes: usize,
    /// `[volume][voxel]`.
    pub values: Vec<f32>,
    /// How they are stored.
    pub stored: Stored,
}

impl Image {
    /// The voxels as they are stored, little-endian.
    #[must_use]
    pub fn bytes(&self) -> Vec<u8> {
        self.stored.bytes(&self.values)
    }
}

impl Stored {
    /// NIfTI's datatype code: 2, 4 or 16.
    #[must_use]
    pub fn datatype(self) -> i16 {
        match self {
            Stored::UInt8 { .. } => 2,
            Stored::Int16 { .. } => 4,
            Stored::Float32 => 16,
        }
    }

    /// NIfTI's scl_slope: units of the image for one step.
    #[must_use]
    pub fn slope(self) -> f64 {
        match self {
            Stored::UInt8 { slope } | Stored::Int16 { slope } => slope,
            Stored::Float32 => 1.0,
        }
    }

    /// Values as they are stored, little-endian; integers saturate.
    #[must_use]
    pub fn bytes(self, values: &[f32]) -> Vec<u8> {
        // A float cast to an integer type saturates.
        let step = |v: f32| (f64::from(v) / self.slope()).round();
        match self {
            Stored::UInt8 { .. } => values.iter().map(|&v| step(v) as u8).collect(),
            Stored::Int16 { .. } => {
                values.iter().flat_map(|&v| (step(v) as i16).to_le_bytes()).collect()
            }
            Stored::Float32 => values.iter().flat_map(|v| v.to_le_bytes()).collect(),
        }
    }
}

impl Content {
    /// SHA-256, in hexadecimal, of what the file holds, whatever the compression: the text, or the voxels as they
    /// are stored, little-endian, without the header. `go_on` is asked every so many voxels.
    ///
    /// # Errors
    /// Those of `go_on`.
    pub fn sha256(&self, go_on: GoOn<'_>) -> Result<String> {
        let mut digest = Sha256::new();
        match self {
            Content::Text(text) | Content::GzText(text) => digest.update(text),
            Content::Image(image) => {
                for values in image.values.chunks(AT_ONCE) {
                    go_on()?;
                    digest.update(image.stored.bytes(values));
                }
            }
        }
        Ok(digest.finalize().iter().map(|byte| format!("{byte:02x}")).collect())
    }
}

/// Voxels between two questions whether to go on.
const AT_ONCE: usize = 1 << 20;

const PARTICIPANTS: &str = "participants.tsv";
const SUBJECT: &str = "sub-01/func/sub-01_task-pain";
const DERIVED: &str = "derivatives/boldly-simulate/sub-01/func/sub-01_task-pain";
const TRUTH: &str = "derivatives/truth/sub-01/func/sub-01_task-pain";

/// Where the run and what belongs to it lie, relative to the dataset's folder.
pub mod paths {
    /// The run.
    pub const BOLD: &str = "sub-01/func/sub-01_task-pain_bold.nii.gz";
    /// Onsets, durations and conditions.
    pub const EVENTS: &str = "sub-01/func/sub-01_task-pain_events.tsv";
    /// Pulse, breathing and trigger.
    pub const PHYSIO: &str = "sub-01/func/sub-01_task-pain_physio.tsv.gz";
    /// Motion and mean signals.
    pub const CONFOUNDS: &str = "derivatives/boldly-simulate/sub-01/func/\
                                 sub-01_task-pain_desc-confounds_timeseries.tsv";
    /// The brain.
    pub const MASK: &str =
        "derivatives/boldly-simulate/sub-01/func/sub-01_task-pain_desc-brain_mask.nii.gz";
    /// The brainstem, periaqueductal grey included.
    pub const BRAINSTEM: &str =
        "derivatives/truth/sub-01/func/sub-01_task-pain_label-brainstem_mask.nii.gz";
    /// The periaqueductal grey.
    pub const PAG: &str = "derivatives/truth/sub-01/func/sub-01_task-pain_label-PAG_mask.nii.gz";
    /// True response to pain.
    pub const TRUE_PAIN: &str =
        "derivatives/truth/sub-01/func/sub-01_task-pain_desc-pain_effect.nii.gz";
    /// True response to control.
    pub const TRUE_CONTROL: &str =
        "derivatives/truth/sub-01/func/sub-01_task-pain_desc-control_effect.nii.gz";
    /// A checksum of each other file's content.
    pub const CHECKSUMS: &str = "derivatives/truth/checksums.tsv";
    /// Says how the study was made.
    pub const README: &str = "README.md";
}

/// The README, which tells a study from others before it is made. `command`: the line that makes it.
#[must_use]
pub fn readme(command: &str) -> String {
    include_str!("dataset-readme.md").replace("{command}", command)
}

/// The names of all files, as [`files_while`] has them, before the study is made.
#[must_use]
pub fn names() -> Vec<String> {
    let of_run = ["bold.nii.gz", "events.tsv", "physio.tsv.gz", "physio.json"];
    let derived = [
        "confounds_timeseries.tsv",
        "confounds_timeseries.json",
        "brain_mask.nii.gz",
        "brain_mask.json",
    ];
    let truth = [
        "desc-pain_effect.nii.gz",
        "desc-control_effect.nii.gz",
        "desc-cardiac_sd.nii.gz",
        "desc-respiratory_sd.nii.gz",
        "desc-noise_rho.nii.gz",
        "dseg.nii.gz",
        "dseg.tsv",
        "dseg.json",
        "label-brainstem_mask.nii.gz",
        "label-PAG_mask.nii.gz",
        "desc-cardiac_phase.tsv.gz",
        "desc-cardiac_phase.json",
        "desc-respiratory_phase.tsv.gz",
        "desc-respiratory_phase.json",
        "desc-beats_times.tsv",
        "desc-beats_times.json",
        "desc-breaths_times.tsv",
        "desc-breaths_times.json",
    ];
    let folders = ["", "derivatives/boldly-simulate/", "derivatives/truth/"];
    let described = folders.map(|folder| format!("{folder}dataset_description.json"));
    let others = [
        paths::README,
        PARTICIPANTS,
        "participants.json",
        "task-pain_bold.json",
        "task-pain_events.json",
        paths::CHECKSUMS,
        "derivatives/truth/checksums.json",
    ];
    let mut names: Vec<String> = others.map(str::to_owned).into_iter().chain(described).collect();
    names.extend(of_run.map(|ending| format!("{SUBJECT}_{ending}")));
    names.extend(derived.map(|ending| format!("{DERIVED}_desc-{ending}")));
    names.extend(truth.map(|ending| format!("{TRUTH}_{ending}")));
    names.sort();
    names
}

/// All files of the dataset: path relative to its folder, with `/`, and content, in the order of the paths.
/// `command` is the line that makes it again, for the README.
///
/// # Errors
/// Those of `go_on`, which is asked again and again whether to.
pub fn files_while(
    study: &Study,
    command: &str,
    go_on: GoOn<'_>,
) -> Result<Vec<(String, Content)>> {
    let mut files = raw(study, command);
    files.extend(derivatives(study));
    files.extend(truth(study));
    files.sort_by(|a, b| a.0.cmp(&b.0));
    let mut rows = Vec::new();
    for (path, content) in &files {
        rows.push(vec![path.clone(), content.sha256(go_on)?]);
    }
    let columns = ["path", "sha256_of_content"].map(str::to_owned).to_vec();
    let sums = Table { name: paths::CHECKSUMS.to_owned(), columns, rows };
    files.extend(described(paths::CHECKSUMS, &sums, &dictionaries::checksums()));
    files.sort_by(|a, b| a.0.cmp(&b.0));
    Ok(files)
}

fn raw(study: &Study, command: &str) -> Vec<(String, Content)> {
    let spec = &study.spec;
    let bold = json!({
        "TaskName": "pain",
        "RepetitionTime": spec.tr,
        "SliceTiming": study.acquisition.slice_times,
        "SliceEncodingDirection": "k",
        "MultibandAccelerationFactor": spec.multiband,
    });
    let (samples, physio) = recorded(&study.recording);
    let [events, described_events] = described(
        paths::EVENTS,
        &study.events,
        &dictionaries::events(&[("pain", "painful heat"), ("control", "touch")]),
    );
    let [people, described_people] = participants();
    let bold_image = Content::Image(Box::new(Image {
        grid: study.grid.clone(),
        tr: Some(spec.tr),
        n_volumes: spec.n_volumes,
        values: study.bold.clone(),
        stored: bold_stored(&study.bold, spec.thermal_sd),
    }));
    vec![
        (
            "dataset_description.json".into(),
            dataset("A simulated pain study with known truth", "raw"),
        ),
        (paths::README.into(), Content::Text(readme(command))),
        people,
        described_people,
        ("task-pain_bold.json".into(), pretty(&bold)),
        ("task-pain_events.json".into(), described_events.1),
        (paths::BOLD.into(), bold_image),
        events,
        (paths::PHYSIO.into(), samples),
        (format!("{SUBJECT}_physio.json"), physio),
    ]
}

fn participants() -> [(String, Content); 2] {
    let table = Table {
        name: PARTICIPANTS.to_owned(),
        columns: ["participant_id", "species"].map(str::to_owned).to_vec(),
        rows: vec![["sub-01", "simulated"].map(str::to_owned).to_vec()],
    };
    described(PARTICIPANTS, &table, &dictionaries::participants())
}

/// dataset_description.json. `kind`: `raw` or `derivative`.
pub(super) fn dataset(name: &str, kind: &str) -> Content {
    let mut description = json!({
        "Name": name,
        "BIDSVersion": "1.10.0",
        "DatasetType": kind,
    });
    if kind == "raw" {
        description["License"] = "CC0".into();
    }
    let version = env!("CARGO_PKG_VERSION");
    description["GeneratedBy"] = json!([{ "Name": "boldly simulate", "Version": version }]);
    pretty(&description)
}

/// A recording as BIDS has it: samples, a column a trace, and the sidecar.
pub(super) fn recorded(recording: &Recording) -> (Content, Content) {
    let traces = [&recording.cardiac, &recording.respiratory, &recording.trigger];
    let columns: Vec<&str> = ["cardiac", "respiratory", "trigger"]
        .into_iter()
        .zip(traces)
        .filter_map(|(name, trace)| trace.as_ref().map(|_| name))
        .collect();
    let traces: Vec<_> = traces.into_iter().flatten().collect();
    let mut samples = String::new();
    for sample in 0..traces.first().map_or(0, |t| t.samples.len()) {
        let row: Vec<String> = traces.iter().map(|t| t.samples[sample].to_string()).collect();
        samples += &row.join("\t");
        samples += "\n";
    }
    let mut physio = json!({
        "SamplingFrequency": traces.first().map(|t| t.sampling_hz),
        "StartTime": traces.first().map(|t| t.start_s),
        "Columns": columns,
    });
    columns.iter().for_each(|column| physio[*column] = dictionaries::recorded(column).into());
    (Content::GzText(samples), pretty(&physio))
}

/// 8 bits where the whole range fits, 16 otherwise, coarser steps where it would not fit these either.
pub(super) fn bold_stored(bold: &[f32], thermal_sd: f64) -> Stored {
    let largest = bold.iter().fold(0.0_f32, |most, &v| most.max(v));
    // The header holds the slope in 32 bits.
    let slope = f64::from((BOLD_STEP_IN_THERMAL_SD * thermal_sd).max(0.01) as f32);
    if f64::from(largest) <= 255.0 * slope {
        return Stored::UInt8 { slope };
    }
    Stored::Int16 { slope: slope.max(f64::from(largest / f32::from(i16::MAX))) }
}

fn derivatives(study: &Study) -> Vec<(String, Content)> {
    let [confounds, of_confounds] =
        described(paths::CONFOUNDS, &study.confounds, &dictionaries::confounds());
    vec![
        (
            "derivatives/boldly-simulate/dataset_description.json".into(),
            dataset("What a preprocessing would deliver", "derivative"),
        ),
        confounds,
        of_confounds,
        (paths::MASK.into(), mask(study, &study.mask.inside)),
        (format!("{DERIVED}_desc-brain_mask.json"), pretty(&json!({ "Type": "Brain" }))),
    ]
}

fn truth(study: &Study) -> Vec<(String, Content)> {
    let truth = &study.truth;
    let map = |values: &[f32], stored: Stored| map(study, values.to_vec(), stored);
    let fine = |values: &[f32]| map(values, Stored::Int16 { slope: 0.0625 });
    let labels: Vec<f32> = truth.labels.iter().map(|&v| f32::from(v)).collect();
    let names = Label::NAMES.into_iter().map(|(label, name)| (label as u8, name));
    let tables = [
        region_names(&format!("{TRUTH}_dseg.tsv"), names),
        phases("cardiac", &study.physiology.cardiac_phase, study),
        phases("respiratory", &study.physiology.respiratory_phase, study),
        times("beats", &study.physiology.beats_s),
        times("breaths", &study.physiology.breaths_s),
    ];
    let brainstem = truth.where_label(&[Label::Brainstem, Label::Pag]);
    let maps = vec![
        (
            "derivatives/truth/dataset_description.json".into(),
            dataset("What was put into the simulated run", "derivative"),
        ),
        (paths::TRUE_PAIN.into(), fine(&truth.pain)),
        (paths::TRUE_CONTROL.into(), fine(&truth.control)),
        (format!("{TRUTH}_desc-cardiac_sd.nii.gz"), fine(&truth.cardiac)),
        (format!("{TRUTH}_desc-respiratory_sd.nii.gz"), fine(&truth.respiratory)),
        (
            format!("{TRUTH}_desc-noise_rho.nii.gz"),
            map(&truth.rho, Stored::UInt8 { slope: 1.0 / 256.0 }),
        ),
        (format!("{TRUTH}_dseg.nii.gz"), map(&labels, Stored::UInt8 { slope: 1.0 })),
        (paths::BRAINSTEM.into(), mask(study, &brainstem)),
        (paths::PAG.into(), mask(study, &truth.where_label(&[Label::Pag]))),
    ];
    maps.into_iter().chain(tables.into_iter().flatten()).collect()
}

fn map(study: &Study, values: Vec<f32>, stored: Stored) -> Content {
    Content::Image(Box::new(Image {
        grid: study.grid.clone(),
        tr: None,
        n_volumes: 1,
        values,
        stored,
    }))
}

fn mask(study: &Study, inside: &[bool]) -> Content {
    let values = inside.iter().map(|&v| f32::from(u8::from(v))).collect();
    map(study, values, Stored::UInt8 { slope: 1.0 })
}

/// Unwrapped phases in radians, a row a volume, a column a slice, and their sidecar. `of`: cardiac, respiratory.
fn phases(of: &str, phase: &[Vec<f64>], study: &Study) -> [(String, Content); 2] {
    let mut text = String::new();
    for volume in phase {
        let cells: Vec<String> = volume.iter().map(|p| format!("{p:.4}")).collect();
        text += &cells.join("\t");
        text += "\n";
    }
    let columns: Vec<String> =
        (0..phase.first().map_or(0, Vec::len)).map(|k| format!("slice_{k}")).collect();
    let mut said = json!({
        "SamplingFrequency": 1.0 / study.spec.tr,
        "StartTime": 0.0,
        "Columns": columns,
    });
    for (k, column) in columns.iter().enumerate() {
        let entry = Entry::of(format!("Unwrapped {of} phase at the time of slice {k}"));
        said[column] = entry.in_units("rad").into();
    }
    let stem = format!("{TRUTH}_desc-{of}_phase");
    [(format!("{stem}.tsv.gz"), Content::GzText(text)), (format!("{stem}.json"), pretty(&said))]
}

/// `of`: beats, breaths.
fn times(of: &str, seconds: &[f64]) -> [(String, Content); 2] {
    let path = format!("{TRUTH}_desc-{of}_times.tsv");
    let table = Table {
        name: path.clone(),
        columns: vec!["time_s".to_owned()],
        rows: seconds.iter().map(|t| vec![format!("{t:.4}")]).collect(),
    };
    let says = Entry::of(format!("Time of each of the {of}, from the first volume on"));
    let dictionary = DataDictionary::default().column("time_s", says.in_units("s"));
    described(&path, &table, &dictionary)
}

pub(super) fn tsv(table: &Table) -> Content {
    let mut text = table.columns.join("\t") + "\n";
    for row in &table.rows {
        text += &row.join("\t");
        text += "\n";
    }
    Content::Text(text)
}

pub(super) fn pretty(value: &Value) -> Content {
    Content::Text(format!("{value:#}\n"))
}

/// A table and the JSON beside it.
#[must_use]
pub fn described(path: &str, table: &Table, dictionary: &DataDictionary) -> [(String, Content); 2] {
    let columns = || table.columns.iter().map(String::as_str);
    let fields = dictionary.fields(columns());
    let lacks = undescribed(columns(), &fields);
    debug_assert!(lacks.is_none(), "column {lacks:?} of {path} has no object in its dictionary");
    [(path.to_owned(), tsv(table)), (json_path(path), pretty(&Value::Object(fields)))]
}

/// The JSON of a table.
#[must_use]
pub fn json_path(path: &str) -> String {
    path.replace(".tsv", ".json")
}

/// The names of labelled regions, with the JSON beside them.
pub(super) fn region_names<'a>(
    path: &str,
    names: impl Iterator<Item = (u8, &'a str)>,
) -> [(String, Content); 2] {
    let table = Table {
        name: path.to_owned(),
        columns: ["index", "name"].map(str::to_owned).to_vec(),
        rows: names.map(|(label, name)| vec![label.to_string(), name.to_owned()]).collect(),
    };
    described(path, &table, &dictionaries::labels())
}
