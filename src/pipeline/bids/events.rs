//! The events of a run, and what is said where there are none: that they are the reason of what the run lacks.

use super::found::{Found, FoundRun};
use super::named;
use super::named::listed;
use crate::bids::Notes;
use crate::bids::variables::Variables;
use crate::design::similar;
use crate::error::{Error, Result};
use crate::io;

/// A run without events.
#[derive(Debug, Clone)]
pub(super) struct WithoutEvents {
    /// The run, or its table.
    thing: String,
    /// `has no events file`
    found: String,
    expected: String,
    hint: String,
    /// Whether there is a table.
    is_there: bool,
}

impl WithoutEvents {
    /// An error of what needs events, as one about these.
    pub fn why(&self, error: Error) -> Error {
        let Some(fault) = error.fault() else { return error };
        let found = format!("{}, and {} {}", self.found, fault.thing, fault.found);
        let class = if self.is_there { Error::bad_data } else { Error::missing_input };
        class(&self.thing, found, &self.expected, &self.hint)
    }

    /// In a sentence that stands with the run's name.
    pub fn said(&self) -> String {
        match self.is_there {
            true => format!("{} {} ({})", self.thing, self.found, self.hint),
            false => format!("the run {} ({})", self.found, self.hint),
        }
    }
}

/// Add a run's events to its variables; what is to be said where it has none.
///
/// # Errors
/// Those of reading the table.
pub(super) fn add(
    variables: &mut Variables,
    (found, run): (&Found, &FoundRun),
    notes: &mut Notes,
) -> Result<Option<WithoutEvents>> {
    let Some(path) = &run.events else { return Ok(Some(no_file(found, run))) };
    let table = io::tsv::read(path)?;
    variables.add_events(&table, notes)?;
    Ok(table.rows.is_empty().then(|| WithoutEvents {
        thing: path.display().to_string(),
        found: "has a header and no event".to_owned(),
        expected: "have a row for each event".to_owned(),
        hint: "fill it, or leave the run out (--bids-filter-file)".to_owned(),
        is_there: true,
    }))
}

fn no_file(found: &Found, run: &FoundRun) -> WithoutEvents {
    let wanted = format!("{}_events.tsv", named::of_tables(&run.entities));
    let of = |file: &io::dataset::File| {
        file.path.file_name().unwrap_or_default().to_string_lossy().into_owned()
    };
    let subject = run.entities.get("subject").map(String::as_str);
    let all = found.raw.of_suffix("events", &[".tsv", ".tsv.gz", ".txt", ".csv"]);
    let (own, others): (Vec<_>, Vec<_>) =
        all.partition(|file| file.entity("subject").is_none_or(|s| Some(s) == subject));
    // A file that another run has is that run's.
    let is_taken = |path: &std::path::Path| {
        found.runs.iter().any(|other| other.events.as_deref() == Some(path))
    };
    let lone = own.iter().filter(|file| !is_taken(&found.raw.at(file)));
    let names: Vec<String> = lone.map(|file| of(file)).collect();
    let near = match (similar::closest(&wanted, &names), &names[..]) {
        (Some(close), _) => format!("did you mean {close}?"),
        (None, []) if own.is_empty() && others.is_empty() => {
            "the dataset has no events file at all".to_owned()
        }
        (None, []) => format!("others have: {} of this subject's runs", own.len()),
        (None, names) => format!("there are {}", listed(names)),
    };
    WithoutEvents {
        thing: run.name(),
        found: "has no events file".to_owned(),
        expected: format!(
            "have {wanted} beside its raw image in {}, or one of fewer entities there or in a folder above",
            found.raw.root.display()
        ),
        hint: near,
        is_there: false,
    }
}
