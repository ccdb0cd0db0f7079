//! What a study does not say is not taken for something, and what can hardly be is refused or told.

use boldly::error::Result;
use boldly::report::trial::{TrialPage, page};
use boldly::trial::digits::{decimals, written};
use boldly::trial::sheets::sheets;
use boldly::trial::{
    CpmPlan, Dictionary, Missing, Note, Notes, Outcome, PressurePlan, Results, analyse, derived,
    responders,
};

use crate::study::{Study, study};

fn tried(study: &Study) -> Result<Results> {
    analyse(&study.plan, study.participants.clone(), &study.tables, Notes::default())
}

#[track_caller]
fn whole(study: &Study) -> Results {
    tried(study).unwrap()
}

#[track_caller]
fn refused(study: &Study, code: u8, says: &[&str]) {
    let error = tried(study).unwrap_err();
    assert_eq!(error.exit_code(), code, "{error}");
    says.iter().for_each(|part| assert!(error.to_string().contains(part), "{part}: {error}"));
}

#[track_caller]
fn noted<'a>(results: &'a Results, part: &str) -> &'a Note {
    let found = results.notes.all.iter().find(|note| note.text.contains(part));
    found.unwrap_or_else(|| panic!("no '{part}' in {:#?}", results.notes.all))
}

fn drop(study: &mut Study, column: &str) {
    let table = study.cells("participants");
    let at = table.position(column).unwrap();
    table.columns.remove(at);
    table.rows.iter_mut().for_each(|row| {
        row.remove(at);
    });
}

fn dictionary(study: &mut Study, table: &str, text: &str) {
    let own = study.tables.all.iter_mut().find(|own| own.name == table).unwrap();
    own.dictionary = Dictionary::parse(&format!("{table}.json"), text).unwrap();
}

#[test]
fn without_a_column_completed_nobody_completed_or_left_and_nobody_is_a_completer() {
    let mut study = study();
    drop(&mut study, "completed");
    let results = whole(&study);
    noted(&results, "no column completed: who completed and who left is not known, n/a");
    noted(&results, "last_day and discontinuation_reason and no column completed");
    let all: Vec<&str> = results.notes.all.iter().map(|note| note.text.as_str()).collect();
    assert!(!all.iter().any(|text| text.contains("completer")), "{all:?}");
    noted(&results, "17 participants lack nrs, fiq");
    let of = results.disposition.as_ref().unwrap();
    assert_eq!((of.arms.active.completed, of.arms.control.discontinued), (None, None));
    let sheets = sheets(&results);
    let table = &sheets.iter().find(|sheet| sheet.name == "disposition").unwrap().table;
    for what in ["completed", "discontinued"] {
        let row = table.rows.iter().find(|row| row[0] == what).unwrap();
        for column in ["active_n", "control_n", "active_percent", "control_percent"] {
            assert_eq!(row[table.position(column).unwrap()], "n/a", "{what} {column}");
        }
    }
    let text = page(&TrialPage {
        results: &results,
        command_line: &[],
        inputs: &[],
        outputs: &[],
        pictures: &[],
    });
    assert!(!text.contains(">0/46"), "nobody is counted as 0 of 46");
    // Known of one arm alone it is that arm's.
    let mut study = self::study();
    for row in 0..92 {
        let cells = study.cells("participants");
        if cells.rows[row][1] == "placebo" {
            study.set("participants", row, "completed", "n/a");
        }
    }
    let of = whole(&study).disposition.unwrap();
    assert_eq!((of.arms.active.completed, of.arms.control.completed), (Some(35), None));
    assert_eq!(of.discontinued, None);
}

