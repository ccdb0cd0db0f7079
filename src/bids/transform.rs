//! Transformations of variables, in the order of a node's instructions.
//!
//! Each takes variables by name, group or pattern and puts what it makes in their place, or beside them under `Output`. What works on a value
//! at a time keeps events as events; variables of other times are brought together first (`aligned`): on the frames where all have values
//! there (rows of tables, responses), else at 10 Hz.
//!
//! Source: pybids-transforms-v1 and bidspm's; checked by number against pybids 0.22.0 (acceptance in `tests/bids_variables`).

use serde_json::Value as Json;

use super::instruction::Outputs;
use super::variables::{Variable, Variables};
use super::{Instruction, Notes};
use crate::error::{Error, Result};

mod aligned;
mod arithmetic;
mod convolve;
mod factor;
mod logic;
mod missing;
mod orthogonal;
mod query;
mod replace;
mod rows;
mod time;

pub(super) use convolve::{convolved, doubts};
pub(super) use factor::doubts as doubts_of_levels;

/// Apply a node's instructions, one after another.
///
/// # Errors
/// Bad data with the instruction's pointer: a variable that is not there, by its closest name; text where numbers must be; what an
/// instruction cannot do, or would do nothing. After [`Variables::drop_missing`] a variable that is not there is dropped with a note.
pub fn apply(
    instructions: &[Instruction],
    variables: &mut Variables,
    notes: &mut Notes,
) -> Result<()> {
    instructions.iter().try_for_each(|instruction| {
        if !variables.drops_missing() {
            return one(instruction, variables, notes);
        }
        match missing::without(instruction, variables, notes) {
            Some(instruction) => one(&instruction, variables, notes),
            None => Ok(()),
        }
    })
}

fn one(instruction: &Instruction, variables: &mut Variables, notes: &mut Notes) -> Result<()> {
    let mut work = Work { instruction, variables, notes };
    match instruction.name.as_str() {
        "Add" | "Subtract" | "Multiply" | "Divide" | "Power" => arithmetic::with_value(&mut work),
        "And" | "Or" => logic::both(&mut work),
        "Not" => logic::not(&mut work),
        "Assign" => rows::assign(&mut work),
        "Concatenate" => rows::concatenate(&mut work),
        "Constant" => rows::constant(&mut work),
        "Convolve" => convolve::convolve(&mut work),
        "Copy" => copy(&mut work),
        "Delete" => delete(&mut work),
        "Demean" => arithmetic::demean(&mut work),
        "DropNA" => rows::drop_missing(&mut work),
        "Factor" => factor::factor(&mut work),
        "Filter" => rows::filter(&mut work),
        "Group" => group(&mut work),
        "LabelIdenticalRows" => rows::label(&mut work),
        "Lag" => time::lag(&mut work),
        "Orthogonalize" => orthogonal::orthogonalize(&mut work),
        "Product" => arithmetic::product(&mut work),
        "Rename" => rename(&mut work),
        "Replace" => replace::replace(&mut work),
        "Resample" | "ToDense" => time::resample(&mut work),
        "Scale" => arithmetic::scale(&mut work),
        "Select" => select(&mut work),
        "Split" => factor::split(&mut work),
        "Sum" => arithmetic::sum(&mut work),
        "Threshold" => arithmetic::threshold(&mut work),
        other => Err(Error::internal(
            format!("transformation {other}"),
            "is in the catalogue and not carried out",
            "be carried out",
            "",
        )),
    }
}

/// An instruction at work.
struct Work<'a> {
    instruction: &'a Instruction,
    variables: &'a mut Variables,
    notes: &'a mut Notes,
}

