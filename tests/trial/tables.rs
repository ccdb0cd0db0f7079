//! Of `trial::people`, `trial::tables` and `trial::visits`: what cannot be right is refused with line and participant.

use boldly::error::Error;
use boldly::table::Table;
use boldly::trial::{Column, Dictionary, Measured, Notes, Tables, Visits, part_of};

use super::study::{Study, study};

fn visits(study: &Study, column: &str) -> Result<Visits, Error> {
    study.tables.visits(&column.parse::<Column>().unwrap(), &study.people())
}

/// Holds an error to what it must say.
#[track_caller]
fn says(error: Error, parts: &[&str]) {
    let text = error.to_string();
    for part in parts {
        assert!(text.contains(part), "'{part}' is not in: {text}");
    }
}

/// What reading the participants says once a cell has been set.
fn refused(row: usize, column: &str, cell: &str) -> Error {
    let mut study = study();
    study.set("participants", row, column, cell);
    study.people_noted(&mut Notes::default()).unwrap_err()
}

#[test]
fn a_value_outside_the_dictionary_is_refused_with_line_participant_and_range() {
    let mut study = study();
    study.set("questionnaires", 1, "nrs", "11");
    let error = visits(&study, "questionnaires:nrs").unwrap_err();
    says(
        error,
        &[
            "questionnaires.tsv, line 3 (sub-001),",
            "holds '11' in column nrs",
            "from 0 to 10",
            "must be n/a",
        ],
    );
    study.set("questionnaires", 1, "pgic", "8");
    let error = visits(&study, "questionnaires:pgic").unwrap_err();
    says(error, &["holds '8' in column pgic", "one of 1, 2, 3, 4, 5, 6, 7", "questionnaires.json"]);
    study.set("questionnaires", 1, "pgic", "3.0");
    assert!(visits(&study, "questionnaires:pgic").is_ok());
}

#[test]
fn a_word_for_a_number_is_refused_with_line_and_participant() {
    let mut study = study();
    study.set("questionnaires", 2, "fiq", "72,1");
    let error = visits(&study, "questionnaires:fiq").unwrap_err();
    says(error, &["line 4 (sub-002),", "holds '72,1' in column fiq", "a number or n/a"]);
}

#[test]
fn a_visit_listed_twice_is_refused_with_both_lines() {
    let mut study = study();
    let row = study.cells("questionnaires").rows[1].clone();
    study.cells("questionnaires").rows.push(row);
    let n = study.cells("questionnaires").rows.len() + 1;
    let error = visits(&study, "questionnaires:nrs").unwrap_err();
    says(error, &[&format!("line {n} (sub-001),"), "is of ses-week13 as line 3 is"]);
}

#[test]
fn a_participant_that_the_study_lacks_is_refused_with_the_closest() {
    let mut study = study();
    study.set("questionnaires", 0, "participant_id", "sub-0O1");
    let error = visits(&study, "questionnaires:nrs").unwrap_err();
    says(
        error,
        &["line 2 (sub-0O1),", "whom participants.tsv does not list", "did you mean 'sub-001'?"],
    );
    study.set("questionnaires", 0, "participant_id", "n/a");
    says(visits(&study, "questionnaires:nrs").unwrap_err(), &["line 2", "has no participant_id"]);
    // sub- may be left out.
    study.set("questionnaires", 0, "participant_id", "001");
    assert_eq!(visits(&study, "questionnaires:nrs").unwrap().get(0, "ses-baseline"), Some(8.0));
}

#[test]
fn tables_columns_and_sessions_that_are_not_there_get_the_nearest_name() {
    let study = study();
    says(
        visits(&study, "questionaires:nrs").unwrap_err(),
        &["table 'questionaires'", "did you mean 'questionnaires'?"],
    );
    says(
        visits(&study, "questionnaires:nsr").unwrap_err(),
        &["column 'nsr'", "did you mean 'nrs'?"],
    );
    says(
        visits(&study, "pigc").unwrap_err(),
        &["column 'pigc'", "in no table", "did you mean 'pgic'?"],
    );
    let error = visits(&study, "nrs").unwrap().at("ses-week31").unwrap_err();
    says(error, &["session 'ses-week31'", "did you mean 'ses-week13'?"]);
    assert!(visits(&study, "nrs").unwrap().at("week13").is_ok());
}

#[test]
fn a_column_alone_is_found_in_the_one_table_that_has_it_and_refused_where_several_do() {
    let study = study();
    let resolve = |column: &str| study.tables.resolve(&column.parse().unwrap());
    assert_eq!(resolve("nrs").unwrap().to_string(), "questionnaires:nrs");
    assert_eq!(resolve("pcs").unwrap().to_string(), "questionnaires:sf36_pcs");
    says(resolve("session_id").unwrap_err(), &["column 'session_id'", " or ", "name its table"]);
    assert!(Tables::default().resolve(&"nrs".parse().unwrap()).is_err());
}

