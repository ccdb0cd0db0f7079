//! Responses known at every moment: AFNI's, and a user's own. A regressor is sum_i a_i r(t - onset_i; d_i) with
//! r(t; d) = integral of h(t - s) over 0 <= s <= d, and r(t; 0) = h(t): nothing is rounded to a grid.
//!
//! h of AFNI, t in seconds after the onset (help text of 3dDeconvolve):
//! - BLOCK: t^q e^-t / (q^q e^-q), q = 4, or 5 for BLOCK5;
//! - GAM: (t / (p q))^p e^(p - t / q);
//! - SPMG1: e^-t (A1 t^5 - A2 t^15), A1 = .0083333333, A2 = 1.274527e-13, for 0 < t < 25 s; SPMG2 adds dh/dt, SPMG3 also
//!   (h - h') / 0.01, h' with dispersion 1.01 of the first term.

use super::{Model, Sampled};
use crate::design::events::Event;
use crate::stats::tails::ln_gamma;

/// Seconds that BLOCK's h lasts: e^-60 60^5 is below 1e-16 of its peak.
pub(super) const BLOCK_LENGTH_S: f64 = 60.0;
/// Seconds after which AFNI's SPMG functions are 0.
pub(super) const SPMG_LENGTH_S: f64 = 25.0;
const DISPERSION: f64 = 1.01;
/// Cells over which an analytic response is integrated.
const CELLS: usize = 2000;
/// Nodes on -1..1 and weights of Gauss and Legendre's rule, exact for degree 9.
const GAUSS: [(f64, f64); 5] = [
    (0.0, 0.568_888_888_888_888_9),
    (-0.538_469_310_105_683_1, 0.478_628_670_499_366_47),
    (0.538_469_310_105_683_1, 0.478_628_670_499_366_47),
    (-0.906_179_845_938_664, 0.236_926_885_056_189_08),
    (0.906_179_845_938_664, 0.236_926_885_056_189_08),
];

/// h between its first and last knot, 0 elsewhere, and its integral up to each knot.
struct Curve<'a> {
    value: Box<dyn Fn(f64) -> f64 + 'a>,
    knots: Vec<f64>,
    integrals: Vec<f64>,
}

