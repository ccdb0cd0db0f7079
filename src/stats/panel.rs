//! Products of a small matrix with a panel: a few voxels' whole time courses in f64, held in the first cache level.
//! A panel is `[row][lane]` with two SIMD vectors of voxels a row; a matrix is `[row][column]`. Sums run over rows
//! in order, whatever the block: results do not depend on how voxels are dealt to panels.

use pulp::Simd;

/// One row of a panel: two vectors of voxels.
pub(crate) type Lanes<S> = [<S as Simd>::f64s; 2];

/// Voxels in a panel.
pub(crate) const fn width<S: Simd>() -> usize {
    2 * S::F64_LANES
}

/// A slice of whole panel rows as vectors.
#[inline(always)]
pub(crate) fn lanes_mut<S: Simd>(values: &mut [f64]) -> &mut [Lanes<S>] {
    S::as_mut_simd_f64s(values).0.as_chunks_mut().0
}

/// The same, to read.
#[inline(always)]
pub(crate) fn lanes<S: Simd>(values: &[f64]) -> &[Lanes<S>] {
    S::as_simd_f64s(values).0.as_chunks().0
}

/// out[column] = sum over rows of matrix[row][column] panel[row]: the small matrix transposed, times the panel.
#[inline(always)]
pub(crate) fn project<S: Simd>(simd: S, matrix: &[f64], panel: &[Lanes<S>], out: &mut [Lanes<S>]) {
    let n_columns = out.len();
    // Equal tiles of at most six columns: their sums stay in registers.
    let n_tiles = n_columns.div_ceil(6).max(1);
    let mut column = 0;
    for tile in 0..n_tiles {
        let end = (tile + 1) * n_columns / n_tiles;
        let tile_out = &mut out[column..end];
        match end - column {
            1 => project_tile::<S, 1>(simd, matrix, n_columns, column, panel, tile_out),
            2 => project_tile::<S, 2>(simd, matrix, n_columns, column, panel, tile_out),
            3 => project_tile::<S, 3>(simd, matrix, n_columns, column, panel, tile_out),
            4 => project_tile::<S, 4>(simd, matrix, n_columns, column, panel, tile_out),
            5 => project_tile::<S, 5>(simd, matrix, n_columns, column, panel, tile_out),
            6 => project_tile::<S, 6>(simd, matrix, n_columns, column, panel, tile_out),
            _ => {}
        }
        column = end;
    }
}

#[inline(always)]
fn project_tile<S: Simd, const C: usize>(
    simd: S,
    matrix: &[f64],
    n_columns: usize,
    first: usize,
    panel: &[Lanes<S>],
    out: &mut [Lanes<S>],
) {
    let zero = simd.splat_f64s(0.0);
    let mut sum = [[zero; 2]; C];
    for (row, y) in matrix.chunks_exact(n_columns).zip(panel) {
        if let Some(weights) = row[first..].first_chunk::<C>() {
            for c in 0..C {
                let w = simd.splat_f64s(weights[c]);
                sum[c][0] = simd.mul_add_e_f64s(w, y[0], sum[c][0]);
                sum[c][1] = simd.mul_add_e_f64s(w, y[1], sum[c][1]);
            }
        }
    }
    out.copy_from_slice(&sum);
}

/// panel[row] += sum over columns of matrix[row][column] coefficients[column].
#[inline(always)]
pub(crate) fn add_combination<S: Simd>(
    simd: S,
    matrix: &[f64],
    coefficients: &[Lanes<S>],
    panel: &mut [Lanes<S>],
) {
    let n_columns = coefficients.len();
    if n_columns == 0 {
        return;
    }
    let (tiles, rest) = panel.as_chunks_mut::<6>();
    let (matrix, matrix_rest) = matrix.split_at(tiles.len() * 6 * n_columns);
    for (rows, tile) in matrix.chunks_exact(6 * n_columns).zip(tiles) {
        add_tile(simd, rows, coefficients, tile);
    }
    for (row, y) in matrix_rest.chunks_exact(n_columns).zip(rest.as_chunks_mut::<1>().0) {
        add_tile(simd, row, coefficients, y);
    }
}

