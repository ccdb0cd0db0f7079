//! Of `trial::disposition`.

use boldly::error::Result;
use boldly::trial::results::{Disposition, Results};
use boldly::trial::sheets::sheets;
use boldly::trial::{Arm, Notes, disposition};

use crate::study::{Study, golden, is_golden, number, study};

fn tried(study: &Study) -> Result<(Disposition, Notes)> {
    let mut notes = Notes::default();
    let people = study.people();
    let found = disposition::analyse(&study.plan, &people, &study.tables, &mut notes)?;
    Ok((found, notes))
}

fn found(study: &Study) -> Disposition {
    tried(study).unwrap().0
}

#[track_caller]
fn said(study: &Study, text: &str) -> Vec<String> {
    let notes = tried(study).unwrap().1;
    let note = notes.all.iter().find(|note| note.text.contains(text));
    note.unwrap_or_else(|| panic!("no '{text}' in {:#?}", notes.all)).participants.clone()
}

#[test]
pub fn arms_and_reasons_are_the_golden_ones() {
    let found = found(&study());
    for (arm, name) in [(Arm::Active, "milnacipran"), (Arm::Control, "placebo")] {
        let own = found.arms.get(arm);
        let path = format!("disposition/{name}");
        assert_eq!(own.randomised, number(&format!("{path}/randomised")) as usize);
        let completed = number(&format!("{path}/completed")) as usize;
        assert_eq!((own.completed, own.discontinued), (Some(completed), Some(46 - completed)));
        assert_eq!((own.treated, own.not_known), (46, 0));
        let reasons = golden(&format!("{path}/reasons"));
        let reasons = reasons.as_object().unwrap();
        for (reason, n) in reasons {
            let of = found.reasons.iter().find(|(name, ..)| name == reason).unwrap();
            assert_eq!(*of.1.get(arm) as u64, n.as_u64().unwrap(), "{reason}");
        }
        let given = found.reasons.iter().filter(|(_, n, _)| *n.get(arm) > 0).count();
        assert_eq!(given, reasons.len());
    }
    // By descending count, then by name.
    let names: Vec<&str> = found.reasons.iter().map(|(name, ..)| name.as_str()).collect();
    let want = [
        "adverse event",
        "lack of efficacy",
        "lost to follow-up",
        "protocol deviation",
        "withdrew consent",
    ];
    assert_eq!(names, want);
    let events = found.reasons[0].2.unwrap();
    crate::goldens::two_arms_are_golden("discontinued_for_ae", true);
    is_golden(events.value, "discontinued_for_ae/rd");
    is_golden(events.low.unwrap(), "discontinued_for_ae/rd_miettinen_nurminen/0");
    is_golden(events.high.unwrap(), "discontinued_for_ae/rd_miettinen_nurminen/1");
    assert!((found.discontinued.unwrap().value - 5.0 / 46.0).abs() < 1e-15);
}

#[test]
pub fn the_time_to_discontinuation_is_the_golden_one() {
    let found = found(&study());
    for (arm, key) in [(Arm::Active, "1"), (Arm::Control, "0")] {
        let curve = &found.arms.get(arm).curve;
        let before = curve.iter().take_while(|step| step.day <= 90.0).last().unwrap();
        let path = format!("time_to_discontinuation/km/{key}");
        is_golden(before.share.value, &format!("{path}/survival_at_day_90"));
        is_golden(before.share.se.unwrap(), &format!("{path}/greenwood_se"));
        assert!(before.share.low.unwrap() < before.share.value);
        let last = curve.last().unwrap();
        assert_eq!((last.day, last.censored, last.events), (91.0, last.at_risk, 0));
        assert_eq!(curve[0].at_risk, 46);
        assert_eq!(found.arms.get(arm).median_day, None);
    }
    let test = found.log_rank.unwrap();
    is_golden(test.statistic, "time_to_discontinuation/logrank_chi2");
    is_golden(test.p, "time_to_discontinuation/p");
    assert_eq!(test.dof, Some(1.0));
}

