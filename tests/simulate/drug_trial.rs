//! The simulated drug trial: the tables of a trial with their traps, runs that hold what the truth says and nothing else, the same
//! bytes on any number of threads.

use std::collections::BTreeMap;

use boldly::simulate::drug_trial::{
    self, Arm, DrugTrial, DrugTrialSpec, Region, Scan, Task, Visit,
};
use boldly::simulate::write::Content;

/// Runs of a minute, few volumes: enough for one block of each kind.
fn small() -> DrugTrialSpec {
    DrugTrialSpec { per_arm: 5, seed: 3, n_volumes: 6, tr: 10.0 }
}

fn made(spec: &DrugTrialSpec) -> DrugTrial {
    drug_trial::run(spec).expect("a trial")
}

fn scan_of(trial: &DrugTrial, visit: &Visit, task: Task) -> Scan {
    trial.scan(visit, task, &|| Ok(())).expect("a scan")
}

/// All tables and what describes them: they come before the runs, which are not made.
fn texts(trial: &DrugTrial) -> BTreeMap<String, String> {
    let text = |(path, content): (String, Content)| match content {
        Content::Text(text) => Some((path, text)),
        _ => None,
    };
    let files = drug_trial::files(trial, "boldly simulate --trial");
    files.take_while(|(path, _)| !path.starts_with("sub-")).filter_map(text).collect()
}

/// Rows of a table by column.
fn rows(text: &str) -> Vec<BTreeMap<&str, &str>> {
    let mut lines = text.lines();
    let heads: Vec<&str> = lines.next().expect("a header").split('\t').collect();
    lines.map(|line| heads.iter().copied().zip(line.split('\t')).collect()).collect()
}

fn at<'a>(
    rows: &'a [BTreeMap<&str, &str>],
    id: &str,
    session: &str,
) -> &'a BTreeMap<&'a str, &'a str> {
    let is_it =
        |row: &&BTreeMap<&str, &str>| row["participant_id"] == id && row["session_id"] == session;
    rows.iter().find(is_it).expect("a row")
}

#[test]
fn a_drug_trials_tables_have_the_columns_of_a_trial_and_a_dictionary_each() {
    let trial = made(&small());
    let files = texts(&trial);
    for (path, columns) in [
        (
            "participants.tsv",
            "participant_id arm site age sex randomised treated last_day completed discontinuation_reason",
        ),
        (
            "phenotype/questionnaires.tsv",
            "participant_id session_id nrs fiq hads_anxiety hads_depression sf36_pcs pgic",
        ),
        ("phenotype/cpm.tsv", "participant_id session_id repetition ts_pre ts_post cs_rating"),
        ("phenotype/pressure.tsv", "participant_id session_id pressure_kpa rating"),
        (
            "phenotype/adverse_events.tsv",
            "participant_id soc pt onset_day severity serious relation action",
        ),
    ] {
        let head = files[path].lines().next().expect("a header");
        assert_eq!(head, columns.replace(' ', "\t"), "{path}");
        let dictionary: serde_json::Value =
            serde_json::from_str(&files[&path.replace(".tsv", ".json")]).expect("JSON");
        for column in head.split('\t') {
            let says = dictionary[column]["Description"].as_str().unwrap_or_default();
            assert!(!says.is_empty(), "{path}: {column} is not described");
        }
        for row in rows(&files[path]) {
            for (column, cell) in row.iter().filter(|(_, cell)| **cell != "n/a") {
                let said = &dictionary[*column];
                if let Some([least, most]) = said["Range"].as_array().map(Vec::as_slice) {
                    let value: f64 = cell.parse().expect("a number");
                    let holds = least.as_f64() <= Some(value) && Some(value) <= most.as_f64();
                    assert!(holds, "{path}: {column} {cell}");
                }
                if let Some(levels) = said["Levels"].as_object() {
                    assert!(levels.contains_key(*cell), "{path}: {column} {cell}");
                }
            }
        }
    }
}

