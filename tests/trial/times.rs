//! The order of visits by `acq_time` of sessions.tsv, before the numbers of their names and the rows of a table.

use std::fs;

use boldly::error::Result;
use boldly::io::tsv;
use boldly::trial::{Missing, Moment, Notes, Results, analyse};

use super::command::{NRS, boldly, run, study as folder_of_study};
use crate::study::{Study, study};

/// LOCF of visits called so, and who was at the n-th of them on which day.
fn with_visits(names: [&str; 3], days: impl Fn(usize) -> [u32; 3]) -> Study {
    let mut study = study().with_week6(false);
    let own = ["ses-baseline", "ses-week6", "ses-week13"];
    for row in &mut study.cells("questionnaires").rows {
        let at = own.iter().position(|session| row[1] == *session).unwrap();
        row[1] = names[at].to_owned();
    }
    // By the names, as tables that were sorted: no order of time.
    study.cells("questionnaires").rows.sort();
    (study.plan.baseline, study.plan.endpoint) = (names[0].to_owned(), names[2].to_owned());
    study.plan.missing = vec![Missing::Locf];
    for (k, person) in study.participants.table.rows.iter().enumerate() {
        for (name, day) in names.iter().zip(days(k)) {
            let moment = Moment::at(i64::from(day) * 86_400_000_000);
            study.tables.times.insert((person[0].clone(), (*name).to_owned()), moment);
        }
    }
    study
}

fn analysed(study: &Study) -> Result<Results> {
    analyse(&study.plan, study.participants.clone(), &study.tables, Notes::default())
}

const WORDS: [&str; 3] = ["ses-start", "ses-mid", "ses-end"];

#[test]
fn times_say_the_order_that_rows_do_not() {
    let found = analysed(&with_visits(WORDS, |_| [1, 10, 20])).unwrap();
    let told = "LOCF, of ses-mid, which follow each other so by acq_time of sessions.tsv";
    assert!(found.notes.all.iter().any(|note| note.text.contains(told)), "{:#?}", found.notes);
    // The numbers are those of the same visits in the order of rows.
    let mut rows = study().with_week6(false);
    rows.plan.missing = vec![Missing::Locf];
    let want = analysed(&rows).unwrap();
    for (got, want) in found.ancova.rows.iter().zip(&want.ancova.rows) {
        assert!((got.difference.value - want.difference.value).abs() < 1e-9, "{}", got.label);
        assert_eq!(got.n, want.n);
    }
    // Without times nothing says it, and what would is named.
    let error = analysed(&with_visits(WORDS, |_| [5, 5, 5])).unwrap_err().to_string();
    for part in ["--missing locf", "acq_time of sessions.tsv", "number at the end of their names"] {
        assert!(error.contains(part), "{part}: {error}");
    }
}

#[test]
fn times_that_have_no_visit_between_are_what_is_to_be_corrected_and_not_rows() {
    let found = analysed(&with_visits(WORDS, |_| [1, 30, 20])).unwrap();
    let is_one = |note: &&boldly::trial::Note| note.text.contains("LOCF needs a visit between");
    let told = &found.notes.all.iter().find(is_one).unwrap().text;
    assert!(told.contains("by acq_time of sessions.tsv there is none (ses-mid is not)"), "{told}");
    assert!(told.contains("correct acq_time") && !told.contains("rows are to be"), "{told}");
}

#[test]
fn times_that_contradict_each_other_or_the_names_are_refused() {
    let refused = |study: &Study, parts: &[&str]| {
        let error = analysed(study).unwrap_err().to_string();
        parts.iter().for_each(|part| assert!(error.contains(part), "{part}: {error}"));
    };
    let turned = with_visits(WORDS, |k| if k == 2 { [1, 20, 10] } else { [1, 10, 20] });
    let who = turned.participants.table.rows[2][0].clone();
    let one = format!("ses-end is before ses-mid in those of 1 participant ({who})");
    refused(&turned, &["acq_time of sessions.tsv contradict each other", &one]);
    refused(
        &with_visits(WORDS, |_| [20, 10, 1]),
        &["acq_time of sessions.tsv have ses-end before", "; correct acq_time, or leave locf"],
    );
    let numbered = with_visits(["ses-baseline", "ses-week6", "ses-week13"], |_| [10, 1, 20]);
    refused(&numbered, &["none by acq_time", "ses-week6 by the numbers of their names"]);
    // Times that tell visits apart, and rows in their order, would leave it as it is.
    refused(&numbered, &["; correct acq_time, or the names of the sessions, or leave locf"]);
    for study in [turned, numbered] {
        let error = analysed(&study).unwrap_err().to_string();
        for idle in ["tell these visits apart", "sort each"] {
            assert!(!error.contains(idle), "{idle}: {error}");
        }
    }
}

