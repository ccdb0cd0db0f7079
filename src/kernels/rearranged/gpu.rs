//! Host side of `shaders/rearranged.wgsl`.

use std::ops::Range;

use super::{Batch, Counts, Drawing, Residuals, Wanted, columns, products};
use crate::error::Result;
use crate::gpu::{Buffer, Constants, Done, Download, Recording, Shader, Step, Variant};
use crate::stats::rearrange::{Flips, PURPOSE, Rearrangement, Tested};

/// Voxels of a workgroup, and rearrangements that it works on at a time.
const TILE: usize = 64;
/// Loop iterations of one dispatch: below what software adapters finish.
const MOST_ITERATIONS: u64 = 40_000;
/// `WANTED` of the identity, of operators that are drawn, and of words.
const OBSERVED: u32 = 4;
const OPERATORS: u32 = 5;
const WORDS: u32 = 6;
/// Threads of a workgroup.
const THREADS: usize = 256;

/// `shaders/rearranged.wgsl`.
pub(super) static SHADER: Shader = Shader {
    name: "rearranged",
    wgsl: include_str!("../../../shaders/rearranged.wgsl"),
    constants: || (0..=WORDS).map(constants).collect(),
};

fn constants(wanted: u32) -> Constants {
    vec![("WANTED", wanted.into())]
}

/// Voxels on the device.
#[derive(Debug)]
pub(super) struct There {
    unit: Buffer,
    observed: Buffer,
    counts: Buffer,
    observed_back: Download,
    n_voxels: usize,
    n_quads: usize,
}

/// A batch on its way to the host.
#[derive(Debug)]
pub(super) struct Coming {
    extremes: Download,
    statistics: Option<Download>,
}

/// (P' X)' of some rearrangements: `[64 rearrangements][column][row][rearrangement]`.
#[derive(Debug)]
struct Operators {
    buffer: Buffer,
    n_rearrangements: usize,
}

/// Counts on their way to the host.
#[derive(Debug)]
pub(super) struct Counting {
    counts: Download,
    n_voxels: usize,
}

impl There {
    pub(super) fn new(
        tape: &mut Recording<'_>,
        residuals: &Residuals,
        tested: &Tested,
    ) -> Result<There> {
        let (n, n_voxels) = (residuals.n_rows(), residuals.n_voxels());
        let padded = n_voxels.next_multiple_of(TILE);
        let mut words = vec![0.0_f32; n * padded];
        for (to, row) in words.chunks_exact_mut(padded).zip(residuals.unit.chunks_exact(n_voxels)) {
            to[..n_voxels].copy_from_slice(row);
        }
        let unit = tape.gpu().upload("unit", &words)?;
        let counts = tape.gpu().upload("counts", &vec![0_u32; 4 * padded])?;
        let observed = tape.output("observed", padded)?;
        let observed_back = tape.download_first("rearranged", &observed, n_voxels);
        let there = There { unit, observed, counts, observed_back, n_voxels, n_quads: padded / 4 };
        let identity = listed(tape, tested, &[Rearrangement::identity(n)])?;
        there.record(tape, tested, &identity, OBSERVED)?;
        Ok(there)
    }

    pub(super) fn advance(
        &self,
        tape: &mut Recording<'_>,
        tested: &Tested,
        rearrangements: &[Rearrangement],
        wanted: Wanted,
    ) -> Result<Coming> {
        let operators = listed(tape, tested, rearrangements)?;
        self.batch(tape, tested, &operators, wanted)
    }

    /// The same of numbers whose signs are drawn here.
    pub(super) fn draw(
        &self,
        tape: &mut Recording<'_>,
        tested: &Tested,
        (flips, range): (&Flips, Range<u64>),
        wanted: Wanted,
    ) -> Result<Coming> {
        let columns = columns(tested);
        let (n, n_columns) = columns.dim();
        // What they are drawn by, and made from; whole numbers below 2^24 are exact.
        let words = flips.words.iter().map(|&word| word as f32);
        let mut from: Vec<f32> =
            words.chain(columns.t().iter().map(|&value| value as f32)).collect();
        from.resize(from.len().next_multiple_of(4), 0.0);
        let from = tape.upload("columns", &from)?;
        let n_rearrangements = (range.end - range.start) as usize;
        let n_tiles = n_rearrangements.div_ceil(TILE);
        let buffer = tape.output("operators", n_tiles * TILE * n * n_columns)?;
        let drawing = Drawing { seed: flips.seed, purpose: PURPOSE, first: range.start, block: 0 };
        let sizes = Sizes { n_rows: n, n_rearrangements, n_columns };
        let threads = n_tiles * TILE * n;
        let step = drawn(tape, OPERATORS, (from, buffer.clone()), (&drawing, &sizes), threads)?;
        tape.run("rearranged", 4 * (threads * n_columns) as u64, vec![step])?;
        self.batch(tape, tested, &Operators { buffer, n_rearrangements }, wanted)
    }

