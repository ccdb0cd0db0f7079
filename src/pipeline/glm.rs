//! The `glm` command as a story: open the runs, agree on a mask, build the model, fit run by run, combine, name the maps.

use crate::error::{Error, Result};
use crate::io;
use crate::kernels::contrast::Prepared;
use crate::kernels::glm::Model;
use crate::kernels::nuisance::Projection;
use crate::kernels::smooth::{Kernel, Taps};
use crate::maps::told;
use crate::pipeline::automask::Common;
use crate::pipeline::blocks::Ladder;
use crate::pipeline::echoes::{self, Combination};
use crate::pipeline::first_level::Plan;
use crate::pipeline::inputs::{self, Run, display};
use crate::pipeline::noise::{Autocorrelation, Used};
use crate::pipeline::products::Products;
use crate::pipeline::session::Session;
use crate::pipeline::smoothing::Smoothing;
use crate::pipeline::spec::{GlmSpec, Noise, RunSpec};
use crate::pipeline::voxelwise::Voxelwise;
use crate::pipeline::watch::Watch;
use crate::pipeline::{censor, physio_summary, smoothing, voxelwise};
use crate::stats::ar1::{Pairs, Rule};
use crate::volume::Grid;

mod account;
mod across;
mod again;
mod deficient;
mod in_regions;
mod methods;
mod named;
mod percent;
mod refused;
mod report;
mod residuals;
mod smoothness;
mod so_far;
mod tables;
mod units;

use account::{Analysis, account};
use across::Asked;
pub use again::courses;
use in_regions::InRegions;
pub use in_regions::refuse_own_columns;
pub use methods::{drift, in_regions, own_columns, residuals};
use percent::Percent;
use so_far::{Combined, SoFar};

/// Of fewer degrees of freedom variances are little known.
pub const FEW_DOF: f64 = 20.0;

/// Run the analysis.
///
/// # Errors
/// Whatever its inputs hold or lack, device and output errors.
pub fn run(spec: &GlmSpec, session: &mut Session<'_>, products: &mut dyn Products) -> Result<()> {
    let Session { ladder, watch, .. } = &mut *session;
    let watch: &dyn Watch = watch;
    let mut opened = open(spec, ladder, watch)?;
    let smoothing = smoothing::prepare(&spec.smooth, &opened.grid, watch)?;
    smooth_tasks(spec, smoothing.as_ref(), &mut opened.runs, watch);
    let mut questions = ask(spec, &opened, smoothing.as_ref(), watch)?;
    let regions = in_regions::open(spec, &mut opened, &questions, watch)?;
    let mut found = fit(spec, ladder, &mut opened, (&mut questions, regions), products, watch)?;
    percent::leave_out(&questions.percents, &mut found.all, &found.no_percent, watch);
    let all = &found.all;
    all.contrasts.iter().try_for_each(|maps| maps.refuse_beyond_f32(&all.fitted))?;

    watch.stage("write", 1);
    named::say_peaks(&found.all.contrasts[..questions.asked.len()], &opened.grid, watch);
    let maps = named::maps(spec, &opened, &questions, &found);
    products.maps(&opened.runs[0].header, &maps)?;
    for (number, run) in opened.runs.iter().enumerate() {
        for table in tables::of(run, number, opened.runs.len())? {
            products.table(table)?;
        }
    }
    for table in smoothness::tables(&found.smooth_in) {
        products.table(table)?;
    }
    let tsnr = found.regions.as_ref().map_or(vec![Vec::new(); opened.runs.len()], InRegions::tsnr);
    if let Some(table) = physio_summary::of_runs(&opened.runs, tsnr) {
        products.table(table)?;
    }
    if let Some(regions) = found.regions.take() {
        for table in regions.tables(spec, (&questions, &found.all), &opened.runs, watch)? {
            products.table(table)?;
        }
    }
    let page = match spec.report && products.draws() {
        true => Some(report::page(spec, ladder, &mut opened, (&questions, &found), watch)?),
        false => None,
    };
    let mut account = account(spec, opened, Analysis { questions, smoothing, found }, watch)?;
    account.pages.extend(page);
    products.finish(session, account)
}

/// What is fitted, and where.
struct Opened {
    runs: Vec<Run>,
    /// Of each run that had several echoes.
    combined: Vec<Option<Combination>>,
    /// Of each run, the columns of each voxel's own.
    beside: Vec<Voxelwise>,
    grid: Grid,
}

