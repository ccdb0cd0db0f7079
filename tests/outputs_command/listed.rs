//! What no command makes again is held against the checksums that were written with it; and what residuals keep of their run.

use super::*;

#[test]
fn the_files_of_a_simulated_study_are_held_against_its_checksums() {
    let folder = study();
    let dir = folder.path();
    let output = succeeded("verify", boldly(dir, "verify study"));
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(text.contains("are as written, by their checksum"), "{text}");
    run(dir, &format!("verify study/{} -q", paths::BOLD));
    for (path, at) in [(paths::EVENTS, 3), (paths::MASK, usize::MAX), (paths::PHYSIO, usize::MAX)] {
        let file = dir.join("study").join(path);
        let before = fs::read(&file).unwrap();
        let mut bytes = before.clone();
        if at < bytes.len() {
            bytes[at] ^= 1;
        } else {
            bytes = fs::read(dir.join("study").join(paths::TRUE_PAIN)).unwrap();
        }
        fs::write(&file, bytes).unwrap();
        refused(dir, "verify study", 1, &[path, "not those that were written"]);
        refused(dir, &format!("verify study/{path}"), 1, &["not those that were written"]);
        fs::remove_file(&file).unwrap();
        refused(dir, "verify study", 1, &[path, "is gone"]);
        fs::write(&file, before).unwrap();
    }
    // compressed anew it holds the same
    let mask = dir.join("study").join(paths::MASK);
    let mut bytes = Vec::new();
    let packed = fs::read(&mask).unwrap();
    std::io::Read::read_to_end(&mut flate2::read::GzDecoder::new(&packed[..]), &mut bytes).unwrap();
    let mut writer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    std::io::Write::write_all(&mut writer, &bytes).unwrap();
    fs::write(&mask, writer.finish().unwrap()).unwrap();
    run(dir, "verify study -q");
}

#[test]
fn the_picture_of_the_demo_is_held_against_the_checksum_beside_it() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path();
    boldly::pipeline::demo::save_picture(&dir.join("demo"), b"a picture").unwrap();
    run(dir, "verify demo -q");
    run(dir, "verify demo/demo.png -q");
    fs::write(dir.join("demo/demo.png"), "another").unwrap();
    refused(dir, "verify demo", 1, &["demo.png", "not those that were written"]);
    refused(dir, "verify demo/demo.png", 1, &["demo.png", "not those that were written"]);
    fs::write(dir.join("demo/demo.png"), "a picture").unwrap();
    let list = dir.join("demo/demo.json");
    fs::write(&list, fs::read_to_string(&list).unwrap().replace("\"demo\"", "\"nothing\""))
        .unwrap();
    refused(dir, "verify demo", 1, &["demo.png", "sidecar was edited"]);
    fs::remove_file(dir.join("demo/demo.png")).unwrap();
    refused(dir, "verify demo", 1, &["demo.png", "is gone"]);
}

#[test]
fn residuals_keep_the_fields_of_their_run_but_for_what_censoring_ends() {
    let folder = study();
    let dir = folder.path();
    let sidecar = dir.join("study/task-pain_bold.json");
    edit(&sidecar, |json| {
        json["EchoTime"] = json!(0.03);
        json["Units"] = json!("of the run");
    });
    let fields = |line: &str, out: &str| -> Value {
        run(dir, &(glm(out) + line));
        run(dir, &format!("verify {out} -q"));
        let path = dir.join(out).join("desc-residuals_bold.json");
        serde_json::from_slice(&fs::read(path).unwrap()).unwrap()
    };
    let whole = fields(" --residuals --scaling none", "whole");
    assert_eq!((&whole["TaskName"], &whole["EchoTime"]), (&json!("pain"), &json!(0.03)));
    assert!(whole["RepetitionTime"].is_number() && whole["SliceTiming"].is_array(), "{whole}");
    assert_ne!(whole["Units"], "of the run");
    fs::write(dir.join("left_out.txt"), "7\n").unwrap();
    let some = fields(" --residuals --censor-volumes left_out.txt", "some");
    assert_eq!((&some["TaskName"], &some["EchoTime"]), (&json!("pain"), &json!(0.03)));
    assert!(some["RepetitionTime"].is_null() && some["VolumesOfTheRun"].is_array(), "{some}");
}
