//! Entities with the labels allowed: `Input`, `Filter`, `Mask`.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::bids::Notes;
use crate::bids::place::{Place, short, wrong};
use crate::design::similar;
use crate::entity;
use crate::error::{Error, Result};

/// An object of names, each with a list of labels; a label alone is taken with a note.
pub(super) fn filter(
    value: &Value,
    pointer: &str,
    what: &'static str,
    notes: &mut Notes,
) -> Result<BTreeMap<String, Vec<String>>> {
    let place = Place::free(value, pointer, what)?;
    let mut filter = BTreeMap::new();
    for (name, value) in place.entries() {
        let at = place.at(name);
        let labels = match value {
            Value::Array(list) => {
                let each = list.iter().enumerate();
                each.map(|(i, value)| label(value, &format!("{at}/{i}"))).collect::<Result<_>>()?
            }
            one => {
                let label = label(one, &at)?;
                notes.add(&at, format!("is {:?} alone; taken as a list of it", short(&label)));
                vec![label]
            }
        };
        let labels = match entity::long(name) {
            Some(long) => without_keys(long, labels, &at, notes),
            None => labels,
        };
        filter.insert(name.clone(), labels);
    }
    Ok(filter)
}

/// A label: a text, or a whole number as a text.
fn label(value: &Value, pointer: &str) -> Result<String> {
    match value {
        Value::String(text) => Ok(text.clone()),
        Value::Number(number) if number.is_u64() => Ok(number.to_string()),
        other => Err(wrong(pointer, other, "be a text or a whole number")),
    }
}

/// The long name of the entity that a key names.
pub(super) fn entity_of(name: &str, pointer: &str) -> Result<&'static str> {
    entity::long(name).ok_or_else(|| {
        let hint = match meant(name) {
            Some(meant) => format!("did you mean {meant:?}?"),
            None => "take it out".to_owned(),
        };
        let expected = "be an entity of BIDS: subject, session, task, run, space, ...";
        Error::bad_data(pointer, "is no entity", expected, hint)
    })
}

/// Labels without the key that belongs before them in a file's name (`sub-01` of subject is `01`).
fn without_keys(long: &str, labels: Vec<String>, pointer: &str, notes: &mut Notes) -> Vec<String> {
    let mut stripped = |label: String| {
        let key = label.split_once('-').filter(|(key, _)| entity::long(key) == Some(long));
        let Some((_, rest)) = key else { return label };
        notes.add(pointer, format!("has {:?}; taken as {:?}", short(&label), short(rest)));
        rest.to_owned()
    };
    labels.into_iter().map(&mut stripped).collect()
}

/// An entity by its short and its long name.
pub(super) fn twice(pointer: &str, long: &str) -> Error {
    Error::bad_data(
        pointer,
        format!("is the entity {long}, which stands here by its other name too"),
        "be there once",
        "put the labels into one list",
    )
}

/// The entity that was probably meant.
pub(super) fn meant(name: &str) -> Option<String> {
    let names: Vec<String> = entity::names().map(str::to_owned).collect();
    similar::closest(name, &names).map(str::to_owned)
}
