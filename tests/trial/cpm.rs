//! Of `trial::cpm`.

use boldly::error::Result;
use boldly::trial::results::Cpm;
use boldly::trial::sheets::sheets;
use boldly::trial::{CpmPlan, Dictionary, Notes, Results, cpm};

use crate::study::{Study, ancova_is_golden, golden, is_golden, study};

fn with_cpm() -> Study {
    let mut study = study();
    study.plan.cpm = Some(CpmPlan {
        table: "cpm".to_owned(),
        pre: "ts_pre".to_owned(),
        post: "ts_post".to_owned(),
        threshold: false,
    });
    study
}

fn analysed(study: &Study, notes: &mut Notes) -> Result<Cpm> {
    cpm::analyse(&study.plan, &study.people(), &study.tables, notes)
}

#[test]
fn which_way_cpm_is_better_follows_from_the_direction_of_what_it_is_made_of() {
    use boldly::trial::Direction::{Higher, Lower};
    let found = |text: &str, threshold: bool| {
        let mut study = with_cpm();
        study.plan.cpm.as_mut().unwrap().threshold = threshold;
        let table = study.tables.all.iter_mut().find(|table| table.name == "cpm").unwrap();
        table.dictionary = Dictionary::parse("cpm.json", text).unwrap();
        analysed(&study, &mut Notes::default())
    };
    let of = |before: &str, after: &str| {
        format!(
            "{{\"ts_pre\": {{\"Direction\": \"{before} is better\"}}, \"ts_post\": {{\"Direction\": \"{after} is better\"}}}}"
        )
    };
    for (text, threshold, want, said) in [
        ("{}".to_owned(), false, Higher, "more inhibition is taken to be better, by convention"),
        (of("lower", "lower"), false, Higher, "more inhibition is better, as a lower rating is by"),
        (of("higher", "higher"), false, Lower, "less inhibition is better, as a higher rating"),
        (of("higher", "higher"), true, Higher, "more inhibition is better, as a higher threshold"),
        (of("lower", "lower"), true, Lower, "less inhibition is better, as a lower threshold"),
    ] {
        let cpm = found(&text, threshold).unwrap();
        assert!(cpm.ancova.iter().all(|row| row.direction == Some(want)), "{text}");
        assert!(cpm.better.contains(said), "{}", cpm.better);
    }
    let error = found(&of("lower", "higher"), false).unwrap_err().to_string();
    assert!(error.contains("cpm.json gives ts_pre and ts_post Directions that differ"), "{error}");
}

#[test]
fn percentages_that_nobody_has_are_told_without_the_advice_of_an_outcome() {
    let mut study = with_cpm();
    let table = study.cells("cpm");
    let at = table.position("ts_pre").unwrap();
    let end = table.rows.iter_mut().filter(|cells| cells[1] == "ses-week13");
    end.for_each(|cells| cells[at] = "0".to_owned());
    let mut notes = Notes::default();
    analysed(&study, &mut notes).unwrap();
    let told = "percentage CPM is not compared: cpm:percent has both values of 0 participants";
    let note = notes.all.iter().find(|note| note.text.contains(told)).unwrap();
    assert!(!note.text.contains("leave"), "{}", note.text);
}

