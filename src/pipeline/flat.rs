//! Voxels that hold one finite value throughout a run: no signal was measured there, or none was left.

use crate::error::Result;
use crate::io::source::BoldSource;
use crate::pipeline::blocks::{plane_bytes, slabs};
use crate::volume::HostBold;

/// Bytes a read.
const PIECE: usize = 8 << 20;

/// Those of a block's listed voxels with the same finite value in every volume, as positions in one volume of the block.
#[must_use]
pub fn of_block(bold: &HostBold, voxels: &[u32]) -> Vec<u32> {
    let mut volumes = bold.data.chunks_exact(bold.block.volume_len().max(1));
    let Some(first) = volumes.next() else { return Vec::new() };
    let is_finite = |voxel: &u32| first[*voxel as usize].is_finite();
    let mut same: Vec<u32> = voxels.iter().copied().filter(is_finite).collect();
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::io::source::Memory;
    use crate::volume::Block;

    #[test]
    fn a_voxel_is_flat_where_no_volume_differs_and_none_is_missing() {
        let mut run = Memory::zeros([3, 2, 4], 5);
        let n = 24;
        for (at, value) in run.run.data.iter_mut().enumerate() {
            *value = (at / n) as f32 + (at % n) as f32;
        }
        for volume in 0..5 {
            run.run.data[volume * n + 4] = 7.0;
            run.run.data[volume * n + 20] = -0.5;
            run.run.data[volume * n + 9] = f32::NAN;
            run.run.data[volume * n + 10] = f32::INFINITY;
            run.run.data[volume * n + 11] = f32::NEG_INFINITY;
            run.run.data[volume * n + 22] = 1.0;
        }
        run.run.data[4 * n + 22] = 1.5; // the last volume alone
        let mut inside = vec![true; n];
        assert_eq!(of_run(&mut run, &inside).expect("memory reads"), [4, 20]);
        inside[4] = false;
        assert_eq!(of_run(&mut run, &inside).expect("memory reads"), [20]);
        let block = Block { planes: 3..4, core: 3..4, ..Block::whole([3, 2, 4], 5) };
        let bold = run.read(&block).expect("memory reads");
        assert_eq!(of_block(&bold, &[0, 2, 4]), [2], "positions in the block");
    }
}
