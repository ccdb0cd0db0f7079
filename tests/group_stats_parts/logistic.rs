//! Logistic regression.

use boldly::stats::logistic::Logistic;
use ndarray::Array2;
use serde_json::Value;

use crate::common::{assert_close, numbers};

#[test]
fn a_logistic_regression_equals_statsmodels_whatever_the_units() {
    let golden: Value = serde_json::from_str(include_str!("../goldens/counts.json")).unwrap();
    for case in golden["logistic"].as_array().unwrap() {
        let rows: Vec<Vec<f64>> = case["x"].as_array().unwrap().iter().map(numbers).collect();
        let y = case["y"].as_array().unwrap().iter().map(|v| v.as_bool().unwrap());
        let y: Vec<bool> = y.collect();
        let design = Array2::from_shape_fn((rows.len(), 4), |(i, j)| rows[i][j]);
        let fit = Logistic::fit(design.view(), &y).unwrap().unwrap();
        let se: Vec<f64> = (0..4).map(|j| fit.covariance[[j, j]].sqrt()).collect();
        assert_close("beta", &fit.beta.to_vec(), &numbers(&case["beta"]), 1e-8, 0.0);
        assert_close("se", &se, &numbers(&case["se"]), 1e-8, 0.0);
        let want = case["log_likelihood"].as_f64().unwrap();
        assert_close("likelihood", &[fit.ln_likelihood], &[want], 1e-11, 0.0);
        let mut other = design.clone();
        other.column_mut(2).mapv_inplace(|v| 1e6 * v);
        let scaled = Logistic::fit(other.view(), &y).unwrap().unwrap();
        let want = [fit.beta[1], fit.covariance[[1, 1]]];
        assert_close("arm", &[scaled.beta[1], scaled.covariance[[1, 1]]], &want, 1e-8, 0.0);
    }
}

#[test]
fn what_is_parted_or_dependent_has_no_fit() {
    let design = |x: [f64; 6]| Array2::from_shape_fn((6, 2), |(i, j)| [1.0, x[i]][j]);
    let y = [false, false, false, true, true, true];
    let fit = |x: [f64; 6], y: &[bool]| Logistic::fit(design(x).view(), y).unwrap();
    assert!(fit([1.0, 2.0, 4.0, 3.0, 5.0, 6.0], &y).is_some());
    assert_eq!(fit([1.0, 2.0, 3.0, 4.0, 5.0, 6.0], &y), None, "parted");
    assert_eq!(fit([1.0, 2.0, 3.0, 3.0, 5.0, 6.0], &y), None, "parted but for one value");
    assert_eq!(fit([0.0, 0.0, 0.0, 0.0, 1.0, 1.0], &y), None, "an arm all of whom respond");
    assert_eq!(fit([2.0; 6], &y), None, "a column that is constant");
    assert_eq!(fit([1.0, 2.0, 4.0, 3.0, 5.0, 6.0], &[true; 6]), None, "all respond");
}
