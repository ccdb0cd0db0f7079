//! Files that a command would find today, and that were not there when it ran.

use super::*;

#[test]
fn verify_names_a_sidecar_that_has_come_since_and_goes_on_without_it() {
    let folder = study();
    let dir = folder.path();
    fs::create_dir(dir.join("r")).unwrap();
    let at = |path: &str| format!("r/{}", path.rsplit('/').next().unwrap());
    let described = paths::PHYSIO.replace(".tsv.gz", ".json");
    for path in [paths::BOLD, paths::PHYSIO, &described, paths::EVENTS, paths::MASK] {
        fs::copy(dir.join("study").join(path), dir.join(at(path))).unwrap();
    }
    let [bold, physio, events, mask] =
        [paths::BOLD, paths::PHYSIO, paths::EVENTS, paths::MASK].map(at);
    let times: Vec<f64> = (0..8).map(|slice| f64::from(slice) * 0.25).collect();
    let own = json!({ "RepetitionTime": 2, "SliceTiming": times });
    fs::write(dir.join(bold.replace(".nii.gz", ".json")), own.to_string()).unwrap();
    for line in [
        format!("glm {bold} --events {events} --mask {mask} --contrast pain --out glm"),
        format!(
            "retroicor {bold} --physio {physio} --terms 1/1/0 --out retroicor/clean_bold.nii.gz"
        ),
        format!("smooth {bold} --fwhm 9 --out smooth/smooth_bold.nii.gz"),
        format!(
            "connect {bold} --mask {mask} --seed s=sphere:0,0,0:20 --coordinates native --out connect"
        ),
    ] {
        run(dir, &format!("{line} --device cpu -q"));
    }
    fs::write(dir.join("r/task-pain_bold.json"), r#"{"StartTime": 0.9}"#).unwrap();
    fs::write(dir.join("r/task-pain_physio.json"), r#"{"StartTime": -3}"#).unwrap();
    for out in ["glm", "retroicor", "smooth", "connect"] {
        let line = format!("verify {out}");
        let told = said(&succeeded(&line, boldly(dir, &line)));
        let later = |name: &str| format!("{name} has come since the outputs were made");
        assert_eq!(told.matches(&later("r/task-pain_bold.json")).count(), 1, "{out}: {told}");
        let n = usize::from(out == "retroicor");
        assert_eq!(told.matches(&later("r/task-pain_physio.json")).count(), n, "{out}: {told}");
    }
    // The columns of a correction, whose table was left behind.
    fs::create_dir(dir.join("c")).unwrap();
    for file in ["clean_bold.nii.gz", "clean_bold.json"] {
        fs::copy(dir.join("retroicor").join(file), dir.join("c").join(file)).unwrap();
    }
    fs::write(dir.join("c/moved_bold.json"), r#"{"RepetitionTime": 2}"#).unwrap();
    let image = "c/moved_bold.nii.gz --spent c/clean_bold.json";
    fs::copy(dir.join(&bold), dir.join("c/moved_bold.nii.gz")).unwrap();
    for (line, out) in [
        (format!("glm c/clean_bold.nii.gz --events {events} --mask {mask} --contrast pain"), "c1"),
        (format!("glm {image} --events {events} --mask {mask} --contrast pain"), "c2"),
        ("smooth c/clean_bold.nii.gz --fwhm 9".to_owned(), "c3/smooth_bold.nii.gz"),
    ] {
        run(dir, &format!("{line} --out {out} --device cpu -q"));
    }
    for ending in ["tsv", "json"] {
        let file = format!("clean_regressors.{ending}");
        fs::copy(dir.join("retroicor").join(&file), dir.join("c").join(&file)).unwrap();
    }
    for out in ["c1", "c2", "c3"] {
        let line = format!("verify {out}");
        let told = said(&succeeded(&line, boldly(dir, &line)));
        for ending in ["tsv", "json"] {
            let later = format!("c/clean_regressors.{ending} has come since");
            assert_eq!(told.matches(&later).count(), 1, "{out}: {told}");
        }
    }
    // What contradicts the image does not come in between.
    fs::write(dir.join("r/task-pain_bold.json"), "no JSON").unwrap();
    run(dir, "verify glm -q");
    // A sidecar that was there for another file is no news.
    fs::remove_file(dir.join("r/task-pain_bold.json")).unwrap();
    fs::remove_file(dir.join("r/task-pain_physio.json")).unwrap();
    run(dir, &format!("smooth {bold} --fwhm 9 --device cpu -q --out r/bold.nii"));
    run(dir, &format!("smooth {bold} --fwhm 9 --device cpu -q --out smooth/again_bold.nii"));
    let told = said(&succeeded("verify", boldly(dir, "verify smooth/again_bold.nii")));
    assert!(!told.contains("has come since"), "{told}");
}
