//! What is left of columns that were taken out of data before the data were mixed. Each part g of the data lost the span of its own
//! columns N_g, and then every value became a mixture of parts. With X the columns of a later model, M = I - X X^+ and P_g the projection on
//! M N_g, white data of equal parts have the expected residual sum of squares s² tr M (1 - P), P = Σ w_g P_g.
//!
//! P has eigenvalues λ between 0 and 1: how much of a direction was lost. Those above a half become columns U of the model, and the rest is
//! degrees of freedom: tr P = Σ rank P_g w_g were lost, Σ λ of them in the span of U, so that the residual sum of squares on [X U] is
//! s² (n - rank X - rank U - (tr P - Σ λ)).
//!
//! What a part lost is Q_g y, Q_g = N_g (M N_g)^+: nothing of X, but Q_g' X is not 0, so that the estimate a'y of an effect, a in the span of
//! X, has the variance s² a'(1 + K) a, K = Σ w_g Q_g Q_g', as beside N_g itself. So U is not left orthogonal to X: U = u + B S / √λ, u the
//! eigenvectors, B an orthonormal basis of X. Then [X U] says s² (a'a + h'h / λ), h = S'B'a, where the truth is s² (a'(1 + K) a + h'(1/λ - 1) h):
//! equal where S S' = B'K B. Projecting the parts on u alone gives S = G = B'Σ w_g Q_g u / √λ with G G' up to B'K B, equal where no direction
//! is left out. For the columns whose effects are asked, beside the others, S is the nearest to G that has S S' = B'K B, as far as
//! there are columns enough; for the others it is G.

use ndarray::{Array1, Array2, ArrayView1, ArrayView2, Axis, concatenate, s};

mod taken;

pub use taken::Taken;

use super::least_squares::{demeaned, orthonormal_basis, truncated_pinv};
use super::principal::PrincipalComponents;
use crate::error::{Error, Result};

/// A direction that lost more than this becomes a column.
const LOST: f64 = 0.5;
/// Singular values up to this share of the largest are rounding: squares are decomposed.
const ROUNDING: f64 = 1e-7;

/// What is left of columns.
#[derive(Debug, Clone, PartialEq)]
pub struct Mixed {
    /// U, orthonormal but for their part in X, the most lost first, `[volume][column]`.
    pub columns: Array2<f64>,
    /// λ of each.
    pub lost: Vec<f64>,
    /// tr P: degrees of freedom lost beside X.
    pub spent: f64,
    /// What the columns do not stand for.
    pub uncounted: Uncounted,
}

/// Variance of effects that no column stands for.
#[derive(Debug, Clone, PartialEq)]
pub struct Uncounted {
    /// B, `[volume][direction]`.
    basis: Array2<f64>,
    /// B'K B - S S', `[direction][direction]`.
    missing: Array2<f64>,
}

impl Uncounted {
    /// How much larger the variance of a least-squares estimate a'y on [X U] is than s² a'a, as a share of it. a: `[volume]`.
    #[must_use]
    pub fn share(&self, estimate: ArrayView1<f64>) -> f64 {
        let along = self.basis.t().dot(&estimate);
        let (more, whole) = (along.dot(&self.missing.dot(&along)), estimate.dot(&estimate));
        if whole > 0.0 { (more / whole).max(0.0) } else { 0.0 }
    }

    /// Of these volumes alone.
    pub fn keep_rows(&mut self, kept: &[usize]) {
        self.basis = self.basis.select(Axis(0), kept);
    }
}

impl Mixed {
    /// Of the parts' columns `[volume][column]` and their weights, which sum to 1, and X: the columns whose effects are `asked`, and the
    /// `others`.
    ///
    /// # Errors
    /// Internal where numbers of rows differ, a value is not finite, or a decomposition fails.
    pub fn of(
        (asked, others): (ArrayView2<f64>, ArrayView2<f64>),
        parts: &[(f64, Array2<f64>)],
    ) -> Result<Mixed> {
        let others = match others.ncols() {
            0 => Array2::zeros((others.nrows(), 0)),
            _ => orthonormal_basis(others)?,
        };
        let (task, _) = beside(&others, &unit(asked.to_owned()))?;
        let n_task = task.ncols();
        let basis = joined(Axis(1), &[task, others])?;
        let (mut spent, mut lost, mut along) = (0.0, Vec::new(), Vec::new());
        for (weight, columns) in parts {
            let columns = unit(demeaned(columns.view()));
            let (own, left) = beside(&basis, &columns)?;
            spent += weight * own.ncols() as f64;
            along.push(weight.sqrt() * own.t().dot(&reached(&left, &columns, &basis)?));
            lost.push(own * weight.sqrt());
        }
        let (lost, along) = (joined(Axis(1), &lost)?, joined(Axis(0), &along)?);
        let (u, values) = left_singular(&lost)?;
        let kept = values.iter().take_while(|&&value| value * value > LOST).count();
        let (u, values) = (u.slice(s![.., ..kept]).to_owned(), &values[..kept]);
        let whole = along.t().dot(&along);
        let mut shared = over(along.t().dot(&lost.t().dot(&u)), values);
        let asked = nearest(shared.slice(s![..n_task, ..]), whole.slice(s![..n_task, ..n_task]))?;
        shared.slice_mut(s![..n_task, ..]).assign(&asked);
        let missing = &whole - &shared.dot(&shared.t());
        let columns = u + basis.dot(&over(shared, values));
        let lost = values.iter().map(|value| (value * value).min(1.0)).collect();
        Ok(Mixed { columns, lost, spent, uncounted: Uncounted { basis, missing } })
    }

