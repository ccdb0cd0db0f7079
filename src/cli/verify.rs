//! `boldly verify`.

use std::path::PathBuf;
use std::process::ExitCode;

use crate::cli::args::{MemoryArgs, TalkArgs};
use crate::cli::say;
use crate::error::Result;
use crate::pipeline::comparison::Comparison;
use crate::pipeline::verify::verify;

/// Rerun a finished output from its sidecar on the f64 CPU path and compare every voxel.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Exit code 1 when any voxel lies outside its tolerance. Tolerances: docs/accuracy.md.

Example: boldly verify results")]
pub(super) struct Args {
    /// The --out of a boldly command: a folder, an image or its sidecar
    out: PathBuf,
    #[command(flatten)]
    memory: MemoryArgs,
    #[command(flatten)]
    talk: TalkArgs,
}

impl Args {
    pub(super) fn run(self) -> Result<ExitCode> {
        let comparisons =
            verify(std::slice::from_ref(&self.out), self.memory.mem, &self.talk.terminal())?;
        if self.talk.json {
            say::json(&comparisons)?;
        } else {
            say::result(&table(&comparisons))?;
        }
        Ok(exit_code(&comparisons))
    }
}

/// 1 when any output differs.
pub(super) fn exit_code(comparisons: &[Comparison]) -> ExitCode {
    let passed = comparisons.iter().all(Comparison::passed);
    if passed { ExitCode::SUCCESS } else { ExitCode::from(1) }
}

/// One line an image or table.
pub(super) fn table(comparisons: &[Comparison]) -> String {
    let names: Vec<String> = comparisons.iter().map(|c| say::one_line(&c.output)).collect();
    let width = names.iter().map(|name| name.chars().count()).max().unwrap_or(0);
    let mut text = format!(
        "{:<width$}  {:>10}  {:>20}  {:>14}  {:>14}  {:>10}  {:>6}\n",
        "output", "compared", "worst (i,j,k;row)", "got", "f64 path", "tolerance", "over"
    );
    for (c, name) in comparisons.iter().zip(&names) {
        c.faults.iter().for_each(|fault| {
            text.push_str(&format!("{name:<width$}  {}\n", say::one_line(fault)))
        });
        if c.compared == 0 {
            if c.faults.is_empty() {
                text.push_str(&format!("{name:<width$}  {:>10}\n", "checksum"));
            }
            continue;
        }
        let [i, j, k, row] = c.worst_at;
        text.push_str(&format!(
            "{name:<width$}  {:>10}  {:>20}  {:>14.7e}  {:>14.7e}  {:>10.2e}  {:>6}\n",
            c.compared,
            format!("{i},{j},{k};{row}"),
            c.got,
            c.want,
            c.tolerance,
            c.over
        ));
    }
    let failed = comparisons.iter().filter(|c| !c.passed()).count();
    text.push_str(&match (failed, comparisons.len()) {
        (0, 1) => "the one output is verified\n".to_owned(),
        (0, n) => format!("all {n} outputs are verified\n"),
        (_, n) => format!("{failed} of {n} outputs differ\n"),
    });
    text
}
