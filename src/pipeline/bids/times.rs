//! When the columns of a run are sampled: at one moment of each volume, or, on native slices whose times are known, at each slice's own.

use ndarray::{Array2, Axis};

use crate::bids::design::Columns;
use crate::error::{Error, Result};
use crate::io::sidecar::Sidecar;
use crate::io::{self, BoldFile};
use crate::pipeline::inputs::{self, Known, Moments, Task};
use crate::pipeline::spec::TaskTimes;
use crate::recording::Acquisition;

/// What is so of a run whose slice times cannot be, in the words of a remark too.
pub(super) const OF_ONE_MOMENT: &str =
    "its columns are of one moment in each volume, not of each slice's own time";

/// When a run's columns are sampled.
pub(super) struct Times {
    /// When the run was acquired.
    pub acquisition: Acquisition,
    /// Seconds into each volume of the one moment, or of the slice in the middle of the slice times.
    pub at_s: f64,
    /// The different times of slices, ascending, seconds into each volume; empty where there is one moment.
    pub moments: Vec<f64>,
    /// What a person should know of them.
    pub doubts: Vec<String>,
    /// What was settled; never `Auto`.
    settled: TaskTimes,
    passes_over_slices: bool,
}

impl Times {
    /// What is asked, settled for a run. `tr`: seconds, where neither image nor sidecar says it.
    ///
    /// # Errors
    /// Those of the files; usage where slices have no times of their own, or a moment lies outside the volume.
    pub fn of_run(
        asked: TaskTimes,
        (bold, sidecar): (&BoldFile, &Sidecar),
        tr: Option<f64>,
    ) -> Result<Times> {
        let (acquisition, unusable) = io::acquisition_but_slices(bold, sidecar, tr)?;
        let resampled = io::resampled(bold, sidecar);
        let mut doubts = Vec::new();
        if let Some(fault) = unusable.as_ref().and_then(Error::fault) {
            match asked {
                TaskTimes::Auto => doubts.push(format!(
                    "{} {}; {OF_ONE_MOMENT}, which costs effects where slices are seconds apart: mend it, or say that it is meant with \
                     --task-times start",
                    fault.thing, fault.found
                )),
                TaskTimes::Slice => return Err(unusable.unwrap_or(Error::Interrupted)),
                _ => {}
            }
        }
        let known = Known::of(sidecar, resampled.as_ref());
        if asked == TaskTimes::Slice && resampled.is_none() && acquisition.slice_times.is_none() {
            return Err(Error::usage(
                "--task-times slice",
                "is asked of a run whose slice times are not known",
                "be of slices with a time of their own",
                format!(
                    "give SliceTiming in a sidecar of {}, or choose one moment for all slices, as --task-times middle",
                    bold.path.display()
                ),
            ));
        }
        let (settled, moments) = Task::settle(asked, &acquisition, known)?;
        let passes_over_slices = asked == TaskTimes::Auto
            && settled == TaskTimes::Metadata
            && acquisition.slice_times.is_some();
        let (at_s, moments) = match moments {
            Moments::One(at_s) => (at_s, Vec::new()),
            Moments::Each(each) => (inputs::middle(&each), inputs::unique(&each)),
        };
        Ok(Times { acquisition, at_s, moments, doubts, settled, passes_over_slices })
    }

    /// The times of all volumes, `at_s` seconds into each, from the first volume of the file.
    pub fn frame_times_s(&self, at_s: f64) -> Vec<f64> {
        (0..self.acquisition.n_volumes).map(|k| k as f64 * self.acquisition.tr + at_s).collect()
    }

    /// In words.
    pub fn told(&self, own: Option<&OwnTimes>) -> String {
        match own {
            Some(own) => inputs::at_slices(own.moments.len(), self.acquisition.tr),
            None => {
                let moment = (self.settled, self.at_s);
                inputs::at_one_moment(moment, self.acquisition.tr, self.passes_over_slices)
            }
        }
    }
}

/// The columns that are others at the times of other slices.
pub(super) struct OwnTimes {
    /// Seconds into each volume, ascending.
    moments: Vec<f64>,
    /// What they are called.
    pub names: Vec<String>,
    /// `[moment][volume][column]`
    columns: Vec<Array2<f64>>,
}

impl OwnTimes {
    /// What differs between the columns of a node `at` these moments, which comes before all else in `made`, those of the middle one; none
    /// where nothing does.
    ///
    /// # Errors
    /// Bad data where a moment has other columns than the rest.
    pub fn of(moments: &[f64], at: Vec<Columns>, made: &mut Columns) -> Result<Option<OwnTimes>> {
        if let Some(other) = at.iter().find(|other| other.names != made.names) {
            return Err(Error::bad_data(
                "the columns of the run level",
                format!(
                    "are {} at the time of one slice and {} at that of another",
                    other.names.join(", "),
                    made.names.join(", ")
                ),
                "be the same at all",
                "choose one moment for all slices, as --task-times middle",
            ));
        }
        let (own, shared): (Vec<usize>, Vec<usize>) = (0..made.names.len()).partition(|&column| {
            let first = |other: &Columns| other.matrix.column(column) != made.matrix.column(column);
            at.iter().any(first)
        });
        if own.is_empty() {
            return Ok(None);
        }
        let order = [own.clone(), shared].concat();
        made.names = order.iter().map(|&column| made.names[column].clone()).collect();
        made.matrix = made.matrix.select(Axis(1), &order);
        Ok(Some(OwnTimes {
            moments: moments.to_vec(),
            names: made.names[..own.len()].to_vec(),
            columns: at.iter().map(|one| one.matrix.select(Axis(1), &own)).collect(),
        }))
    }

    /// As the fit reads it.
    pub fn table(&self) -> String {
        io::tsv::write_string(&inputs::of_slices(&self.moments, &self.names, &self.columns))
    }
}
