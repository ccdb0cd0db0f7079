//! The first-level story of one run: read, correct, smooth, fit, contrast; each block without leaving the device.

use ndarray::Array2;

use crate::error::{Error, Result};
use crate::gpu::{Bold, Device, Done, Tape};
use crate::io::source::{BoldSource, Memory};
use crate::kernels::arma;
use crate::kernels::contrast::{self, Contrast, Evaluated, Prepared, Wanted};
use crate::kernels::glm::{self, Fit, Model};
use crate::kernels::lags;
use crate::kernels::nuisance::{self, Projection};
use crate::kernels::smooth;
use crate::pipeline::blocks::{
    Cut, Ladder, ReadAhead, Slabs, Spare, Story, plane_bytes, send_sparing,
};
use crate::pipeline::clean::clean_run;
use crate::pipeline::decide::ContrastMaps;
use crate::pipeline::flat;
use crate::pipeline::noise::{self, Autocorrelation, Held, Residuals};
use crate::pipeline::smoothing::{Smoothing, smooth_run};
use crate::pipeline::watch::Watch;
use crate::volume::{Block, HostBold};

mod gathered;

pub use gathered::Gathered;

/// Bytes of results for a voxel and row of a contrast: effect, variance and statistic in f64, and what is written of them.
const BYTES_A_ROW: u64 = 48;

/// Everything that happens to a run between file and maps.
#[derive(Debug, Clone)]
pub struct Plan {
    /// Physiological noise subtracted before smoothing; without smoothing the model's own slice-dependent
    /// columns do it exactly.
    pub correct: Option<Projection>,
    /// Smoothing.
    pub smooth: Option<Smoothing>,
    /// The model.
    pub model: Model,
    /// The contrasts, prepared for the model.
    pub contrasts: Vec<Prepared>,
    /// How residuals depend on each other; none for ordinary least squares.
    pub noise: Option<Autocorrelation>,
}

impl Plan {
    /// A block as it is fitted: corrected, then smoothed.
    ///
    /// # Errors
    /// Device errors.
    pub fn prepared(&self, tape: &mut Tape<'_>, bold: Bold) -> Result<Bold> {
        prepared(tape, bold, (self.correct.as_ref(), self.smooth.as_ref()))
    }

    /// The same where all is done on the host.
    ///
    /// # Errors
    /// Internal for a block on a device.
    pub fn prepared_on_the_host(&self, tape: &mut Tape<'_>, host: HostBold) -> Result<HostBold> {
        match self.prepared(tape, Bold::Host(complete(host, self.smooth.as_ref())))? {
            Bold::Host(host) => Ok(host),
            _ => Err(Error::internal("the run", "is not on the host", "be", "")),
        }
    }
}

/// A block of all volumes as it may be smoothed: a voxel that some volume lacks is outside in all, else its neighbours jump where it is missing.
#[must_use]
pub fn complete(host: HostBold, smoothing: Option<&Smoothing>) -> HostBold {
    if smoothing.is_some() { host.without_missing() } else { host }
}

/// A block corrected, then smoothed, each where that is asked.
///
/// # Errors
/// Device errors.
pub fn prepared(
    tape: &mut Tape<'_>,
    mut bold: Bold,
    (correct, smoothing): (Option<&Projection>, Option<&Smoothing>),
) -> Result<Bold> {
    if let Some(projection) = correct {
        bold = nuisance::subtract(tape, bold, projection)?;
    }
    if let Some(Smoothing { taps, within }) = smoothing {
        bold = smooth::smooth(tape, bold, taps, within.as_ref())?;
    }
    Ok(bold)
}

/// A fitted run.
#[derive(Debug, Clone)]
pub struct Fitted {
    /// One entry a contrast.
    pub contrasts: Vec<ContrastMaps>,
    /// The voxels that were fitted, `[voxel]`: the mask without voxels that are not finite in some volume.
    pub fitted: Vec<bool>,
    /// Mask voxels with the same value in every volume as it was read, positions in the grid, ascending.
    pub flat: Vec<usize>,
    /// Mask voxels left out because some volume is not finite there.
    pub not_finite: usize,
    /// Those of them where it is one of a column of their own.
    pub not_finite_beside: usize,
    /// Of each run, where its noise was modelled.
    pub residuals: Vec<Residuals>,
    /// The contrasts with rho beyond an edge of nilearn's bins in the voxels near one; none by another rule.
    pub beyond: Option<Vec<ContrastMaps>>,
}

