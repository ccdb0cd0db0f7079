//! Names and meanings of sessions as they are compared: words without case, blanks and hyphens, numbers as numbers.
//!
//! `week 13`, `Week-13` and `ses-week013` are one, and 1, 01 and `ses-1.0`. A minus is part of a number where a blank or nothing stands before it (`day -7`); of `day-7` nobody knows, and it is as itself alone.

/// Words after which a hyphen may well be a minus.
const SIGNED: [&str; 2] = ["day", "d"];
/// Digits beyond which a number is no measure.
const LONGEST: usize = 15;

/// A part of a name.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Part {
    /// Letters, small.
    Word(String),
    /// A number.
    Number(f64),
    /// What is a number or its negative, or no single number: a version, a long code.
    Other(String),
}

/// The parts of a name, without `ses-`.
pub(super) fn parts(name: &str) -> Vec<Part> {
    let lower = name.trim().to_lowercase();
    let letters: Vec<char> = lower.strip_prefix("ses-").unwrap_or(&lower).chars().collect();
    let mut all = Vec::new();
    let mut at = 0;
    while at < letters.len() {
        let end = |is_part: &dyn Fn(char) -> bool| {
            letters[at..].iter().position(|&c| !is_part(c)).map_or(letters.len(), |n| at + n)
        };
        if letters[at].is_ascii_digit() {
            let end = end(&|c| c.is_ascii_digit() || c == '.');
            let text: String = letters[at..end].iter().collect();
            let last = all.last().cloned();
            all.push(number(&letters[..at], last.as_ref(), text.trim_end_matches('.')));
            at = end;
        } else if letters[at].is_alphanumeric() {
            let end = end(&|c| c.is_alphanumeric() && !c.is_ascii_digit());
            all.push(Part::Word(letters[at..end].iter().collect()));
            at = end;
        } else {
            at += 1;
        }
    }
    all
}

/// A number with its sign, by what stands before it.
fn number(before: &[char], last: Option<&Part>, text: &str) -> Part {
    let value: Option<f64> = text.parse().ok().filter(|_| text.len() <= LONGEST);
    let Some(value) = value else { return Part::Other(text.to_owned()) };
    let is_minus = matches!(before.last(), Some('-' | '−'));
    let is_free = match before.len() {
        0 | 1 => true,
        n => before[n - 2].is_whitespace() || before[n - 2] == '(',
    };
    let is_signed = |part: &Part| matches!(part, Part::Word(w) if SIGNED.contains(&w.as_str()));
    match (is_minus, is_free) {
        (true, true) => Part::Number(-value),
        (true, false) if last.is_some_and(is_signed) => Part::Other(format!("±{value}")),
        _ => Part::Number(value),
    }
}

/// What is the same of all spellings of a name.
pub(super) fn key(name: &str) -> String {
    let mut text = String::new();
    for part in parts(name) {
        let own = match part {
            Part::Word(own) | Part::Other(own) => own,
            Part::Number(number) => number.to_string(),
        };
        let is_digit = |c: Option<char>| c.is_some_and(|c| c.is_ascii_digit());
        if is_digit(text.chars().last()) && is_digit(own.chars().next()) {
            text.push(' ');
        }
        text += &own;
    }
    match text.is_empty() {
        true => name.trim().to_lowercase(),
        false => text,
    }
}

/// What is the same of all spellings of a meaning: `week 13` is `Week-13 visit`, too.
pub(super) fn sense(meaning: &str) -> String {
    let is_visit = |part: &Part| matches!(part, Part::Word(own) if own == "visit");
    let is_other = |part: &Part| matches!(part, Part::Word(own) if own != "visit");
    let all = parts(meaning);
    match all.iter().any(is_visit) && all.iter().any(is_other) {
        true => key(&meaning.to_lowercase().replace("visit", " ")),
        false => key(meaning),
    }
}

/// A label of a meaning, without blanks: `week4`.
pub(super) fn label(meaning: &str) -> String {
    meaning.to_lowercase().chars().filter(|c| c.is_alphanumeric()).collect()
}
