//! Options of `boldly bids`: what glm's own do, which images are meant, and how others spell them.

use std::fs;

use crate::binary::{boldly, run, said, succeeded};
use crate::made::files;
use crate::small::{
    DERIVED, IN_SPACE, RAW, STEM, equal_to_glm, json, model, only, second_subject, study, words,
};

/// The derivative, and its mask.
fn derived() -> (String, String) {
    let at = format!("{DERIVED}/{IN_SPACE}_desc");
    (format!("{at}-preproc_bold.nii.gz"), format!("{at}-brain_mask.nii.gz"))
}

#[test]
fn physio_adds_volume_wise_columns_to_a_resampled_run_as_glm_does() {
    let folder = study();
    let (bold, mask) = derived();
    let glm = format!(
        "--physio {RAW}/{STEM}_physio.tsv.gz --terms 1/1/0 --mask {mask} --drift none --fwhm 20"
    );
    let bids = "--fwhm 20 --physio --terms 1/1/0";
    let told = equal_to_glm(folder.path(), ("", bids), (&bold, &glm));
    let out = folder.path().join("out");
    let design = fs::read_to_string(only(&out, "pain_design.tsv")).unwrap();
    let head = design.lines().next().unwrap();
    let wanted = ["cardiac_cos1", "cardiac_sin1", "resp_cos1", "resp_sin1"];
    assert!(wanted.iter().all(|name| head.split('\t').any(|own| own == *name)), "{head}");
    let names = files(&out);
    assert!(!names.iter().any(|n| n.to_string_lossy().contains("slice-groups")), "{names:?}");
    let sources: Vec<&str> =
        told["Sources"].as_array().unwrap().iter().filter_map(|v| v.as_str()).collect();
    let recording = format!("bids:raw:sub-01/func/{STEM}_physio.tsv.gz");
    assert!(sources.contains(&recording.as_str()), "{sources:?}");
    // terminal, facts and methods say so
    let line = "bids study out run -m model.json --fwhm 20 --physio --terms 1/1/0 --device cpu";
    let told = said(&succeeded(line, boldly(folder.path(), line)));
    let how = "1 run: physiology volume-wise, at one moment of each volume (the frame time, 1 s into it), for the images were resampled: 4 columns of the design";
    assert!(told.contains(how), "{told}");
    let page = fs::read_to_string(out.join("sub-01.html")).unwrap();
    assert_eq!(page.matches(how).count(), 2, "among the facts and in the methods");
    assert!(page.contains("4 of these columns, at one moment of each volume"));
    // without the option no column is added
    run(folder.path(), "bids study plain run -m model.json --device cpu -q");
    let design = fs::read_to_string(only(&folder.path().join("plain"), "pain_design.tsv")).unwrap();
    assert!(!design.contains("cardiac"));
}

#[test]
fn a_recording_is_placed_and_treated_as_glm_does_and_no_other_way_beside_it() {
    let folder = study();
    let dir = folder.path();
    let (bold, mask) = derived();
    let how = "--terms 1/1/0 --align start --dummies 2 --bad-stretches censor --breath-band 0.01,2 --breath-turns extremes";
    let glm =
        format!("--physio {RAW}/{STEM}_physio.tsv.gz {how} --mask {mask} --drift none --fwhm 20");
    let bids = format!("--fwhm 20 --physio {how} --combine precision");
    let told = equal_to_glm(dir, ("", &bids), (&bold, &glm));
    let record = &told["boldly"]["command"]["runs"][0]["record"];
    assert_eq!((&record["align"], &record["dummies"]), (&"start".into(), &2.into()), "{record}");
    let other = bids.replace("--dummies 2", "--dummies 1");
    let done = boldly(dir, &format!("bids study out run -m model.json {other} --dry-run"));
    assert_eq!(done.status.code(), Some(2), "{}", said(&done));
    assert!(said(&done).contains("--dummies: 2 there, 1 asked now"), "{}", said(&done));
    let line = "bids study x run -m model.json --dry-run";
    let twice = "--physio --physio-format auto:start=0 --physio-format auto";
    for (more, why) in [("--align start", "--physio"), (twice, "once, for all recordings")] {
        let done = boldly(dir, &format!("{line} {more}"));
        assert_eq!(done.status.code(), Some(2), "{more}: {}", said(&done));
        assert!(said(&done).contains(why), "{more}: {}", said(&done));
    }
}

