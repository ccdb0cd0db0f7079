//! What one may overlook in a plan or a study: named twice, spelled in two ways, swapped, or without use. It is refused or told.

use boldly::error::Result;
use boldly::report::trial::{TrialPage, page};
use boldly::trial::{
    BrainPlan, CpmPlan, Dictionary, Missing, Note, Notes, Permutations, Plan, PressurePlan,
    Results, analyse,
};

use crate::study::{Study, study};

fn resolved(study: &Study, notes: &mut Notes) -> Result<Plan> {
    study.plan.clone().resolved(&study.tables, notes)
}

fn tried(study: &Study) -> Result<Results> {
    analyse(&study.plan, study.participants.clone(), &study.tables, Notes::default())
}

#[track_caller]
fn says(error: &boldly::error::Error, parts: &[&str]) {
    let text = error.to_string();
    parts.iter().for_each(|part| assert!(text.contains(part), "{part}: {text}"));
}

#[track_caller]
fn noted<'a>(notes: &'a Notes, part: &str) -> &'a Note {
    let found = notes.all.iter().find(|note| note.text.contains(part));
    found.unwrap_or_else(|| panic!("no '{part}' in {:#?}", notes.all))
}

#[test]
fn what_a_plan_names_twice_in_one_spelling_or_two_is_refused() {
    let refused = |spoil: &dyn Fn(&mut Plan), parts: &[&str]| {
        let mut study = study();
        spoil(&mut study.plan);
        says(&resolved(&study, &mut Notes::default()).unwrap_err(), parts);
    };
    let columns = |names: &[&str]| names.iter().map(|name| name.parse().unwrap()).collect();
    let words = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
    refused(
        &|plan| plan.primary = columns(&["fiq", "questionnaires:fiq"]),
        &["--primary questionnaires:fiq is named twice"],
    );
    refused(&|plan| plan.strata = words(&["site", "site"]), &["--strata site is named twice"]);
    refused(&|plan| plan.describe = words(&["age", "age"]), &["--describe age is named twice"]);
    let brain = |regions| Some(BrainPlan { table: "brain".to_owned(), regions });
    refused(
        &|plan| plan.brain = brain(words(&["pag_pain", "pag_pain"])),
        &["--region pag_pain is named twice"],
    );
    let covariates = ["age", "participants:age"].map(|name| name.parse().unwrap()).to_vec();
    refused(&|plan| plan.covariates = covariates.clone(), &["--covariate age is named twice"]);
    refused(&|plan| plan.missing = vec![Missing::Bocf; 2], &["--missing names a way twice"]);
    // A primary outcome without an outcome.
    let primary = |plan: &mut Plan| {
        plan.primary = columns(&["nrs"]);
        plan.outcomes.clear();
        plan.adverse_events = Some("adverse_events".to_owned());
    };
    refused(&primary, &["comes without an outcome", "add --outcome questionnaires:nrs"]);
    // Rearrangements without an outcome, too.
    let permuted = |plan: &mut Plan| {
        plan.outcomes.clear();
        plan.adverse_events = Some("adverse_events".to_owned());
        plan.permutations = Some(Permutations { n: 100, seed: 1 });
    };
    refused(&permuted, &["--permutations comes without an outcome"]);
}

#[test]
fn levels_that_differ_in_case_alone_are_refused_and_in_the_baseline_table_told() {
    let with = |column: &str, level: &str| {
        let mut study = study();
        for row in [3, 9, 17] {
            study.set("participants", row, column, level);
        }
        study
    };
    let mut spoiled = with("site", "Cologne");
    spoiled.plan.strata = vec!["site".to_owned()];
    let parts = ["--strata site has 'Cologne' (", "'cologne' (sub-", "case alone"];
    says(&tried(&spoiled).unwrap_err(), &parts);
    let mut spoiled = with("sex", "f");
    let told = noted(&tried(&spoiled).unwrap().notes, "sex has 'F' and 'f'").text.clone();
    assert!(told.contains("two levels of the baseline table"), "{told}");
    spoiled.plan.covariates = vec!["participants:sex".parse().unwrap()];
    says(&tried(&spoiled).unwrap_err(), &["--covariate sex has 'F' (", "'f' ("]);
}

