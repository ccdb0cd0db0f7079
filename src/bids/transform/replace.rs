//! Replace: old values by new ones.

use serde_json::Value as Json;

use super::Work;
use crate::bids::pattern::Pattern;
use crate::bids::variables::{Samples, Value, Variable};
use crate::design::similar;
use crate::error::Result;

/// An old value and the new one.
struct Pair {
    old: Old,
    new: Value,
}

enum Old {
    /// Text, which is a number where a number stands.
    Text(String),
    Matching(Pattern),
}

impl Old {
    fn is(&self, value: &Value) -> bool {
        match (self, value) {
            (Old::Text(text), Value::Number(number)) => {
                // 1, 1.0 and "1" are one number.
                text.trim().parse::<f64>().is_ok_and(|old| old == *number)
            }
            (Old::Text(text), Value::Missing) => text == "n/a",
            (Old::Text(text), Value::Text(own)) => text == own,
            (Old::Matching(_), Value::Missing) => false,
            (Old::Matching(pattern), value) => pattern.matches(&value.to_string()),
        }
    }
}

/// Values (`Attribute`: onsets, durations, or all three) that equal an old one become the new one.
pub fn replace(work: &mut Work) -> Result<()> {
    let pairs = pairs(work);
    let attribute = work.text("Attribute").unwrap_or_else(|| "amplitude".into());
    let of_value = matches!(attribute.as_str(), "amplitude" | "value" | "all");
    let of_time = |name: &str| attribute == name || attribute == "all";
    let mut replaced = 0;
    let mut seen: Vec<String> = Vec::new();
    let mut change = |value: &Value| match pairs.iter().find(|pair| pair.old.is(value)) {
        Some(pair) => {
            replaced += 1;
            pair.new.clone()
        }
        None => {
            if seen.len() < 1000 && !seen.contains(&value.to_string()) {
                seen.push(value.to_string());
            }
            value.clone()
        }
    };
    let mut made = Vec::new();
    for (from, to) in work.pairs()? {
        let variable = match work.variable(&from)? {
            Variable::Inputs(values) if of_value => {
                Variable::Inputs(values.iter().map(&mut change).collect())
            }
            Variable::Samples(samples) if of_value => {
                let changed: Vec<Value> =
                    samples.values.iter().map(|v| change(&Value::of(*v))).collect();
                let values = super::aligned::of_values(
                    &from,
                    (&changed, &|_| String::new()),
                    &work.place(),
                )?;
                Variable::Samples(Samples { sampling: samples.sampling, values })
            }
            Variable::Events(mut events) => {
                if of_value {
                    events.amplitude = events.amplitude.iter().map(&mut change).collect();
                }
                for (name, times) in
                    [("onset", &mut events.onset), ("duration", &mut events.duration)]
                {
                    if of_time(name) {
                        let changed: Vec<Value> =
                            times.iter().map(|t| change(&Value::of(*t))).collect();
                        let changed = super::aligned::of_values(
                            &from,
                            (&changed, &|_| String::new()),
                            &work.place(),
                        )?;
                        *times = changed;
                    }
                }
                if events.duration.iter().any(|d| *d < 0.0)
                    || events.onset.iter().any(|t| t.is_nan())
                {
                    let found = "would have a negative duration, or an onset of n/a";
                    return Err(work.refuse(&from, found, "have times that can be", ""));
                }
                Variable::Events(events)
            }
            _ => {
                let expected = format!("be of events to have its {attribute} replaced");
                return Err(work.refuse(&from, "has no such values", expected, ""));
            }
        };
        made.push((from, to, variable));
    }
    if replaced == 0 {
        return Err(nothing(work, &pairs, &seen));
    }
    for (from, to, variable) in made {
        work.put(&[from], &to, variable);
    }
    Ok(())
}

/// Nothing equals an old value: a slip.
fn nothing(work: &Work, pairs: &[Pair], seen: &[String]) -> crate::error::Error {
    let olds = pairs.iter().filter_map(|pair| match &pair.old {
        Old::Text(text) => Some(text),
        Old::Matching(_) => None,
    });
    let close = olds.filter_map(|old| Some((old, similar::closest(old, seen)?))).next();
    let hint = match close {
        Some((old, close)) => format!("did you mean `{close}` where `{old}` stands?"),
        None => {
            let shown: Vec<&str> = seen.iter().take(8).map(String::as_str).collect();
            format!("there are {}", shown.join(", "))
        }
    };
    crate::bids::instruction::refuse(
        &format!("{}/Replace", work.instruction.pointer),
        format!("matches nothing in {}", work.instruction.input.join(", ")),
        "match a value",
        hint,
    )
}

fn pairs(work: &Work) -> Vec<Pair> {
    work.list("Replace", |pair| {
        let key = pair.get("key")?.as_str()?.to_owned();
        let is_pattern = pair.get("is_pattern")?.as_bool()?;
        let old = match is_pattern.then(|| Pattern::new(&key)) {
            Some(Ok(pattern)) => Old::Matching(pattern),
            _ => Old::Text(key),
        };
        let new = match pair.get("value")? {
            Json::Number(number) => Value::of(number.as_f64()?),
            Json::Bool(is) => Value::Number(f64::from(u8::from(*is))),
            Json::String(text) if text != "n/a" => Value::Text(text.clone()),
            _ => Value::Missing,
        };
        Some(Pair { old, new })
    })
}
