//! Words that differ in case or blanks alone are one word, and so are numerals of one number: 1, 01 and a spreadsheet's 1.0.

use std::collections::BTreeMap;

use super::note::counted;
use crate::design::similar::{are_one_number, spelling};
use crate::error::{Error, Result};

/// Refuse words of rows that differ in case alone or are one number, such as sessions: a slip would hide a visit. `what`: a session; `cells`: each with its row; `line`: what messages call a row.
///
/// # Errors
/// Bad data naming the first line of the one that fewer rows have.
pub(super) fn refuse_case_alone<'a>(
    what: &str,
    cells: impl IntoIterator<Item = (usize, &'a str)>,
    line: impl Fn(usize) -> String,
) -> Result<()> {
    let mut spelt: BTreeMap<String, Vec<(&str, Vec<usize>)>> = BTreeMap::new();
    // Without ses- it is the same session, and without task- the same task.
    fn bare(name: &str) -> &str {
        ["ses-", "task-"].iter().find_map(|start| name.strip_prefix(start)).unwrap_or(name)
    }
    for (row, name) in cells {
        let lower = name.to_lowercase();
        let ways = spelt.entry(spelling(bare(&lower))).or_default();
        match ways.iter_mut().find(|(way, _)| bare(way) == bare(name)) {
            Some((_, rows)) => rows.push(row),
            None => ways.push((name, vec![row])),
        }
    }
    for mut ways in spelt.into_values().filter(|ways| ways.len() > 1) {
        ways.sort_by_key(|(_, rows)| std::cmp::Reverse(rows.len()));
        let [(usual, many), (slip, few), ..] = &ways[..] else { continue };
        return Err(Error::bad_data(
            line(few[0]),
            format!(
                "is of {what} '{slip}', and {} of '{usual}': they {}",
                counted(many.len(), "row"),
                match are_one_number(bare(slip), bare(usual)) {
                    true => "are one number",
                    false => "differ in case alone",
                }
            ),
            format!("name each {what} in one way"),
            "correct the one that is a slip",
        ));
    }
    Ok(())
}

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
        let first = self.first.entry(spelling(&written)).or_insert_with(|| written.clone());
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
