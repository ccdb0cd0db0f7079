//! The proof of a correction as maps for the page: partial F and adjusted R² of each set, tSNR and its gain. Colours of adjusted R²
//! mean the same on every page, those of tSNR before and after the same on one.

use std::sync::Arc;

use crate::maps::told;
use crate::pipeline::proof::{ALL, Evidence, Proof, SetMaps};
use crate::report::qc::{Picture, Pictures};
use crate::stats::tails::critical_f;
use crate::volume::Grid;

/// Voxels show from this p on, not corrected for their number.
const SHOWN_P: f32 = 0.001;
/// Where the colours of adjusted R² end, on every page.
const MOST_R2: f32 = 0.5;
/// The colours of the gain end here at least, percent.
const LEAST_GAIN: f32 = 10.0;
/// The colours end where so many of the fitted voxels lie below.
const MOST_SHARE: f64 = 0.995;

/// The maps of a proof on its run's grid.
#[must_use]
pub fn pictures(proof: &Proof, grid: &Grid) -> Pictures {
    let mut maps = Vec::new();
    for set in &proof.sets {
        maps.push(partial_f(proof, set));
        maps.push(adjusted_r2(proof, set));
    }
    let plain =
        |title: &str, note: &str, caption: &str, values: &Arc<Vec<f32>>, max: f32| Picture {
            title: title.to_owned(),
            note: note.to_owned(),
            caption: caption.to_owned(),
            values: Arc::clone(values),
            threshold: 0.0,
            floor: 0.0,
            max,
        };
    let tsnr = &proof.tsnr;
    let (before, after) = (&tsnr.before.values[0], &tsnr.after.values[0]);
    let highest = most(proof, before, 1.0).max(most(proof, after, 1.0));
    maps.push(plain("tSNR before", "mean / sd", "The run as it was read.", before, highest));
    let caption = "The corrected run, in the colours of the map before.";
    maps.push(plain("tSNR after", "mean / sd", caption, after, highest));
    let caption = "Warm where the correction helped, cold where its columns cost more degrees of freedom than they \
                   explained.";
    let gain = &tsnr.gain.values[0];
    let highest = most(proof, gain, LEAST_GAIN);
    maps.push(plain("tSNR gain", "percent, dof counted", caption, gain, highest));
    Pictures {
        grid: grid.clone(),
        background: proof.mean.clone(),
        inside: proof.fitted.clone(),
        maps,
    }
}

/// What a set of columns is called in a sentence.
fn called(set: &SetMaps) -> String {
    match set.name.as_str() {
        ALL => "all physiological columns".to_owned(),
        name => format!("the {name} columns"),
    }
}

fn partial_f(proof: &Proof, set: &SetMaps) -> Picture {
    let f = set.values("F");
    let shown = f.iter().zip(set.values("p")).filter(|(f, p)| **p <= SHOWN_P && f.is_finite());
    let n_shown = shown.clone().filter(|(f, _)| **f > 0.0).count();
    let n_fitted = proof.fitted.iter().filter(|v| **v).count();
    let threshold = shown.map(|(f, _)| *f).fold(f32::INFINITY, f32::min);
    let highest = most(proof, f, 1.0);
    // Nothing shows where no voxel is below that p.
    let threshold = if threshold.is_finite() { threshold } else { highest + 1.0 };
    let dof1 = set.dof1.iter().min().copied().unwrap_or(0);
    let dof2 = proof.dof2.iter().copied().fold(f64::INFINITY, f64::min);
    Picture {
        title: format!("F, {}", set.name),
        note: format!("dof {dof1}, {}; p < {SHOWN_P}", told(dof2)),
        caption: format!(
            "Partial F of {}: {n_shown} of {n_fitted} voxels have p below {SHOWN_P} (not corrected; noise alone gives {:.0}).",
            called(set),
            SHOWN_P * n_fitted as f32
        ),
        values: Arc::new(f.to_vec()),
        threshold,
        floor: threshold,
        max: highest.max(1.5 * threshold),
    }
}

/// Adjusted R² from where F has the p that shows; below that noise would show.
fn adjusted_r2(proof: &Proof, set: &SetMaps) -> Picture {
    let r2 = set.values("adjustedRSquare");
    let mut inside: Vec<f32> =
        proof.fitted.iter().zip(r2).filter(|(f, _)| **f).map(|(_, v)| *v).collect();
    inside.sort_by(f32::total_cmp);
    let median = inside.get(inside.len() / 2).copied().unwrap_or(0.0);
    let of_p = set.dof1.iter().zip(&proof.dof2).map(|(&dof1, &dof2)| {
        let dof1 = dof1.max(1) as f64;
        Evidence::new(dof1, dof2).of(critical_f(SHOWN_P.into(), dof1, dof2)).adjusted_r2 as f32
    });
    let threshold = of_p.fold(f32::INFINITY, f32::min).max(0.0);
    Picture {
        title: format!("adjusted R², {}", set.name),
        note: format!("0 to {MOST_R2}; p < {SHOWN_P}"),
        caption: format!(
            "Share of the variance left by the other columns that {} explain, less what as many columns of noise would; \
             median {median:.3}. The colours are the same on every page.",
            called(set)
        ),
        values: Arc::new(r2.to_vec()),
        threshold,
        floor: 0.0,
        max: MOST_R2,
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
