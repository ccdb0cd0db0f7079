//! The `smooth` command as a story: a run in, the same run smoothed out.

use std::path::PathBuf;

use serde_json::json;

use crate::error::Result;
use crate::io::source::{Empty, Filled, Lacking, Looked};
use crate::io::{self, BoldFile};
use crate::pipeline::inputs::{self, bids_fields, display, open_bold, say_skull};
use crate::pipeline::products::{Account, Image, Opened, Products};
use crate::pipeline::provenance::{Facts, SMOOTHED};
use crate::pipeline::session::Session;
use crate::pipeline::spec::{Command, Role, SmoothOptions, SmoothSpec};
use crate::pipeline::watch::Watch;
use crate::pipeline::{carried, precision, smoothing};

/// What becomes of voxels that some volume lacks.
const BLANK: &str = "a voxel that a volume with other values lacks is not a number in every volume, and weighs nothing in its neighbours, \
                     which would jump where it is missing";

/// Smooth a run; a FWHM of 0 copies it.
///
/// # Errors
/// Input, device and output errors.
pub fn run(
    spec: &SmoothSpec,
    session: &mut Session<'_>,
    products: &mut dyn Products,
) -> Result<()> {
    let Session { ladder, watch, .. } = &mut *session;
    let watch: &dyn Watch = watch;
    let mut bold = open_bold(&spec.bold, watch)?;
    ladder.grant(&mut bold);
    let sidecar = inputs::sidecar(&bold, None, None, watch)?;
    let acquisition = inputs::acquisition_of_smoothed(&bold, &sidecar, watch)?;
    let before = inputs::earlier(&spec.bold, watch)?;
    let mut smoothed = inputs::smoothed(&spec.bold, watch)?;
    inputs::say_twice(&spec.bold, &smoothed, spec.smooth.fwhm_mm, watch);
    if spec.smooth.fwhm_mm > 0.0 {
        smoothed.push(SmoothOptions { within: None, ..spec.smooth.clone() });
    }
    let grid = bold.grid.clone();
    let smoothing = smoothing::prepare(&spec.smooth, &grid, watch)?;

    precision::for_image(&mut bold, (&spec.bold, &grid), watch)?;
    let mut header = bold.header.for_bold(bold.n_volumes);
    acquisition.iter().for_each(|a| header.set_repetition_time(a.tr));
    let mut out = products.bold(Image::run(spec.out_type), &header)?;
    let mut lacking = Lacking::new(grid.shape, bold.n_volumes);
    let mut empty = Empty::new(bold.n_volumes);
    let mut filled = Filled::new(&mut bold, &mut empty);
    let mut looked = Looked::new(&mut filled, &mut lacking);
    match &smoothing {
        Some(s) => smoothing::smooth_run(ladder, &mut looked, out.as_mut(), s, watch)?,
        None => smoothing::copy_run(ladder, &mut looked, out.as_mut(), watch)?,
    }
    let becomes = if smoothing.is_some() { BLANK } else { "they stay so there" };
    let mut lacks = precision::say_lacking(&lacking, (&spec.bold, becomes), watch);
    lacks.extend(precision::say_empty(&empty.volumes(), (&spec.bold, "They stay so"), watch));
    let rounding = out.finish()?;
    rounding.iter().for_each(|cost| watch.note(&cost.to_string()));

    let carried = match &before {
        Some(earlier) => carry(&earlier.facts, &bold, products, watch)?,
        None => Vec::new(),
    };
    let resampled = io::resampled(&bold, &sidecar);
    say_skull(&spec.bold, &sidecar.fields, resampled.is_some(), watch);
    let bids = bids_fields(sidecar.fields, acquisition, resampled);
    let effective = smoothing.map(|s| s.taps.effective_fwhm_mm(bold.grid.voxel_size_mm));
    let sidecars = sidecar.files.into_iter().map(|file| (Role::Sidecar, file));
    let found = sidecars.chain(carried.into_iter().map(|file| (Role::Carried, file))).collect();
    let opened = Opened { found, bolds: vec![Box::new(bold)] };
    products.finish(
        session,
        Account {
            stages: vec!["read", "smooth"],
            dof_spent: before.map(|earlier| earlier.spent),
            resolved: effective
                .map(|f| ("effective_fwhm_mm".to_owned(), json!(f)))
                .into_iter()
                .chain((!smoothed.is_empty()).then(|| (SMOOTHED.to_owned(), json!(smoothed))))
                .collect(),
            counts: rounding
                .map(|cost| ("int16".to_owned(), json!(cost)))
                .into_iter()
                .chain(lacks)
                .collect(),
            bids,
            ..Account::of(Command::Smooth(spec.clone()), opened)
        },
    )
}

/// The columns that an earlier correction took out of the run go along with it; gives back their files.
fn carry(
    facts: &Facts,
    bold: &BoldFile,
    products: &mut dyn Products,
    watch: &dyn Watch,
) -> Result<Vec<PathBuf>> {
    let beside = carried::beside(&bold.path, facts, Some(bold.grid.shape[2]), bold.n_volumes)?;
    if let Some(lost) = &beside.lost {
        watch.warn(&format!(
            "{} is not there, which holds the columns that were taken out of {}; a later boldly glm cannot count their variance",
            display(lost),
            display(&bold.path)
        ));
    }
    let Some((columns, files)) = beside.columns else { return Ok(Vec::new()) };
    products.table(columns.text())?;
    let n_times = columns.groups.columns.len();
    watch.note(&format!(
        "the {} columns that a correction took out go along for boldly glm{}",
        columns.groups.names.len(),
        match n_times {
            1 => "",
            _ => "; a plane keeps its own, though smoothing mixes in those of planes at other slice times",
        }
    ));
    Ok(files)
}
