//! What is said of many runs alike, as one of its kind: with the first, how many there are and whom it is about.

use super::named::listed;

/// Sayings of one kind.
pub(super) struct OfAKind {
    key: String,
    /// That of the first.
    pub text: String,
    /// Whom all are about, in order.
    pub whose: Vec<String>,
    /// Whether they differ in their numbers.
    pub differ: bool,
}

/// Sayings by kind, in the order of the first of each.
#[derive(Default)]
pub(super) struct Alike(Vec<OfAKind>);

impl Alike {
    /// Add what is said of somebody (`sub-01 task-x run-1`); whether it is the first of its kind.
    pub fn add(&mut self, text: &str, whose: &str) -> bool {
        let key = key(text, whose);
        match self.0.iter_mut().find(|kind| kind.key == key) {
            Some(kind) => {
                kind.differ |= kind.text != text;
                if !kind.whose.iter().any(|own| own == whose) {
                    kind.whose.push(whose.to_owned());
                }
                false
            }
            None => {
                let (text, whose) = (text.to_owned(), vec![whose.to_owned()]);
                self.0.push(OfAKind { key, text, whose, differ: false });
                true
            }
        }
    }

    /// All of them.
    pub fn all(&self) -> &[OfAKind] {
        &self.0
    }
}

impl OfAKind {
    /// Whom it is about, of so many runs, and what it says.
    pub fn told(&self, n_runs: usize) -> (String, String) {
        let of = match self.whose.len() {
            n if n == n_runs && n > 1 => "all runs".to_owned(),
            n if n > 1 => {
                let what = if self.whose[0].starts_with("node ") { "units" } else { "runs" };
                format!("{n} {what} ({})", listed(&self.whose))
            }
            _ => listed(&self.whose),
        };
        (of, self.said())
    }

    /// What it says of any of them.
    pub fn said(&self) -> String {
        format!("{}{}", self.text, if self.differ { " (numbers of the first)" } else { "" })
    }

    /// How many more there are than the first, and whose: `11 more: sub-02 run-1, ...`; nothing where there is none.
    pub fn others(&self) -> String {
        match &self.whose[1..] {
            [] => String::new(),
            more => format!("{} more: {}", more.len(), listed(more)),
        }
    }
}

/// A text without what is of one run: its names, and numbers.
fn key(text: &str, whose: &str) -> String {
    let bare = whose.split([' ', ',']).filter(|word| !word.is_empty());
    let bare = bare.fold(text.to_owned(), |text, word| text.replace(word, ""));
    let mut key = String::new();
    for letter in bare.chars() {
        match letter.is_ascii_digit() {
            true if key.ends_with('#') => {}
            true => key.push('#'),
            false => key.push(letter),
        }
    }
    key
}
