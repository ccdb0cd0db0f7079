//! The `covariance` room: the f64 twin against the naive loop, properties, and its components against numpy, nilearn and
//! nipype (golden: tests/oracles/compcor.py).

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use boldly::design::{Drift, drift};
use boldly::gpu::{Bold, Device};
use boldly::kernels::covariance::{Covariance, Filter, Scaling, accumulate};
use boldly::stats::principal::PrincipalComponents;
use boldly::volume::{Block, HostBold};
use common::{Random, assert_close, noise, numbers};
use ndarray::Array2;

/// Columns to filter out, with means of their own: the room demeans them.
fn columns(n: usize, count: usize) -> Array2<f64> {
    let mut random = Random(8);
    Array2::from_shape_fn((n, count), |_| random.normal() + 0.5)
}

/// Every `step`th voxel of a run, from the second on.
fn every(step: usize, bold: &HostBold) -> Vec<u32> {
    (1..bold.block.volume_len() as u32).step_by(step).collect()
}

fn on_cpu(bold: &HostBold, voxels: &[u32], filter: &Filter) -> Covariance {
    let device = Device::cpu();
    let mut sum = Covariance::empty(filter.n_volumes());
    add(&device, &Bold::Host(bold.clone()), voxels, filter, &mut sum);
    sum
}

fn add(device: &Device, bold: &Bold, voxels: &[u32], filter: &Filter, sum: &mut Covariance) {
    let mut tape = device.tape();
    let added = accumulate(&mut tape, bold, voxels, filter, sum).unwrap();
    added.add_to(&tape.run().unwrap(), sum).unwrap();
}

/// The equation as it stands, voxel by voxel.
fn naive(bold: &HostBold, voxels: &[u32], filter: &Filter) -> Array2<f64> {
    let (n, volume_len) = (filter.n_volumes(), bold.block.volume_len());
    let mut c = Array2::zeros((n, n));
    for &voxel in voxels {
        let y: Vec<f64> =
            (0..n).map(|t| f64::from(bold.data[t * volume_len + voxel as usize])).collect();
        let mean = y.iter().sum::<f64>() / n as f64;
        let mut z: Vec<f64> = y.iter().map(|y| y - mean).collect();
        let centred = z.clone();
        for q in filter.basis.columns() {
            let weight: f64 = q.iter().zip(&centred).map(|(q, y)| q * y).sum();
            z.iter_mut().zip(q).for_each(|(z, q)| *z -= weight * q);
        }
        if filter.scaling == Scaling::UnitVariance {
            let sd = (z.iter().map(|z| z * z).sum::<f64>() / n as f64).sqrt();
            z.iter_mut().for_each(|z| *z /= sd);
        }
        c += &Array2::from_shape_fn((n, n), |(t, s)| z[t] * z[s]);
    }
    c
}

/// Values in units of sqrt(C_tt C_ss), which what rounding costs is proportional to.
fn in_units_of(diagonal: &Array2<f64>, c: &Array2<f64>) -> Vec<f64> {
    let unit = |t: usize, s: usize| (diagonal[[t, t]] * diagonal[[s, s]]).sqrt();
    c.indexed_iter().map(|((t, s), &v)| v / unit(t, s)).collect()
}

#[test]
fn the_twin_equals_the_naive_loop() {
    for (shape, n, n_columns, step) in [
        ([7, 5, 6], 40, 4, 1),
        ([3, 1, 1], 3, 0, 1),
        ([11, 13, 3], 37, 7, 2),
        ([27, 25, 1], 22, 1, 1),
        ([9, 9, 9], 65, 3, 11),
    ] {
        let bold = noise(shape, n, 3);
        let voxels = every(step, &bold);
        for scaling in [Scaling::UnitVariance, Scaling::None] {
            let filter = Filter::new(columns(n, n_columns).view(), scaling).unwrap();
            let got = on_cpu(&bold, &voxels, &filter);
            let want = naive(&bold, &voxels, &filter);
            let name = format!("{shape:?} x {n}, {n_columns} columns, {scaling:?}");
            assert_eq!(got.n_voxels, voxels.len(), "{name}");
            let (got, want) = (in_units_of(&want, &got.matrix), in_units_of(&want, &want));
            assert_close(&name, &got, &want, 0.0, 1e-12);
        }
    }
}

