//! The `glm` command as a story: open the runs, agree on a mask, build the model, fit run by run, combine, name the maps.

use ndarray::{Array2, Axis};
use serde_json::{Map as Fields, Value, json};

use crate::design::contrast::{NamedContrast, parse_f, parse_t};
use crate::design::{self, label};
use crate::error::{Error, Result};
use crate::io;
use crate::io::bids::Name;
use crate::kernels::contrast::{Contrast, Prepared, Stat};
use crate::kernels::glm::Model;
use crate::kernels::nuisance::Projection;
use crate::maps::{Entities, Map};
use crate::pipeline::automask::Common;
use crate::pipeline::combine::FixedEffects;
use crate::pipeline::first_level::{Fitted, Plan, fit_run};
use crate::pipeline::inputs::{self, Run, display};
use crate::pipeline::products::{Account, Agreement, Draw, Opened, Page, Products, Text};
use crate::pipeline::session::Session;
use crate::pipeline::smoothing::Smoothing;
use crate::pipeline::spec::{Command, GlmSpec};
use crate::pipeline::watch::Watch;
use crate::pipeline::{automask, precision, qc, smoothing};
use crate::report;
use crate::volume::Grid;

/// Run the analysis.
///
/// # Errors
/// Whatever its inputs hold or lack, device and output errors.
pub fn run(spec: &GlmSpec, session: &mut Session<'_>, products: &mut dyn Products) -> Result<()> {
    let Session { ladder, watch, .. } = &mut *session;
    let watch: &dyn Watch = watch;
    refuse_no_contrast(spec)?;
    io::refuse_twins(&spec.runs.iter().map(|run| run.bold.clone()).collect::<Vec<_>>())?;
    let open = |run| inputs::open(run, &spec.design, watch);
    let mut runs = spec.runs.iter().map(open).collect::<Result<Vec<Run>>>()?;
    runs.iter_mut().for_each(|run| ladder.grant(run.bold.as_mut()));
    let grid = inputs::common_grid(&runs, watch)?;
    let smoothing = smoothing::prepare(&spec.smooth, &grid, watch)?;
    let plan = |run| plan(spec, run, smoothing.as_ref(), watch);
    let plans = runs.iter().map(plan).collect::<Result<Vec<Plan>>>()?;
    let mut common = Common::new(spec.mask.as_deref(), &grid, runs.len(), watch)?;

    let mut runs_so_far = FixedEffects::default();
    for (run, plan) in runs.iter_mut().zip(&plans) {
        precision::keep(run, watch)?;
        precision::refuse_level(run, &plan.model, &plan.contrasts)?;
        let inside = common.with(run, watch)?;
        let fitted = fit_run(ladder, run.bold.as_mut(), &inside, plan, watch)?;
        common.without(&fitted.flat, run, watch)?;
        runs_so_far.add(fitted, grid.shape)?;
        run.bold.release();
    }
    common.say(watch);
    let all = runs_so_far.mean(&common.inside())?;

    watch.stage("write", 1);
    say_peaks(&all, &grid, watch);
    products.maps(&runs[0].header, &maps(&all, &grid)?)?;
    for (number, run) in runs.iter().enumerate() {
        products.table(design_table(run, number, runs.len()))?;
    }
    let analysis = Analysis { all, common, grid, plans, smoothing };
    let account = account(spec, runs, &analysis, watch)?;
    products.finish(session, account)
}

fn refuse_no_contrast(spec: &GlmSpec) -> Result<()> {
    if spec.contrasts.is_empty() && spec.f_contrasts.is_empty() {
        return Err(Error::usage(
            "the command line",
            "asks for no contrast",
            "name at least one",
            "for example --contrast 'pain=pain-control'",
        ));
    }
    Ok(())
}

/// The model of a run, and what comes before it.
fn plan(
    spec: &GlmSpec,
    run: &Run,
    smoothing: Option<&Smoothing>,
    watch: &dyn Watch,
) -> Result<Plan> {
    let n_planes = run.grid.shape[2];
    let correct = match (run.slices(), smoothing) {
        (Some(slices), Some(_)) => Some(Projection::new(inputs::common_columns(run), slices)?),
        _ => None,
    };
    let (matrix, names) = (&run.design.matrix, &run.design.names);
    let model = Model::new(matrix, names, run.slices(), n_planes, run.dof_spent)?;
    if let Some(columns) = model.rank_deficiency() {
        watch.warn(&format!(
            "the design of {} is rank deficient; minimum-norm solution; columns involved: {}",
            display(&run.path),
            columns.join(", ")
        ));
    }
    let of_run = |error: Error| error.of(&display(&run.path));
    let contrasts = contrasts(spec, names, &model).map_err(of_run)?;
    Ok(Plan { correct, smooth: smoothing.cloned(), model, contrasts })
}

/// The contrasts that are asked for, as weights of a model's columns.
fn contrasts(spec: &GlmSpec, names: &[String], model: &Model) -> Result<Vec<Prepared>> {
    let t = spec.contrasts.iter().map(|text| (Stat::T, text));
    let f = spec.f_contrasts.iter().map(|text| (Stat::F, text));
    let mut contrasts = Vec::new();
    for (stat, text) in t.chain(f) {
        let NamedContrast { name, expression } = design::contrast::parse_named(text)?;
        let rows = match stat {
            Stat::T => parse_t(&expression, names)?.insert_axis(Axis(0)),
            Stat::F => parse_f(&expression, names)?,
        };
        let weights = widened(&rows, model.names.len());
        contrasts.push(Prepared::new(Contrast { name, stat, weights }, model)?);
    }
    let names: Vec<String> = contrasts.iter().map(|c| c.contrast.name.clone()).collect();
    label::labels(&names)?;
    Ok(contrasts)
}

