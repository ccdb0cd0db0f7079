//! The study's tables with their data dictionaries. Every cell is checked on its way to a value.

use super::dictionary::{Dictionary, Variable};
use super::index::{are_one, holds_them, without_entity};
use super::meant;
use super::spelling;
use crate::design::similar::{are_one_number, closest};
use crate::error::{Error, Result};
use crate::table::Table;

/// A table of the study with what its dictionary says.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Measured {
    /// The file's name without `.tsv`: how a plan calls it.
    pub name: String,
    /// The cells; [`Table::name`] is what messages call it.
    pub table: Table,
    /// What its columns may hold.
    pub dictionary: Dictionary,
    /// Where each row stands ("file, line 3"), of a table that is part of a file or several; empty: row r in line r + 2.
    pub origin: Vec<String>,
}

mod all;

pub(super) use super::index::{STATES, TASK};
pub(super) use crate::table::is_missing;
pub use all::Tables;

impl Measured {
    /// Whether the table has a column that is read where it is there.
    ///
    /// # Errors
    /// As [`Table::optional`].
    pub fn has(&self, column: &str) -> Result<bool> {
        Ok(self.table.optional(column)?.is_some())
    }

    /// The position of a column.
    ///
    /// # Errors
    /// Usage: no such column, with the closest.
    pub fn position(&self, column: &str) -> Result<usize> {
        self.table.position(column).ok_or_else(|| {
            let names = &self.table.columns;
            Error::usage(
                format!("column '{column}'"),
                format!("is not among those of {}: {}", self.table.name, names.join(", ")),
                "be a column of the table",
                match (meant::key_as(column, names), meant::nearest(column, names)) {
                    (Some(name), _) => format!("rename '{name}' to {column}, as BIDS calls it"),
                    (None, Some(name)) => format!("did you mean '{name}'?"),
                    (None, None) => "check the spelling".to_owned(),
                },
            )
        })
    }

    /// The position of a column that a plan may name otherwise: of which part of it, and by which key.
    ///
    /// # Errors
    /// As [`Measured::position`], with what the plan would say.
    pub fn position_of(&self, column: &str, (part, key): (&str, &str)) -> Result<usize> {
        self.position(column).map_err(|error| {
            let Error::Usage(mut fault) = error else { return error };
            let hint = meant::nearest(column, &self.table.columns).unwrap_or("COLUMN");
            fault.hint += &format!(
                "; a plan names another column: \"{part}\": {{\"table\": \"{}\", \"{key}\": \"{hint}\"}} (--dry-run prints one, --plan takes it)",
                self.name
            );
            Error::Usage(fault)
        })
    }

    /// The column that an absent one may have been meant as: nearly of its name.
    #[must_use]
    pub fn misspelt(&self, column: &str) -> Option<&str> {
        let is_absent = self.table.position(column).is_none();
        closest(column, &self.table.columns).filter(|_| is_absent)
    }

    /// What messages call a row: file, line and participant.
    #[must_use]
    pub fn line(&self, row: usize) -> String {
        let id = self.table.position("participant_id").map(|at| self.table.rows[row][at].trim());
        let place = self.place(row);
        match id.filter(|id| !id.is_empty()) {
            Some(id) => format!("{place} ({id}),"),
            None => format!("{place},"),
        }
    }

    /// What messages call the data dictionary, be there one or not.
    #[must_use]
    pub(super) fn json(&self) -> String {
        match self.dictionary.name.as_str() {
            "" => format!("{}.json", whole(&self.name)),
            name => name.to_owned(),
        }
    }

    /// Where a row stands: file and line.
    #[must_use]
    pub(super) fn place(&self, row: usize) -> String {
        let own = || format!("{}, line {}", self.table.name, row + 2);
        self.origin.get(row).cloned().unwrap_or_else(own)
    }

    /// What a message about another row calls a row: its line, with its file where the table is of several.
    #[must_use]
    pub fn other_line(&self, row: usize) -> String {
        match self.origin.is_empty() {
            true => format!("line {}", row + 2),
            false => self.place(row),
        }
    }