#[test]
fn a_drug_trial_holds_the_traps_of_a_trials_tables() {
    for seed in [1, 2, 3] {
        let trial = made(&DrugTrialSpec { per_arm: 10, seed, ..small() });
        let files = texts(&trial);
        let people = rows(&files["participants.tsv"]);
        let left: Vec<&str> =
            people.iter().filter(|p| p["completed"] == "no").map(|p| p["participant_id"]).collect();
        assert_eq!(left.len(), 3, "two on the drug and one on placebo leave");
        let answers = rows(&files["phenotype/questionnaires.tsv"]);
        for id in &left {
            let n = answers.iter().filter(|row| row["participant_id"] == *id).count();
            assert_eq!(n, 1, "{id} has no second visit");
        }
        // Parts of a composite are missing of completers; one of them is known not to have responded.
        let lacks = |column: &str| -> &str {
            let row = answers
                .iter()
                .find(|row| row["session_id"] == "ses-week13" && row[column] == "n/a");
            row.expect("a hole")["participant_id"]
        };
        let relief = |id: &str| {
            let nrs = |session| at(&answers, id, session)["nrs"].parse::<f64>().expect("a score");
            (nrs("ses-baseline") - nrs("ses-week13")) / nrs("ses-baseline")
        };
        assert!(relief(lacks("sf36_pcs")) < 0.3 && relief(lacks("pgic")) >= 0.3 - 1e-12);
        // A percentage that is not defined.
        let unrated =
            rows(&files["phenotype/cpm.tsv"]).iter().filter(|r| r["ts_pre"] == "0").count();
        assert!(unrated >= 3, "{unrated} ratings of 0");
        // Events: before the first dose, twice in one patient, ending treatment.
        let events = rows(&files["phenotype/adverse_events.tsv"]);
        let early = events.iter().filter(|e| e["onset_day"].starts_with('-')).count();
        assert_eq!(early, 1);
        let nausea: Vec<&str> =
            events.iter().filter(|e| e["pt"] == "Nausea").map(|e| e["participant_id"]).collect();
        let patients: std::collections::BTreeSet<&&str> = nausea.iter().collect();
        assert!(patients.len() < nausea.len(), "nobody has two episodes");
        let arm =
            |id: &str| people.iter().find(|p| p["participant_id"] == id).expect("a row")["arm"];
        let on_drug = patients.iter().filter(|id| arm(id) == "drug").count();
        assert_eq!((on_drug, patients.len() - on_drug), (8, 3), "fixed numbers have nausea");
        for person in people.iter().filter(|p| p["discontinuation_reason"] == "adverse event") {
            let own = events.iter().filter(|e| e["participant_id"] == person["participant_id"]);
            assert_eq!(own.filter(|e| e["action"] == "withdrawn").count(), 1);
        }
        for event in &events {
            let person = people.iter().find(|p| p["participant_id"] == event["participant_id"]);
            let last: i64 = person.expect("a row")["last_day"].parse().expect("a day");
            assert!(event["onset_day"].parse::<i64>().expect("a day") <= last, "{event:?}");
        }
        // A run at rest was lost; one patient rates no pressure near 50.
        assert_eq!(trial.visits.iter().filter(|visit| !visit.has_rest).count(), 1);
        let pressure = rows(&files["phenotype/pressure.tsv"]);
        let most = |id: &str| {
            let own = pressure
                .iter()
                .filter(|r| r["participant_id"] == id && r["session_id"] == "ses-baseline");
            own.map(|r| r["rating"].parse::<u32>().expect("a rating")).max()
        };
        assert!(people.iter().any(|p| most(p["participant_id"]) < Some(50)));
    }
}

#[test]
fn a_drug_trial_has_so_many_files_and_none_twice_and_the_same_bytes_on_any_threads() {
    let spec = DrugTrialSpec { per_arm: 4, ..small() };
    let trial = made(&spec);
    let files = drug_trial::files(&trial, "a line");
    let all: Vec<(String, String)> = files
        .map(|(path, content)| (path, content.sha256(&|| Ok(())).expect("nothing says no")))
        .collect();
    let mut names = drug_trial::names(&trial);
    names.sort();
    let mut paths: Vec<String> = all.iter().map(|(path, _)| path.clone()).collect();
    paths.sort();
    assert_eq!(names, paths);
    let by_path: BTreeMap<&String, &String> = all.iter().map(|(path, sum)| (path, sum)).collect();
    assert_eq!(by_path.len(), all.len(), "a path twice");
    // Each run has the mask of its brain where a preprocessing would have put it.
    let of_all = by_path[&drug_trial::paths::MASK.to_owned()];
    let bolds: Vec<&&String> = by_path.keys().filter(|p| p.ends_with("_bold.nii.gz")).collect();
    assert_eq!(bolds.len(), trial.runs().count());
    for bold in bolds {
        let mask = bold.replace("_bold.nii.gz", "_desc-brain_mask.nii.gz");
        assert_eq!(by_path[&format!("{}/{mask}", drug_trial::paths::DERIVED)], of_all, "{bold}");
    }
    // Again on one thread, and of another seed.
    let scan = |trial: &DrugTrial| scan_of(trial, &trial.visits[0], Task::Rest);
    assert_eq!(scan(&trial), rayon_of(1, || scan(&made(&spec))));
    let other = made(&DrugTrialSpec { seed: 4, ..spec });
    assert_ne!(scan(&trial).bold, scan(&other).bold);
    let first = texts(&trial);
    assert_eq!(first, texts(&made(&trial.spec)));
    for path in ["phenotype/cpm.tsv", "phenotype/questionnaires.tsv", "phenotype/pressure.tsv"] {
        assert_ne!(first[path], texts(&other)[path], "{path}");
    }
}

