//! Maps that are found in a folder by their names.

use std::fs;
use std::path::Path;

use crate::binary::{boldly, run, said, succeeded, with_words};
use crate::common::assert_close;
use crate::made::{image, map, values};

const NAME: &str = "contrast-pain_stat-effect_statmap.nii";

/// Two groups of five at two sessions, as `boldly glm` leaves them, and the same as a table.
fn derivatives(dir: &Path) {
    let mut participants = "participant_id\tgroup\tage\n".to_owned();
    let mut table = "subject\tgroup\tsession\teffect\n".to_owned();
    for subject in 0..10 {
        let group = if subject < 5 { "drug" } else { "placebo" };
        participants.push_str(&format!("sub-{subject:02}\t{group}\t{}\n", 20 + subject * subject));
        for (at, session) in ["one", "two"].into_iter().enumerate() {
            let path = format!("study/derivatives/sub-{subject:02}/ses-{session}/{NAME}");
            let values = values(2 * subject + at as u64);
            image(&dir.join(&path), &values);
            image(&dir.join(path.replace("pain", "control")), &values);
            table.push_str(&format!("{subject:02}\t{group}\t{session}\t{path}\n"));
        }
    }
    fs::write(dir.join("study/participants.tsv"), participants).unwrap();
    fs::write(dir.join("maps.tsv"), table).unwrap();
}

const FOLDER: &str = "group --maps study/derivatives --of pain --model 2x2-mixed --out out";

#[test]
fn a_folder_gives_what_its_table_gives() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path();
    derivatives(dir);
    let heard = said(&succeeded(FOLDER, boldly(dir, FOLDER)));
    for part in ["20 maps of pain, of 10 subjects", "columns group, age"] {
        assert!(heard.contains(part), "{part}: {heard}");
    }
    run(dir, "group --maps maps.tsv --model 2x2-mixed --out of_table");
    for contrast in ["interaction", "group", "session"] {
        let [a, b] = ["out", "of_table"].map(|out| map(&dir.join(out), contrast, "t"));
        assert_close(contrast, &a, &b, 1e-9, 0.0);
    }
}

#[cfg(unix)]
#[test]
fn a_subject_that_cannot_be_looked_into_is_not_missing_in_silence() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path();
    derivatives(dir);
    let link = dir.join("study/derivatives/sub-10");
    std::os::unix::fs::symlink("sub-10", &link).unwrap();
    let output = boldly(dir, FOLDER);
    assert_eq!(output.status.code(), Some(66), "{}", said(&output));
    let heard = said(&output);
    assert!(heard.contains("sub-10 is a link that cannot be followed"), "{heard}");
    // one to what is not here yet is a file, as git-annex leaves them
    fs::remove_file(&link).unwrap();
    std::os::unix::fs::symlink("../elsewhere", &link).unwrap();
    run(dir, FOLDER);
}

#[test]
fn verify_finds_a_folders_maps_again_and_misses_one_that_changed() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path();
    derivatives(dir);
    run(dir, FOLDER);
    run(dir, "verify out");
    let changed = dir.join(format!("study/derivatives/sub-03/ses-one/{NAME}"));
    image(&changed, &values(77));
    let output = boldly(dir, "verify out");
    assert!(!output.status.success());
    assert!(said(&output).contains("sub-03"), "{}", said(&output));
}

#[test]
fn a_dry_run_shows_the_table_that_was_found() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path();
    derivatives(dir);
    let line = FOLDER.replace("--out out", "--dry-run");
    let output = succeeded(&line, boldly(dir, &line));
    let shown = String::from_utf8(output.stdout).unwrap();
    let row = shown.lines().find(|line| line.contains("sub-07/ses-two")).unwrap_or(&shown);
    let cells: Vec<&str> = row.split_whitespace().collect();
    let path = format!("sub-07/ses-two/{NAME}");
    assert_eq!(cells, ["07", "two", "placebo", "69", path.as_str()]);
}

