//! Variables brought to common moments.

use super::Work;
use crate::bids::Notes;
use crate::bids::variables::{
    DENSE_HZ, Events, Samples, Sampling, Value, Variable, Variables, input, text_of,
};
use crate::error::Result;

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
pub fn numbers(work: &mut Work, name: &str) -> Result<(Base, Vec<f64>)> {
    let place = work.place();
    let (base, mut columns) = aligned(work.variables, &[name.to_owned()], &place, work.notes)?;
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
    if let Some(same) = as_they_are(&list, place)? {
        return Ok(same);
    }
    let on_frames = |v: &Variable| {
        matches!(v, Variable::Convolved(_))
            || matches!(v, Variable::Samples(s) if s.sampling == Sampling::Frames)
    };
    let some_rows = list.iter().any(|(_, v)| matches!(v, Variable::Samples(_)));
    let rows = variables.frame_times_s().filter(|_| some_rows);
    if let Some(frames) = rows.filter(|_| list.iter().all(|(_, v)| on_frames(v))) {
        let at = |(name, v): &(&String, &Variable)| variables.at(name, v, frames, place);
        let columns = list.iter().map(at).collect::<Result<_>>()?;
        return Ok((Base::Samples(Sampling::Frames), columns));
    }
    if list.len() > 1 {
        let all: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
        let said = "have values at different times and are brought to 10 Hz";
        notes.add(place, format!("{} {said}", all.join(", ")));
    }
    note_responses(&list, DENSE_HZ, place, notes);
    let at =
        |(name, v): &(&String, &Variable)| Ok(variables.at_rate(name, v, DENSE_HZ, place)?.values);
    let sampling = Sampling::Rate { start_s: 0.0, hz: DENSE_HZ };
    Ok((Base::Samples(sampling), list.iter().map(at).collect::<Result<_>>()?))
}

/// Tell of responses that are no responses any more: samples, which a design takes on straight lines.
pub fn note_responses(list: &[(&String, &Variable)], hz: f64, place: &str, notes: &mut Notes) {
    let responses = list.iter().filter(|(_, v)| matches!(v, Variable::Convolved(_)));
    let named: Vec<String> = responses.map(|(name, _)| format!("`{name}`")).collect();
    if !named.is_empty() {
        let said = format!(
            "takes responses at {hz} Hz, on straight lines between, as pybids does: their shape changes by some per cent of the peak; ToDense with \"SamplingRate\": \"TR\" before it takes them exactly at the frames"
        );
        notes.add(place, format!("{said} ({})", named.join(", ")));
    }
}

/// Variables that are of the same inputs, events or moments already.
fn as_they_are(
    list: &[(&String, &Variable)],
    place: &str,
) -> Result<Option<(Base, Vec<Vec<f64>>)>> {
    let numbers = |(name, variable): &(&String, &Variable)| match variable {
        Variable::Inputs(values) => of_values(name, (values, &input), place),
        Variable::Events(events) => {
            let line = |at: usize| format!(" in line {}", events.line[at]);
            of_values(name, (&events.amplitude, &line), place)
        }
        Variable::Samples(samples) => Ok(samples.values.clone()),
        Variable::Convolved(_) => Ok(Vec::new()),
    };
    let base = match list.first().map(|(_, variable)| *variable) {
        Some(Variable::Inputs(_)) => Base::Inputs,
        Some(Variable::Events(events)) if list.iter().all(|(_, v)| is_of(v, events)) => {
            Base::Events(events.clone())
        }
        Some(Variable::Samples(samples)) if list.iter().all(|(_, v)| is_at(v, samples)) => {
            Base::Samples(samples.sampling)
        }
        _ => return Ok(None),
    };
    Ok(Some((base, list.iter().map(numbers).collect::<Result<_>>()?)))
}

fn is_of(variable: &Variable, events: &Events) -> bool {
    matches!(variable, Variable::Events(own) if own.same_as(events))
}

fn is_at(variable: &Variable, samples: &Samples) -> bool {
    matches!(variable, Variable::Samples(own)
        if own.sampling == samples.sampling && own.values.len() == samples.values.len())
}

/// Values as numbers. `at`: where one stands, in words.
pub fn of_values(
    name: &str,
    (values, at): (&[Value], &dyn Fn(usize) -> String),
    place: &str,
) -> Result<Vec<f64>> {
    let number = |value: &Value| value.number().ok_or_else(|| text_of(name, (values, at), place));
    values.iter().map(number).collect()
}
