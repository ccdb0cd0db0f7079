//! Which slices are shown, and how each is turned.

use super::place::extent;
use super::{Statmap, Underlay};
use crate::report::colour::Window;
use crate::volume::Grid;

/// Axial slices in a row at most.
const MOST: usize = 8;
/// Of the mask's voxels so many lie below the lowest slice of the row, and above the highest.
const OUTER: f64 = 0.03;
/// What is shown of an underlay around the mask at least, millimetres, and the least size of a picture where the underlay has it.
const AROUND_MM: f64 = 25.0;
const LEAST_MM: f64 = 140.0;
/// What of an underlay is dark: of the level that is white.
const DARK_LEVEL: f32 = 0.06;

/// A slice across a world axis.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Slice {
    /// The world axis it stands on: 0 sagittal, 1 coronal, 2 axial.
    pub normal: usize,
    /// Where, millimetres.
    pub at_mm: f64,
}

impl Slice {
    /// World axes to the right and up.
    pub fn axes(&self) -> [usize; 2] {
        [[1, 2], [0, 2], [0, 1]][self.normal]
    }

    /// Whether the axis to the right runs from high to low: a sagittal slice is seen from the left, front on the left.
    pub fn is_turned(&self) -> bool {
        self.normal == 0
    }

    /// What lies at the left edge and at the right, where the grid says it.
    pub fn marks(&self, grid: &Grid) -> [&'static str; 2] {
        match (grid.is_placed, self.normal) {
            (false, _) => ["?", "?"],
            (true, 0) => ["A", "P"],
            (true, _) => ["L", "R"],
        }
    }

    /// `x = −12 mm`.
    pub fn name(&self) -> String {
        let decimals = usize::from((self.at_mm - self.at_mm.round()).abs() > 0.05);
        let mm = crate::report::html::number(self.at_mm, decimals);
        format!("{} = {mm} mm", ["x", "y", "z"][self.normal])
    }

    /// Where a point of the slice lies in space: `across` and `down` in millimetres from the upper left corner of the window.
    pub fn mm(&self, window: &[[f64; 2]; 3], across: f64, down: f64) -> [f64; 3] {
        let [right, up] = self.axes();
        let mut mm = [0.0; 3];
        mm[self.normal] = self.at_mm;
        mm[right] =
            if self.is_turned() { window[right][1] - across } else { window[right][0] + across };
        mm[up] = window[up][1] - down;
        mm
    }

    /// The reverse: across and down of a point in space.
    pub fn on(&self, window: &[[f64; 2]; 3], mm: [f64; 3]) -> [f64; 2] {
        let [right, up] = self.axes();
        let across = match self.is_turned() {
            true => window[right][1] - mm[right],
            false => mm[right] - window[right][0],
        };
        [across, window[up][1] - mm[up]]
    }
}

/// The part of space that is shown: the mask, and around it what the underlay has of the head.
pub(super) fn window(map: &Statmap, head: Option<&[bool]>) -> Option<[[f64; 2]; 3]> {
    let mask = extent(&map.grid, |v| map.inside[v])?;
    let head = match (&map.underlay, head) {
        (Some(underlay), Some(head)) => extent(&underlay.grid, |v| head[v]),
        _ => None,
    };
    let mut window = mask;
    for axis in 0..3 {
        let [low, high] = mask[axis];
        let grow = AROUND_MM.max(0.5 * (LEAST_MM - (high - low)));
        if let Some(head) = head {
            window[axis] =
                [low.min(head[axis][0].max(low - grow)), high.max(head[axis][1].min(high + grow))];
        }
        // A margin, so that no outline lies on the edge.
        window[axis] = [window[axis][0] - 2.0, window[axis][1] + 2.0];
    }
    Some(window)
}

/// Through a voxel's centre, in all three planes.
pub(super) fn through(grid: &Grid, voxel: usize) -> [Slice; 3] {
    let mm = grid.millimetres(grid.coordinates(voxel));
    std::array::from_fn(|normal| Slice { normal, at_mm: mm[normal] })
}

