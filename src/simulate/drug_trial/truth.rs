//! What was put into the trial, for whoever compares what is found with it.

use serde_json::{Map, Value, json};

use super::brain::{
    COUPLING, DRUG_IN_INSULA, DRUG_IN_PAG, DRUG_ON_COUPLING, DRUG_ON_HEART_RATE, HEART_RATE,
};
use super::people::Arm;
use super::{DrugTrial, Region, SESSIONS, Visit, events, ratings};
use crate::table::Table;

impl DrugTrial {
    /// Mean response to pain of a region in a head without a drug, percent of the baseline.
    fn pain_in(&self, region: Region) -> f64 {
        let inside = self.regions.iter().zip(&self.places).filter(|(r, _)| **r == Some(region));
        let (sum, n) = inside
            .fold((0.0, 0.0), |(sum, n), (_, place)| (sum + place.activation_percent[0], n + 1.0));
        if n > 0.0 { sum / n } else { 0.0 }
    }

    /// What the drug adds to the mean response to pain of a region, percent signal change: the truth of drug (after - before)
    /// - placebo (after - before).
    #[must_use]
    pub fn drug_on_pain(&self, region: Region) -> f64 {
        let share = match region {
            Region::Pag => DRUG_IN_PAG,
            Region::InsulaLeft | Region::InsulaRight => DRUG_IN_INSULA,
            _ => 0.0,
        };
        0.0 - share * self.pain_in(region)
    }

    /// What the drug adds to the heart's rate, beats a minute.
    #[must_use]
    pub fn drug_on_heart_rate(&self) -> f64 {
        DRUG_ON_HEART_RATE
    }

    /// What the drug adds to the correlation of the insula's slow signal with the default mode network's, as Fisher z. What a
    /// run shows of it is less, as noise is in both.
    #[must_use]
    pub fn drug_on_coupling_z(&self) -> f64 {
        (COUPLING + DRUG_ON_COUPLING).atanh() - COUPLING.atanh()
    }

    /// What the drug adds to the change of a score: `nrs`, `fiq`, `hads_anxiety`, `hads_depression`, `sf36_pcs`, `cpm`,
    /// `p50_kpa`; before scores reach the ends of their ranges.
    #[must_use]
    pub fn drug_on_score(&self, score: &str) -> Option<f64> {
        ratings::drug_effects().into_iter().find(|(name, _)| *name == score).map(|(_, v)| v)
    }

    /// Difference of the shares that have nausea, drug - placebo.
    #[must_use]
    pub fn drug_on_nausea(&self) -> f64 {
        let [placebo, drug] = events::nausea(&self.spec).map(|n| n as f64);
        (drug - placebo) / self.spec.per_arm as f64
    }
}

/// derivatives/truth/truth.json.
pub(super) fn description(trial: &DrugTrial) -> Value {
    let rounded = |value: f64| (value * 1e4).round() / 1e4 + 0.0; // of -0 it makes 0
    let pain: Map<String, Value> = Region::NAMES
        .iter()
        .map(|(region, name)| {
            let (before, drug) = (trial.pain_in(*region), trial.drug_on_pain(*region));
            let both = json!({ "without_drug": rounded(before), "drug": rounded(drug) });
            ((*name).to_owned(), both)
        })
        .collect();
    let scores: Map<String, Value> = ratings::drug_effects()
        .into_iter()
        .map(|(name, effect)| (name.to_owned(), json!(rounded(effect))))
        .collect();
    let left = |arm: Arm| {
        let of_arm = trial.patients.iter().filter(|p| p.arm == arm && !p.has_completed());
        of_arm.count()
    };
    json!({
        "Description": "What was put into the simulated trial; each effect is drug (after - before) - placebo (after - before)",
        "seed": trial.spec.seed,
        "patients_per_arm": trial.spec.per_arm,
        "left_early": { "placebo": left(Arm::Placebo), "drug": left(Arm::Drug) },
        "pain_response_percent": pain,
        "insula_dmn_coupling": {
            "Description": "Correlation of the slow signals without noise; a run shows less of it",
            "without_drug": COUPLING,
            "drug": DRUG_ON_COUPLING,
        },
        "heart_rate_per_minute": { "without_drug": HEART_RATE, "drug": DRUG_ON_HEART_RATE },
        "scores": scores,
        "nausea": {
            "placebo": events::nausea(&trial.spec)[0],
            "drug": events::nausea(&trial.spec)[1],
            "of": trial.spec.per_arm,
        },
        "without_any_effect": ["thalamus_l", "thalamus_r", "s2_l", "s2_r", "breathing", "motion"],
    })
}

/// derivatives/truth/visits.tsv: what each visit's runs contain.
pub(super) fn visits(trial: &DrugTrial) -> Table {
    let insula = Region::INSULA.map(|side| trial.pain_in(side));
    let (pag, insula) = (trial.pain_in(Region::Pag), (insula[0] + insula[1]) / 2.0);
    let row = |visit: &Visit| {
        let b = &visit.brain;
        let numbers =
            [(b.pag * pag, 4), (b.insula * insula, 4), (b.coupling, 4), (b.heart_rate, 2)];
        let numbers = numbers.iter().map(|(value, digits)| format!("{value:.digits$}"));
        let id = trial.patients[visit.patient].id.clone();
        [id, SESSIONS[visit.session].to_owned()].into_iter().chain(numbers).collect()
    };
    let columns =
        ["participant_id", "session_id", "pag_pain", "insula_pain", "insula_dmn_r", "heart_rate"];
    Table {
        name: "visits.tsv".to_owned(),
        columns: columns.map(str::to_owned).to_vec(),
        rows: trial.visits.iter().map(row).collect(),
    }
}
