//! The confounds a preprocessing would deliver, under fMRIPrep's names.

use super::anatomy::Label;
use super::motion::{Position, framewise_displacement};
use super::{GoOn, Truth};
use crate::error::Result;
use crate::table::Table;

const NAMES: [&str; 9] = [
    "csf",
    "white_matter",
    "framewise_displacement",
    "trans_x",
    "trans_y",
    "trans_z",
    "rot_x",
    "rot_y",
    "rot_z",
];

/// One row a volume: mean signal of fluid and of white matter, framewise displacement (`n/a` in the first row), the
/// six motion parameters in mm and radians.
/// `go_on` is asked at each of them.
///
/// # Errors
/// Those of `go_on`.
pub(super) fn table(
    bold: &[f32],
    truth: &Truth,
    positions: &[Position],
    go_on: GoOn<'_>,
) -> Result<Table> {
    let fluid = mean_signal(bold, &truth.where_label(&[Label::Fluid]), go_on)?;
    let white = mean_signal(bold, &truth.where_label(&[Label::White]), go_on)?;
    let displaced = framewise_displacement(positions);
    let row = |volume: usize| {
        let mut cells = vec![
            fluid.get(volume).map_or("n/a".into(), |v| format!("{v:.4}")),
            white.get(volume).map_or("n/a".into(), |v| format!("{v:.4}")),
            displaced[volume].map_or("n/a".into(), |v| format!("{v:.6}")),
        ];
        cells.extend(positions[volume].iter().map(|p| format!("{p:.8}")));
        cells
    };
    Ok(Table {
        name: "desc-confounds_timeseries.tsv".into(),
        columns: NAMES.map(String::from).to_vec(),
        rows: (0..positions.len()).map(row).collect(),
    })
}

/// Mean over some voxels of each volume; nothing when there are no such voxels.
fn mean_signal(bold: &[f32], inside: &[bool], go_on: GoOn<'_>) -> Result<Vec<f64>> {
    let count = inside.iter().filter(|&&v| v).count();
    if count == 0 {
        return Ok(Vec::new());
    }
    let mean = |volume: &[f32]| {
        go_on()?;
        let sum: f64 = volume.iter().zip(inside).filter(|v| *v.1).map(|v| f64::from(*v.0)).sum();
        Ok(sum / count as f64)
    };
    bold.chunks_exact(inside.len()).map(mean).collect()
}
