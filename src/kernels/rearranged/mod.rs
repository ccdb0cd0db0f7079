//! Statistics of rearranged data, many at once: with u the unit residuals of a voxel given the nuisance and P a rearrangement of
//! its rows, g = (P' Xe)' u, h = (P' Q)' u and the score
//!   s = g / sqrt(1 - |h|²) for t, s = |g| / sqrt(1 - |h|²) for F;
//! t = s sqrt(dof) / sqrt(1 - s²), F = (s² / q) / ((1 - s²) / dof) rise with s ([`Tested`]): one product of a small matrix with all
//! voxels. With variance groups s is Aspin and Welch's v = x'b / sqrt(x' (X' W X)^-1 x), W one over the variance of a row's group; it is computed on the host on either device.
//! Of a batch come each rearrangement's extremes over the voxels and, a voxel, counts of rearrangements at least as extreme as
//! number 0, which the same sums give; the maps themselves on request.
//! Source: Freedman and Lane 1983; Winkler et al. 2014 (v: their G of rank 1).
//!
//! On a device random sign flips are drawn where they are used, by the words that the host would draw ([`crate::stats::rearrange::Flips`]); other
//! rearrangements come from the host, a shuffle being a walk through its words one by one.
//!
//! Sums run over the rows in order, whatever the voxels' places or the threads: results do not depend on either. A voxel that the
//! nuisance explains fully has u = 0, score 0, and counts as often as all. 1 - |h|² and 1 - s² are taken as at least n 2^-24 and 2^-24: there f32
//! holds nothing more.

use std::ops::Range;
use std::time::Instant;

use ndarray::{Array2, ArrayView2};

use crate::error::{Error, Result};
use crate::gpu::{Activity, Done, Shader, Span, Tape};
use crate::stats::philox::philox4x32_10;
use crate::stats::rearrange::{Plan, Rearrangement, Tested};

mod cpu;
mod gpu;
mod naive;
mod residuals;
mod welch;

pub use naive::scores;
pub use residuals::Residuals;

/// Its shader.
pub static SHADER: &Shader = &gpu::SHADER;

/// What a batch is to give beside the extremes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wanted {
    /// Nothing more.
    Extremes,
    /// Counts a voxel, kept in the field.
    Counts,
    /// Maps of the statistic.
    Statistics,
    /// Both.
    Both,
}

impl Wanted {
    fn counts(self) -> bool {
        matches!(self, Wanted::Counts | Wanted::Both)
    }

    fn statistics(self) -> bool {
        matches!(self, Wanted::Statistics | Wanted::Both)
    }
}

/// What one batch of rearrangements gives.
#[derive(Debug, Clone, PartialEq)]
pub struct Batch {
    /// The largest score over the voxels, `[rearrangement]`.
    pub high: Vec<f32>,
    /// The smallest, `[rearrangement]`.
    pub low: Vec<f32>,
    /// t, F or v, `[rearrangement][voxel]`; empty when not wanted.
    pub statistics: Vec<f32>,
}

/// How many of the rearrangements so far have a score s at least as extreme as the observed o, `[voxel]`, d the slack
/// ([`Tested::slack`], for v in units of |o| where that exceeds 1).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Counts {
    /// s >= |o| - d.
    pub above: Vec<u32>,
    /// s <= -(|o| - d).
    pub below: Vec<u32>,
    /// s > |o| + d.
    pub beyond: Vec<u32>,
    /// s < -(|o| + d).
    pub beneath: Vec<u32>,
}

impl Counts {
    /// In the order of [`crate::stats::permuted::Tally::add_counts`].
    #[must_use]
    pub fn parts(&self) -> [&[u32]; 4] {
        [&self.above, &self.below, &self.beyond, &self.beneath]
    }
}

/// Voxels under test on the device that computes, and their counts so far.
#[derive(Debug)]
pub struct Field {
    tested: Tested,
    n_voxels: usize,
    place: Place,
}

#[derive(Debug)]
enum Place {
    Host(Box<cpu::Host>),
    Device(gpu::There),
}

/// A batch that is to come to the host.
#[derive(Debug)]
pub struct Coming(Where);

