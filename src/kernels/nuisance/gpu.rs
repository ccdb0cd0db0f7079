//! Host side of `shaders/nuisance.wgsl`.

use ndarray::Array2;

use super::Projection;
use crate::error::{Error, Result};
use crate::gpu::{
    Acc, Buffer, Constants, DeviceBold, QUADS, Recording, Shader, Step, Variant, quads_for,
};
use crate::volume::Block;

const WORKGROUP: usize = 64;

/// `shaders/nuisance.wgsl`.
pub(super) static SHADER: Shader = Shader {
    name: "nuisance",
    wgsl: include_str!("../../../shaders/nuisance.wgsl"),
    constants: || {
        let of = |acc| QUADS.map(|quads| constants(acc, quads));
        Acc::ALL.into_iter().flat_map(of).collect()
    },
};

fn constants(acc: Acc, quads: u32) -> Constants {
    vec![("Acc", acc.into()), ("QUADS", quads.into())]
}

/// What all blocks of a run share.
struct Operators {
    words: Buffer,
    quads: u32,
}

pub(super) fn subtract(
    tape: &mut Recording<'_>,
    bold: DeviceBold,
    projection: &Projection,
) -> Result<DeviceBold> {
    let n_volumes = bold.block.volumes.len();
    let n_columns = projection.rows.iter().map(Array2::nrows).max().unwrap_or(0);
    if n_columns == 0 || bold.block.is_empty() {
        return Ok(bold);
    }
    let tiles = tiles(&bold.block, &projection.group_of_plane, projection.rows.len())?;
    let (n_tiles, n_values) = (tiles.len() as u32, bold.block.len() as u64);
    let shared = tape.gpu().resident(projection, |gpu| {
        let quads = quads_for("nuisance", n_columns)?;
        let words = gpu.acc().words(&operators(projection, n_volumes, quads as usize)?);
        Ok(Operators { words: gpu.upload("operators", &words)?, quads })
    })?;
    let step = Step {
        variant: Variant { shader: &SHADER, constants: constants(tape.acc(), shared.quads) },
        buffers: vec![
            ("bold", bold.buffer.clone()),
            ("tiles", tape.upload("tiles", tiles.as_flattened())?),
            ("operators", shared.words.clone()),
        ],
        params: vec![n_volumes as u32, bold.block.volume_len() as u32],
        workgroups: n_tiles,
        iterations: n_volumes as u64 * (3 + 2 * u64::from(shared.quads)) + u64::from(shared.quads),
        bytes: 16 * n_values,
        flops: n_values * (6 + 4 * n_columns as u64),
    };
    tape.run("nuisance", 8 * n_values, vec![step])?;
    Ok(bold)
}

/// `[group][volume][R quads, N quads]`.
fn operators(projection: &Projection, n_volumes: usize, quads: usize) -> Result<Vec<f64>> {
    let row = 8 * quads;
    let mut words = vec![0.0; projection.rows.len() * n_volumes * row];
    for (group, (rows, columns)) in projection.rows.iter().zip(&projection.columns).enumerate() {
        if rows.dim() != (columns.ncols(), n_volumes) || columns.nrows() != n_volumes {
            return Err(Error::internal(
                format!("the projection of group {group}"),
                format!("is for {} volumes", rows.ncols()),
                format!("be for the block's {n_volumes}"),
                "",
            ));
        }
        for ((column, t), &value) in rows.indexed_iter() {
            words[(group * n_volumes + t) * row + column] = value;
        }
        for ((t, column), &value) in columns.indexed_iter() {
            words[(group * n_volumes + t) * row + 4 * quads + column] = value;
        }
    }
    Ok(words)
}

/// `[tile]`: first voxel, voxels, group, 0; a tile lies in one plane.
fn tiles(block: &Block, group_of_plane: &[usize], n_groups: usize) -> Result<Vec<[u32; 4]>> {
    let mut tiles = Vec::new();
    for (held, plane) in block.planes.clone().enumerate() {
        let group =
            group_of_plane.get(plane).copied().filter(|&g| g < n_groups).ok_or_else(|| {
                Error::internal(format!("plane {plane}"), "has no slice-time group", "have one", "")
            })?;
        for first in (0..block.plane_len()).step_by(WORKGROUP) {
            let count = WORKGROUP.min(block.plane_len() - first);
            let voxel = held * block.plane_len() + first;
            tiles.push([voxel as u32, count as u32, group as u32, 0]);
        }
    }
    Ok(tiles)
}
