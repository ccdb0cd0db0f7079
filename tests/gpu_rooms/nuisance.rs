//! Slice-dependent nuisance.

use boldly::error::{DeviceFailure, Error};
use boldly::kernels::nuisance::{self, Projection};
use boldly::volume::Block;
use ndarray::Axis;

use crate::compare::{ROUNDED, Tolerance, assert_close};
use crate::made_up::{design, run, slice_groups};
use crate::{both, test_adapter};

/// Cleaned values: both devices round the result to f32, so they may lie one unit in the last place (2^-23) apart; g of
/// 18 columns from n = 120 centred values of size 50 and their product with the columns: 50 (sqrt(120) + sqrt(18)) 2^-24
/// on top.
const CLEANED: Tolerance = Tolerance { relative: 1.2e-7, absolute: 5e-5 };

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

#[test]
fn more_loop_iterations_than_a_software_adapter_runs_are_refused() {
    let gpu = test_adapter::open(None);
    let n = 7000;
    let (x, _) = design(n, 3, 22);
    let projection = Projection::new(&x, &slice_groups(n, 18, 1)).unwrap();
    let mut tape = gpu.tape();
    let (bold, _) = tape.load(run(Block::whole([2, 2, 1], n), 23)).unwrap();
    let done = nuisance::subtract(&mut tape, bold, &projection);
    if gpu.report().kind == "software" {
        let why = done.unwrap_err();
        assert!(matches!(why, Error::Device { failure: DeviceFailure::Rejected, .. }), "{why}");
        assert!(why.to_string().contains("iterations"), "{why}");
    } else {
        done.unwrap();
    }
}
