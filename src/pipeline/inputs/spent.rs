//! Degrees of freedom that an earlier correction took from a run, from boldly's own sidecar beside it.

use std::path::Path;

use super::display;
use crate::error::Result;
use crate::io::described::Described;
use crate::pipeline::provenance;
use crate::pipeline::watch::Watch;

/// What the sidecar beside an image says was spent on this image; 0 without one. `corrected_again`: the model has a recording,
/// and so the columns that were taken out.
///
/// # Errors
/// Those of reading the sidecar, and the image where the sidecar has its checksum.
pub fn dof_spent(bold: &Path, corrected_again: bool, watch: &dyn Watch) -> Result<f64> {
    let Some(facts) = provenance::facts_beside(bold)? else { return Ok(0.0) };
    let spent = facts.dof_spent.unwrap_or(0.0);
    if spent == 0.0 {
        return Ok(0.0);
    }
    let image = display(bold);
    match facts.of(bold)? {
        Described::Not => {
            watch.warn(&format!(
                "the sidecar beside {image} describes another file; the {spent} degrees of freedom that it says were spent \
                 are not counted"
            ));
            return Ok(0.0);
        }
        Described::Changed => {
            watch.warn(&format!(
                "{image} is not as boldly made it; the {spent} degrees of freedom that its sidecar says were spent on it are \
                 not counted. If it still is the corrected run its statistics come out too large: correct the run again"
            ));
            return Ok(0.0);
        }
        Described::Bytes | Described::Name => {}
    }
    if corrected_again {
        watch.warn(&format!(
            "{image} was already corrected for physiology; --physio models it again, and the {spent} degrees of freedom \
             spent before are not counted twice"
        ));
        return Ok(0.0);
    }
    watch.note(&format!("{spent} degrees of freedom were spent by an earlier correction"));
    Ok(spent)
}
