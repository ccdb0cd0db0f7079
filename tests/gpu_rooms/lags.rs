//! Residual sums, and rho and t that come of them.

use boldly::gpu::Device;
use boldly::kernels::glm::{self, Model};
use boldly::kernels::lags::{self, LagModel};
use boldly::stats::ar1::{Pairs, Rule, Sums};
use boldly::stats::gls::Question;
use boldly::volume::{Block, HostBold};
use ndarray::Array2;

use crate::compare::{F, F_F64, T, T_F64, Tolerance, assert_close};
use crate::made_up::{Noise, design, nearly_one, run, slice_groups};
use crate::test_adapter;

/// rho is found from ratios of sums; with f32 sums these keep six digits.
const RHO: Tolerance = Tolerance { relative: 0.0, absolute: 2e-5 };
const RHO_F64: Tolerance = Tolerance { relative: 0.0, absolute: 2e-6 };

fn summed_on(
    device: &Device,
    bold: &HostBold,
    voxels: &[u32],
    model: &Model,
    lags: &LagModel,
) -> (glm::HostFit, Sums) {
    let mut tape = device.tape();
    let (loaded, _) = tape.load(bold.clone()).unwrap();
    let fit = glm::fit(&mut tape, &loaded, voxels, model).unwrap();
    let sums = lags::sums(&mut tape, (&loaded, voxels), (&fit, model), lags).unwrap();
    let fit = glm::download(&mut tape, fit).unwrap();
    let done = tape.run().unwrap();
    (fit.read(&done).unwrap(), sums.read(&done).unwrap())
}

/// Noise that remembers: each volume keeps some of the one before.
pub fn remembering(block: Block, seed: u64) -> HostBold {
    let mut bold = run(block.clone(), seed);
    let mut noise = Noise(seed + 1);
    let n = block.volume_len();
    for voxel in (0..n).filter(|voxel| ![5, 9].contains(voxel)) {
        let rho = 0.6 * voxel as f64 / n as f64;
        let mut before = 0.0;
        for t in 0..block.volumes.len() {
            before = rho * before + 30.0 * noise.next();
            bold.data[t * n + voxel] += before as f32;
        }
    }
    bold
}

#[test]
fn sums_rho_and_statistics_equal_their_twins_in_both_precisions() {
    for f64_sums in test_adapter::f64_sums() {
        let gpu = test_adapter::open(Some(f64_sums));
        // One group and no gap; slice groups, many columns and gaps of 1 to 4 volumes.
        for (shape, p, slices, gaps) in [([10, 10, 10], 8, 0, false), ([9, 7, 6], 14, 9, true)] {
            let n = 150;
            let kept: Vec<usize> = if gaps {
                (0..170)
                    .filter(|t| {
                        ![
                            3, 4, 9, 30, 31, 32, 60, 77, 78, 90, 91, 92, 100, 101, 120, 121, 122,
                            140, 150, 160,
                        ]
                        .contains(t)
                    })
                    .collect()
            } else {
                (0..n).collect()
            };
            let (x, names) = design(n, p, 30);
            let groups = (slices > 0).then(|| slice_groups(n, slices, shape[2]));
            let model = Model::new(&x, &names, groups.as_ref(), shape[2], 0.0).unwrap();
            let lags = LagModel::new(&model, Pairs::of_kept(&kept), Rule::Reml).unwrap();
            let bold = remembering(Block::whole(shape, n), 31);
            let voxels: Vec<u32> =
                (0..bold.block.volume_len() as u32).filter(|v| v % 5 != 2).collect();
            let (fit, sums) = summed_on(&gpu, &bold, &voxels, &model, &lags);
            let (want_fit, want) = summed_on(&Device::cpu(), &bold, &voxels, &model, &lags);
            let name = format!("{shape:?}, f64 sums {f64_sums}");
            let (t, f, rho) = if f64_sums { (T_F64, F_F64, RHO_F64) } else { (T, F, RHO) };
            let columns = model.names.len();
            for group in 0..model.solvers.len() {
                let ar1 = &lags.of_groups[group];
                let own: Vec<usize> = (0..voxels.len())
                    .filter(|&v| want_fit.slice_group[v] as usize == group)
                    .collect();
                let some = |sums: &Sums| {
                    let rows = |m: &Array2<f64>| m.select(ndarray::Axis(1), &own);
                    let values = |v: &[f64]| own.iter().map(|&at| v[at]).collect();
                    Sums {
                        total: values(&sums.total),
                        square: values(&sums.square),
                        last: values(&sums.last),
                        ends: rows(&sums.ends),
                        lags: rows(&sums.lags),
                        columns: rows(&sums.columns),
                    }
                };
                let (got, want) = (some(&sums), some(&want));
                let sigma2 = if f64_sums { 2e-5 } else { 2e-4 };
                let relative = Tolerance { relative: sigma2, absolute: 1e-20 };
                assert_close(&format!("{name}, total"), &got.total, &want.total, relative);
                assert_close(&format!("{name}, squares"), &got.square, &want.square, relative);
                let mut rows = Array2::zeros((3, columns));
                (rows[[0, 0]], rows[[1, 1]], rows[[2, 4]]) = (1.0, 1.0, 1.0);
                let questions = [
                    Question::new(rows.slice(ndarray::s![..1, ..]), false, ar1.to_beta.view())
                        .unwrap(),
                    Question::new(rows.view(), true, ar1.to_beta.view()).unwrap(),
                ];
                let (got_rho, want_rho) = (ar1.rho(&got), ar1.rho(&want));
                assert!(want_rho.iter().any(|&r| r > 0.4), "{want_rho:?}");
                assert_close(&format!("{name}, rho"), &got_rho, &want_rho, rho);
                let solve = |sums: &Sums, fit: &glm::HostFit, rho: &[f64]| {
                    let beta = fit.beta.select(ndarray::Axis(1), &own);
                    ar1.solve((sums, beta.view()), rho, &questions).answers
                };
                let (got, want) = (solve(&got, &fit, &got_rho), solve(&want, &want_fit, &want_rho));
                assert_close(&format!("{name}, t"), &got[0].stat, &want[0].stat, t);
                assert_close(&format!("{name}, F"), &got[1].stat, &want[1].stat, f);
            }
        }
    }
}

