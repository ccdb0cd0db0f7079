//! The proof of a correction: partial F, p, z, R² and adjusted R² of each set against statsmodels, tSNR against numpy,
//! GPU = CPU, and what noise and injected noise look like.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use boldly::gpu::Device;
use boldly::io::source::Memory;
use boldly::kernels::glm::Model;
use boldly::kernels::nuisance::Projection;
use boldly::maps::Bounds;
use boldly::pipeline::blocks::Ladder;
use boldly::pipeline::proof::{Proof, ProofPlan, SetMaps, prove};
use boldly::pipeline::watch::Quiet;
use boldly::volume::{Block, HostBold, SliceGroups};
use common::{F32_ROUNDING, Random, assert_close, numbers, wide};
use ndarray::Array2;
use serde_json::Value;

mod common;
#[path = "test_adapter/mod.rs"]
mod test_adapter;

/// A run in memory with its columns.
struct Study {
    bold: HostBold,
    common: Array2<f64>,
    slices: SliceGroups,
    inside: Vec<bool>,
}

impl Study {
    fn plan(&self) -> ProofPlan {
        let names: Vec<String> = (0..self.common.ncols()).map(|j| format!("x{j}")).collect();
        let n_planes = self.bold.block.run_shape[2];
        let model = Model::new(&self.common, &names, Some(&self.slices), n_planes, 0.0).unwrap();
        let projection = Projection::new(&self.common, &self.slices).unwrap();
        ProofPlan::of_model(model, projection, &self.slices.names).unwrap()
    }

    /// The proof on a device, and the corrected run.
    fn prove(&self, device: Device) -> (Proof, HostBold) {
        let (shape, n) = (self.bold.block.run_shape, self.bold.block.volumes.len());
        let mut source = Memory { run: self.bold.clone() };
        let mut sink = Memory::zeros(shape, n);
        let plan = self.plan().within(&self.inside);
        let proof =
            prove(&mut Ladder::around(device), &mut source, &mut sink, &plan, &Quiet).unwrap();
        (proof, sink.run)
    }
}

fn set<'a>(proof: &'a Proof, name: &str) -> &'a SetMaps {
    proof.sets.iter().find(|set| set.name == name).unwrap()
}

fn mean(values: impl Iterator<Item = f64> + Clone) -> f64 {
    values.clone().sum::<f64>() / values.count() as f64
}

fn matrix(value: &Value) -> Array2<f64> {
    let rows: Vec<Vec<f64>> = value.as_array().unwrap().iter().map(numbers).collect();
    Array2::from_shape_fn((rows.len(), rows[0].len()), |(t, j)| rows[t][j])
}

/// The oracle's run, on 3 x 2 x 4 voxels.
fn oracle() -> (Value, Study) {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/goldens/proof.json");
    let golden: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let common = matrix(&golden["common"]);
    let bold = matrix(&golden["bold"]);
    let of = |key: &str| golden[key].as_array().unwrap().clone();
    let slices = SliceGroups {
        group_of_plane: of("group_of_plane").iter().map(|g| g.as_u64().unwrap() as usize).collect(),
        names: of("names").iter().map(|n| n.as_str().unwrap().to_owned()).collect(),
        columns: of("columns").iter().map(matrix).collect(),
    };
    let block = Block::whole([3, 2, 4], common.nrows());
    let data = bold.iter().map(|&v| v as f32).collect();
    let study = Study { bold: HostBold::new(block, data), common, slices, inside: vec![true; 24] };
    (golden, study)
}

