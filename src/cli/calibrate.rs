//! `boldly calibrate`.

use std::process::ExitCode;

use crate::cli::args::{self, DeviceArgs, MORE, TalkArgs, heading};
use crate::cli::checks;
use crate::cli::own_run::{OwnRunArgs, table as table_of_own_run};
use crate::cli::say;
use crate::error::{Error, Result};
use crate::gpu::DeviceChoice;
use crate::pipeline::blocks::Ladder;
use crate::pipeline::calibrate::{
    CalibrateSpec, GroupRate, GroupsSpec, Kept, LEVEL, OwnRunSpec, PairRate, PairsSpec, Rate,
    THRESHOLDS, calibrate, groups, own_run, pairs,
};
use crate::pipeline::spec::{Noise, RHO_FWHM_VOX};
use crate::pipeline::watch::Watch;
use crate::pipeline::{inputs, order};

/// Volumes that leave the design's columns a useful number of residuals.
const LEAST_VOLUMES: usize = 60;

/// Voxels whose shares begin to say something.
const LEAST_VOXELS: usize = 36;

/// Count what each noise model finds in runs where there is nothing.
#[derive(Debug, clap::Args)]
#[command(after_help = MORE, after_long_help = "\
Null runs are made in memory: first-order noise whose rho varies smoothly in space (mean 0.35, -0.1 to 0.8), blocks of pain and control \
of 15 s, drift and six confounds that wander; whole, with 15 % of the volumes censored here and there, and in bursts of five. The share of \
voxels with a two-sided p below a threshold should be the threshold; its standard error is that of as many independent voxels.

With --bold a run of one's own is null data: its --events are moved to random times (--null), each repeat another design, and the run is fitted as boldly glm \
would with the same options. In a run of rest all that is found is false. A run of a task is no null data where the task lives: those voxels answer designs \
that happen to resemble the true one.

With --group the data are groups of subjects whose maps hold smooth noise alone, of 12 and of 20, one sample and two, tested as boldly group tests \
them: in how many each correction finds something. That should be at most 5 in 100; the interval is that of the share (95 %).

With --connect the data are pairs of series that have nothing to do with each other: 240 volumes of 2 s, white, first-order and ARMA(1,1) noise, cleaned \
of drift or band-passed, with 12 confounds, whole and with 20 % of the volumes censored, and each correlation is tested as boldly connect does, as is \
usual in the field (Fisher's z times sqrt(T - 3), which takes no note of the columns that were fitted), and by two published variances of r (xDF, Bartlett's).

Example: boldly calibrate --repeats 8

Example: boldly calibrate --group

Example: boldly calibrate --connect

Example: boldly calibrate --bold sub-01_task-rest_bold.nii.gz --events sub-01_task-pain_events.tsv --confounds \
    sub-01_task-rest_confounds.tsv --strategy 24p --repeats 50")]
pub(super) struct Args {
    /// Voxels along i, j, k and volumes
    #[arg(help_heading = heading::RUNNING, long, value_name = "I,J,K,VOLUMES", value_parser = args::numbers::<usize, 4>, allow_hyphen_values = true)]
    shape: Option<[usize; 4]>,
    /// Runs of each kind, designs of --bold, or groups
    ///
    /// 4 runs of each kind, 20 designs of --bold, 500 groups of each design
    #[arg(help_heading = heading::RUNNING, long, value_name = "N", allow_negative_numbers = true, value_parser = clap::value_parser!(u64).range(1..1000))]
    repeats: Option<u64>,
    /// Groups without an effect, and what is found in them
    ///
    /// By each correction of boldly group
    #[arg(help_heading = heading::RUNNING, long, conflicts_with_all = ["shape", "rho_fwhm", "bold"])]
    group: bool,
    /// Rearrangements of each group
    #[arg(help_heading = heading::RUNNING, long, value_name = "N", default_value_t = GroupsSpec::default().permutations, requires = "group", value_parser = clap::value_parser!(u64).range(1..=100_000))]
    permutations: u64,
    /// Pairs of series without a connection, and what is found
    ///
    /// By each test of a correlation
    #[arg(help_heading = heading::RUNNING, long, conflicts_with_all = ["shape", "repeats", "rho_fwhm", "bold", "group"])]
    connect: bool,
    /// Pairs of each kind of noise, made whole twenties
    #[arg(help_heading = heading::RUNNING, long, value_name = "N", default_value_t = PairsSpec::default().pairs, requires = "connect", value_parser = pair_count)]
    pairs: usize,
    /// Of the noise, or of the times of events
    #[arg(help_heading = heading::RUNNING, long, default_value_t = 1)]
    seed: u64,
    /// Smooth rho within the mask by this FWHM in voxels
    #[arg(help_heading = heading::NOISE, long, value_name = "VOXELS", default_value_t = RHO_FWHM_VOX, allow_hyphen_values = true)]
    rho_fwhm: f64,
    #[command(flatten)]
    own_run: OwnRunArgs,
    #[command(flatten)]
    device: DeviceArgs,
    #[command(flatten)]
    talk: TalkArgs,
}

