//! The scanner: when each slice is acquired, and what each voxel shows then.
//!
//! y = (B + d(t)) (1 + sum a_c h_c(t) / 100 + sum a_n s_n(t) / 100) + grad B . u(t) + A_c w_c(phi_c(t)) (1 + m) + A_r w_r(phi_r(t)) D(t) + e
//! with baseline B, drift d, activation a (per cent) and response h or slow signal s of a network, head displacement u, effects A (BOLD units) of
//! waveforms w with mean 0 and sd 1 over a cycle, lung and depth factors m and D, and AR(1) noise e. t is the
//! slice's own time; only u is taken at the start of the volume.

use rayon::prelude::*;

use super::anatomy::Place;
use super::breathing::{Breathed, Breathing};
use super::elementary::{cos, exp, sin_cos};
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

/// The cardiac effect over phase: a peak and a later, sharper, smaller one. Every harmonic is present.
fn cardiac_wave(phase: f64, sharpness: f64) -> f64 {
    let (sin, cos) = sin_cos(phase);
    let late = cos * -0.737_393_7 + sin * 0.675_463_2; // cos(phase - 2.4)
    exp(sharpness * (cos - 1.0)) + 0.3 * exp(2.0 * sharpness * (late - 1.0))
}

/// The respiratory effect over phase.
fn breath_wave(phase: f64, sharpness: f64) -> f64 {
    exp(sharpness * (cos(phase) - 1.0))
}

fn scaled(amplitude: f64, wave: impl Fn(f64) -> f64) -> Scaled {
    const N: usize = 48;
    let values: [f64; N] = std::array::from_fn(|k| wave(TAU * k as f64 / N as f64));
    let mean = values.iter().sum::<f64>() / N as f64;
    let variance = values.iter().map(|v| (v - mean) * (v - mean)).sum::<f64>() / N as f64;
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
        let n_voxels = self.grid.n_voxels();
        let voxel = |v| go_on().map(|()| self.voxel(v));
        let voxels: Vec<Option<Voxel>> =
            (0..n_voxels).into_par_iter().map(voxel).collect::<Result<_>>()?;
        let thermal = Random::new(self.spec.seed, Stream::Thermal);
        let air = Random::new(self.spec.seed, Stream::Air);
        let sd = self.spec.thermal_sd;
        // For each voxel four white deviates, made at every fourth volume, and the AR(1) noise of the last volume.
        let mut noise = vec![([0.0_f64; 4], 0.0_f64); n_voxels];
        let mut bold = vec![0.0_f32; n_voxels * self.spec.n_volumes];
        let plane_len = self.grid.plane_len();
        for (volume, values) in bold.chunks_exact_mut(n_voxels).enumerate() {
            go_on()?;
            let instants: Vec<Instant> =
                self.slice_times.iter().map(|&s| self.instant(volume, s)).collect();
            let planes = values.par_chunks_mut(plane_len).zip(noise.par_chunks_mut(plane_len));
            planes.enumerate().for_each(|(plane, (values, noise))| {
                for (at, (value, (white, last))) in values.iter_mut().zip(noise).enumerate() {
                    let voxel = plane * plane_len + at;
                    let draw = (voxel as u64) << 24 | (volume / 4) as u64;
                    let Some(v) = &voxels[voxel] else {
                        if self.spec.air_noise {
                            let [a, b, ..] = air.normals((voxel as u64) << 24 | volume as u64);
                            *value = (0.7 * sd * (a * a + b * b).sqrt()) as f32;
                        }
                        continue;
                    };
                    if volume % 4 == 0 {
                        *white = thermal.normals(draw);
                    }
                    let fresh = white[volume % 4];
                    let rho = v.shape.rho;
                    *last = match volume {
                        0 => fresh,
                        _ => rho * *last + (1.0 - rho * rho).sqrt() * fresh,
                    };
                    let clean = v.signal(&instants[plane], &self.positions[volume]);
                    *value = (clean + sd * *last).max(0.0) as f32;
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

    /// A voxel's constants; none in air.
    fn voxel(&self, voxel: usize) -> Option<Voxel> {
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
            cardiac: scaled(f64::from(cardiac), |p| cardiac_wave(p, shape.cardiac_sharpness)),
            breath: scaled(f64::from(breath), |p| breath_wave(p, shape.breath_sharpness)),
            shape,
        })
    }
}

impl Voxel {
    /// The signal without thermal noise.
    fn signal(&self, now: &Instant, position: &Position) -> f64 {
        let s = &self.shape;
        let drift = (s.drift_percent[0] * now.ramp + s.drift_percent[1] * now.wave) / 100.0;
        let task = self.activation[0] * now.pain + self.activation[1] * now.control;
        let slow: f64 = (0..N_NETWORKS).map(|n| self.slow[n] * now.slow[n]).sum();
        let moved = motion::displacement(position, self.at_mm);
        let edge: f64 = (0..3).map(|a| -self.gradient_per_mm[a] * moved[a]).sum();
        let pulse = cardiac_wave(now.cardiac_rad - s.cardiac_lag_rad, s.cardiac_sharpness);
        let breath = breath_wave(now.breath_rad - s.breath_lag_rad, s.breath_sharpness);
        let cardiac = self.cardiac.gain
            * (pulse - self.cardiac.mean)
            * (1.0 + 0.2 * (now.breathed.lung - 0.45));
        let respiratory =
            self.breath.gain * (breath - self.breath.mean) * (0.5 + 0.5 * now.breathed.depth);
        self.baseline * (1.0 + drift) * (1.0 + task + slow) + edge + cardiac + respiratory
    }
}
