//! When each slice of each volume was acquired.

use ndarray::Array2;

use crate::error::{Error, Result};
use crate::recording::Acquisition;

/// Slice times closer than this are one time, seconds.
const SAME_TIME_S: f64 = 1e-6;

/// A recorder's clock that goes `rate` times as fast as the scanner's from the first slice on. Where it runs past the scan's last slice it turns and
/// goes back, so that it needs no more of the record than the scan does.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Clock {
    rate: f64,
    /// First and last acquisition, seconds.
    scan_s: (f64, f64),
}

impl Clock {
    /// What it shows at a moment of the scan, seconds.
    fn at(self, time_s: f64) -> f64 {
        let (from_s, to_s) = self.scan_s;
        let shown_s = from_s + self.rate * (time_s - from_s);
        if shown_s > to_s { (2.0 * to_s - shown_s).max(from_s) } else { shown_s }
    }
}

/// The moments by unique slice time.
pub(super) struct SliceMoments {
    /// Repetition time, seconds.
    pub tr: f64,
    pub n_volumes: usize,
    /// Ascending, seconds after the start of the volume.
    pub unique_s: Vec<f64>,
    /// Position in `unique_s` of each plane.
    pub group_of_plane: Vec<usize>,
    /// Another clock by which the moments are told; none: the scanner's.
    clock: Option<Clock>,
}

impl SliceMoments {
    pub fn new(acquisition: &Acquisition) -> Result<SliceMoments> {
        let Some(times) = &acquisition.slice_times else {
            return Err(Error::missing_input(
                "SliceTiming",
                "is not known, so the phase of a slice cannot be",
                "",
                "give the times with --slice-times FILE, or a BIDS sidecar that has SliceTiming",
            ));
        };
        let (tr, n_volumes) = (acquisition.tr, acquisition.n_volumes);
        if !(tr.is_finite() && tr > 0.0) || n_volumes == 0 || times.is_empty() {
            return Err(Error::bad_data(
                "the run",
                format!("has TR {tr} s, {n_volumes} volumes and {} slice times", times.len()),
                "have a positive TR, volumes and slices",
                "check the header, or give --tr and --slice-times",
            ));
        }
        if let Some(k) = times.iter().position(|t| !(0.0..tr).contains(t)) {
            return Err(Error::bad_data(
                format!("slice_times[{k}] = {}", times[k]),
                format!("lies outside the volume (tr = {tr} s)"),
                "lie in [0, tr)",
                "BIDS gives SliceTiming in seconds, not ms",
            ));
        }
        let mut unique_s = times.clone();
        unique_s.sort_by(f64::total_cmp);
        unique_s.dedup_by(|b, a| *b - *a < SAME_TIME_S);
        let group_of_plane = times
            .iter()
            .map(|&t| unique_s.partition_point(|&u| u <= t).saturating_sub(1))
            .collect();
        Ok(SliceMoments { tr, n_volumes, unique_s, group_of_plane, clock: None })
    }

    /// Those of one slice-time group, told by a clock that goes `rate` times as fast as the scanner's.
    pub fn by(self, rate: f64, group: usize) -> SliceMoments {
        let clock = Some(Clock { rate, scan_s: self.interval_s() });
        let unique_s = vec![self.unique_s[group]];
        SliceMoments { unique_s, group_of_plane: vec![0], clock, ..self }
    }

    /// Seconds relative to the start of the first volume.
    pub fn moment_s(&self, volume: usize, slice_time: f64) -> f64 {
        let moment_s = volume as f64 * self.tr + slice_time;
        self.clock.map_or(moment_s, |clock| clock.at(moment_s))
    }

    /// A quantity at each slice's own time, `[volume][slice]`.
    pub fn each(&self, quantity: impl Fn(f64) -> f64) -> Array2<f64> {
        Array2::from_shape_fn((self.n_volumes, self.group_of_plane.len()), |(volume, plane)| {
            quantity(self.moment_s(volume, self.unique_s[self.group_of_plane[plane]]))
        })
    }

    /// First and last acquisition, seconds.
    pub fn interval_s(&self) -> (f64, f64) {
        let last = self.unique_s.len() - 1;
        (self.unique_s[0], self.moment_s(self.n_volumes - 1, self.unique_s[last]))
    }

    /// Share of the acquisitions of unique slice times for which something holds.
    pub fn share(&self, holds: impl Fn(f64) -> bool) -> f64 {
        let moments = (0..self.n_volumes)
            .flat_map(|v| self.unique_s.iter().map(move |&s| self.moment_s(v, s)));
        let n = self.n_volumes * self.unique_s.len();
        moments.filter(|&t| holds(t)).count() as f64 / n as f64
    }
}
