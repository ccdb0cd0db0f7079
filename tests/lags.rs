//! Autoregressive noise: the `lags` room's twin against the naive loop, and what becomes of its sums against dense restricted
//! maximum likelihood (tests/oracles/reml.py), nilearn and its own properties.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use boldly::gpu::{Bold, Device};
use boldly::kernels::arma;
use boldly::kernels::glm::{self, Fit, HostFit, Model};
use boldly::kernels::lags::{self, LagModel};
use boldly::stats::ar1::{Added, Ar1, EachAdded, Estimate, FIRST, Pairs, Rule, Sums};
use boldly::stats::arma11::{Arma11, Found};
use boldly::stats::gls::{Answer, Question};
use boldly::volume::{Block, HostBold, SliceGroups};
use common::{Random, assert_close};
use ndarray::{Array2, array};
use serde::Deserialize;

/// Ordinary least squares of a block of one plane a row, and its sums.
struct Summed {
    fit: HostFit,
    sums: Sums,
    lags: LagModel,
}

fn summed(bold: HostBold, model: &Model, pairs: Pairs, rule: Rule) -> Summed {
    let device = Device::cpu();
    let voxels: Vec<u32> = (0..bold.block.volume_len() as u32).collect();
    let lags = LagModel::new(model, pairs, rule).unwrap();
    let mut tape = device.tape();
    let bold = Bold::Host(bold);
    let fit = glm::fit(&mut tape, &bold, &voxels, model).unwrap();
    let coming = lags::sums(&mut tape, (&bold, &voxels), (&fit, model), &lags).unwrap();
    let sums = coming.read(&tape.run().unwrap()).unwrap();
    let Fit::Host(fit) = fit else { panic!("not on the host") };
    Summed { fit, sums, lags }
}

/// One plane of voxels from series `[volume][voxel]`.
fn plane(series: &[Vec<f64>]) -> HostBold {
    let block = Block::whole([series[0].len(), 1, 1], series.len());
    HostBold::new(block, series.iter().flatten().map(|&v| v as f32).collect())
}

fn model(design: &Array2<f64>, slices: Option<&SliceGroups>, n_planes: usize) -> Model {
    let names: Vec<String> = (0..design.ncols()).map(|j| format!("x{j}")).collect();
    Model::new(design, &names, slices, n_planes, 0.0).unwrap()
}

#[derive(Deserialize)]
struct Case {
    name: String,
    kind: String,
    kept: Vec<usize>,
    design: Vec<Vec<f64>>,
    data: Vec<Vec<f64>>,
    parameters: Vec<Vec<f64>>,
    effect: Vec<f64>,
    variance: Vec<f64>,
    t: Vec<f64>,
    f: Vec<f64>,
}

fn cases(kind: &str) -> Vec<Case> {
    #[derive(Deserialize)]
    struct Golden {
        cases: Vec<Case>,
    }
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/goldens/reml.json");
    let golden: Golden = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    golden.cases.into_iter().filter(|case| case.kind == kind).collect()
}

fn matrix(rows: &[Vec<f64>]) -> Array2<f64> {
    Array2::from_shape_fn((rows.len(), rows[0].len()), |(t, j)| rows[t][j])
}

/// t of the first column, F of both, and of their difference, which adds nothing.
fn answers(all: &Summed, rho: &[f64], p: usize) -> Vec<Answer> {
    answers_of(all, (0, 0), rho, p)
}

/// The same of a slice group, whose two columns begin at `first`.
fn answers_of(all: &Summed, (group, first): (usize, usize), rho: &[f64], p: usize) -> Vec<Answer> {
    let (mut rows, [a, b]) = (Array2::zeros((3, p)), [first, first + 1]);
    (rows[[0, a]], rows[[1, b]], rows[[2, a]], rows[[2, b]]) = (1.0, 1.0, 1.0, -1.0);
    let ar1 = &all.lags.of_groups[group];
    let t = Question::new(rows.slice(ndarray::s![..1, ..]), false, ar1.to_beta.view()).unwrap();
    let f = Question::new(rows.view(), true, ar1.to_beta.view()).unwrap();
    ar1.solve((&all.sums, all.fit.beta.view()), rho, &[t, f]).answers
}

