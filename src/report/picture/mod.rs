//! Slices of a map over a grey image, several maps side by side, as a PNG: for a look, not for measuring.
//!
//! Both image and map are interpolated linearly between voxel centres; where |map| is below the threshold the image
//! shows. Left is left. Millimetres are square: all cuts share one scale.

use crate::error::{Error, Result};
use crate::volume::Grid;

mod canvas;

use super::colour::{Colour, DARK as PAPER, Window, colour_of};
use canvas::{Canvas, Size, text_width};

/// A plane through the grid, by voxel index.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cut {
    /// All voxels of one i.
    I(usize),
    /// All voxels of one j.
    J(usize),
    /// All voxels of one k.
    K(usize),
}

/// One map to show.
#[derive(Debug, Clone, Copy)]
pub struct Panel<'a> {
    /// The line above it (Latin-1).
    pub title: &'a str,
    /// A smaller line below the title; may be empty.
    pub note: &'a str,
    /// Grey image, `[voxel]`.
    pub background: &'a [f32],
    /// Map, `[voxel]`; what is not finite is not shown.
    pub overlay: &'a [f32],
    /// A region to outline, `[voxel]`.
    pub outline: Option<&'a [bool]>,
    /// The smallest |map| that shows.
    pub threshold: f32,
    /// The |map| at which the colours begin; that of the threshold or below.
    pub floor: f32,
    /// The |map| at which the colours end.
    pub max: f32,
}

const INK: Colour = [232.0, 234.0, 237.0];
const FAINT: Colour = [150.0, 156.0, 164.0];
const OUTLINE: Colour = [110.0, 235.0, 150.0];
const MARGIN: usize = 18;
const GAP: usize = 8;
const HEAD: usize = 58;
const BAR: [usize; 2] = [16, 180];
/// The longest edge of a cut in pixels.
const LONGEST: f64 = 250.0;

/// The cuts through the middle of a region: across i, across j, across k.
#[must_use]
pub fn cuts_through(grid: &Grid, inside: &[bool]) -> [Cut; 3] {
    let (mut sum, mut count) = ([0.0; 3], 0.0);
    for (voxel, _) in inside.iter().enumerate().filter(|v| *v.1) {
        let at = grid.coordinates(voxel);
        (0..3).for_each(|axis| sum[axis] += at[axis] as f64);
        count += 1.0;
    }
    let middle = |axis: usize| match count {
        0.0 => grid.shape[axis] / 2,
        _ => (sum[axis] / count).round() as usize,
    };
    [Cut::I(middle(0)), Cut::J(middle(1)), Cut::K(middle(2))]
}

/// A PNG of grey levels `[row][column]` of so many columns: black at -1, white at 1.
///
/// # Errors
/// Internal when there is nothing to show, or the last row is not whole.
pub fn greys(n_columns: usize, levels: &[f32]) -> Result<Vec<u8>> {
    if n_columns == 0 || levels.is_empty() || !levels.len().is_multiple_of(n_columns) {
        let found = format!("has {} values in {n_columns} columns", levels.len());
        return Err(Error::internal("the picture", found, "have whole rows", ""));
    }
    let mut canvas = Canvas::new(n_columns, levels.len() / n_columns, PAPER);
    for (at, level) in levels.iter().enumerate() {
        let grey = 127.5 * (1.0 + level.clamp(-1.0, 1.0));
        canvas.set(at % n_columns, at / n_columns, [grey; 3]);
    }
    canvas.png()
}

/// A PNG of colours, so many columns and rows, `[row][column]`.
///
/// # Errors
/// Internal where they are not as many.
pub(super) fn pixels([columns, rows]: [usize; 2], colours: &[Colour]) -> Result<Vec<u8>> {
    if colours.is_empty() || colours.len() != columns * rows {
        let found = format!("has {} colours for {columns} x {rows}", colours.len());
        return Err(Error::internal("the picture", found, "have one a pixel", ""));
    }
    let mut canvas = Canvas::new(columns, rows, PAPER);
    for (at, colour) in colours.iter().enumerate() {
        canvas.set(at % columns, at / columns, *colour);
    }
    canvas.png()
}

