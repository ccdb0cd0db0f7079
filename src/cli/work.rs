//! What every command that makes files does around its own work.

use std::process::ExitCode;
use std::time::Instant;

use crate::cli::args::{DeviceArgs, OverwriteArgs, TalkArgs, heading};
use crate::cli::progress::Terminal;
use crate::cli::say;
use crate::error::Result;
use crate::pipeline::products::Layout;
use crate::pipeline::session::Session;
use crate::pipeline::spec::Command;
use crate::pipeline::verify::{Verified, verify};
use crate::pipeline::weigh;
use crate::pipeline::written::{Saved, Written};

/// The arguments after a command's own.
#[derive(Debug, clap::Args)]
pub(super) struct WorkArgs {
    /// Verify the output on the f64 path afterwards
    ///
    /// With --json the line is {"provenance": ..., "verify": [...]}
    #[arg(help_heading = heading::OUTPUT, long)]
    verify: bool,
    #[command(flatten)]
    pub replace: OverwriteArgs,
    #[command(flatten)]
    device: DeviceArgs,
    #[command(flatten)]
    talk: TalkArgs,
}

impl WorkArgs {
    /// Whether the result is wanted as a line of JSON.
    pub fn is_json(&self) -> bool {
        self.talk.json
    }

    /// Run one command whose outputs go to a place. `resolve`: what the device decides of it.
    pub fn run(
        &self,
        started: Instant,
        layout: Layout,
        resolve: impl FnOnce(&mut Session<'_>) -> Result<Command>,
    ) -> Result<ExitCode> {
        self.work(started, |session| {
            let command = resolve(session)?;
            weigh::settle(session, [&command]);
            let mut written = Written::new(layout, self.replace.choice())?;
            command.run(session, &mut written)?;
            Ok(written)
        })
    }

    /// Open the device, do the work, say what was written, verify it where that is asked.
    pub fn work(
        &self,
        started: Instant,
        work: impl FnOnce(&mut Session<'_>) -> Result<Written>,
    ) -> Result<ExitCode> {
        let terminal = self.talk.terminal();
        let mut session = self.device.session(started, &terminal)?;
        let saved = work(&mut session)?.commit()?;
        saved.iter().for_each(|one| terminal.done(one));
        let files: Vec<_> = saved.iter().flat_map(|one| one.files.clone()).collect();
        let verified = if self.verify {
            Some(verify(&files, self.device.memory.mem, &terminal)?)
        } else {
            None
        };
        self.print(&saved, verified.as_ref(), terminal)?;
        Ok(verified.map_or(ExitCode::SUCCESS, |verified| super::verify::exit_code(&verified)))
    }

    fn print(
        &self,
        saved: &[Saved],
        verified: Option<&Verified>,
        terminal: Terminal,
    ) -> Result<()> {
        drop(terminal);
        // of one image its own, of several a list
        let provenance = match saved {
            [one] => serde_json::json!(one.provenance),
            all => serde_json::json!(all.iter().map(|one| &one.provenance).collect::<Vec<_>>()),
        };
        match (verified, self.talk.json) {
            (Some(v), true) => {
                let verified = &v.comparisons;
                say::json(&serde_json::json!({ "provenance": provenance, "verify": verified }))
            }
            (None, true) => say::json(&provenance),
            (Some(v), false) => super::verify::show(v, &self.talk),
            (None, false) => Ok(()),
        }
    }
}
