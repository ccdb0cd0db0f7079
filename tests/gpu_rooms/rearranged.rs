//! Statistics of rearranged data.

use boldly::gpu::Device;
use boldly::kernels::rearranged::{self, Batch, Counts, Drawing, Residuals, Wanted};
use boldly::stats::philox::Words;
use boldly::stats::rearrange::{
    Exchange, Flipped, Permuted, Plan, Rearrangement, Tested, VarianceGroups,
};
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

/// Random123's known answers (kat_vectors, philox4x32 10): counter, key, words.
const KNOWN: [([u32; 4], [u32; 2], [u32; 4]); 3] = [
    ([0; 4], [0; 2], [0x6627_e8d5, 0xe169_c58d, 0xbc57_ac4c, 0x9b00_dbd8]),
    ([u32::MAX; 4], [u32::MAX; 2], [0x408f_276d, 0x41c8_3b0e, 0xa20b_c7c6, 0x6d54_51fd]),
    (
        [0x243f_6a88, 0x85a3_08d3, 0x1319_8a2e, 0x0370_7344],
        [0xa409_3822, 0x299f_31d0],
        [0xd16c_fe09, 0x94fd_cceb, 0x5001_e420, 0x2412_6ea1],
    ),
];

fn joined(low: u32, high: u32) -> u64 {
    u64::from(high) << 32 | u64::from(low)
}

#[test]
fn the_devices_random_numbers_are_philoxs_known_answers_and_those_of_the_host() {
    let gpu = test_adapter::open(None);
    for (counter, key, want) in KNOWN {
        let [low, high, block, purpose] = counter;
        let (first, seed) = (joined(low, high), joined(key[0], key[1]));
        let drawing = Drawing { seed, purpose, first, block };
        for device in [&gpu, &Device::cpu()] {
            assert_eq!(rearranged::words(device.tape(), drawing, [1, 4]).unwrap(), want);
        }
    }
    // Numbers that cross 2^32, and words in no multiple of four.
    for (seed, first) in [(1, 0), (u64::MAX - 6, (1 << 32) - 5), (1 << 40, 3 << 33)] {
        let drawing = Drawing { seed, purpose: 7, first, block: 0 };
        let [got, want] = [&gpu, &Device::cpu()]
            .map(|device| rearranged::words(device.tape(), drawing, [11, 37]).unwrap());
        assert!(got == want, "seed {seed}, from {first}");
        let mut words = Words::new(seed, 7, first + 10);
        assert!(want[10 * 37..].iter().all(|&word| word == words.word()), "the host's own");
    }
}

/// Whether drawn on the device or sent by the host, flips are the same, to the last bit of what follows.
#[test]
fn signs_that_the_device_draws_by_seed_and_number_are_the_hosts_bit_for_bit() {
    let gpu = test_adapter::open(None);
    let n = 41;
    let design = Array2::from_shape_fn((n, 3), |(row, column)| match column {
        0 => 1.0,
        _ => ((row * row * (7 + column)) % 13) as f64 - 6.0,
    });
    let weights = array![[1.0, 0.0, 0.0]];
    let blocks: Vec<usize> = (0..n).map(|row| row * row % 23).collect();
    let signs = Exchange::signs(n).unwrap();
    let whole = Exchange::new(&blocks, Permuted::No, Flipped::Blocks).unwrap();
    let alone = Array2::ones((n, 1));
    // Number 0, a batch in no multiple of 64, and numbers beyond 32 bits.
    let ranges = [0..1, 0..70, 70..199, (1 << 32) - 3..(1 << 32) + 66, (5 << 35)..(5 << 35) + 3];
    for (design, weights, exchange) in [
        (design.view(), weights.view(), &signs),
        (design.view(), weights.view(), &whole),
        (alone.view(), array![[1.0]].view(), &signs),
    ] {
        let tested = Tested::new(design, weights, exchange, None).unwrap();
        let maps = maps(n, 130, 4);
        for seed in [1, u64::MAX, 0x0123_4567_89ab_cdef] {
            let several = std::slice::from_ref(&tested);
            let plan = Plan::new(exchange, several, 1 << 10, seed).unwrap();
            assert!(plan.flips().is_some(), "they are drawn");
            let by = |drawn: bool| {
                let mut tape = gpu.tape();
                let residuals = Residuals::new(maps.view(), &tested).unwrap();
                let mut field = rearranged::begin(&mut tape, residuals, &tested).unwrap();
                tape.run().unwrap();
                let batch = |range: &std::ops::Range<u64>| {
                    let mut tape = gpu.tape();
                    let some = (&plan, range.clone());
                    let coming = match drawn {
                        true => {
                            rearranged::advance_through(&mut tape, &mut field, some, Wanted::Both)
                        }
                        false => {
                            let listed = plan.batch(range.clone());
                            rearranged::advance(&mut tape, &mut field, &listed, Wanted::Both)
                        }
                    };
                    coming.unwrap().read(&tape.run().unwrap()).unwrap()
                };
                let batches: Vec<Batch> = ranges.iter().map(batch).collect();
                let mut tape = gpu.tape();
                let counting = rearranged::counts(&mut tape, &field).unwrap();
                (batches, counting.read(&tape.run().unwrap()).unwrap())
            };
            assert!(by(true) == by(false), "seed {seed}");
        }
    }
    // What is exchanged, or all that there is, comes from the host.
    let rows = Exchange::rows(n).unwrap();
    let halves =
        Array2::from_shape_fn((n, 2), |(row, c)| if c == 0 { 1.0 } else { (row % 2) as f64 });
    let tested = Tested::new(halves.view(), array![[0.0, 1.0]].view(), &rows, None).unwrap();
    assert_eq!(Plan::new(&rows, &[tested], 100, 1).unwrap().flips(), None);
    let few = Exchange::signs(4).unwrap();
    let tested =
        Tested::new(Array2::ones((4, 1)).view(), array![[1.0]].view(), &few, None).unwrap();
    assert_eq!(Plan::new(&few, &[tested], 100, 1).unwrap().flips(), None);
}
