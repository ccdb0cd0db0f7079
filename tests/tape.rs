//! What a tape promises: one wait a block whatever is asked of it, and blocks that are under way at the same time.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod test_adapter;

use boldly::gpu::{Activity, Device, Span};
use boldly::io::source::Memory;
use boldly::kernels::contrast::{Contrast, Prepared, Stat};
use boldly::kernels::glm::Model;
use boldly::kernels::nuisance::Projection;
use boldly::kernels::smooth::{Kernel, Taps};
use boldly::pipeline::blocks::{Ladder, PROCESS_BYTES, RING};
use boldly::pipeline::clean::clean_run;
use boldly::pipeline::first_level::{Fitted, Plan, fit_run};
use boldly::pipeline::smoothing::{Smoothing, smooth_run};
use boldly::pipeline::watch::Quiet;
use boldly::volume::SliceGroups;
use ndarray::Array2;

const N_VOLUMES: usize = 40;

fn run(shape: [usize; 3]) -> Memory {
    let mut state = 11_u32;
    let mut memory = Memory::zeros(shape, N_VOLUMES);
    memory.run.data.iter_mut().for_each(|value| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        *value = 1000.0 + (state >> 8) as f32 / 65536.0;
    });
    memory
}

/// Columns without a pattern, and a constant.
fn columns(n: usize, seed: f64) -> Array2<f64> {
    Array2::from_shape_fn((N_VOLUMES, n), |(t, column)| {
        if column + 1 == n { 1.0 } else { (seed + 1.3 * (t * (column + 2)) as f64).sin() }
    })
}

fn smoothing() -> Smoothing {
    Smoothing { taps: Taps::new(5.0, [2.0, 2.0, 2.5], Kernel::Sampled).unwrap(), within: None }
}

fn projection(n_planes: usize) -> Projection {
    let slices = SliceGroups {
        group_of_plane: (0..n_planes).map(|plane| plane % 2).collect(),
        names: vec!["sin".into(), "cos".into()],
        columns: (0..2).map(|group| columns(3, f64::from(group)).split_off_constant()).collect(),
    };
    Projection::new(&columns(3, 9.0), &slices).unwrap()
}

trait SplitOffConstant {
    fn split_off_constant(self) -> Self;
}

impl SplitOffConstant for Array2<f64> {
    fn split_off_constant(self) -> Array2<f64> {
        let last = self.ncols() - 1;
        self.slice_move(ndarray::s![.., ..last])
    }
}

/// A ladder with room for blocks of so many bytes under way, for their source `run`, and for the maps of contrasts.
fn capped(device: Device, run: &Memory, blocks_of: usize, n_contrasts: usize) -> Ladder {
    let under_way = if matches!(device, Device::Cpu(_)) { 1 } else { RING };
    let rows: usize = (0..n_contrasts).map(|c| 1 + 2 * (c % 2)).sum();
    let maps = 48 * rows * run.run.block.volume_len();
    let bytes = 4 * run.run.data.len() + under_way * blocks_of + maps;
    Ladder::around(device).within(Some(PROCESS_BYTES + bytes as u64))
}

fn plan(n_planes: usize, n_contrasts: usize) -> Plan {
    let names: Vec<String> = (0..6).map(|c| format!("x{c}")).collect();
    let model = Model::new(&columns(6, 0.0), &names, None, n_planes, 2.0).unwrap();
    let contrast = |c: usize| {
        let stat = if c.is_multiple_of(2) { Stat::T } else { Stat::F };
        let mut weights = Array2::zeros((1 + 2 * (c % 2), 6));
        weights.diag_mut().fill(1.0 + c as f64);
        Prepared::new(Contrast { name: format!("c{c}"), stat, weights }, &model).unwrap()
    };
    Plan {
        correct: Some(projection(n_planes)),
        smooth: Some(smoothing()),
        contrasts: (0..n_contrasts).map(contrast).collect(),
        noise: None,
        model,
    }
}

fn fitted(ladder: &mut Ladder, run: &mut Memory, n_contrasts: usize) -> Fitted {
    let [ni, nj, nk] = run.run.block.run_shape;
    let inside: Vec<bool> = (0..ni * nj * nk).map(|v| v % 5 != 3).collect();
    fit_run(ladder, run, &mut [], &inside, &plan(nk, n_contrasts), &Quiet).unwrap()
}

