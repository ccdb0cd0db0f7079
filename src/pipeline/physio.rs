//! The `physio` command as a story: learn when the run was acquired, read and align the record, find the beats, build the
//! columns, and write them in the forms that other tools read.

use std::path::{Path, PathBuf};

use serde::Serialize;
use serde_json::json;

use crate::error::{Error, Result};
use crate::io::physio::Logs;
use crate::io::sidecar::Sidecar;
use crate::io::{self, Resampled};
use crate::maps::Entities;
use crate::physio::{self, Channel, PhysioSummary};
use crate::pipeline::inputs::{self, Physiology, open_bold};
use crate::pipeline::moment::{self, Moment};
use crate::pipeline::physio_summary::RunSummary;
use crate::pipeline::products::{Account, Agreement, Draw, Layout, Opened, Page, Products, Text};
use crate::pipeline::provenance::{Input, Provenance};
use crate::pipeline::recordings::OfRun;
use crate::pipeline::session::Session;
use crate::pipeline::spec::{Command, PhysioSpec, Role};
use crate::pipeline::watch::Watch;
use crate::pipeline::{peak_table, physio_summary, qc, recordings};
use crate::recording::Acquisition;
use crate::report;
use crate::volume::SliceGroups;

mod text;

/// The peak table, by its entities, and what follows the prefix in its name.
const PEAKS: &str = "desc-peaks_events";
const PEAKS_ENDING: &str = "_desc-peaks_events.tsv";

/// Everything that is written.
#[derive(Debug, Clone)]
struct PhysioResult {
    /// When the run was acquired.
    acquisition: Acquisition,
    /// Whether the columns stand at each slice's own time too.
    by_slice: bool,
    /// The moment of the volume-wise columns.
    moment: Moment,
    /// The record and its columns; volume-wise ones in `columns`.
    physio: Physiology,
}

/// The summary file.
#[derive(Debug, Clone, Serialize)]
struct Summary<'a> {
    /// Version that wrote it.
    version: &'a str,
    /// The command line as it was typed.
    command_line: &'a [String],
    /// Files read, relative to the folder of the outputs.
    inputs: &'a [Input],
    /// Files written, in that folder.
    outputs: Vec<&'a Path>,
    /// Repetition time, seconds.
    repetition_time_s: f64,
    /// Volumes.
    volumes: usize,
    /// Which moment the volume-wise columns hold.
    moment: Moment,
    /// Seconds from the start of the volume to it.
    moment_s: f64,
    /// What was found in the record.
    physio: &'a PhysioSummary,
    /// Warnings that were printed.
    warnings: &'a [String],
}

/// Turn recordings into columns.
///
/// # Errors
/// What the files hold or lack; output errors.
pub fn run(
    spec: &PhysioSpec,
    session: &mut Session<'_>,
    products: &mut dyn Products,
) -> Result<()> {
    let watch = &session.watch;
    let Scanned { mut acquisition, opened, resampled, sidecar, n_slices } = scanned(spec, watch)?;
    let of_run = OfRun {
        files: &spec.physio,
        formats: &spec.physio_formats,
        record: &spec.record,
        sidecar: &sidecar,
        n_slices,
        is_resampled: resampled.is_some(),
    };
    let logs = recordings::open(&of_run, &mut acquisition, watch)?;
    let (moment, moment_s) = match &resampled {
        Some((_, moment)) => *moment,
        None => moment::of_slices(&acquisition),
    };
    let found: Vec<_> = logs.found.iter().map(|file| (Role::Physio, file.clone())).collect();
    let (physio, refused) = columns(spec, logs, &acquisition, moment_s, watch)?;
    say_moment(moment, moment_s, &resampled, &acquisition, watch);
    let by_slice = acquisition.slice_times.is_some();
    let result = PhysioResult { acquisition, by_slice, moment, physio };
    for text in texts(&result) {
        // Of a recording that is refused the peaks alone are made, for a person to look at.
        if !refused || text.entities.stem("") == PEAKS {
            products.table(text)?;
        }
    }
    let path = spec.bold.as_ref().or(spec.physio.first());
    let summary = path.map(|path| RunSummary::of_recordings(path, &result.physio));
    let summary = summary.filter(|_| !refused);
    let why_not = summary.as_ref().and_then(|_| physio_summary::unread(&result.physio));
    why_not.iter().for_each(|why| watch.note(why));
    summary.map_or(Ok(()), |one| products.table(physio_summary::table(&[one])))?;
    let Opened { found: sidecars, bolds } = opened;
    let opened = Opened { found: [sidecars, found].concat(), bolds };
    let account = Account {
        stages: vec!["read", "physio"],
        physio: vec![result.physio.retroicor.summary.clone()],
        resolved: refused.then(|| (REFUSED.to_owned(), json!(true))).into_iter().collect(),
        pages: pages(&result)?,
        ..Account::of(Command::Physio(spec.clone()), opened)
    };
    products.finish(session, account)
}

