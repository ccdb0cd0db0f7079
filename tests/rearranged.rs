//! Statistics of rearranged data: the `rearranged` room against its equation and outside tools, and the p-values that come of it.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;
#[path = "rearranged/peers.rs"]
mod peers;

use boldly::gpu::Device;
use boldly::kernels::rearranged::{self, Batch, Counts, Residuals, Wanted};
use boldly::stats::permuted::{Maxima, Tail, Tally};
use boldly::stats::rearrange::{
    Exchange, Flipped, Permuted, Plan, Rearrangement, Tested, VarianceGroups,
};
use common::{Random, assert_close, wide};
use ndarray::{Array2, array};

/// Made-up maps `[row][voxel]`: noise, more in later voxels, a baseline.
fn maps(n: usize, n_voxels: usize, seed: u64) -> Array2<f32> {
    let mut random = Random(seed);
    Array2::from_shape_fn((n, n_voxels), |(row, voxel)| {
        let effect = if voxel % 7 == 0 && row < n / 2 { 1.0 } else { 0.0 };
        (3.0 + effect + (1.0 + voxel as f64 / n_voxels as f64) * random.normal()) as f32
    })
}

/// An intercept, a contrast of halves, and covariates.
fn design(n: usize, covariates: usize) -> Array2<f64> {
    let mut random = Random(99);
    Array2::from_shape_fn((n, 2 + covariates), |(row, column)| match column {
        0 => 1.0,
        1 => {
            if row < n / 2 {
                1.0
            } else {
                -1.0
            }
        }
        _ => random.normal(),
    })
}

fn unit_row(at: usize, p: usize) -> Array2<f64> {
    Array2::from_shape_fn((1, p), |(_, c)| f64::from(u8::from(c == at)))
}

struct Done {
    observed: Vec<f32>,
    batches: Vec<Batch>,
    counts: Counts,
}

/// All of a plan in batches of `size`.
fn run(
    maps: &Array2<f32>,
    tested: &Tested,
    all: &[Rearrangement],
    size: usize,
    wanted: Wanted,
) -> Done {
    let device = Device::cpu();
    let mut tape = device.tape();
    let residuals = Residuals::new(maps.view(), tested).unwrap();
    let mut field = rearranged::begin(&mut tape, residuals, tested).unwrap();
    let observed = field.observed(&tape.run().unwrap()).unwrap();
    let mut batches = Vec::new();
    for batch in all.chunks(size) {
        let mut tape = device.tape();
        let coming = rearranged::advance(&mut tape, &mut field, batch, wanted).unwrap();
        batches.push(coming.read(&tape.run().unwrap()).unwrap());
    }
    let mut tape = device.tape();
    let counting = rearranged::counts(&mut tape, &field).unwrap();
    let counts = counting.read(&tape.run().unwrap()).unwrap();
    Done { observed, batches, counts }
}

/// Contrasts of every kind that the room computes in its own way.
fn kinds(n: usize) -> Vec<(&'static str, Exchange, Tested)> {
    let rows = Exchange::rows(n).unwrap();
    let signs = Exchange::signs(n).unwrap();
    let of = |name, design: Array2<f64>, weights: Array2<f64>, exchange: &Exchange, groups| {
        let tested = Tested::new(design.view(), weights.view(), exchange, groups).unwrap();
        (name, exchange.clone(), tested)
    };
    let as_f = |name, design: Array2<f64>, weights: Array2<f64>, exchange: &Exchange| {
        let (name, exchange, tested) = of(name, design, weights, exchange, None);
        (name, exchange, tested.as_f())
    };
    let halves: Vec<usize> = (0..n).map(|row| usize::from(row < n / 2)).collect();
    let mut several = Array2::zeros((3, 5));
    (0..3).for_each(|k| several[[k, k + 1]] = 1.0);
    vec![
        of("mean", Array2::ones((n, 1)), array![[1.0]], &signs, None),
        of("halves", design(n, 0), unit_row(1, 2), &rows, None),
        of("halves and covariates", design(n, 2), unit_row(1, 4), &rows, None),
        of("F of 3 beside a covariate", design(n, 3), several, &rows, None),
        of("F of all", design(n, 1).slice_move(ndarray::s![.., 1..]), Array2::eye(2), &signs, None),
        as_f("F of one row", Array2::ones((n, 1)), array![[1.0]], &signs),
        as_f("F of one row beside a covariate", design(n, 1), unit_row(1, 3), &signs),
        of("v", design(n, 1), unit_row(1, 3), &rows, Some(VarianceGroups::new(&halves))),
    ]
}

