//! What `verify` sees in finished outputs, and what commands do not replace: on a small simulated study, CPU path.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::path::Path;

use binary::{boldly, said, succeeded};
use boldly::simulate::write::paths;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

mod binary;

fn study() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let line = "simulate study --shape 9,10,8 --voxel-size 12,12,12 --volumes 40 --seed 5 --quiet";
    succeeded(line, boldly(folder.path(), line));
    folder
}

fn run(dir: &Path, line: &str) {
    succeeded(line, boldly(dir, line));
}

#[track_caller]
fn refused(dir: &Path, line: &str, code: i32, words: &[&str]) {
    let output = boldly(dir, line);
    assert_eq!(output.status.code(), Some(code), "{line}: {}", said(&output));
    for word in words {
        let text = said(&output) + &String::from_utf8_lossy(&output.stdout);
        assert!(text.contains(word), "{line} lacks {word:?}: {text}");
    }
}

fn glm(out: &str) -> String {
    format!(
        "glm study/{} --events study/{} --physio study/{} --terms 2/1/0 --mask study/{} --contrast pain --out {out} --device cpu -q",
        paths::BOLD,
        paths::EVENTS,
        paths::PHYSIO,
        paths::MASK
    )
}

fn clean(out: &str) -> String {
    format!(
        "retroicor study/{} --events study/{} --physio study/{} --terms 2/1/0 --out {out} --device cpu -q",
        paths::BOLD,
        paths::EVENTS,
        paths::PHYSIO
    )
}

fn edit(path: &Path, change: impl FnOnce(&mut Value)) {
    let mut value: Value = serde_json::from_slice(&fs::read(path).unwrap()).unwrap();
    change(&mut value);
    fs::write(path, value.to_string()).unwrap();
}

#[test]
fn verify_goes_into_nested_folders_and_runs_each_command_once() {
    let folder = study();
    let dir = folder.path();
    run(dir, &glm("all/a"));
    run(dir, &clean("all/b/deep/clean.nii"));
    let line = "physio --bold study/BOLD --physio study/PHYSIO --out all/c/p -q";
    let line = line.replace("BOLD", paths::BOLD).replace("PHYSIO", paths::PHYSIO);
    run(dir, &line);
    let output = succeeded("verify", boldly(dir, "verify all --json -q"));
    let all: Vec<Value> = serde_json::from_slice(&output.stdout).unwrap();
    let names: Vec<&str> = all.iter().map(|c| c["output"].as_str().unwrap()).collect();
    // five maps, mask, design, page; the run, its columns and its page; five tables, summary, page
    assert_eq!(names.len(), 8 + 3 + 7, "{names:?}");
    for name in ["all/a/design.tsv", "all/b/deep/clean.nii", "all/c/p_desc-retroicor.slibase.1D"] {
        assert!(names.contains(&name), "{name} is not in {names:?}");
    }
    let slibase = all.iter().find(|c| c["output"].as_str().unwrap().ends_with("1D")).unwrap();
    assert!(slibase["compared"].as_u64() > Some(40 * 8 * 6), "{slibase}");
    // one of its files alone, and one that only other sidecars list
    for (one, n) in [("all/a/contrast-pain_stat-t_statmap.json", 1), ("all/a/design.tsv", 1)] {
        let output = succeeded("verify", boldly(dir, &format!("verify {one} --json -q")));
        let found: Vec<Value> = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(found.len(), n, "{found:?}");
    }
}

