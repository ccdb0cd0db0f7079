//! A model for those who have none: conditions of `trial_type` convolved, confounds by a strategy, runs to subjects by fixed effects, subjects to
//! the dataset. It is a Stats Model as any other, written into the folder of results. Its text is the same whichever subjects are asked for, so
//! it names patterns and a filter that some runs have no use for, of which nobody is told (`Notes::of_a_made_model`).

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::{Value, json};

use super::Read;
use super::found::{Found, FoundRun, find};
use crate::design::contrast::{parse_f, parse_named, parse_t};
use crate::design::strategy::{COMPONENT, without_combined};
use crate::design::{Drift, Strategy, similar};
use crate::error::{Error, Result};
use crate::io;
use crate::pipeline::spec::{BidsSpec, MadeModel};
use crate::pipeline::watch::Watch;

/// The column of conditions.
const CONDITIONS: &str = "trial_type";
/// Slow drift, where the confounds have no cosines.
const HIGH_PASS_HZ: f64 = 1.0 / 128.0;
/// The confounds' own.
const COSINES: &str = "cosine*";

/// The model, and the runs that it is for.
///
/// # Errors
/// Those of the datasets; events without conditions; contrasts of what is none.
pub(super) fn model(
    spec: &BidsSpec,
    asked: &MadeModel,
    watch: &dyn Watch,
) -> Result<(Read, Found)> {
    let without = super::read_text(text(spec, asked, (&[], &[]), &[]), &spec.model)?;
    let found = find(spec, &without.model, watch)?;
    found.runs.iter().try_for_each(|run| has_confounds(asked.strategy, run))?;
    let conditions = conditions(&found)?;
    let contrasts = contrasts(asked, &conditions)?;
    let keys: Vec<&str> = ["session", "task", "acquisition", "reconstruction", "direction", "run"]
        .into_iter()
        .filter(|key| found.runs.iter().any(|run| run.entities.contains_key(*key)))
        .collect();
    for (key, what) in [("session", "sessions"), ("task", "tasks")] {
        let all: BTreeSet<&String> =
            found.runs.iter().filter_map(|run| run.entities.get(key)).collect();
        if all.len() > 1 {
            let all: Vec<String> = all.into_iter().cloned().collect();
            watch.warn(&format!(
                "the model that is made takes the mean over a subject's {what} ({}); a model of your own (-m) compares them, --bids-filter-file chooses one",
                super::named::listed(&all)
            ));
        }
    }
    let components = match asked.strategy.has_components() {
        true => components(&found.runs)?,
        false => Vec::new(),
    };
    let text = text(spec, asked, (&keys, &contrasts), &components);
    let read = super::read_text(text, &spec.model)?;
    Ok((read, found))
}

/// The conditions of all runs.
fn conditions(found: &Found) -> Result<Vec<String>> {
    let mut all = BTreeSet::new();
    for run in &found.runs {
        let Some(path) = &run.events else {
            return Err(Error::missing_input(
                run.name(),
                "has no events",
                "have _events.tsv beside it, or above it in the dataset",
                "a model of one's own (-m) may do without",
            ));
        };
        let table = io::tsv::read(path)?;
        let Some(at) = table.position(CONDITIONS) else {
            return Err(Error::bad_data(
                path.display().to_string(),
                format!("has no column {CONDITIONS}"),
                "have one that names the condition of each event",
                "a model of one's own (-m) may take other columns",
            ));
        };
        let cells = table.rows.iter().filter_map(|row| row.get(at));
        all.extend(cells.filter(|cell| *cell != "n/a" && !cell.is_empty()).cloned());
    }
    Ok(all.into_iter().collect())
}

/// Contrasts over conditions as the model has them.
fn contrasts(asked: &MadeModel, conditions: &[String]) -> Result<Vec<Value>> {
    let one = |(text, is_f): (&String, bool)| {
        let named = parse_named(text)?;
        let rows = match is_f {
            true => parse_f(&named.expression, conditions)
                .map(|rows| rows.rows().into_iter().map(|row| row.to_vec()).collect()),
            false => parse_t(&named.expression, conditions).map(|row| vec![row.to_vec()]),
        };
        let rows: Vec<Vec<f64>> = rows.map_err(|error| of_conditions(error, conditions))?;
        let weighs = |at: &usize| rows.iter().any(|row| row[*at] != 0.0);
        let used: Vec<usize> = (0..conditions.len()).filter(weighs).collect();
        let names: Vec<String> =
            used.iter().map(|&at| format!("{CONDITIONS}.{}", conditions[at])).collect();
        let of = |row: &Vec<f64>| used.iter().map(|&at| row[at]).collect::<Vec<f64>>();
        let weights = match is_f {
            true => json!(rows.iter().map(of).collect::<Vec<_>>()),
            false => json!(of(&rows[0])),
        };
        let test = if is_f { "F" } else { "t" };
        Ok(json!({ "Name": named.name, "ConditionList": names, "Weights": weights, "Test": test }))
    };
    let t = asked.contrasts.iter().map(|text| (text, false));
    let f = asked.f_contrasts.iter().map(|text| (text, true));
    t.chain(f).map(one).collect()
}

