//! Clusters, their peaks, and threshold-free cluster enhancement: against scipy.ndimage, nilearn and MNE (tests/oracles/clusters.py), a flood fill
//! over steps, and their properties.
#![allow(clippy::unwrap_used, reason = "tests")]

mod common;

use boldly::stats::clusters::{
    Cluster, Connectivity, Labeller, Neighbours, PeakRule, Tail, clusters,
};
use boldly::stats::tfce::{Convention, Greatest, Rule, Tails, Tfce};
use common::{Random, assert_close, numbers, random_mask};
use serde_json::Value;

fn golden() -> Value {
    serde_json::from_str(include_str!("goldens/clusters.json")).unwrap()
}

fn touch(n: &Value) -> Connectivity {
    match n.as_u64().unwrap() {
        6 => Connectivity::Faces,
        18 => Connectivity::Edges,
        26 => Connectivity::Corners,
        other => panic!("{other} neighbours"),
    }
}

fn neighbours(case: &Value, connectivity: Connectivity) -> Neighbours {
    let shape: Vec<usize> = numbers(&case["shape"]).iter().map(|&v| v as usize).collect();
    let places: Vec<u32> = numbers(&case["places"]).iter().map(|&v| v as u32).collect();
    Neighbours::new(shape.try_into().unwrap(), &places, connectivity).unwrap()
}

/// A whole grid without a mask.
fn grid(shape: [usize; 3], connectivity: Connectivity) -> Neighbours {
    let places: Vec<u32> = (0..shape.iter().product::<usize>() as u32).collect();
    Neighbours::new(shape, &places, connectivity).unwrap()
}

fn rule() -> PeakRule {
    PeakRule::new([3.0; 3])
}

#[test]
fn extents_masses_and_centres_equal_scipys_labels_for_6_18_and_26_neighbours() {
    let golden = golden();
    let mut n_clusters = 0;
    for case in golden["cases"].as_array().unwrap() {
        let map = numbers(&case["map"]);
        for asked in case["clusters"].as_array().unwrap() {
            let neighbours = neighbours(case, touch(&asked["touch"]));
            let tail = if asked["sign"] == 1 { Tail::Upper } else { Tail::Lower };
            let threshold = asked["threshold"].as_f64().unwrap();
            let mut got: Vec<Vec<f64>> = clusters(&neighbours, &map, tail, threshold, &rule())
                .into_iter()
                .map(|Cluster { voxels, mass, centre: [i, j, k], .. }| {
                    let first = f64::from(neighbours.places()[voxels[0] as usize]);
                    vec![first, voxels.len() as f64, mass, i, j, k]
                })
                .collect();
            got.sort_by(|a, b| a[0].total_cmp(&b[0]));
            let want: Vec<Vec<f64>> =
                asked["found"].as_array().unwrap().iter().map(numbers).collect();
            assert_close(&format!("{asked:.60}"), &got.concat(), &want.concat(), 1e-7, 1e-7);
            n_clusters += want.len();
            // What permutations count by.
            let largest = Labeller::new(&neighbours).largest(&map, tail, threshold);
            let most = |at: usize| want.iter().map(|c| c[at]).fold(0.0, f64::max);
            assert_eq!(f64::from(largest.extent), most(1));
            assert!((largest.mass - most(2)).abs() < 1e-5, "{largest:?}");
        }
    }
    assert!(n_clusters > 60, "{n_clusters} clusters");
}

#[test]
fn a_voxel_at_the_threshold_is_in_no_cluster_and_neither_is_one_without_a_value() {
    let line = grid([7, 1, 1], Connectivity::Faces);
    let map = [2.0_f32, 3.0, 2.0, 2.5, f32::NAN, 4.0, f32::INFINITY];
    let mut labeller = Labeller::new(&line);
    let extents = |labeller: &mut Labeller, threshold| -> Vec<u32> {
        let all = labeller.measure(&map, Tail::Upper, threshold);
        all.iter().map(|cluster| cluster.extent).collect()
    };
    assert_eq!(extents(&mut labeller, 2.0), [1, 1, 2]);
    assert_eq!(extents(&mut labeller, 1.9), [4, 2]);
    assert_eq!(extents(&mut labeller, 2.9), [1, 2], "scratch is reused");
    assert_eq!(extents(&mut labeller, f64::INFINITY), [0; 0]);
    assert!(labeller.measure(&map, Tail::Lower, 0.0).is_empty());
    let all = clusters(&line, &map, Tail::Upper, 2.0, &rule());
    assert_eq!(all[0].peaks[0].voxel, 6, "the infinite one is first");
    assert_eq!(all[0].centre, [5.5, 0.0, 0.0]);
}

