//! Between values a step apart: the polynomials through three and five of them.

/// Where the parabola through three values a step apart is least, in steps from the middle one, which is the least of them.
#[inline(always)]
pub(super) fn vertex([before, middle, after]: [f64; 3]) -> f64 {
    let bend = before - 2.0 * middle + after;
    if bend > 0.0 { (0.5 * (before - after) / bend).clamp(-1.0, 1.0) } else { 0.0 }
}

/// Sets of values that are looked at side by side.
pub(super) const LANES: usize = 16;

/// Steps of Newton's, each of which squares how far off the one before was.
const STEPS: usize = 4;

/// Where the polynomial through five values a step apart is stationary, in steps from the middle one, near the parabola's vertex; `f`: `[value][lane]`.
#[inline(always)]
pub(super) fn stationary(f: &[[f64; LANES]; 5]) -> [f64; LANES] {
    let mut found = [0.0; LANES];
    // Without branches, so that lanes are done together.
    for (lane, found) in found.iter_mut().enumerate() {
        let f = [f[0][lane], f[1][lane], f[2][lane], f[3][lane], f[4][lane]];
        let first = (f[0] - 8.0 * f[1] + 8.0 * f[3] - f[4]) / 12.0;
        let second = (-f[0] + 16.0 * f[1] - 30.0 * f[2] + 16.0 * f[3] - f[4]) / 12.0;
        let third = (-f[0] + 2.0 * f[1] - 2.0 * f[3] + f[4]) / 2.0;
        let fourth = f[0] - 4.0 * f[1] + 6.0 * f[2] - 4.0 * f[3] + f[4];
        let start = vertex([f[1], f[2], f[3]]);
        let (mut x, mut is_bowl) = (start, true);
        for _ in 0..STEPS {
            let slope = first + x * (second + x * (third / 2.0 + x * fourth / 6.0));
            let bend = second + x * (third + x * fourth / 2.0);
            is_bowl &= bend > 0.0;
            x -= slope / bend;
        }
        *found = if is_bowl & (x.abs() <= 1.5) { x } else { start };
    }
    found
}

/// Weights of five values a step apart at x steps from the middle one.
pub(super) fn lagrange(x: f64) -> [f64; 5] {
    let (one, two) = (x * x - 1.0, x * x - 4.0);
    [
        one * x * (x - 2.0) / 24.0,
        -two * x * (x - 1.0) / 6.0,
        one * two / 4.0,
        -two * x * (x + 1.0) / 6.0,
        one * x * (x + 2.0) / 24.0,
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn polynomials_of_fourth_order_are_found_between_their_values() {
        let f = |x: f64| 3.0 - 0.2 * x + 1.5 * x * x + 0.1 * x.powi(3) + 0.03 * x.powi(4);
        let values: [f64; 5] = std::array::from_fn(|i| f(i as f64 - 2.0));
        let mut lanes = [[0.0; LANES]; 5];
        lanes.iter_mut().zip(values).for_each(|(lanes, value)| lanes[3] = value);
        for x in [-2.0, -0.4, 0.0, 0.37, 1.9] {
            let got: f64 = lagrange(x).iter().zip(values).map(|(w, f)| w * f).sum();
            assert!((got - f(x)).abs() < 1e-13, "{got} for {}", f(x));
        }
        let x = stationary(&lanes)[3];
        let slope = -0.2 + 3.0 * x + 0.3 * x * x + 0.12 * x.powi(3);
        assert!(slope.abs() < 1e-13 && (x - 0.066).abs() < 0.001, "{slope} at {x}");
    }
}