#[test]
fn physio_adds_columns_by_slice_to_a_native_run_as_glm_does() {
    let folder = study();
    let image = format!("{RAW}/{STEM}_bold.nii.gz");
    let glm = format!(
        "--physio {RAW}/{STEM}_physio.tsv.gz --terms 1/0/0 --drift none --fwhm 20 --task-times start"
    );
    let which = "--space none --desc-label none";
    let bids = "--fwhm 20 --physio --terms 1/0/0 --task-times start";
    equal_to_glm(folder.path(), (which, bids), (&image, &glm));
    let groups = fs::read_to_string(only(&folder.path().join("out"), "_slice-groups.tsv")).unwrap();
    // eight slices, two at a time: four slice times of 40 volumes
    let mut lines = groups.lines();
    assert_eq!(lines.next().unwrap(), "slice_time\tvolume\tcardiac_cos1\tcardiac_sin1");
    assert_eq!(lines.count(), 4 * 40);
    let page = fs::read_to_string(folder.path().join("out/sub-01.html")).unwrap();
    assert!(page.contains("2 more of pulse and breathing"), "they are in no table of the run");
}

#[test]
fn each_slice_of_a_native_run_has_the_columns_of_its_own_time_as_in_glm() {
    let folder = study();
    let dir = folder.path();
    let image = format!("{RAW}/{STEM}_bold.nii.gz");
    let how = "--terms 1/0/0 --fwhm 20 --censor after:1,fd:0.5";
    let glm = format!("--physio {RAW}/{STEM}_physio.tsv.gz --drift none {how}");
    let which = "--space none --desc-label none";
    let bids = format!("--physio {how} --task-times slice");
    equal_to_glm(dir, (which, &bids), (&image, &glm));
    let out = dir.join("out");
    let own = fs::read_to_string(only(&out, "desc-slices_design.tsv")).unwrap();
    let mut lines = own.lines();
    assert_eq!(lines.next().unwrap(), "slice_time\ttrial_type.pain\ttrial_type.control");
    assert_eq!(lines.count(), 4 * 40, "four slice times of 40 volumes");
    let page = fs::read_to_string(out.join("sub-01.html")).unwrap();
    assert!(page.contains("own time, 4 times in each volume of 2 s"));
    run(dir, "verify out -q");
    // It is what is done unless another is asked for, and then the folder is of another analysis.
    let line = format!("bids study out run -m model.json {which} --physio {how} --device cpu");
    let again = said(&succeeded(&line, boldly(dir, &line)));
    assert!(again.contains("0 units fitted, 1 taken"), "{again}");
    refused_by(dir, &format!("{line} --task-times middle"), "values of the column");
    // Slices that go have no columns.
    let table = only(&out, "desc-slices_design.tsv");
    fs::write(&table, own.replace("slice_time", "time")).unwrap();
    let done = boldly(dir, "verify out");
    assert!(!done.status.success(), "{}", said(&done));
    refused_by(dir, "bids study x run -m model.json --task-times slice", "was resampled");
}

#[track_caller]
fn refused_by(dir: &std::path::Path, line: &str, why: &str) {
    let done = boldly(dir, line);
    assert_eq!(done.status.code(), Some(2), "{line}: {}", said(&done));
    assert!(said(&done).contains(why), "{line}: {}", said(&done));
}

#[test]
fn physio_of_a_run_without_a_recording_is_refused_by_its_name() {
    let folder = study();
    model(folder.path());
    fs::remove_file(folder.path().join(format!("{RAW}/{STEM}_physio.tsv.gz"))).unwrap();
    let done = boldly(folder.path(), "bids study out run -m model.json --physio --dry-run");
    assert_eq!(done.status.code(), Some(66), "{}", said(&done));
    assert!(said(&done).contains("sub-01 task-pain has no recording"), "{}", said(&done));
}

#[test]
fn censor_leaves_out_the_volumes_that_glm_leaves_out() {
    let folder = study();
    let (bold, mask) = derived();
    let bids = "--fwhm 20 --censor fd:0.5";
    let glm = format!("--mask {mask} --drift none {bids}");
    let told = equal_to_glm(folder.path(), ("", bids), (&bold, &glm));
    let run = &told["boldly"]["resolved"]["runs"][0];
    let left_out = run["censored"].as_array().unwrap().iter().map(|one| one["volume"].as_u64());
    assert_eq!(left_out.collect::<Option<Vec<u64>>>().unwrap(), [7, 20]);
    assert_eq!((&run["volumes"], &run["volumes_fitted"]), (&40.into(), &38.into()));
}

