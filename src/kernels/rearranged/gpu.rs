//! Host side of `shaders/rearranged.wgsl`.

use super::{Batch, Counts, Residuals, Wanted, columns, products};
use crate::error::Result;
use crate::gpu::{Buffer, Constants, Done, Download, Recording, Shader, Step, Variant};
use crate::stats::rearrange::{Rearrangement, Tested};

/// Voxels of a workgroup, and rearrangements that it works on at a time.
const TILE: usize = 64;
/// Loop iterations of one dispatch: below what software adapters finish.
const MOST_ITERATIONS: u64 = 40_000;
/// `WANTED` of the identity.
const OBSERVED: u32 = 4;

/// `shaders/rearranged.wgsl`.
pub(super) static SHADER: Shader = Shader {
    name: "rearranged",
    wgsl: include_str!("../../../shaders/rearranged.wgsl"),
    constants: || (0..=OBSERVED).map(constants).collect(),
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
        there.record(tape, tested, &[Rearrangement::identity(n)], OBSERVED)?;
        Ok(there)
    }

    pub(super) fn advance(
        &self,
        tape: &mut Recording<'_>,
        tested: &Tested,
        rearrangements: &[Rearrangement],
        wanted: Wanted,
    ) -> Result<Coming> {
        let bits = u32::from(wanted.counts()) + 2 * u32::from(wanted.statistics());
        let (extremes, statistics) = self.record(tape, tested, rearrangements, bits)?;
        let statistics = wanted.statistics().then(|| tape.download("rearranged", &statistics));
        Ok(Coming { extremes: tape.download("rearranged", &extremes), statistics })
    }

    /// The steps of a batch; extremes and statistics.
    fn record(
        &self,
        tape: &mut Recording<'_>,
        tested: &Tested,
        rearrangements: &[Rearrangement],
        wanted: u32,
    ) -> Result<(Buffer, Buffer)> {
        let columns = columns(tested);
        let ((n, n_columns), n_rearrangements) = (columns.dim(), rearrangements.len());
        let plain = products(columns.view(), rearrangements);
        let operators = tape.upload("operators", &packed(&plain, n * n_columns))?;
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
            let floats = [tested.slack(), root as f32].map(f32::to_bits);
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
                ],
                params: sizes.iter().chain(&[from, end]).map(|&s| s as u32).chain(floats).collect(),
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
