//! Units of pressures and ratings, by the dictionary and by what columns are called.

use crate::error::{Error, Result};
use crate::trial::cpm::is_of_stimulus;
use crate::trial::plan::PressurePlan;
use crate::trial::tables::Measured;
use crate::trial::unit::in_name;

/// How kPa is written.
const KPA: [&str; 4] = ["kpa", "kilopascal", "kilopascals", "1000 pa"];

/// Of pressures, by the dictionary, else by the column's name, and of ratings.
///
/// # Errors
/// Bad data: a column that is called by kPa and has other Units, and ratings that have those of a stimulus.
pub(super) fn of(own: &PressurePlan, table: &Measured) -> Result<(Option<String>, Option<String>)> {
    let said = |column: &str| table.dictionary.get(column).and_then(|of| of.units.clone());
    let wrong = |column: &str, found: String, expected: &str, hint: String| {
        let name = &table.dictionary.name;
        Err(Error::bad_data(name, format!("gives {column} {found}"), expected, hint))
    };
    let (pressure, rating) = (said(&own.pressure), said(&own.rating));
    let by_name = in_name(&own.pressure).map(|(_, unit)| unit);
    let is_kpa = |units: &String| KPA.contains(&units.trim().to_lowercase().as_str());
    if let (Some("kPa"), Some(units)) = (by_name, pressure.as_ref().filter(|own| !is_kpa(own))) {
        return wrong(
            &own.pressure,
            format!("the Units '{units}', and its name says kPa"),
            "say one unit of it",
            format!(
                "correct the Units, or rename the column, and name it in a plan: \"pressure\": {{\"table\": \"{}\", \"pressure\": \"NAME\"}}",
                table.name
            ),
        );
    }
    if let Some(units) = rating.as_ref().filter(|units| is_of_stimulus(units)) {
        return wrong(
            &own.rating,
            format!("the Units '{units}', those of a stimulus"),
            "say those of a rating",
            format!("check that column {} holds the ratings, or correct the Units", own.rating),
        );
    }
    Ok((pressure.or_else(|| by_name.map(str::to_owned)), rating))
}
