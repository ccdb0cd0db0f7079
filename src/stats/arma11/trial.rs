//! Trial values of a and b, and what they make of a design; the room `arma` finds RSS at them.

use super::steps::Steps;
use super::{Arma11, LARGEST, STEP, Starts};

/// a and b of every trial; the first is white noise.
#[must_use]
pub fn trial_values() -> Vec<(f64, f64)> {
    let steps = (LARGEST / STEP).round() as i32;
    let at = |i: i32| f64::from(i) * STEP;
    let b_of = move |i: i32| (-i..=steps).map(move |j| (at(i), at(j)));
    // Where lambda is 0 noise is white, whatever a: one trial stands for all.
    (0..=steps).flat_map(b_of).filter(|(a, b)| *a == 0.0 || a + b > 1e-9).collect()
}

/// Of each trial, those beside it.
#[must_use]
pub fn neighbours(values: &[(f64, f64)]) -> Vec<Vec<usize>> {
    let step = STEP * 1.01;
    let white = |(a, b): (f64, f64)| a + b < 1e-9;
    let beside = |(a, b): (f64, f64), (c, d): (f64, f64)| {
        // White noise lies along a whole edge.
        let along = white((a, b)) && c + d < step || white((c, d)) && a + b < step;
        (along || (a - c).abs() < step && (b - d).abs() < step) && (a, b) != (c, d)
    };
    let of =
        |&place: &(f64, f64)| (0..values.len()).filter(|&k| beside(place, values[k])).collect();
    values.iter().map(of).collect()
}

/// Where to begin: the least trials that are lower than all beside them but for `doubt`, by which the difference of two may be off where they are found
/// otherwise; the least again where there are no more. `values`: the objective, `[trial]`.
#[must_use]
pub fn lowest(values: &[f64], neighbours: &[Vec<usize>], doubt: f64) -> Starts {
    let is_low = |k: &usize| neighbours[*k].iter().all(|&other| values[*k] < values[other] + doubt);
    let below = |a: &usize, b: &usize| values[*a].total_cmp(&values[*b]);
    let varies = values.iter().any(|value| *value != values[0]);
    let mut low: Vec<usize> = (0..values.len()).filter(|k| varies && is_low(k)).collect();
    low.sort_by(below);
    let least = low.first().copied().unwrap_or(0);
    std::array::from_fn(|start| low.get(start).copied().unwrap_or(least) as u32)
}

/// What trial values make of the design; all voxels of the group share it.
#[derive(Debug, Clone)]
pub struct Trial {
    /// lambda of a and b.
    pub lambda: f64,
    /// a^g, `[volume]`.
    pub decay: Vec<f64>,
    /// a^(g-1) W of the volume before, `[volume]`.
    pub step: Vec<f64>,
    /// 1 / sqrt D, `[volume]`.
    pub scale: Vec<f64>,
    /// Whitened, `[volume][basis]`.
    pub basis: Vec<f64>,
    /// L of N = L L', lower triangle row by row, the diagonal inverted.
    pub factor: Vec<f64>,
    /// log|N| + log|R|.
    pub ln_det: f64,
}

impl Trial {
    /// Of a model's design at a and b.
    #[must_use]
    pub fn new(model: &Arma11, (a, b): (f64, f64)) -> Trial {
        let r = model.basis.ncols();
        let steps = Steps::new(&model.gaps, a, b);
        let mut whitened = model.basis.clone();
        steps.whiten(&mut whitened);
        let Steps { lambda, decay, step, scale, mut ln_det } = steps;
        let basis: Vec<f64> = whitened.iter().copied().collect();
        let mut factor = vec![0.0; r * (r + 1) / 2];
        for row in basis.chunks_exact(r.max(1)) {
            let mut at = 0;
            for i in 0..r {
                factor[at..=at + i].iter_mut().zip(row).for_each(|(sum, u)| *sum += row[i] * u);
                at += i + 1;
            }
        }
        for i in 0..r {
            let start = i * (i + 1) / 2;
            for j in 0..=i {
                let above = j * (j + 1) / 2;
                let sum: f64 = (0..j).map(|k| factor[start + k] * factor[above + k]).sum();
                let rest = factor[start + j] - sum;
                factor[start + j] = if i == j {
                    ln_det += rest.ln();
                    1.0 / rest.sqrt()
                } else {
                    rest * factor[above + j]
                };
            }
        }
        Trial { lambda, decay, step, scale, basis, factor, ln_det }
    }

    /// G of the equation of the room `arma`: an orthonormal basis of the whitened basis, `[volume][basis]`.
    #[must_use]
    pub fn orthonormal(&self) -> Vec<f64> {
        let r = self.basis.len() / self.scale.len().max(1);
        let mut rows = self.basis.clone();
        // Each row of U L'⁻¹ in place, left to right.
        for row in rows.chunks_exact_mut(r.max(1)) {
            let mut at = 0;
            for i in 0..r {
                let of_row = &self.factor[at..at + i + 1];
                let sum: f64 = of_row[..i].iter().zip(&*row).map(|(l, g)| l * g).sum();
                row[i] = (row[i] - sum) * of_row[i];
                at += i + 1;
            }
        }
        rows
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::arma11::MOST_STARTS;

    #[test]
    fn the_lowest_that_are_low_but_for_a_doubt_are_begun_from() {
        let at = trial_values();
        let beside = neighbours(&at);
        let place = |a: f64, b: f64| {
            let near = |&(c, d): &(f64, f64)| (a - c).abs() < 1e-9 && (b - d).abs() < 1e-9;
            at.iter().position(near).expect("a trial")
        };
        let [first, second, third] = [place(0.3, 0.3), place(0.7, -0.4), place(0.1, 0.7)];
        let values = |higher: f64| {
            let mut values: Vec<f64> = (0..at.len()).map(|k| 9.0 + higher * k as f64).collect();
            (values[first], values[second], values[third]) = (1.0, 2.0, 3.0);
            values
        };
        let [one, two, three] = [first, second, third].map(|k| k as u32);
        assert_eq!(lowest(&values(0.1), &beside, 0.01)[..3], [one, two, three]);
        // One that is as low as one beside it but for the doubt is another beginning: it may lie in another valley.
        let mut tied = values(0.1);
        let far = place(0.8, 0.5);
        tied[far] = tied[beside[far][0]].min(4.0);
        let found = lowest(&tied, &beside, 0.01);
        assert!(found[1..3] == [two, three] && found[3] == far as u32, "{found:?}");
        tied[beside[far][0]] = tied[far] - 0.02;
        assert_ne!(lowest(&tied, &beside, 0.01)[3], far as u32);
        assert_eq!(lowest(&vec![3.0; at.len()], &beside, 0.01), [0; MOST_STARTS], "nothing varies");
    }
}
