//! The picture of a contrast: which voxels pass, by the strongest correction that was asked for, and over what they are drawn.

use std::path::PathBuf;
use std::sync::Arc;

use serde_json::Value;

use super::fitted::Fitted;
use super::images::Images;
use crate::design::group::Stratum;
use crate::error::{Error, Result};
use crate::io;
use crate::io::bids::Name;
use crate::kernels::contrast::Stat;
use crate::maps::{Map, Quantity};
use crate::pipeline::inputs::display;
use crate::pipeline::peaks::{self, CORRECTED, CORRECTIONS, CRITICAL};
use crate::pipeline::spec::{GroupSpec, Role};
use crate::pipeline::watch::Watch;
use crate::report::statmap::{Statmap, Threshold, Underlay};

/// Uncorrected p below this passes, where nothing was corrected.
const UNCORRECTED: f32 = 0.001;
/// An underlay that shows less of the analysed voxels than this is doubted.
const COVERED: f64 = 0.9;

/// The image of the anatomy.
///
/// # Errors
/// Missing input; bad data where it lies elsewhere.
pub(super) fn underlay(
    spec: &GroupSpec,
    images: &Images,
    watch: &dyn Watch,
) -> Result<Option<Underlay>> {
    let Some(path) = &spec.underlay else { return Ok(None) };
    if spec.no_pictures {
        return Err(Error::usage(
            "--underlay",
            "comes with --no-pictures",
            "have pictures to lie below",
            "leave one of them out",
        ));
    }
    let (grid, _, values) = io::read_map(path)?;
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let underlay = Underlay::new(name, grid, values);
    let mut inside = vec![false; images.grid.n_voxels()];
    images.places.iter().for_each(|&voxel| inside[voxel] = true);
    match underlay.covers(&images.grid, &inside)? {
        None => Err(Error::bad_data(
            display(path),
            "lies elsewhere: no analysed voxel is within it",
            "be an image of the anatomy in the space of the maps",
            "take the template that the maps were normalised to",
        )),
        Some(share) => {
            if share < COVERED {
                watch.warn(&format!(
                    "{}: {:.0} % of the analysed voxels lie where it shows no head; it may be of another space than the maps",
                    display(path),
                    100.0 * (1.0 - share)
                ));
            }
            Ok(Some(underlay))
        }
    }
}

/// What is drawn of a contrast. `maps`: its own.
pub(super) fn statmap(
    spec: &GroupSpec,
    (stratum, fitted): (&Stratum, &Fitted),
    maps: &[Map],
    images: &Images,
    underlay: Option<Arc<Underlay>>,
) -> Statmap {
    let is_t = fitted.maps.stat_kind == Stat::T;
    let dof = match is_t {
        true => fitted.maps.dof.told(),
        false => format!("{}, {}", fitted.maps.rank, fitted.maps.dof.told()),
    };
    let n = fitted.inside.iter().filter(|inside| **inside).count();
    let unit = if stratum.blocks.is_some() { "maps" } else { "subjects" };
    let words =
        if stratum.words == stratum.name { String::new() } else { format!("{}; ", stratum.words) };
    Statmap {
        title: stratum.name.clone(),
        notes: vec![format!(
            "{words}{} with {dof} degrees of freedom, {} {unit}, {n} voxels{}",
            if is_t { "t" } else { "F" },
            stratum.subjects.len(),
            called(images).map_or(String::new(), |name| format!(", maps {name}"))
        )],
        grid: images.grid.clone(),
        inside: fitted.inside.clone(),
        statistic: Arc::new(fitted.maps.stat.iter().map(|&v| v as f32).collect()),
        letter: if is_t { "t" } else { "F" },
        dof,
        threshold: threshold(spec, fitted, maps),
        underlay,
    }
}

/// What all maps are called but for whose they are: `seed-insula_stat-fisherz_statmap`.
fn called(images: &Images) -> Option<String> {
    let is_whose =
        |entity: &String| ["sub-", "ses-", "run-"].iter().any(|key| entity.starts_with(key));
    let of = |path: &PathBuf| {
        let Name { entities, suffix } = Name::of(path);
        let kept: Vec<String> = entities.into_iter().filter(|entity| !is_whose(entity)).collect();
        (!kept.is_empty()).then(|| format!("{}_{suffix}", kept.join("_")))
    };
    let mut names =
        images.files.iter().filter(|(role, _)| *role == Role::Effect).map(|(_, path)| of(path));
    let first = names.next()??;
    names.all(|name| name.as_ref() == Some(&first)).then_some(first)
}

/// What passes, and by which rule.
fn threshold(spec: &GroupSpec, fitted: &Fitted, maps: &[Map]) -> Threshold {
    let is_t = fitted.maps.stat_kind == Stat::T;
    let two_sided = is_t && spec.two_sided;
    let tails = match (is_t, two_sided) {
        (false, _) => "",
        (true, true) => ", both tails",
        (true, false) => ", upper tail",
    };
    let by_p = peaks::threshold(&fitted.maps, f64::from(UNCORRECTED), fitted.maps.dof.most());
    let passed = |map: &Map, passes: &dyn Fn(f32) -> bool| {
        let p = fitted.inside.iter().zip(map.values[0].iter());
        p.map(|(inside, p)| *inside && passes(*p)).collect::<Vec<bool>>()
    };
    let corrected = CORRECTIONS.iter().find_map(|(desc, by)| {
        // One of a search volume has its label.
        let is_it = |map: &&Map| {
            let is_whole = map.entities.value("label").is_none();
            let is_p = map.quantity == Quantity::CorrectedP;
            is_whole && is_p && map.entities.value("desc") == Some(*desc)
        };
        maps.iter().find(is_it).map(|map| (map, *by))
    });
    if let Some((map, by)) = corrected {
        let from = map.asked.get(CRITICAL).and_then(Value::as_f64);
        let across = spec.permute.as_ref().is_some_and(|options| options.across);
        let is_across = across && map.entities.value("desc") == Some("maxT");
        let over = if is_across { " over contrasts, too" } else { "" };
        return Threshold {
            passed: passed(map, &|p| p <= CORRECTED),
            words: format!("p ≤ .05 corrected{over}, {by}{tails}"),
            from,
            full: from.filter(|from| *from > 0.0).unwrap_or(by_p),
            two_sided,
        };
    }
    let p = maps.iter().find(|map| map.quantity == Quantity::P);
    let none = || vec![false; fitted.inside.len()];
    Threshold {
        passed: p.map_or_else(none, |map| passed(map, &|p| p < UNCORRECTED)),
        words: format!("p < .001 uncorrected{tails}"),
        // Where degrees of freedom vary, so does the threshold.
        from: (!fitted.maps.dof.varies()).then_some(by_p),
        full: by_p,
        two_sided,
    }
}
