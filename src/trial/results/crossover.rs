//! A crossover of two periods.

use serde::Serialize;

use super::{Analysed, Estimate, Test};
use crate::trial::arm::ByArm;
use crate::trial::dictionary::Direction;
use crate::trial::plan::Missing;

/// A crossover.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct Crossover {
    /// `table:column` of what is measured.
    pub outcome: String,
    /// What it is called: the dictionary's LongName, else the column.
    pub label: String,
    /// Units, where the dictionary says.
    pub units: Option<String>,
    /// Which way is better.
    pub direction: Option<Direction>,
    /// The treatment that is the control.
    pub control: String,
    /// The other.
    pub active: String,
    /// The sequences' names with their participants in the analysis.
    pub sequences: Vec<(String, usize)>,
    /// Who has no second period.
    pub dropped: Vec<String>,
    /// Treatment, period and carry-over, of the outcome, of its change from period baseline, and by ANCOVA of the differences.
    pub rows: Vec<CrossoverRow>,
}

impl Crossover {
    /// How many of each sequence the analysis has; active: the one that begins with the active treatment.
    #[must_use]
    pub fn analysed(&self) -> ByArm<Vec<Analysed>> {
        let of = |at: usize| {
            let n = self.sequences.get(at).map_or(0, |(_, n)| *n);
            vec![Analysed { label: "both periods".to_owned(), missing: Missing::Observed, n }]
        };
        // The active one comes first.
        ByArm { active: of(0), control: of(1) }
    }
}

/// An effect.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CrossoverRow {
    /// "outcome", "change from period baseline", "given baseline difference", "mixed model, all patients".
    pub analysis: String,
    /// "treatment", "period", "carry-over".
    pub effect: String,
    /// Participants that it rests on.
    pub n: usize,
    /// The effect, with limits; of the mixed model without.
    pub estimate: Estimate,
    /// t; none of the mixed model.
    pub test: Option<Test>,
    /// Whether it is shown only, and no choice is made by it (carry-over).
    pub shown_only: bool,
}
