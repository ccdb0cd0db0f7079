//! Of `trial::responders`.

use boldly::trial::results::{Estimate, ResponderRow, Responders};
use boldly::trial::{Arm, Missing, Notes, responders};

use crate::study::{Study, golden, is_golden, number, study};

fn asked(rules: &[&str]) -> Study {
    let mut study = study();
    study.plan.responders = rules.iter().map(|rule| rule.parse().unwrap()).collect();
    study.plan.strata = vec!["site".to_owned()];
    study
}

fn found(study: &Study) -> (Responders, Notes) {
    let mut notes = Notes::default();
    let people = study.people();
    let found = responders::analyse(&study.plan, &people, &study.tables, &mut notes).unwrap();
    (found, notes)
}

fn row(found: &Responders, name: &str, missing: Missing) -> ResponderRow {
    let mut of = found.rows.iter().filter(|r| r.name == name && r.missing == Some(missing));
    let row = of.next().unwrap_or_else(|| panic!("no row {name}")).clone();
    assert!(of.next().is_none(), "{name} twice");
    row
}

const THREE: &str = "pain=nrs<=-30%; pgic<=2; pcs>=+6";
const GOLDEN: [(&str, &str); 5] = [
    ("pain", "pain_only"),
    ("pgic", "pgic_only"),
    ("pcs", "pcs_only"),
    ("pain + pgic", "two_measure"),
    ("pain + pgic + pcs", "three_measure"),
];

#[track_caller]
fn has_limits(got: Option<Estimate>, path: &str) {
    let got = got.unwrap();
    is_golden(got.low.unwrap(), &format!("{path}/0"));
    is_golden(got.high.unwrap(), &format!("{path}/1"));
}

#[test]
pub fn counts_and_intervals_of_every_rule_are_the_golden_ones() {
    let (found, _) = found(&asked(&[THREE]));
    assert_eq!(found.rows.len(), 10);
    for (name, of) in GOLDEN {
        for (missing, way) in [(Missing::Bocf, "bocf"), (Missing::Observed, "observed")] {
            let (row, path) = (row(&found, name, missing), format!("responders/{of}/{way}"));
            let counts =
                [row.responders.active, row.n.active, row.responders.control, row.n.control];
            let want =
                ["x1", "n1", "x0", "n0"].map(|key| number(&format!("{path}/{key}")) as usize);
            assert_eq!(counts, want, "{path}");
            is_golden(row.risk_difference.unwrap().value, &format!("{path}/rd"));
            has_limits(row.risk_difference, &format!("{path}/rd_miettinen_nurminen"));
            has_limits(row.risk_difference_newcombe, &format!("{path}/rd_newcombe"));
            has_limits(row.share.active, &format!("{path}/wilson1"));
            has_limits(row.share.control, &format!("{path}/wilson0"));
            is_golden(row.share.active.unwrap().value, &format!("{path}/p1"));
            is_golden(row.share.control.unwrap().value, &format!("{path}/p0"));
            is_golden(row.p_score.unwrap(), &format!("{path}/p_score"));
            is_golden(row.p_fisher.unwrap(), &format!("{path}/p_fisher"));
            for (ratio, key) in [(row.odds_ratio, "or_woolf"), (row.risk_ratio, "rr")] {
                let ratio = ratio.unwrap();
                is_golden(ratio.value, &format!("{path}/{key}/0"));
                is_golden(ratio.low.unwrap(), &format!("{path}/{key}/1"));
                is_golden(ratio.high.unwrap(), &format!("{path}/{key}/2"));
            }
        }
    }
}

#[test]
pub fn missing_values_worst_and_best_cases_and_numbers_needed_are_the_golden_ones() {
    let (found, _) = found(&asked(&[THREE]));
    for (name, of) in GOLDEN {
        let (row, path) = (row(&found, name, Missing::Bocf), format!("responders/{of}"));
        let lacking =
            [row.lacking.active.len(), row.lacking.control.len(), row.known_nonresponders];
        let want = ["active", "control", "of_these_known_nonresponder"];
        let want = want.map(|key| number(&format!("{path}/missing/{key}")) as usize);
        assert_eq!(lacking, want, "{path}");
        is_golden(row.worst_case.unwrap(), &format!("{path}/worst_case_rd"));
        is_golden(row.best_case.unwrap(), &format!("{path}/best_case_rd"));
        let nnt = row.nnt.unwrap();
        is_golden(nnt.value, &format!("{path}/nnt/nnt"));
        has_limits(row.risk_difference_newcombe, &format!("{path}/nnt/bounds_of_rd"));
        assert_eq!(nnt.text_newcombe, golden(&format!("{path}/nnt/text")), "{path}");
    }
    let pain = row(&found, "pain", Missing::Observed);
    assert_eq!((pain.worst_case, pain.best_case), (None, None), "nobody lacks a value");
}

