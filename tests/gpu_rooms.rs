//! Each room on the test adapter equals its f64 twin, worst element within a named tolerance.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod test_adapter;

use boldly::error::{DeviceFailure, Error};
use boldly::gpu::{Bold, Device};
use boldly::kernels::contrast::{self, Contrast, ContrastValues, Stat};
use boldly::kernels::glm::{self, Model};
use boldly::kernels::nuisance::{self, Projection};
use boldly::kernels::smooth::{self, Kernel, Taps};
use boldly::volume::{Block, Grid, HostBold, Mask, SliceGroups};
use ndarray::{Array2, Axis, concatenate, s};

/// How far a value may lie from what is wanted: `relative |want| + absolute`.
#[derive(Clone, Copy)]
struct Tolerance {
    relative: f64,
    absolute: f64,
}

/// Smoothing, in units of the baseline of 1000: three passes of at most 2 r + 2 = 16 roundings of 2^-24 that add up as
/// their square root (4 each), the kernel's weights and the edge factor one each: (3 * 6) 2^-24 = 1.1e-6.
const SMOOTHED: Tolerance = Tolerance { relative: 1.1e-6, absolute: 1e-6 };
/// Cleaned values: both devices round the result to f32, so they may lie one unit in the last place (2^-23) apart; g of
/// 18 columns from n = 120 centred values of size 50 and their product with the columns: 50 (sqrt(120) + sqrt(18)) 2^-24
/// on top.
const CLEANED: Tolerance = Tolerance { relative: 1.2e-7, absolute: 5e-5 };
/// Smoothed and cleaned values with f64 sums: only the result is rounded. Where twin and shader fall on either side of a
/// tie, they lie one unit in the last place (2^-23) apart.
const ROUNDED: Tolerance = Tolerance { relative: 1.2e-7, absolute: 0.0 };
/// The project's tolerance for t (docs/accuracy.md); effects are compared in units of their standard error.
const T: Tolerance = Tolerance { relative: 1e-4, absolute: 2e-4 };
const T_F64: Tolerance = Tolerance { relative: 1e-5, absolute: 2e-5 };
/// Residual variance: a relative error of t of 1e-4 is one of 2e-4 in sigma2.
const SIGMA2: Tolerance = Tolerance { relative: 2e-4, absolute: 0.0 };
const SIGMA2_F64: Tolerance = Tolerance { relative: 2e-5, absolute: 0.0 };
/// F of rank r is a mean of r squared t: 2 |t| dt, with the same relative and absolute parts.
const F: Tolerance = Tolerance { relative: 4e-4, absolute: 4e-4 };
const F_F64: Tolerance = Tolerance { relative: 4e-5, absolute: 4e-5 };

/// The worst element; panics when one exceeds the tolerance, is NaN on one side only, or there is none.
fn assert_close(name: &str, got: &[f64], want: &[f64], tolerance: Tolerance) {
    assert_eq!(got.len(), want.len(), "{name}: lengths");
    assert!(!got.is_empty(), "{name}: nothing to compare");
    let mut worst = (0, -1.0);
    for (at, (&got, &want)) in got.iter().zip(want).enumerate() {
        let allowed = tolerance.relative * want.abs() + tolerance.absolute;
        let multiple = if got.to_bits() == want.to_bits() || (got.is_nan() && want.is_nan()) {
            0.0
        } else {
            (got - want).abs() / allowed
        };
        if multiple.is_nan() || multiple > worst.1 {
            worst = (at, if multiple.is_nan() { f64::INFINITY } else { multiple });
        }
    }
    let (at, multiple) = worst;
    println!(
        "{name}: worst of {} at {at}: {} for {}, {multiple:.3} x tolerance",
        got.len(),
        got[at],
        want[at]
    );
    assert!(
        multiple <= 1.0,
        "{name}[{at}] = {} for {}: {multiple:.3} x tolerance",
        got[at],
        want[at]
    );
}

/// Deterministic noise, uniform in -1..1.
struct Noise(u64);

impl Noise {
    fn next(&mut self) -> f64 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 11) as f64 / (1_u64 << 52) as f64 - 1.0
    }
}

/// A run with a baseline near 1000, drift and noise; a constant and an all-zero voxel where there is room.
fn run(block: Block, seed: u64) -> HostBold {
    let mut noise = Noise(seed);
    let n = block.volume_len();
    let base: Vec<f64> = (0..n).map(|_| 1000.0 + 100.0 * noise.next()).collect();
    let slope: Vec<f64> = (0..n).map(|_| 20.0 * noise.next()).collect();
    let total = block.volumes.len() as f64;
    let mut data = Vec::with_capacity(block.len());
    for t in 0..block.volumes.len() {
        let block_on = if t / 10 % 2 == 0 { 4.0 } else { 0.0 };
        for voxel in 0..n {
            let value =
                base[voxel] + slope[voxel] * t as f64 / total + block_on + 20.0 * noise.next();
            data.push(match voxel {
                5 => 731.25,
                9 => 0.0,
                _ => value as f32,
            });
        }
    }
    HostBold { block, data }
}

