//! What must be known: warnings first, then how things were done.

use crate::report::notes::{self, Kind, Note};
use crate::trial::{Results, Severity};

pub(super) fn section(of: &Results) -> String {
    let kind = |severity| match severity {
        Severity::Warning => Kind::Warning,
        Severity::Info => Kind::Info,
    };
    let all = of.notes.all.iter().map(|note| Note {
        kind: kind(note.severity),
        text: note.text.clone(),
        who: note.participants.clone(),
    });
    notes::lists(&all.collect::<Vec<Note>>(), "participant")
}

/// How many are warnings.
pub(super) fn n_warnings(of: &Results) -> usize {
    of.notes.all.iter().filter(|n| n.severity == Severity::Warning).count()
}