/// The record's columns, and whether they are refused: at each slice time and, as the last plane's, at the moment of the volume-wise ones.
fn columns(
    spec: &PhysioSpec,
    logs: Logs,
    acquisition: &Acquisition,
    moment_s: f64,
    watch: &dyn Watch,
) -> Result<(Physiology, bool)> {
    let at_moment = with_moment(acquisition, moment_s);
    let (record, terms) = (&spec.record, &spec.terms);
    let made = recordings::columns(logs.recording.clone(), record, &at_moment, terms, watch);
    let ((recording, mut retroicor, known), refused) = match made {
        Ok(made) => (made, false),
        Err(Error::Interrupted) => return Err(Error::Interrupted),
        // What cannot be used may still be looked at.
        Err(error) => {
            let is_refusal = |summary: &PhysioSummary| {
                refusal(summary).is_some_and(|refusal| refusal.to_string() == error.to_string())
            };
            let at = (&at_moment, terms);
            match recordings::looked_at(logs.recording, record, at, &is_refusal, watch) {
                Some(seen) => (seen, true),
                None => return Err(error),
            }
        }
    };
    retroicor.summary.logs = logs.notes;
    let groups = &mut retroicor.groups;
    let last = groups.group_of_plane.pop().unwrap_or(0);
    let columns = groups.columns[last].clone();
    let shown = acquisition.clone();
    let peaks = spec.record.peaks.as_deref();
    let apart = spec.bold.as_ref().and_then(|bold| inputs::apart(bold, &spec.physio, peaks));
    let physio = Physiology { recording, retroicor, known, shown, moment_s, columns, apart };
    if let Some(bold) = &spec.bold {
        inputs::say_apart(&physio, bold, watch);
    }
    Ok((physio, refused))
}

/// Where the sidecar says that no columns were made.
const REFUSED: &str = "refused";

/// Why a command that has written its page made no columns; none where it did.
#[must_use]
pub fn refused(saved: &Provenance) -> Option<Error> {
    saved.resolved.get(REFUSED)?;
    refusal(saved.physio.first()?)
}

/// Why no columns are made of a pulse.
fn refusal(summary: &PhysioSummary) -> Option<Error> {
    let pulse = summary.unusable.iter().find(|u| u.channel == Channel::Cardiac)?;
    Some(pulse.refused(&physio::thing(&summary.recording, pulse.channel.name())))
}

fn say_moment(
    moment: Moment,
    moment_s: f64,
    resampled: &Option<(Resampled, (Moment, f64))>,
    acquisition: &Acquisition,
    watch: &dyn Watch,
) {
    let why = match (resampled, &acquisition.slice_times) {
        (Some((resampled, _)), _) => {
            format!("; none by slice: the run was resampled, {}", resampled.said_by)
        }
        (None, None) => "; no slice times, so no slice-wise ones".to_owned(),
        (None, Some(_)) => String::new(),
    };
    let moment = moment.name();
    watch.note(&format!("volume-wise columns: at {moment}, {moment_s:.4} s into the volume{why}"));
}

/// The columns and peaks in every form.
fn texts(result: &PhysioResult) -> Vec<Text> {
    let retroicor = |suffix| Entities::of(suffix).with("desc", "retroicor");
    let peaks = peak_table::of(&result.physio.retroicor, &result.physio.known);
    let mut texts = vec![
        Text::table(
            retroicor("timeseries"),
            text::volume_wise(result),
            Some(Agreement::Host),
            &text::description(result),
        ),
        Text::plain(
            retroicor("multiple_regressors"),
            ".txt",
            text::multiple_regressors(result),
            Some(Agreement::Host),
        ),
        Text::table(
            Entities::of("events").with("desc", "peaks"),
            io::tsv::write_string(&peak_table::table(&peaks)),
            Some(Agreement::Host),
            &peak_table::description(),
        ),
    ];
    if let Some(slices) = result.slices() {
        let by_slice = Entities::of("regressors").with("desc", "retroicorSlices");
        let rounded = || Some(Agreement::Decimals(8));
        let rows = text::slice_wise(result, slices);
        texts.push(Text::table(by_slice, rows, rounded(), &text::slice_description(result)));
        let slibase = Entities::of("desc-retroicor.slibase");
        texts.push(Text::plain(slibase, ".1D", text::slibase(slices), rounded()));
    }
    texts
}

