//! Host side of `shaders/lags.wgsl`.

use std::sync::Arc;

use ndarray::{Array2, Axis};
use rayon::prelude::*;

use super::cpu::split;
use super::{LagModel, SCALARS};
use crate::error::Result;
use crate::gpu::{
    Acc, Buffer, Constants, DeviceBold, Done, Download, QUADS, Recording, Shader, Step, Variant,
    quads_for,
};
use crate::kernels::glm::{DeviceFit, Model};
use crate::stats::ar1::{FIRST, Sums};

/// Columns of one dispatch of the products, in fours: their sums stay in registers.
const TILE_QUADS: u32 = 8;

/// `shaders/lags.wgsl`.
pub(super) static SHADER: Shader = Shader {
    name: "lags",
    wgsl: include_str!("../../../shaders/lags.wgsl"),
    constants: || {
        let of = |acc| {
            let residuals = QUADS.into_iter().map(move |quads| constants(acc, quads, 0));
            residuals.chain([1, 2].map(move |step| constants(acc, TILE_QUADS, step)))
        };
        Acc::ALL.into_iter().flat_map(of).collect()
    },
};

fn constants(acc: Acc, quads: u32, step: u32) -> Constants {
    vec![("Acc", acc.into()), ("QUADS", quads.into()), ("STEP", step.into())]
}

/// What the blocks of a run share.
#[derive(Debug)]
struct Operators {
    /// `[group][volume][U quads, (r, 0, 0, 0)]`, `[group][volume][column quads]` in whole tiles, and `[gap][volume]`: pairs that it
    /// ends or begins, and whether one ends with it.
    words: Buffer,
    quads: u32,
    column_quads: u32,
    /// In fours of words, where the columns and the pairs begin.
    columns_at: u32,
    pairs_at: u32,
}

/// Sums on their way to the host.
#[derive(Debug)]
pub(super) struct Coming {
    /// `[row][fitted voxel]`.
    sums: Download,
    order: Arc<Vec<u32>>,
    n_rows: usize,
    n_gaps: usize,
}

pub(super) fn sums(
    tape: &mut Recording<'_>,
    bold: (&DeviceBold, &[u32]),
    fit: (&DeviceFit, &Model),
    lags: &LagModel,
) -> Result<Coming> {
    Ok(record(tape, bold, fit, (lags, true))?.0)
}

pub(super) fn residuals(
    tape: &mut Recording<'_>,
    bold: (&DeviceBold, &[u32]),
    fit: (&DeviceFit, &Model),
    lags: &LagModel,
) -> Result<Series> {
    let n_volumes = fit.1.n_volumes();
    let (Coming { order, .. }, residual) = record(tape, bold, fit, (lags, false))?;
    let series = tape.download("lags", &residual);
    Ok(Series { residual, series, order, n_volumes })
}

/// The steps of residuals and, where all are wanted, of the sums at each gap and on columns.
fn record(
    tape: &mut Recording<'_>,
    (bold, voxels): (&DeviceBold, &[u32]),
    (fit, model): (&DeviceFit, &Model),
    (lags, all): (&LagModel, bool),
) -> Result<(Coming, Buffer)> {
    let (n_volumes, n_columns) = (bold.block.volumes.len(), model.rank());
    let (n_rows, n_gaps) = (lags.n_rows(), lags.pairs.gaps.len());
    let n_scalars = SCALARS + 2 * n_gaps;
    let shared = tape.gpu().resident(lags, |gpu| {
        let quads = quads_for("lags", n_columns)?;
        let column_quads = ((n_rows - n_scalars).div_ceil(4) as u32).next_multiple_of(TILE_QUADS);
        let mut words = basis(model, quads as usize);
        let columns_at = (words.len() / 4) as u32;
        words.extend(columns(lags, 4 * column_quads as usize));
        let pairs_at = (words.len() / 4) as u32;
        words.extend(pairs(lags).as_flattened());
        let words = gpu.upload("operators", &words)?;
        Ok(Operators { words, quads, column_quads, columns_at, pairs_at })
    })?;
    let n_fitted = voxels.len();
    let sorted: Vec<u32> = fit.order.iter().map(|&at| voxels[at as usize]).collect();
    let listed = tape.upload("voxels", &sorted)?;
    let residual = tape.output("residual", n_volumes * n_fitted)?;
    let sums = tape.output("sums", n_rows * n_fitted)?;
    let (acc, n_values) = (tape.acc(), (n_fitted * n_volumes) as u64);
    let step = |step: u32, quads: u32, at: [u32; 3], iterations: u64, flops: u64| Step {
        variant: Variant { shader: &SHADER, constants: constants(acc, quads, step) },
        buffers: vec![
            ("bold", bold.buffer.clone()),
            ("voxels", listed.clone()),
            ("tiles", fit.tiles.clone()),
            ("operators", shared.words.clone()),
            ("centre", fit.centre.clone()),
            ("on_basis", fit.on_basis.clone()),
            ("residual", residual.clone()),
            ("sums", sums.clone()),
        ],
        params: [n_volumes, bold.block.volume_len(), n_fitted, n_columns]
            .map(|word| word as u32)
            .into_iter()
            .chain(at)
            .chain([shared.column_quads])
            .collect(),
        workgroups: fit.n_tiles,
        iterations,
        bytes: 8 * n_values,
        flops: flops * n_values,
    };
    let (n, quads) = (n_volumes as u64, u64::from(shared.quads));
    let mut steps =
        vec![step(0, shared.quads, [0, 0, 0], n * (1 + quads) + 4 * quads, 4 + 8 * quads)];
    for gap in (0..n_gaps as u32).filter(|_| all) {
        let row = SCALARS as u32 + gap;
        let rows = [row, row + n_gaps as u32];
        let pairs_at = shared.pairs_at + gap * n_volumes as u32;
        steps.push(step(2, TILE_QUADS, [pairs_at, rows[0], rows[1]], n, 6));
    }
    for first in (0..shared.column_quads).step_by(TILE_QUADS as usize).filter(|_| all) {
        let at = n_scalars as u32 + 4 * first;
        let columns = (n_rows as u32).saturating_sub(at).min(4 * TILE_QUADS);
        let tile = u64::from(TILE_QUADS);
        let iterations = n * (1 + tile) + 5 * tile;
        steps.push(step(
            1,
            TILE_QUADS,
            [shared.columns_at + first, at, columns],
            iterations,
            8 * tile,
        ));
    }
    tape.run("lags", 4 * (n_values + (n_fitted * n_rows) as u64), steps)?;
    let coming = Coming {
        sums: tape.download("lags", &sums),
        order: Arc::clone(&fit.order),
        n_rows,
        n_gaps,
    };
    Ok((coming, residual))
}

