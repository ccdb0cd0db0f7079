//! The pages of a dataset's results, one a subject and one a node of the dataset: made of what lies in the folder of results, whichever command
//! put it there, so that they can be made again without a fit.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use super::doubts::Doubts;
use super::recorded::{self, SUBJECT};
use super::unit::{Unasked, Unit};
use super::{Done, Plan, outside};
use crate::bids::label::label;
use crate::bids::model::Level;
use crate::error::Result;
use crate::pipeline::provenance::{self, Sidecar};
use crate::pipeline::session::Session;
use crate::pipeline::spec::{Command, Inference};
use crate::report::analysis::{Analysis, left_out_note};
use crate::report::bids::{BidsPage, Edge, Node, page};
use crate::report::notes::Note;
use crate::report::page::{FileRead, shell};

use maps::Shown;

mod below;
mod corrected;
mod courses;
mod coverage;
mod designs;
mod fitted;
mod levels;
mod maps;
mod methods;
mod notes;
pub(super) mod physiology;
mod runs;
mod said;
mod weights;

/// Whom a page is about.
#[derive(Clone, Copy)]
enum Of<'a> {
    Subject(&'a str),
    /// A node of the dataset, by its place in the model.
    Node(usize),
}

/// Make them all, and put them into the folder of results; where they are.
///
/// # Errors
/// Those of reading the results, and output errors.
pub(super) fn write(
    plan: &Plan,
    (done, doubts): (&Done, &Doubts),
    session: &Session<'_>,
) -> Result<Vec<PathBuf>> {
    let mut pages = Vec::new();
    for of in all(plan) {
        let html = page(&content(plan, (done, doubts), of, session)?)?;
        let (out, name) = (&plan.spec.out, name(plan, of));
        let path = out.join(&name);
        let list = outside::list_of(out, &name, provenance::Kind::Page, &html)?;
        outside::put_texts(&[(path.clone(), html), list])?;
        pages.push(path);
    }
    Ok(pages)
}

/// What the pages of a plan are called.
pub(super) fn names(plan: &Plan) -> Vec<String> {
    all(plan).into_iter().map(|of| name(plan, of)).collect()
}

fn name(plan: &Plan, of: Of<'_>) -> String {
    match of {
        Of::Subject(label) => format!("sub-{label}.html"),
        Of::Node(at) => format!("node-{}.html", label(&plan.read.model.nodes[at].name)),
    }
}

/// Subjects in the order of their units, then nodes of the dataset that have units.
fn all(plan: &Plan) -> Vec<Of<'_>> {
    let mut subjects: Vec<&str> = Vec::new();
    let mut nodes: Vec<usize> = Vec::new();
    for unit in &plan.units {
        if plan.level(unit) == Level::Dataset {
            nodes.push(unit.node);
        } else if let Some(label) = unit.entities.get(SUBJECT)
            && !subjects.contains(&label.as_str())
        {
            subjects.push(label);
        }
    }
    nodes.dedup();
    subjects.into_iter().map(Of::Subject).chain(nodes.into_iter().map(Of::Node)).collect()
}

/// A plan, and its units that are done as it asks.
struct Finished<'a> {
    plan: &'a Plan,
    units: Vec<&'a Unit>,
}

impl Finished<'_> {
    /// Those of a node.
    fn of_node(&self, at: usize) -> impl Iterator<Item = &Unit> {
        self.units.iter().copied().filter(move |unit| unit.node == at)
    }
}

impl Plan {
    /// How nodes of the dataset were tested where that was asked, and which: those that compare estimates. None where there is no such node.
    fn inference(&self) -> Option<(&Inference, Vec<&str>)> {
        let is_tested = |unit: &&Unit| {
            self.level(unit) == Level::Dataset && matches!(unit.command, Command::Group(_))
        };
        let mut nodes: Vec<&str> = Vec::new();
        for unit in self.units.iter().filter(is_tested) {
            let name = &*self.read.model.nodes[unit.node].name;
            if !nodes.contains(&name) {
                nodes.push(name);
            }
        }
        let asked = self.spec.inference.as_ref()?;
        (!nodes.is_empty()).then_some((asked, nodes))
    }

