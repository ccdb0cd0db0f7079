//! Conditioned pain modulation (CPM): how much a test stimulus is rated lower while, or after, another stimulus hurts elsewhere.
//!
//! Of a participant's visit, over its repetitions: absolute = mean(pre) - mean(post), percentage = 100 absolute / mean(pre), a percentage of means, not a mean of percentages;
//! mean(pre) = 0 has none. **Inhibition is positive here**; some papers have it the other way. Of thresholds, which inhibition raises, absolute = mean(post) - mean(pre).
//!
//! Both are compared at the endpoint given those at baseline ([`ancova`]). A participant inhibits where absolute > 2 SEM sqrt(2 / n), n the repetitions behind a mean and SEM
//! the root of the mean variance within visits of pre at baseline. Retest in the control arm is ICC(A,1) of absolute CPM. A measure of retest rho has change correlated with
//! baseline by -sqrt((1 - rho) / 2) without any effect, so that correlation is nothing to report.

use std::collections::BTreeMap;

use super::ancova::{self, Lacking, Named, Pairs};
use super::arm::{Arm, ByArm};
use super::dictionary::Direction;
use super::note::{Notes, counted};
use super::people::People;
use super::plan::{Column, CpmPlan, Missing, Plan};
use super::repeated::Repeated;
use super::results::{AncovaRow, Cpm, CpmOfVisit, Estimate};
use super::tables::Tables;
use super::visits::Visits;
use crate::error::{Error, Result};
use crate::stats::agreement::agreement;
use crate::stats::correlation::pearson;

/// What the sign of CPM means, for every header.
#[must_use]
pub fn sign(own: &CpmPlan) -> &'static str {
    match own.threshold {
        false => "inhibition positive: mean before - mean during or after, of ratings",
        true => "inhibition positive: mean during or after - mean before, of thresholds",
    }
}

/// The plan's CPM.
///
/// # Errors
/// Usage: no such table, column or session, with the closest. Bad data naming line and participant: unknown participants, cells that are no numbers, a repetition entered twice. As
/// [`ancova::compare`] for absolute CPM.
pub fn analyse(plan: &Plan, people: &People, tables: &Tables, notes: &mut Notes) -> Result<Cpm> {
    let Some(own) = &plan.cpm else {
        return Err(Error::usage("the plan", "names no table of CPM", "name one", "give --cpm"));
    };
    let found = Found::read(own, people, tables)?;
    let mut cpm = Cpm { sign: sign(own).to_owned(), ..Cpm::default() };
    notes.info(format!("CPM: {}; some papers have the sign the other way", cpm.sign), Vec::new());
    found.tell(own, people, notes);
    (cpm.sem, cpm.n_repetitions) = found.measurement(plan, people);
    cpm.cutoff = cpm.sem.zip(cpm.n_repetitions).map(|(sem, n)| 2.0 * sem * (2.0 / n).sqrt());
    if cpm.cutoff.is_none() {
        notes.warn(
            format!(
                "nobody has two repetitions of {} at {}: who inhibits is not known",
                own.pre, plan.baseline
            ),
            Vec::new(),
        );
    }
    cpm.visits = found.rows(people, cpm.cutoff);
    cpm.undefined_percent = cpm.visits.iter().filter(|visit| visit.percent.is_none()).count();
    let [absolute, percent] = [Measure::Absolute, Measure::Percent];
    let absolute_visits = found.visits(absolute, people);
    let mut lacking = Lacking::default();
    cpm.ancova.push(compared(&absolute_visits, plan, people, &mut lacking)?);
    match compared(&found.visits(percent, people), plan, people, &mut lacking) {
        Ok(row) => cpm.ancova.push(row),
        Err(error) => notes.warn(format!("percentage CPM is not compared: {error}"), Vec::new()),
    }
    lacking.tell(people, plan, notes);
    inhibitors(&mut cpm, &found, plan, people);
    retest(&mut cpm, &absolute_visits, plan, people, notes)?;
    Ok(cpm)
}

/// What is made of a visit's means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Measure {
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
            Measure::Absolute => "CPM, absolute (inhibition positive)",
            Measure::Percent => "CPM, percentage of means (inhibition positive)",
        }
    }
}

/// A measure by participant and session.
///
/// # Errors
/// As [`analyse`].
pub(super) fn visits(
    measure: Measure,
    own: &CpmPlan,
    people: &People,
    tables: &Tables,
) -> Result<Visits> {
    Ok(Found::read(own, people, tables)?.visits(measure, people))
}

