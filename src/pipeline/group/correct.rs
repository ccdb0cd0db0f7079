//! p corrected for all voxels without rearranging: false discovery rate, Bonferroni, Holm, random fields.

use ndarray::Array2;
use rayon::prelude::*;
use serde_json::{Value, json};

use super::clusters::{connectivity, threshold};
use super::fit::residuals;
use super::fitted::Fitted;
use super::images::Images;
use super::over::Over;
use crate::design::group::Stratum;
use crate::error::Result;
use crate::kernels::contrast::Stat;
use crate::maps::{Map, Quantity};
use crate::pipeline::spec::{Correction, GroupSpec};
use crate::pipeline::watch::Watch;
use crate::stats::clusters::{Neighbours, PeakRule, Tail, clusters};
use crate::stats::fdr::{Adjustment, adjusted};
use crate::stats::random_field::{Field, Resels, Search, fwhm_vox};

/// How smooth the noise of a contrast is, and what follows for a search of all its voxels.
pub(super) struct Smooth {
    pub fwhm_vox: [f64; 3],
    pub resels: Resels,
}

/// The smoothness of a contrast's residuals; none where it cannot be told along some axis.
///
/// # Errors
/// Internal where mask and grid disagree.
pub(super) fn smoothness(
    (stratum, fitted): (&Stratum, &Fitted),
    images: &Images,
    over: &Over,
    watch: &dyn Watch,
) -> Result<Option<Smooth>> {
    let neighbours = Neighbours::new(images.grid.shape, &over.places, connectivity(6))?;
    let residuals: Array2<f32> = residuals(stratum, images, fitted)?;
    let flat = residuals.as_standard_layout();
    let found = fwhm_vox(&neighbours, flat.as_slice().unwrap_or(&[]), fitted.maps.dof.least());
    let [Some(x), Some(y), Some(z)] = found else {
        watch.warn(&format!(
            "{}: how smooth its noise is cannot be told along every axis ({}); there is no p by random fields",
            stratum.name,
            why_unknown(found, &neighbours)
        ));
        return Ok(None);
    };
    let resels = Resels::of_mask(images.grid.shape, &over.places, [x, y, z]);
    Ok(Some(Smooth { fwhm_vox: [x, y, z], resels }))
}

/// Why the smoothness along some axes is not known.
fn why_unknown(found: [Option<f64>; 3], neighbours: &Neighbours) -> String {
    let has_pairs = |axis: &usize| {
        let mut step = [0; 3];
        step[*axis] = 1;
        let all = 0..neighbours.n_voxels();
        all.into_iter().any(|at| neighbours.beside(neighbours.at(at), step).is_some())
    };
    let unknown = (0..3).filter(|&axis| found[axis].is_none());
    let (rough, flat): (Vec<usize>, Vec<usize>) = unknown.partition(has_pairs);
    let named = |axes: &[usize]| axes.iter().map(|&axis| ["i", "j", "k"][axis]).collect::<Vec<_>>();
    let of = |axes: Vec<usize>, why: &str| {
        (!axes.is_empty()).then(|| format!("along {} {why}", named(&axes).join(" and ")))
    };
    let all = [
        of(rough, "residuals of neighbours do not correlate above 0, as those of white noise"),
        of(flat, "no two voxels of the mask are neighbours"),
    ];
    all.into_iter().flatten().collect::<Vec<_>>().join("; ")
}

/// The statistic's field.
pub(super) fn field(fitted: &Fitted) -> Field {
    let dof = fitted.maps.dof.least();
    match fitted.maps.stat_kind {
        Stat::T => Field::T { dof },
        Stat::F => Field::F { dof1: fitted.maps.rank as f64, dof2: dof },
    }
}

