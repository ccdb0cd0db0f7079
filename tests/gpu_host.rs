//! The GPU host: adapters, transfers, errors and the retry ladder's hooks.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod test_adapter;

use boldly::error::{DeviceFailure, Error};
use boldly::gpu::{
    Activity, Bold, Constant, Device, DeviceChoice, PROBE, Shader, Tape, Variant, adapter_reports,
    adapters,
};
use boldly::kernels::SHADERS;
use boldly::kernels::smooth::{Taps, smooth};
use boldly::volume::{Block, HostBold};

fn noise(block: Block) -> HostBold {
    let mut state = 7_u32;
    let data = (0..block.len())
        .map(|_| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            1000.0 + (state >> 8) as f32 / 65536.0
        })
        .collect();
    HostBold::new(block, data)
}

fn some_taps() -> Taps {
    Taps { weights: [vec![0.6, 0.2], vec![0.6, 0.2], vec![0.6, 0.2]] }
}

fn failure(error: &Error) -> DeviceFailure {
    match error {
        Error::Device { failure, .. } => *failure,
        other => panic!("not a device error: {other}"),
    }
}

fn variants() -> Vec<Variant> {
    SHADERS.into_iter().chain([&PROBE]).flat_map(Shader::variants).collect()
}

/// The same block through a room or none.
fn through(
    device: &Device,
    bold: HostBold,
    room: impl Fn(&mut Tape<'_>, Bold) -> boldly::Result<Bold>,
) -> boldly::Result<HostBold> {
    let mut tape = device.tape();
    let (bold, _) = tape.load(bold)?;
    let bold = room(&mut tape, bold)?;
    let stored = tape.store(bold)?;
    tape.run()?.bold(stored)
}

fn smoothed(device: &Device, bold: HostBold) -> boldly::Result<HostBold> {
    through(device, bold, |tape, bold| smooth(tape, bold, &some_taps(), None))
}

#[test]
fn every_shader_variant_that_the_host_can_build_is_valid() {
    let variants = variants();
    assert!(variants.len() > 100, "only {} variants", variants.len());
    for variant in variants {
        variant.validate().unwrap();
    }
}

/// How the line of a constant begins.
fn start((name, value): &(&'static str, Constant)) -> String {
    match value {
        Constant::Type(_) => format!("alias {name} = "),
        Constant::Number(_) => format!("const {name}: u32 = "),
    }
}

#[test]
fn a_shader_variant_changes_only_its_named_lines() {
    for variant in variants() {
        let file = std::fs::read_to_string(format!(
            "{}/shaders/{}.wgsl",
            env!("CARGO_MANIFEST_DIR"),
            variant.shader.name
        ))
        .unwrap();
        let source = variant.source();
        assert_eq!(file.lines().count(), source.lines().count());
        let starts: Vec<String> = variant.constants.iter().map(start).collect();
        for (stands, built) in file.lines().zip(source.lines()).filter(|(a, b)| a != b) {
            let named = |s: &&String| stands.starts_with(*s) && built.starts_with(*s);
            assert!(starts.iter().any(|start| named(&start)), "{built}");
        }
        for start in starts {
            let lines = file.lines().filter(|line| line.starts_with(&start)).count();
            assert_eq!(lines, 1, "{}: {start}", variant.shader.name);
        }
    }
}

#[test]
fn the_test_adapter_reports_its_limits_and_its_arithmetic() {
    let device = test_adapter::open(None);
    let report = device.report();
    println!("{report:#?}");
    for finding in ["two_sum", "two_sum_guarded", "fma", "contraction", "loop_70000", "accumulator"]
    {
        assert!(report.probe.contains_key(finding), "{finding} is missing in {:?}", report.probe);
    }
    assert_eq!(report.probe["two_sum_guarded"], "kept");
    let wide = report.precision == "f32 with f64 accumulators";
    assert_eq!(report.probe["accumulator"], if wide { "53 bits" } else { "24 bits" });
    let listed = adapter_reports();
    let found = listed.iter().find(|a| a.report.name == report.name).unwrap();
    assert!(found.limits.iter().any(|(name, _)| name == "storage binding"));
    assert!(device.block_bytes().unwrap() >= 1 << 20);
}

#[test]
fn accumulators_can_be_kept_in_f32() {
    let report = test_adapter::open(Some(false)).report();
    assert_eq!(report.precision, "f32");
    assert_eq!(report.probe["accumulator"], "24 bits");
}

#[test]
fn gpu_means_hardware_and_its_absence_names_what_there_is() {
    match Device::open(&DeviceChoice::Gpu) {
        Ok(device) => assert_ne!(device.report().kind, "software"),
        Err(why) => {
            assert_eq!(why.exit_code(), 69, "{why}");
            for adapter in adapters() {
                assert_eq!(adapter.kind, "software");
                assert!(why.to_string().contains(&adapter.name), "{why}");
            }
        }
    }
}

#[test]
fn auto_never_takes_a_software_adapter() {
    assert_ne!(Device::open(&DeviceChoice::Auto).unwrap().report().kind, "software");
}

#[test]
fn an_unknown_name_is_an_error_that_lists_the_adapters() {
    let why = Device::open(&DeviceChoice::Named("no such adapter".into())).unwrap_err();
    assert_eq!(why.exit_code(), 69);
    assert!(adapters().iter().all(|a| why.to_string().contains(&a.name)), "{why}");
}

#[test]
fn blocks_come_back_bit_for_bit_through_several_staging_buffers() {
    let device = test_adapter::open(None);
    for (shape, volumes) in [([1, 1, 1], 1), ([7, 5, 3], 11), ([64, 63, 31], 80)] {
        let mut bold = noise(Block::whole(shape, volumes));
        bold.data[0] = f32::from_bits(0x7fc1_2345);
        let last = bold.data.len() - 1;
        bold.data[last] = f32::NEG_INFINITY;
        let back = through(&device, bold.clone(), |_, bold| Ok(bold)).unwrap();
        assert_eq!(back.block, bold.block);
        let different =
            back.data.iter().zip(&bold.data).filter(|(a, b)| a.to_bits() != b.to_bits());
        assert_eq!(different.count(), 0, "shape {shape:?}");
    }
}

#[test]
fn a_block_in_parts_is_the_block_with_all_that_is_missing_and_a_part_out_of_turn_is_refused() {
    let device = test_adapter::open(None);
    let mut whole = noise(Block::whole([9, 7, 5], 11));
    let n = whole.block.volume_len();
    whole.data[3 * n + 17] = f32::NAN;
    whole.data[10 * n + 2] = f32::INFINITY;
    let part = |volumes: std::ops::Range<usize>| {
        let block = Block { volumes: volumes.clone(), ..whole.block.clone() };
        HostBold::new(block, whole.data[volumes.start * n..volumes.end * n].to_vec())
    };
    let at_once = smoothed(&device, whole.clone()).unwrap();
    let mut tape = device.tape();
    let mut loading = tape.begin_load(&whole.block).unwrap().unwrap();
    tape.load_part(&mut loading, &part(0..4)).unwrap();
    let why = tape.load_part(&mut loading, &part(6..11)).unwrap_err();
    assert!(why.to_string().contains("from volume 4 on"), "{why}");
    tape.load_part(&mut loading, &part(4..10)).unwrap();
    tape.load_part(&mut loading, &part(10..11)).unwrap();
    let bold = tape.end_load(loading).unwrap();
    let bold = smooth(&mut tape, bold, &some_taps(), None).unwrap();
    let stored = tape.store(bold).unwrap();
    let in_parts = tape.run().unwrap().bold(stored).unwrap();
    for beside in [3 * n + 18, 10 * n + 3] {
        assert!(
            in_parts.data[beside].is_finite(),
            "a missing voxel reaches its neighbour {beside}"
        );
    }
    let pairs = in_parts.data.iter().zip(&at_once.data);
    assert_eq!(pairs.filter(|(a, b)| a.to_bits() != b.to_bits()).count(), 0);
    let mut tape = device.tape();
    let loading = tape.begin_load(&whole.block).unwrap().unwrap();
    assert_eq!(tape.end_load(loading).unwrap_err().exit_code(), 70);
}

#[test]
fn a_block_beyond_the_binding_is_out_of_memory() {
    let device = test_adapter::open(None);
    // 2 GiB, which no adapter binds. Zeros: the host's memory is never touched.
    let block = Block::whole([1024, 1024, 64], 8);
    let data = vec![0.0; block.len()];
    let why = device.tape().load(HostBold::new(block, data)).unwrap_err();
    assert_eq!(failure(&why), DeviceFailure::OutOfMemory, "{why}");
}

#[test]
fn an_injected_failure_hits_the_next_tape_only() {
    let device = test_adapter::open(None);
    let Device::Gpu(gpu) = &device else { panic!("not a GPU") };
    for wanted in [DeviceFailure::OutOfMemory, DeviceFailure::Lost, DeviceFailure::Rejected] {
        gpu.inject(wanted);
        let run = || smoothed(&device, noise(Block::whole([4, 4, 4], 2)));
        let why = run().unwrap_err();
        assert_eq!(failure(&why), wanted, "{why}");
        run().unwrap();
    }
}

#[test]
fn a_lost_device_says_so_and_opens_anew() {
    let device = test_adapter::open(None);
    let Device::Gpu(gpu) = &device else { panic!("not a GPU") };
    let mut tape = device.tape();
    let (bold, _) = tape.load(noise(Block::whole([4, 4, 4], 2))).unwrap();
    gpu.lose();
    let bold = smooth(&mut tape, bold, &some_taps(), None).unwrap();
    tape.store(bold).unwrap();
    let why = tape.run().unwrap_err();
    assert_eq!(failure(&why), DeviceFailure::Lost, "{why}");
    let again = device.reopen().unwrap();
    assert_eq!(again.report(), device.report());
    let back = smoothed(&again, noise(Block::whole([4, 4, 4], 2))).unwrap();
    assert!(back.data.iter().all(|v| v.is_finite()));
}

#[test]
fn transfers_and_kernels_are_measured_apart() {
    let device = test_adapter::open(None);
    let block = Block::whole([16, 16, 16], 20);
    smoothed(&device, noise(block.clone())).unwrap();
    let spans = device.take_spans();
    let seen: Vec<_> = spans.iter().map(|s| (s.stage.as_str(), s.activity)).collect();
    assert_eq!(
        seen,
        [("load", Activity::Upload), ("smooth", Activity::Kernel), ("store", Activity::Download)]
    );
    let bytes = block.len() as u64 * 4;
    assert_eq!(spans.iter().map(|s| s.bytes).collect::<Vec<_>>(), [bytes, 2 * bytes, bytes]);
    for span in &spans {
        assert!(span.seconds > 0.0 && span.seconds < 60.0, "{span:?}");
    }
    assert!(device.take_spans().is_empty());
}

#[test]
fn a_block_of_another_length_than_it_says_is_an_error() {
    let device = test_adapter::open(None);
    let mut bold = noise(Block::whole([4, 4, 4], 2));
    bold.data.pop();
    assert_eq!(device.tape().load(bold).unwrap_err().exit_code(), 70);
    let small = noise(Block::whole([2, 2, 2], 1));
    assert!(matches!(Device::cpu().tape().load(small), Ok((Bold::Host(_), None))));
}
