//! Columns that a correction took out of a run, carried beside the corrected run, so that a later model holds them too.
//!
//! A corrected run y' = y - N g has, for any X with a constant, the same least-squares fit of [X N] as y has, because N g lies
//! in the span. So a model of y' that holds N gives the estimates, variances and degrees of freedom of one joint fit, whatever
//! the correction itself was fitted with. Without N the variance c'(X'X)^-1 c is that of a design that never met N, and t is
//! too large: by about sqrt((dof + spent) / dof) where task and physiology are unrelated.

use std::path::{Path, PathBuf};

use ndarray::{Array2, Axis};
use serde_json::Value;

use crate::error::{Error, Result};
use crate::io::{self, is_aside};
use crate::maps::Entities;
use crate::physio::{describe, described};
use crate::pipeline::products::{Agreement, Text};
use crate::pipeline::provenance::{Facts, Kind, Output, sidecar_path};
use crate::table::Table;
use crate::table::dictionary::{DataDictionary, Entry};
use crate::volume::SliceGroups;

/// The table's entities; `sub-01_desc-retroicor_bold.nii.gz` has it as `sub-01_desc-retroicor_regressors.tsv`.
const SUFFIX: &str = "regressors";

/// The columns before the carried ones.
const INDEX: [&str; 3] = ["slice_group", "slice_time", "volume"];

/// What the names of columns of an earlier correction begin with beside those of a later one.
const EARLIER: &str = "earlier_";

/// What names of columns begin with that stand for a correction before preprocessing; their number follows.
pub const BEFORE: &str = "retroicor_before_";

/// Columns this near each other everywhere are the same: they were made twice from one recording.
const SAME: f64 = 1e-9;

/// Columns of a correction, one set for each slice time.
#[derive(Debug, Clone, PartialEq)]
pub struct Carried {
    /// As they were fitted, `[volume][column]` for each group.
    pub groups: SliceGroups,
    /// Seconds into each volume, for each group.
    pub slice_times_s: Vec<f64>,
}

impl Carried {
    /// Of a correction at these times of the planes, seconds; none given: the frame times.
    #[must_use]
    pub fn of(groups: &SliceGroups, slice_times: Option<&[f64]>) -> Carried {
        let time = |group: usize| {
            let plane = groups.group_of_plane.iter().position(|&g| g == group);
            plane.and_then(|plane| slice_times?.get(plane).copied()).unwrap_or(0.0)
        };
        let slice_times_s = (0..groups.columns.len()).map(time).collect();
        Carried { groups: groups.clone(), slice_times_s }
    }

    /// The table beside the corrected run. `of`: the run that was corrected first.
    #[must_use]
    pub fn text(&self) -> Text {
        let text = io::tsv::write_string(&self.table());
        Text::table(Entities::of(SUFFIX), text, Some(Agreement::Host), &self.described())
    }

    /// A row for each slice time and volume, every digit.
    fn table(&self) -> Table {
        let SliceGroups { names, columns, .. } = &self.groups;
        let index = INDEX.iter().map(|&name| name.to_owned());
        let row = |(group, volume): (usize, usize)| -> Vec<String> {
            let index = [group.to_string(), self.slice_times_s[group].to_string()];
            let values = columns[group].row(volume).to_vec();
            let values = values.iter().map(f64::to_string);
            index.into_iter().chain([volume.to_string()]).chain(values).collect()
        };
        let volumes = |group: usize| (0..columns[group].nrows()).map(move |volume| (group, volume));
        Table {
            name: SUFFIX.to_owned(),
            columns: index.chain(names.iter().cloned()).collect(),
            rows: (0..columns.len()).flat_map(volumes).map(row).collect(),
        }
    }

    fn described(&self) -> DataDictionary {
        DataDictionary::of(
            "Columns that a correction took out of the run, at the time of each slice; boldly glm fits them with \
             its own, so that variance and degrees of freedom are those of one joint fit",
        )
        .fact("SliceGroups", self.groups.group_of_plane.clone())
        .column("slice_group", "Which set of columns; SliceGroups names that of each plane, from plane 0 on")
        .column("slice_time", Entry::of("Seconds into the volume").in_units("s"))
        .column("volume", "Volume, from 0")
        .columns(self.groups.names.iter().map(|name| (name.clone(), said(name))))
    }

