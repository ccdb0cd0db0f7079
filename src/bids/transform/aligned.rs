//! Variables brought to common moments.

use super::Work;
use crate::bids::Notes;
use crate::bids::variables::{DENSE_HZ, Events, Samples, Sampling, Value, Variable, Variables};
use crate::error::{Error, Result};

/// What values belong to.
#[derive(Debug, Clone, PartialEq)]
pub enum Base {
    /// Events.
    Events(Events),
    /// Moments.
    Samples(Sampling),
    /// Inputs of a level above.
    Inputs,
}

impl Base {
    /// The variable of these values.
    pub fn variable(&self, values: Vec<f64>) -> Variable {
        match self {
            Base::Events(events) => {
                Variable::Events(events.with(values.into_iter().map(Value::of).collect()))
            }
            Base::Samples(sampling) => Variable::Samples(Samples { sampling: *sampling, values }),
            Base::Inputs => Variable::Inputs(values.into_iter().map(Value::of).collect()),
        }
    }
}

/// One variable as numbers (not a number for n/a), responses at 10 Hz.
pub fn numbers(work: &Work, name: &str) -> Result<(Base, Vec<f64>)> {
    let (base, mut columns) =
        aligned(work.variables, &[name.to_owned()], &work.place(), &mut Notes::default())?;
    Ok((base, columns.pop().unwrap_or_default()))
}

/// Several variables as numbers at the same events, moments or inputs. Events and responses that are brought to 10 Hz are noted.
pub fn aligned(
    variables: &Variables,
    names: &[String],
    place: &str,
    notes: &mut Notes,
) -> Result<(Base, Vec<Vec<f64>>)> {
    let found = |name| variables.get(name).ok_or_else(|| variables.no_such(name, place));
    let named = names.iter().map(|name| Ok((name, found(name)?)));
    let list = named.collect::<Result<Vec<_>>>()?;
    let first = list.first().map(|(_, variable)| *variable);
    match first {
        Some(Variable::Inputs(_)) => {
            let columns = list.iter().map(|(name, variable)| match variable {
                Variable::Inputs(values) => of_values(name, values, place),
                _ => Err(Error::internal(*name, "is of a run", "be of inputs", "")),
            });
            return Ok((Base::Inputs, columns.collect::<Result<_>>()?));
        }
        Some(Variable::Events(events)) if list.iter().all(|(_, v)| is_of(v, events)) => {
            let columns = list.iter().map(|(name, variable)| match variable {
                Variable::Events(own) => of_values(name, &own.amplitude, place),
                _ => Ok(Vec::new()),
            });
            return Ok((Base::Events(events.clone()), columns.collect::<Result<_>>()?));
        }
        Some(Variable::Samples(samples)) if list.iter().all(|(_, v)| is_at(v, samples)) => {
            let columns = list.iter().map(|(_, variable)| match variable {
                Variable::Samples(own) => own.values.clone(),
                _ => Vec::new(),
            });
            return Ok((Base::Samples(samples.sampling), columns.collect()));
        }
        _ => {}
    }
    let on_frames = |v: &Variable| {
        matches!(v, Variable::Convolved(_))
            || matches!(v, Variable::Samples(s) if s.sampling == Sampling::Frames)
    };
    let some_rows = list.iter().any(|(_, v)| matches!(v, Variable::Samples(_)));
    let (sampling, moments) = match variables.frame_times_s() {
        Some(frames) if some_rows && list.iter().all(|(_, v)| on_frames(v)) => {
            (Sampling::Frames, frames.to_vec())
        }
        _ => {
            if list.len() > 1 {
                let all: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
                notes.add(
                    place,
                    format!(
                        "{} have values at different times and are brought to 10 Hz",
                        all.join(", ")
                    ),
                );
            }
            (Sampling::Rate { start_s: 0.0, hz: DENSE_HZ }, variables.moments(DENSE_HZ, place)?)
        }
    };
    let at = |(name, variable): &(&String, &Variable)| match sampling {
        Sampling::Frames => variables.at(name, variable, &moments, place),
        Sampling::Rate { hz, .. } => Ok(variables.at_rate(name, variable, hz, place)?.values),
    };
    Ok((Base::Samples(sampling), list.iter().map(at).collect::<Result<_>>()?))
}

fn is_of(variable: &Variable, events: &Events) -> bool {
    matches!(variable, Variable::Events(own) if own.same_as(events))
}

fn is_at(variable: &Variable, samples: &Samples) -> bool {
    matches!(variable, Variable::Samples(own)
        if own.sampling == samples.sampling && own.values.len() == samples.values.len())
}

/// Values as numbers.
pub fn of_values(name: &str, values: &[Value], place: &str) -> Result<Vec<f64>> {
    let number = |value: &Value| {
        value
            .number()
            .ok_or_else(|| crate::bids::variables::text_of(name, &value.to_string(), place))
    };
    values.iter().map(number).collect()
}
