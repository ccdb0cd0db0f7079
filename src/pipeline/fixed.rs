//! Fixed effects over finished estimates as a story: maps of effects and of their variances, a design over them, and what its contrasts say.
//! With y the estimates of a voxel, V the diagonal of their variances, X the design and C a contrast
//!
//! - mean: m = C X⁺ y, its covariance C X⁺ V X⁺' C' (each estimate alike; of one column of ones the mean, and the sum of variances over n²);
//! - precision: m = C (X' V⁻¹ X)⁻¹ X' V⁻¹ y, its covariance C (X' V⁻¹ X)⁻¹ C';
//!
//! t = m / sqrt(variance), F = m' covariance⁻¹ m / rank, on the sum of the estimates' degrees of freedom. A voxel counts where every
//! estimate has a variance above 0.

use serde_json::{Map as Fields, Value, json};

use crate::error::{Error, Result};
use crate::kernels::contrast::Stat;
use crate::maps::{Dof, Entities, Map, Quantity};
use crate::pipeline::decide::ContrastMaps;
use crate::pipeline::masks::LEAST_SHARED;
use crate::pipeline::products::{Account, Opened, Products};
use crate::pipeline::session::Session;
use crate::pipeline::spec::{Command, FixedSpec};
use crate::pipeline::watch::Watch;

mod estimates;
mod voxel;

use estimates::Estimates;
use voxel::Question;

/// Combine the estimates.
///
/// # Errors
/// Missing input and bad data of the maps; a contrast that the design does not determine.
pub fn run(spec: &FixedSpec, session: &mut Session<'_>, products: &mut dyn Products) -> Result<()> {
    let watch: &dyn Watch = &session.watch;
    let labels = spec.labels()?;
    let estimates = Estimates::read(spec, watch)?;
    let (inside, n_any) = estimates.inside();
    let n_inside = inside.iter().filter(|inside| **inside).count();
    if n_inside == 0 {
        return Err(Error::bad_data(
            spec.estimates[0].effect.display().to_string(),
            format!("and {} others have no voxel in common", spec.estimates.len() - 1),
            "overlap",
            "check that all are in one space",
        ));
    }
    tell_lost((n_inside, n_any), spec.estimates.len(), watch);
    watch.stage("combine", spec.contrasts.len());
    let mut maps = Vec::new();
    for (contrast, label) in spec.contrasts.iter().zip(&labels) {
        let question = Question::new(spec, contrast)?;
        let mut answer = ContrastMaps::zeros(
            &contrast.name,
            if contrast.is_f { Stat::F } else { Stat::T },
            contrast.weights.len(),
            inside.len(),
        );
        answer.rank = question.rank;
        answer.dof = Dof::Uniform(estimates.dof);
        answer.two_sided = spec.two_sided;
        question.answer(&estimates, &inside, &mut answer)?;
        answer.refuse_beyond_f32(&inside)?;
        let mut own = answer.maps(label, &inside, estimates.grid.plane_len());
        describe(spec, &estimates, contrast.weights.as_slice(), &mut own);
        maps.extend(own);
        watch.step();
    }
    maps.push(Map::of_mask(Entities::of("mask"), &inside));
    products.maps(&estimates.header, &maps)?;
    let mut account =
        Account::of(Command::Fixed(spec.clone()), Opened { found: estimates.files, bolds: vec![] });
    account.stages = vec!["read", "combine"];
    account.dof = Some(estimates.dof);
    account.resolved.insert("units".to_owned(), json!(estimates.units));
    let counts: [(&str, Value); 3] = [
        ("estimates", json!(spec.estimates.len())),
        ("voxels", json!(n_inside)),
        ("voxels_of_any", json!(n_any)),
    ];
    account.counts.extend(counts.map(|(name, n)| (name.to_owned(), n)));
    products.finish(session, account)
}

/// Voxels that some estimates have and not all.
fn tell_lost((n_inside, n_any): (usize, usize), n_estimates: usize, watch: &dyn Watch) {
    let line =
        format!("{n_inside} of {n_any} voxels are in all {n_estimates} estimates, and counted");
    if (n_inside as f64) < LEAST_SHARED * n_any as f64 {
        watch.warn(&format!(
            "{line}; the estimates cover different parts of the brain, or one lost signal"
        ));
    } else if n_inside < n_any {
        watch.note(&line);
    }
}

/// Weights and units in the sidecars.
fn describe(spec: &FixedSpec, estimates: &Estimates, weights: &[Vec<f64>], maps: &mut [Map]) {
    let row = |weights: &Vec<f64>| -> Value {
        let weighed = spec.columns.iter().zip(weights).filter(|(_, w)| **w != 0.0);
        weighed.map(|(name, w)| (name.clone(), json!(w))).collect::<Fields<_, _>>().into()
    };
    let rows: Vec<Value> = weights.iter().map(row).collect();
    for map in maps {
        map.asked.insert("ContrastWeights".to_owned(), json!(rows));
        map.asked.insert("Estimates".to_owned(), json!(spec.estimates.len()));
        let squared = match map.quantity {
            Quantity::Effect => "",
            Quantity::Variance => ", squared",
            _ => continue,
        };
        if let Some(units) = &estimates.units {
            map.asked.insert("Units".to_owned(), json!(format!("{units}{squared}")));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pipeline::watch::{Journal, Quiet};

    #[test]
    fn many_lost_voxels_are_warned_of() {
        let warned = |n_inside| {
            let journal = Journal::new(&Quiet);
            tell_lost((n_inside, 1000), 3, &journal);
            journal.warnings()
        };
        assert!(warned(1000).is_empty() && warned(900).is_empty());
        let [line] = &warned(899)[..] else { panic!("one warning") };
        assert!(line.contains("899 of 1000 voxels are in all 3"), "{line}");
    }
}
