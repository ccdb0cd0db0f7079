//! First-order autoregressive noise by restricted maximum likelihood, from a handful of sums a voxel: the time axis is walked
//! once, and every trial of rho costs O(r²), r the rank of X.
//!
//! With e the residuals of ordinary least squares, U an orthonormal basis of X's columns, and for each distinct gap g between
//! consecutive kept volumes a, b: D_g = Σ (E_aa + E_bb), L_g = Σ (E_ab + E_ba), n_g pairs, r = rho^g,
//!
//! R⁻¹ = I + Σ_g [ r² D_g - r L_g ] / (1 - r²),    log|R| = Σ_g n_g log(1 - r²):
//!
//! censored volumes keep their times, nothing is spliced, and no pair joins two runs. U'e = 0, so that with
//! N = U'R⁻¹U, q = U'R⁻¹e: RSS = e'R⁻¹e - q'N⁻¹q, and the estimate of any w'beta is w'beta_ols + w'X⁺U N⁻¹q, its variance
//! RSS / dof · (w'X⁺U) N⁻¹ (w'X⁺U)'.
//!
//! Source: the objective is (n - m) log RSS + log|N| + log|R|, that of 3dREMLfit's published REML function for one parameter.
//! [`Rule::Nilearn`] is nilearn 0.14.1's: rho = Σ e_t e_(t+1) / (n-1) : Σ e² / n, truncated to hundredths; the first row is not
//! scaled by sqrt(1 - rho²).

use ndarray::{Array2, ArrayView2};

use crate::error::Result;
use crate::stats::least_squares::{LeastSquares, orthonormal_basis};

mod added;
mod bend;
mod between;
mod border;
mod each;
mod panel;
mod reml;
mod solve;

pub use added::Added;
pub use bend::FLATTEST;
pub use border::Border;
pub use each::{EachAdded, Estimate};
pub use reml::{LARGEST, Scan, unbiased};

/// Share of the pairs, those one step apart, from which on rho may be negative: of r = rho³ its sign is seen in few voxels.
const LEAST_NEAR: f64 = 0.25;

/// Pairs one step apart from which on estimates of rho scatter as [`RhoError`] has it, which is that of many.
const MANY_NEAR: usize = 25;

/// No volume stands before this one.
pub const FIRST: u32 = u32::MAX;

/// Which volumes follow each other, and by how much.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Pairs {
    /// Volumes a step: the largest that all distances are multiples of, whose correlation rho is. Of volumes an even number apart alone nothing says
    /// which sign a rho of neighbours has.
    pub step: u32,
    /// Distinct distances of consecutive kept volumes, in steps, ascending.
    pub gaps: Vec<u32>,
    /// For each kept volume, which of `gaps` lies before it, [`FIRST`] for the first, `[volume]`.
    pub gap_of: Vec<u32>,
}

impl Pairs {
    /// Of kept volumes, as positions in the run, ascending.
    #[must_use]
    pub fn of_kept(kept: &[usize]) -> Pairs {
        let apart = || kept.windows(2).map(|pair| (pair[1] - pair[0]) as u32);
        let step = apart().fold(0, common_divisor).max(1);
        let steps = || apart().map(|volumes| volumes / step);
        let mut gaps: Vec<u32> = steps().collect();
        gaps.sort_unstable();
        gaps.dedup();
        let index = |step| gaps.partition_point(|&gap| gap < step) as u32;
        let gap_of = kept.first().map(|_| FIRST).into_iter().chain(steps().map(index)).collect();
        Pairs { step, gaps, gap_of }
    }

    /// Of a run without a gap.
    #[must_use]
    pub fn consecutive(n_volumes: usize) -> Pairs {
        Pairs::of_kept(&(0..n_volumes).collect::<Vec<_>>())
    }

    /// Positions whose distances are these, from 0.
    #[must_use]
    pub fn kept(&self) -> Vec<usize> {
        let volumes = |&gap: &u32| self.gaps.get(gap as usize).map_or(0, |gap| gap * self.step);
        let sum = |at: &mut usize, gap: &u32| {
            *at += volumes(gap) as usize;
            Some(*at)
        };
        self.gap_of.iter().scan(0, sum).collect()
    }

