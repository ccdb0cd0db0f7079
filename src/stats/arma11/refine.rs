//! a and b off the grid of trial values: Newton steps by finite differences of exact values.

use pulp::Simd;

use super::evaluation::Evaluation;
use super::{Arma11, LARGEST};
use crate::stats::panel::Lanes;

/// Where values are taken for a Newton step: the middle, along a, along b, and between.
const STENCIL: [(f64, f64); 6] =
    [(0.0, 0.0), (-1.0, 0.0), (1.0, 0.0), (0.0, -1.0), (0.0, 1.0), (1.0, 1.0)];
/// Half the stencil of each Newton step.
const STENCILS: [f64; 4] = [0.04, 0.02, 0.008, 0.003];
/// Half the stencil of each step along an edge, and how near to it a place is tried there.
const NEAR_EDGE: f64 = 0.05;
const EDGE_STENCILS: [f64; 5] = [0.08, 0.04, 0.02, 0.008, 0.003];

/// Newton steps from the best trial, by finite differences of exact values about places whose stencil lies within the bounds.
#[inline(always)]
pub(super) fn refine<S: Simd>(
    simd: S,
    (model, series): (&Arma11, &[Lanes<S>]),
    at: &mut [(f64, f64)],
    own: &mut Evaluation,
) {
    for h in STENCILS {
        let centre: Vec<(f64, f64)> = at.iter().map(|&(a, b)| within(a, b, h)).collect();
        let around =
            |(da, db): (f64, f64)| centre.iter().map(move |&(a, b)| (a + da * h, b + db * h));
        let places: Vec<_> = STENCIL.into_iter().flat_map(around).collect();
        let values = own.objectives(simd, (model, series), &places);
        let values: Vec<&[f64]> = values.chunks(at.len()).collect();
        let [middle, a_below, a_above, b_below, b_above, both] = values[..] else { return };
        for (lane, at) in at.iter_mut().enumerate() {
            let (f, [am, ap]) = (middle[lane], [a_below[lane], a_above[lane]]);
            let [bm, bp] = [b_below[lane], b_above[lane]];
            let slope = [(ap - am) / 2.0, (bp - bm) / 2.0];
            let (aa, bb) = (ap - 2.0 * f + am, bp - 2.0 * f + bm);
            let ab = both[lane] - ap - bp + f;
            let det = aa * bb - ab * ab;
            let (a, b) = centre[lane];
            let step = if aa > 0.0 && det > 0.0 {
                [(ab * slope[1] - bb * slope[0]) / det, (ab * slope[0] - aa * slope[1]) / det]
            } else {
                // No bowl: down the slope by the stencil.
                slope.map(|s| if s.is_finite() { -s.signum() } else { 0.0 })
            };
            let [da, db] = step.map(|s| if s.is_finite() { h * s.clamp(-3.0, 3.0) } else { 0.0 });
            *at = within(a + da, b + db, 0.0);
        }
    }
}

/// Where a lies on a bound or near it, b along that edge by parabolas, and the better of both places.
#[inline(always)]
pub(super) fn refine_at_edges<S: Simd>(
    simd: S,
    (model, series): (&Arma11, &[Lanes<S>]),
    at: &mut [(f64, f64)],
    own: &mut Evaluation,
) {
    let edge = |a: f64| {
        let nearest = if a < LARGEST / 2.0 { 0.0 } else { LARGEST };
        if (a - nearest).abs() <= NEAR_EDGE { nearest } else { a }
    };
    if at.iter().all(|&(a, _)| edge(a) == a && a != 0.0 && a != LARGEST) {
        return;
    }
    let mut along: Vec<(f64, f64)> = at.iter().map(|&(a, b)| within(edge(a), b, 0.0)).collect();
    for h in EDGE_STENCILS {
        let inside = |(a, b): (f64, f64)| (a, b.clamp((h - a).max(h - LARGEST), LARGEST - h));
        let centre: Vec<(f64, f64)> = along.iter().map(|&at| inside(at)).collect();
        let around = |db: f64| centre.iter().map(move |&(a, b)| (a, b + db * h));
        let places: Vec<_> = [-1.0, 0.0, 1.0].into_iter().flat_map(around).collect();
        let values = own.objectives(simd, (model, series), &places);
        let values: Vec<&[f64]> = values.chunks(at.len()).collect();
        let [below, middle, above] = values[..] else { return };
        for (lane, along) in along.iter_mut().enumerate() {
            let slope = (above[lane] - below[lane]) / 2.0;
            let curve = above[lane] - 2.0 * middle[lane] + below[lane];
            let step = if curve > 0.0 { -slope / curve } else { -slope.signum() };
            let step = if step.is_finite() { step.clamp(-3.0, 3.0) } else { 0.0 };
            let (a, b) = centre[lane];
            *along = within(a, b + h * step, 0.0);
        }
    }
    let here = own.objectives(simd, (model, series), at);
    let there = own.objectives(simd, (model, series), &along);
    for (lane, at) in at.iter_mut().enumerate().filter(|(lane, _)| there[*lane] < here[*lane]) {
        *at = along[lane];
    }
}

/// The nearest place a margin within the bounds: 0 <= a <= 0.8, |b| <= 0.8, lambda not negative.
fn within(a: f64, b: f64, margin: f64) -> (f64, f64) {
    let a = a.clamp(margin, LARGEST - margin);
    // The stencil's lowest corner is (a - margin, b - margin).
    let least = (2.0 * margin - a).max(margin - LARGEST);
    (a, b.clamp(least.min(LARGEST - margin), LARGEST - margin))
}
