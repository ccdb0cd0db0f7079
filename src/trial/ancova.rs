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

use std::collections::BTreeMap;

use super::arm::Arm;
use super::covariate::Kind;
use super::note::{Notes, counted, verb};
use super::people::People;
use super::plan::{Missing, Plan};
use super::results::{Ancova, AncovaRow};
use super::tables::Tables;
use super::visits::Visits;
use crate::error::Result;
use crate::stats::fdr::{self, Adjustment};

pub(in crate::trial) use by_t::by_t;
pub(in crate::trial) use change::moments;
pub(in crate::trial) use fit::adjusted;
pub use fit::compare;
pub use named::Named;
pub(in crate::trial) use pairs::Lacking;
pub use pairs::Pairs;
pub use permuted::permute;

/// Compare every outcome of the plan, in each of its ways with missing values.
///
/// # Errors
/// What tables and columns lack; an outcome that leaves an arm without participants or nothing to test by.
pub fn analyse(plan: &Plan, people: &People, tables: &Tables, notes: &mut Notes) -> Result<Ancova> {
    let mut rows = Vec::new();
    let mut lacking = Lacking::default();
    let mut after_leaving: BTreeMap<usize, Vec<String>> = BTreeMap::new();
    for outcome in &plan.outcomes {
        let visits = tables.visits(&outcome.column, people)?;
        let named = Named::of(outcome, &visits);
        let (before, after) = (visits.at(&plan.baseline)?, visits.at(&plan.endpoint)?);
        lacking.add(&named, &Pairs::new(people, &before, &after, Missing::Observed), people);
        let left = |place: &usize| people.all[*place].completed == Some(false);
        let there = people.places(|person| person.arm.is_some()).into_iter();
        for place in there.filter(left).filter(|&place| after[place].is_some()) {
            after_leaving.entry(place).or_default().push(named.label.clone());
        }
        let between = visits.carried(plan, notes)?;
        visits.tell_others(plan, &between, notes);
        for (way, &missing) in shown(plan, !between.is_empty()).iter().enumerate() {
            let pairs = match missing {
                Missing::Locf => Pairs::with_last(people, &before, &after, &visits.last(&between)),
                _ => Pairs::new(people, &before, &after, missing),
            };
            nothing_to_carry(&named, &pairs, people, plan, notes);
            alone(&named, &pairs, people, notes);
            let mut row = compare(&named, &pairs, people, plan)?;
            if way == 0
                && let Some(asked) = plan.permutations
            {
                let least = permute(&mut row, &pairs, people, asked)?;
                tell_few(&named, (least, row.n_permutations.unwrap_or_default()), notes);
            }
            if way == 0 && !row.percent_undefined.is_empty() {
                let who = counted(row.percent_undefined.len(), "participant");
                notes.warn(
                    format!("{who} with {} of 0 or less at {}: of it there is no percentage, nor a mean of it in the arm", named.label, plan.baseline),
                    row.percent_undefined.clone(),
                );
            }
            rows.push(row);
        }
    }
    lacking.tell(people, (plan, &plan.missing), notes);
    tell_after_leaving(&after_leaving, people, plan, notes);
    tell(plan, notes);
    let mut ancova =
        Ancova { rows, family: plan.primary.iter().map(ToString::to_string).collect() };
    adjust(&mut ancova);
    Ok(ancova)
}

/// Who left and has values at the endpoint all the same: they are analysed, as treatment policy has it, and may be a slip.
fn tell_after_leaving(
    of: &BTreeMap<usize, Vec<String>>,
    people: &People,
    plan: &Plan,
    notes: &mut Notes,
) {
    let mut labels: Vec<&str> = of.values().flatten().map(String::as_str).collect();
    labels.sort_unstable();
    labels.dedup();
    if !of.is_empty() {
        let places: Vec<usize> = of.keys().copied().collect();
        notes.info(
            format!(
                "{} who did not complete the study {} values of {} at {}, which are analysed",
                counted(places.len(), "participant"),
                verb(places.len(), ["has", "have"]),
                labels.join(", "),
                plan.endpoint
            ),
            people.names(&places),
        );
    }
}