#[test]
fn peaks_are_told_from_the_highest_down_each_8_mm_from_the_others_and_at_most_three() {
    let line = grid([40, 1, 1], Connectivity::Faces);
    let mut map = vec![1.0_f32; 40];
    // 3 mm voxels: 8 mm are 3 voxels. 12 is too near to 10; 13 is not, and equals 30; 38 would be the fourth.
    for (at, t) in [(10, 9.0), (12, 8.0), (14, 6.0), (30, 6.0), (38, 5.0)] {
        map[at] = t;
    }
    let all = clusters(&line, &map, Tail::Upper, 0.5, &rule());
    let told: Vec<usize> = all[0].peaks.iter().map(|peak| peak.at[0]).collect();
    assert_eq!(told, [10, 14, 30]);
    let near = PeakRule { apart_mm: 6.0, at_most: 9, ..rule() };
    let all = clusters(&line, &map, Tail::Upper, 0.5, &near);
    let told: Vec<usize> = all[0].peaks.iter().map(|peak| peak.at[0]).collect();
    assert_eq!(told[..5], [10, 12, 14, 30, 38]);
    let lower: Vec<f32> = map.iter().map(|t| -t).collect();
    let all = clusters(&line, &lower, Tail::Lower, 0.5, &rule());
    assert_eq!(all[0].peaks[0].statistic, -9.0);
    // Of a plateau the first voxel is the peak.
    let flat =
        clusters(&line, &[1.0_f64; 40], Tail::Upper, 0.5, &PeakRule { at_most: 1, ..rule() });
    assert_eq!((flat.len(), flat[0].peaks[0].voxel, flat[0].peaks.len()), (1, 0, 1));
    let all = PeakRule { apart_mm: 0.0, at_most: 99, ..rule() };
    assert_eq!(clusters(&line, &[1.0_f64; 40], Tail::Upper, 0.5, &all)[0].peaks.len(), 1);
    // Weights of both signs would make no mean.
    let mixed = [-1.0_f64; 40];
    assert_eq!(clusters(&line, &mixed, Tail::Upper, -2.0, &rule())[0].centre, [19.5, 0.0, 0.0]);
    let mut of_both = mixed;
    of_both[39] = 38.0;
    assert_eq!(clusters(&line, &of_both, Tail::Upper, -2.0, &rule())[0].centre[0], 19.5);
}

#[test]
fn clusters_come_by_their_peaks_and_an_edge_of_the_grid_joins_nothing() {
    let plane = grid([4, 3, 1], Connectivity::Corners);
    // The last of one row and the first of the next lie beside each other in memory alone.
    let map = [0.0, 0.0, 0.0, 5.0, 7.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 6.0];
    let firsts: Vec<u32> =
        clusters(&plane, &map, Tail::Upper, 1.0, &rule()).iter().map(|c| c.voxels[0]).collect();
    assert_eq!(firsts, [4, 11, 3]);
}

#[test]
fn places_that_are_no_list_of_the_grids_are_refused() {
    for (shape, places) in [
        ([2, 2, 2], vec![1, 1]),
        ([2, 2, 2], vec![3, 2]),
        ([2, 2, 2], vec![8]),
        ([1 << 11; 3], vec![0]),
    ] {
        let error = Neighbours::new(shape, &places, Connectivity::Faces).unwrap_err();
        assert!(error.to_string().contains("voxels"), "{error}");
    }
    let none = Neighbours::new([2, 2, 2], &[], Connectivity::Faces).unwrap();
    assert!(clusters(&none, &[0.0_f32; 0], Tail::Upper, 1.0, &rule()).is_empty());
    let greatest = Tfce::new(&none, Rule::default()).greatest(&[0.0_f32; 0], Tails::Both);
    assert_eq!(greatest, Greatest::default());
}

