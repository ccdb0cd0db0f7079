//! Which key of an entry was meant by one that is not read.

use crate::design::similar::closest;

/// Letters that an abbreviation has at least.
const LEAST: usize = 3;

/// The known key that another nearly is, or that one of its words is or abbreviates: `MinValue`, `ValidRange`, `Desc`.
pub(super) fn meant<'a>(key: &str, known: &'a [String]) -> Option<&'a str> {
    let words = words(key);
    let is_meant = |own: &&String| {
        let own = own.to_lowercase();
        words.iter().any(|word| word.len() >= LEAST && own.starts_with(word.as_str()))
    };
    closest(key, known).or_else(|| known.iter().find(is_meant).map(String::as_str))
}

/// The words of a key in small letters: `MinValue` and `min_value` have two.
fn words(key: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut was_small = false;
    for letter in key.chars() {
        if !letter.is_alphanumeric() || was_small && letter.is_uppercase() {
            words.push(String::new());
        }
        if let Some(word) = words.last_mut().filter(|_| letter.is_alphanumeric()) {
            word.extend(letter.to_lowercase());
        }
        was_small = letter.is_lowercase();
    }
    words
}