#[test]
fn what_is_filtered_out_is_not_in_the_covariance() {
    let n = 50;
    let bold = noise([6, 5, 4], n, 5);
    let columns = columns(n, 6);
    let filter = Filter::new(columns.view(), Scaling::UnitVariance).unwrap();
    let c = on_cpu(&bold, &every(1, &bold), &filter).matrix;
    let size = c.diag().iter().fold(0.0_f64, |a, v| a.max(v.abs()));
    let left = c.dot(&columns);
    let none = vec![0.0; left.len()];
    assert_close(
        "C x columns",
        &left.iter().copied().collect::<Vec<_>>(),
        &none,
        0.0,
        1e-11 * size,
    );
    let means: Vec<f64> = c.rows().into_iter().map(|row| row.sum()).collect();
    assert_close("C 1", &means, &vec![0.0; n], 0.0, 1e-11 * size);
    // Unit variance: each voxel adds n to the trace.
    assert_close("trace", &[c.diag().sum()], &[(119 * n) as f64], 1e-12, 0.0);
    assert_eq!(filter.rank_left(), n - 7);
}

#[test]
fn the_scale_and_baseline_of_a_voxel_do_not_matter_under_unit_variance() {
    let n = 31;
    let bold = noise([6, 5, 2], n, 6);
    let filter = Filter::new(columns(n, 2).view(), Scaling::UnitVariance).unwrap();
    let mut other = bold.clone();
    let volume = bold.block.volume_len();
    for (at, value) in other.data.iter_mut().enumerate() {
        // Powers of two scale without rounding.
        *value *= [1.0, 4.0, 0.125, 1024.0][at % volume % 4];
    }
    let voxels = every(1, &bold);
    let (a, b) = (on_cpu(&bold, &voxels, &filter), on_cpu(&other, &voxels, &filter));
    let (a, b) = (in_units_of(&a.matrix, &a.matrix), in_units_of(&a.matrix, &b.matrix));
    assert_close("scaled voxels", &b, &a, 0.0, 1e-13);
}

#[test]
fn a_constant_voxel_adds_exactly_nothing() {
    let n = 33;
    let mut bold = noise([6, 5, 1], n, 7);
    let volume = bold.block.volume_len();
    for t in 0..n {
        bold.data[t * volume + 4] = 1234.567;
        bold.data[t * volume + 9] = 0.0;
    }
    for scaling in [Scaling::UnitVariance, Scaling::None] {
        let filter = Filter::new(columns(n, 5).view(), scaling).unwrap();
        let none = on_cpu(&bold, &[4, 9], &filter);
        assert!(none.matrix.iter().all(|&v| v == 0.0), "{scaling:?}");
        let all: Vec<u32> = (0..30).collect();
        let varying: Vec<u32> = all.iter().copied().filter(|v| ![4, 9].contains(v)).collect();
        let (a, b) = (on_cpu(&bold, &all, &filter), on_cpu(&bold, &varying, &filter));
        let (a, b) = (in_units_of(&b.matrix, &a.matrix), in_units_of(&b.matrix, &b.matrix));
        assert_close("with constant voxels", &a, &b, 0.0, 1e-13);
    }
}

#[test]
fn blocks_of_planes_and_threads_change_no_bit() {
    let n = 45;
    let filter = Filter::new(columns(n, 5).view(), Scaling::UnitVariance).unwrap();
    let bold = noise([19, 31, 7], n, 11);
    let (plane, volume) = (bold.block.plane_len(), bold.block.volume_len());
    let voxels = every(1, &bold);
    let whole = on_cpu(&bold, &voxels, &filter);
    let three = rayon::ThreadPoolBuilder::new().num_threads(3).build().unwrap();
    let mut parts = Covariance::empty(n);
    for planes in [0..2, 2..3, 3..7] {
        let block = Block { planes: planes.clone(), core: planes.clone(), ..bold.block.clone() };
        let (from, to) = (planes.start * plane, planes.end * plane);
        let data = (0..n).flat_map(|t| bold.data[t * volume + from..t * volume + to].to_vec());
        let part = Bold::Host(HostBold::new(block, data.collect()));
        let here: Vec<u32> = (u32::from(from == 0)..(to - from) as u32).collect();
        three.install(|| add(&Device::cpu(), &part, &here, &filter, &mut parts));
    }
    assert_eq!(parts, whole);
}

