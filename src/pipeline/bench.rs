//! The measuring story: every stage on data made in memory, each against the copy bandwidth of the device; and whole
//! commands on files, on the CPU path and on the device, each against the least that reading and writing those files takes.

use ndarray::Array2;
use serde::Serialize;

use crate::error::Result;
use crate::gpu::{Activity, DeviceReport, Span};
use crate::io::interrupt;
use crate::io::source::{BoldSource, Memory};
use crate::kernels::contrast::{self, Contrast, Prepared, Stat, Wanted};
use crate::kernels::covariance::{self, Covariance, Filter, Scaling};
use crate::kernels::glm::{self, Model};
use crate::kernels::nuisance::{self, Projection};
use crate::kernels::smooth::{self, Kernel, Taps};
use crate::pipeline::blocks::{Ladder, Slabs, send};
use crate::pipeline::provenance::totals;
use crate::volume::{Block, HostBold, SliceGroups};

mod files;

pub use files::{CommandTime, Floor};

/// Edge of a voxel in the bench's data, mm.
const VOXEL_SIZE_MM: f64 = 3.5;
/// Columns of the bench's common design.
const N_COMMON: usize = 12;
/// Physiological columns of a slice (3C4R1X).
const N_NUISANCE: usize = 18;
/// Cosines that are filtered out before the covariance over time.
const N_COSINES: usize = 9;
/// Share of the grid inside the mask: 60k of 64 x 64 x 36.
const MASK_SHARE: f64 = 0.407;

/// What is measured.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct BenchSpec {
    /// Voxels along i, j, k.
    pub shape: [usize; 3],
    /// Volumes.
    pub n_volumes: usize,
    /// Runs of each measurement; the median is reported.
    pub repeats: usize,
    /// Also time whole commands on files.
    pub files: bool,
}

/// One stage's median.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct StageTime {
    /// The stage.
    pub stage: String,
    /// Upload, kernel or download.
    pub activity: Activity,
    /// Median seconds over the whole run.
    pub seconds: f64,
    /// Bytes the algorithm must move, per second, in 1e9.
    pub gb_per_s: f64,
    /// Operations per second, in 1e9.
    pub gflop_per_s: f64,
    /// Of the measured copy bandwidth.
    pub share_of_copy: f64,
}

/// All that was measured.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct BenchResult {
    /// What was asked for.
    pub spec: BenchSpec,
    /// The device.
    pub device: DeviceReport,
    /// Bytes read plus written per second by a plain copy on the device, in 1e9.
    pub copy_gb_per_s: f64,
    /// Stages in order.
    pub stages: Vec<StageTime>,
    /// Whole commands.
    pub commands: Vec<CommandTime>,
}

/// Measure.
///
/// # Errors
/// Device errors; output errors of the temporary files.
pub fn bench(spec: &BenchSpec, ladder: &mut Ladder) -> Result<BenchResult> {
    let device = &ladder.device;
    let mut run = Memory { run: made_up_run(spec) };
    let problem = Problem::new(spec)?;
    let mut rounds = Vec::new();
    for _ in 0..=spec.repeats {
        interrupt::check()?;
        let _ = device.take_spans();
        problem.once(ladder, &mut run)?;
        rounds.push(totals(device.take_spans()));
    }
    rounds.remove(0); // the first round compiles shaders and touches memory
    drop(run);
    let copy = device.copy_bandwidth()? / 1e9;
    Ok(BenchResult {
        spec: spec.clone(),
        device: device.report(),
        copy_gb_per_s: copy,
        stages: medians(&rounds, copy),
        commands: if spec.files { files::commands(spec, &device.report())? } else { Vec::new() },
    })
}

