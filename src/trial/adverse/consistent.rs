//! Whether events and disposition tell the same of who left for an adverse event.

use std::collections::BTreeSet;

use super::event::Events;
use super::words::ENDED;
use crate::trial::note::{Notes, counted};
use crate::trial::people::People;

pub(super) fn tell(events: &Events, people: &People, notes: &mut Notes) {
    let has_reasons = people.table.table.position("discontinuation_reason").is_some();
    if !events.has[ENDED] || !has_reasons {
        return;
    }
    let withdrawn = events.all.iter().filter(|event| event.counts[ENDED] == Some(true));
    let withdrawn: BTreeSet<usize> = withdrawn.map(|event| event.person).collect();
    let variable = people.table.dictionary.get("discontinuation_reason");
    let names_one = |reason: &str| {
        let meaning = variable.and_then(|own| own.meaning(reason)).unwrap_or_default();
        [reason, meaning].iter().any(|text| text.to_lowercase().contains("adverse"))
    };
    let left = people.places(|person| {
        let reason = person.discontinuation_reason.as_deref().unwrap_or_default();
        person.arm.is_some() && person.treated && names_one(reason)
    });
    let left: BTreeSet<usize> = left.into_iter().collect();
    let mut warn = |who: Vec<usize>, text: &str| {
        if !who.is_empty() {
            let text = format!("{} {text}", counted(who.len(), "participant"));
            notes.warn(text, people.names(&who));
        }
    };
    warn(
        left.difference(&withdrawn).copied().collect(),
        "left for an adverse event by discontinuation_reason, and no event says that it ended treatment",
    );
    warn(
        withdrawn.difference(&left).copied().collect(),
        "had an event that ended treatment, and discontinuation_reason names no adverse event",
    );
}
