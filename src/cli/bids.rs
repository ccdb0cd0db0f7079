//! `boldly bids`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

use crate::bids::describe;
use crate::cli::args::{DeviceArgs, MORE, OverwriteArgs, TalkArgs, heading};
use crate::cli::columns::strategy;
use crate::cli::say;
use crate::design::Strategy;
use crate::error::{Error, Result};
use crate::pipeline::bids::{self, Done, Plan};
use crate::pipeline::spec::{AppLevel, BidsSpec, MADE_MODEL, MadeModel, Missing, Wanted};
use crate::pipeline::watch::{Quiet, Watch};

mod filter;
mod fit;

use filter::Filter;
use fit::FitArgs;

/// Fit a BIDS Stats Model to a dataset: runs, sessions, subjects, dataset.
#[derive(Debug, clap::Args)]
#[command(after_help = MORE, after_long_help = "\
BIDS_DIR is the raw dataset with events and participants.tsv; preprocessed runs lie in its derivatives, or where -d says. Each run's design is made by \
the model's transformations at the run's own frame times (StartTime counted), fitted as boldly glm does; estimates go up by the model's edges: fixed \
effects at nodes of Type meta, least squares at Type glm. All units are checked before the first fit (--dry-run stops there). Where one fails the others \
are completed, and the exit code is 1.

Levels: run; session; participant, up to subjects; dataset or group, everything. What lower levels left in OUT is taken as it is where its inputs and \
options are the same, so that participants may be fitted one by one, also at once, and the dataset at the end.

Into OUT go node-NAME/[sub-X/][ses-Y/]..._contrast-C_stat-{effect,variance,t|F,z,p}_statmap.nii.gz with a JSON each, _design.tsv, masks, \
dataset_description.json, .bidsignore, README and the model. boldly verify OUT runs every unit again.

Example: boldly bids ds005 out participant -m model-risk_smdl.json --participant-label 01 02 --fwhm 5

Example: boldly bids ds005 out dataset -m model-risk_smdl.json

Example: boldly bids ds005 out participant --task risk --contrast 'gamble=gain - loss'

Example: boldly bids --validate model-risk_smdl.json")]
#[command(group(clap::ArgGroup::new("asked").args(["contrasts", "f_contrasts"]).multiple(true)))]
pub(super) struct Args {
    /// Check a model's file alone; needs no data
    #[arg(help_heading = heading::RUNNING, long, value_name = "MODEL", exclusive = true)]
    validate: Option<PathBuf>,
    /// The raw BIDS dataset
    #[arg(required_unless_present = "validate")]
    bids_dir: Option<PathBuf>,
    /// The folder of results
    #[arg(required_unless_present = "validate")]
    out: Option<PathBuf>,
    /// run, session, participant, group or dataset
    #[arg(required_unless_present = "validate", value_enum, hide_possible_values = true)]
    level: Option<LevelName>,
    /// The BIDS Stats Model, a JSON file; relative to where you are
    #[arg(help_heading = heading::MODEL, short, long, value_name = "JSON")]
    model: Option<PathBuf>,
    /// Without a model: make one of these tasks
    ///
    /// Conditions of trial_type, each convolved with SPM's response; confounds by --strategy; runs to subjects by fixed effects, subjects to the dataset. It
    /// is written into OUT as a Stats Model, to be read and changed
    #[arg(help_heading = heading::MODEL, long, value_name = "TASK", num_args = 1.., conflicts_with_all = ["model", "validate"], requires = "asked")]
    task: Vec<String>,
    /// t contrast of --task over conditions: 'pain=pain-control'
    #[arg(help_heading = heading::MODEL, long = "contrast", value_name = "EXPR", allow_hyphen_values = true, requires = "task")]
    contrasts: Vec<String>,
    /// F contrast of --task, rows separated by semicolons
    #[arg(help_heading = heading::MODEL, long = "f-contrast", value_name = "ROWS", allow_hyphen_values = true, requires = "task")]
    f_contrasts: Vec<String>,
    /// Confounds of --task by name [default: 24p]
    ///
    /// 6p, 12p, 24p, 36p, simple, scrubbing or compcor, as for boldly glm, with the table's cosines and volumes before the steady state; scrubbing has a column for each outlier,
    /// compcor the components of both tissues together, which must be the same in all runs
    #[arg(help_heading = heading::MODEL, long, value_name = "NAME", requires = "task", value_parser = strategy)]
    strategy: Option<Strategy>,
    /// Derivatives [default: BIDS_DIR/derivatives]
    ///
    /// Datasets, or folders of such; also NAME=DIR, as fMRIPrep takes them
    #[arg(help_heading = heading::INPUTS, short, long, alias = "datasets", value_name = "DIR", num_args = 1..)]
    derivatives: Vec<PathBuf>,
    /// Subjects, with or without sub-; else all
    #[arg(help_heading = heading::INPUTS, long, value_name = "LABEL", num_args = 1..)]
    participant_label: Vec<String>,
    /// Space of the images [default: MNI152NLin2009cAsym]
    ///
    /// Or that of the model's Input; `none`: images whose names have no space
    #[arg(help_heading = heading::INPUTS, long, value_name = "NAME")]
    space: Option<String>,
    /// desc- of the images [default: preproc]; none: of raw runs
    #[arg(help_heading = heading::INPUTS, long, value_name = "NAME")]
    desc_label: Option<String>,
    /// Which images: a JSON file {"bold": {"run": "1"}}
    ///
    /// Entities by their long or short names, each a value or a list of values
    #[arg(help_heading = heading::INPUTS, long, value_name = "JSON")]
    bids_filter_file: Option<PathBuf>,
    /// Where a run lacks a column of X
    ///
    /// `error`, or `drop`: the run is fitted without it, and said; contrasts of it are missing then
    #[arg(help_heading = heading::MODEL, long, value_enum, value_name = "error|drop", hide_possible_values = true, default_value = "error")]
    missing_variable: DropName,
    /// Where a contrast cannot be asked
    ///
    /// A run without one of its conditions, or a subject without its estimate. `error`, or `skip`: it is left out there, and said
    #[arg(help_heading = heading::MODEL, long, value_enum, value_name = "error|skip", hide_possible_values = true, default_value = "error")]
    missing_contrast: SkipName,
    /// As FitLins: drop columns, skip contrasts
    ///
    /// --missing-variable drop and --missing-contrast skip
    #[arg(help_heading = heading::MODEL, long)]
    drop_missing: bool,
    /// Print what would be done, and do nothing
    #[arg(help_heading = heading::RUNNING, long)]
    dry_run: bool,
    /// Make the pages again of what OUT holds, and fit nothing
    ///
    /// What is not there, or was made by another model or other options, is listed on them
    #[arg(help_heading = heading::RUNNING, long, conflicts_with = "dry_run")]
    reports_only: bool,
    #[command(flatten)]
    fit: FitArgs,
    #[command(flatten)]
    replace: OverwriteArgs,
    #[command(flatten)]
    device: DeviceArgs,
    #[command(flatten)]
    talk: TalkArgs,
}

