//! Words that differ in case or blanks alone are one word.

use std::collections::BTreeMap;

/// The first way in which each word was written, and the others.
#[derive(Default)]
pub(super) struct Spellings {
    first: BTreeMap<String, String>,
    others: Vec<(String, String)>,
}

impl Spellings {
    /// The word as it was written first.
    pub(super) fn of(&mut self, word: &str) -> String {
        let written = word.split_whitespace().collect::<Vec<_>>().join(" ");
        let first = self.first.entry(written.to_lowercase()).or_insert_with(|| written.clone());
        let pair = (written, first.clone());
        if pair.0 != pair.1 && !self.others.contains(&pair) {
            self.others.push(pair.clone());
        }
        pair.1
    }

    /// What was taken as another: "'nausea' as 'Nausea'"; none where every word was written in one way.
    pub(super) fn told(&self) -> Option<String> {
        let told = self.others.iter().map(|(other, first)| format!("'{other}' as '{first}'"));
        let told: Vec<String> = told.collect();
        (!told.is_empty()).then(|| told.join(", "))
    }
}
