//! Random fields: densities, resels, p of height and extent, and the FWHM of residuals.

use boldly::stats::clusters::{Connectivity, Labeller, Neighbours, Tail};
use boldly::stats::random_field::{Field, Resels, Search, fwhm_vox};
use serde_json::Value;

use crate::common::{Random, assert_close, numbers};

fn golden() -> Value {
    serde_json::from_str(include_str!("../goldens/group_fields.json")).unwrap()
}

#[test]
fn densities_of_z_t_chi_squared_and_f_are_those_of_the_kinematic_formula() {
    let golden = golden();
    let rows = golden["densities"].as_array().unwrap();
    assert!(rows.len() > 20);
    for row in rows {
        let dof = numbers(&row["dof"]);
        let field = match row["kind"].as_str().unwrap() {
            "z" => Field::Z,
            "x" => Field::ChiSquare { dof: dof[0] },
            "t" => Field::T { dof: dof[0] },
            "f" => Field::F { dof1: dof[0], dof2: dof[1] },
            other => panic!("{other}"),
        };
        let got = field.densities(row["x"].as_f64().unwrap());
        assert_close(&row.to_string(), &got, &numbers(&row["densities"]), 1e-9, 1e-16);
    }
    for field in [Field::ChiSquare { dof: 3.0 }, Field::F { dof1: 3.0, dof2: 20.0 }] {
        assert_eq!(field.densities(0.0), [1.0, 0.0, 0.0, 0.0]);
        assert_eq!(field.densities(-1.0), [1.0, 0.0, 0.0, 0.0]);
    }
}

#[test]
fn resels_of_a_mask_are_its_counts_and_those_of_a_box_its_sides() {
    let golden = golden();
    let mask = &golden["mask"];
    let shape: [usize; 3] =
        numbers(&mask["shape"]).iter().map(|&v| v as usize).collect::<Vec<_>>().try_into().unwrap();
    let places: Vec<u32> = numbers(&mask["places"]).iter().map(|&v| v as u32).collect();
    let fwhm: [f64; 3] = numbers(&mask["fwhm"]).try_into().unwrap();
    let got = Resels::of_mask(shape, &places, fwhm);
    assert_close("resels", &got.0, &numbers(&mask["resels"]), 1e-13, 0.0);
    // A box of voxels from centre to centre.
    let all: Vec<u32> = (0..8 * 5 * 4).collect();
    let of_box = Resels::of_mask([8, 5, 4], &all, fwhm);
    assert_close("box", &of_box.0, &Resels::cuboid([7.0, 4.0, 3.0], fwhm).0, 1e-13, 1e-13);
    assert_eq!(of_box.dimension(), 3);
    let plane: Vec<u32> = (0..40).collect();
    assert_eq!(Resels::of_mask([8, 5, 4], &plane, fwhm).dimension(), 2);
    assert_eq!(Resels::of_mask([8, 5, 4], &[7, 8], fwhm).0, [2.0, 0.0, 0.0, 0.0]);
    // A small sphere is a point, a large one its volume.
    let sphere = Resels::sphere(6.0, 8.0).0;
    let want = [1.0, 3.0, 3.534_291_735_288_517, 1.767_145_867_644_258_6];
    assert_close("sphere", &sphere, &want, 1e-14, 0.0);
}

