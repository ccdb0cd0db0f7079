//! ln I_x(a, b), the regularised incomplete beta function, for fixed a and b.
//!
//! I_x(a, b) = x^a y^b / B(a, b) / (b_0 + a_1 / (b_1 + a_2 / (b_2 + ...))), y = 1 - x, with
//! a_m = (a + m - 1)(a + b + m - 1) m (b - m) x^2 / (a + 2m - 1)^2 and
//! b_m = m + m (b - m) x / (a + 2m - 1) + (a + m)(a y - b x + 1 + m (1 + y)) / (a + 2m + 1)
//! (DiDonato and Morris 1992, eq. 9), which converges fast for x below its mean. Everything in it that does not
//! depend on x is tabulated once, so a value costs two multiply-adds a term and no division.

use super::gamma::{HALF_LN_TWO_PI, stirling_error};

/// Terms tabulated, a multiple of 4: enough for all but extreme dof; later ones are computed when needed.
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
    first: Term,
    /// Terms 1 to [`TABULATED`].
    terms: Vec<Term>,
}

impl Fraction {
    fn new(a: f64, b: f64) -> Fraction {
        let terms = (1..=TABULATED).map(|m| term(a, b, m as f64)).collect();
        Fraction { a, b, first: term(a, b, 0.0), terms }
    }

    /// b_0 + a_1 / (b_1 + a_2 / (b_2 + ...)) by the forward recurrence of its convergents.
    fn value(&self, x: f64, y: f64) -> f64 {
        let mut convergents = Convergents::new(&self.first, x, y);
        for four in self.terms.chunks_exact(4) {
            if convergents.advance(four) {
                return convergents.value;
            }
        }
        let mut m = self.terms.len() + 1;
        while m < MAX_TERMS {
            let four = [0, 1, 2, 3].map(|i| term(self.a, self.b, (m + i) as f64));
            if convergents.advance(&four) {
                break;
            }
            m += 4;
        }
        convergents.value
    }
}

/// Numerators p and denominators q of two successive convergents, at one x.
struct Convergents {
    x: f64,
    y: f64,
    x_square: f64,
    p: [f64; 2],
    q: [f64; 2],
    /// The latest p / q that was looked at.
    value: f64,
}

impl Convergents {
    fn new(first: &Term, x: f64, y: f64) -> Convergents {
        let value = first.constant + first.by_x * x + first.by_y * y;
        Convergents { x, y, x_square: x * x, p: [1.0, value], q: [0.0, 1.0], value }
    }

    /// Take these terms in; true when the value has settled.
    #[inline]
    fn advance(&mut self, terms: &[Term]) -> bool {
        let ([mut p_before, mut p], [mut q_before, mut q]) = (self.p, self.q);
        for t in terms {
            let numerator = t.square * self.x_square;
            let denominator = t.constant + t.by_x * self.x + t.by_y * self.y;
            (p_before, p) = (p, denominator * p + numerator * p_before);
            (q_before, q) = (q, denominator * q + numerator * q_before);
        }
        let value = p / q;
        let settled = (value - self.value).abs() <= 4e-16 * value.abs();
        let scale = if p.abs() > LARGE || q.abs() > LARGE { 1.0 / LARGE } else { 1.0 };
        self.p = [p_before * scale, p * scale];
        self.q = [q_before * scale, q * scale];
        self.value = value;
        settled
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
