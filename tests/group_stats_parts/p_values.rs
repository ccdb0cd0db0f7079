//! Adjusted p, Hommel's h and the Pareto tail.

use boldly::stats::fdr::{Adjustment, adjusted, cutoff};
use boldly::stats::hommel::Hommel;
use boldly::stats::pareto::{Fit, ParetoTail};
use serde_json::Value;

use crate::common::{Random, assert_close, numbers};

fn golden() -> Value {
    serde_json::from_str(include_str!("../goldens/group_p.json")).unwrap()
}

#[test]
fn adjusted_p_equal_scipys_and_statsmodels() {
    let golden = &golden()["adjusted"];
    let p = numbers(&golden["p"]);
    for (name, adjustment) in [
        ("bh", Adjustment::BenjaminiHochberg),
        ("by", Adjustment::BenjaminiYekutieli),
        ("bonferroni", Adjustment::Bonferroni),
        ("holm", Adjustment::Holm),
    ] {
        let got = adjusted(&p, adjustment);
        assert_close(name, &got, &numbers(&golden[name]), 1e-13, 0.0);
        // A p that is not a number is no test.
        let mut with_gaps = vec![f64::NAN];
        with_gaps.extend(&p);
        with_gaps.push(f64::NAN);
        let of_gaps = adjusted(&with_gaps, adjustment);
        assert!(of_gaps[0].is_nan() && of_gaps[p.len() + 1].is_nan());
        assert_eq!(of_gaps[1..=p.len()], got);
        assert!(adjusted(&[], adjustment).is_empty());
    }
}

#[test]
fn the_cutoff_is_the_largest_p_that_is_found() {
    let p = [0.001, 0.04, f64::NAN, 0.02, 0.9];
    let adjusted = adjusted(&p, Adjustment::BenjaminiHochberg);
    assert_eq!(cutoff(&p, &adjusted, 0.05), Some(0.02));
    assert_eq!(cutoff(&p, &adjusted, 0.06), Some(0.04));
    assert_eq!(cutoff(&p, &adjusted, 0.003), None);
}

#[test]
fn hommels_h_and_true_discoveries_equal_nilearns() {
    for case in golden()["hommel"].as_array().unwrap() {
        let p = numbers(&case["p"]);
        for asked in case["asked"].as_array().unwrap() {
            let hommel = Hommel::new(&p, asked["level"].as_f64().unwrap());
            assert_eq!(hommel.h as u64, asked["h"].as_u64().unwrap(), "{asked:.60}");
            let of: Vec<f64> = numbers(&asked["set"]).iter().map(|&i| p[i as usize]).collect();
            // Its proportion exceeds 1 where h is 0.
            let want = asked["proportion"].as_f64().unwrap().min(1.0);
            let got = hommel.proportion(&of);
            assert!((got - want).abs() < 1e-12, "{got} for {want}: {asked:.60}");
        }
    }
}

/// By the definition, in so many words.
fn h_by_definition(p: &[f64], level: f64) -> usize {
    let mut sorted = p.to_vec();
    sorted.sort_by(f64::total_cmp);
    let m = sorted.len();
    let is_null = |i: usize| (1..=i).all(|j| i as f64 * sorted[m - i + j - 1] > j as f64 * level);
    (1..=m).rev().find(|&i| is_null(i)).unwrap_or(0)
}

#[test]
fn h_is_that_of_its_definition_with_p_of_0_and_1_and_at_the_level() {
    let mut random = Random(3);
    for round in 0..3000 {
        let n = 1 + (random.uniform() * 12.0) as usize;
        let level = [0.05, 0.25, 0.5][round % 3];
        let p: Vec<f64> = (0..n)
            .map(|_| match (random.uniform() * 7.0) as usize {
                0 => 0.0,
                1 => 1.0,
                2 => level,
                3 => level * random.uniform(),
                // A tie that binary numbers hold.
                4 if level > 0.1 => 0.5 * level,
                _ => random.uniform().powi(2),
            })
            .collect();
        let hommel = Hommel::new(&p, level);
        assert_eq!(hommel.h, h_by_definition(&p, level), "{p:?} at {level}");
        // d(S) by its definition, over all u.
        let counts =
            |u: usize| p.iter().filter(|&&v| hommel.h as f64 * v <= u as f64 * level).count();
        let want = (1..=n).map(|u| (1 + counts(u)).saturating_sub(u)).max().unwrap();
        assert_eq!(hommel.discoveries(&p), want, "{p:?} at {level}, h {}", hommel.h);
    }
    assert_eq!(Hommel::new(&[], 0.05).h, 0);
    assert_eq!(Hommel::new(&[0.001, f64::NAN], 0.05), Hommel { h: 0, n: 1, level: 0.05 });
    assert!(Hommel::new(&[0.001], 0.05).proportion(&[]).is_nan());
    assert_eq!(Hommel::new(&[1e-300; 4], 0.05).proportion(&[1e-300, f64::NAN]), 1.0);
}

