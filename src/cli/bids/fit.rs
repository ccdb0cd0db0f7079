//! How `boldly bids` fits runs: glm's options by glm's names, and what FitLins calls them.

use crate::cli::args::{PhysioArgs, RecordArgs, heading, min_dof};
use crate::cli::checks;
use crate::cli::columns::rules;
use crate::cli::glm::{CombiningName, scaling};
use crate::cli::inference;
use crate::cli::models::{self, parsed};
use crate::cli::regions::RegionArgs;
use crate::cli::shared::{KernelArgs, NoiseArgs};
use crate::design::Drift;
use crate::design::censor::Rules;
use crate::error::{Error, Result};
use crate::physio::Terms;
use crate::pipeline::spec::{
    Called, Combining, FitOptions, GivenRegion, Inference, LocalOfRuns, MIN_DOF, MaskOfRuns, Noise,
    PhysioFit, SignalScale, TaskTimes,
};

/// How runs are fitted: glm's options by glm's names.
#[derive(Debug, clap::Args)]
pub(super) struct FitArgs {
    /// Smooth first by this full width at half maximum in mm
    ///
    /// Runs alone are smoothed; FitLins' 5:run:iso is 5
    #[arg(help_heading = heading::SMOOTHING, short = 's', long, alias = "smoothing", value_name = "MM", default_value = "0", value_parser = fwhm)]
    fwhm: f64,
    #[command(flatten)]
    kernel: KernelArgs,
    /// Units: psc, grand-mean:100 or none
    ///
    /// What effects are measured in, as for boldly glm
    #[arg(help_heading = heading::MODEL, long, value_name = "UNITS", default_value = "psc", value_parser = scaling)]
    scaling: SignalScale,
    /// p of t counts both tails
    #[arg(help_heading = heading::MODEL, long)]
    two_sided: bool,
    /// Degrees of freedom that must be left
    ///
    /// Of a run that lacks volumes, and above 10 of any: variances of fewer are hardly known, and p are too small
    #[arg(help_heading = heading::MODEL, long, value_name = "N", default_value_t = MIN_DOF, value_parser = min_dof, allow_negative_numbers = true)]
    min_dof: f64,
    /// Slow drift beside the model's columns [default: none]
    ///
    /// cosine:SECONDS, polynomial:ORDER, legendre:ORDER or none; the model's own are HighPassFilterCutoffHz and cosine* in X
    #[arg(help_heading = heading::MODEL, long, alias = "drift-model", value_name = "MODEL", value_parser = drift)]
    drift: Option<Drift>,
    /// When columns are sampled [default: slice, else metadata]
    ///
    /// `slice`: as for boldly glm, the model's columns at each slice's own time, on native slices whose times are known. `metadata`: StartTime where the
    /// sidecar has it, else the start of each volume; the default of runs that were resampled or corrected for slice timing. `start` (as FitLins),
    /// `middle`, or seconds into each volume
    #[arg(help_heading = heading::MODEL, long, value_name = "WHEN", allow_negative_numbers = true, value_parser = parsed::<TaskTimes>)]
    task_times: Option<TaskTimes>,
    /// Volumes to leave out: 'fd:0.5,dvars:1.5'
    ///
    /// As for boldly glm
    #[arg(help_heading = heading::MODEL, long, value_name = "RULES", value_parser = rules)]
    censor: Option<Rules>,
    /// Images of regressors of each run by name: desc-wm_regressors
    ///
    /// 4-D, columns of each voxel's own, as for boldly glm. What their names say beyond the run, its space and its resolution: entities and a suffix. They are
    /// looked for among the derivatives and the raw dataset
    #[arg(help_heading = heading::INPUTS, long, value_name = "NAME", num_args = 1.., value_parser = parsed::<Called>)]
    voxelwise: Vec<Called>,
    /// Local white matter as a voxel's own column: label-WM_mask
    ///
    /// ANATICOR, as for boldly glm: the mean of each run over its mask (eroded white matter) within --anaticor-radius. What the names of the masks say beyond
    /// the run, its space and its resolution, as label-WM_desc-eroded_mask or label-WM_probseg (voxels of 0.5 or more); or a file, the mask of all runs
    #[arg(help_heading = heading::INPUTS, long, value_name = "NAME|MASK", value_parser = parsed::<MaskOfRuns>)]
    anaticor: Option<MaskOfRuns>,
    /// Reach of --anaticor, mm
    ///
    /// How far from a voxel its white matter lies at most, between centres
    #[arg(help_heading = heading::INPUTS, long, value_name = "MM", default_value_t = 15.0, requires = "anaticor", allow_negative_numbers = true)]
    anaticor_radius: f64,
    /// Also write the residuals of each run, as large as the runs
    ///
    /// As boldly glm: desc-residuals_bold.nii in the folder of the run's node. Reads the runs a second time
    #[arg(help_heading = heading::OUTPUT, long)]
    residuals: bool,
    /// Fit regions' means in each run, too: 'pag=tube:...'
    ///
    /// As boldly glm: contrast-NAME_regions.tsv of each run, the same regions in all. Of subjects and groups, --inference '--roi ...' takes the means of the maps
    #[arg(help_heading = heading::REGIONS, long, value_name = "REGION", allow_hyphen_values = true)]
    roi: Vec<GivenRegion>,
    #[command(flatten)]
    regions: RegionArgs,
    #[command(flatten)]
    noise: NoiseArgs,
    /// As FitLins: nilearn is --noise nilearn-ar1, afni --noise arma11
    #[arg(help_heading = heading::NOISE, long, value_enum, value_name = "NAME", hide_possible_values = true, conflicts_with_all = ["noise", "rho_fwhm"])]
    estimator: Option<EstimatorName>,
    /// How estimates count: mean or precision
    ///
    /// At nodes of Type meta. `mean`: each alike (FitLins, nilearn); `precision`: by the inverse of its variance
    #[arg(help_heading = heading::MODEL, hide_possible_values = true, long, alias = "combine", value_enum, ignore_case = true, value_name = "mean|precision", default_value = "mean")]
    fixed_effects: CombiningName,
    /// How nodes of the dataset test, as options of boldly group
    ///
    /// In one text: '--permutations 5000 --tfce exact --svc pag=sphere:0,-32,-10:6', '--variance mixed', '--correct rft,fdr', '--effect-sizes';
    /// without it each voxel by itself, by least squares
    #[arg(help_heading = heading::MODEL, long, value_name = "OPTIONS", allow_hyphen_values = true, value_parser = inference::parse)]
    inference: Option<Inference>,
    /// Add RETROICOR columns of the recordings beside the raw runs
    ///
    /// Slice-wise on native runs, volume-wise on resampled ones, by their metadata
    #[arg(help_heading = heading::PHYSIOLOGY, long)]
    physio: bool,
    /// Physiological terms, as for boldly glm
    #[arg(help_heading = heading::PHYSIOLOGY, long, value_name = "TERMS", default_value = "harvey", requires = "physio")]
    terms: Terms,
    #[command(flatten)]
    record: RecordArgs,
    #[command(flatten)]
    formats: PhysioArgs,
}

