//! The head sampled on a grid: for each voxel the mean over 3 x 3 x 3 points within it.

use rayon::prelude::*;

use super::GoOn;
use super::head::{self, Tissue};
use super::task::Condition;
use crate::error::Result;
use crate::volume::Grid;

/// Baseline signal in BOLD units: fluid, grey, white, brainstem.
const SIGNAL: [f64; 4] = [1250.0, 1000.0, 820.0, 900.0];
const POINTS: usize = 3;

/// What the truth's label map holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Label {
    /// Air.
    Outside = 0,
    /// Cerebrospinal fluid.
    Fluid = 1,
    /// Grey matter.
    Grey = 2,
    /// White matter.
    White = 3,
    /// Brainstem other than the periaqueductal grey.
    Brainstem = 4,
    /// Periaqueductal grey.
    Pag = 5,
}

impl Label {
    /// Every label with the name that dseg.tsv gives it.
    pub const NAMES: [(Label, &'static str); 6] = [
        (Label::Outside, "outside"),
        (Label::Fluid, "csf"),
        (Label::Grey, "grey_matter"),
        (Label::White, "white_matter"),
        (Label::Brainstem, "brainstem"),
        (Label::Pag, "periaqueductal_grey"),
    ];
}

/// One voxel of the head.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place {
    /// Where it is in the reference head, mm.
    pub(super) at_mm: [f64; 3],
    /// Share of it that is brain or fluid within the skull.
    pub(super) filled: f64,
    /// What most of it is.
    pub(super) label: Label,
    /// Baseline signal without the receive field, BOLD units.
    pub(super) signal: f64,
    /// Response to pain and to control on the plateau of a long block, per cent of the baseline.
    pub(super) activation_percent: [f64; 2],
}

/// The head stretched to fill a grid, `[voxel]`; `go_on` is asked at each of them.
///
/// # Errors
/// Those of `go_on`.
pub(super) fn places(grid: &Grid, go_on: GoOn<'_>) -> Result<Vec<Place>> {
    on_grid(grid, go_on, &|axis, along| {
        (along / grid.shape[axis] as f64 * 2.0 - 1.0) * head::HALF_FIELD_MM[axis]
    })
}

/// The part of the head that a grid shows, `[voxel]`: the grid's axes are the head's and its millimetres those of the head.
///
/// # Errors
/// Those of `go_on`.
pub(super) fn places_as_they_are(grid: &Grid, go_on: GoOn<'_>) -> Result<Vec<Place>> {
    on_grid(grid, go_on, &|axis, along| {
        grid.affine[axis][3] + (along - 0.5) * grid.affine[axis][axis]
    })
}

/// `to_mm`: of an axis, voxels from the grid's edge to millimetres of the head.
fn on_grid(
    grid: &Grid,
    go_on: GoOn<'_>,
    to_mm: &(dyn Fn(usize, f64) -> f64 + Sync),
) -> Result<Vec<Place>> {
    let at = |voxel| go_on().map(|()| place(grid, voxel, to_mm));
    (0..grid.n_voxels()).into_par_iter().map(at).collect()
}

fn place(grid: &Grid, voxel: usize, to_mm: &dyn Fn(usize, f64) -> f64) -> Place {
    let index = grid.coordinates(voxel);
    let at = |offset: [f64; 3]| {
        std::array::from_fn(|axis| to_mm(axis, index[axis] as f64 + 0.5 + offset[axis]))
    };
    let step = |n: usize| (n as f64 + 0.5) / POINTS as f64 - 0.5;
    let mut counts = [0.0_f64; 4];
    let (mut pag, mut activation) = (0.0, [0.0; 2]);
    for point in 0..POINTS * POINTS * POINTS {
        let [i, j, k] = [point % POINTS, point / POINTS % POINTS, point / (POINTS * POINTS)];
        let p = at([step(i), step(j), step(k)]);
        match head::tissue(p) {
            Tissue::Outside => continue,
            Tissue::Fluid => {
                counts[0] += 1.0;
                continue;
            }
            Tissue::Grey => counts[1] += 1.0,
            Tissue::White => counts[2] += 1.0,
            Tissue::Brainstem => counts[3] += 1.0,
        }
        pag += f64::from(u8::from(head::in_pag(p)));
        activation[0] += head::activation_percent(Condition::Pain, p);
        activation[1] += head::activation_percent(Condition::Control, p);
    }
    let n_points = (POINTS * POINTS * POINTS) as f64;
    let filled: f64 = counts.iter().sum::<f64>() / n_points;
    let most = (0..4).fold(0, |best, k| if counts[k] > counts[best] { k } else { best });
    let label = match most {
        _ if filled < 0.5 => Label::Outside,
        _ if pag * 2.0 >= n_points => Label::Pag,
        0 => Label::Fluid,
        1 => Label::Grey,
        2 => Label::White,
        _ => Label::Brainstem,
    };
    Place {
        at_mm: at([0.0; 3]),
        filled,
        label,
        signal: (0..4).map(|k| counts[k] * SIGNAL[k]).sum::<f64>() / n_points,
        activation_percent: activation.map(|sum| sum / n_points),
    }
}