#[test]
pub fn the_odds_ratio_given_baseline_is_the_golden_one() {
    let (found, notes) = found(&asked(&[THREE]));
    let adjusted = row(&found, "pain + pgic", Missing::Bocf).adjusted.unwrap();
    let path = "responders/two_measure/logistic_adjusted_for_baseline_nrs";
    is_golden(adjusted.odds_ratio.value, &format!("{path}/odds_ratio"));
    is_golden(adjusted.odds_ratio.value.ln(), &format!("{path}/coefficients/1"));
    is_golden(adjusted.odds_ratio.low.unwrap(), &format!("{path}/low"));
    is_golden(adjusted.odds_ratio.high.unwrap(), &format!("{path}/high"));
    is_golden(adjusted.test.statistic, &format!("{path}/z"));
    is_golden(adjusted.test.p, &format!("{path}/p"));
    assert_eq!((adjusted.given, adjusted.n), (vec!["questionnaires:nrs".to_owned()], 92));
    let three = row(&found, "pain + pgic + pcs", Missing::Observed).adjusted.unwrap();
    assert_eq!(three.given, ["questionnaires:nrs", "questionnaires:sf36_pcs"]);
    assert_eq!(three.n, 72);
    assert!(row(&found, "pgic", Missing::Bocf).adjusted.is_none(), "it uses no baseline");
    assert!(!notes.all.iter().any(|note| note.text.contains("no odds ratio given baseline")));
}

#[test]
fn a_rule_that_baseline_decides_has_no_adjusted_odds_ratio_and_that_is_told() {
    // Whoever began above 6 responds, whatever the arm.
    let mut study = asked(&["pain=nrs<=-30%"]);
    for row in 0..study.cells("questionnaires").rows.len() {
        let cells = study.cells("questionnaires");
        if cells.rows[row][1] == "ses-week13" {
            let began: f64 = cells.rows[row - 1][2].parse().unwrap();
            cells.rows[row][2] = if began > 6.0 { "1" } else { "10" }.to_owned();
        }
    }
    let (found, notes) = found(&study);
    assert!(row(&found, "pain", Missing::Observed).adjusted.is_none());
    let told = "responders by pain: no odds ratio given baseline";
    assert!(notes.all.iter().any(|note| note.text.starts_with(told)), "{notes:#?}");
}

#[test]
pub fn sites_together_are_the_golden_ones() {
    let (found, _) = found(&asked(&[THREE]));
    let row = row(&found, "pain + pgic", Missing::Bocf).stratified.unwrap();
    let path = |key: &str| format!("responders/two_measure/by_site/{key}");
    assert_eq!((row.by, row.n_strata, row.left_out), (vec!["site".to_owned()], 3, 0));
    let difference = row.risk_difference.unwrap();
    is_golden(difference.value, &path("rd_mh"));
    is_golden(difference.se.unwrap(), &path("rd_mh_sato_se"));
    is_golden(difference.low.unwrap(), &path("rd_mh_ci/0"));
    is_golden(difference.high.unwrap(), &path("rd_mh_ci/1"));
    let odds = row.odds_ratio.unwrap();
    is_golden(odds.value, &path("or_mh"));
    is_golden(odds.low.unwrap(), &path("or_mh_ci/0"));
    is_golden(odds.high.unwrap(), &path("or_mh_ci/1"));
    is_golden(row.test.unwrap().statistic, &path("cmh_chi2"));
    is_golden(row.test.unwrap().p, &path("cmh_p"));
}

#[test]
fn a_site_with_one_arm_alone_is_left_out_of_the_strata_and_counted() {
    let mut study = asked(&["pain=nrs<=-30%"]);
    study.set("participants", 0, "site", "oslo");
    let row = row(&found(&study).0, "pain", Missing::Bocf);
    let strata = row.stratified.unwrap();
    assert_eq!((strata.n_strata, strata.left_out), (3, 1));
    assert_eq!(strata.of_one_arm[0].participants, ["sub-001"]);
    // Who is left out is told, once for all rules of all randomised.
    study.plan.responders.push("pgic<=2".parse().unwrap());
    let notes = found(&study).1.all;
    let told: Vec<_> =
        notes.iter().filter(|note| note.text.contains("Mantel and Haenszel")).collect();
    assert_eq!(told.len(), 1, "{told:#?}");
    let want = "1 stratum of site has one arm alone (milnacipran: oslo): 1 participant left out";
    assert!(told[0].text.starts_with(want), "{}", told[0].text);
    assert_eq!(told[0].participants, ["sub-001"]);
    study.plan.responders.pop();
    study.plan.strata.clear();
    assert!(self::row(&found(&study).0, "pain", Missing::Bocf).stratified.is_none());
    // Every participant a site of their own.
    study.plan.strata = vec!["participant_id".to_owned()];
    let strata = self::row(&found(&study).0, "pain", Missing::Bocf).stratified.unwrap();
    assert_eq!((strata.n_strata, strata.left_out, strata.risk_difference), (0, 92, None));
}

