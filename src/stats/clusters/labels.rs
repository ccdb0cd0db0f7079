//! Connected components of a thresholded map, by union and find over the mask's voxels in one pass.

use super::{Neighbours, Tail};

/// Not above the threshold.
const OUTSIDE: u32 = u32::MAX;

/// One cluster's size.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Measure {
    /// The cluster's voxel of lowest index.
    pub first: u32,
    /// Voxels.
    pub extent: u32,
    /// Sum of height less threshold, in units of the statistic.
    pub mass: f64,
}

/// The greatest of a map's clusters, each measure by itself; 0 where there is none.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Largest {
    /// Voxels.
    pub extent: u32,
    /// In units of the statistic.
    pub mass: f64,
}

/// Finds clusters in one map after another without allocating.
#[derive(Debug, Clone)]
pub struct Labeller<'a> {
    neighbours: &'a Neighbours,
    /// A voxel of the same cluster, of the same or lower index; [`OUTSIDE`] elsewhere. `[voxel]`, and one that is always outside.
    parent: Vec<u32>,
    /// Voxels above the threshold, ascending.
    above: Vec<u32>,
    /// Of a cluster's first voxel, where it stands among the measures, `[voxel]`.
    number: Vec<u32>,
    measures: Vec<Measure>,
}

impl<'a> Labeller<'a> {
    /// For maps over this mask.
    #[must_use]
    pub fn new(neighbours: &'a Neighbours) -> Labeller<'a> {
        let n = neighbours.n_voxels();
        Labeller {
            neighbours,
            parent: vec![OUTSIDE; n + 1],
            above: Vec::new(),
            number: vec![0; n],
            measures: Vec::new(),
        }
    }

    /// The clusters of a map `[voxel]` whose height in this tail is strictly above the threshold, by their first voxels.
    /// A value that is not a number is in no cluster.
    ///
    /// # Panics
    /// Where the map has another number of voxels than the mask.
    pub fn measure<T: Copy + Into<f64>>(
        &mut self,
        statistic: &[T],
        tail: Tail,
        threshold: f64,
    ) -> &[Measure] {
        assert_eq!(statistic.len(), self.neighbours.n_voxels(), "one value a voxel of the mask");
        let sign = tail.sign();
        self.parent.fill(OUTSIDE);
        self.above.clear();
        self.measures.clear();
        let voxels = 0_u32..;
        let above = voxels.zip(statistic).filter(|(_, t)| sign * (**t).into() > threshold);
        self.above.extend(above.map(|(voxel, _)| voxel));
        for &voxel in &self.above {
            self.parent[voxel as usize] = voxel;
            for &other in self.neighbours.before(voxel as usize) {
                if self.parent[other as usize] != OUTSIDE {
                    join(&mut self.parent, voxel, other);
                }
            }
        }
        for &voxel in &self.above {
            // What comes before is settled: its parent is its cluster's first voxel.
            let first = self.parent[self.parent[voxel as usize] as usize];
            self.parent[voxel as usize] = first;
            if first == voxel {
                self.number[voxel as usize] = self.measures.len() as u32;
                self.measures.push(Measure { first, extent: 0, mass: 0.0 });
            }
            let cluster = &mut self.measures[self.number[first as usize] as usize];
            cluster.extent += 1;
            cluster.mass += sign * statistic[voxel as usize].into() - threshold;
        }
        &self.measures
    }

    /// The greatest extent and the greatest mass of a map, as [`Labeller::measure`] finds them.
    ///
    /// # Panics
    /// As [`Labeller::measure`].
    pub fn largest<T: Copy + Into<f64>>(
        &mut self,
        statistic: &[T],
        tail: Tail,
        threshold: f64,
    ) -> Largest {
        let all = self.measure(statistic, tail, threshold).iter();
        all.fold(Largest::default(), |so_far, cluster| Largest {
            extent: so_far.extent.max(cluster.extent),
            mass: so_far.mass.max(cluster.mass),
        })
    }

    /// Voxels of the last map's clusters, ascending, each with its cluster's number.
    pub(super) fn members(&self) -> impl Iterator<Item = (u32, usize)> + '_ {
        self.above.iter().map(|&voxel| {
            let first = self.parent[voxel as usize];
            (voxel, self.number[first as usize] as usize)
        })
    }
}

/// Make two voxels one cluster's; its first voxel stays its root.
#[inline]
fn join(parent: &mut [u32], a: u32, b: u32) {
    let (a, b) = (root(parent, a), root(parent, b));
    if a < b {
        parent[b as usize] = a;
    } else {
        parent[a as usize] = b;
    }
}

/// The root of a voxel, its path halved.
#[inline]
fn root(parent: &mut [u32], mut voxel: u32) -> u32 {
    while parent[voxel as usize] != voxel {
        let above = parent[parent[voxel as usize] as usize];
        parent[voxel as usize] = above;
        voxel = above;
    }
    voxel
}