/// A made-up run of 1000 + noise of sd 10 with real-looking columns: three groups, cardiac and respiratory series of
/// order 2, one interaction, one slow column.
fn made_up(shape: [usize; 3], n: usize, seed: u64) -> Study {
    let mut random = Random(seed);
    let block = Block::whole(shape, n);
    let data = (0..block.len()).map(|_| (1000.0 + 10.0 * random.normal()) as f32).collect();
    let common = Array2::from_shape_fn((n, 4), |(t, j)| match j {
        0 => f64::from(u8::from(t / 10 % 2 == 0)),
        1 => random.normal(),
        2 => t as f64 / n as f64 - 0.5,
        _ => 1.0,
    });
    let names = [
        "cardiac_cos1",
        "cardiac_sin1",
        "cardiac_cos2",
        "cardiac_sin2",
        "resp_cos1",
        "resp_sin1",
        "resp_cos2",
        "resp_sin2",
        "interaction_cos_c1_plus_r1",
        "rvt_hilbert_rrf",
    ];
    let columns = |group: usize| {
        Array2::from_shape_fn((n, 10), |(t, j)| {
            let time_s = 2.0 * (t as f64 + group as f64 / 3.0);
            let (heart, breath) = (6.9 * time_s + 0.4 * (0.11 * time_s).sin(), 1.7 * time_s);
            match j {
                0 => heart.cos(),
                1 => heart.sin(),
                2 => (2.0 * heart).cos(),
                3 => (2.0 * heart).sin(),
                4 => breath.cos(),
                5 => breath.sin(),
                6 => (2.0 * breath).cos(),
                7 => (2.0 * breath).sin(),
                8 => (heart + breath).cos(),
                _ => 4e3 * (0.13 * time_s).sin(),
            }
        })
    };
    let slices = SliceGroups {
        group_of_plane: (0..shape[2]).map(|k| k % 3).collect(),
        names: names.map(str::to_owned).to_vec(),
        columns: (0..3).map(columns).collect(),
    };
    let inside = vec![true; shape.iter().product()];
    Study { bold: HostBold::new(block, data), common, slices, inside }
}

#[test]
fn f_p_z_and_r_squares_of_each_set_equal_statsmodels_also_where_a_group_is_rank_deficient() {
    let (golden, study) = oracle();
    let (proof, _) = study.prove(Device::cpu());
    let of = |value: &Value| numbers(value).iter().map(|&d| d as usize).collect::<Vec<_>>();
    let names: Vec<&str> = proof.sets.iter().map(|set| set.name.as_str()).collect();
    assert_eq!(names, ["cardiac", "respiratory", "interaction", "rvt", "physio"]);
    assert_eq!(proof.dof2, numbers(&golden["dof2"]));
    assert_eq!(proof.dof2, [48.0, 49.0], "one group is deficient");
    for name in names {
        let (got, want) = (set(&proof, name), &golden["sets"][name]);
        assert_eq!(got.dof1, of(&golden["dof1"][name]), "{name}");
        // Stored as f32; 1e-10 for another algorithm in f64, 1e-9 more where 1 - SSE/SSE' cancels.
        for (stat, got, atol) in [
            ("F", got.values("F"), 1e-10),
            ("p", got.values("p"), 1e-12),
            ("z", got.values("z"), 1e-8),
            ("r2", got.values("rSquare"), 1e-10),
            ("adjusted_r2", got.values("adjustedRSquare"), 1e-10),
        ] {
            let name = format!("{name} {stat}");
            assert_close(&name, &wide(got), &numbers(&want[stat]), F32_ROUNDING + 1e-9, atol);
        }
    }
}

#[test]
fn tsnr_before_and_after_equal_numpys_mean_over_sd() {
    let (golden, study) = oracle();
    let (proof, _) = study.prove(Device::cpu());
    let tsnr = |key: &str| numbers(&golden["tsnr"][key]);
    assert_close(
        "before",
        &wide(&proof.tsnr.before.values[0]),
        &tsnr("before"),
        F32_ROUNDING + 1e-12,
        0.0,
    );
    // Both round the corrected run to f32, by 6e-8 of 1000 against an sd of 8 at most: 1e-5 where ties fall apart.
    assert_close("after", &wide(&proof.tsnr.after.values[0]), &tsnr("after"), 1e-6, 0.0);
    let spent = [7.0, 6.0];
    let want: Vec<f64> = (0..24)
        .map(|v| {
            let left: f64 = (59.0 - spent[v / 6 % 2]) / 59.0;
            100.0 * (tsnr("after")[v] / tsnr("before")[v] * left.sqrt() - 1.0)
        })
        .collect();
    assert_close("gain", &wide(&proof.tsnr.gain.values[0]), &want, 0.0, 2e-4);
}

