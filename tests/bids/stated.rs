//! What pages and the plan say of how things were done: as they were done, and of all that was.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use crate::binary::{boldly, run, said, succeeded};
use crate::small;
use crate::tables::{LINE, SHAPE, nifti, study};

/// Runs, subjects by fixed effects, and two nodes of the dataset, of which one combines and one compares. `run`: what the run's node is changed by.
fn model(dir: &Path, change: impl Fn(&mut Value)) {
    let above = |level: &str, name: &str, kind: &str, by: &[&str]| json!({ "Level": level, "Name": name, "GroupBy": by, "Model": { "X": [1], "Type": kind }, "DummyContrasts": { "Test": "t" } });
    let mut model = json!({
        "Name": "stated", "BIDSModelVersion": "1.0.0", "Input": { "task": ["a"] },
        "Nodes": [
            {
                "Level": "Run", "Name": "run", "GroupBy": ["run", "session", "subject"],
                "Transformations": { "Transformer": "pybids-transforms-v1", "Instructions": [
                    { "Name": "Factor", "Input": ["trial_type"] },
                    { "Name": "Convolve", "Input": ["trial_type.on"], "Derivative": true },
                ] },
                "Model": { "X": ["trial_type.on", 1], "Type": "glm" },
                "DummyContrasts": { "Contrasts": ["trial_type.o*", 1], "Test": "t" },
            },
            above("Subject", "subject", "meta", &["subject", "contrast"]),
            above("Dataset", "compared", "glm", &["contrast"]),
            above("Dataset", "combined", "meta", &["contrast"]),
        ],
        "Edges": [
            { "Source": "run", "Destination": "subject", "Filter": { "contrast": ["trial_type.on"] } },
            { "Source": "subject", "Destination": "compared" },
            { "Source": "subject", "Destination": "combined" },
        ],
    });
    change(&mut model);
    fs::write(dir.join("model.json"), model.to_string()).unwrap();
}

#[track_caller]
fn has(text: &str, parts: &[&str]) {
    for part in parts {
        let is_short = text.len() < 4000;
        assert!(text.contains(part), "no '{part}'{}", if is_short { text } else { "" });
    }
}

#[track_caller]
fn has_not(text: &str, parts: &[&str]) {
    for part in parts {
        assert!(!text.contains(part), "'{part}'");
    }
}

fn page(dir: &Path, name: &str) -> String {
    fs::read_to_string(dir.join("out").join(name)).unwrap()
}

fn planned(dir: &Path, line: &str) -> String {
    let line = format!("{line} --dry-run");
    String::from_utf8(succeeded(&line, boldly(dir, &line)).stdout).unwrap()
}

#[test]
fn a_test_of_the_dataset_is_told_of_nodes_that_are_tested_and_of_no_others() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path();
    study(dir);
    model(dir, |_| {});
    let inference = ["--inference", "--variance mixed"];
    let with = |line: &str| {
        let done = crate::binary::with_words(dir, line.split_whitespace().chain(inference));
        let told = said(&done);
        assert!(done.status.success(), "{told}");
        String::from_utf8(done.stdout).unwrap() + &told
    };
    let unused = "--inference is not used at node combined, whose Type is meta";
    let planned = with(&format!("{LINE} --dry-run"));
    has(&planned, &[&format!("left out: {unused}"), &format!("warning: {unused}")]);
    has_not(&planned, &["at node compared", "at node subject"]);
    let participant = LINE.replace(" dataset ", " participant ");
    let told = with(&format!("{participant} --drift polynomial:4"));
    has(&told, &["--inference is not used: it is how nodes of the dataset test"]);
    let sub = page(dir, "sub-1.html");
    let mixed = ["were tested as follows", "Test of nodes", "corrected as is said there"];
    has_not(&sub, &mixed);
    // the columns that were added, the response by its default, few degrees of freedom (24 volumes less 3 and 4 columns), and where it was sampled
    let drift = "polynomials up to degree 4.";
    has(&sub, &["Slow drift of runs", "haemodynamic response spm + derivative ["]);
    assert!(sub.matches(drift).count() >= 2, "among the facts and in the methods");
    let times = "12 runs: task columns at the start of each volume: 0 s + k x 2 s";
    has(&told, &[times]);
    let serious = sub.split("What may make the findings wrong").nth(1).unwrap();
    has(serious.split("</ul>").next().unwrap(), &["leaves 18 degrees of freedom"]);
    has(&sub, &["leaves 18 degrees of freedom: its variances are little known"]);

    let told = with(&format!("{LINE} --drift polynomial:4"));
    has(&told, &[unused]);
    let compared = page(dir, "node-compared.html");
    has(
        &compared,
        &[
            "Estimates were compared (compared) by mixed effects over a constant (3 subjects).",
            "Nodes of the dataset (compared) were tested as follows. Mixed effects: each subject",
            "--variance mixed (compared); nothing is corrected for the number of voxels",
        ],
    );
    has_not(&compared, &["least squares over"]);
}

