//! The same recording by another clock: what its columns would be if its recorder had run faster or slower than the scanner. It has
//! the rhythm and the noise of the recording, but keeps no step with the run.

use ndarray::Array2;

use super::censor::Censored;
use super::moments::SliceMoments;
use super::retroicor::Retroicor;
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
        let mut columns = self.fast_columns(&slices, terms);
        let summary = &self.summary;
        let bad = summary.treatment.bad_stretches;
        let censored = Censored::new(&summary.flagged, bad, terms, &slices);
        // A column that is constant by this clock explains nothing by it.
        let _ = censored.groups[0].apply(&mut columns, terms);
        Ok(columns)
    }

    /// Those of the first slice time before anything is taken off, as `columns_at` gives them but for rounding: there are
    /// many clocks.
    fn fast_columns(&self, slices: &SliceMoments, terms: &Terms) -> Array2<f64> {
        let (n_fourier, slice_time) = (terms.n_fourier(), slices.unique_s[0]);
        let mut columns = Array2::zeros((slices.n_volumes, terms.n_columns()));
        for (volume, mut row) in columns.rows_mut().into_iter().enumerate() {
            let time_s = slices.moment_s(volume, slice_time);
            let c = self.cardiac_phase.as_ref().map_or(0.0, |phase| phase.at(time_s));
            let r = self.resp_phase.as_ref().map_or(0.0, |phase| phase.at(time_s));
            let Some(row) = row.as_slice_mut() else { continue };
            let (fourier, slow) = row.split_at_mut(n_fourier);
            terms.values_by_addition(c, r, fourier);
            slow.iter_mut().zip(self.slow.values(time_s)).for_each(|(cell, value)| *cell = value);
        }
        columns
    }
}
