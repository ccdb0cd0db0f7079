//! A made-up study with known truth, the same bytes everywhere: a head with a brainstem, a pain task, a beating heart,
//! breathing, motion, drift and noise, scanned slice by slice.
//!
//! The physiology is its own: a pulse wave and breaths of varying rate and depth, effects that contain every harmonic
//! of the true phase. Nothing here comes from `physio` or `design`, so a demonstration on these data proves
//! something. All numbers come from `random`'s counters and [`elementary`]'s functions, so they depend on the seed
//! and the [`Spec`] alone, not on threads or the platform's libm.

use rayon::prelude::*;

use crate::error::{Error, Result};
use crate::recording::{Acquisition, Recording, Trace};
use crate::table::Table;
use crate::volume::{Grid, Mask};

mod anatomy;
mod breathing;
mod confounds;
pub mod dictionaries;
pub mod drug_trial;
pub mod elementary;
pub mod field;
mod head;
mod heart;
pub mod motion;
pub mod null;
mod random;
mod scan;
mod task;
pub mod trial;
pub mod write;

pub use anatomy::Label;
pub use scan::slice_times;
pub use task::{Condition, step_response};

use anatomy::Place;
use breathing::Breathing;
use heart::Heart;
use random::{Random, Stream};

/// Seconds that the physiological recording starts before the first volume and ends after the last.
const LEAD_IN_S: f64 = 10.0;
const LEAD_OUT_S: f64 = 5.0;

/// What to simulate. The default is the example that ships with boldly.
#[derive(Debug, Clone, PartialEq)]
pub struct Spec {
    /// Voxels along i, j, k.
    pub shape: [usize; 3],
    /// Edge lengths of a voxel in millimetres. The head is stretched to fill the field of view.
    pub voxel_size_mm: [f64; 3],
    /// Volumes in the run.
    pub n_volumes: usize,
    /// Repetition time in seconds.
    pub tr: f64,
    /// Seed of all random numbers.
    pub seed: u64,
    /// Slices excited together; divides the number of slices.
    pub multiband: usize,
    /// Whether every second slice is acquired first.
    pub interleaved: bool,
    /// Standard deviation of the AR(1) noise in BOLD units (grey matter's baseline is about 1000).
    pub thermal_sd: f64,
    /// Factor on the cardiac and respiratory effects; 0 for none.
    pub physiology: f64,
    /// Whether air shows noise; otherwise it is 0, which compresses well.
    pub air_noise: bool,
    /// Samples per second of the physiological recording.
    pub sampling_hz: f64,
}

impl Default for Spec {
    fn default() -> Spec {
        Spec {
            shape: [40, 48, 36],
            voxel_size_mm: [3.75; 3],
            n_volumes: 150,
            tr: 2.0,
            seed: 2,
            multiband: 2,
            interleaved: true,
            thermal_sd: 12.0,
            physiology: 1.0,
            air_noise: false,
            sampling_hz: 100.0,
        }
    }
}

/// Maps of what was put in, each `[voxel]`.
#[derive(Debug, Clone, PartialEq)]
pub struct Truth {
    /// Signal at rest in BOLD units.
    pub baseline: Vec<f32>,
    /// Response to pain on the plateau of a long block, BOLD units: the beta of a unit-plateau regressor.
    pub pain: Vec<f32>,
    /// Response to control likewise.
    pub control: Vec<f32>,
    /// Standard deviation of the cardiac effect over a heart beat, BOLD units.
    pub cardiac: Vec<f32>,
    /// Standard deviation of the respiratory effect over a breath of mean depth, BOLD units.
    pub respiratory: Vec<f32>,
    /// Lag-1 autocorrelation of the noise.
    pub rho: Vec<f32>,
    /// [`Label`] of each voxel as a number.
    pub labels: Vec<u8>,
}

impl Truth {
    /// The voxels that carry one of some labels.
    #[must_use]
    pub fn where_label(&self, labels: &[Label]) -> Vec<bool> {
        self.labels.iter().map(|&v| labels.iter().any(|&l| l as u8 == v)).collect()
    }
}

/// The physiology that the run really contains.
#[derive(Debug, Clone, PartialEq)]
pub struct TruePhysiology {
    /// Unwrapped cardiac phase in radians at each slice's time, `[volume][slice]`; 0 modulo 2 pi at systolic peaks.
    pub cardiac_phase: Vec<Vec<f64>>,
    /// Unwrapped respiratory phase likewise; 0 modulo 2 pi at starts of inspiration.
    pub respiratory_phase: Vec<Vec<f64>>,
    /// Times of the systolic peaks in seconds from the first volume, over the recording.
    pub beats_s: Vec<f64>,
    /// Times of the starts of inspiration in seconds, over the recording.
    pub breaths_s: Vec<f64>,
}

