//! What patients say: questionnaires, ratings of a test stimulus before and after a cold one (conditioned pain modulation),
//! ratings of pressure. Visits of a patient correlate; the drug changes the second one.

use super::draws::{Draws, Topic};
use super::people::{Patient, completers};
use super::{DrugTrialSpec, SESSIONS};
use crate::simulate::elementary::exp;
use crate::table::Table;

/// One score of a questionnaire.
struct Score {
    mean: f64,
    sd: f64,
    /// Between visits.
    r: f64,
    /// Of placebo and drug.
    change: [f64; 2],
    range: [f64; 2],
    digits: usize,
    /// 1 where more is worse.
    sign: f64,
}

const fn score(mean: f64, sd: f64, r: f64, change: [f64; 2], range: [f64; 2]) -> Score {
    Score { mean, sd, r, change, range, digits: 1, sign: 1.0 }
}

const NRS: Score = Score { digits: 0, ..score(6.6, 1.5, 0.55, [-0.7, -2.6], [0.0, 10.0]) };
/// nrs, fiq, hads_anxiety, hads_depression, sf36_pcs.
const SCORES: [Score; 5] = [
    NRS,
    score(62.0, 14.0, 0.6, [-6.0, -16.0], [0.0, 100.0]),
    Score { digits: 0, ..score(9.0, 4.0, 0.7, [-0.5, -1.0], [0.0, 21.0]) },
    Score { digits: 0, ..score(8.0, 4.0, 0.7, [-0.4, -1.2], [0.0, 21.0]) },
    Score { sign: -1.0, ..score(31.0, 7.5, 0.6, [3.0, 8.0], [5.0, 70.0]) },
];
const PCS: usize = 4;
const PGIC: usize = 5;
/// Relief that counts, as a share of the pain before.
const RELIEF: f64 = 0.3;

/// What the drug adds to conditioned pain modulation, points of 100.
const DRUG_ON_MODULATION: f64 = 6.0;
/// Pressures of a series, kPa.
const PRESSURES_KPA: [u32; 6] = [100, 160, 220, 280, 340, 400];
/// What placebo and drug add to the pressure that is rated 50, kPa.
const CHANGE_OF_P50_KPA: [f64; 2] = [8.0, 40.0];
/// A patient whom no pressure of the series hurts much.
const HARDY_P50_KPA: f64 = 470.0;

/// What the drug adds to what placebo changes: of each score of [`SCORES`], of modulation and of P50.
pub(super) fn drug_effects() -> Vec<(&'static str, f64)> {
    let names = ["nrs", "fiq", "hads_anxiety", "hads_depression", "sf36_pcs"];
    let scores = names.iter().zip(&SCORES).map(|(name, s)| (*name, s.change[1] - s.change[0]));
    let p50 = CHANGE_OF_P50_KPA[1] - CHANGE_OF_P50_KPA[0];
    scores.chain([("cpm", DRUG_ON_MODULATION), ("p50_kpa", p50)]).collect()
}

fn table(name: &str, columns: &str, rows: Vec<Vec<String>>) -> Table {
    let columns = columns.split(' ').map(str::to_owned).collect();
    Table { name: name.to_owned(), columns, rows }
}

/// Who was seen at a visit.
fn seen(patients: &[Patient], session: usize) -> impl Iterator<Item = (usize, &Patient)> {
    patients.iter().enumerate().filter(move |(_, p)| session == 0 || p.has_completed())
}

/// phenotype/questionnaires.tsv.
pub(super) fn questionnaires(spec: &DrugTrialSpec, patients: &[Patient]) -> Table {
    let mut rows: Vec<[Vec<String>; 2]> = Vec::new();
    let mut reliefs = Vec::new();
    for (at, patient) in patients.iter().enumerate() {
        let mut draws = Draws::new(spec.seed, at, Topic::Questionnaires);
        let severity = draws.normal();
        let mut visits: [Vec<String>; 2] =
            SESSIONS.map(|session| vec![patient.id.clone(), session.to_owned()]);
        let mut relief = 0.0;
        for (number, score) in SCORES.iter().enumerate() {
            let values = score.visits(severity, patient.arm as usize, &mut draws);
            for (cells, value) in visits.iter_mut().zip(values) {
                cells.push(format!("{value:.*}", score.digits));
            }
            if number == 0 {
                relief = (values[0] - values[1]) / values[0].max(1.0);
            }
        }
        let impression = (3.1 - 2.6 * relief + 0.8 * draws.normal()).round().clamp(1.0, 7.0);
        visits[0].push("n/a".to_owned());
        visits[1].push(impression.to_string());
        reliefs.push(relief);
        rows.push(visits);
    }
    // A part is missing of one who has answered in the others, and of one of whom it is known without it.
    let done: Vec<usize> = completers(patients).collect();
    let first = |is_relieved: bool| done.iter().find(|&&at| (reliefs[at] >= RELIEF) == is_relieved);
    for (hole, at) in [(PCS, first(false)), (PGIC, first(true))] {
        if let Some(&at) = at {
            rows[at][1][2 + hole] = "n/a".to_owned();
        }
    }
    let kept = rows.into_iter().zip(patients).flat_map(|([before, after], patient)| {
        std::iter::once(before).chain(patient.has_completed().then_some(after))
    });
    table(
        "questionnaires.tsv",
        "participant_id session_id nrs fiq hads_anxiety hads_depression sf36_pcs pgic",
        kept.collect(),
    )
}

