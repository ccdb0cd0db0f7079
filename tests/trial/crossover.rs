//! Of `trial::crossover`.

use std::process::Command;

use boldly::error::Result;
use boldly::table::Table;
use boldly::trial::results::{Crossover, CrossoverRow};
use boldly::trial::{CrossoverPlan, Design, Measured, Notes, Results, crossover};

use crate::study::{Study, folder, golden, is_golden, study};

/// The crossover's own patients.
pub fn patients() -> Study {
    let mut study = study();
    let ids = (1..=24).map(|n| vec![format!("sub-{n:02}")]).collect();
    let table = Table {
        name: "participants.tsv".to_owned(),
        columns: vec!["participant_id".to_owned()],
        rows: ids,
    };
    study.participants = Measured { name: "participants".to_owned(), table, ..Measured::default() };
    study.plan.design = Design::Crossover;
    study.plan.outcomes.clear();
    study.plan.crossover = Some(CrossoverPlan {
        table: "crossover".to_owned(),
        outcome: "outcome".to_owned(),
        baseline: Some("baseline".to_owned()),
    });
    study
}

fn analysed(study: &Study, notes: &mut Notes) -> Result<Crossover> {
    crossover::analyse(&study.plan, &study.people(), &study.tables, notes)
}

fn row<'a>(found: &'a Crossover, analysis: &str, effect: &str) -> &'a CrossoverRow {
    let is = |row: &&CrossoverRow| row.analysis == analysis && row.effect == effect;
    found.rows.iter().find(is).unwrap()
}

#[test]
pub fn treatment_period_and_carry_over_are_golden() {
    let mut notes = Notes::default();
    let found = analysed(&patients(), &mut notes).unwrap();
    assert_eq!((found.control.as_str(), found.active.as_str()), ("placebo", "milnacipran"));
    assert_eq!(found.sequences, [("AB".to_owned(), 11), ("BA".to_owned(), 10)]);
    for (at, name) in ["AB", "BA"].iter().enumerate() {
        for path in ["crossover", "crossover/change_from_period_baseline"] {
            is_golden(found.sequences[at].1 as f64, &format!("{path}/n_{name}"));
        }
    }
    let dropped = golden("crossover/dropped_after_period_1");
    assert_eq!(dropped, serde_json::json!(found.dropped));
    for (analysis, effect, path) in [
        ("outcome", "treatment", "crossover/treatment_A_minus_B"),
        ("outcome", "period", "crossover/period_1_minus_2"),
        ("outcome", "carry-over", "crossover/carry_over_lambda_A_minus_B"),
        (
            "change from period baseline",
            "treatment",
            "crossover/change_from_period_baseline/treatment_A_minus_B",
        ),
        (
            "change from period baseline",
            "period",
            "crossover/change_from_period_baseline/period_1_minus_2",
        ),
    ] {
        let row = row(&found, analysis, effect);
        is_golden(row.estimate.value, &format!("{path}/value"));
        let test = row.test.unwrap();
        is_golden(test.statistic, &format!("{path}/t"));
        is_golden(test.p, &format!("{path}/p"));
        is_golden(row.estimate.low.unwrap(), &format!("{path}/low"));
        is_golden(row.estimate.high.unwrap(), &format!("{path}/high"));
        assert_eq!(test.dof, Some(19.0), "n - 2");
        // The oracle writes it with one test in two.
        if effect == "treatment" || effect == "carry-over" {
            is_golden(19.0, &format!("{path}/dof"));
        }
        assert_eq!(row.shown_only, effect == "carry-over");
    }
    let given = row(&found, "given baseline difference", "treatment");
    let path = "crossover/ancova_of_differences_on_baseline_difference";
    is_golden(given.estimate.value, &format!("{path}/value"));
    is_golden(given.estimate.se.unwrap(), &format!("{path}/se"));
    let test = given.test.unwrap();
    is_golden(test.statistic, &format!("{path}/t"));
    is_golden(test.dof.unwrap(), &format!("{path}/dof"));
    is_golden(test.p, &format!("{path}/p"));
}

