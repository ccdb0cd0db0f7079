//! Where the search of ARMA(1,1) begins.

use boldly::gpu::Device;
use boldly::kernels::arma;
use boldly::kernels::glm::{self, Model};
use boldly::kernels::lags::{self, LagModel};
use boldly::stats::ar1::{Pairs, Rule};
use boldly::stats::arma11::{Arma11, Starts, Trial, neighbours, trial_values};
use boldly::volume::{Block, HostBold};
use ndarray::{Array2, ArrayView1};

use crate::lags::remembering;
use crate::made_up::{design, run, slice_groups};
use crate::test_adapter;

/// What a trial's residual sum of squares may be off by, relative: f32 rounds residuals, operators, and sums of n terms, each by 6e-8 and
/// most of them at random, and residuals of f32 fits hold 1e-6 of themselves.
const SHARE: f64 = 2e-5;

/// Residuals `[volume][voxel]`, slice groups and where to begin.
fn found_on(
    device: &Device,
    (bold, voxels): (&HostBold, &[u32]),
    (model, lags, of_groups): (&Model, &LagModel, &[Arma11]),
) -> (Array2<f64>, glm::HostFit, Vec<Starts>) {
    let mut tape = device.tape();
    let (loaded, _) = tape.load(bold.clone()).unwrap();
    let fit = glm::fit(&mut tape, &loaded, voxels, model).unwrap();
    let series = lags::residuals(&mut tape, (&loaded, voxels), (&fit, model), lags).unwrap();
    let starts = arma::starts(&mut tape, (&series, &fit), of_groups).unwrap();
    let fit = glm::download(&mut tape, fit).unwrap();
    let done = tape.run().unwrap();
    let starts = starts.read(&done).unwrap();
    (series.read(&done).unwrap(), fit.read(&done).unwrap(), starts)
}

/// The objective by the naive loop.
fn objective(model: &Arma11, trial: &Trial, basis: &[f64], e: ArrayView1<f64>) -> f64 {
    let rank = model.dim().1;
    let (mut f, mut z, mut square) = (0.0, 0.0, 0.0);
    let mut on = vec![0.0; rank];
    for (t, e) in e.iter().enumerate() {
        f = trial.decay[t] * f + trial.step[t] * z;
        z = e - trial.lambda * f;
        let scaled = z * trial.scale[t];
        square += scaled * scaled;
        on.iter_mut().zip(&basis[t * rank..]).for_each(|(sum, g)| *sum += g * scaled);
    }
    let rss = square - on.iter().map(|q| q * q).sum::<f64>();
    model.objective(rss / e.dot(&e), trial.ln_det)
}

/// Trials of some voxels are as low as those of the f64 path within the tolerance, and low among those beside them; the share that is the same.
fn assert_as_low(
    name: &str,
    (got, want): (&[Starts], &[Starts]),
    residual: &Array2<f64>,
    (slice_group, of_groups): (&[u32], &[Arma11]),
    some: impl Iterator<Item = usize>,
) {
    let beside = neighbours(&trial_values());
    let trials: Vec<Vec<Trial>> = of_groups
        .iter()
        .map(|model| trial_values().into_iter().map(|at| Trial::new(model, at)).collect())
        .collect();
    let bases: Vec<Vec<Vec<f64>>> =
        trials.iter().map(|of| of.iter().map(Trial::orthonormal).collect()).collect();
    let (mut worst, mut same, mut n) = (0.0_f64, 0, 0);
    for v in some {
        let group = slice_group[v] as usize;
        let (model, e) = (&of_groups[group], residual.column(v));
        if e.iter().all(|&e| e == 0.0) {
            continue; // what rounding leaves of a constant voxel is not looked at
        }
        let value = |k: usize| objective(model, &trials[group][k], &bases[group][k], e);
        let values: Vec<f64> = (0..beside.len()).map(value).collect();
        let (n_volumes, rank) = model.dim();
        let tolerance = (n_volumes - rank) as f64 * SHARE;
        let is_low = |k: usize, by: f64| beside[k].iter().all(|&o| values[k] <= values[o] + by);
        let [of_got, of_want] = [got[v], want[v]].map(|all| all.map(|k| k as usize));
        let off = (values[of_got[0]] - values[of_want[0]]).abs();
        for start in of_got {
            assert!(is_low(start, 4.0 * tolerance), "{name}, voxel {v}: {of_got:?}, {of_want:?}");
        }
        // One that is low by more than the tolerance is begun from, itself or as it is beside one.
        for &start in of_want.iter().filter(|&&start| is_low(start, -tolerance)) {
            let is_there = of_got.iter().any(|own| *own == start || beside[start].contains(own));
            assert!(
                is_there || of_got.iter().all(|own| values[*own] <= values[start] + tolerance),
                "{name}, voxel {v}: {of_got:?} for {of_want:?}"
            );
        }
        assert!(off <= tolerance, "{name}, voxel {v}: {of_got:?} for {of_want:?}, higher by {off}");
        (worst, same, n) =
            (worst.max(off / tolerance), same + usize::from(got[v] == want[v]), n + 1);
    }
    println!("{name}: worst {worst:.3} x tolerance; the same trials at {same} of {n}");
    assert!(n > 50 && same * 100 >= n * 97, "{name}: the same trials at {same} of {n}");
}

