//! Mixed effects with known variances.

use boldly::stats::meta::{Inflation, MixedEffects, restricted_likelihood};
use ndarray::{Array2, array};
use serde_json::Value;

use crate::common::{Random, assert_close, numbers};

fn golden() -> Value {
    serde_json::from_str(include_str!("../goldens/group_meta.json")).unwrap()
}

fn rows(of: &Value) -> Array2<f64> {
    let rows: Vec<Vec<f64>> = of.as_array().unwrap().iter().map(numbers).collect();
    Array2::from_shape_fn((rows.len(), rows[0].len()), |(i, j)| rows[i][j])
}

#[test]
fn tau_square_and_estimates_are_pymares_or_of_a_greater_likelihood() {
    let golden = golden();
    let pymare = &golden["pymare"];
    let (y, v) = (rows(&pymare["y"]), rows(&pymare["v"]));
    let design = Array2::ones((40, 1));
    let flat = |of: &Array2<f64>| of.iter().copied().collect::<Vec<_>>();
    let fit = MixedEffects::fit(&flat(&y), &flat(&v), design.view()).unwrap();
    // Its standard errors are Knapp and Hartung's since 0.0.11.
    let (effect, variance) = fit.contrast(&[1.0], Inflation::KnappHartung);
    let [est, se, tau2] = ["est", "se", "tau2"].map(|name| numbers(&pymare[name]));
    for (voxel, &tau2) in tau2.iter().enumerate() {
        let column = |of: &Array2<f64>| of.column(voxel).to_vec();
        let l = |t: f64| restricted_likelihood(&column(&y), &column(&v), design.view(), t).unwrap();
        let (ours, theirs) = (l(fit.tau_square[voxel]), l(tau2));
        assert!(ours >= theirs - 1e-10, "{voxel}: {ours} below {theirs}");
    }
    // PyMARE stops at about 1e-7 of its variances.
    assert_close("est", &effect, &est, 1e-6, 1e-7);
    let error: Vec<f64> = variance.iter().map(|v| v.sqrt()).collect();
    assert_close("se", &error, &se, 1e-6, 0.0);
    assert_close("tau2", &fit.tau_square, &tau2, 2e-6, 1e-7);
}

#[test]
fn a_dense_search_with_three_columns_finds_the_same_maximum_whatever_the_units() {
    let golden = golden();
    let cases = golden["cases"].as_array().unwrap();
    let design = rows(&golden["design"]);
    let want =
        |name: &str| -> Vec<f64> { cases.iter().map(|c| c[name].as_f64().unwrap()).collect() };
    let lists = |name: &str| -> Vec<Vec<f64>> { cases.iter().map(|c| numbers(&c[name])).collect() };
    for unit in [1.0, 1e-6, 1e5, 1e-50] {
        let by_subject = |name: &str, by: f64| -> Vec<f64> {
            let all = lists(name);
            (0..12).flat_map(|s| all.iter().map(move |c| c[s] * by).collect::<Vec<_>>()).collect()
        };
        let (y, v) = (by_subject("y", unit), by_subject("v", unit * unit));
        let fit = MixedEffects::fit(&y, &v, design.view()).unwrap();
        let square = unit * unit;
        let scaled = |of: &[f64], by: f64| of.iter().map(|v| v / by).collect::<Vec<_>>();
        let tau2 = scaled(&fit.tau_square, square);
        assert_close("tau2", &tau2, &want("tau2"), 1e-6, 1e-7);
        for (got, want) in tau2.iter().zip(want("tau2")) {
            assert_eq!(*got == 0.0, want == 0.0, "{got} for {want}");
        }
        assert_close("beta", &scaled(&fit.beta, unit), &lists("beta").concat(), 1e-6, 1e-7);
        let covariance = scaled(&fit.covariance, square);
        assert_close("covariance", &covariance, &lists("covariance").concat(), 1e-6, 1e-8);
        assert_close("q", &fit.q, &want("q"), 1e-6, 0.0);
        assert!(fit.n.iter().all(|&n| n == 12) && fit.dof(3) == 9.0);
    }
}

