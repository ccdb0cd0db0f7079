//! Whether the recording is the run's: verdicts on own and strangers' recordings, in every place that tells them.

use super::*;

fn line(image: u32, record: u32, out: &str) -> String {
    format!(
        "retroicor run-{image}_bold.nii.gz --physio run-{record}_physio.tsv.gz --events run-{image}_events.tsv --device cpu \
         --out {out}.nii"
    )
}

#[test]
fn a_strangers_recording_is_told_from_the_runs_own_on_the_terminal_in_the_sidecar_and_on_the_page()
{
    let folder = study();
    let dir = folder.path();
    for (image, record, out) in [(1, 1, "own"), (2, 1, "stranger"), (1, 2, "other")] {
        let said = well(dir, &line(image, record, out));
        let own = own(&dir.join(format!("{out}.json")));
        let found = &own["beyond_chance"][0];
        let page = fs::read_to_string(dir.join(format!("{out}_qc.html"))).unwrap();
        let warnings = own["warnings"].to_string();
        assert_eq!(found["stretched_shares"].as_array().unwrap().len(), 39);
        if image == record {
            assert_eq!(
                (&found["explains"], &found["rank"]),
                (&json!("more-than-chance"), &json!(1))
            );
            assert!(
                said.contains("this recording explains this run more than chance: p < 0.001 in")
            );
            assert!(
                said.contains("own_qc.html: this recording explains this run more than chance")
            );
            assert!(page.contains("class=\"headline yes\"") && !warnings.contains("chance"));
        } else {
            assert_eq!(found["explains"], "no-more-than-chance", "{found}");
            assert!(said.contains("warning: this recording explains this run no more than chance"));
            assert!(page.contains("class=\"headline no\"") && page.contains("Do not use as it is"));
            assert!(!page.contains("class=\"good\""), "no green on a stranger's page");
            assert!(warnings.contains("no more than chance"), "{warnings}");
            assert!(
                warnings.contains("is by its name not of"),
                "run-{record} for run-{image}: {warnings}"
            );
        }
    }
}

#[test]
fn no_recording_is_doubted_for_what_was_taken_out_of_its_run_before() {
    let folder = study();
    let dir = folder.path();
    well(dir, &line(1, 1, "own"));
    for record in [1, 2] {
        let glm = |image: &str, out: &str| {
            let line = format!(
                "glm {image} --physio run-{record}_physio.tsv.gz --events run-1_events.tsv --contrast pain --device cpu --out {out}-{record}"
            );
            let said = well(dir, &line);
            let page =
                fs::read_to_string(dir.join(format!("{out}-{record}/desc-retroicor_qc.html")));
            let sidecar = own(&dir.join(format!("{out}-{record}/mask.json")));
            (said, page.unwrap(), sidecar["beyond_chance"][0].clone())
        };
        let (said, page, found) = glm("own.nii", "corrected");
        let is_own = found["explains"] == "more-than-chance";
        assert_eq!(found["after_correction"], true, "{found}");
        assert!(is_own || found["explains"] == "cannot-tell", "{found}");
        assert!(
            !said.contains("is it of this run, aligned") && !said.contains("look at their trace")
        );
        let why = "the run was corrected for physiology before, which took out of it what its recording explains";
        assert_eq!(said.contains(why), !is_own, "{said}");
        assert!(!page.contains("Do not use as it is") && page.contains("Cannot tell") != is_own);
        assert!(record == 1 || !is_own, "a stranger's explains nothing");
        // of the run as it was, the stranger's recording is doubted
        let (said, page, found) = glm("run-1_bold.nii.gz", "raw");
        assert!(found.get("after_correction").is_none(), "{found}");
        assert_eq!(said.contains("is it of this run, aligned"), record == 2, "{said}");
        assert_eq!(page.contains("Do not use as it is"), record == 2);
    }
}

