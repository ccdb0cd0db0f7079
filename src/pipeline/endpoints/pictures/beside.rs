//! What lies beside a picture that `group` or `connect` wrote, in numbers: clusters of a contrast, peaks of a seed's map, the strongest edges of a matrix.

use std::path::{Path, PathBuf};

use crate::error::{Error, Result};
use crate::io;
use crate::pipeline::inputs::display;
use crate::pipeline::peaks;
use crate::pipeline::spec::Role;
use crate::pipeline::watch::Watch;
use crate::report::group::Listing;
use crate::table::Table;

/// Rows that a page has of each.
const MOST: usize = 10;
/// How pictures end, of maps and of matrices.
const MAP: &str = "_statmap.svg";
const MATRIX: &str = "_relmat.svg";

/// A title with rows.
type Titled = (String, Listing);
/// The files of it.
pub(super) type Files = Vec<(Role, PathBuf)>;

/// The table of a picture; none of one that is not `group`'s or `connect`'s by its name, or beside which nothing lies, which is told.
///
/// # Errors
/// Missing input; bad data where a file is not what its name says.
pub(super) fn table(picture: &Path, watch: &dyn Watch) -> Result<Option<(Titled, Files)>> {
    let name = name(picture);
    let at = |name: String| Some(picture.with_file_name(name)).filter(|path| path.is_file());
    let (found, lacks) = if let Some(stem) = name.strip_suffix(MATRIX) {
        let run = stem.split_once("stat-").map_or("", |(run, _)| run);
        let table = format!("{run}edges.tsv");
        (at(table.clone()).map(|path| edges(&path)).transpose()?, table)
    } else if let Some(stem) = name.strip_suffix(MAP).filter(|stem| stem.contains("seed-")) {
        let map = format!("{stem}_stat-t_statmap.nii");
        let file = at(format!("{map}.gz")).or_else(|| at(map.clone()));
        let mask = ["mask.nii.gz", "mask.nii"].into_iter().find_map(|name| at(name.to_owned()));
        let both = file.zip(mask);
        (both.map(|both| seed(stem, both)).transpose()?, format!("{map}.gz with its mask"))
    } else if let Some(stem) = name.strip_suffix(MAP) {
        let table = format!("{stem}_clusters.tsv");
        (at(table.clone()).map(|path| clusters(&path)).transpose()?, table)
    } else {
        return Ok(None);
    };
    if found.is_none() {
        watch.note(&format!(
            "beside {} lies no {lacks}: the picture has no table on the page",
            display(picture)
        ));
    }
    Ok(found)
}

/// Of so many rows the first.
fn first(title: &str, heads: Vec<String>, rows: Vec<Vec<String>>) -> Titled {
    let title = match rows.len() {
        n if n > MOST => format!("{title}, the first {MOST} of {n}"),
        _ => title.to_owned(),
    };
    (title, Listing { heads, rows: rows.into_iter().take(MOST).collect() })
}

/// The highest rows of a group's clusters, which are in that order.
fn clusters(path: &Path) -> Result<(Titled, Files)> {
    let table = io::tsv::read(path)?;
    let titled = first(&format!("Clusters ({})", name(path)), table.columns, table.rows);
    Ok((titled, vec![(Role::Table, path.to_owned())]))
}

/// The clusters of a seed's t, p < .001 in both tails, as its picture shows them.
fn seed(stem: &str, (map, mask): (PathBuf, PathBuf)) -> Result<(Titled, Files)> {
    let (contrast, _) = peaks::finished(stem, (&map, &mask), true, (None, 1))?;
    let (said, Listing { heads, rows }) = contrast.clusters;
    let titled = first(&said, heads, rows);
    Ok((titled, vec![(Role::Effect, map), (Role::Mask, mask)]))
}

/// The edges with the greatest |r|.
fn edges(path: &Path) -> Result<(Titled, Files)> {
    const COLUMNS: [&str; 8] = ["region_a", "region_b", "r", "partial_r", "z", "t", "p", "q"];
    let table = io::tsv::read(path)?;
    let places: Vec<usize> = COLUMNS.iter().filter_map(|c| table.position(c)).collect();
    let Some(r) = table.position("r") else { return Err(no_edges(path, &table)) };
    let size = |row: &Vec<String>| row[r].trim().parse().map_or(-1.0, f64::abs);
    let mut rows: Vec<&Vec<String>> = table.rows.iter().filter(|row| size(row) >= 0.0).collect();
    rows.sort_by(|a, b| size(b).total_cmp(&size(a)));
    let of = |cells: &[String]| places.iter().map(|&at| cells[at].clone()).collect::<Vec<String>>();
    let rows = rows.into_iter().map(|row| of(row)).collect();
    let titled = first(&format!("Edges by |r| ({})", name(path)), of(&table.columns), rows);
    Ok((titled, vec![(Role::Table, path.to_owned())]))
}

fn name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

fn no_edges(path: &Path, table: &Table) -> Error {
    Error::bad_data(
        display(path),
        format!("has no column r: {}", table.columns.join(", ")),
        "be the table of edges that boldly connect wrote beside its matrix",
        "run boldly connect again, or name the picture from another folder",
    )
}