fn grid(shape: [usize; 3]) -> Grid {
    let mut affine = [[0.0; 4]; 4];
    (0..4).for_each(|d| affine[d][d] = 1.0);
    Grid { shape, affine, voxel_size_mm: [1.0; 3] }
}

/// Constant, drift, task, and noise columns to `p` in all.
fn design(n: usize, p: usize, seed: u64) -> (Array2<f64>, Vec<String>) {
    let mut noise = Noise(seed);
    let x = Array2::from_shape_fn((n, p), |(t, column)| match column {
        0 => f64::from(u8::from(t / 10 % 2 == 0)),
        1 => 1.0,
        2 => t as f64 / n as f64 - 0.5,
        3 => 50.0 + 3.0 * noise.next(),
        _ => noise.next(),
    });
    (x, (0..p).map(|column| format!("x{column}")).collect())
}

/// Three groups of slice-dependent columns over interleaved planes.
fn slice_groups(n: usize, columns: usize, n_planes: usize) -> SliceGroups {
    SliceGroups {
        group_of_plane: (0..n_planes).map(|plane| plane % 3).collect(),
        names: (0..columns).map(|c| format!("physio{c}")).collect(),
        columns: (0..3)
            .map(|group| {
                Array2::from_shape_fn((n, columns), |(t, c)| {
                    let phase = (1.7 + 0.31 * c as f64) * (t as f64 + 0.3 * group as f64);
                    if c % 2 == 0 { phase.sin() } else { phase.cos() }
                })
            })
            .collect(),
    }
}

fn as_f64(values: &[f32]) -> Vec<f64> {
    values.iter().map(|&v| f64::from(v)).collect()
}

/// The same room on both devices.
fn both(
    gpu: &Device,
    bold: &HostBold,
    room: impl Fn(&Device, Bold) -> boldly::Result<Bold>,
) -> (Vec<f64>, Vec<f64>) {
    let on = |device: &Device| {
        let done = room(device, device.load(bold.clone()).unwrap()).unwrap();
        as_f64(&device.store(done).unwrap().data)
    };
    (on(gpu), on(&Device::cpu()))
}

/// The test adapter with sums in either precision, and the tolerance of smoothing there.
fn smoothers() -> Vec<(Device, Tolerance, String)> {
    let opened = |f64_sums| {
        let tolerance = if f64_sums { ROUNDED } else { SMOOTHED };
        (test_adapter::open(Some(f64_sums)), tolerance, format!("f64 sums {f64_sums}"))
    };
    test_adapter::f64_sums().into_iter().map(opened).collect()
}

#[test]
fn smoothing_equals_its_twin_on_awkward_shapes() {
    for (gpu, tolerance, sums) in smoothers() {
        for kernel in [Kernel::Sampled, Kernel::Exact] {
            for (shape, volumes) in [
                ([13, 9, 7], 5),
                ([1, 1, 1], 3),
                ([10, 11, 1], 2),
                ([2, 3, 40], 3),
                ([31, 27, 23], 80),
            ] {
                let taps = Taps::new(5.0, [2.0, 2.5, 3.3], kernel).unwrap();
                let bold = run(Block::whole(shape, volumes), 1);
                let (got, want) = both(&gpu, &bold, |d, b| smooth::smooth(d, b, &taps, None));
                assert_close(&format!("{kernel:?} {shape:?}, {sums}"), &got, &want, tolerance);
            }
        }
    }
}

#[test]
fn smoothing_leaves_missing_voxels_out_and_as_they_are() {
    for (gpu, tolerance, sums) in smoothers() {
        let taps = Taps::new(6.0, [2.0, 3.0, 2.5], Kernel::Sampled).unwrap();
        let mut bold = run(Block::whole([13, 9, 7], 6), 2);
        bold.data[3] = f32::NAN;
        bold.data[819 + 40] = f32::INFINITY;
        bold.data[3 * 819 + 400..3 * 819 + 460].fill(f32::NEG_INFINITY);
        let (got, want) = both(&gpu, &bold, |d, b| smooth::smooth(d, b, &taps, None));
        assert!(got[3].is_nan() && got[819 + 40] == f64::INFINITY);
        assert_close(&format!("missing, {sums}"), &got, &want, tolerance);
    }
}

