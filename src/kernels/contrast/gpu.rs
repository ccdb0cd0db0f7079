//! Host side of `shaders/contrast.wgsl`: all contrasts of a fit into one buffer, which comes back at once.

use std::sync::Arc;

use ndarray::Array2;
use rayon::prelude::*;

use super::{ContrastValues, Prepared, Stat, Wanted};
use crate::error::{Error, Result};
use crate::gpu::{Acc, Buffer, Constants, Done, Download, Recording, Shader, Step, Variant};
use crate::kernels::glm::{DeviceFit, ToBeta};

/// `shaders/contrast.wgsl`.
pub(super) static SHADER: Shader = Shader {
    name: "contrast",
    wgsl: include_str!("../../../shaders/contrast.wgsl"),
    constants: || {
        let of = |acc| [Stat::T, Stat::F].map(|stat| constants(acc, stat));
        Acc::ALL.into_iter().flat_map(of).collect()
    },
};

fn constants(acc: Acc, stat: Stat) -> Constants {
    vec![("Acc", acc.into()), ("STEP", u32::from(stat == Stat::F).into())]
}

/// What the blocks of a run share.
#[derive(Debug)]
pub(super) struct Operators {
    weights: Buffer,
    scalars: Buffer,
    places: Vec<Place>,
}

/// Where a contrast's words begin, and how it is read.
#[derive(Debug, Clone, Copy)]
struct Place {
    stat: Stat,
    n_rows: usize,
    n_roots: usize,
    /// In `weights` and `scalars`, and its effects in `maps` for one fitted voxel, behind all statistics.
    at: [usize; 3],
    /// F's divisor is the contrast's rank, whatever the number of roots.
    scale: f64,
}

/// Values on their way to the host.
#[derive(Debug)]
pub(super) struct Evaluated {
    /// `[contrast]` stat, then of each `[row]` effect and `[row]` variance; each `[fitted voxel]`.
    maps: Download,
    wanted: Wanted,
    order: Arc<Vec<u32>>,
    shared: Arc<Operators>,
}

pub(super) fn evaluate(
    tape: &mut Recording<'_>,
    fit: &DeviceFit,
    contrasts: &[Prepared],
    wanted: Wanted,
) -> Result<Evaluated> {
    let to_beta = &fit.shared.to_beta;
    let n_regressors = to_beta.first().map_or(0, |to| to.of_centre.len());
    let n_columns = fit.shared.n_columns;
    let n_fitted = fit.order.len();
    let of_model = |c: &Prepared| {
        c.row_variance.len() == to_beta.len()
            && c.inner.len() == to_beta.len()
            && c.contrast.weights.ncols() == n_regressors
    };
    if !contrasts.iter().all(of_model) {
        return Err(Error::internal("the contrast", "is of another model", "match the fit", ""));
    }
    let key = (contrasts.to_vec(), to_beta.clone(), wanted);
    let shared = tape.gpu().resident(&key, |gpu| {
        let mut words = Words { n_maps: contrasts.len(), ..Words::default() };
        for contrast in contrasts {
            words.add(contrast, to_beta, n_columns);
            if wanted == Wanted::Statistics {
                words.n_maps = contrasts.len(); // the next one writes over the effects
            }
        }
        Ok(Operators {
            weights: gpu.upload("weights", &words.weights)?,
            scalars: gpu.upload("scalars", &words.scalars)?,
            places: words.places,
        })
    })?;
    let ends = shared.places.iter().map(|place| place.at[2] + 2 * place.n_rows);
    let n_maps = ends.max().unwrap_or(0);
    let maps = tape.output("maps", n_maps * n_fitted)?;
    let acc = tape.acc();
    let steps: Vec<Step> = shared
        .places
        .iter()
        .enumerate()
        .map(|(stat, place)| {
            let Place { n_rows, n_roots, at: [weights_at, scalars_at, maps_at], .. } = *place;
            let sizes = [n_fitted, n_columns, n_rows, n_roots];
            let places = [weights_at, scalars_at, stat * n_fitted, maps_at * n_fitted];
            Step {
                variant: Variant { shader: &SHADER, constants: constants(acc, place.stat) },
                buffers: vec![
                    ("tiles", fit.tiles.clone()),
                    ("on_basis", fit.on_basis.clone()),
                    ("centre", fit.centre.clone()),
                    ("sigma2", fit.sigma2.clone()),
                    ("weights", shared.weights.clone()),
                    ("scalars", shared.scalars.clone()),
                    ("maps", maps.clone()),
                ],
                params: sizes.iter().chain(&places).map(|&word| word as u32).collect(),
                workgroups: fit.n_tiles,
                iterations: (n_rows * (n_columns + 1 + n_roots) + n_roots) as u64,
                bytes: 4 * (n_fitted * (n_columns + 2 * n_rows + 2)) as u64,
                flops: (n_fitted * n_rows * 2 * (n_columns + n_roots + 2)) as u64,
            }
        })
        .collect();
    tape.run("contrast", steps.iter().map(|step| step.bytes).sum(), steps)?;
    let words = match wanted {
        Wanted::All => maps.words(),
        Wanted::Statistics => contrasts.len() * n_fitted,
    };
    let maps = tape.download_first("contrast", &maps, words);
    Ok(Evaluated { maps, wanted, order: Arc::clone(&fit.order), shared })
}

