//! One pass over a run as it is read, not smoothed: what of each region can be used, and the sums over it, plane group by plane group.

use std::collections::BTreeMap;

use ndarray::{Array1, Array2};

use super::nuisance::Nuisance;
use crate::error::Result;
use crate::gpu::{Done, Tape};
use crate::io::source::BoldSource;
use crate::kernels::pairs::{self, MOST_OF_A_ROW, Rows};
use crate::pipeline::blocks::{
    Cut, Ladder, ReadAhead, Slabs, Spare, Story, plane_bytes, send_sparing,
};
use crate::pipeline::flat;
use crate::pipeline::regions::Region;
use crate::pipeline::tsnr::Moments;
use crate::pipeline::watch::Watch;
use crate::volume::{Block, HostBold};

/// What is looked at.
#[derive(Clone, Copy)]
pub(super) struct Asked<'a> {
    pub nodes: &'a [Region],
    /// The mask, `[voxel of the grid]`.
    pub inside: &'a [bool],
    /// For each plane, its slice group.
    pub group_of_plane: &'a [usize],
    /// Whether the mean of the mask is wanted.
    pub global: bool,
    /// Of each region whether its voxels' own series are wanted.
    pub own: &'a [bool],
    /// So many regions, the first ones, whose temporal signal-to-noise ratio is wanted.
    pub tsnr: usize,
    /// So many columns of each voxel's own, which are read beside the run.
    pub beside: usize,
    /// What must leave something of a voxel that is used, where it is known.
    pub nuisance: Option<&'a Nuisance>,
    /// What was taken off each voxel on reading, `[voxel of the grid]`.
    pub level: Option<&'a [f64]>,
}

/// What was found.
#[derive(Debug, Default)]
pub(super) struct Seen {
    /// Mask voxels that are finite in every volume, vary and are not explained, `[voxel of the grid]`.
    pub usable: Vec<bool>,
    /// Mask voxels that are not finite in some volume, and those that are constant.
    pub not_finite: usize,
    pub flat: usize,
    /// Those of which the nuisance columns leave nothing, ascending.
    pub explained: Vec<usize>,
    /// Of each region, how many of its voxels are usable.
    pub n_used: Vec<usize>,
    /// Of each region and slice group the sum over its usable voxels but for a constant, `[volume]`.
    pub sums: Vec<BTreeMap<usize, Array1<f64>>>,
    /// Mean of the usable mask but for a constant, `[volume]`; empty where it is not wanted.
    pub global: Vec<f64>,
    /// Of each region, its voxels and their values, `[volume]`; none where they are not wanted.
    pub own: Vec<Option<BTreeMap<usize, Vec<f32>>>>,
    /// Of each region whose ratio is wanted, the sum of its voxels' and how many have one.
    tsnr: Vec<(f64, usize)>,
}

impl Seen {
    /// Of each region whose ratio is wanted, the mean over its voxels of mean / sd over time, nothing taken off; NaN where none has one.
    pub fn tsnr(&self) -> impl Iterator<Item = f64> {
        self.tsnr.iter().map(|(sum, n)| sum / *n as f64)
    }

    /// Its mask, global mean and ratios, and the regions of the run without its voxels' own columns.
    pub fn with_regions_of(self, cleaned: Seen) -> Seen {
        let Seen { global, tsnr, not_finite, flat, .. } = self;
        Seen { global, tsnr, not_finite, flat, ..cleaned }
    }
}

