//! A forest plot: estimates with their limits about a line at 0, and the numbers beside them.

use super::{Interval, Room, below, both, span, whisker};
use crate::report::html::{p_of, p_said};
use crate::report::letters::{self, Lines};
use crate::report::svg::{Anchor, Path, Plot, Scale, Svg};
use crate::trial::digits;

/// All rows.
#[derive(Debug, Clone, PartialEq)]
pub struct Forest {
    /// What is on the axis, with its unit.
    pub axis: String,
    /// Said of the numbers beside the plot: `g (95 % CI)`.
    pub numbers: String,
    /// Said of p: `p of ANCOVA`.
    pub p: String,
    /// What lies left of 0 and right of it.
    pub sides: [String; 2],
    /// From top to bottom.
    pub rows: Vec<ForestRow>,
}

/// One estimate.
#[derive(Debug, Clone, PartialEq)]
pub struct ForestRow {
    /// What it is of.
    pub label: String,
    /// A filled diamond instead of a circle.
    pub primary: bool,
    /// How many are in it.
    pub n: usize,
    /// None: no number could be made.
    pub estimate: Option<Interval>,
    /// Two-sided.
    pub p: Option<f64>,
}

/// Lines of what lies to a side at most; its first words say what, and are never cut.
const SIDES: usize = 3;

/// From a line of a name to the next.
const LINE: f64 = 13.0;

/// Where the columns are.
struct Columns {
    row: f64,
    top: f64,
    plot: [f64; 2],
    numbers: f64,
    p: f64,
}

impl Columns {
    fn of(room: Room) -> Columns {
        match room {
            Room::Wide => {
                Columns { row: 30.0, top: 34.0, plot: [345.0, 612.0], numbers: 786.0, p: 878.0 }
            }
            Room::Narrow => {
                Columns { row: 50.0, top: 24.0, plot: [6.0, 196.0], numbers: 358.0, p: 358.0 }
            }
        }
    }
}

/// The drawing. `id`: unique on the page.
#[must_use]
pub fn draw(of: &Forest, id: &str) -> String {
    let description = format!(
        "{} rows: a mark for each estimate, a line for its confidence interval, a dashed line at 0. {} lies to the left, {} to the right. The numbers stand in the table below.",
        of.rows.len(),
        of.sides[0],
        of.sides[1]
    );
    both(id, &format!("Forest plot: {}", of.axis), &description, |room| drawn(of, room))
}

fn drawn(of: &Forest, room: Room) -> Svg {
    let columns = Columns::of(room);
    let limits = of.rows.iter().filter_map(|r| r.estimate).flat_map(|e| [e.low, e.high, e.value]);
    let [low, high] = span(limits.chain([0.0]));
    // Names that need two lines on a telephone make their rows higher.
    let labels: Vec<Lines> = of.rows.iter().map(|row| label(row, room, &columns)).collect();
    let more = |label: &Lines| match room {
        Room::Wide => 0.0,
        Room::Narrow => LINE * (label.lines.len() as f64 - 1.0),
    };
    let plot = Plot {
        left: columns.plot[0],
        top: columns.top,
        width: columns.plot[1] - columns.plot[0],
        height: columns.row * of.rows.len() as f64 + labels.iter().map(more).sum::<f64>() + 4.0,
    };
    let across = plot.across(low, high);
    let mut svg = Svg::new(room.width(), 0.0);
    heads(&mut svg, of, room, &columns);
    let mut zero = Path::default();
    let above = |nth: usize| labels[..=nth].iter().map(more).sum::<f64>();
    let middle = |nth: usize| plot.top + columns.row * (nth as f64 + 0.5) + above(nth) + 2.0;
    if room == Room::Wide {
        zero.line([across.at(0.0), plot.top], [across.at(0.0), plot.bottom()]);
    } else {
        // Not through the labels.
        for y in (0..of.rows.len()).map(middle) {
            zero.line([across.at(0.0), y + 1.0], [across.at(0.0), y + 23.0]);
        }
    }
    svg.path("edge", &zero);
    for (nth, row) in of.rows.iter().enumerate() {
        one(&mut svg, (row, &labels[nth]), room, (&columns, &across), middle(nth));
    }
    svg.x_axis(&plot, &across, &across.ticks(if room == Room::Wide { 7 } else { 4 }), "");
    let y = plot.bottom() + 38.0 + 14.0 * below(&mut svg, &plot, &of.axis, 1.05 * plot.width);
    let (from, to) = match room {
        Room::Wide => (plot.left - 40.0, plot.right() + 40.0),
        Room::Narrow => (plot.left, room.width() - 4.0),
    };
    let half = 0.5 * (to - from) - 16.0;
    let mut sides = of.sides.each_ref().map(|side| letters::lines(side, (half, 11.0), SIDES));
    svg.set_height(
        y + 10.0 + 13.0 * (sides.iter().map(|s| s.lines.len()).max().unwrap_or(1) - 1) as f64,
    );
    let [left, right] = &mut sides;
    left.lines[0].insert_str(0, "← ");
    right.lines[0].push_str(" →");
    svg.lines("tick", [from, y], Anchor::Start, (left, 13.0));
    svg.lines("tick", [to, y], Anchor::End, (right, 13.0));
    svg
}

