//! `boldly retroicor` as a user meets it: runs and echoes in one call, any of the sets, resampled data, proof maps.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use boldly::io::{BoldFile, read_map};
use boldly::simulate::write::paths;
use boldly::stats::least_squares::orthonormal_basis;
use boldly::volume::{Block, HostBold};
use ndarray::{Array1, Array2};
use serde_json::{Value, json};

mod common;

const SHAPE: &str = "--shape 9,10,6 --voxel-size 16,16,20 --volumes 60 --multiband 1";

fn boldly(dir: &Path, line: &str) -> Output {
    Command::new(env!("CARGO_BIN_EXE_boldly"))
        .args(line.split_whitespace())
        .current_dir(dir)
        .output()
        .unwrap()
}

/// Runs a command that must succeed; what it said on standard error.
fn well(dir: &Path, line: &str) -> String {
    let output = boldly(dir, line);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{line}: {said}");
    said
}

/// Runs a command that must fail with this code and say these words.
fn refused(dir: &Path, line: &str, code: i32, words: &[&str]) {
    let output = boldly(dir, line);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(code), "{line}: {said}");
    for word in words {
        assert!(said.contains(word), "{line}: no {word:?} in {said}");
    }
}

fn adapter() -> String {
    std::env::var("BOLDLY_TEST_ADAPTER").unwrap_or_else(|_| "llvmpipe".to_owned())
}

/// Two simulated runs in one flat folder: `run-N_bold.nii.gz` with its JSON, events and recording.
fn study() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path();
    for run in [1, 2] {
        well(dir, &format!("simulate made{run} {SHAPE} --seed {run} -q"));
        let made = dir.join(format!("made{run}"));
        let copy = |from: &str, to: String| fs::copy(made.join(from), dir.join(to)).unwrap();
        copy("task-pain_bold.json", format!("run-{run}_bold.json"));
        let func = "sub-01/func/sub-01_task-pain";
        for end in ["bold.nii.gz", "events.tsv", "physio.tsv.gz", "physio.json"] {
            copy(&format!("{func}_{end}"), format!("run-{run}_{end}"));
        }
    }
    folder
}

/// The run scaled, as an echo with less signal, under another name.
fn echo(dir: &Path, from: &str, to: &str, scale: f32) {
    let mut file = BoldFile::open(&dir.join(from)).unwrap();
    let mut bold = file.read(&Block::whole(file.grid.shape, file.n_volumes)).unwrap();
    bold.data.iter_mut().for_each(|v| *v *= scale);
    let header = file.header.for_bold(file.n_volumes);
    let mut outputs = boldly::io::Outputs::new();
    outputs.map(&dir.join(to), &header, &bold.data).unwrap();
    outputs.commit().unwrap();
}

fn read(path: &Path) -> HostBold {
    let mut file = BoldFile::open(path).unwrap();
    let whole = Block::whole(file.grid.shape, file.n_volumes);
    file.read(&whole).unwrap()
}

fn own(path: &Path) -> Value {
    let text = fs::read_to_string(path).unwrap();
    serde_json::from_str::<Value>(&text).unwrap()["boldly"].clone()
}

fn set_json(path: &Path, change: impl Fn(&mut Value)) {
    let mut value: Value = serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap();
    change(&mut value);
    fs::write(path, value.to_string()).unwrap();
}

/// What a correction took from each voxel `[volume][voxel]`.
fn taken(dir: &Path, raw: &str, clean: &str) -> (HostBold, Array2<f64>) {
    let (raw, clean) = (read(&dir.join(raw)), read(&dir.join(clean)));
    let n_voxels = raw.block.volume_len();
    let taken = Array2::from_shape_fn((raw.block.volumes.len(), n_voxels), |(t, v)| {
        f64::from(raw.data[t * n_voxels + v]) - f64::from(clean.data[t * n_voxels + v])
    });
    (raw, taken)
}

