//! Which confounds are fitted, and which volumes are not.

use crate::cli::heading;
use crate::design::censor::Rules;
use crate::design::{Drift, NaPolicy, Strategy};

/// The columns of --confounds, and what they say of the run's volumes.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = heading::MODEL)]
pub(super) struct ConfoundArgs {
    /// Confound columns by name or pattern: 'trans_*,rot_*,csf'
    ///
    /// NAME_derivative1, NAME_power2 and NAME_derivative1_power2 are made where the table has NAME alone
    #[arg(long, value_name = "NAMES", value_delimiter = ',', value_parser = clap::builder::NonEmptyStringValueParser::new(), requires = "confounds")]
    pub columns: Vec<String>,
    /// A set of confounds by name, see --help
    ///
    /// Of fMRIPrep's tables, column for column as nilearn's load_confounds. 6p: translations and rotations; 12p: and their
    /// derivatives; 24p: and the squares of all; 36p: and the same of csf, white_matter and global_signal. simple: 24p, csf,
    /// white_matter and the table's cosines; scrubbing: csf and white_matter also with derivatives and squares; compcor: 24p,
    /// cosines and the a_comp_cor_* of both tissues together. With these three --drift is none unless it is given, and with all of them
    /// --censor is non-steady:columns, of scrubbing fd:0.5,dvars:1.5,runs:5 too. What a table lacks of derivatives and squares is made;
    /// n/a in the first row takes the second row's value. --columns adds to it
    #[arg(long, value_name = "NAME", requires = "confounds", value_parser = strategy)]
    pub strategy: Option<Strategy>,
    /// Volumes to leave out of the fit: 'fd:0.5,dvars:1.5'
    ///
    /// All of it: fd:0.5,dvars:1.5,before:1,after:2,runs:5,non-steady. fd: framewise displacement above so many mm (Power 2012, 50 mm;
    /// the table's column, else computed from its motion). dvars: standardised DVARS above this (std_dvars, else computed from the
    /// run). before, after: so many neighbours of these. runs: stretches of fewer kept volumes. non-steady: before the steady state, by
    /// fMRIPrep's columns, else found in the run; non-steady:N the first N. Volumes that are left out keep their times; drift,
    /// responses and derivatives are made for the whole run. none: all stay, also with --strategy
    #[arg(long, value_name = "RULES", value_parser = rules)]
    censor: Option<Rules>,
    /// What n/a in a used confound column does
    ///
    /// An error, drop the column, or become 0 or the column's mean. In the first row of a derivative that is made, where it is an error, it
    /// takes the second row's value
    #[arg(long, value_name = "error|drop|zero|mean", default_value = "error", value_parser = na_policy)]
    pub na: NaPolicy,
}

impl ConfoundArgs {
    /// What leaves volumes out.
    pub fn censors(&self) -> Option<Rules> {
        self.censor.clone().or(self.strategy.map(Strategy::censors))
    }

    /// The drift where none is asked for.
    pub fn drift(&self) -> Drift {
        match self.strategy {
            Some(strategy) if strategy.has_cosines() => Drift::None,
            _ => Drift::default(),
        }
    }
}

/// What leaves volumes out.
pub(super) fn rules(text: &str) -> std::result::Result<Rules, String> {
    text.parse()
}

pub(super) fn strategy(text: &str) -> std::result::Result<Strategy, String> {
    let found = Strategy::EVERY.into_iter().find(|strategy| strategy.name() == text);
    found.ok_or_else(|| {
        format!("it must be one of {}", Strategy::EVERY.map(Strategy::name).join(", "))
    })
}

fn na_policy(text: &str) -> std::result::Result<NaPolicy, String> {
    match text {
        "error" => Ok(NaPolicy::Error),
        "drop" => Ok(NaPolicy::Drop),
        "zero" => Ok(NaPolicy::Zero),
        "mean" => Ok(NaPolicy::Mean),
        _ => Err("it must be error, drop, zero or mean".to_owned()),
    }
}
