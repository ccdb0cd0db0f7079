//! Voxels that hold one value throughout a run: no signal was measured there, or none was left.

use crate::error::Result;
use crate::io::source::BoldSource;
use crate::pipeline::blocks::{plane_bytes, slabs};
use crate::volume::HostBold;

/// Bytes a read.
const PIECE: usize = 8 << 20;

/// Those of a block's listed voxels with the same value in every volume, as positions in one volume of the block.
#[must_use]
pub fn of_block(bold: &HostBold, voxels: &[u32]) -> Vec<u32> {
    let mut volumes = bold.data.chunks_exact(bold.block.volume_len().max(1));
    let Some(first) = volumes.next() else { return Vec::new() };
    let mut same = voxels.to_vec();
    for volume in volumes {
        if same.is_empty() {
            break; // after the second volume, mostly
        }
        same.retain(|&voxel| volume[voxel as usize] == first[voxel as usize]);
    }
    same
}

/// Those of a mask's voxels `[voxel]`, as positions in the grid.
///
/// # Errors
/// Those of reading the run.
pub fn of_run(source: &mut dyn BoldSource, inside: &[bool]) -> Result<Vec<usize>> {
    let (shape, n_volumes) = (source.shape(), source.n_volumes());
    let one_plane = plane_bytes(shape, n_volumes);
    let blocks = slabs(shape, n_volumes, 0, PIECE.max(one_plane));
    let mut flat = Vec::new();
    for block in blocks.unwrap_or_default() {
        let first = block.planes.start * block.plane_len();
        let here = inside[first..first + block.volume_len()].iter().zip(0..);
        let voxels: Vec<u32> = here.filter(|(inside, _)| **inside).map(|(_, at)| at).collect();
        let bold = source.read(&block)?;
        flat.extend(of_block(&bold, &voxels).into_iter().map(|voxel| first + voxel as usize));
        source.reuse(bold.data);
    }
    Ok(flat)
}
