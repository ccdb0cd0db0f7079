//! Values of regions with a row a map and region, as `boldly group` writes them (`region_values.tsv`), as a table with a row a participant and
//! visit and a column a region.

use std::collections::{BTreeMap, BTreeSet};

use super::dictionary::Dictionary;
use super::index::{index, without_entity};
use super::motion;
use super::note::{Notes, counted};
use super::numbered::refuse_words;
use super::tables::{Measured, STATES, is_missing};
use super::visits::{RUN, RUNS};
use crate::error::{Error, Result};
use crate::table::{Table, are_one_name};

/// The share of a region that a value must rest on, as in `connect`.
pub const LEAST_COVERAGE: f64 = 0.5;

/// A whole region, with the rounding of a share.
const ONE: f64 = 1.0 + 1e-9;

/// What is to be known of a region that holds the seed of the maps; follows what of it is the seed's.
pub const BY_CONSTRUCTION: &str = "the seed of the maps, whose series holds theirs: values are high there by construction, whatever the brain does; ask about regions beside it, or about pairs of regions (boldly connect --regions, boldly trial --edges)";

const KEYS: [&str; 2] = ["participant_id", "session_id"];
const REGION: &str = "region";
const MEAN: &str = "mean";
const COVERAGE: &str = "coverage";
const VOXELS: &str = "voxels";

/// Whether a table has a row a map and region.
#[must_use]
pub fn is_by_region(table: &Measured) -> bool {
    let is_there = |column: &&str| table.table.columns.iter().any(|own| are_one_name(own, column));
    KEYS.iter().chain(&[REGION, MEAN]).all(is_there)
}

/// Refuse a table of regions, several rows a participant and visit, that lacks the column of their means.
///
/// # Errors
/// Bad data, with the one column of numbers that may be it; as [`Measured::ids`] and [`Measured::sessions`].
pub fn refuse_without_means(table: &Measured) -> Result<()> {
    let at = |name: &str| table.table.columns.iter().position(|own| own == name);
    let (Some(region), None) = (at(REGION), at(MEAN)) else { return Ok(()) };
    if !KEYS.iter().all(|key| at(key).is_some()) {
        return Ok(());
    }
    let (ids, sessions) = (table.ids()?, table.sessions()?);
    let mut of_visits: BTreeMap<(&str, &str), &str> = BTreeMap::new();
    let mut visits = ids.iter().zip(&sessions).zip(&table.table.rows);
    let is_long = visits.any(|((id, session), cells)| {
        let name = cells[region].trim();
        *of_visits.entry((id, session)).or_insert(name) != name
    });
    if !is_long {
        return Ok(());
    }
    let is_known = |name: &&String| {
        let known = KEYS.iter().chain(&STATES).chain(&[REGION, COVERAGE, VOXELS, RUN]);
        known.into_iter().any(|own| own == name) || motion::is_taken(name)
    };
    let holds_numbers = |name: &&String| {
        let cells =
            at(name).into_iter().flat_map(|at| table.table.rows.iter().map(move |r| &r[at]));
        cells.map(|cell| cell.trim()).all(|cell| is_missing(cell) || cell.parse::<f64>().is_ok())
    };
    let others = table.table.columns.iter().filter(|name| !is_known(name));
    let numbers: Vec<&String> = others.filter(holds_numbers).collect();
    Err(Error::bad_data(
        &table.table.name,
        format!("has a row a map and region (column {REGION}), and no column {MEAN}"),
        format!("have the regions' values in {MEAN}, as region_values.tsv of boldly group has"),
        match numbers[..] {
            [one] => format!("rename '{one}' to {MEAN} where it holds them"),
            _ => "name the column of them so, or give a column a region".to_owned(),
        },
    ))
}

