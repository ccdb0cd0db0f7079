//! The decay of the signal over the echoes of a volume, and the echoes combined: S(TE) = S0 exp(-TE / T2*), and the weights
//! w = TE exp(-TE / T2*), summing to 1, that give the combination the most contrast to changes of T2* where every echo has the same noise.
//!
//! T2* and S0 come from each voxel's means over time: least squares of their logarithm, each weighed by the square of its signal, because
//! noise of sd s is s / S on the logarithm ([`Fit::Weighted`]); least squares of the signal itself ([`Fit::Nonlinear`]); or, as tedana, the
//! unweighed line through ln(|S| + 1) of all volumes, which is that through its means ([`Fit::Tedana`]).
//!
//! Only echoes with signal are used ([`good`]); where the first alone has signal, or none, it is the first two, so that no voxel is lost. T2*
//! stays within [`SHORTEST_S`] and [`LONGEST_S`]: a signal that does not decay has the longest (tedana: 1 ms).
//!
//! Sources: Posse et al. 1999 (doi 10.1002/(SICI)1522-2594(199907)42:1<87::AID-MRM13>3.0.CO;2-O); tedana 26.0.3, its documentation.

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

mod good;
mod nonlinear;

pub use good::{Good, good};

/// Shortest T2* that is told apart, seconds.
pub const SHORTEST_S: f64 = 0.001;
/// Longest, seconds; above it the weights are those of no decay.
pub const LONGEST_S: f64 = 0.5;

/// How T2* and S0 are found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Fit {
    /// A line through the logarithms of the means, weighed by the squares of the means.
    #[default]
    Weighted,
    /// Least squares of the means themselves.
    Nonlinear,
    /// A line through the means of ln(|S| + 1).
    Tedana,
}

/// Means over time of each echo, in the order of echo times.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct EchoMeans {
    /// Of the signal, `[echo][voxel]`; NaN where no volume is finite.
    pub signal: Vec<Vec<f64>>,
    /// Of ln(|S| + 1), `[echo][voxel]`; empty where nobody asked.
    pub log: Vec<Vec<f64>>,
}

/// The decay of every voxel.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Decays {
    /// Seconds, `[voxel]`; 0 where there is no signal to tell.
    pub t2star_s: Vec<f32>,
    /// Signal at TE 0, `[voxel]`.
    pub s0: Vec<f32>,
    /// Share of the variance of the means of all echoes that the decay explains, `[voxel]`.
    pub r_square: Vec<f32>,
    /// Echoes with signal, `[voxel]`.
    pub good: Vec<u8>,
    /// Of each echo, `[echo][voxel]`; they sum to 1 at each voxel.
    pub weights: Vec<Vec<f32>>,
}

/// One voxel's decay.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Decay {
    /// Seconds.
    pub t2star_s: f64,
    /// Signal at TE 0.
    pub s0: f64,
}

impl Decay {
    /// The signal at an echo time, seconds.
    fn at(self, te_s: f64) -> f64 {
        self.s0 * (-te_s / self.t2star_s).exp()
    }
}

/// The decays of all voxels. `times_s`: ascending echo times, seconds; `good`: echoes with signal, `[voxel]`.
#[must_use]
pub fn decays(times_s: &[f64], means: &EchoMeans, good: Vec<u8>, fit: Fit) -> Decays {
    let n_echoes = times_s.len();
    let of_voxel = |voxel: usize| {
        let used = used(good[voxel], n_echoes);
        let of = |echoes: &[Vec<f64>]| echoes.iter().map(|e| e[voxel]).collect::<Vec<f64>>();
        let signal = of(&means.signal);
        let decay = match fit {
            Fit::Weighted => weighted(&times_s[..used], &signal[..used]),
            Fit::Nonlinear => nonlinear::fit(&times_s[..used], &signal[..used]),
            Fit::Tedana => unweighted(&times_s[..used], &of(&means.log)[..used]),
        };
        let explained = decay.map_or(0.0, |decay| r_square(times_s, &signal, decay));
        let mut weights = vec![0.0; n_echoes];
        weigh(&times_s[..used], decay.map_or(SHORTEST_S, |d| d.t2star_s), &mut weights);
        (decay.unwrap_or(Decay { t2star_s: 0.0, s0: 0.0 }), explained, weights)
    };
    let found: Vec<_> = (0..good.len()).into_par_iter().map(of_voxel).collect();
    Decays {
        t2star_s: found.iter().map(|(decay, ..)| decay.t2star_s as f32).collect(),
        s0: found.iter().map(|(decay, ..)| decay.s0 as f32).collect(),
        r_square: found.iter().map(|(_, explained, _)| *explained as f32).collect(),
        weights: (0..n_echoes)
            .map(|echo| found.iter().map(|(.., weights)| weights[echo] as f32).collect())
            .collect(),
        good,
    }
}

