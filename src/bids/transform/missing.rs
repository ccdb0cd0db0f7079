//! Instructions about variables that a run lacks, where such are to be dropped.

use crate::bids::instruction::Outputs;
use crate::bids::variables::Variables;
use crate::bids::{Instruction, Notes};

/// The instruction less what it says of variables that are not there, with a note; none where nothing is left of it, or where all its inputs
/// make one output.
pub fn without(
    instruction: &Instruction,
    variables: &Variables,
    notes: &mut Notes,
) -> Option<Instruction> {
    let lacks = |name: &String| {
        let is_time = matches!(name.as_str(), "onset" | "duration");
        !is_time && !name.contains(['=', '<', '>']) && variables.matching(name).is_empty()
    };
    let Some(known) = instruction.known() else { return Some(instruction.clone()) };
    let targets = listed(instruction, "Target");
    let is_paired = |list: &[String]| list.len() == instruction.input.len();
    let goes = |k: usize| lacks(&instruction.input[k]) || is_paired(&targets) && lacks(&targets[k]);
    let mut left = instruction.clone();
    let kept: Vec<usize> = (0..instruction.input.len()).filter(|&k| !goes(k)).collect();
    let only = |list: &[String]| -> Vec<String> { kept.iter().map(|&k| list[k].clone()).collect() };
    let mut gone: Vec<&String> =
        instruction.input.iter().chain(&targets).filter(|name| lacks(name)).collect();
    left.input = only(&instruction.input);
    if is_paired(&targets) && !targets.is_empty() {
        left.arguments.insert("Target".into(), only(&targets).into());
    }
    if known.outputs != Outputs::One && is_paired(&instruction.output) {
        left.output = only(&instruction.output);
    }
    let others = listed(instruction, "Other");
    if others.iter().any(lacks) {
        gone.extend(others.iter().filter(|name| lacks(name)));
        let there: Vec<String> = others.iter().filter(|name| !lacks(name)).cloned().collect();
        left.arguments.insert("Other".into(), there.into());
    }
    if gone.is_empty() {
        return Some(left);
    }
    let names: Vec<String> = gone.iter().map(|name| format!("`{name}`")).collect();
    let is_idle = left.input.is_empty() && known.takes_input
        || known.outputs == Outputs::One
        || !others.is_empty() && listed(&left, "Other").is_empty();
    let whole = if is_idle { ": the instruction is left out" } else { " and dropped" };
    notes.add(&instruction.place(), format!("{} not among the variables{whole}", names.join(", ")));
    (!is_idle).then_some(left)
}

fn listed(instruction: &Instruction, name: &str) -> Vec<String> {
    let list = instruction.arguments.get(name).and_then(serde_json::Value::as_array);
    list.into_iter().flatten().filter_map(|name| name.as_str().map(str::to_owned)).collect()
}
