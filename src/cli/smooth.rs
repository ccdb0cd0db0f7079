//! `boldly smooth`.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

use crate::cli::args::{MORE, OutTypeName, heading};
use crate::cli::checks;
use crate::cli::shared::KernelArgs;
use crate::cli::work::WorkArgs;
use crate::error::Result;
use crate::pipeline::products::Layout;
use crate::pipeline::spec::{Command, SmoothSpec};

/// Smooth every volume of a run with a Gaussian.
#[derive(Debug, clap::Args)]
#[command(after_help = MORE, after_long_help = "\
Voxels that are not finite are left out of the sums and stay as they are. The effective FWHM is printed. Columns that \
boldly retroicor took out go along for boldly glm.

Example: boldly smooth sub-01_bold.nii.gz --fwhm 5 --smooth-within sub-01_mask.nii.gz --out sub-01_desc-sm5_bold.nii.gz")]
#[command(mut_arg("smooth_within", |arg| arg.alias("mask")))]
pub(super) struct Args {
    /// 4-D NIfTI image (.nii, .nii.gz, .hdr/.img)
    bold: PathBuf,
    /// Full width at half maximum; 0 copies
    ///
    /// In mm, the same along each axis
    #[arg(help_heading = heading::SMOOTHING, long, value_name = "MM", allow_hyphen_values = true)]
    fwhm: f64,
    #[command(flatten)]
    kernel: KernelArgs,
    /// Image to write; its ending chooses .nii or .nii.gz
    #[arg(help_heading = heading::OUTPUT, short, long, value_name = "IMAGE")]
    out: PathBuf,
    /// How the values are stored
    ///
    /// `float32` as they were computed, or `int16` in half the space: the scale is chosen from the run's range, and the rounding
    /// error is printed and stands in the sidecar; a run that int16 cannot hold is refused
    #[arg(help_heading = heading::OUTPUT, hide_possible_values = true, long, value_enum, value_name = "float32|int16", default_value = "float32")]
    out_type: OutTypeName,
    #[command(flatten)]
    work: WorkArgs,
}

impl Args {
    pub(super) fn run(self, started: Instant) -> Result<ExitCode> {
        checks::image_name(&self.out)?;
        let smooth = self.kernel.options(self.fwhm);
        let spec = SmoothSpec { bold: self.bold, smooth, out_type: self.out_type.into() };
        self.work.run(started, Layout::named(&self.out), |_| Ok(Command::Smooth(spec)))
    }
}
