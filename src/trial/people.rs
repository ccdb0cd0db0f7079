//! The participants: the rows of participants.tsv.

mod words;

use std::collections::BTreeMap;

use super::afterwards;
use super::arm::{Arm, ByArm};
use super::covariate::Values;
use super::moment::Moment;
use super::note::{Notes, counted, verb};
use super::plan::{Design, Plan};
use super::tables::{Measured, is_missing, level_among};
use crate::design::similar::{alike, closest};
use crate::error::{Error, Result};
use words::{COMPLETED, RANDOMISED, TREATED};

/// Participants that a message names.
const NAMED: usize = 3;

/// A row of participants.tsv.
#[derive(Debug, Clone, PartialEq)]
pub struct Person {
    /// `participant_id`, as it stands there.
    pub id: String,
    /// The row, from 0.
    pub row: usize,
    /// The arm of who was randomised; none of others. In a crossover the sequence: active is the one that begins with the active treatment.
    pub arm: Option<Arm>,
    /// Values of the plan's strata, in its order: codes are called by what the dictionary's Levels say that they mean.
    pub strata: Vec<String>,
    /// Column `randomised`; without it everybody was.
    pub randomised: bool,
    /// Column `treated`; without it who was randomised.
    pub treated: bool,
    /// Column `last_day`: the day of the last contact or dose, the first dose being day 1.
    pub last_day: Option<f64>,
    /// Column `completed`.
    pub completed: Option<bool>,
    /// Column `discontinuation_reason` of who did not complete.
    pub discontinuation_reason: Option<String>,
}

/// The participants. Analyses know them by their place in [`People::all`].
#[derive(Debug, Clone, PartialEq)]
pub struct People {
    /// In the order of the table.
    pub all: Vec<Person>,
    /// The arms' names; in a crossover the sequences'.
    pub arms: ByArm<String>,
    /// Columns of the strata.
    pub strata: Vec<String>,
    /// Covariates of the analyses of covariance, once they are read.
    pub covariates: Vec<Values>,
    /// When participants (places in `all`) were at sessions, where sessions.tsv says it.
    pub times: BTreeMap<(usize, String), Moment>,
    /// participants.tsv itself.
    pub table: Measured,
    by_id: BTreeMap<String, usize>,
}

/// What identifies a participant, with or without `sub-`.
pub(super) fn bare(id: &str) -> &str {
    id.strip_prefix("sub-").unwrap_or(id)
}

