//! Whether coordinates of a template may be looked up in a run: a run in its subject's own space does not have them.

use std::path::{Path, PathBuf};

use serde_json::{Map as Fields, Value};

use crate::error::{Error, Result};
use crate::io::Header;
use crate::io::bids::Name;
use crate::pipeline::spec::{Coordinates, RegionOptions};
use crate::pipeline::watch::Watch;

/// `space-` labels of a subject's own spaces.
const OWN: [&str; 15] = [
    "orig",
    "func",
    "boldref",
    "bold",
    "sbref",
    "run",
    "native",
    "scanner",
    "T1w",
    "T2w",
    "T1",
    "T2",
    "anat",
    "individual",
    "fsnative",
];

/// Whether a `space-` label is that of a subject's own space.
#[must_use]
pub fn is_own_space(label: &str) -> bool {
    OWN.iter().any(|own| own.eq_ignore_ascii_case(label))
}

/// What a sidecar calls the space of a derivative.
pub const REFERENCE: &str = "SpatialReference";

/// The space that a run is in.
enum Space {
    /// A template's, which is called so.
    Template(String),
    /// Its subject's, and what says so.
    Own(String),
    Unknown,
}

/// Refuse coordinates of a template in a run that is in its subject's own space: by `space-` in its name, SpatialReference in its sidecars, the sform
/// code of its header, or a subject's name without `space-`. `fields`: all that its sidecars say.
///
/// # Errors
/// Usage where it is, and the user does not say whose the coordinates are.
pub fn check_space(
    options: &RegionOptions,
    (path, header): (&Path, &Header),
    fields: &Fields<String, Value>,
    watch: &dyn Watch,
) -> Result<()> {
    let named: Vec<String> =
        options.given.iter().filter_map(|given| given.by_coordinates()).collect();
    if named.is_empty() {
        return Ok(());
    }
    if header.sform_code <= 0 && header.qform_code <= 0 {
        return Err(no_place(path, &named));
    }
    if options.coordinates == Some(Coordinates::Native) {
        return Ok(());
    }
    match (space(path, header, fields), options.coordinates) {
        (Space::Own(said_by), None) => {
            let (are, more) = match named.len() {
                1 => ("is given", String::new()),
                n if n > 4 => ("are given", format!(" and {} more", n - 4)),
                _ => ("are given", String::new()),
            };
            let names = named[..named.len().min(4)].join(", ") + &more;
            Err(Error::usage(
                path.display().to_string(),
                format!(
                    "is in its subject's own space ({said_by}), and {names} {are} in mm of a template"
                ),
                "be in the space of the coordinates",
                "take the run that was resampled to the template (space-MNI152NLin2009cAsym), give masks on the run's grid, or say --coordinates \
                 native (they are of this very scan) or --coordinates template (the run is in that space, whatever its name says)",
            ))
        }
        (Space::Template(name), None) if name.to_ascii_lowercase().contains("talairach") => {
            watch.warn(&format!(
                "{} is in Talairach space: coordinates of MNI space lie up to a centimetre off",
                path.display()
            ));
            Ok(())
        }
        (Space::Unknown, None) => {
            let line = format!(
                "nothing says which space {} is in; coordinates are taken to be those of its affine",
                path.display()
            );
            match header.sform_code {
                code @ (1 | 2) => watch.warn(&format!(
                    "{line}, which is the scanner's or a subject's by its sform code ({code}): those of a template are another place there. Say \
                     --coordinates native or template, whichever they are"
                )),
                _ => watch.note(&line),
            }
            Ok(())
        }
        _ => Ok(()),
    }
}

/// That millimetres say nothing in an image whose header does not say where its voxels lie.
fn no_place(path: &Path, named: &[String]) -> Error {
    Error::usage(
        path.display().to_string(),
        format!(
            "has no qform and no sform (both codes are 0), so that it is not known where {} lies in it",
            named.join(", ")
        ),
        "say where its voxels lie",
        "copy the qform or sform from the image that it was made of, or give the regions as masks on its grid",
    )
}

/// A map, and what its sidecar says of it.
pub struct MapOfRuns<'a> {
    /// Its file.
    pub path: &'a Path,
    /// Whether its header says where its voxels lie.
    pub is_placed: bool,
    /// All that the JSON beside it says.
    pub fields: &'a Fields<String, Value>,
    /// The images that it was made of, where boldly made it.
    pub runs: &'a [PathBuf],
}

