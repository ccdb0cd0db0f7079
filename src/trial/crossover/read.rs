//! The rows of a crossover's table, sorted and checked.

use std::collections::BTreeMap;

use crate::design::similar::closest;
use crate::error::{Error, Result};
use crate::trial::arm::Arm;
use crate::trial::differences::{refuse_opposite, shared_units};
use crate::trial::note::counted;
use crate::trial::people::People;
use crate::trial::plan::{CrossoverPlan, Plan};
use crate::trial::tables::{Measured, level_among};

/// A patient with both periods.
pub(super) struct Patient {
    pub place: usize,
    /// Active: had the active treatment first.
    pub first: Arm,
    pub sequence: String,
    /// Of period 1 and 2.
    pub outcomes: [f64; 2],
    /// Measured before each, where both were.
    pub baselines: Option<[f64; 2]>,
}

/// A period of a patient's.
pub(super) struct Period {
    pub place: usize,
    pub treatment: Arm,
    pub is_first: bool,
    pub outcome: f64,
}

/// The rows of the table, sorted and checked.
pub(super) struct Read {
    pub control: String,
    pub active: String,
    /// What the periods' codes mean by Levels: "1 is second, 2 is first".
    pub periods: Option<String>,
    /// The sequences' names, and which begins with the active treatment.
    sequences: Vec<(String, Arm)>,
    /// Of a participant (a place in `People::all`): the sequence, the outcome and baseline of each period.
    of: BTreeMap<usize, Entered>,
}

/// What the table has of a patient: the sequence's place, the outcome and the baseline of each period.
#[derive(Clone, Copy)]
struct Entered {
    sequence: usize,
    outcomes: [Option<f64>; 2],
    baselines: [Option<f64>; 2],
}

impl Read {
    pub fn new(
        table: &Measured,
        people: &People,
        plan: &Plan,
        own: &CrossoverPlan,
    ) -> Result<Read> {
        let places = table.people(people)?;
        let (periods, called_periods) = periods(table)?;
        let (sequences, treatments) = (needed(table, "sequence")?, needed(table, "treatment")?);
        // Treatments are called for readers where their levels are known.
        let variable = table.dictionary.get("sequence");
        let called = |code: &String| variable.map_or(code.clone(), |own| own.called_alone(code));
        let sequences: Vec<String> = sequences.iter().map(called).collect();
        for what in ["sequence", "treatment"] {
            table.refuse_case_alone(what, &[what])?;
        }
        table.position_of(&own.outcome, ("crossover", "outcome"))?;
        let outcomes = table.numbers(&own.outcome)?;
        let before = match &own.baseline {
            Some(column) => Some(column.as_str()),
            None => table.has("baseline")?.then_some("baseline"),
        };
        let baselines = match before {
            Some(column) => table.numbers(column)?,
            None => vec![None; places.len()],
        };
        if let Some(before) = before {
            let (both, of) = ([own.outcome.as_str(), before], ("--crossover", "the change"));
            shared_units(table, both, of)?;
            refuse_opposite(table, both, of)?;
        }
        let (control, active) = treatments_of(table, &treatments, plan)?;
        let known = orders(table, &sequences, &periods, &treatments, (&control, &active))?;
        refuse_other_order(table, &known, (&control, &active))?;
        refuse_other_sequences(table, people, &places, &sequences)?;
        let mut lines: BTreeMap<(usize, usize), usize> = BTreeMap::new();
        let mut of: BTreeMap<usize, Entered> = BTreeMap::new();
        let mut first_line: BTreeMap<usize, usize> = BTreeMap::new();
        for row in 0..places.len() {
            let (place, period) = (places[row], periods[row]);
            let sequence = known.iter().position(|(name, _)| *name == sequences[row]);
            let sequence = sequence.unwrap_or_default();
            if let Some(other) = lines.insert((place, period), row) {
                return Err(Error::bad_data(
                    table.line(row),
                    format!("is of period {} as line {} is", period + 1, other + 2),
                    "be the only row of a participant and period",
                    "delete or correct one of them",
                ));
            }
            let before = first_line.entry(place).or_insert(row);
            let new = Entered { sequence, outcomes: [None; 2], baselines: [None; 2] };
            let entry = of.entry(place).or_insert(new);
            if entry.sequence != sequence {
                return Err(Error::bad_data(
                    table.line(row),
                    format!(
                        "is in sequence {}, and in {} by line {}",
                        sequences[row],
                        sequences[*before],
                        *before + 2
                    ),
                    "be in one sequence",
                    "correct one of them",
                ));
            }
            entry.outcomes[period] = outcomes[row];
            entry.baselines[period] = baselines[row];
        }
        Ok(Read { control, active, periods: called_periods, sequences: known, of })
    }