/// Weights over the common columns, zero for the slice-dependent ones that follow them.
fn widened(rows: &Array2<f64>, n_regressors: usize) -> Array2<f64> {
    let mut wide = Array2::zeros((rows.nrows(), n_regressors));
    wide.slice_mut(ndarray::s![.., ..rows.ncols()]).assign(rows);
    wide
}

/// The maps of every contrast, and the mask.
fn maps(all: &Fitted, grid: &Grid) -> Result<Vec<Map>> {
    let of = |contrast: &crate::pipeline::decide::ContrastMaps| {
        contrast.maps(&all.fitted, grid.plane_len())
    };
    let mut maps = all.contrasts.iter().map(of).collect::<Result<Vec<_>>>()?.concat();
    maps.push(Map::of_mask(Entities::of("mask"), &all.fitted));
    Ok(maps)
}

/// The largest value of each contrast and where it is.
fn say_peaks(all: &Fitted, grid: &Grid, watch: &dyn Watch) {
    for c in &all.contrasts {
        let peak = c.stat.iter().enumerate().max_by(|a, b| a.1.total_cmp(b.1));
        if let Some((voxel, value)) = peak {
            let [i, j, k] = grid.coordinates(voxel);
            let letter = if c.stat_kind == Stat::T { "t" } else { "F" };
            watch.note(&format!(
                "{}: largest {letter} {value:.3} at voxel ({i}, {j}, {k}), dof {}",
                c.name,
                c.dof.least()
            ));
        }
    }
}

fn design_table(run: &Run, number: usize, n_runs: usize) -> Text {
    let entities = Entities::of("design");
    let entities = match n_runs {
        1 => entities,
        _ => entities.with("run", (number + 1).to_string()),
    };
    Text {
        text: io::tsv::write_string(&run.design.to_table("design.tsv")),
        entities,
        ending: ".tsv",
        agreement: Some(Agreement::Host),
        described: None,
    }
}

/// What a finished analysis is told by.
struct Analysis {
    all: Fitted,
    common: Common,
    grid: Grid,
    plans: Vec<Plan>,
    smoothing: Option<Smoothing>,
}

fn account(
    spec: &GlmSpec,
    runs: Vec<Run>,
    analysis: &Analysis,
    watch: &dyn Watch,
) -> Result<Account> {
    let Analysis { all, grid, plans, smoothing, .. } = analysis;
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
    let of_runs: Vec<_> = runs.iter().map(inputs::resolved).collect();
    resolved.insert("runs".to_owned(), json!(of_runs));
    let mut stages = vec!["read"];
    stages.extend(plans[0].correct.as_ref().map(|_| "retroicor"));
    stages.extend(smoothing.as_ref().map(|_| "smooth"));
    stages.extend(["glm", "contrast"]);
    stages.extend((runs.len() > 1).then_some("fixed effects"));
    let pages = page(&runs)?.into_iter().collect();
    let physio = runs.iter().filter_map(|run| run.summary().cloned()).collect();
    let mut opened = Opened::default();
    for run in runs {
        opened.found.extend(run.found);
        opened.bolds.push(run.bold);
    }
    Ok(Account {
        stages,
        dof: all.contrasts.first().map(|c| c.dof.least()),
        resolved,
        counts: counts(analysis, watch),
        physio,
        pages,
        ..Account::of(Command::Glm(spec.clone()), opened)
    })
}

/// The page of what has recordings.
fn page(runs: &[Run]) -> Result<Option<Page>> {
    let mut of_runs = Vec::new();
    for run in runs {
        let Some(physio) = &run.physio else { continue };
        of_runs.push(report::qc::RunQc {
            name: Name::of(&run.path).prefix(),
            design: Some(run.design.clone()),
            ..qc::of_run(physio)?
        });
    }
    let title = runs.iter().map(|run| Name::of(&run.path).prefix()).collect::<Vec<_>>();
    let title = title.join(", ");
    Ok((!of_runs.is_empty()).then(|| {
        let draw: Draw =
            Box::new(|provenance| report::qc::page(&qc::of_provenance(provenance, title, of_runs)));
        Page { entities: Entities::of("qc").with("desc", "retroicor"), ending: ".html", draw }
    }))
}

fn counts(analysis: &Analysis, watch: &dyn Watch) -> Fields<String, Value> {
    let Analysis { all, common, plans, .. } = analysis;
    if all.not_finite > 0 {
        watch.warn(&format!(
            "{} mask voxels are not finite in some volume; they are outside (0 in the maps, p 1)",
            all.not_finite
        ));
    }
    if all.constant > 0 {
        watch.warn(&format!(
            "{} mask voxels are constant over time; their statistics are 0, p 1",
            all.constant
        ));
    }
    let regressors: Vec<usize> = plans.iter().map(|p| p.model.names.len()).collect();
    let counts = json!({
        "voxels_in_mask": common.in_masks(),
        "voxels_fitted": all.fitted.iter().filter(|&&v| v).count(),
        "voxels_not_finite": all.not_finite,
        "voxels_constant": all.constant,
        "voxels_constant_in_some_run": common.constant(),
        "regressors": regressors,
    });
    counts.as_object().cloned().unwrap_or_default()
}
