//! The plan's outcomes, each compared ([`ancova`](super::ancova)) in each of the ways with missing values: columns of tables, and what analyses make of repeated stimuli (`cpm:absolute`, `pressure:p50`).

mod alone;

use std::collections::BTreeMap;

use super::ancova::{Lacking, Named, Pairs, compare, permute, refuse_unseen};
use super::arm::Arm;
use super::derived;
use super::note::{Notes, counted, verb};
use super::people::People;
use super::plan::{Missing, Plan};
use super::results::Ancova;
use super::tables::Tables;
use crate::error::{Error, Result};
use crate::stats::fdr::{self, Adjustment};
use alone::Alone;

/// Compare every outcome of the plan, in each of its ways with missing values.
///
/// # Errors
/// What tables and columns lack; an outcome that leaves an arm without participants or nothing to test by.
pub fn analyse(plan: &Plan, people: &People, tables: &Tables, notes: &mut Notes) -> Result<Ancova> {
    let mut rows = Vec::new();
    let mut lacking = Lacking::default();
    let mut after_leaving: BTreeMap<usize, Vec<String>> = BTreeMap::new();
    for outcome in &plan.outcomes {
        let visits = derived::visits(&outcome.column, plan, people, tables)?;
        let named = Named::of(outcome, &visits);
        let (before, after) = (visits.at(&plan.baseline)?, visits.at(&plan.endpoint)?);
        refuse_one_visit(&named, plan, (&before, &after))?;
        let observed = Pairs::new(people, &before, &after, Missing::Observed);
        refuse_unseen(&named, &observed, people, plan)?;
        lacking.add(&named, &observed, people);
        let left = |place: &usize| people.all[*place].completed == Some(false);
        let there = people.places(|person| person.arm.is_some()).into_iter();
        for place in there.filter(left).filter(|&place| after[place].is_some()) {
            after_leaving.entry(place).or_default().push(named.label.clone());
        }
        let between = visits.carried((plan, people), notes)?;
        visits.tell_others((plan, people), &between, notes);
        let mut alone = Alone::default();
        for (way, &missing) in shown(plan, !between.is_empty()).iter().enumerate() {
            let pairs = match missing {
                Missing::Locf => Pairs::with_last(people, &before, &after, &visits.last(&between)),
                _ => Pairs::new(people, &before, &after, missing),
            };
            nothing_to_carry(&named, &pairs, people, plan, notes);
            alone.add(&pairs, people);
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
        alone.tell(&named, people, notes);
    }
    lacking.tell(people, (plan, &plan.missing), notes);
    tell_after_leaving(&after_leaving, people, plan, notes);
    tell(plan, notes);
    let mut ancova =
        Ancova { rows, family: plan.primary.iter().map(ToString::to_string).collect() };
    adjust(&mut ancova);
    Ok(ancova)
}

/// Refuse what is measured at the endpoint alone, such as a global impression of change.
fn refuse_one_visit(
    named: &Named,
    plan: &Plan,
    (before, after): (&[Option<f64>], &[Option<f64>]),
) -> Result<()> {
    let has = |values: &[Option<f64>]| values.iter().any(Option::is_some);
    if has(before) || !has(after) {
        return Ok(());
    }
    Err(Error::usage(
        format!("outcome {}", named.outcome),
        format!("has no value at {}, and values at {}", plan.baseline, plan.endpoint),
        "be measured at both visits: the endpoint is compared given the baseline",
        format!(
            "what is measured at the endpoint alone is a part of a responder rule: --responder '{}<=2'; else check --baseline",
            named.outcome
        ),
    ))
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
