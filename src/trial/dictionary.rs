//! A table's data dictionary. Source: BIDS 1.11, "Tabular files" (Description, LongName, Levels, Units, Minimum, Maximum) and "Phenotypic and assessment data".

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

mod meant;
mod twice;

use super::note::Notes;
use crate::design::similar::closest;
use crate::error::{Error, Result};

/// The keys of an entry that are read.
const KEYS: [&str; 10] = [
    "LongName",
    "Description",
    "Units",
    "Range",
    "Minimum",
    "Maximum",
    "Levels",
    "SelectedBy",
    "HoldsSeed",
    "Direction",
];

/// Letters of a level's meaning that stands in its place at most: MedDRA's longest class has 67.
const LONGEST: usize = 80;

/// Which way is better.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Direction {
    /// Less pain.
    Lower,
    /// More function.
    Higher,
}

impl Direction {
    /// The other way.
    #[must_use]
    pub fn turned(self) -> Direction {
        match self {
            Direction::Lower => Direction::Higher,
            Direction::Higher => Direction::Lower,
        }
    }

    /// "lower", "higher".
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Direction::Lower => "lower",
            Direction::Higher => "higher",
        }
    }
}

/// What a dictionary says of a column.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Variable {
    /// The column.
    pub name: String,
    /// `LongName`.
    pub long_name: Option<String>,
    /// `Description`.
    pub description: Option<String>,
    /// `Units`.
    pub units: Option<String>,
    /// `Range`, or `Minimum` and `Maximum`: the least and the greatest value that can be; one that is not said is infinite.
    pub range: Option<[f64; 2]>,
    /// `Levels`: the values that can be, with what they mean.
    pub levels: Vec<(String, String)>,
    /// `SelectedBy`: by what a region was chosen, "atlas" or a contrast's name.
    pub selected_by: Option<String>,
    /// `HoldsSeed`: what of a region is of the seed of the maps that its values are of.
    pub holds_seed: Option<String>,
    /// `Direction`: "lower is better", "higher is better".
    pub direction: Option<Direction>,
}

/// What values of a column can be.
#[derive(Debug, Clone, PartialEq)]
pub struct Scale {
    /// The least.
    pub least: f64,
    /// The greatest.
    pub greatest: f64,
    /// All of them, rising, where they are few; else empty.
    pub levels: Vec<f64>,
}

impl Scale {
    /// "from 0 to 10", "0 or more".
    #[must_use]
    pub fn said(&self) -> String {
        match (self.least.is_finite(), self.greatest.is_finite()) {
            (true, true) => format!("from {} to {}", self.least, self.greatest),
            (true, false) => format!("{} or more", self.least),
            _ => format!("{} or less", self.greatest),
        }
    }
}

impl Variable {
    /// What values can be by Levels that are numbers, or by the range; none where neither says.
    #[must_use]
    pub fn scale(&self) -> Option<Scale> {
        let levels: Option<Vec<f64>> =
            self.levels.iter().map(|(level, _)| level.parse().ok()).collect();
        let [least, greatest] = self.range.unwrap_or([f64::NEG_INFINITY, f64::INFINITY]);
        let mut levels = levels.unwrap_or_default();
        levels.retain(|level| (least..=greatest).contains(level));
        levels.sort_by(f64::total_cmp);
        match (&levels[..], self.range) {
            ([], None) => None,
            ([], Some(_)) => Some(Scale { least, greatest, levels }),
            (all, _) => Some(Scale { least: all[0], greatest: all[all.len() - 1], levels }),
        }
    }

    /// The level that is called so by Levels: by what it means, or as it stands in the cells.
    #[must_use]
    pub fn level_of<'a>(&'a self, name: &'a str) -> &'a str {
        let is_so = |text: &str| text.trim().to_lowercase() == name.trim().to_lowercase();
        let mut meant =
            self.levels.iter().filter(|(level, meaning)| level != name && is_so(meaning));
        match (self.levels.iter().any(|(level, _)| level == name), meant.next(), meant.next()) {
            (false, Some((level, _)), None) => level,
            _ => name,
        }
    }

