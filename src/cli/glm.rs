//! `boldly glm`.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

use crate::cli::args::{DesignArgs, MORE, TimingArgs, heading, min_dof};
use crate::cli::checks;
use crate::cli::models::parsed;
use crate::cli::regions::RegionArgs;
use crate::cli::shared::{NoiseArgs, ScanArgs, SmoothArgs, TableArgs};
use crate::cli::voxelwise::VoxelwiseArgs;
use crate::cli::work::WorkArgs;
use crate::design::Drift;
use crate::error::{Error, Result};
use crate::pipeline::order;
use crate::pipeline::products::Layout;
use crate::pipeline::spec::{
    Combining, Command, DesignOptions, GivenRegion, GlmSpec, MIN_DOF, SignalScale, TaskTimes,
};

/// Fit a first-level model and write contrast maps.
#[derive(Debug, clap::Args)]
#[command(after_help = MORE, after_long_help = "\
Several runs: give --events, --confounds, --physio or --design once for each BOLD, in the same order; the runs are combined \
by fixed effects. Where each run has two recordings (or confounds tables), name both of run 1, then both of run 2. --tr, --slice-times and \
--sidecar hold for all runs. Images that differ in their echo- entity alone are echoes of one run and are combined first (--echo-times, \
--echo-mask, --echo-fit). The order of work: read, subtract physiology (where --fwhm is above 0), smooth, fit, contrast.

Into --out go contrast-NAME_stat-{effect,variance,t|F,z,p}_statmap.nii.gz, design.tsv and mask.nii.gz, each \
with a JSON sidecar, which describes every column of a table. p is one-sided unless --two-sided is given. With --report also report.html, a page of it all. With --physio also desc-retroicor_qc.html, a page to look at, physio_summary.tsv (a row a run: heart and breathing rate, RVT, mean framewise displacement, \
volumes kept, tSNR of --roi) and, where columns differ with slice time, \
design_slice-groups.tsv; whether the recording explains the run more than chance is said at the end.

Example: boldly glm sub-01_bold.nii.gz --events sub-01_events.tsv --confounds sub-01_confounds.tsv \\
    --columns 'trans_*,rot_*,csf' --mask sub-01_mask.nii.gz --physio sub-01_physio.tsv.gz --fwhm 5 \\
    --contrast 'pain=pain-control' --out results")]
