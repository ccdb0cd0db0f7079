//! Contrasts, and the dummy contrasts of single columns.

use serde_json::Value;

use super::column::{column, is_blank};
use super::{Contrast, Dummy, Level, Node, Test};
use crate::bids::Notes;
use crate::bids::label::label;
use crate::bids::names::Wanted;
use crate::bids::place::{Place, list, short, text, wrong};
use crate::design::similar;
use crate::error::{Error, Result};

const KEYS: &[&str] = &["Name", "ConditionList", "Weights", "Test", "Type", "Description"];
const DUMMY_KEYS: &[&str] =
    &["Contrasts", "Test", "Type", "Conditions", "ConditionList", "Description"];

/// Most pairs of a condition and a column of X that are compared for remarks.
const MOST_COMPARED: usize = 100_000;

/// `Contrasts` of a node. `meta` becomes true where one asks for `FEMA`.
pub(super) fn read_all(node: &Place, meta: &mut bool, notes: &mut Notes) -> Result<Vec<Contrast>> {
    let at = node.at("Contrasts");
    let mut contrasts: Vec<Contrast> = Vec::new();
    for (i, value) in node.list("Contrasts")?.unwrap_or_default().iter().enumerate() {
        contrasts.extend(one(value, format!("{at}/{i}"), meta, notes)?);
    }
    Ok(contrasts)
}

/// A contrast; none where it is a form that nobody filled in.
fn one(
    value: &Value,
    pointer: String,
    meta: &mut bool,
    notes: &mut Notes,
) -> Result<Option<Contrast>> {
    let place = Place::open(value, pointer, "a contrast", KEYS)?;
    place.text("Description")?;
    let at = place.at("ConditionList");
    let conditions = list(place.need("ConditionList")?, &at)?;
    if !conditions.is_empty() && conditions.iter().all(is_blank) {
        notes.add(&at, "is blank; the contrast is left out");
        return Ok(None);
    }
    let conditions: Vec<String> = conditions
        .iter()
        .enumerate()
        .map(|(i, value)| column(value, &format!("{at}/{i}")))
        .collect::<Result<_>>()?;
    let name = match place.need("Name")? {
        number @ Value::Number(_) => {
            let name = column(number, &place.at("Name"))?;
            notes.add(&place.at("Name"), "is the number 1; taken as the name of the intercept");
            name
        }
        _ => place.name("Name")?.to_owned(),
    };
    if label(&name).is_empty() {
        let at = place.at("Name");
        return Err(wrong(&at, place.need("Name")?, "have a letter or a digit: it names files"));
    }
    let test = test(&place, meta, notes)?;
    let weights = weights(&place)?;
    let contrast = Contrast { name, conditions, weights, test, pointer: place.pointer };
    if contrast.merged().0.len() < contrast.conditions.len() {
        notes.add(&at, "names a condition twice; its weights are added up");
    }
    Ok(Some(contrast))
}

/// `Test`, under its old name too.
fn test(place: &Place, meta: &mut bool, notes: &mut Notes) -> Result<Test> {
    let (key, value) = match (place.get("Test"), place.get("Type")) {
        (None, Some(value)) => {
            notes.add(&place.at("Type"), "is the old name of Test; taken as it");
            ("Type", value)
        }
        (Some(_), Some(value)) => {
            return Err(wrong(&place.at("Type"), value, "be absent: Test is there")
                .with_hint("take it out"));
        }
        _ => ("Test", place.need("Test")?),
    };
    let at = place.at(key);
    let given = text(value, &at)?;
    let (name, test) = match given.to_ascii_lowercase().as_str() {
        "t" => ("t", Test::T),
        "f" => ("F", Test::F),
        "pass" => ("pass", Test::Pass),
        "fema" => {
            *meta = true;
            let said = format!("is {given:?}; taken as \"t\" of a node whose Type is \"meta\"");
            notes.add(&at, said);
            return Ok(Test::T);
        }
        _ => return Err(wrong(&at, value, "be t, F or pass")),
    };
    if given != name {
        notes.add(&at, format!("is {given:?}; taken as {name:?}"));
    }
    Ok(test)
}

/// `Weights`: a row, or rows.
fn weights(place: &Place) -> Result<Vec<Vec<f64>>> {
    let at = place.at("Weights");
    let value = place.need("Weights")?;
    match list(value, &at)? {
        [] => Err(wrong(&at, value, "have a weight for each condition")),
        rows if rows.iter().all(Value::is_array) => {
            let rows = rows.iter().enumerate();
            rows.map(|(i, row)| row_of(row, &format!("{at}/{i}"))).collect()
        }
        _ => Ok(vec![row_of(value, &at)?]),
    }
}

fn row_of(value: &Value, at: &str) -> Result<Vec<f64>> {
    let each = list(value, at)?.iter().enumerate();
    each.map(|(i, value)| weight(value, &format!("{at}/{i}"))).collect()
}

