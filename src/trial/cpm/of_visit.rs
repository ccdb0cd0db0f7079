//! Each participant's visit.

use std::collections::BTreeMap;

use super::of_stimulus;
use crate::error::Result;
use crate::trial::ancova;
use crate::trial::arm::Arm;
use crate::trial::better::Better;
use crate::trial::differences::shared_units;
use crate::trial::note::{Notes, counted};
use crate::trial::people::People;
use crate::trial::plan::{Column, CpmPlan, Plan};
use crate::trial::repeated::Repeated;
use crate::trial::results::CpmOfVisit;
use crate::trial::tables::Tables;
use crate::trial::visits::Visits;

/// What is made of a visit's means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::trial) enum Measure {
    Absolute,
    Percent,
}

impl Measure {
    pub const ALL: [Measure; 2] = [Measure::Absolute, Measure::Percent];

    /// As a relation calls it: `cpm:absolute`.
    pub fn name(self) -> &'static str {
        match self {
            Measure::Absolute => "absolute",
            Measure::Percent => "percent",
        }
    }

    fn label(self) -> &'static str {
        match self {
            Measure::Absolute => "absolute CPM (inhibition positive)",
            Measure::Percent => "percentage CPM, of means (inhibition positive)",
        }
    }
}

/// A participant's visit: the numbers there are.
pub(super) struct Own {
    pre: Vec<f64>,
    post: Vec<f64>,
}

impl Own {
    fn means(&self) -> Option<(f64, f64)> {
        let mean = |v: &[f64]| (!v.is_empty()).then(|| v.iter().sum::<f64>() / v.len() as f64);
        mean(&self.pre).zip(mean(&self.post))
    }

    fn is_without_percentage(&self) -> bool {
        self.means().is_some_and(|(pre, _)| pre <= 0.0)
    }

    /// Variance of pre; none below two repetitions.
    fn variance(&self) -> Option<f64> {
        ancova::moments(&self.pre).1.map(|sd| sd * sd)
    }

    pub fn measure(&self, measure: Measure, threshold: bool) -> Option<f64> {
        let (pre, post) = self.means()?;
        let absolute = if threshold { post - pre } else { pre - post };
        match measure {
            Measure::Absolute => Some(absolute),
            Measure::Percent => (pre > 0.0).then(|| 100.0 * absolute / pre),
        }
    }
}

/// The table, sorted.
pub(super) struct Found<'a> {
    repeated: Repeated<'a>,
    pub threshold: bool,
    pub better: Better,
    /// Of absolute CPM, where the dictionary says.
    units: Option<String>,
    /// Those of before, which a percentage is of, and of during or after.
    columns: [String; 2],
    /// By place in `People::all` and in the sessions.
    of: BTreeMap<(usize, usize), Own>,
    /// Visits of the rows that lack one of the two numbers.
    lacking: Vec<(usize, usize)>,
}

impl<'a> Found<'a> {
    pub fn read(own: &CpmPlan, people: &People, tables: &'a Tables) -> Result<Found<'a>> {
        let table = tables.get(&own.table)?;
        // The usual scales of ratings end at 10 or 100; thresholds have no end.
        let (what, greatest) = match own.threshold {
            true => ("a threshold", f64::INFINITY),
            false => ("a rating", 100.0),
        };
        let on_scale = |column: &str| {
            let numbers = table.numbers_on(column, what, [0.0, greatest]);
            numbers.map_err(|error| of_stimulus::or_threshold(error, own))
        };
        table.position_of(&own.pre, ("cpm", "pre"))?;
        table.position_of(&own.post, ("cpm", "post"))?;
        of_stimulus::refuse_other_units(own, table)?;
        let units = shared_units(table, [&own.pre, &own.post], ("--cpm", "CPM"))?;
        let better = Better::of_inhibition(own, table)?;
        let (pre, post) = (on_scale(&own.pre)?, on_scale(&own.post)?);
        let repeated = Repeated::new(table, people)?;
        repeated.refuse_twice(&["repetition"])?;
        let mut of = BTreeMap::new();
        let mut lacking = Vec::new();
        for (&(place, session), rows) in &repeated.rows {
            let there = |all: &[Option<f64>]| rows.iter().filter_map(|&row| all[row]).collect();
            let n_lacking = rows.iter().filter(|&&r| pre[r].is_none() || post[r].is_none());
            lacking.extend(n_lacking.map(|_| (place, session)));
            of.insert((place, session), Own { pre: there(&pre), post: there(&post) });
        }
        let (threshold, columns) = (own.threshold, [own.pre.clone(), own.post.clone()]);
        Ok(Found { repeated, threshold, better, units, columns, of, lacking })
    }

    pub fn tell(&self, (own, plan): (&CpmPlan, &Plan), people: &People, notes: &mut Notes) {
        of_stimulus::tell(own, self.repeated.table, notes);
        let mut who = self.lacking.clone();
        if !who.is_empty() {
            let n = counted(who.len(), "repetition");
            who.dedup();
            notes.warn(
                format!("{n} without {} or {}; means are of what there is", own.pre, own.post),
                who.iter().map(|visit| self.repeated.visit(*visit, people)).collect(),
            );
        }
        let is_so = |so: &dyn Fn(&Own) -> bool| {
            let of = self.of.iter().filter(|(_, own)| so(own));
            of.map(|(visit, _)| self.repeated.visit(*visit, people)).collect::<Vec<String>>()
        };
        let none = is_so(&|own| own.means().is_none());
        if !none.is_empty() {
            notes.warn(
                format!(
                    "{} with no {} or no {}, and so no CPM",
                    counted(none.len(), "visit"),
                    own.pre,
                    own.post
                ),
                none,
            );
        }
        let undefined = is_so(&Own::is_without_percentage);
        if !undefined.is_empty() {
            notes.warn(
                format!(
                    "{} with a mean {} of 0 or less, where percentage CPM is not defined (n/a)",
                    counted(undefined.len(), "visit"),
                    own.pre
                ),
                undefined,
            );
        }
        self.tell_repetitions(plan, people, notes);
    }

    /// Which of the visits that are analysed rest on another number of repetitions than most of them.
    fn tell_repetitions(&self, plan: &Plan, people: &People, notes: &mut Notes) {
        let is_analysed = |place: usize, at: usize| {
            let session = &self.repeated.sessions[at];
            people.all[place].arm.is_some()
                && (*session == plan.baseline || *session == plan.endpoint)
        };
        let all = self.of.iter().filter(|((place, at), _)| is_analysed(*place, *at));
        let numbers = |own: &Own| [own.pre.len(), own.post.len()];
        let all: Vec<((usize, usize), [usize; 2])> =
            all.map(|(visit, own)| (*visit, numbers(own))).collect();
        let of = |n: [usize; 2]| all.iter().filter(|(_, other)| *other == n).count();
        let Some(most) = all.iter().map(|(_, n)| *n).max_by_key(|n| (of(*n), *n)) else { return };
        let said = |[pre, post]: [usize; 2]| match pre == post {
            true => pre.to_string(),
            false => format!("{pre} {} and {post} {}", self.columns[0], self.columns[1]),
        };
        let others = all.iter().filter(|(_, n)| *n != most);
        let others: Vec<String> =
            others.map(|(visit, n)| self.repeated.visit_of(*visit, said(*n), people)).collect();
        let most = said(most);
        if !others.is_empty() {
            notes.warn(
                format!(
                    "{} with another number of repetitions than the usual {most}; the rule for inhibitors takes each session's harmonic mean for all of that session",
                    counted(others.len(), "visit")
                ),
                others,
            );
        }
    }

    /// Places of those in an arm who have a visit, with it.
    pub fn at<'b>(&'b self, session: &str, people: &'b People) -> Vec<(usize, Arm, &'b Own)> {
        let of = self.of.iter().filter(|((_, at), _)| self.repeated.sessions[*at] == session);
        of.filter_map(|((place, _), own)| Some((*place, people.all[*place].arm?, own))).collect()
    }

