//! The design matrix: task, confounds, drift and constant, with a name for each column.

use super::confounds::{self, Confounds};
use super::drift::{self, Drift};
use super::events::{self, Event};
use super::hrf::{self, Frames, Response, Sampled};
use super::modulation::Modulator;
use super::{number, quoted};
use crate::error::{Error, Result};
use crate::table::Table;
use ndarray::{Array1, Array2, Axis, concatenate};
use std::collections::{BTreeMap, HashSet};

/// A design matrix with named columns.
#[derive(Debug, Clone, PartialEq)]
pub struct Design {
    /// One unique name for each column.
    pub names: Vec<String>,
    /// `[volume][regressor]`.
    pub matrix: Array2<f64>,
    /// How many columns, the first ones, were made from events; 0 of a ready design.
    pub n_task: usize,
}

/// What a design is built from.
#[derive(Debug, Clone, PartialEq)]
pub struct DesignSpec {
    /// Seconds at which the columns are evaluated, one for each volume (`Acquisition::frame_times`).
    pub frame_times: Vec<f64>,
    /// Repetition time in seconds.
    pub tr: f64,
    /// Events of all conditions; none gives no task columns.
    pub events: Vec<Event>,
    /// Columns that vary the height of a condition's response.
    pub modulators: Vec<Modulator>,
    /// What messages call the events: the file name.
    pub events_name: String,
    /// The response.
    pub hrf: Response,
    /// The samples of a response of one's own.
    pub own: Option<Sampled>,
    /// The drift.
    pub drift: Drift,
    /// The confounds, one row for each volume.
    pub confounds: Confounds,
}

impl DesignSpec {
    /// Defaults for these frames: no events, SPM's response without derivatives sampled at the frame times, cosine drift
    /// at 128 s, no confounds.
    #[must_use]
    pub fn new(frame_times: Vec<f64>, tr: f64) -> DesignSpec {
        DesignSpec {
            confounds: Confounds::none(frame_times.len()),
            frame_times,
            tr,
            events: Vec::new(),
            modulators: Vec::new(),
            events_name: "events".into(),
            hrf: Response::default(),
            own: None,
            drift: Drift::default(),
        }
    }
}

/// Build the matrix: task columns sorted by condition, confounds, `drift_1..`, `constant`.
///
/// # Errors
/// Usage: drift on top of `cosine*` confounds, or a drift that saturates the run. Bad data: impossible frame times or TR; an
/// event wholly after the run; confounds of another number of rows; two columns of one name; as many columns as volumes.
pub fn build(spec: &DesignSpec) -> Result<Design> {
    let n_volumes = spec.frame_times.len();
    check_frames(spec)?;
    refuse_two_drifts(spec)?;
    let end = spec.frame_times.last().copied().unwrap_or(0.0) + spec.tr;
    events::check_within(&spec.events_name, &spec.events, end)?;
    if spec.confounds.values.nrows() != n_volumes {
        return Err(Error::bad_data(
            "the confounds table",
            format!(
                "has {} rows but the run has {n_volumes} volumes",
                spec.confounds.values.nrows()
            ),
            "have one row for each volume",
            "drop the same dummy scans from both",
        ));
    }
    let (mut names, task) = task_columns(spec)?;
    let n_task = names.len();
    let mut parts = vec![task];
    names.extend(spec.confounds.names.iter().cloned());
    parts.push(spec.confounds.values.clone());
    let drift = drift::columns_from(spec.drift, n_volumes, spec.tr, spec.frame_times[0])?;
    names.extend((1..=drift.ncols()).map(|k| format!("drift_{k}")));
    parts.push(drift);
    names.push("constant".into());
    parts.push(Array1::ones(n_volumes).insert_axis(Axis(1)));
    let matrix = joined(&parts)?;
    checked("the design", Design { names, matrix, n_task })
}

/// Names and columns of the task alone, `[volume][column]`, at the frame times of a design.
///
/// # Errors
/// As [`build`], of events and response.
pub fn task_columns(spec: &DesignSpec) -> Result<(Vec<String>, Array2<f64>)> {
    check_frames(spec)?;
    let mut names = Vec::new();
    let mut parts = vec![Array2::zeros((spec.frame_times.len(), 0))];
    for (condition, which) in conditions(&spec.events) {
        let (own, columns) = task(spec, condition, &which)?;
        names.extend(own);
        parts.push(columns);
    }
    Ok((names, joined(&parts)?))
}