#[test]
fn smoothing_within_a_mask_equals_its_twin() {
    let shape = [33, 29, 21];
    let mut noise = Noise(3);
    let inside: Vec<bool> = (0..33 * 29 * 21).map(|_| noise.next() > -0.3).collect();
    let mask = Mask { grid: grid(shape), inside };
    for (gpu, tolerance, sums) in smoothers() {
        for (fwhm_mm, missing) in [(0.0, false), (0.0, true), (5.0, false), (5.0, true)] {
            let taps = Taps::new(fwhm_mm, [2.0, 3.0, 2.5], Kernel::Sampled).unwrap();
            // Part of a run: the mask's planes must be the block's. Enough volumes for several chunks.
            let block =
                Block { run_shape: shape, planes: 4..17, core: 6..15, volumes: 10..10 + 90 };
            let mut bold = run(block, 4);
            if missing {
                bold.data[1000..1100].fill(f32::NAN);
            }
            let (got, want) = both(&gpu, &bold, |d, b| smooth::smooth(d, b, &taps, Some(&mask)));
            let name = format!("within, {fwhm_mm} mm, missing {missing}, {sums}");
            assert_close(&name, &got, &want, tolerance);
        }
    }
}

#[test]
fn zero_fwhm_copies() {
    let gpu = test_adapter::open(None);
    let taps = Taps::new(0.0, [2.0; 3], Kernel::Sampled).unwrap();
    let bold = run(Block::whole([5, 4, 3], 4), 5);
    let smoothed = smooth::smooth(&gpu, gpu.load(bold.clone()).unwrap(), &taps, None).unwrap();
    assert_eq!(gpu.store(smoothed).unwrap().data, bold.data);
}

#[test]
fn nuisance_equals_its_twin_in_both_precisions() {
    for f64_sums in test_adapter::f64_sums() {
        let tolerance = if f64_sums { ROUNDED } else { CLEANED };
        let gpu = test_adapter::open(Some(f64_sums));
        for (shape, columns) in
            [([10, 10, 10], 18), ([1, 1, 1], 1), ([9, 7, 5], 4), ([9, 7, 2], 37)]
        {
            let n = 120;
            let (x, _) = design(n, 6, 6);
            let projection = Projection::new(&x, &slice_groups(n, columns, shape[2])).unwrap();
            let bold = run(Block::whole(shape, n), 7);
            let (got, want) = both(&gpu, &bold, |d, b| nuisance::subtract(d, b, &projection));
            assert_close(
                &format!("{columns} columns, f64 sums {f64_sums}"),
                &got,
                &want,
                tolerance,
            );
        }
    }
}

#[test]
fn nuisance_beside_a_design_without_a_constant_is_that_of_the_centred_data() {
    for f64_sums in test_adapter::f64_sums() {
        let gpu = test_adapter::open(Some(f64_sums));
        let x = design(90, 6, 24).0.select(Axis(1), &[0, 3, 4]);
        let projection = Projection::new(&x, &slice_groups(90, 5, 3)).unwrap();
        assert!(projection.rows[0].sum_axis(Axis(1)).iter().any(|sum| sum.abs() > 1e-3));
        let bold = run(Block::whole([5, 4, 3], 90), 25);
        let (got, want) = both(&gpu, &bold, |d, b| nuisance::subtract(d, b, &projection));
        let tolerance = if f64_sums { ROUNDED } else { CLEANED };
        assert_close(&format!("no constant, f64 sums {f64_sums}"), &got, &want, tolerance);
    }
}

#[test]
fn nuisance_of_some_planes_uses_their_groups_and_skips_missing_voxels() {
    let gpu = test_adapter::open(None);
    let (n, shape) = (100, [11, 6, 12]);
    let projection = Projection::new(&design(n, 5, 8).0, &slice_groups(n, 6, 12)).unwrap();
    let block = Block { run_shape: shape, planes: 5..9, core: 5..9, volumes: 0..n };
    let mut bold = run(block, 9);
    for (t, voxel) in [(0, 7), (99, 30), (50, 200)] {
        bold.data[t * 264 + voxel] = f32::NAN;
    }
    let (got, want) = both(&gpu, &bold, |d, b| nuisance::subtract(d, b, &projection));
    assert_close("planes 5..9", &got, &want, CLEANED);
    for voxel in [7, 30, 200] {
        for t in 0..n {
            let (got, before) = (got[t * 264 + voxel] as f32, bold.data[t * 264 + voxel]);
            assert!(got.to_bits() == before.to_bits() || (got.is_nan() && before.is_nan()));
        }
    }
}

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
    contrasts: &[Contrast],
) -> Fitted {
    let loaded = device.load(bold.clone()).unwrap();
    let fit = glm::fit(device, &loaded, voxels, model).unwrap();
    Fitted {
        host: glm::download(device, &fit).unwrap(),
        values: contrasts.iter().map(|c| contrast::evaluate(device, &fit, c).unwrap()).collect(),
    }
}

