//! Stimulus functions on a grid of bins, and their convolution with a sampled response.

use crate::stats::tails::ln_gamma;

/// Bins `first..end` of one height.
pub(super) struct Stretch {
    pub first: i64,
    pub end: i64,
    pub height: f64,
}

/// Running sums of a response: the convolution with a stretch is a difference of two of them.
pub(super) struct Cumulative(Vec<f64>);

impl Cumulative {
    pub fn new(response: &[f64]) -> Cumulative {
        let mut sum = 0.0;
        Cumulative(
            response
                .iter()
                .map(|h| {
                    sum += h;
                    sum
                })
                .collect(),
        )
    }

    /// Sum of the response's bins 0..=last.
    fn up_to(&self, last: i64) -> f64 {
        match usize::try_from(last) {
            Ok(last) => self.0.get(last).or(self.0.last()).copied().unwrap_or(0.0),
            Err(_) => 0.0,
        }
    }

    /// The stretches convolved with the response, at one bin.
    pub fn convolved(&self, stretches: &[Stretch], bin: i64) -> f64 {
        let one = |b: &Stretch| {
            let since_first = self.up_to(bin.saturating_sub(b.first));
            b.height * (since_first - self.up_to(bin.saturating_sub(b.end)))
        };
        stretches.iter().map(one).sum()
    }
}

/// y^(shape-1) e^-y / Gamma(shape); 0 for y <= 0.
pub(super) fn gamma_density(y: f64, shape: f64) -> f64 {
    if y <= 0.0 {
        return 0.0;
    }
    ((shape - 1.0) * y.ln() - y - ln_gamma(shape)).exp()
}

pub(super) fn normalised(mut values: Vec<f64>) -> Vec<f64> {
    let sum: f64 = values.iter().sum();
    if sum != 0.0 {
        values.iter_mut().for_each(|v| *v /= sum);
    }
    values
}

/// Take from each column its projection on those before it. Columns are not scaled.
pub(in crate::design) fn orthogonalise(columns: &mut [Vec<f64>]) {
    let dot = |a: &[f64], b: &[f64]| -> f64 { a.iter().zip(b).map(|(x, y)| x * y).sum() };
    for i in 1..columns.len() {
        let (before, rest) = columns.split_at_mut(i);
        for column in before.iter() {
            let norm = dot(column, column);
            if norm > 0.0 {
                let weight = dot(&rest[0], column) / norm;
                rest[0].iter_mut().zip(column).for_each(|(v, c)| *v -= weight * c);
            }
        }
    }
}
