//! Tables with a row an edge, as runs' edges.

use std::collections::HashMap;

use crate::error::{Error, Result};
use crate::trial::edges_of_runs::{EdgesOfRuns, RunOf};
use crate::trial::tables::Measured;

/// The columns that are read, as `connect` calls them.
const EDGE: [&str; 3] = ["region_a", "region_b", "z"];
/// What tells a participant's runs apart.
const RUN: &str = "run";

/// The rows of a table with a row an edge.
struct Rows<'a> {
    table: &'a Measured,
    regions: [Vec<String>; 2],
    z: Vec<Option<f64>>,
}

impl<'a> Rows<'a> {
    fn of(table: &'a Measured) -> Result<Rows<'a>> {
        refuse_other_tables(table)?;
        let [a, b, z] = EDGE;
        let name = |column| table.needed(column, "name a region");
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
            let [a, b] = [&self.regions[0][row], &self.regions[1][row]].map(String::as_str);
            let mut key = [a, b];
            key.sort_unstable();
            if let Some(other) = lines.insert(key, row) {
                return Err(Error::bad_data(
                    self.table.line(row),
                    format!("is of {a} and {b}, as {} is", self.table.other_line(other)),
                    "be the only row of a run and pair of regions",
                    "give several runs of a visit a column run, of several tasks name one as TABLE[COLUMN=VALUE], or delete one of the rows",
                ));
            }
            edges.push((a, b, self.z[row]));
        }
        Ok(edges)
    }
}

/// A table that is none of edges, such as the matrix.
fn refuse_other_tables(table: &Measured) -> Result<()> {
    let lacks: Vec<&str> = EDGE.into_iter().filter(|column| !table.has(column)).collect();
    if lacks.is_empty() {
        return Ok(());
    }
    Err(Error::usage(
        table.table.name.clone(),
        match table.has("Node") {
            true => "is a matrix of regions".to_owned(),
            false => format!("has no column {}", lacks.join(" and no ")),
        },
        "have a row an edge, with region_a, region_b and z, Fisher's z of their correlation",
        "give the folder that boldly connect wrote into, whose edges.tsv are taken, or a table with participant_id and session_id, too",
    ))
}

/// A run more, whose edges are a table of their own, as `connect` writes it.
///
/// # Errors
/// Usage: a table of something else. Bad data naming the line: no region, a region with itself, a pair twice, what is no number.
pub fn add(edges: &mut EdgesOfRuns, table: &Measured, run: RunOf) -> Result<()> {
    let rows = Rows::of(table)?;
    let all: Vec<usize> = (0..rows.z.len()).collect();
    edges.add(run, rows.edges(&all)?);
    Ok(())
}

/// The runs of a table with a row a participant, session and edge; a column `run` tells several runs of a visit apart.
///
/// # Errors
/// As [`add`]; usage where nothing says whose a row is.
pub fn of_table(table: &Measured) -> Result<EdgesOfRuns> {
    let rows = Rows::of(table)?;
    let lacks: Vec<&str> =
        ["participant_id", "session_id"].into_iter().filter(|key| !table.has(key)).collect();
    if !lacks.is_empty() {
        return Err(Error::usage(
            table.table.name.clone(),
            format!("has no column {}", lacks.join(" and no ")),
            "say whose each row is",
            "add them, or give the folder of all runs' tables in its place: --edges FOLDER, with sub- and ses- in their paths",
        ));
    }
    let (ids, sessions) = (table.ids()?, table.sessions()?);
    let numbers = match table.has(RUN) {
        true => table.needed(RUN, "say which run")?,
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
        };
        edges.add(run, rows.edges(&own)?);
    }
    Ok(edges)
}
