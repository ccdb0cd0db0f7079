//! The fit and its contrasts.

use boldly::gpu::Device;
use boldly::kernels::contrast::{self, Contrast, ContrastValues, Prepared, Stat, Wanted};
use boldly::kernels::glm::{self, Model};
use boldly::volume::{Block, HostBold};
use ndarray::{Array2, Axis, concatenate, s};

use crate::compare::{F, F_F64, SIGMA2, SIGMA2_F64, T, T_F64, Tolerance, assert_close};
use crate::made_up::{design, nearly_one, run, slice_groups};
use crate::test_adapter;

/// A model, its voxels and contrasts on both devices.
struct Fitted {
    host: glm::HostFit,
    values: Vec<ContrastValues>,
}

fn fit_on(
    device: &Device,
    bold: &HostBold,
    voxels: &[u32],
    model: &Model,
    contrasts: &[Prepared],
) -> Fitted {
    let mut tape = device.tape();
    let (loaded, _) = tape.load(bold.clone()).unwrap();
    let fit = glm::fit(&mut tape, &loaded, voxels, model).unwrap();
    let values = contrast::evaluate(&mut tape, &fit, contrasts, Wanted::All).unwrap();
    let host = glm::download(&mut tape, fit).unwrap();
    let done = tape.run().unwrap();
    Fitted { host: host.read(&done).unwrap(), values: values.read(&done).unwrap() }
}

fn compare_fits(
    name: &str,
    gpu: &Device,
    bold: &HostBold,
    voxels: &[u32],
    model: &Model,
    contrasts: &[Prepared],
) {
    let wide = gpu.report().precision.contains("f64");
    let (t, f, sigma2) = if wide { (T_F64, F_F64, SIGMA2_F64) } else { (T, F, SIGMA2) };
    let got = fit_on(gpu, bold, voxels, model, contrasts);
    let want = fit_on(&Device::cpu(), bold, voxels, model, contrasts);
    assert_eq!(got.host.slice_group, want.host.slice_group, "{name}: groups");
    // Each beta in units of its standard error, as t sees it.
    let (mut scaled_got, mut scaled_want) = (Vec::new(), Vec::new());
    for ((regressor, voxel), &beta) in want.host.beta.indexed_iter() {
        let solver = &model.solvers[want.host.slice_group[voxel] as usize];
        let error = (want.host.sigma2[voxel] * solver.xtx_inv[[regressor, regressor]]).sqrt();
        if error > 0.0 {
            scaled_got.push((got.host.beta[[regressor, voxel]] - beta) / error);
            scaled_want.push(0.0);
        } else {
            scaled_got.push(got.host.beta[[regressor, voxel]] - beta);
            scaled_want.push(0.0);
        }
    }
    assert_close(&format!("{name}: (beta - twin) / se"), &scaled_got, &scaled_want, t);
    assert_close(
        &format!("{name}: sigma2"),
        &got.host.sigma2.to_vec(),
        &want.host.sigma2.to_vec(),
        Tolerance { absolute: 1e-30, ..sigma2 },
    );
    for (n, (got, want)) in got.values.iter().zip(&want.values).enumerate() {
        let tolerance = if contrasts[n].contrast.stat == Stat::T { t } else { f };
        assert_close(&format!("{name}: stat {n}"), &got.stat, &want.stat, tolerance);
        let flat = |m: &Array2<f64>| m.iter().copied().collect::<Vec<_>>();
        let relative = Tolerance { absolute: 1e-30, ..sigma2 };
        assert_close(
            &format!("{name}: variance {n}"),
            &flat(&got.variance),
            &flat(&want.variance),
            relative,
        );
        let errors = want.variance.mapv(f64::sqrt);
        let off = (&got.effect - &want.effect) / errors.mapv(|e| if e > 0.0 { e } else { 1.0 });
        assert_close(&format!("{name}: effect {n}"), &flat(&off), &vec![0.0; off.len()], t);
    }
}

fn prepared(
    name: &str,
    stat: Stat,
    weights: Array2<f64>,
    model: &Model,
) -> boldly::Result<Prepared> {
    Prepared::new(Contrast { name: name.into(), stat, weights }, model)
}

/// t of the task, t of a nuisance difference, F of three rows, F of two that depend on each other.
pub fn contrasts(model: &Model) -> Vec<Prepared> {
    let p = model.names.len();
    let rows = |rows: &[&[(usize, f64)]]| {
        let mut weights = Array2::zeros((rows.len(), p));
        for (row, entries) in rows.iter().enumerate() {
            entries.iter().for_each(|&(column, w)| weights[[row, column]] = w);
        }
        weights
    };
    vec![
        prepared("task", Stat::T, rows(&[&[(0, 1.0)]]), model).unwrap(),
        prepared("difference", Stat::T, rows(&[&[(0, 0.5), (4, -0.5)]]), model).unwrap(),
        prepared("any", Stat::F, rows(&[&[(0, 1.0)], &[(4, 1.0)], &[(2, 1.0)]]), model).unwrap(),
        prepared("twice", Stat::F, rows(&[&[(0, 1.0)], &[(0, -2.0)]]), model).unwrap(),
    ]
}

