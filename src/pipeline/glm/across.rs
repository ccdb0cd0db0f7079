//! The contrasts of a command over its runs: which runs count for which, and what each of them weighs. A contrast is one thing in all
//! runs: a run that lacks a condition of it, or whose design does not determine it, is refused, or does not count where that is asked for, and that is said. What is asked of a
//! run by its name, `pain@run-2`, must be there.

use std::path::Path;

use ndarray::{Array2, Axis};
use serde_json::{Map as Fields, Value, json};

use super::modelled::Told;
use crate::design::contrast::{
    Columns, NamedContrast, OfSession, OverRuns, meant, parse_named, parse_over_runs,
};
use crate::error::{Error, Result};
use crate::io::bids::Name;
use crate::kernels::contrast::{Contrast, Prepared, Stat};
use crate::kernels::glm::Outline;
use crate::pipeline::combine::{Joining, Joint};
use crate::pipeline::inputs::{Run, display};
use crate::pipeline::spec::{Combining, GlmSpec};
use crate::pipeline::watch::Watch;

mod lacks;

/// A contrast and what each run gives of it.
pub(super) struct Asked {
    /// Which runs count, with which rows.
    pub(super) joint: Joint,
    /// `[run]`, prepared for its model; none where it does not count.
    pub(super) parts: Vec<Option<Prepared>>,
}

/// Columns of any of the runs, task first; no number of task columns where one run does not know its own.
pub(super) fn columns(runs: &[Run]) -> (Vec<String>, usize) {
    let task = runs.iter().flat_map(|run| &run.design.names[..run.design.n_task]);
    let others = runs.iter().flat_map(|run| &run.design.names[run.design.n_task..]);
    let (mut names, mut n_task): (Vec<String>, usize) = (Vec::new(), 0);
    for (name, is_task) in task.map(|name| (name, true)).chain(others.map(|name| (name, false))) {
        if !names.contains(name) {
            names.push(name.clone());
            n_task += usize::from(is_task);
        }
    }
    // Events may be none.
    let is_known = runs.iter().all(|run| run.design.n_task > 0 || run.task.is_some());
    (names, if is_known { n_task } else { 0 })
}

/// Every contrast of a command, t before F, over its runs with these models. `names`, `n_task`: as [`columns`] has them.
///
/// # Errors
/// Usage: what is no expression of the runs' columns; runs that are compared while their precision weighs them. Bad data: what no run's
/// design determines, or a run that is named does not.
pub(super) fn ask(
    spec: &GlmSpec,
    (names, n_task): (&[String], usize),
    runs: &[Run],
    models: &[Outline],
    watch: &dyn Watch,
) -> Result<Vec<Asked>> {
    let labels = labels(runs);
    let absent = absent(names, runs);
    let constants = constants(names, runs);
    let columns = Columns { names, n_task, absent: &absent, constants: &constants };
    let t = spec.contrasts.iter().map(|text| (Stat::T, text));
    let f = spec.f_contrasts.iter().map(|text| (Stat::F, text));
    let mut all = Vec::new();
    for (stat, text) in t.chain(f) {
        let NamedContrast { name, expression } = parse_named(text)?;
        refuse_unclear(&expression, &labels, runs)?;
        let over = parse_over_runs(&expression, &columns, &labels, stat == Stat::T);
        let over = over.map_err(|error| told_of(error, runs, |run| &run.why_no_column))?;
        if over.is_across && spec.combine == Combining::Precision {
            return Err(refuse_precision(&expression));
        }
        let (over, labels, skips_missing) = (&over, &labels[..], spec.skip_missing);
        let asking = Asking { name: &name, stat, over, names, runs, labels, skips_missing };
        all.push(match runs {
            [run] => asking.alone(run, &models[0])?,
            _ if over.is_across => asking.across(runs, models, watch)?,
            _ => asking.each(runs, models, watch)?,
        });
        let meant = meant(&expression, &columns);
        meant.notes.iter().for_each(|note| watch.note(note));
        meant.doubts.iter().for_each(|doubt| watch.warn(doubt));
    }
    Ok(all)
}

/// Columns that hold one value throughout in every run that has them.
fn constants(names: &[String], runs: &[Run]) -> Vec<String> {
    let varies = |run: &Run, name: &String| {
        let at = run.design.names.iter().position(|own| own == name);
        at.is_some_and(|at| {
            let column = run.design.matrix.column(at);
            column.iter().any(|value| *value != column[0])
        })
    };
    names.iter().filter(|name| !runs.iter().any(|run| varies(run, name))).cloned().collect()
}

