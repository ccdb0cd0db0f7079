//! Of `trial::brain`.

use boldly::error::Result;
use boldly::trial::results::{Brain, PairPoint};
use boldly::trial::{self, Arm, BrainPlan, Notes, brain};

use crate::study::{Study, is_golden, study};

fn with_brain(regions: &[&str]) -> Study {
    let mut study = study();
    study.plan.brain = Some(BrainPlan {
        table: "brain".to_owned(),
        regions: regions.iter().map(|&region| region.to_owned()).collect(),
    });
    study
}

fn analysed(study: &Study, notes: &mut Notes) -> Result<Brain> {
    brain::analyse(&study.plan, &study.people(), &study.tables, notes)
}

/// F of the visit where each participant, not each arm, weighs the same, as pingouin has it: another question than the table's, by design.
fn weighted(points: &[PairPoint]) -> f64 {
    let change = |point: &PairPoint| point.endpoint - point.baseline;
    let mean = |of: &[&PairPoint]| of.iter().map(|p| change(p)).sum::<f64>() / of.len() as f64;
    let all: Vec<&PairPoint> = points.iter().collect();
    let mut square = 0.0;
    for arm in Arm::BOTH {
        let own: Vec<&PairPoint> = points.iter().filter(|p| p.arm == arm).collect();
        let m = mean(&own);
        square += own.iter().map(|p| (change(p) - m).powi(2)).sum::<f64>();
    }
    let n = points.len() as f64;
    n * mean(&all).powi(2) / (square / (n - 2.0))
}

#[test]
pub fn the_2x2_of_each_region_is_golden() {
    let found = analysed(&with_brain(&[]), &mut Notes::default()).unwrap();
    let regions: Vec<&str> = found.rows.iter().map(|row| row.region.as_str()).collect();
    assert_eq!(regions, ["pag_pain", "precuneus_pain", "insula_dmn_z"], "all but motion");
    for row in &found.rows {
        let path = |part: &str| format!("mixed_2x2/{}/{part}", row.region);
        is_golden(row.n.active as f64, &path("n_active"));
        is_golden(row.n.control as f64, &path("n_control"));
        is_golden(row.interaction.value, &path("interaction/difference"));
        is_golden(row.interaction.low.unwrap(), &path("interaction/low"));
        is_golden(row.interaction.high.unwrap(), &path("interaction/high"));
        is_golden(row.interaction_test.statistic, &path("interaction/t"));
        is_golden(row.interaction_test.dof.unwrap(), &path("interaction/dof"));
        is_golden(row.interaction_test.p, &path("interaction/p"));
        is_golden(row.partial_eta_square, &path("interaction/partial_eta2"));
        is_golden(row.visit.value, &path("time_unweighted/mean_change"));
        is_golden(row.visit_test.statistic, &path("time_unweighted/t"));
        is_golden(row.visit_test.dof.unwrap(), &path("time_unweighted/dof"));
        is_golden(row.arm_test.statistic, &path("arm/t"));
        // F of one degree of freedom is t squared.
        is_golden(row.interaction_test.statistic.powi(2), &path("interaction/F"));
        is_golden(row.arm_test.statistic.powi(2), &path("arm/F_pingouin"));
        is_golden(weighted(&row.ancova.points), &path("time_F_pingouin_weighted"));
        let (difference, test) = (row.ancova.difference, row.ancova.test);
        is_golden(difference.value, &path("ancova/difference"));
        is_golden(difference.se.unwrap(), &path("ancova/se"));
        is_golden(difference.low.unwrap(), &path("ancova/low"));
        is_golden(difference.high.unwrap(), &path("ancova/high"));
        is_golden(test.statistic, &path("ancova/t"));
        is_golden(test.dof.unwrap(), &path("ancova/dof"));
        is_golden(test.p, &path("ancova/p"));
    }
}