/// Run with so many threads.
fn rayon_of<T: Send>(n: usize, work: impl FnOnce() -> T + Send) -> T {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(n).build().expect("threads");
    pool.install(work)
}

/// A visit, and the same with something else in its runs.
fn changed(trial: &DrugTrial, change: impl Fn(&mut Visit)) -> [Visit; 2] {
    let visit = trial.visits[0].clone();
    let mut other = visit.clone();
    change(&mut other);
    [visit, other]
}

/// Voxels at which two runs differ.
fn differing(trial: &DrugTrial, visits: &[Visit; 2], task: Task) -> Vec<usize> {
    let [a, b] = [0, 1].map(|at| scan_of(trial, &visits[at], task).bold);
    let n = trial.grid.n_voxels();
    let differs = |voxel: &usize| (0..a.len() / n).any(|t| a[t * n + voxel] != b[t * n + voxel]);
    (0..n).filter(differs).collect()
}

#[test]
fn what_the_drug_takes_from_the_response_to_pain_is_in_its_regions_alone() {
    let trial = made(&small());
    let voxels = |region: Region| -> Vec<usize> {
        (0..trial.regions.len()).filter(|&v| trial.regions[v] == Some(region)).collect()
    };
    for (region, n) in Region::NAMES.map(|(region, _)| (region, voxels(region).len())) {
        assert!(n >= 8, "{region:?} has {n} voxels: too few for a seed");
    }
    let all = |voxel: &usize, of: &[Region]| of.iter().any(|r| trial.regions[*voxel] == Some(*r));
    let pag = differing(&trial, &changed(&trial, |v| v.brain.pag = 0.0), Task::Pain);
    let insula = differing(&trial, &changed(&trial, |v| v.brain.insula = 0.0), Task::Pain);
    assert!(voxels(Region::Pag).iter().all(|voxel| pag.contains(voxel)));
    let others = [Region::InsulaLeft, Region::S2Left, Region::ThalamusRight, Region::Pcc];
    assert!(!pag.iter().any(|voxel| all(voxel, &others)));
    assert!(Region::INSULA.iter().all(|side| voxels(*side).iter().all(|v| insula.contains(v))));
    assert!(!insula.iter().any(|voxel| all(voxel, &[Region::Pag, Region::Pcc, Region::Mpfc])));
    // At rest there is nothing to take.
    let [rest, same] = changed(&trial, |v| v.brain.pag = 0.0);
    assert_eq!(scan_of(&trial, &rest, Task::Rest).bold, scan_of(&trial, &same, Task::Rest).bold);
    // The truth of the regions.
    assert!(
        trial.drug_on_pain(Region::Pag) < -0.5 && trial.drug_on_pain(Region::InsulaLeft) < -0.3
    );
    assert_eq!(trial.drug_on_pain(Region::ThalamusLeft), 0.0);
}