fn compare_fits(
    name: &str,
    gpu: &Device,
    bold: &HostBold,
    voxels: &[u32],
    model: &Model,
    contrasts: &[Contrast],
) {
    let wide = gpu.report().precision.contains("f64");
    let (t, f, sigma2) = if wide { (T_F64, F_F64, SIGMA2_F64) } else { (T, F, SIGMA2) };
    let got = fit_on(gpu, bold, voxels, model, contrasts);
    let want = fit_on(&Device::cpu(), bold, voxels, model, contrasts);
    assert_eq!(got.host.group, want.host.group, "{name}: groups");
    // Each beta in units of its standard error, as t sees it.
    let (mut scaled_got, mut scaled_want) = (Vec::new(), Vec::new());
    for ((regressor, voxel), &beta) in want.host.beta.indexed_iter() {
        let solver = &model.solvers[want.host.group[voxel] as usize];
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
        let tolerance = if contrasts[n].stat == Stat::T { t } else { f };
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

/// t of the task, t of a nuisance difference, F of three rows, F of two that depend on each other.
fn contrasts(model: &Model) -> Vec<Contrast> {
    let p = model.names.len();
    let rows = |rows: &[&[(usize, f64)]]| {
        let mut weights = Array2::zeros((rows.len(), p));
        for (row, entries) in rows.iter().enumerate() {
            entries.iter().for_each(|&(column, w)| weights[[row, column]] = w);
        }
        weights
    };
    vec![
        Contrast::new("task", Stat::T, rows(&[&[(0, 1.0)]]), model).unwrap(),
        Contrast::new("difference", Stat::T, rows(&[&[(0, 0.5), (4, -0.5)]]), model).unwrap(),
        Contrast::new("any", Stat::F, rows(&[&[(0, 1.0)], &[(4, 1.0)], &[(2, 1.0)]]), model)
            .unwrap(),
        Contrast::new("twice", Stat::F, rows(&[&[(0, 1.0)], &[(0, -2.0)]]), model).unwrap(),
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
        let part = fit_on(&gpu, &HostBold { block, data }, &voxels, &model, task);
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

#[test]
fn more_loop_iterations_than_a_software_adapter_runs_are_refused() {
    let gpu = test_adapter::open(None);
    let n = 7000;
    let (x, _) = design(n, 3, 22);
    let projection = Projection::new(&x, &slice_groups(n, 18, 1)).unwrap();
    let bold = gpu.load(run(Block::whole([2, 2, 1], n), 23)).unwrap();
    let done = nuisance::subtract(&gpu, bold, &projection);
    if gpu.report().kind == "software" {
        let why = done.unwrap_err();
        assert!(matches!(why, Error::Device { failure: DeviceFailure::Rejected, .. }), "{why}");
        assert!(why.to_string().contains("iterations"), "{why}");
    } else {
        done.unwrap();
    }
}

#[test]
fn the_chain_of_rooms_keeps_the_tolerance_of_t() {
    for f64_sums in test_adapter::f64_sums() {
        let gpu = test_adapter::open(Some(f64_sums));
        let (n, shape) = (150, [17, 13, 11]);
        let (x, names) = design(n, 8, 28);
        let projection = Projection::new(&x, &slice_groups(n, 18, shape[2])).unwrap();
        let taps = Taps::new(5.0, [2.0, 2.0, 2.5], Kernel::Exact).unwrap();
        let model = Model::new(&x, &names, None, shape[2], 18.0).unwrap();
        let mut bold = run(Block::whole(shape, n), 29);
        if f64_sums {
            // What rounding costs shows in quiet data: a noise of 0.1 % of the baseline before smoothing.
            bold.data.iter_mut().for_each(|value| *value = 1000.0 + 0.1 * (*value - 1000.0));
        }
        let voxels: Vec<u32> = (0..bold.block.volume_len() as u32).collect();
        let chain = |device: &Device| {
            let loaded = device.load(bold.clone()).unwrap();
            let cleaned = nuisance::subtract(device, loaded, &projection).unwrap();
            let smoothed = smooth::smooth(device, cleaned, &taps, None).unwrap();
            let fit = glm::fit(device, &smoothed, &voxels, &model).unwrap();
            let stat = |c: &Contrast| contrast::evaluate(device, &fit, c).unwrap().stat;
            contrasts(&model).iter().map(stat).collect::<Vec<_>>()
        };
        let (t, f) = if f64_sums { (T_F64, F_F64) } else { (T, F) };
        for (k, (got, want)) in chain(&gpu).iter().zip(&chain(&Device::cpu())).enumerate() {
            let name = format!("chain, stat {k}, f64 sums {f64_sums}");
            assert_close(&name, got, want, if k < 2 { t } else { f });
        }
    }
}
