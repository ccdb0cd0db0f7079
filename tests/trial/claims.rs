//! What pages, methods and notes claim of a comparison, and what columns must share to be compared.

use boldly::error::Result;
use boldly::trial::{
    Arm, BrainPlan, Dictionary, Measured, Notes, Results, analyse, crossover, edges,
};

use super::report::{drawn, whole};
use super::runs::with_runs;
use crate::study::{Study, study};

fn analysed(study: &Study) -> Result<Results> {
    let mut notes = Notes::default();
    let plan = study.plan.clone().resolved(&study.tables, &mut notes)?;
    analyse(&plan, study.participants.clone(), &study.tables, notes)
}

#[track_caller]
fn says(text: &str, parts: &[&str]) {
    parts.iter().for_each(|part| assert!(text.contains(part), "{part}: {text}"));
}

#[test]
fn headings_and_methods_name_the_strata_that_the_rows_are_adjusted_for() {
    let mut study = whole();
    let arms: Vec<Option<Arm>> = study.people().all.iter().map(|person| person.arm).collect();
    let of_arm =
        |arm| (0..arms.len()).filter(|row| arms[*row] == Some(arm)).take(3).collect::<Vec<_>>();
    let others = [of_arm(Arm::Active), of_arm(Arm::Control)].concat();
    for row in 0..study.participants.table.rows.len() {
        let site = if others.contains(&row) { "london" } else { "cologne" };
        study.set("participants", row, "site", site);
    }
    let ids: Vec<String> =
        others.iter().map(|row| study.participants.table.rows[*row][0].clone()).collect();
    // Those of the other site have outcomes, and neither CPM nor edges.
    for name in ["cpm", "coupling"] {
        let table = study.cells(name);
        let id = table.position("participant_id").unwrap();
        table.rows.retain(|row| !ids.contains(&row[id]));
    }
    let found = analysed(&study).unwrap();
    let page = drawn(&found).replace('\u{a0}', " ");
    says(
        &page,
        &[
            "Outcomes, adjusted for baseline and site: primary analyses",
            "CPM at the endpoint, adjusted for baseline (missing",
            "adjusted also for site where those analysed have several levels",
        ],
    );
    assert!(!page.contains("CPM at the endpoint, adjusted for baseline and site"));
    let said: String = found.notes.all.iter().map(|note| format!("{note}\n")).collect();
    says(&said, &["not adjusted for site, which is the same in all analysed: ", "CPM", "6 edges"]);
    // Of rows that differ the heading says so; where none is, nothing is claimed.
    let mut some = found.clone();
    some.ancova.rows[0].one_level = vec!["site".to_owned()];
    says(&drawn(&some), &["Outcomes, adjusted for baseline, some rows also for site: primary"]);
    for row in &mut some.ancova.rows {
        row.one_level = vec!["site".to_owned()];
    }
    (some.cpm, some.pressure, some.brain, some.edges) = (None, None, None, None);
    let page = drawn(&some);
    says(&page, &["Outcomes, adjusted for baseline: primary"]);
    assert!(!page.contains("adjusted also for site"));
}