#[test]
fn rho_t_and_f_equal_dense_restricted_maximum_likelihood_with_and_without_censored_volumes() {
    for case in cases("ar1") {
        let (design, name) = (matrix(&case.design), &case.name);
        let pairs = Pairs::of_kept(&case.kept);
        let all = summed(plane(&case.data), &model(&design, None, 1), pairs, Rule::Reml);
        let rho = all.lags.of_groups[0].rho(&all.sums);
        let want: Vec<f64> = case.parameters.iter().map(|p| p[0]).collect();
        // The oracle finds its minimum by values alone: to the square root of their rounding.
        assert_close(&format!("{name}: rho"), &rho, &want, 0.0, 2e-6);
        let [t, f] = &answers(&all, &rho, design.ncols())[..] else { panic!() };
        assert_close(
            &format!("{name}: effect"),
            &t.effect.row(0).to_vec(),
            &case.effect,
            1e-5,
            1e-5,
        );
        assert_close(
            &format!("{name}: variance"),
            &t.variance.row(0).to_vec(),
            &case.variance,
            1e-5,
            0.0,
        );
        assert_close(&format!("{name}: t"), &t.stat, &case.t, 1e-5, 1e-5);
        assert_close(&format!("{name}: F"), &f.stat, &case.f, 1e-5, 1e-5);
    }
}

#[test]
fn slices_with_columns_of_their_own_equal_dense_restricted_maximum_likelihood_each() {
    let all = cases("ar1");
    let of =
        ["whole", "another design"].map(|name| all.iter().find(|case| case.name == name).unwrap());
    let designs = of.map(|case| matrix(&case.design));
    let (n, n_voxels) = (designs[0].nrows(), of[0].t.len());
    let common = designs[0].slice(ndarray::s![.., 2..]).to_owned();
    assert_eq!(common, designs[1].slice(ndarray::s![.., 2..]), "drift is the same in all slices");
    let slices = SliceGroups {
        group_of_plane: vec![0, 1],
        names: vec!["x0".into(), "x1".into()],
        columns: designs.iter().map(|x| x.slice(ndarray::s![.., ..2]).to_owned()).collect(),
    };
    let block = Block::whole([n_voxels, 1, 2], n);
    let planes = (0..n).flat_map(|t| of.map(|case| &case.data[t]));
    let data = planes.flatten().map(|&v| v as f32).collect();
    let names: Vec<String> = (2..5).map(|j| format!("x{j}")).collect();
    let model = Model::new(&common, &names, Some(&slices), 2, 0.0).unwrap();
    let all = summed(HostBold::new(block, data), &model, Pairs::consecutive(n), Rule::Reml);
    for (group, case) in of.into_iter().enumerate() {
        let own = group * n_voxels..(group + 1) * n_voxels;
        let rho = all.lags.of_groups[group].rho(&all.sums);
        let want: Vec<f64> = case.parameters.iter().map(|p| p[0]).collect();
        assert_close(&format!("{}: rho", case.name), &rho[own.clone()], &want, 0.0, 2e-6);
        let found = answers_of(&all, (group, 3), &rho, designs[0].ncols());
        let [t, f] = &found[..] else { panic!() };
        assert_close(&format!("{}: t", case.name), &t.stat[own.clone()], &case.t, 1e-5, 1e-5);
        assert_close(&format!("{}: F", case.name), &f.stat[own], &case.f, 1e-5, 1e-5);
    }
}

