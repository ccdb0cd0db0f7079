//! Who lacks which values: the same participants are told once, with all that they lack.

use super::held::{Held, compared};
use crate::trial::note::{Notes, counted};
use crate::trial::people::People;
use crate::trial::plan::{Missing, Plan};

/// What is to be told.
#[derive(Default)]
pub(super) struct Lacking {
    all: Vec<Group>,
}

/// The same participants, at the same visit.
struct Group {
    /// Places in [`People::all`].
    who: Vec<usize>,
    /// "ses-week13 for having left"
    at: String,
    columns: Vec<String>,
}

impl Lacking {
    pub(super) fn add(&mut self, held: &Held, plan: &Plan, people: &People) {
        for (completed, remark) in [
            (Some(true), " though having completed"),
            (Some(false), " for having left"),
            (None, ""),
        ] {
            let lacks = |&place: &usize| {
                held.endpoint[place].is_none() && people.all[place].completed == completed
            };
            let who = compared(people).filter(lacks).collect();
            self.group(who, format!("{}{remark}", plan.endpoint), held);
        }
        if held.part.needs_baseline() {
            let lacks =
                |&place: &usize| held.baseline[place].is_none() && held.endpoint[place].is_some();
            self.group(compared(people).filter(lacks).collect(), plan.baseline.clone(), held);
        }
    }

    fn group(&mut self, who: Vec<usize>, at: String, held: &Held) {
        if who.is_empty() {
            return;
        }
        let column = held.part.column.to_string();
        match self.all.iter_mut().find(|group| group.who == who && group.at == at) {
            Some(group) if group.columns.contains(&column) => {}
            Some(group) => group.columns.push(column),
            None => self.all.push(Group { who, at, columns: vec![column] }),
        }
    }

    pub(super) fn tell(self, plan: &Plan, people: &People, notes: &mut Notes) {
        let observed = match plan.missing.contains(&Missing::Observed) {
            true => ", left out of the observed",
            false => "",
        };
        for Group { who, at, columns } in self.all {
            let text = format!(
                "{} without {} at {at}: no responder of all randomised{observed}",
                counted(who.len(), "participant"),
                columns.join(", ")
            );
            notes.warn(text, people.names(&who));
        }
    }
}