impl People {
    /// Read participants.tsv as the plan says.
    ///
    /// # Errors
    /// Usage: a column or an arm that is not there, with the closest name. Bad data, naming line and participant: one listed twice, one randomised to no arm,
    /// one treated but not randomised, one who completed and yet left, words that are neither yes nor no.
    pub fn read(table: Measured, plan: &Plan, notes: &mut Notes) -> Result<People> {
        afterwards::refuse(plan, &table)?;
        let ids = table.ids()?;
        let mut by_id: BTreeMap<String, usize> = BTreeMap::new();
        for (row, id) in ids.iter().enumerate() {
            if let Some(other) = by_id.insert(bare(id).to_owned(), row) {
                return Err(Error::bad_data(
                    table.line(row),
                    format!("lists a participant that line {} lists", other + 2),
                    "list each participant once: a patient is in one arm",
                    "delete or correct one of the rows",
                ));
            }
        }
        let randomised = RANDOMISED.read(&table, "randomised", notes)?;
        let treated = TREATED.read(&table, "treated", notes)?;
        let completed = COMPLETED.read(&table, "completed", notes)?;
        for (found, column, assumed) in [
            (randomised.is_some(), "randomised", "everybody is taken to be randomised"),
            (treated.is_some(), "treated", "who was randomised is taken to be treated"),
            (
                completed.is_some(),
                "completed",
                "who completed and who left is not known, n/a in the disposition",
            ),
        ] {
            match table.misspelt(column) {
                _ if found => {}
                Some(near) => notes.warn(
                    format!(
                        "{} has no column {column}: {assumed}; is its column '{near}' meant?",
                        table.name
                    ),
                    Vec::new(),
                ),
                None => notes
                    .info(format!("{} has no column {column}: {assumed}", table.name), Vec::new()),
            }
        }
        for column in ["last_day", "discontinuation_reason"] {
            if let Some(near) = table.misspelt(column) {
                notes.warn(
                    format!("{} has no column {column}; is its column '{near}' meant?", table.name),
                    Vec::new(),
                );
            }
        }
        let last_day = table.optional_numbers("last_day")?;
        let is_none =
            |reason: &str| is_missing(reason) || reason.to_lowercase() == "not applicable";
        let reasons = table.optional_names("discontinuation_reason")?.into_iter();
        let reasons: Vec<_> = reasons.map(|own| own.filter(|reason| !is_none(reason))).collect();
        // In a crossover the control is a treatment, and what takes an arm's place is the sequence.
        let named = match plan.design {
            Design::Crossover => None,
            Design::Parallel => Some(table.texts(&plan.arm)?),
        };
        let codes = match &named {
            Some(named) => arms(&table, named, plan)?,
            None => ByArm::default(),
        };
        let arms = called(&codes, (&table, &plan.arm), notes);
        let strata = plan.strata.iter().map(|column| table.names(column));
        let strata = strata.collect::<Result<Vec<_>>>()?;
        let mut all = Vec::new();
        let mut others = Vec::new();
        for (row, id) in ids.iter().enumerate() {
            let at = |flags: &Option<Vec<Option<bool>>>| flags.as_ref().map(|all| all[row]);
            let is_randomised = known(&table, row, "randomised", at(&randomised), true)?;
            let is_treated = known(&table, row, "treated", at(&treated), is_randomised)?;
            let arm = match &named {
                Some(named) if is_randomised => match &named[row] {
                    None => {
                        return Err(Error::bad_data(
                            table.line(row),
                            format!("has no {} though randomised", plan.arm),
                            format!("name the arm ({}, {})", codes.control, codes.active),
                            match randomised.is_some() {
                                true => "fill it in, or set randomised to no",
                                false => {
                                    "fill it in, or add a column randomised, with no of who was not"
                                }
                            },
                        ));
                    }
                    Some(name) => Arm::BOTH.into_iter().find(|arm| codes.get(*arm) == name),
                },
                _ => None,
            };
            if named.is_some() && is_randomised && arm.is_none() {
                others.push(id.clone());
            }
            let person = Person {
                id: id.clone(),
                row,
                arm,
                strata: strata
                    .iter()
                    .map(|of| of[row].clone().unwrap_or_else(|| "n/a".to_owned()))
                    .collect(),
                randomised: is_randomised,
                treated: is_treated,
                last_day: last_day.as_ref().and_then(|all| all[row]),
                completed: at(&completed).flatten(),
                discontinuation_reason: reasons[row].clone(),
            };
            person.refuse_contradictions(&table)?;
            all.push(person);
        }
        let covariates = Vec::new();
        let people = People {
            all,
            arms,
            strata: plan.strata.clone(),
            covariates,
            times: BTreeMap::new(),
            table,
            by_id,
        };
        people.tell(others, completed.is_some(), notes);
        Ok(people)
    }

    /// The place of a participant, named with or without `sub-`.
    #[must_use]
    pub fn find(&self, id: &str) -> Option<usize> {
        self.by_id.get(bare(id.trim())).copied()
    }

    /// The names of participants.
    #[must_use]
    pub fn names(&self, places: &[usize]) -> Vec<String> {
        places.iter().map(|&at| self.all[at].id.clone()).collect()
    }

    /// A level with who has it, the first few: 'Placebo' (sub-012).
    #[must_use]
    pub fn with(&self, level: &str, places: &[usize]) -> String {
        let mut names = self.names(&places[..places.len().min(NAMED)]);
        if places.len() > NAMED {
            names.push(format!("{} more", places.len() - NAMED));
        }
        format!("'{level}' ({})", names.join(", "))
    }

    /// All names, for the closest.
    #[must_use]
    pub fn ids(&self) -> Vec<String> {
        self.all.iter().map(|person| person.id.clone()).collect()
    }

    /// Places of those who were randomised to an arm.
    #[must_use]
    pub fn randomised(&self, arm: Arm) -> Vec<usize> {
        self.places(|person| person.arm == Some(arm))
    }