impl PhysioResult {
    /// Columns at each slice's own time; none where slice times are not known.
    fn slices(&self) -> Option<&SliceGroups> {
        self.by_slice.then_some(&self.physio.retroicor.groups)
    }
}

/// The summary, and the page to look at.
fn pages(result: &PhysioResult) -> Result<Vec<Page>> {
    let (moment, moment_s) = (result.moment, result.physio.moment_s);
    let (tr, volumes) = (result.acquisition.tr, result.acquisition.n_volumes);
    let physio = result.physio.retroicor.summary.clone();
    let summary: Draw = Box::new(move |provenance: &Provenance| {
        let summary = Summary {
            version: &provenance.version,
            command_line: &provenance.command_line,
            inputs: &provenance.inputs,
            outputs: provenance.outputs.iter().map(|o| o.name.as_path()).collect(),
            repetition_time_s: tr,
            volumes,
            moment,
            moment_s,
            physio: &physio,
            warnings: &provenance.warnings,
        };
        Ok(format!("{:#}\n", json!(summary)))
    });
    let mut run = qc::of_run(&result.physio)?;
    let page: Draw = Box::new(move |provenance: &Provenance| {
        let peaks = provenance.outputs.iter().find(|o| o.entities == PEAKS);
        run.peak_file = peaks.map(|o| o.name.display().to_string());
        let prefix = run.peak_file.as_deref().and_then(|name| name.strip_suffix(PEAKS_ENDING));
        let title = prefix.map_or(run.name.clone(), str::to_owned);
        report::qc::page(&qc::of_provenance(provenance, title, vec![run]))
    });
    let retroicor = |suffix| Entities::of(suffix).with("desc", "retroicor");
    Ok(vec![
        Page { entities: retroicor("summary"), ending: ".json", draw: summary },
        // A name of its own: the page of a corrected run may lie beside it.
        Page { entities: Entities::of("qc").with("desc", "physio"), ending: ".html", draw: page },
    ])
}

/// A week at a volume every 0.6 s; columns are held in memory.
const MOST_VOLUMES: usize = 1_000_000;

/// When the run was acquired, with the files that said so.
struct Scanned {
    acquisition: Acquisition,
    opened: Opened,
    /// What was done to it, and the moment of its volumes.
    resampled: Option<(Resampled, (Moment, f64))>,
    /// What its sidecars say.
    sidecar: Sidecar,
    /// Planes of a volume, where they are known and still slices.
    n_slices: Option<usize>,
}

/// From the run's image, or as told.
fn scanned(spec: &PhysioSpec, watch: &dyn Watch) -> Result<Scanned> {
    let slice_times = spec.slice_times.as_deref().map(io::slice_times::read).transpose()?;
    let Some(path) = &spec.bold else { return told(spec, slice_times.as_deref(), watch) };
    let bold = open_bold(path, watch)?;
    let sidecar = inputs::sidecar(&bold, spec.sidecar.as_deref(), spec.tr, watch)?;
    let is_known = io::has_repetition_time(&bold, &sidecar)?;
    let logs = (spec.physio.as_slice(), spec.physio_formats.as_slice());
    let tr = recordings::repetition_time(spec.tr, is_known, logs, watch)?;
    let acquisition = io::acquisition(&bold, &sidecar, tr, slice_times.as_deref())?;
    let resampled = of_resampled(io::resampled(&bold, &sidecar), &acquisition, &sidecar)?;
    let n_slices = resampled.is_none().then_some(bold.grid.shape[2]);
    let opened = Opened { found: of_sidecar(&sidecar), bolds: vec![Box::new(bold)] };
    Ok(Scanned { acquisition, opened, resampled, sidecar, n_slices })
}

