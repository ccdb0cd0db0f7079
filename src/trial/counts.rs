//! Counts of the two arms as the rows tell them.

use super::arm::ByArm;
use super::results::Estimate;
use crate::stats::proportions::{Count, Limits, Ratio, TwoArms};

/// `with` of `n` in each arm.
pub(super) fn two_arms(with: ByArm<usize>, n: ByArm<usize>) -> TwoArms {
    TwoArms::of([with.active, n.active], [with.control, n.control])
}

/// A value with limits that come of no standard error.
pub(super) fn within(value: f64, limits: Option<Limits>) -> Estimate {
    Estimate { value, se: None, low: limits.map(|l| l.low), high: limits.map(|l| l.high) }
}

/// A proportion with Wilson's limits; none of an empty arm.
pub(super) fn share(count: Count, conf: f64) -> Option<Estimate> {
    Some(within(count.proportion()?, count.wilson(conf)))
}

/// The risk difference with Miettinen and Nurminen's limits; none where an arm is empty.
pub(super) fn risk_difference(arms: &TwoArms, conf: f64) -> Option<Estimate> {
    Some(within(arms.difference()?, arms.miettinen_nurminen(conf)))
}

/// The risk difference with Newcombe's limits.
pub(super) fn risk_difference_newcombe(arms: &TwoArms, conf: f64) -> Option<Estimate> {
    Some(within(arms.difference()?, arms.newcombe(conf)))
}

/// A ratio with its limits; none where it has none, for 0 to infinity tells nothing.
pub(super) fn ratio(ratio: Option<Ratio>) -> Option<Estimate> {
    let ratio = ratio?;
    ratio.limits.map(|limits| within(ratio.value, Some(limits)))
}
