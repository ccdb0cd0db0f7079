//! Statistics of rearranged data.

use boldly::gpu::Device;
use boldly::kernels::rearranged::{self, Batch, Counts, Residuals, Wanted};
use boldly::stats::rearrange::{Exchange, Plan, Rearrangement, Tested, VarianceGroups};
use ndarray::{Array2, array, s};

use crate::compare::{T, Tolerance, assert_close};
use crate::made_up::{Noise, as_f64};
use crate::test_adapter;

fn maps(n: usize, n_voxels: usize, seed: u64) -> Array2<f32> {
    let mut noise = Noise(seed);
    Array2::from_shape_fn((n, n_voxels), |(row, _)| {
        (2.0 + (row % 2) as f64 * 0.4 + noise.next()) as f32
    })
}

fn on(
    device: &Device,
    maps: &Array2<f32>,
    tested: &Tested,
    all: &[Rearrangement],
) -> (Vec<f32>, Vec<Batch>, Counts) {
    let mut tape = device.tape();
    let residuals = Residuals::new(maps.view(), tested).unwrap();
    let mut field = rearranged::begin(&mut tape, residuals, tested).unwrap();
    let observed = field.observed(&tape.run().unwrap()).unwrap();
    // The first batch in parts of another size, with and without maps.
    let (first, second) = all.split_at(70);
    let mut batches = Vec::new();
    for (some, wanted) in [
        (first, Wanted::Both),
        (second, Wanted::Counts),
        (&all[..10], Wanted::Statistics),
        (&all[..7], Wanted::Extremes),
    ] {
        let mut tape = device.tape();
        let coming = rearranged::advance(&mut tape, &mut field, some, wanted).unwrap();
        batches.push(coming.read(&tape.run().unwrap()).unwrap());
    }
    let mut tape = device.tape();
    let counting = rearranged::counts(&mut tape, &field).unwrap();
    (observed, batches, counting.read(&tape.run().unwrap()).unwrap())
}

#[test]
fn scores_extremes_counts_and_statistics_equal_their_twins() {
    let gpu = test_adapter::open(None);
    let n = 37;
    let design = Array2::from_shape_fn((n, 5), |(row, column)| match column {
        0 => 1.0,
        1 => (row % 2) as f64,
        _ => ((row * row * (7 + column)) % 13) as f64,
    });
    let some = |columns: usize, at: &[usize]| {
        let mut weights = Array2::zeros((at.len(), columns));
        at.iter().enumerate().for_each(|(k, &column)| weights[[k, column]] = 1.0);
        weights
    };
    let (rows, signs) = (Exchange::rows(n).unwrap(), Exchange::signs(n).unwrap());
    let halves = VarianceGroups::new(&(0..n).map(|row| row % 2).collect::<Vec<_>>());
    for (name, exchange, columns, at, variances) in [
        ("mean", &signs, 1, &[0][..], None),
        ("two groups", &rows, 2, &[1], None),
        ("two groups, covariates", &rows, 5, &[1], None),
        ("F of one row", &signs, 1, &[0], None),
        ("F of one row, covariates", &rows, 5, &[1], None),
        ("F of 3", &rows, 5, &[1, 3, 4], None),
        ("F of 2 with all else kept", &rows, 3, &[1, 2], None),
        ("v, on the host", &rows, 3, &[1], Some(halves)),
    ] {
        let design = design.slice(s![.., ..columns]);
        let tested = Tested::new(design, some(columns, at).view(), exchange, variances).unwrap();
        let tested = if name.contains("one row") { tested.as_f() } else { tested };
        // Voxels and rearrangements in no multiple of 64, and fewer voxels than that.
        for n_voxels in [301, 5] {
            let maps = maps(n, n_voxels, 3);
            let plan = Plan::new(exchange, std::slice::from_ref(&tested), 171, 5).unwrap();
            let all = plan.batch(0..171);
            let (observed, batches, counts) = on(&gpu, &maps, &tested, &all);
            let (want_observed, want, want_counts) = on(&Device::cpu(), &maps, &tested, &all);
            // Both are off by at most half the slack (Tested::slack).
            let slack = f64::from(tested.slack());
            let score = Tolerance { relative: slack, absolute: slack };
            let name = format!("{name}, {n_voxels} voxels");
            let same = |what: &str, got: &[f32], want: &[f32], tolerance| {
                assert_close(&format!("{name}: {what}"), &as_f64(got), &as_f64(want), tolerance);
            };
            same("observed", &observed, &want_observed, score);
            for (got, want) in batches.iter().zip(&want) {
                same("high", &got.high, &want.high, score);
                same("low", &got.low, &want.low, score);
                assert_eq!(got.statistics.len(), want.statistics.len(), "{name}");
                if !want.statistics.is_empty() {
                    same("statistics", &got.statistics, &want.statistics, T);
                }
            }
            // These data hold no score within the slack of a limit.
            assert_eq!(counts, want_counts, "{name}");
        }
    }
}

#[test]
fn many_rows_and_columns_are_worked_through_in_several_dispatches() {
    let gpu = test_adapter::open(None);
    let (n, p) = (150, 40);
    let mut noise = Noise(8);
    let design = Array2::from_shape_fn((n, p), |_| noise.next());
    let mut weights = array![[1.0]];
    (1..p).for_each(|_| weights.push_column(array![0.0].view()).unwrap());
    let exchange = Exchange::signs(n).unwrap();
    let tested = Tested::new(design.view(), weights.view(), &exchange, None).unwrap();
    let plan = Plan::new(&exchange, std::slice::from_ref(&tested), 600, 5).unwrap();
    let (maps, all) = (maps(n, 70, 6), plan.batch(0..600));
    let (_, batches, counts) = on(&gpu, &maps, &tested, &all);
    let (_, want, want_counts) = on(&Device::cpu(), &maps, &tested, &all);
    let slack = f64::from(tested.slack());
    let score = Tolerance { relative: slack, absolute: slack };
    for (got, want) in batches.iter().zip(&want) {
        assert_close("high", &as_f64(&got.high), &as_f64(&want.high), score);
        assert_close("low", &as_f64(&got.low), &as_f64(&want.low), score);
    }
    assert_eq!(counts, want_counts);
}
