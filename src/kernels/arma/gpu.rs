//! Host side of `shaders/arma.wgsl`.

use std::sync::Arc;

use rayon::prelude::*;

use crate::error::Result;
use crate::gpu::{
    Buffer, Constants, Done, Download, Gpu, QUADS, Recording, Shader, Step, Variant, quads_for,
};
use crate::kernels::glm::DeviceFit;
use crate::stats::arma11::{Arma11, MOST_STARTS, Starts, Trial, neighbours, trial_values};

const WORKGROUP: usize = 64;
/// Bytes of one buffer of trials: far below what any device binds. A trial may need more by itself.
const PART_BYTES: usize = 4 << 20;
/// Tiles whose trials' values are held at once, 29 MB of them.
const MOST_TILES: u32 = 1024;

/// `shaders/arma.wgsl`.
pub(super) static SHADER: Shader = Shader {
    name: "arma",
    wgsl: include_str!("../../../shaders/arma.wgsl"),
    constants: || {
        let values = QUADS.into_iter().map(|quads| constants(0, quads));
        values.chain([constants(1, 1)]).collect()
    },
};

fn constants(step: u32, quads: u32) -> Constants {
    vec![("STEP", step.into()), ("QUADS", quads.into())]
}

/// What the blocks of a run share.
#[derive(Debug)]
struct Operators {
    /// Consecutive trials, `[trial][group][volume][(decay, step, scale, 0), G quads]`; how many each part has.
    parts: Vec<(Buffer, u32)>,
    /// `[trial][group]`: lambda, weight.
    scalars: Buffer,
    /// Where each trial's neighbours begin, their end, and they themselves.
    beside: Buffer,
    n_beside: usize,
    quads: u32,
}

/// Trials on their way to the host.
#[derive(Debug)]
pub(super) struct Coming {
    /// `[start][fitted voxel]`.
    starts: Download,
    order: Arc<Vec<u32>>,
}

/// `residual`: `[volume][fitted voxel]`.
pub(super) fn starts(
    tape: &mut Recording<'_>,
    (residual, fit): (&Buffer, &DeviceFit),
    of_groups: &[Arma11],
) -> Result<Coming> {
    let shared = tape.gpu().resident(&of_groups.to_vec(), |gpu| Operators::new(gpu, of_groups))?;
    let (n_fitted, n_trials) = (fit.order.len(), trial_values().len());
    let n_volumes = of_groups.first().map_or(0, |model| model.dim().0);
    let held = fit.n_tiles.min(MOST_TILES);
    let values = tape.output("values", n_trials * held as usize * WORKGROUP)?;
    let starts = tape.output("starts", MOST_STARTS * n_fitted)?;
    let step = |step: u32, operators: &Buffer, tiles: [u32; 2], trials: [u32; 2]| {
        let (quads, workgroups) = if step == 0 { (shared.quads, trials[1]) } else { (1, 1) };
        let (n, n_quads) = (n_volumes as u64, u64::from(quads));
        let lanes = u64::from(tiles[1]) * WORKGROUP as u64;
        let (iterations, bytes, flops) = match step {
            0 => (
                n * (1 + n_quads) + 2 * n_quads,
                4 * n,
                u64::from(trials[1]) * n * (10 + 8 * n_quads),
            ),
            // Each start is looked for among all.
            _ => (
                (n_trials + shared.n_beside + MOST_STARTS * n_trials) as u64,
                4 * n_trials as u64,
                shared.n_beside as u64,
            ),
        };
        Step {
            variant: Variant { shader: &SHADER, constants: constants(step, quads) },
            buffers: vec![
                ("tiles", fit.tiles.clone()),
                ("residual", residual.clone()),
                ("operators", operators.clone()),
                ("scalars", shared.scalars.clone()),
                ("beside", shared.beside.clone()),
                ("values", values.clone()),
                ("starts", starts.clone()),
            ],
            params: [n_volumes as u32, n_fitted as u32, of_groups.len() as u32]
                .into_iter()
                .chain(tiles)
                .chain(trials)
                .collect(),
            workgroups: tiles[1] * workgroups,
            iterations,
            bytes: bytes * lanes,
            flops: flops * lanes,
        }
    };
    let mut steps = Vec::new();
    for first in (0..fit.n_tiles).step_by(MOST_TILES as usize) {
        let tiles = [first, MOST_TILES.min(fit.n_tiles - first)];
        let mut trial = 0;
        for (operators, n) in &shared.parts {
            steps.push(step(0, operators, tiles, [trial, *n]));
            trial += n;
        }
        steps.extend(shared.parts.first().map(|(any, _)| step(1, any, tiles, [0, trial])));
    }
    tape.run("arma", (4 * n_fitted * (n_volumes + MOST_STARTS)) as u64, steps)?;
    Ok(Coming { starts: tape.download("arma", &starts), order: Arc::clone(&fit.order) })
}

