//! Which visits are between two, so that their last value can be carried forward.

use super::order::{Doubt, Order};
use super::{Visits, numbered};
use crate::error::{Error, Result};
use crate::trial::note::{Notes, counted, verb};
use crate::trial::people::People;
use crate::trial::plan::{Missing, Plan};

/// What says the order of visits, the first that does.
#[derive(Debug, Clone, Copy, PartialEq)]
enum By {
    Times,
    Numbers,
    Rows,
}

/// Where times stand.
const TIMES: &str = "acq_time of sessions.tsv";

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
        let (between, by) = self.between(plan, (&others, people))?;
        let is_by_name = by == By::Rows && self.order.is_by_name();
        if between.is_empty() && is_by_name {
            return Err(self.refused(
                people,
                format!(
                    "needs a visit between {from} and {to}, and rows of {} stand by the names of their visits, where {} {} not between: that may not be the order of the visits",
                    self.name,
                    others.join(", "),
                    verb(others.len(), ["is", "are"])
                ),
            ));
        }
        let how = match (by, is_by_name) {
            (By::Times, _) => "by acq_time of sessions.tsv",
            (By::Numbers, _) => "by their numbers",
            (By::Rows, true) => {
                "in the table (whose rows stand by the names of the visits: see that this is their order)"
            }
            (By::Rows, false) => "in the table",
        };
        if between.is_empty() {
            notes.warn(
                format!(
                    "{label}: LOCF needs a visit between {from} and {to}, and {how} there is none ({} {} not): it is BOCF, which stands in its place{}",
                    others.join(", "),
                    verb(others.len(), ["is", "are"]),
                    match by {
                        By::Times => "; correct acq_time if that is not so",
                        By::Numbers => "",
                        By::Rows => "; rows are to be in the order of the visits",
                    }
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

    /// The sessions between two, and what says it: times, before numbers (week6 before week13), before the order of the rows.
    fn between(
        &self,
        plan: &Plan,
        (others, people): (&[&str], &People),
    ) -> Result<(Vec<String>, By)> {
        let (from, to) = (&plan.baseline, &plan.endpoint);
        let numbers = self.by_numbers(from, to);
        let by_times = Order::of_times(&self.sessions, &people.times);
        let tied = match by_times.between(from, to) {
            Err(Doubt::Unknown(both)) if by_times.has_both(&both) => format!(
                "; {TIMES} has {} and {} at one time, or one on the day of the other without a time",
                both[0], both[1]
            ),
            _ => String::new(),
        };
        let unknown = |doubt: Doubt, by: By| {
            let tied = if by == By::Rows { tied.as_str() } else { "" };
            self.unknown((&doubt, by), plan, (others, people), tied)
        };
        let found = match (by_times.between(from, to), numbers) {
            (Ok(times), Some(numbers)) if times != numbers => {
                let found = format!(
                    "needs to know which of {} is between {from} and {to}: {} by {TIMES}, and {} by the numbers of their names",
                    others.join(", "),
                    listed(&times),
                    listed(&numbers)
                );
                Err(self.contradicted(found, "correct acq_time, or the names of the sessions"))
            }
            (Ok(times), _) => Ok((times, By::Times)),
            (Err(Doubt::Unknown(_)), Some(numbers)) => Ok((numbers, By::Numbers)),
            (Err(Doubt::Unknown(_)), None) => {
                let rows = self.order.between(from, to);
                Ok((rows.map_err(|doubt| unknown(doubt, By::Rows))?, By::Rows))
            }
            (Err(doubt), _) => Err(unknown(doubt, By::Times)),
        }?;
        // Times that leave others in doubt hold where they are known.
        match by_times.contradicts([from, to], &found.0) {
            None => Ok(found),
            Some(session) => {
                let (order, correct) = match found.1 {
                    By::Rows => (
                        format!("the order of the rows of {}", self.name),
                        "correct acq_time, or the order of the rows",
                    ),
                    _ => (
                        "the numbers of their names".to_owned(),
                        "correct acq_time, or the names of the sessions",
                    ),
                };
                let found = format!(
                    "needs to know which of {} is between {from} and {to}: {order} has {}, and {TIMES} {session} at another place{tied}",
                    others.join(", "),
                    listed(&found.0)
                );
                Err(self.contradicted(found, correct))
            }
        }
    }

    /// The sessions between two by the numbers that their names end in.
    fn by_numbers(&self, from: &str, to: &str) -> Option<Vec<String>> {
        let others: Vec<String> =
            self.sessions.iter().filter(|own| *own != from).cloned().collect();
        let order = numbered(&others)?;
        let at = order.iter().position(|own| own == to).unwrap_or_default();
        let later = |own: &&String| match numbered(&[from.to_owned(), (*own).clone()]) {
            Some(both) => both[0] == from,
            None => true,
        };
        Some(order[..at].iter().filter(later).cloned().collect())
    }

    /// Where times say another order than names or rows. `what`: to be done about it.
    fn contradicted(&self, found: String, what: &str) -> Error {
        self.error(found, format!("{what}, or leave locf out of --missing"))
    }

    fn error(&self, found: String, hint: String) -> Error {
        Error::usage(
            format!("--missing locf of {}", self.column),
            found,
            "find that order in acq_time of sessions.tsv, in visits alike but for a number at the end of their names (ses-week6, ses-week13), or in rows in the order of the visits",
            hint,
        )
    }

    fn refused(&self, people: &People, found: String) -> Error {
        let is_timed = |own: &&String| people.times.keys().any(|(_, session)| session == *own);
        let untimed: Vec<String> =
            self.sessions.iter().filter(|own| !is_timed(own)).cloned().collect();
        let times = match untimed.len() {
            0 => "give times of acq_time that tell these visits apart".to_owned(),
            n if n == self.sessions.len() => "give acq_time".to_owned(),
            _ => format!("give acq_time of {}, too", listed(&untimed)),
        };
        self.error(
            found,
            format!(
                "{times}, or sort each participant's rows by visit, or leave locf out of --missing"
            ),
        )
    }

    /// What rows or times leave in doubt.
    fn unknown(
        &self,
        (doubt, by): (&Doubt, By),
        plan: &Plan,
        (others, people): (&[&str], &People),
        more: &str,
    ) -> Error {
        let (from, to) = (&plan.baseline, &plan.endpoint);
        let needs =
            format!("needs to know which of {} is between {from} and {to}", others.join(", "));
        let source = match by {
            By::Times => TIMES.to_owned(),
            _ => format!("rows of {}", self.name),
        };
        let why = match doubt {
            Doubt::Swapped => format!("{source} have {to} before {from}"),
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
                    "{source} contradict each other: {one} is before {other} in those of {} ({}), and after it in those of {n}",
                    counted(few.len(), "participant"),
                    some(&people.names(few))
                )
            }
        };
        let found = format!("{needs}, and {why}{more}");
        match by {
            By::Times => self.contradicted(found, "correct acq_time"),
            _ => self.refused(people, found),
        }
    }
}

fn listed(names: &[String]) -> String {
    if names.is_empty() { "none".to_owned() } else { names.join(", ") }
}

/// Names, of many the first.
fn some(names: &[String]) -> String {
    const MOST: usize = 5;
    match names.len() {
        n if n > MOST + 1 => format!("{} and {} more", names[..MOST].join(", "), n - MOST),
        _ => names.join(", "),
    }
}
