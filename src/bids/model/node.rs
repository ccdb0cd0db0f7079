//! A node: its level, grouping, model and contrasts.

use std::collections::BTreeMap;

use serde_json::Value;

use super::column::{column, is_blank};
use super::filter::{entity_of, filter, twice};
use super::{Kind, Level, Node, contrast, hrf};
use crate::bids::formula::Formula;
use crate::bids::label::label;
use crate::bids::place::{Place, list, short, text, wrong};
use crate::bids::{Instruction, Notes};
use crate::design::similar;
use crate::entity;
use crate::error::{Error, Result};

const KEYS: &[&str] = &[
    "Level",
    "Name",
    "GroupBy",
    "Transformations",
    "Model",
    "Contrasts",
    "DummyContrasts",
    "Description",
];
const MODEL_KEYS: &[&str] = &[
    "X",
    "Type",
    "Formula",
    "HRF",
    "Options",
    "Software",
    "VarianceComponents",
    "ErrorDistribution",
    "Description",
];
const OPTION_KEYS: &[&str] = &[
    "HighPassFilterCutoffHz",
    "LowPassFilterCutoffHz",
    "ReplaceVariables",
    "Mask",
    "Aggregate",
    "Description",
];

/// The transformer of the specification, and other names of transformers whose instructions are known here.
const TRANSFORMER: &str = "pybids-transforms-v1";
const OTHER_TRANSFORMERS: &[&str] = &["bidspm", "cpp_spm", "bids-matlab_v0.1.0dev"];

/// The node that stands at an index of `Nodes`.
pub(super) fn read(value: &Value, index: usize, notes: &mut Notes) -> Result<Node> {
    let place = Place::open(value, format!("/Nodes/{index}"), "a node", KEYS)?;
    place.text("Description")?;
    let pointer = place.pointer.clone();
    let name = place.name("Name")?.to_owned();
    let level = level(&place, notes)?;
    let group_by = group_by(&place, level, notes)?;
    let transformations = transformations(&place, notes)?;
    let at = place.at("Model");
    let model = Place::open(place.need("Model")?, at, "a model of a node", MODEL_KEYS)?;
    model.text("Description")?;
    let mut kind = kind(&model, notes)?;
    let x = columns(&model, notes)?;
    let formula = model.text("Formula")?;
    let formula = match formula.trim() {
        "" => None,
        formula => Some(Formula::read(formula, &model.at("Formula"))?),
    };
    let hrf = match model.get("HRF") {
        Some(value) => Some(hrf::read(value, &model.at("HRF"), &x, notes)?),
        None => None,
    };
    unused(&model, notes)?;
    let options = options(&model, level, notes)?;
    let mut meta = false;
    let contrasts = contrast::read_all(&place, &mut meta, notes)?;
    let dummy = contrast::dummy(&place, &contrasts, &mut meta, notes)?;
    if meta && kind == Kind::Glm {
        kind = Kind::Meta;
    }
    let node = Node {
        level,
        name,
        group_by,
        transformations,
        kind,
        x,
        formula,
        hrf,
        high_pass_hz: options.high_pass_hz,
        low_pass_hz: options.low_pass_hz,
        mask: options.mask,
        contrasts,
        dummy,
        pointer,
    };
    contrast::remarks(&node, notes);
    Ok(node)
}

/// Holds that no two nodes have one name, nor one label in file names.
pub(super) fn distinct(nodes: &[Node]) -> Result<()> {
    for (i, node) in nodes.iter().enumerate() {
        let own = label(&node.name);
        if own.is_empty() {
            return Err(Error::bad_data(
                format!("{}/Name", node.pointer),
                format!("is {:?}", short(&node.name)),
                "have a letter or a digit: it names a folder of results",
                "",
            ));
        }
        let same = nodes[..i].iter().find(|earlier| label(&earlier.name) == own);
        if let Some(earlier) = same {
            return Err(Error::bad_data(
                format!("{}/Name", node.pointer),
                format!("is {:?} as {} is", short(&node.name), earlier.pointer),
                "be a name of its own, punctuation aside: it names a folder of results",
                "rename one of the two",
            ));
        }
    }
    Ok(())
}

