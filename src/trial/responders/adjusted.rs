//! The odds of a response given the baselines that a rule uses.

use ndarray::Array2;

use super::held::Held;
use crate::error::Result;
use crate::stats::logistic::Logistic;
use crate::stats::proportions::deviate;
use crate::stats::tails::ln_sf_normal;
use crate::trial::arm::Arm;
use crate::trial::plan::Plan;
use crate::trial::results::{AdjustedOdds, Estimate, Test};

/// Response ~ 1 + arm + each baseline, from each participant's place, arm and response. None where the parts use no baseline, or there is no fit.
pub(super) fn adjusted(
    parts: &[Held],
    counted: impl Iterator<Item = (usize, Arm, bool)>,
    plan: &Plan,
) -> Result<Option<AdjustedOdds>> {
    let mut given: Vec<&Held> = Vec::new();
    for held in parts.iter().filter(|held| !held.baseline.is_empty()) {
        if given.iter().all(|other| other.part.column != held.part.column) {
            given.push(held);
        }
    }
    let mut rows = Vec::new();
    let mut responds = Vec::new();
    for (place, arm, response) in counted {
        let baselines: Option<Vec<f64>> = given.iter().map(|held| held.baseline[place]).collect();
        if let Some(baselines) = baselines {
            rows.extend([1.0, arm.indicator()]);
            rows.extend(baselines);
            responds.push(response);
        }
    }
    if given.is_empty() || responds.is_empty() {
        return Ok(None);
    }
    let shape = (responds.len(), 2 + given.len());
    let design = Array2::from_shape_fn(shape, |(i, j)| rows[i * shape.1 + j]);
    let Some(fit) = Logistic::fit(design.view(), &responds)? else { return Ok(None) };
    let (ln_odds, se) = (fit.beta[1], fit.covariance[[1, 1]].sqrt());
    let (z, half) = (ln_odds / se, deviate(plan.conf) * se);
    Ok(Some(AdjustedOdds {
        given: given.iter().map(|held| held.part.column.to_string()).collect(),
        n: responds.len(),
        odds_ratio: Estimate {
            value: ln_odds.exp(),
            se: None,
            low: Some((ln_odds - half).exp()),
            high: Some((ln_odds + half).exp()),
        },
        test: Test { statistic: z, dof: None, p: 2.0 * ln_sf_normal(z.abs()).exp() },
    }))
}
