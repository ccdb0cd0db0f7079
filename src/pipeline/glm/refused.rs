//! What is refused before any file is opened.

use std::path::PathBuf;

use crate::error::{Error, Result};
use crate::io::bids::{EchoName, without_echo};
use crate::pipeline::inputs::display;
use crate::pipeline::spec::GlmSpec;

/// A model that nothing is asked of.
pub(super) fn no_contrast(spec: &GlmSpec) -> Result<()> {
    if spec.contrasts.is_empty() && spec.f_contrasts.is_empty() {
        return Err(Error::usage(
            "the command line",
            "asks for no contrast",
            "name at least one",
            "for example --contrast 'pain=pain-control'",
        ));
    }
    Ok(())
}

/// Echoes of one run are one measurement: as runs they would count as several.
pub(super) fn echoes_as_runs(spec: &GlmSpec) -> Result<()> {
    let mut runs: Vec<PathBuf> = Vec::new();
    for run in &spec.runs {
        let Some(of_run) = without_echo(&run.bold, EchoName::Entity) else { continue };
        if runs.contains(&of_run) {
            return Err(Error::usage(
                display(&run.bold),
                "is another echo of a run that is given",
                "be a run of its own: echoes that count as runs seem to lessen the variance",
                "give one echo a run, or the echoes of each run to be combined",
            ));
        }
        runs.push(of_run);
    }
    Ok(())
}
