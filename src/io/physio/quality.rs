//! What a person should know of a trace before trusting it: missing samples, flat and saturated stretches.

use crate::recording::Trace;

/// A stretch of one value this long is flat, seconds: no pulse and no breath rests so long.
const FLAT_S: f64 = 1.0;
/// Neighbouring samples at the highest or lowest value of the record that count as saturated, seconds.
const SATURATED_S: f64 = 0.1;

/// Clauses that count what is missing, flat (one value for 1 s or more) or saturated (at the highest or lowest value for
/// 0.1 s or more); none for a clean trace.
pub(super) fn counts(trace: &Trace) -> Vec<String> {
    let x = &trace.samples;
    let seconds = |n: usize| n as f64 / trace.sampling_hz;
    let finite = || x.iter().copied().filter(|v| v.is_finite());
    let (low, high) = finite().fold((f64::MAX, f64::MIN), |(l, h), v| (l.min(v), h.max(v)));
    let n_missing = x.len() - finite().count();
    let (mut flat, mut saturated, mut n_flat, mut n_saturated) = (0, 0, 0, 0);
    for run in x.chunk_by(|a, b| a == b) {
        let at_end = run[0] == low || run[0] == high;
        if at_end && run.len() > 2 && seconds(run.len()) >= SATURATED_S {
            (saturated, n_saturated) = (saturated + run.len(), n_saturated + 1);
        } else if seconds(run.len()) >= FLAT_S {
            (flat, n_flat) = (flat + run.len(), n_flat + 1);
        }
    }
    let mut counts = Vec::new();
    if n_missing > 0 {
        counts.push(format!("{n_missing} samples missing ({:.2} s)", seconds(n_missing)));
    }
    for (n, samples, what) in [(n_saturated, saturated, "saturated"), (n_flat, flat, "flat")] {
        if n > 0 {
            let stretches = if n == 1 { "stretch" } else { "stretches" };
            counts.push(format!("{n} {what} {stretches} ({:.2} s)", seconds(samples)));
        }
    }
    counts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn missing_flat_and_saturated_stretches_are_counted() {
        let mut samples: Vec<f64> = (0..100).map(|i| f64::from(i % 7)).collect();
        assert!(
            counts(&Trace { samples: samples.clone(), sampling_hz: 10.0, start_s: 0.0 }).is_empty()
        );
        samples[10..30].fill(9.0);
        samples[50..61].fill(3.5);
        samples[90] = f64::NAN;
        let got = counts(&Trace { samples, sampling_hz: 10.0, start_s: 0.0 });
        assert_eq!(
            got,
            [
                "1 samples missing (0.10 s)",
                "1 saturated stretch (2.00 s)",
                "1 flat stretch (1.10 s)"
            ]
        );
    }
}
