//! Which of many candidate peaks are beats: the chain that maximises
//! sum score_i - rigidity sum ln^2((t_i - t_(i-1)) / period), by dynamic programming. A notch or a noise peak costs two bad
//! intervals, a beat left out costs its score and a doubled interval, so extra and missed beats are settled over the
//! whole run rather than by a threshold. Source: Ellis 2007, J New Music Res 36:51 (beat tracking), with a local period.

use super::signal::median;

/// A peak that may be a beat.
#[derive(Debug, Clone, Copy)]
pub(super) struct Candidate {
    /// Seconds.
    pub time_s: f64,
    /// How much it looks like a beat: about 1 for a typical one, 0 for none.
    pub score: f64,
    /// The interval expected here, seconds.
    pub period_s: f64,
}

/// Intervals shorter than this share of the period are refused.
const SHORTEST: f64 = 0.4;
/// Intervals longer than this many periods are a break in the chain.
const LONGEST: f64 = 3.3;
/// No heart beats faster, seconds.
const REFRACTORY_S: f64 = 0.25;

/// Positions in `candidates` (in order of time) of the best chain.
pub(super) fn best_chain(candidates: &[Candidate], rigidity: f64) -> Vec<usize> {
    let mut best: Vec<f64> = Vec::with_capacity(candidates.len());
    let mut before: Vec<Option<usize>> = Vec::with_capacity(candidates.len());
    // Best end of a chain among the candidates more than LONGEST periods ago.
    let mut far: Option<usize> = None;
    let mut far_until = 0;
    for (i, c) in candidates.iter().enumerate() {
        while far_until < i && c.time_s - candidates[far_until].time_s > LONGEST * c.period_s {
            if far.is_none_or(|f| best[far_until] > best[f]) {
                far = Some(far_until);
            }
            far_until += 1;
        }
        let break_cost = rigidity * LONGEST.ln().powi(2);
        let mut choice = far.map_or((0.0, None), |f| ((best[f] - break_cost).max(0.0), Some(f)));
        if choice.0 <= 0.0 {
            choice = (0.0, None);
        }
        for j in far_until..i {
            let interval = c.time_s - candidates[j].time_s;
            if interval < (SHORTEST * c.period_s).max(REFRACTORY_S) {
                break;
            }
            let value = best[j] - rigidity * (interval / c.period_s).ln().powi(2);
            if value > choice.0 {
                choice = (value, Some(j));
            }
        }
        best.push(c.score + choice.0);
        before.push(choice.1);
    }
    let mut chain = Vec::new();
    let mut at = (0..best.len()).max_by(|&a, &b| best[a].total_cmp(&best[b]));
    while let Some(i) = at {
        chain.push(i);
        at = before[i];
    }
    chain.reverse();
    chain
}

/// Median of the intervals within `reach` of interval i, itself left out; itself when there is no other.
pub(super) fn neighbours_median(intervals: &[f64], i: usize, reach: usize) -> f64 {
    let (a, b) = (i.saturating_sub(reach), (i + reach + 1).min(intervals.len()));
    let others: Vec<f64> = (a..b).filter(|&k| k != i).map(|k| intervals[k]).collect();
    median(&others).unwrap_or(intervals[i])
}

/// Fill intervals that hold two or more periods: the beats between were not recorded. Returns all beats, and those that
/// were put in.
pub(super) fn fill_missed(times: &[f64]) -> (Vec<f64>, Vec<f64>) {
    let intervals: Vec<f64> = times.windows(2).map(|w| w[1] - w[0]).collect();
    let mut filled = Vec::with_capacity(times.len());
    let mut put_in = Vec::new();
    for (i, &t) in times.iter().enumerate() {
        filled.push(t);
        let Some(&interval) = intervals.get(i) else { break };
        let period = neighbours_median(&intervals, i, 6);
        let ratio = interval / period;
        let parts = ratio.round().min(1e4);
        if ratio >= 1.75 && (ratio / parts - 1.0).abs() < 0.2 {
            for part in 1..parts as usize {
                let time = t + interval * part as f64 / parts;
                filled.push(time);
                put_in.push(time);
            }
        }
    }
    (filled, put_in)
}
