//! Tables with a row an edge, as runs' edges.

use std::collections::HashMap;

use crate::design::similar::misnamed;
use crate::error::{Error, Result};
use crate::table::is_missing;
use crate::trial::edges_of_runs::{EdgesOfRun, EdgesOfRuns, RunOf};
use crate::trial::index::index;
use crate::trial::numbered::refuse_words;
use crate::trial::tables::{Measured, TASK};
use crate::trial::visits::{RUN, RUNS, other_state};

/// The columns that are read, as `connect` calls them.
const EDGE: [&str; 3] = ["region_a", "region_b", "z"];
/// The same of networks.
const NETWORKS: [&str; 3] = ["network_a", "network_b", "mean_z"];
/// Of how many pairs of regions a mean is, of those that are known and of all.
const PAIRS: [&str; 2] = ["pairs_known", "pairs"];

/// The rows of a table with a row an edge.
struct Rows<'a> {
    table: &'a Measured,
    regions: [Vec<&'a str>; 2],
    z: Vec<Option<f64>>,
}

impl<'a> Rows<'a> {
    fn of(table: &'a Measured) -> Result<Rows<'a>> {
        refuse_other_tables(table)?;
        let [a, b, z] = EDGE;
        let name = |column| words(table, column, "name a region");
        let rows = Rows { table, regions: [name(a)?, name(b)?], z: table.numbers(z)? };
        match (0..rows.z.len()).find(|&row| rows.regions[0][row] == rows.regions[1][row]) {
            Some(row) => Err(Error::bad_data(
                table.line(row),
                format!("is of {} with itself", rows.regions[0][row]),
                "be of two regions",
                "delete the row",
            )),
            None => Ok(rows),
        }
    }

    /// The edges of some rows, a pair once.
    fn edges(&self, rows: &[usize]) -> Result<Vec<(&str, &str, Option<f64>)>> {
        let mut lines: HashMap<[&str; 2], usize> = HashMap::new();
        let mut edges = Vec::with_capacity(rows.len());
        for &row in rows {
            let [a, b] = [self.regions[0][row], self.regions[1][row]];
            let mut key = [a, b];
            key.sort_unstable();
            if let Some(other) = lines.insert(key, row) {
                return Err(self.twice(row, other));
            }
            edges.push((a, b, self.z[row]));
        }
        Ok(edges)
    }

    /// All rows, of one run.
    fn of_run(&self) -> Result<EdgesOfRun> {
        let mut run = EdgesOfRun { z: self.z.clone(), ..EdgesOfRun::default() };
        let (mut places, mut lines) = (HashMap::new(), HashMap::new());
        for row in 0..self.z.len() {
            let pair = [self.regions[0][row], self.regions[1][row]].map(|name| {
                *places.entry(name).or_insert_with(|| {
                    run.regions.push(name.to_owned());
                    run.regions.len() - 1
                })
            });
            let key = [pair[0].min(pair[1]), pair[0].max(pair[1])];
            if let Some(other) = lines.insert(key, row) {
                return Err(self.twice(row, other));
            }
            run.pairs.push(pair);
        }
        Ok(run)
    }

    fn twice(&self, row: usize, other: usize) -> Error {
        let [a, b] = [self.regions[0][row], self.regions[1][row]];
        Error::bad_data(
            self.table.line(row),
            format!("is of {a} and {b}, as {} is", self.table.other_line(other)),
            "be the only row of a run and pair of regions",
            "give several runs of a visit a column run, of several tasks name one as TABLE[COLUMN=VALUE], or delete one of the rows",
        )
    }
}

/// The cells of a column that every row must have.
fn words<'a>(table: &'a Measured, column: &str, expected: &str) -> Result<Vec<&'a str>> {
    let at = table.position(column)?;
    let rows = &table.table.rows;
    if rows.iter().any(|cells| is_missing(&cells[at])) {
        // It says which row.
        table.needed(column, expected)?;
    }
    Ok(rows.iter().map(|cells| cells[at].trim()).collect())
}

fn is_absent(table: &Measured, column: &str) -> bool {
    table.table.position(column).is_none()
}

/// A table that is none of edges, such as the matrix.
fn refuse_other_tables(table: &Measured) -> Result<()> {
    let lacks: Vec<&str> = EDGE.into_iter().filter(|column| is_absent(table, column)).collect();
    if lacks.is_empty() {
        return Ok(());
    }
    Err(Error::usage(
        table.table.name.clone(),
        match !is_absent(table, "Node") {
            true => "is a matrix of regions".to_owned(),
            false => format!("has no column {}", lacks.join(" and no ")),
        },
        "have a row an edge, with region_a, region_b and z, Fisher's z of their correlation",
        misnamed(&EDGE, &table.table.columns).unwrap_or_else(|| {
            "give the folder that boldly connect wrote into, whose edges.tsv are taken, or a table with participant_id and session_id, too".to_owned()
        }),
    ))
}

