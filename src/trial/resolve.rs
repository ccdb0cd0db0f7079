//! A plan held against the tables: every name there is, every column with its table.

use std::ops::RangeInclusive;

use super::covariate::When;
use super::derived;
use super::note::Notes;
use super::plan::{Column, Design, Plan, Relation};
use super::sessions;
use super::tables::{Tables, stem, whole};
use crate::error::{Error, Result};

/// The table of participants.
const PARTICIPANTS: &str = "participants";

/// Ratings that a scale may have.
const RATINGS: RangeInclusive<f64> = -1e6..=1e6;

/// The error of a table that is not there, where a folder of so and so could be meant.
fn or_folder(error: Error, name: &str, of_folder: &str) -> Error {
    match error {
        Error::Usage(mut fault) if !of_folder.is_empty() => {
            fault.hint += &format!(
                "; a folder of {of_folder} can be given, too, and no folder {name} is there"
            );
            Error::Usage(fault)
        }
        other => other,
    }
}

impl Plan {
    /// The tables that the plan names, by their files' names; none where a column names no table, so that any may be meant.
    #[must_use]
    pub fn tables(&self) -> Option<Vec<String>> {
        let names = self.named();
        (!names.contains(&"")).then(|| {
            let plain = |name: &&str| whole(name).to_owned();
            let mut all: Vec<String> = names.iter().map(plain).collect();
            all.sort();
            all.dedup();
            all
        })
    }

    /// Whether the plan names a table, whatever else columns without one may be of.
    #[must_use]
    pub fn names(&self, table: &str) -> bool {
        self.named().into_iter().any(|name| !name.is_empty() && stem(name) == table)
    }

    /// Tables of which the plan names some rows alone: `physio_summary[task=rest]`.
    #[must_use]
    pub fn parts_of_tables(&self) -> Vec<String> {
        let parts = self.named().into_iter().filter(|name| name.contains('['));
        let mut all: Vec<String> = parts.map(|name| stem(name).to_owned()).collect();
        all.sort();
        all.dedup();
        all
    }

    /// Every table's name as the plan has it; empty where a column names none.
    fn named(&self) -> Vec<&str> {
        let sides =
            self.correlations.iter().flat_map(|relation| [&relation.first, &relation.second]);
        let columns = self.outcomes.iter().map(|one| &one.column).chain(&self.primary).chain(sides);
        let parts = self.responders.iter().flat_map(|rule| &rule.parts).map(|part| &part.column);
        let covariates = self.covariates.iter().map(|one| &one.column).chain(&self.motion);
        let of_columns = columns.chain(parts).chain(covariates).map(|column| &column.table);
        let named = [
            self.cpm.as_ref().map(|part| &part.table),
            self.pressure.as_ref().map(|part| &part.table),
            self.adverse_events.as_ref(),
            self.brain.as_ref().map(|part| &part.table),
            self.edges.as_ref().map(|part| &part.table),
            self.crossover.as_ref().map(|part| &part.table),
        ];
        of_columns.chain(named.into_iter().flatten()).map(String::as_str).collect()
    }