    /// The name of the sequence that begins with a treatment.
    pub fn sequence(&self, first: Arm) -> &str {
        let own = self.sequences.iter().find(|(_, of)| *of == first);
        own.map_or("", |(name, _)| name.as_str())
    }

    /// The treatment that a participant begins with; none of who has no row.
    pub fn first(&self, place: usize) -> Option<Arm> {
        self.of.get(&place).map(|entered| self.sequences[entered.sequence].1)
    }

    /// Whether a participant has a row.
    pub fn has(&self, place: usize) -> bool {
        self.of.contains_key(&place)
    }

    /// Those with both outcomes, and the places of the others.
    pub fn patients(&self) -> (Vec<Patient>, Vec<usize>) {
        let (mut patients, mut dropped) = (Vec::new(), Vec::new());
        for (&place, &Entered { sequence, outcomes, baselines }) in &self.of {
            let [Some(one), Some(two)] = outcomes else {
                dropped.push(place);
                continue;
            };
            let (name, first) = &self.sequences[sequence];
            let baselines = match baselines {
                [Some(one), Some(two)] => Some([one, two]),
                _ => None,
            };
            patients.push(Patient {
                place,
                first: *first,
                sequence: name.clone(),
                outcomes: [one, two],
                baselines,
            });
        }
        (patients, dropped)
    }

    /// Every period with an outcome.
    pub fn periods(&self) -> Vec<Period> {
        let mut all = Vec::new();
        for (&place, &Entered { sequence, outcomes, .. }) in &self.of {
            let (_, first) = &self.sequences[sequence];
            let second = if *first == Arm::Active { Arm::Control } else { Arm::Active };
            for (at, treatment) in [*first, second].into_iter().enumerate() {
                all.extend(outcomes[at].map(|outcome| Period {
                    place,
                    treatment,
                    is_first: at == 0,
                    outcome,
                }));
            }
        }
        all
    }

    pub fn n_of_each(&self, patients: &[Patient]) -> Vec<(String, usize)> {
        let of = |name: &str| patients.iter().filter(|p| p.sequence == name).count();
        self.sequences.iter().map(|(name, _)| (name.clone(), of(name))).collect()
    }
}

/// Words of the first and of the second period.
const PERIODS: [[&str; 6]; 2] =
    [["1", "first", "1st", "i", "one", "p1"], ["2", "second", "2nd", "ii", "two", "p2"]];

/// Which period words say, 0 or 1; none where they say none or both.
fn said_period(words: &str) -> Option<usize> {
    let words = words.to_lowercase();
    let is_there = |at: usize| {
        let mut parts = words.split(|c: char| !c.is_alphanumeric());
        parts.any(|part| PERIODS[at].contains(&part))
    };
    match [is_there(0), is_there(1)] {
        [true, false] => Some(0),
        [false, true] => Some(1),
        _ => None,
    }
}

