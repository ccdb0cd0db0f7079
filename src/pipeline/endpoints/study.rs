//! A study opened: its tables with their dictionaries, and the plan held against them.

use std::path::{Path, PathBuf};

use serde_json::Value;

use super::heard::heard;
use super::near::{self, PHENOTYPE};
use super::{edges, maps, sessions};
use crate::error::{Error, Result};
use crate::io;
use crate::io::folder::{self, Entry};
use crate::io::paths::real;
use crate::pipeline::inputs::display;
use crate::pipeline::spec::{EndpointsSpec, Role};
use crate::pipeline::watch::Watch;
use crate::table::Table;
use crate::trial::physiology;
use crate::trial::results::RegionValue;
use crate::trial::{
    Dictionary, EdgesPlan, Measured, Notes, Plan, Tables, by_region, is_by_region, part_of,
    refuse_without_means, stem, whole,
};

/// The table of participants.
const PARTICIPANTS: &str = "participants";

/// A study opened.
pub(super) struct Study {
    /// dataset_description.json's Name, else the folder's.
    pub name: String,
    /// The plan, resolved.
    pub plan: Plan,
    pub participants: Measured,
    /// Those that the plan names, participants.tsv among them.
    pub tables: Tables,
    /// The files that were read.
    pub files: Vec<(Role, PathBuf)>,
    /// What was found on the way.
    pub notes: Notes,
    /// Those of them that are of the plan's names.
    pub of_names: Notes,
    /// Means of regions in maps, where the plan takes them.
    pub values: Vec<RegionValue>,
}

impl Study {
    /// Read what the plan names.
    ///
    /// # Errors
    /// Missing input: no such folder, no participants.tsv. Usage: a plan that names what is not there, a name that two tables have. Bad data of tables and dictionaries.
    pub fn open(spec: &EndpointsSpec, watch: &dyn Watch) -> Result<Study> {
        Study::opened(spec, watch).map_err(|error| near::told(error, &spec.study))
    }

    fn opened(spec: &EndpointsSpec, watch: &dyn Watch) -> Result<Study> {
        let all = listed(spec)?;
        let is_made = |name: &String| {
            spec.maps.is_some() && name == maps::NAME
                || !spec.edges.is_empty() && name == EdgesPlan::OF_CONNECT
        };
        let wanted = spec.plan.tables().filter(|names| {
            names.iter().all(|name| is_made(name) || all.iter().any(|path| name_of(path) == *name))
        });
        let is_wanted = |path: &&PathBuf| {
            let name = name_of(path);
            is_always_read(&name) || wanted.as_ref().is_none_or(|names| names.contains(&name))
        };
        let paths: Vec<&PathBuf> = all.iter().filter(is_wanted).collect();
        let mut tables = Tables { all: read(&paths, spec)?, ..Tables::default() };
        for name in spec.plan.parts_of_tables() {
            if let Some((table, column, value)) = part_of(&name)? {
                let part = tables.get(table)?.only(&name, column, value)?;
                tables.all.push(part);
            }
        }
        let mut notes = Notes::default();
        let parts = spec.plan.parts_of_tables();
        let has_parts = |name: &str| parts.iter().any(|part| part.starts_with(&format!("{name}[")));
        for table in &mut tables.all {
            if has_parts(&table.name) {
                continue;
            }
            if !is_by_region(table) {
                if spec.plan.names(&table.name) {
                    refuse_without_means(table)?;
                }
                continue;
            }
            match by_region(table, &spec.plan.arm, &mut notes) {
                Ok(wide) => *table = wide,
                // A table that nothing names, where any might be meant, is nobody's fault.
                Err(_) if !spec.plan.names(&table.name) => {}
                Err(error) => return Err(error),
            }
        }
        let (mut files, mut values) = (Vec::new(), Vec::new());
        if let Some(of_maps) = &spec.maps {
            refuse_called(maps::NAME, "the regions of --brain", &all)?;
            let of = |notes: &mut Notes, watch: &dyn Watch| {
                maps::read((of_maps, &spec.study), notes, watch)
            };
            let read = heard(&mut notes, watch, of)?;
            tables.all.push(read.table);
            files.extend(read.files);
            values = read.values;
        }
        if !spec.edges.is_empty() {
            refuse_called(EdgesPlan::OF_CONNECT, "the edges of --edges", &all)?;
            let read = edges::read(&spec.edges, &mut notes)?;
            tables.edges = Some(read.edges);
            tables.networks = read.networks;
            files.extend(read.files);
        }
        tables.call_sessions_alike(&spec.plan, &mut notes)?;
        let mut of_names = Notes::default();
        let plan = spec.plan.clone().resolved(&tables, &mut of_names)?;
        of_names.all.iter().for_each(|note| notes.add(note.clone()));
        if !plan.baseline.is_empty() && !plan.endpoint.is_empty() {
            let (times, own) = sessions::read(&spec.study, (&tables, &plan), &mut notes)?;
            sessions::tell_order(&times, &plan, &mut notes);
            tables.times = times;
            files.extend(own.into_iter().map(|path| (Role::Table, path)));
        }
        let names = plan.tables().unwrap_or_default();
        let is_read = |name: &String| is_always_read(name) || names.contains(name);
        let participants = tables.get(PARTICIPANTS)?.clone();
        for path in paths.into_iter().filter(|path| is_read(&name_of(path))) {
            files.push((Role::Table, path.clone()));
            files.extend(dictionary(path).map(|path| (Role::Dictionary, path)));
        }
        let own = tables.all.into_iter().filter(|table| is_read(&whole(&table.name).to_owned()));
        let tables = Tables { all: own.collect(), ..tables };
        let name = name(&spec.study);
        Ok(Study { name, plan, participants, tables, files, notes, of_names, values })
    }
}

