//! What is refused before any file is opened.

use std::path::PathBuf;

use crate::design::contrast::parse_named;
use crate::error::{Error, Result};
use crate::io::bids::{EchoName, without_echo};
use crate::pipeline::inputs::{Run, display};
use crate::pipeline::spec::GlmSpec;
use crate::pipeline::voxelwise::Voxelwise;

/// A model that nothing is asked of.
pub(super) fn no_contrast(spec: &GlmSpec) -> Result<()> {
    if spec.contrasts.is_empty() && spec.f_contrasts.is_empty() {
        return Err(Error::usage(
            "the command line",
            "asks for no contrast",
            "name at least one",
            "for example --contrast 'pain=pain-control'",
        ));
    }
    Ok(())
}

/// Echoes of one run are one measurement: as runs they would count as several.
pub(super) fn echoes_as_runs(spec: &GlmSpec) -> Result<()> {
    let mut runs: Vec<PathBuf> = Vec::new();
    for run in &spec.runs {
        let Some(of_run) = without_echo(&run.bold, EchoName::Entity) else { continue };
        if runs.contains(&of_run) {
            return Err(Error::usage(
                display(&run.bold),
                "is another echo of a run that is given",
                "be a run of its own: echoes that count as runs seem to lessen the variance",
                "give one echo a run, or the echoes of each run to be combined",
            ));
        }
        runs.push(of_run);
    }
    Ok(())
}

/// A contrast of a column that each voxel has for itself: it is none of the design's. A pattern that also fits columns of the design is of these.
pub(super) fn contrasts_of_own_columns(
    spec: &GlmSpec,
    runs: &[Run],
    beside: &[Voxelwise],
) -> Result<()> {
    let own: Vec<&String> = beside.iter().flat_map(|of_run| &of_run.names).collect();
    let shared = || runs.iter().flat_map(|run| &run.design.names);
    for text in spec.contrasts.iter().chain(&spec.f_contrasts) {
        let expression = parse_named(text)?.expression;
        let names_own = |own: &&&String| {
            mentions(&expression, own) && !shared().any(|shared| shared.contains(own.as_str()))
        };
        let Some(own) = own.iter().find(names_own) else { continue };
        return Err(Error::usage(
            format!("contrast `{expression}`"),
            format!("weighs `{own}`, a voxel-wise column"),
            "weigh columns that all voxels share: no contrast can be of one that each voxel has for itself",
            format!(
                "leave `{own}` out of it: the other effects are beside it as it is; to test a series, give it as a confound \
                 (--confounds TABLE)"
            ),
        ));
    }
    Ok(())
}

/// Whether a name stands in an expression by itself, or a pattern there fits it.
fn mentions(expression: &str, name: &str) -> bool {
    let is_of_name = |c: char| c.is_alphanumeric() || c == '_';
    let stands_alone = |(at, _): (usize, &str)| {
        let before = expression[..at].chars().next_back();
        let behind = expression[at + name.len()..].chars().next();
        !before.is_some_and(is_of_name) && !behind.is_some_and(is_of_name)
    };
    let is_pattern = |word: &&str| word.contains(['*', '?']) && word.chars().any(is_of_name);
    let fits = |word: &str| glob::Pattern::new(word).is_ok_and(|pattern| pattern.matches(name));
    expression.match_indices(name).any(stands_alone)
        || expression.split([' ', '+', ',', ';', '(', ')', '@']).filter(is_pattern).any(fits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_mentioned_by_itself_or_by_a_pattern_and_not_as_a_part_of_another() {
        for (expression, is_mentioned) in [
            ("csf", true),
            ("pain - 2*csf", true),
            ("pain;csf@run-1", true),
            ("cs*", true),
            ("csf_derivative1 + acsf", false),
            ("pain*2", false),
        ] {
            assert_eq!(mentions(expression, "csf"), is_mentioned, "{expression}");
        }
    }
}
