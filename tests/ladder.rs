//! What a story does when its device fails: halve the block, open the device anew, the CPU path under `auto` only.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod test_adapter;

use std::cell::{Cell, RefCell};

use boldly::error::{DeviceFailure, Error};
use boldly::gpu::{Device, Gpu};
use boldly::io::source::{BoldSink, BoldSource, Memory};
use boldly::kernels::contrast::{Contrast, Prepared, Stat};
use boldly::kernels::glm::Model;
use boldly::kernels::nuisance::Projection;
use boldly::kernels::smooth::{Kernel, Taps};
use boldly::pipeline::blocks::{Cut, Ladder, batches};
use boldly::pipeline::clean::clean_run;
use boldly::pipeline::first_level::{Plan, fit_run};
use boldly::pipeline::smoothing::{Smoothing, smooth_run};
use boldly::pipeline::watch::Watch;
use boldly::volume::{Block, SliceGroups};
use ndarray::{Array2, array};

const SHAPE: [usize; 3] = [7, 6, 9];
const N_VOLUMES: usize = 40;

/// Keeps warnings and counts steps.
#[derive(Default)]
struct Listener {
    warnings: RefCell<Vec<String>>,
    announced: Cell<usize>,
    steps: Cell<usize>,
}

impl Watch for Listener {
    fn stage(&self, _name: &str, total: usize) {
        self.announced.set(self.announced.get() + total);
    }
    fn step(&self) {
        self.steps.set(self.steps.get() + 1);
    }
    fn note(&self, _line: &str) {}
    fn warn(&self, line: &str) {
        self.warnings.borrow_mut().push(line.into());
    }
}

impl Listener {
    /// The warnings are as many, each with its words; every announced step was made.
    fn assert_heard(&self, words: &[&str]) {
        let warnings = self.warnings.borrow();
        assert_eq!(warnings.len(), words.len(), "{warnings:#?}");
        for (warning, words) in warnings.iter().zip(words) {
            assert!(warning.contains(words), "{warning} lacks: {words}");
        }
        assert_eq!(self.steps.get(), self.announced.get(), "steps made and announced");
    }
}

fn run() -> Memory {
    let mut state = 11_u32;
    let mut memory = Memory::zeros(SHAPE, N_VOLUMES);
    memory.run.data.iter_mut().for_each(|value| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        *value = 1000.0 + (state >> 8) as f32 / 65536.0;
    });
    memory
}

fn smoothing() -> Smoothing {
    Smoothing { taps: Taps::new(4.0, [2.0, 2.0, 2.5], Kernel::Sampled).unwrap(), within: None }
}

fn design() -> Array2<f64> {
    Array2::from_shape_fn((N_VOLUMES, 3), |(t, column)| match column {
        0 => f64::from(u8::from(t / 5 % 2 == 0)),
        1 => t as f64 / 40.0 - 0.5,
        _ => 1.0,
    })
}

fn projection() -> Projection {
    let columns = |group: usize| {
        Array2::from_shape_fn((N_VOLUMES, 2), |(t, c)| {
            (1.3 * t as f64 + 0.4 * group as f64 + c as f64).sin()
        })
    };
    let slices = SliceGroups {
        group_of_plane: (0..SHAPE[2]).map(|plane| plane % 2).collect(),
        names: vec!["sin".into(), "cos".into()],
        columns: vec![columns(0), columns(1)],
    };
    Projection::new(&design(), &slices).unwrap()
}

/// A story from memory to memory or maps, all its values.
type Story = fn(&mut Ladder, &Listener) -> boldly::Result<Vec<f32>>;

fn smooth_story(ladder: &mut Ladder, listener: &Listener) -> boldly::Result<Vec<f32>> {
    let mut sink = Memory::zeros(SHAPE, N_VOLUMES);
    smooth_run(ladder, &mut run(), &mut sink, &smoothing(), listener)?;
    Ok(sink.run.data)
}

fn clean_story(ladder: &mut Ladder, listener: &Listener) -> boldly::Result<Vec<f32>> {
    let mut sink = Memory::zeros(SHAPE, N_VOLUMES);
    clean_run(ladder, &mut run(), &mut sink, &projection(), listener)?;
    Ok(sink.run.data)
}

fn fit_story(ladder: &mut Ladder, listener: &Listener) -> boldly::Result<Vec<f32>> {
    let names: Vec<String> = ["task", "drift", "constant"].map(String::from).to_vec();
    let model = Model::new(&design(), &names, None, SHAPE[2], 2.0)?;
    let weights = array![[1.0, 0.0, 0.0]];
    let task = Prepared::new(Contrast { name: "task".into(), stat: Stat::T, weights }, &model)?;
    let plan = Plan {
        correct: Some(projection()),
        smooth: Some(smoothing()),
        model,
        contrasts: vec![task],
        noise: None,
    };
    let inside: Vec<bool> = (0..SHAPE.iter().product()).map(|v| v % 5 != 3).collect();
    let fitted = fit_run(ladder, &mut run(), &mut [], &inside, &plan, listener)?;
    assert_eq!(fitted.fitted, inside);
    Ok(fitted.contrasts[0].stat.iter().map(|&t| t as f32).collect())
}

