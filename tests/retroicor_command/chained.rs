//! What a later command takes from the outputs of an earlier one, and from files that only look like them.

use super::*;

const GLM: &str = "--events run-1_events.tsv --contrast pain --drift cosine:60 --device cpu";

/// Residual degrees of freedom of a fit of this image, with what was said.
fn dof(dir: &Path, image: &str, out: &str) -> (f64, String) {
    let said = well(dir, &format!("glm {image} {GLM} --out {out}"));
    (own(&dir.join(out).join("contrast-pain_stat-t_statmap.json"))["dof"].as_f64().unwrap(), said)
}

#[test]
fn a_correction_that_shares_the_stem_of_its_input_leaves_the_input_its_degrees_of_freedom() {
    let folder = study();
    let dir = folder.path();
    fs::rename(dir.join("run-1_bold.json"), dir.join("side.json")).unwrap();
    fs::copy(dir.join("run-1_bold.nii.gz"), dir.join("bare.nii.gz")).unwrap();
    let correct = "retroicor run-1_bold.nii.gz --physio run-1_physio.tsv.gz --events run-1_events.tsv --sidecar side.json \
                   --terms 2/0/0 --out run-1_bold.nii --device cpu -q";
    well(dir, correct);
    let (raw, said) = dof(dir, "run-1_bold.nii.gz", "raw");
    assert!(said.contains("run-1_bold.json describes run-1_bold.nii,"), "{said}");
    assert!(own(&dir.join("raw/mask.json"))["resolved"]["runs"][0]["slice_times_s"].is_null());
    assert_eq!(raw, dof(dir, "bare.nii.gz", "bare").0, "the same run without a sidecar");
    let (clean, said) = dof(dir, "run-1_bold.nii", "clean");
    assert!(said.contains("with their 4 degrees of freedom"), "{said}");
    assert_eq!(clean, raw - 4.0);
    // Another run under the corrected one's name.
    well(dir, "smooth bare.nii.gz --fwhm 0 --out uncorrected.nii --device cpu -q");
    fs::copy(dir.join("uncorrected.nii"), dir.join("run-1_bold.nii")).unwrap();
    let (other, said) = dof(dir, "run-1_bold.nii", "other");
    assert!(said.contains("run-1_bold.nii is not as boldly made it"), "{said}");
    assert_eq!(other, raw);
}

#[test]
fn a_sidecar_that_the_user_gave_his_run_is_never_replaced() {
    let folder = study();
    let dir = folder.path();
    fs::copy(dir.join("run-1_bold.json"), dir.join("side.json")).unwrap();
    let before = fs::read(dir.join("run-1_bold.json")).unwrap();
    let correct = "retroicor run-1_bold.nii.gz --physio run-1_physio.tsv.gz --out run-1_bold.nii --device cpu -q";
    let smooth = "smooth run-1_bold.nii.gz --fwhm 20 --out run-1_bold.nii --device cpu -q";
    for line in [correct, smooth, &format!("{correct} --sidecar side.json")] {
        refused(dir, line, 2, &["run-1_bold.json"]);
        refused(dir, &format!("{line} --overwrite"), 2, &["run-1_bold.json", "input"]);
    }
    assert_eq!(fs::read(dir.join("run-1_bold.json")).unwrap(), before);
    assert!(!dir.join("run-1_bold.nii").exists());
}

/// A run whose header says another time unit and repetition time than its sidecar.
fn with_wrong_header(dir: &Path) {
    let mut file = BoldFile::open(&dir.join("run-1_bold.nii.gz")).unwrap();
    let bold = file.read(&Block::whole(file.grid.shape, file.n_volumes)).unwrap();
    let mut header = file.header.for_bold(file.n_volumes);
    (header.pixdim[4], header.xyzt_units) = (1000.0, 2 | 16);
    let mut outputs = boldly::io::Outputs::new();
    outputs.map(&dir.join("wrong_bold.nii.gz"), &header, &bold.data).unwrap();
    outputs.commit().unwrap();
    fs::copy(dir.join("run-1_bold.json"), dir.join("wrong_bold.json")).unwrap();
}

