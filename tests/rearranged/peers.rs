//! Against nilearn and numpy (golden: tests/oracles/rearranged.py).

use boldly::kernels::rearranged::Wanted;
use boldly::stats::permuted::{Tail, Tally};
use boldly::stats::rearrange::{
    Exchange, Flipped, Permuted, Rearrangement, Tested, VarianceGroups,
};
use ndarray::Array2;
use serde::Deserialize;

use crate::common::{assert_close, shared, wide};
use crate::run;

#[derive(Deserialize)]
struct Golden {
    maps: Vec<Vec<f32>>,
    cases: Vec<Case>,
    group_nii: Group,
}

#[derive(Deserialize)]
struct Case {
    name: String,
    design: Vec<Vec<f64>>,
    q: usize,
    groups: Option<Vec<usize>>,
    moves: Vec<Move>,
    #[serde(default)]
    t: Vec<f64>,
    #[serde(default)]
    max_t: Vec<f64>,
    #[serde(default)]
    logp: Vec<f64>,
    #[serde(default)]
    stat: Vec<Vec<f64>>,
}

#[derive(Deserialize)]
struct Move {
    from: Vec<u32>,
    sign: Vec<i8>,
}

#[derive(Deserialize)]
struct Group {
    signs: Vec<String>,
    max_t: Vec<f64>,
    voxels: Vec<usize>,
    t: Vec<f64>,
    logp: Vec<f64>,
}

fn golden() -> Golden {
    let path =
        std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/goldens/rearranged.json");
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

/// t of the identity, the largest |t| of each rearrangement and -log10 of the corrected p, as nilearn has them.
fn as_nilearn(maps: &Array2<f32>, tested: &Tested, moves: Vec<Rearrangement>) -> [Vec<f64>; 3] {
    let mut all = vec![Rearrangement::identity(maps.nrows())];
    all.extend(moves);
    let done = run(maps, tested, &all, 17, Wanted::Counts);
    let mut tally = Tally::new(all.len() as u64, false, maps.ncols());
    for (at, batch) in done.batches.iter().enumerate() {
        tally.maxima.put(17 * at as u64, &batch.high, &batch.low).unwrap();
    }
    let p = tally.p_corrected(Tail::Both, &done.observed, tested.slack()).unwrap();
    let maxima = tally.maxima.high.iter().zip(&tally.maxima.low).skip(1);
    [
        done.observed.iter().map(|&score| tested.statistic(f64::from(score))).collect(),
        maxima.map(|(high, low)| tested.statistic(high.max(-low))).collect(),
        p.iter().map(|p| -p.log10()).collect(),
    ]
}

#[test]
fn statistics_and_corrected_p_are_nilearns_and_numpys_for_the_same_rearrangements() {
    let golden = golden();
    let (n, n_voxels) = (golden.maps.len(), golden.maps[0].len());
    let maps = Array2::from_shape_fn((n, n_voxels), |(row, voxel)| golden.maps[row][voxel]);
    // Whatever moves: both rows and signs.
    let exchange = Exchange::new(&vec![0; n], Permuted::Within, Flipped::Rows).unwrap();
    assert_eq!(golden.cases.len(), 5);
    for case in golden.cases {
        let p = case.design[0].len();
        let design = Array2::from_shape_fn((n, p), |(row, column)| case.design[row][column]);
        let weights = Array2::from_shape_fn((case.q, p), |(k, column)| {
            f64::from(u8::from(column == p - case.q + k))
        });
        let variances = case.groups.as_deref().map(VarianceGroups::new);
        let tested = Tested::new(design.view(), weights.view(), &exchange, variances).unwrap();
        let moves = case.moves.into_iter();
        let moves: Vec<_> = moves.map(|m| Rearrangement { from: m.from, sign: m.sign }).collect();
        let name = &case.name;
        if case.stat.is_empty() {
            let [t, max_t, logp] = as_nilearn(&maps, &tested, moves);
            assert_close(&format!("{name}: t"), &t, &case.t, 1e-5, 1e-5);
            assert_close(&format!("{name}: max t"), &max_t, &case.max_t, 1e-5, 1e-5);
            assert_close(&format!("{name}: p"), &logp, &case.logp, 1e-9, 1e-9);
        } else {
            let done = run(&maps, &tested, &moves, 4, Wanted::Statistics);
            let got: Vec<f64> = done.batches.iter().flat_map(|b| wide(&b.statistics)).collect();
            assert_close(name, &got, &case.stat.concat(), 2e-5, 1e-5);
        }
    }
}

#[test]
fn one_sample_corrected_p_of_the_oracles_forty_subjects_is_nilearns() {
    let folder = "../oracles/glm/data_small";
    let read = |name: &str| Some(std::fs::read(shared(&format!("{folder}/{name}"))?).unwrap());
    let (Some(group), Some(mask)) = (read("group.nii"), read("mask.nii")) else { return };
    let short =
        |image: &[u8], at: usize| usize::from(u16::from_le_bytes([image[at], image[at + 1]]));
    assert_eq!((short(&group, 70), short(&mask, 70)), (16, 2), "float32 maps, a mask of bytes");
    let n_grid: usize = [42, 44, 46].iter().map(|&at| short(&mask, at)).product();
    let places: Vec<usize> = (0..n_grid).filter(|v| mask[352 + v] > 0).collect();
    let maps = Array2::from_shape_fn((short(&group, 48), places.len()), |(subject, voxel)| {
        let at = 352 + 4 * (subject * n_grid + places[voxel]);
        f32::from_le_bytes(group[at..at + 4].try_into().unwrap())
    });
    let n = maps.nrows();
    let exchange = Exchange::signs(n).unwrap();
    let ones = Array2::ones((n, 1));
    let tested = Tested::new(ones.view(), Array2::ones((1, 1)).view(), &exchange, None).unwrap();
    let want = golden().group_nii;
    let moves = want.signs.iter().map(|signs| Rearrangement {
        from: (0..n as u32).collect(),
        sign: signs.chars().map(|c| if c == '+' { 1 } else { -1 }).collect(),
    });
    let [t, max_t, logp] = as_nilearn(&maps, &tested, moves.collect());
    let some = |all: &[f64]| want.voxels.iter().map(|&v| all[v]).collect::<Vec<_>>();
    assert_close("t", &some(&t), &want.t, 2e-5, 1e-5);
    assert_close("largest |t|", &max_t, &want.max_t, 2e-5, 1e-5);
    assert_close("-log10 p", &some(&logp), &want.logp, 1e-9, 1e-9);
}
