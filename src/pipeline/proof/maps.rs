//! The proof's maps, in FitLins's manner: `sub-01_task-pain_desc-cardiac_stat-F_statmap`, and what they may differ by from
//! their f64 rerun (docs/accuracy.md). p, z and both R² are functions of F and its degrees of freedom alone, so each may move by
//! as much as F's own tolerance moves it. A corrected run is off by e at most in each value, which moves a mean by e and a
//! standard deviation by e sqrt(n / (n - 1)).

use std::sync::Arc;

use rayon::prelude::*;
use serde_json::{Map as Fields, Value, json};

use super::{Evidence, Groups, Set, SetMaps, TsnrMaps, gain_percent};
use crate::design::label::label;
use crate::error::Result;
use crate::maps::{Bounds, Dof, Entities, Map, Quantity, Tolerance, rounding};

/// The maps of a set from its F, `[voxel]`.
///
/// # Errors
/// Usage when the set's name cannot be part of a file name.
pub(super) fn of_set(set: &Set<'_>, f: &[f64], dof2: &[f64], groups: &Groups) -> Result<SetMaps> {
    let evidence = set.dof1.iter().zip(dof2);
    let evidence: Arc<Vec<Evidence>> =
        Arc::new(evidence.map(|(&dof1, &dof2)| Evidence::new(dof1 as f64, dof2)).collect());
    let value = |voxel: usize| evidence[groups.of(voxel)].of(f[voxel]);
    let all: Vec<Said> = (0..f.len()).into_par_iter().with_min_len(1024).map(value).collect();
    let of = |what: fn(&Said) -> f64| Arc::new(all.iter().map(|said| what(said) as f32).collect());
    let f = Arc::new(f.iter().map(|&v| v as f32).collect::<Vec<_>>());
    let dof1 = set.dof1.iter().copied().min().unwrap_or(0) as f64;
    let whole = format!(
        "of {} within the joint model of task, confounds, drift and physiology",
        set.columns.join(", ")
    );
    let desc = label(set.name)?;
    let asked: Fields<String, Value> =
        [("Columns".to_owned(), json!(set.columns))].into_iter().collect();
    let map = |quantity: Quantity, what: fn(&Said) -> f64, description: String| Map {
        entities: Entities::of("statmap").with("desc", &desc).with("stat", quantity.stat()),
        quantity,
        dof: groups.dof.clone(),
        description,
        asked: asked.clone(),
        tolerance: tolerance(what, &f, &evidence, groups),
        values: vec![of(what)],
    };
    let of_f: fn(&Said) -> f64 = |said| said.f;
    let mut maps = vec![
        map(Quantity::F { dof1 }, of_f, format!("Partial F {whole}")),
        map(Quantity::P, |s| s.p, format!("Upper tail probability of the partial F {whole}")),
        map(Quantity::Z, |s| s.z, format!("Normal deviate of the partial F {whole}")),
        map(
            Quantity::RSquare,
            |s| s.r2,
            format!("Partial R square {whole}: F dof1 / (F dof1 + dof2)"),
        ),
        map(
            Quantity::AdjustedRSquare,
            |s| s.adjusted_r2,
            format!("Adjusted partial R square {whole}: 1 - (1 - R square) (dof1 + dof2) / dof2"),
        ),
    ];
    let dof1: Vec<f64> = set.dof1.iter().map(|&dof| dof as f64).collect();
    maps.extend(of_dof(&dof1, Some((&desc, &whole)), groups));
    Ok(SetMaps {
        name: set.name.to_owned(),
        columns: set.columns.to_vec(),
        dof1: set.dof1.to_vec(),
        maps,
    })
}

/// What an F says.
#[derive(Debug, Clone, Copy)]
pub struct Said {
    /// Partial F.
    pub f: f64,
    /// Upper tail of F.
    pub p: f64,
    /// Normal deviate of the same tail.
    pub z: f64,
    /// Partial R².
    pub r2: f64,
    /// Adjusted partial R².
    pub adjusted_r2: f64,
}

/// Of what follows from F: how far F's own tolerance moves it.
fn tolerance(
    what: fn(&Said) -> f64,
    f: &Arc<Vec<f32>>,
    evidence: &Arc<Vec<Evidence>>,
    groups: &Groups,
) -> Tolerance {
    let (f, evidence, groups) = (Arc::clone(f), Arc::clone(evidence), groups.clone());
    Tolerance::of(move |bounds, _, voxel| {
        let value = |f: f64| what(&evidence[groups.of(voxel)].of(f));
        let f = f64::from(f[voxel]);
        if f <= 0.0 {
            return rounding(value(f)); // outside the mask, or constant
        }
        let (here, off) = (value(f), bounds.f(f));
        let moved = |f: f64| (value(f) - here).abs();
        rounding(here) + moved(f + off).max(moved((f - off).max(f64::MIN_POSITIVE)))
    })
}