    fn batch(
        &self,
        tape: &mut Recording<'_>,
        tested: &Tested,
        operators: &Operators,
        wanted: Wanted,
    ) -> Result<Coming> {
        let bits = u32::from(wanted.counts()) + 2 * u32::from(wanted.statistics());
        let (extremes, statistics) = self.record(tape, tested, operators, bits)?;
        let statistics = wanted.statistics().then(|| tape.download("rearranged", &statistics));
        Ok(Coming { extremes: tape.download("rearranged", &extremes), statistics })
    }

    /// The steps of a batch; extremes and statistics.
    fn record(
        &self,
        tape: &mut Recording<'_>,
        tested: &Tested,
        Operators { buffer: operators, n_rearrangements }: &Operators,
        wanted: u32,
    ) -> Result<(Buffer, Buffer)> {
        let (n, n_columns) = (tested.n_rows(), tested.q() + tested.moved.ncols());
        let n_rearrangements = *n_rearrangements;
        let unused = tape.upload("drawn", &[0_u32])?;
        let extremes = tape.upload("extremes", &vec![0_u32; 2 * n_rearrangements])?;
        let statistics = match wanted & 2 {
            0 => tape.upload("statistics", &[0.0_f32])?,
            _ => tape.output("statistics", n_rearrangements * self.n_voxels)?,
        };
        let root = match tested.signed {
            true => tested.dof.sqrt(),
            false => tested.dof / tested.q() as f64,
        };
        let n_tiles = n_rearrangements.div_ceil(TILE);
        let per_tile = (n_columns * (n.div_ceil(16) * 17 + 1) + 24) as u64;
        let per_step = (MOST_ITERATIONS / per_tile).max(1) as usize;
        let step = |from: usize| {
            let end = (from + per_step).min(n_tiles);
            let sizes = [
                n,
                self.n_voxels,
                self.n_quads,
                n_rearrangements,
                n_columns,
                tested.q(),
                usize::from(tested.signed),
            ];
            let floats = [tested.slack(), root as f32];
            let products = ((end - from) * TILE * n_columns * n * self.n_voxels) as u64;
            Step {
                variant: Variant { shader: &SHADER, constants: constants(wanted) },
                buffers: vec![
                    ("unit", self.unit.clone()),
                    ("operators", operators.clone()),
                    ("observed", self.observed.clone()),
                    ("counts", self.counts.clone()),
                    ("extremes", extremes.clone()),
                    ("statistics", statistics.clone()),
                    ("drawn", unused.clone()),
                ],
                params: params(&[&sizes[..], &[from, end]].concat(), floats, [0; 6]),
                workgroups: (4 * self.n_quads / TILE) as u32,
                iterations: (end - from) as u64 * (per_tile + 1) + 8,
                bytes: products / 8,
                flops: 2 * products,
            }
        };
        let steps = (0..n_tiles).step_by(per_step).map(step).collect();
        tape.run("rearranged", 4 * (n * self.n_voxels) as u64, steps)?;
        Ok((extremes, statistics))
    }

    pub(super) fn observed(&self, done: &Done<'_>) -> Result<Vec<f32>> {
        done.read(&self.observed_back, <[f32]>::to_vec)
    }

    pub(super) fn counts(&self, tape: &mut Recording<'_>) -> Counting {
        Counting { counts: tape.download("rearranged", &self.counts), n_voxels: self.n_voxels }
    }
}

/// Operators that the host makes.
fn listed(
    tape: &mut Recording<'_>,
    tested: &Tested,
    rearrangements: &[Rearrangement],
) -> Result<Operators> {
    let columns = columns(tested);
    let plain = products(columns.view(), rearrangements);
    let buffer = tape.upload("operators", &packed(&plain, columns.len()))?;
    Ok(Operators { buffer, n_rearrangements: rearrangements.len() })
}

