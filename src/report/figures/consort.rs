//! The flow of participants, as CONSORT draws it: randomised, allocated, discontinued, analysed.

use super::{Room, both, wrapped};
use crate::report::letters;
use crate::report::svg::{Anchor, Path, Svg};

/// Who went where.
#[derive(Debug, Clone, PartialEq)]
pub struct Flow {
    /// Boxes above the arms, from top to bottom: participants of the table, randomised, ...
    pub above: Vec<Stage>,
    /// A column each, all with the same number of boxes.
    pub arms: Vec<Vec<Stage>>,
}

/// One box.
#[derive(Debug, Clone, PartialEq)]
pub struct Stage {
    /// `Randomised (n = 92)`
    pub head: String,
    /// Lines below it: `adverse event: 8`.
    pub lines: Vec<String>,
}

const LINE: f64 = 16.0;
const PAD: f64 = 10.0;
const GAP: f64 = 24.0;

/// The drawing. `id`: unique on the page.
#[must_use]
pub fn draw(of: &Flow, id: &str) -> String {
    let said = |stage: &Stage| {
        let lines = stage.lines.join(", ");
        if lines.is_empty() { stage.head.clone() } else { format!("{}: {lines}", stage.head) }
    };
    let every = of.above.iter().chain(of.arms.iter().flatten()).map(said);
    let description = format!("{}.", every.collect::<Vec<_>>().join(". "));
    both(id, "Flow of participants", &description, |room| drawn(of, room))
}

fn drawn(of: &Flow, room: Room) -> Svg {
    let width = room.width();
    // More than two columns are too narrow for a telephone: one below the other.
    let across = if room == Room::Wide { of.arms.len().max(1) } else { of.arms.len().clamp(1, 2) };
    let gap = if room == Room::Wide { 40.0 } else { 12.0 };
    let column = ((width - 2.0 - gap * (across as f64 - 1.0)) / across as f64).min(400.0);
    let left = |nth: usize| {
        let all = column * across as f64 + gap * (across as f64 - 1.0);
        0.5 * (width - all) + (column + gap) * (nth % across) as f64
    };
    let mut svg = Svg::new(width, 0.0);
    let mut arrows = Path::default();
    let mut y = 1.0;
    let wide = if room == Room::Wide { 340.0 } else { 260.0 };
    for (nth, stage) in of.above.iter().enumerate() {
        if nth > 0 {
            arrow(&mut svg, &mut arrows, [[0.5 * width, y - GAP], [0.5 * width, y]]);
        }
        let high = height(stage, wide);
        boxed(&mut svg, stage, [0.5 * (width - wide), y, wide, high]);
        y += high + GAP;
    }
    let mut from = y - GAP;
    for group in of.arms.chunks(across) {
        y = group_of_arms(&mut svg, &mut arrows, group, &left, column, [0.5 * width, from, y]);
        from = y;
        y += GAP;
    }
    svg.path("axis", &arrows);
    svg.set_height(from + 2.0);
    svg
}

/// Columns beside each other: each row of boxes as high as its highest. Where they end.
fn group_of_arms(
    svg: &mut Svg,
    arrows: &mut Path,
    group: &[Vec<Stage>],
    left: &impl Fn(usize) -> f64,
    column: f64,
    [middle, from, top]: [f64; 3],
) -> f64 {
    let mut y = top;
    for row in 0..group.iter().map(Vec::len).max().unwrap_or(0) {
        let high = group.iter().filter_map(|arm| arm.get(row)).map(|s| height(s, column));
        let high = high.fold(0.0, f64::max);
        for (nth, stage) in group.iter().enumerate().filter_map(|(n, arm)| Some((n, arm.get(row)?)))
        {
            let x = left(nth) + 0.5 * column;
            if row == 0 {
                // Down from the box above, aside, and down into this one.
                let half = 0.5 * (from + y);
                arrows.line([middle, from], [middle, half]);
                arrows.line([middle, half], [x, half]);
                arrow(svg, arrows, [[x, half], [x, y]]);
            } else {
                arrow(svg, arrows, [[x, y - GAP], [x, y]]);
            }
            boxed(svg, stage, [left(nth), y, column, high]);
        }
        y += high + GAP;
    }
    y - GAP
}

/// Of a box with its text.
fn height(stage: &Stage, width: f64) -> f64 {
    let rows = wrapped(&stage.head, width - 2.0 * PAD, letters::bold(12.5)).len()
        + stage.lines.iter().map(|l| wrapped(l, width - 2.0 * PAD, 12.0).len()).sum::<usize>();
    LINE * rows as f64 + 2.0 * PAD - 4.0
}

fn boxed(svg: &mut Svg, stage: &Stage, [x, y, width, height]: [f64; 4]) {
    let mut frame = Path::default();
    frame.bar(x, y, width, height);
    svg.path("box", &frame);
    let mut at = y + PAD + 9.0;
    for line in wrapped(&stage.head, width - 2.0 * PAD, letters::bold(12.5)) {
        svg.text("label strong", [x + PAD, at], Anchor::Start, &line);
        at += LINE;
    }
    for line in stage.lines.iter().flat_map(|l| wrapped(l, width - 2.0 * PAD, 12.0)) {
        debug_assert!(letters::width(&line, 12.0) <= width);
        svg.text("label", [x + PAD, at], Anchor::Start, &line);
        at += LINE;
    }
}

fn arrow(svg: &mut Svg, lines: &mut Path, [from, to]: [[f64; 2]; 2]) {
    lines.line(from, [to[0], to[1] - 4.0]);
    let mut head = Path::default();
    head.polygon(&[to, [to[0] - 4.0, to[1] - 7.0], [to[0] + 4.0, to[1] - 7.0]]);
    svg.path("arrow", &head);
}
