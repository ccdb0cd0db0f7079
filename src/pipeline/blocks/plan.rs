//! How large blocks are: what the device takes at once, what a core's cache likes, and what the memory allows.

use super::ladder::{Ladder, RING};
use super::{batches, plane_bytes, slabs};
use crate::error::{Error, Result};
use crate::gpu::Device;
use crate::io::source::BoldSource;
use crate::volume::Block;

/// Host bytes a slab aims at on the CPU path: what was just read is still in a cache when it is fitted.
const CPU_SLAB_BYTES: usize = 4 << 20;
/// Planes of a slab for each plane of halo on one side: what is read twice stays a third.
const PLANES_A_HALO: usize = 8;

/// Runs that are unpacked beside the one that is worked on: memory does not grow with their number.
const MOST_AHEAD: usize = 3;

/// Bytes of the process without blocks: its code, its threads, tables and designs.
pub const PROCESS_BYTES: u64 = 32 << 20;

const MIB: u64 = 1 << 20;

/// A cap in words, in MiB where it is a whole number of these.
fn size(bytes: u64) -> String {
    match bytes {
        bytes if bytes > 0 && bytes.is_multiple_of(MIB) => format!("{} MiB", bytes / MIB),
        bytes if bytes.is_multiple_of(1024) => format!("{} KiB", bytes / 1024),
        bytes => format!("{bytes} bytes"),
    }
}

/// What a story asks of its slabs.
#[derive(Debug, Clone, Copy, Default)]
pub struct Slabs {
    /// Planes that a result depends on, on either side.
    pub halo: usize,
    /// Whether the CPU path does best with all of the run at once.
    pub whole: bool,
    /// How many times 4 MiB a slab of the CPU path aims at, less one.
    pub larger: usize,
    /// Bytes of the story's results.
    pub results: u64,
    /// Bytes that the story makes of each plane of a block, until the block is done.
    pub a_plane: usize,
    /// Bytes that the story holds beside its blocks, unless one block is the whole run.
    pub held: u64,
}

impl Ladder {
    /// Grants a source half of the memory: what it unpacks beyond that goes to a temporary file.
    pub fn grant(&self, source: &mut dyn BoldSource) {
        source.grant(self.memory.map(|memory| memory.saturating_sub(PROCESS_BYTES) / 2));
    }

    /// How many sources like this may be unpacked beside the one that is worked on: as many as there are cores for, no more than
    /// three, and as the memory allows.
    #[must_use]
    pub fn ahead(&self, source: &dyn BoldSource) -> usize {
        let cores = rayon::current_num_threads().saturating_sub(1).min(MOST_AHEAD);
        let allowed = self.memory.map(|memory| {
            let share = memory.saturating_sub(PROCESS_BYTES) / 2;
            usize::try_from(share / source.holds().max(1)).unwrap_or(usize::MAX)
        });
        allowed.map_or(cores, |runs| cores.min(runs.saturating_sub(1)))
    }

    /// Slabs of whole planes times all volumes within the memory; none when the device cannot take one plane with its halo.
    ///
    /// # Errors
    /// Usage when the memory does not allow one plane with its halo, times the blocks that are under way at once.
    pub fn slabs(&self, source: &dyn BoldSource, asked: Slabs) -> Result<Option<Vec<Block>>> {
        let (shape, n_volumes) = (source.shape(), source.n_volumes());
        let plane = plane_bytes(shape, n_volumes);
        let with_made = plane + asked.a_plane;
        let least = with_made * (2 * asked.halo + 1).min(shape[2]);
        let wanted = match (&self.device, self.device.block_bytes()) {
            (_, Some(bytes)) => {
                let most = self.device.most_block_bytes().unwrap_or(bytes);
                let wanted = bytes.max((PLANES_A_HALO * asked.halo).max(1) * plane).min(most);
                if asked.halo == 0 { wanted.max(plane) } else { wanted }
            }
            _ if asked.whole => usize::MAX,
            _ => (CPU_SLAB_BYTES * (1 + asked.larger))
                .max((PLANES_A_HALO * asked.halo).max(1) * plane),
        };
        let whole = with_made * shape[2];
        // A stream hands over what it decoded.
        let held = if source.is_stream() { 0 } else { source.holds() };
        let results = source.keeps() + asked.results;
        let most = match self.share(whole, held + results) {
            Ok(_) if wanted >= plane * shape[2] => usize::MAX,
            _ => self.share(least, source.holds() + asked.held + results)?,
        };
        let planes = most / with_made.max(1);
        Ok(slabs(shape, n_volumes, asked.halo, wanted.min(planes.saturating_mul(plane))))
    }

    /// Batches of whole volumes within the memory.
    ///
    /// # Errors
    /// Usage when the memory does not allow one volume, times the blocks that are under way at once.
    pub fn batches(&self, source: &dyn BoldSource) -> Result<Vec<Block>> {
        let shape = source.shape();
        let volume = shape.iter().product::<usize>() * size_of::<f32>();
        let most = self.share(volume, source.holds())?;
        let wanted = self.device.block_bytes().unwrap_or(CPU_SLAB_BYTES);
        Ok(batches(shape, source.n_volumes(), wanted.min(most)))
    }

    /// Whether so many bytes may be held at once, for work that is not done in blocks.
    ///
    /// # Errors
    /// Usage where the cap is below them, with the least that would do.
    pub fn hold(&self, bytes: u64) -> Result<()> {
        let Some(memory) = self.memory else { return Ok(()) };
        let least = bytes + PROCESS_BYTES;
        if memory >= least {
            return Ok(());
        }
        Err(Error::usage(
            "--mem",
            format!("of {} does not hold the maps and what is made of them", size(memory)),
            format!("be {} MiB or more", least.div_ceil(MIB)),
            "raise it, leave it out, or give a smaller --mask",
        ))
    }

    /// Bytes of each block under way, beside `held` bytes; at least `least`.
    fn share(&self, least: usize, held: u64) -> Result<usize> {
        let Some(memory) = self.memory else { return Ok(usize::MAX) };
        let ring = if matches!(self.device, Device::Cpu(_)) { 1 } else { RING as u64 };
        let held = held + PROCESS_BYTES;
        let share = usize::try_from(memory.saturating_sub(held) / ring).unwrap_or(usize::MAX);
        if share >= least {
            return Ok(share);
        }
        Err(Error::usage(
            "--mem",
            format!("of {} does not hold the least block", size(memory)),
            format!("be {} MiB or more for this run", (held + ring * least as u64).div_ceil(MIB)),
            "raise it, or leave it out",
        ))
    }
}
