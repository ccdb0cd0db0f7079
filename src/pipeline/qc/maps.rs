//! The proof of a correction as maps for the page: partial F and R² of each set, tSNR and its gain.

use super::{MapQc, MapsQc};
use crate::pipeline::proof::{ALL, Proof, SetMaps};
use crate::volume::Grid;

/// Voxels show from this p on, not corrected for their number.
const SHOWN_P: f32 = 0.001;
/// The colours end where so many of the fitted voxels lie below.
const MOST_SHARE: f64 = 0.995;

impl MapsQc {
    /// The maps of a proof on its run's grid.
    #[must_use]
    pub fn of_proof(proof: &Proof, grid: &Grid) -> MapsQc {
        let mut maps = Vec::new();
        for set in &proof.sets {
            maps.push(partial_f(proof, set));
            maps.push(partial_r2(proof, set));
        }
        let plain = |title: &str, note: &str, caption: &str, values: &[f32]| MapQc {
            title: title.to_owned(),
            note: note.to_owned(),
            caption: caption.to_owned(),
            values: values.to_vec(),
            threshold: 0.0,
            max: most(proof, values, 1.0),
        };
        maps.push(plain("tSNR before", "mean / sd", "The run as it was read.", &proof.tsnr_before));
        maps.push(plain("tSNR after", "mean / sd", "The corrected run.", &proof.tsnr_after));
        let caption = "Warm where the correction helped, cold where its columns cost more degrees of freedom than they \
                       explained.";
        let note = "percent, dof counted";
        maps.push(plain("tSNR gain", note, caption, &proof.tsnr_gain_percent));
        MapsQc {
            grid: grid.clone(),
            background: proof.mean.clone(),
            inside: proof.fitted.clone(),
            maps,
        }
    }
}

/// What a set of columns is called in a sentence.
fn called(set: &SetMaps) -> String {
    match set.name.as_str() {
        ALL => "all physiological columns".to_owned(),
        name => format!("the {name} columns"),
    }
}

fn partial_f(proof: &Proof, set: &SetMaps) -> MapQc {
    let shown = set.f.iter().zip(&set.p).filter(|(f, p)| **p <= SHOWN_P && f.is_finite());
    let n_shown = shown.clone().filter(|(f, _)| **f > 0.0).count();
    let n_fitted = proof.fitted.iter().filter(|v| **v).count();
    let threshold = shown.map(|(f, _)| *f).fold(f32::INFINITY, f32::min);
    let highest = most(proof, &set.f, 1.0);
    // Nothing shows where no voxel is below that p.
    let threshold = if threshold.is_finite() { threshold } else { highest + 1.0 };
    let dof1 = set.dof1.iter().min().copied().unwrap_or(0);
    let dof2 = proof.dof2.iter().copied().fold(f64::INFINITY, f64::min);
    MapQc {
        title: format!("F, {}", set.name),
        note: format!("dof {dof1}, {dof2}; p < {SHOWN_P}"),
        caption: format!(
            "Partial F of {}: {n_shown} of {n_fitted} voxels have p below {SHOWN_P} (not corrected; noise alone gives {:.0}).",
            called(set),
            SHOWN_P * n_fitted as f32
        ),
        values: set.f.clone(),
        threshold,
        max: highest.max(1.5 * threshold),
    }
}

fn partial_r2(proof: &Proof, set: &SetMaps) -> MapQc {
    let mut inside: Vec<f32> =
        proof.fitted.iter().zip(&set.r2).filter(|(f, _)| **f).map(|(_, v)| *v).collect();
    inside.sort_by(f32::total_cmp);
    let median = inside.get(inside.len() / 2).copied().unwrap_or(0.0);
    MapQc {
        title: format!("R2, {}", set.name),
        note: "partial, 0 to 1".to_owned(),
        caption: format!(
            "Share of the variance left by the other columns that {} explain; median {median:.3}.",
            called(set)
        ),
        values: set.r2.clone(),
        threshold: 0.0,
        max: most(proof, &set.r2, 1e-3),
    }
}

/// Where the colours of a map end, at least `least`.
fn most(proof: &Proof, values: &[f32], least: f32) -> f32 {
    let fitted = proof.fitted.iter().zip(values).filter(|(f, v)| **f && v.is_finite());
    let mut sizes: Vec<f32> = fitted.map(|(_, v)| v.abs()).collect();
    if sizes.is_empty() {
        return least;
    }
    let nth = (MOST_SHARE * (sizes.len() - 1) as f64).round() as usize;
    sizes.select_nth_unstable_by(nth, f32::total_cmp).1.max(least)
}