#[derive(Debug)]
enum Where {
    Here(Batch),
    Device(gpu::Coming),
}

/// Put residuals where they are worked on, and find the observed scores.
///
/// # Errors
/// Usage when there is no voxel; device errors; internal when rows disagree.
pub fn begin(tape: &mut Tape<'_>, residuals: Residuals, tested: &Tested) -> Result<Field> {
    if residuals.n_voxels() == 0 {
        return Err(Error::usage("the mask", "leaves no voxel", "leave one to test", ""));
    }
    if residuals.n_rows() != tested.n_rows() {
        return Err(Error::internal("the residuals", "are of another contrast", "be its own", ""));
    }
    let n_voxels = residuals.n_voxels();
    let place = match tape {
        Tape::Gpu(tape) if tested.variances.is_none() => {
            Place::Device(gpu::There::new(tape, &residuals, tested)?)
        }
        _ => Place::Host(Box::new(cpu::Host::new(&residuals, tested))),
    };
    Ok(Field { tested: tested.clone(), n_voxels, place })
}

/// The statistics of some rearrangements.
///
/// # Errors
/// Device errors; internal when a rearrangement is of other rows or the field is elsewhere.
pub fn advance(
    tape: &mut Tape<'_>,
    field: &mut Field,
    rearrangements: &[Rearrangement],
    wanted: Wanted,
) -> Result<Coming> {
    let n = field.tested.n_rows();
    if rearrangements.iter().any(|one| one.from.len() != n || one.sign.len() != n) {
        return Err(Error::internal("a rearrangement", "is of other rows", "be the field's", ""));
    }
    if rearrangements.is_empty() {
        return Ok(Coming(Where::Here(Batch { high: vec![], low: vec![], statistics: vec![] })));
    }
    let work = work(field, rearrangements.len());
    match (tape, &mut field.place) {
        (tape, Place::Host(host)) => {
            let start = Instant::now();
            let batch = host.advance(&field.tested, rearrangements, wanted);
            tape.record(Span::since("rearranged", Activity::Kernel, start, work));
            Ok(Coming(Where::Here(batch)))
        }
        (Tape::Gpu(tape), Place::Device(there)) => {
            let coming = there.advance(tape, &field.tested, rearrangements, wanted)?;
            Ok(Coming(Where::Device(coming)))
        }
        _ => Err(not_there()),
    }
}

/// The same of the numbers `range` of a plan.
///
/// # Errors
/// As [`advance`].
pub fn advance_through(
    tape: &mut Tape<'_>,
    field: &mut Field,
    (plan, range): (&Plan, Range<u64>),
    wanted: Wanted,
) -> Result<Coming> {
    let n = field.tested.n_rows();
    let flips = plan.flips().filter(|flips| flips.words.len() == n && !range.is_empty());
    match (&mut *tape, &field.place, flips) {
        (Tape::Gpu(tape), Place::Device(there), Some(flips)) => {
            let coming = there.draw(tape, &field.tested, (&flips, range), wanted)?;
            Ok(Coming(Where::Device(coming)))
        }
        _ => advance(tape, field, &plan.batch(range), wanted),
    }
}

/// What words are drawn for.
#[derive(Debug, Clone, Copy)]
pub struct Drawing {
    /// The key.
    pub seed: u64,
    /// The fourth word of the counter.
    pub purpose: u32,
    /// The number, its first two words.
    pub first: u64,
    /// Its third word at the first four.
    pub block: u32,
}

/// Words of `n` numbers, so many of each, `[number][word]`, as the device draws them: what its random numbers are held by to known answers.
///
/// # Errors
/// Device errors.
pub fn words(mut tape: Tape<'_>, drawing: Drawing, [n, each]: [usize; 2]) -> Result<Vec<u32>> {
    let coming = match &mut tape {
        Tape::Gpu(tape) => gpu::words(tape, drawing, [n, each])?,
        Tape::Cpu(_) => {
            let Drawing { seed, purpose, first, block } = drawing;
            let word = |at: usize| {
                let (number, place) = (first.wrapping_add((at / each) as u64), at % each);
                let third = block.wrapping_add((place / 4) as u32);
                let counter = [number as u32, (number >> 32) as u32, third, purpose];
                philox4x32_10(counter, [seed as u32, (seed >> 32) as u32])[place % 4]
            };
            return Ok((0..n * each).map(word).collect());
        }
    };
    tape.run()?.read(&coming, |words| words.iter().map(|word| word.to_bits()).collect())
}

