//! What a run's recordings, motion and signal come to, a row a run: a table of covariates, and an outcome of a trial, where a
//! drug changes the heart's rate or how much patients move.

use std::path::Path;

use crate::design::censor::Measures;
use crate::io::bids::Name;
use crate::maps::Entities;
use crate::physio::rvt;
use crate::pipeline::inputs::{self, Physiology, Run};
use crate::pipeline::products::{Agreement, Text};
use crate::pipeline::watch::Watch;
use crate::table::dictionary::{DataDictionary, Entry};

/// One run.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct RunSummary {
    /// The image, or the recording where none is at hand: whose name says whose run it is.
    entities: Vec<String>,
    name: String,
    /// Beats a minute.
    heart_rate: Option<f64>,
    /// Breaths a minute.
    breathing_rate: Option<f64>,
    /// Mean over the volumes, units of the recording a second.
    rvt: Option<f64>,
    /// Mean over the volumes but the first where it is known, mm.
    mean_fd: Option<f64>,
    volumes: usize,
    kept_volumes: Option<usize>,
    /// Of each region.
    tsnr: Vec<(String, f64)>,
}

impl RunSummary {
    /// Of recordings alone. `path`: of the run, or of what was recorded.
    #[must_use]
    pub fn of_recordings(path: &Path, found: &Physiology) -> RunSummary {
        let Physiology { retroicor, shown, moment_s, .. } = found;
        let summary = &retroicor.summary;
        let (name, volumes) = (Name::of(path), shown.n_volumes);
        let times_s: Vec<f64> = (0..volumes).map(|v| v as f64 * shown.tr + moment_s).collect();
        RunSummary {
            name: name.prefix(),
            entities: name.entities,
            heart_rate: summary.heart_rate_bpm,
            breathing_rate: summary.breathing_rate_per_minute,
            rvt: mean_rvt(found, &times_s),
            volumes,
            ..RunSummary::default()
        }
    }

    /// Of a run that was opened. `tsnr`: of its regions, where there are any.
    #[must_use]
    pub fn of_run(run: &Run, tsnr: Vec<(String, f64)>) -> RunSummary {
        let recorded = run.physio.as_ref().map(|found| Self::of_recordings(&run.path, found));
        let name = Name::of(&run.path);
        RunSummary {
            name: run.name(),
            entities: name.entities,
            mean_fd: mean_fd(&run.measures),
            volumes: run.kept.len() + run.left_out.len(),
            kept_volumes: Some(run.kept.len()),
            tsnr,
            ..recorded.unwrap_or_default()
        }
    }

    /// The value of an entity; none where the name has none.
    fn entity(&self, key: &str) -> Option<&str> {
        let of = |entity: &&String| entity.split_once('-').is_some_and(|(own, _)| own == key);
        self.entities.iter().find(of).map(String::as_str)
    }

    fn cells(&self, regions: &[String]) -> Vec<String> {
        let text = |value: Option<&str>| value.unwrap_or("n/a").to_owned();
        let bare = |key: &str| self.entity(key).and_then(|e| e.split_once('-')).map(|(_, v)| v);
        let number = |value: Option<f64>| {
            value.filter(|v| v.is_finite()).map_or("n/a".to_owned(), |v| v.to_string())
        };
        let tsnr = |region: &String| {
            number(self.tsnr.iter().find(|(name, _)| name == region).map(|(_, tsnr)| *tsnr))
        };
        let of_run = [
            text(self.entity("sub")),
            text(self.entity("ses")),
            text(bare("task")),
            text(bare("run")),
            self.name.clone(),
            number(self.heart_rate),
            number(self.breathing_rate),
            number(self.rvt),
            number(self.mean_fd),
            self.volumes.to_string(),
            self.kept_volumes.map_or("n/a".to_owned(), |n| n.to_string()),
        ];
        of_run.into_iter().chain(regions.iter().map(tsnr)).collect()
    }
}

/// Why a rate is n/a though its trace was recorded: the terms ask nothing of it. None where nothing of the kind is.
#[must_use]
pub fn unread(found: &Physiology) -> Option<String> {
    let (recording, summary) = (&found.recording, &found.retroicor.summary);
    let lacks_breaths = recording.respiratory.is_some() && summary.n_breaths.is_none();
    let lacks_beats = recording.cardiac.is_some() && summary.n_beats.is_none();
    let (what, trace) = match (lacks_breaths, lacks_beats) {
        (true, _) => ("breathing_rate and rvt are", "breathing"),
        (false, true) => ("heart_rate is", "pulse"),
        (false, false) => return None,
    };
    Some(format!(
        "{what} n/a in physio_summary.tsv: --terms {} asks nothing of the {trace} that was recorded",
        summary.terms
    ))
}

/// Framewise displacement of the first volume is not defined; volumes where it is not known do not count.
fn mean_fd(measures: &Measures) -> Option<f64> {
    let fd = measures.fd.as_deref()?.iter().enumerate().skip(1);
    let is_known = |volume: usize| measures.unknown_fd.binary_search(&volume).is_err();
    let known: Vec<f64> = fd.filter(|(volume, _)| is_known(*volume)).map(|(_, &fd)| fd).collect();
    (!known.is_empty()).then(|| known.iter().sum::<f64>() / known.len() as f64)
}

/// None without breaths enough.
fn mean_rvt(found: &Physiology, times_s: &[f64]) -> Option<f64> {
    let breaths = found.retroicor.breaths.as_ref()?;
    let values = rvt(found.recording.respiratory.as_ref()?, breaths, times_s, "").ok()?;
    (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64)
}

