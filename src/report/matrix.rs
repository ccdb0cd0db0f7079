//! A matrix of what regions have to do with each other, as SVG: blue below 0, white at it, red above; regions of a network side by side, n/a grey. Letters and
//! lines are text and paths; the cells of many regions are one PNG.

use std::fmt::Write;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::error::{Error, Result};
use crate::report::colour::Colour;
use crate::report::html::{escaped, number};
use crate::report::letters::{self, Lines};
use crate::report::picture;

/// What is drawn.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Matrix {
    /// What it is of.
    pub title: String,
    /// Lines below that.
    pub notes: Vec<String>,
    /// Of the regions.
    pub names: Vec<String>,
    /// The network of each region, where it has one.
    pub networks: Vec<Option<String>>,
    /// `[row][column]`; what is not finite is n/a. The diagonal is left grey.
    pub values: Vec<f64>,
    /// What a value is: `r`, `partial r`.
    pub letter: String,
    /// Its degrees of freedom as a person reads them; empty where it has none.
    pub dof: String,
}

const MARGIN: f64 = 20.0;
/// Pixels that the cells take at most, and of one at most.
const SIDE: f64 = 620.0;
const LARGEST: f64 = 40.0;
/// From so many pixels a cell on names fit, and numbers.
const NAMED: f64 = 7.0;
const NUMBERED: f64 = 30.0;
/// More regions are drawn as pixels.
const DRAWN: usize = 60;
/// Pixels of a name, the rest of a longer one left out.
const NAME: f64 = 200.0;
/// How small a page may make the picture before it scrolls.
const SMALLEST: f64 = 0.7;
/// Pixels of the bar of colours, and from it to what is said beside it.
const BAR: f64 = 200.0;
const BESIDE: f64 = 14.0;
const LACKING: &str = "grey: n/a";
/// Of what stands on the paper, which a page may make dark, and of what stands on a light cell.
const INK: &str = "#1b1f24";
const WITHIN: &str = "#000000";
const FAINT: &str = "#57606a";
const NOTHING: Colour = [208.0, 215.0, 222.0];

/// The picture as a file of its own.
///
/// # Errors
/// Internal where lengths disagree or there is no region.
pub fn svg(matrix: &Matrix) -> Result<String> {
    const NAMESPACES: &str =
        "xmlns=\"http://www.w3.org/2000/svg\" xmlns:xlink=\"http://www.w3.org/1999/xlink\"";
    Ok(inline(matrix, "matrix")?.replacen("<svg ", &format!("<svg {NAMESPACES} "), 1))
}