/// Open the runs, their echoes made one and their censored volumes left out.
fn open(spec: &GlmSpec, ladder: &mut Ladder, watch: &dyn Watch) -> Result<Opened> {
    refused::no_contrast(spec)?;
    refused::echoes_as_runs(spec)?;
    refused::run_as_its_column(spec)?;
    io::refuse_twins(&spec.runs.iter().flat_map(RunSpec::images).collect::<Vec<_>>())?;
    let mut runs = inputs::open(&spec.runs, &spec.design, watch)?;
    inputs::refuse_one_recording(&runs)?;
    let combined = echoes::combine(&mut runs, spec.mask.as_deref(), ladder, watch)?;
    runs.iter_mut().for_each(|run| ladder.grant(run.bold.as_mut()));
    censor::apply(&mut runs, &spec.design, spec.mask.as_deref(), ladder, watch)?;
    let grid = inputs::common_grid(&runs, watch)?;
    let beside = voxelwise::open(spec, &mut runs, ladder, watch)?;
    refused::contrasts_of_own_columns(spec, &runs, &beside)?;
    Ok(Opened { runs, combined, beside, grid })
}

/// Have each slice's task columns as the smoothed run has them.
fn smooth_tasks(
    spec: &GlmSpec,
    smoothing: Option<&Smoothing>,
    runs: &mut [Run],
    watch: &dyn Watch,
) {
    for run in runs {
        inputs::say_twice(&run.path, &run.smoothed, spec.smooth.fwhm_mm, watch);
        if let Some(smoothing) = smoothing {
            run.smooth_task(&smoothing.taps.weights[2]);
        }
    }
}

/// What is asked of the runs, and how each is fitted for it.
struct Questions {
    /// The contrasts over the runs.
    asked: Vec<Asked>,
    /// Those of percent signal change, which stand behind them.
    percents: Vec<Percent>,
    /// The contrasts as file names say them.
    labels: Vec<String>,
    /// Of each run.
    plans: Vec<Plan>,
}

/// Build each run's model, and prepare the contrasts for it.
fn ask(
    spec: &GlmSpec,
    Opened { runs, beside, .. }: &Opened,
    smoothing: Option<&Smoothing>,
    watch: &dyn Watch,
) -> Result<Questions> {
    let models = runs.iter().map(|run| model(spec, run, watch)).collect::<Result<Vec<Model>>>()?;
    let (names, n_task) = across::columns(runs);
    let asked = across::ask(spec, (&names, n_task), runs, &models, watch)?;
    let labels = named::labels(spec, &names)?;
    let percents = percent::of(spec, runs, &models, &asked, watch)?;
    let all: Vec<&Asked> = asked.iter().chain(percents.iter().map(|p| &p.asked)).collect();
    let plan = |(at, model): (usize, Model)| {
        let part = |asked: &&Asked| asked.parts.get(at).cloned().flatten();
        let contrasts = all.iter().filter_map(part).collect();
        let plan = plan(spec, &runs[at], (model, contrasts), smoothing)?;
        leave_room(spec, &plan, beside[at].names.len(), &runs[at])?;
        Ok(plan)
    };
    let plans = models.into_iter().enumerate().map(plan).collect::<Result<Vec<Plan>>>()?;
    Ok(Questions { asked, percents, labels, plans })
}

/// Fit run by run, the next ones read ahead, and combine them.
fn fit(
    spec: &GlmSpec,
    ladder: &mut Ladder,
    Opened { runs, beside, grid, .. }: &mut Opened,
    (Questions { asked, percents, plans, .. }, regions): (&mut Questions, Option<InRegions>),
    products: &mut dyn Products,
    watch: &dyn Watch,
) -> Result<Combined> {
    let common = Common::new(spec.mask.as_deref(), grid, runs.len(), watch)?;
    let all = asked.iter().chain(percents.iter().map(|p| &p.asked));
    let joint = all.map(|asked| asked.joint.clone()).collect();
    let mut so_far = SoFar::new(spec.combine, joint, common, regions);
    for (at, (plan, beside)) in plans.iter_mut().zip(beside).enumerate() {
        let ahead = ladder.ahead(runs[at].bold.as_ref());
        runs.iter_mut().skip(at + 1).take(ahead).for_each(|run| run.bold.prefetch());
        let counts: Vec<bool> = asked.iter().map(|asked| asked.parts[at].is_some()).collect();
        // The larger part of a plan: it stays no longer than its run. A rerun that finished files are held against draws nothing.
        let prepared = noise(spec, &runs[at], (&plan.model, &plan.contrasts))?;
        let prepared = prepared.with_beside(beside.names.len()).with_doubts(!products.draws());
        plan.noise = Some(prepared);
        let run = (&mut runs[at], beside, &*plan);
        so_far.take(spec, ladder, run, &counts, products, watch)?;
        plan.noise = None;
    }
    so_far.combined(spec.two_sided, watch)
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
    let (models, runs) = ([model(spec, run, watch)?], std::slice::from_ref(run));
    let (names, n_task) = across::columns(runs);
    let asked = across::ask(spec, (&names, n_task), runs, &models, watch)?;
    let [model] = models;
    let contrasts = asked.into_iter().filter_map(|mut asked| asked.parts.pop().flatten());
    let mut plan = plan(spec, run, (model, contrasts.collect()), smoothing)?;
    plan.noise = Some(noise(spec, run, (&plan.model, &plan.contrasts))?);
    Ok(plan)
}

