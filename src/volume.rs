//! Plain data of the image side: the voxel grid, a mask, a block of a run, slice-dependent columns. No I/O.

use std::ops::Range;
use std::sync::OnceLock;

use ndarray::Array2;
use rayon::prelude::*;

use crate::error::{Error, Result};

/// The voxel grid of an image.
#[derive(Debug, Clone, PartialEq)]
pub struct Grid {
    /// Voxels along i, j, k; i runs fastest in memory.
    pub shape: [usize; 3],
    /// Voxel index (i, j, k, 1) to scanner millimetres, row-major.
    pub affine: [[f64; 4]; 4],
    /// Edge lengths of a voxel along i, j, k in millimetres (the header's pixdim, or the affine's where these
    /// contradict each other).
    pub voxel_size_mm: [f64; 3],
    /// Whether the header says where the voxels lie; else the affine is an assumption, and which side is left is not known.
    pub is_placed: bool,
}

impl Grid {
    /// Voxels in one volume.
    #[must_use]
    pub fn n_voxels(&self) -> usize {
        self.shape.iter().product()
    }

    /// Voxels in one plane of constant k.
    #[must_use]
    pub fn plane_len(&self) -> usize {
        self.shape[0] * self.shape[1]
    }

    /// Voxel coordinates (i, j, k) of a position in a volume.
    #[must_use]
    pub fn coordinates(&self, voxel: usize) -> [usize; 3] {
        let [ni, nj, _] = self.shape;
        [voxel % ni, voxel / ni % nj, voxel / (ni * nj)]
    }

    /// Where the centre of a voxel (i, j, k) lies, scanner millimetres.
    #[must_use]
    pub fn millimetres(&self, voxel: [usize; 3]) -> [f64; 3] {
        let [i, j, k] = voxel.map(|index| index as f64);
        std::array::from_fn(|row| {
            let [a, b, c, origin] = self.affine[row];
            a * i + b * j + c * k + origin
        })
    }

    /// The largest distance between the two places of a corner of the grid, in millimetres.
    #[must_use]
    pub fn affine_difference_mm(&self, other: &Grid) -> f64 {
        let mut worst = 0.0_f64; // squared
        for corner in 0..8 {
            let at = |axis: usize| {
                if corner >> axis & 1 == 1 { self.shape[axis] as f64 - 1.0 } else { 0.0 }
            };
            let place = |g: &Grid, row: usize| {
                (0..3).map(|c| g.affine[row][c] * at(c)).sum::<f64>() + g.affine[row][3]
            };
            let apart = (0..3).map(|row| (place(self, row) - place(other, row)).powi(2)).sum();
            worst = worst.max(apart);
        }
        worst.sqrt()
    }
}

/// Voxels of a grid that take part in an analysis.
#[derive(Debug, Clone, PartialEq)]
pub struct Mask {
    /// The grid it lives on.
    pub grid: Grid,
    /// One entry a voxel, `[voxel]`, x fastest.
    pub inside: Vec<bool>,
}

impl Mask {
    /// Voxels inside.
    #[must_use]
    pub fn count(&self) -> usize {
        self.inside.iter().filter(|&&v| v).count()
    }

    /// The mask without its outermost voxels, `times` over: what stays has all six neighbours inside, and the edge of the
    /// grid counts as outside. `go_on` is asked before each time.
    ///
    /// # Errors
    /// Those of `go_on`.
    pub fn eroded(&self, times: usize, go_on: &mut dyn FnMut() -> Result<()>) -> Result<Mask> {
        let [ni, nj, nk] = self.grid.shape;
        let mut inside = self.inside.clone();
        for _ in 0..times {
            go_on()?;
            let before = inside.clone();
            if !before.contains(&true) {
                break; // each layer takes voxels, so this comes soon, however many are asked for
            }
            for (voxel, keep) in inside.iter_mut().enumerate().filter(|(_, keep)| **keep) {
                let [i, j, k] = self.grid.coordinates(voxel);
                let at_edge =
                    [(i, ni), (j, nj), (k, nk)].iter().any(|&(x, n)| x == 0 || x + 1 == n);
                *keep = !at_edge
                    && [1, ni, ni * nj]
                        .iter()
                        .all(|step| before[voxel - step] && before[voxel + step]);
            }
        }
        Ok(Mask { grid: self.grid.clone(), inside })
    }
}

