//! How often each correction finds anything in groups where there is nothing: maps of smooth noise, tested as `boldly group` tests
//! them. A correction that holds finds something in at most 5 % of the groups.

use rayon::prelude::*;
use serde::Serialize;

use crate::design::group::Model;
use crate::error::Result;
use crate::gpu::Device;
use crate::maps::{Map, Quantity};
use crate::pipeline::blocks::Ladder;
use crate::pipeline::group::{Held, tested};
use crate::pipeline::spec::{Correction, GroupSpec, PermuteOptions, TfceConvention};
use crate::pipeline::watch::{Quiet, Watch};
use crate::simulate::field;
use crate::table::Table;
use crate::volume::{Grid, Mask};

/// Corrected p that counts as found.
pub const LEVEL: f64 = 0.05;
/// Uncorrected p that forms clusters.
pub const FORMING: [f64; 2] = [0.001, 0.01];
/// Groups of each design that are tested before progress is told.
const AT_ONCE: usize = 16;
/// The normal deviate of a 95 % interval.
const Z_95: f64 = 1.959_963_984_540_054;

/// What is tried.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct GroupsSpec {
    /// Voxels along i, j, k; the mask is the ellipsoid within.
    pub shape: [usize; 3],
    /// Smoothness of the noise, voxels.
    pub fwhm_vox: f64,
    /// Subjects of each design, all groups together.
    pub subjects: Vec<usize>,
    /// Groups of each design.
    pub repeats: usize,
    /// Rearrangements of each group.
    pub permutations: u64,
    /// Of the noise and the rearrangements.
    pub seed: u64,
}

impl Default for GroupsSpec {
    fn default() -> GroupsSpec {
        GroupsSpec {
            shape: [18, 18, 14],
            fwhm_vox: 2.5,
            subjects: vec![12, 20],
            // A standard error of .01 about .05.
            repeats: 500,
            permutations: 400,
            seed: 1,
        }
    }
}

/// How often one correction finds something in groups of one design.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct GroupRate {
    /// one-sample or two-sample.
    pub design: String,
    /// Subjects, all groups together.
    pub n_subjects: usize,
    /// The correction, for a person.
    pub correction: String,
    /// Groups with a corrected p of at most [`LEVEL`] somewhere.
    pub found: usize,
    /// Groups.
    pub of: usize,
    /// 95 % interval of the share (Wilson's).
    pub interval: [f64; 2],
}

impl GroupRate {
    /// Share of groups in which something was found.
    #[must_use]
    pub fn share(&self) -> f64 {
        self.found as f64 / self.of as f64
    }
}

/// Try all corrections on the same null groups.
///
/// # Errors
/// Usage for groups too small to test; interrupted.
pub fn groups(spec: &GroupsSpec, watch: &dyn Watch) -> Result<Vec<GroupRate>> {
    let mask = ellipsoid(spec.shape);
    let mut rates = Vec::new();
    for (at, model) in [Model::OneSample, Model::TwoSample].iter().enumerate() {
        for (size, &n_subjects) in spec.subjects.iter().enumerate() {
            let design = (at * spec.subjects.len() + size) as u64;
            let steps: Vec<usize> = (0..spec.repeats).collect();
            watch.stage(&format!("{}, {n_subjects}", model.name()), spec.repeats.div_ceil(AT_ONCE));
            let mut counts: Vec<(String, usize)> = Vec::new();
            for some in steps.chunks(AT_ONCE) {
                let one = |&repeat: &usize| {
                    let number = design * spec.repeats as u64 + repeat as u64;
                    let held = null_group(spec, model, n_subjects, number, &mask);
                    found(spec, model, number, held)
                };
                for found in some.par_iter().map(one).collect::<Result<Vec<_>>>()? {
                    counts.resize_with(found.len(), || (String::new(), 0));
                    for (count, (correction, any)) in counts.iter_mut().zip(found) {
                        *count = (correction, count.1 + usize::from(any));
                    }
                }
                watch.step();
            }
            let of = spec.repeats;
            let design = model.name().to_owned();
            rates.extend(counts.into_iter().map(|(correction, found)| {
                let interval = wilson(found, of);
                GroupRate { design: design.clone(), n_subjects, correction, found, of, interval }
            }));
        }
    }
    Ok(rates)
}

/// Wilson's interval of a share. Source: Wilson 1927.
fn wilson(found: usize, of: usize) -> [f64; 2] {
    let (n, z2) = (of as f64, Z_95 * Z_95);
    let share = found as f64 / n;
    let middle = (share + z2 / (2.0 * n)) / (1.0 + z2 / n);
    let half = Z_95 / (1.0 + z2 / n) * (share * (1.0 - share) / n + z2 / (4.0 * n * n)).sqrt();
    [(middle - half).max(0.0), (middle + half).min(1.0)]
}

