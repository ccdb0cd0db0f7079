//! Numbers: a variable's own, with a value, or with another variable's.

use super::aligned::{Base, aligned, numbers};
use super::query::{Query, Rows};
use super::{Work, query};
use crate::bids::variables::{Value, Variable, Variables};
use crate::error::Result;

/// Each input's numbers changed together.
fn each(work: &mut Work, change: impl Fn(&Work, &str, &[f64]) -> Result<Vec<f64>>) -> Result<()> {
    for (from, to) in work.pairs()? {
        let (base, values) = numbers(work, &from)?;
        let changed = change(work, &from, &values)?;
        work.put(&[from], &to, base.variable(changed));
    }
    Ok(())
}

/// Mean of what is known.
fn mean(values: &[f64]) -> f64 {
    let known = values.iter().filter(|v| !v.is_nan());
    known.clone().sum::<f64>() / known.count() as f64
}

/// x - mean(x), n/a left out of the mean and kept.
pub fn demean(work: &mut Work) -> Result<()> {
    each(work, |_, _, values| {
        let mean = mean(values);
        Ok(values.iter().map(|v| v - mean).collect())
    })
}

/// (x - mean(x)) / sd(x) with n - 1, either by choice; n/a kept, or 0 before or after.
pub fn scale(work: &mut Work) -> Result<()> {
    each(work, |work, name, values| {
        let replace = work.text("ReplaceNA").unwrap_or_default();
        let known = |v: &f64| if v.is_nan() { 0.0 } else { *v };
        let mut values: Vec<f64> = match replace.as_str() {
            "before" => values.iter().map(known).collect(),
            _ => values.to_vec(),
        };
        let centre = mean(&values);
        let squares: Vec<f64> = values.iter().map(|v| (v - centre).powi(2)).collect();
        let n = squares.iter().filter(|v| !v.is_nan()).count() as f64;
        let sd = (mean(&squares) * n / (n - 1.0)).sqrt();
        if work.flag("Demean", true) {
            values.iter_mut().for_each(|v| *v -= centre);
        }
        if work.flag("Rescale", true) {
            let is_constant = sd.is_nan() || sd <= 1e-12 * centre.abs();
            if is_constant && replace == "after" {
                return Ok(vec![0.0; values.len()]);
            }
            if is_constant {
                return Err(work.refuse(
                    name,
                    format!("has the value {centre} throughout"),
                    "vary where it is scaled",
                    "\"ReplaceNA\": \"after\" gives zeros in such a run",
                ));
            }
            values.iter_mut().for_each(|v| *v /= sd);
        }
        match replace.as_str() {
            "after" => Ok(values.iter().map(known).collect()),
            _ => Ok(values),
        }
    })
}

/// x where x >= threshold (`Above` false: <=), else 0; without `Signed` of |x|; `Binarize` gives 1; n/a becomes 0.
pub fn threshold(work: &mut Work) -> Result<()> {
    let limit = work.number("Threshold", 0.0);
    let (above, binarize) = (work.flag("Above", true), work.flag("Binarize", false));
    let signed = work.flag("Signed", true);
    each(work, |_, _, values| {
        let one = |v: &f64| {
            let v = if signed { *v } else { v.abs() };
            let stays = if above { v >= limit } else { v <= limit };
            match (stays, binarize) {
                (false, _) => 0.0,
                (true, true) => 1.0,
                (true, false) => v,
            }
        };
        Ok(values.iter().map(one).collect())
    })
}

/// Several inputs made one, value by value: what is n/a in one is left out, and n/a in all stays. Above the run n/a in any stays: whose group or
/// age is not known has no product of them, and is told by whoever takes it.
fn together(work: &mut Work, from: f64, join: impl Fn(f64, usize, f64) -> f64) -> Result<()> {
    let scratch = with_times(work.variables);
    let inputs = scratch.all_matching(&work.instruction.input, &work.place())?;
    let (base, columns) = aligned(&scratch, &inputs, &work.place(), work.notes)?;
    let (mut left_out, mut stay) = (0, 0);
    let is_above = matches!(base, Base::Inputs);
    let count = columns.first().map_or(0, Vec::len);
    let values = (0..count).map(|row| {
        let known = || columns.iter().enumerate().filter(|(_, column)| !column[row].is_nan());
        let n = known().count();
        let is_partial = n > 0 && n < columns.len();
        let count_of = if is_above { &mut stay } else { &mut left_out };
        *count_of += usize::from(is_partial);
        if n == 0 || is_partial && is_above {
            f64::NAN
        } else {
            known().fold(from, |all, (k, column)| join(all, k, column[row]))
        }
    });
    let made = base.variable(values.collect());
    if left_out > 0 {
        work.note(format!("n/a of one input was left out of {left_out} values, as pybids does"));
    }
    if stay > 0 {
        work.note(format!(
            "{stay} of {count} inputs have n/a in one of its variables, and stay n/a"
        ));
    }
    let to = work.output();
    work.put(&inputs, &to, made);
    Ok(())
}