    /// The level that a cell is, with what it means: of its text, else of its number (`1.0` is 1).
    fn level(&self, cell: &str) -> Option<&(String, String)> {
        let number: Option<f64> = cell.parse().ok();
        let same = |level: &str| number.is_some() && level.parse().ok() == number;
        let exact = self.levels.iter().find(|(level, _)| level == cell);
        exact.or_else(|| self.levels.iter().find(|(level, _)| same(level)))
    }

    /// The level that a cell is, as Levels spell it.
    #[must_use]
    pub fn spelled(&self, cell: &str) -> Option<&str> {
        self.level(cell).map(|(level, _)| level.as_str())
    }

    /// What Levels say that a cell means, empty where they do not; none where they explain no level at all.
    #[must_use]
    pub fn meaning(&self, cell: &str) -> Option<&str> {
        let explains = self.levels.iter().any(|(_, text)| !text.trim().is_empty());
        explains.then(|| self.level(cell).map_or("", |(_, text)| text.trim()))
    }

    /// What a level is called for readers: a code by what Levels say that it means, a word as it is.
    #[must_use]
    pub fn called<'a>(&'a self, level: &'a str) -> &'a str {
        self.meaning(level)
            .filter(|text| is_code(level) && !text.is_empty() && text.chars().count() <= LONGEST)
            .unwrap_or(level)
    }

    /// What a level is called where it stands alone, with its code where another is called alike.
    #[must_use]
    pub fn called_alone(&self, level: &str) -> String {
        let name = self.called(level);
        let alike = self.levels.iter().filter(|(_, text)| text.trim() == name).count();
        match name != level && alike > 1 {
            true => format!("{name} ({level})"),
            false => name.to_owned(),
        }
    }

    /// Why a cell cannot be a value of this column; none where it can.
    #[must_use]
    pub fn refusal(&self, cell: &str) -> Option<String> {
        if !self.levels.is_empty() && self.level(cell).is_none() {
            let names: Vec<&str> = self.levels.iter().map(|(l, _)| l.as_str()).collect();
            return Some(format!("be one of {}", names.join(", ")));
        }
        match (self.range, cell.parse::<f64>().ok()) {
            (Some([least, greatest]), Some(v)) if v < least || v > greatest => {
                let scale = Scale { least, greatest, levels: Vec::new() };
                Some(format!("be {}", scale.said()))
            }
            _ => None,
        }
    }
}

/// Whether a cell is a code, which says nothing by itself: it has no letter.
pub(super) fn is_code(cell: &str) -> bool {
    !cell.chars().any(char::is_alphabetic)
}

/// A table's data dictionary; empty where there is none.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Dictionary {
    /// What messages call it: the file.
    pub name: String,
    /// In the order of the file.
    pub variables: Vec<Variable>,
    /// Keys of entries that are not read and are nearly one that is, or abbreviate one: column, key, what was probably meant.
    pub unread: Vec<[String; 3]>,
    /// Entries that are no objects: the name, and what stands there. Of the file itself they may be anything.
    pub plain: Vec<[String; 2]>,
}

