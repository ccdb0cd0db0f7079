//! Parts taken together, counted.

use std::collections::BTreeMap;

use super::held::{Held, compared};
use super::{adjusted, certain, named};
use crate::error::Result;
use crate::stats::proportions::{Count, MantelHaenszel, NumberNeeded, TwoArms};
use crate::trial::arm::{Arm, ByArm};
use crate::trial::counts::{
    ratio, risk_difference, risk_difference_newcombe, share, two_arms, within,
};
use crate::trial::people::People;
use crate::trial::plan::{Missing, Plan};
use crate::trial::results::{Estimate, Nnt, OfOneArm, ResponderRow, Stratified, Test};
use crate::trial::rule::Rule;

/// What becomes of a participant by several parts.
#[derive(Clone, Copy, PartialEq)]
enum Answer {
    Responds,
    Fails,
    /// A value lacks; whether another part is known to fail.
    Lacks {
        fails: bool,
    },
}

fn answer(parts: &[Held], missing: Missing, place: usize) -> Answer {
    let of = |answer: Option<bool>| parts.iter().any(|held| held.met_by(missing)[place] == answer);
    match (of(None), of(Some(false))) {
        (true, fails) => Answer::Lacks { fails },
        (false, true) => Answer::Fails,
        (false, false) => Answer::Responds,
    }
}

/// The row of these parts and this way with missing values.
pub(super) fn row(
    parts: &[Held],
    missing: Missing,
    people: &People,
    plan: &Plan,
) -> Result<ResponderRow> {
    let answers: Vec<(usize, Arm, Answer)> = compared(people)
        .filter_map(|place| Some((place, people.all[place].arm?, answer(parts, missing, place))))
        .collect();
    let lacks = |answer: Answer| matches!(answer, Answer::Lacks { .. });
    let counts = |answer: Answer| missing != Missing::Observed || !lacks(answer);
    let number = |is_so: &dyn Fn(Answer) -> bool| {
        ByArm::of(|arm| answers.iter().filter(|(_, own, a)| *own == arm && is_so(*a)).count())
    };
    let responders = number(&|a| a == Answer::Responds);
    let n = number(&counts);
    let all = two_arms(responders, n);
    let lacking = ByArm::of(|arm| {
        let who = answers.iter().filter(|(_, own, a)| *own == arm && lacks(*a));
        people.names(&who.map(|(place, ..)| *place).collect::<Vec<_>>())
    });
    let of_lacking = ByArm::of(|arm| lacking.get(arm).len());
    let extreme = |of: Arm| extreme(responders, n, of_lacking, of);
    let counted = || {
        let in_row = answers.iter().filter(|(.., a)| counts(*a));
        in_row.map(|&(place, arm, a)| (place, arm, a == Answer::Responds))
    };
    let conf = plan.conf;
    Ok(ResponderRow {
        name: named::row(&parts.iter().map(|held| held.label.as_str()).collect::<Vec<_>>()),
        rule: Rule { parts: parts.iter().map(|held| held.part.clone()).collect() }.to_string(),
        n_parts: parts.len(),
        missing: Some(missing),
        responders,
        n,
        share: ByArm::of(|arm| share(*two(&all, arm), conf)),
        risk_difference: risk_difference(&all, conf),
        risk_difference_newcombe: risk_difference_newcombe(&all, conf),
        p_score: all.score_p(),
        p_fisher: all.fisher_p(),
        odds_ratio: ratio(all.odds_ratio(conf)),
        risk_ratio: risk_ratio(&all, conf),
        nnt: needed(&all, conf),
        known_nonresponders: answers
            .iter()
            .filter(|(.., a)| *a == Answer::Lacks { fails: true })
            .count(),
        // Of all randomised: the observed have nobody to imagine.
        worst_case: (missing != Missing::Observed).then(|| extreme(Arm::Control)).flatten(),
        best_case: (missing != Missing::Observed).then(|| extreme(Arm::Active)).flatten(),
        adjusted: adjusted::adjusted(parts, counted(), plan)?,
        lacking,
        stratified: (!plan.strata.is_empty()).then(|| stratified(counted(), people, plan)),
    })
}

