//! The f64 twin of `shaders/nuisance.wgsl`, written from the equation: panels of a few voxels' whole time courses, all
//! of whose passes run in the first cache level, written back in place.

use ndarray::{ArrayViewMut2, Axis};
use pulp::{Arch, Simd, WithSimd};
use rayon::prelude::*;

use super::Projection;
use crate::error::{Error, Result};
use crate::stats::lines::{Lines, with_room};
use crate::stats::panel::{
    add_combination, centre, collect, deal, lanes_mut, mean, negate, project, widen, width,
};
use crate::volume::HostBold;

/// Values gathered at once: panels that stay in the second cache level, 256 KiB in f64.
const BLOCK_VALUES: usize = 32_768;
/// Blocks a task: few enough to balance the cores.
const BLOCKS_A_TASK: usize = 4;

/// One group's rows and columns in the layout of the panel products, both `[volume][column]`.
struct Operators {
    rows_t: Vec<f64>,
    columns: Vec<f64>,
    n_columns: usize,
}

pub(super) fn subtract(mut bold: HostBold, projection: &Projection) -> Result<HostBold> {
    let block = bold.block.clone();
    if block.is_empty() {
        return Ok(bold);
    }
    // Of the groups of this block's planes only: a slab has few of them.
    let mut groups: Vec<usize> = projection.group_of_plane[block.planes.clone()].to_vec();
    groups.sort_unstable();
    groups.dedup();
    let operators: Vec<Operators> = groups
        .iter()
        .map(|&group| (&projection.rows[group], &projection.columns[group]))
        .map(|(rows, columns)| Operators {
            rows_t: rows.t().iter().copied().collect(),
            columns: columns.iter().copied().collect(),
            n_columns: columns.ncols(),
        })
        .collect();
    let shape = (block.volumes.len(), block.volume_len());
    let mut data = ArrayViewMut2::from_shape(shape, &mut bold.data)
        .map_err(|e| Error::internal("the block", "has another size", "", "").caused_by(e))?;
    let mut jobs: Vec<(usize, ArrayViewMut2<f32>)> = Vec::new();
    for (plane, voxels) in
        block.planes.clone().zip(data.axis_chunks_iter_mut(Axis(1), block.plane_len()))
    {
        let group = groups.partition_point(|&g| g < projection.group_of_plane[plane]);
        let mut left = voxels;
        while left.ncols() > 0 {
            let count = block_voxels(shape.0).min(left.ncols());
            let (job, rest) = left.split_at(Axis(1), count);
            jobs.push((group, job));
            left = rest;
        }
    }
    jobs.par_chunks_mut(BLOCKS_A_TASK).for_each(|jobs| {
        for (group, voxels) in jobs {
            let operators = &operators[*group];
            with_room(|scratch| Arch::new().dispatch(Subtract { operators, voxels, scratch }));
        }
    });
    Ok(bold)
}

/// Voxels gathered at once, whole panels: one visit to each volume fetches this many.
fn block_voxels(n_volumes: usize) -> usize {
    (BLOCK_VALUES / n_volumes.max(1)).clamp(16, 512).next_multiple_of(16)
}

struct Subtract<'a, 'v> {
    operators: &'a Operators,
    /// `[volume][voxel]`
    voxels: &'a mut ArrayViewMut2<'v, f32>,
    scratch: &'a mut Lines,
}

impl WithSimd for Subtract<'_, '_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Subtract { operators, voxels, scratch } = self;
        let (n, count) = voxels.dim();
        let m = operators.n_columns;
        let w = width::<S>();
        let panel_len = n * w;
        let n_panels = count.div_ceil(w);
        let scratch = scratch.of_len(n_panels * panel_len + (m + 2 * n_panels) * w);
        let (panels, rest) = scratch.split_at_mut(n_panels * panel_len);
        let (weights, rest) = rest.split_at_mut(m * w);
        let (means, values) = rest.split_at_mut(n_panels * w);
        load::<S>(voxels, values, panels);
        for (panel, mean_here) in panels.chunks_exact_mut(panel_len).zip(means.chunks_exact_mut(w))
        {
            let y = lanes_mut::<S>(panel);
            let at = mean(simd, y);
            lanes_mut::<S>(mean_here)[0] = at;
            centre(simd, y, at);
            let g = lanes_mut::<S>(weights);
            project(simd, &operators.rows_t, y, g);
            negate(simd, g);
            centre(simd, y, [simd.neg_f64s(at[0]), simd.neg_f64s(at[1])]);
            add_combination(simd, &operators.columns, g, y);
        }
        store::<S>(voxels, values, panels, means);
    }
}

/// The voxels' time courses in f64, `[panel][volume][lane]`; `values` holds whole panels; lanes beyond the last
/// voxel keep what they held, and no other lane sees them.
#[inline(always)]
fn load<S: Simd>(voxels: &ArrayViewMut2<f32>, values: &mut [f64], panels: &mut [f64]) {
    let n = voxels.nrows();
    for (t, row) in voxels.rows().into_iter().enumerate() {
        let Some(row) = row.to_slice() else { return };
        widen(row, values);
        deal::<S, f64>(values, t, n, panels);
    }
}

/// Back to f32, where the mean says that all the voxel's values were finite.
#[inline(always)]
fn store<S: Simd>(
    voxels: &mut ArrayViewMut2<f32>,
    values: &mut [f64],
    panels: &[f64],
    means: &[f64],
) {
    let (n, count) = voxels.dim();
    let all_finite = means[..count].iter().all(|m| m.is_finite());
    for (t, mut row) in voxels.rows_mut().into_iter().enumerate() {
        let Some(row) = row.as_slice_mut() else { return };
        collect::<S>(panels, t, n, values);
        if all_finite {
            for (to, &from) in row.iter_mut().zip(values.iter()) {
                *to = from as f32;
            }
        } else {
            for ((to, &from), mean) in row.iter_mut().zip(values.iter()).zip(means) {
                if mean.is_finite() {
                    *to = from as f32;
                }
            }
        }
    }
}
