//! `boldly retroicor`.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

use crate::cli::args::{DesignArgs, PhysioArgs, RecordArgs, TimingArgs};
use crate::cli::checks;
use crate::cli::work::WorkArgs;
use crate::error::Result;
use crate::pipeline::spec::{RetroicorSpec, RunSpec};
use crate::pipeline::{order, save};

/// Remove cardiac and respiratory noise from a run, slice by slice.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Task, confounds, drift and physiology are fitted jointly for each slice time; only the physiological part is subtracted and \
the voxel's mean is kept. The degrees of freedom spent stand in the sidecar, and boldly glm subtracts them later.

Example: boldly retroicor sub-01_bold.nii.gz --physio sub-01_physio.tsv.gz --events sub-01_events.tsv \\
    --out sub-01_desc-retroicor_bold.nii.gz")]
pub(super) struct Args {
    /// 4-D NIfTI image (.nii, .nii.gz, .hdr/.img) on its native slices
    bold: PathBuf,
    /// Recording: BIDS (.tsv.gz with its .json) or a scanner's log, see --physio-format; give it twice when pulse and
    /// breathing are apart
    #[arg(long, value_name = "LOG", required = true)]
    physio: Vec<PathBuf>,
    #[command(flatten)]
    physio_format: PhysioArgs,
    /// BIDS events, fitted jointly so that task signal stays
    #[arg(long, value_name = "TSV")]
    events: Option<PathBuf>,
    /// Confounds table, one row a volume, fitted jointly
    #[arg(long, value_name = "TSV", requires = "columns")]
    confounds: Option<PathBuf>,
    /// Image to write; its ending chooses .nii or .nii.gz
    #[arg(short, long, value_name = "IMAGE")]
    out: PathBuf,
    /// Peak table (of boldly physio, corrected by hand) whose beats take the place of detection
    #[arg(long, value_name = "TSV")]
    peaks: Option<PathBuf>,
    #[command(flatten)]
    record: RecordArgs,
    #[command(flatten)]
    design: DesignArgs,
    #[command(flatten)]
    timing: TimingArgs,
    #[command(flatten)]
    work: WorkArgs,
}

impl Args {
    pub(super) fn run(self, started: Instant) -> Result<ExitCode> {
        checks::image_name(&self.out)?;
        let run = RunSpec {
            bold: self.bold,
            sidecar: self.timing.sidecar,
            slice_times: self.timing.slice_times,
            tr: self.timing.tr,
            events: self.events,
            design: None,
            confounds: self.confounds,
            physio: self.physio,
            record: self.record.options(self.peaks),
            physio_formats: self.physio_format.formats,
        };
        let spec = RetroicorSpec { run, design: self.design.options() };
        self.work.run(started, &self.out, |session, terminal| {
            let by = self.design.criterion();
            let spec = order::for_retroicor(&mut session.ladder, spec, by, terminal)?;
            save::retroicor(session, &spec, &self.out, terminal)
        })
    }
}
