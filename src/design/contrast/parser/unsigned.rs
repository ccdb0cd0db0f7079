//! A number that stands right before what it is to weigh, `2a`, `2(a - b)`: that a `*` is missing.

use super::{Parser, is_word};
use crate::design::quoted;
use crate::error::{Error, Result};

impl Parser<'_> {
    /// Fails where something to be weighed begins behind a number that ends here and began at byte `from`.
    ///
    /// # Errors
    /// Usage.
    pub(super) fn refuse_unsigned(&mut self, from: usize) -> Result<()> {
        let number = self.text[from..self.at].to_owned();
        let is_weighed = |c: char| "(\"'`_".contains(c) || c.is_alphabetic();
        match self.peek().is_some_and(is_weighed) {
            true => Err(self.unsigned(&number)),
            false => Ok(()),
        }
    }

    /// The same where `word`, which begins here and is no name, is a number with a name behind it.
    pub(super) fn unsigned_in(&mut self, word: &str) -> Option<Error> {
        let is_number = |c: char| c.is_ascii_digit() || c == '.';
        let length = word.find(|c| !is_number(c))?;
        word[..length].parse::<f64>().ok()?;
        let start = self.at;
        self.at += length;
        let is_name = self.column_here().is_some() || matches!(self.set_here(), Ok(Some(_)));
        self.at = start + length;
        let error = is_name.then(|| self.unsigned(&word[..length]));
        self.at = start;
        error
    }

    /// `number` weighs what begins here.
    fn unsigned(&mut self, number: &str) -> Error {
        let column = self.column_here().map_or(0, |(_, length)| length);
        let weighed = quoted::short(&self.rest()[..column.max(weighed(self.rest()).len())]);
        self.error(
            &format!("has no * between {number} and {weighed}"),
            "join a number and what it weighs by *",
            &format!("write {number}*{weighed}"),
        )
    }
}

/// What a text begins with: a name, a name with its parenthesis, or a parenthesis.
fn weighed(text: &str) -> &str {
    let quote = text.chars().next().filter(|c| "\"'`".contains(*c));
    let name = match quote {
        Some(quote) => text[1..].find(quote).map_or(text.len(), |at| at + 2),
        None => text.find(|c: char| !is_word(c)).unwrap_or(text.len()),
    };
    if !text[name..].starts_with('(') {
        return &text[..name];
    }
    let mut depth = 0;
    for (at, c) in text.char_indices().skip_while(|(at, _)| *at < name) {
        depth += i32::from(c == '(') - i32::from(c == ')');
        if depth == 0 {
            return &text[..=at];
        }
    }
    text
}
