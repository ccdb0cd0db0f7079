//! Variables of the inputs of a level above the run: their entities, and what the dataset's tables say of their subjects, sessions and runs.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::found::Found;
use super::named::listed;
use crate::bids::Entities;
use crate::bids::variables::{Value, Variables};
use crate::entity;
use crate::error::{Error, Result};
use crate::io;
use crate::io::dataset::File;
use crate::pipeline::watch::Watch;
use crate::table::Table;

/// A value that is not known.
const NOT_KNOWN: &str = "n/a";

/// What columns of subjects may be missed for.
const NO_PARTICIPANTS: &str =
    "BIDS_DIR has no participants.tsv, whose columns are what is known of subjects";

/// The tables, as they are needed.
pub(super) struct People {
    /// `participants.tsv`
    participants: Option<Table>,
    /// Those of runs, then of sessions, each with the entities of its file.
    others: Vec<(Entities, &'static str, Table)>,
}

impl People {
    /// Those of the raw dataset.
    ///
    /// # Errors
    /// Those of reading participants.tsv; one without the column that says whose a row is.
    pub fn read(found: &Found, watch: &dyn Watch) -> Result<People> {
        let raw = &found.raw;
        let participants = raw.files.iter().find(|f| f.path == Path::new("participants.tsv"));
        let read = |file: &File| io::tsv::read(&raw.at(file));
        let participants = participants.map(read).transpose()?;
        if let Some(table) =
            participants.as_ref().filter(|t| t.position("participant_id").is_none())
        {
            return Err(lacks(table, "participant_id"));
        }
        let participants = participants.map(|table| agreed(table, watch));
        let mut others = Vec::new();
        for (suffix, id) in [("scans", "filename"), ("sessions", "session_id")] {
            for file in raw.of_suffix(suffix, &[".tsv"]) {
                let table = read(file).and_then(|table| match table.position(id) {
                    Some(_) => Ok(table),
                    None => Err(lacks(&table, id)),
                });
                // Few models need them, and an analysis of others must not end at one.
                match table {
                    Ok(table) => others.push((file.entities.clone(), id, table)),
                    Err(error) => watch.warn(&format!("{error}; it is left out")),
                }
            }
        }
        Ok(People { participants, others })
    }

    /// An error about what a level above the run does not know, with why that may be.
    pub fn why(&self, error: Error) -> Error {
        let is_unknown = error.fault().is_some_and(|fault| {
            ["no variable", "which no "].iter().any(|word| fault.found.contains(word))
        });
        match self.participants.is_none() && is_unknown {
            true => error.with_hint(NO_PARTICIPANTS),
            false => error,
        }
    }

    /// Subjects that participants.tsv names, without `sub-`.
    pub fn subjects(&self) -> Vec<String> {
        let of = |table: &Table| -> Option<Vec<String>> {
            let at = table.position("participant_id")?;
            let ids = table.rows.iter().filter_map(|row| row.get(at));
            Some(ids.map(|id| id.strip_prefix("sub-").unwrap_or(id).to_owned()).collect())
        };
        self.participants.as_ref().and_then(of).unwrap_or_default()
    }

