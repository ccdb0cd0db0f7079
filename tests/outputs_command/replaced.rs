//! What outputs take the place of, and what they do not.

use boldly::pipeline::{earlier, products::Layout, provenance};

use super::*;

#[test]
fn what_boldly_did_not_make_or_was_changed_since_is_not_replaced() {
    let folder = study();
    let dir = folder.path();
    let physio =
        format!("physio --bold study/{} --physio study/{} --out p -q", paths::BOLD, paths::PHYSIO);
    run(dir, &physio);
    run(dir, &physio);
    let peaks = dir.join("p_desc-peaks_events.tsv");
    let corrected = fs::read_to_string(&peaks).unwrap().replacen("ok", "removed", 1);
    fs::write(&peaks, &corrected).unwrap();
    refused(dir, &physio, 2, &["p_desc-peaks_events.tsv", "was changed since", "--overwrite"]);
    assert_eq!(fs::read_to_string(&peaks).unwrap(), corrected);
    run(dir, &format!("{physio} --overwrite"));
    assert_ne!(fs::read_to_string(&peaks).unwrap(), corrected);

    fs::write(dir.join("events.tsv"), "onset\tduration\n").unwrap();
    let confounds = format!("confounds study/{} --mask study/{}", paths::BOLD, paths::MASK);
    let line = format!("{confounds} --out events.tsv -q --device cpu");
    refused(dir, &line, 2, &["events.tsv", "nothing says that boldly made it"]);
    assert_eq!(fs::read_to_string(dir.join("events.tsv")).unwrap(), "onset\tduration\n");

    let out = glm("out");
    run(dir, &out);
    let sidecar = dir.join("out/contrast-pain_stat-z_statmap.json");
    edit(&sidecar, |sidecar| sidecar["Description"] = json!("mine"));
    refused(dir, &out, 2, &["stat-z_statmap.json", "was changed since", "--overwrite"]);
    assert!(fs::read_to_string(&sidecar).unwrap().contains("mine"));
    run(dir, &(out + " --overwrite"));
    assert!(!fs::read_to_string(&sidecar).unwrap().contains("mine"));

    fs::write(dir.join("smooth.json"), "{\"mine\": 1}").unwrap();
    let line = format!("smooth study/{} --fwhm 20 --out smooth.nii -q", paths::BOLD);
    refused(dir, &line, 2, &["smooth.json"]);

    let again = "simulate study --shape 9,10,8 --voxel-size 12,12,12 --volumes 40 --seed 5 --quiet";
    run(dir, again);
    let events = dir.join("study").join(paths::EVENTS);
    fs::write(&events, "mine").unwrap();
    refused(dir, again, 2, &["was changed since"]);
    let other = again.replace("--seed 5", "--seed 6");
    refused(dir, &other, 2, &["is of another (other options, seed or version", "--overwrite"]);
    assert_eq!(fs::read_to_string(&events).unwrap(), "mine");
}

#[test]
fn what_lies_in_the_place_of_a_study_is_refused_before_any_of_it_is_made() {
    let folder = study();
    let dir = folder.path();
    let trial = "sub-01/ses-baseline/func/sub-01_ses-baseline_task-pain_bold.nii.gz";
    for (line, place) in [
        ("simulate new", &*format!("new/{}", paths::TRUE_PAIN)),
        ("simulate new", "new/README.md"),
        ("simulate new", "new/participants.tsv"),
        ("simulate --trial new", &format!("new/{trial}")),
        ("demo --group new", "new/sub-02/sub-02_ses-post_desc-pain_effect.nii.gz"),
        ("demo --group new", "new/group/notes.txt"),
        ("demo --trial new", "new/tables/brain.tsv"),
        ("demo --trial new", "new/bids/README"),
        ("demo --trial new", "new/index.html"),
    ] {
        let path = dir.join(place);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, "mine").unwrap();
        refused(dir, line, 2, &["is not the one of this study", "--overwrite"]);
        let left = fs::read_dir(dir.join("new")).unwrap().count();
        assert_eq!((left, &*fs::read_to_string(&path).unwrap()), (1, "mine"), "{line}: {place}");
        fs::remove_dir_all(dir.join("new")).unwrap();
    }
    // What was changed since in the whole study is seen before it is made again.
    let truth = dir.join("study").join(paths::TRUE_PAIN);
    fs::write(&truth, "mine").unwrap();
    let again = "simulate study --shape 9,10,8 --voxel-size 12,12,12 --volumes 40 --seed 5 --quiet";
    let output = boldly(dir, again);
    assert!(said(&output).contains("was changed since"), "{}", said(&output));
    assert!(!said(&output).contains("simulating"), "{}", said(&output));
}