#[test]
fn participants_who_contradict_themselves_are_refused_with_their_line() {
    let mut study = study();
    let twice = study.cells("participants").rows[4].clone();
    study.cells("participants").rows.push(twice);
    let error = study.people_noted(&mut Notes::default()).unwrap_err();
    says(
        error,
        &["participants.tsv, line 94 (sub-005),", "line 6 lists", "a patient is in one arm"],
    );
    says(refused(0, "arm", "n/a"), &["line 2 (sub-001),", "has no arm though randomised"]);
    says(refused(0, "randomised", "no"), &["line 2 (sub-001),", "treated and not randomised"]);
    says(refused(0, "treated", "no"), &["completed and was not treated"]);
    says(
        refused(1, "completed", "yes"),
        &["line 3 (sub-002),", "completed and has a discontinuation_reason"],
    );
    says(
        refused(3, "treated", "maybe"),
        &["line 5 (sub-004),", "holds 'maybe' in column treated", "yes or no"],
    );
    says(refused(3, "randomised", "n/a"), &["has n/a in column randomised"]);
    says(refused(3, "last_day", "later"), &["holds 'later' in column last_day"]);
}

#[test]
fn arms_that_are_not_two_are_refused_with_the_levels_and_the_closest() {
    let read = |change: &dyn Fn(&mut Study)| {
        let mut study = study();
        change(&mut study);
        study.people_noted(&mut Notes::default()).unwrap_err()
    };
    let error = read(&|study| study.plan.control = "placeb".to_owned());
    says(error, &["holds milnacipran, placebo", "no 'placeb'", "did you mean 'placebo'?"]);
    let error = read(&|study| study.plan.arm = "amr".to_owned());
    says(error, &["column 'amr'", "did you mean 'arm'?"]);
    let error = read(&|study| study.set("participants", 5, "arm", "duloxetine"));
    says(error, &["holds 2 levels beside 'placebo': duloxetine, milnacipran;", "--active"]);
    let error = read(&|study| study.plan.active = Some("placebo".to_owned()));
    says(error, &["compared with itself"]);
    let error = read(&|study| study.plan.arm = "randomised".to_owned());
    says(error, &["no 'placebo'"]);
}

#[test]
fn who_left_without_a_reason_and_what_participants_tsv_does_not_say_is_said() {
    let mut study = study();
    study.set("participants", 1, "discontinuation_reason", "n/a");
    study.set("participants", 4, "completed", "n/a");
    let table = study.cells("participants");
    let treated = table.position("treated").unwrap();
    table.columns[treated] = "dosed".to_owned();
    let mut notes = Notes::default();
    let people = study.people_noted(&mut notes).unwrap();
    assert!(people.all.iter().all(|person| person.treated));
    let said: Vec<String> = notes.all.iter().map(ToString::to_string).collect();
    let all = said.join("\n");
    assert!(
        all.contains("1 participant has no discontinuation_reason, and did not complete: sub-002"),
        "{all}"
    );
    assert!(
        all.contains("1 participant has n/a in completed: whether they left is not known: sub-005"),
        "{all}"
    );
    assert!(
        all.contains("has no column treated: who was randomised is taken to be treated"),
        "{all}"
    );
}