/// Fit a run within a mask `[voxel]`. `beside`: the columns of each voxel's own that the plan's noise knows of, of as many volumes.
///
/// # Errors
/// Reading and device errors.
pub fn fit_run(
    ladder: &mut Ladder,
    source: &mut dyn BoldSource,
    beside: &mut [Box<dyn BoldSource>],
    inside: &[bool],
    plan: &Plan,
    watch: &dyn Watch,
) -> Result<Fitted> {
    gather(ladder, source, beside, inside, plan, watch)?.decided(plan)
}

/// The same without what comes of all blocks together: voxels may leave before that.
///
/// # Errors
/// Reading and device errors.
pub fn gather(
    ladder: &mut Ladder,
    source: &mut dyn BoldSource,
    beside: &mut [Box<dyn BoldSource>],
    inside: &[bool],
    plan: &Plan,
    watch: &dyn Watch,
) -> Result<Gathered> {
    let halo = plan.smooth.as_ref().map_or(0, |s| s.taps.halo());
    let chosen = plan.noise.as_ref().map_or(Vec::new(), |_| noise::chosen(inside));
    let plane = plane_bytes(source.shape(), source.n_volumes());
    let run_bytes = (plane * source.shape()[2]) as u64;
    let rows: usize = plan.contrasts.iter().map(|c| c.contrast.weights.nrows()).sum();
    let asked = Slabs {
        halo,
        // What is decoded to f32 as a whole is smoothed in place.
        whole: halo > 0 && source.holds() >= run_bytes,
        // Of each column and the residuals f64 too.
        a_plane: if beside.is_empty() { 0 } else { (3 * beside.len() + 2) * plane },
        results: beside.iter().map(|column| column.holds() + column.keeps()).sum::<u64>()
            + (rows * inside.len()) as u64 * BYTES_A_ROW
            + held_bytes((inside, &chosen), plan),
        ..Slabs::default()
    };
    let Some(blocks) = ladder.slabs(source, asked)? else {
        return gather_in_stages(ladder, source, beside, (inside, plan), watch);
    };
    let untouched = plan.correct.is_none() && plan.smooth.is_none();
    watch.stage("glm", blocks.len());
    let shape = source.shape();
    let fitted = Fitted::empty(inside, plan);
    let (held, sampled) = (Vec::new(), Vec::new());
    let fitting = Fitting { beside, plan, untouched, fitted, chosen, held, sampled };
    let mut story = Telling { source: ReadAhead::of(source), fitting };
    ladder.climb(blocks, Cut::Planes { halo }, watch, &mut story)?;
    let Fitting { fitted, held, sampled, .. } = story.fitting;
    let Fitted { contrasts, fitted, mut flat, not_finite_beside, .. } = fitted;
    flat.sort_unstable();
    flat.dedup(); // of a block that was begun twice
    let so_far = Fitted { flat, not_finite_beside, ..Fitted::counted(contrasts, fitted, inside) };
    Ok(Gathered { so_far, held, sampled, shape })
}

/// Bytes that are held of the mask, or of the voxels that are looked at, until the noise is known.
fn held_bytes((inside, chosen): (&[bool], &[bool]), plan: &Plan) -> u64 {
    let Some(noise) = &plan.noise else { return 0 };
    let count = |of: &[bool]| of.iter().filter(|&&v| v).count() as u64;
    let n_held = count(if noise.holds_all() { inside } else { chosen });
    n_held * noise.bytes_a_voxel(plan.model.names.len()) + 40 * inside.len() as u64
}

/// Read, correct, smooth, fit, contrast.
struct Telling<'a> {
    source: ReadAhead<'a>,
    fitting: Fitting<'a>,
}