    /// [`RhoError::at`] of these volumes.
    #[must_use]
    pub fn rho_error(&self) -> RhoError {
        let mut n_of_gap = vec![0.0; self.gaps.len()];
        for &gap in &self.gap_of {
            if let Some(n) = n_of_gap.get_mut(gap as usize) {
                *n += 1.0;
            }
        }
        RhoError {
            n_of_gap: self.gaps.iter().map(|&gap| gap as i32).zip(n_of_gap).collect(),
            n_volumes: self.gap_of.len() as f64,
            is_known: self.near()[0] >= MANY_NEAR,
        }
    }

    /// Pairs one step apart, and all pairs.
    #[must_use]
    pub fn near(&self) -> [usize; 2] {
        let gaps = || self.gap_of.iter().filter_map(|&gap| self.gaps.get(gap as usize));
        [gaps().filter(|&&gap| gap == 1).count(), gaps().count()]
    }

    /// Whether enough of them lie one step apart to tell the sign of rho; else it is looked for from 0 on.
    #[must_use]
    pub fn tell_sign(&self) -> bool {
        let [near, all] = self.near().map(|n| n as f64);
        near >= LEAST_NEAR * all
    }

    /// Whether volumes are missing between others.
    #[must_use]
    pub fn has_gaps(&self) -> bool {
        self.step != 1 || self.gaps.iter().any(|&gap| gap != 1)
    }
}

/// How well a rho of some volumes is known.
#[derive(Debug, Clone)]
pub struct RhoError {
    /// Each gap, and pairs that have it.
    n_of_gap: Vec<(i32, f64)>,
    n_volumes: f64,
    is_known: bool,
}

impl RhoError {
    /// The standard error of a rho, by what pairs of volumes tell (Fisher's information, beside an unknown variance); none where pairs one step apart are so
    /// few that it says little of an estimate. Of n volumes without a gap sqrt((1 - rho²) / n).
    #[must_use]
    pub fn at(&self, rho: f64) -> Option<f64> {
        let (mut information, mut of_variance) = (0.0, 0.0);
        for &(gap, n) in &self.n_of_gap {
            let r = rho.powi(gap);
            let slope = f64::from(gap) * rho.powi(gap - 1) / (1.0 - r * r);
            information += n * slope * slope * (1.0 + r * r);
            of_variance += n * slope * r;
        }
        let left = information - of_variance * of_variance / (self.n_volumes / 2.0);
        (self.is_known && left > 0.0).then(|| left.sqrt().recip())
    }
}

/// Euclid's.
fn common_divisor(a: u32, b: u32) -> u32 {
    if b == 0 { a } else { common_divisor(b, a % b) }
}

/// How rho is found and what is made of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Rule {
    /// Restricted maximum likelihood and the exact inverse of the correlations.
    Reml,
    /// nilearn's, of runs without gaps.
    Nilearn,
}

/// What one slice group's design makes of the sums; all f64.
#[derive(Debug, Clone, PartialEq)]
pub struct Ar1 {
    /// How.
    pub rule: Rule,
    /// Kept volumes.
    pub n_volumes: usize,
    /// Rank of X.
    pub rank: usize,
    /// What divides the residual sum of squares.
    pub dof: f64,
    /// Distances of consecutive kept volumes, in steps ([`Pairs::step`]).
    pub gaps: Vec<f64>,
    /// Pairs at each of them.
    pub n_pairs: Vec<f64>,
    /// The least rho that is looked for: 0 where pairs one step apart are too few to tell its sign, -[`LARGEST`] else.
    pub lowest: f64,
    /// U, `[volume][basis]`.
    pub basis: Array2<f64>,
    /// `[volume][D_g U of each gap, then L_g U of each]`: what e is projected on.
    pub columns: Array2<f64>,
    /// How many pairs of each gap a volume is in, `[volume][gap]`.
    pub ends: Array2<f64>,
    /// X⁺U, `[regressor][basis]`.
    pub to_beta: Array2<f64>,
    /// U's columns; a group of lower rank than others is filled up with zeros.
    width: usize,
    /// U'D_gU and U'L_gU, lower triangles row by row, `[gap][i (i + 1) / 2 + j]`.
    packed_ends: Vec<Vec<f64>>,
    packed_lags: Vec<Vec<f64>>,
    /// The last row of U.
    last: Vec<f64>,
}