#[test]
fn an_outputs_header_has_the_repetition_time_that_was_used_in_seconds() {
    let folder = study();
    let dir = folder.path();
    with_wrong_header(dir);
    let json = |name: &str| -> Value {
        serde_json::from_str(&fs::read_to_string(dir.join(name)).unwrap()).unwrap()
    };
    let tr = json("wrong_bold.json")["RepetitionTime"].as_f64().unwrap();
    assert_ne!(tr, 1.0);
    let said = well(dir, "smooth wrong_bold.nii.gz --fwhm 20 --out s.nii.gz --device cpu");
    assert!(said.contains("says 1 s"), "{said}");
    well(
        dir,
        "retroicor wrong_bold.nii.gz --physio run-1_physio.tsv.gz --out r.nii.gz --device cpu",
    );
    well(
        dir,
        "retroicor wrong_bold.nii.gz --physio run-1_physio.tsv.gz --tr 1.875 --out t.nii.gz --device cpu",
    );
    for (name, tr) in [("s", tr), ("r", tr), ("t", 1.875)] {
        let header = BoldFile::open(&dir.join(format!("{name}.nii.gz"))).unwrap().header;
        assert_eq!((header.pixdim[4], header.xyzt_units), (tr, 2 | 8), "{name}");
        assert_eq!(json(&format!("{name}.json"))["RepetitionTime"], tr, "{name}");
    }
}

#[test]
fn slice_times_that_cannot_be_stop_only_what_needs_them_and_take_nothing_else_along() {
    let folder = study();
    let dir = folder.path();
    with_wrong_header(dir);
    let tr = own_field(dir, "wrong_bold.json", "RepetitionTime");
    for times in [json!([0.0, 0.5]), json!("n/a")] {
        set_json(&dir.join("wrong_bold.json"), |own| own["SliceTiming"] = times.clone());
        let smooth = "smooth wrong_bold.nii.gz --fwhm 20 --out s.nii.gz --device cpu";
        let said = well(dir, smooth);
        assert!(said.contains("gets no slice times"), "{said}");
        assert_eq!(own_field(dir, "s.json", "RepetitionTime"), tr);
        assert!(own_field(dir, "s.json", "SliceTiming").is_null());
        let (_, said) = dof(dir, "wrong_bold.nii.gz", "out");
        assert!(
            said.contains("warning: ") && said.contains("not of each slice's own time"),
            "{said}"
        );
        let start = "glm wrong_bold.nii.gz --events run-1_events.tsv --contrast pain --task-times start --device cpu --out at";
        let said = well(dir, start);
        assert!(said.contains("no slice times are needed"), "{said}");
        fs::remove_dir_all(dir.join("at")).unwrap();
        let used = &own(&dir.join("out/mask.json"))["resolved"]["runs"][0]["repetition_time_s"];
        assert_eq!(*used, tr);
        let correct =
            "retroicor wrong_bold.nii.gz --physio run-1_physio.tsv.gz --out r.nii.gz --device cpu";
        refused(dir, correct, 65, &["SliceTiming"]);
        refused(
            dir,
            &format!("glm wrong_bold.nii.gz {GLM} --physio run-1_physio.tsv.gz --out p"),
            65,
            &["SliceTiming"],
        );
    }
    well(
        dir,
        "confounds wrong_bold.nii.gz --mask out/mask.nii.gz --tcompcor 2 --out c --device cpu",
    );
}

fn own_field(dir: &Path, name: &str, field: &str) -> Value {
    let text = fs::read_to_string(dir.join(name)).unwrap();
    serde_json::from_str::<Value>(&text).unwrap()[field].clone()
}

#[test]
fn a_byte_order_mark_is_read_over_in_every_text_file() {
    let folder = study();
    let dir = folder.path();
    well(dir, "smooth run-1_bold.nii.gz --fwhm 0 --out marked_bold.nii.gz --device cpu -q");
    let mark = |name: &str| {
        let mut bytes = b"\xef\xbb\xbf".to_vec();
        bytes.extend(fs::read(dir.join(name)).unwrap());
        fs::write(dir.join(name), bytes).unwrap();
    };
    fs::write(dir.join("confounds.tsv"), format!("x\n{}", "0\n1\n3\n2\n7\n5\n".repeat(10)))
        .unwrap();
    for name in [
        "marked_bold.json",
        "run-1_bold.json",
        "run-1_events.tsv",
        "run-1_physio.json",
        "confounds.tsv",
    ] {
        mark(name);
    }
    let with = "--events run-1_events.tsv --confounds confounds.tsv --columns x --device cpu";
    for bold in ["run-1_bold.nii.gz", "marked_bold.nii.gz"] {
        well(dir, &format!("glm {bold} {with} --contrast pain --out out"));
        well(
            dir,
            &format!("glm {bold} {with} --contrast pain --physio run-1_physio.tsv.gz --out with"),
        );
        well(dir, &format!("retroicor {bold} {with} --physio run-1_physio.tsv.gz --out r.nii"));
        well(dir, &format!("smooth {bold} --fwhm 20 --out s.nii --device cpu"));
        well(dir, &format!("physio --bold {bold} --physio run-1_physio.tsv.gz --out p"));
    }
    mark("s.json");
    well(dir, "verify s.nii");
}
