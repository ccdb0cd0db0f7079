//! Arguments that several commands share, each with its unit and default.

use std::path::PathBuf;
use std::time::Instant;

use clap::ArgAction;

use crate::cli::columns::ConfoundArgs;
pub(super) use crate::cli::heading;
pub(super) use crate::cli::memory::MemoryArgs;
pub(super) use crate::cli::models::seconds;
use crate::cli::models::{self, parsed};
use crate::cli::progress::Terminal;
use crate::design::Drift;
use crate::design::hrf::Response;
use crate::design::modulation::{Durations, Modulation};
use crate::error::{Error, Result};
use crate::gpu::DeviceChoice;
use crate::io::Overwrite;
use crate::io::physio::Format;
use crate::physio::{Align, BadStretches, BreathTurns, Terms, Treatment};
use crate::pipeline::blocks::Ladder;
use crate::pipeline::session::Session;
use crate::pipeline::spec::{Criterion, DesignOptions, OutType, RecordOptions, TaskTimes};
use crate::pipeline::watch::Watch;
use crate::report::page::shell;

/// Degrees of freedom that must be left.
pub(super) fn min_dof(text: &str) -> std::result::Result<f64, String> {
    let dof = text.parse().ok().filter(|dof: &f64| dof.is_finite() && *dof >= 1.0);
    dof.ok_or_else(|| "it must be a number of 1 or more, such as 10".to_owned())
}

/// What stands below the short help.
pub(super) const MORE: &str = "--help says more of every option, with examples.";

/// `--device`.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = heading::RUNNING)]
pub(super) struct DeviceArgs {
    /// Where to compute: auto, gpu, cpu, or an adapter
    ///
    /// `auto` (a hardware GPU where the work is worth its opening, else the CPU), `gpu` (a hardware GPU or an error), `cpu` (the
    /// f64 path), or an adapter's PCI address or part of its name (the only way to a software adapter)
    #[arg(long, value_name = "NAME", default_value = "auto", value_parser = clap::builder::NonEmptyStringValueParser::new())]
    pub device: String,
    #[command(flatten)]
    pub memory: MemoryArgs,
}

impl DeviceArgs {
    /// What was asked for.
    pub fn choice(&self) -> DeviceChoice {
        match self.device.as_str() {
            "auto" => DeviceChoice::Auto,
            "gpu" => DeviceChoice::Gpu,
            "cpu" => DeviceChoice::Cpu,
            name => DeviceChoice::Named(name.to_owned()),
        }
    }

    /// A session on it; `auto` is settled when the work is known.
    pub fn session<'a>(&self, started: Instant, watch: &'a dyn Watch) -> Result<Session<'a>> {
        self.session_on(Ladder::for_work(&self.choice())?, started, watch)
    }

    /// A session that takes a GPU wherever there is one.
    pub fn open_session<'a>(&self, started: Instant, watch: &'a dyn Watch) -> Result<Session<'a>> {
        self.session_on(Ladder::open(&self.choice())?, started, watch)
    }

    fn session_on<'a>(
        &self,
        ladder: Ladder,
        started: Instant,
        watch: &'a dyn Watch,
    ) -> Result<Session<'a>> {
        let ladder = ladder.within(self.memory.mem);
        Ok(Session { started, ..Session::new(command_line(), ladder, watch) })
    }
}

/// The command line as it was typed.
pub(super) fn command_line() -> Vec<String> {
    std::env::args_os().map(|a| a.to_string_lossy().into_owned()).collect()
}

/// The command line as a shell reads it again, the program by its name.
pub(super) fn typed() -> String {
    let words: Vec<String> =
        std::iter::once("boldly".to_owned()).chain(command_line().into_iter().skip(1)).collect();
    shell(&words)
}

/// `--overwrite`.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = heading::OUTPUT)]
pub(super) struct OverwriteArgs {
    /// Replace files that boldly did not make, or were changed since
    #[arg(long)]
    overwrite: bool,
}

impl OverwriteArgs {
    /// What may be replaced.
    pub fn choice(&self) -> Overwrite {
        if self.overwrite { Overwrite::Anything } else { Overwrite::Own }
    }
}

/// `-q`, `-v`, `--json`.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = heading::RUNNING)]
pub(super) struct TalkArgs {
    /// Print errors only
    #[arg(short, long)]
    pub quiet: bool,
    /// Print more: notes, timings by stage
    #[arg(short, long, action = ArgAction::Count)]
    pub verbose: u8,
    /// Print the result as one line of JSON on standard output
    #[arg(long)]
    pub json: bool,
}

