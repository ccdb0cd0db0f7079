//! Convolve: events become responses to them, which keep the events and are exact at every moment.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::Work;
use crate::bids::variables::{Convolved, DENSE_HZ, Events, Samples, Sampling, Variable, Variables};
use crate::design::events::check_within;
use crate::design::hrf::{Derivatives, Model, Response};
use crate::design::{Event, odd};
use crate::error::{Error, Result};

/// Each input with its response: events stay exact, samples are convolved at their own rate. Derivatives are `X_derivative` and
/// `X_dispersion`, delays `X_0`, `X_1`, ...
pub fn convolve(work: &mut Work) -> Result<()> {
    let response = response(work);
    let pairs = work.pairs()?;
    let names: Vec<String> = pairs.iter().map(|(from, _)| from.clone()).collect();
    let doubts = doubts(work.variables, &names, &response, &work.place())?;
    doubts.into_iter().for_each(|doubt| work.note(doubt));
    for (from, to) in pairs {
        let variable = work.variable(&from)?;
        let count = if let Variable::Events(events) = &variable {
            events.amplitude.iter().filter(|v| v.number().is_some_and(f64::is_nan)).count()
        } else {
            0
        };
        if count > 0 {
            work.note(format!("{count} events of `{from}` have no value (n/a) and count as none"));
        }
        let made = convolved(work.variables, &from, &variable, &response, &work.place())?;
        put(work, &from, &to, made);
    }
    Ok(())
}

/// What is odd about the events that variables of these names are convolved from, as `boldly glm` finds it.
///
/// # Errors
/// Bad data: half of the events or more begin after the run; those of [`convolved`].
pub fn doubts(
    variables: &Variables,
    names: &[String],
    response: &Response,
    place: &str,
) -> Result<Vec<String>> {
    let (Some(frames), Some(tr)) = (variables.frame_times_s(), variables.tr_s()) else {
        return Ok(Vec::new());
    };
    let mut all = Vec::new();
    for name in names {
        if let Some(Variable::Events(events)) = variables.get(name) {
            all.extend(events.numbers(name, place)?);
        }
    }
    // An event of several variables is one.
    let mut seen = BTreeSet::new();
    let once: Vec<Event> = all.iter().filter(|e| seen.insert(e.line)).cloned().collect();
    let end_s = frames.last().copied().unwrap_or(0.0) + tr;
    if 2 * once.iter().filter(|event| event.onset >= end_s).count() >= once.len() {
        check_within(&format!("events of {place}"), &once, end_s)?;
    }
    let first_s = frames.first().copied().unwrap_or(0.0);
    let span = odd::Span { first_s, end_s, tr, hrf: response, own: None, on_grid: false };
    let mut doubts = odd::times("events", &once, &span).doubts;
    doubts.extend(odd::conditions("events", &all, &span));
    Ok(doubts)
}

/// The response's columns, in place of the input where it has its name, each behind the one before.
fn put(work: &mut Work, from: &str, to: &str, made: Vec<(String, Variable)>) {
    let mut before = from.to_owned();
    for (suffix, variable) in made {
        let name = format!("{to}{suffix}");
        if name != from && work.variables.get(&name).is_some() {
            work.note(format!("`{name}` was there already and is replaced"));
        }
        work.variables.set_after(&before, &name, variable);
        before = name;
    }
}

fn response(work: &Work) -> Response {
    let model = match work.text("Model").as_deref() {
        Some("glover") => Model::Glover,
        Some("fir") => {
            let whole = |value: &serde_json::Value| value.as_u64().map(|delay| delay as usize);
            Model::Fir { delays: work.list("FirDelays", whole) }
        }
        _ => Model::SpmNilearn,
    };
    let derivatives = match (work.flag("Derivative", false), work.flag("Dispersion", false)) {
        (true, true) => Derivatives::TimeDispersion,
        (true, false) => Derivatives::Time,
        _ => Derivatives::None,
    };
    Response { derivatives, ..Response::from(model) }
}