fn level(place: &Place, notes: &mut Notes) -> Result<Level> {
    const LEVELS: [(&str, Level); 4] = [
        ("Run", Level::Run),
        ("Session", Level::Session),
        ("Subject", Level::Subject),
        ("Dataset", Level::Dataset),
    ];
    let given = text(place.need("Level")?, &place.at("Level"))?;
    let known = LEVELS.iter().find(|(name, _)| name.eq_ignore_ascii_case(given));
    let Some((name, level)) = known else {
        let names = LEVELS.map(|(name, _)| name.to_owned());
        let hint = similar::closest(given, &names).map(|m| format!("did you mean {m:?}?"));
        let value = place.need("Level")?;
        return Err(wrong(&place.at("Level"), value, "be Run, Session, Subject or Dataset")
            .with_hint(&hint.unwrap_or_default()));
    };
    if given != *name {
        notes.add(&place.at("Level"), format!("is {given:?}; taken as {name:?}"));
    }
    Ok(*level)
}

fn group_by(place: &Place, level: Level, notes: &mut Notes) -> Result<Vec<String>> {
    let at = place.at("GroupBy");
    let value = place.need("GroupBy").map_err(|e| {
        e.with_hint("list the entities whose values are fitted apart: [\"run\", \"subject\"], [\"subject\", \"contrast\"], [\"contrast\"]")
    })?;
    let mut names: Vec<String> = Vec::new();
    for (i, value) in list(value, &at)?.iter().enumerate() {
        let at = format!("{at}/{i}");
        let given = text(value, &at)?;
        if given.trim().is_empty() {
            return Err(wrong(&at, value, "be an entity or a column of participants.tsv"));
        }
        let name = match entity::long(given) {
            Some(long) if long != given => {
                notes.add(&at, format!("is {given:?}; taken as {long:?}"));
                long
            }
            _ => given,
        };
        if names.iter().any(|earlier| earlier == name) {
            notes.add(&at, format!("is {name:?} once more; taken once"));
        } else {
            names.push(name.to_owned());
        }
    }
    if level == Level::Run && names.iter().any(|name| name == "contrast") {
        return Err(Error::bad_data(
            at,
            "has \"contrast\" at the run level",
            "name entities of runs: contrasts come out of this node",
            "take it out",
        ));
    }
    Ok(names)
}

fn transformations(place: &Place, notes: &mut Notes) -> Result<Vec<Instruction>> {
    let Some(value) = place.get("Transformations") else { return Ok(Vec::new()) };
    let at = place.at("Transformations");
    let (instructions, at) = if let Value::Array(instructions) = value {
        notes.add(&at, "is a list; taken as its Instructions");
        (&instructions[..], at)
    } else {
        let keys = &["Transformer", "Instructions", "Description"];
        let place = Place::open(value, at, "transformations", keys)?;
        place.text("Description")?;
        transformer(&place, notes)?;
        let instructions = place.list("Instructions")?;
        if instructions.is_none() {
            notes.add(&place.pointer, "has no Instructions; taken as none");
        }
        (instructions.unwrap_or_default(), place.at("Instructions"))
    };
    let each = instructions.iter().enumerate();
    each.map(|(i, value)| Instruction::read(value, &format!("{at}/{i}"), notes)).collect()
}

fn transformer(place: &Place, notes: &mut Notes) -> Result<()> {
    let at = place.at("Transformer");
    let Some(value) = place.get("Transformer") else {
        notes.add(&at, format!("is absent; taken as {TRANSFORMER:?}"));
        return Ok(());
    };
    let name = text(value, &at)?;
    if name == TRANSFORMER {
        return Ok(());
    }
    if OTHER_TRANSFORMERS.contains(&name) {
        notes.add(
            &at,
            format!("is {name:?}; its instructions are read as those of {TRANSFORMER:?}, and its own by name"),
        );
        return Ok(());
    }
    Err(wrong(&at, value, &format!("be {TRANSFORMER:?}"))
        .with_hint("the instructions of another transformer may mean something else"))
}