#[test]
fn wrong_blocks_lists_and_columns_are_refused() {
    let bold = noise([4, 3, 2], 20, 1);
    let filter = |n: usize| Filter::new(columns(n, 2).view(), Scaling::None).unwrap();
    let refused = |voxels: &[u32], n: usize| {
        let (device, sum) = (Device::cpu(), Covariance::empty(n));
        let bold = Bold::Host(bold.clone());
        accumulate(&mut device.tape(), &bold, voxels, &filter(n), &sum).unwrap_err().exit_code()
    };
    assert_eq!(refused(&[0, 1], 19), 70);
    assert_eq!(refused(&[1, 0], 20), 70);
    assert_eq!(refused(&[24], 20), 70);
    let mut broken = columns(20, 2);
    broken[[3, 1]] = f64::NAN;
    assert_eq!(Filter::new(broken.view(), Scaling::None).unwrap_err().exit_code(), 65);
}

#[test]
fn components_are_those_of_numpy_nilearn_and_nipype() {
    let text = include_str!("goldens/compcor.json");
    let golden: serde_json::Value = serde_json::from_str(text).unwrap();
    let shape = numbers(&golden["shape"]);
    let (n_voxels, n) = (shape[0] as usize, shape[1] as usize);
    let block = Block::whole([n_voxels, 1, 1], n);
    let series = numbers(&golden["series"]);
    let data = (0..n).flat_map(|t| (0..n_voxels).map(move |v| (t, v)));
    let data = data.map(|(t, v)| series[v * n + t] as f32).collect();
    let bold = HostBold::new(block, data);
    let voxels: Vec<u32> = (0..n_voxels as u32).collect();
    let cosines = drift::columns(Drift::Cosine { cutoff_s: 128.0 }, n, 2.0).unwrap();
    let line = drift::columns(Drift::Polynomial { order: 1 }, n, 2.0).unwrap();
    // nipype, and so fMRIPrep, leaves in the last cosine whose period is 128 s or more; SPM and nilearn take it out.
    let fewer = cosines.slice(ndarray::s![.., ..cosines.ncols() - 1]).to_owned();
    for (name, columns, scaling) in [
        ("nipype, cosines", &cosines, Scaling::UnitVariance),
        ("nipype at 128 s, one cosine fewer", &fewer, Scaling::UnitVariance),
        ("numpy, cosines", &cosines, Scaling::UnitVariance),
        ("nilearn high_variance_confounds", &line, Scaling::None),
    ] {
        let want = &golden[name];
        let filter = Filter::new(columns.view(), scaling).unwrap();
        let voxels = match &want["voxels"] {
            serde_json::Value::Null => voxels.clone(),
            chosen => numbers(chosen).into_iter().map(|v| v as u32).collect(),
        };
        let c = on_cpu(&bold, &voxels, &filter);
        let found = PrincipalComponents::of(c.matrix.view()).unwrap();
        let share = found.variance_explained();
        for (k, wanted) in want["components"].as_array().unwrap().iter().enumerate() {
            let got = found.series.column(k).to_vec();
            // The golden has 12 digits.
            assert_close(&format!("{name}, {k}"), &got, &numbers(wanted), 0.0, 1e-10);
        }
        let all = want["singular_values"].as_array().map_or(0, Vec::len);
        if all > 0 {
            let wanted = numbers(&want["singular_values"]);
            assert_close(name, &found.singular_values[..all], &wanted, 1e-10, 0.0);
            let wanted = numbers(&want["variance_explained"]);
            assert_close(name, &share[..all], &wanted, 1e-10, 0.0);
        }
    }
}