#[test]
fn another_analysis_is_not_mixed_with_what_is_there_and_overwrite_removes_it() {
    let folder = study();
    let dir = folder.path();
    let listed = |folder: &str| {
        let names = fs::read_dir(dir.join(folder)).unwrap().map(|e| e.unwrap().file_name());
        let mut names: Vec<String> = names.map(|n| n.to_string_lossy().into_owned()).collect();
        names.sort();
        names
    };
    run(dir, &glm("out"));
    run(dir, &glm("out"));
    fs::write(dir.join("out/notes.txt"), "mine").unwrap();
    let before = listed("out");
    let other = glm("out").replace("--contrast pain", "--contrast control");
    let other = other.replace(&format!("--physio study/{} --terms 2/1/0", paths::PHYSIO), "");
    refused(dir, &other, 2, &["another analysis", "of `boldly glm`", "--overwrite"]);
    assert_eq!(listed("out"), before);
    run(dir, "verify out -q");
    // the page of the first, its maps and their sidecars go; what is not of boldly stays
    run(dir, &(other + " --overwrite"));
    assert!(listed("out").iter().all(|name| !name.contains("qc") && !name.contains("pain")));
    assert!(listed("out").iter().any(|name| name == "notes.txt"));
    assert_eq!(listed("out").len(), 2 * (6 + 2) + 1, "{:?}", listed("out"));
    run(dir, "verify out -q");

    // a map that was changed stays
    let z = dir.join("out/contrast-control_stat-z_statmap.nii.gz");
    fs::write(&z, "changed").unwrap();
    let output = boldly(dir, &(glm("out").replace(" -q", "") + " --overwrite"));
    assert!(
        said(&output).contains("stat-z_statmap.nii.gz of an earlier command stays"),
        "{}",
        said(&output)
    );
    assert_eq!(fs::read_to_string(&z).unwrap(), "changed");

    // a run of this name is replaced, but maps that the new command does not make are in the way
    let maps = clean("clean.nii") + " --maps maps";
    run(dir, &maps);
    let other = maps.replace("2/1/0", "1/0/0");
    refused(dir, &other, 2, &["another analysis", "of `boldly retroicor`"]);
    assert!(listed("maps").iter().any(|name| name.contains("respiratory")));
    run(dir, &(other + " --overwrite --verify"));
    assert!(listed("maps").iter().all(|name| !name.contains("respiratory")));
    run(dir, &clean("alone.nii"));
    run(dir, &clean("alone.nii").replace("2/1/0", "1/0/0"));
    // an output that is named is not another command's
    run(dir, &glm("fits"));
    let map = "fits/contrast-pain_stat-t_statmap.nii.gz";
    let line = format!("smooth study/{} --fwhm 4 --out {map} --device cpu -q", paths::BOLD);
    refused(dir, &line, 2, &["another analysis", "of `boldly glm`"]);
    run(dir, "verify fits -q");
    // its own input is not removed
    let line = glm("out").replace(&format!("study/{}", paths::MASK), "out/mask.nii.gz");
    refused(dir, &(line + " --overwrite"), 2, &["also an input"]);
}

/// The run's sidecar without its slice times, and with them again.
fn time_slices(dir: &Path, slice_timing: &Option<Value>) {
    let sidecar = dir.join("study/task-pain_bold.json");
    edit(&sidecar, |json| match slice_timing {
        Some(times) => json["SliceTiming"] = times.clone(),
        None => drop(json.as_object_mut().unwrap().remove("SliceTiming")),
    });
}

