//! `boldly trial`.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use crate::cli::args::{self, MORE, OverwriteArgs, TalkArgs, heading};
use crate::cli::models::parsed;
use crate::cli::{checks, say};
use crate::design::similar::closest;
use crate::error::{Error, Result};
use crate::gpu::Device;
use crate::pipeline::blocks::Ladder;
use crate::pipeline::endpoints::{self, Described};
use crate::pipeline::products::Layout;
use crate::pipeline::session::Session;
use crate::pipeline::spec::{Command, Coordinates, EndpointsSpec, GivenRegion, MapsOfTrial};
use crate::pipeline::written::Written;
use crate::trial::{
    BrainPlan, Column, Covariate, CpmPlan, CrossoverPlan, Design, EdgesPlan, Missing, Outcome,
    Permutations, Plan, PressurePlan, Relation, Rule, stem,
};

/// Compare a trial's arms: outcomes by ANCOVA, responders, adverse events, pain tests, brain and behaviour, from a BIDS study's tables.
#[derive(Debug, clap::Args)]
#[command(after_help = MORE, after_long_help = "\
STUDY holds participants.tsv (participant_id, an arm column, and where they are there randomised, treated, last_day, completed, \
discontinuation_reason), phenotype/*.tsv (participant_id, session_id, a column an outcome) with their JSON dictionaries, and tables beside them \
such as brain.tsv. A value outside a dictionary's Range or Levels is an error with its line; n/a is a missing value, counted and named.

Columns are TABLE:COLUMN, the table being the file's name without .tsv, or the column alone where one table has it. Differences are active minus control. \
The primary analysis of an outcome is the endpoint given arm and baseline, of the first way in --missing; with --primary its p are adjusted by Holm.

A responder rule has parts that all must be met: 'pain=nrs<=-30%; pgic<=2; pcs>=+6' is pain down by 30 % of baseline, PGIC at most 2 at the endpoint, \
PCS up by 6. Parts are counted alone, then the first two together, and so on.

--outcome, --responder and --correlate also take what is made of tables: cpm:absolute and cpm:percent (with --cpm), pressure:p50, pressure:slope and \
pressure:auc (with --pressure). These options compare them among those observed; as outcomes they may be primary, carried forward and permuted.

plan.json in --out holds what was asked for, resolved: --plan takes it again.

Example: boldly trial study/ --arm arm --control placebo --baseline ses-baseline --endpoint ses-week13 --outcome questionnaires:nrs \
--outcome questionnaires:fiq --primary questionnaires:nrs --responder 'pain=nrs<=-30%; pgic<=2' --adverse-events adverse_events --out trial/")]
pub(super) struct Args {
    /// The study's folder
    study: PathBuf,
    /// What is analysed, as JSON, in place of the options below
    #[arg(help_heading = heading::INPUTS, long, value_name = "JSON", conflicts_with_all = [
        "arm", "control", "active", "baseline", "endpoint", "outcomes", "primary", "strata", "covariates", "describe", "responders", "missing", "cpm", "cpm_threshold",
        "pressure", "target", "adverse_events", "motion", "correlations", "exploratory", "design", "crossover", "conf", "permutations", "seed"])]
    plan: Option<PathBuf>,
    /// A further table, which lies outside of the study
    ///
    /// A row a participant and session; a plan calls it by its file's name. Several of one name (the physio_summary.tsv of each run) are one table, of which
    /// TABLE[COLUMN=VALUE]:COLUMN is a part: physio_summary[task=rest]:heart_rate
    #[arg(help_heading = heading::INPUTS, long = "table", value_name = "TSV")]
    tables: Vec<PathBuf>,
    /// Column of participants.tsv with the arm
    #[arg(help_heading = heading::MODEL, long, value_name = "COLUMN", default_value = "arm")]
    arm: String,
    /// The arm that is the control
    #[arg(help_heading = heading::MODEL, long, value_name = "LEVEL")]
    control: Option<String>,
    /// The other arm, where there are more than two
    #[arg(help_heading = heading::MODEL, long, value_name = "LEVEL")]
    active: Option<String>,
    /// The session before treatment
    #[arg(help_heading = heading::MODEL, long, value_name = "SESSION")]
    baseline: Option<String>,
    /// The session at which effects are judged
    #[arg(help_heading = heading::MODEL, long, value_name = "SESSION")]
    endpoint: Option<String>,
    /// An outcome: TABLE:COLUMN
    #[arg(help_heading = heading::MODEL, long = "outcome", value_name = "TABLE:COLUMN")]
    outcomes: Vec<Column>,
    /// An outcome of the primary family, whose p are adjusted by Holm
    #[arg(help_heading = heading::MODEL, long, value_name = "TABLE:COLUMN")]
    primary: Vec<Column>,
    /// Columns of participants.tsv that enter the model: 'site'
    ///
    /// Factors that were known before randomisation, with several participants a level
    #[arg(help_heading = heading::MODEL, long, value_name = "COLUMNS", value_delimiter = ',')]
    strata: Vec<String>,
    /// Columns that enter the analyses of covariance: 'age'
    ///
    /// Of participants.tsv, numbers or levels, or numbers of a table with visits: physio_summary:heart_rate is that at baseline, with @endpoint that at the endpoint, with @change endpoint less
    /// baseline (what the treatment does to them is then taken out of what it does, and that is told). Numbers enter less their mean. Who lacks one is in no analysis of covariance, and named
    #[arg(help_heading = heading::MODEL, long = "covariate", value_name = "COLUMNS", value_delimiter = ',')]
    covariates: Vec<Covariate>,
    /// Motion, held against regions and edges (QC-FC)
    ///
    /// Each visit's, over participants: a column of a table with visits, such as physio_summary:mean_fd. A table of regions that has a column mean_fd, or mean_fd_REGION, keeps to that
    #[arg(help_heading = heading::MODEL, long, value_name = "TABLE:COLUMN")]
    motion: Option<Column>,
    /// Columns of the baseline table [default: age, sex]
    ///
    /// Of participants.tsv; the outcomes at baseline follow
    #[arg(help_heading = heading::MODEL, long, value_name = "COLUMNS", value_delimiter = ',')]
    describe: Vec<String>,
    /// Who responded: 'pain=nrs<=-30%; pgic<=2; pcs>=+6'
    #[arg(help_heading = heading::MODEL, long = "responder", value_name = "RULE")]
    responders: Vec<Rule>,
    /// Where values lack: observed, bocf, locf
    ///
    /// The first is primary. bocf: baseline carried forward, who lacks a part of a responder rule being no responder; locf needs a visit between
    #[arg(help_heading = heading::MODEL, hide_possible_values = true, long, value_enum, value_name = "WAYS", value_delimiter = ',', default_value = "observed,bocf")]
    missing: Vec<MissingName>,
    /// Table of conditioned pain modulation
    ///
    /// A row a repetition, columns ts_pre and ts_post; a table of the study, or a file
    #[arg(help_heading = heading::INPUTS, long, value_name = "TABLE")]
    cpm: Option<String>,
    /// The columns of --cpm are thresholds, not ratings
    #[arg(help_heading = heading::INPUTS, long, requires = "cpm")]
    cpm_threshold: bool,
    /// Table of pressure pain
    ///
    /// A row a stimulus, columns pressure_kpa and rating
    #[arg(help_heading = heading::INPUTS, long, value_name = "TABLE")]
    pressure: Option<String>,
    /// The rating whose pressure is found [default: 50]
    #[arg(help_heading = heading::MODEL, long, value_name = "RATING", requires = "pressure")]
    target: Option<f64>,
    /// Table of adverse events
    ///
    /// A row an event, columns soc, pt, onset_day, severity, serious, relation, action
    #[arg(help_heading = heading::INPUTS, long, value_name = "TABLE")]
    adverse_events: Option<String>,
    /// Table of regions' values, or a folder of maps
    ///
    /// A row a participant and session, a column a region; or region_values.tsv of boldly group, a row a map and region. Of a folder the maps of --of in it and below, with sub- and ses- in their paths, as boldly group
    /// finds them: the mean of each --region is a column of the table 'maps'
    #[arg(help_heading = heading::INPUTS, long, value_name = "TABLE|MAPS")]
    brain: Option<String>,
    /// Contrast of boldly glm whose maps --brain MAPS are
    ///
    /// 'seed-NAME' for Fisher's z of a seed of boldly connect
    #[arg(help_heading = heading::INPUTS, long, value_name = "NAME", requires = "brain")]
    of: Option<String>,
    /// A column of --brain; of maps a region: 'pag=sphere:...'
    ///
    /// Of a table all columns where none is named.
    ///
    /// Of maps: name=sphere:x,y,z:r, name=box:..., name=tube:... (mm of the maps' space), name=MASK; a table of shapes, a mask or a labelled image, whose names a table beside it has (docs/regions.md)
    #[arg(help_heading = heading::INPUTS, long = "region", value_name = "COLUMN|REGION", requires = "brain", allow_hyphen_values = true)]
    regions: Vec<String>,
    /// Whose millimetres regions of maps are: template or native
    ///
    /// Without it those of a template, and maps in their subjects' own spaces (space-T1w in their names) are refused. `native`: they are of
    /// the very space of the maps; `template`: the maps are in the template, whatever their names say
    #[arg(help_heading = heading::INPUTS, long, value_name = "template|native", value_parser = parsed::<Coordinates>, requires = "regions")]
    coordinates: Option<Coordinates>,
    /// Edges of regions: a table, or folders of boldly connect
    ///
    /// Folders: the edges.tsv of each run below them, of one analysis, with sub- and ses- in their paths below; z of several runs of a visit is their mean. A table: a row a participant, session and edge, columns
    /// region_a, region_b, z (Fisher's z) and, of several runs, run. Every edge is compared as outcomes are, p of all adjusted together (false discovery rate)
    #[arg(help_heading = heading::INPUTS, long, value_name = "TABLE|FOLDER")]
    edges: Vec<String>,
    /// A picture for the report
    ///
    /// SVG or PNG, such as the maps of group and the matrix of connect; or the folder that one of these wrote, whose maps and matrices are all taken, by name
    #[arg(help_heading = heading::INPUTS, long = "picture", value_name = "FILE")]
    pictures: Vec<PathBuf>,
    /// A correlation over participants: 'A~B'
    ///
    /// Columns as outcomes have them, or cpm:absolute, cpm:percent, pressure:p50, pressure:slope, pressure:auc: 'brain:pag~cpm:absolute'
    #[arg(help_heading = heading::MODEL, long = "correlate", value_name = "A~B")]
    correlations: Vec<Relation>,
    /// Correlate regions though they were chosen by what is correlated
    #[arg(help_heading = heading::MODEL, long)]
    exploratory: bool,
    /// parallel or crossover
    #[arg(help_heading = heading::MODEL, hide_possible_values = true, long, value_enum, value_name = "DESIGN", default_value = "parallel")]
    design: DesignName,
    /// Table of a crossover
    ///
    /// A row a participant and period, columns sequence, period, treatment, outcome and, where it is there, baseline
    #[arg(help_heading = heading::INPUTS, long, value_name = "TABLE")]
    crossover: Option<String>,
    /// Confidence of intervals
    #[arg(help_heading = heading::MODEL, long, value_name = "SHARE", default_value_t = 0.95)]
    conf: f64,
    /// p of the outcomes by so many rearrangements of the arms
    ///
    /// Within strata; of each --outcome the first way of --missing alone. Other ways, CPM, pressure pain, regions and edges are tested by t, and have n/a. The observed order is one of the N: p is 1/N at least
    #[arg(help_heading = heading::PERMUTATION, long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=1_000_000))]
    permutations: Option<u64>,
    /// Seed of random rearrangements
    #[arg(help_heading = heading::PERMUTATION, long, value_name = "N", default_value_t = 1, requires = "permutations")]
    seed: u64,
    /// Show plan, populations and what would be written, and stop
    ///
    /// The plan is all that stands on standard output, so that --plan takes it: --dry-run > plan.json
    #[arg(help_heading = heading::RUNNING, long)]
    dry_run: bool,
    /// The folder to write into
    #[arg(help_heading = heading::OUTPUT, short, long, value_name = "DIR", required_unless_present = "dry_run")]
    out: Option<PathBuf>,
    #[command(flatten)]
    replace: OverwriteArgs,
    #[command(flatten)]
    talk: TalkArgs,
}

#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum MissingName {
    Observed,
    Bocf,
    Locf,
}

#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum DesignName {
    Parallel,
    Crossover,
}

/// A table by name, or a file whose name it then has; `[COLUMN=VALUE]` behind it stays.
fn table(name: Option<String>, files: &mut Vec<PathBuf>) -> Option<String> {
    let name = name?;
    let parts = name.split_once('[').filter(|_| !Path::new(&name).is_file());
    let (file, rows) = parts.map_or((name.as_str(), ""), |(file, _)| name.split_at(file.len()));
    let path = Path::new(file);
    if path.is_file() && !files.iter().any(|file| file == path) {
        files.push(path.to_owned());
    }
    Some(format!("{}{rows}", stem(file)))
}

/// A plan's file.
fn read(path: &Path) -> Result<Plan> {
    let text = crate::io::read_text(path)?;
    serde_json::from_str(&text).map_err(|cause| {
        let said = cause.to_string();
        let unknown = said.strip_prefix("unknown field `").and_then(|rest| rest.split('`').next());
        let fields: Vec<String> = said.split('`').skip(3).step_by(2).map(str::to_owned).collect();
        let near = unknown.and_then(|name| closest(name, &fields));
        Error::bad_data(
            path.display().to_string(),
            format!("is no plan: {said}"),
            "be JSON as plan.json in the --out of boldly trial",
            match near {
                Some(name) => format!("did you mean '{name}'?"),
                None => "boldly trial --dry-run with options prints one".to_owned(),
            },
        )
    })
}

/// Refuse a plan without the files that it takes, or with files that it does not take. `has`: whether they were given, and whether the plan takes them.
fn comes_with(path: &Path, has: (bool, bool), what: &str, option: &str) -> Result<()> {
    let found = match has {
        (true, false) => format!("takes no {what}, which {option} gives"),
        (false, true) => format!("takes {what}, which it does not hold"),
        _ => return Ok(()),
    };
    Err(Error::usage(
        path.display().to_string(),
        found,
        "come with what it was made with",
        format!("give {option} as it was given then"),
    ))
}

impl Args {
    pub(super) fn run(self) -> Result<ExitCode> {
        let maps = self.maps()?;
        let edges = self.folders_of_edges()?;
        let (plan, tables) = self.asked(maps.is_some(), !edges.is_empty())?;
        let (study, pictures) = (self.study, self.pictures);
        let spec = EndpointsSpec { study, tables, maps, edges, pictures, plan };
        let Some(out) = self.out.filter(|_| !self.dry_run) else {
            let Described { plan, text } = endpoints::described(&spec)?;
            if !self.talk.quiet {
                text.lines().for_each(say::line);
            }
            match self.talk.json {
                true => {
                    say::json(&serde_json::from_str::<serde_json::Value>(&plan).map_err(|e| {
                        Error::internal("the plan", "is no JSON", "be", "").caused_by(e)
                    })?)?
                }
                false => say::result(&plan)?,
            }
            return Ok(ExitCode::SUCCESS);
        };
        checks::not_the_study(&out, &spec.study)?;
        let terminal = self.talk.terminal();
        let ladder = Ladder::around(Device::cpu());
        let mut session = Session::new(args::command_line(), ladder, &terminal);
        let mut written = Written::new(Layout::folder(&out), self.replace.choice())?;
        let spec = endpoints::resolved(spec, &session.watch)?;
        Command::Trial(spec).run(&mut session, &mut written)?;
        let saved = written.commit()?;
        saved.iter().for_each(|one| terminal.done(one));
        if self.talk.json {
            let files = saved.iter().flat_map(|one| &one.files);
            for path in files.filter(|path| path.ends_with("results.json")) {
                say::json(&crate::io::bids::read_json(path)?)?;
            }
        }
        Ok(ExitCode::SUCCESS)
    }

    /// The maps, where --brain is a folder of them.
    fn maps(&self) -> Result<Option<MapsOfTrial>> {
        let wrong = |thing: String, found: &str, expected: &str| {
            Err(Error::usage(
                thing,
                found,
                expected,
                "such as --brain glm/ --of pain --region pag=sphere:0,-31,-10:4",
            ))
        };
        let Some(folder) = self.brain.as_ref().map(PathBuf::from).filter(|path| path.is_dir())
        else {
            if let Some(name) = self.brain.as_ref().filter(|name| name.ends_with(['/', '\\'])) {
                return wrong(format!("--brain {name}"), "is no folder", "be one, or a table");
            }
            if let Some(of) = &self.of {
                return wrong(
                    format!("--of {of}"),
                    "comes with a --brain that is no folder of maps",
                    "come with a folder, whose contrast it names",
                );
            }
            return match (&self.plan, &self.brain) {
                (Some(_), Some(name)) => wrong(
                    format!("--brain {name}"),
                    "is no folder, and the plan names its own table of regions",
                    "be a folder of maps beside --plan",
                ),
                _ => Ok(None),
            };
        };
        let region = |text: &String| {
            text.parse::<GivenRegion>().map_err(|cause| {
                Error::usage(
                    format!("--region '{text}'"),
                    "is no region, which is what it is of a folder of maps",
                    "be NAME=sphere:x,y,z:r, NAME=MASK or a file (docs/regions.md)",
                    cause,
                )
            })
        };
        let regions = self.regions.iter().map(region).collect::<Result<_>>()?;
        let (of, coordinates) = (self.of.clone(), self.coordinates);
        Ok(Some(MapsOfTrial { folder, of, regions, coordinates }))
    }

    /// The folders of --edges; none where it is a table.
    fn folders_of_edges(&self) -> Result<Vec<PathBuf>> {
        let wrong = |name: &String, found: &str, hint: &str| {
            Err(Error::usage(
                format!("--edges {name}"),
                found,
                "be one table with a row a participant, session and edge, or folders that boldly connect wrote into",
                hint,
            ))
        };
        let is_folder = |name: &&String| Path::new(name).is_dir();
        let (folders, others): (Vec<&String>, Vec<&String>) =
            self.edges.iter().partition(is_folder);
        match others[..] {
            [] => {}
            [one] if self.plan.is_some() => {
                return wrong(
                    one,
                    "is no folder, and the plan names its own edges",
                    "give the folders beside --plan, or leave it out",
                );
            }
            [_] if folders.is_empty() => {}
            [one] => return wrong(one, "is no folder, as another --edges is", "check the path"),
            [_, other, ..] => {
                return wrong(
                    other,
                    "is no folder, as another --edges is none",
                    "give the folder above them",
                );
            }
        }
        Ok(folders.into_iter().map(PathBuf::from).collect())
    }

    /// The plan, and the tables that lie outside of the study. `has_maps`: whether --brain is a folder; `has_edges`: whether --edges is.
    fn asked(&self, has_maps: bool, has_edges: bool) -> Result<(Plan, Vec<PathBuf>)> {
        if let Some(path) = &self.plan {
            let plan = read(path)?;
            let maps = plan.brain.as_ref().is_some_and(|part| part.table == MapsOfTrial::TABLE);
            let edges = plan.edges.as_ref().is_some_and(|part| part.table == EdgesPlan::OF_CONNECT);
            comes_with(
                path,
                (has_maps, maps),
                "means of maps",
                "--brain MAPS --of NAME --region NAME=SPEC",
            )?;
            comes_with(path, (has_edges, edges), "edges of boldly connect", "--edges FOLDER")?;
            return Ok((plan, self.tables.clone()));
        }
        let mut files = self.tables.clone();
        let mut named = |name: Option<String>| table(name, &mut files);
        let outcome = |column: Column| Outcome { column, label: None, direction: None };
        let plan = Plan {
            arm: self.arm.clone(),
            control: self.control.clone().unwrap_or_default(),
            active: self.active.clone(),
            baseline: self.baseline.clone().unwrap_or_default(),
            endpoint: self.endpoint.clone().unwrap_or_default(),
            outcomes: self.outcomes.clone().into_iter().map(outcome).collect(),
            primary: self.primary.clone(),
            strata: self.strata.clone(),
            covariates: self.covariates.clone(),
            motion: self.motion.clone(),
            describe: self.describe.clone(),
            responders: self.responders.clone(),
            missing: self.missing.clone().into_iter().map(Missing::from).collect(),
            cpm: named(self.cpm.clone())
                .map(|table| CpmPlan { threshold: self.cpm_threshold, ..CpmPlan::of(table) }),
            pressure: named(self.pressure.clone()).map(|table| {
                let plan = PressurePlan::of(table);
                PressurePlan { target: self.target.unwrap_or(plan.target), ..plan }
            }),
            adverse_events: named(self.adverse_events.clone()),
            brain: match has_maps {
                true => {
                    Some(BrainPlan { table: MapsOfTrial::TABLE.to_owned(), regions: Vec::new() })
                }
                false => named(self.brain.clone())
                    .map(|table| BrainPlan { table, regions: self.regions.clone() }),
            },
            edges: match has_edges {
                true => Some(EdgesPlan { table: EdgesPlan::OF_CONNECT.to_owned() }),
                false => named(self.edges.first().cloned()).map(|table| EdgesPlan { table }),
            },
            correlations: self.correlations.clone(),
            exploratory: self.exploratory,
            design: match self.design {
                DesignName::Parallel => Design::Parallel,
                DesignName::Crossover => Design::Crossover,
            },
            crossover: named(self.crossover.clone()).map(CrossoverPlan::of),
            conf: self.conf,
            permutations: self.permutations.map(|n| Permutations { n, seed: self.seed }),
        };
        Ok((plan, files))
    }
}

impl From<MissingName> for Missing {
    fn from(name: MissingName) -> Missing {
        match name {
            MissingName::Observed => Missing::Observed,
            MissingName::Bocf => Missing::Bocf,
            MissingName::Locf => Missing::Locf,
        }
    }
}