#[test]
fn methods_say_what_was_compared_of_how_many_and_by_which_rules() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path();
    study(dir);
    let factor = |name: &str| json!({ "Transformer": "pybids-transforms-v1", "Instructions": [{ "Name": "Factor", "Input": [name] }] });
    model(dir, |model| {
        let run = &mut model["Nodes"][0];
        run["DummyContrasts"] = Value::Null;
        run.as_object_mut().unwrap().remove("DummyContrasts");
        run["Contrasts"] = json!([{ "Name": "größer", "ConditionList": ["trial_type.on"], "Weights": [1], "Test": "t" }]);
        model["Edges"][0].as_object_mut().unwrap().remove("Filter");
        let node = &mut model["Nodes"][1];
        node["Transformations"] = factor("session");
        node["Model"]["X"] = json!(["session.1", "session.2"]);
        node.as_object_mut().unwrap().remove("DummyContrasts");
        node["Contrasts"] = json!([{ "Name": "change", "ConditionList": ["session.2", "session.1"], "Weights": [1, -1], "Test": "t" }]);
    });
    let told = said(&succeeded(LINE, boldly(dir, LINE)));
    has(&told, &["contrast 'größer': is written contrast-groesser"]);
    let page = page(dir, "node-compared.html");
    has(
        &page,
        &[
            "Contrasts of runs: größer (trial_type.on).",
            "Its variables were changed by the model&#39;s Factor (trial_type).",
            "Variables (subject) were changed by the model&#39;s Factor (session).",
            "Estimates were modelled (subject) by fixed effects over session.1, session.2, each counting alike, the error from the estimates&#39; variances (4 estimates each).",
            "Contrasts of subject: session.2 - session.1.",
            "Estimates were compared (compared) by least squares over a constant (3 subjects).",
            "Estimates were combined (combined) by fixed effects, as their mean, the error from the estimates&#39; variances (3 subjects).",
        ],
    );
    has_not(&page, &["combined (subject)"]);
    let name = "_contrast-groesserChange_stat-t_statmap.nii.gz";
    small::only(&dir.join("out/node-compared"), name);
}

#[test]
fn an_estimate_that_goes_nowhere_is_shown_where_it_is_made() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path();
    study(dir);
    model(dir, |_| {});
    run(dir, &format!("{} -q", LINE.replace(" dataset ", " participant ")));
    let sub = page(dir, "sub-1.html");
    // the edge stops the intercept; a pattern of dummies has the condition
    let shown = |name: &str| sub.contains(&format!(">Contrast {name}"));
    assert!(shown("trial_type.on (subject"), "what arrives above");
    assert!(!shown("trial_type.on (run"), "what went up");
    assert!(shown("intercept (run, ses-1 task-a run-1)"), "what goes nowhere");
}

