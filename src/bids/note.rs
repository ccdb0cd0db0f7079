//! What a model may say otherwise than the specification does, taken with a word about it.

/// Most remarks that are kept.
const MOST: usize = 1000;

/// Remarks on a model, in the order in which they were met, each once.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Notes {
    all: Vec<String>,
    /// Whether what the model asks and the data do not have is nobody's to know.
    is_of_made: bool,
}

impl Notes {
    /// Of a model that boldly itself made: it asks for what some runs may not have, and nobody wrote that.
    #[must_use]
    pub fn of_a_made_model() -> Notes {
        Notes { all: Vec::new(), is_of_made: true }
    }

    /// As [`Notes::add`], what the author of a model alone must know: that something which it asks for comes to nothing in a run.
    pub fn add_idle(&mut self, pointer: &str, said: impl std::fmt::Display) {
        if !self.is_of_made {
            self.add(pointer, said);
        }
    }

    /// Adds what is said of the place that a JSON pointer names (`/Nodes/0/Model/Type`).
    pub fn add(&mut self, pointer: &str, said: impl std::fmt::Display) {
        if self.all.len() == MOST {
            self.all.push("further remarks are left out".into());
        }
        if self.all.len() > MOST {
            return;
        }
        let note = format!("{pointer}: {said}");
        if !self.all.contains(&note) {
            self.all.push(note);
        }
    }

    /// All of them.
    #[must_use]
    pub fn all(&self) -> &[String] {
        &self.all
    }
}
