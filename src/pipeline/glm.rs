//! The `glm` command as a story: open the runs, agree on a mask, build the model, fit run by run, combine, name the maps.

use serde_json::{Map as Fields, Value, json};

use crate::design::contrast::{NamedContrast, parse_named};
use crate::design::{self, label};
use crate::error::{Error, Result};
use crate::io;
use crate::io::source::{Averaged, BoldSource, Means, Sample, Sampled};
use crate::kernels::contrast::{Prepared, Stat};
use crate::kernels::glm::Model;
use crate::kernels::nuisance::Projection;
use crate::kernels::smooth::{Kernel, Taps};
use crate::maps::{Entities, Map};
use crate::physio::BeyondChance;
use crate::pipeline::automask::Common;
use crate::pipeline::blocks::Ladder;
use crate::pipeline::combine::FixedEffects;
use crate::pipeline::echoes::{self, Combination};
use crate::pipeline::first_level::{Fitted, Plan, fit_run};
use crate::pipeline::inputs::{self, Run, display};
use crate::pipeline::noise::{Autocorrelation, Used};
use crate::pipeline::products::{Account, Draw, Opened, Page, Products};
use crate::pipeline::session::Session;
use crate::pipeline::smoothing::Smoothing;
use crate::pipeline::spec::{Command, GlmSpec, Noise, RunSpec, SignalScale};
use crate::pipeline::voxelwise::{self, Voxelwise};
use crate::pipeline::watch::Watch;
use crate::pipeline::{automask, censor, chance, precision, qc, scaling, smoothing};
use crate::report;
use crate::stats::ar1::{Pairs, Rule};
use crate::volume::Grid;

mod across;
mod refused;
mod residuals;
mod tables;

use across::Asked;

/// Run the analysis.
///
/// # Errors
/// Whatever its inputs hold or lack, device and output errors.
pub fn run(spec: &GlmSpec, session: &mut Session<'_>, products: &mut dyn Products) -> Result<()> {
    let Session { ladder, watch, .. } = &mut *session;
    let watch: &dyn Watch = watch;
    refused::no_contrast(spec)?;
    refused::echoes_as_runs(spec)?;
    io::refuse_twins(&spec.runs.iter().flat_map(RunSpec::images).collect::<Vec<_>>())?;
    let mut runs = inputs::open(&spec.runs, &spec.design, watch)?;
    let combined = echoes::combine(&mut runs, spec.mask.as_deref(), ladder, watch)?;
    runs.iter_mut().for_each(|run| ladder.grant(run.bold.as_mut()));
    censor::apply(&mut runs, &spec.design, spec.mask.as_deref(), watch)?;
    let grid = inputs::common_grid(&runs, watch)?;
    let mut beside = voxelwise::open(spec, &mut runs, ladder, watch)?;
    let smoothing = smoothing::prepare(&spec.smooth, &grid, watch)?;
    for run in &runs {
        inputs::say_twice(&run.path, &run.smoothed, spec.smooth.fwhm_mm, watch);
    }
    for weights in smoothing.iter().map(|smoothing| &smoothing.taps.weights[2]) {
        runs.iter_mut().for_each(|run| run.smooth_task(weights));
    }
    let models = runs.iter().map(|run| model(run, watch)).collect::<Result<Vec<Model>>>()?;
    let (names, n_task) = across::columns(&runs);
    let asked = across::ask(spec, (&names, n_task), &runs, &models, watch)?;
    let labels = labels(spec, &names)?;
    let plan = |(at, (run, model)): (usize, (&Run, Model))| {
        let part = |asked: &Asked| asked.parts.get(at).cloned().flatten();
        let contrasts = asked.iter().filter_map(part).collect();
        let mut plan = plan(spec, run, (model, contrasts), smoothing.as_ref())?;
        take_room(&mut plan, beside[at].names.len(), run)?;
        Ok(plan)
    };
    let plans = runs.iter().zip(models).enumerate().map(plan).collect::<Result<Vec<Plan>>>()?;
    let mut common = Common::new(spec.mask.as_deref(), &grid, runs.len(), watch)?;

    let joint = asked.iter().map(|asked| asked.joint.clone()).collect();
    let mut runs_so_far = FixedEffects::new(spec.combine, joint);
    let mut beyond_chance = Vec::new();
    for (at, (plan, beside)) in plans.iter().zip(&mut beside).enumerate() {
        let ahead = ladder.ahead(runs[at].bold.as_ref());
        runs.iter_mut().skip(at + 1).take(ahead).for_each(|run| run.bold.prefetch());
        let run = &mut runs[at];
        if spec.runs.len() > 1 && run.physio.is_some() {
            watch.note(&format!("{}:", display(&run.path)));
        }
        precision::keep(run, watch)?;
        precision::refuse_level(run, &plan.model, &plan.contrasts)?;
        let inside = common.with(run, watch)?;
        let (fitted, dim, found) = fit(spec, ladder, (run, beside), &inside, plan, watch)?;
        common.without_signal(&dim, run)?;
        residuals::say(spec, (run, plan), &fitted, watch)?;
        voxelwise::say_spanned(run, beside, &fitted.residuals, watch);
        common.without(&fitted.flat, run, watch)?;
        beyond_chance.push(found);
        runs_so_far.add(fitted, grid.shape)?;
        run.bold.release();
        beside.sources.iter_mut().for_each(|column| column.release());
    }
    common.say(watch);
    let mut all = runs_so_far.combined(&common.inside())?;
    all.contrasts.iter_mut().for_each(|maps| maps.two_sided = spec.two_sided);

    watch.stage("write", 1);
    say_peaks(&all, &grid, watch);
    let mut maps = maps(&all, (&labels, &asked), &plans, &grid);
    maps.extend(residuals::maps(spec, &all, &plans));
    maps.extend(echoes::maps(&combined));
    scaling::describe(spec.scaling, &mut maps);
    products.maps(&runs[0].header, &maps)?;
    for (number, run) in runs.iter().enumerate() {
        for table in tables::of(run, number, runs.len())? {
            products.table(table)?;
        }
    }
    let analysis =
        Analysis { all, asked, common, grid, plans, smoothing, beyond_chance, combined, beside };
    let account = account(spec, runs, analysis, watch)?;
    products.finish(session, account)
}

