//! `--maps`.

use boldly::io::read_map;
use boldly::simulate::write::paths;

use super::*;

/// `--maps` of a run on a device.
fn proven(device: &str, out: &str, more: &str) -> String {
    format!(
        "retroicor run-1_bold.nii.gz --physio run-1_physio.tsv.gz --events run-1_events.tsv --terms 2/2/1x1+rvt+hr \
         --device {device} --out {out}/clean.nii.gz {more}"
    )
}

#[test]
fn proof_maps_have_names_sidecars_intents_and_verify_on_the_test_adapter() {
    let folder = study();
    let dir = folder.path();
    let device = adapter();
    well(dir, &proven(&device, "a", "--maps maps --verify -q"));
    let names = fs::read_dir(dir.join("maps")).unwrap().flatten();
    let mut names: Vec<String> =
        names.map(|e| e.file_name().to_string_lossy().into_owned()).collect();
    names.retain(|name| name.ends_with(".nii.gz"));
    // 6 sets of 5 maps, 3 of tSNR, the mask
    assert_eq!(names.len(), 6 * 5 + 3 + 1, "{names:?}");
    for name in &names {
        assert!(name.starts_with("run-1_"), "{name}");
        let own = own(&dir.join("maps").join(name.replace(".nii.gz", ".json")));
        // and the corrected run with its columns, its summary and its page
        assert_eq!(own["outputs"].as_array().unwrap().len(), names.len() + 4, "{name}");
        // 60 - (2 task + 1 drift + 1 constant) - (8 + 4 + 2)
        assert_eq!((&own["dof"], &own["dof_spent"]), (&json!(42.0), &json!(14.0)));
        assert_eq!(own["counts"]["sets"][5]["name"], "physio");
        assert_eq!(own["counts"]["sets"][5]["dof"], 14);
    }
    let map = |folder: &str, middle: &str| {
        read_map(&dir.join(format!("{folder}/run-1_{middle}_statmap.nii.gz"))).unwrap()
    };
    let (_, header, f) = map("maps", "desc-cardiac_stat-F");
    assert_eq!(header.intent, boldly::io::Intent::F { dof1: 4.0, dof2: 42.0 });
    assert!(f.iter().any(|&f| f > 5.0));
    let output = boldly(dir, "verify maps --json -q");
    let comparisons: Vec<Value> = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(comparisons.len(), names.len());
    for c in &comparisons {
        assert!(c["over"] == 0 && c["tolerance"].as_f64().is_some_and(f64::is_finite), "{c}");
    }
    let differs = comparisons.iter().filter(|c| c["got"] != c["want"]).count();
    assert!(differs > 5, "the verifier compares the device with the f64 path, not with itself");

    // one value that is not what it was
    let path = dir.join("maps/run-1_desc-physio_stat-adjustedRSquare_statmap.nii.gz");
    let (_, header, mut values) = read_map(&path).unwrap();
    let changed = (0..values.len()).find(|&v| values[v] > 0.1).unwrap();
    values[changed] += 0.001;
    let mut outputs = boldly::io::Outputs::new();
    outputs.map(&path, &header, &values).unwrap();
    outputs.commit().unwrap();
    let output = boldly(dir, "verify maps --json -q");
    assert_eq!(output.status.code(), Some(1));
    let comparisons: Vec<Value> = serde_json::from_slice(&output.stdout).unwrap();
    let failed = comparisons.iter().filter(|c| c["over"] != 0).collect::<Vec<_>>();
    assert_eq!((failed.len(), &failed[0]["over"]), (1, &json!(1)), "{failed:?}");
}

#[test]
fn proof_maps_keep_to_the_mask_lie_beside_the_image_and_say_each_echo_apart() {
    let folder = study();
    let dir = folder.path();
    fs::copy(dir.join("made1").join(paths::MASK), dir.join("mask.nii.gz")).unwrap();
    well(dir, &proven("cpu", "b", "--maps b --mask mask.nii.gz -q"));
    well(dir, "verify b -q");
    let map = |name: &str| read_map(&dir.join(name)).unwrap().2;
    let inside = map("mask.nii.gz");
    assert_eq!(inside, map("b/run-1_desc-retroicor_mask.nii.gz"));
    let p = map("b/run-1_desc-physio_stat-p_statmap.nii.gz");
    assert!(inside.iter().zip(&p).all(|(&inside, &p)| (p < 1.0) == (inside > 0.0)));
    let clean = own(&dir.join("b/clean.json"));
    assert_eq!(clean["dof_spent"], 14.0);
    assert_eq!(
        clean["outputs"].as_array().unwrap().len(),
        38,
        "the image, its columns, its summary, its maps, its page"
    );
    // the same image as without maps
    well(dir, &proven("cpu", "c", "-q"));
    assert!(
        fs::read(dir.join("b/clean.nii.gz")).unwrap()
            == fs::read(dir.join("c/clean.nii.gz")).unwrap()
    );
    fs::remove_file(dir.join("b/run-1_desc-rvt_stat-z_statmap.nii.gz")).unwrap();
    refused(dir, "verify b -q", 1, &["run-1_desc-rvt_stat-z_statmap"]);
    // a mask that would be replaced by the maps' own
    fs::copy(dir.join("mask.nii.gz"), dir.join("c/run-1_desc-retroicor_mask.nii.gz")).unwrap();
    let line = proven("cpu", "d", "--maps c --mask c/run-1_desc-retroicor_mask.nii.gz");
    refused(dir, &line, 2, &["run-1_desc-retroicor_mask.nii.gz", "also an input"]);
    assert!(!dir.join("d").exists());
    refused(dir, &proven("cpu", "d", "--mask mask.nii.gz"), 2, &["--maps"]);

    for (n, scale) in [(1, 1.0), (2, 0.5)] {
        echo(dir, "run-1_bold.nii.gz", &format!("run-1_echo-{n}_bold.nii.gz"), scale);
    }
    let line =
        "retroicor run-1_echo-1_bold.nii.gz run-1_echo-2_bold.nii.gz --physio run-1_physio.tsv.gz";
    well(dir, &format!("{line} --terms 2/1/0 --device cpu --out e --maps e --verify -q"));
    let f = |n: u32| map(&format!("e/run-1_echo-{n}_desc-cardiac_stat-F_statmap.nii.gz"));
    // half the signal with half the noise: the same F, but for rounding
    common::assert_close("F", &common::wide(&f(2)), &common::wide(&f(1)), 1e-4, 1e-6);
}
