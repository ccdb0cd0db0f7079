//! A run of one's own as null data: its events are moved to other times, the run is fitted with each noise model, and what is found is
//! false where the run holds no response to them.

use serde::Serialize;

use super::{THRESHOLDS, below};
use crate::design::Event;
use crate::error::{Error, Result};
use crate::pipeline::automask::{self, Common};
use crate::pipeline::blocks::Ladder;
use crate::pipeline::censor::{self, Within};
use crate::pipeline::first_level::{fit_run, gather};
use crate::pipeline::inputs::{self, Run, display};
use crate::pipeline::scaling::{self, Signal};
use crate::pipeline::smoothing::Smoothing;
use crate::pipeline::spec::{GlmSpec, Noise};
use crate::pipeline::watch::{Quiet, Watch};
use crate::pipeline::{flat, glm, precision, smoothing};
use crate::simulate::null;

/// How events are moved.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Null {
    /// All by one time round the run.
    Shift,
    /// The gaps between onsets, and which event stands at which, in another order, and all round the run.
    Times,
    /// None, but each response turned over or not.
    Sign,
}

/// What is tried on a run.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct OwnRunSpec {
    /// The fit of one run; its noise model is passed over, and its contrasts but the first. None: the first condition's.
    pub glm: GlmSpec,
    /// How its events are moved.
    pub null: Null,
    /// Designs that are tried.
    pub repeats: usize,
    /// Of the moves.
    pub seed: u64,
}

/// How often a model finds what is not there in a run.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct OwnRate {
    /// The model.
    pub noise: Noise,
    /// Share of voxels with a two-sided p below each of [`THRESHOLDS`], mean over the designs.
    pub found: [f64; 3],
    /// Its standard error from the designs' spread: voxels depend on each other. None of a single design.
    pub error: Option<[f64; 3]>,
}

/// What came of a run.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct OwnRates {
    /// The contrast that was tested.
    pub contrast: String,
    /// Voxels that are fitted, of which shares are: the mask without those that boldly glm leaves out.
    pub voxels: usize,
    /// Volumes that were fitted.
    pub volumes: usize,
    /// One a noise model.
    pub rates: Vec<OwnRate>,
}

/// Try all noise models on a run with its events moved.
///
/// # Errors
/// What the run's files hold or lack; usage for events too few to move; device errors.
pub fn own_run(spec: &OwnRunSpec, ladder: &mut Ladder, watch: &dyn Watch) -> Result<OwnRates> {
    let OwnRunSpec { glm: model, null, repeats, seed } = spec;
    let mut runs = inputs::open(&model.runs, &model.design, watch)?;
    inputs::refuse_one_recording(&runs)?;
    runs.iter_mut().for_each(|run| ladder.grant(run.bold.as_mut()));
    let within = Within::fitted(model.mask.as_deref(), model.scaling);
    censor::apply(&mut runs, &model.design, within, ladder, watch)?;
    let [run] = &mut runs[..] else {
        return Err(Error::internal("calibrate", "got several runs", "get one", ""));
    };
    let smoothing = smoothing::prepare(&model.smooth, &run.grid, watch)?;
    inputs::say_twice(&run.path, &run.smoothed, model.smooth.fwhm_mm, watch);
    let mut common = Common::new(model.mask.as_deref(), &run.grid, 1, watch)?;
    precision::keep(run, watch)?;
    let inside = common.with(run, watch)?;
    // Voxels of one value find nothing under any design: they would hide what is found elsewhere.
    common.without(&flat::of_run(run.bold.as_mut(), &inside)?, run, watch)?;
    without_signal(model, ladder, (run, smoothing.as_ref()), &mut common, watch)?;
    let inside = common.inside();
    let end_s = run.acquisition.as_ref().map_or(0.0, |a| a.n_volumes as f64 * a.tr);
    let events = movable(model, run, end_s)?;
    let contrast = match model.contrasts.first() {
        Some(text) => text.clone(),
        None => run.design.names[0].clone(),
    };
    let models = models(model, &contrast, run);
    let (mut shares, mut voxels) = (vec![Vec::new(); models.len()], 0);
    watch.stage("designs", *repeats);
    for repeat in 0..*repeats {
        run.redesign(null.moved(&events, end_s, seed.wrapping_add(repeat as u64)))?;
        smoothing.iter().for_each(|smoothing| run.smooth_task(&smoothing.taps.weights[2]));
        for (model, shares) in models.iter().zip(&mut shares) {
            let told: &dyn Watch =
                if repeat == 0 && model.noise == Noise::Ols { watch } else { &Quiet };
            let (found, of) = found_by(model, ladder, run, (&inside, smoothing.as_ref()), told)?;
            shares.push(found);
            voxels = of;
        }
        watch.step();
    }
    let of = |(model, shares): (&GlmSpec, &Vec<[f64; 3]>)| rate(model.noise, shares);
    Ok(OwnRates {
        contrast,
        voxels,
        volumes: run.n_volumes,
        rates: models.iter().zip(&shares).map(of).collect(),
    })
}