    /// Several files of one name as one table, their rows one after the other.
    ///
    /// # Errors
    /// Bad data: files of other columns (but for tsnr_REGION, which each command is asked of its own regions), or whose dictionaries say other things of them. Internal: no files.
    pub fn joined(parts: Vec<Measured>) -> Result<Measured> {
        let mut parts = parts.into_iter();
        let Some(mut whole) = parts.next() else {
            return Err(Error::internal("a table", "is of no files", "be of one", ""));
        };
        whole.origin = (0..whole.table.rows.len()).map(|row| whole.place(row)).collect();
        for part in parts {
            let (one, other) = (&whole.table, &part.table);
            if !are_alike(one, other) {
                return Err(Error::bad_data(
                    other.name.clone(),
                    format!("has the columns {}", other.columns.join(", ")),
                    format!("have those of {}, {}", one.name, one.columns.join(", ")),
                    "tables of one name are joined: rename one that is another",
                ));
            }
            let both = one.columns.iter().filter(|column| other.columns.contains(column));
            let says = |of: &Measured| {
                both.clone().map(|c| of.dictionary.get(c).cloned()).collect::<Vec<_>>()
            };
            if says(&whole) != says(&part) {
                refuse_without([&whole, &part])?;
                return Err(Error::bad_data(
                    part.dictionary.name.clone(),
                    format!("says other things of its columns than {}", whole.dictionary.name),
                    "say the same, for the tables are joined",
                    "correct one of them",
                ));
            }
            let places: Vec<String> = (0..other.rows.len()).map(|row| part.place(row)).collect();
            whole.origin.extend(places);
            for variable in part.dictionary.variables {
                if whole.dictionary.get(&variable.name).is_none() {
                    whole.dictionary.variables.push(variable);
                }
            }
            add_new(&mut whole.dictionary.unread, part.dictionary.unread);
            add_new(&mut whole.dictionary.plain, part.dictionary.plain);
            whole.table = whole.table.above(part.table);
        }
        Ok(whole)
    }

    /// The rows that have a value in a column: `physio_summary[task=rest]`.
    ///
    /// # Errors
    /// As [`Measured::position`]; usage where no row has it, with the closest; bad data: values that differ in case alone.
    pub fn only(&self, name: &str, column: &str, value: &str) -> Result<Measured> {
        let at = self.position(column)?;
        if !holds_them(column) {
            self.refuse_case_alone(column, &[column])?;
        }
        let value = self.dictionary.get(column).map_or(value, |own| own.level_of(value));
        let kept: Vec<usize> = (0..self.table.rows.len())
            .filter(|&row| are_one(column, self.table.rows[row][at].trim(), value))
            .collect();
        if kept.is_empty() {
            let mut levels: Vec<String> =
                self.table.rows.iter().map(|row| row[at].trim().to_owned()).collect();
            levels.sort();
            levels.dedup();
            levels.truncate(12);
            return Err(Error::usage(
                format!("column {column} of {}", self.table.name),
                format!("is nowhere '{value}'"),
                format!("be it in a row, to be taken as {name}"),
                match closest(value, &levels) {
                    Some(near) => format!("did you mean '{near}'?"),
                    None => format!("it holds {}", levels.join(", ")),
                },
            ));
        }
        Ok(Measured {
            name: name.to_owned(),
            table: Table {
                name: self.table.name.clone(),
                columns: self.table.columns.clone(),
                rows: kept.iter().map(|&row| self.table.rows[row].clone()).collect(),
            },
            dictionary: self.dictionary.clone(),
            origin: kept.iter().map(|&row| self.place(row)).collect(),
        })
    }

    /// `participant_id` of each row.
    ///
    /// # Errors
    /// No such column, or a row without.
    pub fn ids(&self) -> Result<Vec<String>> {
        self.needed("participant_id", "name a participant, such as sub-001")
    }

    /// `session_id` of each row, with `ses-`.
    ///
    /// # Errors
    /// No such column, or a row without; bad data naming the line of a session, a task or a condition that differs from another in case alone.
    pub fn sessions(&self) -> Result<Vec<String>> {
        let all = self.needed("session_id", "name a session, such as ses-baseline")?;
        self.refuse_case_alone("session", &["session_id"])?;
        STATES.iter().try_for_each(|column| self.refuse_case_alone(column, &[column]))?;
        Ok(all.iter().map(|name| session(name)).collect())
    }

    /// What the table's Levels say that a session means.
    pub(super) fn meaning_of_session(&self, name: &str) -> Option<&str> {
        let meaning =
            self.dictionary.get("session_id")?.meaning(name.trim_start_matches("ses-"))?;
        Some(meaning).filter(|meaning| !meaning.is_empty())
    }

    /// The task (or another of [`STATES`]) of each row, without `task-`; none where a cell is empty or n/a, or the table has no such column.
    ///
    /// # Errors
    /// As [`Measured::has`] and [`Measured::texts`].
    pub(super) fn states(&self, column: &str) -> Result<Vec<Option<String>>> {
        let plain = |task: String| without_entity(&task, column).to_owned();
        Ok(self.optional_names(column)?.into_iter().map(|task| task.map(plain)).collect())
    }

