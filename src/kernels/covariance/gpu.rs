//! Host side of `shaders/covariance.wgsl`: the products of each plane come back, all at once, and are added in the planes'
//! order.

use ndarray::Array2;

use super::{Filter, Scaling, by_plane, work};
use crate::error::Result;
use crate::gpu::{
    Acc, Buffer, Constants, DeviceBold, Done, Download, QUADS, Recording, Shader, Step, Variant,
    quads_for,
};

const WORKGROUP: usize = 64;
/// Rows and columns of C a workgroup.
const TILE: usize = 32;

/// `shaders/covariance.wgsl`.
pub(super) static SHADER: Shader = Shader {
    name: "covariance",
    wgsl: include_str!("../../../shaders/covariance.wgsl"),
    constants: || {
        let of = |acc| {
            let filters = QUADS.into_iter().map(move |quads| constants(acc, 0, quads));
            filters.chain([constants(acc, 1, 1)])
        };
        Acc::ALL.into_iter().flat_map(of).collect()
    },
};

fn constants(acc: Acc, step: u32, quads: u32) -> Constants {
    vec![("Acc", acc.into()), ("STEP", step.into()), ("QUADS", quads.into())]
}

/// What the blocks of a run share.
struct Operators {
    basis: Buffer,
    tiles: Buffer,
    n_tiles: u32,
    quads: u32,
}

/// Sums on their way to the host.
#[derive(Debug)]
pub(super) struct Summed {
    sums: Download,
    n_volumes: usize,
}

pub(super) fn accumulate(
    tape: &mut Recording<'_>,
    bold: &DeviceBold,
    voxels: &[u32],
    filter: &Filter,
) -> Result<Summed> {
    let (n, n_columns) = filter.basis.dim();
    let n_quads = n.div_ceil(4);
    let shared = tape.gpu().resident(filter, |gpu| {
        let quads = quads_for("covariance", n_columns)?;
        let pairs = tiles(n);
        Ok(Operators {
            basis: gpu.upload("basis", &gpu.acc().words(&padded(filter, quads as usize)))?,
            tiles: gpu.upload("tiles", pairs.as_flattened())?,
            n_tiles: pairs.len() as u32,
            quads,
        })
    })?;
    let planes = planes(voxels, bold.block.plane_len());
    let acc = tape.acc();
    let sums = tape.output("sums", planes.len() * 16 * n_quads * n_quads * acc.bytes() / 4)?;
    let buffers = vec![
        ("bold", bold.buffer.clone()),
        ("voxels", tape.upload("voxels", voxels)?),
        ("basis", shared.basis.clone()),
        ("tiles", shared.tiles.clone()),
        ("planes", tape.upload("planes", planes.as_flattened())?),
        ("filtered", tape.output("filtered", 4 * n_quads * voxels.len())?),
        ("sums", sums.clone()),
    ];
    let unit_variance = u32::from(filter.scaling == Scaling::UnitVariance);
    let sizes = [n, bold.block.volume_len(), voxels.len()].map(|size| size as u32);
    let params = [&sizes[..], &[unit_variance, shared.n_tiles]].concat();
    let (n_values, quads) = ((n * voxels.len()) as u64, u64::from(shared.quads));
    let find = Step {
        variant: Variant { shader: &SHADER, constants: constants(acc, 0, shared.quads) },
        buffers: buffers.clone(),
        params: params.clone(),
        workgroups: voxels.len().div_ceil(WORKGROUP) as u32,
        iterations: n as u64 * (3 + 2 * quads) + quads + 2 * n.div_ceil(4) as u64,
        bytes: 20 * n_values,
        flops: n_values * (16 * quads + 6),
    };
    let products = u64::from(shared.n_tiles) * (TILE * TILE * voxels.len()) as u64;
    let widest = planes.iter().map(|plane| plane[1] - plane[0]).max().unwrap_or(0);
    let add = Step {
        variant: Variant { shader: &SHADER, constants: constants(acc, 1, 1) },
        buffers,
        params,
        workgroups: planes.len() as u32 * shared.n_tiles,
        iterations: u64::from(widest) + u64::from(widest / 1024) + 1,
        bytes: 2 * products,
        flops: 2 * products,
    };
    tape.run("covariance", work(voxels.len(), filter).0, vec![find, add])?;
    Ok(Summed { sums: tape.download("covariance", &sums), n_volumes: n })
}

impl Summed {
    /// Add the planes to the lower triangle of C, in their order.
    pub(super) fn add_to(&self, done: &Done<'_>, sum: &mut Array2<f64>) -> Result<()> {
        let (n, row_len) = (self.n_volumes, 4 * self.n_volumes.div_ceil(4));
        done.read_sums(&self.sums, |planes| {
            for products in planes.chunks_exact(row_len * row_len) {
                for row in 0..n {
                    for column in 0..=row {
                        sum[[row, column]] += products[row * row_len + column];
                    }
                }
            }
        })
    }
}

/// `[plane]`: the first of its chosen voxels, and the end of them.
fn planes(voxels: &[u32], plane_len: usize) -> Vec<[u32; 2]> {
    let mut end = 0;
    by_plane(voxels, plane_len)
        .map(|plane| {
            let first = end;
            end += plane.len() as u32;
            [first, end]
        })
        .collect()
}

/// Q with columns of zeros up to whole fours.
fn padded(filter: &Filter, quads: usize) -> Vec<f64> {
    let mut words = vec![0.0; filter.n_volumes() * 4 * quads];
    for ((t, column), &value) in filter.basis.indexed_iter() {
        words[t * 4 * quads + column] = value;
    }
    words
}

/// The tiles that hold the lower triangle of C: row and column, in [`TILE`]s.
fn tiles(n_volumes: usize) -> Vec<[u32; 2]> {
    let count = n_volumes.div_ceil(TILE) as u32;
    (0..count).flat_map(|row| (0..=row).map(move |column| [row, column])).collect()
}
