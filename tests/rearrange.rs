//! Which rearrangements a contrast has: Philox's known answers, and plans against the whole group of rearrangements by brute force.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use std::collections::{BTreeMap, HashSet};

use boldly::stats::philox::{Words, philox4x32_10};
use boldly::stats::rearrange::{
    Exchange, Flipped, Permuted, Plan, Rearrangement, Tested, VarianceGroups,
};
use common::Random;
use ndarray::{Array2, array};

#[test]
fn philox_gives_random123s_known_answers() {
    let cases = [
        ([0; 4], [0; 2], [0x6627_e8d5, 0xe169_c58d, 0xbc57_ac4c, 0x9b00_dbd8]),
        ([!0; 4], [!0; 2], [0x408f_276d, 0x41c8_3b0e, 0xa20b_c7c6, 0x6d54_51fd]),
        (
            [0x243f_6a88, 0x85a3_08d3, 0x1319_8a2e, 0x0370_7344],
            [0xa409_3822, 0x299f_31d0],
            [0xd16c_fe09, 0x94fd_cceb, 0x5001_e420, 0x2412_6ea1],
        ),
    ];
    for (counter, key, want) in cases {
        assert_eq!(philox4x32_10(counter, key), want);
    }
    // The words of an index are the blocks of its counter, one after the other.
    let mut words = Words::new(0x0123_4567_89ab_cdef, 7, (5 << 32) | 9);
    let got: Vec<u32> = (0..8).map(|_| words.word()).collect();
    let block = |at| philox4x32_10([9, 5, at, 7], [0x89ab_cdef, 0x0123_4567]);
    assert_eq!(got, [block(0), block(1)].concat());
}

#[test]
fn each_order_of_four_comes_as_often_as_any_other() {
    let mut seen = BTreeMap::new();
    let n = 48_000;
    for index in 0..n {
        let mut order = [0, 1, 2, 3];
        Words::new(3, 1, index).shuffle(&mut order);
        *seen.entry(order).or_insert(0.0) += 1.0;
    }
    assert_eq!(seen.len(), 24);
    let want = n as f64 / 24.0;
    let chi2: f64 = seen.values().map(|v: &f64| (v - want).powi(2) / want).sum();
    assert!(chi2 < 49.7, "chi-square {chi2} on 23 degrees of freedom, p < .001");
}

#[test]
fn numbers_below_a_bound_are_fair_where_a_remainder_would_not_be() {
    // Of 3 x 2^30 numbers a plain product would give every third twice as often.
    let mut words = Words::new(1, 1, 0);
    let n = 30_000;
    let mut thirds = [0.0; 3];
    for _ in 0..n {
        thirds[(words.below(3 << 30) % 3) as usize] += 1.0;
    }
    for count in thirds {
        let off: f64 = count - f64::from(n) / 3.0;
        assert!(off.abs() < 4.0 * (f64::from(n) * 2.0 / 9.0).sqrt(), "{thirds:?}");
    }
}

