//! `boldly confounds`.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

use crate::cli::args::{self, MORE, heading};
use crate::cli::checks;
use crate::cli::columns::rules;
use crate::cli::work::WorkArgs;
use crate::design::censor::Rules;
use crate::error::Result;
use crate::kernels::covariance::Scaling;
use crate::pipeline::confounds;
use crate::pipeline::spec::{Command, ConfoundsSpec, Keep};

/// What is kept without --acompcor and --tcompcor: half the variance, as fMRIPrep.
const HALF: Keep = Keep::Share(0.5);

/// Make confounds from the run itself: means of CSF, white matter and brain, aCompCor and tCompCor.
#[derive(Debug, clap::Args)]
#[command(after_help = MORE, after_long_help = "\
Columns have fMRIPrep's names: csf, white_matter, global_signal (with --mask), the components c_comp_cor_NN (CSF), w_comp_cor_NN (white \
matter), a_comp_cor_NN (both together), t_comp_cor_NN (the most variable voxels of --mask), and cosineNN, the slow drift that was \
taken out before the components were found. A model that uses components needs those cosines or drift of its own (boldly glm's default). \
The JSON beside the table says for each component how much it explains.

Components: each voxel's series without mean and cosines is divided by its standard deviation; unit-norm left singular vectors, the value \
of the largest magnitude positive. Voxels that are not finite in some volume are left out, constant ones count in the means only. All \
volumes count but those that --censor and --censor-volumes leave out.

Masks lie on the run's grid: 0 and 1, or probabilities, where a tissue begins at --threshold. Nothing subtracts grey matter from them, as \
fMRIPrep does: erode them, or hand in masks that are safe.

Example: boldly confounds sub-01_bold.nii.gz --csf csf_probseg.nii.gz --white-matter wm_probseg.nii.gz --mask brain_mask.nii.gz \\
    --erode 0,2 --acompcor 5 --out derivatives/sub-01
  then: boldly glm sub-01_bold.nii.gz --confounds derivatives/sub-01_desc-confounds_timeseries.tsv --columns 'csf,a_comp_cor_*' ...")]
pub(super) struct Args {
    /// 4-D NIfTI image (.nii, .nii.gz, .hdr/.img)
    bold: PathBuf,
    /// Cerebrospinal fluid: a mask or a map of probabilities
    #[arg(help_heading = heading::INPUTS, long, value_name = "IMAGE")]
    csf: Option<PathBuf>,
    /// White matter: a mask or a map of probabilities
    #[arg(help_heading = heading::INPUTS, long, value_name = "IMAGE")]
    white_matter: Option<PathBuf>,
    /// Brain mask, for global_signal and tCompCor
    #[arg(help_heading = heading::INPUTS, long, value_name = "IMAGE")]
    mask: Option<PathBuf>,
    /// Probability from which on a voxel belongs to a tissue
    ///
    /// The default is fMRIPrep's rule
    #[arg(help_heading = heading::MODEL, long, value_name = "P", default_value_t = 0.99)]
    threshold: f64,
    /// Layers of voxels to take off the tissues
    ///
    /// Off both, or off CSF and white matter each: '0,2' (six neighbours count)
    #[arg(help_heading = heading::MODEL, long, value_name = "VOXELS", default_value = "0", value_parser = erode)]
    erode: [usize; 2],
    /// Components of CSF, white matter, both [default: 0.5]
    ///
    /// A number, a share of the variance below 1, or none
    #[arg(help_heading = heading::MODEL, long, value_name = "N", value_parser = keep)]
    acompcor: Option<Kept>,
    /// Components of the most variable voxels of --mask
    ///
    /// A number, a share of the variance below 1, or none [default: 0.5 with --mask]
    #[arg(help_heading = heading::MODEL, long, value_name = "N", value_parser = keep)]
    tcompcor: Option<Kept>,
    /// Share of --mask that counts as the most variable
    ///
    /// By the voxels' standard deviation about a parabola
    #[arg(help_heading = heading::MODEL, long, value_name = "SHARE", default_value_t = 0.02)]
    variable: f64,
    /// Cut-off period of the cosines taken out first
    ///
    /// In seconds, or none
    #[arg(help_heading = heading::MODEL, long, value_name = "SECONDS", default_value = "128", value_parser = high_pass)]
    high_pass: HighPass,
    /// How each voxel's series is scaled
    ///
    /// `unit-variance` divides it by its standard deviation, `none` leaves it
    #[arg(help_heading = heading::MODEL, value_name = "HOW", hide_possible_values = true, long, value_enum, default_value = "unit-variance")]
    scaling: ScalingName,
    /// Volumes to find components without: 'fd:0.5,dvars:1.5'
    ///
    /// As boldly glm --censor, which is to be given the same; the components are 0 in these volumes, the means are not touched
    #[arg(help_heading = heading::MODEL, long, value_name = "RULES", value_parser = rules)]
    censor: Option<Rules>,
    /// A text file of volumes to find components without
    #[arg(help_heading = heading::INPUTS, long, value_name = "FILE")]
    censor_volumes: Option<PathBuf>,
    /// Motion for --censor fd, and framewise_displacement
    ///
    /// fMRIPrep's table, FSL's .par, SPM's rp_*.txt or AFNI's .1D; gives a column framewise_displacement
    #[arg(help_heading = heading::INPUTS, long, value_name = "FILE")]
    motion: Option<PathBuf>,
    /// Add dvars and std_dvars, over the voxels of --mask
    #[arg(help_heading = heading::MODEL, long, requires = "mask")]
    dvars: bool,
    /// Repetition time; overrules the sidecar and the header
    #[arg(help_heading = heading::INPUTS, long, value_name = "SECONDS", value_parser = args::seconds, allow_negative_numbers = true)]
    tr: Option<f64>,
    /// BIDS JSON to read instead of the inherited sidecars
    #[arg(help_heading = heading::INPUTS, long, value_name = "JSON")]
    sidecar: Option<PathBuf>,
    /// The table (.tsv), a prefix, or a folder
    ///
    /// A prefix is what its name begins with; a folder exists, or the name ends in /
    #[arg(help_heading = heading::OUTPUT, short, long, value_name = "TSV|PREFIX|DIR/")]
    out: PathBuf,
    #[command(flatten)]
    work: WorkArgs,
}

