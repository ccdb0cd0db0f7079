//! Who is in the study and what lacks.

use serde::Serialize;

use crate::trial::arm::ByArm;
use crate::trial::plan::Missing;

/// The CONSORT flow.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct Flow {
    /// Rows of participants.tsv.
    pub listed: usize,
    /// Who was not randomised.
    pub not_randomised: Vec<String>,
    /// Why, by `discontinuation_reason` of those who have one, the most frequent first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub why_not: Vec<(String, usize)>,
    /// Who was randomised to an arm that is not compared.
    pub other_arms: Vec<String>,
    /// The arms.
    pub arms: ByArm<FlowOfArm>,
}

/// An arm's boxes.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct FlowOfArm {
    /// The arm's name.
    pub name: String,
    /// Randomised.
    pub randomised: usize,
    /// Of these treated.
    pub treated: usize,
    /// Of these not.
    pub not_treated: Vec<String>,
    /// Of those randomised, who completed; none where the table does not say.
    pub completed: Option<usize>,
    /// Who did not.
    pub discontinued: Option<usize>,
    /// Why, the most frequent first; "not given" where n/a.
    pub reasons: Vec<(String, usize)>,
    /// How many of the arm each outcome's primary analysis has.
    pub analysed: Vec<Analysed>,
}

/// How many an analysis has.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Analysed {
    /// The outcome's label.
    pub label: String,
    /// What was done about missing values.
    pub missing: Missing,
    /// Participants of the arm.
    pub n: usize,
}

/// Populations and missing values.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct Populations {
    /// Randomised, treated, completed, and each outcome's.
    pub rows: Vec<Population>,
    /// Values that lack, an outcome and visit a row.
    pub missing: Vec<MissingRow>,
}

/// A population.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Population {
    /// "randomised", "treated", "completed".
    pub name: String,
    /// Who is in it, and for what it serves.
    pub definition: String,
    /// How many.
    pub n: ByArm<usize>,
}

/// Values of an outcome at a visit.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct MissingRow {
    /// `table:column`.
    pub outcome: String,
    /// What it is called.
    pub label: String,
    /// The session.
    pub session: String,
    /// How many were randomised.
    pub expected: ByArm<usize>,
    /// How many values there are.
    pub present: ByArm<usize>,
    /// Who lacks one and did not complete the study.
    pub left: ByArm<Vec<String>>,
    /// Who lacks one though having completed it (or where it is not known who did).
    pub lacking: ByArm<Vec<String>>,
}
