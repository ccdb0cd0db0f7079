//! DVARS of a run and its mean over voxels, in one pass over the run.
//!
//! DVARS of volume t: the root mean square over voxels of y_t - y_(t-1), in the run's units (Power 2012). Standardised (Nichols 2013, as
//! fMRIPrep takes it): over the mean over voxels of what noise alone would give ([`crate::kernels::dvars`]).

use crate::error::Result;
use crate::gpu::{Bold, Device, Done, Tape};
use crate::io::source::BoldSource;
use crate::kernels::dvars::{self, Coming, Sums};
use crate::pipeline::blocks::{Cut, Ladder, Slabs, Story, load, plane_bytes, slabs};
use crate::pipeline::watch::Watch;
use crate::volume::Block;

/// Bytes a read on the host.
const PIECE: usize = 8 << 20;

/// What a run shows over time.
#[derive(Debug, Clone, PartialEq)]
pub struct Shown {
    /// Voxels that count: of the mask those that are finite and vary.
    pub n_voxels: usize,
    /// The mean over voxels, `[volume]`.
    pub means: Vec<f64>,
    /// DVARS, `[volume]`; 0 for the first.
    pub dvars: Vec<f64>,
    /// The same over what noise alone would give, `[volume]`.
    pub std_dvars: Vec<f64>,
}

/// What the voxels of a mask `[voxel]` show; zeros where none of them varies. On a GPU where one is in use.
///
/// # Errors
/// Those of reading the run; device errors.
pub fn shown(
    source: &mut dyn BoldSource,
    inside: &[bool],
    ladder: &mut Ladder,
    watch: &dyn Watch,
) -> Result<Shown> {
    let blocks = match ladder.device {
        Device::Cpu(_) => None,
        Device::Gpu(_) => ladder.slabs(source, Slabs::default())?,
    };
    let Some(blocks) = blocks else { return shown_on_the_host(source, inside) };
    watch.stage("dvars", blocks.len());
    let mut looking = Looking { all: Sums::empty(source.n_volumes()), source, inside };
    ladder.climb(blocks, Cut::Planes { halo: 0 }, watch, &mut looking)?;
    let Looking { all, source, .. } = looking;
    let finite = all.expected.is_finite() && all.changes.iter().all(|sum| sum.is_finite());
    // Beyond what f32 holds.
    if finite { Ok(Shown::of(&all)) } else { shown_on_the_host(source, inside) }
}

/// The same in f64 on the host, whatever the device: what hangs on a threshold is decided alike everywhere.
///
/// # Errors
/// Those of reading the run.
pub fn shown_on_the_host(source: &mut dyn BoldSource, inside: &[bool]) -> Result<Shown> {
    let (shape, n_volumes) = (source.shape(), source.n_volumes());
    let one_plane = plane_bytes(shape, n_volumes);
    let host = Device::cpu();
    let mut looking = Looking { all: Sums::empty(n_volumes), source, inside };
    for block in slabs(shape, n_volumes, 0, PIECE.max(one_plane)).unwrap_or_default() {
        let mut tape = host.tape();
        let begun = looking.begin(&mut tape, &block)?;
        looking.finish(&tape.run()?, begun)?;
    }
    Ok(Shown::of(&looking.all))
}

/// Read, sum.
struct Looking<'a> {
    source: &'a mut dyn BoldSource,
    inside: &'a [bool],
    all: Sums,
}

impl Story for Looking<'_> {
    type Begun = Coming;

    fn begin(&mut self, tape: &mut Tape<'_>, block: &Block) -> Result<Coming> {
        let bold = load(tape, self.source, block)?;
        let first = block.planes.start * block.plane_len();
        let voxels: Vec<u32> = (0..block.volume_len() as u32)
            .filter(|&voxel| self.inside[first + voxel as usize])
            .collect();
        let sums = dvars::sums(tape, &bold, &voxels)?;
        if let Bold::Host(host) = bold {
            self.source.reuse(host.data);
        }
        Ok(sums)
    }

    fn finish(&mut self, done: &Done<'_>, begun: Coming) -> Result<()> {
        self.all = self.all.clone().and(&begun.read(done)?);
        Ok(())
    }
}

impl Shown {
    fn of(all: &Sums) -> Shown {
        let n = all.n_voxels.max(1) as f64;
        let expected = if all.expected > 0.0 { all.expected / n } else { f64::INFINITY };
        let dvars: Vec<f64> = all.changes.iter().map(|sum| (sum / n).sqrt()).collect();
        Shown {
            n_voxels: all.n_voxels,
            means: all.values.iter().map(|sum| sum / n).collect(),
            std_dvars: dvars.iter().map(|dvars| dvars / expected).collect(),
            dvars,
        }
    }
}