/// Go through a run.
///
/// # Errors
/// Reading and device errors.
pub(super) fn pass(
    ladder: &mut Ladder,
    source: &mut dyn BoldSource,
    asked: &Asked<'_>,
    watch: &dyn Watch,
) -> Result<Seen> {
    let plane = plane_bytes(source.shape(), source.n_volumes());
    let slabs = Slabs { a_plane: asked.beside * plane, ..Slabs::default() };
    let blocks = ladder.slabs(source, slabs)?.unwrap_or_default();
    let n_rows = asked.nodes.len();
    watch.stage("regions", blocks.len());
    let seen = Seen {
        usable: asked.inside.to_vec(),
        n_used: vec![0; n_rows],
        sums: vec![BTreeMap::new(); n_rows],
        own: asked.own.iter().map(|&is_wanted| is_wanted.then(BTreeMap::new)).collect(),
        tsnr: vec![(0.0, 0); asked.tsnr],
        ..Seen::default()
    };
    let n_volumes = source.n_volumes();
    let looking = Looking { asked, seen, total: Array1::zeros(n_volumes) };
    let mut story = Telling { source: ReadAhead::of(source), looking };
    ladder.climb(blocks, Cut::Planes { halo: 0 }, watch, &mut story)?;
    let Looking { mut seen, total, .. } = story.looking;
    for (node, n) in asked.nodes.iter().zip(&mut seen.n_used) {
        *n = node.voxels.iter().filter(|&&v| seen.usable[v]).count();
    }
    if asked.global {
        let n = seen.usable.iter().filter(|&&v| v).count().max(1) as f64;
        seen.global = (total / n).to_vec();
    }
    Ok(seen)
}

/// Read, look, sum.
struct Telling<'a> {
    source: ReadAhead<'a>,
    looking: Looking<'a>,
}

/// What is done with blocks once they are read.
struct Looking<'a> {
    asked: &'a Asked<'a>,
    seen: Seen,
    /// Over the mask.
    total: Array1<f64>,
}

/// Whose sum a row is a part of.
#[derive(Debug, Clone, Copy)]
enum Of {
    Node(usize, usize),
    Mask,
}

/// What comes of a block.
struct Begun {
    of: Vec<Of>,
    /// None where no region has a voxel.
    coming: Option<pairs::Coming>,
    not_finite: usize,
    flat: usize,
}

impl Story for Telling<'_> {
    type Begun = Begun;

    fn expect(&mut self, next: Option<&Block>) {
        self.source.expect(next);
    }

    fn begin(&mut self, tape: &mut Tape<'_>, block: &Block) -> Result<Begun> {
        let Telling { source, looking } = self;
        source.with(tape, block, |tape, host, spare| looking.begin(tape, host, spare))
    }

    fn finish(&mut self, done: &Done<'_>, begun: Begun) -> Result<()> {
        self.looking.finish(done, begun)
    }
}

