//! How often each noise model finds what is not there: null runs with spatially smooth rho, whole and with volumes censored, and the
//! share of voxels below each threshold. A calibrated model's share is the threshold. [`own_run`] asks the same of a run of one's own,
//! [`groups`] of each correction of a group, [`pairs`] of each test of a correlation.

use ndarray::{Array2, Axis};
use rayon::prelude::*;
use serde::Serialize;

use crate::design::{self, DesignSpec, Event};
use crate::error::{Error, Result};
use crate::io::source::{Censored, Memory};
use crate::kernels::contrast::{Contrast, Prepared, Stat};
use crate::kernels::glm::Model;
use crate::kernels::smooth::{Kernel, Taps};
use crate::pipeline::blocks::Ladder;
use crate::pipeline::first_level::{Plan, fit_run};
use crate::pipeline::noise::{Autocorrelation, Used};
use crate::pipeline::spec::{Noise, RHO_FWHM_VOX};
use crate::pipeline::watch::{Quiet, Watch};
use crate::simulate::null;
use crate::stats::ar1::{Pairs, Rule};
use crate::stats::tails::TTail;
use crate::volume::{Block, HostBold};

mod connect;
mod groups;
mod own_run;

pub use connect::{Cleaning, PairRate, PairsSpec, Test, pairs};
pub use groups::{GroupRate, GroupsSpec, LEVEL, groups};
pub use own_run::{Null, OwnRate, OwnRates, OwnRunSpec, own_run};

/// The thresholds, two-sided p.
pub const THRESHOLDS: [f64; 3] = [0.05, 0.01, 0.001];
/// Seconds between volumes; pain blocks of 15 s, rest of 15 s, and a control block every third.
const TR: f64 = 2.0;
const BLOCK_S: f64 = 15.0;
/// Confounds of a head that wanders.
const N_CONFOUNDS: usize = 6;
/// Their places among the random numbers, far from any voxel's.
const WANDERS: usize = 1 << 40;
/// Share of volumes that censoring takes, and the length of a burst.
const CENSORED: f64 = 0.15;
const BURST: usize = 5;

/// What is tried.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CalibrateSpec {
    /// Voxels along i, j, k.
    pub shape: [usize; 3],
    /// Volumes of each run.
    pub n_volumes: usize,
    /// Runs, each of its own noise.
    pub repeats: usize,
    /// Of the noise.
    pub seed: u64,
    /// FWHM in voxels that smooths rho.
    pub rho_fwhm_vox: f64,
}

/// Which volumes are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kept {
    /// All.
    Whole,
    /// 15 % left out, here and there.
    Scattered,
    /// 15 % left out, five in a row.
    Bursts,
}

/// How often a model finds what is not there.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Rate {
    /// The model.
    pub noise: Noise,
    /// The runs.
    pub kept: Kept,
    /// Share of voxels with a two-sided p below each of [`THRESHOLDS`].
    pub found: [f64; 3],
    /// Its standard error: that of as many independent voxels.
    pub error: [f64; 3],
}

/// Try all noise models on the same null runs.
///
/// # Errors
/// Usage for a run too short; device errors.
pub fn calibrate(
    spec: &CalibrateSpec,
    ladder: &mut Ladder,
    watch: &dyn Watch,
) -> Result<Vec<Rate>> {
    let n_voxels: usize = spec.shape.iter().product();
    let mut rates = Vec::new();
    watch.stage("runs", 3 * spec.repeats);
    for kept in [Kept::Whole, Kept::Scattered, Kept::Bursts] {
        let volumes = volumes(kept, spec.n_volumes);
        let models: Vec<Noise> = [Noise::Ols, Noise::NilearnAr1, Noise::Ar1, Noise::Arma11]
            .into_iter()
            .filter(|noise| *noise != Noise::NilearnAr1 || kept == Kept::Whole)
            .collect();
        let mut found = vec![[0.0; 3]; models.len()];
        for repeat in 0..spec.repeats {
            let run = null_run(spec, spec.seed.wrapping_add(repeat as u64));
            for (&noise, found) in models.iter().zip(&mut found) {
                let plan = plan(spec, noise, &volumes, repeat as u64)?;
                let mut source = Censored::new(Box::new(run.clone()), volumes.clone())?;
                let inside = vec![true; n_voxels];
                let fitted = fit_run(ladder, &mut source, &mut [], &inside, &plan, &Quiet)?;
                let maps = &fitted.contrasts[0];
                for (sum, count) in found.iter_mut().zip(below(&maps.stat, maps.dof.least())) {
                    *sum += count as f64;
                }
            }
            watch.step();
        }
        let n = (n_voxels * spec.repeats) as f64;
        for (noise, counts) in models.into_iter().zip(found) {
            let found = counts.map(|count| count / n);
            let error = found.map(|share| (share * (1.0 - share) / n).sqrt());
            rates.push(Rate { noise, kept, found, error });
        }
    }
    Ok(rates)
}

