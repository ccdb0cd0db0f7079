//! A made-up clinical trial with known truth: patients on a drug and on a placebo, each seen at two visits, with a run of a
//! pain task, a run at rest, questionnaires, ratings of pressure and of conditioned pain modulation, and adverse events.
//!
//! The drug takes a share of the response to pain in the periaqueductal grey and the anterior insula, loosens the insula
//! from the default mode network, quickens the heart, relieves pain and causes nausea. Columns and shapes are those of a
//! trial's tables; the traps that such tables hold are in them (a rating of 0, missing parts of a composite, an event before
//! the first dose, two episodes of one event, a lost run, a threshold outside the tested range).
//!
//! Runs are made one by one ([`DrugTrial::scan`]), so that a trial needs no more memory than two of them.

use crate::error::{Error, Result};
use crate::volume::{Grid, Mask};

use super::anatomy::{self, Place};
use super::{GoOn, Spec, Truth};

mod brain;
mod dictionaries;
mod draws;
mod events;
mod files;
mod people;
mod ratings;
mod region;
mod scans;
mod truth;

pub use brain::Brain;
pub use files::{files, files_while, names, paths, readme};
pub use people::{Arm, Patient};
pub use region::Region;
pub use scans::{Scan, Task};

/// When patients are seen, as `session_id` has it.
pub const SESSIONS: [&str; 2] = ["ses-baseline", "ses-week13"];

/// Voxels of the slab along i, j, k: midbrain, insula, and the default mode network's nodes.
const SHAPE: [usize; 3] = [24, 28, 12];
const VOXEL_MM: f64 = 5.0;
/// Centre of the slab in the head, mm.
const CENTRE_MM: [f64; 3] = [0.0, -5.0, 6.0];
const SAMPLING_HZ: f64 = 50.0;

/// What to simulate. The default is `boldly demo --trial`.
#[derive(Debug, Clone, PartialEq)]
pub struct DrugTrialSpec {
    /// Patients in each arm.
    pub per_arm: usize,
    /// Seed of all random numbers.
    pub seed: u64,
    /// Volumes of a run.
    pub n_volumes: usize,
    /// Repetition time in seconds.
    pub tr: f64,
}

impl Default for DrugTrialSpec {
    fn default() -> DrugTrialSpec {
        DrugTrialSpec { per_arm: 10, seed: 1, n_volumes: 120, tr: 2.0 }
    }
}

impl DrugTrialSpec {
    /// Of the run that has this seed.
    fn of_run(&self, seed: u64) -> Spec {
        Spec {
            shape: SHAPE,
            voxel_size_mm: [VOXEL_MM; 3],
            n_volumes: self.n_volumes,
            tr: self.tr,
            seed,
            sampling_hz: SAMPLING_HZ,
            ..Spec::default()
        }
    }
}

/// One visit of a patient.
#[derive(Debug, Clone, PartialEq)]
pub struct Visit {
    /// Position in [`DrugTrial::patients`].
    pub patient: usize,
    /// Position in [`SESSIONS`].
    pub session: usize,
    /// What the visit's runs contain.
    pub brain: Brain,
    /// Whether the run at rest was kept.
    pub has_rest: bool,
}

/// A simulated trial, but for its runs.
#[derive(Debug, Clone)]
pub struct DrugTrial {
    /// What it was made from.
    pub spec: DrugTrialSpec,
    /// The slab, the same for all patients; its millimetres are those of the head.
    pub grid: Grid,
    /// Voxels that are at least half brain or fluid within the skull.
    pub mask: Mask,
    /// The region of each voxel.
    pub regions: Vec<Option<Region>>,
    /// Who takes part.
    pub patients: Vec<Patient>,
    /// All visits, patient by patient; who left early has one.
    pub visits: Vec<Visit>,
    places: Vec<Place>,
    head: Truth,
}

/// Simulate a trial.
///
/// # Errors
/// Usage when an arm has fewer than four patients, or a run is too short for one pain and one control block (58 s).
pub fn run(spec: &DrugTrialSpec) -> Result<DrugTrial> {
    run_while(spec, &|| Ok(()))
}

/// The same, as long as `go_on` says so.
///
/// # Errors
/// As [`run`], and those of `go_on`.
pub fn run_while(spec: &DrugTrialSpec, go_on: GoOn<'_>) -> Result<DrugTrial> {
    if !(4..=500).contains(&spec.per_arm) {
        return Err(Error::usage(
            "the trial to simulate",
            format!("has {} patients an arm", spec.per_arm),
            "have 4 to 500",
            "",
        ));
    }
    let of_run = spec.of_run(spec.seed);
    super::check(&of_run)?;
    super::task::blocks(spec.seed, spec.n_volumes as f64 * spec.tr)?;
    let grid = slab();
    let places = anatomy::places_as_they_are(&grid, go_on)?;
    let inside: Vec<bool> = places.iter().map(|p| p.filled >= 0.5).collect();
    let region = |(place, inside): (&Place, &bool)| Region::at(place.at_mm).filter(|_| *inside);
    let regions = places.iter().zip(&inside).map(region).collect();
    let patients = people::patients(spec);
    Ok(DrugTrial {
        visits: visits(spec, &patients),
        spec: spec.clone(),
        mask: Mask { grid: grid.clone(), inside },
        grid,
        regions,
        patients,
        head: super::truth(&of_run, &places, go_on)?,
        places,
    })
}

/// The grid of all runs.
fn slab() -> Grid {
    let mut grid = super::grid(SHAPE, [VOXEL_MM; 3]);
    for (row, centre) in grid.affine.iter_mut().zip(CENTRE_MM) {
        row[3] += centre;
    }
    grid
}

/// Who left early has no second visit; one patient's run at rest was lost.
fn visits(spec: &DrugTrialSpec, patients: &[Patient]) -> Vec<Visit> {
    let lost = people::completers(patients).nth(2);
    let mut visits = Vec::new();
    for (at, patient) in patients.iter().enumerate() {
        for session in 0..SESSIONS.len() {
            if session == 0 || patient.has_completed() {
                let brain = Brain::drawn(spec.seed, at, patient.arm, session);
                let has_rest = session == 0 || lost != Some(at);
                visits.push(Visit { patient: at, session, brain, has_rest });
            }
        }
    }
    visits
}

impl DrugTrial {
    /// What a visit's files begin with, relative to the dataset: folder, participant, session and task.
    #[must_use]
    pub fn stem(&self, visit: &Visit, task: Task) -> String {
        let id = &self.patients[visit.patient].id;
        let (session, task) = (SESSIONS[visit.session], task.name());
        format!("{id}/{session}/func/{id}_{session}_task-{task}")
    }

    /// The runs that there are: of each visit the task, then rest.
    pub fn runs(&self) -> impl Iterator<Item = (&Visit, Task)> {
        self.visits.iter().flat_map(|visit| {
            let rest = visit.has_rest.then_some((visit, Task::Rest));
            std::iter::once((visit, Task::Pain)).chain(rest)
        })
    }
}
