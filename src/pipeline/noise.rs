//! From the residuals' sums to maps: rho of each voxel, smoothed within the mask, and the generalised least-squares fit at it.
//! The spatial step stands between the two passes over the voxels, so what a fit needs of them is held until all blocks are in.

use ndarray::{Array1, Array2};
use serde_json::{Map as Fields, Value, json};

use crate::error::{Error, Result};
use crate::gpu::Tape;
use crate::kernels::arma;
use crate::kernels::contrast::{Prepared, Stat};
use crate::kernels::glm::{Fit, Model};
use crate::kernels::lags::{self, LagModel};
use crate::kernels::smooth::Taps;
use crate::maps::Dof;
use crate::stats::ar1::{Ar1, Border, Pairs, Rule};
use crate::stats::arma11::{Arma11, Starts};
use crate::stats::gls::Question;
use crate::stats::least_squares::orthonormal_basis;
use crate::stats::tails::TTail;

mod beside;
mod decided;
mod edges;
mod ends;
mod estimates;
mod held;
mod whiteness;

pub use beside::Own;
use decided::scattered;
pub use decided::smoothed;
pub use ends::AtEnds;
pub use estimates::{Estimates, OwnRho};
pub use held::Held;
use held::OneGroup;
pub use held::renumber;
pub use whiteness::{Series, Whiteness, chosen};

/// How residuals depend on each other, prepared for a model and its contrasts.
#[derive(Debug, Clone)]
pub struct Autocorrelation {
    /// What is summed.
    pub lags: LagModel,
    /// `[slice group][contrast]`
    questions: Vec<Vec<Question>>,
    used: Used,
    /// `[slice group]`, for [`Used::Arma11`].
    arma11: Vec<Arma11>,
    /// Whether maps of the residuals are kept.
    pub keeps_maps: bool,
    /// Columns of each voxel's own beside the model.
    pub n_beside: usize,
    /// Whether the fit is one that another is held against: what rho may be off by is then carried to the contrasts.
    pub doubts: bool,
}

/// The rho that a fit takes.
#[derive(Debug, Clone)]
pub enum Used {
    /// Each voxel's own.
    Own,
    /// Smoothed within the mask.
    Smoothed(Taps),
    /// In place of rho each voxel's a and b of ARMA(1,1).
    Arma11,
    /// 0, of all voxels and with contrasts: ordinary least squares whose covariances are wanted.
    Zero,
    /// 0: ordinary least squares whose contrasts come from elsewhere, of all voxels for maps of their residuals, or of the [`chosen`] for what
    /// independence costs.
    None {
        /// Whether all voxels are asked for.
        all: bool,
    },
}

/// What is known of a run's residuals.
#[derive(Debug, Clone, PartialEq)]
pub struct Residuals {
    /// The mean of the rho that was used, over voxels that vary; of voxels' own where residuals are taken as independent.
    pub mean_rho: f64,
    /// The share of varying voxels whose own rho lies further than 1.96 standard errors ([`RhoError`](crate::stats::ar1::RhoError)) from the one that was
    /// used: .05 where first-order noise of that rho is all there is; none where so few pairs lie a step apart that the error is not known.
    pub share_off: Option<f64>,
    /// Of each column of voxels' own, the fitted voxels where it is spanned by others, or is none, and does not count, `[column]`.
    pub spanned: Vec<usize>,
    /// Whether they are white once they are whitened; none where too few volumes are left.
    pub whiteness: Option<Whiteness>,
    /// The share of Nyquist's frequency above which residuals have next to no power; none where they have.
    pub empty_above: Option<f64>,
    /// The share of the run's mean in the sum of squares of ordinary least squares' residuals: 0 beside a constant, next to it for a run without a mean.
    pub mean_share: f64,
    /// Degrees of freedom less those of the voxels' own columns; none where there are none.
    pub dof: Option<Dof>,
    /// Fitted voxels whose rho another device may find elsewhere: near an edge of nilearn's bins; in a rerun, in another bowl as deep.
    pub at_edges: usize,
    /// Volumes apart whose correlation rho is ([`crate::stats::ar1::Pairs::step`]).
    pub step: u32,
    /// Pairs of volumes one step apart, and all pairs, where so few of the former leave rho at 0 or above ([`Pairs::tell_sign`]).
    pub near: Option<[usize; 2]>,
    /// Shares of the voxels whose estimate stands at an end of its range.
    pub at_ends: AtEnds,
    /// Where they are asked for.
    pub maps: Option<ResidualMaps>,
}

