//! One transformation of a node: its name, what it takes, what it makes.

use serde_json::{Map, Value};

/// An instruction of `Transformations`, its keys and arguments checked.
#[derive(Debug, Clone, PartialEq)]
pub struct Instruction {
    /// The transformation by the specification's spelling: `Convolve`.
    pub name: String,
    /// Names and patterns of the variables it takes.
    pub input: Vec<String>,
    /// Names of what it makes, one for each input; empty: the inputs' own.
    pub output: Vec<String>,
    /// Arguments of its own by the specification's spelling: `Model`, `Derivative`, ...
    pub arguments: Map<String, Value>,
    /// Where it stands in the file: `/Nodes/0/Transformations/Instructions/2`.
    pub pointer: String,
}