    /// The units that a page shows, in order.
    fn shown(&self, of: Of<'_>) -> Vec<&Unit> {
        let is_shown = |unit: &&Unit| match of {
            Of::Subject(label) => {
                self.level(unit) != Level::Dataset
                    && unit.entities.get(SUBJECT).is_some_and(|own| own == label)
            }
            Of::Node(at) => unit.node == at,
        };
        self.units.iter().filter(is_shown).collect()
    }
}

fn content(
    plan: &Plan,
    (done, doubts): (&Done, &Doubts),
    of: Of<'_>,
    session: &Session<'_>,
) -> Result<BidsPage> {
    let model = &plan.read.model;
    let units = plan.shown(of);
    let is_done = |unit: &Unit| !is_lost(done, &plan.name(unit));
    // What lies in the place of one that is not done is of something else.
    let read = |unit: &&Unit| if is_done(unit) { recorded::read(unit) } else { Ok(None) };
    let recorded = units.iter().map(read).collect::<Result<Vec<_>>>()?;
    let of_runs = |unit: &&Unit| plan.level(unit) == Level::Run;
    // On the page of a node every run stands in the table; each is shown on its subject's.
    let runs: Vec<&Unit> = match of {
        Of::Subject(_) => units.iter().copied().filter(of_runs).collect(),
        Of::Node(_) => plan.units.iter().filter(of_runs).collect(),
    };
    let is_here = |run: &&Unasked| match of {
        Of::Subject(label) => run.entities.get(SUBJECT).is_some_and(|own| own == label),
        Of::Node(_) => true,
    };
    let unasked: Vec<&Unasked> = plan.unasked.iter().filter(is_here).collect();
    let is_shown = matches!(of, Of::Subject(_));
    let (columns, parts) = runs::of(plan, (&runs, &unasked), &is_done, is_shown)?;
    let lost = parts.iter().filter_map(|run| {
        left_out_note(&run.name, run.left_out.len(), run.design.nrows() + run.left_out.len())
    });
    let lost: Vec<Note> = lost.collect();
    let below = below::below(plan, &units);
    let mut shown: Vec<Shown> = maps::all(plan, &units, &is_done, below.as_ref())?;
    let mut notes = notes::of(plan, of, &units, &recorded);
    notes.extend(lost);
    match of {
        Of::Subject(label) => notes.extend(doubts.on_a_subject(plan, label)),
        Of::Node(at) => {
            let plainly = |note: Note| Note { text: said::plainly(&note.text, plan), ..note };
            notes.extend(doubts.on_a_node(plan, at).into_iter().map(plainly));
        }
    }
    if matches!(of, Of::Subject(_)) {
        notes.extend(courses::add(plan, &mut shown, &session.ladder)?);
    }
    let coverage = coverage::of(plan, &units, &is_done, below.as_ref())?;
    let (kind, title) = match of {
        Of::Subject(label) => ("Subject", format!("sub-{label}")),
        Of::Node(at) => ("Dataset", model.nodes[at].name.clone()),
    };
    let sidecars = || units.iter().zip(&recorded).filter_map(|(u, r)| Some((*u, r.as_ref()?)));
    // Sidecars name files as seen from their own folders.
    let seen = |unit: &Unit, name: &Path| {
        let sidecar = unit.sidecar();
        address(plan, &sidecar.parent().unwrap_or(Path::new("")).join(name))
    };
    let (mut inputs, mut known) = (Vec::new(), HashSet::new());
    for (unit, sidecar) in sidecars() {
        for input in &sidecar.provenance.inputs {
            let path = seen(unit, &input.path);
            let role = input.role.name().to_owned();
            if known.insert((path.clone(), role.clone())) {
                inputs.push(FileRead { path, role, checksum: input.checksum.to_string() });
            }
        }
    }
    let outputs = sidecars().flat_map(|(unit, sidecar)| {
        sidecar.provenance.outputs.iter().map(move |output| seen(unit, &output.name))
    });
    let physiology = physiology::told(plan)?;
    let finished =
        Finished { plan, units: plan.units.iter().filter(|unit| is_done(unit)).collect() };
    let analysis = Analysis {
        kind: kind.to_owned(),
        title,
        version: env!("CARGO_PKG_VERSION").to_owned(),
        command_line: session.command_line.clone(),
        inputs,
        outputs: outputs.collect(),
        notes,
        facts: facts(&finished, &recorded, &physiology, session),
        methods: methods::of(&finished, &physiology)?,
        columns,
        coverage,
        weighed: weights::of(plan, &units),
        runs: parts,
        contrasts: shown.into_iter().map(|one| one.contrast).collect(),
    };
    let about = |name: &String| units.iter().any(|unit| plan.name(unit) == *name);
    let why = |why: &crate::error::Error| said::plainly(&why.to_string(), plan);
    let failed = done.failed.iter().map(|(name, error)| (name.clone(), why(error)));
    let lacking =
        done.lacking.iter().map(|(name, lacks)| (name.clone(), format!("{lacks} is not there")));
    let failed = failed.chain(lacking).filter(|(name, _)| about(name) || matches!(of, Of::Node(_)));
    Ok(BidsPage {
        analysis,
        model: (outside::model_name(&plan.spec, model), plan.read.text.clone()),
        nodes: nodes(&finished, of),
        edges: edges(plan),
        failed: failed.collect(),
    })
}