impl Operators {
    fn new(gpu: &Gpu, of_groups: &[Arma11]) -> Result<Operators> {
        let (n_volumes, rank) = of_groups.iter().map(Arma11::dim).max().unwrap_or_default();
        let quads = quads_for("arma", rank)?;
        let row = 4 * (1 + quads as usize);
        let trials = trial_values();
        let a_trial = 4 * of_groups.len() * n_volumes * row;
        let (mut parts, mut scalars) = (Vec::new(), Vec::new());
        for values in trials.chunks((PART_BYTES / a_trial.max(1)).max(1)) {
            let of_trial = |&at: &(f64, f64)| {
                of_groups.iter().map(|model| Trial::new(model, at)).collect::<Vec<_>>()
            };
            let made: Vec<Vec<Trial>> = values.par_iter().map(of_trial).collect();
            let mut words = Vec::with_capacity(values.len() * a_trial / 4);
            for (trial, model) in made.iter().flat_map(|trials| trials.iter().zip(of_groups)) {
                let (n, rank) = model.dim();
                put(&mut words, trial, (row, rank));
                let weight = (trial.ln_det / (n - rank) as f64).exp();
                scalars.extend([trial.lambda, weight].map(|value| value as f32));
            }
            parts.push((gpu.upload("operators", &words)?, values.len() as u32));
        }
        let neighbours = neighbours(&trials);
        let mut ends = vec![trials.len() as u32 + 1];
        ends.extend(neighbours.iter().scan(ends[0], |end, of| {
            *end += of.len() as u32;
            Some(*end)
        }));
        let listed = neighbours.iter().flatten().map(|&k| k as u32);
        let beside: Vec<u32> = ends.iter().copied().chain(listed).collect();
        Ok(Operators {
            parts,
            scalars: gpu.upload("scalars", &scalars)?,
            n_beside: beside.len() - ends.len(),
            beside: gpu.upload("beside", &beside)?,
            quads,
        })
    }
}

/// One trial of one group: `[volume][(decay, step, scale, 0), G, zeros]`, rows of so many words.
fn put(words: &mut Vec<f32>, trial: &Trial, (row, rank): (usize, usize)) {
    let basis = trial.orthonormal();
    for t in 0..trial.scale.len() {
        let end = words.len() + row;
        let walk = [trial.decay[t], trial.step[t], trial.scale[t], 0.0];
        words.extend(walk.iter().chain(&basis[t * rank..(t + 1) * rank]).map(|&v| v as f32));
        words.resize(end, 0.0);
    }
}

impl Coming {
    pub(super) fn read(&self, done: &Done<'_>) -> Result<Vec<Starts>> {
        let mut found = vec![[0; MOST_STARTS]; self.order.len()];
        done.read(&self.starts, |starts| {
            for (which, of_voxels) in starts.chunks(found.len().max(1)).enumerate() {
                for (&at, trial) in self.order.iter().zip(of_voxels) {
                    found[at as usize][which] = trial.to_bits();
                }
            }
        })?;
        Ok(found)
    }
}
