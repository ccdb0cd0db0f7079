//! Whether a run's planes are still the slices that were acquired. Once a run was moved to another space each plane
//! holds parts of many slices, and once it was corrected for slice timing each slice stands for another moment: then no
//! plane has one acquisition time, and slice-wise columns mean nothing.

use std::path::Path;

use super::bids::Name;
use super::bold::BoldFile;
use super::sidecar::{HEAD_MOTION, Sidecar};

/// `space-` labels of the grid the run was acquired on (BIDS's `orig`, and what fMRIPrep's non-standard output spaces are
/// called).
const NATIVE: [&str; 8] = ["orig", "func", "boldref", "bold", "sbref", "run", "native", "scanner"];

/// What preprocessing calls runs whose head it has moved back: each plane then holds parts of many slices, on the run's own grid too.
const MOVED: [&str; 1] = ["preproc"];

/// What was done to a run that took its slices' own times away.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resampled {
    /// The space it was moved to; none where it stayed on its grid.
    pub space: Option<String>,
    /// Whether it was corrected for slice timing.
    pub slice_timing_corrected: bool,
    /// Whether the head was moved back.
    pub head_motion_corrected: bool,
    /// What says so, to stand behind "...which was resampled:": `its name says space-T1w`.
    pub said_by: String,
}

/// Whether a run was resampled, by its name (`space-`, `desc-preproc`), its header (sform code of a template), its sidecars
/// (SliceTimingCorrected, SpatialReference); none for a run on its native slices.
#[must_use]
pub fn resampled(bold: &BoldFile, sidecar: &Sidecar) -> Option<Resampled> {
    let by_image = by_name(&bold.path);
    let space = by_image.or_else(|| by_sidecar(sidecar));
    from((space.or_else(|| by_header(bold.header.sform_code)), moved(&bold.path)), sidecar)
}

/// Whether the run of a sidecar was resampled, by what it says and how it is called; none for one on its native slices.
#[must_use]
pub fn told_resampled(sidecar: &Sidecar) -> Option<Resampled> {
    let by_file = sidecar.files.iter().find_map(|file| by_name(file));
    let moved = sidecar.files.iter().find_map(|file| moved(file));
    from((by_file.or_else(|| by_sidecar(sidecar)), moved), sidecar)
}

/// `space`: with what says it; `moved`: what says that the head was moved back.
fn from(
    (space, moved): (Option<(String, String)>, Option<String>),
    sidecar: &Sidecar,
) -> Option<Resampled> {
    let corrected = sidecar.slice_timing_corrected.as_ref().filter(|field| field.value);
    let told = sidecar.head_motion_corrected.as_ref().filter(|field| field.value);
    let moved = moved.or_else(|| told.map(|field| said(&field.file, HEAD_MOTION)));
    let head_motion_corrected = moved.is_some();
    let said_by = match (&space, corrected, moved) {
        (Some((_, said_by)), ..) => said_by.clone(),
        (None, Some(field), _) => said(&field.file, "SliceTimingCorrected"),
        (None, None, Some(said_by)) => said_by,
        (None, None, None) => return None,
    };
    Some(Resampled {
        space: space.map(|(space, _)| space),
        slice_timing_corrected: corrected.is_some(),
        head_motion_corrected,
        said_by,
    })
}

fn said(file: &Path, what: &str) -> String {
    format!("{} says {what}", file.display())
}

fn is_native(space: &str) -> bool {
    NATIVE.iter().any(|native| native.eq_ignore_ascii_case(space))
}

fn by_name(path: &Path) -> Option<(String, String)> {
    let entities = Name::of(path).entities;
    let space = entities.iter().find_map(|e| e.strip_prefix("space-"))?;
    (!is_native(space)).then(|| (space.to_owned(), format!("its name says space-{space}")))
}

fn moved(path: &Path) -> Option<String> {
    let entities = Name::of(path).entities;
    let desc = entities.iter().find_map(|e| e.strip_prefix("desc-"))?;
    MOVED.contains(&desc).then(|| format!("its name says desc-{desc}"))
}

fn by_sidecar(sidecar: &Sidecar) -> Option<(String, String)> {
    let field = sidecar.spatial_reference.as_ref().filter(|field| !is_native(&field.value))?;
    Some((field.value.clone(), said(&field.file, &format!("SpatialReference {}", field.value))))
}

fn by_header(sform_code: i32) -> Option<(String, String)> {
    let space = match sform_code {
        3 => "Talairach",
        4 => "MNI",
        5 => "template",
        _ => return None,
    };
    Some((space.to_owned(), format!("the sform code of its header is {sform_code} ({space})")))
}
