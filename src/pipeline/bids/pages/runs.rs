//! The runs of a page: which column each has, its design, its motion.

use ndarray::{Array1, Array2};

use super::super::recorded;
use super::super::unit::{self, Asked, OfRun, Unasked, Unit};
use super::Plan;
use super::fitted;
use super::physiology::{self, When};
use crate::design::censor::Measures;
use crate::error::Result;
use crate::io;
use crate::maps::Entities;
use crate::pipeline::provenance::Kind;
use crate::pipeline::spec::Command;
use crate::report::analysis::{Cell, Columns, Estimable, Motion, Row, RunPart};
use crate::report::group::Listing;
use crate::stats::least_squares::LeastSquares;

/// The table of runs and columns, those that are not fitted among them; and the runs, where they are shown.
///
/// # Errors
/// Those of reading their designs and confounds.
pub(super) fn of(
    plan: &Plan,
    (runs, unasked): (&[&Unit], &[&Unasked]),
    is_done: &dyn Fn(&Unit) -> bool,
    are_shown: bool,
) -> Result<(Columns, Vec<RunPart>)> {
    let mut parts = Vec::new();
    for unit in runs {
        parts.push(part(plan, unit)?);
    }
    let has = parts.iter().flat_map(|part| &part.columns);
    let has = has.chain(unasked.iter().flat_map(|run| &run.columns));
    let lacks = runs.iter().filter_map(|unit| unit.run.as_ref());
    let lacks = lacks.chain(unasked.iter().map(|run| &run.run)).flat_map(|run| &run.missing);
    let mut names: Vec<String> = Vec::new();
    for name in has.chain(lacks) {
        if !names.contains(name) {
            names.push(name.clone());
        }
    }
    let fitted = parts.iter().zip(runs).map(|(part, unit)| {
        let (name, n) = match is_done(unit) {
            true => (part.name.clone(), part.design.nrows()),
            false => (format!("{} (not fitted)", part.name), 0),
        };
        let known = (unit.run.as_ref(), n);
        let row = row(&name, (&part.columns, &part.dependent), known, &names);
        Row { left_out: part.left_out.clone(), ..row }
    });
    let others = unasked.iter().map(|run| {
        let name = format!("{} (not fitted)", run.name());
        row(&name, (&run.columns, &[]), (Some(&run.run), 0), &names)
    });
    let rows = fitted.chain(others).collect();
    if !are_shown {
        parts.clear();
    }
    Ok((Columns { names, rows }, parts))
}

/// A run of the table: its own columns and those of them that depend on others, what is known of it, and how many volumes are fitted.
fn row(
    name: &str,
    (own, dependent): (&[String], &[String]),
    (known, n): (Option<&OfRun>, usize),
    names: &[String],
) -> Row {
    let missing = known.map_or(&[][..], |known| &known.missing);
    let cell = |name: &String| match own.contains(name) {
        true if dependent.contains(name) => Cell::Dependent,
        true => Cell::Present,
        false if missing.contains(name) => Cell::LeftOut("dropped: the run lacks it".to_owned()),
        false => Cell::Missing,
    };
    Row {
        name: name.to_owned(),
        volumes: volumes(n, known),
        tr_s: known.map(|known| known.tr_s),
        origin: known.map_or("–".to_owned(), |known| known.origin.clone()),
        left_out: Vec::new(),
        cells: names.iter().map(cell).collect(),
    }
}

/// Those that are fitted, of those that there are.
fn volumes(n: usize, known: Option<&OfRun>) -> String {
    known.map_or(n.to_string(), |known| format!("{n} of {}", known.n_volumes))
}

