//! The restricted likelihood of one voxel, its slope, and its maximum.

use ndarray::ArrayView1;

/// Heights of the grid above 0, and by how much the lowest is below the highest or the least variance.
const GRID: usize = 12;
const LOWEST: f64 = 1e-6;
/// A gain in l that is not worth another step.
const SETTLED: f64 = 1e-13;
const MOST_STEPS: usize = 200;
/// What X' X may have left, a column, of the subjects that are there.
const DEPENDENT: f64 = 1e-10;

/// What is there at a voxel, and scratch; the design is an orthonormal basis.
#[derive(Debug, Clone)]
pub(super) struct Voxel {
    p: usize,
    y: Vec<f64>,
    v: Vec<f64>,
    /// `[subject][p]`.
    x: Vec<f64>,
    w: Vec<f64>,
    /// X' W X, then its Cholesky factor L, `[p][p]`.
    factor: Vec<f64>,
    beta: Vec<f64>,
    /// For whoever needs some numbers.
    pub(super) spare: Vec<f64>,
}

/// l and what came with it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Slopes {
    /// l, minus infinity where X' W X is not definite.
    pub(super) likelihood: f64,
    /// dl / d tau^2.
    pub(super) slope: f64,
    /// Σ w (y - X b)².
    pub(super) squares: f64,
}

impl Voxel {
    pub(super) fn new(n: usize, p: usize) -> Voxel {
        let (one, square) = (|| Vec::with_capacity(n), vec![0.0; p * p]);
        Voxel {
            p,
            y: one(),
            v: one(),
            x: Vec::with_capacity(n * p),
            w: one(),
            factor: square,
            beta: vec![0.0; p],
            spare: Vec::with_capacity(p * p),
        }
    }

    pub(super) fn clear(&mut self) {
        self.y.clear();
        self.v.clear();
        self.x.clear();
    }

    /// Take a subject in, if it is there.
    pub(super) fn push(&mut self, y: f64, v: f64, row: ArrayView1<f64>) {
        if y.is_finite() && v.is_finite() && v > 0.0 {
            self.y.push(y);
            self.v.push(v);
            self.x.extend(row);
        }
    }

    /// Subjects that are there.
    pub(super) fn n(&self) -> usize {
        self.y.len()
    }

    /// l, its slope and squares at a tau^2; leaves L and b there.
    ///
    /// dl/d tau^2 = (Σ w² e² - tr P) / 2 with P y = W e and tr P = Σ w - Σ w² x' (X' W X)^-1 x.
    pub(super) fn slopes(&mut self, tau_square: f64) -> Slopes {
        let p = self.p;
        self.w.clear();
        self.w.extend(self.v.iter().map(|v| 1.0 / (v + tau_square)));
        self.factor.fill(0.0);
        self.beta.fill(0.0);
        for ((row, &w), &y) in self.x.chunks_exact(p).zip(&self.w).zip(&self.y) {
            for a in 0..p {
                let weighted = w * row[a];
                self.beta[a] += weighted * y;
                let products = self.factor[a * p..=a * p + a].iter_mut().zip(row);
                products.for_each(|(sum, x)| *sum += weighted * x);
            }
        }
        if !cholesky(&mut self.factor, p) {
            return Slopes { likelihood: f64::NEG_INFINITY, slope: 0.0, squares: f64::NAN };
        }
        forward(&self.factor, p, &mut self.beta);
        backward(&self.factor, p, &mut self.beta);
        let (mut squares, mut slope) = (0.0, 0.0);
        for ((row, &w), &y) in self.x.chunks_exact(p).zip(&self.w).zip(&self.y) {
            let error = y - row.iter().zip(&self.beta).map(|(x, b)| x * b).sum::<f64>();
            self.spare.clear();
            self.spare.extend_from_slice(row);
            forward(&self.factor, p, &mut self.spare);
            let leverage: f64 = self.spare.iter().map(|u| u * u).sum();
            squares += w * error * error;
            slope += w * w * (error * error + leverage) - w;
        }
        // Four weights a logarithm; of a product that leaves a double's range, one each.
        let ln = |four: &[f64]| {
            let product: f64 = four.iter().product();
            if product.is_normal() { product.ln() } else { four.iter().map(|w| w.ln()).sum() }
        };
        let ln_w: f64 = self.w.chunks(4).map(ln).sum();
        let ln_x: f64 = (0..p).map(|a| 2.0 * self.factor[a * p + a].ln()).sum();
        Slopes { likelihood: 0.5 * (ln_w - ln_x - squares), slope: 0.5 * slope, squares }
    }

