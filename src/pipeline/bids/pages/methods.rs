//! The methods of a model's analysis in words, to be copied.

use std::collections::BTreeSet;

use serde_json::Value;

use super::super::unit::OfRun;
use super::super::{named, recorded};
use super::{Finished, SUBJECT, levels};
use crate::bids::model::{Level, Node, is_fir_delays};
use crate::bids::{Entities, Instruction};
use crate::design::Drift;
use crate::error::Result;
use crate::io::dataset::Dataset;
use crate::pipeline::spec::PhysioFit;
use crate::pipeline::{glm, group};
use crate::report::methods::Sentence;

const BSM: &str =
    "BIDS Stats Models specification 1.0.0. https://bids-standard.github.io/stats-models";
const BIDS: &str = "Gorgolewski KJ, et al. The brain imaging data structure, a format for organizing and describing outputs of neuroimaging experiments. Sci Data 2016;3:160044.";
const FRISTON: &str = "Friston KJ, et al. Statistical parametric maps in functional imaging: a general linear approach. Hum Brain Mapp 1994;2:189-210.";

const EVENTS: &str = "Friston KJ, et al. Event-related fMRI: characterizing differential responses. NeuroImage 1998;7:30-40.";
const RETROICOR: &str = "Glover GH, Li TQ, Ress D. Image-based method for retrospective correction of physiological motion effects in fMRI: RETROICOR. Magn Reson Med 2000;44:162-167.";
const CENSORING: &str = "Power JD, et al. Methods to detect, characterize, and remove motion artifact in resting state fMRI. NeuroImage 2014;84:320-341.";

/// The paragraphs. `physiology`: how pulse and breathing entered.
///
/// # Errors
/// Those of the sidecars of what was tested.
pub(super) fn of(of: &Finished<'_>, physiology: &[String]) -> Result<Vec<Vec<Sentence>>> {
    let plan = of.plan;
    let (spec, model) = (&plan.spec, &plan.read.model);
    let fit = &spec.fit;
    let mut first: Vec<Sentence> = vec![(
        format!(
            "The dataset was analysed by boldly {} as the BIDS Stats Model {} says.",
            env!("CARGO_PKG_VERSION"),
            model.name
        ),
        &[BIDS, BSM],
    )];
    first.extend(preprocessed(of));
    let mut second: Vec<Sentence> = Vec::new();
    let is_fitted = |at: usize| of.of_node(at).next().is_some();
    for (at, node) in model.nodes.iter().enumerate().filter(|(at, _)| is_fitted(*at)) {
        let named = &node.name;
        match node.level {
            Level::Run => {
                let smoothed = match fit.smooth.fwhm_mm {
                    0.0 => "without further smoothing".to_owned(),
                    fwhm => {
                        format!("smoothed by a Gaussian of {fwhm} mm full width at half maximum")
                    }
                };
                let said = format!(
                    "Each run ({named}) was fitted voxel by voxel by a general linear model of the columns {}, {smoothed}, with effects in {}; {}.",
                    levels::columns(of, at),
                    fit.scaling.units(),
                    sampled(of, at)
                );
                first.push((said, &[FRISTON]));
                first.extend(levels::transformed(node, "Its variables were"));
                first.extend(levels::of_runs(of, at, &whose(of, node)));
            }
            _ => second.extend(levels::above(of, (at, node))),
        }
    }
    first.extend(of_runs(of, physiology));
    if run_nodes(of).next().is_some() {
        first.push(glm::residuals(fit.noise, fit.rho_fwhm_vox));
    }
    let tested = plan.inference();
    let tails = super::tails(plan);
    second.push((
        match &tested {
            Some((asked, _)) if asked.test.corrects() => format!(
                "Pictures of the dataset's nodes show p ≤ .05 corrected as is said there, where a correction was asked for; other pictures, and tables of clusters, p < .001 uncorrected ({tails}), which is no test of clusters."
            ),
            _ => format!(
                "Pictures and tables of clusters show p < .001 uncorrected ({tails}); they are no test of clusters."
            ),
        },
        &[],
    ));
    let counted = rearranged(of)?;
    let tested = tested.map(|(asked, nodes)| {
        let lead = format!("Nodes of the dataset ({}) were tested as follows.", nodes.join(", "));
        let lead = std::iter::once((lead, &[][..])).chain(group::variance(&asked.test));
        lead.chain(group::inference(&asked.test, &counted)).collect()
    });
    Ok([first, second].into_iter().chain(tested).collect())
}

