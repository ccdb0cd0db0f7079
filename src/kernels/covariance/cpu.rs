//! The f64 twin of `shaders/covariance.wgsl`, written from the equation: a batch of voxels is filtered in panels that run in
//! the first cache level, then all its products are added to the lower triangle of C, a few rows a task.

use ndarray::Array2;
use pulp::{Arch, Simd, WithSimd};
use rayon::prelude::*;

use super::{Filter, Scaling, by_plane, symmetric};
use crate::error::Result;
use crate::stats::lines::{Lines, with_room};
use crate::stats::panel::{
    add_combination, centre, collect, gather, gathered_len, lanes_mut, mean, negate, project,
    sum_of_squares, widen, width,
};
use crate::volume::HostBold;

/// Voxels a part: one task's share of the filter, a row of a product's loop. A multiple of every SIMD panel.
const PART: usize = 64;
/// Parts a batch: 512 voxels x 300 volumes x 8 bytes stay in the second cache level.
const PARTS: usize = 8;
/// Rows of C a task, and rows x columns of C whose sums are held in registers at once.
const ROWS: usize = 4;
const COLUMNS: usize = 3;

pub(super) fn accumulate(
    bold: &HostBold,
    voxels: &[u32],
    filter: &Filter,
    mut sum: Array2<f64>,
) -> Result<Array2<f64>> {
    let n = filter.n_volumes();
    let basis: Vec<f64> = filter.basis.iter().copied().collect();
    let mut filtered = vec![0.0; PARTS * n * PART];
    for batch in
        by_plane(voxels, bold.block.plane_len()).flat_map(|plane| plane.chunks(PARTS * PART))
    {
        let parts = &mut filtered[..batch.len().div_ceil(PART) * n * PART];
        parts.par_chunks_mut(n * PART).zip(batch.par_chunks(PART)).for_each(|(part, voxels)| {
            with_room(|scratch| {
                let task = Clean { bold, voxels, basis: &basis, filter, part, scratch };
                Arch::new().dispatch(task);
            });
        });
        let parts = &*parts;
        let Some(values) = sum.as_slice_mut() else { continue }; // C is always contiguous
        values.par_chunks_mut(ROWS * n).enumerate().for_each(|(index, rows)| {
            Arch::new().dispatch(AddProducts { parts, n, first_row: index * ROWS, rows });
        });
    }
    Ok(symmetric(sum))
}

/// The filtered series of a part's voxels.
struct Clean<'a> {
    bold: &'a HostBold,
    voxels: &'a [u32],
    /// Q, `[volume][column]`.
    basis: &'a [f64],
    filter: &'a Filter,
    /// z, `[volume][voxel]`, [`PART`] voxels; 0 beyond the last.
    part: &'a mut [f64],
    scratch: &'a mut Lines,
}

impl WithSimd for Clean<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Clean { bold, voxels, basis, filter, part, scratch } = self;
        let (n, n_columns) = filter.basis.dim();
        let w = width::<S>();
        let n_panels = voxels.len().div_ceil(w);
        let panel_len = n * w;
        let n_gathered = gathered_len::<S>(n, voxels.len());
        let scratch = scratch.of_len(n_gathered + n_panels * panel_len + (n_columns + 1) * w);
        let (gathered, rest) = scratch.split_at_mut(n_gathered);
        let (panels, rest) = rest.split_at_mut(n_panels * panel_len);
        let (weights, scale) = rest.split_at_mut(n_columns * w);
        let gathered = gather::<S>(&bold.data, bold.block.volume_len(), voxels, gathered);
        let each = panels.chunks_exact_mut(panel_len).zip(gathered.chunks_exact(panel_len));
        for (panel, narrow) in each {
            widen(narrow, panel);
            let y = lanes_mut::<S>(panel);
            // The mean of equal f32 values is exact in f64: a constant voxel becomes exactly 0.
            let m = mean(simd, y);
            centre(simd, y, m);
            let g = lanes_mut::<S>(weights);
            project(simd, basis, y, g);
            negate(simd, g);
            add_combination(simd, basis, g, y);
            if filter.scaling == Scaling::UnitVariance {
                lanes_mut::<S>(scale)[0] = sum_of_squares(simd, y);
                for s in scale.iter_mut() {
                    *s = if *s > 0.0 { (n as f64 / *s).sqrt() } else { 0.0 };
                }
                for values in panel.chunks_exact_mut(w) {
                    for (value, s) in values.iter_mut().zip(scale.iter()) {
                        *value *= s;
                    }
                }
            }
        }
        for (t, values) in part.chunks_exact_mut(PART).enumerate() {
            collect::<S>(panels, t, n, &mut values[..n_panels * w]);
            values[voxels.len()..].fill(0.0);
        }
    }
}

/// Rows of the lower triangle of C.
struct AddProducts<'a> {
    /// z, `[part][volume][voxel]`.
    parts: &'a [f64],
    n: usize,
    first_row: usize,
    /// C, `[row][column]`.
    rows: &'a mut [f64],
}

impl WithSimd for AddProducts<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let AddProducts { parts, n, first_row, rows } = self;
        let n_rows = rows.len() / n;
        // Rows and columns beyond the last repeat it, and are not stored.
        let last = first_row + n_rows - 1;
        for first_column in (0..=last).step_by(COLUMNS) {
            let mut sums = [[simd.splat_f64s(0.0); COLUMNS]; ROWS];
            for part in parts.chunks_exact(n * PART) {
                let series = |t: usize| S::as_simd_f64s(&part[t.min(last) * PART..][..PART]).0;
                let left: [&[S::f64s]; ROWS] = std::array::from_fn(|r| series(first_row + r));
                let right: [&[S::f64s]; COLUMNS] =
                    std::array::from_fn(|c| series(first_column + c));
                for v in 0..PART / S::F64_LANES {
                    for r in 0..ROWS {
                        for c in 0..COLUMNS {
                            sums[r][c] = simd.mul_add_e_f64s(left[r][v], right[c][v], sums[r][c]);
                        }
                    }
                }
            }
            for (r, row) in rows.chunks_exact_mut(n).enumerate() {
                for c in 0..COLUMNS.min(last + 1 - first_column) {
                    row[first_column + c] += simd.reduce_sum_f64s(sums[r][c]);
                }
            }
        }
    }
}