/// The same values with a row a participant and visit, or, where there is a column `run`, a run of it. Columns of the arm, the run, the task, the condition and of motion stay, all others go; a value that rests on less than
/// half of its region is n/a, counted and named.
///
/// # Errors
/// As [`Measured::has`]; bad data naming line and participant: a region twice at a visit and run, a run that is no whole number, a row without a region, participant or session, cells that are no numbers, an
/// arm or motion that differs within a visit, a region called as a column that stays or as another but for case.
pub fn by_region(long: &Measured, arm: &str, notes: &mut Notes) -> Result<Measured> {
    let (ids, sessions) = (long.ids()?, long.sessions()?);
    let names = long.needed(REGION, "name a region")?;
    long.refuse_case_alone(REGION, &[REGION])?;
    let values = long.numbers(MEAN)?;
    let coverage = coverages(long, &values, notes)?;
    motion::refuse_respelt(long, |_| false)?;
    let motion = motion::columns(long);
    let mut stay = Vec::new();
    let others = STATES.into_iter().filter(|state| !are_one_name(state, arm));
    for name in std::iter::once(arm).chain(others) {
        stay.extend(long.has(name)?.then_some(name));
    }
    let has_runs = long.has(RUN)?;
    stay.extend(has_runs.then_some(RUN));
    stay.extend(motion.iter().map(String::as_str));
    if let Some(row) = names.iter().position(|name| motion::is_taken(name) || name == arm) {
        return Err(Error::bad_data(
            long.line(row),
            format!("is of a region called '{}'", names[row]),
            "have a name that no other column of a table of regions has",
            "rename the region",
        ));
    }
    let regions = distinct(&names);
    refuse_off_scale(long, &names)?;
    refuse_words(long, RUN, RUNS)?;
    let runs = long.optional_texts(RUN)?;
    let runs: Vec<Option<String>> = runs.iter().map(|run| run.as_deref().map(index)).collect();
    let of_rows: Vec<(&str, &str, Option<&str>)> = (0..ids.len())
        .map(|row| (ids[row].as_str(), sessions[row].as_str(), runs[row].as_deref()))
        .collect();
    let visits = distinct(&of_rows);
    let mut rows: BTreeMap<(usize, usize), usize> = BTreeMap::new();
    let mut low: Vec<Vec<Low<'_>>> = vec![Vec::new(); regions.len()];
    for (row, (visit, name)) in of_rows.iter().zip(&names).enumerate() {
        let visit = visits.iter().position(|other| other == visit).unwrap_or_default();
        let region = regions.iter().position(|other| other == name).unwrap_or_default();
        if let Some(other) = rows.insert((visit, region), row) {
            return Err(twice(long, name, row, other));
        }
        let share = coverage.as_ref().and_then(|all| all[row]);
        if let Some(share) = share.filter(|share| *share < LEAST_COVERAGE) {
            let (participant, session, _) = of_rows[row];
            low[region].push(Low { participant, session, coverage: share });
        }
    }
    for region in &regions {
        let held = long.dictionary.get(region).and_then(|own| own.holds_seed.as_ref());
        held.iter().for_each(|what| notes.warn(format!("{what}, {BY_CONSTRUCTION}"), Vec::new()));
    }
    for state in stay.iter().filter(|own| **own != arm && STATES.contains(own)) {
        tell_states(long, state, &names, notes)?;
    }
    for (name, who) in regions.iter().zip(&low) {
        tell_low(name, who, notes);
    }
    let value = |row: &usize| {
        let rests = coverage.as_ref().and_then(|all| all[*row]).is_none_or(|c| c >= LEAST_COVERAGE);
        values[*row].filter(|_| rests).map_or("n/a".to_owned(), |value| value.to_string())
    };
    let mut table = Table { name: long.table.name.clone(), columns: Vec::new(), rows: Vec::new() };
    let heads = KEYS.iter().chain(&stay).map(|name| (*name).to_owned());
    table.columns = heads.chain(regions.iter().cloned()).collect();
    let mut origin = Vec::new();
    for (at, (id, session, run)) in visits.iter().enumerate() {
        let own: Vec<usize> = (0..names.len()).filter(|&row| of_rows[row] == visits[at]).collect();
        let mut cells = vec![(*id).to_owned(), (*session).to_owned()];
        for &column in &stay {
            cells.push(match column {
                RUN if has_runs => run.unwrap_or("n/a").to_owned(),
                _ if column != arm && STATES.contains(&column) => states(long, column, &own)?,
                _ => one(long, column, &own)?,
            });
        }
        let of_region = |region| rows.get(&(at, region)).map_or("n/a".to_owned(), value);
        cells.extend((0..regions.len()).map(of_region));
        table.rows.push(cells);
        origin.push(long.place(own[0]));
    }
    let dictionary = dictionary(long, &stay, &regions, notes);
    Ok(Measured { name: long.name.clone(), table, dictionary, origin })
}

/// The share of its region that each mean is of; none without such a column. A mean whose share is not known stays, which is told.
///
/// # Errors
/// As [`Measured::numbers`]; bad data naming the line of what is no share.
fn coverages(
    long: &Measured,
    values: &[Option<f64>],
    notes: &mut Notes,
) -> Result<Option<Vec<Option<f64>>>> {
    let Some(all) = long.optional_numbers(COVERAGE)? else { return Ok(None) };
    let is_off = |share: &Option<f64>| share.is_some_and(|share| !(0.0..=ONE).contains(&share));
    if let Some(row) = all.iter().position(is_off) {
        return Err(Error::bad_data(
            long.line(row),
            format!("holds {} in column {COVERAGE}", all[row].unwrap_or_default()),
            "hold the share of the region that the mean is of, from 0 to 1",
            "correct it; of percent divide by 100",
        ));
    }
    let unknown = (0..all.len()).filter(|&row| all[row].is_none() && values[row].is_some());
    let unknown: Vec<String> = unknown.map(|row| long.place(row)).collect();
    if !unknown.is_empty() {
        notes.warn(
            format!(
                "{} of {} whose {COVERAGE} is n/a: taken as of the whole region",
                counted(unknown.len(), "mean"),
                long.table.name
            ),
            unknown,
        );
    }
    Ok(Some(all))
}

/// A value that rests on less than half of its region.
#[derive(Debug, Clone, Copy)]
pub struct Low<'a> {
    /// Whose.
    pub participant: &'a str,
    /// The visit.
    pub session: &'a str,
    /// The share that there is, 0 to 1.
    pub coverage: f64,
}