#[test]
fn at_a_given_rho_the_fit_is_that_of_dense_generalised_least_squares() {
    // The oracle's own estimates given, no search stands between: two algorithms in f64.
    for case in cases("ar1").into_iter().filter(|case| case.name != "lacking rank") {
        let design = matrix(&case.design);
        let pairs = Pairs::of_kept(&case.kept);
        let all = summed(plane(&case.data), &model(&design, None, 1), pairs, Rule::Reml);
        let rho: Vec<f64> = case.parameters.iter().map(|p| p[0]).collect();
        let [t, f] = &answers(&all, &rho, design.ncols())[..] else { panic!() };
        assert_close(&format!("{}: t", case.name), &t.stat, &case.t, 1e-10, 1e-10);
        assert_close(&format!("{}: F", case.name), &f.stat, &case.f, 1e-10, 1e-10);
    }
}

#[test]
fn the_twins_sums_are_those_of_the_naive_loop_with_slice_groups_gaps_and_no_constant() {
    let mut random = Random(3);
    let (n, shape) = (41, [7, 5, 6]);
    let kept: Vec<usize> =
        (0..n + 9).filter(|t| ![4, 5, 9, 20, 21, 22, 23, 40, 44].contains(t)).collect();
    let common = Array2::from_shape_fn((n, 3), |_| 3.0 + random.normal());
    let slices = SliceGroups {
        group_of_plane: vec![0, 1, 2, 0, 1, 2],
        names: vec!["a".into(), "b".into()],
        columns: (0..3).map(|_| Array2::from_shape_fn((n, 2), |_| random.normal())).collect(),
    };
    let model = model(&common, Some(&slices), shape[2]);
    let block = Block { run_shape: shape, planes: 1..5, core: 1..5, volumes: 0..n };
    let data = (0..block.len()).map(|_| (50.0 + random.normal()) as f32).collect();
    let bold = HostBold::new(block.clone(), data);
    let pairs = Pairs::of_kept(&kept);
    assert_eq!(pairs.gaps, [1, 2, 3, 5]);
    let got = summed(bold.clone(), &model, pairs.clone(), Rule::Reml);
    let n_gaps = pairs.gaps.len();
    for voxel in 0..block.volume_len() {
        let group = model.group_of_plane[block.planes.start + voxel / block.plane_len()];
        let (solver, ar1) = (&model.solvers[group], &got.lags.of_groups[group]);
        let y: Vec<f64> =
            (0..n).map(|t| f64::from(bold.data[t * block.volume_len() + voxel])).collect();
        let e: Vec<f64> = (0..n)
            .map(|t| {
                y[t] - (0..5).map(|j| solver.design[[t, j]] * got.fit.beta[[j, voxel]]).sum::<f64>()
            })
            .collect();
        let mean = y.iter().sum::<f64>() / n as f64;
        let total = y.iter().map(|y| (y - mean).powi(2)).sum::<f64>();
        let mut want = vec![total, e.iter().map(|e| e * e).sum::<f64>(), e[n - 1]];
        let mut have = vec![got.sums.total[voxel], got.sums.square[voxel], got.sums.last[voxel]];
        for gap in 0..n_gaps {
            let of_gap = |&t: &usize| pairs.gap_of[t] != FIRST && pairs.gap_of[t] as usize == gap;
            let ends: Vec<usize> = (0..n).filter(of_gap).collect();
            want.push(ends.iter().map(|&t| e[t].powi(2) + e[t - 1].powi(2)).sum());
            have.push(got.sums.ends[[gap, voxel]]);
            want.push(ends.iter().map(|&t| 2.0 * e[t] * e[t - 1]).sum());
            have.push(got.sums.lags[[gap, voxel]]);
        }
        for (column, values) in ar1.columns.columns().into_iter().enumerate() {
            want.push(values.iter().zip(&e).map(|(u, e)| u * e).sum());
            have.push(got.sums.columns[[column, voxel]]);
        }
        assert_close(&format!("voxel {voxel}"), &have, &want, 1e-11, 1e-11);
    }
}