#[test]
fn at_rest_the_insula_goes_with_the_default_mode_network_as_far_as_the_visit_says() {
    let trial = made(&DrugTrialSpec { n_volumes: 60, tr: 2.0, ..small() });
    let with = |coupling: f64| {
        let mut visit = trial.visits[0].clone();
        visit.brain.coupling = coupling;
        scan_of(&trial, &visit, Task::Rest).bold
    };
    let (together, apart) = (with(0.9), with(-0.9));
    let n = trial.grid.n_voxels();
    let mean = |bold: &[f32], of: &[Region]| -> Vec<f64> {
        let at: Vec<usize> = (0..n)
            .filter(|&v| trial.regions[v].is_some_and(|region| of.contains(&region)))
            .collect();
        let of = |t: &[f32]| at.iter().map(|&v| f64::from(t[v])).sum::<f64>() / at.len() as f64;
        bold.chunks_exact(n).map(of).collect()
    };
    // What differs is twice .9 of the network's signal, in the insula alone.
    let difference: Vec<f64> = mean(&together, &Region::INSULA)
        .iter()
        .zip(mean(&apart, &Region::INSULA))
        .map(|(a, b)| a - b)
        .collect();
    assert_eq!(mean(&together, &Region::DMN), mean(&apart, &Region::DMN));
    let correlation = |a: &[f64], b: &[f64]| {
        let centred = |x: &[f64]| -> Vec<f64> {
            let mean = x.iter().sum::<f64>() / x.len() as f64;
            x.iter().map(|v| v - mean).collect()
        };
        let (a, b) = (centred(a), centred(b));
        let dot = |x: &[f64], y: &[f64]| x.iter().zip(y).map(|(p, q)| p * q).sum::<f64>();
        dot(&a, &b) / (dot(&a, &a) * dot(&b, &b)).sqrt()
    };
    let found = correlation(&difference, &mean(&together, &Region::DMN));
    assert!(found > 0.7, "{found}");
}

#[test]
fn a_visits_heart_beats_as_fast_as_the_visit_says() {
    let trial = made(&DrugTrialSpec { n_volumes: 60, tr: 2.0, ..small() });
    for heart_rate in [55.0, 80.0] {
        let mut visit = trial.visits[0].clone();
        visit.brain.heart_rate = heart_rate;
        let trace = scan_of(&trial, &visit, Task::Rest).recording.cardiac.expect("a pulse");
        // Beats pass upwards through the middle of the pulse wave once each.
        let ups = trace.samples.windows(2).filter(|w| w[0] < 2700.0 && w[1] >= 2700.0).count();
        let found = 60.0 * ups as f64 * trace.sampling_hz / trace.samples.len() as f64;
        assert!((found - heart_rate).abs() < 4.0, "{found} for {heart_rate}");
    }
    let mean = |arm: Arm, session: usize| {
        let big = made(&DrugTrialSpec { per_arm: 60, ..small() });
        let of = |v: &&Visit| big.patients[v.patient].arm == arm && v.session == session;
        let rates: Vec<f64> = big.visits.iter().filter(of).map(|v| v.brain.heart_rate).collect();
        rates.iter().sum::<f64>() / rates.len() as f64
    };
    let drug = mean(Arm::Drug, 1) - mean(Arm::Drug, 0);
    let placebo = mean(Arm::Placebo, 1) - mean(Arm::Placebo, 0);
    assert!((drug - placebo - trial.drug_on_heart_rate()).abs() < 1.5, "{drug} {placebo}");
}