impl Coming {
    /// The batch, once the tape has run.
    ///
    /// # Errors
    /// Internal when `done` is of another tape.
    pub fn read(self, done: &Done<'_>) -> Result<Batch> {
        match self.0 {
            Where::Here(batch) => Ok(batch),
            Where::Device(there) => there.read(done),
        }
    }
}

impl Field {
    /// How many voxels there are.
    #[must_use]
    pub fn n_voxels(&self) -> usize {
        self.n_voxels
    }

    /// What is tested.
    #[must_use]
    pub fn tested(&self) -> &Tested {
        &self.tested
    }

    /// The scores of rearrangement 0, `[voxel]`, once the tape of [`begin`] has run.
    ///
    /// # Errors
    /// Internal when `done` is of another tape.
    pub fn observed(&self, done: &Done<'_>) -> Result<Vec<f32>> {
        match &self.place {
            Place::Host(host) => Ok(host.observed()),
            Place::Device(there) => there.observed(done),
        }
    }
}

/// The counts of all batches so far.
///
/// # Errors
/// Device errors; internal when the field is elsewhere.
pub fn counts(tape: &mut Tape<'_>, field: &Field) -> Result<Counting> {
    match (tape, &field.place) {
        (_, Place::Host(host)) => Ok(Counting(Counted::Here(host.counts()))),
        (Tape::Gpu(tape), Place::Device(there)) => {
            Ok(Counting(Counted::Device(there.counts(tape))))
        }
        _ => Err(not_there()),
    }
}

/// Counts that are to come to the host.
#[derive(Debug)]
pub struct Counting(Counted);

#[derive(Debug)]
enum Counted {
    Here(Counts),
    Device(gpu::Counting),
}

impl Counting {
    /// The counts, once the tape has run.
    ///
    /// # Errors
    /// Internal when `done` is of another tape.
    pub fn read(self, done: &Done<'_>) -> Result<Counts> {
        match self.0 {
            Counted::Here(counts) => Ok(counts),
            Counted::Device(there) => there.read(done),
        }
    }
}

fn not_there() -> Error {
    Error::internal("the field", "is not on the device that works on it", "be", "")
}

/// (P' X)' of each rearrangement, P' X having in row from(j) sign_j times row j of X: `[rearrangement][column][row]`.
fn products(columns: ArrayView2<f64>, rearrangements: &[Rearrangement]) -> Vec<f32> {
    let (n, n_columns) = columns.dim();
    let mut all = vec![0.0; rearrangements.len() * n_columns * n];
    for (one, rows) in rearrangements.iter().zip(all.chunks_exact_mut((n_columns * n).max(1))) {
        for (column, row) in columns.columns().into_iter().zip(rows.chunks_exact_mut(n)) {
            for ((&from, &sign), value) in one.from.iter().zip(&one.sign).zip(column) {
                row[from as usize] = (f64::from(sign) * value) as f32;
            }
        }
    }
    all
}

/// Xe, then Q, `[row][column]`.
fn columns(tested: &Tested) -> Array2<f64> {
    let (n, q) = tested.effect.dim();
    Array2::from_shape_fn((n, q + tested.moved.ncols()), |(row, column)| match column < q {
        true => tested.effect[[row, column]],
        false => tested.moved[[row, column - q]],
    })
}

/// Bytes (residuals once) and operations (the products).
fn work(field: &Field, n_rearrangements: usize) -> (u64, u64) {
    let (n, columns) = (field.tested.n_rows(), field.tested.q() + field.tested.moved.ncols());
    let flops = 2 * n * columns * field.n_voxels * n_rearrangements;
    ((4 * n * field.n_voxels) as u64, flops as u64)
}