/// Rearrangements by which no p can be small.
fn tell_few(named: &Named, (least, n): (f64, u64), notes: &mut Notes) {
    if least >= 0.05 {
        notes.warn(
            format!(
                "{}: of {} no p by rearrangement is below {least:.3}, whatever the arms differ by; 1000 or more are usual where participants allow it",
                named.label,
                counted(n as usize, "rearrangement")
            ),
            Vec::new(),
        );
    }
}

/// Who has no baseline is in no analysis with values carried forward.
fn nothing_to_carry(named: &Named, pairs: &Pairs, people: &People, plan: &Plan, notes: &mut Notes) {
    let out: Vec<usize> =
        Arm::BOTH.iter().flat_map(|arm| pairs.left_out.get(*arm)).copied().collect();
    if pairs.missing != Missing::Observed && !out.is_empty() {
        notes.warn(
            format!(
                "{} without {} at {}: nothing can be carried forward, not even in BOCF",
                counted(out.len(), "participant"),
                named.label,
                plan.baseline
            ),
            people.names(&out),
        );
    }
}

/// Who is left alone in a stratum or at a level of a covariate where others lack values.
fn alone(named: &Named, pairs: &Pairs, people: &People, notes: &mut Notes) {
    let pairs = &pairs.with_covariates(people);
    let strata = people.strata.iter().enumerate().map(|(factor, column)| {
        let level = |place: usize| Some(people.all[place].strata[factor].as_str());
        (format!("in a stratum of {column}"), pairs.places.iter().map(|&p| level(p)).collect())
    });
    let covariates = people.covariates.iter().filter_map(|one| match &one.kind {
        Kind::Numbers(_) => None,
        Kind::Levels(all) => {
            let levels = pairs.places.iter().map(|&place| all[place].as_deref()).collect();
            Some((format!("at a level of {}", one.name), levels))
        }
    });
    let factors: Vec<(String, Vec<Option<&str>>)> = strata.chain(covariates).collect();
    for (place_of, levels) in factors {
        let is_alone = |level| levels.iter().filter(|&&other| other == level).count() == 1;
        let both = pairs.places.iter().zip(&levels);
        let alone: Vec<usize> =
            both.filter(|(_, level)| is_alone(**level)).map(|(&place, _)| place).collect();
        if !alone.is_empty() {
            let (who, is) = (counted(alone.len(), "participant"), verb(alone.len(), ["is", "are"]));
            notes.warn(
                format!(
                    "{who} {is} alone {place_of} in the analysis of {}: fitted exactly, and telling nothing of the arms",
                    named.label
                ),
                people.names(&alone),
            );
        }
    }
}

/// The ways with missing values that are computed, in the plan's order, so that the first stays primary: LOCF without a visit between is BOCF in its place.
fn shown(plan: &Plan, has_between: bool) -> Vec<Missing> {
    let mut ways: Vec<Missing> = Vec::new();
    for &way in &plan.missing {
        let way = match way {
            Missing::Locf if !has_between => Missing::Bocf,
            _ => way,
        };
        if !ways.contains(&way) {
            ways.push(way);
        }
    }
    ways
}

fn tell(plan: &Plan, notes: &mut Notes) {
    if plan.outcomes.is_empty() {
        return;
    }
    match plan.primary.as_slice() {
        [] => notes.info(
            "no primary family is named: p of the outcomes are not adjusted for being several",
            Vec::new(),
        ),
        family => notes.info(
            format!(
                "p of the primary family ({}) are adjusted by Holm; others are not",
                counted(family.len(), "outcome")
            ),
            Vec::new(),
        ),
    }
}

/// Holm over the family's primary rows.
fn adjust(ancova: &mut Ancova) {
    let first = |outcome: &String| ancova.rows.iter().position(|row| row.outcome == *outcome);
    let of_family: Vec<usize> = ancova.family.iter().filter_map(first).collect();
    let p: Vec<f64> = of_family.iter().map(|&at| ancova.rows[at].test.p).collect();
    let holm = fdr::adjusted(&p, Adjustment::Holm);
    of_family.into_iter().zip(holm).for_each(|(at, p)| ancova.rows[at].p_holm = Some(p));
}

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