/// A simulated run with all that belongs to it.
#[derive(Debug, Clone, PartialEq)]
pub struct Study {
    /// What it was made from.
    pub spec: Spec,
    /// The grid.
    pub grid: Grid,
    /// The run, `[volume][voxel]`, BOLD units.
    pub bold: Vec<f32>,
    /// Voxels that are at least half brain or fluid within the skull.
    pub mask: Mask,
    /// What was put in.
    pub truth: Truth,
    /// onset, duration, trial_type (`pain`, `control`).
    pub events: Table,
    /// fMRIPrep's names: trans_*, rot_*, framewise_displacement, csf, white_matter.
    pub confounds: Table,
    /// What pulse clip, breathing belt and scanner trigger recorded.
    pub recording: Recording,
    /// Repetition and slice times.
    pub acquisition: Acquisition,
    /// The physiology behind the recording.
    pub physiology: TruePhysiology,
    /// The head's position at each volume.
    pub positions: Vec<motion::Position>,
}

/// Asked again and again whether to go on: its error ends the work.
pub type GoOn<'a> = &'a (dyn Fn() -> Result<()> + Sync);

/// Simulate a study.
///
/// # Errors
/// As [`run_while`].
pub fn run(spec: &Spec) -> Result<Study> {
    run_while(spec, &|| Ok(()))
}

/// The same, as long as `go_on` says so.
///
/// # Errors
/// Those of `go_on`; usage when the shape is empty, the multiband factor does not divide the slices, a number is not positive, or the
/// run is too short for one pain and one control block (58 s).
pub fn run_while(spec: &Spec, go_on: GoOn<'_>) -> Result<Study> {
    check(spec)?;
    let run_s = spec.n_volumes as f64 * spec.tr;
    let blocks = task::blocks(spec.seed, run_s)?;
    let (from_s, to_s) = (-LEAD_IN_S, run_s + LEAD_OUT_S);
    let breathing = Breathing::new(spec.seed, from_s - 2.0, to_s + 2.0);
    let rate = (spec.seed, heart::MEAN_RATE_HZ);
    let heart = Heart::new(rate, from_s - 1.0, to_s + 1.0, &breathing);
    let positions =
        motion::positions(spec.seed, spec.n_volumes, spec.tr, &breathing, motion::CALM_MM);

    let grid = grid(spec.shape, spec.voxel_size_mm);
    let places = anatomy::places(&grid, go_on)?;
    let truth = truth(spec, &places, go_on)?;
    let slice_times = slice_times(spec.shape[2], spec.tr, spec.multiband, spec.interleaved);
    let bold = scan::Session {
        spec,
        grid: &grid,
        places: &places,
        truth: &truth,
        slice_times: &slice_times,
        breathing: &breathing,
        heart: &heart,
        positions: &positions,
        blocks: &blocks,
        networks: None,
    }
    .bold(go_on)?;

    let inside = places.iter().map(|p| p.filled >= 0.5).collect();
    let time = |volume: usize, slice: f64| volume as f64 * spec.tr + slice;
    let phases = |at: &dyn Fn(f64) -> f64| -> Result<Vec<Vec<f64>>> {
        let row = |volume| {
            go_on()?;
            let turns = |&slice: &f64| std::f64::consts::TAU * at(time(volume, slice));
            Ok(slice_times.iter().map(turns).collect())
        };
        (0..spec.n_volumes).map(row).collect()
    };
    let recorded = |t: &f64| (from_s..to_s).contains(t);
    let confounds = confounds::table(&bold, &truth, &positions, go_on)?;
    Ok(Study {
        confounds,
        events: task::events(&blocks),
        recording: record(spec, from_s, to_s, &breathing, &heart),
        physiology: TruePhysiology {
            cardiac_phase: phases(&|t| heart.at(t))?,
            respiratory_phase: phases(&|t| breathing.at(t).cycles)?,
            beats_s: heart.beats().into_iter().filter(recorded).collect(),
            breaths_s: breathing.starts().filter(recorded).collect(),
        },
        acquisition: Acquisition {
            tr: spec.tr,
            n_volumes: spec.n_volumes,
            slice_times: Some(slice_times),
            start_time: 0.0,
        },
        mask: Mask { grid: grid.clone(), inside },
        spec: spec.clone(),
        grid,
        bold,
        truth,
        positions,
    })
}

fn check(spec: &Spec) -> Result<()> {
    let bad = |found: String, expected: &str, hint: &str| {
        Err(Error::usage("the study to simulate", found, expected, hint))
    };
    if spec.shape.contains(&0) {
        return bad(format!("has the shape {:?}", spec.shape), "have a voxel along each axis", "");
    }
    if spec.multiband == 0 || !spec.shape[2].is_multiple_of(spec.multiband) {
        return bad(
            format!("has {} slices and multiband factor {}", spec.shape[2], spec.multiband),
            "have a multiple of the multiband factor as its number of slices",
            "try --multiband 1",
        );
    }
    let numbers = [
        ("voxel size", spec.voxel_size_mm[0], true),
        ("voxel size", spec.voxel_size_mm[1], true),
        ("voxel size", spec.voxel_size_mm[2], true),
        ("repetition time", spec.tr, true),
        ("sampling rate", spec.sampling_hz, true),
        ("thermal noise sd", spec.thermal_sd, false),
        ("physiology factor", spec.physiology, false),
    ];
    for (name, value, positive) in numbers {
        if !(value.is_finite() && (value > 0.0 || !positive && value == 0.0)) {
            let expected = if positive { "be above 0" } else { "be 0 or more" };
            return bad(format!("has the {name} {value}"), expected, "");
        }
    }
    if let Some(size) = spec.voxel_size_mm.iter().find(|size| !(0.01..=100.0).contains(*size)) {
        return bad(format!("has the voxel size {size:?} mm"), "have one from 0.01 to 100 mm", "");
    }
    if spec.n_volumes as f64 * spec.tr > 36_000.0 || spec.n_volumes >= 1 << 24 {
        let found = format!("lasts {} s", spec.n_volumes as f64 * spec.tr);
        return bad(found, "last at most 36000 s", "ask for fewer volumes");
    }
    Ok(())
}

