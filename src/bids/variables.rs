//! What a node's columns are made of: the variables of a run (events, confounds, recordings), or values of each input of a level above.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::pattern::Pattern;
use crate::design::hrf::Response;
use crate::design::{Event, similar};
use crate::error::{Error, Result};

mod dense;
mod tables;
mod value;

pub(super) use dense::{input, text_of};
pub use value::Value;

/// One event variable: a value of each event.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Events {
    /// Seconds from the first volume of the file.
    pub onset: Vec<f64>,
    /// Seconds; not a number where the table has n/a.
    pub duration: Vec<f64>,
    /// The values.
    pub amplitude: Vec<Value>,
    /// The line of the table that each event stands in.
    pub line: Vec<usize>,
}

impl Events {
    /// The same events with other values.
    #[must_use]
    pub fn with(&self, amplitude: Vec<Value>) -> Events {
        Events { amplitude, ..self.clone() }
    }

    /// The events at these places.
    #[must_use]
    pub fn only(&self, at: &[usize]) -> Events {
        Events {
            onset: at.iter().map(|&i| self.onset[i]).collect(),
            duration: at.iter().map(|&i| self.duration[i]).collect(),
            amplitude: at.iter().map(|&i| self.amplitude[i].clone()).collect(),
            line: at.iter().map(|&i| self.line[i]).collect(),
        }
    }

    /// Whether two variables are of the same events at the same times.
    #[must_use]
    pub fn same_as(&self, other: &Events) -> bool {
        let same = |a: &[f64], b: &[f64]| {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| a == b || (a.is_nan() && b.is_nan()))
        };
        self.line == other.line
            && same(&self.onset, &other.onset)
            && same(&self.duration, &other.duration)
    }
}

/// When samples were taken.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Sampling {
    /// One at each frame time of the run: rows of a table with a row a volume.
    Frames,
    /// At regular times.
    Rate {
        /// Seconds of the first sample from the first volume of the file.
        start_s: f64,
        /// Samples a second.
        hz: f64,
    },
}

/// A sampled variable.
#[derive(Debug, Clone, PartialEq)]
pub struct Samples {
    /// When.
    pub sampling: Sampling,
    /// The values; not a number where there is none.
    pub values: Vec<f64>,
}

/// Events with a response to them, which have a value at any moment.
#[derive(Debug, Clone, PartialEq)]
pub struct Convolved {
    /// Those of an amplitude other than 0.
    pub events: Arc<Vec<Event>>,
    /// The response.
    pub response: Response,
    /// Which of the response's columns: 0 the response itself, then its derivatives; or which delay.
    pub column: usize,
    /// How finely a sampled version takes the events' times: bins a sample at 10 Hz.
    pub bins: usize,
}

/// A variable.
#[derive(Debug, Clone, PartialEq)]
pub enum Variable {
    /// Values of events.
    Events(Events),
    /// Samples.
    Samples(Samples),
    /// A response to events.
    Convolved(Convolved),
    /// A value of each input of a level above the run.
    Inputs(Vec<Value>),
}

/// What the variables run over.
#[derive(Debug, Clone, PartialEq)]
enum Over {
    Run { frame_times_s: Vec<f64>, tr_s: f64 },
    Inputs(usize),
}

/// The variables of one run, or of the inputs of a unit of a level above, by name and in order.
#[derive(Debug, Clone, PartialEq)]
pub struct Variables {
    list: Vec<(String, Variable)>,
    over: Over,
    /// Names that stand for several.
    groups: BTreeMap<String, Vec<String>>,
    /// All events of the run, each of the value 1.
    all_events: Option<Events>,
    drops_missing: bool,
}

/// Rate of sampled versions of events and responses, Hz.
pub const DENSE_HZ: f64 = 10.0;

impl Variables {
    /// Of a run without any yet: its frame times in seconds from the first volume of the file (`StartTime` counted), two or more, and its
    /// repetition time in seconds.
    #[must_use]
    pub fn of_run(frame_times_s: Vec<f64>, tr_s: f64) -> Variables {
        Variables::over(Over::Run { frame_times_s, tr_s })
    }

    /// The same sampled at other times, seconds, as many.
    #[must_use]
    pub fn sampled_at(mut self, times_s: Vec<f64>) -> Variables {
        if let Over::Run { frame_times_s, .. } = &mut self.over {
            *frame_times_s = times_s;
        }
        self
    }

    /// Of `count` inputs of a level above, without any yet.
    #[must_use]
    pub fn of_inputs(count: usize) -> Variables {
        Variables::over(Over::Inputs(count))
    }

    fn over(over: Over) -> Variables {
        Variables {
            list: Vec::new(),
            over,
            groups: BTreeMap::new(),
            all_events: None,
            drops_missing: false,
        }
    }

    /// From here on instructions about variables that are not there are dropped with a note, where they would be errors.
    pub fn drop_missing(&mut self) {
        self.drops_missing = true;
    }

    pub(super) fn drops_missing(&self) -> bool {
        self.drops_missing
    }

    /// Names in order.
    #[must_use]
    pub fn names(&self) -> Vec<String> {
        self.list.iter().map(|(name, _)| name.clone()).collect()
    }

