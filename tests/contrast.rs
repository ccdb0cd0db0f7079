//! The `contrast` room: the f64 twin against the definitions, nilearn's t and F, properties.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use std::slice::from_ref;

use boldly::gpu::{Bold, Device};
use boldly::kernels::contrast::{Contrast, ContrastValues, Prepared, Stat, Wanted, evaluate};
use boldly::kernels::glm::{Fit, HostFit, Model, fit};
use boldly::volume::{HostBold, SliceGroups};
use common::{Random, assert_close, noise, numbers};
use ndarray::{Array2, Axis, array, concatenate};

const N: usize = 50;

fn names(n: usize) -> Vec<String> {
    (0..n).map(|j| format!("x{j}")).collect()
}

fn prepared(
    name: &str,
    stat: Stat,
    weights: Array2<f64>,
    model: &Model,
) -> boldly::Result<Prepared> {
    Prepared::new(Contrast { name: name.into(), stat, weights }, model)
}

fn design(n: usize, p: usize) -> Array2<f64> {
    let mut random = Random(1);
    Array2::from_shape_fn((n, p), |(_, j)| if j + 1 == p { 1.0 } else { random.normal() })
}

/// A model whose planes differ, fitted: two groups, five columns.
fn fitted(bold: &HostBold) -> (Model, HostFit) {
    let mut random = Random(3);
    let columns = (0..2).map(|_| Array2::from_shape_fn((N, 1), |_| random.normal())).collect();
    let slices = SliceGroups { group_of_plane: vec![0, 1, 0], names: vec!["n0".into()], columns };
    let model = Model::new(&design(N, 4), &names(4), Some(&slices), 3, 0.0).unwrap();
    let fit = fitted_by(bold, &model);
    (model, fit)
}

fn fitted_by(bold: &HostBold, model: &Model) -> HostFit {
    let voxels: Vec<u32> = (0..bold.block.volume_len() as u32).collect();
    match fit(&mut Device::cpu().tape(), &Bold::Host(bold.clone()), &voxels, model).unwrap() {
        Fit::Host(fit) => fit,
        Fit::Device(_) => unreachable!("fitted on the CPU"),
    }
}

fn evaluated(device: &Device, fit: &Fit, contrast: &Prepared) -> ContrastValues {
    let mut tape = device.tape();
    let values = evaluate(&mut tape, fit, from_ref(contrast), Wanted::All).unwrap();
    values.read(&tape.run().unwrap()).unwrap().remove(0)
}

fn on_cpu(fit: &HostFit, contrast: &Prepared) -> ContrastValues {
    let device = Device::cpu();
    let values = evaluated(&device, &Fit::Host(fit.clone()), contrast);
    let spans = device.take_spans();
    assert_eq!((spans.len(), spans[0].stage.as_str()), (1, "contrast"));
    values
}

#[test]
fn t_is_the_effect_over_its_standard_error() {
    let bold = noise([31, 27, 3], N, 5); // 2511 voxels: more than a task
    let (model, fit) = fitted(&bold);
    let weights = array![[1.0, -0.5, 0.0, 0.0, 0.25]];
    let contrast = prepared("c", Stat::T, weights.clone(), &model).unwrap();
    assert_eq!(contrast.rank, 1);
    let got = on_cpu(&fit, &contrast);
    let (mut effect, mut variance, mut stat) = (vec![], vec![], vec![]);
    for v in 0..fit.sigma2.len() {
        let c = weights.row(0);
        let solver = &model.solvers[fit.slice_group[v] as usize];
        effect.push(c.dot(&fit.beta.column(v)));
        variance.push(fit.sigma2[v] * c.dot(&solver.xtx_inv.dot(&c)));
        stat.push(effect[v] / variance[v].sqrt());
    }
    assert_close("effect", &got.effect.row(0).to_vec(), &effect, 1e-12, 1e-12);
    assert_close("variance", &got.variance.row(0).to_vec(), &variance, 1e-12, 0.0);
    assert_close("t", &got.stat, &stat, 1e-12, 1e-12);
}

/// Residual sum of squares of each voxel of a plain model.
fn rss(bold: &HostBold, x: &Array2<f64>) -> Vec<f64> {
    let model = Model::new(x, &names(x.ncols()), None, bold.block.planes.len(), 0.0).unwrap();
    let fit = fitted_by(bold, &model);
    (&fit.sigma2 * model.dof).to_vec()
}

