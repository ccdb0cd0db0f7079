//! Parts of one analysis, found on the disk: the command that all of them share, and what each counted.

use std::path::{Path, PathBuf};

use super::kept::Stored;
use crate::design::group::Model;
use crate::error::{Error, Result};
use crate::pipeline::inputs::display;
use crate::pipeline::provenance::{self, Provenance, sidecar_path};
use crate::pipeline::spec::{Command, GroupSpec};

const ENDING: &str = "_tally.txt";

/// What is joined.
pub struct Parts {
    /// The command, with as many rearrangements as the longest part asked for.
    pub spec: GroupSpec,
    /// Each with its contrast as in file names.
    pub given: Vec<(String, Stored)>,
}

/// Read the parts in folders, or files of them.
///
/// # Errors
/// Missing input: no parts, or none of their sidecars; bad data where they are of different commands.
pub fn parts(places: &[PathBuf]) -> Result<Parts> {
    let mut files = Vec::new();
    for place in places {
        let own = tallies(place)?;
        if own.is_empty() {
            return Err(Error::missing_input(
                display(place),
                format!("holds no file *{ENDING}"),
                "be the --out of boldly group --shard, or one of its tallies",
                "check the path; a part that is not finished has none",
            ));
        }
        files.extend(own);
    }
    let mut shared: Option<(GroupSpec, PathBuf)> = None;
    let mut given = Vec::new();
    for file in files {
        let (spec, provenance) = command_of(&file)?;
        for input in &provenance.inputs {
            refuse_changed(&file, input)?;
        }
        match &mut shared {
            None => shared = Some((spec, file.clone())),
            Some((first, of)) => join(first, of, spec, &file)?,
        }
        let name = file.file_name().unwrap_or_default().to_string_lossy();
        let label = name.trim_end_matches(ENDING).trim_start_matches("contrast-").to_owned();
        given.push((label, Stored::read(&file)?));
    }
    match shared {
        Some((spec, _)) => Ok(Parts { spec, given }),
        None => Err(Error::usage(
            "boldly group merge",
            "is given no part",
            "be given the folders of all parts",
            "",
        )),
    }
}

/// The tallies of a folder, or the one that is named, in order.
fn tallies(place: &Path) -> Result<Vec<PathBuf>> {
    if !place.is_dir() {
        return Ok(if place.is_file() { vec![place.to_owned()] } else { Vec::new() });
    }
    let listed = std::fs::read_dir(place).map_err(|error| {
        Error::missing_input(display(place), "cannot be listed", "be a folder", "").caused_by(error)
    })?;
    let paths = listed.filter_map(|entry| entry.ok().map(|entry| entry.path()));
    let mut all: Vec<PathBuf> = paths.filter(|path| display(path).ends_with(ENDING)).collect();
    all.sort();
    Ok(all)
}

/// The command that made a tally, its paths from here.
fn command_of(file: &Path) -> Result<(GroupSpec, Provenance)> {
    let sidecar = sidecar_path(file);
    let own = if sidecar.is_file() { provenance::read(&sidecar)? } else { None };
    let Some(own) = own else {
        return Err(Error::missing_input(
            display(file),
            "has no sidecar of boldly beside it",
            "have one",
            "move both together",
        ));
    };
    let folder = file.parent().unwrap_or(Path::new(""));
    let command = own.provenance.command.clone().map_paths(&|path| folder.join(path));
    match command {
        Command::Group(spec) => Ok((spec, own.provenance)),
        _ => Err(Error::bad_data(display(file), "is of another command", "be of boldly group", "")),
    }
}

/// A map that was changed since the part was computed.
fn refuse_changed(file: &Path, input: &provenance::Input) -> Result<()> {
    let path = file.parent().unwrap_or(Path::new("")).join(&input.path);
    let is_other = |path: &Path| input.checksum.again(path).is_ok_and(|now| now != input.checksum);
    if path.is_file() && is_other(&path) {
        return Err(Error::bad_data(
            display(&path),
            format!("has changed since {} was made of it", display(file)),
            "be as it was",
            "compute that part again",
        ));
    }
    Ok(())
}

/// Two parts are of one command but for which part they are, and how many rearrangements are wanted.
fn join(first: &mut GroupSpec, of: &Path, mut other: GroupSpec, file: &Path) -> Result<()> {
    let alike = |spec: &GroupSpec| {
        let mut spec = spec.clone();
        spec.table = std::fs::canonicalize(&spec.table).unwrap_or(spec.table);
        if let Model::Matrix(path) = &mut spec.model {
            *path = std::fs::canonicalize(&path).unwrap_or_else(|_| path.clone());
        }
        spec.mask = spec.mask.map(|mask| std::fs::canonicalize(&mask).unwrap_or(mask));
        spec.permute.iter_mut().for_each(|options| {
            options.shard = None;
            options.n = 0;
        });
        spec.regions.clear();
        (spec.coordinates, spec.shift_mm) = (None, None);
        (spec.atlas, spec.atlas_names) = (None, None);
        (spec.underlay, spec.no_pictures, spec.report) = (None, false, false);
        spec
    };
    if alike(first) != alike(&other) {
        let seeds = [&*first, &other].map(|spec| spec.permute.as_ref().map(|p| p.seed));
        let why = if seeds[0] == seeds[1] { "other options or inputs" } else { "another seed" };
        return Err(Error::bad_data(
            display(file),
            format!("was made with {why} than {}", display(of)),
            "be a part of the same analysis",
            "run all parts with the same command but for --shard",
        ));
    }
    let longest = [&*first, &other].into_iter().filter_map(|s| Some(s.permute.as_ref()?.n)).max();
    first.permute.iter_mut().chain(&mut other.permute).for_each(|options| {
        options.n = longest.unwrap_or(options.n);
        options.shard = None;
    });
    Ok(())
}
