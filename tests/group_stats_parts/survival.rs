//! Kaplan and Meier's curve, and the log-rank test.

use boldly::stats::survival::{Curve, LogRank, Time};
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
            let column = |of: &dyn Fn(usize) -> f64| (0..curve.steps.len()).map(of).collect();
            let close = |what: &str, of: &dyn Fn(usize) -> f64| {
                let got: Vec<f64> = column(of);
                assert_close(what, &got, &numbers(&want[what]), 1e-9, 0.0);
            };
            close("times", &|k| curve.steps[k].at);
            close("survival", &|k| curve.steps[k].survival);
            close("se", &|k| curve.steps[k].se.unwrap());
            close("low", &|k| curve.steps[k].limits.unwrap().low);
            close("high", &|k| curve.steps[k].limits.unwrap().high);
            let events: usize = curve.steps.iter().map(|s| s.events).sum();
            assert_eq!(events + curve.censored.len(), curve.n);
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
    let steps: Vec<_> = curve.steps.iter().map(|s| (s.at, s.at_risk, s.events)).collect();
    assert_eq!(steps, [(2.0, 4, 1), (3.0, 2, 2)]);
    assert_eq!((curve.steps[0].survival, curve.steps[1].survival), (0.75, 0.0));
    assert!(curve.steps[0].limits.is_some() && curve.steps[0].se.is_some());
    assert!(curve.steps[1].limits.is_none() && curve.steps[1].se.is_none());
    assert_eq!(curve.median(), Some(3.0));
    assert_eq!(curve.at(1.9), None);
    assert_eq!(curve.at(2.9).unwrap().at, 2.0);
    // 3/4 then 2/3 of it: a half, whatever its last digit.
    let half = [event(1.0), event(2.0), censored(9.0), censored(9.0)];
    assert_eq!(Curve::of(&half, 0.95).median(), Some(2.0));
}

#[test]
fn without_an_event_there_is_a_flat_curve_and_no_test() {
    let curve = Curve::of(&[censored(5.0), censored(1.0)], 0.95);
    assert_eq!((curve.steps.len(), curve.n, curve.median()), (0, 2, None));
    assert_eq!(curve.censored, [1.0, 5.0]);
    assert_eq!(LogRank::of(&[censored(5.0)], &[censored(6.0)]), None);
    assert_eq!(LogRank::of(&[], &[event(6.0)]), None);
    assert_eq!(Curve::of(&[], 0.95), Curve::default());
    // The only event comes when the other arm has left.
    assert_eq!(LogRank::of(&[censored(5.0)], &[event(6.0)]), None);
}