#[test]
fn f_is_the_gain_in_residual_sum_of_squares_by_the_rows() {
    // F of leaving columns out: ((RSS0 - RSS) / rank) / (RSS / dof).
    let bold = noise([9, 5, 2], N, 7);
    let x = design(N, 6);
    let model = Model::new(&x, &names(6), None, 2, 0.0).unwrap();
    let fit = fitted_by(&bold, &model);
    let reduced = x.select(Axis(1), &[0, 3, 5]);
    let (full, less) = (rss(&bold, &x), rss(&bold, &reduced));
    let want: Vec<f64> =
        full.iter().zip(&less).map(|(f, l)| (l - f) / 3.0 / (f / model.dof)).collect();
    let mut weights = Array2::zeros((3, 6));
    (weights[[0, 1]], weights[[1, 2]], weights[[2, 4]]) = (1.0, 1.0, 1.0);
    let contrast = prepared("c", Stat::F, weights.clone(), &model).unwrap();
    assert_eq!(contrast.rank, 3);
    assert_close("F", &on_cpu(&fit, &contrast).stat, &want, 1e-9, 1e-9);
    // Rows that say the same again change nothing but the count of effects.
    let again = (&weights.row(0) * 3.0 - weights.row(2)).insert_axis(Axis(0));
    let more = concatenate(Axis(0), &[weights.view(), again.view()]).unwrap();
    let contrast = prepared("c", Stat::F, more, &model).unwrap();
    let got = on_cpu(&fit, &contrast);
    assert_eq!((contrast.rank, got.effect.nrows()), (3, 4));
    assert_close("F of four rows", &got.stat, &want, 1e-9, 1e-9);
}

#[test]
fn f_of_one_row_is_t_squared_and_of_no_sign() {
    let bold = noise([9, 5, 3], N, 9);
    let (model, fit) = fitted(&bold);
    let weights = array![[0.0, 1.0, 0.0, 0.0, -2.0]];
    let t = on_cpu(&fit, &prepared("c", Stat::T, weights.clone(), &model).unwrap());
    let f = on_cpu(&fit, &prepared("c", Stat::F, weights.clone(), &model).unwrap());
    let squared: Vec<f64> = t.stat.iter().map(|t| t * t).collect();
    assert_close("F = t^2", &f.stat, &squared, 1e-11, 1e-14);
    let minus = on_cpu(&fit, &prepared("c", Stat::T, -&weights, &model).unwrap());
    let negated: Vec<f64> = t.stat.iter().map(|t| -t).collect();
    assert_eq!(minus.stat, negated);
}

#[test]
fn scaling_the_run_leaves_t_unchanged_and_scales_the_effect() {
    let bold = noise([6, 5, 3], N, 11);
    let mut scaled = bold.clone();
    scaled.data.iter_mut().for_each(|v| *v *= 4.0); // exact in f32
    let ((model, fit), (_, fit_scaled)) = (fitted(&bold), fitted(&scaled));
    let contrast = prepared("c", Stat::T, array![[1.0, -1.0, 0.0, 0.0, 0.0]], &model).unwrap();
    let (a, b) = (on_cpu(&fit, &contrast), on_cpu(&fit_scaled, &contrast));
    assert_eq!(a.stat, b.stat);
    assert_eq!(&a.effect * 4.0, b.effect);
}

#[test]
fn a_voxel_without_residual_variance_has_stat_0() {
    let mut bold = noise([6, 5, 3], N, 13);
    for volume in bold.data.chunks_mut(90) {
        volume[4] = 77.7;
    }
    let (model, fit) = fitted(&bold);
    for stat in [Stat::T, Stat::F] {
        let weights = array![[0.0, 0.0, 0.0, 1.0, 0.0]];
        let got = on_cpu(&fit, &prepared("mean", stat, weights, &model).unwrap());
        assert_eq!((got.stat[4], got.variance[[0, 4]]), (0.0, 0.0));
        assert!(got.stat.iter().enumerate().all(|(v, s)| v == 4 || s.abs() > 1.0));
    }
}

