//! Columns that are known only after randomisation: none of a model or of the baseline table.

use super::plan::{Column, Plan};
use super::tables::Measured;
use crate::error::{Error, Result};

/// What became of participants after they were randomised.
const AFTERWARDS: [&str; 4] = ["treated", "last_day", "completed", "discontinuation_reason"];

/// Whether a column of participants.tsv is what became of them.
pub(super) fn is(column: &str) -> bool {
    AFTERWARDS.contains(&column)
}

/// Refuse columns that are known only after randomisation: of the model (`--strata`, `--covariate`), and of the arms before treatment (`--describe`).
///
/// # Errors
/// Usage, naming the column: one of what became of participants, or one of a table with visits.
pub(super) fn refuse(plan: &Plan, table: &Measured) -> Result<()> {
    let named = plan.strata.iter().map(|column| ("--strata", column));
    let named = named.chain(plan.describe.iter().map(|column| ("--describe", column)));
    let own = |column: &Column| column.table.is_empty() || column.table == table.name;
    let covariates = plan.covariates.iter().map(|one| &one.column).filter(|column| own(column));
    let named = named.chain(covariates.map(|column| ("--covariate", &column.column)));
    for (option, column) in named {
        let found = match column.split_once(':') {
            Some((other, _)) if table.table.position(column).is_none() && other != table.name => {
                format!(
                    "is a column of a table with visits, and {option} takes those of {}",
                    table.name
                )
            }
            _ if is(column) => {
                "is what became of participants after they were randomised".to_owned()
            }
            _ => continue,
        };
        return Err(Error::usage(
            format!("{option} {column}"),
            found,
            "be known before randomisation, such as site",
            "put what was known then into a column of participants.tsv, or leave it out",
        ));
    }
    Ok(())
}
