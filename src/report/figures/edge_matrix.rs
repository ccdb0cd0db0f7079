//! Edges between regions as a matrix: below the diagonal a value of each on a scale from blue over white to red, above it which are found.

use super::{Room, both, fitted};
use crate::report::colour::Colour;
use crate::report::html::number;
use crate::report::letters;
use crate::report::matrix::{self, colour, hex};
use crate::report::picture;
use crate::report::svg::{Anchor, Path, Svg};

/// All edges.
#[derive(Debug, Clone, PartialEq)]
pub struct EdgeMatrix {
    /// What a value is: `difference of Fisher's z`.
    pub value: String,
    /// The regions.
    pub names: Vec<String>,
    /// Two places in `names` each; a pair that is not there is n/a.
    pub edges: Vec<Edge>,
}

/// One edge.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Edge {
    /// Of its regions.
    pub regions: [usize; 2],
    /// NaN: n/a.
    pub value: f64,
    /// How sure it is.
    pub mark: Mark,
}

/// What stands above the diagonal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mark {
    /// q below .05.
    Found,
    /// p below .05, q not.
    Perhaps,
    /// Neither.
    Nothing,
}

/// From so many pixels a cell on names fit beside it, and a number in it.
const NAMED: f64 = 14.0;
const NUMBERED: f64 = 38.0;
/// More regions are drawn as pixels.
const DRAWN: usize = 60;
/// Colours on either side of 0: cells of one colour are one path.
const STEPS: f64 = 24.0;
/// A cell at most.
const LARGEST: f64 = 46.0;
const INK: Colour = [27.0, 31.0, 36.0];

/// The drawing. `id`: unique on the page.
#[must_use]
pub fn draw(of: &EdgeMatrix, id: &str) -> String {
    let n = of.names.len();
    let count = |mark: Mark| of.edges.iter().filter(|edge| edge.mark == mark).count();
    let found = count(Mark::Found);
    let marks = match is_of_pixels(n) {
        true => format!("a dark cell where q is below .05 ({found} edges)"),
        false => format!(
            "a filled dot where q is below .05 ({found} edges) and a ring where p alone is ({})",
            count(Mark::Perhaps)
        ),
    };
    let description = format!(
        "A matrix of {n} regions, {} edges. Below the diagonal the {}, blue below 0 and red above; above it {marks}. The numbers stand in the table below.",
        of.edges.len(),
        of.value,
    );
    both(id, &format!("Edges: {}", of.value), &description, |room| drawn(of, room))
}

/// Whether so many regions are drawn as pixels: a cell is too small for a dot or a ring.
#[must_use]
pub fn is_of_pixels(n_regions: usize) -> bool {
    n_regions > DRAWN
}

/// Where cells are.
struct Place {
    left: f64,
    top: f64,
    cell: f64,
    n: usize,
}

impl Place {
    /// The box of a cell.
    fn at(&self, row: usize, column: usize) -> [f64; 2] {
        [self.left + column as f64 * self.cell, self.top + row as f64 * self.cell]
    }

    fn side(&self) -> f64 {
        self.cell * self.n as f64
    }
}

fn drawn(of: &EdgeMatrix, room: Room) -> Svg {
    let width = room.width();
    let n = of.names.len().max(1);
    let widest = if room == Room::Wide { 180.0 } else { 96.0 };
    let names = of.names.iter().map(|name| letters::width(name, 11.0)).fold(0.0, f64::max);
    let names = names.min(widest) + 8.0;
    let most = if room == Room::Wide { 620.0 } else { width - 4.0 };
    // Names take room of their own, if any is left for them.
    let with_names = (most - names) / n as f64;
    let has_names = with_names >= NAMED;
    let margin = if has_names { names } else { 2.0 };
    let cell = if has_names { with_names } else { (most - 4.0) / n as f64 }.min(LARGEST);
    let top = if has_names { names } else { 4.0 };
    let place = Place { left: margin, top, cell, n };
    let mut svg = Svg::new(width, 0.0);
    let limit = matrix::rounded(of.edges.iter().map(|edge| edge.value.abs()));
    match is_of_pixels(n) {
        true => pixels(&mut svg, of, limit, &place),
        false => cells(&mut svg, of, limit, &place),
    }
    frame(&mut svg, &place);
    if has_names {
        for (at, name) in of.names.iter().enumerate() {
            let name = fitted(name, names - 6.0, 11.0);
            let middle = (at as f64 + 0.5) * cell + 4.0;
            svg.lines("tick", [margin - 6.0, top + middle], Anchor::End, (&name, 0.0));
            svg.lines_upwards("tick", [margin + middle, top - 6.0], (&name, 0.0));
        }
    }
    let bottom = scale(&mut svg, of, limit, [place.left, top + place.side() + 20.0]);
    svg.set_height(bottom);
    svg
}

/// The edge of each pair, below and above the diagonal: the larger place is the row.
fn ordered(edge: &Edge) -> [usize; 2] {
    let [a, b] = edge.regions;
    [a.max(b), a.min(b)]
}

