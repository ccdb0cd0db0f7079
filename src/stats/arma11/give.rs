//! How far off a and b may be: the objective rises by d over an ellipse about its least place, H its second derivatives there, and the ellipse reaches
//! sqrt(2 d g'H⁻¹g) along any g. lambda goes with a and b by its slopes.

use super::slope_of_lambda;

/// The reach along lambda, a and b of a rise by 1; none where it is no bowl. `bowl`: second derivatives along a, b and both.
pub(super) fn give((a, b): (f64, f64), [aa, bb, ab]: [f64; 3]) -> Option<[f64; 3]> {
    let det = aa * bb - ab * ab;
    if !(aa > 0.0 && det > 0.0) {
        return None;
    }
    let reach =
        |[u, v]: [f64; 2]| (2.0 * (u * u * bb - 2.0 * u * v * ab + v * v * aa) / det).sqrt();
    Some([slope_of_lambda(a, b), [1.0, 0.0], [0.0, 1.0]].map(reach))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::arma11::lambda;

    #[test]
    fn the_ellipse_reaches_as_far_as_its_farthest_place() {
        let (a, b) = (0.5, -0.2);
        let [aa, bb, ab] = [200.0, 50.0, 30.0];
        let got = give((a, b), [aa, bb, ab]).expect("a bowl");
        let mut want = [0.0_f64; 3];
        for turn in 0..100_000 {
            let (sin, cos) = (f64::from(turn) / 100_000.0 * std::f64::consts::TAU).sin_cos();
            let rise = (aa * cos * cos + bb * sin * sin) / 2.0 + ab * cos * sin;
            let far = 1e-4 / rise.sqrt();
            let (u, v) = (far * cos, far * sin);
            let along = [lambda(a + u, b + v) - lambda(a, b), u, v];
            want.iter_mut().zip(along).for_each(|(want, at)| *want = want.max(at * 1e4));
        }
        for (got, want) in got.iter().zip(want) {
            assert!((got / want - 1.0).abs() < 1e-3, "{got} for {want}");
        }
        assert_eq!(give((a, b), [200.0, 50.0, 150.0]), None, "a saddle");
        assert_eq!(give((a, b), [0.0; 3]), None);
    }
}
