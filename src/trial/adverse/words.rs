//! The words in which tables tell how severe an event was, whether of the treatment, and what was done. Case and blanks do not matter.
//!
//! Source: CDISC's terminology (AESER, AESEV, AEREL, AEACN) and CTCAE's grades, with words that are common beside them.

use crate::design::similar::closest;
use crate::error::{Error, Result};
use crate::trial::tables::Measured;

/// Words that make an event count in a row, and words that do not; [`UNKNOWN`] say neither.
pub(super) struct Words {
    yes: &'static [&'static str],
    no: &'static [&'static str],
}

/// A row that counts the events of which a column says so.
pub(super) struct Summary {
    pub(super) column: &'static str,
    pub(super) row: &'static str,
    pub(super) words: Words,
}

/// In the order of the table.
pub(super) const SUMMARIES: [Summary; 4] = [
    Summary { column: "serious", row: "serious", words: SERIOUS },
    Summary { column: "severity", row: "severe", words: SEVERITY },
    Summary { column: "relation", row: "related", words: RELATION },
    Summary { column: "action", row: "led to discontinuation", words: ACTION },
];
/// Where the last of them stands: the event ended the treatment.
pub(super) const ENDED: usize = 3;

/// Serious by ICH E2A, as whoever reported it judged.
const SERIOUS: Words = Words {
    yes: &["yes", "y", "true", "1", "serious"],
    no: &["no", "n", "false", "0", "not serious", "non-serious"],
};

/// Severe or worse.
const SEVERITY: Words = Words {
    yes: &["severe", "life-threatening", "life threatening", "fatal", "death", "3", "4", "5"],
    no: &["mild", "moderate", "1", "2"],
};

/// Related, be it possibly.
const RELATION: Words = Words {
    yes: &[
        "related",
        "possibly related",
        "probably related",
        "definitely related",
        "possible",
        "probable",
        "definite",
        "certain",
        "yes",
        "y",
        "true",
        "1",
    ],
    no: &[
        "not related",
        "unrelated",
        "unlikely related",
        "unlikely to be related",
        "unlikely",
        "none",
        "no",
        "n",
        "false",
        "0",
    ],
};

/// The treatment was ended.
const ACTION: Words = Words {
    yes: &[
        "withdrawn",
        "drug withdrawn",
        "treatment withdrawn",
        "discontinued",
        "drug discontinued",
        "treatment discontinued",
        "study discontinued",
    ],
    no: &[
        "none",
        "no action",
        "dose not changed",
        "dose reduced",
        "dose increased",
        "dose rate reduced",
        "interrupted",
        "drug interrupted",
    ],
};

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

/// Blanks and case do not matter.
fn plain(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase()
}

fn is_unknown(text: &str) -> bool {
    UNKNOWN.contains(&plain(text).as_str())
}

impl Words {
    /// What each row of a column says; none where the cell is n/a or [`UNKNOWN`], and none at all where the table has no such column.
    ///
    /// # Errors
    /// As [`Measured::has`]; bad data naming the line of a word that is neither, with the closest.
    pub(super) fn read(&self, table: &Measured, column: &str) -> Result<Option<Vec<Option<bool>>>> {
        if !table.has(column)? {
            return Ok(None);
        }
        let cells = table.texts(column)?;
        let said = cells.iter().enumerate().map(|(row, cell)| {
            let Some(text) = cell.as_ref().filter(|text| !is_unknown(text)) else {
                return Ok(None);
            };
            self.says(text).map(Some).ok_or_else(|| self.refusal(table, row, column, text))
        });
        said.collect::<Result<Vec<_>>>().map(Some)
    }

    fn says(&self, text: &str) -> Option<bool> {
        let word = plain(text);
        let word = word.strip_prefix("grade ").unwrap_or(&word);
        let is_among = |words: &[&str]| words.contains(&word);
        (is_among(self.yes) || is_among(self.no)).then(|| is_among(self.yes))
    }

    fn refusal(&self, table: &Measured, row: usize, column: &str, text: &str) -> Error {
        let known: Vec<String> =
            self.yes.iter().chain(self.no).map(|word| (*word).to_owned()).collect();
        Error::bad_data(
            table.line(row),
            format!("holds '{text}' in column {column}"),
            format!("be one of {}, or n/a (also {})", known.join(", "), UNKNOWN[0]),
            match closest(text, &known) {
                Some(word) => format!("did you mean '{word}'?"),
                None => "write it in one of these words".to_owned(),
            },
        )
    }
}
