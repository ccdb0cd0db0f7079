//! `boldly bids`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

use serde_json::Value;

use crate::bids::describe;
use crate::cli::args::{DeviceArgs, MORE, OverwriteArgs, TalkArgs, heading, min_dof};
use crate::cli::columns::{rules, strategy};
use crate::cli::glm::{CombiningName, scaling};
use crate::cli::inference;
use crate::cli::models::{self, parsed};
use crate::cli::say;
use crate::cli::shared::{KernelArgs, NoiseArgs};
use crate::design::censor::Rules;
use crate::design::{Drift, Strategy};
use crate::entity;
use crate::error::{Error, Result};
use crate::io::bids::read_json;
use crate::physio::Terms;
use crate::pipeline::bids::{self, Done};
use crate::pipeline::spec::{
    AppLevel, BidsSpec, FitOptions, Inference, MADE_MODEL, MIN_DOF, MadeModel, Missing, Noise,
    SignalScale, TaskTimes, Wanted,
};
use crate::pipeline::watch::{Quiet, Watch};

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
    #[arg(help_heading = heading::MODEL, short, long, value_name = "JSON", required_unless_present_any = ["validate", "task"])]
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
    /// 6p, 12p, 24p, 36p, simple or scrubbing, as for boldly glm, with the table's cosines and volumes before the steady state; scrubbing has a column for each outlier
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