/// The picture as an element of a page. `id`: unique there.
///
/// # Errors
/// Internal where lengths disagree or there is no region.
pub fn inline(matrix: &Matrix, id: &str) -> Result<String> {
    let n = matrix.names.len();
    if n == 0 || matrix.values.len() != n * n || matrix.networks.len() != n {
        return Err(Error::internal(
            "the matrix",
            format!(
                "has {} values and {} networks of {n} regions",
                matrix.values.len(),
                matrix.networks.len()
            ),
            "have one a pair",
            "this is a defect of boldly",
        ));
    }
    let order = order(&matrix.networks);
    let limit = limit(matrix);
    let cell = (SIDE / n as f64).min(LARGEST);
    let size = (0.8 * cell).clamp(6.0, 12.0);
    let longest = |of: &mut dyn Iterator<Item = f64>| of.fold(0.0, f64::max);
    let names = longest(&mut matrix.names.iter().map(|name| short(name, size).width(size)));
    let names = if cell < NAMED { 0.0 } else { names + 8.0 };
    let of_networks = matrix.networks.iter().flatten();
    let networks = longest(&mut of_networks.map(|name| short(name, 12.0).width(12.0)));
    let networks = if networks > 0.0 { networks + 18.0 } else { 0.0 };
    let (left, side) = (MARGIN + names, cell * n as f64);
    let heading = MARGIN + 16.0 + 18.0 * matrix.notes.len() as f64;
    let top = heading + 14.0 + names;
    let told = |text: &str, size: f64| letters::width(text, size) + 2.0 * MARGIN;
    let notes = matrix.notes.iter().map(|note| told(note, 12.0)).fold(0.0, f64::max);
    let bar = left
        + BAR
        + BESIDE
        + letters::width(&of_bar(matrix), 12.0).max(letters::width(LACKING, 12.0))
        + MARGIN;
    let width =
        (left + side + networks + MARGIN).max(told(&matrix.title, 18.0)).max(notes).max(bar);
    let height = top + side + 74.0;
    let mut drawing = Drawing { body: String::new() };
    drawing.text([MARGIN, MARGIN + 14.0], "start", 18.0, INK, &matrix.title);
    for (line, note) in matrix.notes.iter().enumerate() {
        drawing.text([MARGIN, MARGIN + 34.0 + 18.0 * line as f64], "start", 12.0, FAINT, note);
    }
    let at = Place { left, top, cell, size };
    drawing.cells(matrix, &order, limit, at)?;
    if cell >= NAMED {
        drawing.names(matrix, &order, at);
    }
    drawing.networks(matrix, &order, at);
    drawing.bar(matrix, limit, [left, top + side + 26.0])?;
    let said = format!(
        "{n} by {n} regions, {} from {} to {}",
        matrix.letter,
        number(-limit, 2),
        number(limit, 2)
    );
    Ok(format!(
        "<svg class=\"matrix\" id=\"{id}\" role=\"img\" style=\"max-width:max(100%,{:.0}px)\" width=\"{width:.0}\" height=\"{height:.0}\" viewBox=\"0 0 {width:.0} {height:.0}\" \
         aria-labelledby=\"{id}-title {id}-desc\" font-family=\"Helvetica, Arial, 'Liberation Sans', sans-serif\">\n\
         <title id=\"{id}-title\">{}</title>\n<desc id=\"{id}-desc\">{}</desc>\n\
         <rect width=\"{width:.0}\" height=\"{height:.0}\" fill=\"#ffffff\"/>\n{}</svg>\n",
        SMALLEST * width,
        escaped(&matrix.title),
        escaped(&said),
        drawing.body
    ))
}

/// Regions of a network side by side, networks as they first come, those without one last.
fn order(networks: &[Option<String>]) -> Vec<usize> {
    let first = |network: &String| networks.iter().position(|n| n.as_ref() == Some(network));
    let key = |at: &usize| networks[*at].as_ref().and_then(first).unwrap_or(usize::MAX);
    let mut order: Vec<usize> = (0..networks.len()).collect();
    order.sort_by_key(key);
    order
}

/// The value of the strongest colour: the largest off the diagonal, made round.
fn limit(matrix: &Matrix) -> f64 {
    let n = matrix.names.len();
    let off = (0..n * n).filter(|at| at / n != at % n).map(|at| matrix.values[at].abs());
    rounded(off)
}

/// The largest of sizes, made round; 1 where none is above 0.
pub(super) fn rounded(sizes: impl Iterator<Item = f64>) -> f64 {
    let most = sizes.filter(|v| v.is_finite()).fold(0.0, f64::max);
    if most == 0.0 {
        return 1.0;
    }
    let power = 10_f64.powf(most.log10().floor());
    let round = [1.0, 1.5, 2.0, 3.0, 4.0, 5.0, 6.0, 8.0, 10.0].map(|m| m * power);
    round.into_iter().find(|r| *r >= 0.999 * most).unwrap_or(most)
}

/// ColorBrewer's RdBu, from blue to red; `part` from -1 to 1.
pub(super) fn colour(part: f64) -> Colour {
    const STOPS: [Colour; 11] = [
        [5.0, 48.0, 97.0],
        [33.0, 102.0, 172.0],
        [67.0, 147.0, 195.0],
        [146.0, 197.0, 222.0],
        [209.0, 229.0, 240.0],
        [255.0, 255.0, 255.0],
        [253.0, 219.0, 199.0],
        [244.0, 165.0, 130.0],
        [214.0, 96.0, 77.0],
        [178.0, 24.0, 43.0],
        [103.0, 0.0, 31.0],
    ];
    if !part.is_finite() {
        return NOTHING;
    }
    let place = (part.clamp(-1.0, 1.0) + 1.0) * 5.0;
    let stop = (place as usize).min(9);
    let rest = (place - stop as f64) as f32;
    [0, 1, 2].map(|c| STOPS[stop][c] + rest * (STOPS[stop + 1][c] - STOPS[stop][c]))
}

