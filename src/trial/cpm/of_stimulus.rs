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

/// Refuse columns that are taken for ratings and have units of a stimulus, or the other way round.
///
/// # Errors
/// Usage, naming the column, its units and the option.
pub(super) fn refuse_other_units(own: &CpmPlan, table: &Measured) -> Result<()> {
    if own.threshold {
        return refuse_ratings(own, table);
    }
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

/// Units of ratings, in small letters, of which no threshold is.
const UNITS_OF_RATINGS: [&str; 10] =
    ["point", "points", "score", "scores", "rating", "ratings", "nrs", "vas", "cas", "%"];

/// Words of names that ratings have.
const WORDS_OF_RATINGS: [&str; 5] = ["rating", "ratings", "rated", "nrs", "vas"];

/// Refuse columns that are taken for thresholds and have units of a rating.
///
/// # Errors
/// Usage, naming the column, its units and the option.
fn refuse_ratings(own: &CpmPlan, table: &Measured) -> Result<()> {
    let is_of_rating = |units: &&str| {
        UNITS_OF_RATINGS
            .contains(&units.split(['/', ' ']).next().unwrap_or_default().to_lowercase().as_str())
    };
    for (column, variable) in described(own, table) {
        let Some(units) = variable.units.as_deref().map(str::trim).filter(is_of_rating) else {
            continue;
        };
        return Err(Error::usage(
            format!("column {column} of --cpm {} --cpm-threshold", table.name),
            format!("has the Units '{units}' by {}, those of a rating", table.dictionary.name),
            "hold thresholds, as --cpm-threshold says",
            "leave --cpm-threshold out (\"threshold\": true of a plan's \"cpm\"): inhibition lowers a rating and raises a threshold, so that every sign would be turned; if these are thresholds, correct the Units",
        ));
    }
    Ok(())
}

/// Ask after columns that are called ratings where thresholds are asked for.
fn tell_ratings(own: &CpmPlan, table: &Measured, notes: &mut Notes) {
    let is_one = |text: &str| {
        let text = text.to_lowercase();
        let mut words = text.split(|c: char| !c.is_alphanumeric());
        words.any(|word| WORDS_OF_RATINGS.contains(&word)) && !text.contains("threshold")
    };
    let mut doubts = Vec::new();
    for column in [&own.pre, &own.post] {
        let variable = table.dictionary.get(column);
        let long = variable.and_then(|of| of.long_name.as_deref()).unwrap_or_default();
        if is_one(column) || is_one(long) {
            let long = if long.is_empty() { String::new() } else { format!(" ({long})") };
            doubts.push(format!("{column}{long} is called a rating"));
        }
    }
    if !doubts.is_empty() {
        notes.warn(
            format!(
                "CPM is taken to be of thresholds, and {}; of ratings leave --cpm-threshold out: inhibition lowers a rating and raises a threshold, so that every sign would be turned",
                doubts.join(", ")
            ),
            Vec::new(),
        );
    }
}

/// Ask after columns that are called thresholds, or whose scale no ratings have.
pub(super) fn tell(own: &CpmPlan, table: &Measured, notes: &mut Notes) {
    if own.threshold {
        return tell_ratings(own, table, notes);
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
    let both = [&own.pre, &own.post].into_iter();
    both.filter_map(|column| Some((column.as_str(), table.dictionary.get(column)?)))
}

/// "N/cm2", "kPa", "°C"; not "points", "mm" (of a line), "n/a".
pub(in crate::trial) fn is_of_stimulus(units: &str) -> bool {
    let first = units.split('/').next().unwrap_or_default().trim().to_lowercase();
    !is_missing(units.trim()) && UNITS.contains(&first.as_str())
}