    /// Degrees of freedom that no column stands for.
    #[must_use]
    pub fn alone(&self) -> f64 {
        (self.spent - self.lost.iter().sum::<f64>()).max(0.0)
    }
}

/// Q'B, Q = N (M N)^+: which series of a part an effect of X takes along, `[volume][direction]`. `left`: M N.
fn reached(left: &Array2<f64>, columns: &Array2<f64>, basis: &Array2<f64>) -> Result<Array2<f64>> {
    let (rows, _) = truncated_pinv(left.view(), ROUNDING)?;
    Ok(rows.t().dot(&columns.t().dot(basis)))
}

/// The S nearest to G with S S' = K, `[direction][column]`: K^1/2 times the orthogonal factor of K^1/2 G, as far as that has one.
fn nearest(g: ArrayView2<f64>, k: ArrayView2<f64>) -> Result<Array2<f64>> {
    if g.is_empty() {
        return Ok(g.to_owned());
    }
    let PrincipalComponents { series, singular_values } = PrincipalComponents::of(k)?;
    let root = (&series * &Array1::from(singular_values)).dot(&series.t());
    let turned = root.dot(&g);
    let PrincipalComponents { series, singular_values } =
        PrincipalComponents::of(turned.dot(&turned.t()).view())?;
    let least = ROUNDING * singular_values[0];
    let inverse = |&value: &f64| if value > least { 1.0 / value } else { 0.0 };
    let inverse: Array1<f64> = singular_values.iter().map(inverse).collect();
    Ok(root.dot(&(&series * &inverse).dot(&series.t().dot(&turned))))
}

/// Columns divided by these.
fn over(mut columns: Array2<f64>, by: &[f64]) -> Array2<f64> {
    columns.columns_mut().into_iter().zip(by).for_each(|(mut column, &by)| column /= by);
    columns
}

fn joined(axis: Axis, all: &[Array2<f64>]) -> Result<Array2<f64>> {
    let views: Vec<ArrayView2<f64>> = all.iter().map(|one| one.view()).collect();
    concatenate(axis, &views)
        .map_err(|e| Error::internal("columns", "cannot be joined", "", "").caused_by(e))
}

/// Columns of unit norm.
fn unit(mut columns: Array2<f64>) -> Array2<f64> {
    for mut column in columns.columns_mut() {
        let norm = column.dot(&column).sqrt();
        column.mapv_inplace(|v| v / if norm > 0.0 { norm } else { 1.0 });
    }
    columns
}

/// An orthonormal basis of what the columns, of unit norm, have beside the orthonormal `x`, and what each has.
fn beside(x: &Array2<f64>, columns: &Array2<f64>) -> Result<(Array2<f64>, Array2<f64>)> {
    if columns.nrows() != x.nrows() {
        return Err(Error::internal("columns", "are of other volumes", "be of the run's", ""));
    }
    if columns.is_empty() {
        return Ok((columns.to_owned(), columns.to_owned()));
    }
    let left = columns - &x.dot(&x.t().dot(columns));
    let (basis, values) = left_singular(&left)?;
    let kept = values.iter().take_while(|&&value| value > ROUNDING).count();
    Ok((basis.slice(s![.., ..kept]).to_owned(), left))
}

/// Left singular vectors and singular values, falling, by the smaller of the two products.
fn left_singular(matrix: &Array2<f64>) -> Result<(Array2<f64>, Vec<f64>)> {
    let (n, p) = matrix.dim();
    if n <= p {
        let found = PrincipalComponents::of(matrix.dot(&matrix.t()).view())?;
        return Ok((found.series, found.singular_values));
    }
    let found = PrincipalComponents::of(matrix.t().dot(matrix).view())?;
    let mut left = matrix.dot(&found.series);
    for (mut column, &value) in left.columns_mut().into_iter().zip(&found.singular_values) {
        column.mapv_inplace(|v| if value > ROUNDING { v / value } else { 0.0 });
    }
    Ok((left, found.singular_values))
}

