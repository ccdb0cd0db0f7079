//! a and b off the grid of trial values: Newton steps by finite differences of exact values.

use pulp::Simd;

use super::evaluation::Evaluation;
use super::give::give;
use super::{Arma11, LARGEST};
use crate::stats::panel::Lanes;

/// Where values are taken for a Newton step: the middle, along a, along b, and between, on both sides but in the first step: without the other side a
/// valley may look like a saddle.
const STENCIL: [(f64, f64); 7] =
    [(0.0, 0.0), (-1.0, 0.0), (1.0, 0.0), (0.0, -1.0), (0.0, 1.0), (1.0, 1.0), (-1.0, -1.0)];
/// Half the first stencil, the largest, and half the last, the smallest, so that the end is the same from wherever it begins; in between half the step before.
const LARGEST_STENCIL: f64 = 0.04;
const SMALLEST_STENCIL: f64 = 0.004;
/// A step below this is the last: the next one would be its square.
const LAST_STEP: f64 = 1e-4;
/// The farthest step but for three stencils.
const FARTHEST_STEP: f64 = 0.05;
const MOST_STEPS: usize = 40;

/// By how much the objective of a place may be higher that another device's sums may take for the least, beside it and elsewhere; along a valley four times
/// that, for what a contrast does on the way need not grow with it.
const DOUBT: f64 = 4e-4;
pub(super) const RIVAL: f64 = 1e-3;
/// The same of a place that lies in no bowl, so that steps end where they happen to.
pub(super) const RIVAL_WITHOUT_BOWL: f64 = 0.1;
/// The farthest place beside one that is doubted.
const FARTHEST: f64 = 0.2;

/// A place on its way down.
#[derive(Debug, Clone, Copy)]
pub(super) struct Descent {
    /// Where the next step is taken from, and what the objective is to be there.
    pub at: (f64, f64),
    pub objective: f64,
    /// The lowest place so far and its value.
    lowest: ((f64, f64), f64),
    stencil: f64,
    /// Second derivatives along a, b and both, where they were last looked at.
    pub bowl: [f64; 3],
    steps: usize,
    pub ends: bool,
}

impl Descent {
    pub(super) fn from(at: (f64, f64)) -> Descent {
        Descent {
            at,
            objective: f64::INFINITY,
            lowest: (at, f64::INFINITY),
            stencil: LARGEST_STENCIL,
            bowl: [0.0; 3],
            steps: 0,
            ends: false,
        }
    }

    /// `value`: where it is, from which it goes on to a place and its value; back half the way where it is no lower than one before. `is_known`: whether it
    /// is no guess from afar.
    fn step(&mut self, (value, is_known): (f64, bool), (to, expected): ((f64, f64), f64)) {
        let ((a, b), least) = self.lowest;
        let is_fine = self.stencil == SMALLEST_STENCIL;
        let (next, objective) = if value < least || !is_known {
            if is_known {
                self.lowest = (self.at, value);
            }
            (to, expected)
        } else {
            (((a + self.at.0) / 2.0, (b + self.at.1) / 2.0), value)
        };
        let step = (next.0 - self.at.0).abs().max((next.1 - self.at.1).abs());
        self.steps += 1;
        self.ends = is_fine && step < LAST_STEP || self.steps == MOST_STEPS;
        (self.at, self.objective) = (next, objective);
        self.stencil = (step / 2.0).clamp(SMALLEST_STENCIL, LARGEST_STENCIL);
    }
}

/// A Newton step of each, by finite differences of exact values about a place whose stencil lies within the bounds.
#[inline(always)]
pub(super) fn step<S: Simd>(
    simd: S,
    of: (&Arma11, &[Lanes<S>]),
    descents: &mut [Descent],
    own: &mut Evaluation,
) {
    for descent in descents.iter_mut() {
        // Beside white noise a valley may be narrow.
        let room = (descent.at.0 + descent.at.1) / 2.0;
        descent.stencil = descent.stencil.min(room).max(SMALLEST_STENCIL);
    }
    let centre: Vec<(f64, f64)> = descents.iter().map(|d| within(d.at, d.stencil)).collect();
    let mut places = Vec::with_capacity(STENCIL.len() * descents.len());
    let is_first = descents.iter().all(|descent| descent.steps == 0);
    for (da, db) in STENCIL.into_iter().take(if is_first { 6 } else { 7 }) {
        let around = descents.iter().zip(&centre).map(|(d, at)| (d.stencil, at));
        places.extend(around.map(|(h, (a, b))| (a + da * h, b + db * h)));
    }
    let values = own.objectives(simd, of, &places);
    let values: Vec<&[f64]> = values.chunks(descents.len()).collect();
    let [middle, a_below, a_above, b_below, b_above, both, ref rest @ ..] = values[..] else {
        return;
    };
    for (lane, descent) in descents.iter_mut().enumerate() {
        let (f, [am, ap]) = (middle[lane], [a_below[lane], a_above[lane]]);
        let [bm, bp] = [b_below[lane], b_above[lane]];
        let slope = [(ap - am) / 2.0, (bp - bm) / 2.0];
        let (aa, bb) = (ap - 2.0 * f + am, bp - 2.0 * f + bm);
        let above = both[lane] - ap - bp + f;
        let ab = rest.first().map_or(above, |below| (above + below[lane] - am - bm + f) / 2.0);
        let (h, (a, b)) = (descent.stencil, centre[lane]);
        descent.bowl = [aa, bb, ab].map(|v| v / (h * h));
        let to = bounded((slope, [aa, bb, ab]), (centre[lane], h));
        // Near a bound the place is not the stencil's middle, and of a large stencil far from it.
        let [here, there] = [descent.at, to].map(|to| {
            let [u, v] = [(to.0 - a) / h, (to.1 - b) / h];
            f + slope[0] * u + slope[1] * v + (aa * u * u + bb * v * v) / 2.0 + ab * u * v
        });
        let is_known = h == SMALLEST_STENCIL || descent.at == (a, b);
        descent.step((here, is_known), (to, there));
    }
}

