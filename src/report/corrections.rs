//! What each kind of p lets pass.

use super::grid::Grid;
use super::listing::p_in_words;

/// A kind of p.
#[derive(Debug, Clone, PartialEq)]
pub struct Correction {
    /// What it is, in a sentence.
    pub what: String,
    /// What counts: `p ≤ .05`.
    pub rule: String,
    /// Voxels that it lets pass.
    pub n_voxels: usize,
    /// The smallest p.
    pub least: f64,
}

/// A row a kind; nothing where there is none.
pub(super) fn table(all: &[Correction]) -> String {
    let caption = "p of each kind: what it was corrected for, and how";
    let mut grid = Grid::new(caption, &["p", "what passes", "voxels", "smallest p"], 2);
    for Correction { what, rule, n_voxels, least } in all {
        grid.row(&[what.clone(), rule.clone(), n_voxels.to_string(), p_in_words(*least)]);
    }
    grid.finish()
}
