//! Proportions of two arms, strata, the number needed to treat.

use boldly::stats::proportions::{Count, Limits, MantelHaenszel, NumberNeeded, Ratio, TwoArms};
use serde_json::Value;

use crate::common::{assert_close, numbers};

fn golden() -> Value {
    serde_json::from_str(include_str!("../goldens/counts.json")).unwrap()
}

fn pairs(golden: &Value) -> Vec<(TwoArms, &Value)> {
    let of = |p: &Value, key: &str| p[key].as_u64().unwrap() as usize;
    let pair = |p| TwoArms::of([of(p, "x1"), of(p, "n1")], [of(p, "x0"), of(p, "n0")]);
    golden["pairs"].as_array().unwrap().iter().map(|p| (pair(p), p)).collect()
}

fn ends(limits: Option<Limits>) -> [f64; 2] {
    let limits = limits.unwrap();
    [limits.low, limits.high]
}

fn all(ratio: Option<Ratio>) -> [f64; 3] {
    let ratio = ratio.unwrap();
    let [low, high] = ends(ratio.limits);
    [ratio.value, low, high]
}

#[test]
fn limits_of_proportions_equal_statsmodels_and_the_restricted_likelihood_of_40_digits() {
    let golden = golden();
    for (arms, want) in pairs(&golden) {
        let close = |what: &str, got: Option<Limits>| {
            let name = format!("{what} of {arms:?}");
            assert_close(&name, &ends(got), &numbers(&want[what]), 0.0, 1e-9);
        };
        close("wilson1", arms.active.wilson(0.95));
        close("wilson0", arms.control.wilson(0.95));
        close("newcombe", arms.newcombe(0.95));
        close("newcombe_90", arms.newcombe(0.9));
        close("miettinen_nurminen", arms.miettinen_nurminen(0.95));
        close("miettinen_nurminen_90", arms.miettinen_nurminen(0.9));
    }
}

#[test]
fn nobody_and_everybody_have_limits_at_the_very_end() {
    for n in 1..200 {
        let [none, all] = [0, n].map(|with| ends(Count::of(with, n).wilson(0.95)));
        assert!(none[0] == 0.0 && none[1] < 1.0, "0 of {n}: {none:?}");
        assert!(all[0] > 0.0 && all[1] == 1.0, "{n} of {n}: {all:?}");
    }
}

#[test]
fn p_and_ratios_equal_scipys_and_statsmodels() {
    let golden = golden();
    let mut compared = 0;
    for (arms, want) in pairs(&golden) {
        for (what, got) in [("score_p", arms.score_p()), ("fisher_p", arms.fisher_p())] {
            let (got, want) = (got.unwrap(), want[what].as_f64().unwrap());
            assert_close(&format!("{what} of {arms:?}"), &[got], &[want], 1e-9, 0.0);
        }
        for (what, got) in
            [("odds_ratio", arms.odds_ratio(0.95)), ("risk_ratio", arms.risk_ratio(0.95))]
        {
            if !want[what].is_null() {
                let name = format!("{what} of {arms:?}");
                assert_close(&name, &all(got), &numbers(&want[what]), 1e-9, 0.0);
                compared += 1;
            }
        }
    }
    assert!(compared > 15, "{compared}");
}

/// The score chi-squared with the likelihood maximised by ever smaller steps, in so many words.
fn by_brute_force(arms: &TwoArms, d: f64) -> f64 {
    let [x1, n1] = [arms.active.with as f64, arms.active.n as f64];
    let [x0, n0] = [arms.control.with as f64, arms.control.n as f64];
    let term = |k: f64, q: f64| if k == 0.0 { 0.0 } else { k * q.ln() };
    let likelihood = |q: f64| {
        let q1 = q + d;
        term(x1, q1) + term(n1 - x1, 1.0 - q1) + term(x0, q) + term(n0 - x0, 1.0 - q)
    };
    let (mut low, mut high) = ((-d).max(0.0), (1.0 - d).min(1.0));
    for _ in 0..200 {
        let third = (high - low) / 3.0;
        if likelihood(low + third) < likelihood(high - third) {
            low += third
        } else {
            high -= third
        }
    }
    let q0 = 0.5 * (low + high);
    let variance = (q0 + d) * (1.0 - q0 - d) / n1 + q0 * (1.0 - q0) / n0;
    (x1 / n1 - x0 / n0 - d).powi(2) / (variance * (n1 + n0) / (n1 + n0 - 1.0))
}

