//! Ordinary least squares at each voxel: beta = pinv(X) y, sigma2 = |y - X beta|^2 / dof, dof = n - rank X, data centred on
//! the voxel's mean. The device takes residuals in a second pass (one-pass sums of squares lose t by 0.1 in f32, see
//! docs/accuracy.md), the f64 path where X leaves less than a sixteenth.
//! X may hold columns that differ between slice-time groups. Rank-deficient X: minimum-norm solution.
//!
//! Centring: with c = mean y, beta = pinv(X) (y - c) + c pinv(X) 1, and the residual is
//! (y - c) - X pinv(X) (y - c) + c (1 - X pinv(X) 1), whose last term is none where X holds the constant.
//!
//! Both know g = U' (y - c) alone, U an orthonormal basis of X's columns and pinv(X) = H U': beta = H g + c pinv(X) 1 and X beta = U g keep their
//! digits in f32 where columns nearly depend on each other.

use std::time::Instant;

use ndarray::{Array1, Array2, Axis};

use crate::error::{Error, Result};
use crate::gpu::{Activity, Bold, Done, Shader, Span, Tape};
use crate::volume::Block;

mod cpu;
mod gpu;
mod model;

pub use gpu::DeviceFit;
pub(crate) use gpu::ToBeta;
pub use model::{Model, Outline, Solver};

/// Its shader.
pub static SHADER: &Shader = &gpu::SHADER;

/// A residual sum of squares below this share of that about the mean is rounding: the columns explain the voxel.
pub const NOTHING: f64 = 1e-10;

/// Estimates of a block's voxels in host memory, f64.
#[derive(Debug, Clone, PartialEq)]
pub struct HostFit {
    /// For each voxel, its slice group.
    pub slice_group: Vec<u32>,
    /// `[regressor][voxel]`.
    pub beta: Array2<f64>,
    /// Residual variance `[voxel]`; 0 where X explains the voxel to rounding ([`NOTHING`]), as it does a constant one where it spans the constant.
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
/// (`0..block.volume_len()`), ascending; all finite in every volume, or sigma2 is NaN there on the CPU path.
///
/// # Errors
/// Device errors; internal when the block lacks volumes.
pub fn fit(tape: &mut Tape<'_>, bold: &Bold, voxels: &[u32], model: &Model) -> Result<Fit> {
    check(bold.block(), voxels, model)?;
    match (tape, bold) {
        (Tape::Cpu(cpu), Bold::Host(host)) => {
            let start = Instant::now();
            let fitted = cpu::fit(host, voxels, model)?;
            cpu.record(Span::since("glm", Activity::Kernel, start, work(voxels.len(), model)));
            Ok(Fit::Host(fitted))
        }
        (Tape::Gpu(tape), Bold::Device(there)) => {
            Ok(Fit::Device(gpu::fit(tape, there, voxels, model)?))
        }
        _ => Err(Error::internal("the run", "is not on the device that fits it", "be", "")),
    }
}

/// The fit of some of the voxels of another fit, `voxels`: what was estimated on the host is taken from there, on a device it is estimated again.
///
/// # Errors
/// As for [`fit()`]; internal for a voxel that was not fitted.
pub fn of_some(
    tape: &mut Tape<'_>,
    (bold, model): (&Bold, &Model),
    (all, voxels): (&Fit, &[u32]),
    some: &[u32],
) -> Result<Fit> {
    let Fit::Host(all) = all else { return fit(tape, bold, some, model) };
    let place = |voxel: &u32| {
        voxels.binary_search(voxel).map_err(|_| {
            Error::internal(format!("voxel {voxel}"), "was not fitted", "be one of the fit", "")
        })
    };
    let at = some.iter().map(place).collect::<Result<Vec<usize>>>()?;
    Ok(Fit::Host(HostFit {
        slice_group: at.iter().map(|&at| all.slice_group[at]).collect(),
        beta: all.beta.select(Axis(1), &at),
        sigma2: all.sigma2.select(Axis(0), &at),
    }))
}

/// Estimates that are to come to the host.
#[derive(Debug)]
pub struct Estimates(Coming);

#[derive(Debug)]
enum Coming {
    Here(HostFit),
    Device(Box<gpu::Estimates>),
}

/// Bring the estimates to the host.
///
/// # Errors
/// Internal when the fit is on another device.
pub fn download(tape: &mut Tape<'_>, fit: Fit) -> Result<Estimates> {
    match (tape, fit) {
        (_, Fit::Host(host)) => Ok(Estimates(Coming::Here(host))),
        (Tape::Gpu(tape), Fit::Device(there)) => {
            Ok(Estimates(Coming::Device(Box::new(gpu::download(tape, &there)))))
        }
        _ => Err(Error::internal("the fit", "is not on the device that is asked for it", "be", "")),
    }
}

impl Estimates {
    /// The estimates, once the tape has run.
    ///
    /// # Errors
    /// Internal when `done` is of another tape.
    pub fn read(self, done: &Done<'_>) -> Result<HostFit> {
        match self.0 {
            Coming::Here(host) => Ok(host),
            Coming::Device(there) => there.read(done),
        }
    }
}

fn check(block: &Block, voxels: &[u32], model: &Model) -> Result<()> {
    let n = model.n_volumes();
    if block.volumes != (0..n) {
        return Err(Error::internal(
            "the block",
            format!("holds volumes {:?}", block.volumes),
            format!("hold all {n} of the model"),
            "",
        ));
    }
    if model.group_of_plane.len() < block.planes.end {
        return Err(Error::internal(
            "the model",
            format!("knows {} planes", model.group_of_plane.len()),
            format!("know the block's, {:?}", block.planes),
            "",
        ));
    }
    block.check_voxels(voxels)
}

/// Bytes (BOLD in f32, estimates in f64) and operations (centring, X^+ y, X beta, squares) of a fit.
fn work(n_voxels: usize, model: &Model) -> (u64, u64) {
    let (n, p) = (model.n_volumes(), model.names.len());
    let bytes = n_voxels * (4 * n + 8 * (p + 1));
    let flops = n_voxels * n * (4 * p + 4);
    (bytes as u64, flops as u64)
}
