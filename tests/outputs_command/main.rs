//! What `verify` sees in finished outputs, and what commands do not replace: on a small simulated study, CPU path.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::path::Path;

use binary::{boldly, run, said, study, succeeded};
use boldly::simulate::write::paths;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

#[path = "../binary/mod.rs"]
mod binary;
mod ended;
mod foreseen;
mod later;
mod listed;
mod pairs;
mod replaced;
mod unrepeatable;

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
    // five maps, mask, design in two tables, page; the run, its columns and its page; five tables, summary, page; of each the rates
    assert_eq!(names.len(), 9 + 3 + 7 + 3, "{names:?}");
    for name in ["all/a/design.tsv", "all/b/deep/clean.nii", "all/c/p_desc-retroicor.slibase.1D"] {
        assert!(names.contains(&name), "{name} is not in {names:?}");
    }
    let slibase = all.iter().find(|c| c["output"].as_str().unwrap().ends_with("1D")).unwrap();
    assert!(slibase["compared"].as_u64() > Some(40 * 8 * 6), "{slibase}");
    // a copy of a sidecar describes nothing
    let (own, copy) = (dir.join("all/a/mask.json"), dir.join("all/a/copy.json"));
    fs::copy(own, &copy).unwrap();
    refused(dir, "verify all/a", 65, &["all/a/copy.json describes no output of its own name"]);
    fs::remove_file(copy).unwrap();
    // the pages of a recording and of a run that it corrects are two
    run(dir, &clean("all/c/p_desc-retroicor_bold.nii"));
    for page in ["p_desc-physio_qc.html", "p_desc-retroicor_qc.html"] {
        assert!(dir.join("all/c").join(page).is_file(), "{page}");
    }
    run(dir, "verify all/c -q");
    // one of its files alone, and one that only other sidecars list
    for (one, n) in [("all/a/contrast-pain_stat-t_statmap.json", 1), ("all/a/design.tsv", 1)] {
        let output = succeeded("verify", boldly(dir, &format!("verify {one} --json -q")));
        let found: Vec<Value> = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(found.len(), n, "{found:?}");
    }
}

/// A folder in `at` that no path reaches: one of this many long names is longer than paths may be.
#[cfg(unix)]
fn unreachable(at: &Path) {
    let name = "d".repeat(250);
    let chain = |n: usize| (0..n).map(|_| name.as_str()).collect::<std::path::PathBuf>();
    let (outer, inner) = (at.join(chain(8)), at.join("inner"));
    fs::create_dir_all(&outer).unwrap();
    fs::create_dir_all(inner.join(chain(9))).unwrap();
    fs::rename(inner, outer.join("inner")).unwrap();
}

