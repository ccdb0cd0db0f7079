//! The upper tail of Student's t for one dof and many values: z and ln P(T > |t|) as quintic polynomials between nodes, of their values and first two
//! derivatives there (Hermite). With h = 1/64 the remainder h⁶ f⁽⁶⁾ / 46080 is below rounding for dof of 4 and more.

use rayon::prelude::*;

use super::TTail;
use super::gamma::{HALF_LN_TWO_PI, stirling_error};

/// Intervals a unit of t, and where the table ends.
const A_UNIT: f64 = 64.0;
const END: f64 = 16.0;
/// Fewer dof bend more than the table follows.
const LEAST_DOF: f64 = 4.0;

/// [`TTail::z_and_ln_sf`] by a table: worth it for several thousand values.
#[derive(Debug, Clone)]
pub struct TTable {
    tail: TTail,
    /// Of each interval the coefficients of z and of ln P(T > t) in the distance from its beginning, the constant first; none for few dof.
    intervals: Vec<[[f64; 6]; 2]>,
}

/// A function's value and two derivatives at a node, in units of an interval.
type Node = [f64; 3];

impl TTable {
    /// Values that repay the table.
    pub const REPAYS: usize = 4096;

    /// Of a t with `dof` degrees of freedom.
    #[must_use]
    pub fn new(dof: f64) -> TTable {
        let tail = TTail::new(dof);
        let bounded = dof.min(super::MAX_DOF);
        if bounded.is_nan() || bounded < LEAST_DOF {
            return TTable { tail, intervals: Vec::new() };
        }
        let at = |i: usize| node(&tail, bounded, i as f64 / A_UNIT);
        let ends = 0..(END * A_UNIT) as usize + 1;
        let nodes: Vec<[Node; 2]> = ends.into_par_iter().with_min_len(64).map(at).collect();
        let between =
            |ends: &[[Node; 2]]| [0, 1].map(|which| quintic(ends[0][which], ends[1][which]));
        let intervals = nodes.windows(2).map(between).collect();
        TTable { tail, intervals }
    }

    /// z and ln P(T > t), either sign of t; to within 1e-12 of what [`TTail::z_and_ln_sf`] gives.
    #[must_use]
    pub fn z_and_ln_sf(&self, t: f64) -> (f64, f64) {
        let place = t.abs() * A_UNIT;
        let Some([z, ln_sf]) = self.intervals.get(place as usize).filter(|_| place.is_finite())
        else {
            return self.tail.z_and_ln_sf(t);
        };
        let u = place.fract();
        let value = |c: &[f64; 6]| c.iter().rev().fold(0.0, |sum, c| sum * u + c);
        let (z, ln_sf) = (value(z), value(ln_sf));
        if t < 0.0 { (-z, (-ln_sf.exp()).ln_1p()) } else { (z, ln_sf) }
    }
}

/// z and ln P(T > t) at t: with f the density, phi the normal's and g = f'/f, z' = f / phi(z), z'' = z' (g + z z'), L' = -f / P, L'' = L' (g - L').
fn node(tail: &TTail, dof: f64, t: f64) -> [Node; 2] {
    let (z, ln_sf) = tail.z_and_ln_sf(t);
    let a = 0.5 * dof;
    let ln_peak = a * (0.5 / a).ln_1p() - 0.5 + stirling_error(a + 0.5) - stirling_error(a);
    let ln_density = ln_peak - HALF_LN_TWO_PI - (a + 0.5) * (t * t / dof).ln_1p();
    let slope = -(dof + 1.0) * t / (dof + t * t);
    let of_z = (ln_density + 0.5 * z * z + HALF_LN_TWO_PI).exp();
    let of_ln = -(ln_density - ln_sf).exp();
    let scaled = |[value, first, second]: Node| [value, first / A_UNIT, second / (A_UNIT * A_UNIT)];
    [scaled([z, of_z, of_z * (slope + z * of_z)]), scaled([ln_sf, of_ln, of_ln * (slope - of_ln)])]
}

/// The polynomial of degree 5 through two nodes.
fn quintic([f0, d0, s0]: Node, [f1, d1, s1]: Node) -> [f64; 6] {
    let rise = f1 - f0;
    [
        f0,
        d0,
        0.5 * s0,
        10.0 * rise - 6.0 * d0 - 4.0 * d1 - 0.5 * (3.0 * s0 - s1),
        -15.0 * rise + 8.0 * d0 + 7.0 * d1 + 0.5 * (3.0 * s0 - 2.0 * s1),
        6.0 * rise - 3.0 * (d0 + d1) - 0.5 * (s0 - s1),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_those_without_a_table_between_nodes_beyond_its_end_and_on_either_side() {
        for dof in [1.0, 4.0, 5.5, 12.0, 187.0, 1e5, 1e12, f64::INFINITY] {
            let (table, tail) = (TTable::new(dof), TTail::new(dof));
            for i in 0..20_000 {
                let t = (f64::from(i) - 10_000.0) * 0.001_713;
                let (got, want) = (table.z_and_ln_sf(t), tail.z_and_ln_sf(t));
                let off = |got: f64, want: f64| (got - want).abs() / want.abs().max(1e-3);
                let worst = off(got.0, want.0).max(off(got.1, want.1));
                assert!(worst < 1e-12, "dof {dof} t {t}: {got:?} {want:?}");
            }
        }
    }

    #[test]
    fn what_is_no_number_or_beyond_all_numbers_is_as_without_a_table() {
        let table = TTable::new(30.0);
        assert!(table.z_and_ln_sf(f64::NAN).0.is_nan());
        assert_eq!(table.z_and_ln_sf(f64::INFINITY).0, f64::INFINITY);
        assert_eq!(table.z_and_ln_sf(0.0).0, 0.0);
        assert!(TTable::new(f64::NAN).z_and_ln_sf(1.0).0.is_nan());
    }
}
