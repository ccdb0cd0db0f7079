//! Names of the slow physiological terms: `rvt`, `rvt-hilbert`, `rv`, `hr`, each with its delays in seconds.

use std::fmt;
use std::str::FromStr;

use crate::error::{Error, Result};

/// Longest delay accepted, seconds: the responses are over by then.
const LONGEST_DELAY_S: f64 = 60.0;

/// What changes slowly with breathing or the heart, before it becomes a BOLD response.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Measure {
    /// `rvt`: respiration volume per time, by peaks (Birn et al. 2006).
    Rvt,
    /// `rvt-hilbert`: respiration volume per time, by the analytic signal (Harrison et al. 2021).
    RvtHilbert,
    /// `rv`: standard deviation of breathing in 6 s (Chang et al. 2009).
    Rv,
    /// `hr`: mean heart rate in 6 s (Chang et al. 2009).
    Hr,
}

impl Measure {
    const ALL: [Measure; 4] = [Measure::Rvt, Measure::RvtHilbert, Measure::Rv, Measure::Hr];

    /// As `--terms` spells it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Measure::Rvt => "rvt",
            Measure::RvtHilbert => "rvt-hilbert",
            Measure::Rv => "rv",
            Measure::Hr => "hr",
        }
    }

    /// Whether it comes from the pulse; otherwise it comes from breathing.
    #[must_use]
    pub fn is_cardiac(self) -> bool {
        self == Measure::Hr
    }

    /// The response it is convolved with: `crf` (cardiac) or `rrf` (respiratory).
    #[must_use]
    pub fn response_name(self) -> &'static str {
        if self.is_cardiac() { "crf" } else { "rrf" }
    }
}

/// One measure, convolved with its response, at one or more delays: one column each.
#[derive(Debug, Clone, PartialEq)]
pub struct SlowTerm {
    /// What is measured.
    pub measure: Measure,
    /// Seconds by which BOLD follows the body beyond the response itself, 0 to 60, each once.
    pub delays_s: Vec<f64>,
}

impl SlowTerm {
    /// Column names: `rvt_rrf` without a delay, `rvt_rrf_delay_5s` with one.
    pub fn names(&self) -> impl Iterator<Item = String> + '_ {
        let (measure, response) = (self.measure.name().replace('-', "_"), self.measure);
        self.delays_s.iter().map(move |&delay| {
            let name = format!("{measure}_{}", response.response_name());
            if delay == 0.0 { name } else { format!("{name}_delay_{delay}s") }
        })
    }
}

impl fmt::Display for SlowTerm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.measure.name())?;
        if self.delays_s != [0.0] {
            let delays: Vec<String> = self.delays_s.iter().map(f64::to_string).collect();
            write!(f, "({})", delays.join(","))?;
        }
        Ok(())
    }
}

impl FromStr for SlowTerm {
    type Err = Error;

    /// `rvt`, `hr`, or with delays `rvt(0,5,10)`.
    fn from_str(text: &str) -> Result<SlowTerm> {
        let text = text.trim().to_ascii_lowercase();
        let refused = |found: String, expected: &str| {
            Error::usage("--terms", found, expected, "for example 'harvey+rvt(0,5,10)+hr'")
        };
        let (name, delays) = match text.split_once('(') {
            None => (text.as_str(), "0"),
            Some((name, rest)) => {
                let delays = rest.strip_suffix(')').ok_or_else(|| {
                    refused(format!("has `{text}`"), "close the bracket around the delays")
                })?;
                (name.trim_end(), delays)
            }
        };
        let measure = Measure::ALL.into_iter().find(|m| m.name() == name).ok_or_else(|| {
            refused(format!("has `{name}` after a +"), "add rvt, rvt-hilbert, rv or hr")
        })?;
        let mut delays_s: Vec<f64> = Vec::new();
        for delay in delays.split(',') {
            let seconds = delay.trim().parse::<f64>().ok();
            let seconds = seconds
                .filter(|s| (0.0..=LONGEST_DELAY_S).contains(s) && !delays_s.contains(s))
                .ok_or_else(|| {
                    refused(
                        format!("has the delay `{}` in `{text}`", delay.trim()),
                        "give seconds from 0 to 60 by which BOLD follows the body, each once",
                    )
                })?;
            // Not -0.
            delays_s.push(seconds.abs());
        }
        Ok(SlowTerm { measure, delays_s })
    }
}
