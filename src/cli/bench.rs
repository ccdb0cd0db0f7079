//! `boldly bench`.

use std::process::ExitCode;

use crate::cli::args::{self, DeviceArgs, MORE, TalkArgs, heading};
use crate::cli::checks;
use crate::cli::say;
use crate::error::{Error, Result};
use crate::pipeline::bench::{BenchResult, BenchSpec, Floor, bench};
use crate::pipeline::blocks::Ladder;

/// The bench's 30 columns leave residuals of a useful number.
const LEAST_VOLUMES: usize = 40;

/// Measure every stage on data made in memory, and whole commands on files, on the CPU path and on the device.
#[derive(Debug, clap::Args)]
#[command(after_help = MORE, after_long_help = "\
GB/s counts the bytes the algorithm must move; its share is of a plain copy measured on the same device. Figures are medians.

Example: boldly bench --size large --device gpu")]
pub(super) struct Args {
    /// Small: 64x64x36x200, large: 96x96x60x300
    #[arg(help_heading = heading::RUNNING, value_name = "small|large", hide_possible_values = true, long, value_enum, default_value = "small")]
    size: Size,
    /// Voxels along i, j, k and volumes (40 or more), not --size
    #[arg(help_heading = heading::RUNNING, long, value_name = "I,J,K,VOLUMES", value_parser = args::numbers::<usize, 4>, allow_hyphen_values = true)]
    shape: Option<[usize; 4]>,
    /// Runs of each measurement
    #[arg(help_heading = heading::RUNNING, long, default_value_t = 5, allow_negative_numbers = true, value_parser = clap::value_parser!(u64).range(1..1000))]
    repeats: u64,
    /// Leave out the whole commands on files
    #[arg(help_heading = heading::RUNNING, long)]
    no_files: bool,
    #[command(flatten)]
    device: DeviceArgs,
    #[command(flatten)]
    talk: TalkArgs,
}

#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum Size {
    Small,
    Large,
}

impl Args {
    pub(super) fn run(self) -> Result<ExitCode> {
        let (shape, n_volumes) = match (self.shape, self.size) {
            (Some([i, j, k, n]), _) => ([i, j, k], n),
            (None, Size::Small) => ([64, 64, 36], 200),
            (None, Size::Large) => ([96, 96, 60], 300),
        };
        if n_volumes < LEAST_VOLUMES {
            return Err(Error::usage(
                "--shape",
                format!("asks for {n_volumes} volumes"),
                format!("ask for at least {LEAST_VOLUMES} volumes"),
                "12 columns of the design and 18 of physiology are fitted to them",
            ));
        }
        checks::size(shape, n_volumes)?;
        let mut ladder = Ladder::open(&self.device.choice())?;
        let files = !self.no_files;
        let spec = BenchSpec { shape, n_volumes, repeats: self.repeats as usize, files };
        let result = bench(&spec, &mut ladder)?;
        if self.talk.json {
            say::json(&result)?;
        } else {
            say::result(&table(&result))?;
        }
        Ok(ExitCode::SUCCESS)
    }
}

fn table(result: &BenchResult) -> String {
    let [i, j, k] = result.spec.shape;
    let mut text = format!(
        "{i} x {j} x {k} x {}, medians of {}\n{} ({}), {}, driver {}\ncopy {:.1} GB/s\n\n",
        result.spec.n_volumes,
        result.spec.repeats,
        result.device.name,
        result.device.kind,
        result.device.precision,
        result.device.driver,
        result.copy_gb_per_s
    );
    text.push_str(&format!(
        "{:<10} {:<9} {:>9} {:>9} {:>9} {:>8}\n",
        "stage", "activity", "seconds", "GB/s", "GFLOP/s", "of copy"
    ));
    for s in &result.stages {
        text.push_str(&format!(
            "{:<10} {:<9} {:>9.4} {:>9.2} {:>9.2} {:>7.0}%\n",
            s.stage,
            format!("{:?}", s.activity).to_lowercase(),
            s.seconds,
            s.gb_per_s,
            s.gflop_per_s,
            100.0 * s.share_of_copy
        ));
    }
    if !result.commands.is_empty() {
        text.push_str(&format!(
            "\n{:<10} {:<16} {:>9} {:>9} {:>9}  whole process beside its floor\n",
            "command", "device", "seconds", "floor", "blake3"
        ));
    }
    for c in &result.commands {
        text.push_str(&format!(
            "{:<10} {:<16.16} {:>9.3} {:>9.3} {:>9.3}  {}\n",
            c.command,
            c.device,
            c.seconds,
            c.floor_seconds,
            c.hash_seconds,
            match c.floor {
                Floor::Read => ".nii; floor: read it",
                Floor::ReadWrite => ".nii to .nii; floor: read and write",
                Floor::Unpack => "int16 .nii.gz; floor: libdeflate",
                Floor::UnpackPack =>
                    "int16 .nii.gz to .nii.gz; floor: libdeflate, and compress the result",
            }
        ));
    }
    text
}
