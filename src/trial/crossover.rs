//! A crossover of two treatments in two periods: half of the patients have the one first (sequence), half the other.
//!
//! d = y of period 1 - y of period 2, of each patient; with the sequences' means d_A (active first) and d_C (control first)
//!
//! - treatment, active minus control: (d_A - d_C) / 2; period 1 minus 2: (d_A + d_C) / 2; both on n - 2 degrees of freedom;
//! - carry-over: the difference of the sequences' mean sums y1 + y2. It is shown and decides nothing: a first test of it that chooses the analysis finds 8.4 % at a nominal 5
//!   (Freeman 1989);
//! - with period baselines: the same of the changes from them, and d given the difference of the baselines (Senn 2002), where period baselines that are noisy cost least.
//!
//! Patients without a second period have no d: they are left out and named. Beside these rows stands the estimate of the mixed model with a level of each patient's own
//! ([`crate::stats::random_intercept`]), which has every period that there is; it is given without limits, for its tests need more than one model of degrees of freedom.

mod read;

use std::collections::BTreeSet;

use ndarray::Array2;

use super::ancova::by_t;
use super::arm::{Arm, ByArm};
use super::note::{Notes, counted};
use super::people::{People, called};
use super::plan::{Column, CrossoverPlan, Plan};
use super::results::{Crossover, CrossoverRow, Estimate, Test};
use super::tables::Tables;
use super::two_sample;
use crate::error::{Error, Result};
use crate::stats::random_intercept;
use crate::stats::second_level::SecondLevel;
use read::{Patient, Read};

/// Put everybody into the sequence that the crossover's table says, in an arm's place: the active one begins with the active treatment.
///
/// # Errors
/// As [`analyse`].
pub fn by_sequence(plan: &Plan, people: &mut People, tables: &Tables) -> Result<()> {
    let own = of_plan(plan)?;
    let read = Read::new(tables.get(&own.table)?, people, plan, own)?;
    people.arms = ByArm::of(|arm| format!("sequence {}", read.sequence(arm)));
    for (place, person) in people.all.iter_mut().enumerate() {
        person.arm = read.first(place).filter(|_| person.randomised);
    }
    Ok(())
}

/// The crossover that the plan names.
fn of_plan(plan: &Plan) -> Result<&CrossoverPlan> {
    plan.crossover.as_ref().ok_or_else(|| {
        Error::usage(
            "the plan",
            "is of a crossover and names no table of it",
            "name the table with a row a participant and period",
            "give crossover in plan.json: {\"table\": \"crossover\"}",
        )
    })
}

/// The plan's crossover.
///
/// # Errors
/// Usage: no such table, column or treatment, with the closest. Bad data naming line and participant: a patient in two sequences or with a period twice, a sequence that
/// contradicts its treatments, periods other than 1 and 2. Bad data: one sequence alone, more than two treatments, sequences too small for a test.
pub fn analyse(
    plan: &Plan,
    people: &People,
    tables: &Tables,
    notes: &mut Notes,
) -> Result<Crossover> {
    let own = of_plan(plan)?;
    let table = tables.get(&own.table)?;
    let read = Read::new(table, people, plan, own)?;
    let (patients, dropped) = read.patients();
    let variable = table.dictionary.get(&own.outcome);
    let label = variable.and_then(|of| of.long_name.clone());
    let label = label.unwrap_or_else(|| own.outcome.clone());
    if !dropped.is_empty() {
        let who = counted(dropped.len(), "participant");
        notes.warn(
            format!("{who} without {label} in both periods, left out of the crossover"),
            people.names(&dropped),
        );
    }
    let absent = people.places(|_| true);
    let absent: Vec<usize> = absent.into_iter().filter(|place| !read.has(*place)).collect();
    if !absent.is_empty() {
        let who = counted(absent.len(), "participant");
        let text = format!("{who} of participants.tsv without a row in {}", table.table.name);
        notes.warn(text, people.names(&absent));
    }
    notes.info(
        "carry-over is shown and decides nothing: a test of it that chooses the analysis finds too much",
        Vec::new(),
    );
    if let Some(said) = &read.periods {
        let text = format!("period by the Levels of {}: {said}", table.dictionary.name);
        notes.info(text, Vec::new());
    }
    let codes = ByArm { control: read.control.clone(), active: read.active.clone() };
    let ByArm { control, active } = called(&codes, (table, "treatment"), notes);
    let mut crossover = Crossover {
        outcome: Column { table: table.name.clone(), column: own.outcome.clone() }.to_string(),
        label,
        units: variable.and_then(|of| of.units.clone()),
        direction: variable.and_then(|of| of.direction),
        control,
        active,
        sequences: read.n_of_each(&patients),
        dropped: people.names(&dropped),
        rows: Vec::new(),
    };
    for (name, n) in &crossover.sequences {
        if *n < 2 {
            return Err(Error::bad_data(
                format!("sequence {name} of {}", table.table.name),
                format!("has {} with both periods", counted(*n, "participant")),
                "have two at least",
                "a crossover needs both sequences",
            ));
        }
    }
    of_outcome(&patients, own, plan.conf, &mut crossover.rows)?;
    mixed(&read, &mut crossover.rows)?;
    let (with, without): (Vec<Patient>, Vec<Patient>) =
        patients.into_iter().partition(|patient| patient.baselines.is_some());
    if with.is_empty() {
        return Ok(crossover);
    }
    if !without.is_empty() {
        let places: Vec<usize> = without.iter().map(|patient| patient.place).collect();
        let who = counted(places.len(), "participant");
        notes.warn(
            format!("{who} without a period baseline, left out of the rows that use it"),
            people.names(&places),
        );
    }
    given_baselines(&with, plan.conf, &mut crossover.rows)?;
    Ok(crossover)
}

