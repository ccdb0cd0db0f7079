//! A shape in millimetres on a grid of voxels.

use super::Region;
use crate::pipeline::spec::Shape;
use crate::volume::Grid;

/// Points along each axis of a shape's bounds at which it is asked how much of it lies on the grid: to about a hundredth.
const POINTS: usize = 24;

/// The voxels whose centres a shape holds, ascending, and the share of its volume that lies on the grid.
pub(super) fn placed(shape: &Shape, grid: &Grid) -> (Vec<usize>, f64) {
    let Some(bounds) = shape.bounds() else { return (Vec::new(), 1.0) };
    let [ni, nj, nk] = grid.shape;
    let from_mm = FromMm::of(grid);
    // Voxels that may be in it: all, where the affine cannot be turned round.
    let ranges = match &from_mm {
        Some(from_mm) => from_mm.ranges(bounds, grid.shape),
        None => [0..ni, 0..nj, 0..nk],
    };
    let mut voxels = Vec::new();
    for k in ranges[2].clone() {
        for j in ranges[1].clone() {
            let within = ranges[0].clone().filter(|&i| shape.holds(grid.millimetres([i, j, k])));
            voxels.extend(within.map(|i| i + ni * (j + nj * k)));
        }
    }
    (voxels, from_mm.map_or(1.0, |from_mm| on_grid(shape, bounds, &from_mm, grid.shape)))
}

/// A region `by` mm further along x, y, z.
pub(super) fn moved(region: &Region, grid: &Grid, by: [f64; 3]) -> Region {
    let shape = region.shape.as_ref().map(|shape| shape.moved(by));
    let (voxels, on_grid, moved_mm) = match &shape {
        Some(shape) if shape.bounds().is_some() => {
            let (voxels, on_grid) = placed(shape, grid);
            (voxels, on_grid, by)
        }
        _ => {
            let step = FromMm::of(grid).map_or([0; 3], |from_mm| from_mm.step(by));
            let there = |&voxel: &usize| {
                let at = grid.coordinates(voxel);
                let to = |axis: usize| {
                    let index = at[axis].checked_add_signed(step[axis])?;
                    (index < grid.shape[axis]).then_some(index)
                };
                let [i, j, k] = [to(0)?, to(1)?, to(2)?];
                Some(i + grid.shape[0] * (j + grid.shape[1] * k))
            };
            let voxels: Vec<usize> = region.voxels.iter().filter_map(there).collect();
            let kept = voxels.len() as f64 / region.voxels.len().max(1) as f64;
            (voxels, kept, distance(grid, step))
        }
    };
    let (name, network) = (region.name.clone(), region.network.clone());
    Region { name, voxels, on_grid, network, shape, moved_mm }
}

/// How far some voxels are along x, y and z, mm.
fn distance(grid: &Grid, step: [isize; 3]) -> [f64; 3] {
    std::array::from_fn(|row| {
        let along = |axis: usize| grid.affine[row][axis] * step[axis] as f64;
        // No minus before nothing.
        (0..3).map(along).sum::<f64>() + 0.0
    })
}

/// The share of a shape's volume that lies in voxels of the grid.
fn on_grid(shape: &Shape, [least, most]: [[f64; 3]; 2], from_mm: &FromMm, grid: [usize; 3]) -> f64 {
    let is_on = |at: [f64; 3]| {
        let at = from_mm.index(at);
        (0..3).all(|axis| at[axis] >= -0.5 && at[axis] < grid[axis] as f64 - 0.5)
    };
    let corner = |c: usize| {
        std::array::from_fn(|axis| if c >> axis & 1 == 1 { most[axis] } else { least[axis] })
    };
    if (0..8).all(|c| is_on(corner(c))) {
        return 1.0;
    }
    let (mut n, mut n_on) = (0_u32, 0_u32);
    for point in 0..POINTS.pow(3) {
        let places = [point % POINTS, point / POINTS % POINTS, point / (POINTS * POINTS)];
        let at = std::array::from_fn(|axis| {
            let share = (places[axis] as f64 + 0.5) / POINTS as f64;
            least[axis] + share * (most[axis] - least[axis])
        });
        if shape.holds(at) {
            n += 1;
            n_on += u32::from(is_on(at));
        }
    }
    f64::from(n_on) / f64::from(n.max(1))
}

/// Millimetres to voxel indices: the affine turned round.
struct FromMm {
    rows: [[f64; 3]; 3],
    origin: [f64; 3],
}

impl FromMm {
    fn of(grid: &Grid) -> Option<FromMm> {
        let a = &grid.affine;
        let minor = |r: usize, c: usize| {
            let at = |i: usize, j: usize| a[(r + i) % 3][(c + j) % 3];
            at(1, 1) * at(2, 2) - at(1, 2) * at(2, 1)
        };
        let determinant: f64 = (0..3).map(|c| a[0][c] * minor(0, c)).sum();
        if !determinant.is_normal() {
            return None;
        }
        let rows = std::array::from_fn(|r| std::array::from_fn(|c| minor(c, r) / determinant));
        Some(FromMm { rows, origin: std::array::from_fn(|row| a[row][3]) })
    }

    /// The indices of a place, not rounded.
    fn index(&self, at: [f64; 3]) -> [f64; 3] {
        self.turned(std::array::from_fn(|i| at[i] - self.origin[i]))
    }

    fn turned(&self, by: [f64; 3]) -> [f64; 3] {
        self.rows.map(|row| (0..3).map(|i| row[i] * by[i]).sum())
    }

    /// The whole voxels nearest to a move in mm.
    fn step(&self, by: [f64; 3]) -> [isize; 3] {
        self.turned(by).map(|x| x.round() as isize)
    }

    /// The indices along each axis that bounds in mm may hold.
    fn ranges(
        &self,
        [least, most]: [[f64; 3]; 2],
        shape: [usize; 3],
    ) -> [std::ops::Range<usize>; 3] {
        let corners: Vec<[f64; 3]> = (0..8)
            .map(|c| {
                let of = |axis: usize| if c >> axis & 1 == 1 { most[axis] } else { least[axis] };
                self.index([of(0), of(1), of(2)])
            })
            .collect();
        std::array::from_fn(|axis| {
            let of = corners.iter().map(|corner| corner[axis]);
            let (low, high) = of.fold((f64::MAX, f64::MIN), |(l, h), x| (l.min(x), h.max(x)));
            // A little wider: what lies on the surface counts.
            let from = (low - 1e-6).ceil().max(0.0) as usize;
            let to = ((high + 1e-6).floor() + 1.0).max(0.0) as usize;
            from.min(shape[axis])..to.min(shape[axis])
        })
    }
}
