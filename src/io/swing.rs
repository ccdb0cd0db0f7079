//! How the values of a run swing about their level, against f32's steps. f32 holds 24 bits: at a level of 1e6 it steps by 0.06, and
//! a swing of 0.01 is lost. What is stored in 32 bits or more, or with a large intercept, is looked at as it is read, in f64.

use rayon::prelude::*;

use super::header::Header;
use super::sample::{Decoder, SampleType};
use crate::Result;

/// Steps in a standard deviation that make what rounding does to t less than 1e-4: sd of rounding is step / sqrt 12.
const FITTED: f64 = 4096.0;
/// Steps in a standard deviation that an image written as f32 should have: rounding moves t by 1e-3.
const WRITTEN: f64 = 256.0;
/// An f32 step beside the value.
const STEP: f64 = 1.0 / (1 << 23) as f64;
/// A swing below this part of the level is f64's own rounding: the voxel is constant.
const CONSTANT: f64 = 1.0 / (1_u64 << 46) as f64;
/// Volumes of a part: the quietest part says how a voxel swings, where one volume that stands out would hide it.
const PART: usize = 16;
/// Values decoded at once.
const PIECE: usize = 1 << 14;

/// Mean, scatter and largest magnitude of each voxel over time, as the values are stored.
#[derive(Debug, Clone, Default)]
pub(super) struct Swing {
    voxels: Vec<Moments>,
    /// Values seen, in file order.
    seen: usize,
    /// Whether f32 rounds any of them.
    is_rounded: bool,
}

/// One voxel's, by Welford's recurrence, so that a large level costs no digits.
#[derive(Debug, Clone, Copy, Default)]
struct Moments {
    mean: f64,
    squares: f64,
    most: f64,
    /// The same of the part that is being read.
    part: [f64; 2],
    /// The least scatter of a part in which the voxel varies, as a variance; 0 where there is none yet.
    quietest: f64,
}

impl Moments {
    fn take(&mut self, value: f64, volume: usize) {
        let step = |[mean, squares]: [f64; 2], nth: usize| {
            let off = value - mean;
            let mean = mean + off / (nth as f64 + 1.0);
            [mean, squares + off * (value - mean)]
        };
        [self.mean, self.squares] = step([self.mean, self.squares], volume);
        self.most = self.most.max(value.abs());
        if volume.is_multiple_of(PART) {
            self.part = [0.0; 2];
        }
        self.part = step(self.part, volume % PART);
        if volume % PART == PART - 1 {
            let variance = self.part[1] / PART as f64;
            let varies = variance.sqrt() > self.most * CONSTANT;
            if varies && (self.quietest == 0.0 || variance < self.quietest) {
                self.quietest = variance;
            }
        }
    }

    /// Its standard deviation over `n` volumes, or in the quietest part of them; not a number where a value is not.
    fn scatter(&self, n: f64) -> f64 {
        let all = self.squares / n;
        if all.is_finite() && self.quietest > 0.0 {
            all.min(self.quietest).sqrt()
        } else {
            all.sqrt()
        }
    }
}

/// The voxel that f32 follows worst, and how many there are.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Coarse {
    /// Voxels whose swing f32 follows in too few steps.
    pub n_voxels: usize,
    /// Voxels that vary over time.
    pub n_varying: usize,
    /// The worst, as position in the grid.
    pub worst: usize,
    /// Its mean.
    pub mean: f64,
    /// Its standard deviation.
    pub sd: f64,
    /// The step of f32 there.
    pub step: f64,
}

impl Header {
    /// Whether the type and scaling of the samples can hold what f32 cannot.
    #[must_use]
    pub fn may_exceed_f32(&self) -> bool {
        let inter = self.scaling.map_or(0.0, |s| (s.inter / s.slope).abs());
        let largest = match self.sample.size() {
            1 => 255.0,
            2 => 65_535.0,
            _ => f64::from(f32::MAX),
        };
        let scaled = self.scaling.map_or(largest, |s| s.slope.abs() * largest + s.inter.abs());
        if scaled > f64::from(f32::MAX) {
            return true;
        }
        match self.sample {
            SampleType::F32 => inter > 0.0,
            // Steps of f32 stay below 1/32 of the samples' own.
            sample if sample.size() <= 2 => inter > f64::from(1 << 18),
            _ => true,
        }
    }
}