impl Evaluated {
    pub(super) fn read(&self, done: &Done<'_>) -> Result<Vec<ContrastValues>> {
        done.read(&self.maps, |maps| {
            (0..self.shared.places.len()).into_par_iter().map(|n| self.values(n, maps)).collect()
        })
    }

    /// The values of contrast `n`.
    fn values(&self, n: usize, maps: &[f32]) -> ContrastValues {
        let (place, n_fitted) = (&self.shared.places[n], self.order.len());
        let stat = &maps[n * n_fitted..];
        let n_rows = if self.wanted == Wanted::All { place.n_rows } else { 0 };
        let maps = if n_rows == 0 { &[] } else { &maps[place.at[2] * n_fitted..] };
        let mut values = ContrastValues {
            effect: Array2::zeros((n_rows, n_fitted)),
            variance: Array2::zeros((n_rows, n_fitted)),
            stat: vec![0.0; n_fitted],
        };
        for (fitted, &at) in self.order.iter().enumerate() {
            let at = at as usize;
            for row in 0..n_rows {
                values.effect[[row, at]] = f64::from(maps[row * n_fitted + fitted]);
                values.variance[[row, at]] = f64::from(maps[(n_rows + row) * n_fitted + fitted]);
            }
            values.stat[at] = place.scale * f64::from(stat[fitted]);
        }
        values
    }
}

/// The words of contrasts, one behind the other.
#[derive(Default)]
struct Words {
    /// Of each `[slice group][row][column of U]` w H.
    weights: Vec<f32>,
    /// Of each `[slice group]`: `[row]` w pinv(X) 1, `[row]` w (X'X)^+ w', `[root][row]` root.
    scalars: Vec<f32>,
    places: Vec<Place>,
    n_maps: usize,
}

impl Words {
    /// `to_beta`: for each slice group, of `n_columns` of U at most.
    fn add(&mut self, prepared: &Prepared, to_beta: &[ToBeta], n_columns: usize) {
        let (weights, stat) = (&prepared.contrast.weights, prepared.contrast.stat);
        let n_rows = weights.nrows();
        let roots: Vec<Array2<f64>> = match stat {
            Stat::T => vec![Array2::zeros((0, n_rows)); to_beta.len()],
            Stat::F => prepared.inner.iter().map(root).collect(),
        };
        let n_roots = roots.iter().map(Array2::nrows).max().unwrap_or(0).max(1);
        let scale = match stat {
            Stat::T => 1.0,
            Stat::F => n_roots as f64 / prepared.rank.max(1) as f64,
        };
        let at = [self.weights.len(), self.scalars.len(), self.n_maps];
        self.places.push(Place { stat, n_rows, n_roots, at, scale });
        self.n_maps += 2 * n_rows;
        for ((root, to), variance) in roots.iter().zip(to_beta).zip(&prepared.row_variance) {
            for row in weights.dot(&to.of_basis).rows() {
                let end = self.weights.len() + n_columns;
                self.weights.extend(row.iter().map(|&w| w as f32));
                self.weights.resize(end, 0.0);
            }
            let end = self.scalars.len() + n_rows * (2 + n_roots);
            self.scalars.extend(weights.dot(&to.of_centre).iter().map(|&c| c as f32));
            self.scalars.extend(variance.iter().map(|&v| v as f32));
            self.scalars.extend(root.iter().map(|&r| r as f32));
            self.scalars.resize(end, 0.0);
        }
    }
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
