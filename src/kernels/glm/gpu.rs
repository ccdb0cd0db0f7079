//! Host side of `shaders/glm.wgsl`.

use std::sync::Arc;

use ndarray::{Array1, Array2, Axis};
use rayon::prelude::*;

use super::{HostFit, Model, Solver};
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
    /// g = U'(y - c), `[column of U][fitted voxel]`.
    pub(crate) on_basis: Buffer,
    /// The centre c of each fitted voxel; beta = H g + c pinv(X) 1.
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
    /// Columns of U, the most of any slice group.
    pub(crate) n_columns: usize,
    /// For each slice group.
    pub(crate) to_beta: Vec<ToBeta>,
}

/// beta = H g + c pinv(X) 1 of a slice group.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct ToBeta {
    /// H, `[regressor][column of U]`.
    pub(crate) of_basis: Array2<f64>,
    /// pinv(X) 1, `[regressor]`.
    pub(crate) of_centre: Array1<f64>,
}

/// Estimates on their way to the host.
#[derive(Debug)]
pub(super) struct Estimates {
    on_basis: Download,
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
        let n_columns = model.rank();
        let quads = quads_for("glm", n_columns)?;
        let to_beta = |s: &Solver| ToBeta {
            of_basis: s.to_beta().to_owned(),
            of_centre: s.mean_beta.clone(),
        };
        Ok(Operators {
            words: gpu.upload("operators", &operators(model, n_volumes, quads as usize))?,
            quads,
            n_columns,
            to_beta: model.solvers.iter().map(to_beta).collect(),
        })
    })?;
    let n_columns = shared.n_columns;
    let slice_group = slice_groups(&bold.block, voxels, model)?;
    let mut order: Vec<u32> = (0..voxels.len() as u32).collect();
    order.sort_by_key(|&at| slice_group[at as usize]); // stable: voxels stay ascending within a group
    let sorted: Vec<u32> = order.iter().map(|&at| voxels[at as usize]).collect();
    let tiles = tiles(&order, &slice_group);
    let n_fitted = voxels.len();
    let fit = DeviceFit {
        on_basis: tape.output("on_basis", n_columns * n_fitted)?,
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
            ("on_basis", fit.on_basis.clone()),
            ("sigma2", fit.sigma2.clone()),
        ],
        params: [n_volumes, bold.block.volume_len(), n_fitted, n_columns]
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
    tape.run("glm", 4 * (n_values + (n_fitted * (n_columns + 1)) as u64), steps)?;
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

/// `[group][volume][U quads, (r, 1 / dof, 0, 0)]`.
fn operators(model: &Model, n_volumes: usize, quads: usize) -> Vec<f32> {
    let row = 4 * quads + 4;
    let mut words = vec![0.0_f32; model.solvers.len() * n_volumes * row];
    for (solver, words) in model.solvers.iter().zip(words.chunks_exact_mut(n_volumes * row)) {
        for ((t, column), &value) in solver.basis.indexed_iter() {
            words[t * row + column] = value as f32;
        }
        for (t, &value) in solver.mean_residual.iter().enumerate() {
            words[t * row + 4 * quads] = value as f32;
            words[t * row + 4 * quads + 1] = (1.0 / solver.dof) as f32;
        }
    }
    words
}

pub(super) fn download(tape: &mut Recording<'_>, fit: &DeviceFit) -> Estimates {
    Estimates {
        on_basis: tape.download("glm", &fit.on_basis),
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
        let n_fitted = self.order.len();
        let n_regressors = self.shared.to_beta.first().map_or(0, |to| to.of_centre.len());
        let mut host = HostFit {
            slice_group: self.slice_group.to_vec(),
            beta: Array2::zeros((n_regressors, n_fitted)),
            sigma2: Array1::zeros(n_fitted),
        };
        done.read(&self.on_basis, |on_basis| {
            let columns: Vec<_> = host.beta.axis_iter_mut(Axis(1)).collect();
            let place = self.places();
            columns.into_par_iter().enumerate().with_min_len(64).for_each(|(at, mut beta)| {
                let (fitted, group) = (place[at], self.slice_group[at] as usize);
                let ToBeta { of_basis, of_centre } = &self.shared.to_beta[group];
                let mut sum = f64::from(centre[fitted]) * of_centre;
                for (column, weights) in of_basis.columns().into_iter().enumerate() {
                    sum.scaled_add(f64::from(on_basis[column * n_fitted + fitted]), &weights);
                }
                beta.assign(&sum);
            });
        })?;
        done.read(&self.sigma2, |sigma2| {
            for (&at, &value) in self.order.iter().zip(sigma2) {
                host.sigma2[at as usize] = f64::from(value);
            }
        })?;
        Ok(host)
    }

    /// For each position in the caller's list, its fitted voxel.
    fn places(&self) -> Vec<usize> {
        let mut places = vec![0; self.order.len()];
        self.order.iter().enumerate().for_each(|(fitted, &at)| places[at as usize] = fitted);
        places
    }
}
