//! How tall a task column is: the peak of the response to one event, which turns a column's beta into the change of the signal that one
//! event makes (Pernet 2014; nilearn and SPM scale responses otherwise than AFNI, and long events add up).
//!
//! The event has height 1 and the median duration of its condition, or that of the model where all events last as long. The response is that
//! of the column itself, scale and grid included, at 50 moments of each TR; its extreme with its sign is the peak. A modulator's event has
//! a height of 1, so that the change is one for each unit of the modulator. Derivatives have no such event: their peak is no response's.

use super::events::Event;
use super::hrf::{Frames, Model};
use super::matrix::{DesignSpec, conditions};
use crate::error::Result;

/// Moments of each TR at which a response is looked at.
const MOMENTS: usize = 50;

/// The response that a column is measured by.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct Reference {
    /// Whose event it is.
    pub condition: String,
    /// Seconds that it lasts: the median of the condition.
    pub duration_s: f64,
    /// The extreme of its response, with its sign, in units of the column.
    pub peak: f64,
}

/// Of each column of [`super::task_columns`], in their order, what its beta is for each unit of: the values of a modulator, or their power; none of a
/// response to events of height 1.
#[must_use]
pub fn units(spec: &DesignSpec) -> Vec<Option<String>> {
    let of_condition = |(condition, _): (&str, _)| {
        let own = spec.modulators.iter().filter(move |m| m.of.condition == condition);
        let powers = own.flat_map(|m| (1..=m.of.order).map(|power| Some(m.of.unit(power))));
        std::iter::once(None).chain(powers).collect::<Vec<_>>()
    };
    let sets = conditions(&spec.events).into_iter().flat_map(of_condition);
    let n = spec.hrf.suffixes().len();
    sets.flat_map(|unit| std::iter::repeat_n(unit, n)).collect()
}

/// Of each column of [`super::task_columns`], in their order; none of derivatives.
///
/// # Errors
/// As [`super::build`], of the response.
pub fn references(spec: &DesignSpec) -> Result<Vec<Option<Reference>>> {
    let mut all = Vec::new();
    for (condition, which) in conditions(&spec.events) {
        let mut durations: Vec<f64> = which.iter().map(|&at| spec.events[at].duration).collect();
        durations.sort_by(f64::total_cmp);
        let longest = durations.last().copied().unwrap_or(0.0);
        let duration_s = spec.hrf.fixed_duration().unwrap_or_else(|| median(&durations));
        let peaks = peaks(spec, duration_s, longest)?;
        let of = |peak: &Option<f64>| {
            let condition = condition.to_owned();
            peak.map(|peak| Reference { condition, duration_s, peak })
        };
        let own = spec.modulators.iter().filter(|m| m.of.condition == condition);
        let n_sets = 1 + own.map(|m| m.of.order as usize).sum::<usize>();
        for _ in 0..n_sets {
            all.extend(peaks.iter().map(of));
        }
    }
    Ok(all)
}

fn median(sorted: &[f64]) -> f64 {
    let n = sorted.len();
    if n == 0 { 0.0 } else { 0.5 * (sorted[(n - 1) / 2] + sorted[n / 2]) }
}