#[test]
fn the_integral_is_that_of_4000_steps_and_the_nilearn_steps_are_nilearns() {
    for case in golden()["cases"].as_array().unwrap() {
        let map = numbers(&case["map"]);
        let narrow: Vec<f32> = map.iter().map(|&t| t as f32).collect();
        for asked in case["tfce"].as_array().unwrap() {
            let neighbours = neighbours(case, touch(&asked["touch"]));
            let [extent, height] = ["e", "h"].map(|name| asked[name].as_f64().unwrap());
            let mut got = vec![f64::NAN; map.len()];
            let exact = Rule { extent, height, convention: Convention::Exact };
            let want = numbers(&asked["exact"]);
            let scale = want.iter().fold(0.0_f64, |most, v| most.max(v.abs()));
            let mut tfce = Tfce::new(&neighbours, exact);
            let greatest = tfce.enhance(&map, Tails::Both, &mut got);
            assert_close("the integral", &got, &want, 1e-3, 1e-4 * scale);
            let most = |sign: f64| got.iter().map(|v| sign * v).fold(0.0, f64::max);
            assert_eq!((greatest.upper, greatest.lower), (most(1.0), most(-1.0)));
            assert_eq!(tfce.greatest(&map, Tails::Both), greatest, "scratch is reused");
            let of_narrow = tfce.enhance(&narrow, Tails::Upper, &mut got);
            assert!((of_narrow.upper / greatest.upper - 1.0).abs() < 1e-6);
            assert_eq!(of_narrow.lower, 0.0);
            assert!(got.iter().all(|&v| v >= 0.0));

            let mut steps =
                Tfce::new(&neighbours, Rule { convention: Convention::Nilearn, ..exact });
            for (name, tails) in [("upper", Tails::Upper), ("both", Tails::Both)] {
                // As float32, which the map is: a level is then reached or not as it is there.
                let _ = steps.enhance(&narrow, tails, &mut got);
                assert_close(name, &got, &numbers(&asked["nilearn"][name]), 1e-7, 1e-9 * scale);
            }
        }
    }
}

#[test]
fn steps_of_a_hundredth_of_20_times_the_step_are_mnes_map() {
    let golden = golden();
    let mne = &golden["mne"];
    let (neighbours, map) = (neighbours(mne, Connectivity::Faces), numbers(&mne["map"]));
    let convention = Convention::Fsl { upper: 20.0, lower: 20.0 };
    let mut tfce = Tfce::new(&neighbours, Rule { convention, ..Rule::default() });
    let mut got = vec![0.0; map.len()];
    let _ = tfce.enhance(&map, Tails::Both, &mut got);
    got.iter_mut().for_each(|v| *v *= 0.2);
    assert_close("MNE", &got, &numbers(&mne["tfce"]), 1e-8, 1e-12);
}

#[test]
fn fsl_steps_follow_the_observed_map_and_go_on_beyond_it() {
    let line = grid([3, 1, 1], Connectivity::Faces);
    let of = |upper: f64, map: [f64; 3]| {
        let convention = Convention::Fsl { upper, lower: 0.0 };
        let mut tfce = Tfce::new(&line, Rule { convention, ..Rule::default() });
        tfce.greatest(&map, Tails::Both)
    };
    // Steps of 0.02: 2 is the hundredth, sum of (0.02 k)^2 = 0.0004 * 338350; 3 is the 150th, 1136275.
    let two = of(2.0, [2.0, -5.0, 1.99]);
    assert!((two.upper - 0.0004 * 338_350.0).abs() < 1e-9, "{two:?}");
    assert_eq!(two.lower, 0.0, "no step where the observed map has no lower tail");
    assert!((of(2.0, [3.0, 0.0, 1.0]).upper - 0.0004 * 1_136_275.0).abs() < 1e-8);
    // A height that is a step's reaches it, whatever rounding does to its number.
    for upper in [0.1, 0.9, 1.1, 1.7, 2.9, 4.9] {
        let mut sum = 0.0;
        for k in 1..=130 {
            let height = if k == 100 { upper } else { f64::from(k) * (upper / 100.0) };
            sum += height * height;
            let got = of(upper, [height, 0.0, -1.0]).upper;
            assert!((got / sum - 1.0).abs() < 1e-12, "{upper} {k}: {got} for {sum}");
            // Another voxel is higher: that a map ends below a step is no matter here.
            let convention = Convention::Fsl { upper, lower: 0.0 };
            let mut two = [0.0; 3];
            let _ = Tfce::new(&line, Rule { convention, ..Rule::default() }).enhance(
                &[height.next_down(), 0.0, 2.0 * upper],
                Tails::Upper,
                &mut two,
            );
            let below = sum - height * height;
            assert!((two[0] - below).abs() < 1e-12 * sum, "{upper} {k}: {two:?} for {below}");
        }
    }
    // Far beyond, the integral goes on: relative to a sum of a million steps.
    let far = of(0.01, [100.0, 0.0, 0.0]).upper;
    let sum: f64 = (1..=1_000_000).map(|k| (f64::from(k) * 1e-4).powi(2)).sum();
    assert!((far / sum - 1.0).abs() < 1e-5, "{far} for {sum}");
}

