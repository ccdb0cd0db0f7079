//! Shares of two arms beside the difference between them: rows with bars or dots on the left and an interval on the right, as Amit, Heiberger and Lane
//! (2008) draw adverse events.

use super::{Interval, Room, arm_class, below, both, legend, mark, span, whisker};
use crate::report::html::number;
use crate::report::letters::{self, Lines};
use crate::report::svg::{Anchor, Path, Plot, Svg};

/// Bars or dots.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// From 0, with the counts written beside them.
    Bars,
    /// On a common line.
    Dots,
}

/// The axis of shares goes as far as this, in percent, where all are below: few have no axis of fractions.
const LEAST: f64 = 10.0;

/// All rows.
#[derive(Debug, Clone, PartialEq)]
pub struct TwoPanels {
    /// What the figure is.
    pub title: String,
    /// How shares are drawn.
    pub kind: Kind,
    /// The arm whose share the other's is taken from comes second.
    pub arms: [String; 2],
    /// What is along the axes, with units.
    pub axes: [String; 2],
    /// From top to bottom.
    pub rows: Vec<Row>,
}

/// One row.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// What is counted.
    pub label: String,
    /// A row of rows below it.
    pub heads: bool,
    /// Patients, and of how many, in each arm.
    pub counts: [[usize; 2]; 2],
    /// Of the shares, in percent.
    pub difference: Option<Interval>,
}

/// Where the columns are.
struct Layout {
    row: f64,
    /// The label stands so far above the middle of what is drawn.
    above: f64,
    shares: Plot,
    differences: Plot,
}

impl Layout {
    fn of(of: &TwoPanels, room: Room, top: f64) -> Layout {
        let bars = of.kind == Kind::Bars;
        let (row, above, columns) = match (room, bars) {
            (Room::Wide, true) => (42.0, 0.0, [250.0, 520.0, 600.0, 870.0]),
            (Room::Wide, false) => (21.0, 0.0, [390.0, 610.0, 645.0, 870.0]),
            (Room::Narrow, true) => (60.0, 24.0, [4.0, 140.0, 222.0, 352.0]),
            (Room::Narrow, false) => (35.0, 16.0, [8.0, 168.0, 196.0, 352.0]),
        };
        let height = row * of.rows.len() as f64 + 6.0;
        let plot = |left: f64, right: f64| Plot { left, top, width: right - left, height };
        let (shares, differences) = (plot(columns[0], columns[1]), plot(columns[2], columns[3]));
        Layout { row, above, shares, differences }
    }

    /// The middle of a row.
    fn middle(&self, nth: usize) -> f64 {
        self.shares.top + self.row * (nth as f64 + 0.5) + 3.0
    }

    /// The middle of what is drawn in it, below its label where that stands above.
    fn drawn(&self, nth: usize) -> f64 {
        self.middle(nth) + 0.5 * self.above
    }
}

/// The drawing. `id`: unique on the page.
#[must_use]
pub fn draw(of: &TwoPanels, id: &str) -> String {
    let description = format!(
        "{} rows. Left: the share of patients, {} and {}. Right: the difference with its confidence interval, and a dashed line at 0. The numbers stand in the table below.",
        of.rows.len(),
        of.arms[0],
        of.arms[1]
    );
    both(id, &of.title, &description, |room| drawn(of, room))
}

/// A row's label; where cut at its end it would be that of another row, it is cut in its middle.
fn label(of: &TwoPanels, row: &Row, (most, size): (f64, f64), n: usize) -> Lines {
    let cut = |row: &Row| letters::lines(&row.label, (most, size), n);
    let own = cut(row);
    let is_twin = |other: &&Row| other.label != row.label && cut(other).lines == own.lines;
    match own.whole.is_some() && of.rows.iter().any(|other| is_twin(&other)) {
        true => letters::both_ends(&row.label, (most, size)),
        false => own,
    }
}

fn share([n, of]: [usize; 2]) -> f64 {
    if of == 0 { f64::NAN } else { 100.0 * n as f64 / of as f64 }
}

