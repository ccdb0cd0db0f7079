//! What DVARS are made of: the `dvars` room's twin against the definition, and however a run is cut; DVARS against numpy (golden:
//! tests/oracles/dvars.py).
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use std::fs;
use std::path::Path;

use boldly::gpu::{Bold, Device};
use boldly::io::source::Memory;
use boldly::kernels::dvars::{self, Sums};
use boldly::pipeline::dvars::shown_on_the_host;
use boldly::volume::{Block, HostBold};
use common::{Random, assert_close, numbers, small_run};
use serde_json::Value;

fn sums(bold: &HostBold, voxels: &[u32]) -> Sums {
    let device = Device::cpu();
    let mut tape = device.tape();
    let coming = dvars::sums(&mut tape, &Bold::Host(bold.clone()), voxels).unwrap();
    coming.read(&tape.run().unwrap()).unwrap()
}

/// Noise that remembers, about levels of either sign; voxel 3 is constant, 7 varies in one volume only, 11 is not finite in one.
fn run(block: &Block) -> HostBold {
    let (n, mut random) = (block.volume_len(), Random(5));
    let mut data = vec![0.0_f32; block.len()];
    for voxel in 0..n {
        let (level, mut e) = (300.0 * random.normal(), 0.0);
        for t in 0..block.volumes.len() {
            e = 0.5 * e + random.normal();
            data[t * n + voxel] = match (voxel, t) {
                (3, _) => 12.5,
                (7, t) => {
                    if t == 4 {
                        9.0
                    } else {
                        8.0
                    }
                }
                (11, 6) => f32::NAN,
                _ => (level + 20.0 * e) as f32,
            };
        }
    }
    HostBold::new(block.clone(), data)
}

/// The value that so many lie below, and as many as it takes are no larger than.
fn ranked(series: &[f64], rank: usize) -> f64 {
    let is_ranked = |value: &&f64| {
        let below = series.iter().filter(|other| other < value).count();
        let no_larger = series.iter().filter(|other| other <= value).count();
        below <= rank && rank < no_larger
    };
    *series.iter().find(is_ranked).unwrap()
}

#[test]
fn the_twins_sums_are_those_of_the_definition() {
    let block = Block::whole([8, 5, 3], 37);
    let (bold, n, len) = (run(&block), 37, block.volume_len());
    let voxels: Vec<u32> = (0..len as u32).filter(|voxel| voxel % 4 != 1).collect();
    let mut want = Sums::empty(n);
    for &voxel in &voxels {
        let y: Vec<f64> = (0..n).map(|t| f64::from(bold.data[t * len + voxel as usize])).collect();
        if [3, 7, 11].contains(&voxel) {
            continue;
        }
        let mean = y.iter().sum::<f64>() / n as f64;
        let squares: f64 = y.iter().map(|y| (y - mean).powi(2)).sum();
        let pairs: f64 = y.windows(2).map(|y| (y[0] - mean) * (y[1] - mean)).sum();
        // floor(.25 x 36) and floor(.75 x 36)
        let sd = (ranked(&y, 27) - ranked(&y, 9)) / 1.349;
        want.n_voxels += 1;
        want.expected += (2.0 - 2.0 * pairs / squares).sqrt() * sd;
        (0..n).for_each(|t| want.values[t] += y[t]);
        (1..n).for_each(|t| want.changes[t] += (y[t] - y[t - 1]).powi(2));
    }
    let got = sums(&bold, &voxels);
    assert_eq!((got.n_voxels, got.changes[0]), (want.n_voxels, 0.0));
    assert_close("expected", &[got.expected], &[want.expected], 1e-12, 0.0);
    assert_close("values", &got.values, &want.values, 1e-12, 1e-9);
    assert_close("changes", &got.changes[1..], &want.changes[1..], 1e-12, 0.0);
}

#[test]
fn blocks_add_up_to_their_run() {
    let whole = Block::whole([8, 5, 3], 37);
    let bold = run(&whole);
    let all: Vec<u32> = (0..whole.volume_len() as u32).collect();
    let mut added = Sums::empty(37);
    for planes in [0..1, 1..3] {
        let block = Block { planes: planes.clone(), core: planes.clone(), ..whole.clone() };
        let (first, len) = (planes.start * 40, planes.len() * 40);
        let rows = bold.data.chunks(whole.volume_len());
        let data = rows.flat_map(|row| row[first..first + len].to_vec()).collect();
        added = added.and(&sums(&HostBold::new(block, data), &all[..len]));
    }
    let want = sums(&bold, &all);
    assert_eq!(added.n_voxels, want.n_voxels);
    assert_close("expected", &[added.expected], &[want.expected], 1e-13, 0.0);
    assert_close("changes", &added.changes, &want.changes, 1e-13, 0.0);
}

#[test]
fn dvars_and_its_standardised_form_are_numpys() {
    let Some((bold, _)) = small_run() else { return };
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/goldens/dvars.json");
    let golden: Value = serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap();
    let (len, n) = (bold.block.volume_len(), bold.block.volumes.len());
    let mean = |v: usize| (0..n).map(|t| f64::from(bold.data[t * len + v])).sum::<f64>() / n as f64;
    let means: Vec<f64> = (0..len).map(mean).collect();
    let largest = means.iter().fold(0.0_f64, |most, mean| most.max(*mean));
    let inside: Vec<bool> = means.iter().map(|mean| *mean > 0.5 * largest).collect();
    let found = shown_on_the_host(&mut Memory { run: bold }, &inside).unwrap();
    assert_eq!((found.dvars[0], found.std_dvars[0]), (0.0, 0.0));
    assert_close("mean", &found.means, &numbers(&golden["means"]), 1e-10, 0.0);
    assert_close("dvars", &found.dvars[1..], &numbers(&golden["dvars"]), 1e-10, 0.0);
    assert_close("std", &found.std_dvars[1..], &numbers(&golden["std_dvars"]), 1e-10, 0.0);
}