/// How runs are fitted: glm's options by glm's names.
#[derive(Debug, clap::Args)]
struct FitArgs {
    /// Smooth first by this full width at half maximum in mm
    ///
    /// Runs alone are smoothed; FitLins' 5:run:iso is 5
    #[arg(help_heading = heading::SMOOTHING, short = 's', long, alias = "smoothing", value_name = "MM", default_value = "0", value_parser = fwhm)]
    fwhm: f64,
    #[command(flatten)]
    kernel: KernelArgs,
    /// Units: psc, grand-mean:100 or none
    ///
    /// What effects are measured in, as for boldly glm
    #[arg(help_heading = heading::MODEL, long, value_name = "UNITS", default_value = "psc", value_parser = scaling)]
    scaling: SignalScale,
    /// p of t counts both tails
    #[arg(help_heading = heading::MODEL, long)]
    two_sided: bool,
    /// Degrees of freedom that must be left
    ///
    /// Of a run that lacks volumes: variances of fewer are hardly known, and p are too small
    #[arg(help_heading = heading::MODEL, long, value_name = "N", default_value_t = MIN_DOF, value_parser = min_dof, allow_negative_numbers = true)]
    min_dof: f64,
    /// Slow drift beside the model's columns [default: none]
    ///
    /// cosine:SECONDS, polynomial:ORDER, legendre:ORDER or none; the model's own are HighPassFilterCutoffHz and cosine* in X
    #[arg(help_heading = heading::MODEL, long, alias = "drift-model", value_name = "MODEL", value_parser = drift)]
    drift: Option<Drift>,
    /// When columns are sampled [default: metadata]
    ///
    /// `metadata`: StartTime where the sidecar has it, else the start of each volume; `start` (as FitLins), `middle`, or seconds into each volume
    #[arg(help_heading = heading::MODEL, long, value_name = "WHEN", allow_negative_numbers = true, value_parser = parsed::<TaskTimes>)]
    task_times: Option<TaskTimes>,
    /// Volumes to leave out: 'fd:0.5,dvars:1.5'
    ///
    /// As for boldly glm
    #[arg(help_heading = heading::MODEL, long, value_name = "RULES", value_parser = rules)]
    censor: Option<Rules>,
    #[command(flatten)]
    noise: NoiseArgs,
    /// As FitLins: nilearn is --noise nilearn-ar1, afni --noise arma11
    #[arg(help_heading = heading::NOISE, long, value_enum, value_name = "NAME", hide_possible_values = true, conflicts_with_all = ["noise", "rho_fwhm"])]
    estimator: Option<EstimatorName>,
    /// How estimates count: mean or precision
    ///
    /// At nodes of Type meta. `mean`: each alike (FitLins, nilearn); `precision`: by the inverse of its variance
    #[arg(help_heading = heading::MODEL, hide_possible_values = true, long, value_enum, ignore_case = true, value_name = "mean|precision", default_value = "mean")]
    fixed_effects: CombiningName,
    /// How nodes of the dataset test, as options of boldly group
    ///
    /// In one text: '--permutations 5000 --tfce exact --svc pag=sphere:0,-32,-10:6', '--variance mixed', '--correct rft,fdr', '--effect-sizes';
    /// without it each voxel by itself, by least squares
    #[arg(help_heading = heading::MODEL, long, value_name = "OPTIONS", allow_hyphen_values = true, value_parser = inference::parse)]
    inference: Option<Inference>,
    /// Add RETROICOR columns of the recordings beside the raw runs
    ///
    /// Slice-wise on native runs, volume-wise on resampled ones, by their metadata
    #[arg(help_heading = heading::PHYSIOLOGY, long)]
    physio: bool,
    /// Physiological terms, as for boldly glm
    #[arg(help_heading = heading::PHYSIOLOGY, long, value_name = "TERMS", default_value = "harvey", requires = "physio")]
    terms: Terms,
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

#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum EstimatorName {
    #[value(alias = "nistats")]
    Nilearn,
    Afni,
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
            true => plan.report(&session)?,
            false => plan.run(&mut session, self.replace.choice(), &terminal)?,
        };
        drop(session);
        drop(terminal);
        self.tell(&done, started)?;
        let is_whole = done.failed.is_empty() && done.lacking.is_empty();
        Ok(if is_whole { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }

    fn tell(&self, done: &Done, started: Instant) -> Result<()> {
        let mut of: Vec<(&str, Vec<&str>)> = Vec::new();
        for (unit, lacks) in &done.lacking {
            match of.iter_mut().find(|(known, _)| known == lacks) {
                Some((_, units)) => units.push(unit),
                None => of.push((lacks, vec![unit])),
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
            return say::json(&serde_json::json!({
                "computed": done.computed,
                "kept": done.kept,
                "warned": done.warned,
                "pages": done.pages,
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
        let filter = self.bids_filter_file.as_deref().map(filter).transpose()?;
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
            filter: filter.unwrap_or_default(),
            missing_variable: missing(drops),
            missing_contrast: missing(skips),
            fit: self.fit.options()?,
            combine: self.fit.fixed_effects.into(),
            inference: self.fit.inference.clone(),
        })
    }
}

impl FitArgs {
    fn options(&self) -> Result<FitOptions> {
        let (noise, rho_fwhm_vox) = match self.estimator {
            Some(EstimatorName::Nilearn) => (Noise::NilearnAr1, 0.0),
            Some(EstimatorName::Afni) => (Noise::Arma11, 0.0),
            None => (self.noise.noise(), self.noise.rho_fwhm_vox()?),
        };
        Ok(FitOptions {
            smooth: self.kernel.options(self.fwhm),
            scaling: self.scaling,
            two_sided: self.two_sided,
            min_dof: self.min_dof,
            noise,
            rho_fwhm_vox,
            drift: self.drift.unwrap_or(Drift::None),
            censor: self.censor.clone(),
            task_times: self.task_times.unwrap_or(TaskTimes::Metadata),
            physio: self.physio.then(|| self.terms.clone()),
            maps: true,
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

/// `{"bold": {entity: value or values}}`; queries of other kinds of images mean nothing here.
fn filter(path: &Path) -> Result<BTreeMap<String, Vec<String>>> {
    let bad = |found: String, expected: &str| {
        Error::bad_data(
            path.display().to_string(),
            found,
            expected,
            "as in {\"bold\": {\"run\": [\"1\", \"2\"]}}",
        )
    };
    let mut all = read_json(path)?;
    let Some(bold) = all.remove("bold") else {
        return Err(bad("has no \"bold\"".to_owned(), "say which BOLD images are meant"));
    };
    let Value::Object(bold) = bold else {
        return Err(bad(
            "has a \"bold\" that is no object".to_owned(),
            "hold entities with values",
        ));
    };
    let text = |value: &Value| match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    };
    let mut filter = BTreeMap::new();
    for (key, value) in bold {
        let Some(name) = entity::long(&key) else {
            return Err(bad(format!("has the key {key} in \"bold\""), "name entities of BIDS"));
        };
        if ["suffix", "datatype", "extension"].contains(&name) {
            continue; // those of BOLD images are known
        }
        let values = match &value {
            Value::Array(all) => all.iter().map(text).collect(),
            one => text(one).map(|one| vec![one]),
        };
        let values: Option<Vec<String>> = values;
        let values = values.ok_or_else(|| {
            bad(format!("has {value} for {key}"), "hold a value or a list of values")
        })?;
        filter.insert(name.to_owned(), values);
    }
    Ok(filter)
}

/// `5`, or FitLins' `5:run:iso`.
fn fwhm(text: &str) -> std::result::Result<f64, String> {
    let mut parts = text.split(':');
    let mm =
        parts.next().and_then(|mm| mm.parse().ok()).filter(|mm: &f64| mm.is_finite() && *mm >= 0.0);
    let mm = mm.ok_or("it must be a width in mm, 0 or more")?;
    match parts.next().map(str::to_ascii_lowercase).as_deref() {
        None | Some("run" | "l1" | "") => {}
        Some(level) => return Err(format!("runs alone are smoothed, not the level {level}")),
    }
    match parts.next() {
        None | Some("iso" | "") => Ok(mm),
        Some(kind) => Err(format!("the kernel is iso, not {kind}")),
    }
}

/// glm's, and FitLins' `None` and `polynomial`, which is nilearn's of order 1.
fn drift(text: &str) -> std::result::Result<Drift, String> {
    models::drift(match text {
        "None" => "none",
        "polynomial" => "polynomial:1",
        own => own,
    })
}