/// The events of a run, of which there must be enough.
fn movable(model: &GlmSpec, run: &Run, end_s: f64) -> Result<Vec<Event>> {
    let events = run.events().to_vec();
    if events.len() < 2 || end_s <= 0.0 {
        return Err(Error::bad_data(
            model.runs[0].events.as_deref().map_or("the events".to_owned(), display),
            format!("has {} events within the run", events.len()),
            "have two or more, which are moved to other times",
            "give the events of the task, --events EVENTS",
        ));
    }
    Ok(events)
}

/// The fit of a contrast with each noise model that the run allows.
fn models(model: &GlmSpec, contrast: &str, run: &Run) -> Vec<GlmSpec> {
    let has_gaps = run.kept.len() < run.header.n_volumes();
    let noises = [Noise::Ols, Noise::NilearnAr1, Noise::Ar1, Noise::Arma11].into_iter();
    let allowed = noises.filter(|noise| *noise != Noise::NilearnAr1 || !has_gaps);
    let with = |noise| GlmSpec {
        noise,
        contrasts: vec![contrast.to_owned()],
        f_contrasts: Vec::new(),
        maps: false,
        ..model.clone()
    };
    allowed.map(with).collect()
}

/// Leave out of the mask, as boldly glm does before it looks at noise, the voxels of too little signal for the units of effects, and say which are not finite.
fn without_signal(
    model: &GlmSpec,
    ladder: &mut Ladder,
    (run, smoothing): (&mut Run, Option<&Smoothing>),
    common: &mut Common,
    watch: &dyn Watch,
) -> Result<()> {
    let inside = common.inside();
    let ols = GlmSpec { noise: Noise::Ols, ..model.clone() };
    let plan = glm::plan_alone(&ols, run, smoothing, &Quiet)?;
    let gathered = gather(ladder, run.bold.as_mut(), &mut [], &inside, &plan, &Quiet)?;
    common.tell_missing(gathered.not_finite(), run, watch);
    let mean = scaling::as_fitted(automask::mean_image(run.bold.as_mut())?, run, smoothing)?;
    let (_, dim) = Signal::of(&gathered, &plan, &mean).units(model.scaling, run, watch)?;
    common.without_signal(&dim, run)
}

/// The share of voxels in which a fit finds something below each threshold, and how many these are.
fn found_by(
    model: &GlmSpec,
    ladder: &mut Ladder,
    run: &mut Run,
    (inside, smoothing): (&[bool], Option<&Smoothing>),
    watch: &dyn Watch,
) -> Result<([f64; 3], usize)> {
    let plan = glm::plan_alone(model, run, smoothing, watch)?;
    precision::refuse_level((run, false), &plan.model, &plan.contrasts)?;
    let fitted = fit_run(ladder, run.bold.as_mut(), &mut [], inside, &plan, &Quiet)?;
    let (maps, explained) = (&fitted.contrasts[0], fitted.explained());
    let counts = |voxel: &usize| fitted.fitted[*voxel] && explained.binary_search(voxel).is_err();
    let t: Vec<f64> = (0..inside.len()).filter(counts).map(|voxel| maps.stat[voxel]).collect();
    let n = t.len().max(1) as f64;
    Ok((below(&t, maps.dof.least()).map(|count| count as f64 / n), t.len()))
}

/// Mean and standard error over the designs.
fn rate(noise: Noise, shares: &[[f64; 3]]) -> OwnRate {
    let n = shares.len() as f64;
    let mut found = [0.0; 3];
    let mut error = [0.0; 3];
    for at in 0..THRESHOLDS.len() {
        found[at] = shares.iter().map(|share| share[at]).sum::<f64>() / n;
        let spread: f64 = shares.iter().map(|share| (share[at] - found[at]).powi(2)).sum();
        error[at] = (spread / (n - 1.0).max(1.0) / n).sqrt();
    }
    OwnRate { noise, found, error: (shares.len() > 1).then_some(error) }
}

