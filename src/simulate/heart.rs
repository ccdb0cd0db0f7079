//! The heart: an instantaneous rate that follows breathing (respiratory sinus arrhythmia), a 0.1 Hz wave, a slow drift
//! and noise, integrated to a phase; and the pulse wave a finger clip shows, with systolic peak and dicrotic notch.

use super::breathing::Breathing;
use super::elementary::{exp, sin};
use super::random::{Random, Stream};

/// At rest.
pub(super) const MEAN_RATE_HZ: f64 = 1.09;
const STEP_S: f64 = 0.01;

/// The cardiac phase over an interval of time.
pub(super) struct Heart {
    start_s: f64,
    /// Unwrapped phase in beats at each step; whole numbers are systolic peaks.
    cycles: Vec<f64>,
}

impl Heart {
    /// Integrates the rate, `rate_hz` on average, over `from_s..to_s`.
    pub(super) fn new(
        (seed, rate_hz): (u64, f64),
        from_s: f64,
        to_s: f64,
        breathing: &Breathing,
    ) -> Heart {
        let random = Random::new(seed, Stream::Heart);
        let [p0, p1, p2, first] = random.uniforms(u64::MAX);
        let tau = std::f64::consts::TAU;
        let n_steps = ((to_s - from_s) / STEP_S).ceil() as usize + 2;
        let (mut phase, mut wander) = (first, 0.0);
        let mut cycles = Vec::with_capacity(n_steps);
        for step in 0..n_steps {
            cycles.push(phase);
            let time_s = from_s + (step as f64 + 0.5) * STEP_S;
            let noise = random.normals(step as u64 / 4)[step % 4];
            wander += -wander * STEP_S / 1.5 + noise * (2.0 * STEP_S / 1.5_f64).sqrt();
            let change = 0.055 * (breathing.at(time_s - 0.6).lung - 0.5)
                + 0.025 * sin(tau * (0.094 * time_s + p0))
                + 0.035 * sin(tau * (0.0071 * time_s + p1))
                + 0.025 * sin(tau * (0.0173 * time_s + p2))
                + 0.025 * wander.clamp(-3.0, 3.0);
            phase += rate_hz * (1.0 + change) * STEP_S;
        }
        Heart { start_s: from_s, cycles }
    }

    /// Unwrapped phase in beats.
    pub(super) fn at(&self, time_s: f64) -> f64 {
        let place = ((time_s - self.start_s) / STEP_S).clamp(0.0, (self.cycles.len() - 2) as f64);
        let step = place.floor() as usize;
        let part = place - step as f64;
        self.cycles[step] + (self.cycles[step + 1] - self.cycles[step]) * part
    }

    /// Times of the systolic peaks in seconds.
    pub(super) fn beats(&self) -> Vec<f64> {
        let mut beats = Vec::new();
        for (step, pair) in self.cycles.windows(2).enumerate() {
            if pair[0].floor() < pair[1].floor() {
                let part = (pair[1].floor() - pair[0]) / (pair[1] - pair[0]);
                beats.push(self.start_s + (step as f64 + part) * STEP_S);
            }
        }
        beats
    }
}

/// The pulse wave at an unwrapped phase in beats: a steep rise to 1 at whole numbers, a slower fall, a dicrotic notch
/// near 0.26 and its wave at 0.38.
pub(super) fn pulse_wave(cycles: f64) -> f64 {
    let u = cycles - cycles.round();
    let bump = |distance: f64, width: f64| exp(-0.5 * (distance / width) * (distance / width));
    let systole = if u < 0.0 { bump(u, 0.075) } else { bump(u, 0.125) };
    let late = u - 0.38;
    systole + 0.34 * (bump(late, 0.07) + bump(late + 1.0, 0.07))
}