#[test]
fn glm_says_the_same_of_the_same_mask_on_every_device_and_verify_sees_a_changed_verdict() {
    let folder = study();
    let dir = folder.path();
    fs::copy(dir.join("made1").join(boldly::simulate::write::paths::MASK), dir.join("mask.nii.gz"))
        .unwrap();
    let proof = line(1, 1, "own") + " --maps maps --mask mask.nii.gz -q";
    well(dir, &proof);
    let want = own(&dir.join("own.json"))["beyond_chance"].clone();
    assert_eq!(want[0]["explains"], "more-than-chance");
    for (device, fwhm) in [("cpu".to_owned(), 0), (adapter(), 0), ("cpu".to_owned(), 6)] {
        let glm = format!(
            "glm run-1_bold.nii.gz --physio run-1_physio.tsv.gz --events run-1_events.tsv --mask mask.nii.gz --contrast pain \
             --fwhm {fwhm} --device {device} --out glm --overwrite"
        );
        let said = well(dir, &glm);
        assert!(said.contains("glm/desc-retroicor_qc.html: this recording explains this run more"));
        assert_eq!(own(&dir.join("glm/mask.json"))["beyond_chance"], want, "{device}, {fwhm} mm");
    }
    well(dir, "verify glm -q");
    well(dir, "verify own.nii -q");
    set_json(&dir.join("own.json"), |sidecar| {
        sidecar["boldly"]["beyond_chance"][0]["rank"] = json!(7);
    });
    let output = boldly(dir, "verify own.nii");
    assert_eq!(output.status.code(), Some(1));
    let words = String::from_utf8_lossy(&output.stdout).into_owned() + &said(&output);
    assert!(words.contains("beyond_chance"), "{words}");
}

#[test]
fn a_record_much_longer_than_the_run_needs_a_look() {
    let folder = study();
    let dir = folder.path();
    let mut file = BoldFile::open(&dir.join("run-1_bold.nii.gz")).unwrap();
    let shape = file.grid.shape;
    let part = file.read(&Block { volumes: 0..30, ..Block::whole(shape, 60) }).unwrap();
    let header = file.header.for_bold(30);
    let mut outputs = boldly::io::Outputs::new();
    outputs.map(&dir.join("half_bold.nii"), &header, &part.data).unwrap();
    outputs.commit().unwrap();
    fs::copy(dir.join("run-1_bold.json"), dir.join("half_bold.json")).unwrap();
    let record = "--physio run-1_physio.tsv.gz --terms 2/2/0 --device cpu -q";
    // it has a trigger a volume, and 60 of them are not the run's 30
    for (image, mark) in [("half_bold.nii", "look"), ("run-1_bold.nii.gz", "good")] {
        well(dir, &format!("retroicor {image} {record} --out {mark}.nii"));
        let page = fs::read_to_string(dir.join(format!("{mark}_qc.html"))).unwrap();
        let row = page.split("<tr>").find(|row| row.contains("length of the recording")).unwrap();
        assert!(row.contains(&format!("class=\"{mark}\"")), "{image}: {row}");
    }
}

#[test]
fn the_design_stands_beside_glms_maps_with_the_columns_of_each_slice_time() {
    let folder = study();
    let dir = folder.path();
    let glm = |more: &str, out: &str| {
        well(
            dir,
            &format!(
                "glm run-1_bold.nii.gz --physio run-1_physio.tsv.gz --events run-1_events.tsv --contrast pain --device cpu -q \
             --terms 1/1/0 --task-times start {more} --out {out}"
            ),
        );
    };
    glm("", "by-slice");
    let common = boldly::io::tsv::read(&dir.join("by-slice/design.tsv")).unwrap();
    assert!(!common.columns.iter().any(|name| name.starts_with("cardiac")));
    let names = ["slice_time", "volume", "cardiac_cos1", "resp_sin1"];
    let table = table(&dir.join("by-slice/design_slice-groups.tsv"), &names);
    let summary = &own(&dir.join("by-slice/mask.json"))["physio"][0];
    let times = common::numbers(&summary["slice_times_s"]);
    assert_eq!((times.len(), table.nrows()), (6, 6 * 60), "six slices, each at its own time");
    for (row, values) in table.rows().into_iter().enumerate() {
        assert_eq!((values[0], values[1]), (times[row / 60], (row % 60) as f64));
    }
    assert!((0..60).any(|t| (table[[t, 2]] - table[[60 + t, 2]]).abs() > 0.1), "they differ");
    well(dir, "verify by-slice -q");

    fs::write(dir.join("one.txt"), "0\n0\n0\n0\n0\n0\n").unwrap();
    glm("--slice-times one.txt", "at-once");
    let common = boldly::io::tsv::read(&dir.join("at-once/design.tsv")).unwrap();
    assert!(common.columns.iter().any(|name| name == "cardiac_cos1"), "{:?}", common.columns);
    assert!(!dir.join("at-once/design_slice-groups.tsv").exists());
    well(dir, "verify at-once -q");
}
