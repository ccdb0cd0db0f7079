//! Codes and numerals: what is one level under two spellings, and what another table's `Levels` say that codes mean.

use boldly::error::Result;
use boldly::trial::{Dictionary, Notes, Plan, Results, analyse, crossover};

use crate::crossover::patients;
use crate::study::{Study, study};

fn tried(study: &Study) -> Result<Results> {
    analyse(&study.plan, study.participants.clone(), &study.tables, Notes::default())
}

fn resolved(study: &Study, notes: &mut Notes) -> Result<Plan> {
    study.plan.clone().resolved(&study.tables, notes)
}

fn told(notes: &Notes) -> String {
    notes.all.iter().map(|note| format!("{}\n", note.text)).collect()
}

#[track_caller]
fn says<T: std::fmt::Debug>(found: Result<T>, parts: &[&str]) {
    let text = found.unwrap_err().to_string();
    parts.iter().for_each(|part| assert!(text.contains(part), "{part}: {text}"));
}

/// The cells of a column, words as codes, of which nothing is said.
fn code(study: &mut Study, table: &str, column: &str, codes: &[(&str, &str)]) {
    explain(study, table, column, &serde_json::json!({}));
    let cells = study.cells(table);
    let at = cells.position(column).unwrap();
    for row in &mut cells.rows {
        if let Some((_, code)) = codes.iter().find(|(word, _)| *word == row[at]) {
            row[at] = (*code).to_owned();
        }
    }
}

