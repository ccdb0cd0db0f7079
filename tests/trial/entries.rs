//! What dictionaries, headers, lines and options say, where it was dropped, or told as something else.

use std::fs;
use std::path::Path;

use boldly::error::Result;
use boldly::io::tsv;
use boldly::trial::sheets::sheets;
use boldly::trial::{Arm, BrainPlan, Dictionary, Missing, Notes, PressurePlan, Results, analyse};

use super::command::{NRS, boldly, run, study as folder_of_study};
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

fn refused(dir: &Path, line: &str) -> String {
    let output = boldly(dir, line);
    assert!(!output.status.success(), "{line}");
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// The notes of the outcome nrs under a dictionary, a line each.
fn noted(dictionary: &str) -> String {
    let mut study = study();
    study.plan.outcomes.truncate(1);
    let own = study.tables.all.iter_mut().find(|table| table.name == "questionnaires").unwrap();
    own.dictionary = Dictionary::parse("questionnaires.json", dictionary).unwrap();
    analysed(&study).unwrap().notes.all.iter().map(|note| format!("{note}\n")).collect()
}

#[test]
fn keys_of_a_dictionary_that_abbreviate_or_contain_a_known_one_are_told() {
    for (key, meant) in [
        ("Min", "Minimum"),
        ("Max", "Maximum"),
        ("MinValue", "Minimum"),
        ("max_value", "Maximum"),
        ("MaximumValue", "Maximum"),
        ("ValidRange", "Range"),
        ("MeasurementUnits", "Units"),
        ("Unit", "Units"),
        ("Desc", "Description"),
    ] {
        let said = noted(&format!("{{\"nrs\": {{\"{key}\": 5}}}}"));
        let told = format!("gives nrs '{key}', which is not read: is '{meant}' meant?");
        says(&said, &[&told]);
        assert!(!said.contains("has no data dictionary"), "{said}");
    }
    // Keys of one's own are free, and so is what is beside the known one.
    let said = noted(
        r#"{"nrs": {"Derivative": true, "TermURL": "u", "Delimiter": ";", "Format": "number", "Notes": "n", "Admin": 1, "Range": [0, 10], "ValidRange": "yes"}}"#,
    );
    assert!(!said.contains("is not read"), "{said}");
    // A file without an entry is a file.
    let said = noted(r#"{"MeasurementToolMetadata": {"Description": "a form"}}"#);
    says(&said, &["questionnaires.json says nothing of a column of questionnaires.tsv"]);
    assert!(!said.contains("has no data dictionary"), "{said}");
    let said = noted(r#"{"nrs": "pain"}"#);
    says(&said, &["gives nrs \"pain\", which is no object", "{\"nrs\": {\"LongName\": ...}}"]);
}

#[test]
fn text_of_a_dictionary_that_is_none_is_refused() {
    for (key, value) in
        [("LongName", "5"), ("LongName", r#"["a"]"#), ("Units", "3"), ("Description", "{}")]
    {
        let text = format!("{{\"nrs\": {{\"{key}\": {value}}}}}");
        let error = Dictionary::parse("q.json", &text).unwrap_err().to_string();
        says(&error, &["q.json gives nrs the", key, value, "give a text"]);
    }
    let none = Dictionary::parse("q.json", r#"{"nrs": {"Units": null, "LongName": "Pain"}}"#);
    assert_eq!(none.unwrap().get("nrs").unwrap().units, None);
}

#[test]
fn strata_of_one_level_are_refused_and_named_where_they_are_in_a_model_alone() {
    let mut study = study();
    study.plan.outcomes.truncate(1);
    study.plan.missing = vec![Missing::Observed, Missing::Bocf];
    study.plan.strata = vec!["site".to_owned()];
    let arms: Vec<Option<Arm>> = study.people().all.iter().map(|person| person.arm).collect();
    let n = study.participants.table.rows.len();
    for row in 0..n {
        study.set("participants", row, "site", "cologne");
    }
    let error = analysed(&study).unwrap_err().to_string();
    says(
        &error,
        &["--strata site", "is 'cologne' in all participants of the arms", "leave it out"],
    );
    // Sites of an arm that is not compared are none.
    let of_arm = |arm| (0..n).filter(|row| arms[*row] == Some(arm)).take(3).collect::<Vec<_>>();
    let others: Vec<usize> = [of_arm(Arm::Active), of_arm(Arm::Control)].concat();
    for &row in &others {
        study.set("participants", row, "site", "london");
    }
    study.plan.active = Some("milnacipran".to_owned());
    let mut third = self::study();
    third.plan = study.plan.clone();
    third.participants = study.participants.clone();
    for &row in &others {
        third.set("participants", row, "arm", "pregabalin");
    }
    says(&analysed(&third).unwrap_err().to_string(), &["--strata site is 'cologne' in all"]);
    // Of those observed all are of one site.
    let ids: Vec<String> =
        others.iter().map(|row| study.participants.table.rows[*row][0].clone()).collect();
    let nrs = study.cells("questionnaires").position("nrs").unwrap();
    for row in &mut study.cells("questionnaires").rows {
        if ids.contains(&row[0]) && row[1] == "ses-week13" {
            row[nrs] = "n/a".to_owned();
        }
    }
    let found = analysed(&study).unwrap();
    let sheets = sheets(&found);
    let table = &sheets.iter().find(|sheet| sheet.name == "ancova").unwrap().table;
    let at = table.position("adjusted_for").unwrap();
    let cells: Vec<&str> = table.rows.iter().map(|row| row[at].as_str()).collect();
    assert_eq!(cells, ["n/a", "site"], "{:?}", table.columns);
    let said: String = found.notes.all.iter().map(|note| format!("{note}\n")).collect();
    says(&said, &["nrs (observed) is not adjusted for site: it is 'cologne' in all analysed"]);
}

/// The golden crossover with a named outcome, and its page and tables.
#[test]
fn a_crossover_bears_the_name_units_and_direction_of_its_outcome() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    let ids: String = (1..=24).map(|n| format!("sub-{n:02}\n")).collect();
    fs::write(dir.join("participants.tsv"), format!("participant_id\n{ids}")).unwrap();
    let table = fs::read_to_string(crate::study::folder().join("crossover.tsv")).unwrap();
    fs::write(dir.join("crossover.tsv"), table.replacen("outcome", "nrs", 1)).unwrap();
    let said = r#"{"nrs": {"LongName": "Pain intensity", "Units": "points", "Direction": "lower is better"}}"#;
    fs::write(dir.join("crossover.json"), said).unwrap();
    let plan = r#"{"control": "placebo", "baseline": "", "endpoint": "", "outcomes": [], "design": "crossover", "crossover": {"table": "crossover", "outcome": "nrs"}}"#;
    fs::write(dir.join("plan.json"), plan).unwrap();
    let (_, told) = run(dir, "trial . --plan plan.json --out out");
    says(&told, &["without Pain intensity in both periods"]);
    let page = fs::read_to_string(dir.join("out/report.html")).unwrap().replace('\u{a0}', " ");
    says(
        &page,
        &[
            "Effect of the treatment on Pain intensity (points)",
            "less with milnacipran (better)",
            "more with milnacipran",
            "treatment: Pain intensity",
        ],
    );
    assert!(
        !page.contains("more with milnacipran (better)") && !page.contains("units of the outcome")
    );
    let table = tsv::read(&dir.join("out/crossover.tsv")).unwrap();
    let cell = |column: &str| table.rows[0][table.position(column).unwrap()].clone();
    assert_eq!(
        ["outcome", "label", "units", "analysis"].map(cell),
        ["crossover:nrs", "Pain intensity", "points", "outcome"]
    );
    let json = fs::read_to_string(dir.join("out/results.json")).unwrap();
    says(&json, &["\"direction\": \"lower\""]);
    run(dir, "verify out");
}

#[test]
fn headers_are_read_without_the_blanks_around_them() {
    let dir = folder_of_study();
    let dir = dir.path();
    let path = dir.join("study/phenotype/questionnaires.tsv");
    let text = fs::read_to_string(&path).unwrap();
    let spoiled = text.replacen("nrs", "nrs \u{a0}", 1).replacen("session_id", " session_id", 1);
    fs::write(&path, spoiled).unwrap();
    let people = dir.join("study/participants.tsv");
    let text = fs::read_to_string(&people).unwrap();
    fs::write(&people, text.replacen("\tarm\t", "\tarm \t", 1)).unwrap();
    run(dir, &format!("{NRS} --arm arm --out out"));
    fs::write(&path, "participant_id\tsession_id\tnrs\tnrs \nsub-001\tses-baseline\t1\t2\n")
        .unwrap();
    says(&refused(dir, &format!("{NRS} --out no")), &["two columns named 'nrs'"]);
}

#[test]
fn lines_may_end_with_a_carriage_return_alone() {
    let dir = folder_of_study();
    let dir = dir.path();
    run(dir, &format!("{NRS} --brain brain --out want"));
    let path = dir.join("study/brain.tsv");
    let text = fs::read_to_string(&path).unwrap();
    let alone = text.replace('\n', "\r");
    // An editor may have put its own end behind the last.
    for ends in [alone.clone(), alone.trim_end().to_owned() + "\n", alone + "\n"] {
        fs::write(&path, ends).unwrap();
        run(dir, &format!("{NRS} --brain brain --out out --overwrite"));
        let [want, got] = ["want", "out"]
            .map(|name| fs::read_to_string(dir.join(name).join("brain.tsv")).unwrap());
        assert_eq!(want, got);
    }
    let spoiled = text.replace('\n', "\r").replacen("0.1650", "x", 1).replacen("0.165", "x", 1);
    fs::write(&path, spoiled).unwrap();
    let told = refused(dir, &format!("{NRS} --brain brain --out no"));
    says(&told, &["brain.tsv, line 3 (sub-001), holds 'x'"]);
}

#[test]
fn ratings_that_fall_with_pressure_have_no_p50_and_all_else() {
    let mut study = study();
    study.plan.outcomes.clear();
    study.plan.pressure = Some(PressurePlan::of("pressure".to_owned()));
    let want = analysed(&study).unwrap().pressure.unwrap();
    let rating = study.cells("pressure").position("rating").unwrap();
    for row in &mut study.cells("pressure").rows {
        if let Ok(value) = row[rating].parse::<f64>() {
            row[rating] = (100.0 - value).to_string();
        }
    }
    let found = analysed(&study).unwrap();
    let said: String = found.notes.all.iter().map(|note| format!("{note}\n")).collect();
    says(&said, &["P50 is not compared", "ratings do not rise with pressure"]);
    let part = found.pressure.unwrap();
    let outcomes: Vec<&str> = part.ancova.iter().map(|row| row.outcome.as_str()).collect();
    assert_eq!(outcomes, ["pressure:slope", "pressure:auc"]);
    // 100 - y has the slope turned round: so is the difference.
    let off = part.ancova[0].difference.value + want.ancova[1].difference.value;
    assert!(off.abs() < 1e-9, "{off}");
    // As an outcome there is nothing in its place, and why.
    let column = "pressure:p50".parse().unwrap();
    study.plan.outcomes.push(boldly::trial::Outcome { column, label: None, direction: None });
    let error = analysed(&study).unwrap_err().to_string();
    says(
        &error,
        &["pressure:p50", "ratings do not rise with pressure", "columns pressure_kpa and rating"],
    );
}

#[test]
fn columns_of_motion_and_physiology_in_another_case_are_no_regions() {
    let of = |name: &str, regions: &[&str]| {
        let mut study = study();
        study.plan.outcomes.clear();
        let regions = regions.iter().map(|region| (*region).to_owned()).collect();
        study.plan.brain = Some(BrainPlan { table: "brain".to_owned(), regions });
        let table = study.cells("brain");
        let at = table.position("mean_fd").unwrap();
        table.columns[at] = name.to_owned();
        analysed(&study)
    };
    for (name, meant) in [
        ("Mean_FD", "mean_fd"),
        ("FD_mean", "fd_mean"),
        ("MEAN_FD_pag_pain", "mean_fd_pag_pain"),
        ("Heart_Rate", "heart_rate"),
        ("heart_rate", "heart_rate"),
        ("Kept_Volumes", "kept_volumes"),
        ("meanFD", "mean_fd"),
        ("mean_FD", "mean_fd"),
        ("Mean-FD pag_pain", "mean_fd_pag_pain"),
        ("FD", "mean_fd"),
        ("fd", "mean_fd"),
        ("HeartRate", "heart_rate"),
        ("Breathing rate", "breathing_rate"),
        ("RVT", "rvt"),
        ("Volumes", "volumes"),
    ] {
        let error = of(name, &[]).unwrap_err().to_string();
        says(&error, &["brain.tsv", &format!("'{name}'"), meant, "--region"]);
        assert!(of(name, &["pag_pain", name]).is_ok(), "{name}");
    }
    // A region's name may begin so.
    for name in ["mean_fd", "FDR", "heart", "rvtx"] {
        assert!(of(name, &[]).is_ok(), "{name}");
    }
}

#[test]
fn a_crossover_without_its_table_is_told_to_name_it() {
    let dir = folder_of_study();
    let line = "trial study --design crossover --control placebo --out out";
    let told = refused(dir.path(), line);
    says(&told, &["--design crossover", "give --crossover TABLE"]);
    assert!(!told.contains("--outcome"), "{told}");
}

#[test]
fn a_date_and_a_time_of_that_day_follow_each_other_in_no_order() {
    let dir = folder_of_study();
    let dir = dir.path();
    let path = dir.join("study/phenotype/questionnaires.tsv");
    let mut table = tsv::read(&path).unwrap();
    let at = table.position("session_id").unwrap();
    let mut between = Vec::new();
    for row in &table.rows {
        if row[at] == "ses-baseline" {
            let mut row = row.clone();
            row[at] = "ses-yule".to_owned();
            between.push(row);
        }
    }
    table.rows.extend(between);
    table.rows.sort();
    fs::write(&path, tsv::write_string(&table)).unwrap();
    let people = tsv::read(&dir.join("study/participants.tsv")).unwrap();
    let told = |yule: &str, end: &str| {
        let mut text = "participant_id\tsession_id\tacq_time\n".to_owned();
        for row in &people.rows {
            let id = &row[0];
            text += &format!("{id}\tses-baseline\t2020-06-01\n{id}\tses-yule\t{yule}\n");
            text += &format!("{id}\tses-week13\t{end}\n");
        }
        fs::write(dir.join("study/sessions.tsv"), text).unwrap();
        let output = boldly(dir, &format!("{NRS} --missing locf --overwrite --out out"));
        String::from_utf8_lossy(&output.stderr).into_owned()
    };
    let unknown = told("2020-08-01", "2020-08-01");
    says(&unknown, &["--missing locf"]);
    assert_eq!(told("2020-08-01", "2020-08-01T09:00:00"), unknown);
    assert_eq!(told("2020-08-01T09:00:00", "2020-08-01"), unknown);
    // Of one day two times are in an order, and so is another day.
    for (yule, end) in
        [("2020-08-01T09:00:00", "2020-08-01T10:00:00"), ("2020-07-31", "2020-08-01T00:00:00")]
    {
        says(&told(yule, end), &["of ses-yule, which follow each other so by acq_time"]);
    }
    // Nor is an endpoint of the day of the baseline before it.
    let sessions = "participant_id\tsession_id\tacq_time\nsub-003\tses-baseline\t2020-06-01T09:00\nsub-003\tses-week13\t2020-06-01\n";
    fs::write(dir.join("study/sessions.tsv"), sessions).unwrap();
    let (_, said) = run(dir, &format!("{NRS} --overwrite --out out"));
    assert!(!said.contains("was before"), "{said}");
    // A visit at a date and at a time of that day is at one time.
    let more = "sub-003\tses-week13\t2020-06-01T10:00\n";
    fs::write(dir.join("study/sessions.tsv"), format!("{sessions}{more}")).unwrap();
    run(dir, &format!("{NRS} --overwrite --out out"));
}
