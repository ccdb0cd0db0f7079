//! Measures that do not vary, of which nothing can be related.

use crate::error::Result;
use crate::stats::correlation::pearson;

/// Whether three values or more are one to rounding, as correlations judge it.
pub(super) fn is_still(values: &[f64]) -> Result<bool> {
    // A measure goes with itself unless it does not vary.
    Ok(pearson(values, values, 0.95)?.is_none())
}
