//! Real models on the runs that they were written for (oracles/bsm/graph/SUMMARY.tsv): what is planned, and what cannot be, with exit code,
//! run, variable or condition. The runs have no images worth a fit, so the plan is all.

use super::{binary, common};

/// Models that cannot be planned on their runs: exit code and what is said.
const FAILURES: &[(&str, i32, &[&str])] = &[
    (
        "ds000001-balloonanalogrisktask_specs.json",
        65,
        &["`rt_reg.rt`", "sub-01", "run-01", "without a duration", "line 7"],
    ),
    // Two of its columns are sums of others: what pybids plans has no answer.
    ("ds000005-mixedgamblestask_specs.json", 65, &["'paragainvloss'", "not determined", "sub-01"]),
    ("ds-005_type-test_model.json", 65, &["`RT`", "sub-01", "run-01", "no variable"]),
    (
        "ds-005_type-interceptonlyrunlevel_model.json",
        65,
        &["trial_type.parametric gain", "no column", "sub-01", "run-01"],
    ),
    // pybids leaves out the contrasts whose conditions are spelled without their spaces.
    (
        "ds000008-conditionalstopsignal_specs.json",
        65,
        &["trial_type.failedstopcritical", "did you mean trial_type.failed stop-critical?"],
    ),
    (
        "ds000008-stopsignal_specs.json",
        65,
        &["trial_type.successfulstop", "did you mean trial_type.successful stop?"],
    ),
    ("ds000009-balloonanalogrisktask_specs.json", 65, &["`reaction_time`", "(Assign)", "sub-01"]),
    ("ds000009-discounting_specs.json", 65, &["`response_time`", "(Assign)", "sub-01"]),
    ("ds000009-emotionalregulation_specs.json", 65, &["`response_time`", "sub-01", "run-01"]),
    ("ds000009-stopsignal_specs.json", 65, &["`response_time`", "(Assign)", "sub-01"]),
    (
        "ds000052-reversalweatherprediction_specs.json",
        65,
        &["trial_type.negative", "did you mean trial_type.negative feedback?"],
    ),
    (
        "ds000052-weatherprediction_specs.json",
        65,
        &["trial_type.negative", "did you mean trial_type.negative feedback?"],
    ),
    // The runs are of the task flankertask.
    ("ds000102-flanker_specs.json", 66, &["no BOLD image", "flankertask"]),
    (
        "ds000109-theoryofmindwithmanualresponse_specs.json",
        65,
        &["trial_type.falsebeliefstory", "did you mean trial_type.false belief story?"],
    ),
];

#[test]
fn models_that_cannot_be_planned_on_their_runs_say_why_and_all_others_are_planned() {
    let Some(summary) = common::shared("../oracles/bsm/graph/SUMMARY.tsv") else { return };
    let (Some(models), Some(data)) = (common::shared("bids-models"), common::shared("bids-mini"))
    else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let (mut n_failed, mut n_planned) = (0, 0);
    for line in std::fs::read_to_string(summary).unwrap().lines().skip(1) {
        let cells: Vec<&str> = line.split('\t').collect();
        let model = models.join(cells[1]).display().to_string();
        let dataset = data.join(cells[0]).display().to_string();
        let words = ["bids", &dataset, "out", "participant", "-m", &model, "--dry-run"];
        let output = binary::with_words(folder.path(), words.iter());
        let said = binary::said(&output);
        let failure = FAILURES.iter().find(|(name, ..)| cells[1].ends_with(name));
        let code = failure.map_or(0, |(_, code, _)| *code);
        assert_eq!(output.status.code(), Some(code), "{}: {said}", cells[1]);
        for part in failure.map_or(&[][..], |(_, _, wanted)| wanted) {
            assert!(said.contains(part), "{}: {said}\n  lacks {part}", cells[1]);
        }
        if failure.is_some() { n_failed += 1 } else { n_planned += 1 }
    }
    assert_eq!((n_failed, n_planned), (14, 14));
}
