//! `boldly bids --bids-filter-file`: which images are meant, in fMRIPrep's form.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::Value;

use crate::entity;
use crate::error::{Error, Result};
use crate::io::bids::read_json;

/// What files of BOLD images are.
const OF_BOLD: [(&str, &[&str]); 3] = [
    ("suffix", &["bold"]),
    ("datatype", &["func"]),
    ("extension", &[".nii.gz", ".nii", "nii.gz", "nii"]),
];

/// Which BOLD images are meant.
#[derive(Debug, Default)]
pub(super) struct Filter {
    /// Values allowed for entities, long names; an empty one allows images without the entity.
    pub bold: BTreeMap<String, Vec<String>>,
    /// What of the file is not used, a sentence each.
    pub notes: Vec<String>,
}

impl Filter {
    /// `{"bold": {entity: value or values}}`, null for images without the entity; queries of other kinds of images, as fMRIPrep takes them, are noted.
    ///
    /// # Errors
    /// Missing input; bad data: no `bold`, what is no entity, and images that are not those of BOLD.
    pub fn read(path: &Path) -> Result<Filter> {
        let mut all = read_json(path)?;
        let bold = bold(path, all.remove("bold"))?;
        let others: Vec<&str> = all.keys().map(String::as_str).collect();
        let note = || {
            format!(
                "{}: not used, BOLD images alone are chosen by it: {}",
                path.display(),
                others.join(", ")
            )
        };
        let notes = (!others.is_empty()).then(note).into_iter().collect();
        Ok(Filter { bold, notes })
    }
}

fn bold(path: &Path, bold: Option<Value>) -> Result<BTreeMap<String, Vec<String>>> {
    let bad = |found: String, expected: &str| {
        Error::bad_data(
            path.display().to_string(),
            found,
            expected,
            "as in {\"bold\": {\"run\": [\"1\", \"2\"]}}",
        )
    };
    let Some(bold) = bold else {
        return Err(bad("has no \"bold\"".to_owned(), "say which BOLD images are meant"));
    };
    let Value::Object(bold) = bold else {
        return Err(bad(
            "has a \"bold\" that is no object".to_owned(),
            "hold entities with values",
        ));
    };
    let text = |value: &Value| match value {
        // fMRIPrep spells it so, too.
        Value::String(text) if text == "Query.NONE" => Some(String::new()),
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Null => Some(String::new()),
        _ => None,
    };
    let mut filter = BTreeMap::new();
    for (key, value) in bold {
        let Some(name) = entity::long(&key) else {
            return Err(bad(format!("has the key {key} in \"bold\""), "name entities of BIDS"));
        };
        let values = match &value {
            Value::Array(all) => all.iter().map(text).collect(),
            one => text(one).map(|one| vec![one]),
        };
        let values: Option<Vec<String>> = values;
        let values = values.ok_or_else(|| {
            let expected = "hold a value, a list of values, or null for images without it";
            bad(format!("has {value} for {key}"), expected)
        })?;
        let values: Vec<String> = match name {
            "subject" => values.into_iter().map(|v| v.trim_start_matches("sub-").into()).collect(),
            _ => values,
        };
        if filter.contains_key(name) {
            let expected = "name each entity once, by one of its names";
            return Err(bad(format!("has {key}, which is {name} again"), expected));
        }
        match OF_BOLD.iter().find(|(own, _)| *own == name) {
            None => drop(filter.insert(name.to_owned(), values)),
            // Those of BOLD images are known.
            Some((_, own)) if values.iter().any(|value| own.contains(&value.as_str())) => {}
            Some((_, own)) => {
                let expected = format!("be {} for BOLD images, or be left out", own.join(" or "));
                return Err(bad(format!("has {} for {key}", values.join(", ")), &expected));
            }
        }
    }
    Ok(filter)
}
