//! The voxels of a map above 0, from the highest down: a radix sort by f32, and by f64 where that ties.

use std::ops::Range;

/// Bits of the three digits of a positive f32, of which the highest bit is 0.
const DIGITS: [Range<u32>; 3] = [0..11, 11..21, 21..31];

/// Heights and voxels by rank.
#[derive(Debug, Clone, Default)]
pub(super) struct Sorted {
    /// Bits of the height as f32 above, the voxel below.
    pairs: Vec<u64>,
    spare: Vec<u64>,
    /// `[rank]`.
    heights: Vec<f64>,
}

impl Sorted {
    /// Sort the voxels of a map `[voxel]` by sign * t, those above 0 alone.
    pub(super) fn sort<T: Copy + Into<f64>>(&mut self, statistic: &[T], sign: f64) {
        let mut counts = [[0_u32; 2048]; 3];
        self.pairs.clear();
        for (voxel, &t) in (0_u64..).zip(statistic) {
            let height = sign * t.into();
            if height > 0.0 {
                let bits = u64::from((height as f32).to_bits());
                for (counts, digit) in counts.iter_mut().zip(DIGITS) {
                    counts[at(bits, &digit)] += 1;
                }
                self.pairs.push(bits << 32 | voxel);
            }
        }
        let n = self.pairs.len();
        self.spare.resize(n, 0);
        for (counts, digit) in counts.iter_mut().zip(DIGITS) {
            if counts.contains(&(n as u32)) {
                continue;
            }
            // The highest digit comes first.
            let mut start = 0;
            for count in counts.iter_mut().rev() {
                (start, *count) = (start + *count, start);
            }
            for &pair in &self.pairs {
                let place = &mut counts[at(pair >> 32, &digit)];
                self.spare[*place as usize] = pair;
                *place += 1;
            }
            std::mem::swap(&mut self.pairs, &mut self.spare);
        }
        let height = |pair: u64| sign * statistic[pair as u32 as usize].into();
        for tied in self.pairs.chunk_by_mut(|a, b| a >> 32 == b >> 32) {
            if tied.len() > 1 {
                tied.sort_by(|&a, &b| height(b).total_cmp(&height(a)));
            }
        }
        self.heights.clear();
        self.heights.extend(self.pairs.iter().map(|&pair| height(pair)));
    }

    pub(super) fn len(&self) -> usize {
        self.pairs.len()
    }

    /// The voxel of a rank.
    #[inline]
    pub(super) fn voxel(&self, rank: usize) -> u32 {
        self.pairs[rank] as u32
    }

    /// The height of a rank.
    #[inline]
    pub(super) fn height(&self, rank: usize) -> f64 {
        self.heights[rank]
    }
}

#[inline]
fn at(bits: u64, digit: &Range<u32>) -> usize {
    (bits >> digit.start & ((1 << digit.len()) - 1)) as usize
}
