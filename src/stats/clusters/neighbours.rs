//! Which voxels of a mask touch.

use crate::error::{Error, Result};

/// When two voxels touch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Connectivity {
    /// They share a face: 6 neighbours.
    Faces,
    /// They share a face or an edge: 18.
    Edges,
    /// They share a face, an edge or a corner: 26.
    Corners,
}

impl Connectivity {
    /// Steps to the neighbours that come before a voxel where i runs fastest: half of all of them.
    fn earlier(self) -> Vec<[isize; 3]> {
        let furthest = match self {
            Connectivity::Faces => 1,
            Connectivity::Edges => 2,
            Connectivity::Corners => 3,
        };
        let mut steps = Vec::new();
        for k in -1..=1_isize {
            for j in -1..=1_isize {
                for i in -1..=1_isize {
                    let is_before = (k, j, i) < (0, 0, 0);
                    if is_before && i.abs() + j.abs() + k.abs() <= furthest {
                        steps.push([i, j, k]);
                    }
                }
            }
        }
        steps
    }
}

/// The voxels of a mask and those that each touches; made once for all maps over the mask.
///
/// A voxel's *place* is i + ni (j + nj k) in the grid, its *index* is where it stands in the mask's list.
#[derive(Debug, Clone)]
pub struct Neighbours {
    shape: [usize; 3],
    /// `[voxel]`, ascending.
    places: Vec<u32>,
    /// Index of each voxel of the grid, `[place]`; the number of voxels outside the mask.
    index: Vec<u32>,
    /// Neighbours a voxel.
    n_each: usize,
    /// `[voxel][neighbour]`, the half that comes before first; the number of voxels where there is none.
    table: Vec<u32>,
}

impl Neighbours {
    /// Of the voxels at these places of a grid, ascending.
    ///
    /// # Errors
    /// Internal where the places are not ascending, or beyond the grid, or the grid has 2³² voxels or more.
    pub fn new(shape: [usize; 3], places: &[u32], touch: Connectivity) -> Result<Neighbours> {
        let n_grid = shape.iter().try_fold(1_usize, |n, &side| n.checked_mul(side));
        let n_grid = n_grid.filter(|&n| n < u32::MAX as usize);
        let is_list = places.windows(2).all(|pair| pair[0] < pair[1]);
        let (Some(n_grid), true) = (n_grid, is_list) else {
            return Err(unfit("is not a list of ascending places of a grid below 2^32 voxels"));
        };
        if places.last().is_some_and(|&last| last as usize >= n_grid) {
            return Err(unfit("reaches beyond its grid"));
        }
        let none = places.len() as u32;
        let mut index = vec![none; n_grid];
        for (at, &place) in (0_u32..).zip(places) {
            index[place as usize] = at;
        }
        let mut steps = touch.earlier();
        let later: Vec<[isize; 3]> = steps.iter().map(|step| step.map(|s| -s)).collect();
        steps.extend(later);
        let mut neighbours = Neighbours {
            shape,
            places: places.to_vec(),
            index,
            n_each: steps.len(),
            table: Vec::with_capacity(places.len() * steps.len()),
        };
        for at in 0..places.len() {
            let here = neighbours.at(at);
            let each = steps.iter().map(|&step| neighbours.beside(here, step).unwrap_or(none));
            let row: Vec<u32> = each.collect();
            neighbours.table.extend(row);
        }
        Ok(neighbours)
    }

    /// Voxels of the mask.
    #[must_use]
    pub fn n_voxels(&self) -> usize {
        self.places.len()
    }

    /// Voxels of the grid along i, j, k.
    #[must_use]
    pub fn shape(&self) -> [usize; 3] {
        self.shape
    }

    /// The places of the mask's voxels, `[voxel]`.
    #[must_use]
    pub fn places(&self) -> &[u32] {
        &self.places
    }

    /// i, j, k of a voxel of the mask.
    #[must_use]
    pub fn at(&self, voxel: usize) -> [usize; 3] {
        let [ni, nj, _] = self.shape;
        let place = self.places[voxel] as usize;
        [place % ni, place / ni % nj, place / (ni * nj)]
    }

    /// The index of the voxel a step from i, j, k; none outside the mask.
    #[must_use]
    pub fn beside(&self, here: [usize; 3], step: [isize; 3]) -> Option<u32> {
        let mut there = [0; 3];
        for axis in 0..3 {
            let along = here[axis].checked_add_signed(step[axis])?;
            if along >= self.shape[axis] {
                return None;
            }
            there[axis] = along;
        }
        let [ni, nj, _] = self.shape;
        let at = self.index[there[0] + ni * (there[1] + nj * there[2])];
        (at < self.places.len() as u32).then_some(at)
    }

    /// All neighbours of a voxel, [`Neighbours::n_voxels`] in the place of each that is outside.
    #[inline]
    pub(in crate::stats) fn of(&self, voxel: usize) -> &[u32] {
        &self.table[voxel * self.n_each..(voxel + 1) * self.n_each]
    }

    /// Those of lower index.
    #[inline]
    pub(in crate::stats) fn before(&self, voxel: usize) -> &[u32] {
        &self.of(voxel)[..self.n_each / 2]
    }
}

fn unfit(found: &str) -> Error {
    Error::internal("the list of a mask's voxels", found, "be its places, ascending", "")
}
