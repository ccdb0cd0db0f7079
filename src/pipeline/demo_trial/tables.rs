//! What the runs came to, as tables that the next commands read: maps for `group`, a row a visit for `trial`.

use std::path::{Path, PathBuf};

use serde_json::Value;

use super::names::{BRAIN, COUPLING, Folders, NETWORK, PHYSIO, SEED};
use crate::error::{Error, Result};
use crate::io::{self, Overwrite};
use crate::pipeline::simulate::write_files;
use crate::pipeline::watch::Watch;
use crate::simulate::drug_trial::{DrugTrial, Region, SESSIONS, Visit};
use crate::simulate::{dictionaries, write};
use crate::table::Table;
use crate::table::dictionary::{DataDictionary, Entry};

/// How `group` calls the visits.
const SESSION_NAMES: [&str; 2] = ["before", "after"];

/// The tables written; gives back the rows of [`BRAIN`].
///
/// # Errors
/// What the runs' results lack; output errors.
pub(super) fn write(folders: &Folders, trial: &DrugTrial, watch: &dyn Watch) -> Result<()> {
    let pain = |visit: &Visit, ending: &str| {
        Some(folders.of_pain(trial, visit, &format!("physio_summary.{ending}")))
    };
    let rest = |visit: &Visit, ending: &str| {
        let path = folders.of_rest(trial, visit).join(format!("physio_summary.{ending}"));
        visit.has_rest.then_some(path)
    };
    let (in_pain, of_pain) = stacked(trial, &pain)?;
    let (at_rest, of_rest) = stacked(trial, &rest)?;
    let brain = brain(folders, trial, [&in_pain, &at_rest])?;
    // A region's signal was asked for at rest alone.
    let physio = Table { name: PHYSIO.to_owned(), ..in_pain.above(at_rest) };
    let dictionary: serde_json::Map<String, Value> = of_pain.into_iter().chain(of_rest).collect();
    let of_maps = dictionaries::maps("Fisher's z of the seed with each voxel");
    let files = [
        write::described(BRAIN, &brain, &described()),
        write::described(PHYSIO, &physio, &DataDictionary::made(dictionary)),
        write::described(COUPLING.1, &maps(trial), &of_maps),
    ];
    let files = files.concat();
    write_files((files.len(), files), &folders.out, Overwrite::Own, watch)
}

/// The tables of a task's runs below each other, and the dictionary of the first. `path`: of a visit, its table or (`json`) the dictionary; none where it has no such run.
fn stacked(
    trial: &DrugTrial,
    path: &dyn Fn(&Visit, &str) -> Option<PathBuf>,
) -> Result<(Table, serde_json::Map<String, Value>)> {
    let mut all: Option<(Table, String)> = None;
    for visit in &trial.visits {
        let (Some(table), Some(dictionary)) = (path(visit, "tsv"), path(visit, "json")) else {
            continue;
        };
        let table = io::tsv::read(&table)?;
        match &mut all {
            Some((all, _)) => all.rows.extend(table.rows),
            None => all = Some((table, io::read_text(&dictionary)?)),
        }
    }
    let none = || Error::internal("the trial", "has no visit", "have some", "");
    let (table, sidecar) = all.ok_or_else(none)?;
    Ok((Table { name: PHYSIO.to_owned(), ..table }, columns_of(&sidecar)?))
}

/// Of a sidecar what it says of columns.
fn columns_of(sidecar: &str) -> Result<serde_json::Map<String, Value>> {
    let wrong =
        |cause| Error::internal("physio_summary.json", "is no JSON", "be", "").caused_by(cause);
    let value: Value = serde_json::from_str(sidecar).map_err(wrong)?;
    let is_column = |value: &Value| value.get("Description").is_some();
    let fields = value.as_object().into_iter().flatten();
    let kept = fields.filter(|(_, value)| is_column(value));
    Ok(kept.map(|(name, value)| (name.clone(), value.clone())).collect())
}

/// A cell of the row that begins so.
pub(super) fn cell(table: &Table, path: &Path, begins: &[&str], column: &str) -> Result<String> {
    let is_it = |row: &&Vec<String>| begins.iter().zip(row.iter()).all(|(a, b)| a == b);
    let at = table.position(column);
    let found = table.rows.iter().find(is_it).and_then(|row| row.get(at?));
    found.cloned().ok_or_else(|| {
        let found = format!("has no {column} of {}", begins.join(", "));
        Error::internal(path.display().to_string(), found, "have one", "")
    })
}

/// A number with six decimals, so that another device's last digits do not matter.
fn rounded(cell: &str) -> String {
    cell.parse::<f64>().map_or_else(|_| "n/a".to_owned(), |v| format!("{v:.6}"))
}

