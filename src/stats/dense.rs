//! Decompositions of small dense matrices, by faer, which is named nowhere else.
//!
//! Its kernels leave the upper halves of the vector registers in use. From then on each change between code of the two
//! encodings of vector instructions, such as a call of `exp`, costs the thread some 50 ns: after one SVD the z and p of
//! 60,000 voxels took 30 ms more. So the registers are cleaned behind each decomposition.

use faer::linalg::solvers::DenseSolveCore;
use faer::{Mat, Side};

/// A = U S V', thin: singular values fall.
pub(super) struct Svd {
    pub(super) u: Mat<f64>,
    pub(super) s: Vec<f64>,
    pub(super) v: Mat<f64>,
}

impl Svd {
    /// Of the matrix of so many rows and columns with these values; none where it does not converge.
    pub(super) fn of(
        (rows, columns): (usize, usize),
        value: impl Fn(usize, usize) -> f64,
    ) -> Option<Svd> {
        let matrix = Mat::from_fn(rows, columns, value);
        then_clean(|| {
            let svd = matrix.thin_svd().ok()?;
            let s = svd.S().column_vector().iter().copied().collect();
            Some(Svd { u: svd.U().to_owned(), s, v: svd.V().to_owned() })
        })
    }
}

/// A = U S U' of a symmetric A: eigenvalues rise.
pub(super) struct Eigen {
    pub(super) values: Vec<f64>,
    pub(super) vectors: Mat<f64>,
}

impl Eigen {
    /// Of the matrix of n rows with these values, of which the lower triangle is read; none where it does not converge.
    pub(super) fn of(n: usize, value: impl Fn(usize, usize) -> f64) -> Option<Eigen> {
        let matrix = Mat::from_fn(n, n, value);
        then_clean(|| {
            let eigen = matrix.self_adjoint_eigen(Side::Lower).ok()?;
            let values = eigen.S().column_vector().iter().copied().collect();
            Some(Eigen { values, vectors: eigen.U().to_owned() })
        })
    }
}

/// The inverse of a symmetric matrix of n rows with these values; none where it is not positive definite.
pub(super) fn inverse(n: usize, value: impl Fn(usize, usize) -> f64) -> Option<Mat<f64>> {
    let matrix = Mat::from_fn(n, n, value);
    then_clean(|| Some(matrix.llt(Side::Lower).ok()?.inverse()))
}

fn then_clean<T>(work: impl FnOnce() -> T) -> T {
    let made = work();
    clean_registers();
    made
}

#[cfg(target_arch = "x86_64")]
#[expect(unsafe_code, reason = "the one way to say it; measured above")]
fn clean_registers() {
    if std::arch::is_x86_feature_detected!("avx") {
        // SAFETY: the processor has the instruction, and no value lives in the upper halves: this function and its callers are compiled
        // without AVX, so that the compiler keeps nothing there across a call.
        unsafe { std::arch::x86_64::_mm256_zeroupper() }
    }
}

/// Other processors have no such halves.
#[cfg(not(target_arch = "x86_64"))]
fn clean_registers() {}
