//! The worst element of a comparison, and the tolerances.

/// How far a value may lie from what is wanted: `relative |want| + absolute`.
#[derive(Clone, Copy)]
pub struct Tolerance {
    /// Of what is wanted.
    pub relative: f64,
    /// In its units.
    pub absolute: f64,
}

/// Smoothed and cleaned values with f64 sums: only the result is rounded. Where twin and shader fall on either side of a
/// tie, they lie one unit in the last place (2^-23) apart.
pub const ROUNDED: Tolerance = Tolerance { relative: 1.2e-7, absolute: 0.0 };
/// The project's tolerance for t (docs/accuracy.md); effects are compared in units of their standard error.
pub const T: Tolerance = Tolerance { relative: 1e-4, absolute: 2e-4 };
pub const T_F64: Tolerance = Tolerance { relative: 1e-5, absolute: 2e-5 };
/// Residual variance: a relative error of t of 1e-4 is one of 2e-4 in sigma2.
pub const SIGMA2: Tolerance = Tolerance { relative: 2e-4, absolute: 0.0 };
pub const SIGMA2_F64: Tolerance = Tolerance { relative: 2e-5, absolute: 0.0 };
/// F of rank r is a mean of r squared t: 2 |t| dt, with the same relative and absolute parts.
pub const F: Tolerance = Tolerance { relative: 4e-4, absolute: 4e-4 };
pub const F_F64: Tolerance = Tolerance { relative: 4e-5, absolute: 4e-5 };

/// The worst element; panics when one exceeds the tolerance, is NaN on one side only, or there is none.
pub fn assert_close(name: &str, got: &[f64], want: &[f64], tolerance: Tolerance) {
    assert_eq!(got.len(), want.len(), "{name}: lengths");
    assert!(!got.is_empty(), "{name}: nothing to compare");
    let mut worst = (0, -1.0);
    for (at, (&got, &want)) in got.iter().zip(want).enumerate() {
        let allowed = tolerance.relative * want.abs() + tolerance.absolute;
        let multiple = if got.to_bits() == want.to_bits() || (got.is_nan() && want.is_nan()) {
            0.0
        } else {
            (got - want).abs() / allowed
        };
        if multiple.is_nan() || multiple > worst.1 {
            worst = (at, if multiple.is_nan() { f64::INFINITY } else { multiple });
        }
    }
    let (at, multiple) = worst;
    println!(
        "{name}: worst of {} at {at}: {} for {}, {multiple:.3} x tolerance",
        got.len(),
        got[at],
        want[at]
    );
    assert!(
        multiple <= 1.0,
        "{name}[{at}] = {} for {}: {multiple:.3} x tolerance",
        got[at],
        want[at]
    );
}
