//! Patterns of confounds over the runs of one command that corrects them one by one, each with a sidecar of its own: what only
//! another run has columns for is left out of a run's command, so that it can be verified alone.

use std::collections::HashSet;

use crate::design::confounds;
use crate::error::Result;
use crate::io;
use crate::pipeline::spec::{DesignOptions, RunSpec};
use crate::pipeline::watch::Watch;

/// Takes each pattern out of the runs whose tables lack such columns, where another run has some.
///
/// # Errors
/// Those of reading the tables.
pub fn leave_out_unmatched(
    runs: &mut [(&mut RunSpec, &mut DesignOptions)],
    watch: &dyn Watch,
) -> Result<()> {
    let mut names = Vec::new();
    for (run, _) in runs.iter() {
        let mut own = Vec::new();
        for path in &run.confounds {
            own.extend(io::read_confounds(path)?.table.columns);
        }
        names.push(own);
    }
    let mut said = HashSet::new();
    for at in 0..runs.len() {
        let (run, options) = &mut runs[at];
        let elsewhere =
            |pattern: &str| names.iter().any(|own| confounds::matches_any(pattern, own));
        let (kept, left): (Vec<String>, Vec<String>) =
            std::mem::take(&mut options.columns).into_iter().partition(|pattern| {
                !confounds::is_pattern(pattern)
                    || confounds::matches_any(pattern, &names[at])
                    || !elsewhere(pattern)
            });
        let tables: Vec<String> = run.confounds.iter().map(|path| super::display(path)).collect();
        // Nothing of them is asked for any more.
        let is_bare = kept.is_empty() && options.strategy.is_none() && options.censor.is_none();
        if is_bare && !left.is_empty() {
            run.confounds.clear();
        }
        options.columns = kept;
        for pattern in left {
            let line = format!("`{pattern}` matches no column of {}", tables.join(" or "));
            if said.insert(line.clone()) {
                watch.note(&line);
            }
        }
    }
    Ok(())
}
