//! What `boldly glm` and `connect` leave beside a map of a run with recordings, as columns of a group: heart and breathing rate, RVT, motion, kept
//! volumes, tSNR of regions.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::io;
use crate::pipeline::inputs::display;
use crate::pipeline::spec::Role;
use crate::pipeline::watch::Watch;
use crate::table::Table;

/// The table beside a map.
const SUMMARY: &str = "physio_summary.tsv";
/// Its columns that say whose run a row is.
const KEYS: [&str; 5] = ["participant_id", "session_id", "task", "run", "name"];

/// The table beside a map, or in a folder of them.
pub(super) fn file(map: &Path) -> Option<PathBuf> {
    let folder = if map.is_dir() { map } else { map.parent()? };
    Some(folder.join(SUMMARY)).filter(|path| path.is_file())
}

/// The tables beside the maps of some files, each once.
pub(super) fn files(all: &[(Role, PathBuf)]) -> Vec<(Role, PathBuf)> {
    let maps = all.iter().filter(|(role, _)| *role == Role::Effect);
    let found: BTreeSet<PathBuf> = maps.filter_map(|(_, map)| file(map)).collect();
    found.into_iter().map(|path| (Role::Table, path)).collect()
}

/// Puts the numbers of the tables beside the maps behind the columns of a table of maps, whose paths are relative to `base`: of several runs their
/// mean, n/a where a map has no such table. Columns that the table has stay as they are.
pub(super) fn join(table: &mut Table, base: &Path, watch: &dyn Watch) {
    let Some(effect) = table.position("effect") else { return };
    let subject = ["subject", "participant_id"].iter().find_map(|name| table.position(name));
    let of_row = |row: &Vec<String>| {
        let summary = read(&base.join(row[effect].trim()), watch)?;
        Some(of_subject(summary, subject.map(|at| row[at].as_str())))
    };
    let found: Vec<Option<Table>> = table.rows.iter().map(of_row).collect();
    let mut names: Vec<String> = Vec::new();
    for name in found.iter().flatten().flat_map(|summary| &summary.columns) {
        let is_new = !KEYS.contains(&name.as_str())
            && table.position(name).is_none()
            && !names.contains(name);
        if is_new {
            names.push(name.clone());
        }
    }
    if names.is_empty() {
        return;
    }
    let n = found.iter().flatten().count();
    let several = found.iter().flatten().any(|summary| summary.rows.len() > 1);
    watch.note(&format!(
        "{SUMMARY} beside {n} of {} maps: columns {}{}",
        found.len(),
        names.join(", "),
        if several { ", of several runs their mean" } else { "" }
    ));
    for (row, summary) in table.rows.iter_mut().zip(&found) {
        row.extend(names.iter().map(|name| cell(summary.as_ref(), name)));
    }
    table.columns.extend(names);
}

fn read(map: &Path, watch: &dyn Watch) -> Option<Table> {
    let path = file(map)?;
    let summary = io::tsv::read(&path);
    summary.map_err(|why| watch.warn(&format!("{} is not used: {why}", display(&path)))).ok()
}

/// Without the runs of others: a folder may have maps and a summary of many subjects.
fn of_subject(mut summary: Table, subject: Option<&str>) -> Table {
    let bare = |id: &str| id.trim().trim_start_matches("sub-").to_owned();
    if let (Some(at), Some(subject)) = (summary.position("participant_id"), subject) {
        summary.rows.retain(|row| row[at].trim() == "n/a" || bare(&row[at]) == bare(subject));
    }
    summary
}

/// The mean of a column's numbers.
fn cell(summary: Option<&Table>, name: &str) -> String {
    let column = summary.and_then(|summary| Some((summary, summary.position(name)?)));
    let numbers: Vec<f64> = column.map_or(Vec::new(), |(summary, at)| {
        summary.rows.iter().filter_map(|row| row[at].trim().parse().ok()).collect()
    });
    match numbers.len() {
        0 => "n/a".to_owned(),
        n => (numbers.iter().sum::<f64>() / n as f64).to_string(),
    }
}