/// LOCF of four visits, the first the baseline and the last the endpoint, everybody there from and to these days; rows stand by their names.
fn with_four(days: [[i64; 2]; 4]) -> Study {
    let names = ["ses-a", "ses-b", "ses-d"];
    let mut study = with_visits(names, |_| [0; 3]);
    let rows = &mut study.cells("questionnaires").rows;
    let mut more: Vec<_> = rows.iter().filter(|row| row[1] == "ses-b").cloned().collect();
    more.iter_mut().for_each(|row| row[1] = "ses-c".to_owned());
    rows.extend(more);
    rows.sort();
    for person in &study.participants.table.rows {
        for (name, [from, to]) in ["ses-a", "ses-b", "ses-c", "ses-d"].iter().zip(days) {
            let moment = Moment { from_us: from, to_us: to };
            study.tables.times.insert((person[0].clone(), (*name).to_owned()), moment);
        }
    }
    study
}

#[test]
fn times_that_leave_two_visits_in_doubt_hold_for_the_others() {
    let said = |days| match analysed(&with_four(days)) {
        Ok(found) => found.notes.all.iter().map(|note| note.text.clone() + "\n").collect(),
        Err(error) => error.to_string(),
    };
    let says = |days, part: &str| {
        let said: String = said(days);
        assert!(said.contains(part), "{part}: {said}");
    };
    // Both after the endpoint, whichever came first.
    says([[1, 1], [20, 29], [25, 25], [10, 10]], "by acq_time of sessions.tsv there is none");
    // The endpoint before the baseline is told, whatever of the others.
    says(
        [[10, 10], [20, 29], [25, 25], [1, 1]],
        "acq_time of sessions.tsv have ses-d before ses-a",
    );
    // Which of two between is the last is known of the rows, and so is one of the day of the baseline.
    let in_rows = "ses-b, ses-c, which follow each other so in the table";
    says([[1, 1], [20, 29], [25, 25], [40, 40]], in_rows);
    says([[1, 9], [5, 5], [25, 25], [40, 40]], in_rows);
    // But not where they contradict a time that is known.
    let other = "the order of the rows of questionnaires.tsv has ses-b, ses-c, and acq_time of sessions.tsv ses-c at another place";
    says([[1, 9], [5, 5], [50, 50], [40, 40]], other);
    says([[1, 9], [5, 5], [4, 4], [40, 40]], other);
}

#[test]
fn the_command_reads_them_of_subjects_and_of_the_study() {
    let dir = folder_of_study();
    let dir = dir.path();
    let path = dir.join("study/phenotype/questionnaires.tsv");
    let mut table = study().with_week6(false).cells("questionnaires").clone();
    for row in &mut table.rows {
        row[1] = row[1].replace("ses-week6", "ses-yule");
    }
    table.rows.sort();
    fs::write(path, tsv::write_string(&table)).unwrap();
    let output = boldly(dir, &format!("{NRS} --missing locf --out no"));
    assert!(!output.status.success(), "rows by name say no order");
    fs::create_dir_all(dir.join("study/sub-003")).unwrap();
    let times = "session_id\tacq_time\nses-baseline\t2021-01-01\nses-yule\t2021-02-01\nses-week13\t2021-04-01\n";
    fs::write(dir.join("study/sub-003/sub-003_sessions.tsv"), times).unwrap();
    let (_, said) = run(dir, &format!("{NRS} --missing locf --out out"));
    assert!(said.contains("of ses-yule, which follow each other so by acq_time"), "{said}");
    run(dir, "verify out");
}

