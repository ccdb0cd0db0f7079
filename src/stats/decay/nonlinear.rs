//! T2* and S0 by least squares of the signal: with S0 at its best for each rate R = 1 / T2*, the sum of squares is a function of R
//! alone (variable projection), lowered by Gauss-Newton steps that are halved until they lower it.

use super::{Decay, weighted, within};

const MOST_STEPS: usize = 50;
/// A step of the rate below this share of it ends the search.
const STILL: f64 = 1e-12;

/// As [`weighted`], from which it starts.
pub(super) fn fit(times_s: &[f64], signal: &[f64]) -> Option<Decay> {
    let start = weighted(times_s, signal)?;
    let points: Vec<(f64, f64)> = times_s
        .iter()
        .copied()
        .zip(signal.iter().copied())
        .filter(|(_, s)| s.is_finite())
        .collect();
    let at = |rate: f64| {
        let sum = |of: fn(f64, f64) -> f64| {
            points.iter().map(|&(te, s)| of(s, (-rate * te).exp())).sum::<f64>()
        };
        let s0 = sum(|s, g| s * g) / sum(|_, g| g * g);
        let left = points.iter().map(|&(te, s)| (s - s0 * (-rate * te).exp()).powi(2)).sum::<f64>();
        (s0, left)
    };
    let mut rate = 1.0 / start.t2star_s;
    let (mut s0, mut left) = at(rate);
    for _ in 0..MOST_STEPS {
        let mut step = newton(&points, rate, s0);
        let lower = loop {
            let next = 1.0 / within(rate + step);
            let (next_s0, next_left) = at(next);
            if next_left < left {
                break Some((next, next_s0, next_left));
            }
            if step.is_nan() || step.abs() <= STILL * rate {
                break None;
            }
            step /= 2.0;
        };
        let Some((next, next_s0, next_left)) = lower else { break };
        (rate, s0, left) = (next, next_s0, next_left);
    }
    Some(Decay { t2star_s: 1.0 / rate, s0 })
}

/// The Gauss-Newton step of the rate, with S0 free: the derivative's part that S0 cannot make.
fn newton(points: &[(f64, f64)], rate: f64, s0: f64) -> f64 {
    let (mut gg, mut gd, mut dd, mut gr, mut dr) = (0.0, 0.0, 0.0, 0.0, 0.0);
    for &(te, s) in points {
        let g = (-rate * te).exp();
        let (d, r) = (-te * s0 * g, s - s0 * g);
        gg += g * g;
        gd += g * d;
        dd += d * d;
        gr += g * r;
        dr += d * r;
    }
    (dr - gd * gr / gg) / (dd - gd * gd / gg)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_rate_near_it_leaves_less() {
        let times_s = [0.013, 0.028, 0.043, 0.058];
        let signal = [700.0, 480.0, 240.0, 190.0];
        let found = fit(&times_s, &signal).expect("signal");
        let left = |t2star_s: f64, s0: f64| {
            let at = |te: f64| s0 * (-te / t2star_s).exp();
            times_s.iter().zip(signal).map(|(&te, s)| (s - at(te)).powi(2)).sum::<f64>()
        };
        let least = left(found.t2star_s, found.s0);
        for off in [1e-4, -1e-4] {
            assert!(left(found.t2star_s * (1.0 + off), found.s0) > least);
            assert!(left(found.t2star_s, found.s0 * (1.0 + off)) > least);
        }
        assert!(weighted(&times_s, &signal).expect("signal").t2star_s != found.t2star_s);
    }
}