/// The maps of each correction that is asked for.
pub(super) fn maps(
    spec: &GroupSpec,
    stratum: &Stratum,
    fitted: &Fitted,
    (over, smooth): (&Over, Option<&Smooth>),
    watch: &dyn Watch,
) -> Vec<Map> {
    let p = over.of(&fitted.p);
    let name = &stratum.name;
    let sides = if over.both { "both tails" } else { "upper tail" };
    let mut all = Vec::new();
    for &correction in &spec.corrections {
        let (desc, said, adjustment) = match correction {
            Correction::Fdr => (
                "fdr",
                "false discovery rate (Benjamini and Hochberg)",
                Adjustment::BenjaminiHochberg,
            ),
            Correction::Fdry => (
                "fdry",
                "false discovery rate (Benjamini and Yekutieli)",
                Adjustment::BenjaminiYekutieli,
            ),
            Correction::Bonferroni => ("bonferroni", "Bonferroni", Adjustment::Bonferroni),
            Correction::Holm => ("holm", "Holm", Adjustment::Holm),
            Correction::Rft => {
                all.extend(
                    smooth
                        .map(|smooth| rft(spec, (stratum, fitted), over, smooth, watch))
                        .into_iter()
                        .flatten(),
                );
                continue;
            }
        };
        let adjusted = adjusted(&p, adjustment);
        let n = adjusted.iter().filter(|p| **p <= 0.05).count();
        watch.note(&format!("{name}: {desc} p <= .05: {n} voxels"));
        all.push(over.map(
            desc,
            Quantity::CorrectedP,
            (&adjusted, 1.0),
            format!("p of {name}, {sides}, {said}"),
        ));
    }
    all
}

/// Height and cluster p by random fields.
fn rft(
    spec: &GroupSpec,
    (stratum, fitted): (&Stratum, &Fitted),
    over: &Over,
    smooth: &Smooth,
    watch: &dyn Watch,
) -> Vec<Map> {
    let name = &stratum.name;
    let stat = over.of(&fitted.maps.stat);
    let search = Search::new(field(fitted), smooth.resels, stat.len());
    let sides = if over.both { 2.0 } else { 1.0 };
    let height = |t: &f64| {
        let t = if over.both { t.abs() } else { *t };
        (sides * search.height_p(t)).min(1.0)
    };
    let heights: Vec<f64> = stat.par_iter().map(height).collect();
    let forming = spec.forming_p();
    let threshold = threshold(forming, &fitted.maps);
    let mut of_clusters = vec![1.0; stat.len()];
    if let Ok(neighbours) = Neighbours::new(over.shape, &over.places, connectivity(spec.touch)) {
        let rule = PeakRule::new([1.0; 3]);
        let fwhm: f64 = smooth.fwhm_vox.iter().product();
        let tails: &[Tail] = if over.both { &[Tail::Upper, Tail::Lower] } else { &[Tail::Upper] };
        for &tail in tails {
            for cluster in clusters(&neighbours, &stat, tail, threshold, &rule) {
                let p = search.cluster_p(cluster.extent() as f64 / fwhm, threshold).fwe;
                let p = (sides * p).min(1.0);
                cluster.voxels.iter().for_each(|&v| of_clusters[v as usize] = p);
            }
        }
    }
    if forming > 0.001 {
        watch.warn(&format!(
            "{name}: clusters are formed at p < {forming}; their p by random fields is too small above .001 (Eklund et al. 2016)"
        ));
    }
    let n = |p: &[f64]| p.iter().filter(|p| **p <= 0.05).count();
    let [x, y, z] = smooth.fwhm_vox;
    watch.note(&format!(
        "{name}: random fields, FWHM {x:.2} x {y:.2} x {z:.2} voxels, {:.1} resels; p <= .05: height {} voxels, clusters {} voxels",
        smooth.resels.0[3],
        n(&heights),
        n(&of_clusters)
    ));
    vec![
        over.map(
            "rft",
            Quantity::CorrectedP,
            (&heights, 1.0),
            format!("p of {name} by random fields, height, the smaller of it and Bonferroni's"),
        ),
        over.map(
            "rftCluster",
            Quantity::CorrectedP,
            (&of_clusters, 1.0),
            format!("p of {name} by random fields, extent of clusters formed at p < {forming}"),
        ),
    ]
}

impl Smooth {
    /// What the sidecars say of it.
    pub(super) fn resolved(&self) -> Value {
        json!({ "fwhm_vox": self.fwhm_vox, "resels": self.resels.0 })
    }
}