pub fn product(work: &mut Work) -> Result<()> {
    together(work, 1.0, |all, _, value| all * value)
}

pub fn sum(work: &mut Work) -> Result<()> {
    let weights = work.list("Weights", serde_json::Value::as_f64);
    let inputs =
        with_times(work.variables).all_matching(&work.instruction.input, &work.place())?.len();
    if !weights.is_empty() && weights.len() != inputs {
        return Err(crate::bids::instruction::refuse(
            &format!("{}/Weights", work.instruction.pointer),
            format!("has {} weights for {inputs} inputs", weights.len()),
            "have one for each input",
            "",
        ));
    }
    together(work, 0.0, |all, k, value| all + weights.get(k).unwrap_or(&1.0) * value)
}

/// bidspm's Add, Subtract, Multiply, Divide and Power, of the values for which `Query` holds. `onset` and `duration` are the events' own.
pub fn with_value(work: &mut Work) -> Result<()> {
    let value = work.number("Value", 0.0);
    if work.instruction.name == "Divide" && value == 0.0 {
        return Err(crate::bids::instruction::refuse(
            &format!("{}/Value", work.instruction.pointer),
            "divides by 0",
            "be another number",
            "",
        ));
    }
    let scratch = with_times(work.variables);
    let inputs = scratch.all_matching(&work.instruction.input, &work.place())?;
    let outputs = work.outputs(&inputs)?;
    let query = match work.text("Query") {
        Some(text) => Some(Query::read(&text, &work.place())?),
        None => None,
    };
    let operation = work.instruction.name.clone();
    let one = |x: f64| match operation.as_str() {
        "Add" => x + value,
        "Subtract" => x - value,
        "Multiply" => x * value,
        "Divide" => x / value,
        _ => x.powf(value),
    };
    for (from, to) in inputs.iter().zip(&outputs) {
        let one_input = [from.clone()];
        let (base, mut columns) = aligned(&scratch, &one_input, &work.place(), work.notes)?;
        let values = columns.pop().unwrap_or_default();
        let holds = match &query {
            Some(query) => query.holds(&scratch, &rows(&base, values.len()), &work.place())?,
            None => vec![true; values.len()],
        };
        let changed: Vec<f64> =
            values.iter().zip(&holds).map(|(v, holds)| if *holds { one(*v) } else { *v }).collect();
        let became_none =
            values.iter().zip(&changed).filter(|(v, c)| !v.is_nan() && !c.is_finite()).count();
        if became_none > 0 {
            work.note(format!("{became_none} values of `{from}` have no result and are n/a"));
        }
        match (&base, is_time(work.variables, to)) {
            (Base::Events(events), true) => retime(work, to, &events.line, &changed)?,
            _ => work.put(&one_input, to, base.variable(changed)),
        }
    }
    Ok(())
}

/// What a query's rows are.
pub fn rows(base: &Base, count: usize) -> query::Rows<'_> {
    match base {
        Base::Events(events) => Rows::Lines(&events.line),
        Base::Inputs => Rows::Inputs(count),
        Base::Samples(sampling) => Rows::Samples(*sampling, count),
    }
}

/// Whether a name means the events' own times.
fn is_time(variables: &Variables, name: &str) -> bool {
    matches!(name, "onset" | "duration") && variables.get(name).is_none()
}

/// The variables, and with them `onset` and `duration` of the events where no variable has these names.
fn with_times(variables: &Variables) -> Variables {
    let mut scratch = variables.clone();
    if let Some(events) = variables.all_events() {
        for (name, times) in [("onset", &events.onset), ("duration", &events.duration)] {
            if is_time(variables, name) {
                let values = times.iter().map(|t| Value::of(*t)).collect();
                scratch.set(name, Variable::Events(events.with(values)));
            }
        }
    }
    scratch
}

/// New onsets or durations of the events in these lines.
fn retime(work: &mut Work, name: &str, lines: &[usize], times: &[f64]) -> Result<()> {
    let of = |line: usize| lines.iter().position(|own| *own == line).map(|at| times[at]);
    if name == "duration" && times.iter().any(|t| *t < 0.0) {
        return Err(work.refuse(name, "would be negative", "not be negative", ""));
    }
    work.variables.retime(|line, onset, duration| {
        if let Some(time) = of(line) {
            *(if name == "onset" { onset } else { duration }) = time;
        }
    });
    Ok(())
}
