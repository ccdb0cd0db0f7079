//! The `physio` command as a story: learn when the run was acquired, read and align the record, find the beats, build the
//! columns, and write them in the forms that other tools read.

use std::path::{Path, PathBuf};

use ndarray::Array2;
use serde::Serialize;
use serde_json::json;

use crate::error::{Error, Result};
use crate::io::physio::{Format, Scan};
use crate::io::{self, BoldFile, Outputs, Resampled, hash};
use crate::physio::{PhysioSummary, Terms};
use crate::pipeline::moment::{self, Moment};
use crate::pipeline::provenance::{Input, relative};
use crate::pipeline::qc::{self, Found, Page, Qc, RunQc};
use crate::pipeline::save::refuse_overwriting;
use crate::pipeline::spec::RecordOptions;
use crate::pipeline::watch::{Journal, Watch};
use crate::pipeline::{peak_table, recordings};
use crate::recording::Acquisition;
use crate::volume::SliceGroups;

mod text;

/// What `boldly physio` was asked to do.
#[derive(Debug, Clone, Default)]
pub struct PhysioSpec {
    /// Recordings of the run.
    pub physio: Vec<PathBuf>,
    /// How they are read: one for each, one for all, or none where they tell themselves.
    pub physio_formats: Vec<Format>,
    /// How they are placed on the run's time, and corrected beats.
    pub record: RecordOptions,
    /// Which columns.
    pub terms: Terms,
    /// The run, for its number of volumes, TR and slice times; without it `tr` and `volumes` say so.
    pub bold: Option<PathBuf>,
    /// A BIDS sidecar in place of the inherited ones.
    pub sidecar: Option<PathBuf>,
    /// Slice times in seconds, one a plane.
    pub slice_times: Option<PathBuf>,
    /// Repetition time in seconds.
    pub tr: Option<f64>,
    /// Volumes of the run, where no image says it.
    pub volumes: Option<usize>,
}