#[test]
fn scores_statistics_extremes_and_counts_are_those_of_the_naive_loop_in_f64() {
    // Voxels in no multiple of a tile, rearrangements in no multiple of six, more than one batch.
    let (n, n_voxels) = (21, 333);
    for (name, exchange, tested) in kinds(n) {
        let maps = maps(n, n_voxels, 4);
        let plan = Plan::new(&exchange, std::slice::from_ref(&tested), 100, 3).unwrap();
        let all = plan.batch(0..100);
        let done = run(&maps, &tested, &all, 41, Wanted::Both);
        let residuals = Residuals::new(maps.view(), &tested).unwrap();
        let want = rearranged::scores(&residuals, &tested, &all);
        let slack = f64::from(tested.slack());
        let observed = wide(&done.observed);
        assert_close(name, &observed, &want.row(0).to_vec(), slack, slack);
        let statistics: Vec<f64> = done.batches.iter().flat_map(|b| wide(&b.statistics)).collect();
        let want_statistics: Vec<f64> = want.iter().map(|&s| tested.statistic(s)).collect();
        assert_close(name, &statistics, &want_statistics, 1e-4, 1e-5);
        let extremes = |of: fn(&Batch) -> &Vec<f32>| -> Vec<f64> {
            done.batches.iter().flat_map(|b| wide(of(b))).collect()
        };
        let high: Vec<f64> =
            want.rows().into_iter().map(|r| r.fold(-9., |a, &b| f64::max(a, b))).collect();
        let low: Vec<f64> =
            want.rows().into_iter().map(|r| r.fold(9., |a, &b| f64::min(a, b))).collect();
        assert_close(name, &extremes(|b| &b.high), &high, slack, slack);
        assert_close(name, &extremes(|b| &b.low), &low, slack, slack);
        // A count is certain but for scores within the slack of a limit, which these data lack.
        let counted = |of: fn(f64, f64, f64) -> bool| -> Vec<u32> {
            let of_voxel = |v: usize| {
                let d = if tested.variances.is_some() {
                    slack * observed[v].abs().max(1.0)
                } else {
                    slack
                };
                want.column(v).iter().filter(|&&s| of(s, observed[v].abs(), d)).count() as u32
            };
            (0..n_voxels).map(of_voxel).collect()
        };
        assert_eq!(done.counts.above, counted(|s, o, d| s >= o - d), "{name}: above");
        assert_eq!(done.counts.below, counted(|s, o, d| s <= d - o), "{name}: below");
        assert_eq!(done.counts.beyond, counted(|s, o, d| s > o + d), "{name}: beyond");
        assert_eq!(done.counts.beneath, counted(|s, o, d| s < -o - d), "{name}: beneath");
    }
}

#[test]
fn f_of_one_row_is_the_square_of_t_and_its_p_that_of_both_tails() {
    let n = 9;
    let maps = maps(n, 20, 31);
    let exchange = Exchange::signs(n).unwrap();
    let t = Tested::new(design(n, 1).view(), unit_row(0, 3).view(), &exchange, None).unwrap();
    let f = t.clone().as_f();
    let of = |tested: &Tested| {
        let plan = Plan::new(&exchange, std::slice::from_ref(tested), 5000, 1).unwrap();
        let (tally, observed) = tally(&maps, tested, &plan, 0..plan.n());
        (observed, tally)
    };
    let ((t_observed, t_tally), (f_observed, f_tally)) = (of(&t), of(&f));
    let statistics = |tested: &Tested, scores: &[f32]| -> Vec<f64> {
        scores.iter().map(|&s| tested.statistic(f64::from(s))).collect()
    };
    let squares: Vec<f64> = statistics(&t, &t_observed).iter().map(|t| t * t).collect();
    assert_close("F", &statistics(&f, &f_observed), &squares, 1e-5, 1e-6);
    // The plan of t leaves mirror images out, which have the same F.
    assert!(t_tally.mirrored() && !f_tally.mirrored() && t_tally.n() == f_tally.n());
    let p = f_tally.p(Tail::Positive, &f_observed);
    assert_close("p", &p, &t_tally.p(Tail::Both, &t_observed), 0.0, 0.0);
    let slack = t.slack();
    let corrected = f_tally.p_corrected(Tail::Positive, &f_observed, slack).unwrap();
    let want = t_tally.p_corrected(Tail::Both, &t_observed, slack).unwrap();
    assert_close("corrected p", &corrected, &want, 0.0, 0.0);
}