#[test]
fn its_tables_hold_the_reasons_the_test_and_the_curve() {
    let study = study();
    let results = Results {
        arms: study.people().arms,
        disposition: Some(found(&study)),
        ..Results::default()
    };
    let sheets = sheets(&results);
    let table = |name: &str| &sheets.iter().find(|sheet| sheet.name == name).unwrap().table;
    let fates = table("disposition");
    let cell = |what: [&str; 2], column: &str| {
        let row = fates.rows.iter().find(|row| row[..2] == what).unwrap();
        row[fates.position(column).unwrap()].clone()
    };
    let counts = |what| ["active_n", "control_n"].map(|column| cell(what, column));
    assert_eq!(counts(["randomised", "n/a"]), ["46", "46"]);
    assert_eq!(counts(["completed", "n/a"]), ["35", "40"]);
    assert_eq!(counts(["discontinued", "n/a"]), ["11", "6"]);
    assert_eq!(counts(["discontinued", "adverse event"]), ["8", "2"]);
    let number = |what, column: &str| cell(what, column).parse::<f64>().unwrap();
    is_golden(
        number(["discontinued", "adverse event"], "risk_difference"),
        "discontinued_for_ae/rd",
    );
    is_golden(number(["discontinued", "n/a"], "log_rank_p"), "time_to_discontinuation/p");
    assert_eq!(cell(["discontinued", "adverse event"], "log_rank_p"), "n/a");
    let percent = number(["completed", "n/a"], "active_percent");
    assert!((percent - 100.0 * 35.0 / 46.0).abs() < 1e-12);
    let curve = table("time_to_discontinuation");
    assert_eq!(curve.rows[0][0], "milnacipran");
    assert_eq!(curve.rows[0][curve.position("at_risk").unwrap()], "46");
}

#[test]
fn who_has_no_day_or_no_known_end_is_in_no_curve_and_named() {
    let mut study = study();
    study.set("participants", 0, "last_day", "n/a");
    study.set("participants", 2, "completed", "n/a");
    study.set("participants", 3, "completed", "n/a");
    study.set("participants", 3, "discontinuation_reason", "moved");
    let found = found(&study);
    let active = &found.arms.active;
    assert_eq!((active.curve[0].at_risk, active.not_known, active.completed), (43, 2, Some(33)));
    assert_eq!(said(&study, "1 participant without last_day"), ["sub-001"]);
    assert_eq!(said(&study, "n/a in completed: not counted as having left"), ["sub-004"]);
    // A reason that differs in case is the same, and none is told as such.
    study.set("participants", 1, "discontinuation_reason", "Adverse Event");
    assert_eq!(self::found(&study).reasons.len(), found.reasons.len());
    said(
        &study,
        "reasons that differ in case or blanks, or are one number, are one: 'adverse event' as 'Adverse Event'",
    );
    study.set("participants", 1, "discontinuation_reason", "n/a");
    let reasons = self::found(&study).reasons;
    assert!(reasons.iter().any(|(name, n, _)| name == "not given" && n.active == 1));
}

#[test]
fn a_last_day_before_the_first_is_refused_of_the_treated() {
    let mut study = study();
    study.set("participants", 1, "last_day", "0");
    let message = tried(&study).unwrap_err().to_string();
    for part in ["participants.tsv", "line 3 (sub-002)", "last_day of 0", "be 1 or more"] {
        assert!(message.contains(part), "{message}");
    }
    study.set("participants", 1, "treated", "no");
    assert_eq!(found(&study).arms.active.curve[0].day, 0.0);
}

#[test]
fn without_the_columns_there_are_counts_and_no_curve() {
    let mut study = study();
    let drop = |study: &mut Study, column: &str| {
        let at = study.participants.table.position(column).unwrap();
        study.participants.table.columns.remove(at);
        study.participants.table.rows.iter_mut().for_each(|row| {
            row.remove(at);
        });
    };
    drop(&mut study, "last_day");
    let found = found(&study);
    assert_eq!((found.arms.active.curve.len(), found.log_rank), (0, None));
    assert_eq!(found.arms.active.completed, Some(35));
    said(&study, "has no column last_day");
    drop(&mut study, "completed");
    let found = self::found(&study);
    assert_eq!((found.arms.active.not_known, found.discontinued), (46, None));
    assert_eq!((found.arms.active.completed, found.arms.active.discontinued), (None, None));
    assert!(found.reasons.is_empty());
}