/// Sets the pain of the first participant, who completed, before and after.
fn pain_of_the_first(study: &mut Study, before: &str, after: &str) {
    study.set("questionnaires", 0, "nrs", before);
    study.set("questionnaires", 1, "nrs", after);
}

#[test]
fn from_10_to_7_is_a_response_of_30_percent_and_so_is_every_exact_one() {
    let mut study = asked(&["pain=nrs<=-30%"]);
    let count = |study: &Study| row(&found(study).0, "pain", Missing::Bocf).responders.active;
    pain_of_the_first(&mut study, "10", "10");
    let without = count(&study);
    for (before, after, responds) in [
        ("10", "7", true),
        ("10", "7.000001", false),
        ("3", "2.1", true),
        ("1", "0.7", true),
        ("7", "4.9", true),
        ("9", "6.3", true),
        ("6", "4.2", true),
        ("6", "4.3", false),
    ] {
        pain_of_the_first(&mut study, before, after);
        assert_eq!(count(&study) - without, usize::from(responds), "{before} to {after}");
    }
}

#[test]
fn who_fails_one_part_is_known_not_to_respond_though_another_lacks() {
    let mut study = asked(&["pain=nrs<=-30%; pgic<=2"]);
    let known = |study: &Study| {
        let row = row(&found(study).0, "pain + pgic", Missing::Bocf);
        (row.lacking.active.len(), row.known_nonresponders, row.responders.active)
    };
    let (lacking, before, responders) = known(&study);
    study.set("questionnaires", 1, "pgic", "n/a");
    // sub-001: 8 to 5 is a response, so nothing is known.
    assert_eq!(known(&study), (lacking + 1, before, responders));
    study.set("questionnaires", 1, "nrs", "8");
    assert_eq!(known(&study), (lacking + 1, before + 1, responders));
}

#[test]
fn all_randomised_come_first_whatever_the_plan_says_of_missing_values() {
    let mut study = asked(&["pain=nrs<=-30%"]);
    let ways = |study: &Study| -> Vec<Option<Missing>> {
        found(study).0.rows.iter().map(|row| row.missing).collect()
    };
    assert_eq!(ways(&study), [Some(Missing::Bocf), Some(Missing::Observed)]);
    study.plan.missing = vec![Missing::Locf];
    assert_eq!(ways(&study), [Some(Missing::Bocf)]);
}

#[test]
fn responders_have_a_row_with_the_last_value_carried_forward_where_a_visit_lies_between() {
    let rules = ["pain=nrs<=-30%", "pgic<=2"];
    let of = |filled: bool, missing: &[Missing]| {
        let mut study = asked(&rules).with_week6(filled);
        study.plan.missing = missing.to_vec();
        found(&study).0.rows
    };
    let (rows, filled) = (of(false, &[Missing::Locf]), of(true, &[Missing::Bocf]));
    let ways: Vec<_> = rows.iter().map(|row| row.missing.unwrap()).collect();
    assert_eq!(ways, [Missing::Bocf, Missing::Locf, Missing::Bocf, Missing::Locf]);
    for (row, want) in rows.iter().skip(1).step_by(2).zip(&filled) {
        assert_eq!((row.responders, row.n), (want.responders, want.n), "{}", row.name);
    }
}

#[test]
fn rules_that_begin_alike_share_their_rows() {
    let (found, _) = found(&asked(&["pain=nrs<=-30%; pgic<=2", "pain=nrs<=-30%; pcs>=+6"]));
    let names: Vec<&str> = found.rows.iter().map(|row| row.name.as_str()).collect();
    let want = ["pain", "pgic", "pain + pgic", "pcs", "pain + pcs"];
    assert_eq!(names, want.iter().flat_map(|name| [*name; 2]).collect::<Vec<_>>());
    assert_eq!(found.rows[0].rule, "pain=questionnaires:nrs<=-30%");
    assert_eq!(
        found.rows[8].rule,
        "pain=questionnaires:nrs<=-30%; pcs=questionnaires:sf36_pcs>=+6"
    );
}

