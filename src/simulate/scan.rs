//! The scanner: when each slice is acquired, and what each voxel shows then.
//!
//! y = (B + d(t)) (1 + sum a_c h_c(t) / 100 + sum a_n s_n(t) / 100) + grad B . u(t) + A_c w_c(phi_c(t)) (1 + m) + A_r w_r(phi_r(t)) D(t) + e
//! with baseline B, drift d, activation a (per cent) and response h or slow signal s of a network, head displacement u, effects A (BOLD units) of
//! waveforms w with mean 0 and sd 1 over a cycle, lung and depth factors m and D, and AR(1) noise e. t is the
//! slice's own time; only u is taken at the start of the volume.

use rayon::prelude::*;

use super::anatomy::Place;
use super::breathing::{Breathed, Breathing};
use super::elementary::{cos, exp_each, sin_cos_each};
use super::head::{self, Shape};
use super::heart::Heart;
use super::motion::{self, Position};
use super::random::{Random, Stream};
use super::task::{self, Condition};
use super::{GoOn, Spec, Truth};
use crate::error::Result;
use crate::volume::Grid;

const TAU: f64 = std::f64::consts::TAU;

/// Seconds after the start of the volume for each slice. Slices that differ by a multiple of n_slices / multiband are
/// excited together; interleaved: slots 0, 2, 4, ... then 1, 3, 5, ...
#[must_use]
pub fn slice_times(n_slices: usize, tr: f64, multiband: usize, interleaved: bool) -> Vec<f64> {
    let n_slots = n_slices / multiband.max(1);
    let turn = |slot: usize| match interleaved {
        false => slot,
        true if slot.is_multiple_of(2) => slot / 2,
        true => n_slots.div_ceil(2) + slot / 2,
    };
    (0..n_slices).map(|k| turn(k % n_slots) as f64 * tr / n_slots as f64).collect()
}

/// Networks that a run at rest has.
pub(super) const N_NETWORKS: usize = 2;

/// Voxels that share a slow signal.
pub(super) struct Network<'a> {
    /// The signal over time in seconds, mean 0 and sd 1.
    pub(super) signal: Box<dyn Fn(f64) -> f64 + Sync>,
    /// Its amplitude, `[voxel]`, per cent of the baseline.
    pub(super) percent: &'a [f64],
}

/// What is the same for all voxels of a slice in one volume.
struct Instant {
    cardiac_rad: f64,
    breath_rad: f64,
    breathed: Breathed,
    pain: f64,
    control: f64,
    /// Of each network.
    slow: [f64; N_NETWORKS],
    ramp: f64,
    wave: f64,
}

/// A voxel's constants.
struct Voxel {
    at_mm: [f64; 3],
    baseline: f64,
    gradient_per_mm: [f64; 3],
    activation: [f64; 2],
    slow: [f64; N_NETWORKS],
    shape: Shape,
    cardiac: Scaled,
    breath: Scaled,
}

/// A waveform's amplitude divided by its sd, and its mean.
struct Scaled {
    gain: f64,
    mean: f64,
}

/// Phases of a cycle at which a waveform's mean and sd are taken.
const N_PHASES: usize = 48;
/// Voxels whose signals are made side by side.
const LANES: usize = 8;

/// Sine and cosine of a phase.
type Turned = (f64, f64);

/// The cardiac effect over phase: a peak and a later, sharper, smaller one. Every harmonic is present.
fn cardiac_waves<const N: usize>(turned: &[Turned; N], sharpness: [f64; N]) -> [f64; N] {
    let late = turned.map(|(sin, cos)| cos * -0.737_393_7 + sin * 0.675_463_2); // cos(phase - 2.4)
    let peak = exp_each::<N>(std::array::from_fn(|i| sharpness[i] * (turned[i].1 - 1.0)));
    let later = exp_each::<N>(std::array::from_fn(|i| 2.0 * sharpness[i] * (late[i] - 1.0)));
    std::array::from_fn(|i| peak[i] + 0.3 * later[i])
}

/// The respiratory effect over phase.
fn breath_waves<const N: usize>(turned: &[Turned; N], sharpness: [f64; N]) -> [f64; N] {
    exp_each(std::array::from_fn(|i| sharpness[i] * (turned[i].1 - 1.0)))
}

/// Of a waveform of this amplitude at phases all over a cycle.
fn scaled(amplitude: f64, values: [f64; N_PHASES]) -> Scaled {
    let n = N_PHASES as f64;
    let mean = values.iter().sum::<f64>() / n;
    let variance = values.iter().map(|v| (v - mean) * (v - mean)).sum::<f64>() / n;
    Scaled { gain: amplitude / variance.sqrt(), mean }
}

