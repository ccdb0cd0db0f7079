//! The `glm` command as a story: open the runs, agree on a mask, build the model, fit run by run, combine, name the maps.

use crate::error::Result;
use crate::io;
use crate::kernels::contrast::Prepared;
use crate::kernels::glm::Model;
use crate::pipeline::automask::Common;
use crate::pipeline::blocks::Ladder;
use crate::pipeline::censor::{self, Within};
use crate::pipeline::echoes::{self, Combination};
use crate::pipeline::first_level::Plan;
use crate::pipeline::inputs::{self, Run};
use crate::pipeline::noise::Autocorrelation;
use crate::pipeline::products::Products;
use crate::pipeline::session::Session;
use crate::pipeline::smoothing::Smoothing;
use crate::pipeline::spec::{GlmSpec, RunSpec};
use crate::pipeline::voxelwise::Voxelwise;
use crate::pipeline::watch::Watch;
use crate::pipeline::{physio_summary, smoothing, voxelwise};
use crate::volume::Grid;

mod account;
mod across;
mod again;
mod deficient;
mod described;
mod in_regions;
mod methods;
mod modelled;
mod named;
mod percent;
mod refused;
mod report;
mod residuals;
mod smoothness;
mod so_far;
mod tables;
mod uncounted;
mod units;
mod unlike;

use account::{Analysis, account};
use across::Asked;
pub use again::courses;
use in_regions::InRegions;
pub use in_regions::refuse_own_columns;
pub use methods::{drift, in_regions, left_out, own_columns, residuals};
use modelled::Told;
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
    let mut questions = ask(spec, &opened, smoothing, watch)?;
    let regions = in_regions::open(spec, &mut opened, &questions, watch)?;
    let mut found = fit(spec, ladder, &mut opened, (&mut questions, regions), products, watch)?;
    percent::leave_out(&questions.percents, &mut found.all, &found.no_percent, watch);
    let all = &found.all;
    all.contrasts.iter().try_for_each(|maps| maps.refuse_beyond_f32(&all.fitted))?;

    watch.stage("write", 1);
    let asked = &found.all.contrasts[..questions.asked.len()];
    named::say_peaks(asked, (&opened.grid, &found.all.fitted), watch);
    let maps = named::maps(spec, &opened, &questions, &found);
    products.maps(&opened.runs[0].header.placed_as(&opened.grid), &maps)?;
    let numbers = inputs::numbers(&opened.runs);
    for (run, &number) in opened.runs.iter().zip(&numbers) {
        for table in tables::of(spec, run, number)? {
            products.table(table)?;
        }
    }
    let elsewhere = residuals::share_elsewhere(spec, &found.all);
    for table in smoothness::tables((&numbers, &found.smooth_in), elsewhere) {
        products.table(table)?;
    }
    let tsnr = found.regions.as_ref().map_or(vec![Vec::new(); opened.runs.len()], InRegions::tsnr);
    if let Some(table) = physio_summary::of_runs(&opened.runs, tsnr, watch) {
        products.table(table)?;
    }
    if let Some(regions) = found.regions.take() {
        for table in regions.tables(spec, (&questions, &found.all), &opened.runs, watch)? {
            products.table(table)?;
        }
    }
    let page = match spec.report && products.draws() {
        true => Some(report::page(spec, ladder, &mut opened, (&mut questions, &found), watch)?),
        false => None,
    };
    let mut account = account(spec, opened, Analysis { questions, found })?;
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
    voxelwise::refuse_runs(&spec.voxelwise, &spec.runs)?;
    inputs::of_one_subject(&spec.runs, "glm", watch)?;
    io::refuse_twins(&spec.runs.iter().flat_map(RunSpec::images).collect::<Vec<_>>())?;
    let mut runs = inputs::open(&spec.runs, &spec.design, watch)?;
    inputs::refuse_one_recording(&runs)?;
    let combined = echoes::combine(&mut runs, spec.mask.as_deref(), ladder, watch)?;
    runs.iter_mut().for_each(|run| ladder.grant(run.bold.as_mut()));
    let within = Within::fitted(spec.mask.as_deref(), spec.scaling);
    censor::apply(&mut runs, &spec.design, within, ladder, watch)?;
    let grid = inputs::common_grid(&runs, watch)?;
    let beside = voxelwise::open(&spec.voxelwise, &mut runs, ladder, watch)?;
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
    models: Vec<Told>,
    /// Of the first run until its turn, which is the next.
    first: Option<Model>,
    /// Of all runs.
    smoothing: Option<Smoothing>,
}

impl Questions {
    /// The contrasts over the runs, those of percent signal change last.
    fn all(&self) -> impl Iterator<Item = &Asked> {
        self.asked.iter().chain(self.percents.iter().map(|percent| &percent.asked))
    }

