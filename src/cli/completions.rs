//! `boldly completions`.

use std::process::ExitCode;

use clap_complete::Shell;

use crate::cli::{definition, say};
use crate::error::Result;

/// Print a script that makes a shell complete boldly's commands, options and their values.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples: boldly completions bash > ~/.local/share/bash-completion/completions/boldly
          boldly completions zsh > ~/.zfunc/_boldly
          boldly completions fish > ~/.config/fish/completions/boldly.fish")]
pub(super) struct Args {
    /// bash, elvish, fish, powershell or zsh
    #[arg(value_name = "SHELL", hide_possible_values = true)]
    shell: Shell,
}

impl Args {
    pub(super) fn run(self) -> Result<ExitCode> {
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut definition(), "boldly", &mut script);
        say::plain(&script)?;
        Ok(ExitCode::SUCCESS)
    }
}