fn two(all: &TwoArms, arm: Arm) -> &Count {
    match arm {
        Arm::Control => &all.control,
        Arm::Active => &all.active,
    }
}

/// The risk difference were all of one arm who lack a value to respond, and none of the other.
fn extreme(
    mut responders: ByArm<usize>,
    n: ByArm<usize>,
    lacking: ByArm<usize>,
    respond: Arm,
) -> Option<f64> {
    *responders.get_mut(respond) += lacking.get(respond);
    two_arms(responders, n).difference()
}

/// Katz's; where everybody responds its formula has no variance, and the ratio no limits.
fn risk_ratio(all: &TwoArms, conf: f64) -> Option<Estimate> {
    let found = ratio(all.risk_ratio(conf))?;
    match Arm::BOTH.into_iter().all(|arm| two(all, arm).with == two(all, arm).n) {
        true => certain::without_limits(found.value),
        false => Some(found),
    }
}

/// Whether in each arm all respond, or none, in every stratum that has both.
fn is_certain(tables: &[TwoArms]) -> bool {
    Arm::BOTH.into_iter().all(|arm| {
        let telling = tables.iter().filter(|one| one.active.n > 0 && one.control.n > 0);
        let (with, n) = telling
            .map(|one| two(one, arm))
            .fold((0, 0), |(with, n), own| (with + own.with, n + own.n));
        with == 0 || with == n
    })
}

fn needed(all: &TwoArms, conf: f64) -> Option<Nnt> {
    let difference = all.difference()?;
    let text = |limits| NumberNeeded::of(difference, limits).text();
    Some(Nnt {
        value: NumberNeeded::of(difference, all.miettinen_nurminen(conf)?).value?,
        text: text(all.miettinen_nurminen(conf)?),
        text_newcombe: text(all.newcombe(conf)?),
    })
}

/// The strata put together, from each participant's place, arm and response.
fn stratified(
    counted: impl Iterator<Item = (usize, Arm, bool)>,
    people: &People,
    plan: &Plan,
) -> Stratified {
    let mut strata: BTreeMap<&[String], (TwoArms, Vec<usize>)> = BTreeMap::new();
    for (place, arm, responds) in counted {
        let (stratum, places) = strata.entry(&people.all[place].strata).or_default();
        places.push(place);
        let count = match arm {
            Arm::Control => &mut stratum.control,
            Arm::Active => &mut stratum.active,
        };
        count.n += 1;
        count.with += usize::from(responds);
    }
    let of_one_arm = |(levels, (table, places)): (&&[String], &(TwoArms, Vec<usize>))| {
        let arm = Arm::BOTH.into_iter().find(|arm| two(table, arm.other()).n == 0)?;
        Some(OfOneArm { stratum: levels.join(", "), arm, participants: people.names(places) })
    };
    let of_one_arm: Vec<OfOneArm> = strata.iter().filter_map(of_one_arm).collect();
    let tables: Vec<TwoArms> = strata.into_values().map(|(table, _)| table).collect();
    let by = plan.strata.clone();
    let Some(pooled) = MantelHaenszel::of(&tables, plan.conf) else {
        let left_out = tables.iter().map(|table| table.active.n + table.control.n).sum();
        return Stratified { by, left_out, of_one_arm, ..Stratified::default() };
    };
    let difference = pooled.difference;
    // Sato's variance is 0 then.
    let risk_difference = match is_certain(&tables) {
        true => certain::without_limits(difference.value),
        false => Some(Estimate {
            se: Some(difference.se),
            ..within(difference.value, Some(difference.limits))
        }),
    };
    Stratified {
        by,
        n_strata: pooled.n_strata,
        left_out: pooled.left_out,
        of_one_arm,
        risk_difference,
        odds_ratio: ratio(pooled.odds_ratio),
        test: pooled.test.map(|(statistic, p)| Test { statistic, dof: Some(1.0), p }),
    }
}
