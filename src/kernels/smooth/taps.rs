//! The Gaussian as weights at whole voxel distances.

use crate::error::{Error, Result};

/// sigma = FWHM / this: 2 sqrt(2 ln 2).
const FWHM_PER_SIGMA: f64 = 2.354_820_045_030_949_3;
/// The widest kernel: far beyond any volume, and still a small allocation.
const MOST_VOXELS: f64 = 4096.0;
/// Share of the variance that the exact kernel may leave out: 5e-5 of the FWHM.
const VARIANCE_LEFT_OUT: f64 = 1e-4;

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
    /// Usage when `fwhm_mm` is negative or not finite, or wider than 2411 voxels (4 sigma = 4096 voxels); bad data
    /// when a voxel size is not positive.
    pub fn new(fwhm_mm: f64, voxel_size_mm: [f64; 3], kernel: Kernel) -> Result<Taps> {
        if !(fwhm_mm.is_finite() && fwhm_mm >= 0.0) {
            return Err(Error::usage(
                "the FWHM",
                format!("is {} mm", short(fwhm_mm)),
                "be a finite number of millimetres, 0 (no smoothing) or more",
                "5 is usual for 2-3 mm voxels",
            ));
        }
        let mut weights: [Vec<f64>; 3] = std::array::from_fn(|_| vec![1.0]);
        if fwhm_mm == 0.0 {
            return Ok(Taps { weights });
        }
        for (half, size) in weights.iter_mut().zip(voxel_size_mm) {
            if !(size.is_finite() && size > 0.0) {
                return Err(Error::bad_data(
                    "the voxel size",
                    format!("is {size} mm"),
                    "be positive on each axis",
                    "repair pixdim in the image header",
                ));
            }
            let sigma_vox = fwhm_mm / FWHM_PER_SIGMA / size;
            if 4.0 * sigma_vox > MOST_VOXELS {
                return Err(Error::usage(
                    "the FWHM",
                    format!("is {} mm on voxels of {size} mm", short(fwhm_mm)),
                    "stay below 2411 voxels",
                    "is it in millimetres?",
                ));
            }
            *half = match kernel {
                Kernel::Sampled => sampled(sigma_vox),
                Kernel::Exact => exact(sigma_vox),
            };
        }
        Ok(Taps { weights })
    }

    /// Planes a plane's result depends on, on either side.
    #[must_use]
    pub fn halo(&self) -> usize {
        self.weights[2].len() - 1
    }

    /// Whether smoothing with them copies.
    #[must_use]
    pub fn is_copy(&self) -> bool {
        self.weights.iter().all(|half| half.len() == 1)
    }

    /// FWHM in mm of the weights as they are, along each axis: 2 sqrt(2 ln 2) times their standard deviation.
    #[must_use]
    pub fn effective_fwhm_mm(&self, voxel_size_mm: [f64; 3]) -> [f64; 3] {
        std::array::from_fn(|axis| {
            let variance: f64 =
                self.weights[axis].iter().enumerate().map(|(d, w)| 2.0 * (d * d) as f64 * w).sum();
            FWHM_PER_SIGMA * variance.sqrt() * voxel_size_mm[axis]
        })
    }
}

/// A number as a message shows it: not three hundred digits.
fn short(number: f64) -> String {
    if number.abs() < 1e6 { number.to_string() } else { format!("{number:e}") }
}

/// exp(-d^2 / 2 sigma^2), d = 0..=round-half-up(4 sigma).
fn sampled(sigma_vox: f64) -> Vec<f64> {
    let radius = (4.0 * sigma_vox + 0.5).floor() as usize;
    let at = |d: usize| (-((d * d) as f64) / (2.0 * sigma_vox * sigma_vox)).exp();
    normalised((0..=radius).map(at).collect())
}

/// exp(-s) I_d(s), s = sigma_vox^2, by Miller's backward recurrence I_(d-1) = I_(d+1) + (2 d / s) I_d.
fn exact(sigma_vox: f64) -> Vec<f64> {
    let s = sigma_vox * sigma_vox;
    // Beyond 12 sigma + 30 voxels a weight is below 1e-30 of the middle one.
    let far = (12.0 * sigma_vox) as usize + 30;
    let mut weights = vec![0.0; far + 2];
    weights[far] = 1.0;
    for d in (1..=far).rev() {
        weights[d - 1] = weights[d + 1] + 2.0 * d as f64 / s * weights[d];
        if weights[d - 1] > 1e200 {
            let scale = 1.0 / weights[d - 1];
            weights[d - 1..].iter_mut().for_each(|w| *w *= scale);
        }
    }
    let mut weights = normalised(weights);
    // The tail beyond the radius holds this share of the variance, which is s in all.
    let mut left_out = 0.0;
    let mut radius = weights.len() - 1;
    while radius > 0 {
        left_out += 2.0 * (radius * radius) as f64 * weights[radius];
        if left_out > VARIANCE_LEFT_OUT * s {
            break;
        }
        radius -= 1;
    }
    weights.truncate(radius + 1);
    normalised(weights)
}

/// Scaled so that both sides sum to 1.
fn normalised(mut half: Vec<f64>) -> Vec<f64> {
    let total = half[0] + 2.0 * half[1..].iter().rev().sum::<f64>();
    half.iter_mut().for_each(|w| *w /= total);
    half
}
