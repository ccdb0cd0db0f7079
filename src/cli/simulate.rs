//! `boldly simulate`.

use std::path::PathBuf;
use std::process::ExitCode;

use crate::cli::args::{self, TalkArgs};
use crate::error::Result;
use crate::pipeline::simulate;
use crate::simulate::Spec;

/// Make a BIDS-shaped dataset with known truth: the same bytes for the same options, everywhere.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
The dataset holds a pain run with 15 s blocks, events, confounds, pulse and breathing, and under derivatives/truth all that was
put in. The defaults make the example that ships with boldly.

Example: boldly simulate --seed 7 --volumes 200 my-study")]
pub(super) struct Args {
    /// Folder to write into
    out: PathBuf,
    /// Seed of all random numbers
    #[arg(long, default_value_t = Spec::default().seed)]
    seed: u64,
    /// Voxels along i, j, k
    #[arg(long, value_name = "I,J,K", value_parser = args::numbers::<usize, 3>)]
    shape: Option<[usize; 3]>,
    /// Voxel size in mm along i, j, k
    #[arg(long, value_name = "MM,MM,MM", value_parser = args::numbers::<f64, 3>)]
    voxel_size: Option<[f64; 3]>,
    /// Volumes
    #[arg(long, default_value_t = Spec::default().n_volumes)]
    volumes: usize,
    /// Repetition time in seconds
    #[arg(long, default_value_t = Spec::default().tr)]
    tr: f64,
    /// Slices excited together; divides the number of slices
    #[arg(long, default_value_t = Spec::default().multiband)]
    multiband: usize,
    /// Acquire slices in ascending instead of interleaved order
    #[arg(long)]
    sequential: bool,
    /// Factor on the cardiac and respiratory noise; 0 for none
    #[arg(long, default_value_t = Spec::default().physiology)]
    physiology: f64,
    /// Standard deviation of the thermal noise in BOLD units (grey matter is about 1000)
    #[arg(long, default_value_t = Spec::default().thermal_sd)]
    thermal_sd: f64,
    #[command(flatten)]
    talk: TalkArgs,
}

impl Args {
    pub(super) fn run(self) -> Result<ExitCode> {
        let default = Spec::default();
        let spec = Spec {
            shape: self.shape.unwrap_or(default.shape),
            voxel_size_mm: self.voxel_size.unwrap_or(default.voxel_size_mm),
            n_volumes: self.volumes,
            tr: self.tr,
            seed: self.seed,
            multiband: self.multiband,
            interleaved: !self.sequential,
            physiology: self.physiology,
            thermal_sd: self.thermal_sd,
            ..default
        };
        let typed: Vec<String> = std::env::args().skip(1).collect();
        let command = format!("boldly {}", typed.join(" "));
        let terminal = self.talk.terminal();
        simulate::write(&spec, &self.out, &command, &terminal)?;
        if self.talk.json {
            super::print_json(&serde_json::json!({ "out": self.out }))?;
        }
        Ok(ExitCode::SUCCESS)
    }
}
