//! What an outcome is called.

use crate::trial::dictionary::Direction;
use crate::trial::plan::{BrainPlan, Outcome, Plan};
use crate::trial::visits::Visits;

/// What an outcome is called.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Named {
    /// `table:column`, or a name such as `cpm:absolute`.
    pub outcome: String,
    /// What the report calls it.
    pub label: String,
    /// Units.
    pub units: Option<String>,
    /// Which way is better.
    pub direction: Option<Direction>,
    /// Why an analysis could not make some of its values, and what to check.
    pub why_none: Option<[String; 2]>,
}

impl Named {
    /// How a plan leaves it out.
    #[must_use]
    pub fn left_out(&self, plan: &Plan) -> &'static str {
        let is_outcome = |own: &Outcome| own.column.to_string() == self.outcome;
        let is_region = |own: &BrainPlan| self.outcome.starts_with(&format!("{}:", own.table));
        if plan.outcomes.iter().any(is_outcome) {
            "leave the outcome out"
        } else if plan.brain.as_ref().is_some_and(is_region) {
            "name the other regions by --region"
        } else if self.outcome.starts_with("cpm:") {
            "leave --cpm out"
        } else if self.outcome.starts_with("pressure:") {
            "leave --pressure out"
        } else {
            "leave it out"
        }
    }

    /// As its table and its dictionary have it.
    #[must_use]
    pub fn of_column(visits: &Visits) -> Named {
        Named {
            outcome: visits.column.to_string(),
            label: visits.label.clone(),
            units: visits.units.clone(),
            direction: visits.direction,
            why_none: visits.why_none.clone(),
        }
    }

    /// By the plan, else by the dictionary.
    #[must_use]
    pub fn of(outcome: &Outcome, visits: &Visits) -> Named {
        Named {
            outcome: visits.column.to_string(),
            label: outcome.label.clone().unwrap_or_else(|| visits.label.clone()),
            units: visits.units.clone(),
            direction: outcome.direction.or(visits.direction),
            why_none: visits.why_none.clone(),
        }
    }
}