/// Behind `first` and `end` in the shader's parameters: sizes, slack and root, and what is drawn.
fn params(sizes: &[usize], floats: [f32; 2], drawing: [u32; 6]) -> Vec<u32> {
    let sizes = sizes.iter().map(|&size| size as u32);
    sizes.chain(floats.map(f32::to_bits)).chain(drawing).collect()
}

/// What is drawn.
struct Sizes {
    n_rows: usize,
    n_rearrangements: usize,
    n_columns: usize,
}

/// The step that draws; `from`: what operators are made from, and `to` what is written.
fn drawn(
    tape: &mut Recording<'_>,
    what: u32,
    (from, to): (Buffer, Buffer),
    (drawing, sizes): (&Drawing, &Sizes),
    threads: usize,
) -> Result<Step> {
    let Sizes { n_rows, n_rearrangements, n_columns } = *sizes;
    let halves = |word: u64| [word as u32, (word >> 32) as u32];
    let n_tiles = n_rearrangements.div_ceil(TILE);
    let sizes = [n_rows, 0, 0, n_rearrangements, n_columns, 0, 0, 0, n_tiles];
    let ([a, b], [c, d]) = (halves(drawing.seed), halves(drawing.first));
    let drawing = [a, b, c, d, drawing.purpose, drawing.block];
    Ok(Step {
        variant: Variant { shader: &SHADER, constants: constants(what) },
        buffers: vec![
            ("unit", tape.upload("no unit", &[0.0_f32; 4])?),
            ("operators", from),
            ("observed", tape.upload("not observed", &[0.0_f32; 4])?),
            ("counts", tape.upload("no counts", &[0_u32; 4])?),
            ("extremes", tape.upload("no extremes", &[0_u32])?),
            ("statistics", tape.upload("no statistics", &[0.0_f32])?),
            ("drawn", to),
        ],
        params: params(&sizes, [0.0; 2], drawing),
        workgroups: threads.div_ceil(THREADS) as u32,
        iterations: 10 + n_columns as u64,
        bytes: 4 * (threads * n_columns.max(1)) as u64,
        flops: 0,
    })
}

/// Words of some numbers, on their way to the host.
pub(super) fn words(
    tape: &mut Recording<'_>,
    drawing: Drawing,
    [n, each]: [usize; 2],
) -> Result<Download> {
    let from = tape.upload("columns", &[0.0_f32; 4])?;
    let to = tape.output("words", n * each)?;
    let sizes = Sizes { n_rows: each, n_rearrangements: n, n_columns: 0 };
    let step = drawn(tape, WORDS, (from, to.clone()), (&drawing, &sizes), n * each)?;
    tape.run("rearranged", 4 * (n * each) as u64, vec![step])?;
    Ok(tape.download("rearranged", &to))
}

/// `[64 rearrangements][column][row][rearrangement]`, zeros for those that are not there.
fn packed(plain: &[f32], values: usize) -> Vec<f32> {
    let n_tiles = (plain.len() / values.max(1)).div_ceil(TILE);
    let mut packed = vec![0.0; n_tiles * TILE * values];
    for (at, one) in plain.chunks_exact(values.max(1)).enumerate() {
        let tile = &mut packed[(at / TILE) * TILE * values..];
        for (value, to) in one.iter().zip(tile.chunks_exact_mut(TILE)) {
            to[at % TILE] = *value;
        }
    }
    packed
}

/// The value of an ordered word.
fn value(word: f32) -> f32 {
    let word = word.to_bits();
    f32::from_bits(if word >> 31 == 1 { word & 0x7fff_ffff } else { !word })
}

impl Coming {
    pub(super) fn read(self, done: &Done<'_>) -> Result<Batch> {
        let (high, low) = done.read(&self.extremes, |words| {
            let (high, low) = words.split_at(words.len() / 2);
            let high = high.iter().map(|&word| value(word)).collect();
            (high, low.iter().map(|&word| -value(word)).collect())
        })?;
        let statistics = match &self.statistics {
            Some(statistics) => done.read(statistics, <[f32]>::to_vec)?,
            None => Vec::new(),
        };
        Ok(Batch { high, low, statistics })
    }
}

impl Counting {
    pub(super) fn read(&self, done: &Done<'_>) -> Result<Counts> {
        done.read(&self.counts, |words| {
            let padded = words.len() / 4;
            let of = |which: usize| {
                let own = &words[which * padded..][..self.n_voxels];
                own.iter().map(|word| word.to_bits()).collect()
            };
            Counts { above: of(0), below: of(1), beyond: of(2), beneath: of(3) }
        })
    }
}