#[test]
fn fit_and_contrasts_equal_their_twins_in_both_precisions() {
    for f64_sums in test_adapter::f64_sums() {
        let gpu = test_adapter::open(Some(f64_sums));
        // 1000 voxels in workgroups of 64; one voxel; every third voxel of several planes.
        for (shape, every, p, n) in
            [([10, 10, 10], 1, 8, 200), ([1, 1, 1], 1, 5, 40), ([9, 7, 5], 3, 30, 120)]
        {
            let (x, names) = design(n, p, 10);
            let model = Model::new(&x, &names, None, shape[2], 0.0).unwrap();
            let bold = run(Block::whole(shape, n), 11);
            let voxels: Vec<u32> = (0..bold.block.volume_len() as u32).step_by(every).collect();
            let name = format!("{shape:?}, p {p}, f64 sums {f64_sums}");
            compare_fits(&name, &gpu, &bold, &voxels, &model, &contrasts(&model));
        }
    }
}

#[test]
fn slice_dependent_columns_are_fitted_with_each_planes_own() {
    for f64_sums in test_adapter::f64_sums() {
        let gpu = test_adapter::open(Some(f64_sums));
        let (n, shape) = (150, [11, 6, 12]);
        let (x, names) = design(n, 6, 12);
        let model = Model::new(&x, &names, Some(&slice_groups(n, 9, 12)), 12, 4.0).unwrap();
        let block = Block { run_shape: shape, planes: 4..11, core: 4..11, volumes: 0..n };
        let bold = run(block, 13);
        let voxels: Vec<u32> = (0..bold.block.volume_len() as u32).filter(|v| v % 7 != 2).collect();
        compare_fits(
            &format!("groups, f64 sums {f64_sums}"),
            &gpu,
            &bold,
            &voxels,
            &model,
            &contrasts(&model),
        );
    }
}

#[test]
fn designs_without_a_constant_and_of_deficient_rank_are_fitted_as_by_the_twin() {
    for f64_sums in test_adapter::f64_sums() {
        let gpu = test_adapter::open(Some(f64_sums));
        let n = 120;
        let (x, names) = design(n, 9, 14);
        let bold = run(Block::whole([9, 5, 3], n), 15);
        let voxels: Vec<u32> = (0..135).collect();
        let without = x.select(Axis(1), &[0, 2, 4, 5, 6, 7]);
        let model = Model::new(&without, &names[..6], None, 3, 0.0).unwrap();
        compare_fits(
            &format!("no constant, {f64_sums}"),
            &gpu,
            &bold,
            &voxels,
            &model,
            &contrasts(&model),
        );
        // The last column is the sum of two others; the contrasts do not touch these.
        let sum = (&x.slice(s![.., 7]) + &x.slice(s![.., 8])).insert_axis(Axis(1));
        let deficient = concatenate![Axis(1), x, sum];
        let names: Vec<String> = (0..10).map(|c| format!("x{c}")).collect();
        let model = Model::new(&deficient, &names, None, 3, 0.0).unwrap();
        assert_eq!(model.solvers[0].rank, 9);
        compare_fits(
            &format!("deficient, {f64_sums}"),
            &gpu,
            &bold,
            &voxels,
            &model,
            &contrasts(&model),
        );
    }
}

#[test]
fn columns_far_from_zero_cost_no_digits() {
    // A clock in milliseconds: X b alone would cancel against the constant's estimate to 1 in f32.
    for f64_sums in test_adapter::f64_sums() {
        let gpu = test_adapter::open(Some(f64_sums));
        let (mut x, names) = design(120, 6, 26);
        x.column_mut(5).mapv_inplace(|v| 1.4e7 + 5.0 * v);
        let model = Model::new(&x, &names, None, 3, 0.0).unwrap();
        let bold = run(Block::whole([9, 5, 3], 120), 27);
        let voxels: Vec<u32> = (0..135).collect();
        let name = format!("clock, {f64_sums}");
        compare_fits(&name, &gpu, &bold, &voxels, &model, &contrasts(&model));
    }
}

