//! Runs that swing about a large level by less than float32 can follow (0.01 about 1e6). Fits read them as differences from each
//! voxel's mean, which the design's constant takes up; an image that is written as float32 cannot hold them.

use std::path::Path;
use std::sync::Arc;

use serde_json::{Value, json};

use crate::error::{Error, Result};
use crate::io::Coarse;
use crate::io::source::{BoldSource, Lacking};
use crate::kernels::contrast::Prepared;
use crate::kernels::glm::Model;
use crate::pipeline::inputs::{Run, display};
use crate::pipeline::watch::Watch;
use crate::volume::Grid;

/// A weight of the voxel's mean in a contrast up to this is rounding.
const NO_WEIGHT: f64 = 1e-9;

/// Share of the varying voxels up to which an image is written all the same.
const FEW: f64 = 0.01;

/// What becomes of volumes of zeros in a fit.
pub const FITTED: &str = "They are fitted as they are; --censor-volumes leaves them out";

/// What becomes of volumes of zeros in one echo of several.
const OF_ECHO: &str = "T2* is found without them; the combined run is too dark there: --censor-volumes leaves them out of the fit";

/// Volumes of zeros that are listed; the rest is counted.
const LISTED: usize = 12;

/// Have a run read so that its fit loses nothing; its mean image goes to [`Run::level`] where that takes it off. Nothing where it has gone
/// there.
///
/// # Errors
/// Those of reading the run.
pub fn keep(run: &mut Run, watch: &dyn Watch) -> Result<()> {
    if run.level.is_none() {
        run.level = centred(run.bold.as_mut(), (&run.path, &run.grid), watch)?;
    }
    Ok(())
}

/// Have a source read as differences from each voxel's mean where that is needed: the means, `[voxel]`.
///
/// # Errors
/// Those of reading it.
pub fn centred(
    source: &mut dyn BoldSource,
    (path, grid): (&Path, &Grid),
    watch: &dyn Watch,
) -> Result<Option<Arc<Vec<f64>>>> {
    let Some((level, coarse)) = source.centre()? else { return Ok(None) };
    watch.note(&format!(
        "{}: read as differences from each voxel's mean, since float32 would round {}",
        display(path),
        said(&coarse, grid)
    ));
    Ok(Some(level))
}

/// Fails where the fit of a run that is read without its level, or whose columns of each voxel's own are, asks for that level.
///
/// # Errors
/// Bad data where the design does not hold the constant; usage for a contrast that weighs it.
pub fn refuse_level(
    (run, is_beside): (&Run, bool),
    model: &Model,
    contrasts: &[Prepared],
) -> Result<()> {
    if run.level.is_none() && !is_beside {
        return Ok(());
    }
    let why =
        "subtract a constant from the image first; float32 cannot hold its level beside its swing";
    if !has_constant(model) {
        return Err(Error::bad_data(
            format!("the design of {}", display(&run.path)),
            "does not hold a constant",
            "hold one for a run that varies so little about so large a level",
            why,
        ));
    }
    match contrasts.iter().find(|asked| weighs_level(model, asked)) {
        None => Ok(()),
        Some(Prepared { contrast, .. }) => Err(Error::usage(
            format!("contrast '{}'", contrast.name),
            format!("weighs the mean of {}, which is read without it", display(&run.path)),
            "compare conditions, whose weights of the mean add up to 0",
            why,
        )),
    }
}

/// Whether contrasts are the same of a series less its mean.
#[must_use]
pub fn takes_up_level(model: &Model, contrasts: &[Prepared]) -> bool {
    has_constant(model) && !contrasts.iter().any(|asked| weighs_level(model, asked))
}

fn has_constant(model: &Model) -> bool {
    !model.solvers.iter().any(|s| s.mean_residual.iter().any(|&r| r != 0.0))
}

fn weighs_level(model: &Model, Prepared { contrast, .. }: &Prepared) -> bool {
    contrast.weights.rows().into_iter().any(|row| {
        let largest = row.iter().fold(0.0_f64, |most, w| most.max(w.abs()));
        model.solvers.iter().any(|s| row.dot(&s.mean_beta).abs() > NO_WEIGHT * largest)
    })
}