/// A participant's visit: the numbers there are.
struct Own {
    pre: Vec<f64>,
    post: Vec<f64>,
}

impl Own {
    fn means(&self) -> Option<(f64, f64)> {
        let mean = |v: &[f64]| (!v.is_empty()).then(|| v.iter().sum::<f64>() / v.len() as f64);
        mean(&self.pre).zip(mean(&self.post))
    }

    /// Variance of pre; none below two repetitions.
    fn variance(&self) -> Option<f64> {
        ancova::moments(&self.pre).1.map(|sd| sd * sd)
    }

    fn measure(&self, measure: Measure, threshold: bool) -> Option<f64> {
        let (pre, post) = self.means()?;
        let absolute = if threshold { post - pre } else { pre - post };
        match measure {
            Measure::Absolute => Some(absolute),
            Measure::Percent => (pre > 0.0).then(|| 100.0 * absolute / pre),
        }
    }
}

/// The table, sorted.
struct Found<'a> {
    repeated: Repeated<'a>,
    threshold: bool,
    /// By place in `People::all` and in the sessions.
    of: BTreeMap<(usize, usize), Own>,
    /// Rows that lack one of the two numbers, by place of the participant.
    lacking: Vec<usize>,
}

impl<'a> Found<'a> {
    fn read(own: &CpmPlan, people: &People, tables: &'a Tables) -> Result<Found<'a>> {
        let table = tables.get(&own.table)?;
        let (pre, post) = (table.numbers(&own.pre)?, table.numbers(&own.post)?);
        let repeated = Repeated::new(table, people)?;
        repeated.refuse_twice(&["repetition"])?;
        let mut of = BTreeMap::new();
        let mut lacking = Vec::new();
        for (&(place, session), rows) in &repeated.rows {
            let there = |all: &[Option<f64>]| rows.iter().filter_map(|&row| all[row]).collect();
            let n_lacking = rows.iter().filter(|&&r| pre[r].is_none() || post[r].is_none());
            lacking.extend(n_lacking.map(|_| place));
            of.insert((place, session), Own { pre: there(&pre), post: there(&post) });
        }
        Ok(Found { repeated, threshold: own.threshold, of, lacking })
    }

    fn tell(&self, own: &CpmPlan, people: &People, notes: &mut Notes) {
        let mut who = self.lacking.clone();
        if !who.is_empty() {
            let n = counted(who.len(), "repetition");
            who.dedup();
            notes.warn(
                format!("{n} without {} or {}; means are of what there is", own.pre, own.post),
                people.names(&who),
            );
        }
        let is_so = |so: &dyn Fn(&Own) -> bool| {
            let of = self.of.iter().filter(|(_, own)| so(own));
            of.map(|((place, _), _)| *place).collect::<Vec<usize>>()
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
                people.names(&none),
            );
        }
        let undefined = is_so(&|own| own.means().is_some_and(|(pre, _)| pre <= 0.0));
        if !undefined.is_empty() {
            notes.warn(
                format!(
                    "{} with a mean {} of 0 or less, where percentage CPM is not defined (n/a)",
                    counted(undefined.len(), "visit"),
                    own.pre
                ),
                people.names(&undefined),
            );
        }
        let mut counts: Vec<usize> = self.of.values().map(|own| own.pre.len()).collect();
        counts.sort_unstable();
        counts.dedup();
        if counts.len() > 1 {
            let all: Vec<String> = counts.iter().map(ToString::to_string).collect();
            notes.info(
                format!("visits have {} repetitions of {}: the rule for inhibitors takes their harmonic mean", all.join(", "), own.pre),
                Vec::new(),
            );
        }
    }