/// A PNG with the panels side by side; each shows the cuts in rows of two, with one colour bar a panel.
///
/// # Errors
/// Internal when a map does not have the grid's size, a cut lies outside it, or there is nothing to show.
pub fn panels(panels: &[Panel], grid: &Grid, cuts: &[Cut]) -> Result<Vec<u8>> {
    check(panels, grid, cuts)?;
    let views: Vec<View> = cuts.iter().map(|&cut| View::new(grid, cut)).collect();
    let extent = |axis: usize| views.iter().map(|v| v.size_mm()[axis]).fold(0.0, f64::max);
    let px_per_mm = LONGEST / extent(0).max(extent(1));
    let cell = [0, 1].map(|axis| (extent(axis) * px_per_mm).round().max(1.0) as usize);
    let columns = cuts.len().min(2);
    let rows = cuts.len().div_ceil(columns);
    let body = rows * (cell[1] + GAP) - GAP;
    let bar_column = 3 * GAP + BAR[0] + text_width("-00.0", Size::Small);
    let images = columns * (cell[0] + GAP) - GAP;
    let panel_width = images + bar_column;
    let width = 2 * MARGIN + panels.len() * (panel_width + MARGIN) - MARGIN;
    let mut canvas = Canvas::new(width, MARGIN + HEAD + body.max(BAR[1] + 24) + MARGIN, PAPER);
    for (nth, panel) in panels.iter().enumerate() {
        let left = MARGIN + nth * (panel_width + MARGIN);
        canvas.text(left, MARGIN - 4, Size::Large, panel.title, INK);
        canvas.text(left, MARGIN + 24, Size::Small, panel.note, FAINT);
        let window = Window::of(panel.background);
        for (at, view) in views.iter().enumerate() {
            let x = left + at % columns * (cell[0] + GAP);
            let y = MARGIN + HEAD + at / columns * (cell[1] + GAP);
            draw_cut(&mut canvas, panel, view, &window, ([x, y], cell, px_per_mm));
        }
        let bar = [left + images + 2 * GAP, MARGIN + HEAD + 8];
        draw_bar(&mut canvas, panel, bar);
    }
    canvas.png()
}

fn check(panels: &[Panel], grid: &Grid, cuts: &[Cut]) -> Result<()> {
    let bad = |found: String, expected: &str| {
        Err(Error::internal("the picture", found, expected, "this is a defect of boldly"))
    };
    if panels.is_empty() || cuts.is_empty() {
        return bad("has no panel or no cut".into(), "show something");
    }
    for cut in cuts {
        let (axis, index) = cut.place();
        if index >= grid.shape[axis] {
            return bad(format!("has the cut {cut:?} of a grid {:?}", grid.shape), "lie within");
        }
    }
    for panel in panels {
        let n = grid.n_voxels();
        let outline = panel.outline.map_or(n, <[bool]>::len);
        if [panel.background.len(), panel.overlay.len(), outline] != [n; 3] {
            return bad(format!("has a panel not of {n} voxels"), "match the grid");
        }
        if !(panel.floor >= 0.0 && panel.floor <= panel.threshold) {
            let found =
                format!("has colours from {} for a threshold of {}", panel.floor, panel.threshold);
            return bad(found, "begin them at the threshold or below");
        }
        if !(panel.threshold >= 0.0 && panel.max > panel.threshold && panel.max.is_finite()) {
            let found = format!("runs from {} to {}", panel.threshold, panel.max);
            return bad(found, "have a threshold of 0 or more and a larger end of the colours");
        }
    }
    Ok(())
}

impl Cut {
    fn place(self) -> (usize, usize) {
        match self {
            Cut::I(index) => (0, index),
            Cut::J(index) => (1, index),
            Cut::K(index) => (2, index),
        }
    }
}

