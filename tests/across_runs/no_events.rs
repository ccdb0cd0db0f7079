//! Runs of one task of which one has a table without events.

use super::*;

#[test]
fn a_run_whose_table_has_no_events_counts_for_no_contrast_of_them() {
    let folder = study();
    let dir = folder.path();
    let bold = |run: usize| format!("sub-01_task-pain_run-{run}_bold.nii.gz");
    for number in [1, 2] {
        run(
            dir,
            &format!(
                "smooth study/{} --fwhm {} --out {} --device cpu -q",
                paths::BOLD,
                3 * number,
                bold(number)
            ),
        );
    }
    std::fs::copy(dir.join("study").join(paths::EVENTS), dir.join("events.tsv")).unwrap();
    std::fs::write(dir.join("none.tsv"), "onset\tduration\ttrial_type\n").unwrap();
    let model = format!("--mask study/{} --noise ols --device cpu --contrast pain", paths::MASK);
    let both =
        format!("glm {} {} --events events.tsv none.tsv {model} --out both", bold(1), bold(2));
    let output = boldly(dir, &both);
    let told = said(&output);
    assert!(!output.status.success(), "{told}");
    for words in ["run-2_bold.nii.gz", "--skip-missing", "none.tsv has a header and no events"] {
        assert!(told.contains(words), "no {words:?} in {told}");
    }
    let skipping = format!("{both} --skip-missing");
    let told = said(&succeeded(&skipping, boldly(dir, &skipping)));
    assert!(told.contains("contrast 'pain' is that of 1 of 2 runs"), "{told}");
    let alone = format!("glm {} --events none.tsv {model} --out alone", bold(2));
    let output = boldly(dir, &alone);
    let told = said(&output);
    assert!(
        !output.status.success() && told.contains("none.tsv has a header and no events"),
        "{told}"
    );
    assert!(!told.contains("--trial-type"), "{told}");
}
