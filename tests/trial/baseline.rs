//! Of `trial::baseline` and `trial::populations`.

use boldly::trial::results::{Baseline, BaselineRow, Summary};
use boldly::trial::{Arm, ByArm, Dictionary, Notes, baseline, outcomes, populations};

use super::study::{Study, golden, is_golden, study};

fn described(study: &Study) -> (Baseline, Notes) {
    let mut notes = Notes::default();
    let people = study.people();
    let table = baseline::analyse(&study.plan, &people, &study.tables, &mut notes).unwrap();
    (table, notes)
}

fn refused(study: &Study) -> String {
    let people = study.people();
    let notes = &mut Notes::default();
    baseline::analyse(&study.plan, &people, &study.tables, notes).unwrap_err().to_string()
}

fn row<'a>(table: &'a Baseline, variable: &str, level: Option<&str>) -> &'a BaselineRow {
    let mut rows = table.rows.iter();
    rows.find(|row| row.variable == variable && row.level.as_deref() == level).unwrap()
}

#[test]
pub fn numbers_have_the_golden_means_medians_quartiles_and_differences() {
    let (table, _) = described(&study());
    let rows = [
        ("participants:age", "age"),
        ("questionnaires:nrs", "nrs"),
        ("questionnaires:fiq", "fiq"),
        ("questionnaires:sf36_pcs", "sf36_pcs"),
    ];
    for (variable, key) in rows {
        let row = row(&table, variable, None);
        for (arm, name) in [(Arm::Control, "control"), (Arm::Active, "active")] {
            let Summary::Number { mean, sd, median, q1, q3, .. } = row.summary.get(arm) else {
                panic!("{key} is counted");
            };
            for (at, got) in [mean, sd, median, q1, q3].into_iter().enumerate() {
                is_golden(got.unwrap(), &format!("baseline/{key}/{name}/{at}"));
            }
        }
        is_golden(row.standardised_difference.unwrap(), &format!("baseline/{key}/smd"));
    }
}

#[test]
pub fn levels_are_counted_with_the_golden_shares_and_difference() {
    let (table, _) = described(&study());
    let row = row(&table, "participants:sex", Some("F"));
    for (arm, name) in [(Arm::Control, "control"), (Arm::Active, "active")] {
        let Summary::Count { share, .. } = row.summary.get(arm) else { panic!("sex is a number") };
        is_golden(share.unwrap(), &format!("baseline/female/{name}"));
    }
    is_golden(row.standardised_difference.unwrap(), "baseline/female/smd");
}

#[test]
fn a_site_of_someone_who_was_not_randomised_alone_has_no_row() {
    let mut study = study();
    study.plan.strata = vec!["site".to_owned()];
    let row = study.cells("participants").rows[0].clone();
    study.cells("participants").rows.push(row);
    let cells = [
        ("participant_id", "sub-999"),
        ("arm", "n/a"),
        ("site", "oslo"),
        ("randomised", "no"),
        ("treated", "no"),
        ("completed", "n/a"),
    ];
    cells.iter().for_each(|(column, cell)| study.set("participants", 92, column, cell));
    let (table, _) = described(&study);
    let sites = table.rows.iter().filter(|row| row.variable == "participants:site");
    assert_eq!(sites.filter(|row| row.level.as_deref() == Some("oslo")).count(), 0);
    assert_eq!(row_of_site(&table).n.active + row_of_site(&table).n.control, 92);
}

fn row_of_site(table: &Baseline) -> &BaselineRow {
    row(table, "participants:site", Some("cologne"))
}

#[test]
fn who_lacks_a_described_value_is_counted_and_named() {
    let mut study = study();
    study.set("participants", 2, "age", "n/a");
    let (table, notes) = described(&study);
    let row = row(&table, "participants:age", None);
    assert_eq!(
        (row.n, row.missing),
        (ByArm { control: 46, active: 45 }, ByArm { control: 0, active: 1 })
    );
    let note = notes
        .all
        .iter()
        .find(|note| note.text.contains("1 participant of the baseline table lacks age"))
        .unwrap();
    assert_eq!(note.participants, ["sub-003"]);
}

