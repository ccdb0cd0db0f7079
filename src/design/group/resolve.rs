//! From a table and a model to strata.

use super::asked::asked;
use super::covariate::{Covariate, period};
use super::factors::Factors;
use super::model::Model;
use super::partitioned::partitioned;
use super::pooled::pooled;
use super::ready;
use super::request::Request;
use super::resolved::{Resolved, check};
use super::sample::Sample;
use super::stratum::Stratum;
use crate::error::{Error, Result};

/// Resolve a model in a table.
///
/// # Errors
/// Usage and bad data: what the table lacks, or the model forbids.
pub fn resolve(sample: &Sample, request: &Request<'_>) -> Result<Resolved> {
    match request.model {
        Model::Formula(text) => return ready::formula(sample, request, text),
        Model::Matrix(_) => return ready::matrix(sample, request),
        _ => {}
    }
    let factors = Factors::find(request.model, sample, request.between, request.within)?;
    let mut covariates = covariates(sample, &factors, request.covariates)?;
    let needs = matches!(request.model, Model::Ancova | Model::Regression);
    if needs && covariates.is_empty() {
        return Err(Error::usage(
            format!("the model {}", request.model.name()),
            "comes without a covariate",
            "have at least one",
            "name columns of the table: --covariates age,baseline",
        ));
    }
    let asked = asked(&factors, &covariates, request)?;
    let mut notes = Vec::new();
    if factors.n_within() > 1
        && let Some(period) = period(sample, &factors, &covariates)?
    {
        covariates.push(period);
    }
    let strata = asked.iter().map(|asked| match request.pooled {
        true => pooled(&factors, &covariates, asked, request),
        false => partitioned(&factors, &covariates, asked, request),
    });
    let strata = strata.collect::<Result<Vec<Stratum>>>()?;
    strata.iter().try_for_each(|stratum| check(stratum, request))?;
    notes.extend(period_note(&covariates, &strata));
    Ok(Resolved { factors, strata, notes, warnings: Vec::new() })
}

/// In which contrasts the order of a subject's maps is.
fn period_note(covariates: &[Covariate], strata: &[Stratum]) -> Option<String> {
    let period = covariates.iter().find(|c| c.is_order)?;
    let has = |stratum: &&Stratum| stratum.columns.contains(&period.name);
    let names: Vec<&str> = strata.iter().filter(has).map(|s| s.name.as_str()).collect();
    let n = 2.0 * period.values.iter().copied().fold(0.0, f64::max) + 1.0;
    let trend =
        if n > 2.0 { format!(", as a straight line over its {n} values") } else { String::new() };
    Some(match names.as_slice() {
        [] => "the column period differs in no contrast's maps and is in no model".to_owned(),
        _ => format!(
            "the column period is in the model of {}: its difference within each subject{trend}",
            names.join(", ")
        ),
    })
}

/// The covariates that are named, each once and by a name that is no cell's.
fn covariates(sample: &Sample, factors: &Factors, names: &[String]) -> Result<Vec<Covariate>> {
    let mut all: Vec<Covariate> = Vec::new();
    let of_model = factors.between.iter().chain(&factors.within);
    let of_model: Vec<&String> = of_model.map(|factor| &factor.column).collect();
    for name in names {
        let found = if all.iter().any(|other| other.name == *name) {
            "is named twice"
        } else if of_model.contains(&name) {
            "is a factor of the model"
        } else if factors.cell_names().contains(name) {
            "has the name of a cell of the model"
        } else {
            all.push(Covariate {
                name: name.clone(),
                values: sample.numbers(name)?,
                is_order: false,
            });
            continue;
        };
        return Err(Error::usage(
            format!("covariate '{name}'"),
            found,
            "be another column than the model's",
            "leave it out of --covariates, or rename the column",
        ));
    }
    Ok(all)
}
