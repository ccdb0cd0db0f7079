//! Beats and breaths as a list that a person can correct: what detection found, what was put in, what was taken out.

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};

/// What a peak belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Channel {
    /// A heart beat: the maximum of the pulse wave or the R wave.
    Cardiac,
    /// A breath: the highest point of the breathing trace.
    Respiratory,
}

impl Channel {
    /// As the peak table spells it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Channel::Cardiac => "cardiac",
            Channel::Respiratory => "respiratory",
        }
    }
}

/// Whether a peak counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// Seen in the trace; counts.
    Ok,
    /// Not seen in the trace but put in, by detection in an interval of two or more periods or by hand; counts.
    Added,
    /// Not a peak; kept so that the decision can be seen, does not count.
    Removed,
}

impl Status {
    /// As the peak table spells it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Status::Ok => "ok",
            Status::Added => "added",
            Status::Removed => "removed",
        }
    }
}

/// One beat or breath.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Peak {
    /// Seconds relative to the first volume.
    pub onset_s: f64,
    /// Beat or breath.
    pub channel: Channel,
    /// Whether it counts.
    pub status: Status,
}

/// Peaks that take the place of detection, in any order. A channel without peaks is left to detection.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Peaks {
    /// What messages call them: the file name.
    pub name: String,
    /// Beats and breaths.
    pub peaks: Vec<Peak>,
}

impl Peaks {
    /// The peaks of a channel that count, in order of time, seconds; none where the list has no peak of it at all.
    ///
    /// # Errors
    /// Bad data: fewer than three that count, two at one moment, or a rate that nobody has.
    pub fn times_s(&self, channel: Channel) -> Result<Option<Vec<f64>>> {
        let of_channel = || self.peaks.iter().filter(|p| p.channel == channel);
        if of_channel().next().is_none() {
            return Ok(None);
        }
        let counting = of_channel().filter(|p| p.status != Status::Removed);
        let mut times: Vec<f64> = counting.map(|p| p.onset_s).collect();
        times.sort_by(f64::total_cmp);
        let name = channel.name();
        let bad = |found: String, expected: &str, hint: &str| {
            Err(Error::bad_data(&self.name, found, expected, hint))
        };
        if times.len() < 3 {
            return bad(
                format!("has {} {name} peaks that count (status ok or added)", times.len()),
                "have at least three, or none at all of this channel",
                "rows with status removed do not count; without any row of a channel its peaks are detected",
            );
        }
        if let Some(twice) = times.windows(2).find(|w| w[0] >= w[1]) {
            return bad(
                format!("has two {name} peaks at {} s", twice[0]),
                "have each peak once",
                "delete one, or set its status to removed",
            );
        }
        let per_minute = 60.0 * (times.len() - 1) as f64 / (times[times.len() - 1] - times[0]);
        let (least, most) = match channel {
            Channel::Cardiac => (25.0, 220.0),
            Channel::Respiratory => (2.0, 60.0),
        };
        if !(least..=most).contains(&per_minute) {
            return bad(
                format!("has {per_minute:.2} {name} peaks a minute"),
                &format!("have {least} to {most}"),
                "onsets are seconds, not milliseconds or samples, from the start of the first volume",
            );
        }
        Ok(Some(times))
    }
}