    /// These columns, then those of a later correction, with a group for each pair of slice times. What both have stands once.
    #[must_use]
    pub fn and(&self, later: &SliceGroups) -> SliceGroups {
        let own = &self.groups;
        let kept: Vec<usize> = (0..own.names.len()).filter(|&at| !self.is_in(later, at)).collect();
        let earlier = SliceGroups {
            group_of_plane: own.group_of_plane.clone(),
            names: kept.iter().map(|&at| format!("{EARLIER}{}", own.names[at])).collect(),
            columns: own.columns.iter().map(|columns| columns.select(Axis(1), &kept)).collect(),
        };
        // Both have a row a volume: `read` and the making of the later ones checked it.
        earlier.beside(later)
    }

    /// Whether later columns hold one of these, in every plane.
    fn is_in(&self, later: &SliceGroups, at: usize) -> bool {
        let own = &self.groups;
        let Some(other) = later.names.iter().position(|name| *name == own.names[at]) else {
            return false;
        };
        let mut planes = own.group_of_plane.iter().zip(&later.group_of_plane);
        planes.all(|(&a, &b)| {
            let pairs = own.columns[a].column(at);
            let pairs = pairs.iter().zip(later.columns[b].column(other));
            pairs.into_iter().all(|(a, b)| (a - b).abs() <= SAME)
        })
    }
}

/// What a column of a correction is, by its name.
#[must_use]
pub fn said(name: &str) -> Entry {
    if let Some(number) = name.strip_prefix(BEFORE) {
        return Entry::of(format!(
            "Stands for what the correction before preprocessing spent: direction {number} of those that it took out of most slices, by how much of each was \
             lost; each voxel is taken for an even mixture of all slices"
        ));
    }
    let first = name.trim_start_matches(EARLIER);
    let entry = Entry::made(describe(first));
    match first == name {
        true => entry,
        false => {
            entry.with("Description", format!("Of an earlier correction: {}", described(first)))
        }
    }
}

/// What an earlier correction left beside a run.
#[derive(Debug, Clone, Default)]
pub struct Beside {
    /// Its columns, and their files.
    pub columns: Option<(Carried, Vec<PathBuf>)>,
    /// Why they are not at hand where its sidecar names them.
    pub lost: Option<PathBuf>,
}

/// The table of such columns and its JSON, where the sidecar of a corrected run names them. `image`: that run, or its sidecar.
#[must_use]
pub fn files(image: &Path, facts: &Facts) -> Option<[PathBuf; 2]> {
    let path = image.with_file_name("").join(&named(facts)?.name);
    let sidecar = sidecar_path(&path);
    Some([path, sidecar])
}

fn named(facts: &Facts) -> Option<&Output> {
    let own = Entities::of(SUFFIX).stem("");
    facts.outputs.iter().find(|output| output.kind == Kind::Table && output.entities == own)
}

/// The columns that the sidecar beside a corrected run names. `image`: that run, or its sidecar; `facts`: the sidecar's; `n_planes`: none where a
/// run was made of it whose planes are others.
///
/// # Errors
/// Bad data where the table was changed since, or is not one of this run's planes and volumes.
pub fn beside(
    image: &Path,
    facts: &Facts,
    n_planes: Option<usize>,
    n_volumes: usize,
) -> Result<Beside> {
    let (Some(output), Some(files)) = (named(facts), files(image, facts)) else {
        return Ok(Beside::default());
    };
    if let Some(lost) = files.iter().find(|file| !file.is_file() || is_aside(file)) {
        return Ok(Beside { columns: None, lost: Some(lost.clone()) });
    }
    let [path, sidecar] = files;
    if let Some(checksum) = &output.checksum
        && checksum.again(&path)? != *checksum
    {
        return Err(wrong(&path, "was changed since the correction made it", "be as it was made"));
    }
    let carried = read(&path, &sidecar, n_planes, n_volumes)?;
    Ok(Beside { columns: Some((carried, vec![path, sidecar])), lost: None })
}

fn wrong(path: &Path, found: impl Into<String>, expected: impl Into<String>) -> Error {
    let hint = "restore it, or correct the run again with boldly retroicor";
    Error::bad_data(path.display().to_string(), found, expected, hint)
}

