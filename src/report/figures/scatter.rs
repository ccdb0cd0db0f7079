//! Two measures of each patient against each other, arms by mark, a straight line with its confidence band.

use super::{PANEL, Upward, arm_class, legend, mark, panel, span};
use crate::report::letters;
use crate::report::svg::{Anchor, Path, Plot, Svg};

/// All points.
#[derive(Debug, Clone, PartialEq)]
pub struct Scatter {
    /// What is against what.
    pub name: String,
    /// Below it: `partial r = −.16 (−.38 to .08), p = .186, n = 73`.
    pub note: String,
    /// What is along the axes, with units.
    pub axes: [String; 2],
    /// In the order of their colours.
    pub arms: Vec<Arm>,
    /// From left to right; empty: no line.
    pub line: Vec<Fitted>,
}

/// One arm.
#[derive(Debug, Clone, PartialEq)]
pub struct Arm {
    /// As the table of participants calls it.
    pub name: String,
    /// A patient each.
    pub points: Vec<[f64; 2]>,
}

/// The line at one place.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Fitted {
    /// Along the first axis.
    pub x: f64,
    /// Along the second, with its limits.
    pub y: super::Interval,
}

/// The drawing. `id`: unique on the page.
#[must_use]
pub fn draw(of: &Scatter, id: &str) -> String {
    let n: usize = of.arms.iter().map(|a| a.points.len()).sum();
    let description = format!(
        "{n} patients, a mark each: {} across, {} upwards. {}",
        of.axes[0], of.axes[1], of.note
    );
    panel(&drawn(of).finish(id, &of.name, &description))
}

fn drawn(of: &Scatter) -> Svg {
    let title = super::wrapped(&of.name, PANEL, letters::bold(13.0));
    let note = super::wrapped(&of.note, PANEL, 11.0);
    let top = 15.0 + 17.0 * title.len() as f64 + 14.0 * note.len() as f64;
    let mut svg = Svg::new(PANEL, 0.0);
    let names: Vec<String> = of.arms.iter().map(|a| a.name.clone()).collect();
    let below = legend(&mut svg, &names, [0.0, top + 6.0], PANEL);
    let axis = Upward::new(&of.axes[1]);
    let top = below + 34.0 + axis.more();
    let plot = Plot { left: 46.0, top, width: PANEL - 58.0, height: 250.0 };
    let every = || of.arms.iter().flat_map(|a| &a.points);
    let [left, right] = span(every().map(|p| p[0]));
    let limits = of.line.iter().flat_map(|f| [f.y.low, f.y.high]);
    let [low, high] = span(every().map(|p| p[1]).chain(limits));
    let (x, y) = (plot.across(left, right), plot.up(low, high));
    for (nth, line) in title.iter().enumerate() {
        svg.text("title", [0.0, 15.0 + 17.0 * nth as f64], Anchor::Start, line);
    }
    for (nth, line) in note.iter().enumerate() {
        let at = 15.0 + 17.0 * title.len() as f64 + 14.0 * nth as f64;
        svg.text("tick", [0.0, at], Anchor::Start, line);
    }
    svg.y_axis(&plot, &y, &y.ticks(6), "");
    axis.draw(&mut svg, &plot);
    svg.x_axis(&plot, &x, &x.ticks(6), "");
    let n_lines = super::below(&mut svg, &plot, &of.axes[0], plot.width);
    svg.set_height(plot.bottom() + 26.0 + 14.0 * n_lines);
    let (mut line, mut band) = (Path::default(), Path::default());
    of.line.iter().for_each(|f| line.to(x.at(f.x), y.at(f.y.value)));
    let upper = of.line.iter().map(|f| [x.at(f.x), y.within(f.y.high)]);
    let lower = of.line.iter().rev().map(|f| [x.at(f.x), y.within(f.y.low)]);
    band.polygon(&upper.chain(lower).collect::<Vec<_>>());
    svg.path("band", &band);
    for (nth, arm) in of.arms.iter().enumerate() {
        let mut marks = Path::default();
        arm.points.iter().for_each(|p| mark(&mut marks, nth, [x.at(p[0]), y.at(p[1])], 3.4));
        svg.path(&arm_class("mark", nth), &marks);
    }
    svg.path("line", &line);
    svg
}
