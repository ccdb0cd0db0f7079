//! What a fit needs of its voxels, held until all blocks are in.

use std::borrow::Cow;

use ndarray::{Array2, s};

use super::{Own, Series};
use crate::kernels::glm::HostFit;
use crate::stats::ar1::Sums;
use crate::stats::arma11::Found;

/// What is held of a block.
#[derive(Debug)]
pub struct Held {
    /// Of each voxel, its position in the grid.
    pub places: Vec<usize>,
    /// Ordinary least squares.
    pub fit: HostFit,
    /// Of its residuals.
    pub sums: Sums,
    /// Of ARMA(1,1), a stretch of one slice group each.
    pub found: Vec<Found>,
    /// Of voxels with columns of their own, `[voxel]`; none where there are none.
    pub own: Vec<Own>,
}

/// Voxels of one slice group.
pub(super) struct OneGroup<'a> {
    pub group: usize,
    pub places: &'a [usize],
    pub sums: Cow<'a, Sums>,
    pub beta: Cow<'a, Array2<f64>>,
    /// `[voxel]`, or none.
    pub own: &'a [Own],
}

/// Gives the few voxels that are held and looked at numbers of their own, as if they were the grid; whether each is `fitted`.
pub fn renumber(held: &mut [Held], sampled: &mut [Series], fitted: &[bool]) -> Vec<bool> {
    let of_held = held.iter_mut().flat_map(|part| &mut part.places);
    let mut all: Vec<&mut usize> =
        of_held.chain(sampled.iter_mut().flat_map(|part| &mut part.places)).collect();
    all.sort_unstable();
    let mut few = Vec::new();
    let mut last = None;
    for place in all {
        if last.replace(*place) != Some(*place) {
            few.push(fitted[*place]);
        }
        *place = few.len() - 1;
    }
    few
}

impl Held {
    /// The block's voxels in stretches of one slice group: mostly it is one, as it is held.
    pub(super) fn of_one_group(&self) -> Vec<OneGroup<'_>> {
        let mut first = 0;
        let stretch = |same: &[u32]| {
            let range = first..first + same.len();
            first = range.end;
            let (sums, beta) = match same.len() == self.places.len() {
                true => (Cow::Borrowed(&self.sums), Cow::Borrowed(&self.fit.beta)),
                false => {
                    let beta = self.fit.beta.slice(s![.., range.clone()]);
                    let beta = beta.as_standard_layout().into_owned();
                    (Cow::Owned(self.sums.of(range.clone())), Cow::Owned(beta))
                }
            };
            OneGroup {
                group: same[0] as usize,
                places: &self.places[range.clone()],
                sums,
                own: self.own.get(range).unwrap_or_default(),
                beta,
            }
        };
        self.fit.slice_group.chunk_by(|a, b| a == b).map(stretch).collect()
    }
}

#[cfg(test)]
mod tests {
    use ndarray::Array1;

    use super::*;

    #[test]
    fn the_few_are_numbered_in_order_whichever_hold_them_and_stay_fitted_or_not() {
        let none = || Array2::zeros((0, 0));
        let held = |places: &[usize]| Held {
            places: places.to_vec(),
            fit: HostFit { slice_group: vec![], beta: none(), sigma2: Array1::zeros(0) },
            sums: Sums {
                total: vec![],
                square: vec![],
                last: vec![],
                ends: none(),
                lags: none(),
                columns: none(),
            },
            found: vec![],
            own: vec![],
        };
        let series = |places: &[usize]| Series {
            places: places.to_vec(),
            slice_group: vec![],
            residual: none(),
            own: vec![],
        };
        let (mut all, mut seen) =
            (vec![held(&[12, 30]), held(&[3, 4])], vec![series(&[4, 12, 20])]);
        let mut fitted = vec![true; 31];
        fitted[12] = false;
        assert_eq!(renumber(&mut all, &mut seen, &fitted), [true, true, false, true, true]);
        let places: Vec<_> = all.iter().map(|part| &part.places[..]).collect();
        assert_eq!((places, &seen[0].places[..]), (vec![&[2, 4][..], &[0, 1]], &[1, 2, 3][..]));
    }
}
