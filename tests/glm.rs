//! The `glm` room: solvers against their definition, the f64 twin against the naive loop, nilearn's OLS, properties.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use boldly::gpu::{Bold, Device};
use boldly::kernels::glm::{Fit, HostFit, Model, download, fit, of_some};
use boldly::volume::{Block, HostBold, SliceGroups};
use common::{Random, assert_close, noise};
use ndarray::{Array2, Axis, concatenate};

fn names(n: usize) -> Vec<String> {
    (0..n).map(|j| format!("x{j}")).collect()
}

/// Random columns and a constant.
fn design(n: usize, p: usize, seed: u64) -> Array2<f64> {
    let mut random = Random(seed);
    let column = |j: usize| if j + 1 == p { 1.0 } else { 10.0_f64.powi(j as i32 % 3 - 1) };
    Array2::from_shape_fn(
        (n, p),
        |(_, j)| {
            if j + 1 == p { 1.0 } else { column(j) * random.normal() }
        },
    )
}

fn groups(n: usize, n_planes: usize, seed: u64) -> SliceGroups {
    let mut random = Random(seed);
    let columns = (0..3).map(|_| Array2::from_shape_fn((n, 2), |_| random.normal())).collect();
    let group_of_plane = (0..n_planes).map(|k| k * 2 % 3).collect();
    SliceGroups { group_of_plane, names: vec!["cos".into(), "sin".into()], columns }
}

fn on_cpu(bold: &HostBold, voxels: &[u32], model: &Model) -> HostFit {
    let device = Device::cpu();
    let fitted = fit(&mut device.tape(), &Bold::Host(bold.clone()), voxels, model).unwrap();
    let spans = device.take_spans();
    assert_eq!((spans.len(), spans[0].stage.as_str()), (1, "glm"));
    assert!(matches!(fitted, Fit::Host(_)));
    let mut tape = device.tape();
    let estimates = download(&mut tape, fitted).unwrap();
    estimates.read(&tape.run().unwrap()).unwrap()
}

fn all(bold: &HostBold) -> Vec<u32> {
    (0..bold.block.volume_len() as u32).collect()
}

/// The equation as it stands, voxel by voxel: beta = pinv(X) y, sigma2 = |y - X beta|^2 / dof.
fn naive(bold: &HostBold, voxels: &[u32], model: &Model) -> (Vec<f64>, Vec<f64>) {
    let (p, v) = (model.names.len(), voxels.len());
    let (mut beta, mut sigma2) = (vec![0.0; p * v], vec![0.0; v]);
    for (at, &voxel) in voxels.iter().enumerate() {
        let plane = voxel as usize / bold.block.plane_len() + bold.block.planes.start;
        let solver = &model.solvers[model.group_of_plane[plane]];
        let n = solver.design.nrows();
        let y: Vec<f64> = (0..n)
            .map(|t| f64::from(bold.data[t * bold.block.volume_len() + voxel as usize]))
            .collect();
        let b: Vec<f64> =
            (0..p).map(|j| (0..n).map(|t| solver.pinv[[j, t]] * y[t]).sum()).collect();
        let residual = |t: usize| y[t] - (0..p).map(|j| solver.design[[t, j]] * b[j]).sum::<f64>();
        let rss: f64 = (0..n).map(|t| residual(t).powi(2)).sum();
        sigma2[at] = rss / (n as f64 - solver.rank as f64);
        for j in 0..p {
            beta[j * v + at] = b[j];
        }
    }
    (beta, sigma2)
}

fn assert_equals_naive(name: &str, bold: &HostBold, voxels: &[u32], model: &Model) {
    let got = on_cpu(bold, voxels, model);
    let (beta, sigma2) = naive(bold, voxels, model);
    let plane = |v: u32| bold.block.planes.start + v as usize / bold.block.plane_len();
    let group: Vec<u32> = voxels.iter().map(|&v| model.group_of_plane[plane(v)] as u32).collect();
    assert_eq!(got.slice_group, group, "{name}");
    // Betas scale with |pinv| |y|, up to 1000 in these data.
    let got_beta: Vec<f64> = got.beta.iter().copied().collect();
    assert_close(&format!("{name}: beta"), &got_beta, &beta, 1e-12, 1e-9);
    assert_close(&format!("{name}: sigma2"), &got.sigma2.to_vec(), &sigma2, 1e-11, 0.0);
}

