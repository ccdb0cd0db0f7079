//! A line from each patient's first value to the last, a drawing an arm, all on the same axis; the means with their limits over them.

use super::{Interval, PANEL, Upward, arm_class, mark, panel, span, upright};
use crate::report::letters;
use crate::report::svg::{Anchor, Path, Plot, Svg};

/// The values of all arms.
#[derive(Debug, Clone, PartialEq)]
pub struct BeforeAfter {
    /// What is on the axis, with its unit.
    pub axis: String,
    /// The two visits.
    pub visits: [String; 2],
    /// A drawing each.
    pub arms: Vec<Arm>,
}

/// One arm.
#[derive(Debug, Clone, PartialEq)]
pub struct Arm {
    /// As the table of participants calls it.
    pub name: String,
    /// First and last value of each patient.
    pub pairs: Vec<[f64; 2]>,
    /// Of either visit.
    pub means: [Option<Interval>; 2],
}

/// The drawings. `id`: unique on the page.
#[must_use]
pub fn draw(of: &BeforeAfter, id: &str) -> String {
    let values = of.arms.iter().flat_map(|a| {
        let limits = a.means.iter().flatten().flat_map(|m| [m.low, m.high]);
        a.pairs.iter().flatten().copied().chain(limits)
    });
    let up = span(values.chain([0.0]));
    let one = |(nth, arm): (usize, &Arm)| {
        let means: Vec<String> = arm
            .means
            .iter()
            .zip(&of.visits)
            .filter_map(|(mean, visit)| mean.map(|m| format!("{} at {visit}", m.said())))
            .collect();
        let description = format!(
            "A thin line for each of {} patients, a thick one for the means: {}.",
            arm.pairs.len(),
            means.join(", ")
        );
        let title = format!("{}, {}: {} and {}", arm.name, of.axis, of.visits[0], of.visits[1]);
        panel(&drawn(of, arm, nth, up).finish(&format!("{id}-{nth}"), &title, &description))
    };
    of.arms.iter().enumerate().map(one).collect()
}

fn drawn(of: &BeforeAfter, arm: &Arm, nth: usize, up: [f64; 2]) -> Svg {
    let axis = Upward::new(&of.axis);
    let top = 50.0 + axis.more();
    let plot = Plot { left: 40.0, top, width: PANEL - 48.0, height: 240.0 };
    let y = plot.up(up[0], up[1]);
    let x = [plot.left + 0.2 * plot.width, plot.left + 0.8 * plot.width];
    let mut svg = Svg::new(PANEL, plot.bottom() + 26.0);
    let n = format!(" (n = {})", arm.pairs.len());
    let bold = letters::bold(13.0);
    let mut name = super::fitted(&arm.name, PANEL - letters::width(&n, bold), bold);
    name.lines.iter_mut().for_each(|line| line.push_str(&n));
    svg.lines("title", [0.0, 15.0], Anchor::Start, (&name, 0.0));
    svg.y_axis(&plot, &y, &y.ticks(6), "");
    axis.draw(&mut svg, &plot);
    let (mut zero, mut lines) = (Path::default(), Path::default());
    zero.line([plot.left, y.at(0.0)], [plot.right(), y.at(0.0)]);
    svg.path("edge", &zero);
    for [first, last] in &arm.pairs {
        lines.line([x[0], y.at(*first)], [x[1], y.at(*last)]);
    }
    svg.path(&arm_class("patient", nth), &lines);
    let (mut line, mut limits, mut marks) = (Path::default(), Path::default(), Path::default());
    // Means stand outside of the lines, where their limits can be seen.
    for ((mean, x), aside) in arm.means.iter().zip(x).zip([-14.0, 14.0]) {
        let Some(mean) = mean else { continue };
        line.to(x + aside, y.at(mean.value));
        upright(&mut limits, &y, mean, x + aside, 5.0);
        mark(&mut marks, nth, [x + aside, y.at(mean.value)], 5.5);
    }
    svg.path(&arm_class("curve thick", nth), &line);
    svg.path(&arm_class("limit thick", nth), &limits);
    svg.path(&arm_class("mark", nth), &marks);
    for (x, visit) in x.iter().zip(&of.visits) {
        let name = super::fitted(visit, 150.0, 12.0);
        svg.lines("label", [*x, plot.bottom() + 18.0], Anchor::Middle, (&name, 0.0));
    }
    svg
}