impl Args {
    pub(super) fn run(self) -> Result<ExitCode> {
        if self.group {
            return self.of_groups();
        }
        if self.connect {
            return self.of_pairs();
        }
        checks::rho_fwhm(Some(self.rho_fwhm), Noise::Ar1)?;
        match self.own_run.spec(self.rho_fwhm, self.repeats, self.seed)? {
            Some(spec) => self.of_own_run(spec),
            None => self.of_made_up_runs(),
        }
    }

    /// A GPU wherever there is one: many fits are worth opening it.
    fn ladder(&self, watch: &dyn Watch) -> Result<Ladder> {
        let choice = self.device.choice();
        let mut ladder = Ladder::open(&choice)?.within(self.device.memory.mem);
        ladder.say_passed_over(watch);
        if choice == DeviceChoice::Auto {
            let name = ladder.device.report().name;
            watch.note(&match name.as_str() {
                "cpu" => "device: cpu, for no GPU can be used here".to_owned(),
                _ => format!("device: {name}, for a calibration fits many runs"),
            });
        }
        Ok(ladder)
    }

    fn of_own_run(&self, mut spec: OwnRunSpec) -> Result<ExitCode> {
        let terminal = self.talk.terminal();
        let mut ladder = self.ladder(&terminal)?;
        inputs::find_spent(&mut spec.glm.runs, &terminal)?;
        spec.glm = order::for_glm(&mut ladder, spec.glm, self.own_run.criterion(), &terminal)?;
        let found = own_run(&spec, &mut ladder, &terminal)?;
        drop(terminal);
        if self.talk.json {
            say::json(&serde_json::json!({ "spec": spec, "found": found }))?;
        } else {
            say::result(&table_of_own_run(&spec, &found))?;
        }
        Ok(ExitCode::SUCCESS)
    }

    fn of_groups(&self) -> Result<ExitCode> {
        let usual = GroupsSpec::default();
        let spec = GroupsSpec {
            repeats: self.repeats.map_or(usual.repeats, |n| n as usize),
            permutations: self.permutations,
            seed: self.seed,
            ..usual
        };
        let terminal = self.talk.terminal();
        let rates = groups(&spec, &terminal)?;
        drop(terminal);
        if self.talk.json {
            say::json(&serde_json::json!({ "spec": spec, "rates": rates }))?;
        } else {
            say::result(&table_of_groups(&spec, &rates))?;
        }
        Ok(ExitCode::SUCCESS)
    }

    fn of_pairs(&self) -> Result<ExitCode> {
        let spec = PairsSpec { pairs: self.pairs, seed: self.seed };
        let terminal = self.talk.terminal();
        let rates = pairs(&spec, &terminal)?;
        drop(terminal);
        if self.talk.json {
            say::json(&serde_json::json!({ "spec": spec, "rates": rates }))?;
        } else {
            say::result(&table_of_pairs(&spec, &rates))?;
        }
        Ok(ExitCode::SUCCESS)
    }

    fn of_made_up_runs(&self) -> Result<ExitCode> {
        let usual = CalibrateSpec::default();
        let (shape, n_volumes) = match self.shape {
            Some([i, j, k, n]) => ([i, j, k], n),
            None => (usual.shape, usual.n_volumes),
        };
        if n_volumes < LEAST_VOLUMES {
            return Err(Error::usage(
                "--shape",
                format!("asks for {n_volumes} volumes"),
                format!("ask for at least {LEAST_VOLUMES} volumes"),
                "two conditions, six confounds and drift are fitted to 85 % of them",
            ));
        }
        let n_voxels: usize = shape.iter().map(|&n| n.min(1 << 20)).product();
        if n_voxels < LEAST_VOXELS {
            return Err(Error::usage(
                "--shape",
                format!("asks for {n_voxels} voxels"),
                format!("ask for at least {LEAST_VOXELS}"),
                "shares of fewer say nothing at a threshold of .001",
            ));
        }
        checks::size(shape, n_volumes)?;
        let terminal = self.talk.terminal();
        let mut ladder = self.ladder(&terminal)?;
        let spec = CalibrateSpec {
            shape,
            n_volumes,
            repeats: self.repeats.map_or(usual.repeats, |n| n as usize),
            seed: self.seed,
            rho_fwhm_vox: self.rho_fwhm,
        };
        let rates = calibrate(&spec, &mut ladder, &terminal)?;
        drop(terminal);
        if self.talk.json {
            say::json(&serde_json::json!({ "spec": spec, "rates": rates }))?;
        } else {
            say::result(&table(&spec, &rates))?;
        }
        Ok(ExitCode::SUCCESS)
    }
}

