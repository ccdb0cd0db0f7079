//! A model's graph: nodes as boxes, each below those that it takes from, and what is taken as arrows.

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

const WIDTH: f64 = 900.0;
const BOX: [f64; 2] = [280.0, 84.0];
const DOWN: f64 = 44.0;
const SIDE: f64 = 20.0;
/// Letters in a line of a box.
const LETTERS: usize = 44;

/// The drawing.
pub(super) fn drawn(nodes: &[Node], edges: &[Edge]) -> String {
    let depths = depths(nodes.len(), edges);
    let n_rows = depths.iter().max().map_or(0, |d| d + 1);
    let widest = (0..n_rows).map(|row| depths.iter().filter(|d| **d == row).count()).max();
    let widest = widest.unwrap_or(1) as f64;
    let width = (widest * (BOX[0] + SIDE) + SIDE).max(WIDTH);
    let mut svg = Svg::new(width, n_rows as f64 * (BOX[1] + DOWN) - DOWN + 16.0);
    let place = |at: usize| {
        let beside: Vec<usize> = (0..nodes.len()).filter(|&o| depths[o] == depths[at]).collect();
        let nth = beside.iter().position(|&o| o == at).unwrap_or(0) as f64;
        let row = beside.len() as f64 * (BOX[0] + SIDE) - SIDE;
        let left = 0.5 * (width - row) + nth * (BOX[0] + SIDE);
        Plot { left, top: 8.0 + depths[at] as f64 * (BOX[1] + DOWN), width: BOX[0], height: BOX[1] }
    };
    for edge in edges.iter().filter(|e| e.from < nodes.len() && e.to < nodes.len()) {
        arrow(&mut svg, &place(edge.from), &place(edge.to), &edge.filter);
    }
    for (at, node) in nodes.iter().enumerate() {
        boxed(&mut svg, &place(at), node);
    }
    let said: Vec<String> = edges
        .iter()
        .filter_map(|e| Some(format!("{} to {}", nodes.get(e.from)?.name, nodes.get(e.to)?.name)))
        .collect();
    let said = match said.is_empty() {
        true => "One node, which takes from no other.".to_owned(),
        false => format!("From {}.", said.join("; from ")),
    };
    svg.finish("model-graph", "The model's graph", &said)
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

fn arrow(svg: &mut Svg, from: &Plot, to: &Plot, filter: &str) {
    let middle = |plot: &Plot| plot.left + 0.5 * plot.width;
    let (begin, end) = ([middle(from), from.bottom()], [middle(to), to.top - 7.0]);
    let mut line = Path::default();
    line.line(begin, end);
    svg.path("edge-line", &line);
    let mut head = Path::default();
    head.polygon(&[[end[0], to.top], [end[0] - 5.0, end[1] - 1.0], [end[0] + 5.0, end[1] - 1.0]]);
    svg.path("arrow", &head);
    let at = [0.5 * (begin[0] + end[0]) + 10.0, 0.5 * (begin[1] + end[1]) + 4.0];
    svg.text("tick", at, Anchor::Start, &cut(filter));
}

fn boxed(svg: &mut Svg, plot: &Plot, node: &Node) {
    let mut frame = Path::default();
    frame.bar(plot.left, plot.top, plot.width, plot.height);
    svg.path(if node.is_here { "node here" } else { "node" }, &frame);
    let groups = match node.group_by.as_slice() {
        [] => "all together".to_owned(),
        by => format!("by {}", by.join(", ")),
    };
    let times =
        if node.n_groups == 1 { "once".to_owned() } else { format!("{} times", node.n_groups) };
    let tested = match node.contrasts.as_slice() {
        [] => "passes on what comes".to_owned(),
        all => all.join(", "),
    };
    let lines = [
        ("label strong", format!("{} ({})", node.name, node.level)),
        ("tick", format!("{groups}; fitted {times}")),
        ("tick", tested),
    ];
    for (k, (class, text)) in lines.into_iter().enumerate() {
        let at = [plot.left + 12.0, plot.top + 24.0 + 22.0 * k as f64];
        svg.text(class, at, Anchor::Start, &cut(&text));
    }
}

fn cut(text: &str) -> String {
    match text.chars().count() > LETTERS {
        true => text.chars().take(LETTERS - 1).chain(['…']).collect(),
        false => text.to_owned(),
    }
}
