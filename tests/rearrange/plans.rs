//! Plans against the whole group of rearrangements by brute force.

use std::collections::{BTreeMap, HashSet};

use boldly::stats::rearrange::{Exchange, Flipped, Permuted, Plan, Rearrangement, Tested};
use ndarray::{Array2, array};

use crate::common::Random;
use crate::{beside, groups, last};

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
    if tested.signed { g[0] / left } else { square(&g).sqrt() / left }
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

/// A dummy a subject of two rows, and the difference of first and second.
fn paired(n: usize) -> Array2<f64> {
    let difference: Vec<f64> = (0..2 * n).map(|r| if r % 2 == 0 { 0.5 } else { -0.5 }).collect();
    beside(&groups(&vec![2; n]), &difference)
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
