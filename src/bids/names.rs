//! Names and patterns of columns.

use super::pattern::Pattern;
use crate::design::confounds::is_pattern;

/// What a name of X or of a list of conditions stands for: a column of exactly that name, or, where there is none, all that match it by
/// `*`, `?` and `[...]`.
#[derive(Debug, Clone)]
pub struct Wanted {
    name: String,
    pattern: Option<Pattern>,
}

impl Wanted {
    /// A name or pattern as the file has it.
    #[must_use]
    pub fn new(name: &str) -> Wanted {
        let pattern = is_pattern(name).then(|| Pattern::of_names(name));
        Wanted { name: name.to_owned(), pattern }
    }

    /// Whether it may stand for several columns, or for none.
    #[must_use]
    pub fn is_pattern(&self) -> bool {
        self.pattern.is_some()
    }

    /// Whether it stands for this name.
    #[must_use]
    pub fn is(&self, name: &str) -> bool {
        self.name == name || self.pattern.as_ref().is_some_and(|pattern| pattern.matches(name))
    }

    /// Which of the names it stands for, in their order: the one that it is, else those that match.
    #[must_use]
    pub fn among(&self, names: &[String]) -> Vec<usize> {
        match names.iter().position(|name| *name == self.name) {
            Some(one) => vec![one],
            None => (0..names.len()).filter(|&i| self.is(&names[i])).collect(),
        }
    }
}
