//! From a table and a model to strata.

use super::asked::asked;
use super::covariate::{Covariate, period};
use super::factors::Factors;
use super::model::Model;
use super::partitioned::partitioned;
use super::pooled::pooled;
use super::ready;
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
    /// What may be wrong.
    pub warnings: Vec<String>,
}

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
        && let Some(period) = period(sample, &factors)?
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

/// Whether a stratum can answer its contrast.
pub(super) fn check(stratum: &Stratum, request: &Request<'_>) -> Result<()> {
    let thing = || format!("contrast '{}'", stratum.name);
    let n = stratum.subjects.len();
    let why = |(subject, why): &(String, String)| format!("{subject} ({why})");
    let left_out: Vec<String> = stratum.left_out.iter().take(6).map(why).collect();
    let hint = match left_out.as_slice() {
        [] => String::new(),
        _ => format!("left out: {}", left_out.join(", ")),
    };
    if n == 0 {
        let none = "has no subject with all that it needs";
        return Err(Error::bad_data(thing(), none, "have several", hint));
    }
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
            match (n, solved.rank) {
                (1, _) => format!("has one subject, {}", stratum.subjects[0]),
                (n, rank) => format!("has {n} rows and {rank} independent columns of the design"),
            },
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
                not_estimable(request, &stratum.columns),
            ));
        }
    }
    Ok(())
}

/// What helps where columns cannot be told apart.
fn not_estimable(request: &Request<'_>, columns: &[String]) -> &'static str {
    match request.model {
        Model::Formula(_) => "leave a term out, or a cell has no map",
        Model::Matrix(_) => "leave a column out, or weigh others",
        _ if request.pooled => {
            "a difference between groups needs the partitioned error (without --error pooled)"
        }
        _ if columns.iter().any(|name| name == "period") => {
            "period differs alike in all subjects, so that it is the treatment (one sequence only): delete the column"
        }
        _ => "leave a covariate out",
    }
}