    /// Places of those of an arm who were treated.
    #[must_use]
    pub fn treated(&self, arm: Arm) -> Vec<usize> {
        self.places(|person| person.arm == Some(arm) && person.treated)
    }

    /// Places of those of whom something is true.
    pub fn places(&self, is_so: impl Fn(&Person) -> bool) -> Vec<usize> {
        (0..self.all.len()).filter(|&at| is_so(&self.all[at])).collect()
    }

    fn tell(&self, others: Vec<String>, knows_who_completed: bool, notes: &mut Notes) {
        let names = |is_so: &dyn Fn(&Person) -> bool| self.names(&self.places(is_so));
        let mut warn = |who: Vec<String>, verbs: [&str; 2], text: &str| {
            if !who.is_empty() {
                let (n, verb) = (counted(who.len(), "participant"), verb(who.len(), verbs));
                notes.warn(format!("{n} {verb} {text}"), who);
            }
        };
        warn(others, ["is", "are"], "of another arm and not compared");
        warn(names(&|p| !p.randomised), ["was", "were"], "not randomised: in no arm");
        warn(names(&|p| p.randomised && !p.treated), ["was", "were"], "randomised and not treated");
        let gone = |p: &Person| p.randomised && p.completed == Some(false);
        warn(
            names(&|p| gone(p) && p.discontinuation_reason.is_none()),
            ["has", "have"],
            "no discontinuation_reason, and did not complete",
        );
        if knows_who_completed {
            warn(
                names(&|p| p.randomised && p.completed.is_none()),
                ["has", "have"],
                "n/a in completed: whether they left is not known",
            );
        }
        for (at, column) in self.strata.iter().enumerate() {
            warn(
                names(&|p| p.arm.is_some() && p.strata[at] == "n/a"),
                ["lacks", "lack"],
                &format!("{column}: a stratum of its own, n/a"),
            );
        }
    }
}

fn known(
    table: &Measured,
    row: usize,
    column: &str,
    flag: Option<Option<bool>>,
    assumed: bool,
) -> Result<bool> {
    match flag {
        None => Ok(assumed),
        Some(Some(flag)) => Ok(flag),
        Some(None) => Err(Error::bad_data(
            table.line(row),
            format!("has n/a in column {column}, or a word such as unknown"),
            "be yes or no there, for populations are counted by it",
            "fill it in",
        )),
    }
}

impl Person {
    fn refuse_contradictions(&self, table: &Measured) -> Result<()> {
        let found = if self.treated && !self.randomised {
            "was treated and not randomised"
        } else if self.completed == Some(true) && !self.treated {
            "completed and was not treated"
        } else if self.completed == Some(true) && self.discontinuation_reason.is_some() {
            "completed and has a discontinuation_reason"
        } else {
            return Ok(());
        };
        Err(Error::bad_data(
            table.line(self.row),
            found,
            "be one or the other",
            "correct the columns randomised, treated, completed or discontinuation_reason",
        ))
    }
}

/// What arms, or treatments, are called for readers by the dictionary, which is told: codes by what they mean.
pub(super) fn called(
    codes: &ByArm<String>,
    (table, column): (&Measured, &str),
    notes: &mut Notes,
) -> ByArm<String> {
    let Some(variable) = table.dictionary.get(column) else { return codes.clone() };
    let names = ByArm::of(|arm| variable.called(codes.get(arm)).to_owned());
    if names == *codes || names.control == names.active {
        return codes.clone();
    }
    let said = [Arm::Control, Arm::Active]
        .map(|arm| format!("{} is {}", codes.get(arm), names.get(arm)))
        .join(", ");
    notes.info(format!("{column} by the Levels of {}: {said}", table.dictionary.name), Vec::new());
    names
}