impl TalkArgs {
    /// Progress and notes as asked for.
    pub fn terminal(&self) -> Terminal {
        Terminal::new(self.quiet, self.verbose)
    }
}

/// When the run's volumes and slices were acquired.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = heading::INPUTS)]
pub(super) struct TimingArgs {
    /// Repetition time; overrules the sidecar and the header
    #[arg(long, value_name = "SECONDS", value_parser = seconds, allow_negative_numbers = true)]
    pub tr: Option<f64>,
    /// Text file of slice times in seconds, one a plane
    ///
    /// In file order, or an _Info.log of the scanner; overrules the sidecar
    #[arg(long, value_name = "FILE")]
    pub slice_times: Option<PathBuf>,
    /// BIDS JSON to read instead of the inherited sidecars
    #[arg(long, value_name = "JSON")]
    pub sidecar: Option<PathBuf>,
}

/// How a physiological recording is placed on the run's time.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = heading::PHYSIOLOGY)]
pub(super) struct RecordArgs {
    /// What says when the scan began
    ///
    /// `start-time` (StartTime in the recording's JSON, or the scanner's clock), `trigger` (the rising edges of its trigger column, one a
    /// volume), `start` or `end` (the record begins or ends with the scan); but for the first none needs a StartTime
    #[arg(
        value_name = "BY",
        hide_possible_values = true,
        long,
        value_enum,
        default_value = "start-time",
        requires = "physio"
    )]
    align: AlignName,
    /// Volumes dropped from the image's start
    ///
    /// The recording still counts them
    #[arg(long, value_name = "N", default_value_t = 0, requires = "physio")]
    dummies: usize,
    /// What becomes of flagged stretches
    ///
    /// Flagged is what is missing, flat, clipped, noise, or an RR interval that stands out: `interpolate` carries the phases through;
    /// `censor` makes the columns of that trace 0 there, so nothing is subtracted, and lists the volumes in the sidecar
    #[arg(
        value_name = "HOW",
        hide_possible_values = true,
        long,
        value_enum,
        default_value = "interpolate",
        requires = "physio"
    )]
    bad_stretches: BadStretchesName,
    /// Band of the breathing trace to use, Hz
    ///
    /// Without phase shift: '0.01,2' takes out the drift of a belt, which would pass for depth; all of it where this is not given
    #[arg(long, value_name = "LOW,HIGH", requires = "physio", value_parser = band)]
    breath_band: Option<(f64, f64)>,
    /// Where breathing in turns to breathing out
    ///
    /// `slope`: where the slope over 1 s changes its sign (Glover, PhysIO); `extremes`: at the highest and lowest sample of each
    /// breath (AFNI), which is nearer where a trace falls fast and rests
    #[arg(
        value_name = "AT",
        hide_possible_values = true,
        long,
        value_enum,
        default_value = "slope",
        requires = "physio"
    )]
    breath_turns: BreathTurnsName,
}

#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum BreathTurnsName {
    Slope,
    Extremes,
}

#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum BadStretchesName {
    Interpolate,
    Censor,
}

#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum AlignName {
    StartTime,
    Trigger,
    Start,
    End,
}

impl RecordArgs {
    /// As the pipeline takes it.
    pub fn options(&self, peaks: Option<PathBuf>) -> RecordOptions {
        let align = match self.align {
            AlignName::StartTime => Align::StartTime,
            AlignName::Trigger => Align::Trigger,
            AlignName::Start => Align::Start,
            AlignName::End => Align::End,
        };
        let treatment = Treatment {
            bad_stretches: match self.bad_stretches {
                BadStretchesName::Interpolate => BadStretches::Interpolate,
                BadStretchesName::Censor => BadStretches::Censor,
            },
            breath_band_hz: self.breath_band,
            breath_turns: match self.breath_turns {
                BreathTurnsName::Slope => BreathTurns::Slope,
                BreathTurnsName::Extremes => BreathTurns::Extremes,
            },
        };
        RecordOptions { align, dummies: self.dummies, peaks, treatment }
    }
}

