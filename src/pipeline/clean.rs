//! The physiological-noise story: a run in, the same run without what pulse and breathing explain out.

use crate::error::{Error, Result};
use crate::gpu::Device;
use crate::io::source::{BoldSink, BoldSource};
use crate::kernels::nuisance::{self, Projection};
use crate::pipeline::blocks::{
    Cut, Ladder, block_bytes, plane_bytes, read_timed, slabs, write_timed,
};
use crate::pipeline::inputs::{self, Columns, Run};
use crate::pipeline::spec::RetroicorSpec;
use crate::pipeline::watch::Watch;
use crate::volume::Block;

/// Subtract slice-dependent nuisance from a run, plane by plane.
///
/// # Errors
/// Reading, device and writing errors; a device error when not even one plane fits the device.
pub fn clean_run(
    ladder: &mut Ladder,
    source: &mut dyn BoldSource,
    sink: &mut dyn BoldSink,
    projection: &Projection,
    watch: &dyn Watch,
) -> Result<()> {
    let blocks = blocks(&ladder.device, source, sink);
    watch.stage("retroicor", blocks.len());
    ladder.climb(blocks, Cut::Planes { halo: 0 }, watch, &mut |device, block| {
        let bold = device.load(read_timed(device, source, block)?)?;
        let bold = nuisance::subtract(device, bold, projection)?;
        let bold = device.store(bold)?;
        write_timed(device, sink, &bold)?;
        source.reuse(bold.data);
        Ok(())
    })
}

/// The slabs that a run is corrected in: all of it at once where the CPU path decodes or collects it whole anyway.
pub(crate) fn blocks(device: &Device, source: &dyn BoldSource, sink: &dyn BoldSink) -> Vec<Block> {
    let (shape, n_volumes) = (source.shape(), source.n_volumes());
    let bytes = match device.block_bytes() {
        None if source.is_stream() || sink.is_stream() => usize::MAX,
        // What goes back into a file by slabs goes in larger ones: a write a volume and slab.
        None => (2 * block_bytes(device)).max(plane_bytes(shape, n_volumes)),
        Some(bytes) => bytes.max(plane_bytes(shape, n_volumes)),
    };
    slabs(shape, n_volumes, 0, bytes).unwrap_or_default()
}

/// A run ready for `boldly retroicor`.
#[derive(Debug)]
pub struct Prepared {
    /// The run.
    pub run: Run,
    /// What is subtracted.
    pub projection: Projection,
}

/// Open the run of a `retroicor` command and prepare the joint fit.
///
/// # Errors
/// What its files hold or lack.
pub fn prepare(spec: &RetroicorSpec, watch: &dyn Watch) -> Result<Prepared> {
    if spec.run.physio.is_empty() {
        return Err(Error::usage(
            "retroicor",
            "got no recording",
            "come with one of pulse and breathing",
            "give it with --physio sub-01_task-pain_physio.tsv.gz",
        ));
    }
    if spec.run.events.is_none() && spec.run.design.is_none() {
        watch.warn(
            "no --events: task signal that goes along with physiology is removed with it; \
             give --events (and --confounds) for the joint fit",
        );
    }
    let run = inputs::open(&spec.run, &spec.design, watch)?;
    prepared(run, watch)
}

/// What the echoes of a run share: its columns, and what is subtracted of them.
#[derive(Debug)]
pub struct Shared {
    of: Columns,
    projection: Projection,
    /// Heard while they were made, which hold for every echo.
    pub warnings: Vec<String>,
}

impl Prepared {
    /// What other echoes of this run may use.
    #[must_use]
    pub fn shared(&self, warnings: Vec<String>) -> Shared {
        Shared { of: Columns::of(&self.run), projection: self.projection.clone(), warnings }
    }
}

/// Another echo of a prepared run, with its columns; none where it needs its own.
///
/// # Errors
/// As [`prepare`]; bad data when it is not of the same acquisition.
pub fn prepare_echo(
    shared: &Shared,
    spec: &RetroicorSpec,
    watch: &dyn Watch,
) -> Result<Option<Prepared>> {
    let echo = inputs::echo(&shared.of, &spec.run, watch)?;
    Ok(echo.map(|run| {
        watch.note(&format!(
            "{}: an echo of {}, which shares its columns",
            inputs::display(&run.bold.path),
            inputs::display(&shared.of.bold)
        ));
        Prepared { run, projection: shared.projection.clone() }
    }))
}

fn prepared(run: Run, watch: &dyn Watch) -> Result<Prepared> {
    let Some(slices) = run.slices() else {
        return Err(Error::internal("retroicor", "has no columns", "have some", ""));
    };
    let projection = Projection::new(inputs::common_columns(&run), slices)?;
    let spent = projection.dof_spent.iter().max().copied().unwrap_or(0);
    watch.note(&format!("retroicor spends {spent} degrees of freedom"));
    Ok(Prepared { run, projection })
}