#[test]
fn height_p_is_the_smaller_of_the_fields_and_bonferronis_and_never_rises_with_height() {
    // 500 resels of 60,000 voxels: smooth. E(4.7) by hand: 500 (4 ln 2)^1.5 / 4 pi^2 (4.7^2 - 1) exp(-4.7^2 / 2) = 0.0197 and less of lower dimensions.
    let resels = Resels([1.0, 25.0, 250.0, 500.0]);
    let search = Search::new(Field::Z, resels, 60_000);
    let e = |z: f64| {
        let four = 4.0 * std::f64::consts::LN_2;
        let pi = std::f64::consts::PI;
        let [r0, r1, r2, r3] = resels.0;
        let tail = boldly::stats::tails::ln_sf_normal(z).exp();
        r0 * tail
            + (-0.5 * z * z).exp()
                * (r1 * four.sqrt() / (2.0 * pi)
                    + r2 * four * z / (2.0 * pi).powf(1.5)
                    + r3 * four.powf(1.5) * (z * z - 1.0) / (2.0 * pi).powi(2))
    };
    let p = search.height_p(4.7);
    assert!((p / -(-e(4.7)).exp_m1() - 1.0).abs() < 1e-12, "{p}");
    // Rough noise: Bonferroni is less.
    let rough = Search::new(Field::Z, Resels([1.0, 120.0, 4000.0, 60_000.0]), 60_000);
    let bonferroni = 60_000.0 * boldly::stats::tails::ln_sf_normal(4.7).exp();
    assert!((rough.height_p(4.7) / bonferroni - 1.0).abs() < 1e-12);
    assert!(rough.expected_clusters(4.7) > bonferroni);
    for field in [
        Field::Z,
        Field::T { dof: 9.0 },
        Field::T { dof: 3.0 },
        Field::ChiSquare { dof: 2.0 },
        Field::F { dof1: 3.0, dof2: 16.0 },
    ] {
        let search = Search::new(field, resels, 60_000);
        let mut before = 1.0;
        for k in -100..1800 {
            let p = search.height_p(0.02 * f64::from(k));
            assert!(p <= before * (1.0 + 1e-3) && p > 0.0, "{field:?} at {k}: {p} after {before}");
            before = p;
        }
        let threshold = search.height_threshold(0.05);
        assert!((search.height_p(threshold) - 0.05).abs() < 1e-9, "{field:?} {threshold}");
        assert!(search.height_p(-5.0) > 0.999);
        assert!(search.height_p(f64::NAN).is_nan());
    }
}

#[test]
fn cluster_p_is_the_formula_in_the_volumes_dimension() {
    let search = Search::new(Field::Z, Resels([1.0, 25.0, 250.0, 500.0]), 60_000);
    let u = 3.090_232_306_167_813_5;
    let density = Field::Z.densities(u);
    // B k^(2/3) with B = (Gamma(5/2) rho_3 / P(Z > u))^(2/3), Gamma(5/2) = 3 sqrt(pi) / 4.
    let b = (0.75 * std::f64::consts::PI.sqrt() * density[3] / 0.001).powf(2.0 / 3.0);
    for k in [0.0, 0.5, 2.0, 9.0] {
        let p = search.cluster_p(k, u);
        let uncorrected = (-b * f64::powf(k, 2.0 / 3.0)).exp();
        assert!((p.uncorrected / uncorrected - 1.0).abs() < 1e-9, "{k}: {p:?}");
        let fwe = -(-search.expected_clusters(u) * uncorrected).exp_m1();
        assert!((p.fwe / fwe - 1.0).abs() < 1e-9, "{k}: {p:?}");
    }
    // In a plane exp(-b k), in a point nothing, below where clusters merge nothing.
    let plane = Search::new(Field::Z, Resels([1.0, 10.0, 40.0, 0.0]), 4000);
    let k = 0.7;
    let want = f64::exp(-k * density[2] / 0.001);
    assert!((plane.cluster_p(k, u).uncorrected / want - 1.0).abs() < 1e-9);
    let point = Search::new(Field::Z, Resels([1.0, 0.0, 0.0, 0.0]), 1);
    let holes = Search::new(Field::Z, Resels([-50.0, 0.0, 0.0, 1.0]), 100);
    assert_eq!(holes.cluster_p(k, 1.1).fwe, 1.0, "no number of clusters below 0");
    assert!(search.expected_clusters(0.9) > 0.0 && search.expected_clusters(0.2) < 0.0);
    let low = [point.cluster_p(k, u), search.cluster_p(k, 0.9), search.cluster_p(k, 0.2)];
    assert!(low.iter().all(|p| p.fwe == 1.0 && p.uncorrected == 1.0), "{low:?}");
}

const SIDE: usize = 20;