/// t of the last column by refitting rearranged residuals, Freedman and Lane as they wrote it.
fn refitted(maps: &Array2<f32>, design: &Array2<f64>, one: &Rearrangement, voxel: usize) -> f64 {
    use boldly::stats::least_squares::LeastSquares;
    let (n, p) = design.dim();
    let nuisance = design.slice(ndarray::s![.., ..p - 1]).to_owned();
    let y = maps.column(voxel).mapv(f64::from);
    let fitted = match p {
        1 => ndarray::Array1::zeros(n),
        _ => nuisance.dot(&LeastSquares::new(nuisance.view()).unwrap().pinv.dot(&y)),
    };
    let residual = &y - &fitted;
    let moved = ndarray::Array1::from_shape_fn(n, |row| {
        fitted[row] + f64::from(one.sign[row]) * residual[one.from[row] as usize]
    });
    let full = LeastSquares::new(design.view()).unwrap();
    let beta = full.pinv.dot(&moved);
    let left = &moved - &design.dot(&beta);
    let sigma2 = left.dot(&left) / (n - full.rank) as f64;
    beta[p - 1] / (sigma2 * full.xtx_inv[[p - 1, p - 1]]).sqrt()
}

#[test]
fn t_is_that_of_freedman_and_lanes_refit_of_rearranged_residuals() {
    let (n, n_voxels) = (14, 9);
    let maps = maps(n, n_voxels, 8);
    for (covariates, exchange) in [
        (0, Exchange::rows(n).unwrap()),
        (2, Exchange::rows(n).unwrap()),
        (2, Exchange::signs(n).unwrap()),
        (
            1,
            Exchange::new(
                &[0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6],
                Permuted::Both,
                Flipped::Blocks,
            )
            .unwrap(),
        ),
    ] {
        let mut design = design(n, covariates);
        // The contrast is the last column's.
        let p = design.ncols();
        let (a, b) = (design.column(1).to_owned(), design.column(p - 1).to_owned());
        design.column_mut(1).assign(&b);
        design.column_mut(p - 1).assign(&a);
        let tested =
            Tested::new(design.view(), unit_row(p - 1, p).view(), &exchange, None).unwrap();
        let all = Plan::new(&exchange, std::slice::from_ref(&tested), 20, 2).unwrap().batch(0..20);
        let done = run(&maps, &tested, &all, 20, Wanted::Statistics);
        let want: Vec<f64> = all
            .iter()
            .flat_map(|one| {
                (0..n_voxels).map(|v| refitted(&maps, &design, one, v)).collect::<Vec<_>>()
            })
            .collect();
        assert_close("t", &wide(&done.batches[0].statistics), &want, 2e-6, 2e-6);
    }
}

#[test]
fn v_is_welchs_t_of_two_groups_and_students_of_one_variance() {
    let n = 11;
    let maps = maps(n, 5, 21);
    let exchange = Exchange::rows(n).unwrap();
    let group = |row: usize| usize::from(row >= 4);
    let design = Array2::from_shape_fn((n, 2), |(row, g)| f64::from(u8::from(group(row) == g)));
    let of = |variances| {
        Tested::new(design.view(), array![[1., -1.]].view(), &exchange, variances).unwrap()
    };
    let numbers: Vec<usize> = (0..n).map(group).collect();
    let all = [Rearrangement::identity(n)];
    let v = |tested: &Tested| {
        wide(&run(&maps, tested, &all, 1, Wanted::Statistics).batches[0].statistics)
    };
    let want: Vec<f64> = (0..5)
        .map(|voxel| {
            let part = |g: usize| {
                let y: Vec<f64> = (0..n)
                    .filter(|&r| group(r) == g)
                    .map(|r| f64::from(maps[[r, voxel]]))
                    .collect();
                let mean = y.iter().sum::<f64>() / y.len() as f64;
                let variance =
                    y.iter().map(|y| (y - mean).powi(2)).sum::<f64>() / (y.len() - 1) as f64;
                (mean, variance / y.len() as f64)
            };
            let ((a, va), (b, vb)) = (part(0), part(1));
            (a - b) / (va + vb).sqrt()
        })
        .collect();
    assert_close("Welch", &v(&of(Some(VarianceGroups::new(&numbers)))), &want, 1e-5, 1e-6);
    let one = of(Some(VarianceGroups::new(&vec![3; n])));
    assert_close("Student", &v(&one), &v(&of(None)), 1e-5, 1e-6);
}

