//! Maps of several subjects, or of several contrasts, as the volumes of a run.

use std::path::{Path, PathBuf};

use rayon::prelude::*;

use super::BoldSource;
use crate::error::{Error, Result};
use crate::io::Header;
use crate::io::bold::refuse_more_axes;
use crate::io::hash::{self, Checksum};
use crate::io::image::Image;
use crate::io::maps::check_grid;
use crate::volume::{Block, Grid, HostBold};

/// Maps on one grid, one a volume. A file is open only while it is read, because there may be more of them than a process
/// may open; a compressed one is unpacked for each block.
#[derive(Debug, Clone)]
pub struct Stack {
    /// The first map's header.
    pub header: Header,
    /// The grid of all, millimetres.
    pub grid: Grid,
    /// The maps in order.
    pub paths: Vec<PathBuf>,
    /// Of maps that lie a rounding error from the first.
    pub notes: Vec<String>,
}

impl Stack {
    /// Opens maps, 3-D or of one volume, as they are given.
    ///
    /// # Errors
    /// As for any image; [`Error::BadData`] for one of several volumes, or on another grid than the first;
    /// [`Error::Usage`] where there is none.
    pub fn open(paths: &[PathBuf]) -> Result<Stack> {
        let Some(first) = paths.first() else {
            return Err(Error::usage(
                "the list of maps",
                "is empty",
                "name at least one map",
                "check the pattern that should find them",
            ));
        };
        let (image, mut grid) = open_map(first)?;
        let mut notes = Vec::new();
        for path in &paths[1..] {
            let (_, other) = open_map(path)?;
            let of_first = first.display().to_string();
            let hint = "resample the maps to one grid";
            notes.extend(check_grid(path, &other, (&grid, &of_first), hint)?);
            grid.is_placed &= other.is_placed;
        }
        Ok(Stack { header: image.header.placed_as(&grid), grid, paths: paths.to_vec(), notes })
    }

    /// The planes of one map, into `out`, which is as long.
    fn read_map(&self, path: &Path, block: &Block, out: &mut [f32]) -> Result<()> {
        let (image, grid) = open_map(path)?;
        let of_it = "its first reading";
        let hint = "leave it as it is while it is read";
        check_grid(path, &grid, (&self.grid, of_it), hint)?;
        if image.is_compressed() {
            let whole = image.read_all(&mut || {})?;
            let first = block.planes.start * block.plane_len();
            out.copy_from_slice(&whole[first..first + out.len()]);
        } else {
            out.copy_from_slice(&image.read_slab(block.planes.clone(), 0..1, Vec::new())?);
        }
        Ok(())
    }
}

fn open_map(path: &Path) -> Result<(Image, Grid)> {
    let image = Image::open(path)?;
    refuse_more_axes(&image, 3)?;
    let grid = image.header.grid(&path.display().to_string())?;
    Ok((image, grid))
}

impl BoldSource for Stack {
    fn shape(&self) -> [usize; 3] {
        self.grid.shape
    }

    fn n_volumes(&self) -> usize {
        self.paths.len()
    }

    fn read(&mut self, block: &Block) -> Result<HostBold> {
        let paths = self.paths.get(block.volumes.clone());
        let planes = 0..self.grid.shape[2] + 1;
        let fits = block.run_shape == self.grid.shape
            && planes.contains(&block.planes.start)
            && planes.contains(&block.planes.end)
            && block.planes.start <= block.planes.end;
        let (true, Some(paths)) = (fits, paths) else {
            return Err(Error::internal(
                "a block of a stack of maps",
                format!("is {block:?}"),
                format!("lie within {:?} and {} maps", self.grid.shape, self.paths.len()),
                "",
            ));
        };
        let mut data = vec![0.0; block.len()];
        let volumes = data.par_chunks_mut(block.volume_len().max(1)).zip(paths);
        volumes.try_for_each(|(out, path)| self.read_map(path, block, out))?;
        Ok(HostBold::new(block.clone(), data))
    }

    fn checksums(&mut self) -> Result<Vec<(PathBuf, Checksum)>> {
        let of = |path: &PathBuf| Ok((path.clone(), hash::file(path)?));
        self.paths.par_iter().map(of).collect()
    }
}