/// Conditions that no run has a column of, each with why, of all runs whose events have it.
fn absent(names: &[String], runs: &[Run]) -> Vec<(String, String)> {
    let mut all: Vec<(String, String)> = Vec::new();
    for (name, why) in runs.iter().flat_map(|run| &run.absent) {
        match all.iter_mut().find(|(known, _)| known == name) {
            Some((_, known)) => known.push_str(&format!("; {why}")),
            None if names.contains(name) => {}
            None => all.push((name.clone(), why.clone())),
        }
    }
    all
}

/// What stands behind `@` for each run: `run-` with its run entity without leading zeros, where all have one of their own; else with its place, from 1. Before
/// it the session, where all have one, of which a run entity then is.
fn labels(runs: &[Run]) -> Vec<String> {
    let sessions: Option<Vec<String>> = runs.iter().map(|run| entity(&run.path, "ses-")).collect();
    let before = |at: usize| {
        sessions.as_ref().map_or(String::new(), |sessions| format!("ses-{}_", sessions[at]))
    };
    let by_name: Option<Vec<String>> = runs
        .iter()
        .enumerate()
        .map(|(at, run)| Some(format!("{}run-{}", before(at), run_entity(&run.path)?)))
        .collect();
    let is_own = |labels: &Vec<String>| {
        labels.iter().enumerate().all(|(at, label)| !labels[..at].contains(label))
    };
    let places = || (0..runs.len()).map(|at| format!("{}run-{}", before(at), at + 1)).collect();
    by_name.filter(is_own).unwrap_or_else(places)
}

fn entity(path: &Path, key: &str) -> Option<String> {
    let entities = Name::of(path).entities;
    entities.iter().find_map(|entity| entity.strip_prefix(key).map(str::to_owned))
}

/// The run entity of a file without leading zeros.
fn run_entity(path: &Path) -> Option<String> {
    let label = entity(path, "run-")?;
    let short = label.trim_start_matches('0').to_owned();
    Some(if short.is_empty() { "0".to_owned() } else { short })
}

/// That no `@run-N` of an expression is the place of one file and the run entity of others.
fn refuse_unclear(expression: &str, labels: &[String], runs: &[Run]) -> Result<()> {
    let entities: Vec<Option<String>> = runs.iter().map(|run| run_entity(&run.path)).collect();
    for named in expression.split("@run-").skip(1) {
        let label: String = named.chars().take_while(char::is_ascii_alphanumeric).collect();
        let is_named = |entity: &Option<String>| entity.as_ref() == Some(&label);
        let own_run = format!("run-{label}");
        let unlike = |(entity, own): (&Option<String>, &String)| {
            is_named(entity) && own.split('_').next_back() != Some(&own_run)
        };
        if !entities.iter().zip(labels).any(unlike) {
            continue;
        }
        let n_named = entities.iter().filter(|entity| is_named(entity)).count();
        let listed = labels.iter().zip(runs);
        let listed = listed.map(|(own, run)| format!("{own} is {}", display(&run.path)));
        return Err(Error::usage(
            format!("contrast `{expression}`"),
            format!("names run-{label}, which is {}", two_meanings(&own_run, labels, n_named)),
            "name each run clearly: files that do not all have a run- entity of their own are numbered by their place in the command",
            format!(
                "give the runs of one session alone, or files that differ in run-; the places: {}",
                listed.collect::<Vec<_>>().join(", ")
            ),
        ));
    }
    Ok(())
}

/// What `run-N` may mean where `n_named` files bear it and runs are called otherwise.
fn two_meanings(own_run: &str, labels: &[String], n_named: usize) -> String {
    let is_place = labels.iter().any(|own| own.split('_').next_back() == Some(own_run));
    match (n_named, is_place) {
        (1, true) => "the name of one file and the place of another".to_owned(),
        (1, false) => "the name of one file, and no place: runs go by their places here".to_owned(),
        (n, _) => format!("the name of {n} files"),
    }
}

/// An error of a contrast, with whose it is and what is doubted about its events.
fn of_runs(error: Error, runs: &[Run]) -> Error {
    told_of(error, runs, |run| &run.doubts)
}