/// Where [`downhill`] leads from a stencil's middle within the bounds; on a bound by Newton's step along it.
fn bounded(
    (slope, [aa, bb, ab]): ([f64; 2], [f64; 3]),
    ((a, b), h): ((f64, f64), f64),
) -> (f64, f64) {
    let most = (FARTHEST_STEP / h).max(3.0);
    let [da, db] = downhill(slope, [aa, bb, ab], most).map(|step| h * step);
    let to = within((a + da, b + db), 0.0);
    if to.0 != a + da {
        let u = (to.0 - a) / h;
        within((to.0, b + h * newton(slope[1] + ab * u, bb, most)), 0.0)
    } else if to.1 != b + db && to.1.abs() == LARGEST {
        let v = (to.1 - b) / h;
        within((a + h * newton(slope[0] + ab * v, aa, most), to.1), 0.0)
    } else {
        to
    }
}

/// The step from slopes and second derivatives, in stencils: along each axis of these Newton's, `most` at most, and downhill where there is no bowl. A valley is
/// followed so however narrow it is.
fn downhill(slope: [f64; 2], [aa, bb, ab]: [f64; 3], most: f64) -> [f64; 2] {
    let (middle, reach) = ((aa + bb) / 2.0, ((aa - bb) / 2.0).hypot(ab));
    let [u, v] = steepest([aa, bb, ab]);
    let along = |[u, v]: [f64; 2], bend: f64| newton(slope[0] * u + slope[1] * v, bend, most);
    let [steep, flat] = [along([u, v], middle + reach), along([-v, u], middle - reach)];
    [steep * u - flat * v, steep * v + flat * u]
}

/// The axis of the larger second derivative.
fn steepest([aa, bb, ab]: [f64; 3]) -> [f64; 2] {
    let half = (aa - bb) / 2.0;
    let reach = half.hypot(ab);
    let [u, v] = if half > 0.0 { [half + reach, ab] } else { [ab, reach - half] };
    let length = u.hypot(v);
    if length > 0.0 { [u / length, v / length] } else { [1.0, 0.0] }
}

/// Along a line: the step to where the slope is none, or away from there where it bends the wrong way; `most` at most.
fn newton(slope: f64, bend: f64, most: f64) -> f64 {
    let step = if slope == 0.0 { 0.0 } else { -slope / bend.abs() };
    if step.is_nan() { 0.0 } else { step.clamp(-most, most) }
}

/// The place along the valley of a bowl where the objective is higher by [`DOUBT`]: how far off a and b may be where sums are of another precision.
/// The side that reaches farther within the bounds; the place itself where there is no bowl.
pub(super) fn along_valley((a, b): (f64, f64), [aa, bb, ab]: [f64; 3]) -> (f64, f64) {
    let half = (aa - bb) / 2.0;
    let least = (aa + bb) / 2.0 - half.hypot(ab);
    let (u, v) = if half > 0.0 { (ab, least - aa) } else { (least - bb, ab) };
    let (length, far) = (u.hypot(v), (2.0 * DOUBT / least).sqrt().min(FARTHEST));
    if least > 0.0 && length > 0.0 && far.is_finite() {
        let [ahead, behind] = [far / length, -far / length].map(|far| {
            let to = within((a + far * u, b + far * v), 0.0);
            (to, (to.0 - a).hypot(to.1 - b))
        });
        if behind.1 > ahead.1 { behind.0 } else { ahead.0 }
    } else {
        (a, b)
    }
}