#[test]
fn the_pseudo_inverse_obeys_the_four_penrose_conditions() {
    let x = design(40, 6, 1);
    let doubled = concatenate(
        Axis(1),
        &[x.view(), (&x.column(0) * 1e3 + x.column(2)).insert_axis(Axis(1)).view()],
    )
    .unwrap();
    let close = |name: &str, a: &Array2<f64>, b: &Array2<f64>| {
        let scale = b.iter().fold(0.0_f64, |m, v| m.max(v.abs()));
        let flat = |m: &Array2<f64>| m.iter().copied().collect::<Vec<f64>>();
        assert_close(name, &flat(a), &flat(b), 0.0, 1e-12 * scale);
    };
    for (x, rank) in [(x, 6), (doubled, 6)] {
        let model = Model::new(&x, &names(x.ncols()), None, 1, 0.0).unwrap();
        let solver = &model.solvers[0];
        assert_eq!((solver.rank, model.dof), (rank, 34.0));
        let (a, p) = (&solver.design, &solver.pinv);
        close("X X+ X = X", &a.dot(p).dot(a), a);
        close("X+ X X+ = X+", &p.dot(a).dot(p), p);
        close("(X X+)' = X X+", &a.dot(p).t().to_owned(), &a.dot(p));
        close("(X+ X)' = X+ X", &p.dot(a).t().to_owned(), &p.dot(a));
        close("X+ X+'", &solver.xtx_inv, &p.dot(&p.t()));
    }
}

#[test]
fn the_rank_does_not_depend_on_the_columns_units() {
    let mut x = design(30, 4, 2);
    x.column_mut(0).mapv_inplace(|v| v * 1e-13);
    x.column_mut(1).mapv_inplace(|v| v * 1e11);
    let model = Model::new(&x, &names(4), None, 1, 0.0).unwrap();
    assert_eq!((model.solvers[0].rank, model.rank_deficiency()), (4, None));
    let bold = noise([5, 3, 1], 30, 3);
    let plain = Model::new(&design(30, 4, 2), &names(4), None, 1, 0.0).unwrap();
    let (scaled, plain) = (on_cpu(&bold, &all(&bold), &model), on_cpu(&bold, &all(&bold), &plain));
    assert_close("sigma2", &scaled.sigma2.to_vec(), &plain.sigma2.to_vec(), 1e-11, 0.0);
    let unscaled = &scaled.beta.row(0) * 1e-13;
    assert_close("beta", &unscaled.to_vec(), &plain.beta.row(0).to_vec(), 1e-10, 1e-10);
}

#[test]
fn the_twin_equals_the_naive_loop() {
    // 1000 voxels in panels of 8 or 16; column counts of every tile remainder.
    for (shape, n, p) in [
        ([10, 10, 10], 50, 12),
        ([1, 1, 1], 9, 1),
        ([13, 3, 2], 37, 7),
        ([7, 5, 3], 64, 13),
        ([3, 3, 3], 120, 31),
        ([5, 4, 2], 41, 2),
        ([5, 4, 2], 23, 5),
    ] {
        let bold = noise(shape, n, 5);
        let model = Model::new(&design(n, p, 7), &names(p), None, shape[2], 0.0).unwrap();
        assert_equals_naive(&format!("{shape:?} {n}x{p}"), &bold, &all(&bold), &model);
    }
}

#[test]
fn a_design_without_a_constant_fits_the_mean_too() {
    let bold = noise([9, 4, 2], 33, 9);
    let x = design(33, 5, 11).slice_move(ndarray::s![.., ..4]);
    let model = Model::new(&x, &names(4), None, 2, 0.0).unwrap();
    assert_equals_naive("no constant", &bold, &all(&bold), &model);
}

