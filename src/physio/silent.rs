//! A pulse that is not there for much of the scan: its sensor came off, was put on late, or sat at the recorder's end.

use super::beats::Beats;
use super::flagged::Reason;
use super::moments::SliceMoments;
use crate::recording::Trace;

/// Share of the scan that may be without beats, as of breathing.
const MOST: f64 = 0.25;
/// Beats that are cut off at the recorder's end are shorter, and stay beats.
const OFF_S: f64 = 5.0;

/// Why the pulse must not be used, a verb phrase; none where nothing speaks against it. What lies beyond the recording is another matter.
pub(super) fn why(beats: &Beats, trace: &Trace, slices: &SliceMoments) -> Option<String> {
    let (&first_s, &last_s) = (beats.times_s.first()?, beats.times_s.last()?);
    let scan_s = slices.tr * slices.n_volumes as f64;
    let end_s = trace.start_s + trace.samples.len() as f64 / trace.sampling_hz;
    let still = beats.flagged.iter().filter(|f| match f.reason {
        Reason::Missing | Reason::Flat => true,
        Reason::Clipped => f.to_s - f.from_s > OFF_S,
        Reason::Noise | Reason::Interval => false,
    });
    let mut without: Vec<(f64, f64)> = still.map(|f| (f.from_s, f.to_s)).collect();
    without.extend(
        [(trace.start_s, first_s), (last_s, end_s)].into_iter().filter(|(a, b)| b - a > OFF_S),
    );
    without.sort_by(|a, b| a.0.total_cmp(&b.0));
    let (mut seconds, mut until_s) = (0.0, 0.0_f64);
    for (from_s, to_s) in without {
        seconds += (to_s.min(scan_s) - from_s.max(until_s)).max(0.0);
        until_s = until_s.max(to_s);
    }
    let share = seconds / scan_s;
    (share > MOST).then(|| {
        format!(
            "shows no pulse to follow: {:.0} % of the scan is without beats (at most {:.0} % may be so)",
            100.0 * share,
            100.0 * MOST
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::physio::flagged::Flagged;
    use crate::physio::peaks::Channel;
    use crate::recording::Acquisition;

    #[test]
    fn a_sensor_that_is_off_for_more_than_a_quarter_of_the_scan_is_not_to_be_used() {
        let slices = SliceMoments::new(&Acquisition {
            tr: 2.0,
            n_volumes: 50,
            slice_times: Some(vec![0.0]),
            start_time: 0.0,
        })
        .expect("100 s");
        let trace = Trace { start_s: -5.0, sampling_hz: 10.0, samples: vec![0.0; 1100] };
        let until = |last: usize| Beats::known((0..=last).map(|s| s as f64).collect());
        assert_eq!(why(&until(104), &trace, &slices), None);
        assert_eq!(why(&until(76), &trace, &slices), None, "24 s are without");
        let told = why(&until(46), &trace, &slices).expect("54 s are without");
        assert!(told.contains("54 % of the scan is without beats"), "{told}");
        // Cut off beats are short; a sensor at the rail is not.
        let with = |seconds: f64, reason| {
            let flag = |n: usize| Flagged {
                channel: Channel::Cardiac,
                from_s: 10.0 * n as f64,
                to_s: 10.0 * n as f64 + seconds,
                reason,
            };
            Beats { flagged: (0..10).map(flag).collect(), ..until(104) }
        };
        assert_eq!(why(&with(4.0, Reason::Clipped), &trace, &slices), None);
        assert!(why(&with(6.0, Reason::Clipped), &trace, &slices).is_some());
        assert!(why(&with(4.0, Reason::Flat), &trace, &slices).is_some());
    }
}
