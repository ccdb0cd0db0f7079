//! All tables of a study, and the columns that a plan names in them.

use std::collections::{BTreeMap, BTreeSet};

use super::{Measured, stem};
use crate::design::similar::closest;
use crate::error::{Error, Result};
use crate::trial::column::Column;
use crate::trial::edges_of_runs::EdgesOfRuns;
use crate::trial::meant;
use crate::trial::moment::Moment;

/// The study's tables, participants.tsv among them.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Tables {
    /// In the order in which they were found.
    pub all: Vec<Measured>,
    /// Edges of runs that `connect` wrote, where the plan takes these.
    pub edges: Option<EdgesOfRuns>,
    /// Means of Fisher's z within networks and between them, where `connect` wrote these beside the edges.
    pub networks: Option<EdgesOfRuns>,
    /// When each participant (`sub-`) was at each session (`ses-`): `acq_time` of sessions.tsv.
    pub times: BTreeMap<(String, String), Moment>,
    /// By what is the same of all spellings of a name or a meaning, the sessions that are called so, once [`Tables::call_sessions_alike`] was asked.
    pub session_names: BTreeMap<String, BTreeSet<String>>,
}

impl Tables {
    /// A table by its name, or by a path that ends in it.
    ///
    /// # Errors
    /// Usage: no such table, with the closest.
    pub fn get(&self, name: &str) -> Result<&Measured> {
        let wanted = stem(name);
        self.all.iter().find(|table| table.name == wanted).ok_or_else(|| {
            let names: Vec<String> = self.all.iter().map(|table| table.name.clone()).collect();
            Error::usage(
                format!("table '{name}'"),
                format!("is not among those of the study: {}", names.join(", ")),
                "be a table of the study, by its file's name without .tsv",
                match closest(wanted, &names) {
                    Some(near) => format!("did you mean '{near}'?"),
                    None => "check the path; a table is in phenotype/ or beside participants.tsv, or given by --table TSV".to_owned(),
                },
            )
        })
    }

    /// A column of the table that it names.
    fn of_table(&self, column: &Column) -> Result<Column> {
        let table = self.get(&column.table)?;
        table.position(&column.column)?;
        Ok(Column { table: table.name.clone(), column: column.column.clone() })
    }

    /// The columns whose names have a colon, as they stand and as a plan has them, without blanks about it.
    fn with_colons(&self) -> Vec<(&str, String)> {
        let all = self.all.iter().flat_map(|table| &table.table.columns);
        let plain = |name: &str| name.split(':').map(str::trim).collect::<Vec<_>>().join(":");
        all.filter(|name| name.contains(':')).map(|name| (name.as_str(), plain(name))).collect()
    }

    /// A column that is no table's by its first colon: one whose own name has that colon.
    ///
    /// # Errors
    /// As [`Tables::resolve`]; where such a column was probably meant with it.
    fn whole(&self, asked: &Column, error: Error) -> Result<Column> {
        let names = self.with_colons();
        let asked = asked.to_string();
        if let Some((own, _)) = names.iter().find(|(_, plain)| *plain == asked) {
            return self.resolve(&Column { table: String::new(), column: (*own).to_owned() });
        }
        let plain: Vec<String> = names.into_iter().map(|(_, plain)| plain).collect();
        match (error, closest(&asked, &plain)) {
            (Error::Usage(mut fault), Some(near)) => {
                fault.hint = match fault.hint.starts_with("did you mean") {
                    true => format!("{} or the column '{near}'?", fault.hint),
                    false => format!("did you mean the column '{near}'?"),
                };
                Err(Error::Usage(fault))
            }
            (error, _) => Err(error),
        }
    }

    /// A plan's column with its table filled in. A column without a table is the one table's that has it; where none has, the one column that ends in `_` and its
    /// name (`pcs` for `sf36_pcs`). What is no table's column may be the name of one that has a colon (`nrs:24h`).
    ///
    /// # Errors
    /// Usage: no such table or column, with the closest, or several.
    pub fn resolve(&self, column: &Column) -> Result<Column> {
        if !column.table.is_empty() {
            return self.of_table(column).or_else(|error| self.whole(column, error));
        }
        let all = || {
            let of = |table: &Measured| {
                let name = table.name.clone();
                let columns = table.table.columns.clone().into_iter();
                columns.map(move |column| Column { table: name.clone(), column })
            };
            self.all.iter().flat_map(of).collect::<Vec<Column>>()
        };
        let tail = format!("_{}", column.column);
        let exact: Vec<Column> = all().into_iter().filter(|c| c.column == column.column).collect();
        let found = match exact.is_empty() {
            true => all().into_iter().filter(|c| c.column.ends_with(&tail)).collect(),
            false => exact,
        };
        match &found[..] {
            [one] => Ok(one.clone()),
            [] => {
                let mut names: Vec<String> = all().into_iter().map(|c| c.column).collect();
                names.dedup();
                Err(Error::usage(
                    format!("column '{}'", column.column),
                    "is in no table of the study",
                    "be TABLE:COLUMN, or a column that one table has",
                    match (
                        meant::wide(self.all.iter().map(|one| &one.table), &column.column),
                        closest(&column.column, &names),
                    ) {
                        (Some(said), _) => said,
                        (None, Some(near)) => format!("did you mean '{near}'?"),
                        (None, None) => "check the spelling".to_owned(),
                    },
                ))
            }
            several => {
                let names: Vec<String> = several.iter().map(Column::to_string).collect();
                Err(Error::usage(
                    format!("column '{}'", column.column),
                    format!("may be {}", names.join(" or ")),
                    "be one column",
                    "name its table: TABLE:COLUMN",
                ))
            }
        }
    }
}
