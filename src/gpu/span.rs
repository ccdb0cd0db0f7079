//! Stretches of measured work, on one clock for the host and the device.

use std::sync::OnceLock;
use std::time::Instant;

use serde::{Deserialize, Serialize};

/// What a measured stretch of time was spent on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Activity {
    /// Host to device.
    Upload,
    /// Computing, on either device.
    Kernel,
    /// Device to host.
    Download,
    /// Files: reading with decompression and conversion, writing with compression.
    File,
}

/// One measured stretch of work.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Span {
    /// The room: `smooth`, `nuisance`, `glm`, `contrast`, `covariance`; `load` and `store` for blocks that move.
    pub stage: String,
    /// What it was spent on.
    pub activity: Activity,
    /// Seconds of work; by GPU timestamps for what the device does, where the adapter has them.
    pub seconds: f64,
    /// When it began and ended: seconds on the program's clock. More than `seconds` may lie between where it waited.
    #[serde(skip)]
    pub from_to_s: [f64; 2],
    /// Bytes read plus written, as the algorithm needs them.
    pub bytes: u64,
    /// Floating-point operations.
    pub flops: u64,
}

impl Span {
    /// Work that began at `began` and has ended now.
    #[must_use]
    pub fn since(
        stage: &str,
        activity: Activity,
        began: Instant,
        (bytes, flops): (u64, u64),
    ) -> Span {
        let seconds = began.elapsed().as_secs_f64();
        let now_s = now_s();
        let from_to_s = [now_s - seconds, now_s];
        Span { stage: stage.to_owned(), activity, seconds, from_to_s, bytes, flops }
    }

    /// Whether both were under way at some moment.
    #[must_use]
    pub fn overlaps(&self, other: &Span) -> bool {
        let ([a, b], [c, d]) = (self.from_to_s, other.from_to_s);
        a < d && c < b
    }
}

/// Seconds since the program first asked.
pub(super) fn now_s() -> f64 {
    static FIRST: OnceLock<Instant> = OnceLock::new();
    FIRST.get_or_init(Instant::now).elapsed().as_secs_f64()
}