    /// What is known of an input: its entities, and by their names the columns of the tables about its run, session and subject, of the nearest
    /// where several have one. A name that an entity has is the entity's.
    pub fn about(&self, entities: &Entities) -> Entities {
        let mut known = entities.clone();
        let mut add = |table: &Table, id: &str, row: Option<usize>| {
            let Some(row) = row.and_then(|row| table.rows.get(row)) else { return };
            for (column, cell) in table.columns.iter().zip(row).filter(|(column, _)| *column != id)
            {
                known.entry(column.clone()).or_insert_with(|| cell.clone());
            }
        };
        for (own, id, table) in &self.others {
            if !own.iter().all(|(key, value)| entities.get(key) == Some(value)) {
                continue;
            }
            let row = match (*id, entities.get("session")) {
                ("session_id", None) => None,
                ("session_id", Some(session)) => {
                    row_of(table, id, |cell| cell.strip_prefix("ses-").unwrap_or(cell) == session)
                }
                _ => row_of(table, id, |cell| is_of_run(cell, entities)),
            };
            add(table, id, row);
        }
        if let (Some(table), Some(subject)) = (&self.participants, entities.get("subject")) {
            let is_it = |cell: &str| cell.strip_prefix("sub-").unwrap_or(cell) == subject;
            add(table, "participant_id", row_of(table, "participant_id", is_it));
        }
        known
    }
}

/// The variables of inputs of which this is known; what is not known of one is n/a.
///
/// # Errors
/// Those of the variables.
pub(super) fn variables(inputs: &[&Entities]) -> Result<Variables> {
    let mut variables = Variables::of_inputs(inputs.len());
    let keys: BTreeSet<&str> = inputs.iter().flat_map(|of| of.keys()).map(String::as_str).collect();
    for key in keys {
        let texts: Vec<&str> =
            inputs.iter().map(|of| of.get(key).map_or(NOT_KNOWN, String::as_str)).collect();
        match key {
            // Zeros before a label of theirs count.
            "subject" => {
                let labels = texts.iter().map(|label| Value::Text((*label).to_owned()));
                variables.add_values(key, labels.collect())?;
            }
            _ => variables.add_texts(key, &texts)?,
        }
    }
    Ok(variables)
}

/// The table without what two rows of one subject say differently: nobody knows which is true.
fn agreed(mut table: Table, watch: &dyn Watch) -> Table {
    let Some(id) = table.position("participant_id") else { return table };
    let mut first: BTreeMap<String, usize> = BTreeMap::new();
    for at in 0..table.rows.len() {
        let Some(subject) = table.rows[at].get(id).cloned() else { continue };
        let Some(&before) = first.get(&subject) else {
            first.insert(subject, at);
            continue;
        };
        let n = table.rows[at].len().min(table.rows[before].len());
        let differ: Vec<usize> =
            (0..n).filter(|&k| table.rows[at][k] != table.rows[before][k]).collect();
        if differ.is_empty() {
            continue;
        }
        let named: Vec<String> = differ.iter().map(|&k| table.columns[k].clone()).collect();
        watch.warn(&format!(
            "{} has two rows of {subject}, which differ in {}: that counts as not known (n/a)",
            table.name,
            listed(&named)
        ));
        for k in differ {
            table.rows[before][k] = NOT_KNOWN.to_owned();
        }
    }
    table
}

/// The first row whose id is meant.
fn row_of(table: &Table, id: &str, is: impl Fn(&str) -> bool) -> Option<usize> {
    let at = table.position(id)?;
    table.rows.iter().position(|row| row.get(at).is_some_and(|cell| is(cell)))
}

/// Whether a file of scans.tsv is a BOLD image of a run with these entities, or one of its echoes.
fn is_of_run(cell: &str, of: &Entities) -> bool {
    let name = cell.rsplit('/').next().unwrap_or(cell);
    let Some((stem, _)) = name.split_once("_bold.") else { return false };
    let parts = stem.split('_').filter_map(|part| part.split_once('-'));
    parts.filter(|(key, _)| !["echo", "part"].contains(key)).all(|(key, value)| {
        let key = entity::long(key).unwrap_or(key);
        of.get(key).is_some_and(|own| entity::same(key, own, value))
    })
}

fn lacks(table: &Table, id: &str) -> Error {
    Error::bad_data(
        table.name.clone(),
        format!("has no column {id}"),
        "say in it whose each row is",
        "BIDS wants it as the first column",
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bids::variables::Variable;

    #[test]
    fn zeros_before_labels_of_subjects_count_and_those_of_runs_do_not() {
        let of = |subject: &str| -> Entities {
            [("subject", subject), ("run", "01")].map(|(k, v)| (k.to_owned(), v.to_owned())).into()
        };
        let (one, other) = (of("01"), of("2"));
        let variables = variables(&[&one, &other]).expect("variables");
        let got = |name: &str| match variables.get(name) {
            Some(Variable::Inputs(values)) => values.clone(),
            _ => Vec::new(),
        };
        let text = |label: &str| Value::Text(label.to_owned());
        assert_eq!(got("subject"), [text("01"), text("2")]);
        assert_eq!(got("run"), [Value::Number(1.0), Value::Number(1.0)]);
    }
}
