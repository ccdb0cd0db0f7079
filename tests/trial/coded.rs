//! Codes of columns of fixed meaning say what the dictionary's Levels say that they mean: a study whose words are coded, be it backwards, is the study.

use boldly::error::Result;
use boldly::trial::results::AdverseEvents;
use boldly::trial::{
    Dictionary, Notes, Person, PressurePlan, adverse, crossover, disposition, pressure,
};

use crate::study::{Study, study};

const AE: &str = "adverse_events";

/// Words of a column with the code that stands for each, and what Levels say that it means.
type Coding = [(&'static str, &'static str, &'static str)];

/// The cells of a column of a table as codes, and its dictionary.
fn coded(study: &mut Study, table: &str, column: &str, coding: &Coding) {
    let cells = study.cells(table);
    let at = cells.position(column).unwrap();
    for row in &mut cells.rows {
        if let Some((_, code, _)) = coding.iter().find(|(word, ..)| *word == row[at]) {
            row[at] = (*code).to_owned();
        }
    }
    let levels: serde_json::Map<String, serde_json::Value> =
        coding.iter().map(|(_, code, means)| ((*code).to_owned(), (*means).into())).collect();
    describe(study, table, column, &serde_json::Value::Object(levels));
}

fn describe(study: &mut Study, table: &str, column: &str, levels: &serde_json::Value) {
    let text = serde_json::json!({ column: { "Levels": levels } }).to_string();
    let own = match table {
        "participants" => &mut study.participants,
        _ => study.tables.all.iter_mut().find(|own| own.name == table).unwrap(),
    };
    let entry = Dictionary::parse(&format!("{table}.json"), &text).unwrap();
    own.dictionary.name = entry.name;
    own.dictionary.variables.retain(|own| own.name != column);
    own.dictionary.variables.extend(entry.variables);
}

fn events(study: &Study) -> Result<(AdverseEvents, String)> {
    let mut notes = Notes::default();
    let people = study.people_noted(&mut notes)?;
    let found = adverse::analyse(&study.plan, &people, &study.tables, &mut notes)?;
    Ok((found, notes.all.iter().map(|note| format!("{}\n", note.text)).collect()))
}

fn asked() -> Study {
    let mut study = study();
    study.plan.adverse_events = Some(AE.to_owned());
    study
}

#[track_caller]
fn refused(study: &Study, parts: &[&str]) {
    let message = events(study).unwrap_err().to_string();
    for part in parts {
        assert!(message.contains(part), "no '{part}' in: {message}");
    }
    assert!(!message.contains("did you mean"), "{message}");
}

#[test]
fn coded_adverse_events_are_counted_by_what_levels_say_that_codes_mean() {
    let (want, _) = events(&asked()).unwrap();
    let codings: [(&str, &Coding); 10] = [
        ("serious", &[("no", "1", "not serious"), ("yes", "0", "serious")]),
        ("serious", &[("no", "1", "no"), ("yes", "2", "Yes, serious adverse event")]),
        (
            "severity",
            &[("mild", "3", "mild"), ("moderate", "2", "moderate"), ("severe", "1", "severe")],
        ),
        (
            "severity",
            &[("mild", "0", "Mild"), ("moderate", "1", "Moderate"), ("severe", "2", "Severe")],
        ),
        (
            "severity",
            &[
                ("mild", "10", "1 - mild: no limits"),
                ("moderate", "20", "Grade 2"),
                ("severe", "30", "Grade 3 (severe)"),
            ],
        ),
        ("severity", &[("mild", "1", ""), ("moderate", "2", ""), ("severe", "3", "")]),
        ("relation", &[("related", "0", "related"), ("not related", "1", "not related")]),
        (
            "relation",
            &[("related", "R", "related to treatment"), ("not related", "N", "not related")],
        ),
        ("relation", &[("related", "N", "related"), ("not related", "U", "unrelated")]),
        ("action", &[("none", "1", "none"), ("withdrawn", "2", "treatment withdrawn")]),
    ];
    for (column, coding) in codings {
        let mut study = asked();
        coded(&mut study, AE, column, coding);
        let (found, notes) = events(&study).unwrap_or_else(|error| panic!("{coding:?}: {error}"));
        assert_eq!(found, want, "{column} {coding:?}");
        let is_told = notes.contains(&format!("{column} by the Levels of adverse_events.json: "));
        assert_eq!(is_told, !coding[0].2.is_empty(), "{notes}");
    }
    // A spreadsheet's 1.0 is the level 1.
    let mut study = asked();
    coded(&mut study, AE, "serious", &[("no", "1", "no"), ("yes", "0", "yes")]);
    let at = study.cells(AE).position("serious").unwrap();
    study.cells(AE).rows.iter_mut().for_each(|row| row[at] += ".0");
    assert_eq!(events(&study).unwrap().0, want);
}

#[test]
fn a_code_for_what_nobody_knows_is_as_na() {
    let mut study = asked();
    study.set(AE, 0, "relation", "n/a");
    let (want, told) = events(&study).unwrap();
    assert!(told.contains("1 adverse event without relation"), "{told}");
    study.set(AE, 0, "relation", "9");
    let levels = serde_json::json!({"related": "", "not related": "", "9": "not known"});
    describe(&mut study, AE, "relation", &levels);
    assert_eq!(events(&study).unwrap().0, want);
}

#[test]
fn levels_that_say_nothing_known_of_a_code_or_contradict_a_word_are_refused() {
    let coding = [("mild", "1", "a bit"), ("moderate", "2", "more"), ("severe", "3", "much")];
    let mut study = asked();
    coded(&mut study, AE, "severity", &coding);
    let hint = "say it in one of these words in the Levels of severity";
    refused(
        &study,
        &["line 2", "'3' in column severity, which is 'much' by adverse_events.json", hint],
    );
    // Of one code nothing is said, of the others something.
    let coding = [("no", "1", "no"), ("yes", "0", "")];
    let mut study = asked();
    coded(&mut study, AE, "serious", &coding);
    let found = "'0' in column serious, of whose meaning adverse_events.json says nothing";
    refused(&study, &[found, "say what it means in the Levels of serious"]);
    for (cell, meaning) in [("yes", "not serious"), ("yes", "no"), ("no", "yes, serious")] {
        let mut study = asked();
        let mut levels = serde_json::json!({"yes": "", "no": ""});
        levels[cell] = meaning.into();
        describe(&mut study, AE, "serious", &levels);
        refused(&study, &[&format!("'{cell}' in column serious, which is '{meaning}'")]);
    }
    // Parts of a meaning that contradict each other say nothing.
    let mut study = asked();
    coded(&mut study, AE, "serious", &[("no", "1", "yes/no"), ("yes", "0", "yes")]);
    refused(&study, &["'1' in column serious, which is 'yes/no'"]);
    // Without Levels a code that no word list has is not near to another.
    let mut study = asked();
    study.set(AE, 0, "serious", "2");
    refused(
        &study,
        &["'2' in column serious", "or say in adverse_events.json by Levels of serious"],
    );
}

/// A letter that the dictionary explains is no yes or no, and words beside known ones must leave them as they are.
#[test]
fn letters_mean_what_levels_say_and_words_that_may_turn_others_are_refused() {
    let (want, _) = events(&asked()).unwrap();
    let told: [(&str, &Coding); 5] = [
        ("serious", &[("no", "y", "not serious"), ("yes", "n", "serious")]),
        (
            "severity",
            &[("mild", "G3", "mild"), ("moderate", "G2", "moderate"), ("severe", "G1", "severe")],
        ),
        ("serious", &[("no", "1", "no"), ("yes", "2", "Yes (SAE by ICH E2A)")]),
        (
            "relation",
            &[
                ("related", "1", "related to the study drug"),
                ("not related", "2", "not related to treatment"),
            ],
        ),
        (
            "severity",
            &[
                ("mild", "1", "1: mild, no limits"),
                ("moderate", "2", "2: moderate"),
                ("severe", "3", "3: severe"),
            ],
        ),
    ];
    for (column, coding) in told {
        let mut study = asked();
        coded(&mut study, AE, column, coding);
        let (found, notes) = events(&study).unwrap_or_else(|error| panic!("{coding:?}: {error}"));
        assert_eq!(found, want, "{column} {coding:?}");
        for (_, code, means) in coding {
            assert!(notes.contains(&format!("{code} is {means}")), "{notes}");
        }
    }
    let unclear: [(&str, &Coding); 12] = [
        ("serious", &[("no", "Y", "non-serious"), ("yes", "N", "SAE")]),
        ("serious", &[("no", "Y", "nicht schwerwiegend"), ("yes", "N", "schwerwiegend")]),
        ("serious", &[("no", "1", "no"), ("yes", "2", "serious event: not")]),
        ("serious", &[("no", "1", "no"), ("yes", "2", "serious adverse event: none")]),
        (
            "relation",
            &[
                ("related", "1", "related"),
                ("not related", "0", "related to the underlying disease"),
            ],
        ),
        (
            "relation",
            &[("related", "1", "related"), ("not related", "0", "related, not to the drug")],
        ),
        ("relation", &[("related", "1", "related"), ("not related", "0", "no, or yes")]),
        (
            "severity",
            &[
                ("mild", "1", "mild"),
                ("moderate", "4", "moderate"),
                ("severe", "2", "moderate to severe"),
            ],
        ),
        (
            "severity",
            &[("mild", "1", "mild"), ("moderate", "4", "moderate"), ("severe", "2", "grade 2/3")],
        ),
        (
            "severity",
            &[("mild", "1", "mild"), ("moderate", "4", "moderate"), ("severe", "2", "2 to 3")],
        ),
        ("action", &[("none", "1", "none"), ("withdrawn", "2", "discontinued (no)")]),
        ("action", &[("none", "1", "none"), ("withdrawn", "2", "not, withdrawn")]),
    ];
    for (column, coding) in unclear {
        let mut study = asked();
        coded(&mut study, AE, column, coding);
        let message = events(&study).map_or_else(|error| error.to_string(), |_| "read".to_owned());
        let [.., (_, code, means)] = coding else { panic!("a code") };
        let part = format!("'{code}' in column {column}, which is '{means}'");
        assert!(message.contains(&part) || message.contains("nicht sch"), "{part}: {message}");
    }
}

#[test]
fn participants_are_those_that_levels_say() {
    let mut plain = study();
    // Somebody who was never treated, and somebody not randomised.
    for column in ["treated", "completed"] {
        plain.set("participants", 4, column, "no");
        plain.set("participants", 5, column, "no");
    }
    plain.set("participants", 5, "randomised", "no");
    let want = plain.people();
    let n = |is_so: &dyn Fn(&Person) -> bool| want.places(is_so).len();
    assert_eq!([n(&|p| !p.treated), n(&|p| !p.randomised)], [2, 1]);
    let codings: [(&str, &Coding); 6] = [
        ("completed", &[("yes", "0", "yes, completed"), ("no", "1", "no, left")]),
        ("completed", &[("yes", "2", "Completed"), ("no", "1", "left early")]),
        ("treated", &[("yes", "0", "yes"), ("no", "1", "no")]),
        ("treated", &[("yes", "1", "treated"), ("no", "2", "never dosed")]),
        ("randomised", &[("yes", "0", "randomised"), ("no", "1", "screening failure")]),
        ("randomised", &[("yes", "yes", "drew a number"), ("no", "no", "did not")]),
    ];
    for (column, coding) in codings {
        let mut study = study();
        study.participants.table.rows.clone_from(&plain.participants.table.rows);
        coded(&mut study, "participants", column, coding);
        let found = study.people_noted(&mut Notes::default());
        let found = found.unwrap_or_else(|error| panic!("{column} {coding:?}: {error}"));
        assert_eq!(found.all, want.all, "{column} {coding:?}");
    }
    let mut study = study();
    coded(
        &mut study,
        "participants",
        "completed",
        &[("yes", "1", "group b"), ("no", "0", "group a")],
    );
    refused(&study, &["participants.tsv, line 2", "'1' in column completed, which is 'group b'"]);
}

#[test]
fn reasons_for_leaving_are_called_and_understood_by_levels() {
    let reasons = |study: &Study| {
        let mut notes = Notes::default();
        let people = study.people();
        let found = disposition::analyse(&study.plan, &people, &study.tables, &mut notes).unwrap();
        found.reasons.into_iter().map(|(name, n, _)| (name, n)).collect::<Vec<_>>()
    };
    let plain = asked();
    let (want, (_, told)) = (reasons(&plain), events(&plain).unwrap());
    assert!(want.len() > 2 && !told.contains("ended treatment"), "{want:?} {told}");
    let words: Vec<String> = want.iter().map(|(name, _)| name.clone()).collect();
    let mut levels = serde_json::json!({"0": "not applicable"});
    let mut study = asked();
    let at = study.cells("participants").position("discontinuation_reason").unwrap();
    for row in &mut study.cells("participants").rows {
        let code = words.iter().position(|word| *word == row[at]).map_or(0, |at| at + 1);
        row[at] = code.to_string();
    }
    for (at, word) in words.iter().enumerate() {
        levels[(at + 1).to_string()] = word.as_str().into();
    }
    describe(&mut study, "participants", "discontinuation_reason", &levels);
    assert_eq!(reasons(&study), want);
    assert!(!events(&study).unwrap().1.contains("ended treatment"));
    // What a short word means decides, too.
    let mut study = asked();
    coded(
        &mut study,
        "participants",
        "discontinuation_reason",
        &[("adverse event", "AE", "adverse event")],
    );
    let mut all = serde_json::json!({"AE": "adverse event"});
    words.iter().filter(|word| *word != "adverse event").for_each(|word| all[word] = "".into());
    describe(&mut study, "participants", "discontinuation_reason", &all);
    assert!(!events(&study).unwrap().1.contains("ended treatment"));
}

#[test]
fn coded_classes_and_terms_have_their_names() {
    let mut study = asked();
    let (want, _) = events(&study).unwrap();
    for column in ["soc", "pt"] {
        let at = study.cells(AE).position(column).unwrap();
        let mut words: Vec<String> =
            study.cells(AE).rows.iter().map(|row| row[at].clone()).collect();
        words.sort();
        words.dedup();
        let mut levels = serde_json::json!({});
        for row in &mut study.cells(AE).rows {
            let code = 1000 + words.iter().position(|word| *word == row[at]).unwrap();
            levels[code.to_string()] = row[at].as_str().into();
            row[at] = code.to_string();
        }
        describe(&mut study, AE, column, &levels);
    }
    assert_eq!(events(&study).unwrap().0, want);
}

#[test]
fn coded_series_and_sequences_have_their_names() {
    let mut study = study();
    study.plan.pressure = Some(PressurePlan {
        table: "pressure".to_owned(),
        pressure: "pressure_kpa".to_owned(),
        rating: "rating".to_owned(),
        target: 50.0,
    });
    let table = study.cells("pressure");
    table.columns.push("series".to_owned());
    for (at, row) in table.rows.iter_mut().enumerate() {
        row.push((1 + at % 2).to_string());
    }
    describe(
        &mut study,
        "pressure",
        "series",
        &serde_json::json!({"1": "ascending", "2": "random"}),
    );
    let mut notes = Notes::default();
    let people = study.people();
    pressure::analyse(&study.plan, &people, &study.tables, &mut notes).unwrap();
    let said: String = notes.all.iter().map(|note| format!("{}\n", note.text)).collect();
    assert!(said.contains("ascending less random series"), "{said}");
    // Two codes that are called alike stay two.
    describe(&mut study, "pressure", "series", &serde_json::json!({"1": "series", "2": "series"}));
    let mut notes = Notes::default();
    pressure::analyse(&study.plan, &people, &study.tables, &mut notes).unwrap();
    let said: String = notes.all.iter().map(|note| format!("{}\n", note.text)).collect();
    assert!(said.contains("series (1) less series (2) series"), "{said}");

    let mut study = crate::crossover::patients();
    coded(
        &mut study,
        "crossover",
        "sequence",
        &[("AB", "1", "drug first"), ("BA", "2", "placebo first")],
    );
    let mut people = study.people();
    crossover::by_sequence(&study.plan, &mut people, &study.tables).unwrap();
    assert_eq!(people.arms.active, "sequence drug first");
    let found = crossover::analyse(&study.plan, &people, &study.tables, &mut Notes::default());
    let names: Vec<String> = found.unwrap().sequences.into_iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["drug first", "placebo first"]);
}
