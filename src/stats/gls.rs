//! Generalised least squares on an orthonormal basis U of the design's columns, a few voxels side by side: N = U'R⁻¹U, its Cholesky
//! factor, q = U'R⁻¹e of the ordinary residuals e, and contrasts of what follows. With c the weights on the regressors and
//! w = c'X⁺U: effect = c'beta_ols + w'N⁻¹q, variance = RSS / dof · w'N⁻¹w, RSS = e'R⁻¹e - q'N⁻¹q.

use ndarray::{Array1, Array2, ArrayView1, ArrayView2, Axis};
use pulp::Simd;

use crate::error::Result;
use crate::stats::least_squares::orthonormal_basis;
use crate::stats::lines::Lines;
use crate::stats::panel::{Lanes, lanes_mut, width};

/// Pivots multiplied before their logarithm is taken: far from overflow.
const PIVOTS_A_LOGARITHM: usize = 16;

/// Weights over regressors, prepared for one slice group.
#[derive(Debug, Clone, PartialEq)]
pub struct Question {
    /// Weights of the regressors, `[row][regressor]`, and on the basis, `[row][basis]`.
    rows: Array2<f64>,
    on_basis: Array2<f64>,
    /// For F: as many independent combinations of the rows as their rank; none for t.
    independent: Option<(Array2<f64>, Array2<f64>)>,
    /// Whether the covariances of the rows' effects are answered too: what runs are combined by.
    pub covariances: bool,
}

/// A contrast's values, f64.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    /// `[row][voxel]`.
    pub effect: Array2<f64>,
    /// `[row][voxel]`.
    pub variance: Array2<f64>,
    /// Of the rows i > j, in the order (1, 0), (2, 0), (2, 1), ..: `[pair][voxel]`; none unless asked for.
    pub covariance: Array2<f64>,
    /// t, or F divided by the rank of its rows; 0 where the residual variance is 0.
    pub stat: Vec<f64>,
}

/// All answers.
#[derive(Debug, Clone, PartialEq)]
pub struct Solved {
    /// `[question]`
    pub answers: Vec<Answer>,
    /// Residual variance, `[voxel]`.
    pub sigma2: Vec<f64>,
}

impl Question {
    /// Rows of weights `[row][regressor]`, estimable; `is_f`: their joint F in place of t; `to_beta`: X⁺U, `[regressor][basis]`.
    ///
    /// # Errors
    /// Internal when singular values cannot be found.
    pub fn new(rows: ArrayView2<f64>, is_f: bool, to_beta: ArrayView2<f64>) -> Result<Question> {
        let on_basis = rows.dot(&to_beta);
        let independent = if is_f {
            // The row space of the weights on the basis: A (C U) with A of full row rank.
            let space = orthonormal_basis(on_basis.view())?;
            Some((space.t().dot(&rows), space.t().dot(&on_basis)))
        } else {
            None
        };
        Ok(Question { rows: rows.to_owned(), on_basis, independent, covariances: false })
    }

    /// The same question of a design that has further columns; `to_beta`: its X⁺U, `[regressor][basis]`.
    ///
    /// # Errors
    /// As for [`Question::new`].
    pub fn on(&self, to_beta: ArrayView2<f64>) -> Result<Question> {
        let question = Question::new(self.rows.view(), self.independent.is_some(), to_beta)?;
        Ok(Question { covariances: self.covariances, ..question })
    }

    fn n_pairs(&self) -> usize {
        let n = self.rows.nrows();
        if self.covariances { n * n.saturating_sub(1) / 2 } else { 0 }
    }
}

impl Solved {
    /// Room for the answers of so many voxels.
    pub(super) fn empty(questions: &[Question], n_voxels: usize) -> Solved {
        let answer = |q: &Question| Answer {
            effect: Array2::zeros((q.rows.nrows(), n_voxels)),
            variance: Array2::zeros((q.rows.nrows(), n_voxels)),
            covariance: Array2::zeros((q.n_pairs(), n_voxels)),
            stat: vec![0.0; n_voxels],
        };
        Solved { answers: questions.iter().map(answer).collect(), sigma2: vec![0.0; n_voxels] }
    }

