//! What the cells of a column of fixed meaning say: whether somebody was treated, whether an event was serious.
//!
//! - A code (a cell without a letter) says what the dictionary's `Levels` say that it means: 1 is no where Levels say so. Where they explain no level it is read as a word.
//! - So does a single letter; where they explain no level it is read as a word.
//! - A word is read as it stands. Levels that say the opposite of it contradict it.

use super::dictionary::{Variable, is_code};
use super::note::Notes;
use super::tables::{Measured, is_missing};
use crate::design::similar::{are_one_number, closest};
use crate::error::{Error, Result};

/// Words, in small letters, that say yes of a column, and words that say no; [`UNKNOWN`] say neither.
pub(super) struct Words {
    pub(super) yes: &'static [&'static str],
    pub(super) no: &'static [&'static str],
}

/// In any of the columns: nobody knows, which is n/a and no no.
const UNKNOWN: [&str; 11] = [
    "unknown",
    "unk",
    "u",
    "not known",
    "not applicable",
    "not evaluable",
    "not assessable",
    "not assessed",
    "not available",
    "not reported",
    "missing",
];

/// What an event is related to, where that is what is asked.
const TREATMENT: [&str; 14] = [
    "treatment",
    "study treatment",
    "trial treatment",
    "drug",
    "study drug",
    "medication",
    "study medication",
    "product",
    "study product",
    "investigational product",
    "intervention",
    "study intervention",
    "imp",
    "ip",
];

/// Words that may turn what stands beside them.
const TURNING: [&str; 10] =
    ["not", "nor", "neither", "never", "none", "nothing", "or", "only", "but", "except"];

/// Letters of a cell to which the closest word is told at least: of shorter ones any is near.
const LEAST: usize = 3;

/// What a text says: yes, no, or (none) that nobody knows.
type Said = Option<bool>;

impl Words {
    /// What each row of a column says; none where the cell is n/a or [`UNKNOWN`], and none at all where the table has no such column. What codes mean is told.
    ///
    /// # Errors
    /// As [`Measured::has`] and [`Measured::texts`]; bad data naming the line of a word that is not known, of a code of which the dictionary says nothing known, or of a word that it
    /// contradicts.
    pub(super) fn read(
        &self,
        table: &Measured,
        column: &str,
        notes: &mut Notes,
    ) -> Result<Option<Vec<Said>>> {
        if !table.has(column)? {
            return Ok(None);
        }
        let variable = table.dictionary.get(column);
        let cells = table.texts(column)?;
        let said = cells.iter().enumerate().map(|(row, cell)| match cell {
            None => Ok(None),
            Some(text) => {
                self.of_cell(text, variable).ok_or_else(|| self.refusal(table, row, column, text))
            }
        });
        let said = said.collect::<Result<Vec<_>>>()?;
        self.tell_codes(&cells, (table, column), notes);
        Ok(Some(said))
    }

    /// What a cell says; none where that is not known.
    fn of_cell(&self, cell: &str, variable: Option<&Variable>) -> Option<Said> {
        let own = self.of_word(cell);
        let Some(meaning) = variable.and_then(|variable| variable.meaning(cell)) else {
            return own;
        };
        match self.of_meaning(meaning) {
            None if is_short(cell) => None,
            None => own,
            said if is_short(cell) || own.is_none() || own == said => said,
            _ => None,
        }
    }

    /// Whether it is the dictionary that says what a cell means, where that is known.
    fn is_told_by(&self, variable: &Variable, cell: &str) -> bool {
        let said = variable.meaning(cell).and_then(|meaning| self.of_meaning(meaning));
        said.is_some() && (is_code(cell) || self.of_word(cell) != said)
    }

    fn of_word(&self, text: &str) -> Option<Said> {
        let word = plain(text);
        if is_missing(&word) || UNKNOWN.contains(&word.as_str()) {
            return Some(None);
        }
        let word = word.strip_prefix("grade ").unwrap_or(&word);
        // 03 and a spreadsheet's 3.0 are 3.
        let is_among =
            |words: &[&str]| words.iter().any(|own| *own == word || are_one_number(own, word));
        (is_among(self.yes) || is_among(self.no)).then(|| Some(is_among(self.yes)))
    }

