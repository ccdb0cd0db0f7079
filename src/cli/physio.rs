//! `boldly physio`.

use std::path::PathBuf;
use std::process::ExitCode;

use crate::cli::args::{
    self, MORE, OverwriteArgs, PhysioArgs, RecordArgs, TalkArgs, TimingArgs, heading,
};
use crate::cli::say;
use crate::error::Result;
use crate::gpu::Device;
use crate::physio::Terms;
use crate::pipeline::blocks::Ladder;
use crate::pipeline::physio;
use crate::pipeline::session::Session;
use crate::pipeline::spec::{Command, PhysioSpec};
use crate::pipeline::written::Written;

/// Turn pulse and breathing into regressors, and their peaks into a table that can be corrected by hand.
#[derive(Debug, clap::Args)]
#[command(after_help = MORE, after_long_help = "\
Written, each name beginning with PREFIX:
  _desc-retroicor_timeseries.tsv, .json      a row a volume, at the middle slice (BIDS)
  _desc-retroicorSlices_regressors.tsv, .json  a row for each volume and slice, at the slice's own time
  _desc-retroicor.slibase.1D                 the same for AFNI (3dREMLfit -slibase_sm)
  _desc-retroicor_multiple_regressors.txt    the volume-wise columns for SPM, as PhysIO writes them
  _desc-peaks_events.tsv, .json              beats and breaths; edit status (ok, added, removed) or rows, then --peaks
  _desc-retroicor_summary.json               beats, rates, flagged stretches, extrapolated share, alignment
  _physio_summary.tsv, .json                 one row: whose run, heart and breathing rate, RVT; a covariate of a group, an outcome of a trial
  _desc-physio_qc.html                       the same to look at: traces, rates, phase coverage, what to do next
Where slice times are not known or were corrected for, the columns are at the frame times and none by slice.

Example: boldly physio --physio sub-01_physio.tsv.gz --bold sub-01_bold.nii.gz --out derivatives/sub-01")]
pub(super) struct Args {
    /// Recording: BIDS or a scanner's log
    ///
    /// BIDS (.tsv.gz with its .json) or a scanner's log, see --physio-format; two when pulse and breathing are apart
    #[arg(help_heading = heading::PHYSIOLOGY, long, value_name = "LOG", required = true, num_args = 1..)]
    physio: Vec<PathBuf>,
    /// The run it belongs to
    ///
    /// Volumes, TR and slice times come from it and its sidecar
    #[arg(help_heading = heading::INPUTS, long, value_name = "IMAGE", conflicts_with = "volumes")]
    bold: Option<PathBuf>,
    /// Volumes of the run, without --bold
    ///
    /// --tr or --sidecar says the rest; a Siemens _Info.log, also in a DICOM file, says all of it itself
    #[arg(help_heading = heading::INPUTS, long, value_name = "N")]
    volumes: Option<usize>,
    /// What the outputs' names begin with, or a folder
    ///
    /// A folder exists, or its name ends in /
    #[arg(help_heading = heading::OUTPUT, short, long, value_name = "PREFIX|DIR/")]
    out: PathBuf,
    /// Physiological terms: orders or a preset
    ///
    /// Cardiac/respiratory/interaction orders, or a preset: harvey (3/4/1x1), afni (2/2/0), fsl (4/4/2x2), and slow terms behind a
    /// +, as 'harvey+rvt(0,5,10)+hr'; boldly glm --help says all
    #[arg(help_heading = heading::PHYSIOLOGY, long, value_name = "TERMS", default_value = "harvey")]
    terms: Terms,
    /// Peak table to use in place of detection
    #[arg(help_heading = heading::PHYSIOLOGY, long, value_name = "TSV")]
    peaks: Option<PathBuf>,
    #[command(flatten)]
    physio_format: PhysioArgs,
    #[command(flatten)]
    record: RecordArgs,
    #[command(flatten)]
    timing: TimingArgs,
    #[command(flatten)]
    replace: OverwriteArgs,
    #[command(flatten)]
    talk: TalkArgs,
}

impl Args {
    pub(super) fn run(self) -> Result<ExitCode> {
        let spec = PhysioSpec {
            physio: self.physio,
            physio_formats: self.physio_format.formats,
            record: self.record.options(self.peaks),
            terms: self.terms,
            bold: self.bold,
            sidecar: self.timing.sidecar,
            slice_times: self.timing.slice_times,
            tr: self.timing.tr,
            volumes: self.volumes,
        };
        let layout = physio::layout(&self.out, &spec.physio);
        let terminal = self.talk.terminal();
        let ladder = Ladder::around(Device::cpu());
        let mut session = Session::new(args::command_line(), ladder, &terminal);
        let mut written = Written::new(layout, self.replace.choice())?;
        Command::Physio(spec).run(&mut session, &mut written)?;
        let saved = written.commit()?;
        saved.iter().for_each(|one| terminal.done(one));
        if self.talk.json {
            let files = saved.iter().flat_map(|one| &one.files);
            let summary = files
                .filter(|path| path.to_string_lossy().ends_with("desc-retroicor_summary.json"));
            for path in summary {
                say::json(&crate::io::bids::read_json(path)?)?;
            }
        }
        match saved.iter().find_map(|one| physio::refused(&one.provenance)) {
            Some(refused) => Err(refused),
            None => Ok(ExitCode::SUCCESS),
        }
    }
}