#[test]
fn results_do_not_depend_on_threads_batches_or_which_voxels_stand_beside() {
    let (n, n_voxels) = (18, 700);
    for (name, exchange, tested) in kinds(n) {
        let maps = maps(n, n_voxels, 12);
        let all = Plan::new(&exchange, std::slice::from_ref(&tested), 90, 3).unwrap().batch(0..90);
        let of = |threads: usize, size: usize, maps: &Array2<f32>| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| run(maps, &tested, &all, size, Wanted::Both))
        };
        let (a, b) = (of(1, 90, &maps), of(5, 7, &maps));
        let join = |of: &dyn Fn(&Batch) -> Vec<f32>, done: &Done| -> Vec<u32> {
            done.batches.iter().flat_map(of).map(f32::to_bits).collect()
        };
        assert_eq!(a.counts, b.counts, "{name}");
        for part in [
            |b: &Batch| b.high.clone(),
            |b: &Batch| b.low.clone(),
            |b: &Batch| b.statistics.clone(),
        ] {
            assert!(join(&part, &a) == join(&part, &b), "{name}");
        }
        // The voxels from 100 on, by themselves.
        let fewer = of(2, 30, &maps.slice(ndarray::s![.., 100..]).to_owned());
        let rest = |counts: &Counts| counts.above[100..].to_vec();
        assert_eq!(rest(&a.counts), fewer.counts.above, "{name}");
        let rows = |done: &Done, from: usize| -> Vec<u32> {
            let width = done.observed.len();
            let all = done.batches.iter().flat_map(|b| b.statistics.chunks(width));
            all.flat_map(|row| row[from..].iter().map(|v| v.to_bits())).collect()
        };
        assert!(rows(&a, 100) == rows(&fewer, 0), "{name}");
    }
}

#[test]
fn flat_voxels_have_score_zero_and_count_always_and_missing_values_are_refused() {
    let n = 10;
    let mut some = maps(n, 4, 3);
    some.column_mut(2).fill(7.5);
    let exchange = Exchange::rows(n).unwrap();
    let tested = Tested::new(design(n, 0).view(), unit_row(1, 2).view(), &exchange, None).unwrap();
    assert_eq!(Residuals::new(some.view(), &tested).unwrap().n_flat(), 1);
    let all = Plan::new(&exchange, std::slice::from_ref(&tested), 50, 3).unwrap().batch(0..50);
    let done = run(&some, &tested, &all, 50, Wanted::Counts);
    assert_eq!((done.observed[2], done.counts.above[2], done.counts.beyond[2]), (0.0, 50, 0));
    some[[4, 1]] = f32::NAN;
    let why = Residuals::new(some.view(), &tested).unwrap_err().to_string();
    assert!(why.contains("map 5 of the subjects is not finite at voxel 1"), "{why}");
}

/// A tally of all of a plan, in the given ranges.
fn tally(
    maps: &Array2<f32>,
    tested: &Tested,
    plan: &Plan,
    range: std::ops::Range<u64>,
) -> (Tally, Vec<f32>) {
    let mut tally = Tally::new(plan.n(), plan.mirrored(), maps.ncols());
    let done = run(maps, tested, &plan.batch(range.clone()), 64, Wanted::Counts);
    let mut first = range.start;
    for batch in &done.batches {
        tally.maxima.put(first, &batch.high, &batch.low).unwrap();
        first += batch.high.len() as u64;
    }
    tally.add_counts(done.counts.parts()).unwrap();
    (tally, done.observed)
}