/// The same with some of what is doubted.
fn told_of(error: Error, runs: &[Run], doubts: impl Fn(&Run) -> &Vec<String>) -> Error {
    let whose = match runs {
        [run] => display(&run.path),
        _ => format!("the {} runs", runs.len()),
    };
    let doubts = runs.iter().flat_map(doubts).map(String::as_str);
    error.of(&whose).with_hint(&doubts.take(lacks::LISTED).collect::<Vec<_>>().join("; "))
}

/// It would weigh the two sides of a difference apart.
fn refuse_precision(expression: &str) -> Error {
    Error::usage(
        format!("contrast `{expression}`"),
        "names runs, each of which counts as it says, and --combine precision weighs runs by how well they measure",
        "be combined by --combine mean, the default",
        "leave --combine out, or ask it in a command of its own",
    )
}

/// A contrast that is being asked.
struct Asking<'a> {
    name: &'a str,
    stat: Stat,
    over: &'a OverRuns,
    /// Columns of any run.
    names: &'a [String],
    runs: &'a [Run],
    labels: &'a [String],
    /// Whether runs that do not determine it may be left out of it.
    skips_missing: bool,
}

/// Rows of a contrast that weigh something in a run, prepared for its model.
type Part = (Vec<usize>, Prepared);

impl Asking<'_> {
    /// Of one run.
    fn alone(&self, run: &Run, model: &Outline) -> Result<Asked> {
        let rows = &self.over.of_mean + &self.over.of_runs[0];
        if let Some(lack) = self.lack(&rows, (run, model)).filter(|lack| !lack.lost.is_empty()) {
            return Err(Error::bad_data(
                format!("contrast '{}'", self.name),
                format!("is not estimable: {}", self.said(&lack, run)),
                "be of conditions that volumes which are kept have seen",
                "censor less strictly, leave the contrast out, or the run",
            ));
        }
        let (weights, _) = self.placed(&rows, model);
        let contrast = Contrast { name: self.name.to_owned(), stat: self.stat, weights };
        let prepared = Prepared::of(contrast, model);
        let prepared = prepared.map_err(|error| of_runs(error, std::slice::from_ref(run)))?;
        self.joined(vec![Some(((0..rows.nrows()).collect(), prepared))], Joining::Runs)
    }

    /// The same question to every run.
    fn each(&self, runs: &[Run], models: &[Outline], watch: &dyn Watch) -> Result<Asked> {
        let counts = self.counting(&self.over.of_mean, None, (runs, models), watch)?;
        let part = |(counts, model): (&bool, &Outline)| match counts {
            true => self.part(&self.over.of_mean, model),
            false => Ok(None),
        };
        let parts = counts.iter().zip(models).map(part).collect::<Result<Vec<_>>>()?;
        self.joined(parts, Joining::Runs)
    }

    /// A sum over runs of what each weighs in it.
    fn across(&self, runs: &[Run], models: &[Outline], watch: &dyn Watch) -> Result<Asked> {
        let OverRuns { of_mean, of_runs, of_sessions, .. } = self.over;
        let mut all = of_runs.clone();
        for (at, of_run) in runs.iter().zip(models).enumerate() {
            if let Some(lack) = self.lack(&all[at], of_run) {
                return Err(self.refuse_named(of_run.0, at, &lack));
            }
        }
        let of_sessions = of_sessions.iter().map(|session| (&session.weights, Some(session)));
        for (weights, session) in [(of_mean, None)].into_iter().chain(of_sessions) {
            if weights.iter().all(|w| *w == 0.0) {
                continue;
            }
            let counts = self.counting(weights, session, (runs, models), watch)?;
            let n = counts.iter().filter(|&&counts| counts).count().max(1) as f64;
            let counting = all.iter_mut().zip(&counts).filter(|(_, counts)| **counts);
            counting.for_each(|(rows, _)| rows.scaled_add(1.0 / n, weights));
        }
        let parts = all.iter().zip(models).map(|(rows, model)| self.part(rows, model));
        self.joined(parts.collect::<Result<_>>()?, Joining::Sum)
    }

    /// Rows `[row][column of any run]` as weights of a model, `[row][regressor]`, and the columns that it has not.
    fn placed(&self, rows: &Array2<f64>, model: &Outline) -> (Array2<f64>, Vec<String>) {
        let mut placed = Array2::zeros((rows.nrows(), model.names.len()));
        let mut missing = Vec::new();
        for (name, weights) in self.names.iter().zip(rows.columns()) {
            if weights.iter().all(|w| *w == 0.0) {
                continue;
            }
            match model.names.iter().position(|of_model| of_model == name) {
                Some(column) => placed.column_mut(column).assign(&weights),
                None => missing.push(name.clone()),
            }
        }
        (placed, missing)
    }

    /// The rows that weigh something in a run; none where none does.
    fn part(&self, rows: &Array2<f64>, model: &Outline) -> Result<Option<Part>> {
        let (placed, _) = self.placed(rows, model);
        let weighs = |row: &usize| placed.row(*row).iter().any(|w| *w != 0.0);
        let kept: Vec<usize> = (0..rows.nrows()).filter(weighs).collect();
        if kept.is_empty() {
            return Ok(None);
        }
        let weights = placed.select(Axis(0), &kept);
        let contrast = Contrast { name: self.name.to_owned(), stat: self.stat, weights };
        Ok(Some((kept, Prepared::of(contrast, model)?)))
    }

    /// The parts of the runs as one contrast.
    fn joined(&self, parts: Vec<Option<Part>>, joining: Joining) -> Result<Asked> {
        let n_rows = self.over.of_mean.nrows();
        let weighs = |row: usize| parts.iter().flatten().any(|(rows, _)| rows.contains(&row));
        if !(0..n_rows).all(weighs) {
            return Err(Error::usage(
                format!("contrast '{}'", self.name),
                "has a row whose terms cancel each other",
                "weigh one column of one run or more in each row",
                "",
            ));
        }
        let of_joint = |part: &Option<Part>| {
            part.as_ref().map(|(rows, one)| (rows.clone(), one.contrast.weights.clone()))
        };
        let weights: Vec<_> = parts.iter().map(of_joint).collect();
        let joint = Joint::new((self.name, self.stat, n_rows), &weights, joining)?;
        let parts = parts.into_iter().map(|part| part.map(|(_, prepared)| prepared)).collect();
        Ok(Asked { joint, parts })
    }
}

