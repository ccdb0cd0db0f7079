//! The proof in a few numbers, for the sidecars and for whoever watches.

use serde_json::{Map, Value, json};

use super::{Proof, SetMaps};

/// A voxel counts as found below this p (no correction for their number; noise alone finds this share).
const FOUND_P: f32 = 0.001;

impl Proof {
    /// Degrees of freedom, the share of voxels each set is found in, medians over the mask, by name.
    #[must_use]
    pub fn summary(&self) -> Map<String, Value> {
        let sets: Vec<Value> = self.sets.iter().map(|set| self.of_set(set)).collect();
        let median = |map: &[f32]| self.median(map);
        let value = json!({
            "voxels_fitted": self.fitted.iter().filter(|&&v| v).count(),
            "residual_dof": uniform(&self.dof2),
            "dof_spent": uniform(&self.dof_spent),
            "sets": sets,
            "tsnr_before_median": median(&self.tsnr.before.values[0]),
            "tsnr_after_median": median(&self.tsnr.after.values[0]),
            "tsnr_gain_percent_median": median(&self.tsnr.gain.values[0]),
        });
        value.as_object().cloned().unwrap_or_default()
    }

    fn of_set(&self, set: &SetMaps) -> Value {
        json!({
            "name": set.name,
            "columns": set.columns,
            "dof": uniform(&set.dof1),
            "share_of_voxels_p_below_0.001": self.found(set),
            "adjusted_r_square_median": self.median(set.values("adjustedRSquare")),
        })
    }

    /// Lines for a person.
    #[must_use]
    pub fn lines(&self) -> Vec<String> {
        let of_set = |set: &SetMaps| {
            format!(
                "{}: {} columns, p < {FOUND_P} in {:.1} % of the voxels, median adjusted R² {:.4}",
                set.name,
                set.columns.len(),
                100.0 * self.found(set),
                self.median(set.values("adjustedRSquare"))
            )
        };
        let tsnr = format!(
            "median tSNR {:.1} before, {:.1} after; median gain {:+.1} %, degrees of freedom counted",
            self.median(&self.tsnr.before.values[0]),
            self.median(&self.tsnr.after.values[0]),
            self.median(&self.tsnr.gain.values[0])
        );
        self.sets.iter().map(of_set).chain([tsnr]).collect()
    }

    /// Share of the fitted voxels where p is below [`FOUND_P`], 0 to 1.
    fn found(&self, set: &SetMaps) -> f64 {
        let fitted = self.fitted.iter().filter(|&&v| v).count();
        let found =
            self.fitted.iter().zip(set.values("p")).filter(|&(&v, &p)| v && p < FOUND_P).count();
        found as f64 / fitted.max(1) as f64
    }

    /// Median over the fitted voxels; 0 where there is none.
    fn median(&self, map: &[f32]) -> f32 {
        let mut inside: Vec<f32> =
            self.fitted.iter().zip(map).filter(|(v, _)| **v).map(|(_, &value)| value).collect();
        let middle = inside.len() / 2;
        if inside.is_empty() {
            0.0
        } else {
            *inside.select_nth_unstable_by(middle, f32::total_cmp).1
        }
    }
}

/// The one value that all groups have, or one for each.
fn uniform<T: PartialEq + Copy + serde::Serialize>(values: &[T]) -> Value {
    match values {
        [first, rest @ ..] if rest.iter().all(|v| v == first) => json!(first),
        _ => json!(values),
    }
}
