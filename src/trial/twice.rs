//! What a plan names twice, in one spelling or two, is refused: counted twice it would be two tests, two terms of a model, or two rows.

use super::plan::{Column, Plan};
use crate::design::similar::closest;
use crate::error::{Error, Result};

impl Plan {
    /// Refuse what is named twice once every column has its table, and a primary outcome that is none of the outcomes.
    ///
    /// # Errors
    /// Usage, naming it.
    pub(super) fn refuse_twice(&self) -> Result<()> {
        let columns: Vec<Column> = self.outcomes.iter().map(|one| one.column.clone()).collect();
        once("outcome", &columns)?;
        self.refuse_other_primary(&columns)?;
        once("--primary", &self.primary)?;
        once("--strata", &self.strata)?;
        once("--describe", &self.describe)?;
        if let Some(brain) = &self.brain {
            once("--region", &brain.regions)?;
        }
        let covariates: Vec<String> = self.covariates.iter().map(|one| one.called()).collect();
        once("--covariate", &covariates)?;
        once("--correlate", &self.correlations)?;
        match first_again(&self.missing) {
            Some(_) => Err(Error::usage("--missing", "names a way twice", "name each once", "")),
            None => Ok(()),
        }
    }

    fn refuse_other_primary(&self, columns: &[Column]) -> Result<()> {
        let Some(one) = self.primary.iter().find(|one| !columns.contains(one)) else {
            return Ok(());
        };
        let names: Vec<String> = columns.iter().map(ToString::to_string).collect();
        Err(Error::usage(
            format!("the primary outcome {one}"),
            match names.is_empty() {
                true => "comes without an outcome: --primary says which of them are primary, and adds none".to_owned(),
                false => format!("is not among the outcomes: {}", names.join(", ")),
            },
            "be one of the outcomes",
            match closest(&one.to_string(), &names) {
                Some(near) => format!("add --outcome {one}, or did you mean '{near}'?"),
                None => format!("add --outcome {one}"),
            },
        ))
    }
}

fn once<T: PartialEq + std::fmt::Display>(option: &str, all: &[T]) -> Result<()> {
    match first_again(all) {
        Some(one) => Err(Error::usage(
            format!("{option} {one}"),
            "is named twice",
            "be named once",
            "leave one out",
        )),
        None => Ok(()),
    }
}

fn first_again<T: PartialEq>(all: &[T]) -> Option<&T> {
    all.iter().enumerate().find(|(at, one)| all[..*at].contains(one)).map(|(_, one)| one)
}
