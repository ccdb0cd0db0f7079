//! A run stored as int16. The scale is known when the last value has come: blocks go as f32 into a file without a name, and
//! from there, volume by volume, into the image.
//!
//! stored = round((value - inter) / slope), slope = half of the range / 32767: the error of a value is half a step at most.

use std::fs::File;
use std::io::Write;
use std::path::Path;

use rayon::prelude::*;
use serde::Serialize;

use crate::io::compress::{Content, GzipStream};
use crate::io::hash::{Checksum, Hashed};
use crate::io::header::Header;
use crate::io::output::{Started, anonymous, cannot_write, folder_of};
use crate::io::sample::{SampleType, Scaling, little_endian};
use crate::io::{files, image, interrupt};
use crate::{Error, Result};

/// The largest stored value; -32768 stays unused.
const MOST: f64 = 32767.0;

/// Rounding may add this share to the variance of noise; a run for which it would be more is refused.
const SHARE_OF_VARIANCE: f64 = 0.01;

/// Values a task.
const TASK: usize = 1 << 14;

/// What storing a run as int16 cost; BOLD units.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Rounding {
    /// Between neighbouring stored values: `scl_slope`.
    pub step: f64,
    /// The largest error of any value.
    pub largest_error: f64,
    /// Root of the mean squared error over the bright voxels: at least half of what nine tenths of all stay below.
    pub rms_error: f64,
    /// Noise of these voxels: sd of the difference of successive volumes over the root of 2, median over voxels. 0 for a single volume.
    pub noise_sd: f64,
}

impl Rounding {
    /// The error as a share of the noise, percent.
    #[must_use]
    pub fn percent_of_noise(&self) -> f64 {
        if self.noise_sd > 0.0 { 100.0 * self.rms_error / self.noise_sd } else { 0.0 }
    }
}

impl std::fmt::Display for Rounding {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "stored as int16 in steps of {:.3e} BOLD units: error {:.3e} at most, {:.3e} rms, {:.2} % of the noise's sd ({:.3e})",
            self.step,
            self.largest_error,
            self.rms_error,
            self.percent_of_noise(),
            self.noise_sd
        )
    }
}

/// The values so far.
#[derive(Debug, Clone, Copy)]
pub struct Spread {
    least: f32,
    most: f32,
    /// Whether all are whole numbers.
    whole: bool,
    not_finite: usize,
}

impl Default for Spread {
    fn default() -> Spread {
        Spread { least: f32::INFINITY, most: f32::NEG_INFINITY, whole: true, not_finite: 0 }
    }
}

impl Spread {
    /// With some more values.
    #[must_use]
    pub fn with(self, values: &[f32]) -> Spread {
        let of = |part: &[f32]| {
            part.iter().fold(Spread::default(), |range, &value| {
                if !value.is_finite() {
                    return Spread { not_finite: range.not_finite + 1, ..range };
                }
                Spread {
                    least: range.least.min(value),
                    most: range.most.max(value),
                    whole: range.whole && value.fract() == 0.0,
                    ..range
                }
            })
        };
        values.par_chunks(TASK).map(of).reduce(Spread::default, Spread::and).and(self)
    }

    fn and(self, other: Spread) -> Spread {
        Spread {
            least: self.least.min(other.least),
            most: self.most.max(other.most),
            whole: self.whole && other.whole,
            not_finite: self.not_finite + other.not_finite,
        }
    }

    /// The scale that holds these values; whole numbers that int16 has are held as they are.
    #[must_use]
    pub fn scaling(self) -> Scaling {
        let (least, most) = (f64::from(self.least), f64::from(self.most));
        if least > most || self.whole && least >= -MOST && most <= MOST {
            return Scaling { slope: 1.0, inter: 0.0 };
        }
        // NIfTI-1 keeps both in 32 bits.
        let inter = ((least + most) / 2.0) as f32;
        let half = (most - f64::from(inter)).max(f64::from(inter) - least);
        let slope = ((half / MOST) as f32).max(f32::MIN_POSITIVE).next_up();
        Scaling { slope: slope.into(), inter: inter.into() }
    }
}