/// The subject and the schedule that a scan shows.
pub(super) struct Session<'a> {
    pub(super) spec: &'a Spec,
    pub(super) grid: &'a Grid,
    pub(super) places: &'a [Place],
    pub(super) truth: &'a Truth,
    pub(super) slice_times: &'a [f64],
    pub(super) breathing: &'a Breathing,
    pub(super) heart: &'a Heart,
    pub(super) positions: &'a [Position],
    pub(super) blocks: &'a [(f64, Condition)],
    /// None where nothing of the kind is in the run.
    pub(super) networks: Option<&'a [Network<'a>; N_NETWORKS]>,
}

impl Session<'_> {
    /// The run, `[volume][voxel]`, BOLD units; `go_on` is asked at each voxel, then at each volume.
    pub(super) fn bold(&self, go_on: GoOn<'_>) -> Result<Vec<f32>> {
        let (n_voxels, plane_len) = (self.grid.n_voxels(), self.grid.plane_len());
        let cycle: [Turned; N_PHASES] =
            sin_cos_each(std::array::from_fn(|k| TAU * k as f64 / N_PHASES as f64));
        let voxel = |v| go_on().map(|()| self.voxel(v, &cycle));
        let voxels: Vec<Option<Voxel>> =
            (0..n_voxels).into_par_iter().map(voxel).collect::<Result<_>>()?;
        let thermal = Random::new(self.spec.seed, Stream::Thermal);
        let air = Random::new(self.spec.seed, Stream::Air);
        let sd = self.spec.thermal_sd;
        let mut noise: Vec<Vec<Noise>> = voxels.chunks(plane_len).map(noisy).collect();
        let mut bold = vec![0.0_f32; n_voxels * self.spec.n_volumes];
        for (volume, values) in bold.chunks_exact_mut(n_voxels).enumerate() {
            go_on()?;
            let instants: Vec<Instant> =
                self.slice_times.iter().map(|&s| self.instant(volume, s)).collect();
            let planes = values.par_chunks_mut(plane_len).zip(&mut noise);
            planes.enumerate().for_each(|(plane, (values, noise))| {
                let first = plane * plane_len;
                for some in noise.chunks_mut(LANES) {
                    let of = |i: usize| some[i.min(some.len() - 1)].voxel;
                    let clean =
                        signals(std::array::from_fn(of), &instants[plane], &self.positions[volume]);
                    for (noise, clean) in some.iter_mut().zip(clean) {
                        let last = noise.next(&thermal, first, volume);
                        values[noise.at] = (clean + sd * last).max(0.0) as f32;
                    }
                }
                if self.spec.air_noise {
                    let is_air = |at: &usize| voxels[first + at].is_none();
                    for at in (0..plane_len).filter(is_air) {
                        let [a, b, ..] = air.normals(((first + at) as u64) << 24 | volume as u64);
                        values[at] = (0.7 * sd * (a * a + b * b).sqrt()) as f32;
                    }
                }
            });
        }
        Ok(bold)
    }

    fn instant(&self, volume: usize, slice_time: f64) -> Instant {
        let tr = self.spec.tr;
        let time_s = volume as f64 * tr + slice_time;
        let breathed = self.breathing.at(time_s);
        let part = time_s / (self.spec.n_volumes as f64 * tr);
        Instant {
            cardiac_rad: TAU * self.heart.at(time_s).fract(),
            breath_rad: TAU * breathed.cycles.fract(),
            breathed,
            pain: task::response(self.blocks, Condition::Pain, time_s),
            control: task::response(self.blocks, Condition::Control, time_s),
            slow: self.networks.map_or([0.0; N_NETWORKS], |networks| {
                std::array::from_fn(|n| (networks[n].signal)(time_s))
            }),
            ramp: part - 0.5,
            wave: 0.5 * cos(TAU * 1.4 * part),
        }
    }

    /// A voxel's constants; none in air. `cycle`: phases all over one.
    fn voxel(&self, voxel: usize, cycle: &[Turned; N_PHASES]) -> Option<Voxel> {
        let place = &self.places[voxel];
        if place.filled == 0.0 {
            return None;
        }
        let shape = head::shape(place.at_mm);
        let baseline = f64::from(self.truth.baseline[voxel]);
        let (cardiac, breath) = (self.truth.cardiac[voxel], self.truth.respiratory[voxel]);
        let index = self.grid.coordinates(voxel);
        let gradient = |axis: usize| {
            let stride = [1, self.grid.shape[0], self.grid.plane_len()][axis];
            let before = if index[axis] > 0 { voxel - stride } else { voxel };
            let last = index[axis] + 1 == self.grid.shape[axis];
            let after = if last { voxel } else { voxel + stride };
            let rise = f64::from(self.truth.baseline[after] - self.truth.baseline[before]);
            rise / (2.0 * self.grid.voxel_size_mm[axis])
        };
        Some(Voxel {
            at_mm: std::array::from_fn(|row| {
                let along = |c: usize| self.grid.affine[row][c] * index[c] as f64;
                (0..3).map(along).sum::<f64>() + self.grid.affine[row][3]
            }),
            baseline,
            gradient_per_mm: std::array::from_fn(gradient),
            activation: place.activation_percent.map(|percent| percent / 100.0),
            slow: self.networks.map_or([0.0; N_NETWORKS], |networks| {
                std::array::from_fn(|n| networks[n].percent[voxel] / 100.0)
            }),
            cardiac: scaled(
                f64::from(cardiac),
                cardiac_waves(cycle, [shape.cardiac_sharpness; N_PHASES]),
            ),
            breath: scaled(
                f64::from(breath),
                breath_waves(cycle, [shape.breath_sharpness; N_PHASES]),
            ),
            shape,
        })
    }
}

