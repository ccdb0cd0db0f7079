//! What lies around each pixel of a slice: sums over the voxels about it, each by its share. Where a grid's axes are those of space, values are
//! blended between two planes once, between two rows once a row of pixels, and then between columns: the same sums, for less.

use super::place::Place;
use super::slices::Slice;

/// A slice in pixels.
#[derive(Clone, Copy)]
pub(super) struct Pixels<'a> {
    pub slice: &'a Slice,
    pub window: &'a [[f64; 2]; 3],
    /// Columns and rows.
    pub size: [usize; 2],
    pub px_mm: f64,
}

impl Pixels<'_> {
    /// Where the middle of a pixel lies in space.
    fn mm(&self, column: usize, row: usize) -> [f64; 3] {
        let [across, down] = [column, row].map(|x| (x as f64 + 0.5) * self.px_mm);
        self.slice.mm(self.window, across, down)
    }
}

/// Of a grid with `F` numbers a voxel.
pub(super) struct Around<'a, const F: usize> {
    pixels: Pixels<'a>,
    place: &'a Place,
    of: &'a dyn Fn(usize) -> [f64; F],
    straight: Option<Straight<F>>,
}

impl<'a, const F: usize> Around<'a, F> {
    pub fn new(
        pixels: Pixels<'a>,
        place: &'a Place,
        of: &'a dyn Fn(usize) -> [f64; F],
    ) -> Around<'a, F> {
        Around { pixels, place, of, straight: Straight::new(&pixels, place, of) }
    }

    /// The sums about each pixel of a row, `[column]`.
    pub fn row(&self, row: usize) -> Vec<[f64; F]> {
        match &self.straight {
            Some(straight) => straight.row(row),
            None => {
                let at = |column| self.place.voxel(self.pixels.mm(column, row));
                (0..self.pixels.size[0]).map(|c| self.place.sum(at(c), self.of)).collect()
            }
        }
    }
}

/// Between two voxels: the lower one, and the share of the upper one.
type Between = (isize, f64);

/// A slice along the grid's own axes.
struct Straight<const F: usize> {
    /// Of each column of pixels both voxels with their shares.
    columns: Vec<[(usize, f64); 2]>,
    /// Of each row.
    rows: Vec<Between>,
    /// Voxels along the columns.
    n_across: usize,
    /// The plane of the slice, `[voxel along rows][voxel along columns]`.
    plane: Vec<[f64; F]>,
}

impl<const F: usize> Straight<F> {
    /// None where the grid is turned against space.
    fn new(
        pixels: &Pixels<'_>,
        place: &Place,
        of: &dyn Fn(usize) -> [f64; F],
    ) -> Option<Straight<F>> {
        let axis_of = place.axes_of_space()?;
        let [right, up] = pixels.slice.axes();
        let [across, down, through] = [right, up, pixels.slice.normal].map(|world| axis_of[world]);
        let between = |axis: usize, column: usize, row: usize| -> Between {
            let at = place.voxel(pixels.mm(column, row))[axis];
            (at.floor() as isize, at - at.floor())
        };
        let [ni, nj, _] = place.shape;
        let stride = [1, ni, ni * nj];
        let [n_across, n_down] = [across, down].map(|axis| place.shape[axis]);
        let mut plane = vec![[0.0; F]; n_across * n_down];
        for (k, share) in within(between(through, 0, 0), place.shape[through]) {
            for (at, sum) in plane.iter_mut().enumerate() {
                let [x, y] = [at % n_across, at / n_across];
                add(sum, share, of(x * stride[across] + y * stride[down] + k * stride[through]));
            }
        }
        let both = |column| {
            // Of what is left out, no share of the first.
            let mut both = [(0, 0.0); 2];
            let there = within(between(across, column, 0), n_across);
            both.iter_mut().zip(there).for_each(|(to, from)| *to = from);
            both
        };
        Some(Straight {
            columns: (0..pixels.size[0]).map(both).collect(),
            rows: (0..pixels.size[1]).map(|row| between(down, 0, row)).collect(),
            n_across,
            plane,
        })
    }

    fn row(&self, row: usize) -> Vec<[f64; F]> {
        let n_down = self.plane.len() / self.n_across;
        let mut line = vec![[0.0; F]; self.n_across];
        for (y, share) in within(self.rows[row], n_down) {
            let of_row = &self.plane[y * self.n_across..][..self.n_across];
            line.iter_mut().zip(of_row).for_each(|(sum, &values)| add(sum, share, values));
        }
        let about = |&[(a, of_a), (b, of_b)]: &[(usize, f64); 2]| {
            let mut sum = [0.0; F];
            add(&mut sum, of_a, line[a]);
            add(&mut sum, of_b, line[b]);
            sum
        };
        self.columns.iter().map(about).collect()
    }
}

/// The two voxels of `n`, each with its share; those beyond the grid, or of no share, are left out.
fn within((low, part): Between, n: usize) -> impl Iterator<Item = (usize, f64)> {
    let both = [(low, 1.0 - part), (low + 1, part)];
    let there = move |(at, share): (isize, f64)| {
        usize::try_from(at).ok().filter(|at| *at < n && share > 0.0).map(|at| (at, share))
    };
    both.into_iter().filter_map(there)
}

fn add<const F: usize>(sum: &mut [f64; F], share: f64, values: [f64; F]) {
    sum.iter_mut().zip(values).for_each(|(sum, value)| *sum += share * value);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::volume::Grid;

    /// The grid's axes: i to the front, j to the left, k up; and the same turned a little about z.
    fn grid(turned: f64) -> Grid {
        let (sin, cos) = turned.sin_cos();
        let affine = [
            [-3.0 * sin, -3.0 * cos, 0.0, 9.0],
            [3.0 * cos, -3.0 * sin, 0.0, -8.0],
            [0.0, 0.0, 4.0, -7.0],
            [0.0, 0.0, 0.0, 1.0],
        ];
        Grid { shape: [7, 6, 5], affine, voxel_size_mm: [3.0, 3.0, 4.0], is_placed: true }
    }

    #[test]
    fn sums_along_the_axes_are_those_at_each_place() {
        let window = [[-12.0, 15.0], [-14.0, 16.0], [-11.0, 13.0]];
        let of = |voxel: usize| [1.0, (voxel * 37 % 101) as f64];
        for (turned, is_straight) in [(0.0, true), (0.3, false)] {
            let place = Place::new(&grid(turned)).expect("a grid with a volume");
            for normal in 0..3 {
                let slice = Slice { normal, at_mm: 1.3 };
                let pixels = Pixels { slice: &slice, window: &window, size: [31, 33], px_mm: 0.9 };
                let around = Around::new(pixels, &place, &of);
                assert_eq!(around.straight.is_some(), is_straight);
                for row in 0..33 {
                    for (column, got) in around.row(row).into_iter().enumerate() {
                        let want = place.sum(place.voxel(pixels.mm(column, row)), of);
                        let near = |k: usize| (got[k] - want[k]).abs() < 1e-9;
                        assert!(near(0) && near(1), "{normal} {column} {row}: {got:?} {want:?}");
                    }
                }
            }
        }
    }
}
