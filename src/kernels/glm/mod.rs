//! Ordinary least squares at each voxel: beta = pinv(X) y, sigma2 = |y - X beta|^2 / dof, dof = n - rank X, residuals
//! from a second pass over data centred on the voxel's mean (one-pass sums of squares lose t by 0.1, see docs/accuracy.md).
//! X may hold columns that differ between slice-time groups. Rank-deficient X: minimum-norm solution.

use ndarray::{Array1, Array2};

use crate::error::Result;
use crate::gpu::{Bold, Device, DeviceFit};
use crate::volume::SliceGroups;

mod cpu;
mod gpu;

/// One slice-time group's solution operators, all f64.
#[derive(Debug, Clone, PartialEq)]
pub struct Solver {
    /// X, `[volume][regressor]`.
    pub design: Array2<f64>,
    /// pinv(X), `[regressor][volume]`.
    pub pinv: Array2<f64>,
    /// (X'X)^+, `[regressor][regressor]`.
    pub xtx_inv: Array2<f64>,
    /// Numerical rank of X.
    pub rank: usize,
}

/// The model that is fitted: one solver for each slice-time group.
#[derive(Debug, Clone, PartialEq)]
pub struct Model {
    /// Column names, `[regressor]`: common columns, then slice-dependent ones.
    pub names: Vec<String>,
    /// For each plane k of the run, its solver.
    pub group_of_plane: Vec<usize>,
    /// For each group.
    pub solvers: Vec<Solver>,
    /// n - rank: the smallest over groups.
    pub dof: f64,
}

impl Model {
    /// Solvers for common columns `[volume][regressor]` and, where given, slice-dependent ones. `dof_spent`: degrees of freedom
    /// an earlier correction took from these data, subtracted from n - rank.
    ///
    /// # Errors
    /// Bad data when row counts differ, a value is not finite, or no degree of freedom is left.
    pub fn new(
        common: &Array2<f64>,
        names: &[String],
        slices: Option<&SliceGroups>,
        n_planes: usize,
        dof_spent: f64,
    ) -> Result<Model> {
        todo!()
    }
}

/// Estimates of a block's voxels in host memory, f64.
#[derive(Debug, Clone, PartialEq)]
pub struct HostFit {
    /// For each voxel, its group.
    pub group: Vec<u32>,
    /// `[regressor][voxel]`.
    pub beta: Array2<f64>,
    /// Residual variance `[voxel]`; 0 for a constant voxel.
    pub sigma2: Array1<f64>,
}

/// Estimates of a block's voxels, where they were computed.
#[derive(Debug)]
pub enum Fit {
    /// From the CPU path.
    Host(HostFit),
    /// On the device.
    Device(DeviceFit),
}

/// Fit the listed voxels of a block that holds all volumes. `voxels`: positions within one volume of the block
/// (`0..block.volume_len()`), ascending; all finite in every volume.
///
/// # Errors
/// Device errors; internal when the block lacks volumes.
pub fn fit(device: &Device, bold: &Bold, voxels: &[u32], model: &Model) -> Result<Fit> {
    todo!()
}

/// The estimates in host memory.
///
/// # Errors
/// Device errors.
pub fn download(device: &Device, fit: &Fit) -> Result<HostFit> {
    todo!()
}