/// What rounding did to a voxel over time.
#[derive(Debug, Clone, Copy, Default)]
struct Tally {
    sum: f64,
    squared_error: f64,
    /// Of successive volumes.
    squared_difference: f64,
}

/// f32 values on their way to int16.
#[derive(Debug)]
pub(super) struct Spool {
    file: File,
    header: Header,
    compressed: bool,
    range: Spread,
}

impl Spool {
    /// Beside the image that is made.
    pub(super) fn new(path: &Path, header: &Header, compressed: bool) -> Result<Spool> {
        let file = anonymous(&folder_of(path)).map_err(|e| cannot_write(path, e))?;
        Ok(Spool { file, header: header.clone(), compressed, range: Spread::default() })
    }

    /// Values from position `at` of the run on.
    pub(super) fn write(&mut self, values: &[f32], at: usize) -> std::io::Result<()> {
        self.range = self.range.with(values);
        files::write_all_at(&self.file, &little_endian(values), 4 * at as u64)
    }

    /// All of it into the image.
    pub(super) fn finish(self, path: &Path, to: &Started) -> Result<(Checksum, Rounding)> {
        let scaling = self.checked(path)?;
        let failed = |e| cannot_write(path, e);
        let mut header = self.header.as_f32();
        (header.sample, header.scaling) = (SampleType::I16, Some(scaling));
        let mut out = Out::new(to.file.try_clone().map_err(failed)?, self.compressed);
        out.write(&header.to_bytes()).map_err(failed)?;

        let (n_volumes, n_voxels) = (header.n_volumes(), header.len() / header.n_volumes());
        let mut tallies = vec![Tally::default(); n_voxels];
        let [mut values, mut before] =
            [image::zeroed(n_voxels, path)?, image::zeroed(n_voxels, path)?];
        let mut bytes = vec![[0_u8; 2]; n_voxels];
        let mut largest = 0.0_f64;
        for volume in 0..n_volumes {
            interrupt::check()?;
            std::mem::swap(&mut values, &mut before);
            self.read(&mut values, volume * n_voxels).map_err(failed)?;
            if volume == 0 {
                before.copy_from_slice(&values);
            }
            let pairs = values.par_iter().zip(&before).zip(&mut bytes).zip(&mut tallies);
            type Cell<'a> = (((&'a f32, &'a f32), &'a mut [u8; 2]), &'a mut Tally);
            let store = |(((value, before), bytes), tally): Cell<'_>| {
                tally_of(*value, *before, scaling, bytes, tally)
            };
            largest = pairs.with_min_len(TASK).map(store).reduce(|| 0.0, f64::max).max(largest);
            out.write(bytes.as_flattened()).map_err(failed)?;
        }
        let rounding =
            Rounding { step: scaling.slope, largest_error: largest, ..of(&tallies, n_volumes) };
        refuse_coarse(path, &rounding, self.range)?;
        Ok((out.finish().map_err(failed)?, rounding))
    }

    fn read(&self, values: &mut [f32], at: usize) -> std::io::Result<()> {
        let mut bytes = vec![0_u8; 4 * values.len()];
        files::read_exact_at(&self.file, &mut bytes, 4 * at as u64)?;
        for (value, bytes) in values.iter_mut().zip(bytes.as_chunks().0) {
            *value = f32::from_le_bytes(*bytes);
        }
        Ok(())
    }

    /// The scale, where every value is a number.
    fn checked(&self, path: &Path) -> Result<Scaling> {
        match self.range.not_finite {
            0 => Ok(self.range.scaling()),
            n => Err(cannot_hold(
                path,
                format!("has {n} values that are not finite"),
                "be finite throughout",
            )),
        }
    }
}

/// Store a value and count what that costs; gives back the error.
fn tally_of(
    value: f32,
    before: f32,
    scaling: Scaling,
    bytes: &mut [u8; 2],
    tally: &mut Tally,
) -> f64 {
    let exact = f64::from(value);
    let stored = ((exact - scaling.inter) / scaling.slope).round().clamp(-MOST, MOST);
    *bytes = (stored as i16).to_le_bytes();
    // As a reader has it: in f32.
    let error = (f64::from((stored * scaling.slope + scaling.inter) as f32) - exact).abs();
    tally.sum += exact;
    tally.squared_error += error * error;
    tally.squared_difference += (exact - f64::from(before)).powi(2);
    error
}

