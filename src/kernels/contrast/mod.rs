//! Contrasts of fitted parameters. t (one row w): effect = w beta, variance = sigma2 w (X'X)^+ w', t = effect / sqrt(variance).
//! F (q rows C of rank r): effects C beta and their variances row by row, F = (C beta)' (C (X'X)^+ C')^+ (C beta) / (r sigma2).
//! A voxel of zero residual variance has stat 0.

use std::time::Instant;

use ndarray::Array2;

use crate::error::{Error, Result};
use crate::gpu::{Activity, Done, Shader, Span, Tape};
use crate::kernels::glm::{Fit, Model, Outline};
use crate::stats::least_squares::LeastSquares;

mod columns;
mod cpu;
mod gpu;

/// Its shader.
pub static SHADER: &Shader = &gpu::SHADER;

/// Which statistic.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum Stat {
    /// One row, signed.
    #[serde(rename = "t")]
    T,
    /// Any rank.
    F,
}

/// A question to estimates: weights over a model's regressors, and the statistic.
#[derive(Debug, Clone, PartialEq)]
pub struct Contrast {
    /// As the user named it.
    pub name: String,
    /// Which statistic.
    pub stat: Stat,
    /// C, `[row][regressor]`.
    pub weights: Array2<f64>,
}

/// What a model makes of a contrast: all that both devices apply to its estimates.
#[derive(Debug, Clone, PartialEq)]
pub struct Prepared {
    /// The contrast.
    pub contrast: Contrast,
    /// Rank of the rows; the numerator dof of F, 1 for t.
    pub rank: usize,
    /// The same in each slice group: all equal but for [`Prepared::of_columns`], whose F is divided by the group's own.
    pub ranks: Vec<usize>,
    /// For each slice group, w (X'X)^+ w' of each row w, `[row]`.
    pub row_variance: Vec<Vec<f64>>,
    /// For each slice group, (C (X'X)^+ C')^+ `[row][row]`.
    pub inner: Vec<Array2<f64>>,
}

impl Prepared {
    /// Prepare a contrast for a model.
    ///
    /// # Errors
    /// Bad data naming the contrast when it has another number of weights than the model has regressors, a weight is
    /// not finite, a row is all zero, t has several rows, or it is not estimable in some group (C pinv(X) X differs from C).
    pub fn new(contrast: Contrast, model: &Model) -> Result<Prepared> {
        Prepared::of(contrast, &model.outline())
    }

    /// The same for a model that is not at hand.
    ///
    /// # Errors
    /// As [`Prepared::new`].
    pub fn of(contrast: Contrast, model: &Outline) -> Result<Prepared> {
        check(&contrast, &model.names)?;
        let weights = &contrast.weights;
        let n_groups = model.of_groups.len();
        let (mut row_variance, mut inner) =
            (Vec::with_capacity(n_groups), Vec::with_capacity(n_groups));
        let mut rank = weights.nrows();
        for group in &model.of_groups {
            if !weights.rows().into_iter().all(|row| group.is_estimable(row)) {
                return Err(not_estimable(&contrast.name, model));
            }
            // C (X'X)^+ C' = B'B: its diagonal, pseudo-inverse and rank without squaring the condition.
            let b = group.spread(weights.view());
            let decomposed = LeastSquares::new(b.view())?;
            row_variance.push(b.columns().into_iter().map(|c| c.dot(&c)).collect());
            rank = rank.min(decomposed.rank);
            inner.push(decomposed.xtx_inv);
        }
        let ranks = vec![rank; n_groups];
        Ok(Prepared { rank, ranks, row_variance, inner, contrast })
    }
}