pub(super) struct Args {
    /// 4-D NIfTI image of each run, or of each of its echoes
    ///
    /// .nii, .nii.gz, .hdr/.img
    #[arg(required = true)]
    bold: Vec<PathBuf>,
    /// BIDS events of each run
    #[arg(help_heading = heading::INPUTS, long, value_name = "TSV", num_args = 1.., conflicts_with = "design_matrix")]
    events: Vec<PathBuf>,
    /// A ready design matrix of each run instead of events
    ///
    /// One row a volume, a header of names. Columns that --confounds and --columns choose are appended
    #[arg(help_heading = heading::INPUTS, id = "design_matrix", long = "design", value_name = "TSV", num_args = 1..)]
    design_matrix: Vec<PathBuf>,
    #[command(flatten)]
    tables: TableArgs,
    #[command(flatten)]
    voxelwise: VoxelwiseArgs,
    #[command(flatten)]
    scan: ScanArgs,
    #[command(flatten)]
    smooth: SmoothArgs,
    /// Units: psc, grand-mean:100 or none
    ///
    /// What effects are measured in. `psc`: percent of each voxel's mean over the fitted volumes, as smoothed (nilearn's signal_scaling 0); voxels with a mean
    /// below 10 % of the mask's median leave the mask. `grand-mean:100`: as if the mean over the mask, without such voxels, were 100. `none`: the
    /// image's own units, which no two scans share. t, F, z and p are the same
    #[arg(help_heading = heading::MODEL, long, value_name = "UNITS", default_value = "psc", value_parser = scaling)]
    scaling: SignalScale,
    /// p of t counts both tails
    ///
    /// Without it p is the upper tail: an effect below 0 has p near 1. z keeps its sign either way
    #[arg(help_heading = heading::MODEL, long)]
    two_sided: bool,
    /// t contrast over columns: 'pain=pain-control'
    ///
    /// As NAME=EXPRESSION or an expression: '0.5*a + 0.5*b'. A pattern is the sum of the conditions that it matches, 'pain* - control*';
    /// 'mean(pain*) - mean(control*)' takes their means, also of names: mean(a, b). Of several runs 'pain@run-1 - pain@run-2' compares two, of any number: by the run entity
    /// of their names, else by place; of several sessions 'pain@ses-1 - pain@ses-2', each the mean of its runs, or @ses-1_run-2
    #[arg(help_heading = heading::MODEL, long = "contrast", value_name = "EXPR", allow_hyphen_values = true)]
    contrasts: Vec<String>,
    /// F contrast, rows separated by semicolons: 'any=pain; control'
    ///
    /// 'pain:basis' has a row for each column of the response to pain: derivatives, delays
    #[arg(help_heading = heading::MODEL, long = "f-contrast", value_name = "ROWS", allow_hyphen_values = true)]
    f_contrasts: Vec<String>,
    #[command(flatten)]
    noise: NoiseArgs,
    /// How runs are combined: mean or precision
    ///
    /// `mean`: each run counts alike (nilearn, FSL's fixed effects); `precision`: by the inverse of its variance
    #[arg(help_heading = heading::MODEL, hide_possible_values = true, long, alias = "fixed-effects", value_enum, ignore_case = true, value_name = "mean|precision", default_value = "mean")]
    combine: CombiningName,
    /// Take a contrast over the runs that have its conditions
    ///
    /// Without it a run that lacks a condition of a contrast, or does not determine it, is an error. Which runs count is said and stands in the sidecar
    #[arg(help_heading = heading::MODEL, long)]
    skip_missing: bool,
    /// Degrees of freedom that must be left
    ///
    /// Of a run that lacks volumes, and above 10 of any: variances of fewer are hardly known, and p are too small
    #[arg(help_heading = heading::MODEL, long, value_name = "N", default_value_t = MIN_DOF, value_parser = min_dof, allow_negative_numbers = true)]
    min_dof: f64,
    /// Also write maps of the fit: rho, residual variance, R², percent
    ///
    /// Percent signal change of each t contrast of conditions, at the peak of the response to one event of their median duration; and how smooth
    /// the residuals are in space, as desc-residuals_smoothness.tsv (FWHM along x, y, z in mm, resels, voxels, a, b, c of AFNI's mixed model) and
    /// desc-residuals_acf.tsv. Reads the run a second time
    #[arg(help_heading = heading::OUTPUT, long)]
    maps: bool,
    /// Also write report.html, a page of the whole analysis with live maps
    ///
    /// One file that needs no network: what must be known first, which run has which column, each contrast with its map (a viewer with a threshold to move; a picture where no
    /// script runs), clusters and the runs at their peaks, designs, motion and what was left out, the methods in words with references. Reads the run a second time
    #[arg(help_heading = heading::OUTPUT, long)]
    report: bool,
    /// Also write the residuals, as large as the run
    ///
    /// desc-residuals_bold.nii: y - X beta of the fit that was used, not whitened, in the units of the effects, of the volumes that were
    /// fitted: those left out are not in it, its sidecar lists what is. Reads the run a second time
    #[arg(help_heading = heading::OUTPUT, long)]
    residuals: bool,
    /// Fit regions' means, too: 'pag=tube:...'
    ///
    /// NAME=sphere:x,y,z:r, NAME=box:x,y,z:a,b,c, NAME=tube:x,y,z:x,y,z:inner,outer (mm), or NAME=MASK; a table (.tsv) with name, x, y, z and
    /// radius_mm, or name and shape; a mask; or a labelled image, each label a region. contrast-NAME_regions.tsv has of each its effect with standard error,
    /// t, p and 95 % interval (the mean of the unsmoothed run over its voxels, fitted by itself), the mean of the map, tSNR, voxels and coverage
    #[arg(help_heading = heading::REGIONS, long, value_name = "REGION", allow_hyphen_values = true)]
    roi: Vec<GivenRegion>,
    #[command(flatten)]
    regions: RegionArgs,
    /// Folder to write into
    #[arg(help_heading = heading::OUTPUT, short, long, value_name = "DIR")]
    out: PathBuf,
    /// When task columns are sampled [default: slice, else metadata]
    ///
    /// `slice`: each slice at its own time, on the slices that were acquired where their times are known; smoothed, the mean of the slices that the
    /// kernel joins. `metadata`: StartTime where the sidecar has it, else the start of each volume; the default of runs that were resampled or
    /// corrected for slice timing. `start`, `middle`, or seconds into each volume
    #[arg(help_heading = heading::MODEL, long, value_name = "WHEN", allow_negative_numbers = true, conflicts_with = "design_matrix", value_parser = parsed::<TaskTimes>)]
    task_times: Option<TaskTimes>,
    #[command(flatten)]
    design: DesignArgs,
    #[command(flatten)]
    timing: TimingArgs,
    #[command(flatten)]
    work: WorkArgs,
}