/// An error about columns of a design, where the conditions of the events are meant.
fn of_conditions(error: Error, conditions: &[String]) -> Error {
    const COLUMN: &str = "which is no column of the design";
    let Some(fault) = error.fault().filter(|fault| fault.found.contains(COLUMN)) else {
        return error;
    };
    let name = fault.found.split('`').nth(1).unwrap_or_default();
    let hint = match similar::closest(name, conditions) {
        Some(close) => format!("did you mean `{close}`?"),
        None => similar::listing(conditions).replacen("columns", "conditions", 1),
    };
    let found = fault.found.replace(COLUMN, &format!("which is no condition ({CONDITIONS})"));
    Error::usage(&fault.thing, found, "weigh conditions of the events", hint)
}

/// The model's text. `keys`: what tells the runs of a subject apart; `components`: of CompCor. Drift is the model's own unless an option asks for
/// another.
fn text(
    spec: &BidsSpec,
    asked: &MadeModel,
    (keys, contrasts): (&[&str], &[Value]),
    components: &[String],
) -> String {
    let has_drift = spec.fit.drift == Drift::None;
    let mut x = vec![json!(1), json!(format!("{CONDITIONS}.*"))];
    let columns = confounds(asked.strategy, components);
    x.extend(columns.iter().filter(|name| has_drift || *name != COSINES).map(|name| json!(name)));
    let options = match has_drift {
        true => json!({ "HighPassFilterCutoffHz": HIGH_PASS_HZ }),
        false => json!({}),
    };
    let by: Vec<&str> = ["subject"].into_iter().chain(keys.iter().copied()).collect();
    let all = json!({
        "Name": "made",
        "BIDSModelVersion": "1.0.0",
        "Description": "Made by boldly bids without a model: conditions convolved, runs to subjects by fixed effects, subjects to the dataset.",
        "Input": { "task": asked.tasks },
        "Nodes": [
            {
                "Level": "Run",
                "Name": "run_level",
                "GroupBy": by,
                "Transformations": {
                    "Transformer": "pybids-transforms-v1",
                    "Instructions": [
                        { "Name": "Factor", "Input": [CONDITIONS] },
                        { "Name": "Convolve", "Model": "spm", "Input": [format!("{CONDITIONS}.*")] },
                    ],
                },
                "Model": { "X": x, "Type": "glm", "Options": options },
                "Contrasts": contrasts,
            },
            {
                "Level": "Subject",
                "Name": "subject_level",
                "GroupBy": ["subject", "contrast"],
                "Model": { "X": [1], "Type": "meta" },
                "DummyContrasts": { "Test": "t" },
            },
            {
                "Level": "Dataset",
                "Name": "dataset_level",
                "GroupBy": ["contrast"],
                "Model": { "X": [1], "Type": "glm" },
                "DummyContrasts": { "Test": "t" },
            },
        ],
    });
    serde_json::to_string_pretty(&all).unwrap_or_default() + "\n"
}

/// Refuses a run whose confounds are not those that were asked for: patterns alone would take what there is.
fn has_confounds(strategy: Strategy, run: &FoundRun) -> Result<()> {
    let Some(path) = &run.confounds else {
        return Err(Error::missing_input(
            run.name(),
            "has no table of confounds",
            "have _desc-confounds_timeseries.tsv beside its image",
            "a model of one's own (-m) may do without",
        ));
    };
    let table = io::tsv::read(path)?;
    let wanted = columns(strategy);
    let lacks: Vec<String> =
        wanted.iter().filter(|name| table.position(name).is_none()).cloned().collect();
    if lacks.is_empty() {
        return Ok(());
    }
    let has = |other: &&Strategy| {
        let wanted = columns(**other);
        !other.has_components() && wanted.iter().all(|name| table.position(name).is_some())
    };
    let whole: Vec<&str> = Strategy::EVERY.iter().filter(has).map(|other| other.name()).collect();
    let hint = match whole.is_empty() {
        false => format!("take --strategy {}, whose columns it has, or ", whole.join(" or ")),
        true => "it has the columns of no --strategy: ".to_owned(),
    };
    Err(Error::bad_data(
        path.display().to_string(),
        format!(
            "has {} of the {} columns of --strategy {}, and lacks {}",
            wanted.len() - lacks.len(),
            wanted.len(),
            strategy.name(),
            super::named::listed(&lacks)
        ),
        "have them all",
        hint + "a model of your own (-m) says which columns it takes",
    ))
}