impl Asked {
    /// Whether it weighs a column in a run, whose model has it.
    pub(super) fn weighs(&self, at: usize, column: &str, model: &Outline) -> bool {
        let weights = self.parts[at].as_ref().map(|part| &part.contrast.weights);
        let place = model.names.iter().position(|name| name == column);
        weights.zip(place).is_some_and(|(all, place)| all.column(place).iter().any(|w| *w != 0.0))
    }

    /// What it weighs in a sidecar: columns by name with their weights, of F one such object a row; of runs that differ in it one
    /// entry a run, null for one that does not count. `models`: of the runs.
    pub(super) fn weights(&self, models: &[Told]) -> Value {
        let row = |names: &[String], weights: ndarray::ArrayView1<'_, f64>| -> Value {
            let weighed = names.iter().zip(weights).filter(|(_, weight)| **weight != 0.0);
            let weighed = weighed.map(|(name, weight)| (name.clone(), json!(weight)));
            weighed.collect::<Fields<_, _>>().into()
        };
        let of_run = |((part, rows), model): ((&Option<Prepared>, &Option<Vec<usize>>), &Told)| {
            let (Some(part), Some(rows)) = (part, rows) else { return Value::Null };
            let mut all = vec![Value::Object(Fields::new()); self.joint.n_rows];
            for (&at, weights) in rows.iter().zip(part.contrast.weights.rows()) {
                all[at] = row(&model.names, weights);
            }
            if self.joint.stat == Stat::T { all.remove(0) } else { Value::Array(all) }
        };
        let of_runs = self.parts.iter().zip(&self.joint.rows).zip(models).map(of_run);
        let mut of_runs: Vec<Value> = of_runs.collect();
        let is_one = of_runs.windows(2).all(|pair| pair[0] == pair[1]);
        if is_one { of_runs.remove(0) } else { Value::Array(of_runs) }
    }
}

/// Which runs count for which contrast, for the sidecar.
pub(super) fn resolved(asked: &[Asked], runs: &[Run]) -> Value {
    let of = |asked: &Asked| {
        let names: Vec<String> = asked.joint.runs().map(|at| runs[at].name()).collect();
        json!({ "name": asked.joint.name, "n_runs": names.len(), "runs": names })
    };
    asked.iter().map(of).collect()
}