impl Dictionary {
    /// Read the text of a JSON file.
    ///
    /// # Errors
    /// Bad data: no JSON object, a key twice in one object, a Range (or Minimum and Maximum) that is not two rising numbers, a Range that contradicts Minimum or Maximum, Levels that are no object or list, a Direction that says neither lower nor higher, a LongName, Description, Units, SelectedBy or HoldsSeed that is no text.
    pub fn parse(name: &str, text: &str) -> Result<Dictionary> {
        let wrong = |found: String, expected: &str| {
            Error::bad_data(
                name,
                found,
                expected,
                "see BIDS, \"Tabular files\", or take the entry out",
            )
        };
        let value: Value = serde_json::from_str(text).map_err(|cause| {
            wrong("is not JSON".to_owned(), "be an object with an entry a column").caused_by(cause)
        })?;
        if let Some(key) = twice::key_twice(text) {
            return Err(Error::bad_data(
                name,
                format!("gives '{key}' twice in one object"),
                "give each once: which of them holds is not known",
                "delete or rename one of them",
            ));
        }
        let Value::Object(entries) = value else {
            return Err(wrong("is not a JSON object".to_owned(), "have an entry a column"));
        };
        let (mut variables, mut unread, mut plain) = (Vec::new(), Vec::new(), Vec::new());
        let keys = KEYS.map(str::to_owned);
        for (column, entry) in &entries {
            let Value::Object(entry) = entry else {
                plain.push([column.clone(), entry.to_string()]);
                continue;
            };
            if column == "MeasurementToolMetadata" {
                continue;
            }
            for key in entry.keys().filter(|key| !keys.contains(key)) {
                let near = meant::meant(key, &keys).filter(|near| !entry.contains_key(*near));
                unread.extend(near.map(|near| [column, key, near].map(str::to_owned)));
            }
            // What describes the file itself is no column.
            if !keys.iter().any(|key| entry.contains_key(key))
                && unread.iter().all(|[of, ..]| of != column)
            {
                continue;
            }
            let text = |key: &str| {
                text_of(entry, key)
                    .map_err(|found| wrong(format!("gives {column} {found}"), "give a text"))
            };
            variables.push(Variable {
                name: column.clone(),
                long_name: text("LongName")?,
                description: text("Description")?,
                units: text("Units")?,
                selected_by: text("SelectedBy")?,
                holds_seed: text("HoldsSeed")?,
                range: range(entry).map_err(|(found, expected)| {
                    wrong(format!("gives {column} {found}"), expected)
                })?,
                levels: levels(entry.get("Levels")).map_err(|found| {
                    wrong(format!("gives {column} the Levels {found}"), "give an object or a list")
                })?,
                direction: direction(entry.get("Direction")).map_err(|found| {
                    wrong(
                        format!("gives {column} the Direction {found}"),
                        "say 'lower is better' or 'higher is better'",
                    )
                })?,
            });
        }
        Ok(Dictionary { name: name.to_owned(), variables, unread, plain })
    }

    /// Tell what says nothing of a table: entries of columns that it lacks, and keys that are none, each with what was probably meant.
    pub fn tell_idle(&self, (table, columns): (&str, &[String]), notes: &mut Notes) {
        let is_there = |name: &String| columns.contains(name);
        let free: Vec<String> =
            columns.iter().filter(|name| self.get(name).is_none()).cloned().collect();
        let mut others = Vec::new();
        for name in self.variables.iter().map(|own| &own.name).filter(|name| !is_there(name)) {
            match closest(name, &free) {
                Some(near) => notes.warn(
                    format!(
                        "{} describes '{name}', which is no column of {table}, so that nothing is checked by it: is '{near}' meant?",
                        self.name
                    ),
                    Vec::new(),
                ),
                None => others.push(name.as_str()),
            }
        }
        if !others.is_empty() {
            notes.info(
                format!(
                    "{} describes what is no column of {table}: {}",
                    self.name,
                    others.join(", ")
                ),
                Vec::new(),
            );
        }
        for [column, value] in self.plain.iter().filter(|[column, _]| is_there(column)) {
            notes.warn(
                format!(
                    "{} gives {column} {value}, which is no object, so that nothing is read of it: write {{\"{column}\": {{\"LongName\": ...}}}}",
                    self.name
                ),
                Vec::new(),
            );
        }
        for [column, key, near] in &self.unread {
            notes.warn(
                format!(
                    "{} gives {column} '{key}', which is not read: is '{near}' meant?",
                    self.name
                ),
                Vec::new(),
            );
        }
    }

    /// What is said of regions, a variable each: by their own entries, and what these do not say as of `shared`.
    #[must_use]
    pub fn of_regions(&self, regions: &[String], shared: &Variable) -> Vec<Variable> {
        let of = |name: &String| {
            let own = self.get(name).cloned().unwrap_or_default();
            Variable {
                name: name.clone(),
                units: own.units.or_else(|| shared.units.clone()),
                range: own.range.or(shared.range),
                levels: if own.levels.is_empty() { shared.levels.clone() } else { own.levels },
                selected_by: own.selected_by.or_else(|| shared.selected_by.clone()),
                direction: own.direction.or(shared.direction),
                ..own
            }
        };
        regions.iter().map(of).collect()
    }

