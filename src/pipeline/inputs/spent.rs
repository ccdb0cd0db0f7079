//! What boldly's own sidecar beside a run says of an earlier correction of it.

use std::path::Path;

use super::display;
use crate::error::Result;
use crate::io::described::Described;
use crate::pipeline::provenance::{self, Facts};
use crate::pipeline::watch::Watch;

/// An earlier correction of a run.
#[derive(Debug, Clone)]
pub struct Earlier {
    /// What its sidecar says.
    pub facts: Facts,
    /// Degrees of freedom that it took, above 0.
    pub spent: f64,
}

/// The correction that the sidecar beside an image says was made of this image; none without one, or where it is of another file,
/// which is told.
///
/// # Errors
/// Those of reading the sidecar, and the image where the sidecar has its checksum.
pub fn earlier(bold: &Path, watch: &dyn Watch) -> Result<Option<Earlier>> {
    let Some(facts) = provenance::facts_beside(bold)? else { return Ok(None) };
    let Some(spent) = facts.dof_spent.filter(|&spent| spent > 0.0) else { return Ok(None) };
    let image = display(bold);
    match facts.of(bold)? {
        Described::Not => watch.warn(&format!(
            "the sidecar beside {image} describes another file; the {spent} degrees of freedom that it says were spent \
             are not counted"
        )),
        Described::Changed => watch.warn(&format!(
            "{image} is not as boldly made it; the {spent} degrees of freedom that its sidecar says were spent on it are \
             not counted. If it still is the corrected run its statistics come out too large: correct the run again"
        )),
        Described::Bytes | Described::Name => return Ok(Some(Earlier { facts, spent })),
    }
    Ok(None)
}
