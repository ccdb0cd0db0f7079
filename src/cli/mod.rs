//! The command line: a file a subcommand, each its arguments and then its run. Nothing is computed here.

use std::process::ExitCode;
use std::time::Instant;

use clap::{FromArgMatches, Parser, Subcommand};

use crate::error::Result;
use crate::io::interrupt;

mod args;
mod bench;
mod bids;
mod calibrate;
mod checks;
mod codes;
mod columns;
mod completions;
mod confounds;
mod connect;
mod demo;
mod demo_group;
mod demo_trial;
mod devices;
mod drivers;
mod echoes;
mod endpoints;
mod glm;
mod group;
mod heading;
mod heap;
mod inference;
mod manual;
mod memory;
mod models;
mod needs;
mod own_run;
mod physio;
mod progress;
mod regions;
mod retroicor;
mod runs;
mod say;
mod shared;
mod simulate;
mod smooth;
mod suggest;
mod threads;
mod unlike;
mod verify;
mod voxelwise;
mod work;

/// Reanalyse BOLD fMRI on any GPU: RETROICOR, smoothing and the GLM, every map verified against an f64 CPU path.
#[derive(Debug, Parser)]
#[command(name = "boldly", version, max_term_width = 100)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// First-level model of one or more runs: correct, smooth, fit, contrast
    Glm(Box<glm::Args>),
    /// Test a group's maps: two samples, repeated measures, covariates
    Group(Box<group::Args>),
    /// Compare a trial's arms: outcomes, responders, adverse events, pain tests, brain and behaviour
    Trial(Box<endpoints::Args>),
    /// Fit a BIDS Stats Model to a dataset of preprocessed runs, from runs to the group
    Bids(Box<bids::Args>),
    /// Remove cardiac and respiratory noise from runs and their echoes (RETROICOR), and map what it brought
    Retroicor(Box<retroicor::Args>),
    /// Turn pulse and breathing into regressor files and a peak table that can be corrected
    Physio(Box<physio::Args>),
    /// Make confounds from the run itself: means of CSF, white matter and brain, aCompCor and tCompCor
    Confounds(Box<confounds::Args>),
    /// Correlate regions with every voxel and with each other
    Connect(Box<connect::Args>),
    /// Smooth a run with a Gaussian, optionally within a mask
    Smooth(smooth::Args),
    /// Rerun a finished output on the f64 CPU path and compare every voxel
    Verify(verify::Args),
    /// Analyse the shipped example and show what the correction brought
    Demo(demo::Args),
    /// Make a BIDS-shaped dataset with known truth
    Simulate(simulate::Args),
    /// Measure every stage on this machine
    Bench(bench::Args),
    /// Count what each noise model finds in runs where there is nothing
    Calibrate(Box<calibrate::Args>),
    /// List adapters, their limits and what the numerics probe finds
    Devices(devices::Args),
    /// Print what a shell needs to complete commands, options and their values
    Completions(completions::Args),
    /// Write the manual pages, one a command
    Manual(manual::Args),
}

/// The command line's definition: commands, options, their types and defaults.
#[must_use]
pub fn definition() -> clap::Command {
    let all = <Cli as clap::CommandFactory>::command();
    let all = all.mut_subcommand("bids", bids::with_underscores);
    codes::told(all).mut_subcommands(negative)
}

/// A number below 0 is an option's value, which the option itself then refuses in its own words, and not an option that nobody knows.
fn negative(command: clap::Command) -> clap::Command {
    command.mut_args(|arg| match arg.get_action().takes_values() && !arg.is_positional() {
        true => arg.allow_negative_numbers(true),
        false => arg,
    })
}

/// Parse, run, and turn an error into a message on standard error and an exit code.
#[must_use]
pub fn main() -> ExitCode {
    let started = Instant::now();
    drivers::hush();
    heap::keep_blocks_apart();
    let done = interrupt::install().and_then(|()| checks::utf8()).and_then(|()| {
        let parsed = definition().try_get_matches();
        let parsed = parsed.and_then(|matches| {
            Cli::from_arg_matches(&matches).map(|cli| (cli, needs::check(&matches)))
        });
        let cli = match parsed {
            Ok((cli, whole)) => whole.map(|()| cli)?,
            // --help and --version arrive here too, with exit code 0
            Err(usage) => {
                let usage = suggest::with_tips(usage, &args::command_line());
                return Ok(say::usage(&usage).into());
            }
        };
        threads::run(|| cli.command.run(started))
    });
    done.unwrap_or_else(|error| {
        let error = interrupt::told(error);
        say::error(&error);
        ExitCode::from(error.exit_code())
    })
}

impl Command {
    fn run(self, started: Instant) -> Result<ExitCode> {
        match self {
            Command::Glm(args) => args.run(started),
            Command::Group(args) => args.run(started),
            Command::Trial(args) => args.run(),
            Command::Bids(args) => args.run(started),
            Command::Retroicor(args) => args.run(started),
            Command::Physio(args) => args.run(),
            Command::Confounds(args) => args.run(started),
            Command::Connect(args) => args.run(started),
            Command::Smooth(args) => args.run(started),
            Command::Verify(args) => args.run(),
            Command::Demo(args) => args.run(started),
            Command::Simulate(args) => args.run(),
            Command::Bench(args) => args.run(),
            Command::Calibrate(args) => args.run(),
            Command::Devices(args) => args.run(),
            Command::Completions(args) => args.run(),
            Command::Manual(args) => args.run(),
        }
    }
}
