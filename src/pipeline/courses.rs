//! A run gone through once more for its page: its mean image, and the series of some voxels as they were fitted. Always f64 on the host.

use std::collections::BTreeMap;

use crate::error::{Error, Result};
use crate::gpu::{Bold, Done, Tape};
use crate::io::source::BoldSource;
use crate::kernels::nuisance;
use crate::kernels::smooth;
use crate::pipeline::blocks::{Cut, Ladder, Slabs, Story, plane_bytes, read_timed};
use crate::pipeline::first_level::Plan;
use crate::pipeline::watch::Watch;
use crate::volume::{Block, HostBold};

/// What is kept of a run.
#[derive(Debug, Clone, PartialEq)]
pub struct Seen {
    /// As it was read, `[voxel]`.
    pub mean: Vec<f64>,
    /// Of each voxel that was asked for, corrected and smoothed as it was fitted, by its position in the grid: `[volume]`.
    pub series: BTreeMap<usize, Vec<f64>>,
}

/// Go through a run. `places`: positions in the grid.
///
/// # Errors
/// Reading errors; usage where the memory does not allow it.
pub fn pass(
    ladder: &Ladder,
    source: &mut dyn BoldSource,
    plan: &Plan,
    places: &[usize],
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
    let Some(blocks) = host.slabs(source, asked)? else {
        return Err(Error::internal("a plane", "does not fit the host", "fit it", ""));
    };
    watch.stage("report", blocks.len());
    let seen = Seen { mean: vec![0.0; n_voxels], series: BTreeMap::new() };
    let mut story = Passing { source, plan, places, seen };
    host.climb(blocks, Cut::Planes { halo }, watch, &mut story)?;
    let seen = story.seen;
    host.device.take_spans().into_iter().for_each(|span| ladder.device.record(span));
    Ok(seen)
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
        let core = block.core.start * block.plane_len()..block.core.end * block.plane_len();
        let here: Vec<usize> = self.places.iter().copied().filter(|p| core.contains(p)).collect();
        let mean = means(&host);
        if here.is_empty() {
            self.source.reuse(host.data);
            return Ok(Part { first: core.start, mean, series: Vec::new() });
        }
        let Plan { correct, smooth, .. } = self.plan;
        let mut bold = Bold::Host(host);
        if let Some(projection) = correct {
            bold = nuisance::subtract(tape, bold, projection)?;
        }
        if let Some(s) = smooth {
            bold = smooth::smooth(tape, bold, &s.taps, s.within.as_ref())?;
        }
        let Bold::Host(host) = bold else {
            return Err(Error::internal("the run", "is not on the host", "be", ""));
        };
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