#[test]
pub fn the_mixed_model_has_every_period_and_its_estimate_is_the_likelihoods() {
    let found = analysed(&patients(), &mut Notes::default()).unwrap();
    let treatment = row(&found, "mixed model, all patients", "treatment");
    // The restricted likelihood's maximum in 40 digits (mpmath).
    assert!((treatment.estimate.value - -0.649144113630892).abs() < 1e-12);
    let period = row(&found, "mixed model, all patients", "period");
    assert!((period.estimate.value - 0.371085368601712).abs() < 1e-12);
    // statsmodels stops its search 6e-7 of ln theta before it.
    let golden = crate::study::number("crossover/mixed_model_all_patients/value");
    assert!((treatment.estimate.value - golden).abs() < 2e-8);
    assert_eq!((treatment.estimate.se, treatment.test), (None, None), "the estimate alone");
    // Without drop-outs it is that of the differences.
    let mut whole = patients();
    let gone = ["sub-06", "sub-11", "sub-18"];
    whole.cells("crossover").rows.retain(|cells| !gone.contains(&cells[0].as_str()));
    let found = analysed(&whole, &mut Notes::default()).unwrap();
    let [mixed, plain] =
        ["mixed model, all patients", "outcome"].map(|of| row(&found, of, "treatment"));
    assert!((mixed.estimate.value - plain.estimate.value).abs() < 1e-12);
}

#[test]
fn patients_without_a_second_period_are_left_out_and_named() {
    let mut study = patients();
    study.cells("crossover").rows.retain(|row| row[0] != "sub-07");
    let mut notes = Notes::default();
    analysed(&study, &mut notes).unwrap();
    let said = |notes: &Notes| {
        let absent = notes.all.iter().find(|note| note.text.contains("without a row in"));
        absent.map(ToString::to_string)
    };
    let want = "1 participant of participants.tsv without a row in crossover.tsv: sub-07";
    assert_eq!(said(&notes).as_deref(), Some(want));
    let mut notes = Notes::default();
    analysed(&patients(), &mut notes).unwrap();
    assert_eq!(said(&notes), None);
    let mut notes = Notes::default();
    let found = analysed(&patients(), &mut notes).unwrap();
    assert_eq!(found.dropped, ["sub-06", "sub-11", "sub-18"]);
    let said: Vec<String> = notes.all.iter().map(ToString::to_string).collect();
    assert!(
        said.iter().any(|note| note
            .starts_with("3 participants without outcome in both periods, left out")
            && note.ends_with("sub-06, sub-11, sub-18")),
        "{said:?}"
    );
    // An outcome that is n/a is no second period either.
    let mut spoiled = patients();
    spoiled.set("crossover", 1, "outcome", "n/a");
    let found = analysed(&spoiled, &mut notes).unwrap();
    assert_eq!(found.dropped, ["sub-01", "sub-06", "sub-11", "sub-18"]);
}

#[test]
fn the_control_is_what_the_plan_says_and_turns_the_sign() {
    let mut turned = patients();
    turned.plan.control = "milnacipran".to_owned();
    let [as_it_is, turned] =
        [patients(), turned].map(|study| analysed(&study, &mut Notes::default()).unwrap());
    let value = |found: &Crossover, effect: &str| row(found, "outcome", effect).estimate.value;
    assert!((value(&as_it_is, "treatment") + value(&turned, "treatment")).abs() < 1e-12);
    assert!((value(&as_it_is, "period") - value(&turned, "period")).abs() < 1e-12);
}

#[test]
fn without_baselines_there_are_no_rows_that_use_them() {
    let mut study = patients();
    let table = study.cells("crossover");
    let at = table.position("baseline").unwrap();
    table.columns[at] = "other".to_owned();
    study.plan.crossover.as_mut().unwrap().baseline = None;
    let found = analysed(&study, &mut Notes::default()).unwrap();
    assert_eq!(found.rows.len(), 3 + 2, "those of the differences, and of the mixed model");
    // One patient without one is left out of those rows, and named.
    let mut study = patients();
    study.set("crossover", 2, "baseline", "n/a");
    let mut notes = Notes::default();
    let found = analysed(&study, &mut notes).unwrap();
    let given = row(&found, "given baseline difference", "treatment");
    assert_eq!(given.test.unwrap().dof, Some(17.0));
    assert!(
        notes
            .all
            .iter()
            .any(|n| n.text.contains("without a period baseline") && n.participants == ["sub-02"])
    );
}

