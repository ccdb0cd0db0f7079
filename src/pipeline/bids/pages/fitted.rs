//! The design of a run as it was fitted; where slices have columns of their own, as it is at the slice time in the middle.

use ndarray::{Array2, Axis};

use super::super::named;
use super::super::unit::{OfRun, Unit};
use crate::error::Result;
use crate::io;
use crate::maps::Entities;
use crate::pipeline::provenance::Kind;
use crate::pipeline::spec::GlmSpec;
use crate::table::Table;

/// The columns of a run's unit, and its design `[volume][column]` of the volumes that were not left out; no volume where it is not known. The table
/// that a fit leaves has no columns that are others in other slices: with such it is the one that was made for the fit, in full.
///
/// # Errors
/// Those of reading the tables.
pub(super) fn of(
    unit: &Unit,
    spec: &GlmSpec,
    left_out: &[(usize, String)],
) -> Result<(Vec<String>, Array2<f64>)> {
    let made = unit.layout.path(Kind::Table, &Entities::of("design"), ".tsv");
    let given = spec.runs[0].design.as_ref().filter(|path| path.is_file());
    let is_of_slices = unit.run.as_ref().is_some_and(|run| !run.of_slices.is_empty());
    match given {
        Some(given) if is_of_slices => {
            let (columns, design) = matrix(&io::tsv::read(given)?);
            let is_kept = |row: &usize| !left_out.iter().any(|(volume, _)| volume == row);
            let kept: Vec<usize> = (0..design.nrows()).filter(is_kept).collect();
            Ok((columns, design.select(Axis(0), &kept)))
        }
        _ if made.is_file() => Ok(matrix(&io::tsv::read(&made)?)),
        Some(given) => Ok(matrix(&io::tsv::read(given)?)),
        None => Ok((unit.columns.clone(), Array2::zeros((0, unit.columns.len())))),
    }
}

/// Which columns are others in other slices, and which of them are shown; nothing where there are none.
pub(super) fn of_slices(run: &OfRun) -> Option<String> {
    let are = if run.of_slices.len() == 1 { "is that" } else { "are those" };
    (!run.of_slices.is_empty()).then(|| {
        format!(
            "{} of these ({}), fitted in each slice as they are at its time; drawn and judged here {are} of {} s into each volume, the middle of the slice times",
            run.of_slices.len(),
            named::listed(&run.of_slices),
            (run.at_s * 1e4).round() / 1e4
        )
    })
}

/// A table of numbers as its columns and `[row][column]`.
fn matrix(table: &Table) -> (Vec<String>, Array2<f64>) {
    let cell = |(row, column): (usize, usize)| table.rows[row][column].parse().unwrap_or(f64::NAN);
    (table.columns.clone(), Array2::from_shape_fn((table.rows.len(), table.columns.len()), cell))
}