#[test]
fn what_runs_lack_stands_in_the_table_and_in_the_plan() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path();
    study(dir);
    model(dir, |model| {
        model["Nodes"][0]["Model"]["X"] = json!(["trial_type.on", "trans_x", 1]);
        model["Nodes"][0]["DummyContrasts"]["Contrasts"] = json!(["trial_type.on"]);
    });
    for (subject, session, run) in
        [1, 3].iter().flat_map(|s| [(s, 1, 1), (s, 1, 2), (s, 2, 1), (s, 2, 2)])
    {
        let name =
            format!("sub-{subject}_ses-{session}_task-a_run-{run}_desc-confounds_timeseries.tsv");
        let rows: String = (0..24).map(|t| format!("{}\n", (t * t) % 7)).collect();
        fs::write(
            dir.join(format!("raw/sub-{subject}/ses-{session}/func/{name}")),
            format!("trans_x\n{rows}"),
        )
        .unwrap();
    }
    let own = dir.join("raw/sub-3/ses-2/func/sub-3_ses-2_task-a_run-2_events.tsv");
    fs::write(own, "onset\tduration\ttrial_type\n4\t6\toff\n").unwrap();
    let line = LINE.replace(" dataset ", " participant ") + " --drop-missing";
    let plan = planned(dir, &line);
    has(
        &plan,
        &[
            "  trans_x: not in 4 of 12 runs: sub-2 ses-1 task-a run-1, sub-2 ses-1 task-a run-2",
            "  trial_type.on: not in sub-3 ses-2 task-a run-2 (not fitted)",
            "  task columns at the start of each volume: 0 s + k x 2 s (all 11 runs)",
        ],
    );
    let told: Value = serde_json::from_str(&planned(dir, &format!("{line} --json"))).unwrap();
    let unit = |name: &str| {
        let units = told["units"].as_array().unwrap();
        units.iter().find(|unit| unit["unit"] == name).unwrap().clone()
    };
    let lacks = unit("sub-2 ses-1 task-a run-1");
    assert_eq!(lacks["missing"], json!(["trans_x"]), "{lacks}");
    assert_eq!(unit("sub-1 ses-1 task-a run-1")["missing"], json!([]));
    assert_eq!(lacks["frame_times"], "task columns at the start of each volume: 0 s + k x 2 s");

    run(dir, &format!("{line} -q"));
    let lacking = "trans_x (dropped: the run lacks it)";
    has(&page(dir, "sub-2.html"), &[&format!("sub-2 ses-2 task-a run-2: {lacking}")]);
    has_not(&page(dir, "sub-1.html"), &["dropped: the run", "not fitted"]);
    let sub = page(dir, "sub-3.html");
    has(&sub, &["sub-3 ses-2 task-a run-2 (not fitted)", ">0 of 24<", "trial_type.on (dropped"]);
}

#[test]
fn slow_drift_is_told_as_the_columns_have_it() {
    let folder = small::study();
    let dir = folder.path();
    small::model(dir);
    let path = dir.join("model.json");
    let mut model: Value = small::json(&path);
    model["Nodes"][0]["Model"]["Options"] = json!({ "HighPassFilterCutoffHz": 0.02 });
    let made = |model: &Value| {
        fs::write(&path, model.to_string()).unwrap();
        run(
            dir,
            "bids study out run -m model.json --noise ols --fwhm 20 --device cpu -q --overwrite",
        );
        page(dir, "sub-01.html")
    };
    let (own, tables) =
        ("discrete cosines with periods of 50 s or more.", "the columns cosine* of the confounds");
    let text = made(&model);
    has(&text, &[own]);
    has_not(&text, &[tables]);
    let table =
        dir.join(format!("{}/{}_desc-confounds_timeseries.tsv", small::DERIVED, small::STEM));
    let old = fs::read_to_string(&table).unwrap();
    let with: String = old
        .lines()
        .enumerate()
        .map(|(row, line)| match row {
            0 => format!("{line}\tcosine00\n"),
            row => format!("{line}\t{}\n", (row as f64 / 13.0).cos()),
        })
        .collect();
    fs::write(&table, with).unwrap();
    model["Nodes"][0]["Model"]["X"] = json!(["trial_type.*", "trans_x", "cosine*", 1]);
    let text = made(&model);
    has(&text, &[tables]);
    has_not(&text, &["discrete cosines with"]);
}

