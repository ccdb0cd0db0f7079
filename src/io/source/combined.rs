//! The echoes of a run as one: at each voxel their weighted sum.

use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;

use rayon::prelude::*;

use super::BoldSource;
use crate::error::{Error, Result};
use crate::io::Coarse;
use crate::io::hash::Checksum;
use crate::volume::{Block, HostBold};

/// Bytes of one echo that are read at a time, beside the block that is made.
const PART_BYTES: usize = 8 << 20;

/// Voxels that one core adds up at a time.
const CHUNK: usize = 4096;

/// Sums over time of a source's volumes, but for those that hold nothing but 0.
#[derive(Debug, Clone, PartialEq)]
pub struct OverTime {
    /// Mean of the finite values, `[voxel]`; NaN where none is.
    pub mean: Vec<f64>,
    /// Mean of ln(|S| + 1) of the finite values, `[voxel]`; empty where nobody asked.
    pub log_mean: Vec<f64>,
    /// Whether some volume is not finite, `[voxel]`.
    pub has_missing: Vec<bool>,
    /// Whether the finite values differ, `[voxel]`.
    pub varies: Vec<bool>,
    /// Volumes that hold nothing but 0, ascending, from 0.
    pub empty: Vec<usize>,
}

/// What is kept of a voxel's finite values.
#[derive(Clone, Copy)]
struct Sums {
    sum: f64,
    log: f64,
    n: usize,
    least: f32,
    most: f32,
}

impl Sums {
    const NONE: Sums =
        Sums { sum: 0.0, log: 0.0, n: 0, least: f32::INFINITY, most: f32::NEG_INFINITY };

    fn add(&mut self, value: f32, with_log: bool) {
        if !value.is_finite() {
            return;
        }
        let wide = f64::from(value);
        self.sum += wide;
        self.log += if with_log { (wide.abs() + 1.0).ln() } else { 0.0 };
        self.n += 1;
        (self.least, self.most) = (self.least.min(value), self.most.max(value));
    }
}

/// The echoes of a run, each with its weight at each voxel. An echo that weighs nothing at a voxel is not looked at there.
pub struct Combined {
    echoes: Vec<Box<dyn BoldSource>>,
    /// `[echo][voxel]`; empty until they are known.
    weights: Vec<Vec<f32>>,
}

impl Combined {
    /// Of sources of one shape and length; nothing can be read before [`Combined::weigh`].
    ///
    /// # Errors
    /// [`Error::Internal`] where they differ, or where there is none.
    pub fn new(echoes: Vec<Box<dyn BoldSource>>) -> Result<Combined> {
        let extents = |echo: &dyn BoldSource| (echo.shape(), echo.n_volumes());
        let first = echoes.first().map(|first| extents(first.as_ref()));
        if first.is_none() || echoes.iter().any(|echo| Some(extents(echo.as_ref())) != first) {
            let found = format!("are {}, of several extents or none", echoes.len());
            return Err(Error::internal("the echoes of a run", found, "have the same extents", ""));
        }
        Ok(Combined { echoes, weights: Vec::new() })
    }

    /// What each echo is over time, in their order; `with_logs` also of its logarithm. Reads all of them.
    ///
    /// # Errors
    /// Those of reading.
    pub fn over_time(&mut self, with_logs: bool) -> Result<Vec<OverTime>> {
        self.echoes.iter_mut().map(|echo| over_time(echo.as_mut(), with_logs)).collect()
    }

    /// Combine with these weights, `[echo][voxel]`, from now on.
    ///
    /// # Errors
    /// [`Error::Internal`] for other extents.
    pub fn weigh(&mut self, weights: Vec<Vec<f32>>) -> Result<()> {
        let n_voxels = self.shape().iter().product::<usize>();
        if weights.len() != self.echoes.len() || weights.iter().any(|w| w.len() != n_voxels) {
            let found = format!("are of {} echoes", weights.len());
            let expected = format!("be of {} echoes and {n_voxels} voxels", self.echoes.len());
            return Err(Error::internal("the weights of echoes", found, expected, ""));
        }
        self.weights = weights;
        Ok(())
    }
}

/// Volumes of `range` in parts whose planes take no more than so many bytes each, one volume at least.
fn parts(range: Range<usize>, volume_len: usize) -> impl Iterator<Item = Range<usize>> {
    let step = (PART_BYTES / (volume_len * size_of::<f32>()).max(1)).max(1);
    range.clone().step_by(step).map(move |start| start..(start + step).min(range.end))
}