/// Whether a unit is not what the command asks, whatever lies in its place.
fn is_lost(done: &Done, name: &str) -> bool {
    let failed = done.failed.iter().map(|(name, _)| name);
    failed.chain(done.lacking.iter().map(|(name, _)| name)).any(|own| own == name)
}

/// A page's address on pages that lie in OUT.
fn address(plan: &Plan, page: &Path) -> String {
    provenance::relative(page, &plan.spec.out).to_string_lossy().replace('\\', "/")
}

fn facts(
    finished: &Finished<'_>,
    recorded: &[Option<Sidecar>],
    physiology: &[String],
    session: &Session<'_>,
) -> Vec<(String, String)> {
    let plan = finished.plan;
    let fit = &plan.spec.fit;
    let n_voxels = |name: &str| {
        let counts = recorded.iter().flatten().map(|sidecar| &sidecar.provenance.counts);
        let all: Vec<u64> = counts.filter_map(|counts| counts.get(name)?.as_u64()).collect();
        match (all.iter().min(), all.iter().max()) {
            (Some(least), Some(most)) if least == most => least.to_string(),
            (Some(least), Some(most)) => format!("{least} to {most}"),
            _ => String::new(),
        }
    };
    let smoothing = match fit.smooth.fwhm_mm {
        0.0 => "none".to_owned(),
        fwhm => format!("{fwhm} mm"),
    };
    let device =
        recorded.iter().flatten().map(|sidecar| sidecar.provenance.device.name.clone()).next();
    let drifts: Vec<String> = methods::drifts(finished)
        .into_iter()
        .map(|said| said.strip_prefix("Slow drift: ").map_or(said.clone(), str::to_owned))
        .collect();
    let of_regions = if fit.roi.is_empty() { "" } else { "both tails of t" };
    let all = [
        ("Dataset", plan.found.raw.name()),
        ("Model", plan.read.model.name.clone()),
        ("Test of nodes of the dataset", tested(plan)),
        ("Noise of runs", fit.noise.name().to_owned()),
        ("Smoothing", smoothing),
        ("Slow drift of runs", drifts.join(" ")),
        ("Pulse and breathing", physiology.join("; ")),
        ("Units of effects", fit.scaling.units()),
        ("Voxels in a run's mask", n_voxels("voxels_in_mask")),
        ("Voxels fitted in a run", n_voxels("voxels_fitted")),
        ("Voxels in all estimates", n_voxels("voxels")),
        ("Voxels in any estimate", n_voxels("voxels_of_any")),
        ("p", tails(plan).to_owned()),
        ("p of regions of runs", of_regions.to_owned()),
        ("Device", device.unwrap_or_default()),
        ("Fitted by", fitted_by(recorded, &session.command_line)),
    ];
    let said = all.into_iter().filter(|(_, value)| !value.is_empty());
    said.map(|(name, value)| (name.to_owned(), value)).collect()
}

