//! A visit's runs: the pain task, and rest, in which the insula's slow signal goes with the default mode network's as far as
//! the visit says.

use super::{DrugTrial, Region, Visit};
use crate::error::Result;
use crate::recording::Recording;
use crate::simulate::breathing::Breathing;
use crate::simulate::elementary::cos;
use crate::simulate::heart::Heart;
use crate::simulate::random::{Random, Stream};
use crate::simulate::scan::{N_NETWORKS, Network, Session};
use crate::simulate::{
    GoOn, LEAD_IN_S, LEAD_OUT_S, confounds, motion, record, slice_times, task as blocks_of,
};
use crate::table::Table;

/// Amplitude of a network's slow signal in its middle, per cent of the baseline.
const NETWORK_PERCENT: f64 = 3.0;
/// A slow signal is a sum of waves, one in each of so many bands of equal width.
const WAVES: u64 = 24;
/// Lowest and highest frequency of a slow signal.
const BAND_HZ: [f64; 2] = [0.01, 0.1];

/// What a patient does in a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Task {
    /// Blocks of pain and of touch.
    Pain = 0,
    /// Nothing.
    Rest = 1,
}

impl Task {
    /// Both.
    pub const ALL: [Task; 2] = [Task::Pain, Task::Rest];

    /// As file names have it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Task::Pain => "pain",
            Task::Rest => "rest",
        }
    }
}

/// A run with all that belongs to it.
#[derive(Debug, Clone, PartialEq)]
pub struct Scan {
    /// The run, `[volume][voxel]`, BOLD units.
    pub bold: Vec<f32>,
    /// onset, duration, trial_type; none of a run at rest.
    pub events: Option<Table>,
    /// Motion and mean signals under fMRIPrep's names.
    pub confounds: Table,
    /// Pulse, breathing and trigger.
    pub recording: Recording,
}

impl DrugTrial {
    /// One run of a visit, as long as `go_on` says so.
    ///
    /// # Errors
    /// Those of `go_on`.
    pub fn scan(&self, visit: &Visit, task: Task, go_on: GoOn<'_>) -> Result<Scan> {
        let number = 4 * visit.patient + 2 * visit.session + task as usize;
        let seed = Random::new(self.spec.seed, Stream::Scan).seed(number as u64);
        let spec = self.spec.of_run(seed);
        let run_s = spec.n_volumes as f64 * spec.tr;
        let (from_s, to_s) = (-LEAD_IN_S, run_s + LEAD_OUT_S);
        let breathing = Breathing::new(seed, from_s - 2.0, to_s + 2.0);
        let rate_hz = visit.brain.heart_rate / 60.0;
        let heart = Heart::new((seed, rate_hz), from_s - 1.0, to_s + 1.0, &breathing);
        let jerk_mm = visit.brain.jerk_mm;
        let positions = motion::positions(seed, spec.n_volumes, spec.tr, &breathing, jerk_mm);
        // That there is room for blocks was seen when the trial was made.
        let blocks = match task {
            Task::Pain => blocks_of::blocks(seed, run_s).unwrap_or_default(),
            Task::Rest => Vec::new(),
        };
        let mut places = self.places.clone();
        for place in &mut places {
            place.activation_percent[0] *= visit.brain.share_at(place.at_mm);
        }
        let percents = self.network_percents();
        let networks = networks(seed, visit.brain.coupling, &percents);
        let bold = Session {
            spec: &spec,
            grid: &self.grid,
            places: &places,
            truth: &self.head,
            slice_times: &slice_times(spec.shape[2], spec.tr, spec.multiband, spec.interleaved),
            breathing: &breathing,
            heart: &heart,
            positions: &positions,
            blocks: &blocks,
            networks: (task == Task::Rest).then_some(&networks),
        }
        .bold(go_on)?;
        Ok(Scan {
            confounds: confounds::table(&bold, &self.head, &positions, go_on)?,
            events: (task == Task::Pain).then(|| blocks_of::events(&blocks)),
            recording: record(&spec, from_s, to_s, &breathing, &heart),
            bold,
        })
    }

    /// Amplitude of each network's slow signal, `[network][voxel]`, per cent of the baseline.
    fn network_percents(&self) -> [Vec<f64>; N_NETWORKS] {
        std::array::from_fn(|network| {
            let of = |place: &crate::simulate::anatomy::Place| {
                NETWORK_PERCENT * place.filled * Region::networks(place.at_mm)[network]
            };
            self.places.iter().map(of).collect()
        })
    }
}

/// The default mode network's slow signal, and the insula's: as much of the former as `coupling` says, the rest its own.
fn networks(
    seed: u64,
    coupling: f64,
    percents: &[Vec<f64>; N_NETWORKS],
) -> [Network<'_>; N_NETWORKS] {
    let (dmn, again, own) = (Slow::new(seed, 0), Slow::new(seed, 0), Slow::new(seed, 1));
    let left = (1.0 - coupling * coupling).sqrt();
    let insula = move |time_s: f64| coupling * again.at(time_s) + left * own.at(time_s);
    let [dmn_percent, insula_percent] = percents;
    [
        Network { signal: Box::new(move |time_s| dmn.at(time_s)), percent: dmn_percent },
        Network { signal: Box::new(insula), percent: insula_percent },
    ]
}

/// A slow signal of mean 0 and sd 1.
struct Slow {
    /// Frequency in Hz and phase in cycles of each wave.
    waves: Vec<[f64; 2]>,
}

impl Slow {
    fn new(seed: u64, number: u64) -> Slow {
        let random = Random::new(seed, Stream::Network);
        let width = (BAND_HZ[1] - BAND_HZ[0]) / WAVES as f64;
        let wave = |wave: u64| {
            let [within, phase, ..] = random.uniforms(number * WAVES + wave);
            [BAND_HZ[0] + width * (wave as f64 + within), phase]
        };
        Slow { waves: (0..WAVES).map(wave).collect() }
    }

    fn at(&self, time_s: f64) -> f64 {
        let turns = |[hz, phase]: &[f64; 2]| std::f64::consts::TAU * (hz * time_s + phase);
        let sum: f64 = self.waves.iter().map(|wave| cos(turns(wave))).sum();
        sum * (2.0 / WAVES as f64).sqrt()
    }
}
