//! The factor L D L' of ARMA(1,1)'s correlations, as what one walk along a series needs.

use ndarray::Array2;

use super::lambda;

/// Whiten columns `[volume][column]` in place: L⁻¹ of R = L D L', rows over sqrt D. `gaps`: volumes since the kept one before, `[volume]`.
pub fn whiten(columns: &mut Array2<f64>, gaps: &[usize], (a, b): (f64, f64)) {
    let gaps: Vec<u32> = gaps.iter().map(|&gap| gap as u32).collect();
    Steps::new(&gaps, a, b).whiten(columns);
}

/// What walks a series and what it leaves (the recursion of [`super`]).
pub(super) struct Steps {
    pub lambda: f64,
    /// a^g, a^(g-1) W of the volume before, and 1 / sqrt D, `[volume]`.
    pub decay: Vec<f64>,
    pub step: Vec<f64>,
    pub scale: Vec<f64>,
    /// log|R|.
    pub ln_det: f64,
}

impl Steps {
    pub fn new(gaps: &[u32], a: f64, b: f64) -> Steps {
        let (n, lambda) = (gaps.len(), lambda(a, b));
        let (mut decay, mut step, mut scale) = (vec![0.0; n], vec![0.0; n], vec![1.0; n]);
        let (mut s, mut d, mut w, mut ln_det) = (0.0_f64, 1.0_f64, 1.0_f64, 0.0);
        for t in 1..n {
            let gap = gaps[t] as i32;
            let (of_gap, before) = (a.powi(gap), a.powi(gap - 1));
            (decay[t], step[t]) = (of_gap, before * w);
            s = of_gap * of_gap * s + before * before * d * w * w;
            d = 1.0 - lambda * lambda * s;
            w = (1.0 - lambda * a * s) / d;
            scale[t] = 1.0 / d.sqrt();
            ln_det += d.ln();
        }
        Steps { lambda, decay, step, scale, ln_det }
    }

    /// [`whiten`] by these.
    pub fn whiten(&self, columns: &mut Array2<f64>) {
        for mut column in columns.columns_mut() {
            let (mut f, mut z) = (0.0, 0.0);
            for (t, value) in column.iter_mut().enumerate() {
                f = self.decay[t] * f + self.step[t] * z;
                z = *value - self.lambda * f;
                *value = z * self.scale[t];
            }
        }
    }
}
