//! Which run has which column of the model, and what became of those it has not.

use std::fmt::Write;

use super::left_out;
use crate::report::grid::Grid;
use crate::report::html::{counted, escaped, folded};

/// What is listed in a sentence.
const MOST: usize = 12;
/// Rows of a table that is not folded.
const OPEN: usize = 15;
/// Columns side by side: a sheet of A4 takes them beside the runs' names.
const ACROSS: usize = 20;

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
    /// So many of a family of numbered ones, of which a run has as many as it needs.
    Many(usize),
}

/// Columns of which each run has its own number, by how their names begin.
const NUMBERED: [&str; 10] = [
    "motion_outlier",
    "non_steady_state_outlier",
    "non_steady_state",
    "cosine",
    "drift_",
    "a_comp_cor_",
    "c_comp_cor_",
    "w_comp_cor_",
    "t_comp_cor_",
    "aroma_motion_",
];

/// How the name of a numbered column begins, where runs differ in how many they have: motion_outlier of motion_outlier03.
#[must_use]
pub fn numbered(name: &str) -> Option<&'static str> {
    let stem = name.trim_end_matches(|c: char| c.is_ascii_digit());
    NUMBERED.into_iter().find(|family| stem.len() < name.len() && *family == stem)
}

/// The same, a family of numbered columns as one where runs differ in it alone by how many they have.
fn gathered(of: &Columns) -> Columns {
    let differs = |at: usize| of.rows.iter().any(|row| row.cells[at] != Cell::Present);
    let is_odd = |at: usize| {
        of.rows.iter().any(|row| !matches!(row.cells[at], Cell::Present | Cell::Missing))
    };
    let whole = |family: &str| {
        let own = (0..of.names.len()).filter(|&at| numbered(&of.names[at]) == Some(family));
        let own: Vec<usize> = own.collect();
        (own.iter().any(|&at| differs(at)) && !own.iter().any(|&at| is_odd(at))).then_some(own)
    };
    let mut names: Vec<String> = Vec::new();
    let mut rows: Vec<Row> =
        of.rows.iter().map(|row| Row { cells: Vec::new(), ..row.clone() }).collect();
    for (at, name) in of.names.iter().enumerate() {
        let family = numbered(name).and_then(|family| Some((family, whole(family)?)));
        if let Some((family, own)) = family {
            if own.first() != Some(&at) {
                continue;
            }
            names.push(format!("{family}*"));
            for (row, old) in rows.iter_mut().zip(&of.rows) {
                let n = own.iter().filter(|&&at| old.cells[at] == Cell::Present).count();
                row.cells.push(Cell::Many(n));
            }
        } else {
            names.push(name.clone());
            rows.iter_mut()
                .zip(&of.rows)
                .for_each(|(row, old)| row.cells.push(old.cells[at].clone()));
        }
    }
    Columns { names, rows }
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
    fn sign(&self) -> String {
        match self {
            Cell::Present => "✓".to_owned(),
            Cell::Dependent => "≈".to_owned(),
            Cell::Missing => "–".to_owned(),
            Cell::LeftOut(_) => "✕".to_owned(),
            Cell::Many(n) => n.to_string(),
        }
    }

    fn word(&self) -> String {
        match self {
            Cell::Present => "in the model".to_owned(),
            Cell::Dependent => "depends on others".to_owned(),
            Cell::Missing => "missing".to_owned(),
            Cell::LeftOut(why) => why.clone(),
            Cell::Many(n) => format!("{n} in the model"),
        }
    }

    fn is_odd(&self) -> bool {
        !matches!(self, Cell::Present | Cell::Many(_))
    }
}

