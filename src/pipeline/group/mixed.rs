//! Mixed effects: each subject's effect counts by its own variance and that between subjects.

use ndarray::Axis;
use rayon::prelude::*;

use super::fit::Fitted;
use super::images::Images;
use crate::design::group::{Combination, Stratum};
use crate::error::{Error, Result};
use crate::kernels::contrast::Stat;
use crate::maps::Dof;
use crate::pipeline::decide::ContrastMaps;
use crate::pipeline::spec::{GroupSpec, Inflated};
use crate::pipeline::watch::Watch;
use crate::stats::meta::{Inflation, MixedEffects};

/// Fit a contrast with the subjects' variances, `[row of the table][place]`.
///
/// # Errors
/// Usage where the contrast is no combination a subject; bad data where no voxel is left.
pub(super) fn fit(
    spec: &GroupSpec,
    stratum: &Stratum,
    (images, variances): (&Images, &[Vec<f32>]),
    watch: &dyn Watch,
) -> Result<Fitted> {
    if stratum.combined.len() > 1 || stratum.blocks.is_some() {
        return Err(Error::usage(
            format!("contrast '{}'", stratum.name),
            "is no single combination of each subject's maps",
            "be one, for --variance mixed",
            "ask for t contrasts with partitioned error, or leave --variance out",
        ));
    }
    let n = stratum.subjects.len();
    let least = spec.least_subjects.unwrap_or(n).min(n);
    let sum = |maps: &Combination, of: &[Vec<f32>], power: i32, place: usize| {
        maps.iter().map(|&(row, w)| w.powi(power) * f64::from(of[row][place])).sum::<f64>()
    };
    let all = |of: &[Vec<f32>], power: i32| -> Vec<f64> {
        let row = |maps: &Combination| {
            let value = |place| sum(maps, of, power, place);
            (0..images.places.len()).into_par_iter().map(value).collect::<Vec<f64>>()
        };
        stratum.combined[0].iter().flat_map(row).collect()
    };
    let (effects, own) = (all(&images.values, 1), all(variances, 2));
    let fit = MixedEffects::fit(&effects, &own, stratum.design.view())?;
    let inflation = match spec.inflated {
        Inflated::KnappHartung => Inflation::KnappHartung,
        Inflated::AtLeastOne => Inflation::AtLeastOne,
        Inflated::Not => Inflation::None,
    };
    let n_voxels = images.grid.n_voxels();
    let kind = if stratum.is_f { Stat::F } else { Stat::T };
    let mut maps = ContrastMaps::zeros(&stratum.name, kind, stratum.weights.nrows(), n_voxels);
    maps.two_sided = spec.two_sided;
    let (mut inside, mut subjects) = (vec![false; n_voxels], vec![0_u32; n_voxels]);
    let mut dof = vec![0.0_f32; n_voxels];
    let mut tau_square = vec![0.0; n_voxels];
    let rows: Vec<(Vec<f64>, Vec<f64>)> = stratum
        .weights
        .axis_iter(Axis(0))
        .map(|row| fit.contrast(&row.to_vec(), inflation))
        .collect();
    let f = stratum.is_f.then(|| fit.f(stratum.weights.view(), inflation));
    let mut n_lost = 0;
    for (place, &voxel) in images.places.iter().enumerate() {
        let known = rows
            .iter()
            .all(|(effect, variance)| effect[place].is_finite() && variance[place].is_finite());
        if (fit.n[place] as usize) < least || !known || fit.dof(place) < 1.0 {
            n_lost += 1;
            continue;
        }
        inside[voxel] = true;
        subjects[voxel] = fit.n[place];
        dof[voxel] = fit.dof(place) as f32;
        tau_square[voxel] = fit.tau_square[place];
        for (at, (effect, variance)) in rows.iter().enumerate() {
            maps.effect[at][voxel] = effect[place];
            maps.variance[at][voxel] = variance[place];
        }
        let variance = maps.variance[0][voxel];
        maps.stat[voxel] = match &f {
            Some(f) => f[place],
            None if variance > 0.0 => maps.effect[0][voxel] / variance.sqrt(),
            None => 0.0,
        };
    }
    if n_lost == images.places.len() {
        return Err(Error::bad_data(
            format!("contrast '{}'", stratum.name),
            format!("has no voxel with {least} of its {n} maps and their variances"),
            "have some",
            "give a smaller --min-subjects, or leave out who lacks most",
        ));
    }
    if n_lost > 0 {
        watch.warn(&format!(
            "{}: {n_lost} of {} voxels have fewer than {least} of {n} subjects and are left out",
            stratum.name,
            images.places.len()
        ));
    }
    let first = inside.iter().position(|v| *v).map_or(0.0, |v| dof[v]);
    let varies = inside.iter().zip(&dof).any(|(inside, dof)| *inside && *dof != first);
    dof.iter_mut().zip(&inside).for_each(|(dof, inside)| {
        if !inside {
            *dof = first
        }
    });
    maps.dof = if varies { Dof::PerVoxel(dof) } else { Dof::Uniform(f64::from(first)) };
    let (_, p) = maps.z_and_p(&inside, images.grid.plane_len());
    let subjects = varies.then_some(subjects);
    Ok(Fitted { maps, inside, p, subjects, tau_square: Some(tau_square) })
}
