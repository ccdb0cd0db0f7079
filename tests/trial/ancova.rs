//! Of `trial::outcomes` and `trial::ancova`.

use boldly::trial::ancova::{Named, Pairs, compare, permute};
use boldly::trial::outcomes::analyse;
use boldly::trial::results::{Ancova, AncovaRow};
use boldly::trial::{Arm, Missing, Notes, Permutations, Visits};

use super::study::{Study, ancova_is_golden, is_golden, study};

/// Difference and its standard error with site in the model, and placebo's mean: numpy's solve of the normal equations.
const STRATIFIED: [f64; 3] = [-1.1462598206943293, 0.31672651211215674, 5.771011531558895];

/// By numpy, over all permutations of the five residuals: 9 have a t as large.
const BY_HAND: f64 = 9.0;

const OUTCOMES: [&str; 5] = ["nrs", "fiq", "hads_anxiety", "hads_depression", "sf36_pcs"];

fn analysed(study: &Study) -> (Ancova, Notes) {
    let mut notes = Notes::default();
    let people = study.people();
    let ancova = analyse(&study.plan, &people, &study.tables, &mut notes).unwrap();
    (ancova, notes)
}

fn row<'a>(ancova: &'a Ancova, outcome: &str, missing: Missing) -> &'a AncovaRow {
    let name = format!("questionnaires:{outcome}");
    ancova.rows.iter().find(|row| row.outcome == name && row.missing == missing).unwrap()
}

#[test]
pub fn every_number_of_five_outcomes_is_the_golden_one() {
    let (ancova, _) = analysed(&study());
    for name in OUTCOMES {
        let row = row(&ancova, name, Missing::Observed);
        ancova_is_golden(row, &format!("ancova/{name}"));
    }
}

#[test]
pub fn baseline_carried_forward_has_everybody_and_the_golden_numbers() {
    let (ancova, _) = analysed(&study());
    for name in ["nrs", "sf36_pcs"] {
        let row = row(&ancova, name, Missing::Bocf);
        let is = |got: f64, key: &str| is_golden(got, &format!("ancova_bocf/{name}/{key}"));
        assert_eq!([row.n.active, row.n.control], [46, 46]);
        is(row.n.active as f64, "n_active");
        is(row.n.control as f64, "n_control");
        is(row.test.dof.unwrap(), "dof");
        is(row.difference.value, "difference");
        is(row.difference.se.unwrap(), "se");
        is(row.test.p, "p");
        is(row.difference.low.unwrap(), "low");
        is(row.difference.high.unwrap(), "high");
        let carried = row.points.iter().filter(|point| point.carried).count();
        assert_eq!(carried, if name == "nrs" { 17 } else { 19 });
    }
}

#[test]
pub fn holm_is_over_the_named_family_and_no_other() {
    let mut study = study();
    study.plan.primary = study.plan.outcomes.iter().map(|one| one.column.clone()).collect();
    let (ancova, _) = analysed(&study);
    for name in OUTCOMES {
        let p = row(&ancova, name, Missing::Observed).p_holm.unwrap();
        is_golden(p, &format!("holm_p_of_five_ancovas/{name}"));
        assert_eq!(row(&ancova, name, Missing::Bocf).p_holm, None);
    }
    study.plan.primary.truncate(2);
    let (ancova, _) = analysed(&study);
    let of = |name: &str| row(&ancova, name, Missing::Observed).p_holm;
    assert_eq!(of("nrs"), Some(2.0 * row(&ancova, "nrs", Missing::Observed).test.p));
    assert_eq!(of("sf36_pcs"), None);
    study.plan.primary.clear();
    let (ancova, notes) = analysed(&study);
    assert!(ancova.rows.iter().all(|row| row.p_holm.is_none()));
    assert!(notes.all.iter().any(|note| note.text.contains("not adjusted for being several")));
}