fn over_time(source: &mut dyn BoldSource, with_logs: bool) -> Result<OverTime> {
    let whole = Block::whole(source.shape(), source.n_volumes());
    let len = whole.volume_len();
    let mut sums = vec![Sums::NONE; len];
    let mut empty = Vec::new();
    for volumes in parts(whole.volumes.clone(), len) {
        let bold = source.read(&Block { volumes: volumes.clone(), ..whole.clone() })?;
        let is_empty = |volume: &[f32]| volume.iter().all(|&value| value == 0.0);
        let (lost, filled): (Vec<_>, Vec<_>) = volumes
            .zip(bold.data.chunks_exact(len.max(1)))
            .partition(|(_, values)| is_empty(values));
        empty.extend(lost.into_iter().map(|(volume, _)| volume));
        sums.par_chunks_mut(CHUNK).enumerate().for_each(|(chunk, sums)| {
            let first = chunk * CHUNK;
            for (_, volume) in &filled {
                let values = &volume[first..first + sums.len()];
                sums.iter_mut().zip(values).for_each(|(sums, &value)| sums.add(value, with_logs));
            }
        });
        source.reuse(bold.data);
    }
    let n_filled = whole.volumes.len() - empty.len();
    let log = sums.iter().map(|sums| sums.log / sums.n as f64);
    Ok(OverTime {
        mean: sums.iter().map(|sums| sums.sum / sums.n as f64).collect(),
        log_mean: if with_logs { log.collect() } else { Vec::new() },
        has_missing: sums.iter().map(|sums| sums.n < n_filled).collect(),
        varies: sums.iter().map(|sums| sums.least < sums.most).collect(),
        empty,
    })
}

/// Add an echo's values, `[volume][voxel]`, times its weights; each sum is rounded once an echo.
fn add(sum: &mut [f32], values: &[f32], weights: &[f32]) {
    let len = weights.len().max(1);
    sum.par_chunks_mut(len).zip(values.par_chunks(len)).for_each(|(sum, values)| {
        for ((sum, &value), &weight) in sum.iter_mut().zip(values).zip(weights) {
            // what weighs nothing may be no number
            if weight != 0.0 {
                *sum = (f64::from(*sum) + f64::from(weight) * f64::from(value)) as f32;
            }
        }
    });
}

impl BoldSource for Combined {
    fn shape(&self) -> [usize; 3] {
        self.echoes[0].shape()
    }

    fn n_volumes(&self) -> usize {
        self.echoes[0].n_volumes()
    }

    fn read(&mut self, block: &Block) -> Result<HostBold> {
        if self.weights.is_empty() {
            let found = "are not known yet";
            return Err(Error::internal("the weights of echoes", found, "be known", ""));
        }
        let len = block.volume_len();
        let first = block.planes.start * block.plane_len();
        let mut data = vec![0.0; block.len()];
        let start = block.volumes.start;
        for volumes in parts(block.volumes.clone(), len) {
            let sum = &mut data[(volumes.start - start) * len..(volumes.end - start) * len];
            for (echo, weights) in self.echoes.iter_mut().zip(&self.weights) {
                let part = echo.read(&Block { volumes: volumes.clone(), ..block.clone() })?;
                add(sum, &part.data, &weights[first..first + len]);
                echo.reuse(part.data);
            }
        }
        Ok(HostBold::new(block.clone(), data))
    }

    fn centre(&mut self) -> Result<Option<(Arc<Vec<f64>>, Coarse)>> {
        let mut level = vec![0.0_f64; self.shape().iter().product()];
        let mut worst = None;
        for (echo, weights) in self.echoes.iter_mut().zip(&self.weights) {
            let Some((of_echo, coarse)) = echo.centre()? else { continue };
            let pairs = weights.iter().zip(of_echo.iter());
            level.iter_mut().zip(pairs).for_each(|(sum, (&weight, of_echo))| {
                *sum += if weight == 0.0 { 0.0 } else { f64::from(weight) * of_echo };
            });
            worst = worst.or(Some(coarse));
        }
        Ok(worst.map(|coarse| (Arc::new(level), coarse)))
    }

    fn beyond_f32(&mut self) -> Result<usize> {
        let each = self.echoes.iter_mut().map(|echo| echo.beyond_f32());
        Ok(each.collect::<Result<Vec<usize>>>()?.into_iter().max().unwrap_or(0))
    }

    fn coarse(&mut self) -> Result<Option<Coarse>> {
        for echo in &mut self.echoes {
            if let Some(coarse) = echo.coarse()? {
                return Ok(Some(coarse));
            }
        }
        Ok(None)
    }

    fn prefetch(&mut self) {
        self.echoes.iter_mut().for_each(|echo| echo.prefetch());
    }

    fn grant(&mut self, bytes: Option<u64>) {
        let share = bytes.map(|bytes| bytes / self.echoes.len() as u64);
        self.echoes.iter_mut().for_each(|echo| echo.grant(share));
    }

