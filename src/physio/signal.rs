//! The few filters the traces need: zero-phase, edges renormalised, no input panics.

use std::f64::consts::TAU;

/// Gaussian-weighted mean around each sample, sigma in samples, cut at 3 sigma, weights renormalised at the edges.
/// Sigma below a third of a sample copies.
pub(super) fn gaussian_mean(x: &[f64], sigma: f64) -> Vec<f64> {
    if sigma < 1.0 / 3.0 || x.len() < 2 {
        return x.to_vec();
    }
    let radius = ((3.0 * sigma).ceil() as usize).min(x.len() - 1);
    let half: Vec<f64> = (0..=radius).map(|j| (-0.5 * (j as f64 / sigma).powi(2)).exp()).collect();
    let full: f64 = half[0] + 2.0 * half[1..].iter().sum::<f64>();
    let pairs = paired_sums(x, &half, 1.0);
    (0..x.len())
        .map(|i| {
            if let Some(pairs) = i.checked_sub(radius).and_then(|k| pairs.get(k)) {
                return (half[0] * x[i] + pairs) / full;
            }
            let (first, last) = (i.saturating_sub(radius), (i + radius).min(x.len() - 1));
            let (mut sum, mut weights) = (0.0, 0.0);
            for k in first..=last {
                let w = half[k.abs_diff(i)];
                sum += w * x[k];
                weights += w;
            }
            sum / weights
        })
        .collect()
}

/// sum over j = 1 ..= radius of weights[j] (x[i + j] + sign x[i - j]) for each i with so many neighbours on either side, the
/// first of them i = radius = weights.len() - 1. Many i go side by side through wide registers, each sum in the order of j.
pub(super) fn paired_sums(x: &[f64], weights: &[f64], sign: f64) -> Vec<f64> {
    const SIDE_BY_SIDE: usize = 64;
    let radius = weights.len() - 1;
    let mut sums = vec![0.0; x.len().saturating_sub(2 * radius)];
    for (block, sums) in sums.chunks_mut(SIDE_BY_SIDE).enumerate() {
        let first = radius + block * SIDE_BY_SIDE;
        for (j, weight) in weights.iter().enumerate().skip(1) {
            let (before, after) = (&x[first - j..], &x[first + j..]);
            for ((sum, b), a) in sums.iter_mut().zip(before).zip(after) {
                *sum += weight * (a + sign * b);
            }
        }
    }
    sums
}

/// Means of `factor` neighbours; the last incomplete group is left out. Sample k then stands for the time of
/// `k factor + (factor - 1)/2`.
pub(super) fn decimate(x: &[f64], factor: usize) -> Vec<f64> {
    if factor <= 1 {
        return x.to_vec();
    }
    x.chunks_exact(factor).map(|g| g.iter().sum::<f64>() / factor as f64).collect()
}

/// Mean of the `2 radius + 1` samples around each, fewer at the edges.
pub(super) fn moving_mean(x: &[f64], radius: usize) -> Vec<f64> {
    let mut sums = Vec::with_capacity(x.len() + 1);
    sums.push(0.0);
    let mut sum = 0.0;
    for v in x {
        sum += v;
        sums.push(sum);
    }
    (0..x.len())
        .map(|i| {
            let (a, b) = (i.saturating_sub(radius), (i + radius + 1).min(x.len()));
            (sums[b] - sums[a]) / (b - a) as f64
        })
        .collect()
}

/// Standardised central moment of order 3 (skewness) or 4 (kurtosis, 3 for a Gaussian); 0 for a constant.
pub(super) fn standard_moment(x: &[f64], order: i32) -> f64 {
    let n = x.len().max(1) as f64;
    let mean = x.iter().sum::<f64>() / n;
    let sd = (x.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / n).sqrt();
    if sd > 0.0 { x.iter().map(|v| ((v - mean) / sd).powi(order)).sum::<f64>() / n } else { 0.0 }
}

/// Variance about the mean; 0 for nothing.
pub(super) fn variance(x: &[f64]) -> f64 {
    let n = x.len().max(1) as f64;
    let mean = x.iter().sum::<f64>() / n;
    x.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / n
}

/// Median; none for nothing.
pub(super) fn median(x: &[f64]) -> Option<f64> {
    let mut sorted = x.to_vec();
    sorted.sort_by(f64::total_cmp);
    let upper = *sorted.get(sorted.len() / 2)?;
    Some(if sorted.len() % 2 == 1 { upper } else { 0.5 * (sorted[sorted.len() / 2 - 1] + upper) })
}

/// Offset in samples, within ±1/2, of the vertex of the parabola through a sample and its two neighbours.
pub(super) fn parabola_vertex(before: f64, at: f64, after: f64) -> f64 {
    let curvature = before - 2.0 * at + after;
    let offset = 0.5 * (before - after) / curvature;
    if curvature != 0.0 && offset.abs() <= 0.5 { offset } else { 0.0 }
}

/// Positions of local maxima; of a plateau its middle.
pub(super) fn local_maxima(x: &[f64]) -> Vec<usize> {
    let mut maxima = Vec::new();
    let mut i = 1;
    while i + 1 < x.len() {
        if x[i] > x[i - 1] {
            let mut end = i;
            while end + 1 < x.len() && x[end + 1] == x[i] {
                end += 1;
            }
            if end + 1 < x.len() && x[end + 1] < x[i] {
                maxima.push((i + end) / 2);
            }
            i = end + 1;
        } else {
            i += 1;
        }
    }
    maxima
}

/// An angle in [0, 2 pi).
pub(super) fn wrapped(angle: f64) -> f64 {
    let a = angle.rem_euclid(TAU);
    if a < TAU { a } else { 0.0 }
}
