//! Levels: Factor and Split.

use super::Work;
use super::aligned::numbers;
use crate::bids::variables::{Events, Samples, Value, Variable};
use crate::design::similar;
use crate::error::Result;

/// The most levels of a variable.
const MOST_LEVELS: usize = 1000;

/// The values of a variable, texts and all.
fn cells(work: &mut Work, name: &str) -> Result<Vec<Value>> {
    Ok(match work.variable(name)? {
        Variable::Events(events) => events.amplitude,
        Variable::Inputs(values) => values,
        Variable::Samples(_) | Variable::Convolved(_) => {
            numbers(work, name)?.1.into_iter().map(Value::of).collect()
        }
    })
}

/// Numbers rising, then texts in order; n/a is no level.
fn levels(work: &Work, name: &str, values: &[Value]) -> Result<Vec<Value>> {
    let mut levels: Vec<Value> = Vec::new();
    for value in values.iter().filter(|value| **value != Value::Missing) {
        if !levels.contains(value) {
            levels.push(value.clone());
        }
        if levels.len() > MOST_LEVELS {
            return Err(work.refuse(
                name,
                format!("has more than {MOST_LEVELS} levels"),
                "have fewer",
                "Factor is for categories, not for measures",
            ));
        }
    }
    levels.sort_by(|a, b| match (a, b) {
        (Value::Number(a), Value::Number(b)) => a.total_cmp(b),
        (Value::Text(a), Value::Text(b)) => a.cmp(b),
        (Value::Number(_), _) => std::cmp::Ordering::Less,
        _ => std::cmp::Ordering::Greater,
    });
    if levels.is_empty() {
        return Err(work.refuse(name, "has no value but n/a", "have levels", ""));
    }
    Ok(levels)
}

/// Tell of rows whose level is not known: they come in no variable that is made, and so in no condition.
fn note_missing(work: &mut Work, name: &str, values: &[Value]) {
    let n = values.iter().filter(|value| **value == Value::Missing).count();
    if n > 0 {
        let (of, are) = (values.len(), if n == 1 { "is" } else { "are" });
        work.note(format!("{n} of {of} values of `{name}` {are} n/a, which is no level: left out"));
    }
}

/// Levels that may be one: they differ in case alone or are one number, or one of few rows is a letter from another.
pub fn doubts(name: &str, values: &[Value]) -> Vec<String> {
    let texts = values.iter().filter_map(|value| match value {
        Value::Text(text) => Some(text.clone()),
        _ => None,
    });
    let texts: Vec<String> = texts.collect();
    let mut levels = texts.clone();
    levels.sort();
    levels.dedup();
    let alike = similar::alike(&levels).map(|([one, other], how)| {
        format!("levels `{one}` and `{other}` of `{name}` {how}; are they one?")
    });
    let slip = similar::rare_slip(&texts).map(|[(one, few), (other, many)]| {
        format!(
            "level `{one}` of `{name}` ({few} of {} values) is nearly `{other}` ({many}); are they one?",
            texts.len()
        )
    });
    alike.into_iter().chain(slip).collect()
}

/// A variable of 0 and 1 for each level, `name.level`, in place of the input. `drop_one` leaves out the first level or `RefLevel`; `mean_zero`
/// too, whose rows are then -1 / (levels - 1) in all others.
pub fn factor(work: &mut Work) -> Result<()> {
    let sep = work.text("Sep").unwrap_or_else(|| ".".into());
    let constraint = work.text("Constraint").unwrap_or_else(|| "none".into());
    for name in work.inputs()? {
        let values = cells(work, &name)?;
        let levels = levels(work, &name, &values)?;
        doubts(&name, &values).into_iter().for_each(|doubt| work.note(doubt));
        if !matches!(work.variable(&name)?, Variable::Inputs(_)) {
            note_missing(work, &name, &values);
        }
        let reference = match (constraint.as_str(), reference(work)) {
            ("none", None) => None,
            ("none", Some(_)) => {
                let hint = "add \"Constraint\": \"drop_one\"";
                return Err(work.refuse(
                    &name,
                    "has a RefLevel and no Constraint",
                    "have both",
                    hint,
                ));
            }
            (_, None) => levels.first().cloned(),
            (_, Some(wanted)) => Some(known_level(work, &name, &levels, &wanted)?),
        };
        let is_centred = constraint == "mean_zero";
        let others = -1.0 / (levels.len() as f64 - 1.0).max(1.0);
        let variable = work.variable(&name)?;
        let base = numbers_of(work, &name, &variable)?;
        for level in levels.iter().filter(|level| Some(*level) != reference.as_ref()) {
            let height = |value: &Value| match value {
                // Of events n/a is no level; an input of which it is not known is in none, and in no other either.
                Value::Missing if matches!(variable, Variable::Inputs(_)) => f64::NAN,
                value if value == level => 1.0,
                value if is_centred && Some(value) == reference.as_ref() => others,
                _ => 0.0,
            };
            let made = base(values.iter().map(height).collect());
            work.put(std::slice::from_ref(&name), &format!("{name}{sep}{level}"), made);
        }
        work.variables.remove(&name);
    }
    Ok(())
}

