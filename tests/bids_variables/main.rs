//! Variables of BIDS Stats Models: instructions read, transformations against pybids 0.15.6 and 0.22.0, designs against nilearn's
//! regressors at the frame times (goldens: ../oracles/bsm), and what each rule says by hand.
#![allow(clippy::unwrap_used, reason = "tests")]

#[path = "../common/mod.rs"]
mod common;

mod by_hand;
mod designs;
mod formulas;
mod instructions;
mod peers;

use boldly::bids::variables::{Variable, Variables};
use boldly::bids::{Instruction, Notes, transform};
use boldly::table::Table;
use serde_json::Value;

/// A table from lines of cells separated by blanks.
fn table(name: &str, lines: &[&str]) -> Table {
    let cells = |line: &str| line.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
    Table {
        name: name.to_owned(),
        columns: cells(lines[0]),
        rows: lines[1..].iter().map(|line| cells(line)).collect(),
    }
}

/// Instructions of a JSON list, as a model has them.
fn instructions(list: &Value, notes: &mut Notes) -> boldly::error::Result<Vec<Instruction>> {
    let read = |(i, value)| Instruction::read(value, &format!("/Instructions/{i}"), notes);
    list.as_array().unwrap().iter().enumerate().map(read).collect()
}

/// The variables after these instructions.
fn after(variables: &Variables, list: &Value) -> boldly::error::Result<(Variables, Notes)> {
    let (mut made, mut notes) = (variables.clone(), Notes::default());
    let list = instructions(list, &mut notes)?;
    transform::apply(&list, &mut made, &mut notes)?;
    Ok((made, notes))
}

/// Values of an event variable or of inputs as numbers, n/a as not a number.
fn values(variables: &Variables, name: &str) -> Vec<f64> {
    let all = match variables.get(name).unwrap() {
        Variable::Events(events) => &events.amplitude,
        Variable::Inputs(values) => values,
        other => panic!("{name} is {other:?}"),
    };
    all.iter().map(|value| value.number().unwrap()).collect()
}

/// Values as texts.
fn texts(variables: &Variables, name: &str) -> Vec<String> {
    match variables.get(name).unwrap() {
        Variable::Events(events) => events.amplitude.iter().map(ToString::to_string).collect(),
        Variable::Inputs(values) => values.iter().map(ToString::to_string).collect(),
        other => panic!("{name} is {other:?}"),
    }
}
