//! Smooth noise in space: a Gaussian random field of mean 0 and variance 1 at every voxel, the grid's edges included.
//!
//! y = w * e in each axis, e independent standard normal deviates, w a Gaussian with sum of squares 1. The field's
//! full width at half maximum is w's.

use super::elementary::exp;
use super::random::{Random, Stream};

/// Standard deviations of the Gaussian after which it is 0.
const REACH_SD: f64 = 3.5;

/// A map of noise without any effect, `[voxel]`, i fastest. `number`: which of the seed's independent maps.
#[must_use]
pub fn null(shape: [usize; 3], fwhm_vox: f64, seed: u64, number: u64) -> Vec<f32> {
    noise(shape, [fwhm_vox; 3], &Random::new(seed, Stream::NullMap), number)
}

/// Field `number` of a stream.
pub(super) fn noise(
    shape: [usize; 3],
    fwhm_vox: [f64; 3],
    random: &Random,
    number: u64,
) -> Vec<f32> {
    let weights = fwhm_vox.map(weights);
    // White noise reaches beyond the grid as far as the weights do: no voxel has fewer neighbours.
    let wide: [usize; 3] = std::array::from_fn(|axis| shape[axis] + weights[axis].len() - 1);
    let fours = wide.iter().product::<usize>().div_ceil(4) as u64;
    let white = (0..fours).flat_map(|four| random.normals(number * fours + four));
    let white: Vec<f32> = white.map(|v| v as f32).collect();
    let [i, j, k] = wide;
    let along_i = convolved(&white, [1, i, j * k], &weights[0]);
    let along_j = convolved(&along_i, [shape[0], j, k], &weights[1]);
    convolved(&along_j, [shape[0] * shape[1], k, 1], &weights[2])
}

/// The Gaussian's weights, sum of squares 1: the variance stays.
fn weights(fwhm_vox: f64) -> Vec<f32> {
    let sd = fwhm_vox / (8.0 * std::f64::consts::LN_2).sqrt();
    let reach = (REACH_SD * sd).ceil() as i64;
    let raw: Vec<f64> =
        (-reach..=reach).map(|d| exp(-0.5 * (d * d) as f64 / (sd * sd).max(1e-12))).collect();
    let scale = raw.iter().map(|w| w * w).sum::<f64>().sqrt();
    raw.into_iter().map(|w| (w / scale) as f32).collect()
}

/// Weighted sums along the middle axis of `[outer][along][inner]`, inner fastest, where all weights find a value.
fn convolved(values: &[f32], [inner, along, outer]: [usize; 3], weights: &[f32]) -> Vec<f32> {
    let fewer = along + 1 - weights.len();
    let mut sums = vec![0.0_f32; inner * fewer * outer];
    for (sums, values) in
        sums.chunks_exact_mut(inner * fewer).zip(values.chunks_exact(inner * along))
    {
        for (shift, &weight) in weights.iter().enumerate() {
            let shifted = &values[shift * inner..];
            sums.iter_mut().zip(shifted).for_each(|(sum, &v)| *sum += weight * v);
        }
    }
    sums
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_has_unit_variance_to_its_edges_and_the_width_it_was_made_with() {
        let shape = [24, 20, 16];
        let maps: Vec<Vec<f32>> = (0..40).map(|number| null(shape, 2.5, 3, number)).collect();
        let mean_of = |at: &dyn Fn(usize) -> bool, of: &dyn Fn(&[f32], usize) -> f64| {
            let voxels: Vec<usize> = (0..shape.iter().product()).filter(|&v| at(v)).collect();
            let sum: f64 = maps.iter().flat_map(|m| voxels.iter().map(|&v| of(m, v))).sum();
            sum / (voxels.len() * maps.len()) as f64
        };
        let square = |m: &[f32], v: usize| f64::from(m[v]).powi(2);
        let (inside, edge) = (mean_of(&|_| true, &square), mean_of(&|v| v % 24 == 0, &square));
        assert!((inside - 1.0).abs() < 0.03 && (edge - 1.0).abs() < 0.08, "{inside} {edge}");
        // Of a Gaussian of width F the correlation at distance d is exp(-2 ln 2 d^2 / F^2).
        for (step, stride, on_axis) in [(1, 1, 24), (2, 24, 480), (1, 480, usize::MAX)] {
            let apart = step * stride;
            let fits = |v: usize| v + apart < 24 * 20 * 16 && v % on_axis + apart < on_axis;
            let product = |m: &[f32], v: usize| f64::from(m[v]) * f64::from(m[v + apart]);
            let got = mean_of(&fits, &product) / inside;
            let want = exp(-2.0 * std::f64::consts::LN_2 * (step * step) as f64 / (2.5 * 2.5));
            assert!((got - want).abs() < 0.03, "{stride}: {got} for {want}");
        }
    }

    #[test]
    fn maps_of_a_seed_differ_and_come_again() {
        let map = |seed, number| null([6, 5, 4], 2.0, seed, number);
        assert_eq!(map(1, 7), map(1, 7));
        assert_ne!(map(1, 7), map(1, 8));
        assert_ne!(map(1, 7), map(2, 7));
    }
}
