//! Files of sessions that lack a column, of which no time is read.

use std::collections::BTreeMap;

use super::NAME;
use crate::error::{Error, Result};
use crate::table::Table;
use crate::trial::{Measured, Notes};

/// The positions of acq_time, session_id and participant_id.
pub(super) type Columns = (usize, usize, Option<usize>);

/// Files by what they lack and how it may be mended.
#[derive(Default)]
pub(super) struct Unread {
    of: BTreeMap<(&'static str, Option<String>), Vec<String>>,
}

impl Unread {
    /// Where a table has what is read; none, noted, where it lacks one of it. `is_of_subject`: its name says whose it is.
    ///
    /// # Errors
    /// As [`Table::optional`].
    pub(super) fn columns(
        &mut self,
        table: &Table,
        is_of_subject: bool,
    ) -> Result<Option<Columns>> {
        let [time, session, person] =
            ["acq_time", "session_id", "participant_id"].map(|column| table.optional(column));
        let (time, session, person) = (time?, session?, person?);
        let lack = match (time, session) {
            (None, _) => ("acq_time", time_as(table)),
            (_, None) => ("session_id", key_as(table, "session_id")),
            _ if person.is_none() && !is_of_subject => {
                ("participant_id", key_as(table, "participant_id"))
            }
            (Some(time), Some(session)) => return Ok(Some((time, session, person))),
        };
        self.of.entry(lack).or_default().push(table.name.clone());
        Ok(None)
    }

    /// Tell what is not read: a file of sessions may have other columns alone, but one that nearly has it is meant to be read.
    pub(super) fn tell(self, notes: &mut Notes) {
        for ((column, hint), files) in self.of {
            let more = match files.len() - 1 {
                0 => String::new(),
                n => format!(" (and {n} more)"),
            };
            let text = format!(
                "when visits were is not read of {}{more}, without a column {column}{}",
                files[0],
                hint.as_ref().map_or(String::new(), |hint| format!(": {hint}"))
            );
            match hint.is_none() && column == "acq_time" {
                true => notes.info(text, Vec::new()),
                false => notes.warn(text, Vec::new()),
            }
        }
    }
}

/// A column that may hold times under another name.
fn time_as(table: &Table) -> Option<String> {
    let is_one = |name: &&String| {
        let name = name.to_lowercase();
        ["acq", "date", "time"].iter().any(|part| name.contains(part))
    };
    let name = table.columns.iter().find(is_one)?;
    Some(format!("is '{name}' meant? then rename it to acq_time, as BIDS calls it"))
}

/// How a key may be there under another name.
fn key_as(table: &Table, key: &str) -> Option<String> {
    let own = Measured { name: NAME.to_owned(), table: table.clone(), ..Measured::default() };
    match own.position(key) {
        Err(Error::Usage(fault)) => Some(fault.hint),
        _ => None,
    }
}