/// What lacks in sentences, then the whole table.
pub(super) fn section(of: &Columns) -> String {
    if of.rows.is_empty() {
        return String::new();
    }
    let (of, all) = (&gathered(of), of);
    let odd = |row: &&Row| row.cells.iter().any(Cell::is_odd);
    let n_odd = of.rows.iter().filter(odd).count();
    let (n_runs, n_columns) = (counted(of.rows.len(), "run"), counted(all.names.len(), "column"));
    let mut html = match n_odd {
        0 if all.names == of.names => {
            format!("<p>{n_runs}, {n_columns}: each run has each of them.</p>\n")
        }
        0 => format!(
            "<p>{n_runs}, {n_columns}: each run has each of them, but of numbered ones its own number, which the table says, or none.</p>\n"
        ),
        n => format!("<p>{n_runs}, {n_columns}; not so in {n}:</p>\n<ul>\n"),
    };
    for Row { name, cells, .. } in of.rows.iter().filter(odd).take(MOST) {
        let lacks = of.names.iter().zip(cells).filter(|(_, cell)| cell.is_odd());
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

/// The whole of it, in tables of about as many columns, each no wider than a sheet of paper takes.
fn table(of: &Columns) -> String {
    let n = of.names.len();
    let n_parts = n.div_ceil(ACROSS).max(1);
    let from = |part: usize| (part * n).div_ceil(n_parts);
    (0..n_parts).map(|part| part_of_table(of, (from(part), from(part + 1)))).collect()
}

fn part_of_table(of: &Columns, (from, to): (usize, usize)) -> String {
    let part = match of.names.len() > ACROSS {
        true => format!(" (columns {} to {to} of {})", from + 1, of.names.len()),
        false => String::new(),
    };
    let caption = format!(
        "Runs by columns{part}: ✓ in the model, ≈ depends on others, – missing, ✕ taken out; a number where runs have different numbers of a kind"
    );
    let mut html = format!(
        "<div class=\"scroll\" role=\"region\" tabindex=\"0\" aria-label=\"Runs by columns{part}\">\n<table class=\"numbers presence\">\n\
         <caption><span>{caption}</span></caption>\n<thead><tr><th scope=\"col\">run</th>"
    );
    for name in &of.names[from..to] {
        // Writing to a String cannot fail.
        let _ =
            write!(html, "<th scope=\"col\" title=\"{0}\"><span>{0}</span></th>", escaped(name));
    }
    html += "</tr></thead>\n<tbody>\n";
    for Row { name, cells, .. } in &of.rows {
        let _ = write!(html, "<tr><th scope=\"row\">{}</th>", escaped(name));
        for cell in &cells[from..to] {
            let class = if cell.is_odd() { "lacks" } else { "has" };
            let (sign, word) = (cell.sign(), escaped(&cell.word()));
            let _ = write!(
                html,
                "<td class=\"{class}\" title=\"{word}\"><span aria-hidden=\"true\">{sign}</span><span class=\"unseen\">{word}</span></td>"
            );
        }
        html += "</tr>\n";
    }
    html + "</tbody>\n</table>\n</div>\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(name: &str, cells: &[Cell]) -> Row {
        Row { name: name.to_owned(), cells: cells.to_vec(), ..Row::default() }
    }

    #[test]
    fn numbered_columns_of_which_runs_have_their_own_number_are_no_fault() {
        use Cell::{Missing, Present};
        let names = ["pain", "motion_outlier00", "motion_outlier01", "cond2", "cosine00"];
        let of = Columns {
            names: names.map(str::to_owned).to_vec(),
            rows: vec![
                row("run-1", &[Present, Present, Present, Present, Present]),
                row("run-2", &[Present, Missing, Missing, Missing, Present]),
            ],
        };
        let own = gathered(&of);
        assert_eq!(own.names, ["pain", "motion_outlier*", "cond2", "cosine00"]);
        assert_eq!(own.rows[0].cells, [Present, Cell::Many(2), Present, Present]);
        assert_eq!(own.rows[1].cells, [Present, Cell::Many(0), Missing, Present]);
        let html = section(&of);
        assert!(html.contains("<li>run-2: cond2 (missing)</li>"), "{html}");
        // One of them that is no more than missing stands by itself.
        let rows = vec![
            row("run-1", &[Present, Present, Cell::Dependent, Present, Present]),
            of.rows[1].clone(),
        ];
        assert_eq!(gathered(&Columns { rows, ..of.clone() }).names, names);
    }

    #[test]
    fn a_wide_table_is_cut_into_sheets() {
        let names: Vec<String> = (0..45).map(|n| format!("x{n}y")).collect();
        let rows = vec![row("run-1", &vec![Cell::Present; 45])];
        let html = section(&Columns { names, rows });
        assert_eq!(html.matches("<table class=\"numbers presence\"").count(), 3);
        assert!(html.contains("(columns 31 to 45 of 45)"));
        for (n, parts) in [(20, vec![20]), (21, vec![11, 10]), (41, vec![14, 14, 13])] {
            let names: Vec<String> = (0..n).map(|n| format!("x{n}y")).collect();
            let rows = vec![row("run-1", &vec![Cell::Present; n])];
            let html = table(&Columns { names, rows });
            let cut = html.split("<table").skip(1).map(|part| part.matches("<td").count());
            assert_eq!(cut.collect::<Vec<_>>(), parts);
        }
    }
}
