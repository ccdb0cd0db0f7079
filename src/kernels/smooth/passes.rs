//! The separable sums of one volume in f64: along i row by row, along j within a plane, along k over a ring of planes.

use pulp::Simd;

use super::Taps;

/// Rows are padded to whole vectors of up to this many values.
const LANES: usize = 8;

/// Where a volume's rows come from and go to. Rows are read plane by plane; a plane is written after all planes
/// that its kernel reaches have been read.
pub(super) trait Volume {
    /// The row of values that starts at a voxel; missing ones as 0.
    fn load(&self, at: usize, row: &mut [f64]);
    /// Take the sums of the row that starts at a voxel.
    fn store(&mut self, at: usize, row: &[f64]);
}

/// The weights of one axis at each position.
struct Axis {
    radius: usize,
    /// `[position][2 radius + 1]`, from the lowest neighbour up; 0 where the neighbour lies outside.
    weights: Vec<f64>,
    len: usize,
}

impl Axis {
    fn new(half: &[f64], len: usize, renormalised: bool) -> Axis {
        // Neighbours further than the axis is long do not exist.
        let radius = (half.len() - 1).min(len - 1);
        let mut weights = vec![0.0; len * (2 * radius + 1)];
        for (position, all) in weights.chunks_exact_mut(2 * radius + 1).enumerate() {
            for (tap, weight) in all.iter_mut().enumerate() {
                let neighbour = (position + tap).checked_sub(radius);
                if neighbour.is_some_and(|n| n < len) {
                    *weight = half[tap.abs_diff(radius)];
                }
            }
            let at_edge = position + 1 < half.len() || position + half.len() > len;
            if renormalised && at_edge {
                let total: f64 = all.iter().sum();
                all.iter_mut().for_each(|w| *w /= total);
            }
        }
        Axis { radius, weights, len }
    }

    #[inline(always)]
    fn at(&self, position: usize) -> &[f64] {
        let taps = 2 * self.radius + 1;
        &self.weights[position * taps..][..taps]
    }

    /// The neighbour that a tap reads; any voxel inside where its weight is 0.
    #[inline(always)]
    fn neighbour(&self, position: usize, tap: usize) -> usize {
        (position + tap).saturating_sub(self.radius).min(self.len - 1)
    }
}

/// The three axes of a block of planes.
pub(super) struct Passes {
    shape: [usize; 3],
    /// Values from row to row: i rounded up to whole vectors.
    stride: usize,
    axes: [Axis; 3],
    /// The kernel along i, the same for each position, and what an edge position is scaled by.
    along_i: Vec<f64>,
    edge_i: Vec<f64>,
    /// How far from either end of a row edge positions lie.
    reach_i: usize,
}

impl Passes {
    /// Weights that sum to 1 at each position, edges included.
    pub(super) fn renormalised(taps: &Taps, shape: [usize; 3]) -> Passes {
        Passes::new(taps, shape, true)
    }

    /// Weights as they are: what lies outside counts as 0.
    pub(super) fn plain(taps: &Taps, shape: [usize; 3]) -> Passes {
        Passes::new(taps, shape, false)
    }

    fn new(taps: &Taps, shape: [usize; 3], renormalised: bool) -> Passes {
        let axis = |a: usize| Axis::new(&taps.weights[a], shape[a], renormalised);
        let half = &taps.weights[0];
        let plain = Axis::new(half, shape[0], false);
        let radius = plain.radius;
        let along_i = (0..=2 * radius).map(|tap| half[tap.abs_diff(radius)]).collect();
        let edge = |position: usize| {
            let at_edge = position + 1 < half.len() || position + half.len() > shape[0];
            if renormalised && at_edge { 1.0 / plain.at(position).iter().sum::<f64>() } else { 1.0 }
        };
        Passes {
            shape,
            stride: shape[0].next_multiple_of(LANES),
            axes: [axis(0), axis(1), axis(2)],
            along_i,
            edge_i: (0..shape[0]).map(edge).collect(),
            reach_i: half.len() - 1,
        }
    }
}

/// What one thread needs beside the volume.
pub(super) struct Ring {
    /// A row between zeros.
    padded: Vec<f64>,
    /// One plane smoothed along i.
    plane: Vec<f64>,
    /// Planes smoothed along i and j, as many as the kernel along k is long.
    planes: Vec<f64>,
    /// A finished row.
    row: Vec<f64>,
    /// Where each neighbour along k starts in `planes`.
    neighbours: Vec<usize>,
}

impl Ring {
    pub(super) fn new(passes: &Passes) -> Ring {
        let plane = passes.stride * passes.shape[1];
        Ring {
            padded: vec![0.0; passes.stride + 2 * passes.axes[0].radius],
            plane: vec![0.0; plane],
            planes: vec![0.0; plane * (2 * passes.axes[2].radius + 1)],
            row: vec![0.0; passes.stride],
            neighbours: vec![0; 2 * passes.axes[2].radius + 1],
        }
    }
}

