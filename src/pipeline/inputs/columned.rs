//! The columns of a run: a ready design, or one from events and confounds.

use std::path::PathBuf;

use super::absent::Absent;
use super::confounded::{self, Confounded};
use super::task::{Known, Slices, Task};
use super::{duplicate, ready, response, sliced};
use crate::design::censor::Measures;
use crate::design::confounds::Unmatched;
use crate::design::events::{Events, Reading};
use crate::design::{self, Design, DesignSpec};
use crate::error::Result;
use crate::io;
use crate::pipeline::spec::{DesignOptions, RunSpec};
use crate::pipeline::watch::Watch;
use crate::recording::Acquisition;
use crate::table::Table;

/// A run's design, and what to know of it.
pub(super) struct Columned {
    pub design: Design,
    pub task: Option<Task>,
    pub own_times: Option<Slices>,
    /// Which of its columns are confounds.
    pub confounds: Vec<String>,
    pub doubts: Vec<String>,
    pub why_no_column: Vec<String>,
    pub absent: Vec<(String, String)>,
    pub unmatched: Vec<Unmatched>,
    pub measures: Measures,
    /// JSON files beside tables.
    pub found: Vec<PathBuf>,
}

/// A ready design, or one from events and confounds.
pub(super) fn design(
    spec: &RunSpec,
    options: &DesignOptions,
    (acquisition, known): (&Result<Acquisition>, Known),
    n_volumes: usize,
    watch: &dyn Watch,
) -> Result<Columned> {
    let Confounded { mut confounds, measures, found } =
        confounded::of(spec, options, n_volumes, watch)?;
    let unmatched = confounds.as_mut().map_or(Vec::new(), |c| std::mem::take(&mut c.unmatched));
    let names = confounds.as_ref().map_or(Vec::new(), |c| c.names.clone());
    if let Some(path) = &spec.design {
        let mut ready = design::from_table(&io::tsv::read(path)?, n_volumes)?;
        let own_times = match (&spec.design_slices, acquisition) {
            (Some(path), Ok(acquisition)) => Some(sliced::read(path, &mut ready, acquisition)?),
            (Some(_), Err(error)) => return Err(duplicate(error)),
            (None, _) => None,
        };
        let names = [names, ready::nuisance(&ready.names)].concat();
        let design = match confounds {
            Some(confounds) => ready.with(&confounds)?,
            None => ready,
        };
        return Ok(Columned {
            design,
            task: None,
            own_times,
            confounds: names,
            doubts: Vec::new(),
            why_no_column: Vec::new(),
            absent: Vec::new(),
            unmatched,
            measures,
            found,
        });
    }
    let acquisition = acquisition.as_ref().map_err(duplicate)?;
    let tr = acquisition.tr;
    let mut made = DesignSpec::new(acquisition.frame_times(), acquisition.tr);
    (made.hrf, made.drift) = (options.hrf.clone(), options.drift);
    made.own = options.hrf_file.as_ref().map(response::own).transpose()?;
    let (mut doubts, mut why_no_column, mut absent) = (Vec::new(), Vec::new(), Vec::new());
    if let Some(path) = &spec.events {
        let table = io::tsv::read(path)?;
        let end_s = n_volumes as f64 * tr + acquisition.start_time.min(0.0);
        let mut found = events(&table, options)?;
        let mut lost = Absent::of(&table, options.trial_type.as_deref());
        lost.left("without an onset or a duration", &found.events);
        if n_volumes > 1 {
            found.leave_out_after(&table.name, end_s)?; // of a single volume the design says more
        }
        lost.left("after the end of the run", &found.events);
        let (hrf, own) = (&made.hrf, made.own.as_ref());
        let span = design::odd::Span {
            first_s: acquisition.start_time,
            end_s,
            tr,
            hrf,
            own,
            on_grid: true,
        };
        let first_s = span.first_s.min(0.0); // slices may have earlier times
        let earliest = design::odd::Span { first_s, ..span };
        found.leave_out_over(&table.name, |event| earliest.is_over(event));
        lost.left("over before the run begins", &found.events);
        absent = lost.conditions();
        found.tell_unknown(&table.name);
        let odd = design::odd::odd(&table.name, &found.events, &span);
        odd.notes.iter().for_each(|note| watch.note(note));
        found.doubts.extend(odd.doubts);
        found.doubts.iter().for_each(|doubt| watch.warn(doubt));
        (made.events, made.modulators) = (found.events, found.modulators);
        (made.events_name, doubts) = (table.name, found.doubts);
        why_no_column = found.why_no_column;
    }
    if let Some(confounds) = confounds {
        made.confounds = confounds;
    }
    let (design, built, own_times) = Task::build(made, options.task_times, acquisition, known)?;
    if built.has_columns() {
        watch.note(&built.told(acquisition));
    }
    let task = Some(built);
    Ok(Columned {
        design,
        task,
        own_times,
        confounds: names,
        doubts,
        why_no_column,
        absent,
        unmatched,
        measures,
        found,
    })
}

/// The events of a table as the options have them read.
fn events(table: &Table, options: &DesignOptions) -> Result<Events> {
    let reading = Reading {
        conditions: options.trial_type.as_deref(),
        durations: &options.durations,
        modulate: &options.modulate,
        fixed_duration_s: options.hrf.fixed_duration(),
    };
    design::events::read(table, &reading)
}