#[test]
fn whatever_was_changed_in_an_output_is_seen() {
    let folder = study();
    let dir = folder.path();
    run(dir, &glm("out"));
    run(dir, &clean("clean.nii"));
    run(dir, "verify out -q");
    let t = dir.join("out/contrast-pain_stat-t_statmap.nii.gz");
    let keep = |path: &Path| (path.to_owned(), fs::read(path).unwrap());
    let back = |(path, bytes): (std::path::PathBuf, Vec<u8>)| fs::write(path, bytes).unwrap();

    // the header alone: another place, in an image of the same values
    let whole = keep(&t);
    let (_, mut header, values) = boldly::io::read_map(&t).unwrap();
    header.srow[0][3] += 20.0;
    let mut outputs = boldly::io::Outputs::new();
    outputs.map(&t, &header, &values).unwrap();
    outputs.commit().unwrap();
    refused(dir, "verify out -q", 1, &["not those that were written"]);
    back(whole);

    for (file, from, to) in [
        ("out/design.tsv", "\t0", "\t0.1"),
        ("out/desc-retroicor_qc.html", "</html>", "<p>good</p></html>"),
    ] {
        let whole = keep(&dir.join(file));
        let text = String::from_utf8(whole.1.clone()).unwrap();
        fs::write(dir.join(file), text.replacen(from, to, 1)).unwrap();
        refused(dir, "verify out -q", 1, &["not those that were written"]);
        back(whole);
    }
    let design = keep(&dir.join("out/design.tsv"));
    fs::remove_file(&design.0).unwrap();
    refused(dir, "verify out -q", 66, &["design.tsv", "is gone"]);
    back(design);
    run(dir, "verify out -q");

    let sidecar = dir.join("clean.json");
    for (place, value) in [
        ("/boldly/dof_spent", json!(0.0)),
        ("/RepetitionTime", json!(1.0)),
        ("/SliceTiming/1", json!(0.001)),
    ] {
        let whole = keep(&sidecar);
        edit(&sidecar, |own| *own.pointer_mut(place).unwrap() = value);
        refused(dir, "verify clean.nii -q", 1, &["says other things"]);
        back(whole);
    }
    run(dir, "verify clean.nii -q");
    fs::create_dir(dir.join("empty")).unwrap();
    refused(dir, "verify empty -q", 66, &["no output with a boldly sidecar"]);
}

#[test]
fn a_large_voxel_does_not_widen_what_others_may_differ_by() {
    let folder = study();
    let dir = folder.path();
    let bold = dir.join("study").join(paths::BOLD);
    let mut run_in = boldly::io::BoldFile::open(&bold).unwrap();
    let whole = boldly::volume::Block::whole(run_in.grid.shape, run_in.n_volumes);
    let mut values = run_in.read(&whole).unwrap().data;
    let n = 9 * 10 * 8;
    (0..40).for_each(|t| values[t * n] = 1e9);
    let header = run_in.header.for_bold(40);
    let mut outputs = boldly::io::Outputs::new();
    outputs.map(&dir.join("bright.nii"), &header, &values).unwrap();
    outputs.commit().unwrap();
    let line = format!(
        "retroicor bright.nii --physio study/{} --sidecar study/task-pain_bold.json --out c.nii --device cpu -q",
        paths::PHYSIO
    );
    run(dir, &line);
    run(dir, "verify c.nii -q");
    let mut bytes = fs::read(dir.join("c.nii")).unwrap();
    let at = 352 + 4 * (20 * n + n / 2 + 40);
    let value = f32::from_le_bytes(bytes[at..at + 4].try_into().unwrap());
    bytes[at..at + 4].copy_from_slice(&(value + 0.01).to_le_bytes());
    fs::write(dir.join("c.nii"), bytes).unwrap();
    let output = boldly(dir, "verify c.nii --json -q");
    let found: Vec<Value> = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(found[0]["over"], 1, "{found:?}");
}

#[test]
fn a_sidecar_of_schema_1_with_sha256_still_verifies() {
    let folder = study();
    let dir = folder.path();
    run(dir, &clean("clean.nii"));
    edit(&dir.join("clean.json"), |own| {
        let own = &mut own["boldly"];
        own["schema"] = json!(1);
        for input in own["inputs"].as_array_mut().unwrap() {
            let input = input.as_object_mut().unwrap();
            input.shift_remove("blake3");
            let bytes = fs::read(dir.join(input["path"].as_str().unwrap())).unwrap();
            let hex: String = Sha256::digest(&bytes).iter().map(|b| format!("{b:02x}")).collect();
            input.insert("sha256".to_owned(), json!(hex));
        }
        own.as_object_mut().unwrap().shift_remove("outputs");
        own["images"] = json!(["clean.nii"]);
    });
    run(dir, "verify clean.nii -q");
    let events = dir.join("study").join(paths::EVENTS);
    fs::write(&events, fs::read_to_string(&events).unwrap() + "\n").unwrap();
    refused(dir, "verify clean.nii -q", 65, &["has changed since", "SHA-256"]);
}