#[test]
fn slice_dependent_columns_take_the_group_of_their_plane() {
    let bold = noise([6, 5, 7], 45, 13);
    let model =
        Model::new(&design(45, 4, 17), &names(4), Some(&groups(45, 7, 19)), 7, 0.0).unwrap();
    assert_eq!(model.names[4..], ["cos", "sin"]);
    assert_equals_naive("groups", &bold, &all(&bold), &model);
    let planes = 2..6;
    let start = planes.start * bold.block.plane_len();
    let block = Block { planes: planes.clone(), core: planes, ..bold.block.clone() };
    let len = block.volume_len();
    let data = (0..45).flat_map(|t| bold.data[t * 210 + start..t * 210 + start + len].to_vec());
    let part = HostBold::new(block, data.collect());
    assert_equals_naive("groups in a block", &part, &all(&part), &model);
}

#[test]
fn the_listed_voxels_are_the_whole_fits_columns_to_the_bit() {
    let bold = noise([16, 9, 7], 40, 21);
    let model =
        Model::new(&design(40, 6, 23), &names(6), Some(&groups(40, 7, 25)), 7, 0.0).unwrap();
    let whole = on_cpu(&bold, &all(&bold), &model);
    let mut random = Random(27);
    let some: Vec<u32> = all(&bold).into_iter().filter(|_| random.uniform() < 0.7).collect();
    let part = on_cpu(&bold, &some, &model);
    for (at, &v) in some.iter().enumerate() {
        let v = v as usize;
        assert_eq!(part.sigma2[at].to_bits(), whole.sigma2[v].to_bits(), "sigma2 of {v}");
        assert_eq!(part.beta.column(at), whole.beta.column(v), "beta of {v}");
    }
    let none = on_cpu(&bold, &[], &model);
    assert_eq!((none.beta.dim(), none.sigma2.len()), ((8, 0), 0));
    let (device, there) = (Device::cpu(), Bold::Host(bold.clone()));
    let few: Vec<u32> = some.iter().copied().step_by(9).collect();
    let of_some = |few: &[u32]| {
        let fit = Fit::Host(part.clone());
        of_some(&mut device.tape(), (&there, &model), (&fit, &some), few)
    };
    let Fit::Host(taken) = of_some(&few).unwrap() else { panic!("on the host") };
    assert_eq!(taken, on_cpu(&bold, &few, &model));
    let missing = (0..).find(|voxel| !some.contains(voxel)).expect("a voxel");
    assert!(of_some(&[missing]).unwrap_err().to_string().contains("was not fitted"));
}

#[test]
fn shuffling_voxels_shuffles_maps_and_threads_change_no_bit() {
    let bold = noise([11, 8, 5], 30, 29);
    let model = Model::new(&design(30, 5, 31), &names(5), None, 5, 0.0).unwrap();
    let n_voxels = bold.block.volume_len();
    let from = |v: usize| (v * 7 + 3) % n_voxels; // 7 and 440 share no factor
    let mut shuffled = bold.clone();
    for (at, value) in shuffled.data.iter_mut().enumerate() {
        *value = bold.data[at / n_voxels * n_voxels + from(at % n_voxels)];
    }
    let three = rayon::ThreadPoolBuilder::new().num_threads(3).build().unwrap();
    let straight = on_cpu(&bold, &all(&bold), &model);
    let mixed = three.install(|| on_cpu(&shuffled, &all(&bold), &model));
    for v in 0..n_voxels {
        assert_eq!(mixed.beta.column(v), straight.beta.column(from(v)), "voxel {v}");
        assert_eq!(mixed.sigma2[v], straight.sigma2[from(v)], "voxel {v}");
    }
}