#[test]
fn pareto_fits_are_scipys_maxima_of_likelihood() {
    for case in golden()["pareto"].as_array().unwrap() {
        let mut falling = numbers(&case["x"]);
        falling.sort_by(|a, b| b.total_cmp(a));
        let fit = Fit::of(&falling);
        let want = |name: &str| case[name].as_f64().unwrap();
        let got = [fit.shape, fit.scale, fit.a_square];
        let wanted = [want("shape"), want("scale"), want("anderson_darling")];
        assert_close("shape, scale, A^2", &got, &wanted, 1e-6, 1e-6);
        for row in case["p"].as_array().unwrap() {
            let [x, sf]: [f64; 2] = numbers(row).try_into().unwrap();
            assert!((fit.sf(x) - sf).abs() < 1e-6, "sf({x}) {} for {sf}", fit.sf(x));
        }
        assert!(fit.goodness > 0.1, "{fit:?}");
    }
}

#[test]
fn the_quality_of_a_fit_is_uniform_for_its_own_law_and_low_for_another() {
    let mut random = Random(11);
    let sorted = |mut values: Vec<f64>| {
        values.sort_by(|a, b| b.total_cmp(a));
        values
    };
    // Of its own law p is uniform, though never above .5: within three standard errors.
    let mut low = [0.0; 2];
    for _ in 0..200 {
        let exponential = (0..150).map(|_| -(1.0 - random.uniform()).ln()).collect();
        let goodness = Fit::of(&sorted(exponential)).goodness;
        assert!((0.001..=0.5).contains(&goodness));
        low[0] += f64::from(u8::from(goodness < 0.25)) / 200.0;
        low[1] += f64::from(u8::from(goodness < 0.05)) / 200.0;
    }
    assert!((low[0] - 0.25).abs() < 0.092 && (low[1] - 0.05).abs() < 0.046, "{low:?}");
    // Two heaps are no tail.
    let two: Vec<f64> = (0..400)
        .map(|k| if k % 2 == 0 { 1.0 + random.uniform() } else { 9.0 + random.uniform() })
        .collect();
    let fit = Fit::of(&sorted(two));
    assert!(fit.goodness < 0.0011 && fit.a_square > 5.0, "{fit:?}");
    // A law that ends is held at shape -1/2.
    let flat: Vec<f64> = (0..400).map(|_| random.uniform()).collect();
    let fit = Fit::of(&sorted(flat));
    assert!((fit.shape + 0.5).abs() < 1e-6, "{fit:?}");
}

/// P(|Z| > x) of the largest of 8 normals is what the tail should find.
#[test]
fn a_tail_of_2000_values_finds_p_that_it_would_take_100000_to_count() {
    let mut random = Random(21);
    let mut largest = || (0..8).map(|_| random.normal()).fold(f64::MIN, f64::max);
    let null: Vec<f64> = (0..2000).map(|_| largest()).collect();
    let tail = ParetoTail::fit(&null).unwrap();
    assert!(tail.fit.goodness > 0.05 && tail.n == 2000);
    let true_p = |x: f64| {
        let below = 1.0 - boldly::stats::tails::ln_sf_normal(x).exp();
        1.0 - below.powi(8)
    };
    for x in [2.6, 3.0, 3.5, 4.0] {
        let p = tail.p(x).unwrap();
        assert!((p / true_p(x)).ln().abs() < 1.1, "{x}: {p} for {}", true_p(x));
    }
    // Where counts serve there is none; far out it is never 0.
    assert_eq!(tail.p(tail.threshold), None);
    let tenth = {
        let mut sorted = null.clone();
        sorted.sort_by(|a, b| b.total_cmp(a));
        sorted[200]
    };
    assert_eq!(tail.p(tenth), None);
    assert!(tail.p(tenth + 1e-9).is_some_and(|p| (p - 0.1).abs() < 0.01));
    assert_eq!(tail.p(1e9), Some(1e-3 / 2000.0));
}

#[test]
fn the_threshold_rises_until_the_fit_passes_and_ties_with_it_do_not_exceed_it() {
    let mut random = Random(5);
    // A fifth of these is a tail; all others tie.
    let mut exponential = || -(1.0 - random.uniform()).ln();
    let tied: Vec<f64> =
        (0..1000).map(|k| if k % 5 == 0 { 1.0 + exponential() } else { 1.0 }).collect();
    let tail = ParetoTail::fit(&tied).unwrap();
    assert_eq!((tail.threshold, tail.fit.n), (1.0, 200));
    assert!(tail.p(2.0).is_some_and(|p| (p / (0.2 * f64::exp(-1.0))).ln().abs() < 0.3));
    // Below the tail of the top 15 % lies a gap.
    let gap: Vec<f64> = (0..2000)
        .map(|k| if k % 20 < 3 { 3.0 + exponential() } else { f64::from(k) / 2000.0 })
        .collect();
    let tail = ParetoTail::fit(&gap).unwrap();
    assert!(tail.threshold > 0.9 && tail.fit.n <= 320, "{tail:?}");
}

#[test]
fn no_tail_is_fitted_to_few_values_to_ties_or_to_what_is_not_finite() {
    let rising = |n: u32| -> Vec<f64> { (0..n).map(f64::from).collect() };
    assert_eq!(ParetoTail::fit(&rising(119)), None);
    assert_eq!(ParetoTail::fit(&[2.0; 500]), None);
    let mut odd = rising(500);
    odd[7] = f64::NAN;
    assert_eq!(ParetoTail::fit(&odd), None);
    // Two values alone in the tail.
    let two: Vec<f64> =
        (0..1000).map(|k| if k % 3 == 0 { 2.0 } else { f64::from(k % 2) }).collect();
    assert_eq!(ParetoTail::fit(&two), None);
}