#[test]
fn the_dof_of_groups_that_differ_have_maps_of_their_own() {
    let (_, study) = oracle();
    let (proof, _) = study.prove(Device::cpu());
    let maps = proof.maps();
    let map = |stem: &str| {
        maps.iter().find(|m| m.entities.stem("sub-01") == stem).map(|m| m.values[0].to_vec())
    };
    let by_plane = |[a, b]: [f32; 2]| -> Vec<f32> {
        (0..24).map(|v| if v / 6 % 2 == 0 { a } else { b }).collect()
    };
    assert_eq!(map("sub-01_stat-dof_statmap"), Some(by_plane([48.0, 49.0])));
    let respiratory = map("sub-01_desc-respiratory_stat-dof_statmap");
    assert_eq!(respiratory, Some(by_plane([2.0, 1.0])));
    assert!(map("sub-01_desc-cardiac_stat-dof_statmap").is_none());
    assert!(map("sub-01_desc-cardiac_stat-adjustedRSquare_statmap").is_some());
    let (proof, _) = made_up([3, 2, 4], 60, 1).prove(Device::cpu());
    let stems: Vec<String> = proof.maps().iter().map(|m| m.entities.stem("x")).collect();
    assert!(!stems.iter().any(|stem| stem.contains("stat-dof")), "{stems:?}");
    assert!(stems.iter().any(|stem| stem == "x_desc-rvtHilbert_stat-rSquare_statmap"), "{stems:?}");
}

#[test]
fn the_corrected_run_is_the_one_that_the_correction_alone_makes() {
    let study = made_up([7, 5, 4], 80, 3);
    let (_, corrected) = study.prove(Device::cpu());
    let (shape, n) = (study.bold.block.run_shape, 80);
    let mut alone = Memory::zeros(shape, n);
    boldly::pipeline::clean::clean_run(
        &mut Ladder::around(Device::cpu()),
        &mut Memory { run: study.bold.clone() },
        &mut alone,
        &study.plan().projection,
        &Quiet,
    )
    .unwrap();
    assert!(corrected == alone.run);
}

#[test]
fn columns_that_explain_nothing_have_an_f_of_one_no_adjusted_r_square_and_no_gain() {
    let study = made_up([30, 30, 6], 90, 4); // 5400 voxels of noise
    let (proof, _) = study.prove(Device::cpu());
    for set in &proof.sets {
        let (dof1, dof2) = (set.dof1[0] as f64, proof.dof2[0]);
        let over =
            |map: &[f32]| mean(map.iter().map(|&v| f64::from(v)).collect::<Vec<_>>().into_iter());
        // E F = dof2 / (dof2 - 2), var F = 2 dof2² (dof1 + dof2 - 2) / (dof1 (dof2 - 2)² (dof2 - 4)); within 4 errors.
        let variance =
            2.0 * dof2.powi(2) * (dof1 + dof2 - 2.0) / (dof1 * (dof2 - 2.0).powi(2) * (dof2 - 4.0));
        let error = (variance / 5400.0).sqrt();
        let f = over(set.values("F"));
        assert!((f - dof2 / (dof2 - 2.0)).abs() < 4.0 * error, "{}: mean F {f}", set.name);
        assert!(
            over(set.values("adjustedRSquare")).abs() < 0.002,
            "{}: {}",
            set.name,
            over(set.values("adjustedRSquare"))
        );
        let p = over(set.values("p"));
        println!(
            "{}: mean F {f:.4}, adjusted R2 {:.5}, p {p:.4}",
            set.name,
            over(set.values("adjustedRSquare"))
        );
        assert!((p - 0.5).abs() < 4.0 * (1.0 / 12.0_f64 / 5400.0).sqrt(), "{}: p {p}", set.name);
    }
    let gain = mean(proof.tsnr.gain.values[0].iter().map(|&g| f64::from(g)));
    println!("mean gain {gain:.3} %");
    assert!(gain.abs() < 0.5, "gain {gain} %");
    assert!(
        proof.tsnr.after.values[0].iter().zip(&*proof.tsnr.before.values[0]).all(|(a, b)| a > b),
        "not dof counted"
    );
}

