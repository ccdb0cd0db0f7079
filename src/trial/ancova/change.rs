//! Changes, without adjustment.

use ndarray::Array2;

use super::by_t::{by_t, p_of_t};
use super::pairs::Pairs;
use crate::error::Result;
use crate::stats::noncentral::{hedges_correction, t_limits, two_sample_factor};
use crate::stats::second_level::SecondLevel;
use crate::trial::arm::{Arm, ByArm};
use crate::trial::people::People;
use crate::trial::results::{Change, ChangeOfArm, Estimate, Paired, Test};

/// Mean and standard deviation (n - 1); none for one value.
pub(in crate::trial) fn moments(values: &[f64]) -> (f64, Option<f64>) {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    let squares: f64 = values.iter().map(|v| (v - mean) * (v - mean)).sum();
    (mean, (values.len() > 1).then(|| (squares / (n - 1.0)).sqrt()))
}

/// Endpoint less baseline, compared between the arms and within each.
pub(super) fn of(pairs: &Pairs, conf: f64) -> Result<Change> {
    let n = pairs.n();
    let y: Vec<f64> = pairs.endpoint.iter().zip(&pairs.baseline).map(|(e, b)| e - b).collect();
    let design = Array2::from_shape_fn((y.len(), 2), |(row, c)| match c {
        0 => 1.0,
        _ => pairs.arm[row].indicator(),
    });
    let weights = Array2::from_shape_fn((1, 2), |(_, c)| c as f64);
    let level = SecondLevel::new(design.view(), weights.view())?;
    let student = level.answer(std::slice::from_ref(&y), false);
    let group: Vec<usize> = pairs.arm.iter().map(|arm| *arm as usize).collect();
    let welch = level.welch(&y, &group, 2);
    let mut change =
        Change { arms: ByArm::of(|arm| of_arm(pairs, arm, conf)), ..Change::default() };
    change.difference = Estimate { value: student.effect[0], ..Estimate::default() };
    if welch.variance[0] > 0.0 {
        let (difference, test) = by_t(welch.effect[0], welch.variance[0].sqrt(), welch.dof, conf);
        (change.difference, change.welch) = (difference, Some(test));
    }
    if student.variance[0] > 0.0 {
        let (t, dof) = (student.stat, student.dof);
        change.student = Some(Test { statistic: t, dof: Some(dof), p: p_of_t(t, dof) });
        let factor = two_sample_factor(n.active as f64, n.control as f64);
        let j = hedges_correction(dof);
        let (low, high) = t_limits(t, dof, conf);
        change.d = Some(t * factor);
        let there = |v: f64| Some(j * factor * v).filter(|v| v.is_finite());
        change.hedges =
            there(t).map(|value| Estimate { value, se: None, low: there(low), high: there(high) });
    }
    Ok(change)
}

/// An arm's changes, against 0.
fn of_arm(pairs: &Pairs, arm: Arm, conf: f64) -> ChangeOfArm {
    let changes = pairs.changes(arm);
    let (mean, sd) = moments(&changes);
    let sd_there = sd.filter(|sd| *sd > 0.0);
    let paired = sd_there.map(|sd| {
        let n = changes.len() as f64;
        let (estimate, test) = by_t(mean, sd / n.sqrt(), n - 1.0, conf);
        let of = |values: &[f64]| {
            let own = values.iter().zip(&pairs.arm).filter(|(_, own)| **own == arm);
            moments(&own.map(|(v, _)| *v).collect::<Vec<f64>>()).1.unwrap_or(0.0).powi(2)
        };
        let both = ((of(&pairs.baseline) + of(&pairs.endpoint)) / 2.0).sqrt();
        Paired {
            test,
            low: estimate.low.unwrap_or(mean),
            high: estimate.high.unwrap_or(mean),
            d_av: (both > 0.0).then(|| mean / both),
            d_z: mean / sd,
        }
    });
    ChangeOfArm { mean, sd, paired }
}

/// Means of percentage changes, and for whom there is none (baseline of 0 or less): an arm with such a participant has no mean.
pub(super) fn percent(pairs: &Pairs, people: &People) -> (ByArm<Option<f64>>, Vec<String>) {
    let mut undefined = Vec::new();
    let means = ByArm::of(|arm| {
        let mut all = Vec::new();
        for at in (0..pairs.arm.len()).filter(|&at| pairs.arm[at] == arm) {
            let start = pairs.baseline[at];
            if start > 0.0 {
                all.push(100.0 * (pairs.endpoint[at] - start) / start);
            } else {
                undefined.push(people.all[pairs.places[at]].id.clone());
            }
        }
        let n_arm = pairs.arm.iter().filter(|own| **own == arm).count();
        (all.len() == n_arm && n_arm > 0).then(|| moments(&all).0)
    });
    (means, undefined)
}
