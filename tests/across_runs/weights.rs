//! What it costs that weights of runs are estimates is told of contrasts that two runs or more count for.

use boldly::simulate::write::paths;

use crate::binary::{boldly, run, said, study, succeeded};

#[test]
fn weights_of_runs_are_doubted_where_a_contrast_has_two_of_them() {
    let folder = study();
    let dir = folder.path();
    let bold = "sub-01_task-pain_run-2_bold.nii.gz";
    run(dir, &format!("smooth study/{} --fwhm 15 --out {bold} --device cpu -q", paths::BOLD));
    std::fs::write(dir.join("pain.tsv"), "onset\tduration\ttrial_type\n3\t15\tpain\n").unwrap();
    let told = |contrast: &str| {
        let line = format!(
            "glm study/{} {bold} --events study/{} pain.tsv --mask study/{} --skip-missing --combine precision --contrast {contrast} \
             --device cpu --overwrite --out out",
            paths::BOLD,
            paths::EVENTS,
            paths::MASK
        );
        said(&succeeded(&line, boldly(dir, &line)))
    };
    let (both, one) = (told("pain"), told("control"));
    assert!(both.contains("weights of runs that have"), "{both}");
    assert!(one.contains("is that of 1 of 2 runs"), "{one}");
    assert!(!one.contains("weights of runs"), "{one}");
}
