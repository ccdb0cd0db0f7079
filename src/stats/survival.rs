//! Time to an event of which some patients are only known not to have had it yet: Kaplan and Meier's curve and the log-rank test.
//!
//! At each time of an event, with d events of n at risk (whoever leaves at that very time was still at risk):
//!
//! S(t) = Π (1 - d / n),  Greenwood's variance S^2 Σ d / (n (n - d)).
//!
//! Limits on ln(-ln S), which stay within 0 and 1: S^exp(-+ z s), s = sqrt(Σ d / (n (n - d))) / |ln S|; none before the first event (S = 1) and where S = 0.
//! Log-rank: Σ (d1 - n1 d / n) squared over Σ n1 n0 d (n - d) / (n^2 (n - 1)), chi-squared of one dof; tied events are one time.
//!
//! Source: Kaplan and Meier 1958; Kalbfleisch and Prentice 2002, 1.4; Mantel 1966. Oracle: scipy's `ecdf` of censored data and `logrank` (`tests/oracles/counts.py`).

use super::proportions::{Limits, chi_square_p, deviate};
use serde::{Deserialize, Serialize};

/// A patient's time, any unit.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Time {
    /// Until the event, or as long as it was known not to have come. A finite number.
    pub at: f64,
    /// Whether the event came; else the patient is censored.
    pub event: bool,
}

/// One time at which patients have the event or leave.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Step {
    /// The time.
    pub at: f64,
    /// Patients at risk just before.
    pub at_risk: usize,
    /// Events at it.
    pub events: usize,
    /// Patients censored at it.
    pub censored: usize,
    /// S from here to the next step, 0 to 1.
    pub survival: f64,
    /// Greenwood's standard error of S; none where S is 0.
    pub se: Option<f64>,
    /// Limits of S; none where S is 1 or 0.
    pub limits: Option<Limits>,
}

/// Kaplan and Meier's curve.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Curve {
    /// By time; before the first all are without the event.
    pub steps: Vec<Step>,
    /// Patients.
    pub n: usize,
}

/// The log-rank test of two arms.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct LogRank {
    /// Chi-squared with one dof.
    pub chi_square: f64,
    /// Its p.
    pub p: f64,
    /// Events of the active arm.
    pub observed: usize,
    /// Events that it would have, were the arms alike.
    pub expected: f64,
}

impl Curve {
    /// From one arm's times.
    #[must_use]
    pub fn of(times: &[Time], conf: f64) -> Curve {
        let z = deviate(conf);
        let (mut survival, mut sum) = (1.0, 0.0);
        let step = |at: f64| {
            let (at_risk, events, censored) = at_risk_events_and_censored(times, at);
            let (n, d) = (at_risk as f64, events as f64);
            survival *= 1.0 - d / n;
            sum += d / (n * (n - d));
            let ends = survival <= 0.0;
            let half = z * f64::sqrt(sum) / f64::ln(survival).abs();
            let limits =
                || Limits { low: survival.powf(half.exp()), high: survival.powf((-half).exp()) };
            Step {
                at,
                at_risk,
                events,
                censored,
                survival,
                se: (!ends).then(|| survival * sum.sqrt()),
                limits: (!ends && sum > 0.0).then(limits),
            }
        };
        let steps = distinct(times).into_iter().map(step).collect();
        Curve { steps, n: times.len() }
    }

    /// The step that holds at a time; none before the first.
    #[must_use]
    pub fn at(&self, time: f64) -> Option<&Step> {
        self.steps.iter().take_while(|step| step.at <= time).last()
    }

    /// The first time at which half or fewer are without the event; none where that never comes.
    #[must_use]
    pub fn median(&self) -> Option<f64> {
        // Product and half may differ by rounding alone: 1/2 of 2/3 3/4.
        self.steps.iter().find(|step| step.survival <= 0.5 + 1e-12).map(|step| step.at)
    }
}

impl LogRank {
    /// Compare two arms; none where no event comes while both arms have patients at risk.
    #[must_use]
    pub fn of(active: &[Time], control: &[Time]) -> Option<LogRank> {
        let all: Vec<Time> = active.iter().chain(control).copied().collect();
        let (mut expected, mut variance) = (0.0, 0.0);
        for at in distinct(&all) {
            let (n, d, _) = at_risk_events_and_censored(&all, at);
            let (n1, ..) = at_risk_events_and_censored(active, at);
            let (n, d, n1) = (n as f64, d as f64, n1 as f64);
            expected += n1 * d / n;
            if n > 1.0 {
                variance += n1 * (n - n1) * d * (n - d) / (n * n * (n - 1.0));
            }
        }
        let observed = active.iter().filter(|t| t.event).count();
        let chi_square = (observed as f64 - expected).powi(2) / variance;
        (variance > 0.0).then(|| LogRank {
            chi_square,
            p: chi_square_p(chi_square),
            observed,
            expected,
        })
    }
}

/// The patients' times, each once, rising.
fn distinct(times: &[Time]) -> Vec<f64> {
    let mut at: Vec<f64> = times.iter().map(|t| t.at).collect();
    at.sort_by(f64::total_cmp);
    at.dedup();
    at
}

/// Who is at risk just before a time, how many have the event at it, and how many are censored at it.
fn at_risk_events_and_censored(times: &[Time], at: f64) -> (usize, usize, usize) {
    let count = |is_so: &dyn Fn(&Time) -> bool| times.iter().filter(|t| is_so(t)).count();
    (count(&|t| t.at >= at), count(&|t| t.at == at && t.event), count(&|t| t.at == at && !t.event))
}