/// Echoes that are fitted and combined, of those with signal: two at least.
#[must_use]
pub fn used(good: u8, n_echoes: usize) -> usize {
    usize::from(good).max(2).min(n_echoes)
}

/// TE exp(-TE / T2*), summing to 1, of the first echoes; the others stay 0.
fn weigh(times_s: &[f64], t2star_s: f64, weights: &mut [f64]) {
    // Relative to the first echo, which no T2* makes 0.
    let of = |te: f64| te * (-(te - times_s[0]) / t2star_s).exp();
    let sum: f64 = times_s.iter().map(|&te| of(te)).sum();
    weights.iter_mut().zip(times_s).for_each(|(weight, &te)| *weight = of(te) / sum);
}

/// A line through ln S, weighed by S^2; none where fewer than one echo has signal. One that alone has it decays at once.
fn weighted(times_s: &[f64], signal: &[f64]) -> Option<Decay> {
    let with_signal = times_s.iter().zip(signal).filter(|(_, s)| s.is_finite() && **s > 0.0);
    let points: Vec<[f64; 3]> = with_signal.map(|(&te, &s)| [te, s.ln(), s * s]).collect();
    let sum = |of: fn(&[f64; 3]) -> f64| points.iter().map(of).sum::<f64>();
    let all = sum(|[_, _, w]| *w);
    if points.is_empty() || !all.is_normal() {
        return None;
    }
    let mean = [sum(|[x, _, w]| w * x) / all, sum(|[_, y, w]| w * y) / all];
    let about = |of: fn(f64, f64) -> f64| {
        points.iter().map(|[x, y, w]| w * of(x - mean[0], y - mean[1])).sum::<f64>()
    };
    let t2star_s = match points.len() {
        1 => SHORTEST_S,
        _ => within(-about(|x, y| x * y) / about(|x, _| x * x)),
    };
    Some(Decay { t2star_s, s0: (mean[1] + mean[0] / t2star_s).exp() })
}

/// T2* of a rate, 1 / seconds, within its limits.
fn within(rate: f64) -> f64 {
    1.0 / rate.clamp(1.0 / LONGEST_S, 1.0 / SHORTEST_S)
}

/// tedana's line through ln(|S| + 1): none where a value is not finite or all are 0; a slope of 0 has 500 ms, a rising one 1 ms.
fn unweighted(times_s: &[f64], log: &[f64]) -> Option<Decay> {
    let n = times_s.len() as f64;
    let mean = |values: &[f64]| values.iter().sum::<f64>() / n;
    let [x, y] = [mean(times_s), mean(log)];
    let pairs = || times_s.iter().zip(log).map(|(te, log)| (te - x, log - y));
    let slope = pairs().map(|(x, y)| x * y).sum::<f64>() / pairs().map(|(x, _)| x * x).sum::<f64>();
    if !slope.is_finite() || log.iter().all(|&log| log == 0.0) {
        return None;
    }
    let t2star_s = match -1.0 / slope {
        none if none.is_infinite() => LONGEST_S,
        rising if rising <= 0.0 => SHORTEST_S,
        t2star_s => t2star_s,
    };
    Some(Decay { t2star_s, s0: (y - slope * x).exp() })
}

