//! Regions that the user gives: a labelled atlas with names, or masks; what lies in each, and the group's answer to its mean.

use std::path::Path;

use serde_json::{Map as Fields, json};

use super::fitted::Fitted;
use super::images::Images;
use super::sizes::hedges_g;
use crate::design::group::{Combination, Stratum};
use crate::error::{Error, Result};
use crate::io;
use crate::maps::Entities;
use crate::pipeline::inputs::display;
use crate::pipeline::masks;
use crate::pipeline::products::{Agreement, Text};
use crate::pipeline::spec::{GroupSpec, GroupVariance};
use crate::pipeline::watch::Watch;
use crate::stats::second_level::SecondLevel;
use crate::stats::tails::{TTail, critical_t, ln_sf_f};
use crate::volume::Grid;

/// A region's name and its voxels of the grid.
pub(super) struct Region {
    pub name: String,
    pub voxels: Vec<usize>,
}

/// The regions of an analysis, and which of them are an atlas's.
pub(super) struct Regions {
    pub all: Vec<Region>,
    /// `[voxel of the grid]`: the atlas's region there, by its place in `all`.
    label: Option<Vec<Option<usize>>>,
}

impl Regions {
    /// Read what is given.
    ///
    /// # Errors
    /// Missing input; bad data: another grid, labels that are no whole numbers, a table without the columns index and name.
    pub(super) fn open(spec: &GroupSpec, grid: &Grid, watch: &dyn Watch) -> Result<Regions> {
        let mut all = Vec::new();
        let mut label = None;
        if let Some(path) = &spec.atlas {
            let (own, _, values) = io::read_map(path)?;
            let hint = "resample the atlas to the maps by nearest neighbour";
            io::check_grid(path, &own, (grid, "the maps"), hint)?
                .iter()
                .for_each(|line| watch.note(line));
            let names = spec.atlas_names.as_deref().map(names).transpose()?;
            let (regions, places) = labelled(path, &values, names.as_deref())?;
            all = regions;
            label = Some(places);
        }
        for path in &spec.regions {
            let mask = masks::mask_of(path, (grid, "the maps"), watch)?;
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            let name = name.trim_end_matches(".gz").trim_end_matches(".nii").to_owned();
            let voxels = (0..mask.inside.len()).filter(|&v| mask.inside[v]).collect();
            all.push(Region { name, voxels });
        }
        Ok(Regions { all, label })
    }

    /// The atlas's name of a voxel; n/a outside its regions.
    pub(super) fn name(&self, voxel: usize) -> Option<&str> {
        let label = self.label.as_ref()?;
        Some(label[voxel].map_or("n/a", |at| self.all[at].name.as_str()))
    }
}

/// Labels and what they are called: a table with the columns index and name, as BIDS has them.
fn names(path: &Path) -> Result<Vec<(i64, String)>> {
    let table = io::tsv::read(path)?;
    let (Some(index), Some(name)) = (table.position("index"), table.position("name")) else {
        return Err(Error::bad_data(
            display(path),
            format!("has the columns {}", table.columns.join(", ")),
            "have the columns index and name, as the tables of BIDS atlases",
            "rename the columns",
        ));
    };
    let row = |(at, cells): (usize, &Vec<String>)| {
        let number = cells[index].trim().parse().map_err(|_| {
            Error::bad_data(
                format!("{}, line {},", display(path), at + 2),
                format!("holds '{}' in column 'index'", cells[index]),
                "hold a whole number",
                "",
            )
        })?;
        Ok((number, cells[name].trim().to_owned()))
    };
    table.rows.iter().enumerate().map(row).collect()
}

/// The regions of labels above 0, rising, and each voxel's.
fn labelled(
    path: &Path,
    values: &[f32],
    names: Option<&[(i64, String)]>,
) -> Result<(Vec<Region>, Vec<Option<usize>>)> {
    if let Some(&value) = values.iter().find(|v| !v.is_finite() || (**v - v.round()).abs() > 1e-3) {
        return Err(Error::bad_data(
            display(path),
            format!("holds {value}"),
            "hold whole labels, 0 outside",
            "an atlas of probabilities must be turned into labels first",
        ));
    }
    let label = |v: &f32| v.round() as i64;
    let mut labels: Vec<i64> = values.iter().map(label).filter(|l| *l > 0).collect();
    labels.sort_unstable();
    labels.dedup();
    let called = |l: i64| match names.and_then(|names| names.iter().find(|(index, _)| *index == l))
    {
        Some((_, name)) => name.clone(),
        None => format!("label {l}"),
    };
    let mut all: Vec<Region> =
        labels.iter().map(|&l| Region { name: called(l), voxels: Vec::new() }).collect();
    let at = |v: &f32| labels.binary_search(&label(v)).ok();
    let places: Vec<Option<usize>> = values.iter().map(at).collect();
    for (voxel, place) in places.iter().enumerate() {
        place.iter().for_each(|&at| all[at].voxels.push(voxel));
    }
    Ok((all, places))
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
            let values = places.iter().map(|&place| images.values[row][place]);
            let known: Vec<f64> = values.filter(|v| !v.is_nan()).map(f64::from).collect();
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
    format!("\t{}\t{dof1}\t{}\t{p}", answer.stat, answer.dof)
}

fn t_cells(spec: &GroupSpec, stratum: &Stratum, model: &SecondLevel, y: &[Vec<f64>]) -> String {
    let answer = match spec.variance {
        GroupVariance::Welch => model.welch(&y[0], &stratum.group, stratum.groups.len()),
        // A region's mean has no variance of its own: each subject counts alike.
        GroupVariance::Equal | GroupVariance::Mixed => model.answer(y, false),
    };
    let tail = TTail::new(answer.dof);
    let p = match spec.two_sided {
        true => 2.0 * tail.ln_sf(answer.stat.abs()).exp(),
        false => tail.ln_sf(answer.stat).exp(),
    };
    let (effect, se) = (answer.effect[0], answer.variance[0].sqrt());
    let half = se * critical_t(0.025, answer.dof);
    let [lower, upper] = [effect - half, effect + half];
    let g = match spec.variance {
        GroupVariance::Welch => None,
        _ => hedges_g(answer.stat, answer.dof, model),
    };
    let g = g.map_or("\tn/a\tn/a\tn/a".to_owned(), |[g, l, u]| format!("\t{g}\t{l}\t{u}"));
    format!("\t{effect}\t{se}\t{}\t{}\t{p}\t{lower}\t{upper}{g}", answer.stat, answer.dof)
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
        json!(if spec.two_sided || stratum.is_f {
            "uncorrected"
        } else {
            "uncorrected, upper tail"
        }),
    );
    described.insert(
        "lower_95".to_owned(),
        json!("of the 95 % confidence interval of the effect, both sides"),
    );
    Ok(Text {
        entities: Entities::of("regions").with("contrast", label),
        ending: ".tsv",
        text,
        agreement: Some(Agreement::Host),
        described: Some(described),
    })
}