#[test]
fn the_last_value_of_a_visit_between_is_carried_forward_and_without_one_that_is_said() {
    let of = |mut study: Study, missing: &[Missing]| {
        study.plan.missing = missing.to_vec();
        analysed(&study)
    };
    let (ancova, notes) = of(study().with_week6(false), &[Missing::Locf, Missing::Observed]);
    let (filled, _) = of(study().with_week6(true), &[Missing::Bocf]);
    for name in OUTCOMES {
        let (row, want) = (row(&ancova, name, Missing::Locf), row(&filled, name, Missing::Bocf));
        assert_eq!((row.difference, row.test, &row.n), (want.difference, want.test, &want.n));
        assert!(row.estimand.ends_with("as last seen"), "{}", row.estimand);
    }
    let bocf = of(study().with_week6(false), &[Missing::Bocf]).0;
    let is_other = row(&bocf, "nrs", Missing::Bocf).difference != ancova.rows[0].difference;
    assert!(is_other, "some left after the visit between");
    let says = |notes: &Notes, part: &str| notes.all.iter().any(|note| note.text.contains(part));
    assert!(says(&notes, "is carried forward in LOCF, of ses-week6"), "{:?}", notes.all);
    assert!(!says(&notes, "further sessions"));
    let (_, notes) = of(study().with_week6(false), &[Missing::Observed]);
    assert!(says(&notes, "questionnaires has further sessions, which are not analysed: ses-week6"));
    // Rows sorted by the names of sessions, so that week13 stands before week6.
    let mut sorted = study().with_week6(false);
    sorted.cells("questionnaires").rows.sort();
    let (of_sorted, notes) = of(sorted, &[Missing::Locf, Missing::Observed]);
    for name in OUTCOMES {
        let [got, want] = [&of_sorted, &ancova].map(|of| row(of, name, Missing::Locf).difference);
        assert!((got.value - want.value).abs() < 1e-9, "{name}: {got:?} {want:?}");
    }
    assert!(says(&notes, "of ses-week6, which follow each other so by their numbers"));
    // Visits without numbers follow each other as the rows of each participant do, of whom the first may lack one.
    let renamed = |sessions: [&str; 3]| {
        let mut study = study().with_week6(false);
        for row in &mut study.cells("questionnaires").rows {
            let at = ["ses-baseline", "ses-week6", "ses-week13"].iter().position(|s| row[1] == *s);
            row[1] = sessions[at.unwrap()].to_owned();
        }
        study.plan.baseline = sessions[0].to_owned();
        study.plan.endpoint = sessions[2].to_owned();
        study.plan.missing = vec![Missing::Locf];
        study
    };
    let mut words = renamed(["ses-pre", "ses-mid", "ses-post"]);
    words.cells("questionnaires").rows.remove(1);
    let (_, notes) = analysed(&words);
    assert!(says(&notes, "of ses-mid, which follow each other so in the table"), "{notes:?}");
    // Sorted by their names they are in no order of time, and no other analysis takes LOCF's place.
    words.cells("questionnaires").rows.sort();
    let notes = &mut Notes::default();
    let error = analyse(&words.plan, &words.people(), &words.tables, notes).unwrap_err();
    let error = error.to_string();
    for part in ["--missing locf", "which of ses-mid", "have ses-post before ses-pre", "ses-week6"]
    {
        assert!(error.contains(part), "{part}: {error}");
    }
    let (_, notes) = analysed(&renamed(["ses-pre", "ses-post", "ses-followup"]));
    assert!(says(&notes, "is carried forward in LOCF, of ses-post"), "{notes:?}");
    let mut after = renamed(["ses-pre", "ses-followup", "ses-post"]);
    let rows = &mut after.cells("questionnaires").rows;
    rows.sort_by_key(|row| (row[0].clone(), std::cmp::Reverse(row[1].clone())));
    let (_, notes) = analysed(&after);
    assert!(says(&notes, "in the table there is none (ses-followup is not): it is BOCF"));
    // Rows that contradict each other, of one participant or of half of them, and rows by name: whose order that is nothing says.
    let refused = |study: &Study, parts: &[&str]| {
        let notes = &mut Notes::default();
        let error = analyse(&study.plan, &study.people(), &study.tables, notes).unwrap_err();
        let error = error.to_string();
        parts.iter().for_each(|part| assert!(error.contains(part), "{part}: {error}"));
    };
    let mut slip = renamed(["ses-pre", "ses-mid", "ses-post"]);
    slip.cells("questionnaires").rows.swap(1, 2);
    let one = "contradict each other: ses-post is before ses-mid in those of 1 participant (sub-001), and after it in those of ";
    refused(&slip, &["--missing locf", one, "sort each participant's rows by visit"]);
    let rows = &mut slip.cells("questionnaires").rows;
    let half = rows.len() / 2;
    rows[..half].sort_by_key(|row| (row[0].clone(), row[1] != "ses-pre", row[1] != "ses-post"));
    refused(&slip, &["contradict each other: ses-", "and ", " more)"]);
    let mut by_name = renamed(["ses-baseline", "ses-week4", "ses-final"]);
    by_name.cells("questionnaires").rows.sort();
    let named = "stand by the names of their visits, where ses-week4 is not between";
    refused(&by_name, &["--missing locf", named]);
    // Two visits.
    let ways = |missing: &[Missing]| {
        let (ancova, notes) = of(study(), missing);
        assert!(says(&notes, "LOCF needs a visit between ses-baseline and ses-week13"));
        assert!(says(&notes, "of two visits it is BOCF, which stands in its place"));
        let nrs = ancova.rows.iter().filter(|row| row.outcome == "questionnaires:nrs");
        nrs.map(|row| row.missing).collect::<Vec<_>>()
    };
    let [observed, bocf, locf] = [Missing::Observed, Missing::Bocf, Missing::Locf];
    assert_eq!(ways(&[observed, locf]), [observed, bocf]);
    assert_eq!(ways(&[locf, observed]), [bocf, observed], "the first way stays primary");
    assert_eq!(ways(&[bocf, locf]), [bocf]);
}

