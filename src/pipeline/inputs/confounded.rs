//! The confounds of a run: tables and motion files side by side, what is made of their columns, and which are chosen.

use std::path::PathBuf;

use serde_json::Map;

use super::display;
use crate::design::strategy::{self, Asked, Chosen};
use crate::design::{Confounds, Drift};
use crate::error::{Error, Result};
use crate::io;
use crate::pipeline::spec::{DesignOptions, RunSpec};
use crate::pipeline::watch::Watch;
use crate::table::Table;

/// Confounds of a run, and the files they stand in.
#[expect(dead_code, reason = "the tables are for censoring, which comes next")]
pub(super) struct Confounded {
    /// The columns that are asked for; none where no table is given, or none of its columns is wanted.
    pub confounds: Option<Confounds>,
    /// All tables, with what was made of their columns.
    pub tables: Vec<Table>,
    /// JSON files read beside them.
    pub found: Vec<PathBuf>,
}

/// The tables of a run and what is asked of them.
///
/// # Errors
/// What the tables hold or lack.
pub(super) fn of(
    spec: &RunSpec,
    options: &DesignOptions,
    n_volumes: usize,
    watch: &dyn Watch,
) -> Result<Confounded> {
    let mut tables = read(spec, watch)?;
    let mut found = Vec::new();
    let Some(path) = spec.confounds.first() else {
        return Ok(Confounded { confounds: None, tables, found });
    };
    if options.columns.is_empty() && options.strategy.is_none() {
        return Err(Error::usage(
            "--confounds",
            format!("names {} but no column of it is asked for", display(path)),
            "come with --columns or --strategy",
            "for example --columns 'trans_*,rot_*,csf', or --strategy 24p",
        ));
    }
    let mut described = Map::new();
    if options.strategy.is_some_and(|strategy| strategy.has_components()) {
        found = spec.confounds.iter().map(|path| path.with_extension("json")).collect();
        found.retain(|beside| beside.is_file());
        for beside in &found {
            described.extend(io::bids::read_json(beside)?);
        }
    }
    let mask = |column: &str| Some(described.get(column)?.get("Mask")?.as_str()?.to_owned());
    let DesignOptions { strategy, columns, na, drift, .. } = options;
    let asked = Asked { strategy: *strategy, columns, na: *na, mask: &mask };
    let Chosen { confounds, made, filled } = strategy::choose(&mut tables, &asked, n_volumes)?;
    if !made.is_empty() {
        watch.note(&format!("made of the tables' columns: {}", made.join(", ")));
    }
    if !filled.is_empty() {
        let filled = filled.join(", ");
        watch.note(&format!("n/a in the first row takes the second row's value: {filled}"));
    }
    let (n, names) = (confounds.names.len(), confounds.names.join(", "));
    watch.note(&format!("confounds ({n}): {names}"));
    let has_cosines = confounds.names.iter().any(|name| name.contains("cosine"));
    if let Some(strategy) = strategy.filter(|s| s.has_cosines() && *drift == Drift::None)
        && !has_cosines
    {
        watch.warn(&format!(
            "{} has no cosine columns, so that --strategy {} models no slow drift; give --drift cosine:128",
            display(path),
            strategy.name()
        ));
    }
    Ok(Confounded { confounds: Some(confounds), tables, found })
}

fn read(spec: &RunSpec, watch: &dyn Watch) -> Result<Vec<Table>> {
    let mut tables = Vec::new();
    for path in &spec.confounds {
        let read = io::read_confounds(path)?;
        read.note.iter().for_each(|note| watch.note(note));
        read.doubt.iter().for_each(|doubt| watch.warn(doubt));
        tables.push(read.table);
    }
    Ok(tables)
}
