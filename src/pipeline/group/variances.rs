//! The variance of each subject's effect, for mixed effects: beside the effects in the table, or by their names.

use std::path::{Path, PathBuf};

use rayon::prelude::*;

use super::first_level;
use super::images::{self, Images};
use crate::design::group::Sample;
use crate::error::{Error, Result};
use crate::io::sidecar::Beside;
use crate::io::{self, Intent};
use crate::pipeline::inputs::display;
use crate::pipeline::provenance;
use crate::pipeline::spec::{GroupSpec, Role};
use crate::pipeline::watch::Watch;

/// Read the variances of the rows that are there; where one is not above 0 its effect counts as missing. `[row of the table][place]`.
///
/// # Errors
/// Missing input; bad data: another grid, or a map that says it is none of a variance.
pub(super) fn open(
    spec: &GroupSpec,
    sample: &Sample,
    images: &mut Images,
    watch: &dyn Watch,
) -> Result<Vec<Vec<f32>>> {
    let paths = paths(spec, sample)?;
    let rows: Vec<usize> = (0..paths.len()).filter(|&row| !images.values[row].is_empty()).collect();
    let beside = rows.par_iter().map(|&row| provenance::beside(&paths[row]));
    let said = beside.collect::<Result<Vec<Beside>>>()?;
    let read = |(&row, said): (&usize, &Beside)| -> Result<Vec<f32>> {
        let path = &paths[row];
        let (grid, header, values) = io::read_map(path)?;
        let hint = "take the variance that was written with the effect";
        io::check_grid(path, &grid, (&images.grid, "the effects"), hint)?;
        refuse_kind(path, header.intent, images::statistic(said))?;
        Ok(images.places.iter().map(|&v| values[v]).collect())
    };
    images::tell_doubts(said.iter(), watch);
    first_level::tell(sample, (&rows, &said), &paths, watch)?;
    let all = rows.par_iter().zip(&said).map(read).collect::<Result<Vec<Vec<f32>>>>()?;
    let mut variances = vec![Vec::new(); paths.len()];
    let mut n_lacking = 0;
    for ((&row, own), said) in rows.iter().zip(all).zip(said) {
        for (effect, variance) in images.values[row].iter_mut().zip(&own) {
            let is_known = variance.is_finite() && *variance > 0.0;
            if !is_known && !effect.is_nan() {
                *effect = f32::NAN;
                n_lacking += 1;
            }
        }
        images.files.push((Role::Variance, paths[row].clone()));
        images.files.extend(said.file.map(|path| (Role::Sidecar, path)));
        variances[row] = own;
    }
    if n_lacking > 0 {
        watch.warn(&format!(
            "{n_lacking} effects have a variance that is not above 0; they count as missing"
        ));
    }
    Ok(variances)
}

/// Of the column variance; without one the map beside each effect whose name has stat-variance for stat-effect.
fn paths(spec: &GroupSpec, sample: &Sample) -> Result<Vec<PathBuf>> {
    if sample.table.optional("variance")?.is_some() {
        return images::paths(spec, sample, "variance");
    }
    let beside = |effect: PathBuf| {
        let name = effect.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let own = name.replace("stat-effect", "stat-variance");
        let path = effect.with_file_name(&own);
        if own != name && path.is_file() {
            return Ok(path);
        }
        Err(Error::usage(
            "--variance mixed",
            format!("finds no variance of {}", display(&effect)),
            "have one for each effect",
            match own.contains("stat-fisherz") {
                true => {
                    "of Fisher's z boldly connect writes none: leave --variance out, which counts each map alike"
                }
                false => {
                    "name them in a column variance of the table (boldly glm's stat-variance, FSL's varcope)"
                }
            },
        ))
    };
    images::paths(spec, sample, "effect")?.into_iter().map(beside).collect()
}

fn refuse_kind(path: &Path, intent: Intent, said: Option<&str>) -> Result<()> {
    let by_sidecar = said.is_some_and(|said| said != "variance of the effect");
    let by_header = matches!(intent, Intent::T { .. } | Intent::Z | Intent::P | Intent::F { .. });
    if !by_sidecar && !by_header {
        return Ok(());
    }
    Err(Error::bad_data(
        display(path),
        match said {
            Some(said) if by_sidecar => format!("is a map of '{said}', by its sidecar"),
            _ => "holds statistics, by its header".to_owned(),
        },
        "hold the variance of an effect",
        "name boldly glm's stat-variance or FSL's varcope in the column variance",
    ))
}