/// The columns of a strategy that every run has.
fn columns(strategy: Strategy) -> Vec<String> {
    const ALL: [&str; 4] = ["", "_derivative1", "_power2", "_derivative1_power2"];
    let of = |names: &[&str], n: usize| -> Vec<String> {
        let all =
            names.iter().flat_map(|name| ALL[..n].iter().map(move |end| format!("{name}{end}")));
        all.collect()
    };
    let n_motion = match strategy.name() {
        "6p" => 1,
        "12p" => 2,
        _ => ALL.len(),
    };
    let motion = ["trans_x", "trans_y", "trans_z", "rot_x", "rot_y", "rot_z"];
    let others = match strategy.name() {
        "36p" => of(&["csf", "white_matter", "global_signal"], ALL.len()),
        "simple" => of(&["csf", "white_matter"], 1),
        "scrubbing" => of(&["csf", "white_matter"], ALL.len()),
        _ => Vec::new(),
    };
    [of(&motion, n_motion), others].concat()
}

/// The components that CompCor takes of both tissues together, which must be the same in all runs: a model names them.
///
/// # Errors
/// Bad data: a run without, or with others than the first.
fn components(runs: &[FoundRun]) -> Result<Vec<String>> {
    const HINT: &str = "take 24p, or name components that all runs have (a_comp_cor_00 and so on) in a model of your own (-m)";
    let mut first: Option<(String, Vec<String>)> = None;
    for run in runs {
        let Some(path) = &run.confounds else { continue };
        let all = components_of(path)?;
        let is_combined = |mask: &Option<String>| mask.as_deref() == Some("combined");
        let own: Vec<String> = all
            .iter()
            .filter(|(_, mask)| is_combined(mask))
            .map(|(name, _)| name.clone())
            .collect();
        if own.is_empty() {
            let masks: Vec<Option<String>> = all.into_iter().map(|(_, mask)| mask).collect();
            return Err(Error::bad_data(
                path.display().to_string(),
                without_combined(&masks),
                "have what --strategy compcor takes",
                HINT,
            ));
        }
        match &first {
            None => first = Some((run.name(), own)),
            Some((name, all)) if *all != own => {
                let range = |all: &[String]| match all {
                    [one] => one.clone(),
                    all => format!("{} to {} ({})", all[0], all[all.len() - 1], all.len()),
                };
                return Err(Error::bad_data(
                    format!("--strategy compcor: {}", run.name()),
                    format!("has the components {}, and {name} has {}", range(&own), range(all)),
                    "have the same, for a model names its columns for all runs",
                    HINT,
                ));
            }
            Some(_) => {}
        }
    }
    Ok(first.map_or(Vec::new(), |(_, all)| all))
}

/// The anatomical components of a table, and the mask that the JSON beside it says each is of: `combined`, those of both tissues together.
fn components_of(path: &Path) -> Result<Vec<(String, Option<String>)>> {
    let beside = path.with_extension("json");
    let described = match beside.is_file() {
        true => io::bids::read_json(&beside)?,
        false => serde_json::Map::new(),
    };
    let mask = |name: &String| Some(described.get(name)?.get("Mask")?.as_str()?.to_owned());
    let components = io::tsv::read(path)?.columns.into_iter();
    let components = components.filter(|name| name.starts_with(COMPONENT));
    Ok(components.map(|name| (name.clone(), mask(&name))).collect())
}

/// The columns of a strategy by fMRIPrep's names with these components, and patterns of those that a run has as many of as it happens.
fn confounds(strategy: Strategy, components: &[String]) -> Vec<String> {
    let outliers: &[&str] = if strategy.name() == "scrubbing" { &["motion_outlier*"] } else { &[] };
    let others = [COSINES, "non_steady_state_outlier*"];
    let others = outliers.iter().chain(&others).map(|name| (*name).to_owned());
    columns(strategy).into_iter().chain(components.iter().cloned()).chain(others).collect()
}
