//! A finished table against its f64 rerun, for `verify`.

use std::path::Path;

use super::{Column, ConfoundsResult, Kind};
use crate::error::{Error, Result};
use crate::io::tsv;
use crate::pipeline::inputs::display;
use crate::pipeline::verify::Comparison;

/// Made on the host in f64 on every device: equal but for another machine's rounding.
const ON_THE_HOST: f64 = 1e-12;

/// Compare each column of a table with the same column of its rerun. A component's tolerance is how far it turns when the
/// covariance is off by what the device's precision allows (docs/accuracy.md); its sign is arbitrary and not compared.
///
/// # Errors
/// When the table cannot be read, or has other columns or rows than the rerun.
pub fn compare(table: &Path, want: &ConfoundsResult, precision: &str) -> Result<Vec<Comparison>> {
    let got = tsv::read(table)?;
    let names: Vec<&str> = want.columns.iter().map(|c| c.name.as_str()).collect();
    let n_volumes = want.bold.n_volumes;
    if got.columns != names || got.rows.len() != n_volumes {
        return Err(Error::bad_data(
            display(table),
            format!("has {} rows of the columns {}", got.rows.len(), got.columns.join(", ")),
            format!("have {n_volumes} rows of {}", names.join(", ")),
            "rerun the command that made it",
        ));
    }
    let values = |column: usize| -> Vec<f64> {
        got.rows.iter().map(|row| row[column].parse().unwrap_or(f64::NAN)).collect()
    };
    let name = |column: &Column| format!("{}: {}", got.name, column.name);
    let columns = want.columns.iter().enumerate();
    Ok(columns.map(|(k, c)| compare_column(name(c), &values(k), c, precision)).collect())
}

/// The relative error of the covariance, largest eigenvalue = 1.
fn error_of(precision: &str) -> f64 {
    match precision {
        "f64" => 1e-12,
        "f32" => 8e-6,
        _ => 2.4e-7, // f32 with f64 accumulators
    }
}

fn compare_column(image: String, got: &[f64], column: &Column, precision: &str) -> Comparison {
    let (sign, turn) = match &column.kind {
        Kind::Component(c) => {
            let dot: f64 = got.iter().zip(&column.values).map(|(a, b)| a * b).sum();
            (if dot < 0.0 { -1.0 } else { 1.0 }, Some((c.turn * error_of(precision)).min(2.0)))
        }
        _ => (1.0, None),
    };
    let mut result = Comparison::empty(image);
    let mut worst = -1.0;
    for (row, (&got, &want)) in got.iter().zip(&column.values).enumerate() {
        let want = sign * want;
        let tolerance = turn.unwrap_or(ON_THE_HOST * want.abs());
        let difference = (got - want).abs();
        let multiple = match got == want {
            true => 0.0,
            false if difference.is_nan() || tolerance <= 0.0 => f64::INFINITY,
            false => difference / tolerance,
        };
        result.compared += 1;
        result.over += usize::from(multiple > 1.0);
        if multiple > worst {
            worst = multiple;
            result.worst_at = [0, 0, 0, row];
            (result.got, result.want, result.tolerance) = (got, want, tolerance);
        }
    }
    result
}
