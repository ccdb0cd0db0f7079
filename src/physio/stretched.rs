//! The same recording by another clock: what its columns would be if its recorder had run faster or slower than the scanner. It has
//! the rhythm and the noise of the recording, but keeps no step with the run.

use ndarray::Array2;

use super::censor::Censored;
use super::moments::SliceMoments;
use super::retroicor::{Retroicor, columns_at};
use super::terms::Terms;
use crate::error::Result;
use crate::recording::Acquisition;

impl Retroicor {
    /// The columns of one slice-time group, `[volume][column]`, demeaned, had the recording been `stretch` times as long: a beat at t
    /// seconds after the first slice is at `stretch` t. `terms`: those of the columns.
    ///
    /// # Errors
    /// Slice times that cannot be used.
    pub fn stretched(
        &self,
        acquisition: &Acquisition,
        terms: &Terms,
        group: usize,
        stretch: f64,
    ) -> Result<Array2<f64>> {
        let slices = SliceMoments::new(acquisition)?.by(1.0 / stretch, group);
        let mut columns = columns_at(&slices, slices.unique_s[0], terms, self);
        let summary = &self.summary;
        let bad = summary.treatment.bad_stretches;
        let censored = Censored::new(&summary.flagged, bad, terms, &slices);
        // A column that is constant by this clock explains nothing by it.
        let _ = censored.groups[0].apply(&mut columns, terms);
        Ok(columns)
    }
}
