//! The `nuisance` room: the projection against the joint fit, the f64 twin against the naive loop, properties.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use boldly::gpu::{Bold, Device};
use boldly::kernels::glm::Model;
use boldly::kernels::nuisance::{Projection, subtract};
use boldly::volume::{Block, HostBold, SliceGroups};
use common::{F32_ROUNDING, Random, assert_close, noise, wide};
use ndarray::{Array1, Array2, Axis, concatenate, s};

const N: usize = 60;

/// Task-like and random columns, and the constant.
fn common_columns(n: usize, p: usize) -> Array2<f64> {
    let mut random = Random(1);
    Array2::from_shape_fn((n, p), |(t, j)| match j {
        _ if j + 1 == p => 1.0,
        0 => f64::from(u8::from(t / 5 % 2 == 0)),
        _ => random.normal(),
    })
}

/// Columns with means of their own: the room demeans them.
fn slice_columns(n: usize, m: usize, n_planes: usize) -> SliceGroups {
    let mut random = Random(2);
    let columns =
        (0..3).map(|g| Array2::from_shape_fn((n, m), |_| random.normal() + f64::from(g))).collect();
    let group_of_plane = (0..n_planes).map(|k| k * 2 % 3).collect();
    let names = (0..m).map(|j| format!("n{j}")).collect();
    SliceGroups { group_of_plane, names, columns }
}

fn on_cpu(bold: &HostBold, projection: &Projection) -> HostBold {
    let device = Device::cpu();
    let cleaned = subtract(&mut device.tape(), Bold::Host(bold.clone()), projection).unwrap();
    let spans = device.take_spans();
    assert_eq!((spans.len(), spans[0].stage.as_str()), (1, "nuisance"));
    let Bold::Host(cleaned) = cleaned else { panic!("not on the host") };
    cleaned
}

/// The equation as it stands: y' = y - N g, g = the N rows of pinv([X N]) (y - mean y).
fn naive(bold: &HostBold, known: &Array2<f64>, nuisance: &SliceGroups) -> Vec<f64> {
    let (n, volume_len) = (known.nrows(), bold.block.volume_len());
    let mut out = wide(&bold.data);
    let operators: Vec<(Array2<f64>, Array2<f64>)> = nuisance
        .columns
        .iter()
        .map(|columns| {
            let demeaned = columns - &columns.mean_axis(Axis(0)).unwrap();
            let joint = concatenate(Axis(1), &[known.view(), demeaned.view()]).unwrap();
            let names: Vec<String> = (0..joint.ncols()).map(|j| j.to_string()).collect();
            let model = Model::new(&joint, &names, None, 1, 0.0).unwrap();
            (model.solvers[0].pinv.slice(s![known.ncols().., ..]).to_owned(), demeaned)
        })
        .collect();
    for v in 0..volume_len {
        let y = Array1::from_iter((0..n).map(|t| f64::from(bold.data[t * volume_len + v])));
        if y.iter().any(|y| !y.is_finite()) {
            continue;
        }
        let plane = bold.block.planes.start + v / bold.block.plane_len();
        let (rows, columns) = &operators[nuisance.group_of_plane[plane]];
        let g = rows.dot(&(&y - y.mean().unwrap()));
        for (t, fitted) in columns.dot(&g).iter().enumerate() {
            out[t * volume_len + v] -= fitted;
        }
    }
    out
}

#[test]
fn the_twin_equals_the_naive_joint_fit() {
    for (shape, p, m) in
        [([7, 5, 6], 4, 18), ([1, 1, 3], 1, 1), ([19, 7, 1], 7, 5), ([4, 3, 2], 3, 0)]
    {
        let bold = noise(shape, N, 3);
        let (known, nuisance) = (common_columns(N, p), slice_columns(N, m, shape[2]));
        let got = on_cpu(&bold, &Projection::new(&known, &nuisance).unwrap());
        let want = naive(&bold, &known, &nuisance);
        let name = format!("{shape:?} {p}+{m}");
        assert_close(&name, &wide(&got.data), &want, F32_ROUNDING + 1e-12, 0.0);
    }
}

#[test]
fn the_rows_are_those_of_the_joint_pseudo_inverse_and_know_the_dof_spent() {
    let (known, nuisance) = (common_columns(N, 5), slice_columns(N, 6, 3));
    let projection = Projection::new(&known, &nuisance).unwrap();
    assert_eq!(projection.dof_spent, [6, 6, 6]);
    for (group, columns) in projection.columns.iter().enumerate() {
        let joint = concatenate(Axis(1), &[known.view(), columns.view()]).unwrap();
        let names: Vec<String> = (0..joint.ncols()).map(|j| j.to_string()).collect();
        let model = Model::new(&joint, &names, None, 1, 0.0).unwrap();
        let want: Vec<f64> = model.solvers[0].pinv.slice(s![5.., ..]).iter().copied().collect();
        let got: Vec<f64> = projection.rows[group].iter().copied().collect();
        assert_close("rows", &got, &want, 0.0, 1e-13);
    }
}