#[test]
fn exhaustive_p_values_are_those_counted_by_hand() {
    // Four subjects: means of all 16 signs; |mean| of 1, 2, 3, 4 is 2.5, of 5, -1, -2, -2 it is 0.
    let maps =
        array![[1.0_f32, 5.0, -1.0], [2.0, -1.0, -2.0], [3.0, -2.0, -3.0], [4.0, -2.0, -4.0]];
    let exchange = Exchange::signs(4).unwrap();
    let tested =
        Tested::new(Array2::ones((4, 1)).view(), array![[1.0]].view(), &exchange, None).unwrap();
    let plan = Plan::new(&exchange, std::slice::from_ref(&tested), 5000, 1).unwrap();
    assert_eq!((plan.n(), plan.stands_for()), (8, 16));
    let (tally, observed) = tally(&maps, &tested, &plan, 0..8);
    // Sums of (5, 1, 2, 2) with signs: 0 in 2 of 16 (5 against all others), the others half and half.
    let sixteenth = |k: [f64; 3]| k.map(|k| k / 16.0).to_vec();
    let close = |name, got: Vec<f64>, want: Vec<f64>| assert_close(name, &got, &want, 1e-12, 0.0);
    close("positive", tally.p(Tail::Positive, &observed), sixteenth([1., 9., 16.]));
    close("negative", tally.p(Tail::Negative, &observed), sixteenth([16., 9., 1.]));
    close("both", tally.p(Tail::Both, &observed), sixteenth([2., 16., 2.]));
    // Over voxels the scores of the first and third are each other's negative: the largest is 1 in every sixteenth for each.
    let slack = tested.slack();
    let corrected = |tail| tally.p_corrected(tail, &observed, slack).unwrap();
    let by_hand = {
        let residuals = Residuals::new(maps.view(), &tested).unwrap();
        let all: Vec<Rearrangement> = (0..16_u8)
            .map(|bits| {
                let sign = (0..4).map(|k| if bits >> k & 1 == 1 { -1 } else { 1 }).collect();
                Rearrangement { from: vec![0, 1, 2, 3], sign }
            })
            .collect();
        rearranged::scores(&residuals, &tested, &all)
    };
    for (tail, name) in [(Tail::Positive, "max"), (Tail::Negative, "min"), (Tail::Both, "both")] {
        let want: Vec<f64> = observed
            .iter()
            .map(|&o| {
                let at_least = |row: &ndarray::ArrayView1<f64>| {
                    let most =
                        row.iter().map(|&s| tail.directed(s)).fold(f64::NEG_INFINITY, f64::max);
                    most >= tail.directed(f64::from(o)) - f64::from(slack)
                };
                by_hand.rows().into_iter().filter(at_least).count() as f64 / 16.0
            })
            .collect();
        close(name, corrected(tail), want);
    }
}

#[test]
fn p_of_every_tail_is_the_share_of_all_rearrangements_ties_and_either_sign_of_effect_among_them() {
    // Small whole numbers: many ties. Plans with mirror images left out, and without.
    let maps = Array2::from_shape_fn((6, 40), |(row, voxel)| {
        ((row * 5 + voxel * 7 + row * voxel) % 4) as f32 - 1.0
    });
    let two = Array2::from_shape_fn((6, 2), |(row, g)| f64::from(u8::from((row < 2) == (g == 0))));
    let (signs, rows) = (Exchange::signs(6).unwrap(), Exchange::rows(6).unwrap());
    let mean = Tested::new(Array2::ones((6, 1)).view(), array![[1.0]].view(), &signs, None);
    let groups = Tested::new(two.view(), array![[1.0, -1.0]].view(), &rows, None);
    for (exchange, tested, mirrored) in
        [(signs, mean.unwrap(), true), (rows, groups.unwrap(), false)]
    {
        let plan = Plan::new(&exchange, std::slice::from_ref(&tested), 5000, 1).unwrap();
        assert_eq!(plan.mirrored(), mirrored);
        let (tally, observed) = tally(&maps, &tested, &plan, 0..plan.n());
        let residuals = Residuals::new(maps.view(), &tested).unwrap();
        let scores = rearranged::scores(&residuals, &tested, &plan.batch(0..plan.n()));
        let slack = f64::from(tested.slack());
        let mut below_zero = 0;
        for tail in [Tail::Positive, Tail::Negative, Tail::Both] {
            let share = |voxel: usize| {
                let o = tail.directed(f64::from(observed[voxel])) - slack;
                let at_least = |s: f64| usize::from(tail.directed(s) >= o);
                let own = scores.column(voxel);
                let count: usize = match mirrored {
                    true => own.iter().map(|&s| at_least(s) + at_least(-s)).sum(),
                    false => own.iter().map(|&s| at_least(s)).sum(),
                };
                count as f64 / plan.stands_for() as f64
            };
            let want: Vec<f64> = (0..40).map(share).collect();
            assert_close(&format!("{tail:?}"), &tally.p(tail, &observed), &want, 1e-12, 0.0);
            below_zero += observed.iter().filter(|&&o| o < -0.1).count();
        }
        assert!(mirrored || below_zero > 10, "{observed:?}");
    }
}

