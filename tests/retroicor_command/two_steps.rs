//! `retroicor` and then `glm` against `glm --physio`: one joint fit either way.

use super::*;

/// Of a contrast: effect, variance and t `[voxel]`, and the residual degrees of freedom.
struct Fit {
    maps: [Vec<f64>; 3],
    dof: f64,
}

const EVENTS: &str = "--events run-1_events.tsv --contrast pain --mask one/mask.nii.gz --task-times start --device cpu";

fn fitted(dir: &Path, out: &str) -> Fit {
    let map = |stat: &str| {
        let path = dir.join(out).join(format!("contrast-pain_stat-{stat}_statmap.nii.gz"));
        boldly::io::read_map(&path).unwrap().2.into_iter().map(f64::from).collect()
    };
    let dof = own(&dir.join(out).join("contrast-pain_stat-t_statmap.json"))["dof"].as_f64();
    Fit { maps: ["effect", "variance", "t"].map(map), dof: dof.unwrap() }
}

/// Two fits agree to what f32 rounds of a run.
#[track_caller]
fn assert_alike(got: &Fit, want: &Fit) {
    assert_eq!(got.dof, want.dof);
    let [effect, variance, t] = &want.maps;
    let sd = variance.iter().fold(0.0_f64, |most, v| most.max(v.sqrt()));
    assert!(t.iter().any(|t| t.abs() > 1.0), "the task shows");
    common::assert_close("effect", &got.maps[0], effect, 0.0, 1e-5 * sd);
    common::assert_close("variance", &got.maps[1], variance, 1e-5, 0.0);
    common::assert_close("t", &got.maps[2], t, 1e-5, 1e-5);
}

/// The one-step analysis, which makes the mask for all.
fn one_step(dir: &Path, more: &str) -> Fit {
    let line = "glm run-1_bold.nii.gz --events run-1_events.tsv --physio run-1_physio.tsv.gz --contrast pain --task-times start --device cpu -q";
    well(dir, &format!("{line} --out one"));
    well(dir, &format!("{line} --out one_more --mask one/mask.nii.gz {more}"));
    fitted(dir, "one_more")
}

fn correct(dir: &Path, events: &str) {
    let line = "retroicor run-1_bold.nii.gz --physio run-1_physio.tsv.gz --device cpu -q --verify";
    well(dir, &format!("{line} {events} --out c_bold.nii.gz"));
}

#[test]
fn a_corrected_run_is_fitted_as_the_raw_one_with_its_recording_even_where_no_task_was_known() {
    let folder = study();
    let dir = folder.path();
    let want = one_step(dir, "");
    for events in ["--events run-1_events.tsv", ""] {
        correct(dir, events);
        let said = well(dir, &format!("glm c_bold.nii.gz {EVENTS} --out two --verify"));
        assert!(said.contains("18 columns that were taken out (c_regressors.tsv)"), "{said}");
        assert!(!said.contains("warning"), "{said}");
        assert_alike(&fitted(dir, "two"), &want);
    }
    let inputs = own(&dir.join("two/mask.json"))["inputs"].clone();
    let carried = inputs.as_array().unwrap().iter().filter(|input| input["role"] == "carried");
    assert_eq!(carried.count(), 2, "the table and its sidecar: {inputs}");
}

#[test]
fn smoothing_between_or_within_the_second_step_carries_the_columns_on() {
    let folder = study();
    let dir = folder.path();
    let want = one_step(dir, "--fwhm 30");
    correct(dir, "--events run-1_events.tsv --task-times start");
    well(dir, &format!("glm c_bold.nii.gz {EVENTS} --fwhm 30 --out two -q --overwrite"));
    assert_alike(&fitted(dir, "two"), &want);
    let said = well(dir, "smooth c_bold.nii.gz --fwhm 30 --device cpu --out s_bold.nii --verify");
    assert!(said.contains("18 columns") && said.contains("other slice times"), "{said}");
    let read = |name: &str| fs::read_to_string(dir.join(name)).unwrap();
    assert_eq!(read("s_regressors.tsv"), read("c_regressors.tsv"));
    well(dir, &format!("glm s_bold.nii {EVENTS} --out three -q --verify"));
    assert_alike(&fitted(dir, "three"), &want);
}

