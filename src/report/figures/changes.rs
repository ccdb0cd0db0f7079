//! Each patient's change as a dot, arm beside arm, and the least-squares mean of each arm with its limits.

use super::{Interval, PANEL, Upward, arm_class, fitted, mark, panel, span, upright};
use crate::report::letters;
use crate::report::svg::{Anchor, Path, Plot, Scale, Svg};

/// The changes of one outcome.
#[derive(Debug, Clone, PartialEq)]
pub struct Changes {
    /// Of the outcome.
    pub name: String,
    /// With its unit.
    pub axis: String,
    /// What is said below the title: the difference and its p.
    pub note: String,
    /// In the order of their colours.
    pub arms: Vec<Arm>,
}

/// One arm.
#[derive(Debug, Clone, PartialEq)]
pub struct Arm {
    /// As the table of participants calls it.
    pub name: String,
    /// A patient each.
    pub changes: Vec<f64>,
    /// Of the change, at the mean baseline.
    pub ls_mean: Option<Interval>,
}

/// Radius of a patient's dot.
const DOT: f64 = 2.6;

/// The drawing of one outcome. `id`: unique on the page.
#[must_use]
pub fn draw(of: &Changes, id: &str) -> String {
    let said: Vec<String> = of
        .arms
        .iter()
        .map(|a| {
            let mean =
                a.ls_mean.map_or(String::new(), |m| format!(", least-squares mean {}", m.said()));
            format!("{}: {} patients{mean}", a.name, a.changes.len())
        })
        .collect();
    let description = format!(
        "A dot for each patient; beside them the least-squares mean with its confidence interval. {}.",
        said.join("; ")
    );
    panel(&drawn(of).finish(id, &format!("Change in {}", of.name), &description))
}

fn drawn(of: &Changes) -> Svg {
    let axis = Upward::new(&of.axis);
    let top = 66.0 + axis.more();
    let plot = Plot { left: 40.0, top, width: PANEL - 48.0, height: 220.0 };
    let values = of.arms.iter().flat_map(|a| {
        a.changes.iter().copied().chain(a.ls_mean.into_iter().flat_map(|m| [m.low, m.high]))
    });
    let [low, high] = span(values.chain([0.0]));
    let y = plot.up(low, high);
    let mut svg = Svg::new(PANEL, plot.bottom() + 40.0);
    let name = fitted(&of.name, PANEL, letters::bold(13.0));
    svg.lines("title", [0.0, 15.0], Anchor::Start, (&name, 0.0));
    svg.lines("tick", [0.0, 32.0], Anchor::Start, (&fitted(&of.note, PANEL, 11.0), 0.0));
    svg.y_axis(&plot, &y, &y.ticks(6), "");
    axis.draw(&mut svg, &plot);
    let mut zero = Path::default();
    zero.line([plot.left, y.at(0.0)], [plot.right(), y.at(0.0)]);
    svg.path("edge", &zero);
    let room = plot.width / of.arms.len().max(1) as f64;
    for (nth, arm) in of.arms.iter().enumerate() {
        let left = plot.left + room * nth as f64;
        let (middle, beside) = (left + 0.42 * room, left + 0.86 * room);
        let mut dots = Path::default();
        for at in swarm(&arm.changes, &y, middle, 0.34 * room) {
            mark(&mut dots, nth, at, DOT);
        }
        svg.path(&arm_class("mark small", nth), &dots);
        if let Some(mean) = arm.ls_mean {
            let (mut limits, mut at) = (Path::default(), Path::default());
            upright(&mut limits, &y, &mean, beside, 5.0);
            mark(&mut at, nth, [beside, y.at(mean.value)], 5.5);
            svg.path(&arm_class("limit thick", nth), &limits);
            svg.path(&arm_class("mark", nth), &at);
        }
        let x = left + 0.5 * room;
        let name = fitted(&arm.name, room, 12.0);
        svg.lines("label", [x, plot.bottom() + 18.0], Anchor::Middle, (&name, 0.0));
        let n = format!("n = {}", arm.changes.len());
        svg.text("tick", [x, plot.bottom() + 34.0], Anchor::Middle, &n);
    }
    svg
}

/// Where dots go so that none hides another: those of about one height side by side, as near as they need.
fn swarm(values: &[f64], y: &Scale, middle: f64, half: f64) -> Vec<[f64; 2]> {
    let mut heights: Vec<f64> = values.iter().filter(|v| v.is_finite()).map(|v| y.at(*v)).collect();
    heights.sort_by(f64::total_cmp);
    let mut out = Vec::with_capacity(heights.len());
    let mut rest = heights.as_slice();
    while let Some(first) = rest.first() {
        let n = rest.iter().take_while(|h| **h - first < 2.0 * DOT).count();
        let step = (2.3 * DOT).min(2.0 * half / n as f64);
        for (k, height) in rest[..n].iter().enumerate() {
            // 0, +1, −1, +2, ...: or, of an even number, −½, +½, −1½, ...
            let odd = if n.is_multiple_of(2) { 0.5 } else { 0.0 };
            let place = (k as f64 / 2.0).ceil();
            let side = if k % 2 == 1 { place - odd } else { -place - odd };
            out.push([middle + step * side, *height]);
        }
        rest = &rest[n..];
    }
    out
}
