//! How smooth noise is in space, from residuals: the full width at half maximum of the Gaussian that would make neighbours as alike, and the
//! mixed model of the spatial autocorrelation.
//!
//! With u a voxel's residuals over their own root mean square and r the mean of u_a u_b over all volumes and pairs of neighbours along an axis,
//! 2 (1 - r) is the variance of first differences over the variance, and noise smoothed by a Gaussian on a grid of step d has r = exp(-d² / 4 s²):
//!
//! FWHM = s sqrt(8 ln 2) = d sqrt(-2 ln 2 / ln r)   (Forman 1995; Kiebel 1999 for standardised residuals; 3dFWHMx's classic numbers, FSL's smoothest)
//!
//! Noise of the brain has longer tails: ACF(r) = a exp(-r² / 2 b²) + (1 - a) exp(-r / c)   (Cox 2017), r the distance of two voxels in mm, fitted by
//! least squares up to three FWHM.

use rayon::prelude::*;

/// FWHM from the mean correlation of neighbours a step of `step_mm` apart; none where they are not alike, or the same.
#[must_use]
pub fn fwhm_mm(step_mm: f64, r: f64) -> Option<f64> {
    (r > 0.0 && r < 1.0).then(|| step_mm * (-2.0 * std::f64::consts::LN_2 / r.ln()).sqrt())
}

/// Radius up to which the autocorrelation is looked at, in FWHM.
const RADIUS_FWHM: f64 = 3.0;
/// Offsets of each ring of a voxel's width that are looked at.
const OFFSETS_A_RING: usize = 24;

/// Volumes over a grid, x fastest, 0 where there is none.
#[derive(Debug, Clone, Copy)]
pub struct Volumes<'a> {
    /// Voxels along i, j, k.
    pub shape: [usize; 3],
    /// Their size.
    pub voxel_size_mm: [f64; 3],
    /// `[volume][voxel]`.
    pub values: &'a [f32],
}

/// The autocorrelation at some distance.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Ring {
    /// The mean distance, mm.
    pub radius_mm: f64,
    /// The mean correlation.
    pub correlation: f64,
    /// Pairs of voxels that it is the mean of, in each volume.
    pub n_pairs: usize,
}

/// The mixed model.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Acf {
    /// Share of the Gaussian, 0 to 1.
    pub a: f64,
    /// Its standard deviation, mm.
    pub b_mm: f64,
    /// Decay of the exponential, mm.
    pub c_mm: f64,
}

impl Acf {
    /// At a distance.
    #[must_use]
    pub fn at(&self, r_mm: f64) -> f64 {
        let Acf { a, b_mm, c_mm } = *self;
        a * (-r_mm * r_mm / (2.0 * b_mm * b_mm)).exp() + (1.0 - a) * (-r_mm / c_mm).exp()
    }

    /// Twice the distance at which it is a half, mm: of noise smoothed by a Gaussian sqrt 2 times the FWHM of that.
    #[must_use]
    pub fn fwhm_mm(&self) -> f64 {
        let (mut low, mut high) = (0.0, self.b_mm + self.c_mm);
        while self.at(high) > 0.5 {
            high *= 2.0;
        }
        for _ in 0..100 {
            let middle = 0.5 * (low + high);
            if self.at(middle) > 0.5 { low = middle } else { high = middle }
        }
        low + high
    }
}

/// An offset of half the ball.
type Offset = [isize; 3];

/// The autocorrelation of standardised residuals in rings of the smallest voxel width up to three FWHM, each of at most 24 offsets.
#[must_use]
pub fn rings(volumes: &Volumes, fwhm_mm: f64) -> Vec<Ring> {
    let width = volumes.voxel_size_mm.iter().copied().fold(f64::INFINITY, f64::min);
    let mut of_rings: Vec<Vec<(f64, Offset)>> = Vec::new();
    for (radius, offset) in offsets(volumes, RADIUS_FWHM * fwhm_mm) {
        let ring = (radius / width - 0.5).max(0.0) as usize;
        of_rings.resize_with(of_rings.len().max(ring + 1), Vec::new);
        of_rings[ring].push((radius, offset));
    }
    let energy = energy(volumes);
    let thinned = of_rings.into_iter().filter(|ring| !ring.is_empty()).map(|ring| {
        let n = ring.len().min(OFFSETS_A_RING);
        (0..n).map(|at| ring[at * ring.len() / n]).collect::<Vec<_>>()
    });
    let rings: Vec<Vec<(f64, Offset)>> = thinned.collect();
    let of = |ring: &Vec<(f64, Offset)>| {
        let known = ring.par_iter().filter_map(|&(radius, offset)| {
            correlation(volumes, &energy, offset).map(|(r, n_pairs)| (radius, r, n_pairs))
        });
        let known: Vec<(f64, f64, usize)> = known.collect();
        let n = known.len() as f64;
        (!known.is_empty()).then(|| Ring {
            radius_mm: known.iter().map(|k| k.0).sum::<f64>() / n,
            correlation: known.iter().map(|k| k.1).sum::<f64>() / n,
            n_pairs: known.iter().map(|k| k.2).sum(),
        })
    };
    rings.iter().filter_map(of).collect()
}

