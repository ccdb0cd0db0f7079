//! The runs of a page: which column each has, its design, its motion.

use ndarray::{Array1, Array2};

use super::super::run_level::frame_times;
use super::super::unit::Unit;
use super::Plan;
use crate::design::censor::LeftOut;
use crate::error::Result;
use crate::io::{self, BoldFile};
use crate::maps::Entities;
use crate::pipeline::inputs::at_one_moment;
use crate::pipeline::provenance::Kind;
use crate::pipeline::spec::{Command, TaskTimes};
use crate::report::analysis::{Cell, Columns, Estimable, Motion, Row, RunPart};
use crate::stats::least_squares::LeastSquares;
use crate::table::Table;

const FD: &str = "framewise_displacement";

/// The table of runs and columns; and the runs, where they are shown.
///
/// # Errors
/// Those of reading their designs and confounds.
pub(super) fn of(plan: &Plan, runs: &[&Unit], are_shown: bool) -> Result<(Columns, Vec<RunPart>)> {
    let mut names: Vec<String> = Vec::new();
    let (mut parts, mut times) = (Vec::new(), Vec::new());
    for unit in runs {
        let own = Times::of(plan, unit)?;
        let part = part(plan, unit, own.as_ref())?;
        times.push(own);
        for name in &part.columns {
            if !names.contains(name) {
                names.push(name.clone());
            }
        }
        parts.push(part);
    }
    let row = |(part, times): (&RunPart, &Option<Times>)| {
        let cell = |name: &String| match part.columns.contains(name) {
            true if part.dependent.contains(name) => Cell::Dependent,
            true => Cell::Present,
            false => Cell::Missing,
        };
        Row {
            name: part.name.clone(),
            volumes: volumes(part.design.nrows(), times.as_ref()),
            tr_s: times.as_ref().map(|times| times.tr_s),
            origin: times.as_ref().map_or("–".to_owned(), |times| times.origin.clone()),
            left_out: part.left_out.clone(),
            cells: names.iter().map(cell).collect(),
        }
    };
    let rows = parts.iter().zip(&times).map(row).collect();
    if !are_shown {
        parts.clear();
    }
    Ok((Columns { names, rows }, parts))
}

/// When a run's volumes are, and its task columns are sampled.
struct Times {
    n_volumes: usize,
    tr_s: f64,
    /// In words.
    origin: String,
}

impl Times {
    /// None of a unit that fits no run.
    fn of(plan: &Plan, unit: &Unit) -> Result<Option<Times>> {
        let Command::Glm(spec) = &unit.command else { return Ok(None) };
        let run = &spec.runs[0];
        let bold = BoldFile::open(&run.bold)?;
        let acquisition = io::volume_times(&bold, &io::sidecar::find(&run.bold, None)?, run.tr)?;
        let asked = plan.spec.fit.task_times;
        let first_s = frame_times(asked, &acquisition)?.first().copied().unwrap_or(0.0);
        let settled = if asked == TaskTimes::Auto { TaskTimes::Metadata } else { asked };
        let origin = at_one_moment(settled, first_s, acquisition.tr);
        Ok(Some(Times { n_volumes: bold.n_volumes, tr_s: acquisition.tr, origin }))
    }
}

/// Those that are fitted, of those that there are.
fn volumes(n: usize, times: Option<&Times>) -> String {
    times.map_or(n.to_string(), |times| format!("{n} of {}", times.n_volumes))
}

