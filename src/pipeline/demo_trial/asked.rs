//! The commands, as a lab would give them.

use std::path::{Path, PathBuf};

use super::names::{BRAIN, CONNECT, CONTRAST, COUPLING, Folders, NETWORK, PHYSIO, SEED, of_drug};
use super::{CENSOR_FD_MM, FWHM_MM, PERMUTATIONS};
use crate::design::censor::Rules;
use crate::design::group::Model;
use crate::error::Result;
use crate::kernels::smooth::Kernel;
use crate::pipeline::spec::{
    Command, ConnectSpec, Correction, DesignOptions, EndpointsSpec, Estimator, GivenRegion,
    GroupSpec, MIN_DOF, Network, Noise, PermuteOptions, RHO_FWHM_VOX, RegionOptions, RunSpec,
    SearchVolume, Shape, SmoothOptions, TaskTimes, TfceConvention, VoxelwiseOptions,
};
use crate::simulate::drug_trial::{DrugTrial, Region, SESSIONS, Task, Visit, paths};
use crate::trial::{BrainPlan, CpmPlan, EdgesPlan, Outcome, Plan, PressurePlan};

/// Pain down by a third, impression of change, and function: the composites of trials of fibromyalgia.
const RESPONDER: &str =
    "pain=questionnaires:nrs<=-30%; pgic=questionnaires:pgic<=2; pcs=questionnaires:sf36_pcs>=+6";

/// The insula's connectivity at a visit.
pub(super) fn of_rest(folders: &Folders, trial: &DrugTrial, visit: &Visit) -> Command {
    let study = |path: &str| folders.study.join(path);
    let stem = trial.stem(visit, Task::Rest);
    let at = |ending: &str| study(&format!("{stem}_{ending}"));
    let run = RunSpec {
        bold: at("bold.nii.gz"),
        confounds: vec![study(&format!("{}/{stem}_desc-confounds_timeseries.tsv", paths::DERIVED))],
        physio: vec![at("physio.tsv.gz")],
        ..RunSpec::default()
    };
    let design = DesignOptions {
        columns: ["trans_*", "rot_*", "csf"].map(str::to_owned).to_vec(),
        censor: Some(Rules { fd: Some(CENSOR_FD_MM), ..Rules::default() }),
        task_times: TaskTimes::Auto,
        ..DesignOptions::default()
    };
    let smooth = SmoothOptions { fwhm_mm: FWHM_MM, kernel: Kernel::Sampled, within: None };
    Command::Connect(connect(run, design, smooth, (Some(study(paths::MASK)), &folders.study)))
}

fn connect(
    run: RunSpec,
    design: DesignOptions,
    smooth: SmoothOptions,
    (mask, study): (Option<PathBuf>, &Path),
) -> ConnectSpec {
    let nodes = Region::DMN.map(|region| region.name().to_owned()).to_vec();
    ConnectSpec {
        runs: vec![run],
        design,
        voxelwise: VoxelwiseOptions::default(),
        mask,
        smooth,
        noise: Noise::Ar1,
        rho_fwhm_vox: RHO_FWHM_VOX,
        seeds: RegionOptions {
            given: vec![GivenRegion::Named(SearchVolume {
                name: SEED.to_owned(),
                shape: Shape::Mask(study.join(paths::INSULA)),
            })],
            ..RegionOptions::default()
        },
        regions: RegionOptions {
            given: vec![GivenRegion::File(study.join(paths::ATLAS))],
            names: Some(study.join(paths::ATLAS_NAMES)),
            ..RegionOptions::default()
        },
        networks: vec![Network { name: NETWORK.to_owned(), nodes }],
        band_hz: None,
        estimator: Estimator::R,
        global_signal: false,
        seed_first_pc: false,
        min_coverage: 0.5,
        min_dof: MIN_DOF,
        white_matter: None,
        no_pictures: false,
    }
}

/// What the drug changes of the insula's connectivity, in either direction.
pub(super) fn coupling(folders: &Folders) -> Command {
    let study = |path: &str| folders.study.join(path);
    Command::Group(GroupSpec {
        contrasts: vec![format!(
            "{CONTRAST}=drug:after - drug:before - (placebo:after - placebo:before)"
        )],
        mask: Some(study(paths::MASK)),
        two_sided: true,
        atlas: Some(study(paths::ATLAS)),
        atlas_names: Some(study(paths::ATLAS_NAMES)),
        corrections: vec![Correction::Fdr],
        permute: Some(PermuteOptions {
            tfce: Some(TfceConvention::Exact),
            ..PermuteOptions::new(PERMUTATIONS, 1)
        }),
        ..GroupSpec::new(folders.at(COUPLING.1), Model::Mixed2x2)
    })
}

/// The endpoints: pain and how patients are, what the drug does to heart and brain, pain tests, responders, adverse events.
///
/// # Errors
/// None, but for a name that is misspelled here.
pub(super) fn trial(folders: &Folders, made: &DrugTrial) -> Result<Command> {
    let outcome =
        |text: &str| text.parse().map(|column| Outcome { column, label: None, direction: None });
    let outcomes = [
        "questionnaires:nrs",
        "questionnaires:fiq",
        "questionnaires:hads_anxiety",
        "questionnaires:hads_depression",
        "questionnaires:sf36_pcs",
        "physio_summary[task=pain]:heart_rate",
    ];
    let plan = Plan {
        control: "placebo".to_owned(),
        baseline: SESSIONS[0].to_owned(),
        endpoint: SESSIONS[1].to_owned(),
        outcomes: outcomes.into_iter().map(outcome).collect::<Result<_>>()?,
        primary: vec!["questionnaires:nrs".parse()?],
        responders: vec![RESPONDER.parse()?],
        cpm: Some(CpmPlan {
            table: "cpm".to_owned(),
            pre: "ts_pre".to_owned(),
            post: "ts_post".to_owned(),
            threshold: false,
        }),
        pressure: Some(PressurePlan {
            table: "pressure".to_owned(),
            pressure: "pressure_kpa".to_owned(),
            rating: "rating".to_owned(),
            target: 50.0,
        }),
        adverse_events: Some("adverse_events".to_owned()),
        brain: Some(BrainPlan { table: "brain".to_owned(), regions: Vec::new() }),
        edges: Some(EdgesPlan { table: EdgesPlan::OF_CONNECT.to_owned() }),
        motion: Some("physio_summary[task=rest]:mean_fd".parse()?),
        correlations: vec!["brain:insula_pain~questionnaires:nrs".parse()?],
        ..Plan::default()
    };
    let tables = [BRAIN, PHYSIO].map(|path| folders.at(path)).to_vec();
    let coupling = folders.at(COUPLING.0).join(format!("contrast-{CONTRAST}_statmap.svg"));
    // Of the regions' correlations that of one patient's run, as an example.
    let matrix = made
        .visits
        .iter()
        .find(|visit| visit.has_rest)
        .map(|visit| folders.of_rest(made, visit).join("stat-pearsoncorrelation_relmat.svg"));
    let drawn = [folders.at(&of_drug("statmap.svg")), coupling];
    let pictures = drawn.into_iter().chain(matrix).collect();
    let study = folders.study.clone();
    let edges = vec![folders.at(CONNECT)];
    Ok(Command::Trial(EndpointsSpec { study, tables, maps: None, edges, pictures, plan }))
}