#[test]
fn drift_adds_glms_columns_and_is_refused_beside_the_models_own() {
    let folder = study();
    let (bold, mask) = derived();
    let bids = "--fwhm 20 --drift polynomial:2";
    let glm = format!("--mask {mask} {bids}");
    equal_to_glm(folder.path(), ("", bids), (&bold, &glm));
    let design = only(&folder.path().join("out"), "_desc-model_design.tsv");
    let head = fs::read_to_string(design).unwrap();
    assert!(
        head.starts_with(
            "trial_type.pain\ttrial_type.control\ttrans_x\tintercept\tdrift_1\tdrift_2\n"
        ),
        "{}",
        &head[..80]
    );
    // FitLins' words
    for (asked, n_columns) in [("None", 4), ("polynomial", 5), ("cosine", 5), ("cosine:40", 8)] {
        let line = format!("bids study x run -m model.json --drift-model {asked} --dry-run");
        let done = succeeded(&line, boldly(folder.path(), &line));
        let table = String::from_utf8(done.stdout).unwrap();
        assert!(table.contains(&format!("  40        {n_columns}  pain")), "{asked}: {table}");
    }
    // of a model that is made the option's takes the place of its own
    let line =
        "bids study x run --task pain --contrast pain --strategy 6p --drift cosine:40 --dry-run";
    let done = succeeded(line, boldly(folder.path(), line));
    let table = String::from_utf8(done.stdout).unwrap();
    assert!(table.contains("  40       13  pain"), "1 + 2 + 6 + 4: {table}");
    let text = fs::read_to_string(folder.path().join("model.json")).unwrap();
    let own = text.replace(
        r#""Type": "glm"}"#,
        r#""Type": "glm", "Options": {"HighPassFilterCutoffHz": 0.01}}"#,
    );
    fs::write(folder.path().join("model.json"), own).unwrap();
    let done = boldly(folder.path(), "bids study x run -m model.json --drift cosine --dry-run");
    assert_eq!(done.status.code(), Some(2), "{}", said(&done));
    assert!(said(&done).contains("drift columns of its own"), "{}", said(&done));
}

#[test]
fn desc_label_says_which_images_and_none_means_raw_runs() {
    let folder = study();
    model(folder.path());
    let dir = folder.path();
    let (bold, _) = derived();
    for ending in [".nii.gz", ".json"] {
        let from = bold.replace(".nii.gz", ending);
        fs::copy(dir.join(&from), dir.join(from.replace("preproc", "denoised"))).unwrap();
    }
    for (asked, wanted) in [
        ("", "desc-preproc_bold.nii.gz"),
        ("--desc-label denoised", "desc-denoised_bold.nii.gz"),
        ("--space none --desc_label none", "sub-01_task-pain_bold.nii.gz"),
    ] {
        let line = format!(
            "bids study out run -m model.json --noise ols --fwhm 20 --device cpu -q {asked}"
        );
        run(dir, &line);
        let told = json(&only(&dir.join("out"), "contrast-pain_stat-t_statmap.json"));
        let read = told["boldly"]["command"]["runs"][0]["bold"].as_str().unwrap();
        assert!(read.ends_with(wanted), "{asked}: {read}");
        fs::remove_dir_all(dir.join("out")).unwrap();
    }
}

