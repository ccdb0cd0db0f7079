//! Regions of the brain on a run's or a map's grid, from any mix of shapes in mm, masks, tables of shapes and labelled images with
//! names.

use std::path::{Path, PathBuf};

use crate::error::{Error, Result};
use crate::io;
use crate::pipeline::masks;
use crate::pipeline::spec::{GivenRegion, RegionOptions, Role, SearchVolume, Shape};
use crate::pipeline::watch::Watch;
use crate::volume::{Grid, Mask};

mod atlas;
mod empty;
mod listed;
mod placed;
mod shift;
mod space;

pub use atlas::atlas;
pub use empty::refuse_empty;
pub use shift::{described_moves, is_changed, moved_cells, with_moved};
pub use space::{MapOfRuns, REFERENCE, check_space, check_spaces, is_own_space};

/// Voxels below which the mean of a region is hardly one.
pub const FEW_VOXELS: usize = 8;

/// What comes of few voxels, where their mean is taken.
pub const MEAN_OF_FEW: &str = "the mean of so few is noisy, and hangs on where the region lies";

/// What comes of few voxels, where the largest statistic is looked for among them.
pub const SEARCH_OF_FEW: &str = "what is found in so few hangs on where the search volume lies";

/// Probability from which on a voxel is fluid.
const FLUID: f64 = 0.5;

/// A region's voxels.
#[derive(Debug, Clone, PartialEq)]
pub struct Region {
    /// Its name.
    pub name: String,
    /// Of the grid, ascending.
    pub voxels: Vec<usize>,
    /// Share of the shape's volume that lies on the grid: 1 of masks and atlases, which end with it.
    pub on_grid: f64,
    /// The network it belongs to, where a table says so.
    pub network: Option<String>,
    /// None of a labelled image's.
    pub shape: Option<Shape>,
    /// How far it was moved from where it was given, along x, y and z, mm.
    pub moved_mm: [f64; 3],
}

/// What an analysis has of a region.
#[derive(Debug, Clone, PartialEq)]
pub struct Within {
    /// Voxels of the grid that are analysed, ascending.
    pub voxels: Vec<usize>,
    /// Share of the region that they are, what lies beyond the grid counted: 0 to 1.
    pub coverage: f64,
}

impl Region {
    /// Say that it reaches beyond the grid of `of`, where it does.
    pub fn tell_cut(&self, of: &str, watch: &dyn Watch) {
        // What would be said to be all of it is.
        if self.on_grid < 0.9995 && !self.voxels.is_empty() {
            let (share, name) = (100.0 * self.on_grid, &self.name);
            watch.warn(&format!("{share:.1} % of {name} lies in the field of view of {of}"));
        }
    }

    /// What of it is analysed. `inside`: `[voxel of the grid]`.
    #[must_use]
    pub fn within(&self, inside: &[bool]) -> Within {
        let voxels: Vec<usize> = self.voxels.iter().copied().filter(|&v| inside[v]).collect();
        let share = voxels.len() as f64 / self.voxels.len().max(1) as f64;
        Within { voxels, coverage: share * self.on_grid }
    }
}

/// The regions of an analysis, and which of them are an atlas's.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Regions {
    /// In the order in which they were given; labels of an image rise.
    pub all: Vec<Region>,
    /// Files found beside those that were named.
    pub found: Vec<(Role, PathBuf)>,
    /// `[voxel of the grid]`: the atlas's region there, by its place in `all`; of an atlas alone.
    places: Option<Vec<Option<usize>>>,
}

impl Regions {
    /// These, of no atlas.
    #[must_use]
    pub fn of(all: Vec<Region>) -> Regions {
        Regions { all, ..Regions::default() }
    }

    /// The atlas's name of a voxel, n/a outside its regions; none where there is no atlas.
    #[must_use]
    pub fn name(&self, voxel: usize) -> Option<&str> {
        let places = self.places.as_ref()?;
        Some(places[voxel].map_or("n/a", |at| self.all[at].name.as_str()))
    }

    /// These, then others.
    ///
    /// # Errors
    /// Usage where two have one name.
    pub fn and(mut self, others: Regions) -> Result<Regions> {
        self.all.extend(others.all);
        self.found.extend(others.found);
        self.refuse_twice()?;
        Ok(self)
    }

    /// The same regions `by` mm along x, y, z: shapes exactly, voxels of masks and atlases by whole voxels. What leaves the grid is lost,
    /// and a region may have no voxel left.
    #[must_use]
    pub fn moved(&self, grid: &Grid, by: [f64; 3]) -> Regions {
        let all = self.all.iter().map(|region| placed::moved(region, grid, by)).collect();
        Regions { all, found: Vec::new(), places: None }
    }

    /// Say which regions reach beyond the grid.
    pub fn tell_cut(&self, of: &str, watch: &dyn Watch) {
        self.all.iter().for_each(|region| region.tell_cut(of, watch));
    }

