//! `boldly simulate`.

use std::path::PathBuf;
use std::process::ExitCode;

use crate::cli::args::{self, MORE, OverwriteArgs, TalkArgs, heading};
use crate::cli::checks;
use crate::cli::say;
use crate::error::Result;
use crate::pipeline::simulate;
use crate::simulate::Spec;
use crate::simulate::drug_trial::DrugTrialSpec;

/// [`Spec::default`] as the options spell it.
const SHAPE: &str = "40,48,36";
const VOXEL_SIZE_MM: &str = "3.75,3.75,3.75";

/// What only a single run has.
const OF_A_RUN: [&str; 8] =
    ["shape", "voxel_size", "volumes", "tr", "multiband", "sequential", "physiology", "thermal_sd"];

/// Make a BIDS-shaped dataset with known truth: the same bytes for the same options, everywhere.
#[derive(Debug, clap::Args)]
#[command(after_help = MORE, after_long_help = "\
The dataset holds a pain run with 15 s blocks, events, confounds, pulse and breathing, and under derivatives/truth all that was \
put in. The defaults make the example that ships with boldly.

With --trial a whole study: patients on a drug and on a placebo, each at two visits, with a run of the pain task and one at rest \
(slabs of 24 x 28 x 12 voxels and 120 volumes), questionnaires, conditioned pain modulation, ratings of pressure and adverse events \
as BIDS tables with their dictionaries. derivatives/truth/truth.json says what the drug does.

Example: boldly simulate --seed 7 --volumes 200 my-study

Example: boldly simulate --trial --patients 12 my-trial")]
pub(super) struct Args {
    /// Folder to write into
    out: PathBuf,
    /// Simulate a drug trial
    #[arg(help_heading = heading::MODEL, long, conflicts_with_all = OF_A_RUN)]
    trial: bool,
    /// Patients in each arm of the trial
    #[arg(help_heading = heading::MODEL, long, value_name = "N", default_value_t = DrugTrialSpec::default().per_arm, requires = "trial",
        allow_negative_numbers = true)]
    patients: usize,
    /// Seed of all random numbers
    #[arg(help_heading = heading::MODEL, long, default_value_t = Spec::default().seed, allow_negative_numbers = true)]
    seed: u64,
    /// Voxels along i, j, k
    #[arg(help_heading = heading::MODEL, long, value_name = "I,J,K", default_value = SHAPE, value_parser = args::numbers::<usize, 3>,
        allow_hyphen_values = true)]
    shape: [usize; 3],
    /// Voxel size in mm along i, j, k
    #[arg(help_heading = heading::MODEL, long, value_name = "MM,MM,MM", default_value = VOXEL_SIZE_MM, value_parser = args::numbers::<f64, 3>,
        allow_hyphen_values = true)]
    voxel_size: [f64; 3],
    /// Volumes
    #[arg(help_heading = heading::MODEL, long, default_value_t = Spec::default().n_volumes, allow_negative_numbers = true)]
    volumes: usize,
    /// Repetition time in seconds
    #[arg(help_heading = heading::MODEL, long, default_value_t = Spec::default().tr, allow_negative_numbers = true)]
    tr: f64,
    /// Slices excited together; divides the number of slices
    #[arg(help_heading = heading::MODEL, long, default_value_t = Spec::default().multiband, allow_negative_numbers = true)]
    multiband: usize,
    /// Acquire slices in ascending instead of interleaved order
    #[arg(help_heading = heading::MODEL, long)]
    sequential: bool,
    /// Factor on cardiac and respiratory noise; 0 for none
    #[arg(help_heading = heading::MODEL, long, value_name = "FACTOR", default_value_t = Spec::default().physiology, allow_negative_numbers = true)]
    physiology: f64,
    /// Standard deviation of the thermal noise
    ///
    /// In BOLD units (grey matter is about 1000)
    #[arg(help_heading = heading::MODEL, long, default_value_t = Spec::default().thermal_sd, allow_negative_numbers = true)]
    thermal_sd: f64,
    #[command(flatten)]
    replace: OverwriteArgs,
    #[command(flatten)]
    talk: TalkArgs,
}

impl Args {
    pub(super) fn run(self) -> Result<ExitCode> {
        let terminal = self.talk.terminal();
        let command = args::typed();
        let overwrite = self.replace.choice();
        if self.trial {
            let (per_arm, seed) = (self.patients, self.seed);
            let spec = DrugTrialSpec { per_arm, seed, ..DrugTrialSpec::default() };
            simulate::write_trial(&spec, &self.out, overwrite, &command, &terminal)?;
        } else {
            simulate::write(&self.spec()?, &self.out, overwrite, &command, &terminal)?;
        }
        drop(terminal);
        if self.talk.json {
            say::json(&serde_json::json!({ "out": self.out }))?;
        }
        Ok(ExitCode::SUCCESS)
    }

    /// Of a single run.
    fn spec(&self) -> Result<Spec> {
        checks::size(self.shape, self.volumes)?;
        Ok(Spec {
            shape: self.shape,
            voxel_size_mm: self.voxel_size,
            n_volumes: self.volumes,
            tr: self.tr,
            seed: self.seed,
            multiband: self.multiband,
            interleaved: !self.sequential,
            physiology: self.physiology,
            thermal_sd: self.thermal_sd,
            ..Spec::default()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_of_shape_and_voxel_size_are_those_of_the_spec() {
        assert_eq!(args::numbers(SHAPE), Ok(Spec::default().shape));
        assert_eq!(args::numbers(VOXEL_SIZE_MM), Ok(Spec::default().voxel_size_mm));
    }
}
