//! Arguments of regions that several commands share.

use std::path::{Path, PathBuf};

use crate::cli::args::heading;
use crate::cli::models::parsed;
use crate::error::{Error, Result};
use crate::pipeline::spec::{Coordinates, GivenRegion, RegionOptions};

/// Whose places coordinates are, and whether regions are moved.
#[derive(Debug, clap::Args)]
pub(super) struct PlaceArgs {
    /// Whose millimetres coordinates are: template or native
    ///
    /// Without it coordinates are those of a template, and a run in its subject's own space is refused: by space- in its name, or a BIDS name without
    /// it, SpatialReference in its sidecar, or the sform code of its header; maps of subjects by space- in their names. `native`: they are of
    /// this very scan; `template`: it is in the template, whatever its name says
    #[arg(help_heading = heading::REGIONS, long, value_name = "template|native", value_parser = parsed::<Coordinates>)]
    pub coordinates: Option<Coordinates>,
    /// Also with each region moved so far to either side, mm
    ///
    /// Along x, y and z: how much a result hangs on where the region lies. 2 for regions of the brainstem
    #[arg(help_heading = heading::REGIONS, long, value_name = "MM", value_parser = shift, allow_negative_numbers = true)]
    pub shift: Option<f64>,
}

impl PlaceArgs {
    /// One that is given although it says nothing without regions.
    pub fn idle(&self) -> Option<&'static str> {
        match self {
            PlaceArgs { coordinates: Some(_), .. } => Some("--coordinates"),
            PlaceArgs { shift: Some(_), .. } => Some("--shift"),
            _ => None,
        }
    }
}

/// How regions are taken.
#[derive(Debug, clap::Args)]
pub(super) struct RegionArgs {
    /// Names of an image's labels: a table with index and name
    ///
    /// Without it a table that lies beside the image under its name (.tsv), as BIDS has it; else labels are called by their numbers
    #[arg(help_heading = heading::REGIONS, long, value_name = "TSV")]
    labels: Option<PathBuf>,
    /// Cerebrospinal fluid: says how much of a region is fluid
    ///
    /// A mask, or probabilities, which count from a half on
    #[arg(help_heading = heading::REGIONS, long, value_name = "IMAGE")]
    csf: Option<PathBuf>,
    #[command(flatten)]
    places: PlaceArgs,
}

/// Refuses names of labels where the regions are none of a labelled image's: a mask that is called NAME=MASK is one region, whatever its labels.
pub(super) fn check_labels(names: Option<&Path>, given: &[GivenRegion]) -> Result<()> {
    let may_have_labels = |one: &GivenRegion| match one {
        GivenRegion::File(path) => !GivenRegion::is_table(path),
        GivenRegion::Named(_) => false,
    };
    let Some(names) = names.filter(|_| !given.is_empty() && !given.iter().any(may_have_labels))
    else {
        return Ok(());
    };
    Err(Error::usage(
        format!("--labels {}", names.display()),
        "names the labels of an image, and the regions are shapes, named masks or tables, which have names",
        "come with a labelled image among the regions",
        "give the image by its path alone, without NAME=, or leave --labels out",
    ))
}

fn shift(text: &str) -> std::result::Result<f64, String> {
    let is_distance = |mm: &f64| mm.is_finite() && *mm > 0.0 && *mm <= 100.0;
    let mm = text.parse().ok().filter(is_distance);
    mm.ok_or_else(|| "it must be a distance above 0 and up to 100 mm, such as 2".to_owned())
}

impl RegionArgs {
    /// Regions that are taken so.
    pub fn options(&self, given: Vec<GivenRegion>) -> RegionOptions {
        RegionOptions {
            given,
            names: self.labels.clone(),
            csf: self.csf.clone(),
            coordinates: self.places.coordinates,
            shift_mm: self.places.shift,
        }
    }

    /// Refuses names of labels where no image is given that may have any.
    pub fn check_labels(&self, given: &[GivenRegion]) -> Result<()> {
        check_labels(self.labels.as_deref(), given)
    }

    /// One that is given although it says nothing without regions.
    pub fn idle(&self) -> Option<&'static str> {
        match self {
            RegionArgs { labels: Some(_), .. } => Some("--labels"),
            RegionArgs { csf: Some(_), .. } => Some("--csf"),
            RegionArgs { places, .. } => places.idle(),
        }
    }
}
