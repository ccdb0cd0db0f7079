//! p by rearrangement. Source: Freedman and Lane 1983; Winkler et al. 2014.

use ndarray::{Array2, ArrayView1};

use super::fit::{ARM, Model};
use super::pairs::Pairs;
use crate::error::Result;
use crate::stats::rearrange::{Exchange, Flipped, Permuted, Plan, Rearrangement, Tested};
use crate::trial::people::People;
use crate::trial::plan::Permutations;
use crate::trial::results::AncovaRow;

/// Scores that differ by less are equal: of unit vectors in f64.
const SLACK: f64 = 1e-12;

/// Put the two-sided p of the arm's effect into a row: residuals of all but the arm are exchanged, within strata where there are any. The least p that there can be.
///
/// # Errors
/// As [`Tested::new`] and [`Plan::new`].
pub fn permute(
    row: &mut AncovaRow,
    pairs: &Pairs,
    people: &People,
    asked: Permutations,
) -> Result<f64> {
    let pairs = &pairs.with_covariates(people);
    let model = Model::new(pairs, people);
    let mut known: Vec<&[String]> = Vec::new();
    let block = |place: &usize| {
        let strata = people.all[*place].strata.as_slice();
        known.iter().position(|other| *other == strata).unwrap_or_else(|| {
            known.push(strata);
            known.len() - 1
        })
    };
    let blocks: Vec<usize> = pairs.places.iter().map(block).collect();
    let exchange = match people.strata.is_empty() {
        true => Exchange::rows(blocks.len())?,
        false => Exchange::new(&blocks, Permuted::Within, Flipped::No)?,
    };
    let mut weights = Array2::zeros((1, model.design.ncols()));
    weights[[0, ARM]] = 1.0;
    let tested = Tested::new(model.design.view(), weights.view(), &exchange, None)?;
    let plan = Plan::new(&exchange, std::slice::from_ref(&tested), asked.n, asked.seed)?;
    let left = without(&tested.nuisance, &pairs.endpoint);
    let observed = score(&tested, &left, &plan.get(0));
    let beyond = (0..plan.n())
        .filter(|&i| score(&tested, &left, &plan.get(i)).abs() >= observed.abs() - SLACK)
        .count();
    row.p_permuted = Some(beyond as f64 / plan.n() as f64);
    row.n_permutations = Some(plan.stands_for());
    Ok(1.0 / plan.n() as f64)
}

/// What orthonormal columns leave of y.
fn without(columns: &Array2<f64>, y: &[f64]) -> Vec<f64> {
    let mut left = y.to_vec();
    for column in columns.columns() {
        let along = along(column, &left);
        left.iter_mut().zip(column).for_each(|(e, q)| *e -= along * q);
    }
    left
}

fn along(column: ArrayView1<f64>, y: &[f64]) -> f64 {
    column.iter().zip(y).map(|(q, y)| q * y).sum()
}

/// The partial correlation of rearranged residuals with the arm.
fn score(tested: &Tested, left: &[f64], one: &Rearrangement) -> f64 {
    let moved = |(&from, &sign): (&u32, &i8)| f64::from(sign) * left[from as usize];
    let y: Vec<f64> = one.from.iter().zip(&one.sign).map(moved).collect();
    let rest = without(&tested.nuisance, &y);
    let size = rest.iter().map(|e| e * e).sum::<f64>().sqrt();
    if size > 0.0 { along(tested.effect.column(0), &rest) / size } else { 0.0 }
}