impl<'a> Curve<'a> {
    fn new(knots: Vec<f64>, value: impl Fn(f64) -> f64 + 'a) -> Curve<'a> {
        let mut sum = 0.0;
        let mut integrals = vec![0.0; knots.len()];
        for (at, pair) in knots.windows(2).enumerate() {
            sum += integral(&value, pair[0], pair[1]);
            integrals[at + 1] = sum;
        }
        Curve { value: Box::new(value), knots, integrals }
    }

    /// An analytic response from 0 to `length_s`.
    fn analytic(length_s: f64, value: impl Fn(f64) -> f64 + 'a) -> Curve<'a> {
        let knots = (0..=CELLS).map(|k| k as f64 * length_s / CELLS as f64).collect();
        Curve::new(knots, value)
    }

    fn ends(&self) -> (f64, f64) {
        (self.knots[0], self.knots[self.knots.len() - 1])
    }

    fn at(&self, t: f64) -> f64 {
        let (first, last) = self.ends();
        if t < first || t > last { 0.0 } else { (self.value)(t) }
    }

    /// Integral from the first knot to `t`.
    fn up_to(&self, t: f64) -> f64 {
        let (first, last) = self.ends();
        if t <= first {
            return 0.0;
        }
        let below = self.knots.partition_point(|knot| *knot <= t) - 1;
        if t >= last {
            return self.integrals[below];
        }
        self.integrals[below] + integral(&self.value, self.knots[below], t)
    }

    /// r(t; d).
    fn response(&self, t: f64, duration: f64) -> f64 {
        if duration == 0.0 { self.at(t) } else { self.up_to(t) - self.up_to(t - duration) }
    }

    /// The largest |r(t; d)|.
    fn peak(&self, duration: f64) -> f64 {
        let (first, last) = self.ends();
        let step = (last + duration - first) / CELLS as f64;
        let size = |t: f64| self.response(t, duration).abs();
        let highest = (0..=CELLS).map(|k| first + k as f64 * step);
        let highest = highest.max_by(|a, b| size(*a).total_cmp(&size(*b))).unwrap_or(first);
        let (mut low, mut high) = (highest - step, highest + step);
        for _ in 0..100 {
            let third = (high - low) / 3.0;
            if size(low + third) < size(high - third) { low += third } else { high -= third }
        }
        size(highest).max(size(0.5 * (low + high)))
    }
}

fn integral(value: &impl Fn(f64) -> f64, from: f64, to: f64) -> f64 {
    let (middle, half) = (0.5 * (from + to), 0.5 * (to - from));
    GAUSS.iter().map(|(node, weight)| weight * value(middle + half * node)).sum::<f64>() * half
}

/// The columns of one condition, one for each basis function.
pub(super) fn columns(
    model: &Model,
    own: Option<&Sampled>,
    events: &[&Event],
    frame_times: &[f64],
) -> Vec<Vec<f64>> {
    let (curves, duration, scale) = curves(model, own);
    let column = |curve: &Curve| -> Vec<f64> {
        let scale = scale.of(curve, duration);
        let of = |event: &&Event, t: f64| {
            event.amplitude * curve.response(t - event.onset, duration.unwrap_or(event.duration))
        };
        let at = |t: &f64| scale * events.iter().map(|e| of(e, *t)).sum::<f64>();
        frame_times.iter().map(at).collect()
    };
    curves.iter().map(column).collect()
}

/// How a basis function is scaled.
enum Scale {
    AsItIs,
    /// The response to one event has this peak.
    Peak(f64),
    /// A response without end comes to 1.
    Unit,
}

impl Scale {
    fn of(&self, curve: &Curve, duration: Option<f64>) -> f64 {
        let over = |size: f64| if size > 0.0 { 1.0 / size } else { 0.0 };
        match self {
            Scale::AsItIs => 1.0,
            Scale::Peak(peak) => peak * over(curve.peak(duration.unwrap_or(0.0))),
            Scale::Unit => over(curve.up_to(f64::INFINITY)),
        }
    }
}

/// Seconds at which GAM is over.
pub(super) fn gamma_length_s(p: f64, q: f64) -> f64 {
    q * (p + 12.0 * p.sqrt() + 40.0)
}

/// The basis functions of a model, the duration that takes the place of the events' own, and the scale.
fn curves<'a>(model: &Model, own: Option<&'a Sampled>) -> (Vec<Curve<'a>>, Option<f64>, Scale) {
    match *model {
        Model::Block { power, duration, peak } => {
            let q = f64::from(power);
            let h = move |t: f64| (t / q).powf(q) * (q - t).exp();
            let scale = match (duration, peak) {
                (None, _) => Scale::Unit,
                (Some(_), Some(peak)) if peak > 0.0 => Scale::Peak(peak),
                _ => Scale::AsItIs,
            };
            (vec![Curve::analytic(BLOCK_LENGTH_S, h)], duration, scale)
        }
        Model::Gamma { p, q, duration } => {
            // In logarithms: a large p leaves f64 otherwise.
            let h = move |t: f64| (p * (t / (p * q)).ln() + p - t / q).exp();
            (vec![Curve::analytic(gamma_length_s(p, q), h)], duration, peak_of_one(duration))
        }
        Model::Spmg { functions, duration } => {
            let all = [spmg as fn(f64) -> f64, spmg_slope, spmg_dispersion];
            let chosen = all.into_iter().take(usize::from(functions));
            let curves = chosen.map(|h| Curve::analytic(SPMG_LENGTH_S, h)).collect();
            (curves, duration, peak_of_one(duration))
        }
        _ => {
            let own = own.map(|own| Curve::new(own.times_s.clone(), |t| own.at(t)));
            (own.into_iter().collect(), None, Scale::AsItIs)
        }
    }
}

fn peak_of_one(duration: Option<f64>) -> Scale {
    if duration.is_some() { Scale::Peak(1.0) } else { Scale::AsItIs }
}

const A1: f64 = 0.008_333_333_3;
const A2: f64 = 1.274_527e-13;

fn spmg(t: f64) -> f64 {
    (-t).exp() * (A1 * t.powi(5) - A2 * t.powi(15))
}

fn spmg_slope(t: f64) -> f64 {
    (-t).exp() * (A1 * t.powi(4) * (5.0 - t) - A2 * t.powi(14) * (15.0 - t))
}

fn spmg_dispersion(t: f64) -> f64 {
    if t <= 0.0 {
        return 0.0;
    }
    let shape = 6.0 / DISPERSION;
    let log = (shape - 1.0) * t.ln() - t / DISPERSION - shape * DISPERSION.ln() - ln_gamma(shape);
    let wider = log.exp() - A2 * (-t).exp() * t.powi(15);
    (spmg(t) - wider) / (DISPERSION - 1.0)
}