/// Subjects whose maps hold noise alone; in two groups they alternate.
fn null_group(
    spec: &GroupsSpec,
    model: &Model,
    n_subjects: usize,
    number: u64,
    mask: &Mask,
) -> Held {
    let row = |subject: usize| {
        let group = if *model == Model::TwoSample { ["a", "b"][subject % 2] } else { "a" };
        vec![format!("sub-{subject:02}"), group.to_owned()]
    };
    // No group has more: each map of noise is drawn once.
    let most = spec.subjects.iter().copied().max().unwrap_or(0) as u64;
    let map = |subject: usize| {
        field::null(spec.shape, spec.fwhm_vox, spec.seed, number * most + subject as u64)
    };
    Held {
        table: Table {
            name: "null group".to_owned(),
            columns: vec!["subject".to_owned(), "group".to_owned()],
            rows: (0..n_subjects).map(row).collect(),
        },
        mask: mask.clone(),
        maps: (0..n_subjects).map(map).collect(),
    }
}

/// Each correction, and whether it finds something in a group.
fn found(spec: &GroupsSpec, model: &Model, number: u64, held: Held) -> Result<Vec<(String, bool)>> {
    let mut ladder = Ladder::around(Device::cpu());
    let mut all = Vec::new();
    for (at, forming) in FORMING.into_iter().enumerate() {
        let asked = asked(spec, model, number, forming, at == 0);
        let maps = tested(&asked, held.clone(), &mut ladder, &Quiet)?;
        for map in maps.iter().filter(|map| map.quantity == Quantity::CorrectedP) {
            if at == 0 || is_of_clusters(map) {
                all.push((said(map, forming), any(map, &held.mask)));
            }
        }
    }
    Ok(all)
}

/// Whether its p depends on what forms clusters.
fn is_of_clusters(map: &Map) -> bool {
    let desc = map.entities.value("desc").unwrap_or_default();
    desc.starts_with("cluster") || desc == "rftCluster"
}

/// Whether some voxel's corrected p is at most [`LEVEL`].
fn any(map: &Map, mask: &Mask) -> bool {
    let mut inside = map.values[0].iter().zip(&mask.inside).filter(|(_, inside)| **inside);
    // p is kept in 32 bits, where .05 lies just above itself.
    inside.any(|(p, _)| *p <= LEVEL as f32)
}

fn said(map: &Map, forming: f64) -> String {
    match map.entities.value("desc").unwrap_or_default() {
        "maxT" => "largest t".to_owned(),
        "tfce" => "TFCE".to_owned(),
        "clusterExtent" => format!("cluster extent, formed at p {forming}"),
        "clusterMass" => format!("cluster mass, formed at p {forming}"),
        "rft" => "random fields, height".to_owned(),
        "rftCluster" => format!("random fields, clusters formed at p {forming}"),
        "bonferroni" => "Bonferroni".to_owned(),
        "fdr" => "false discovery rate".to_owned(),
        other => other.to_owned(),
    }
}

fn asked(spec: &GroupsSpec, model: &Model, number: u64, forming: f64, tfce: bool) -> GroupSpec {
    GroupSpec {
        zeros_count: true,
        table_p: forming,
        corrections: vec![Correction::Fdr, Correction::Bonferroni, Correction::Rft],
        permute: Some(PermuteOptions {
            tfce: tfce.then_some(TfceConvention::Exact),
            cluster_p: Some(forming),
            ..PermuteOptions::new(spec.permutations, spec.seed.wrapping_add(number))
        }),
        ..GroupSpec::new("null group".into(), model.clone())
    }
}

/// The voxels whose centres lie in the ellipsoid that fills a grid of 1 mm voxels.
fn ellipsoid(shape: [usize; 3]) -> Mask {
    let mut affine = [[0.0; 4]; 4];
    (0..4).for_each(|axis| affine[axis][axis] = 1.0);
    let grid = Grid { shape, affine, voxel_size_mm: [1.0; 3], is_placed: true };
    let off = |voxel: usize| {
        let at = grid.coordinates(voxel);
        let along = |axis: usize| {
            let n = shape[axis] as f64;
            (2.0 * at[axis] as f64 + 1.0 - n) / n
        };
        (0..3).map(|axis| along(axis) * along(axis)).sum::<f64>()
    };
    let inside = (0..grid.n_voxels()).map(|voxel| off(voxel) <= 1.0).collect();
    Mask { grid, inside }
}

#[cfg(test)]
mod tests {
    use super::wilson;

    #[test]
    fn wilsons_interval_is_the_published_one() {
        // Newcombe 1998, table I: 81 of 263, 15 of 148, 0 of 20, 1 of 29.
        for (found, of, want) in [
            (81, 263, [0.2553, 0.3662]),
            (15, 148, [0.0624, 0.1605]),
            (0, 20, [0.0, 0.1611]),
            (1, 29, [0.0061, 0.1718]),
        ] {
            let got = wilson(found, of);
            let near = |at: usize| (got[at] - want[at]).abs() < 5e-5;
            assert!(near(0) && near(1), "{found} of {of}: {got:?} for {want:?}");
        }
    }
}