#[test]
pub fn cpm_is_golden() {
    let found = analysed(&with_cpm(), &mut Notes::default()).unwrap();
    let [absolute, percent] = &found.ancova[..] else { panic!("{} rows", found.ancova.len()) };
    ancova_is_golden(absolute, "cpm/absolute");
    ancova_is_golden(percent, "cpm/percent");
    assert_eq!(
        (absolute.outcome.as_str(), percent.outcome.as_str()),
        ("cpm:absolute", "cpm:percent")
    );
    is_golden(found.sem.unwrap(), "cpm/sem_of_test_stimulus");
    let of_mean = found.sem.unwrap() / found.n_repetitions.unwrap().sqrt();
    is_golden(of_mean, "cpm/sem_of_mean_of_3");
    assert_eq!(found.n_repetitions, Some(3.0));
    is_golden(found.cutoff.unwrap(), "cpm/inhibitor_cutoff_2sem_of_difference");
    is_golden(found.retest.unwrap().value, "cpm/placebo_retest_icc_a1");
    let rho = found.retest.unwrap().value;
    assert_eq!(found.expected_correlation, Some(-((1.0 - rho) / 2.0).sqrt()));
    let inhibitors = golden("cpm/inhibitors_week13");
    assert_eq!(found.inhibitors.control as u64, inhibitors["placebo"].as_u64().unwrap());
    assert_eq!(found.inhibitors.active as u64, inhibitors["milnacipran"].as_u64().unwrap());
    assert_eq!((found.inhibitors_of.control, found.inhibitors_of.active), (40, 35));
    assert_eq!(found.undefined_percent as u64, golden("cpm/undefined_percent").as_u64().unwrap());
    let first = found.visits.iter().find(|v| v.participant == "sub-001").unwrap();
    is_golden(first.pre, "cpm/first_patient/pre");
    is_golden(first.post, "cpm/first_patient/post");
    is_golden(first.absolute, "cpm/first_patient/absolute");
    is_golden(first.percent.unwrap(), "cpm/first_patient/percent");
    assert_eq!((first.n_pre, first.n_post, first.session.as_str()), (3, 3, "ses-baseline"));
    assert_eq!(first.inhibits, Some(first.absolute > found.cutoff.unwrap()));
}

#[test]
fn thresholds_turn_the_sign_and_that_is_said() {
    let mut turned = with_cpm();
    turned.plan.cpm.as_mut().unwrap().threshold = true;
    let mut notes = Notes::default();
    let [ratings, thresholds] =
        [with_cpm(), turned].map(|study| analysed(&study, &mut notes).unwrap());
    assert_eq!(ratings.visits[0].absolute, -thresholds.visits[0].absolute);
    assert_eq!(ratings.visits[0].percent.map(|v| -v), thresholds.visits[0].percent);
    let differences = [&ratings, &thresholds].map(|found| found.ancova[0].difference.value);
    assert!((differences[0] + differences[1]).abs() < 1e-12);
    assert!(ratings.sign.starts_with("inhibition positive: mean before - mean during"));
    assert!(thresholds.sign.starts_with("inhibition positive: mean during or after - mean before"));
    for found in [&ratings, &thresholds] {
        assert!(found.ancova.iter().all(|row| row.label.contains("inhibition positive")));
        assert!(notes.all.iter().any(|note| note.text.contains(&found.sign)));
    }
}

#[test]
fn what_is_undefined_or_lacking_is_counted_and_named() {
    let mut study = with_cpm();
    study.set("cpm", 0, "ts_post", "n/a");
    let mut notes = Notes::default();
    let found = analysed(&study, &mut notes).unwrap();
    let first = &found.visits[0];
    // 57 before; 34 and 48 after.
    assert_eq!((first.pre, first.post), (57.0, 41.0));
    let said: Vec<String> = notes.all.iter().map(ToString::to_string).collect();
    let is_said = |start: &str, who: &str| {
        let there = said.iter().any(|note| note.starts_with(start) && note.contains(who));
        assert!(there, "{start} ... {who} is not in {said:#?}");
    };
    is_said("1 repetition without ts_pre or ts_post; means", ": sub-001 (ses-baseline)");
    is_said(
        "1 visit with a mean ts_pre of 0 or less, where percentage CPM is not defined (n/a)",
        ": sub-008 (ses-",
    );
    // 3 repetitions, of which one has no ts_post.
    is_said(
        "1 visit with another number of repetitions than the usual 3; the rule for inhibitors takes each session's harmonic mean for all of that session",
        ": sub-001 (ses-baseline, 3 ts_pre and 2 ts_post)",
    );
    let results = Results { cpm: Some(found.clone()), plan: study.plan, ..Results::default() };
    let sheets = sheets(&results);
    let table = &sheets.iter().find(|sheet| sheet.name == "cpm").unwrap().table;
    let numbers = ["repetitions_pre", "repetitions_post"].map(|name| table.position(name).unwrap());
    let own = |row: &&Vec<String>| row[0] == "sub-001" && row[1] == "ses-baseline";
    let own = table.rows.iter().find(own).unwrap();
    assert_eq!(numbers.map(|at| own[at].as_str()), ["3", "2"]);
    is_said("change in CPM correlates with baseline by about -0.52 without any effect", "baseline");
    assert_eq!(found.ancova[1].left_out.active.iter().filter(|id| *id == "sub-008").count(), 1);
}