/// What is done with blocks once they are read.
struct Fitting<'a> {
    beside: &'a mut [Box<dyn BoldSource>],
    plan: &'a Plan,
    /// Whether the model sees the run as it is read.
    untouched: bool,
    fitted: Fitted,
    /// What it is found from.
    held: Vec<Held>,
    /// The voxels whose residuals are looked at, `[voxel]`, and these.
    chosen: Vec<bool>,
    sampled: Vec<noise::Series>,
}

/// What a block gave, each with where its values belong.
#[derive(Default)]
struct Contrasted {
    /// Of residuals that are taken as independent.
    contrasts: Option<(Vec<usize>, Evaluated)>,
    /// What is to be known of others.
    sums: Option<(Vec<usize>, glm::Estimates, lags::Coming)>,
    /// The residuals themselves, and where the search of ARMA(1,1) begins.
    series: Option<lags::Series>,
    starts: Option<arma::Coming>,
    /// The voxels' own columns, `[column][volume][voxel]`.
    columns: Vec<Array2<f64>>,
    /// Those of the voxels that are looked at.
    sampled: Option<Sampled>,
}

impl Story for Telling<'_> {
    type Begun = Contrasted;

    fn expect(&mut self, next: Option<&Block>) {
        self.source.expect(next);
    }

    fn begin(&mut self, tape: &mut Tape<'_>, block: &Block) -> Result<Contrasted> {
        let Telling { source, fitting } = self;
        source.with(tape, block, |tape, host, spare| fitting.begin(tape, host, spare))
    }

    fn finish(&mut self, done: &Done<'_>, begun: Contrasted) -> Result<()> {
        let shape = self.source.source().shape();
        self.fitting.finish(done, begun, shape[0] * shape[1])
    }
}

impl Fitting<'_> {
    /// Of a block that was read.
    fn begin(
        &mut self,
        tape: &mut Tape<'_>,
        host: HostBold,
        spare: &mut Spare,
    ) -> Result<Contrasted> {
        let Plan { model, contrasts, noise, .. } = self.plan;
        let block = &host.block.clone();
        // What the f64 path fits to data as they are is finite where, and only where, all of them are.
        let fit_tells = self.untouched && self.beside.is_empty() && matches!(tape, Tape::Cpu(_));
        let own =
            self.beside.iter_mut().map(|column| column.read(block)).collect::<Result<Vec<_>>>()?;
        for column in &own {
            let before = self.fitted.in_mask(block).len();
            self.fitted.not_finite_beside += before - self.fitted.usable(column).len();
        }
        let voxels = if fit_tells { self.fitted.in_mask(block) } else { self.fitted.usable(&host) };
        self.fitted.flat.extend(places(block, &flat::of_block(&host, &voxels)));
        let host = complete(host, self.plan.smooth.as_ref());
        let bold = send_sparing(tape, host, spare)?;
        let bold = self.plan.prepared(tape, bold)?;
        let fit = glm::fit(tape, &bold, &voxels, model)?;
        let places = places(block, &voxels);
        if let (true, Fit::Host(fit)) = (fit_tells, &fit) {
            for (&place, sigma2) in places.iter().zip(&fit.sigma2) {
                self.fitted.fitted[place] = sigma2.is_finite();
            }
        }
        let few = self.looked_at(&voxels, &places);
        let columns = own.iter().map(|column| series_of(column, &voxels)).collect();
        let mut begun = Contrasted { columns, ..Contrasted::default() };
        let is_asked = !contrasts.is_empty(); // a run of several may count for none
        if is_asked && noise.as_ref().is_none_or(|noise| !noise.contrasts()) {
            let values = contrast::evaluate(tape, &fit, contrasts, Wanted::All)?;
            begun.contrasts = Some((places, values));
        }
        if let Some(noise) = noise {
            let of_few = glm::of_some(tape, (&bold, model), (&fit, &voxels), &few)?;
            begun.sampled = self.sample(tape, (block, &bold, &own), (&few, &of_few), noise)?;
            let (few, fit) = if noise.holds_all() { (voxels, fit) } else { (few, of_few) };
            if noise.takes_series() || noise.n_beside > 0 {
                let series = lags::residuals(tape, (&bold, &few), (&fit, model), &noise.lags)?;
                if noise.n_beside == 0 {
                    begun.starts = Some(noise.starts(tape, (&series, &fit))?);
                }
                begun.series = Some(series);
            }
            let sums = lags::sums(tape, (&bold, &few), (&fit, model), &noise.lags)?;
            begun.sums = Some((self::places(block, &few), glm::download(tape, fit)?, sums));
        }
        if let Bold::Host(host) = bold {
            spare.push(host.data);
        }
        Ok(begun)
    }

    fn finish(&mut self, done: &Done<'_>, begun: Contrasted, plane_len: usize) -> Result<()> {
        let Fitted { contrasts, fitted, .. } = &mut self.fitted;
        if let Some((places, values)) = begun.contrasts {
            for (values, maps) in values.read(done)?.iter().zip(contrasts) {
                maps.put(values, &places, fitted);
            }
        }
        if let Some((places, estimates, sums)) = begun.sums {
            let (fit, sums) = (estimates.read(done)?, sums.read(done)?);
            let mut held = Held { places, fit, sums, found: Vec::new(), own: Vec::new() };
            match (begun.series, begun.starts, &self.plan.noise) {
                (Some(series), Some(starts), Some(noise)) => {
                    noise.take_series(&mut held, &series.read(done)?, &starts.read(done)?);
                }
                (Some(series), None, Some(noise)) => {
                    noise.take_beside(&mut held, &series.read(done)?, &begun.columns)?;
                }
                _ => {}
            }
            self.held.push(held);
        }
        if let Some((places, own, series)) = begun.sampled {
            let group = |place: &usize| self.plan.model.group_of_plane[place / plane_len];
            let slice_group = places.iter().map(group).collect();
            let residual = series.read(done)?;
            self.sampled.push(noise::Series { places, slice_group, residual, own });
        }
        Ok(())
    }
}

