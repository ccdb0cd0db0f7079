//! Names of contrasts as BIDS labels, which may hold letters and digits only.

use crate::error::{Error, Result};
use std::collections::HashMap;

/// `trial_type.pain` -> `trialTypePain`, `pain - control` -> `painMinusControl`: `-`, `+`, `>`, `<` become words
/// (as in nilearn), letters with marks become those without ([`letters`](super::letters)), everything else that is no ASCII letter or digit separates words, the later of which start with a
/// capital (as in FitLins). Case is otherwise kept, also that of the first letter.
///
/// # Errors
/// Usage when nothing is left.
pub fn label(name: &str) -> Result<String> {
    written(name).ok_or_else(|| {
        Error::usage(
            format!("contrast name `{}`", super::quoted::short(name)),
            "has no letter or digit that names of files can have",
            "become a part of a file name, with a letter of a to z or a digit",
            "name it, as in 'pain=pain-control'",
        )
    })
}

/// The label of a name, none where nothing is left.
fn written(name: &str) -> Option<String> {
    let mut words: Vec<String> = Vec::new();
    let mut inside = false;
    for c in super::letters::of(name) {
        let spoken = match c {
            '-' => Some("Minus"),
            '+' => Some("Plus"),
            '>' => Some("Gt"),
            '<' => Some("Lt"),
            _ => None,
        };
        if let Some(word) = spoken {
            words.push(word.into());
            inside = false;
        } else if c.is_ascii_alphanumeric() {
            match words.last_mut() {
                Some(word) if inside => word.push(c),
                _ => words.push(c.to_string()),
            }
            inside = true;
        } else {
            inside = false;
        }
    }
    let named = words.iter().any(|w| !matches!(w.as_str(), "Minus" | "Plus" | "Gt" | "Lt"));
    if !named {
        return None;
    }
    let capital = |word: &String| {
        let mut chars = word.chars();
        chars.next().map_or(String::new(), |c| c.to_ascii_uppercase().to_string() + chars.as_str())
    };
    Some(words.iter().take(1).cloned().chain(words.iter().skip(1).map(capital)).collect())
}

/// The labels of several names.
///
/// # Errors
/// Usage where two names give one label (case ignored: file systems may), naming both, or where [`label`] fails.
pub fn labels(names: &[String]) -> Result<Vec<String>> {
    labels_of(("contrasts", "contrast"), names)
}

/// The labels of several names of a kind: what several of it are called, and the entity of file names.
///
/// # Errors
/// As [`labels`].
pub fn labels_of((kind, entity): (&str, &str), names: &[String]) -> Result<Vec<String>> {
    let mut seen: HashMap<String, &String> = HashMap::new();
    let mut labels = Vec::with_capacity(names.len());
    for name in names {
        let label = match kind {
            "contrasts" => label(name)?,
            _ => written(name).ok_or_else(|| nameless((kind, entity), name))?,
        };
        if let Some(other) = seen.insert(label.to_ascii_lowercase(), name) {
            return Err(Error::usage(
                format!("{kind} `{other}` and `{name}`"),
                format!(
                    "would both be written as {entity}-{label}, as file systems that ignore case have it"
                ),
                "have different names",
                match kind {
                    "contrasts" => "rename one, as in 'painVsRest=...'",
                    _ => "rename one",
                },
            ));
        }
        labels.push(label);
    }
    Ok(labels)
}

/// A name of another kind that no file can have.
fn nameless((kind, entity): (&str, &str), name: &str) -> Error {
    Error::usage(
        format!("the name '{}', of the {kind},", super::quoted::short(name)),
        "has no letter of a to z and no digit",
        format!("have one: it becomes a part of names of files, {entity}-NAME"),
        "call it so, as in NAME=..., or in its table",
    )
}
