//! Contrasts of fitted parameters. t (one row c): effect = c beta, variance = sigma2 c (X'X)^+ c', t = effect / sqrt(variance).
//! F (q rows C of rank r): effects C beta and their variances row by row, F = (C beta)' (C (X'X)^+ C')^+ (C beta) / (r sigma2).
//! A voxel of zero residual variance has stat 0.

use std::time::Instant;

use ndarray::{Array2, ArrayView2};

use crate::error::{Error, Result};
use crate::gpu::{Activity, Device, Span};
use crate::kernels::glm::{Fit, Model};
use crate::stats::least_squares::LeastSquares;

mod columns;
mod cpu;
mod gpu;

/// Which statistic.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum Stat {
    /// One row, signed.
    #[serde(rename = "t")]
    T,
    /// Any rank.
    F,
}

/// A contrast prepared for a model: what both devices apply.
#[derive(Debug, Clone, PartialEq)]
pub struct Contrast {
    /// Which statistic.
    pub stat: Stat,
    /// `[row][regressor]`.
    pub weights: Array2<f64>,
    /// Rank of the rows; the numerator dof of F, 1 for t.
    pub rank: usize,
    /// The same in each group: all equal but for [`Contrast::of_columns`], whose F is divided by the group's own.
    pub group_rank: Vec<usize>,
    /// For each group, c (X'X)^+ c' of each row, `[row]`.
    pub row_variance: Vec<Vec<f64>>,
    /// For each group, (C (X'X)^+ C')^+ `[row][row]`.
    pub inner: Vec<Array2<f64>>,
}

impl Contrast {
    /// Prepare weights `[row][regressor]` for a model.
    ///
    /// # Errors
    /// Bad data naming the contrast when it has another number of weights than the model has regressors, a weight is
    /// not finite, a row is all zero, t has several rows, or it is not estimable in some group (C pinv(X) X differs from C).
    pub fn new(name: &str, stat: Stat, weights: Array2<f64>, model: &Model) -> Result<Contrast> {
        check(name, stat, weights.view(), model)?;
        let mut row_variance = Vec::with_capacity(model.solvers.len());
        let mut inner = Vec::with_capacity(model.solvers.len());
        let mut rank = weights.nrows();
        for solver in &model.solvers {
            if !weights.rows().into_iter().all(|row| solver.is_estimable(row)) {
                return Err(not_estimable(name, model));
            }
            // C (X'X)^+ C' = B'B with B = pinv(X)' C': its diagonal, pseudo-inverse and rank without squaring the condition.
            let b = solver.pinv.t().dot(&weights.t());
            let decomposed = LeastSquares::new(b.view())?;
            row_variance.push(b.columns().into_iter().map(|c| c.dot(&c)).collect());
            rank = rank.min(decomposed.rank);
            inner.push(decomposed.xtx_inv);
        }
        let group_rank = vec![rank; model.solvers.len()];
        Ok(Contrast { stat, weights, rank, group_rank, row_variance, inner })
    }
}

fn check(name: &str, stat: Stat, weights: ArrayView2<f64>, model: &Model) -> Result<()> {
    let thing = format!("contrast '{name}'");
    let (rows, columns) = weights.dim();
    if columns != model.names.len() {
        return Err(Error::bad_data(
            thing,
            format!("has {columns} weights a row"),
            format!("have one for each of the {} regressors", model.names.len()),
            "",
        ));
    }
    if rows == 0 || (stat == Stat::T && rows != 1) {
        return Err(Error::bad_data(
            thing,
            format!("has {rows} rows"),
            if stat == Stat::T { "have one row for t" } else { "have at least one row" },
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

fn not_estimable(name: &str, model: &Model) -> Error {
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

/// Evaluate a contrast where the fit is.
///
/// # Errors
/// Device errors.
pub fn evaluate(device: &Device, fit: &Fit, contrast: &Contrast) -> Result<ContrastValues> {
    match (device, fit) {
        (Device::Cpu(_), Fit::Host(host)) => {
            let start = Instant::now();
            let values = cpu::evaluate(host, contrast);
            let (q, p) = contrast.weights.dim();
            let n_voxels = host.sigma2.len();
            device.record(Span {
                stage: "contrast".into(),
                activity: Activity::Kernel,
                seconds: start.elapsed().as_secs_f64(),
                bytes: (8 * n_voxels * (p + 1 + 2 * q + 1)) as u64,
                flops: (n_voxels * (2 * q * p + 2 * q * q + q + 2)) as u64,
            });
            Ok(values)
        }
        (Device::Gpu(gpu), Fit::Device(there)) => gpu::evaluate(gpu, there, contrast),
        _ => Err(Error::internal("the fit", "is not on the device that contrasts it", "be", "")),
    }
}
