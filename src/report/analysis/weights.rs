//! What contrasts weigh: as a picture, as a table, and whether each run tells them.

use super::RunPart;
use super::runs::Estimable;
use crate::report::grid::Grid;
use crate::report::html::{counted, escaped, folded, number};
use crate::report::svg::{Anchor, Path, Svg};

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

/// Side of a cell, room of a letter, and letters of a name that are shown.
const CELL: f64 = 26.0;
const LETTER: f64 = 6.4;
const LETTERS: usize = 34;
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
    picture(&lines, &names) + &table(&lines, &names) + &told(runs)
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

/// A cell a weight, orange above 0 and blue below, the strongest of each row in full.
fn picture(lines: &[Line<'_>], names: &[&str]) -> String {
    let drawn = &lines[..lines.len().min(DRAWN)];
    let length = |text: &str| text.chars().count().min(LETTERS) as f64 * LETTER;
    let left = drawn.iter().map(|line| length(&line.test)).fold(0.0, f64::max) + 10.0;
    let top = names.iter().map(|name| length(name)).fold(0.0, f64::max) + 10.0;
    let width = left + CELL * names.len() as f64 + 2.0;
    let mut svg = Svg::new(width, top + CELL * drawn.len() as f64 + 2.0);
    for (nth, name) in names.iter().enumerate() {
        let x = left + CELL * (nth as f64 + 0.5) + 4.0;
        svg.upwards("tick", [x, top - 6.0], &cut(name));
    }
    for (nth, line) in drawn.iter().enumerate() {
        let y = top + CELL * nth as f64;
        svg.text("tick", [left - 8.0, y + 0.5 * CELL + 4.0], Anchor::End, &cut(&line.test));
        let most = line.weights.iter().fold(0.0_f64, |most, weight| most.max(weight.abs()));
        for (at, &weight) in line.weights.iter().enumerate() {
            let x = left + CELL * at as f64;
            let mut cell = Path::default();
            cell.bar(x + 1.0, y + 1.0, CELL - 2.0, CELL - 2.0);
            let strength = if most > 0.0 { (5.0 * weight.abs() / most).ceil() as usize } else { 0 };
            let sign = if weight > 0.0 { "plus" } else { "minus" };
            let class =
                if strength == 0 { "weight-0".to_owned() } else { format!("{sign}-{strength}") };
            svg.path(&class, &cell);
            let text = short(weight);
            if (1..=4).contains(&text.chars().count()) {
                let class = if strength > 3 { "cell light" } else { "cell dark" };
                svg.text(class, [x + 0.5 * CELL, y + 0.5 * CELL + 3.5], Anchor::Middle, &text);
            }
        }
    }
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
    let drawing = svg.finish("weights", "What each contrast weighs", &said);
    crate::report::html::natural("What each contrast weighs", &drawing, &caption, width)
}

fn cut(text: &str) -> String {
    match text.chars().count() > LETTERS {
        true => text.chars().take(LETTERS - 1).chain(['…']).collect(),
        false => text.to_owned(),
    }
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
