//! The runs of a page: which column each has, its design, its motion.

use ndarray::{Array1, Array2};

use super::super::unit::Unit;
use super::Plan;
use crate::error::Result;
use crate::io;
use crate::maps::Entities;
use crate::pipeline::provenance::Kind;
use crate::pipeline::spec::Command;
use crate::report::analysis::{Cell, Columns, Estimable, Motion, RunPart};
use crate::stats::least_squares::LeastSquares;
use crate::table::Table;

const FD: &str = "framewise_displacement";

/// The table of runs and columns; and the runs, where they are shown.
///
/// # Errors
/// Those of reading their designs and confounds.
pub(super) fn of(plan: &Plan, runs: &[&Unit], are_shown: bool) -> Result<(Columns, Vec<RunPart>)> {
    let mut names: Vec<String> = Vec::new();
    let mut parts = Vec::new();
    for unit in runs {
        let part = part(plan, unit)?;
        for name in &part.columns {
            if !names.contains(name) {
                names.push(name.clone());
            }
        }
        parts.push(part);
    }
    let row = |part: &RunPart| {
        let cell = |name: &String| match part.columns.contains(name) {
            true if part.dependent.contains(name) => Cell::Dependent,
            true => Cell::Present,
            false => Cell::Missing,
        };
        (part.name.clone(), names.iter().map(cell).collect())
    };
    let rows = parts.iter().map(row).collect();
    if !are_shown {
        parts.clear();
    }
    Ok((Columns { names, rows }, parts))
}

fn part(plan: &Plan, unit: &Unit) -> Result<RunPart> {
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
        tr_s: spec.runs[0].tr,
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
    let facts = [
        ("Image", bold.file_name().unwrap_or_default().to_string_lossy().into_owned()),
        ("Volumes", design.nrows().to_string()),
        ("Columns", columns.len().to_string()),
    ];
    Ok(RunPart {
        estimable: estimable.collect(),
        dependent: dependent.into_iter().map(|at| columns[at].clone()).collect(),
        facts: facts.into_iter().map(|(name, value)| (name.to_owned(), value)).collect(),
        design,
        motion,
        columns,
        ..empty(unit)
    })
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
