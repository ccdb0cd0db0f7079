//! What boldly's own sidecar beside a run says of an earlier smoothing of it.

use std::path::Path;

use super::{Run, display};
use crate::error::Result;
use crate::io::described::Described;
use crate::kernels::smooth::Taps;
use crate::pipeline::provenance;
use crate::pipeline::spec::SmoothOptions;
use crate::pipeline::watch::Watch;

/// How the sidecar beside an image says that this image was smoothed, the first first; none without one, or where it is of another
/// file, which is told where the image was changed.
///
/// # Errors
/// Those of reading the sidecar, and the image where the sidecar has its checksum.
pub fn smoothed(bold: &Path, watch: &dyn Watch) -> Result<Vec<SmoothOptions>> {
    let all = provenance::facts_beside(bold)?.map(|facts| (facts.smoothed(), facts));
    let Some((all, facts)) = all.filter(|(all, _)| !all.is_empty()) else { return Ok(Vec::new()) };
    match facts.of(bold)? {
        Described::Bytes | Described::Name => Ok(all),
        Described::Changed => {
            watch.warn(&format!(
                "{} is not as boldly made it; the smoothing that its sidecar says is not taken into account",
                display(bold)
            ));
            Ok(Vec::new())
        }
        Described::Not => Ok(Vec::new()),
    }
}

/// How wide all of them are together, FWHM in mm, 0 for none: variances of Gaussians add.
pub(super) fn width_mm(all: &[SmoothOptions]) -> f64 {
    all.iter().fold(0.0, |width, one| one.fwhm_mm.hypot(width))
}

/// Whether two runs of these widths, mm, are equally smooth.
pub(super) fn is_alike(a_mm: f64, b_mm: f64) -> bool {
    (a_mm - b_mm).abs() <= 0.01
}

/// That a run was smoothed by so many mm in all, or not.
pub(super) fn told(width_mm: f64) -> String {
    match width_mm {
        0.0 => "was not smoothed before".to_owned(),
        mm => format!("was smoothed before, by {mm:.2} mm"),
    }
}

/// A run that is smoothed once more, by `fwhm_mm`, ends up wider.
pub fn say_twice(bold: &Path, before: &[SmoothOptions], fwhm_mm: f64, watch: &dyn Watch) {
    if before.is_empty() || fwhm_mm == 0.0 {
        return;
    }
    let total = fwhm_mm.hypot(width_mm(before));
    watch.warn(&format!(
        "{} was smoothed before, by {} mm; {fwhm_mm} mm more make {total:.2} mm FWHM in all",
        display(bold),
        widths(before)
    ));
}

/// What says that a run was smoothed before: boldly's own sidecar, or `desc-` in its name.
#[must_use]
pub fn was_smoothed(run: &Run) -> Option<String> {
    if !run.smoothed.is_empty() {
        return Some(format!("by {} mm, as its sidecar says", widths(&run.smoothed)));
    }
    let name = run.path.file_name()?.to_string_lossy().into_owned();
    let mut described = name.split('_').filter(|part| part.starts_with("desc-"));
    let desc = described.find(|part| part.to_lowercase().contains("smooth"))?;
    Some(format!("its name has {desc}"))
}

/// Warn where the series of regions are those of a smoothed run.
pub fn say_smoothed_series(run: &Run, watch: &dyn Watch) {
    if let Some(why) = was_smoothed(run) {
        watch.warn(&format!(
            "{} was smoothed before ({why}): the series of a region have signal of what lies beside it, which near regions share; take the run \
             that is not smoothed (--fwhm smooths maps alone)",
            display(&run.path)
        ));
    }
}

fn widths(all: &[SmoothOptions]) -> String {
    all.iter().map(|one| one.fwhm_mm.to_string()).collect::<Vec<_>>().join(" and ")
}

impl Run {
    /// Smooth the task columns of its slices as the run was smoothed.
    pub(super) fn smooth_as_before(&mut self) -> Result<()> {
        for SmoothOptions { fwhm_mm, kernel, .. } in self.smoothed.clone() {
            let taps = Taps::new(fwhm_mm, self.grid.voxel_size_mm, kernel)?;
            self.own_times.iter_mut().for_each(|own| own.were_smoothed(&taps.weights[2]));
        }
        Ok(())
    }

    /// Say it where columns are made for it.
    pub(super) fn say_smoothed(&self, watch: &dyn Watch) {
        if !self.smoothed.is_empty() && self.task_slices().is_some() {
            watch.note(&format!(
                "{} was smoothed before by {} mm: the task columns of a plane are the mean of the slices that this joined",
                display(&self.path),
                widths(&self.smoothed)
            ));
        }
    }
}