#[test]
fn a_dictionary_that_says_nothing_clear_is_refused() {
    let cases = [
        ("[1]", "is not a JSON object"),
        ("{", "is not JSON"),
        (r#"{"nrs": {"Range": [10, 0]}}"#, "gives nrs the Range"),
        (r#"{"nrs": {"Range": [0]}}"#, "two rising numbers"),
        (r#"{"nrs": {"Minimum": 3, "Maximum": 3}}"#, "gives nrs a Minimum of 3 and a Maximum of 3"),
        (r#"{"nrs": {"Minimum": "low"}}"#, "gives nrs the Minimum"),
        (r#"{"nrs": {"Levels": 3}}"#, "gives nrs the Levels 3"),
        (r#"{"nrs": {"Direction": "up"}}"#, "lower is better"),
        (r#"{"nrs": {"Direction": "higher is worse"}}"#, "the Direction \"higher is worse\""),
        (r#"{"nrs": {"Direction": "slower is better"}}"#, "lower is better"),
    ];
    for (text, part) in cases {
        says(
            Dictionary::parse("questionnaires.json", text).unwrap_err(),
            &["questionnaires.json", part],
        );
    }
}

/// Two rows of a run's summary, from a file of its own.
fn summary(file: &str, id: &str, rate: &str) -> Measured {
    let row = |task: &str, rate: &str| {
        ["sub-001", "ses-baseline", task, rate].map(str::to_owned).to_vec()
    };
    let mut rows = vec![row("pain", "71"), row("rest", rate)];
    rows.iter_mut().for_each(|row| row[0] = id.to_owned());
    let columns = ["participant_id", "session_id", "task", "heart_rate"].map(str::to_owned);
    let table = Table { name: file.to_owned(), columns: columns.to_vec(), rows };
    Measured { name: "physio_summary".to_owned(), table, ..Measured::default() }
}

#[test]
fn files_of_one_name_are_one_table_whose_rows_keep_their_file_and_line() {
    let parts = vec![summary("a.tsv", "sub-001", "60"), summary("b.tsv", "sub-002", "sixty")];
    let whole = Measured::joined(parts.clone()).unwrap();
    let rest = whole.only("physio_summary[task=rest]", "task", "rest").unwrap();
    assert_eq!(rest.ids().unwrap(), ["sub-001", "sub-002"]);
    says(rest.numbers("heart_rate").unwrap_err(), &["b.tsv, line 3 (sub-002), holds 'sixty'"]);
    says(whole.only("", "task", "rset").unwrap_err(), &["nowhere 'rset'", "did you mean 'rest'?"]);
    says(whole.only("", "taks", "rest").unwrap_err(), &["column 'taks'", "did you mean 'task'?"]);
    let people = study().people();
    says(
        Visits::new(&whole, "task", &people).unwrap_err(),
        &["a.tsv, line 2 (sub-001),", "holds 'pain'"],
    );
    let error = Visits::new(&summary("a.tsv", "sub-001", "60"), "heart_rate", &people).unwrap_err();
    let line = "a.tsv, line 3 (sub-001), is of ses-baseline as line 2 is";
    says(error, &[line, "physio_summary[task=NAME]"]);
    let mut other = parts.clone();
    other[1].table.columns[3] = "rate".to_owned();
    says(Measured::joined(other).unwrap_err(), &["b.tsv has the columns", "those of a.tsv"]);
    // One whose dictionary lacks is named by it, whichever it is.
    for (at, lacks) in [(0, "b.json"), (1, "a.json")] {
        let mut other = parts.clone();
        let text = r#"{"heart_rate": {"Units": "beats/min"}}"#;
        other[at].dictionary = Dictionary::parse("own.json", text).unwrap();
        let found = format!("{lacks} is not there, and own.json says something of the same");
        says(Measured::joined(other).unwrap_err(), &[&found]);
    }
    // Each command is asked of its own regions.
    let mut other = parts.clone();
    other[1].table.columns.push("tsnr_pag".to_owned());
    other[1].table.rows.iter_mut().for_each(|row| row.push("40".to_owned()));
    other[1].dictionary =
        Dictionary::parse("b.json", r#"{"tsnr_pag": {"LongName": "PAG"}}"#).unwrap();
    let whole = Measured::joined(other).unwrap();
    assert_eq!(whole.numbers("tsnr_pag").unwrap(), [None, None, Some(40.0), Some(40.0)]);
    assert!(whole.dictionary.get("tsnr_pag").is_some());
    let mut other = parts;
    for (at, (name, units)) in [("a.json", "beats/min"), ("b.json", "Hz")].into_iter().enumerate() {
        let text = format!(r#"{{"heart_rate": {{"Units": "{units}"}}}}"#);
        other[at].dictionary = Dictionary::parse(name, &text).unwrap();
    }
    says(Measured::joined(other).unwrap_err(), &["b.json says other things of its columns"]);
}

#[test]
fn a_part_of_a_table_is_named_by_column_and_value() {
    assert_eq!(part_of("physio_summary").unwrap(), None);
    let named = part_of("deriv/physio_summary[task=rest]").unwrap();
    assert_eq!(named, Some(("physio_summary", "task", "rest")));
    for name in ["t[", "t[task]", "t[=rest]", "t[task=", "t[task=]"] {
        says(part_of(name).unwrap_err(), &["does not say which rows are meant"]);
    }
}

#[test]
fn a_table_that_is_not_there_may_be_given_by_its_path() {
    let study = study();
    let column = "physio_summary:mean_fd".parse().unwrap();
    let error = study.tables.visits(&column, &study.people()).unwrap_err().to_string();
    for part in ["table 'physio_summary'", "--table TSV", "check the path"] {
        assert!(error.contains(part), "{part}: {error}");
    }
    let mut plan = study.plan.clone();
    plan.edges = Some(boldly::trial::EdgesPlan { table: "out/conect".to_owned() });
    let error = plan.resolved(&study.tables, &mut Notes::default()).unwrap_err().to_string();
    for part in ["--table TSV", "no folder out/conect is there", "boldly connect wrote"] {
        assert!(error.contains(part), "{part}: {error}");
    }
}