    /// The plan with every column's table and every session's name filled in.
    ///
    /// # Errors
    /// Usage: nothing to analyse, no control, no visits or one for both, a confidence that is none, an outcome twice, a primary outcome that is none of the outcomes, ways with missing
    /// values named twice; names that are not there, with the closest.
    pub fn resolved(mut self, tables: &Tables, notes: &mut Notes) -> Result<Plan> {
        if !(self.conf > 0.5 && self.conf < 1.0) {
            return Err(Error::usage(
                "--conf",
                format!("is {}", self.conf),
                "be a confidence between 0.5 and 1, such as 0.95",
                "",
            ));
        }
        if let Some(target) = self.pressure.as_ref().map(|part| part.target)
            && !RATINGS.contains(&target)
        {
            return Err(Error::usage(
                "--target",
                format!("is {target:e}"),
                format!("be a rating, from {:e} to {:e}", RATINGS.start(), RATINGS.end()),
                "50 is usual where ratings go to 100",
            ));
        }
        self.refuse_empty()?;
        let asked = self.clone();
        let mut filled = |column: &mut Column, found: Column| {
            if found.column != column.column {
                notes.info(format!("'{column}' is taken for {found}"), Vec::new());
            }
            *column = found;
        };
        let mut fill = |column: &mut Column| -> Result<()> {
            let found = derived::of_outcome(column, &asked, tables)?;
            filled(column, found);
            Ok(())
        };
        self.outcomes.iter_mut().try_for_each(|one| fill(&mut one.column))?;
        self.primary.iter_mut().try_for_each(&mut fill)?;
        for part in self.responders.iter_mut().flat_map(|rule| &mut rule.parts) {
            let (asked, is_unnamed) = (part.column.clone(), part.is_unnamed());
            fill(&mut part.column)?;
            // What was taken for a table and a column is a column whose name has a colon.
            if is_unnamed && !asked.table.is_empty() && asked.column != part.column.column {
                part.name.clone_from(&part.column.column);
            }
        }
        let mut fill = |column: &mut Column| -> Result<()> {
            let found = derived::of_table(column, tables)?;
            filled(column, found);
            Ok(())
        };
        self.covariates.iter_mut().map(|one| &mut one.column).try_for_each(&mut fill)?;
        self.motion.iter_mut().try_for_each(&mut fill)?;
        self.place_covariates(tables)?;
        let named = [
            (self.cpm.as_mut().map(|part| &mut part.table), ""),
            (self.pressure.as_mut().map(|part| &mut part.table), ""),
            (self.adverse_events.as_mut(), ""),
            (self.brain.as_mut().map(|part| &mut part.table), "maps"),
            // Those of connect are no table of the study.
            (
                self.edges.as_mut().map(|part| &mut part.table).filter(|_| tables.edges.is_none()),
                "what boldly connect wrote",
            ),
            (self.crossover.as_mut().map(|part| &mut part.table), ""),
        ];
        for (name, of_folder) in named {
            let Some(name) = name else { continue };
            let found = tables.get(name).map_err(|error| or_folder(error, name, of_folder))?;
            name.clone_from(&found.name);
        }
        let whole = self.clone();
        for Relation { first, second } in &mut self.correlations {
            for side in [first, second] {
                let found = derived::resolve(side, &whole, tables)?;
                if found.column != side.column {
                    notes.info(format!("'{side}' is taken for {found}"), Vec::new());
                }
                *side = found;
            }
        }
        self.refuse_twice()?;
        self.tell_labels_apart(tables)?;
        if self.needs_visits() {
            sessions::name(&mut self, tables, notes)?;
        }
        Ok(self)
    }

    /// Which value of each covariate is meant, and none that the model has already.
    fn place_covariates(&mut self, tables: &Tables) -> Result<()> {
        for at in 0..self.covariates.len() {
            let one = &self.covariates[at];
            let is_of_people = one.column.table == PARTICIPANTS;
            let has_visits = tables.get(&one.column.table)?.has("session_id")?;
            let wrong = |found: &str, hint: &str| {
                let expected = "be a column that the model lacks";
                Err(Error::usage(format!("--covariate {}", one.called()), found, expected, hint))
            };
            if is_of_people && one.column.column == self.arm {
                return wrong("is the arm, which is compared", "leave it out");
            }
            if is_of_people && self.strata.contains(&one.column.column) {
                return wrong("is a stratum, too", "name it once");
            }
            if one.at.is_some() && !has_visits {
                return wrong("is of a table without visits", "leave @ and what follows out");
            }
            if has_visits && one.at.is_none() {
                self.covariates[at].at = Some(When::Baseline);
            }
        }
        Ok(())
    }

    /// Whether anything is compared between two visits.
    fn needs_visits(&self) -> bool {
        !self.outcomes.is_empty()
            || !self.responders.is_empty()
            || !self.correlations.is_empty()
            || self.cpm.is_some()
            || self.pressure.is_some()
            || self.brain.is_some()
            || self.edges.is_some()
    }

    /// What a crossover has no use for is refused, that nobody takes it for done.
    fn refuse_beside_crossover(&self) -> Result<()> {
        let usual = Plan::default();
        let named = [
            (self.arm != usual.arm, "--arm"),
            (self.active.is_some(), "--active"),
            (!self.baseline.is_empty(), "--baseline"),
            (!self.endpoint.is_empty(), "--endpoint"),
            (!self.strata.is_empty(), "--strata"),
            (self.missing != usual.missing, "--missing"),
            (self.permutations.is_some(), "--permutations"),
            (!self.primary.is_empty(), "--primary"),
            (self.exploratory, "--exploratory"),
        ];
        match named.into_iter().find(|(is_given, _)| *is_given) {
            Some((_, option)) => Err(Error::usage(
                option,
                "comes with --design crossover, where it changes nothing",
                "be of parallel arms",
                "leave it out: a crossover has the sequences, periods and treatments of its table, and is tested by t",
            )),
            None => Ok(()),
        }
    }