/// A field of unit variance on a cube of this side without edges, smoothed by a Gaussian.
fn smooth_field(random: &mut Random, fwhm_vox: f64) -> Vec<f64> {
    let s = fwhm_vox / (8.0 * std::f64::consts::LN_2).sqrt();
    let reach = (4.0 * s) as usize;
    let kernel: Vec<f64> = (0..=reach).map(|k| (-0.5 * (k as f64 / s).powi(2)).exp()).collect();
    let square = kernel.iter().skip(1).map(|w| 2.0 * w * w).sum::<f64>() + 1.0;
    let n = SIDE.pow(3);
    let mut field: Vec<f64> = (0..n).map(|_| random.normal()).collect();
    for stride in [1, SIDE, SIDE * SIDE] {
        let mut smooth = vec![0.0; n];
        for (at, smooth) in smooth.iter_mut().enumerate() {
            let along = at / stride % SIDE;
            let from = at - along * stride;
            let get = |to: usize| field[from + to % SIDE * stride];
            let sum: f64 =
                (1..=reach).map(|k| kernel[k] * (get(along + k) + get(along + 2 * SIDE - k))).sum();
            *smooth = (field[at] + sum) / square.sqrt();
        }
        field = smooth;
    }
    field
}

fn cube() -> Neighbours {
    let places: Vec<u32> = (0..SIDE.pow(3) as u32).collect();
    Neighbours::new([SIDE; 3], &places, Connectivity::Corners).unwrap()
}

#[test]
fn noise_passes_the_height_threshold_as_often_as_it_says_or_less() {
    let (neighbours, mut random) = (cube(), Random(77));
    let resels = Resels::of_mask([SIDE; 3], neighbours.places(), [4.0; 3]);
    let search = Search::new(Field::Z, resels, neighbours.n_voxels());
    let (height, forming) = (search.height_threshold(0.2), 2.6);
    let mut labeller = Labeller::new(&neighbours);
    let (mut high, mut wide, mut expected) = (0, 0, 0.0);
    let n = 100;
    for _ in 0..n {
        let field = smooth_field(&mut random, 4.0);
        high += usize::from(field.iter().any(|&z| z > height));
        let clusters = labeller.measure(&field, Tail::Upper, forming);
        expected += clusters.len() as f64 / f64::from(n);
        let widest = clusters.iter().map(|c| c.extent).max().unwrap_or(0);
        wide += usize::from(search.cluster_p(f64::from(widest) / 64.0, forming).fwe <= 0.2);
    }
    // 0.2 within three standard errors above, and not idle; as many clusters as E says but for their edges (the field has none).
    assert!((4..=32).contains(&high), "{high} of {n} too high");
    assert!((4..=36).contains(&wide), "{wide} of {n} too wide");
    let ratio = expected / search.expected_clusters(forming);
    assert!((0.7..1.2).contains(&ratio), "{expected} clusters, {ratio} of E");
}

#[test]
fn fwhm_of_residuals_is_the_noises_whether_of_5_or_60_dof() {
    let (neighbours, mut random) = (cube(), Random(5));
    let n = SIDE.pow(3);
    let fields: Vec<f64> = (0..60).flat_map(|_| smooth_field(&mut random, 4.0)).collect();
    let truth = [4.0; 3];
    let all = fwhm_vox(&neighbours, &fields, 60.0).map(|f| f.unwrap());
    assert_close("60 dof", &all, &truth, 0.02, 0.0);
    let few: Vec<[f64; 3]> = fields
        .chunks_exact(5 * n)
        .map(|part| fwhm_vox(&neighbours, part, 5.0).map(|f| f.unwrap()))
        .collect();
    let mean = [0, 1, 2].map(|axis| few.iter().map(|f| f[axis]).sum::<f64>() / few.len() as f64);
    assert_close("5 dof", &mean, &truth, 0.03, 0.0);
    // Scaled voxel by voxel it is the same; a voxel without noise says nothing.
    let scaled: Vec<f32> = fields
        .iter()
        .enumerate()
        .map(|(at, v)| if at % n == 7 { 0.0 } else { (v * (1.0 + (at % n % 13) as f64)) as f32 })
        .collect();
    let of_scaled = fwhm_vox(&neighbours, &scaled, 60.0).map(|f| f.unwrap());
    assert_close("scaled", &of_scaled, &all, 1e-3, 0.0);
    let noise: Vec<f64> = (0..3 * n).map(|k| f64::from(u8::from(k % 2 == 0)) - 0.5).collect();
    assert_eq!(fwhm_vox(&neighbours, &noise, 3.0)[0], None, "neighbours that are opposite");
}
