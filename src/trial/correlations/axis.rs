//! One side of a relation, and what of it is on an axis.

use crate::error::Result;
use crate::trial::brain::is_of_regions;
use crate::trial::derived;
use crate::trial::dictionary::Direction;
use crate::trial::motion;
use crate::trial::people::People;
use crate::trial::plan::{Column, Plan};
use crate::trial::tables::Tables;
use crate::trial::visits::Visits;

/// What of a measure is related.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum What {
    Baseline,
    Change,
}

/// One side of a relation.
pub(super) struct Side {
    pub visits: Visits,
    pub is_brain: bool,
    /// Whether it is measured at both visits.
    pub has_change: bool,
    direction: Option<Direction>,
    /// The column of motion beside a region.
    motion: Option<Visits>,
}

/// Values of participants, `[place in People::all]`.
pub(super) struct Axis {
    pub label: String,
    pub values: Vec<Option<f64>>,
    /// Motion at the same visits, with what it is called.
    pub motion: Option<(String, Vec<Option<f64>>)>,
}

impl Side {
    pub fn open(column: &Column, plan: &Plan, people: &People, tables: &Tables) -> Result<Side> {
        let visits = derived::visits(column, plan, people, tables)?;
        let own = &visits.column;
        let table = tables.get(&own.table).ok();
        let is_brain = is_of_regions(own, plan) && !motion::is_one(&own.column);
        let motion = table.filter(|_| is_brain);
        let motion = motion.map(|table| motion::beside(&own.column, table, (plan, people, tables)));
        let motion = motion.transpose()?.flatten();
        // What the plan says of an outcome comes before its dictionary.
        let of_plan = plan.outcomes.iter().find(|outcome| outcome.column == *own);
        let direction = of_plan.and_then(|outcome| outcome.direction).or(visits.direction);
        let there = |session: &str| {
            let of_arms = people.places(|person| person.arm.is_some());
            of_arms.iter().any(|&place| visits.get(place, session).is_some())
        };
        let has_change = there(&plan.baseline) && there(&plan.endpoint);
        Ok(Side { is_brain, has_change, direction, motion, visits })
    }

    /// Baseline, or change; of what was measured at one visit the values there.
    ///
    /// # Errors
    /// Usage: the table has no such session.
    pub fn axis(&self, what: What, plan: &Plan, people: &People) -> Result<Axis> {
        let label = &self.visits.label;
        if !self.has_change {
            let (session, values) = self.only_visit(plan, people)?;
            let motion = self.motion.as_ref().map(|fd| fd.at(session)).transpose()?;
            return Ok(Axis {
                label: format!("{label} at {session}"),
                values,
                motion: motion.map(|values| (self.motion_label(session), values)),
            });
        }
        let of = |visits: &Visits, sign: f64| -> Result<Vec<Option<f64>>> {
            let before = visits.at(&plan.baseline)?;
            if what == What::Baseline {
                return Ok(before);
            }
            let after = visits.at(&plan.endpoint)?;
            let change = |(b, e): (&Option<f64>, &Option<f64>)| Some(sign * ((*e)? - (*b)?));
            Ok(before.iter().zip(&after).map(change).collect())
        };
        let improves_down = self.direction == Some(Direction::Lower);
        let (label, sign, visit) = match (what, improves_down) {
            (What::Baseline, _) => {
                (format!("{label} at {}", plan.baseline), 1.0, plan.baseline.as_str())
            }
            (What::Change, true) => {
                let (b, e) = (&plan.baseline, &plan.endpoint);
                (format!("improvement of {label} ({b} - {e})"), -1.0, "change")
            }
            (What::Change, false) => {
                let (b, e) = (&plan.baseline, &plan.endpoint);
                (format!("change of {label} ({e} - {b})"), 1.0, "change")
            }
        };
        let motion = self.motion.as_ref().map(|fd| of(fd, 1.0)).transpose()?;
        Ok(Axis {
            label,
            values: of(&self.visits, sign)?,
            motion: motion.map(|values| (self.motion_label(visit), values)),
        })
    }

    /// The one visit at which it is measured: the endpoint, or the baseline.
    fn only_visit<'a>(
        &self,
        plan: &'a Plan,
        people: &People,
    ) -> Result<(&'a str, Vec<Option<f64>>)> {
        let session = [&plan.endpoint, &plan.baseline].into_iter().find(|session| {
            people.places(|_| true).iter().any(|&place| self.visits.get(place, session).is_some())
        });
        let session = session.unwrap_or(&plan.endpoint);
        Ok((session, self.visits.at(session)?))
    }

    fn motion_label(&self, visit: &str) -> String {
        let column = self.motion.as_ref().map_or("", |fd| fd.column.column.as_str());
        format!("{column} ({visit})")
    }
}
