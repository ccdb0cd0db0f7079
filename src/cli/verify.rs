//! `boldly verify`.

use std::path::PathBuf;
use std::process::ExitCode;

use crate::cli::args::{MORE, MemoryArgs, TalkArgs};
use crate::cli::say;
use crate::error::Result;
use crate::pipeline::comparison::Comparison;
use crate::pipeline::verify::{Verified, verify};

/// Rerun finished outputs from their sidecars on the f64 CPU path and compare every voxel.
#[derive(Debug, clap::Args)]
#[command(after_help = MORE, after_long_help = "\
Looked at: every value within the mask, headers, tables, the checksums of all files, sidecars, and images that no sidecar \
lists. Exit code 1 when anything is not as the command made it; an input that is gone (66) or was changed (65) is named, its outputs are held \
against their checksums alone, and the rest is verified. Inputs are what a command itself read: of boldly bids the tables of a design and of maps that it wrote for it, not the events, confounds and \
participants.tsv that those were made of: the same boldly bids command does, and refuses columns of runs that they change until --overwrite. \
What was made on the CPU is made by the same code again: that shows that the files are whole, not that the \
arithmetic is right. Tolerances: docs/accuracy.md.

Example: boldly verify results")]
pub(super) struct Args {
    /// What boldly commands made: folders with all below them, images, tables, or sidecars
    #[arg(required = true)]
    outs: Vec<PathBuf>,
    #[command(flatten)]
    memory: MemoryArgs,
    #[command(flatten)]
    talk: TalkArgs,
}

impl Args {
    pub(super) fn run(self) -> Result<ExitCode> {
        let terminal = self.talk.terminal();
        let verified = verify(&self.outs, self.memory.mem, &terminal)?;
        drop(terminal);
        if self.talk.json {
            say::json(&verified.comparisons)?;
        } else {
            show(&verified, &self.talk)?;
        }
        Ok(exit_code(&verified))
    }
}

/// 1 when any output differs; else that of the first error, which are all said here.
pub(super) fn exit_code(verified: &Verified) -> ExitCode {
    verified.errors.iter().for_each(say::error);
    match (verified.comparisons.iter().all(Comparison::passed), verified.errors.first()) {
        (false, _) => ExitCode::from(1),
        (true, Some(error)) => ExitCode::from(error.exit_code()),
        (true, None) => ExitCode::SUCCESS,
    }
}

/// Says what was found: a result, or with `-q` what is wrong alone, as an error.
pub(super) fn show(verified: &Verified, talk: &TalkArgs) -> Result<()> {
    let text = text(verified, talk);
    if talk.quiet {
        text.lines().for_each(say::line);
        return Ok(());
    }
    say::result(&text)
}

/// One line when all is well; the outputs that differ; with `-v` all of them.
fn text(verified: &Verified, talk: &TalkArgs) -> String {
    let all: Vec<&Comparison> = verified.comparisons.iter().collect();
    let failed: Vec<&Comparison> = all.iter().copied().filter(|c| !c.passed()).collect();
    let mut text = match talk.verbose {
        0 if failed.is_empty() => String::new(),
        0 => table(&failed),
        _ => table(&all),
    };
    if !all.is_empty() && (!talk.quiet || !failed.is_empty()) {
        let text_of = match (failed.len(), verified.errors.is_empty()) {
            (1, false) => "1 output differs\n".to_owned(), // of how many is not known
            (n @ 2.., false) => format!("{n} outputs differ\n"),
            (n, _) => summary(&all, n, verified.commands),
        };
        text.push_str(&text_of);
    }
    if let (n @ 1.., false) = (verified.errors.len(), talk.quiet) {
        text.push_str(&format!("{n} could not be verified\n"));
    }
    text
}

fn summary(all: &[&Comparison], failed: usize, commands: usize) -> String {
    let outputs = match all.len() {
        1 => "the one output".to_owned(),
        n => format!("all {n} outputs"),
    };
    let of = if commands > 1 { format!(" of {commands} commands") } else { String::new() };
    if failed > 0 {
        return format!("{failed} of {} outputs{of} differ\n", all.len());
    }
    let values: usize = all.iter().map(|c| c.compared).sum();
    let worst = all.iter().map(|c| c.worst()).fold(0.0, f64::max);
    if values == 0 {
        let (is, their) = if all.len() == 1 { ("is", "its") } else { ("are", "their") };
        return format!("{outputs}{of} {is} as written, by {their} checksum\n");
    }
    let is = if all.len() == 1 { "is" } else { "are" };
    match all.iter().filter(|c| c.repeated).count() {
        0 => format!(
            "{outputs}{of} {is} verified: {values} values, the worst {worst:.2} of its tolerance off\n"
        ),
        n if n == all.len() => format!(
            "{outputs}{of} {is} repeated: {values} values, made on the f64 path, and the same when it makes them again\n"
        ),
        n => format!(
            "{outputs}{of} {is} verified: {values} values, the worst {worst:.2} of its tolerance off; {n} were made on the f64 \
             path itself, which only repeats them\n"
        ),
    }
}

/// Characters that names are lined up to, at most.
const WIDEST: usize = 200;

/// One line an image or table.
fn table(comparisons: &[&Comparison]) -> String {
    let names: Vec<String> = comparisons.iter().map(|c| say::one_line(&c.output)).collect();
    let width = names.iter().map(|name| name.chars().count()).max().unwrap_or(0).min(WIDEST);
    let mut text = format!(
        "{:<width$}  {:>10}  {:>20}  {:>14}  {:>14}  {:>10}  {:>6}\n",
        "output", "compared", "worst (i,j,k;row)", "got", "f64 path", "tolerance", "over"
    );
    for (c, name) in comparisons.iter().zip(&names) {
        for fault in &c.faults {
            text.push_str(&format!("{name:<width$}  {}\n", say::one_line(fault)));
        }
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
    text
}
