//! Effects that are tested where a covariate is 0, which is seldom where they are asked.

use ndarray::{Array1, Array2, ArrayView1, Axis};

use super::named::listed;
use super::unit::Asked;
use crate::bids::model::{Kind, Node};
use crate::bids::variables::{Variable, Variables};
use crate::error::Result;
use crate::stats::least_squares::LeastSquares;

/// A mean this far from 0, in standard deviations, is not that of a centred column.
const OFF_CENTRE: f64 = 1e-3;

/// What is as good as 0 among sums of columns.
const NOTHING: f64 = 1e-7;

/// Contrasts that depend on where a column that is not centred is 0, a line for each set of them.
///
/// Let w be a column that is neither constant nor of 0 and 1, and S the inputs where it counts. Where the indicator of S is a sum D a of the other
/// columns, w and w + k 1_S say the same, and a contrast c that does not weigh w becomes c'b - k c'a: it is the effect where w is 0 unless c'a = 0.
/// A column that is a variable of some inputs (age in one group) counts in those and is as centred as that variable is; any other in all.
///
/// # Errors
/// Those of least squares.
pub(super) fn told(
    node: &Node,
    (columns, design): (&[String], &Array2<f64>),
    variables: &Variables,
    asked: &[Asked],
) -> Result<Vec<String>> {
    // Contrasts, the columns, and whether these are of some inputs.
    let mut all: Vec<(Vec<String>, Vec<String>, bool)> = Vec::new();
    for (at, name) in columns.iter().enumerate().filter(|_| node.kind == Kind::Glm) {
        let column = design.column(at);
        if column.iter().all(|v| *v == column[0]) || is_binary(column) {
            continue;
        }
        let own = sources(variables, column);
        let is_of_some = !own.is_empty();
        let counts =
            Array1::from_iter(column.iter().map(|v| f64::from(u8::from(!is_of_some || *v != 0.0))));
        let values: Vec<f64> =
            column.iter().copied().filter(|v| !is_of_some || *v != 0.0).collect();
        let values = Array1::from(values);
        if is_centred(values.view()) || own.iter().any(|one| is_centred(one.view())) {
            continue;
        }
        let others: Vec<usize> = (0..columns.len()).filter(|other| *other != at).collect();
        let Some(sum) = as_sum(&design.select(Axis(1), &others), &counts)? else { continue };
        let depends = |one: &&Asked| {
            let weighs = one.weights.iter().any(|row| row[at] != 0.0);
            let share = |row: &Vec<f64>| others.iter().zip(&sum).map(|(&k, a)| row[k] * a).sum();
            !weighs && one.weights.iter().any(|row| f64::abs(share(row)) > NOTHING)
        };
        let of: Vec<String> = asked.iter().filter(depends).map(|one| one.name.clone()).collect();
        let held = format!("{name} (mean {:.4})", values.mean().unwrap_or(0.0));
        match all.iter_mut().find(|(known, _, kind)| *known == of && *kind == is_of_some) {
            _ if of.is_empty() => {}
            Some((_, columns, _)) => columns.push(held),
            None => all.push((of, vec![held], is_of_some)),
        }
    }
    let line = |(of, held, is_of_some): &(Vec<String>, Vec<String>, bool)| {
        let what = if *is_of_some { "its variable" } else { "it" };
        format!(
            "tests {} where {} is 0; Demean {what} for the effect at the mean",
            listed(of),
            listed(held)
        )
    };
    Ok(all.iter().map(line).collect())
}

/// Whether a column is of 0 and 1, as one that says who is in what.
pub(super) fn is_binary(values: ArrayView1<f64>) -> bool {
    values.iter().all(|v| *v == 0.0 || *v == 1.0)
}

/// Whether a mean is as good as 0.
fn is_centred(values: ArrayView1<f64>) -> bool {
    values.mean().unwrap_or(0.0).abs() <= OFF_CENTRE * values.std(0.0)
}

/// Variables that the column is where it is not 0, and that are not 0 throughout elsewhere.
fn sources(variables: &Variables, column: ArrayView1<f64>) -> Vec<Array1<f64>> {
    let numbers = |name: &String| match variables.get(name) {
        Some(Variable::Inputs(values)) => {
            values.iter().map(|value| value.number().filter(|v| !v.is_nan())).collect::<Option<_>>()
        }
        _ => None,
    };
    let is_source = |values: &Array1<f64>| {
        let mut pairs = values.iter().zip(column);
        let is_it = values.len() == column.len()
            && values.iter().zip(column).all(|(v, w)| *w == 0.0 || v == w);
        is_it && pairs.any(|(v, w)| v != w)
    };
    variables.names().iter().filter_map(numbers).map(Array1::from_vec).filter(is_source).collect()
}

/// The weights by which values are a sum of columns; none where they are not.
fn as_sum(columns: &Array2<f64>, values: &Array1<f64>) -> Result<Option<Array1<f64>>> {
    if columns.ncols() == 0 {
        return Ok(None);
    }
    let weights = LeastSquares::new(columns.view())?.pinv.dot(values);
    let left = values - &columns.dot(&weights);
    Ok(left.iter().all(|left| left.abs() < NOTHING).then_some(weights))
}

/// Whether a constant is a sum of the columns.
///
/// # Errors
/// Those of least squares.
pub(super) fn has_constant(matrix: &Array2<f64>) -> Result<bool> {
    Ok(as_sum(matrix, &Array1::ones(matrix.nrows()))?.is_some())
}