fn heads(svg: &mut Svg, of: &Forest, room: Room, columns: &Columns) {
    let y = columns.top - 14.0;
    if room == Room::Wide {
        svg.text("head", [0.0, y], Anchor::Start, "Outcome");
        svg.text("head", [columns.plot[0] - 22.0, y], Anchor::End, "n");
        svg.text("head", [columns.p, y], Anchor::End, &of.p);
        svg.text("head", [columns.numbers, y], Anchor::End, &of.numbers);
    } else {
        svg.text("head", [0.0, y], Anchor::Start, &format!("Outcome (n), {}", of.p));
        svg.text("head", [columns.numbers, y], Anchor::End, &of.numbers);
    }
}

/// How large the letters of a row's name are.
fn size(row: &ForestRow) -> f64 {
    if row.primary { letters::bold(12.0) } else { 12.0 }
}

/// The name of a row, in two lines at most; on a telephone how many are in it stands behind it.
fn label(row: &ForestRow, room: Room, columns: &Columns) -> Lines {
    let size = size(row);
    match room {
        Room::Wide => letters::lines(&row.label, (columns.plot[0] - 60.0, size), 2),
        Room::Narrow => {
            // A name is cut, and how many are in it is not.
            let n = format!(" ({})", row.n);
            let mut label = letters::lines(&row.label, (280.0 - letters::width(&n, size), size), 2);
            if let Some(last) = label.lines.last_mut() {
                last.push_str(&n);
            }
            label
        }
    }
}

fn one(
    svg: &mut Svg,
    (row, label): (&ForestRow, &Lines),
    room: Room,
    (columns, across): (&Columns, &Scale),
    y: f64,
) {
    let class = if row.primary { "label strong" } else { "label" };
    let p = row.p.map_or("–".to_owned(), p_of);
    let lines_above = LINE * (label.lines.len() as f64 - 1.0);
    let y = match room {
        Room::Wide => {
            let left = columns.plot[0];
            let first = y + 4.0 - 0.5 * lines_above;
            svg.lines(class, [0.0, first], Anchor::Start, (label, LINE));
            svg.text("label", [left - 22.0, y + 4.0], Anchor::End, &row.n.to_string());
            svg.text("label", [columns.p, y + 4.0], Anchor::End, &p);
            y
        }
        Room::Narrow => {
            svg.lines(class, [0.0, y - 6.0 - lines_above], Anchor::Start, (label, LINE));
            let said = row.p.map_or(p, p_said);
            svg.text("label", [columns.p, y - 6.0], Anchor::End, &said);
            y + 12.0
        }
    };
    let Some(estimate) = row.estimate else {
        svg.text("label", [columns.numbers, y + 4.0], Anchor::End, "not estimable");
        return;
    };
    let mut line = Path::default();
    whisker(&mut line, across, &estimate, y);
    svg.path("limits", &line);
    let mut at = Path::default();
    let (x, r) = (across.within(estimate.value), if row.primary { 5.0 } else { 4.0 });
    super::mark(&mut at, if row.primary { 3 } else { 0 }, [x, y], r);
    svg.path(if row.primary { "solid" } else { "solid faint" }, &at);
    svg.text("label figures", [columns.numbers, y + 4.0], Anchor::End, &numbers_of(&estimate));
}

/// `−0.94 (−1.41 to −0.46)`
fn numbers_of(of: &Interval) -> String {
    let limit = |v: f64| limit(v, of.decimals());
    format!("{} ({} to {})", of.said(), limit(of.low), limit(of.high))
}

/// A limit; ∞ where there is none.
fn limit(of: f64, decimals: usize) -> String {
    match of {
        f64::INFINITY => "∞".to_owned(),
        f64::NEG_INFINITY => "−∞".to_owned(),
        of => digits::written(of, decimals).replace('-', "−"),
    }
}
