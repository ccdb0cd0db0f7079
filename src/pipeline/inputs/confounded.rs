//! The confounds of a run: tables and motion files side by side, what is made of their columns, and which are chosen.

use std::path::PathBuf;

use serde_json::Map;

use super::display;
use crate::design::censor::{self, Measures, NonSteady, Rules};
use crate::design::strategy::{self, Asked, Chosen};
use crate::design::{self, Confounds, Drift};
use crate::error::{Error, Result};
use crate::io;
use crate::pipeline::spec::{DesignOptions, RunSpec};
use crate::pipeline::watch::Watch;
use crate::table::Table;

/// Confounds of a run, and the files they stand in.
pub(super) struct Confounded {
    /// The columns that are asked for; none where no table is given, or none of its columns is wanted.
    pub confounds: Option<Confounds>,
    /// What the tables, and the list of volumes, say of each volume.
    pub measures: Measures,
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
    let measures = measures_of(spec, options.censor.as_ref(), &tables, n_volumes, watch)?;
    // A strategy takes such columns where there are any.
    if options.strategy.is_none_or(|s| options.censor.as_ref() != Some(&s.censors())) {
        refuse_no_columns(spec, options.censor.as_ref(), &measures)?;
    }
    let Some(path) = spec.confounds.first() else {
        return Ok(Confounded { confounds: None, measures, found });
    };
    if options.columns.is_empty() && options.strategy.is_none() {
        if options.censor.is_some() {
            tables.iter().try_for_each(|t| design::confounds::number_of_rows(t, n_volumes))?;
            return Ok(Confounded { confounds: None, measures, found });
        }
        return Err(Error::usage(
            "--confounds",
            format!("names {} but no column of it is asked for", display(path)),
            "come with --columns, --strategy or --censor",
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
    let rules = options.censor.clone().unwrap_or_default();
    let left_out = censor::left_out(&rules, &measures, n_volumes);
    let left_out: Vec<usize> = left_out.iter().map(|left| left.volume).collect();
    let asked = Asked { strategy: *strategy, columns, na: *na, mask: &mask, left_out: &left_out };
    let Chosen { confounds, made, filled } = strategy::choose(&mut tables, &asked, n_volumes)?;
    if !made.is_empty() {
        watch.note(&format!("made of the tables' columns: {}", made.join(", ")));
    }
    if !filled.is_empty() {
        let filled = filled.join(", ");
        watch.note(&format!("n/a in the first row takes the second row's value: {filled}"));
    }
    let (n, names) = (confounds.names.len(), confounds.names.join(", "));
    watch.note(&match n {
        0 => format!("confounds: {} has none of those asked for", display(path)),
        _ => format!("confounds ({n}): {names}"),
    });
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
    let unused = measures.non_steady.as_ref().filter(|volumes| !volumes.is_empty());
    let is_column = |name: &String| name.contains("non_steady_state");
    if let Some(volumes) = unused.filter(|_| rules.non_steady.is_none())
        && !confounds.names.iter().any(is_column)
    {
        watch.warn(&format!(
            "{} names {} volumes before the steady state, and the fit holds them: give --censor non-steady, or choose \
             non_steady_state_outlier* with --columns",
            display(path),
            volumes.len()
        ));
    }
    Ok(Confounded { confounds: Some(confounds), measures, found })
}

/// What the tables and the list of a run say of each of its volumes.
///
/// # Errors
/// What they hold or lack.
pub fn measures(
    spec: &RunSpec,
    rules: Option<&Rules>,
    n_volumes: usize,
    watch: &dyn Watch,
) -> Result<Measures> {
    let tables = read(spec, watch)?;
    tables.iter().try_for_each(|table| design::confounds::number_of_rows(table, n_volumes))?;
    let measures = measures_of(spec, rules, &tables, n_volumes, watch)?;
    refuse_no_columns(spec, rules, &measures)?;
    Ok(measures)
}

/// Columns of volumes before the steady state that are asked for must be there.
fn refuse_no_columns(spec: &RunSpec, rules: Option<&Rules>, measures: &Measures) -> Result<()> {
    let asked = rules.and_then(|rules| rules.non_steady);
    if asked != Some(NonSteady::Columns) || measures.non_steady.is_some() {
        return Ok(());
    }
    let found = match spec.confounds.first() {
        Some(path) => format!("finds no column non_steady_state* in {}", display(path)),
        None => "is given without --confounds".to_owned(),
    };
    Err(Error::usage(
        "--censor non-steady:columns",
        found,
        "come with fMRIPrep's table",
        "--censor non-steady looks at the run itself, and non-steady:4 takes its first 4 volumes",
    ))
}

/// What is known of each volume without looking at the run.
fn measures_of(
    spec: &RunSpec,
    rules: Option<&Rules>,
    tables: &[Table],
    n_volumes: usize,
    watch: &dyn Watch,
) -> Result<Measures> {
    let (mut measures, is_computed) = Measures::of(tables)?;
    if let Some(path) = &spec.censored {
        let listed = io::read_volumes(path, n_volumes)?;
        match &listed.note {
            Some(note) => watch.note(note),
            None => watch.warn(&format!("{} names no volume: none is listed", display(path))),
        }
        measures.listed = listed.volumes;
    }
    let asked = rules.and_then(|rules| rules.fd);
    if asked.is_some() && measures.fd.is_none() {
        return Err(Error::usage(
            "--censor fd",
            format!("has no motion of {} to go by", display(&spec.bold)),
            "come with a table that has framewise_displacement, or trans_x to rot_z",
            "give fMRIPrep's table or a motion file with --confounds",
        ));
    }
    if asked.is_some() && is_computed {
        watch.note("framewise displacement: computed from the six parameters, 50 mm");
    }
    Ok(measures)
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
