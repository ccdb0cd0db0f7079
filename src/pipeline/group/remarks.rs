//! What a person who reads the model may want to hear: options that were given and change nothing, and what looks like a slip.

use crate::design::group::{Centre, Resolved};
use crate::design::similar;
use crate::pipeline::spec::{ErrorTerm, GroupSpec, GroupVariance, Inflated};

/// Options that change nothing, a line for each: who gives one expects something of it.
pub(super) fn idle(spec: &GroupSpec, resolved: &Resolved) -> Vec<String> {
    let strata = &resolved.strata;
    let permute = spec.permute.as_ref();
    let has_one_map = strata.iter().all(|s| s.combined.len() == 1 && s.blocks.is_none());
    let n_within = resolved.factors.n_within();
    let all = [
        (
            spec.inflated != Inflated::KnappHartung && spec.variance != GroupVariance::Mixed,
            "--inflate: there are no variances but with --variance mixed",
        ),
        (
            spec.centre != Centre::Overall && spec.covariates.is_empty(),
            "--centre: there are no --covariates (those of a formula or a matrix enter as they are)",
        ),
        (
            spec.two_sided && strata.iter().all(|s| s.is_f),
            "--two-sided: F has one tail, which counts differences in both directions",
        ),
        (
            spec.error == ErrorTerm::Pooled && has_one_map && n_within < 2,
            "--error pooled: each subject has one map, so that there is one error already",
        ),
        (
            spec.variance == GroupVariance::Welch && strata.iter().all(|s| s.groups.len() < 2),
            "--variance welch: no groups are compared, so that there is one variance",
        ),
        (
            permute.is_some_and(|o| o.whole && o.blocks.is_none())
                && strata.iter().all(|s| s.blocks.is_none()),
            "--whole-blocks: there are no --blocks, and each subject has one map",
        ),
        (
            permute.is_some_and(|o| o.across) && strata.len() < 2,
            "--fwe-across-contrasts: there is one contrast",
        ),
    ];
    let lines = all.into_iter().filter(|(idle, _)| *idle);
    lines.map(|(_, line)| format!("without effect: {line}")).collect()
}

/// Levels that may be one, and an error that supposes more than a reader may think.
pub(super) fn suspects(spec: &GroupSpec, resolved: &Resolved) -> Vec<String> {
    let mut all = Vec::new();
    let factors = &resolved.factors;
    for factor in factors.between.iter().chain(&factors.within) {
        if let Some(([one, other], how)) = factor.alike() {
            all.push(format!(
                "{}: '{one}' and '{other}' are two levels, which {how}; are they one?",
                factor.column
            ));
        }
    }
    if let Some(between) = &factors.between {
        let of_subjects = factors.group.iter().filter_map(|&at| between.levels.get(at).cloned());
        let of_subjects: Vec<String> = of_subjects.collect();
        all.extend(similar::rare_slip(&of_subjects).map(|[(one, few), (other, many)]| {
            format!(
                "{}: '{one}' ({few} of {} subjects) is nearly '{other}' ({many}); are they one?",
                between.column,
                of_subjects.len()
            )
        }));
    }
    if spec.error == ErrorTerm::Pooled && factors.n_within() > 2 {
        all.push(
            "--error pooled supposes that the differences of any two conditions have one variance (sphericity); --error partitioned supposes nothing of the kind"
                .to_owned(),
        );
    }
    all
}