#[inline(always)]
fn add_tile<S: Simd, const R: usize>(
    simd: S,
    matrix: &[f64],
    coefficients: &[Lanes<S>],
    panel: &mut [Lanes<S>; R],
) {
    let n_columns = coefficients.len();
    let mut sum = *panel;
    let mut rows: [&[f64]; R] = [&[]; R];
    for (row, values) in rows.iter_mut().zip(matrix.chunks_exact(n_columns)) {
        *row = values;
    }
    for (c, b) in coefficients.iter().enumerate() {
        for r in 0..R {
            let w = simd.splat_f64s(rows[r][c]);
            sum[r][0] = simd.mul_add_e_f64s(w, b[0], sum[r][0]);
            sum[r][1] = simd.mul_add_e_f64s(w, b[1], sum[r][1]);
        }
    }
    *panel = sum;
}

/// Minus each row. (SIMD operations stay out of closures that the compiler may call out of line.)
#[inline(always)]
pub(crate) fn negate<S: Simd>(simd: S, rows: &mut [Lanes<S>]) {
    for row in rows {
        *row = [simd.neg_f64s(row[0]), simd.neg_f64s(row[1])];
    }
}

/// The mean over rows.
#[inline(always)]
pub(crate) fn mean<S: Simd>(simd: S, panel: &[Lanes<S>]) -> Lanes<S> {
    let zero = simd.splat_f64s(0.0);
    let mut sum = [zero; 2];
    for y in panel {
        sum = [simd.add_f64s(sum[0], y[0]), simd.add_f64s(sum[1], y[1])];
    }
    let n = simd.splat_f64s(panel.len() as f64);
    [simd.div_f64s(sum[0], n), simd.div_f64s(sum[1], n)]
}

/// The sum of squares over rows.
#[inline(always)]
pub(crate) fn sum_of_squares<S: Simd>(simd: S, panel: &[Lanes<S>]) -> Lanes<S> {
    let zero = simd.splat_f64s(0.0);
    let mut sum = [zero; 2];
    for y in panel {
        sum[0] = simd.mul_add_e_f64s(y[0], y[0], sum[0]);
        sum[1] = simd.mul_add_e_f64s(y[1], y[1], sum[1]);
    }
    sum
}

/// panel[row] += weight[row] addend.
#[inline(always)]
pub(crate) fn add_outer<S: Simd>(
    simd: S,
    weights: &[f64],
    addend: Lanes<S>,
    panel: &mut [Lanes<S>],
) {
    for (y, &weight) in panel.iter_mut().zip(weights) {
        let weight = simd.splat_f64s(weight);
        y[0] = simd.mul_add_e_f64s(weight, addend[0], y[0]);
        y[1] = simd.mul_add_e_f64s(weight, addend[1], y[1]);
    }
}

/// Take one row off all rows.
#[inline(always)]
pub(crate) fn centre<S: Simd>(simd: S, panel: &mut [Lanes<S>], mean: Lanes<S>) {
    for y in panel {
        *y = [simd.sub_f64s(y[0], mean[0]), simd.sub_f64s(y[1], mean[1])];
    }
}

/// f32 to f64, in loops long enough to be vectorised.
#[inline(always)]
pub(crate) fn widen(from: &[f32], to: &mut [f64]) {
    for (to, &from) in to.iter_mut().zip(from) {
        *to = f64::from(from);
    }
}

/// Deal voxels side by side, all of row t, to their panels `[panel][row][lane]` of n rows.
#[inline(always)]
pub(crate) fn deal<S: Simd, T: Copy>(voxels: &[T], t: usize, n: usize, panels: &mut [T]) {
    let w = width::<S>();
    for (index, voxels) in voxels.chunks_exact(w).enumerate() {
        panels[(index * n + t) * w..][..w].copy_from_slice(voxels);
    }
}

/// The reverse of [`deal`].
#[inline(always)]
pub(crate) fn collect<S: Simd>(panels: &[f64], t: usize, n: usize, voxels: &mut [f64]) {
    let w = width::<S>();
    for (index, voxels) in voxels.chunks_exact_mut(w).enumerate() {
        voxels.copy_from_slice(&panels[(index * n + t) * w..][..w]);
    }
}