/// A run's fit in the units that are asked for, the voxels that have no signal for them, and whether its recording explains it more
/// than chance.
fn fit(
    spec: &GlmSpec,
    ladder: &mut Ladder,
    (run, beside): (&mut Run, &mut Voxelwise),
    inside: &[bool],
    plan: &Plan,
    watch: &dyn Watch,
) -> Result<(Fitted, Vec<usize>, Option<BeyondChance>)> {
    let mut sample = run.physio.is_some().then(|| chance::sample(run, Some(inside)));
    let mut means = Means::new(run.grid.shape, run.n_volumes);
    let mut fitted = if spec.scaling == SignalScale::None {
        let sources: (&mut dyn BoldSource, _) = (run.bold.as_mut(), &mut beside.sources[..]);
        fit_sampled(ladder, sources, sample.as_mut(), (inside, plan), watch)?
    } else {
        let mut source = Averaged::new(run.bold.as_mut(), &mut means);
        let sources: (&mut dyn BoldSource, _) = (&mut source, &mut beside.sources[..]);
        fit_sampled(ladder, sources, sample.as_mut(), (inside, plan), watch)?
    };
    let found = match &sample {
        Some(sample) => chance::verdict(sample, run, &spec.design.terms, true, watch)?,
        None => None,
    };
    let dim = if spec.scaling == SignalScale::None {
        Vec::new()
    } else {
        let mean = match means.image() {
            Some(mean) => mean,
            None => automask::mean_image(run.bold.as_mut())?,
        };
        let mean = scaling::as_fitted(mean, run, plan.smooth.as_ref())?;
        scaling::apply(&mut fitted, &mean, spec.scaling, run, watch)?
    };
    Ok((fitted, dim, found))
}

/// Fit a run, of which a sample is kept where there is one.
fn fit_sampled(
    ladder: &mut Ladder,
    (source, beside): (&mut dyn BoldSource, &mut [Box<dyn BoldSource>]),
    sample: Option<&mut Sample>,
    (inside, plan): (&[bool], &Plan),
    watch: &dyn Watch,
) -> Result<Fitted> {
    match sample {
        Some(sample) => {
            let mut source = Sampled::new(source, sample);
            fit_run(ladder, &mut source, beside, inside, plan, watch)
        }
        None => fit_run(ladder, source, beside, inside, plan, watch),
    }
}

