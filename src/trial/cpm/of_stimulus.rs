//! Thresholds among ratings: what inhibits lowers a rating and raises a threshold, so that one taken for the other has every sign turned.

use crate::error::{Error, Result};
use crate::trial::dictionary::Variable;
use crate::trial::note::Notes;
use crate::trial::plan::CpmPlan;
use crate::trial::tables::{Measured, is_missing};

/// Units of stimuli, in small letters, of which no rating is: forces, pressures, temperatures, currents, times.
const UNITS: [&str; 37] = [
    "kpa", "pa", "mpa", "hpa", "n", "newton", "newtons", "kg", "kgf", "kp", "g", "gf", "lb", "lbs",
    "lbf", "psi", "mmhg", "bar", "mbar", "c", "°c", "degc", "celsius", "k", "kelvin", "ma", "µa",
    "μa", "ua", "mj", "j", "v", "s", "sec", "seconds", "second", "ms",
];

/// The greatest rating of usual scales.
const MOST: f64 = 100.0;

/// What the plan would say, and the command line.
const OPTION: &str = "give --cpm-threshold (\"threshold\": true in a plan's \"cpm\"): inhibition raises a threshold and lowers a rating, so that every sign would be turned";

/// Refuse columns that are taken for ratings and have units of a stimulus.
///
/// # Errors
/// Usage, naming the column, its units and the option.
pub(super) fn refuse_thresholds(own: &CpmPlan, table: &Measured) -> Result<()> {
    for (column, variable) in described(own, table) {
        let Some(units) = variable.units.as_deref().filter(|units| is_of_stimulus(units)) else {
            continue;
        };
        return Err(Error::usage(
            format!("column {column} of --cpm {}", table.name),
            format!("has the Units '{units}' by {}, those of a stimulus", table.dictionary.name),
            "hold ratings, unless thresholds are asked for",
            format!("{OPTION}; if these are ratings, correct the Units"),
        ));
    }
    Ok(())
}

/// Ask after columns that are called thresholds, or whose scale no ratings have.
pub(super) fn tell(own: &CpmPlan, table: &Measured, notes: &mut Notes) {
    if own.threshold {
        return;
    }
    let names_one = |text: &str| {
        let text = text.to_lowercase();
        text.contains("threshold")
            || text.split('_').any(|word| matches!(word, "ppt" | "hpt" | "thr"))
    };
    let mut doubts = Vec::new();
    for column in [&own.pre, &own.post] {
        let variable = table.dictionary.get(column);
        let long = variable.and_then(|of| of.long_name.as_deref()).unwrap_or_default();
        let greatest = variable.and_then(Variable::scale).map(|scale| scale.greatest);
        if names_one(column) || names_one(long) {
            doubts.push(format!("{column} is called a threshold"));
        } else if let Some(most) = greatest.filter(|most| most.is_finite() && *most > MOST) {
            doubts.push(format!("{column} may be {most} by {}", table.dictionary.name));
        }
    }
    if !doubts.is_empty() {
        notes.warn(
            format!(
                "CPM is taken to be of ratings, and {}; of thresholds {OPTION}",
                doubts.join(", ")
            ),
            Vec::new(),
        );
    }
}

/// The error of a number that is no usual rating, with the option of thresholds.
pub(super) fn or_threshold(error: Error, own: &CpmPlan) -> Error {
    match error {
        Error::BadData(mut fault) if !own.threshold && fault.expected.contains("a rating") => {
            fault.hint = format!("of thresholds {OPTION}; of ratings {}", fault.hint);
            Error::BadData(fault)
        }
        other => other,
    }
}

fn described<'a>(
    own: &'a CpmPlan,
    table: &'a Measured,
) -> impl Iterator<Item = (&'a str, &'a Variable)> {
    let both = [&own.pre, &own.post].into_iter().filter(|_| !own.threshold);
    both.filter_map(|column| Some((column.as_str(), table.dictionary.get(column)?)))
}

/// "N/cm2", "kPa", "°C"; not "points", "mm" (of a line), "n/a".
fn is_of_stimulus(units: &str) -> bool {
    let first = units.split('/').next().unwrap_or_default().trim().to_lowercase();
    !is_missing(units.trim()) && UNITS.contains(&first.as_str())
}