#[test]
fn a_mask_is_what_each_node_names() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path();
    study(dir);
    for subject in 1..=3 {
        for (session, end) in
            [(1, "desc-mine_mask"), (2, "desc-mine_mask"), (1, "label-GM_probseg")]
        {
            let name = format!(
                "raw/sub-{subject}/ses-{session}/func/sub-{subject}_ses-{session}_{end}.nii"
            );
            nifti(&dir.join(name), &SHAPE, &|at| f32::from(u8::from(at > session)));
        }
    }
    let two = |model: &mut Value, mask: Value| {
        let mut other = model["Nodes"][0].clone();
        other["Name"] = "other".into();
        other["Model"]["Options"] = json!({ "Mask": mask });
        model["Nodes"] = json!([model["Nodes"][0], other]);
        model["Edges"] = json!([]);
    };
    let line = LINE.replace(" dataset ", " run ");
    let asked = |mask: Value| {
        model(dir, |model| two(model, mask.clone()));
        boldly(dir, &format!("{line} -q --overwrite"))
    };
    let read = |node: &str, run: &str| {
        let folder = dir.join("out").join(format!("node-{node}")).join(run);
        let sidecar = small::only(&folder, "_run-1_contrast-trialTypeOn_stat-t_statmap.json");
        small::json(&sidecar)["boldly"]["command"]["mask"].as_str().map(str::to_owned)
    };
    // that of another session, of each run of both; and the other node has its own
    let done = asked(json!({ "ses": ["1"], "desc": ["mine"] }));
    assert!(done.status.success(), "{}", said(&done));
    let mask = read("other", "sub-2/ses-2").unwrap();
    assert!(mask.ends_with("sub-2_ses-1_desc-mine_mask.nii"), "{mask}");
    assert_eq!(read("run", "sub-2/ses-2"), None, "the first node's is made of the mean image");
    // of several that the model allows the run's own
    let done = asked(json!({ "ses": ["1", "2"], "desc": ["mine"] }));
    assert!(done.status.success(), "{}", said(&done));
    let mask = read("other", "sub-2/ses-2").unwrap();
    assert!(mask.ends_with("sub-2_ses-2_desc-mine_mask.nii"), "{mask}");
    // an image of another kind, and what it may hold
    let of_tissue = json!({ "ses": ["1"], "label": ["GM"], "suffix": ["probseg"] });
    let done = asked(of_tissue.clone());
    assert!(done.status.success(), "{}", said(&done));
    let mask = read("other", "sub-3/ses-2").unwrap();
    assert!(mask.ends_with("sub-3_ses-1_label-GM_probseg.nii"), "{mask}");
    let name = "raw/sub-1/ses-1/func/sub-1_ses-1_label-GM_probseg.nii";
    // probabilities count from a half on, which is said; what is none is refused
    let n_voxels = SHAPE.iter().product::<usize>();
    nifti(&dir.join(name), &SHAPE, &|at| at as f32 / n_voxels as f32);
    let done = asked(of_tissue.clone());
    assert!(done.status.success(), "{}", said(&done));
    let folder = dir.join("out/node-other/sub-1/ses-1");
    let t = small::json(&small::only(&folder, "_run-1_contrast-trialTypeOn_stat-t_statmap.json"));
    let warned = t["boldly"]["warnings"].to_string();
    let likely = format!("its {} voxels of 0.5 or more are inside", n_voxels.div_ceil(2));
    has(&warned, &["label-GM_probseg.nii is a map of probabilities", &likely]);
    nifti(&dir.join(name), &SHAPE, &|at| 0.1 * at as f32);
    let done = asked(of_tissue);
    assert_eq!(done.status.code(), Some(65), "{}", said(&done));
    has(
        &said(&done),
        &["GM_probseg.nii of sub-1 ses-1 task-a run-1 holds 0.1", "threshold the map first"],
    );
    let done = asked(json!({ "label": ["WM"], "suffix": ["probseg"] }));
    assert_eq!(done.status.code(), Some(66), "{}", said(&done));
    has(
        &said(&done),
        &["has no mask with label WM, suffix probseg", "/Nodes/1/Model/Options/Mask"],
    );
}