/// A cut turned so that left is left, front is left or up, and the head is up.
struct View<'a> {
    grid: &'a Grid,
    cut: Cut,
    /// Voxel axis and direction that run to the right and down on the picture.
    across: (usize, f64),
    down: (usize, f64),
    marks: [char; 2],
    /// The cut's place along its world axis.
    place: String,
}

impl<'a> View<'a> {
    fn new(grid: &'a Grid, cut: Cut) -> View<'a> {
        // For each voxel axis the world axis that it follows best, and in which sense.
        let world = |axis: usize| {
            let along = |row: usize| grid.affine[row][axis];
            let best = (1..3).fold(0, |b, r| if along(r).abs() > along(b).abs() { r } else { b });
            (best, if along(best) < 0.0 { -1.0 } else { 1.0 })
        };
        let (normal, index) = cut.place();
        let (a, b) = [(1, 2), (0, 2), (0, 1)][normal];
        // Of the two axes in the plane the one that follows the higher world axis runs up.
        let (across, up) = if world(a).0 <= world(b).0 { (a, b) } else { (b, a) };
        let (axis, sense) = world(across);
        // A sagittal cut looks from the left: front on the left.
        let sense = if axis == 1 { -sense } else { sense };
        let marks = [['L', 'R'], ['A', 'P'], ['I', 'S']][axis];
        let middle = |axis: usize| (grid.shape[axis] as f64 - 1.0) / 2.0;
        let normal_world = world(normal).0;
        let mm: f64 = (0..3)
            .map(|c| {
                grid.affine[normal_world][c] * if c == normal { index as f64 } else { middle(c) }
            })
            .sum::<f64>()
            + grid.affine[normal_world][3];
        View {
            grid,
            cut,
            across: (across, sense),
            down: (up, -world(up).1),
            marks,
            place: format!("{} = {mm:.0}", ["x", "y", "z"][normal_world]),
        }
    }

    fn size_mm(&self) -> [f64; 2] {
        [self.across.0, self.down.0].map(|a| self.grid.shape[a] as f64 * self.grid.voxel_size_mm[a])
    }

    /// Voxel coordinates of a point given in millimetres from the cut's upper left corner; none outside.
    fn voxel(&self, at_mm: [f64; 2]) -> Option<[f64; 3]> {
        let (normal, index) = self.cut.place();
        let mut place = [0.0; 3];
        place[normal] = index as f64;
        for ((axis, sense), mm) in [self.across, self.down].into_iter().zip(at_mm) {
            let n = self.grid.shape[axis] as f64;
            let along = mm / self.grid.voxel_size_mm[axis];
            if !(0.0..=n).contains(&along) {
                return None;
            }
            place[axis] = if sense > 0.0 { along } else { n - along } - 0.5;
        }
        Some(place)
    }
}

/// Linear interpolation at voxel coordinates, the edge continued.
fn sample(values: &[f32], grid: &Grid, at: [f64; 3]) -> f32 {
    let [ni, nj, _] = grid.shape;
    let mut sum = 0.0_f64;
    for corner in 0..8 {
        let (mut weight, mut index) = (1.0_f64, [0; 3]);
        for axis in 0..3 {
            let x = at[axis].clamp(0.0, grid.shape[axis] as f64 - 1.0);
            let part = x - x.floor();
            let upper = corner >> axis & 1 == 1;
            weight *= if upper { part } else { 1.0 - part };
            index[axis] = (x as usize + usize::from(upper)).min(grid.shape[axis] - 1);
        }
        if weight > 0.0 {
            sum += weight * f64::from(values[index[0] + ni * (index[1] + nj * index[2])]);
        }
    }
    sum as f32
}

/// The colour of a map's value; none below the threshold.
fn overlay_colour(panel: &Panel, value: f32) -> Option<Colour> {
    if !value.is_finite() || value.abs() < panel.threshold || value == 0.0 {
        return None;
    }
    let part = (value.abs() - panel.floor) / (panel.max - panel.floor);
    Some(colour_of(part, value > 0.0))
}

fn draw_cut(
    canvas: &mut Canvas,
    panel: &Panel,
    view: &View,
    window: &Window,
    (corner, cell, px_per_mm): ([usize; 2], [usize; 2], f64),
) {
    let size = view.size_mm().map(|mm| mm * px_per_mm);
    let offset = [0, 1].map(|axis| (cell[axis] as f64 - size[axis]) / 2.0);
    let point =
        |x: f64, y: f64| view.voxel([(x - offset[0]) / px_per_mm, (y - offset[1]) / px_per_mm]);
    let inside = |x: f64, y: f64| -> bool {
        let (Some(outline), Some(at)) = (panel.outline, point(x, y)) else { return false };
        let [i, j, k] =
            [0, 1, 2].map(|a| (at[a].round().max(0.0) as usize).min(view.grid.shape[a] - 1));
        outline[i + view.grid.shape[0] * (j + view.grid.shape[1] * k)]
    };
    for row in 0..cell[1] {
        for column in 0..cell[0] {
            let (x, y) = (column as f64 + 0.5, row as f64 + 0.5);
            let Some(at) = point(x, y) else { continue };
            let here = inside(x, y);
            let edge = here
                && [(-1.5, 0.0), (1.5, 0.0), (0.0, -1.5), (0.0, 1.5)]
                    .iter()
                    .any(|(dx, dy)| !inside(x + dx, y + dy));
            let colour = if edge {
                OUTLINE
            } else {
                overlay_colour(panel, sample(panel.overlay, view.grid, at))
                    .unwrap_or_else(|| window.grey(sample(panel.background, view.grid, at)))
            };
            canvas.set(corner[0] + column, corner[1] + row, colour);
        }
    }
    let [left, right] = view.marks.map(String::from);
    let middle = (corner[1] + cell[1] / 2).saturating_sub(12);
    canvas.text(corner[0] + 3, middle, Size::Small, &left, FAINT);
    canvas.text((corner[0] + cell[0]).saturating_sub(17), middle, Size::Small, &right, FAINT);
    let low = (corner[1] + cell[1]).saturating_sub(24);
    canvas.text(corner[0] + 3, low, Size::Small, &view.place, FAINT);
}

/// The colour bar: the negative end below where any value is negative, grey between the thresholds, ticks with their values.
fn draw_bar(canvas: &mut Canvas, panel: &Panel, [x, y]: [usize; 2]) {
    let is_signed = panel.overlay.iter().any(|v| *v < 0.0);
    let span = if is_signed { 2.0 } else { 1.0 };
    let value = |row: f32| panel.max * (1.0 - span * row / (BAR[1] as f32 - 1.0));
    for row in 0..BAR[1] {
        let colour = overlay_colour(panel, value(row as f32)).unwrap_or([58.0, 62.0, 68.0]);
        canvas.rectangle(x, y + row, [BAR[0], 1], colour);
    }
    let mut tick = |at: f32| {
        let row = ((1.0 - at / panel.max) / span * (BAR[1] as f32 - 1.0)).round() as usize;
        canvas.rectangle(x + BAR[0], y + row, [4, 1], FAINT);
        let label = if at == 0.0 { "0".into() } else { short(at) };
        canvas.text(x + BAR[0] + 7, (y + row).saturating_sub(12), Size::Small, &label, FAINT);
    };
    let between = if panel.threshold > 0.1 * panel.max { panel.threshold } else { 0.0 };
    tick(panel.max);
    tick(between);
    if is_signed {
        tick(-panel.max);
        tick(-between);
    }
}

/// A number in few letters.
fn short(value: f32) -> String {
    if value.fract() == 0.0 || value.abs() >= 100.0 {
        format!("{value:.0}")
    } else {
        format!("{value:.1}")
    }
}
