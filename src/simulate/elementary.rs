//! exp, ln, sin and cos from + - * / alone, so that a study has the same bytes on every platform: IEEE 754 fixes
//! these operations (and sqrt, floor, round) to the last bit, while the system's libm differs from place to place.
//! Accuracy: within 4e-16 relative (exp), 4e-16 absolute (sin, cos, ln near 1) over the ranges used here.

const LN2_HI: f64 = 0.693_147_180_369_123_8;
const LN2_LO: f64 = 1.908_214_929_270_587_7e-10;
const HALF_PI_HI: f64 = 1.570_796_326_734_125_6;
const HALF_PI_LO: f64 = 6.077_100_506_506_192e-11;

/// e^x: x = k ln 2 + r with |r| <= 0.35, then the Taylor series of r to degree 13. Below -700 it is 0; above 700 it
/// stays at e^700.
#[must_use]
pub fn exp(x: f64) -> f64 {
    let [exp] = exp_each([x]);
    exp
}

/// [`exp`] of several: each waits for thirteen divisions, one after the other, and they wait side by side.
pub(super) fn exp_each<const N: usize>(x: [f64; N]) -> [f64; N] {
    let capped = x.map(|x| x.clamp(-700.0, 700.0));
    let k = capped.map(|x| (x * std::f64::consts::LOG2_E).round());
    let r: [f64; N] = std::array::from_fn(|i| (capped[i] - k[i] * LN2_HI) - k[i] * LN2_LO);
    let mut sum = [1.0; N];
    for n in (1..=13).rev() {
        let n = f64::from(n);
        for (sum, r) in sum.iter_mut().zip(&r) {
            *sum = 1.0 + r * *sum / n;
        }
    }
    let power = |k: f64| f64::from_bits(((1023 + k as i64) as u64) << 52);
    std::array::from_fn(|i| if x[i] < -700.0 { 0.0 } else { sum[i] * power(k[i]) })
}

/// The natural logarithm of a positive normal number: x = 2^e m with m in [0.71, 1.41], then
/// ln m = 2 artanh((m - 1)/(m + 1)) as a series.
#[must_use]
pub fn ln(x: f64) -> f64 {
    let bits = x.to_bits();
    let mut e = (bits >> 52) as i64 - 1023;
    let mut m = f64::from_bits((bits & ((1 << 52) - 1)) | (1023 << 52));
    if m > std::f64::consts::SQRT_2 {
        m /= 2.0;
        e += 1;
    }
    let s = (m - 1.0) / (m + 1.0);
    let s2 = s * s;
    let mut sum = 0.0;
    for n in (0..=11).rev() {
        sum = sum * s2 + 1.0 / f64::from(2 * n + 1);
    }
    e as f64 * LN2_HI + (2.0 * s * sum + e as f64 * LN2_LO)
}

/// (sin x, cos x) for |x| up to a few thousand radians: x = q pi/2 + r with |r| <= 0.79, then Taylor series.
#[must_use]
pub fn sin_cos(x: f64) -> (f64, f64) {
    let [both] = sin_cos_each([x]);
    both
}

/// [`sin_cos`] of several, side by side.
pub(super) fn sin_cos_each<const N: usize>(x: [f64; N]) -> [(f64, f64); N] {
    let q = x.map(|x| (x * std::f64::consts::FRAC_2_PI).round());
    let r: [f64; N] = std::array::from_fn(|i| (x[i] - q[i] * HALF_PI_HI) - q[i] * HALF_PI_LO);
    let r2 = r.map(|r| r * r);
    let (mut sin, mut cos) = ([1.0; N], [1.0; N]);
    for n in (1..=8).rev() {
        let n = f64::from(n);
        for (i, r2) in r2.iter().enumerate() {
            sin[i] = 1.0 - r2 * sin[i] / ((2.0 * n) * (2.0 * n + 1.0));
            cos[i] = 1.0 - r2 * cos[i] / ((2.0 * n - 1.0) * (2.0 * n));
        }
    }
    std::array::from_fn(|i| {
        let (sin, cos) = (sin[i] * r[i], cos[i]);
        match (q[i] as i64).rem_euclid(4) {
            0 => (sin, cos),
            1 => (cos, -sin),
            2 => (-sin, -cos),
            _ => (-cos, sin),
        }
    })
}

/// sin x, x in radians.
#[must_use]
pub fn sin(x: f64) -> f64 {
    sin_cos(x).0
}

/// cos x, x in radians.
#[must_use]
pub fn cos(x: f64) -> f64 {
    sin_cos(x).1
}
