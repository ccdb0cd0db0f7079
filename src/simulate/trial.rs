//! A made-up trial with known truth: two groups of patients, a drug and a placebo, each scanned before and after; a map of
//! the response to pain a visit.
//!
//! map = response + patient + visit + drug [after, on drug], in percent signal change: the mean response to pain of
//! `head`; a patient's own level, smooth in space and the same at both visits; smooth noise of the visit; and what the drug
//! takes from the response, in the periaqueductal grey and the anterior insula of both sides.

use rayon::prelude::*;

use super::anatomy::{self, Place};
use super::random::{Random, Stream};
use super::{GoOn, field};
use crate::error::{Error, Result};
use crate::volume::{Grid, Mask};

mod atlas;
mod files;

pub use atlas::Region;
pub use files::{files, names, paths, readme};

/// What the drug adds to the response to pain, percent signal change.
const DRUG_IN_PAG: f64 = -1.1;
const DRUG_IN_INSULA: f64 = -0.9;
/// Standard deviations, percent signal change.
const PATIENT_SD: f64 = 0.7;
const VISIT_SD: f64 = 0.5;
/// Of the patients' and visits' fields.
const FWHM_MM: f64 = 7.0;

/// Who is compared.
pub const GROUPS: [&str; 2] = ["drug", "placebo"];
/// When, in this order.
pub const SESSIONS: [&str; 2] = ["pre", "post"];

/// What to simulate. The default is `boldly demo --group`.
#[derive(Debug, Clone, PartialEq)]
pub struct TrialSpec {
    /// Voxels along i, j, k.
    pub shape: [usize; 3],
    /// Edge lengths of a voxel in millimetres.
    pub voxel_size_mm: [f64; 3],
    /// Patients in each group.
    pub per_group: usize,
    /// Seed of all random numbers.
    pub seed: u64,
}

impl Default for TrialSpec {
    fn default() -> TrialSpec {
        TrialSpec { shape: [46, 56, 42], voxel_size_mm: [3.3; 3], per_group: 20, seed: 1 }
    }
}

/// One visit of a patient.
#[derive(Debug, Clone, PartialEq)]
pub struct Visit {
    /// sub-01 and so on.
    pub subject: String,
    /// One of [`GROUPS`].
    pub group: &'static str,
    /// One of [`SESSIONS`].
    pub session: &'static str,
    /// The response to pain, `[voxel]`, percent signal change; 0 outside the mask.
    pub effect: Vec<f32>,
}

/// A simulated trial.
#[derive(Debug, Clone, PartialEq)]
pub struct Trial {
    /// The grid.
    pub grid: Grid,
    /// Voxels that are at least half brain or fluid within the skull.
    pub mask: Mask,
    /// The [`Region`] of each voxel.
    pub regions: Vec<Region>,
    /// What the drug does, `[voxel]`, percent signal change: the truth of drug (post - pre) - placebo (post - pre).
    pub drug: Vec<f32>,
    /// All visits, patient by patient.
    pub visits: Vec<Visit>,
}

/// Simulate a trial.
///
/// # Errors
/// Usage when the shape is empty, a voxel has no size or a group fewer than two patients.
pub fn run(spec: &TrialSpec) -> Result<Trial> {
    run_while(spec, &|| Ok(()))
}

/// The same, as long as `go_on` says so.
///
/// # Errors
/// As [`run`], and those of `go_on`.
pub fn run_while(spec: &TrialSpec, go_on: GoOn<'_>) -> Result<Trial> {
    check(spec)?;
    let grid = super::grid(spec.shape, spec.voxel_size_mm);
    let places = anatomy::places(&grid, go_on)?;
    let inside: Vec<bool> = places.iter().map(|p| p.filled >= 0.5).collect();
    let region = |(place, inside): (&Place, &bool)| match inside {
        true => Region::at(place.at_mm),
        false => Region::Outside,
    };
    let regions: Vec<Region> = places.iter().zip(&inside).map(region).collect();
    let drug: Vec<f32> = regions.iter().map(|region| drug_in(*region) as f32).collect();
    let visits = (0..4 * spec.per_group)
        .into_par_iter()
        .map(|visit| {
            go_on()?;
            let (patient, session) = (visit / 2, visit % 2);
            let group = patient % 2;
            let own = Fields { spec, patient, visit }.drawn();
            let value = |voxel: usize| {
                let drug = if group == 0 && session == 1 { drug[voxel] } else { 0.0 };
                places[voxel].activation_percent[0] as f32 + own[voxel] + drug
            };
            let of = |(voxel, inside): (usize, &bool)| if *inside { value(voxel) } else { 0.0 };
            Ok(Visit {
                subject: subject(patient),
                group: GROUPS[group],
                session: SESSIONS[session],
                effect: inside.iter().enumerate().map(of).collect(),
            })
        })
        .collect::<Result<_>>()?;
    Ok(Trial { mask: Mask { grid: grid.clone(), inside }, grid, regions, drug, visits })
}

/// The name of a patient, from 0.
fn subject(patient: usize) -> String {
    format!("sub-{:02}", patient + 1)
}

fn check(spec: &TrialSpec) -> Result<()> {
    let bad = |found: String, expected: &str| {
        Err(Error::usage("the trial to simulate", found, expected, ""))
    };
    if spec.shape.contains(&0) {
        return bad(format!("has the shape {:?}", spec.shape), "have a voxel along each axis");
    }
    if let Some(size) = spec.voxel_size_mm.iter().find(|mm| !(mm.is_finite() && **mm > 0.0)) {
        return bad(format!("has the voxel size {size}"), "be above 0");
    }
    if spec.per_group < 2 {
        return bad(format!("has {} patients a group", spec.per_group), "have two or more");
    }
    Ok(())
}

/// What the drug adds to the response in a region, percent signal change.
fn drug_in(region: Region) -> f64 {
    match region {
        Region::Pag => DRUG_IN_PAG,
        Region::InsulaLeft | Region::InsulaRight => DRUG_IN_INSULA,
        _ => 0.0,
    }
}

/// Whose random fields.
struct Fields<'a> {
    spec: &'a TrialSpec,
    patient: usize,
    visit: usize,
}

impl Fields<'_> {
    /// The patient's level and the visit's noise together, `[voxel]`.
    fn drawn(&self) -> Vec<f32> {
        let TrialSpec { shape, seed, voxel_size_mm, .. } = *self.spec;
        let fwhm_vox = voxel_size_mm.map(|mm| FWHM_MM / mm);
        let field = |stream, number: usize| {
            field::noise(shape, fwhm_vox, &Random::new(seed, stream), number as u64)
        };
        let (level, noise) =
            (field(Stream::Patient, self.patient), field(Stream::Visit, self.visit));
        let of = |(level, noise): (&f32, &f32)| PATIENT_SD as f32 * level + VISIT_SD as f32 * noise;
        level.iter().zip(&noise).map(of).collect()
    }
}
