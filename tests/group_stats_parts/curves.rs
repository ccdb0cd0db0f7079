//! Lines with Fieller's limits, curves that never fall, agreement, and correlations.

use boldly::stats::agreement::agreement;
use boldly::stats::correlation::{
    difference, mid_ranks, partial, pearson, slopes_differ, spearman, two_sided_p,
};
use boldly::stats::fieller::Line;
use boldly::stats::isotonic::{isotonic, mean_height, means_at, reached};
use boldly::stats::tails::{critical_f, critical_t, ln_sf_f, ln_sf_t};
use ndarray::Array2;
use serde_json::Value;

use crate::common::{Random, assert_close, numbers};

fn golden(part: &str) -> Vec<Value> {
    let all: Value = serde_json::from_str(include_str!("../goldens/curves.json")).unwrap();
    all[part].as_array().unwrap().clone()
}

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap()
}

#[test]
fn fiellers_limits_are_the_roots_of_the_lines_own_interval() {
    let mut unbounded = 0;
    for case in golden("fieller") {
        let (x, y) = (numbers(&case["x"]), numbers(&case["y"]));
        let line = Line::through(&x, &y).unwrap();
        let at = line.x_at(number(&case["target"]), number(&case["confidence"])).unwrap();
        let got = [line.slope, line.intercept, line.slope_se(), at.x, at.g];
        let want = ["slope", "intercept", "slope_se", "x0", "g"].map(|name| number(&case[name]));
        assert_close("a line", &got, &want, 1e-11, 0.0);
        match at.limits {
            Some((low, high)) => {
                assert_close("its limits", &[low, high], &numbers(&case["limits"]), 1e-10, 0.0);
            }
            None => {
                assert!(case["limits"].is_null() && at.g >= 1.0, "{case:.60}");
                unbounded += 1;
            }
        }
    }
    assert_eq!(unbounded, 1);
}

#[test]
fn a_line_without_a_slope_reaches_nothing_and_one_without_residuals_has_no_width() {
    let x = [100.0, 200.0, 300.0, 400.0];
    assert_eq!(Line::through(&x, &[7.0; 4]).unwrap().x_at(50.0, 0.95), None);
    let exact = Line::through(&x, &[10.0, 30.0, 50.0, 70.0]).unwrap().x_at(50.0, 0.95).unwrap();
    assert_eq!((exact.x, exact.g, exact.limits), (300.0, 0.0, Some((300.0, 300.0))));
    for (x, y) in [
        (&[1.0, 2.0][..], &[1.0, 2.0][..]),
        (&[3.0, 3.0, 3.0], &[1.0, 2.0, 3.0]),
        (&[0.0, 0.0, 0.0], &[1.0, 2.0, 3.0]),
        (&[1.0, 2.0, 3.0], &[1.0, f64::NAN, 3.0]),
        (&[1.0, 2.0, 3.0], &[1.0, 2.0]),
        (&[], &[]),
    ] {
        assert_eq!(Line::through(x, y).unwrap_err().exit_code(), 65, "{x:?} {y:?}");
    }
}

#[test]
fn isotonic_fits_equal_scikit_learns() {
    for case in golden("isotonic") {
        let fit = isotonic(&numbers(&case["y"]), &numbers(&case["weights"]));
        assert_close("isotonic", &fit, &numbers(&case["fit"]), 1e-13, 1e-13);
        assert!(fit.windows(2).all(|pair| pair[0] <= pair[1]));
    }
    assert!(isotonic(&[], &[]).is_empty());
}

#[test]
fn a_curve_reaches_a_height_where_it_first_does_and_only_within_its_range() {
    let (x, heights) = ([1.0, 2.0, 4.0, 5.0, 6.0], [10.0, 20.0, 40.0, 40.0, 60.0]);
    assert_eq!(reached(&x, &heights, 30.0), Some(3.0));
    assert_eq!(reached(&x, &heights, 40.0), Some(4.0));
    assert_eq!(reached(&x, &heights, 10.0), Some(1.0));
    assert_eq!(reached(&x, &heights, 60.0), Some(6.0));
    assert_eq!(reached(&x, &heights, 9.0), None);
    assert_eq!(reached(&x, &heights, 61.0), None);
    assert_eq!(reached(&[], &[], 1.0), None);
    // 15 + 2 * 30 + 40 + 50 over 5.
    assert_eq!(mean_height(&x, &heights), Some(33.0));
    assert_eq!(mean_height(&[1.0], &[3.0]), None);
    let (places, means, counts) = means_at(&[3.0, 1.0, 3.0], &[5.0, 2.0, 6.0]);
    assert_eq!((places, means, counts), (vec![1.0, 3.0], vec![2.0, 5.5], vec![1.0, 2.0]));
}

#[test]
fn agreement_and_its_limits_equal_pingouins() {
    for case in golden("agreement") {
        let values: Vec<Vec<f64>> =
            case["values"].as_array().unwrap().iter().map(numbers).collect();
        let got = agreement(&values, 0.95).unwrap().unwrap();
        let want = ["icc", "low", "high"].map(|name| number(&case[name]));
        assert_close("ICC(A,1)", &[got.icc, got.low, got.high], &want, 1e-9, 0.0);
    }
    assert_eq!(agreement(&[vec![2.0, 2.0], vec![2.0, 2.0]], 0.95).unwrap(), None);
    let same = agreement(&[vec![1.0, 1.0], vec![3.0, 3.0]], 0.95).unwrap().unwrap();
    assert_eq!((same.icc, same.low, same.high), (1.0, 1.0, 1.0));
    assert!(agreement(&[vec![1.0, 1.0]], 0.95).is_err());
    assert!(agreement(&[vec![1.0, 1.0], vec![1.0]], 0.95).is_err());
}