fn kind(model: &Place, notes: &mut Notes) -> Result<Kind> {
    let at = model.at("Type");
    let Some(value) = model.get("Type") else {
        notes.add(&at, "is absent; taken as \"glm\"");
        return Ok(Kind::Glm);
    };
    let given = text(value, &at)?;
    let (name, kind) = match given.to_ascii_lowercase().as_str() {
        "glm" => ("glm", Kind::Glm),
        "meta" => ("meta", Kind::Meta),
        _ => return Err(wrong(&at, value, "be glm or meta")),
    };
    if given != name {
        notes.add(&at, format!("is {given:?}; taken as {name:?}"));
    }
    Ok(kind)
}

/// `X`: names, patterns, and `1`.
fn columns(model: &Place, notes: &mut Notes) -> Result<Vec<String>> {
    let at = model.at("X");
    let value = model.need("X")?;
    let mut x: Vec<String> = Vec::new();
    for (i, value) in list(value, &at)?.iter().enumerate() {
        let at = format!("{at}/{i}");
        if is_blank(value) {
            notes.add(&at, "is blank; left out");
            continue;
        }
        let name = column(value, &at)?;
        if x.contains(&name) {
            notes.add(&at, format!("is {:?} once more; taken once", short(&name)));
        } else {
            x.push(name);
        }
    }
    Ok(x)
}

/// What stands in the model and is not used, each with a note.
fn unused(model: &Place, notes: &mut Notes) -> Result<()> {
    if let Some(value) = model.get("Software") {
        let at = model.at("Software");
        for (name, value) in Place::free(value, at.clone(), "software and its settings")?.entries()
        {
            let settings = Place::free(value, crate::bids::place::below(&at, name), "settings")?;
            if settings.entries().next().is_some() {
                notes.add(&settings.pointer, "are settings of other software; they are not used");
            }
        }
    }
    for key in ["VarianceComponents", "ErrorDistribution"] {
        if model.get(key).is_some() {
            notes.add(&model.at(key), "is not part of the specification any more; it is not used");
        }
    }
    Ok(())
}

struct Options {
    high_pass_hz: Option<f64>,
    low_pass_hz: Option<f64>,
    mask: BTreeMap<String, Vec<String>>,
}

fn options(model: &Place, level: Level, notes: &mut Notes) -> Result<Options> {
    let Some(value) = model.get("Options") else {
        return Ok(Options { high_pass_hz: None, low_pass_hz: None, mask: BTreeMap::new() });
    };
    let place = Place::open(value, model.at("Options"), "options", OPTION_KEYS)?;
    place.text("Description")?;
    if let Some(value) = place.get("Aggregate")
        && text(value, &place.at("Aggregate"))? != "none"
    {
        return Err(wrong(&place.at("Aggregate"), value, "be \"none\"")
            .with_hint("boldly fits every voxel; regions are glm's --roi"));
    }
    if let Some(value) = place.get("ReplaceVariables") {
        return Err(wrong(&place.at("ReplaceVariables"), value, "be absent")
            .with_hint("columns that differ from voxel to voxel are glm's own options"));
    }
    let low_pass_hz = place.above_0("LowPassFilterCutoffHz")?;
    if low_pass_hz.is_some() {
        let said = "is not applied: no low-pass filter is part of the fit";
        notes.add(&place.at("LowPassFilterCutoffHz"), said);
    }
    let high_pass_hz = place.above_0("HighPassFilterCutoffHz")?;
    if level != Level::Run {
        let unused = [
            ("HighPassFilterCutoffHz", "is not used above the run level, which has no time"),
            ("Mask", "is not used above the run level: the masks of the estimates hold"),
        ];
        for (key, said) in unused {
            if place.get(key).is_some() {
                notes.add(&place.at(key), said);
            }
        }
    }
    Ok(Options { high_pass_hz, low_pass_hz, mask: mask(&place, notes)? })
}

fn mask(options: &Place, notes: &mut Notes) -> Result<BTreeMap<String, Vec<String>>> {
    let Some(value) = options.get("Mask") else { return Ok(BTreeMap::new()) };
    let pointer = options.at("Mask");
    let mut mask = BTreeMap::new();
    for (name, labels) in filter(value, &pointer, "the entities of a mask", notes)? {
        let at = crate::bids::place::below(&pointer, &name);
        let long = entity_of(&name, &at)?;
        if mask.insert(long.to_owned(), labels).is_some() {
            return Err(twice(&at, long));
        }
    }
    Ok(mask)
}
