//! G: what a height has behind it, whether it was summed or integrated.

/// Steps up to the greatest height of the map that sets them.
const STEPS: f64 = 100.0;
/// Steps that are summed one by one; above them, reached only where a map is a thousand times as high as the observed one, the integral goes on.
const SUMMED: usize = 100_000;

/// G for one map.
#[derive(Debug, Clone, Default)]
pub(super) struct Reach {
    /// H.
    exponent: f64,
    /// What the hundredth step is; none of the integral.
    top: Option<f64>,
    /// Sums of h_k^H, k from 0.
    sums: Vec<f64>,
}

impl Reach {
    /// For heights up to `highest`. A step that is not above 0 is reached by none.
    pub(super) fn prepare(&mut self, exponent: f64, top: Option<f64>, highest: f64) {
        (self.exponent, self.top) = (exponent, top);
        self.sums.clear();
        self.sums.push(0.0);
        let Some(top) = top.filter(|&top| top > 0.0 && top.is_finite()) else { return };
        let mut sum = 0.0;
        for k in 1..=SUMMED {
            let height = step(top, k as f64);
            if height > highest {
                break;
            }
            sum += self.raised(height);
            self.sums.push(sum);
        }
    }

    /// G(h).
    #[inline]
    pub(super) fn of(&self, height: f64) -> f64 {
        let Some(top) = self.top else { return self.integral(height) };
        if self.sums.len() == 1 {
            return 0.0;
        }
        let last = self.sums.len() - 1;
        let mut k = (height * (STEPS / top)).floor().min(last as f64) as usize;
        // Rounding may have it one off.
        if k < last && step(top, (k + 1) as f64) <= height {
            k += 1;
        } else if k > 0 && step(top, k as f64) > height {
            k -= 1;
        }
        if k < SUMMED {
            return self.sums[k];
        }
        let beyond = self.integral(height) - self.integral(step(top, SUMMED as f64));
        self.sums[k] + beyond * STEPS / top
    }

    /// h^(H+1) / (H+1).
    #[inline]
    fn integral(&self, height: f64) -> f64 {
        self.raised(height) * height / (self.exponent + 1.0)
    }

    /// h^H.
    #[inline]
    fn raised(&self, height: f64) -> f64 {
        if self.exponent == 2.0 {
            height * height
        } else if self.exponent == 1.0 {
            height
        } else {
            height.powf(self.exponent)
        }
    }
}

/// The height of step k; the hundredth is the top itself, not what rounding makes of it.
#[inline]
fn step(top: f64, k: f64) -> f64 {
    if k == STEPS { top } else { k * (top / STEPS) }
}
