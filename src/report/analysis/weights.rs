//! What contrasts weigh: as a picture, as a table, and whether each run tells them.

use super::RunPart;
use super::runs::Estimable;
use crate::report::cells::{Cell, Cells};
use crate::report::grid::Grid;
use crate::report::html::{counted, escaped, folded, number};

/// A row of a contrast.
#[derive(Debug, Clone, PartialEq)]
pub struct Weights {
    /// Of which runs: empty for all alike.
    pub of: String,
    /// Columns that weigh something.
    pub columns: Vec<(String, f64)>,
}

/// A contrast of a model, whether or not it has a picture on the page.
#[derive(Debug, Clone, PartialEq)]
pub struct Weighed {
    /// As the user named it.
    pub name: String,
    /// `t` or `F`.
    pub letter: &'static str,
    /// Of an F several.
    pub rows: Vec<Weights>,
}

/// A row of the matrix.
struct Line<'a> {
    test: String,
    of: &'a str,
    /// `[column]`
    weights: Vec<f64>,
}

/// Pixels of a row.
const ROW: f64 = 26.0;
/// Rows of a picture, and runs in a list that is not folded.
const DRAWN: usize = 40;
const OPEN: usize = 12;

/// The matrix as a picture and as a table, then what runs do not tell.
pub(super) fn section(all: &[Weighed], runs: &[RunPart]) -> String {
    let mut names: Vec<&str> = Vec::new();
    for (name, _) in all.iter().flat_map(|one| &one.rows).flat_map(|row| &row.columns) {
        if !names.contains(&name.as_str()) {
            names.push(name);
        }
    }
    if names.is_empty() {
        return String::new();
    }
    let lines: Vec<Line<'_>> = all.iter().flat_map(|one| lines(one, &names)).collect();
    picture(&lines, &names, runs) + &table(&lines, &names) + &told(runs)
}

fn lines<'a>(one: &'a Weighed, names: &[&str]) -> Vec<Line<'a>> {
    let line = |row: &'a Weights| {
        let weight = |name: &&str| {
            row.columns.iter().find(|(column, _)| column == name).map_or(0.0, |(_, weight)| *weight)
        };
        Line {
            test: format!("{} ({})", one.name, one.letter),
            of: &row.of,
            weights: names.iter().map(weight).collect(),
        }
    };
    one.rows.iter().map(line).collect()
}

/// A weight in as few digits as serve; nothing for 0.
fn short(weight: f64) -> String {
    if weight == 0.0 {
        return String::new();
    }
    let text = number(weight, 4);
    let text = if text.contains('.') { text.trim_end_matches('0') } else { &text };
    text.trim_end_matches('.').to_owned()
}

/// A row's name: the test, and of which runs it is where they are not all alike, by what tells them from the others.
fn named(line: &Line<'_>, runs: &[RunPart]) -> String {
    if line.of.is_empty() {
        return line.test.clone();
    }
    let is_shared =
        |entity: &&str| runs.iter().all(|run| run.name.split('_').any(|other| other == *entity));
    let telling = |run: &str| {
        let own: Vec<&str> = run.split('_').filter(|entity| !is_shared(entity)).collect();
        if own.is_empty() { run.to_owned() } else { own.join("_") }
    };
    let of: Vec<String> = line.of.split(", ").map(telling).collect();
    format!("{} {}", line.test, of.join(", "))
}

/// A cell a weight, the strongest of each row in full.
fn picture(lines: &[Line<'_>], names: &[&str], runs: &[RunPart]) -> String {
    let drawn = &lines[..lines.len().min(DRAWN)];
    let row = |line: &Line<'_>| {
        let most = line.weights.iter().fold(0.0_f64, |most, weight| most.max(weight.abs()));
        let cell = |weight: &f64| Cell {
            strength: if most > 0.0 { weight / most } else { 0.0 },
            number: short(*weight),
        };
        (named(line, runs), line.weights.iter().map(cell).collect())
    };
    let cells = Cells {
        columns: names.iter().map(|name| (*name).to_owned()).collect(),
        rows: drawn.iter().map(row).collect(),
        row_height: ROW,
    };
    let said = format!(
        "{} by {}: orange above 0, blue below",
        counted(lines.len(), "row"),
        counted(names.len(), "column")
    );
    let more = match lines.len().saturating_sub(DRAWN) {
        0 => String::new(),
        n => format!(" {} more in the table.", counted(n, "row")),
    };
    let caption = format!(
        "Weights: orange above 0, blue below, the largest of a row darkest. Columns that no contrast weighs are not drawn.{more}"
    );
    let (drawing, width) = cells.drawn(("weights", "What each contrast weighs", &said));
    crate::report::html::natural("What each contrast weighs", &drawing, &caption, width)
}

/// A row each (of F several), a column for each column of the model that any of them weighs.
fn table(lines: &[Line<'_>], names: &[&str]) -> String {
    let heads: Vec<&str> = ["contrast", "of"].into_iter().chain(names.iter().copied()).collect();
    let mut grid = Grid::new("What each contrast weighs", &heads, 2);
    for Line { test, of, weights } in lines {
        let of = if of.is_empty() { "all alike" } else { *of };
        let cells = [test.clone(), of.to_owned()].into_iter();
        grid.row(&cells.chain(weights.iter().map(|weight| short(*weight))).collect::<Vec<_>>());
    }
    grid.folded()
}

/// Which runs do not tell which contrasts.
fn told(runs: &[RunPart]) -> String {
    if runs.iter().all(|run| run.estimable.is_empty()) {
        return String::new();
    }
    let mut lacks = String::new();
    for run in runs {
        for (name, found) in &run.estimable {
            if let Estimable::No(why) = found {
                lacks +=
                    &format!("<li>{}</li>\n", escaped(&format!("{}: {name}: {why}", run.name)));
            }
        }
    }
    match lacks.is_empty() {
        true => "<p>Each run determines each of its contrasts (estimability: the table of each run).</p>\n".to_owned(),
        false => folded_or_open(runs.len(), &format!("<ul>\n{lacks}</ul>\n")),
    }
}

fn folded_or_open(n: usize, list: &str) -> String {
    let said = "Contrasts that a run does not determine";
    if n > OPEN { folded(said, list) } else { format!("<p>{said}:</p>\n{list}") }
}
