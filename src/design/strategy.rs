//! Sets of confounds that go by a name: which columns of fMRIPrep's table each takes. Source: nilearn 0.14.1 `load_confounds` and
//! `load_confounds_strategy`, whose columns these are, in its order (sorted by name); its demeaning is left to the constant.

use serde::{Deserialize, Serialize};

use super::confounds::{Confounds, NaPolicy, select_among};
use super::{motion, number, similar};
use crate::error::{Error, Result};
use crate::table::Table;

/// A set of confounds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Strategy {
    /// Cosines, 24 of motion, the means of white matter and CSF (Fox 2005).
    Simple,
    /// The same with all of white matter and CSF, and volumes censored (Power 2012).
    Scrubbing,
    /// Cosines, 24 of motion, anatomical CompCor of both tissues together (Behzadi 2007).
    Compcor,
    /// Translations and rotations.
    #[serde(rename = "6p")]
    Six,
    /// The same and their derivatives.
    #[serde(rename = "12p")]
    Twelve,
    /// The same and the squares of all (Friston 1996, with backward differences).
    #[serde(rename = "24p")]
    TwentyFour,
    /// The same and white matter, CSF and global signal, each with derivative and squares (Satterthwaite 2013).
    #[serde(rename = "36p")]
    ThirtySix,
}

const MOTION: [&str; 6] = motion::PARAMETERS;
const TISSUES: [&str; 2] = ["csf", "white_matter"];
const GLOBAL: [&str; 1] = ["global_signal"];

/// What is made of a column beside itself.
const DERIVATIVE: &[&str] = &["_derivative1"];
const ALL: &[&str] = &["_derivative1", "_power2", "_derivative1_power2"];

impl Strategy {
    /// All of them.
    pub const EVERY: [Strategy; 7] = [
        Strategy::Simple,
        Strategy::Scrubbing,
        Strategy::Compcor,
        Strategy::Six,
        Strategy::Twelve,
        Strategy::TwentyFour,
        Strategy::ThirtySix,
    ];

    /// As `--strategy` spells it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Strategy::Simple => "simple",
            Strategy::Scrubbing => "scrubbing",
            Strategy::Compcor => "compcor",
            Strategy::Six => "6p",
            Strategy::Twelve => "12p",
            Strategy::TwentyFour => "24p",
            Strategy::ThirtySix => "36p",
        }
    }

    /// Whether it models slow drift itself, by the table's cosines.
    #[must_use]
    pub fn has_cosines(self) -> bool {
        matches!(self, Strategy::Simple | Strategy::Scrubbing | Strategy::Compcor)
    }

    /// Whether it needs to know the mask of each component, which stands in the table's JSON.
    #[must_use]
    pub fn has_components(self) -> bool {
        self == Strategy::Compcor
    }

    /// The names of its columns in these tables, sorted. `mask`: that of a component's column.
    ///
    /// # Errors
    /// Bad data for what is not there, and cannot be made of what is.
    pub fn columns(
        self,
        tables: &[Table],
        mask: &dyn Fn(&str) -> Option<String>,
    ) -> Result<Vec<String>> {
        let there: Vec<&String> = tables.iter().flat_map(|table| &table.columns).collect();
        let mut names = Vec::new();
        let mut add = |bases: &[&str], made: &[&str]| {
            for base in bases {
                names.push((*base).to_owned());
                names.extend(made.iter().map(|suffix| format!("{base}{suffix}")));
            }
        };
        match self {
            Strategy::Six => add(&MOTION, &[]),
            Strategy::Twelve => add(&MOTION, DERIVATIVE),
            _ => add(&MOTION, ALL),
        }
        match self {
            Strategy::Simple => add(&TISSUES, &[]),
            Strategy::Scrubbing => add(&TISSUES, ALL),
            Strategy::ThirtySix => {
                add(&TISSUES, ALL);
                add(&GLOBAL, ALL);
            }
            _ => {}
        }
        let known = |name: &String| {
            there.contains(&name)
                || motion::base(name).is_some_and(|b| there.iter().any(|t| *t == b))
        };
        let missing: Vec<&str> = names.iter().filter(|n| !known(n)).map(String::as_str).collect();
        if !missing.is_empty() {
            return Err(self.refused(tables, &format!("lacks {}", missing.join(", "))));
        }
        if self.has_cosines() {
            names.extend(there.iter().filter(|name| name.contains("cosine")).map(|n| (*n).clone()));
        }
        if self.has_components() {
            let before = names.len();
            let is_combined = |name: &&&String| {
                name.starts_with(COMPONENT) && mask(name).as_deref() == Some("combined")
            };
            names.extend(there.iter().filter(is_combined).map(|name| (*name).clone()));
            if names.len() == before {
                let masks = there.iter().filter(|name| name.starts_with(COMPONENT));
                let masks: Vec<_> = masks.map(|name| mask(name)).collect();
                return Err(self.refused(tables, without_combined(&masks)));
            }
        }
        names.sort_unstable();
        names.dedup();
        Ok(names)
    }

    fn refused(self, tables: &[Table], found: &str) -> Error {
        let names: Vec<&str> = tables.iter().map(|table| table.name.as_str()).collect();
        let all: Vec<String> = tables.iter().flat_map(|t| t.columns.clone()).collect();
        Error::bad_data(
            names.join(" and "),
            format!("{found} ({})", similar::listing(&all)),
            format!("have what --strategy {} takes", self.name()),
            "give fMRIPrep's table, or name the columns that there are with --columns",
        )
    }
}