    fn refuse_empty(&self) -> Result<()> {
        if self.design == Design::Crossover && self.crossover.is_none() {
            return Err(Error::usage(
                "--design crossover",
                "comes without its table",
                "name a table with a row a participant and period",
                "give --crossover TABLE",
            ));
        }
        if !self.needs_visits() && self.adverse_events.is_none() && self.crossover.is_none() {
            return Err(Error::usage(
                "the plan",
                "names nothing to analyse",
                "name an outcome at least",
                "--outcome questionnaires:nrs, --adverse-events adverse_events, ...",
            ));
        }
        if self.design == Design::Parallel && self.crossover.is_some() {
            return Err(Error::usage(
                "the crossover's table",
                "comes with parallel arms",
                "come with --design crossover",
                "give that, or leave the table out",
            ));
        }
        if self.design == Design::Crossover
            && (self.needs_visits() || self.adverse_events.is_some() || !self.covariates.is_empty())
        {
            return Err(Error::usage(
                "--design crossover",
                "comes with analyses of parallel arms",
                "come with the crossover's table alone",
                "outcomes, responders, pain tests and events are compared between parallel arms",
            ));
        }
        if self.design == Design::Crossover {
            self.refuse_beside_crossover()?;
        }
        let has_ancova = !self.outcomes.is_empty()
            || self.cpm.is_some()
            || self.pressure.is_some()
            || self.brain.is_some()
            || self.edges.is_some();
        if let Some(one) = self.covariates.first().filter(|_| !has_ancova) {
            return Err(Error::usage(
                format!("--covariate {}", one.called()),
                "comes without an analysis of covariance",
                "come with outcomes, CPM, pressure pain, regions or edges",
                "--outcome TABLE:COLUMN, or leave it out",
            ));
        }
        if self.permutations.is_some() && self.outcomes.is_empty() && self.crossover.is_none() {
            return Err(Error::usage(
                "--permutations",
                "comes without an outcome, whose p alone is found by rearrangement",
                "come with one",
                "--outcome TABLE:COLUMN, or leave it out: CPM, pressure pain, regions and edges are tested by t",
            ));
        }
        if let Some(column) = &self.motion
            && self.brain.is_none()
            && self.edges.is_none()
        {
            return Err(Error::usage(
                format!("--motion {column}"),
                "comes without regions or edges",
                "come with what motion may be in",
                "--brain TABLE or --edges FOLDER, or leave it out",
            ));
        }
        if self.control.is_empty() {
            let what = match self.design {
                Design::Parallel => format!("which level of column {} is the control", self.arm),
                Design::Crossover => "which treatment is the control".to_owned(),
            };
            return Err(Error::usage(
                "the plan",
                format!("does not say {what}"),
                "name it",
                "--control placebo",
            ));
        }
        if self.missing.is_empty() {
            return Err(Error::usage(
                "--missing",
                "names no way with missing values",
                "name observed, bocf or both; the first is primary",
                "",
            ));
        }
        Ok(())
    }

    /// Outcomes that their dictionaries call alike bear their columns, too.
    fn tell_labels_apart(&mut self, tables: &Tables) -> Result<()> {
        let mut labels = Vec::new();
        for outcome in &self.outcomes {
            let Column { table, column } = &outcome.column;
            let long = match derived::is_made(&outcome.column, self, tables) {
                true => Some(outcome.column.to_string()),
                false => {
                    tables.get(table)?.dictionary.get(column).and_then(|v| v.long_name.clone())
                }
            };
            let own = outcome.label.clone().or(long);
            labels.push(own.unwrap_or_else(|| outcome.column.column.clone()));
        }
        for (at, outcome) in self.outcomes.iter_mut().enumerate() {
            let is_shared = labels.iter().filter(|label| **label == labels[at]).count() > 1;
            match (&outcome.label, is_shared) {
                (Some(label), true) => {
                    return Err(Error::usage(
                        format!("outcome {}", outcome.column),
                        format!("is labelled '{label}', as another outcome is"),
                        "have a label of its own, by which the page tells it apart",
                        "",
                    ));
                }
                (None, true) => {
                    outcome.label = Some(format!("{} ({})", labels[at], outcome.column));
                }
                (_, false) => {}
            }
        }
        Ok(())
    }
}
