//! A covariate of the analyses of covariance: as a plan names it, and its values.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::column::Column;
use crate::error::Error;

/// A column that enters beside arm and baseline: `age`, `physio_summary:heart_rate`, `physio_summary:heart_rate@change`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Covariate {
    /// Where it stands.
    pub column: Column,
    /// Of a table with visits, which value; none: that at baseline, or the one that there is.
    pub at: Option<When>,
}

/// Which value of a table with visits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum When {
    /// That before treatment.
    Baseline,
    /// That at the endpoint's visit.
    Endpoint,
    /// Endpoint less baseline.
    Change,
}

impl When {
    const ALL: [(When, &str); 3] =
        [(When::Baseline, "baseline"), (When::Endpoint, "endpoint"), (When::Change, "change")];

    fn name(self) -> &'static str {
        Self::ALL.iter().find(|(own, _)| *own == self).map_or("", |(_, name)| name)
    }
}

impl Covariate {
    /// What tables and the page call it: a column of participants.tsv without its table.
    #[must_use]
    pub fn called(&self) -> String {
        match (self.column.table.as_str(), self.at) {
            ("participants", None) => self.column.column.clone(),
            _ => self.to_string(),
        }
    }
}

impl FromStr for Covariate {
    type Err = Error;

    fn from_str(text: &str) -> Result<Covariate, Error> {
        let Some((column, when)) = text.trim().rsplit_once('@') else {
            return Ok(Covariate { column: text.parse()?, at: None });
        };
        let known = When::ALL.into_iter().find(|(_, name)| *name == when.trim());
        match known {
            Some((when, _)) => Ok(Covariate { column: column.parse()?, at: Some(when) }),
            None => Err(Error::usage(
                format!("covariate '{text}'"),
                format!("says '@{when}'"),
                "say @baseline, @endpoint or @change, or nothing, which is @baseline",
                "such as physio_summary:heart_rate@change",
            )),
        }
    }
}

impl TryFrom<String> for Covariate {
    type Error = Error;

    fn try_from(text: String) -> Result<Covariate, Error> {
        text.parse()
    }
}

impl From<Covariate> for String {
    fn from(covariate: Covariate) -> String {
        covariate.to_string()
    }
}

impl fmt::Display for Covariate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.at {
            Some(when) => write!(f, "{}@{}", self.column, when.name()),
            None => write!(f, "{}", self.column),
        }
    }
}

/// A covariate's values, `[place in People::all]`.
#[derive(Debug, Clone, PartialEq)]
pub struct Values {
    /// As the plan names it.
    pub name: String,
    /// One a participant.
    pub kind: Kind,
}

/// Numbers or words.
#[derive(Debug, Clone, PartialEq)]
pub enum Kind {
    /// Enter less their mean over those analysed.
    Numbers(Vec<Option<f64>>),
    /// A column for each level but the first.
    Levels(Vec<Option<String>>),
}

impl Values {
    /// Whether a participant has a value.
    #[must_use]
    pub fn is_known(&self, place: usize) -> bool {
        match &self.kind {
            Kind::Numbers(all) => all[place].is_some(),
            Kind::Levels(all) => all[place].is_some(),
        }
    }
}
