//! What stories that `trial` takes part of tell, as notes of its own: the page, results.json and `--dry-run` have them, too.

use std::cell::RefCell;

use crate::error::Result;
use crate::pipeline::watch::Watch;
use crate::trial::{Note, Notes, Severity};

/// Passes progress on and keeps lines.
struct Heard<'a> {
    below: &'a dyn Watch,
    lines: RefCell<Vec<(Severity, String)>>,
}

impl Watch for Heard<'_> {
    fn stage(&self, name: &str, total: usize) {
        self.below.stage(name, total);
    }
    fn step(&self) {
        self.below.step();
    }
    fn note(&self, line: &str) {
        self.lines.borrow_mut().push((Severity::Info, line.to_owned()));
    }
    fn warn(&self, line: &str) {
        self.lines.borrow_mut().push((Severity::Warning, line.to_owned()));
    }
}

/// What is done with a listener whose lines become notes, those that are made beside them behind; where it fails, whoever watches has the lines at once.
///
/// # Errors
/// Those of what is done.
pub(super) fn heard<T>(
    notes: &mut Notes,
    watch: &dyn Watch,
    of: impl FnOnce(&mut Notes, &dyn Watch) -> Result<T>,
) -> Result<T> {
    let heard = Heard { below: watch, lines: RefCell::default() };
    let mut own = Notes::default();
    let done = of(&mut own, &heard);
    let lines = heard.lines.into_inner();
    match done {
        Ok(_) => {
            for (severity, text) in lines {
                notes.add(Note { severity, text, participants: Vec::new() });
            }
            own.all.into_iter().for_each(|note| notes.add(note));
        }
        Err(_) => lines.iter().for_each(|(severity, line)| match severity {
            Severity::Info => watch.note(line),
            Severity::Warning => watch.warn(line),
        }),
    }
    done
}
