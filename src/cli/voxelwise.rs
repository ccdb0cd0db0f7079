//! Options of columns of each voxel's own.

use std::path::PathBuf;

use crate::cli::{checks, heading};
use crate::error::{Error, Result};
use crate::pipeline::spec::{LocalMeanOptions, VoxelwiseOptions};

/// Columns of each voxel's own beside those of the run.
#[derive(Debug, clap::Args)]
pub(super) struct VoxelwiseArgs {
    /// 4-D images of regressors, one or more of each run
    ///
    /// Columns of each voxel's own, on the run's grid, named as their files; several of each run in run order. Where one is constant or spanned by others
    /// it does not count. They are not smoothed by --fwhm, and no contrast can weigh them
    #[arg(help_heading = heading::INPUTS, long, value_name = "IMAGE", num_args = 1..)]
    voxelwise: Vec<PathBuf>,
    /// Local white matter as a column of each voxel's own
    ///
    /// ANATICOR: the mean of the run, as it is read, over the voxels of this mask (eroded white matter) within --anaticor-radius. All above 0 in the mask counts, every label of a segmentation, of a map of probabilities 0.5 or more; it is not smoothed
    #[arg(help_heading = heading::INPUTS, long, value_name = "MASK")]
    anaticor: Option<PathBuf>,
    /// Reach of --anaticor, mm
    ///
    /// How far from a voxel its white matter lies at most, between centres
    #[arg(help_heading = heading::INPUTS, long, value_name = "MM", default_value_t = 15.0, requires = "anaticor", allow_negative_numbers = true)]
    anaticor_radius: f64,
}

impl VoxelwiseArgs {
    /// As they are asked of so many runs.
    ///
    /// # Errors
    /// Usage for a number of images that is none for each run, and a reach that reaches nothing.
    pub(super) fn options(&self, n_runs: usize) -> Result<VoxelwiseOptions> {
        let n = self.voxelwise.len();
        if !n.is_multiple_of(n_runs) {
            return Err(Error::usage(
                "--voxelwise",
                format!("names {n} images for {n_runs} runs"),
                "name as many images for each run",
                "give those of the first run, then those of the second",
            ));
        }
        let radius_mm = checks::anaticor_radius(self.anaticor_radius)?;
        let of_run = |images: &[PathBuf]| images.to_vec();
        let images = match n / n_runs {
            0 => Vec::new(),
            of_each => self.voxelwise.chunks(of_each).map(of_run).collect(),
        };
        let local = self.anaticor.clone().map(|mask| LocalMeanOptions { mask, radius_mm });
        Ok(VoxelwiseOptions { images, local })
    }
}