/// Say which values of a region are n/a for that; nothing where none is.
pub fn tell_low(region: &str, low: &[Low<'_>], notes: &mut Notes) {
    let said = |Low { participant, session, coverage }: &Low<'_>| {
        format!("{participant} ({session}, {:.0} %)", 100.0 * coverage)
    };
    let (n, who) = (low.len(), low.iter().map(said).collect());
    match n {
        0 => {}
        1 => notes.warn(format!("{region} is n/a in 1 map that has less than half of it"), who),
        _ => notes.warn(format!("{region} is n/a in {n} maps that have less than half of it"), who),
    }
}

/// Each once, in their order.
fn distinct<T: PartialEq + Clone>(all: &[T]) -> Vec<T> {
    let mut seen = Vec::new();
    for one in all {
        if !seen.contains(one) {
            seen.push(one.clone());
        }
    }
    seen
}

fn twice(long: &Measured, region: &str, row: usize, other: usize) -> Error {
    Error::bad_data(
        long.line(row),
        format!("is of {region} at one visit as {} is", long.other_line(other)),
        "be the only row of a participant, session (of several runs: and run) and region",
        "of several conditions name one as TABLE[COLUMN=VALUE], or delete one of the rows",
    )
}

/// The tasks, or conditions, of a visit's rows; its regions may have one each.
fn states(long: &Measured, column: &str, rows: &[usize]) -> Result<String> {
    let at = long.position(column)?;
    let state = |row: usize| without_entity(long.table.rows[row][at].trim(), column);
    let all: BTreeSet<&str> = rows.iter().map(|&row| state(row)).collect();
    Ok(all.into_iter().collect::<Vec<_>>().join(" + "))
}

/// Tell of regions of several tasks, or conditions, beside others of one of their own, which those of a visit do not show.
fn tell_states(long: &Measured, column: &str, names: &[String], notes: &mut Notes) -> Result<()> {
    let at = long.position(column)?;
    let mut of_regions: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for (name, cells) in names.iter().zip(&long.table.rows) {
        of_regions.entry(name).or_default().insert(without_entity(cells[at].trim(), column));
    }
    let first = of_regions.values().next().cloned();
    let several = of_regions.iter().filter(|(_, tasks)| tasks.len() > 1);
    if of_regions.values().all(|tasks| Some(tasks) == first.as_ref()) {
        return Ok(()); // as visits show it
    }
    let said = |(name, tasks): (&&str, &BTreeSet<&str>)| {
        format!("{name} ({})", tasks.iter().copied().collect::<Vec<_>>().join(", "))
    };
    let said: Vec<String> = several.map(said).collect();
    if !said.is_empty() {
        notes.warn(
            format!(
                "{} has regions of several {column}s; what differs between visits or participants may be the {column}",
                long.table.name
            ),
            said,
        );
    }
    Ok(())
}

/// The one cell of a column in the rows of a visit.
fn one(long: &Measured, column: &str, rows: &[usize]) -> Result<String> {
    let at = long.position(column)?;
    let cell = |row: usize| long.table.rows[row][at].trim();
    match rows.iter().find(|&&row| cell(row) != cell(rows[0])) {
        None => Ok(cell(rows[0]).to_owned()),
        Some(&row) => Err(Error::bad_data(
            long.line(row),
            format!("holds '{}' in column {column}", cell(row)),
            format!("hold '{}' as {}", cell(rows[0]), long.other_line(rows[0])),
            "correct one of them: it is of the visit, not of a region",
        )),
    }
}

/// A mean that its region's own entry of the dictionary does not allow.
fn refuse_off_scale(long: &Measured, names: &[String]) -> Result<()> {
    let at = long.position(MEAN)?;
    for (row, name) in names.iter().enumerate() {
        let cell = long.table.rows[row][at].trim();
        let variable = long.dictionary.get(name).filter(|_| !is_missing(cell));
        if let Some(expected) = variable.and_then(|variable| variable.refusal(cell)) {
            return Err(Error::bad_data(
                long.line(row),
                format!("holds '{cell}' in column {MEAN} of {name}"),
                format!("{expected} by {}", long.dictionary.name),
                "correct the value or the dictionary; a code for a missing value must be n/a",
            ));
        }
    }
    Ok(())
}

/// What is said of the columns that stay, and of each region by its own entry, else by that of the means. What says nothing of either is told here.
fn dictionary(long: &Measured, stay: &[&str], regions: &[String], notes: &mut Notes) -> Dictionary {
    let columns = [long.table.columns.as_slice(), regions].concat();
    long.dictionary.tell_idle((&long.table.name, &columns), notes);
    let of_means = long.dictionary.get(MEAN).cloned().unwrap_or_default();
    let kept = KEYS.iter().chain(stay).filter_map(|name| long.dictionary.get(name).cloned());
    let of_regions = long.dictionary.of_regions(regions, &of_means);
    let variables = kept.chain(of_regions).collect();
    Dictionary { name: long.dictionary.name.clone(), variables, ..Dictionary::default() }
}
