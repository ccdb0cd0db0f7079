//! Where the search for a and b of ARMA(1,1) noise begins at each voxel ([`crate::stats::arma11`]), from the residuals e of a fit. Of each trial
//! (a, b) the objective (n - m) log(RSS / e'e) + log|U'R⁻¹U| + log|R|, RSS = |z|² - |G'z|², z = D^-1/2 L⁻¹ e with R = L D L', G an
//! orthonormal basis of D^-1/2 L⁻¹ U; then the least trial and, where there are any, the next that are lower than all beside them.
//!
//! What trials make of a design is prepared on the host in f64, of each slice group. From where it begins the host finds a and b in f64
//! by the residuals themselves, on every device alike.

use std::time::Instant;

use crate::error::{Error, Result};
use crate::gpu::{Activity, Done, Shader, Span, Tape};
use crate::kernels::glm::Fit;
use crate::kernels::lags::{Residuals, Series};
use crate::stats::arma11::{Arma11, Starts, trial_values};

mod cpu;
mod gpu;

/// Its shader.
pub static SHADER: &Shader = &gpu::SHADER;

/// Trials that are to come to the host.
#[derive(Debug)]
pub struct Coming(Where);

#[derive(Debug)]
enum Where {
    Here(Vec<Starts>),
    Device(gpu::Coming),
}

/// Of each voxel of a fit the trials to begin from, by the fit's residuals. `of_groups`: `[slice group]`.
///
/// # Errors
/// Device errors; internal when the fit is of another model or device than its residuals.
pub fn starts(
    tape: &mut Tape<'_>,
    (series, fit): (&Series, &Fit),
    of_groups: &[Arma11],
) -> Result<Coming> {
    match (tape, &series.0, fit) {
        (Tape::Cpu(cpu), Residuals::Here(residual), Fit::Host(fit)) => {
            let start = Instant::now();
            let found = cpu::starts(residual, &fit.slice_group, of_groups);
            let work = work(residual.ncols(), of_groups);
            cpu.record(Span::since("arma", Activity::Kernel, start, work));
            Ok(Coming(Where::Here(found)))
        }
        (Tape::Gpu(tape), Residuals::Device(series), Fit::Device(fit)) => {
            Ok(Coming(Where::Device(gpu::starts(tape, (&series.residual, fit), of_groups)?)))
        }
        _ => Err(Error::internal("the fit", "is not on the device of its residuals", "be", "")),
    }
}

impl Coming {
    /// `[voxel]`; once the tape has run.
    ///
    /// # Errors
    /// Internal when `done` is of another tape.
    pub fn read(self, done: &Done<'_>) -> Result<Vec<Starts>> {
        match self.0 {
            Where::Here(found) => Ok(found),
            Where::Device(there) => there.read(done),
        }
    }
}

/// Bytes (residuals) and operations (the walk, the basis) of all trials.
fn work(n_voxels: usize, of_groups: &[Arma11]) -> (u64, u64) {
    let (n, rank) = of_groups.iter().map(Arma11::dim).max().unwrap_or_default();
    let flops = n_voxels * trial_values().len() * n * (10 + 2 * rank);
    ((4 * n_voxels * n) as u64, flops as u64)
}
