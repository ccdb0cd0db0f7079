//! Where the search of ARMA(1,1) begins: the `arma` room's twin against the dense likelihood, written from the definition; and the command
//! on both devices.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod binary;
mod common;

use std::fs;

use boldly::gpu::{Bold, Device};
use boldly::kernels::arma;
use boldly::kernels::glm::{self, Fit, Model};
use boldly::kernels::lags::{self, LagModel};
use boldly::simulate::write::paths;
use boldly::stats::ar1::{Pairs, Rule};
use boldly::stats::arma11::{Arma11, MOST_STARTS, Starts, trial_values};
use boldly::volume::{Block, HostBold, SliceGroups};
use common::Random;
use ndarray::Array2;
use serde_json::Value;

/// L of a symmetric matrix, `[row][column]`.
fn cholesky(matrix: &Array2<f64>) -> Array2<f64> {
    let n = matrix.nrows();
    let mut l = Array2::zeros((n, n));
    for i in 0..n {
        for j in 0..=i {
            let sum: f64 = (0..j).map(|k| l[[i, k]] * l[[j, k]]).sum();
            let rest = matrix[[i, j]] - sum;
            l[[i, j]] = if i == j { f64::sqrt(rest) } else { rest / l[[j, j]] };
        }
    }
    l
}

/// L⁻¹ of columns.
fn solved(l: &Array2<f64>, columns: &Array2<f64>) -> Array2<f64> {
    let mut x = columns.clone();
    for c in 0..x.ncols() {
        for i in 0..x.nrows() {
            let sum: f64 = (0..i).map(|k| l[[i, k]] * x[[k, c]]).sum();
            x[[i, c]] = (x[[i, c]] - sum) / l[[i, i]];
        }
    }
    x
}

fn ln_det(l: &Array2<f64>) -> f64 {
    2.0 * l.diag().iter().map(|d| d.ln()).sum::<f64>()
}

/// The objective of each series, `[series]`, but for a constant, from corr(k) = lambda a^(k-1) of the kept volumes' distances.
fn objectives(x: &Array2<f64>, y: &Array2<f64>, kept: &[usize], (a, b): (f64, f64)) -> Vec<f64> {
    let (n, m) = x.dim();
    let lambda = (b + a) * (1.0 + a * b) / (1.0 + 2.0 * a * b + b * b);
    let r = Array2::from_shape_fn((n, n), |(i, j)| match kept[i].abs_diff(kept[j]) {
        0 => 1.0,
        k => lambda * a.powi(k as i32 - 1),
    });
    let l = cholesky(&r);
    let (wx, wy) = (solved(&l, x), solved(&l, y));
    let of_x = cholesky(&wx.t().dot(&wx));
    let on = solved(&of_x, &wx.t().dot(&wy));
    let rss = |v: usize| wy.column(v).dot(&wy.column(v)) - on.column(v).dot(&on.column(v));
    (0..y.ncols()).map(|v| (n - m) as f64 * rss(v).ln() + ln_det(&of_x) + ln_det(&l)).collect()
}

/// Places of the grid that lie beside each other; where a + b = 0 noise is white, one place along a whole edge.
fn are_beside((a, b): (f64, f64), (c, d): (f64, f64)) -> bool {
    let near = |sum: f64| sum < 0.15;
    (a - c).abs() < 0.15 && (b - d).abs() < 0.15
        || (a + b < 0.05 && near(c + d))
        || (c + d < 0.05 && near(a + b))
}

/// The two lowest of the places that are no higher than any beside them.
fn wanted(values: &[f64], places: &[(f64, f64)]) -> [u32; 2] {
    let is_low = |&k: &usize| {
        (0..places.len()).all(|o| !are_beside(places[k], places[o]) || values[k] <= values[o])
    };
    let mut low: Vec<usize> = (0..places.len()).filter(is_low).collect();
    low.sort_by(|&k, &o| values[k].total_cmp(&values[o]));
    [low[0] as u32, low[1.min(low.len() - 1)] as u32]
}

/// Noise of a and b, `[volume][voxel]`, and a constant voxel.
fn noise(random: &mut Random, n: usize, places: &[(f64, f64)]) -> Vec<f32> {
    let mut state = vec![(0.0, 0.0); places.len()];
    let mut data = Vec::new();
    for _ in 0..n {
        for ((before, shock), (a, b)) in state.iter_mut().zip(places) {
            let new = random.normal();
            (*before, *shock) = (a * *before + new + b * *shock, new);
            data.push((500.0 + 10.0 * *before) as f32);
        }
        data.push(77.0);
    }
    data
}