#[test]
fn residuals_beside_columns_that_are_nearly_one_are_those_of_the_twin() {
    for f64_sums in test_adapter::f64_sums() {
        let gpu = test_adapter::open(Some(f64_sums));
        let (mut x, names) = design(40, 8, 28);
        nearly_one(&mut x);
        let model = Model::new(&x, &names, None, 3, 0.0).unwrap();
        let lags = LagModel::new(&model, Pairs::consecutive(40), Rule::Reml).unwrap();
        let bold = run(Block::whole([9, 5, 3], 40), 29);
        let voxels: Vec<u32> = (0..135).collect();
        let on = |device: &Device| {
            let mut tape = device.tape();
            let (loaded, _) = tape.load(bold.clone()).unwrap();
            let fit = glm::fit(&mut tape, &loaded, &voxels, &model).unwrap();
            let of = (&fit, &model);
            let series = lags::residuals(&mut tape, (&loaded, &voxels), of, &lags).unwrap();
            let fit = glm::download(&mut tape, fit).unwrap();
            let done = tape.run().unwrap();
            let beta = fit.read(&done).unwrap().beta;
            (series.read(&done).unwrap(), x.dot(&beta))
        };
        let ((e, explained), (want_e, want_explained)) = (on(&gpu), on(&Device::cpu()));
        let flat = |m: &Array2<f64>| m.iter().copied().collect::<Vec<_>>();
        // t's bound, of residuals of some 20.
        let t = if f64_sums { T_F64 } else { T };
        let off = Tolerance { relative: 0.0, absolute: 20.0 * t.absolute };
        assert_close(&format!("residuals, {f64_sums}"), &flat(&e), &flat(&want_e), off);
        let name = format!("X beta, {f64_sums}");
        assert_close(&name, &flat(&explained), &flat(&want_explained), off);
    }
}

#[test]
fn no_voxels_have_no_sums() {
    let gpu = test_adapter::open(None);
    let (x, names) = design(60, 5, 20);
    let model = Model::new(&x, &names, None, 1, 0.0).unwrap();
    let lags = LagModel::new(&model, Pairs::consecutive(60), Rule::Reml).unwrap();
    let bold = run(Block::whole([2, 2, 1], 60), 21);
    let (_, sums) = summed_on(&gpu, &bold, &[], &model, &lags);
    assert!(sums.square.is_empty() && sums.columns.ncols() == 0 && sums.columns.nrows() > 0);
}
