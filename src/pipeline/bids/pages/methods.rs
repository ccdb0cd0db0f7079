//! The methods of a model's analysis in words, to be copied.

use std::collections::BTreeSet;

use super::{Plan, SUBJECT};
use crate::bids::model::{Kind, Level};
use crate::pipeline::group;
use crate::pipeline::spec::Combining;
use crate::report::methods::Sentence;

const BSM: &str =
    "BIDS Stats Models specification 1.0.0. https://bids-standard.github.io/stats-models";
const BIDS: &str = "Gorgolewski KJ, et al. The brain imaging data structure, a format for organizing and describing outputs of neuroimaging experiments. Sci Data 2016;3:160044.";
const FRISTON: &str = "Friston KJ, et al. Statistical parametric maps in functional imaging: a general linear approach. Hum Brain Mapp 1994;2:189-210.";

const EVENTS: &str = "Friston KJ, et al. Event-related fMRI: characterizing differential responses. NeuroImage 1998;7:30-40.";
const RETROICOR: &str = "Glover GH, Li TQ, Ress D. Image-based method for retrospective correction of physiological motion effects in fMRI: RETROICOR. Magn Reson Med 2000;44:162-167.";
const CENSORING: &str = "Power JD, et al. Methods to detect, characterize, and remove motion artifact in resting state fMRI. NeuroImage 2014;84:320-341.";

/// The paragraphs.
pub(super) fn of(plan: &Plan) -> Vec<Vec<Sentence>> {
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
    let mut second: Vec<Sentence> = Vec::new();
    let is_fitted = |at: usize| plan.units.iter().any(|unit| unit.node == at);
    for (_, node) in model.nodes.iter().enumerate().filter(|(at, _)| is_fitted(*at)) {
        let named = &node.name;
        match (node.level, node.kind) {
            (Level::Run, _) => {
                let smoothed = match fit.smooth.fwhm_mm {
                    0.0 => "without further smoothing".to_owned(),
                    fwhm => {
                        format!("smoothed by a Gaussian of {fwhm} mm full width at half maximum")
                    }
                };
                let said = format!(
                    "Each run ({named}) was fitted voxel by voxel by a general linear model of the columns {}, {smoothed}, with the noise model {} and effects in {}; columns were sampled at the times of the frames.",
                    columns(&node.x),
                    fit.noise.name(),
                    fit.scaling.units()
                );
                first.push((said, &[FRISTON]));
            }
            (_, Kind::Meta) => {
                let how = match spec.combine {
                    Combining::Mean => "as their mean, the error from the estimates' variances",
                    _ => "weighed by their precision",
                };
                second.push((
                    format!("Estimates were combined ({named}) by fixed effects, {how}."),
                    &[],
                ));
            }
            (_, Kind::Glm) => second.push((
                format!(
                    "Estimates were compared ({named}) by least squares over {}.",
                    columns(&node.x)
                ),
                &[],
            )),
        }
    }
    first.extend(of_runs(plan));
    let tested = spec.inference.as_ref().filter(|_| !second.is_empty());
    let tails = super::tails(plan);
    second.push((
        match tested {
            Some(_) => format!(
                "Pictures of the dataset's nodes show p ≤ .05 corrected as is said there, where a correction was asked for; other pictures, and tables of clusters, p < .001 uncorrected ({tails}), which is no test of clusters."
            ),
            None => format!(
                "Pictures and tables of clusters show p < .001 uncorrected ({tails}); they are no test of clusters."
            ),
        },
        &[],
    ));
    let tested = tested.map(|asked| {
        let lead = "Nodes of the dataset were tested as follows.".to_owned();
        std::iter::once((lead, &[][..])).chain(group::inference(&asked.test)).collect()
    });
    [first, second].into_iter().chain(tested).collect()
}

/// What else each run's model held.
fn of_runs(plan: &Plan) -> Vec<Sentence> {
    let (fit, nodes) = (&plan.spec.fit, &plan.read.model.nodes);
    let runs = || plan.units.iter().filter(|unit| plan.level(unit) == Level::Run);
    let Some(first) = runs().next() else { return Vec::new() };
    let node = &nodes[first.node];
    let mut said: Vec<Sentence> = Vec::new();
    let subjects: BTreeSet<&str> =
        runs().filter_map(|unit| unit.entities.get(SUBJECT).map(|value| value.as_str())).collect();
    said.push((
        format!("Runs that were fitted: {}, of {} subjects.", runs().count(), subjects.len()),
        &[],
    ));
    let convolved = node.transformations.iter().filter(|one| one.name == "Convolve");
    let models = convolved.filter_map(|one| one.arguments.get("Model")?.as_str());
    let models: BTreeSet<&str> =
        models.chain(node.hrf.as_ref().map(|hrf| hrf.model.as_str())).collect();
    if !models.is_empty() {
        let models = models.into_iter().collect::<Vec<_>>().join(", ");
        said.push((
            format!(
                "Events were convolved with the haemodynamic response of the model ({models})."
            ),
            &[EVENTS],
        ));
    }
    if let Some(cutoff) = node.high_pass_hz {
        said.push((
            format!("Slow drift: discrete cosines with periods of {:.4} s or more.", 1.0 / cutoff)
                .replace(".0000 s", " s"),
            &[],
        ));
    }
    if let Some(terms) = &fit.physio {
        said.push((
            format!(
                "Pulse and breathing entered as RETROICOR columns of order {} (cardiac), {} (respiratory) and {} x {} (interaction) where they were recorded.",
                terms.cardiac, terms.respiratory, terms.interaction.0, terms.interaction.1
            ),
            &[RETROICOR],
        ));
    }
    if fit.censor.is_some() {
        said.push((
            "Volumes were left out as the table of runs lists them; what is left keeps its times."
                .to_owned(),
            &[CENSORING],
        ));
    }
    said
}

/// The columns of a design in words.
fn columns(x: &[String]) -> String {
    let of = |name: &String| if name == "1" { "a constant".to_owned() } else { name.clone() };
    x.iter().map(of).collect::<Vec<_>>().join(", ")
}
