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

impl Note {
    /// The sentence with at most so many names, and how many more there are.
    #[must_use]
    pub fn short(&self, most: usize) -> String {
        match self.participants.len() {
            n if n > most + 1 => {
                let some = self.participants[..most].join(", ");
                format!("{}: {some} and {} more", self.text, n - most)
            }
            _ => self.to_string(),
        }
    }
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
    #[serde(skip)]
    lacking: Vec<Lacking>,
}

/// A note of participants who lack values: of several outcomes it is one.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Lacking {
    /// The note's place.
    at: usize,
    /// Whether they completed the study; none where that is not known.
    completed: Option<bool>,
    /// What they lack, and where.
    labels: Vec<String>,
    visits: String,
    /// Whether those with both values are analysed.
    are_left_out: bool,
}

impl Lacking {
    fn text(&self, n: usize) -> String {
        let who = match self.completed {
            Some(false) => format!("{} who did not complete the study", counted(n, "participant")),
            Some(true) => counted(n, "completer"),
            // Who has no value may have left: nobody is called a completer who is not known to be one.
            None => counted(n, "participant"),
        };
        let verb = verb(n, ["lacks", "lack"]);
        let (what, at) = (self.labels.join(", "), &self.visits);
        let end = match self.are_left_out {
            true => "not in the analysis of those observed",
            false => "an earlier value is carried forward, where there is one",
        };
        format!("{who} {verb} {what} at {at}: {end}")
    }
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

    /// Say who is not in the analysis of those observed for lacking an outcome at one of two visits. `completed`: whether they completed the study, none where that is not known. The same
    /// participants are named once, with all that they lack. `are_left_out`: whether there is such an analysis; else values are carried forward.
    pub fn lack(
        &mut self,
        who: Vec<String>,
        (completed, are_left_out): (Option<bool>, bool),
        label: &str,
        [before, after]: [&str; 2],
    ) {
        let visits = format!("{before} or {after}");
        let same = |own: &&mut Lacking| {
            own.completed == completed
                && own.are_left_out == are_left_out
                && own.visits == visits
                && self.all[own.at].participants == who
        };
        let at = match self.lacking.iter_mut().find(same) {
            Some(own) => {
                if !own.labels.iter().any(|known| known == label) {
                    own.labels.push(label.to_owned());
                }
                own.at
            }
            None => {
                let (at, labels) = (self.all.len(), vec![label.to_owned()]);
                self.all.push(Note {
                    severity: Severity::Warning,
                    text: String::new(),
                    participants: who,
                });
                self.lacking.push(Lacking { at, completed, labels, visits, are_left_out });
                at
            }
        };
        if let Some(own) = self.lacking.iter().find(|own| own.at == at) {
            self.all[at].text = own.text(self.all[at].participants.len());
        }
    }

    /// Take a note as it is, once.
    pub fn add(&mut self, note: Note) {
        if !self.all.contains(&note) {
            self.all.push(note);
        }
    }
}

/// "1 participant", "3 participants".
pub(super) fn counted(n: usize, what: &str) -> String {
    format!("{n} {what}{}", if n == 1 { "" } else { "s" })
}

/// The verb of one, or that of several: "1 participant lacks", "3 participants lack".
pub(super) fn verb(n: usize, [one, several]: [&str; 2]) -> &str {
    if n == 1 { one } else { several }
}