/// A weight: a number, or a fraction as a text (`"1/3"`).
fn weight(value: &Value, pointer: &str) -> Result<f64> {
    let number = match value {
        Value::Number(number) => number.as_f64(),
        Value::String(text) => {
            let (above, below) = text.split_once('/').unwrap_or((text, "1"));
            let number = |text: &str| text.trim().parse::<f64>().ok();
            number(above).zip(number(below)).map(|(above, below)| above / below)
        }
        _ => None,
    };
    number
        .filter(|number| number.is_finite())
        .ok_or_else(|| wrong(pointer, value, "be a number, or a fraction such as \"1/3\""))
}

/// `DummyContrasts` of a node. `meta` becomes true where they ask for `FEMA`.
pub(super) fn dummy(
    node: &Place,
    contrasts: &[Contrast],
    meta: &mut bool,
    notes: &mut Notes,
) -> Result<Option<Dummy>> {
    let Some(value) = node.get("DummyContrasts") else { return Ok(None) };
    let place = Place::open(value, node.at("DummyContrasts"), "dummy contrasts", DUMMY_KEYS)?;
    place.text("Description")?;
    let test = test(&place, meta, notes)?;
    let given: Vec<&str> = ["Contrasts", "Conditions", "ConditionList"]
        .into_iter()
        .filter(|key| place.get(key).is_some())
        .collect();
    let Some((&key, others)) = given.split_first() else {
        return Ok(Some(Dummy { test, columns: None }));
    };
    let at = place.at(key);
    if let Some(other) = others.first() {
        return Err(Error::bad_data(
            place.at(other),
            format!("stands beside {key}"),
            "be there under one name",
            "keep Contrasts",
        ));
    }
    if key != "Contrasts" {
        notes.add(&at, "is another name of Contrasts; taken as it");
    }
    let mut columns: Vec<String> = Vec::new();
    for (i, value) in place.list(key)?.unwrap_or_default().iter().enumerate() {
        let at = format!("{at}/{i}");
        if is_blank(value) {
            notes.add(&at, "is blank; left out");
            continue;
        }
        let name = column(value, &at)?;
        if columns.contains(&name) {
            notes.add(&at, format!("is {:?} once more; taken once", short(&name)));
        } else if contrasts.iter().any(|c| label(&c.name) == label(&name)) {
            notes.add(
                &at,
                format!("is {:?}, a contrast of that name; that one is made", short(&name)),
            );
        } else {
            columns.push(name);
        }
    }
    Ok(Some(Dummy { test, columns: Some(columns) }))
}

/// What a contrast names that X cannot have, and a node that makes nothing.
pub(super) fn remarks(node: &Node, notes: &mut Notes) {
    if node.contrasts.is_empty() && node.dummy.is_none() {
        notes.add(&node.pointer, "has no Contrasts and no DummyContrasts; nothing comes out of it");
    }
    let subject_apart = node.group_by.iter().any(|name| name == "subject");
    if matches!(node.level, Level::Session | Level::Subject) && !subject_apart {
        let said = "does not have \"subject\": estimates of different subjects are fitted together";
        notes.add(&format!("{}/GroupBy", node.pointer), said);
    }
    let conditions = node.contrasts.iter().map(|contrast| contrast.conditions.len()).sum::<usize>();
    // Comparing more would take long, and such a model is nobody's.
    if node.formula.is_some() || conditions * node.x.len() > MOST_COMPARED {
        return;
    }
    let x: Vec<Wanted> = node.x.iter().map(|name| Wanted::new(name)).collect();
    // What `1` makes is called the intercept.
    let is_constant = |name: &str| name == "intercept" && node.x.iter().any(|own| own == "1");
    let has = |name: &str| is_constant(name) || x.iter().any(|wanted| wanted.is(name));
    let strange = |name: &String, at: String, notes: &mut Notes| {
        if !has(name) {
            let meant = similar::closest(name, &node.x).map(|m| format!("; did you mean {m:?}?"));
            let said =
                format!("is {:?}, which X does not have{}", short(name), meant.unwrap_or_default());
            notes.add(&at, said);
        }
    };
    for contrast in &node.contrasts {
        for name in &contrast.conditions {
            strange(name, format!("{}/ConditionList", contrast.pointer), notes);
        }
    }
    // A pattern of dummies stands for columns of X.
    let is_of_x = |name: &&String| {
        let wanted = Wanted::new(name);
        wanted.is_pattern() && node.x.iter().any(|own| wanted.is(own))
    };
    let dummies = node.dummy.iter().flat_map(|dummy| dummy.columns.iter().flatten());
    for name in dummies.filter(|name| !is_of_x(name)) {
        strange(name, format!("{}/DummyContrasts", node.pointer), notes);
    }
}