#[test]
fn who_lacks_a_value_is_named_and_a_percentage_of_0_is_told() {
    let mut study = asked(&["pain=nrs<=-30%", "pcs>=+6"]);
    study.set("questionnaires", 0, "nrs", "0");
    let (found, notes) = found(&study);
    let said = |text: &str| {
        let note = notes.all.iter().find(|note| note.text.contains(text));
        note.unwrap_or_else(|| panic!("no note of {text}: {notes:#?}")).clone()
    };
    let zero = said("of 0 or below at ses-baseline");
    assert_eq!(zero.participants, ["sub-001"]);
    assert!(row(&found, "pain", Missing::Bocf).lacking.active.contains(&"sub-001".to_owned()));
    let completers = said(
        "2 participants without questionnaires:sf36_pcs at ses-week13 though having completed",
    );
    assert_eq!(completers.participants.len(), 2);
    // Who left lacks both, and is named once.
    let left = said("questionnaires:nrs, questionnaires:sf36_pcs at ses-week13 for having left");
    assert_eq!(left.participants.len(), 17);
    assert_eq!(notes.all.iter().filter(|note| note.text.contains("having left")).count(), 1);
    // Without a value at baseline there is no change.
    study.set("questionnaires", 0, "nrs", "n/a");
    let (_, notes) = self::found(&study);
    let told = "1 participant without questionnaires:nrs at ses-baseline";
    assert!(notes.all.iter().any(|note| note.text.starts_with(told)), "{notes:#?}");
}

#[test]
fn a_rule_that_counts_the_worse_as_a_response_is_told() {
    let told = |rule: &str| {
        let notes = found(&asked(&[rule])).1;
        notes.all.iter().any(|note| note.text.contains("counts what the dictionary calls worse"))
    };
    assert!(told("pain=nrs>=+30%"));
    assert!(told("pgic>2"));
    assert!(told("pcs<=+6"));
    assert!(!told(THREE));
}

#[test]
fn a_rule_nobody_meets_or_everybody_has_no_ratio_and_finite_limits() {
    let (found, _) = found(&asked(&["none=nrs<=-10; all=sf36_pcs>=-60"]));
    let none = row(&found, "none", Missing::Bocf);
    assert_eq!((none.responders.active, none.responders.control), (0, 0));
    assert_eq!(
        (none.odds_ratio, none.risk_ratio, none.nnt, none.p_fisher),
        (None, None, None, Some(1.0))
    );
    let difference = none.risk_difference.unwrap();
    assert_eq!(difference.value, 0.0);
    assert!(difference.low.unwrap() < -0.05 && difference.high.unwrap() > 0.05);
    let all = row(&found, "all", Missing::Observed);
    assert_eq!(all.responders, all.n);
    assert_eq!((all.odds_ratio, all.risk_difference.unwrap().value), (None, 0.0));
    assert_eq!(all.risk_ratio.unwrap().value, 1.0);
}

#[test]
fn nobody_of_one_arm_responding_has_a_difference_and_no_ratio() {
    let mut study = asked(&["pain=nrs<=-30%"]);
    let people = study.people();
    let active = people.names(&people.randomised(Arm::Active));
    let cells = study.cells("questionnaires");
    for row in cells.rows.iter_mut().filter(|row| active.contains(&row[0])) {
        row[2] = if row[1] == "ses-week13" { "10" } else { "5" }.to_owned();
    }
    let row = row(&found(&study).0, "pain", Missing::Bocf);
    assert!(row.responders.active == 0 && row.responders.control > 0);
    assert_eq!((row.odds_ratio, row.risk_ratio), (None, None), "0, from 0 to no end");
    assert!(row.risk_difference.unwrap().high.unwrap() < 0.0);
    assert!(row.nnt.unwrap().text.starts_with("NNTH"));
}

#[test]
fn an_arm_of_which_nobody_has_values_has_no_difference() {
    let mut study = asked(&["pain=nrs<=-30%"]);
    let people = study.people();
    let controls = people.names(&people.randomised(Arm::Control));
    let cells = study.cells("questionnaires");
    cells.rows.retain(|row| !controls.contains(&row[0]) || row[1] == "ses-baseline");
    let (found, _) = found(&study);
    let row = row(&found, "pain", Missing::Observed);
    assert_eq!(row.n.control, 0);
    assert_eq!(
        (row.risk_difference, row.share.control, row.nnt, row.p_fisher),
        (None, None, None, None)
    );
    assert!(row.share.active.is_some());
    assert_eq!(row.stratified.unwrap().left_out, row.n.active);
}

