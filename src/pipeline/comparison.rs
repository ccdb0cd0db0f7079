//! How far a finished output lies from its f64 rerun: one rule for every kind of output, and one for what is not a number.

use std::path::Path;

use serde::Serialize;

/// One output compared with its f64 rerun.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Comparison {
    /// Its file, as `verify` was given its place.
    pub output: String,
    /// Values compared.
    pub compared: usize,
    /// Where the difference is the largest multiple of its tolerance: i, j, k and row or volume; of a table 0, 0, column and
    /// row.
    pub worst_at: [usize; 4],
    /// The file's value there.
    pub got: f64,
    /// The f64 path's value there.
    pub want: f64,
    /// What the difference may be there.
    pub tolerance: f64,
    /// Values whose difference exceeds their tolerance.
    pub over: usize,
    /// What else is wrong with it: its checksum, its sidecar, that it is gone.
    pub faults: Vec<String>,
    /// Whether the path that made it is the one it is compared with: then the rerun repeats it, and proves that the files are
    /// whole, not that the arithmetic is right.
    pub repeated: bool,
    /// Whether the rerun made it too.
    #[serde(skip)]
    pub made: bool,
    /// How many tolerances the worst difference is.
    #[serde(skip)]
    worst: f64,
}

impl Comparison {
    /// Of nothing yet.
    #[must_use]
    pub fn of(output: &Path) -> Comparison {
        Comparison {
            output: output.display().to_string(),
            compared: 0,
            worst_at: [0; 4],
            got: 0.0,
            want: 0.0,
            tolerance: 0.0,
            over: 0,
            faults: Vec::new(),
            repeated: false,
            made: false,
            worst: -1.0,
        }
    }

    /// Compare one more value. Equal values are within any tolerance, two that are not numbers are equal, and one that is not a
    /// number is infinitely far from one that is.
    pub fn add(&mut self, at: [usize; 4], got: f64, want: f64, tolerance: f64) {
        let difference = (got - want).abs();
        let multiple = if got == want || (got.is_nan() && want.is_nan()) {
            0.0
        } else if difference.is_nan() || tolerance <= 0.0 {
            f64::INFINITY
        } else {
            difference / tolerance
        };
        self.compared += 1;
        self.over += usize::from(multiple > 1.0);
        if multiple > self.worst {
            self.worst = multiple;
            self.worst_at = at;
            (self.got, self.want, self.tolerance) = (got, want, tolerance);
        }
    }

    /// How many tolerances the worst difference is; 0 where nothing was compared.
    #[must_use]
    pub fn worst(&self) -> f64 {
        self.worst.max(0.0)
    }

    /// Whether every value is within its tolerance (there were values, or nothing but a checksum to compare), and nothing
    /// else is wrong.
    #[must_use]
    pub fn passed(&self) -> bool {
        self.over == 0 && self.faults.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_rule_says_what_is_off_and_the_worst_is_the_largest_multiple_of_its_tolerance() {
        let mut c = Comparison::of(Path::new("x"));
        c.add([0; 4], 1.0, 1.0, 0.0);
        c.add([1, 0, 0, 0], 1.1, 1.0, 0.2);
        c.add([2, 0, 0, 0], f64::NAN, f64::NAN, 0.0);
        assert!(c.passed() && c.worst_at == [1, 0, 0, 0] && c.compared == 3, "{c:?}");
        c.add([3, 0, 0, 0], 5.0, 1.0, 2.0);
        c.add([4, 0, 0, 0], 2.0, 1.0, 0.4);
        assert_eq!((c.over, c.worst_at), (2, [4, 0, 0, 0]));
        c.add([5, 0, 0, 0], f64::NAN, 1.0, 1e9);
        assert_eq!((c.over, c.worst_at), (3, [5, 0, 0, 0]));
        c.add([6, 0, 0, 0], f64::INFINITY, f64::INFINITY, 0.0);
        c.add([7, 0, 0, 0], 0.0, f64::INFINITY, 1.0);
        assert_eq!(c.over, 4);
    }
}
