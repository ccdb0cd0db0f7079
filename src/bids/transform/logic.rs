//! And, Or, Not of variables that are 0 or 1; n/a is unknown.

use super::Work;
use super::aligned::{aligned, numbers};
use super::query::{Query, Rows};
use crate::bids::variables::{Value, Variable, Variables};
use crate::error::Result;

/// And: 0 where one is 0, else n/a where one is, else 1. Or: 1 where one is 1, else n/a where one is, else 0. An input may be a condition as
/// bidspm has it (`face_type==famous`).
pub fn both(work: &mut Work) -> Result<()> {
    let deciding = if work.instruction.name == "And" { 0.0 } else { 1.0 };
    let mut scratch = work.variables.clone();
    let mut inputs = Vec::new();
    for input in &work.instruction.input {
        let is_condition = scratch.matching(input).is_empty() && input.contains(['=', '<', '>']);
        if is_condition {
            let indicator = indicator(&scratch, input, &work.place())?;
            scratch.set(input, indicator);
        }
        let known = scratch.all_matching(std::slice::from_ref(input), &work.place())?;
        inputs.extend(known.into_iter().filter(|name| !inputs.contains(name)).collect::<Vec<_>>());
    }
    let (base, columns) = aligned(&scratch, &inputs, &work.place(), work.notes)?;
    for (name, column) in inputs.iter().zip(&columns) {
        check(work, name, column)?;
    }
    let count = columns.first().map_or(0, Vec::len);
    let one = |row: usize| {
        let at = || columns.iter().map(|column| column[row]);
        if at().any(|v| v == deciding) {
            deciding
        } else if at().any(f64::is_nan) {
            f64::NAN
        } else {
            1.0 - deciding
        }
    };
    let made = base.variable((0..count).map(one).collect());
    let to = work.output();
    work.put(&inputs, &to, made);
    Ok(())
}

pub fn not(work: &mut Work) -> Result<()> {
    for (from, to) in work.pairs()? {
        let (base, values) = numbers(work, &from)?;
        check(work, &from, &values)?;
        let made = base.variable(values.iter().map(|v| 1.0 - v).collect());
        work.put(&[from], &to, made);
    }
    Ok(())
}

fn check(work: &Work, name: &str, values: &[f64]) -> Result<()> {
    match values.iter().find(|v| !(v.is_nan() || **v == 0.0 || **v == 1.0)) {
        None => Ok(()),
        Some(other) => Err(work.refuse(
            name,
            format!("has the value {other}"),
            "be 0, 1 or n/a",
            "Threshold with Binarize, or Factor, make such variables",
        )),
    }
}

/// 1 where a condition holds, else 0.
fn indicator(variables: &Variables, text: &str, place: &str) -> Result<Variable> {
    let query = Query::read(text, place)?;
    let value = |holds: bool| Value::Number(f64::from(u8::from(holds)));
    match variables.all_events() {
        Some(events) => {
            let holds = query.holds(variables, &Rows::Lines(&events.line), place)?;
            Ok(Variable::Events(events.with(holds.into_iter().map(value).collect())))
        }
        None => {
            let rows = Rows::Inputs(variables.n_rows());
            let holds = query.holds(variables, &rows, place)?;
            Ok(Variable::Inputs(holds.into_iter().map(value).collect()))
        }
    }
}
