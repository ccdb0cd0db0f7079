//! Responders, adverse events, and who left.

use super::Sheet;
use super::column::{Columns, names};
use crate::trial::arm::{Arm, ByArm};
use crate::trial::plan::Missing;
use crate::trial::results::{
    AdverseRow, DispositionOfArm, Estimate, ResponderRow, Results, SurvivalStep,
};

pub(super) fn responders(results: &Results) -> Option<Sheet> {
    let part = results.responders.as_ref()?;
    let way = |row: &ResponderRow| match row.missing {
        Some(Missing::Observed) => "observed",
        Some(Missing::Bocf) => "bocf",
        Some(Missing::Locf) => "locf",
        None => "",
    };
    Columns::<ResponderRow>::new()
        .one("rule", "what is met", |row| row.name.clone())
        .one("written", "the rule as it is written", |row| row.rule.clone())
        .one("missing", "bocf: who lacks a value is no responder, of all randomised; observed: of those with all values", way)
        .arms("responders", "participants who met it", |row, arm| *row.responders.get(arm))
        .arms("n", "of so many", |row, arm| *row.n.get(arm))
        .arms("percent", "responders of them", |row, arm| row.share.get(arm).map(|e| 100.0 * e.value))
        .arms("percent_low", "lower Wilson limit", |row, arm| row.share.get(arm).and_then(|e| e.low).map(|v| 100.0 * v))
        .arms("percent_high", "upper Wilson limit", |row, arm| row.share.get(arm).and_then(|e| e.high).map(|v| 100.0 * v))
        .estimate("risk_difference", "active minus control, Miettinen and Nurminen's score limits", false, |row| row.risk_difference)
        .estimate("newcombe", "risk difference, Newcombe's limits", false, |row| row.risk_difference_newcombe)
        .one("p_score", "of no difference, by the score", |row| row.p_score)
        .one("p_fisher", "Fisher's exact, two-sided", |row| row.p_fisher)
        .estimate("odds_ratio", "odds of responding, Woolf's limits", false, |row| row.odds_ratio)
        .estimate("risk_ratio", "of responding, Katz's limits", false, |row| row.risk_ratio)
        .estimate("adjusted_or", "odds ratio given the baselines that the rule uses, by logistic regression", false, |row| {
            row.adjusted.as_ref().map(|of| of.odds_ratio)
        })
        .one("adjusted_p", "two-sided p of adjusted_or", |row| row.adjusted.as_ref().map(|of| of.test.p))
        .one("nnt", "one over the risk difference; negative is to harm", |row| row.nnt.as_ref().map(|nnt| nnt.value))
        .one("nnt_text", "with its limits, as Altman writes them", |row| row.nnt.as_ref().map(|nnt| nnt.text.clone()))
        .one("nnt_text_newcombe", "the same of Newcombe's limits", |row| row.nnt.as_ref().map(|nnt| nnt.text_newcombe.clone()))
        .arms("lacking", "who lacks a value that the rule needs", |row, arm| names(&row.lacking, arm))
        .one("known_nonresponders", "of these, how many are known to fail another part", |row| row.known_nonresponders)
        .one("worst_case", "risk difference if all who lack a value responded in the control arm and none in the active; who is known to fail one part and lacks another is among them (known_nonresponders)", |row| row.worst_case)
        .one("best_case", "the other way round", |row| row.best_case)
        .estimate("stratified_rd", "Mantel-Haenszel risk difference over strata, Sato's standard error", true, |row| {
            row.stratified.as_ref().and_then(|s| s.risk_difference)
        })
        .estimate("stratified_or", "Mantel-Haenszel odds ratio over strata", false, |row| {
            row.stratified.as_ref().and_then(|s| s.odds_ratio)
        })
        .one("strata_left_out", "participants of strata that have one arm alone", |row| row.stratified.as_ref().map(|s| s.left_out))
        .test("cmh_", "chi2", "Cochran, Mantel and Haenszel, uncorrected", |row| row.stratified.as_ref().and_then(|s| s.test))
        .sheet("responders", "Who responded, by the rules of the plan", &part.rows)
        .into()
}