#[test]
fn each_voxel_of_many_has_its_own_fit() {
    let golden = golden();
    let (y, v) = (rows(&golden["pymare"]["y"]), rows(&golden["pymare"]["v"]));
    let want = numbers(&golden["pymare"]["tau2"]);
    // 300 voxels, the 60 over and over: more than a thread takes at a time.
    let many = |of: &Array2<f64>| -> Vec<f64> {
        (0..40 * 300).map(|at| of[[at / 300, at % 300 * 7 % 60]]).collect()
    };
    let fit = MixedEffects::fit(&many(&y), &many(&v), Array2::ones((40, 1)).view()).unwrap();
    let want: Vec<f64> = (0..300).map(|voxel| want[voxel * 7 % 60]).collect();
    assert_close("tau2", &fit.tau_square, &want, 2e-6, 1e-7);
}

#[test]
fn contrasts_and_f_are_those_of_the_covariance_inflated_as_asked() {
    let golden = golden();
    let case = &golden["cases"][7];
    let (y, v, design) = (numbers(&case["y"]), numbers(&case["v"]), rows(&golden["design"]));
    let fit = MixedEffects::fit(&y, &v, design.view()).unwrap();
    let (beta, c) = (numbers(&case["beta"]), numbers(&case["covariance"]));
    let q = case["q"].as_f64().unwrap();
    let weights = [1.0, -2.0, 0.5];
    let want = (0..9).map(|k| weights[k / 3] * weights[k % 3] * c[k]).sum::<f64>();
    for (inflation, by) in
        [(Inflation::None, 1.0), (Inflation::KnappHartung, q), (Inflation::AtLeastOne, q.max(1.0))]
    {
        let (effect, variance) = fit.contrast(&weights, inflation);
        assert_close("effect", &effect, &[beta[0] - 2.0 * beta[1] + 0.5 * beta[2]], 1e-7, 1e-9);
        assert_close("variance", &variance, &[want * by], 1e-6, 0.0);
        // One row: F is t squared. Two rows of one plane: the same in another basis.
        let f = fit.f(array![weights].view(), inflation);
        assert_close("F", &f, &[effect[0].powi(2) / variance[0]], 1e-10, 0.0);
        let two = fit.f(array![[0.0, 1.0, 0.0], [0.0, 0.0, 1.0]].view(), inflation);
        let turned = fit.f(array![[0.0, 3.0, 1.0], [0.0, -1.0, 2.0]].view(), inflation);
        assert_close("a plane", &two, &turned, 1e-8, 0.0);
        let determinant = c[4] * c[8] - c[5] * c[7];
        let inner = beta[1] * (c[8] * beta[1] - c[5] * beta[2])
            + beta[2] * (c[4] * beta[2] - c[7] * beta[1]);
        assert_close("by hand", &two, &[inner / determinant / (2.0 * by)], 1e-5, 0.0);
    }
    assert!((q - 1.0).abs() > 1e-3, "q {q} tells the three apart");
}

#[test]
fn equal_variances_give_the_t_of_ordinary_least_squares_under_knapp_and_hartung() {
    // With all v the same, w is one number: b is the mean, and V q = Σ e² / (n - 1) / n.
    let y = [1.0, 2.5, -0.5, 3.0, 0.2];
    let design = Array2::ones((5, 1));
    for v in [0.1, 3.0, 1e4] {
        let fit = MixedEffects::fit(&y, &[v; 5], design.view()).unwrap();
        let (effect, variance) = fit.contrast(&[1.0], Inflation::KnappHartung);
        let mean = y.iter().sum::<f64>() / 5.0;
        let s2 = y.iter().map(|y| (y - mean).powi(2)).sum::<f64>() / 4.0;
        assert_close("mean", &effect, &[mean], 1e-13, 0.0);
        assert_close("variance", &variance, &[s2 / 5.0], 1e-12, 0.0);
        assert_close("tau2", &fit.tau_square, &[(s2 - v).max(0.0)], 1e-8, 1e-12);
    }
}

