//! `boldly manual`.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Command;

use crate::cli::definition;
use crate::error::{Error, Result};
use crate::io::{Outputs, read_text};

/// Write the manual pages boldly.1, boldly-glm.1, ... into a folder; `man -l FOLDER/boldly-glm.1` shows one.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Example: boldly manual ~/.local/share/man/man1 && man boldly-glm")]
pub(super) struct Args {
    /// Where they go; files of these names are replaced if they are manual pages of boldly's
    #[arg(value_name = "FOLDER")]
    folder: PathBuf,
}

impl Args {
    pub(super) fn run(self) -> Result<ExitCode> {
        let mut outputs = Outputs::new();
        outputs.folder(&self.folder)?;
        let mut whole = without_help(definition());
        whole.build();
        self.write(&whole, &mut outputs)?;
        outputs.commit()?;
        Ok(ExitCode::SUCCESS)
    }

    /// The page of a command, and of each below it.
    fn write(&self, command: &Command, outputs: &mut Outputs) -> Result<()> {
        let name = command.get_display_name().unwrap_or("boldly");
        let path = self.folder.join(format!("{name}.1"));
        refuse_another(&path)?;
        outputs.bytes(&path, &page(command)?)?;
        command.get_subcommands().try_for_each(|below| self.write(below, outputs))
    }
}

/// A command without `help`, of which the pages are all there is.
fn without_help(command: Command) -> Command {
    command.disable_help_subcommand(true).mut_subcommands(without_help)
}

/// A manual page in roff. What the help says behind its options comes as notes and examples, these as they are to be typed.
fn page(command: &Command) -> Result<Vec<u8>> {
    let mut page = Vec::new();
    render(command, &mut page).map_err(|e| {
        Error::internal("a manual page", "could not be written", "be", "please report it")
            .caused_by(e)
    })?;
    Ok(page)
}

fn render(command: &Command, page: &mut Vec<u8>) -> std::io::Result<()> {
    let name = command.get_display_name().unwrap_or("boldly");
    let man = clap_mangen::Man::new(command.clone());
    // Names of files and options are not to be broken.
    let version = env!("CARGO_PKG_VERSION");
    writeln!(page, ".TH {name} 1 \"\" \"boldly {version}\" \"boldly\"\n.nh\n.ad l")?;
    man.render_name_section(page)?;
    let usage = command.clone().render_usage().to_string();
    let usage: Vec<&str> = usage.lines().map(|line| line.trim_start_matches("Usage:")).collect();
    section(page, "SYNOPSIS", &usage.iter().map(|line| line.trim()).collect::<Vec<_>>())?;
    man.render_description_section(page)?;
    man.render_options_section(page)?;
    if command.has_subcommands() {
        man.render_subcommands_section(page)?;
    }
    let behind = command.get_after_long_help().or(command.get_after_help());
    let behind = behind.map(ToString::to_string).unwrap_or_default();
    let is_example = |text: &&str| text.starts_with("Example");
    let (examples, notes): (Vec<&str>, Vec<&str>) =
        behind.split("\n\n").filter(|text| !text.trim().is_empty()).partition(is_example);
    if !notes.is_empty() {
        writeln!(page, ".SH NOTES")?;
        for text in notes {
            writeln!(page, ".PP")?;
            text.lines().try_for_each(|line| writeln!(page, "{}", literal(line)))?;
        }
    }
    let lines: Vec<&str> =
        examples.iter().flat_map(|text| text.lines().map(typed).chain([""])).collect();
    section(page, "EXAMPLES", &lines)
}

/// A line of an example without what stands before it: its heading, or the room below that.
fn typed(line: &str) -> &str {
    const BELOW: &str = "          ";
    let heads = ["Examples:", "Example:", BELOW];
    heads.iter().find_map(|head| line.strip_prefix(head)).map_or(line, str::trim_start)
}

/// A section of lines that stand as they are; none without lines.
fn section(page: &mut Vec<u8>, title: &str, lines: &[&str]) -> std::io::Result<()> {
    if lines.is_empty() {
        return Ok(());
    }
    writeln!(page, ".SH {title}\n.nf")?;
    lines.iter().try_for_each(|line| writeln!(page, "{}", literal(line)))?;
    writeln!(page, ".fi")
}

/// A line that holds no request of roff's.
fn literal(line: &str) -> String {
    let line = line.replace('\\', "\\e").replace('-', "\\-").replace('\'', "\\(aq");
    if line.starts_with('.') { format!("\\&{line}") } else { line }
}

/// Refuses to replace what is no manual page of boldly's.
fn refuse_another(path: &Path) -> Result<()> {
    let ours = |text: &str| text.contains(".TH boldly");
    // A link that leads nowhere is there too; a pipe is not waited for.
    if path.symlink_metadata().is_err_and(|e| e.kind() == std::io::ErrorKind::NotFound) {
        return Ok(());
    }
    match read_text(path) {
        Ok(text) if ours(&text) => Ok(()),
        _ => Err(Error::usage(
            path.display().to_string(),
            "is there and no manual page of boldly's",
            "not be replaced",
            "name another folder",
        )),
    }
}
