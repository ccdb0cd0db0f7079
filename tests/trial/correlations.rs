//! Of `trial::correlations`.

use boldly::error::Result;
use boldly::stats::correlation::kendall;
use boldly::trial::results::{Correlation, CorrelationRow, Correlations, Results};
use boldly::trial::sheets::sheets;
use boldly::trial::{Arm, BrainPlan, CpmPlan, Dictionary, Notes, PressurePlan, correlations};

use crate::study::{Study, is_golden, study};

fn related(relations: &[&str]) -> Study {
    let mut study = study();
    study.plan.correlations = relations.iter().map(|text| text.parse().unwrap()).collect();
    study.plan.brain = Some(BrainPlan { table: "brain".to_owned(), regions: Vec::new() });
    study.plan.cpm = Some(CpmPlan {
        table: "cpm".to_owned(),
        pre: "ts_pre".to_owned(),
        post: "ts_post".to_owned(),
        threshold: false,
    });
    study.plan.pressure = Some(PressurePlan {
        table: "pressure".to_owned(),
        pressure: "pressure_kpa".to_owned(),
        rating: "rating".to_owned(),
        target: 50.0,
    });
    study
}

fn analysed(study: &Study, notes: &mut Notes) -> Result<Correlations> {
    correlations::analyse(&study.plan, &study.people(), &study.tables, notes)
}

#[track_caller]
fn coefficient(found: &Option<Correlation>, path: &str, r: &str) {
    let found = found.as_ref().unwrap();
    is_golden(found.r.value, &format!("{path}/{r}"));
    is_golden(found.r.low.unwrap(), &format!("{path}/low"));
    is_golden(found.r.high.unwrap(), &format!("{path}/high"));
    is_golden(found.test.statistic, &format!("{path}/t"));
    is_golden(found.test.p, &format!("{path}/p"));
}

#[track_caller]
fn row_is_golden(row: &CorrelationRow, name: &str) {
    let path = format!("correlations/{name}");
    is_golden(row.points.len() as f64, &format!("{path}/n"));
    coefficient(&row.pooled, &path, "pearson");
    let partial = format!("{path}/partial");
    coefficient(&row.given_arm, &partial, "r");
    is_golden(row.given_arm.as_ref().unwrap().test.dof.unwrap(), &format!("{partial}/dof"));
    let rank = row.spearman.as_ref().unwrap();
    is_golden(rank.r.value, &format!("{path}/spearman"));
    is_golden(rank.r.low.unwrap(), &format!("{path}/spearman_low"));
    is_golden(rank.r.high.unwrap(), &format!("{path}/spearman_high"));
    is_golden(rank.test.p, &format!("{path}/spearman_p_t"));
    is_golden(row.kendall.as_ref().unwrap().r.value, &format!("{path}/kendall_b"));
}

/// Of each arm: by ranks, too.
#[track_caller]
fn arms_are_golden(row: &CorrelationRow, path: &str) {
    for (arm, name) in [(Arm::Active, "active"), (Arm::Control, "control")] {
        let path = format!("{path}/by_arm/{name}");
        is_golden(row.by_arm.get(arm).as_ref().unwrap().n as f64, &format!("{path}/n"));
        coefficient(row.by_arm.get(arm), &path, "pearson");
        let rank = row.spearman_by_arm.get(arm).as_ref().unwrap();
        is_golden(rank.r.value, &format!("{path}/spearman"));
        is_golden(rank.r.low.unwrap(), &format!("{path}/spearman_low"));
        is_golden(rank.r.high.unwrap(), &format!("{path}/spearman_high"));
        is_golden(rank.test.p, &format!("{path}/spearman_p_t"));
        let tau = row.kendall_by_arm.get(arm).as_ref().unwrap();
        is_golden(tau.r.value, &format!("{path}/kendall_b"));
    }
}

#[test]
fn the_table_has_every_coefficient_of_each_arm() {
    let study = related(&["brain:insula_dmn_z~questionnaires:nrs"]);
    let results = Results {
        arms: study.people().arms,
        correlations: Some(analysed(&study, &mut Notes::default()).unwrap()),
        ..Results::default()
    };
    let sheets = sheets(&results);
    let table = &sheets.iter().find(|sheet| sheet.name == "correlations").unwrap().table;
    let at = table.position("coefficient").unwrap();
    let names: Vec<&str> = table.rows.iter().take(13).map(|row| row[at].as_str()).collect();
    for name in ["Spearman, milnacipran", "Spearman, placebo", "Kendall tau-b (t is z), pooled"] {
        assert!(names.contains(&name), "{name}: {names:?}");
    }
    let row = table.rows.iter().find(|row| row[at] == "Kendall tau-b (t is z), placebo").unwrap();
    let path = "correlations/insula_dmn_change_vs_pain_relief/by_arm/control/kendall_b";
    is_golden(row[table.position("r").unwrap()].parse().unwrap(), path);
    assert_eq!(row[table.position("dof").unwrap()], "n/a");
}