pub(super) fn hex(colour: Colour) -> String {
    let [r, g, b] = colour.map(|c| c.round().clamp(0.0, 255.0) as u8);
    format!("#{r:02x}{g:02x}{b:02x}")
}

/// What a value is, and with how many degrees of freedom.
fn of_bar(matrix: &Matrix) -> String {
    match matrix.dof.as_str() {
        "" => matrix.letter.clone(),
        dof => format!("{}, {dof} degrees of freedom", matrix.letter),
    }
}

fn short(name: &str, size: f64) -> Lines {
    letters::lines(name, (NAME, size), 1)
}

/// Where the cells begin, their side, and the size of names.
#[derive(Clone, Copy)]
struct Place {
    left: f64,
    top: f64,
    cell: f64,
    size: f64,
}

/// On its way; what it says of looks stands in attributes, for a page's style must not change it.
struct Drawing {
    body: String,
}

impl Drawing {
    fn text(&mut self, at: [f64; 2], anchor: &str, size: f64, fill: &str, text: &str) {
        self.name(at, anchor, size, fill, &Lines::one(text));
    }

    fn name(&mut self, [x, y]: [f64; 2], anchor: &str, size: f64, fill: &str, name: &Lines) {
        let text = format!(
            "<text x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"{anchor}\" font-size=\"{size:.1}\" fill=\"{fill}\">{}</text>",
            escaped(&name.lines[0])
        );
        self.body += &(name.titled(&text) + "\n");
    }

    fn line(&mut self, [x1, y1]: [f64; 2], [x2, y2]: [f64; 2], width: f64) {
        let _ = writeln!(
            self.body,
            "<path d=\"M{x1:.1} {y1:.1}L{x2:.1} {y2:.1}\" stroke=\"{INK}\" stroke-width=\"{width}\"/>"
        );
    }

    fn pixels(
        &mut self,
        [x, y, width, height]: [f64; 4],
        n: [usize; 2],
        colours: &[Colour],
    ) -> Result<()> {
        let png = STANDARD.encode(picture::pixels(n, colours)?);
        let _ = writeln!(
            self.body,
            "<image x=\"{x:.2}\" y=\"{y:.2}\" width=\"{width:.2}\" height=\"{height:.2}\" preserveAspectRatio=\"none\" \
             style=\"image-rendering:pixelated\" xlink:href=\"data:image/png;base64,{png}\"/>"
        );
        Ok(())
    }

    fn cells(
        &mut self,
        matrix: &Matrix,
        order: &[usize],
        limit: f64,
        Place { left, top, cell, .. }: Place,
    ) -> Result<()> {
        let n = order.len();
        let value = |row: usize, column: usize| match row == column {
            true => f64::NAN,
            false => matrix.values[order[row] * n + order[column]],
        };
        let side = cell * n as f64;
        if n > DRAWN {
            let all = (0..n * n).map(|at| colour(value(at / n, at % n) / limit));
            self.pixels([left, top, side, side], [n, n], &all.collect::<Vec<_>>())?;
        }
        for (row, column) in (0..n * n).filter(|_| n <= DRAWN).map(|at| (at / n, at % n)) {
            let (x, y) = (left + column as f64 * cell, top + row as f64 * cell);
            let part = value(row, column) / limit;
            let _ = writeln!(
                self.body,
                "<rect x=\"{x:.2}\" y=\"{y:.2}\" width=\"{cell:.2}\" height=\"{cell:.2}\" fill=\"{}\" shape-rendering=\"crispEdges\"/>",
                hex(colour(part))
            );
            if cell >= NUMBERED && row != column {
                let ink = if part.abs() > 0.6 { "#ffffff" } else { WITHIN };
                let text = match part.is_finite() {
                    true => number(value(row, column), 2),
                    false => "n/a".to_owned(),
                };
                let size = (cell / 3.3).min(11.0);
                self.text([x + cell / 2.0, y + cell / 2.0 + 4.0], "middle", size, ink, &text);
            }
        }
        let corners =
            [[left, top], [left + side, top], [left + side, top + side], [left, top + side]];
        (0..4).for_each(|at| self.line(corners[at], corners[(at + 1) % 4], 0.8));
        Ok(())
    }

