//! Whether coordinates of a template may be looked up in a run: a run in its subject's own space does not have them.

use std::path::Path;

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
    if named.is_empty() || options.coordinates == Some(Coordinates::Native) {
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
            watch.note(&format!(
                "nothing says which space {} is in; coordinates are taken to be those of its affine",
                path.display()
            ));
            Ok(())
        }
        _ => Ok(()),
    }
}

/// Refuse coordinates of a template in maps whose names say that each is in its subject's own space. `first`: one of the maps.
///
/// # Errors
/// Usage where they are, and the user does not say whose the coordinates are.
pub fn check_spaces(
    options: &RegionOptions,
    (first, header): (&Path, &Header),
    watch: &dyn Watch,
) -> Result<()> {
    let named: Vec<String> =
        options.given.iter().filter_map(|given| given.by_coordinates()).collect();
    let (Space::Own(said_by), None, false) =
        (space(first, header, &Fields::new()), options.coordinates, named.is_empty())
    else {
        return Ok(());
    };
    let named = named.join(", ");
    if Name::of(first).entities.iter().any(|entity| entity.starts_with("space-")) {
        return Err(Error::usage(
            first.display().to_string(),
            format!(
                "is in its subject's own space ({said_by}), where millimetres of {named} are another place than in the other maps"
            ),
            "be in the space of the coordinates",
            "resample the maps to a template (space-MNI152NLin2009cAsym), give masks on their grid, or say --coordinates native (they are of the \
             space of these very maps) or --coordinates template (the maps are in that space, whatever their names say)",
        ));
    }
    watch.note(&format!(
        "nothing says which space the maps are in; {named} are taken to be in mm of their affine"
    ));
    Ok(())
}

fn space(path: &Path, header: &Header, fields: &Fields<String, Value>) -> Space {
    let entities = Name::of(path).entities;
    if let Some(space) = entities.iter().find_map(|entity| entity.strip_prefix("space-")) {
        return match is_own_space(space) {
            true => Space::Own(format!("its name says space-{space}")),
            false => Space::Template(space.to_owned()),
        };
    }
    if let Some(space) = fields.get("SpatialReference").and_then(Value::as_str) {
        // A reference that is a subject's image: bids::sub-01/anat/sub-01_T1w.nii.gz.
        return match is_own_space(space) || space.contains("sub-") {
            true => Space::Own(format!("its sidecar says SpatialReference {space}")),
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
