//! How a run is cut so that it fits the device; `ladder` leads the blocks through it.

use std::ops::Range;
use std::time::Instant;

use crate::error::Result;
use crate::gpu::{Activity, Bold, Done, Span, Tape};
use crate::io::source::{BoldSink, BoldSource};
use crate::volume::{Block, HostBold};

mod ahead;
mod ladder;
mod plan;

pub use ahead::{ReadAhead, Spare, send_sparing};
pub use ladder::{Ladder, RING, Story};
pub use plan::{PROCESS_BYTES, Slabs};

/// Read a block and note the time.
///
/// # Errors
/// Whatever reading meets.
pub fn read_timed(tape: &Tape<'_>, source: &mut dyn BoldSource, block: &Block) -> Result<HostBold> {
    let (bold, span) = read_with_span(source, block)?;
    tape.record(span);
    Ok(bold)
}

/// The same for who has no device at hand.
fn read_with_span(source: &mut dyn BoldSource, block: &Block) -> Result<(HostBold, Span)> {
    let began = Instant::now();
    let bold = source.read(block)?;
    Ok((bold, Span::since("read", Activity::File, began, (bytes(block), 0))))
}

/// Bytes of a part that is decoded on its way to a device: still in a cache when it is copied into staging memory.
const PART_BYTES: usize = 4 << 20;

/// Read a block and send it to the device, part by part into staging memory where the source decodes parts; what one was read
/// into is filled anew.
///
/// # Errors
/// Whatever reading meets; device errors.
pub fn load(tape: &mut Tape<'_>, source: &mut dyn BoldSource, block: &Block) -> Result<Bold> {
    let Some(mut loading) = tape.begin_load(block)? else {
        let host = read_timed(tape, source, block)?;
        return send(tape, source, host);
    };
    for part in parts(block, source.is_stream()) {
        let host = read_timed(tape, source, &part)?;
        tape.load_part(&mut loading, &host)?;
        source.reuse(host.data);
    }
    tape.end_load(loading)
}

/// A block in parts of an even number of volumes, all of it at once where it is decoded as a whole anyway.
fn parts(block: &Block, whole: bool) -> Vec<Block> {
    let volume_bytes = block.volume_len() * size_of::<f32>();
    let volumes = (PART_BYTES / volume_bytes.max(1) / 2 * 2).max(2);
    let step = if whole { block.volumes.len().max(1) } else { volumes };
    let starts = block.volumes.clone().step_by(step);
    let part = |start: usize| start..(start + step).min(block.volumes.end);
    starts.map(|start| Block { volumes: part(start), ..block.clone() }).collect()
}

/// Send a block to the device; what it was read into is filled anew where the device has a copy.
///
/// # Errors
/// Device errors.
pub fn send(tape: &mut Tape<'_>, source: &mut dyn BoldSource, host: HostBold) -> Result<Bold> {
    let (bold, spare) = tape.load(host)?;
    spare.into_iter().for_each(|data| source.reuse(data));
    Ok(bold)
}

/// A block that was written goes where it came from.
pub fn give_back(done: &Done<'_>, source: &mut dyn BoldSource, bold: HostBold) {
    if let Some(data) = done.reuse(bold.data) {
        source.reuse(data);
    }
}

/// Write a block and note the time.
///
/// # Errors
/// Whatever writing meets.
pub fn write_timed(done: &Done<'_>, sink: &mut dyn BoldSink, bold: &HostBold) -> Result<()> {
    let began = Instant::now();
    sink.write(bold)?;
    done.record(Span::since("write", Activity::File, began, (bytes(&bold.block), 0)));
    Ok(())
}

fn bytes(block: &Block) -> u64 {
    (block.len() * size_of::<f32>()) as u64
}