const STORIES: [(&str, Story); 3] =
    [("smooth", smooth_story), ("clean", clean_story), ("fit", fit_story)];

fn gpu(ladder: &Ladder) -> &Gpu {
    match &ladder.device {
        Device::Gpu(gpu) => gpu,
        Device::Cpu(_) => panic!("not on the GPU"),
    }
}

/// Every story gives the same bits whether or not `harm` was done to its device before.
fn assert_survives(harm: impl Fn(&Gpu), warning: &str) {
    for (name, story) in STORIES {
        let mut ladder = Ladder::around(test_adapter::open(None));
        let calm = Listener::default();
        let want = story(&mut ladder, &calm).unwrap();
        calm.assert_heard(&[]);
        assert!(want.iter().any(|&value| value != 0.0), "{name}");
        harm(gpu(&ladder));
        let listener = Listener::default();
        let got = story(&mut ladder, &listener).unwrap();
        listener.assert_heard(&[warning]);
        gpu(&ladder);
        let differ = (0..want.len()).find(|&at| got[at].to_bits() != want[at].to_bits());
        assert_eq!(differ.map(|at| (at, got[at], want[at])), None, "{name}");
    }
}

#[test]
fn out_of_memory_halves_the_block_and_changes_no_value() {
    assert_survives(|gpu| gpu.inject(DeviceFailure::OutOfMemory), "halving the block");
}

#[test]
fn a_lost_device_is_opened_anew_and_changes_no_value() {
    assert_survives(|gpu| gpu.inject(DeviceFailure::Lost), "opening the device anew");
    assert_survives(Gpu::lose, "opening the device anew");
}

fn failed(failure: DeviceFailure) -> Error {
    Error::device(failure, "a made-up device", "failed", "", "")
}

#[test]
fn halves_cover_the_block_once_and_what_cannot_be_halved_is_an_error() {
    let whole = || vec![Block::whole(SHAPE, N_VOLUMES)];
    for (cut, fits) in [(Cut::Volumes, 6), (Cut::Planes { halo: 2 }, 2)] {
        let length = |block: &Block| match cut {
            Cut::Volumes => block.volumes.len(),
            Cut::Planes { .. } => block.core.len(),
        };
        let mut source = run();
        let mut sink = Memory::zeros(SHAPE, N_VOLUMES);
        let mut values = 0;
        let mut ladder = Ladder::around(Device::cpu());
        ladder
            .each(whole(), cut, &Listener::default(), &mut |_, block| {
                if length(block) > fits {
                    return Err(failed(DeviceFailure::OutOfMemory));
                }
                values += block.len() / block.planes.len() * block.core.len();
                sink.write(&source.read(block)?)
            })
            .unwrap();
        assert_eq!(values, source.run.data.len(), "{cut:?}: each value once");
        assert_eq!(sink, source, "{cut:?}");
        let listener = Listener::default();
        let why = ladder
            .each(whole(), cut, &listener, &mut |_, _| Err(failed(DeviceFailure::OutOfMemory)))
            .unwrap_err();
        assert_eq!(why.exit_code(), 75, "{why}");
    }
}

/// Smooths volume by volume; from volume 2 on every room on the GPU fails.
fn fail_from_volume_2(
    ladder: &mut Ladder,
    failure: DeviceFailure,
    listener: &Listener,
) -> boldly::Result<Vec<f32>> {
    let mut source = run();
    let mut sink = Memory::zeros(SHAPE, N_VOLUMES);
    let blocks = batches(SHAPE, N_VOLUMES, 1);
    listener.stage("smooth", blocks.len());
    ladder.each(blocks, Cut::Volumes, listener, &mut |device, block| {
        if let (Device::Gpu(gpu), 2..) = (device, block.volumes.start) {
            gpu.inject(failure);
        }
        let mut tape = device.tape();
        let (bold, _) = tape.load(source.read(block)?)?;
        let bold = boldly::kernels::smooth::smooth(&mut tape, bold, &smoothing().taps, None)?;
        let smoothed = tape.store(bold)?;
        sink.write(&tape.run()?.bold(smoothed)?)
    })?;
    Ok(sink.run.data)
}

const FAILURES: [(DeviceFailure, &[&str]); 3] = [
    (DeviceFailure::Lost, &["opening the device anew"]),
    (DeviceFailure::OutOfMemory, &[]), // one volume cannot be halved
    (DeviceFailure::Rejected, &[]),
];

