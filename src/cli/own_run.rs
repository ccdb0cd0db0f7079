//! `boldly calibrate --bold`: a run of one's own as null data.

use std::path::PathBuf;

use crate::cli::args::{DesignArgs, PhysioArgs, RecordArgs, TimingArgs, heading};
use crate::cli::checks;
use crate::cli::glm::scaling;
use crate::cli::models::parsed;
use crate::cli::runs::RunFiles;
use crate::cli::say;
use crate::error::{Error, Result};
use crate::kernels::smooth::Kernel;
use crate::pipeline::calibrate::{Null, OwnRates, OwnRunSpec, THRESHOLDS};
use crate::pipeline::spec::{
    Combining, Criterion, DesignOptions, GlmSpec, MIN_DOF, Noise, RegionOptions, SignalScale,
    SmoothOptions, TaskTimes, VoxelwiseOptions,
};

/// Designs that are tried where nobody says how many.
const REPEATS: u64 = 20;

/// The run, and how it is fitted: as boldly glm fits it.
#[derive(Debug, clap::Args)]
pub(super) struct OwnRunArgs {
    /// A run of one's own in place of those made in memory
    ///
    /// Best of rest: there no event has a response
    #[arg(help_heading = heading::INPUTS, long, value_name = "IMAGE", conflicts_with = "shape", requires = "events")]
    pub bold: Option<PathBuf>,
    /// BIDS events that are moved to other times
    ///
    /// Those of a task of one's own; of a run of rest those of another run
    #[arg(help_heading = heading::INPUTS, long, value_name = "TSV", requires = "bold")]
    events: Option<PathBuf>,
    /// How the events are moved: shift, times or sign
    ///
    /// `shift`: all by one random time round the run; `times`: also their order and the gaps between them; `sign`: they stay, and each response is
    /// turned over or not
    #[arg(help_heading = heading::MODEL, long, value_enum, hide_possible_values = true, value_name = "HOW", default_value = "shift", requires = "bold")]
    null: NullName,
    /// t contrast over columns [default: the first condition]
    #[arg(help_heading = heading::MODEL, long, value_name = "EXPR", allow_hyphen_values = true, requires = "bold")]
    contrast: Option<String>,
    /// Confounds tables of the run; see --columns, --strategy
    #[arg(help_heading = heading::INPUTS, long, value_name = "TSV", num_args = 1.., requires = "bold")]
    confounds: Vec<PathBuf>,
    /// Volumes to leave out of the fit, a text file
    #[arg(help_heading = heading::INPUTS, long, value_name = "FILE", requires = "bold")]
    censor_volumes: Option<PathBuf>,
    /// Recording of the run: BIDS or a scanner's log
    #[arg(help_heading = heading::PHYSIOLOGY, long, value_name = "LOG", num_args = 1..=2, requires = "bold")]
    physio: Vec<PathBuf>,
    /// Voxels to fit; else a mask from the mean image
    #[arg(help_heading = heading::INPUTS, long, value_name = "IMAGE", requires = "bold")]
    mask: Option<PathBuf>,
    /// Smooth first by this full width at half maximum in mm
    #[arg(help_heading = heading::SMOOTHING, long, value_name = "MM", default_value_t = 0.0, allow_hyphen_values = true, requires = "bold")]
    fwhm: f64,
    /// Units of effects: psc, none or grand-mean:X
    ///
    /// As in boldly glm: with `psc` voxels whose mean is below 10 % of the mask's median are left out
    #[arg(help_heading = heading::MODEL, long, value_name = "UNITS", default_value = "psc", value_parser = scaling, requires = "bold")]
    scaling: SignalScale,
    /// When task columns are sampled [default: slice, else metadata]
    ///
    /// As in boldly glm
    #[arg(help_heading = heading::MODEL, long, value_name = "WHEN", allow_negative_numbers = true, value_parser = parsed::<TaskTimes>, requires = "bold")]
    task_times: Option<TaskTimes>,
    #[command(flatten)]
    record: RecordArgs,
    #[command(flatten)]
    physio_format: PhysioArgs,
    #[command(flatten)]
    design: DesignArgs,
    #[command(flatten)]
    timing: TimingArgs,
}

#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum NullName {
    Shift,
    Times,
    Sign,
}