#[test]
fn columns_of_a_resampled_run_are_volume_wise_and_carried_too() {
    let folder = study();
    let dir = folder.path();
    fs::copy(dir.join("run-1_bold.json"), dir.join("run-1_space-T1w_bold.json")).unwrap();
    fs::copy(dir.join("run-1_bold.nii.gz"), dir.join("run-1_space-T1w_bold.nii.gz")).unwrap();
    let line =
        "glm run-1_space-T1w_bold.nii.gz --events run-1_events.tsv --contrast pain --device cpu -q";
    well(dir, &format!("{line} --physio run-1_physio.tsv.gz --out one"));
    let line = "retroicor run-1_space-T1w_bold.nii.gz --physio run-1_physio.tsv.gz --device cpu --out c_bold.nii.gz";
    well(dir, line);
    let said = well(dir, "smooth c_bold.nii.gz --fwhm 0 --device cpu --out s_bold.nii");
    assert!(said.contains("18 columns") && !said.contains("other slice times"), "{said}");
    well(dir, &format!("glm s_bold.nii {EVENTS} --out two -q"));
    assert_alike(&fitted(dir, "two"), &fitted(dir, "one"));
}

#[test]
fn a_run_that_is_corrected_again_counts_each_column_once() {
    let folder = study();
    let dir = folder.path();
    let want = one_step(dir, "");
    correct(dir, "");
    let said =
        well(dir, &format!("glm c_bold.nii.gz --physio run-1_physio.tsv.gz {EVENTS} --out two"));
    assert!(said.contains("already corrected") && !said.contains("rank deficient"), "{said}");
    assert_alike(&fitted(dir, "two"), &want);
    // other terms: what the first correction took stays counted
    let again = "retroicor c_bold.nii.gz --physio run-1_physio.tsv.gz --terms 5/0/0 --device cpu --out d_bold.nii.gz";
    well(dir, again);
    assert_eq!(own(&dir.join("d_bold.json"))["dof_spent"], 22.0);
    well(dir, &format!("glm d_bold.nii.gz {EVENTS} --out three -q"));
    assert_eq!(fitted(dir, "three").dof, want.dof - 4.0);
}

#[test]
fn without_its_columns_a_corrected_run_is_told_how_much_too_large_t_is_and_changed_ones_are_refused()
 {
    let folder = study();
    let dir = folder.path();
    let want = one_step(dir, "");
    correct(dir, "--events run-1_events.tsv");
    let table = dir.join("c_regressors.tsv");
    let whole = fs::read_to_string(&table).unwrap();
    let glm = format!("glm c_bold.nii.gz {EVENTS} --out two");

    let changed = whole.replacen("\t0.", "\t0.1", 1);
    assert_ne!(changed, whole);
    fs::write(&table, changed).unwrap();
    for line in [&glm, "smooth c_bold.nii.gz --fwhm 20 --device cpu --out s.nii"] {
        refused(dir, line, 65, &["c_regressors.tsv", "was changed", "boldly retroicor"]);
    }

    fs::remove_file(&table).unwrap();
    let said = well(dir, &glm);
    let percent = 100.0 * (((want.dof + 18.0) / want.dof).sqrt() - 1.0);
    for words in ["c_regressors.tsv is not there", &format!("about {percent:.1} % too large")] {
        assert!(said.contains(words), "no {words:?} in {said}");
    }
    let got = fitted(dir, "two");
    assert_eq!(got.dof, want.dof);
    let ratio = |(a, b): (&f64, &f64)| (a / b).sqrt();
    let pairs = want.maps[1].iter().zip(&got.maps[1]).filter(|(a, _)| **a > 0.0);
    let ratios: Vec<f64> = pairs.map(ratio).collect();
    let mean = ratios.iter().sum::<f64>() / ratios.len() as f64;
    // as much as is said where the columns are unrelated to the task, which 18 random ones are on average
    assert!((1.0 + 0.004 * percent..1.0 + 0.025 * percent).contains(&mean), "{mean}, {percent} %");

    let biased = "it was fitted without the task, so that effects are biased";
    assert!(!said.contains(biased), "{said}");
    correct(dir, "--overwrite");
    fs::remove_file(&table).unwrap();
    let said = well(dir, &glm);
    assert!(said.contains(biased), "{said}");
}