fn check(contrast: &Contrast, names: &[String]) -> Result<()> {
    let Contrast { name, stat, weights } = contrast;
    let thing = format!("contrast '{name}'");
    let (rows, columns) = weights.dim();
    if columns != names.len() {
        return Err(Error::bad_data(
            thing,
            format!("has {columns} weights a row"),
            format!("have one for each of the {} regressors", names.len()),
            "",
        ));
    }
    if rows == 0 || (*stat == Stat::T && rows != 1) {
        return Err(Error::bad_data(
            thing,
            format!("has {rows} rows"),
            if *stat == Stat::T { "have one row for t" } else { "have at least one row" },
            "an F contrast takes several rows",
        ));
    }
    if weights.iter().any(|w| !w.is_finite()) {
        return Err(Error::bad_data(
            thing,
            "has a weight that is not finite",
            "have finite weights",
            "",
        ));
    }
    if weights.rows().into_iter().any(|row| row.iter().all(|&w| w == 0.0)) {
        return Err(Error::bad_data(
            thing,
            "has a row of zeros",
            "weigh at least one regressor in each row",
            "do its terms cancel?",
        ));
    }
    Ok(())
}

fn not_estimable(name: &str, model: &Outline) -> Error {
    let columns = model.rank_deficiency().unwrap_or_default().join(", ");
    Error::bad_data(
        format!("contrast '{name}'"),
        "is not estimable: the design does not determine its value",
        "be a combination of the design's rows",
        format!("these columns depend on each other: {columns}"),
    )
}

/// A contrast's values at a block's voxels, f64 on both devices.
#[derive(Debug, Clone, PartialEq)]
pub struct ContrastValues {
    /// `[row][voxel]`.
    pub effect: Array2<f64>,
    /// `[row][voxel]`.
    pub variance: Array2<f64>,
    /// t or F, `[voxel]`.
    pub stat: Vec<f64>,
}

impl ContrastValues {
    fn without_rows(self) -> ContrastValues {
        let none = || Array2::zeros((0, self.stat.len()));
        ContrastValues { effect: none(), variance: none(), stat: self.stat }
    }
}

/// What is asked of contrasts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wanted {
    /// Effects, variances and statistics.
    All,
    /// Statistics only: no other map comes back, and [`ContrastValues`] has no rows.
    Statistics,
}

/// Values that are to come to the host.
#[derive(Debug)]
pub struct Evaluated(Coming);

#[derive(Debug)]
enum Coming {
    Here(Vec<ContrastValues>),
    Device(gpu::Evaluated),
}

/// Evaluate all contrasts of the fitted model where the fit is.
///
/// # Errors
/// Internal when a contrast is of another model, or the fit on another device.
pub fn evaluate(
    tape: &mut Tape<'_>,
    fit: &Fit,
    contrasts: &[Prepared],
    wanted: Wanted,
) -> Result<Evaluated> {
    match (tape, fit) {
        (Tape::Cpu(cpu), Fit::Host(host)) => {
            let start = Instant::now();
            let of = |contrast| {
                let values = cpu::evaluate(host, contrast);
                match wanted {
                    Wanted::All => values,
                    Wanted::Statistics => values.without_rows(),
                }
            };
            let values = contrasts.iter().map(of).collect();
            let work = work(host.sigma2.len(), contrasts);
            cpu.record(Span::since("contrast", Activity::Kernel, start, work));
            Ok(Evaluated(Coming::Here(values)))
        }
        (Tape::Gpu(tape), Fit::Device(there)) => {
            Ok(Evaluated(Coming::Device(gpu::evaluate(tape, there, contrasts, wanted)?)))
        }
        _ => Err(Error::internal("the fit", "is not on the device that contrasts it", "be", "")),
    }
}

impl Evaluated {
    /// The values of each contrast, once the tape has run.
    ///
    /// # Errors
    /// Internal when `done` is of another tape.
    pub fn read(self, done: &Done<'_>) -> Result<Vec<ContrastValues>> {
        match self.0 {
            Coming::Here(values) => Ok(values),
            Coming::Device(there) => there.read(done),
        }
    }
}

/// Bytes (estimates in, maps out, f64) and operations of all contrasts.
fn work(n_voxels: usize, contrasts: &[Prepared]) -> (u64, u64) {
    let of = |c: &Prepared| {
        let (q, p) = c.contrast.weights.dim();
        (8 * n_voxels * (p + 1 + 2 * q + 1), n_voxels * (2 * q * p + 2 * q * q + q + 2))
    };
    contrasts
        .iter()
        .map(of)
        .fold((0, 0), |(bytes, flops), (b, f)| (bytes + b as u64, flops + f as u64))
}
