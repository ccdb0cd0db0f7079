//! Pressure pain: how ratings rise with pressure, and which pressure is rated as a target.
//!
//! Of a participant's visit, over its stimuli: the least-squares line of rating on pressure; P50 = (50 - a) / b, the pressure rated 50 (or another target), with Fieller's limits
//! ([`crate::stats::fieller`]), unbounded where the slope does not differ from 0; the same by isotonic regression, which assumes no line; the area below the mean ratings over the
//! tested range, a mean rating. Where the table has a column `series` (`ascending`, `random`), P50 rests on all its series together, as thresholds are calibrated, and each series
//! stands beside it.
//!
//! Between arms: [`ancova`](super::ancova) of P50, slope and area; of the rating at each pressure, with Holm's p over the pressures; and two summary measures (Matthews et al. 1990) of each participant's
//! changes at the pressures, their mean and their slope on pressure (treatment x intensity), by two-sample t. A P50 outside the tested pressures is extrapolated: flagged, counted and kept.

mod between;
mod of_visit;
mod series;
mod units;

use super::ancova::Lacking;
use super::note::{Notes, counted};
use super::people::People;
use super::plan::{Missing, Plan, PressurePlan};
use super::results::Pressure;
use super::tables::Tables;
use super::visits::Visits;
use crate::error::{Error, Result};
use of_visit::Found;

pub(super) use of_visit::Measure;

/// The plan's pressure pain.
///
/// # Errors
/// Usage: no such table, column or session, with the closest; a target outside the ratings' scale. Bad data naming line and participant: unknown participants, cells that are no
/// numbers, a rating without its pressure, a repetition entered twice. As [`super::ancova::compare`] for P50, slope and area.
pub fn analyse(
    plan: &Plan,
    people: &People,
    tables: &Tables,
    notes: &mut Notes,
) -> Result<Pressure> {
    let Some(own) = &plan.pressure else {
        return Err(Error::usage(
            "the plan",
            "names no table of pressure pain",
            "name one",
            "give --pressure",
        ));
    };
    let found = Found::read(own, plan.conf, people, tables)?;
    found.refuse_without_lines(plan)?;
    let better = found.better.said.clone();
    let (pressure_units, rating_units) = found.units.clone();
    let mut pressure = Pressure {
        target: own.target,
        pressure_units,
        rating_units,
        better,
        ..Pressure::default()
    };
    found.better.tell("pressure pain", notes);
    pressure.visits = found.rows(people);
    tell(&pressure, &found, notes);
    (pressure.series, pressure.series_differ) = series::of(&found, plan, people, notes)?;
    pressure.curves = between::curves(&found, plan, people);
    let mut lacking = Lacking::default();
    for measure in Measure::ALL {
        match (measure, between::compared(measure, &found, plan, people, &mut lacking)) {
            (_, Ok(row)) => pressure.ancova.push(row),
            (Measure::P50, Err(error @ Error::BadData(_))) => {
                let text = format!("P{} is not compared: {}", own.target, error.found());
                notes.warn(text, Vec::new());
            }
            (_, Err(error)) => return Err(error),
        }
    }
    lacking.tell(people, (plan, &[Missing::Observed]), notes);
    between::by_intensity(&mut pressure, &found, plan, people, notes)?;
    Ok(pressure)
}

/// A measure by participant and session.
///
/// # Errors
/// As [`analyse`].
pub(super) fn visits(
    measure: Measure,
    (own, conf): (&PressurePlan, f64),
    people: &People,
    tables: &Tables,
) -> Result<Visits> {
    Ok(Found::read(own, conf, people, tables)?.visits(measure, people))
}

fn tell(pressure: &Pressure, found: &Found, notes: &mut Notes) {
    let target = pressure.target;
    let mut say = |text: String, who: Vec<String>| {
        if !who.is_empty() {
            notes.warn(format!("{} {text}", counted(who.len(), "visit")), who);
        }
    };
    say(
        "without a line (fewer than 3 ratings, or one pressure): in no P50, slope or area, their ratings count at each pressure"
            .to_owned(),
        found.without_line.clone(),
    );
    say("with stimuli that lack a rating, which do not count".to_owned(), found.lacking.clone());
    let of = |is_so: &dyn Fn(&super::results::PressureOfVisit) -> bool| {
        let visits = pressure.visits.iter().filter(|visit| is_so(visit));
        visits.map(|v| format!("{} ({})", v.participant, v.session)).collect::<Vec<String>>()
    };
    say(
        format!(
            "with ratings that do not rise with pressure, so that no pressure is rated {target} (n/a)"
        ),
        of(&|visit| visit.p50.is_none()),
    );
    say(
        format!(
            "with the rating {target} outside the tested pressures (extrapolated, flagged, kept)"
        ),
        of(&|visit| visit.in_range == Some(false)),
    );
    say(
        format!(
            "with unbounded limits of the pressure rated {target} (Fieller's g is 1 or more: the slope does not differ from 0)"
        ),
        of(&|visit| visit.p50.is_some() && visit.g >= 1.0),
    );
    say(
        "over another range of pressures than most, whose area is of that range".to_owned(),
        found.of_other_range.clone(),
    );
    let (who, n) = &found.of_other_number;
    say(
        format!("with another number of stimuli than the usual {n}: given twice, or lacking"),
        who.clone(),
    );
    if let Some([least, greatest]) = found.assumed_scale {
        notes.info(
            format!("ratings are taken to be from {least} to {greatest}: the dictionary gives no Range, which counts those at the scale's ends"),
            Vec::new(),
        );
    }
    let [least, greatest] = found.rated;
    if target < least || target > greatest {
        notes.warn(
            format!("no stimulus was rated {target} or {}: ratings are from {least} to {greatest}; give another --target if that is their scale",
                if target > greatest { "more" } else { "less" }),
            Vec::new(),
        );
    }
}
