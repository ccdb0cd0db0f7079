//! Runs that were moved to another space or corrected for slice timing.

use super::*;

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
            "retroicor {bold} --physio run-1_physio.tsv.gz --terms 3/2/0 --device cpu --overwrite --out c.nii.gz {more}"
        )
    };
    let copy = |to: &str, change: &dyn Fn(&mut Value)| {
        fs::copy(dir.join("run-1_bold.nii.gz"), dir.join(format!("{to}.nii.gz"))).unwrap();
        fs::copy(dir.join("run-1_bold.json"), dir.join(format!("{to}.json"))).unwrap();
        set_json(&dir.join(format!("{to}.json")), change);
    };
    // slices at 0, 1/3 ... 5/3 s: the one in the middle of six is at 2/3
    copy("run-1_space-T1w_bold", &|_| {});
    copy("acq-moved_space-MNI152NLin6Asym_bold", &|json| json["SliceTiming"] = Value::Null);
    copy("stc_bold", &|json| {
        json["SliceTimingCorrected"] = json!(true);
        json["StartTime"] = json!(0.95);
    });
    copy("run-1_desc-preproc_bold", &|_| {});
    copy("ref_bold", &|json| json["SpatialReference"] = json!("MNI152NLin2009cAsym"));
    for (bold, moment_s, moment, why) in [
        ("run-1_space-T1w_bold", 2.0 / 3.0, "the middle slice", "its name says space-T1w"),
        (
            "acq-moved_space-MNI152NLin6Asym_bold",
            1.0,
            "the middle of the volume",
            "space-MNI152NLin6Asym",
        ),
        ("stc_bold", 0.95, "the frame time", "stc_bold.json says SliceTimingCorrected"),
        ("run-1_desc-preproc_bold", 2.0 / 3.0, "the middle slice", "its name says desc-preproc"),
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
        let next = "retroicor c.nii.gz --physio run-1_physio.tsv.gz --device cpu --overwrite --out d.nii.gz";
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
        // its task is of the frame time, 0 s, unless it is asked for where the physiology is
        assert!(said.contains("two moments in one model"), "{said}");
        let sidecar = own(&dir.join(out).join("contrast-pain_stat-t_statmap.json"));
        assert_eq!(sidecar["physio"][0]["n_groups"], 1);
        // 60 - (2 task + 1 drift + 1 constant) - 6
        assert_eq!(sidecar["dof"], 50.0);
    }
    let task = "--events run-1_events.tsv --contrast pain --task-times 0.6666666666666666";
    let physio = "--physio run-1_physio.tsv.gz --terms 2/1/0 --device cpu --out together";
    let said = well(dir, &format!("glm {bold} {task} {physio}"));
    assert!(!said.contains("two moments"), "{said}");
    let said = well(dir, &format!("physio --physio run-1_physio.tsv.gz --bold {bold} --out p"));
    assert!(
        said.contains("none by slice: the run was resampled, its name says space-MNI"),
        "{said}"
    );
    assert!(!dir.join("p_desc-retroicor.slibase.1D").exists());
    let summary = fs::read_to_string(dir.join("p_desc-retroicor_summary.json")).unwrap();
    assert!(summary.contains(r#""moment": "middle-slice""#), "{summary}");
}
