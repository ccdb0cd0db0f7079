//! Voxels that regions share. Of the same voxels two regions are one under two names: what they have to do with each other is no finding.

use ndarray::Array2;

use crate::pipeline::regions::Region;

/// Two regions, by their places.
type Pair = (usize, usize);

/// How many voxels regions share.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Overlap {
    /// `[region][region]`; with itself all that it has.
    pub shared: Array2<u32>,
    /// Regions whose series is made in another way than the mean of voxels: the first ones.
    n_own: usize,
}

impl Overlap {
    /// Of voxels that count, `[voxel of the grid]`. `n_own`: so many regions, the first, are first principal components.
    pub(super) fn of(regions: &[&Region], usable: Option<&[bool]>, n_own: usize) -> Overlap {
        let counts = |voxel: usize| usable.is_none_or(|usable| usable[voxel]);
        let n_voxels = regions.iter().flat_map(|region| &region.voxels).max();
        // Of each voxel its last owner so far, and of each owner the one before.
        let mut last = vec![usize::MAX; n_voxels.map_or(0, |last| last + 1)];
        let mut owners: Vec<(usize, usize)> = Vec::new();
        let mut shared = Array2::zeros((regions.len(), regions.len()));
        for (at, region) in regions.iter().enumerate() {
            for &voxel in region.voxels.iter().filter(|&&voxel| counts(voxel)) {
                let mut owner = std::mem::replace(&mut last[voxel], owners.len());
                owners.push((at, owner));
                shared[[at, at]] += 1;
                while let Some(&(other, before)) = owners.get(owner) {
                    shared[[at, other]] += 1;
                    shared[[other, at]] += 1;
                    owner = before;
                }
            }
        }
        Overlap { shared, n_own }
    }

    /// Whether two regions have the same voxels, and have any.
    pub(super) fn are_one(&self, a: usize, b: usize) -> bool {
        let n = self.shared[[a, b]];
        n > 0 && n == self.shared[[a, a]] && n == self.shared[[b, b]]
    }

    /// Of each of the first regions the first that has its series, itself where no other has. `is_known`: whether a region has one.
    pub(super) fn first(&self, is_known: &[bool]) -> Vec<usize> {
        let same_way = |a: usize, b: usize| (a < self.n_own) == (b < self.n_own);
        let is_it =
            |a: usize, b: usize| is_known[a] && is_known[b] && same_way(a, b) && self.are_one(a, b);
        (0..is_known.len()).map(|b| (0..b).find(|&a| is_it(a, b)).unwrap_or(b)).collect()
    }

    /// Pairs of the first `n` regions that share some voxels but are not one, and pairs that are one.
    pub(super) fn pairs(&self, n: usize) -> (Vec<Pair>, Vec<Pair>) {
        let all = (0..n).flat_map(|a| (a + 1..n).map(move |b| (a, b)));
        let shares = all.filter(|&pair| self.shared[pair] > 0);
        shares.partition(|&(a, b)| !self.are_one(a, b))
    }
}