#[test]
fn a_named_device_that_keeps_failing_ends_the_work_with_75() {
    for (failure, before) in FAILURES {
        let mut ladder = Ladder::around(test_adapter::open(None));
        let listener = Listener::default();
        let why = fail_from_volume_2(&mut ladder, failure, &listener).unwrap_err();
        assert_eq!(why.exit_code(), 75, "{why}");
        assert!(matches!(&why, Error::Device { failure: f, .. } if *f == failure), "{why}");
        assert_eq!(listener.warnings.borrow().len(), before.len());
        assert_eq!(listener.steps.get(), 2, "volumes 0 and 1 were done");
        gpu(&ladder);
    }
}

#[test]
fn under_auto_the_cpu_path_goes_on_where_the_device_failed() {
    let on_cpu = smooth_story(&mut Ladder::around(Device::cpu()), &Listener::default()).unwrap();
    for (failure, before) in FAILURES {
        let mut ladder = Ladder::around(test_adapter::open(None)).falling_back();
        let of_gpu = ladder.report();
        let listener = Listener::default();
        let got = fail_from_volume_2(&mut ladder, failure, &listener).unwrap();
        listener.assert_heard(&[before, &["going on with the CPU path"]].concat());
        assert!(matches!(ladder.device, Device::Cpu(_)));
        assert_eq!(ladder.report(), of_gpu, "two volumes are the GPU's");
        let kernels =
            ladder.device.take_spans().iter().filter(|span| span.stage == "smooth").count();
        assert_eq!(kernels, N_VOLUMES, "the spans of both devices");
        let volume = SHAPE.iter().product::<usize>();
        let cpu_part = 2 * volume..;
        assert_eq!(got[cpu_part.clone()], on_cpu[cpu_part], "{failure:?}");
        for (at, (got, want)) in got.iter().zip(&on_cpu).enumerate() {
            assert!((got - want).abs() <= 2e-6 * want, "{failure:?}: {at}: {got} for {want}");
        }
    }
}

#[test]
fn a_device_that_never_finished_a_block_is_not_recorded() {
    let mut ladder = Ladder::around(test_adapter::open(None)).falling_back();
    gpu(&ladder).inject(DeviceFailure::Rejected);
    let listener = Listener::default();
    let got = smooth_story(&mut ladder, &listener).unwrap();
    listener.assert_heard(&["going on with the CPU path"]);
    assert_eq!(ladder.report(), Device::cpu().report());
    let on_cpu = smooth_story(&mut Ladder::around(Device::cpu()), &Listener::default()).unwrap();
    assert_eq!(got, on_cpu);
}

#[test]
fn errors_that_are_not_the_devices_are_not_retried() {
    let mut ladder = Ladder::around(Device::cpu()).falling_back();
    let listener = Listener::default();
    let mut tries = 0;
    let blocks = vec![Block::whole(SHAPE, N_VOLUMES)];
    let why = ladder
        .each(blocks, Cut::Volumes, &listener, &mut |_, _| {
            tries += 1;
            Err(Error::bad_data("the run", "ends early", "hold all volumes", ""))
        })
        .unwrap_err();
    assert_eq!((why.exit_code(), tries), (65, 1));
    listener.assert_heard(&[]);
}

/// The whole run smoothed in one piece.
fn whole_story(ladder: &mut Ladder, listener: &Listener) -> boldly::Result<Vec<f32>> {
    ladder.whole(listener, &mut |device| {
        let mut tape = device.tape();
        let (bold, _) = tape.load(run().read(&Block::whole(SHAPE, N_VOLUMES))?)?;
        let bold = boldly::kernels::smooth::smooth(&mut tape, bold, &smoothing().taps, None)?;
        let smoothed = tape.store(bold)?;
        Ok(tape.run()?.bold(smoothed)?.data)
    })
}

#[test]
fn work_in_one_piece_begins_anew_on_a_new_device_and_under_auto_on_the_cpu_path() {
    let calm = Listener::default();
    let want = whole_story(&mut Ladder::around(test_adapter::open(None)), &calm).unwrap();
    calm.assert_heard(&[]);
    let mut ladder = Ladder::around(test_adapter::open(None));
    gpu(&ladder).lose();
    let listener = Listener::default();
    assert_eq!(whole_story(&mut ladder, &listener).unwrap(), want);
    listener.assert_heard(&["opening the device anew"]);
    gpu(&ladder);
    let on_cpu = whole_story(&mut Ladder::around(Device::cpu()), &Listener::default()).unwrap();
    for failure in [DeviceFailure::Rejected, DeviceFailure::OutOfMemory] {
        gpu(&ladder).inject(failure);
        let why = whole_story(&mut ladder, &Listener::default()).unwrap_err();
        assert_eq!(why.exit_code(), 75, "{why}");
        let mut auto = Ladder::around(test_adapter::open(None)).falling_back();
        gpu(&auto).inject(failure);
        let listener = Listener::default();
        assert_eq!(whole_story(&mut auto, &listener).unwrap(), on_cpu, "{failure:?}");
        listener.assert_heard(&["going on with the CPU path"]);
    }
}
