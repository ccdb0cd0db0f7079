//! The methods of a group analysis in words, to be copied: what was done and nothing else, with the works it rests on.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::design::group::Resolved;
use crate::pipeline::spec::{
    Correction, ErrorTerm, GivenRegion, GroupSpec, GroupVariance, Inflated, PermuteOptions,
    TfceConvention,
};
use crate::report::methods::Sentence;

const HOLMES: &str = "Holmes AP, Friston KJ. Generalisability, random effects and population inference. NeuroImage 1998;7:S754.";
const WELCH: &str = "Welch BL. The generalization of 'Student's' problem when several different population variances are involved. Biometrika 1947;34:28-35.";
const KNAPP: &str = "Knapp G, Hartung J. Improved tests for a random effects meta-regression with a single covariate. Stat Med 2003;22:2693-2710.";
const FREEDMAN: &str = "Freedman D, Lane D. A nonstochastic interpretation of reported significance levels. J Bus Econ Stat 1983;1:292-298.";
const WINKLER: &str = "Winkler AM, et al. Permutation inference for the general linear model. NeuroImage 2014;92:381-397.";
const TFCE: &str = "Smith SM, Nichols TE. Threshold-free cluster enhancement: addressing problems of smoothing, threshold dependence and localisation in cluster inference. NeuroImage 2009;44:83-98.";
const FDR: &str = "Benjamini Y, Hochberg Y. Controlling the false discovery rate. J R Stat Soc B 1995;57:289-300.";
const FDRY: &str = "Benjamini Y, Yekutieli D. The control of the false discovery rate in multiple testing under dependency. Ann Stat 2001;29:1165-1188.";
const HOLM: &str =
    "Holm S. A simple sequentially rejective multiple test procedure. Scand J Stat 1979;6:65-70.";
const WORSLEY: &str = "Worsley KJ, et al. A unified statistical approach for determining significant signals in images of cerebral activation. Hum Brain Mapp 1996;4:58-73.";
const HIGHLIGHT: &str = "Taylor PA, et al. Highlight results, don't hide them: enhance interpretation, reduce biases and improve reproducibility. NeuroImage 2023;274:120138.";

/// The paragraphs. `subjects`: of every map of the table; `counted`: of its contrasts.
pub(super) fn of(
    spec: &GroupSpec,
    subjects: &[String],
    resolved: &Resolved,
    counted: &[Counted],
) -> Vec<Vec<Sentence>> {
    vec![model(spec, subjects, resolved), inference(spec, counted)]
}

/// How many rearrangements stand behind the p of a contrast.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Counted {
    /// So many, each that stands for its mirror image counted twice.
    pub n: u64,
    /// Whether there are no others.
    pub are_all: bool,
}

impl Counted {
    /// Of a contrast, by what sidecars say of its rearrangements; none where they do not say it.
    #[must_use]
    pub fn of(resolved: &Value) -> Option<Counted> {
        let n = resolved.get("stand_for")?.as_u64()?;
        Some(Counted { n, are_all: resolved.get("exhaustive")?.as_bool()? })
    }

    /// The least and the most of several, and whether those of all, or of none, are all that there are.
    fn range(all: &[Counted]) -> Option<(String, Option<bool>)> {
        let (least, most) =
            (all.iter().map(|own| own.n).min()?, all.iter().map(|own| own.n).max()?);
        let n = if least == most { most.to_string() } else { format!("{least} to {most}") };
        let are_all = all[0].are_all;
        Some((n, all.iter().all(|own| own.are_all == are_all).then_some(are_all)))
    }

    /// In a table: `256, all that there are`; what was asked where nothing is known of any.
    pub(super) fn told(all: &[Counted], options: &PermuteOptions) -> String {
        let (asked, seed) = (options.n, options.seed);
        match Counted::range(all) {
            None => format!("{asked} at most, seed {seed}"),
            Some((n, Some(true))) => format!("{n}, all that there are"),
            Some((n, Some(false))) => format!("{n} random ones, seed {seed}"),
            Some((n, None)) => {
                format!(
                    "{n}: all that there are, or random ones where these are more than {asked} (seed {seed})"
                )
            }
        }
    }
}

fn sentence(text: impl Into<String>, from: &'static [&'static str]) -> Sentence {
    (text.into(), from)
}

