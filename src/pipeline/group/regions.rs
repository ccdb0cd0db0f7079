//! The group's answer to the mean of each region that the user gives.

use serde_json::{Map as Fields, Value, json};

use super::fitted::Fitted;
use super::images::Images;
use super::sizes::hedges_g;
use crate::design::group::{Combination, Stratum};
use crate::error::Result;
use crate::maps::Entities;
use crate::pipeline::products::{Agreement, ColumnAgreement, Text};
use crate::pipeline::regions::{self, Region, Regions};
use crate::pipeline::spec::{GivenRegion, GroupSpec, GroupVariance, RegionOptions, Role};
use crate::pipeline::watch::Watch;
use crate::stats::second_level::SecondLevel;
use crate::stats::tails::{TTail, critical_t, ln_sf_f};
use crate::table::number;
use crate::volume::Grid;

/// Read what is given: the atlas's first.
///
/// # Errors
/// Missing input; bad data: another grid, labels that are no whole numbers, a table without its columns, a shape without a voxel.
pub(super) fn open(spec: &GroupSpec, grid: &Grid, watch: &dyn Watch) -> Result<Regions> {
    let on = (grid, "the maps");
    let atlas = match &spec.atlas {
        Some(path) => regions::atlas(path, spec.atlas_names.as_deref(), on, watch)?,
        None => Regions::default(),
    };
    let options = RegionOptions { given: spec.regions.clone(), ..RegionOptions::default() };
    let regions = atlas.and(regions::open(&options, on, watch)?)?;
    regions.tell_cut("the maps", watch);
    Ok(regions)
}

/// Tell where regions and search volumes are given by coordinates, and the maps are of no space that they share.
pub(super) fn tell_spaces(spec: &GroupSpec, images: &Images, watch: &dyn Watch) {
    let volumes = spec.volumes.iter().cloned().map(GivenRegion::Named);
    let given = spec.regions.iter().cloned().chain(volumes);
    let named: Vec<String> = given.filter_map(|given| given.by_coordinates()).collect();
    if let Some((_, first)) = images.files.iter().find(|(role, _)| *role == Role::Effect) {
        regions::tell_own_spaces(&named, (first, &images.header), watch);
    }
}

/// What is lacking of a region.
fn tell(region: &Region, (stratum, fitted): (&Stratum, &Fitted), n: usize, watch: &dyn Watch) {
    let (name, n_all) = (&region.name, region.voxels.len());
    if 2 * n < n_all {
        watch.warn(&format!("{}: {n} of the {n_all} voxels of {name} are analysed", stratum.name));
    }
    let n_rows = stratum.subjects.len() as u32;
    let lacks = |v: &usize| fitted.subjects.as_ref().is_some_and(|s| s[*v] < n_rows);
    let n_lacking = region.voxels.iter().filter(|v| fitted.inside[**v] && lacks(v)).count();
    if n_lacking > 0 {
        watch.warn(&format!(
            "{}: {n_lacking} of the {n} voxels of {name} lack subjects",
            stratum.name
        ));
    }
}

/// The mean over some places of each subject's combinations, `[combination][row]`: over the subject's own voxels, where some lack a value.
fn means(stratum: &Stratum, images: &Images, places: &[usize]) -> Vec<Vec<f64>> {
    let mean = |maps: &Combination| {
        let of = |&(row, w): &(usize, f64)| {
            let values = places.iter().map(|&place| images.value(row, place));
            let known: Vec<f64> = values.filter(|v| !v.is_nan()).collect();
            w * known.iter().sum::<f64>() / known.len() as f64
        };
        maps.iter().map(of).sum::<f64>()
    };
    stratum.combined.iter().map(|c| c.iter().map(mean).collect()).collect()
}

fn f_cells(model: &SecondLevel, y: &[Vec<f64>]) -> String {
    let answer = model.answer(y, true);
    let dof1 = (model.rank_of_weights * y.len()) as f64;
    let p = ln_sf_f(answer.stat, dof1, answer.dof).exp();
    let [stat, dof2, p] = [answer.stat, answer.dof, p].map(number);
    format!("\t{stat}\t{dof1}\t{dof2}\t{p}")
}