/// `[voxel of the grid]`, 0 outside the mask.
#[derive(Debug, Clone, PartialEq)]
pub struct ResidualMaps {
    /// The rho that was used; of ARMA(1,1) the correlation at lag 1.
    pub rho: Vec<f32>,
    /// a and b.
    pub arma11: Option<[Vec<f32>; 2]>,
    /// Residual variance.
    pub sigma2: Vec<f32>,
    /// Residual variance, rho, a and b, as many as there are of them, where another device may find them; of first-order noise by restricted
    /// maximum likelihood in a rerun alone.
    pub beyond: Vec<Vec<f32>>,
    /// By how much rho, a and b may be off, as many as there are of them: of first-order noise in multiples of what residuals are off by
    /// ([`crate::stats::ar1::FLATTEST`] at most), of ARMA(1,1) where the objective is higher by 1, none (0) where it is no bowl.
    pub give: Vec<Vec<f32>>,
    /// Share of the variance about the mean that ordinary least squares explains.
    pub r_square: Vec<f32>,
    /// What effects were multiplied by to be in their units.
    pub unit: Vec<f64>,
    /// Of all regressors; none where the residuals were made of them.
    pub estimates: Option<Estimates>,
    /// The same where another device may find them, of voxels that were fitted there; none unless another fit is held against this one.
    pub estimates_beyond: Option<Estimates>,
}

impl ResidualMaps {
    /// rho and 0 of a voxel; of ARMA(1,1) a and b.
    #[must_use]
    pub fn noise(&self, place: usize) -> [f64; 2] {
        match &self.arma11 {
            Some([a, b]) => [a[place], b[place]].map(f64::from),
            None => [f64::from(self.rho[place]), 0.0],
        }
    }

    /// The same where another device may find it.
    #[must_use]
    pub fn noise_beyond(&self, place: usize) -> [f64; 2] {
        match self.beyond.get(1..).unwrap_or_default() {
            [_, a, b] => [a[place], b[place]].map(f64::from),
            [rho] => [f64::from(rho[place]), 0.0],
            _ => self.noise(place),
        }
    }
}

impl Autocorrelation {
    /// For a model and its contrasts.
    ///
    /// # Errors
    /// Internal where singular values cannot be found.
    pub fn new(
        (model, contrasts): (&Model, &[Prepared]),
        pairs: Pairs,
        rule: Rule,
        used: Used,
    ) -> Result<Autocorrelation> {
        let kept = pairs.kept();
        let lags = LagModel::new(model, pairs, rule)?;
        let solvers = model.solvers.iter().filter(|_| matches!(used, Used::Arma11));
        let arma11 = solvers
            .map(|s| Arma11::new(s.design.view(), &kept, s.dof))
            .collect::<Result<Vec<_>>>()?;
        // What takes residuals as independent has its contrasts from elsewhere.
        let asked = if matches!(used, Used::None { .. }) { &[] } else { contrasts };
        let question = |group: usize, prepared: &Prepared| {
            let is_f = prepared.contrast.stat == Stat::F;
            let to_beta = match arma11.get(group) {
                Some(arma11) => &arma11.to_beta,
                None => &lags.of_groups[group].to_beta,
            };
            Question::new(prepared.contrast.weights.view(), is_f, to_beta.view())
        };
        let questions = (0..lags.of_groups.len())
            .map(|group| asked.iter().map(|c| question(group, c)).collect())
            .collect::<Result<_>>()?;
        Ok(Autocorrelation {
            lags,
            questions,
            used,
            arma11,
            keeps_maps: false,
            n_beside: 0,
            doubts: false,
        })
    }

    /// The same, which also gives the covariances between the rows of an F, for runs that are combined.
    #[must_use]
    pub fn with_covariances(mut self) -> Autocorrelation {
        self.questions.iter_mut().flatten().for_each(|question| question.covariances = true);
        self
    }

    /// The same, of voxels with so many columns of their own.
    #[must_use]
    pub fn with_beside(self, n_beside: usize) -> Autocorrelation {
        Autocorrelation { n_beside, ..self }
    }

