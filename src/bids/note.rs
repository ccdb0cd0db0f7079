//! What a model may say otherwise than the specification does, taken with a word about it.

/// Most remarks that are kept.
const MOST: usize = 1000;

/// Remarks on a model, in the order in which they were met, each once.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Notes(Vec<String>);

impl Notes {
    /// Adds what is said of the place that a JSON pointer names (`/Nodes/0/Model/Type`).
    pub fn add(&mut self, pointer: &str, said: impl std::fmt::Display) {
        if self.0.len() == MOST {
            self.0.push("further remarks are left out".into());
        }
        if self.0.len() > MOST {
            return;
        }
        let note = format!("{pointer}: {said}");
        if !self.0.contains(&note) {
            self.0.push(note);
        }
    }

    /// All of them.
    #[must_use]
    pub fn all(&self) -> &[String] {
        &self.0
    }
}
