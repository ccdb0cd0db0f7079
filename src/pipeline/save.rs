//! Runs a command and writes what it made: images, tables and a sidecar beside each image, all or nothing.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::time::Instant;

use rayon::prelude::*;
use serde_json::{Map, Value, json};

use crate::error::{Error, Result};
use crate::gpu::{Activity, Device, Span};
use crate::io::Outputs;
use crate::io::bids::Name;
use crate::io::hash::{self, Checksum};
use crate::io::{self, BoldFile, Intent, Resampled};
use crate::pipeline::blocks::Ladder;
use crate::pipeline::glm::{self, GlmResult};
use crate::pipeline::inputs::display;
use crate::pipeline::provenance::{Input, Provenance, SCHEMA, relative, sidecar_path};
use crate::pipeline::qc::{Page, Qc};
use crate::pipeline::smoothing;
use crate::pipeline::spec::{Command, GlmSpec, SmoothSpec};
use crate::pipeline::watch::{Journal, Watch};
use crate::recording::Acquisition;

mod retroicor;

pub(crate) use retroicor::mask_stem;
pub use retroicor::{Cleaning, retroicor};

/// What the sidecars say about the process that made them.
#[derive(Debug)]
pub struct Session {
    /// The command line as it was typed.
    pub command_line: Vec<String>,
    /// When it began.
    pub started: Instant,
    /// The device, and what to do when it fails.
    pub ladder: Ladder,
    /// Draws the QC page of what has physiology.
    pub page: Page,
}

/// What a command wrote for one image or analysis.
#[derive(Debug)]
pub struct Saved {
    /// The image, or the folder of maps.
    pub out: PathBuf,
    /// Its sidecar's content.
    pub provenance: Provenance,
    /// Maps beside it.
    pub maps: Vec<PathBuf>,
}

/// Run `glm` and write into `out`. Returns the result and its provenance.
///
/// # Errors
/// Input, device and output errors; then nothing is left in `out`.
pub fn glm(
    session: &mut Session,
    spec: &GlmSpec,
    out: &Path,
    watch: &dyn Watch,
) -> Result<(GlmResult, Provenance)> {
    let journal = Journal::new(watch);
    let mut outputs = Outputs::new();
    outputs.folder(out)?;
    let mut result = glm::run(spec, &mut session.ladder, &journal)?;
    let names = file_names(&result);
    let read = result.bolds.iter().map(|b| &b.path).chain(result.files.iter().map(|(_, p)| p));
    refuse_overwriting(read, names.iter().map(|name| out.join(name)))?;
    warn_of_older_maps(out, &names, &journal);
    journal.stage("write", 1);
    write_images(&outputs, &result, out, &session.ladder.device)?;

    for (run, design) in result.designs.iter().enumerate() {
        let name = design_name(run, result.designs.len());
        let table = io::tsv::write_string(&design.to_table(&name));
        outputs.text(&out.join(name), &table)?;
    }
    let small_files = hashed(&result.files)?;
    // All that does not wait for the checksums of the runs is done.
    let mut inputs = Vec::new();
    for (run, bold) in spec.runs.iter().zip(&mut result.bolds) {
        inputs.push(("bold", run.bold.clone(), bold.checksum()?));
    }
    inputs.extend(small_files);
    let made = Made {
        command: Command::Glm(spec.clone()),
        stages: result.stages.clone(),
        dof: Some(result.dof),
        dof_spent: None,
        resolved: result.resolved.clone(),
        images: names.iter().filter(|n| n.ends_with(".nii.gz")).cloned().collect(),
        counts: result.counts.clone(),
        physio: result.physio.clone(),
    };
    let provenance = provenance(session, made, &inputs, out, &journal);

    let sidecar = provenance.to_json(Map::new())?;
    outputs.text(&out.join("mask.json"), &sidecar)?;
    result
        .maps
        .par_iter()
        .try_for_each(|map| outputs.text(&out.join(format!("{}.json", map.stem)), &sidecar))?;
    if !result.qc.is_empty() {
        let runs = std::mem::take(&mut result.qc);
        let title = result.bolds.iter().map(|b| Name::of(&b.path).prefix());
        let title = title.collect::<Vec<_>>().join(", ");
        let page = (session.page)(&Qc::of_provenance(&provenance, title, runs))?;
        outputs.text(&out.join(QC_NAME), &page)?;
    }
    outputs.commit()?;
    Ok((result, provenance))
}

/// The page of `glm`'s physiology in its folder.
const QC_NAME: &str = "desc-retroicor_qc.html";

