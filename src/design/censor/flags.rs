//! fMRIPrep's columns of volumes before the steady state: 1 in the volume that each is of, 0 in all others.

use super::{NON_STEADY, NonSteady, Rules, no_value, stretches};
use crate::design::{motion, number};
use crate::error::Result;
use crate::table::Table;

/// What to do where no row of such a column has a value.
const NO_FLAGS: &str =
    "delete the column; --censor non-steady:4 leaves out the first 4 volumes whatever it says";

impl Rules {
    /// A line for a table that does not tell of each volume whether it comes before the steady state, where its columns are gone by.
    ///
    /// # Errors
    /// Bad data for a cell that is neither 0 nor 1, and for a column without a single value.
    pub(super) fn doubts_of_flags(&self, table: &Table) -> Result<Option<String>> {
        if !matches!(self.non_steady, Some(NonSteady::Columns | NonSteady::Found)) {
            return Ok(None);
        }
        let rule = Rules { non_steady: self.non_steady, ..Rules::default() }.to_string();
        let n = table.rows.len();
        let (mut is_missing, mut is_flagged) = (vec![false; n], vec![false; n]);
        let is_one = |at: &usize| table.columns[*at].contains(NON_STEADY);
        for at in (0..table.columns.len()).filter(is_one) {
            let values = motion::column(table, at)?;
            if values.iter().all(Option::is_none) {
                return Err(no_value(table, at, &rule, NO_FLAGS));
            }
            for (row, value) in values.into_iter().enumerate() {
                match value {
                    None => is_missing[row] = true,
                    Some(1.0) => is_flagged[row] = true,
                    Some(0.0) => {}
                    Some(_) => {
                        let hint =
                            "such a column is 1 in the volume that it is of, 0 in all others";
                        return Err(number::bad_cell(table, row, at, "be 0 or 1", hint));
                    }
                }
            }
        }
        let unknown: Vec<usize> =
            (0..n).filter(|&row| is_missing[row] && !is_flagged[row]).collect();
        Ok((!unknown.is_empty()).then(|| {
            format!(
                "{} does not tell whether {rule} leaves out {} volume{}, {} (from 0), as {NON_STEADY}* is n/a there: it keeps them",
                table.name,
                unknown.len(),
                if unknown.len() == 1 { "" } else { "s" },
                stretches(&unknown)
            )
        }))
    }
}