#[test]
fn a_block_is_waited_for_once_whatever_the_number_of_contrasts() {
    let mut run = run([7, 6, 30]);
    let of_planes = |n: usize| n * 4 * 7 * 6 * N_VOLUMES;
    let mut seen = Vec::new();
    for n_contrasts in [1, 5] {
        // 14 planes a block: 6 of them and 4 of halo on either side.
        let mut ladder = capped(test_adapter::open(None), &run, of_planes(14), n_contrasts);
        let before = ladder.device.waits();
        let fitted = fitted(&mut ladder, &mut run, n_contrasts);
        assert!(fitted.contrasts.iter().all(|maps| maps.stat.iter().any(|&t| t != 0.0)));
        let blocks =
            ladder.device.take_spans().iter().filter(|s| s.activity == Activity::Upload).count();
        seen.push((ladder.device.waits() - before, blocks));
    }
    assert_eq!(seen[0], seen[1], "waits and blocks of 1 and 5 contrasts");
    assert!(seen[0].1 >= 4 && seen[0].0 == seen[0].1, "{seen:?}: a wait a block");
}

/// The spans of an activity in order.
fn of(spans: &[Span], activity: Activity) -> Vec<&Span> {
    spans.iter().filter(|span| span.activity == activity).collect()
}

#[test]
fn neighbouring_blocks_are_sent_computed_and_brought_back_at_the_same_time() {
    let mut run = run([40, 40, 24]);
    // 5 of 40 volumes a block
    let mut ladder = capped(test_adapter::open(None), &run, 5 * 4 * 40 * 40 * 24, 0);
    let mut sink = Memory::zeros([40, 40, 24], N_VOLUMES);
    smooth_run(&mut ladder, &mut run, &mut sink, &smoothing(), &Quiet).unwrap();
    let spans = ladder.device.take_spans();
    let (up, kernel, down) = (
        of(&spans, Activity::Upload),
        of(&spans, Activity::Kernel),
        of(&spans, Activity::Download),
    );
    let n = up.len();
    assert_eq!((n, kernel.len(), down.len()), (8, 8, 8));
    for (what, spans) in [("up", &up), ("kernel", &kernel), ("down", &down)] {
        let times: Vec<_> = spans.iter().map(|s| s.from_to_s.map(|t| (t * 1e3).round())).collect();
        println!("{what}: {times:?} ms");
    }
    // Whatever the device's speed, a block begins before the one before it is finished.
    for b in 0..n - 1 {
        let (began, ended) = (up[b + 1].from_to_s[0], down[b].from_to_s[1]);
        assert!(began < ended, "block {} waited for block {b}: {began} s, {ended} s", b + 1);
    }
    if ladder.device.report().kind != "software" {
        return; // kernels of microseconds overlap nothing for long
    }
    let sent_during = (0..n - 1).filter(|&b| up[b + 1].overlaps(kernel[b])).count();
    let brought_during =
        (0..n - 1).filter(|&b| kernel[b + 1..].iter().any(|k| down[b].overlaps(k))).count();
    // A busy machine may delay one or the other.
    assert!(sent_during >= n / 2, "{sent_during} of {n} were sent while the one before ran");
    assert!(brought_during >= n / 2, "{brought_during} of {n} came back while a later one ran");
}

#[test]
fn a_run_in_a_ring_of_blocks_is_what_it_is_at_once() {
    for cpu in [false, true] {
        let device = || if cpu { Device::cpu() } else { test_adapter::open(None) };
        let shape = [9, 8, 31];
        let mut run = run(shape);
        let plane = 4 * 9 * 8 * N_VOLUMES;
        let whole = fitted(&mut Ladder::around(device()), &mut run, 3);
        let mut ladder = capped(device(), &run, 13 * plane, 3);
        let parts = fitted(&mut ladder, &mut run, 3);
        for (whole, parts) in whole.contrasts.iter().zip(&parts.contrasts) {
            let differ = (0..whole.stat.len()).find(|&v| whole.stat[v] != parts.stat[v]);
            let values = differ.map(|v| (v, whole.stat[v], parts.stat[v]));
            assert_eq!(values, None, "{}, cpu {cpu}: voxel, at once, in parts", whole.name);
            assert!(whole == parts, "{}, cpu {cpu}: effect or variance", whole.name);
        }
        let mut clean = |ladder: &mut Ladder| {
            let mut sink = Memory::zeros(shape, N_VOLUMES);
            clean_run(ladder, &mut run, &mut sink, &projection(shape[2]), &Quiet).unwrap();
            sink
        };
        let whole = clean(&mut Ladder::around(device()));
        assert!(whole == clean(&mut ladder), "corrected, cpu {cpu}");
        let blocks = ladder.device.take_spans().iter().filter(|s| s.stage == "nuisance").count();
        assert!(blocks >= 6, "{blocks}: in several blocks");
    }
}