const COLUMNS: [&str; 11] = [
    "participant_id",
    "session_id",
    "task",
    "run",
    "name",
    "heart_rate",
    "breathing_rate",
    "rvt",
    "mean_fd",
    "volumes",
    "kept_volumes",
];

/// `physio_summary.tsv` of the runs of one command.
#[must_use]
pub fn table(runs: &[RunSummary]) -> Text {
    let regions: Vec<String> = runs
        .first()
        .map_or(Vec::new(), |run| run.tsnr.iter().map(|(name, _)| name.clone()).collect());
    let columns = COLUMNS.iter().map(|c| (*c).to_owned());
    let columns: Vec<String> =
        columns.chain(regions.iter().map(|region| format!("tsnr_{region}"))).collect();
    let mut text = columns.join("\t") + "\n";
    for run in runs {
        text += &(run.cells(&regions).join("\t") + "\n");
    }
    let entities = Entities::of("physio_summary");
    Text::table(entities, text, Some(Agreement::Host), &described(&regions))
}

/// [`table()`] of the runs of a first-level model, if any has something to tell: recordings, motion, volumes that were left out, regions. `tsnr`: `[run]`, of regions.
#[must_use]
pub fn of_runs(runs: &[Run], tsnr: Vec<Vec<(String, f64)>>, watch: &dyn Watch) -> Option<Text> {
    let mut told: Vec<String> =
        runs.iter().filter_map(|run| unread(run.physio.as_ref()?)).collect();
    told.dedup();
    told.iter().for_each(|why| watch.note(why));
    for run in runs.iter().filter(|run| !run.measures.unknown_fd.is_empty()) {
        let n = run.measures.unknown_fd.len();
        watch.note(&format!(
            "mean_fd of {} is without {n} volume{} whose framewise displacement is n/a",
            run.name(),
            if n == 1 { "" } else { "s" }
        ));
    }
    let of_run = |((run, tsnr), name)| RunSummary { name, ..RunSummary::of_run(run, tsnr) };
    let rows = runs.iter().zip(tsnr).zip(inputs::names(runs));
    let rows: Vec<RunSummary> = rows.map(of_run).collect();
    let tells = |(run, row): (&Run, &RunSummary)| {
        let is_measured = row.mean_fd.is_some() || !row.tsnr.is_empty();
        run.physio.is_some() || is_measured || !run.left_out.is_empty()
    };
    runs.iter().zip(&rows).any(tells).then(|| table(&rows))
}

fn described(regions: &[String]) -> DataDictionary {
    let said = [
        ("participant_id", "Participant", "Whose run it is", ""),
        ("session_id", "Session", "The visit of the run", ""),
        ("task", "Task", "The task of the run", ""),
        ("run", "Run", "The number of the run", ""),
        ("name", "Name", "What the run is called", ""),
        ("heart_rate", "Heart rate", "Mean heart rate over the recording", "beats/min"),
        (
            "breathing_rate",
            "Breathing rate",
            "Mean breathing rate over the recording",
            "breaths/min",
        ),
        (
            "rvt",
            "Respiration volume per time",
            "Respiration volume per time by peaks (Birn et al. 2006), mean over the volumes; to be compared between recordings of one gain alone",
            "arbitrary/s",
        ),
        (
            "mean_fd",
            "Mean framewise displacement",
            "Framewise displacement (Power et al. 2012), mean over all volumes but the first where it is known, those left out included",
            "mm",
        ),
        ("volumes", "Volumes", "Volumes of the image", ""),
        ("kept_volumes", "Volumes kept", "Volumes that were not left out of the fit", ""),
    ];
    let said = said.map(|(column, name, description, units)| {
        (column, Entry::of(description).called(name).in_units(units))
    });
    let of_region = |region: &String| {
        let description =
            format!("Mean over the voxels of {region} of mean / sd over time, nothing taken off");
        (format!("tsnr_{region}"), Entry::of(description).called(format!("tSNR of {region}")))
    };
    DataDictionary::of("What recordings, motion and signal of each run come to")
        .columns(said)
        .columns(regions.iter().map(of_region))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::table::Table;

    #[test]
    fn volumes_of_which_no_displacement_is_known_are_not_in_its_mean() {
        let table = |columns: &[&str], rows: &[&[&str]]| Table {
            name: "x.tsv".to_owned(),
            columns: columns.iter().map(|&name| name.to_owned()).collect(),
            rows: rows
                .iter()
                .map(|row| row.iter().map(|&cell| cell.to_owned()).collect())
                .collect(),
        };
        let mean = |table: Table| mean_fd(&Measures::of(&[table]).expect("numbers").0);
        let given = [&["n/a"][..], &["0.2"], &["n/a"], &["0.4"]];
        let got = mean(table(&["framewise_displacement"], &given)).expect("two are known");
        assert!((got - 0.3).abs() < 1e-12, "{got}");
        let one = |x: &'static str, turn: &'static str| [x, "0", "0", turn, "0", "0"];
        let rows = [one("0", "0"), one("0.1", "n/a"), one("0.2", "0"), one("0.5", "0.002")];
        let rows: Vec<&[&str]> = rows.iter().map(|row| &row[..]).collect();
        // the turn is unknown at volume 1: of volume 3 alone all changes are known, .3 mm and .002 x 50 mm
        let got = mean(table(&crate::design::motion::PARAMETERS, &rows)).expect("one is known");
        assert!((got - 0.4).abs() < 1e-12, "{got}");
        assert_eq!(mean(table(&["framewise_displacement"], &[&["n/a"], &["n/a"]])), None);
    }
}
