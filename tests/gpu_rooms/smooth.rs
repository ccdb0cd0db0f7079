//! Smoothing.

use boldly::gpu::Device;
use boldly::kernels::smooth::{self, Kernel, Taps};
use boldly::volume::{Block, Mask};

use crate::compare::{ROUNDED, Tolerance, assert_close};
use crate::made_up::{Noise, grid, run};
use crate::{both, test_adapter};

/// Smoothing, in units of the baseline of 1000: three passes of at most 2 r + 2 = 16 roundings of 2^-24 that add up as
/// their square root (4 each), the kernel's weights and the edge factor one each: (3 * 6) 2^-24 = 1.1e-6.
const SMOOTHED: Tolerance = Tolerance { relative: 1.1e-6, absolute: 1e-6 };

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
    let (got, want) = both(&gpu, &bold, |tape, bold| smooth::smooth(tape, bold, &taps, None));
    assert_eq!((&got, &got), (&want, &crate::as_f64(&bold.data)));
}
