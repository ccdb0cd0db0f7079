//! A run in which nothing happens: first-order autoregressive noise about a baseline, whose rho varies smoothly in space. What a
//! noise model calls significant there is false.

use super::elementary::sin_cos;
use super::random::{Random, Stream};

/// Mean of rho over the grid and what its waves add, about 0.18 in standard deviation; it stays within these bounds.
const MEAN_RHO: f64 = 0.35;
const SD_RHO: f64 = 0.18;
const RHO: [f64; 2] = [-0.1, 0.8];
/// Waves whose sum is rho's shape.
const WAVES: u64 = 32;
/// Standard deviation of a wave's cycles a voxel along each axis: their sum is as smooth as white noise that a Gaussian of a standard
/// deviation of 4 voxels was laid over, 1 / (2 sqrt(2) pi 4).
const CYCLES: f64 = 0.028_134_884_879_909_564;
const BASELINE: f64 = 1000.0;
const SD: f64 = 10.0;

/// rho of each voxel, `[voxel]`, i fastest; neighbours differ by little: its correlation over d voxels is exp(-d^2 / 64).
#[must_use]
pub fn rho(shape: [usize; 3], seed: u64) -> Vec<f64> {
    let random = Random::new(seed, Stream::Texture);
    let wave = |w: u64| {
        let [a, b, c, _] = random.normals(2 * w);
        let [phase, ..] = random.uniforms(2 * w + 1);
        ([a, b, c].map(|cycles| CYCLES * cycles), std::f64::consts::TAU * phase)
    };
    let waves: Vec<_> = (0..WAVES).map(wave).collect();
    let height = SD_RHO * (2.0 / WAVES as f64).sqrt();
    let at = |voxel: usize| {
        let [i, j, k] =
            [voxel % shape[0], voxel / shape[0] % shape[1], voxel / (shape[0] * shape[1])];
        let shape: f64 = waves
            .iter()
            .map(|([a, b, c], phase)| {
                let turns = a * i as f64 + b * j as f64 + c * k as f64;
                sin_cos(std::f64::consts::TAU * turns + phase).0
            })
            .sum();
        (MEAN_RHO + height * shape).clamp(RHO[0], RHO[1])
    };
    (0..shape.iter().product()).map(at).collect()
}

/// The series of one voxel, arbitrary BOLD units, `[volume]`. `rho`: its own.
#[must_use]
pub fn series(voxel: usize, n_volumes: usize, rho: f64, seed: u64) -> Vec<f32> {
    let random = Random::new(seed, Stream::Thermal);
    let fours = n_volumes.div_ceil(4) as u64;
    let innovations = (0..fours).flat_map(|four| random.normals(voxel as u64 * fours + four));
    let step = (1.0 - rho * rho).sqrt();
    let mut value = 0.0;
    innovations
        .take(n_volumes)
        .enumerate()
        .map(|(t, e)| {
            value = if t == 0 { e } else { rho * value + step * e };
            (BASELINE + SD * value) as f32
        })
        .collect()
}

/// A uniform deviate in (0, 1): number `index` of a seed.
#[must_use]
pub fn uniform(index: u64, seed: u64) -> f64 {
    Random::new(seed, Stream::Order).uniforms(index)[0]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_noise_has_the_rho_it_was_made_with_and_unit_scale() {
        let n = 40_000;
        for rho in [-0.1, 0.35, 0.8] {
            let y: Vec<f64> =
                series(7, n, rho, 3).iter().map(|&v| (f64::from(v) - BASELINE) / SD).collect();
            let square = y.iter().map(|v| v * v).sum::<f64>() / n as f64;
            let lag = y.windows(2).map(|p| p[0] * p[1]).sum::<f64>() / (n - 1) as f64;
            assert!((square - 1.0).abs() < 0.05, "variance {square}");
            assert!((lag / square - rho).abs() < 0.02, "rho {} for {rho}", lag / square);
        }
    }

    #[test]
    fn rho_varies_smoothly_and_stays_within_its_bounds() {
        let shape = [30, 30, 20];
        let rho = rho(shape, 1);
        let steps = rho.windows(2).enumerate().filter(|(v, _)| (v + 1) % 30 != 0);
        let largest = steps.map(|(_, p)| (p[0] - p[1]).abs()).fold(0.0, f64::max);
        let mean = rho.iter().sum::<f64>() / rho.len() as f64;
        assert!(largest < 0.2 && (0.25..0.45).contains(&mean), "{largest} {mean}");
        assert!(rho.iter().all(|r| (-0.1..=0.8).contains(r)));
        assert!(rho.iter().any(|&r| r < 0.2) && rho.iter().any(|&r| r > 0.5));
    }

    #[test]
    fn rho_is_as_smooth_as_its_correlation_over_distance_says() {
        let shape = [24, 2, 2];
        let (mut far, mut whole) = ([0.0; 2], 0.0);
        for seed in 0..600 {
            let rho: Vec<f64> = rho(shape, seed).iter().map(|r| r - MEAN_RHO).collect();
            whole += rho.iter().map(|r| r * r).sum::<f64>() / rho.len() as f64;
            for (sum, apart) in far.iter_mut().zip([4, 8]) {
                let pairs = (0..rho.len()).filter(|v| v % 24 + apart < 24);
                let n = (24 - apart) * 4;
                *sum += pairs.map(|v| rho[v] * rho[v + apart]).sum::<f64>() / n as f64;
            }
        }
        assert!((whole / 600.0 - SD_RHO * SD_RHO).abs() < 0.004, "variance {}", whole / 600.0);
        for (sum, apart) in far.iter().zip([4.0, 8.0f64]) {
            let (found, wanted) = (sum / whole, (-apart * apart / 64.0).exp());
            assert!((found - wanted).abs() < 0.06, "{found} for {wanted} over {apart} voxels");
        }
    }
}