#[test]
fn strata_of_single_participants_or_of_later_are_refused() {
    let with = |column: &str| {
        let mut study = study();
        study.plan.strata = vec![column.to_owned()];
        study
    };
    refused(
        &with("age"),
        2,
        &["--strata age", "26 values in 92 participants", "5 of them of one", "classes of age"],
    );
    refused(&with("participant_id"), 2, &["92 values in 92 participants, each a stratum"]);
    // One site with one patient is refused with the patient; two are a stratum.
    let mut study = with("site");
    study.set("participants", 4, "site", "berlin");
    refused(&study, 2, &["--strata site", "one of them of sub-005 alone", "small levels together"]);
    study.set("participants", 9, "site", "berlin");
    let results = whole(&study);
    assert!(!results.notes.all.iter().any(|note| note.text.contains("alone in a stratum")));
    // One of the two left: who is alone among those analysed is told.
    study.set("questionnaires", 16, "nrs", "n/a");
    let results = whole(&study);
    let note = noted(
        &results,
        "1 participant is alone in a stratum of site in the analysis of nrs (observed):",
    );
    assert_eq!(note.participants, ["sub-005"]);
    // Several of one arm tell nothing of the arms either.
    let mut study = with("site");
    let arm = study.cells("participants").position("arm").unwrap();
    for row in 0..20 {
        if study.cells("participants").rows[row][arm] == "placebo" {
            study.set("participants", row, "site", "oslo");
        }
    }
    let results = whole(&study);
    let note = noted(&results, "in a stratum of site with one arm alone (oslo: placebo) in the");
    assert!(note.participants.len() > 2 && note.text.contains("nrs"), "{note}");
    for column in ["completed", "treated", "last_day", "discontinuation_reason"] {
        refused(&with(column), 2, &["after they were randomised", "such as site"]);
    }
    refused(&with("questionnaires:nrs"), 2, &["a column of a table with visits"]);
    let mut study = self::study();
    study.plan.describe = vec!["last_day".to_owned()];
    refused(&study, 2, &["--describe last_day", "after they were randomised"]);
    // Who lacks a stratum's value is apart, as documented, be it one participant.
    let mut study = with("site");
    study.set("participants", 4, "site", "n/a");
    assert_eq!(
        noted(&whole(&study), "1 participant lacks site: a stratum of its own").participants,
        ["sub-005"]
    );
}

/// participants.tsv with a column pgic, the values at a visit of questionnaires.
fn with_stratum_of(session: &str, source: &str) -> Study {
    let mut study = study();
    study.plan.strata = vec!["pgic".to_owned()];
    study.plan.outcomes.truncate(1);
    let scales = study.cells("questionnaires").clone();
    let at = scales.position(source).unwrap();
    let own = |id: &str| {
        let mut rows = scales.rows.iter();
        rows.find(|row| row[0] == id && row[1] == session)
            .map_or("n/a".to_owned(), |r| r[at].clone())
    };
    let table = study.cells("participants");
    table.columns.push("pgic".to_owned());
    for row in &mut table.rows {
        let value = own(&row[0]);
        row.push(value);
    }
    study
}

#[test]
fn a_stratum_measured_at_a_later_visit_is_refused_and_one_of_its_name_is_warned_of() {
    refused(
        &with_stratum_of("ses-week13", "pgic"),
        2,
        &["--strata pgic", "questionnaires.tsv at ses-week13, after randomisation"],
    );
    let mut study = with_stratum_of("ses-week13", "pgic");
    let last = study.cells("participants").columns.len() - 1;
    for (at, row) in study.cells("participants").rows.iter_mut().enumerate() {
        row[last] = (at % 2).to_string();
    }
    noted(&whole(&study), "stratum pgic is a column of questionnaires.tsv, too");
}

fn with_rules(rules: &[&str]) -> Study {
    let mut study = study();
    study.plan.outcomes.clear();
    study.plan.responders = rules.iter().map(|rule| rule.parse().unwrap()).collect();
    study
}

