//! Pressure pain.

use serde::Serialize;

use super::{AncovaRow, Estimate, Test};
use crate::trial::arm::{Arm, ByArm};

/// Pressure pain.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct Pressure {
    /// The rating whose pressure is found.
    pub target: f64,
    /// Units of the pressures, by the dictionary or the column's name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pressure_units: Option<String>,
    /// Units of the ratings, by the dictionary.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rating_units: Option<String>,
    /// Which ratings are taken to be better, and what says it.
    pub better: String,
    /// A participant and visit a row.
    pub visits: Vec<PressureOfVisit>,
    /// Mean ratings of an arm at a session, for the curves.
    pub curves: Vec<PressureCurve>,
    /// P50, slope and AUC at the endpoint, given those at baseline.
    pub ancova: Vec<AncovaRow>,
    /// The rating at each pressure, given that at baseline.
    pub intensities: Vec<IntensityRow>,
    /// The pressure of the target by each series alone; empty where the table has no column `series`.
    pub series: Vec<SeriesRow>,
    /// Whether two series give the same at baseline.
    pub series_differ: Option<SeriesDiffer>,
    /// Each participant's change of the mean rating, compared by t.
    pub mean_change: Option<SummaryMeasure>,
    /// Each participant's slope of the change on pressure, per 100 units of pressure, compared by t.
    pub treatment_by_intensity: Option<SummaryMeasure>,
}

impl Pressure {
    /// Units of a slope of rating on pressure.
    #[must_use]
    pub fn slope_units(&self) -> Option<String> {
        let (rating, pressure) = (self.rating_units.as_ref()?, self.pressure_units.as_ref()?);
        Some(format!("{rating}/{pressure}"))
    }
}

/// A participant's visit.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PressureOfVisit {
    /// Who.
    pub participant: String,
    /// The arm.
    pub arm: Option<Arm>,
    /// The session.
    pub session: String,
    /// Stimuli.
    pub n: usize,
    /// Rating per unit of pressure.
    pub slope: f64,
    /// Rating at pressure 0.
    pub intercept: f64,
    /// Standard deviation of the residuals.
    pub s: f64,
    /// Of the residuals.
    pub dof: f64,
    /// Pressure of the target rating with Fieller's limits; none where the slope is 0. Limits are none where g is 1 or more (unbounded).
    pub p50: Option<Estimate>,
    /// t^2 s^2 / (slope^2 Sxx).
    pub g: f64,
    /// The same by isotonic regression; none where it does not cross the target.
    pub p50_isotonic: Option<f64>,
    /// Mean rating over the range of pressures: the area under the mean ratings, divided by that range.
    pub auc: f64,
    /// Whether P50 lies within the tested pressures; none where there is no P50.
    pub in_range: Option<bool>,
    /// Ratings at the scale's ends.
    pub floor_or_ceiling: usize,
}

/// Mean ratings of an arm at a session.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PressureCurve {
    /// The arm.
    pub arm: Arm,
    /// The session.
    pub session: String,
    /// Pressures, rising.
    pub pressure: Vec<f64>,
    /// Mean over participants of their mean rating, with t limits.
    pub rating: Vec<Estimate>,
    /// Participants at each.
    pub n: Vec<usize>,
}

/// The rating at one pressure.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct IntensityRow {
    /// The pressure.
    pub pressure: f64,
    /// Compared given baseline.
    pub ancova: AncovaRow,
    /// Holm's p over the pressures.
    pub p_holm: f64,
}

/// One number a participant, compared by a two-sample t.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SummaryMeasure {
    /// Participants.
    pub n: ByArm<usize>,
    /// Active minus control.
    pub difference: Estimate,
    /// Two-sample t, one variance.
    pub test: Test,
}

/// The pressure of the target by one series of a visit.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SeriesRow {
    /// Who.
    pub participant: String,
    /// The session.
    pub session: String,
    /// "ascending", "random".
    pub series: String,
    /// Stimuli of it.
    pub n: usize,
    /// With Fieller's limits; none where it has no rising line.
    pub p50: Option<Estimate>,
}

/// Two series of the same participants at baseline.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SeriesDiffer {
    /// Their names: the difference is the first minus the second.
    pub series: [String; 2],
    /// Participants with both.
    pub n: usize,
    /// Of the pressures of the target.
    pub difference: Estimate,
    /// Paired t.
    pub test: Test,
}