    /// The contrasts that were asked for, as they are of a run; none where it does not count.
    fn of_run(&self, at: usize) -> impl Iterator<Item = Option<&Prepared>> {
        self.asked.iter().map(move |asked| asked.parts[at].as_ref())
    }

    /// All that is to be done to a run.
    ///
    /// # Errors
    /// What the run's columns do not allow.
    fn plan(&mut self, spec: &GlmSpec, (at, run): (usize, &Run)) -> Result<Plan> {
        let model = match self.first.take_if(|_| at == 0) {
            Some(model) => model,
            None => modelled::model(run)?,
        };
        let contrasts = self.all().filter_map(|asked| asked.parts[at].clone()).collect();
        modelled::plan(spec, run, (model, contrasts), self.smoothing.as_ref())
    }
}

/// Look at each run's model, and prepare the contrasts for it.
fn ask(
    spec: &GlmSpec,
    Opened { runs, beside, .. }: &Opened,
    smoothing: Option<Smoothing>,
    watch: &dyn Watch,
) -> Result<Questions> {
    let (mut models, mut first) = (Vec::with_capacity(runs.len()), None);
    for run in runs {
        let model = modelled::model(run)?;
        models.push(model.outline());
        modelled::say(spec, run, &models[models.len() - 1], watch)?;
        first.get_or_insert(model);
    }
    let (names, n_task) = across::columns(runs);
    let asked = across::ask(spec, (&names, n_task), runs, &models, watch)?;
    modelled::say_weights(spec, (&asked, &models), watch);
    unlike::say((&asked, &models), runs, watch)?;
    for (at, run) in runs.iter().enumerate() {
        let parts = asked.iter().filter_map(|asked| asked.parts[at].as_ref());
        uncounted::tell(run, parts, watch)?;
    }
    let labels = named::labels(spec, &names)?;
    let percents = percent::of(spec, runs, &models, &asked, watch)?;
    let models: Vec<Told> = models.into_iter().map(Told::of).collect();
    for ((run, model), beside) in runs.iter().zip(&models).zip(beside) {
        modelled::refuse_gaps(spec, run)?;
        modelled::leave_room(spec, model, beside.names.len(), run)?;
    }
    Ok(Questions { asked, percents, labels, models, first, smoothing })
}

/// Fit run by run, the next ones read ahead, and combine them.
fn fit(
    spec: &GlmSpec,
    ladder: &mut Ladder,
    Opened { runs, beside, grid, .. }: &mut Opened,
    (questions, regions): (&mut Questions, Option<InRegions>),
    products: &mut dyn Products,
    watch: &dyn Watch,
) -> Result<Combined> {
    let common = Common::new(spec.mask.as_deref(), grid, runs.len(), watch)?;
    let numbers = (runs.len() > 1).then(|| inputs::numbers(runs));
    inputs::say_numbers(runs, watch);
    let joint = questions.all().map(|asked| asked.joint.clone()).collect();
    let mut so_far = SoFar::new(spec.combine, joint, common, regions, numbers);
    for (at, beside) in beside.iter_mut().enumerate() {
        let ahead = ladder.ahead(runs[at].bold.as_ref());
        runs.iter_mut().skip(at + 1).take(ahead).for_each(|run| run.bold.prefetch());
        let n_asked = questions.of_run(at).flatten().count();
        let mut plan = questions.plan(spec, (at, &runs[at]))?;
        // A rerun that finished files are held against draws nothing.
        let of_run = |noise: Autocorrelation| {
            noise.with_beside(beside.names.len()).with_doubts(!products.draws())
        };
        plan.noise = plan.noise.map(of_run);
        let run = (&mut runs[at], beside, &plan);
        so_far.take(spec, ladder, run, n_asked, products, watch)?;
    }
    let mut found = so_far.combined(spec.two_sided, watch)?;
    if let Some(regions) = &mut found.regions {
        for (at, run) in runs.iter_mut().enumerate() {
            let asked: Vec<Option<&Prepared>> = questions.of_run(at).collect();
            regions.take(spec, run, &asked, &found.all.fitted, watch)?;
        }
    }
    Ok(found)
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
    let (model, runs) = (modelled::model(run)?, std::slice::from_ref(run));
    let models = [model.outline()];
    modelled::say(spec, run, &models[0], watch)?;
    let (names, n_task) = across::columns(runs);
    let asked = across::ask(spec, (&names, n_task), runs, &models, watch)?;
    modelled::refuse_gaps(spec, run)?;
    let contrasts = asked.into_iter().filter_map(|mut asked| asked.parts.pop().flatten());
    let contrasts: Vec<Prepared> = contrasts.collect();
    uncounted::tell(run, contrasts.iter(), watch)?;
    modelled::plan(spec, run, (model, contrasts), smoothing)
}