#[test]
fn what_a_run_was_made_of_is_said_as_it_was() {
    let folder = small::study();
    let dir = folder.path();
    small::model(dir);
    let given = fs::read_to_string(dir.join("model.json")).unwrap();
    let with_outliers = given.replace("\"trans_x\", 1]", "\"motion_outlier*\", 1]");
    let added = with_outliers.replace(
        "{\"Name\": \"Convolve\"",
        "{\"Name\": \"Scale\", \"Input\": [\"trans_x\"]}, {\"Name\": \"Convolve\"",
    );
    assert!(with_outliers != given && added != with_outliers);
    fs::write(dir.join("model.json"), added).unwrap();
    let derived = "study/derivatives/fmriprep";
    let described = r#"{"Name": "x", "BIDSVersion": "1.4.0", "GeneratedBy": [{"Name": "fMRIPrep", "Version": "24.1.1"}]}"#;
    fs::write(dir.join(derived).join("dataset_description.json"), described).unwrap();
    // The same folder by two spellings, and the raw dataset again, are one of each.
    let line = format!(
        "bids study out run -m model.json -d {derived} {derived}/ study/derivatives ./study --device cpu"
    );
    succeeded(&line, boldly(dir, &line));
    let sub = page(dir, "sub-01.html");
    has(
        &sub,
        &[
            "Its images were preprocessed by fMRIPrep 24.1.1 in the space MNI152NLin2009cAsym.",
            "of the columns trial_type.pain, trial_type.control, motion_outlier* (1), a constant, ",
            "Its variables were changed by the model&#39;s Factor (trial_type), Scale (trans_x).",
            "Residuals were modelled as AR(1), its coefficient by restricted maximum likelihood",
            "<li>node-run/sub-01/",
        ],
    );
    has_not(&sub, &["Slow drift"]);
    // A design that is made before the fit has what drift it has: the fit adds none, and says so.
    let t = small::only(&dir.join("out"), "contrast-pain_stat-t_statmap.json");
    assert_eq!(small::json(&t)["boldly"]["command"]["design"]["drift"], "none");
    let design = small::only(&dir.join("out"), "sub-01_task-pain_design.tsv");
    run(
        dir,
        &format!(
            "glm {}/{}_desc-preproc_bold.nii.gz --design {} --contrast trial_type.pain --out glm --report --device cpu",
            small::DERIVED,
            small::IN_SPACE,
            design.display()
        ),
    );
    let t = small::json(&dir.join("glm/contrast-trialTypePain_stat-t_statmap.json"));
    assert_eq!(t["boldly"]["command"]["design"]["drift"], "none");
    let pages = fs::read_dir(dir.join("glm")).unwrap().map(|entry| entry.unwrap().path());
    let html: String = pages
        .filter(|path| path.extension().is_some_and(|end| end == "html"))
        .map(|path| fs::read_to_string(path).unwrap())
        .collect();
    has(&html, &["The design was given as a matrix."]);
    has_not(&html, &["Slow drift"]);
    // Whoever adds to the description may; without it the folder is no dataset.
    let described = dir.join("out/dataset_description.json");
    let text = fs::read_to_string(&described).unwrap();
    fs::write(&described, text.replacen('{', "{\"Authors\": [\"x\"],", 1)).unwrap();
    succeeded("verify out", boldly(dir, "verify out"));
    fs::remove_file(&described).unwrap();
    let done = boldly(dir, "verify out");
    assert_eq!(done.status.code(), Some(1), "{}", said(&done));
    let told = String::from_utf8_lossy(&done.stdout).into_owned() + &said(&done);
    has(&told, &["dataset_description.json", "is gone"]);
}

#[test]
fn a_command_without_a_model_or_a_task_names_both_ways() {
    let folder = tempfile::tempdir().unwrap();
    study(folder.path());
    let line = "bids data out run";
    let done = boldly(folder.path(), line);
    assert_eq!(done.status.code(), Some(2), "{}", said(&done));
    has(
        &said(&done),
        &["has neither --model nor --task", "-m MODEL.json", "--task pain --contrast pain"],
    );
}
