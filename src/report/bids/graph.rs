//! A model's graph: nodes as boxes, each below those that it takes from, and what is taken as arrows.

use crate::report::letters::{self, Lines};
use crate::report::svg::{Anchor, Path, Plot, Svg};

/// A node of a model.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Node {
    /// Its name.
    pub name: String,
    /// `Run`, `Session`, `Subject`, `Dataset`.
    pub level: String,
    /// Entities that its groups are made by.
    pub group_by: Vec<String>,
    /// Contrasts that it gives.
    pub contrasts: Vec<String>,
    /// Groups that it was fitted in.
    pub n_groups: usize,
    /// Those that it was to be fitted in.
    pub n_planned: usize,
    /// Whether the page is its own.
    pub is_here: bool,
}

/// What goes from one node to another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edge {
    /// Position of the node that gives.
    pub from: usize,
    /// Position of the node that takes.
    pub to: usize,
    /// Which of it goes, in words; empty for all.
    pub filter: String,
}

/// Pixels of a box across, and of its margins: to the sides, above the first line and below the last.
const BOX: f64 = 300.0;
const INSIDE: [f64; 3] = [12.0, 24.0, 16.0];
/// From a line to the next that says something else, and to the next of a name.
const NEXT: f64 = 22.0;
const STEP: f64 = 14.0;
/// Pixels of letters; those of a node's name are bold.
const SIZE: f64 = 11.0;
const NAME_SIZE: f64 = 12.0;
const SIDE: f64 = 20.0;
/// From a row of boxes to the next: the line that arrows part from, a line a label, the head.
const DOWN: f64 = 26.0;
const LABEL: f64 = 15.0;
/// Room to the left for arrows that pass a row.
const LANE: f64 = 16.0;
/// Lines of a name at most.
const LINES: usize = 2;

/// Where boxes stand.
struct Places {
    boxes: Vec<Plot>,
    depths: Vec<usize>,
    width: f64,
    height: f64,
}

impl Places {
    /// Rows from the left, each below those that it takes from, with room for the labels of what comes in.
    fn of(nodes: &[Node], edges: &[Edge]) -> Places {
        let depths = depths(nodes.len(), edges);
        let n_rows = depths.iter().max().map_or(0, |d| d + 1);
        let labels = |row: usize| {
            let of = |at: usize| -> usize {
                let own = named((nodes, edges), at);
                own.iter().map(|label| label.lines.len()).sum()
            };
            (0..nodes.len()).filter(|&at| depths[at] == row).map(of).max().unwrap_or(0)
        };
        // Boxes of a row are of one height.
        let height = |row: usize| {
            let own = (0..nodes.len()).filter(|&at| depths[at] == row);
            own.map(|at| high(&words(&nodes[at]))).fold(0.0, f64::max)
        };
        let passes = edges.iter().any(|e| depths[e.to] > depths[e.from] + 1);
        let left = if passes { LANE } else { 2.0 };
        let (mut tops, mut y) = (Vec::new(), 2.0);
        for row in 0..n_rows {
            y += if row > 0 { DOWN + LABEL * labels(row) as f64 } else { 0.0 };
            tops.push(y);
            y += height(row);
        }
        let place = |at: usize| {
            let nth = (0..at).filter(|&other| depths[other] == depths[at]).count() as f64;
            let left = left + nth * (BOX + SIDE);
            Plot { left, top: tops[depths[at]], width: BOX, height: height(depths[at]) }
        };
        let boxes: Vec<Plot> = (0..nodes.len()).map(place).collect();
        let width = boxes.iter().map(Plot::right).fold(0.0, f64::max) + 2.0;
        Places { boxes, depths, width, height: y + 2.0 }
    }
}

/// The drawing, and how wide it is.
pub(super) fn drawn(nodes: &[Node], edges: &[Edge]) -> (String, f64) {
    let is_there = |e: &&Edge| e.from < nodes.len() && e.to < nodes.len();
    let edges: Vec<Edge> = edges.iter().filter(is_there).cloned().collect();
    let places = Places::of(nodes, &edges);
    let mut svg = Svg::new(places.width, places.height);
    for edge in &edges {
        arrow(&mut svg, &places, edge);
    }
    for (at, node) in nodes.iter().enumerate() {
        labels(&mut svg, (nodes, &edges), at, &places.boxes[at]);
        boxed(&mut svg, &places.boxes[at], node);
    }
    let said: Vec<String> =
        edges.iter().map(|e| format!("{} to {}", nodes[e.from].name, nodes[e.to].name)).collect();
    let said = match said.is_empty() {
        true => "One node, which takes from no other.".to_owned(),
        false => format!("From {}.", said.join("; from ")),
    };
    (svg.finish("model-graph", "The model's graph", &said), places.width)
}

