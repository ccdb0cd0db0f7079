//! Contrasts across the runs of one call.
#![allow(clippy::unwrap_used, reason = "tests")]

mod binary;
mod common;

use std::path::Path;

use binary::{boldly, run, said, study};
use boldly::io::read_map;
use boldly::simulate::write::paths;

fn map(dir: &Path, out: &str, contrast: &str, stat: &str) -> Vec<f64> {
    let path = dir.join(format!("{out}/contrast-{contrast}_stat-{stat}_statmap.nii.gz"));
    common::wide(&read_map(&path).unwrap().2)
}

#[test]
fn a_contrast_across_two_runs_is_the_difference_of_their_effects_with_both_variances() {
    let folder = study();
    let dir = folder.path();
    let (bold, events, mask) = (paths::BOLD, paths::EVENTS, paths::MASK);
    let second = "sub-01_task-pain_run-2_bold.nii.gz";
    run(dir, &format!("smooth study/{bold} --fwhm 9 --out {second} --device cpu -q"));
    let options = format!(
        "--mask study/{mask} --task-times start --noise ols --scaling none --device cpu -q --contrast"
    );
    let alone = |bold: &str, out: &str| {
        run(dir, &format!("glm {bold} --events study/{events} {options} pain --out {out}"));
    };
    alone(&format!("study/{bold}"), "one");
    alone(second, "two");
    let both =
        format!("glm study/{bold} {second} --events study/{events} study/{events} {options}");
    run(dir, &format!("{both} d=pain@run-1-pain@run-2 --out both"));
    let [one, two] = ["one", "two"].map(|out| map(dir, out, "pain", "effect"));
    let [v_one, v_two] = ["one", "two"].map(|out| map(dir, out, "pain", "variance"));
    let of = |a: &[f64], b: &[f64], how: fn(f64, f64) -> f64| -> Vec<f64> {
        a.iter().zip(b).map(|(a, b)| how(*a, *b)).collect()
    };
    let want = of(&one, &two, |a, b| a - b);
    let size = want.iter().fold(0.0_f64, |most, v| most.max(v.abs()));
    assert!(size > 0.1, "they differ");
    common::assert_close("effect", &map(dir, "both", "d", "effect"), &want, 1e-5, 1e-6 * size);
    let want = of(&v_one, &v_two, |a, b| a + b);
    common::assert_close("variance", &map(dir, "both", "d", "variance"), &want, 1e-6, 0.0);
    let refused = boldly(dir, &format!("{both} pain@run-3-pain@run-1 --out none"));
    assert_eq!(refused.status.code(), Some(2));
    assert!(
        said(&refused).contains("names run-3, which is none of the runs"),
        "{}",
        said(&refused)
    );
    let line = format!("{both} pain@run-1-pain@run-2 --combine precision --out none");
    let refused = boldly(dir, &line);
    assert!(said(&refused).contains("--combine precision"), "{}", said(&refused));
}