#[test]
fn shards_in_any_order_make_the_bytes_of_one_run() {
    let n = 16;
    let maps = maps(n, 130, 5);
    let exchange = Exchange::rows(n).unwrap();
    let tested = Tested::new(design(n, 1).view(), unit_row(1, 3).view(), &exchange, None).unwrap();
    let plan = Plan::new(&exchange, std::slice::from_ref(&tested), 200, 9).unwrap();
    let whole = tally(&maps, &tested, &plan, 0..200).0;
    assert!(whole.is_complete());
    let mut joined = tally(&maps, &tested, &plan, 120..200).0;
    assert_eq!(joined.done().first(), Some(&(120..200)));
    let why = joined.maxima.null(Tail::Both, false).unwrap_err().to_string();
    assert!(why.contains("rearrangement 0 has not been computed"), "{why}");
    for range in [0..37, 37..120] {
        let shard = tally(&maps, &tested, &plan, range).0;
        joined.merge(&Tally::from_bytes(&shard.to_bytes()).unwrap()).unwrap();
    }
    assert!(joined.to_bytes() == whole.to_bytes());
    let twice = joined.merge(&tally(&maps, &tested, &plan, 5..6).0).unwrap_err().to_string();
    assert!(twice.contains("both hold rearrangement 5"), "{twice}");
    let other = joined.merge(&Tally::new(100, false, 130)).unwrap_err().to_string();
    assert!(other.contains("counts 100 rearrangements in 130 voxels"), "{other}");
    // More of them later.
    let longer = Plan::new(&exchange, std::slice::from_ref(&tested), 260, 9).unwrap();
    let mut extended = whole.clone();
    extended.extend(260);
    let mut rest = tally(&maps, &tested, &longer, 200..260).0;
    rest.merge(&extended).unwrap();
    assert!(rest.to_bytes() == tally(&maps, &tested, &longer, 0..260).0.to_bytes());
    for cut in [0, 5, 30, whole.to_bytes().len() - 1] {
        assert!(Tally::from_bytes(&whole.to_bytes()[..cut]).is_err());
    }
}

#[test]
fn contrasts_together_are_corrected_by_the_largest_of_all() {
    let of = |high: &[f64], low: &[f64]| Maxima { high: high.to_vec(), low: low.to_vec() };
    let (a, b) = (of(&[3., 1., 2.], &[-1., -4., -2.]), of(&[1., 5., 2.], &[-2., -1., -3.]));
    let both = Maxima::together(&[a.clone(), b]).unwrap();
    assert_eq!(both, of(&[3., 5., 2.], &[-2., -4., -3.]));
    let null = both.null(Tail::Both, false).unwrap();
    assert_eq!(null.values(), [3., 3., 5.]);
    assert_eq!((null.p(3.0), null.p(3.1), null.p(6.0)), (1.0, 1.0 / 3.0, 0.0));
    assert_eq!((null.critical(0.4), null.critical(0.2)), (Some(5.0), None));
    assert_eq!(a.null(Tail::Positive, true).unwrap().values(), [1., 1., 2., 2., 3., 4.]);
    assert_eq!(a.null(Tail::Negative, false).unwrap().values(), [1., 2., 4.]);
    assert_eq!(a.scaled(|v| 2.0 * v).high, [6., 2., 4.]);
    assert!(Maxima::together(&[a, Maxima::missing(2)]).is_err());
}

#[test]
fn corrected_p_is_at_most_five_percent_in_five_percent_of_null_groups() {
    // 400 groups of noise: 20 +- 4.4 expected; outside 7..=33 with probability 0.002.
    let (n, n_voxels, groups) = (12, 60, 400);
    let exchange = Exchange::signs(n).unwrap();
    let tested =
        Tested::new(Array2::ones((n, 1)).view(), array![[1.0]].view(), &exchange, None).unwrap();
    let plan = Plan::new(&exchange, std::slice::from_ref(&tested), 200, 1).unwrap();
    let mut random = Random(77);
    let mut found = 0;
    for _ in 0..groups {
        let maps = Array2::from_shape_fn((n, n_voxels), |_| random.normal() as f32);
        let (tally, observed) = tally(&maps, &tested, &plan, 0..200);
        let p = tally.p_corrected(Tail::Both, &observed, tested.slack()).unwrap();
        found += usize::from(p.iter().any(|&p| p <= 0.05));
    }
    assert!(
        (7..=33).contains(&found),
        "{found} of {groups} groups of noise have a corrected p of .05"
    );
}
