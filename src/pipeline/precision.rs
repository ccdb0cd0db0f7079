//! Runs that swing about a large level by less than float32 can follow (0.01 about 1e6). Fits read them as differences from each
//! voxel's mean, which the design's constant takes up; an image that is written as float32 cannot hold them.

use std::path::Path;
use std::sync::Arc;

use crate::error::{Error, Result};
use crate::io::Coarse;
use crate::io::source::BoldSource;
use crate::kernels::contrast::Prepared;
use crate::kernels::glm::Model;
use crate::pipeline::inputs::{Run, display};
use crate::pipeline::watch::Watch;
use crate::volume::Grid;

/// A weight of the voxel's mean in a contrast up to this is rounding.
const NO_WEIGHT: f64 = 1e-9;

/// Share of the varying voxels up to which an image is written all the same.
const FEW: f64 = 0.01;

/// Have a run read so that its fit loses nothing; its mean image goes to [`Run::level`] where that takes it off.
///
/// # Errors
/// Those of reading the run.
pub fn keep(run: &mut Run, watch: &dyn Watch) -> Result<()> {
    run.level = centred(run.bold.as_mut(), (&run.path, &run.grid), watch)?;
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

/// Fails where the fit of a run that is read without its level asks for that level.
///
/// # Errors
/// Bad data where the design does not hold the constant; usage for a contrast that weighs it.
pub fn refuse_level(run: &Run, model: &Model, contrasts: &[Prepared]) -> Result<()> {
    if run.level.is_none() {
        return Ok(());
    }
    let why =
        "subtract a constant from the image first; float32 cannot hold its level beside its swing";
    if model.solvers.iter().any(|s| s.mean_residual.iter().any(|&r| r != 0.0)) {
        return Err(Error::bad_data(
            format!("the design of {}", display(&run.path)),
            "does not hold a constant",
            "hold one for a run that varies so little about so large a level",
            why,
        ));
    }
    for Prepared { contrast, .. } in contrasts {
        let of_mean = |row: ndarray::ArrayView1<f64>| {
            let largest = row.iter().fold(0.0_f64, |most, w| most.max(w.abs()));
            model.solvers.iter().any(|s| row.dot(&s.mean_beta).abs() > NO_WEIGHT * largest)
        };
        if contrast.weights.rows().into_iter().any(of_mean) {
            return Err(Error::usage(
                format!("contrast '{}'", contrast.name),
                format!("weighs the mean of {}, which is read without it", display(&run.path)),
                "compare conditions, whose weights of the mean add up to 0",
                why,
            ));
        }
    }
    Ok(())
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

fn said(coarse: &Coarse, grid: &Grid) -> String {
    let Coarse { n_voxels, n_varying, worst, mean, sd, step } = *coarse;
    let [i, j, k] = grid.coordinates(worst);
    format!(
        "{n_voxels} of {n_varying} varying voxels (the worst, ({i}, {j}, {k}): sd {sd:.3e} about {mean:.6e}, steps of {step:.1e})"
    )
}