/// The plan of a run that is fitted by itself.
///
/// # Errors
/// What the run's columns do not allow; usage for contrasts that cannot be.
pub fn plan_alone(
    spec: &GlmSpec,
    run: &Run,
    smoothing: Option<&Smoothing>,
    watch: &dyn Watch,
) -> Result<Plan> {
    let (models, runs) = ([model(run, watch)?], std::slice::from_ref(run));
    let (names, n_task) = across::columns(runs);
    let asked = across::ask(spec, (&names, n_task), runs, &models, watch)?;
    let [model] = models;
    let contrasts = asked.into_iter().filter_map(|mut asked| asked.parts.pop().flatten());
    plan(spec, run, (model, contrasts.collect()), smoothing)
}

/// The model of a run.
fn model(run: &Run, watch: &dyn Watch) -> Result<Model> {
    let (names, matrix) = run.shared();
    let n_planes = run.grid.shape[2];
    let model = Model::new(&matrix, names, run.varying().as_ref(), n_planes, run.dof_spent)?;
    tell_inflation(run, &model, watch);
    if let Some(columns) = model.rank_deficiency() {
        watch.warn(&format!(
            "the design of {} is rank deficient; minimum-norm solution; columns involved: {}",
            display(&run.path),
            columns.join(", ")
        ));
    }
    Ok(model)
}

/// The model of a run with the contrasts that it counts for, and what comes before it.
fn plan(
    spec: &GlmSpec,
    run: &Run,
    (model, contrasts): (Model, Vec<Prepared>),
    smoothing: Option<&Smoothing>,
) -> Result<Plan> {
    let correct = match (run.slices(), smoothing) {
        (Some(slices), Some(_)) => {
            let (known, slices) = run.known_of(slices);
            Some(Projection::each(&known, &slices)?)
        }
        _ => None,
    };
    let noise = Some(noise(spec, run, (&model, &contrasts))?);
    Ok(Plan { correct, smooth: smoothing.cloned(), model, contrasts, noise })
}

/// Columns of each voxel's own take their degrees of freedom from the run's.
fn take_room(plan: &mut Plan, n_beside: usize, run: &Run) -> Result<()> {
    let left = plan.model.dof - n_beside as f64;
    if n_beside > 0 && left < 1.0 {
        return Err(Error::bad_data(
            display(&run.path),
            format!("leaves {left} degrees of freedom beside {n_beside} voxel-wise columns"),
            "leave at least one",
            "choose fewer columns",
        ));
    }
    plan.noise.iter_mut().for_each(|noise| noise.n_beside = n_beside);
    Ok(())
}

/// How the run's residuals depend on each other, and which rho its fit takes.
fn noise(spec: &GlmSpec, run: &Run, fitted: (&Model, &[Prepared])) -> Result<Autocorrelation> {
    // An F of several rows over runs is that of their summed covariances.
    let joint = spec.runs.len() > 1 && !spec.f_contrasts.is_empty();
    let joint = joint || !spec.voxelwise.is_empty();
    let (rule, used) = match spec.noise {
        Noise::Ols if joint => (Rule::Reml, Used::Zero),
        Noise::Ols => (Rule::Reml, Used::None { all: spec.maps }),
        Noise::NilearnAr1 => (Rule::Nilearn, Used::Own),
        Noise::Arma11 => (Rule::Reml, Used::Arma11),
        Noise::Ar1 if spec.rho_fwhm_vox == 0.0 => (Rule::Reml, Used::Own),
        Noise::Ar1 => {
            let taps = Taps::new(spec.rho_fwhm_vox, [1.0; 3], Kernel::Sampled);
            (Rule::Reml, Used::Smoothed(taps?))
        }
    };
    let pairs = Pairs::of_kept(&run.kept);
    if rule == Rule::Nilearn && pairs.has_gaps() {
        return Err(Error::usage(
            "--noise nilearn-ar1",
            format!("is asked for with censored volumes of {}", display(&run.path)),
            "be of runs without gaps: nilearn has no rule for them",
            "use --noise ar1",
        ));
    }
    let mut noise = Autocorrelation::new(fitted, pairs, rule, used)?;
    noise.keeps_maps = spec.maps;
    Ok(if joint { noise.with_covariances() } else { noise })
}

