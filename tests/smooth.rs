//! The `smooth` room: weights against closed forms, the f64 twin against the triple sum, properties.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use boldly::gpu::{Bold, Device};
use boldly::kernels::smooth::{Kernel, Taps, smooth};
use boldly::volume::{Block, HostBold, Mask};
use common::{F32_ROUNDING, assert_close, noise, random_mask, wide};

const SIZE_MM: [f64; 3] = [2.0, 3.0, 3.7];

fn on_cpu(bold: &HostBold, taps: &Taps, within: Option<&Mask>) -> HostBold {
    let device = Device::cpu();
    let smoothed = smooth(&mut device.tape(), Bold::Host(bold.clone()), taps, within).unwrap();
    let spans = device.take_spans();
    assert_eq!((spans.len(), spans[0].stage.as_str()), (1, "smooth"));
    let Bold::Host(smoothed) = smoothed else { panic!("not on the host") };
    smoothed
}

/// The equation as it stands: a triple sum over all voxels.
fn naive(bold: &HostBold, taps: &Taps, within: Option<&Mask>) -> Vec<f64> {
    let [ni, nj, nk] = bold.block.run_shape;
    let weight = |axis: usize, a: usize, b: usize| {
        taps.weights[axis].get(a.abs_diff(b)).copied().unwrap_or(0.0)
    };
    let mut out = Vec::new();
    for volume in bold.data.chunks(ni * nj * nk) {
        for v in 0..volume.len() {
            let (i, j, k) = (v % ni, v / ni % nj, v / (ni * nj));
            let inside = |u: usize| within.is_none_or(|m| m.inside[u]);
            let (mut sum, mut total) = (0.0, 0.0);
            for u in (0..volume.len()).filter(|&u| volume[u].is_finite() && inside(u)) {
                let w =
                    weight(0, i, u % ni) * weight(1, j, u / ni % nj) * weight(2, k, u / (ni * nj));
                sum += w * f64::from(volume[u]);
                total += w;
            }
            out.push(match () {
                () if !inside(v) => 0.0,
                () if !volume[v].is_finite() => f64::from(volume[v]),
                () => sum / total,
            });
        }
    }
    out
}

fn assert_equals_naive(name: &str, bold: &HostBold, taps: &Taps, within: Option<&Mask>) {
    let got = on_cpu(bold, taps, within);
    assert_eq!(got.block, bold.block, "{name}");
    let (got, want) = (wide(&got.data), naive(bold, taps, within));
    let finite = |values: &[f64]| -> Vec<f64> {
        want.iter().zip(values).filter(|(w, _)| w.is_finite()).map(|(_, v)| *v).collect()
    };
    for (at, (g, w)) in got.iter().zip(&want).enumerate() {
        assert!(w.is_finite() || g.to_bits() == w.to_bits(), "{name}: voxel {at}: {g}, {w}");
    }
    assert_close(name, &finite(&got), &finite(&want), F32_ROUNDING + 1e-12, 1e-12);
}

#[test]
fn the_sampled_kernel_gives_4949_mm_for_5_mm_on_voxels_of_3500_mm() {
    let size = [3.5; 3];
    let sampled = Taps::new(5.0, size, Kernel::Sampled).unwrap();
    assert_eq!(format!("{:.3}", sampled.effective_fwhm_mm(size)[0]), "4.949");
    assert_eq!(sampled.halo(), 2);
    let exact = Taps::new(5.0, size, Kernel::Exact).unwrap();
    assert_eq!(format!("{:.3}", exact.effective_fwhm_mm(size)[2]), "5.000");
}

#[test]
fn the_sampled_kernel_is_the_gaussian_at_whole_voxels_out_to_four_sigma_rounded_half_up() {
    let sigma_vox: f64 = 1.376; // 4 sigma = 5.504, rounded up; half of it on the second axis, 2.752
    let fwhm = sigma_vox * (8.0 * 2.0_f64.ln()).sqrt();
    let taps = Taps::new(fwhm, [1.0, 2.0, 1.0], Kernel::Sampled).unwrap();
    assert_eq!(taps.weights.each_ref().map(Vec::len), [7, 4, 7]);
    let gaussian: Vec<f64> =
        (0..7).map(|d| (-0.5 * f64::from(d * d) / sigma_vox.powi(2)).exp()).collect();
    let total = gaussian[0] + 2.0 * gaussian[1..].iter().sum::<f64>();
    let want: Vec<f64> = gaussian.iter().map(|g| g / total).collect();
    assert_close("weights", &taps.weights[0], &want, 1e-14, 0.0);
}

