//! Of which voxels nuisance columns leave more than rounding, without taking the columns out.
//!
//! Let w be a series of unit norm that is orthogonal to the columns N, and e what N leaves of y. Then (w'y)² = (w'e)² is at most |e|² (Cauchy and
//! Schwarz): where it is more than rounding of y's sum of squares, so is |e|². That is two sums a voxel, and clears all but few of them; those are
//! to be held against N itself.

use ndarray::{Array1, Array2};
use pulp::{Arch, Simd, WithSimd};
use rayon::prelude::*;

use crate::kernels::glm::NOTHING;
use crate::volume::HostBold;

/// Neighbours whose sums stay in the first cache level.
const PIECE: usize = 512;

/// How many times rounding counts as more, so that the digits of the sums do not matter.
const MORE: f64 = 4.0;

/// w for an orthonormal basis `[volume][column]`; zeros, which clear nothing, where it spans all series.
pub(super) fn probe(basis: &Array2<f64>) -> Vec<f64> {
    // Any series does that is like no column: a sine that becomes ever faster.
    let mut w = Array1::from_shape_fn(basis.nrows(), |t| (0.754_877_666 * (t * t) as f64).sin());
    for _ in 0..2 {
        w = &w - &basis.dot(&basis.t().dot(&w));
    }
    let norm = w.dot(&w).sqrt();
    if norm > 1e-6 { (w / norm).to_vec() } else { vec![0.0; basis.nrows()] }
}

/// Those of a block's listed voxels, ascending, as positions in one of its volumes, that are not cleared. `probe_of`: w of a plane of the run.
pub(super) fn doubted<'a>(
    host: &HostBold,
    voxels: &[u32],
    probe_of: impl Fn(usize) -> &'a [f64] + Sync,
) -> Vec<u32> {
    let plane_of = |voxel: u32| voxel as usize / host.block.plane_len();
    let place = |voxel: u32| (plane_of(voxel), voxel as usize / PIECE);
    let pieces: Vec<&[u32]> = voxels.chunk_by(|a, b| place(*a) == place(*b)).collect();
    let of_piece = |piece: &[u32]| {
        let [first, last] = [piece[0], piece[piece.len() - 1]].map(|voxel| voxel as usize);
        let (n, probe) = (last + 1 - first, probe_of(host.block.planes.start + plane_of(piece[0])));
        let is_clear = Arch::new().dispatch(Clear { host, first, n, probe });
        let doubted = |voxel: &u32| !is_clear[*voxel as usize - first];
        piece.iter().copied().filter(doubted).collect::<Vec<u32>>()
    };
    pieces.into_par_iter().flat_map_iter(of_piece).collect()
}

/// Whether each of n neighbours is cleared.
struct Clear<'a> {
    host: &'a HostBold,
    first: usize,
    n: usize,
    probe: &'a [f64],
}

impl WithSimd for Clear<'_> {
    type Output = Vec<bool>;

    #[inline(always)]
    fn with_simd<S: Simd>(self, _simd: S) -> Vec<bool> {
        let Clear { host, first, n, probe } = self;
        let (mut sum, mut square, mut on) = (vec![0.0; n], vec![0.0; n], vec![0.0; n]);
        let start = &host.data[first..][..n];
        for (volume, w) in host.data.chunks_exact(host.block.volume_len()).zip(probe) {
            let values = volume[first..][..n].iter().zip(start);
            let sums = sum.iter_mut().zip(&mut square).zip(&mut on);
            for (((sum, square), on), (value, start)) in sums.zip(values) {
                let y = f64::from(*value) - f64::from(*start);
                *sum += y;
                *square += y * y;
                *on += w * y;
            }
        }
        // Of the series about its mean, where N lacks the constant.
        let of_mean = probe.iter().sum::<f64>() / probe.len() as f64;
        let sums = sum.iter().zip(&square).zip(&on);
        sums.map(|((sum, square), on)| (on - sum * of_mean).powi(2) > MORE * NOTHING * square)
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::least_squares::orthonormal_basis;
    use crate::volume::Block;

    #[test]
    fn voxels_that_columns_explain_are_doubted_and_others_are_not() {
        let (n, shape) = (60, [50, 30, 2]);
        let column = |t: usize, j: usize| [1.0, t as f64, (t as f64 * 0.9).cos()][j];
        let basis = orthonormal_basis(Array2::from_shape_fn((n, 3), |(t, j)| column(t, j)).view());
        let w = probe(&basis.expect("three columns"));
        let len = shape.iter().product::<usize>();
        let explained = [3, 1499, 1500, 2999];
        let value = |t: usize, voxel: usize| match explained.contains(&voxel) {
            true => 900.0 + 3.0 * column(t, 1) - 20.0 * column(t, 2),
            false => 900.0 + ((t * 7919 + voxel * 104_729) % 1009) as f64 / 100.0,
        };
        let data = (0..n * len).map(|at| value(at / len, at % len) as f32).collect();
        let host = HostBold::new(Block::whole(shape, n), data);
        let all: Vec<u32> = (0..len as u32).collect();
        // f32 leaves 1e-5 of 900 of them, beside a swing of 180: less than 1e-10 of the squares.
        assert_eq!(doubted(&host, &all, |_| &w), explained.map(|voxel| voxel as u32));
        assert!(doubted(&host, &all[..3], |_| &w).is_empty());
        let spanning = probe(&Array2::eye(n));
        assert_eq!(doubted(&host, &all, |_| &spanning).len(), len, "nothing is cleared");
    }
}