/// How physiological logs are read.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = heading::PHYSIOLOGY)]
pub(super) struct PhysioArgs {
    /// Format of the --physio logs, NAME[:KEY=VALUE]...
    ///
    /// With what they do not tell; once for all, or once for each.
    ///
    /// BIDS, Siemens VB (.puls, .resp, .ecg, .ext), Siemens VD and CMRR (_PULS.log, _RESP.log, _ECG.log, with the _Info.log
    /// beside them, or all of them inside a DICOM file), GE (PPGData, RESPData, ECGData), Philips (SCANPHYSLOG) and HCP
    /// (_Physio_log.txt) are detected.
    ///
    /// Names: auto, bids, siemens-vb, siemens-vd, siemens-dicom, ge, philips, hcp, afni-1d, fsl-pnm, columns.
    /// Keys: hz, samples a second; columns, what they hold in file order (cardiac, respiratory, trigger, - for none of
    /// them); start, seconds from the first volume to the first sample (negative when recording began before it); skip,
    /// dummy scans that the log has and the image has not.
    ///
    /// Examples: afni-1d:hz=50:columns=cardiac, fsl-pnm:hz=400:columns=trigger,respiratory,cardiac, ge:hz=40,
    /// philips:hz=496, columns:hz=100:columns=-,cardiac:start=-8.2, auto:start=-21.6, auto:skip=4
    #[arg(long = "physio-format", value_name = "FORMAT", requires = "physio")]
    pub formats: Vec<Format>,
}

/// Slow drift.
#[derive(Debug, Clone, clap::Args)]
pub(super) struct DriftArgs {
    /// Slow drift [default: cosine:128]
    ///
    /// cosine:SECONDS (cut-off period), polynomial:ORDER (nilearn's), legendre:ORDER (AFNI's polort; legendre:A takes AFNI's rule, 1 +
    /// the run's seconds / 150) or none
    #[arg(help_heading = heading::MODEL, long, value_name = "MODEL", value_parser = models::drift)]
    pub drift: Option<Drift>,
}

/// Physiological terms.
#[derive(Debug, Clone, clap::Args)]
pub(super) struct TermsArgs {
    /// Physiological terms: orders or a preset
    ///
    /// Cardiac/respiratory/interaction orders, or a preset: harvey (3/4/1x1), afni (2/2/0), fsl (4/4/2x2); 3/0/0 needs no
    /// breathing, 0/4/0 no pulse. Slow terms behind a +, also alone: rvt (respiration volume per time by peaks), rvt-hilbert (the
    /// same without peaks), rv (standard deviation of breathing in 6 s), each convolved with the respiratory response, hr (heart
    /// rate in 6 s) with the cardiac response. Brackets give delays in seconds by which BOLD follows, one column each:
    /// 'harvey+rvt(0,5,10)+hr'
    #[arg(help_heading = heading::PHYSIOLOGY, long, value_name = "TERMS", default_value = "harvey")]
    pub terms: Terms,
}

/// How the design is made.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = heading::MODEL)]
pub(super) struct DesignArgs {
    /// Column of the events that names their conditions
    ///
    /// [default: trial_type]
    #[arg(long, value_name = "COLUMN", requires = "events")]
    trial_type: Option<String>,
    /// Column of the events that varies a response: pain:rating
    ///
    /// As CONDITION:COLUMN, again for another; makes the column pain:rating. With pain:rating^2 also its square. Values are centred over the
    /// condition's events; pain:rating,uncentred takes them as they are; pain:rating,orthogonal makes the column orthogonal to those of
    /// the condition before it, as SPM does. An event without a value (n/a) counts as one of the mean
    #[arg(long, value_name = "CONDITION:COLUMN", requires = "events", value_parser = parsed::<Modulation>)]
    modulate: Vec<Modulation>,
    /// Column of the events that gives durations: response_time
    ///
    /// In seconds, in place of `duration`; of one condition alone as pain:response_time. An event without one (n/a) keeps its own
    #[arg(long, value_name = "COLUMN", requires = "events", value_parser = parsed::<Durations>)]
    durations: Vec<Durations>,
    #[command(flatten)]
    confounds: ConfoundArgs,
    /// Haemodynamic response [default: spm]
    ///
    /// `spm` (canonical, SPM's sampling; spm:16,8 samples at SPM's own T0), `nilearn` (canonical, nilearn's sampling), `glover`; each also
    /// with +derivative or +derivative+dispersion. fir:0-7 (a column a delay, in TRs), none (the stimulus itself). AFNI's block (unit
    /// height), gam, spmg1 to spmg3 take each event's own duration; block:SECONDS,PEAK, gam:P,Q,SECONDS and spmg1:SECONDS one for all. A response of
    /// one's own: file:FILE with seconds and values, or file:FILE@SECONDS with values that far apart
    #[arg(long, value_name = "MODEL", value_parser = models::hrf)]
    pub hrf: Option<models::Hrf>,
    #[command(flatten)]
    drift: DriftArgs,
    #[command(flatten)]
    terms: TermsArgs,
    #[command(flatten)]
    order: OrderArgs,
}