#[test]
fn of_several_maxima_the_greatest_is_found() {
    // Three subjects of tiny variance agree, three others do not: l has a maximum where it serves the former, and one for the latter.
    let mut random = Random(31);
    let design = Array2::ones((6, 1));
    let mut n_several = 0;
    for _ in 0..300 {
        let apart = 1.0 + 4.0 * random.uniform();
        let spread = |k: usize| if k < 3 { 1e-3 } else { apart };
        let y: Vec<f64> = (0..6).map(|k| spread(k) * random.normal()).collect();
        let v = [1e-6, 2e-6, 1e-6, 1.0, 0.5, 1.0];
        let fit = MixedEffects::fit(&y, &v, design.view()).unwrap();
        let l = |t: f64| restricted_likelihood(&y, &v, design.view(), t).unwrap();
        let grid: Vec<f64> = [0.0]
            .into_iter()
            .chain((0..600).map(|k| 10_f64.powf(-8.0 + f64::from(k) / 60.0)))
            .map(l)
            .collect();
        let most = grid.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let peaks = (0..grid.len()).filter(|&k| {
            (k == 0 || grid[k] > grid[k - 1]) && (k + 1 == grid.len() || grid[k] > grid[k + 1])
        });
        n_several += usize::from(peaks.count() > 1);
        let got = l(fit.tau_square[0]);
        assert!(got >= most - 1e-8, "{got} below {most}: {y:?} {v:?} {}", fit.tau_square[0]);
    }
    assert!(n_several > 20, "{n_several} with several maxima");
}

#[test]
fn a_subject_without_a_value_or_variance_is_missing_and_what_is_not_determined_is_nan() {
    let design = array![[1.0, 0.0], [1.0, 0.0], [1.0, 0.0], [1.0, 1.0], [1.0, 1.0], [1.0, 1.0]];
    // Voxels: whole; one missing four ways; one group gone; three left; all errors 0.
    let nan = f32::NAN;
    let y = [
        [1.0, 1.0, 9.0, 1.0, nan, 2.0],
        [2.0, 2.0, 2.0, 2.0, 2.0, 2.0],
        [4.0, nan, 4.0, 4.0, nan, 2.0],
        [3.0, 3.0, 3.0, nan, 3.0, 5.0],
        [5.0, 5.0, 5.0, nan, nan, 5.0],
        [4.0, 4.0, 4.0, nan, nan, 5.0_f32],
    ];
    let mut v = [[0.5_f32; 6]; 6];
    v[0][2] = 0.0;
    let flat = |of: &[[f32; 6]; 6]| of.concat();
    let fit = MixedEffects::fit(&flat(&y), &flat(&v), design.view()).unwrap();
    assert_eq!(fit.n, [6, 5, 5, 3, 2, 6]);
    let (effect, variance) = fit.contrast(&[0.0, 1.0], Inflation::KnappHartung);
    assert!(effect[0].is_finite() && variance[0] > 0.0);
    assert!((effect[2] - 1.0).abs() < 1e-12, "without the first: 4 - 3");
    for voxel in [3, 4] {
        let all = [effect[voxel], variance[voxel], fit.tau_square[voxel], fit.q[voxel]];
        assert!(all.iter().all(|v| v.is_nan()), "{voxel}: {all:?}");
        for inflation in [Inflation::None, Inflation::AtLeastOne] {
            let f = fit.f(array![[0.0, 1.0]].view(), inflation)[voxel];
            assert!(f.is_nan() && fit.contrast(&[0.0, 1.0], inflation).1[voxel].is_nan());
        }
    }
    assert_eq!((fit.dof(4), fit.dof(1)), (0.0, 3.0));
    assert!((effect[5] - 3.0).abs() < 1e-6 && fit.tau_square[5] == 0.0);
    let dependent = array![[1.0, 2.0], [1.0, 2.0]];
    for bad in [
        MixedEffects::fit(&[1.0, 2.0], &[1.0, 1.0], dependent.view()),
        MixedEffects::fit(&[1.0, 2.0, 3.0], &[1.0; 3], Array2::ones((2, 1)).view()),
        MixedEffects::fit(&[1.0, 2.0], &[1.0; 4], Array2::ones((2, 1)).view()),
        MixedEffects::fit(&[1.0, 2.0], &[1.0; 2], array![[1.0], [f64::NAN]].view()),
    ] {
        assert!(bad.unwrap_err().to_string().contains("mixed-effects"));
    }
}
