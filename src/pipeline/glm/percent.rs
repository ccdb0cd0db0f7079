//! Percent signal change of t contrasts: Σ c_j p_j beta_j in percent of the voxel's mean, p_j the peak of column j's response to one event
//! of its condition's median duration ([`crate::design::reference`]). Each column is measured by its own event before they are contrasted, so that
//! conditions of unlike durations are compared by the change that each makes. It is one more contrast, c_j p_j, of the same fit.

use serde_json::{Map as Fields, Value, json};

use super::across::Asked;
use crate::design::Reference;
use crate::error::Result;
use crate::kernels::contrast::{Prepared, Stat};
use crate::kernels::glm::Outline;
use crate::maps::Map;
use crate::pipeline::decide::ContrastMaps;
use crate::pipeline::first_level::Fitted;
use crate::pipeline::inputs::Run;
use crate::pipeline::spec::GlmSpec;
use crate::pipeline::watch::Watch;

/// A contrast that has a map of percent signal change.
pub(super) struct Percent {
    /// Which of the contrasts that were asked for.
    pub(super) of: usize,
    /// That contrast with each weight times its column's peak.
    pub(super) asked: Asked,
    /// What each column of it is measured by, for its sidecar.
    references: Value,
}

/// A column with the response that it is measured by; none where it has none.
type Measured = (String, Option<Reference>);

/// Those of the contrasts that were asked for, where maps are wanted. One that weighs a column without a response, or whose columns a design
/// does not tell apart, has none, and that is said.
///
/// # Errors
/// Those of the responses.
pub(super) fn of(
    spec: &GlmSpec,
    runs: &[Run],
    models: &[Outline],
    asked: &[Asked],
    watch: &dyn Watch,
) -> Result<Vec<Percent>> {
    if !spec.maps {
        return Ok(Vec::new());
    }
    let measured = runs.iter().map(measured).collect::<Result<Vec<_>>>()?;
    let mut all = Vec::new();
    for (of, asked) in asked.iter().enumerate().filter(|(_, a)| a.joint.stat == Stat::T) {
        let of_run =
            |((part, model), measured): ((&Option<Prepared>, &Outline), &Vec<Measured>)| {
                part.as_ref().map(|part| scaled(part, model, measured)).transpose()
            };
        let scaled = asked.parts.iter().zip(models).zip(&measured).map(of_run);
        match scaled.collect::<std::result::Result<Vec<_>, String>>() {
            Err(why) => {
                watch.note(&format!("no percent signal change of '{}': {why}", asked.joint.name))
            }
            Ok(scaled) => {
                let (parts, mut references): (Vec<_>, Vec<_>) = scaled
                    .into_iter()
                    .map(|of_run| match of_run {
                        Some((part, reference)) => (Some(part), reference),
                        None => (None, Value::Null),
                    })
                    .unzip();
                let is_one = references.windows(2).all(|pair| pair[0] == pair[1]);
                let references =
                    if is_one { references.remove(0) } else { Value::Array(references) };
                let asked = Asked { joint: asked.joint.clone(), parts };
                all.push(Percent { of, asked, references });
            }
        }
    }
    Ok(all)
}

/// The columns that come from events, in the order of the design.
fn measured(run: &Run) -> Result<Vec<Measured>> {
    let Some(task) = &run.task else { return Ok(Vec::new()) };
    let references = task.references()?;
    Ok(run.design.names.iter().cloned().zip(references).collect())
}

/// A contrast of a run with each weight times its column's peak, and what the columns are measured by; why there is none.
fn scaled(
    part: &Prepared,
    model: &Outline,
    measured: &[Measured],
) -> std::result::Result<(Prepared, Value), String> {
    let mut contrast = part.contrast.clone();
    let mut said = Fields::new();
    for (name, weight) in model.names.iter().zip(&mut contrast.weights) {
        if *weight == 0.0 {
            continue;
        }
        let reference = measured.iter().find(|(column, _)| column == name);
        let Some((_, Some(reference))) = reference else {
            return Err(format!("its column {name} is no response to events of one condition"));
        };
        *weight *= reference.peak;
        let fields = json!({
            "Condition": reference.condition,
            "Duration": reference.duration_s,
            "Peak": reference.peak,
        });
        said.insert(name.clone(), fields);
    }
    let prepared = Prepared::of(contrast, model);
    let prepared = prepared.map_err(|_| "the design does not tell its columns apart".to_owned())?;
    Ok((prepared, Value::Object(said)))
}

/// The maps, of contrasts that stand behind those that were asked for; `asked`: what their sidecars say of the latter's weights.
pub(super) fn maps(
    percent: &[Percent],
    (all, labels): (&Fitted, &[String]),
    plane_len: usize,
    asked: impl Fn(usize) -> Value,
) -> Vec<Map> {
    let n_asked = all.contrasts.len() - percent.len();
    let of = |(one, maps): (&Percent, &ContrastMaps)| {
        let mut map = maps.percent(&labels[one.of], plane_len);
        map.asked.insert("ContrastWeights".to_owned(), asked(one.of));
        map.asked.insert("ReferenceEvents".to_owned(), one.references.clone());
        map
    };
    percent.iter().zip(&all.contrasts[n_asked..]).map(of).collect()
}

/// What has too little signal in some run, positions in the grid, has no percent.
pub(super) fn leave_out(
    percent: &[Percent],
    all: &mut Fitted,
    no_percent: &[usize],
    watch: &dyn Watch,
) {
    let n_asked = all.contrasts.len() - percent.len();
    let mut left_out: Vec<usize> =
        no_percent.iter().copied().filter(|&voxel| all.fitted[voxel]).collect();
    left_out.sort_unstable();
    left_out.dedup();
    if left_out.is_empty() {
        return;
    }
    watch.warn(&format!(
        "{} voxels have too little signal to be a percentage of (below a tenth of the mask's median): they are 0 in the maps of percent \
         signal change",
        left_out.len()
    ));
    for maps in &mut all.contrasts[n_asked..] {
        for &voxel in &left_out {
            maps.effect[0][voxel] = 0.0;
            maps.variance[0][voxel] = 0.0;
            maps.stat[voxel] = 0.0;
        }
    }
}