#[test]
fn regions_are_those_named_and_a_slip_in_a_name_is_told() {
    let found = analysed(&with_brain(&["pag_pain"]), &mut Notes::default()).unwrap();
    assert_eq!(found.rows.len(), 1);
    let error = analysed(&with_brain(&["pag_pian"]), &mut Notes::default()).unwrap_err();
    assert!(error.to_string().contains("did you mean 'pag_pain'?"), "{error}");
    // A slip in a cell of a column that was not named is an error, not a column less.
    let mut study = with_brain(&[]);
    study.set("brain", 3, "pag_pain", "0,2542");
    let error = analysed(&study, &mut Notes::default()).unwrap_err().to_string();
    assert!(error.contains("brain.tsv, line 5 (sub-003)") && error.contains("0,2542"), "{error}");
    // So is a visit that is there twice.
    let mut study = with_brain(&[]);
    study.set("brain", 1, "session_id", "ses-baseline");
    let error = analysed(&study, &mut Notes::default()).unwrap_err().to_string();
    assert!(error.contains("line 3 (sub-001)") && error.contains("line 2"), "{error}");
}

#[test]
fn columns_that_differ_in_case_alone_are_refused_as_regions() {
    for (regions, name, is_refused) in [
        (&[][..], "PAG_pain", true),
        (&["pag_pain"], "PAG_pain", true),
        (&["precuneus_pain"], "PAG_pain", false),
        (&[], "pag", false),
    ] {
        let mut study = with_brain(regions);
        let table = study.cells("brain");
        let at = table.position("insula_dmn_z").unwrap();
        table.columns[at] = name.to_owned();
        let found = analysed(&study, &mut Notes::default());
        assert_eq!(found.is_err(), is_refused, "{name}");
        if let Err(error) = found {
            let said = error.to_string();
            let parts = "columns 'pag_pain' and 'PAG_pain' of brain.tsv differ in case alone";
            assert!(said.contains(parts), "{said}");
        }
    }
}

#[test]
fn a_column_without_one_number_is_refused_or_told() {
    let with = |cell: &dyn Fn(&str) -> String| {
        let mut study = with_brain(&[]);
        let table = study.cells("brain");
        let at = table.position("precuneus_pain").unwrap();
        table.rows.iter_mut().for_each(|cells| cells[at] = cell(&cells[at]));
        let mut notes = Notes::default();
        let found = analysed(&study, &mut notes);
        (found.map(|brain| brain.rows.len()).map_err(|e| e.to_string()), notes)
    };
    let says = |notes: &Notes, part: &str| notes.all.iter().any(|note| note.text.contains(part));
    let (error, _) = with(&|cell| cell.replace('.', ","));
    let error = error.unwrap_err();
    assert!(error.contains("brain.tsv, line 2") && error.contains("precuneus_pain"), "{error}");
    for empty in ["n/a", "", "NaN"] {
        let (n, notes) = with(&|_| empty.to_owned());
        assert_eq!(n, Ok(2), "{empty}");
        assert!(says(&notes, "brain.tsv has no value of precuneus_pain: n/a in"), "{notes:?}");
    }
    let (n, notes) = with(&|_| "removed".to_owned());
    assert_eq!(n, Ok(2));
    assert!(says(&notes, "words, or Levels by its dictionary, in precuneus_pain"), "{notes:?}");
    // Few values beside many that lack are numbers still.
    let mut row = 0;
    let mut study = with_brain(&[]);
    let table = study.cells("brain");
    let at = table.position("precuneus_pain").unwrap();
    for cells in &mut table.rows {
        row += 1;
        cells[at] = if row % 9 > 3 { "NA".to_owned() } else { format!("0.{row}") };
    }
    let found = analysed(&study, &mut Notes::default());
    assert!(found.is_ok_and(|brain| brain.rows.len() == 3));
}

#[test]
fn a_region_that_an_arm_lacks_is_left_out_by_region_as_is_said() {
    let mut study = with_brain(&[]);
    let people = study.people();
    let active = people.names(&people.randomised(Arm::Active));
    let table = study.cells("brain");
    let at = table.position("pag_pain").unwrap();
    let own = table.rows.iter_mut().filter(|cells| active.contains(&cells[0]));
    own.for_each(|cells| cells[at] = "n/a".to_owned());
    let error = analysed(&study, &mut Notes::default()).unwrap_err().to_string();
    for part in
        ["brain:pag_pain has both values of 0 participants", "the other regions by --region"]
    {
        assert!(error.contains(part), "{part}: {error}");
    }
    assert!(!error.contains("outcome"), "{error}");
}