/// What a table's dictionary says of a column's codes.
fn explain(study: &mut Study, table: &str, column: &str, levels: &serde_json::Value) {
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

const SITES: [(&str, &str); 3] = [("cologne", "1"), ("gothenburg", "2"), ("london", "3")];

#[test]
fn numerals_of_one_number_are_no_two_levels() {
    let mut study = study();
    code(&mut study, "participants", "site", &SITES);
    for other in ["1.0", "01"] {
        let at = study.cells("participants").position("site").unwrap();
        let rows = &mut study.cells("participants").rows;
        let first = rows.iter_mut().find(|row| row[at].parse::<f64>() == Ok(1.0)).unwrap();
        first[at] = other.to_owned();
        let who = first[0].clone();
        study.plan.strata = vec!["site".to_owned()];
        let one = format!("'{other}' ({who})");
        let both = [one.as_str(), "'1' (sub-", "which are one number"];
        says(tried(&study), &[&["--strata site has "][..], &both].concat());
        study.plan.strata.clear();
        study.plan.covariates = vec!["participants:site".parse().unwrap()];
        explain(&mut study, "participants", "site", &serde_json::json!([other, "1", "2", "3"]));
        says(tried(&study), &[&["--covariate site has "][..], &both].concat());
        study.plan.covariates.clear();
        explain(&mut study, "participants", "site", &serde_json::json!({}));
    }
    // Arms: --active would drop the other spelling.
    let mut study = self::study();
    code(&mut study, "participants", "arm", &[("placebo", "0"), ("milnacipran", "1")]);
    study.set("participants", 0, "arm", "1.0");
    study.plan.control = "0".to_owned();
    says(tried(&study), &["'1.0' (participants.tsv, line 2", "which are one number"]);
    // What differs in case is one word, which is told: so are these.
    let mut study = self::study();
    code(&mut study, "participants", "discontinuation_reason", &[("adverse event", "1")]);
    let before = tried(&study).unwrap().disposition.unwrap().reasons;
    let at = study.cells("participants").position("discontinuation_reason").unwrap();
    let rows = &mut study.cells("participants").rows;
    rows.iter_mut().filter(|row| row[at] == "1").skip(1).for_each(|row| row[at] += ".0");
    let found = tried(&study).unwrap();
    assert_eq!(found.disposition.as_ref().unwrap().reasons, before);
    assert!(told(&found.notes).contains("or are one number, are one: '1.0' as '1'"));
}

#[test]
fn the_control_may_be_named_by_another_numeral_of_its_number() {
    let mut study = study();
    code(&mut study, "participants", "arm", &[("placebo", "0.0"), ("milnacipran", "1.0")]);
    study.plan.control = "0".to_owned();
    assert_eq!(tried(&study).unwrap().arms.control, "0.0");
    code(&mut study, "participants", "arm", &[("0.0", "0"), ("1.0", "1")]);
    explain(&mut study, "participants", "arm", &serde_json::json!({"0": "placebo", "1": "drug"}));
    study.plan.control = "0.0".to_owned();
    assert_eq!(tried(&study).unwrap().arms.control, "placebo");
}

#[test]
fn the_arm_in_another_table_is_read_by_what_that_tables_levels_say() {
    let codes = |at: [&'static str; 2]| [("placebo", at[0]), ("milnacipran", at[1])];
    let said = |at: [&str; 2]| serde_json::json!({ (at[0]): "placebo", (at[1]): "milnacipran" });
    let words = ["placebo", "milnacipran"];
    let asked = |own: [&'static str; 2], has: bool, other: [&'static str; 2], explains: bool| {
        let mut study = study();
        study.plan.adverse_events = Some("adverse_events".to_owned());
        let people = study.people();
        let table = study.cells("adverse_events");
        table.columns.push("arm".to_owned());
        for row in &mut table.rows {
            let person = &people.all[people.find(&row[0]).unwrap()];
            row.push(person.arm.map_or("n/a".to_owned(), |arm| people.arms.get(arm).clone()));
        }
        code(&mut study, "adverse_events", "arm", &codes(other));
        code(&mut study, "participants", "arm", &codes(own));
        if has {
            explain(&mut study, "participants", "arm", &said(own));
        }
        if explains {
            explain(&mut study, "adverse_events", "arm", &said(other));
        }
        study.plan.control = own[0].to_owned();
        tried(&study)
    };
    let want = asked(words, false, words, false).unwrap().adverse_events;
    for (own, has, other, explains) in [
        (["0", "1"], true, words, false),
        (words, false, ["0", "1"], true),
        (["1", "0"], true, ["0", "1"], true),
        (["0", "1"], true, ["0.0", "1.0"], false),
        (["0", "1"], false, ["0.0", "01"], false),
    ] {
        let found = asked(own, has, other, explains);
        let found = found.unwrap_or_else(|error| panic!("{own:?} {other:?}: {error}"));
        assert_eq!(found.adverse_events, want, "{own:?} {other:?}");
    }
    // Equal codes of other meanings, and other codes.
    says(
        asked(["0", "1"], true, ["1", "0"], false),
        &["is of arm '", ", and of '", "in participants.tsv"],
    );
    let mut coded = study();
    coded.plan.adverse_events = Some("adverse_events".to_owned());
    coded.cells("adverse_events").columns.push("arm".to_owned());
    coded.cells("adverse_events").rows.iter_mut().for_each(|row| row.push("0".to_owned()));
    code(&mut coded, "participants", "arm", &codes(["0", "1"]));
    explain(&mut coded, "participants", "arm", &said(["0", "1"]));
    explain(&mut coded, "adverse_events", "arm", &said(["1", "0"]));
    coded.plan.control = "0".to_owned();
    says(tried(&coded), &["is of arm '0' (milnacipran), and of '0' (placebo)"]);
}

/// Sessions of the questionnaires as codes that are explained.
fn sessions(before: &str, after: &str) -> Study {
    let mut study = study();
    let codes = [("ses-baseline", before), ("ses-week13", after)];
    code(&mut study, "questionnaires", "session_id", &codes);
    let levels = serde_json::json!({ before: "baseline", after: "week 13" });
    explain(&mut study, "questionnaires", "session_id", &levels);
    // Tables of other sessions are none of the plan's.
    study.tables.all.retain(|own| ["participants", "questionnaires"].contains(&own.name.as_str()));
    study
}

#[test]
fn sessions_are_named_by_what_levels_say_and_not_against_it() {
    let named = |study: &mut Study, both: [&str; 2]| {
        [study.plan.baseline, study.plan.endpoint] = both.map(str::to_owned);
        let mut notes = Notes::default();
        let plan = resolved(study, &mut notes)?;
        Ok::<_, boldly::error::Error>(([plan.baseline, plan.endpoint], told(&notes)))
    };
    let mut study = sessions("2", "1");
    let want = ["ses-2", "ses-1"].map(str::to_owned);
    for both in [["2", "1"], ["baseline", "week 13"], ["ses-baseline", "ses-week13"]] {
        let (found, notes) = named(&mut study, both).unwrap();
        assert_eq!(found, want, "{both:?}");
        for part in ["session_id by the Levels of questionnaires.json: ", "ses-2 is baseline"] {
            assert!(notes.contains(part), "{notes}");
        }
    }
    says(
        named(&mut study, ["1", "2"]),
        &[
            "--endpoint ses-2 means 'baseline' by questionnaires.json",
            "--baseline ses-1 'week 13'",
            "swap --baseline and --endpoint",
        ],
    );
    says(
        named(&mut study, ["screening", "1"]),
        &["--baseline screening is no session", "ses-1 (week 13), ses-2 (baseline)"],
    );
    says(named(&mut study, ["", "1"]), &["--baseline one of ses-1 (week 13), ses-2 (baseline)"]);
    // A visit that is counted from baseline is not before it.
    let levels = serde_json::json!({"2": "baseline", "1": "13 weeks after baseline"});
    explain(&mut study, "questionnaires", "session_id", &levels);
    let plan = &mut study.plan;
    (plan.baseline, plan.endpoint) = ("2".to_owned(), "1".to_owned());
    plan.outcomes.truncate(1);
    assert!(resolved(&study, &mut Notes::default()).is_ok());
    let levels = serde_json::json!({"2": "visit", "1": "Visit"});
    explain(&mut study, "questionnaires", "session_id", &levels);
    says(resolved(&study, &mut Notes::default()), &["--endpoint ses-1 means 'Visit'"]);
}

#[test]
fn sexes_as_codes_that_nothing_explains_are_levels_and_told() {
    let mut study = study();
    code(&mut study, "participants", "sex", &[("F", "2"), ("M", "1")]);
    study.participants.dictionary.variables.retain(|own| own.name != "sex");
    let found = tried(&study).unwrap();
    let of_sex = found.baseline.rows.iter().filter(|row| row.variable == "participants:sex");
    let levels: Vec<Option<&str>> = of_sex.map(|row| row.level.as_deref()).collect();
    assert_eq!(levels, [Some("1"), Some("2")]);
    let notes = told(&found.notes);
    let part = "sex holds 1, 2 alone, codes that no Levels explain: they are counted as levels";
    assert!(notes.contains(part), "{notes}");
}

#[test]
fn levels_of_strata_and_covariates_are_called_by_what_they_mean() {
    let plain = |study: &mut Study| {
        study.plan.strata = vec!["site".to_owned()];
        study.plan.covariates = vec!["participants:sex".parse().unwrap()];
        tried(study).unwrap()
    };
    let want = plain(&mut study());
    let mut coded = study();
    code(&mut coded, "participants", "sex", &[("F", "2"), ("M", "1")]);
    explain(&mut coded, "participants", "sex", &serde_json::json!({"1": "male", "2": "female"}));
    let found = plain(&mut coded);
    let notes = told(&found.notes);
    assert!(notes.contains("sex (levels female, male)"), "{notes}");
    assert!(notes.contains("(male: milnacipran)"), "{notes}");
    let [one, other] = [&want, &found].map(|of| of.ancova.rows[0].difference.value);
    assert!((one - other).abs() < 1e-9, "{one} {other}");
}

#[test]
fn a_sequence_in_participants_tsv_must_be_that_of_the_crossover() {
    let analysed = |study: &Study| {
        crossover::analyse(&study.plan, &study.people(), &study.tables, &mut Notes::default())
    };
    let with = |called: &dyn Fn(&str) -> String| {
        let mut study = patients();
        let rows = study.cells("crossover").rows.clone();
        let at = study.cells("crossover").position("sequence").unwrap();
        let table = &mut study.participants.table;
        table.columns.push("sequence".to_owned());
        for row in &mut table.rows {
            let own = rows.iter().find(|own| own[0] == row[0]);
            row.push(own.map_or("n/a".to_owned(), |own| called(&own[at])));
        }
        study
    };
    let want = analysed(&patients()).unwrap();
    // As they are, as other words, and as codes that are explained.
    assert_eq!(analysed(&with(&|name| name.to_owned())).unwrap(), want);
    assert_eq!(analysed(&with(&|name| format!("arm {name}"))).unwrap(), want);
    let mut study = with(&|name| if name == "AB" { "2" } else { "1" }.to_owned());
    explain(&mut study, "participants", "sequence", &serde_json::json!({"1": "BA", "2": "AB"}));
    assert_eq!(analysed(&study).unwrap(), want);
    explain(&mut study, "participants", "sequence", &serde_json::json!({"1": "AB", "2": "BA"}));
    let parts = ["participants.tsv, line 2 (sub-01)", "is of the sequence ", "in crossover.tsv"];
    says(analysed(&study), &parts);
    says(analysed(&with(&|_| "AB".to_owned())), &["is of the sequence AB, and of BA in"]);
    let parts = ["is of the sequence x, and of ", "as others of x are"];
    says(analysed(&with(&|_| "x".to_owned())), &parts);
}

#[test]
fn periods_are_what_levels_say_that_they_are() {
    let analysed = |study: &Study, notes: &mut Notes| {
        crossover::analyse(&study.plan, &study.people(), &study.tables, notes)
    };
    let want = analysed(&patients(), &mut Notes::default()).unwrap();
    for (codes, levels) in [
        ([("1", "2"), ("2", "1")], serde_json::json!({"1": "second", "2": "first"})),
        ([("1", "0"), ("2", "1")], serde_json::json!({"0": "Period 1", "1": "Period 2"})),
    ] {
        let mut study = patients();
        code(&mut study, "crossover", "period", &codes);
        explain(&mut study, "crossover", "period", &levels);
        let mut notes = Notes::default();
        assert_eq!(analysed(&study, &mut notes).unwrap(), want, "{levels}");
        let notes = told(&notes);
        assert!(notes.contains("period by the Levels of crossover.json: "), "{notes}");
    }
    let mut study = patients();
    code(&mut study, "crossover", "period", &[("1", "0"), ("2", "1")]);
    let parts = ["crossover.tsv, line 2", "has the period 0", "be of period 1 or 2"];
    says(analysed(&study, &mut Notes::default()), &parts);
}