#[test]
fn cpm_that_cannot_be_right_is_refused() {
    let refused = |spoil: &dyn Fn(&mut Study), says: &[&str]| {
        let mut study = with_cpm();
        spoil(&mut study);
        let error = analysed(&study, &mut Notes::default()).unwrap_err().to_string();
        says.iter().for_each(|part| assert!(error.contains(part), "{error}"));
    };
    refused(
        &|study| study.set("cpm", 1, "repetition", "1"),
        &["cpm.tsv, line 3 (sub-001)", "has the repetition of line 2"],
    );
    refused(&|study| study.set("cpm", 1, "ts_pre", "66%"), &["line 3 (sub-001)", "'66%'"]);
    refused(
        &|study| study.set("cpm", 1, "participant_id", "sub-0001"),
        &["line 3 (sub-0001)", "whom participants.tsv does not list", "did you mean 'sub-001'?"],
    );
    refused(
        &|study| study.plan.cpm.as_mut().unwrap().post = "ts_pst".to_owned(),
        &["did you mean 'ts_post'?"],
    );
    refused(
        &|study| study.plan.endpoint = "ses-week31".to_owned(),
        &["session 'ses-week31'", "did you mean 'ses-week13'?"],
    );
}

#[test]
fn absolute_cpm_has_the_units_that_both_columns_share() {
    let described = |text: &str| {
        let mut study = with_cpm();
        let table = study.tables.all.iter_mut().find(|table| table.name == "cpm").unwrap();
        table.dictionary = Dictionary::parse("cpm.json", text).unwrap();
        analysed(&study, &mut Notes::default()).map_err(|error| error.to_string())
    };
    let units = |found: Cpm| -> Vec<Option<String>> {
        found.ancova.into_iter().map(|row| row.units).collect()
    };
    let percent = Some("%".to_owned());
    let nrs = Some("points (NRS)".to_owned());
    for text in [
        r#"{"ts_pre": {"Units": "points (NRS)"}, "ts_post": {"Units": "points (NRS)"}}"#,
        r#"{"ts_pre": {"Units": "n/a"}, "ts_post": {"Units": "points (NRS) "}}"#,
    ] {
        assert_eq!(units(described(text).unwrap()), [nrs.clone(), percent.clone()], "{text}");
    }
    assert_eq!(units(described("{}").unwrap()), [None, percent]);
    let error =
        described(r#"{"ts_pre": {"Units": "points"}, "ts_post": {"Units": "mm"}}"#).unwrap_err();
    let parts = ["columns ts_pre and ts_post of --cpm", "'points' and 'mm'", "their difference"];
    parts.iter().for_each(|part| assert!(error.contains(part), "{part}: {error}"));
}

#[test]
fn thresholds_are_not_taken_for_ratings() {
    let described = |units: &str, threshold: bool| {
        let mut study = with_cpm();
        study.plan.cpm.as_mut().unwrap().threshold = threshold;
        let text = format!(r#"{{"ts_post": {{"Units": "{units}", "Maximum": 1000}}}}"#);
        let table = study.tables.all.iter_mut().find(|table| table.name == "cpm").unwrap();
        table.dictionary = Dictionary::parse("cpm.json", &text).unwrap();
        let mut notes = Notes::default();
        let found = analysed(&study, &mut notes).map(|_| ());
        let said: Vec<String> = notes.all.iter().map(ToString::to_string).collect();
        (found.map_err(|error| error.to_string()), said.join("\n"))
    };
    for units in ["kPa", "N/cm2", "kg/cm²", "°C", "s"] {
        let error = described(units, false).0.unwrap_err();
        let parts = ["column ts_post", units, "--cpm-threshold", "\"threshold\": true"];
        parts.iter().for_each(|part| assert!(error.contains(part), "{part}: {error}"));
        let (found, said) = described(units, true);
        assert!(found.is_ok() && !said.contains("--cpm-threshold"), "{said}");
    }
    for units in ["points", "mm", "n/a"] {
        let (found, said) = described(units, false);
        assert!(found.is_ok() && said.contains("ts_post may be 1000 by cpm.json"), "{said}");
    }
    // Nor the other way round.
    for units in ["points", "NRS", "% of scale"] {
        let error = described(units, true).0.unwrap_err();
        let parts = ["column ts_post", units, "those of a rating", "leave --cpm-threshold out"];
        parts.iter().for_each(|part| assert!(error.contains(part), "{part}: {error}"));
    }
    let mut named = with_cpm();
    named.plan.cpm.as_mut().unwrap().threshold = true;
    let table = named.tables.all.iter_mut().find(|table| table.name == "cpm").unwrap();
    let text = r#"{"ts_pre": {"LongName": "Pain rating"}, "ts_post": {"LongName": "Pressure pain threshold"}}"#;
    table.dictionary = Dictionary::parse("cpm.json", text).unwrap();
    let mut notes = Notes::default();
    analysed(&named, &mut notes).unwrap();
    let asked = "CPM is taken to be of thresholds, and ts_pre (Pain rating) is called a rating;";
    assert!(notes.all.iter().any(|note| note.text.starts_with(asked)), "{:#?}", notes.all);
    // Without a dictionary, what is no usual rating leads to the option.
    let mut study = with_cpm();
    study.set("cpm", 0, "ts_pre", "161");
    let error = analysed(&study, &mut Notes::default()).unwrap_err().to_string();
    assert!(error.contains("line 2 (sub-001), holds 161") && error.contains("--cpm-threshold"));
}

#[test]
fn single_repetitions_have_no_rule_for_inhibitors() {
    let mut study = with_cpm();
    study.cells("cpm").rows.retain(|cells| cells[2] == "1");
    let mut notes = Notes::default();
    let found = analysed(&study, &mut notes).unwrap();
    assert_eq!((found.sem, found.cutoff, found.visits[0].inhibits), (None, None, None));
    assert!(notes.all.iter().any(|note| note.text.contains("who inhibits is not known")));
}

#[test]
fn every_table_of_cpm_says_the_sign_in_its_header_and_dictionary() {
    let mut study = with_cpm();
    study.plan.cpm.as_mut().unwrap().threshold = true;
    let found = analysed(&study, &mut Notes::default()).unwrap();
    let sign = found.sign.clone();
    let results = Results { cpm: Some(found), ..Results::default() };
    let all = sheets(&results);
    let own: Vec<_> = all.iter().filter(|sheet| sheet.name.starts_with("cpm")).collect();
    assert_eq!(own.len(), 2);
    for sheet in own {
        let description = sheet.dictionary["Description"].as_str().unwrap();
        assert!(description.contains(&sign), "{}: {description}", sheet.name);
    }
    let visits = all.iter().find(|sheet| sheet.name == "cpm").unwrap();
    for column in ["absolute_inhibition_positive", "percent_inhibition_positive"] {
        assert!(visits.table.position(column).is_some(), "{:?}", visits.table.columns);
    }
    let about = visits.dictionary["absolute_inhibition_positive"]["Description"].as_str();
    assert_eq!(about, Some(sign.as_str()));
}

#[test]
fn each_visit_is_judged_by_the_repetitions_behind_its_own_means() {
    let mut study = with_cpm();
    study.cells("cpm").rows.retain(|cells| cells[1] == "ses-baseline" || cells[2] == "1");
    let mut notes = Notes::default();
    let found = analysed(&study, &mut notes).unwrap();
    is_golden(found.sem.unwrap(), "cpm/sem_of_test_stimulus");
    is_golden(found.baseline_cutoff.unwrap(), "cpm/inhibitor_cutoff_2sem_of_difference");
    assert_eq!((found.baseline_repetitions, found.n_repetitions), (Some(3.0), Some(1.0)));
    let cutoff = 2.0 * found.sem.unwrap() * 2.0_f64.sqrt();
    assert!((found.cutoff.unwrap() - cutoff).abs() < 1e-12);
    let people = study.people();
    let table = study.cells("cpm").clone();
    let [pre, post] = ["ts_pre", "ts_post"].map(|column| table.position(column).unwrap());
    for arm in boldly::trial::Arm::BOTH {
        let own = table.rows.iter().filter(|cells| {
            let number = |at: usize| cells[at].parse::<f64>();
            let Some(place) = people.find(&cells[0]) else { return false };
            let is_of_arm = people.all[place].arm == Some(arm) && cells[1] == "ses-week13";
            is_of_arm && number(pre).is_ok_and(|a| number(post).is_ok_and(|b| a - b > cutoff))
        });
        assert_eq!(*found.inhibitors.get(arm), own.count(), "{arm:?}");
    }
    for visit in &found.visits {
        let cutoff = match visit.session.as_str() {
            "ses-baseline" => found.baseline_cutoff,
            _ => found.cutoff,
        };
        assert_eq!(visit.inhibits, cutoff.map(|cutoff| visit.absolute > cutoff));
    }
    let told = |notes: &Notes| {
        let is_one = |note: &&boldly::trial::Note| note.text.contains("another number of rep");
        notes.all.iter().find(is_one).map(|note| note.text.clone())
    };
    assert!(told(&notes).unwrap().contains("takes each session's harmonic mean"), "{notes:?}");
    // Each visit has a row of the page and of the table.
    let results = Results { cpm: Some(found), plan: study.plan.clone(), ..Results::default() };
    let html = crate::report::drawn(&results);
    for part in ["a patient inhibits above (absolute CPM), week13", "mean, baseline"] {
        assert!(html.contains(part), "{part}");
    }
    let sheets = sheets(&results);
    let rows = &sheets.iter().find(|sheet| sheet.name == "cpm_measure").unwrap().table.rows;
    assert_eq!(rows[1][..2], ["repetitions behind a mean at baseline", "3"]);
    assert_eq!(rows[2][..2], ["repetitions behind a mean at the endpoint", "1"]);
    // A visit that is in no analysis is in no such note.
    let mut study = with_cpm();
    let table = study.cells("cpm");
    let own = |cells: &&Vec<String>| cells[1] == "ses-baseline" && cells[2] == "1";
    let mut between: Vec<Vec<String>> = table.rows.iter().filter(own).cloned().collect();
    between.iter_mut().for_each(|cells| cells[1] = "ses-week6".to_owned());
    table.rows.extend(between);
    let mut notes = Notes::default();
    let found = analysed(&study, &mut notes).unwrap();
    assert_eq!(told(&notes), told_of_golden());
    assert_eq!(found.n_repetitions, Some(3.0));
    let of_week6 = found.visits.iter().find(|visit| visit.session == "ses-week6").unwrap();
    assert_eq!(of_week6.inhibits, Some(of_week6.absolute > cutoff));
}

/// What is said of repetitions in the study as it is.
fn told_of_golden() -> Option<String> {
    let mut notes = Notes::default();
    analysed(&with_cpm(), &mut notes).unwrap();
    let mut all = notes.all.into_iter().map(|note| note.text);
    all.find(|text| text.contains("another number of rep"))
}