impl Swing {
    /// Nothing seen yet of an image.
    pub(super) fn new(header: &Header) -> Swing {
        let n_voxels = header.grid_shape().iter().product();
        Swing { voxels: vec![Moments::default(); n_voxels], seen: 0, is_rounded: false }
    }

    /// The next stored samples in file order.
    pub(super) fn see(&mut self, decoder: Decoder, mut bytes: &[u8]) {
        let (size, n_voxels) = (decoder.sample.size(), self.voxels.len());
        let mut wide = vec![0.0; PIECE];
        while !bytes.is_empty() {
            let (volume, voxel) = (self.seen / n_voxels, self.seen % n_voxels);
            let n = (bytes.len() / size).min(PIECE).min(n_voxels - voxel);
            decoder.decode_f64(&bytes[..n * size], &mut wide[..n]);
            self.is_rounded |= add(&mut self.voxels[voxel..][..n], &wide[..n], volume);
            self.seen += n;
            bytes = &bytes[n * size..];
        }
    }

    /// All of a run whose samples can be had from any value on: `read` fills bytes from there.
    ///
    /// # Errors
    /// Those of `read`.
    pub(super) fn of(
        header: &Header,
        read: impl Fn(usize, &mut [u8]) -> Result<()> + Sync,
    ) -> Result<Swing> {
        let (decoder, n_volumes) = (header.decoder(), header.n_volumes());
        let mut swing = Swing::new(header);
        let n_voxels = swing.voxels.len();
        let pieces = swing.voxels.par_chunks_mut(PIECE).enumerate();
        let rounded = pieces.map(|(piece, voxels)| {
            let mut bytes = vec![0; voxels.len() * decoder.sample.size()];
            let mut wide = vec![0.0; voxels.len()];
            let mut rounded = false;
            for volume in 0..n_volumes {
                read(volume * n_voxels + piece * PIECE, &mut bytes)?;
                decoder.decode_f64(&bytes, &mut wide);
                rounded |= add(voxels, &wide, volume);
            }
            Ok(rounded)
        });
        let rounded = rounded.collect::<Result<Vec<bool>>>()?;
        swing.is_rounded = rounded.contains(&true);
        swing.seen = n_voxels * n_volumes;
        Ok(swing)
    }

    /// The voxels that a fit would lose digits of.
    pub(super) fn lost_to_a_fit(&self) -> Option<Coarse> {
        self.below(FITTED)
    }

    /// The voxels that an image written as f32 would hold poorly.
    pub(super) fn lost_to_an_image(&self) -> Option<Coarse> {
        self.below(WRITTEN)
    }

    /// Voxels with a finite value that f32 cannot hold.
    pub(super) fn beyond_f32(&self) -> usize {
        let beyond = |voxel: &&Moments| voxel.most > f64::from(f32::MAX) && voxel.most.is_finite();
        self.voxels.iter().filter(beyond).count()
    }

    /// The mean of each voxel over time, `[voxel]`.
    pub(super) fn means(&self) -> Vec<f64> {
        self.voxels.iter().map(|v| v.mean).collect()
    }

    fn below(&self, steps: f64) -> Option<Coarse> {
        if !self.is_rounded {
            return None;
        }
        let n = (self.seen / self.voxels.len().max(1)).max(1) as f64;
        let mut coarse: Option<Coarse> = None;
        let (mut n_voxels, mut n_varying) = (0, 0);
        for (worst, voxel) in self.voxels.iter().enumerate() {
            let Moments { mean, most, .. } = *voxel;
            let (sd, step) = (voxel.scatter(n), most * STEP);
            // Not finite in some volume: neither.
            if sd > most * CONSTANT {
                n_varying += 1;
                if sd < steps * step {
                    n_voxels += 1;
                    if coarse.is_none_or(|c| sd * c.step < c.sd * step) {
                        coarse = Some(Coarse { n_voxels, n_varying, worst, mean, sd, step });
                    }
                }
            }
        }
        coarse.map(|coarse| Coarse { n_voxels, n_varying, ..coarse })
    }
}