fn basis(model: &Model, quads: usize) -> Vec<f32> {
    let row = 4 * quads + 4;
    let n_volumes = model.n_volumes();
    let mut words = vec![0.0_f32; model.solvers.len() * n_volumes * row];
    for (solver, words) in model.solvers.iter().zip(words.chunks_exact_mut(n_volumes * row)) {
        for ((t, column), &value) in solver.basis.indexed_iter() {
            words[t * row + column] = value as f32;
        }
        for (t, &value) in solver.mean_residual.iter().enumerate() {
            words[t * row + 4 * quads] = value as f32;
        }
    }
    words
}

fn columns(lags: &LagModel, row: usize) -> Vec<f32> {
    let n_volumes = lags.pairs.gap_of.len();
    let mut words = vec![0.0_f32; lags.of_groups.len() * n_volumes * row];
    for (group, words) in lags.of_groups.iter().zip(words.chunks_exact_mut(n_volumes * row)) {
        for ((t, column), &value) in group.columns.indexed_iter() {
            words[t * row + column] = value as f32;
        }
    }
    words
}

/// `[gap][volume]`.
fn pairs(lags: &LagModel) -> Vec<[f32; 4]> {
    let Some(group) = lags.of_groups.first() else { return Vec::new() };
    let of = |gap: usize| {
        lags.pairs.gap_of.iter().enumerate().map(move |(t, &of)| {
            let ends_here = of != FIRST && of as usize == gap;
            [group.ends[[t, gap]] as f32, f32::from(u8::from(ends_here)), 0.0, 0.0]
        })
    };
    (0..lags.pairs.gaps.len()).flat_map(of).collect()
}

impl Coming {
    pub(super) fn read(&self, done: &Done<'_>) -> Result<Sums> {
        let all = done.read(&self.sums, |sums| as_listed(sums, &self.order, self.n_rows))?;
        Ok(split(all, self.n_gaps))
    }
}

/// Residuals on their way to the host.
#[derive(Debug)]
pub(crate) struct Series {
    /// `[volume][fitted voxel]`.
    pub(crate) residual: Buffer,
    series: Download,
    order: Arc<Vec<u32>>,
    n_volumes: usize,
}

impl Series {
    pub(super) fn read(&self, done: &Done<'_>) -> Result<Array2<f64>> {
        done.read(&self.series, |series| as_listed(series, &self.order, self.n_volumes))
    }
}

/// `[row][fitted voxel]` in the order of the caller's list.
fn as_listed(values: &[f32], order: &[u32], n_rows: usize) -> Array2<f64> {
    let mut all = Array2::zeros((n_rows, order.len()));
    let rows: Vec<_> = all.axis_iter_mut(Axis(0)).zip(values.chunks(order.len().max(1))).collect();
    rows.into_par_iter().for_each(|(mut to, row)| {
        order.iter().zip(row).for_each(|(&at, &value)| to[at as usize] = f64::from(value));
    });
    all
}
