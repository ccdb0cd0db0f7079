//! Removal of slice-dependent nuisance (RETROICOR): for each slice-time group the joint least-squares fit of
//! [X N], X the columns that are known (task, drift, confounds, constant), N the physiological columns of that group;
//! only N g is subtracted: y' = y - N g, g = the N rows of pinv([X N]) times (y - mean y). N is demeaned, so the
//! voxel's mean stays. Source: Glover 2000; the joint fit as docs/accuracy.md says (AFNI's 3dretroicor subtracts
//! marginal projections instead).
//!
//! The N rows are found as pinv(N - P N), P the projection on the columns of X (Frisch, Waugh and Lovell): the same rows
//! where N is independent of X; where it is not, what N and X share is left to X, so that no task signal is taken.

use std::time::Instant;

use ndarray::{Array2, ArrayView2};

use crate::error::{Error, Result};
use crate::gpu::{Activity, Bold, Shader, Span, Tape};
use crate::stats::least_squares::{demeaned, orthonormal_basis, truncated_pinv};
use crate::volume::{Block, SliceGroups};

mod cpu;
mod gpu;

/// Its shader.
pub static SHADER: &Shader = &gpu::SHADER;

/// What both devices apply: for each group the rows that yield g and the columns they scale.
#[derive(Debug, Clone, PartialEq)]
pub struct Projection {
    /// For each plane k of the run, its group.
    pub group_of_plane: Vec<usize>,
    /// For each group, `[column][volume]`: g = rows (y - mean y).
    pub rows: Vec<Array2<f64>>,
    /// For each group, `[volume][column]`, demeaned.
    pub columns: Vec<Array2<f64>>,
    /// Degrees of freedom spent: for each group, `rank [X N] - rank X`.
    pub dof_spent: Vec<usize>,
}

impl Projection {
    /// The joint fit's rows for each group.
    ///
    /// `common`: X, `[volume][regressor]`; `nuisance`: N for each group.
    ///
    /// # Errors
    /// Bad data when the row counts differ, a value is not finite, or [X N] has as many columns as volumes.
    pub fn new(common: &Array2<f64>, nuisance: &SliceGroups) -> Result<Projection> {
        Projection::each(std::slice::from_ref(common), nuisance)
    }

    /// [`Projection::new`] with known columns of its own for each group, as many as groups; or one set for all.
    ///
    /// # Errors
    /// As [`Projection::new`].
    pub fn each(common: &[Array2<f64>], nuisance: &SliceGroups) -> Result<Projection> {
        let mut projection = Projection {
            group_of_plane: nuisance.group_of_plane.clone(),
            rows: Vec::new(),
            columns: Vec::new(),
            dof_spent: Vec::new(),
        };
        if nuisance.group_of_plane.iter().any(|&g| g >= nuisance.columns.len()) {
            return Err(Error::internal(
                "a plane's slice group",
                "has no columns",
                "have its set of columns",
                "",
            ));
        }
        if common.len() != 1 && common.len() != nuisance.columns.len() {
            return Err(Error::internal(
                "known columns",
                "are of other groups",
                "be one a group",
                "",
            ));
        }
        let mut bases = Vec::with_capacity(common.len());
        for common in common {
            if common.iter().any(|v| !v.is_finite()) {
                return Err(not_finite("a known column"));
            }
            bases.push(match common.ncols() {
                0 => Array2::zeros((common.nrows(), 0)),
                _ => orthonormal_basis(common.view())?,
            });
        }
        for (at, group) in nuisance.columns.iter().enumerate() {
            let at = at.min(common.len() - 1);
            let (common, known) = (&common[at], &bases[at]);
            check(common, group)?;
            let columns = demeaned(group.view());
            let (rows, dof) = joint_rows(known.view(), columns.view(), common.ncols())?;
            projection.rows.push(rows);
            projection.columns.push(columns);
            projection.dof_spent.push(dof);
        }
        Ok(projection)
    }
}

fn not_finite(thing: &str) -> Error {
    Error::bad_data(thing, "holds a value that is not finite", "be finite throughout", "")
}

