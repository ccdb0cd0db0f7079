//! Which rearrangements a contrast has: Philox's known answers, and plans against the whole group of rearrangements by brute force.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "../common/mod.rs"]
mod common;
mod plans;

use std::collections::BTreeMap;

use boldly::stats::philox::{Words, philox4x32_10};
use boldly::stats::rearrange::{
    Exchange, Flipped, Permuted, Plan, Rearrangement, Tested, VarianceGroups,
};
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

fn groups(sizes: &[usize]) -> Array2<f64> {
    let of: Vec<usize> = sizes.iter().enumerate().flat_map(|(g, &n)| vec![g; n]).collect();
    Array2::from_shape_fn((of.len(), sizes.len()), |(row, g)| f64::from(u8::from(of[row] == g)))
}

fn beside(a: &Array2<f64>, b: &[f64]) -> Array2<f64> {
    let mut all = a.clone();
    all.push_column(ndarray::ArrayView1::from(b)).unwrap();
    all
}

fn last(p: usize) -> Array2<f64> {
    Array2::from_shape_fn((1, p), |(_, c)| f64::from(u8::from(c + 1 == p)))
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
    assert_eq!(n(std::slice::from_ref(&group)), (6, true));
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
fn every_row_that_may_come_comes_as_often_as_any_other_and_half_the_signs_flip() {
    let blocks: Vec<usize> = (0..24).map(|r| r / 4).collect();
    let age: Vec<f64> = (0..24).map(|r| f64::from(r * r % 17)).collect();
    let design = beside(&Array2::ones((24, 1)), &age);
    let n = 3000;
    for (permuted, flipped, sources) in [
        (Permuted::Within, Flipped::Rows, 4),
        (Permuted::Whole, Flipped::Blocks, 6),
        (Permuted::Both, Flipped::No, 24),
        (Permuted::No, Flipped::Rows, 1),
    ] {
        let exchange = Exchange::new(&blocks, permuted, flipped).unwrap();
        let tested = Tested::new(design.view(), last(2).view(), &exchange, None).unwrap();
        let plan = Plan::new(&exchange, &[tested], n + 1, 4).unwrap();
        let mut came = vec![[0.0; 24]; 24];
        let mut minus = [0.0; 24];
        for one in plan.batch(1..n + 1) {
            for row in 0..24 {
                came[row][one.from[row] as usize] += 1.0;
                minus[row] += f64::from(u8::from(one.sign[row] < 0));
            }
            let whole = one.sign.chunks(4).all(|b| b.iter().all(|s| *s == b[0]));
            assert!(flipped == Flipped::Rows || whole, "{permuted:?}");
        }
        let within = |count: f64, share: f64| {
            let sd = (n as f64 * share * (1.0 - share)).sqrt();
            (count - n as f64 * share).abs() <= 4.5 * sd
        };
        let share = 1.0 / f64::from(sources);
        for row in 0..24 {
            let seen: Vec<f64> = came[row].iter().copied().filter(|&c| c > 0.0).collect();
            assert_eq!(seen.len(), sources as usize, "{permuted:?}: row {row}");
            assert!(seen.iter().all(|&c| within(c, share)), "{permuted:?}: row {row}: {seen:?}");
            let flips =
                if flipped == Flipped::No { minus[row] == 0.0 } else { within(minus[row], 0.5) };
            assert!(flips, "{permuted:?}: row {row} flips {} times", minus[row]);
        }
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
