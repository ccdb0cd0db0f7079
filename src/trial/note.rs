//! What a person must know of an analysis.

use serde::Serialize;

/// How much a note matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// How something was done, or a choice that was made.
    Info,
    /// Something was left out, assumed, or cannot be computed.
    Warning,
}

/// What a person must know of an analysis: one sentence.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Note {
    /// How much it matters.
    pub severity: Severity,
    /// The sentence, without the participants: "3 completers lack pgic at ses-week13".
    pub text: String,
    /// Whom it is about, as participants.tsv names them; may be empty.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub participants: Vec<String>,
}

impl std::fmt::Display for Note {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.text)?;
        match self.participants.as_slice() {
            [] => Ok(()),
            who => write!(f, ": {}", who.join(", ")),
        }
    }
}

/// The notes of a study, in the order in which they were made; none twice.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
#[serde(transparent)]
pub struct Notes {
    /// One a sentence.
    pub all: Vec<Note>,
}

impl Notes {
    /// Say how something was done.
    pub fn info(&mut self, text: impl Into<String>, participants: Vec<String>) {
        self.add(Note { severity: Severity::Info, text: text.into(), participants });
    }

    /// Say what was left out, assumed, or cannot be computed.
    pub fn warn(&mut self, text: impl Into<String>, participants: Vec<String>) {
        self.add(Note { severity: Severity::Warning, text: text.into(), participants });
    }

    fn add(&mut self, note: Note) {
        if !self.all.contains(&note) {
            self.all.push(note);
        }
    }
}
