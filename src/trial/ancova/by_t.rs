//! An effect by t.

use crate::stats::tails::{critical_t, ln_sf_t};
use crate::trial::results::{Estimate, Test};

/// Two-sided p of t.
#[must_use]
pub(in crate::trial) fn p_of_t(t: f64, dof: f64) -> f64 {
    (std::f64::consts::LN_2 + ln_sf_t(t.abs(), dof)).exp().min(1.0)
}

/// An effect with limits and its test, by t.
#[must_use]
pub(in crate::trial) fn by_t(value: f64, se: f64, dof: f64, conf: f64) -> (Estimate, Test) {
    by_critical(value, se, dof, critical_t(0.5 - 0.5 * conf, dof))
}

/// The same with the t of the limits, which of many effects is found once.
#[must_use]
pub(in crate::trial) fn by_critical(value: f64, se: f64, dof: f64, t: f64) -> (Estimate, Test) {
    let half = t * se;
    let statistic = value / se;
    (
        Estimate { value, se: Some(se), low: Some(value - half), high: Some(value + half) },
        Test { statistic, dof: Some(dof), p: p_of_t(statistic, dof) },
    )
}