fn design_name(run: usize, n_runs: usize) -> String {
    if n_runs == 1 { "design.tsv".to_owned() } else { format!("run-{}_design.tsv", run + 1) }
}

/// Every file that `glm` writes, relative to its folder.
fn file_names(result: &GlmResult) -> Vec<String> {
    let n_runs = result.designs.len();
    let stems = result.maps.iter().map(|map| map.stem.as_str()).chain(["mask"]);
    stems
        .flat_map(|stem| [format!("{stem}.nii.gz"), format!("{stem}.json")])
        .chain((0..n_runs).map(|run| design_name(run, n_runs)))
        .chain((!result.qc.is_empty()).then(|| QC_NAME.to_owned()))
        .collect()
}

/// An output must not take the place of an input: the raw run would be lost, and nothing could be verified.
pub(crate) fn refuse_overwriting<'a>(
    inputs: impl Iterator<Item = &'a PathBuf>,
    outputs: impl Iterator<Item = PathBuf>,
) -> Result<()> {
    let real: HashSet<PathBuf> = inputs.filter_map(|path| path.canonicalize().ok()).collect();
    let is_input = |path: &PathBuf| path.canonicalize().is_ok_and(|path| real.contains(&path));
    match outputs.into_iter().find(is_input) {
        None => Ok(()),
        Some(path) => Err(Error::usage(
            "--out",
            format!("would replace {}, which is also an input", display(&path)),
            "leave every input as it is",
            "choose another folder or name",
        )),
    }
}

/// Maps of an earlier analysis that this one does not replace.
fn warn_of_older_maps(out: &Path, names: &[String], watch: &dyn Watch) {
    let there = std::fs::read_dir(out).into_iter().flatten().flatten();
    let older = there
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .filter(|name| name.ends_with("_statmap.nii.gz") && !names.contains(name))
        .count();
    if older > 0 {
        watch.warn(&format!(
            "{} holds {older} maps of another analysis, which stay; mask and design become this one's",
            display(out)
        ));
    }
}

/// All maps and the mask, on all cores.
fn write_images(outputs: &Outputs, result: &GlmResult, out: &Path, device: &Device) -> Result<()> {
    let began = Instant::now();
    let header = &result.header;
    let mask: Vec<f32> = result.mask.inside.iter().map(|&v| f32::from(u8::from(v))).collect();
    outputs.map(&out.join("mask.nii.gz"), &header.for_map(Intent::None), &mask)?;
    result.maps.par_iter().try_for_each(|map| {
        let path = out.join(format!("{}.nii.gz", map.stem));
        outputs.maps(&path, &header.for_map(map.intent()), &map.rows)
    })?;
    let rows: usize = result.maps.iter().map(|map| map.rows.len()).sum();
    device.record(Span {
        stage: "write".to_owned(),
        activity: Activity::File,
        seconds: began.elapsed().as_secs_f64(),
        bytes: (4 * mask.len() * (rows + 1)) as u64,
        flops: 0,
    });
    Ok(())
}

/// Run `smooth` and write the smoothed run.
///
/// # Errors
/// Input, device and output errors; then nothing is left behind.
pub fn smooth(
    session: &mut Session,
    spec: &SmoothSpec,
    out: &Path,
    watch: &dyn Watch,
) -> Result<Provenance> {
    let journal = Journal::new(watch);
    let outputs = Outputs::new();
    let mut bold = BoldFile::open(&spec.bold)?;
    let sidecar = io::sidecar::find(&spec.bold, None)?;
    let read = sidecar.files.iter().chain([&spec.bold]).chain(&spec.smooth.within);
    refuse_overwriting(read, [out.to_owned(), sidecar_path(out)].into_iter())?;
    let header = bold.header.for_bold(bold.n_volumes);
    let smoothing = smoothing::prepare(&spec.smooth, &bold.grid, &journal)?;
    let mut writer = outputs.bold(out, &header)?;
    let ladder = &mut session.ladder;
    match &smoothing {
        Some(s) => smoothing::smooth_run(ladder, &mut bold, &mut writer, s, &journal)?,
        None => smoothing::copy_run(ladder, &mut bold, &mut writer, &journal)?,
    }
    writer.finish()?;
    let mut inputs = vec![("bold", spec.bold.clone(), bold.checksum()?)];
    if let Some(within) = &spec.smooth.within {
        inputs.extend(hashed(&[("smooth within", within.clone())])?);
    }
    let before = crate::pipeline::provenance::beside(&spec.bold)?;
    let made = Made {
        command: Command::Smooth(spec.clone()),
        stages: vec!["read".to_owned(), "smooth".to_owned()],
        dof: None,
        dof_spent: before.and_then(|p| p.dof_spent),
        resolved: smoothing
            .iter()
            .map(|s| s.taps.effective_fwhm_mm(bold.grid.voxel_size_mm))
            .map(|fwhm| ("effective_fwhm_mm".to_owned(), json!(fwhm)))
            .collect(),
        images: vec![file_name(out)],
        counts: Map::new(),
        physio: Vec::new(),
    };
    let acquisition = io::acquisition(&bold, &sidecar, None, None).ok();
    let bids = bids_fields(acquisition, io::resampled(&bold, &sidecar));
    finish_bold(session, outputs, made, &inputs, bids, out, &journal)
}

