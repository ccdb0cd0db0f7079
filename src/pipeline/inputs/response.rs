//! A response of one's own: its file, and what is doubtful about it.

use super::display;
use crate::design::hrf::Sampled;
use crate::error::Result;
use crate::io;
use crate::pipeline::spec::ResponseFile;
use crate::pipeline::watch::Watch;

/// The response.
pub(super) fn own(file: &ResponseFile) -> Result<Sampled> {
    Sampled::new(&display(&file.path), &io::rows::read(&file.path)?, file.step_s)
}

/// Say what is doubtful about it, once for all runs.
pub(super) fn say_doubts(file: Option<&ResponseFile>, watch: &dyn Watch) -> Result<()> {
    let Some(file) = file else { return Ok(()) };
    for doubt in own(file)?.doubts() {
        watch.warn(&format!("the response in {} {doubt}", display(&file.path)));
    }
    Ok(())
}
