//! Gaussian smoothing of every volume: y'(v) = sum_u w(v-u) y(u) / sum_u w(v-u), u over voxels that are inside the
//! volume, inside `within` where it is given, and finite. Separable: one pass along i, j and k.
//!
//! w is a Gaussian of the given FWHM in mm, sigma = FWHM / (2 sqrt(2 ln 2)), on anisotropic voxels.
//! [`Kernel::Sampled`] takes exp(-d^2 / 2 sigma^2) at voxel distances up to round-half-up(4 sigma) (FSL, nilearn,
//! MRtrix3); [`Kernel::Exact`] is the discrete Gaussian exp(-s) I_d(s), s = sigma_vox^2, whose variance is exactly
//! sigma^2 (Lindeberg 1990). A voxel that is itself missing (not finite) stays as it is; voxels outside `within` become 0,
//! as AFNI's 3dBlurInMask does.

use crate::error::Result;
use crate::gpu::{Bold, Device};
use crate::volume::Mask;

mod cpu;
mod gpu;

/// How the Gaussian becomes weights.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kernel {
    /// Sampled at voxel centres: FSL, nilearn, MRtrix3.
    #[default]
    Sampled,
    /// Discrete Gaussian: the variance is exactly what was asked for.
    Exact,
}

/// Half kernels along i, j, k: `weights[axis][d]` for |distance| d voxels, summing to 1 over both sides.
#[derive(Debug, Clone, PartialEq)]
pub struct Taps {
    /// `[axis][distance in voxels]`.
    pub weights: [Vec<f64>; 3],
}

impl Taps {
    /// The weights for a FWHM in mm (the same along each axis) on voxels of the given size in mm.
    ///
    /// # Errors
    /// Usage when `fwhm_mm` is negative or not finite.
    pub fn new(fwhm_mm: f64, voxel_size_mm: [f64; 3], kernel: Kernel) -> Result<Taps> {
        todo!()
    }

    /// Planes a plane's result depends on, on either side.
    #[must_use]
    pub fn halo(&self) -> usize {
        self.weights[2].len() - 1
    }

    /// FWHM in mm of the weights as they are, along each axis: 2 sqrt(2 ln 2) times their standard deviation.
    #[must_use]
    pub fn effective_fwhm_mm(&self, voxel_size_mm: [f64; 3]) -> [f64; 3] {
        todo!()
    }
}

/// Smooth each volume of the block. The planes outside the block's core are valid only where the halo suffices.
///
/// # Errors
/// Device errors; internal when `within` has another shape than the run.
pub fn smooth(device: &Device, bold: Bold, taps: &Taps, within: Option<&Mask>) -> Result<Bold> {
    todo!()
}
