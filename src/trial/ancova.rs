//! Two visits compared: endpoint = b0 + b1 arm (+ strata) + b2 (baseline - mean baseline of those analysed).
//!
//! b1 is the difference, active minus control, on n - rank degrees of freedom; with the change in place of the endpoint it is the same number. Beside it stand whether slopes
//! differ (arm x baseline), the standard error by HC3 (MacKinnon and White 1985), the changes compared without adjustment (Welch; Hedges' g with limits of the noncentral t), and
//! percentage changes for description alone. LS means are at the mean baseline, levels of strata weighing the same. Fits are [`SecondLevel`](crate::stats::second_level::SecondLevel)'s: an endpoint is a map with one voxel.

mod by_t;
mod change;
mod fit;
mod named;
mod pairs;
mod permuted;

use super::people::People;
use super::plan::{Missing, Plan};
use super::results::AncovaRow;
use super::visits::Visits;
use crate::error::Result;

pub(in crate::trial) use by_t::by_t;
pub(in crate::trial) use change::moments;
pub(in crate::trial) use fit::adjusted;
pub use fit::compare;
pub(in crate::trial) use fit::refuse_unseen;
pub use named::Named;
pub(in crate::trial) use pairs::Lacking;
pub use pairs::Pairs;
pub use permuted::permute;

/// Compare a measure of an analysis's own over those who have it at both visits; who lacks it is told with the others.
pub(in crate::trial) fn of_those_observed(
    visits: &Visits,
    plan: &Plan,
    people: &People,
    lacking: &mut Lacking,
) -> Result<AncovaRow> {
    let named = Named::of_column(visits);
    let (before, after) = (visits.at(&plan.baseline)?, visits.at(&plan.endpoint)?);
    let pairs = Pairs::new(people, &before, &after, Missing::Observed);
    lacking.add(&named, &pairs, people);
    compare(&named, &pairs, people, plan)
}