fn t_cells(spec: &GroupSpec, stratum: &Stratum, model: &SecondLevel, y: &[Vec<f64>]) -> String {
    let answer = match spec.variance {
        GroupVariance::Welch => model.welch(&y[0], &stratum.group, stratum.groups.len()),
        // A region's mean has no variance of its own: each subject counts alike.
        GroupVariance::Equal | GroupVariance::Mixed => model.answer(y, false),
    };
    let tail = TTail::new(answer.dof);
    // Of both tails, whatever the maps count: an interval stands beside it.
    let p = (2.0 * tail.ln_sf(answer.stat.abs()).exp()).min(1.0);
    let (effect, se) = (answer.effect[0], answer.variance[0].sqrt());
    let half = se * critical_t(0.025, answer.dof);
    let [lower, upper] = [effect - half, effect + half];
    let g = match spec.variance {
        GroupVariance::Welch => None,
        _ => hedges_g(answer.stat, answer.dof, model),
    };
    let [g, g_lower, g_upper] = g.unwrap_or([f64::NAN; 3]);
    let all = [effect, se, answer.stat, answer.dof, p, lower, upper, g, g_lower, g_upper];
    all.iter().map(|&value| format!("\t{}", number(value))).collect()
}

/// The group's answer to the mean of each region, a row a region.
///
/// # Errors
/// Those of the design.
pub(super) fn table(
    spec: &GroupSpec,
    (stratum, fitted): (&Stratum, &Fitted),
    (images, regions): (&Images, &Regions),
    label: &str,
    watch: &dyn Watch,
) -> Result<Text> {
    let mut place_of = vec![None; images.grid.n_voxels()];
    images.places.iter().enumerate().for_each(|(place, &voxel)| place_of[voxel] = Some(place));
    let model = SecondLevel::new(stratum.design.view(), stratum.weights.view())?;
    let first = if stratum.is_f {
        "region\tvoxels\tvoxels_in_region\tF\tdof1\tdof2\tp"
    } else {
        "region\tvoxels\tvoxels_in_region\teffect\tstandard_error\tt\tdof\tp\tlower_95\tupper_95\thedges_g\tg_lower_95\tg_upper_95"
    };
    let mut text = format!("{first}\n");
    let n_cells = first.split('\t').count() - 3;
    for region in &regions.all {
        let inside = region.voxels.iter().filter(|&&v| fitted.inside[v]);
        let places: Vec<usize> = inside.filter_map(|&v| place_of[v]).collect();
        tell(region, (stratum, fitted), places.len(), watch);
        let y = means(stratum, images, &places);
        let is_known = !places.is_empty() && y.iter().flatten().all(|v| !v.is_nan());
        if !places.is_empty() && !is_known {
            watch.warn(&format!(
                "{}: a subject has no value in {}; the region's row is n/a",
                stratum.name, region.name
            ));
        }
        let cells = match (is_known, stratum.is_f) {
            (false, _) => "\tn/a".repeat(n_cells),
            (true, true) => f_cells(&model, &y),
            (true, false) => t_cells(spec, stratum, &model, &y),
        };
        let (name, n, n_all) = (&region.name, places.len(), region.voxels.len());
        text.push_str(&format!("{name}\t{n}\t{n_all}{cells}\n"));
    }
    Ok(Text {
        entities: Entities::of("regions").with("contrast", label),
        ending: ".tsv",
        text,
        agreement: Some(Agreement::Columns(vec![ColumnAgreement::Written; n_cells + 3])),
        described: Some(described(stratum, images)),
    })
}

/// What the columns are.
fn described(stratum: &Stratum, images: &Images) -> Fields<String, Value> {
    let mut described = Fields::new();
    described.insert(
        "Description".to_owned(),
        json!(format!("{} in the mean of each region", stratum.name)),
    );
    described.insert("ContrastInWords".to_owned(), json!(stratum.words));
    described.insert("voxels".to_owned(), json!("of the region that are analysed"));
    described.insert("effect".to_owned(), json!({"Units": images.units}));
    described.insert(
        "p".to_owned(),
        json!(if stratum.is_f {
            "of F, uncorrected"
        } else {
            "two-sided, both tails of t, as the interval, whichever tail the maps count; below .05 where the interval is without 0; uncorrected"
        }),
    );
    described.insert(
        "lower_95".to_owned(),
        json!("of the 95 % confidence interval of the effect, both sides"),
    );
    described
}