fn of_outcome(
    patients: &[Patient],
    own: &CrossoverPlan,
    conf: f64,
    rows: &mut Vec<CrossoverRow>,
) -> Result<()> {
    let first: Vec<Arm> = patients.iter().map(|patient| patient.first).collect();
    let d: Vec<f64> = patients.iter().map(|p| p.outcomes[0] - p.outcomes[1]).collect();
    let sums: Vec<f64> = patients.iter().map(|p| p.outcomes[0] + p.outcomes[1]).collect();
    let varies = |found: Option<(Estimate, Test)>| {
        found.ok_or_else(|| {
            Error::bad_data(
                format!("column {}", own.outcome),
                "differs between the periods by the same in each sequence",
                "vary between patients",
                "check the column",
            )
        })
    };
    let treatment = half(varies(two_sample::difference(&d, &first, conf)?)?);
    rows.push(row((OUTCOME, TREATMENT), d.len(), treatment));
    rows.push(row((OUTCOME, PERIOD), d.len(), varies(two_sample::mean(&d, &first, conf)?)?));
    if let Some(found) = two_sample::difference(&sums, &first, conf)? {
        rows.push(row((OUTCOME, CARRY_OVER), d.len(), found));
    }
    Ok(())
}

/// Treatment and period of every period that there is, by a level of each patient's own.
fn mixed(read: &Read, rows: &mut Vec<CrossoverRow>) -> Result<()> {
    let all = read.periods();
    let y: Vec<f64> = all.iter().map(|one| one.outcome).collect();
    let design = Array2::from_shape_fn((all.len(), 3), |(row, column)| {
        let one = &all[row];
        [1.0, one.treatment.indicator(), f64::from(u8::from(one.is_first))][column]
    });
    let group: Vec<usize> = all.iter().map(|one| one.place).collect();
    let n = group.iter().collect::<BTreeSet<_>>().len();
    if let Some(found) = random_intercept::fit(design.view(), &y, &group)? {
        for (effect, value) in [(TREATMENT, found.beta[1]), (PERIOD, found.beta[2])] {
            rows.push(CrossoverRow {
                analysis: MIXED.to_owned(),
                effect: effect.to_owned(),
                n,
                estimate: Estimate { value, ..Estimate::default() },
                test: None,
                shown_only: false,
            });
        }
    }
    Ok(())
}

fn given_baselines(patients: &[Patient], conf: f64, rows: &mut Vec<CrossoverRow>) -> Result<()> {
    let first: Vec<Arm> = patients.iter().map(|patient| patient.first).collect();
    let d: Vec<f64> = patients.iter().map(|p| p.outcomes[0] - p.outcomes[1]).collect();
    let of = |p: &Patient| p.baselines.map_or(0.0, |[one, two]| one - two);
    let baselines: Vec<f64> = patients.iter().map(of).collect();
    let changes: Vec<f64> = d.iter().zip(&baselines).map(|(d, b)| d - b).collect();
    let treatment = two_sample::difference(&changes, &first, conf)?.map(half);
    let period = two_sample::mean(&changes, &first, conf)?;
    for (effect, found) in [(TREATMENT, treatment), (PERIOD, period)] {
        rows.extend(found.map(|found| row((CHANGE, effect), d.len(), found)));
    }
    let mean = baselines.iter().sum::<f64>() / baselines.len() as f64;
    // The sequences as 1 and -1: the slope is half their difference, the constant the mean of their means.
    let design = Array2::from_shape_fn((d.len(), 3), |(row, column)| {
        [1.0, 2.0 * first[row].indicator() - 1.0, baselines[row] - mean][column]
    });
    for (effect, weights) in [(TREATMENT, [0.0, 1.0, 0.0]), (PERIOD, [1.0, 0.0, 0.0])] {
        let model = SecondLevel::new(design.view(), ndarray::aview2(&[weights]))?;
        if model.rank < 3 || d.len() < 4 {
            return Ok(());
        }
        let answer = model.answer(std::slice::from_ref(&d), false);
        if answer.variance[0] > 0.0 {
            let found = by_t(answer.effect[0], answer.variance[0].sqrt(), answer.dof, conf);
            rows.push(row((GIVEN, effect), d.len(), found));
        }
    }
    Ok(())
}

const OUTCOME: &str = "outcome";
const CHANGE: &str = "change from period baseline";
const GIVEN: &str = "given baseline difference";
const MIXED: &str = "mixed model, all patients";
const TREATMENT: &str = "treatment";
const PERIOD: &str = "period";
const CARRY_OVER: &str = "carry-over";

fn row(
    (analysis, effect): (&str, &str),
    n: usize,
    (estimate, test): (Estimate, Test),
) -> CrossoverRow {
    CrossoverRow {
        analysis: analysis.to_owned(),
        effect: effect.to_owned(),
        n,
        estimate,
        test: Some(test),
        shown_only: effect == CARRY_OVER,
    }
}

fn half((of, test): (Estimate, Test)) -> (Estimate, Test) {
    let half = |value: Option<f64>| value.map(|v| 0.5 * v);
    let estimate =
        Estimate { value: 0.5 * of.value, se: half(of.se), low: half(of.low), high: half(of.high) };
    (estimate, test)
}
