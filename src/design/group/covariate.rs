//! Covariates: their values of each subject, and what they are centred about.

use super::factors::Factors;
use super::request::Centre;
use super::sample::Sample;
use super::stratum::Combination;
use crate::error::{Error, Result};
use crate::table::are_one_name;

/// A covariate, NaN where it is missing, `[row of the table]`.
pub(super) struct Covariate {
    pub name: String,
    pub values: Vec<f64>,
    /// Where it is no measure but an order, whose differences within a subject alone count.
    pub is_order: bool,
}

/// The order of a subject's maps in a crossover, as numbers.
///
/// # Errors
/// As [`Table::optional`](crate::table::Table::optional), where the request names no such column.
pub(super) fn period(
    sample: &Sample,
    factors: &Factors,
    covariates: &[Covariate],
) -> Result<Option<Covariate>> {
    let is_factor = factors.within.iter().any(|f| are_one_name(&f.column, "period"));
    let named = sample.table.respelt("period");
    if named.is_some_and(|own| covariates.iter().any(|covariate| covariate.name == own)) {
        return Ok(None);
    }
    if is_factor || sample.table.optional("period")?.is_none() {
        return Ok(None);
    }
    let texts = sample.texts("period")?;
    let mut levels: Vec<&String> = texts.iter().flatten().collect();
    let number = |text: &String| text.parse::<f64>().unwrap_or(f64::NAN);
    match levels.iter().any(|level| number(level).is_nan()) {
        true => levels.sort(),
        false => levels.sort_by(|a, b| number(a).total_cmp(&number(b))),
    }
    levels.dedup();
    // About their middle, so that a cell is estimated between the periods.
    let middle = (levels.len() as f64 - 1.0) / 2.0;
    let value = |text: &Option<String>| {
        let at = text.as_ref().and_then(|text| levels.iter().position(|level| *level == text));
        at.map_or(f64::NAN, |at| at as f64 - middle)
    };
    let values = texts.iter().map(value).collect();
    Ok(Some(Covariate { name: "period".to_owned(), values, is_order: true }))
}

/// A covariate's value of each subject in a stratum: its own where it is the same in all maps, else combined as the maps are.
pub(super) fn enter(
    covariate: &Covariate,
    rows: &[Vec<usize>],
    combined: &[Vec<Combination>],
    contrast: &str,
) -> Result<Vec<f64>> {
    let varies = |rows: &Vec<usize>| {
        rows.iter().any(|&row| covariate.values[row] != covariate.values[rows[0]])
    };
    if !covariate.is_order && !rows.iter().any(varies) {
        return Ok(rows.iter().map(|rows| covariate.values[rows[0]]).collect());
    }
    if combined.len() > 1 {
        return Err(Error::usage(
            format!("covariate '{}'", covariate.name),
            format!(
                "varies within subjects, and '{}' tests several combinations of their maps",
                contrast
            ),
            "be one value a subject there",
            if covariate.is_order {
                "ask for t contrasts, or delete the column: it enters by itself"
            } else {
                "leave it out, or ask for t contrasts"
            },
        ));
    }
    let of = |maps: &Combination| maps.iter().map(|&(row, w)| w * covariate.values[row]).sum();
    Ok(combined[0].iter().map(of).collect())
}

/// Less the mean of the values of each group.
fn centred(values: &[f64], group: &[usize]) -> Vec<f64> {
    let mean = |g: usize| {
        let of: Vec<f64> =
            values.iter().zip(group).filter(|(_, other)| **other == g).map(|(v, _)| *v).collect();
        of.iter().sum::<f64>() / of.len() as f64
    };
    let means: Vec<f64> = (0..=group.iter().copied().max().unwrap_or(0)).map(mean).collect();
    values.iter().zip(group).map(|(v, &g)| v - means[g]).collect()
}

impl Covariate {
    /// Values less what they are centred about; an order stays as it is.
    pub fn centred(&self, values: Vec<f64>, group: &[usize], centre: Centre) -> Vec<f64> {
        match (self.is_order, centre) {
            (true, _) | (_, Centre::None) => values,
            (_, Centre::Overall) => centred(&values, &vec![0; values.len()]),
            (_, Centre::Group) => centred(&values, group),
        }
    }
}