#[test]
fn the_exact_kernel_is_the_discrete_gaussian() {
    // exp(-1) I_d(1) to 15 digits (Abramowitz and Stegun, table 9.8).
    let bessel = [0.465759607593640, 0.207910415349708, 0.0499387768942003, 0.00815530777281463];
    let sigma_vox = 1.0;
    let taps = Taps::new(sigma_vox * (8.0 * 2.0_f64.ln()).sqrt(), [1.0; 3], Kernel::Exact).unwrap();
    // The weights are rescaled for the tail left out, less than 1e-5 of the sum.
    assert_close("exp(-1) I_d(1)", &taps.weights[0][..4], &bessel, 1e-5, 0.0);
    let ratio = |w: &[f64]| [w[1] / w[0], w[2] / w[0], w[3] / w[0]];
    assert_close("ratios", &ratio(&taps.weights[0]), &ratio(&bessel), 1e-12, 0.0);
    for sigma_vox in [0.05, 0.3, 0.9, 2.5, 40.0, 700.0] {
        let fwhm = sigma_vox * (8.0 * 2.0_f64.ln()).sqrt();
        let taps = Taps::new(fwhm, [1.0; 3], Kernel::Exact).unwrap();
        let effective = taps.effective_fwhm_mm([1.0; 3])[0];
        assert_close("effective FWHM", &[effective], &[fwhm], 6e-5, 0.0);
    }
}

#[test]
fn a_wrong_fwhm_or_voxel_size_is_refused() {
    for fwhm in [-1.0, f64::NAN, f64::INFINITY, 1e9] {
        let error = Taps::new(fwhm, [3.0; 3], Kernel::Sampled).unwrap_err();
        assert_eq!(error.exit_code(), 2, "{error}");
    }
    assert_eq!(Taps::new(5.0, [3.0, 0.0, 3.0], Kernel::Exact).unwrap_err().exit_code(), 65);
}

#[test]
fn the_twin_equals_the_triple_sum() {
    for (shape, fwhm) in [
        ([9, 7, 5], 5.0),
        ([17, 4, 3], 8.0),
        ([1, 1, 1], 5.0),
        ([1, 6, 9], 4.0),
        ([5, 1, 2], 40.0),
        ([8, 9, 6], 2.2),
        ([3, 20, 1], 30.0),
        ([2, 3, 25], 16.0),
    ] {
        for kernel in [Kernel::Sampled, Kernel::Exact] {
            let taps = Taps::new(fwhm, SIZE_MM, kernel).unwrap();
            let bold = noise(shape, 3, 7);
            assert_equals_naive(&format!("{shape:?} {fwhm} mm {kernel:?}"), &bold, &taps, None);
        }
    }
}

#[test]
fn missing_voxels_are_left_out_of_the_sums_and_stay_missing() {
    let taps = Taps::new(6.0, SIZE_MM, Kernel::Sampled).unwrap();
    let mut bold = noise([9, 7, 5], 4, 11);
    let volume = bold.block.volume_len();
    bold.data[40] = f32::NAN;
    bold.data[volume + 41] = f32::INFINITY;
    bold.data[volume + 42] = f32::NEG_INFINITY;
    bold.data[3 * volume + 41] = f32::NAN;
    assert_equals_naive("missing", &bold, &taps, None);
    bold.data[2 * volume..3 * volume].fill(f32::NAN);
    assert_equals_naive("a volume of nothing", &bold, &taps, None);
}

#[test]
fn smoothing_within_a_mask_takes_nothing_from_outside_and_writes_zero_there() {
    let taps = Taps::new(6.0, SIZE_MM, Kernel::Sampled).unwrap();
    let mut bold = noise([9, 7, 5], 3, 13);
    let mask = random_mask([9, 7, 5], 0.6, 3);
    assert_equals_naive("within", &bold, &taps, Some(&mask));
    let lost = mask.inside.iter().position(|&inside| inside).unwrap();
    bold.data[lost] = f32::NAN;
    let outside = mask.inside.iter().position(|&inside| !inside).unwrap();
    bold.data[outside] = f32::NAN;
    assert_equals_naive("within, with missing voxels", &bold, &taps, Some(&mask));
    let other = random_mask([9, 5, 7], 0.6, 3);
    let refused =
        smooth(&mut Device::cpu().tape(), Bold::Host(bold), &taps, Some(&other)).unwrap_err();
    assert_eq!(refused.exit_code(), 70, "{refused}");
}

