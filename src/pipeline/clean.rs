//! The physiological-noise story: a run in, the same run without what pulse and breathing explain out.

use crate::error::{Error, Result};
use crate::gpu::{Done, Stored, Tape};
use crate::io::source::{BoldSink, BoldSource};
use crate::kernels::nuisance::{self, Projection};
use crate::pipeline::blocks::{
    Cut, Ladder, Slabs, Story, give_back, load, plane_bytes, write_timed,
};
use crate::pipeline::censor::{self, Within};
use crate::pipeline::echoes::{self, Combination};
use crate::pipeline::inputs::{self, Columns, Run};
use crate::pipeline::spec::RetroicorSpec;
use crate::pipeline::watch::Watch;
use crate::stats::least_squares::orthonormal_basis;
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
    let blocks = blocks(ladder, source, sink, 0)?;
    watch.stage("retroicor", blocks.len());
    let mut story = Clean { source, sink, projection };
    ladder.climb(blocks, Cut::Planes { halo: 0 }, watch, &mut story)
}

/// Read, correct, write.
struct Clean<'a> {
    source: &'a mut dyn BoldSource,
    sink: &'a mut dyn BoldSink,
    projection: &'a Projection,
}

impl Story for Clean<'_> {
    type Begun = Stored;

    fn begin(&mut self, tape: &mut Tape<'_>, block: &Block) -> Result<Stored> {
        let bold = load(tape, self.source, block)?;
        let bold = nuisance::subtract(tape, bold, self.projection)?;
        tape.store(bold)
    }

    fn finish(&mut self, done: &Done<'_>, cleaned: Stored) -> Result<()> {
        let cleaned = done.bold(cleaned)?;
        write_timed(done, self.sink, &cleaned)?;
        give_back(done, self.source, cleaned);
        Ok(())
    }
}

/// The slabs that a run is corrected in, beside so many bytes of results: all of it at once where the CPU path decodes or collects it whole anyway.
pub(crate) fn blocks(
    ladder: &Ladder,
    source: &dyn BoldSource,
    sink: &dyn BoldSink,
    results: u64,
) -> Result<Vec<Block>> {
    let run = plane_bytes(source.shape(), source.n_volumes()) * source.shape()[2];
    let asked = Slabs {
        whole: source.is_stream() || sink.is_stream(),
        // What goes back into a file by slabs goes in larger ones: a write a volume and slab.
        larger: 1,
        // A sink that takes volumes in order collects slabs.
        results,
        held: if sink.is_stream() { run as u64 } else { 0 },
        ..Slabs::default()
    };
    Ok(ladder.slabs(source, asked)?.unwrap_or_default())
}

/// A run ready for `boldly retroicor`.
pub struct Prepared {
    /// The run.
    pub run: Run,
    /// What is subtracted.
    pub projection: Projection,
    /// What its echoes came to; none of a run that has one.
    pub combined: Option<Combination>,
}

/// Open the run of a `retroicor` command and prepare the joint fit.
///
/// # Errors
/// What its files hold or lack.
pub fn prepare(spec: &RetroicorSpec, ladder: &mut Ladder, watch: &dyn Watch) -> Result<Prepared> {
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
    let mut run = inputs::open_alone(&spec.run, &spec.design, watch)?;
    let mask = spec.given_mask();
    let combined = echoes::combine(std::slice::from_mut(&mut run), mask, ladder, watch)?.pop();
    let kept =
        censor::decide(&mut run, spec.design.censor.as_ref(), Within::all(mask), ladder, watch)?;
    run.leave_out_of_fit(kept)?;
    prepared(run, combined.flatten(), spec.min_dof, watch)
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
            inputs::display(&run.path),
            inputs::display(&shared.of.bold)
        ));
        Prepared { run, projection: shared.projection.clone(), combined: None }
    }))
}

/// Degrees of freedom that the corrected run lost in all, by a correction before this one too.
///
/// # Errors
/// As [`Projection::each`].
pub fn spent_in_all(run: &Run, projection: &Projection) -> Result<f64> {
    let most = |spent: &[usize]| spent.iter().max().map_or(0.0, |&n| n as f64);
    match run.modelled().filter(|_| run.carried.is_some()) {
        Some(both) => {
            let (known, both) = run.known_of(&both);
            Ok(most(&Projection::each(&known, &both)?.dof_spent))
        }
        None => Ok(most(&projection.dof_spent) + run.dof_spent),
    }
}

fn prepared(
    run: Run,
    combined: Option<Combination>,
    min_dof: f64,
    watch: &dyn Watch,
) -> Result<Prepared> {
    let Some(slices) = run.slices() else {
        return Err(Error::internal("retroicor", "has no columns", "have some", ""));
    };
    let common = &run.design.matrix;
    let (known, slices) = run.known_of(slices);
    let projection = Projection::each(&known, &slices)?;
    let left = common.nrows() as f64 - orthonormal_basis(common.view())?.ncols() as f64;
    run.refuse_few(left - spent_in_all(&run, &projection)?, min_dof)?;
    let spent = projection.dof_spent.iter().max().copied().unwrap_or(0);
    watch.note(&format!(
        "retroicor spends {spent} degrees of freedom; its columns go beside the run, and boldly glm fits them with its own"
    ));
    Ok(Prepared { run, projection, combined })
}