#[test]
fn one_word_among_numbers_is_refused_with_its_line_however_few_participants_there_are() {
    for cell in ["40 years", "55,5"] {
        let mut study = study();
        study.participants.table.rows.truncate(16);
        study.set("participants", 3, "age", cell);
        let said = refused(&study);
        for part in ["participants.tsv, line 5 (sub-004),", cell, "hold a number or n/a", "Levels"]
        {
            assert!(said.contains(part), "{part}: {said}");
        }
    }
    // By its Units it is a number, though no cell is one.
    let mut study = study();
    let dictionary = r#"{"age": {"Units": "year"}}"#;
    study.participants.dictionary = Dictionary::parse("participants.json", dictionary).unwrap();
    (0..92).for_each(|row| study.set("participants", row, "age", "40 years"));
    assert!(refused(&study).contains("line 2 (sub-001), holds '40 years'"));
    // Decimal commas throughout are no levels.
    let mut commas = crate::study::study();
    (0..92).for_each(|row| commas.set("participants", row, "age", &format!("4{},5", row % 5)));
    assert!(refused(&commas).contains("line 2 (sub-001), holds '40,5'"));
}

#[test]
fn strata_of_numbers_are_levels_as_they_are_in_the_models() {
    let mut study = study();
    for row in 0..92 {
        study.set("participants", row, "site", ["2", "10"][usize::from(row % 3 == 0)]);
    }
    study.plan.strata = vec!["site".to_owned()];
    let (table, _) = described(&study);
    let of_site = table.rows.iter().filter(|row| row.variable == "participants:site");
    let levels: Vec<Option<&str>> = of_site.map(|row| row.level.as_deref()).collect();
    assert_eq!(levels, [Some("2"), Some("10")]);
}

#[test]
fn the_flow_counts_the_golden_completers_and_reasons() {
    let study = study();
    let people = study.people();
    let ancova =
        outcomes::analyse(&study.plan, &people, &study.tables, &mut Notes::default()).unwrap();
    let flow = populations::flow(&people, populations::analysed(&ancova));
    assert_eq!(flow.listed, 92);
    for arm in Arm::BOTH {
        let own = flow.arms.get(arm);
        let want = golden(&format!("disposition/{}", own.name));
        assert_eq!(own.randomised as u64, want["randomised"]);
        assert_eq!(own.completed.unwrap() as u64, want["completed"]);
        let reasons = want["reasons"].as_object().unwrap();
        assert_eq!(own.reasons.len(), reasons.len());
        for (reason, n) in &own.reasons {
            assert_eq!(reasons[reason], *n as u64, "{reason}");
        }
    }
    let analysed: Vec<usize> = flow.arms.active.analysed.iter().map(|one| one.n).collect();
    assert_eq!(analysed, [35, 35, 35, 35, 34]);
}

#[test]
fn missing_values_are_counted_by_visit_and_by_whether_their_participant_left() {
    let study = study();
    let people = study.people();
    let found = populations::analyse(&study.plan, &people, &study.tables).unwrap();
    let of = |session: &str| {
        let mut rows = found.missing.iter();
        rows.find(|row| row.outcome == "questionnaires:sf36_pcs" && row.session == session).unwrap()
    };
    assert_eq!(of("ses-baseline").present, ByArm { control: 46, active: 46 });
    let after = of("ses-week13");
    assert_eq!(after.present, ByArm { control: 39, active: 34 });
    assert_eq!([after.left.control.len(), after.left.active.len()], [6, 11]);
    assert_eq!([after.lacking.control.len(), after.lacking.active.len()], [1, 1]);
}

#[test]
fn who_was_not_randomised_or_is_of_another_arm_is_in_the_flow_by_name() {
    let mut study = study();
    study.set("participants", 0, "randomised", "no");
    study.set("participants", 0, "treated", "no");
    study.set("participants", 0, "completed", "no");
    study.set("participants", 1, "arm", "duloxetine");
    study.plan.active = Some("milnacipran".to_owned());
    let mut notes = Notes::default();
    let people = study.people_noted(&mut notes).unwrap();
    let flow = populations::flow(&people, ByArm::default());
    assert_eq!(flow.not_randomised, ["sub-001"]);
    assert_eq!(flow.other_arms, ["sub-002"]);
    assert_eq!([flow.arms.active.randomised, flow.arms.control.randomised], [44, 46]);
    let said: Vec<String> = notes.all.iter().map(ToString::to_string).collect();
    assert!(
        said.contains(&"1 participant is of another arm and not compared: sub-002".to_owned()),
        "{said:?}"
    );
}