    /// The answers of voxels that follow each other.
    pub fn joined(parts: Vec<Solved>, questions: &[Question]) -> Solved {
        let join = |rows: &dyn Fn(&Answer) -> ArrayView2<'_, f64>, at: usize| {
            let parts: Vec<_> = parts.iter().map(|part| rows(&part.answers[at])).collect();
            ndarray::concatenate(Axis(1), &parts).unwrap_or_default()
        };
        let answer = |at: usize| Answer {
            effect: join(&|answer| answer.effect.view(), at),
            variance: join(&|answer| answer.variance.view(), at),
            covariance: join(&|answer| answer.covariance.view(), at),
            stat: parts.iter().flat_map(|part| part.answers[at].stat.iter().copied()).collect(),
        };
        if parts.is_empty() {
            return Solved::empty(questions, 0);
        }
        Solved {
            answers: (0..questions.len()).map(answer).collect(),
            sigma2: parts.iter().flat_map(|part| part.sigma2.iter().copied()).collect(),
        }
    }

    /// Answer for the `count` voxels of a panel, the first of which is voxel `first` here; `beta`: ordinary least squares of them,
    /// `[regressor][voxel]`.
    #[inline(always)]
    pub(super) fn put<S: Simd>(
        &mut self,
        simd: S,
        panel: &mut Factor,
        (first, beta): (usize, ArrayView2<f64>),
        questions: &[Question],
    ) {
        let (w, count) = (width::<S>(), beta.ncols());
        for lane in 0..count {
            self.sigma2[first + lane] = panel.sigma2(lane);
        }
        let ols = |row: ArrayView1<f64>| {
            let mut effects = Array1::<f64>::zeros(count);
            row.iter()
                .zip(beta.rows())
                .for_each(|(&weight, beta)| effects.scaled_add(weight, &beta));
            effects
        };
        for (question, answer) in questions.iter().zip(&mut self.answers) {
            let mut weighed = Vec::with_capacity(question.rows.nrows());
            let mut kept: Vec<Vec<f64>> = Vec::new();
            for row in question.on_basis.rows() {
                weighed.push(panel.weigh(simd, &row.to_vec()));
                if question.covariances {
                    kept.push(panel.row.to_vec());
                }
            }
            for (row, [square, change]) in weighed.iter().enumerate() {
                for (lane, effect) in ols(question.rows.row(row)).iter().enumerate() {
                    let (sigma2, voxel) = (panel.sigma2(lane), first + lane);
                    answer.effect[[row, voxel]] = effect + change[lane];
                    answer.variance[[row, voxel]] = sigma2 * square[lane];
                }
            }
            for voxel in first..first + count {
                let (effect, variance) = (answer.effect[[0, voxel]], answer.variance[[0, voxel]]);
                answer.stat[voxel] = if variance > 0.0 { effect / variance.sqrt() } else { 0.0 };
            }
            let of = |row: &[f64], lane: usize| -> Vec<f64> {
                row.iter().skip(lane).step_by(w).copied().collect()
            };
            let pairs = (0..kept.len()).flat_map(|i| (0..i).map(move |j| (i, j)));
            for (pair, (i, j)) in pairs.enumerate() {
                for lane in 0..count {
                    let products = of(&kept[i], lane).into_iter().zip(of(&kept[j], lane));
                    answer.covariance[[pair, first + lane]] =
                        panel.sigma2(lane) * products.map(|(a, b)| a * b).sum::<f64>();
                }
            }
            let Some((rows, on_basis)) = &question.independent else { continue };
            let mut joint = Vec::with_capacity(rows.nrows());
            for (row, on_basis) in rows.rows().into_iter().zip(on_basis.rows()) {
                let [_, change] = panel.weigh(simd, &on_basis.to_vec());
                joint.push((panel.row.clone(), ols(row), change));
            }
            for lane in 0..count {
                let effects = joint.iter().map(|(_, ols, change)| ols[lane] + change[lane]);
                let weighed: Vec<Vec<f64>> = joint.iter().map(|(row, ..)| of(row, lane)).collect();
                answer.stat[first + lane] =
                    f(&effects.collect::<Array1<f64>>(), &weighed, panel.sigma2(lane));
            }
        }
    }
}