/// Everything that is written.
#[derive(Debug, Clone)]
pub struct PhysioResult {
    /// When the run was acquired.
    pub acquisition: Acquisition,
    /// Columns at each slice's own time; none where slice times are not known.
    pub slices: Option<SliceGroups>,
    /// Column names.
    pub names: Vec<String>,
    /// Columns at one moment of each volume, `[volume][column]`.
    pub volume_wise: Array2<f64>,
    /// That moment.
    pub moment: Moment,
    /// Seconds from the start of the volume to it.
    pub moment_s: f64,
    /// What was found.
    pub summary: PhysioSummary,
    /// The record on the run's time, beats and breaths with their status, and what else the QC page shows.
    pub qc: RunQc,
    /// Files read, role and path.
    pub files: Vec<(&'static str, PathBuf)>,
}

/// The summary file, and what `--json` prints.
#[derive(Debug, Clone, Serialize)]
pub struct Summary {
    /// Version that wrote it.
    pub version: String,
    /// The command line as it was typed.
    pub command_line: Vec<String>,
    /// Files read, relative to the folder of the outputs.
    pub inputs: Vec<Input>,
    /// Files written, in that folder.
    pub outputs: Vec<String>,
    /// Repetition time, seconds.
    pub repetition_time_s: f64,
    /// Volumes.
    pub volumes: usize,
    /// Which moment the volume-wise columns hold.
    pub moment: Moment,
    /// Seconds from the start of the volume to it.
    pub moment_s: f64,
    /// What was found in the record.
    pub physio: PhysioSummary,
    /// Warnings that were printed.
    pub warnings: Vec<String>,
}

/// Build everything in memory.
///
/// # Errors
/// What the files hold or lack.
pub fn run(spec: &PhysioSpec, watch: &dyn Watch) -> Result<PhysioResult> {
    let Scanned { acquisition, mut files, resampled } = scanned(spec, watch)?;
    files.extend(spec.physio.iter().map(|p| ("physio", p.clone())));
    files.extend(spec.record.peaks.iter().map(|p| ("peaks", p.clone())));

    let (moment, moment_s) = match &resampled {
        Some((_, moment)) => *moment,
        None => moment::of_slices(&acquisition),
    };
    let at_moment = with_moment(&acquisition, moment_s);
    let scan = Scan {
        tr: acquisition.tr,
        n_volumes: acquisition.n_volumes,
        n_slices: acquisition.slice_times.as_ref().map(Vec::len),
        first_volume_of_day_s: None,
    };
    let logs = io::physio::read_run(&spec.physio, &spec.physio_formats, &scan)?;
    logs.notes.iter().for_each(|note| watch.note(note));
    files.extend(logs.found.iter().map(|p| ("physio", p.clone())));
    let (recording, mut retroicor, known) =
        recordings::columns(logs.recording, &spec.record, &at_moment, &spec.terms, watch)?;

    let groups = &mut retroicor.groups;
    let last = groups.group_of_plane.pop().unwrap_or(0);
    let volume_wise = groups.columns[last].clone();
    let why = match (&resampled, &acquisition.slice_times) {
        (Some((resampled, _)), _) => {
            format!("; none by slice: the run was resampled, {}", resampled.said_by)
        }
        (None, None) => "; no slice times, so no slice-wise ones".to_owned(),
        (None, Some(_)) => String::new(),
    };
    let moment_name = moment.name();
    watch.note(&format!(
        "volume-wise columns: at {moment_name}, {moment_s:.4} s into the volume{why}"
    ));
    let found = Found { recording, retroicor: &retroicor, known: &known };
    let qc = qc::of_run(found, &acquisition, moment_s, volume_wise.clone())?;
    let groups = retroicor.groups;
    Ok(PhysioResult {
        names: groups.names.clone(),
        slices: acquisition.slice_times.is_some().then_some(groups),
        acquisition,
        volume_wise,
        moment,
        moment_s,
        summary: PhysioSummary { logs: logs.notes, ..retroicor.summary },
        qc,
        files,
    })
}

/// Run `physio` and write the files whose names begin with `out`, or into `out` where it is a folder. `page` draws the QC
/// page.
///
/// # Errors
/// Input and output errors; then nothing is left behind.
pub fn write(
    spec: &PhysioSpec,
    out: &Path,
    command_line: Vec<String>,
    page: Page,
    watch: &dyn Watch,
) -> Result<(PathBuf, Summary)> {
    let journal = Journal::new(watch);
    let mut result = run(spec, &journal)?;
    let prefix = prefix(out, &spec.physio);
    let name = |ending: &str| {
        let stem = prefix.file_name().unwrap_or_default().to_string_lossy();
        prefix.with_file_name(format!("{stem}{ending}"))
    };
    let json = |value: &serde_json::Value| format!("{value:#}\n");
    let mut texts = vec![
        (name("_desc-retroicor_timeseries.tsv"), text::volume_wise(&result)),
        (name("_desc-retroicor_timeseries.json"), json(&text::description(&result))),
        (name("_desc-retroicor_multiple_regressors.txt"), text::multiple_regressors(&result)),
        (
            name("_desc-peaks_events.tsv"),
            io::tsv::write_string(&peak_table::table(&result.qc.peaks)),
        ),
        (name("_desc-peaks_events.json"), json(&peak_table::description())),
    ];
    if let Some(slices) = &result.slices {
        texts.push((
            name("_desc-retroicorSlices_regressors.tsv"),
            text::slice_wise(&result, slices),
        ));
        let described = json(&text::slice_description(&result));
        texts.push((name("_desc-retroicorSlices_regressors.json"), described));
        texts.push((name("_desc-retroicor.slibase.1D"), text::slibase(slices)));
    }
    let summary_path = name("_desc-retroicor_summary.json");
    let page_path = name("_desc-retroicor_qc.html");
    let outputs_of = texts.iter().map(|(path, _)| path.clone());
    let written: Vec<PathBuf> =
        outputs_of.chain([summary_path.clone(), page_path.clone()]).collect();
    refuse_overwriting(result.files.iter().map(|(_, p)| p), written.iter().cloned())?;

    let folder = summary_path.parent().unwrap_or(Path::new(""));
    let inputs = result.files.iter().map(|(role, path)| {
        let checksum = hash::file(path)?;
        Ok(Input { role: (*role).to_owned(), path: relative(path, folder), checksum })
    });
    let file_name = |p: &PathBuf| p.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let summary = Summary {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        command_line,
        inputs: inputs.collect::<Result<_>>()?,
        outputs: written.iter().map(file_name).collect(),
        repetition_time_s: result.acquisition.tr,
        volumes: result.acquisition.n_volumes,
        moment: result.moment,
        moment_s: result.moment_s,
        physio: result.summary.clone(),
        warnings: journal.warnings(),
    };
    let mut outputs = Outputs::new();
    for (path, text) in &texts {
        outputs.text(path, text)?;
    }
    outputs.text(&summary_path, &json(&json!(summary)))?;
    result.qc.peak_file = Some(file_name(&name("_desc-peaks_events.tsv")));
    outputs.text(&page_path, &page(&page_of(&summary, result.qc, file_name(&prefix)))?)?;
    outputs.commit()?;
    Ok((prefix, summary))
}

/// The page's contents. `title`: what its heading calls the run.
fn page_of(summary: &Summary, run: RunQc, title: String) -> Qc {
    Qc {
        title,
        version: summary.version.clone(),
        command_line: summary.command_line.clone(),
        inputs: summary.inputs.clone(),
        outputs: summary.outputs.clone(),
        warnings: summary.warnings.clone(),
        runs: vec![run],
        maps: None,
    }
}

/// What a column is, from its name, in words.
pub(super) fn described(name: &str) -> String {
    text::column(name)["Description"].as_str().unwrap_or_default().to_owned()
}

/// When the run was acquired, with the files that said so.
struct Scanned {
    acquisition: Acquisition,
    files: Vec<(&'static str, PathBuf)>,
    /// What was done to it, and the moment of its volumes.
    resampled: Option<(Resampled, (Moment, f64))>,
}

/// From the run's image, or as told.
fn scanned(spec: &PhysioSpec, watch: &dyn Watch) -> Result<Scanned> {
    let slice_times = spec.slice_times.as_deref().map(io::slice_times::read).transpose()?;
    let mut files: Vec<(&'static str, PathBuf)> = Vec::new();
    files.extend(spec.slice_times.iter().map(|p| ("slice times", p.clone())));
    if let Some(path) = &spec.bold {
        let bold = BoldFile::open(path)?;
        let sidecar = io::sidecar::find(path, spec.sidecar.as_deref())?;
        for note in io::acquisition_notes(&bold, &sidecar, spec.tr) {
            watch.note(&note);
        }
        files.push(("bold", path.clone()));
        files.extend(sidecar.files.iter().map(|f| ("sidecar", f.clone())));
        let acquisition = io::acquisition(&bold, &sidecar, spec.tr, slice_times.as_deref())?;
        let resampled = match io::resampled(&bold, &sidecar) {
            Some(how) => Some((how, moment::of_resampled(&acquisition, &sidecar)?)),
            None => None,
        };
        return Ok(Scanned { acquisition, files, resampled });
    }
    let (Some(tr), Some(n_volumes)) = (spec.tr, spec.volumes) else {
        return Err(Error::usage(
            "the command line",
            "names neither --bold nor both --tr and --volumes",
            "say when the run was acquired",
            "give the image with --bold, or --tr SECONDS --volumes N --slice-times FILE",
        ));
    };
    if !(tr.is_finite() && tr > 0.0) || n_volumes == 0 {
        return Err(Error::usage(
            "the run",
            format!("has --tr {tr} and --volumes {n_volumes}"),
            "have a repetition time in seconds and volumes, both above 0",
            "check the command line",
        ));
    }
    let acquisition = Acquisition { tr, n_volumes, slice_times, start_time: 0.0 };
    Ok(Scanned { acquisition, files, resampled: None })
}

/// The acquisition with one more plane, the last, acquired at that moment.
fn with_moment(acquisition: &Acquisition, moment_s: f64) -> Acquisition {
    let mut slice_times = acquisition.slice_times.clone().unwrap_or_default();
    slice_times.push(moment_s);
    Acquisition { slice_times: Some(slice_times), ..acquisition.clone() }
}

/// What the names of the outputs begin with: `out`, or in the folder `out` the recording's name without its suffix.
fn prefix(out: &Path, recordings: &[PathBuf]) -> PathBuf {
    let is_folder = out.is_dir() || out.as_os_str().to_string_lossy().ends_with(['/', '\\']);
    if !is_folder {
        return out.to_owned();
    }
    let name = recordings.first().and_then(|p| p.file_name()).unwrap_or_default().to_string_lossy();
    let stem = name.split('.').next().unwrap_or_default();
    let stem = stem.strip_suffix("_physio").unwrap_or(stem);
    let parts: Vec<&str> = stem.split('_').filter(|p| !p.starts_with("recording-")).collect();
    out.join(if parts.concat().is_empty() { "physio".to_owned() } else { parts.join("_") })
}
