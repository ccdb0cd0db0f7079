//! Host side of `shaders/glm.wgsl`.

use std::sync::Arc;

use ndarray::{Array1, Array2};

use super::{HostFit, Model};
use crate::error::{Error, Result};
use crate::gpu::{
    Acc, Buffer, Constants, DeviceBold, Done, Download, QUADS, Recording, Shader, Step, Variant,
    quads_for,
};
use crate::volume::Block;

const WORKGROUP: usize = 64;
/// Loop iterations up to which all three steps are one dispatch; software adapters end an invocation's loops a little above.
const MOST_ITERATIONS: u64 = 60_000;

/// `shaders/glm.wgsl`.
pub(super) static SHADER: Shader = Shader {
    name: "glm",
    wgsl: include_str!("../../../shaders/glm.wgsl"),
    constants: || {
        let of = |acc| {
            QUADS.into_iter().flat_map(move |quads| (0..4).map(move |s| constants(acc, quads, s)))
        };
        Acc::ALL.into_iter().flat_map(of).collect()
    },
};

fn constants(acc: Acc, quads: u32, step: u32) -> Constants {
    vec![("Acc", acc.into()), ("QUADS", quads.into()), ("STEP", step.into())]
}

/// A block's estimates in storage buffers, fitted voxels sorted by slice group.
#[derive(Debug)]
pub struct DeviceFit {
    /// Estimates about the centre, `[regressor][fitted voxel]`.
    pub(crate) beta: Buffer,
    /// The centre c of each fitted voxel; beta = estimate + c pinv(X) 1.
    pub(crate) centre: Buffer,
    /// Residual variance, `[fitted voxel]`.
    pub(crate) sigma2: Buffer,
    /// `[tile]`: first fitted voxel, voxels, slice group, 0.
    pub(crate) tiles: Buffer,
    /// Tiles in `tiles`.
    pub(crate) n_tiles: u32,
    /// For each fitted voxel, its position in the caller's list.
    pub(crate) order: Arc<Vec<u32>>,
    /// For each voxel of the caller's list, its slice group.
    pub(crate) slice_group: Arc<Vec<u32>>,
    /// What the blocks of a run share.
    pub(crate) shared: Arc<Operators>,
}

/// What the blocks of a run share.
#[derive(Debug)]
pub(crate) struct Operators {
    words: Buffer,
    quads: u32,
    /// For each slice group, pinv(X) 1, `[regressor]`.
    pub(crate) constant: Vec<Vec<f64>>,
}

/// Estimates on their way to the host.
#[derive(Debug)]
pub(super) struct Estimates {
    beta: Download,
    centre: Download,
    sigma2: Download,
    order: Arc<Vec<u32>>,
    slice_group: Arc<Vec<u32>>,
    shared: Arc<Operators>,
}

pub(super) fn fit(
    tape: &mut Recording<'_>,
    bold: &DeviceBold,
    voxels: &[u32],
    model: &Model,
) -> Result<DeviceFit> {
    let (n_volumes, n_regressors) = (bold.block.volumes.len(), model.names.len());
    if model.solvers.iter().any(|s| s.design.dim() != (n_volumes, n_regressors)) {
        return Err(Error::internal(
            "the design",
            "does not match the block",
            format!("have {n_volumes} rows and {n_regressors} columns"),
            "",
        ));
    }
    let shared = tape.gpu().resident(model, |gpu| {
        let quads = quads_for("glm", n_regressors)?;
        Ok(Operators {
            words: gpu.upload("operators", &operators(model, n_volumes, quads as usize))?,
            quads,
            constant: model.solvers.iter().map(|s| s.mean_beta.to_vec()).collect(),
        })
    })?;
    let slice_group = slice_groups(&bold.block, voxels, model)?;
    let mut order: Vec<u32> = (0..voxels.len() as u32).collect();
    order.sort_by_key(|&at| slice_group[at as usize]); // stable: voxels stay ascending within a group
    let sorted: Vec<u32> = order.iter().map(|&at| voxels[at as usize]).collect();
    let tiles = tiles(&order, &slice_group);
    let n_fitted = voxels.len();
    let fit = DeviceFit {
        beta: tape.output("beta", n_regressors * n_fitted)?,
        centre: tape.output("centre", n_fitted)?,
        sigma2: tape.output("sigma2", n_fitted)?,
        tiles: tape.upload("tiles", tiles.as_flattened())?,
        n_tiles: tiles.len() as u32,
        order: Arc::new(order),
        slice_group: Arc::new(slice_group),
        shared,
    };
    let listed = tape.upload("voxels", &sorted)?;
    let (acc, quads) = (tape.acc(), fit.shared.quads);
    let n_values = (n_fitted * n_volumes) as u64;
    let step = |step: u32, iterations: u64, flops: u64| Step {
        variant: Variant { shader: &SHADER, constants: constants(acc, quads, step) },
        buffers: vec![
            ("bold", bold.buffer.clone()),
            ("voxels", listed.clone()),
            ("tiles", fit.tiles.clone()),
            ("operators", fit.shared.words.clone()),
            ("centre", fit.centre.clone()),
            ("beta", fit.beta.clone()),
            ("sigma2", fit.sigma2.clone()),
        ],
        params: [n_volumes, bold.block.volume_len(), n_fitted, n_regressors]
            .map(|word| word as u32)
            .to_vec(),
        workgroups: fit.n_tiles,
        iterations,
        bytes: 4 * n_values,
        flops: flops * n_values,
    };
    let columns = 4 * u64::from(quads);
    let nested = n_volumes as u64 * (1 + u64::from(quads)) + columns;
    let all = n_volumes as u64 + 2 * nested;
    let steps = if all <= MOST_ITERATIONS {
        vec![step(3, all, 8 + 4 * columns)]
    } else {
        vec![
            step(0, n_volumes as u64, 2),
            step(1, nested, 1 + 2 * columns),
            step(2, nested, 5 + 2 * columns),
        ]
    };
    tape.run("glm", 4 * (n_values + (n_fitted * (n_regressors + 1)) as u64), steps)?;
    Ok(fit)
}

