//! ARMA(1,1) noise by restricted maximum likelihood: corr(0) = 1, corr(k) = lambda a^(k-1),
//! lambda = (b + a)(1 + a b) / (1 + 2 a b + b²), at the kept volumes' own times.
//!
//! Source: the objective, (n - m) log RSS + log|U'R⁻¹U| + log|R|, and the trial values, a from 0 and b from -0.8 to 0.8 in steps of 0.1
//! with lambda not negative, are those of 3dREMLfit; a and b are then refined off the grid by Newton steps, from each trial that is lower than all
//! beside it, and from the valley beside white noise, which is narrower than the grid, so that they vary continuously with the data. The whole series is needed: what R⁻¹ does to it is no function of a few sums.
//! What it makes of the design is one of a and b alone, and is looked up on the way (`patches`).
//!
//! R is semiseparable, so that its factor L D L' whitens a series in one pass: with g the gap before volume t, S = a^(2g) S +
//! a^(2g-2) D W², f = a^g f + a^(g-1) W z (of the volume before), D = 1 - lambda² S, W = (1 - lambda a S) / D, z = y - lambda f.

use ndarray::{Array2, ArrayView1, ArrayView2, Axis};
use pulp::Arch;
use rayon::prelude::*;

use crate::error::Result;
use crate::stats::beside::Beside;
use crate::stats::gls::{Question, Solved};
use crate::stats::least_squares::{LeastSquares, orthonormal_basis};

mod evaluation;
mod give;
mod patches;
mod refine;
mod search;
mod steps;
mod trial;

use patches::Patches;
use search::{Alone, Search};
pub use steps::whiten;
pub use trial::{Trial, lowest, neighbours, trial_values};

/// The largest a, and magnitude of b.
pub const LARGEST: f64 = 0.8;
/// Between trial values.
const STEP: f64 = 0.1;
/// Voxels a task.
const CHUNK: usize = 256;

/// What one slice group's design makes of series; all f64.
#[derive(Debug, Clone, PartialEq)]
pub struct Arma11 {
    /// Orthonormal, `[volume][basis]`.
    basis: Array2<f64>,
    /// X⁺U, `[regressor][basis]`.
    pub to_beta: Array2<f64>,
    /// Volumes since the kept volume before, 0 for the first, `[volume]`.
    gaps: Vec<u32>,
    /// What divides the residual sum of squares.
    dof: f64,
}

/// The most trials to begin from.
pub const MOST_STARTS: usize = 4;

/// The trials to begin from ([`lowest`]).
pub type Starts = [u32; MOST_STARTS];

/// By how much RSS of two trials may be off against each other in f32, as a share: each is held to half of it (docs/accuracy.md).
pub const DOUBT_OF_TRIALS: f64 = 4e-5;

/// What was found at each voxel.
#[derive(Debug, Clone, PartialEq)]
pub struct Found {
    /// `[voxel]`
    pub a: Vec<f64>,
    /// `[voxel]`
    pub b: Vec<f64>,
    /// How far lambda, a and b lie from the least where the objective is higher by 1, by how it bends there, `[voxel]`; none where it is no bowl.
    pub give: Vec<Option<[f64; 3]>>,
    /// The answers there.
    pub solved: Solved,
    /// The same at another place whose objective is as good as the least: how far off the answers may be where sums are of another precision.
    pub near: Option<Box<Found>>,
}

impl Found {
    /// Of voxels that follow each other.
    #[must_use]
    pub fn joined(parts: Vec<Found>, questions: &[Question]) -> Found {
        let (mut a, mut b, mut give) = (Vec::new(), Vec::new(), Vec::new());
        let (mut solved, mut near) = (Vec::new(), Vec::new());
        for part in parts {
            a.extend(part.a);
            b.extend(part.b);
            give.extend(part.give);
            solved.push(part.solved);
            near.extend(part.near.map(|near| *near));
        }
        let near = (!near.is_empty()).then(|| Box::new(Found::joined(near, questions)));
        Found { a, b, give, solved: Solved::joined(solved, questions), near }
    }
}