#[test]
fn the_change_in_place_of_the_endpoint_has_the_same_difference() {
    let study = study();
    let people = study.people();
    let column = "questionnaires:fiq".parse().unwrap();
    let visits: Visits = study.tables.visits(&column, &people).unwrap();
    let (before, after) = (visits.at("ses-baseline").unwrap(), visits.at("ses-week13").unwrap());
    let change: Vec<Option<f64>> =
        after.iter().zip(&before).map(|(after, before)| Some((*after)? - (*before)?)).collect();
    let of = |after: &[Option<f64>]| {
        let pairs = Pairs::new(&people, &before, after, Missing::Observed);
        compare(&Named::default(), &pairs, &people, &study.plan).unwrap()
    };
    let (post, change) = (of(&after), of(&change));
    assert!((post.difference.value - change.difference.value).abs() < 1e-12);
    assert!((post.difference.se.unwrap() - change.difference.se.unwrap()).abs() < 1e-12);
    assert!((post.slope - change.slope - 1.0).abs() < 1e-12);
}

#[test]
fn strata_enter_the_model_and_ls_means_weigh_their_levels_the_same() {
    let mut study = study();
    study.plan.strata = vec!["site".to_owned()];
    let (ancova, _) = analysed(&study);
    let row = row(&ancova, "nrs", Missing::Observed);
    let names = ["constant", "arm", "site[gothenburg]", "site[london]", "baseline"];
    assert_eq!(row.columns, names);
    assert_eq!(row.test.dof, Some(70.0));
    let means = row.ls_means;
    let apart = means.active.endpoint.value - means.control.endpoint.value;
    assert!((apart - row.difference.value).abs() < 1e-12);
    assert!((row.difference.value - STRATIFIED[0]).abs() < 1e-9, "{}", row.difference.value);
    assert!((row.difference.se.unwrap() - STRATIFIED[1]).abs() < 1e-9);
    assert!((means.control.endpoint.value - STRATIFIED[2]).abs() < 1e-9);
}

#[test]
fn rearranging_the_arms_gives_about_the_p_of_t_and_the_same_with_the_same_seed() {
    let mut study = study();
    study.plan.outcomes.truncate(2);
    study.plan.permutations = Some(Permutations { n: 2000, seed: 3 });
    let (ancova, _) = analysed(&study);
    let fiq = row(&ancova, "fiq", Missing::Observed);
    let p = fiq.p_permuted.unwrap();
    // Four standard errors of a share of 2000.
    assert!((p - fiq.test.p).abs() < 4.0 * (fiq.test.p / 2000.0).sqrt(), "{p} {}", fiq.test.p);
    assert_eq!(analysed(&study).0, ancova);
    study.plan.permutations = Some(Permutations { n: 2000, seed: 4 });
    assert_ne!(analysed(&study).0, ancova);
}

