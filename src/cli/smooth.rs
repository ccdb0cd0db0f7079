//! `boldly smooth`.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

use crate::cli::args::{KernelName, OutTypeName};
use crate::cli::checks;
use crate::cli::work::WorkArgs;
use crate::error::Result;
use crate::pipeline::products::Layout;
use crate::pipeline::spec::{Command, SmoothOptions, SmoothSpec};

/// Smooth every volume of a run with a Gaussian.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Voxels that are not finite are left out of the sums and stay as they are. The effective FWHM is printed.

Example: boldly smooth sub-01_bold.nii.gz --fwhm 5 --mask sub-01_mask.nii.gz --out sub-01_desc-sm5_bold.nii.gz")]
pub(super) struct Args {
    /// 4-D NIfTI image (.nii, .nii.gz, .hdr/.img)
    bold: PathBuf,
    /// Full width at half maximum in mm, the same along each axis; 0 copies
    #[arg(long, value_name = "MM", allow_hyphen_values = true)]
    fwhm: f64,
    /// How the Gaussian becomes weights
    #[arg(long, value_enum, default_value = "sampled")]
    kernel: KernelName,
    /// Smooth within this mask (normalised convolution): voxels outside add nothing and become 0
    #[arg(long, value_name = "MASK")]
    mask: Option<PathBuf>,
    /// Image to write; its ending chooses .nii or .nii.gz
    #[arg(short, long, value_name = "IMAGE")]
    out: PathBuf,
    /// How the values are stored, also `int16`: half the space; the rounding error is printed
    #[arg(long, value_enum, value_name = "float32|int16", default_value = "float32")]
    out_type: OutTypeName,
    #[command(flatten)]
    work: WorkArgs,
}

impl Args {
    pub(super) fn run(self, started: Instant) -> Result<ExitCode> {
        checks::image_name(&self.out)?;
        let smooth =
            SmoothOptions { fwhm_mm: self.fwhm, kernel: self.kernel.into(), within: self.mask };
        let spec = SmoothSpec { bold: self.bold, smooth, out_type: self.out_type.into() };
        self.work.run(started, Layout::named(&self.out), |_| Ok(Command::Smooth(spec)))
    }
}