/// Of a run whose image is not at hand: from the options and, where one is named, a sidecar.
fn told(spec: &PhysioSpec, slice_times: Option<&[f64]>, watch: &dyn Watch) -> Result<Scanned> {
    let sidecar = match &spec.sidecar {
        Some(file) => io::sidecar::find(file, Some(file))?,
        None => Sidecar::default(),
    };
    sidecar.doubts.iter().for_each(|doubt| watch.warn(doubt));
    let is_timed = spec.tr.is_some() || sidecar.has_repetition_time();
    let (n_volumes, tr) = of_log(spec, is_timed, watch)?;
    let Some(n_volumes) = n_volumes.filter(|_| tr.is_some() || spec.sidecar.is_some()) else {
        return Err(Error::usage(
            "the command line",
            "names neither --bold nor --volumes with --tr or a --sidecar",
            "say when the run was acquired",
            "give the image with --bold, or --volumes N with --sidecar JSON, or with --tr SECONDS --slice-times FILE; the _Info.log of a \
             Siemens run, also in a DICOM file, takes the place of --volumes, --tr and --slice-times",
        ));
    };
    if !(1..=MOST_VOLUMES).contains(&n_volumes) {
        return Err(Error::usage(
            format!("--volumes {n_volumes}"),
            "is no number of volumes",
            format!("be the number of volumes of the run, 1 to {MOST_VOLUMES}"),
            "check the command line",
        ));
    }
    let acquisition = io::told(&sidecar, n_volumes, tr, slice_times)?;
    let said = io::contradictions_of(&sidecar, (n_volumes, None), tr);
    said.iter().for_each(|said| watch.warn(said));
    let resampled = of_resampled(io::told_resampled(&sidecar), &acquisition, &sidecar)?;
    let n_slices = acquisition.slice_times.as_ref().map(Vec::len);
    let opened = Opened { found: of_sidecar(&sidecar), ..Opened::default() };
    Ok(Scanned { acquisition, opened, resampled, sidecar, n_slices })
}

/// Volumes and repetition time as told, else as the scanner's log counts them. `is_timed`: an option or a sidecar has the latter.
fn of_log(
    spec: &PhysioSpec,
    is_timed: bool,
    watch: &dyn Watch,
) -> Result<(Option<usize>, Option<f64>)> {
    if spec.volumes.is_some() && is_timed {
        return Ok((spec.volumes, spec.tr));
    }
    let Some(counted) = io::physio::counted(&spec.physio, &spec.physio_formats)? else {
        return Ok((spec.volumes, spec.tr));
    };
    if spec.volumes.is_none() {
        watch.note(&format!("{} volumes, as {} counts them", counted.n_volumes, counted.log));
        counted.doubt.iter().for_each(|doubt| watch.warn(doubt));
    }
    let tr = if is_timed { spec.tr } else { recordings::told_tr(&counted, watch) };
    Ok((spec.volumes.or(Some(counted.n_volumes)), tr))
}

fn of_resampled(
    how: Option<Resampled>,
    acquisition: &Acquisition,
    sidecar: &Sidecar,
) -> Result<Option<(Resampled, (Moment, f64))>> {
    let Some(how) = how else { return Ok(None) };
    Ok(Some((how, moment::of_resampled(acquisition, sidecar)?)))
}

fn of_sidecar(sidecar: &Sidecar) -> Vec<(Role, PathBuf)> {
    sidecar.files.iter().map(|file| (Role::Sidecar, file.clone())).collect()
}

/// The acquisition with one more plane, the last, acquired at that moment.
fn with_moment(acquisition: &Acquisition, moment_s: f64) -> Acquisition {
    let mut slice_times = acquisition.slice_times.clone().unwrap_or_default();
    slice_times.push(moment_s);
    Acquisition { slice_times: Some(slice_times), ..acquisition.clone() }
}

/// Where the outputs go: names begin with `out`, or in the folder `out` with the recording's name without its suffix.
#[must_use]
pub fn layout(out: &Path, recordings: &[PathBuf]) -> Layout {
    let is_folder = out.is_dir() || out.as_os_str().to_string_lossy().ends_with(['/', '\\']);
    if is_folder { Layout::prefix(&out.join(prefix_of(recordings))) } else { Layout::prefix(out) }
}

/// The name of a recording without its suffix.
fn prefix_of(recordings: &[PathBuf]) -> String {
    let name = recordings.first().and_then(|p| p.file_name()).unwrap_or_default().to_string_lossy();
    let stem = name.split('.').next().unwrap_or_default();
    let stem = stem.strip_suffix("_physio").unwrap_or(stem);
    let parts: Vec<&str> = stem.split('_').filter(|p| !p.starts_with("recording-")).collect();
    if parts.concat().is_empty() { "physio".to_owned() } else { parts.join("_") }
}