/// The sums of a block's voxels.
#[derive(Debug, Clone, PartialEq)]
pub struct Sums {
    /// Σ (y - mean y)², `[voxel]`.
    pub total: Vec<f64>,
    /// Σ e², `[voxel]`.
    pub square: Vec<f64>,
    /// e of the last volume, `[voxel]`.
    pub last: Vec<f64>,
    /// Σ e_a² + e_b² over the pairs of a gap, `[gap][voxel]`.
    pub ends: Array2<f64>,
    /// 2 Σ e_a e_b over them, `[gap][voxel]`.
    pub lags: Array2<f64>,
    /// e on [`Ar1::columns`], `[column][voxel]`.
    pub columns: Array2<f64>,
}

impl Ar1 {
    /// Of a design `[volume][regressor]` whose volumes pair as given; `width`: basis columns to fill up to; `dof`: what is left.
    ///
    /// # Errors
    /// Internal when the design's singular values cannot be found.
    pub fn new(
        design: ArrayView2<f64>,
        pairs: &Pairs,
        rule: Rule,
        (width, dof): (usize, f64),
    ) -> Result<Ar1> {
        let own = orthonormal_basis(design)?;
        let (n, rank) = own.dim();
        let width = width.max(rank);
        let mut basis = Array2::zeros((n, width));
        basis.slice_mut(ndarray::s![.., ..rank]).assign(&own);
        let n_gaps = pairs.gaps.len();
        let mut ends = Array2::zeros((n, n_gaps));
        let mut n_pairs = vec![0.0; n_gaps];
        let columns = border::paired(&basis, pairs);
        for (t, &gap) in pairs.gap_of.iter().enumerate().filter(|(_, gap)| **gap != FIRST) {
            let gap = gap as usize;
            n_pairs[gap] += 1.0;
            ends[[t, gap]] += 1.0;
            ends[[t - 1, gap]] += 1.0;
        }
        let packed = |part: usize| {
            let part = columns.slice(ndarray::s![.., part * width..(part + 1) * width]);
            let gram = basis.t().dot(&part);
            (0..width).flat_map(|i| (0..=i).map(move |j| (i, j))).map(|at| gram[at]).collect()
        };
        let packed_ends = (0..n_gaps).map(packed).collect();
        let packed_lags = (n_gaps..2 * n_gaps).map(packed).collect();
        Ok(Ar1 {
            rule,
            n_volumes: n,
            rank,
            dof,
            gaps: pairs.gaps.iter().map(|&gap| f64::from(gap)).collect(),
            n_pairs,
            lowest: if pairs.tell_sign() { -LARGEST } else { 0.0 },
            ends,
            to_beta: LeastSquares::new(design)?.pinv.dot(&basis),
            width,
            packed_ends,
            packed_lags,
            last: basis.row(n - 1).to_vec(),
            basis,
            columns,
        })
    }

    /// Basis columns.
    #[must_use]
    pub fn width(&self) -> usize {
        self.width
    }

    /// Bytes of host memory that it takes.
    #[must_use]
    pub fn bytes(&self) -> usize {
        let packed: usize = self.packed_ends.iter().map(|g| 2 * g.len()).sum();
        size_of::<f64>()
            * (self.basis.len()
                + self.columns.len()
                + self.ends.len()
                + self.to_beta.len()
                + packed)
    }
}

impl Sums {
    /// Those of some of the voxels.
    #[must_use]
    pub fn of(&self, voxels: std::ops::Range<usize>) -> Sums {
        let some = |matrix: &Array2<f64>| {
            matrix.slice(ndarray::s![.., voxels.clone()]).as_standard_layout().into_owned()
        };
        Sums {
            total: self.total[voxels.clone()].to_vec(),
            square: self.square[voxels.clone()].to_vec(),
            last: self.last[voxels.clone()].to_vec(),
            ends: some(&self.ends),
            lags: some(&self.lags),
            columns: some(&self.columns),
        }
    }
}
