//! Host side of `shaders/contrast.wgsl`.

use std::time::Instant;

use ndarray::{Array1, Array2};

use super::{ContrastValues, Prepared, Stat};
use crate::error::{Error, Result};
use crate::gpu::{Activity, DeviceFit, Gpu, Shader, Step, Variant};

pub(super) fn evaluate(gpu: &Gpu, fit: &DeviceFit, prepared: &Prepared) -> Result<ContrastValues> {
    let (n_rows, n_regressors) = prepared.contrast.weights.dim();
    let n_fitted = fit.order.len();
    let n_groups = fit.constant.len();
    if prepared.row_variance.len() != n_groups
        || prepared.inner.len() != n_groups
        || fit.constant.iter().any(|c| c.len() != n_regressors)
    {
        return Err(Error::internal("the contrast", "is of another model", "match the fit", ""));
    }
    let roots: Vec<Array2<f64>> = match prepared.contrast.stat {
        Stat::T => vec![Array2::zeros((0, n_rows)); n_groups],
        Stat::F => prepared.inner.iter().map(root).collect(),
    };
    let n_roots = roots.iter().map(Array2::nrows).max().unwrap_or(0).max(1);
    let maps = gpu.output("maps", (2 * n_rows + 1) * n_fitted)?;
    let weights = prepared.contrast.weights.iter().map(|&w| w as f32).collect::<Vec<_>>();
    let weights = gpu.upload("weights", &weights)?;
    let scalars = gpu.upload("scalars", &scalars(fit, prepared, &roots, n_roots))?;
    let work = (n_fitted * n_rows) as u64;
    let variant = Variant {
        acc: gpu.acc(),
        ..Variant::step(Shader::Contrast, u32::from(prepared.contrast.stat == Stat::F))
    };
    let bytes = 4 * (n_fitted * (n_regressors + 2 * n_rows + 2)) as u64;
    gpu.run(
        "contrast",
        bytes,
        &[Step {
            variant,
            buffers: vec![
                ("tiles", &fit.tiles),
                ("beta", &fit.beta),
                ("centre", &fit.centre),
                ("sigma2", &fit.sigma2),
                ("weights", &weights),
                ("scalars", &scalars),
                ("maps", &maps),
            ],
            params: [n_fitted, n_regressors, n_rows, n_roots].map(|word| word as u32).to_vec(),
            workgroups: fit.n_tiles,
            iterations: (n_rows * (n_regressors + 1 + n_roots) + n_roots) as u64,
            bytes,
            flops: work * 2 * (n_regressors + n_roots + 2) as u64,
        }],
    )?;
    let started = Instant::now();
    let maps = gpu.download(&maps)?;
    gpu.record("contrast", Activity::Download, started, maps.len());
    let mut values = ContrastValues {
        effect: Array2::zeros((n_rows, n_fitted)),
        variance: Array2::zeros((n_rows, n_fitted)),
        stat: vec![0.0; n_fitted],
    };
    // F's divisor is the contrast's rank, whatever the number of roots.
    let scale = match prepared.contrast.stat {
        Stat::T => 1.0,
        Stat::F => n_roots as f64 / prepared.rank.max(1) as f64,
    };
    for (fitted, &at) in fit.order.iter().enumerate() {
        let at = at as usize;
        for row in 0..n_rows {
            values.effect[[row, at]] = f64::from(maps[row * n_fitted + fitted]);
            values.variance[[row, at]] = f64::from(maps[(n_rows + row) * n_fitted + fitted]);
        }
        values.stat[at] = scale * f64::from(maps[2 * n_rows * n_fitted + fitted]);
    }
    Ok(values)
}

/// `[group]`: `[row]` w pinv(X) 1, `[row]` w (X'X)^+ w', `[root][row]` root.
fn scalars(
    fit: &DeviceFit,
    prepared: &Prepared,
    roots: &[Array2<f64>],
    n_roots: usize,
) -> Vec<f32> {
    let n_rows = prepared.contrast.weights.nrows();
    let mut words = Vec::with_capacity(roots.len() * n_rows * (2 + n_roots));
    for (group, root) in roots.iter().enumerate() {
        let constant =
            prepared.contrast.weights.dot(&Array1::from_vec(fit.constant[group].clone()));
        words.extend(constant.iter().map(|&c| c as f32));
        words.extend(prepared.row_variance[group].iter().map(|&v| v as f32));
        words.extend(root.iter().map(|&r| r as f32));
        words.resize((group + 1) * n_rows * (2 + n_roots), 0.0);
    }
    words
}

/// R with R' R = A for a symmetric positive semidefinite A: Cholesky with pivots, so a deficient A ends early. A sum
/// of squares loses fewer digits than the quadratic form.
fn root(a: &Array2<f64>) -> Array2<f64> {
    let n = a.nrows();
    let mut left = a.clone();
    let mut rows: Vec<f64> = Vec::new();
    let largest = (0..n).map(|i| a[[i, i]]).fold(0.0, f64::max);
    for _ in 0..n {
        let pivot = (0..n).max_by(|&i, &j| left[[i, i]].total_cmp(&left[[j, j]])).unwrap_or(0);
        let height = left[[pivot, pivot]];
        if height <= largest * n as f64 * f64::EPSILON {
            break;
        }
        let row: Vec<f64> = (0..n).map(|j| left[[pivot, j]] / height.sqrt()).collect();
        for i in 0..n {
            for j in 0..n {
                left[[i, j]] -= row[i] * row[j];
            }
        }
        rows.extend(row);
    }
    let n_roots = rows.len() / n.max(1);
    Array2::from_shape_vec((n_roots, n), rows).unwrap_or_else(|_| Array2::zeros((0, n)))
}
