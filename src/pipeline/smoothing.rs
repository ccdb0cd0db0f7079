//! The smoothing story: volumes in, volumes out.

use crate::error::{Error, Result};
use crate::gpu::{Done, Stored, Tape};
use crate::io::source::{BoldSink, BoldSource};
use crate::kernels::smooth::{self, Taps};
use crate::pipeline::blocks::{
    Cut, Ladder, Story, batches, give_back, load, read_timed, send, write_timed,
};
use crate::pipeline::masks;
use crate::pipeline::spec::SmoothOptions;
use crate::pipeline::watch::Watch;
use crate::volume::{Block, Grid, HostBold, Mask};

/// Bytes of a run that are looked through at a time.
const LOOK_BYTES: usize = 8 << 20;

/// What the smoothing of a run needs.
#[derive(Debug, Clone)]
pub struct Smoothing {
    /// The weights.
    pub taps: Taps,
    /// Smooth within this mask.
    pub within: Option<Mask>,
}

/// The weights and mask for a grid; none when the FWHM is 0 (which copies).
///
/// # Errors
/// Usage for a bad FWHM; what the mask's file holds or lacks.
pub fn prepare(
    options: &SmoothOptions,
    grid: &Grid,
    watch: &dyn Watch,
) -> Result<Option<Smoothing>> {
    let taps = Taps::new(options.fwhm_mm, grid.voxel_size_mm, options.kernel)?;
    let within = options.within.as_deref().map(|path| masks::mask(path, grid, watch));
    let within = within.transpose()?;
    if options.fwhm_mm == 0.0 {
        return Ok(None);
    }
    let [i, j, k] = taps.effective_fwhm_mm(grid.voxel_size_mm);
    if ![i, j, k].iter().all(|mm| mm.is_finite()) {
        return Err(Error::usage(
            "--fwhm",
            format!("is {} mm, of which nothing can be computed", options.fwhm_mm),
            "be a full width at half maximum of voxels",
            "give 0, or leave it out, where nothing is to be smoothed",
        ));
    }
    watch.note(&format!(
        "smoothing {} mm FWHM; effective on these voxels: {i:.3} x {j:.3} x {k:.3} mm",
        options.fwhm_mm
    ));
    Ok(Some(Smoothing { taps, within }))
}

/// Smooth a run by batches of volumes.
///
/// # Errors
/// Reading, device and writing errors.
pub fn smooth_run(
    ladder: &mut Ladder,
    source: &mut dyn BoldSource,
    sink: &mut dyn BoldSink,
    smoothing: &Smoothing,
    watch: &dyn Watch,
) -> Result<()> {
    let blocks = ladder.batches(source)?;
    let is_one = blocks.len() == 1 && ladder.device.block_bytes().is_none();
    let lacking = if is_one { None } else { Some(lacking_of(source)?) };
    watch.stage("smooth", blocks.len());
    ladder.climb(blocks, Cut::Volumes, watch, &mut Smooth { source, sink, smoothing, lacking })
}

/// The voxels that some volume of a run lacks, positions in the grid: outside in all of its volumes, else their neighbours jump where they
/// are missing. A volume that lacks every voxel says nothing of them.
///
/// # Errors
/// Those of reading.
fn lacking_of(source: &mut dyn BoldSource) -> Result<Vec<u32>> {
    let (shape, n_volumes) = (source.shape(), source.n_volumes());
    let mut lacking = Vec::new();
    if !source.may_lack() {
        return Ok(lacking);
    }
    for block in batches(shape, n_volumes, LOOK_BYTES) {
        let bold = source.read(&block)?;
        lacking.extend(lacking_in(&bold));
        source.reuse(bold.data);
    }
    lacking.sort_unstable();
    lacking.dedup();
    Ok(lacking)
}

/// The same of whole volumes.
fn lacking_in(bold: &HostBold) -> Vec<u32> {
    let missing = bold.missing();
    if missing.is_empty() {
        return Vec::new();
    }
    let volumes = bold.data.chunks_exact(bold.block.volume_len().max(1));
    let some: Vec<&[f32]> = volumes.filter(|v| v.iter().any(|value| value.is_finite())).collect();
    let lacks = |at: &u32| some.iter().any(|volume| !volume[*at as usize].is_finite());
    missing.iter().copied().filter(lacks).collect()
}

/// Read, smooth, write.
struct Smooth<'a> {
    source: &'a mut dyn BoldSource,
    sink: &'a mut dyn BoldSink,
    smoothing: &'a Smoothing,
    /// Voxels that are outside; none known of one block of all volumes, which tells itself.
    lacking: Option<Vec<u32>>,
}

impl Story for Smooth<'_> {
    type Begun = Stored;

    fn begin(&mut self, tape: &mut Tape<'_>, block: &Block) -> Result<Stored> {
        let Smoothing { taps, within } = self.smoothing;
        let bold = match &self.lacking {
            Some(lacking) if lacking.is_empty() => load(tape, self.source, block)?,
            known => {
                let host = read_timed(tape, self.source, block)?;
                let own = known.is_none().then(|| lacking_in(&host));
                let lacking = known.as_ref().or(own.as_ref()).map_or(&[][..], Vec::as_slice);
                let host = if lacking.is_empty() { host } else { host.without(lacking) };
                send(tape, self.source, host)?
            }
        };
        let bold = smooth::smooth(tape, bold, taps, within.as_ref())?;
        tape.store(bold)
    }

    fn finish(&mut self, done: &Done<'_>, smoothed: Stored) -> Result<()> {
        let smoothed = done.bold(smoothed)?;
        write_timed(done, self.sink, &smoothed)?;
        give_back(done, self.source, smoothed);
        Ok(())
    }
}

/// Copy a run, for a FWHM of 0.
///
/// # Errors
/// Reading and writing errors.
pub fn copy_run(
    ladder: &mut Ladder,
    source: &mut dyn BoldSource,
    sink: &mut dyn BoldSink,
    watch: &dyn Watch,
) -> Result<()> {
    let blocks = ladder.batches(source)?;
    watch.stage("copy", blocks.len());
    ladder.each(blocks, Cut::Volumes, watch, &mut |device, block| {
        let tape = device.tape();
        let bold = read_timed(&tape, source, block)?;
        write_timed(&tape.run()?, sink, &bold)?;
        source.reuse(bold.data);
        Ok(())
    })
}
