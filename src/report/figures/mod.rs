//! Figures of a study as SVG for a page. Plain data in, text out; a figure that would be too small on a telephone is drawn twice, for a wide window and
//! for a narrow one, and the style sheet shows one of them.
//!
//! Arms differ by colour (blue, vermilion, green, purple of Okabe and Ito, which all who see colours badly tell apart), by mark (circle, square,
//! triangle, diamond; the first filled, the others open) and by line (the first whole, the others dashed).

use super::html::escaped;
use super::letters::{self, Lines};
use super::svg::{Anchor, Path, Plot, Scale, Svg};
use crate::trial::digits;

pub mod before_after;
pub mod changes;
pub mod consort;
pub mod curves;
pub mod edge_matrix;
pub mod forest;
pub mod scatter;
pub mod survival;
pub mod two_panels;

/// A value and its confidence limits.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Interval {
    /// The estimate.
    pub value: f64,
    /// Lower limit; minus infinity where there is none.
    pub low: f64,
    /// Upper limit; infinity where there is none.
    pub high: f64,
}

impl Interval {
    /// Decimals with which a quarter of it has two digits, two at least.
    fn decimals(&self) -> usize {
        digits::decimals((self.high - self.low) / 4.0).max(2)
    }

    /// Its value with digits that fit.
    fn said(&self) -> String {
        digits::written(self.value, self.decimals()).replace('-', "−")
    }
}

/// What a drawing may fill.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Room {
    Wide,
    Narrow,
}

impl Room {
    /// In pixels of the drawing.
    fn width(self) -> f64 {
        match self {
            Room::Wide => 880.0,
            Room::Narrow => 360.0,
        }
    }
}

/// Width of one of several drawings that stand beside each other where there is room.
const PANEL: f64 = 400.0;

/// A drawing in both rooms.
fn both(id: &str, title: &str, description: &str, draw: impl Fn(Room) -> Svg) -> String {
    let wide = draw(Room::Wide).finish(id, title, description);
    let narrow = draw(Room::Narrow).finish(&format!("{id}-narrow"), title, description);
    format!(
        "<div class=\"when-wide\">\n{wide}</div>\n<div class=\"when-narrow\">\n{narrow}</div>\n"
    )
}

/// One of several drawings that stand beside each other.
fn panel(drawing: &str) -> String {
    format!("<div class=\"panel\">\n{drawing}</div>\n")
}

/// A figure: its drawings, and what they show below.
#[must_use]
pub fn figure(label: &str, drawings: &str, caption: &str) -> String {
    format!(
        "<figure class=\"trial\" aria-label=\"{}\">\n<div class=\"panels\">\n{drawings}</div>\n<figcaption>{}</figcaption>\n</figure>\n",
        escaped(label),
        escaped(caption)
    )
}

/// The class of an arm's marks and lines.
fn arm_class(kind: &str, arm: usize) -> String {
    format!("{kind} arm-{}", arm % 4)
}

/// An arm's mark.
fn mark(path: &mut Path, arm: usize, [x, y]: [f64; 2], r: f64) {
    let corners: Vec<[f64; 2]> = match arm % 4 {
        0 => (0..14)
            .map(|k| {
                let (sin, cos) = (f64::from(k) * std::f64::consts::TAU / 14.0).sin_cos();
                [x + r * cos, y + r * sin]
            })
            .collect(),
        1 => [[-0.9, -0.9], [0.9, -0.9], [0.9, 0.9], [-0.9, 0.9]]
            .map(|[a, b]| [x + r * a, y + r * b])
            .to_vec(),
        2 => [[0.0, -1.2], [1.1, 0.8], [-1.1, 0.8]].map(|[a, b]| [x + r * a, y + r * b]).to_vec(),
        _ => [[0.0, -1.3], [1.3, 0.0], [0.0, 1.3], [-1.3, 0.0]]
            .map(|[a, b]| [x + r * a, y + r * b])
            .to_vec(),
    };
    path.polygon(&corners);
}

/// One mark as a path of its own.
fn marked(svg: &mut Svg, arm: usize, at: [f64; 2], r: f64) {
    let mut path = Path::default();
    mark(&mut path, arm, at, r);
    svg.path(&arm_class("mark", arm), &path);
}

