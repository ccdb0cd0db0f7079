//! The smoothing story: volumes in, volumes out.

use crate::error::{Error, Result};
use crate::gpu::{Done, Stored, Tape};
use crate::io::source::{BoldSink, BoldSource};
use crate::kernels::smooth::{self, Taps};
use crate::pipeline::blocks::{Cut, Ladder, Story, give_back, load, read_timed, write_timed};
use crate::pipeline::masks;
use crate::pipeline::spec::SmoothOptions;
use crate::pipeline::watch::Watch;
use crate::volume::{Block, Grid, Mask};

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
    watch.stage("smooth", blocks.len());
    ladder.climb(blocks, Cut::Volumes, watch, &mut Smooth { source, sink, smoothing })
}

/// Read, smooth, write.
struct Smooth<'a> {
    source: &'a mut dyn BoldSource,
    sink: &'a mut dyn BoldSink,
    smoothing: &'a Smoothing,
}

impl Story for Smooth<'_> {
    type Begun = Stored;

    fn begin(&mut self, tape: &mut Tape<'_>, block: &Block) -> Result<Stored> {
        let Smoothing { taps, within } = self.smoothing;
        let bold = load(tape, self.source, block)?;
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
