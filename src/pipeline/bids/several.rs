//! Several maps of a subject in one unit of the dataset.

use std::collections::BTreeSet;

use ndarray::Array2;

use super::unit::Estimate;
use crate::bids::model::{Kind, Level, Node};
use crate::design::group::unmodelled;
use crate::error::Result;

/// What t and F do with them, in the words of a sidecar's warning too.
pub(super) const OF_ONE_SUBJECT: &str = "take the maps of one subject for independent";

/// That t and F of a node of the dataset count maps of one subject as if they were of several, where no sum of its columns tells the subjects apart.
///
/// # Errors
/// Those of the design's decomposition.
pub(super) fn of_one_subject(
    node: &Node,
    own: &[(usize, &Estimate)],
    design: &Array2<f64>,
) -> Result<Option<String>> {
    if node.kind != Kind::Glm || node.level != Level::Dataset {
        return Ok(None);
    }
    let whose = |(_, one): &(usize, &Estimate)| {
        one.entities.get("subject").map_or_else(String::new, Clone::clone)
    };
    let whose: Vec<String> = own.iter().map(whose).collect();
    let whose: Vec<&str> = whose.iter().map(String::as_str).collect();
    let several = unmodelled(&whose, design.view())?;
    Ok(several.iter().max_by_key(|(_, n)| *n).map(|(most, n)| {
        let subjects: BTreeSet<&&str> = whose.iter().collect();
        format!(
            "takes {} maps of {} subjects ({n} of sub-{most}), and no columns of X tell the subjects apart: t and F {OF_ONE_SUBJECT}, and p are wrong; \
             take the maps of a subject together first (a node of Level Subject and Type meta before it), or give X a column for each subject (Factor \
             of subject, and subject.* in X)",
            whose.len(),
            subjects.len()
        )
    }))
}