/// Slabs of whole planes times all volumes, each with `halo` planes on either side, of at most `bytes` (the halo
/// included). None when not even one plane with its halo fits.
#[must_use]
pub fn slabs(shape: [usize; 3], n_volumes: usize, halo: usize, bytes: usize) -> Option<Vec<Block>> {
    let fitting = bytes / plane_bytes(shape, n_volumes).max(1);
    if fitting >= shape[2] {
        return Some(vec![Block::whole(shape, n_volumes)]);
    }
    let core = fitting.checked_sub(2 * halo).filter(|&n| n > 0)?;
    let blocks = pieces(0..shape[2], core)
        .map(|core| with_halo(&Block::whole(shape, n_volumes), core, halo))
        .collect();
    Some(blocks)
}

/// Batches of whole volumes of at most `bytes` (at least one volume each).
#[must_use]
pub fn batches(shape: [usize; 3], n_volumes: usize, bytes: usize) -> Vec<Block> {
    let volume_bytes = shape.iter().product::<usize>() * size_of::<f32>();
    let fitting = (bytes / volume_bytes.max(1)).max(1);
    pieces(0..n_volumes, fitting)
        .map(|volumes| Block { volumes, ..Block::whole(shape, n_volumes) })
        .collect()
}

/// Consecutive pieces of a range, even in length, none longer than `longest`.
fn pieces(range: Range<usize>, longest: usize) -> impl Iterator<Item = Range<usize>> {
    let n = range.len();
    let count = n.div_ceil(longest.max(1)).max(1);
    (0..count).map(move |k| range.start + n * k / count..range.start + n * (k + 1) / count)
}

/// Bytes of one plane times all volumes: the least that a slab can hold.
#[must_use]
pub fn plane_bytes(shape: [usize; 3], n_volumes: usize) -> usize {
    shape[0] * shape[1] * n_volumes * size_of::<f32>()
}

/// Along which axis a story cuts a run, and so how a block is halved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cut {
    /// Whole planes times all volumes, with a halo of planes on either side.
    Planes {
        /// Planes a result depends on, on either side.
        halo: usize,
    },
    /// Whole volumes.
    Volumes,
}

impl Cut {
    /// Two halves of a block; none when it cannot be halved.
    fn halve(self, block: &Block) -> Option<[Block; 2]> {
        let split = |r: &Range<usize>| {
            let middle = r.start + r.len() / 2;
            [r.start..middle, middle..r.end]
        };
        match self {
            Cut::Planes { halo } if block.core.len() > 1 => {
                Some(split(&block.core).map(|core| with_halo(block, core, halo)))
            }
            Cut::Volumes if block.volumes.len() > 1 => {
                Some(split(&block.volumes).map(|volumes| Block { volumes, ..block.clone() }))
            }
            _ => None,
        }
    }
}

