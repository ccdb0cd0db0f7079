//! Names as labels of files.

use crate::design::letters;

/// A name as a label of BIDS: letters and digits alone, each part after the first with a capital (`trial_type.word` is
/// `trialTypeWord`); letters with marks are those without ([`letters`]).
#[must_use]
pub fn label(name: &str) -> String {
    let mut label = String::new();
    let mut capital = false;
    for c in letters::of(name) {
        if c.is_ascii_alphanumeric() {
            label.push(if capital && !label.is_empty() { c.to_ascii_uppercase() } else { c });
            capital = false;
        } else {
            capital = true;
        }
    }
    label
}