#[test]
fn the_twin_begins_where_the_dense_likelihood_is_highest_with_slice_groups_and_gaps() {
    let mut random = Random(11);
    let n = 48;
    let kept: Vec<usize> =
        (0..n + 8).filter(|t| ![3, 4, 9, 20, 21, 22, 40, 44].contains(t)).collect();
    let common = Array2::from_shape_fn((n, 3), |(t, j)| match j {
        0 => 1.0,
        1 => t as f64 / n as f64,
        _ => random.normal(),
    });
    let slices = SliceGroups {
        group_of_plane: vec![0, 1, 0, 1],
        names: vec!["s".into()],
        columns: (0..2).map(|_| Array2::from_shape_fn((n, 1), |_| random.normal())).collect(),
    };
    let names: Vec<String> = (0..3).map(|j| format!("x{j}")).collect();
    let model = Model::new(&common, &names, Some(&slices), 4, 0.0).unwrap();
    let lags = LagModel::new(&model, Pairs::of_kept(&kept), Rule::Reml).unwrap();
    // a and b that the grid does not hold, negative a among them; a constant voxel ends each volume.
    let places: Vec<(f64, f64)> =
        (0..319).map(|v| (f64::from(v % 11) / 12.0 - 0.1, f64::from(v % 7) / 5.0 - 0.6)).collect();
    let bold = HostBold::new(Block::whole([10, 8, 4], n), noise(&mut random, n, &places));
    let voxels: Vec<u32> = (0..320).collect();
    let of = |s: &glm::Solver| Arma11::new(s.design.view(), &kept, s.dof).unwrap();
    let of_groups: Vec<Arma11> = model.solvers.iter().map(of).collect();

    let device = Device::cpu();
    let mut tape = device.tape();
    let loaded = Bold::Host(bold.clone());
    let fit = glm::fit(&mut tape, &loaded, &voxels, &model).unwrap();
    let series = lags::residuals(&mut tape, (&loaded, &voxels), (&fit, &model), &lags).unwrap();
    let starts = arma::starts(&mut tape, (&series, &fit), &of_groups).unwrap();
    let done = tape.run().unwrap();
    let (starts, residual) = (starts.read(&done).unwrap(), series.read(&done).unwrap());
    let Fit::Host(fit) = fit else { panic!("not on the host") };

    let trials = trial_values();
    let (mut of_two, mut white) = (0, 0);
    for group in 0..2 {
        let own: Vec<usize> = (0..319).filter(|v| v / 80 % 2 == group).collect();
        let y = Array2::from_shape_fn((n, own.len()), |(t, v)| {
            f64::from(bold.data[t * 320 + own[v]]) - 500.0
        });
        let design = &model.solvers[group].design;
        let values: Vec<Vec<f64>> =
            trials.iter().map(|&at| objectives(design, &y, &kept, at)).collect();
        for (v, &voxel) in own.iter().enumerate() {
            let values: Vec<f64> = values.iter().map(|of_trial| of_trial[v]).collect();
            let want = wanted(&values, &trials);
            assert_eq!(starts[voxel][0], want[0], "voxel {voxel} of {:?}", places[voxel]);
            assert!(starts[voxel].contains(&want[1]), "voxel {voxel} of {:?}", places[voxel]);
            of_two += usize::from(want[0] != want[1]);
            white += usize::from(want[0] == 0);
        }
    }
    assert!(of_two >= 3 && white > 20 && white < 200, "{of_two} with two places, {white} white");
    assert_eq!(starts[319], [0; MOST_STARTS], "a constant voxel");
    assert_both_are_followed(&of_groups, (&residual, &starts, &fit.slice_group));
}