/// What the names of fMRIPrep's anatomical components begin with.
pub const COMPONENT: &str = "a_comp_cor_";

/// What a table lacks of whose components none is of both tissues. `masks`: what the JSON beside it says of each.
#[must_use]
pub fn without_combined(masks: &[Option<String>]) -> &'static str {
    match masks {
        [] => "has no a_comp_cor_ column",
        all if all.iter().any(Option::is_some) => {
            "has no a_comp_cor_ column whose Mask is `combined` in the JSON beside it"
        }
        _ => "has no JSON beside it that says of which Mask its a_comp_cor_ columns are",
    }
}

/// What is asked of a run's tables.
pub struct Asked<'a> {
    /// A set by name.
    pub strategy: Option<Strategy>,
    /// Names and patterns beside it.
    pub columns: &'a [String],
    /// What an `n/a` does; in the first row of a strategy's columns, and of derivatives that are made, [`NaPolicy::Error`] takes the second row's value.
    pub na: NaPolicy,
    /// The mask of a component's column, where the JSON beside the table says it.
    pub mask: &'a dyn Fn(&str) -> Option<String>,
    /// Volumes that are left out for sure: an `n/a` there is no error, its value is not used.
    pub left_out: &'a [usize],
}

/// What the tables gave.
#[derive(Debug)]
pub struct Chosen {
    /// The columns.
    pub confounds: Confounds,
    /// Those that were made of others.
    pub made: Vec<String>,
    /// Those whose first row took the second row's value.
    pub filled: Vec<String>,
}

/// The columns that are asked for, those of the strategy first; what is made becomes columns of `tables`.
///
/// # Errors
/// As [`Strategy::columns`] and [`select_among`].
pub fn choose(tables: &mut [Table], asked: &Asked<'_>, n_volumes: usize) -> Result<Chosen> {
    let of_strategy = match asked.strategy {
        Some(strategy) => strategy.columns(tables, asked.mask)?,
        None => Vec::new(),
    };
    let mut names = of_strategy.clone();
    names.extend(asked.columns.iter().cloned());
    let made = motion::make(tables, &names)?;
    let derived = made.iter().filter(|name| motion::is_derivative(name)).cloned();
    let unknown: Vec<String> = of_strategy.into_iter().chain(derived).collect();
    let filled = match asked.na {
        NaPolicy::Error => motion::fill_first_row(tables, &unknown),
        _ => Vec::new(),
    };
    if matches!(asked.na, NaPolicy::Error | NaPolicy::Drop) {
        let rows = tables.iter_mut().flat_map(|table| {
            let rows = table.rows.iter_mut().enumerate();
            rows.filter(|(volume, _)| asked.left_out.contains(volume)).map(|(_, row)| row)
        });
        for cell in rows.flatten().filter(|cell| number::is_missing(cell)) {
            "0".clone_into(cell);
        }
    }
    let confounds = select_among(tables, &names, n_volumes, asked.na)?;
    Ok(Chosen { confounds, made, filled })
}