    /// What words of a dictionary say: "no, left", "Grade 3: severe", "related to treatment". Their parts that are known must agree, and none of the others may turn them.
    fn of_meaning(&self, text: &str) -> Option<Said> {
        if text.is_empty() {
            return None;
        }
        if let Some(said) = self.of_word(text) {
            return Some(said);
        }
        let parts = text.split([',', ';', ':', '.', '(', ')', '/', '=', '–', '—']);
        let parts = parts.flat_map(|part| part.split(" - ")).map(plain);
        let parts: Vec<String> = parts.filter(|part| !part.is_empty()).collect();
        // A number before the words is the level itself.
        let skipped = usize::from(parts.first().is_some_and(|part| is_code(part)));
        let mut said = None;
        for part in &parts[skipped..] {
            match self.of_part(part) {
                Some(own) if said.is_none_or(|other| other == own) => said = Some(own),
                None if self.is_aside(part) => {}
                _ => return None,
            }
        }
        said
    }

    fn of_part(&self, part: &str) -> Option<Said> {
        let bare =
            [" adverse event", " event", " ae"].iter().find_map(|end| part.strip_suffix(end));
        let of_what = part
            .split_once(" to ")
            .filter(|(_, what)| TREATMENT.contains(&what.strip_prefix("the ").unwrap_or(what)));
        let of_what = of_what.map(|(before, _)| before);
        [Some(part), bare, of_what].into_iter().flatten().find_map(|own| self.of_word(own))
    }

    /// Whether words that are not known leave those beside them as they are: they hold none of these, and nothing that turns them.
    fn is_aside(&self, part: &str) -> bool {
        let is_known = |word: &str| self.yes.contains(&word) || self.no.contains(&word);
        let mut words = part.split(' ');
        !["yes", "no"].contains(&part)
            && words.all(|word| !TURNING.contains(&word) && !is_known(word))
    }

    fn refusal(&self, table: &Measured, row: usize, column: &str, text: &str) -> Error {
        let known: Vec<String> =
            self.yes.iter().chain(self.no).map(|word| (*word).to_owned()).collect();
        let is_flag = |word: &str| ["yes", "no"].contains(&word);
        let listed = match known.iter().filter(|word| is_flag(word)).count() {
            2 => {
                let others: Vec<&str> =
                    known.iter().map(String::as_str).filter(|word| !is_flag(word)).collect();
                format!("yes or no (also {})", others.join(", "))
            }
            _ => format!("one of {}", known.join(", ")),
        };
        let listed = format!("{listed}, or n/a (also {})", UNKNOWN[0]);
        let found = format!("holds '{text}' in column {column}");
        let json = table.json();
        let meaning = table.dictionary.get(column).and_then(|variable| variable.meaning(text));
        let (found, expected, hint) = match meaning {
            Some("") if is_short(text) => (
                format!("{found}, of whose meaning {json} says nothing"),
                format!("mean {listed}"),
                format!("say what it means in the Levels of {column}"),
            ),
            Some(meaning) if !meaning.is_empty() => (
                format!("{found}, which is '{meaning}' by {json}"),
                format!("mean {listed}"),
                format!("say it in one of these words in the Levels of {column}, or in the cell"),
            ),
            _ => (
                found,
                format!("be {listed}"),
                match closest(text, &known).filter(|_| text.chars().count() >= LEAST) {
                    Some(word) => format!("did you mean '{word}'?"),
                    None if is_code(text) => format!(
                        "write it in one of these words, or say in {json} by Levels of {column} what it means"
                    ),
                    None => "write it in one of these words".to_owned(),
                },
            ),
        };
        Error::bad_data(table.line(row), found, expected, hint)
    }

    /// What codes were taken to mean: nobody sees it in the cells.
    fn tell_codes(
        &self,
        cells: &[Option<String>],
        (table, column): (&Measured, &str),
        notes: &mut Notes,
    ) {
        let Some(variable) = table.dictionary.get(column) else { return };
        let mut codes: Vec<&str> = cells.iter().flatten().map(String::as_str).collect();
        codes.retain(|cell| self.is_told_by(variable, cell));
        codes.sort_unstable();
        codes.dedup();
        let said =
            codes.iter().filter_map(|code| Some(format!("{code} is {}", variable.meaning(code)?)));
        let said: Vec<String> = said.collect();
        if !said.is_empty() {
            let text =
                format!("{column} by the Levels of {}: {}", table.dictionary.name, said.join(", "));
            notes.info(text, Vec::new());
        }
    }
}

/// Whether a cell says nothing by itself where a dictionary explains it: a code, or a letter.
fn is_short(cell: &str) -> bool {
    is_code(cell) || cell.chars().count() == 1
}

/// Blanks and case do not matter.
fn plain(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase()
}