#[test]
fn a_constant_voxel_has_exactly_no_residual_variance() {
    let mut bold = noise([5, 4, 2], 35, 33);
    let volume = bold.block.volume_len();
    for t in 0..35 {
        bold.data[t * volume + 3] = 1234.567;
        bold.data[t * volume + 9] = 0.0;
    }
    let model = Model::new(&design(35, 8, 35), &names(8), None, 2, 0.0).unwrap();
    let got = on_cpu(&bold, &all(&bold), &model);
    assert_eq!((got.sigma2[3], got.sigma2[9]), (0.0, 0.0));
    assert_close("its mean", &[got.beta[[7, 3]]], &[f64::from(1234.567_f32)], 1e-12, 0.0);
    assert!(got.beta.column(9).iter().all(|&b| b == 0.0));
}

#[test]
fn a_large_mean_costs_no_digits_of_the_variance() {
    // The same small signal on no mean and on 2^20: f32 holds both exactly.
    let mut random = Random(37);
    let mut low = noise([7, 3, 1], 50, 0);
    low.data.iter_mut().for_each(|v| *v = (random.normal() * 8.0).round() as f32 / 8.0);
    let mut high = low.clone();
    high.data.iter_mut().for_each(|v| *v += 1_048_576.0);
    let model = Model::new(&design(50, 6, 39), &names(6), None, 1, 0.0).unwrap();
    let (low, high) = (on_cpu(&low, &all(&low), &model), on_cpu(&high, &all(&high), &model));
    assert_close("sigma2", &high.sigma2.to_vec(), &low.sigma2.to_vec(), 1e-11, 0.0);
}

/// What is left of such a voxel is no difference of sums: 1e-15 of 1e8 times as much is not 1e-9 of it. Its neighbours in a panel stay as they are.
#[test]
fn a_voxel_that_columns_explain_but_for_a_hundred_millionth_keeps_the_digits_of_its_variance() {
    let x = design(50, 6, 49);
    let model = Model::new(&x, &names(6), None, 1, 0.0).unwrap();
    let plain = noise([7, 3, 1], 50, 51);
    let mut bold = plain.clone();
    let of_plain = on_cpu(&plain, &all(&plain), &model);
    for t in 0..50 {
        for voxel in [2, 5] {
            let value = &mut bold.data[t * 21 + voxel];
            *value = *value * 1e-3 + (200.0 * x[[t, 1]]) as f32;
        }
    }
    let got = on_cpu(&bold, &all(&bold), &model);
    let (_, want) = naive(&bold, &all(&bold), &model);
    assert_close("sigma2", &got.sigma2.to_vec(), &want, 1e-9, 0.0);
    assert_eq!(got.sigma2[3], of_plain.sigma2[3]);
}

#[test]
fn a_rank_deficient_design_has_the_minimum_norm_solution_and_names_its_columns() {
    let x = design(40, 5, 41);
    let sum = (&x.column(0) + &x.column(1)).insert_axis(Axis(1));
    let zero = Array2::zeros((40, 1));
    let wide = concatenate(Axis(1), &[x.view(), sum.view(), zero.view()]).unwrap();
    let model = Model::new(&wide, &names(7), None, 4, 0.0).unwrap();
    assert_eq!(model.rank_deficiency().unwrap(), ["x0", "x1", "x5", "x6"]);
    assert_eq!((model.solvers[0].rank, model.dof), (5, 35.0));
    let bold = noise([6, 5, 4], 40, 43);
    assert_equals_naive("deficient", &bold, &all(&bold), &model);
    let full = Model::new(&x, &names(5), None, 4, 0.0).unwrap();
    let (full, got) = (on_cpu(&bold, &all(&bold), &full), on_cpu(&bold, &all(&bold), &model));
    assert_close("sigma2", &got.sigma2.to_vec(), &full.sigma2.to_vec(), 1e-11, 0.0);
    for v in 0..got.sigma2.len() {
        let b = got.beta.column(v);
        // x5 = x0 + x1: smallest norm is orthogonal to the null vector (1, 1, -1); the fit is that of x0 and x1 alone.
        assert_close("orthogonal", &[b[0] + b[1]], &[b[5]], 1e-10, 1e-10);
        let want = [full.beta[[0, v]], full.beta[[1, v]]];
        assert_close("same fit", &[b[0] + b[5], b[1] + b[5]], &want, 1e-10, 1e-10);
        assert_eq!(b[6], 0.0);
    }
}

