//! What `boldly bids` takes beside a model's columns, each as glm does: columns of each voxel's own, residuals, regions.

use std::fs;

use boldly::io::{Outputs, read_map};

use crate::binary::{boldly, run, said};
use crate::common::compare;
use crate::small::{DERIVED, IN_SPACE, equal_to_glm, json, model, only, study};

/// The derivative, and its mask.
fn derived() -> (String, String) {
    let at = format!("{DERIVED}/{IN_SPACE}_desc");
    (format!("{at}-preproc_bold.nii.gz"), format!("{at}-brain_mask.nii.gz"))
}

/// A probability of white matter beside the run's anatomy, and a wide copy of the run as an image of regressors.
fn with_images(dir: &std::path::Path) -> (String, String) {
    let (bold, mask) = derived();
    let anat = DERIVED.replace("func", "anat");
    fs::create_dir_all(dir.join(&anat)).unwrap();
    let likely = format!("{anat}/sub-01_space-MNI152NLin2009cAsym_label-WM_probseg.nii.gz");
    let (_, header, values) = read_map(&dir.join(&mask)).unwrap();
    let values: Vec<f32> =
        values.iter().enumerate().map(|(at, v)| v * (at % 10) as f32 / 10.0).collect();
    let mut outputs = Outputs::new();
    outputs.map(&dir.join(&likely), &header, &values).unwrap();
    outputs.commit().unwrap();
    let wide = format!("{DERIVED}/{IN_SPACE}_desc-wide_regressors.nii.gz");
    run(dir, &format!("smooth {bold} --fwhm 30 --out {wide} --device cpu -q"));
    (likely, wide)
}

#[test]
fn columns_of_each_voxels_own_are_found_by_their_names_and_fitted_as_glm_does() {
    let folder = study();
    let dir = folder.path();
    let (bold, mask) = derived();
    let (likely, wide_run) = with_images(dir);
    let shared = "--fwhm 20 --anaticor-radius 30 --residuals";
    let bids = format!("{shared} --anaticor label-WM_probseg --voxelwise desc-wide_regressors");
    let glm =
        format!("{shared} --anaticor {likely} --voxelwise {wide_run} --mask {mask} --drift none");
    let told = equal_to_glm(dir, ("", &bids), (&bold, &glm));
    let sources: Vec<&str> =
        told["Sources"].as_array().unwrap().iter().filter_map(|v| v.as_str()).collect();
    for name in ["label-WM_probseg.nii.gz", "desc-wide_regressors.nii.gz"] {
        assert!(sources.iter().any(|uri| uri.ends_with(name)), "{name}: {sources:?}");
    }
    assert!(told["boldly"]["warnings"].to_string().contains("is a map of probabilities: its "));
    let own = only(&dir.join("out"), "_desc-residuals_bold.nii");
    let other = dir.join("glm/desc-residuals_bold.nii");
    let [got, want] = [&own, &other].map(|path| fs::read(path).unwrap());
    assert_eq!(got.len(), want.len());
    let page = fs::read_to_string(dir.join("out/sub-01.html")).unwrap();
    assert!(page.contains("over the white matter within 30 mm of it (ANATICOR)"));
    let told = |more: &str| {
        let done = boldly(dir, &format!("bids study out run -m model.json --dry-run {more}"));
        (done.status.code(), said(&done))
    };
    for (more, code, why) in [
        (bids.replace("-radius 30", "-radius 20"), 2, "--anaticor-radius: 30 there, 20 asked now"),
        (bids.replace(" --residuals", ""), 2, "--residuals: yes there, none asked now"),
        ("--fwhm 20 --anaticor label-GM_mask".to_owned(), 66, "desc-brain_mask.nii.gz"),
        ("--voxelwise desc-narrow_regressors".to_owned(), 66, "that --voxelwise asks for"),
        ("--voxelwise tissue-WM_mask".to_owned(), 2, "tissue-WM is no entity of BIDS"),
        ("--anaticor label-WM".to_owned(), 2, "end in its suffix"),
        (format!("{bids} --roi a=sphere:0,0,0:20"), 2, "the mean of a region has no such column"),
    ] {
        let (found, said) = told(&more);
        assert_eq!(found, Some(code), "{more}: {said}");
        assert!(said.contains(why), "{more}: {said}");
    }
    // one mask for all runs
    let line = format!("bids study x run -m model.json --dry-run --anaticor {likely}");
    run(dir, &line);
}

#[test]
fn regions_of_each_run_are_those_of_glm() {
    let folder = study();
    let dir = folder.path();
    let (bold, mask) = derived();
    let roi = "--roi a=sphere:0,0,0:20 --shift 4";
    equal_to_glm(
        dir,
        ("", &format!("--fwhm 20 {roi}")),
        (&bold, &format!("--fwhm 20 {roi} --mask {mask} --drift none")),
    );
    let of = |path: &std::path::Path| {
        let text = fs::read_to_string(path).unwrap();
        let cells = text.lines().skip(1).flat_map(|line| line.split('\t'));
        cells.filter_map(|cell| cell.parse().ok()).collect::<Vec<f64>>()
    };
    let got = of(&only(&dir.join("out"), "_contrast-pain_regions.tsv"));
    let want = of(&dir.join("glm/contrast-pain_regions.tsv"));
    assert!(got.len() > 6, "{got:?}");
    compare("regions", &got, &want, 1e-4, 1e-6).assert();
    only(&dir.join("out"), "_contrast-pain_desc-shift_regions.tsv");
    let page = fs::read_to_string(dir.join("out/sub-01.html")).unwrap();
    assert!(page.contains("pain in the mean of each region"), "the table is on the page");
    // what is about regions needs some, and coordinates a template
    model(dir);
    let line = "bids study x run -m model.json --dry-run";
    for (more, why) in [
        ("--shift 2", "--shift comes without --roi"),
        ("--roi a=sphere:0,0,0:20 --space none --desc-label none", "is in its subject's own space"),
        ("--roi a=sphere:900,0,0:2", "a"),
    ] {
        let done = boldly(dir, &format!("{line} {more}"));
        assert!(!done.status.success() && said(&done).contains(why), "{more}: {}", said(&done));
    }
    let of_run = json(&only(&dir.join("out"), "contrast-pain_regions.json"));
    assert_eq!(of_run["boldly"]["command"]["roi"]["shift_mm"], 4.0);
}

#[test]
fn what_glm_takes_and_a_model_cannot_is_refused_with_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    for (option, instead) in [
        ("--hrf spm", "Convolve or Model.HRF"),
        ("--skip-missing", "--missing-contrast skip"),
        ("--skip_missing", "--missing-contrast skip"),
        ("--mask m.nii", "Model.Options.Mask"),
        ("--columns=csf", "Model.X"),
        ("--echo-times 12,28", "combination of the echoes"),
    ] {
        let done = boldly(folder.path(), &format!("bids a b run -m m.json {option}"));
        assert_eq!(done.status.code(), Some(2));
        assert!(said(&done).contains(instead), "{option}: {}", said(&done));
    }
}
