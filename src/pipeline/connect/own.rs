//! A run without what its voxels' own columns explain beside the nuisance columns: y - W W'(1 - N N⁺) y, W an orthonormal basis of (1 - N N⁺) V. What
//! N leaves of it is what the joint model [N V] leaves of the run (Frisch, Waugh and Lovell).

use std::collections::BTreeSet;

use ndarray::{Array1, Array2};
use rayon::prelude::*;

use super::nuisance::{Nuisance, is_left};
use crate::error::Result;
use crate::io::source::BoldSource;
use crate::stats::beside::Beside;
use crate::volume::{Block, HostBold};

/// The run as it is read, but for the voxels of regions.
pub(super) struct WithoutOwn<'a> {
    pub run: &'a mut dyn BoldSource,
    /// V, `[column]`.
    pub columns: &'a mut [Box<dyn BoldSource>],
    pub nuisance: &'a Nuisance,
    /// Voxels that are looked at, `[voxel of the grid]`.
    pub inside: &'a [bool],
    /// Those of regions, of which V is taken out, `[voxel of the grid]`.
    pub wanted: &'a [bool],
    /// Of these the voxels where a column does not count, `[column]`.
    pub spanned: Vec<BTreeSet<usize>>,
    /// Of these the voxels of which nothing is left: they are read as 0.
    pub explained: BTreeSet<usize>,
}

/// A voxel's series without its own columns, none where nothing is left of it, and which of them do not count.
type Cleaned = (usize, Option<Array1<f64>>, Vec<usize>);

/// A voxel of a block whose columns are finite. `at`: its position in a volume of the block.
fn cleaned(nuisance: &Nuisance, (run, own): (&HostBold, &[HostBold]), at: usize) -> Cleaned {
    let block = &run.block;
    let plane = block.planes.start + at / block.plane_len();
    let group = nuisance.model.group_of_plane[plane];
    let (n, len) = (block.volumes.len(), block.volume_len());
    let series = |host: &HostBold| -> Array1<f64> {
        host.data.iter().skip(at).step_by(len).map(|&v| f64::from(v)).collect()
    };
    let mut y = series(run);
    y -= y.mean().unwrap_or(0.0);
    let columns: Array1<f64> = own.iter().flat_map(series).collect();
    let columns = columns.into_shape_with_order((own.len(), n)).unwrap_or_default();
    let basis = &nuisance.bases[group];
    let beside = Beside::new(columns.view(), basis, &Array2::zeros((0, basis.ncols())));
    let left = nuisance.without(group, &y);
    let mut rest = left.clone();
    beside.take_from(&mut rest, &mut Array1::zeros(0));
    let is_left = is_left(y.dot(&y), rest.dot(&rest));
    (at, is_left.then(|| y - (left - rest)), beside.spanned)
}

impl BoldSource for WithoutOwn<'_> {
    fn shape(&self) -> [usize; 3] {
        self.run.shape()
    }

    fn n_volumes(&self) -> usize {
        self.run.n_volumes()
    }

    fn read(&mut self, block: &Block) -> Result<HostBold> {
        let mut run = self.run.read(block)?;
        let own = self.columns.iter_mut().map(|column| column.read(block));
        let own = own.collect::<Result<Vec<_>>>()?;
        let (first, len) = (block.planes.start * block.plane_len(), block.volume_len());
        let mut is_wanted = self.wanted[first..first + len].to_vec();
        run.missing().iter().for_each(|&at| is_wanted[at as usize] = false);
        let lacking: BTreeSet<u32> = own.iter().flat_map(|host| host.missing()).copied().collect();
        lacking.iter().for_each(|&at| is_wanted[at as usize] = false);
        let voxels: Vec<usize> = (0..len).filter(|&at| is_wanted[at]).collect();
        let nuisance = self.nuisance;
        let of = |&at: &usize| cleaned(nuisance, (&run, &own), at);
        let cleaned: Vec<Cleaned> = voxels.par_iter().with_min_len(64).map(of).collect();
        for (at, series, spanned) in cleaned {
            let values = run.data.iter_mut().skip(at).step_by(len);
            match series {
                Some(series) => values.zip(series).for_each(|(v, y)| *v = y as f32),
                None => {
                    values.for_each(|v| *v = 0.0);
                    self.explained.insert(first + at);
                }
            }
            for column in spanned {
                self.spanned[column].insert(first + at);
            }
        }
        for (column, host) in self.columns.iter_mut().zip(own) {
            column.reuse(host.data);
        }
        let lacking: Vec<u32> =
            lacking.into_iter().filter(|&at| self.inside[first + at as usize]).collect();
        Ok(if lacking.is_empty() { run } else { run.without(&lacking) })
    }

    fn reuse(&mut self, data: Vec<f32>) {
        self.run.reuse(data);
    }

    fn is_stream(&self) -> bool {
        self.run.is_stream()
    }

    fn holds(&self) -> u64 {
        self.run.holds() + self.columns.iter().map(|column| column.holds()).sum::<u64>()
    }

    fn keeps(&self) -> u64 {
        self.run.keeps() + self.columns.iter().map(|column| column.keeps()).sum::<u64>()
    }
}