#[test]
fn what_cannot_be_a_crossover_is_refused_by_line_and_patient() {
    let refused = |spoil: &dyn Fn(&mut Study), says: &[&str]| {
        let mut study = patients();
        spoil(&mut study);
        let error = analysed(&study, &mut Notes::default()).unwrap_err().to_string();
        says.iter().for_each(|part| assert!(error.contains(part), "{error}"));
    };
    refused(
        &|study| study.set("crossover", 0, "treatment", "placebo"),
        &["line 2 (sub-01)", "has placebo in period 1", "sequence AB is milnacipran, then placebo"],
    );
    refused(
        &|study| study.set("crossover", 1, "sequence", "BA"),
        &["line 3 (sub-01)", "has placebo in period 2"],
    );
    refused(&|study| study.set("crossover", 1, "period", "1"), &["line 3 (sub-01)"]);
    refused(
        &|study| {
            let table = study.cells("crossover");
            let row = table.rows[0].clone();
            table.rows.push(row);
        },
        &["line 47 (sub-01)", "is of period 1 as line 2 is"],
    );
    refused(
        &|study| {
            study.set("crossover", 1, "sequence", "BA");
            study.set("crossover", 1, "treatment", "milnacipran");
        },
        &["line 3 (sub-01)", "is in sequence BA, and in AB by line 2", "be in one sequence"],
    );
    refused(
        &|study| study.cells("crossover").rows.retain(|cells| cells[1] == "AB"),
        &[
            "column sequence of crossover.tsv",
            "holds AB",
            "hold two sequences, milnacipran first and placebo first",
        ],
    );
    refused(
        &|study| study.set("crossover", 4, "period", "3"),
        &["line 6 (sub-03)", "has the period 3", "be of period 1 or 2"],
    );
    for (column, slip, usual) in
        [("treatment", "Milnacipran", "milnacipran"), ("sequence", "ab", "AB")]
    {
        let one = format!("is of {column} '{slip}', and ");
        let other = format!("of '{usual}': they differ in case alone");
        refused(
            &|study| study.set("crossover", 0, column, slip),
            &["line 2 (sub-01)", &one, &other],
        );
    }
    refused(
        &|study| study.set("crossover", 4, "treatment", "pregabalin"),
        &["holds 3 treatments", "hold two"],
    );
    refused(&|study| study.plan.control = "plcebo".to_owned(), &["did you mean 'placebo'?"]);
    refused(&|study| study.plan.control = String::new(), &["--control"]);
    refused(
        &|study| study.set("crossover", 4, "participant_id", "sub-99"),
        &["line 6 (sub-99)", "is of 'sub-99', whom participants.tsv does not list"],
    );
    refused(
        &|study| study.cells("crossover").rows.retain(|c| c[1] == "AB" || c[0] == "sub-02"),
        &["sequence BA", "has 1 participant with both periods"],
    );
    refused(
        &|study| study.set("crossover", 4, "outcome", "4,24"),
        &["line 6 (sub-03)", "holds '4,24' in column outcome"],
    );
}

/// A sequence that is called by its order says which treatment comes first.
#[test]
fn sequences_called_by_the_other_order_are_refused_and_those_called_by_theirs_are_not() {
    // AB has milnacipran first.
    for (names, is_so) in [
        (["milnacipran-placebo", "placebo-milnacipran"], true),
        (["Placebo / Milnacipran", "Milnacipran / Placebo"], false),
        (["placebo first", "milnacipran first"], false),
        (["milnacipran first", "placebo first"], true),
        (["one", "two"], true),
    ] {
        let mut study = patients();
        let at = study.cells("crossover").position("sequence").unwrap();
        for row in &mut study.cells("crossover").rows {
            row[at] = names[usize::from(row[at] == "BA")].to_owned();
        }
        let found = analysed(&study, &mut Notes::default());
        match found {
            Ok(_) => assert!(is_so, "{names:?}"),
            Err(error) => {
                let part = format!("in period 1 of the sequence '{}'", names[0]);
                assert!(!is_so && error.to_string().contains(&part), "{names:?}: {error}");
            }
        }
    }
}