#[test]
fn lost_runs_are_counted_and_named() {
    let mut notes = Notes::default();
    analysed(&with_brain(&["insula_dmn_z"]), &mut notes).unwrap();
    let lacking = notes.all.iter().find(|note| note.text.contains("completers lack insula_dmn_z"));
    assert_eq!(lacking.unwrap().participants.len(), 2, "{notes:?}");
}

#[test]
fn motion_is_held_against_each_region_at_each_visit() {
    let mut study = with_brain(&[]);
    let mut notes = Notes::default();
    let found = analysed(&study, &mut notes).unwrap();
    assert_eq!(found.motion.len(), 9, "3 regions by baseline, endpoint and change");
    assert!(found.motion.iter().all(|row| row.motion == "mean_fd"));
    let warned = |notes: &Notes| {
        notes
            .all
            .iter()
            .any(|note| note.text.contains("motion goes with pag_pain (ses-baseline, mean_fd"))
    };
    assert!(!warned(&notes));
    // Motion that makes the values is told.
    let table = study.cells("brain");
    let at = ["pag_pain", "mean_fd"].map(|column| table.position(column).unwrap());
    table.rows.iter_mut().for_each(|cells| {
        cells[at[1]] = match cells[at[0]].parse::<f64>() {
            Ok(value) => (value + 2.0).to_string(),
            Err(_) => "n/a".to_owned(),
        };
    });
    let found = analysed(&study, &mut notes).unwrap();
    assert!((found.motion[0].correlation.r.value - 1.0).abs() < 1e-12);
    assert!(warned(&notes), "{notes:?}");
    // A region whose runs are others may have motion of its own.
    let mut other = with_brain(&[]);
    let table = other.cells("brain");
    let at = table.position("mean_fd").unwrap();
    table.columns[at] = "mean_fd_pag_pain".to_owned();
    let found = analysed(&other, &mut notes).unwrap();
    let names: Vec<&str> = found.motion.iter().map(|row| row.region.as_str()).collect();
    assert_eq!(names, ["pag_pain"; 3]);
    let what = "motion is in precuneus_pain, insula_dmn_z is not known";
    assert!(notes.all.iter().any(|note| note.text.contains(what)), "{:?}", notes.all);
    // Without a column of motion that is said.
    table_without_motion(&mut study);
    let found = analysed(&study, &mut notes).unwrap();
    assert!(found.motion.is_empty());
    assert!(notes.all.iter().any(|note| note.text.contains("has no column of motion (mean_fd)")));
    // Then another table's is taken where the plan names it.
    study.plan.motion = Some("questionnaires:fiq".parse().unwrap());
    let found = analysed(&study, &mut notes).unwrap();
    assert!(found.motion.len() == 9 && found.motion.iter().all(|row| row.motion == "fiq"));
}

fn table_without_motion(study: &mut Study) {
    let table = study.cells("brain");
    let at = table.position("mean_fd").unwrap();
    table.columns.remove(at);
    table.rows.iter_mut().for_each(|cells| {
        cells.remove(at);
    });
}

#[test]
fn a_patient_in_another_arm_by_another_table_is_refused() {
    let mut study = with_brain(&["pag_pain"]);
    let people = study.people();
    let table = study.cells("brain");
    table.columns.push("arm".to_owned());
    for cells in &mut table.rows {
        let person = &people.all[people.find(&cells[0]).unwrap()];
        let arm = person.arm.map(|arm| people.arms.get(arm).clone());
        cells.push(arm.unwrap());
    }
    let analysed = |study: &Study| {
        let (participants, notes) = (study.participants.clone(), Notes::default());
        trial::analyse(&study.plan, participants, &study.tables, notes)
    };
    assert!(analysed(&study).is_ok());
    study.set("brain", 2, "arm", "placebo");
    let error = analysed(&study).unwrap_err().to_string();
    for part in [
        "brain.tsv, line 4 (sub-002)",
        "is of arm 'placebo', and of 'milnacipran' in participants.tsv",
    ] {
        assert!(error.contains(part), "{error}");
    }
}

