//! Stimulus-response curves: the mean of each arm at each intensity with its limits, a drawing a visit, all on the same axes.

use super::{Interval, PANEL, Upward, arm_class, fitted, legend, mark, panel, span, upright};
use crate::report::letters;
use crate::report::svg::{Anchor, Path, Plot, Svg};

/// The curves of all visits.
#[derive(Debug, Clone, PartialEq)]
pub struct Curves {
    /// In the order of their colours.
    pub arms: Vec<String>,
    /// What is along the axes, with units.
    pub axes: [String; 2],
    /// A dashed line at this response.
    pub target: Option<f64>,
    /// A drawing each.
    pub visits: Vec<Visit>,
}

/// The curves of one visit.
#[derive(Debug, Clone, PartialEq)]
pub struct Visit {
    /// `Baseline`, `Week 13`
    pub name: String,
    /// `[arm][intensity]`
    pub curves: Vec<Vec<Point>>,
}

/// A mean at an intensity.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Point {
    /// Of the stimulus.
    pub intensity: f64,
    /// Of the responses.
    pub mean: Interval,
}

/// The drawings. `id`: unique on the page.
#[must_use]
pub fn draw(of: &Curves, id: &str) -> String {
    let points = || of.visits.iter().flat_map(|v| v.curves.iter().flatten());
    let across = span(points().map(|p| p.intensity));
    let up = span(points().flat_map(|p| [p.mean.low, p.mean.high]).chain(of.target).chain([0.0]));
    let one = |(nth, visit): (usize, &Visit)| {
        let title = format!("{}: {} against {}", visit.name, of.axes[1], of.axes[0]);
        let description = format!(
            "A curve for each of {}: marks are means, lines their confidence limits. The numbers stand in the table below.",
            of.arms.join(", ")
        );
        panel(&drawn(of, visit, across, up).finish(&format!("{id}-{nth}"), &title, &description))
    };
    of.visits.iter().enumerate().map(one).collect()
}

fn drawn(of: &Curves, visit: &Visit, across: [f64; 2], up: [f64; 2]) -> Svg {
    let mut svg = Svg::new(PANEL, 0.0);
    let name = fitted(&visit.name, PANEL, letters::bold(13.0));
    svg.lines("title", [0.0, 15.0], Anchor::Start, (&name, 0.0));
    let axis = Upward::new(&of.axes[1]);
    let top = legend(&mut svg, &of.arms, [0.0, 34.0], PANEL) + 36.0 + axis.more();
    let plot = Plot { left: 40.0, top, width: PANEL - 52.0, height: 230.0 };
    let (x, y) = (plot.across(across[0], across[1]), plot.up(up[0], up[1]));
    svg.y_axis(&plot, &y, &y.ticks(6), "");
    axis.draw(&mut svg, &plot);
    svg.x_axis(&plot, &x, &x.ticks(7), "");
    let n_lines = super::below(&mut svg, &plot, &of.axes[0], plot.width);
    svg.set_height(plot.bottom() + 26.0 + 14.0 * n_lines);
    if let Some(target) = of.target {
        let mut line = Path::default();
        line.line([plot.left, y.at(target)], [plot.right(), y.at(target)]);
        svg.path("edge", &line);
    }
    let middle = 0.5 * (of.arms.len() as f64 - 1.0);
    for (arm, curve) in visit.curves.iter().enumerate() {
        let aside = 3.0 * (arm as f64 - middle);
        let (mut line, mut limits, mut marks) = Default::default();
        for point in curve {
            let at = [x.at(point.intensity) + aside, y.at(point.mean.value)];
            Path::to(&mut line, at[0], at[1]);
            upright(&mut limits, &y, &point.mean, at[0], 2.5);
            mark(&mut marks, arm, at, 4.0);
        }
        svg.path(&arm_class("curve", arm), &line);
        svg.path(&arm_class("limit", arm), &limits);
        svg.path(&arm_class("mark", arm), &marks);
    }
    svg
}
