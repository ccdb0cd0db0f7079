//! One number a participant, compared between the arms: a design of two columns.

use ndarray::Array2;

use super::ancova::by_t;
use super::arm::Arm;
use super::results::{Estimate, Test};
use crate::error::Result;
use crate::stats::second_level::SecondLevel;

/// Active minus control by the two-sample t with one variance; none where an arm is empty, nothing varies, or fewer than 3 values are there.
///
/// # Errors
/// Internal where a decomposition fails.
pub(super) fn difference(
    values: &[f64],
    arm: &[Arm],
    conf: f64,
) -> Result<Option<(Estimate, Test)>> {
    contrast(values, arm, [0.0, 1.0], conf)
}

/// The mean of both arms' means, each weighing the same, against 0; none as in [`difference`].
///
/// # Errors
/// As [`difference`].
pub(super) fn mean(values: &[f64], arm: &[Arm], conf: f64) -> Result<Option<(Estimate, Test)>> {
    contrast(values, arm, [1.0, 0.5], conf)
}

/// `weights`: of the constant and of the active arm's column.
fn contrast(
    values: &[f64],
    arm: &[Arm],
    weights: [f64; 2],
    conf: f64,
) -> Result<Option<(Estimate, Test)>> {
    if values.len() < 3 || Arm::BOTH.iter().any(|one| !arm.contains(one)) {
        return Ok(None);
    }
    let design = Array2::from_shape_fn((values.len(), 2), |(row, column)| match column {
        0 => 1.0,
        _ => arm[row].indicator(),
    });
    let weights = Array2::from_shape_fn((1, 2), |(_, column)| weights[column]);
    let answer = SecondLevel::new(design.view(), weights.view())?.answer(&[values.to_vec()], false);
    let variance = answer.variance[0];
    Ok((variance > 0.0).then(|| by_t(answer.effect[0], variance.sqrt(), answer.dof, conf)))
}