/// A series sampled every volume, read `shift` volumes later: its trend goes along, the rest by its Fourier series, zeros behind its ends (as
/// slice-time correction does).
#[must_use]
pub fn shifted(columns: &Array2<f64>, shift: f64) -> Array2<f64> {
    let n = columns.nrows();
    if shift == 0.0 || n < 2 {
        return columns.clone();
    }
    let middle = (n as f64 - 1.0) / 2.0;
    let spread: f64 = (0..n).map(|t| (t as f64 - middle).powi(2)).sum();
    let period = 2 * n;
    // The Dirichlet kernel of an even number of samples.
    let weight = |t: usize, u: usize| {
        let x = std::f64::consts::PI * (t as f64 + shift - u as f64);
        let half = x / period as f64;
        if half.sin().abs() < 1e-12 { 1.0 } else { x.sin() / (period as f64 * half.tan()) }
    };
    let weights = Array2::from_shape_fn((n, n), |(t, u)| weight(t, u));
    let mut shifted = columns.clone();
    for mut column in shifted.columns_mut() {
        let mean = column.sum() / n as f64;
        let slope = column.iter().enumerate().map(|(t, v)| (t as f64 - middle) * v).sum::<f64>();
        let trend = |at: f64| mean + slope / spread * (at - middle);
        column.indexed_iter_mut().for_each(|(t, v)| *v -= trend(t as f64));
        let moved = weights.dot(&column);
        column.assign(&moved);
        column.indexed_iter_mut().for_each(|(t, v)| *v += trend(t as f64 + shift));
    }
    shifted
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::least_squares::LeastSquares;

    fn waves(n: usize, hz: f64, at: f64) -> Array2<f64> {
        Array2::from_shape_fn((n, 2), |(t, c)| {
            (std::f64::consts::TAU * hz * (t as f64 + at) + c as f64 * std::f64::consts::FRAC_PI_2)
                .sin()
        })
    }

    fn none(n: usize) -> Array2<f64> {
        Array2::zeros((n, 0))
    }

    fn constant(n: usize) -> Array2<f64> {
        Array2::ones((n, 1))
    }

    #[test]
    fn what_all_parts_lost_becomes_columns_and_what_one_lost_is_counted() {
        let n = 40;
        // one period at other phases is one span; the third part lost another one
        let parts =
            [(0.4, waves(n, 0.1, 0.0)), (0.4, waves(n, 0.1, 0.3)), (0.2, waves(n, 0.2, 0.0))];
        let found = Mixed::of((none(n).view(), constant(n).view()), &parts).expect("columns");
        assert_eq!(found.lost.len(), 2, "{found:?}");
        assert!(found.lost.iter().all(|lost| (lost - 0.8).abs() < 1e-9), "{:?}", found.lost);
        assert!((found.spent - 2.0).abs() < 1e-9 && (found.alone() - 0.4).abs() < 1e-9);
        let outside = &parts[1].1 - &found.columns.dot(&found.columns.t().dot(&parts[1].1));
        assert!(outside.iter().all(|v| v.abs() < 1e-6), "the span of the two");
        // what the model has anyway was not lost beside it
        let known = ndarray::concatenate![Axis(1), constant(n), waves(n, 0.1, 0.7)];
        let found = Mixed::of((none(n).view(), known.view()), &parts).expect("columns");
        assert!(found.lost.is_empty() && (found.spent - 0.4).abs() < 1e-9, "{found:?}");
    }

    #[test]
    fn what_the_model_has_whole_is_not_lost_again() {
        let n = 40;
        let known = ndarray::concatenate![Axis(1), constant(n), waves(n, 0.1, 0.0)];
        let found = Mixed::of((none(n).view(), known.view()), &[(1.0, waves(n, 0.1, 0.0))]);
        let found = found.expect("columns");
        assert_eq!((found.columns.ncols(), found.spent, found.alone()), (0, 0.0, 0.0));
    }

    /// Two tasks, a constant and a trend, and three parts whose waves differ in frequency.
    fn of_three_parts() -> (Array2<f64>, Vec<(f64, Array2<f64>)>) {
        let n = 40;
        let x = Array2::from_shape_fn((n, 4), |(t, column)| match column {
            0 => f64::from(t % 12 < 5),
            1 => f64::from(t % 17 < 4),
            2 => 1.0,
            _ => t as f64 / n as f64,
        });
        let part =
            |hz: f64| ndarray::concatenate![Axis(1), waves(n, hz, 0.0), waves(n, 2.0 * hz, 0.0)];
        (x, [(0.5, 0.11), (0.3, 0.12), (0.2, 0.135)].map(|(w, hz)| (w, part(hz))).to_vec())
    }

    /// Σ w (1 - Q) (1 - Q)', Q = N (N'M N)^-1 N'M: the covariance of white data that lost what each part did.
    fn covariance(x: &Array2<f64>, parts: &[(f64, Array2<f64>)]) -> Array2<f64> {
        let n = x.nrows();
        let inverse = |a: Array2<f64>| LeastSquares::new(a.view()).expect("columns").pinv;
        let beside_x = Array2::eye(n) - x.dot(&inverse(x.clone()));
        parts.iter().fold(Array2::zeros((n, n)), |sum, (weight, columns)| {
            let own = demeaned(columns.view());
            let inner = inverse(own.t().dot(&beside_x).dot(&own));
            let kept = Array2::eye(n) - own.dot(&inner).dot(&own.t()).dot(&beside_x);
            sum + *weight * kept.dot(&kept.t())
        })
    }

    #[test]
    fn the_variance_of_asked_effects_and_the_residuals_are_those_of_the_parts() {
        let (x, parts) = of_three_parts();
        let v = covariance(&x, &parts);
        for n_asked in [2, 1] {
            let (asked, others) = x.view().split_at(Axis(1), n_asked);
            let found = Mixed::of((asked, others), &parts).expect("columns");
            let model = ndarray::concatenate![Axis(1), x, found.columns];
            let LeastSquares { pinv, rank, .. } = LeastSquares::new(model.view()).expect("columns");
            let left: Array2<f64> = Array2::eye(40) - model.dot(&pinv);
            let dof = 40.0 - rank as f64 - found.alone();
            assert!((left.dot(&v).diag().sum() - dof).abs() < 1e-9, "{dof}");
            let variance = |row: &Array1<f64>| row.dot(&v.dot(row));
            for column in 0..4 {
                let row = pinv.row(column).to_owned();
                let share = found.uncounted.share(row.view());
                let off = variance(&row) / row.dot(&row) - 1.0;
                assert!((off.max(0.0) - share).abs() < 1e-9, "{column}: {off}, {share}");
                assert!(column >= n_asked || off.abs() < 1e-9, "{column}: {off}");
            }
            if n_asked == 2 {
                let difference = &pinv.row(0) - &pinv.row(1);
                assert!((variance(&difference) / difference.dot(&difference) - 1.0).abs() < 1e-9);
                // numpy, by projections and singular values of the same columns
                let own = |column: usize| pinv.row(column).dot(&pinv.row(column));
                for (got, want) in [
                    (dof, 30.497_259_047_605_24),
                    (own(0), 0.103_743_104_020_757_63),
                    (own(1), 0.174_310_935_712_620_4),
                    (difference.dot(&difference), 0.275_775_165_659_425_9),
                ] {
                    assert!((got / want - 1.0).abs() < 1e-9, "{got} {want}");
                }
            }
        }
    }

    #[test]
    fn what_one_part_lost_of_all_is_its_columns_whose_joint_fit_it_is() {
        let (x, parts) = of_three_parts();
        let parts = [(1.0, parts[0].1.clone())];
        let found =
            Mixed::of((x.slice(s![.., ..2]), x.slice(s![.., 2..])), &parts).expect("columns");
        assert!(found.alone() < 1e-9 && found.lost.len() == 4);
        let fit = |own: &Array2<f64>| {
            let model = ndarray::concatenate![Axis(1), x, *own];
            LeastSquares::new(model.view()).expect("columns").pinv.slice(s![..2, ..]).to_owned()
        };
        let off = fit(&found.columns) - fit(&parts[0].1);
        assert!(off.iter().all(|v| v.abs() < 1e-7), "{off}");
    }

    #[test]
    fn a_shifted_wave_is_the_wave_at_the_later_time_away_from_the_ends() {
        let n = 200;
        let trend = |t: f64| 3.0 + 0.02 * t;
        let mut wave = waves(n, 0.13, 0.0);
        wave.indexed_iter_mut().for_each(|((t, _), v)| *v += trend(t as f64));
        let (moved, want) = (shifted(&wave, 0.37), waves(n, 0.13, 0.37));
        for t in 60..140 {
            let off = moved[[t, 0]] - want[[t, 0]] - trend(t as f64 + 0.37);
            assert!(off.abs() < 0.02, "{off} at {t}");
        }
    }
}