/// All rearrangements that single steps lead to.
fn whole_group(block_of: &[usize], permuted: Permuted, flipped: Flipped) -> Vec<Rearrangement> {
    let n = block_of.len();
    let identity = Rearrangement::identity(n);
    let rows_of = |b: usize| (0..n).filter(|&r| block_of[r] == b).collect::<Vec<_>>();
    let n_blocks = block_of.iter().max().unwrap() + 1;
    let mut steps = Vec::new();
    for a in 0..n {
        for b in 0..a {
            if matches!(permuted, Permuted::Within | Permuted::Both) && block_of[a] == block_of[b] {
                let mut step = identity.clone();
                step.from.swap(a, b);
                steps.push(step);
            }
        }
        if flipped == Flipped::Rows {
            let mut step = identity.clone();
            step.sign[a] = -1;
            steps.push(step);
        }
    }
    for a in 0..n_blocks {
        for b in 0..a {
            let (rows_a, rows_b) = (rows_of(a), rows_of(b));
            if matches!(permuted, Permuted::Whole | Permuted::Both) && rows_a.len() == rows_b.len()
            {
                let mut step = identity.clone();
                rows_a.iter().zip(&rows_b).for_each(|(&a, &b)| step.from.swap(a, b));
                steps.push(step);
            }
        }
        if flipped == Flipped::Blocks {
            let mut step = identity.clone();
            rows_of(a).into_iter().for_each(|row| step.sign[row] = -1);
            steps.push(step);
        }
    }
    let key = |r: &Rearrangement| (r.from.clone(), r.sign.clone());
    let mut seen = HashSet::from([key(&identity)]);
    let mut all = vec![identity];
    let mut at = 0;
    while at < all.len() {
        for step in &steps {
            let next = Rearrangement {
                from: step.from.iter().map(|&f| all[at].from[f as usize]).collect(),
                sign: (0..n).map(|j| step.sign[j] * all[at].sign[step.from[j] as usize]).collect(),
            };
            if seen.insert(key(&next)) {
                all.push(next);
            }
        }
        at += 1;
    }
    all
}

/// The score by its equation, of a vector without the nuisance in it.
fn score(tested: &Tested, u: &[f64], one: &Rearrangement) -> f64 {
    let y: Vec<f64> =
        one.from.iter().zip(&one.sign).map(|(&f, &s)| f64::from(s) * u[f as usize]).collect();
    let on = |columns: &Array2<f64>| -> Vec<f64> {
        let dot = |c: ndarray::ArrayView1<f64>| c.iter().zip(&y).map(|(a, b)| a * b).sum();
        columns.columns().into_iter().map(dot).collect()
    };
    let square = |v: &[f64]| v.iter().map(|v| v * v).sum::<f64>();
    // All of the nuisance, those directions that are kept, too.
    let (g, h) = (on(&tested.effect), on(&tested.nuisance));
    let left = (square(&y) - square(&h)).sqrt();
    if tested.has_sign() { g[0] / left } else { square(&g).sqrt() / left }
}

/// Random data without the nuisance, of unit length.
fn residual(tested: &Tested, random: &mut Random) -> Vec<f64> {
    let y: Vec<f64> = (0..tested.n_rows()).map(|_| random.normal()).collect();
    let mut r = y.clone();
    for column in tested.nuisance.columns() {
        let on: f64 = column.iter().zip(&y).map(|(a, b)| a * b).sum();
        r.iter_mut().zip(column).for_each(|(r, c)| *r -= on * c);
    }
    let length = r.iter().map(|v| v * v).sum::<f64>().sqrt();
    r.iter().map(|v| v / length).collect()
}

/// Scores, rounded so that equal ones are equal, and how often each occurs.
fn tally(scores: impl Iterator<Item = f64>) -> BTreeMap<i64, usize> {
    let mut all = BTreeMap::new();
    scores.for_each(|s| *all.entry((s * 1e9).round() as i64).or_insert(0) += 1);
    all
}

struct Case {
    name: &'static str,
    blocks: Vec<usize>,
    permuted: Permuted,
    flipped: Flipped,
    design: Array2<f64>,
    weights: Array2<f64>,
    /// Rearrangements computed; whether they stand for mirror images.
    want: (u64, bool),
}

fn groups(sizes: &[usize]) -> Array2<f64> {
    let of: Vec<usize> = sizes.iter().enumerate().flat_map(|(g, &n)| vec![g; n]).collect();
    Array2::from_shape_fn((of.len(), sizes.len()), |(row, g)| f64::from(u8::from(of[row] == g)))
}

fn beside(a: &Array2<f64>, b: &[f64]) -> Array2<f64> {
    let mut all = a.clone();
    all.push_column(ndarray::ArrayView1::from(b)).unwrap();
    all
}

/// A dummy a subject of two rows, and the difference of first and second.
fn paired(n: usize) -> Array2<f64> {
    let difference: Vec<f64> = (0..2 * n).map(|r| if r % 2 == 0 { 0.5 } else { -0.5 }).collect();
    beside(&groups(&vec![2; n]), &difference)
}

