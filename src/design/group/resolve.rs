//! From a table and a model to strata.

use super::asked::asked;
use super::covariate::{Covariate, period};
use super::factors::{Factors, Model};
use super::partitioned::partitioned;
use super::pooled::pooled;
use super::request::Request;
use super::sample::Sample;
use super::stratum::Stratum;
use crate::error::{Error, Result};
use crate::stats::least_squares::LeastSquares;

/// A table's strata, and what is to be told.
#[derive(Debug, Clone, PartialEq)]
pub struct Resolved {
    /// The factors.
    pub factors: Factors,
    /// One a contrast.
    pub strata: Vec<Stratum>,
    /// What was assumed.
    pub notes: Vec<String>,
}

/// Resolve a model in a table.
///
/// # Errors
/// Usage and bad data: what the table lacks, or the model forbids.
pub fn resolve(sample: &Sample, request: &Request<'_>) -> Result<Resolved> {
    let factors = Factors::find(request.model, sample, request.between, request.within)?;
    let mut covariates = Vec::new();
    for name in request.covariates {
        covariates.push(Covariate {
            name: name.clone(),
            values: sample.numbers(name)?,
            is_order: false,
        });
    }
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
        && let Some(period) = period(sample, &factors)?
    {
        notes.push(
            "the column period is in the model: its difference within each subject".to_owned(),
        );
        covariates.push(period);
    }
    let strata = asked.iter().map(|asked| match request.pooled {
        true => pooled(&factors, &covariates, asked, request),
        false => partitioned(&factors, &covariates, asked, request),
    });
    let strata = strata.collect::<Result<Vec<Stratum>>>()?;
    strata.iter().try_for_each(|stratum| check(stratum, request))?;
    Ok(Resolved { factors, strata, notes })
}

/// Whether a stratum can answer its contrast.
fn check(stratum: &Stratum, request: &Request<'_>) -> Result<()> {
    let thing = || format!("contrast '{}'", stratum.name);
    let n = stratum.subjects.len();
    let why = |(subject, why): &(String, String)| format!("{subject} ({why})");
    let left_out: Vec<String> = stratum.left_out.iter().take(6).map(why).collect();
    let hint = match left_out.as_slice() {
        [] => String::new(),
        _ => format!("left out: {}", left_out.join(", ")),
    };
    for (at, name) in stratum.groups.iter().enumerate() {
        if !stratum.group.contains(&at) {
            let none = format!("has no subject in group '{name}'");
            return Err(Error::bad_data(thing(), none, "have subjects in each group", hint));
        }
    }
    let solved = LeastSquares::new(stratum.design.view())?;
    let [_, dof] = stratum.dof(n, solved.rank);
    if dof < 1.0 {
        return Err(Error::bad_data(
            thing(),
            format!("has {n} rows and {} columns of the design", solved.rank),
            "leave at least one degree of freedom",
            if hint.is_empty() { "add subjects, or leave covariates out".to_owned() } else { hint },
        ));
    }
    for row in stratum.weights.rows() {
        if !solved.is_estimable(row) {
            let names: Vec<&str> = solved
                .dependent_columns()
                .into_iter()
                .map(|at| stratum.columns[at].as_str())
                .take(8)
                .collect();
            return Err(Error::bad_data(
                thing(),
                format!(
                    "cannot be told apart from other columns of its design ({})",
                    names.join(", ")
                ),
                "be estimable",
                match request.pooled {
                    true => {
                        "a difference between groups needs the partitioned error (without --error pooled)"
                    }
                    false => {
                        "leave a covariate out; a period that is the same in all subjects is the treatment's own"
                    }
                },
            ));
        }
    }
    Ok(())
}
