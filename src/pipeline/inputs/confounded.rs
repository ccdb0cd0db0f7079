//! The confounds of a run: tables and motion files side by side, what is made of their columns, and which are chosen.

use std::path::PathBuf;

use serde_json::{Map, Value};

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
    if !is_wanted(spec, options, &tables, n_volumes)? {
        return Ok(Confounded { confounds: None, measures, found });
    }
    let described = described(spec, options, &mut found, watch)?;
    let mask = |column: &str| Some(described.get(column)?.get("Mask")?.as_str()?.to_owned());
    let DesignOptions { strategy, columns, na, .. } = options;
    let rules = options.censor.clone().unwrap_or_default();
    let left_out = censor::left_out(&rules, &measures, n_volumes);
    let left_out: Vec<usize> = left_out.iter().map(|left| left.volume).collect();
    let asked = Asked { strategy: *strategy, columns, na: *na, mask: &mask, left_out: &left_out };
    let chosen = strategy::choose(&mut tables, &asked, n_volumes)?;
    say_chosen(spec, &chosen, watch);
    doubt(spec, options, (&chosen.confounds, &measures), watch);
    Ok(Confounded { confounds: Some(chosen.confounds), measures, found })
}

/// Whether columns of the tables are asked for; tables without must serve the censoring.
fn is_wanted(
    spec: &RunSpec,
    options: &DesignOptions,
    tables: &[Table],
    n_volumes: usize,
) -> Result<bool> {
    let Some(path) = spec.confounds.first() else { return Ok(false) };
    if !options.columns.is_empty() || options.strategy.is_some() {
        return Ok(true);
    }
    if options.censor.is_none() {
        return Err(Error::usage(
            "--confounds",
            format!("names {} but no column of it is asked for", display(path)),
            "come with --columns, --strategy or --censor",
            "for example --columns 'trans_*,rot_*,csf', or --strategy 24p",
        ));
    }
    tables.iter().try_for_each(|t| design::confounds::number_of_rows(t, n_volumes))?;
    Ok(false)
}

/// What the JSON files beside the tables say of their columns, where a strategy takes components; they go into `found`.
fn described(
    spec: &RunSpec,
    options: &DesignOptions,
    found: &mut Vec<PathBuf>,
    watch: &dyn Watch,
) -> Result<Map<String, Value>> {
    let mut described = Map::new();
    if options.strategy.is_some_and(|strategy| strategy.has_components()) {
        for path in &spec.confounds {
            let beside = io::sidecar::beside(path, &path.with_extension("json"))?;
            beside.doubt.iter().for_each(|doubt| watch.warn(doubt));
            found.extend(beside.file);
            described.extend(beside.fields);
        }
    }
    Ok(described)
}

/// Columns that are listed: as many as the largest strategy that is no list of components has.
const LISTED: usize = 36;

/// The first of a run's tables, for messages.
fn first_table(spec: &RunSpec) -> String {
    spec.confounds.first().map_or(String::new(), |path| display(path))
}

fn say_chosen(spec: &RunSpec, chosen: &Chosen, watch: &dyn Watch) {
    let Chosen { confounds, made, filled } = chosen;
    if !made.is_empty() {
        watch.note(&format!("made of the tables' columns: {}", made.join(", ")));
    }
    if !filled.is_empty() {
        let filled = filled.join(", ");
        watch.note(&format!("n/a in the first row takes the second row's value: {filled}"));
    }
    let table = first_table(spec);
    let Confounds { names, dropped, filled, nameless, .. } = confounds;
    if !dropped.is_empty() {
        watch.warn(&format!(
            "{table}: {} of {} confounds hold n/a and are left out of the model (--na drop): {}",
            dropped.len(),
            dropped.len() + names.len(),
            listed(dropped)
        ));
    }
    if !filled.is_empty() {
        let cells: Vec<String> = filled.iter().map(|(name, n)| format!("{name} ({n})")).collect();
        watch.warn(&format!(
            "{table}: n/a in {} confounds became a number (--na), in so many rows: {}",
            filled.len(),
            listed(&cells)
        ));
    }
    if *nameless > 0 {
        watch.note(&format!("{table}: {nameless} columns without a name are no confounds"));
    }
    watch.note(&match names.len() {
        0 if dropped.is_empty() => format!("confounds: {table} has none of those asked for"),
        0 => "confounds: none is left".to_owned(),
        n => format!("confounds ({n}): {}", listed(names)),
    });
}

fn listed(names: &[String]) -> String {
    let more = names.len().saturating_sub(LISTED);
    let some = names[..names.len() - more].join(", ");
    if more > 0 { format!("{some} and {more} more") } else { some }
}

/// Drift that nothing models, and volumes before the steady state that the fit holds.
fn doubt(
    spec: &RunSpec,
    options: &DesignOptions,
    (confounds, measures): (&Confounds, &Measures),
    watch: &dyn Watch,
) {
    let has = |part: &str| confounds.names.iter().any(|name| name.contains(part));
    let cosines = options.strategy.filter(|s| s.has_cosines() && options.drift == Drift::None);
    if let Some(strategy) = cosines.filter(|_| !has("cosine")) {
        watch.warn(&format!(
            "{} has no cosine columns, so that --strategy {} models no slow drift; give --drift cosine:128",
            first_table(spec),
            strategy.name()
        ));
    }
    let is_censored = options.censor.as_ref().is_some_and(|rules| rules.non_steady.is_some());
    let volumes = measures.non_steady.as_ref().filter(|volumes| !volumes.is_empty());
    if let Some(volumes) = volumes.filter(|_| !is_censored && !has("non_steady_state")) {
        watch.warn(&format!(
            "{} names {} volumes before the steady state, and the fit holds them: give --censor non-steady, or choose \
             non_steady_state_outlier* with --columns",
            first_table(spec),
            volumes.len()
        ));
    }
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
    for doubt in rules.map_or(Ok(Vec::new()), |rules| rules.doubts(tables))? {
        watch.warn(&doubt);
    }
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
