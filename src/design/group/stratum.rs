//! What one contrast is tested in.

use ndarray::{Array2, ArrayView1};

use crate::error::Result;
use crate::stats::least_squares::LeastSquares;

/// Sums of weights below this share of the largest are 0.
const BALANCED: f64 = 1e-8;

/// Rows of the table with their weights.
pub type Combination = Vec<(usize, f64)>;

/// What one contrast is tested in.
#[derive(Debug, Clone, PartialEq)]
pub struct Stratum {
    /// Of the contrast.
    pub name: String,
    /// The contrast over cells, as a sum.
    pub words: String,
    /// F, else t.
    pub is_f: bool,
    /// One a row of the design.
    pub subjects: Vec<String>,
    /// The group of each, by its place among [`Stratum::groups`].
    pub group: Vec<usize>,
    /// Names of the groups; one where there is no factor between subjects.
    pub groups: Vec<String>,
    /// `[combination][row of the design]`: what is fitted. Several combinations, orthonormal within a subject, share one error.
    pub combined: Vec<Vec<Combination>>,
    /// The first combination over the cells within a subject, as a sum.
    pub combined_words: Vec<String>,
    /// Names of the design's columns.
    pub columns: Vec<String>,
    /// `[subject][column]`.
    pub design: Array2<f64>,
    /// `[row][column]`.
    pub weights: Array2<f64>,
    /// Whether under the null hypothesis a subject's combination may change its sign; else subjects may be exchanged.
    pub flips: bool,
    /// For a row of the design its block, where only rows of one block may be exchanged.
    pub blocks: Option<Vec<usize>>,
    /// The same, as the user has it: sites, families; no matter of the model.
    pub given_blocks: Option<Vec<usize>>,
    /// Subjects that are not in it, and why.
    pub left_out: Vec<(String, String)>,
}

impl Stratum {
    /// Whether the contrast compares rows of one block with each other only, so that exchange within blocks tests it; true without
    /// blocks.
    ///
    /// # Errors
    /// As [`LeastSquares::new`].
    pub fn is_within_blocks(&self) -> Result<bool> {
        let Some(blocks) = &self.blocks else { return Ok(true) };
        let taken = self.weights.dot(&LeastSquares::new(self.design.view())?.pinv);
        let most = taken.iter().fold(0.0_f64, |most, w| most.max(w.abs()));
        let sum = |row: ArrayView1<f64>, block: usize| -> f64 {
            row.iter().zip(blocks).filter(|(_, own)| **own == block).map(|(w, _)| *w).sum()
        };
        let is_balanced = |block: &usize| {
            taken.rows().into_iter().all(|row| sum(row, *block).abs() <= BALANCED * most)
        };
        Ok(blocks.iter().all(is_balanced))
    }

    /// Degrees of freedom of the numerator, and of the residuals for this rank of the design.
    #[must_use]
    pub fn dof(&self, n_rows: usize, rank: usize) -> [f64; 2] {
        let n_combined = self.combined.len();
        let of_weights = LeastSquares::new(self.weights.t());
        let rows = of_weights.map_or(self.weights.nrows(), |solved| solved.rank);
        let dof1 = rows * n_combined;
        [dof1 as f64, (n_combined * n_rows.saturating_sub(rank)) as f64]
    }
}