fn check(common: &Array2<f64>, group: &Array2<f64>) -> Result<()> {
    let n = common.nrows();
    if group.nrows() != n {
        return Err(Error::bad_data(
            "the nuisance columns",
            format!("have {} rows", group.nrows()),
            format!("have one for each of the {n} volumes of the known columns"),
            "drop the same dummy scans from both",
        ));
    }
    if group.iter().any(|v| !v.is_finite()) {
        return Err(not_finite("a nuisance column"));
    }
    let p = common.ncols() + group.ncols();
    if p >= n {
        return Err(Error::bad_data(
            "the joint fit of nuisance and known columns",
            format!("has {p} columns for {n} volumes"),
            "have fewer columns than volumes",
            "ask for fewer terms or name fewer confounds",
        ));
    }
    Ok(())
}

/// pinv(N - P N), `[column][volume]`, and its rank. `known`: orthonormal, `[volume][rank]`; N: `[volume][column]`.
fn joint_rows(
    known: ArrayView2<f64>,
    nuisance: ArrayView2<f64>,
    n_common: usize,
) -> Result<(Array2<f64>, usize)> {
    let (n, m) = nuisance.dim();
    let norm: Vec<f64> = nuisance.columns().into_iter().map(|c| c.dot(&c).sqrt()).collect();
    let mut rest = nuisance.to_owned();
    for (mut column, &norm) in rest.columns_mut().into_iter().zip(&norm) {
        column.mapv_inplace(|v| if norm > 0.0 { v / norm } else { 0.0 });
    }
    // Twice: the second pass takes off what rounding left of X.
    for _ in 0..2 {
        rest = &rest - &known.dot(&known.t().dot(&rest));
    }
    // Directions of N that X holds already come out as rounding noise; the rank rule of [X N] judges them.
    let p = n_common + m;
    let noise = (n.max(p) as f64) * f64::EPSILON * (p as f64).sqrt();
    if m == 0 {
        return Ok((Array2::zeros((0, n)), 0));
    }
    let (mut rows, rank) = truncated_pinv(rest.view(), noise)?;
    for (mut row, &norm) in rows.rows_mut().into_iter().zip(&norm) {
        row.mapv_inplace(|v| if norm > 0.0 { v / norm } else { 0.0 });
    }
    Ok((rows, rank))
}

/// Subtract the nuisance from each voxel of the block, in place. A voxel that is not finite in some volume is left
/// as it is.
///
/// # Errors
/// Device errors; internal when the block does not hold all volumes.
pub fn subtract(tape: &mut Tape<'_>, bold: Bold, projection: &Projection) -> Result<Bold> {
    check_block(bold.block(), projection)?;
    match (tape, bold) {
        (Tape::Cpu(cpu), Bold::Host(host)) => {
            let start = Instant::now();
            let block = host.block.clone();
            let cleaned = cpu::subtract(host, projection)?;
            let work = (8 * block.len() as u64, flops(&block, projection));
            cpu.record(Span::since("nuisance", Activity::Kernel, start, work));
            Ok(Bold::Host(cleaned))
        }
        (Tape::Gpu(tape), Bold::Device(there)) => {
            Ok(Bold::Device(gpu::subtract(tape, there, projection)?))
        }
        _ => Err(Error::internal("the run", "is not on the device that corrects it", "be", "")),
    }
}

fn check_block(block: &Block, projection: &Projection) -> Result<()> {
    let n = projection.columns.first().map_or(block.volumes.len(), Array2::nrows);
    if block.volumes.len() != n || block.volumes.start != 0 {
        return Err(Error::internal(
            "the block",
            format!("holds volumes {:?}", block.volumes),
            format!("hold all {n}"),
            "",
        ));
    }
    if projection.group_of_plane.len() < block.planes.end {
        return Err(Error::internal(
            "the projection",
            format!("knows {} planes", projection.group_of_plane.len()),
            format!("know the block's, {:?}", block.planes),
            "",
        ));
    }
    Ok(())
}

/// The mean and centring, then two products with the columns.
fn flops(block: &Block, projection: &Projection) -> u64 {
    let columns = projection.columns.iter().map(Array2::ncols).max().unwrap_or(0);
    (block.len() * (4 * columns + 2)) as u64
}