/// Of each column of the response to one event.
fn peaks(spec: &DesignSpec, duration_s: f64, longest: f64) -> Result<Vec<Option<f64>>> {
    let DesignSpec { hrf, own, tr, .. } = spec;
    let length_s = hrf.lasts_s(*tr, own.as_ref()) + duration_s.max(longest);
    let times: Vec<f64> = (0..(length_s / tr).ceil() as usize + 3).map(|k| k as f64 * tr).collect();
    let frames = Frames { times: &times, tr: *tr };
    let mut peaks = vec![0.0_f64; hrf.suffixes().len()];
    for moment in 0..MOMENTS {
        let onset = moment as f64 * tr / MOMENTS as f64;
        let trial_type = String::new();
        let event = Event { onset, duration: duration_s, trial_type, amplitude: 1.0, line: 0 };
        // SPM scales a condition otherwise where all its events are impulses: one of no height says that they are not.
        let other = Event { duration: longest, amplitude: 0.0, ..event.clone() };
        let columns = hrf.columns(&[&event, &other], &frames, own.as_ref())?;
        for (peak, column) in peaks.iter_mut().zip(columns.columns()) {
            *peak = column
                .iter()
                .fold(*peak, |peak, &value| if value.abs() > peak.abs() { value } else { peak });
        }
    }
    let is_response = |at: usize| at == 0 || matches!(hrf.model, Model::Fir { .. });
    let of = |(at, peak): (usize, f64)| (is_response(at) && peak != 0.0).then_some(peak);
    Ok(peaks.into_iter().enumerate().map(of).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::design::hrf::Response;
    use crate::design::modulation::Modulator;

    fn spec(hrf: &str, durations: &[f64]) -> DesignSpec {
        let event = |(at, &duration): (usize, &f64)| Event {
            onset: 20.0 * at as f64,
            duration,
            trial_type: "pain".into(),
            amplitude: 3.0,
            line: 0,
        };
        let mut spec = DesignSpec::new((0..100).map(|k| 2.0 * f64::from(k)).collect(), 2.0);
        spec.hrf = hrf.parse::<Response>().expect("a response");
        spec.events = durations.iter().enumerate().map(event).collect();
        spec
    }

    fn first(hrf: &str, durations: &[f64]) -> Reference {
        let all = references(&spec(hrf, durations)).expect("references");
        all[0].clone().expect("of the response itself")
    }

    #[test]
    fn long_blocks_come_near_1_short_events_far_from_it_and_models_scaled_to_a_peak_have_it() {
        // A response that sums to 1 rises above 1 in a long block, by its undershoot, and comes to 1.
        let long = first("spm", &[40.0]);
        assert!(long.peak > 1.1 && long.peak < 1.25, "{long:?}");
        let short = first("spm", &[1.0]);
        assert!(short.peak > 0.15 && short.peak < 0.35, "{short:?}");
        for (model, peak) in [("block:20,1", 1.0), ("spmg1:20", 1.0), ("none", 1.0)] {
            let got = first(model, &[20.0]).peak;
            assert!((got - peak).abs() < 2e-4, "{model}: {got}");
        }
        // A bin of a delay is the share of it that the event fills.
        assert!((first("fir:0-3", &[2.0]).peak - 1.0).abs() < 1e-9);
        assert!((first("fir:0-3", &[1.0]).peak - 0.5).abs() < 0.021);
    }

    #[test]
    fn the_event_has_height_1_and_the_median_duration_of_its_condition() {
        let reference = first("glover", &[1.0, 9.0, 2.0, 4.0]);
        assert_eq!((reference.duration_s, reference.condition.as_str()), (3.0, "pain"));
        assert_eq!(reference.peak, first("glover", &[3.0, 3.0]).peak, "the others do not matter");
        assert_eq!(first("block:20,1", &[1.0, 2.0]).duration_s, 20.0, "the model's own");
        // SPM scales impulses by 1 / dt only where all events are impulses.
        let (all, some) = (first("spm", &[0.0, 0.0, 0.0]), first("spm", &[0.0, 0.0, 5.0]));
        assert!((all.peak / some.peak - 16.0 / 2.0).abs() < 1e-9, "{all:?} {some:?}");
    }

    #[test]
    fn the_peak_is_that_of_a_column_whose_event_is_sampled_finely() {
        for (model, duration) in
            [("spm", 6.0), ("glover", 3.0), ("spm-nilearn", 12.0), ("gam", 2.0)]
        {
            let mut fine = spec(model, &[duration]);
            fine.events[0].amplitude = 1.0;
            let peak = references(&fine).expect("references")[0].clone().expect("one").peak;
            let mut most = 0.0_f64;
            for shift in 0..8 {
                fine.frame_times =
                    (0..40).map(|k| 2.0 * f64::from(k) + f64::from(shift) / 4.0).collect();
                let columns = crate::design::task_columns(&fine).expect("columns").1;
                most = columns.iter().fold(most, |most, value| most.max(*value));
            }
            assert!(most <= peak * (1.0 + 2e-3) && most > 0.98 * peak, "{model} {most} {peak}");
        }
    }

    #[test]
    fn derivatives_have_none_and_modulators_that_of_their_condition() {
        let mut spec = spec("spm+derivative", &[1.0, 3.0, 2.0]);
        let of = "pain:rating^2".parse().expect("a modulation");
        spec.modulators = vec![Modulator { of, values: vec![1.0, 5.0, 3.0] }];
        let all = references(&spec).expect("references");
        let names = crate::design::task_columns(&spec).expect("columns").0;
        assert_eq!(all.len(), names.len());
        for (name, reference) in names.iter().zip(&all) {
            assert_eq!(reference.is_none(), name.ends_with("_derivative"), "{name}");
            assert!(reference.as_ref().is_none_or(|r| Some(r) == all[0].as_ref()), "{name}");
        }
        let units: Vec<_> = units(&spec).into_iter().map(Option::unwrap_or_default).collect();
        assert_eq!(units, ["", "", "rating", "rating", "rating^2", "rating^2"]);
    }
}