/// i runs to the right, j to the front, k up; the centre of the grid is the scanner's origin.
fn grid(shape: [usize; 3], size: [f64; 3]) -> Grid {
    let origin = |axis: usize| -size[axis] * (shape[axis] as f64 - 1.0) / 2.0;
    let affine = [
        [size[0], 0.0, 0.0, origin(0)],
        [0.0, size[1], 0.0, origin(1)],
        [0.0, 0.0, size[2], origin(2)],
        [0.0, 0.0, 0.0, 1.0],
    ];
    Grid { shape, affine, voxel_size_mm: size, is_placed: true }
}

/// What is put into a run; `go_on` is asked at each voxel.
fn truth(spec: &Spec, places: &[Place], go_on: GoOn<'_>) -> Result<Truth> {
    let texture = Random::new(spec.seed, Stream::Texture);
    let baseline: Vec<f64> = places
        .par_iter()
        .enumerate()
        .map(|(voxel, place)| {
            go_on()?;
            let fine = 1.0 + 0.015 * texture.normals(voxel as u64)[0];
            Ok(place.signal * head::shape(place.at_mm).sensitivity * fine)
        })
        .collect::<Result<_>>()?;
    let map = |value: &(dyn Fn(&Place) -> f64 + Sync)| -> Result<Vec<f32>> {
        let value = |p: &Place| if p.filled > 0.0 { value(p) as f32 } else { 0.0 };
        let one = |p: &Place| go_on().map(|()| value(p));
        places.par_iter().map(one).collect()
    };
    let effect = |condition: usize| -> Vec<f32> {
        let one = |(p, b): (&Place, &f64)| (p.activation_percent[condition] / 100.0 * b) as f32;
        places.iter().zip(&baseline).map(one).collect()
    };
    let scale = spec.thermal_sd * spec.physiology;
    Ok(Truth {
        pain: effect(0),
        control: effect(1),
        cardiac: map(&|p| scale * p.filled * head::pulsation(p.at_mm))?,
        respiratory: map(&|p| scale * p.filled * head::breath_effect(p.at_mm))?,
        rho: map(&|p| head::shape(p.at_mm).rho)?,
        labels: places.iter().map(|p| p.label as u8).collect(),
        baseline: baseline.into_iter().map(|b| b as f32).collect(),
    })
}

/// What the recorder writes: whole numbers of an analogue-to-digital converter, with sensor noise, a gain and a
/// baseline that follow breathing.
fn record(spec: &Spec, from_s: f64, to_s: f64, breathing: &Breathing, heart: &Heart) -> Recording {
    let sensor = Random::new(spec.seed, Stream::Sensor);
    let n_samples = ((to_s - from_s) * spec.sampling_hz).floor() as usize;
    let trace =
        |samples: Vec<f64>| Some(Trace { samples, sampling_hz: spec.sampling_hz, start_s: from_s });
    let (mut cardiac, mut respiratory) = (Vec::new(), Vec::new());
    for sample in 0..n_samples {
        let time_s = from_s + sample as f64 / spec.sampling_hz;
        let lung = breathing.at(time_s).lung;
        let [a, b, ..] = sensor.normals(sample as u64);
        let pulse = heart::pulse_wave(heart.at(time_s)) * (1.0 - 0.12 * lung) + 0.1 * lung;
        cardiac.push((2048.0 + 1000.0 * (pulse + 0.008 * a)).round());
        respiratory.push((1600.0 + 800.0 * (lung + 0.006 * b)).round());
    }
    let mut trigger = vec![0.0; n_samples];
    for volume in 0..spec.n_volumes {
        let sample = (volume as f64 * spec.tr - from_s) * spec.sampling_hz;
        // The first sample at or after the start of the volume; a hair's breadth of rounding is not a sample.
        let first = (sample - 1e-6).ceil() as usize;
        if let Some(on) = trigger.get_mut(first) {
            *on = 1.0;
        }
    }
    Recording {
        name: "physio.tsv.gz".into(),
        cardiac: trace(cardiac),
        respiratory: trace(respiratory),
        trigger: trace(trigger),
    }
}
