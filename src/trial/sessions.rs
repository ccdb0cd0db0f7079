//! Which sessions are the plan's visits. Where `Levels` of a column session_id say what sessions mean, a visit may be named by that, and what it means must not be the other visit.

use super::dictionary::is_code;
use super::note::Notes;
use super::plan::Plan;
use super::tables::{Measured, Tables, session};
use super::visits::{are_swapped, is_before};
use crate::design::similar::closest;
use crate::error::{Error, Result};

/// Words with which a meaning names another visit than its own: "13 weeks after baseline".
const AFTER: [&str; 6] = ["after", "since", "from", "post", "follow", "change"];

/// What a dictionary says that a session means.
struct Meant {
    /// With `ses-`.
    session: String,
    meaning: String,
    /// The file that says it.
    by: String,
}

/// What all dictionaries say.
fn meanings(tables: &Tables) -> Vec<Meant> {
    let mut all = Vec::new();
    for table in &tables.all {
        let Some(variable) = table.dictionary.get("session_id") else { continue };
        for (level, meaning) in &variable.levels {
            let meaning = meaning.trim().to_owned();
            if !meaning.is_empty() {
                let by = table.dictionary.name.clone();
                all.push(Meant { session: session(level), meaning, by });
            }
        }
    }
    all
}

/// A name as it is compared: letters and digits, without `ses-`.
fn plain(name: &str) -> String {
    let name = name.trim().to_lowercase();
    let bare = name.strip_prefix("ses-").unwrap_or(&name);
    bare.chars().filter(|c| c.is_alphanumeric()).collect()
}

/// The sessions of tables, sorted, each once.
fn known<'a>(tables: impl Iterator<Item = &'a Measured>) -> Vec<String> {
    let mut all = Vec::new();
    for table in tables {
        if let Some(at) = table.table.position("session_id") {
            all.extend(table.table.rows.iter().map(|row| session(row[at].trim())));
        }
    }
    all.sort();
    all.dedup();
    all
}

/// Sessions for a message, with what they mean: "ses-1 (baseline), ses-2 (week 13)".
fn listed(sessions: &[String], meanings: &[Meant]) -> String {
    let with = |name: &String| match meanings.iter().find(|own| own.session == *name) {
        Some(own) => format!("{name} ({})", own.meaning),
        None => name.clone(),
    };
    sessions.iter().map(with).collect::<Vec<_>>().join(", ")
}

/// Fill in both visits' sessions with `ses-`, and tell what codes mean.
///
/// # Errors
/// Usage: a visit that is not named, or by a meaning of several sessions or of none; one session for both; meanings that say otherwise.
pub(super) fn name(plan: &mut Plan, tables: &Tables, notes: &mut Notes) -> Result<()> {
    let meanings = meanings(tables);
    let of_outcome = plan.outcomes.first().and_then(|one| tables.get(&one.column.table).ok());
    let of_outcome = known(of_outcome.into_iter());
    let mut all = known(tables.all.iter());
    let runs = tables.edges.iter().flat_map(|edges| &edges.runs);
    all.extend(runs.map(|run| session(&run.session)));
    for (name, option) in [(&mut plan.baseline, "--baseline"), (&mut plan.endpoint, "--endpoint")] {
        if name.is_empty() {
            return Err(Error::usage(
                "the plan",
                format!("does not say which session {option} is"),
                "name the visit before treatment and the one at which effects are judged",
                match of_outcome.is_empty() {
                    true => format!("{option} ses-..."),
                    false => format!("{option} one of {}", listed(&of_outcome, &meanings)),
                },
            ));
        }
        *name = named((name.as_str(), option), &all, &meanings)?;
    }
    if plan.baseline == plan.endpoint {
        return Err(Error::usage(
            "--endpoint",
            format!("is {}, as --baseline is", plan.endpoint),
            "be another session",
            "",
        ));
    }
    refuse_contradiction(plan, &meanings)?;
    tell(plan, &meanings, notes);
    let is_known = |name: &String| meanings.iter().any(|own| own.session == *name);
    // Of codes that are explained the meanings were held against each other.
    if !(is_known(&plan.baseline) && is_known(&plan.endpoint))
        && are_swapped(&plan.baseline, &plan.endpoint)
    {
        notes.warn(
            format!(
                "by their names {} is before {}: are --baseline and --endpoint swapped?",
                plan.endpoint, plan.baseline
            ),
            Vec::new(),
        );
    }
    Ok(())
}

/// The session of a name: as it is, or by what it means.
fn named((name, option): (&str, &str), all: &[String], meanings: &[Meant]) -> Result<String> {
    let own = session(name);
    if all.contains(&own) || meanings.is_empty() {
        return Ok(own);
    }
    let meant = meanings.iter().filter(|one| plain(&one.meaning) == plain(name));
    let mut meant: Vec<&str> = meant.map(|one| one.session.as_str()).collect();
    meant.sort_unstable();
    meant.dedup();
    match meant[..] {
        [one] => Ok(one.to_owned()),
        [] if all.is_empty() => Ok(own),
        [] => Err(Error::usage(
            format!("{option} {name}"),
            format!("is no session, and means none: there are {}", listed(all, meanings)),
            "be a session, or what Levels say that one means",
            match closest(&own, all) {
                Some(near) => format!("did you mean '{near}'?"),
                None => format!("give {option} one of them"),
            },
        )),
        _ => Err(Error::usage(
            format!("{option} {name}"),
            format!("is what the Levels say that {} mean", meant.join(" and ")),
            "be one session",
            "give the session, or correct the Levels",
        )),
    }
}

/// Refuse visits of which dictionaries say that they mean the same, or that the endpoint is before treatment and the baseline is not.
fn refuse_contradiction(plan: &Plan, meanings: &[Meant]) -> Result<()> {
    let [baseline, endpoint] = [&plan.baseline, &plan.endpoint]
        .map(|name| meanings.iter().filter(|one| one.session == *name).collect::<Vec<_>>());
    let said = |one: &Meant| format!("'{}' by {}", one.meaning, one.by);
    // A visit after baseline is no baseline.
    let is_first = |one: &Meant| {
        let words = one.meaning.to_lowercase();
        is_before(&words) && !AFTER.iter().any(|word| words.contains(word))
    };
    for after in endpoint {
        let same = baseline.iter().find(|one| plain(&one.meaning) == plain(&after.meaning));
        if let Some(one) = same {
            return Err(Error::usage(
                format!("--endpoint {}", plan.endpoint),
                format!("means {}, and --baseline {} {}", said(after), plan.baseline, said(one)),
                "be another visit",
                "give another session, or correct the Levels of session_id",
            ));
        }
        if is_first(after) && !baseline.iter().any(|one| is_first(one)) {
            let other = baseline.first().map_or(String::new(), |one| {
                format!(", and --baseline {} {}", plan.baseline, said(one))
            });
            return Err(Error::usage(
                format!("--endpoint {}", plan.endpoint),
                format!("means {}{other}", said(after)),
                "be the visit at which effects are judged, after that of --baseline",
                "swap --baseline and --endpoint, or correct the Levels of session_id",
            ));
        }
    }
    Ok(())
}

/// Tell what the visits' codes mean.
fn tell(plan: &Plan, meanings: &[Meant], notes: &mut Notes) {
    let mut told: Vec<(&str, Vec<String>)> = Vec::new();
    for one in meanings {
        let bare = one.session.trim_start_matches("ses-");
        let is_code = is_code(bare) || bare.chars().count() == 1;
        if is_code && [&plan.baseline, &plan.endpoint].contains(&&one.session) {
            let said = format!("{} is {}", one.session, one.meaning);
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