#[test]
fn kendall_with_ties_has_the_z_and_limits_of_its_definition() {
    // scipy.stats.kendalltau(method="asymptotic"); limits by hand.
    let x = [1.0, 2.0, 2.0, 3.0, 4.0, 4.0, 4.0, 5.0, 6.0, 7.0];
    let y = [2.0, 1.0, 3.0, 3.0, 5.0, 4.0, 4.0, 8.0, 8.0, 6.0];
    let found = kendall(&x, &y, 0.95).unwrap().unwrap();
    for (got, want) in [
        (found.r, 0.7952384429746019),
        (found.p, 0.002341869240428776),
        (found.low.unwrap(), 0.5054319774895802),
        (found.high.unwrap(), 0.9238181205529539),
    ] {
        assert!((got - want).abs() < 1e-12, "{got} {want}");
    }
    assert!(kendall(&x, &[1.0; 10], 0.95).unwrap().is_none(), "nothing varies");
    assert!(kendall(&x[..2], &y[..2], 0.95).is_err());
}

#[test]
pub fn relations_of_changes_and_of_baseline_with_change_are_golden() {
    let study = related(&[
        "brain:insula_dmn_z~questionnaires:nrs",
        "brain:precuneus_pain~pressure:p50",
        "brain:pag_pain~cpm:absolute",
    ]);
    let found = analysed(&study, &mut Notes::default()).unwrap();
    assert_eq!(found.rows.len(), 6);
    row_is_golden(&found.rows[0], "insula_dmn_change_vs_pain_relief");
    row_is_golden(&found.rows[1], "baseline_insula_dmn_vs_relief");
    row_is_golden(&found.rows[2], "precuneus_change_vs_p50_change");
    row_is_golden(&found.rows[4], "pag_change_vs_cpm_change");
    assert_eq!(found.rows[0].first, "change of insula_dmn_z (ses-week13 - ses-baseline)");
    assert_eq!(found.rows[0].second, "improvement of nrs (ses-baseline - ses-week13)");
    assert_eq!(found.rows[1].first, "insula_dmn_z at ses-baseline");
    assert!(found.rows[3].first.ends_with("at ses-baseline"), "{}", found.rows[3].first);
    let row = &found.rows[0];
    let path = "correlations/insula_dmn_change_vs_pain_relief";
    arms_are_golden(row, path);
    is_golden(row.arms_differ.unwrap().statistic, &format!("{path}/by_arm/difference_z"));
    is_golden(row.arms_differ.unwrap().p, &format!("{path}/by_arm/p"));
    let slopes = row.slopes_differ.as_ref().unwrap();
    is_golden(slopes.test.statistic, &format!("{path}/slopes_differ/t"));
    is_golden(slopes.test.dof.unwrap(), &format!("{path}/slopes_differ/dof"));
    is_golden(slopes.test.p, &format!("{path}/slopes_differ/p"));
}

#[test]
fn sides_in_the_other_order_relate_the_same_and_the_region_is_still_before() {
    let one = related(&["brain:insula_dmn_z~questionnaires:nrs"]);
    let other = related(&["questionnaires:nrs~brain:insula_dmn_z"]);
    let [one, other] = [one, other].map(|study| analysed(&study, &mut Notes::default()).unwrap());
    for at in 0..2 {
        let [one, other] = [&one, &other].map(|found| found.rows[at].given_arm.clone().unwrap());
        assert!((one.r.value - other.r.value).abs() < 1e-12, "row {at}");
    }
    assert_eq!(other.rows[1].second, "insula_dmn_z at ses-baseline");
}

#[test]
fn motion_is_a_covariate_and_costs_a_degree_of_freedom() {
    let found = analysed(&related(&["brain:pag_pain~questionnaires:nrs"]), &mut Notes::default());
    let rows = found.unwrap().rows;
    for (row, motion) in rows.iter().zip(["mean_fd (change)", "mean_fd (ses-baseline)"]) {
        assert_eq!(row.motion.as_deref(), Some(motion));
        let [arm, both] = [&row.given_arm, &row.given_motion].map(|r| r.as_ref().unwrap());
        assert_eq!(both.test.dof.unwrap(), arm.test.dof.unwrap() - 1.0);
        assert_ne!(both.r.value, arm.r.value);
    }
    // Who lacks it is in the relation and not in what is given motion, by name.
    let mut study = related(&["brain:pag_pain~questionnaires:nrs"]);
    study.set("brain", 0, "mean_fd", "n/a");
    let mut notes = Notes::default();
    analysed(&study, &mut notes).unwrap();
    let lacks: Vec<_> =
        notes.all.iter().filter(|note| note.text.contains("given motion")).collect();
    assert_eq!(lacks.len(), 2, "at baseline, and of the change: {lacks:?}");
    assert!(lacks[0].text.starts_with("1 participant without mean_fd (change), not in"));
    assert_eq!(lacks[0].participants, ["sub-001"]);
    // A relation without a region has none.
    let found =
        analysed(&related(&["questionnaires:fiq~questionnaires:nrs"]), &mut Notes::default());
    assert!(
        found.unwrap().rows.iter().all(|row| row.motion.is_none() && row.given_motion.is_none())
    );
}

