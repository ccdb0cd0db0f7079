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
    /// Whether the middle is an end of the trial values, beyond which the objective falls on; whether it falls from there inwards, too, is then seen beside it.
    is_end: bool,
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
        let f = around.map(|k| model.objective(share(k), grid.ln_det[k]));
        Bracket {
            start: grid.between(levels, at),
            share: share(at),
            ..Bracket::of(around.map(|k| grid.rho[k]), f)
        }
    }

    fn of(x: [f64; 3], f: [f64; 3]) -> Bracket {
        let (start, has_started, is_end) = (None, false, false);
        Bracket { x, f, start, has_started, is_end, found: None, share: 1.0 }
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
        if std::mem::take(&mut self.is_end) {
            return if below > above { x1 - 2.0 * NEAR } else { x1 + 2.0 * NEAR };
        }
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

    /// Take a value beyond the end. Where it is lower still, the end is the least that may be, but for a bowl before it.
    pub fn widen(&mut self, x: f64, f: f64) {
        if self.beyond() != Some(x) {
            return;
        }
        let outer = if x < self.x[1] { 0 } else { 2 };
        match f > self.f[1] {
            true => (self.x[outer], self.f[outer]) = (x, f),
            false => self.is_end = true,
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

#[cfg(test)]
mod tests {
    use super::*;

    /// Where the search ends, from a trial value at the end of the range, and how often the objective was looked at.
    fn found(objective: impl Fn(f64) -> f64, end: f64) -> (f64, usize) {
        let before = end - 0.05 * end.signum();
        let x = if end > 0.0 { [before, end, end] } else { [end, end, before] };
        let mut bracket = Bracket::of(x, x.map(&objective));
        let beyond = bracket.beyond().unwrap();
        bracket.widen(beyond, objective(beyond));
        for n in 1..40 {
            let next = bracket.next();
            if bracket.is_found() {
                return (bracket.bowl(-LARGEST).rho, n);
            }
            bracket.narrow(next, objective(next));
        }
        panic!("not found");
    }

    #[test]
    fn a_bowl_before_the_end_is_found_though_the_objective_falls_beyond_it() {
        for end in [0.95, -0.95_f64] {
            let bowl = |least: f64| move |x: f64| (x - least).powi(2);
            let falling =
                |least: f64| move |x: f64| if x.abs() > 0.96 { -1.0 } else { bowl(least)(x) };
            for size in [0.93, 0.9405, 0.9495_f64] {
                let least = size * end.signum();
                for (at, n) in [found(bowl(least), end), found(falling(least), end)] {
                    assert!((at - least).abs() < 1e-6 && n < 10, "{at} after {n} for {least}");
                }
            }
            // Nothing before the end, and beyond it what may not be.
            assert_eq!(found(falling(0.97 * end.signum()), end).0, end);
            assert_eq!(found(bowl(0.958 * end.signum()), end).0, end);
        }
    }
}