/// What is said of a folder with two maps of subject 1, from these paths.
fn refused(paths: &[&str], of: &[&str]) -> String {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path();
    for (k, path) in paths.iter().enumerate() {
        image(&dir.join("maps").join(path), &values(k as u64));
    }
    let words = ["group", "--maps", "maps", "--model", "one-sample", "--out", "out"];
    let output = with_words(dir, words.iter().chain(of));
    assert!(!output.status.success() && !dir.join("out").exists());
    said(&output)
}

#[test]
fn a_folder_says_which_contrasts_it_has() {
    let paths = [
        "sub-1/contrast-pain_stat-effect_statmap.nii",
        "sub-1/contrast-heat_stat-effect_statmap.nii",
    ];
    for of in [&[][..], &["--of", "cold"]] {
        let heard = refused(&paths, of);
        assert!(heard.contains("contrasts there: heat, pain"), "{heard}");
    }
}

#[test]
fn runs_of_a_subject_are_to_be_combined_before() {
    let paths = [
        "sub-1/run-1/contrast-pain_stat-effect_statmap.nii",
        "sub-1/run-2/contrast-pain_stat-effect_statmap.nii",
    ];
    let heard = refused(&paths, &["--of", "pain"]);
    for part in ["sub-1/run-1/", "two runs", "one boldly glm"] {
        assert!(heard.contains(part), "{part}: {heard}");
    }
    let seeds =
        paths.map(|path| path.replace("contrast-pain_stat-effect", "seed-pcc_stat-fisherz"));
    let heard = refused(&seeds.each_ref().map(String::as_str), &["--of", "seed-pcc"]);
    assert!(heard.contains("one boldly connect") && !heard.contains("boldly glm"), "{heard}");
}

#[test]
fn a_table_names_folders_of_seeds_and_of_bids_as_those_of_contrasts() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path();
    let tables = ["glm", "seed", "bids"].map(|kind| {
        let mut table = "subject\teffect\n".to_owned();
        for subject in 0..8_u64 {
            let name = match kind {
                "glm" => NAME.to_owned(),
                "seed" => "seed-pcc_stat-fisherz_statmap.nii".to_owned(),
                _ => format!("sub-{subject}_task-pain_{NAME}"),
            };
            image(&dir.join(format!("{kind}/{subject}/{name}")), &values(subject));
            table += &format!("{subject}\t{kind}/{subject}\n");
        }
        fs::write(dir.join(format!("{kind}.tsv")), table).unwrap();
        kind
    });
    let found = tables.map(|kind| {
        let of = if kind == "seed" { "seed-pcc" } else { "pain" };
        run(dir, &format!("group --maps {kind}.tsv --of {of} --model one-sample --out out-{kind}"));
        map(&dir.join(format!("out-{kind}")), "mean", "t")
    });
    assert_eq!(found[0], found[1]);
    assert_eq!(found[0], found[2]);
    let mixed = "group --maps seed.tsv --of seed-pcc --model one-sample --variance mixed --out no";
    let heard = said(&boldly(dir, mixed));
    assert!(heard.contains("of Fisher's z boldly connect writes none"), "{heard}");
    // What a group wrote is no map of subjects.
    let heard = said(&boldly(dir, "group --maps out-glm --of mean --model one-sample --out no"));
    assert!(heard.contains("made by boldly group"), "{heard}");
}

#[test]
fn the_mean_over_runs_that_connect_made_of_a_seed_is_taken_in_place_of_the_runs() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path();
    let name = "seed-i_stat-fisherz_statmap.nii";
    for subject in 0..6 {
        let place = dir.join(format!("mr/sub-{subject:02}/ses-baseline"));
        image(&place.join(name), &values(subject));
        if subject > 0 {
            image(&place.join(format!("run-1_{name}")), &values(10 + subject));
            image(&place.join(format!("run-2_{name}")), &values(20 + subject));
        }
    }
    let line = "group --maps mr --of seed-i --model one-sample --no-pictures --out out";
    let heard = said(&succeeded(line, boldly(dir, line)));
    assert!(heard.contains("6 maps of seed-i, of 6 subjects"), "{heard}");
    assert!(heard.contains("10 maps of single runs lie beside the mean"), "{heard}");
    let mean = (0..6).map(|subject| f64::from(values(subject)[0])).sum::<f64>() / 6.0;
    assert!((map(&dir.join("out"), "mean", "effect")[0] - mean).abs() < 1e-6);
}