/// Distances and offsets of half the ball, by distance.
fn offsets(volumes: &Volumes, radius_mm: f64) -> Vec<(f64, Offset)> {
    let most = |axis: usize| {
        let steps = (radius_mm / volumes.voxel_size_mm[axis]).floor() as usize;
        steps.min(volumes.shape[axis] - 1) as isize
    };
    let [mi, mj, mk] = [most(0), most(1), most(2)];
    let mut all = Vec::new();
    for k in 0..=mk {
        for j in -mj..=mj {
            for i in -mi..=mi {
                let is_other_half = k == 0 && (j < 0 || (j == 0 && i <= 0));
                let steps = [i, j, k];
                let square =
                    |axis: usize| (steps[axis] as f64 * volumes.voxel_size_mm[axis]).powi(2);
                let radius = (square(0) + square(1) + square(2)).sqrt();
                if !is_other_half && radius <= radius_mm {
                    all.push((radius, steps));
                }
            }
        }
    }
    all.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
    all
}

/// Of each voxel its squares over the volumes; 0 where there is none.
fn energy(volumes: &Volumes) -> Vec<f32> {
    let mut energy = vec![0.0_f32; volumes.shape.iter().product()];
    for volume in volumes.values.chunks_exact(energy.len().max(1)) {
        energy.iter_mut().zip(volume).for_each(|(sum, v)| *sum += v * v);
    }
    energy
}

/// Rows of voxels and of those an offset away from them, as places of their first voxel, and their length.
fn rows(shape: [usize; 3], [i, j, k]: Offset) -> (Vec<(usize, usize)>, usize) {
    let [ni, nj, nk] = shape.map(|n| n as isize);
    let mut rows = Vec::new();
    let first = 0.max(-i);
    for z in 0..nk - k {
        for y in 0.max(-j)..nj.min(nj - j) {
            let at = (z * nj + y) * ni + first;
            rows.push((at as usize, (at + (k * nj + j) * ni + i) as usize));
        }
    }
    (rows, (ni - i.abs()) as usize)
}

/// Σ u_a u_b over Σ (u_a² + u_b²) / 2 of all pairs this far apart of which both are there, and how many these are; none without any.
fn correlation(volumes: &Volumes, energy: &[f32], offset: Offset) -> Option<(f64, usize)> {
    let (rows, length) = rows(volumes.shape, offset);
    let (mut squares, mut n_pairs) = (0.0, 0);
    for &(a, b) in &rows {
        let pairs = energy[a..a + length].iter().zip(&energy[b..b + length]);
        let there = pairs.filter(|(a, b)| **a > 0.0 && **b > 0.0);
        for (a, b) in there {
            squares += 0.5 * f64::from(a + b);
            n_pairs += 1;
        }
    }
    let mut products = 0.0;
    for volume in volumes.values.chunks_exact(energy.len().max(1)) {
        for &(a, b) in &rows {
            products += f64::from(dot(&volume[a..a + length], &volume[b..b + length]));
        }
    }
    (squares > 0.0).then(|| (products / squares, n_pairs))
}

/// In eight sums side by side.
fn dot(a: &[f32], b: &[f32]) -> f32 {
    let mut sums = [0.0_f32; 8];
    let (a, b) = (a.chunks(8), b.chunks(8));
    for (a, b) in a.zip(b) {
        sums.iter_mut().zip(a.iter().zip(b)).for_each(|(sum, (a, b))| *sum += a * b);
    }
    sums.iter().sum()
}

/// Places a side of the grid that is looked at about the best pair of widths so far, and how much narrower each next one is.
const PLACES: i32 = 5;
const NARROWER: f64 = 0.6;
const GRIDS: usize = 40;

/// The mixed model by least squares over the rings, each alike. For given widths the share follows; these are found on grids of their logarithms that
/// close in on the best. None of fewer than four rings. Where the noise is of one kind alone the width of the other means nothing.
#[must_use]
pub fn fit(rings: &[Ring], fwhm_mm: f64) -> Option<Acf> {
    if rings.len() < 4 {
        return None;
    }
    let mut best = (f64::INFINITY, Acf { a: 1.0, b_mm: fwhm_mm, c_mm: fwhm_mm });
    let mut step = 0.4;
    for _ in 0..GRIDS {
        let centre = best.1;
        for i in -PLACES..=PLACES {
            for j in -PLACES..=PLACES {
                let widths = (
                    (centre.b_mm * (f64::from(i) * step).exp())
                        .clamp(0.01 * fwhm_mm, 20.0 * fwhm_mm),
                    (centre.c_mm * (f64::from(j) * step).exp())
                        .clamp(0.01 * fwhm_mm, 20.0 * fwhm_mm),
                );
                let here = with_widths(rings, widths);
                if here.0 < best.0 {
                    best = here;
                }
            }
        }
        step *= NARROWER;
    }
    Some(best.1)
}