fn drawn(of: &TwoPanels, room: Room) -> Svg {
    let mut svg = Svg::new(room.width(), 0.0);
    let left = if room == Room::Wide { Layout::of(of, room, 0.0).shares.left } else { 0.0 };
    let layout = Layout::of(of, room, legend(&mut svg, &of.arms, [left, 8.0], room.width()) + 16.0);
    let Layout { shares, differences, .. } = &layout;
    let most = of.rows.iter().flat_map(|r| r.counts.map(share)).filter(|v| v.is_finite());
    let most = most.fold(LEAST, f64::max);
    let limits = of.rows.iter().filter_map(|r| r.difference).flat_map(|d| [d.low, d.high]);
    let [low, high] = span(limits.chain([0.0]));
    let across = [shares.across(0.0, (1.04 * most).min(100.0)), differences.across(low, high)];
    svg.set_height(shares.bottom() + if room == Room::Wide { 40.0 } else { 54.0 });
    stripes(&mut svg, of, &layout);
    let mut zero = Path::default();
    let x = across[1].at(0.0);
    if room == Room::Wide {
        zero.line([x, differences.top], [x, differences.bottom()]);
    } else {
        // Not through the labels.
        for y in (0..of.rows.len()).map(|nth| layout.drawn(nth)) {
            zero.line([x, y - 9.0], [x, y + 9.0]);
        }
    }
    svg.path("edge", &zero);
    for (nth, row) in of.rows.iter().enumerate() {
        let y = layout.middle(nth);
        let (class, size) = match row.heads {
            true => ("label strong", letters::bold(12.0)),
            false => ("label", 12.0),
        };
        let indent = if row.heads || of.rows.iter().all(|r| !r.heads) { 0.0 } else { 12.0 };
        let room_of_label =
            if room == Room::Wide { shares.left - 12.0 } else { room.width() } - indent;
        let at = [indent, if room == Room::Wide { y + 4.0 } else { y - layout.above + 12.0 }];
        let n_lines = if room == Room::Wide && of.kind == Kind::Bars { 2 } else { 1 };
        let label = label(of, row, (room_of_label, size), n_lines);
        let at = [at[0], at[1] - 6.5 * (label.lines.len() as f64 - 1.0)];
        svg.lines(class, at, Anchor::Start, (&label, 13.0));
        let y = layout.drawn(nth);
        match of.kind {
            Kind::Bars => bars(&mut svg, row, &across[0], y),
            Kind::Dots => {
                for (arm, counts) in row.counts.iter().enumerate().rev() {
                    let mut at = Path::default();
                    // Where both are the same, one is seen within the other.
                    mark(&mut at, arm, [across[0].at(share(*counts)), y], 3.2 + 1.6 * arm as f64);
                    svg.path(&arm_class("mark", arm), &at);
                }
            }
        }
        if let Some(difference) = row.difference {
            let (mut line, mut at) = (Path::default(), Path::default());
            whisker(&mut line, &across[1], &difference, y);
            mark(&mut at, 3, [across[1].within(difference.value), y], 3.4);
            svg.path("limits", &line);
            svg.path("solid", &at);
        }
    }
    let ticks = if room == Room::Wide { 6 } else { 4 };
    let wide = if room == Room::Wide { 270.0 } else { 170.0 };
    for ((plot, scale), label) in [shares, differences].into_iter().zip(&across).zip(&of.axes) {
        svg.x_axis(plot, scale, &scale.ticks(ticks), "");
        below(&mut svg, plot, label, wide);
    }
    svg
}

/// A faint line below each row, so that an eye finds its way across.
fn stripes(svg: &mut Svg, of: &TwoPanels, layout: &Layout) {
    let mut lines = Path::default();
    for nth in 0..of.rows.len() {
        let y = layout.drawn(nth);
        lines.line([layout.shares.left, y], [layout.shares.right(), y]);
        lines.line([layout.differences.left, y], [layout.differences.right(), y]);
    }
    svg.path("grid", &lines);
}

/// A bar an arm, the count and the share beside it.
fn bars(svg: &mut Svg, row: &Row, across: &crate::report::svg::Scale, y: f64) {
    for (arm, counts) in row.counts.iter().enumerate() {
        let top = y - 14.0 + 15.0 * arm as f64;
        let share = share(*counts);
        if share.is_finite() {
            let mut bar = Path::default();
            bar.bar(across.at(0.0), top, across.at(share) - across.at(0.0), 13.0);
            svg.path(&arm_class("bar", arm), &bar);
        }
        let x = across.within(if share.is_finite() { share } else { 0.0 });
        let said = format!("{}/{} ({}\u{a0}%)", counts[0], counts[1], number(share, 0));
        svg.text("tick", [x + 5.0, top + 10.5], Anchor::Start, &said);
    }
}