    /// SEM of a single test stimulus at baseline; none where nobody has two.
    pub fn sem(&self, plan: &Plan, people: &People) -> Option<f64> {
        let at = self.at(&plan.baseline, people);
        let variances: Vec<f64> = at.iter().filter_map(|(_, _, own)| own.variance()).collect();
        let n = variances.len() as f64;
        (!variances.is_empty()).then(|| (variances.iter().sum::<f64>() / n).sqrt())
    }

    /// The repetitions behind a mean of a visit, of those who differ their harmonic mean; none where nobody has it.
    pub fn repetitions(&self, session: &str, people: &People) -> Option<f64> {
        let own = self.at(session, people).into_iter().map(|(_, _, own)| own);
        let whole = own.filter(|own| own.means().is_some());
        let lengths: Vec<f64> =
            whole.flat_map(|own| [own.pre.len() as f64, own.post.len() as f64]).collect();
        // The mean of equal ones is that one, which a sum of thirds misses.
        match lengths.iter().all(|n| *n == lengths[0]) {
            true => lengths.first().copied(),
            false => Some(lengths.len() as f64 / lengths.iter().map(|n| 1.0 / n).sum::<f64>()),
        }
    }

    /// A row a visit. `cutoff`: of a session, above which a participant inhibits.
    pub fn rows(&self, people: &People, cutoff: impl Fn(&str) -> Option<f64>) -> Vec<CpmOfVisit> {
        let cutoffs: Vec<Option<f64>> =
            self.repeated.sessions.iter().map(|session| cutoff(session)).collect();
        let row = |(&(place, session), own): (&(usize, usize), &Own)| {
            let (pre, post) = own.means()?;
            let absolute = own.measure(Measure::Absolute, self.threshold)?;
            Some(CpmOfVisit {
                participant: people.all[place].id.clone(),
                arm: people.all[place].arm,
                session: self.repeated.sessions[session].clone(),
                pre,
                post,
                absolute,
                percent: own.measure(Measure::Percent, self.threshold),
                n_pre: own.pre.len(),
                n_post: own.post.len(),
                inhibits: cutoffs[session].map(|cutoff| absolute > cutoff),
            })
        };
        self.of.iter().filter_map(row).collect()
    }

    pub fn visits(&self, measure: Measure, people: &People) -> Visits {
        let value = |(&(place, session), own): (&(usize, usize), &Own)| {
            let name = self.repeated.sessions[session].clone();
            ((place, name), own.measure(measure, self.threshold))
        };
        let column = Column { table: "cpm".to_owned(), column: measure.name().to_owned() };
        let mut visits = Visits::derived(
            (measure.label().to_owned(), column),
            (self.repeated.table, people),
            self.repeated.order.clone(),
            self.of.iter().map(value).collect(),
        );
        visits.direction = Some(self.better.direction);
        let n = self.of.values().filter(|own| own.is_without_percentage()).count();
        visits.why_none = (measure == Measure::Percent && n > 0).then(|| {
            [
                format!(
                    "the mean {} is 0 or less in {n} of {} visits, which have no percentage",
                    self.columns[0],
                    self.of.len()
                ),
                format!("column {}", self.columns[0]),
            ]
        });
        visits.units = match measure {
            Measure::Absolute => self.units.clone(),
            Measure::Percent => Some("%".to_owned()),
        };
        visits
    }
}
