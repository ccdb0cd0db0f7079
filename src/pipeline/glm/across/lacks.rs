//! Which runs do not count for a contrast, and why.

use ndarray::Array2;

use super::{Asking, OfSession};
use crate::design::similar;
use crate::error::{Error, Result};
use crate::kernels::glm::Outline;
use crate::pipeline::inputs::{Run, display};
use crate::pipeline::watch::Watch;

/// Reasons that a message lists.
pub(super) const LISTED: usize = 5;

/// Why a run does not count.
pub(super) struct Lack {
    /// Columns that it has not.
    missing: Vec<String>,
    /// Columns that censoring took.
    pub(super) lost: Vec<String>,
    /// Columns that depend on each other, where it has all.
    dependent: Vec<String>,
    /// How many rows it could have answered.
    n_rows: usize,
}

impl Asking<'_> {
    /// Which runs, of a session or of all, determine these rows `[row][column of any run]`: all, or one or more where the others may be
    /// skipped, which is said.
    pub(super) fn counting(
        &self,
        rows: &Array2<f64>,
        session: Option<&OfSession>,
        (runs, models): (&[Run], &[Outline]),
        watch: &dyn Watch,
    ) -> Result<Vec<bool>> {
        let is_asked = |at: usize| session.is_none_or(|session| session.runs.contains(&at));
        let of_runs = runs.iter().zip(models).enumerate();
        let lacks = of_runs.map(|(at, of_run)| is_asked(at).then(|| self.lack(rows, of_run)));
        let lacks: Vec<Option<Option<Lack>>> = lacks.collect();
        let counts: Vec<bool> = lacks.iter().map(|lack| matches!(lack, Some(None))).collect();
        let n = counts.iter().filter(|&&counts| counts).count();
        let of = lacks.iter().flatten().count();
        if n == of {
            return Ok(counts);
        }
        let lacks: Vec<Option<Lack>> = lacks.into_iter().map(Option::flatten).collect();
        let of_session = session.map_or(String::new(), |session| format!(" of {}", session.name));
        let why = |(run, lack): (&Run, &Option<Lack>)| {
            let lack = lack.as_ref()?;
            let said = self.said(lack, run);
            Some(match lack.n_rows {
                0 => said,
                n => format!("{said}, and {n} of {} rows would be another F", rows.nrows()),
            })
        };
        let why: Vec<String> = runs.iter().zip(&lacks).filter_map(why).collect();
        let more = if why.len() > LISTED { "; ..." } else { "" };
        let why = format!("{}{more}", why[..why.len().min(LISTED)].join("; "));
        if n == 0 {
            let error = Error::bad_data(
                format!("contrast '{}'", self.name),
                format!("is not estimable in any{of_session}: {why}"),
                "have all its conditions in one run or more",
                format!(
                    "conditions of different runs are compared by the runs' names, as a@{} - b@{}",
                    self.labels[0],
                    self.labels[runs.len() - 1]
                ),
            );
            return Err(super::of_runs(error, runs));
        }
        let name = self.name;
        if !self.skips_missing {
            let named = counts.iter().position(|&counts| counts).unwrap_or_default();
            let error = Error::bad_data(
                format!("contrast '{name}'"),
                format!("is estimable in {n} of {of} runs{of_session}: {why}"),
                "be estimable in every run",
                format!(
                    "--skip-missing takes it over the runs that have its conditions; or name runs, as in pain@{}; or leave the run out",
                    self.labels[named]
                ),
            );
            return Err(super::of_runs(error, runs));
        }
        let what = match (self.over.is_across, session) {
            (false, _) => format!("contrast '{name}' is that of"),
            (true, None) => format!("what names no run in contrast '{name}' is that of"),
            (true, Some(session)) => {
                format!("what names {} in contrast '{name}' is that of", session.name)
            }
        };
        watch.warn(&format!(
            "{what} {n} of {of} runs{of_session}, with their variance and degrees of freedom: {why}"
        ));
        Ok(counts)
    }

    /// What a run lacks to determine rows `[row][column of any run]` by its model; none where it lacks nothing.
    pub(super) fn lack(&self, rows: &Array2<f64>, (run, model): (&Run, &Outline)) -> Option<Lack> {
        let (weights, missing) = self.placed(rows, model);
        let weighs = |name: &String| {
            let at = self.names.iter().position(|own| own == name);
            at.is_some_and(|at| rows.column(at).iter().any(|w| *w != 0.0))
        };
        let lost: Vec<String> = run.lost.iter().filter(|name| weighs(name)).cloned().collect();
        let determined = |row: usize| {
            let mut weighed = rows.row(row).into_iter().zip(self.names).filter(|(w, _)| **w != 0.0);
            let is_there = weighed.all(|(_, name)| !missing.contains(name) && !lost.contains(name));
            let weights = weights.row(row);
            let is_zero = weights.iter().all(|w| *w == 0.0);
            is_there && (is_zero || model.is_estimable(weights))
        };
        let n_rows = (0..rows.nrows()).filter(|&row| determined(row)).count();
        let dependent = || model.rank_deficiency().unwrap_or_default();
        (n_rows < rows.nrows()).then(|| Lack {
            missing,
            lost: lost.clone(),
            dependent: dependent(),
            n_rows,
        })
    }

    /// Why a run lacks it, in words.
    pub(super) fn said(&self, lack: &Lack, run: &Run) -> String {
        let path = display(&run.path);
        let quoted = |names: &[String]| {
            names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
        };
        if !lack.lost.is_empty() {
            let (n_left_out, n) = (run.header.n_volumes() - run.kept.len(), run.header.n_volumes());
            return format!(
                "censoring took all of {} from {path} (with {n_left_out} of its {n} volumes)",
                quoted(&lack.lost)
            );
        }
        if lack.missing.is_empty() {
            return format!(
                "the design of {path} does not determine it (these columns depend on each other: {})",
                lack.dependent.join(", ")
            );
        }
        let missing = quoted(&lack.missing);
        let close = lack.missing.iter().find_map(|name| self.meant(name, run));
        let close = close.map_or(String::new(), |name| format!(" (is it its `{name}`?)"));
        format!("{path} has no {missing}{close}")
    }

    /// A condition of a run alone, close to one that it lacks: a slip.
    fn meant<'r>(&self, missing: &str, run: &'r Run) -> Option<&'r str> {
        let close = similar::closest(missing, &run.design.names[..run.design.n_task])?;
        let others = self.runs.iter().filter(|other| other.path != run.path);
        let is_theirs = others.flat_map(|other| &other.design.names).any(|name| name == close);
        (!is_theirs).then_some(close)
    }

    /// A run that is named lacks what is asked of it.
    pub(super) fn refuse_named(&self, run: &Run, at: usize, lack: &Lack) -> Error {
        let (label, said) = (&self.labels[at], self.said(lack, run));
        let listing = similar::listing(&run.design.names[..run.design.n_task]);
        let error = Error::bad_data(
            format!("contrast '{}'", self.name),
            format!("weighs {label} by its name, and {said}"),
            "name runs that have its conditions",
            listing.replacen("columns", "conditions", 1),
        );
        error.with_hint(&run.doubts.join("; "))
    }
}
