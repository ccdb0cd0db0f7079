//! Arms of which all or none respond: formulas that take the variance from the counts find none there, which is not to know the number.

use crate::trial::note::Notes;
use crate::trial::plan::Missing;
use crate::trial::results::{Estimate, ResponderRow};

/// A value that has no standard error and no limits.
pub(super) fn without_limits(value: f64) -> Option<Estimate> {
    Some(Estimate { value, se: None, low: None, high: None })
}

/// Tell what has no limits in a row for want of a variance.
pub(super) fn tell(row: &ResponderRow, notes: &mut Notes) {
    let stratified = row.stratified.as_ref().and_then(|own| own.risk_difference);
    let mut what = Vec::new();
    for (of, name) in [(row.risk_ratio, "the risk ratio"), (stratified, "the difference by strata")]
    {
        if of.is_some_and(|of| of.low.is_none() && of.high.is_none()) {
            what.push(name);
        }
    }
    if what.is_empty() {
        return;
    }
    let of = match row.missing {
        Some(Missing::Observed) => "those observed",
        _ => "all randomised",
    };
    notes.info(
        format!(
            "responders by {}, of {of}: in each arm all or none respond, so that there are no limits of {}, whose variance is taken from the counts",
            row.name,
            what.join(" and ")
        ),
        Vec::new(),
    );
}
