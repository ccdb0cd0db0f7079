//! What DVARS are made of.

use boldly::gpu::Device;
use boldly::kernels::dvars::{self, Sums};
use boldly::maps::Bounds;
use boldly::volume::{Block, HostBold};

use crate::compare::{Tolerance, assert_close};
use crate::made_up::{Noise, run};
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
        bold.data[t * n + 13] = if t % 2 == 0 { 0.0 } else { -0.0 }; // two zeros, which do not vary
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