#[test]
fn scaling_bold_leaves_rho_and_t_and_a_constant_voxel_has_neither() {
    let mut random = Random(8);
    let n = 80;
    let design = Array2::from_shape_fn((n, 3), |(t, j)| {
        [1.0, f64::from(u8::from(t / 8 % 2 == 0)), t as f64][j]
    });
    let model = model(&design, None, 1);
    let noise: Vec<f64> = (0..n).map(|_| random.normal()).collect();
    let series: Vec<Vec<f64>> =
        noise.iter().map(|e| vec![4096.0 + 4.0 * e, 8192.0 + 8.0 * e, 77.5]).collect();
    let data: Vec<Vec<f64>> = series
        .iter()
        .map(|row| row.iter().map(|&v| f64::from((v * 64.0) as f32).round() / 64.0).collect())
        .collect();
    let doubled: Vec<Vec<f64>> =
        data.iter().map(|row| vec![row[0], 2.0 * row[0], row[2]]).collect();
    let all = summed(plane(&doubled), &model, Pairs::consecutive(n), Rule::Reml);
    let rho = all.lags.of_groups[0].rho(&all.sums);
    let row = array![[0.0, 1.0, 0.0]];
    let question = Question::new(row.view(), false, all.lags.of_groups[0].to_beta.view()).unwrap();
    let t = all.lags.of_groups[0]
        .solve((&all.sums, all.fit.beta.view()), &rho, &[question])
        .answers
        .remove(0);
    assert_close("rho", &rho[..1], &rho[1..2], 0.0, 1e-7);
    assert_close("t", &t.stat[..1], &t.stat[1..2], 1e-6, 0.0);
    assert!(rho[0] != 0.0 && t.stat[0] != 0.0);
    assert_eq!((rho[2], t.stat[2], t.variance[[0, 2]]), (0.0, 0.0, 0.0));
}

#[test]
fn beyond_an_edge_of_nilearns_bins_lies_the_next_hundredth() {
    let n = 100;
    let design = Array2::from_shape_fn((n, 1), |_| 1.0);
    let ar1 = |rule| Ar1::new(design.view(), &Pairs::consecutive(n), rule, (1, 99.0)).unwrap();
    let cases = [
        (0.300_01, Some(0.29)),
        (0.299_99, Some(0.30)),
        (-0.300_01, Some(-0.29)),
        (-0.299_99, Some(-0.30)),
        (0.009_99, Some(0.01)),
        (0.010_01, Some(0.0)),
        (0.305, None),
        (0.300_1, None),
        // both sides of 0 are one bin
        (0.000_01, None),
        (-0.000_01, None),
    ];
    let rho = |rho: f64| 2.0 * rho * (n - 1) as f64 / n as f64;
    let none = Array2::zeros((1, cases.len()));
    let sums = Sums {
        total: vec![1.0; cases.len()],
        square: vec![1.0; cases.len()],
        last: vec![0.0; cases.len()],
        ends: none.clone(),
        lags: Array2::from_shape_fn((1, cases.len()), |(_, at)| rho(cases[at].0)),
        columns: Array2::zeros((2, cases.len())),
    };
    assert_eq!(ar1(Rule::Nilearn).beyond_edges(&sums), cases.map(|(_, beyond)| beyond));
    assert_eq!(ar1(Rule::Reml).beyond_edges(&sums), [None; 10]);
}

#[test]
fn gaps_are_those_of_the_kept_volumes() {
    let pairs = Pairs::of_kept(&[2, 3, 4, 7, 8, 10]);
    assert_eq!(pairs.gaps, [1, 2, 3]);
    assert_eq!(pairs.gap_of, [FIRST, 0, 0, 2, 0, 1]);
    assert!(pairs.has_gaps() && !Pairs::consecutive(9).has_gaps());
    assert_eq!(Pairs::of_kept(&[]).gap_of, [0_u32; 0]);
}

