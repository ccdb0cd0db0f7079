//! Adverse events.

use serde::Serialize;

use super::Estimate;
use crate::trial::arm::ByArm;

/// Treatment-emergent adverse events.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct AdverseEvents {
    /// Treated participants: the denominators.
    pub treated: ByArm<usize>,
    /// Summary rows, then system organ classes each with its preferred terms, by descending active count.
    pub rows: Vec<AdverseRow>,
    /// Events before the first dose, by arm.
    pub before: ByArm<usize>,
    /// Events after the last dose + 30 days.
    pub after: ByArm<usize>,
}

/// A row: a participant counts once.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct AdverseRow {
    /// The system organ class, or what a summary row counts ("any treatment-emergent", "serious", ...).
    pub soc: String,
    /// The preferred term; none in rows of classes and summaries.
    pub pt: Option<String>,
    /// Whether it is a summary row.
    pub is_summary: bool,
    /// Participants.
    pub n: ByArm<usize>,
    /// Of those treated.
    pub share: ByArm<Option<f64>>,
    /// Events.
    pub events: ByArm<usize>,
    /// Active minus control, with Miettinen and Nurminen's limits; none where an arm has nobody.
    pub risk_difference: Option<Estimate>,
    /// The same with Newcombe's.
    pub risk_difference_newcombe: Option<Estimate>,
}