    fn release(&mut self) {
        self.echoes.iter_mut().for_each(|echo| echo.release());
    }

    fn checksums(&mut self) -> Result<Vec<(PathBuf, Checksum)>> {
        let each: Result<Vec<_>> = self.echoes.iter_mut().map(|echo| echo.checksums()).collect();
        Ok(each?.into_iter().flatten().collect())
    }

    fn holds(&self) -> u64 {
        self.echoes.iter().map(|echo| echo.holds()).sum()
    }

    fn keeps(&self) -> u64 {
        let weights: usize = self.weights.iter().map(|w| w.len() * size_of::<f32>()).sum();
        let of_echoes: u64 = self.echoes.iter().map(|echo| echo.keeps()).sum();
        of_echoes + (weights + PART_BYTES) as u64
    }
}

#[cfg(test)]
mod tests {
    use super::super::Memory;
    use super::*;

    fn echo(scale: usize) -> Box<dyn BoldSource> {
        let whole = Block::whole([3, 4, 5], 6);
        let data = (0..whole.len()).map(|at| (at * scale % 97) as f32).collect();
        Box::new(Memory { run: HostBold::new(whole, data) })
    }

    #[test]
    fn echoes_combine_the_same_however_the_run_is_cut_and_one_without_weight_may_be_nan() {
        let whole = Block::whole([3, 4, 5], 6);
        let mut spoiled = Memory { run: echo(7).read(&whole).expect("memory reads") };
        (0..6).for_each(|t| spoiled.run.data[t * 60 + 17] = f32::NAN);
        let mut combined = Combined::new(vec![echo(5), Box::new(spoiled)]).expect("alike");
        let over = combined.over_time(true).expect("memory reads");
        assert!(over[1].mean[17].is_nan() && over[1].mean[16].is_finite());
        assert!(over[1].has_missing[17] && !over[1].has_missing[16] && !over[0].has_missing[17]);
        let value = |t: usize, v: usize, scale: usize| ((t * 60 + v) * scale % 97) as f64;
        let mean = (0..6).map(|t| value(t, 30, 7)).sum::<f64>() / 6.0;
        let log = (0..6).map(|t| (value(t, 30, 7) + 1.0).ln()).sum::<f64>() / 6.0;
        assert!((over[1].mean[30] - mean).abs() < 1e-12);
        assert!((over[1].log_mean[30] - log).abs() < 1e-12);

        let first: Vec<f32> =
            (0..60).map(|v| if v == 17 { 1.0 } else { v as f32 / 64.0 }).collect();
        let second = first.iter().map(|w| 1.0 - w).collect();
        assert!(combined.read(&whole).is_err(), "no weights yet");
        combined.weigh(vec![first.clone(), second]).expect("they fit");
        for planes in [0..5, 1..4, 4..5] {
            for volumes in [0..6, 2..5] {
                let block = Block { planes: planes.clone(), volumes, ..whole.clone() };
                let got = combined.read(&block).expect("memory reads");
                let voxels = planes.start * 12..planes.end * 12;
                let of = |t: usize, v: usize| {
                    let w = f64::from(first[v]);
                    w * value(t, v, 5) + (1.0 - w) * value(t, v, 7)
                };
                let places =
                    block.volumes.clone().flat_map(|t| voxels.clone().map(move |v| (t, v)));
                for ((t, v), got) in places.zip(&got.data) {
                    let want = if v == 17 { value(t, v, 5) } else { of(t, v) };
                    assert!((f64::from(*got) - want).abs() < 1e-4, "volume {t}, voxel {v}");
                }
            }
        }
    }

    #[test]
    fn volumes_of_zeros_are_in_no_mean_and_a_voxel_that_varies_beside_them_alone_is_constant() {
        let whole = Block::whole([2, 1, 1], 4);
        let data = vec![3.0, 5.0, 0.0, 0.0, 3.0, f32::NAN, 3.0, 7.0];
        let mut combined =
            Combined::new(vec![Box::new(Memory { run: HostBold::new(whole, data) })]).expect("one");
        let over = combined.over_time(true).expect("memory reads").remove(0);
        assert_eq!((over.mean, over.empty), (vec![3.0, 6.0], vec![1]));
        assert!((over.log_mean[1] - (6.0_f64.ln() + 8.0_f64.ln()) / 2.0).abs() < 1e-15);
        assert_eq!((over.has_missing, over.varies), (vec![false, true], vec![false, true]));
    }

    #[test]
    fn echoes_of_other_lengths_are_no_run() {
        let short = Box::new(Memory::zeros([3, 4, 5], 5));
        assert!(Combined::new(vec![echo(5), short]).is_err());
    }
}
