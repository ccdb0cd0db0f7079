//! Which sessions are the plan's visits. Where `Levels` of a column session_id say what sessions mean, a visit may be named by that, and what it means must not be the other visit.

mod one;
mod sides;
mod words;

use one::{Meant, Session};
use sides::Order;
use words::sense;

use super::dictionary::is_code;
use super::note::Notes;
use super::plan::Plan;
use super::tables::{Tables, session};
use crate::design::similar::closest;
use crate::error::{Error, Result};

/// Sessions for a message, with what they mean: "ses-1 (baseline), ses-2 (week 13)".
fn listed<'a>(sessions: impl Iterator<Item = &'a Session>) -> String {
    let mut all: Vec<String> = sessions.map(Session::said).collect();
    all.sort();
    all.join(", ")
}

/// Fill in both visits' sessions with `ses-`, and tell what codes mean.
///
/// # Errors
/// Usage: a visit that is not named, or by a meaning of several sessions or of none; one session for both; meanings that say otherwise.
pub(super) fn name(plan: &mut Plan, tables: &Tables, notes: &mut Notes) -> Result<()> {
    let of_outcome = plan.outcomes.first().map(|one| one.column.table.as_str());
    let all = one::sessions(tables, of_outcome);
    for (name, option) in [(&mut plan.baseline, "--baseline"), (&mut plan.endpoint, "--endpoint")] {
        if name.is_empty() {
            let own = tables.all.iter().position(|table| Some(table.name.as_str()) == of_outcome);
            let own = listed(all.iter().filter(|one| own.is_some_and(|table| one.is_in(table))));
            return Err(Error::usage(
                "the plan",
                format!("does not say which session {option} is"),
                "name the visit before treatment and the one at which effects are judged",
                match own.is_empty() {
                    true => format!("{option} ses-..."),
                    false => format!("{option} one of {own}"),
                },
            ));
        }
        *name = named((name.as_str(), option), &all)?;
    }
    if plan.baseline == plan.endpoint {
        return Err(Error::usage(
            "--endpoint",
            format!("is {}, as --baseline is", plan.endpoint),
            "be another session",
            "",
        ));
    }
    let of = |name: &String| all.iter().find(|own| own.name == *name);
    let meant = |name: &String| of(name).map_or(&[][..], |own| &own.meant);
    let both = [meant(&plan.baseline), meant(&plan.endpoint)];
    let told = refuse_contradiction(plan, both)?;
    tell(plan, both, notes);
    // Of codes that are explained the meanings were held against each other.
    let by_names = both.iter().any(|own| own.is_empty())
        && sides::order(&plan.baseline, &plan.endpoint) != Order::Good;
    let by_names = by_names.then(|| {
        format!(
            "by their names {} is before {}: are --baseline and --endpoint swapped?",
            plan.endpoint, plan.baseline
        )
    });
    told.or(by_names).into_iter().for_each(|text| notes.warn(text, Vec::new()));
    Ok(())
}

/// The session of a name: as it is, as the same in another spelling, or by what it means.
fn named((name, option): (&str, &str), all: &[Session]) -> Result<String> {
    let own = session(name);
    if all.iter().any(|one| one.name == own) {
        return Ok(own);
    }
    let called: Vec<&Session> = all.iter().filter(|one| one.is_called(name)).collect();
    if let [one] = called[..] {
        return Ok(one.name.clone());
    }
    if all.iter().all(|one| one.meant.is_empty()) {
        return Ok(own);
    }
    let meant: Vec<&Session> = all.iter().filter(|one| one.means(name)).collect();
    let names: Vec<String> = all.iter().map(|one| one.name.clone()).collect();
    match meant[..] {
        [one] => Ok(one.name.clone()),
        [] => Err(Error::usage(
            format!("{option} {name}"),
            format!("is no session, and means none: there are {}", listed(all.iter())),
            "be a session, or what Levels say that one means",
            match closest(&own, &names) {
                Some(near) => format!("did you mean '{near}'?"),
                None => format!("give {option} one of them"),
            },
        )),
        _ => Err(Error::usage(
            format!("{option} {name}"),
            format!(
                "is what the Levels say that {} mean",
                meant.iter().map(|one| one.name.as_str()).collect::<Vec<_>>().join(" and ")
            ),
            "be one session",
            "give the session, or correct the Levels",
        )),
    }
}

/// Refuse visits of which dictionaries say that they mean the same, or that the endpoint is before treatment and the baseline is not; what is to be said where that may be so.
fn refuse_contradiction(
    plan: &Plan,
    [baseline, endpoint]: [&[Meant]; 2],
) -> Result<Option<String>> {
    let said = |one: &Meant| format!("'{}' by {}", one.meaning, one.by);
    let mut doubt = None;
    for after in endpoint {
        let same = baseline.iter().find(|one| sense(&one.meaning) == sense(&after.meaning));
        if let Some(one) = same {
            return Err(Error::usage(
                format!("--endpoint {}", plan.endpoint),
                format!("means {}, and --baseline {} {}", said(after), plan.baseline, said(one)),
                "be another visit",
                "give another session, or correct the Levels of session_id",
            ));
        }
        // Of a baseline that nothing explains the name says what there is.
        let of_baseline = |one: &Option<&Meant>| match one {
            Some(one) => sides::order(&one.meaning, &after.meaning),
            None => sides::order(&plan.baseline, &after.meaning),
        };
        let some = baseline.iter().map(Some);
        let all: Vec<Option<&Meant>> =
            if baseline.is_empty() { vec![None] } else { some.collect() };
        let with = |one: &Option<&Meant>| {
            one.map_or(String::new(), |one| {
                format!(", and --baseline {} {}", plan.baseline, said(one))
            })
        };
        let worst = |wanted: Order| all.iter().find(|one| of_baseline(one) == wanted);
        // What one dictionary of several says of the baseline is enough to save it.
        let is_good = all.iter().any(|one| of_baseline(one) == Order::Good);
        if let Some(one) = worst(Order::Turned).filter(|_| !is_good) {
            return Err(Error::usage(
                format!("--endpoint {}", plan.endpoint),
                format!("means {}{}", said(after), with(one)),
                "be the visit at which effects are judged, after that of --baseline",
                "swap --baseline and --endpoint, or correct the Levels of session_id",
            ));
        }
        let other = worst(Order::Turned).or_else(|| worst(Order::Doubtful));
        doubt = doubt.or(other.map(|one| {
            format!(
                "--endpoint {} means {}{}, which may be the wrong way round: are they swapped?",
                plan.endpoint,
                said(after),
                with(one)
            )
        }));
    }
    Ok(doubt)
}

/// Tell what the visits' codes mean.
fn tell(plan: &Plan, both: [&[Meant]; 2], notes: &mut Notes) {
    let mut told: Vec<(&str, Vec<String>)> = Vec::new();
    for (name, meant) in [&plan.baseline, &plan.endpoint].into_iter().zip(both) {
        let bare = name.trim_start_matches("ses-");
        for one in meant.iter().filter(|_| is_code(bare) || bare.chars().count() == 1) {
            let said = format!("{name} is {}", one.meaning);
            match told.iter_mut().find(|(by, _)| *by == one.by) {
                Some((_, all)) => all.push(said),
                None => told.push((&one.by, vec![said])),
            }
        }
    }
    for (by, said) in told {
        notes.info(format!("session_id by the Levels of {by}: {}", said.join(", ")), Vec::new());
    }
}
