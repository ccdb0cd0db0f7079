//! The methods of a model's analysis in words, to be copied.

use super::Plan;
use crate::bids::model::{Kind, Level};
use crate::pipeline::spec::Combining;
use crate::report::methods::Sentence;

const BSM: &str =
    "BIDS Stats Models specification 1.0.0. https://bids-standard.github.io/stats-models";
const BIDS: &str = "Gorgolewski KJ, et al. The brain imaging data structure, a format for organizing and describing outputs of neuroimaging experiments. Sci Data 2016;3:160044.";
const FRISTON: &str = "Friston KJ, et al. Statistical parametric maps in functional imaging: a general linear approach. Hum Brain Mapp 1994;2:189-210.";

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
                    node.x.join(", "),
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
                    node.x.join(", ")
                ),
                &[],
            )),
        }
    }
    if let Some(asked) = spec.inference.as_ref().filter(|_| !second.is_empty()) {
        let said =
            format!("Nodes of the dataset were tested as boldly group does with {}.", asked.words);
        second.push((said, &[]));
    }
    second.push((
        "Pictures and tables of clusters show p < .001 uncorrected; they are no test of clusters."
            .to_owned(),
        &[],
    ));
    vec![first, second]
}