    /// b `[p]` and (X' W X)^-1 `[p][p]` where [`Voxel::slopes`] was last.
    pub(super) fn solution(&mut self, beta: &mut [f64], covariance: &mut [f64]) {
        let p = self.p;
        beta.copy_from_slice(&self.beta);
        covariance.fill(0.0);
        for (j, column) in covariance.chunks_exact_mut(p).enumerate() {
            column[j] = 1.0;
            forward(&self.factor, p, column);
            backward(&self.factor, p, column);
        }
    }

    /// The tau^2 of greatest l; none where b is not determined with a degree of freedom left.
    pub(super) fn most_likely(&mut self) -> Option<f64> {
        let highest = self.bound()?;
        let least = self.v.iter().copied().fold(f64::INFINITY, f64::min);
        // 0, and up to the bound by equal factors.
        let lowest = (LOWEST * highest).max(0.1 * least).min(0.1 * highest);
        let factor = (highest / lowest).powf(1.0 / (GRID - 1) as f64);
        let height = |k: usize| if k == 0 { 0.0 } else { lowest * factor.powi(k as i32 - 1) };
        let mut best = (0, self.slopes(0.0));
        for k in 1..=GRID {
            let here = self.slopes(height(k));
            if here.likelihood > best.1.likelihood {
                best = (k, here);
            }
        }
        let (k, here) = best;
        if here.slope > 0.0 {
            let high = if k < GRID { height(k + 1) } else { highest * factor };
            return Some(self.climb((height(k), here), high));
        }
        if k == 0 {
            return Some(0.0);
        }
        // It falls here, and is lower below: the maximum lies between.
        let low = height(k - 1);
        let below = self.slopes(low);
        Some(self.climb((low, below), height(k)))
    }

    /// The maximum between a tau^2 and a higher one: the root of the slope by false position (Illinois), halving where that does not bracket one.
    fn climb(&mut self, (mut low, mut at_low): (f64, Slopes), mut high: f64) -> f64 {
        let at_high = self.slopes(high);
        // What false position takes the slopes for, halved for the end that stays.
        let (mut left, mut right) = (at_low.slope, at_high.slope);
        let mut last = 0;
        for _ in 0..MOST_STEPS {
            let is_bracket = left > 0.0 && right < 0.0;
            let next = if is_bracket {
                low + (high - low) * left / (left - right)
            } else {
                0.5 * (low + high)
            };
            let here = self.slopes(next);
            let gain = here.slope.abs() * (high - low);
            if gain < SETTLED || next <= low || next >= high {
                return next;
            }
            // Both ends may rise, the higher being lower in l: then what rises below the lower end's l lies beyond the maximum.
            let rises = here.slope > 0.0
                && (is_bracket || at_low.slope <= 0.0 || here.likelihood >= at_low.likelihood);
            if rises {
                (low, at_low, left) = (next, here, here.slope);
                right *= if last == 1 { 0.5 } else { 1.0 };
                last = 1;
            } else {
                (high, right) = (next, here.slope);
                left *= if last == -1 { 0.5 } else { 1.0 };
                last = -1;
            }
        }
        0.5 * (low + high)
    }

