//! What was asked, and what came of it.

use crate::error::Result;
use crate::report::grid::Grid;
use crate::report::html::{escaped, number};
use crate::report::listing::Listing;
use crate::report::statmap::Statmap;
use crate::report::viewer::{self, Course, Viewers};

/// One contrast.
#[derive(Debug, Clone)]
pub struct Contrast {
    /// As the user named it.
    pub name: String,
    /// What is tested in what, a line each.
    pub words: Vec<String>,
    /// Its picture.
    pub picture: Statmap,
    /// What it weighs.
    pub weights: Vec<Weights>,
    /// Clusters and their peaks, and what they are.
    pub clusters: (String, Listing),
    /// What the table of them is called once it is saved.
    pub file: String,
    /// Time courses at the peaks.
    pub courses: Vec<Course>,
}

/// A row of a contrast.
#[derive(Debug, Clone, PartialEq)]
pub struct Weights {
    /// Of which runs: empty for all alike.
    pub of: String,
    /// Columns that weigh something.
    pub columns: Vec<(String, f64)>,
}

/// The contrasts as a matrix: a row each (of F several), a column for each column of the model that any of them weighs.
pub(super) fn weights(contrasts: &[Contrast]) -> String {
    let rows = || contrasts.iter().flat_map(|c| c.weights.iter().map(move |row| (c, row)));
    let mut names: Vec<&str> = Vec::new();
    for (name, _) in rows().flat_map(|(_, row)| &row.columns) {
        if !names.contains(&name.as_str()) {
            names.push(name);
        }
    }
    if names.is_empty() {
        return String::new();
    }
    let heads: Vec<&str> = ["contrast", "of"].into_iter().chain(names.iter().copied()).collect();
    let mut grid = Grid::new("What each contrast weighs", &heads, 2);
    for (contrast, row) in rows() {
        let weight = |name: &&str| {
            let own = row.columns.iter().find(|(column, _)| column == name);
            own.map_or(String::new(), |(_, weight)| {
                let text = number(*weight, 4);
                let text = if text.contains('.') { text.trim_end_matches('0') } else { &text };
                text.trim_end_matches('.').to_owned()
            })
        };
        let test = format!("{} ({})", contrast.name, contrast.picture.letter);
        let of = if row.of.is_empty() { "all runs".to_owned() } else { row.of.clone() };
        let cells: Vec<String> = [test, of].into_iter().chain(names.iter().map(weight)).collect();
        grid.row(&cells);
    }
    grid.finish()
}

/// The map, the peaks, the runs there.
pub(super) fn section(one: &Contrast, id: &str, viewers: &mut Viewers) -> Result<String> {
    let mut html = String::new();
    if !one.words.is_empty() {
        html += "<ul class=\"plain\">\n";
        one.words.iter().for_each(|line| html += &format!("<li>{}</li>\n", escaped(line)));
        html += "</ul>\n";
    }
    let view = format!("{id}-view");
    html += &viewers.view(&one.picture, &view)?;
    let (caption, clusters) = &one.clusters;
    html += &viewer::peaks(clusters, caption, &view, &one.file);
    let note = "Grey: the voxel's series as it was fitted. Orange: the whole model at that voxel, by ordinary least squares on the same columns. A peak was chosen \
                because it is high there: this shows what the model does, and tests nothing.";
    Ok(html + &viewer::courses(&one.courses, &format!("{id}-course"), note))
}