/// What a variable becomes: the suffix of each column's name, and the column.
pub fn convolved(
    variables: &Variables,
    name: &str,
    variable: &Variable,
    response: &Response,
    place: &str,
) -> Result<Vec<(String, Variable)>> {
    let suffixes: Vec<String> = match &response.model {
        Model::Fir { delays } => delays.iter().map(|delay| format!("_{delay}")).collect(),
        _ => response.suffixes(),
    };
    let columns: Vec<Variable> = match variable {
        Variable::Events(events) => {
            let bins = bins(events);
            let events = Arc::new(events.numbers(name, place)?);
            let column = |column| {
                let (events, response) = (Arc::clone(&events), response.clone());
                Variable::Convolved(Convolved { events, response, column, bins })
            };
            (0..suffixes.len()).map(column).collect()
        }
        Variable::Samples(samples) => of_samples(variables, name, samples, response, place)?,
        Variable::Convolved(_) => {
            return Err(Error::bad_data(
                format!("`{name}` of {place}"),
                "is convolved already",
                "be convolved once",
                "take it out of one Convolve, or of Model.HRF",
            ));
        }
        Variable::Inputs(_) => {
            return Err(Error::bad_data(
                format!("`{name}` of {place}"),
                "is at a level above the run",
                "be of a run: inputs have no times",
                "move Convolve to the node of the level Run",
            ));
        }
    };
    Ok(suffixes.into_iter().zip(columns).collect())
}

/// Bins of a sample at 10 Hz that hold every onset and duration, in ms, twice over.
fn bins(events: &Events) -> usize {
    let of = |a: u64, b: u64| {
        let (mut a, mut b) = (a, b);
        while b > 0 {
            (a, b) = (b, a % b);
        }
        a
    };
    let times = events.onset.iter().chain(&events.duration).filter(|t| !t.is_nan());
    let step_ms = times.map(|t| (t.abs() * 1000.0).round() as u64).fold(0, of);
    match step_ms {
        0 => 2,
        step_ms => (2000.0 / step_ms as f64 / DENSE_HZ).ceil().clamp(1.0, 200.0) as usize,
    }
}

/// The samples as events of one step each, at their own moments.
fn of_samples(
    variables: &Variables,
    name: &str,
    samples: &Samples,
    response: &Response,
    place: &str,
) -> Result<Vec<Variable>> {
    let samples = match samples.sampling {
        Sampling::Rate { hz, .. } if hz > DENSE_HZ => {
            let variable = Variable::Samples(samples.clone());
            variables.at_rate(name, &variable, DENSE_HZ, place)?
        }
        _ => samples.clone(),
    };
    let times: Vec<f64> = match samples.sampling {
        Sampling::Frames => variables.frame_times_s().unwrap_or_default().to_vec(),
        Sampling::Rate { start_s, hz } => {
            (0..samples.values.len()).map(|i| start_s + i as f64 / hz).collect()
        }
    };
    if times.len() < 2 {
        let found = format!("has {} samples", times.len());
        return Err(Error::bad_data(format!("`{name}` of {place}"), found, "have two or more", ""));
    }
    let step = times.windows(2).map(|w| w[1] - w[0]).fold(f64::INFINITY, f64::min);
    if let Some(at) = samples.values.iter().position(|v| !v.is_finite()) {
        return Err(Error::bad_data(
            format!("`{name}` of {place}"),
            format!("has no value (n/a) in its sample {}", at + 1),
            "have all to be convolved",
            "Scale with \"ReplaceNA\": \"after\" puts 0 there",
        ));
    }
    let event = |(onset, amplitude): (&f64, &f64)| Event {
        onset: *onset,
        duration: step,
        trial_type: name.to_owned(),
        amplitude: *amplitude,
        line: 0,
    };
    let events: Vec<Event> = times.iter().zip(&samples.values).map(event).collect();
    let events: Vec<&Event> = events.iter().filter(|event| event.amplitude != 0.0).collect();
    let tr_s = variables.tr_s().unwrap_or(step);
    let columns = response.on_grid(&events, &times, 2, tr_s)?;
    let sampling = samples.sampling;
    Ok(columns.into_iter().map(|values| Variable::Samples(Samples { sampling, values })).collect())
}
