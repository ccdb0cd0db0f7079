//! Which column was meant by one that is not there.

use crate::design::similar::closest;
use crate::table::Table;

/// What participants and sessions are called elsewhere.
const KEYS: [(&str, &[&str]); 2] = [
    ("session_id", &["session", "ses", "visit", "visit_id", "timepoint", "time_point", "wave"]),
    ("participant_id", &["participant", "subject", "subject_id", "sub", "patient", "patient_id"]),
];

/// The column that is probably the key that lacks, under another name.
pub(super) fn key_as<'a>(key: &str, names: &'a [String]) -> Option<&'a str> {
    let (_, others) = KEYS.iter().find(|(own, _)| *own == key)?;
    let is_one = |name: &&String| others.contains(&name.to_lowercase().as_str());
    names.iter().find(is_one).map(String::as_str)
}

/// The column that was probably meant: of nearly its name, or with more or less of a unit behind it (`pressure`, `pressure_kpa`).
pub(super) fn nearest<'a>(column: &str, names: &'a [String]) -> Option<&'a str> {
    let is_longer = |long: &str, short: &str| {
        long.to_lowercase()
            .strip_prefix(&short.to_lowercase())
            .is_some_and(|rest| rest.starts_with('_'))
    };
    let alike = |name: &&String| is_longer(name, column) || is_longer(column, name);
    closest(column, names).or_else(|| names.iter().find(alike).map(String::as_str))
}

/// Said of a table that has a column for each visit of what was asked for, and so no column of it.
pub(super) fn wide<'a>(tables: impl Iterator<Item = &'a Table>, column: &str) -> Option<String> {
    let start = format!("{}_", column.to_lowercase());
    let is_one = |name: &&String| name.to_lowercase().starts_with(&start);
    let mut all = tables.filter(|table| table.position("session_id").is_none());
    all.find_map(|table| {
        let own: Vec<&str> = table.columns.iter().filter(is_one).map(String::as_str).collect();
        (own.len() > 1).then(|| {
            format!(
                "{} of {} look like one visit each: put each visit into a row of its own, with participant_id, session_id and one column {column}",
                own.join(", "),
                table.name
            )
        })
    })
}