    /// The same, which another fit is held against or not.
    #[must_use]
    pub fn with_doubts(self, doubts: bool) -> Autocorrelation {
        Autocorrelation { doubts, ..self }
    }

    /// The same, which also keeps maps of the residuals, and what these are made of.
    ///
    /// # Errors
    /// Internal when singular values cannot be found.
    pub fn with_maps(mut self) -> Result<Autocorrelation> {
        self.keeps_maps = true;
        if self.contrasts() {
            for (group, questions) in self.questions.iter_mut().enumerate() {
                let to_beta = match self.arma11.get(group) {
                    Some(arma11) => arma11.to_beta.view(),
                    None => self.lags.of_groups[group].to_beta.view(),
                };
                let each = Array2::eye(to_beta.nrows());
                questions.push(Question::new(each.view(), false, to_beta)?);
            }
        }
        Ok(self)
    }

    /// Whether contrasts come from here.
    #[must_use]
    pub fn contrasts(&self) -> bool {
        !matches!(self.used, Used::None { .. })
    }

    /// Whether a fit needs the residuals themselves.
    #[must_use]
    pub fn takes_series(&self) -> bool {
        !self.arma11.is_empty()
    }

    /// Where the search of ARMA(1,1) begins at a fit's voxels.
    ///
    /// # Errors
    /// As for [`arma::starts`].
    pub fn starts(&self, tape: &mut Tape<'_>, of: (&lags::Series, &Fit)) -> Result<arma::Coming> {
        arma::starts(tape, of, &self.arma11)
    }

    /// What a block's residuals `[volume][voxel]` say, while they are at hand. `starts`: `[voxel]`.
    pub fn take_series(&self, held: &mut Held, residual: &Array2<f64>, starts: &[Starts]) {
        let mut first = 0;
        let of = |run: OneGroup<'_>| {
            let voxels = first..first + run.places.len();
            first = voxels.end;
            let (arma11, questions) = (&self.arma11[run.group], &self.questions[run.group]);
            let residual = residual.slice(ndarray::s![.., voxels.clone()]);
            arma11.fit((residual, run.beta.view()), &starts[voxels], (questions, self.doubts))
        };
        held.found = held.of_one_group().into_iter().map(of).collect();
    }

    /// Whether what a fit needs is held of all voxels, or of the [`chosen`] alone.
    #[must_use]
    pub fn holds_all(&self) -> bool {
        !matches!(self.used, Used::None { all: false })
    }

    /// Bytes that are held of each voxel until the last block is in.
    #[must_use]
    pub fn bytes_a_voxel(&self, n_regressors: usize) -> u64 {
        let own = |ar1: &Ar1| match self.n_beside {
            0 => 0,
            n => {
                Border::bytes(ar1, n)
                    + 8 * (self.lags.n_rows() + n + 3 + 2 * n * self.lags.pairs.gaps.len())
            }
        };
        let own = self.lags.of_groups.first().map_or(0, own) as u64;
        let estimates = if self.keeps_maps { 4 * n_regressors } else { 0 };
        8 * (n_regressors + estimates + self.lags.n_rows() + 4) as u64 + own
    }
}

/// How often t of independent residuals passes its threshold `p`, which counts the upper tail or both, where they follow each other by `rho` and there is
/// no effect; the t is that of `weights` `[regressor]` in the first slice group. With w = pinv(X)' c, M = I - U U':
/// var(effect) = s² w'Rw where w'w is believed, and the residual variance is s² tr(MR) / dof on average.
///
/// # Errors
/// Internal where the model has no solver or its singular values cannot be found.
pub fn false_positives(
    model: &Model,
    (pairs, rho): (&Pairs, f64),
    weights: &[f64],
    (p, two_sided): (f64, bool),
) -> Result<f64> {
    let Some(solver) = model.solvers.first() else {
        return Err(Error::internal("the model", "has no solver", "have one", ""));
    };
    let w = solver.pinv.t().dot(&Array1::from_vec(weights.to_vec()));
    let basis = orthonormal_basis(solver.design.view())?;
    let explained: f64 =
        basis.columns().into_iter().map(|u| u.dot(&correlated(&u.to_owned(), pairs, rho))).sum();
    let n = w.len() as f64;
    let effect = w.dot(&correlated(&w, pairs, rho)) / w.dot(&w);
    let residual = (n - explained) / (n - basis.ncols() as f64);
    let (tail, tails) = (TTail::new(solver.dof), if two_sided { 2.0 } else { 1.0 });
    let (mut low, mut high) = (0.0, 1e6);
    for _ in 0..200 {
        let middle = (low + high) / 2.0;
        let above = tails * tail.z_and_ln_sf(middle).1.exp() > p;
        if above { low = middle } else { high = middle }
    }
    Ok(tails * tail.z_and_ln_sf(low * (residual / effect).sqrt()).1.exp())
}