pub(super) fn adverse_events(results: &Results) -> Option<Sheet> {
    let part = results.adverse_events.as_ref()?;
    let percent = |value: f64| 100.0 * value;
    Columns::<AdverseRow>::new()
        .one("soc", "system organ class, or what the row counts", |row| row.soc.clone())
        .one("pt", "preferred term; n/a in rows of classes and summaries", |row| row.pt.clone())
        .arms("n", "participants with such an event, each once", |row, arm| *row.n.get(arm))
        .arms("percent", "of those treated", move |row, arm| row.share.get(arm).map(percent))
        .arms("events", "events", |row, arm| *row.events.get(arm))
        .arms("treated", "participants treated", move |_, arm| *part.treated.get(arm))
        .estimate(
            "risk_difference",
            "active minus control, Miettinen and Nurminen's score limits; no p is given",
            false,
            |row| row.risk_difference,
        )
        .estimate("newcombe", "risk difference, Newcombe's limits", false, |row| {
            row.risk_difference_newcombe
        })
        .sheet(
            "adverse_events",
            "Treatment-emergent adverse events: a participant counts once a row",
            &part.rows,
        )
        .into()
}

/// What became of the randomised: what, whether it is a reason of those who discontinued, participants, risk difference.
struct Fate {
    what: String,
    reason: Option<String>,
    n: ByArm<Option<usize>>,
    difference: Option<Estimate>,
}

pub(super) fn disposition(results: &Results) -> Option<Sheet> {
    let part = results.disposition.as_ref()?;
    let fate = |what: &str, count: fn(&DispositionOfArm) -> Option<usize>| Fate {
        what: what.to_owned(),
        reason: None,
        n: ByArm::of(|arm| count(part.arms.get(arm))),
        difference: None,
    };
    let mut rows = vec![
        fate("randomised", |arm| Some(arm.randomised)),
        fate("treated", |arm| Some(arm.treated)),
        fate("completed", |arm| arm.completed),
        fate("not known", |arm| Some(arm.not_known)),
        Fate { difference: part.discontinued, ..fate("discontinued", |arm| arm.discontinued) },
    ];
    rows.extend(part.reasons.iter().map(|(reason, n, difference)| Fate {
        what: "discontinued".to_owned(),
        reason: Some(reason.clone()),
        n: ByArm::of(|arm| Some(*n.get(arm))),
        difference: *difference,
    }));
    let randomised = ByArm::of(|arm| part.arms.get(arm).randomised);
    let percent = move |row: &Fate, arm: Arm| {
        let of = *randomised.get(arm);
        row.n.get(arm).filter(|_| of > 0).map(|n| 100.0 * n as f64 / of as f64)
    };
    let is_all = |row: &Fate| row.what == "discontinued" && row.reason.is_none();
    Columns::<Fate>::new()
        .one("what", "what became of participants", |row| row.what.clone())
        .one("reason", "why they left; n/a: all together", |row| row.reason.clone())
        .arms("n", "participants; n/a where it is known of nobody", |row, arm| *row.n.get(arm))
        .arms("percent", "of those randomised", percent)
        .estimate(
            "risk_difference",
            "active minus control of those randomised, Miettinen and Nurminen's score limits",
            false,
            |row| row.difference,
        )
        .arms("median_day", "day by which half had left", move |row, arm| {
            part.arms.get(arm).median_day.filter(|_| is_all(row))
        })
        .test("log_rank_", "chi2", "the time to discontinuation of both arms", move |row| {
            part.log_rank.filter(|_| is_all(row))
        })
        .sheet("disposition", "What became of those randomised", &rows)
        .into()
}

pub(super) fn time_to_discontinuation(results: &Results) -> Option<Sheet> {
    let part = results.disposition.as_ref()?;
    let rows: Vec<(String, SurvivalStep)> = [Arm::Active, Arm::Control]
        .into_iter()
        .flat_map(|arm| {
            let name = results.arms.get(arm).clone();
            part.arms.get(arm).curve.iter().map(move |step| (name.clone(), *step))
        })
        .collect();
    if rows.is_empty() {
        return None;
    }
    Columns::<(String, SurvivalStep)>::new()
        .one("arm", "the arm", |row| row.0.clone())
        .one("day", "day since the first dose", |row| row.1.day)
        .one("at_risk", "participants just before", |row| row.1.at_risk)
        .one("left", "who left on that day", |row| row.1.events)
        .one("censored", "whose time ends on that day without leaving", |row| row.1.censored)
        .estimate(
            "in_study",
            "share still in the study (Kaplan-Meier; Greenwood's error, log-log limits)",
            true,
            |row| Some(row.1.share),
        )
        .sheet("time_to_discontinuation", "When participants left the study", &rows)
        .into()
}