impl OwnRunArgs {
    /// What is tried on the run; none where none is given. `rho_fwhm`: as the command has it.
    ///
    /// # Errors
    /// Usage for options of a run without one.
    pub fn spec(
        &self,
        rho_fwhm: f64,
        repeats: Option<u64>,
        seed: u64,
    ) -> Result<Option<OwnRunSpec>> {
        let Some(bold) = &self.bold else {
            return self.refuse_without_run().map(|()| None);
        };
        let rules = self.design.options().censor;
        checks::stretches(rules.as_ref(), self.censor_volumes.is_some())?;
        let list = |file: &Option<PathBuf>| file.iter().cloned().collect::<Vec<_>>();
        let files = RunFiles {
            events: &list(&self.events),
            design: &[],
            confounds: &self.confounds,
            censored: &list(&self.censor_volumes),
            physio: &self.physio,
            peaks: &[],
            spent: &[],
            formats: &self.physio_format.formats,
        };
        let runs = files.of_runs(std::slice::from_ref(bold), &self.timing, &self.record)?;
        let task_times = self.task_times.unwrap_or(TaskTimes::Auto);
        let kernel = Kernel::Sampled;
        let glm = GlmSpec {
            runs,
            design: DesignOptions { task_times, ..self.design.options() },
            mask: self.mask.clone(),
            smooth: SmoothOptions { fwhm_mm: self.fwhm, kernel, within: None },
            scaling: self.scaling,
            two_sided: true,
            contrasts: self.contrast.iter().cloned().collect(),
            f_contrasts: Vec::new(),
            noise: Noise::Ar1,
            rho_fwhm_vox: rho_fwhm,
            combine: Combining::Mean,
            skip_missing: false,
            min_dof: MIN_DOF,
            voxelwise: VoxelwiseOptions::default(),
            roi: RegionOptions::default(),
            report: false,
            maps: false,
            residuals: false,
        };
        let null = match self.null {
            NullName::Shift => Null::Shift,
            NullName::Times => Null::Times,
            NullName::Sign => Null::Sign,
        };
        let repeats = repeats.unwrap_or(REPEATS) as usize;
        Ok(Some(OwnRunSpec { glm, null, repeats, seed }))
    }

    /// What chooses the orders of physiological terms, where the run is to decide.
    pub fn criterion(&self) -> Option<Criterion> {
        self.design.criterion()
    }

    /// Options that mean nothing where runs are made in memory, and that no option of a run comes before.
    fn refuse_without_run(&self) -> Result<()> {
        let timing = [
            ("--tr", self.timing.tr.is_some()),
            ("--slice-times", self.timing.slice_times.is_some()),
            ("--sidecar", self.timing.sidecar.is_some()),
        ];
        match timing.into_iter().chain(self.design.given()).find(|(_, given)| *given) {
            None => Ok(()),
            Some((option, _)) => Err(Error::usage(
                option,
                "is given without a run",
                "come with --bold RUN --events EVENTS",
                "leave it out: the runs that are made in memory have their own design",
            )),
        }
    }
}

/// A table of what came of a run.
pub(super) fn table(spec: &OwnRunSpec, found: &OwnRates) -> String {
    let OwnRates { contrast, voxels, volumes, rates } = found;
    let bold = spec.glm.runs[0].bold.display();
    let mut text = format!(
        "{bold}: {voxels} voxels, {volumes} volumes, contrast {contrast}, {} with the events {}: share of voxels with two-sided p below\n\n{:<12}",
        say::counted(spec.repeats, "design"),
        spec.null.told(),
        "noise model"
    );
    for threshold in THRESHOLDS {
        text.push_str(&format!(" {:>18}", format!("{threshold}")));
    }
    text.push('\n');
    for rate in rates {
        text.push_str(&format!("{:<12}", rate.noise.name()));
        for (at, found) in rate.found.iter().enumerate() {
            let error = rate.error.map_or(String::new(), |error| format!(" ± {:.5}", error[at]));
            text.push_str(&format!(" {:>18}", format!("{found:.5}{error}")));
        }
        text.push('\n');
    }
    if !rates.iter().any(|rate| rate.noise == Noise::NilearnAr1) {
        text.push_str("\nnilearn-ar1 is left out: the run has censored volumes, and nilearn has no rule for them.\n");
    }
    text.push_str(
        "\nA model is calibrated where its share is the threshold. ±: standard error over the designs, as voxels depend on each other. In a run of rest all \
         that is found is false; in a run of a task the task is still there, its voxels answer designs that happen to resemble the true one and their noise \
         is the task's: shares are then no false-positive rates where the task lives.\n",
    );
    text
}