#[test]
fn what_the_tables_hold_is_what_the_truth_says_of_the_drug() {
    let trial = made(&DrugTrialSpec { per_arm: 400, ..small() });
    let files = texts(&trial);
    let people = rows(&files["participants.tsv"]);
    let arm_of: BTreeMap<&str, &str> =
        people.iter().map(|p| (p["participant_id"], p["arm"])).collect();
    // Drug (after - before) - placebo (after - before) of the mean of a column over a visit's rows, and what chance moves it by.
    let effect = |path: &str, value: &dyn Fn(&BTreeMap<&str, &str>) -> Option<f64>| {
        let mut visits: BTreeMap<(&str, &str), Vec<f64>> = BTreeMap::new();
        let table = rows(&files[path]);
        for row in &table {
            let of = visits.entry((row["participant_id"], row["session_id"])).or_default();
            of.extend(value(row));
        }
        let mean = |of: &Vec<f64>| of.iter().sum::<f64>() / of.len() as f64;
        let changes = |arm: &str| -> Vec<f64> {
            let change = |(id, own): (&&str, &&str)| {
                let [before, after] = ["ses-baseline", "ses-week13"]
                    .map(|session| visits.get(&(*id, session)).filter(|of| !of.is_empty()));
                (*own == arm).then_some(mean(after?) - mean(before?))
            };
            arm_of.iter().filter_map(change).collect()
        };
        let spread = |of: &Vec<f64>| {
            let m = mean(of);
            of.iter().map(|v| (v - m) * (v - m)).sum::<f64>() / (of.len() * (of.len() - 1)) as f64
        };
        let (drug, placebo) = (changes("drug"), changes("placebo"));
        assert!(drug.len() > 250 && placebo.len() > 300, "{path}");
        (mean(&drug) - mean(&placebo), (spread(&drug) + spread(&placebo)).sqrt())
    };
    let number = |row: &BTreeMap<&str, &str>, column: &str| row[column].parse::<f64>().ok();
    for score in ["nrs", "fiq", "hads_anxiety", "hads_depression", "sf36_pcs"] {
        let (found, se) = effect("phenotype/questionnaires.tsv", &|row| number(row, score));
        let truth = trial.drug_on_score(score).expect("a score");
        // Ends of the ranges take a part of it.
        let off = 4.0 * se + 0.15 * truth.abs();
        assert!((found - truth).abs() < off && found * truth > 0.0, "{score}: {found} for {truth}");
    }
    let (found, se) =
        effect("phenotype/cpm.tsv", &|row| Some(number(row, "ts_pre")? - number(row, "ts_post")?));
    let truth = trial.drug_on_score("cpm").expect("a score");
    assert!((found - truth).abs() < 4.0 * se + 0.5, "{found} for {truth}");
    // A higher pressure is rated 50: by the slope, ratings fall.
    let (found, _) = effect("phenotype/pressure.tsv", &|row| number(row, "rating"));
    assert!(trial.drug_on_score("p50_kpa") == Some(32.0) && found < -3.0, "{found}");
    let nausea: std::collections::BTreeSet<&str> = rows(&files["phenotype/adverse_events.tsv"])
        .iter()
        .filter(|e| e["pt"] == "Nausea")
        .map(|e| e["participant_id"])
        .collect();
    let of = |arm: &str| nausea.iter().filter(|id| arm_of[**id] == arm).count() as f64 / 400.0;
    assert!((of("drug") - of("placebo") - trial.drug_on_nausea()).abs() < 1e-12);
    let told: serde_json::Value =
        serde_json::from_str(&files["derivatives/truth/truth.json"]).expect("JSON");
    let of_nrs = [told["scores"]["nrs"].as_f64(), trial.drug_on_score("nrs")].map(Option::unwrap);
    assert!((of_nrs[0] - of_nrs[1]).abs() < 1e-9, "{of_nrs:?}");
    assert_eq!(told["nausea"]["drug"].as_f64(), Some(400.0 * of("drug")));
    let left = people.iter().filter(|p| p["arm"] == "drug" && p["completed"] == "no").count();
    assert_eq!(told["left_early"]["drug"].as_u64(), Some(left as u64));
    // What a visit's runs hold is in its row.
    let visits = rows(&files["derivatives/truth/visits.tsv"]);
    for (row, visit) in visits.iter().zip(&trial.visits) {
        assert_eq!(row["heart_rate"], format!("{:.2}", visit.brain.heart_rate));
        assert_eq!(row["insula_dmn_r"], format!("{:.4}", visit.brain.coupling));
        assert_eq!(row["session_id"], ["ses-baseline", "ses-week13"][visit.session]);
    }
    assert_eq!(visits.len(), trial.visits.len());
}

#[test]
fn some_runs_of_a_drug_trial_move_more_than_half_a_millimetre() {
    let trial = made(&DrugTrialSpec { n_volumes: 60, tr: 2.0, ..small() });
    let most = |visit: &Visit| {
        let table = scan_of(&trial, visit, Task::Rest).confounds;
        let at = table.position("framewise_displacement").expect("a column");
        let of = table.rows.iter().filter_map(|row| row[at].parse::<f64>().ok());
        of.fold(0.0, f64::max)
    };
    let [restless, calm] = [true, false].map(|moves| {
        let is_it = |visit: &&Visit| (visit.brain.jerk_mm > 0.3) == moves;
        trial.visits.iter().find(is_it).expect("a visit")
    });
    assert!(most(restless) > 0.5 && most(calm) < most(restless));
    // The same run of a patient who lies still: what moves it is the visit's.
    let mut still = restless.clone();
    still.brain.jerk_mm = calm.brain.jerk_mm;
    let (moved, lay) = (most(restless), most(&still));
    assert!(moved > 1.5 * lay, "{moved} mm, {lay} mm lying still");
}

#[test]
fn an_impossible_drug_trial_is_refused() {
    for spec in [
        DrugTrialSpec { per_arm: 3, ..small() },
        DrugTrialSpec { tr: f64::NAN, ..small() },
        DrugTrialSpec { n_volumes: 2, ..small() },
    ] {
        let said = drug_trial::run(&spec).expect_err("refused").to_string();
        assert!(said.contains("to simulate") || said.contains("simulated run"), "{said}");
    }
}
