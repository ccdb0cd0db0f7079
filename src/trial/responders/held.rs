//! One part of a rule, held against everybody's values.

use crate::error::Result;
use crate::trial::dictionary::Direction;
use crate::trial::note::{Notes, counted};
use crate::trial::people::People;
use crate::trial::plan::Plan;
use crate::trial::rule::{Operator, Part, Threshold};
use crate::trial::tables::Tables;
use crate::trial::visits::Visits;

/// A part, and who meets it.
pub(super) struct Held {
    /// The part, the table of its column filled in.
    pub(super) part: Part,
    /// `[place in People::all]`; none where a value lacks.
    pub(super) met: Vec<Option<bool>>,
    /// `[place in People::all]`; empty where the part needs no baseline.
    pub(super) baseline: Vec<Option<f64>>,
}

impl Held {
    pub(super) fn against(
        part: &Part,
        plan: &Plan,
        people: &People,
        tables: &Tables,
        notes: &mut Notes,
    ) -> Result<Held> {
        let visits = tables.visits(&part.column, people)?;
        let end = visits.at(&plan.endpoint)?;
        let start = match part.needs_baseline() {
            true => visits.at(&plan.baseline)?,
            false => vec![None; end.len()],
        };
        let met = start.iter().zip(&end).map(|(&start, &end)| part.met(start, end)).collect();
        let part = Part { column: visits.column.clone(), ..part.clone() };
        let baseline = if part.needs_baseline() { start.clone() } else { Vec::new() };
        let held = Held { part, met, baseline };
        held.tell_direction(&visits, notes);
        held.tell_no_percentage(&start, &end, plan, people, notes);
        held.tell_lacking(&start, &end, plan, people, notes);
        Ok(held)
    }

    /// A rule that counts a change for the worse as a response is probably mistyped.
    fn tell_direction(&self, visits: &Visits, notes: &mut Notes) {
        let upward = matches!(self.part.operator, Operator::AtLeast | Operator::Above);
        let Some(better) = visits.direction else { return };
        if upward != (better == Direction::Higher) {
            let words = match better {
                Direction::Lower => "lower is better",
                Direction::Higher => "higher is better",
            };
            let text = format!(
                "the responder rule {} counts what the dictionary calls worse ({words})",
                self.part
            );
            notes.warn(text, Vec::new());
        }
    }

    fn tell_no_percentage(
        &self,
        start: &[Option<f64>],
        end: &[Option<f64>],
        plan: &Plan,
        people: &People,
        notes: &mut Notes,
    ) {
        if !matches!(self.part.threshold, Threshold::Percent(_)) {
            return;
        }
        let none = |place: &usize| {
            end[*place].is_some() && start[*place].is_some_and(|start| start <= 0.0)
        };
        let who: Vec<usize> = compared(people).filter(none).collect();
        if !who.is_empty() {
            let text = format!(
                "{} with {} of 0 or below at {}: of it there is no percentage, and the value lacks",
                counted(who.len(), "participant"),
                self.part.column,
                plan.baseline
            );
            notes.warn(text, people.names(&who));
        }
    }

    fn tell_lacking(
        &self,
        start: &[Option<f64>],
        end: &[Option<f64>],
        plan: &Plan,
        people: &People,
        notes: &mut Notes,
    ) {
        let mut tell = |session: &str, remark: &str, lacks: &dyn Fn(usize) -> bool| {
            let who: Vec<usize> = compared(people).filter(|&place| lacks(place)).collect();
            if !who.is_empty() {
                let text = format!(
                    "{} without {} at {session}{remark}: no responder of all randomised, left out of the observed",
                    counted(who.len(), "participant"),
                    self.part.column
                );
                notes.warn(text, people.names(&who));
            }
        };
        let of = |place: usize, completed| {
            end[place].is_none() && people.all[place].completed == completed
        };
        tell(&plan.endpoint, " though having completed", &|place| of(place, Some(true)));
        tell(&plan.endpoint, " for having left", &|place| of(place, Some(false)));
        tell(&plan.endpoint, "", &|place| of(place, None));
        if self.part.needs_baseline() {
            tell(&plan.baseline, "", &|place| start[place].is_none() && end[place].is_some());
        }
    }
}

/// Places of those randomised to the arms.
pub(super) fn compared(people: &People) -> impl Iterator<Item = usize> {
    (0..people.all.len()).filter(|&place| people.all[place].arm.is_some())
}