/// The model of a run.
fn model(spec: &GlmSpec, run: &Run, watch: &dyn Watch) -> Result<Model> {
    let (names, matrix) = run.shared();
    let n_planes = run.grid.shape[2];
    let model = Model::new(&matrix, names, run.varying().as_ref(), n_planes, run.dof_spent)?;
    tell_inflation(run, &model, watch);
    let n_volumes = run.header.n_volumes();
    refuse_few(spec, run, model.dof)?;
    if model.dof < FEW_DOF {
        let kept = match run.kept.len() {
            all if all == n_volumes => "leaves".to_owned(),
            kept => format!("keeps {kept} of its {n_volumes} volumes, which leaves"),
        };
        watch.warn(&format!(
            "{} {kept} {} degrees of freedom: its variances are little known, and p over several runs, whose degrees of freedom are summed, is somewhat \
             too small",
            display(&run.path),
            told(model.dof)
        ));
    }
    if let Some(columns) = model.rank_deficiency() {
        let why = deficient::why(run, &columns);
        let why = if why.is_empty() { String::new() } else { format!(": {}", why.join("; ")) };
        watch.warn(&format!(
            "the design of {} is rank deficient{why}; columns involved: {}; the solution of least norm is taken: contrasts of other columns are as without them, \
             leave out what adds nothing",
            display(&run.path),
            columns.join(", ")
        ));
    }
    Ok(model)
}

/// The model of a run with the contrasts that it counts for, and what comes before it; its noise is prepared when it is its turn.
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
    refuse_gaps(spec, run)?;
    Ok(Plan { correct, smooth: smoothing.cloned(), model, contrasts, noise: None })
}

/// Refuse a run of which censoring leaves too little.
fn refuse_few(spec: &GlmSpec, run: &Run, dof: f64) -> Result<()> {
    let n_volumes = run.header.n_volumes();
    if run.kept.len() < n_volumes && dof < spec.min_dof {
        return Err(Error::bad_data(
            display(&run.path),
            format!(
                "keeps {} of its {n_volumes} volumes, which leaves {} degrees of freedom: variances of so few, and rho above all, are hardly known",
                run.kept.len(),
                told(dof)
            ),
            format!("leave {} or more (--min-dof)", told(spec.min_dof)),
            "leave the run out, censor less strictly, choose fewer columns, or say --min-dof",
        ));
    }
    Ok(())
}

/// Columns of each voxel's own take their degrees of freedom from the run's.
fn leave_room(spec: &GlmSpec, plan: &Plan, n_beside: usize, run: &Run) -> Result<()> {
    let left = plan.model.dof - n_beside as f64;
    if n_beside > 0 && left < 1.0 {
        return Err(Error::bad_data(
            display(&run.path),
            format!(
                "leaves {} degrees of freedom beside {n_beside} voxel-wise columns",
                told(left)
            ),
            "leave at least one",
            "choose fewer columns",
        ));
    }
    refuse_few(spec, run, left)
}

/// nilearn's rule is one of runs without gaps.
fn refuse_gaps(spec: &GlmSpec, run: &Run) -> Result<()> {
    if spec.noise == Noise::NilearnAr1 && Pairs::of_kept(&run.kept).has_gaps() {
        return Err(Error::usage(
            "--noise nilearn-ar1",
            format!("is asked for with censored volumes of {}", display(&run.path)),
            "be of runs without gaps: nilearn has no rule for them",
            "use --noise ar1",
        ));
    }
    Ok(())
}

/// How the run's residuals depend on each other, and which rho its fit takes.
fn noise(spec: &GlmSpec, run: &Run, fitted: (&Model, &[Prepared])) -> Result<Autocorrelation> {
    // An F of several rows over runs is that of their summed covariances.
    let joint = spec.runs.len() > 1 && !spec.f_contrasts.is_empty();
    let joint = joint || !spec.voxelwise.is_empty();
    let (rule, used) = match spec.noise {
        Noise::Ols if joint => (Rule::Reml, Used::Zero),
        Noise::Ols => (Rule::Reml, Used::None { all: spec.maps || spec.residuals }),
        Noise::NilearnAr1 => (Rule::Nilearn, Used::Own),
        Noise::Arma11 => (Rule::Reml, Used::Arma11),
        Noise::Ar1 if spec.rho_fwhm_vox == 0.0 => (Rule::Reml, Used::Own),
        Noise::Ar1 => {
            let taps = Taps::new(spec.rho_fwhm_vox, [1.0; 3], Kernel::Sampled);
            (Rule::Reml, Used::Smoothed(taps?))
        }
    };
    let noise = Autocorrelation::new(fitted, Pairs::of_kept(&run.kept), rule, used)?;
    let noise = if joint { noise.with_covariances() } else { noise };
    if spec.maps || spec.residuals { noise.with_maps() } else { Ok(noise) }
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
            told(run.dof_spent),
            100.0 * larger
        ));
    }
}
