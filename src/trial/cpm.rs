//! Conditioned pain modulation (CPM): how much a test stimulus is rated lower while, or after, another stimulus hurts elsewhere.
//!
//! Of a participant's visit, over its repetitions: absolute = mean(pre) - mean(post), percentage = 100 absolute / mean(pre), a percentage of means, not a mean of percentages;
//! mean(pre) = 0 has none. **Inhibition is positive here**; some papers have it the other way. Of thresholds, which inhibition raises, absolute = mean(post) - mean(pre).
//!
//! Both are compared at the endpoint given those at baseline ([`ancova`]). A participant inhibits where absolute > 2 SEM sqrt(2 / n), n the repetitions behind a mean of that visit (their harmonic mean over participants) and SEM
//! the root of the mean variance within visits of pre at baseline. Retest in the control arm is ICC(A,1) of absolute CPM. A measure of retest rho has change correlated with
//! baseline by -sqrt((1 - rho) / 2) without any effect, so that correlation is nothing to report.

mod of_stimulus;
mod of_visit;

use super::ancova::{self, Lacking, Pairs};
use super::arm::{Arm, ByArm};
use super::note::Notes;
use super::people::People;
use super::plan::{CpmPlan, Missing, Plan};
use super::results::{Cpm, Estimate};
use super::tables::Tables;
use super::visits::Visits;
use crate::error::{Error, Result};
use crate::stats::agreement::agreement;
use crate::stats::correlation::pearson;
use of_visit::Found;

pub(super) use of_stimulus::is_of_stimulus;
pub(super) use of_visit::Measure;

/// What the sign of CPM means, for every header.
#[must_use]
pub fn sign(own: &CpmPlan) -> &'static str {
    match own.threshold {
        false => "inhibition positive: mean before - mean during or after, of ratings",
        true => "inhibition positive: mean during or after - mean before, of thresholds",
    }
}

/// The plan's CPM.
///
/// # Errors
/// Usage: no such table, column or session, with the closest. Bad data naming line and participant: unknown participants, cells that are no numbers, a repetition entered twice. As
/// [`ancova::compare`] for absolute CPM.
pub fn analyse(plan: &Plan, people: &People, tables: &Tables, notes: &mut Notes) -> Result<Cpm> {
    let Some(own) = &plan.cpm else {
        return Err(Error::usage("the plan", "names no table of CPM", "name one", "give --cpm"));
    };
    let found = Found::read(own, people, tables)?;
    let better = found.better.said.clone();
    let mut cpm = Cpm { sign: sign(own).to_owned(), better, ..Cpm::default() };
    notes.info(format!("CPM: {}; some papers have the sign the other way", cpm.sign), Vec::new());
    found.better.tell("CPM", notes);
    found.tell((own, plan), people, notes);
    cpm.sem = found.sem(plan, people);
    let [before, after] = [&plan.baseline, &plan.endpoint];
    let cutoff = |session: &str| {
        let n = found.repetitions(session, people)?;
        Some(2.0 * cpm.sem? * (2.0 / n).sqrt())
    };
    let cutoffs = [before, after].map(|session| cutoff(session));
    cpm.visits = found.rows(people, cutoff);
    [cpm.baseline_cutoff, cpm.cutoff] = cutoffs;
    [cpm.baseline_repetitions, cpm.n_repetitions] =
        [before, after].map(|session| found.repetitions(session, people));
    if cpm.sem.is_none() {
        notes.warn(
            format!(
                "nobody has two repetitions of {} at {}: who inhibits is not known",
                own.pre, plan.baseline
            ),
            Vec::new(),
        );
    }
    cpm.undefined_percent = cpm.visits.iter().filter(|visit| visit.percent.is_none()).count();
    let [absolute, percent] = [Measure::Absolute, Measure::Percent];
    let absolute_visits = found.visits(absolute, people);
    absolute_visits.tell_others((plan, people), &[], notes);
    let mut lacking = Lacking::default();
    cpm.ancova.push(ancova::of_those_observed(&absolute_visits, plan, people, &mut lacking)?);
    match ancova::of_those_observed(&found.visits(percent, people), plan, people, &mut lacking) {
        Ok(row) => cpm.ancova.push(row),
        Err(error) => {
            let text = format!("percentage CPM is not compared: {}", error.found());
            notes.warn(text, Vec::new());
        }
    }
    lacking.tell(people, (plan, &[Missing::Observed]), notes);
    inhibitors(&mut cpm, &found, plan, people);
    retest(&mut cpm, &absolute_visits, plan, people, notes)?;
    Ok(cpm)
}

/// A measure by participant and session.
///
/// # Errors
/// As [`analyse`].
pub(super) fn visits(
    measure: Measure,
    own: &CpmPlan,
    people: &People,
    tables: &Tables,
) -> Result<Visits> {
    Ok(Found::read(own, people, tables)?.visits(measure, people))
}

fn inhibitors(cpm: &mut Cpm, found: &Found, plan: &Plan, people: &People) {
    let Some(cutoff) = cpm.cutoff else { return };
    for (_, arm, own) in found.at(&plan.endpoint, people) {
        if let Some(absolute) = own.measure(Measure::Absolute, found.threshold) {
            *cpm.inhibitors_of.get_mut(arm) += 1;
            *cpm.inhibitors.get_mut(arm) += usize::from(absolute > cutoff);
        }
    }
}

/// Retest in the control arm, and what it makes of change against baseline.
fn retest(
    cpm: &mut Cpm,
    absolute: &Visits,
    plan: &Plan,
    people: &People,
    notes: &mut Notes,
) -> Result<()> {
    let (before, after) = (absolute.at(&plan.baseline)?, absolute.at(&plan.endpoint)?);
    let pairs = Pairs::new(people, &before, &after, Missing::Observed);
    let both = |arm: Arm| {
        let of = (0..pairs.arm.len()).filter(|&at| pairs.arm[at] == arm);
        of.map(|at| vec![pairs.baseline[at], pairs.endpoint[at]]).collect::<Vec<Vec<f64>>>()
    };
    let control = both(Arm::Control);
    if control.len() >= 2
        && let Some(found) = agreement(&control, plan.conf)?
    {
        let (low, high) = (Some(found.low), Some(found.high));
        cpm.retest = Some(Estimate { value: found.icc, se: None, low, high });
        let expected = -((1.0 - found.icc) / 2.0).sqrt();
        cpm.expected_correlation = Some(expected);
        notes.warn(
            format!(
                "change in CPM correlates with baseline by about {expected:.2} without any effect, for its retest in {} is {:.2}: \
                 that correlation shows nothing, and unadjusted changes inherit chance differences at baseline",
                people.arms.control, found.icc
            ),
            Vec::new(),
        );
    }
    cpm.change_with_baseline = ByArm::try_of(|arm| {
        let (before, change): (Vec<f64>, Vec<f64>) =
            both(arm).iter().map(|of| (of[0], of[1] - of[0])).unzip();
        match before.len() < 3 {
            true => Ok(None),
            false => Ok::<_, Error>(pearson(&before, &change, plan.conf)?.map(|found| found.r)),
        }
    })?;
    Ok(())
}
