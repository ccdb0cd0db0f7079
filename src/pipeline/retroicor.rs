//! The `retroicor` command as a story: open the run, make its echoes one where asked, prepare the joint fit, subtract what pulse and breathing explain and, where
//! asked, map what that brought.

use serde_json::{Map as Fields, json};

use crate::error::{Error, Result};
use crate::io::source::{Empty, Filled, Lacking, Looked, Sampled};
use crate::kernels::nuisance::Projection;
use crate::maps::{Entities, Map};
use crate::physio::BeyondChance;
use crate::pipeline::carried::Carried;
use crate::pipeline::clean::{self, Prepared, Shared};
use crate::pipeline::echoes::{self, OF_AN_ECHO};
use crate::pipeline::inputs::{self, Run, bids_fields};
use crate::pipeline::products::{Account, Draw, Image, Opened, Page, Products};
use crate::pipeline::proof::{Proof, ProofPlan, prove};
use crate::pipeline::session::Session;
use crate::pipeline::spec::{Command, RetroicorSpec};
use crate::pipeline::watch::Watch;
use crate::pipeline::{automask, chance, physio_summary, precision, qc};
use crate::report;

/// What becomes of volumes of zeros.
const CORRECTED: &str = "They are corrected as they are, unless --censor-volumes leaves them out";

/// Correct one image.
///
/// # Errors
/// Input, device and output errors.
pub fn run(
    spec: &RetroicorSpec,
    session: &mut Session<'_>,
    products: &mut dyn Products,
) -> Result<()> {
    echo(spec, None, session, products).map(|_| ())
}

/// Correct one image, with the columns that an echo before it `shared` where it can use them; gives back what the next one
/// may share.
///
/// # Errors
/// As [`run`].
pub fn echo(
    spec: &RetroicorSpec,
    shared: Option<Shared>,
    session: &mut Session<'_>,
    products: &mut dyn Products,
) -> Result<Shared> {
    session.watch.clear();
    let command = Command::Retroicor(spec.clone());
    products.begin(session, &command)?;
    let files = command.inputs();
    products.reads(&files.into_iter().map(|(_, path)| path).collect::<Vec<_>>())?;
    let Session { ladder, watch, .. } = &mut *session;
    inputs::refuse_others(&command, watch)?;
    let as_echo = match &shared {
        Some(shared) => clean::prepare_echo(shared, spec, watch)?,
        None => None,
    };
    let prepared = match (as_echo, shared) {
        (Some(prepared), Some(shared)) => {
            watch.keep(shared.warnings);
            prepared
        }
        _ => clean::prepare(spec, ladder, watch)?,
    };
    let next = prepared.shared(watch.warnings());
    correct(spec, prepared, session, products)?;
    Ok(next)
}

