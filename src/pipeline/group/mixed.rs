//! Mixed effects: each subject's effect counts by its own variance and that between subjects.

use ndarray::Axis;
use rayon::prelude::*;

use super::collected::Collected;
use super::fitted::Fitted;
use super::images::Images;
use crate::design::group::{Combination, Stratum};
use crate::error::{Error, Result};
use crate::pipeline::spec::{GroupSpec, Inflated};
use crate::pipeline::watch::Watch;
use crate::stats::meta::{Inflation, MixedEffects};
use crate::stats::second_level::{Answer, SecondLevel};

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
    refuse_several(stratum)?;
    let all = |of: &(dyn Fn(usize, usize) -> f64 + Sync), power: i32| -> Vec<f64> {
        let row = |maps: &Combination| {
            let value = |place| -> f64 {
                maps.iter().map(|&(row, w)| w.powi(power) * of(row, place)).sum()
            };
            (0..images.places.len()).into_par_iter().map(value).collect::<Vec<f64>>()
        };
        stratum.combined[0].iter().flat_map(row).collect()
    };
    let effects = all(&|row, place| images.value(row, place), 1);
    let own = all(&|row, place| f64::from(variances[row][place]), 2);
    let fit = MixedEffects::fit(&effects, &own, stratum.design.view())?;
    let inflation = match spec.inflated {
        Inflated::KnappHartung => Inflation::KnappHartung,
        Inflated::AtLeastOne => Inflation::AtLeastOne,
        Inflated::Not => Inflation::None,
    };
    let rows: Vec<(Vec<f64>, Vec<f64>)> = stratum
        .weights
        .axis_iter(Axis(0))
        .map(|row| fit.contrast(&row.to_vec(), inflation))
        .collect();
    let f = stratum.is_f.then(|| fit.f(stratum.weights.view(), inflation));
    let model = SecondLevel::new(stratum.design.view(), stratum.weights.view())?;
    let mut collected = Collected::new(spec, stratum, images, model.rank_of_weights);
    let mut tau_square = vec![0.0; images.grid.n_voxels()];
    for (place, &voxel) in images.places.iter().enumerate() {
        let [effect, variance] = [0, 1].map(|which| -> Vec<f64> {
            rows.iter().map(|row| if which == 0 { row.0[place] } else { row.1[place] }).collect()
        });
        let known = effect.iter().chain(&variance).all(|v| v.is_finite());
        let n_rows = fit.n[place] as usize;
        if n_rows < collected.least() || !known || fit.dof(place) < 1.0 {
            collected.lose(1);
            continue;
        }
        let stat = match &f {
            Some(f) => f[place],
            None if variance[0] > 0.0 => effect[0] / variance[0].sqrt(),
            None => 0.0,
        };
        let answer = Answer { effect, variance, stat, dof: fit.dof(place) };
        collected.put(place, &answer, n_rows);
        tau_square[voxel] = fit.tau_square[place];
    }
    let fitted = collected.done("maps and their variances", watch)?;
    Ok(Fitted { tau_square: Some(tau_square), ..fitted })
}

/// A variance belongs to one combination a subject.
fn refuse_several(stratum: &Stratum) -> Result<()> {
    if stratum.combined.len() > 1 || stratum.blocks.is_some() {
        return Err(Error::usage(
            format!("contrast '{}'", stratum.name),
            "is no single combination of each subject's maps",
            "be one, for --variance mixed",
            "ask for t contrasts with partitioned error, or leave --variance out",
        ));
    }
    Ok(())
}
