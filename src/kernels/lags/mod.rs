//! What first-order autoregressive noise needs to know of the residuals e = y - X beta of ordinary least squares: for each
//! distinct gap between consecutive volumes a, b the sums of e_a² + e_b² and 2 e_a e_b over its pairs, e on the columns
//! D_g U and L_g U ([`crate::stats::ar1`]), Σ e², the last e and Σ (y - mean y)². The time axis is walked here and nowhere else; what becomes of
//! the sums is small algebra, in f64 on the host for both devices.

use std::time::Instant;

use ndarray::Array2;

use crate::error::{Error, Result};
use crate::gpu::{Activity, Bold, Done, Shader, Span, Tape};
use crate::kernels::glm::{Fit, Model};
use crate::stats::ar1::{Ar1, Pairs, Rule, Sums};

mod cpu;
mod gpu;

/// Its shader.
pub static SHADER: &Shader = &gpu::SHADER;

/// Rows of sums before those of the gaps.
const SCALARS: usize = 3;

/// What is summed: one [`Ar1`] for each slice group of a model, of equal widths.
#[derive(Debug, Clone, PartialEq)]
pub struct LagModel {
    /// Which volumes follow each other.
    pub pairs: Pairs,
    /// `[slice group]`
    pub of_groups: Vec<Ar1>,
}

impl LagModel {
    /// Of a model whose volumes pair as given.
    ///
    /// # Errors
    /// Internal when the model has another number of volumes than there are, or its singular values cannot be found.
    pub fn new(model: &Model, pairs: Pairs, rule: Rule) -> Result<LagModel> {
        if pairs.gap_of.len() != model.n_volumes() {
            return Err(Error::internal(
                "the pairs of volumes",
                format!("are of {} volumes", pairs.gap_of.len()),
                format!("be of the {} of the model", model.n_volumes()),
                "",
            ));
        }
        let width = model.rank();
        let of_group = |s: &crate::kernels::glm::Solver| {
            Ar1::new(s.design.view(), &pairs, rule, (width, s.dof))
        };
        let of_groups = model.solvers.iter().map(of_group).collect::<Result<_>>()?;
        Ok(LagModel { pairs, of_groups })
    }

    /// Rows of sums a voxel: Σ (y - mean y)², Σ e², the last e, two a gap, and the columns.
    #[must_use]
    pub fn n_rows(&self) -> usize {
        SCALARS
            + 2 * self.pairs.gaps.len()
            + self.of_groups.first().map_or(0, |g| g.columns.ncols())
    }

    /// Bytes of host memory that it takes.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.of_groups.iter().map(Ar1::bytes).sum()
    }
}

/// Sums that are to come to the host.
#[derive(Debug)]
pub struct Coming(Where);

#[derive(Debug)]
enum Where {
    Here(Sums),
    Device(gpu::Coming),
}

/// The sums of the voxels of a fit, in the order of `voxels`, those that were fitted.
///
/// # Errors
/// Device errors; internal when the fit is of another model or device.
pub fn sums(
    tape: &mut Tape<'_>,
    (bold, voxels): (&Bold, &[u32]),
    (fit, model): (&Fit, &Model),
    lags: &LagModel,
) -> Result<Coming> {
    if lags.of_groups.len() != model.solvers.len() {
        return Err(Error::internal("the lags", "are of another model", "be of the fit's", ""));
    }
    match (tape, bold, fit) {
        (Tape::Cpu(cpu), Bold::Host(host), Fit::Host(fit)) => {
            let start = Instant::now();
            let sums = cpu::sums(host, voxels, (fit, model), lags);
            cpu.record(Span::since(
                "lags",
                Activity::Kernel,
                start,
                work(voxels.len(), model, lags),
            ));
            Ok(Coming(Where::Here(sums)))
        }
        (Tape::Gpu(tape), Bold::Device(there), Fit::Device(fit)) => {
            Ok(Coming(Where::Device(gpu::sums(tape, (there, voxels), (fit, model), lags)?)))
        }
        _ => Err(Error::internal("the fit", "is not on the device that sums it", "be", "")),
    }
}

impl Coming {
    /// The sums, once the tape has run.
    ///
    /// # Errors
    /// Internal when `done` is of another tape.
    pub fn read(self, done: &Done<'_>) -> Result<Sums> {
        match self.0 {
            Where::Here(sums) => Ok(sums),
            Where::Device(there) => there.read(done),
        }
    }
}

/// Residuals that are to come to the host.
#[derive(Debug)]
pub struct Series(pub(crate) Residuals);

/// Where they are.
#[derive(Debug)]
pub(crate) enum Residuals {
    Here(Array2<f64>),
    Device(gpu::Series),
}

/// The residuals of a fit themselves, of the voxels that were fitted.
///
/// # Errors
/// As for [`sums`].
pub fn residuals(
    tape: &mut Tape<'_>,
    (bold, voxels): (&Bold, &[u32]),
    (fit, model): (&Fit, &Model),
    lags: &LagModel,
) -> Result<Series> {
    match (tape, bold, fit) {
        (Tape::Cpu(cpu), Bold::Host(host), Fit::Host(fit)) => {
            let start = Instant::now();
            let series = cpu::residuals(host, voxels, (fit, model));
            cpu.record(Span::since(
                "residuals",
                Activity::Kernel,
                start,
                work(voxels.len(), model, lags),
            ));
            Ok(Series(Residuals::Here(series)))
        }
        (Tape::Gpu(tape), Bold::Device(there), Fit::Device(fit)) => {
            let series = gpu::residuals(tape, (there, voxels), (fit, model), lags)?;
            Ok(Series(Residuals::Device(series)))
        }
        _ => Err(Error::internal("the fit", "is not on the device of its residuals", "be", "")),
    }
}

impl Series {
    /// `[volume][voxel]`, once the tape has run.
    ///
    /// # Errors
    /// Internal when `done` is of another tape.
    pub fn read(self, done: &Done<'_>) -> Result<Array2<f64>> {
        match self.0 {
            Residuals::Here(series) => Ok(series),
            Residuals::Device(there) => there.read(done),
        }
    }
}

/// Bytes (BOLD in f32, sums in f64) and operations (residuals, columns, scalars).
fn work(n_voxels: usize, model: &Model, lags: &LagModel) -> (u64, u64) {
    let (n, rows) = (model.n_volumes(), lags.n_rows());
    let flops = n_voxels * n * (2 * model.names.len() + 2 * rows);
    ((n_voxels * (4 * n + 8 * rows)) as u64, flops as u64)
}