#[test]
fn all_120_rearrangements_of_five_are_counted_as_they_are_by_hand() {
    let mut study = study();
    // Three on the drug and two on placebo; everybody else lacks the endpoint.
    let people = study.people();
    let [control, active] = Arm::BOTH.map(|arm| people.randomised(arm));
    let who = [active[0], active[1], active[2], control[0], control[1]];
    let (mut before, mut after) = (vec![None; people.all.len()], vec![None; people.all.len()]);
    for (at, (start, end)) in
        [(5.0, 2.0), (7.0, 3.5), (6.0, 4.0), (3.0, 4.5), (8.0, 6.0)].into_iter().enumerate()
    {
        (before[who[at]], after[who[at]]) = (Some(start), Some(end));
    }
    study.plan.outcomes.clear();
    let pairs = Pairs::new(&people, &before, &after, Missing::Observed);
    let mut row = compare(&Named::default(), &pairs, &people, &study.plan).unwrap();
    permute(&mut row, &pairs, &people, Permutations { n: 1000, seed: 1 }).unwrap();
    assert_eq!(row.n_permutations, Some(120));
    assert_eq!(row.p_permuted, Some(BY_HAND / 120.0));
}

#[test]
fn who_has_no_baseline_is_not_carried_forward_and_is_named() {
    let mut study = study();
    study.set("questionnaires", 0, "nrs", "n/a");
    let (ancova, notes) = analysed(&study);
    assert_eq!(row(&ancova, "nrs", Missing::Bocf).n.active, 45);
    let text = "1 participant without nrs at ses-baseline: nothing can be carried forward";
    let note = notes.all.iter().find(|note| note.text.contains(text)).unwrap();
    assert_eq!(note.participants, ["sub-001"]);
}

#[test]
fn who_lacks_a_value_is_named_once_apart_by_whether_they_completed() {
    let (_, notes) = analysed(&study());
    let of = |text: &str| {
        let found: Vec<_> = notes.all.iter().filter(|note| note.text.contains(text)).collect();
        assert_eq!(found.len(), 1, "{text}");
        found[0].clone()
    };
    let left = of("17 participants who did not complete the study lack nrs, fiq,");
    assert_eq!(left.participants.len(), 17);
    let here = of("2 completers lack sf36_pcs at ses-baseline or ses-week13");
    assert_eq!(here.participants, ["sub-006", "sub-042"]);
}

#[test]
fn a_percentage_of_a_baseline_of_0_is_not_made_and_is_named() {
    let mut study = study();
    // The first patient's baseline.
    study.set("questionnaires", 0, "nrs", "0");
    let (ancova, notes) = analysed(&study);
    let note = notes.all.iter().find(|note| note.text.contains("no percentage")).unwrap();
    assert_eq!(note.participants, ["sub-001"]);
    let row = row(&ancova, "nrs", Missing::Observed);
    assert_eq!(row.percent_undefined, ["sub-001"]);
    assert_eq!(row.percent_change.active, None);
    assert!(row.percent_change.control.is_some());
}

#[test]
fn an_outcome_that_one_arm_lacks_is_refused_by_its_name() {
    let mut study = study();
    let people = study.people();
    let placebo = people.names(&people.randomised(Arm::Control));
    let table = study.cells("questionnaires");
    let (id, nrs) = (table.position("participant_id").unwrap(), table.position("nrs").unwrap());
    for row in &mut table.rows {
        if placebo[1..].contains(&row[id]) {
            row[nrs] = "n/a".to_owned();
        }
    }
    let error = analyse(&study.plan, &people, &study.tables, &mut Notes::default()).unwrap_err();
    let text = error.to_string();
    assert!(text.contains("questionnaires:nrs has both values of 1 participant"), "{text}");
    assert!(text.contains("'placebo'"), "{text}");
}

#[test]
fn an_arm_of_which_nothing_was_seen_at_the_endpoint_is_refused_whatever_is_carried_forward() {
    for missing in [Missing::Observed, Missing::Bocf, Missing::Locf] {
        let mut study = study().with_week6(false);
        let people = study.people();
        let active = people.names(&people.randomised(Arm::Active));
        let table = study.cells("questionnaires");
        let nrs = table.position("nrs").unwrap();
        for row in table.rows.iter_mut().filter(|row| active.contains(&row[0])) {
            if row[1] == "ses-week13" {
                row[nrs] = "n/a".to_owned();
            }
        }
        study.plan.missing = vec![missing];
        let found = analyse(&study.plan, &people, &study.tables, &mut Notes::default());
        let text = found.unwrap_err().to_string();
        assert!(text.contains("questionnaires:nrs has both values of 0 participants"), "{text}");
        assert!(text.contains("'milnacipran'"), "{text}");
    }
}