#[test]
fn a_zero_fwhm_copies() {
    let taps = Taps::new(0.0, SIZE_MM, Kernel::Exact).unwrap();
    assert_eq!(taps.halo(), 0);
    let mut bold = noise([5, 4, 3], 2, 17);
    bold.data[3] = f32::NAN;
    let got = on_cpu(&bold, &taps, None);
    let bits = |b: &HostBold| -> Vec<u32> { b.data.iter().map(|v| v.to_bits()).collect() };
    assert_eq!(bits(&got), bits(&bold));
}

#[test]
fn a_constant_image_stays_constant() {
    let taps = Taps::new(7.0, SIZE_MM, Kernel::Sampled).unwrap();
    let mut bold = noise([11, 6, 7], 2, 19);
    bold.data.fill(873.25);
    let got = on_cpu(&bold, &taps, None);
    assert!(got.data.iter().all(|&v| v == 873.25), "{:?}", &got.data[..12]);
    let mask = random_mask([11, 6, 7], 0.5, 23);
    let got = on_cpu(&bold, &taps, Some(&mask));
    let want = |inside: bool| if inside { 873.25 } else { 0.0 };
    assert!(got.data.iter().zip(mask.inside.iter().cycle()).all(|(&v, &m)| v == want(m)));
}

#[test]
fn the_sum_of_what_lies_a_kernel_away_from_the_edge_is_kept() {
    let taps = Taps::new(6.0, SIZE_MM, Kernel::Sampled).unwrap();
    let mut bold = noise([21, 17, 15], 1, 29);
    let [ri, rj, rk] = taps.weights.each_ref().map(|w| w.len() - 1);
    for (v, value) in bold.data.iter_mut().enumerate() {
        let (i, j, k) = (v % 21, v / 21 % 17, v / (21 * 17));
        // Two radii: the edge's renormalisation starts one radius from it.
        let deep = |x: usize, n: usize, r: usize| x >= 2 * r && x + 2 * r < n;
        if !(deep(i, 21, ri) && deep(j, 17, rj) && deep(k, 15, rk)) {
            *value = 0.0;
        }
    }
    let sum = |b: &HostBold| wide(&b.data).iter().sum::<f64>();
    assert!(sum(&bold) > 1e4);
    assert_close("sum", &[sum(&on_cpu(&bold, &taps, None))], &[sum(&bold)], 1e-7, 0.0);
}

#[test]
fn blocks_of_planes_and_volumes_give_the_bytes_of_the_whole_run() {
    let taps = Taps::new(6.0, SIZE_MM, Kernel::Sampled).unwrap();
    let mut bold = noise([10, 6, 13], 5, 31);
    bold.data[700] = f32::NAN;
    let whole = on_cpu(&bold, &taps, None);
    let (plane, volume) = (bold.block.plane_len(), bold.block.volume_len());
    for core in [0..4_usize, 4..9, 9..13] {
        let planes = core.start.saturating_sub(taps.halo())..(core.end + taps.halo()).min(13);
        let block = Block {
            planes: planes.clone(),
            core: core.clone(),
            volumes: 1..4,
            ..bold.block.clone()
        };
        let data = (1..4).flat_map(|t| {
            bold.data[t * volume + planes.start * plane..t * volume + planes.end * plane].to_vec()
        });
        let part = HostBold::new(block, data.collect());
        let part = on_cpu(&part, &taps, None);
        for (index, t) in (1..4).enumerate() {
            let here = (core.start - planes.start) * plane + index * part.block.volume_len();
            let there = t * volume + core.start * plane;
            let len = core.len() * plane;
            let (got, want) = (&part.data[here..here + len], &whole.data[there..there + len]);
            assert!(got.iter().zip(want).all(|(g, w)| g.to_bits() == w.to_bits()), "{core:?}, {t}");
        }
    }
}

#[test]
fn the_bytes_do_not_depend_on_the_number_of_threads() {
    let taps = Taps::new(5.0, SIZE_MM, Kernel::Exact).unwrap();
    let bold = noise([10, 6, 9], 7, 37);
    let one = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
    let three = rayon::ThreadPoolBuilder::new().num_threads(3).build().unwrap();
    let a = one.install(|| on_cpu(&bold, &taps, None));
    assert_eq!(a, three.install(|| on_cpu(&bold, &taps, None)));
}
