//! One part of a rule, held against everybody's values.

use crate::error::Result;
use crate::trial::derived;
use crate::trial::dictionary::Direction;
use crate::trial::note::{Notes, counted};
use crate::trial::people::People;
use crate::trial::plan::{Missing, Plan};
use crate::trial::rule::{Operator, Part, Threshold};
use crate::trial::tables::Tables;
use crate::trial::visits::Visits;

/// A part, and who meets it.
pub(super) struct Held {
    /// The part, the table of its column filled in.
    pub(super) part: Part,
    /// What rows call it: its name, or the whole of it where another rule has a part that is called alike.
    pub(super) label: String,
    /// `[place in People::all]`; none where a value lacks.
    pub(super) met: Vec<Option<bool>>,
    /// The same with the last value before carried forward; none where no visit lies between.
    pub(super) met_last: Option<Vec<Option<bool>>>,
    /// `[place in People::all]`; empty where the part needs no baseline.
    pub(super) baseline: Vec<Option<f64>>,
    /// `[place in People::all]`
    pub(super) endpoint: Vec<Option<f64>>,
}

impl Held {
    pub(super) fn against(
        part: &Part,
        plan: &Plan,
        people: &People,
        tables: &Tables,
        notes: &mut Notes,
    ) -> Result<Held> {
        let visits = derived::visits(&part.column, plan, people, tables)?;
        let endpoint = visits.at(&plan.endpoint)?;
        let baseline = match part.needs_baseline() {
            true => visits.at(&plan.baseline)?,
            false => Vec::new(),
        };
        let between = visits.carried((plan, people), notes)?;
        visits.tell_others((plan, people), &between, notes);
        let start = |place: usize| baseline.get(place).copied().flatten();
        let met = |end: &[Option<f64>]| -> Vec<Option<bool>> {
            end.iter().enumerate().map(|(place, &end)| part.met(start(place), end)).collect()
        };
        let (met, met_last) = (
            met(&endpoint),
            (!between.is_empty()).then(|| {
                let last = visits.last(&between);
                met(&endpoint.iter().zip(last).map(|(end, last)| end.or(last)).collect::<Vec<_>>())
            }),
        );
        let part = Part { column: visits.column.clone(), ..part.clone() };
        let label = part.name.clone();
        let held = Held { part, label, met, met_last, baseline, endpoint };
        held.tell_direction(&visits, notes);
        held.tell_no_percentage(plan, people, notes);
        Ok(held)
    }

    /// `[place in People::all]`; none where a value lacks.
    pub(super) fn met_by(&self, missing: Missing) -> &[Option<bool>] {
        match &self.met_last {
            Some(last) if missing == Missing::Locf => last,
            _ => &self.met,
        }
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

    fn tell_no_percentage(&self, plan: &Plan, people: &People, notes: &mut Notes) {
        if !matches!(self.part.threshold, Threshold::Percent(_)) {
            return;
        }
        let none = |place: &usize| {
            self.endpoint[*place].is_some()
                && self.baseline[*place].is_some_and(|start| start <= 0.0)
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
}

/// Places of those randomised to the arms.
pub(super) fn compared(people: &People) -> impl Iterator<Item = usize> {
    (0..people.all.len()).filter(|&place| people.all[place].arm.is_some())
}
