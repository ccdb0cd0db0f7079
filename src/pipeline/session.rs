//! The process around a command: how it was called, the device with what to do when it fails, and who watches.

use std::time::Instant;

use crate::pipeline::blocks::Ladder;
use crate::pipeline::watch::{Journal, Watch};

/// What the commands of one process share.
pub struct Session<'a> {
    /// The command line as it was typed.
    pub command_line: Vec<String>,
    /// When it began.
    pub started: Instant,
    /// The device, and what to do when it fails.
    pub ladder: Ladder,
    /// Who is told, and the warnings so far of the command that runs.
    pub watch: Journal<'a>,
}

impl<'a> Session<'a> {
    /// A session that begins now.
    #[must_use]
    pub fn new(command_line: Vec<String>, ladder: Ladder, watch: &'a dyn Watch) -> Session<'a> {
        Session { command_line, started: Instant::now(), ladder, watch: Journal::new(watch) }
    }
}
