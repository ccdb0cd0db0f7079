//! Covariance over time of chosen voxels, the matrix whose eigenvectors are a region's principal components (CompCor):
//! C = sum_v z_v z_v', `[volume][volume]`, z = s (y - mean y - Q Q' (y - mean y)), with Q an orthonormal basis of what is
//! filtered out (slow drift), s = 1, or one over the standard deviation of what is left, so that each voxel counts alike.
//! Source: Behzadi 2007 (C = M M', M the voxels' series after detrending and variance normalisation).
//!
//! A product of series loses half the digits, so y is centred and filtered before it is formed. Sums run over the planes
//! in order, each plane's voxels in order: C does not depend on how a run was cut into blocks.

use std::time::Instant;

use ndarray::{Array2, ArrayView2};

use crate::error::{Error, Result};
use crate::gpu::{Activity, Bold, Done, Shader, Span, Tape};
use crate::stats::least_squares::{demeaned, orthonormal_basis};

mod cpu;
mod gpu;

/// Its shader.
pub static SHADER: &Shader = &gpu::SHADER;

/// Whether voxels of a large variance weigh more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Scaling {
    /// Each voxel's filtered series is divided by its standard deviation (sum of squares / n, as nipype).
    #[default]
    UnitVariance,
    /// As they are, BOLD units.
    None,
}

/// What is done to each voxel's series before the products.
#[derive(Debug, Clone, PartialEq)]
pub struct Filter {
    /// Q: orthonormal columns that are taken out beside the mean, each with mean 0, `[volume][column]`.
    pub basis: Array2<f64>,
    /// s.
    pub scaling: Scaling,
}

/// C of the voxels so far.
#[derive(Debug, Clone, PartialEq)]
pub struct Covariance {
    /// `[volume][volume]`, symmetric; squared BOLD units, or none after [`Scaling::UnitVariance`].
    pub matrix: Array2<f64>,
    /// Voxels in it. A constant voxel adds 0.
    pub n_voxels: usize,
}

impl Filter {
    /// Takes out the mean and `columns`, `[volume][column]` (none, or cosines, or a line).
    ///
    /// # Errors
    /// Bad data when a value is not finite; internal when their basis cannot be found.
    pub fn new(columns: ArrayView2<f64>, scaling: Scaling) -> Result<Filter> {
        if columns.iter().any(|v| !v.is_finite()) {
            return Err(Error::bad_data(
                "a column that is filtered out",
                "holds a value that is not finite",
                "be finite throughout",
                "",
            ));
        }
        let centred = demeaned(columns);
        let basis = match centred.ncols() {
            0 => centred,
            _ => orthonormal_basis(centred.view())?,
        };
        Ok(Filter { basis, scaling })
    }

    /// Volumes of the run.
    #[must_use]
    pub fn n_volumes(&self) -> usize {
        self.basis.nrows()
    }

    /// Dimensions of a series that are left: volumes without the mean and the basis.
    #[must_use]
    pub fn rank_left(&self) -> usize {
        self.n_volumes().saturating_sub(1 + self.basis.ncols())
    }
}

impl Covariance {
    /// Of no voxel.
    #[must_use]
    pub fn empty(n_volumes: usize) -> Covariance {
        Covariance { matrix: Array2::zeros((n_volumes, n_volumes)), n_voxels: 0 }
    }

    /// C of both sets of voxels.
    #[must_use]
    pub fn with(&self, other: &Covariance) -> Covariance {
        Covariance {
            matrix: &self.matrix + &other.matrix,
            n_voxels: self.n_voxels + other.n_voxels,
        }
    }
}

/// A sum that is to come to the host.
#[derive(Debug)]
pub struct Summed {
    n_voxels: usize,
    coming: Coming,
}

#[derive(Debug)]
enum Coming {
    /// C of these and all before.
    Here(Array2<f64>),
    Device(gpu::Summed),
    Nothing,
}

/// Add the listed voxels of a block that holds all volumes. `voxels`: positions within one volume of the block
/// (`0..block.volume_len()`), ascending; all finite in every volume. `so_far`: C of the blocks before, as far as they are
/// done; it is changed by [`Summed::add_to`] only.
///
/// # Errors
/// Device errors; internal when the block lacks volumes or the list leaves it.
pub fn accumulate(
    tape: &mut Tape<'_>,
    bold: &Bold,
    voxels: &[u32],
    filter: &Filter,
    so_far: &Covariance,
) -> Result<Summed> {
    check(bold, voxels, filter, so_far)?;
    let n_voxels = voxels.len();
    if voxels.is_empty() {
        return Ok(Summed { n_voxels, coming: Coming::Nothing });
    }
    let coming = match (tape, bold) {
        (Tape::Cpu(cpu), Bold::Host(host)) => {
            let start = Instant::now();
            let sum = cpu::accumulate(host, voxels, filter, so_far.matrix.clone())?;
            let work = work(n_voxels, filter);
            cpu.record(Span::since("covariance", Activity::Kernel, start, work));
            Coming::Here(sum)
        }
        (Tape::Gpu(tape), Bold::Device(there)) => {
            Coming::Device(gpu::accumulate(tape, there, voxels, filter)?)
        }
        _ => return Err(Error::internal("the run", "is not on the device that sums it", "be", "")),
    };
    Ok(Summed { n_voxels, coming })
}

impl Summed {
    /// C with these voxels, once the tape has run. After an error `sum` is as before.
    ///
    /// # Errors
    /// Internal when `done` is of another tape.
    pub fn add_to(self, done: &Done<'_>, sum: &mut Covariance) -> Result<()> {
        match self.coming {
            Coming::Here(matrix) => sum.matrix = matrix,
            Coming::Device(there) => {
                let mut matrix = std::mem::take(&mut sum.matrix);
                let added = there.add_to(done, &mut matrix);
                sum.matrix = symmetric(matrix);
                added?;
            }
            Coming::Nothing => {}
        }
        sum.n_voxels += self.n_voxels;
        Ok(())
    }
}

fn check(bold: &Bold, voxels: &[u32], filter: &Filter, sum: &Covariance) -> Result<()> {
    let block = bold.block();
    let n = filter.n_volumes();
    if block.volumes != (0..n) || sum.matrix.dim() != (n, n) {
        return Err(Error::internal(
            "the block",
            format!("holds volumes {:?} for sums of {:?}", block.volumes, sum.matrix.dim()),
            format!("hold all {n} of the filter"),
            "",
        ));
    }
    block.check_voxels(voxels)
}

/// Bytes (BOLD in f32, C in f64) and operations (the filter, then the products of a triangle).
fn work(n_voxels: usize, filter: &Filter) -> (u64, u64) {
    let (n, columns) = filter.basis.dim();
    let bytes = 4 * n_voxels * n + 8 * n * n;
    let flops = n_voxels * n * (4 * columns + 6 + n + 1);
    (bytes as u64, flops as u64)
}

/// Mirror the lower triangle.
fn symmetric(mut matrix: Array2<f64>) -> Array2<f64> {
    for row in 0..matrix.nrows() {
        for column in row + 1..matrix.ncols() {
            matrix[[row, column]] = matrix[[column, row]];
        }
    }
    matrix
}

/// The listed voxels, a part for each plane in order.
fn by_plane(voxels: &[u32], plane_len: usize) -> impl Iterator<Item = &[u32]> {
    voxels.chunk_by(move |a, b| *a as usize / plane_len == *b as usize / plane_len)
}