/// The period of each row, 0 or 1, by what Levels say that cells mean, else as they are; and what Levels say where that is not what cells are.
fn periods(table: &Measured) -> Result<(Vec<usize>, Option<String>)> {
    let variable = table.dictionary.get("period");
    let mut told: Vec<String> = Vec::new();
    let mut all = Vec::new();
    for (row, cell) in table.texts("period")?.into_iter().enumerate() {
        let wrong = |found: String, hint: &str| {
            Err(Error::bad_data(table.line(row), found, "be of period 1 or 2", hint))
        };
        let own = cell.as_ref().and_then(|cell| match cell.parse::<f64>() {
            Ok(1.0) => Some(0),
            Ok(2.0) => Some(1),
            _ => None,
        });
        let meaning = cell.as_ref().zip(variable).and_then(|(cell, of)| of.meaning(cell));
        let meaning = meaning.filter(|text| !text.is_empty());
        let by_levels = meaning.and_then(said_period);
        let shown = cell.unwrap_or_else(|| "n/a".to_owned());
        if let (Some(meaning), true) = (meaning, by_levels.is_some() && by_levels != own) {
            let said = format!("{shown} is {meaning}");
            if !told.contains(&said) {
                told.push(said);
            }
        }
        match (by_levels.or(own), meaning) {
            (Some(period), _) => all.push(period),
            (None, Some(meaning)) => {
                let found = format!("has the period {shown}, '{meaning}' by {}", table.json());
                return wrong(found, "let Levels say first or second");
            }
            (None, None) => {
                let found = format!("has the period {shown}");
                return wrong(found, "crossovers of two periods are analysed");
            }
        }
    }
    Ok((all, (!told.is_empty()).then(|| told.join(", "))))
}

/// Refuse a participant whose sequence in participants.tsv is another, where that has such a column: of a name that the table has, or that stands for another of its sequences in others.
fn refuse_other_sequences(
    table: &Measured,
    people: &People,
    places: &[usize],
    sequences: &[String],
) -> Result<()> {
    if !people.table.has("sequence")? {
        return Ok(());
    }
    let named = people.table.texts("sequence")?;
    let called = people.table.names("sequence")?;
    let mut levels = sequences.to_vec();
    levels.sort();
    levels.dedup();
    let of_table = table.dictionary.get("sequence");
    let mut stands_for: BTreeMap<&str, &str> = BTreeMap::new();
    for (&place, own) in places.iter().zip(sequences) {
        let row = people.all[place].row;
        let (Some(cell), Some(name)) = (&named[row], &called[row]) else { continue };
        let by_name = [name, cell].into_iter().find_map(|name| {
            // Sequences are called by what their Levels say already.
            let code = of_table.and_then(|own| own.spelled(name)).unwrap_or(name);
            let meant = of_table.map_or(code.to_owned(), |own| own.called_alone(code));
            level_among(&levels, None, &meant).or_else(|| level_among(&levels, None, name))
        });
        let own = own.as_str();
        let first = by_name.unwrap_or_else(|| *stands_for.entry(cell.as_str()).or_insert(own));
        if first != own {
            return Err(Error::bad_data(
                people.table.line(row),
                format!("is of the sequence {name}, and of {own} in {}", table.table.name),
                match by_name {
                    Some(_) => "be of one sequence".to_owned(),
                    None => format!("be of {first} there, as others of {name} are"),
                },
                "correct one of them, or take the column out of participants.tsv",
            ));
        }
    }
    Ok(())
}

/// The cells of a column that may not be n/a.
fn needed(table: &Measured, column: &str) -> Result<Vec<String>> {
    let cell = |(row, cell): (usize, Option<String>)| {
        cell.ok_or_else(|| {
            Error::bad_data(
                table.line(row),
                format!("has no {column}"),
                format!("name its {column}"),
                "fill it in, or delete the row",
            )
        })
    };
    table.texts(column)?.into_iter().enumerate().map(cell).collect()
}

/// The control and the active treatment.
fn treatments_of(table: &Measured, all: &[String], plan: &Plan) -> Result<(String, String)> {
    let mut levels = all.to_vec();
    levels.sort();
    levels.dedup();
    let wrong = |found: String, expected: &str, hint: String| {
        Error::usage(format!("column treatment of {}", table.table.name), found, expected, hint)
    };
    let listed = levels.join(", ");
    if plan.control.is_empty() {
        let hint = format!("give one of {listed} by --control");
        return Err(wrong(format!("holds {listed}"), "have one that is the control", hint));
    }
    let variable = table.dictionary.get("treatment");
    let Some(control) = level_among(&levels, variable, &plan.control) else {
        let control = &plan.control;
        return Err(wrong(
            format!("holds {listed}, and no '{control}'"),
            "hold the level of --control",
            match closest(control, &levels) {
                Some(name) => format!("did you mean '{name}'?"),
                None => "give one of its levels by --control".to_owned(),
            },
        ));
    };
    let others: Vec<&String> = levels.iter().filter(|level| **level != control).collect();
    match others[..] {
        [one] => Ok((control.to_owned(), one.clone())),
        _ => Err(wrong(
            format!("holds {}: {listed}", counted(levels.len(), "treatment")),
            "hold two",
            "crossovers of two treatments are analysed".to_owned(),
        )),
    }
}