/// ARMA(1,1) of a case.
fn arma11(case: &Case) -> Found {
    let design = matrix(&case.design);
    let model = model(&design, None, 1);
    let arma11 = Arma11::new(design.view(), &case.kept, model.dof).unwrap();
    let mut rows = Array2::zeros((3, design.ncols()));
    (rows[[0, 0]], rows[[1, 1]], rows[[2, 0]], rows[[2, 1]]) = (1.0, 1.0, 1.0, -1.0);
    let to_beta = arma11.to_beta.view();
    let t = Question::new(rows.slice(ndarray::s![..1, ..]), false, to_beta).unwrap();
    let f = Question::new(rows.view(), true, to_beta).unwrap();

    let bold = Bold::Host(plane(&case.data));
    let voxels: Vec<u32> = (0..case.data[0].len() as u32).collect();
    let lags = LagModel::new(&model, Pairs::of_kept(&case.kept), Rule::Reml).unwrap();
    let device = Device::cpu();
    let mut tape = device.tape();
    let fit = glm::fit(&mut tape, &bold, &voxels, &model).unwrap();
    let series = lags::residuals(&mut tape, (&bold, &voxels), (&fit, &model), &lags).unwrap();
    let starts = arma::starts(&mut tape, (&series, &fit), std::slice::from_ref(&arma11)).unwrap();
    let done = tape.run().unwrap();
    let (residual, starts) = (series.read(&done).unwrap(), starts.read(&done).unwrap());
    let Fit::Host(fit) = fit else { panic!("not on the host") };
    arma11.fit((residual.view(), fit.beta.view()), &starts, (&[t, f], true))
}

#[test]
fn arma11_equals_dense_restricted_maximum_likelihood_with_and_without_censored_volumes() {
    let mut compared = 0;
    for case in cases("arma11") {
        let found = arma11(&case);
        let [t, f] = &found.solved.answers[..] else { panic!() };
        for (at, p) in case.parameters.iter().enumerate() {
            println!(
                "{}: ({:.4}, {:.4}) for {p:.4?}; t {:.6} for {:.6}",
                case.name, found.a[at], found.b[at], t.stat[at], case.t[at]
            );
        }
        // Where the objective is flat a and b may differ and say the same.
        assert_close(&format!("{}: t", case.name), &t.stat, &case.t, 2e-4, 2e-4);
        assert_close(&format!("{}: F", case.name), &f.stat, &case.f, 4e-4, 4e-4);
        assert_close(
            &format!("{}: effect", case.name),
            &t.effect.row(0).to_vec(),
            &case.effect,
            2e-4,
            2e-4,
        );
        compared += t.stat.len();
    }
    assert_eq!(compared, 24);
}