#[test]
fn maps_that_were_made_with_other_options_are_told_with_who_differs() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path();
    for subject in 0..6 {
        let place = dir.join(format!("mr/sub-{subject:02}/ses-baseline"));
        image(&place.join("seed-i_stat-fisherz_statmap.nii"), &values(subject));
        let (fwhm, mask) = if subject == 2 { (6, "other") } else { (0, "insula") };
        let sidecar = format!(
            r#"{{"boldly": {{"schema": 2, "command": {{"name": "connect", "smooth": {{"fwhm_mm": {fwhm}.0}},
            "seeds": {{"given": [{{"name": "i", "shape": {{"mask": "rois/sub-{subject:02}_{mask}.nii"}}}}]}}}}}}}}"#
        );
        fs::write(place.join("seed-i_stat-fisherz_statmap.json"), sidecar).unwrap();
    }
    let line = "group --maps mr --of seed-i --model one-sample --no-pictures --out out";
    let heard = said(&succeeded(line, boldly(dir, line)));
    for part in [
        "the maps were made with other options",
        "--fwhm 6 (02 at baseline), 0 (00 at baseline, 01 at baseline, 03 at baseline and 2 more)",
        "--seed i= shape:mask:other.nii (02 at baseline)",
    ] {
        assert!(heard.contains(part), "{part}: {heard}");
    }
}

#[test]
fn a_path_of_two_subjects_is_refused() {
    let paths = ["sub-1/sub-2_contrast-pain_stat-effect_statmap.nii"];
    let heard = refused(&paths, &["--of", "pain"]);
    assert!(heard.contains("sub-1 and of sub-2"), "{heard}");
}

#[test]
fn maps_of_nobody_are_left_out_and_said() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path();
    derivatives(dir);
    image(&dir.join("study/derivatives/group").join(NAME), &values(50));
    fs::remove_file(dir.join("study/participants.tsv")).unwrap();
    let line = "group --maps study/derivatives --of pain --model paired --out out";
    let heard = said(&succeeded(line, boldly(dir, line)));
    assert!(heard.contains("1 of 21 maps have no sub-"), "{heard}");
}

#[test]
fn the_summary_beside_a_map_gives_covariates() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path();
    derivatives(dir);
    let rate = |subject: u64, session: u64| {
        60.0 + (subject * subject % 7) as f64 + (session * (1 + subject % 3)) as f64
    };
    let mut table = "subject\tgroup\tsession\theart_rate\teffect\n".to_owned();
    for subject in 0..10 {
        let group = if subject < 5 { "drug" } else { "placebo" };
        for (at, session) in ["one", "two"].into_iter().enumerate() {
            let own = format!("study/derivatives/sub-{subject:02}/ses-{session}");
            let mean = rate(subject, at as u64);
            // Two runs, whose mean it is; of one subject no recording in the second.
            let second = if subject == 4 { "n/a".to_owned() } else { (mean + 1.5).to_string() };
            let first = if subject == 4 { mean } else { mean - 1.5 };
            let summary = format!(
                "participant_id\tsession_id\ttask\trun\tname\theart_rate\tage\nsub-{subject:02}\tses-{session}\tpain\t1\tx\t{first}\t1\n\
                 sub-{subject:02}\tses-{session}\tpain\t2\ty\t{second}\t1\nsub-99\tn/a\tpain\t1\tz\t500\t1\n"
            );
            fs::write(dir.join(&own).join("physio_summary.tsv"), summary).unwrap();
            table += &format!("{subject:02}\t{group}\t{session}\t{mean}\t../{own}/{NAME}\n");
        }
    }
    fs::create_dir(dir.join("table")).unwrap();
    fs::write(dir.join("table/maps.tsv"), table).unwrap();
    let line = format!("{FOLDER} --covariates heart_rate");
    let told = said(&succeeded(&line, boldly(dir, &line)));
    let note =
        "physio_summary.tsv beside 20 of 20 maps: columns heart_rate, of several runs their mean";
    assert!(told.contains(note), "{told}");
    run(
        dir,
        "group --maps table/maps.tsv --model 2x2-mixed --covariates heart_rate --out of_table",
    );
    run(dir, "group --maps maps.tsv --model 2x2-mixed --out without");
    for contrast in ["interaction", "group"] {
        let of = |out: &str| map(&dir.join(out), contrast, "t");
        assert_close(contrast, &of("out"), &of("of_table"), 1e-9, 0.0);
        assert_ne!(of("out"), of("without"), "{contrast}");
    }
    run(dir, "verify out");
    // A table of maps that leaves it to what lies beside them.
    run(dir, "group --maps maps.tsv --model 2x2-mixed --covariates heart_rate --out beside");
    let [a, b] = ["out", "beside"].map(|out| map(&dir.join(out), "interaction", "t"));
    assert_close("beside", &a, &b, 1e-9, 0.0);
    let lost = dir.join("study/derivatives/sub-03/ses-one/physio_summary.tsv");
    fs::write(&lost, "heart_rate\n").unwrap();
    assert!(!boldly(dir, "verify out").status.success());
}

