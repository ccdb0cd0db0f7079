//! Three places about the least value of the objective, which come nearer to it.

use super::super::Ar1;
use super::LARGEST;
use super::grid::Grid;

/// So far beyond the last trial values the objective is looked at, too, so that a least place between them is told from one beyond them.
const BEYOND: f64 = 0.025;
/// A place this near to the parabola's vertex is the least, once values twice as far away on both sides say so; of values nearer to each other rounding is the difference.
const NEAR: f64 = 5e-5;

/// A place where the objective is least about it, its value, and the share of RSS that is left at the trial value that it was found from.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bowl {
    pub rho: f64,
    pub value: f64,
    pub share: f64,
}

/// Three places about the least value, ascending.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bracket {
    x: [f64; 3],
    f: [f64; 3],
    /// Where to look first: where the trial values say that the least place is.
    start: Option<f64>,
    has_started: bool,
    /// The least place, once it is known.
    found: Option<f64>,
    /// RSS at the trial value, as a share.
    share: f64,
}

impl Bracket {
    /// About one of the trial values, `share` RSS at each; at an end its outer place is the end itself.
    pub fn about(
        model: &Ar1,
        (grid, levels): (&Grid, &[f64]),
        share: impl Fn(usize) -> f64,
        at: usize,
    ) -> Bracket {
        let around = [at.saturating_sub(1), at, (at + 1).min(grid.rho.len() - 1)];
        Bracket {
            x: around.map(|k| grid.rho[k]),
            f: around.map(|k| model.objective(share(k), grid.ln_det[k])),
            start: grid.between(levels, at),
            has_started: false,
            found: None,
            share: share(at),
        }
    }

    /// Where to look next: where the trial values say, then at the parabola's vertex; beside the middle where that is either and an outer place is far; nowhere
    /// else once it is found.
    pub fn next(&mut self) -> f64 {
        let [x0, x1, x2] = self.x;
        if let Some(found) = self.found {
            return found;
        }
        if let Some(start) = self.start.filter(|_| !self.has_started) {
            self.has_started = true;
            return start;
        }
        let (below, above) = (x1 - x0, x2 - x1);
        let is_far = below.max(above) > 4.0 * NEAR && self.f[1].is_finite();
        let vertex = if is_far && self.start == Some(x1) { x1 } else { self.vertex() };
        if (vertex - x1).abs() >= NEAR {
            return vertex;
        }
        if !is_far {
            self.found = Some(vertex);
            return vertex;
        }
        if below > above { x1 - 2.0 * NEAR } else { x1 + 2.0 * NEAR }
    }

    pub fn is_found(&self) -> bool {
        self.found.is_some()
    }

    /// The place of the least value that was seen.
    pub fn middle(&self) -> f64 {
        self.x[1]
    }

    /// Where to look for an outer place; none where there is one.
    pub fn beyond(&self) -> Option<f64> {
        let [x0, x1, x2] = self.x;
        match (x0 == x1, x1 == x2) {
            (true, _) => Some(x1 - BEYOND),
            (_, true) => Some(x1 + BEYOND),
            _ => None,
        }
    }

    /// Take a value beyond the end. Where it is lower still, the end is the least that may be.
    pub fn widen(&mut self, x: f64, f: f64) {
        if self.beyond() != Some(x) {
            return;
        }
        let outer = if x < self.x[1] { 0 } else { 2 };
        match f > self.f[1] {
            true => (self.x[outer], self.f[outer]) = (x, f),
            false => (self.x, self.f) = ([self.x[1]; 3], [self.f[1]; 3]),
        }
    }

    /// What was found, rho no farther than it may lie.
    pub fn bowl(&self, lowest: f64) -> Bowl {
        let rho = self.found.unwrap_or_else(|| self.vertex()).clamp(lowest, LARGEST);
        Bowl { rho, value: self.f[1], share: self.share }
    }

    /// Where the parabola through the three has its least value; the middle where there is none.
    fn vertex(&self) -> f64 {
        let [x0, x1, x2] = self.x;
        let [f0, f1, f2] = self.f;
        let (left, right) = ((x1 - x0) * (f1 - f2), (x1 - x2) * (f1 - f0));
        let step = ((x1 - x0) * left - (x1 - x2) * right) / (2.0 * (left - right));
        let vertex = x1 - step;
        if vertex > x0 && vertex < x2 { vertex } else { x1 }
    }

    /// Take a value between the outer places.
    pub fn narrow(&mut self, x: f64, f: f64) {
        let [x0, x1, x2] = self.x;
        let [f0, f1, f2] = self.f;
        if !f.is_finite() || x == x1 || self.found.is_some() {
            return;
        }
        let (x_new, f_new) = match (x < x1, f < f1) {
            (true, true) => ([x0, x, x1], [f0, f, f1]),
            (true, false) => ([x, x1, x2], [f, f1, f2]),
            (false, true) => ([x1, x, x2], [f1, f, f2]),
            (false, false) => ([x0, x1, x], [f0, f1, f]),
        };
        (self.x, self.f) = (x_new, f_new);
    }
}
