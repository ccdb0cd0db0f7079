//! What every command that makes images does around its own work.

use std::path::Path;
use std::process::ExitCode;
use std::time::Instant;

use crate::cli::args::{DeviceArgs, TalkArgs};
use crate::cli::progress::Terminal;
use crate::error::Result;
use crate::pipeline::provenance::Provenance;
use crate::pipeline::save::Session;
use crate::pipeline::verify::verify;

/// The arguments after a command's own.
#[derive(Debug, clap::Args)]
pub(super) struct WorkArgs {
    /// Verify the output on the f64 path afterwards; with --json the line is {"provenance": ..., "verify": [...]}
    #[arg(long)]
    verify: bool,
    #[command(flatten)]
    device: DeviceArgs,
    #[command(flatten)]
    talk: TalkArgs,
}

impl WorkArgs {
    /// Open the device, do the work, say what was written, verify it where that is asked.
    pub fn run(
        &self,
        started: Instant,
        out: &Path,
        work: impl FnOnce(&mut Session, &Terminal) -> Result<Provenance>,
    ) -> Result<ExitCode> {
        let mut session = self.device.session(started)?;
        let terminal = self.talk.terminal();
        let provenance = work(&mut session, &terminal)?;
        terminal.done(out, &provenance);
        let comparisons = if self.verify { Some(verify(out, &terminal)?) } else { None };
        drop(terminal);
        match (&comparisons, self.talk.json) {
            (Some(c), true) => {
                super::print_json(&serde_json::json!({ "provenance": provenance, "verify": c }))?;
            }
            (None, true) => super::print_json(&provenance)?,
            (Some(c), false) => super::print(&super::verify::table(c))?,
            (None, false) => {}
        }
        Ok(comparisons.map_or(ExitCode::SUCCESS, |c| super::verify::exit_code(&c)))
    }
}
