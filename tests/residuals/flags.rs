//! Columns that flag volumes before the steady state, where they do not tell of each volume.

use std::fs;

use boldly::simulate::write::paths;

use crate::binary::{self, study};

#[test]
fn flags_that_are_missing_are_told_and_those_that_are_neither_0_nor_1_are_refused() {
    let folder = study();
    let dir = folder.path();
    let output = |flags: &dyn Fn(usize) -> &'static str, rule: &str| {
        let rows: String = (0..40).map(|t| format!("{}\t0.1\n", flags(t))).collect();
        fs::write(dir.join("flags.tsv"), format!("non_steady_state_outlier00\tcsf\n{rows}"))
            .unwrap();
        let line = format!(
            "glm study/{} --events study/{} --mask study/{} --confounds flags.tsv {rule} --contrast pain --device cpu --overwrite --out out",
            paths::BOLD,
            paths::EVENTS,
            paths::MASK
        );
        let output = binary::boldly(dir, &line);
        (output.status.code(), binary::said(&output))
    };
    let some = |t: usize| match t {
        0 => "1",
        1 | 5..8 => "n/a",
        _ => "0",
    };
    for rule in ["--censor non-steady:columns", "--censor non-steady"] {
        let (code, said) = output(&some, rule);
        let told = "leaves out 4 volumes, 1, 5-7 (from 0), as non_steady_state* is n/a there: it keeps them";
        assert_eq!(
            (code, said.contains(told)),
            (Some(0), rule.starts_with("--censor")),
            "{rule}: {said}"
        );
    }
    for (at, odd) in [(0, "-1"), (9, "0.5"), (3, "2")] {
        let flags = |t: usize| if t == at { odd } else { "0" };
        let (code, said) = output(&flags, "--censor non-steady:columns");
        let told =
            format!("flags.tsv line {} column non_steady_state_outlier00 is `{odd}`", at + 2);
        assert_eq!(code, Some(65), "{said}");
        assert!(said.contains(&told) && said.contains("be 0 or 1"), "{said}");
    }
    let (code, said) = output(&|_| "n/a", "--censor non-steady:columns");
    assert_eq!(code, Some(65), "{said}");
    assert!(said.contains("holds no value: every row is n/a"), "{said}");
    // Where no rule goes by them they are as they are.
    assert_eq!(output(&|_| "n/a", "--columns csf").0, Some(0));
}