/// Which part of a run is at hand: whole planes (constant k) times consecutive volumes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Block {
    /// Voxels of the whole run along i, j, k.
    pub run_shape: [usize; 3],
    /// Planes held, the smoothing halo included.
    pub planes: Range<usize>,
    /// Planes whose results count; lies within `planes`.
    pub core: Range<usize>,
    /// Volumes held.
    pub volumes: Range<usize>,
}

impl Block {
    /// The whole run.
    #[must_use]
    pub fn whole(run_shape: [usize; 3], n_volumes: usize) -> Block {
        Block { run_shape, planes: 0..run_shape[2], core: 0..run_shape[2], volumes: 0..n_volumes }
    }

    /// Voxels in one plane.
    #[must_use]
    pub fn plane_len(&self) -> usize {
        self.run_shape[0] * self.run_shape[1]
    }

    /// Voxels of one volume that the block holds.
    #[must_use]
    pub fn volume_len(&self) -> usize {
        self.plane_len() * self.planes.len()
    }

    /// Values in the block.
    #[must_use]
    pub fn len(&self) -> usize {
        self.volume_len() * self.volumes.len()
    }

    /// Whether it holds nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// That positions in one volume of the block ascend within it.
    ///
    /// # Errors
    /// Internal where they do not.
    pub fn check_voxels(&self, voxels: &[u32]) -> Result<()> {
        if voxels.last().is_some_and(|&v| v as usize >= self.volume_len())
            || voxels.windows(2).any(|pair| pair[0] >= pair[1])
        {
            return Err(Error::internal(
                "the voxel list",
                "is not ascending or leaves the block",
                format!("ascend within 0..{}", self.volume_len()),
                "",
            ));
        }
        Ok(())
    }
}

/// A block of BOLD data in host memory, arbitrary BOLD units.
#[derive(Debug, Clone, PartialEq)]
pub struct HostBold {
    /// Which part of the run.
    pub block: Block,
    /// `[volume][plane][j][i]`, i fastest, `block.len()` values.
    pub data: Vec<f32>,
    missing: Missing,
}

impl HostBold {
    /// Values `[volume][plane][j][i]` of a block.
    #[must_use]
    pub fn new(block: Block, data: Vec<f32>) -> HostBold {
        HostBold { block, data, missing: Missing::default() }
    }

    /// Positions in one volume of the block, ascending, that are not finite in some volume: found when first asked for,
    /// so ask after the last change of `data`.
    #[must_use]
    pub fn missing(&self) -> &[u32] {
        self.missing.0.get_or_init(|| find_missing(&self.data, self.block.volume_len().max(1)))
    }

    /// The same without the voxels that some volume lacks: not a number in every volume, so that what is smoothed of them weighs the same
    /// neighbours in all.
    #[must_use]
    pub fn without_missing(mut self) -> HostBold {
        let missing = self.missing().to_vec();
        self.blank(&missing);
        self
    }

    /// The same without these voxels, positions in one volume.
    #[must_use]
    pub fn without(mut self, voxels: &[u32]) -> HostBold {
        self.blank(voxels);
        self.missing = Missing::default();
        self
    }

    fn blank(&mut self, voxels: &[u32]) {
        if voxels.is_empty() {
            return;
        }
        for volume in self.data.chunks_exact_mut(self.block.volume_len().max(1)) {
            voxels.iter().for_each(|&voxel| volume[voxel as usize] = f32::NAN);
        }
    }

    /// Whether it is known already that no value is missing.
    #[must_use]
    pub fn is_known_complete(&self) -> bool {
        self.missing.0.get().is_some_and(Vec::is_empty)
    }
}

/// What [`HostBold::missing`] found. A copy looks for itself, and no two blocks differ by what was asked of them.
#[derive(Debug, Default)]
struct Missing(OnceLock<Vec<u32>>);

impl Clone for Missing {
    fn clone(&self) -> Missing {
        Missing::default()
    }
}

impl PartialEq for Missing {
    fn eq(&self, _: &Missing) -> bool {
        true
    }
}

/// Voxels a task of the search.
const VOXELS_A_TASK: usize = 4096;