#[test]
fn the_score_limits_of_every_small_table_are_where_the_restricted_likelihood_says() {
    const Z: f64 = 1.959_963_984_540_054;
    let mut ends_seen = 0;
    for (n1, n0) in [(1, 1), (1, 6), (4, 2), (5, 8), (7, 7), (11, 4)] {
        for (x1, x0) in (0..=n1).flat_map(|x1| (0..=n0).map(move |x0| (x1, x0))) {
            let arms = TwoArms::of([x1, n1], [x0, n0]);
            let limits = arms.miettinen_nurminen(0.95).unwrap();
            let observed = arms.difference().unwrap();
            assert!(limits.low <= observed && observed <= limits.high, "{arms:?} {limits:?}");
            for limit in [limits.low, limits.high] {
                if limit.abs() == 1.0 {
                    assert_eq!(limit, observed, "{arms:?}");
                    ends_seen += 1;
                    continue;
                }
                let chi_square = by_brute_force(&arms, limit);
                assert!((chi_square / (Z * Z) - 1.0).abs() < 1e-6, "{arms:?} {limit} {chi_square}");
            }
        }
    }
    assert_eq!(ends_seen, 12);
}

#[test]
fn swapping_arms_or_outcome_turns_limits_around() {
    for (x1, x0) in (0..=9).flat_map(|x1| (0..=5).map(move |x0| (x1, x0))) {
        let arms = TwoArms::of([x1, 9], [x0, 5]);
        for turned in [TwoArms::of([x0, 5], [x1, 9]), TwoArms::of([9 - x1, 9], [5 - x0, 5])] {
            for limits in [TwoArms::miettinen_nurminen, TwoArms::newcombe] {
                let [low, high] = ends(limits(&arms, 0.95));
                let [other_low, other_high] = ends(limits(&turned, 0.95));
                let name = format!("{arms:?}");
                assert_close(&name, &[low, high], &[-other_high, -other_low], 0.0, 1e-9);
            }
            let (p, other) = (arms.fisher_p().unwrap(), turned.fisher_p().unwrap());
            assert!((p - other).abs() < 1e-12, "{arms:?} {p} {other}");
        }
    }
}

#[test]
fn what_is_not_defined_is_none_and_no_number() {
    let empty = TwoArms::of([0, 0], [3, 9]);
    assert_eq!(empty.difference(), None);
    assert_eq!(empty.miettinen_nurminen(0.95), None);
    assert_eq!(empty.newcombe(0.95), None);
    assert_eq!(empty.fisher_p(), None);
    assert_eq!(empty.score_p(), None);
    assert_eq!(empty.odds_ratio(0.95), None);
    assert_eq!(empty.risk_ratio(0.95), None);
    assert_eq!(MantelHaenszel::of(&[empty], 0.95), None);
    // Nobody of the control arm: infinite. Nobody of the active arm: 0, without limits.
    assert_eq!(TwoArms::of([3, 9], [0, 9]).odds_ratio(0.95), None);
    assert_eq!(TwoArms::of([3, 9], [0, 9]).risk_ratio(0.95), None);
    let none_active = TwoArms::of([0, 9], [3, 9]);
    assert_eq!(none_active.odds_ratio(0.95), Some(Ratio { value: 0.0, limits: None }));
    assert_eq!(none_active.risk_ratio(0.95), Some(Ratio { value: 0.0, limits: None }));
    // Everybody of the active arm: an infinite odds ratio, a risk ratio with limits.
    let all_active = TwoArms::of([9, 9], [3, 9]);
    assert_eq!(all_active.odds_ratio(0.95), None);
    assert!(all_active.risk_ratio(0.95).unwrap().limits.is_some());
    // Everybody of the control arm: an odds ratio of 0, without limits.
    let all_control = TwoArms::of([3, 9], [9, 9]).odds_ratio(0.95);
    assert_eq!(all_control, Some(Ratio { value: 0.0, limits: None }));
}