#[test]
fn where_noise_is_nearly_white_steps_follow_the_valley_to_its_lowest_end() {
    let (n, n_voxels) = (60, 240);
    let mut random = Random(5);
    let x = Array2::from_shape_fn((n, 3), |(t, j)| if j == 0 { 1.0 } else { (t * j) as f64 % 7.0 });
    let kept: Vec<usize> = (0..n).collect();
    let y = Array2::from_shape_fn((n, n_voxels), |_| random.normal());
    let model = Arma11::new(x.view(), &kept, (n - 3) as f64).unwrap();
    let names: Vec<String> = (0..3).map(|j| format!("x{j}")).collect();
    let of_run = Model::new(&x, &names, None, 1, 0.0).unwrap();
    let lags = LagModel::new(&of_run, Pairs::of_kept(&kept), Rule::Reml).unwrap();
    let data = y.iter().map(|&v| v as f32).collect();
    let bold = Bold::Host(HostBold::new(Block::whole([n_voxels, 1, 1], n), data));
    let voxels: Vec<u32> = (0..n_voxels as u32).collect();
    let device = Device::cpu();
    let mut tape = device.tape();
    let fit = glm::fit(&mut tape, &bold, &voxels, &of_run).unwrap();
    let series = lags::residuals(&mut tape, (&bold, &voxels), (&fit, &of_run), &lags).unwrap();
    let starts = arma::starts(&mut tape, (&series, &fit), std::slice::from_ref(&model)).unwrap();
    let done = tape.run().unwrap();
    let (starts, residual) = (starts.read(&done).unwrap(), series.read(&done).unwrap());
    let beta = Array2::zeros((3, n_voxels));
    let found = model.fit((residual.view(), beta.view()), &starts, (&[], false));

    // Between the trials, a + b from white noise up.
    let places = (0..=16).flat_map(|i| {
        let a = 0.05 * f64::from(i);
        [0.0, 0.01, 0.02, 0.03, 0.045, 0.06, 0.08].map(|sum| (a, sum - a))
    });
    let mut lowest = vec![f64::INFINITY; n_voxels];
    for place in places {
        let values = objectives(&x, &y, &kept, place);
        lowest.iter_mut().zip(values).for_each(|(lowest, value)| *lowest = value.min(*lowest));
    }
    let mut far = 0;
    for (v, lowest) in lowest.into_iter().enumerate() {
        let of = y.column(v).to_owned().insert_axis(ndarray::Axis(1));
        let place = (found.a[v], found.b[v]);
        let value = objectives(&x, &of, &kept, place)[0];
        assert!(value < lowest + 2e-3, "voxel {v}: {value} at {place:?}, {lowest} elsewhere");
        far += usize::from(place.0 > 0.5 && place.0 + place.1 < 0.08);
    }
    assert!(far > 5, "{far} far along the valley");
}

/// Where there are two places to begin, both are gone down from, whichever comes first, and one alone would not do.
fn assert_both_are_followed(
    of_groups: &[Arma11],
    (residual, starts, slice_group): (&Array2<f64>, &[Starts], &[u32]),
) {
    let mut apart = 0;
    for voxel in (0..starts.len()).filter(|&v| starts[v][0] != starts[v][1]) {
        let model = &of_groups[slice_group[voxel] as usize];
        let beta = Array2::zeros((model.to_beta.nrows(), 1));
        let from = |starts: Starts| {
            let e = residual.slice(ndarray::s![.., voxel..=voxel]);
            let found = model.fit((e, beta.view()), &[starts], (&[], true));
            (found.a[0], found.b[0])
        };
        let [least, next, third, last] = starts[voxel];
        let (a, b) = from(starts[voxel]);
        let is_there = |(c, d): (f64, f64)| (a - c).abs() < 1e-6 && (b - d).abs() < 1e-6;
        assert!(is_there(from([next, last, third, least])), "voxel {voxel}");
        apart += usize::from(!is_there(from([next; 4])) || !is_there(from([least; 4])));
    }
    assert!(apart > 0, "no voxel where one place alone leads elsewhere");
}

#[test]
fn a_run_with_censored_volumes_verifies_on_both_devices_and_loses_the_same_volumes() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path();
    let well = |line: String| {
        binary::succeeded(&line, binary::boldly(dir, &line));
    };
    let shape = "--shape 10,11,8 --voxel-size 13,13,12 --volumes 50 --seed 4";
    well(format!("simulate study {shape} --quiet"));
    let adapter = std::env::var("BOLDLY_TEST_ADAPTER").unwrap_or_else(|_| "llvmpipe".to_owned());
    let left_out = ["cpu", &adapter].map(|device| {
        well(format!(
            "glm study/{} --events study/{} --mask study/{} --physio study/{} --terms 2/1/0 --contrast pain \
             --noise arma11 --maps --censor dvars:1.2 --device {device} --out {device}",
            paths::BOLD,
            paths::EVENTS,
            paths::MASK,
            paths::PHYSIO
        ));
        let path = dir.join(device).join("contrast-pain_stat-t_statmap.json");
        let sidecar: Value = serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap();
        let volume = |left: &Value| left["volume"].as_u64().unwrap();
        let left_out = sidecar["boldly"]["resolved"]["runs"][0]["censored"].as_array().unwrap();
        left_out.iter().map(volume).collect::<Vec<u64>>()
    });
    well(format!("verify {adapter}"));
    assert!(left_out[0].len() > 1 && left_out[0] == left_out[1], "{left_out:?}");
}
