//! Whether a part of a rule can be met and can be failed: a threshold beyond the scale judges nobody.

use super::held::{Held, compared};
use crate::error::{Error, Result};
use crate::trial::derived;
use crate::trial::dictionary::{Scale, Variable};
use crate::trial::note::Notes;
use crate::trial::people::People;
use crate::trial::plan::{Column, Plan};
use crate::trial::rule::{Part, Threshold};
use crate::trial::tables::Tables;

/// Refuse a part by which nobody is told from another; tell one that nobody, or everybody, meets.
///
/// # Errors
/// Usage, naming the part and the scale.
pub(super) fn judge(
    held: &Held,
    (plan, people, tables): (&Plan, &People, &Tables),
    notes: &mut Notes,
) -> Result<()> {
    if derived::is_made(&held.part.column, plan, tables) {
        let all = [&held.baseline[..], &held.endpoint].concat();
        refuse(held, None, &all, (plan, people))?;
    } else {
        let Column { table, column } = &held.part.column;
        let table = tables.get(table)?;
        let (variable, all) = (table.dictionary.get(column), table.numbers(column)?);
        refuse(held, variable, &all, (plan, people))?;
    }
    tell(held, people, notes);
    Ok(())
}

/// Refuse a part that nobody can be judged by, that no value of the scale meets, or that every value meets.
///
/// # Errors
/// Usage, naming the part and the scale.
fn refuse(
    held: &Held,
    variable: Option<&Variable>,
    all: &[Option<f64>],
    (plan, people): (&Plan, &People),
) -> Result<()> {
    let part = &held.part;
    let wrong = |found: String, hint: String| {
        Err(Error::usage(
            format!("the responder rule {part}"),
            found,
            "be one that some can meet and some can fail",
            hint,
        ))
    };
    if compared(people).all(|place| held.met[place].is_none()) {
        let at = |values: &[Option<f64>]| compared(people).any(|place| values[place].is_some());
        let (baseline, endpoint) = (&plan.baseline, &plan.endpoint);
        let column = &part.column;
        return match (at(&held.endpoint), part.needs_baseline() && !at(&held.baseline)) {
            (false, _) => wrong(
                format!("judges nobody: {column} has no value at {endpoint}"),
                "check --endpoint".to_owned(),
            ),
            (true, true) => wrong(
                format!(
                    "is a change from baseline, and {column} has no value at {baseline}: it judges nobody"
                ),
                format!("without a sign it is the value at the endpoint: {}", unsigned(part)),
            ),
            (true, false) => wrong(
                format!(
                    "judges nobody: nobody has {column} at both visits, with a baseline that a percentage can be of"
                ),
                "check --baseline and --endpoint".to_owned(),
            ),
        };
    }
    let (scale, of) = match variable.and_then(Variable::scale) {
        Some(scale) => (scale, "the dictionary"),
        // What is nowhere below 0 has no loss of more than all of it.
        None if all.iter().flatten().all(|value| *value >= 0.0) => {
            (Scale { least: 0.0, greatest: f64::INFINITY, levels: Vec::new() }, "its values")
        }
        None => return Ok(()),
    };
    let said = scale.said();
    match could_be(part, &scale) {
        (true, true) => Ok(()),
        (false, _) => wrong(
            format!("cannot be met: {} is {said} by {of}", part.column),
            "check the number and its sign: a signed number is a change from baseline".to_owned(),
        ),
        (true, false) if of == "the dictionary" => wrong(
            format!("is met by every value: {} is {said} by {of}", part.column),
            "check the number, and the way in which it is compared".to_owned(),
        ),
        (true, false) => Ok(()),
    }
}

/// The part as a value at the endpoint.
fn unsigned(part: &Part) -> String {
    match part.threshold {
        Threshold::Change(bound) | Threshold::Percent(bound) | Threshold::Value(bound) => {
            let threshold = Threshold::Value(bound.abs());
            Part { threshold, ..part.clone() }.condition()
        }
    }
}

/// Whether values of a scale can meet a part, and whether they can fail it.
fn could_be(part: &Part, scale: &Scale) -> (bool, bool) {
    let ends = match scale.levels.is_empty() {
        true => vec![scale.least, scale.greatest],
        false => scale.levels.clone(),
    };
    // A part is monotone in both values, so that the ends of the scale meet and fail all that any value does; a percentage is of what is above 0.
    let starts: Vec<f64> = match part.threshold {
        Threshold::Value(_) => vec![scale.least],
        Threshold::Change(_) => ends.clone(),
        Threshold::Percent(_) => {
            let above: Vec<f64> = ends.iter().copied().filter(|start| *start > 0.0).collect();
            let near = (scale.levels.is_empty() && scale.least <= 0.0)
                .then_some(1.0_f64.min(0.01 * scale.greatest));
            above.into_iter().chain(near).collect()
        }
    };
    // Infinite ends stand for a size that no threshold has.
    let finite = |v: f64| v.clamp(-1e300, 1e300);
    let answers: Vec<bool> = starts
        .iter()
        .flat_map(|start| ends.iter().map(move |end| (finite(*start), finite(*end))))
        .filter_map(|(start, end)| part.met(Some(start), Some(end)))
        .collect();
    (answers.contains(&true), answers.contains(&false))
}

/// Say of a part that nobody, or everybody, of those who have the values meets.
fn tell(held: &Held, people: &People, notes: &mut Notes) {
    let known: Vec<bool> = compared(people).filter_map(|place| held.met[place]).collect();
    let who = match (known.contains(&true), known.contains(&false)) {
        (false, true) => "nobody",
        (true, false) => "everybody",
        _ => return,
    };
    notes.warn(
        format!(
            "the responder rule {} is met by {who} of {} who have its values: check the threshold",
            held.part,
            known.len()
        ),
        Vec::new(),
    );
}
