//! Several runs, several echoes, any of the sets.

use super::*;

#[test]
fn runs_and_echoes_in_one_call_are_what_they_are_one_by_one_and_verify() {
    let folder = study();
    let dir = folder.path();
    for run in [1, 2] {
        for (n, scale) in [(1, 1.0), (2, 0.6)] {
            let to = format!("run-{run}_echo-{n}_desc-raw_bold.nii.gz");
            echo(dir, &format!("run-{run}_bold.nii.gz"), &to, scale);
        }
    }
    let name = |run: u32, echo: u32| format!("run-{run}_echo-{echo}_desc-raw_bold.nii.gz");
    // echoes in any order
    let bolds = [name(1, 1), name(2, 1), name(1, 2), name(2, 2)].join(" ");
    let line = format!(
        "retroicor {bolds} --physio run-1_physio.tsv.gz run-2_physio.tsv.gz --events run-1_events.tsv run-2_events.tsv \
         --device cpu --out all --verify --json"
    );
    let output = boldly(dir, &line);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{said}");
    assert_eq!(
        said.matches("physiology: 18 columns").count(),
        2,
        "verify does not say it again: {said}"
    );
    assert_eq!(said.matches("shares its columns").count(), 2, "{said}");
    let printed: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(printed["provenance"].as_array().unwrap().len(), 4);
    assert_eq!(
        printed["verify"].as_array().unwrap().len(),
        16,
        "each with its columns, its summary and its page"
    );
    well(dir, "verify all -q");

    for (run, n) in [(1, 1), (1, 2), (2, 1), (2, 2)] {
        let alone = format!(
            "retroicor {} --physio run-{run}_physio.tsv.gz --events run-{run}_events.tsv --device cpu -q --out alone.nii.gz",
            name(run, n)
        );
        well(dir, &alone);
        let one = dir.join(format!("all/run-{run}_echo-{n}_desc-retroicor_bold.nii.gz"));
        assert!(
            fs::read(&one).unwrap() == fs::read(dir.join("alone.nii.gz")).unwrap(),
            "{run} {n}"
        );
        let sidecar = own(&one.with_extension("").with_extension("json"));
        let inputs = sidecar["inputs"].as_array().unwrap();
        assert_eq!(inputs[0]["path"], format!("../{}", name(run, n)));
        assert_eq!(inputs.len(), own(&dir.join("alone.json"))["inputs"].as_array().unwrap().len());
        assert_eq!(sidecar["outputs"].as_array().unwrap().len(), 4, "run, columns, summary, page");
    }
}

#[test]
fn one_recording_at_the_same_times_of_two_runs_is_refused_before_the_first_is_corrected() {
    let folder = study();
    let dir = folder.path();
    fs::copy(dir.join("run-1_physio.tsv.gz"), dir.join("copy_physio.tsv.gz")).unwrap();
    fs::copy(dir.join("run-1_physio.json"), dir.join("copy_physio.json")).unwrap();
    let line = "retroicor run-1_bold.nii.gz run-2_bold.nii.gz --physio run-1_physio.tsv.gz copy_physio.tsv.gz --device cpu --out all/";
    let words = ["stands at the same times of run-1_bold.nii.gz and of run-2_bold.nii.gz"];
    refused(dir, line, 2, &words);
    assert!(!dir.join("all").exists());
}

#[test]
fn echoes_choose_their_orders_together_and_each_run_for_itself() {
    let folder = study();
    let dir = folder.path();
    for (n, scale) in [(1, 1.0), (2, 0.6)] {
        echo(dir, "run-1_bold.nii.gz", &format!("run-1_echo-{n}_bold.nii.gz"), scale);
    }
    let choose = "--choose-order f-test --terms 1/1/0 --device cpu";
    let order = |sidecar: &str| own(&dir.join(sidecar))["command"]["design"]["order"].clone();
    well(
        dir,
        &format!(
            "retroicor run-1_echo-1_bold.nii.gz run-1_echo-2_bold.nii.gz run-2_bold.nii.gz --physio run-1_physio.tsv.gz \
             run-2_physio.tsv.gz --events run-1_events.tsv run-2_events.tsv {choose} --out all --verify"
        ),
    );
    let echoes = order("all/run-1_echo-1_desc-retroicor_bold.json");
    assert_eq!(echoes, order("all/run-1_echo-2_desc-retroicor_bold.json"));
    let mut voxels = Vec::new();
    for (image, run) in [("run-1_echo-1_bold", 1), ("run-2_bold", 2)] {
        let files = format!("--physio run-{run}_physio.tsv.gz --events run-{run}_events.tsv");
        well(dir, &format!("retroicor {image}.nii.gz {files} {choose} --out alone.nii.gz"));
        voxels.push(order("alone.json")["n_voxels"].as_u64().unwrap());
    }
    assert_eq!(echoes["n_voxels"], 2 * voxels[0], "both echoes are looked at");
    assert_eq!(order("all/run-2_desc-retroicor_bold.json"), order("alone.json"));
}