/// The largest share of what was taken that lies outside the span of the columns.
fn outside_of(columns: &Array2<f64>, taken: &[Array1<f64>]) -> f64 {
    let basis = orthonormal_basis(columns.view()).unwrap();
    let outside = |y: &Array1<f64>| {
        let rest = y - &basis.dot(&basis.t().dot(y));
        rest.dot(&rest).sqrt() / y.dot(y).sqrt().max(1.0)
    };
    taken.iter().map(outside).fold(0.0, f64::max)
}

/// Rows of a table of numbers.
fn table(path: &Path, names: &[&str]) -> Array2<f64> {
    let table = boldly::io::tsv::read(path).unwrap();
    let at: Vec<usize> =
        names.iter().map(|n| table.columns.iter().position(|c| c == n).unwrap()).collect();
    Array2::from_shape_fn((table.rows.len(), at.len()), |(t, j)| {
        table.rows[t][at[j]].parse().unwrap()
    })
}

#[test]
fn runs_and_echoes_in_one_call_are_what_they_are_one_by_one_and_verify() {
    let folder = study();
    let dir = folder.path();
    for run in [1, 2] {
        for (n, scale) in [(1, 1.0), (2, 0.6)] {
            let to = format!("run-{run}_echo-{n}_desc-preproc_bold.nii.gz");
            echo(dir, &format!("run-{run}_bold.nii.gz"), &to, scale);
        }
    }
    let name = |run: u32, echo: u32| format!("run-{run}_echo-{echo}_desc-preproc_bold.nii.gz");
    // echoes in any order
    let bolds = [name(1, 1), name(2, 1), name(1, 2), name(2, 2)].join(" ");
    let line = format!(
        "retroicor {bolds} --physio run-1_physio.tsv.gz run-2_physio.tsv.gz --events run-1_events.tsv run-2_events.tsv \
         --device cpu --out all --verify --json"
    );
    let output = boldly(dir, &line);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{said}");
    assert_eq!(said.matches("physiology: 18 columns").count(), 4 + 2, "4 times by verify: {said}");
    assert_eq!(said.matches("shares its columns").count(), 2, "{said}");
    let printed: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(printed["provenance"].as_array().unwrap().len(), 4);
    assert_eq!(printed["verify"].as_array().unwrap().len(), 4);
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
        assert_eq!(sidecar["images"].as_array().unwrap().len(), 1);
    }
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
    assert_eq!(fs::read_dir(dir.join("out")).unwrap().count(), 6, "nothing is left behind");
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
    fs::copy(dir.join("run-1_bold.nii.gz"), dir.join("other/run-1_bold.nii.gz")).unwrap();
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

/// How much of what was taken lies outside the volume-wise columns at a moment.
fn outside_of_moment(dir: &Path, bold: &str, clean: &str, moment_s: f64) -> f64 {
    // a scan of one slice, at the moment
    fs::write(dir.join("moment.txt"), moment_s.to_string()).unwrap();
    let told = "--tr 2 --volumes 60 --slice-times moment.txt --terms 3/2/0 --out m -q";
    well(dir, &format!("physio --physio run-1_physio.tsv.gz {told}"));
    let names = [
        "cardiac_cos1",
        "cardiac_sin1",
        "cardiac_cos2",
        "cardiac_sin2",
        "cardiac_cos3",
        "cardiac_sin3",
        "resp_cos1",
        "resp_sin1",
        "resp_cos2",
        "resp_sin2",
    ];
    let columns = table(&dir.join("m_desc-retroicor_timeseries.tsv"), &names);
    let (_, taken) = taken(dir, bold, clean);
    let voxels: Vec<Array1<f64>> =
        taken.columns().into_iter().map(|y| y.to_owned()).filter(|y| y.dot(y) > 100.0).collect();
    assert!(voxels.len() > 50);
    outside_of(&columns, &voxels)
}

