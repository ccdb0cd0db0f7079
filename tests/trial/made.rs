//! What analyses make of repeated stimuli, as outcomes, in responder rules and among values that lack.

use boldly::trial::sheets::sheets;
use boldly::trial::{
    CpmPlan, Missing, Notes, Outcome, Permutations, PressurePlan, Results, analyse,
};

use crate::study::{Study, ancova_is_golden, study};

/// With CPM and pressure pain, absolute CPM and P50 among the outcomes and the primary family.
fn with_made() -> Study {
    let mut study = study();
    study.plan.cpm = Some(CpmPlan::of("cpm".to_owned()));
    study.plan.pressure = Some(PressurePlan::of("pressure".to_owned()));
    for name in ["cpm:absolute", "pressure:p50"] {
        let column: boldly::trial::Column = name.parse().unwrap();
        study.plan.primary.push(column.clone());
        study.plan.outcomes.push(Outcome { column, label: None, direction: None });
    }
    study.plan.primary.push("nrs".parse().unwrap());
    study.plan.responders = vec!["p=pressure:p50>=+20; cpm:percent>=10".parse().unwrap()];
    study.plan.permutations = Some(Permutations { n: 50, seed: 1 });
    study
}

fn found(study: &Study) -> Results {
    let plan = study.plan.clone().resolved(&study.tables, &mut Notes::default()).unwrap();
    analyse(&plan, study.participants.clone(), &study.tables, Notes::default()).unwrap()
}

#[test]
fn cpm_and_p50_are_outcomes_as_columns_are() {
    let mut study = with_made();
    let results = found(&study);
    let row = |name: &str, missing: Missing| {
        let is = |row: &&boldly::trial::results::AncovaRow| {
            row.outcome == name && row.missing == missing
        };
        results.ancova.rows.iter().find(is).unwrap()
    };
    ancova_is_golden(row("cpm:absolute", Missing::Observed), "cpm/absolute");
    for name in ["cpm:absolute", "pressure:p50"] {
        let observed = row(name, Missing::Observed);
        assert!(observed.p_holm.unwrap() >= observed.test.p && observed.p_permuted.is_some());
        let carried = row(name, Missing::Bocf);
        assert!(carried.n.active > observed.n.active, "{name}: who left has no change");
        assert!(
            carried.points.iter().any(|point| point.carried && point.baseline == point.endpoint)
        );
    }
    let part = &results.pressure.as_ref().unwrap().ancova[0];
    assert_eq!(part.difference, row("pressure:p50", Missing::Observed).difference);
    // Once in the table, whichever part of the analysis it is of.
    let all = sheets(&results);
    let cells = |sheet: &str| {
        let table = &all.iter().find(|own| own.name == sheet).unwrap().table;
        let rows = table.rows.iter().filter(|row| row[0] == "cpm:absolute");
        rows.map(|row| row[1].clone()).collect::<Vec<_>>()
    };
    assert_eq!(cells("ancova"), ["observed", "bocf"]);
    assert_eq!(cells("missing"), ["ses-baseline", "ses-week13"]);
    let rules = &results.responders.as_ref().unwrap().rows;
    assert_eq!(rules[0].n.active, 46, "all randomised");
    assert!(rules.iter().all(|row| row.responders.active > 0));
    // Its last value is carried forward where a visit is between.
    let table = study.cells("cpm");
    let between = table.rows.iter().filter(|row| row[1] == "ses-baseline").cloned();
    let mut between: Vec<Vec<String>> = between.collect();
    between.iter_mut().for_each(|row| row[1] = "ses-week6".to_owned());
    table.rows.extend(between);
    study.plan.missing = vec![Missing::Locf];
    let results = found(&study);
    let told = "LOCF, of ses-week6, which follow each other so by their numbers";
    assert!(results.notes.all.iter().any(|note| note.text.contains(told)), "{:#?}", results.notes);
}

#[test]
fn what_lacks_of_pain_tests_and_regions_is_counted_without_an_outcome_of_them() {
    let mut study = with_made();
    (study.plan.outcomes, study.plan.primary) = (Vec::new(), Vec::new());
    study.plan.permutations = None;
    let region = "pag_pain".to_owned();
    study.plan.brain =
        Some(boldly::trial::BrainPlan { table: "brain".to_owned(), regions: vec![region] });
    let missing = found(&study).populations.missing;
    let names: Vec<&str> = missing.iter().map(|row| row.outcome.as_str()).collect();
    let want = ["cpm:absolute", "pressure:p50", "brain:pag_pain"];
    assert_eq!(names, want.map(|name| [name; 2]).concat());
    assert!(missing[1].left.active.len() > 3, "{missing:#?}");
}

#[test]
fn what_has_no_value_at_baseline_is_no_outcome_and_why_a_table_has_no_region_is_said() {
    let mut study = study();
    study.plan.outcomes.truncate(1);
    study.plan.outcomes[0].column = "questionnaires:pgic".parse().unwrap();
    let tried = |study: &Study| {
        analyse(&study.plan, study.participants.clone(), &study.tables, Notes::default())
            .unwrap_err()
            .to_string()
    };
    let error = tried(&study);
    for part in ["questionnaires:pgic has no value at ses-baseline", "part of a responder rule"] {
        assert!(error.contains(part), "{part}: {error}");
    }
    let mut study = self::study();
    study.plan.outcomes.clear();
    study.plan.brain =
        Some(boldly::trial::BrainPlan { table: "brain".to_owned(), regions: Vec::new() });
    let table = study.cells("brain");
    table.columns = ["participant_id", "session_id", "big", "mean_fd"].map(str::to_owned).to_vec();
    let cells = |row: &mut Vec<String>| {
        row.truncate(2);
        row.extend(["n/a".to_owned(), "0.1".to_owned()]);
    };
    table.rows.iter_mut().for_each(cells);
    let error = tried(&study);
    assert!(error.contains("has no value of big: n/a in every row"), "{error}");
    study.cells("brain").columns[2] = "run".to_owned();
    let error = tried(&study);
    assert!(error.contains("(run, mean_fd)"), "{error}");
}

#[test]
fn what_is_made_is_no_covariate() {
    let mut study = with_made();
    study.plan.covariates = vec!["cpm:absolute".parse().unwrap()];
    let error = study.plan.clone().resolved(&study.tables, &mut Notes::default()).unwrap_err();
    let error = error.to_string();
    for part in ["is made by --cpm", "where it is a covariate", "--outcome, --responder"] {
        assert!(error.contains(part), "{part}: {error}");
    }
}