/// A line over the confidence limits with short ends; an end beyond the plot becomes an arrow head.
fn whisker(path: &mut Path, scale: &Scale, of: &Interval, y: f64) {
    let (low, high) = (of.low.max(f64::MIN), of.high.min(f64::MAX));
    path.line([scale.within(low), y], [scale.within(high), y]);
    for (value, inward) in [(low, 1.0), (high, -1.0)] {
        let x = scale.within(value);
        if value < scale.from || value > scale.to {
            path.line([x + 5.0 * inward, y - 4.0], [x, y]);
            path.line([x, y], [x + 5.0 * inward, y + 4.0]);
        } else {
            path.line([x, y - 3.5], [x, y + 3.5]);
        }
    }
}

/// The same upright.
fn upright(path: &mut Path, scale: &Scale, of: &Interval, x: f64, half: f64) {
    let (low, high) = (scale.within(of.low.max(f64::MIN)), scale.within(of.high.min(f64::MAX)));
    path.line([x, low], [x, high]);
    for y in [low, high] {
        path.line([x - half, y], [x + half, y]);
    }
}

/// The least and the most of what is finite, with a margin; 0 to 1 where there is nothing.
fn span(values: impl Iterator<Item = f64>) -> [f64; 2] {
    let (low, high) = values
        .filter(|v| v.is_finite())
        .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), v| (low.min(v), high.max(v)));
    match (low < high, low.is_finite()) {
        (true, _) => [low - 0.04 * (high - low), high + 0.04 * (high - low)],
        (false, true) => [low - 1.0, high + 1.0],
        _ => [0.0, 1.0],
    }
}

/// Arms with their marks, or with pieces of their lines, in as many lines as they need; where the last ends.
fn legend(svg: &mut Svg, arms: &[String], [left, top]: [f64; 2], right: f64) -> f64 {
    keyed(svg, arms, [left, top], right, 16.0, |svg, arm, [x, y]| {
        marked(svg, arm, [x + 6.0, y], 4.5);
    })
}

/// The same for curves without marks.
fn legend_of_lines(svg: &mut Svg, arms: &[String], [left, top]: [f64; 2], right: f64) -> f64 {
    keyed(svg, arms, [left, top], right, 32.0, |svg, arm, [x, y]| {
        let mut line = Path::default();
        line.line([x, y], [x + 26.0, y]);
        svg.path(&arm_class("curve", arm), &line);
    })
}

/// `key`: what stands before a name, which begins `wide` pixels after it.
fn keyed(
    svg: &mut Svg,
    arms: &[String],
    [left, top]: [f64; 2],
    right: f64,
    wide: f64,
    key: impl Fn(&mut Svg, usize, [f64; 2]),
) -> f64 {
    let (mut x, mut y) = (left, top);
    for (arm, name) in arms.iter().enumerate() {
        let name = fitted(name, right - left - wide, 12.0);
        let room = wide + 14.0 + name.width(12.0);
        if x > left && x + room - 14.0 > right {
            (x, y) = (left, y + 18.0);
        }
        key(svg, arm, [x, y]);
        svg.lines("label", [x + wide, y + 4.0], Anchor::Start, (&name, 0.0));
        x += room;
    }
    y
}

/// A text in as many lines of this width as it needs.
fn wrapped(text: &str, width: f64, size: f64) -> Vec<String> {
    letters::lines(&text.replace(['\n', '\t'], " "), (width, size), usize::MAX).lines
}

/// What is along an axis below a plot, in as many lines as it needs; how many.
fn below(svg: &mut Svg, plot: &Plot, text: &str, room: f64) -> f64 {
    let lines = wrapped(text, room, 12.0);
    for (nth, line) in lines.iter().enumerate() {
        let at = [plot.left + 0.5 * plot.width, plot.bottom() + 32.0 + 14.0 * nth as f64];
        svg.text("label", at, Anchor::Middle, line);
    }
    lines.len() as f64
}

/// A text in one line of this width, whole in a title where it is cut.
fn fitted(text: &str, width: f64, size: f64) -> Lines {
    letters::lines(text, (width, size), 1)
}

/// What is along the axis of a panel left of its plot: it stands above it, in two lines at most.
struct Upward(Lines);

impl Upward {
    const STEP: f64 = 14.0;

    fn new(text: &str) -> Upward {
        Upward(letters::lines(text, (PANEL, 12.0), 2))
    }

    /// Pixels that it takes above a plot beyond one line.
    fn more(&self) -> f64 {
        Upward::STEP * (self.0.lines.len() as f64 - 1.0)
    }

    fn draw(&self, svg: &mut Svg, plot: &Plot) {
        let at = [0.0, plot.top - 10.0 - self.more()];
        svg.lines("label", at, Anchor::Start, (&self.0, Upward::STEP));
    }
}
