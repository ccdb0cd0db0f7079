//! The whole design as a picture, and how much each column loses to the others.
//!
//! Variance inflation of column j: VIF = 1 / (1 - R²), R² of its regression on all others; the variance of its estimate is VIF times what
//! it would be if it were orthogonal to them.

use ndarray::{Array2, Axis, concatenate};

use super::{Chapter, RunQc};
use crate::error::{Error, Result};
use crate::report::design::{Greys, unit_columns};
use crate::report::html::{Table, number};
use crate::stats::least_squares::LeastSquares;

/// Columns listed at most.
const MOST_LISTED: usize = 80;

/// Picture and table, and the largest inflation in words; nothing where the command has no design.
pub(super) fn section(chapter: &Chapter) -> Result<(String, String)> {
    let run = chapter.run;
    let physio = run.columns.mapv(|v| if v.is_finite() { v } else { 0.0 });
    let Some(design) = run.design.as_ref().filter(|d| d.matrix.nrows() == physio.nrows()) else {
        return Ok((String::new(), String::new()));
    };
    let names: Vec<&str> =
        design.names.iter().chain(&run.summary.columns).map(String::as_str).collect();
    let whole = concatenate(Axis(1), &[design.matrix.view(), physio.view()])
        .map_err(|e| Error::internal("the design", "cannot be joined", "", "").caused_by(e))?;
    let alike = closest(&whole);
    let inflation = inflation(&whole)?;
    let mut table = Table::new(
        "numbers",
        "Variance inflation of each column by all others, and the column closest to it",
        &["column", "VIF", "closest column", "r"],
    );
    for (j, name) in names.iter().enumerate().take(MOST_LISTED) {
        // A constant column has neither.
        let Some(vif) = inflation[j] else { continue };
        let (other, r) = alike[j];
        table.row(name, &[vif_in_words(vif), names[other].to_owned(), number(r, 2)]);
    }
    let drawn = drawn(&whole, &names, &chapter.id("design-drawn"))?;
    let html = drawn + &table.finish() + &left_out(run);
    let rest = match names.len().saturating_sub(MOST_LISTED) {
        0 => String::new(),
        n => format!("<p>{n} more columns are not listed.</p>\n"),
    };
    let largest = (0..names.len()).filter_map(|j| Some((inflation[j]?, names[j])));
    let largest =
        largest.max_by(|a, b| a.0.total_cmp(&b.0)).map_or(String::new(), |(vif, name)| {
            format!("; the largest variance inflation is {} ({name})", vif_in_words(vif))
        });
    Ok((html + &rest, largest))
}

/// The volumes that are left out, nothing where none is.
fn left_out(run: &RunQc) -> String {
    if run.left_out.is_empty() {
        return String::new();
    }
    let caption = "Volumes that are left out of the fit, and keep their times";
    let mut table = Table::new("numbers", caption, &["volume", "why"]);
    for left in &run.left_out {
        table.row(&left.volume.to_string(), &[left.reasons.join(", ")]);
    }
    table.finish()
}

fn vif_in_words(vif: f64) -> String {
    if vif.is_finite() { number(vif, if vif < 100.0 { 2 } else { 0 }) } else { "∞".to_owned() }
}

/// VIF of each column, infinite where it depends on others; none of a constant one.
fn inflation(whole: &Array2<f64>) -> Result<Vec<Option<f64>>> {
    let n = whole.nrows();
    let joined = concatenate(Axis(1), &[whole.view(), Array2::ones((n, 1)).view()])
        .map_err(|e| Error::internal("the design", "cannot be joined", "", "").caused_by(e))?;
    let of_all = |matrix: &Array2<f64>| LeastSquares::new(matrix.view());
    // The constant may be there already.
    let has_constant = of_all(&joined)?.rank == of_all(whole)?.rank;
    let fit = of_all(if has_constant { whole } else { &joined })?;
    let dependent = fit.dependent_columns();
    let of = |(j, column): (usize, ndarray::ArrayView1<f64>)| {
        let mean = column.sum() / n as f64;
        let varies = column.iter().map(|v| (v - mean).powi(2)).sum::<f64>();
        let size = column.dot(&column);
        let vif =
            || if dependent.contains(&j) { f64::INFINITY } else { varies * fit.xtx_inv[[j, j]] };
        (varies > 1e-20 * size).then(vif)
    };
    Ok(whole.columns().into_iter().enumerate().map(of).collect())
}

/// For each column the other that it correlates with most, and r.
fn closest(whole: &Array2<f64>) -> Vec<(usize, f64)> {
    let unit = unit_columns(whole);
    let r = unit.t().dot(&unit);
    let of = |a: usize| {
        let others = (0..r.ncols()).filter(|&b| b != a && r[[a, b]].is_finite());
        others
            .map(|b| (b, r[[a, b]]))
            .fold((a, 0.0_f64), |most, next| if next.1.abs() > most.1.abs() { next } else { most })
    };
    (0..r.nrows()).map(of).collect()
}

/// The design as grey levels, each column over its own largest value: time runs down.
fn drawn(whole: &Array2<f64>, names: &[&str], id: &str) -> Result<String> {
    let alt = format!(
        "The design: {} volumes from top to bottom, {} columns from left to right",
        whole.nrows(),
        whole.ncols()
    );
    let caption = "The design as it is fitted, time from top to bottom, physiological columns at one moment of each volume. Each column over its own largest \
                   value: white 1, grey 0, black −1.";
    let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
    let drawn = Greys { matrix: whole, names: &names, row: "volume" };
    drawn.drawn(id, (&alt, caption))
}