/// lambda of a and b.
#[must_use]
pub fn lambda(a: f64, b: f64) -> f64 {
    (b + a) * (1.0 + a * b) / (1.0 + 2.0 * a * b + b * b)
}

/// d lambda / da and / db.
fn slope_of_lambda(a: f64, b: f64) -> [f64; 2] {
    let (below, lambda) = (1.0 + 2.0 * a * b + b * b, lambda(a, b));
    [1.0 - 2.0 * b * lambda / below, (1.0 + 2.0 * a * b + a * a - 2.0 * (a + b) * lambda) / below]
}

impl Arma11 {
    /// Of a design `[volume][regressor]` at kept volumes, positions in the run, ascending; `dof`: what is left.
    ///
    /// # Errors
    /// Internal when the design's singular values cannot be found.
    pub fn new(design: ArrayView2<f64>, kept: &[usize], dof: f64) -> Result<Arma11> {
        let basis = orthonormal_basis(design)?;
        let to_beta = LeastSquares::new(design)?.pinv.dot(&basis);
        let steps = kept.windows(2).map(|pair| (pair[1] - pair[0]) as u32);
        Ok(Arma11 { basis, to_beta, gaps: std::iter::once(0).chain(steps).collect(), dof })
    }

    /// The model of a voxel that has columns of its own.
    #[must_use]
    pub fn with(&self, own: &Beside) -> Arma11 {
        Arma11 {
            basis: ndarray::concatenate![Axis(1), self.basis, own.basis],
            to_beta: own.joined(&self.to_beta),
            gaps: self.gaps.clone(),
            dof: self.dof - own.n_columns() as f64,
        }
    }

    /// By how much the difference of two trials may be off in f32.
    #[must_use]
    pub fn doubt(&self) -> f64 {
        let (n, rank) = self.basis.dim();
        DOUBT_OF_TRIALS * (n - rank) as f64
    }

    /// Volumes, and the rank of the design.
    #[must_use]
    pub fn dim(&self) -> (usize, usize) {
        self.basis.dim()
    }

    /// a, b and the answers of voxels of this group. `residual`: of ordinary least squares, `[volume][voxel]`; `beta`: its estimates,
    /// `[regressor][voxel]`; `starts`: `[voxel]` (the room `arma` finds them); `doubts`: whether [`Found::near`] is asked for.
    #[must_use]
    pub fn fit(
        &self,
        (residual, beta): (ArrayView2<f64>, ArrayView2<f64>),
        starts: &[Starts],
        (questions, doubts): (&[Question], bool),
    ) -> Found {
        let n = residual.ncols();
        let chunks: Vec<usize> = (0..n).step_by(CHUNK).collect();
        let patches = Patches::new(self);
        let patches = patches.as_ref();
        let parts = chunks
            .into_par_iter()
            .map(|first| {
                let last = (first + CHUNK).min(n);
                let voxels = ndarray::s![.., first..last];
                let (residual, beta) = (residual.slice(voxels), beta.slice(voxels));
                let starts = &starts[first..last];
                let search =
                    Search { model: self, patches, starts, residual, beta, questions, doubts };
                Arch::new().dispatch(search)
            })
            .collect();
        Found::joined(parts, questions)
    }

    /// [`Arma11::fit`] of the one voxel that this model is of: trial values stand side by side where voxels do otherwise.
    #[must_use]
    pub fn fit_alone(
        &self,
        residual: ArrayView1<f64>,
        beta: ArrayView2<f64>,
        questions: &[Question],
    ) -> Found {
        Arch::new().dispatch(Alone { model: self, residual, beta, questions })
    }

    /// The objective of a residual sum of squares and log|U'R⁻¹U| + log|R|.
    #[must_use]
    pub fn objective(&self, rss: f64, ln_det: f64) -> f64 {
        let (n, rank) = self.basis.dim();
        (n - rank) as f64 * rss.ln() + ln_det
    }
}