/// Positions that are infinite or NaN in some volume of `[volume][voxel]`: the largest exponent decides, without a branch a
/// value.
fn find_missing(data: &[f32], n_voxels: usize) -> Vec<u32> {
    const INFINITE: u32 = 0x7f80_0000;
    let largest = |part: &[f32]| part.iter().fold(0, |a, v| a.max(v.to_bits() & INFINITE));
    if data.par_chunks(1 << 16).all(|part| largest(part) < INFINITE) {
        return Vec::new();
    }
    let mut exponent = vec![0_u32; n_voxels];
    exponent.par_chunks_mut(VOXELS_A_TASK).enumerate().for_each(|(task, exponent)| {
        for volume in data.chunks_exact(n_voxels) {
            for (largest, value) in exponent.iter_mut().zip(&volume[task * VOXELS_A_TASK..]) {
                *largest = (*largest).max(value.to_bits() & INFINITE);
            }
        }
    });
    (0..).zip(exponent).filter(|(_, largest)| *largest == INFINITE).map(|(at, _)| at).collect()
}

/// Regressors that differ between planes because slices are acquired at different times: one set of columns for
/// each unique slice time.
#[derive(Debug, Clone, PartialEq)]
pub struct SliceGroups {
    /// For each plane k of the run, its group.
    pub group_of_plane: Vec<usize>,
    /// Column names, common to all groups.
    pub names: Vec<String>,
    /// For each group, `[volume][column]`.
    pub columns: Vec<Array2<f64>>,
}

impl SliceGroups {
    /// These columns, then others of as many planes and volumes, with a group for each pair of groups that some plane has.
    #[must_use]
    pub fn beside(&self, others: &SliceGroups) -> SliceGroups {
        let mut pairs: Vec<(usize, usize)> = Vec::new();
        let planes = self.group_of_plane.iter().copied().zip(others.group_of_plane.iter().copied());
        let mut group_of_plane = Vec::with_capacity(self.group_of_plane.len());
        for pair in planes {
            let known = pairs.iter().position(|known| *known == pair);
            group_of_plane.push(known.unwrap_or(pairs.len()));
            if known.is_none() {
                pairs.push(pair);
            }
        }
        let joined = |&(a, b): &(usize, usize)| {
            let (a, b) = (&self.columns[a], &others.columns[b]);
            Array2::from_shape_fn((a.nrows(), a.ncols() + b.ncols()), |(v, c)| {
                if c < a.ncols() { a[[v, c]] } else { b[[v, c - a.ncols()]] }
            })
        };
        SliceGroups {
            names: self.names.iter().chain(&others.names).cloned().collect(),
            columns: pairs.iter().map(joined).collect(),
            group_of_plane,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn missing_voxels_are_those_that_some_volume_lacks_and_a_copy_looks_again() {
        let block = Block::whole([97, 53, 1], 3);
        let mut bold = HostBold::new(block.clone(), vec![1.5; block.len()]);
        assert!(!bold.is_known_complete() && bold.missing().is_empty() && bold.is_known_complete());
        bold = bold.clone();
        let n = block.volume_len();
        bold.data[n + 5000] = f32::NAN;
        bold.data[7] = f32::NEG_INFINITY;
        bold.data[2 * n + 7] = f32::INFINITY;
        bold.data[8] = f32::MAX;
        assert_eq!(bold.missing(), [7, 5000]);
        let without = bold.clone().without_missing();
        for volume in without.data.chunks_exact(n) {
            assert!(volume[7].is_nan() && volume[5000].is_nan());
            assert_eq!(volume.iter().filter(|value| value.is_nan()).count(), 2);
        }
        assert!(!bold.is_known_complete());
    }

    #[test]
    fn each_layer_that_is_taken_off_asks_whether_to_go_on() {
        let grid = Grid {
            shape: [9, 9, 9],
            affine: [[0.0; 4]; 4],
            voxel_size_mm: [1.0; 3],
            is_placed: true,
        };
        let mask = Mask { inside: vec![true; 729], grid };
        let layers_of = |times: usize, most: usize| {
            let mut asked = 0;
            let left = mask.eroded(times, &mut || {
                asked += 1;
                if asked > most { Err(Error::Interrupted) } else { Ok(()) }
            });
            (left.map(|mask| mask.count()), asked)
        };
        assert_eq!(layers_of(2, 9).0.ok(), Some(5 * 5 * 5));
        let (stopped, asked) = layers_of(usize::MAX, 3);
        assert!(matches!(stopped, Err(Error::Interrupted)) && asked == 4);
        let (left, asked) = layers_of(usize::MAX, 100);
        assert!(left.ok() == Some(0) && asked < 10, "it ends with the mask: {asked}");
    }
}