#[test]
fn columns_that_are_nearly_one_cost_no_digits() {
    // X b of columns 3e-5 apart cancels estimates some 1e4 times the data: in f32, digits of the residuals and of what
    // the two columns do together.
    for f64_sums in test_adapter::f64_sums() {
        let gpu = test_adapter::open(Some(f64_sums));
        let (mut x, names) = design(40, 8, 28);
        nearly_one(&mut x);
        let model = Model::new(&x, &names, None, 3, 0.0).unwrap();
        let bold = run(Block::whole([9, 5, 3], 40), 29);
        let voxels: Vec<u32> = (0..135).collect();
        let mut together = Array2::zeros((1, 8));
        (together[[0, 4]], together[[0, 7]]) = (1.0, 1.0);
        let mut asked = contrasts(&model);
        asked.push(prepared("together", Stat::T, together, &model).unwrap());
        compare_fits(&format!("nearly one, {f64_sums}"), &gpu, &bold, &voxels, &model, &asked);
    }
}

#[test]
fn a_constant_voxel_has_no_variance_and_stat_0() {
    let gpu = test_adapter::open(None);
    let (x, names) = design(60, 5, 16);
    let model = Model::new(&x, &names, None, 3, 0.0).unwrap();
    let bold = run(Block::whole([5, 4, 3], 60), 17);
    let fitted = fit_on(&gpu, &bold, &[4, 5, 9], &model, &contrasts(&model));
    assert!(fitted.host.sigma2[0] > 0.0);
    assert_eq!((fitted.host.sigma2[1], fitted.host.sigma2[2]), (0.0, 0.0));
    for values in fitted.values {
        assert_eq!(values.stat[1..], [0.0, 0.0]);
    }
}

/// A voxel that is a sum of the design's columns, in both precisions and by the twin.
#[test]
fn a_voxel_that_the_columns_explain_has_no_variance_and_stat_0() {
    let n = 200;
    let (mut x, names) = design(n, 8, 21);
    x.column_mut(7).fill(0.0);
    x[[30, 7]] = 1.0;
    let model = Model::new(&x, &names, None, 3, 0.0).unwrap();
    let mut bold = run(Block::whole([5, 4, 3], n), 22);
    for t in 0..n {
        bold.data[60 * t + 4] = if t == 30 { 90_000.0 } else { 500.1 };
        bold.data[60 * t + 6] = 1e-3 * x.row(t).sum() as f32;
    }
    for f64_sums in test_adapter::f64_sums() {
        let gpu = test_adapter::open(Some(f64_sums));
        compare_fits("beside them", &gpu, &bold, &[3, 7], &model, &contrasts(&model));
        let fitted = fit_on(&gpu, &bold, &[3, 4, 6, 7], &model, &contrasts(&model));
        let sigma2 = fitted.host.sigma2;
        assert!(sigma2[0] > 0.0 && sigma2[3] > 0.0, "{sigma2}");
        assert_eq!((sigma2[1], sigma2[2]), (0.0, 0.0), "f64 sums {f64_sums}");
        for values in fitted.values {
            assert_eq!(values.stat[1..3], [0.0, 0.0]);
        }
    }
}

#[test]
fn a_run_in_blocks_gives_the_maps_of_the_whole() {
    let gpu = test_adapter::open(None);
    let (n, shape) = (100, [8, 7, 9]);
    let (x, names) = design(n, 6, 18);
    let model = Model::new(&x, &names, Some(&slice_groups(n, 3, 9)), 9, 0.0).unwrap();
    let whole = run(Block::whole(shape, n), 19);
    let task = &contrasts(&model)[..1];
    let all: Vec<u32> = (0..504).collect();
    let want = fit_on(&gpu, &whole, &all, &model, task).values.remove(0).stat;
    for planes in [0..2, 2..3, 3..9] {
        let at = planes.start * 56..planes.end * 56;
        let data = (0..n).flat_map(|t| whole.data[t * 504..][at.clone()].to_vec()).collect();
        let block = Block { run_shape: shape, planes: planes.clone(), core: planes, volumes: 0..n };
        let voxels: Vec<u32> = (0..block.volume_len() as u32).collect();
        let part = fit_on(&gpu, &HostBold::new(block, data), &voxels, &model, task);
        assert_eq!(part.values[0].stat, want[at], "the same bits, whatever the block");
    }
}

#[test]
fn an_empty_voxel_list_gives_an_empty_fit() {
    let gpu = test_adapter::open(None);
    let (x, names) = design(60, 5, 20);
    let model = Model::new(&x, &names, None, 1, 0.0).unwrap();
    let bold = run(Block::whole([2, 2, 1], 60), 21);
    let fitted = fit_on(&gpu, &bold, &[], &model, &contrasts(&model));
    assert_eq!(fitted.host.beta.dim(), (5, 0));
    assert!(fitted.values[0].stat.is_empty());
}