#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum LevelName {
    Run,
    Session,
    Participant,
    Group,
    Dataset,
}

#[derive(Debug, Clone, Copy, PartialEq, clap::ValueEnum)]
enum DropName {
    Error,
    Drop,
}

#[derive(Debug, Clone, Copy, PartialEq, clap::ValueEnum)]
enum SkipName {
    Error,
    Skip,
}

/// Options may be spelled with underscores, as scripts of other BIDS Apps do.
pub(super) fn with_underscores(command: clap::Command) -> clap::Command {
    command.mut_args(|option| {
        let names = [option.get_long().map(|name| vec![name]), option.get_all_aliases()];
        let names: Vec<String> = names
            .into_iter()
            .flatten()
            .flatten()
            .filter(|name| name.contains('-'))
            .map(|name| name.replace('-', "_"))
            .collect();
        // A definition is made once a process, and keeps its names for good.
        names.into_iter().fold(option, |option, name| option.alias(&*name.leak()))
    })
}

impl Args {
    pub(super) fn run(self, started: Instant) -> Result<ExitCode> {
        if let Some(model) = &self.validate {
            return validate(model);
        }
        let spec = self.spec()?;
        let terminal = self.talk.terminal();
        let plan = bids::plan(spec, &terminal)?;
        if self.dry_run {
            plan.check(self.replace.choice())?;
            drop(terminal);
            if self.talk.json {
                say::json(&plan.json())?;
                return Ok(ExitCode::SUCCESS);
            }
            say::result(&plan.table())?;
            return Ok(ExitCode::SUCCESS);
        }
        // What single commands say is in their sidecars.
        let below: &dyn Watch = if self.talk.verbose > 1 { &terminal } else { &Quiet };
        let mut session = self.device.session(started, below)?;
        let done = match self.reports_only {
            true => plan.report(&session, &terminal)?,
            false => plan.run(&mut session, self.replace.choice(), &terminal)?,
        };
        drop(session);
        drop(terminal);
        self.tell(&done, &plan, started)?;
        let is_whole = done.failed.is_empty() && done.lacking.is_empty();
        Ok(if is_whole { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }

    fn tell(&self, done: &Done, plan: &Plan, started: Instant) -> Result<()> {
        let frame_times = plan.frame_times();
        let mut of: Vec<(&str, Vec<&str>)> = Vec::new();
        for (unit, lacks) in &done.lacking {
            match of.iter_mut().find(|(known, _)| known == lacks) {
                Some((_, units)) => units.push(unit),
                None => of.push((lacks, vec![unit])),
            }
        }
        if self.talk.quiet {
            // Warnings of them are not printed then, and what fails is no warning.
            for (unit, error) in &done.failed {
                say::line(&format!("boldly: {unit} failed: {error}"));
            }
        }
        for (lacks, units) in of {
            say::line(&match &units[..] {
                [unit] => format!("boldly: {unit} was not begun: it needs {lacks}"),
                [first, more @ ..] => format!(
                    "boldly: {first} and {} were not begun: each needs {lacks}",
                    say::counted(more.len(), "more unit")
                ),
                [] => String::new(),
            });
        }
        if self.talk.json {
            // What a plan says of itself, as --dry-run --json does.
            let planned = plan.json();
            return say::json(&serde_json::json!({
                "notes": planned["notes"],
                "left_out": planned["left_out"],
                "left_out_of_units": plan.left_out_of_units(),
                "computed": done.computed,
                "kept": done.kept,
                "warned": done.warned,
                "pages": done.pages,
                "physiology": done.physiology,
                "frame_times": frame_times.into_iter().collect::<BTreeMap<_, _>>(),
                "failed": done.failed.iter().map(|(unit, e)| (unit.clone(), e.to_string())).collect::<BTreeMap<_, _>>(),
                "not_begun": done.lacking.iter().map(|(unit, _)| unit).collect::<Vec<_>>(),
            }));
        }
        if !self.talk.quiet {
            let kept = match done.kept {
                0 => String::new(),
                n => format!(", {n} taken as they were"),
            };
            let lost = match done.failed.len() + done.lacking.len() {
                0 => String::new(),
                n => format!(", {n} not done"),
            };
            if done.warned > 0 {
                let (units, have) = match done.warned {
                    1 => ("1 unit".to_owned(), "has"),
                    n => (format!("{n} units"), "have"),
                };
                say::line(&format!(
                    "{units} {have} warnings, which stand on the pages and in the sidecars (-vv prints them)"
                ));
            }
            for (origin, n) in frame_times {
                say::line(&format!("{}: {origin}", say::counted(n, "run")));
            }
            done.physiology.iter().for_each(|line| say::line(line));
            say::line(&format!(
                "{} fitted{kept}{lost} in {:.1} s; results in {}",
                say::counted(done.computed, "unit"),
                started.elapsed().as_secs_f64(),
                self.out.as_deref().unwrap_or(Path::new("")).display()
            ));
        }
        Ok(())
    }

    fn spec(self: &Args) -> Result<BidsSpec> {
        if self.model.is_none() && self.task.is_empty() {
            return Err(Error::usage(
                "the command line",
                "has neither --model nor --task",
                "say what is to be analysed",
                "give a BIDS Stats Model with -m MODEL.json, or let boldly write one: --task pain --contrast pain",
            ));
        }
        let given = |path: &Option<PathBuf>| path.clone().unwrap_or_default();
        let without_name = |path: &PathBuf| match path.to_string_lossy().split_once('=') {
            Some((_, rest)) if !path.exists() => PathBuf::from(rest),
            _ => path.clone(),
        };
        let label = |text: &String| text.strip_prefix("sub-").unwrap_or(text).to_owned();
        let wanted = |text: &String| match text.as_str() {
            "none" | "" => Wanted::Nothing,
            value => Wanted::Value(value.to_owned()),
        };
        let filter = self.bids_filter_file.as_deref().map(Filter::read).transpose()?;
        let filter = filter.unwrap_or_default();
        if !self.talk.quiet {
            filter.notes.iter().for_each(|note| say::line(&format!("note: {note}")));
        }
        let drops = self.drop_missing || self.missing_variable == DropName::Drop;
        let skips = self.drop_missing || self.missing_contrast == SkipName::Skip;
        let missing = |skips: bool| if skips { Missing::Skip } else { Missing::Error };
        Ok(BidsSpec {
            dataset: given(&self.bids_dir),
            out: given(&self.out),
            level: match self.level {
                Some(LevelName::Run) => AppLevel::Run,
                Some(LevelName::Session) => AppLevel::Session,
                Some(LevelName::Participant) => AppLevel::Participant,
                Some(LevelName::Group | LevelName::Dataset) | None => AppLevel::Dataset,
            },
            model: self.model.clone().unwrap_or_else(|| MADE_MODEL.into()),
            made: (!self.task.is_empty()).then(|| MadeModel {
                tasks: self.task.clone(),
                contrasts: self.contrasts.clone(),
                f_contrasts: self.f_contrasts.clone(),
                strategy: self.strategy.unwrap_or(Strategy::TwentyFour),
            }),
            derivatives: self.derivatives.iter().map(without_name).collect(),
            participants: self.participant_label.iter().map(label).collect(),
            space: self.space.as_ref().map(wanted),
            desc: self.desc_label.as_ref().map(wanted),
            filter: filter.bold,
            missing_variable: missing(drops),
            missing_contrast: missing(skips),
            fit: self.fit.options()?,
            combine: self.fit.combine(),
            inference: self.fit.inference(),
        })
    }
}

/// What is to be said of a model without data.
fn validate(path: &Path) -> Result<ExitCode> {
    let read = bids::read(path)?;
    for note in read.notes.all() {
        say::line(&format!("note: {note}"));
    }
    let n = read.notes.all().len();
    say::result(&describe(&read.model))?;
    say::result(&format!(
        "{} is a valid model: {}, {}\n",
        path.display(),
        say::counted(read.model.nodes.len(), "node"),
        say::counted(n, "note")
    ))?;
    Ok(ExitCode::SUCCESS)
}