#[test]
fn resampled_runs_get_volume_wise_columns_and_say_at_which_moment_and_why() {
    let folder = study();
    let dir = folder.path();
    let run = |bold: &str, more: &str| {
        format!(
            "retroicor {bold} --physio run-1_physio.tsv.gz --terms 3/2/0 --device cpu --out c.nii.gz {more}"
        )
    };
    let copy = |to: &str, change: &dyn Fn(&mut Value)| {
        fs::copy(dir.join("run-1_bold.nii.gz"), dir.join(format!("{to}.nii.gz"))).unwrap();
        fs::copy(dir.join("run-1_bold.json"), dir.join(format!("{to}.json"))).unwrap();
        set_json(&dir.join(format!("{to}.json")), change);
    };
    // slices at 0, 1/3 ... 5/3 s: the one in the middle of six is at 2/3
    copy("run-1_space-T1w_bold", &|_| {});
    copy("run-1_space-MNI152NLin6Asym_bold", &|json| json["SliceTiming"] = Value::Null);
    copy("stc_bold", &|json| {
        json["SliceTimingCorrected"] = json!(true);
        json["StartTime"] = json!(0.95);
    });
    copy("ref_bold", &|json| json["SpatialReference"] = json!("MNI152NLin2009cAsym"));
    for (bold, moment_s, moment, why) in [
        ("run-1_space-T1w_bold", 2.0 / 3.0, "the middle slice", "its name says space-T1w"),
        (
            "run-1_space-MNI152NLin6Asym_bold",
            1.0,
            "the middle of the volume",
            "space-MNI152NLin6Asym",
        ),
        ("stc_bold", 0.95, "the frame time", "stc_bold.json says SliceTimingCorrected"),
        ("ref_bold", 2.0 / 3.0, "the middle slice", "SpatialReference MNI152NLin2009cAsym"),
    ] {
        let bold = format!("{bold}.nii.gz");
        let said = well(dir, &run(&bold, "--verify"));
        assert!(said.contains(&format!("volume-wise, at {moment}")), "{bold}: {said}");
        assert!(said.contains(why), "{bold}: {said}");
        let sidecar = own(&dir.join("c.json"));
        assert_eq!(sidecar["physio"][0]["n_groups"], 1, "{bold}");
        let at = sidecar["resolved"]["volume_wise_at_s"].as_f64().unwrap();
        assert!((at - moment_s).abs() < 1e-9, "{bold}: {at}");
        let outside = outside_of_moment(dir, &bold, "c.nii.gz", moment_s);
        assert!(outside < 2e-4, "{bold}: {outside} outside the columns at {moment_s} s");
        assert!(outside_of_moment(dir, &bold, "c.nii.gz", moment_s + 0.1) > 0.01, "{bold}");

        // whoever asks for slice-wise columns is told why not
        fs::write(dir.join("times.txt"), "0 1 0.3 1.3 0.6 1.6").unwrap();
        let words = ["--slice-times", "resampled", why, "volume-wise"];
        refused(dir, &run(&bold, "--slice-times times.txt"), 2, &words);
        // what is made of it remembers
        let next = "retroicor c.nii.gz --physio run-1_physio.tsv.gz --device cpu --out d.nii.gz";
        refused(dir, &format!("{next} --slice-times times.txt"), 2, &["c.", "resampled"]);
        well(dir, "smooth c.nii.gz --fwhm 20 --device cpu --out s.nii.gz -q");
        let smoothed =
            "retroicor s.nii.gz --physio run-1_physio.tsv.gz --device cpu --out d.nii.gz";
        refused(dir, &format!("{smoothed} --slice-times times.txt"), 2, &["s.", "resampled"]);
    }
}

