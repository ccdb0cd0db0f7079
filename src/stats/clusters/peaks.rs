//! Local maxima of a cluster, and which of them are told.

use super::{Neighbours, Tail};

/// A local maximum.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Peak {
    /// Index in the mask's list.
    pub voxel: u32,
    /// i, j, k.
    pub at: [usize; 3],
    /// The statistic there, with its sign.
    pub statistic: f64,
}

/// Which local maxima are told.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PeakRule {
    /// Size of a voxel along i, j, k: its axes are taken as perpendicular.
    pub voxel_size_mm: [f64; 3],
    /// How far each must be from all higher ones that are told.
    pub apart_mm: f64,
    /// How many a cluster.
    pub at_most: usize,
}

impl PeakRule {
    /// Three a cluster, 8 mm apart.
    #[must_use]
    pub fn new(voxel_size_mm: [f64; 3]) -> PeakRule {
        PeakRule { voxel_size_mm, apart_mm: 8.0, at_most: 3 }
    }

    fn distance_mm(&self, a: [usize; 3], b: [usize; 3]) -> f64 {
        let along = |axis: usize| (a[axis] as f64 - b[axis] as f64) * self.voxel_size_mm[axis];
        (0..3).map(|axis| along(axis).powi(2)).sum::<f64>().sqrt()
    }
}

/// The peaks of a cluster's voxels (ascending), the highest first.
pub(super) fn peaks(
    neighbours: &Neighbours,
    voxels: &[u32],
    height: impl Fn(u32) -> f64,
    tail: Tail,
    rule: &PeakRule,
) -> Vec<Peak> {
    let mut maxima: Vec<(f64, u32)> = voxels
        .iter()
        .filter(|&&voxel| is_maximum(neighbours, voxels, voxel, &height))
        .map(|&voxel| (height(voxel), voxel))
        .collect();
    maxima.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
    let mut told: Vec<Peak> = Vec::new();
    for (height, voxel) in maxima {
        if told.len() == rule.at_most {
            break;
        }
        let at = neighbours.at(voxel as usize);
        if told.iter().all(|peak| rule.distance_mm(peak.at, at) >= rule.apart_mm) {
            told.push(Peak { voxel, at, statistic: tail.sign() * height });
        }
    }
    told
}

/// Whether no neighbour of the cluster is higher, and none as high comes before.
fn is_maximum(
    neighbours: &Neighbours,
    voxels: &[u32],
    voxel: u32,
    height: impl Fn(u32) -> f64,
) -> bool {
    let (here, at) = (height(voxel), neighbours.at(voxel as usize));
    for k in -1..=1 {
        for j in -1..=1 {
            for i in -1..=1 {
                let Some(other) = neighbours.beside(at, [i, j, k]) else { continue };
                let there = height(other);
                let is_above = there > here || (there == here && other < voxel);
                if is_above && voxels.binary_search(&other).is_ok() {
                    return false;
                }
            }
        }
    }
    true
}
