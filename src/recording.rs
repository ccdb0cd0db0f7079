//! Plain data of the time side: a physiological recording, and when the volumes and slices were acquired. No I/O.

/// One sampled signal.
#[derive(Debug, Clone, PartialEq)]
pub struct Trace {
    /// Samples in the recorder's units.
    pub samples: Vec<f64>,
    /// Samples per second.
    pub sampling_hz: f64,
    /// Time of the first sample in seconds relative to the first volume (may be negative).
    pub start_s: f64,
}

impl Trace {
    /// Samples at which the trace rises through the middle of its range, in order; missing samples count as low. A trace that is
    /// high from its first sample on may have risen right there or before: that sample counts where one edge is missing to
    /// `wanted`.
    #[must_use]
    pub fn rising_edges(&self, wanted: usize) -> Vec<usize> {
        let finite = self.samples.iter().copied().filter(|v| v.is_finite());
        let (low, high) = finite.fold((f64::MAX, f64::MIN), |(l, h), v| (l.min(v), h.max(v)));
        let middle = 0.5 * low + 0.5 * high;
        let is_high = |i: usize| low < high && self.samples[i] > middle;
        let mut edges: Vec<usize> =
            (1..self.samples.len()).filter(|&i| is_high(i) && !is_high(i - 1)).collect();
        if edges.len() + 1 == wanted && !self.samples.is_empty() && is_high(0) {
            edges.insert(0, 0);
        }
        edges
    }

    /// Share of the samples above the middle of the range, 0 to 1.
    #[must_use]
    pub fn share_high(&self) -> f64 {
        let finite = || self.samples.iter().copied().filter(|v| v.is_finite());
        let (low, high) = finite().fold((f64::MAX, f64::MIN), |(l, h), v| (l.min(v), h.max(v)));
        let n_high = finite().filter(|v| *v > 0.5 * low + 0.5 * high).count();
        n_high as f64 / finite().count().max(1) as f64
    }

    /// Seconds that the samples last.
    #[must_use]
    pub fn lasts_s(&self) -> f64 {
        self.samples.len() as f64 / self.sampling_hz
    }
}

/// A physiological recording of one run.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Recording {
    /// What messages call it: the file name.
    pub name: String,
    /// Pulse oximeter or ECG.
    pub cardiac: Option<Trace>,
    /// Breathing belt.
    pub respiratory: Option<Trace>,
    /// Scanner trigger.
    pub trigger: Option<Trace>,
}

impl Recording {
    /// The longest of pulse and breathing, seconds; 0 without either.
    #[must_use]
    pub fn length_s(&self) -> f64 {
        let traces = self.cardiac.iter().chain(&self.respiratory);
        traces.map(|t| t.samples.len() as f64 / t.sampling_hz).fold(0.0, f64::max)
    }

    /// Whether it lasts so much longer than a run of `scan_s` seconds that it may be another run's.
    #[must_use]
    pub fn outlasts(&self, scan_s: f64) -> bool {
        const TIMES: f64 = 1.8;
        const SECONDS: f64 = 30.0;
        self.length_s() > (TIMES * scan_s).max(scan_s + SECONDS)
    }
}

/// When a run's volumes and slices were acquired (BIDS sidecar, header and options already combined).
#[derive(Debug, Clone, PartialEq)]
pub struct Acquisition {
    /// Repetition time in seconds.
    pub tr: f64,
    /// Volumes in the run.
    pub n_volumes: usize,
    /// Seconds after the start of the volume, one for each plane k in file order (a reversed
    /// `SliceEncodingDirection` is already applied); none when unknown.
    pub slice_times: Option<Vec<f64>>,
    /// Time of the first frame in seconds: BIDS `StartTime`, else 0.
    pub start_time: f64,
}

impl Acquisition {
    /// Frame times in seconds, `start_time + k tr`: the start of each volume, or its reference slice when
    /// `StartTime` says so.
    #[must_use]
    pub fn frame_times(&self) -> Vec<f64> {
        (0..self.n_volumes).map(|k| self.start_time + k as f64 * self.tr).collect()
    }
}