/// Fails where an image of float32 cannot hold what is made of a source; warns where that concerns few voxels.
///
/// # Errors
/// Bad data; those of reading it.
pub fn for_image(
    source: &mut dyn BoldSource,
    (path, grid): (&Path, &Grid),
    watch: &dyn Watch,
) -> Result<()> {
    let beyond = source.beyond_f32()?;
    if beyond > 0 {
        return Err(Error::bad_data(
            display(path),
            format!("holds values beyond 3.4e38, the largest of float32, in {beyond} voxels"),
            "lie within the range of float32, as the image that is written of it does",
            "divide it by a constant, or look for what made such values",
        ));
    }
    let Some(coarse) = source.coarse()? else { return Ok(()) };
    if coarse.n_voxels as f64 <= FEW * coarse.n_varying as f64 {
        watch.warn(&format!(
            "{}: the image is written as float32, which rounds {}",
            display(path),
            said(&coarse, grid)
        ));
        return Ok(());
    }
    Err(Error::bad_data(
        display(path),
        format!("cannot become an image of float32, which would round {}", said(&coarse, grid)),
        "vary by 256 steps of float32 or more",
        "subtract a constant from it, such as its first volume; glm and confounds take it as it is",
    ))
}

/// Tells of values of a run that are none; their counts. `but`: what becomes of such voxels.
pub fn say_lacking(
    lacking: &Lacking,
    (path, but): (&Path, &str),
    watch: &dyn Watch,
) -> Vec<(String, Value)> {
    let (n_voxels, n_volumes) = lacking.counts();
    if n_voxels == 0 {
        return Vec::new();
    }
    watch.warn(&format!(
        "{n_voxels} voxels of {} are not finite in some volume ({n_volumes} of them); {but}",
        display(path)
    ));
    vec![
        ("voxels_not_finite".to_owned(), json!(n_voxels)),
        ("volumes_not_finite".to_owned(), json!(n_volumes)),
    ]
}

/// Tells of volumes of zeros alone of a run, as its image numbers them, and of its echoes; not of volumes that are left out of the fit.
/// The run's count. `but`: what becomes of them.
pub fn say_empty_of_run(
    run: &Run,
    volumes: Vec<usize>,
    but: &str,
    watch: &dyn Watch,
) -> Vec<(String, Value)> {
    let kept = |volumes: &[usize]| -> Vec<usize> {
        let is_kept = |volume: &usize| run.kept.binary_search(volume).is_ok();
        volumes.iter().copied().filter(is_kept).collect()
    };
    let volumes = kept(&volumes);
    for (path, of_echo) in run.echoes.iter().flat_map(|echoes| &echoes.empty) {
        let mut lost = kept(of_echo);
        lost.retain(|volume| volumes.binary_search(volume).is_err());
        say_empty(&lost, (path, OF_ECHO), watch);
    }
    say_empty(&volumes, (&run.path, but), watch)
}

/// Tells of volumes of zeros alone of an image, as it numbers them; their count. `but`: what becomes of them.
pub fn say_empty(
    volumes: &[usize],
    (path, but): (&Path, &str),
    watch: &dyn Watch,
) -> Vec<(String, Value)> {
    let n = volumes.len();
    if n == 0 {
        return Vec::new();
    }
    let listed: Vec<String> = volumes.iter().take(LISTED).map(usize::to_string).collect();
    let more = if n > LISTED { ", .." } else { "" };
    watch.warn(&format!(
        "{n} of {}'s volumes hold nothing but 0 ({}{more}; from 0): lost at the scanner or in a conversion. {but}",
        display(path),
        listed.join(", ")
    ));
    vec![("volumes_of_zeros".to_owned(), json!(n))]
}

fn said(coarse: &Coarse, grid: &Grid) -> String {
    let Coarse { n_voxels, n_varying, worst, mean, sd, step } = *coarse;
    let [i, j, k] = grid.coordinates(worst);
    format!(
        "{n_voxels} of {n_varying} varying voxels (the worst, ({i}, {j}, {k}): sd {sd:.3e} about {mean:.6e}, steps of {step:.1e})"
    )
}