/// Values of one volume, counted from 0; whether f32 rounds any.
fn add(voxels: &mut [Moments], values: &[f64], volume: usize) -> bool {
    let mut rounded = false;
    for (voxel, &value) in voxels.iter_mut().zip(values) {
        voxel.take(value, volume);
        rounded |= f64::from(value as f32) != value;
    }
    rounded
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::io::sample::Scaling;
    use crate::volume::Grid;

    fn header(n_volumes: usize, sample: SampleType) -> Header {
        let grid =
            Grid { shape: [3, 1, 1], affine: unit(), voxel_size_mm: [1.0; 3], is_placed: true };
        Header { sample, ..Header::new(&grid, Some(2.0)).for_bold(n_volumes) }
    }

    fn unit() -> [[f64; 4]; 4] {
        std::array::from_fn(|row| std::array::from_fn(|column| f64::from(u8::from(row == column))))
    }

    /// A swing that f32 loses, one that it holds, and a voxel that is constant but for f64's rounding.
    fn stored() -> Vec<u8> {
        let values = |t: usize| {
            let wave = (t as f64 * 0.7).sin();
            [1e6 + 0.01 * wave, 1000.0 + wave, 0.1 * (1.0 + 1e-16 * wave)]
        };
        (0..20).flat_map(values).flat_map(f64::to_le_bytes).collect()
    }

    #[test]
    fn volumes_that_stand_out_do_not_hide_a_small_swing() {
        let header = header(40, SampleType::F64);
        let spike = |t: usize| if t == 0 || t == 37 { 1e4 } else { 0.0 };
        let values = |t: usize| [1e6 + 0.01 * (t as f64 * 0.7).sin() + spike(t), 1000.0, 1000.0];
        let bytes: Vec<u8> = (0..40).flat_map(values).flat_map(f64::to_le_bytes).collect();
        let mut swing = Swing::new(&header);
        swing.see(header.decoder(), &bytes);
        let coarse = swing.lost_to_an_image().expect("a swing of a sixth of a step");
        assert_eq!((coarse.n_voxels, coarse.n_varying, coarse.worst), (1, 1, 0));
        assert!((0.005..0.009).contains(&coarse.sd), "{coarse:?}");
    }

    #[test]
    fn a_small_swing_at_a_large_level_is_found_however_the_samples_come() {
        let (bytes, header) = (stored(), header(20, SampleType::F64));
        let mut streamed = Swing::new(&header);
        bytes.chunks(8 * 7).for_each(|piece| streamed.see(header.decoder(), piece));
        let at_once = Swing::of(&header, |value, out| {
            out.copy_from_slice(&bytes[8 * value..][..out.len()]);
            Ok(())
        });
        let at_once = at_once.expect("memory reads");
        for swing in [streamed, at_once] {
            let coarse = swing.lost_to_a_fit().expect("one is lost");
            assert_eq!((coarse.n_voxels, coarse.n_varying, coarse.worst), (1, 2, 0));
            assert!((coarse.sd - 0.007).abs() < 1e-3 && (coarse.step - 0.119).abs() < 1e-3);
            assert!((swing.means()[1] - 1000.0).abs() < 0.5);
        }
    }

    #[test]
    fn integers_that_f32_holds_are_never_lost_and_a_large_intercept_may_be() {
        let header = header(2, SampleType::I32);
        let mut swing = Swing::new(&header);
        let values = [16_000_000_i32, 5, 7, 16_000_001, 6, 7];
        swing.see(header.decoder(), &values.map(i32::to_le_bytes).concat());
        assert_eq!(swing.lost_to_a_fit(), None);
        let with = |inter| Header {
            sample: SampleType::I16,
            scaling: Some(Scaling { slope: 0.5, inter }),
            ..header.clone()
        };
        assert!(!with(0.0).may_exceed_f32() && with(-1e6).may_exceed_f32());
    }
}