/// The events of each condition, by their place.
pub(super) fn conditions(events: &[Event]) -> BTreeMap<&str, Vec<usize>> {
    let mut conditions: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (at, event) in events.iter().enumerate() {
        conditions.entry(&event.trial_type).or_default().push(at);
    }
    conditions
}

/// The columns of a condition, `[volume][column]`: its response, then its modulators.
fn task(spec: &DesignSpec, condition: &str, which: &[usize]) -> Result<(Vec<String>, Array2<f64>)> {
    let events: Vec<&Event> = which.iter().map(|&at| &spec.events[at]).collect();
    let frames = Frames { times: &spec.frame_times, tr: spec.tr };
    let columns = |events: &[&Event]| spec.hrf.columns(events, &frames, spec.own.as_ref());
    let suffixed = |name: &str| -> Vec<String> {
        spec.hrf.suffixes().iter().map(|suffix| format!("{name}{suffix}")).collect()
    };
    let (mut names, mut whole) = (suffixed(condition), columns(&events)?);
    let amplitudes: Vec<f64> = events.iter().map(|event| event.amplitude).collect();
    for Modulator { of, values } in spec.modulators.iter().filter(|m| m.of.condition == condition) {
        let values: Vec<f64> = which.iter().map(|&at| values[at]).collect();
        let heights = of.heights(&values, &amplitudes).map_err(|e| e.of(&spec.events_name))?;
        for (power, heights) in (1..).zip(heights) {
            let tall = |(event, amplitude): (&&Event, f64)| Event { amplitude, ..(*event).clone() };
            let varied: Vec<Event> = events.iter().zip(heights).map(tall).collect();
            let own = columns(&varied.iter().collect::<Vec<_>>())?;
            names.extend(suffixed(&of.name(power)));
            let before = whole.ncols();
            whole = joined(&[whole, own])?;
            if of.orthogonal {
                whole = orthogonal_from(&whole, before);
            }
        }
    }
    Ok((names, whole))
}

/// Columns from `first` on less their projection on all that stand before them.
fn orthogonal_from(columns: &Array2<f64>, first: usize) -> Array2<f64> {
    let mut all: Vec<Vec<f64>> = columns.columns().into_iter().map(|c| c.to_vec()).collect();
    // Those before may overlap among themselves: a basis of what they span is needed.
    let mut basis = all.clone();
    hrf::orthogonalise(&mut basis);
    hrf::orthogonalise(&mut basis);
    all.splice(first.., basis.drain(first..));
    Array2::from_shape_fn(columns.dim(), |(v, c)| all[c][v])
}

fn joined(parts: &[Array2<f64>]) -> Result<Array2<f64>> {
    let views: Vec<_> = parts.iter().map(|part| part.view()).collect();
    concatenate(Axis(1), &views).map_err(|e| {
        Error::internal("the design", "has parts of different lengths", "", "").caused_by(e)
    })
}

/// A ready matrix: every column of the table, which must be numbers.
///
/// # Errors
/// Bad data: another number of rows than volumes; a cell that is no number or `n/a`; a column without a name or with one
/// that stands twice; as many columns as volumes.
pub fn from_table(table: &Table, n_volumes: usize) -> Result<Design> {
    confounds::number_of_rows(table, n_volumes)?;
    let mut matrix = Array2::zeros((n_volumes, table.columns.len()));
    for (column, name) in table.columns.iter().enumerate() {
        if name.trim().is_empty() {
            return Err(Error::bad_data(
                table.name.clone(),
                format!("has no name for column {}", column + 1),
                "name every column",
                "leave the index out when writing it with pandas: to_csv(..., index=False)",
            ));
        }
        for row in 0..n_volumes {
            matrix[[row, column]] = number::cell(table, row, column)?.ok_or_else(|| {
                number::bad_cell(table, row, column, "be a number", number::OR_LEAVE_OUT)
            })?;
        }
    }
    checked(&table.name, Design { names: table.columns.clone(), matrix, n_task: 0 })
}