#[test]
fn what_nuisance_and_task_share_is_left_to_the_task() {
    let known = common_columns(N, 4);
    let mut nuisance = slice_columns(N, 3, 2);
    for columns in &mut nuisance.columns {
        // The second column is the task; the third of no extent at all.
        columns.column_mut(1).assign(&known.column(0));
        columns.column_mut(2).fill(0.7);
    }
    let projection = Projection::new(&known, &nuisance).unwrap();
    assert_eq!(projection.dof_spent, [1, 1, 1]);
    let mut bold = noise([5, 4, 2], N, 5);
    let volume = bold.block.volume_len();
    for (at, value) in bold.data.iter_mut().enumerate() {
        *value = (500.0 + 30.0 * known[[at / volume, 0]]) as f32;
    }
    let got = on_cpu(&bold, &projection);
    assert_close("task", &wide(&got.data), &wide(&bold.data), F32_ROUNDING, 0.0);
}

#[test]
fn task_signal_and_mean_are_kept_and_the_nuisance_is_gone() {
    let known = common_columns(N, 4);
    let nuisance = slice_columns(N, 4, 6);
    let projection = Projection::new(&known, &nuisance).unwrap();
    let mut bold = noise([5, 4, 6], N, 7);
    let (volume, plane) = (bold.block.volume_len(), bold.block.plane_len());
    let task = |t: usize| 800.0 + 25.0 * known[[t, 0]];
    for (at, value) in bold.data.iter_mut().enumerate() {
        let (t, group) = (at / volume, nuisance.group_of_plane[at % volume / plane]);
        let physio: f64 = projection.columns[group].row(t).iter().sum();
        *value = (task(t) + 9.0 * physio) as f32;
    }
    let want: Vec<f64> = (0..bold.data.len()).map(|at| task(at / volume)).collect();
    // The input was rounded to f32, which the fit spreads.
    assert_close("task", &wide(&on_cpu(&bold, &projection).data), &want, 4.0 * F32_ROUNDING, 0.0);
}

#[test]
fn a_voxel_that_is_not_finite_somewhere_stays_as_it_is_and_harms_no_other() {
    let (known, nuisance) = (common_columns(N, 3), slice_columns(N, 5, 2));
    let projection = Projection::new(&known, &nuisance).unwrap();
    let mut bold = noise([7, 3, 2], N, 9);
    let clean = on_cpu(&bold, &projection);
    let volume = bold.block.volume_len();
    let broken = [(3, f32::NAN), (17, f32::INFINITY), (40, f32::NEG_INFINITY)];
    for (v, value) in broken {
        bold.data[(v % N) * volume + v] = value;
    }
    let got = on_cpu(&bold, &projection);
    for (at, value) in got.data.iter().enumerate() {
        let is_broken = broken.iter().any(|(v, _)| at % volume == *v);
        let want = if is_broken { bold.data[at] } else { clean.data[at] };
        assert_eq!(
            value.to_bits(),
            want.to_bits(),
            "voxel {}, volume {}",
            at % volume,
            at / volume
        );
    }
}

#[test]
fn a_constant_voxel_stays_exactly_constant() {
    let projection = Projection::new(&common_columns(N, 3), &slice_columns(N, 5, 1)).unwrap();
    let mut bold = noise([7, 3, 1], N, 9);
    bold.data.fill(1234.567);
    assert_eq!(on_cpu(&bold, &projection), bold);
}

#[test]
fn blocks_of_planes_and_threads_change_no_bit() {
    let projection = Projection::new(&common_columns(N, 3), &slice_columns(N, 5, 7)).unwrap();
    let bold = noise([9, 5, 7], N, 11);
    let whole = on_cpu(&bold, &projection);
    let (plane, volume) = (bold.block.plane_len(), bold.block.volume_len());
    let block = Block { planes: 2..6, core: 2..6, ..bold.block.clone() };
    let cut = |from: &HostBold| -> Vec<f32> {
        (0..N)
            .flat_map(|t| from.data[t * volume + 2 * plane..t * volume + 6 * plane].to_vec())
            .collect()
    };
    let part = HostBold::new(block, cut(&bold));
    let three = rayon::ThreadPoolBuilder::new().num_threads(3).build().unwrap();
    let got = three.install(|| on_cpu(&part, &projection));
    assert_eq!(got.data, cut(&whole));
}

#[test]
fn wrong_columns_and_blocks_are_refused() {
    let known = common_columns(N, 4);
    let code = |known: &Array2<f64>, nuisance: &SliceGroups| {
        Projection::new(known, nuisance).unwrap_err().exit_code()
    };
    assert_eq!(code(&known, &slice_columns(N - 1, 5, 2)), 65);
    assert_eq!(code(&known, &slice_columns(N, N - 4, 2)), 65);
    let mut broken = slice_columns(N, 5, 2);
    broken.columns[1][[3, 3]] = f64::NAN;
    assert_eq!(code(&known, &broken), 65);
    let projection = Projection::new(&known, &slice_columns(N, 5, 2)).unwrap();
    let refused = |bold: HostBold| {
        subtract(&mut Device::cpu().tape(), Bold::Host(bold), &projection).unwrap_err().exit_code()
    };
    assert_eq!(refused(noise([2, 2, 2], N - 1, 1)), 70);
    assert_eq!(refused(noise([2, 2, 3], N, 1)), 70);
}