fn cells(svg: &mut Svg, of: &EdgeMatrix, limit: f64, place: &Place) {
    let mut known = vec![None; place.n * place.n];
    of.edges.iter().for_each(|edge| {
        let [row, column] = ordered(edge);
        known[row * place.n + column] = Some(*edge);
    });
    let mut by_colour: Vec<(String, Path)> = Vec::new();
    let (mut found, mut perhaps) = (Path::default(), Path::default());
    let radius = (0.22 * place.cell).clamp(1.5, 6.0);
    for (row, column) in (0..place.n).flat_map(|row| (0..row).map(move |column| (row, column))) {
        let edge = known[row * place.n + column];
        let value = edge.map_or(f64::NAN, |edge| edge.value);
        let part = (value / limit * STEPS).round() / STEPS;
        let fill = hex(colour(part));
        let at = by_colour.iter().position(|(own, _)| *own == fill).unwrap_or_else(|| {
            by_colour.push((fill, Path::default()));
            by_colour.len() - 1
        });
        let [x, y] = place.at(row, column);
        by_colour[at].1.bar(x, y, place.cell, place.cell);
        // Across the diagonal.
        let [x, y] = place.at(column, row).map(|corner| corner + 0.5 * place.cell);
        match edge.map(|edge| edge.mark) {
            Some(Mark::Found) => super::mark(&mut found, 0, [x, y], radius),
            Some(Mark::Perhaps) => super::mark(&mut perhaps, 0, [x, y], radius),
            _ => {}
        }
    }
    by_colour.iter().for_each(|(fill, path)| svg.coloured(fill, path));
    svg.path("solid", &found);
    svg.path("limits", &perhaps);
    if place.cell < NUMBERED {
        return;
    }
    for edge in &of.edges {
        let [row, column] = ordered(edge);
        let [x, y] = place.at(row, column).map(|corner| corner + 0.5 * place.cell);
        let is_dark = (edge.value / limit).abs() > 0.6;
        let text = match edge.value.is_finite() {
            true => number(edge.value, 2),
            false => "n/a".to_owned(),
        };
        svg.text(if is_dark { "on-dark" } else { "on-light" }, [x, y + 4.0], Anchor::Middle, &text);
    }
}

/// Of many regions: a pixel a cell.
fn pixels(svg: &mut Svg, of: &EdgeMatrix, limit: f64, place: &Place) {
    let n = place.n;
    let [white, nothing] = [colour(0.0), colour(f64::NAN)];
    let mut all: Vec<Colour> =
        (0..n * n).map(|at| if at / n > at % n { nothing } else { white }).collect();
    for edge in &of.edges {
        let [row, column] = ordered(edge);
        all[row * n + column] = colour((edge.value / limit * STEPS).round() / STEPS);
        if edge.mark == Mark::Found {
            all[column * n + row] = INK;
        }
    }
    // Pixels of a size that fits cannot fail.
    if let Ok(png) = picture::pixels([n, n], &all) {
        svg.png([place.left, place.top, place.side(), place.side()], &png);
    }
}

fn frame(svg: &mut Svg, place: &Place) {
    let (mut line, [x, y]) = (Path::default(), place.at(0, 0));
    line.bar(x, y, place.side(), place.side());
    line.line([x, y], [x + place.side(), y + place.side()]);
    svg.path("axis", &line);
}

/// The colours with their values, and what the marks say; where it ends.
fn scale(svg: &mut Svg, of: &EdgeMatrix, limit: f64, [x, y]: [f64; 2]) -> f64 {
    const WIDTH: f64 = 196.0;
    let steps = 2 * STEPS as usize + 1;
    for step in 0..steps {
        let mut bar = Path::default();
        let wide = WIDTH / steps as f64;
        bar.bar(x + step as f64 * wide, y, wide + 0.3, 12.0);
        svg.coloured(&hex(colour(step as f64 / STEPS - 1.0)), &bar);
    }
    let decimals = if limit >= 10.0 { 0 } else { (1.0 - limit.log10().floor()) as usize };
    for part in [-1.0, 0.0, 1.0] {
        let anchor = match part {
            -1.0 => Anchor::Start,
            0.0 => Anchor::Middle,
            _ => Anchor::End,
        };
        let text = if part == 0.0 { "0".to_owned() } else { number(part * limit, decimals) };
        svg.text("tick", [x + WIDTH * (part + 1.0) / 2.0, y + 26.0], anchor, &text);
    }
    svg.text("label", [x, y + 46.0], Anchor::Start, &of.value);
    let (mut found, mut perhaps) = (Path::default(), Path::default());
    if is_of_pixels(of.names.len()) {
        found.bar(x, y + 59.0, 10.0, 10.0);
        svg.coloured(&hex(INK), &found);
    } else {
        super::mark(&mut found, 0, [x + 5.0, y + 64.0], 4.5);
        svg.path("solid", &found);
    }
    svg.text("label", [x + 16.0, y + 68.0], Anchor::Start, "q < .05");
    if !is_of_pixels(of.names.len()) {
        super::mark(&mut perhaps, 0, [x + 85.0, y + 64.0], 4.5);
        svg.path("limits", &perhaps);
        svg.text("label", [x + 96.0, y + 68.0], Anchor::Start, "p < .05 alone");
    }
    y + 78.0
}