impl Score {
    /// Before and after, as they are written.
    fn visits(&self, severity: f64, arm: usize, draws: &mut Draws) -> [f64; 2] {
        let before = 0.5 * severity + 0.75_f64.sqrt() * draws.normal();
        let after = self.r * before + (1.0 - self.r * self.r).sqrt() * draws.normal();
        let unit = 10.0_f64.powi(self.digits as i32);
        [(before, 0.0), (after, self.change[arm])].map(|(z, change)| {
            let value = self.mean + self.sd * self.sign * z + change;
            (value.clamp(self.range[0], self.range[1]) * unit).round() / unit
        })
    }
}

/// A rating of 0 to 100.
fn rating(value: f64) -> String {
    value.round().clamp(0.0, 100.0).to_string()
}

/// phenotype/cpm.tsv: three test stimuli before the cold one and three after it.
pub(super) fn modulation(spec: &DrugTrialSpec, patients: &[Patient]) -> Table {
    let unrated = completers(patients).next(); // whose percentage is not defined
    let mut rows = Vec::new();
    for (session, name) in SESSIONS.into_iter().enumerate() {
        for (at, patient) in seen(patients, session) {
            let mut draws = Draws::new(spec.seed, at, Topic::Modulation);
            let capacity = 0.45 * draws.normal();
            let [level, own, cold] = [draws.normal(), draws.normal(), draws.normal()];
            let again = [draws.normal(), draws.normal(), draws.normal()];
            let [level, own, cold] = if session == 0 { [level, own, cold] } else { again };
            let level = 58.0 + 9.0 * level;
            let modulation =
                3.0 + 9.0 * capacity + 6.0 * own + DRUG_ON_MODULATION * patient.arm.acts(session);
            for repetition in 1..=3 {
                let noise: [f64; 4] = std::array::from_fn(|_| 5.0 * draws.normal());
                let [before, after] = [noise[2 * session], noise[2 * session + 1]];
                let is_unrated = session == 0 && unrated == Some(at);
                rows.push(vec![
                    patient.id.clone(),
                    name.to_owned(),
                    repetition.to_string(),
                    if is_unrated { "0".to_owned() } else { rating(level + before) },
                    rating(level - modulation + after),
                    rating(68.0 + 12.0 * cold),
                ]);
            }
        }
    }
    let columns = "participant_id session_id repetition ts_pre ts_post cs_rating";
    table("cpm.tsv", columns, rows)
}

/// phenotype/pressure.tsv: each pressure once a visit, in random order.
pub(super) fn pressure(spec: &DrugTrialSpec, patients: &[Patient]) -> Table {
    let hardy = completers(patients).nth(1);
    let mut rows = Vec::new();
    for (at, patient) in patients.iter().enumerate() {
        let mut draws = Draws::new(spec.seed, at, Topic::Pressure);
        let own = 265.0 + 40.0 * draws.normal();
        let p50 = if hardy == Some(at) { HARDY_P50_KPA } else { own };
        let slope = 0.22 * exp(0.2 * draws.normal());
        let n_visits = if patient.has_completed() { 2 } else { 1 };
        for (session, name) in SESSIONS.iter().enumerate().take(n_visits) {
            let change = CHANGE_OF_P50_KPA[patient.arm as usize] + 10.0 * draws.normal();
            let p50 = p50 + session as f64 * change;
            let slope = slope * exp(0.05 * draws.normal());
            for kpa in draws.shuffled(PRESSURES_KPA.to_vec()) {
                let felt = 50.0 + slope * (f64::from(kpa) - p50) + 7.0 * draws.normal();
                let cells = [patient.id.clone(), (*name).to_owned(), kpa.to_string(), rating(felt)];
                rows.push(cells.to_vec());
            }
        }
    }
    table("pressure.tsv", "participant_id session_id pressure_kpa rating", rows)
}