fn part(plan: &Plan, unit: &Unit, times: Option<&Times>) -> Result<RunPart> {
    let Command::Glm(spec) = &unit.command else { return Ok(empty(unit)) };
    let bold = &spec.runs[0].bold;
    let run = plan.found.runs.iter().find(|run| run.bold == *bold);
    let made = unit.layout.path(Kind::Table, &Entities::of("design"), ".tsv");
    let given = spec.runs[0].design.as_ref().filter(|path| path.is_file());
    let path = if made.is_file() { Some(&made) } else { given };
    let (columns, design) = match path {
        Some(path) => matrix(&io::tsv::read(path)?),
        None => (unit.columns.clone(), Array2::zeros((0, unit.columns.len()))),
    };
    let confounds = run.and_then(|run| run.confounds.as_ref());
    let fd = confounds.map(|path| io::tsv::read(path)).transpose()?.as_ref().and_then(displacement);
    let motion = fd.map(|fd_mm| Motion {
        fd_mm,
        most_mm: plan.spec.fit.censor.as_ref().and_then(|rules| rules.fd),
        tr_s: times.map(|times| times.tr_s),
    });
    let solved = (design.nrows() > 0).then(|| LeastSquares::new(design.view())).transpose()?;
    let dependent = solved.as_ref().map_or(Vec::new(), LeastSquares::dependent_columns);
    let estimable = unit.asked.iter().map(|asked| {
        let variance = |row: &Vec<f64>| {
            let mut w = Array1::zeros(columns.len());
            row.iter().zip(w.iter_mut()).for_each(|(own, w): (&f64, &mut f64)| *w = *own);
            solved.as_ref().map_or(f64::NAN, |solved| w.dot(&solved.xtx_inv.dot(&w)))
        };
        (asked.name.clone(), Estimable::Yes(asked.weights.iter().map(variance).collect()))
    });
    // A contrast that was left out of a run says so in a sentence of the unit.
    let not_asked = unit.left_out.iter().filter_map(|line| {
        let (name, why) = line.strip_prefix("contrast ")?.rsplit_once(", ")?;
        Some((name.to_owned(), Estimable::No(why.to_owned())))
    });
    let mut facts = vec![
        ("Image", bold.file_name().unwrap_or_default().to_string_lossy().into_owned()),
        ("Volumes", volumes(design.nrows(), times)),
    ];
    if let Some(times) = times {
        facts.push(("Repetition time", format!("{} s", times.tr_s)));
        facts.push(("Origin of frame times", times.origin.clone()));
    }
    facts.push(("Columns", columns.len().to_string()));
    Ok(RunPart {
        estimable: estimable.chain(not_asked).collect(),
        dependent: dependent.into_iter().map(|at| columns[at].clone()).collect(),
        facts: facts.into_iter().map(|(name, value)| (name.to_owned(), value)).collect(),
        left_out: left_out(unit)?,
        design,
        motion,
        columns,
        ..empty(unit)
    })
}

/// The volumes that the finished fit of a run left out, from 0, and why; none where it is not finished.
fn left_out(unit: &Unit) -> Result<Vec<(usize, String)>> {
    let sidecar = super::read(unit)?;
    let resolved = sidecar.as_ref().and_then(|sidecar| sidecar.provenance.resolved.get("runs"));
    let listed = resolved.and_then(|runs| runs.get(0)?.get("censored").cloned());
    // What another version says otherwise is not shown.
    let all: Vec<LeftOut> =
        listed.and_then(|all| serde_json::from_value(all).ok()).unwrap_or_default();
    Ok(all.into_iter().map(|left| (left.volume, left.reasons.join(", "))).collect())
}

/// A run of which nothing is known but its name.
fn empty(unit: &Unit) -> RunPart {
    RunPart {
        name: unit.name(),
        facts: Vec::new(),
        columns: Vec::new(),
        design: Array2::zeros((0, 0)),
        dependent: Vec::new(),
        estimable: Vec::new(),
        motion: None,
        left_out: Vec::new(),
    }
}

/// A table of numbers as its columns and `[row][column]`.
fn matrix(table: &Table) -> (Vec<String>, Array2<f64>) {
    let cell = |(row, column): (usize, usize)| table.rows[row][column].parse().unwrap_or(f64::NAN);
    (table.columns.clone(), Array2::from_shape_fn((table.rows.len(), table.columns.len()), cell))
}

/// Framewise displacement in mm, 0 where it is n/a; none where the table has none.
fn displacement(table: &Table) -> Option<Vec<f64>> {
    let at = table.position(FD)?;
    Some(table.rows.iter().map(|row| row[at].parse().unwrap_or(0.0)).collect())
}