/// The block of the same volumes with these core planes and their halo.
fn with_halo(of: &Block, core: Range<usize>, halo: usize) -> Block {
    let planes = core.start.saturating_sub(halo)..(core.end + halo).min(of.run_shape[2]);
    Block { planes, core, ..of.clone() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gpu::Device;
    use crate::io::source::Memory;
    use crate::pipeline::watch::{Journal, Quiet};

    #[test]
    fn slabs_cover_every_plane_once_and_stay_below_the_limit() {
        let plane_bytes = 7 * 5 * 11 * 4;
        for halo in 0..4 {
            for planes in 1..14 {
                let Some(blocks) = slabs([7, 5, 13], 11, halo, planes * plane_bytes) else {
                    assert!(planes < 13 && planes < 2 * halo + 1, "halo {halo}, {planes} planes");
                    continue;
                };
                let cores: Vec<usize> = blocks.iter().flat_map(|b| b.core.clone()).collect();
                assert_eq!(cores, (0..13).collect::<Vec<_>>());
                for b in &blocks {
                    assert!(b.planes.len() <= planes.max(13.min(planes)), "{b:?}");
                    assert!(b.core.start - b.planes.start == halo.min(b.core.start), "{b:?}");
                    assert!(b.planes.end - b.core.end == halo.min(13 - b.core.end), "{b:?}");
                }
            }
        }
    }

    #[test]
    fn parts_are_even_numbers_of_volumes_and_together_the_block() {
        for (shape, volumes) in [([7, 5, 3], 0..11), ([64, 64, 36], 3..60), ([512, 512, 9], 1..8)] {
            let block = Block { volumes: volumes.clone(), ..Block::whole(shape, 60) };
            let cut = parts(&block, false);
            let all: Vec<usize> = cut.iter().flat_map(|part| part.volumes.clone()).collect();
            assert_eq!(all, volumes.clone().collect::<Vec<_>>());
            let [first @ .., _] = &cut[..] else { panic!("no part of {block:?}") };
            assert!(first.iter().all(|part| part.volumes.len() % 2 == 0), "{cut:?}");
            assert_eq!(parts(&block, true), [block]);
        }
    }

    #[test]
    fn a_gpu_that_was_passed_over_is_told_of_once() {
        let listener = Journal::new(&Quiet);
        let mut ladder = Ladder::around(Device::cpu());
        ladder.passed_over = Some("GPU 7 could not be opened".into());
        for _ in 0..2 {
            let blocks = batches([2, 2, 2], 3, 32);
            ladder.each(blocks, Cut::Volumes, &listener, &mut |_, _| Ok(())).expect("no work");
        }
        assert_eq!(listener.warnings(), ["GPU 7 could not be opened; going on with the CPU path"]);
    }

    #[test]
    fn a_memory_cap_bounds_blocks_and_names_the_least_that_would_do() {
        let mib = 1 << 20;
        let run = Memory::zeros([64, 64, 16], 64); // 16 MiB, 1 MiB a plane and a quarter a volume
        let of_process = |memory: Option<u64>| memory.map(|bytes| bytes + PROCESS_BYTES);
        let ladder = |memory| Ladder::around(Device::cpu()).within(of_process(memory));
        let asked = Slabs { halo: 2, whole: true, ..Slabs::default() };
        let slabs =
            |memory, asked| ladder(memory).slabs(&run, asked).map(Option::unwrap_or_default);
        assert_eq!(slabs(None, asked).expect("no cap").len(), 1);
        // the source itself holds 16
        let blocks = slabs(Some(16 * mib + 7 * mib), asked).expect("7 planes");
        assert!(blocks.len() > 1 && blocks.iter().all(|b| b.planes.len() <= 7), "{blocks:?}");
        let why = slabs(Some(20 * mib), asked).expect_err("4 planes");
        assert_eq!(why.exit_code(), 2);
        assert!(why.to_string().contains("53 MiB or more"), "{why}");
        // A cap is said as it was given.
        let small = Ladder::around(Device::cpu()).within(Some(1 << 10));
        let why = small.hold(1).expect_err("less than the process");
        assert!(why.to_string().contains("--mem of 1 KiB does not hold"), "{why}");
        let held = Slabs { held: 8 * mib, ..Slabs::default() };
        assert!(slabs(Some(24 * mib), held).is_err() && slabs(Some(25 * mib), held).is_ok());
        assert_eq!(ladder(Some(17 * mib)).batches(&run).expect("4 volumes").len(), 16);
        assert_eq!(ladder(Some(16 * mib)).batches(&run).expect_err("none").exit_code(), 2);
    }

    #[test]
    fn memory_gives_back_what_was_written_in_slabs() {
        let whole = Block::whole([3, 2, 5], 4);
        let data: Vec<f32> = (0..whole.len() as u16).map(f32::from).collect();
        let mut source = Memory { run: HostBold::new(whole, data) };
        let mut sink = Memory::zeros([3, 2, 5], 4);
        for block in slabs([3, 2, 5], 4, 1, 3 * 6 * 4 * 4).expect("three planes fit") {
            let bold = source.read(&block).expect("memory reads");
            sink.write(&bold).expect("memory writes");
        }
        assert_eq!(sink, source);
    }
}
