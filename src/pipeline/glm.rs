//! The `glm` command as a story: open the runs, agree on a mask, build the model, fit run by run, combine, name the maps.

use crate::design::contrast::{NamedContrast, parse_named};
use crate::design::{self, label};
use crate::error::{Error, Result};
use crate::io;
use crate::kernels::contrast::{Prepared, Stat};
use crate::kernels::glm::Model;
use crate::kernels::nuisance::Projection;
use crate::kernels::smooth::{Kernel, Taps};
use crate::maps::{Entities, Map, told};
use crate::pipeline::automask::Common;
use crate::pipeline::decide::ContrastMaps;
use crate::pipeline::echoes;
use crate::pipeline::first_level::{Fitted, Plan};
use crate::pipeline::inputs::{self, Run, display};
use crate::pipeline::noise::{Autocorrelation, Used};
use crate::pipeline::products::Products;
use crate::pipeline::session::Session;
use crate::pipeline::smoothing::Smoothing;
use crate::pipeline::spec::{GlmSpec, Noise, RunSpec};
use crate::pipeline::watch::Watch;
use crate::pipeline::{censor, scaling, smoothing, voxelwise};
use crate::stats::ar1::{Pairs, Rule};
use crate::volume::Grid;

mod account;
mod across;
mod percent;
mod refused;
mod residuals;
mod smoothness;
mod so_far;
mod tables;

use account::{Analysis, account};
use across::Asked;
use percent::Percent;
use so_far::{Combined, SoFar};

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
    censor::apply(&mut runs, &spec.design, spec.mask.as_deref(), ladder, watch)?;
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
    let percents = percent::of(spec, &runs, &models, &asked, watch)?;
    let all_asked: Vec<&Asked> = asked.iter().chain(percents.iter().map(|p| &p.asked)).collect();
    let plan = |(at, (run, model)): (usize, (&Run, Model))| {
        let part = |asked: &&Asked| asked.parts.get(at).cloned().flatten();
        let contrasts = all_asked.iter().filter_map(part).collect();
        let mut plan = plan(spec, run, (model, contrasts), smoothing.as_ref())?;
        take_room(&mut plan, beside[at].names.len(), run)?;
        Ok(plan)
    };
    let plans = runs.iter().zip(models).enumerate().map(plan).collect::<Result<Vec<Plan>>>()?;
    let common = Common::new(spec.mask.as_deref(), &grid, runs.len(), watch)?;
    let joint = all_asked.iter().map(|asked| asked.joint.clone()).collect();
    let mut so_far = SoFar::new(spec.combine, joint, common);
    for (at, (plan, beside)) in plans.iter().zip(&mut beside).enumerate() {
        let ahead = ladder.ahead(runs[at].bold.as_ref());
        runs.iter_mut().skip(at + 1).take(ahead).for_each(|run| run.bold.prefetch());
        let n_asked = plan.contrasts.len() - percents.iter().filter(|p| p.counts(at)).count();
        let run = (&mut runs[at], beside, plan);
        so_far.take(spec, ladder, run, n_asked, products, watch)?;
    }
    let Combined { mut all, elsewhere, common, beyond_chance, no_percent, smooth_in } =
        so_far.combined(spec.two_sided, watch)?;
    percent::leave_out(&percents, &mut all, &no_percent, watch);

    watch.stage("write", 1);
    say_peaks(&all.contrasts[..asked.len()], &grid, watch);
    let mut maps = maps(&all, (&labels, &asked, &percents), &plans, &grid);
    if let Some(elsewhere) = elsewhere {
        let others = self::maps(&elsewhere, (&labels, &asked, &percents), &plans, &grid);
        maps.iter_mut().zip(&others).for_each(|(map, other)| map.allow_up_to(&other.values));
    }
    if spec.maps {
        maps.extend(residuals::maps(spec, &all, &plans));
    }
    maps.extend(echoes::maps(&combined));
    scaling::describe(spec.scaling, &mut maps);
    products.maps(&runs[0].header, &maps)?;
    for (number, run) in runs.iter().enumerate() {
        for table in tables::of(run, number, runs.len())? {
            products.table(table)?;
        }
    }
    for table in smoothness::tables(&smooth_in) {
        products.table(table)?;
    }
    let analysis = Analysis {
        all,
        asked,
        common,
        grid,
        plans,
        smoothing,
        beyond_chance,
        combined,
        beside,
        smooth_in,
    };
    let account = account(spec, runs, analysis, watch)?;
    products.finish(session, account)
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
            format!(
                "leaves {} degrees of freedom beside {n_beside} voxel-wise columns",
                told(left)
            ),
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
        Noise::Ols => (Rule::Reml, Used::None { all: spec.maps || spec.residuals }),
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
    let noise = Autocorrelation::new(fitted, pairs, rule, used)?;
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
    (labels, asked, percents): (&[String], &[Asked], &[Percent]),
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
    let mut maps: Vec<Map> = (0..asked.len()).flat_map(of).collect();
    let weights = |at: usize| asked[at].weights(plans.iter().map(|plan| &plan.model));
    maps.extend(percent::maps(percents, (all, labels), grid.plane_len(), weights));
    maps.push(Map::of_mask(Entities::of("mask"), &all.fitted));
    maps
}

/// The largest value of each contrast and where it is.
fn say_peaks(contrasts: &[ContrastMaps], grid: &Grid, watch: &dyn Watch) {
    for c in contrasts {
        let peak = c.stat.iter().enumerate().max_by(|a, b| a.1.total_cmp(b.1));
        if let Some((voxel, value)) = peak {
            let [i, j, k] = grid.coordinates(voxel);
            let [x, y, z] = grid.millimetres([i, j, k]);
            let least = told(c.dof.least());
            let (letter, dof) = match c.stat_kind {
                Stat::T => ("t", least),
                Stat::F => ("F", format!("{} and {least}", c.rank)),
            };
            watch.note(&format!(
                "{}: largest {letter} {value:.3} at ({x:.1}, {y:.1}, {z:.1}) mm, voxel ({i}, {j}, {k}), dof {dof}",
                c.name
            ));
        }
    }
}