/// A sequence whose name says that it begins with the other treatment: `drug-placebo`, `drug first`, or AB of the treatments A and B.
fn refuse_other_order(
    table: &Measured,
    known: &[(String, Arm)],
    (control, active): (&str, &str),
) -> Result<()> {
    let variable = table.dictionary.get("treatment");
    let called =
        |level: &str| variable.map_or(level, |own| own.called(level)).trim().to_lowercase();
    let (control, active) = (called(control), called(active));
    if control.contains(&active) || active.contains(&control) {
        return Ok(());
    }
    for (name, first) in known {
        let label = name.trim().to_lowercase();
        // Names of a letter are in most words.
        let is_whole = label.chars().filter(|c| c.is_alphanumeric()).count()
            == control.chars().count() + active.chars().count();
        if !is_whole && control.chars().count().min(active.chars().count()) < 3 {
            continue;
        }
        let said = match (label.find(&active), label.find(&control)) {
            (Some(a), Some(c)) if a < c => Arm::Active,
            (Some(_), Some(_)) => Arm::Control,
            (Some(_), None) if label.ends_with("first") => Arm::Active,
            (None, Some(_)) if label.ends_with("first") => Arm::Control,
            _ => continue,
        };
        if said != *first {
            let [one, other] = match first {
                Arm::Active => [&active, &control],
                Arm::Control => [&control, &active],
            };
            return Err(Error::bad_data(
                format!("column sequence of {}", table.table.name),
                format!("has {one} in period 1 of the sequence '{name}'"),
                format!("have {other} there, as the sequence is called"),
                "correct the sequences, the periods or the treatments; or give sequences names that say no order",
            ));
        }
    }
    Ok(())
}

/// Which treatment each sequence begins with, the active first; what contradicts it is refused.
fn orders(
    table: &Measured,
    sequences: &[String],
    periods: &[usize],
    treatments: &[String],
    (control, active): (&str, &str),
) -> Result<Vec<(String, Arm)>> {
    // What begins is what most rows of a sequence say, so that the odd row is the one that is refused.
    let mut votes: BTreeMap<&str, [usize; 2]> = BTreeMap::new();
    let begins = |row: usize| (treatments[row] == active) == (periods[row] == 0);
    for (row, sequence) in sequences.iter().enumerate() {
        votes.entry(sequence).or_default()[usize::from(begins(row))] += 1;
    }
    let arm = |of: &[usize; 2]| if of[1] >= of[0] { Arm::Active } else { Arm::Control };
    let mut known: Vec<(String, Arm)> =
        votes.iter().map(|(name, of)| ((*name).to_owned(), arm(of))).collect();
    known.sort_by_key(|(_, first)| *first == Arm::Control);
    for (row, sequence) in sequences.iter().enumerate() {
        let own = known.iter().find(|(name, _)| name == sequence);
        let Some((name, first)) = own else { continue };
        if begins(row) != (*first == Arm::Active) {
            let (one, two) =
                if *first == Arm::Active { (active, control) } else { (control, active) };
            return Err(Error::bad_data(
                table.line(row),
                format!("has {} in period {}", treatments[row], periods[row] + 1),
                format!(
                    "have {} there: sequence {name} is {one}, then {two}",
                    if periods[row] == 0 { one } else { two }
                ),
                "correct the sequence, the period or the treatment",
            ));
        }
    }
    match &known[..] {
        [(_, Arm::Active), (_, Arm::Control)] => Ok(known),
        several => {
            let names: Vec<&str> = several.iter().map(|(name, _)| name.as_str()).collect();
            Err(Error::bad_data(
                format!("column sequence of {}", table.table.name),
                format!("holds {}", names.join(", ")),
                format!("hold two sequences, {active} first and {control} first"),
                "without both, treatment and period cannot be told apart",
            ))
        }
    }
}
