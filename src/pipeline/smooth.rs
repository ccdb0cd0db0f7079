//! The `smooth` command as a story: a run in, the same run smoothed out.

use serde_json::json;

use crate::error::Result;
use crate::io;
use crate::maps::Entities;
use crate::pipeline::inputs::{self, bids_fields, open_bold};
use crate::pipeline::products::{Account, Opened, Products};
use crate::pipeline::session::Session;
use crate::pipeline::spec::{Command, Role, SmoothSpec};
use crate::pipeline::watch::Watch;
use crate::pipeline::{precision, smoothing};

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
    let spent = inputs::dof_spent(&spec.bold, false, watch)?;
    let grid = bold.grid.clone();
    let smoothing = smoothing::prepare(&spec.smooth, &grid, watch)?;

    precision::for_image(&mut bold, (&spec.bold, &grid), watch)?;
    let mut header = bold.header.for_bold(bold.n_volumes);
    acquisition.iter().for_each(|a| header.set_repetition_time(a.tr));
    let mut out = products.bold(&Entities::of("bold"), &header)?;
    match &smoothing {
        Some(s) => smoothing::smooth_run(ladder, &mut bold, out.as_mut(), s, watch)?,
        None => smoothing::copy_run(ladder, &mut bold, out.as_mut(), watch)?,
    }
    out.finish()?;

    let bids = bids_fields(acquisition, io::resampled(&bold, &sidecar));
    let effective = smoothing.map(|s| s.taps.effective_fwhm_mm(bold.grid.voxel_size_mm));
    let found = sidecar.files.into_iter().map(|file| (Role::Sidecar, file)).collect();
    let opened = Opened { found, bolds: vec![Box::new(bold)] };
    products.finish(
        session,
        Account {
            stages: vec!["read", "smooth"],
            dof_spent: (spent > 0.0).then_some(spent),
            resolved: effective
                .map(|f| ("effective_fwhm_mm".to_owned(), json!(f)))
                .into_iter()
                .collect(),
            bids,
            ..Account::of(Command::Smooth(spec.clone()), opened)
        },
    )
}