#[test]
fn one_recording_for_images_whose_names_tell_echoes_apart_is_shared() {
    let folder = study();
    let dir = folder.path();
    for n in [1, 2, 3] {
        echo(dir, "run-1_bold.nii.gz", &format!("scan_e{n}.nii.gz"), 1.0 / n as f32);
        fs::copy(dir.join("run-1_bold.json"), dir.join(format!("scan_e{n}.json"))).unwrap();
    }
    let line =
        "retroicor scan_e1.nii.gz scan_e2.nii.gz scan_e3.nii.gz --device cpu --out out --physio";
    let said = well(dir, &format!("{line} run-1_physio.tsv.gz"));
    assert_eq!(said.matches("shares its columns").count(), 2, "{said}");
    assert_eq!(said.matches("no --events").count(), 1, "said once: {said}");
    let third = own(&dir.join("out/scan_e3_desc-retroicor_bold.json"));
    assert!(third["warnings"][0].as_str().unwrap().contains("no --events"), "{third}");
    well(dir, "verify out -q");

    // not of the same acquisition
    set_json(&dir.join("scan_e3.json"), |json| json["RepetitionTime"] = json!(2.5));
    let words = ["scan_e3.nii.gz", "2.5 s and not 2 s", "an echo of scan_e2.nii.gz"];
    refused(dir, &format!("{line} run-1_physio.tsv.gz"), 65, &words);
    assert_eq!(fs::read_dir(dir.join("out")).unwrap().count(), 21, "nothing is left behind");
}

#[test]
fn what_does_not_belong_together_is_refused() {
    let folder = study();
    let dir = folder.path();
    let two = "retroicor run-1_bold.nii.gz run-2_bold.nii.gz --device cpu";
    let physio = "--physio run-1_physio.tsv.gz run-2_physio.tsv.gz";
    refused(dir, &format!("{two} --physio run-1_physio.tsv.gz --out o"), 2, &["2 runs", "echo-N"]);
    refused(dir, &format!("{two} {physio} --events run-1_events.tsv --out o"), 2, &["--events"]);
    refused(dir, &format!("{two} {physio} --out o.nii.gz"), 2, &["o.nii.gz", "folder"]);
    fs::create_dir(dir.join("other")).unwrap();
    echo(dir, "run-1_bold.nii.gz", "other/run-1_bold.nii.gz", 0.6);
    let twins = "retroicor run-1_bold.nii.gz other/run-1_bold.nii.gz --device cpu";
    let words = ["run-1_desc-retroicor_bold.nii.gz", "name of its own"];
    refused(dir, &format!("{twins} {physio} --out o"), 2, &words);
    assert!(!dir.join("o").exists());
    // one image into a folder that exists
    well(
        dir,
        "retroicor run-1_bold.nii.gz --physio run-1_physio.tsv.gz --out other --device cpu -q",
    );
    assert!(dir.join("other/run-1_desc-retroicor_bold.nii.gz").exists());
}

