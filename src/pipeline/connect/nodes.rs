//! The regions of a command on the runs' grid: seeds first, then the others.

use std::collections::HashMap;

use ndarray::Array1;

use super::moved::{self, Moved};
use crate::design::{label, similar};
use crate::error::{Error, Result};
use crate::pipeline::inputs::Run;
use crate::pipeline::regions::{self, Region};
use crate::pipeline::spec::{ConnectSpec, RegionOptions};
use crate::pipeline::watch::Watch;
use crate::table::dictionary::Entry;
use crate::table::is_missing;
use crate::volume::Grid;

/// All of them.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Nodes {
    /// Seeds, then the others; their names without blanks, which tables could not hold.
    pub all: Vec<Region>,
    /// Of the seeds, as file names say them.
    pub labels: Vec<String>,
    /// What is looked at elsewhere too.
    pub moved: Vec<Moved>,
}

/// Read what is given.
///
/// # Errors
/// Missing input; usage for two of one name (blanks count as `_`), for coordinates of a template in a native run, for one region alone; bad data for what lies on another
/// grid, or for seeds that are not on it at all, all of them by name.
pub(super) fn open(
    spec: &ConnectSpec,
    runs: &mut [Run],
    grid: &Grid,
    watch: &dyn Watch,
) -> Result<Nodes> {
    let given = [&spec.seeds.given[..], &spec.regions.given].concat();
    let coordinates = spec.seeds.coordinates.or(spec.regions.coordinates);
    let both = RegionOptions { given, coordinates, ..RegionOptions::default() };
    for run in &*runs {
        regions::check_space(&both, (&run.path, &run.header), &run.fields, watch)?;
    }
    let on = (grid, "the run");
    let seeds = regions::open(&spec.seeds, on, watch)?;
    let n_seeds = seeds.all.len();
    let mut nodes = seeds.and(regions::open_any(&spec.regions, on, watch)?)?;
    if nodes.all.iter().all(|region| region.voxels.is_empty()) {
        regions::refuse_empty(&nodes.all, "region", "the run")?;
    }
    nodes.tell_cut("the run", watch);
    runs.iter_mut().take(1).for_each(|run| run.found.append(&mut nodes.found));
    let mut all = nodes.all;
    let called: Vec<String> = all.iter().map(|region| region.name.clone()).collect();
    for region in &mut all {
        region.name = plain(&region.name);
    }
    refuse_one_name(&called, &all)?;
    ask_after_case(&all, watch);
    if all.len() < 2 && n_seeds == 0 {
        return Err(Error::usage(
            "the command line",
            format!("gives {} region and no seed", all.len()),
            "give a seed, or two regions",
            "for example --seed pcc=sphere:0,-52,26:6",
        ));
    }
    let names: Vec<String> = all[..n_seeds].iter().map(|region| region.name.clone()).collect();
    let moved = moved::moved(spec, (&all, n_seeds), grid, watch)?;
    let labels = label::labels_of(("seeds", "seed"), &names)?;
    tell_called(&called, &all, &labels, watch);
    Ok(Nodes { labels, all, moved })
}

/// Columns of the tables beside those of regions.
const OWN_COLUMNS: [(&str, &str); 2] = [("time", "timeseries.tsv"), ("Node", "the matrix")];

/// Refuse regions that tables could not tell from another, or from a column that is no region. `given`: what each was called before its blanks went.
fn refuse_one_name(given: &[String], all: &[Region]) -> Result<()> {
    let mut seen: HashMap<&str, usize> = HashMap::new();
    for (at, region) in all.iter().enumerate() {
        let name = region.name.as_str();
        if let Some(first) = seen.insert(name, at) {
            return Err(Error::usage(
                format!("regions '{}' and '{}'", given[first], given[at]),
                format!("are both called {name} in tables, where blanks of names are _"),
                "have names that differ in more than that",
                "rename one of them, in its table or as NAME=...",
            ));
        }
        if is_missing(name) {
            return Err(Error::usage(
                format!("region '{name}'"),
                "is called as a missing value of a table",
                "have a name of its own",
                "rename it, in its table or as NAME=...",
            ));
        }
        if let Some((_, table)) = OWN_COLUMNS.iter().find(|(column, _)| *column == name) {
            return Err(Error::usage(
                format!("region '{name}'"),
                format!("is called as the column {name} of {table}"),
                "have a name that is no other column's",
                "rename it, in its table or as NAME=...",
            ));
        }
    }
    Ok(())
}

