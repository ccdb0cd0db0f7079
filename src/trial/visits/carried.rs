//! Which visits are between two, so that their last value can be carried forward.

use super::order::Doubt;
use super::{Visits, numbered};
use crate::error::{Error, Result};
use crate::trial::note::{Notes, counted, verb};
use crate::trial::people::People;
use crate::trial::plan::{Missing, Plan};

impl Visits {
    /// The sessions whose last value is carried forward where the plan asks that, which is told; so is that there are none.
    ///
    /// # Errors
    /// Usage: visits whose order nothing says, or of which rows contradict each other: another analysis would silently stand in place of the one that was asked for.
    pub fn carried(
        &self,
        (plan, people): (&Plan, &People),
        notes: &mut Notes,
    ) -> Result<Vec<String>> {
        if !plan.missing.contains(&Missing::Locf) {
            return Ok(Vec::new());
        }
        let (label, from, to) = (&self.label, &plan.baseline, &plan.endpoint);
        let others = self.sessions.iter().filter(|own| *own != from && *own != to);
        let others: Vec<&str> = others.map(String::as_str).collect();
        if others.is_empty() {
            notes.info(
                format!("{label}: LOCF needs a visit between {from} and {to}: of two visits it is BOCF, which stands in its place"),
                Vec::new(),
            );
            return Ok(Vec::new());
        }
        let (between, is_numbered) = self
            .between(from, to)
            .map_err(|doubt| self.unknown(&doubt, plan, (&others, people)))?;
        let is_by_name = !is_numbered && self.order.is_by_name();
        if between.is_empty() && is_by_name {
            return Err(self.refused(
                format!(
                    "needs a visit between {from} and {to}, and rows of {} stand by the names of their visits, where {} {} not between: that may not be the order of the visits",
                    self.name,
                    others.join(", "),
                    verb(others.len(), ["is", "are"])
                ),
            ));
        }
        let how = match (is_numbered, is_by_name) {
            (true, _) => "by their numbers",
            (_, true) => {
                "in the table (whose rows stand by the names of the visits: see that this is their order)"
            }
            _ => "in the table",
        };
        if between.is_empty() {
            notes.warn(
                format!(
                    "{label}: LOCF needs a visit between {from} and {to}, and {how} there is none ({} {} not): it is BOCF, which stands in its place; rows are to be in the order of the visits",
                    others.join(", "),
                    verb(others.len(), ["is", "are"])
                ),
                Vec::new(),
            );
        } else {
            notes.info(
                format!(
                    "{label}: the last value between {from} and {to} is carried forward in LOCF, of {}, which follow each other so {how}",
                    between.join(", ")
                ),
                Vec::new(),
            );
        }
        Ok(between)
    }

    /// The sessions between two, and whether they are in the order of their numbers (week6 before week13) rather than of the rows.
    fn between(&self, from: &str, to: &str) -> std::result::Result<(Vec<String>, bool), Doubt> {
        let others: Vec<String> =
            self.sessions.iter().filter(|own| *own != from).cloned().collect();
        let Some(order) = numbered(&others) else {
            return self.order.between(from, to).map(|between| (between, false));
        };
        let at = order.iter().position(|own| own == to).unwrap_or_default();
        let later = |own: &&String| match numbered(&[from.to_owned(), (*own).clone()]) {
            Some(both) => both[0] == from,
            None => true,
        };
        Ok((order[..at].iter().filter(later).cloned().collect(), true))
    }

    fn refused(&self, found: String) -> Error {
        Error::usage(
            format!("--missing locf of {}", self.column),
            found,
            "have rows in the order of the visits, or visits alike but for a number at the end of their names (ses-week6, ses-week13)",
            "sort each participant's rows by visit, or leave locf out of --missing",
        )
    }

    /// What rows leave in doubt.
    fn unknown(&self, doubt: &Doubt, plan: &Plan, (others, people): (&[&str], &People)) -> Error {
        let (from, to) = (&plan.baseline, &plan.endpoint);
        let needs =
            format!("needs to know which of {} is between {from} and {to}", others.join(", "));
        let why = match doubt {
            Doubt::Swapped => format!("the rows of {} have {to} before {from}", self.name),
            Doubt::Unknown([one, other]) => {
                format!("nobody has rows of {} that say whether {one} is before {other}", self.name)
            }
            Doubt::Contradict(sessions, [first, second]) => {
                let [one, other] = match first.len() < second.len() {
                    true => [0, 1],
                    false => [1, 0],
                };
                let (few, n) = match one == 0 {
                    true => (first, second.len()),
                    false => (second, first.len()),
                };
                let (one, other) = (&sessions[one], &sessions[other]);
                format!(
                    "rows of {} contradict each other: {one} is before {other} in those of {} ({}), and after it in those of {n}",
                    self.name,
                    counted(few.len(), "participant"),
                    some(&people.names(few))
                )
            }
        };
        self.refused(format!("{needs}, and {why}"))
    }
}

/// Names, of many the first.
fn some(names: &[String]) -> String {
    const MOST: usize = 5;
    match names.len() {
        n if n > MOST + 1 => format!("{} and {} more", names[..MOST].join(", "), n - MOST),
        _ => names.join(", "),
    }
}