fn last(p: usize) -> Array2<f64> {
    Array2::from_shape_fn((1, p), |(_, c)| f64::from(u8::from(c + 1 == p)))
}

fn cases() -> Vec<Case> {
    let none = |n: usize| vec![0; n];
    let pairs = |n: usize| (0..2 * n).map(|r| r / 2).collect::<Vec<_>>();
    let two = array![[1.0, -1.0]];
    let (no, rows) = (Flipped::No, Flipped::Rows);
    let case = |name, blocks, (permuted, flipped), design, weights, want| Case {
        name,
        blocks,
        permuted,
        flipped,
        design,
        weights,
        want,
    };
    let three = array![[1.0, -1.0, 0.0], [0.0, 1.0, -1.0]];
    let ones = |n: usize| Array2::ones((n, 1));
    let age = [0.3, -1.2, 0.8, 0.1, 2.0, -0.7];
    let halves = [1., 1., 1., -1., -1., -1.];
    // A group a site: the sites' sizes differ.
    let sites =
        beside(&beside(&ones(6), &[1., 1., -1., -1., 1., -1.]), &[1., 1., 1., 1., -1., -1.]);
    let visits: Vec<f64> = (0..8).map(|r| if r < 4 { 1.0 } else { -1.0 }).collect();
    vec![
        case("mean", none(6), (Permuted::No, rows), ones(6), array![[1.0]], (32, true)),
        case("3 and 3", none(6), (Permuted::Within, no), groups(&[3, 3]), two.clone(), (10, true)),
        case("3 and 4", none(7), (Permuted::Within, no), groups(&[3, 4]), two.clone(), (35, false)),
        case(
            "3 and 3, age",
            none(6),
            (Permuted::Within, no),
            beside(&groups(&[3, 3]), &age),
            array![[1.0, -1.0, 0.0]],
            (720, false),
        ),
        case("age", none(6), (Permuted::Within, no), beside(&ones(6), &age), last(2), (720, false)),
        case(
            "three groups",
            none(6),
            (Permuted::Within, no),
            groups(&[2, 2, 2]),
            three.clone(),
            (15, false),
        ),
        case(
            "groups of 1, 2, 3",
            none(6),
            (Permuted::Within, no),
            groups(&[1, 2, 3]),
            three,
            (60, false),
        ),
        case(
            "mean, age",
            none(5),
            (Permuted::No, rows),
            beside(&ones(5), &age[..5]),
            array![[1.0, 0.0]],
            (16, true),
        ),
        case(
            "age, signs too",
            none(5),
            (Permuted::Within, rows),
            beside(&ones(5), &age[..5]),
            last(2),
            (120 * 16, true),
        ),
        case(
            "halves, signs too",
            none(6),
            (Permuted::Within, rows),
            beside(&Array2::zeros((6, 0)), &halves),
            array![[1.0]],
            (32, true),
        ),
        case("paired", pairs(4), (Permuted::Within, no), paired(4), last(5), (8, true)),
        case(
            "sites",
            none(6),
            (Permuted::Within, no),
            sites.clone(),
            array![[0.0, 1.0, 0.0]],
            (90, true),
        ),
        case(
            "groups within sites",
            vec![0, 0, 0, 0, 1, 1],
            (Permuted::Within, no),
            sites,
            array![[0.0, 1.0, 0.0]],
            (6, true),
        ),
        case(
            "whole blocks",
            pairs(4),
            (Permuted::Whole, no),
            groups(&[4, 4]),
            two.clone(),
            (3, true),
        ),
        case(
            "whole blocks, signs",
            pairs(3),
            (Permuted::Whole, Flipped::Blocks),
            beside(&ones(6), &[1., 2., -1., 0.5, 0., 1.]),
            last(2),
            (24, true),
        ),
        case("both", pairs(3), (Permuted::Both, no), beside(&ones(6), &age), last(2), (48, false)),
        case(
            "both, alike",
            pairs(3),
            (Permuted::Both, no),
            beside(&ones(6), &[1., 2., 2., 1., 0., 1.]),
            last(2),
            (24, false),
        ),
        case(
            "blocks of 1 and 2",
            vec![0, 0, 1, 1, 2, 3],
            (Permuted::Whole, no),
            beside(&ones(6), &age),
            last(2),
            (4, false),
        ),
        case(
            "within, signs of blocks",
            pairs(3),
            (Permuted::Within, Flipped::Blocks),
            beside(&Array2::zeros((6, 0)), &[1., -1., 1., -1., 2., 1.]),
            last(1),
            (8, true),
        ),
        case(
            "visits",
            vec![0, 1, 2, 3, 0, 1, 2, 3],
            (Permuted::Within, no),
            beside(&ones(8), &visits),
            last(2),
            (8, true),
        ),
        case(
            "both, mirrored",
            pairs(2),
            (Permuted::Both, no),
            beside(&ones(4), &[1., -1., 2., -2.]),
            last(2),
            (4, true),
        ),
    ]
}

