//! What is unusual about the events of a run: each kind counted, and what becomes of it said.

use std::collections::BTreeMap;

use super::events::Event;
use super::hrf::{Model, Response, Sampled};

/// What a person should know of events and how the design takes them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Odd {
    /// Usual, but worth a line.
    pub notes: Vec<String>,
    /// Seldom meant.
    pub doubts: Vec<String>,
}

/// A run's time and response, as far as events depend on them.
#[derive(Debug, Clone, Copy)]
pub struct Span<'a> {
    /// First frame time, seconds.
    pub first_s: f64,
    /// End of the last volume, seconds.
    pub end_s: f64,
    /// Repetition time, seconds.
    pub tr: f64,
    /// The response.
    pub hrf: &'a Response,
    /// That of one's own.
    pub own: Option<&'a Sampled>,
    /// Whether nilearn's responses are sampled on its grid, which begins before the run; else they are exact at every moment.
    pub on_grid: bool,
}

/// Seconds before the first frame at which nilearn's grid begins.
const NILEARN_BEGINS_S: f64 = 24.0;

impl Span<'_> {
    /// Whether the response to an event ends before the first frame: it changes nothing. On nilearn's grid an earlier event counts from
    /// where the grid begins.
    #[must_use]
    pub fn is_over(&self, event: &Event) -> bool {
        let grid = match self.is_clamped() {
            true => self.first_s - NILEARN_BEGINS_S,
            false => f64::NEG_INFINITY,
        };
        let duration = self.hrf.fixed_duration().unwrap_or(event.duration);
        let end = (event.onset + duration).max(grid);
        end + self.hrf.lasts_s(self.tr, self.own) < self.first_s
    }

    /// Whether an event before nilearn's grid counts from where that begins.
    fn is_clamped(&self) -> bool {
        self.on_grid && on_nilearns_grid(&self.hrf.model)
    }
}

/// What is unusual about the events of a table called `name`.
#[must_use]
pub fn odd(name: &str, events: &[Event], span: &Span) -> Odd {
    let mut found = times(name, events, span);
    found.doubts.extend(conditions(name, events, span));
    found
}

/// What is unusual about when events are.
#[must_use]
pub fn times(name: &str, events: &[Event], span: &Span) -> Odd {
    let mut found = Odd::default();
    let count = |fits: &dyn Fn(&Event) -> bool| events.iter().filter(|e| fits(e)).count();
    let duration = |e: &Event| span.hrf.fixed_duration().unwrap_or(e.duration);
    let over = |e: &Event| span.is_over(e);
    let early = count(&|e| e.onset < 0.0 && !over(e));
    found.notes.extend(some(early, |n| {
        format!("{name}: events that begin before the run: {n}; what of their response falls into it is modelled")
    }));
    found.doubts.extend(some(count(&over), |n| {
        format!(
            "{name}: events whose response is over before the run begins: {n}; they change nothing"
        )
    }));
    let late = count(&|e| e.onset + duration(e) > span.end_s);
    found.notes.extend(some(late, |n| {
        format!("{name}: events that last beyond the end of the run: {n}; what of them falls into it is modelled")
    }));
    if span.is_clamped() {
        let clipped = count(&|e| e.onset < span.first_s - NILEARN_BEGINS_S && !over(e));
        found.doubts.extend(some(clipped, |n| {
            format!(
                "{name}: events more than {NILEARN_BEGINS_S} s before the run, where nilearn's grid begins: {n}; they count from there"
            )
        }));
    }
    if let Some(fixed) = span.hrf.fixed_duration() {
        let others = count(&|e| (e.duration - fixed).abs() > 1e-9);
        found.notes.extend(some(others, |n| {
            format!("{name}: events of another duration than the {fixed} s that --hrf {} gives all: {n}", span.hrf)
        }));
    }
    found
}

/// What is unusual about the events of one condition beside each other, a doubt each.
#[must_use]
pub fn conditions(name: &str, events: &[Event], span: &Span) -> Vec<String> {
    let duration = |e: &Event| span.hrf.fixed_duration().unwrap_or(e.duration);
    let mut conditions: BTreeMap<&str, Vec<&Event>> = BTreeMap::new();
    events.iter().for_each(|e| conditions.entry(&e.trial_type).or_default().push(e));
    let mut doubts = Vec::new();
    for (condition, events) in conditions {
        let thing = format!("{name}: `{condition}`");
        doubts.extend(zero_among_longer(&thing, &events, span));
        doubts.extend(overlapping(&thing, events, &duration));
    }
    doubts
}

/// A sentence about a number of events; none about none.
fn some(count: usize, said: impl Fn(usize) -> String) -> Option<String> {
    (count > 0).then(|| said(count))
}

fn on_nilearns_grid(model: &Model) -> bool {
    matches!(model, Model::SpmNilearn | Model::Glover | Model::Fir { .. } | Model::Stimulus)
}

/// Events of 0 s in a condition that has longer ones.
fn zero_among_longer(thing: &str, events: &[&Event], span: &Span) -> Option<String> {
    let zero = events.iter().filter(|e| e.duration == 0.0).count();
    if zero == 0 || zero == events.len() || span.hrf.fixed_duration().is_some() {
        return None;
    }
    let bin = |bins: usize| format!("counts as one of {:.4} s", span.tr / bins as f64);
    let counts = match &span.hrf.model {
        Model::Spm => bin(span.hrf.micro_time.bins.max(1)),
        model if on_nilearns_grid(model) => bin(50),
        _ => "counts as one of 1 s squeezed into a moment".to_owned(),
    };
    Some(format!(
        "{thing}: {zero} of {} events last 0 s and others longer; each of 0 s {counts}; give them the duration that they had",
        events.len()
    ))
}

/// Events that begin before an earlier one of their condition ends.
fn overlapping(
    thing: &str,
    mut events: Vec<&Event>,
    duration: &dyn Fn(&Event) -> f64,
) -> Option<String> {
    events.sort_by(|a, b| a.onset.total_cmp(&b.onset));
    let (mut count, mut end, mut before) = (0, f64::NEG_INFINITY, f64::NEG_INFINITY);
    for event in &events {
        // Onsets are written with few digits: what only touches does not overlap.
        if event.onset < end - 1e-3 || event.onset == before {
            count += 1;
        }
        before = event.onset;
        end = end.max(event.onset + duration(event));
    }
    (count > 0).then(|| {
        format!(
            "{thing}: {count} of {} events begin before another of the condition ends; their heights add where they overlap",
            events.len()
        )
    })
}