/// None where the user says so.
#[derive(Debug, Clone, Copy)]
struct Kept(Option<Keep>);

#[derive(Debug, Clone, Copy)]
struct HighPass(Option<f64>);

#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum ScalingName {
    UnitVariance,
    None,
}

fn keep(text: &str) -> std::result::Result<Kept, String> {
    if text == "none" {
        return Ok(Kept(None));
    }
    let count = text.parse().ok().filter(|&count| count > 0).map(Keep::Count);
    let share = text.parse().ok().filter(|&share| share > 0.0 && share < 1.0).map(Keep::Share);
    count.or(share).map(|keep| Kept(Some(keep))).ok_or_else(|| {
        "it must be a number of components, a share of the variance between 0 and 1, or none".into()
    })
}

fn erode(text: &str) -> std::result::Result<[usize; 2], String> {
    let (csf, white_matter) = text.split_once(',').unwrap_or((text, text));
    let layers = |text: &str| text.trim().parse().ok();
    layers(csf)
        .zip(layers(white_matter))
        .map(|(csf, white_matter)| [csf, white_matter])
        .ok_or_else(|| "it must be one whole number, or two separated by a comma".into())
}

fn high_pass(text: &str) -> std::result::Result<HighPass, String> {
    if text == "none" { Ok(HighPass(None)) } else { args::seconds(text).map(|s| HighPass(Some(s))) }
}

impl Args {
    pub(super) fn run(self, started: Instant) -> Result<ExitCode> {
        checks::stretches(self.censor.as_ref(), self.censor_volumes.is_some())?;
        let has_tissue = self.csf.is_some() || self.white_matter.is_some();
        let asked = |kept: Option<Kept>, is_possible: bool| match kept {
            Some(Kept(keep)) => keep,
            None => is_possible.then_some(HALF),
        };
        let spec = ConfoundsSpec {
            acompcor: asked(self.acompcor, has_tissue),
            tcompcor: asked(self.tcompcor, self.mask.is_some()),
            bold: self.bold,
            sidecar: self.sidecar,
            tr: self.tr,
            csf: self.csf,
            white_matter: self.white_matter,
            mask: self.mask,
            threshold: self.threshold,
            erode: self.erode,
            high_pass_s: self.high_pass.0,
            scaling: match self.scaling {
                ScalingName::UnitVariance => Scaling::UnitVariance,
                ScalingName::None => Scaling::None,
            },
            variable_share: self.variable,
            censor: self.censor,
            censored: self.censor_volumes,
            motion: self.motion,
            dvars: self.dvars,
        };
        let layout = confounds::layout(&self.out, &spec.bold);
        self.work.run(started, layout, |_| Ok(Command::Confounds(spec)))
    }
}