/// Errors and noise of the bright voxels.
fn of(tallies: &[Tally], n_volumes: usize) -> Rounding {
    let mut sums: Vec<f64> = tallies.iter().map(|t| t.sum).collect();
    sums.sort_by(f64::total_cmp);
    let high = sums[sums.len() * 9 / 10]; // one voxel, however bright, does not move it
    let bright: Vec<&Tally> = tallies.iter().filter(|t| t.sum >= high.min(high / 2.0)).collect();
    let squared: f64 = bright.iter().map(|t| t.squared_error).sum();
    let mut noise: Vec<f64> = bright
        .iter()
        .map(|t| (t.squared_difference / (2 * n_volumes.saturating_sub(1)).max(1) as f64).sqrt())
        .collect();
    noise.sort_by(f64::total_cmp);
    Rounding {
        step: 0.0,
        largest_error: 0.0,
        rms_error: (squared / (bright.len() * n_volumes).max(1) as f64).sqrt(),
        noise_sd: noise.get(noise.len() / 2).copied().unwrap_or(0.0),
    }
}

fn refuse_coarse(path: &Path, rounding: &Rounding, range: Spread) -> Result<()> {
    let Rounding { step, rms_error, noise_sd, .. } = *rounding;
    if noise_sd == 0.0 || rms_error.powi(2) <= SHARE_OF_VARIANCE * noise_sd.powi(2) {
        return Ok(());
    }
    Err(cannot_hold(
        path,
        format!(
            "has values from {:e} to {:e}, so that a step of int16 is {step:.3e}, and noise of sd {noise_sd:.3e}",
            range.least, range.most
        ),
        "be held with an error below a tenth of the noise",
    ))
}

fn cannot_hold(path: &Path, found: String, expected: &str) -> Error {
    let hint = "write it as float32 (--out-type float32)";
    Error::bad_data(path.display().to_string(), found, expected, hint)
}

/// The image being written, in order.
enum Out {
    Plain(Hashed<File>),
    Gzip(GzipStream<Hashed<File>>),
}

impl Out {
    fn new(file: File, compressed: bool) -> Out {
        let file = Hashed::new(file);
        match compressed {
            true => Out::Gzip(GzipStream::new(file, Content::Samples)),
            false => Out::Plain(file),
        }
    }

    fn write(&mut self, bytes: &[u8]) -> std::io::Result<()> {
        match self {
            Out::Plain(file) => file.write_all(bytes),
            Out::Gzip(stream) => stream.write(bytes),
        }
    }

    fn finish(self) -> std::io::Result<Checksum> {
        Ok(match self {
            Out::Plain(file) => file.checksum(),
            Out::Gzip(stream) => stream.finish()?.checksum(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scale_holds_its_range_and_whole_numbers_stay_as_they_are() {
        for (least, most) in
            [(-3.0, 4000.7), (0.1, 0.1), (-1e30, 1e37), (1e-42, 2e-42), (9e5, 9.00001e5)]
        {
            let Scaling { slope, inter } = Spread::default().with(&[least, most]).scaling();
            for value in [least, most] {
                let stored = (f64::from(value) - inter) / slope;
                assert!(stored.abs() <= MOST + 0.5, "{least} {most}: {stored}");
            }
            let needed = (f64::from(most) - f64::from(least)) / (2.0 * MOST);
            let inter_step = f64::from(f32::EPSILON) * f64::from(most).abs();
            assert!(
                slope <= 1.001 * needed + inter_step + 1e-37,
                "{least} {most}: {slope:e} for {needed:e}"
            );
        }
        let whole = Spread::default().with(&[-5.0, 32767.0, 0.0]).scaling();
        assert_eq!(whole, Scaling { slope: 1.0, inter: 0.0 });
        assert!(Spread::default().with(&[-5.0, 32768.0]).scaling().slope > 0.5);
        assert_eq!(Spread::default().with(&[f32::NAN, 1.0, f32::INFINITY]).not_finite, 2);
    }
}