impl Work<'_> {
    fn place(&self) -> String {
        self.instruction.place()
    }

    fn note(&mut self, said: String) {
        self.notes.add(&self.instruction.place(), said);
    }

    /// Something that cannot be done to a variable.
    fn refuse(
        &self,
        name: &str,
        found: impl Into<String>,
        expected: impl Into<String>,
        hint: impl Into<String>,
    ) -> Error {
        Error::bad_data(format!("`{name}` of {}", self.place()), found, expected, hint)
    }

    /// Names of the variables that it takes.
    fn inputs(&self) -> Result<Vec<String>> {
        self.variables.all_matching(&self.instruction.input, &self.place())
    }

    /// Names of what it makes of these inputs.
    fn outputs(&self, inputs: &[String]) -> Result<Vec<String>> {
        let given = &self.instruction.output;
        if given.is_empty() {
            let affix = |name: &str| self.text(name).unwrap_or_default();
            let (before, behind) = (affix("OutputPrefix"), affix("OutputSuffix"));
            return Ok(inputs.iter().map(|name| format!("{before}{name}{behind}")).collect());
        }
        let each = self.instruction.known().is_some_and(|k| k.outputs != Outputs::One);
        if each && given.len() != inputs.len() {
            return Err(self.instruction.other_number_of_outputs(inputs.len()));
        }
        Ok(given.clone())
    }

    /// Inputs with their outputs.
    fn pairs(&self) -> Result<Vec<(String, String)>> {
        let inputs = self.inputs()?;
        let outputs = self.outputs(&inputs)?;
        Ok(inputs.into_iter().zip(outputs).collect())
    }

    /// The name of the one output.
    fn output(&self) -> String {
        self.instruction.output.first().cloned().unwrap_or_default()
    }

    fn variable(&self, name: &str) -> Result<Variable> {
        let found = self.variables.get(name).cloned();
        found.ok_or_else(|| self.variables.no_such(name, &self.place()))
    }

    /// Put what was made in its place. What it replaces without being made of it is noted.
    fn put(&mut self, from: &[String], name: &str, variable: Variable) {
        if !from.iter().any(|own| own == name) && self.variables.get(name).is_some() {
            self.note(format!("`{name}` was there already and is replaced"));
        }
        self.variables.set(name, variable);
    }

    fn flag(&self, name: &str, otherwise: bool) -> bool {
        self.instruction.arguments.get(name).and_then(Json::as_bool).unwrap_or(otherwise)
    }

    fn number(&self, name: &str, otherwise: f64) -> f64 {
        self.instruction.arguments.get(name).and_then(Json::as_f64).unwrap_or(otherwise)
    }

    fn text(&self, name: &str) -> Option<String> {
        self.instruction.arguments.get(name).and_then(Json::as_str).map(str::to_owned)
    }

    fn list<T>(&self, name: &str, one: impl Fn(&Json) -> Option<T>) -> Vec<T> {
        let list = self.instruction.arguments.get(name).and_then(Json::as_array);
        list.into_iter().flatten().filter_map(one).collect()
    }

    fn names(&self, name: &str) -> Vec<String> {
        self.list(name, |value| value.as_str().map(str::to_owned))
    }
}

fn copy(work: &mut Work) -> Result<()> {
    for (from, to) in work.pairs()? {
        let variable = work.variable(&from)?;
        work.put(&[from], &to, variable);
    }
    Ok(())
}

fn rename(work: &mut Work) -> Result<()> {
    for (from, to) in work.pairs()? {
        if from != to && work.variables.get(&to).is_some() {
            work.note(format!("`{to}` was there already and is replaced"));
        }
        work.variables.rename(&from, &to);
    }
    Ok(())
}

fn delete(work: &mut Work) -> Result<()> {
    work.inputs()?.iter().for_each(|name| work.variables.remove(name));
    Ok(())
}

fn select(work: &mut Work) -> Result<()> {
    let kept = work.inputs()?;
    for name in work.variables.names().iter().filter(|name| !kept.contains(name)) {
        work.variables.remove(name);
    }
    Ok(())
}

fn group(work: &mut Work) -> Result<()> {
    let (name, members) = (work.output(), work.inputs()?);
    if work.variables.get(&name).is_some() {
        return Err(work.refuse(&name, "is a variable", "be a new name for the group", ""));
    }
    work.variables.group(&name, members);
    Ok(())
}
