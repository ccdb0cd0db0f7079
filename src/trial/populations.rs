//! Who is in the study, what became of them, and which values lack. Source: CONSORT 2010 (Schulz et al.), flow diagram.

use std::collections::BTreeMap;

use super::arm::{Arm, ByArm};
use super::people::People;
use super::plan::{Column, Design, Plan};
use super::results::{
    Analysed, Ancova, AncovaRow, Flow, FlowOfArm, MissingRow, Population, Populations,
};
use super::spelling::Spellings;
use super::tables::Tables;
use super::visits::Visits;
use super::{brain, cpm, derived, pressure};
use crate::error::Result;

/// Missing values of every outcome, of CPM, pressure pain and regions at both visits, and how large the populations are.
///
/// # Errors
/// What tables, columns and sessions lack.
pub fn analyse(plan: &Plan, people: &People, tables: &Tables) -> Result<Populations> {
    let mut missing = Vec::new();
    for outcome in &plan.outcomes {
        for session in [&plan.baseline, &plan.endpoint] {
            let visits = derived::visits(&outcome.column, plan, people, tables)?;
            missing.push(lacking(&visits, outcome.label.as_ref(), (session, people))?);
        }
    }
    for column in of_parts(plan, tables)? {
        let visits = derived::visits(&column, plan, people, tables)?;
        for session in [&plan.baseline, &plan.endpoint] {
            missing.push(lacking(&visits, None, (session, people))?);
        }
    }
    let row = |name: &str, definition: &str, is_in: &dyn Fn(usize) -> bool| Population {
        name: name.to_owned(),
        definition: definition.to_owned(),
        n: ByArm::of(|arm| people.randomised(arm).into_iter().filter(|&at| is_in(at)).count()),
    };
    let [randomised, treated] = match plan.design {
        Design::Parallel => [
            "everybody randomised to one of the two arms; responders, and analyses with values carried forward".to_owned(),
            "of these, who had a dose; adverse events".to_owned(),
        ],
        Design::Crossover => {
            let ByArm { active, control } = &people.arms;
            [
                format!(
                    "everybody randomised who has a row in the crossover's table; active: {active}, which begins with the active treatment, control: {control}"
                ),
                "of these, who had a dose".to_owned(),
            ]
        }
    };
    let mut rows = vec![
        row("randomised", &randomised, &|_| true),
        row("treated", &treated, &|at| people.all[at].treated),
    ];
    if people.all.iter().any(|person| person.completed.is_some()) {
        rows.push(row("completed", "of these, who completed the study", &|at| {
            people.all[at].completed == Some(true)
        }));
    }
    Ok(Populations { rows, missing })
}

/// What the plan's pain tests and regions are compared by, where it is no outcome already.
fn of_parts(plan: &Plan, tables: &Tables) -> Result<Vec<Column>> {
    let own = |table: &str, name: &str| Column { table: table.to_owned(), column: name.to_owned() };
    let mut all = Vec::new();
    all.extend(plan.cpm.iter().map(|_| own("cpm", cpm::Measure::Absolute.name())));
    all.extend(plan.pressure.iter().map(|_| own("pressure", pressure::Measure::P50.name())));
    if let Some(part) = &plan.brain {
        let regions = brain::regions(part, tables.get(&part.table)?, &plan.arm)?;
        all.extend(regions.iter().map(|region| own(&part.table, region)));
    }
    all.retain(|column| plan.outcomes.iter().all(|outcome| outcome.column != *column));
    Ok(all)
}

fn lacking(
    visits: &Visits,
    label: Option<&String>,
    (session, people): (&str, &People),
) -> Result<MissingRow> {
    let values = visits.at(session)?;
    let without = |arm: Arm| people.randomised(arm).into_iter().filter(|&at| values[at].is_none());
    let left = |at: &usize| people.all[*at].completed == Some(false);
    let expected = ByArm::of(|arm| people.randomised(arm).len());
    Ok(MissingRow {
        outcome: visits.column.to_string(),
        label: label.unwrap_or(&visits.label).clone(),
        session: session.to_owned(),
        expected,
        present: ByArm::of(|arm| expected.get(arm) - without(arm).count()),
        left: ByArm::of(|arm| people.names(&without(arm).filter(left).collect::<Vec<usize>>())),
        lacking: ByArm::of(|arm| {
            people.names(&without(arm).filter(|at| !left(at)).collect::<Vec<usize>>())
        }),
    })
}

/// How many of each arm the primary analysis of each outcome has.
#[must_use]
pub fn analysed(ancova: &Ancova) -> ByArm<Vec<Analysed>> {
    let mut firsts: Vec<&AncovaRow> = Vec::new();
    for row in &ancova.rows {
        if firsts.iter().all(|first| first.outcome != row.outcome) {
            firsts.push(row);
        }
    }
    let of = |row: &&AncovaRow, arm: Arm| {
        let (label, missing) = (row.label.clone(), row.missing);
        Analysed { label, missing, n: *row.n.get(arm) }
    };
    ByArm::of(|arm| firsts.iter().map(|row| of(row, arm)).collect())
}

/// From listed to analysed.
#[must_use]
pub fn flow(people: &People, analysed: ByArm<Vec<Analysed>>) -> Flow {
    let names = |is_so: &dyn Fn(usize) -> bool| {
        people.names(&(0..people.all.len()).filter(|&at| is_so(at)).collect::<Vec<usize>>())
    };
    let person = |at: usize| &people.all[at];
    Flow {
        listed: people.all.len(),
        not_randomised: names(&|at| !person(at).randomised),
        why_not: counted(
            people
                .all
                .iter()
                .filter(|p| !p.randomised)
                .filter_map(|p| p.discontinuation_reason.as_deref()),
        ),
        other_arms: names(&|at| person(at).randomised && person(at).arm.is_none()),
        arms: ByArm::of(|arm| of_arm(arm, people, analysed.get(arm).clone())),
    }
}

fn of_arm(arm: Arm, people: &People, analysed: Vec<Analysed>) -> FlowOfArm {
    let own = people.randomised(arm);
    let is_known = own.iter().any(|&at| people.all[at].completed.is_some());
    let count = |completed: bool| {
        let all = own.iter().filter(|&&at| people.all[at].completed == Some(completed));
        is_known.then(|| all.count())
    };
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
    let left = own.iter().map(|&at| &people.all[at]).filter(|p| p.completed == Some(false));
    counted(left.map(|person| person.discontinuation_reason.as_deref().unwrap_or("not given")))
}

/// Words with how often each is there, the most frequent first; those that differ in case or blanks, or are one number, are one.
fn counted<'a>(words: impl Iterator<Item = &'a str>) -> Vec<(String, usize)> {
    let mut spellings = Spellings::default();
    let mut all: BTreeMap<String, usize> = BTreeMap::new();
    words.for_each(|word| *all.entry(spellings.of(word)).or_default() += 1);
    let mut all: Vec<(String, usize)> = all.into_iter().collect();
    all.sort_by_key(|(_, n)| std::cmp::Reverse(*n));
    all
}