#[test]
fn the_command_analyses_a_crossover_whose_participants_have_no_arm() {
    let dir = tempfile::tempdir().unwrap();
    let ids: String = (1..=24).map(|n| format!("sub-{n:02}\n")).collect();
    std::fs::write(dir.path().join("participants.tsv"), format!("participant_id\n{ids}")).unwrap();
    std::fs::copy(folder().join("crossover.tsv"), dir.path().join("crossover.tsv")).unwrap();
    let run = |line: &str| {
        let output = Command::new(env!("CARGO_BIN_EXE_boldly"))
            .args(line.split_whitespace())
            .current_dir(dir.path())
            .output()
            .unwrap();
        (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
    };
    let line = "trial . --design crossover --crossover crossover --control placebo --out out";
    let (code, said) = run(line);
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("3 participants without outcome in both periods, left out of the crossover: sub-06, sub-11, sub-18"), "{said}");
    // Those listed are counted by sequence, which stands where parallel arms would.
    let page = std::fs::read_to_string(dir.path().join("out/report.html")).unwrap();
    let text = page.replace('\u{a0}', " ");
    for words in [
        "milnacipran against placebo in a crossover: sequence AB (n = 12), sequence BA (n = 12)",
        "Randomised (n = 24)",
        "Allocated to sequence AB",
    ] {
        assert!(text.contains(words), "{words}");
    }
    assert!(!text.contains("(n = 0)"));
    let counted = std::fs::read_to_string(dir.path().join("out/populations.tsv")).unwrap();
    assert!(counted.contains("randomised\t12\t12\t"), "{counted}");
    assert!(!dir.path().join("out/missing.tsv").exists(), "a crossover has no visits");
    // What changes nothing is refused.
    for option in [
        "--permutations 100",
        "--strata site",
        "--baseline ses-x",
        "--endpoint ses-q",
        "--missing locf",
        "--arm foo",
        "--active milnacipran",
    ] {
        let (code, said) = run(&format!("{} {option}", line.replace("--out out", "--out none")));
        let name = option.split(' ').next().unwrap();
        assert_eq!(code, Some(2), "{option}: {said}");
        assert!(said.contains(name) && said.contains("changes nothing"), "{option}: {said}");
    }
    let table = std::fs::read_to_string(dir.path().join("out/crossover.tsv")).unwrap();
    assert!(table.contains("outcome\ttreatment\t21\t-0.694"), "{table}");
    let (code, said) = run("verify out");
    assert_eq!(code, Some(0), "{said}");
    let (code, said) = run("trial . --design crossover --crossover crossover --out other");
    assert_eq!(code, Some(2), "{said}");
    assert!(said.contains("--control"), "{said}");
    // A column of arms says nothing of a crossover.
    let arms: String = (1..=24).map(|n| format!("sub-{n:02}\tAB\n")).collect();
    std::fs::write(dir.path().join("participants.tsv"), format!("participant_id\tarm\n{arms}"))
        .unwrap();
    let (code, said) = run(&line.replace("--out out", "--out again"));
    assert_eq!(code, Some(0), "{said}");
}

#[test]
fn each_row_has_the_number_of_participants_that_it_rests_on() {
    let mut study = patients();
    let spoiled = ["sub-05", "sub-06", "sub-07", "sub-08"];
    let table = study.cells("crossover");
    for row in table.rows.iter_mut().filter(|row| spoiled.contains(&row[0].as_str())) {
        row[4] = "n/a".to_owned();
    }
    // Those with an outcome in both periods, of them with baselines, and with any outcome.
    let with = |table: &Table, columns: &[usize], least: usize| {
        let is_whole = |id: &str| {
            let own = table.rows.iter().filter(|row| row[0] == id);
            own.filter(|row| columns.iter().all(|&at| row[at] != "n/a")).count() >= least
        };
        (1..=24).filter(|n| is_whole(&format!("sub-{n:02}"))).count()
    };
    let want = [with(table, &[5], 2), with(table, &[4, 5], 2), with(table, &[5], 1)];
    assert!(want[1] < want[0] && want[0] < want[2], "{want:?}");
    let found = analysed(&study, &mut Notes::default()).unwrap();
    for one in &found.rows {
        let n = match one.analysis.as_str() {
            "outcome" => want[0],
            "mixed model, all patients" => want[2],
            _ => want[1],
        };
        assert_eq!(one.n, n, "{}: {}", one.analysis, one.effect);
        if let Some(test) = &one.test {
            let columns = if one.analysis.starts_with("given") { 3.0 } else { 2.0 };
            assert_eq!(test.dof, Some(n as f64 - columns), "{}", one.analysis);
        }
    }
    let n = [want[0], want[1]].map(|n| format!(">{n}<"));
    let results = Results { crossover: Some(found), plan: study.plan, ..Results::default() };
    let html = crate::report::drawn(&results);
    assert!(n.iter().all(|n| html.contains(n)), "{n:?}");
    let sheets = boldly::trial::sheets::sheets(&results);
    let table = &sheets.iter().find(|sheet| sheet.name == "crossover").unwrap().table;
    let at = [table.position("n").unwrap(), table.position("analysis").unwrap()];
    let own = table.rows.iter().find(|row| row[at[1]].starts_with("given")).unwrap();
    assert_eq!(own[at[0]], want[1].to_string());
}