#[test]
fn degrees_of_freedom_spent_before_divide_too_and_designs_without_any_left_are_refused() {
    let bold = noise([4, 3, 1], 30, 47);
    let x = design(30, 6, 49);
    let plain = Model::new(&x, &names(6), None, 1, 0.0).unwrap();
    let spent = Model::new(&x, &names(6), None, 1, 4.0).unwrap();
    assert_eq!((plain.dof, spent.dof), (24.0, 20.0));
    let (plain, spent) = (on_cpu(&bold, &all(&bold), &plain), on_cpu(&bold, &all(&bold), &spent));
    assert_close(
        "sigma2",
        &(&spent.sigma2 * 20.0).to_vec(),
        &(&plain.sigma2 * 24.0).to_vec(),
        1e-14,
        0.0,
    );
    let refused = |x: &Array2<f64>, spent: f64| {
        Model::new(x, &names(x.ncols()), None, 1, spent).unwrap_err().exit_code()
    };
    assert_eq!(refused(&x, 24.0), 65);
    assert_eq!(refused(&design(5, 5, 1), 0.0), 65);
    assert_eq!(refused(&design(4, 9, 1), 0.0), 65);
    assert_eq!(refused(&Array2::zeros((9, 0)), 0.0), 65);
    let mut broken = x.clone();
    broken[[3, 2]] = f64::NAN;
    assert_eq!(refused(&broken, 0.0), 65);
    let slices = groups(29, 1, 3);
    let error = Model::new(&x, &names(6), Some(&slices), 1, 0.0).unwrap_err();
    assert_eq!(error.exit_code(), 65, "{error}");
}

#[test]
fn voxels_or_volumes_that_do_not_fit_the_block_are_refused() {
    let bold = noise([4, 3, 1], 30, 47);
    let model = Model::new(&design(30, 6, 49), &names(6), None, 1, 0.0).unwrap();
    let short = Model::new(&design(29, 6, 49), &names(6), None, 1, 0.0).unwrap();
    let refused = |voxels: &[u32], model: &Model| {
        fit(&mut Device::cpu().tape(), &Bold::Host(bold.clone()), voxels, model)
            .unwrap_err()
            .exit_code()
    };
    assert_eq!(refused(&[12], &model), 70);
    assert_eq!(refused(&[3, 2], &model), 70);
    assert_eq!(refused(&[2], &short), 70);
}

#[test]
fn nilearns_ols_on_the_small_run_is_reproduced() {
    let golden: serde_json::Value =
        serde_json::from_str(include_str!("goldens/ols_small.json")).unwrap();
    let Some((bold, x)) = common::small_run() else { return };
    let model = Model::new(&x, &names(x.ncols()), None, bold.block.planes.len(), 0.0).unwrap();
    let voxels: Vec<u32> =
        golden["voxels"].as_array().unwrap().iter().map(|v| v.as_u64().unwrap() as u32).collect();
    let got = on_cpu(&bold, &voxels, &model);
    assert!(voxels.len() >= 200);
    assert_eq!(model.dof, golden["dof"].as_f64().unwrap());
    for (j, row) in golden["beta"].as_array().unwrap().iter().enumerate() {
        // beta scales with |y| and |pinv|: relative to the column's largest.
        let want = common::numbers(row);
        let scale = want.iter().fold(0.0_f64, |m, v| m.max(v.abs()));
        assert_close(&format!("beta {j}"), &got.beta.row(j).to_vec(), &want, 0.0, 1e-10 * scale);
    }
    let want = common::numbers(&golden["sigma2"]);
    assert_close("sigma2", &got.sigma2.to_vec(), &want, 1e-10, 0.0);
}