/// The best share for two widths, and the squares that are left.
fn with_widths(rings: &[Ring], (b_mm, c_mm): (f64, f64)) -> (f64, Acf) {
    let of = |a: f64| Acf { a, b_mm, c_mm };
    let (gauss, exponential) = (of(1.0), of(0.0));
    let (mut product, mut square) = (0.0, 0.0);
    for ring in rings {
        let low = exponential.at(ring.radius_mm);
        let apart = gauss.at(ring.radius_mm) - low;
        product += apart * (ring.correlation - low);
        square += apart * apart;
    }
    let acf = of(if square > 0.0 { (product / square).clamp(0.0, 1.0) } else { 1.0 });
    let left = rings.iter().map(|ring| (ring.correlation - acf.at(ring.radius_mm)).powi(2)).sum();
    (left, acf)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fwhm_is_that_of_the_gaussian_whose_neighbours_are_as_alike() {
        for (fwhm, step) in [(6.0, 3.0), (8.0, 2.5)] {
            let s = fwhm / (8.0 * std::f64::consts::LN_2).sqrt();
            let r = f64::exp(-step * step / (4.0 * s * s));
            assert!((fwhm_mm(step, r).expect("alike") - fwhm).abs() < 1e-12);
        }
        assert_eq!([fwhm_mm(3.0, 0.0), fwhm_mm(3.0, -0.1), fwhm_mm(3.0, 1.0)], [None; 3]);
    }

    #[test]
    fn the_mixed_model_comes_back_from_its_own_values() {
        let truth = Acf { a: 0.6, b_mm: 3.2, c_mm: 9.0 };
        let ring = |k: u8| {
            let radius_mm = 2.0 + 0.7 * f64::from(k);
            Ring { radius_mm, correlation: truth.at(radius_mm), n_pairs: 1 }
        };
        let rings: Vec<Ring> = (0..25).map(ring).collect();
        let got = fit(&rings, 8.0).expect("a fit");
        for (name, got, want) in [
            ("a", got.a, 0.6),
            ("b", got.b_mm, 3.2),
            ("c", got.c_mm, 9.0),
            ("fwhm", got.fwhm_mm(), truth.fwhm_mm()),
        ] {
            assert!((got / want - 1.0).abs() < 2e-3, "{name}: {got} for {want}");
        }
        assert!((truth.at(0.5 * truth.fwhm_mm()) - 0.5).abs() < 1e-12);
        assert!(fit(&rings[..3], 8.0).is_none());
    }

    #[test]
    fn correlations_are_those_of_all_pairs_that_are_both_inside() {
        // 5 x 4 x 3, three volumes, some voxels outside
        let shape = [5, 4, 3];
        let value = |at: usize| if at % 60 % 7 == 3 { 0.0 } else { (at * at % 31) as f32 - 14.5 };
        let values: Vec<f32> = (0..180).map(value).collect();
        let volumes = Volumes { shape, voxel_size_mm: [2.0, 3.0, 4.0], values: &values };
        let energy = energy(&volumes);
        for offset in [[1, 0, 0], [-2, 1, 0], [3, -2, 1], [0, 0, 2]] {
            let (mut products, mut squares, mut n_pairs) = (0.0, 0.0, 0);
            for at in 0..60_usize {
                let here = [at % 5, at / 5 % 4, at / 20];
                let there: Vec<isize> =
                    (0..3).map(|axis| here[axis] as isize + offset[axis]).collect();
                let is_in = (0..3).all(|axis| (0..shape[axis] as isize).contains(&there[axis]));
                if !is_in {
                    continue;
                }
                let other = (there[0] + 5 * (there[1] + 4 * there[2])) as usize;
                if at % 7 == 3 || other % 7 == 3 {
                    continue;
                }
                n_pairs += 1;
                for t in 0..3 {
                    let (a, b) =
                        (f64::from(values[60 * t + at]), f64::from(values[60 * t + other]));
                    products += a * b;
                    squares += 0.5 * (a * a + b * b);
                }
            }
            let (got, n) = correlation(&volumes, &energy, offset).expect("pairs");
            assert_eq!(n, n_pairs, "{offset:?}");
            assert!((got - products / squares).abs() < 1e-6, "{offset:?}: {got}");
        }
        let half = offsets(&volumes, 4.0);
        // (1,0,0) 2; (0,1,0) 3; (1,1,0) and (-1,1,0) 3.6; (2,0,0) 4; (0,0,1) 4
        assert_eq!(half.len(), 6, "{half:?}");
    }
}