/// Where voxels are, their own columns and their residuals.
type Sampled = (Vec<usize>, Vec<Array2<f64>>, lags::Series);

impl Fitting<'_> {
    /// Of voxels and their places in the grid those that are looked at.
    fn looked_at(&self, voxels: &[u32], places: &[usize]) -> Vec<u32> {
        let is_chosen = |place: usize| self.chosen.get(place) == Some(&true);
        let both = voxels.iter().zip(places).filter(|(_, place)| is_chosen(**place));
        both.map(|(&voxel, _)| voxel).collect()
    }

    /// Residuals of those few and their fit. `own`: the columns of each voxel's own.
    fn sample(
        &self,
        tape: &mut Tape<'_>,
        (block, bold, own): (&Block, &Bold, &[HostBold]),
        (few, fit): (&[u32], &Fit),
        noise: &Autocorrelation,
    ) -> Result<Option<Sampled>> {
        if few.is_empty() {
            return Ok(None);
        }
        let model = &self.plan.model;
        let series = lags::residuals(tape, (bold, few), (fit, model), &noise.lags)?;
        let own = own.iter().map(|column| series_of(column, few)).collect();
        Ok(Some((places(block, few), own, series)))
    }
}

/// The same for a run of which not even one plane with its halo fits the device: corrected by planes, smoothed by volumes,
/// fitted by planes, through host memory.
fn gather_in_stages(
    ladder: &mut Ladder,
    source: &mut dyn BoldSource,
    beside: &mut [Box<dyn BoldSource>],
    (inside, plan): (&[bool], &Plan),
    watch: &dyn Watch,
) -> Result<Gathered> {
    let mut smoothed = Memory::zeros(source.shape(), source.n_volumes());
    if let Some(smoothing) = &plan.smooth {
        let flat = flat::of_run(source, inside)?;
        match &plan.correct {
            Some(projection) => {
                let mut corrected = Memory::zeros(source.shape(), source.n_volumes());
                clean_run(ladder, source, &mut corrected, projection, watch)?;
                smooth_run(ladder, &mut corrected, &mut smoothed, smoothing, watch)?;
            }
            None => smooth_run(ladder, source, &mut smoothed, smoothing, watch)?,
        }
        let rest = Plan { correct: None, smooth: None, ..plan.clone() };
        let mut all = gather(ladder, &mut smoothed, beside, inside, &rest, watch)?;
        all.so_far.flat = flat;
        return Ok(all);
    }
    // One plane alone exceeds the device: only the CPU path can hold it.
    let mut host = Ladder::around(Device::cpu());
    watch.warn("one plane of this run exceeds the device; it is fitted on the CPU path");
    gather(&mut host, source, beside, inside, plan, watch)
}