/// effect' (W W')⁻¹ effect / (rank sigma2), W's rows given: by a small Cholesky factor.
fn f(effect: &Array1<f64>, rows: &[Vec<f64>], sigma2: f64) -> f64 {
    let k = rows.len();
    if sigma2 <= 0.0 || k == 0 {
        return 0.0;
    }
    let mut factor = vec![0.0; k * k];
    let mut form = 0.0;
    let mut y = vec![0.0; k];
    for i in 0..k {
        for j in 0..=i {
            let dot: f64 = rows[i].iter().zip(&rows[j]).map(|(a, b)| a * b).sum();
            let sum: f64 = (0..j).map(|m| factor[i * k + m] * factor[j * k + m]).sum();
            factor[i * k + j] =
                if i == j { (dot - sum).sqrt() } else { (dot - sum) / factor[j * k + j] };
        }
        let sum: f64 = (0..i).map(|m| factor[i * k + m] * y[m]).sum();
        y[i] = (effect[i] - sum) / factor[i * k + i];
        form += y[i] * y[i];
    }
    form / (k as f64 * sigma2)
}

/// N of a panel's voxels and what follows from it; each row is [`width`] voxels.
pub(super) struct Factor {
    /// N, then its factor, lower triangle row by row, the diagonal inverted.
    pub(super) factor: Lines,
    /// q, then L⁻¹q.
    pub(super) projected: Lines,
    /// One row for a contrast's L⁻¹w.
    row: Lines,
    /// Pivots whose logarithm is taken next, `[lane]`.
    pivots: Lines,
    /// log|N|, RSS, and Σ e², `[lane]`.
    pub(super) ln_det: Lines,
    pub(super) rss: Lines,
    pub(super) square: Lines,
    dof: f64,
}

impl Factor {
    /// Of so many basis columns; `dof` divides RSS.
    pub(super) fn new<S: Simd>(n_basis: usize, dof: f64) -> Factor {
        let w = width::<S>();
        Factor {
            factor: Lines::zeros(n_basis * (n_basis + 1) / 2 * w),
            projected: Lines::zeros(n_basis * w),
            row: Lines::zeros(n_basis * w),
            pivots: Lines::zeros(w),
            ln_det: Lines::zeros(w),
            rss: Lines::zeros(w),
            square: Lines::zeros(w),
            dof,
        }
    }

    /// Residual variance of a lane; 0 where there are no residuals, or rounding leaves less.
    pub(super) fn sigma2(&self, lane: usize) -> f64 {
        if self.square[lane] > 0.0 { (self.rss[lane] / self.dof).max(0.0) } else { 0.0 }
    }

    /// From N, q and e'R⁻¹e in place: N = L L', the diagonal of L inverted; log|N|; L⁻¹q; RSS. (SIMD operations stay out of closures.)
    #[inline(always)]
    pub(super) fn decompose<S: Simd>(&mut self, simd: S) {
        self.cholesky(simd);
        forward(simd, lanes_mut::<S>(&mut self.factor), lanes_mut::<S>(&mut self.projected));
        let mut rss = lanes_mut::<S>(&mut self.rss)[0];
        for y in lanes_mut::<S>(&mut self.projected).iter() {
            take_product(simd, &mut rss, *y, *y);
        }
        lanes_mut::<S>(&mut self.rss)[0] = rss;
    }