/// What it costs that the columns of an earlier correction are not in the model.
fn tell_inflation(run: &Run, model: &Model, watch: &dyn Watch) {
    let larger = ((model.dof + run.dof_spent) / model.dof).sqrt() - 1.0;
    if run.survived.is_some() {
        watch.note(&format!(
            "the variance that the {:.1} degrees of freedom without a column add to effects of {} is not counted: t is about {:.1} % too large \
             where task and physiology are unrelated",
            run.dof_spent,
            display(&run.path),
            100.0 * larger
        ));
    } else if run.dof_spent > 0.0 {
        watch.warn(&format!(
            "the columns that the correction of {} took out are not at hand: the {} degrees of freedom it spent are counted, \
             the variance that adds to effects is not, so that t is about {:.1} % too large where task and physiology are \
             unrelated, more where they are not; give the raw run and --physio, or correct it again with boldly retroicor",
            display(&run.path),
            run.dof_spent,
            100.0 * larger
        ));
    }
}

/// The contrasts as file names say them, t before F; `names`: the columns, whose hyphens are no minus.
fn labels(spec: &GlmSpec, names: &[String]) -> Result<Vec<String>> {
    let all = spec.contrasts.iter().chain(&spec.f_contrasts);
    let spoken = |text: &String| {
        let NamedContrast { name, .. } = parse_named(text)?;
        Ok(design::contrast::without_hyphens(&name, names))
    };
    label::labels(&all.map(spoken).collect::<Result<Vec<_>>>()?)
}

/// The maps of every contrast, and the mask.
fn maps(
    all: &Fitted,
    (labels, asked): (&[String], &[Asked]),
    plans: &[Plan],
    grid: &Grid,
) -> Vec<Map> {
    let of = |at: usize| {
        let mut maps = all.contrasts[at].maps(&labels[at], &all.fitted, grid.plane_len());
        let weights = asked[at].weights(plans.iter().map(|plan| &plan.model));
        let said = |map: &mut Map| map.asked.insert("ContrastWeights".to_owned(), weights.clone());
        maps.iter_mut().for_each(|map| drop(said(map)));
        maps
    };
    let mut maps: Vec<Map> = (0..all.contrasts.len()).flat_map(of).collect();
    maps.push(Map::of_mask(Entities::of("mask"), &all.fitted));
    maps
}

/// The largest value of each contrast and where it is.
fn say_peaks(all: &Fitted, grid: &Grid, watch: &dyn Watch) {
    for c in &all.contrasts {
        let peak = c.stat.iter().enumerate().max_by(|a, b| a.1.total_cmp(b.1));
        if let Some((voxel, value)) = peak {
            let [i, j, k] = grid.coordinates(voxel);
            let [x, y, z] = grid.millimetres([i, j, k]);
            let least = c.dof.least();
            let (letter, dof) = match c.stat_kind {
                Stat::T => ("t", format!("{least}")),
                Stat::F => ("F", format!("{} and {least}", c.rank)),
            };
            watch.note(&format!(
                "{}: largest {letter} {value:.3} at ({x:.1}, {y:.1}, {z:.1}) mm, voxel ({i}, {j}, {k}), dof {dof}",
                c.name
            ));
        }
    }
}

/// What a finished analysis is told by.
struct Analysis {
    all: Fitted,
    /// The contrasts over the runs.
    asked: Vec<Asked>,
    common: Common,
    grid: Grid,
    plans: Vec<Plan>,
    smoothing: Option<Smoothing>,
    /// Of each run.
    beyond_chance: Vec<Option<BeyondChance>>,
    /// Of each run that had several echoes.
    combined: Vec<Option<Combination>>,
    /// Of each run, the columns of each voxel's own.
    beside: Vec<Voxelwise>,
}

fn account(
    spec: &GlmSpec,
    runs: Vec<Run>,
    analysis: Analysis,
    watch: &dyn Watch,
) -> Result<Account> {
    let counts = counts(&analysis, watch);
    let Analysis { all, asked, grid, plans, smoothing, beyond_chance, combined, beside, .. } =
        analysis;
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
        fields.extend(residuals::resolved(spec, &all.residuals[at]));
        fields
    };
    let of_runs: Vec<_> = runs.iter().enumerate().map(of_run).collect();
    resolved.insert("runs".to_owned(), json!(of_runs));
    if runs.len() > 1 {
        resolved.insert("contrasts".to_owned(), across::resolved(&asked, &runs));
    }
    let mut stages = vec!["read"];
    stages.extend(combined.iter().any(Option::is_some).then_some("combine echoes"));
    stages.extend(plans[0].correct.as_ref().map(|_| "retroicor"));
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
        "voxels_without_signal": common.without_enough(),
        "regressors": regressors,
    });
    counts.as_object().cloned().unwrap_or_default()
}
