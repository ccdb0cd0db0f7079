//! What `--inference` was asked for and is not used at: nodes that combine estimates by fixed effects, and levels without a node of the dataset.

use super::app_level;
use crate::bids::Model;
use crate::bids::model::{Kind, Level};
use crate::pipeline::spec::BidsSpec;

/// A sentence each; none where every node of the dataset is tested as asked, or nothing is asked.
pub(super) fn told(spec: &BidsSpec, model: &Model) -> Vec<String> {
    if spec.inference.is_none() {
        return Vec::new();
    }
    if app_level(Level::Dataset) > spec.level {
        return vec![
            "--inference is not used: it is how nodes of the dataset test, and this level has none (the level dataset has)".to_owned(),
        ];
    }
    let of_dataset = || model.nodes.iter().filter(|node| node.level == Level::Dataset);
    if of_dataset().next().is_none() {
        return vec![
            "--inference is not used: the model has no node of the level Dataset".to_owned(),
        ];
    }
    let meta = of_dataset().filter(|node| node.kind == Kind::Meta);
    meta.map(|node| {
        format!(
            "--inference is not used at node {}, whose Type is meta: fixed effects of the estimates, each voxel by itself; a node of Type glm is tested by it",
            node.name
        )
    })
    .collect()
}