/// `summaries`: of the pain runs and of those at rest.
fn brain(folders: &Folders, trial: &DrugTrial, summaries: [&Table; 2]) -> Result<Table> {
    let columns = [
        "participant_id",
        "session_id",
        "pag_pain",
        "insula_pain",
        "insula_dmn_z",
        "mean_fd",
        "mean_fd_insula_dmn_z",
    ];
    let values = SESSIONS.map(|session| folders.of_visit(session, "region_values.tsv"));
    let tables = values.iter().map(|path| io::tsv::read(path)).collect::<Result<Vec<Table>>>()?;
    let mut rows = Vec::new();
    for visit in &trial.visits {
        let (id, session) = (&trial.patients[visit.patient].id, SESSIONS[visit.session]);
        let (table, path) = (&tables[visit.session], &values[visit.session]);
        // A row a participant and region, between them what else says which map it is.
        let effect = |region: Region| {
            let of_region = table.position("region");
            let is_it = |row: &&Vec<String>| {
                row[0] == *id && of_region.is_some_and(|at| row[at] == region.name())
            };
            let row = table.rows.iter().find(is_it).cloned().unwrap_or_default();
            let own = Table { rows: vec![row], ..table.clone() };
            cell(&own, path, &[id], "mean")
        };
        let [left, right] = Region::INSULA.map(effect);
        let insula = match (left?.parse::<f64>(), right?.parse::<f64>()) {
            (Ok(left), Ok(right)) => format!("{:.6}", (left + right) / 2.0),
            _ => "n/a".to_owned(),
        };
        let fd =
            |summary: &Table| cell(summary, Path::new(&summary.name), &[id, session], "mean_fd");
        let fd_at_rest = if visit.has_rest { fd(summaries[1])? } else { "n/a".to_owned() };
        let pag = rounded(&effect(Region::Pag)?);
        let z = coupling(folders, trial, visit)?;
        let motion = [fd(summaries[0])?, fd_at_rest].map(|fd| rounded(&fd));
        rows.push([vec![id.clone(), session.to_owned(), pag, insula, z], motion.to_vec()].concat());
    }
    let columns = columns.map(str::to_owned).to_vec();
    Ok(Table { name: BRAIN.to_owned(), columns, rows })
}

/// Fisher's z of the insula with the default mode network.
fn coupling(folders: &Folders, trial: &DrugTrial, visit: &Visit) -> Result<String> {
    if !visit.has_rest {
        return Ok("n/a".to_owned());
    }
    let path = folders.of_rest(trial, visit).join("networks.tsv");
    let table = io::tsv::read(&path)?;
    let either =
        [[NETWORK, SEED], [SEED, NETWORK]].map(|pair| cell(&table, &path, &pair, "mean_z"));
    let [one, other] = either;
    Ok(rounded(&one.or(other)?))
}

fn described() -> DataDictionary {
    let value = |name: &str, says: &str, units: &str| {
        Entry::of(says).called(name).in_units(units).with("SelectedBy", "atlas")
    };
    let percent = "percent signal change";
    let pag = "Response to pain in the periaqueductal grey";
    let insula = "Response to pain in the anterior insula, mean of both sides";
    let coupling = "Fisher's z of the anterior insula with the default mode network at rest";
    let moved = |of: &str| Entry::of(format!("Framewise displacement of the {of}")).in_units("mm");
    DataDictionary::default()
        .column("participant_id", "The patient")
        .column("session_id", "The visit")
        .column("pag_pain", value("PAG, pain", pag, percent))
        .column("insula_pain", value("Insula, pain", insula, percent))
        .column("insula_dmn_z", value("Insula with DMN", coupling, "Fisher z"))
        .column("mean_fd", moved("pain run"))
        .column("mean_fd_insula_dmn_z", moved("run at rest"))
}

/// The connectivity maps of all who have both.
fn maps(trial: &DrugTrial) -> Table {
    let map = format!("seed-{SEED}_stat-fisherz_statmap.nii.gz");
    let count = |patient: usize| {
        trial.visits.iter().filter(|visit| visit.patient == patient && visit.has_rest).count()
    };
    let both = trial.visits.iter().filter(|visit| count(visit.patient) == SESSIONS.len());
    let row = |visit: &Visit| {
        let patient = &trial.patients[visit.patient];
        let folder = format!("../connect/{}/{}", patient.id, SESSIONS[visit.session]);
        let (arm, session) = (patient.arm.name(), SESSION_NAMES[visit.session]);
        vec![patient.id.clone(), arm.to_owned(), session.to_owned(), format!("{folder}/{map}")]
    };
    Table {
        name: "maps.tsv".to_owned(),
        columns: ["subject", "group", "session", "effect"].map(str::to_owned).to_vec(),
        rows: both.map(row).collect(),
    }
}