/// All three passes over a volume.
#[inline(always)]
pub(super) fn separable<S: Simd, V: Volume>(
    simd: S,
    passes: &Passes,
    ring: &mut Ring,
    volume: &mut V,
) {
    let [ni, nj, nk] = passes.shape;
    let stride = passes.stride;
    let [along_i, along_j, along_k] = &passes.axes;
    let plane_len = stride * nj;
    let slots = 2 * along_k.radius + 1;
    for step in 0..nk + along_k.radius {
        if step < nk {
            for (j, row) in ring.plane.chunks_exact_mut(stride).enumerate() {
                let interior = along_i.radius..along_i.radius + ni;
                volume.load((step * nj + j) * ni, &mut ring.padded[interior]);
                let padded = &ring.padded;
                combine(simd, &passes.along_i, |tap| &padded[tap..][..stride], row);
                scale_edges(row, &passes.edge_i, passes.reach_i);
            }
            let slot = &mut ring.planes[step % slots * plane_len..][..plane_len];
            for (j, row) in slot.chunks_exact_mut(stride).enumerate() {
                let plane = &ring.plane;
                let neighbour = |tap| &plane[along_j.neighbour(j, tap) * stride..][..stride];
                combine(simd, along_j.at(j), neighbour, row);
            }
        }
        if let Some(k) = step.checked_sub(along_k.radius) {
            for (tap, start) in ring.neighbours.iter_mut().enumerate() {
                *start = along_k.neighbour(k, tap) % slots * plane_len;
            }
            let (planes, starts) = (&ring.planes, &ring.neighbours);
            for j in 0..nj {
                let neighbour = |tap: usize| &planes[starts[tap] + j * stride..][..stride];
                combine(simd, along_k.at(k), neighbour, &mut ring.row);
                volume.store((k * nj + j) * ni, &ring.row[..ni]);
            }
        }
    }
}

/// Positions whose kernel reaches outside.
#[inline(always)]
fn scale_edges(row: &mut [f64], edge: &[f64], reach: usize) {
    let n = edge.len();
    let low = reach.min(n);
    let high = n.saturating_sub(reach).max(low);
    for (v, e) in row[..low].iter_mut().zip(&edge[..low]) {
        *v *= e;
    }
    for (v, e) in row[high..n].iter_mut().zip(&edge[high..]) {
        *v *= e;
    }
}

/// out = sum over taps of weights[tap] row(tap), from the lowest tap up.
#[inline(always)]
fn combine<'a, S: Simd>(
    simd: S,
    weights: &[f64],
    row: impl Fn(usize) -> &'a [f64],
    out: &mut [f64],
) {
    match weights.len() {
        1 => combine_fixed::<S, 1>(simd, weights, row, out),
        3 => combine_fixed::<S, 3>(simd, weights, row, out),
        5 => combine_fixed::<S, 5>(simd, weights, row, out),
        7 => combine_fixed::<S, 7>(simd, weights, row, out),
        9 => combine_fixed::<S, 9>(simd, weights, row, out),
        11 => combine_fixed::<S, 11>(simd, weights, row, out),
        13 => combine_fixed::<S, 13>(simd, weights, row, out),
        _ => combine_any(simd, weights, row, out),
    }
}

#[inline(always)]
fn combine_fixed<'a, S: Simd, const T: usize>(
    simd: S,
    weights: &[f64],
    row: impl Fn(usize) -> &'a [f64],
    out: &mut [f64],
) {
    let out = S::as_mut_simd_f64s(out).0;
    let n = out.len();
    // Loops, not `array::from_fn`: SIMD operations stay out of closures that may be called out of line.
    let mut rows: [&[S::f64s]; T] = [&[]; T];
    let mut splats = [simd.splat_f64s(0.0); T];
    for tap in 0..T {
        rows[tap] = &S::as_simd_f64s(row(tap)).0[..n];
        splats[tap] = simd.splat_f64s(weights[tap]);
    }
    for (v, out) in out.iter_mut().enumerate() {
        let mut sum = simd.mul_f64s(splats[0], rows[0][v]);
        for tap in 1..T {
            sum = simd.mul_add_e_f64s(splats[tap], rows[tap][v], sum);
        }
        *out = sum;
    }
}

/// Any number of taps: the sums pass through the first cache level.
#[inline(always)]
fn combine_any<'a, S: Simd>(
    simd: S,
    weights: &[f64],
    row: impl Fn(usize) -> &'a [f64],
    out: &mut [f64],
) {
    let out = S::as_mut_simd_f64s(out).0;
    for (tap, &weight) in weights.iter().enumerate() {
        let weight = simd.splat_f64s(weight);
        for (sum, &value) in out.iter_mut().zip(S::as_simd_f64s(row(tap)).0) {
            *sum = if tap == 0 {
                simd.mul_f64s(weight, value)
            } else {
                simd.mul_add_e_f64s(weight, value, *sum)
            };
        }
    }
}
