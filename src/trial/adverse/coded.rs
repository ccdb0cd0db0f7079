//! System organ classes and preferred terms.

use std::collections::BTreeMap;

use crate::error::{Error, Result};
use crate::trial::note::{Notes, counted};
use crate::trial::spelling::Spellings;
use crate::trial::tables::Measured;

/// What an event without class or term is called.
const NOT_CODED: &str = "not coded";

/// Class and term of each row.
pub(super) fn coded(table: &Measured, notes: &mut Notes) -> Result<Vec<(String, String)>> {
    let (socs, pts) = (table.names("soc")?, table.names("pt")?);
    let (mut of_soc, mut of_pt) = (Spellings::default(), Spellings::default());
    let mut classes: BTreeMap<String, (String, usize)> = BTreeMap::new();
    let mut coded = Vec::new();
    let mut lacking: [Vec<usize>; 2] = Default::default();
    for (row, (soc, pt)) in socs.iter().zip(&pts).enumerate() {
        let (soc, pt) = (soc.as_deref().map(|s| of_soc.of(s)), pt.as_deref().map(|p| of_pt.of(p)));
        if let (Some(soc), Some(pt)) = (&soc, &pt) {
            let (class, first) = classes.entry(pt.clone()).or_insert_with(|| (soc.clone(), row));
            if class != soc {
                return Err(Error::bad_data(
                    table.line(row),
                    format!(
                        "puts '{pt}' into '{soc}', which line {} puts into '{class}'",
                        *first + 2
                    ),
                    "have one system organ class for a preferred term (MedDRA's primary one)",
                    "correct one of them",
                ));
            }
        }
        lacking[0].extend(soc.is_none().then_some(row));
        lacking[1].extend(pt.is_none().then_some(row));
        let or_not_coded = |word: Option<String>| word.unwrap_or_else(|| NOT_CODED.to_owned());
        coded.push((or_not_coded(soc), or_not_coded(pt)));
    }
    for (rows, column, what) in
        [(&lacking[0], "soc", "system organ class"), (&lacking[1], "pt", "preferred term")]
    {
        if !rows.is_empty() {
            let text = format!(
                "{} without {column} (line {}): the {what} is '{NOT_CODED}'",
                counted(rows.len(), "adverse event"),
                rows.iter().map(|row| (row + 2).to_string()).collect::<Vec<_>>().join(", ")
            );
            let ids = table.ids()?;
            notes.warn(text, rows.iter().map(|&row| ids[row].clone()).collect());
        }
    }
    for told in [of_soc.told(), of_pt.told()].into_iter().flatten() {
        notes.warn(
            format!("words of adverse events that differ in case or blanks, or are one number, are one: {told}"),
            Vec::new(),
        );
    }
    Ok(coded)
}