#[test]
fn a_measure_of_one_visit_is_related_as_it_is() {
    let study = related(&["questionnaires:pgic~brain:insula_dmn_z"]);
    let found = analysed(&study, &mut Notes::default()).unwrap();
    let axes: Vec<(&str, &str)> =
        found.rows.iter().map(|row| (row.first.as_str(), row.second.as_str())).collect();
    assert_eq!(
        axes,
        [
            ("pgic at ses-week13", "change of insula_dmn_z (ses-week13 - ses-baseline)"),
            ("pgic at ses-week13", "insula_dmn_z at ses-baseline")
        ]
    );
}

#[test]
fn who_lacks_a_side_is_counted_and_named() {
    let mut notes = Notes::default();
    analysed(&related(&["brain:insula_dmn_z~questionnaires:nrs"]), &mut notes).unwrap();
    let note = notes
        .all
        .iter()
        .find(|n| n.text.contains("not in the relation of change of insula"))
        .unwrap();
    assert_eq!(note.participants.len(), 92 - 73);
    assert!(note.text.starts_with("19 participants without one of both"), "{}", note.text);
}

fn chosen_by(by: &str) -> Study {
    let mut study = related(&["brain:insula_dmn_z~questionnaires:nrs"]);
    let own = study.tables.all.iter_mut().find(|table| table.name == "brain").unwrap();
    let text = format!(r#"{{"insula_dmn_z": {{"SelectedBy": "{by}"}}}}"#);
    own.dictionary = Dictionary::parse("brain.json", &text).unwrap();
    study
}

#[test]
fn a_region_chosen_by_what_it_is_related_to_is_refused_unless_exploratory() {
    for by in ["change of nrs", "regression on relief", "nrs_change, not independent"] {
        let mut study = chosen_by(by);
        let error = analysed(&study, &mut Notes::default()).unwrap_err();
        let text = error.to_string();
        assert_eq!(error.exit_code(), 2);
        for part in ["region 'insula_dmn_z'", by, "SelectedBy in brain.json", "--exploratory"] {
            assert!(text.contains(part), "{text}");
        }
        study.plan.exploratory = true;
        let mut notes = Notes::default();
        let found = analysed(&study, &mut notes).unwrap();
        assert!(found.rows.iter().all(|row| row.exploratory));
        assert!(notes.all.iter().any(|note| note.text.contains("inflated and exploratory")));
    }
    for (by, says) in [
        ("an atlas of the insula", None),
        ("pain - control", Some("was chosen by 'pain - control'")),
    ] {
        let mut notes = Notes::default();
        let found = analysed(&chosen_by(by), &mut notes).unwrap();
        assert!(found.rows.iter().all(|row| !row.exploratory));
        let warned = notes.all.iter().any(|n| says.is_some_and(|says| n.text.contains(says)));
        assert_eq!(warned, says.is_some(), "{notes:?}");
    }
    // Of a table that is no table of regions by its name, and of a part of one, too.
    for name in ["values", "brain[task=rest]"] {
        let mut study = chosen_by("change of nrs");
        study.tables.all.iter_mut().find(|table| table.name == "brain").unwrap().name = name.into();
        study.plan.brain = None;
        study.plan.correlations[0].first.table = name.to_owned();
        let error = analysed(&study, &mut Notes::default()).unwrap_err();
        assert!(error.to_string().contains("region 'insula_dmn_z'"), "{error}");
    }
    // Where nothing is said of the choice, that is said.
    let mut notes = Notes::default();
    analysed(&related(&["brain:insula_dmn_z~questionnaires:nrs"]), &mut notes).unwrap();
    assert!(
        notes
            .all
            .iter()
            .any(|note| note.text.starts_with("how insula_dmn_z was chosen is not said"))
    );
}

#[test]
fn relations_that_cannot_be_are_refused() {
    let refused = |relation: &str, says: &[&str]| {
        let error = analysed(&related(&[relation]), &mut Notes::default()).unwrap_err().to_string();
        says.iter().for_each(|part| assert!(error.contains(part), "{error}"));
    };
    refused("questionnaires:nrs~questionnaires:nrs", &["relates a measure to itself"]);
    refused("brain:insula_dmn~questionnaires:nrs", &["did you mean 'insula_dmn_z'?"]);
    refused("brian:insula_dmn_z~questionnaires:nrs", &["did you mean 'brain'?"]);
    refused("cpm:absolut~questionnaires:nrs", &["column 'absolut'"]);
    let mut study = related(&["cpm:absolute~questionnaires:nrs"]);
    study.plan.cpm = None;
    assert!(analysed(&study, &mut Notes::default()).is_err());
}

#[test]
fn too_few_participants_have_a_row_without_coefficients() {
    let mut study = related(&["brain:insula_dmn_z~questionnaires:nrs"]);
    let table = study.cells("brain");
    let at = table.position("insula_dmn_z").unwrap();
    table.rows.iter_mut().skip(8).for_each(|cells| cells[at] = "n/a".to_owned());
    let mut notes = Notes::default();
    let found = analysed(&study, &mut notes).unwrap();
    assert!(found.rows[0].points.len() < 4 && found.rows[0].given_arm.is_none());
    assert!(notes.all.iter().any(|note| note.text.contains("too few")));
    // Of baseline and change four share both.
    let is_told = |text: &str| notes.all.iter().any(|note| note.text.starts_with(text));
    assert!(is_told("1 of 2 relations tested"), "{notes:?}");
}

#[test]
fn an_arm_of_which_too_few_share_both_measures_is_told() {
    let mut study = related(&["brain:pag_pain~questionnaires:nrs"]);
    let placebo: Vec<String> = {
        let people = study.people();
        people.names(&people.randomised(Arm::Control))
    };
    // but three of the controls lose the region
    let table = study.cells("brain");
    let (id, region) =
        (table.position("participant_id").unwrap(), table.position("pag_pain").unwrap());
    for row in table.rows.iter_mut().filter(|row| placebo[3..].contains(&row[id])) {
        row[region] = "n/a".to_owned();
    }
    let mut notes = Notes::default();
    let found = analysed(&study, &mut notes).unwrap();
    assert!(found.rows.iter().all(|row| row.by_arm.control.is_none() && row.pooled.is_some()));
    let told = notes.all.iter().map(|note| note.text.as_str()).collect::<Vec<_>>().join("; ");
    assert!(
        told.contains("of placebo with both: too few for a relation within that arm"),
        "{told}"
    );
}

#[test]
fn a_measure_that_does_not_vary_is_named_and_its_relations_are_not_tested() {
    let mut study = related(&[
        "questionnaires:pgic~questionnaires:nrs",
        "questionnaires:fiq~questionnaires:nrs",
    ]);
    let table = study.cells("questionnaires");
    let pgic = table.position("pgic").unwrap();
    for cells in table.rows.iter_mut().filter(|cells| cells[pgic] != "n/a") {
        cells[pgic] = "2".to_owned();
    }
    let mut notes = Notes::default();
    let found = analysed(&study, &mut notes).unwrap();
    for row in &found.rows[..2] {
        assert!(row.pooled.is_none() && row.slopes_differ.is_none(), "{row:#?}");
    }
    let told = notes.all.iter().map(|note| note.text.as_str()).collect::<Vec<_>>().join("; ");
    for part in ["pgic at ses-week13 is 2 in all ", "2 of 4 relations tested"] {
        assert!(told.contains(part), "{part}: {told}");
    }
}

#[test]
fn an_arm_in_which_a_measure_does_not_vary_is_named_and_the_arms_are_not_compared() {
    let mut study = related(&["questionnaires:pgic~brain:pag_pain"]);
    let active: Vec<String> = {
        let people = study.people();
        people.names(&people.randomised(Arm::Active))
    };
    let table = study.cells("questionnaires");
    let pgic = table.position("pgic").unwrap();
    for cells in table.rows.iter_mut().filter(|cells| active.contains(&cells[0])) {
        if cells[pgic] != "n/a" {
            cells[pgic] = "2".to_owned();
        }
    }
    let mut notes = Notes::default();
    let found = analysed(&study, &mut notes).unwrap();
    for row in &found.rows {
        assert!(row.pooled.is_some() && row.by_arm.control.is_some());
        assert!(row.by_arm.active.is_none() && row.arms_differ.is_none());
        assert!(row.slopes_differ.is_none(), "{:?}", row.slopes_differ);
    }
    let told = notes.all.iter().map(|note| note.text.as_str()).collect::<Vec<_>>().join("; ");
    for part in [
        "pgic at ses-week13 is 2 in all ",
        " of milnacipran in the relation of ",
        "no relation within that arm, and the arms' relations are not compared",
    ] {
        assert!(told.contains(part), "{part}: {told}");
    }
}