type Maker = Box<dyn Fn(Vec<f64>) -> Variable>;

/// What makes a variable like this one of numbers.
fn numbers_of(work: &Work, name: &str, variable: &Variable) -> Result<Maker> {
    let of = |values: Vec<f64>| values.into_iter().map(Value::of).collect::<Vec<_>>();
    Ok(match variable {
        Variable::Events(events) => {
            let events = events.clone();
            Box::new(move |values| Variable::Events(events.with(of(values))))
        }
        Variable::Inputs(_) => Box::new(move |values| Variable::Inputs(of(values))),
        sampled => {
            let sampling = work.variables.sampled(name, sampled, &work.place())?.sampling;
            Box::new(move |values| Variable::Samples(Samples { sampling, values }))
        }
    })
}

fn reference(work: &Work) -> Option<String> {
    match work.instruction.arguments.get("RefLevel")? {
        serde_json::Value::String(text) => Some(text.clone()),
        other => Some(other.to_string()),
    }
}

fn known_level(work: &Work, name: &str, levels: &[Value], wanted: &str) -> Result<Value> {
    let named = |level: &&Value| {
        level.to_string() == wanted || wanted.parse().is_ok_and(|n| **level == Value::Number(n))
    };
    levels.iter().find(named).cloned().ok_or_else(|| {
        let all: Vec<String> = levels.iter().map(Value::to_string).collect();
        let hint = match similar::closest(wanted, &all) {
            Some(close) => format!("did you mean `{close}`?"),
            None => similar::listing(&all).replacen("columns", "levels", 1),
        };
        work.refuse(name, format!("has no level `{wanted}`"), "have the RefLevel", hint)
    })
}

/// A variable for each combination of levels of `By`, `name.by[level]`, of its events alone; the input stays.
pub fn split(work: &mut Work) -> Result<()> {
    let by = work.variables.all_matching(&work.names("By"), &work.place())?;
    for name in work.inputs()? {
        let Variable::Events(events) = work.variable(&name)? else {
            let hint = "Product with the columns that Factor makes does the same at other levels";
            return Err(work.refuse(&name, "has no events", "be of events to be split", hint));
        };
        let mut parts: Vec<(String, Vec<usize>)> =
            vec![(String::new(), (0..events.line.len()).collect())];
        for by in &by {
            let values = values_at(work, by, &events)?;
            let levels = levels(work, by, &values)?;
            note_missing(work, by, &values);
            let mut finer = Vec::new();
            for (label, rows) in &parts {
                for level in &levels {
                    let own = rows.iter().copied().filter(|&row| values[row] == *level).collect();
                    finer.push((format!("{label}.{by}[{level}]"), own));
                }
            }
            finer.retain(|(_, rows): &(String, Vec<usize>)| !rows.is_empty());
            if finer.len() > MOST_LEVELS {
                let found = format!("would be split into more than {MOST_LEVELS}");
                return Err(work.refuse(&name, found, "have fewer parts", ""));
            }
            parts = finer;
        }
        for (label, rows) in parts {
            let made = Variable::Events(events.only(&rows));
            work.put(std::slice::from_ref(&name), &format!("{name}{label}"), made);
        }
    }
    Ok(())
}

/// The values of another variable for these events; n/a where it has none of them.
fn values_at(work: &Work, name: &str, events: &Events) -> Result<Vec<Value>> {
    let Variable::Events(other) = work.variable(name)? else {
        return Err(work.refuse(name, "has no events", "be of the events that are split", ""));
    };
    let value = |line: &usize| {
        let at = other.line.iter().position(|own| own == line);
        at.map_or(Value::Missing, |at| other.amplitude[at].clone())
    };
    Ok(events.line.iter().map(value).collect())
}
