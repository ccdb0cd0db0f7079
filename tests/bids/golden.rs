//! Maps of every level against nilearn's on the same exact designs, and FitLins' designs fed back against FitLins' maps.

use std::path::Path;

use boldly::io::read_map;

use crate::binary::{boldly, run, said, with_words};
use crate::common::{compare, shared, wide};
use crate::made::{META, dataset, files, model};

/// Maps are stored as float32 on every level, and levels read them from there: of a map's greatest value.
const OF_THE_MAXIMUM: f64 = 1e-5;

/// Holds a map against a golden one within the voxels that both have.
fn same(name: &str, own: &Path, golden: &Path) {
    let (_, _, got) = read_map(own).unwrap();
    let (_, _, want) = read_map(golden).unwrap();
    let outside = if name.contains("stat-p_") { 1.0 } else { 0.0 };
    let both: Vec<usize> =
        (0..got.len()).filter(|&v| got[v] != outside && want[v] != 0.0).collect();
    assert!(both.len() >= 64, "{name}: {} voxels", both.len());
    let of = |all: &[f32]| wide(&both.iter().map(|&v| all[v]).collect::<Vec<f32>>());
    let most = of(&want).iter().fold(0.0_f64, |a, b| a.max(b.abs()));
    compare(name, &of(&got), &of(&want), 0.0, OF_THE_MAXIMUM * most).assert();
}

/// Holds all golden maps of a node against those in a folder; how many.
fn same_node(out: &Path, golden: &Path, node: &str, is_meant: impl Fn(&str) -> bool) -> usize {
    let mut n = 0;
    for file in files(&golden.join(node)) {
        let name = file.to_string_lossy().into_owned();
        // of several rows of F the variance is nilearn's own; of AR(1) R² is of whitened data
        let is_whitened = name.contains("rSquare") && golden.ends_with("ar1");
        let is_other = name.contains("anyParametric_stat-variance") || is_whitened;
        if !name.ends_with(".nii.gz") || is_other || !is_meant(&name) {
            continue;
        }
        let own = name.replace("Weighted", "").replace("sexEffect", "gainVsLossSexEffect");
        let is_group = node.starts_with("node-group");
        let own = if is_group { format!("task-mixedgamblestask_{own}") } else { own };
        same(&name, &out.join(node).join(own), &golden.join(node).join(&file));
        n += 1;
    }
    n
}

#[test]
fn maps_of_runs_subjects_and_dataset_equal_nilearns_and_verify_repeats_them() {
    let (Some(raw), Some(model), Some(golden)) =
        (dataset("ds005"), model(META), shared("../oracles/bsm/maps-ds005/ols"))
    else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("out");
    let words =
        ["bids", raw.to_str().unwrap(), "out", "dataset", "--noise", "ols", "--quiet", "-m"];
    let words = words.into_iter().chain([model.to_str().unwrap()]);
    let done = with_words(folder.path(), words);
    assert!(done.status.success(), "{}", said(&done));
    let weighted = |name: &str| !name.contains("Weighted");
    // 4 subjects, 2 runs, 3 contrasts of 5 maps, F with 3, R² of each run
    assert_eq!(same_node(&out, &golden, "node-runLevel", |_| true), 8 * (3 * 5 + 3 + 1));
    assert_eq!(same_node(&out, &golden, "node-subjectLevel", weighted), 4 * 3 * 3);
    assert_eq!(same_node(&out, &golden, "node-groupMean", |_| true), 3 * 5);
    assert_eq!(same_node(&out, &golden, "node-groupDiff", |_| true), 5);
    // what all runs have, not the union of their masks
    let inside = |file: &str| {
        let (_, _, mask) = read_map(&out.join(file)).unwrap();
        mask.iter().filter(|v| **v > 0.0).count()
    };
    let stem = "task-mixedgamblestask_space-MNI152NLin2009cAsym_contrast-gain_mask.nii.gz";
    assert_eq!(inside(&format!("node-subjectLevel/sub-01/sub-01_{stem}")), 308);
    assert_eq!(inside(&format!("node-groupMean/{stem}")), 296);
    run(folder.path(), "verify out --quiet");
}

#[test]
fn ar1_and_precision_weights_equal_nilearns() {
    let (Some(raw), Some(model), Some(golden)) =
        (dataset("ds005"), model(META), shared("../oracles/bsm/maps-ds005/ar1"))
    else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let (raw, model) = (raw.display(), model.display());
    let out = folder.path().join("out");
    let fitted = |line: &str| {
        let line = format!("bids {raw} out {line} -m {model} --estimator nilearn --quiet");
        let done = boldly(folder.path(), &line);
        assert!(done.status.success(), "{}", said(&done));
    };
    let is_weighted = |name: &str| name.contains("Weighted");
    fitted("dataset");
    assert_eq!(same_node(&out, &golden, "node-runLevel", |_| true), 8 * (3 * 5 + 3));
    let plain = same_node(&out, &golden, "node-subjectLevel", |name| !is_weighted(name));
    assert_eq!(plain, 4 * 3 * 3);
    assert_eq!(same_node(&out, &golden, "node-groupMean", |_| true), 3 * 5);
    assert_eq!(same_node(&out, &golden, "node-groupDiff", |_| true), 5);
    fitted("participant --fixed_effects precision --overwrite");
    assert_eq!(same_node(&out, &golden, "node-subjectLevel", is_weighted), 4 * 3 * 3);
}

#[test]
fn a_design_of_fitlins_gives_the_maps_of_fitlins() {
    let (Some(raw), Some(golden)) =
        (dataset("fitlins-dummy"), shared("../oracles/bsm/fitlins/fitlins_dummy/node-run"))
    else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let (at, run) = ("sub-bert/ses-lunch", "sub-bert_ses-lunch_task-eating_run-");
    let space = raw.join("derivatives/fmriprep").join(at).join("func");
    let of = |desc: &str| space.join(format!("{run}02_space-T1w_desc-{desc}.nii.gz"));
    let design = golden.join(at).join(format!("{run}2_design.tsv"));
    let (bold, mask) = (of("preproc_bold"), of("brain_mask"));
    let mut words = vec!["glm", bold.to_str().unwrap(), "--mask", mask.to_str().unwrap()];
    words.extend(["--design", design.to_str().unwrap(), "--noise", "nilearn-ar1", "--out", "out"]);
    for contrast in [
        "icecream_gt_cake=trial_type.ice_cream - trial_type.cake",
        "eating_vs_baseline=0.5*trial_type.ice_cream + 0.5*trial_type.cake",
    ] {
        words.extend(["--contrast", contrast]);
    }
    let done = with_words(folder.path(), words.into_iter().chain(["--quiet"]));
    assert!(done.status.success(), "{}", said(&done));
    for contrast in ["icecreamGtCake", "eatingVsBaseline"] {
        for stat in ["effect", "variance", "t", "z", "p"] {
            let map = format!("contrast-{contrast}_stat-{stat}_statmap.nii.gz");
            let theirs = golden.join(at).join(format!("sub-bert_ses-lunch_run-2_{map}"));
            same(&map, &folder.path().join("out").join(&map), &theirs);
        }
    }
}
