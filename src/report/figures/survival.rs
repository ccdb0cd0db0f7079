//! Kaplan-Meier curves with the number at risk below.

use super::{Interval, Room, arm_class, both, legend_of_lines};
use crate::report::svg::{Anchor, Path, Plot, Svg};

/// The curves of all arms.
#[derive(Debug, Clone, PartialEq)]
pub struct Survival {
    /// What is along the axes, with units.
    pub axes: [String; 2],
    /// In the order of their colours.
    pub arms: Vec<Arm>,
}

/// One arm.
#[derive(Debug, Clone, PartialEq)]
pub struct Arm {
    /// As the table of participants calls it.
    pub name: String,
    /// How many begin.
    pub n: usize,
    /// In the order of time; before the first the share is 1.
    pub steps: Vec<Step>,
    /// When patients were last seen who had no event.
    pub censored: Vec<f64>,
}

/// From a time on, this share is left.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Step {
    /// When an event happened.
    pub time: f64,
    /// How many had one.
    pub events: usize,
    /// 0 to 1, with its limits.
    pub left: Interval,
}

impl Arm {
    /// The share that is left at a time, 0 to 1.
    fn left(&self, time: f64) -> f64 {
        self.steps.iter().take_while(|s| s.time <= time).last().map_or(1.0, |s| s.left.value)
    }

    /// Those who are still watched just before a time.
    fn at_risk(&self, time: f64) -> usize {
        let gone: usize = self.steps.iter().filter(|s| s.time < time).map(|s| s.events).sum();
        self.n.saturating_sub(gone + self.censored.iter().filter(|c| **c < time).count())
    }

    fn last(&self) -> f64 {
        let times = self.steps.iter().map(|s| s.time).chain(self.censored.iter().copied());
        times.filter(|t| t.is_finite()).fold(0.0, f64::max)
    }
}

/// The drawing. `id`: unique on the page.
#[must_use]
pub fn draw(of: &Survival, id: &str) -> String {
    let said: Vec<String> = of
        .arms
        .iter()
        .map(|arm| {
            let events: usize = arm.steps.iter().map(|s| s.events).sum();
            format!("{}: {events} events in {} patients", arm.name, arm.n)
        })
        .collect();
    let description = format!(
        "A falling staircase for each arm with its confidence band; short strokes are patients who left without an event. {}.",
        said.join("; ")
    );
    both(id, &format!("{} against {}", of.axes[1], of.axes[0]), &description, |room| {
        drawn(of, room)
    })
}

fn drawn(of: &Survival, room: Room) -> Svg {
    let names: Vec<String> = of.arms.iter().map(|a| a.name.clone()).collect();
    let mut svg = Svg::new(room.width(), 0.0);
    let top = legend_of_lines(&mut svg, &names, [0.0, 10.0], room.width()) + 36.0;
    let plot = Plot { left: 44.0, top, width: room.width() - 60.0, height: 240.0 };
    let last = of.arms.iter().map(Arm::last).fold(0.0, f64::max).max(1.0);
    let (x, y) = (plot.across(0.0, 1.01 * last), plot.up(0.0, 100.0));
    let ticks = x.ticks(if room == Room::Wide { 10 } else { 5 });
    let below = plot.bottom() + 62.0;
    svg.set_height(below + 34.0 * of.arms.len() as f64);
    svg.y_axis(&plot, &y, &y.ticks(5), &of.axes[1]);
    svg.x_axis(&plot, &x, &ticks, &of.axes[0]);
    let every = || of.arms.iter().enumerate();
    every().for_each(|(nth, arm)| svg.path(&arm_class("band", nth), &band(arm, &x, &y)));
    for (nth, arm) in every() {
        let (mut line, mut strokes) = (Path::default(), Path::default());
        let mut height = y.at(100.0);
        line.to(x.at(0.0), height);
        for step in &arm.steps {
            line.to(x.at(step.time), height);
            height = y.at(100.0 * step.left.value);
            line.to(x.at(step.time), height);
        }
        line.to(x.at(arm.last()), height);
        for time in &arm.censored {
            let at = [x.at(*time), y.at(100.0 * arm.left(*time))];
            strokes.line([at[0], at[1] - 5.0], [at[0], at[1] + 5.0]);
        }
        svg.path(&arm_class("curve", nth), &line);
        svg.path(&arm_class("limit", nth), &strokes);
    }
    svg.text("head", [0.0, below - 8.0], Anchor::Start, "At risk");
    for (nth, arm) in every() {
        let row = below + 34.0 * nth as f64;
        let name = super::fitted(&arm.name, room.width(), 12.0);
        svg.lines("label", [0.0, row + 10.0], Anchor::Start, (&name, 0.0));
        for time in &ticks.values {
            let n = arm.at_risk(*time).to_string();
            svg.text("tick figures", [x.at(*time), row + 25.0], Anchor::Middle, &n);
        }
    }
    svg
}

/// Between the limits of an arm.
fn band(arm: &Arm, x: &crate::report::svg::Scale, y: &crate::report::svg::Scale) -> Path {
    let edge = |limit: fn(&Interval) -> f64| {
        let mut corners = vec![[x.at(0.0), y.at(100.0)]];
        for step in &arm.steps {
            let height = y.within(100.0 * limit(&step.left));
            let before = corners.last().map_or(height, |c| c[1]);
            corners.extend([[x.at(step.time), before], [x.at(step.time), height]]);
        }
        corners.push([x.at(arm.last()), corners.last().map_or(y.at(100.0), |c| c[1])]);
        corners
    };
    let mut corners = edge(|i| i.high);
    corners.extend(edge(|i| i.low).into_iter().rev());
    let mut path = Path::default();
    path.polygon(&corners);
    path
}
