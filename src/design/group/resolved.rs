//! A model in a table, resolved, and whether each of its contrasts can be answered.

use super::factors::Factors;
use super::model::Model;
use super::request::Request;
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