#[test]
fn correlations_equal_scipys_and_statsmodels() {
    for case in golden("correlation") {
        let (x, y) = (numbers(&case["x"]), numbers(&case["y"]));
        let z: Vec<Vec<f64>> = case["z"].as_array().unwrap().iter().map(numbers).collect();
        let z = Array2::from_shape_fn((x.len(), z[0].len()), |(row, column)| z[row][column]);
        let got = partial(&x, &y, z.view(), 0.95).unwrap().unwrap();
        let want = ["r", "dof", "t", "p"].map(|name| number(&case[name]));
        assert_close("partial r", &[got.r, got.dof, got.t, got.p], &want, 1e-10, 0.0);
        let limits = [got.low.unwrap(), got.high.unwrap()];
        assert_close("its limits", &limits, &numbers(&case["limits"]), 1e-10, 0.0);
        let rank = spearman(&x, &y, 0.95).unwrap().unwrap();
        let want = ["spearman", "spearman_p"].map(|name| number(&case[name]));
        assert_close("rho", &[rank.r, rank.p], &want, 1e-10, 0.0);
        let limits = [rank.low.unwrap(), rank.high.unwrap()];
        assert_close("its limits", &limits, &numbers(&case["spearman_limits"]), 1e-10, 0.0);
        let group: Vec<bool> = numbers(&case["group"]).iter().map(|g| *g == 1.0).collect();
        let slopes = slopes_differ(&x, &y, &group).unwrap().unwrap();
        let got = [slopes.difference, slopes.se, slopes.t, slopes.dof, slopes.p];
        let want = ["difference", "se", "t", "dof", "p"].map(|name| number(&case["slopes"][name]));
        assert_close("slopes", &got, &want, 1e-9, 0.0);
    }
}

#[test]
fn a_column_given_twice_costs_one_degree_of_freedom() {
    let mut random = Random(5);
    let mut draw = |n: usize| -> Vec<f64> { (0..n).map(|_| random.uniform()).collect() };
    let (x, y, z) = (draw(20), draw(20), draw(20));
    let once = Array2::from_shape_fn((20, 1), |(row, _)| z[row]);
    let twice = Array2::from_shape_fn((20, 2), |(row, _)| z[row]);
    let (once, twice) =
        (partial(&x, &y, once.view(), 0.95).unwrap(), partial(&x, &y, twice.view(), 0.95).unwrap());
    assert_eq!((once.unwrap().dof, twice.unwrap().dof), (17.0, 17.0));
    assert!((once.unwrap().r - twice.unwrap().r).abs() < 1e-12);
    // A measure that the column explains wholly has no correlation left.
    let of_itself = Array2::from_shape_fn((20, 1), |(row, _)| 3.0 * x[row] + 1.0);
    assert_eq!(partial(&x, &y, of_itself.view(), 0.95).unwrap(), None);
    assert_eq!(pearson(&[1e9; 20], &y, 0.95).unwrap(), None);
}

#[test]
fn correlations_of_few_subjects_have_no_limits_and_of_too_few_are_refused() {
    let three = pearson(&[1.0, 2.0, 4.0], &[1.0, 3.0, 2.0], 0.95).unwrap().unwrap();
    assert_eq!((three.dof, three.low, three.high), (1.0, None, None));
    assert!(pearson(&[1.0, 2.0], &[1.0, 3.0], 0.95).is_err());
    assert!(pearson(&[1.0, 2.0, 3.0], &[1.0, 3.0, f64::NAN], 0.95).is_err());
    let whole = pearson(&[1.0, 2.0, 3.0, 4.0, 5.0], &[2.0, 4.0, 6.0, 8.0, 10.0], 0.95);
    let whole = whole.unwrap().unwrap();
    assert!((whole.r - 1.0).abs() < 1e-14 && whole.p < 1e-6 && whole.low.unwrap() > 0.999);
    assert_eq!(difference(&whole, &three), None);
    assert_eq!(slopes_differ(&[1.0; 4], &[2.0; 4], &[true; 4]).unwrap(), None);
    let all_in = slopes_differ(&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0], &[2.0; 6], &[true; 6]).unwrap();
    assert_eq!(all_in, None);
    assert_eq!(mid_ranks(&[5.0, 1.0, 5.0, 0.0]), [3.5, 2.0, 3.5, 1.0]);
    assert_eq!(two_sided_p(0.0, 7.0), 1.0);
}

#[test]
fn critical_values_hold_their_level_far_out() {
    for (level, dof) in [(0.025, 72.0), (5e-5, 1.0), (1e-9, 1.0), (0.4, 3.0)] {
        let t = critical_t(level, dof);
        assert!((ln_sf_t(t, dof) - f64::ln(level)).abs() < 1e-11, "t of {level}, {dof} dof: {t}");
    }
    let f = critical_f(1e-6, 30.0, 0.8);
    assert!((ln_sf_f(f, 30.0, 0.8) - f64::ln(1e-6)).abs() < 1e-11, "{f}");
}
