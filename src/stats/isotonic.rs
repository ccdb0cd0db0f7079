//! A curve that never falls, through means at rising intensities: where it reaches a value without a straight line being assumed, and its mean height.
//!
//! Isotonic regression: of all m_1 <= ... <= m_k that with the smallest sum w_i (y_i - m_i)^2, found by pooling neighbours that are out of order into their weighted
//! mean until none is (pool adjacent violators). Between the intensities the curve is straight. Source: Barlow et al. 1972. Oracle: scikit-learn's
//! `isotonic_regression` (`tests/oracles/curves.py`).

/// The fit at each place, `[place]`; `weights` above 0.
#[must_use]
pub fn isotonic(y: &[f64], weights: &[f64]) -> Vec<f64> {
    // Mean, weight and number of places of each pool.
    let mut pools: Vec<(f64, f64, usize)> = Vec::with_capacity(y.len());
    for (&y, &weight) in y.iter().zip(weights) {
        let mut last = (y, weight, 1);
        while let Some(before) = pools.pop_if(|before| before.0 > last.0) {
            let weight = before.1 + last.1;
            last = ((before.0 * before.1 + last.0 * last.1) / weight, weight, before.2 + last.2);
        }
        pools.push(last);
    }
    pools.iter().flat_map(|&(mean, _, places)| std::iter::repeat_n(mean, places)).collect()
}

/// The least x at which a curve that never falls, `heights` at rising `x`, reaches `height`; none where it begins above or ends below.
#[must_use]
pub fn reached(x: &[f64], heights: &[f64], height: f64) -> Option<f64> {
    if heights.first() == Some(&height) {
        return x.first().copied();
    }
    let steps = heights.windows(2).zip(x.windows(2));
    let (h, x) = steps.into_iter().find(|(h, _)| h[0] < height && h[1] >= height)?;
    Some(x[0] + (height - h[0]) / (h[1] - h[0]) * (x[1] - x[0]))
}

/// The area below a curve by trapezoids over the width of x: its mean height, in units of the heights; none for fewer than 2 places.
#[must_use]
pub fn mean_height(x: &[f64], heights: &[f64]) -> Option<f64> {
    let steps = heights.windows(2).zip(x.windows(2));
    let area: f64 = steps.map(|(h, x)| 0.5 * (h[0] + h[1]) * (x[1] - x[0])).sum();
    let width = x.last()? - x.first()?;
    (width > 0.0).then_some(area / width)
}

/// The means of y at each distinct x: x rising, mean, and how many `[place]`.
#[must_use]
pub fn means_at(x: &[f64], y: &[f64]) -> (Vec<f64>, Vec<f64>, Vec<f64>) {
    let mut order: Vec<usize> = (0..x.len().min(y.len())).collect();
    order.sort_by(|&a, &b| x[a].total_cmp(&x[b]));
    let (mut places, mut sums, mut counts) = (Vec::new(), Vec::new(), Vec::new());
    for at in order {
        if places.last() != Some(&x[at]) {
            places.push(x[at]);
            sums.push(0.0);
            counts.push(0.0);
        }
        let last = places.len() - 1;
        sums[last] += y[at];
        counts[last] += 1.0;
    }
    let means = sums.iter().zip(&counts).map(|(sum, n)| sum / n).collect();
    (places, means, counts)
}