/// Those of a plane's voxels that are not air, each with its noise.
fn noisy(plane: &[Option<Voxel>]) -> Vec<Noise<'_>> {
    let there = plane.iter().enumerate().filter_map(|(at, voxel)| Some((at, voxel.as_ref()?)));
    there.map(|(at, voxel)| Noise { voxel, at, white: [0.0; 4], last: 0.0 }).collect()
}

/// A voxel's thermal noise from volume to volume.
struct Noise<'a> {
    voxel: &'a Voxel,
    /// Where it lies in its plane.
    at: usize,
    /// Four white deviates, made at every fourth volume.
    white: [f64; 4],
    /// The AR(1) noise of the last volume.
    last: f64,
}

impl Noise<'_> {
    /// Of the next volume, sd 1. `first`: the plane's first voxel.
    fn next(&mut self, thermal: &Random, first: usize, volume: usize) -> f64 {
        if volume.is_multiple_of(4) {
            self.white = thermal.normals(((first + self.at) as u64) << 24 | (volume / 4) as u64);
        }
        let (fresh, rho) = (self.white[volume % 4], self.voxel.shape.rho);
        self.last = match volume {
            0 => fresh,
            _ => rho * self.last + (1.0 - rho * rho).sqrt() * fresh,
        };
        self.last
    }
}

/// The signals of voxels without thermal noise.
fn signals(voxels: [&Voxel; LANES], now: &Instant, position: &Position) -> [f64; LANES] {
    let turned = |rad: f64, lag: fn(&Shape) -> f64| {
        sin_cos_each(voxels.map(|voxel| rad - lag(&voxel.shape)))
    };
    let cardiac = turned(now.cardiac_rad, |shape| shape.cardiac_lag_rad);
    let breath = turned(now.breath_rad, |shape| shape.breath_lag_rad);
    let pulse = cardiac_waves(&cardiac, voxels.map(|voxel| voxel.shape.cardiac_sharpness));
    let breath = breath_waves(&breath, voxels.map(|voxel| voxel.shape.breath_sharpness));
    std::array::from_fn(|i| voxels[i].signal(now, position, [pulse[i], breath[i]]))
}

impl Voxel {
    /// The signal without thermal noise; `pulse` and `breath`: the waveforms' values.
    fn signal(&self, now: &Instant, position: &Position, [pulse, breath]: [f64; 2]) -> f64 {
        let s = &self.shape;
        let drift = (s.drift_percent[0] * now.ramp + s.drift_percent[1] * now.wave) / 100.0;
        let task = self.activation[0] * now.pain + self.activation[1] * now.control;
        let slow: f64 = (0..N_NETWORKS).map(|n| self.slow[n] * now.slow[n]).sum();
        let moved = motion::displacement(position, self.at_mm);
        let edge: f64 = (0..3).map(|a| -self.gradient_per_mm[a] * moved[a]).sum();
        let cardiac = self.cardiac.gain
            * (pulse - self.cardiac.mean)
            * (1.0 + 0.2 * (now.breathed.lung - 0.45));
        let respiratory =
            self.breath.gain * (breath - self.breath.mean) * (0.5 + 0.5 * now.breathed.depth);
        self.baseline * (1.0 + drift) * (1.0 + task + slow) + edge + cardiac + respiratory
    }
}