/// The slice group of each listed voxel.
fn slice_groups(block: &Block, voxels: &[u32], model: &Model) -> Result<Vec<u32>> {
    voxels
        .iter()
        .map(|&voxel| {
            let held = voxel as usize / block.plane_len().max(1);
            let plane = block.planes.start + held;
            let group = model.group_of_plane.get(plane).filter(|_| held < block.planes.len());
            group.filter(|&&g| g < model.solvers.len()).map(|&g| g as u32).ok_or_else(|| {
                Error::internal(
                    format!("voxel {voxel}"),
                    "lies outside the block or its groups",
                    "",
                    "",
                )
            })
        })
        .collect()
}

/// `[tile]`: first fitted voxel, voxels, group, 0.
fn tiles(order: &[u32], slice_group: &[u32]) -> Vec<[u32; 4]> {
    let mut tiles: Vec<[u32; 4]> = Vec::new();
    for (fitted, &at) in order.iter().enumerate() {
        let group = slice_group[at as usize];
        match tiles.last_mut() {
            Some(tile) if tile[2] == group && (tile[1] as usize) < WORKGROUP => tile[1] += 1,
            _ => tiles.push([fitted as u32, 1, group, 0]),
        }
    }
    tiles
}

/// `[group][volume][pinv quads, X quads, (r, 1 / dof, 0, 0)]`.
fn operators(model: &Model, n_volumes: usize, quads: usize) -> Vec<f32> {
    let row = 8 * quads + 4;
    let mut words = vec![0.0_f32; model.solvers.len() * n_volumes * row];
    for (solver, words) in model.solvers.iter().zip(words.chunks_exact_mut(n_volumes * row)) {
        for ((column, t), &value) in solver.pinv.indexed_iter() {
            words[t * row + column] = value as f32;
        }
        for ((t, column), &value) in solver.about_the_mean().indexed_iter() {
            words[t * row + 4 * quads + column] = value as f32;
        }
        for (t, &value) in solver.mean_residual.iter().enumerate() {
            words[t * row + 8 * quads] = value as f32;
            words[t * row + 8 * quads + 1] = (1.0 / solver.dof) as f32;
        }
    }
    words
}

pub(super) fn download(tape: &mut Recording<'_>, fit: &DeviceFit) -> Estimates {
    Estimates {
        beta: tape.download("glm", &fit.beta),
        centre: tape.download("glm", &fit.centre),
        sigma2: tape.download("glm", &fit.sigma2),
        order: Arc::clone(&fit.order),
        slice_group: Arc::clone(&fit.slice_group),
        shared: Arc::clone(&fit.shared),
    }
}

impl Estimates {
    pub(super) fn read(&self, done: &Done<'_>) -> Result<HostFit> {
        let centre = done.read(&self.centre, <[f32]>::to_vec)?;
        let (n_fitted, n_regressors) =
            (self.order.len(), self.shared.constant.first().map_or(0, Vec::len));
        let mut host = HostFit {
            slice_group: self.slice_group.to_vec(),
            beta: Array2::zeros((n_regressors, n_fitted)),
            sigma2: Array1::zeros(n_fitted),
        };
        done.read(&self.beta, |beta| {
            for (regressor, mut row) in host.beta.rows_mut().into_iter().enumerate() {
                for (fitted, &at) in self.order.iter().enumerate() {
                    let group = self.slice_group[at as usize] as usize;
                    row[at as usize] = f64::from(beta[regressor * n_fitted + fitted])
                        + f64::from(centre[fitted]) * self.shared.constant[group][regressor];
                }
            }
        })?;
        done.read(&self.sigma2, |sigma2| {
            for (&at, &value) in self.order.iter().zip(sigma2) {
                host.sigma2[at as usize] = f64::from(value);
            }
        })?;
        Ok(host)
    }
}