/// The commands that fitted what a page shows, where they are others than the one that makes the page.
fn fitted_by(recorded: &[Option<Sidecar>], own: &[String]) -> String {
    let lines = recorded.iter().flatten().map(|sidecar| &sidecar.provenance.command_line);
    let mut all: Vec<String> = Vec::new();
    for line in lines.filter(|line| *line != own).map(|line| shell(line)) {
        if !all.contains(&line) {
            all.push(line);
        }
    }
    let more = all.len().saturating_sub(COMMANDS);
    all.truncate(COMMANDS);
    let all = all.join("; ");
    if more > 0 { format!("{all}; and {more} more") } else { all }
}

/// Commands that a page names at most.
const COMMANDS: usize = 3;

/// What p of t counts.
fn tails(plan: &Plan) -> &'static str {
    let is_of_dataset = |unit: &&Unit| plan.level(unit) == Level::Dataset;
    let of = |is: bool| plan.units.iter().filter(move |unit| is_of_dataset(unit) == is);
    let both = |is: bool| of(is).any(Unit::is_two_sided);
    match (both(false), both(true)) {
        (true, _) => "both tails of t",
        (false, true) if of(false).next().is_none() => "both tails of t",
        (false, true) => "upper tail of t; both tails at nodes of the dataset",
        (false, false) => "upper tail of t",
    }
}

/// How the dataset's nodes were tested, and where what came of it is; nothing where each voxel stands by itself.
fn tested(plan: &Plan) -> String {
    plan.inference().map_or(String::new(), |(asked, nodes)| {
        let corrected = if asked.test.corrects() {
            "corrected p stands with each contrast, and all of it"
        } else {
            "nothing is corrected for the number of voxels; all of it stands"
        };
        format!(
            "{} ({}); {corrected} on the pages (_group.html) in the nodes' folders",
            asked.words,
            nodes.join(", ")
        )
    })
}

fn nodes(finished: &Finished<'_>, of: Of<'_>) -> Vec<Node> {
    let plan = finished.plan;
    let here: Vec<usize> = plan.shown(of).iter().map(|unit| unit.node).collect();
    let drawn = plan.read.model.nodes.iter().enumerate().map(|(at, node)| {
        let own = || plan.units.iter().filter(|unit| unit.node == at);
        let mut contrasts: Vec<String> = Vec::new();
        for estimate in own().flat_map(|unit| &unit.estimates) {
            if !contrasts.contains(&estimate.contrast) {
                contrasts.push(estimate.contrast.clone());
            }
        }
        Node {
            name: node.name.clone(),
            level: format!("{:?}", node.level),
            group_by: node.group_by.clone(),
            contrasts,
            n_groups: finished.of_node(at).count(),
            n_planned: own().count(),
            is_here: here.contains(&at),
        }
    });
    drawn.collect()
}

fn edges(plan: &Plan) -> Vec<Edge> {
    let filter = |(key, values): (&String, &Vec<String>)| format!("{key}: {}", values.join(", "));
    let drawn = plan.read.model.edges.iter().map(|edge| Edge {
        from: edge.source,
        to: edge.destination,
        filter: edge.filter.iter().map(filter).collect::<Vec<_>>().join("; "),
    });
    drawn.collect()
}