/// Of which volumes rho is, where not of neighbours, and whether it could be negative; none where all is as usual.
#[must_use]
pub fn pairs_in_words(pairs: &Pairs) -> Option<String> {
    let [near, all] = pairs.near();
    let of = (pairs.step > 1).then(|| {
        format!(
            "is that of volumes {} apart, as all that were kept lie multiples of it apart",
            pairs.step
        )
    });
    let from = (!pairs.tell_sign()).then(|| {
        format!("was not looked for below 0, as {near} of {all} pairs of volumes were neighbours")
    });
    let both: Vec<String> = of.into_iter().chain(from).collect();
    (!both.is_empty()).then(|| both.join(", and "))
}

/// The same as fields of a sidecar. `near`: pairs one step apart and all, where rho is looked for from 0 on.
#[must_use]
pub fn pairs_resolved(step: u32, near: Option<[usize; 2]>) -> Fields<String, Value> {
    let mut fields = Fields::new();
    if step > 1 {
        fields.insert("volumes_apart_whose_correlation_rho_is".to_owned(), json!(step));
    }
    if let Some([near, all]) = near {
        let pairs = json!({ "pairs_one_step_apart": near, "pairs": all });
        fields.insert("rho_looked_for_from_0_on".to_owned(), pairs);
    }
    fields
}

/// R v: what comes before with r = rho^gap, and what comes after.
fn correlated(v: &Array1<f64>, pairs: &Pairs, rho: f64) -> Array1<f64> {
    let step = |t: usize| {
        pairs.gaps.get(pairs.gap_of[t] as usize).map_or(0.0, |&gap| rho.powi(gap as i32))
    };
    let mut sum = v.clone();
    let (mut before, mut after) = (0.0, 0.0);
    for t in 1..v.len() {
        before = step(t) * (before + v[t - 1]);
        sum[t] += before;
    }
    for t in (0..v.len().saturating_sub(1)).rev() {
        after = step(t + 1) * (after + v[t + 1]);
        sum[t] += after;
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_correlated_vector_is_the_product_with_the_full_matrix() {
        let kept = [0, 1, 2, 5, 6, 9_usize];
        let v = Array1::from_vec(vec![1.0, -2.0, 0.5, 3.0, 0.0, -1.0]);
        let got = correlated(&v, &Pairs::of_kept(&kept), 0.6);
        for (a, got) in kept.iter().zip(&got) {
            let weigh = |(b, v): (&usize, &f64)| 0.6_f64.powi(a.abs_diff(*b) as i32) * v;
            let want: f64 = kept.iter().zip(&v).map(weigh).sum();
            assert!((got - want).abs() < 1e-14, "{got} for {want}");
        }
    }

    #[test]
    fn false_positives_are_nominal_without_correlation_and_many_for_slow_blocks_with_it() {
        let n = 120;
        let block = |t: usize| f64::from(u8::from((t / 15).is_multiple_of(2)));
        let design = Array2::from_shape_fn((n, 2), |(t, j)| if j == 0 { block(t) } else { 1.0 });
        let model = Model::new(&design, &["a".into(), "b".into()], None, 1, 0.0).expect("a model");
        let pairs = Pairs::consecutive(n);
        let at = |rho, two_sided| {
            false_positives(&model, (&pairs, rho), &[1.0, 0.0], (0.001, two_sided)).expect("a rate")
        };
        // by the full matrix of correlations in numpy, t's tails in scipy
        for (two_sided, want) in [(false, 0.008856335908603581), (true, 0.011468359514772321)] {
            let (white, found) = (at(0.0, two_sided), at(0.3, two_sided));
            assert!((white - 0.001).abs() < 1e-6, "{white}");
            assert!((found / want - 1.0).abs() < 1e-6, "{found} for {want}");
        }
    }
}