#[test]
fn native_runs_stay_slice_wise_and_a_template_in_the_header_is_believed() {
    let folder = study();
    let dir = folder.path();
    let run = |bold: &str| {
        format!(
            "retroicor {bold} --physio run-1_physio.tsv.gz --terms 1/1/0 --device cpu --out c.nii.gz -q"
        )
    };
    for name in ["run-1_space-boldref_bold", "run-1_space-orig_bold", "run-1_bold"] {
        let image = format!("{name}.nii.gz");
        if name != "run-1_bold" {
            fs::copy(dir.join("run-1_bold.nii.gz"), dir.join(&image)).unwrap();
        }
        well(dir, &run(&image));
        assert_eq!(own(&dir.join("c.json"))["physio"][0]["n_groups"], 6, "{name}");
    }
    let mut file = BoldFile::open(&dir.join("run-1_bold.nii.gz")).unwrap();
    let whole = Block::whole(file.grid.shape, file.n_volumes);
    let data = file.read(&whole).unwrap().data;
    let mut header = file.header.for_bold(60);
    header.sform_code = 4;
    let mut outputs = boldly::io::Outputs::new();
    outputs.map(&dir.join("run-1_desc-normalised_bold.nii"), &header, &data).unwrap();
    outputs.commit().unwrap();
    well(dir, &run("run-1_desc-normalised_bold.nii"));
    assert_eq!(own(&dir.join("c.json"))["physio"][0]["n_groups"], 1);
    assert_eq!(own(&dir.join("c.json"))["resolved"]["volume_wise_at"], "middle-slice");
    set_json(&dir.join("run-1_bold.json"), |json| json["StartTime"] = json!(7.0));
    refused(
        dir,
        &run("run-1_desc-normalised_bold.nii"),
        65,
        &["StartTime in run-1_bold.json", "7 s"],
    );
}

#[test]
fn glm_takes_volume_wise_columns_on_resampled_data_and_physio_writes_none_by_slice() {
    let folder = study();
    let dir = folder.path();
    let bold = "run-1_space-MNI152NLin2009cAsym_bold.nii.gz";
    fs::copy(dir.join("run-1_bold.nii.gz"), dir.join(bold)).unwrap();
    for fwhm in [0, 30] {
        let out = format!("out{fwhm}");
        let said = well(
            dir,
            &format!(
                "glm {bold} --physio run-1_physio.tsv.gz --events run-1_events.tsv --terms 2/1/0 --contrast pain --fwhm {fwhm} \
                 --device cpu --verify --out {out}"
            ),
        );
        assert!(said.contains("volume-wise, at the middle slice"), "{said}");
        let sidecar = own(&dir.join(out).join("contrast-pain_stat-t_statmap.json"));
        assert_eq!(sidecar["physio"][0]["n_groups"], 1);
        // 60 - (2 task + 1 drift + 1 constant) - 6
        assert_eq!(sidecar["dof"], 50.0);
    }
    let said = well(dir, &format!("physio --physio run-1_physio.tsv.gz --bold {bold} --out p"));
    assert!(
        said.contains("none by slice: the run was resampled, its name says space-MNI"),
        "{said}"
    );
    assert!(!dir.join("p_desc-retroicor.slibase.1D").exists());
    let summary = fs::read_to_string(dir.join("p_desc-retroicor_summary.json")).unwrap();
    assert!(summary.contains(r#""moment": "middle-slice""#), "{summary}");
}

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
        assert_eq!(own["images"].as_array().unwrap().len(), names.len(), "{name}");
        // 60 - (2 task + 1 drift + 1 constant) - (8 + 4 + 2)
        assert_eq!((&own["dof"], &own["dof_spent"]), (&json!(42.0), &Value::Null));
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
    assert_eq!(clean["images"].as_array().unwrap().len(), 35, "the image and its maps");
    // the same image as without maps
    well(dir, &proven("cpu", "c", "-q"));
    assert!(
        fs::read(dir.join("b/clean.nii.gz")).unwrap()
            == fs::read(dir.join("c/clean.nii.gz")).unwrap()
    );
    fs::remove_file(dir.join("b/run-1_desc-rvt_stat-z_statmap.nii.gz")).unwrap();
    refused(dir, "verify b -q", 66, &["run-1_desc-rvt_stat-z_statmap"]);
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
