//! Breathing, breath by breath: period and depth wander from breath to breath, some breaths are sighs and some end in
//! a pause. The lung fills with a smooth rise and empties faster at first than at the end.

use super::elementary::cos;
use super::random::{Random, Stream};

const MEAN_PERIOD_S: f64 = 3.9;
/// Share of a breath that is inspiration.
const INSPIRATION: f64 = 0.42;

struct Breath {
    start_s: f64,
    period_s: f64,
    pause_s: f64,
    depth: f64,
}

/// Breathing over an interval of time.
pub(super) struct Breathing {
    breaths: Vec<Breath>,
}

/// The state of breathing at one time.
#[derive(Debug, Clone, Copy)]
pub(super) struct Breathed {
    /// Unwrapped phase in breaths; whole numbers are the starts of inspiration.
    pub(super) cycles: f64,
    /// Depth of breathing, mean about 1, continuous in time.
    pub(super) depth: f64,
    /// Lung filling above end expiration, 0 to about `depth`.
    pub(super) lung: f64,
}

impl Breathing {
    /// Breaths that cover `from_s..to_s`.
    pub(super) fn new(seed: u64, from_s: f64, to_s: f64) -> Breathing {
        let random = Random::new(seed, Stream::Breaths);
        let (mut start_s, mut rate, mut deep) = (from_s - 3.0 * MEAN_PERIOD_S, 0.0, 0.0);
        let mut breaths = Vec::new();
        while start_s < to_s + 4.0 * MEAN_PERIOD_S {
            let index = 2 * breaths.len() as u64;
            let [n0, n1, _, _] = random.normals(index);
            let [u0, u1, u2, _] = random.uniforms(index + 1);
            rate = 0.6 * rate + 0.8 * n0; // AR(1) of unit variance
            deep = 0.5 * deep + 0.866 * n1;
            let sigh = u0 < 0.03;
            let pause_s = if u1 < 0.07 { 2.0 + 2.5 * u2 } else { 0.0 };
            let period_s =
                MEAN_PERIOD_S * (1.0 + 0.11 * rate.clamp(-2.5, 2.5)) * if sigh { 1.3 } else { 1.0 };
            let depth = if sigh { 1.8 } else { 1.0 + 0.13 * deep.clamp(-2.5, 2.5) };
            breaths.push(Breath { start_s, period_s, pause_s, depth });
            start_s += period_s + pause_s;
        }
        Breathing { breaths }
    }

    /// Starts of inspiration in seconds.
    pub(super) fn starts(&self) -> impl Iterator<Item = f64> + '_ {
        self.breaths.iter().map(|b| b.start_s)
    }

    /// The state at a time within the interval.
    pub(super) fn at(&self, time_s: f64) -> Breathed {
        let after = self.breaths.partition_point(|b| b.start_s <= time_s);
        let index = after.saturating_sub(1).min(self.breaths.len() - 2);
        let (breath, next) = (&self.breaths[index], &self.breaths[index + 1]);
        let within = (time_s - breath.start_s).max(0.0);
        // A pause stretches the last few per cent of the phase, so that the phase never stands still.
        let part = if breath.pause_s == 0.0 {
            within / breath.period_s
        } else if within < breath.period_s {
            0.95 * within / breath.period_s
        } else {
            0.95 + 0.05 * (within - breath.period_s) / breath.pause_s
        };
        let part = part.min(1.0);
        Breathed {
            cycles: index as f64 + part,
            depth: breath.depth + (next.depth - breath.depth) * part,
            lung: breath.depth * filling(part),
        }
    }
}

/// Lung filling over one breath: 0 at its start and end, 1 at the end of inspiration.
fn filling(part: f64) -> f64 {
    let pi = std::f64::consts::PI;
    if part < INSPIRATION {
        0.5 - 0.5 * cos(pi * part / INSPIRATION)
    } else {
        let s = (part - INSPIRATION) / (1.0 - INSPIRATION);
        0.5 + 0.5 * cos(pi * s * (1.4 - 0.4 * s))
    }
}