#[test]
fn what_is_no_time_and_a_visit_at_two_times_are_refused_with_their_line() {
    let dir = folder_of_study();
    let dir = dir.path();
    let refused = |endpoint: &str, more: &str, parts: &[&str]| {
        let text = format!(
            "participant_id\tsession_id\tacq_time\nsub-003\tses-baseline\t2020-06-01\nsub-003\tses-week13\t{endpoint}\n{more}"
        );
        fs::write(dir.join("study/sessions.tsv"), text).unwrap();
        let output = boldly(dir, &format!("{NRS} --out out"));
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(65), "{said}");
        parts.iter().for_each(|part| assert!(said.contains(part), "{part}: {said}"));
    };
    for text in ["04/10/2020", "2020-9-9", "2020-13-05T10:00:00", "2020-09-31", "9:30", "day 90"] {
        let told = format!("sessions.tsv, line 3 (sub-003), holds '{text}' in column acq_time");
        refused(text, "", &[&told, "2009-06-15T13:45:30"]);
    }
    let again = "003\tweek13\t2020-09-02\n";
    let told = "sessions.tsv, line 4 (003), has 2020-09-02 as acq_time of ses-week13 of sub-003";
    refused("2020-09-01", again, &[told, "another time"]);
    refused("2020-09-01\tmore", "", &["sessions.tsv"]);
    let case = "sub-003\tses-Baseline\t2020-06-01\n";
    refused("2020-09-01", case, &["line 4 (sub-003),", "'ses-baseline' in case alone"]);
    fs::write(
        dir.join("study/sessions.tsv"),
        "participant_id\tsession_id\tacq_time\nsub-003\tses-week13\tn/a\n",
    )
    .unwrap();
    run(dir, &format!("{NRS} --out out"));
}

#[test]
fn names_of_sessions_tsv_that_tables_spell_otherwise_are_refused_and_others_told() {
    let dir = folder_of_study();
    let dir = dir.path();
    let path = dir.join("study/phenotype/questionnaires.tsv");
    let mut study = study().with_week6(false);
    fs::write(path, tsv::write_string(study.cells("questionnaires"))).unwrap();
    let path = dir.join("study/sessions.tsv");
    let keys = "participant_id\tsession_id\tacq_time";
    let rows = "sub-003\tses-baseline\t2020-06-01\nsub-003\tses-week13\t2020-09-01\n";
    let refused = |row: &str, parts: &[&str]| {
        fs::write(&path, format!("{keys}\n{rows}{row}\n")).unwrap();
        let output = boldly(dir, &format!("{NRS} --out out"));
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(65), "{said}");
        parts.iter().for_each(|part| assert!(said.contains(part), "{part}: {said}"));
    };
    let told = ["sessions.tsv, line 4 (sub-003),", "'ses-week6' in case alone"];
    refused("sub-003\tses-Week6\t2020-07-01", &told);
    let told = ["session 'ses_week6', which differs from 'ses-week6' in case, _, - or blanks"];
    refused("sub-003\tses_week6\t2020-07-01", &told);
    let told = ["participant 'sub_003', which differs from 'sub-003' in case, _, - or blanks"];
    refused("sub_003\tses-week6\t2020-07-01", &told);

    let says = |text: &str, told: &str| {
        fs::write(&path, text).unwrap();
        let (_, said) = run(dir, &format!("{NRS} --out out"));
        assert!(said.contains(told), "{told}: {said}");
    };
    says(
        &format!("{keys}\n{rows}sub-003\tses-weeks6\t2020-07-01\n"),
        "acq_time of sessions.tsv is in 1 row of ses-weeks6, which no table has: did you mean ses-week6",
    );
    says(
        &format!("{keys}\n{rows}sub-3077\tses-week6\t2020-07-01\n"),
        "is of 1 participant whom participants.tsv does not list, and not used",
    );
    let of_file = "warning: when visits were is not read of sessions.tsv, without a column";
    for (columns, lack, hint) in [
        ("participant_id\tsession_id\tacq_date", "acq_time", "is 'acq_date' meant"),
        ("participant_id\tsession\tacq_time", "session_id", "rename 'session' to session_id"),
        ("who\tsession_id\tacq_time", "participant_id", "check the spelling"),
    ] {
        says(&format!("{columns}\n{rows}"), &format!("{of_file} {lack}: {hint}"));
    }
    fs::remove_file(&path).unwrap();
    fs::create_dir_all(dir.join("study/sub-003")).unwrap();
    let other = dir.join("study/sub-003/sub-004_sessions.tsv");
    fs::write(&other, "session_id\tacq_time\nses-week6\t2020-07-01\n").unwrap();
    let output = boldly(dir, &format!("{NRS} --out out"));
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(said.contains("be called sub-003_sessions.tsv"), "{said}");
    fs::remove_file(&other).unwrap();
    let own = "participant_id\tsession_id\tacq_time\nsub-004\tses-week6\t2020-07-01\n";
    fs::write(dir.join("study/sub-003/sub-003_sessions.tsv"), own).unwrap();
    let output = boldly(dir, &format!("{NRS} --out out"));
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(said.contains("is of sub-004 in a file of sub-003"), "{said}");
}

