//! What a model that can be read must be besides, so that it can be fitted.

use super::{Contrast, Kind, Level, Model, Node, Test};
use crate::bids::label::label;
use crate::bids::place::short;
use crate::error::{Error, Result};

/// A high-pass filter of this frequency, Hz, or more was meant in seconds.
const SECONDS_RATHER: f64 = 1.0;

/// Transformations of what has times.
const NEED_TIMES: &[&str] = &["Convolve", "Lag", "Resample", "ToDense"];

impl Model {
    /// Whether every node can be fitted and every contrast be computed, as far as the model alone tells.
    ///
    /// # Errors
    /// Bad data with the JSON pointer: a node without a column; a run-level node of `Type: meta`; a high-pass filter of 1 Hz or more; above the run, a transformation of what has times; weights that do not fit their conditions, or are all 0; rows of weights
    /// that are not tested with F; two contrasts of a node that have one name, or one label in file names.
    pub fn check(&self) -> Result<()> {
        self.nodes.iter().try_for_each(node)
    }
}

fn node(node: &Node) -> Result<()> {
    if node.x.is_empty() {
        return Err(Error::bad_data(
            format!("{}/Model/X", node.pointer),
            "names no column",
            "have at least one",
            "1 is the intercept",
        ));
    }
    if node.level == Level::Run && node.kind == Kind::Meta {
        return Err(Error::bad_data(
            format!("{}/Model/Type", node.pointer),
            "is meta at the run level",
            "be glm: a run has images of the scanner, not estimates to combine",
            "combine its estimates in a node of Level Subject",
        ));
    }
    if let Some(hz) = node.high_pass_hz.filter(|hz| *hz >= SECONDS_RATHER) {
        return Err(Error::bad_data(
            format!("{}/Model/Options/HighPassFilterCutoffHz", node.pointer),
            format!("is {hz} Hz, faster than any scanner's noise is slow"),
            "be a frequency below 1 Hz, mostly about 0.008",
            format!("are these the seconds of a period? {:.5} Hz is one of {hz} s", 1.0 / hz),
        ));
    }
    if node.level != Level::Run {
        timeless(node)?;
    }
    node.contrasts.iter().try_for_each(Contrast::check)?;
    let mut labels = std::collections::BTreeMap::new();
    for contrast in &node.contrasts {
        let label = label(&contrast.name);
        if let Some(other) = labels.insert(label.clone(), contrast) {
            return Err(Error::bad_data(
                format!("{}/Name", contrast.pointer),
                format!(
                    "is {:?} as {} is {:?}",
                    short(&contrast.name),
                    other.pointer,
                    short(&other.name)
                ),
                format!("be a name of its own: both would write contrast-{}", short(&label)),
                "rename one of the two, in letters and digits",
            ));
        }
    }
    Ok(())
}

/// Refuses, at a level above the run, what needs times: there a variable is one value of each input.
fn timeless(node: &Node) -> Result<()> {
    let needs_times = |name: &str| NEED_TIMES.contains(&name);
    let instructions = node.transformations.iter().filter(|one| needs_times(&one.name));
    let instructions = instructions.map(|one| (one.pointer.clone(), one.name.clone()));
    let response = node.hrf.iter().map(|_| (format!("{}/Model/HRF", node.pointer), "HRF".into()));
    let Some((pointer, name)) = instructions.chain(response).next() else { return Ok(()) };
    Err(Error::bad_data(
        pointer,
        format!("is {name} in a node of Level {:?}", node.level),
        "be in a node of Level Run: above it a variable is one value of each input, without times",
        "move it to the node of Level Run",
    ))
}

impl Contrast {
    /// Whether it can be computed where its conditions are there.
    ///
    /// # Errors
    /// Bad data with the JSON pointer: another number of weights than of conditions, weights that are all 0, rows that are not tested
    /// with F.
    pub fn check(&self) -> Result<()> {
        let at = format!("{}/Weights", self.pointer);
        let n = self.conditions.len();
        if let Some(row) = self.weights.iter().find(|row| row.len() != n) {
            return Err(Error::bad_data(
                at,
                format!("has {} for {}", counted(row.len(), "weight"), counted(n, "condition")),
                "have one for each entry of ConditionList",
                "add what is missing on either side",
            ));
        }
        if self.test != Test::F && self.weights.len() > 1 {
            return Err(Error::bad_data(
                at,
                format!("has {} rows", self.weights.len()),
                "have one row, or be tested with F",
                "give Test F, or one contrast for each row",
            ));
        }
        let (_, rows) = self.merged();
        if rows.iter().any(|row| row.iter().all(|w| *w == 0.0)) {
            return Err(Error::bad_data(
                at,
                "is 0 for every condition, those named twice taken together",
                "weigh at least one condition",
                "check the names of the conditions and their weights",
            ));
        }
        Ok(())
    }

    /// Conditions once each, and rows of weights, those of the same condition added up.
    #[must_use]
    pub fn merged(&self) -> (Vec<String>, Vec<Vec<f64>>) {
        let mut conditions: Vec<String> = Vec::new();
        let mut rows = vec![Vec::new(); self.weights.len()];
        for (i, condition) in self.conditions.iter().enumerate() {
            let weights = self.weights.iter().map(|row| row.get(i).copied().unwrap_or(0.0));
            match conditions.iter().position(|earlier| earlier == condition) {
                Some(at) => rows.iter_mut().zip(weights).for_each(|(row, w)| row[at] += w),
                None => {
                    conditions.push(condition.clone());
                    rows.iter_mut().zip(weights).for_each(|(row, w)| row.push(w));
                }
            }
        }
        (conditions, rows)
    }
}

/// A number of things: `1 weight`, `2 weights`.
fn counted(n: usize, what: &str) -> String {
    format!("{n} {what}{}", if n == 1 { "" } else { "s" })
}
