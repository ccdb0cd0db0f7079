//! Options of a run that commands share, each spelled once: `glm` and `connect` take the same runs, smooth them alike and know the same noise. They are several
//! groups for the order in which help lists them.

use std::path::PathBuf;

use crate::cli::args::{PhysioArgs, RecordArgs, TimingArgs};
use crate::cli::echoes::EchoArgs;
use crate::cli::runs::RunFiles;
use crate::cli::{checks, heading};
use crate::design::censor::Rules;
use crate::error::Result;
use crate::kernels::smooth::Kernel;
use crate::pipeline::inputs;
use crate::pipeline::spec::{Noise, RunSpec, SmoothOptions};
use crate::pipeline::watch::Watch;

/// Tables and recordings of each run.
#[derive(Debug, clap::Args)]
pub(super) struct TableArgs {
    /// Confounds tables of each run; see --columns, --strategy
    ///
    /// One row a volume; or motion parameters: FSL's .par, SPM's rp_*.txt, AFNI's .1D, as trans_x to rot_z in mm and radians. Two of each run or more (fMRIPrep's and that of boldly confounds), in run order, stand side by side
    #[arg(help_heading = heading::INPUTS, long, value_name = "TSV", num_args = 1..)]
    confounds: Vec<PathBuf>,
    /// Volumes of each run to leave out of the fit, a text file
    ///
    /// Numbers from 0, or one 0 or 1 a volume, 1 kept (AFNI), or a column of one 1 for each volume that is left out
    /// (fsl_motion_outliers)
    #[arg(help_heading = heading::INPUTS, long, value_name = "FILE", num_args = 1..)]
    censor_volumes: Vec<PathBuf>,
    /// Recording of each run: BIDS or a scanner's log
    ///
    /// BIDS (.tsv.gz with its .json) or a scanner's log, see --physio-format; two of each run, in run order, when pulse and
    /// breathing are apart
    #[arg(help_heading = heading::PHYSIOLOGY, long, value_name = "LOG", num_args = 1..)]
    physio: Vec<PathBuf>,
    /// Peak table whose beats take the place of detection
    ///
    /// Of each run, made by boldly physio and corrected by hand
    #[arg(help_heading = heading::PHYSIOLOGY, long, value_name = "TSV", num_args = 1.., requires = "physio")]
    peaks: Vec<PathBuf>,
}

/// What else there is of a run, and where it is looked at.
#[derive(Debug, clap::Args)]
pub(super) struct ScanArgs {
    /// What a correction before preprocessing spent, of each run
    ///
    /// The JSON that boldly retroicor wrote beside the run that was then motion-corrected or resampled by another program (fMRIPrep), whose own
    /// JSON says nothing of it. Without this it is looked for: in what the run's JSON names as Sources or RawSources, and in the raw
    /// dataset's derivatives. `none`: there was none
    #[arg(help_heading = heading::PHYSIOLOGY, long, value_name = "JSON|none", num_args = 1..)]
    spent: Vec<PathBuf>,
    #[command(flatten)]
    echoes: EchoArgs,
    #[command(flatten)]
    record: RecordArgs,
    #[command(flatten)]
    physio_format: PhysioArgs,
    /// Voxels to fit; else a mask from the mean image
    ///
    /// Without it a mask is made from the mean image, of several runs what each run's own share. Of a map of probabilities voxels of 0.5 or more are
    /// inside. It does not limit the smoothing
    #[arg(help_heading = heading::INPUTS, long, value_name = "IMAGE")]
    pub mask: Option<PathBuf>,
}

/// Smoothing.
#[derive(Debug, clap::Args)]
pub(super) struct SmoothArgs {
    /// Smooth first by this full width at half maximum in mm
    #[arg(help_heading = heading::SMOOTHING, long, value_name = "MM", default_value_t = 0.0, allow_hyphen_values = true)]
    fwhm: f64,
    #[command(flatten)]
    kernel: KernelArgs,
}

/// A Gaussian as weights.
#[derive(Debug, clap::Args)]
pub(super) struct KernelArgs {
    /// How the Gaussian becomes weights
    ///
    /// `sampled` at voxel centres (FSL, nilearn, MRtrix3), or `exact`: the discrete Gaussian, which gives the FWHM that was asked for
    #[arg(help_heading = heading::SMOOTHING, value_name = "sampled|exact", hide_possible_values = true, long, value_enum, default_value = "sampled")]
    kernel: KernelName,
    /// Smooth within this mask
    ///
    /// Normalised convolution: voxels outside add nothing and become 0
    #[arg(help_heading = heading::SMOOTHING, long, value_name = "IMAGE")]
    smooth_within: Option<PathBuf>,
}