    fn names(&mut self, matrix: &Matrix, order: &[usize], Place { left, top, cell, size }: Place) {
        for (at, &region) in order.iter().enumerate() {
            let middle = (at as f64 + 0.5) * cell + 0.35 * size;
            let name = short(&matrix.names[region], size);
            self.name([left - 6.0, top + middle], "end", size, INK, &name);
            let (x, y) = (left + middle, top - 6.0);
            let text = format!(
                "<text transform=\"translate({x:.1} {y:.1}) rotate(-90)\" font-size=\"{size:.1}\" fill=\"{INK}\">{}</text>",
                escaped(&name.lines[0])
            );
            self.body += &(name.titled(&text) + "\n");
        }
    }

    /// Lines between networks, and what they are called.
    fn networks(&mut self, matrix: &Matrix, order: &[usize], Place { left, top, cell, .. }: Place) {
        let side = cell * order.len() as f64;
        let mut first = 0;
        for of in order.chunk_by(|a, b| matrix.networks[*a] == matrix.networks[*b]) {
            let (from, to) = (first as f64 * cell, (first + of.len()) as f64 * cell);
            first += of.len();
            if first < order.len() {
                self.line([left + to, top], [left + to, top + side], 1.4);
                self.line([left, top + to], [left + side, top + to], 1.4);
            }
            if let Some(name) = &matrix.networks[of[0]] {
                let x = left + side + 7.0;
                self.line([x, top + from + 1.5], [x, top + to - 1.5], 2.0);
                let y = top + (from + to) / 2.0 + 4.0;
                self.name([x + 7.0, y], "start", 12.0, INK, &short(name, 12.0));
            }
        }
    }

    fn bar(&mut self, matrix: &Matrix, limit: f64, [x, y]: [f64; 2]) -> Result<()> {
        const STEPS: usize = 101;
        let all: Vec<Colour> = (0..STEPS).map(|s| colour(s as f64 / 50.0 - 1.0)).collect();
        self.pixels([x, y, BAR, 12.0], [STEPS, 1], &all)?;
        let decimals = if limit >= 10.0 { 0 } else { (1.0 - limit.log10().floor()) as usize };
        for part in [-1.0, 0.0, 1.0] {
            let at = x + BAR * (part + 1.0) / 2.0;
            self.line([at, y + 12.0], [at, y + 16.0], 1.0);
            let text = if part == 0.0 { "0".to_owned() } else { number(part * limit, decimals) };
            self.text([at, y + 29.0], "middle", 11.0, INK, &text);
        }
        self.text([x + BAR + BESIDE, y + 11.0], "start", 12.0, INK, &of_bar(matrix));
        let n = matrix.names.len();
        let is_lacking = |at: usize| at / n != at % n && !matrix.values[at].is_finite();
        if (0..n * n).any(is_lacking) {
            self.text([x + BAR + BESIDE, y + 27.0], "start", 12.0, FAINT, LACKING);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn networks_stand_together_and_the_scale_is_round_and_leaves_the_diagonal_out() {
        let of = |network: &str| Some(network.to_owned()).filter(|n| !n.is_empty());
        assert_eq!(order(&["b", "", "a", "b", "a"].map(of)), [0, 3, 2, 4, 1]);
        let matrix = Matrix {
            names: vec!["x".to_owned(), "y".to_owned()],
            networks: vec![None, None],
            values: vec![1.0, -0.37, -0.37, 1.0],
            ..Matrix::default()
        };
        assert!((limit(&matrix) - 0.4).abs() < 1e-12);
        assert_eq!((hex(colour(0.0)), hex(colour(f64::NAN))), ("#ffffff".into(), "#d0d7de".into()));
        let [blue, red] = [-1.0, 1.0].map(colour);
        assert!(blue[2] > blue[0] && red[0] > red[2]);
    }
}