fn model(spec: &GroupSpec, subjects: &[String], resolved: &Resolved) -> Vec<Sentence> {
    let n_subjects = subjects.iter().collect::<BTreeSet<_>>().len();
    let mut said = vec![sentence(
        format!(
            "{} maps of {n_subjects} subjects were tested voxel by voxel, subjects as a random effect ({}), by boldly {}.",
            subjects.len(),
            spec.model.name(),
            env!("CARGO_PKG_VERSION")
        ),
        &[HOLMES],
    )];
    let names: Vec<&str> = resolved.strata.iter().map(|stratum| stratum.name.as_str()).collect();
    said.push(sentence(format!("Contrasts: {}.", names.join("; ")), &[]));
    if !spec.covariates.is_empty() {
        said.push(sentence(format!("Covariates: {}.", spec.covariates.join(", ")), &[]));
    }
    said.push(match spec.error {
        ErrorTerm::Partitioned => sentence("Each contrast was tested against its own error.", &[]),
        ErrorTerm::Pooled => sentence("All contrasts were tested against one pooled error.", &[]),
    });
    said.extend(variance(spec));
    said
}

/// Whose variance maps were tested with; nothing of one that all share.
#[must_use]
pub fn variance(spec: &GroupSpec) -> Option<Sentence> {
    match spec.variance {
        GroupVariance::Equal => None,
        GroupVariance::Welch => Some(sentence("Each group had its own variance.", &[WELCH])),
        GroupVariance::Mixed => {
            let factor = match spec.inflated {
                Inflated::KnappHartung => " with Knapp and Hartung's factor",
                Inflated::AtLeastOne => " with Knapp and Hartung's factor, at least 1",
                Inflated::Not => "",
            };
            let text = format!(
                "Mixed effects: each subject's own variance and that between subjects by restricted maximum likelihood{factor}."
            );
            Some(sentence(text, &[KNAPP]))
        }
    }
}

/// How p were found and corrected, and what maps show. `counted`: of the contrasts that were tested; empty where nothing is known of them.
pub fn inference(spec: &GroupSpec, counted: &[Counted]) -> Vec<Sentence> {
    let sides = if spec.two_sided { "two-sided" } else { "one-sided" };
    let mut said = vec![sentence(format!("p of t are {sides}."), &[])];
    if let Some(options) = &spec.permute {
        said.extend(rearranged(options, counted));
    }
    for correction in &spec.corrections {
        said.push(match correction {
            Correction::Fdr => sentence("The false discovery rate was controlled over voxels.", &[FDR]),
            Correction::Fdry => sentence("The false discovery rate was controlled over voxels under any dependence.", &[FDRY]),
            Correction::Bonferroni => sentence("p were corrected by Bonferroni's inequality.", &[]),
            Correction::Holm => sentence("p were corrected by Holm's procedure.", &[HOLM]),
            Correction::Rft => sentence("Family-wise error was controlled by the theory of random fields, smoothness from the residuals.", &[WORSLEY]),
        });
    }
    if !spec.volumes.is_empty() {
        let name = |given: &GivenRegion| match given {
            GivenRegion::Named(volume) => volume.name.clone(),
            GivenRegion::File(path) => {
                format!("each of {}", path.file_name().unwrap_or_default().to_string_lossy())
            }
        };
        let names: Vec<String> = spec.volumes.iter().map(name).collect();
        said.push(sentence(
            format!(
                "p were corrected within each of the volumes that were named beforehand, not for how many these are: {}.",
                names.join(", ")
            ),
            &[WORSLEY],
        ));
    }
    said.push(sentence(
        "Maps are shown whole: voxels that pass opaque and outlined, all others the more faded the further they lie below.",
        &[HIGHLIGHT],
    ));
    said
}

fn rearranged(options: &PermuteOptions, counted: &[Counted]) -> Vec<Sentence> {
    let seed = options.seed;
    let of = "of the residuals given the nuisance";
    let over = match Counted::range(counted) {
        None => format!("{} rearrangements at most {of} (seed {seed})", options.n),
        Some((n, Some(true))) => format!("{n} rearrangements {of}, all that there are"),
        Some((n, Some(false))) => format!("{n} random rearrangements {of} (seed {seed})"),
        Some((n, None)) => format!(
            "{n} rearrangements {of}: all that there are, or random ones where these are more than {} (seed {seed})",
            options.n
        ),
    };
    let said = format!("Family-wise error was controlled by the largest statistic over {over}.");
    let mut said = vec![sentence(said, &[FREEDMAN, WINKLER])];
    if let Some(how) = options.tfce {
        let how = match how {
            TfceConvention::Exact => "the exact integral",
            TfceConvention::Fsl => "sums as FSL",
            TfceConvention::Nilearn => "sums as nilearn",
        };
        said.push(sentence(
            format!("Clusters were enhanced without a threshold ({how}, E 0.5, H 2)."),
            &[TFCE],
        ));
    }
    if let Some(p) = options.cluster_p {
        said.push(sentence(format!("Clusters were formed at p {p}."), &[]));
    }
    if options.across {
        said.push(sentence("Corrected p hold for all contrasts together.", &[]));
    }
    said
}
