//! Regions without a voxel: all of them are named at once, each with why.

use super::Region;
use crate::error::{Error, Result};
use crate::pipeline::spec::Shape;

/// Regions that a message names.
const NAMED: usize = 20;

impl Region {
    /// Why it has no voxel.
    fn why_empty(&self) -> (&'static str, &'static str) {
        match (self.on_grid > 0.0, &self.shape) {
            (true, Some(Shape::Mask(_)) | None) => {
                ("holds no voxel", "give a mask that is above 0 somewhere")
            }
            (true, Some(_)) => {
                ("holds no voxel's centre", "take a larger one: it is not larger than a voxel")
            }
            (false, _) => (
                "holds no voxel's centre: it lies outside the field of view",
                "check its coordinates (mm of the space of the images, x to the right, y to the front, z up)",
            ),
        }
    }
}

/// Refuse those without a voxel. `what` messages call one: a region, a search volume; `of`: whose grid it is.
///
/// # Errors
/// Bad data: any has none.
pub fn refuse_empty(all: &[Region], what: &str, of: &str) -> Result<()> {
    let empty: Vec<&Region> = all.iter().filter(|region| region.voxels.is_empty()).collect();
    let error = match empty[..] {
        [] => return Ok(()),
        [one] => {
            let (found, hint) = one.why_empty();
            Error::bad_data(
                format!("{what} '{}'", one.name),
                format!("{found} of {of}"),
                "hold some",
                hint,
            )
        }
        _ => {
            let why = |region: &&Region| match region.on_grid > 0.0 {
                true => format!("'{}' (too small)", region.name),
                false => format!("'{}' (outside the field of view)", region.name),
            };
            let mut named: Vec<String> = empty.iter().take(NAMED).map(why).collect();
            if empty.len() > NAMED {
                named.push(format!("{} more", empty.len() - NAMED));
            }
            Error::bad_data(
                format!("{} {what}s", empty.len()),
                format!("hold no voxel of {of}: {}", named.join(", ")),
                "hold some",
                "check their coordinates (mm of the space of the images, x to the right, y to the front, z up), or leave them out",
            )
        }
    };
    Err(error)
}
