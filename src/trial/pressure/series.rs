//! Calibration from several series: the pressure of the target rating by each alone.

use super::of_visit::{Found, Own, reached_by};
use crate::error::Result;
use crate::stats::fieller::Line;
use crate::trial::ancova::{by_t, moments};
use crate::trial::digits::{decimals, p_said, written};
use crate::trial::note::{Notes, counted};
use crate::trial::people::People;
use crate::trial::plan::Plan;
use crate::trial::results::{Estimate, SeriesDiffer, SeriesRow};
use crate::trial::unequal::{self, Behind};

/// A row a participant, visit and series, and whether two series differ at baseline.
pub(super) fn of(
    found: &Found,
    plan: &Plan,
    people: &People,
    notes: &mut Notes,
) -> Result<(Vec<SeriesRow>, Option<SeriesDiffer>)> {
    let target = found.target;
    let mut rows = Vec::new();
    let mut lacking = Vec::new();
    let mut names: Vec<String> = Vec::new();
    for (&(place, session), own) in found.of.iter().filter(|(_, own)| !own.series.is_empty()) {
        if own.series.len() < own.ratings.len() {
            lacking.push(found.repeated.visit((place, session), people));
            continue;
        }
        for name in named(own) {
            rows.push(SeriesRow {
                participant: people.all[place].id.clone(),
                session: found.repeated.sessions[session].clone(),
                series: name.to_owned(),
                n: own.series.iter().filter(|series| *series == name).count(),
                p50: alone(own, name, target, plan.conf),
            });
            if !names.iter().any(|other| other == name) {
                names.push(name.to_owned());
            }
        }
    }
    if !lacking.is_empty() {
        notes.warn(
            format!(
                "{} with stimuli of no series: no row of each series alone",
                counted(lacking.len(), "visit")
            ),
            lacking,
        );
    }
    tell_unequal(found, (plan, people), notes);
    names.sort();
    let [first, second] = &names[..] else { return Ok((rows, None)) };
    let at = |row: &&SeriesRow| row.session == plan.baseline && row.p50.is_some();
    let of = |row: &SeriesRow, name: &str| {
        let mut same = rows.iter().filter(at).filter(|other| other.participant == row.participant);
        same.find(|other| other.series == name).and_then(|other| other.p50)
    };
    let pairs = rows.iter().filter(at).filter(|row| row.series == *first);
    let differences: Vec<f64> =
        pairs.filter_map(|row| Some(row.p50?.value - of(row, second)?.value)).collect();
    let (mean, sd) = if differences.is_empty() { (0.0, None) } else { moments(&differences) };
    let n = differences.len() as f64;
    let differ = sd.filter(|sd| *sd > 0.0).map(|sd| {
        let (difference, test) = by_t(mean, sd / n.sqrt(), n - 1.0, plan.conf);
        SeriesDiffer {
            series: [first.clone(), second.clone()],
            n: differences.len(),
            difference,
            test,
        }
    });
    if let Some(found) = &differ {
        let of = &found.difference;
        let said = |v: f64| written(v, decimals(of.se.unwrap_or_default()));
        notes.info(
            format!(
                "{first} less {second} series at {}: the pressure rated {} differs by {} ({} to {}), {}, in {} participants; P{} is that of both together",
                plan.baseline,
                target,
                said(of.value),
                said(of.low.unwrap_or(of.value)),
                said(of.high.unwrap_or(of.value)),
                p_said(found.test.p),
                found.n,
                target,
            ),
            Vec::new(),
        );
    }
    Ok((rows, differ))
}

/// Whose visits have different series.
fn tell_unequal(found: &Found, (plan, people): (&Plan, &People), notes: &mut Notes) {
    let at = |name: &String| found.repeated.sessions.iter().position(|own| own == name);
    let (Some(before), Some(after)) = (at(&plan.baseline), at(&plan.endpoint)) else { return };
    let behind = |place: usize| {
        let visit = |session: usize| {
            let series = named(found.of.get(&(place, session))?);
            let said = if series.is_empty() { "no series".to_owned() } else { series.join(" + ") };
            Some((found.repeated.sessions[session].clone(), said))
        };
        Some((people.all[place].id.clone(), vec![visit(before)?, visit(after)?]))
    };
    let of_arms = people.places(|person| person.arm.is_some());
    let all: Vec<Behind> = of_arms.into_iter().filter_map(behind).collect();
    unequal::tell(("pressure pain rests", "other series of stimuli"), &all, notes);
}

fn named(own: &Own) -> Vec<&str> {
    let mut names: Vec<&str> = own.series.iter().map(String::as_str).collect();
    names.sort_unstable();
    names.dedup();
    names
}

/// By the stimuli of one series.
fn alone(own: &Own, name: &str, target: f64, conf: f64) -> Option<Estimate> {
    let of = |all: &[f64]| {
        let own = all.iter().zip(&own.series).filter(|(_, series)| *series == name);
        own.map(|(value, _)| *value).collect::<Vec<f64>>()
    };
    let line = Line::through(&of(&own.pressures), &of(&own.ratings)).ok()?;
    reached_by(&line, target, conf).map(|(estimate, _)| estimate)
}