#[test]
fn a_threshold_beyond_the_scale_is_refused_and_one_that_no_value_reaches_is_told() {
    for (rule, says) in [
        ("pgic<=-2", &["has no value at ses-baseline", "without a sign", "pgic<=2"][..]),
        ("nrs<=-3000%", &["cannot be met", "from 0 to 10 by the dictionary"]),
        ("nrs<=-100.5%", &["cannot be met"]),
        ("nrs<=-11", &["cannot be met"]),
        ("nrs>=10.5", &["cannot be met"]),
        ("nrs<=10", &["is met by every value", "from 0 to 10"]),
        ("nrs<=+10", &["is met by every value"]),
        ("pgic<1", &["cannot be met", "from 1 to 7"]),
        ("pgic<=0.5", &["cannot be met"]),
        ("pgic>=1", &["is met by every value"]),
        ("sf36_pcs<=-101%", &["cannot be met", "0 or more by its values"]),
    ] {
        refused(&with_rules(&[rule]), 2, says);
    }
    for rule in ["nrs<=-100%", "nrs<=-10", "nrs>=10", "pgic<=1", "pgic>6", "nrs>=+3000%", "pcs>=+6"]
    {
        let study = with_rules(&[rule]);
        assert!(tried(&study).is_ok(), "{rule}: {:?}", tried(&study).err());
    }
    let results = whole(&with_rules(&["sf36_pcs>=+60"]));
    noted(&results, "sf36_pcs>=+60 is met by nobody of 73 who have its values");
    noted(&whole(&with_rules(&["sf36_pcs>=+-60".replace("+-", "-").as_str()])), "by everybody of");
    // A scale with one end, as BIDS has it.
    let mut study = with_rules(&["sf36_pcs<=20"]);
    dictionary(&mut study, "questionnaires", r#"{"sf36_pcs": {"Minimum": 25}}"#);
    study.set("questionnaires", 0, "sf36_pcs", "25");
    let error = tried(&study).unwrap_err().to_string();
    assert!(error.contains("25 or more"), "{error}");
}

#[test]
fn rules_are_told_apart_by_what_they_ask_or_refused() {
    let names = |rules: &[&str]| {
        let study = with_rules(rules);
        let people = study.people();
        let found = responders::analyse(&study.plan, &people, &study.tables, &mut Notes::default());
        let rows = found.unwrap().rows.into_iter();
        rows.filter(|row| row.missing == Some(Missing::Bocf))
            .map(|row| row.name)
            .collect::<Vec<_>>()
    };
    assert_eq!(names(&["nrs<=-30%", "nrs<=-50%"]), ["nrs<=-30%", "nrs<=-50%"]);
    assert_eq!(
        names(&["nrs<=-30%; pgic<=2", "nrs<=-50%; pgic<=2"]),
        ["nrs<=-30%", "pgic", "nrs<=-30% + pgic", "nrs<=-50%", "nrs<=-50% + pgic"]
    );
    assert_eq!(names(&["some=nrs<=-30%", "much=nrs<=-50%"]), ["some", "much"]);
    refused(
        &with_rules(&["pain=nrs<=-30%", "pain=nrs<=-50%"]),
        2,
        &["are both called 'pain'", "pain=nrs<=-30% and pain=nrs<=-50%"],
    );
    refused(&with_rules(&["pgic<=2", "pgic<=2"]), 2, &["pgic<=2 is given twice"]);
}

fn with_tests(cpm_threshold: bool) -> Study {
    let mut study = study();
    study.plan.outcomes.truncate(1);
    study.plan.cpm = Some(CpmPlan { threshold: cpm_threshold, ..CpmPlan::of("cpm".to_owned()) });
    study.plan.pressure = Some(PressurePlan::of("pressure".to_owned()));
    study
}

#[test]
fn values_beyond_a_known_scale_are_refused_with_their_line() {
    let spoiled = |table: &str, column: &str, cell: &str, threshold: bool| {
        let mut study = with_tests(threshold);
        study.set(table, 3, column, cell);
        study
    };
    for (table, column, cell, threshold, says) in [
        ("cpm", "ts_pre", "-50", false, "from 0 to 100"),
        ("cpm", "ts_post", "101", false, "from 0 to 100"),
        ("cpm", "ts_pre", "-50", true, "hold a threshold, 0 or more"),
        ("pressure", "rating", "500", false, "hold a rating, from 0 to 100"),
        ("pressure", "rating", "-1", false, "hold a rating"),
        ("pressure", "pressure_kpa", "0", false, "above 0"),
        ("participants", "age", "-4", false, "an age in years, from 0 to 130"),
    ] {
        let study = spoiled(table, column, cell, threshold);
        refused(&study, 65, &["line 5 (sub-", &format!("holds {cell} in column {column}"), says]);
    }
    whole(&spoiled("cpm", "ts_pre", "300", true));
    // A dictionary's word comes first.
    let mut study = spoiled("pressure", "rating", "120", false);
    dictionary(&mut study, "pressure", r#"{"rating": {"Minimum": 0, "Maximum": 200}}"#);
    whole(&study);
    let mut study = self::study();
    study.plan.brain =
        Some(boldly::trial::BrainPlan { table: "brain".to_owned(), regions: Vec::new() });
    study.set("brain", 3, "mean_fd", "-0.2");
    refused(&study, 65, &["holds -0.2 in column mean_fd", "displacements in mm"]);
}

#[test]
fn codes_for_missing_values_and_values_far_from_all_others_are_told_with_line_and_participant() {
    let mut study = study();
    study.plan.brain =
        Some(boldly::trial::BrainPlan { table: "brain".to_owned(), regions: Vec::new() });
    assert!(
        !whole(&study).notes.all.iter().any(|note| note.text.contains("(brain.tsv)")),
        "nothing is odd in the simulated study"
    );
    study.set("brain", 0, "pag_pain", "999");
    study.set("brain", 5, "pag_pain", "-99");
    study.set("brain", 3, "precuneus_pain", "7.5");
    study.set("participants", 1, "age", "99");
    let results = whole(&study);
    let note = noted(&results, "2 values of pag_pain (brain.tsv) may be codes for missing values");
    assert_eq!(note.participants, ["sub-001 (line 2: 999)", "sub-004 (line 7: -99)"]);
    let note = noted(&results, "1 value of precuneus_pain (brain.tsv) lies far from all others");
    assert!(note.participants[0].contains("(line 5: 7.5)"), "{note:?}");
    let note = noted(&results, "1 value of age (participants.tsv) may be a code");
    assert_eq!(note.participants, ["sub-002 (line 3: 99)"]);
    // 99 on a scale to 100 is a rating, and so are values of both ends.
    let mut study = with_tests(false);
    study.set("pressure", 0, "rating", "99");
    assert!(!whole(&study).notes.all.iter().any(|note| note.text.contains("of rating (")));
}

#[test]
fn what_cpm_and_pressure_make_is_named_where_a_column_is_not_known() {
    let mut study = with_tests(false);
    study.plan.pressure = None;
    let asked = |text: &str, study: &Study| {
        derived::resolve(&text.parse().unwrap(), &study.plan, &study.tables)
    };
    assert_eq!(asked("cpm:absolute", &study).unwrap().to_string(), "cpm:absolute");
    let error = asked("cpm:absolut", &study).unwrap_err().to_string();
    assert!(error.contains("did you mean 'cpm:absolute'?"), "{error}");
    for name in ["cpm:percent", "pressure:p50", "pressure:slope", "pressure:auc"] {
        assert!(error.contains(name), "{name}: {error}");
    }
    let error = asked("pressure:p50", &study).unwrap_err().to_string();
    assert!(error.contains("is made by --pressure: give that, too"), "{error}");
    let outcome = Outcome { column: "pressure:p50".parse().unwrap(), label: None, direction: None };
    study.plan.outcomes.push(outcome);
    let error =
        study.plan.clone().resolved(&study.tables, &mut Notes::default()).unwrap_err().to_string();
    assert!(error.contains("is made by --pressure, which is not given"), "{error}");
}

#[test]
fn outcomes_that_dictionaries_call_alike_are_told_apart() {
    let mut study = study();
    let text = r#"{"nrs": {"LongName": "Pain"}, "fiq": {"LongName": "Pain"}}"#;
    dictionary(&mut study, "questionnaires", text);
    let plan = study.plan.clone().resolved(&study.tables, &mut Notes::default()).unwrap();
    let labels: Vec<Option<&str>> = plan.outcomes.iter().map(|o| o.label.as_deref()).collect();
    let both = ["Pain (questionnaires:nrs)", "Pain (questionnaires:fiq)"].map(Some);
    assert_eq!(labels, [both[0], both[1], None, None, None]);
    study.plan.outcomes[2].label = Some("Pain".to_owned());
    let error = study.plan.resolved(&study.tables, &mut Notes::default()).unwrap_err().to_string();
    assert!(error.contains("labelled 'Pain', as another outcome is"), "{error}");
}

#[test]
fn a_table_of_another_kind_is_no_table_of_regions() {
    let mut study = study();
    study.plan.brain =
        Some(boldly::trial::BrainPlan { table: "brain".to_owned(), regions: Vec::new() });
    let head = "region\tvoxels\tvoxels_in_region\teffect";
    study.cells("brain").columns = head.split('\t').map(str::to_owned).collect();
    study.cells("brain").rows = vec![["pag", "8", "8", "0.1"].map(str::to_owned).to_vec()];
    refused(
        &study,
        2,
        &["table of regions of boldly group", "whose name ends in region_values.tsv"],
    );
    study.cells("brain").columns[0] = "participant_id".to_owned();
    refused(&study, 2, &["has no column session_id", "--brain MAPS --region NAME=SPEC"]);
}

#[test]
fn digits_fit_what_a_number_is_known_to() {
    for (value, spread, text) in [
        (-1.1032, 0.31, "-1.10"),
        (-0.0066, 0.0021, "-0.0066"),
        (-0.0066, 12.0, "0"),
        (123.4, 25.0, "123"),
        (-6.63e-7, 1.2e-8, "-6.63e-7"),
        (2.5e-9, 8.0e-9, "2.5e-9"),
        (0.0, 1e-9, "0.000000"),
    ] {
        assert_eq!(written(value, decimals(spread)), text, "{value} of {spread}");
    }
}

#[test]
fn small_numbers_are_on_the_page_and_g_is_said_to_be_unadjusted() {
    let mut study = study();
    study.plan.brain = Some(boldly::trial::BrainPlan {
        table: "brain".to_owned(),
        regions: vec!["pag_pain".to_owned()],
    });
    let table = study.cells("brain");
    let at = table.position("pag_pain").unwrap();
    for row in &mut table.rows {
        if let Ok(value) = row[at].parse::<f64>() {
            row[at] = (1e-7 * value).to_string();
        }
    }
    let results = whole(&study);
    let text = page(&TrialPage {
        results: &results,
        command_line: &[],
        inputs: &[],
        outputs: &[],
        pictures: &[],
    });
    let section = text.split("id=\"brain\"").nth(1).unwrap().split("</section>").next().unwrap();
    assert!(section.contains("e−8"), "{section}");
    assert!(!section.contains("<td class=\"n\">0.000"), "{section}");
    let heads = text.matches("g of the change, unadjusted (95").count();
    let tables = text.matches("LS mean (95").count() / 2;
    assert_eq!(heads, tables);
    assert!(text.contains("Hedges g of the change, unadjusted (SD)"));
}

#[test]
fn columns_of_the_baseline_table_that_are_not_there_are_said() {
    let mut study = study();
    drop(&mut study, "sex");
    noted(&whole(&study), "participants.tsv has no column sex: not in the baseline table");
    drop(&mut study, "age");
    noted(&whole(&study), "has no column age and no sex: not in the baseline table");
    study.plan.describe = vec!["site".to_owned()];
    let results = whole(&study);
    assert!(!results.notes.all.iter().any(|note| note.text.contains("not in the baseline table")));
}

#[test]
fn columns_that_are_nearly_of_a_known_name_are_asked_after() {
    let mut study = study();
    study.plan.adverse_events = Some("adverse_events".to_owned());
    let mut rename = |table: &str, from: &str, to: &str| {
        let table = study.cells(table);
        let at = table.position(from).unwrap();
        table.columns[at] = to.to_owned();
    };
    rename("participants", "treated", "treatd");
    rename("participants", "last_day", "last_da");
    rename("adverse_events", "severity", "severty");
    let results = whole(&study);
    noted(
        &results,
        "no column treated: who was randomised is taken to be treated; is its column 'treatd' meant?",
    );
    noted(&results, "no column last_day; is its column 'last_da' meant?");
    noted(&results, "no column severity: no row 'severe'; is the column 'severty' meant?");
}

#[test]
fn arms_that_differ_in_case_alone_are_refused() {
    let mut study = study();
    study.set("participants", 0, "arm", "Placebo");
    study.plan.active = Some("milnacipran".to_owned());
    let says =
        ["'Placebo' (participants.tsv, line 2 (sub-001))", "'placebo' (", "differ in case alone"];
    refused(&study, 2, &says);
    let mut study = self::study();
    study.plan.strata = vec!["site".to_owned()];
    let site = study.cells("participants").rows[0].clone();
    study.set("participants", 0, "site", "COLOGNE");
    study.set("participants", 1, "site", "Cologne");
    study.set("participants", 2, "site", "Cologne");
    refused(&study, 2, &["--strata site", &format!("'COLOGNE' ({})", site[0]), "in case alone"]);
}

#[test]
fn motion_that_is_named_beside_a_tables_own_is_told_to_be_of_no_use() {
    let mut study = study();
    study.plan.brain =
        Some(boldly::trial::BrainPlan { table: "brain".to_owned(), regions: Vec::new() });
    study.plan.motion = Some("questionnaires:nrs".parse().unwrap());
    noted(&whole(&study), "--motion questionnaires:nrs is not held against the regions of brain");
}