#[test]
fn each_set_alone_and_any_of_them_together_take_out_their_own_columns_and_count_them() {
    let folder = study();
    let dir = folder.path();
    for (terms, columns) in [
        ("3/0/0", vec!["cardiac_cos1", "cardiac_sin3"]),
        ("0/2/0", vec!["resp_cos1", "resp_sin2"]),
        ("rvt", vec!["rvt_rrf"]),
        ("hr", vec!["hr_crf"]),
        ("rv+hr(0,6)", vec!["rv_rrf", "hr_crf", "hr_crf_delay_6s"]),
        ("1/0/0+rvt-hilbert", vec!["cardiac_cos1", "cardiac_sin1", "rvt_hilbert_rrf"]),
        ("0/0/1x1", vec!["interaction_cos_c1_plus_r1"]),
    ] {
        let line =
            format!("run-1_bold.nii.gz --terms {terms} --device cpu --out c.nii.gz --verify -q");
        well(
            dir,
            &format!("retroicor {line} --physio run-1_physio.tsv.gz --events run-1_events.tsv"),
        );
        let sidecar = own(&dir.join("c.json"));
        let names: Vec<&str> = sidecar["resolved"]["slice_columns"]
            .as_array()
            .unwrap()
            .iter()
            .map(|n| n.as_str().unwrap())
            .collect();
        assert!(columns.iter().all(|c| names.contains(c)), "{terms}: {names:?}");
        assert_eq!(sidecar["dof_spent"], names.len() as f64, "{terms}");
        well(
            dir,
            &format!(
                "physio --physio run-1_physio.tsv.gz --bold run-1_bold.nii.gz --terms {terms} --out p -q"
            ),
        );
        let by_slice = table(&dir.join("p_desc-retroicorSlices_regressors.tsv"), &names);
        let (raw, taken) = taken(dir, "run-1_bold.nii.gz", "c.nii.gz");
        let plane_len = raw.block.plane_len();
        for plane in 0..6 {
            let own =
                Array2::from_shape_fn((60, names.len()), |(t, j)| by_slice[[6 * t + plane, j]]);
            let voxels: Vec<Array1<f64>> = (plane * plane_len..(plane + 1) * plane_len)
                .map(|v| taken.column(v).to_owned())
                .filter(|y| y.dot(y) > 100.0)
                .collect();
            assert!(!voxels.is_empty(), "{terms}: something is taken from plane {plane}");
            // both are f32 of about 1000: 6e-5 each, of an rms of at least 1.3
            let outside = outside_of(&own, &voxels);
            assert!(outside < 2e-4, "{terms}: {outside} of plane {plane} lies outside");
        }
    }
}

#[test]
fn a_pattern_that_one_of_two_runs_has_columns_for_is_left_out_of_the_others_command() {
    let folder = study();
    let dir = folder.path();
    for (run, column) in [(1, "aroma_1"), (2, "other")] {
        let rows: String = (0..60).map(|n| format!("{}\t{}\n", n % 7, n % 5)).collect();
        fs::write(dir.join(format!("c{run}.tsv")), format!("csf\t{column}\n{rows}")).unwrap();
    }
    let line = |columns: &str| {
        format!(
            "retroicor run-1_bold.nii.gz run-2_bold.nii.gz --physio run-1_physio.tsv.gz run-2_physio.tsv.gz \
             --confounds c1.tsv c2.tsv --columns {columns} --terms 1/0/0 --out clean --overwrite --device cpu"
        )
    };
    let said = well(dir, &line("csf,aroma_*"));
    assert!(said.contains("`aroma_*` matches no column of c2.tsv"), "{said}");
    let columns = |run: u8| {
        let json = dir.join(format!("clean/run-{run}_desc-retroicor_bold.json"));
        own(&json)["command"]["design"]["columns"].clone()
    };
    assert_eq!((columns(1), columns(2)), (json!(["csf", "aroma_*"]), json!(["csf"])));
    well(dir, "verify clean -q");
    well(dir, &line("aroma_*"));
    refused(dir, &line("csf,none_*"), 2, &["none_*", "matches no column of c1.tsv"]);
}

#[test]
fn confounds_of_which_nothing_is_asked_are_refused_and_those_that_censoring_goes_by_are_read() {
    let folder = study();
    let dir = folder.path();
    let rows: String = (0..60).map(|t| format!("{}\n", u8::from(t % 10 == 9))).collect();
    fs::write(dir.join("fd.tsv"), format!("framewise_displacement\n{rows}")).unwrap();
    let line = "retroicor run-1_bold.nii.gz --physio run-1_physio.tsv.gz --confounds fd.tsv --terms 1/0/0 --out c.nii.gz --device cpu";
    refused(dir, line, 2, &["fd.tsv", "--columns, --strategy or --censor"]);
    well(dir, &format!("{line} --censor fd:0.5,runs:1"));
    let resolved = own(&dir.join("c.json"))["resolved"].clone();
    assert_eq!(resolved["volumes_fitted"], 54, "{resolved}");
}