/// Participants, and what is described wherever it is there.
fn is_always_read(name: &str) -> bool {
    name == PARTICIPANTS || name == physiology::TABLE
}

/// A table that is called as what is made of other files.
fn refuse_called(name: &str, made: &str, all: &[PathBuf]) -> Result<()> {
    match all.iter().find(|path| name_of(path) == name) {
        Some(path) => Err(Error::usage(
            format!("table '{name}'"),
            format!("may be {} or {made}", display(path)),
            "be one table, for a plan calls tables by their files' names",
            "rename the file",
        )),
        None => Ok(()),
    }
}

/// The study's tables and those beside it, each once.
fn listed(spec: &EndpointsSpec) -> Result<Vec<PathBuf>> {
    if !spec.study.is_dir() {
        return Err(Error::missing_input(
            display(&spec.study),
            "is no folder",
            "be a study's folder, with participants.tsv and phenotype/",
            "check the path",
        ));
    }
    let mut all = tsv_in(&spec.study)?;
    if !all.iter().any(|path| name_of(path) == PARTICIPANTS) {
        return Err(Error::missing_input(
            display(&spec.study.join("participants.tsv")),
            "is not there",
            "list the participants with their arms",
            match near::but_for_case(&spec.study, "participants.tsv")? {
                Some(name) => format!("rename {name}: it differs in case alone"),
                None => "give the study's folder, in which participants.tsv and phenotype/ lie"
                    .to_owned(),
            },
        ));
    }
    let phenotype = spec.study.join(PHENOTYPE);
    if phenotype.is_dir() {
        all.extend(tsv_in(&phenotype)?);
    }
    for table in &spec.tables {
        refuse_no_table(table)?;
        io::read_text(table)?; // whether the plan names it or not
        let same = |path: &PathBuf| real(path) == real(table);
        if !all.iter().any(same) {
            all.push(table.clone());
        }
    }
    Ok(all)
}

