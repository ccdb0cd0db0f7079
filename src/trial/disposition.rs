//! What became of those randomised: who completed, who left and why, and when.
//!
//! Where it is known of nobody of an arm whether they completed (no column `completed`), there is no number, and none is taken for 0.
//!
//! Time to discontinuation runs to `last_day`; who completed is censored there. Kaplan and Meier's curve has log-log limits, the arms are compared by the log-rank test. Who has no
//! `last_day`, or of whom it is not known whether they left, is in no curve, and named.

use super::arm::{Arm, ByArm};
use super::counts::{risk_difference, two_arms, within};
use super::note::{Notes, counted};
use super::people::{People, Person};
use super::plan::Plan;
use super::results::{Disposition, DispositionOfArm, Estimate, SurvivalStep, Test};
use super::spelling::Spellings;
use super::tables::Tables;
use crate::error::{Error, Result};
use crate::stats::survival::{Curve, LogRank, Time};

/// What is said of who left without a reason.
const NOT_GIVEN: &str = "not given";

/// Count who left.
///
/// # Errors
/// Bad data naming the line of a treated participant whose `last_day` is before the first.
pub fn analyse(
    plan: &Plan,
    people: &People,
    _tables: &Tables,
    notes: &mut Notes,
) -> Result<Disposition> {
    let times = ByArm::try_of(|arm| times(people, arm))?;
    tell(people, notes);
    let left = |person: &Person| person.completed == Some(false);
    let of = |arm| {
        let number = |is_so: &dyn Fn(&Person) -> bool| {
            people.places(|person| person.arm == Some(arm) && is_so(person)).len()
        };
        let curve = Curve::of(times.get(arm), plan.conf);
        let (randomised, not_known) =
            (number(&|_| true), number(&|person| person.completed.is_none()));
        let is_known = randomised > not_known;
        DispositionOfArm {
            randomised,
            treated: number(&|person| person.treated),
            completed: is_known.then(|| number(&|person| person.completed == Some(true))),
            discontinued: is_known.then(|| number(&left)),
            not_known,
            median_day: curve.median(),
            curve: steps(&curve),
        }
    };
    let arms = ByArm::of(of);
    let log_rank = LogRank::of(&times.active, &times.control);
    Ok(Disposition {
        discontinued: match (arms.control.discontinued, arms.active.discontinued) {
            (Some(control), Some(active)) => people_differ(ByArm { control, active }, &arms, plan),
            _ => None,
        },
        reasons: reasons(people, &arms, plan, notes),
        log_rank: log_rank.map(|test| Test {
            statistic: test.chi_square,
            dof: Some(1.0),
            p: test.p,
        }),
        arms,
    })
}

/// The risk difference among those randomised; none where nobody's fate is known in an arm.
fn people_differ(n: ByArm<usize>, arms: &ByArm<DispositionOfArm>, plan: &Plan) -> Option<Estimate> {
    let known = |arm: &DispositionOfArm| arm.randomised > arm.not_known;
    if !known(&arms.active) || !known(&arms.control) {
        return None;
    }
    risk_difference(&two_arms(n, ByArm::of(|arm| arms.get(arm).randomised)), plan.conf)
}

/// Every reason with its participants and risk difference, the most frequent first.
fn reasons(
    people: &People,
    arms: &ByArm<DispositionOfArm>,
    plan: &Plan,
    notes: &mut Notes,
) -> Vec<(String, ByArm<usize>, Option<Estimate>)> {
    let mut spellings = Spellings::default();
    let mut counts: Vec<(String, ByArm<usize>)> = Vec::new();
    for person in people.all.iter().filter(|person| person.completed == Some(false)) {
        let Some(arm) = person.arm else { continue };
        let reason = person.discontinuation_reason.as_deref().unwrap_or(NOT_GIVEN);
        let reason = spellings.of(reason);
        let at = counts.iter().position(|(name, _)| *name == reason).unwrap_or_else(|| {
            counts.push((reason, ByArm::default()));
            counts.len() - 1
        });
        *counts[at].1.get_mut(arm) += 1;
    }
    if let Some(told) = spellings.told() {
        let text =
            format!("reasons that differ in case or blanks, or are one number, are one: {told}");
        notes.warn(text, Vec::new());
    }
    counts.sort_by(|(a, m), (b, n)| {
        (n.active + n.control).cmp(&(m.active + m.control)).then_with(|| a.cmp(b))
    });
    counts.into_iter().map(|(reason, n)| (reason, n, people_differ(n, arms, plan))).collect()
}

/// The times of an arm; those without one are told by [`tell`].
fn times(people: &People, arm: Arm) -> Result<Vec<Time>> {
    let mut times = Vec::new();
    for place in people.randomised(arm) {
        let person = &people.all[place];
        let (Some(at), Some(completed)) = (person.last_day, person.completed) else { continue };
        if at < 1.0 && person.treated {
            return Err(Error::bad_data(
                people.table.line(person.row),
                format!("has a last_day of {at} though treated"),
                "be 1 or more: the first dose is on day 1",
                "correct last_day, or set treated to no",
            ));
        }
        times.push(Time { at, event: !completed });
    }
    Ok(times)
}

fn tell(people: &People, notes: &mut Notes) {
    let is_there = |name: &str| people.table.table.position(name).is_some();
    if !is_there("completed") {
        let idle = ["last_day", "discontinuation_reason"].map(is_there);
        if idle != [false, false] {
            let text = format!(
                "{} has {} and no column completed: without it nobody is counted as having left",
                people.table.table.name,
                match idle {
                    [true, true] => "last_day and discontinuation_reason",
                    [true, false] => "last_day",
                    _ => "discontinuation_reason",
                }
            );
            notes.warn(text, Vec::new());
        }
        return;
    }
    if !is_there("last_day") {
        let text = format!(
            "{} has no column last_day: when participants left is not known",
            people.table.table.name
        );
        notes.info(text, Vec::new());
        return;
    }
    let without = people.places(|person| {
        person.arm.is_some() && person.completed.is_some() && person.last_day.is_none()
    });
    if !without.is_empty() {
        let text = format!(
            "{} without last_day: in no curve of the time to discontinuation",
            counted(without.len(), "participant")
        );
        notes.warn(text, people.names(&without));
    }
    let reasons = people
        .places(|person| person.completed.is_none() && person.discontinuation_reason.is_some());
    if !reasons.is_empty() {
        let text = format!(
            "{} with a discontinuation_reason and n/a in completed: not counted as having left",
            counted(reasons.len(), "participant")
        );
        notes.warn(text, people.names(&reasons));
    }
}

fn steps(curve: &Curve) -> Vec<SurvivalStep> {
    let step = |step: &crate::stats::survival::Step| SurvivalStep {
        day: step.at,
        at_risk: step.at_risk,
        events: step.events,
        censored: step.censored,
        share: Estimate { se: step.se, ..within(step.survival, step.limits) },
    };
    curve.steps.iter().map(step).collect()
}