/// Voxels with a two-sided p below each threshold.
fn below(t: &[f64], dof: f64) -> [usize; 3] {
    let tail = TTail::new(dof);
    let p: Vec<f64> = t
        .par_iter()
        .map(|t| (std::f64::consts::LN_2 + tail.z_and_ln_sf(t.abs()).1).exp())
        .collect();
    THRESHOLDS.map(|threshold| p.iter().filter(|&&p| p < threshold).count())
}

fn null_run(spec: &CalibrateSpec, seed: u64) -> Memory {
    let n_voxels: usize = spec.shape.iter().product();
    let rho = null::rho(spec.shape, seed);
    let series: Vec<Vec<f32>> = rho
        .par_iter()
        .enumerate()
        .map(|(voxel, &rho)| null::series(voxel, spec.n_volumes, rho, seed))
        .collect();
    let mut data = vec![0.0_f32; n_voxels * spec.n_volumes];
    data.par_chunks_mut(n_voxels).enumerate().for_each(|(t, volume)| {
        volume.iter_mut().zip(&series).for_each(|(value, series)| *value = series[t]);
    });
    Memory { run: HostBold::new(Block::whole(spec.shape, spec.n_volumes), data) }
}

/// The kept volumes, ascending. The pattern is fixed: what matters is how gaps lie, not which.
fn volumes(kept: Kept, n_volumes: usize) -> Vec<usize> {
    let left_out = |t: usize| match kept {
        Kept::Whole => false,
        // A multiple of the golden ratio: never regular, never far from even.
        Kept::Scattered => (t as f64 * 0.618_033_988_749_895).fract() < CENSORED,
        Kept::Bursts => {
            t % (BURST as f64 / CENSORED).round() as usize >= 8
                && t % (BURST as f64 / CENSORED).round() as usize - 8 < BURST
        }
    };
    (0..n_volumes).filter(|&t| !left_out(t)).collect()
}

/// Pain, control, drift and a wandering head, fitted to the kept volumes; the contrast is pain.
fn plan(spec: &CalibrateSpec, noise: Noise, kept: &[usize], seed: u64) -> Result<Plan> {
    let frame_times: Vec<f64> = (0..spec.n_volumes).map(|t| t as f64 * TR).collect();
    let n_blocks = (spec.n_volumes as f64 * TR / (2.0 * BLOCK_S)) as usize;
    let block = |b: usize| Event {
        onset: BLOCK_S * (2 * b + 1) as f64,
        duration: BLOCK_S,
        trial_type: if b % 3 == 2 { "control" } else { "pain" }.to_owned(),
        amplitude: 1.0,
        line: 0,
    };
    let wander = |column: usize| {
        let mut at = 0.0;
        null::series(WANDERS + column, spec.n_volumes, 0.0, seed)
            .into_iter()
            .map(move |step| {
                at += f64::from(step) - 1000.0;
                at
            })
            .collect::<Vec<f64>>()
    };
    let wanders: Vec<Vec<f64>> = (0..N_CONFOUNDS).map(wander).collect();
    let mut design = DesignSpec::new(frame_times, TR);
    design.events = (0..n_blocks).map(block).collect();
    design.confounds.names = (0..N_CONFOUNDS).map(|c| format!("wander_{c}")).collect();
    design.confounds.values =
        Array2::from_shape_fn((spec.n_volumes, N_CONFOUNDS), |(t, c)| wanders[c][t]);
    let design = design::build(&design)?;
    let matrix = design.matrix.select(Axis(0), kept);
    let model = Model::new(&matrix, &design.names, None, spec.shape[2], 0.0)?;
    let Some(pain) = design.names.iter().position(|name| name == "pain") else {
        return Err(Error::internal("the design", "has no column 'pain'", "have one", ""));
    };
    let mut weights = Array2::zeros((1, design.names.len()));
    weights[[0, pain]] = 1.0;
    let contrast = Contrast { name: "pain".to_owned(), stat: Stat::T, weights };
    let contrasts = vec![Prepared::new(contrast, &model)?];
    let (rule, used) = match noise {
        Noise::Ols => (Rule::Reml, None),
        Noise::NilearnAr1 => (Rule::Nilearn, Some(Used::Own)),
        Noise::Arma11 => (Rule::Reml, Some(Used::Arma11)),
        Noise::Ar1 if spec.rho_fwhm_vox == 0.0 => (Rule::Reml, Some(Used::Own)),
        Noise::Ar1 => {
            let taps = Taps::new(spec.rho_fwhm_vox, [1.0; 3], Kernel::Sampled)?;
            (Rule::Reml, Some(Used::Smoothed(taps)))
        }
    };
    let pairs = Pairs::of_kept(kept);
    let noise = used
        .map(|used| Autocorrelation::new((&model, &contrasts), pairs, rule, used))
        .transpose()?;
    Ok(Plan { correct: None, smooth: None, model, contrasts, noise })
}

impl Default for CalibrateSpec {
    fn default() -> CalibrateSpec {
        CalibrateSpec {
            shape: [64, 64, 36],
            n_volumes: 200,
            repeats: 4,
            seed: 1,
            rho_fwhm_vox: RHO_FWHM_VOX,
        }
    }
}