fn part(plan: &Plan, unit: &Unit) -> Result<RunPart> {
    let Command::Glm(spec) = &unit.command else { return Ok(empty(unit)) };
    let (bold, known) = (&spec.runs[0].bold, unit.run.as_ref());
    let run = plan.found.runs.iter().find(|run| run.bold == *bold);
    let sidecar = recorded::read(unit)?;
    let left_out = sidecar.as_ref().map_or_else(Vec::new, recorded::left_out);
    let (columns, design) = fitted::of(unit, spec, &left_out)?;
    let confounds = run.and_then(|run| run.confounds.as_ref());
    let table = confounds.map(|path| io::tsv::read(path)).transpose()?;
    // What of a table cannot be read as motion is not drawn.
    let known_of = |table| Measures::of(std::slice::from_ref(table)).ok();
    let measures = table.as_ref().and_then(known_of).map(|(measures, _)| measures);
    let Measures { fd, motion: parameters, .. } = measures.unwrap_or_default();
    let motion = fd.map(|fd_mm| Motion {
        fd_mm,
        parameters,
        most_mm: plan.spec.fit.censor.as_ref().and_then(|rules| rules.fd),
        tr_s: known.map(|known| known.tr_s),
    });
    let solved = (design.nrows() > 0).then(|| LeastSquares::new(design.view())).transpose()?;
    let dependent = solved.as_ref().map_or(Vec::new(), LeastSquares::dependent_columns);
    let estimable = unit
        .asked
        .iter()
        .map(|asked| (asked.name.clone(), told(asked, &unit.columns, (&columns, solved.as_ref()))));
    // A contrast that was left out of a run says so in a sentence of the unit.
    let not_asked = unit.left_out.iter().filter_map(|line| {
        let (name, why) = line.strip_prefix("contrast ")?.rsplit_once(", ")?;
        Some((name.to_owned(), Estimable::No(why.to_owned())))
    });
    let mut facts = vec![
        ("Image", bold.file_name().unwrap_or_default().to_string_lossy().into_owned()),
        ("Volumes", volumes(design.nrows(), known)),
    ];
    if let Some(known) = known {
        facts.push(("Repetition time", format!("{} s", known.tr_s)));
        facts.push(("Origin of frame times", known.origin.clone()));
    }
    facts.push(("Columns", columns.len().to_string()));
    if let Some(of_slices) = known.and_then(fitted::of_slices) {
        facts.push(("Columns at each slice's own time", of_slices));
    }
    // Those of recordings at slices' own times are in no table of columns.
    if let (false, Some((when, n))) =
        (plan.spec.fit.physio.is_none(), sidecar.as_ref().and_then(physiology::of_run))
    {
        let said = match &when {
            When::OfSlices => format!(
                "{n} more of pulse and breathing at each slice's own time, fitted with these and neither drawn nor counted in the variances of contrasts here"
            ),
            When::OfVolumes(at) => format!(
                "{n} of these columns, at one moment of each volume ({at}), for the image was resampled"
            ),
        };
        facts.push(("Pulse and breathing", said));
    }
    Ok(RunPart {
        estimable: estimable.chain(not_asked).collect(),
        dependent: dependent.into_iter().map(|at| columns[at].clone()).collect(),
        facts: facts.into_iter().map(|(name, value)| (name.to_owned(), value)).collect(),
        left_out,
        recordings: recordings(plan, unit),
        regions: regions(unit)?,
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
        recordings: None,
        regions: Vec::new(),
    }
}

/// The means of regions in a run, of each contrast that has a table of them.
fn regions(unit: &Unit) -> Result<Vec<(String, Listing)>> {
    let mut all = Vec::new();
    for label in unit::labels(&unit.asked)? {
        let name = Entities::of("regions").with("contrast", &label);
        all.extend(super::corrected::listed(&unit.layout.path(Kind::Table, &name, ".tsv"))?);
    }
    Ok(all)
}

/// The page of a run's pulse and breathing, from where pages of subjects and nodes lie.
fn recordings(plan: &Plan, unit: &Unit) -> Option<String> {
    let entities = Entities::of("qc").with("desc", "retroicor");
    let page = unit.layout.path(Kind::Page, &entities, ".html");
    page.is_file().then(|| super::address(plan, &page))
}

/// Whether a run's design, with these columns, tells a contrast that weighs columns of the plan, and how well.
fn told(
    asked: &Asked,
    planned: &[String],
    (columns, solved): (&[String], Option<&LeastSquares>),
) -> Estimable {
    let Some(solved) = solved else {
        return Estimable::Yes(vec![f64::NAN; asked.weights.len()]);
    };
    let mut variances = Vec::with_capacity(asked.weights.len());
    for row in &asked.weights {
        let mut w = Array1::zeros(columns.len());
        for (name, weight) in planned.iter().zip(row).filter(|(_, weight)| **weight != 0.0) {
            match columns.iter().position(|own| own == name) {
                Some(at) => w[at] = *weight,
                None => return Estimable::No(format!("the design has no column {name}")),
            }
        }
        if !solved.is_estimable(w.view()) {
            return Estimable::No("its columns cannot be told apart in what was fitted".to_owned());
        }
        variances.push(w.dot(&solved.xtx_inv.dot(&w)));
    }
    Estimable::Yes(variances)
}