fn correct(
    spec: &RetroicorSpec,
    mut prepared: Prepared,
    session: &mut Session<'_>,
    products: &mut dyn Products,
) -> Result<()> {
    let Session { ladder, watch, .. } = &mut *session;
    let watch: &dyn Watch = watch;
    let Prepared { run, projection, combined } = &mut prepared;
    ladder.grant(run.bold.as_mut());
    inputs::say_skull(&run.path, &run.fields, run.resampled.is_some(), watch);
    precision::for_image(run.bold.as_mut(), (&run.path, &run.grid), watch)?;
    let mut header = run.header.for_bold(run.n_volumes);
    run.acquisition.iter().for_each(|a| header.set_repetition_time(a.tr));
    let mut out = products.bold(Image::run(spec.out_type), &header)?;
    let mut lacking = Lacking::new(run.grid.shape, run.n_volumes);
    let mut empty = Empty::new(run.n_volumes);
    let mut sample;
    let proof = match &spec.proof {
        Some(options) => {
            let plan = ProofPlan::new(run, projection)?;
            let mask = automask::mask(options.mask.as_deref(), run, watch)?;
            let plan = plan.within(&mask.inside);
            sample = chance::sample(run, Some(&mask.inside));
            let mut filled = Filled::new(run.bold.as_mut(), &mut empty);
            let mut looked = Looked::new(&mut filled, &mut lacking);
            let mut source = Sampled::new(&mut looked, &mut sample);
            Some(prove(ladder, &mut source, out.as_mut(), &plan, watch)?)
        }
        None => {
            sample = chance::sample(run, None);
            let mut filled = Filled::new(run.bold.as_mut(), &mut empty);
            let mut looked = Looked::new(&mut filled, &mut lacking);
            let mut source = Sampled::new(&mut looked, &mut sample);
            clean::clean_run(ladder, &mut source, out.as_mut(), projection, watch)?;
            None
        }
    };
    let rounding = out.finish()?;
    rounding.iter().for_each(|cost| watch.note(&cost.to_string()));
    let mut lacks = precision::say_lacking(
        &lacking,
        (&run.path, "they stay so there, and are not corrected"),
        watch,
    );
    lacks.extend(precision::say_empty_of_run(run, empty.volumes(), CORRECTED, watch));
    let fitted = proof.as_ref().map(|proof| &proof.fitted[..]);
    let found = chance::verdict(&sample, run, &spec.design.terms, fitted, watch)?;
    let (columns, spent) = taken_out(run, projection)?;
    products.table(columns.text())?;
    let summary = physio_summary::of_runs(std::slice::from_ref(run), vec![Vec::new()], watch);
    summary.map_or(Ok(()), |table| products.table(table))?;
    let mut maps = echoes::maps(std::slice::from_ref(combined), &[1]);
    if let Some(proof) = &proof {
        proof.lines().iter().for_each(|line| watch.note(line));
        let mask = Map::of_mask(Entities::of("mask").with("desc", "retroicor"), &proof.fitted);
        maps.extend(proof.maps().into_iter().chain([mask]));
    }
    if !maps.is_empty() {
        products.maps(&run.header, &maps)?;
    }
    let mut account = account(spec, prepared, (spent, found), proof)?;
    account.counts.extend(rounding.map(|cost| ("int16".to_owned(), json!(cost))));
    account.counts.extend(lacks);
    products.finish(session, account)
}

/// The columns that a model of the corrected run must hold, those of a correction before this one included, and the degrees of
/// freedom that all of them spend.
fn taken_out(run: &Run, projection: &Projection) -> Result<(Carried, f64)> {
    let Some(groups) = run.modelled() else {
        return Err(Error::internal("retroicor", "has no columns", "have some", ""));
    };
    let spent = clean::spent_in_all(run, projection)?;
    let moments = match run.moment {
        Some((_, at_s)) => Some(vec![at_s; run.grid.shape[2]]),
        None => run.acquisition.as_ref().and_then(|a| a.slice_times.clone()),
    };
    Ok((Carried::of(&groups, moments.as_deref()), spent))
}

fn account(
    spec: &RetroicorSpec,
    prepared: Prepared,
    (spent, found): (f64, Option<BeyondChance>),
    proof: Option<Proof>,
) -> Result<Account> {
    let Prepared { mut run, combined, .. } = prepared;
    let (mut stages, dof, counts) = match &proof {
        Some(proof) => {
            let dof = proof.dof2.iter().copied().reduce(f64::min);
            (vec!["read", "glm", "contrast", "retroicor"], dof, proof.summary())
        }
        None => (vec!["read", "retroicor"], None, Fields::new()),
    };
    let mut resolved = inputs::resolved(&run);
    if let Some(combined) = &combined {
        stages.insert(1, "combine echoes");
        resolved.insert("echoes".to_owned(), combined.resolved());
        run.fields.retain(|name, _| !OF_AN_ECHO.contains(&name.as_str()));
    }
    let title = run.name();
    let of_run = match &run.physio {
        Some(physio) => vec![report::qc::RunQc {
            name: title.clone(),
            design: Some(run.design.clone()),
            confounds: run.confounds.clone(),
            left_out: run.left_out.clone(),
            chance: found.clone(),
            ..qc::of_run(physio)?
        }],
        None => Vec::new(),
    };
    let maps = proof.map(|proof| qc::pictures(&proof, &run.grid));
    let draw: Draw = Box::new(move |provenance| {
        let page = qc::of_provenance(provenance, title, of_run);
        report::qc::page(&report::qc::Qc { maps, ..page })
    });
    Ok(Account {
        stages,
        dof,
        dof_spent: Some(spent),
        resolved,
        counts,
        physio: run.summary().cloned().into_iter().collect(),
        beyond_chance: found.into_iter().collect(),
        bids: bids_fields(run.fields, run.acquisition, run.resampled),
        pages: vec![Page { entities: Entities::of("qc"), ending: ".html", draw }],
        ..Account::of(
            Command::Retroicor(spec.clone()),
            Opened { found: run.found, bolds: vec![run.bold] },
        )
    })
}