#[test]
fn a_crossover_takes_no_difference_of_other_units_or_directions() {
    let analysed = |dictionary: &str| {
        let mut study = super::crossover::patients();
        let own = study.tables.all.iter_mut().find(|table| table.name == "crossover").unwrap();
        own.dictionary = Dictionary::parse("crossover.json", dictionary).unwrap();
        crossover::analyse(&study.plan, &study.people(), &study.tables, &mut Notes::default())
    };
    let refused = |dictionary: &str| analysed(dictionary).unwrap_err().to_string();
    let told = refused(r#"{"outcome": {"Units": "points"}, "baseline": {"Units": "mm"}}"#);
    says(
        &told,
        &[
            "columns outcome and baseline of --crossover crossover",
            "have the Units 'points' and 'mm' by crossover.json",
            "have the same, for the change is their difference",
        ],
    );
    let told = refused(
        r#"{"outcome": {"Direction": "lower is better"}, "baseline": {"Direction": "higher is better"}}"#,
    );
    says(&told, &["outcome and baseline of", "have opposite Directions by crossover.json"]);
    let same =
        r#"{"outcome": {"Units": "mm", "Direction": "lower"}, "baseline": {"Units": " mm "}}"#;
    analysed(same).unwrap();
}

#[test]
fn a_run_is_a_whole_number_with_or_without_the_name_of_its_entity() {
    let with = |run: &str, row: usize| {
        let mut study = with_runs(2, 1, true);
        study.plan.motion = None;
        study.set("brain", row, "run", run);
        study.plan.outcomes.truncate(1);
        study.plan.primary.clear();
        study.plan.outcomes[0].column = "brain:pag_pain".parse().unwrap();
        study.plan.brain = None::<BrainPlan>;
        analysed(&study)
    };
    for word in ["a", "A", "1.5", "-1", "run-x"] {
        let told = with(word, 1).unwrap_err().to_string();
        let held = format!("brain.tsv, line 3 (sub-001), holds '{word}' in column run");
        says(&told, &[&held, "hold a whole number, 0 or more: which of a visit's runs it is"]);
    }
    for same in ["1", "run-1", "run-01"] {
        let told = with(same, 1).unwrap_err().to_string();
        says(&told, &["brain.tsv, line 3 (sub-001), is of ses-baseline as line 2 is"]);
    }
    with("run-02", 1).unwrap();
    let mut table: Measured = super::edges::long();
    let at = table.table.position("run").unwrap();
    table.table.rows[0][at] = "a".to_owned();
    let told = edges::of_table(&table).unwrap_err().to_string();
    says(&told, &["line 2 (sub-001), holds 'a' in column run"]);
}

#[test]
fn a_task_is_the_same_with_the_name_of_its_entity() {
    let mut study = study();
    study.plan.outcomes.truncate(1);
    study.plan.primary.clear();
    study.plan.outcomes[0].column = "brain:pag_pain".parse().unwrap();
    let table = study.cells("brain");
    table.columns.push("task".to_owned());
    for (row, cells) in table.rows.iter_mut().enumerate() {
        cells.push(["rest", "task-rest"][row % 2].to_owned());
    }
    let notes = analysed(&study).unwrap().notes.all;
    assert!(!notes.iter().any(|note| note.text.contains("is of several tasks")), "{notes:?}");
}

#[test]
fn text_of_a_dictionary_that_is_blank_is_none() {
    let text = r#"{"nrs": {"LongName": "", "Units": " ", "Description": ""}}"#;
    let found = Dictionary::parse("q.json", text).unwrap();
    let own = found.get("nrs").unwrap();
    assert_eq!((&own.long_name, &own.units, &own.description), (&None, &None, &None));
}

#[test]
fn a_limit_that_is_no_number_is_told_as_one() {
    for value in [r#""0""#, r#""a""#] {
        let text = format!("{{\"nrs\": {{\"Minimum\": {value}}}}}");
        let told = Dictionary::parse("q.json", &text).unwrap_err().to_string();
        says(&told, &["gives nrs the Minimum", value, "give a number, without quotation marks"]);
        assert!(!told.contains("two rising"), "{told}");
    }
}

#[test]
fn a_dictionary_that_contradicts_itself_is_refused() {
    let refused = |text: &str, parts: &[&str]| {
        says(&Dictionary::parse("q.json", text).unwrap_err().to_string(), parts);
    };
    let range = "gives nrs the Range [0,10] and the";
    refused(r#"{"nrs": {"Range": [0, 10], "Maximum": 100}}"#, &[range, "the Maximum 100"]);
    refused(r#"{"nrs": {"Range": [0, 10], "Minimum": 1, "Maximum": 10}}"#, &["the Minimum 1"]);
    let same = r#"{"nrs": {"Range": [0, 10], "Minimum": 0, "Maximum": 10.0}}"#;
    assert_eq!(Dictionary::parse("q.json", same).unwrap().variables[0].range, Some([0.0, 10.0]));
    let twice = r#"{"nrs": {"Units": "a"}, "fiq": {}, "nrs": {"Units": "b"}}"#;
    refused(twice, &["q.json", "gives 'nrs' twice in one object"]);
    let within = r#"{"nrs": {"Levels": {"1": "no", "2": [null, {}], "1": "yes"}}}"#;
    refused(within, &["gives '1' twice in one object"]);
    let apart = r#"{"a": {"Units": "x"}, "b": {"Units": "x", "n": [1, -1, 0.5, true]}}"#;
    assert_eq!(Dictionary::parse("q.json", apart).unwrap().variables.len(), 2);
}

#[test]
fn methods_and_headings_say_of_parts_only_what_was_done() {
    let drawn = |spoil: &dyn Fn(&mut Study)| {
        let mut study = whole();
        spoil(&mut study);
        drawn(&analysed(&study).unwrap())
    };
    let html = drawn(&|_| {});
    let (inhibits, curve) = ("A patient inhibits above 2 SEM", "curve with log-log limits");
    let relations = "Relations between measures";
    for said in [inhibits, "Retest is ICC(A,1)", curve, "by the log-rank test"] {
        assert!(html.contains(said), "{said}");
    }
    assert!(html.contains("Brain and behaviour") && !html.contains(relations));
    // Single repetitions, and nobody's last day.
    let html = drawn(&|study| {
        study.cells("cpm").rows.retain(|cells| cells[2] == "1");
        let people = &mut study.participants.table;
        let at = people.position("last_day").unwrap();
        people.rows.iter_mut().for_each(|row| row[at] = "n/a".to_owned());
    });
    for said in [inhibits, curve, "by the log-rank test"] {
        assert!(!html.contains(said), "{said}");
    }
    // Two questionnaires.
    let html = drawn(&|study| {
        study.plan.correlations = vec!["questionnaires:fiq~questionnaires:nrs".parse().unwrap()];
    });
    assert!(html.contains(relations) && !html.contains("Brain and behaviour"));
}
