//! A run without its censored volumes: data and columns of the kept ones alone. Columns were made for the whole run, at the times
//! of its volumes, and lose rows here; nothing is made anew of what is left.

use ndarray::{Array2, Axis};

use super::{Run, display};
use crate::error::{Error, Result};
use crate::io::source::{Censored, Memory};

impl Run {
    /// Hand over the kept volumes alone from here on: `bold`, the design, and what slices and an earlier correction add to it.
    /// `kept`: volumes of the image, from 0, ascending.
    ///
    /// # Errors
    /// Bad data where none is kept, or no more than the design has columns.
    pub fn keep_only(&mut self, kept: Vec<usize>) -> Result<()> {
        if kept.len() == self.n_volumes {
            return Ok(());
        }
        let n_columns = self.design.names.len() + self.modelled().map_or(0, |own| own.names.len());
        if kept.len() <= n_columns {
            return Err(Error::bad_data(
                display(&self.path),
                format!(
                    "keeps {} of its {} volumes for {n_columns} columns",
                    kept.len(),
                    self.n_volumes
                ),
                "keep more volumes than the design has columns",
                "censor less strictly, choose fewer confounds, or leave the run out",
            ));
        }
        let rows = |columns: &mut Array2<f64>| *columns = columns.select(Axis(0), &kept);
        rows(&mut self.design.matrix);
        if let Some(physio) = &mut self.physio {
            physio.retroicor.groups.columns.iter_mut().for_each(rows);
            rows(&mut physio.columns);
        }
        if let Some(carried) = &mut self.carried {
            carried.groups.columns.iter_mut().for_each(rows);
        }
        let nothing = Box::new(Memory::zeros([0; 3], 0));
        let whole = std::mem::replace(&mut self.bold, nothing);
        self.bold = Box::new(Censored::new(whole, kept.clone())?);
        self.n_volumes = kept.len();
        self.kept = kept;
        Ok(())
    }
}

/// The rows of columns made for every volume of an image, `[volume][column]`, that are kept.
#[must_use]
pub fn rows_kept(columns: Array2<f64>, kept: &[usize]) -> Array2<f64> {
    if columns.nrows() == kept.len() { columns } else { columns.select(Axis(0), kept) }
}