#[test]
fn a_plan_gives_each_statistic_of_the_whole_group_once_and_all_equally_often() {
    for case in cases() {
        let exchange = Exchange::new(&case.blocks, case.permuted, case.flipped).unwrap();
        let name = case.name;
        let tested = Tested::new(case.design.view(), case.weights.view(), &exchange, None).unwrap();
        let group = whole_group(&case.blocks, case.permuted, case.flipped);
        assert_eq!(exchange.possible().exact, Some(group.len() as u128), "{name}: possible");
        let plan = Plan::new(&exchange, std::slice::from_ref(&tested), 5000, 1).unwrap();
        assert_eq!((plan.n(), plan.mirrored()), case.want, "{name}");
        assert!(plan.exhaustive(), "{name}");
        assert_eq!(plan.get(0), Rearrangement::identity(case.blocks.len()), "{name}");
        let known: HashSet<_> = group.iter().map(|r| (r.from.clone(), r.sign.clone())).collect();
        let u = residual(&tested, &mut Random(5));
        let all = tally(group.iter().map(|one| score(&tested, &u, one)));
        let mine = plan.batch(0..plan.n());
        assert!(mine.iter().all(|r| known.contains(&(r.from.clone(), r.sign.clone()))), "{name}");
        let own = mine.iter().map(|one| score(&tested, &u, one));
        let mirror = if case.want.1 { own.clone().map(|s| -s).collect() } else { Vec::new() };
        let own = tally(own.chain(mirror));
        let repeats = group.len() / plan.stands_for() as usize;
        let times: BTreeMap<i64, usize> = own.iter().map(|(s, n)| (*s, n * repeats)).collect();
        // Data without the nuisance have equal statistics beyond those of the rows, where the nuisance moves.
        let most = if tested.moved.ncols() == 0 { 1 } else { 2 };
        assert!(own.values().all(|&n| n <= most), "{name}: a statistic comes twice");
        assert!(times == all, "{name}: {} statistics for {} of the group", times.len(), all.len());
    }
}

#[test]
fn contrasts_tested_together_share_rearrangements_that_any_of_them_tells_apart() {
    // Two groups and a covariate: neither the mirror image of one nor the other's repeats are left out.
    let design = beside(&groups(&[2, 2]), &[0.0, 1.0, 0.0, 1.0]);
    let exchange = Exchange::rows(4).unwrap();
    let of = |w: Array2<f64>| Tested::new(design.view(), w.view(), &exchange, None).unwrap();
    let (group, covariate) = (of(array![[1., -1., 0.]]), of(array![[0., 0., 1.]]));
    let n = |tested: &[Tested]| {
        let plan = Plan::new(&exchange, tested, 5000, 1).unwrap();
        (plan.n(), plan.mirrored())
    };
    // Four classes of rows; both contrasts change sign together, or their nuisance does and t stays.
    assert_eq!(n(&[group.clone()]), (6, true));
    assert_eq!(n(&[group, covariate]), (12, true));
}

