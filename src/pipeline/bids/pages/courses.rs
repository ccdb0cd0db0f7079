//! The runs of a subject at the first peaks of what is shown: each run's own contrast, or the combination of several.

use std::collections::{BTreeMap, BTreeSet};

use super::super::recorded;
use super::super::unit::Unit;
use super::Plan;
use super::maps::Shown;
use crate::error::{Error, Result};
use crate::pipeline::blocks::Ladder;
use crate::pipeline::courses::MOST;
use crate::pipeline::glm;
use crate::pipeline::spec::Command;
use crate::pipeline::watch::Quiet;
use crate::report::notes::{Kind, Note};
use crate::report::viewer::Course;

/// A run with the places where it is looked at.
struct Wanted<'a> {
    unit: &'a Unit,
    places: BTreeSet<usize>,
    found: BTreeMap<usize, Course>,
}

/// Have each contrast show the runs below it at its first peaks; a run that cannot be read again is noted.
///
/// # Errors
/// Interrupted.
pub(super) fn add<'a>(
    plan: &'a Plan,
    shown: &mut [Shown<'a>],
    ladder: &Ladder,
) -> Result<Vec<Note>> {
    let mut all: Vec<Wanted<'a>> = Vec::new();
    let mut notes = Vec::new();
    let Some(shape) = shown.first().map(|one| one.contrast.picture.grid.shape) else {
        return Ok(notes);
    };
    let is_on_it = |one: &&mut Shown<'_>| one.contrast.picture.grid.shape == shape;
    for one in shown.iter_mut().filter(is_on_it) {
        for (run, _, place) in asked(plan, one) {
            let known = all.iter_mut().find(|own| std::ptr::eq(own.unit, run));
            match known {
                Some(own) => own.places.extend([place]),
                None => {
                    let places = BTreeSet::from([place]);
                    all.push(Wanted { unit: run, places, found: BTreeMap::new() });
                }
            }
        }
    }
    for own in &mut all {
        let Command::Glm(spec) = &own.unit.command else { continue };
        let places: Vec<usize> = own.places.iter().copied().collect();
        // What a run has to say was said when it was fitted.
        match glm::courses(spec, ladder, (&places, shape), &Quiet) {
            Ok(found) => own.found = found.into_iter().next().unwrap_or_default(),
            Err(Error::Interrupted) => return Err(Error::Interrupted),
            Err(error) => {
                let text = format!("its time courses at peaks are not drawn: {error}");
                let mut note = Note::new(Kind::Warning, text);
                note.who.push(own.unit.name());
                notes.push(note);
            }
        }
    }
    for one in shown.iter_mut().filter(is_on_it) {
        let courses = asked(plan, one).into_iter().filter_map(|(run, peak, place)| {
            let own = all.iter().find(|own| std::ptr::eq(own.unit, run))?;
            let found = own.found.get(&place)?.clone();
            Some(Course { peak, run: run.name(), ..found })
        });
        one.contrast.courses = courses.collect();
    }
    Ok(notes)
}

/// Each peak in each run, the first of them.
fn asked<'a>(plan: &'a Plan, one: &Shown<'a>) -> Vec<(&'a Unit, String, usize)> {
    let runs = recorded::runs(plan, one.unit);
    let of = |(peak, place): &(String, usize)| {
        let (peak, place) = (peak.clone(), *place);
        runs.iter().map(|run| (*run, peak.clone(), place)).collect::<Vec<_>>()
    };
    one.first.iter().flat_map(of).take(MOST).collect()
}