/// A value of each slice-time group at its fitted voxels, where they differ. `of`: the set's label and what it is a part of.
pub(super) fn of_dof(values: &[f64], of: Option<(&str, &str)>, groups: &Groups) -> Option<Map> {
    values.windows(2).any(|pair| pair[0] != pair[1]).then(|| {
        let at = |(voxel, &fitted): (usize, &bool)| match fitted {
            true => values[groups.of(voxel)] as f32,
            false => 0.0,
        };
        let entities = Entities::of("statmap");
        let (entities, description) = match of {
            Some((desc, whole)) => {
                (entities.with("desc", desc), format!("Numerator degrees of freedom {whole}"))
            }
            None => (entities, "Residual degrees of freedom of the joint model".to_owned()),
        };
        Map {
            entities: entities.with("stat", "dof"),
            quantity: Quantity::Dof,
            dof: Dof::Uniform(0.0),
            description,
            asked: Fields::new(),
            tolerance: Tolerance::of(|_, _, _| 0.0),
            values: vec![Arc::new(groups.fitted.iter().enumerate().map(at).collect())],
        }
    })
}

/// What tSNR is made of, `[voxel]`.
pub(super) struct Found {
    pub mean: Vec<f32>,
    pub before: Vec<f32>,
    pub after: Vec<f32>,
    pub gain: Vec<f32>,
    pub largest: Vec<f32>,
    /// Of each slice-time group.
    pub dof_spent: Vec<usize>,
    pub n_volumes: usize,
}

impl Found {
    /// What tSNR after the correction may be off by.
    fn off(&self, bounds: Bounds, voxel: usize) -> f64 {
        let after = f64::from(self.after[voxel]).abs();
        if after == 0.0 {
            return 0.0;
        }
        let n = self.n_volumes as f64;
        let mean = f64::from(self.mean[voxel]).abs();
        let (sd, off) = (mean / after, bounds.image * f64::from(self.largest[voxel]));
        let least = sd - off * (n / (n - 1.0).max(1.0)).sqrt();
        if least > 0.0 { (mean + off) / least - after } else { f64::INFINITY }
    }

    /// What the gain may be off by.
    fn off_gain(&self, bounds: Bounds, voxel: usize, groups: &Groups) -> f64 {
        let (before, after) = (f64::from(self.before[voxel]), f64::from(self.after[voxel]));
        let spent = self.dof_spent[groups.of(voxel)];
        let gain = |after: f64| gain_percent(before, after, self.n_volumes, spent);
        (gain(after + self.off(bounds, voxel)) - gain(after)).abs()
    }
}

/// The maps of tSNR.
pub(super) fn of_tsnr(found: Found, groups: &Groups) -> TsnrMaps {
    let found = Arc::new(found);
    let map = |desc: Option<&str>, quantity: Quantity, values: &[f32], description: &str| {
        let entities = Entities::of("statmap");
        let entities = desc.map_or(entities.clone(), |desc| entities.with("desc", desc));
        let (own, groups, of) = (values.to_vec(), groups.clone(), Arc::clone(&found));
        let is_after = desc == Some("after");
        Map {
            entities: entities.with("stat", quantity.stat()),
            quantity,
            dof: Dof::Uniform(0.0),
            description: description.to_owned(),
            asked: Fields::new(),
            tolerance: Tolerance::of(move |bounds, _, voxel| {
                rounding(f64::from(own[voxel]))
                    + match quantity {
                        Quantity::TsnrGain => of.off_gain(bounds, voxel, &groups),
                        _ if is_after => of.off(bounds, voxel),
                        _ => 0.0,
                    }
            }),
            values: vec![Arc::new(values.to_vec())],
        }
    };
    let before = "Mean over standard deviation of the run as read";
    let after = "Mean over standard deviation of the corrected run";
    let gain = "Gain of tSNR in percent, the degrees of freedom spent counted: 100 (after / before sqrt((n - 1 - spent) / (n - 1)) - 1)";
    TsnrMaps {
        before: map(Some("before"), Quantity::Tsnr, &found.before, before),
        after: map(Some("after"), Quantity::Tsnr, &found.after, after),
        gain: map(None, Quantity::TsnrGain, &found.gain, gain),
    }
}
