//! A run gone through once more for its page: its mean image, and the series of some voxels as they were fitted. Always f64 on the host.

use std::collections::BTreeMap;

use ndarray::Array1;

use crate::error::{Error, Result};
use crate::gpu::{Done, Tape};
use crate::io::source::BoldSource;
use crate::pipeline::blocks::{Cut, Ladder, Slabs, Story, plane_bytes, read_timed};
use crate::pipeline::first_level::Plan;
use crate::pipeline::inputs::Run;
use crate::pipeline::watch::Watch;
use crate::report::viewer::Course;
use crate::volume::{Block, HostBold};

/// Time courses of a contrast at most: peaks by runs.
pub const MOST: usize = 12;

/// What is kept of a run.
#[derive(Debug, Clone, PartialEq)]
pub struct Seen {
    /// As it was read, `[voxel]`.
    pub mean: Vec<f64>,
    /// Of each voxel that was asked for, corrected and smoothed as it was fitted, by its position in the grid: `[volume]`.
    pub series: BTreeMap<usize, Vec<f64>>,
}

/// How much of a run is gone through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Through {
    /// All of it: its mean is wanted, too.
    All,
    /// The planes that series are wanted of; the mean of others stays 0.
    Places,
}

/// Go through a run. `places`: positions in the grid.
///
/// # Errors
/// Reading errors; usage where the memory does not allow it.
pub fn pass(
    ladder: &Ladder,
    source: &mut dyn BoldSource,
    plan: &Plan,
    (places, through): (&[usize], Through),
    watch: &dyn Watch,
) -> Result<Seen> {
    let (shape, n_volumes) = (source.shape(), source.n_volumes());
    let halo = plan.smooth.as_ref().map_or(0, |s| s.taps.halo());
    let plane = plane_bytes(shape, n_volumes);
    let run_bytes = (plane * shape[2]) as u64;
    let n_voxels: usize = shape.iter().product();
    let asked = Slabs {
        halo,
        whole: source.is_stream() || (halo > 0 && source.holds() >= run_bytes),
        results: (8 * (n_voxels + places.len() * n_volumes)) as u64,
        a_plane: plane,
        ..Slabs::default()
    };
    let mut host = ladder.on_the_host();
    let Some(mut blocks) = host.slabs(source, asked)? else {
        return Err(Error::internal("a plane", "does not fit the host", "fit it", ""));
    };
    if through == Through::Places {
        blocks.retain(|block| places.iter().any(|place| core(block).contains(place)));
    }
    watch.stage("report", blocks.len());
    let seen = Seen { mean: vec![0.0; n_voxels], series: BTreeMap::new() };
    let mut story = Passing { source, plan, places, seen };
    host.climb(blocks, Cut::Planes { halo }, watch, &mut story)?;
    let seen = story.seen;
    host.device.take_spans().into_iter().for_each(|span| ladder.device.record(span));
    Ok(seen)
}

/// Positions of a block's own voxels in the grid.
fn core(block: &Block) -> std::ops::Range<usize> {
    block.core.start * block.plane_len()..block.core.end * block.plane_len()
}

struct Passing<'a> {
    source: &'a mut dyn BoldSource,
    plan: &'a Plan,
    places: &'a [usize],
    seen: Seen,
}

/// What a block gave.
struct Part {
    /// Position of its first voxel, and the means from there on.
    first: usize,
    mean: Vec<f64>,
    series: Vec<(usize, Vec<f64>)>,
}

impl Story for Passing<'_> {
    type Begun = Part;

    fn begin(&mut self, tape: &mut Tape<'_>, block: &Block) -> Result<Part> {
        let host = read_timed(tape, self.source, block)?;
        let core = core(block);
        let here: Vec<usize> = self.places.iter().copied().filter(|p| core.contains(p)).collect();
        let mean = means(&host);
        if here.is_empty() {
            self.source.reuse(host.data);
            return Ok(Part { first: core.start, mean, series: Vec::new() });
        }
        let host = self.plan.prepared_on_the_host(tape, host)?;
        let first = host.block.planes.start * host.block.plane_len();
        let length = host.block.volume_len();
        let of = |&place: &usize| {
            let n = host.block.volumes.len();
            let series = (0..n).map(|t| f64::from(host.data[t * length + place - first]));
            (place, series.collect())
        };
        let series = here.iter().map(of).collect();
        self.source.reuse(host.data);
        Ok(Part { first: core.start, mean, series })
    }

    fn finish(&mut self, _done: &Done<'_>, part: Part) -> Result<()> {
        self.seen.mean[part.first..part.first + part.mean.len()].copy_from_slice(&part.mean);
        self.seen.series.extend(part.series);
        Ok(())
    }
}

/// Over the volumes of a block, of its core.
fn means(bold: &HostBold) -> Vec<f64> {
    let block = &bold.block;
    let (n, length) = (block.volumes.len(), block.volume_len());
    let offset = (block.core.start - block.planes.start) * block.plane_len();
    let mut sums = vec![0.0; block.core.len() * block.plane_len()];
    for volume in bold.data.chunks_exact(length.max(1)) {
        let values = &volume[offset..offset + sums.len()];
        sums.iter_mut().zip(values).for_each(|(sum, value)| *sum += f64::from(*value));
    }
    sums.iter_mut().for_each(|sum| *sum /= n.max(1) as f64);
    sums
}

/// A run at places (positions in the grid), with what its model makes of it there; the peaks' names are empty. Nothing of places where it was not seen.
#[must_use]
pub fn at(of: (&Run, &Plan), seen: &Seen, places: &[usize]) -> BTreeMap<usize, Course> {
    places.iter().filter_map(|&place| Some((place, course(of, seen, place)?))).collect()
}

fn course((run, plan): (&Run, &Plan), seen: &Seen, place: usize) -> Option<Course> {
    let raw = seen.series.get(&place)?;
    let solver = &plan.model.solvers[plan.model.group_of_plane[place / run.grid.plane_len()]];
    let level = run.level.as_ref().map_or(0.0, |level| level[place]);
    let y: Array1<f64> = raw.iter().map(|value| value + level).collect();
    let fitted = solver.design.dot(&solver.pinv.dot(&y));
    let mean = y.sum() / y.len() as f64;
    let (unit, scaled): (&str, Box<dyn Fn(f64) -> f64>) = match mean > 0.0 {
        true => ("percent of the mean", Box::new(move |v| 100.0 * (v / mean - 1.0))),
        false => ("units of the image", Box::new(|v| v)),
    };
    let varies: f64 = y.iter().map(|v| (v - mean).powi(2)).sum();
    let left: f64 = y.iter().zip(&fitted).map(|(y, f)| (y - f).powi(2)).sum();
    let times = run.acquisition.as_ref().map(|a| (a.start_time, a.tr));
    let time = |volume: &usize| times.map_or(*volume as f64, |(t0, tr)| t0 + tr * *volume as f64);
    Some(Course {
        peak: String::new(),
        mm: run.grid.millimetres(run.grid.coordinates(place)),
        run: run.name(),
        times: run.kept.iter().map(time).collect(),
        across: if times.is_some() { "time, s" } else { "volume" },
        measured: y.iter().map(|v| scaled(*v)).collect(),
        fitted: fitted.iter().map(|v| scaled(*v)).collect(),
        unit: unit.to_owned(),
        r_square: if varies > 0.0 { 1.0 - left / varies } else { 0.0 },
    })
}