/// From places along valleys, which are no straight lines, across to their bottoms; `bowls`: of where they began.
#[inline(always)]
pub(super) fn to_the_bottom<S: Simd>(
    simd: S,
    of: (&Arma11, &[Lanes<S>]),
    (places, bowls): (&mut [(f64, f64)], &[[f64; 3]]),
    own: &mut Evaluation,
) {
    let h = SMALLEST_STENCIL / 2.0;
    let axes: Vec<[f64; 2]> = bowls.iter().map(|bowl| steepest(*bowl)).collect();
    let beside = |far: f64| {
        let all = places.iter().zip(&axes);
        all.map(move |((a, b), [u, v])| within((a + far * u, b + far * v), 0.0)).collect::<Vec<_>>()
    };
    let values = own.objectives(simd, of, &[beside(-h), beside(0.0), beside(h)].concat());
    let values: Vec<&[f64]> = values.chunks(places.len()).collect();
    let [below, middle, above] = values[..] else { return };
    for (lane, (place, [u, v])) in places.iter_mut().zip(axes).enumerate() {
        let slope = (above[lane] - below[lane]) / 2.0;
        let bend = above[lane] - 2.0 * middle[lane] + below[lane];
        if give(*place, bowls[lane]).is_some() && bend > 0.0 {
            let far = h * newton(slope, bend, 1.0);
            *place = within((place.0 + far * u, place.1 + far * v), 0.0);
        }
    }
}

/// The nearest place a margin within the bounds: 0 <= a <= 0.8, |b| <= 0.8, lambda not negative.
fn within((a, b): (f64, f64), margin: f64) -> (f64, f64) {
    let a = a.clamp(margin, LARGEST - margin);
    // The stencil's lowest corner is (a - margin, b - margin).
    let least = (2.0 * margin - a).max(margin - LARGEST);
    (a, b.clamp(least.min(LARGEST - margin), LARGEST - margin))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_are_newtons_in_a_bowl_and_go_down_elsewhere_along_each_axis() {
        let slope = [0.3, -0.2];
        let bowl = [2.0, 1.0, 0.5];
        let [da, db] = downhill(slope, bowl, 3.0);
        let left = |da: f64, db: f64| {
            [slope[0] + bowl[0] * da + bowl[2] * db, slope[1] + bowl[2] * da + bowl[1] * db]
        };
        assert!(left(da, db).iter().all(|s| s.abs() < 1e-12), "{:?}", left(da, db));
        // A narrow valley along a + b = c that falls with a, and bends the wrong way along it.
        let [da, db] = downhill([0.99, 1.01], [500.0, 500.0, 500.1], 3.0);
        assert!((da - db - 0.1 * 2.0_f64.sqrt().powi(2)).abs() < 1e-9 && da > 0.0, "{da} {db}");
        let flat = downhill([1.0, 0.0], [0.0; 3], 3.0);
        assert_eq!(flat, [-3.0, 0.0]);
        // The least place lies beyond the largest a: on that bound b is the least of those there.
        let to = bounded(([-8.0, 0.0], [2.0, 2.0, 1.0]), ((0.79, 0.0), 0.01));
        assert!(to.0 == LARGEST && (to.1 + 0.005).abs() < 1e-9, "{to:?}");
        assert_eq!(downhill([f64::NAN, 1.0], [1.0; 3], 3.0), [0.0; 2]);
    }

    #[test]
    fn a_place_along_the_valley_is_higher_by_what_is_doubted_and_as_far_as_any_that_is() {
        let (a, b) = (0.4, 0.1);
        let bowls =
            [[200.0, 50.0, 30.0], [50.0, 200.0, -30.0], [90.0, 90.0, 60.0], [200.0, 50.0, 0.0]];
        for [aa, bb, ab] in bowls {
            let rise = |u: f64, v: f64| (aa * u * u + bb * v * v) / 2.0 + ab * u * v;
            let to = along_valley((a, b), [aa, bb, ab]);
            let (u, v) = (to.0 - a, to.1 - b);
            assert!((rise(u, v) / DOUBT - 1.0).abs() < 1e-9, "{aa} {bb} {ab}: {u} {v}");
            for turn in 0..90 {
                let (sin, cos) = (f64::from(turn) / 90.0 * std::f64::consts::PI).sin_cos();
                let far = (DOUBT / rise(cos, sin)).sqrt();
                assert!(far <= u.hypot(v) * (1.0 + 1e-9), "{aa} {bb} {ab}: {turn}");
            }
        }
        assert_eq!(along_valley((a, b), [-1.0, 50.0, 0.0]), (a, b), "no bowl");
        // Against a bound the other side counts.
        let to = along_valley((LARGEST, -0.3), [50.0, 200.0, 90.0]);
        assert!(to.0 < LARGEST - 1e-3, "{to:?}");
        let to = along_valley((0.0, 0.3), [50.0, 200.0, 90.0]);
        assert!(to.0 > 1e-3, "{to:?}");
        assert_eq!(along_valley((a, b), [0.0; 3]), (a, b));
    }
}