fn table(spec: &CalibrateSpec, rates: &[Rate]) -> String {
    let [i, j, k] = spec.shape;
    let mut text = format!(
        "{} of {i} x {j} x {k} x {}, no effect: share of voxels with two-sided p below\n\n{:<12} {:<12}",
        say::counted(spec.repeats, "run"),
        spec.n_volumes,
        "noise model",
        "volumes"
    );
    for threshold in THRESHOLDS {
        text.push_str(&format!(" {:>18}", format!("{threshold}")));
    }
    text.push('\n');
    for rate in rates {
        let kept = match rate.kept {
            Kept::Whole => "all",
            Kept::Scattered => "scattered",
            Kept::Bursts => "bursts",
        };
        text.push_str(&format!("{:<12} {kept:<12}", rate.noise.name()));
        for (found, error) in rate.found.iter().zip(rate.error) {
            text.push_str(&format!(" {:>18}", format!("{found:.5} ± {error:.5}")));
        }
        text.push('\n');
    }
    text.push_str("\nnilearn-ar1 is left out of the runs with censored volumes: nilearn has no rule for them.\n");
    text
}

fn pair_count(text: &str) -> std::result::Result<usize, String> {
    text.parse()
        .ok()
        .filter(|n| (1..=1_000_000).contains(n))
        .ok_or_else(|| "it must be a whole number from 1 to 1000000".to_owned())
}

/// A line a test, of each noise and cleaning.
fn table_of_pairs(spec: &PairsSpec, rates: &[PairRate]) -> String {
    let mut text = format!(
        "{} of series that have nothing to do with each other, 240 volumes, TR 2 s, seed {}: share with two-sided p below\n\n{:<17} {:<41} {:<25} {:>4}",
        say::counted(spec.whole(), "pair"),
        spec.seed,
        "noise",
        "cleaning",
        "test",
        "dof"
    );
    for threshold in THRESHOLDS {
        text.push_str(&format!(" {:>18}", format!("{threshold}")));
    }
    text.push('\n');
    for PairRate { noise, cleaning, test, dof, found, error } in rates {
        let dof = dof.map_or("n/a".to_owned(), |dof| dof.to_string());
        text.push_str(&format!("{noise:<17} {:<41} {:<25} {dof:>4}", cleaning.name(), test.name()));
        for (found, error) in found.iter().zip(error) {
            text.push_str(&format!(" {:>18}", format!("{found:.5} ± {error:.5}")));
        }
        text.push('\n');
    }
    text
}

/// A line a correction, a column a design.
fn table_of_groups(spec: &GroupsSpec, rates: &[GroupRate]) -> String {
    let [i, j, k] = spec.shape;
    let mut text = format!(
        "{} of each design, no effect: share with a corrected p of at most {LEVEL}, and its 95 % interval\n\
         maps of {i} x {j} x {k}, an ellipsoid within, noise of {} voxels FWHM; {} rearrangements, seed {}\n\n",
        say::counted(spec.repeats, "group"),
        spec.fwhm_vox,
        spec.permutations,
        spec.seed
    );
    let mut designs: Vec<(&str, usize)> = Vec::new();
    let mut corrections: Vec<&str> = Vec::new();
    for rate in rates {
        let design = (rate.design.as_str(), rate.n_subjects);
        if !designs.contains(&design) {
            designs.push(design);
        }
        if !corrections.contains(&rate.correction.as_str()) {
            corrections.push(&rate.correction);
        }
    }
    text.push_str(&format!("{:<42}", "correction"));
    for (design, n) in &designs {
        text.push_str(&format!(" {:>20}", format!("{design}, {n}")));
    }
    text.push('\n');
    for correction in corrections {
        text.push_str(&format!("{correction:<42}"));
        for rate in rates.iter().filter(|rate| rate.correction == correction) {
            let [from, to] = rate.interval;
            let cell = format!("{:.3} ({from:.3}, {to:.3})", rate.share());
            text.push_str(&format!(" {cell:>20}"));
        }
        text.push('\n');
    }
    text
}