/// Axial slices at even steps through the mask, from its lowest to its highest; on planes of voxels where the grid is level.
pub(super) fn row(map: &Statmap) -> Vec<Slice> {
    let mut heights = heights(&map.grid, &map.inside);
    heights.sort_unstable_by(|(a, _), (b, _)| a.total_cmp(b));
    let n_inside: usize = heights.iter().map(|(_, n)| n).sum();
    let Some(last) = n_inside.checked_sub(1) else { return Vec::new() };
    let outer = (OUTER * last as f64) as usize;
    let height = |nth: usize| {
        let below = heights.iter().scan(0, |sum, (height, n)| {
            *sum += n;
            Some((*height, *sum))
        });
        below.into_iter().find(|(_, below)| *below > nth).map_or(0.0, |(height, _)| height)
    };
    let [low, high] = [outer, last - outer].map(height);
    let step = (0..3).map(|c| map.grid.affine[2][c].abs()).fold(0.0, f64::max);
    let planes = if step > 0.0 { ((high - low) / step).round() as usize + 1 } else { 1 };
    let n = MOST.min(planes);
    let level = is_level(&map.grid);
    let at = |nth: usize| {
        let z = match n {
            1 => 0.5 * (low + high),
            _ => low + (high - low) * nth as f64 / (n - 1) as f64,
        };
        // `low` is a plane's own height there.
        if level && step > 0.0 { low + ((z - low) / step).round() * step } else { z }
    };
    (0..n).map(|nth| Slice { normal: 2, at_mm: at(nth) }).collect()
}

/// Whether height goes with one axis of the grid alone.
fn is_level(grid: &Grid) -> bool {
    let of_height = grid.affine[2][..3].iter().map(|a| a.abs());
    let step = of_height.clone().fold(0.0, f64::max);
    of_height.filter(|a| *a > 1e-6 * step).count() == 1
}

/// Heights of the mask's voxels, and how many lie at each; of a level grid by planes, or by lines of voxels.
fn heights(grid: &Grid, inside: &[bool]) -> Vec<(f64, usize)> {
    let height = |voxel: usize| grid.millimetres(grid.coordinates(voxel))[2];
    let [ni, nj, _] = grid.shape;
    let [along_i, along_j] = [0, 1].map(|c| grid.affine[2][c] != 0.0);
    let stretch = if along_i {
        1
    } else if along_j {
        ni
    } else {
        ni * nj
    };
    let stretches = inside.chunks(stretch.max(1)).enumerate();
    let counted = stretches
        .map(|(nth, inside)| (nth * stretch, inside.iter().filter(|inside| **inside).count()));
    counted.filter(|(_, n)| *n > 0).map(|(voxel, n)| (height(voxel), n)).collect()
}

/// What of an underlay is head: all but the dark voxels that are joined to the edge of the image. Air is dark, and so is what was cut away.
pub(super) fn head(underlay: &Underlay, greys: &Window) -> Vec<bool> {
    let dark = |value: f32| !value.is_finite() || greys.level(value) < DARK_LEVEL;
    let [ni, nj, nk] = underlay.grid.shape;
    let mut head = vec![true; underlay.values.len()];
    let mut open = Vec::new();
    let reach = |voxel: usize, head: &mut Vec<bool>, open: &mut Vec<usize>| {
        if head[voxel] && dark(underlay.values[voxel]) {
            head[voxel] = false;
            open.push(voxel);
        }
    };
    for voxel in 0..underlay.values.len() {
        let [i, j, k] = underlay.grid.coordinates(voxel);
        // An axis of one plane has no edge.
        let at_edge = |x: usize, n: usize| n > 1 && (x == 0 || x + 1 == n);
        if at_edge(i, ni) || at_edge(j, nj) || at_edge(k, nk) {
            reach(voxel, &mut head, &mut open);
        }
    }
    while let Some(voxel) = open.pop() {
        let [i, j, k] = underlay.grid.coordinates(voxel);
        for (x, n, step) in [(i, ni, 1), (j, nj, ni), (k, nk, ni * nj)] {
            if x > 0 {
                reach(voxel - step, &mut head, &mut open);
            }
            if x + 1 < n {
                reach(voxel + step, &mut head, &mut open);
            }
        }
    }
    head
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn heights_are_those_of_each_voxel_of_the_mask() {
        let shape = [3, 4, 5];
        let inside: Vec<bool> = (0..60).map(|voxel| voxel * 7 % 5 > 1).collect();
        // Level, and with the third row of its affine turned about x and about y.
        for of_height in [[0.0, 0.0, -2.0, 9.0], [0.0, 0.5, 2.0, -3.0], [0.25, 0.0, 2.0, -3.0]] {
            let mut affine = [[0.0; 4]; 4];
            (0..4).for_each(|d| affine[d][d] = 1.0);
            affine[2] = of_height;
            let grid = Grid { shape, affine, voxel_size_mm: [1.0; 3], is_placed: true };
            let at = |voxel: usize| grid.millimetres(grid.coordinates(voxel))[2];
            let mut want: Vec<f64> = (0..60).filter(|&v| inside[v]).map(at).collect();
            let found = heights(&grid, &inside).into_iter();
            let mut got: Vec<f64> = found.flat_map(|(mm, n)| std::iter::repeat_n(mm, n)).collect();
            want.sort_unstable_by(f64::total_cmp);
            got.sort_unstable_by(f64::total_cmp);
            assert_eq!(got, want);
        }
    }
}
