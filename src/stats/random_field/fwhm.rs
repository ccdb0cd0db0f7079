//! FWHM of a group's noise from the residuals of its model.

use rayon::prelude::*;

use crate::stats::clusters::Neighbours;
use crate::stats::smoothness::fwhm_mm;
use crate::stats::tails::ln_gamma;

/// Terms of the series in ρ², of which only ρ near 1 with few dof needs more than some dozens.
const MOST_TERMS: usize = 100_000;

/// FWHM along i, j, k in voxels from residuals `[row][voxel of the mask]` of a model with `dof` degrees of freedom; none along an axis on which neighbours are not
/// alike, or there are none.
///
/// r is the mean over pairs of neighbours along an axis of Σ e_a e_b / (|e_a| |e_b|), the residuals standardised at each voxel. Standardised by themselves, noise that is ρ alike is less so: with ν dof
/// E r = 2/ν (Γ((ν+1)/2) / Γ(ν/2))² ρ F(1/2, 1/2; ν/2 + 1; ρ²), about ρ - ρ (1 - ρ²) / 2ν, which would make the FWHM too small by about 1 / 2ν of itself
/// (what Kiebel 1999 corrects by (ν - 2) / (ν - 1) of the roughness). ρ is found from r by that, exactly, and the FWHM from ρ by [`fwhm_mm`].
///
/// # Panics
/// Where the residuals are not whole rows of the mask.
#[must_use]
pub fn fwhm_vox<T: Copy + Into<f64> + Sync>(
    neighbours: &Neighbours,
    residuals: &[T],
    dof: f64,
) -> [Option<f64>; 3] {
    let n = neighbours.n_voxels();
    assert!(n > 0 && residuals.len().is_multiple_of(n), "one residual a voxel of the mask");
    let mut squares = vec![0.0; n];
    for row in residuals.chunks_exact(n) {
        squares.iter_mut().zip(row).for_each(|(sum, &e)| *sum += e.into() * e.into());
    }
    let of_axis = |axis: usize| {
        let mut step = [0; 3];
        step[axis] = 1;
        let beside = |a: usize| neighbours.beside(neighbours.at(a), step).map(|b| (a, b as usize));
        let is_noise = |at: usize| squares[at] > 0.0 && squares[at].is_finite();
        let pairs: Vec<(usize, usize)> =
            (0..n).filter_map(beside).filter(|&(a, b)| is_noise(a) && is_noise(b)).collect();
        let mut products = vec![0.0; pairs.len()];
        for row in residuals.chunks_exact(n) {
            let pairs = products.iter_mut().zip(&pairs);
            pairs.for_each(|(sum, &(a, b))| *sum += row[a].into() * row[b].into());
        }
        let alike = products.iter().zip(&pairs);
        let sum: f64 = alike.map(|(v, &(a, b))| v / (squares[a] * squares[b]).sqrt()).sum();
        fwhm_mm(1.0, correlation(sum / pairs.len() as f64, dof)?)
    };
    let found: Vec<Option<f64>> = (0..3_usize).into_par_iter().map(of_axis).collect();
    [found[0], found[1], found[2]]
}

/// ρ of which a correlation over ν dof has this mean; none where r is not between 0 and 1.
fn correlation(r: f64, dof: f64) -> Option<f64> {
    if !(r > 0.0 && r < 1.0 && dof > 0.0) {
        return None;
    }
    let (mut low, mut high) = (0.0, 1.0);
    for _ in 0..60 {
        let middle = 0.5 * (low + high);
        if mean_correlation(middle, dof) < r { low = middle } else { high = middle }
    }
    Some(0.5 * (low + high))
}

/// E r of ρ, over ν dof.
fn mean_correlation(rho: f64, dof: f64) -> f64 {
    let front = (2.0 * (ln_gamma(0.5 * (dof + 1.0)) - ln_gamma(0.5 * dof))).exp() * 2.0 / dof;
    let (mut term, mut sum) = (1.0, 0.0);
    for k in 0..MOST_TERMS {
        sum += term;
        let k = k as f64;
        term *= (k + 0.5) * (k + 0.5) / ((k + 0.5 * dof + 1.0) * (k + 1.0)) * rho * rho;
        if term < 1e-16 * sum {
            break;
        }
    }
    front * rho * sum
}

#[cfg(test)]
mod tests {
    use super::mean_correlation;

    #[test]
    fn two_dof_and_many_have_their_closed_means() {
        // One dof: r is a sign, of mean 2/π asin ρ. Many: r is ρ.
        for rho in [0.1, 0.5, 0.9] {
            let sign = 2.0 / std::f64::consts::PI * f64::asin(rho);
            assert!((mean_correlation(rho, 1.0) - sign).abs() < 1e-9, "{rho}");
            let first = rho - rho * (1.0 - rho * rho) / 2e4;
            assert!((mean_correlation(rho, 1e4) - first).abs() < 1e-8, "{rho}");
        }
    }
}