    /// A tau^2 above which l falls: the root of t² = s² (v_max + t), s² the residual variance of ordinary least squares. For then Σ w² e² <= RSS / t² and
    /// tr P >= (n - p) / (v_max + t). None where b is not determined.
    fn bound(&mut self) -> Option<f64> {
        let (n, p) = (self.n(), self.p);
        if n <= p {
            return None;
        }
        self.factor.fill(0.0);
        self.beta.fill(0.0);
        for (row, &y) in self.x.chunks_exact(p).zip(&self.y) {
            for a in 0..p {
                self.beta[a] += row[a] * y;
                let products = self.factor[a * p..=a * p + a].iter_mut().zip(row);
                products.for_each(|(sum, x)| *sum += row[a] * x);
            }
        }
        let is_determined = cholesky(&mut self.factor, p)
            && (0..p).all(|a| self.factor[a * p + a] > DEPENDENT.sqrt());
        if !is_determined {
            return None;
        }
        forward(&self.factor, p, &mut self.beta);
        backward(&self.factor, p, &mut self.beta);
        let errors = self
            .x
            .chunks_exact(p)
            .zip(&self.y)
            .map(|(row, &y)| y - row.iter().zip(&self.beta).map(|(x, b)| x * b).sum::<f64>());
        let s2 = errors.map(|e| e * e).sum::<f64>() / (n - p) as f64;
        let most = self.v.iter().copied().fold(0.0, f64::max);
        let bound = 0.5 * (s2 + (s2 * s2 + 4.0 * s2 * most).sqrt());
        // Without any error l falls from 0 on: any height will do.
        Some(if bound > 0.0 { bound } else { most })
    }
}

/// L of a definite matrix `[p][p]` whose lower half is given, in its place; whether it is definite.
pub(super) fn cholesky(matrix: &mut [f64], p: usize) -> bool {
    for a in 0..p {
        for b in 0..=a {
            let inner: f64 = (0..b).map(|k| matrix[a * p + k] * matrix[b * p + k]).sum();
            let left = matrix[a * p + b] - inner;
            if a > b {
                matrix[a * p + b] = left / matrix[b * p + b];
            } else if left > 0.0 {
                matrix[a * p + a] = left.sqrt();
            } else {
                return false;
            }
        }
    }
    true
}

/// L^-1 times a vector, in its place.
pub(super) fn forward(factor: &[f64], p: usize, of: &mut [f64]) {
    for a in 0..p {
        let inner: f64 = (0..a).map(|k| factor[a * p + k] * of[k]).sum();
        of[a] = (of[a] - inner) / factor[a * p + a];
    }
}

/// L'^-1 times a vector, in its place.
fn backward(factor: &[f64], p: usize, of: &mut [f64]) {
    for a in (0..p).rev() {
        let inner: f64 = (a + 1..p).map(|k| factor[k * p + a] * of[k]).sum();
        of[a] = (of[a] - inner) / factor[a * p + a];
    }
}

#[cfg(test)]
mod tests {
    use super::Voxel;
    use ndarray::array;

    #[test]
    fn a_climb_between_two_ends_that_rise_stays_below_the_valley() {
        // Three subjects agree to 1e-3, three are 4 apart: l has a maximum near 1e-6 and another near 10.
        let mut voxel = Voxel::new(6, 1);
        for (y, v) in
            [(0.001, 1e-6), (0.0, 2e-6), (-0.001, 1e-6), (4.0, 1.0), (-3.0, 0.5), (2.0, 1.0)]
        {
            voxel.push(y, v, array![1.0].view());
        }
        let low = (0.0, voxel.slopes(0.0));
        let high = voxel.slopes(0.5);
        assert!(low.1.slope > 0.0 || low.1.likelihood > high.likelihood, "{low:?} {high:?}");
        assert!(high.slope > 0.0 && high.likelihood < low.1.likelihood, "{low:?} {high:?}");
        let found = voxel.climb(low, 0.5);
        assert!(found < 1e-4, "{found}");
    }
}