/// The edges of a run whose table is its own, as `connect` writes it.
///
/// # Errors
/// Usage: a table of something else. Bad data naming the line: no region, a region with itself, a pair twice, what is no number.
pub fn read(table: &Measured) -> Result<EdgesOfRun> {
    Rows::of(table)?.of_run()
}

/// The networks of a run, as `connect` writes them: the mean of z within each (itself twice) and between two.
///
/// # Errors
/// Usage: a table of something else. Bad data naming the line: no network, a pair twice, what is no number.
pub fn read_networks(table: &Measured) -> Result<EdgesOfRun> {
    let [a, b, z] = NETWORKS;
    let name = |column| words(table, column, "name a network");
    let mut run = Rows { table, regions: [name(a)?, name(b)?], z: table.numbers(z)? }.of_run()?;
    if !PAIRS.iter().any(|column| is_absent(table, column)) {
        let [known, all] = PAIRS.map(|column| table.numbers(column));
        let both = known?.into_iter().zip(all?);
        let counts =
            |(known, all): (Option<f64>, Option<f64>)| Some([known? as usize, all? as usize]);
        run.of_pairs = both.map(counts).collect();
    }
    Ok(run)
}

/// Refuse a visit whose rows are of several tasks or conditions, as one whose tables are of several tasks.
fn refuse_several_states(table: &Measured, (ids, sessions): (&[String], &[String])) -> Result<()> {
    let mut first: HashMap<[&str; 2], usize> = HashMap::new();
    for row in 0..ids.len() {
        let other = *first.entry([&ids[row], &sessions[row]]).or_insert(row);
        if let Some(state) = other_state(table, [other, row]) {
            return Err(Error::bad_data(
                table.line(row),
                format!(
                    "is of {} as {} is, of another {state}",
                    sessions[row],
                    table.other_line(other)
                ),
                format!(
                    "be of the {state} of the visit's other rows: a mean over {state}s is no state of anybody"
                ),
                format!(
                    "name the rows of one {state}: --edges '{}[{state}=NAME]'",
                    table.table.name
                ),
            ));
        }
    }
    Ok(())
}

/// The runs of a table with a row a participant, session and edge; a column `run` tells several runs of a visit apart.
///
/// # Errors
/// Usage where nothing says whose a row is; bad data naming both lines of a visit's rows of several tasks or conditions.
pub fn of_table(table: &Measured) -> Result<EdgesOfRuns> {
    let rows = Rows::of(table)?;
    let lacks: Vec<&str> =
        ["participant_id", "session_id"].into_iter().filter(|key| is_absent(table, key)).collect();
    if !lacks.is_empty() {
        return Err(Error::usage(
            table.table.name.clone(),
            format!("has no column {}", lacks.join(" and no ")),
            "say whose each row is",
            "add them, or give the folder of all runs' tables in its place: --edges FOLDER, with sub- and ses- in their paths",
        ));
    }
    let (ids, sessions) = (table.ids()?, table.sessions()?);
    table.refuse_case_alone("region", &[EDGE[0], EDGE[1]])?;
    refuse_words(table, RUN, RUNS)?;
    table.has(TASK)?;
    refuse_several_states(table, (&ids, &sessions))?;
    let numbers = match table.has(RUN)? {
        true => table.needed(RUN, "say which run")?.iter().map(|run| index(run)).collect(),
        false => vec![String::new(); ids.len()],
    };
    let mut places: HashMap<[&str; 3], usize> = HashMap::new();
    let mut runs: Vec<Vec<usize>> = Vec::new();
    for row in 0..ids.len() {
        let key = [&ids[row], &sessions[row], &numbers[row]].map(String::as_str);
        let at = *places.entry(key).or_insert_with(|| {
            runs.push(Vec::new());
            runs.len() - 1
        });
        runs[at].push(row);
    }
    let mut edges = EdgesOfRuns::new(table.table.name.clone());
    for own in runs {
        let first = own[0];
        let run = RunOf {
            participant: ids[first].clone(),
            session: sessions[first].clone(),
            place: table.place(first),
            images: 1,
        };
        edges.add(run, rows.edges(&own)?);
    }
    Ok(edges)
}