/// The arms' levels: the plan's control, and the other one. A level may be said by what the dictionary says that it means.
fn arms(table: &Measured, named: &[Option<String>], plan: &Plan) -> Result<ByArm<String>> {
    let mut levels: Vec<String> = named.iter().flatten().cloned().collect();
    levels.sort();
    levels.dedup();
    let wrong = |found: String, expected: String, hint: String| {
        Error::usage(format!("column {} of {}", plan.arm, table.name), found, expected, hint)
    };
    if let Some(([one, other], how)) = alike(&levels) {
        let lines = |level: &str| {
            let mut rows = (0..named.len()).filter(|&row| named[row].as_deref() == Some(level));
            let (first, more) = (
                rows.next()
                    .map_or(String::new(), |row| table.line(row).trim_end_matches(',').to_owned()),
                rows.count(),
            );
            let more = if more > 0 { format!(" and {more} more") } else { String::new() };
            format!("'{level}' ({first}{more})")
        };
        return Err(wrong(
            format!("holds {} and {}, which {how}", lines(one), lines(other)),
            "name each arm in one way".to_owned(),
            "correct one of them".to_owned(),
        ));
    }
    let variable = table.dictionary.get(&plan.arm);
    let listed = |level: &String| match variable.map(|own| own.called(level)) {
        Some(called) if called != level => format!("{level} ({called})"),
        _ => level.clone(),
    };
    let there = |level: &String, option: &str| match levels.contains(level) {
        true => Ok(()),
        false => Err(wrong(
            format!(
                "holds {}, and no '{level}'",
                levels.iter().map(listed).collect::<Vec<_>>().join(", ")
            ),
            format!("hold the level of {option}"),
            match closest(level, &levels) {
                Some(name) => format!("did you mean '{name}'?"),
                None => format!("give one of its levels by {option}"),
            },
        )),
    };
    let level = |name: &String| level_among(&levels, variable, name).unwrap_or(name).to_owned();
    let control = level(&plan.control);
    there(&control, "--control")?;
    if let Some(active) = &plan.active.as_ref().map(level) {
        there(active, "--active")?;
        if *active == control {
            return Err(wrong(
                format!("is compared with itself: '{active}' is both arms"),
                "have two arms".to_owned(),
                "give another --active".to_owned(),
            ));
        }
        return Ok(ByArm { control: control.clone(), active: active.clone() });
    }
    let others: Vec<&String> = levels.iter().filter(|level| **level != control).collect();
    match others[..] {
        [one] => Ok(ByArm { control: control.clone(), active: one.clone() }),
        [] => Err(wrong(
            format!("holds '{control}' alone"),
            "hold two arms".to_owned(),
            "check --arm".to_owned(),
        )),
        _ => Err(wrong(
            format!(
                "holds {} levels beside '{}': {}",
                others.len(),
                control,
                others.iter().map(|level| level.as_str()).collect::<Vec<_>>().join(", ")
            ),
            "be compared as two arms".to_owned(),
            match slip(&levels, named) {
                Some([one, other]) => format!(
                    "is '{one}' meant as '{other}'? then correct it; else name the active one by --active; the others are then left out and counted"
                ),
                None => "name the active one by --active; the others are then left out and counted"
                    .to_owned(),
            },
        )),
    }
}

/// A level that is nearly another, and that other: the rarer one is the slip. Doses that differ in their numbers are none.
fn slip<'a>(levels: &'a [String], named: &[Option<String>]) -> Option<[&'a str; 2]> {
    let n = |level: &str| named.iter().flatten().filter(|own| *own == level).count();
    let words = |level: &str| level.chars().filter(|c| !c.is_ascii_digit()).collect::<String>();
    levels.iter().find_map(|one| {
        let others: Vec<String> = levels.iter().filter(|own| *own != one).cloned().collect();
        let near = closest(one, &others)?;
        let near = levels.iter().find(|own| *own == near)?;
        (n(one) < n(near) && words(one) != words(near)).then_some([one.as_str(), near.as_str()])
    })
}

impl Measured {
    /// The participant of each row, as a place in [`People::all`].
    ///
    /// # Errors
    /// As [`Measured::ids`]; bad data naming the line of a participant that participants.tsv lacks, with the closest.
    pub fn people(&self, people: &People) -> Result<Vec<usize>> {
        let names = people.ids();
        let place = |(row, id): (usize, &String)| {
            people.find(id).ok_or_else(|| {
                Error::bad_data(
                    self.line(row),
                    format!("is of '{id}', whom {} does not list", people.table.table.name),
                    "be of a participant of the study",
                    match closest(id, &names) {
                        Some(name) => format!("did you mean '{name}'?"),
                        None => "add the participant there, or delete the row".to_owned(),
                    },
                )
            })
        };
        self.ids()?.iter().enumerate().map(place).collect()
    }
}