/// Refuse coordinates of a template in maps of which a name, a sidecar or the name of a run that they were made of says that they are in their subject's
/// own space; tell where nothing says which space they are in. `header`: of the first.
///
/// # Errors
/// Usage where they are, and the user does not say whose the coordinates are.
pub fn check_spaces(
    options: &RegionOptions,
    (maps, header): (&[MapOfRuns<'_>], &Header),
    watch: &dyn Watch,
) -> Result<()> {
    let named: Vec<String> =
        options.given.iter().filter_map(|given| given.by_coordinates()).collect();
    if named.is_empty() {
        return Ok(());
    }
    if let Some(map) = maps.iter().find(|map| !map.is_placed) {
        return Err(no_place(map.path, &named));
    }
    if options.coordinates.is_some() {
        return Ok(());
    }
    let named = named.join(", ");
    let mut unsaid = Vec::new();
    for map in maps {
        match of_map(map, header) {
            OfMap::Own(said_by) => {
                return Err(Error::usage(
                    map.path.display().to_string(),
                    format!(
                        "is in its subject's own space ({said_by}), where millimetres of {named} are another place than in the other maps"
                    ),
                    "be in the space of the coordinates",
                    "resample the maps to a template (space-MNI152NLin2009cAsym), give masks on their grid, or say --coordinates native (they are of the \
                     space of these very maps) or --coordinates template (the maps are in that space, whatever their names say)",
                ));
            }
            OfMap::Unsaid => unsaid.push(map.path),
            OfMap::Known => {}
        }
    }
    let Some(first) = unsaid.first() else { return Ok(()) };
    let line = format!(
        "nothing says which space the maps are in; {named} are taken to be in mm of their affine"
    );
    match header.sform_code {
        code @ (1 | 2) => watch.warn(&format!(
            "{line}, which is the scanner's or a subject's by its sform code ({code}), and neither names nor sidecars of {} of {} maps say space- ({}): \
             in a subject's own space they are another place. Say --coordinates template where the maps are in the template",
            unsaid.len(),
            maps.len(),
            first.display()
        )),
        _ => watch.note(&line),
    }
    Ok(())
}

/// What is known of the space that a map is in.
enum OfMap {
    /// Its subject's, and what says so.
    Own(String),
    /// It is called as BIDS calls what is a subject's, without a word of the space.
    Unsaid,
    /// A template's, or nobody calls it a subject's.
    Known,
}

fn of_map(map: &MapOfRuns<'_>, header: &Header) -> OfMap {
    let says = |path: &Path| Name::of(path).entities.iter().any(|one| one.starts_with("space-"));
    let by_itself = space(map.path, header, map.fields);
    let is_said = says(map.path) || map.fields.get(REFERENCE).is_some_and(Value::is_string);
    match by_itself {
        Space::Own(said_by) if is_said => return OfMap::Own(said_by),
        Space::Template(_) => return OfMap::Known,
        _ => {}
    }
    let nothing = Fields::new();
    let of_runs = map.runs.iter().map(|run| (run, space(run, header, &nothing)));
    let mut is_unsaid = matches!(by_itself, Space::Own(_));
    for (run, found) in of_runs {
        let name = run.file_name().unwrap_or_default().to_string_lossy();
        match found {
            Space::Own(said_by) if says(run) => {
                return OfMap::Own(format!("it was made of {name}: {said_by}"));
            }
            Space::Template(_) => return OfMap::Known,
            Space::Own(_) => is_unsaid = true,
            Space::Unknown => {}
        }
    }
    if is_unsaid { OfMap::Unsaid } else { OfMap::Known }
}

fn space(path: &Path, header: &Header, fields: &Fields<String, Value>) -> Space {
    let entities = Name::of(path).entities;
    if let Some(space) = entities.iter().find_map(|entity| entity.strip_prefix("space-")) {
        return match is_own_space(space) {
            true => Space::Own(format!("its name says space-{space}")),
            false => Space::Template(space.to_owned()),
        };
    }
    if let Some(space) = fields.get(REFERENCE).and_then(Value::as_str) {
        // A reference that is a subject's image: bids::sub-01/anat/sub-01_T1w.nii.gz.
        return match is_own_space(space) || space.contains("sub-") {
            true => Space::Own(format!("its sidecar says {REFERENCE} {space}")),
            false => Space::Template(space.to_owned()),
        };
    }
    match header.sform_code {
        3 => Space::Template("Talairach".to_owned()),
        4 | 5 => Space::Template("MNI".to_owned()),
        _ if entities.iter().any(|entity| entity.starts_with("sub-")) => {
            Space::Own("its name has no space-".to_owned())
        }
        _ => Space::Unknown,
    }
}