#[test]
fn a_column_added_to_the_sums_without_it_has_the_rho_and_t_of_the_model_that_holds_it() {
    // Columns are more than are taken off at once, and no whole number of these.
    const N_COLUMNS: usize = 10;
    // Volumes are missing, voxels are no whole number of those side by side, and rho lies anywhere, also beyond what is looked at.
    let kept: Vec<usize> = (0..74).filter(|t| ![5, 6, 20, 40, 41, 42, 60].contains(t)).collect();
    let (n, n_voxels, pairs) = (kept.len(), 531, Pairs::of_kept(&kept));
    let mut random = Random(41);
    let mut walk = |phi: f64| {
        let mut e = 0.0;
        let all: Vec<f64> = (0..74)
            .map(|_| {
                e = phi * e + random.normal();
                e
            })
            .collect();
        kept.iter().map(|&t| all[t]).collect::<Vec<f64>>()
    };
    let design = Array2::from_shape_fn((n, N_COLUMNS), |(t, j)| {
        (std::f64::consts::PI * (kept[t] as f64 + 0.5) * j as f64 / 74.0).cos()
    });
    let seeds: Vec<Vec<f64>> = [0.0, 0.6, 0.9].map(&mut walk).to_vec();
    let voxels: Vec<Vec<f64>> = (0..n_voxels)
        .map(|v| {
            let own = walk(-0.99 + 1.98 * v as f64 / (n_voxels - 1) as f64);
            let seed = &seeds[v % 3];
            let sum = own.iter().zip(seed).map(|(e, s)| 3.0 * e + (v % 7) as f64 * s);
            if v == 7 { vec![0.0; n] } else { sum.collect() }
        })
        .collect();
    let series: Vec<Vec<f64>> = (0..n).map(|t| voxels.iter().map(|v| v[t]).collect()).collect();
    let own = model(&design, None, 1);
    let mut all = summed(plane(&series), &own, pairs.clone(), Rule::Reml);
    let added: Vec<Added> = seeds
        .iter()
        .map(|seed| {
            let seed = ndarray::Array1::from_vec(seed.clone());
            all.lags.of_groups[0].added(&pairs, seed.view()).unwrap()
        })
        .collect();
    let group = &mut all.lags.of_groups[0];
    let parts: Vec<_> = std::iter::once(group.columns.view())
        .chain(added.iter().map(|one| one.columns.view()))
        .collect();
    group.columns = ndarray::concatenate(ndarray::Axis(1), &parts).unwrap();
    let (device, places) = (Device::cpu(), (0..n_voxels as u32).collect::<Vec<u32>>());
    let mut tape = device.tape();
    let bold = Bold::Host(plane(&series));
    let fit = glm::fit(&mut tape, &bold, &places, &own).unwrap();
    let coming = lags::sums(&mut tape, (&bold, &places), (&fit, &own), &all.lags).unwrap();
    let sums = coming.read(&tape.run().unwrap()).unwrap();
    let each = EachAdded::new(&all.lags.of_groups[0], &added, true);
    let found = each.rho(&sums);
    let estimates = each.solve(&sums, &found);
    for (at, seed) in seeds.iter().enumerate() {
        let with = Array2::from_shape_fn((n, N_COLUMNS + 1), |(t, j)| {
            if j == 0 { seed[t] } else { design[[t, j - 1]] }
        });
        let whole = summed(plane(&series), &model(&with, None, 1), pairs.clone(), Rule::Reml);
        let want = whole.lags.of_groups[0].rho(&whole.sums);
        assert!(want.iter().any(|rho| *rho > 0.8) && want.iter().any(|rho| *rho == -0.95));
        assert_close(&format!("rho with {at}"), &found[at], &want, 0.0, 2e-6);
        let first = answers(&whole, &found[at], N_COLUMNS + 1).swap_remove(0);
        let Estimate { effect, variance, stat } = &estimates[at];
        let name = |what: &str| format!("{what} with {at}");
        assert_close(&name("effect"), effect, &first.effect.row(0).to_vec(), 1e-6, 1e-6);
        assert_close(&name("variance"), variance, &first.variance.row(0).to_vec(), 1e-6, 0.0);
        assert_close(&name("t"), stat, &first.stat, 1e-6, 1e-6);
    }
    let plain = EachAdded::new(&all.lags.of_groups[0], &added, false);
    let estimates = plain.solve(&sums, &vec![vec![0.0; n_voxels]; 3]);
    let whole = Array2::from_shape_fn((n, N_COLUMNS + 1), |(t, j)| {
        if j == 0 { seeds[1][t] } else { design[[t, j - 1]] }
    });
    let whole = summed(plane(&series), &model(&whole, None, 1), pairs, Rule::Reml);
    let first = answers(&whole, &vec![0.0; n_voxels], N_COLUMNS + 1).swap_remove(0);
    assert_close("t of ordinary least squares", &estimates[1].stat, &first.stat, 1e-6, 1e-6);
}
