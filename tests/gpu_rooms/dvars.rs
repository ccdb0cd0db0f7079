//! What DVARS are made of.

use boldly::design::censor::{Measures, Rules};
use boldly::gpu::Device;
use boldly::io::source::Memory;
use boldly::kernels::dvars::{self, Sums};
use boldly::maps::Bounds;
use boldly::pipeline::blocks::Ladder;
use boldly::pipeline::censor::{Image, Within, of_image};
use boldly::pipeline::dvars::{Shown, shown, shown_on_the_host};
use boldly::pipeline::watch::Quiet;
use boldly::volume::{Block, HostBold};

use crate::compare::{Tolerance, assert_close};
use crate::made_up::{Noise, grid, run};
use crate::test_adapter;

fn summed_on(device: &Device, bold: &HostBold, voxels: &[u32]) -> Sums {
    let mut tape = device.tape();
    let (loaded, _) = tape.load(bold.clone()).unwrap();
    let sums = dvars::sums(&mut tape, &loaded, voxels).unwrap();
    sums.read(&tape.run().unwrap()).unwrap()
}

/// Both devices, whose sums of squares may be off by twice what DVARS may.
fn assert_equal(name: &str, bold: &HostBold, voxels: &[u32]) {
    for f64_sums in test_adapter::f64_sums() {
        let gpu = test_adapter::open(Some(f64_sums));
        let bound = if f64_sums { Bounds::F64_ACCUMULATORS } else { Bounds::F32 }.dvars;
        let relative = |times: f64| Tolerance { relative: times * bound, absolute: 0.0 };
        let name = format!("{name}, f64 sums {f64_sums}");
        let (got, want) = (summed_on(&gpu, bold, voxels), summed_on(&Device::cpu(), bold, voxels));
        assert_eq!(got.n_voxels, want.n_voxels, "{name}");
        assert_close(&format!("{name}, noise"), &[got.expected], &[want.expected], relative(1.0));
        assert_close(&format!("{name}, changes"), &got.changes, &want.changes, relative(2.0));
        let largest = want.values.iter().fold(0.0_f64, |most, value| most.max(value.abs()));
        let near = Tolerance { relative: 0.0, absolute: bound * largest };
        assert_close(&format!("{name}, values"), &got.values, &want.values, near);
    }
}

#[test]
fn sums_equal_their_twin_with_ties_signs_missing_values_and_voxels_that_do_not_vary() {
    let block = Block::whole([19, 17, 16], 51);
    let (n, mut noise) = (block.volume_len(), Noise(3));
    let mut bold = run(block, 41); // voxels 5 and 9 are constant
    for t in 0..51 {
        bold.data[t * n + 11] -= 1000.0; // of both signs
        bold.data[t * n + 12] = (3.0 * noise.next()).round() as f32; // ties, zero among them
        // Two zeros, whose quartiles are equal, and two values beyond them.
        bold.data[t * n + 13] = [90.0, -90.0, 0.0, -0.0][if t < 2 { t } else { 2 + t % 2 }];
        bold.data[t * n + 14] = if t < 3 { 700.0 } else { 650.0 }; // quartiles that are equal
    }
    bold.data[7 * n + 20] = f32::NAN;
    bold.data[9 * n + 21] = f32::INFINITY;
    let bold = HostBold::new(bold.block, bold.data);
    let voxels: Vec<u32> = (0..n as u32).filter(|voxel| voxel % 7 != 3).collect();
    assert_equal("many", &bold, &voxels);
}

#[test]
fn long_runs_whose_quartiles_take_several_dispatches_equal_their_twin_and_short_ones_too() {
    for (n, shape) in [(1700, [6, 5, 2]), (2, [6, 5, 2]), (3, [1, 1, 1])] {
        let bold = run(Block::whole(shape, n), 43);
        let voxels: Vec<u32> = (0..bold.block.volume_len() as u32).collect();
        assert_equal(&format!("{n} volumes"), &bold, &voxels);
    }
    let one = run(Block::whole([4, 4, 1], 1), 44);
    let gpu = test_adapter::open(None);
    assert_eq!(summed_on(&gpu, &one, &[0, 3]), Sums::empty(1), "one volume has no change");
    assert_eq!(summed_on(&gpu, &one, &[]), Sums::empty(1));
}

/// A run within its mask, on the device of a ladder.
fn both(bold: &HostBold) -> (Ladder, Shown, Shown) {
    let inside = vec![true; bold.block.volume_len()];
    let mut source = Memory { run: bold.clone() };
    let mut ladder = Ladder::around(test_adapter::open(Some(false)));
    let there = shown(&mut source, &inside, &mut ladder, &Quiet).unwrap();
    (ladder, there, shown_on_the_host(&mut source, &inside).unwrap())
}

#[test]
fn a_run_shows_the_same_on_the_device_that_is_in_use() {
    let bold = run(Block::whole([17, 13, 9], 60), 45);
    let (ladder, there, here) = both(&bold);
    assert!(ladder.device.take_spans().iter().any(|span| span.stage == "dvars"));
    let relative = Tolerance { relative: Bounds::F32.dvars, absolute: 0.0 };
    assert_close("dvars", &there.dvars, &here.dvars, relative);
    assert_close("standardised", &there.std_dvars, &here.std_dvars, relative);
    assert_close("means", &there.means, &here.means, relative);
    assert_ne!(there.std_dvars, here.std_dvars, "f32 differs somewhere");
}

#[test]
fn volumes_whose_dvars_a_device_cannot_tell_from_the_threshold_are_left_out_as_on_the_host() {
    let bold = run(Block::whole([17, 13, 9], 60), 45);
    let (mut ladder, there, here) = both(&bold);
    let grid = grid([17, 13, 9]);
    let above = |volume: &usize| there.std_dvars[*volume] > here.std_dvars[*volume];
    let volumes: Vec<usize> = (1..60).filter(above).take(4).collect();
    assert!(!volumes.is_empty(), "none is above its value on the host");
    for volume in volumes {
        let rules = Rules { dvars: Some(here.std_dvars[volume]), ..Rules::default() };
        let mut source = Memory { run: bold.clone() };
        let image = Image { path: "run.nii".as_ref(), grid: &grid, bold: &mut source, level: None };
        let mut measures = Measures::default();
        let asked = (Some(&rules), Within::all(None));
        let left_out = of_image(image, &mut measures, asked, &mut ladder, &Quiet).unwrap();
        assert!(left_out.iter().all(|left| left.volume != volume), "{volume}: {left_out:?}");
    }
}
