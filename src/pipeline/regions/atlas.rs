//! A labelled image, and what its labels are called.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use super::listed::is_given;
use super::{Region, Regions};
use crate::design::similar::{listing, misnamed};
use crate::error::{Error, Result};
use crate::io;
use crate::pipeline::spec::Role;
use crate::pipeline::watch::Watch;
use crate::volume::Grid;

/// Names that a line lists.
const LISTED: usize = 6;
/// Below it float32, as images are read, tells whole numbers apart.
const EXACT: f32 = 16_777_216.0;

/// The regions of a labelled image: labels above 0, rising. `names`: a table with the columns index and name, else one that lies beside the
/// image under its name, as BIDS has it.
///
/// # Errors
/// Missing input; bad data: another grid, labels that are no whole numbers, a table without the columns index and name.
pub fn atlas(
    path: &Path,
    names: Option<&Path>,
    (grid, of): (&Grid, &str),
    watch: &dyn Watch,
) -> Result<Regions> {
    let (own, _, values) = io::read_map(path)?;
    let hint = format!("resample the atlas to {of} by nearest neighbour");
    io::check_overlay(path, &own, (grid, of), &hint)?.iter().for_each(|line| watch.note(line));
    let beside = match names {
        Some(_) => None,
        None => beside(path),
    };
    let table = match (names, &beside) {
        (Some(table), _) => Some(read_names(table)?),
        (None, Some(table)) => Some(read_names(table)?),
        (None, None) => None,
    };
    let (mut all, places) = labelled(path, &values, table.as_deref(), watch)?;
    tell_twice(&mut all, path, watch);
    let all = all.into_iter().map(|(_, region)| region).collect();
    let found = beside.into_iter().map(|table| (Role::AtlasNames, table)).collect();
    Ok(Regions { all, found, places: Some(places) })
}

/// The table that bears an image's name, where it names labels.
fn beside(path: &Path) -> Option<PathBuf> {
    let name = path.file_name()?.to_string_lossy().into_owned();
    let table = path
        .with_file_name(name.trim_end_matches(".gz").trim_end_matches(".nii").to_owned() + ".tsv");
    let columns = table.is_file().then(|| io::tsv::read(&table).ok())??;
    ["index", "name"].iter().all(|c| columns.position(c).is_some()).then_some(table)
}

/// Whether an image of one label is labelled: the table of its own name names it, or the one that is given does, where it is not 1, as in masks.
///
/// # Errors
/// As [`atlas`] of the table.
pub(super) fn is_of_one(path: &Path, names: Option<&Path>, labels: &[u32]) -> Result<bool> {
    let own = if names.is_none() { beside(path) } else { None };
    let (Some(table), [label]) = (names.or(own.as_deref()), labels) else { return Ok(false) };
    let is_mask = *label == 1 && names.is_some();
    let label = i64::from(*label);
    Ok(!is_mask && read_names(table)?.iter().any(|named| named.index == label))
}

/// What a table calls the label 1.
///
/// # Errors
/// As [`atlas`] of the table.
pub(super) fn name_of_1(names: &Path) -> Result<Option<String>> {
    Ok(read_names(names)?.into_iter().find(|named| named.index == 1).map(|named| named.name))
}

/// What a table says of a label.
struct Named {
    index: i64,
    name: String,
    /// The network it belongs to, where the table says so.
    network: Option<String>,
    line: usize,
}

/// Labels that are called something: a table with the columns index and name, as BIDS has them, and network where it has that.
fn read_names(path: &Path) -> Result<Vec<Named>> {
    let table = io::tsv::read(path)?;
    let thing = path.display().to_string();
    let (Some(index), Some(name)) = (table.position("index"), table.position("name")) else {
        return Err(Error::bad_data(
            thing,
            format!("has the {}", listing(&table.columns)),
            "have the columns index and name, as the tables of BIDS atlases",
            misnamed(&["index", "name"], &table.columns)
                .unwrap_or_else(|| "rename the columns".to_owned()),
        ));
    };
    let network = table.optional("network")?;
    let row = |(at, cells): (usize, &Vec<String>)| {
        let number: i64 = cells[index].trim().parse().map_err(|_| {
            Error::bad_data(
                format!("{thing}, line {},", at + 2),
                format!("holds '{}' in column 'index'", cells[index]),
                "hold a whole number",
                "",
            )
        })?;
        let called = cells[name].trim();
        let of = network.map(|at| cells[at].trim()).filter(|cell| is_given(cell));
        // A cell without a name gives none.
        Ok(is_given(called).then(|| Named {
            index: number,
            name: called.to_owned(),
            network: of.map(str::to_owned),
            line: at + 2,
        }))
    };
    let rows = table.rows.iter().enumerate().map(row).collect::<Result<Vec<_>>>()?;
    let rows: Vec<Named> = rows.into_iter().flatten().collect();
    let mut first: HashMap<i64, &Named> = HashMap::new();
    for row in &rows {
        let known = *first.entry(row.index).or_insert(row);
        let (index, before) = (row.index, known.line);
        let said = |of: &Option<String>| of.as_deref().unwrap_or("n/a").to_owned();
        let (found, expected) = if known.name != row.name {
            let (own, other) = (&row.name, &known.name);
            let found = format!("calls {index} '{own}', which line {before} calls '{other}'");
            (found, "give each index one name")
        } else if known.network != row.network {
            let [own, other] = [&row.network, &known.network].map(said);
            let found = format!("has {index} in network '{own}', line {before} in '{other}'");
            (found, "give each index one network")
        } else {
            continue;
        };
        let thing = format!("{thing}, line {},", row.line);
        return Err(Error::bad_data(thing, found, expected, "correct the table"));
    }
    Ok(rows)
}

