//! Which run has which column of the model, and what became of those it has not.

use std::fmt::Write;

use super::left_out;
use crate::report::grid::Grid;
use crate::report::html::{counted, escaped, folded};

/// What is listed in a sentence.
const MOST: usize = 12;
/// Rows of a table that is not folded.
const OPEN: usize = 15;

/// What a run makes of a column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cell {
    /// It is in the model.
    Present,
    /// It is in the model, and others together say the same.
    Dependent,
    /// The run has no such column.
    Missing,
    /// It was taken out, and why.
    LeftOut(String),
}

/// Runs by columns.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Columns {
    /// Names of the columns, of any run.
    pub names: Vec<String>,
    /// Each run; of a dataset each of a subject's.
    pub rows: Vec<Row>,
}

/// A run: its times, and what it makes of each column.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Row {
    /// The entities of its image.
    pub name: String,
    /// Volumes that are fitted: `98 of 100`.
    pub volumes: String,
    /// Seconds from one volume to the next; none where it is not known.
    pub tr_s: Option<f64>,
    /// When the task columns are sampled: the origin of the frame times, in words.
    pub origin: String,
    /// Volumes that are left out, from 0, and why.
    pub left_out: Vec<(usize, String)>,
    /// `[column]`
    pub cells: Vec<Cell>,
}

impl Cell {
    fn sign(&self) -> &'static str {
        match self {
            Cell::Present => "✓",
            Cell::Dependent => "≈",
            Cell::Missing => "–",
            Cell::LeftOut(_) => "✕",
        }
    }

    fn word(&self) -> &str {
        match self {
            Cell::Present => "in the model",
            Cell::Dependent => "depends on others",
            Cell::Missing => "missing",
            Cell::LeftOut(why) => why,
        }
    }
}

/// What lacks in sentences, then the whole table.
pub(super) fn section(of: &Columns) -> String {
    if of.rows.is_empty() {
        return String::new();
    }
    let odd = |row: &&Row| row.cells.iter().any(|cell| *cell != Cell::Present);
    let n_odd = of.rows.iter().filter(odd).count();
    let (n_runs, n_columns) = (counted(of.rows.len(), "run"), counted(of.names.len(), "column"));
    let mut html = match n_odd {
        0 => format!("<p>{n_runs}, {n_columns}: each run has each of them.</p>\n"),
        n => format!("<p>{n_runs}, {n_columns}; not so in {n}:</p>\n<ul>\n"),
    };
    for Row { name, cells, .. } in of.rows.iter().filter(odd).take(MOST) {
        let lacks = of.names.iter().zip(cells).filter(|(_, cell)| **cell != Cell::Present);
        let said: Vec<String> =
            lacks.map(|(column, cell)| format!("{column} ({})", cell.word())).collect();
        // Writing to a String cannot fail.
        let _ = writeln!(html, "<li>{}</li>", escaped(&format!("{name}: {}", said.join(", "))));
    }
    if n_odd > MOST {
        let _ = writeln!(html, "<li>{} more: see the table</li>", counted(n_odd - MOST, "run"));
    }
    html += if n_odd > 0 { "</ul>\n" } else { "" };
    let table = table(of);
    html += &if n_odd > 0 { table } else { folded("Every run and column", &table) };
    html + &times(of)
}

/// The times of each run.
fn times(of: &Columns) -> String {
    let caption = "Runs, their volumes and the origin of their frame times";
    let any_out = of.rows.iter().any(|row| !row.left_out.is_empty());
    let out: &[&str] = if any_out { &["volumes left out"] } else { &[] };
    let heads = [&["run", "origin of frame times"], out, &["volumes", "TR (s)"]].concat();
    let mut grid = Grid::new(caption, &heads, heads.len() - 2);
    for row in &of.rows {
        let tr_s = row.tr_s.map_or("–".to_owned(), |tr_s| tr_s.to_string());
        let out = any_out.then(|| left_out::line(&row.left_out));
        let texts = [row.name.clone(), row.origin.clone()].into_iter().chain(out);
        grid.row(&texts.chain([row.volumes.clone(), tr_s]).collect::<Vec<_>>());
    }
    if of.rows.len() > OPEN { grid.folded() } else { grid.finish() }
}

fn table(of: &Columns) -> String {
    let caption = "Runs by columns: ✓ in the model, ≈ depends on others, – missing, ✕ taken out";
    let mut html = format!(
        "<div class=\"scroll\" role=\"region\" tabindex=\"0\" aria-label=\"Runs by columns\">\n<table class=\"numbers presence\">\n\
         <caption><span>{caption}</span></caption>\n<thead><tr><th scope=\"col\">run</th>"
    );
    for name in &of.names {
        // Writing to a String cannot fail.
        let _ =
            write!(html, "<th scope=\"col\" title=\"{0}\"><span>{0}</span></th>", escaped(name));
    }
    html += "</tr></thead>\n<tbody>\n";
    for Row { name, cells, .. } in &of.rows {
        let _ = write!(html, "<tr><th scope=\"row\">{}</th>", escaped(name));
        for cell in cells {
            let class = if *cell == Cell::Present { "has" } else { "lacks" };
            let (sign, word) = (cell.sign(), escaped(cell.word()));
            let _ = write!(
                html,
                "<td class=\"{class}\" title=\"{word}\"><span aria-hidden=\"true\">{sign}</span><span class=\"unseen\">{word}</span></td>"
            );
        }
        html += "</tr>\n";
    }
    html + "</tbody>\n</table>\n</div>\n"
}