/// How many nodes stand above each; what goes in a circle stays where it was.
fn depths(n: usize, edges: &[Edge]) -> Vec<usize> {
    let mut depths = vec![0; n];
    for _ in 0..n {
        for edge in edges.iter().filter(|e| e.from < n && e.to < n) {
            let below = (depths[edge.from] + 1).min(n.saturating_sub(1));
            depths[edge.to] = depths[edge.to].max(below);
        }
    }
    depths
}

/// Down from a box, across, and down to the next; around rows that it passes.
fn arrow(svg: &mut Svg, places: &Places, edge: &Edge) {
    let (from, to) = (&places.boxes[edge.from], &places.boxes[edge.to]);
    let x_of = |plot: &Plot| plot.left + LANE;
    let end = [x_of(to), to.top];
    let mut line = Path::default();
    let between = from.bottom() + 0.5 * (DOWN - 7.0);
    line.to(x_of(from), from.bottom());
    if places.depths[edge.to] > places.depths[edge.from] + 1 {
        let last = to.top - DOWN + 3.0;
        for [x, y] in [[x_of(from), between], [4.0, between], [4.0, last], [end[0], last]] {
            line.to(x, y);
        }
    } else {
        line.to(x_of(from), between);
        line.to(end[0], between);
    }
    line.to(end[0], end[1] - 7.0);
    svg.path("edge-line", &line);
    let mut head = Path::default();
    head.polygon(&[end, [end[0] - 5.0, end[1] - 8.0], [end[0] + 5.0, end[1] - 8.0]]);
    svg.path("arrow", &head);
}

/// Which of what comes in does; of several arrows each with the node that it comes from.
fn named((nodes, edges): (&[Node], &[Edge]), at: usize) -> Vec<Lines> {
    let own: Vec<&Edge> = edges.iter().filter(|edge| edge.to == at).collect();
    let label = |edge: &&Edge| {
        let text = match own.len() {
            1 => edge.filter.clone(),
            _ => format!("{}: {}", nodes[edge.from].name, edge.filter),
        };
        letters::lines(&text, (BOX - LANE - 10.0, SIZE), LINES)
    };
    own.iter().filter(|edge| !edge.filter.is_empty()).map(label).collect()
}

/// The same beside the arrow's end and above the box.
fn labels(svg: &mut Svg, of: (&[Node], &[Edge]), at: usize, plot: &Plot) {
    let mut y = plot.top - 6.0;
    for label in named(of, at).iter().rev() {
        y -= LABEL * (label.lines.len() - 1) as f64;
        let place = [plot.left + LANE + 10.0, y];
        svg.lines("tick edge-label", place, Anchor::Start, (label, LABEL));
        y -= LABEL;
    }
}

/// What stands in a box, and in which class of letters.
fn words(node: &Node) -> [(&'static str, Lines); 3] {
    let groups = match node.group_by.as_slice() {
        [] => "all together".to_owned(),
        by => format!("by {}", by.join(", ")),
    };
    let times = match (node.n_groups, node.n_planned) {
        (_, 0) => "no unit here".to_owned(),
        (n, all) if n < all => format!("fitted in {n} of {all}"),
        (1, _) => "fitted once".to_owned(),
        (n, _) => format!("fitted {n} times"),
    };
    let tested = match node.contrasts.as_slice() {
        [] => "passes on what comes".to_owned(),
        all => all.join(", "),
    };
    let room = BOX - 2.0 * INSIDE[0];
    let of = |text: String, size: f64| letters::lines(&text, (room, size), LINES);
    [
        ("label strong", of(format!("{} ({})", node.name, node.level), letters::bold(NAME_SIZE))),
        ("tick", of(format!("{groups}; {times}"), SIZE)),
        ("tick", of(tested, SIZE)),
    ]
}

/// Pixels of a box with these words.
fn high(words: &[(&str, Lines)]) -> f64 {
    let more: usize = words.iter().map(|(_, lines)| lines.lines.len() - 1).sum();
    INSIDE[1] + NEXT * (words.len() - 1) as f64 + STEP * more as f64 + INSIDE[2]
}

fn boxed(svg: &mut Svg, plot: &Plot, node: &Node) {
    let mut frame = Path::default();
    frame.bar(plot.left, plot.top, plot.width, plot.height);
    svg.path(if node.is_here { "node here" } else { "node" }, &frame);
    let mut y = plot.top + INSIDE[1];
    for (class, lines) in words(node) {
        svg.lines(class, [plot.left + INSIDE[0], y], Anchor::Start, (&lines, STEP));
        y += NEXT + STEP * (lines.lines.len() - 1) as f64;
    }
}
