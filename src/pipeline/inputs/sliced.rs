//! What the columns of a ready design are at the time of each slice: a row for each slice time, seconds into the volume, and volume.

use std::path::Path;

use ndarray::{Array2, s};

use super::task::{Slices, unique};
use crate::design::{self, Design};
use crate::error::{Error, Result};
use crate::io;
use crate::recording::Acquisition;
use crate::table::Table;

/// The column of slice times, before all others.
const TIME: &str = "slice_time";

/// The table of such columns, `[moment][volume][column]`, at these moments, seconds into each volume.
#[must_use]
pub fn table(moments: &[f64], names: &[String], columns: &[Array2<f64>]) -> Table {
    let of_moment = |(moment, columns): (&f64, &Array2<f64>)| {
        let row = |row: ndarray::ArrayView1<f64>| {
            std::iter::once(moment).chain(row.iter()).map(|value| format!("{value:?}")).collect()
        };
        columns.rows().into_iter().map(row).collect::<Vec<Vec<String>>>()
    };
    let names = std::iter::once(TIME.to_owned()).chain(names.iter().cloned());
    Table {
        name: String::new(),
        columns: names.collect(),
        rows: moments.iter().zip(columns).flat_map(of_moment).collect(),
    }
}

/// Read it for the slices of a run. They are the first columns of its `design`, which is told so.
///
/// # Errors
/// Bad data: other times than the run's slices have, other columns than the design begins with, or other rows than it has volumes.
pub(super) fn read(path: &Path, design: &mut Design, acquisition: &Acquisition) -> Result<Slices> {
    let table = io::tsv::read(path)?;
    let refused = |found: String, expected: String| {
        let hint = "run boldly bids again: its run level makes the table anew";
        Error::bad_data(path.display().to_string(), found, expected, hint)
    };
    let each = acquisition.slice_times.as_deref().unwrap_or_default();
    let (moments, n_volumes) = (unique(each), design.matrix.nrows());
    let names = table.columns.get(1..).unwrap_or_default();
    let is_of_design = table.columns.first().is_some_and(|first| first == TIME)
        && !names.is_empty()
        && design.names.starts_with(names);
    if !is_of_design {
        return Err(refused(
            format!("has the columns {}", table.columns.join(", ")),
            format!("have {TIME}, and then the first ones of the design"),
        ));
    }
    let n_rows = moments.len() * n_volumes;
    if moments.len() < 2 || table.rows.len() != n_rows {
        return Err(refused(
            format!("has {} rows", table.rows.len()),
            format!(
                "have {n_rows}, one for each of {} slice times and {n_volumes} volumes",
                moments.len()
            ),
        ));
    }
    let Design { matrix: all, .. } = design::from_table(&table, n_rows)?;
    for (row, time) in all.column(0).iter().enumerate() {
        let moment = moments[row / n_volumes];
        if *time != moment {
            return Err(refused(
                format!("has the slice time {time} s in row {}", row + 1),
                format!("have {moment} s there, as the run's slices"),
            ));
        }
    }
    let of = |k: usize| all.slice(s![k * n_volumes..(k + 1) * n_volumes, 1..]).to_owned();
    let columns = (0..moments.len()).map(of).collect();
    design.n_task = names.len();
    Ok(Slices::new(each, &moments, (names.to_vec(), columns)))
}
