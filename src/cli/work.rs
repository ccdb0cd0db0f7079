//! What every command that makes images does around its own work.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

use crate::cli::args::{DeviceArgs, TalkArgs};
use crate::cli::progress::Terminal;
use crate::error::Result;
use crate::pipeline::save::{Saved, Session};
use crate::pipeline::verify::verify_all;

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
        work: impl FnOnce(&mut Session, &Terminal) -> Result<Vec<Saved>>,
    ) -> Result<ExitCode> {
        let mut session = self.device.session(started)?;
        let terminal = self.talk.terminal();
        let saved = work(&mut session, &terminal)?;
        saved.iter().for_each(|one| terminal.done(&one.out, &one.provenance));
        let outs = saved.iter().flat_map(|one| std::iter::once(&one.out).chain(&one.maps));
        let outs: Vec<PathBuf> = outs.cloned().collect();
        let comparisons = if self.verify { Some(verify_all(&outs, &terminal)?) } else { None };
        drop(terminal);
        // of one image its own, of several a list
        let provenance = match &saved[..] {
            [one] => serde_json::json!(one.provenance),
            all => serde_json::json!(all.iter().map(|one| &one.provenance).collect::<Vec<_>>()),
        };
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
