//! `boldly retroicor`.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

use crate::cli::args::{self, DesignArgs, DeviceArgs, TalkArgs, TimingArgs};
use crate::error::Result;
use crate::pipeline::save;
use crate::pipeline::spec::{RetroicorSpec, RunSpec};

/// Remove cardiac and respiratory noise from a run, slice by slice.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Task, confounds, drift and physiology are fitted jointly for each slice time; only the physiological part is subtracted and
the voxel's mean is kept. The degrees of freedom spent stand in the sidecar, and boldly glm subtracts them later.

Example: boldly retroicor sub-01_bold.nii.gz --physio sub-01_physio.tsv.gz --events sub-01_events.tsv \\
    --out sub-01_desc-retroicor_bold.nii.gz")]
pub(super) struct Args {
    /// 4-D NIfTI image (.nii, .nii.gz, .hdr/.img) on its native slices
    bold: PathBuf,
    /// BIDS recording (.tsv.gz with its .json); give it twice when pulse and breathing are apart
    #[arg(long, value_name = "TSV", required = true)]
    physio: Vec<PathBuf>,
    /// BIDS events, fitted jointly so that task signal stays
    #[arg(long, value_name = "TSV")]
    events: Option<PathBuf>,
    /// Confounds table, one row a volume, fitted jointly
    #[arg(long, value_name = "TSV", requires = "columns")]
    confounds: Option<PathBuf>,
    /// Image to write; its ending chooses .nii or .nii.gz
    #[arg(short, long, value_name = "IMAGE")]
    out: PathBuf,
    /// Verify the output on the f64 path afterwards
    #[arg(long)]
    verify: bool,
    #[command(flatten)]
    design: DesignArgs,
    #[command(flatten)]
    timing: TimingArgs,
    #[command(flatten)]
    device: DeviceArgs,
    #[command(flatten)]
    talk: TalkArgs,
}

impl Args {
    pub(super) fn run(self, started: Instant) -> Result<ExitCode> {
        args::check_image_name(&self.out)?;
        let run = RunSpec {
            bold: self.bold,
            sidecar: self.timing.sidecar,
            slice_times: self.timing.slice_times,
            tr: self.timing.tr,
            events: self.events,
            design: None,
            confounds: self.confounds,
            physio: self.physio,
        };
        let spec = RetroicorSpec { run, design: self.design.options() };
        let mut session = self.device.session(started)?;
        let terminal = self.talk.terminal();
        let provenance = save::retroicor(&mut session, &spec, &self.out, &terminal)?;
        terminal.done(&self.out, &provenance);
        if self.talk.json {
            super::print_json(&provenance)?;
        }
        args::verify_after(&self.out, self.verify, &self.talk)
    }
}