    /// A variable.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Variable> {
        self.list.iter().find(|(own, _)| own == name).map(|(_, variable)| variable)
    }

    /// Frame times in seconds; none above the run.
    #[must_use]
    pub fn frame_times_s(&self) -> Option<&[f64]> {
        match &self.over {
            Over::Run { frame_times_s, .. } => Some(frame_times_s),
            Over::Inputs(_) => None,
        }
    }

    /// Volumes of the run, or inputs.
    #[must_use]
    pub fn n_rows(&self) -> usize {
        match &self.over {
            Over::Run { frame_times_s, .. } => frame_times_s.len(),
            Over::Inputs(count) => *count,
        }
    }

    /// Repetition time in seconds; none above the run.
    #[must_use]
    pub fn tr_s(&self) -> Option<f64> {
        match &self.over {
            Over::Run { tr_s, .. } => Some(*tr_s),
            Over::Inputs(_) => None,
        }
    }

    /// Put a variable in the place of one of this name, or behind all.
    pub(super) fn set(&mut self, name: &str, variable: Variable) {
        match self.list.iter_mut().find(|(own, _)| own == name) {
            Some((_, own)) => *own = variable,
            None => self.list.push((name.to_owned(), variable)),
        }
    }

    /// [`Variables::set`], a new one standing behind `before`.
    pub(super) fn set_after(&mut self, before: &str, name: &str, variable: Variable) {
        let is_new = self.get(name).is_none();
        match self.list.iter().position(|(own, _)| own == before).filter(|_| is_new) {
            Some(at) => self.list.insert(at + 1, (name.to_owned(), variable)),
            None => self.set(name, variable),
        }
    }

    pub(super) fn remove(&mut self, name: &str) {
        self.list.retain(|(own, _)| own != name);
    }

    /// Give a variable another name; what had that name goes.
    pub(super) fn rename(&mut self, from: &str, to: &str) {
        if from != to {
            self.remove(to);
        }
        if let Some((own, _)) = self.list.iter_mut().find(|(own, _)| own == from) {
            *own = to.to_owned();
        }
    }

    pub(super) fn group(&mut self, name: &str, members: Vec<String>) {
        self.groups.insert(name.to_owned(), members);
    }

    /// All events of the run, each of the value 1.
    pub(super) fn all_events(&self) -> Option<&Events> {
        self.all_events.as_ref()
    }

    /// Change the times of events, `change` taking line, onset and duration, in every variable of them.
    pub(super) fn retime(&mut self, change: impl Fn(usize, &mut f64, &mut f64)) {
        let own = self.list.iter_mut().filter_map(|(_, variable)| match variable {
            Variable::Events(events) => Some(events),
            _ => None,
        });
        for events in own.chain(self.all_events.as_mut()) {
            for i in 0..events.line.len() {
                change(events.line[i], &mut events.onset[i], &mut events.duration[i]);
            }
        }
    }

    /// The names that a name, a group or a pattern means, in order; none where it means nothing.
    #[must_use]
    pub fn matching(&self, wanted: &str) -> Vec<String> {
        if self.get(wanted).is_some() {
            return vec![wanted.to_owned()];
        }
        if let Some(members) = self.groups.get(wanted) {
            return members.iter().filter(|name| self.get(name).is_some()).cloned().collect();
        }
        if !wanted.contains(['*', '?', '[']) {
            return Vec::new();
        }
        let pattern = Pattern::of_names(wanted);
        self.list
            .iter()
            .map(|(name, _)| name)
            .filter(|name| pattern.matches(name))
            .cloned()
            .collect()
    }

    /// The names that several mean, each once.
    ///
    /// # Errors
    /// Bad data: one that means nothing, with the closest name. `place`: for the message.
    pub fn all_matching(&self, wanted: &[String], place: &str) -> Result<Vec<String>> {
        let mut found: Vec<String> = Vec::new();
        for wanted in wanted {
            let matching = self.matching(wanted);
            if matching.is_empty() {
                return Err(self.no_such(wanted, place));
            }
            for name in matching {
                if !found.contains(&name) {
                    found.push(name);
                }
            }
        }
        Ok(found)
    }

    /// The name closest to one that is not there.
    #[must_use]
    pub fn closest(&self, wanted: &str) -> Option<String> {
        similar::closest(wanted, &self.names()).map(str::to_owned)
    }

    /// What may be meant by a name that is not there: the closest, else all that are.
    #[must_use]
    pub fn near(&self, wanted: &str) -> String {
        match self.closest(wanted) {
            Some(close) => format!("did you mean `{close}`?"),
            None => {
                let all = similar::listing(&self.names());
                format!("there are {}", all.replacen("columns", "the variables", 1))
            }
        }
    }

    /// Bad data of names that are not there, each with the closest.
    #[must_use]
    pub fn none_such(&self, wanted: &[&str], place: &str) -> Error {
        if let [one] = wanted {
            return self.no_such(one, place);
        }
        let names: Vec<String> = wanted.iter().map(|name| format!("`{name}`")).collect();
        let near = wanted
            .iter()
            .filter_map(|name| Some(format!("`{}` for `{name}`", self.closest(name)?)));
        let near: Vec<String> = near.collect();
        let hint = match near.is_empty() {
            true => self.near(wanted.first().copied().unwrap_or_default()),
            false => format!("did you mean {}?", near.join(", ")),
        };
        Error::bad_data(
            format!("{} of {place}", names.join(", ")),
            "are no variables",
            "be variables",
            hint,
        )
    }

    pub(super) fn no_such(&self, wanted: &str, place: &str) -> Error {
        let hint = self.near(wanted);
        let what = if wanted.contains(['*', '?']) { "matches" } else { "is" };
        Error::bad_data(
            format!("`{wanted}` of {place}"),
            format!("{what} no variable"),
            format!("{} one", if what == "is" { "be" } else { "match" }),
            hint,
        )
    }
}
