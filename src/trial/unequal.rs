//! Visits that rest on less than another of the same participant: compared as equal, and told.

use super::note::{Notes, counted};

/// A participant's name, and how much is behind each visit: "2 runs".
pub type Behind = (String, Vec<(String, String)>);

/// Tell whose visits do not rest on the same. `what`: "values of brain rest"; `of`: "another number of runs".
pub fn tell((what, of): (&str, &str), all: &[Behind], notes: &mut Notes) {
    let differs = |(_, visits): &&Behind| visits.iter().any(|(_, n)| *n != visits[0].1);
    let said = |(who, visits): &Behind| {
        let visits: Vec<String> =
            visits.iter().map(|(session, n)| format!("{session} {n}")).collect();
        format!("{who} ({})", visits.join(", "))
    };
    let who: Vec<String> = all.iter().filter(differs).map(said).collect();
    if !who.is_empty() {
        notes.warn(
            format!(
                "{what} on {of} at one visit than at the other in {}: they are compared as the others are, though what rests on less varies more",
                counted(who.len(), "participant")
            ),
            who,
        );
    }
}

/// Tell which visits' values are means over runs, as [`visit_of_runs`] says them.
pub(super) fn tell_means(table: &str, visits: Vec<String>, notes: &mut Notes) {
    if !visits.is_empty() {
        notes.info(
            format!(
                "values of {} in {table} are the mean over several runs, each counting alike, and n/a where one has none",
                counted(visits.len(), "visit")
            ),
            visits,
        );
    }
}

/// "sub-01 (ses-baseline, 2 runs)".
pub(super) fn visit_of_runs(id: &str, session: &str, n: usize) -> String {
    format!("{id} ({session}, {})", runs(n))
}

/// "1 run", "2 runs".
pub(super) fn runs(n: usize) -> String {
    counted(n, "run")
}