/// The residuals' model.
#[derive(Debug, clap::Args)]
pub(super) struct NoiseArgs {
    /// Model of the residuals: ar1, arma11, nilearn-ar1 or ols
    ///
    /// `ar1`: first-order autoregressive, its coefficient rho by restricted maximum likelihood at each voxel and then smoothed (see
    /// --rho-fwhm); p is what it says within some 10 % at .001, in runs of 60 volumes, too (boldly calibrate). `arma11`: a mixture with white noise, as 3dREMLfit, by restricted maximum likelihood at each
    /// voxel. `nilearn-ar1`: as nilearn finds it, for comparison. `ols`: independent; p far too small
    #[arg(help_heading = heading::NOISE, value_name = "MODEL", hide_possible_values = true, long, value_enum, ignore_case = true, default_value = "ar1")]
    noise: NoiseName,
    /// Smooth rho within the mask by this FWHM in voxels [default: 2.355]
    ///
    /// 0 leaves each voxel its own. With --noise ar1 alone
    #[arg(help_heading = heading::NOISE, long, value_name = "VOXELS", allow_hyphen_values = true)]
    rho_fwhm: Option<f64>,
}

/// How the Gaussian becomes weights.
#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum KernelName {
    /// Sampled at voxel centres (FSL, nilearn, MRtrix3)
    Sampled,
    /// Discrete Gaussian: gives the FWHM that was asked for
    Exact,
}

impl From<KernelName> for Kernel {
    fn from(name: KernelName) -> Kernel {
        match name {
            KernelName::Sampled => Kernel::Sampled,
            KernelName::Exact => Kernel::Exact,
        }
    }
}

#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum NoiseName {
    /// First-order autoregressive, by restricted maximum likelihood
    Ar1,
    /// ARMA(1,1), by restricted maximum likelihood
    #[value(name = "arma11")]
    Arma11,
    /// First-order autoregressive, as nilearn
    NilearnAr1,
    /// Independent residuals
    Ols,
}

impl From<NoiseName> for Noise {
    fn from(name: NoiseName) -> Noise {
        match name {
            NoiseName::Ar1 => Noise::Ar1,
            NoiseName::NilearnAr1 => Noise::NilearnAr1,
            NoiseName::Arma11 => Noise::Arma11,
            NoiseName::Ols => Noise::Ols,
        }
    }
}

impl TableArgs {
    /// Refuse `--censor runs:N` alone.
    pub fn check_stretches(&self, rules: Option<&Rules>) -> Result<()> {
        checks::stretches(rules, !self.censor_volumes.is_empty())
    }

    /// The runs of these images, of which some may be echoes; `events`, `design`: of each run, where there are any.
    pub fn runs(
        &self,
        bold: &[PathBuf],
        (events, design): (&[PathBuf], &[PathBuf]),
        scan: &ScanArgs,
        timing: &TimingArgs,
    ) -> Result<Vec<RunSpec>> {
        let files = RunFiles {
            events,
            design,
            confounds: &self.confounds,
            censored: &self.censor_volumes,
            physio: &self.physio,
            peaks: &self.peaks,
            spent: &scan.spent,
            formats: &scan.physio_format.formats,
        };
        checks::are_images(bold)?;
        let images = scan.echoes.by_run(bold)?;
        let firsts: Vec<PathBuf> = images.iter().map(|echoes| echoes[0].clone()).collect();
        let mut runs = files.of_runs(&firsts, timing, &scan.record)?;
        scan.echoes.share(&mut runs, &images);
        Ok(runs)
    }
}

impl ScanArgs {
    /// Look for what corrections before preprocessing spent, where nobody says it.
    pub fn find_spent(&self, runs: &mut [RunSpec], watch: &dyn Watch) -> Result<()> {
        if self.spent.is_empty() {
            inputs::find_spent(runs, watch)?;
        }
        Ok(())
    }
}

impl SmoothArgs {
    /// As the pipeline takes it.
    pub fn options(&self) -> SmoothOptions {
        self.kernel.options(self.fwhm)
    }
}

impl KernelArgs {
    /// Smoothing by so many mm.
    pub fn options(&self, fwhm_mm: f64) -> SmoothOptions {
        SmoothOptions { fwhm_mm, kernel: self.kernel.into(), within: self.smooth_within.clone() }
    }
}

impl NoiseArgs {
    /// Which.
    pub fn noise(&self) -> Noise {
        self.noise.into()
    }

    /// The smoothing of rho, 0 under a model that smooths none.
    pub fn rho_fwhm_vox(&self) -> Result<f64> {
        checks::rho_fwhm(self.rho_fwhm, self.noise())
    }
}
