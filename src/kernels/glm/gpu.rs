//! Host side of `shaders/glm.wgsl`.

use std::time::Instant;

use ndarray::{Array1, Array2, Axis};

use super::{HostFit, Model, Solver};
use crate::error::{Error, Result};
use crate::gpu::{Activity, DeviceBold, DeviceFit, Gpu, Shader, Step, Variant, shaders};
use crate::volume::Block;

const WORKGROUP: usize = 64;

pub(super) fn fit(
    gpu: &Gpu,
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
    let quads = shaders::quads_for("glm", n_regressors)?;
    let slice_group = slice_groups(&bold.block, voxels, model)?;
    let mut order: Vec<u32> = (0..voxels.len() as u32).collect();
    order.sort_by_key(|&at| slice_group[at as usize]); // stable: voxels stay ascending within a group
    let sorted: Vec<u32> = order.iter().map(|&at| voxels[at as usize]).collect();
    let tiles = tiles(&order, &slice_group);
    let n_fitted = voxels.len();
    let fit = DeviceFit {
        beta: gpu.output("beta", n_regressors * n_fitted)?,
        centre: gpu.output("centre", n_fitted)?,
        sigma2: gpu.output("sigma2", n_fitted)?,
        tiles: gpu.upload("tiles", tiles.as_flattened())?,
        n_tiles: tiles.len() as u32,
        order,
        slice_group,
        constant: model.solvers.iter().map(|s| s.mean_beta.to_vec()).collect(),
    };
    let operators = gpu.upload("operators", &operators(model, n_volumes, quads as usize))?;
    let listed = gpu.upload("voxels", &sorted)?;
    let n_values = (n_fitted * n_volumes) as u64;
    let step = |step: u32, iterations: u64, flops: u64| Step {
        variant: Variant { acc: gpu.acc(), quads, ..Variant::step(Shader::Glm, step) },
        buffers: vec![
            ("bold", &bold.buffer),
            ("voxels", &listed),
            ("tiles", &fit.tiles),
            ("operators", &operators),
            ("centre", &fit.centre),
            ("beta", &fit.beta),
            ("sigma2", &fit.sigma2),
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
    gpu.run(
        "glm",
        4 * (n_values + (n_fitted * (n_regressors + 1)) as u64),
        &[
            step(0, n_volumes as u64, 2),
            step(1, nested, 1 + 2 * columns),
            step(2, nested, 5 + 2 * columns),
        ],
    )?;
    drop((operators, listed));
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
        for ((t, column), &value) in about_the_mean(solver).indexed_iter() {
            words[t * row + 4 * quads + column] = value as f32;
        }
        for (t, &value) in solver.mean_residual.iter().enumerate() {
            words[t * row + 8 * quads] = value as f32;
            words[t * row + 8 * quads + 1] = (1.0 / solver.dof) as f32;
        }
    }
    words
}

/// X for residuals of centred data: where it holds the constant, its columns centred: the same residuals, without the
/// cancellation against the columns' means.
fn about_the_mean(solver: &Solver) -> Array2<f64> {
    let mut columns = solver.design.clone();
    if solver.mean_residual.iter().all(|&r| r == 0.0)
        && let Some(mean) = solver.design.mean_axis(Axis(0))
    {
        columns -= &mean;
    }
    columns
}

pub(super) fn download(gpu: &Gpu, fit: &DeviceFit) -> Result<HostFit> {
    let started = Instant::now();
    let (n_fitted, n_regressors) = (fit.order.len(), fit.constant.first().map_or(0, Vec::len));
    let beta = gpu.download(&fit.beta)?;
    let centre = gpu.download(&fit.centre)?;
    let sigma2 = gpu.download(&fit.sigma2)?;
    gpu.record("glm", Activity::Download, started, beta.len() + 2 * n_fitted);
    let mut host = HostFit {
        slice_group: fit.slice_group.clone(),
        beta: Array2::zeros((n_regressors, n_fitted)),
        sigma2: Array1::zeros(n_fitted),
    };
    for (fitted, &at) in fit.order.iter().enumerate() {
        let at = at as usize;
        let constant = &fit.constant[fit.slice_group[at] as usize];
        for regressor in 0..n_regressors {
            host.beta[[regressor, at]] = f64::from(beta[regressor * n_fitted + fitted])
                + f64::from(centre[fitted]) * constant[regressor];
        }
        host.sigma2[at] = f64::from(sigma2[fitted]);
    }
    Ok(host)
}
