//! Kaplan and Meier's curve, and the log-rank test.

use boldly::stats::survival::{Curve, LogRank, Step, Time};
use serde_json::Value;

use crate::common::{assert_close, numbers};

fn times(of: &Value) -> Vec<Time> {
    let time = |t: &Value| Time { at: t[0].as_f64().unwrap(), event: t[1].as_bool().unwrap() };
    of.as_array().unwrap().iter().map(time).collect()
}

#[test]
fn curves_and_the_log_rank_test_equal_scipys_with_ties_and_censored_patients() {
    let golden: Value = serde_json::from_str(include_str!("../goldens/counts.json")).unwrap();
    for case in golden["survival"].as_array().unwrap() {
        let arms = [times(&case["active"]), times(&case["control"])];
        for (arm, want) in arms.iter().zip(case["curves"].as_array().unwrap()) {
            let curve = Curve::of(arm, 0.95);
            let close = |what: &str, of: &dyn Fn(&Step) -> f64| {
                let events = curve.steps.iter().filter(|step| step.events > 0);
                let got: Vec<f64> = events.map(of).collect();
                assert_close(what, &got, &numbers(&want[what]), 1e-9, 0.0);
            };
            close("times", &|s| s.at);
            close("survival", &|s| s.survival);
            close("se", &|s| s.se.unwrap());
            close("low", &|s| s.limits.unwrap().low);
            close("high", &|s| s.limits.unwrap().high);
            let gone: usize = curve.steps.iter().map(|s| s.events + s.censored).sum();
            assert_eq!(gone, curve.n);
        }
        let test = LogRank::of(&arms[0], &arms[1]).unwrap();
        let want = [case["chi_square"].as_f64().unwrap(), case["p"].as_f64().unwrap()];
        assert_close("log-rank", &[test.chi_square, test.p], &want, 1e-9, 0.0);
        let back = LogRank::of(&arms[1], &arms[0]).unwrap();
        assert!((back.chi_square - test.chi_square).abs() < 1e-9, "the arms are alike in it");
    }
}

fn event(at: f64) -> Time {
    Time { at, event: true }
}

fn censored(at: f64) -> Time {
    Time { at, event: false }
}

#[test]
fn who_leaves_at_the_time_of_an_event_was_at_risk_and_the_last_event_of_all_ends_the_curve() {
    let curve = Curve::of(&[event(2.0), censored(2.0), event(3.0), event(3.0)], 0.95);
    let steps = curve.steps.iter().map(|s| (s.at, s.at_risk, s.events, s.censored));
    assert_eq!(steps.collect::<Vec<_>>(), [(2.0, 4, 1, 1), (3.0, 2, 2, 0)]);
    assert_eq!((curve.steps[0].survival, curve.steps[1].survival), (0.75, 0.0));
    assert!(curve.steps[0].limits.is_some() && curve.steps[0].se.is_some());
    assert!(curve.steps[1].limits.is_none() && curve.steps[1].se.is_none());
    assert_eq!(curve.median(), Some(3.0));
    assert_eq!(curve.at(1.9), None);
    assert_eq!(curve.at(2.9).unwrap().at, 2.0);
    // 9/10 7/9 6/7 5/6 is a half, and in doubles a little more.
    let mut half: Vec<Time> = [1.0, 2.0, 2.0, 3.0, 4.0].map(event).to_vec();
    half.extend([censored(9.0); 5]);
    assert_eq!(Curve::of(&half, 0.95).median(), Some(4.0));
}

#[test]
fn without_an_event_the_curve_is_flat_and_there_is_no_test() {
    let curve = Curve::of(&[censored(5.0), censored(1.0)], 0.95);
    assert_eq!((curve.steps.len(), curve.n, curve.median()), (2, 2, None));
    let flat = Step {
        at: 5.0,
        at_risk: 1,
        events: 0,
        censored: 1,
        survival: 1.0,
        se: Some(0.0),
        limits: None,
    };
    assert_eq!(curve.steps[1], flat);
    assert_eq!(LogRank::of(&[censored(5.0)], &[censored(6.0)]), None);
    assert_eq!(LogRank::of(&[], &[event(6.0)]), None);
    assert_eq!(Curve::of(&[], 0.95), Curve::default());
    // One patient at risk says nothing.
    let one_more = |mut arm: Vec<Time>| {
        arm.push(event(9.0));
        arm
    };
    let (active, control) = (vec![event(1.0), event(4.0)], vec![event(2.0), censored(3.0)]);
    let test = LogRank::of(&active, &control).unwrap();
    let last = LogRank::of(&one_more(active), &control).unwrap();
    assert!(test.chi_square > 0.0 && last.chi_square > 0.0);
    assert_eq!(last.observed, 3);
    // The only event comes when the other arm has left.
    assert_eq!(LogRank::of(&[censored(5.0)], &[event(6.0)]), None);
}