#[test]
fn ties_an_infinite_height_and_missing_values_leave_the_integral_whole() {
    let shape = [9, 7, 5];
    let mask = random_mask(shape, 0.7, 5);
    let places: Vec<u32> = (0..315_u32).filter(|&place| mask.inside[place as usize]).collect();
    let neighbours = Neighbours::new(shape, &places, Connectivity::Faces).unwrap();
    let mut random = Random(9);
    let map: Vec<f64> = places.iter().map(|_| (4.0 * random.normal()).round() / 4.0).collect();
    let mut tfce = Tfce::new(&neighbours, Rule::default());
    let mut got = vec![0.0; map.len()];
    let _ = tfce.enhance(&map, Tails::Both, &mut got);
    // Heights are quarters: between them nothing changes, and the labels of each give the integral.
    let mut want = vec![0.0; map.len()];
    for tail in [Tail::Upper, Tail::Lower] {
        for level in 1..30 {
            let level = 0.25 * f64::from(level);
            let piece = (level.powi(3) - (level - 0.25).powi(3)) / 3.0;
            for cluster in clusters(&neighbours, &map, tail, level - 0.1, &rule()) {
                let of = tail.sign() * (cluster.extent() as f64).sqrt() * piece;
                cluster.voxels.iter().for_each(|&voxel| want[voxel as usize] += of);
            }
        }
    }
    assert_close("quarters", &got, &want, 1e-12, 1e-12);
    // Values that float32 cannot tell apart are told apart: 1e9 has steps of 64 there. Less what all share they are 0 to 40.
    let linear = Rule { height: 0.0, ..Rule::default() };
    let high: Vec<f64> = (0..places.len()).map(|k| (k * 37 % 41) as f64).collect();
    let above: Vec<f64> = high.iter().map(|t| t + 1e9).collect();
    let of = |map: &[f64]| {
        let mut got = vec![0.0; map.len()];
        let _ = Tfce::new(&neighbours, linear).enhance(map, Tails::Upper, &mut got);
        got
    };
    let all = clusters(&neighbours, &above, Tail::Upper, 0.0, &rule());
    let mut want = of(&high);
    for cluster in &all {
        let shared = (cluster.extent() as f64).sqrt() * 1e9;
        cluster.voxels.iter().for_each(|&voxel| want[voxel as usize] += shared);
    }
    assert_close("steps of 1 at 1e9", &of(&above), &want, 1e-14, 1e-5);
    let line = grid([4, 1, 1], Connectivity::Faces);
    let mut got = [0.0; 4];
    let odd = [f64::INFINITY, f64::INFINITY, 1.0, f64::NAN];
    let _ = Tfce::new(&line, Rule::default()).enhance(&odd, Tails::Both, &mut got);
    assert_eq!(got[..2], [f64::INFINITY; 2]);
    assert!((got[2] - 3.0_f64.sqrt() / 3.0).abs() < 1e-15 && got[3] == 0.0, "{got:?}");
}