/// `--choose-order`.
#[derive(Debug, Clone, clap::Args)]
pub(super) struct OrderArgs {
    /// Choose the orders from the run itself
    ///
    /// The cardiac, respiratory and interaction orders, those of --terms at most: bic (smallest mean BIC over the voxels) or f-test
    /// (an order is kept while its partial F has p < .05 at more voxels than by chance)
    #[arg(help_heading = heading::PHYSIOLOGY, hide_possible_values = true, long, value_enum, value_name = "bic|f-test", requires = "physio")]
    choose_order: Option<CriterionName>,
}

#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum CriterionName {
    Bic,
    FTest,
}

impl OrderArgs {
    /// What chooses the orders, where the run is to decide.
    pub fn criterion(&self) -> Option<Criterion> {
        self.choose_order.map(|name| match name {
            CriterionName::Bic => Criterion::Bic,
            CriterionName::FTest => Criterion::FTest,
        })
    }
}

impl DesignArgs {
    /// As the pipeline takes it.
    pub fn options(&self) -> DesignOptions {
        DesignOptions {
            trial_type: self.trial_type.clone(),
            durations: self.durations.clone(),
            task_times: TaskTimes::Metadata,
            modulate: self.modulate.clone(),
            columns: self.confounds.columns.clone(),
            strategy: self.confounds.strategy,
            censor: self.confounds.censors(),
            na: self.confounds.na,
            hrf: self.hrf.clone().map_or_else(Response::default, |hrf| hrf.response),
            hrf_file: self.hrf.clone().and_then(|hrf| hrf.file),
            drift: self.drift.drift.unwrap_or(self.confounds.drift()),
            terms: self.terms.terms.clone(),
            order: None,
        }
    }

    /// What chooses the orders, where the run is to decide.
    pub fn criterion(&self) -> Option<Criterion> {
        self.order.criterion()
    }

    /// Options that stand without any file of a run, and whether they were given.
    pub fn given(&self) -> [(&'static str, bool); 4] {
        [
            ("--hrf", self.hrf.is_some()),
            ("--drift", self.drift.drift.is_some()),
            ("--censor", self.confounds.censors().is_some()),
            ("--terms", self.terms.terms != Terms::HARVEY),
        ]
    }

    /// A ready design takes neither response nor drift.
    pub fn check_with_ready_design(&self) -> Result<()> {
        let given = [
            ("--hrf", self.hrf.is_some()),
            ("--drift", self.drift.drift.is_some()),
            ("--modulate", !self.modulate.is_empty()),
            ("--durations", !self.durations.is_empty()),
            ("--trial-type", self.trial_type.is_some()),
        ];
        match given.iter().find(|(_, given)| *given) {
            None => Ok(()),
            Some((option, _)) => Err(Error::usage(
                *option,
                "comes with --design, which is ready",
                "come with --events",
                format!("leave {option} out, or let boldly make the design from --events"),
            )),
        }
    }
}

/// How a run is stored.
#[derive(Debug, Clone, Copy, clap::ValueEnum)]
pub(super) enum OutTypeName {
    /// As it was computed
    Float32,
    /// In half the space, rounded to the steps that the run's range asks for
    Int16,
}

impl From<OutTypeName> for OutType {
    fn from(name: OutTypeName) -> OutType {
        match name {
            OutTypeName::Float32 => OutType::Float32,
            OutTypeName::Int16 => OutType::Int16,
        }
    }
}

/// Two frequencies in Hz, the lower one first.
fn band(text: &str) -> std::result::Result<(f64, f64), String> {
    let [low, high] = numbers::<f64, 2>(text)?;
    let is_band = low < high && high.is_finite();
    is_band.then_some((low, high)).ok_or_else(|| "the lower frequency must come first".to_owned())
}

/// N numbers above 0, separated by commas.
pub(super) fn numbers<T, const N: usize>(text: &str) -> std::result::Result<[T; N], String>
where
    T: std::str::FromStr + PartialOrd + From<u8>,
{
    let parsed: Option<Vec<T>> = text.split(',').map(|n| n.trim().parse().ok()).collect();
    parsed
        .filter(|all| all.iter().all(|n| *n > T::from(0)))
        .and_then(|all| <[T; N]>::try_from(all).ok())
        .ok_or_else(|| format!("it must be {N} numbers above 0, separated by commas"))
}