/// The rearrangements of every contrast of the dataset's nodes that is finished.
///
/// # Errors
/// Those of the sidecars.
fn rearranged(of: &Finished<'_>) -> Result<Vec<group::Counted>> {
    let mut all = Vec::new();
    if of.plan.spec.inference.as_ref().is_none_or(|asked| asked.test.permute.is_none()) {
        return Ok(all);
    }
    for unit in of.units.iter().filter(|unit| of.plan.level(unit) == Level::Dataset) {
        let Some(sidecar) = recorded::read(unit)? else { continue };
        let of = sidecar.provenance.resolved.get("rearrangements").and_then(Value::as_array);
        all.extend(of.into_iter().flatten().filter_map(group::Counted::of));
    }
    Ok(all)
}

/// The nodes whose units are runs.
fn run_nodes<'a>(of: &'a Finished<'_>) -> impl Iterator<Item = (usize, &'a Node)> {
    let nodes = of.plan.read.model.nodes.iter().enumerate();
    let is_fitted = move |at: usize| of.of_node(at).next().is_some();
    nodes.filter(move |(at, node)| node.level == Level::Run && is_fitted(*at))
}

/// When the columns of a node's runs were sampled.
fn sampled(of: &Finished<'_>, at: usize) -> String {
    let own = || of.of_node(at).filter_map(|unit| unit.run.as_ref());
    let of_slices = |run: &&OfRun| !run.of_slices.is_empty();
    let (n, all) = (own().filter(of_slices).count(), own().count());
    let mut names: Vec<String> = Vec::new();
    for name in own().flat_map(|run| &run.of_slices) {
        if !names.contains(name) {
            names.push(name.clone());
        }
    }
    let one = "columns were sampled at the times of the frames";
    let each = || {
        let names = named::listed(&names);
        format!("the columns {names} were sampled at each slice's own time, and fitted so in it")
    };
    match n {
        0 => one.to_owned(),
        n if n == all => format!("{}; the others are the same in all slices", each()),
        n => format!("in {n} of {all} runs {}; of the others, {one}", each()),
    }
}

/// Of which node something is said, where there are several.
fn whose(of: &Finished<'_>, node: &Node) -> String {
    match run_nodes(of).nth(1) {
        Some(_) => format!(" ({})", node.name),
        None => String::new(),
    }
}

/// What else each run's model held.
fn of_runs(of: &Finished<'_>, physiology: &[String]) -> Vec<Sentence> {
    let fit = &of.plan.spec.fit;
    let runs = || of.units.iter().filter(|unit| of.plan.level(unit) == Level::Run);
    if runs().next().is_none() {
        return Vec::new();
    }
    let mut said: Vec<Sentence> = Vec::new();
    let all: BTreeSet<&Entities> = runs().map(|unit| &unit.entities).collect();
    let subjects: BTreeSet<&str> =
        runs().filter_map(|unit| unit.entities.get(SUBJECT).map(|value| value.as_str())).collect();
    said.push((
        format!("Runs that were fitted: {}, of {}.", all.len(), many(subjects.len(), "subject")),
        &[],
    ));
    for (_, node) in run_nodes(of) {
        let responses = responses(node);
        if !responses.is_empty() {
            said.push((
                format!(
                    "Events were convolved with the haemodynamic response{} {}.",
                    whose(of, node),
                    responses.into_iter().collect::<Vec<_>>().join(", and with ")
                ),
                &[EVENTS],
            ));
        }
    }
    said.extend(drifts(of).into_iter().map(|text| (text, &[][..])));
    if let Some(PhysioFit { terms, .. }) = &fit.physio {
        said.push((
            format!(
                "Pulse and breathing entered as RETROICOR columns of order {} (cardiac), {} (respiratory) and {} x {} (interaction){}.",
                terms.cardiac,
                terms.respiratory,
                terms.interaction.0,
                terms.interaction.1,
                match physiology {
                    [] => String::new(),
                    all => format!("; {}", all.join("; ")),
                }
            ),
            &[RETROICOR],
        ));
    }
    let radius_mm = fit.local.as_ref().map(|local| local.radius_mm);
    said.extend(glm::own_columns(fit.voxelwise.len(), radius_mm));
    said.extend(glm::in_regions(&fit.roi));
    if let Some(rules) = &fit.censor {
        let by = glm::left_out(Some(rules), false);
        let lists = "the table of runs lists them, and what is left keeps its times";
        said.push((
            format!("Volumes were left out{by} (--censor {rules}); {lists}."),
            &[CENSORING],
        ));
    }
    said
}