    /// Refuse words in columns, those that the table has, that differ in case alone. `what`: what they name, a region.
    ///
    /// # Errors
    /// Bad data naming the first line of the one that fewer rows have.
    pub(super) fn refuse_case_alone(&self, what: &str, columns: &[&str]) -> Result<()> {
        let places: Vec<usize> = columns.iter().filter_map(|c| self.table.position(c)).collect();
        let rows = self.table.rows.iter().enumerate();
        let cells =
            rows.flat_map(|(row, cells)| places.iter().map(move |&at| (row, cells[at].trim())));
        let there = cells.filter(|(_, cell)| !is_missing(cell));
        spelling::refuse_case_alone(what, there, |row| self.line(row))
    }

    /// The cells of a column that every row must have.
    ///
    /// # Errors
    /// No such column, or a row without.
    pub(super) fn needed(&self, column: &str, expected: &str) -> Result<Vec<String>> {
        let at = self.position(column)?;
        let cell = |(row, cells): (usize, &Vec<String>)| match is_missing(&cells[at]) {
            true => Err(Error::bad_data(
                self.line(row),
                format!("has no {column}"),
                expected,
                "fill it in, or delete the row",
            )),
            false => Ok(cells[at].trim().to_owned()),
        };
        self.table.rows.iter().enumerate().map(cell).collect()
    }

    /// The cells of a column, blanks around them taken off; none where a cell is empty or n/a.
    ///
    /// # Errors
    /// As [`Measured::position`]; bad data naming the line of a cell that the dictionary does not allow.
    pub fn texts(&self, column: &str) -> Result<Vec<Option<String>>> {
        let at = self.position(column)?;
        let variable = self.dictionary.get(column);
        let cell = |(row, cells): (usize, &Vec<String>)| {
            let text = cells[at].trim();
            if is_missing(text) {
                return Ok(None);
            }
            match variable.and_then(|variable| variable.refusal(text)) {
                Some(expected) => Err(Error::bad_data(
                    self.line(row),
                    format!("holds '{text}' in column {column}"),
                    format!("{expected} by {}", self.dictionary.name),
                    "correct the value or the dictionary; a code for a missing value must be n/a",
                )),
                None => Ok(Some(text.to_owned())),
            }
        };
        self.table.rows.iter().enumerate().map(cell).collect()
    }

    /// The numbers of a column; none where a cell is empty or n/a.
    ///
    /// # Errors
    /// As [`Measured::texts`]; bad data naming the line of what is no finite number of a size from 1e-100 to 1e100.
    pub fn numbers(&self, column: &str) -> Result<Vec<Option<f64>>> {
        let number = |(row, cell): (usize, Option<String>)| {
            let Some(text) = cell else { return Ok(None) };
            let sensible = |v: &f64| *v == 0.0 || (1e-100..=1e100).contains(&v.abs());
            text.parse().ok().filter(sensible).map(Some).ok_or_else(|| {
                Error::bad_data(
                    self.line(row),
                    format!("holds '{text}' in column {column}"),
                    "hold a number or n/a",
                    "correct it (a decimal point, no units)",
                )
            })
        };
        self.texts(column)?.into_iter().enumerate().map(number).collect()
    }

    /// The numbers of a column whose scale is known where the dictionary does not say it: ratings, pressures, motion.
    ///
    /// # Errors
    /// As [`Measured::numbers`]; bad data naming the line of a number outside of `scale` where no range is given.
    pub fn numbers_on(
        &self,
        column: &str,
        what: &str,
        [least, greatest]: [f64; 2],
    ) -> Result<Vec<Option<f64>>> {
        let numbers = self.numbers(column)?;
        if self.dictionary.get(column).is_some_and(|variable| variable.scale().is_some()) {
            return Ok(numbers);
        }
        let off = |value: &Option<f64>| value.is_some_and(|v| v < least || v > greatest);
        match numbers.iter().position(off) {
            Some(row) => Err(Error::bad_data(
                self.line(row),
                format!("holds {} in column {column}", numbers[row].unwrap_or_default()),
                match greatest.is_finite() {
                    true => format!(
                        "hold {what}, from {least} to {greatest} where no dictionary says otherwise"
                    ),
                    false => {
                        format!("hold {what}, {least} or more where no dictionary says otherwise")
                    }
                },
                format!(
                    "correct it (a code for a missing value must be n/a), or give Minimum and Maximum of {column} in {}",
                    self.json()
                ),
            )),
            None => Ok(numbers),
        }
    }

