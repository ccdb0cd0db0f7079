//! The pain task as a BIDS Stats Model: each run fitted, each patient's change between the visits, what the drug does to it, and all patients at
//! each visit; and how `bids` fits and tests it.

use serde_json::{Value, json};

use super::names::{BIDS, Folders, MODEL, NODES, PAIN};
use super::{CENSOR_FD_MM, FWHM_MM, PERMUTATIONS};
use crate::design::Drift;
use crate::design::censor::Rules;
use crate::design::group::Model;
use crate::kernels::smooth::Kernel;
use crate::pipeline::spec::{
    AppLevel, BidsSpec, Combining, Correction, FitOptions, GivenRegion, GroupSpec, Inference,
    MIN_DOF, Missing, Noise, PermuteOptions, PhysioFit, RHO_FWHM_VOX, RegionOptions, SearchVolume,
    Shape, SignalScale, SmoothOptions, TaskTimes, TfceConvention, Wanted,
};
use crate::simulate::drug_trial::{SESSIONS, Task, paths};

/// A high-pass filter of 128 s, Hz.
const HIGH_PASS_HZ: f64 = 1.0 / 128.0;

/// The model's file.
pub(super) fn text() -> String {
    let [run, change, drug, visit] = NODES;
    let [before, after] = SESSIONS.map(|session| session.replace("ses-", "session."));
    let pain = "trial_type.pain";
    let of = |name: &str, columns: &[&str], weights: &[i32]| json!([{ "Name": name, "ConditionList": columns, "Weights": weights, "Test": "t" }]);
    let factor = |column: &str| instructions(json!([{ "Name": "Factor", "Input": [column] }]));
    let whole = json!({
        "Name": PAIN,
        "BIDSModelVersion": "1.0.0",
        "Description": "Response to pain, its change between the visits, and what the drug does to it",
        "Input": { "task": [Task::Pain.name()] },
        "Nodes": [
            {
                "Level": "Run",
                "Name": run,
                "GroupBy": ["run", "session", "subject"],
                "Transformations": instructions(json!([
                    { "Name": "Factor", "Input": ["trial_type"] },
                    { "Name": "Convolve", "Input": [pain, "trial_type.control"], "Model": "spm" },
                ])),
                "Model": {
                    "Type": "glm",
                    "X": [pain, "trial_type.control", "trans_*", "rot_*", "csf", 1],
                    "Options": { "HighPassFilterCutoffHz": HIGH_PASS_HZ },
                },
                "Contrasts": of(PAIN, &[pain], &[1]),
            },
            {
                "Level": "Subject",
                "Name": change,
                "GroupBy": ["subject", "contrast"],
                "Transformations": factor("session"),
                "Model": { "Type": "meta", "X": [before, after] },
                "Contrasts": of(change, &[&after, &before], &[1, -1]),
            },
            {
                "Level": "Dataset",
                "Name": drug,
                "GroupBy": ["contrast"],
                "Transformations": factor("arm"),
                "Model": { "Type": "glm", "X": ["arm.drug", "arm.placebo"] },
                "Contrasts": of(drug, &["arm.drug", "arm.placebo"], &[1, -1]),
            },
            {
                "Level": "Dataset",
                "Name": visit,
                "GroupBy": ["contrast", "session"],
                "Model": { "Type": "glm", "X": [1] },
                "DummyContrasts": { "Test": "t" },
            },
        ],
        "Edges": [
            // Who left has no second visit, and no change.
            { "Source": run, "Destination": change, "Filter": { "completed": ["yes"] } },
            { "Source": change, "Destination": drug },
            { "Source": run, "Destination": visit },
        ],
    });
    format!("{whole:#}\n")
}

fn instructions(all: Value) -> Value {
    json!({ "Transformer": "pybids-transforms-v1", "Instructions": all })
}

/// The study's runs, fitted as they were measured, with what their recordings explain.
pub(super) fn spec(folders: &Folders) -> BidsSpec {
    BidsSpec {
        dataset: folders.study.clone(),
        out: folders.at(BIDS),
        level: AppLevel::Dataset,
        model: folders.at(MODEL),
        made: None,
        derivatives: vec![folders.study.join(paths::DERIVED)],
        participants: Vec::new(),
        space: Some(Wanted::Nothing),
        desc: Some(Wanted::Nothing),
        filter: std::collections::BTreeMap::new(),
        missing_variable: Missing::Error,
        missing_contrast: Missing::Error,
        fit: FitOptions {
            smooth: SmoothOptions { fwhm_mm: FWHM_MM, kernel: Kernel::Sampled, within: None },
            scaling: SignalScale::Psc,
            two_sided: false,
            min_dof: MIN_DOF,
            noise: Noise::Ar1,
            rho_fwhm_vox: RHO_FWHM_VOX,
            drift: Drift::None, // the model's own
            censor: Some(Rules { fd: Some(CENSOR_FD_MM), ..Rules::default() }),
            task_times: TaskTimes::Metadata,
            physio: Some(PhysioFit::default()),
            maps: false,
            residuals: false,
            voxelwise: Vec::new(),
            local: None,
            roi: RegionOptions::default(),
        },
        combine: Combining::default(),
        inference: Some(inference(folders)),
    }
}

/// In either direction, everywhere and in the periaqueductal grey, which was chosen beforehand; regions of the atlas.
fn inference(folders: &Folders) -> Inference {
    let study = |path: &str| folders.study.join(path);
    let pag = SearchVolume { name: "PAG".to_owned(), shape: Shape::Mask(study(paths::PAG)) };
    // Table and model are each node's own.
    let test = GroupSpec {
        two_sided: true,
        atlas: Some(study(paths::ATLAS)),
        atlas_names: Some(study(paths::ATLAS_NAMES)),
        corrections: vec![Correction::Fdr],
        volumes: vec![GivenRegion::Named(pag)],
        permute: Some(PermuteOptions {
            tfce: Some(TfceConvention::Exact),
            ..PermuteOptions::new(PERMUTATIONS, 1)
        }),
        ..GroupSpec::new(std::path::PathBuf::new(), Model::OneSample)
    };
    let shown = |path: &str| study(path).display().to_string();
    let words = format!(
        "--two-sided --permutations {PERMUTATIONS} --seed 1 --tfce exact --correct fdr --svc PAG={} --atlas {} --atlas-names {}",
        shown(paths::PAG),
        shown(paths::ATLAS),
        shown(paths::ATLAS_NAMES)
    );
    Inference { words, test: Box::new(test) }
}
