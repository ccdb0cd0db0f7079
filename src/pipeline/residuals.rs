//! The residuals of a fitted run themselves, y - X beta of the fit that was used, on the scale of its effects, in a second pass over the run: beta of a
//! voxel is known only once rho has been smoothed over all of them. Always f64 on the host; they go to a file, and into what is known of their
//! smoothness in space ([`crate::stats::smoothness`]).

use ndarray::{Array1, Array2};
use rayon::prelude::*;

use crate::error::{Error, Result};
use crate::gpu::{Done, Tape};
use crate::io::source::{BoldSink, BoldSource};
use crate::kernels::glm::Model;
use crate::pipeline::blocks::{Cut, Ladder, Slabs, Story, plane_bytes, read_timed, write_timed};
use crate::pipeline::first_level::Plan;
use crate::pipeline::noise::{Estimates, ResidualMaps};
use crate::pipeline::watch::Watch;
use crate::stats::smoothness::{self, Acf, Ring, Volumes};
use crate::volume::{Block, Grid, HostBold};

/// Volumes from which the autocorrelation over distances is found: others say little more.
const VOLUMES: usize = 32;

/// How smooth the residuals of a run are.
#[derive(Debug, Clone, PartialEq)]
pub struct Smoothness {
    /// FWHM along i, j, k, from the neighbours in all volumes; none where neighbours are not alike, or there are none.
    pub fwhm_mm: [Option<f64>; 3],
    /// Voxels over those of a cube of these widths; none where one is missing.
    pub resels: Option<f64>,
    /// Voxels that count.
    pub n_voxels: usize,
    /// The autocorrelation over distances, of so many volumes evenly spread.
    pub rings: Vec<Ring>,
    /// Volumes of it.
    pub n_volumes: usize,
    /// The mixed model of it.
    pub acf: Option<Acf>,
}

/// A fitted run with what its residuals need.
pub struct Fit<'a> {
    /// What happened to the run.
    pub plan: &'a Plan,
    /// What was found.
    pub estimates: &'a Estimates,
    /// The same where another device may have found it, of voxels where it may.
    pub beyond: Option<&'a Estimates>,
    /// Of the noise, and what effects were multiplied by: 0 of what left the mask.
    pub maps: &'a ResidualMaps,
}

