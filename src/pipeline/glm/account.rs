//! What a finished analysis says of itself: stages, counts, what the options came to, and its page.

use serde_json::{Map as Fields, Value, json};

use super::modelled::Told;
use super::so_far::Combined;
use super::{Questions, across, modelled, residuals, smoothness};
use crate::error::Result;
use crate::maps::Entities;
use crate::physio::BeyondChance;
use crate::pipeline::automask;
use crate::pipeline::inputs::{self, Run};
use crate::pipeline::products::{Account, Draw, Opened, Page};
use crate::pipeline::qc;
use crate::pipeline::spec::{Command, GlmSpec, Noise};
use crate::report;

/// What a finished analysis is told by.
pub(super) struct Analysis {
    pub questions: Questions,
    pub found: Combined,
}

/// What is told of a finished analysis.
///
/// # Errors
/// Those of the page.
pub(super) fn account(
    spec: &GlmSpec,
    opened: super::Opened,
    Analysis { questions, found }: Analysis,
) -> Result<Account> {
    let super::Opened { runs, combined, beside, grid } = opened;
    let Questions { asked, models, smoothing, .. } = questions;
    let counts = counts(&found, &models);
    let Combined { all, beyond_chance, smooth_in, n_voxels, .. } = found;
    let mut resolved = Fields::new();
    let rule = match (&spec.mask, runs.len()) {
        (Some(_), _) => "given".to_owned(),
        (None, 1) => automask::RULE.to_owned(),
        (None, _) => format!("{}; in every run", automask::RULE),
    };
    resolved.insert("mask".to_owned(), json!(rule));
    resolved.extend(smoothing.iter().map(|s| {
        let fwhm = s.taps.effective_fwhm_mm(grid.voxel_size_mm);
        ("effective_fwhm_mm".to_owned(), json!(fwhm))
    }));
    let of_run = |(at, run): (usize, &Run)| {
        let mut fields = inputs::resolved(run);
        fields.extend(combined[at].iter().map(|one| ("echoes".to_owned(), one.resolved())));
        fields.extend(beside[at].resolved());
        fields.insert("voxels_fitted_in_run".to_owned(), json!(n_voxels[at]));
        fields.extend(residuals::resolved(spec, &all.residuals[at]));
        fields.extend(smooth_in[at].iter().map(smoothness::resolved));
        fields
    };
    let of_runs: Vec<_> = runs.iter().enumerate().map(of_run).collect();
    resolved.insert("runs".to_owned(), json!(of_runs));
    if runs.len() > 1 {
        resolved.insert("contrasts".to_owned(), across::resolved(&asked, &runs));
    }
    let mut stages = vec!["read"];
    stages.extend(combined.iter().any(Option::is_some).then_some("combine echoes"));
    stages.extend(modelled::corrects(&runs[0], smoothing.as_ref()).then_some("retroicor"));
    stages.extend(smoothing.as_ref().map(|_| "smooth"));
    stages.push("glm");
    stages.extend((spec.noise != Noise::Ols).then_some("noise"));
    stages.push("contrast");
    stages.extend((runs.len() > 1).then_some("fixed effects"));
    let pages = page(&runs, &beyond_chance)?.into_iter().collect();
    let physio = runs.iter().filter_map(|run| run.summary().cloned()).collect();
    let mut opened = Opened::default();
    for (run, beside) in runs.into_iter().zip(beside) {
        opened.found.extend(run.found);
        opened.bolds.push(run.bold);
        opened.bolds.extend(beside.sources);
    }
    Ok(Account {
        stages,
        dof: all.contrasts.first().map(|c| c.dof.least()),
        resolved,
        counts,
        physio,
        beyond_chance: beyond_chance.iter().flatten().cloned().collect(),
        pages,
        ..Account::of(Command::Glm(spec.clone()), opened)
    })
}

/// The page of what has recordings.
fn page(runs: &[Run], beyond_chance: &[Option<BeyondChance>]) -> Result<Option<Page>> {
    let mut of_runs = Vec::new();
    for (run, found) in runs.iter().zip(beyond_chance) {
        let Some(physio) = &run.physio else { continue };
        of_runs.push(report::qc::RunQc {
            name: run.name(),
            design: Some(run.design.clone()),
            confounds: run.confounds.clone(),
            left_out: run.left_out.clone(),
            chance: found.clone(),
            ..qc::of_run(physio)?
        });
    }
    let title = runs.iter().map(Run::name).collect::<Vec<_>>().join(", ");
    Ok((!of_runs.is_empty()).then(|| {
        let draw: Draw =
            Box::new(|provenance| report::qc::page(&qc::of_provenance(provenance, title, of_runs)));
        Page { entities: Entities::of("qc").with("desc", "retroicor"), ending: ".html", draw }
    }))
}

fn counts(found: &Combined, models: &[Told]) -> Fields<String, Value> {
    let Combined { all, common, .. } = found;
    let regressors: Vec<usize> = models.iter().map(|model| model.names.len()).collect();
    let counts = json!({
        "voxels_in_mask": common.in_masks(),
        "voxels_fitted": all.fitted.iter().filter(|&&v| v).count(),
        "voxels_not_finite": all.not_finite,
        "voxels_constant_in_some_run": common.constant(),
        "voxels_explained": common.explained(),
        "voxels_without_signal": common.without_enough(),
        "regressors": regressors,
    });
    counts.as_object().cloned().unwrap_or_default()
}