    /// Places of those in an arm who have the baseline visit, with it.
    fn at<'b>(&'b self, session: &str, people: &'b People) -> Vec<(usize, Arm, &'b Own)> {
        let of = self.of.iter().filter(|((_, at), _)| self.repeated.sessions[*at] == session);
        of.filter_map(|((place, _), own)| Some((*place, people.all[*place].arm?, own))).collect()
    }

    /// SEM of a single test stimulus, and the repetitions behind a mean.
    fn measurement(&self, plan: &Plan, people: &People) -> (Option<f64>, Option<f64>) {
        let at = self.at(&plan.baseline, people);
        let variances: Vec<f64> = at.iter().filter_map(|(_, _, own)| own.variance()).collect();
        if variances.is_empty() {
            return (None, None);
        }
        let sem = (variances.iter().sum::<f64>() / variances.len() as f64).sqrt();
        let whole = self.of.values().filter(|own| own.means().is_some());
        let lengths: Vec<f64> =
            whole.flat_map(|own| [own.pre.len() as f64, own.post.len() as f64]).collect();
        let harmonic = lengths.len() as f64 / lengths.iter().map(|n| 1.0 / n).sum::<f64>();
        (Some(sem), Some(harmonic))
    }

    fn rows(&self, people: &People, cutoff: Option<f64>) -> Vec<CpmOfVisit> {
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
                n: own.pre.len(),
                inhibits: cutoff.map(|cutoff| absolute > cutoff),
            })
        };
        self.of.iter().filter_map(row).collect()
    }

    fn visits(&self, measure: Measure, people: &People) -> Visits {
        let value = |(&(place, session), own): (&(usize, usize), &Own)| {
            let name = self.repeated.sessions[session].clone();
            ((place, name), own.measure(measure, self.threshold))
        };
        let column = Column { table: "cpm".to_owned(), column: measure.name().to_owned() };
        let mut visits = Visits::derived(
            (measure.label().to_owned(), column),
            (self.repeated.table, people),
            self.repeated.sessions.clone(),
            self.of.iter().map(value).collect(),
        );
        visits.direction = Some(Direction::Higher);
        visits.units = (measure == Measure::Percent).then(|| "%".to_owned());
        visits
    }
}

fn compared(
    visits: &Visits,
    plan: &Plan,
    people: &People,
    lacking: &mut Lacking,
) -> Result<AncovaRow> {
    let named = Named {
        outcome: visits.column.to_string(),
        label: visits.label.clone(),
        units: visits.units.clone(),
        direction: visits.direction,
    };
    let (before, after) = (visits.at(&plan.baseline)?, visits.at(&plan.endpoint)?);
    let pairs = Pairs::new(people, &before, &after, Missing::Observed);
    lacking.add(&named, &pairs, people);
    ancova::compare(&named, &pairs, people, plan)
}

fn inhibitors(cpm: &mut Cpm, found: &Found, plan: &Plan, people: &People) {
    let Some(cutoff) = cpm.cutoff else { return };
    for (_, arm, own) in found.at(&plan.endpoint, people) {
        if let Some(absolute) = own.measure(Measure::Absolute, found.threshold) {
            *cpm.inhibitors_of.get_mut(arm) += 1;
            *cpm.inhibitors.get_mut(arm) += usize::from(absolute > cutoff);
        }
    }
}

/// Retest in the control arm, and what it makes of change against baseline.
fn retest(
    cpm: &mut Cpm,
    absolute: &Visits,
    plan: &Plan,
    people: &People,
    notes: &mut Notes,
) -> Result<()> {
    let (before, after) = (absolute.at(&plan.baseline)?, absolute.at(&plan.endpoint)?);
    let pairs = Pairs::new(people, &before, &after, Missing::Observed);
    let both = |arm: Arm| {
        let of = (0..pairs.arm.len()).filter(|&at| pairs.arm[at] == arm);
        of.map(|at| vec![pairs.baseline[at], pairs.endpoint[at]]).collect::<Vec<Vec<f64>>>()
    };
    let control = both(Arm::Control);
    if control.len() >= 2
        && let Some(found) = agreement(&control, plan.conf)?
    {
        let (low, high) = (Some(found.low), Some(found.high));
        cpm.retest = Some(Estimate { value: found.icc, se: None, low, high });
        let expected = -((1.0 - found.icc) / 2.0).sqrt();
        cpm.expected_correlation = Some(expected);
        notes.warn(
            format!(
                "change in CPM correlates with baseline by about {expected:.2} without any effect, for its retest in {} is {:.2}: \
                 that correlation shows nothing, and unadjusted changes inherit chance differences at baseline",
                people.arms.control, found.icc
            ),
            Vec::new(),
        );
    }
    cpm.change_with_baseline = ByArm::try_of(|arm| {
        let (before, change): (Vec<f64>, Vec<f64>) =
            both(arm).iter().map(|of| (of[0], of[1] - of[0])).unzip();
        match before.len() < 3 {
            true => Ok(None),
            false => Ok::<_, Error>(pearson(&before, &change, plan.conf)?.map(|found| found.r)),
        }
    })?;
    Ok(())
}