impl Design {
    /// This design followed by confound columns.
    ///
    /// # Errors
    /// Bad data: another number of rows, or a name that is already a column.
    pub fn with(self, confounds: &Confounds) -> Result<Design> {
        if let Some(twice) = confounds.names.iter().find(|name| self.names.contains(name)) {
            return Err(Error::bad_data(
                format!("confound column `{}`", quoted::short(twice)),
                "is already a column of the design",
                "be in one of them",
                "leave it out of --columns",
            ));
        }
        let views = [self.matrix.view(), confounds.values.view()];
        let matrix = concatenate(Axis(1), &views).map_err(|cause| {
            Error::bad_data(
                "the confounds table",
                format!("has {} rows", confounds.values.nrows()),
                format!("have {} like the design", self.matrix.nrows()),
                "drop the same dummy scans from both",
            )
            .caused_by(cause)
        })?;
        let names = self.names.into_iter().chain(confounds.names.iter().cloned()).collect();
        checked("the design", Design { names, matrix, n_task: self.n_task })
    }

    /// The matrix as a BIDS table; each number in the shortest form that reads back as the same double.
    #[must_use]
    pub fn to_table(&self, name: &str) -> Table {
        Table {
            name: name.into(),
            columns: self.names.clone(),
            rows: self
                .matrix
                .rows()
                .into_iter()
                .map(|r| r.iter().map(shortest).collect())
                .collect(),
        }
    }
}

/// The shortest text that reads back as the same double, but for the sign of zero.
fn shortest(value: &f64) -> String {
    let text = format!("{:?}", value + 0.0);
    text.strip_suffix(".0").map_or(text.clone(), str::to_string)
}

fn check_frames(spec: &DesignSpec) -> Result<()> {
    let times = &spec.frame_times;
    let bad = |found: String, hint: &str| {
        Err(Error::bad_data("the run", found, "have two volumes or more at rising times", hint))
    };
    // Outside these the sampled response has no points, or more than memory holds.
    if !(0.01..=100.0).contains(&spec.tr) {
        return Err(Error::bad_data(
            "the repetition time",
            format!("is {} s", spec.tr),
            "lie between 0.01 and 100 s",
            "give it in seconds, with --tr",
        ));
    }
    if times.len() < 2 {
        return bad(format!("has {} volumes", times.len()), "");
    }
    if times.iter().any(|t| t.is_nan() || t.abs() > 1e6) {
        return bad("has frame times beyond a million seconds".into(), "check StartTime");
    }
    if times.windows(2).any(|w| w[1] - w[0] < 0.01) {
        return bad("has frame times that do not rise by 0.01 s or more".into(), "check the TR");
    }
    Ok(())
}

fn refuse_two_drifts(spec: &DesignSpec) -> Result<()> {
    let cosine = spec.confounds.names.iter().find(|name| name.starts_with("cosine"));
    match cosine {
        Some(name) if spec.drift != Drift::None => Err(Error::usage(
            format!("confound {name}"),
            "is a drift column, and so are the drift_1.. that boldly adds",
            "not model drift twice",
            "take --drift none, or leave cosine* out of --columns",
        )),
        _ => Ok(()),
    }
}

/// Squares of what lies within these fit f64, and so do their sums.
const MAGNITUDES: std::ops::RangeInclusive<f64> = 1e-100..=1e100;

/// What holds for every design.
fn checked(thing: &str, design: Design) -> Result<Design> {
    let mut seen = HashSet::new();
    if let Some(name) = design.names.iter().find(|name| !seen.insert(name.as_str())) {
        return Err(Error::bad_data(
            thing,
            format!("has two columns named `{name}`"),
            "have unique names",
            "rename the condition or the confound",
        ));
    }
    let (n_volumes, columns) = design.matrix.dim();
    if columns == 0 {
        return Err(Error::bad_data(thing, "has no columns", "have one or more", ""));
    }
    if columns >= n_volumes {
        return Err(Error::bad_data(
            thing,
            format!("has {columns} columns for {n_volumes} volumes"),
            "have fewer columns than volumes",
            "choose fewer confounds or a longer drift cutoff",
        ));
    }
    for (name, column) in design.names.iter().zip(design.matrix.columns()) {
        let larger = |most: f64, value: &f64| {
            if value.is_nan() { f64::INFINITY } else { most.max(value.abs()) }
        };
        let largest = column.iter().fold(0.0, larger);
        if largest != 0.0 && !MAGNITUDES.contains(&largest) {
            return Err(Error::bad_data(
                format!("column `{}` of {thing}", quoted::short(name)),
                format!("has the largest magnitude {largest:e}"),
                format!("lie between {:e} and {:e}, or be 0", MAGNITUDES.start(), MAGNITUDES.end()),
                "check how it was made, or leave it out",
            ));
        }
    }
    Ok(design)
}
