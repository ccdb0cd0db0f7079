//! When task columns are sampled, as `--task-times` says it.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Which moment of each volume the columns made from events hold.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum TaskTimes {
    /// `Slice` on the slices that were acquired where their times are known, else `Metadata`.
    Auto,
    /// Each slice its own time.
    Slice,
    /// The start of each volume.
    Start,
    /// The middle of each volume.
    Middle,
    /// So many seconds into each volume.
    Seconds(f64),
    /// StartTime where the sidecar has it, else the start.
    #[default]
    Metadata,
}

impl FromStr for TaskTimes {
    type Err = String;

    fn from_str(text: &str) -> Result<TaskTimes, String> {
        let at = |text: &str| text.parse().ok().filter(|s: &f64| s.is_finite() && s.abs() < 1e3);
        Ok(match text {
            "auto" => TaskTimes::Auto,
            "slice" => TaskTimes::Slice,
            "start" => TaskTimes::Start,
            "middle" => TaskTimes::Middle,
            "metadata" => TaskTimes::Metadata,
            _ => TaskTimes::Seconds(at(text).ok_or_else(|| {
                "it must be slice, start, middle, metadata, or seconds into each volume".to_owned()
            })?),
        })
    }
}

impl fmt::Display for TaskTimes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            TaskTimes::Auto => f.write_str("auto"),
            TaskTimes::Slice => f.write_str("slice"),
            TaskTimes::Start => f.write_str("start"),
            TaskTimes::Middle => f.write_str("middle"),
            TaskTimes::Metadata => f.write_str("metadata"),
            TaskTimes::Seconds(seconds) => write!(f, "{seconds}"),
        }
    }
}

impl TryFrom<String> for TaskTimes {
    type Error = String;

    fn try_from(text: String) -> Result<TaskTimes, String> {
        text.parse()
    }
}

impl From<TaskTimes> for String {
    fn from(times: TaskTimes) -> String {
        times.to_string()
    }
}

impl TaskTimes {
    /// Whether it is what commands without the option do, of which sidecars say nothing.
    pub(super) fn is_metadata(&self) -> bool {
        *self == TaskTimes::Metadata
    }
}
