//! ln Gamma by Stirling's formula and its error term, which is what differences of ln Gamma need.

/// ln(2 pi) / 2.
pub(super) const HALF_LN_TWO_PI: f64 = 0.918_938_533_204_672_8;

/// ln Gamma(x) for x > 0, within 1e-15 of max(1, |ln Gamma(x)|); NaN for other x.
#[must_use]
pub fn ln_gamma(x: f64) -> f64 {
    if x.is_nan() || x <= 0.0 {
        return f64::NAN;
    }
    if x == f64::INFINITY {
        return f64::INFINITY;
    }
    if x < 0.5 {
        return ln_gamma(x + 1.0) - x.ln();
    }
    if x > 1e16 {
        return x * (x.ln() - 1.0);
    }
    (x - 0.5) * x.ln() - x + HALF_LN_TWO_PI + stirling_error(x)
}

/// ln Gamma(x) - [(x - 1/2) ln x - x + ln(2 pi) / 2] for x > 0: about 1 / (12 x).
///
/// From x = 12 on by its asymptotic series; below by stirling_error(x) = stirling_error(x + 1) +
/// (x + 1/2) ln(1 + 1/x) - 1, whose last terms are a series of positive numbers: nothing cancels.
pub(super) fn stirling_error(x: f64) -> f64 {
    let (mut shifted, mut sum) = (x, 0.0);
    while shifted < 12.0 {
        sum += log_step(shifted);
        shifted += 1.0;
    }
    const SERIES: [f64; 8] = [
        1.0 / 12.0,
        -1.0 / 360.0,
        1.0 / 1260.0,
        -1.0 / 1680.0,
        1.0 / 1188.0,
        -691.0 / 360_360.0,
        1.0 / 156.0,
        -3617.0 / 122_400.0,
    ];
    let inverse = 1.0 / shifted;
    let square = inverse * inverse;
    sum + inverse * SERIES.iter().rev().fold(0.0, |acc, c| acc * square + c)
}

/// (x + 1/2) ln(1 + 1/x) - 1 = atanh(s)/s - 1 with s = 1 / (2 x + 1).
fn log_step(x: f64) -> f64 {
    if x < 0.5 {
        return (x + 0.5) * (1.0 / x).ln_1p() - 1.0;
    }
    let s = 1.0 / (2.0 * x + 1.0);
    let square = s * s;
    let (mut power, mut sum, mut k) = (square, 0.0, 3.0);
    while power > 1e-19 {
        sum += power / k;
        power *= square;
        k += 2.0;
    }
    sum
}
