//! BIDS Stats Models (<https://bids-standard.github.io/stats-models>): a model file read with a verdict on every key, the variables of a
//! dataset transformed as its instructions say, and the graph of nodes from runs to the dataset with the contrasts that pass along it.
//!
//! No I/O: texts, tables and entities in, designs and weights out. `pipeline` finds the files and fits.

mod describe;
pub mod design;
pub mod formula;
pub mod graph;
pub mod instruction;
pub mod label;
pub mod model;
pub mod names;
pub mod note;
mod pattern;
mod place;
pub mod transform;
pub mod variables;

pub use describe::describe;
pub use instruction::Instruction;
pub use model::Model;
pub use note::Notes;

/// The entities of a file, a run or an estimate (`subject`, `session`, `task`, `run`, `space`, `contrast`, ...: the long names of BIDS) with their
/// values as they are written in file names, zeros before a number included.
pub type Entities = std::collections::BTreeMap<String, String>;