#[derive(Debug, Clone, Copy, clap::ValueEnum)]
pub(super) enum CombiningName {
    /// Each run counts alike
    Mean,
    /// By the inverse of its variance
    Precision,
}

impl From<CombiningName> for Combining {
    fn from(name: CombiningName) -> Combining {
        match name {
            CombiningName::Mean => Combining::Mean,
            CombiningName::Precision => Combining::Precision,
        }
    }
}

impl Args {
    pub(super) fn run(self, started: Instant) -> Result<ExitCode> {
        let mut spec = self.spec()?;
        self.work.run(started, Layout::folder(&self.out), |session| {
            let by = self.design.criterion();
            self.scan.find_spent(&mut spec.runs, &session.watch)?;
            let spec = order::for_glm(&mut session.ladder, spec, by, &session.watch)?;
            Ok(Command::Glm(spec))
        })
    }

    /// A ready design has its own times and drift.
    fn design(&self) -> DesignOptions {
        let own = self.design.options();
        match self.design_matrix[..] {
            [] => DesignOptions { task_times: self.task_times.unwrap_or(TaskTimes::Auto), ..own },
            _ => DesignOptions { task_times: TaskTimes::Metadata, drift: Drift::None, ..own },
        }
    }

    fn spec(&self) -> Result<GlmSpec> {
        let rho_fwhm_vox = self.noise.rho_fwhm_vox()?;
        let of_task = (&self.events[..], &self.design_matrix[..]);
        let runs = self.tables.runs(&self.bold, of_task, &self.scan, &self.timing)?;
        if !self.design_matrix.is_empty() {
            self.design.check_with_ready_design()?;
        }
        if self.events.is_empty() && self.design_matrix.is_empty() {
            return Err(Error::usage(
                "the command line",
                "has neither --events nor --design",
                "say what the task was",
                "give BIDS events with --events, or a ready matrix with --design",
            ));
        }
        let of_several = [
            ("--skip-missing", self.skip_missing),
            ("--combine precision", matches!(self.combine, CombiningName::Precision)),
        ];
        checks::of_several_runs(&of_several, runs.len())?;
        self.tables.check_stretches(self.design.options().censor.as_ref())?;
        let voxelwise = self.voxelwise.options(runs.len())?;
        checks::no_idle(self.regions.idle(), !self.roi.is_empty())?;
        self.regions.check_labels(&self.roi)?;
        Ok(GlmSpec {
            runs,
            design: self.design(),
            mask: self.scan.mask.clone(),
            smooth: self.smooth.options(),
            scaling: self.scaling,
            two_sided: self.two_sided,
            contrasts: self.contrasts.clone(),
            f_contrasts: self.f_contrasts.clone(),
            noise: self.noise.noise(),
            rho_fwhm_vox,
            combine: self.combine.into(),
            maps: self.maps,
            skip_missing: self.skip_missing,
            min_dof: self.min_dof,
            voxelwise,
            residuals: self.residuals,
            roi: self.regions.options(self.roi.clone()),
            report: self.report,
        })
    }
}

pub(super) fn scaling(text: &str) -> std::result::Result<SignalScale, String> {
    let bad = || "it must be psc, grand-mean:100 or none".to_owned();
    match text.split_once(':').unwrap_or((text, "")) {
        ("psc", "") => Ok(SignalScale::Psc),
        ("none", "") => Ok(SignalScale::None),
        ("grand-mean", "") => Ok(SignalScale::GrandMean(100.0)),
        ("grand-mean", to) => {
            let above_0 = |to: &f64| to.is_finite() && *to > 0.0;
            let to = to.parse().ok().filter(above_0).ok_or_else(bad)?;
            Ok(SignalScale::GrandMean(to))
        }
        _ => Err(bad()),
    }
}