/// Share of the variance of the echoes' means that a decay explains; 0 of echoes that are all the same.
fn r_square(times_s: &[f64], signal: &[f64], decay: Decay) -> f64 {
    let mean = signal.iter().sum::<f64>() / signal.len() as f64;
    let about: f64 = signal.iter().map(|s| (s - mean).powi(2)).sum();
    let left: f64 = times_s.iter().zip(signal).map(|(&te, s)| (s - decay.at(te)).powi(2)).sum();
    let share = 1.0 - left / about;
    if share.is_finite() { share } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TIMES_S: [f64; 3] = [0.013, 0.028, 0.043];

    fn signal(t2star_s: f64, s0: f64) -> Vec<f64> {
        TIMES_S.iter().map(|te| s0 * (-te / t2star_s).exp()).collect()
    }

    #[test]
    fn every_fit_gives_back_a_decay_that_is_one() {
        for t2star_s in [0.004, 0.03, 0.2] {
            let signal = signal(t2star_s, 900.0);
            for found in [weighted(&TIMES_S, &signal), nonlinear::fit(&TIMES_S, &signal)] {
                let found = found.expect("signal");
                assert!((found.t2star_s / t2star_s - 1.0).abs() < 1e-9, "{found:?}");
                assert!((found.s0 / 900.0 - 1.0).abs() < 1e-9, "{found:?}");
            }
            let log: Vec<f64> = signal.iter().map(|s| s.ln()).collect();
            let found = unweighted(&TIMES_S, &log).expect("signal");
            assert!((found.t2star_s / t2star_s - 1.0).abs() < 1e-9, "{found:?}");
        }
    }

    #[test]
    fn an_echo_weighs_by_the_square_of_its_signal() {
        // by hand: y = ln S, w = S^2 of (100, 60, 30): slope = (sum wxy - W mx my) / (sum wxx - W mx mx)
        let (x, s) = ([0.01, 0.02, 0.03], [100.0_f64, 60.0, 30.0]);
        let w: Vec<f64> = s.iter().map(|s| s * s).collect();
        let all: f64 = w.iter().sum();
        let mx = (0..3).map(|e| w[e] * x[e]).sum::<f64>() / all;
        let my = (0..3).map(|e| w[e] * s[e].ln()).sum::<f64>() / all;
        let xy = (0..3).map(|e| w[e] * x[e] * s[e].ln()).sum::<f64>() - all * mx * my;
        let xx = (0..3).map(|e| w[e] * x[e] * x[e]).sum::<f64>() - all * mx * mx;
        let found = weighted(&x, &s).expect("signal");
        assert!((found.t2star_s + xx / xy).abs() < 1e-10, "{found:?}");
        assert!((found.s0 - (my - mx * xy / xx).exp()).abs() < 1e-7, "{found:?}");
    }

    #[test]
    fn weights_are_those_of_the_contrast_sum_to_1_and_stand_any_t2star() {
        let mut weights = [9.0; 3];
        weigh(&TIMES_S, 0.03, &mut weights);
        let by_hand = TIMES_S.map(|te| te * (-te / 0.03_f64).exp());
        let sum: f64 = by_hand.iter().sum();
        for (got, want) in weights.iter().zip(by_hand) {
            assert!((got - want / sum).abs() < 1e-15);
        }
        weigh(&TIMES_S, 1e-9, &mut weights);
        assert_eq!(weights, [1.0, 0.0, 0.0]);
    }

    #[test]
    fn what_does_not_decay_is_capped_and_what_has_no_signal_takes_the_first_echo() {
        let means = EchoMeans {
            signal: vec![vec![100.0, 0.0, 50.0], vec![110.0, 0.0, 0.0], vec![130.0, 0.0, 0.0]],
            log: Vec::new(),
        };
        let found = decays(&TIMES_S, &means, vec![3, 0, 1], Fit::Weighted);
        assert_eq!(found.t2star_s, [LONGEST_S as f32, 0.0, SHORTEST_S as f32]);
        assert!(found.weights[2][0] > found.weights[0][0], "no decay: by TE");
        for voxel in [1, 2] {
            assert!(found.weights[0][voxel] > 0.99999, "the first echo");
            assert_eq!(found.weights[2][voxel], 0.0, "an echo without signal weighs nothing");
        }
    }
}
