//! `boldly manual`.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Command;

use crate::cli::definition;
use crate::error::{Error, Result};
use crate::io::Outputs;

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
        let mut whole = definition();
        whole.build();
        let commands: Vec<&Command> =
            whole.get_subcommands().filter(|command| command.get_name() != "help").collect();
        for command in std::iter::once(&whole).chain(commands) {
            let name = command.get_display_name().unwrap_or("boldly");
            let path = self.folder.join(format!("{name}.1"));
            refuse_another(&path)?;
            outputs.bytes(&path, &page(command)?)?;
        }
        outputs.commit()?;
        Ok(ExitCode::SUCCESS)
    }
}

/// A manual page in roff.
fn page(command: &Command) -> Result<Vec<u8>> {
    let mut page = Vec::new();
    let source = concat!("boldly ", env!("CARGO_PKG_VERSION"));
    let man = clap_mangen::Man::new(command.clone()).source(source).manual("boldly");
    man.render(&mut page).map_err(|e| {
        Error::internal("a manual page", "could not be written", "be", "please report it")
            .caused_by(e)
    })?;
    Ok(page)
}

/// Refuses to replace what is no manual page of boldly's.
fn refuse_another(path: &Path) -> Result<()> {
    let ours = |text: &str| text.contains(".TH boldly");
    match std::fs::read_to_string(path) {
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(()),
        Ok(text) if ours(&text) => Ok(()),
        _ => Err(Error::usage(
            path.display().to_string(),
            "is there and no manual page of boldly's",
            "not be replaced",
            "name another folder",
        )),
    }
}
