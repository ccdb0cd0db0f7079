//! The F of a set of columns S within the model X by its extra sum of squares: with R the other columns of X,
//! SS = |P_X y|^2 - |P_R y|^2 = b' N'N b, b the set's estimates and N = S - P_R S. This holds for every least-squares
//! solution, so it is defined where columns depend on each other too; for full rank N'N = (C (X'X)^-1 C')^-1, C the rows
//! that pick the set.

use std::ops::Range;

use ndarray::{Array1, Array2, Axis, concatenate, s};

use super::{Contrast, Prepared, Stat};
use crate::error::{Error, Result};
use crate::kernels::glm::Model;
use crate::stats::least_squares::orthonormal_basis;

impl Prepared {
    /// F of the columns `set` of a model: F = SS / (r sigma2), r = rank X - rank R in each slice group (`ranks`); 0 where
    /// the other columns say all that these say. Effects are the set's estimates times the columns' norms.
    ///
    /// # Errors
    /// Internal when the set is empty or leaves the model.
    pub fn of_columns(name: &str, set: Range<usize>, model: &Model) -> Result<Prepared> {
        let p = model.names.len();
        if set.is_empty() || set.end > p {
            return Err(Error::internal(
                "a set of columns",
                format!("is {set:?}"),
                format!("lie within the {p} of the model"),
                "",
            ));
        }
        let mut norm: Array1<f64> = Array1::zeros(set.len());
        for solver in &model.solvers {
            norm += &solver.design.slice(s![.., set.clone()]).map_axis(Axis(0), |c| c.dot(&c));
        }
        // In units of the columns' size, so that no column drowns another in f32.
        norm.mapv_inplace(|sum| (sum / model.solvers.len() as f64).sqrt());
        norm.mapv_inplace(|norm| if norm > 0.0 { norm } else { 1.0 });
        let mut weights = Array2::zeros((set.len(), p));
        for (row, (column, &norm)) in set.clone().zip(&norm).enumerate() {
            weights[[row, column]] = norm;
        }

        let mut prepared = Prepared {
            contrast: Contrast { name: name.to_owned(), stat: Stat::F, weights },
            rank: 0,
            ranks: Vec::new(),
            row_variance: Vec::new(),
            inner: Vec::new(),
        };
        for solver in &model.solvers {
            let (rest, rank) = beyond_the_others(&solver.design, set.clone())?;
            prepared.ranks.push(solver.rank.saturating_sub(rank));
            let own = &rest / &norm;
            prepared.inner.push(own.t().dot(&own));
            let b = solver.pinv.t().dot(&prepared.contrast.weights.t());
            prepared.row_variance.push(b.map_axis(Axis(0), |c| c.dot(&c)).to_vec());
        }
        prepared.rank = prepared.ranks.iter().copied().max().unwrap_or(0).max(1);
        for (inner, &rank) in prepared.inner.iter_mut().zip(&prepared.ranks) {
            // What divides by the one rank then divides by the group's own.
            let scale = if rank == 0 { 0.0 } else { prepared.rank as f64 / rank as f64 };
            inner.mapv_inplace(|v| v * scale);
        }
        Ok(prepared)
    }
}

/// The set's columns less what the others explain, `[volume][column]`, and the rank of the others.
fn beyond_the_others(design: &Array2<f64>, set: Range<usize>) -> Result<(Array2<f64>, usize)> {
    let mut own = design.slice(s![.., set.clone()]).to_owned();
    let others =
        concatenate(Axis(1), &[design.slice(s![.., ..set.start]), design.slice(s![.., set.end..])])
            .map_err(|e| {
                Error::internal("the other columns", "cannot be joined", "", "").caused_by(e)
            })?;
    if others.ncols() == 0 {
        return Ok((own, 0));
    }
    let basis = orthonormal_basis(others.view())?;
    // Twice: the second pass takes off what rounding left of the others.
    for _ in 0..2 {
        own = &own - &basis.dot(&basis.t().dot(&own));
    }
    Ok((own, basis.ncols()))
}
