//! What sidecars of finished outputs say against what the rerun says.

use std::path::Path;

use serde_json::{Map as Fields, Value, json};

use crate::error::Result;
use crate::pipeline::comparison::Comparison;
use crate::pipeline::products::Text;
use crate::pipeline::provenance::{self, sidecar_path};

/// A fault where a sidecar's fields are not those of the rerun.
pub(super) fn blame(sidecar: &Path, wrong: &[&str], comparison: &mut Comparison) {
    if !wrong.is_empty() {
        let name = sidecar.file_name().unwrap_or_default().to_string_lossy();
        let fault = format!("{name} says other things of {} than the rerun", json!(wrong));
        comparison.faults.push(fault);
    }
}

/// Fields that sidecars of schema 2 had not from the first: one that lacks them is of an earlier version.
const LATER: [&str; 1] = ["DegreesOfFreedomVary"];
/// Tables, by the end of their names, that had no sidecar from the first.
const WITHOUT: [&str; 3] = ["design", "slice-groups", "maxima"];

/// The fields of an output's sidecar must be those of the rerun. One of schema 1 has others, or none.
pub(super) fn check(
    path: &Path,
    want: &Fields<String, Value>,
    comparison: &mut Comparison,
) -> Result<()> {
    check_but(path, want, |_| false, comparison)
}

/// The same of a table. What is said of columns may be less, or bare words: an earlier version described fewer, and some tables not at all. That a
/// sidecar was edited its own checksum tells.
pub(super) fn check_table(path: &Path, text: &Text, comparison: &mut Comparison) -> Result<()> {
    let Some(fields) = text.described() else { return Ok(()) };
    let entities = text.entities.stem("");
    let is_later = WITHOUT.iter().any(|suffix| entities.rsplit('_').next() == Some(suffix));
    if is_later && !sidecar_path(path).is_file() {
        return Ok(());
    }
    check_but(path, fields, |key| text.columns().any(|column| column == key), comparison)
}

fn check_but(
    path: &Path,
    want: &Fields<String, Value>,
    is_column: impl Fn(&str) -> bool,
    comparison: &mut Comparison,
) -> Result<()> {
    let sidecar = sidecar_path(path);
    if !sidecar.is_file() {
        let name = sidecar.file_name().unwrap_or_default().to_string_lossy();
        comparison.faults.push(format!("{name} is gone"));
        return Ok(());
    }
    let own = provenance::read(&sidecar)?;
    if own.as_ref().is_some_and(|own| own.provenance.schema == 1) {
        return Ok(());
    }
    let fields = own.map(|own| own.fields).unwrap_or_default();
    let is_off = |key: &&String| match fields.get(*key) {
        Some(got) if is_column(key) => contradicts(got, &want[*key]),
        Some(got) => !alike(got, &want[*key]),
        None => !is_column(key) && !LATER.contains(&key.as_str()),
    };
    let wrong = want.keys().filter(is_off).map(String::as_str);
    blame(&sidecar, &wrong.collect::<Vec<_>>(), comparison);
    Ok(())
}

/// What describes a column in words, which another version may find better ones for.
const WORDS: [&str; 2] = ["Description", "LongName"];

/// Whether an entry says something else of a column than the rerun's: of what both say, but for the words.
fn contradicts(got: &Value, want: &Value) -> bool {
    let (Some(got), Some(want)) = (got.as_object(), want.as_object()) else { return false };
    let mut told = got.iter().filter(|(key, _)| !WORDS.contains(&key.as_str()));
    told.any(|(key, got)| want.get(key).is_some_and(|want| !alike(got, want)))
}

/// Whether two JSON values say the same, numbers to six digits: they may come from another machine.
pub(super) fn alike(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Number(a), Value::Number(b)) => {
            let (a, b) = (a.as_f64().unwrap_or(f64::NAN), b.as_f64().unwrap_or(f64::NAN));
            a == b || (a - b).abs() <= 1e-6 * a.abs().max(b.abs())
        }
        (Value::Array(a), Value::Array(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| alike(a, b))
        }
        (Value::Object(a), Value::Object(b)) => {
            a.len() == b.len() && a.iter().all(|(key, a)| b.get(key).is_some_and(|b| alike(a, b)))
        }
        (a, b) => a == b,
    }
}