    /// Say which have few voxels, and what comes of that: such as [`MEAN_OF_FEW`].
    pub fn tell_few(&self, comes: &str, watch: &dyn Watch) {
        let few = self.all.iter().filter(|region| region.voxels.len() < FEW_VOXELS);
        let few: Vec<String> =
            few.map(|region| format!("{} ({})", region.name, region.voxels.len())).collect();
        if !few.is_empty() {
            watch.warn(&format!("fewer than {FEW_VOXELS} voxels: {}; {comes}", few.join(", ")));
        }
    }

    fn refuse_twice(&self) -> Result<()> {
        for (at, region) in self.all.iter().enumerate() {
            if self.all[..at].iter().any(|other| other.name == region.name) {
                return Err(Error::usage(
                    format!("region '{}'", region.name),
                    "is given twice",
                    "have a name of its own",
                    "name it NAME=..., or rename it in its table",
                ));
            }
        }
        Ok(())
    }
}

/// The regions that are named, on a grid, that of `of` (`the run`, `the maps`).
///
/// # Errors
/// Missing input; usage for two of one name; bad data: an image on another grid, labels that are no whole numbers, a table without its columns, a shape
/// without a voxel, all such by name.
pub fn open(
    options: &RegionOptions,
    (grid, of): (&Grid, &str),
    watch: &dyn Watch,
) -> Result<Regions> {
    let regions = open_any(options, (grid, of), watch)?;
    refuse_empty(&regions.all, "region", of)?;
    Ok(regions)
}

/// The same, of which any may be without a voxel.
///
/// # Errors
/// As [`open`], but for shapes without a voxel.
pub fn open_any(
    options: &RegionOptions,
    (grid, of): (&Grid, &str),
    watch: &dyn Watch,
) -> Result<Regions> {
    let mut regions = Regions::default();
    for given in &options.given {
        match given {
            GivenRegion::Named(volume) => {
                regions.all.push(region(volume, (grid, of), watch)?);
            }
            GivenRegion::File(path) if GivenRegion::is_table(path) => {
                for (volume, network) in listed::read(path)? {
                    let one = region(&volume, (grid, of), watch)?;
                    regions.all.push(Region { network, ..one });
                }
            }
            GivenRegion::File(path) => {
                let Regions { all, found, .. } = image(path, options, (grid, of), watch)?;
                regions.all.extend(all);
                regions.found.extend(found);
            }
        }
    }
    regions.refuse_twice()?;
    Ok(regions)
}

/// A region of a shape or mask, which may be without a voxel.
///
/// # Errors
/// Missing input; bad data: a mask of another grid.
pub fn region(
    SearchVolume { name, shape }: &SearchVolume,
    (grid, of): (&Grid, &str),
    watch: &dyn Watch,
) -> Result<Region> {
    let (voxels, on_grid) = match shape {
        Shape::Mask(path) => {
            let (mask, labels) = masks::labels_of(path, (grid, of), watch)?;
            if labels.len() > 1 {
                watch.warn(&format!(
                    "{} has {} labels, all of which together are {name}; an image of one of them is a region of it alone",
                    path.display(),
                    labels.len()
                ));
            }
            ((0..mask.inside.len()).filter(|&v| mask.inside[v]).collect(), 1.0)
        }
        shape => placed::placed(shape, grid),
    };
    let (name, shape) = (name.clone(), Some(shape.clone()));
    Ok(Region { name, voxels, on_grid, network: None, shape, moved_mm: [0.0; 3] })
}

/// The voxels that are fluid, where an image of it is given: from a probability of a half on.
///
/// # Errors
/// As for any tissue.
pub fn fluid(options: &RegionOptions, grid: &Grid, watch: &dyn Watch) -> Result<Option<Mask>> {
    let path = options.csf.as_deref();
    path.map(|path| masks::tissue(path, grid, FLUID, watch)).transpose()
}

/// The regions of an image: its labels where it has several or a table names its one, else one that is called as it is.
fn image(
    path: &Path,
    options: &RegionOptions,
    on: (&Grid, &str),
    watch: &dyn Watch,
) -> Result<Regions> {
    let given = io::read_labels_of(path, on)?;
    let names = options.names.as_deref();
    // Labels that float32 has made one are refused there.
    let is_large = given.labels.iter().any(|&label| label >= 1 << 24);
    if given.labels.len() > 1 || is_large || atlas::is_of_one(path, names, &given.labels)? {
        return atlas(path, names, on, watch);
    }
    let is_1 = given.labels == [1];
    let mask = masks::told(given, watch);
    if let Some(names) = names {
        watch.note(&match atlas::name_of_1(names)?.filter(|_| is_1) {
            Some(name) => format!(
                "{path} is taken for a mask and called as its file; where its 1 is the 1 of {}, give it as {name}={path}",
                names.display(),
                path = path.display(),
            ),
            None => format!(
                "{} has one label and is called as its file: {} says nothing of it",
                path.display(),
                names.display()
            ),
        });
    }
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let name = name.trim_end_matches(".gz").trim_end_matches(".nii").to_owned();
    let voxels = (0..mask.inside.len()).filter(|&v| mask.inside[v]).collect();
    let shape = Some(Shape::Mask(path.to_owned()));
    let region = Region { name, voxels, on_grid: 1.0, network: None, shape, moved_mm: [0.0; 3] };
    Ok(Regions { all: vec![region], ..Regions::default() })
}