impl Fitted {
    fn empty(inside: &[bool], plan: &Plan) -> Fitted {
        let maps = |prepared: &Prepared| {
            let Contrast { name, stat, weights } = &prepared.contrast;
            let mut maps = ContrastMaps::zeros(name, *stat, weights.nrows(), inside.len());
            maps.rank = prepared.rank;
            maps.dof = plan.model.dofs();
            maps
        };
        Fitted {
            contrasts: plan.contrasts.iter().map(maps).collect(),
            fitted: inside.to_vec(),
            flat: Vec::new(),
            not_finite: 0,
            not_finite_beside: 0,
            residuals: Vec::new(),
            beyond: None,
        }
    }

    /// Mask voxels of the block's core, as positions in one volume of the block.
    fn in_mask(&self, block: &Block) -> Vec<u32> {
        let first = block.core.start * block.plane_len();
        let offset = (block.core.start - block.planes.start) * block.plane_len();
        let inside = self.fitted[first..block.core.end * block.plane_len()].iter().enumerate();
        inside.filter(|(_, keep)| **keep).map(|(at, _)| (at + offset) as u32).collect()
    }

    /// The same, of voxels that are finite in every volume; the others leave the mask.
    fn usable(&mut self, bold: &HostBold) -> Vec<u32> {
        let block = &bold.block;
        let core = block.core.start * block.plane_len()..block.core.end * block.plane_len();
        for place in places(block, bold.missing()).into_iter().filter(|at| core.contains(at)) {
            self.fitted[place] = false;
        }
        self.in_mask(block)
    }

    /// Fitted voxels that vary, and whose columns explain them to rounding; positions in the grid, ascending.
    #[must_use]
    pub fn explained(&self) -> Vec<usize> {
        let Some(maps) = self.contrasts.first() else { return Vec::new() };
        let is_one = |voxel: &usize| {
            self.fitted[*voxel]
                && maps.variance[0][*voxel] == 0.0
                && self.flat.binary_search(voxel).is_err()
        };
        (0..self.fitted.len()).filter(is_one).collect()
    }

    /// Maps with their counts. `inside`: the voxels that were to be fitted.
    #[must_use]
    pub fn counted(contrasts: Vec<ContrastMaps>, fitted: Vec<bool>, inside: &[bool]) -> Fitted {
        let left_out = |(&inside, &fitted): (&bool, &bool)| inside && !fitted;
        let not_finite = inside.iter().zip(&fitted).filter(|&pair| left_out(pair)).count();
        let (flat, residuals) = (Vec::new(), Vec::new());
        Fitted {
            contrasts,
            fitted,
            flat,
            not_finite,
            not_finite_beside: 0,
            residuals,
            beyond: None,
        }
    }
}

/// Time courses of voxels of a block, `[volume][voxel]`.
fn series_of(bold: &HostBold, voxels: &[u32]) -> Array2<f64> {
    let volume_len = bold.block.volume_len();
    let value =
        |(t, at): (usize, usize)| f64::from(bold.data[t * volume_len + voxels[at] as usize]);
    Array2::from_shape_fn((bold.block.volumes.len(), voxels.len()), value)
}

/// Positions in the grid of positions in one volume of a block.
pub(crate) fn places(block: &Block, voxels: &[u32]) -> Vec<usize> {
    let first = block.planes.start * block.plane_len();
    voxels.iter().map(|&v| first + v as usize).collect()
}