#[test]
fn facts_of_a_newer_sidecar_are_read_without_its_command() {
    let folder = study();
    let dir = folder.path();
    run(dir, &clean("clean.nii"));
    edit(&dir.join("clean.json"), |own| {
        own["boldly"]["schema"] = json!(99);
        own["boldly"]["command"] = json!({ "name": "of the future" });
    });
    let line = format!(
        "glm clean.nii --events study/{} --mask study/{} --contrast pain --out out --device cpu",
        paths::EVENTS,
        paths::MASK
    );
    let output = succeeded(&line, boldly(dir, &line));
    assert!(said(&output).contains("with their 6 degrees of freedom"), "{}", said(&output));
    refused(dir, "verify clean.nii", 65, &["schema 99"]);
    // a sidecar is that of the bytes it lists: of the run under another name, not of another run under the name it has
    fs::copy(dir.join("clean.json"), dir.join("other.json")).unwrap();
    fs::copy(dir.join("clean.nii"), dir.join("other.nii")).unwrap();
    let line = line.replace("clean.nii", "other.nii");
    let output = succeeded(&line, boldly(dir, &line.replace("--out out", "--out out2")));
    assert!(said(&output).contains("6 degrees of freedom were spent"), "{}", said(&output));
    run(dir, &format!("smooth study/{} --fwhm 0 --out raw.nii --device cpu -q", paths::BOLD));
    fs::copy(dir.join("raw.nii"), dir.join("other.nii")).unwrap();
    let output = succeeded(&line, boldly(dir, &line.replace("--out out", "--out out3")));
    assert!(said(&output).contains("describes another file"), "{}", said(&output));
}

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

    fs::write(dir.join("smooth.json"), "{\"mine\": 1}").unwrap();
    let line = format!("smooth study/{} --fwhm 20 --out smooth.nii -q", paths::BOLD);
    refused(dir, &line, 2, &["smooth.json"]);

    let again = "simulate study --shape 9,10,8 --voxel-size 12,12,12 --volumes 40 --seed 5 --quiet";
    run(dir, again);
    let events = dir.join("study").join(paths::EVENTS);
    fs::write(&events, "mine").unwrap();
    refused(dir, again, 2, &["was changed since"]);
    assert_eq!(fs::read_to_string(&events).unwrap(), "mine");
}

#[test]
fn a_rerun_with_fewer_outputs_leaves_the_others_to_the_earlier_command() {
    let folder = study();
    let dir = folder.path();
    let more = glm("out") + " --contrast control";
    run(dir, &more);
    run(dir, &(glm("out") + " --fwhm 20"));
    let output = boldly(dir, "verify out --json");
    let text = said(&output);
    assert!(output.status.success(), "{text}");
    assert!(text.contains("outputs of an earlier command were replaced"), "{text}");
    let found: Vec<Value> = serde_json::from_slice(&output.stdout).unwrap();
    assert!(found.len() > 8, "the new ones, and what is left of the old: {found:?}");
}

#[test]
fn a_sidecar_that_says_less_or_other_things_than_its_command_is_seen() {
    let folder = study();
    let dir = folder.path();
    run(dir, &glm("out"));
    let t = dir.join("out/contrast-pain_stat-t_statmap.json");
    let whole = fs::read(&t).unwrap();
    edit(&t, |own| own["DegreesOfFreedom"] = json!(90.0));
    refused(dir, "verify out -q", 1, &["says other things of [\"DegreesOfFreedom\"]"]);
    fs::write(&t, &whole).unwrap();
    edit(&t, |own| {
        for output in own["boldly"]["outputs"].as_array_mut().unwrap() {
            output.as_object_mut().unwrap().shift_remove("blake3");
        }
    });
    refused(dir, "verify out/contrast-pain_stat-t_statmap.json -q", 1, &["lacks the checksum"]);
    fs::write(&t, &whole).unwrap();
    edit(&t, |own| {
        own["boldly"]["outputs"]
            .as_array_mut()
            .unwrap()
            .retain(|output| output["entities"] != "mask");
    });
    refused(dir, "verify out/contrast-pain_stat-t_statmap.json -q", 1, &["does not list mask"]);
    fs::write(&t, &whole).unwrap();
    run(dir, "verify out -q");

    let line = format!(
        "confounds study/{0} --mask study/{1} --csf study/{1} --out c -q --device cpu",
        paths::BOLD,
        paths::MASK
    );
    run(dir, &line);
    let json = dir.join("c_desc-confounds_timeseries.json");
    edit(&json, |own| own["c_comp_cor_00"]["VarianceExplained"] = json!(0.99));
    refused(dir, "verify c_desc-confounds_timeseries.tsv -q", 1, &["c_comp_cor_00"]);
}
