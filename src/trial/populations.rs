//! Who is in the study, what became of them, and which values lack. Source: CONSORT 2010 (Schulz et al.), flow diagram.

use std::collections::BTreeMap;

use super::arm::{Arm, ByArm};
use super::people::People;
use super::plan::{Outcome, Plan};
use super::results::{Analysed, Ancova, Flow, FlowOfArm, MissingRow, Population, Populations};
use super::tables::Tables;
use crate::error::Result;

/// Missing values of every outcome at both visits, and how large the populations are.
///
/// # Errors
/// What tables, columns and sessions lack.
pub fn analyse(plan: &Plan, people: &People, tables: &Tables) -> Result<Populations> {
    let mut missing = Vec::new();
    for outcome in &plan.outcomes {
        for session in [&plan.baseline, &plan.endpoint] {
            missing.push(lacking(outcome, session, people, tables)?);
        }
    }
    let row = |name: &str, definition: &str, is_in: &dyn Fn(usize) -> bool| Population {
        name: name.to_owned(),
        definition: definition.to_owned(),
        n: ByArm::of(|arm| people.randomised(arm).into_iter().filter(|&at| is_in(at)).count()),
    };
    let mut rows = vec![
        row(
            "randomised",
            "everybody randomised to one of the two arms; responders, and analyses with values carried forward",
            &|_| true,
        ),
        row("treated", "of these, who had a dose; adverse events", &|at| people.all[at].treated),
    ];
    if people.all.iter().any(|person| person.completed.is_some()) {
        rows.push(row("completed", "of these, who completed the study", &|at| {
            people.all[at].completed == Some(true)
        }));
    }
    Ok(Populations { rows, missing })
}

fn lacking(
    outcome: &Outcome,
    session: &str,
    people: &People,
    tables: &Tables,
) -> Result<MissingRow> {
    let visits = tables.visits(&outcome.column, people)?;
    let values = visits.at(session)?;
    let without = |arm: Arm| people.randomised(arm).into_iter().filter(|&at| values[at].is_none());
    let left = |at: &usize| people.all[*at].completed == Some(false);
    let expected = ByArm::of(|arm| people.randomised(arm).len());
    Ok(MissingRow {
        outcome: visits.column.to_string(),
        label: outcome.label.clone().unwrap_or_else(|| visits.label.clone()),
        session: session.to_owned(),
        expected,
        present: ByArm::of(|arm| expected.get(arm) - without(arm).count()),
        left: ByArm::of(|arm| people.names(&without(arm).filter(left).collect::<Vec<usize>>())),
        lacking: ByArm::of(|arm| {
            people.names(&without(arm).filter(|at| !left(at)).collect::<Vec<usize>>())
        }),
    })
}

/// From listed to analysed.
#[must_use]
pub fn flow(people: &People, ancova: &Ancova) -> Flow {
    let names = |is_so: &dyn Fn(usize) -> bool| {
        people.names(&(0..people.all.len()).filter(|&at| is_so(at)).collect::<Vec<usize>>())
    };
    let person = |at: usize| &people.all[at];
    let has_arms = !people.arms.control.is_empty();
    Flow {
        listed: people.all.len(),
        not_randomised: names(&|at| !person(at).randomised),
        other_arms: names(&|at| has_arms && person(at).randomised && person(at).arm.is_none()),
        arms: ByArm::of(|arm| of_arm(arm, people, ancova)),
    }
}

fn of_arm(arm: Arm, people: &People, ancova: &Ancova) -> FlowOfArm {
    let own = people.randomised(arm);
    let is_known = own.iter().any(|&at| people.all[at].completed.is_some());
    let count = |completed: bool| {
        let all = own.iter().filter(|&&at| people.all[at].completed == Some(completed));
        is_known.then(|| all.count())
    };
    let mut seen: Vec<&str> = Vec::new();
    let mut analysed = Vec::new();
    for row in &ancova.rows {
        if !seen.contains(&row.outcome.as_str()) {
            seen.push(&row.outcome);
            analysed.push(Analysed {
                label: row.label.clone(),
                missing: row.missing,
                n: *row.n.get(arm),
            });
        }
    }
    FlowOfArm {
        name: people.arms.get(arm).clone(),
        randomised: own.len(),
        treated: people.treated(arm).len(),
        not_treated: people.names(&people.places(|p| p.arm == Some(arm) && !p.treated)),
        completed: count(true),
        discontinued: count(false),
        reasons: reasons(&own, people),
        analysed,
    }
}

/// Why participants left, the most frequent first.
fn reasons(own: &[usize], people: &People) -> Vec<(String, usize)> {
    let mut all: BTreeMap<String, usize> = BTreeMap::new();
    for person in own.iter().map(|&at| &people.all[at]).filter(|p| p.completed == Some(false)) {
        let reason = person.discontinuation_reason.as_deref().unwrap_or("not given");
        *all.entry(reason.to_owned()).or_default() += 1;
    }
    let mut all: Vec<(String, usize)> = all.into_iter().collect();
    all.sort_by_key(|(_, n)| std::cmp::Reverse(*n));
    all
}