#[test]
fn a_filter_file_names_entities_either_way_and_what_it_cannot_mean_is_refused() {
    let folder = study();
    let dir = folder.path();
    model(dir);
    let line = "bids study out run -m model.json --dry-run --bids-filter-file filter.json";
    let with = |text: &str| {
        fs::write(dir.join("filter.json"), text).unwrap();
        let done = boldly(dir, line);
        (done.status.code(), String::from_utf8_lossy(&done.stdout).into_owned() + &said(&done))
    };
    for text in [
        r#"{"bold": {"sub": "01", "desc": ["preproc"], "suffix": "bold"}, "t1w": {"run": 1}}"#,
        r#"{"bold": {"subject": ["01", "02"], "description": "preproc"}}"#,
    ] {
        let (code, told) = with(text);
        assert_eq!(code, Some(0), "{text}: {told}");
        assert!(told.contains("1 units"), "{told}");
        let unused = "note: filter.json: not used, BOLD images alone are chosen by it: t1w";
        assert_eq!(told.contains(unused), text.contains("t1w"), "{told}");
    }
    for (text, code, why) in [
        (r#"{"bold": {"run": 2}}"#, 66, "has no BOLD image that --bids-filter-file leaves"),
        (r#"{"t1w": {"run": 2}}"#, 65, "has no \"bold\""),
        (r#"{"bold": [1]}"#, 65, "has a \"bold\" that is no object"),
        (r#"{"bold": {"runs": 2}}"#, 65, "has the key runs in \"bold\""),
        (r#"{"bold": {"suffix": "sbref"}}"#, 65, "has sbref for suffix"),
        (r#"{"bold": {"run": {"a": 1}}}"#, 65, "hold a value, a list of values, or null"),
        (r#"{"bold": "#, 65, "filter.json"),
    ] {
        let (got, told) = with(text);
        assert_eq!(got, Some(code), "{text}: {told}");
        assert!(told.contains(why), "{text}: {told}");
    }
    fs::remove_file(dir.join("filter.json")).unwrap();
    assert_eq!(boldly(dir, line).status.code(), Some(66));
}

#[cfg(unix)]
#[test]
fn every_file_of_a_run_that_is_a_name_alone_is_named_as_what_it_is() {
    let folder = study();
    let dir = folder.path();
    model(dir);
    let at = |name: String| dir.join(name);
    let every = [
        at(format!("{DERIVED}/{IN_SPACE}_desc-preproc_bold.nii.gz")),
        at(format!("{DERIVED}/{IN_SPACE}_desc-brain_mask.nii.gz")),
        at(format!("{DERIVED}/{STEM}_desc-confounds_timeseries.tsv")),
        at(format!("{RAW}/{STEM}_events.tsv")),
        at(format!("{RAW}/{STEM}_physio.tsv.gz")),
    ];
    for path in &every {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let content = fs::read(path).unwrap();
        let told = |why: &str| {
            let line = "bids study out run -m model.json --physio --dry-run";
            let done = boldly(dir, line);
            let told = said(&done);
            assert_eq!(done.status.code(), Some(66), "{name}: {told}");
            assert!(told.contains(&name) && told.contains(why), "{name}, {why}: {told}");
        };
        fs::write(path, "").unwrap();
        told("is an empty file (0 bytes)");
        fs::remove_file(path).unwrap();
        let key = format!(".git/annex/objects/aa/bb/MD5E-s9--c/{name}");
        std::os::unix::fs::symlink(key, path).unwrap();
        told("is a placeholder of git-annex");
        fs::remove_file(path).unwrap();
        fs::write(path, "/annex/objects/MD5E-s9--c\n").unwrap();
        told("datalad get");
        fs::write(path, content).unwrap();
    }
    let line = "bids study out run -m model.json --physio --dry-run";
    run(dir, line);
    fs::remove_file(&every[2]).unwrap();
    let told = said(&boldly(dir, line));
    assert!(told.contains("is no variable") || told.contains("matches no variable"), "{told}");
    assert!(told.contains("the run has no table of confounds"), "{told}");
}

#[test]
fn a_strategy_is_its_columns_of_the_table() {
    let folder = study();
    let dir = folder.path();
    // a constant, two conditions, one cosine below 1/128 Hz
    let own = 4;
    for (strategy, n) in [("6p", 6), ("12p", 12), ("24p", 24), ("simple", 26), ("scrubbing", 33)] {
        let line =
            format!("bids study x run --task pain --contrast pain --strategy {strategy} --dry-run");
        let done = succeeded(&line, boldly(dir, &line));
        let table = String::from_utf8(done.stdout).unwrap();
        assert!(table.contains(&format!("40 {:>8}  pain", n + own)), "{strategy}: {table}");
    }
    for (strategy, code, why) in [
        ("36p", 65, "40 volumes for 40 independent columns"),
        ("compcor", 65, "has no a_comp_cor_ column"),
        ("25p", 2, "24p"),
    ] {
        let line =
            format!("bids study x run --task pain --contrast pain --strategy {strategy} --dry-run");
        let done = boldly(dir, &line);
        assert_eq!(done.status.code(), Some(code), "{}", said(&done));
        assert!(said(&done).contains(why), "{strategy}: {}", said(&done));
    }
    run(
        dir,
        "bids study out run --task pain --contrast pain --strategy 12p --noise ols --fwhm 20 --device cpu -q",
    );
    let design = fs::read_to_string(only(&dir.join("out"), "_desc-model_design.tsv")).unwrap();
    let head: Vec<&str> = design.lines().next().unwrap().split('\t').collect();
    let both = |name: &str| [name.to_owned(), format!("{name}_derivative1")];
    let motion = ["trans_x", "trans_y", "trans_z", "rot_x", "rot_y", "rot_z"];
    let motion: Vec<String> = motion.into_iter().flat_map(both).collect();
    let wanted = ["intercept", "trial_type.control", "trial_type.pain"].map(str::to_owned);
    let wanted = [wanted.to_vec(), motion, vec!["drift_1".to_owned()]].concat();
    assert_eq!(head, wanted);
}

#[test]
fn compcor_is_the_components_that_all_runs_have() {
    let folder = study();
    let dir = folder.path();
    let table = |run: &str| format!("{DERIVED}/{run}_desc-confounds_timeseries.tsv");
    let components = |run: &str, n: usize| {
        let path = dir.join(table(run));
        let old = fs::read_to_string(dir.join(table(STEM))).unwrap();
        let names = (0..=n).map(|k| format!("\ta_comp_cor_{k:02}")).collect::<String>();
        let lines = old.lines().enumerate().map(|(row, line)| match row {
            0 => format!("{line}{names}\n"),
            row => {
                let cells = (0..=n).map(|k| format!("\t{}", (row * (k + 3)) % 11));
                format!("{line}{}\n", cells.collect::<String>())
            }
        });
        let text: String = lines.collect();
        // the last is of one tissue alone
        let mask = |k: usize| if k < n { "combined" } else { "CSF" };
        let described =
            (0..=n).map(|k| (format!("a_comp_cor_{k:02}"), serde_json::json!({ "Mask": mask(k) })));
        let described: serde_json::Map<String, serde_json::Value> = described.collect();
        fs::write(path.with_extension("json"), serde_json::Value::from(described).to_string())
            .unwrap();
        fs::write(path, text).unwrap();
    };
    let twin = STEM.replace("sub-01", "sub-02");
    let at = |name: &str| dir.join(name.replace("sub-01", "sub-02"));
    fs::create_dir_all(at(DERIVED)).unwrap();
    for end in ["preproc_bold.nii.gz", "preproc_bold.json", "brain_mask.nii.gz"] {
        let name = format!("{DERIVED}/{IN_SPACE}_desc-{end}");
        fs::copy(dir.join(&name), at(&name)).unwrap();
    }
    fs::create_dir_all(at(RAW)).unwrap();
    let events = format!("{RAW}/{STEM}_events.tsv");
    fs::copy(dir.join(&events), at(&events)).unwrap();
    let other = table(&twin).replace("sub-01/", "sub-02/");
    let line = "bids study out run --task pain --contrast pain --strategy compcor --dry-run";
    components(STEM, 3);
    for ending in ["tsv", "json"] {
        let of = |name: &str| name.replace(".tsv", &format!(".{ending}"));
        fs::copy(dir.join(of(&table(STEM))), dir.join(of(&other))).unwrap();
    }
    let done = succeeded(line, boldly(dir, line));
    // a constant, two conditions, 24 of motion, one cosine, and three components of four
    let table_of = String::from_utf8(done.stdout).unwrap();
    assert_eq!(table_of.matches(&format!("40 {:>8}  pain", 31)).count(), 2, "{table_of}");
    let text = fs::read_to_string(dir.join(&other)).unwrap();
    fs::write(dir.join(&other), text.replace("a_comp_cor_02", "other")).unwrap();
    let done = boldly(dir, line);
    assert_eq!(done.status.code(), Some(65), "{}", said(&done));
    let why = "sub-02 task-pain has the components a_comp_cor_00 to a_comp_cor_01 (2), and sub-01 task-pain has a_comp_cor_00 to a_comp_cor_02 (3)";
    assert!(said(&done).contains(why), "{}", said(&done));
}

#[test]
fn every_column_that_a_run_lacks_is_named_at_once() {
    let folder = study();
    let dir = folder.path();
    model(dir);
    second_subject(dir);
    let asked = |names: &str| {
        model(dir);
        let text = fs::read_to_string(dir.join("model.json")).unwrap();
        fs::write(dir.join("model.json"), text.replace("\"trans_x\"", names)).unwrap();
        let done = boldly(dir, "bids study out run -m model.json --dry-run -q");
        assert_eq!(done.status.code(), Some(65), "{}", said(&done));
        said(&done)
    };
    let table = dir.join(format!("{DERIVED}/{STEM}_desc-confounds_timeseries.tsv"));
    let text = fs::read_to_string(&table).unwrap();
    fs::write(&table, text.replacen("rot_z\t", "other\t", 1)).unwrap();
    let told = asked(r#""trans_xx", "rot_z", "csv""#);
    for wanted in [
        "/Nodes/0/Model/X names 3 that are no variables of some runs",
        "`rot_z` of sub-01 task-pain",
        "`trans_xx`, `csv` of 2 runs: sub-01 task-pain, sub-02 task-pain (did you mean `trans_x`?",
        "--missing-variable drop",
    ] {
        assert!(told.contains(wanted), "no '{wanted}' in {told}");
    }
    let told = asked(r#""rot_z""#);
    assert!(
        told.contains("`rot_z` of /Nodes/0/Model/X of sub-01 task-pain is no variable"),
        "{told}"
    );
}

#[test]
fn what_fitlins_spells_gives_the_same_maps() {
    let folder = study();
    let dir = folder.path();
    model(dir);
    let lines = [
        "--fwhm 20 --noise nilearn-ar1 --drift polynomial:1 --fixed-effects mean --participant-label 01",
        "-s 20:run:iso --estimator nilearn --drift-model polynomial --fixed_effects mean --participant_label sub-01",
        "--smoothing 20:Run --estimator nilearn --drift_model polynomial:1 --drop_missing -d fmriprep=study/derivatives/fmriprep",
    ];
    for (at, line) in lines.iter().enumerate() {
        run(dir, &format!("bids study out{at} run -m model.json {line} --device cpu -q"));
    }
    let of = |at: usize| only(&dir.join(format!("out{at}")), "contrast-pain_stat-t_statmap.nii.gz");
    let first = fs::read(of(0)).unwrap();
    assert!(first == fs::read(of(1)).unwrap() && first == fs::read(of(2)).unwrap());
    let told = |line: &str| {
        let line = format!("bids study x run -m model.json --dry-run {line}");
        let done = boldly(dir, &line);
        (done.status.code(), said(&done))
    };
    assert_eq!(told("--estimator afni").0, Some(0));
    for (line, why) in [
        ("-s 5:subject:iso", "runs alone are smoothed"),
        ("-s 5:run:isoblurto", "the kernel is iso"),
        ("-s wide", "a width in mm"),
        ("--estimator nilearn --noise ols", "cannot be used with"),
        ("--estimator spm", "nilearn"),
    ] {
        let (code, said) = told(line);
        assert_eq!(code, Some(2), "{line}: {said}");
        assert!(said.contains(why), "{line}: {said}");
    }
}

#[test]
fn every_option_may_be_spelled_with_underscores() {
    let folder = tempfile::tempdir().unwrap();
    let help =
        String::from_utf8(succeeded("help", boldly(folder.path(), "bids -h")).stdout).unwrap();
    let options = help.split_whitespace().filter(|word| word.starts_with("--"));
    let options: Vec<&str> = options.filter(|word| word[2..].contains('-')).collect();
    assert!(options.len() > 12, "{options:?}");
    for option in options {
        let spelled = format!("--{}", option[2..].replace('-', "_"));
        let done = boldly(folder.path(), &format!("bids {spelled}"));
        let said = said(&done);
        assert_eq!(done.status.code(), Some(2), "{spelled}: {said}");
        assert!(!said.contains("unexpected argument"), "{spelled}: {said}");
    }
    let done = boldly(folder.path(), "bids --no_such_option");
    assert!(said(&done).contains("unexpected argument"), "{}", said(&done));
    assert_eq!(words("a 'b c' d"), ["a", "b c", "d"]);
}