    #[inline(always)]
    fn cholesky<S: Simd>(&mut self, simd: S) {
        let r = self.projected.len() / width::<S>();
        self.ln_det.fill(0.0);
        let factor = lanes_mut::<S>(&mut self.factor);
        let one = simd.splat_f64s(1.0);
        let mut pivots = [one; 2];
        for i in 0..r {
            let (above, row) = factor.split_at_mut(i * (i + 1) / 2);
            for j in 0..i {
                let start = j * (j + 1) / 2;
                let mut sum = row[j];
                for k in 0..j {
                    take_product(simd, &mut sum, row[k], above[start + k]);
                }
                let inverse = above[start + j];
                row[j] = [simd.mul_f64s(sum[0], inverse[0]), simd.mul_f64s(sum[1], inverse[1])];
            }
            let mut pivot = row[i];
            for entry in &row[..i] {
                take_product(simd, &mut pivot, *entry, *entry);
            }
            pivots = [simd.mul_f64s(pivots[0], pivot[0]), simd.mul_f64s(pivots[1], pivot[1])];
            row[i] = [
                simd.div_f64s(one, simd.sqrt_f64s(pivot[0])),
                simd.div_f64s(one, simd.sqrt_f64s(pivot[1])),
            ];
            if (i + 1) % PIVOTS_A_LOGARITHM == 0 || i + 1 == r {
                lanes_mut::<S>(&mut self.pivots)[0] = pivots;
                for (sum, product) in self.ln_det.iter_mut().zip(self.pivots.iter()) {
                    *sum += product.ln();
                }
                pivots = [one; 2];
            }
        }
    }

    /// L⁻¹w of one row of weights on the basis, into `row`: |L⁻¹w|² and (L⁻¹w)'L⁻¹q, `[lane]`.
    #[inline(always)]
    fn weigh<S: Simd>(&mut self, simd: S, weights: &[f64]) -> [Lines; 2] {
        let w = width::<S>();
        for (row, &weight) in self.row.chunks_exact_mut(w).zip(weights) {
            row.fill(weight);
        }
        let row = lanes_mut::<S>(&mut self.row);
        forward(simd, lanes_mut::<S>(&mut self.factor), row);
        let zero = simd.splat_f64s(0.0);
        let (mut square, mut change) = ([zero; 2], [zero; 2]);
        for (w, y) in row.iter().zip(lanes_mut::<S>(&mut self.projected).iter()) {
            add_product(simd, &mut square, *w, *w);
            add_product(simd, &mut change, *w, *y);
        }
        let mut sums = [Lines::zeros(w), Lines::zeros(w)];
        lanes_mut::<S>(&mut sums[0])[0] = square;
        lanes_mut::<S>(&mut sums[1])[0] = change;
        sums
    }
}

/// x = L⁻¹x.
#[inline(always)]
fn forward<S: Simd>(simd: S, factor: &[Lanes<S>], x: &mut [Lanes<S>]) {
    let mut at = 0;
    for i in 0..x.len() {
        let mut sum = x[i];
        for k in 0..i {
            take_product(simd, &mut sum, factor[at + k], x[k]);
        }
        let inverse = factor[at + i];
        x[i] = [simd.mul_f64s(sum[0], inverse[0]), simd.mul_f64s(sum[1], inverse[1])];
        at += i + 1;
    }
}

/// sum += a b.
#[inline(always)]
pub(super) fn add_product<S: Simd>(simd: S, sum: &mut Lanes<S>, a: Lanes<S>, b: Lanes<S>) {
    sum[0] = simd.mul_add_e_f64s(a[0], b[0], sum[0]);
    sum[1] = simd.mul_add_e_f64s(a[1], b[1], sum[1]);
}

/// sum -= a b.
#[inline(always)]
pub(crate) fn take_product<S: Simd>(simd: S, sum: &mut Lanes<S>, a: Lanes<S>, b: Lanes<S>) {
    sum[0] = simd.mul_add_e_f64s(simd.neg_f64s(a[0]), b[0], sum[0]);
    sum[1] = simd.mul_add_e_f64s(simd.neg_f64s(a[1]), b[1], sum[1]);
}
