//! The task: 15 s blocks of pain and of control with 15 s of rest after each, in an order that the seed decides within
//! each pair of blocks; and the haemodynamic response to them.

use crate::error::{Error, Result};
use crate::table::Table;

use super::elementary::exp;
use super::random::{Random, Stream};

const LEAD_S: f64 = 5.0;
const BLOCK_S: f64 = 15.0;
const REST_S: f64 = 15.0;
/// Seconds of response after the last block that must fit into the run.
const TAIL_S: f64 = 8.0;

/// What is done to the subject in a block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Condition {
    /// Painful heat.
    Pain,
    /// A touch of the same length that does not hurt.
    Control,
}

/// The blocks of a run: onset in seconds, condition.
pub(super) fn blocks(seed: u64, run_s: f64) -> Result<Vec<(f64, Condition)>> {
    let cycle = BLOCK_S + REST_S;
    let n_pairs = ((run_s - LEAD_S - BLOCK_S - TAIL_S) / cycle + 1.0).max(0.0) as usize / 2;
    if n_pairs == 0 {
        return Err(Error::usage(
            "the simulated run",
            format!("lasts {run_s} s"),
            format!("last at least {} s, one pain and one control block", {
                LEAD_S + cycle + BLOCK_S + TAIL_S
            }),
            "ask for more volumes or a longer TR",
        ));
    }
    let random = Random::new(seed, Stream::Order);
    let pair = |index: usize| match random.uniforms(index as u64)[0] < 0.5 {
        true => [Condition::Pain, Condition::Control],
        false => [Condition::Control, Condition::Pain],
    };
    let conditions = (0..n_pairs).flat_map(pair);
    Ok(conditions.enumerate().map(|(n, c)| (LEAD_S + n as f64 * cycle, c)).collect())
}

/// The blocks as events.tsv.
pub(super) fn events(blocks: &[(f64, Condition)]) -> Table {
    let row = |&(onset, condition): &(f64, Condition)| {
        let name = match condition {
            Condition::Pain => "pain",
            Condition::Control => "control",
        };
        vec![onset.to_string(), BLOCK_S.to_string(), name.to_string()]
    };
    Table {
        name: "events.tsv".into(),
        columns: ["onset", "duration", "trial_type"].map(String::from).to_vec(),
        rows: blocks.iter().map(row).collect(),
    }
}

/// The response to all blocks of one condition at a time in seconds; 1 is the plateau of a long block.
pub(super) fn response(blocks: &[(f64, Condition)], condition: Condition, time_s: f64) -> f64 {
    let of = |onset: f64| step_response(time_s - onset) - step_response(time_s - onset - BLOCK_S);
    blocks.iter().filter(|b| b.1 == condition).map(|b| of(b.0)).sum()
}

/// The response to a stimulus that starts at 0 and never ends: the integral of a double-gamma haemodynamic response
/// of unit area, peak at 5 s, undershoot of a sixth of the peak's area around 15 s. For whole shapes the gamma
/// integral has a closed form, so there is no time grid.
#[must_use]
pub fn step_response(time_s: f64) -> f64 {
    if time_s <= 0.0 {
        return 0.0;
    }
    let decay = exp(-time_s);
    // Integral of t^(shape-1) e^-t / (shape-1)! from 0 to t = 1 - e^-t sum t^j / j!, j < shape.
    let gamma_integral = |shape: u32| {
        let (mut term, mut sum) = (1.0, 1.0);
        for j in 1..shape {
            term *= time_s / f64::from(j);
            sum += term;
        }
        1.0 - decay * sum
    };
    (gamma_integral(6) - gamma_integral(16) / 6.0) / (1.0 - 1.0 / 6.0)
}