impl Null {
    /// In words, after "events".
    #[must_use]
    pub fn told(self) -> &'static str {
        match self {
            Null::Shift => "shifted round the run by a random time",
            Null::Times => "in another order, with their gaps in another order, round the run",
            Null::Sign => "with each response turned over or not, at random",
        }
    }

    /// The events of a null design of this seed; the run ends at `end_s`.
    fn moved(self, events: &[Event], end_s: f64, seed: u64) -> Vec<Event> {
        let mut events = events.to_vec();
        events.sort_by(|a, b| a.onset.total_cmp(&b.onset));
        let n = events.len();
        let shift = end_s * null::uniform(0, seed);
        let round = |onset: f64| (onset + shift).rem_euclid(end_s);
        match self {
            Null::Shift => events.iter_mut().for_each(|event| event.onset = round(event.onset)),
            Null::Sign => events.iter_mut().enumerate().for_each(|(at, event)| {
                event.amplitude *=
                    if null::uniform(1 + at as u64, seed) < 0.5 { -1.0 } else { 1.0 };
            }),
            Null::Times => {
                let gap = |at: usize| match at + 1 < n {
                    true => events[at + 1].onset - events[at].onset,
                    false => end_s - (events[n - 1].onset - events[0].onset),
                };
                let gaps: Vec<f64> = order(n, 1, seed).into_iter().map(gap).collect();
                let mut onset = events[0].onset;
                let order = order(n, 1 + n as u64, seed);
                events = order.into_iter().map(|at| events[at].clone()).collect();
                for (event, gap) in events.iter_mut().zip(gaps) {
                    event.onset = round(onset);
                    onset += gap;
                }
            }
        }
        events
    }
}

/// A random order of n, by so many random numbers from `first` on.
fn order(n: usize, first: u64, seed: u64) -> Vec<usize> {
    let mut order: Vec<usize> = (0..n).collect();
    let key = |at: usize| null::uniform(first + at as u64, seed);
    order.sort_by(|&a, &b| key(a).total_cmp(&key(b)));
    order
}

#[cfg(test)]
mod tests {
    use super::*;

    fn events() -> Vec<Event> {
        let event = |(onset, kind): (f64, &str)| Event {
            onset,
            duration: 2.0,
            trial_type: kind.to_owned(),
            amplitude: 1.0,
            line: 0,
        };
        [(4.0, "a"), (20.0, "b"), (33.0, "a"), (71.0, "b")].into_iter().map(event).collect()
    }

    fn gaps(events: &[Event]) -> Vec<f64> {
        let mut onsets: Vec<f64> = events.iter().map(|event| event.onset).collect();
        onsets.sort_by(f64::total_cmp);
        let next = |at: usize| onsets.get(at + 1).copied().unwrap_or(onsets[0] + 80.0);
        (0..onsets.len()).map(|at| next(at) - onsets[at]).collect()
    }

    #[test]
    fn a_shift_keeps_the_gaps_and_their_order_and_the_run_holds_every_onset() {
        let near = |a: f64, b: f64| (a - b).abs() < 1e-9;
        for seed in 0..20 {
            let moved = Null::Shift.moved(&events(), 80.0, seed);
            assert!(moved.iter().all(|event| (0.0..80.0).contains(&event.onset)), "{moved:?}");
            let (got, want) = (gaps(&moved), gaps(&events()));
            let turned = |by: usize| (0..4).all(|at| near(got[(at + by) % 4], want[at]));
            assert!((0..4).any(turned), "{got:?} of {want:?}");
        }
        let of = |seed| Null::Shift.moved(&events(), 80.0, seed)[0].onset;
        assert!(of(1) != of(2) && of(1) == of(1), "another seed is another design");
    }

    #[test]
    fn times_in_another_order_keep_the_gaps_and_the_kinds_and_signs_keep_the_times() {
        let sorted = |mut values: Vec<f64>| {
            values.sort_by(f64::total_cmp);
            values
        };
        let mut orders = Vec::new();
        for seed in 0..20 {
            let moved = Null::Times.moved(&events(), 80.0, seed);
            let (got, want) = (sorted(gaps(&moved)), sorted(gaps(&events())));
            assert!(got.iter().zip(&want).all(|(a, b)| (a - b).abs() < 1e-9), "{got:?} {want:?}");
            assert_eq!(moved.iter().filter(|event| event.trial_type == "a").count(), 2);
            orders.push(moved.iter().map(|event| event.trial_type.clone()).collect::<String>());
            let signs = Null::Sign.moved(&events(), 80.0, seed);
            assert!(signs.iter().zip(events()).all(|(a, b)| a.onset == b.onset));
            assert!(signs.iter().all(|event| event.amplitude.abs() == 1.0));
        }
        orders.sort();
        orders.dedup();
        assert!(orders.len() > 3, "{orders:?}");
        let turned =
            |seed| Null::Sign.moved(&events(), 80.0, seed).iter().any(|e| e.amplitude < 0.0);
        assert!((0..20).any(turned));
    }
}
