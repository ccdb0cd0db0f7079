//! Does a record cover the scan? It may fall short of each end by one beat or breath, no more.

use crate::error::{Error, Result};

/// Check that `record` covers `scan` (first and last moment of each, seconds relative to the first volume) but for
/// `slack_s`, the length of one `cycle` ("beat", "breath").
///
/// # Errors
/// Bad data with both intervals.
pub(super) fn check(
    record: (f64, f64),
    scan: (f64, f64),
    slack_s: f64,
    cycle: &str,
    thing: &str,
) -> Result<()> {
    if record.0 <= scan.0 + slack_s && record.1 >= scan.1 - slack_s {
        return Ok(());
    }
    Err(Error::bad_data(
        thing,
        format!(
            "was recorded from {:.2} to {:.2} s but the slices were acquired from {:.2} to {:.2} s",
            record.0, record.1, scan.0, scan.1
        ),
        format!("cover the scan but for one {cycle} ({slack_s:.2} s)"),
        "0 s is the start of the first volume; check when the record began and its rate (StartTime and SamplingFrequency of a BIDS \
         recording, start= and hz= of a log), and that it belongs to this run",
    ))
}