#[test]
fn directions_that_every_rearrangement_keeps_are_dropped_from_the_nuisance() {
    let kept = |blocks: &[usize], permuted, flipped, design: &Array2<f64>| {
        let exchange = Exchange::new(blocks, permuted, flipped).unwrap();
        let weights = last(design.ncols());
        Tested::new(design.view(), weights.view(), &exchange, None).unwrap().moved.ncols()
    };
    let age = [0.3, -1.2, 0.8, 0.1, 2.0, -0.7];
    let mean = beside(&Array2::ones((6, 1)), &age);
    assert_eq!(kept(&[0; 6], Permuted::Within, Flipped::No, &mean), 0);
    assert_eq!(kept(&[0; 6], Permuted::Within, Flipped::Rows, &mean), 1);
    let pairs = [0, 0, 1, 1, 2, 2];
    let dummies = beside(&groups(&[2, 2, 2]), &age);
    assert_eq!(kept(&pairs, Permuted::Within, Flipped::No, &dummies), 0);
    assert_eq!(kept(&pairs, Permuted::Within, Flipped::Blocks, &dummies), 0);
    assert_eq!(kept(&pairs, Permuted::Whole, Flipped::No, &dummies), 0);
    assert_eq!(kept(&[0; 6], Permuted::Within, Flipped::No, &dummies), 2);
    // First against second rows are kept by exchange of whole blocks, not of rows.
    let halves = beside(&beside(&Array2::ones((6, 1)), &[1., -1., 1., -1., 1., -1.]), &age);
    assert_eq!(kept(&pairs, Permuted::Whole, Flipped::No, &halves), 0);
    assert_eq!(kept(&pairs, Permuted::Both, Flipped::No, &halves), 1);
}

#[test]
fn random_rearrangements_depend_on_seed_and_number_alone_and_stay_in_their_blocks() {
    let blocks: Vec<usize> = (0..24).map(|r| r / 4).collect();
    let design =
        beside(&Array2::ones((24, 1)), &(0..24).map(|r| f64::from(r * r % 17)).collect::<Vec<_>>());
    let plan = |permuted, seed| {
        let exchange = Exchange::new(&blocks, permuted, Flipped::Rows).unwrap();
        let tested = Tested::new(design.view(), last(2).view(), &exchange, None).unwrap();
        Plan::new(&exchange, &[tested], 100, seed).unwrap()
    };
    let within = plan(Permuted::Within, 7);
    assert!(!within.exhaustive() && !within.mirrored());
    assert_eq!((within.n(), within.get(0)), (100, Rearrangement::identity(24)));
    assert_eq!(within.batch(40..50), within.batch(0..100)[40..50]);
    assert_ne!(within.get(1), plan(Permuted::Within, 8).get(1));
    for one in within.batch(1..100) {
        assert!(one.from.iter().enumerate().all(|(j, &f)| j / 4 == f as usize / 4));
        let mut sorted = one.from.clone();
        sorted.sort_unstable();
        assert_eq!(sorted, (0..24).collect::<Vec<_>>());
        assert_ne!(one, Rearrangement::identity(24));
    }
    for one in plan(Permuted::Whole, 7).batch(1..100) {
        assert!(
            one.from.chunks(4).all(|b| b[0] % 4 == 0 && b.windows(2).all(|w| w[1] == w[0] + 1))
        );
    }
}

#[test]
fn counts_beyond_128_bits_keep_their_logarithm() {
    let exchange = Exchange::rows(200).unwrap();
    let possible = exchange.possible();
    assert_eq!(possible.exact, None);
    let want: f64 = (1..=200).map(|k| f64::from(k).ln()).sum();
    assert!((possible.ln - want).abs() < 1e-9 * want, "{} for {want}", possible.ln);
    assert_eq!(possible.to_string(), "7.9e374");
    let tested = Tested::new(groups(&[100, 100]).view(), array![[1., -1.]].view(), &exchange, None);
    let plan = Plan::new(&exchange, &[tested.unwrap()], 5000, 1).unwrap();
    assert!(!plan.exhaustive());
    // 200! / 100!² / 2: about 4.53e58.
    assert_eq!(plan.distinct().to_string(), "4.5e58");
}