/// Go through a run again, and through the columns of each voxel's own: its residuals into `sink`, and how smooth they are where `grid` is given.
///
/// # Errors
/// Reading and writing errors; usage where the memory does not allow it.
pub fn pass(
    ladder: &Ladder,
    (source, beside): (&mut dyn BoldSource, &mut [Box<dyn BoldSource>]),
    fit: &Fit<'_>,
    (sink, grid): (Option<&mut (dyn BoldSink + '_)>, Option<&Grid>),
    watch: &dyn Watch,
) -> Result<Option<Smoothness>> {
    let (shape, n_volumes) = (source.shape(), source.n_volumes());
    let halo = fit.plan.smooth.as_ref().map_or(0, |s| s.taps.halo());
    let run_bytes = (plane_bytes(shape, n_volumes) * shape[2]) as u64;
    let collects = sink.as_ref().is_some_and(|sink| sink.is_stream());
    let n_voxels: usize = shape.iter().product();
    let kept = if grid.is_some() { 4 * VOLUMES.min(n_volumes) * n_voxels } else { 0 };
    let asked = Slabs {
        halo,
        whole: source.is_stream() || collects || (halo > 0 && source.holds() >= run_bytes),
        results: beside.iter().map(|column| column.holds() + column.keeps()).sum::<u64>()
            + (kept + size_of_val(fit.estimates.values())) as u64,
        a_plane: (2 + beside.len()) * plane_bytes(shape, n_volumes),
        held: if collects { run_bytes } else { 0 },
        ..Slabs::default()
    };
    let mut host = ladder.on_the_host();
    let Some(blocks) = host.slabs(source, asked)? else {
        return Err(Error::internal("a plane", "does not fit the host", "fit it", ""));
    };
    watch.stage("residuals", blocks.len());
    let found = grid.map(|_| Found::new(shape, n_volumes));
    let mut story = Residuals { source, beside, sink, fit, found };
    host.climb(blocks, Cut::Planes { halo }, watch, &mut story)?;
    let found = story.found;
    host.device.take_spans().into_iter().for_each(|span| ladder.device.record(span));
    Ok(found.zip(grid).map(|(found, grid)| found.smoothness(grid)))
}

struct Residuals<'a, 's> {
    source: &'a mut dyn BoldSource,
    beside: &'a mut [Box<dyn BoldSource>],
    sink: Option<&'a mut (dyn BoldSink + 's)>,
    fit: &'a Fit<'a>,
    found: Option<Found>,
}

impl Story for Residuals<'_, '_> {
    type Begun = (HostBold, Option<HostBold>);

    fn begin(&mut self, tape: &mut Tape<'_>, block: &Block) -> Result<Self::Begun> {
        let host = read_timed(tape, self.source, block)?;
        let host = self.fit.plan.prepared_on_the_host(tape, host)?;
        let Fit { plan, estimates, beyond, .. } = *self.fit;
        let of = |estimates| residuals(&host, self.fit, (&plan.model, estimates));
        let (mut residuals, mut other) = (of(estimates), beyond.map(of));
        if !self.beside.is_empty() {
            let core = residuals.block.clone();
            let own = self.beside.iter_mut().map(|column| column.read(&core));
            let own = own.collect::<Result<Vec<_>>>()?;
            let maps = self.fit.maps;
            without_own(&mut residuals, &own, self.fit, &|place| maps.noise(place))?;
            if let (Some(other), Some(beyond)) = (&mut other, beyond) {
                let noise = |place: usize| match beyond.of(place) {
                    Some(_) => maps.noise_beyond(place),
                    None => maps.noise(place),
                };
                without_own(other, &own, self.fit, &noise)?;
            }
        }
        self.source.reuse(host.data);
        Ok((residuals, other))
    }

    fn finish(&mut self, done: &Done<'_>, (residuals, other): Self::Begun) -> Result<()> {
        match (self.sink.as_deref_mut(), &other) {
            (Some(sink), Some(other)) => sink.write_either(&residuals, other)?,
            (Some(sink), None) => write_timed(done, sink, &residuals)?,
            (None, _) => {}
        }
        if let Some(found) = &mut self.found {
            found.add(residuals)?;
        }
        Ok(())
    }
}

/// Of the core planes of a block, by these estimates or, of a voxel without, by those of the fit.
fn residuals(bold: &HostBold, fit: &Fit<'_>, (model, estimates): (&Model, &Estimates)) -> HostBold {
    let core = Block { planes: bold.block.core.clone(), ..bold.block.clone() };
    let (plane_len, length) = (core.plane_len(), core.volume_len());
    let offset = (core.planes.start - bold.block.planes.start) * plane_len;
    let first = core.planes.start * plane_len;
    let mut data = vec![0.0_f32; core.len()];
    let rows = data
        .par_chunks_exact_mut(length.max(1))
        .zip(bold.data.par_chunks_exact(bold.block.volume_len().max(1)));
    rows.enumerate().for_each(|(volume, (to, from))| {
        for (at, (e, y)) in to.iter_mut().zip(&from[offset..offset + length]).enumerate() {
            let place = first + at;
            let beta = estimates.of(place).or_else(|| fit.estimates.of(place));
            let Some(beta) = beta.filter(|_| fit.maps.unit[place] != 0.0) else {
                continue;
            };
            let design = &model.solvers[model.group_of_plane[place / plane_len]].design;
            let explained: f64 = design.row(volume).iter().zip(beta).map(|(x, b)| x * b).sum();
            *e = (fit.maps.unit[place] * (f64::from(*y) - explained)) as f32;
        }
    });
    HostBold::new(core, data)
}

/// The residuals of a block without what each voxel's own columns, on the same planes, explain by noise ([`ResidualMaps::noise`]).
fn without_own(
    residuals: &mut HostBold,
    own: &[HostBold],
    fit: &Fit<'_>,
    of_noise: &(dyn Fn(usize) -> [f64; 2] + Sync),
) -> Result<()> {
    let Some(noise) = &fit.plan.noise else { return Ok(()) };
    let (length, n) = (residuals.block.volume_len(), residuals.block.volumes.len());
    let first = residuals.block.planes.start * residuals.block.plane_len();
    let data = &residuals.data;
    let of = |at: usize| -> Result<Option<Array1<f64>>> {
        if fit.estimates.of(first + at).is_none() {
            return Ok(None);
        }
        let mut series = Array1::from_shape_fn(n, |t| f64::from(data[t * length + at]));
        let own = Array2::from_shape_fn((n, own.len()), |(t, column)| {
            f64::from(own[column].data[t * length + at])
        });
        noise.without_own(&mut series, &own, of_noise(first + at))?;
        Ok(Some(series))
    };
    let all: Vec<_> = (0..length).into_par_iter().map(of).collect::<Result<_>>()?;
    for (at, series) in all.into_iter().enumerate() {
        for (t, e) in series.iter().flatten().enumerate() {
            residuals.data[t * length + at] = *e as f32;
        }
    }
    Ok(())
}

/// What the blocks bring.
struct Found {
    shape: [usize; 3],
    n_volumes: usize,
    /// Volumes that are kept, and their standardised residuals, `[volume][voxel of the grid]`.
    kept: Vec<usize>,
    values: Vec<f32>,
    /// Σ u_a u_b over the pairs and volumes along i, j, k, and pairs.
    products: [f64; 3],
    pairs: [usize; 3],
    n_voxels: usize,
    /// The last plane before the block, `[volume][voxel of the plane]`, and its number.
    before: Option<(usize, Vec<f32>)>,
}

impl Found {
    fn new(shape: [usize; 3], n_volumes: usize) -> Found {
        let n = VOLUMES.min(n_volumes);
        Found {
            shape,
            n_volumes,
            kept: (0..n).map(|at| (2 * at + 1) * n_volumes / (2 * n)).collect(),
            values: vec![0.0; n * shape.iter().product::<usize>()],
            products: [0.0; 3],
            pairs: [0; 3],
            n_voxels: 0,
            before: None,
        }
    }

    /// Blocks come in order, whole planes of all volumes.
    fn add(&mut self, mut block: HostBold) -> Result<()> {
        let length = block.block.volume_len();
        let first = block.block.planes.start;
        if self.before.as_ref().is_some_and(|(plane, _)| plane + 1 != first) {
            return Err(Error::internal("a block", "is not the next one", "be in order", ""));
        }
        let mut squares = vec![0.0_f64; length];
        for volume in block.data.chunks_exact(length) {
            squares.iter_mut().zip(volume).for_each(|(sum, &e)| *sum += f64::from(e).powi(2));
        }
        let n = self.n_volumes as f64;
        let over = |&sum: &f64| if sum > 0.0 { (n / sum).sqrt() } else { 0.0 };
        let scale: Vec<f64> = squares.iter().map(over).collect();
        block.data.par_chunks_exact_mut(length).for_each(|volume| {
            volume.iter_mut().zip(&scale).for_each(|(e, s)| *e = (f64::from(*e) * s) as f32);
        });
        let there: Vec<bool> = squares.iter().map(|&sum| sum > 0.0).collect();
        self.n_voxels += there.iter().filter(|there| **there).count();
        let plane_len = self.shape[0] * self.shape[1];
        let (ni, before) = (self.shape[0], self.before.take().map(|(_, plane)| plane));
        let of_volume = |(at, volume): (usize, &[f32])| {
            let before = before.as_ref().map(|plane| &plane[at * plane_len..][..plane_len]);
            [
                along(volume, 1, Some(ni)),
                along(volume, ni, Some(plane_len)),
                along(volume, plane_len, None)
                    + before.map_or(0.0, |plane| products(plane, volume)),
            ]
        };
        let of_volumes: Vec<[f64; 3]> =
            block.data.par_chunks_exact(length).enumerate().map(of_volume).collect();
        for sums in of_volumes {
            (0..3).for_each(|axis| self.products[axis] += sums[axis]);
        }
        let as_number: Vec<f32> = there.iter().map(|&there| f32::from(u8::from(there))).collect();
        let known = before.as_ref().map(|plane| present(plane, plane_len));
        self.pairs[0] += along(&as_number, 1, Some(ni)) as usize;
        self.pairs[1] += along(&as_number, ni, Some(plane_len)) as usize;
        self.pairs[2] += along(&as_number, plane_len, None) as usize;
        self.pairs[2] += known.map_or(0, |plane| products(&plane, &as_number) as usize);

        let n_grid = plane_len * self.shape[2];
        for (at, &volume) in self.kept.iter().enumerate() {
            self.values[at * n_grid + first * plane_len..][..length]
                .copy_from_slice(&block.data[volume * length..][..length]);
        }
        let last = length - plane_len;
        let planes = block.data.chunks_exact(length).flat_map(|volume| volume[last..].to_vec());
        self.before = Some((block.block.planes.end - 1, planes.collect()));
        Ok(())
    }

    fn smoothness(self, grid: &Grid) -> Smoothness {
        let fwhm_mm = std::array::from_fn(|axis| {
            let n = (self.pairs[axis] * self.n_volumes) as f64;
            smoothness::fwhm_mm(grid.voxel_size_mm[axis], self.products[axis] / n)
        });
        let known: Vec<f64> = fwhm_mm.iter().flatten().copied().collect();
        let volume: f64 = grid.voxel_size_mm.iter().product();
        let all = known.iter().product::<f64>();
        let resels = (known.len() == 3).then(|| self.n_voxels as f64 * volume / all);
        let (mut rings, mut acf) = (Vec::new(), None);
        if !known.is_empty() {
            let mean = all.powf(1.0 / known.len() as f64);
            let (shape, voxel_size_mm) = (self.shape, grid.voxel_size_mm);
            rings =
                smoothness::rings(&Volumes { shape, voxel_size_mm, values: &self.values }, mean);
            acf = smoothness::fit(&rings, mean);
        }
        let (n_voxels, n_volumes) = (self.n_voxels, self.kept.len());
        Smoothness { fwhm_mm, resels, n_voxels, rings, n_volumes, acf }
    }
}

/// Where voxels of a plane `[volume][voxel]` are, as 1.
fn present(planes: &[f32], plane_len: usize) -> Vec<f32> {
    let mut there = vec![0.0; plane_len];
    for volume in planes.chunks_exact(plane_len) {
        there
            .iter_mut()
            .zip(volume)
            .filter(|(_, v)| **v != 0.0)
            .for_each(|(there, _)| *there = 1.0);
    }
    there
}

/// Σ of products of values so many places apart, within stretches of a length, or all.
fn along(values: &[f32], step: usize, within: Option<usize>) -> f64 {
    let of = |values: &[f32]| match values.len() > step {
        true => products(&values[..values.len() - step], &values[step..]),
        false => 0.0,
    };
    values.chunks(within.unwrap_or(values.len()).max(1)).map(of).sum()
}

/// Of as many as both have.
fn products(a: &[f32], b: &[f32]) -> f64 {
    a.iter().zip(b).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHAPE: [usize; 3] = [5, 4, 6];
    const N_VOLUMES: usize = 40;

    /// Series that differ in scale, and some voxels outside.
    fn run() -> Vec<f32> {
        let value = |at: usize| {
            let (volume, voxel) = (at / 120, at % 120);
            let mixed = (voxel / 7 * 31 + volume * volume * 17 + voxel * volume) % 101;
            let scale = 1.0 + (voxel % 9) as f32;
            if voxel % 11 == 4 { 0.0 } else { scale * (mixed as f32 - 50.3) }
        };
        (0..120 * N_VOLUMES).map(value).collect()
    }

    /// The same from slabs of so many planes.
    fn found(planes: usize) -> Found {
        let (run, plane_len) = (run(), SHAPE[0] * SHAPE[1]);
        let mut found = Found::new(SHAPE, N_VOLUMES);
        for first in (0..SHAPE[2]).step_by(planes) {
            let slab = first..(first + planes).min(SHAPE[2]);
            let block = Block {
                planes: slab.clone(),
                core: slab.clone(),
                ..Block::whole(SHAPE, N_VOLUMES)
            };
            let of_slab =
                |volume: &[f32]| volume[slab.start * plane_len..slab.end * plane_len].to_vec();
            let data = run.chunks_exact(120).flat_map(of_slab).collect();
            found.add(HostBold::new(block, data)).expect("in order");
        }
        found
    }

    #[test]
    fn neighbours_are_alike_by_the_mean_correlation_of_their_series_however_the_run_is_cut() {
        let run = run();
        let series = |voxel: usize| -> Vec<f64> {
            (0..N_VOLUMES).map(|volume| f64::from(run[120 * volume + voxel])).collect()
        };
        let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
        let whole = found(6);
        for (axis, step) in [1, 5, 20].into_iter().enumerate() {
            let (mut sum, mut pairs) = (0.0, 0);
            for voxel in 0..120_usize {
                let at = [voxel % 5, voxel / 5 % 4, voxel / 20];
                if at[axis] + 1 < SHAPE[axis] && voxel % 11 != 4 && (voxel + step) % 11 != 4 {
                    let (a, b) = (series(voxel), series(voxel + step));
                    sum += dot(&a, &b) / (dot(&a, &a) * dot(&b, &b)).sqrt();
                    pairs += 1;
                }
            }
            let got = whole.products[axis] / N_VOLUMES as f64;
            assert_eq!(whole.pairs[axis], pairs, "axis {axis}");
            assert!((got - sum).abs() < 1e-5, "axis {axis}: {got} for {sum}");
            for planes in [1, 2, 4] {
                let cut = found(planes);
                assert_eq!((cut.pairs, cut.n_voxels), (whole.pairs, whole.n_voxels));
                assert!(
                    (cut.products[axis] - whole.products[axis]).abs() < 1e-8,
                    "{planes} planes"
                );
                assert_eq!(cut.values, whole.values);
            }
        }
        assert_eq!(whole.kept.len(), VOLUMES);
    }
}