pub(super) fn file_name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

/// The parts of a provenance that the command knows.
#[derive(Clone)]
pub(super) struct Made {
    pub(super) command: Command,
    pub(super) stages: Vec<String>,
    pub(super) dof: Option<f64>,
    pub(super) dof_spent: Option<f64>,
    pub(super) resolved: Map<String, Value>,
    pub(super) images: Vec<String>,
    pub(super) counts: Map<String, Value>,
    pub(super) physio: Vec<crate::physio::PhysioSummary>,
}

fn finish_bold(
    session: &mut Session,
    mut outputs: Outputs,
    made: Made,
    inputs: &[(&str, PathBuf, Checksum)],
    bids: Map<String, Value>,
    out: &Path,
    journal: &Journal<'_>,
) -> Result<Provenance> {
    let folder = out.parent().unwrap_or(Path::new(""));
    let provenance = provenance(session, made, inputs, folder, journal);
    outputs.text(&sidecar_path(out), &provenance.to_json(bids)?)?;
    outputs.commit()?;
    Ok(provenance)
}

pub(super) fn provenance(
    session: &mut Session,
    made: Made,
    inputs: &[(&str, PathBuf, Checksum)],
    folder: &Path,
    journal: &Journal<'_>,
) -> Provenance {
    let near = |path: &Path| relative(path, folder);
    Provenance {
        schema: SCHEMA,
        version: env!("CARGO_PKG_VERSION").to_owned(),
        command_line: session.command_line.clone(),
        command: made.command.map_paths(&near),
        stages: made.stages,
        resolved: made.resolved,
        images: made.images,
        inputs: inputs
            .iter()
            .map(|(role, path, checksum)| Input {
                role: (*role).to_owned(),
                path: near(path),
                checksum: checksum.clone(),
            })
            .collect(),
        device: session.ladder.report(),
        dof: made.dof,
        dof_spent: made.dof_spent,
        counts: made.counts,
        physio: made.physio,
        warnings: journal.warnings(),
        timings: totals(session.ladder.device.take_spans()),
        wall_s: session.started.elapsed().as_secs_f64(),
    }
}

/// Time, bytes and operations summed over blocks, by stage and activity, in the order they first appear.
#[must_use]
pub fn totals(spans: Vec<Span>) -> Vec<Span> {
    let mut sums: Vec<Span> = Vec::new();
    for span in spans {
        let same = |s: &&mut Span| s.stage == span.stage && s.activity == span.activity;
        match sums.iter_mut().find(same) {
            Some(sum) => {
                sum.seconds += span.seconds;
                sum.bytes += span.bytes;
                sum.flops += span.flops;
            }
            None => sums.push(span),
        }
    }
    sums
}

/// Seconds a list of spans spent on an activity.
#[must_use]
pub fn seconds(spans: &[Span], activity: Activity) -> f64 {
    spans.iter().filter(|s| s.activity == activity).map(|s| s.seconds).sum()
}

pub(super) fn hashed(
    files: &[(&'static str, PathBuf)],
) -> Result<Vec<(&'static str, PathBuf, Checksum)>> {
    files.iter().map(|(role, path)| Ok((*role, path.clone(), hash::file(path)?))).collect()
}

/// BIDS fields that stay true of a corrected run.
fn bids_fields(
    acquisition: Option<Acquisition>,
    resampled: Option<Resampled>,
) -> Map<String, Value> {
    let mut fields = Map::new();
    if let Some(resampled) = resampled {
        if resampled.slice_timing_corrected {
            fields.insert("SliceTimingCorrected".to_owned(), json!(true));
        }
        fields.extend(resampled.space.map(|s| ("SpatialReference".to_owned(), json!(s))));
    }
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