#[test]
fn tables_of_equal_probability_count_in_fishers_p_whatever_their_rounding() {
    // Symmetric margins: the mirrored table is exactly as probable, so p is twice the tail.
    let (n, m) = (61, 40);
    for x1 in 0..20 {
        let p = TwoArms::of([x1, n], [m - x1, n]).fisher_p().unwrap();
        let tail: f64 = (0..=x1).map(|x| choose(n, x) * choose(n, m - x) / choose(2 * n, m)).sum();
        assert!((p / (2.0 * tail) - 1.0).abs() < 1e-9, "{x1}: {p} for {}", 2.0 * tail);
    }
    assert_eq!(TwoArms::of([20, n], [20, n]).fisher_p(), Some(1.0));
    // Beyond doubles on both sides of the observed table.
    let far = TwoArms::of([2000, 2000], [0, 2000]).fisher_p().unwrap();
    assert!(far < 1e-300, "{far}");
}

fn choose(n: usize, k: usize) -> f64 {
    (0..k).map(|i| (n - i) as f64 / (k - i) as f64).product()
}

#[test]
fn strata_together_equal_statsmodels_and_satos_variance() {
    for want in golden()["strata"].as_array().unwrap() {
        let tables: Vec<TwoArms> = want["tables"].as_array().unwrap().iter().map(table).collect();
        let got = MantelHaenszel::of(&tables, 0.95).unwrap();
        let difference = [got.difference.value, got.difference.se];
        assert_close("difference", &difference, &numbers(&want["difference"]), 1e-12, 0.0);
        assert_close("odds", &all(got.odds_ratio), &numbers(&want["odds_ratio"]), 1e-9, 0.0);
        let (chi_square, p) = got.test.unwrap();
        assert_close("test", &[chi_square, p], &numbers(&want["test"]), 1e-9, 0.0);
        let half = 1.959_963_984_540_054 * difference[1];
        let limits = [difference[0] - half, difference[0] + half];
        assert_close("limits", &ends(Some(got.difference.limits)), &limits, 1e-12, 0.0);
    }
}

fn table(of: &Value) -> TwoArms {
    let n: Vec<usize> = numbers(of).into_iter().map(|v| v as usize).collect();
    TwoArms::of([n[0], n[1]], [n[2], n[3]])
}

#[test]
fn a_stratum_without_one_arm_says_nothing_and_is_counted() {
    let tables = [TwoArms::of([4, 16], [2, 21]), TwoArms::of([4, 14], [0, 9])];
    let with = [tables[0], TwoArms::of([0, 0], [3, 5]), tables[1], TwoArms::of([1, 2], [0, 0])];
    let (want, got) =
        (MantelHaenszel::of(&tables, 0.95).unwrap(), MantelHaenszel::of(&with, 0.95).unwrap());
    assert_eq!((got.n_strata, got.left_out), (2, 7));
    assert_eq!((want.n_strata, want.left_out), (2, 0));
    assert_eq!(MantelHaenszel { left_out: 0, ..got }, want);
    // Nobody responds anywhere: a difference of 0, no test, no odds ratio.
    let none = MantelHaenszel::of(&[TwoArms::of([0, 4], [0, 5])], 0.95).unwrap();
    assert_eq!((none.difference.value, none.test, none.odds_ratio), (0.0, None, None));
}

#[test]
fn numbers_needed_to_treat_run_through_infinity_where_the_limits_differ_in_sign() {
    let text = |difference: f64, low: f64, high: f64| {
        NumberNeeded::of(difference, Limits { low, high }).text()
    };
    // Altman 1998: 25 % (5 to 45), and with the lower limit below 0.
    assert_eq!(text(0.25, 0.05, 0.45), "NNTB 2.2 to 20.0");
    assert_eq!(
        text(0.1304347826, -0.0195887718803, 0.278449747307),
        "NNTB 3.6 to infinity to NNTH 51.0"
    );
    assert_eq!(text(-0.1, -0.25, 0.05), "NNTH 4.0 to infinity to NNTB 20.0");
    assert_eq!(text(-0.25, -0.5, -0.1), "NNTH 2.0 to 10.0");
    assert_eq!(text(0.1, 0.0, 0.2), "NNTB 5.0 to infinity");
    assert_eq!(text(-0.1, -0.2, 0.0), "NNTH 5.0 to infinity");
    assert_eq!(text(0.0, -0.2, 0.2), "NNTB 5.0 to infinity to NNTH 5.0");
    let value = |difference| NumberNeeded::of(difference, Limits { low: -1.0, high: 1.0 }).value;
    assert_eq!([value(0.25), value(-0.5), value(0.0)], [Some(4.0), Some(-2.0), None]);
}