#[test]
fn the_same_command_after_its_inputs_changed_leaves_nothing_that_it_no_longer_makes() {
    let folder = study();
    let dir = folder.path();
    let sidecar = dir.join("study/task-pain_bold.json");
    let json: Value = serde_json::from_slice(&fs::read(sidecar).unwrap()).unwrap();
    let times = Some(json["SliceTiming"].clone());
    let glm = glm("out").replace(&format!("--physio study/{} --terms 2/1/0", paths::PHYSIO), "");
    let physio = format!(
        "physio --bold study/{} --physio study/{} --out columns/p -q",
        paths::BOLD,
        paths::PHYSIO
    );
    let of_slices = [
        "out/design_slice-groups.tsv",
        "columns/p_desc-retroicorSlices_regressors.tsv",
        "columns/p_desc-retroicorSlices_regressors.json",
        "columns/p_desc-retroicor.slibase.1D",
    ];
    let there = || of_slices.map(|name| dir.join(name).exists());
    for line in [&glm, &physio] {
        run(dir, line);
    }
    assert_eq!(there(), [true; 4]);
    time_slices(dir, &None);
    for line in [&glm, &physio] {
        run(dir, line);
    }
    assert_eq!(there(), [false; 4], "what was made of slice times is out of date");
    run(dir, "verify out columns -q");
    // what somebody changed since stays, and is told; so is a table that nobody lists
    time_slices(dir, &times);
    run(dir, &glm);
    time_slices(dir, &None);
    fs::write(dir.join(of_slices[0]), "mine").unwrap();
    let output = boldly(dir, &glm.replace(" -q", ""));
    assert!(output.status.success(), "{}", said(&output));
    assert!(said(&output).contains("design_slice-groups.tsv of an earlier command stays"));
    assert_eq!(fs::read_to_string(dir.join(of_slices[0])).unwrap(), "mine");
    fs::copy(dir.join("out/design.tsv"), dir.join("out/run-2_design.tsv")).unwrap();
    fs::write(dir.join("out/notes.tsv"), "mine").unwrap();
    let told = said(&boldly(dir, "verify out"));
    assert!(
        told.contains("design_slice-groups.tsv and 1 more: has the name of an output"),
        "{told}"
    );
}

#[test]
fn analyses_of_two_commands_do_not_share_a_folder_and_images_of_one_stem_no_sidecar() {
    let folder = study();
    let dir = folder.path();
    let connect =
        format!("connect study/{} --seed a=study/{} -q --device cpu", paths::BOLD, paths::MASK);
    run(dir, &glm("out"));
    run(dir, &format!("{connect} --out other"));
    for (line, by) in [(format!("{connect} --out out"), "glm"), (glm("other"), "connect")] {
        refused(dir, &line, 2, &["holds another analysis", &format!("of `boldly {by}`")]);
    }
    run(dir, "verify out other -q");
    // What is of one run and named by it may lie beside, and the folder goes to another analysis whole.
    run(dir, &clean("out/clean_bold.nii"));
    run(dir, &format!("{connect} --out out --overwrite"));
    assert!(!dir.join("out/contrast-pain_stat-t_statmap.nii.gz").exists());
    run(dir, "verify out -q");

    let smooth = |fwhm: &str, name: &str| {
        format!("smooth study/{} --fwhm {fwhm} --out s/{name} -q --device cpu", paths::BOLD)
    };
    run(dir, &smooth("20", "a.nii.gz"));
    run(dir, &smooth("20", "b.nii.gz"));
    for fwhm in ["20", "30"] {
        refused(dir, &smooth(fwhm, "a.nii"), 2, &["s/a.nii.gz", "of `boldly smooth`"]);
    }
    run(dir, &(smooth("30", "a.nii") + " --overwrite"));
    assert!(dir.join("s/a.nii").is_file() && !dir.join("s/a.nii.gz").exists());
    run(dir, "verify s -q");
}

#[test]
fn a_command_is_in_the_way_once_however_many_sidecars_list_its_outputs() {
    let folder = study();
    let out = folder.path().join("out");
    run(folder.path(), &glm("out"));
    let sidecars = provenance::json_files(&out).unwrap();
    assert!(sidecars.len() > 3, "{sidecars:?}");
    let theirs = provenance::read(&sidecars[0]).unwrap().unwrap().provenance;
    let found = earlier::in_place(&Layout::folder(&out), &theirs.command).unwrap();
    assert_eq!(found.len(), 1);
    let (made, changed) = found[0].files().unwrap();
    assert!(sidecars.iter().all(|sidecar| made.contains(sidecar)) && changed.is_empty());
}