#[test]
fn contrasts_that_the_design_does_not_determine_are_refused_by_name() {
    let x = design(N, 4);
    let sum = (&x.column(0) + &x.column(1)).insert_axis(Axis(1));
    let x = concatenate(Axis(1), &[x.view(), sum.view()]).unwrap();
    let model = Model::new(&x, &names(5), None, 1, 0.0).unwrap();
    let make = |stat, weights| prepared("pain", stat, weights, &model);
    let error = make(Stat::T, array![[1.0, 0.0, 0.0, 0.0, 0.0]]).unwrap_err();
    assert_eq!(error.exit_code(), 65);
    for word in ["pain", "not estimable", "x0, x1, x4"] {
        assert!(error.to_string().contains(word), "{error}");
    }
    assert!(make(Stat::T, array![[1.0, -1.0, 0.0, 0.0, 0.0]]).is_ok());
    assert!(make(Stat::T, array![[1.0, 0.0, 0.0, 0.0, -1.0]]).is_err());
    assert!(make(Stat::T, array![[2.0, 1.0, 0.0, 0.0, 3.0]]).is_ok());
    for (stat, weights) in [
        (Stat::T, array![[1.0, 0.0, 0.0]]),
        (Stat::T, array![[0.0, 0.0, 0.0, 0.0, 0.0]]),
        (Stat::F, array![[0.0, 0.0, 1.0, 0.0, 0.0], [0.0, 0.0, 0.0, 0.0, 0.0]]),
        (Stat::T, array![[0.0, 0.0, 1.0, 0.0, 0.0], [0.0, 0.0, 0.0, 1.0, 0.0]]),
        (Stat::T, array![[0.0, 0.0, f64::NAN, 0.0, 0.0]]),
        (Stat::F, Array2::zeros((0, 5))),
    ] {
        let error = make(stat, weights).unwrap_err();
        assert!(error.exit_code() == 65 && error.to_string().contains("pain"), "{error}");
    }
}

#[test]
fn nilearns_t_and_f_on_the_small_run_are_reproduced() {
    let golden: serde_json::Value =
        serde_json::from_str(include_str!("goldens/ols_small.json")).unwrap();
    let Some((bold, x)) = common::small_run() else { return };
    let model = Model::new(&x, &names(x.ncols()), None, bold.block.planes.len(), 0.0).unwrap();
    let voxels: Vec<u32> = numbers(&golden["voxels"]).iter().map(|&v| v as u32).collect();
    let fit = fit(&mut Device::cpu().tape(), &Bold::Host(bold), &voxels, &model).unwrap();
    let mut pain_and_cue = Array2::zeros((2, x.ncols()));
    for (row, name) in ["pain", "cue"].iter().enumerate() {
        let column = golden["names"].as_array().unwrap().iter().position(|n| n == name).unwrap();
        pain_and_cue[[row, column]] = 1.0;
    }
    let difference = (&pain_and_cue.row(0) - &pain_and_cue.row(1)).insert_axis(Axis(0));
    let evaluated = |stat, weights| {
        let contrast = prepared("c", stat, weights, &model).unwrap();
        evaluated(&Device::cpu(), &fit, &contrast)
    };
    let (t, f) = (evaluated(Stat::T, difference), evaluated(Stat::F, pain_and_cue));
    let want = |stat: &str, map: &str| numbers(&golden[stat][map]);
    assert!(voxels.len() >= 200);
    assert_close("effect", &t.effect.row(0).to_vec(), &want("t", "effect"), 1e-9, 1e-9);
    assert_close("variance", &t.variance.row(0).to_vec(), &want("t", "variance"), 1e-10, 0.0);
    assert_close("t", &t.stat, &want("t", "stat"), 1e-9, 1e-9);
    assert_close("F", &f.stat, &want("F", "stat"), 1e-9, 1e-9);
}

#[test]
fn f_of_columns_equals_the_contrast_that_picks_them_where_the_model_has_full_rank() {
    let bold = noise([7, 5, 3], N, 15);
    let (model, fit) = fitted(&bold);
    for set in [0..1, 1..3, 0..5, 4..5] {
        let mut rows = Array2::zeros((set.len(), 5));
        set.clone().enumerate().for_each(|(row, column)| rows[[row, column]] = 1.0);
        let want = prepared("c", Stat::F, rows, &model).unwrap();
        let got = Prepared::of_columns("set", set.clone(), &model).unwrap();
        assert_eq!((got.rank, &got.ranks), (want.rank, &vec![set.len(); 2]));
        let (got, want) = (on_cpu(&fit, &got), on_cpu(&fit, &want));
        assert_close(&format!("{set:?}"), &got.stat, &want.stat, 1e-11, 0.0);
    }
    assert!(Prepared::of_columns("set", 3..3, &model).is_err());
    assert!(Prepared::of_columns("set", 3..6, &model).is_err());
}
