//! The `retroicor` command as a story: open the run, prepare the joint fit, subtract what pulse and breathing explain and, where
//! asked, map what that brought.

use serde_json::Map as Fields;

use crate::error::Result;
use crate::io::bids::Name;
use crate::maps::{Entities, Map};
use crate::pipeline::clean::{self, Prepared, Shared};
use crate::pipeline::inputs::{self, bids_fields};
use crate::pipeline::products::{Account, Draw, Opened, Page, Products};
use crate::pipeline::proof::{Proof, ProofPlan, prove};
use crate::pipeline::session::Session;
use crate::pipeline::spec::{Command, RetroicorSpec};
use crate::pipeline::watch::Watch;
use crate::pipeline::{automask, qc};
use crate::report;

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
    let watch = &session.watch;
    watch.clear();
    let command = Command::Retroicor(spec.clone());
    products.begin(session, &command)?;
    let inputs = command.inputs();
    products.reads(&inputs.into_iter().map(|(_, path)| path).collect::<Vec<_>>())?;
    let as_echo = match &shared {
        Some(shared) => clean::prepare_echo(shared, spec, watch)?,
        None => None,
    };
    let prepared = match (as_echo, shared) {
        (Some(prepared), Some(shared)) => {
            watch.keep(shared.warnings);
            prepared
        }
        _ => clean::prepare(spec, watch)?,
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
    let Prepared { run, projection } = &mut prepared;
    ladder.grant(run.bold.as_mut());
    let header = run.header.for_bold(run.n_volumes);
    let mut out = products.bold(&Entities::of("bold"), &header)?;
    let proof = match &spec.proof {
        Some(options) => {
            let plan = ProofPlan::new(run, projection)?;
            let mask = automask::mask(options.mask.as_deref(), run, watch)?;
            let plan = plan.within(&mask.inside);
            Some(prove(ladder, run.bold.as_mut(), out.as_mut(), &plan, watch)?)
        }
        None => {
            clean::clean_run(ladder, run.bold.as_mut(), out.as_mut(), projection, watch)?;
            None
        }
    };
    out.finish()?;
    if let Some(proof) = &proof {
        proof.lines().iter().for_each(|line| watch.note(line));
        let mask = Map::of_mask(Entities::of("mask").with("desc", "retroicor"), &proof.fitted);
        let maps: Vec<Map> = proof.maps().into_iter().chain([mask]).collect();
        products.maps(&run.header, &maps)?;
    }
    let account = account(spec, prepared, proof)?;
    products.finish(session, account)
}

fn account(spec: &RetroicorSpec, prepared: Prepared, proof: Option<Proof>) -> Result<Account> {
    let Prepared { run, projection } = prepared;
    let spent = projection.dof_spent.iter().max().map_or(0.0, |&n| n as f64);
    let (stages, dof, counts) = match &proof {
        Some(proof) => {
            let dof = proof.dof2.iter().copied().reduce(f64::min);
            (vec!["read", "glm", "contrast", "retroicor"], dof, proof.summary())
        }
        None => (vec!["read", "retroicor"], None, Fields::new()),
    };
    let title = Name::of(&run.path).prefix();
    let of_run = match &run.physio {
        Some(physio) => vec![report::qc::RunQc {
            name: title.clone(),
            design: Some(run.design.clone()),
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
        dof_spent: Some(spent + run.dof_spent),
        resolved: inputs::resolved(&run),
        counts,
        physio: run.summary().cloned().into_iter().collect(),
        bids: bids_fields(run.acquisition.clone(), run.resampled.clone()),
        pages: vec![Page { entities: Entities::of("qc"), ending: ".html", draw }],
        ..Account::of(
            Command::Retroicor(spec.clone()),
            Opened { found: run.found, bolds: vec![run.bold] },
        )
    })
}