#[test]
fn injected_cardiac_noise_shows_in_the_cardiac_map_alone() {
    let mut study = made_up([8, 7, 6], 100, 5);
    let noisy = |v: usize| v.is_multiple_of(3);
    let volume = study.bold.block.volume_len();
    for (at, value) in study.bold.data.iter_mut().enumerate() {
        let (t, v) = (at / volume, at % volume);
        if noisy(v) {
            let columns = &study.slices.columns[study.slices.group_of_plane[v / 56]];
            *value += (12.0 * columns[[t, 0]] - 9.0 * columns[[t, 3]]) as f32;
        }
    }
    let (proof, _) = study.prove(Device::cpu());
    let share = |name: &str, of: bool| {
        let voxels: Vec<usize> = (0..volume).filter(|&v| noisy(v) == of).collect();
        let found = voxels.iter().filter(|&&v| set(&proof, name).values("p")[v] < 1e-3).count();
        found as f64 / voxels.len() as f64
    };
    assert!(share("cardiac", true) > 0.99 && share("physio", true) > 0.99);
    for name in ["respiratory", "interaction", "rvt_hilbert"] {
        assert!(share(name, true) < 0.03, "{name}: {}", share(name, true));
    }
    assert!(share("cardiac", false) < 0.02);
    let gain = |of: bool| {
        mean(
            (0..volume)
                .filter(|&v| noisy(v) == of)
                .map(|v| f64::from(proof.tsnr.gain.values[0][v])),
        )
    };
    // sd 10 and (12² + 9²)/2 on top: sqrt(1 + 1.125) = 1.458
    assert!(
        (gain(true) - 45.8).abs() < 5.0 && gain(false).abs() < 2.0,
        "{} {}",
        gain(true),
        gain(false)
    );
    // the share of the variance about task, drift and confounds: 1.125 / 2.125
    let r2 = mean(
        (0..volume)
            .filter(|&v| noisy(v))
            .map(|v| f64::from(set(&proof, "cardiac").values("adjustedRSquare")[v])),
    );
    assert!((r2 - 0.529).abs() < 0.03, "{r2}");
}

#[test]
fn voxels_outside_the_mask_constant_or_not_finite_have_no_evidence() {
    let mut study = made_up([4, 3, 3], 60, 6);
    for t in 0..60 {
        study.bold.data[36 * t + 5] = 123.0;
    }
    study.bold.data[36 * 20 + 7] = f32::NAN;
    study.inside[9] = false;
    let (proof, corrected) = study.prove(Device::cpu());
    assert_eq!((proof.fitted[5], proof.fitted[7], proof.fitted[9]), (true, false, false));
    for v in [5, 7, 9] {
        for set in &proof.sets {
            for stat in ["F", "z", "rSquare", "adjustedRSquare"] {
                assert_eq!(set.values(stat)[v], 0.0, "{stat} {v}");
            }
            assert_eq!(set.values("p")[v], 1.0);
        }
        assert_eq!((proof.tsnr.before.values[0][v], proof.tsnr.after.values[0][v]), (0.0, 0.0));
        assert_eq!(proof.tsnr.gain.values[0][v], 0.0);
    }
    assert!(proof.mean[7].is_nan() && proof.mean[5] == 123.0 && proof.mean[9] > 900.0);
    assert!(corrected.data[36 * 20 + 7].is_nan());
}

#[test]
fn the_test_adapter_proves_what_the_cpu_path_proves() {
    for f64_sums in test_adapter::f64_sums() {
        let mut study = made_up([10, 9, 7], 120, 7);
        study.inside.iter_mut().enumerate().for_each(|(v, inside)| *inside = v % 11 != 3);
        // the second group's first respiratory column is a confound: deficient there
        let confound = study.common.column(1).to_owned();
        study.slices.columns[1].column_mut(4).assign(&confound);
        let (want, _) = study.prove(Device::cpu());
        let (got, _) = study.prove(test_adapter::open(Some(f64_sums)));
        let bounds = if f64_sums { Bounds::F64_ACCUMULATORS } else { Bounds::F32 };
        assert_eq!((&got.fitted, &got.dof2), (&want.fitted, &want.dof2));
        let (got_maps, want_maps) = (got.maps(), want.maps());
        assert_eq!(
            want_maps.len(),
            5 * 5 + 2 + 3 + 1,
            "the dof of two sets and the residual one differ by group"
        );
        for (got, map) in got_maps.iter().zip(&want_maps) {
            let stem = map.entities.stem("");
            let mut worst = (0.0, 0);
            for (v, (&g, &w)) in got.values[0].iter().zip(&*map.values[0]).enumerate() {
                let off = f64::from((g - w).abs());
                let multiple = if off == 0.0 { 0.0 } else { off / map.tolerance.at(bounds, 0, v) };
                assert!(multiple <= 1.0, "{}[{v}] = {g} for {w}: {multiple} x tolerance", stem);
                worst = if multiple > worst.0 { (multiple, v) } else { worst };
            }
            println!("{}, f64 sums {f64_sums}: {:.4} x tolerance at {}", stem, worst.0, worst.1);
        }
        assert_eq!(
            got.tsnr.before.values, want.tsnr.before.values,
            "of the run as read: no device takes part"
        );
    }
}