/// An image or a dictionary in the place of a table.
fn refuse_no_table(path: &Path) -> Result<()> {
    let name = path.to_string_lossy().to_lowercase();
    let is = |endings: &[&str]| endings.iter().any(|ending| name.ends_with(ending));
    let (found, hint) = match (is(&[".nii", ".nii.gz"]), is(&[".json"])) {
        (true, _) => (
            "is an image",
            "maps are given by the folder above those of the participants: --brain FOLDER --of NAME --region NAME=SPEC (docs/regions.md)",
        ),
        (_, true) => ("is JSON", "give the table beside it: its JSON is read with it"),
        _ => return Ok(()),
    };
    Err(Error::usage(display(path), found, "be a table (.tsv)", hint))
}

fn tsv_in(folder: &Path) -> Result<Vec<PathBuf>> {
    let is_table = |entry: &Entry| {
        let path = &entry.path;
        path.extension().is_some_and(|ending| ending == "tsv")
            && path.is_file()
            && !entry.is_hidden()
    };
    Ok(folder::listed(folder)?.into_iter().filter(is_table).map(|entry| entry.path).collect())
}

/// How a plan calls a table.
fn name_of(path: &Path) -> String {
    stem(&path.to_string_lossy()).to_owned()
}

/// The tables of some files; those that were given and have one name are one table.
fn read(paths: &[&PathBuf], spec: &EndpointsSpec) -> Result<Vec<Measured>> {
    let mut all: Vec<Measured> = Vec::new();
    for path in paths {
        let same: Vec<&&PathBuf> =
            paths.iter().filter(|other| name_of(other) == name_of(path)).collect();
        if all.iter().any(|one| one.name == name_of(path)) {
            continue;
        }
        if same.len() > 1 && same.iter().any(|path| !spec.tables.contains(path)) {
            return Err(Error::usage(
                format!("table '{}'", name_of(path)),
                format!("may be {} or {}", display(same[0]), display(same[1])),
                "be one table, for a plan calls tables by their files' names",
                "rename one of the files",
            ));
        }
        let parts = same.iter().map(|path| measured(path, &spec.study));
        let parts = parts.collect::<Result<Vec<Measured>>>()?;
        all.push(match parts.len() {
            1 => parts.into_iter().next().unwrap_or_default(),
            _ => Measured::joined(parts)?,
        });
    }
    Ok(all)
}

/// The JSON beside a table, where there is one.
fn dictionary(table: &Path) -> Option<PathBuf> {
    Some(table.with_extension("json")).filter(|path| path.is_file())
}

fn measured(path: &Path, study: &Path) -> Result<Measured> {
    let mut table = io::tsv::read(path)?;
    let short = |path: &Path| display(path.strip_prefix(study).unwrap_or(path));
    table.name = short(path);
    let dictionary = match dictionary(path) {
        Some(path) => Dictionary::parse(&short(&path), &io::read_text(&path)?)?,
        None => Dictionary::default(),
    };
    spell_levels(&mut table, &dictionary);
    Ok(Measured { name: name_of(path), table, dictionary, origin: Vec::new() })
}

/// Has levels spelled as the dictionary has them: a spreadsheet's 1.0 is the level 1. Of sessions the tables' own spelling counts ([`Tables::call_sessions_alike`]).
fn spell_levels(table: &mut Table, dictionary: &Dictionary) {
    for variable in dictionary.variables.iter().filter(|own| own.name != "session_id") {
        let Some(at) = table.position(&variable.name) else { continue };
        for cell in table.rows.iter_mut().map(|row| &mut row[at]) {
            if let Some(level) = variable.spelled(cell.trim()) {
                *cell = level.to_owned();
            }
        }
    }
}

/// What the study is called.
fn name(study: &Path) -> String {
    let described = study.join("dataset_description.json");
    let own = io::bids::read_json(&described).ok();
    let own = own.and_then(|fields| fields.get("Name").and_then(Value::as_str).map(str::to_owned));
    let folder = || {
        let whole = real(study);
        whole.file_name().map_or(display(study), |name| name.to_string_lossy().into_owned())
    };
    own.filter(|name| !name.trim().is_empty()).unwrap_or_else(folder)
}