#[test]
fn regions_that_hold_the_seed_of_the_maps_are_told() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path();
    let mask = |from: usize| (0..12).map(move |v| f32::from(u8::from(v >= from && v < from + 4)));
    let mut sidecar = r#"{"Seed": "pag", "boldly": {"schema": 2, "command": {"name": "connect",
        "seeds": {"given": [{"name": "pag", "shape": {"mask": "../../../rois/pag.nii"}}]}}}}"#;
    for subject in 0..6 {
        let place = dir.join(format!("mr/sub-{subject:02}/ses-baseline"));
        image(&place.join("seed-pag_stat-fisherz_statmap.nii"), &values(subject));
        fs::write(place.join("seed-pag_stat-fisherz_statmap.json"), sidecar).unwrap();
    }
    for (name, from) in [("rois/pag", 0), ("near", 2), ("far", 8)] {
        image(&dir.join(name).with_extension("nii"), &mask(from).collect::<Vec<f32>>());
    }
    let heard = |more: &str| {
        let line = format!(
            "group --maps mr --of seed-pag --model one-sample --no-pictures --overwrite {more} --out out"
        );
        said(&succeeded(&line, boldly(dir, &line)))
    };
    let near = "2 of the 4 voxels of near are of pag, the seed of the maps";
    let both = heard("--roi near=near.nii --roi far=far.nii");
    assert!(both.contains(near) && !both.contains("voxels of far"), "{both}");
    assert!(heard("--svc near=near.nii").contains(near));
    // A seed whose mask is gone is known by its name.
    fs::remove_file(dir.join("rois/pag.nii")).unwrap();
    let gone = heard("--roi PAG=far.nii --roi near=near.nii");
    assert!(gone.contains("PAG is called as pag is, the seed of the maps"), "{gone}");
    assert!(!gone.contains("near is"), "{gone}");
    // and a map that is of no seed says nothing
    sidecar = r#"{"boldly": {"schema": 2, "command": {"name": "connect"}}}"#;
    for subject in 0..6 {
        let place = dir.join(format!("mr/sub-{subject:02}/ses-baseline"));
        fs::write(place.join("seed-pag_stat-fisherz_statmap.json"), sidecar).unwrap();
    }
    assert!(!heard("--roi PAG=far.nii").contains("the seed of the maps"));
    // Of maps without sidecars the name of the file is all that says it.
    for subject in 0..6 {
        let place = dir.join(format!("mr/sub-{subject:02}/ses-baseline"));
        fs::remove_file(place.join("seed-pag_stat-fisherz_statmap.json")).unwrap();
    }
    let named = heard("--roi PAG=far.nii --roi near=near.nii");
    assert!(named.contains("PAG is called as pag is, the seed of the maps"), "{named}");
    assert!(!named.contains("near is"), "{named}");
}