#[test]
fn what_no_rearrangement_changes_is_refused_with_the_reason() {
    let refused =
        |blocks: &[usize], permuted, flipped, design: &Array2<f64>, weights: Array2<f64>| {
            let exchange = Exchange::new(blocks, permuted, flipped).unwrap();
            let tested = Tested::new(design.view(), weights.view(), &exchange, None).unwrap();
            Plan::new(&exchange, &[tested], 5000, 1).unwrap_err().to_string()
        };
    let ones = Array2::ones((6, 1));
    let said = refused(&[0; 6], Permuted::Within, Flipped::No, &ones, array![[1.0]]);
    assert!(said.contains("a mean needs sign flips"), "{said}");
    let pairs = [0, 0, 1, 1, 2, 2];
    let between = beside(&ones, &[1., 1., -1., -1., 0., 0.]);
    let said = refused(&pairs, Permuted::Within, Flipped::No, &between, last(2));
    assert!(said.contains("exchange whole blocks"), "{said}");
    let within = beside(&ones, &[1., -1., 1., -1., 1., -1.]);
    let said = refused(&pairs, Permuted::Whole, Flipped::No, &within, last(2));
    assert!(said.contains("exchange rows within blocks"), "{said}");
    let said = refused(&[0; 6], Permuted::No, Flipped::No, &between, last(2));
    assert!(said.contains("forbids every rearrangement"), "{said}");
    // One subject a group and no more: the mirror image alone.
    let two = beside(&Array2::ones((3, 1)), &[1., -1., 0.]);
    let said = refused(&[0, 0, 1], Permuted::Within, Flipped::No, &two, last(2));
    assert!(said.contains("leaves the contrast as it is"), "{said}");
}

#[test]
fn a_contrast_that_cannot_be_tested_is_refused() {
    let exchange = Exchange::rows(4).unwrap();
    let refused = |design: &Array2<f64>, weights: Array2<f64>, variances| {
        Tested::new(design.view(), weights.view(), &exchange, variances).unwrap_err().to_string()
    };
    let twice = beside(&groups(&[2, 2]), &[1.0; 4]);
    assert!(refused(&twice, array![[0., 0., 1.]], None).contains("cannot be estimated"));
    assert!(refused(&twice, array![[0., 0., 0.]], None).contains("zero throughout"));
    assert!(
        refused(&groups(&[1; 4]), array![[1., -1., 0., 0.]], None).contains("rank 4 for 4 rows")
    );
    let uneven = VarianceGroups::new(&[9, 9, 9, 4]);
    assert_eq!(uneven.group_of, [1, 1, 1, 0]);
    let said = refused(&groups(&[3, 1]), array![[1., -1.]], Some(uneven.clone()));
    assert!(said.contains("variance group 1 has no degree of freedom"), "{said}");
    let said = refused(&groups(&[2, 2]), array![[1., 0.], [0., 1.]], Some(uneven));
    assert!(said.contains("rank 2"), "{said}");
}

#[test]
fn blocks_of_other_sizes_are_said_to_stay() {
    let of = |blocks: &[usize], permuted| {
        Exchange::new(blocks, permuted, Flipped::No).unwrap().remarks()
    };
    assert!(of(&[0, 0, 1, 1], Permuted::Whole).is_empty());
    assert!(of(&[0, 0, 1], Permuted::Within).is_empty());
    let said = of(&[0, 0, 1, 1, 2], Permuted::Both).join("");
    assert!(said.contains("1 of 1 rows, 2 of 2 rows") && said.contains("1 of them stay"), "{said}");
}
