//! The proof's maps by name, in FitLins's manner: `sub-01_task-pain_desc-cardiac_stat-F_statmap`.

use super::{Proof, SetMaps};
use crate::design::label::label;
use crate::error::Result;
use crate::io::Intent;

/// What a map shows, which decides its tolerance in `verify`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shows {
    /// Partial F.
    F,
    /// Its upper tail.
    P,
    /// The normal deviate of that tail.
    Z,
    /// Partial R².
    RSquare,
    /// Adjusted partial R².
    AdjustedRSquare,
    /// tSNR of the run as read.
    TsnrBefore,
    /// tSNR of the corrected run.
    TsnrAfter,
    /// Gain in percent.
    TsnrGain,
    /// Degrees of freedom, where they differ between slice-time groups.
    Dof,
}

/// One map.
#[derive(Debug, Clone)]
pub struct ProofMap<'a> {
    /// File name without extension.
    pub stem: String,
    /// What it shows.
    pub shows: Shows,
    /// The set of columns it is about; none for tSNR and the residual dof.
    pub set: Option<&'a SetMaps>,
    /// For the header.
    pub intent: Intent,
    /// `[voxel]`.
    pub values: std::borrow::Cow<'a, [f32]>,
}

impl ProofMap<'_> {
    /// What it shows, in a sentence for its sidecar.
    #[must_use]
    pub fn description(&self) -> String {
        let of = self.set.map_or(String::new(), |set| {
            format!(
                " of {} within the joint model of task, confounds, drift and physiology",
                set.columns.join(", ")
            )
        });
        match self.shows {
            Shows::F => format!("Partial F{of}"),
            Shows::P => format!("Upper tail probability of the partial F{of}"),
            Shows::Z => format!("Normal deviate of the partial F{of}"),
            Shows::RSquare => format!("Partial R square{of}: F dof1 / (F dof1 + dof2)"),
            Shows::AdjustedRSquare => {
                format!("Adjusted partial R square{of}: 1 - (1 - R square) (dof1 + dof2) / dof2")
            }
            Shows::TsnrBefore => "Mean over standard deviation of the run as read".to_owned(),
            Shows::TsnrAfter => "Mean over standard deviation of the corrected run".to_owned(),
            Shows::TsnrGain => {
                "Gain of tSNR in percent, the degrees of freedom spent counted: 100 (after / before sqrt((n - 1 - spent) / (n - 1)) - 1)"
                    .to_owned()
            }
            Shows::Dof if self.set.is_some() => format!("Numerator degrees of freedom{of}"),
            Shows::Dof => "Residual degrees of freedom of the joint model".to_owned(),
        }
    }
}

impl Proof {
    /// Every map. `prefix`: what the names begin with, such as `sub-01_task-pain`.
    ///
    /// # Errors
    /// Usage when a set's name cannot be part of a file name.
    pub fn maps(&self, prefix: &str) -> Result<Vec<ProofMap<'_>>> {
        let mut maps = Vec::new();
        let dof2 = self.dof2.iter().copied().fold(f64::INFINITY, f64::min);
        for set in &self.sets {
            let dof1 = set.dof1.iter().copied().min().unwrap_or(0) as f64;
            let desc = label(&set.name)?;
            let mut add = |stat: &str, shows, intent, values| {
                let stem = format!("{prefix}_desc-{desc}_stat-{stat}_statmap");
                maps.push(ProofMap { stem, shows, set: Some(set), intent, values });
            };
            add("F", Shows::F, Intent::F { dof1, dof2 }, (&set.f).into());
            add("p", Shows::P, Intent::P, (&set.p).into());
            add("z", Shows::Z, Intent::Z, (&set.z).into());
            add("rSquare", Shows::RSquare, Intent::Estimate, (&set.r2).into());
            let adjusted = &set.adjusted_r2;
            add("adjustedRSquare", Shows::AdjustedRSquare, Intent::Estimate, adjusted.into());
            if varies(&set.dof1) {
                let dof: Vec<f64> = set.dof1.iter().map(|&dof| dof as f64).collect();
                add("dof", Shows::Dof, Intent::None, self.by_group(&dof).into());
            }
        }
        for (middle, shows, values) in [
            ("desc-before_stat-tsnr", Shows::TsnrBefore, &self.tsnr_before),
            ("desc-after_stat-tsnr", Shows::TsnrAfter, &self.tsnr_after),
            ("stat-tsnrGain", Shows::TsnrGain, &self.tsnr_gain_percent),
        ] {
            let stem = format!("{prefix}_{middle}_statmap");
            let intent = Intent::Estimate;
            maps.push(ProofMap { stem, shows, set: None, intent, values: values.into() });
        }
        if varies(&self.dof2) {
            let (stem, values) =
                (format!("{prefix}_stat-dof_statmap"), self.by_group(&self.dof2).into());
            maps.push(ProofMap {
                stem,
                shows: Shows::Dof,
                set: None,
                intent: Intent::None,
                values,
            });
        }
        Ok(maps)
    }

    /// A value of each group at its fitted voxels.
    fn by_group(&self, values: &[f64]) -> Vec<f32> {
        let of = |voxel: usize| {
            if self.fitted[voxel] { values[self.group(voxel)] as f32 } else { 0.0 }
        };
        (0..self.fitted.len()).map(of).collect()
    }

    /// The slice-time group of a voxel.
    #[must_use]
    pub fn group(&self, voxel: usize) -> usize {
        self.group_of_plane[voxel / (self.shape[0] * self.shape[1])]
    }
}

fn varies<T: PartialEq>(values: &[T]) -> bool {
    values.windows(2).any(|pair| pair[0] != pair[1])
}
