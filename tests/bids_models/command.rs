//! `boldly bids --validate` on models of the collection: exit code, where, and what was meant.

use std::path::Path;

use super::{binary, common};

/// Models, the exit code, and what is said of each on standard error or output.
const CASES: &[(&str, i32, &[&str])] = &[
    (
        "own/model-ds005Meta_smdl.json",
        0,
        &["gainVsLoss = parametric gain - lossDemeaned (t)", "is a valid model: 4 nodes"],
    ),
    (
        "fitlins/examples__models__ds000003__models__model-001_smdl.json",
        0,
        &["note: /Nodes/0/Level: is \"run\"; taken as \"Run\"", "note: /Input/task"],
    ),
    ("fitlins/examples__models__ds000030__models__model-001_smdl.json", 65, &["/Steps"]),
    (
        "pybids/tests__data__ds005__models__ds-005_type-testnodummy_model.json",
        65,
        &["/Nodes/0/Contrasts/0/Condition_list", "did you mean \"ConditionList\"?"],
    ),
    (
        "openneuro_glmfitlins/ds003481-verbs_specs.json",
        65,
        &[
            "/Nodes/0/Contrasts/4/Weights",
            "has 4 weights for 3 conditions",
            "ds003481-verbs_specs.json",
        ],
    ),
];

#[test]
fn validate_needs_no_data_describes_a_model_and_ends_with_65_on_one_that_cannot_be() {
    let Some(models) = common::shared("bids-models") else { return };
    for (file, code, wanted) in CASES {
        let words =
            ["bids".to_owned(), "--validate".to_owned(), models.join(file).display().to_string()];
        let output = binary::with_words(Path::new("."), words.iter());
        let said = format!("{}{}", binary::said(&output), String::from_utf8_lossy(&output.stdout));
        assert_eq!(output.status.code(), Some(*code), "{file}: {said}");
        for part in *wanted {
            assert!(said.contains(part), "{file}: {said}\n  lacks {part}");
        }
    }
}