    /// What is said of a column.
    #[must_use]
    pub fn get(&self, column: &str) -> Option<&Variable> {
        self.variables.iter().find(|variable| variable.name == column)
    }
}

/// The text of a key; null and blanks are none.
fn text_of(entry: &Map<String, Value>, key: &str) -> std::result::Result<Option<String>, String> {
    match entry.get(key) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) if text.trim().is_empty() => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.clone())),
        Some(other) => Err(format!("the {key} {other}")),
    }
}

/// What is no range, and what it must be.
type NoRange = (String, &'static str);
const RISING: &str = "give two rising numbers";

/// By Range, else by Minimum and Maximum, of which one may lack.
fn range(entry: &Map<String, Value>) -> std::result::Result<Option<[f64; 2]>, NoRange> {
    let Some(value) = entry.get("Range") else { return limits(entry) };
    let number = |at: usize| value.get(at).and_then(Value::as_f64);
    match (value.as_array().map(Vec::len), number(0), number(1)) {
        (Some(2), Some(least), Some(most)) if least < most => {
            let others = [("Minimum", least), ("Maximum", most)];
            let other = others.into_iter().find_map(|(key, own)| {
                entry.get(key).filter(|value| value.as_f64() != Some(own)).map(|value| (key, value))
            });
            match other {
                None => Ok(Some([least, most])),
                Some((key, other)) => Err((
                    format!("the Range {value} and the {key} {other}"),
                    "say the same by Range as by Minimum and Maximum, or give one of them",
                )),
            }
        }
        _ => Err((format!("the Range {value}"), RISING)),
    }
}

fn limits(entry: &Map<String, Value>) -> std::result::Result<Option<[f64; 2]>, NoRange> {
    let limit = |key: &str, other: f64| match entry.get(key) {
        None => Ok(other),
        Some(value) => value.as_f64().ok_or_else(|| {
            (format!("the {key} {value}"), "give a number, without quotation marks")
        }),
    };
    let least = limit("Minimum", f64::NEG_INFINITY)?;
    let greatest = limit("Maximum", f64::INFINITY)?;
    match (least.is_finite() || greatest.is_finite(), least < greatest) {
        (false, _) => Ok(None),
        (true, true) => Ok(Some([least, greatest])),
        (true, false) => Err((format!("a Minimum of {least} and a Maximum of {greatest}"), RISING)),
    }
}

fn levels(value: Option<&Value>) -> std::result::Result<Vec<(String, String)>, String> {
    let plain = |value: &Value| match value {
        Value::String(text) => text.clone(),
        // A level may be an object with Description, as HED allows.
        Value::Object(entry) => {
            entry.get("Description").and_then(Value::as_str).unwrap_or_default().to_owned()
        }
        other => other.to_string(),
    };
    match value {
        None => Ok(Vec::new()),
        Some(Value::Object(entries)) => {
            Ok(entries.iter().map(|(level, meaning)| (level.clone(), plain(meaning))).collect())
        }
        Some(Value::Array(all)) => {
            Ok(all.iter().map(|level| (plain(level), String::new())).collect())
        }
        Some(other) => Err(other.to_string()),
    }
}

fn direction(value: Option<&Value>) -> std::result::Result<Option<Direction>, String> {
    let Some(value) = value else { return Ok(None) };
    let words = value.as_str().unwrap_or_default().to_lowercase();
    // Nothing but these words: "higher is worse" says the opposite with one of them.
    match &words.split_whitespace().collect::<Vec<_>>()[..] {
        ["lower"] | ["lower", "is", "better"] => Ok(Some(Direction::Lower)),
        ["higher"] | ["higher", "is", "better"] => Ok(Some(Direction::Higher)),
        _ => Err(value.to_string()),
    }
}