/// Ask after regions whose names differ in case alone or are one number: atlases may have such, and a slip makes two of one.
fn ask_after_case(all: &[Region], watch: &dyn Watch) {
    let mut seen: HashMap<String, &str> = HashMap::new();
    let mut told = Vec::new();
    for Region { name, .. } in all {
        if let Some(first) = seen.insert(similar::spelling(name), name) {
            told.push(format!("{first} and {name}"));
        }
    }
    if !told.is_empty() {
        let more = told.len().saturating_sub(NAMED);
        told.truncate(NAMED);
        let more = if more > 0 { format!("; and {more} more") } else { String::new() };
        watch.warn(&format!(
            "regions whose names differ in case alone or are one number are two each: {}{more}; where they are one, give it one name",
            told.join("; ")
        ));
    }
}

/// Say what regions are called in tables, and seeds in the names of files, where letters or signs of their names are lost.
fn tell_called(given: &[String], all: &[Region], labels: &[String], watch: &dyn Watch) {
    // Blanks and signs between words begin a word of a label.
    let is_usual = |c: char| c.is_ascii_alphanumeric() || " _-.".contains(c);
    let mut told = Vec::new();
    for (at, (given, region)) in given.iter().zip(all).enumerate() {
        let of_file = labels.get(at).filter(|_| !given.chars().all(is_usual));
        match (of_file, region.name == *given) {
            (Some(label), _) => told.push(format!(
                "'{given}' is {} in tables and seed-{label} in the names of files",
                region.name
            )),
            (None, false) => told.push(format!("'{given}' is {} in tables", region.name)),
            (None, true) => {}
        }
    }
    if !told.is_empty() {
        let more = told.len().saturating_sub(NAMED);
        told.truncate(NAMED);
        let more = if more > 0 { format!("; and {more} more") } else { String::new() };
        watch.note(&format!("names of regions: {}{more}", told.join("; ")));
    }
}

/// So many regions a note names.
const NAMED: usize = 3;

impl Nodes {
    /// All that a run's series are made of: the regions, then those that are moved.
    pub(super) fn looked_at(&self) -> Vec<Region> {
        let moved = self.moved.iter().map(|moved| &moved.region);
        self.all.iter().chain(moved).cloned().collect()
    }
}

/// A name without blanks.
pub(super) fn plain(name: &str) -> String {
    name.split_whitespace().collect::<Vec<_>>().join("_")
}

/// A region in a run.
pub(super) struct NodeOfRun {
    pub name: String,
    /// Its voxels that are used, and all it has on the grid.
    pub n_used: usize,
    /// Those of which the nuisance columns leave nothing.
    pub n_explained: usize,
    pub n_voxels: usize,
    /// Share of it that is used.
    pub coverage: f64,
    /// Its cleaned series, `[volume]`; none where too little of it is used, or nothing is left.
    pub series: Option<Array1<f64>>,
    /// Why there is none.
    pub why_not: Option<&'static str>,
    /// Of a first principal component the share of variance that it explains.
    pub explains: Option<f64>,
    /// Its correlation with the mean of its voxels, 0 to 1: its sign is that of their mean.
    pub with_mean: Option<f64>,
}

impl NodeOfRun {
    /// For a sidecar.
    pub(super) fn described(&self) -> Entry {
        let what = match self.explains {
            None => "Mean series",
            Some(_) => "First principal component of the series",
        };
        let entry = Entry::of(format!("{what} of the voxels of {} that are used", self.name))
            .with("Voxels", self.n_used)
            .with("VoxelsInRegion", self.n_voxels)
            .with("Coverage", self.coverage)
            .in_units("BOLD units");
        let entry = self.why_not.into_iter().fold(entry, |of, why| of.with("NotKnown", why));
        let share = self.explains.into_iter();
        share.fold(entry, |of, share| of.with("FirstPrincipalComponent", share))
    }
}