fn medians(rounds: &[Vec<Span>], copy_gb_per_s: f64) -> Vec<StageTime> {
    let of = |first: &Span| {
        let same = |s: &&Span| s.stage == first.stage && s.activity == first.activity;
        let seconds = median(rounds.iter().filter_map(|r| r.iter().find(same)).map(|s| s.seconds));
        let gb_per_s = first.bytes as f64 / seconds / 1e9;
        StageTime {
            stage: first.stage.clone(),
            activity: first.activity,
            seconds,
            gb_per_s,
            gflop_per_s: first.flops as f64 / seconds / 1e9,
            share_of_copy: gb_per_s / copy_gb_per_s,
        }
    };
    rounds.first().map(|round| round.iter().map(of).collect()).unwrap_or_default()
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

/// Numbers in [-1, 1) from a counter (splitmix64): cheap, the same everywhere.
fn noise(counter: u64) -> f64 {
    let mut z = counter.wrapping_add(0x9E37_79B9_7F4A_7C15);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    ((z ^ (z >> 31)) >> 11) as f64 / (1_u64 << 52) as f64 - 1.0
}

fn made_up_run(spec: &BenchSpec) -> HostBold {
    let block = Block::whole(spec.shape, spec.n_volumes);
    let data = (0..block.len() as u64).map(|n| (1000.0 + 17.0 * noise(n)) as f32).collect();
    HostBold::new(block, data)
}

/// A ball (in units of the grid's half axes) that holds [`MASK_SHARE`] of the grid.
fn made_up_mask(shape: [usize; 3]) -> Vec<bool> {
    let radius2 = (MASK_SHARE * 6.0 / std::f64::consts::PI).powf(2.0 / 3.0);
    let at = |index: usize, n: usize| 2.0 * (index as f64 + 0.5) / n as f64 - 1.0;
    let [ni, nj, nk] = shape;
    (0..ni * nj * nk)
        .map(|v| {
            let c = [at(v % ni, ni), at(v / ni % nj, nj), at(v / (ni * nj), nk)];
            c.iter().map(|x| x * x).sum::<f64>() <= radius2
        })
        .collect()
}

fn made_up_columns(n_volumes: usize, n: usize, seed: u64) -> Array2<f64> {
    Array2::from_shape_fn((n_volumes, n), |(row, column)| match column {
        0 if seed == 0 => 1.0,
        _ => noise((seed << 40) + (column << 20) as u64 + row as u64),
    })
}

/// The bench's design, smoothing and mask.
struct Problem {
    taps: Taps,
    projection: Projection,
    model: Model,
    contrast: Prepared,
    filter: Filter,
    mask: Vec<bool>,
}

impl Problem {
    fn new(spec: &BenchSpec) -> Result<Problem> {
        let n_planes = spec.shape[2];
        let common = made_up_columns(spec.n_volumes, N_COMMON, 0);
        let names: Vec<String> = (0..N_COMMON).map(|c| format!("column_{c}")).collect();
        let groups = SliceGroups {
            group_of_plane: (0..n_planes).collect(),
            names: (0..N_NUISANCE).map(|c| format!("physio_{c}")).collect(),
            columns: (0..n_planes as u64)
                .map(|plane| made_up_columns(spec.n_volumes, N_NUISANCE, plane + 1))
                .collect(),
        };
        let model = Model::new(&common, &names, None, n_planes, 0.0)?;
        let mut weights = Array2::zeros((1, N_COMMON));
        weights[[0, 1]] = 1.0;
        Ok(Problem {
            taps: Taps::new(5.0, [VOXEL_SIZE_MM; 3], Kernel::Sampled)?,
            projection: Projection::new(&common, &groups)?,
            contrast: Prepared::new(
                Contrast { name: "column_1".to_owned(), stat: Stat::T, weights },
                &model,
            )?,
            model,
            filter: Filter::new(
                made_up_columns(spec.n_volumes, N_COSINES, 1).view(),
                Scaling::UnitVariance,
            )?,
            mask: made_up_mask(spec.shape),
        })
    }

    /// Every room once over the whole run; each records its spans.
    fn once(&self, ladder: &Ladder, run: &mut Memory) -> Result<()> {
        let (device, n_volumes) = (&ladder.device, run.n_volumes());
        for block in ladder.batches(run)? {
            interrupt::check()?;
            let mut tape = device.tape();
            let host = run.read(&block)?;
            let bold = send(&mut tape, run, host)?;
            let bold = smooth::smooth(&mut tape, bold, &self.taps, None)?;
            let smoothed = tape.store(bold)?;
            let done = tape.run()?;
            let _ = done.reuse(done.bold(smoothed)?.data);
        }
        let blocks = ladder.slabs(run, Slabs::default())?.unwrap_or_default();
        let mut sum = Covariance::empty(n_volumes);
        for block in blocks {
            interrupt::check()?;
            let first = block.planes.start * block.plane_len();
            let inside = &self.mask[first..first + block.volume_len()];
            let voxels: Vec<u32> =
                (0..inside.len() as u32).filter(|&v| inside[v as usize]).collect();
            let mut tape = device.tape();
            let host = run.read(&block)?;
            let bold = send(&mut tape, run, host)?;
            let bold = nuisance::subtract(&mut tape, bold, &self.projection)?;
            let fit = glm::fit(&mut tape, &bold, &voxels, &self.model)?;
            let asked = std::slice::from_ref(&self.contrast);
            let values = contrast::evaluate(&mut tape, &fit, asked, Wanted::All)?;
            // A quarter of the mask: the size of a tissue.
            let tissue: Vec<u32> = voxels.iter().copied().step_by(4).collect();
            let added = covariance::accumulate(&mut tape, &bold, &tissue, &self.filter, &sum)?;
            let done = tape.run()?;
            values.read(&done)?;
            added.add_to(&done, &mut sum)?;
        }
        Ok(())
    }
}