#[cfg(unix)]
#[test]
fn a_folder_that_cannot_be_listed_is_not_verified() {
    let folder = study();
    let dir = folder.path();
    let line = format!("physio --bold study/{} --physio study/{}", paths::BOLD, paths::PHYSIO);
    run(dir, &format!("{line} --out all/c/p -q"));
    run(dir, "verify all");
    unreachable(&dir.join("all"));
    refused(dir, "verify all", 66, &["cannot be listed", "1 could not be verified"]);
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

    // the header alone, in an image of the same values, its checksum in the sidecars made to fit
    let whole = keep(&t);
    let (_, header, values) = boldly::io::read_map(&t).unwrap();
    type Change = fn(&mut boldly::io::Header);
    let changes: [(&str, Change); 7] = [
        ("the sform", |h| h.srow[0][3] += 20.0),
        ("the sform", |h| h.srow[1] = h.srow[1].map(|v| -v)),
        ("the qform", |h| h.qoffset[2] += 1.0),
        ("the codes", |h| h.sform_code = 4),
        ("the voxel size", |h| h.pixdim[2] = 3.0),
        ("the intent", |h| h.intent = boldly::io::Intent::T { dof: 90.0 }),
        ("the intent", |h| h.intent = boldly::io::Intent::Z),
    ];
    for (part, change) in changes {
        let mut other = header.clone();
        change(&mut other);
        let mut outputs = boldly::io::Outputs::new();
        outputs.map(&t, &other, &values).unwrap();
        outputs.commit().unwrap();
        refused(dir, "verify out -q", 1, &["not those that were written", part]);
    }
    back(whole);

    for (file, from, to) in [
        ("out/design.tsv", "0.", "1."),
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
    refused(dir, "verify out -q", 1, &["design.tsv", "is gone"]);
    back(design);
    let page = keep(&dir.join("out/desc-retroicor_qc.html"));
    fs::remove_file(&page.0).unwrap();
    refused(dir, "verify out -q", 1, &["desc-retroicor_qc.html", "is gone"]);
    back(page);
    // unpacked and zeroed; given another name, alone and with its sidecar; one more
    let whole = keep(&t);
    let unpacked = dir.join("out/contrast-pain_stat-t_statmap.nii");
    let mut outputs = boldly::io::Outputs::new();
    outputs.map(&unpacked, &boldly::io::read_map(&t).unwrap().1, &vec![0.0; values.len()]).unwrap();
    outputs.commit().unwrap();
    refused(dir, "verify out -q", 1, &["statmap.nii ", "no sidecar says"]);
    refused(
        dir,
        "verify out/contrast-pain_stat-t_statmap.nii -q",
        66,
        &["no output with a boldly"],
    );
    fs::remove_file(&t).unwrap();
    refused(
        dir,
        "verify out -q",
        1,
        &["statmap.nii.gz is gone", "statmap.nii ", "no sidecar says"],
    );
    fs::remove_file(&unpacked).unwrap();
    refused(dir, "verify out/contrast-pain_stat-t_statmap.nii -q", 66, &["does not exist"]);
    let renamed = dir.join("out/contrast-control_stat-t_statmap.nii.gz");
    fs::write(&renamed, &whole.1).unwrap();
    refused(
        dir,
        "verify out -q",
        1,
        &["statmap.nii.gz is gone", "contrast-control_stat-t_statmap.nii.gz", "no sidecar says"],
    );
    fs::copy(
        t.with_extension("").with_extension("json"),
        renamed.with_extension("").with_extension("json"),
    )
    .unwrap();
    refused(
        dir,
        "verify out -q",
        1,
        &["statmap.nii.gz is gone", "contrast-control_stat-t_statmap.nii.gz", "no sidecar says"],
    );
    back(whole);
    fs::remove_file(renamed.with_extension("").with_extension("json")).unwrap();
    fs::rename(&renamed, dir.join("out/strange.nii.gz")).unwrap();
    let output = succeeded("verify", boldly(dir, "verify out"));
    assert!(said(&output).contains("strange.nii.gz: no sidecar says"), "{}", said(&output));
    fs::remove_file(dir.join("out/strange.nii.gz")).unwrap();
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
    let whole = keep(&sidecar);
    let text = String::from_utf8(whole.1.clone()).unwrap();
    fs::write(&sidecar, text.replacen("\"counts\": {", "\"counts\": { ", 1)).unwrap();
    refused(dir, "verify clean.nii -q", 1, &["its sidecar was edited since"]);
    back(whole);
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
    assert!(said(&output).contains("with their 6 degrees of freedom"), "{}", said(&output));
    run(dir, &format!("smooth study/{} --fwhm 0 --out raw.nii --device cpu -q", paths::BOLD));
    fs::copy(dir.join("raw.nii"), dir.join("other.nii")).unwrap();
    let output = succeeded(&line, boldly(dir, &line.replace("--out out", "--out out3")));
    assert!(said(&output).contains("describes another file"), "{}", said(&output));
}

#[cfg(unix)]
#[test]
fn inputs_that_are_links_keep_what_lies_beside_the_link() {
    let folder = study();
    let dir = folder.path();
    for path in [paths::BOLD, paths::EVENTS, paths::PHYSIO] {
        let (path, key) = (dir.join("study").join(path), dir.join(path.replace('/', "-")));
        fs::rename(&path, &key).unwrap();
        std::os::unix::fs::symlink(key.canonicalize().unwrap(), &path).unwrap();
    }
    run(dir, &glm("a"));
    run(dir, "verify a -q");
}

#[cfg(unix)]
#[test]
fn linked_outputs_are_verified_and_a_sidecar_that_lists_nothing_is_an_error() {
    let folder = study();
    let dir = folder.path();
    run(dir, &clean("a/clean.nii"));
    fs::create_dir(dir.join("linked")).unwrap();
    for entry in fs::read_dir(dir.join("a")).unwrap() {
        let path = entry.unwrap().path();
        let link = dir.join("linked").join(path.file_name().unwrap());
        std::os::unix::fs::symlink(&path, link).unwrap();
    }
    fs::copy(dir.join("a/clean.json"), dir.join("kept.json")).unwrap();
    let output = succeeded("verify", boldly(dir, "verify linked"));
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(text.starts_with("all 4 outputs are repeated"), "{text}");
    fs::write(dir.join("other.nii"), "another file").unwrap();
    fs::remove_file(dir.join("linked/clean.nii")).unwrap();
    std::os::unix::fs::symlink(dir.join("other.nii"), dir.join("linked/clean.nii")).unwrap();
    assert_ne!(boldly(dir, "verify linked -q").status.code(), Some(0));

    for outputs in [json!([]), json!([{ "name": "/dev/zero", "kind": "bold", "entities": "bold" }])]
    {
        fs::copy(dir.join("kept.json"), dir.join("a/clean.json")).unwrap();
        edit(&dir.join("a/clean.json"), |own| own["boldly"]["outputs"] = outputs.clone());
        for place in ["a", "a/clean.json", "a/clean.nii"] {
            let code = boldly(dir, &format!("verify {place} -q")).status.code();
            assert!(matches!(code, Some(1 | 65 | 66)), "{place} with {outputs}: {code:?}");
        }
    }
}

#[test]
fn verify_says_one_line_of_what_is_well_and_goes_on_past_what_is_missing() {
    let folder = study();
    let dir = folder.path();
    fs::copy(dir.join("study").join(paths::EVENTS), dir.join("events.tsv")).unwrap();
    run(dir, &glm("a").replace(&format!("study/{}", paths::EVENTS), "events.tsv"));
    run(dir, &clean("b/clean.nii"));
    let output = succeeded("verify", boldly(dir, "verify a b"));
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!((text.lines().count(), said(&output)), (1, String::new()), "{text}");
    assert!(text.starts_with("all 14 outputs of 2 commands are repeated"), "{text}");
    let output = succeeded("verify", boldly(dir, "verify a b -q"));
    assert_eq!((output.stdout.len(), output.stderr.len()), (0, 0));
    let output = succeeded("verify", boldly(dir, "verify a b -v"));
    assert_eq!(String::from_utf8_lossy(&output.stdout).lines().count(), 1 + 14 + 1);

    fs::remove_file(dir.join("events.tsv")).unwrap();
    let output = boldly(dir, "verify a nowhere b");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(output.status.code(), Some(66));
    assert!(
        text.contains("all 4 outputs are repeated") && text.contains("2 could not be"),
        "{text}"
    );
    for word in ["nowhere does not exist", "events.tsv does not exist"] {
        assert!(said(&output).contains(word), "{}", said(&output));
    }
}

#[test]
fn verify_counts_the_voxels_of_the_mask_and_sees_a_changed_one_outside() {
    let folder = study();
    let dir = folder.path();
    run(dir, &glm("out"));
    let (_, _, mask) = boldly::io::read_map(&dir.join("out/mask.nii.gz")).unwrap();
    let inside = mask.iter().filter(|&&v| v > 0.0).count();
    let found =
        |line: &str| -> Vec<Value> { serde_json::from_slice(&boldly(dir, line).stdout).unwrap() };
    let t = "out/contrast-pain_stat-t_statmap.nii.gz";
    assert_eq!(found(&format!("verify {t} --json"))[0]["compared"], inside);
    let (_, header, mut values) = boldly::io::read_map(&dir.join(t)).unwrap();
    values[mask.iter().position(|&v| v == 0.0).unwrap()] = 3.0;
    let mut outputs = boldly::io::Outputs::new();
    outputs.map(&dir.join(t), &header, &values).unwrap();
    outputs.commit().unwrap();
    assert_eq!(found(&format!("verify {t} --json"))[0]["over"], 1);
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