/// The time courses of listed voxels of `data` `[volume][voxel]`, `[panel][volume][lane]`, for [`widen`] to make f64 of one
/// panel at a time, since half as much goes through the second cache level. `room`: as many f64 as [`gathered_len`] says, of
/// whatever values; lanes beyond the last voxel keep what they held, and no other lane sees them.
#[inline(always)]
pub(crate) fn gather<'a, S: Simd>(
    data: &[f32],
    volume_len: usize,
    voxels: &[u32],
    room: &'a mut [f64],
) -> &'a [f32] {
    let n = data.len() / volume_len;
    let n_lanes = voxels.len().next_multiple_of(width::<S>());
    let (row, panels) = bytemuck::cast_slice_mut(room).split_at_mut(n_lanes);
    // Runs of neighbours: where each starts in the volume and in the row.
    let mut runs = Vec::new();
    let mut at = 0;
    for run in voxels.chunk_by(|a, b| a + 1 == *b) {
        runs.push((run[0] as usize, at, run.len()));
        at += run.len();
    }
    for (t, volume) in data.chunks_exact(volume_len).enumerate() {
        for &(from, to, len) in &runs {
            row[to..][..len].copy_from_slice(&volume[from..][..len]);
        }
        deal::<S, f32>(row, t, n, panels);
    }
    panels
}

/// The f64 that [`gather`] needs room for.
pub(crate) const fn gathered_len<S: Simd>(n_volumes: usize, n_voxels: usize) -> usize {
    // The lanes of a panel are even in number.
    n_voxels.next_multiple_of(width::<S>()) * (n_volumes + 1) / 2
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Fits three voxels and gives beta `[regressor][voxel]` and the residual sum of squares `[voxel]`.
    fn fitted<S: Simd>(simd: S, data: &[f32], design: &[f64], pinv_t: &[f64]) -> Vec<f64> {
        let (n, w) = (data.len() / 3, width::<S>());
        let n_panels = 3_usize.div_ceil(w);
        let (mut room, mut panel) = (vec![0.0; gathered_len::<S>(n, 3)], vec![0.0; n * w]);
        let gathered = gather::<S>(data, 3, &[0, 1, 2], &mut room);
        assert_eq!(gathered.len(), n_panels * n * w);
        let mut out = vec![f64::NAN; 4 * 3];
        for (index, narrow) in gathered.chunks_exact(n * w).enumerate() {
            widen(narrow, &mut panel);
            let mut beta = vec![0.0; 3 * w];
            let y = lanes_mut::<S>(&mut panel);
            project(simd, pinv_t, y, lanes_mut::<S>(&mut beta));
            negate(simd, lanes_mut::<S>(&mut beta));
            add_combination(simd, design, lanes_mut::<S>(&mut beta), y);
            let mut sum = vec![0.0; w];
            lanes_mut::<S>(&mut sum)[0] = sum_of_squares(simd, y);
            for lane in 0..w.min(3 - index * w) {
                let voxel = index * w + lane;
                (0..3).for_each(|c| out[c * 3 + voxel] = -beta[c * w + lane]);
                out[9 + voxel] = sum[lane];
            }
        }
        out
    }

    #[test]
    fn every_simd_level_of_this_machine_gives_the_sums_of_the_plain_loop() {
        let n = 13;
        let value = |i: usize| ((i * 37 + 11) % 101) as f64 / 50.0 - 1.0;
        let data: Vec<f32> = (0..n * 3).map(|i| value(i) as f32).collect();
        let design: Vec<f64> = (0..n * 3).map(|i| value(i + 500)).collect();
        let pinv_t: Vec<f64> = (0..n * 3).map(|i| value(i + 900) / 8.0).collect();
        let mut want = vec![0.0; 12];
        for v in 0..3 {
            for c in 0..3 {
                want[c * 3 + v] =
                    (0..n).map(|t| pinv_t[t * 3 + c] * f64::from(data[t * 3 + v])).sum();
            }
            let left = |t: usize| {
                let fit: f64 = (0..3).map(|c| design[t * 3 + c] * want[c * 3 + v]).sum();
                f64::from(data[t * 3 + v]) - fit
            };
            want[9 + v] = (0..n).map(|t| left(t).powi(2)).sum();
        }
        let mut levels = vec![("scalar", fitted(pulp::Scalar, &data, &design, &pinv_t))];
        #[cfg(target_arch = "x86_64")]
        {
            let v3 = pulp::x86::V3::try_new().map(|s| ("AVX2", fitted(s, &data, &design, &pinv_t)));
            let v4 =
                pulp::x86::V4::try_new().map(|s| ("AVX-512", fitted(s, &data, &design, &pinv_t)));
            levels.extend(v3.into_iter().chain(v4));
        }
        for (level, got) in levels {
            for (at, (got, want)) in got.iter().zip(&want).enumerate() {
                let off = (got - want).abs();
                assert!(off < 1e-13, "{level}: value {at} is {got}, the plain loop has {want}");
            }
        }
    }
}