#[test]
fn what_a_dictionary_says_of_no_column_and_in_no_known_key_is_told() {
    let mut study = study();
    let own = study.tables.all.iter_mut().find(|own| own.name == "questionnaires").unwrap();
    let text = r#"{"nrss": {"Range": [0, 10]}, "fiq": {"range": [0, 100], "TermURL": "x"},
                   "sleep_hours_of_the_night": {"Units": "h"}, "made": {"By": "x"}, "Version": "1"}"#;
    own.dictionary = Dictionary::parse("questionnaires.json", text).unwrap();
    let notes = tried(&study).unwrap().notes;
    let told = noted(&notes, "describes 'nrss', which is no column of questionnaires.tsv");
    assert!(told.text.ends_with("is 'nrs' meant?"), "{}", told.text);
    noted(&notes, "gives fiq 'range', which is not read: is 'Range' meant?");
    let rest = noted(&notes, "describes what is no column of questionnaires.tsv");
    assert!(rest.text.ends_with(": sleep_hours_of_the_night"), "{}", rest.text);
    assert!(!notes.all.iter().any(|note| note.text.contains("TermURL")));
    // The goldens' own say nothing idle.
    let notes = tried(&self::study()).unwrap().notes;
    let idle = |note: &&Note| note.text.contains("no column of") || note.text.contains("not read");
    assert_eq!(notes.all.iter().find(idle), None);
}

#[test]
fn a_baseline_that_is_the_same_in_all_is_told_to_be_in_no_model() {
    let mut study = study();
    study.plan.outcomes.truncate(2);
    let before = tried(&study).unwrap();
    assert!(before.ancova.rows.iter().all(|row| row.dependent.is_empty()));
    let table = study.cells("questionnaires");
    let nrs = table.position("nrs").unwrap();
    let baseline = table.rows.iter_mut().filter(|row| row[1] == "ses-baseline");
    baseline.for_each(|row| row[nrs] = "6".to_owned());
    let results = tried(&study).unwrap();
    assert_eq!(results.ancova.rows[0].dependent, ["baseline"]);
    let dof = |of: &Results| of.ancova.rows[0].test.dof.unwrap();
    assert_eq!(dof(&results), dof(&before) + 1.0);
    let told = noted(&results.notes, "nrs: the baseline is the same in all who are analysed");
    assert!(told.text.ends_with("with a degree of freedom more"), "{}", told.text);
}

#[test]
fn visits_that_their_names_put_the_other_way_round_are_asked_after() {
    let asked = |baseline: &str, endpoint: &str| {
        let mut study = study();
        (study.plan.baseline, study.plan.endpoint) = (baseline.to_owned(), endpoint.to_owned());
        let mut notes = Notes::default();
        resolved(&study, &mut notes).unwrap();
        notes.all.iter().any(|note| note.text.contains("are --baseline and --endpoint swapped?"))
    };
    assert!(asked("ses-week13", "ses-baseline") && !asked("ses-baseline", "ses-week13"));
    assert!(asked("ses-13", "ses-6") && !asked("ses-6", "ses-13"));
    assert!(asked("post", "pre") && !asked("pre", "post"));
    assert!(!asked("ses-a", "ses-b") && !asked("ses-b", "ses-a"));
}

#[test]
fn rearrangements_too_few_for_a_small_p_are_told() {
    let mut study = study();
    study.plan.outcomes.truncate(1);
    study.plan.permutations = Some(Permutations { n: 10, seed: 1 });
    let results = tried(&study).unwrap();
    let told = noted(&results.notes, "no p by rearrangement is below 0.100");
    assert!(told.text.starts_with("nrs: of 10 rearrangements"), "{}", told.text);
    let p: Vec<_> = results.ancova.rows.iter().map(|row| row.p_permuted.is_some()).collect();
    assert_eq!(p, [true, false], "the first way alone");
    study.plan.permutations = Some(Permutations { n: 1000, seed: 1 });
    let notes = tried(&study).unwrap().notes;
    assert!(!notes.all.iter().any(|note| note.text.contains("by rearrangement is below")));
}

#[test]
fn who_lacks_values_is_said_to_be_left_out_where_they_are() {
    let mut study = study();
    study.plan.missing = vec![Missing::Bocf];
    let notes = tried(&study).unwrap().notes;
    let told = noted(&notes, "17 participants who did not complete the study lack nrs");
    assert!(told.text.ends_with("an earlier value is carried forward, where there is one"));
    assert!(!notes.all.iter().any(|note| note.text.contains("of those observed")));
}