#[test]
fn a_part_that_is_called_as_others_together_is_refused() {
    let refused = |rules: &[&str]| {
        let study = asked(rules);
        let notes = &mut Notes::default();
        let error = responders::analyse(&study.plan, &study.people(), &study.tables, notes);
        error.unwrap_err().to_string()
    };
    let nrs = "questionnaires:nrs";
    let pair = format!("a={nrs}<=-30%; b=questionnaires:pgic<=2");
    let single = format!("a + b={nrs}<=-50%");
    for rules in [[pair.as_str(), &single], [&single, &pair]] {
        let error = refused(&rules);
        assert!(error.contains("rows that are both called 'a + b'"), "{error}");
        assert!(error.contains(&pair) && error.contains(&single), "{error}");
    }
    // Rules that begin alike have one row of what they share.
    let both = format!("{pair}; c=questionnaires:sf36_pcs>=+6");
    let (found, _) = found(&asked(&[&pair, &both]));
    row(&found, "a + b", Missing::Bocf);
}

#[test]
fn intervals_have_no_width_of_0_where_all_of_an_arm_respond_alike() {
    // [active, control], the stratified difference and the risk ratio.
    for (cells, difference, ratio) in [
        (["1", "1"], 0.0, Some(1.0)),
        (["7", "7"], 0.0, None),
        (["1", "7"], 1.0, None),
        (["7", "1"], -1.0, None),
    ] {
        let mut study = asked(&["pgic<=2"]);
        let people = study.people();
        let active = people.names(&people.randomised(Arm::Active));
        let table = study.cells("questionnaires");
        let pgic = table.position("pgic").unwrap();
        for own in table.rows.iter_mut().filter(|own| own[pgic] != "n/a") {
            own[pgic] = cells[usize::from(!active.contains(&own[0]))].to_owned();
        }
        let (found, notes) = found(&study);
        let row = row(&found, "pgic", Missing::Observed);
        let crude = row.risk_difference.unwrap();
        assert!(crude.high.unwrap() - crude.low.unwrap() > 0.05, "{cells:?}: {crude:?}");
        let without = |value| Estimate { value, se: None, low: None, high: None };
        let stratified = row.stratified.unwrap().risk_difference.unwrap();
        assert!((stratified.value - difference).abs() < 1e-12, "{cells:?}: {stratified:?}");
        assert_eq!(stratified, without(stratified.value), "{cells:?}");
        assert_eq!(row.risk_ratio, ratio.map(without), "{cells:?}");
        let told = notes.all.iter().filter(|note| note.text.contains("in each arm all or none"));
        let told: Vec<&str> = told.map(|note| note.text.as_str()).collect();
        assert!(told.iter().any(|text| text.contains("those observed")), "{:#?}", notes.all);
        assert!(told.iter().all(|text| text.contains("no limits")), "{told:?}");
    }
}

#[test]
fn an_arm_of_which_nobody_has_the_values_is_told() {
    let mut study = asked(&["pain=nrs<=-30%"]);
    let people = study.people();
    let active = people.names(&people.randomised(Arm::Active));
    let table = study.cells("questionnaires");
    let nrs = table.position("nrs").unwrap();
    for own in table.rows.iter_mut().filter(|own| active.contains(&own[0])) {
        if own[1] == "ses-week13" {
            own[nrs] = "n/a".to_owned();
        }
    }
    let (_, notes) = found(&study);
    let told = "nobody of milnacipran has the values that responders by pain need";
    assert!(notes.all.iter().any(|note| note.text.contains(told)), "{notes:#?}");
}

/// There is no row of those observed where values are carried forward alone.
#[test]
pub fn who_lacks_values_is_said_to_be_left_out_of_rows_that_are_there_alone() {
    for (missing, is_there) in [
        (vec![Missing::Bocf], false),
        (vec![Missing::Locf], false),
        (vec![Missing::Observed], true),
    ] {
        let mut study = asked(&["pain=nrs<=-30%"]);
        study.plan.missing = missing;
        let (found, notes) = found(&study);
        let has_row = found.rows.iter().any(|row| row.missing == Some(Missing::Observed));
        let lacking: Vec<_> =
            notes.all.iter().filter(|note| note.text.contains("no responder of all")).collect();
        assert!(!lacking.is_empty() && has_row == is_there);
        for note in lacking {
            assert_eq!(note.text.contains("left out of the observed"), is_there, "{}", note.text);
        }
    }
}
