//! Tops and bottoms that the recorder cut off: runs of samples at the lowest or highest value of the record.

/// A longer run is no cut-off pulse but a trace that is lost, seconds.
const LONGEST_S: f64 = 0.5;
/// Shorter runs may be a real turn of the trace.
const FEWEST_SAMPLES: usize = 3;

/// Runs of at least [`FEWEST_SAMPLES`] at the record's lowest or highest value: first sample and one past the last.
pub(super) fn clipped(samples: &[f64]) -> Vec<(usize, usize)> {
    let (low, high) = samples.iter().fold((f64::MAX, f64::MIN), |(l, h), &v| (l.min(v), h.max(v)));
    let mut runs = Vec::new();
    let mut from = 0;
    while from < samples.len() {
        let v = samples[from];
        let to = from + samples[from..].iter().take_while(|&&w| w == v).count();
        if (v == low || v == high) && to - from >= FEWEST_SAMPLES {
            runs.push((from, to));
        }
        // Not a number equals nothing, itself neither.
        from = to.max(from + 1);
    }
    runs
}

/// Continue the flanks of each clipped run into it by the cubic that has their slopes, so that its extreme lies
/// nearer the steeper flank: at u of the run with a (1 - 4u + 3u^2) + b (3u^2 - 2u) = 0, slopes a and b.
pub(super) fn restore_clipped(samples: &mut [f64], sampling_hz: f64) {
    for (from, to) in clipped(samples) {
        if from == 0 || to == samples.len() || (to - from) as f64 > LONGEST_S * sampling_hz {
            continue;
        }
        // Two samples of each flank, one at an end of the trace, and the first and last of the run make the slopes.
        let (first, last) = (from - 1, to);
        let (before, behind) = (first.saturating_sub(1), (last + 1).min(samples.len() - 1));
        let length = (last - first) as f64;
        let rise = (samples[from] - samples[before]) / (from - before) as f64 * length;
        let fall = (samples[behind] - samples[to - 1]) / (behind + 1 - to) as f64 * length;
        let (start, end) = (samples[first], samples[last]);
        for (k, v) in samples[from..to].iter_mut().enumerate() {
            let u = (k + 1) as f64 / length;
            let restored = start * (1.0 + 2.0 * u) * (1.0 - u).powi(2)
                + end * u * u * (3.0 - 2.0 * u)
                + rise * u * (1.0 - u).powi(2)
                + fall * u * u * (u - 1.0);
            *v = restored;
        }
    }
}
