//! The runs of an analysis once more, opened as they were for the fit, at some places: for a page of what is finished.

use std::collections::BTreeMap;

use crate::error::Result;
use crate::pipeline::blocks::Ladder;
use crate::pipeline::courses::{self, Through};
use crate::pipeline::spec::GlmSpec;
use crate::pipeline::watch::Watch;
use crate::pipeline::{precision, smoothing};
use crate::report::viewer::Course;

/// Of each run the series at places (positions in the grid), with what its model makes of them; the peaks' names are empty. Nothing where
/// the runs lie on another grid than one of this shape.
///
/// # Errors
/// Those of opening and reading the runs.
pub fn courses(
    spec: &GlmSpec,
    ladder: &Ladder,
    (places, shape): (&[usize], [usize; 3]),
    watch: &dyn Watch,
) -> Result<Vec<BTreeMap<usize, Course>>> {
    let mut host = ladder.on_the_host();
    let mut opened = super::open(spec, &mut host, watch)?;
    if opened.grid.shape != shape {
        return Ok(Vec::new());
    }
    let smoothing = smoothing::prepare(&spec.smooth, &opened.grid, watch)?;
    super::smooth_tasks(spec, smoothing.as_ref(), &mut opened.runs, watch);
    let mut questions = super::ask(spec, &opened, smoothing, watch)?;
    let mut all = Vec::new();
    for (at, run) in opened.runs.iter_mut().enumerate() {
        precision::keep(run, watch)?;
        let plan = questions.plan(spec, (at, run))?;
        let through = (places, Through::Places);
        let seen = courses::pass(&host, run.bold.as_mut(), &plan, through, watch)?;
        run.bold.release();
        all.push(courses::at((run, &plan), &seen, places));
    }
    Ok(all)
}