#[test]
fn visits_at_one_time_are_said_where_rows_contradict_each_other() {
    let mut study = with_four([[1, 1], [20, 20], [20, 20], [40, 40]]);
    // The first participant's two visits between, the other way round.
    let rows = &mut study.cells("questionnaires").rows;
    let at = |name: &str| rows.iter().position(|row| row[1] == name).unwrap();
    let (b, c) = (at("ses-b"), at("ses-c"));
    assert_eq!(rows[b][0], rows[c][0]);
    rows.swap(b, c);
    let error = analysed(&study).unwrap_err().to_string();
    for part in [
        "contradict each other",
        "acq_time of sessions.tsv has ses-c and ses-b at one time",
        "give times of acq_time that tell these visits apart",
    ] {
        assert!(error.contains(part), "{part}: {error}");
    }
    // So it is where rows have an order that times contradict: c after the end.
    let mut late = with_four([[1, 1], [20, 20], [20, 20], [40, 40]]);
    for row in &mut late.cells("questionnaires").rows {
        row[1] = match row[1].as_str() {
            "ses-c" => "ses-d".to_owned(),
            "ses-d" => "ses-c".to_owned(),
            other => other.to_owned(),
        };
    }
    let error = analysed(&late).unwrap_err().to_string();
    for part in ["ses-c at another place; acq_time", "has ses-b and ses-c at one time"] {
        assert!(error.contains(part), "{part}: {error}");
    }
    // Of visits without a time these are named.
    study.tables.times.retain(|(_, session), _| session != "ses-c");
    let error = analysed(&study).unwrap_err().to_string();
    assert!(error.contains("give acq_time of ses-c, too"), "{error}");
}

#[test]
fn a_file_in_a_folder_that_is_spelt_otherwise_is_refused() {
    for folder in ["Sub-001", "SUB-001", "sub_001", "sub001"] {
        let dir = folder_of_study();
        let dir = dir.path();
        let own = dir.join("study").join(folder);
        fs::create_dir_all(&own).unwrap();
        boldly(dir, &format!("{NRS} --out before"));
        assert!(dir.join("before/report.html").is_file(), "a folder without the file is one's own");
        let text = "session_id\tacq_time\nses-baseline\t2009-10-15\nses-week13\t2009-09-15\n";
        fs::write(own.join(format!("{folder}_sessions.tsv")), text).unwrap();
        let output = boldly(dir, &format!("{NRS} --out out"));
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(65), "{said}");
        let file = format!("{folder}/{folder}_sessions.tsv lies in a folder '{folder}'");
        assert!(said.contains(&file) && said.contains("as sub-001_sessions.tsv"), "{said}");
    }
    // A file of that name in another case.
    let dir = folder_of_study();
    let dir = dir.path();
    fs::create_dir_all(dir.join("study/sub-001")).unwrap();
    let text = "session_id\tacq_time\nses-baseline\t2009-10-15\n";
    fs::write(dir.join("study/sub-001/sub-001_Sessions.tsv"), text).unwrap();
    let output = boldly(dir, &format!("{NRS} --out out"));
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(said.contains("be called sub-001_sessions.tsv"), "{said}");
}
