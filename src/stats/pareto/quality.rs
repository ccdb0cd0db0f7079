//! Whether values are of a generalised-Pareto law whose parameters were fitted to them.

/// Upper tails of A² of the table's columns.
const TAILS: [f64; 9] = [0.5, 0.25, 0.15, 0.1, 0.05, 0.025, 0.01, 0.005, 0.001];
/// Its quantiles for shapes from -0.5 to 1 in tenths (`tests/oracles/pareto_fit.py`; four of these columns are Choulakian and Stephens' table).
#[rustfmt::skip]
const QUANTILES: [[f64; 9]; 16] = [
    [0.4958, 0.7357, 0.9153, 1.0620, 1.3214, 1.5909, 1.9593, 2.2449, 2.9239],
    [0.4681, 0.6884, 0.8524, 0.9859, 1.2218, 1.4664, 1.8006, 2.0597, 2.6758],
    [0.4452, 0.6497, 0.8012, 0.9243, 1.1412, 1.3660, 1.6729, 1.9108, 2.4766],
    [0.4262, 0.6179, 0.7591, 0.8737, 1.0753, 1.2838, 1.5685, 1.7892, 2.3140],
    [0.4104, 0.5913, 0.7242, 0.8317, 1.0206, 1.2158, 1.4822, 1.6886, 2.1795],
    [0.3970, 0.5691, 0.6949, 0.7965, 0.9749, 1.1589, 1.4099, 1.6044, 2.0670],
    [0.3858, 0.5504, 0.6703, 0.7669, 0.9363, 1.1109, 1.3489, 1.5333, 1.9719],
    [0.3763, 0.5345, 0.6493, 0.7417, 0.9035, 1.0701, 1.2970, 1.4727, 1.8908],
    [0.3683, 0.5209, 0.6314, 0.7202, 0.8754, 1.0352, 1.2525, 1.4208, 1.8212],
    [0.3614, 0.5094, 0.6161, 0.7018, 0.8514, 1.0051, 1.2142, 1.3761, 1.7612],
    [0.3556, 0.4994, 0.6030, 0.6860, 0.8306, 0.9792, 1.1811, 1.3374, 1.7092],
    [0.3506, 0.4909, 0.5917, 0.6723, 0.8127, 0.9567, 1.1524, 1.3038, 1.6639],
    [0.3463, 0.4836, 0.5820, 0.6605, 0.7972, 0.9373, 1.1275, 1.2746, 1.6245],
    [0.3426, 0.4773, 0.5735, 0.6503, 0.7837, 0.9204, 1.1058, 1.2491, 1.5900],
    [0.3395, 0.4719, 0.5663, 0.6415, 0.7721, 0.9057, 1.0869, 1.2270, 1.5600],
    [0.3368, 0.4672, 0.5600, 0.6339, 0.7620, 0.8930, 1.0705, 1.2077, 1.5337],
];

/// A² = -n - Σ (2 i - 1) / n [ln F(x_(i)) + ln(1 - F(x_(n+1-i)))] of values, the largest first, and their law's upper tail.
pub(super) fn anderson_darling(falling: &[f64], sf: impl Fn(f64) -> f64) -> f64 {
    let n = falling.len();
    let tails: Vec<f64> = falling.iter().map(|&x| sf(x)).collect();
    let term = |i: usize| {
        // The i-th smallest, and the i-th largest.
        let (rising, falling) = (tails[n - i], tails[i - 1]);
        (2 * i - 1) as f64 * ((-rising).ln_1p() + falling.ln())
    };
    -(n as f64) - (1..=n).map(term).sum::<f64>() / n as f64
}

/// The upper tail of A² at a fitted shape: ln p is linear between the table's quantiles, which are linear in the shape.
pub(super) fn p_of(a_square: f64, shape: f64) -> f64 {
    let row = ((shape + 0.5) * 10.0).clamp(0.0, 15.0);
    let (at, part) = ((row as usize).min(14), row - (row as usize).min(14) as f64);
    let quantile =
        |column: usize| (1.0 - part) * QUANTILES[at][column] + part * QUANTILES[at + 1][column];
    if a_square.is_nan() || a_square >= quantile(8) {
        return TAILS[8];
    }
    let Some(after) = (0..9).find(|&column| a_square < quantile(column)) else { return TAILS[8] };
    if after == 0 {
        return TAILS[0];
    }
    let (low, high) = (quantile(after - 1), quantile(after));
    let along = (a_square - low) / (high - low);
    ((1.0 - along) * TAILS[after - 1].ln() + along * TAILS[after].ln()).exp()
}

#[cfg(test)]
mod tests {
    use super::p_of;

    #[test]
    fn p_is_that_of_the_published_quantiles() {
        // Choulakian and Stephens 2001, table 2, of k = -shape.
        for (shape, a_square, p) in
            [(0.0, 0.796, 0.1), (0.0, 0.974, 0.05), (-0.5, 1.321, 0.05), (0.2, 0.903, 0.05)]
        {
            let got = p_of(a_square, shape);
            assert!((got / p - 1.0).abs() < 0.01, "{shape}: {got} for {p}");
        }
        // Between two rows and two columns; beyond the table.
        assert!((p_of(0.5 * (0.9749 + 0.9363), 0.05) - 0.05).abs() < 1e-12);
        let between = p_of(0.5 * (0.7965 + 0.9749), 0.0);
        assert!((between - 0.005_f64.sqrt()).abs() < 1e-12, "{between}");
        assert_eq!([p_of(0.1, 0.0), p_of(9.0, 0.0), p_of(f64::NAN, 0.0)], [0.5, 0.001, 0.001]);
        assert_eq!(p_of(0.8, 3.0), p_of(0.8, 1.0));
    }
}