#[test]
fn who_left_and_has_values_and_why_others_were_not_randomised_is_said() {
    let mut study = study();
    study.set("participants", 0, "completed", "no");
    study.set("participants", 0, "last_day", "40");
    study.set("participants", 0, "discontinuation_reason", "moved");
    let told =
        noted(&tried(&study).unwrap().notes, "did not complete the study has values").clone();
    assert_eq!(told.participants, ["sub-001"]);
    assert!(told.text.contains("nrs") && told.text.contains("at ses-week13"), "{}", told.text);
    for (row, why) in [(4, "screening failure"), (5, "Screening failure"), (6, "n/a")] {
        for (column, cell) in [("arm", "n/a"), ("randomised", "no"), ("treated", "no")] {
            study.set("participants", row, column, cell);
        }
        study.set("participants", row, "completed", "no");
        study.set("participants", row, "discontinuation_reason", why);
    }
    for name in ["questionnaires", "cpm", "pressure", "brain", "adverse_events"] {
        let gone = ["sub-005", "sub-006", "sub-007"];
        study.cells(name).rows.retain(|row| !gone.contains(&row[0].as_str()));
    }
    let results = tried(&study).unwrap();
    assert_eq!(results.flow.why_not, [("screening failure".to_owned(), 2)]);
    let of = TrialPage {
        results: &results,
        command_line: &[],
        inputs: &[],
        outputs: &[],
        pictures: &[],
    };
    assert!(page(&of).contains("– screening failure: 2"));
}

#[test]
fn columns_that_a_plan_may_name_otherwise_are_found_and_visits_without_a_line_are_named() {
    let mut study = study();
    study.plan.outcomes.clear();
    study.plan.pressure = Some(PressurePlan::of("pressure".to_owned()));
    let mut renamed = Study { tables: study.tables.clone(), ..self::study() };
    renamed.plan = study.plan.clone();
    let at = renamed.cells("pressure").position("pressure_kpa").unwrap();
    renamed.cells("pressure").columns[at] = "pressure".to_owned();
    let parts = [
        "did you mean 'pressure'?",
        r#""pressure": {"table": "pressure", "pressure": "pressure"}"#,
    ];
    says(&tried(&renamed).unwrap_err(), &parts);
    // Two stimuli a visit are no line.
    let mut seen: Vec<[String; 2]> = Vec::new();
    study.cells("pressure").rows.retain(|row| {
        let visit = [row[0].clone(), row[1].clone()];
        seen.push(visit.clone());
        seen.iter().filter(|own| **own == visit).count() <= 2
    });
    let parts =
        ["pressure.tsv at ses-baseline has visits of 2 stimuli at most", "three rated stimuli"];
    says(&tried(&study).unwrap_err(), &parts);
}

#[test]
fn yes_and_no_are_read_in_any_case_and_messages_say_what_can_be_done() {
    let mut study = study();
    study.set("participants", 0, "completed", "Y");
    study.set("participants", 0, "treated", "tRUE");
    assert_eq!(study.people().all[0].completed, Some(true));
    study.set("participants", 0, "completed", "perhaps");
    let error = study.people_noted(&mut Notes::default()).unwrap_err();
    says(&error, &["'perhaps' in column completed", "yes or no (also y, true, 1, "]);
    // An arm that lacks, without a column that could say that nobody was randomised to it.
    let mut study = self::study();
    study.set("participants", 5, "arm", "n/a");
    let error = |study: &Study| study.people_noted(&mut Notes::default()).unwrap_err();
    says(&error(&study), &["or set randomised to no"]);
    let table = study.cells("participants");
    let at = table.position("randomised").unwrap();
    table.columns[at] = "seen".to_owned();
    says(&error(&study), &["or add a column randomised"]);
    // A slip is no third arm; another dose is one.
    let mut study = self::study();
    study.set("participants", 5, "arm", "plcebo");
    says(&error(&study), &["is 'plcebo' meant as 'placebo'? then correct it", "--active"]);
    study.set("participants", 5, "arm", "milnacipran2");
    let text = error(&study).to_string();
    assert!(text.contains("--active") && !text.contains("meant as"), "{text}");
}

#[test]
fn a_session_that_differs_in_case_alone_is_refused_with_its_line_in_every_table() {
    let plan = |study: &mut Study| {
        study.plan.cpm = Some(CpmPlan::of("cpm".to_owned()));
    };
    for (table, cell) in [
        ("cpm", "ses-Week13"),
        ("cpm", "Week13"),
        ("cpm", "Ses-week13"),
        ("questionnaires", "ses-BASELINE"),
    ] {
        let mut study = study();
        plan(&mut study);
        study.set(table, 4, "session_id", cell);
        let error =
            analyse(&study.plan, study.participants.clone(), &study.tables, Notes::default());
        let error = error.unwrap_err().to_string();
        let line = format!("{table}.tsv, line 6 (sub-");
        let parts = [&line, &format!("is of session '{cell}', and "), "differ in case alone"];
        parts.iter().for_each(|part| assert!(error.contains(part), "{part}: {error}"));
    }
    // Without ses- it is the same session.
    let mut study = study();
    plan(&mut study);
    let of_row = study.cells("cpm").rows[4][1].trim_start_matches("ses-").to_owned();
    study.set("cpm", 4, "session_id", &of_row);
    analyse(&study.plan, study.participants.clone(), &study.tables, Notes::default()).unwrap();
}