fn read(path: &Path, sidecar: &Path, n_planes: Option<usize>, n_volumes: usize) -> Result<Carried> {
    let group = |value: &Value| value.as_u64().and_then(|group| usize::try_from(group).ok());
    let of_planes = io::bids::read_json(sidecar)?
        .get("SliceGroups")
        .and_then(Value::as_array)
        .map(|planes| planes.iter().map(group).collect::<Option<Vec<usize>>>());
    let Some(Some(group_of_plane)) = of_planes else {
        return Err(wrong(sidecar, "lacks SliceGroups", "name the group of each plane"));
    };
    let table = io::tsv::read(path)?;
    let n_groups = group_of_plane.iter().max().map_or(0, |last| last.saturating_add(1));
    if table.columns.get(..INDEX.len()).is_none_or(|first| first != INDEX) {
        return Err(wrong(path, "has other columns", format!("begin with {}", INDEX.join(", "))));
    }
    let n_planes = n_planes.unwrap_or(group_of_plane.len());
    if group_of_plane.len() != n_planes || Some(table.rows.len()) != n_groups.checked_mul(n_volumes)
    {
        return Err(wrong(
            path,
            format!("is of {} planes and has {} rows", group_of_plane.len(), table.rows.len()),
            format!(
                "be of {n_planes} planes and have a row for each slice time and {n_volumes} volumes"
            ),
        ));
    }
    let number = |row: usize, column: usize| {
        let cell = &table.rows[row][column];
        let finite = cell.parse::<f64>().ok().filter(|value| value.is_finite());
        finite.ok_or_else(|| {
            wrong(path, format!("has '{cell}' in line {}", row + 2), "hold finite numbers")
        })
    };
    let names = table.columns[INDEX.len()..].to_vec();
    let mut columns = Vec::with_capacity(n_groups);
    let mut slice_times_s = Vec::with_capacity(n_groups);
    for group in 0..n_groups {
        slice_times_s.push(number(group * n_volumes, 1)?);
        let mut own = Array2::zeros((n_volumes, names.len()));
        for ((volume, column), value) in own.indexed_iter_mut() {
            *value = number(group * n_volumes + volume, INDEX.len() + column)?;
        }
        columns.push(own);
    }
    Ok(Carried { groups: SliceGroups { group_of_plane, names, columns }, slice_times_s })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn groups(of_plane: &[usize], names: &[&str], scale: f64) -> SliceGroups {
        let n_groups = of_plane.iter().max().map_or(0, |last| last + 1);
        let column = |group: usize| {
            Array2::from_shape_fn((4, names.len()), |(t, c)| {
                scale * ((t * 7 + c * 3 + group * 5) as f64).sin()
            })
        };
        SliceGroups {
            group_of_plane: of_plane.to_vec(),
            names: names.iter().map(|&n| n.to_owned()).collect(),
            columns: (0..n_groups).map(column).collect(),
        }
    }

    #[test]
    fn what_is_written_reads_back_to_the_last_bit() {
        let made = groups(&[0, 1, 0], &["cardiac_cos1", "resp_sin1"], 1.0 / 3.0);
        let carried = Carried::of(&made, Some(&[0.1, 0.7, 0.1]));
        let folder = tempfile::tempdir().expect("a folder");
        let (table, sidecar) = (folder.path().join("x.tsv"), folder.path().join("x.json"));
        let text = carried.text();
        std::fs::write(&table, &text.text).expect("written");
        std::fs::write(&sidecar, serde_json::json!(text.described()).to_string()).expect("written");
        assert_eq!(read(&table, &sidecar, Some(3), 4).expect("a table"), carried);
        for (planes, volumes) in [(2, 4), (3, 5)] {
            let why = read(&table, &sidecar, Some(planes), volumes).expect_err("another run");
            assert_eq!(why.exit_code(), 65, "{why}");
        }
    }

    #[test]
    fn columns_of_two_corrections_stand_beside_each_other_by_pairs_of_slice_times_equal_ones_once()
    {
        let first = Carried::of(&groups(&[0, 0, 1, 1], &["a", "b"], 1.0), None);
        let both = first.and(&groups(&[0, 1, 1, 1], &["a", "c"], 2.0));
        assert_eq!(both.names, ["earlier_a", "earlier_b", "a", "c"]);
        assert_eq!(both.group_of_plane, [0, 1, 2, 2]);
        assert_eq!(both.columns[1].column(1), first.groups.columns[0].column(1));
        let again = first.and(&first.groups);
        assert_eq!(again.names, ["a", "b"]);
        assert_eq!(again.columns, first.groups.columns);
    }
}