impl Looking<'_> {
    /// Of a block that was read.
    fn begin(&mut self, tape: &mut Tape<'_>, host: HostBold, spare: &mut Spare) -> Result<Begun> {
        let block = &host.block.clone();
        let (not_finite, flat) = self.settle(&host);
        let first = block.planes.start * block.plane_len();
        let (mut rows, mut of) = (Rows::default(), Vec::new());
        let mut add = |voxels: &[usize], whose: &dyn Fn(usize) -> Of| {
            let here = within(voxels, first, block.volume_len());
            for plane in here.chunk_by(|a, b| a / block.plane_len() == b / block.plane_len()) {
                let usable = plane.iter().filter(|&&v| self.seen.usable[v]);
                let usable: Vec<u32> = usable.map(|&v| (v - first) as u32).collect();
                for part in usable.chunks(MOST_OF_A_ROW) {
                    rows.push(part);
                    of.push(whose(self.asked.group_of_plane[plane[0] / block.plane_len()]));
                }
            }
        };
        for (at, node) in self.asked.nodes.iter().enumerate() {
            add(&node.voxels, &|group| Of::Node(at, group));
        }
        if self.asked.global {
            let all: Vec<usize> = (first..first + block.volume_len()).collect();
            add(&all, &|_| Of::Mask);
        }
        self.keep_own(&host);
        self.keep_tsnr(&host);
        if rows.is_empty() {
            spare.push(host.data);
            return Ok(Begun { of, coming: None, not_finite, flat });
        }
        let bold = send_sparing(tape, host, spare)?;
        let coming = Some(pairs::sums(tape, &bold, &rows)?);
        if let crate::gpu::Bold::Host(host) = bold {
            spare.push(host.data);
        }
        Ok(Begun { of, coming, not_finite, flat })
    }

    fn finish(&mut self, done: &Done<'_>, begun: Begun) -> Result<()> {
        let Begun { of, coming, not_finite, flat } = begun;
        self.seen.not_finite += not_finite;
        self.seen.flat += flat;
        let Some(coming) = coming else { return Ok(()) };
        let sums: Array2<f64> = coming.read(done)?;
        let n = sums.ncols();
        for (of, row) in of.into_iter().zip(sums.rows()) {
            let sum = match of {
                Of::Node(node, group) => {
                    self.seen.sums[node].entry(group).or_insert_with(|| Array1::zeros(n))
                }
                Of::Mask => &mut self.total,
            };
            *sum += &row;
        }
        Ok(())
    }

    /// Which of a block's mask voxels can be used; how many are not finite, and how many constant.
    fn settle(&mut self, host: &HostBold) -> (usize, usize) {
        let block = &host.block;
        let first = block.planes.start * block.plane_len();
        let inside = &self.asked.inside[first..first + block.volume_len()];
        let usable = &mut self.seen.usable[first..first + block.volume_len()];
        usable.copy_from_slice(inside);
        let mut out = |voxels: &[u32]| {
            let mut n = 0;
            for &v in voxels {
                n += usize::from(usable[v as usize]);
                usable[v as usize] = false;
            }
            n
        };
        let not_finite = out(host.missing());
        let listed: Vec<u32> =
            (0..).zip(inside).filter(|(_, inside)| **inside).map(|(v, _)| v).collect();
        let flat = out(&flat::of_block(host, &listed));
        if let Some(nuisance) = self.asked.nuisance {
            let listed: Vec<u32> =
                (0..).zip(&*usable).filter(|(_, usable)| **usable).map(|(v, _)| v).collect();
            for voxel in nuisance.explained(host, &listed) {
                usable[voxel as usize] = false;
                self.seen.explained.push(first + voxel as usize);
            }
        }
        (not_finite, flat)
    }

    /// Keep the series of voxels that are wanted by themselves.
    fn keep_own(&mut self, host: &HostBold) {
        let block = &host.block;
        let (first, len) = (block.planes.start * block.plane_len(), block.volume_len());
        for (node, own) in self.asked.nodes.iter().zip(&mut self.seen.own) {
            let Some(own) = own else { continue };
            for &v in within(&node.voxels, first, len) {
                if self.seen.usable[v] {
                    let series = host.data.iter().skip(v - first).step_by(len).copied();
                    own.insert(v, series.collect());
                }
            }
        }
    }

    /// Add the ratios of voxels of regions whose ratio is wanted.
    fn keep_tsnr(&mut self, host: &HostBold) {
        if self.seen.tsnr.is_empty() {
            return;
        }
        let (first, len) =
            (host.block.planes.start * host.block.plane_len(), host.block.volume_len());
        let moments = Moments::of(host);
        for (node, (sum, n)) in self.asked.nodes.iter().zip(&mut self.seen.tsnr) {
            for &v in within(&node.voxels, first, len) {
                let (mean, sd) = (moments.mean[v - first], moments.sd[v - first]);
                if self.seen.usable[v] && sd > 0.0 {
                    *sum += (mean + self.asked.level.map_or(0.0, |level| level[v])) / sd;
                    *n += 1;
                }
            }
        }
    }
}

/// Those of ascending positions that lie in a stretch.
fn within(voxels: &[usize], first: usize, len: usize) -> &[usize] {
    let place = |end: usize| voxels.partition_point(|&v| v < end);
    &voxels[place(first)..place(first + len)]
}