#[test]
fn motion_of_a_region_that_the_table_lacks_is_refused_with_the_nearest() {
    for (name, meant) in [
        ("mean_fd_Pag_pain", "did you mean 'mean_fd_pag_pain'?"),
        ("mean_fd_pag-pain", "did you mean 'mean_fd_pag_pain'?"),
        ("mean_fd_insula_dmn", "did you mean 'mean_fd_insula_dmn_z'?"),
        ("mean_fd_rest", "rename it"),
        ("mean_fd_run", "rename it"),
    ] {
        let mut study = with_brain(&["insula_dmn_z"]);
        let table = study.cells("brain");
        table.columns.push(name.to_owned());
        table.rows.iter_mut().for_each(|row| row.push("0.1".to_owned()));
        let error = analysed(&study, &mut Notes::default()).unwrap_err().to_string();
        let says = format!("column '{name}' of brain.tsv is motion of a region '");
        assert!(error.contains(&says) && error.contains(meant), "{name}: {error}");
        // What the plan names is not dropped.
        let mut named = with_brain(&["insula_dmn_z"]);
        named.cells("brain").columns.clone_from(&study.cells("brain").columns);
        named.cells("brain").rows.clone_from(&study.cells("brain").rows);
        named.plan.motion = Some(format!("brain:{name}").parse().unwrap());
        analysed(&named, &mut Notes::default()).unwrap();
        // A relation is given that motion, too.
        study.plan.brain = None;
        study.plan.correlations = vec!["brain:insula_dmn_z~questionnaires:nrs".parse().unwrap()];
        let people = study.people();
        let notes = &mut Notes::default();
        let found = trial::correlations::analyse(&study.plan, &people, &study.tables, notes);
        assert!(found.unwrap_err().to_string().contains(&says), "{name}");
    }
}

#[test]
fn motion_is_no_region_and_is_not_held_against_itself() {
    for name in ["mean_fd", "mean_fd_pag_pain"] {
        let mut study = with_brain(&["pag_pain", name]);
        let table = study.cells("brain");
        let at = table.position("mean_fd").unwrap();
        table.columns[at] = name.to_owned();
        let error = analysed(&study, &mut Notes::default()).unwrap_err().to_string();
        assert!(error.contains(&format!("--region {name} is motion by its name")), "{error}");
    }
    // As one side of a relation it is motion, without motion beside it.
    let mut study = study();
    study.plan.correlations = vec!["brain:mean_fd~questionnaires:nrs".parse().unwrap()];
    let mut notes = Notes::default();
    let people = study.people();
    let found =
        trial::correlations::analyse(&study.plan, &people, &study.tables, &mut notes).unwrap();
    assert!(found.rows.iter().all(|row| row.motion.is_none() && row.given_motion.is_none()));
    assert!(!notes.all.iter().any(|note| note.text.contains("was chosen")), "{notes:?}");
}

#[test]
fn a_region_that_does_not_vary_at_a_visit_has_no_correlation_with_motion_which_is_told() {
    let mut study = with_brain(&["pag_pain"]);
    let table = study.cells("brain");
    let (session, region) =
        (table.position("session_id").unwrap(), table.position("pag_pain").unwrap());
    for cells in table.rows.iter_mut().filter(|cells| cells[session] == "ses-baseline") {
        cells[region] = "0.5".to_owned();
    }
    let mut notes = Notes::default();
    let found = analysed(&study, &mut notes).unwrap();
    assert!(found.motion.iter().all(|row| row.visit != "ses-baseline"));
    let told = notes.all.iter().map(|note| note.text.as_str()).collect::<Vec<_>>().join("; ");
    assert!(
        told.contains("pag_pain (ses-baseline) with mean_fd: pag_pain does not vary"),
        "{told}"
    );
}