#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum EstimatorName {
    #[value(alias = "nistats")]
    Nilearn,
    Afni,
}

impl FitArgs {
    /// As the pipeline takes it.
    pub fn options(&self) -> Result<FitOptions> {
        let (noise, rho_fwhm_vox) = match self.estimator {
            Some(EstimatorName::Nilearn) => (Noise::NilearnAr1, 0.0),
            Some(EstimatorName::Afni) => (Noise::Arma11, 0.0),
            None => (self.noise.noise(), self.noise.rho_fwhm_vox()?),
        };
        checks::no_idle(self.regions.idle(), !self.roi.is_empty())?;
        let radius_mm = checks::anaticor_radius(self.anaticor_radius)?;
        Ok(FitOptions {
            smooth: self.kernel.options(self.fwhm),
            scaling: self.scaling,
            two_sided: self.two_sided,
            min_dof: self.min_dof,
            noise,
            rho_fwhm_vox,
            drift: self.drift.unwrap_or(Drift::None),
            censor: self.censor.clone(),
            task_times: self.task_times.unwrap_or(TaskTimes::Auto),
            physio: self.physio.then(|| self.recordings()).transpose()?,
            maps: true,
            residuals: self.residuals,
            voxelwise: self.voxelwise.clone(),
            local: self.anaticor.clone().map(|mask| LocalOfRuns { mask, radius_mm }),
            roi: self.regions.options(self.roi.clone()),
        })
    }

    /// How estimates count at nodes of Type meta.
    pub fn combine(&self) -> Combining {
        self.fixed_effects.into()
    }

    /// How nodes of the dataset test.
    pub fn inference(&self) -> Option<Inference> {
        self.inference.clone()
    }

    fn recordings(&self) -> Result<PhysioFit> {
        let formats = &self.formats.formats;
        if formats.len() > 1 {
            return Err(Error::usage(
                "--physio-format",
                format!("is given {} times", formats.len()),
                "be given once, for all recordings",
                "fit runs whose recordings need another format by themselves (--bids-filter-file)",
            ));
        }
        Ok(PhysioFit {
            terms: self.terms.clone(),
            record: self.record.options(None),
            format: formats.first().cloned(),
        })
    }
}

/// `5`, or FitLins' `5:run:iso`.
fn fwhm(text: &str) -> std::result::Result<f64, String> {
    let mut parts = text.split(':');
    let mm =
        parts.next().and_then(|mm| mm.parse().ok()).filter(|mm: &f64| mm.is_finite() && *mm >= 0.0);
    let mm = mm.ok_or("it must be a width in mm, 0 or more")?;
    match parts.next().map(str::to_ascii_lowercase).as_deref() {
        None | Some("run" | "l1" | "") => {}
        Some(level) => return Err(format!("runs alone are smoothed, not the level {level}")),
    }
    match parts.next() {
        None | Some("iso" | "") => Ok(mm),
        Some(kind) => Err(format!("the kernel is iso, not {kind}")),
    }
}

/// glm's, and FitLins' `None` and `polynomial`, which is nilearn's of order 1.
fn drift(text: &str) -> std::result::Result<Drift, String> {
    models::drift(match text {
        "None" => "none",
        "polynomial" => "polynomial:1",
        own => own,
    })
}