/// The responses that a node's variables are convolved with, as `Model.HRF` spells them: `spm + derivative`.
fn responses(node: &Node) -> BTreeSet<String> {
    let convolved = node.transformations.iter().filter(|one| one.name == "Convolve");
    let of = |one: &Instruction| {
        let is = |key: &str| one.arguments.get(key).and_then(Value::as_bool).unwrap_or(false);
        let model = one.arguments.get("Model").and_then(Value::as_str).unwrap_or("spm");
        let derivatives = [("Derivative", " + derivative"), ("Dispersion", " + dispersion")];
        let behind = derivatives.iter().filter(|(key, _)| is(key)).map(|(_, words)| *words);
        format!("{model}{}{}", behind.collect::<String>(), delays(one.arguments.get("FirDelays")))
    };
    let own = node.hrf.iter().map(|hrf| {
        let list = hrf.parameters.iter().find(|(key, _)| is_fir_delays(key)).map(|(_, list)| list);
        format!("{}{}", hrf.model, delays(list))
    });
    convolved.map(of).chain(own).collect()
}

/// The delays of a finite impulse response, behind its name.
fn delays(list: Option<&Value>) -> String {
    let Some(list) = list.and_then(Value::as_array) else { return String::new() };
    let list: Vec<String> = list.iter().map(Value::to_string).collect();
    format!(" (delays of {} TR)", list.join(", "))
}

/// How slow drift was modelled, by the columns that runs have: those of `--drift`, the model's own cosines, or those of the confounds in their place;
/// nothing where no run has any by the model's or the command's wish.
pub(super) fn drifts(of: &Finished<'_>) -> Vec<String> {
    if of.plan.spec.fit.drift != Drift::None {
        return run_nodes(of)
            .next()
            .map(|_| glm::drift(of.plan.spec.fit.drift))
            .into_iter()
            .collect();
    }
    let mut said = Vec::new();
    for (at, node) in run_nodes(of) {
        let Some(hz) = node.high_pass_hz else { continue };
        let own = || of.of_node(at);
        let with = |stem: &str| {
            own().filter(|unit| unit.columns.iter().any(|name| name.starts_with(stem))).count()
        };
        let (all, of_model, of_table) = (own().count(), with("drift_"), with("cosine"));
        let some =
            |n: usize| if n == all { String::new() } else { format!(" in {n} of {all} runs") };
        let of = whose(of, node);
        if of_model > 0 {
            let cosines = glm::drift(Drift::Cosine { cutoff_s: rounded(1.0 / hz) });
            said.push(format!("{}{of}{}.", cosines.trim_end_matches('.'), some(of_model)));
        }
        if of_table > 0 {
            said.push(format!("Slow drift{of}: the columns cosine* of the confounds, in place of the model's own high-pass filter{}.", some(of_table)));
        }
    }
    said
}

/// Seconds to four digits behind the point.
fn rounded(seconds: f64) -> f64 {
    (seconds * 1e4).round() / 1e4
}

/// What made the images that were fitted, and their space.
fn preprocessed(of: &Finished<'_>) -> Option<Sentence> {
    let runs = &of.plan.found.runs;
    let is_of = |of: &Dataset| runs.iter().any(|run| run.bold.starts_with(&of.root));
    let makers = of.plan.found.derivatives.iter().filter(|(_, of)| is_of(of));
    let mut by: Vec<String> = Vec::new();
    for own in makers.filter_map(|(_, of)| of.description.get("GeneratedBy")?.as_array()) {
        let text = |one: &Value, key: &str| Some(one.get(key)?.as_str()?.to_owned());
        let named = own.iter().filter_map(|one| {
            let name = text(one, "Name")?;
            Some(text(one, "Version").map_or(name.clone(), |version| format!("{name} {version}")))
        });
        by.extend(named);
    }
    by.dedup();
    let spaces: BTreeSet<&str> =
        runs.iter().filter_map(|run| run.entities.get("space").map(|own| own.as_str())).collect();
    let spaces: Vec<&str> = spaces.into_iter().collect();
    let space = match spaces[..] {
        [] => String::new(),
        _ => format!(" in the space {}", spaces.join(", ")),
    };
    let said = match (by.is_empty(), space.is_empty()) {
        (true, true) => return None,
        (true, false) => format!("Its images were{space}."),
        _ => format!("Its images were preprocessed by {}{space}.", by.join(" and ")),
    };
    Some((said, &[]))
}

/// So many of them: `1 subject`, `2 subjects`.
fn many(n: usize, noun: &str) -> String {
    if n == 1 { format!("1 {noun}") } else { format!("{n} {noun}s") }
}
