//! ln I_x(a, b), the regularised incomplete beta function, for fixed a and b.
//!
//! I_x(a, b) = x^a y^b / B(a, b) / (b_0 + a_1 / (b_1 + a_2 / (b_2 + ...))), y = 1 - x, with
//! a_m = (a + m - 1)(a + b + m - 1) m (b - m) x^2 / (a + 2m - 1)^2 and
//! b_m = m + m (b - m) x / (a + 2m - 1) + (a + m)(a y - b x + 1 + m (1 + y)) / (a + 2m + 1)
//! (DiDonato and Morris 1992, eq. 9), which converges fast for x below its mean. Everything in it that does not
//! depend on x is tabulated once, so a value costs two multiply-adds a term and no division.

use super::gamma::{HALF_LN_TWO_PI, stirling_error};

/// Terms tabulated: enough for all but extreme dof; later ones are computed when needed.
const TABULATED: usize = 96;
/// A bound on the number of terms: sqrt(a + b) of them are needed near the mean.
const MAX_TERMS: usize = 2_000_000;
/// Where the recurrence is scaled down.
const LARGE: f64 = 1e120;

/// I_x(a, b) and its complement for one pair (a, b).
#[derive(Debug, Clone)]
pub(super) struct LnBetaTail {
    a: f64,
    b: f64,
    /// ln of x^a y^b / B(a, b) at the mean x = a / (a + b).
    ln_peak: f64,
    direct: Fraction,
    complement: Fraction,
}

impl LnBetaTail {
    /// Tabulate for a, b > 0.
    pub(super) fn new(a: f64, b: f64) -> LnBetaTail {
        let ln_peak = 0.5 * (a.ln() + b.ln() - (a + b).ln()) - HALF_LN_TWO_PI
            + stirling_error(a + b)
            - stirling_error(a)
            - stirling_error(b);
        LnBetaTail { a, b, ln_peak, direct: Fraction::new(a, b), complement: Fraction::new(b, a) }
    }

    /// `(true, ln I_x(a, b))` where x is below its turning point, else `(false, ln I_y(b, a))`, the complement.
    /// `ln_ratio_x` = ln(x (a+b)/a) and `ln_ratio_y` = ln(y (a+b)/b) carry the accuracy x and y have lost.
    pub(super) fn ln_tail(&self, x: f64, y: f64, ln_ratio_x: f64, ln_ratio_y: f64) -> (bool, f64) {
        let ln_prefactor = self.ln_peak + self.a * ln_ratio_x + self.b * ln_ratio_y;
        let upper = x < (self.a + 1.0) / (self.a + self.b + 2.0);
        let fraction = if upper { self.direct.value(x, y) } else { self.complement.value(y, x) };
        (upper, (ln_prefactor - fraction.ln()).min(0.0))
    }
}

/// One term: a_m = `square` x^2, b_m = `constant` + `by_x` x + `by_y` y, both scaled by an equivalence
/// transformation so that the recurrence grows slowly.
#[derive(Debug, Clone, Copy)]
struct Term {
    square: f64,
    constant: f64,
    by_x: f64,
    by_y: f64,
}

/// The continued fraction of one side.
#[derive(Debug, Clone)]
struct Fraction {
    a: f64,
    b: f64,
    terms: Vec<Term>,
}

impl Fraction {
    fn new(a: f64, b: f64) -> Fraction {
        Fraction { a, b, terms: (0..TABULATED).map(|m| term(a, b, m as f64)).collect() }
    }

    fn term(&self, m: usize) -> Term {
        self.terms.get(m).copied().unwrap_or_else(|| term(self.a, self.b, m as f64))
    }

    /// b_0 + a_1 / (b_1 + a_2 / (b_2 + ...)) by the forward recurrence of its convergents.
    fn value(&self, x: f64, y: f64) -> f64 {
        let first = self.term(0);
        let (mut p_before, mut q_before) = (1.0, 0.0);
        let (mut p, mut q) = (first.constant + first.by_x * x + first.by_y * y, 1.0);
        let (mut last, x_square) = (p, x * x);
        let mut m = 1;
        while m < MAX_TERMS {
            for _ in 0..4 {
                let t = self.term(m);
                let numerator = t.square * x_square;
                let denominator = t.constant + t.by_x * x + t.by_y * y;
                let p_next = denominator * p + numerator * p_before;
                let q_next = denominator * q + numerator * q_before;
                (p_before, q_before, p, q) = (p, q, p_next, q_next);
                m += 1;
            }
            let value = p / q;
            if (value - last).abs() <= 4e-16 * value.abs() {
                return value;
            }
            last = value;
            if p.abs() > LARGE || q.abs() > LARGE {
                for v in [&mut p_before, &mut q_before, &mut p, &mut q] {
                    *v /= LARGE;
                }
            }
        }
        last
    }
}

/// Term m, with b_m scaled by c_m = 1 / (m + 1) and a_m by c_m c_(m-1), c_0 = 1.
fn term(a: f64, b: f64, m: f64) -> Term {
    let (before, after) = (a + 2.0 * m - 1.0, a + 2.0 * m + 1.0);
    let scale = if m == 0.0 { 1.0 } else { 1.0 / (m + 1.0) };
    let scale_before = if m <= 1.0 { 1.0 } else { 1.0 / m };
    // At m = 0 the terms with a factor m vanish, also where a = 1 makes their denominator 0.
    let slope = if m == 0.0 { 0.0 } else { m * (b - m) / before };
    let square = if m == 0.0 { 0.0 } else { slope * ((a + m - 1.0) / before) * (a + b + m - 1.0) };
    Term {
        square: square * scale * scale_before,
        constant: (m + (a + m) * (1.0 + m) / after) * scale,
        by_x: (slope - (a + m) * b / after) * scale,
        by_y: (a + m) * (a + m) / after * scale,
    }
}
