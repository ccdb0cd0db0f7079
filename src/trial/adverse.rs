//! Adverse events: how many of those treated had each, a participant once a row, events apart.
//!
//! Treatment-emergent is an event from day 1 (the first dose) to the last day + 30; others are counted apart. Denominators are the treated of participants.tsv, never of the
//! table of events, which lacks everybody who had none. Rows: any, serious, severe, related, led to discontinuation, then system organ classes each with its preferred terms, by
//! descending count of the active arm. Risk differences have limits and no p: a trial is not made to test them one by one.
//!
//! What a row cannot know, it does not count, and that is said: an event without severity is not severe. An event without a day is treatment-emergent (it may not vanish), one
//! without class stands under "not coded".
//!
//! Source: CONSORT Harms 2022; ICH E3 12.2; MedDRA's rule of one primary class a term.

mod coded;
mod consistent;
mod event;
mod told;
mod words;

use std::cmp::Reverse;
use std::collections::BTreeSet;

use super::arm::ByArm;
use super::counts::{risk_difference, risk_difference_newcombe, two_arms};
use super::note::Notes;
use super::people::People;
use super::plan::Plan;
use super::results::{AdverseEvents, AdverseRow};
use super::tables::Tables;
use crate::error::Result;
use event::{Event, Events, When};
use told::Told;
use words::SUMMARIES;

/// Days after the last one for which an event still is of the treatment.
pub const AFTER_LAST_DAY: f64 = 30.0;

/// Count the events of the plan's table; nothing where it has none.
///
/// # Errors
/// Usage: no such table or column. Bad data, naming the line: an unknown participant, a word that is none of those known, a preferred
/// term in two classes.
pub fn analyse(
    plan: &Plan,
    people: &People,
    tables: &Tables,
    notes: &mut Notes,
) -> Result<AdverseEvents> {
    let Some(name) = &plan.adverse_events else { return Ok(AdverseEvents::default()) };
    let table = tables.get(name)?;
    if table.table.rows.is_empty() {
        notes.warn(
            format!(
                "{} has no row: nobody had an adverse event, or its export failed: check it",
                table.table.name
            ),
            Vec::new(),
        );
    }
    let events = Events::read(table, people, notes)?;
    Told { events: &events, people, notes }.all(table);
    consistent::tell(&events, people, notes);
    let at = |when: When| {
        ByArm::of(|arm| events.all.iter().filter(|e| e.arm == arm && e.when == when).count())
    };
    let treated = ByArm::of(|arm| people.treated(arm).len());
    let emergent: Vec<&Event> = events.all.iter().filter(|e| e.when == When::Emergent).collect();
    let rows = rows(&emergent, &events, &Counting { treated, conf: plan.conf });
    Ok(AdverseEvents { treated, rows, before: at(When::Before), after: at(When::After) })
}

/// What every row needs.
struct Counting {
    treated: ByArm<usize>,
    conf: f64,
}

fn rows(emergent: &[&Event], events: &Events, counting: &Counting) -> Vec<AdverseRow> {
    let mut rows = Vec::new();
    let mut summary = |of: &str, is_so: &dyn Fn(&Event) -> bool| {
        let row = counting.row(emergent.iter().copied().filter(|e| is_so(e)), of, None);
        rows.push(AdverseRow { is_summary: true, ..row });
    };
    summary("any treatment-emergent", &|_| true);
    for (k, of) in SUMMARIES.iter().enumerate().filter(|(k, _)| events.has[*k]) {
        summary(of.row, &|event| event.counts[k] == Some(true));
    }
    let classes = emergent.iter().map(|e| e.soc.as_str()).collect::<BTreeSet<_>>();
    let in_class =
        |soc: &str| -> Vec<&Event> { emergent.iter().copied().filter(|e| e.soc == soc).collect() };
    let classes = classes.into_iter().map(|soc| counting.row(in_class(soc), soc, None));
    for class in descending(classes.collect()) {
        let of_class = in_class(&class.soc);
        let terms = of_class.iter().map(|e| e.pt.as_str()).collect::<BTreeSet<_>>();
        let term = |pt| {
            counting.row(of_class.iter().copied().filter(|e| e.pt == pt), &class.soc, Some(pt))
        };
        let terms = descending(terms.into_iter().map(term).collect());
        rows.push(class);
        rows.extend(terms);
    }
    rows
}

/// By descending count of the active arm, then of the control arm, then by name.
fn descending(mut rows: Vec<AdverseRow>) -> Vec<AdverseRow> {
    // Made in the order of their names, which a stable sort keeps.
    rows.sort_by_key(|row| Reverse((row.n.active, row.n.control)));
    rows
}

impl Counting {
    fn row<'a>(
        &self,
        events: impl IntoIterator<Item = &'a Event>,
        soc: &str,
        pt: Option<&str>,
    ) -> AdverseRow {
        let mut who: ByArm<BTreeSet<usize>> = ByArm::default();
        let mut of_events: ByArm<usize> = ByArm::default();
        for event in events {
            who.get_mut(event.arm).insert(event.person);
            *of_events.get_mut(event.arm) += 1;
        }
        let n = ByArm::of(|arm| who.get(arm).len());
        let arms = two_arms(n, self.treated);
        AdverseRow {
            soc: soc.to_owned(),
            pt: pt.map(str::to_owned),
            is_summary: false,
            n,
            share: ByArm { control: arms.control.proportion(), active: arms.active.proportion() },
            events: of_events,
            risk_difference: risk_difference(&arms, self.conf),
            risk_difference_newcombe: risk_difference_newcombe(&arms, self.conf),
        }
    }
}
