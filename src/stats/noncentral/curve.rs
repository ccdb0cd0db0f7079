//! A smooth function by cubics between nodes.

/// What midpoints may be off before there are twice as many nodes.
const TOLERANCE: f64 = 1e-7;
const MOST_NODES: usize = 1 << 14;

/// Value and slope.
pub(super) type Node = (f64, f64);

/// Equally spaced nodes of a function of which value and slope are known there.
#[derive(Debug, Clone)]
pub(super) struct Curve {
    first: f64,
    step: f64,
    nodes: Vec<Node>,
}

impl Curve {
    /// From `first` to `last`; `exact` is asked for each place after the node before it where there is one.
    pub(super) fn new(first: f64, last: f64, exact: impl Fn(f64) -> Node) -> Curve {
        let intervals = ((last - first) / 0.5).ceil().max(1.0);
        let step = (last - first) / intervals;
        let nodes = (0..=intervals as usize).map(|k| exact(first + step * k as f64)).collect();
        let mut curve = Curve { first, step, nodes };
        loop {
            let middle = |k: usize| curve.first + curve.step * (k as f64 + 0.5);
            let between: Vec<Node> = (0..curve.nodes.len() - 1).map(|k| exact(middle(k))).collect();
            // Relative where values are large.
            let is_off = |(k, node): (usize, &Node)| {
                let off = (curve.at(middle(k)) - node.0).abs();
                off.is_nan() || off > TOLERANCE * node.0.abs().max(1.0)
            };
            let is_done = !between.iter().enumerate().any(is_off);
            let mut nodes = Vec::with_capacity(2 * curve.nodes.len());
            for (node, after) in curve.nodes.iter().zip(&between) {
                nodes.extend([*node, *after]);
            }
            nodes.extend(curve.nodes.last());
            curve = Curve { step: 0.5 * curve.step, nodes, ..curve };
            if is_done || curve.nodes.len() > MOST_NODES {
                return curve;
            }
        }
    }

    /// Whether a place lies between the nodes.
    pub(super) fn has(&self, x: f64) -> bool {
        x >= self.first && x <= self.first + self.step * (self.nodes.len() - 1) as f64
    }

    /// The value at a place between the nodes.
    pub(super) fn at(&self, x: f64) -> f64 {
        let along = (x - self.first) / self.step;
        let k = (along as usize).min(self.nodes.len() - 2);
        let u = along - k as f64;
        let ((a, slope_a), (b, slope_b)) = (self.nodes[k], self.nodes[k + 1]);
        let v = 1.0 - u;
        // Hermite's cubic.
        a * v * v * (1.0 + 2.0 * u)
            + b * u * u * (1.0 + 2.0 * v)
            + self.step * u * v * (slope_a * v - slope_b * u)
    }
}

/// The root of a falling function within a bracket by Newton's steps, halved where they leave it; `of` gives value and slope.
pub(super) fn falling_root(
    (mut low, mut high): (f64, f64),
    start: f64,
    of: impl Fn(f64) -> Node,
) -> f64 {
    let mut x = start.clamp(low, high);
    for _ in 0..100 {
        let (value, slope) = of(x);
        if value > 0.0 {
            low = x
        } else {
            high = x
        }
        let newton = x - value / slope;
        // The next step would be the square of this one.
        if (newton - x).abs() <= 1e-8 * x.abs().max(1.0) {
            return newton.clamp(low, high);
        }
        x = if newton > low && newton < high { newton } else { 0.5 * (low + high) };
    }
    x
}
