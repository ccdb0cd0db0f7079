//! Trial values of rho, and where between them the objective is least.

use super::super::Ar1;
use super::trial_values;

/// Trial values that a polynomial goes through.
const NODES: usize = 7;
/// Newton's steps to its least value at most.
const STEPS: usize = 6;
/// A step so small is the last.
const LAST_STEP: f64 = 1e-6;
/// The logarithm of the largest weight: far from overflow.
const HEAVIEST: f64 = 600.0;

/// Trial values of one slice group or voxel.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Grid {
    /// Ascending.
    pub rho: Vec<f64>,
    /// log|N| + log|R| at each.
    pub ln_det: Vec<f64>,
    /// What RSS is multiplied by at each: the product, the objective's exponential but for a power and a factor, is least where the objective is, and takes
    /// no logarithm.
    weight: Vec<f64>,
    /// artanh of each. What the objective is made of has its poles about the unit circle: as seen from there, none comes near as rho grows.
    place: Vec<f64>,
    /// One over the distance to the place so many trials on, `[trial][how many - 1]`.
    per_apart: Vec<[f64; NODES - 1]>,
}

impl Grid {
    /// Of the trial values that a model looks at, where `ln_det` are theirs.
    pub fn new(model: &Ar1, ln_det: Vec<f64>) -> Grid {
        Grid::of(trial_values(model.lowest), ln_det, model.n_left())
    }

    fn of(rho: Vec<f64>, ln_det: Vec<f64>, n_left: f64) -> Grid {
        let least = ln_det.iter().copied().fold(f64::INFINITY, f64::min);
        let heavier = |ln_det: &f64| ((ln_det - least) / n_left).min(HEAVIEST).exp();
        let place: Vec<f64> = rho.iter().map(|rho| rho.atanh()).collect();
        let apart = |at: usize, on: usize| place.get(at + on).map_or(0.0, |on| on - place[at]);
        let per_apart = |at| std::array::from_fn(|order| apart(at, order + 1).recip());
        Grid {
            weight: ln_det.iter().map(heavier).collect(),
            per_apart: (0..rho.len()).map(per_apart).collect(),
            place,
            ln_det,
            rho,
        }
    }

    /// What is least where the objective is, at each trial value, of one lane of `n_lanes`: of RSS as a share, `[trial][lane]`.
    pub fn levels(&self, shares: &[f64], (n_lanes, lane): (usize, usize), levels: &mut Vec<f64>) {
        levels.clear();
        let own = shares.iter().skip(lane).step_by(n_lanes).zip(&self.weight);
        levels.extend(own.map(|(share, weight)| share * weight));
    }

    /// Where the polynomial through the levels about a trial value is least; none where that is not between its neighbours.
    pub fn between(&self, levels: &[f64], at: usize) -> Option<f64> {
        let last = levels.len().checked_sub(1)?;
        if at == 0 || at == last || last < NODES {
            return None;
        }
        let first = at.saturating_sub(NODES / 2).min(last + 1 - NODES);
        let places = self.place[first..].first_chunk::<NODES>()?;
        // Newton's divided differences.
        let mut c = *levels[first..].first_chunk::<NODES>()?;
        for order in 1..NODES {
            for i in (order..NODES).rev() {
                c[i] = (c[i] - c[i - 1]) * self.per_apart[first + i - order][order - 1];
            }
        }
        let mut place = self.place[at];
        for _ in 0..STEPS {
            // The value, the slope, and half the bend.
            let (mut value, mut slope, mut bend) = (0.0, 0.0, 0.0);
            for (c, node) in c.iter().zip(places).rev() {
                let from = place - node;
                bend = bend * from + slope;
                slope = slope * from + value;
                value = value * from + c;
            }
            let step = slope / (2.0 * bend);
            place -= step;
            if bend <= 0.0 || !(self.place[at - 1]..self.place[at + 1]).contains(&place) {
                return None;
            }
            if step.abs() < LAST_STEP {
                break;
            }
        }
        let rho = place.tanh();
        (rho > self.rho[at - 1] && rho < self.rho[at + 1]).then_some(rho)
    }
}

/// Which of some values is the least, the first of equals.
pub(super) fn least(values: &[f64]) -> usize {
    (0..values.len()).fold(0, |best, k| if values[k] < values[best] { k } else { best })
}

/// The least trial of another bowl than that of the least.
pub(super) fn other_bowl(values: &[f64], best: usize) -> Option<usize> {
    let last = values.len().saturating_sub(1);
    let is_bowl = |k: usize| {
        (k == 0 || values[k] <= values[k - 1]) && (k == last || values[k] <= values[k + 1])
    };
    let others = (0..=last).filter(|&k| k.abs_diff(best) > 1 && is_bowl(k));
    others.min_by(|&a, &b| values[a].total_cmp(&values[b]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::ar1::LARGEST;

    #[test]
    fn the_polynomial_finds_the_least_place_of_what_a_long_run_has() {
        // (1 - 2 r x + x²) / (1 - x²), what whitening by x leaves of noise whose neighbours correlate by r, is least where r x² - 2 x + r = 0.
        let rho = trial_values(-LARGEST);
        let grid = Grid::of(rho.clone(), vec![0.0; rho.len()], 100.0);
        for k in -180..=180 {
            let want = f64::from(k) * 0.005 + 1e-4;
            let r = 2.0 * want / (1.0 + want * want);
            let left = |x: f64| (1.0 - 2.0 * r * x + x * x) / (1.0 - x * x);
            let levels: Vec<f64> = rho.iter().map(|&x| left(x)).collect();
            let got = grid.between(&levels, least(&levels));
            let Some(got) = got.filter(|got| (got - want).abs() < 1e-5) else {
                panic!("{got:?} for {want}");
            };
            assert!(grid.between(&levels, 0).is_none() && got.abs() < LARGEST);
        }
        // A slope without a bowl has none.
        assert_eq!(grid.between(&rho, 17), None);
    }
}