#[test]
fn trials_are_those_of_the_twin_with_slice_groups_and_gaps() {
    for f64_sums in test_adapter::f64_sums() {
        let gpu = test_adapter::open(Some(f64_sums));
        // One group and no gap; slice groups, whose trials are several buffers, and gaps of 1 to 4 volumes.
        for (shape, p, slices, gaps) in [([9, 7, 5], 8, 0, false), ([9, 7, 6], 14, 9, true)] {
            let n = 150;
            let out = [3, 4, 9, 30, 31, 32, 60, 77, 78, 90, 91, 92, 100, 101, 120, 121, 122, 140];
            let kept: Vec<usize> = if gaps {
                (0..n + out.len()).filter(|t| !out.contains(t)).collect()
            } else {
                (0..n).collect()
            };
            let (x, names) = design(n, p, 30);
            let groups = (slices > 0).then(|| slice_groups(n, slices, shape[2]));
            let model = Model::new(&x, &names, groups.as_ref(), shape[2], 0.0).unwrap();
            let lags = LagModel::new(&model, Pairs::of_kept(&kept), Rule::Reml).unwrap();
            let of = |s: &glm::Solver| Arma11::new(s.design.view(), &kept, s.dof).unwrap();
            let of_groups: Vec<Arma11> = model.solvers.iter().map(of).collect();
            let bold = remembering(Block::whole(shape, n), 31);
            let voxels: Vec<u32> =
                (0..bold.block.volume_len() as u32).filter(|v| v % 5 != 2).collect();
            let on = |device| found_on(device, (&bold, &voxels), (&model, &lags, &of_groups));
            let (_, _, got) = on(&gpu);
            let (residual, fit, want) = on(&Device::cpu());
            let name = format!("{shape:?}, f64 sums {f64_sums}");
            let of_groups = (&fit.slice_group[..], &of_groups[..]);
            assert_as_low(&name, (&got, &want), &residual, of_groups, 0..voxels.len());
        }
    }
}

#[test]
fn more_voxels_than_trials_are_held_of_begin_each_by_its_own_and_none_has_none() {
    let gpu = test_adapter::open(None);
    let (n, shape) = (14, [260, 256, 1]);
    let (x, names) = design(n, 3, 28);
    let model = Model::new(&x, &names, None, 1, 0.0).unwrap();
    let lags = LagModel::new(&model, Pairs::consecutive(n), Rule::Reml).unwrap();
    let kept: Vec<usize> = (0..n).collect();
    let of_groups = [Arma11::new(model.solvers[0].design.view(), &kept, model.dof).unwrap()];
    let bold = run(Block::whole(shape, n), 29);
    let voxels: Vec<u32> = (0..bold.block.volume_len() as u32).collect();
    let models = (&model, &lags, &of_groups[..]);
    let (_, _, got) = found_on(&gpu, (&bold, &voxels), models);
    let of_second: std::ops::Range<u32> = 65_500..65_600;
    let rest = (0..voxels.len() as u32).step_by(613).filter(|v| !of_second.contains(v));
    let mut some: Vec<u32> = rest.chain(of_second.clone()).collect();
    some.sort_unstable();
    let (residual, fit, want) = found_on(&Device::cpu(), (&bold, &some), models);
    let got: Vec<Starts> = some.iter().map(|&v| got[v as usize]).collect();
    let of_groups = (&fit.slice_group[..], &of_groups[..]);
    assert_as_low("many", (&got, &want), &residual, of_groups, 0..some.len());
    assert!(found_on(&gpu, (&bold, &[]), models).2.is_empty());
}