    /// The cells of a column, all none where the table has no such column.
    ///
    /// # Errors
    /// As [`Measured::has`] and [`Measured::texts`].
    pub(super) fn optional_texts(&self, column: &str) -> Result<Vec<Option<String>>> {
        match self.has(column)? {
            true => self.texts(column),
            false => Ok(vec![None; self.table.rows.len()]),
        }
    }

    /// The numbers of a column; none where the table has no such column.
    ///
    /// # Errors
    /// As [`Measured::has`] and [`Measured::numbers`].
    pub fn optional_numbers(&self, column: &str) -> Result<Option<Vec<Option<f64>>>> {
        self.has(column)?.then(|| self.numbers(column)).transpose()
    }

    /// As [`Measured::texts`], for readers: codes are called by what the dictionary's Levels say that they mean.
    pub(super) fn names(&self, column: &str) -> Result<Vec<Option<String>>> {
        let variable = self.dictionary.get(column);
        let name = |cell: String| variable.map_or(cell.clone(), |own| own.called_alone(&cell));
        Ok(self.texts(column)?.into_iter().map(|cell| cell.map(name)).collect())
    }

    /// As [`Measured::names`], all none where the table has no such column.
    pub(super) fn optional_names(&self, column: &str) -> Result<Vec<Option<String>>> {
        match self.has(column)? {
            true => self.names(column),
            false => Ok(vec![None; self.table.rows.len()]),
        }
    }
}

/// Refuse, of two files whose dictionaries differ, one that has none.
fn refuse_without(both: [&Measured; 2]) -> Result<()> {
    let Some(at) = both.iter().position(|one| one.dictionary.name.is_empty()) else {
        return Ok(());
    };
    let (one, other) = (both[at], &both[1 - at].dictionary.name);
    let name = &one.table.name;
    Err(Error::missing_input(
        format!("{}.json", name.strip_suffix(".tsv").unwrap_or(name)),
        format!("is not there, and {other} says something of the same columns"),
        "say the same, for the tables are joined",
        "write it beside its table, or take the other away",
    ))
}

/// Those of others that are not there.
fn add_new<T: PartialEq>(all: &mut Vec<T>, others: Vec<T>) {
    for one in others {
        if !all.contains(&one) {
            all.push(one);
        }
    }
}

/// Whether tables of one name can be one: they have the same columns, but for the signal of regions, which each command is asked of others.
fn are_alike(one: &Table, other: &Table) -> bool {
    let rest = |of: &Table| -> Vec<String> {
        of.columns.iter().filter(|column| !column.starts_with("tsnr_")).cloned().collect()
    };
    rest(one) == rest(other)
}

/// The level of a column's that a name stands for: as it is, by what Levels say that it means, or as one number (0.0 is 0).
pub(super) fn level_among<'a>(
    levels: &'a [String],
    variable: Option<&Variable>,
    name: &str,
) -> Option<&'a str> {
    let meant = variable.map_or(name, |own| own.level_of(name));
    let is_it = |level: &&String| *level == meant;
    let found = levels.iter().find(is_it);
    found.or_else(|| levels.iter().find(|level| are_one_number(level, meant))).map(String::as_str)
}

/// A session's name with `ses-`.
pub(super) fn session(name: &str) -> String {
    match name.starts_with("ses-") {
        true => name.to_owned(),
        false => format!("ses-{name}"),
    }
}

/// A table's name from how a plan calls it: a file's name without folder and `.tsv`.
#[must_use]
pub fn stem(name: &str) -> &str {
    let file = name.rsplit(['/', '\\']).next().unwrap_or(name);
    file.strip_suffix(".tsv").unwrap_or(file)
}

/// The name of the whole table of a part of it: `physio_summary` of `physio_summary[task=rest]`.
#[must_use]
pub fn whole(name: &str) -> &str {
    stem(name.split('[').next().unwrap_or(name))
}

/// A name such as `physio_summary[task=rest]` as the table, the column and its value; none of a plain name.
///
/// # Errors
/// Usage: a bracket without column and value.
pub fn part_of(name: &str) -> Result<Option<(&str, &str, &str)>> {
    let Some((table, rest)) = name.split_once('[') else { return Ok(None) };
    let inner = rest.strip_suffix(']').and_then(|inner| inner.split_once('='));
    match inner.map(|(column, value)| (column.trim(), value.trim())) {
        Some((column, value)) if !column.is_empty() && !value.is_empty() => {
            Ok(Some((stem(table), column, value)))
        }
        _ => Err(Error::usage(
            format!("table '{name}'"),
            "does not say which rows are meant",
            "be TABLE[COLUMN=VALUE]",
            "such as physio_summary[task=rest]",
        )),
    }
}