/// Labels with their regions, and each voxel's place among them.
type Labelled = (Vec<(i64, Region)>, Vec<Option<usize>>);

/// The regions of labels above 0, rising, and each voxel's.
fn labelled(
    path: &Path,
    values: &[f32],
    names: Option<&[Named]>,
    watch: &dyn Watch,
) -> Result<Labelled> {
    let is_whole = |v: &f32| v.is_nan() || v.is_finite() && (v - rounded(*v)).abs() <= 1e-3;
    if let Some(&value) = values.iter().find(|v| !is_whole(v)) {
        return Err(Error::bad_data(
            path.display().to_string(),
            format!("holds {value}"),
            "hold whole labels, 0 outside",
            "an atlas of probabilities must be turned into labels first",
        ));
    }
    if let Some(&value) = values.iter().find(|v| **v >= EXACT) {
        return Err(Error::bad_data(
            path.display().to_string(),
            format!("holds the label {value} or one near it"),
            format!("hold labels below {EXACT}: beyond, float32 would make one of several"),
            "renumber its labels from 1, and keep their names in a table of index and name",
        ));
    }
    let label = |v: &f32| rounded(*v) as i64;
    tell_negative(path, values, watch);
    let n_missing = values.iter().filter(|v| v.is_nan()).count();
    if n_missing > 0 {
        watch.warn(&format!(
            "{} holds {n_missing} values that are no number (NaN); such voxels are outside, as where it is 0",
            path.display()
        ));
    }
    let mut labels: Vec<i64> = values.iter().map(label).filter(|l| *l > 0).collect();
    labels.dedup(); // neighbours
    labels.sort_unstable();
    labels.dedup();
    let named = |l: i64| names.and_then(|names| names.iter().find(|own| own.index == l));
    let nameless = labels.iter().filter(|l| names.is_some() && named(**l).is_none()).count();
    if nameless > 0 {
        watch.warn(&format!(
            "{nameless} of the {} labels of {} have no name in its table (no row, or one whose name is blank or n/a); they are called by their number",
            labels.len(),
            path.display()
        ));
    }
    let is_absent = |own: &&Named| own.index > 0 && !labels.contains(&own.index);
    let absent = names.unwrap_or_default().iter().filter(is_absent);
    let absent: Vec<&str> = absent.map(|own| own.name.as_str()).collect();
    if !absent.is_empty() {
        let more = absent.len().saturating_sub(LISTED);
        watch.warn(&format!(
            "names of labels without a voxel in {}, and so without a row: {}{}",
            path.display(),
            absent[..absent.len() - more].join(", "),
            if more > 0 { format!(" and {more} more") } else { String::new() }
        ));
    }
    let region = |&l: &i64| {
        let name = named(l).map_or_else(|| format!("label {l}"), |own| own.name.clone());
        let network = named(l).and_then(|own| own.network.clone());
        let voxels = Vec::new();
        (l, Region { name, voxels, on_grid: 1.0, network, shape: None, moved_mm: [0.0; 3] })
    };
    let mut all: Vec<(i64, Region)> = labels.iter().map(region).collect();
    let mut last = (0, None);
    let at = |v: &f32| {
        let label = label(v);
        if label != last.0 {
            last = (label, labels.binary_search(&label).ok());
        }
        last.1
    };
    let places: Vec<Option<usize>> = values.iter().map(at).collect();
    for (voxel, place) in places.iter().enumerate() {
        place.iter().for_each(|&at| all[at].1.voxels.push(voxel));
    }
    Ok((all, places))
}

/// The nearest whole number; of what is one already without the call.
fn rounded(value: f32) -> f32 {
    let cut = value as i32 as f32;
    if cut == value { value } else { value.round() }
}

/// Labels below 0 are no regions.
fn tell_negative(path: &Path, values: &[f32], watch: &dyn Watch) {
    let mut below: Vec<i64> =
        values.iter().map(|v| rounded(*v) as i64).filter(|l| *l < 0).collect();
    let n_voxels = below.len();
    below.sort_unstable();
    below.dedup();
    if n_voxels > 0 {
        let shown: Vec<String> = below.iter().rev().take(LISTED).map(i64::to_string).collect();
        watch.warn(&format!(
            "{n_voxels} voxels of {} have labels below 0 ({}{}); they are in no region",
            path.display(),
            shown.join(", "),
            if below.len() > LISTED { ", .." } else { "" }
        ));
    }
}

/// Labels of one name are told apart by their numbers.
fn tell_twice(all: &mut [(i64, Region)], path: &Path, watch: &dyn Watch) {
    let names: Vec<String> = all.iter().map(|(_, region)| region.name.clone()).collect();
    let mut seen: HashMap<&str, usize> = HashMap::new();
    names.iter().for_each(|name| *seen.entry(name).or_default() += 1);
    let twice: Vec<usize> = (0..all.len()).filter(|&at| seen[names[at].as_str()] > 1).collect();
    for &at in &twice {
        let (label, region) = &mut all[at];
        region.name = format!("{} ({label})", names[at]);
    }
    if !twice.is_empty() {
        watch.warn(&format!(
            "{} labels of {} share their name with another; their numbers stand behind it",
            twice.len(),
            path.display()
        ));
    }
}
