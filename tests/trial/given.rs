//! What `--brain` is given in the place of a folder of visits' maps or a table of regions: each message's next step, taken literally, leads to a result.

use std::fs;
use std::path::Path;

use super::command::{boldly, run};
use super::image::image;
use super::maps::{EFFECT, LINE, SHAPE, study, values};

const REGIONS: &str = "--region front=front.nii --region back=back.nii";

/// What is said of `--brain`, which is refused.
fn refused(dir: &Path, given: &str) -> String {
    let output = boldly(dir, &format!("{LINE} --brain {given} --out no"));
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!output.status.success(), "{given}: {said}");
    said
}

/// The value behind an option in a message.
fn named(said: &str, option: &str) -> String {
    let rest = said.split(&format!("{option} ")).last().unwrap();
    rest.split(|c: char| c.is_whitespace() || c == ';' || c == ',').next().unwrap().to_owned()
}

/// Follows the folder and the contrast that a message names.
fn followed(dir: &Path, given: &str, says: &str) {
    let said = refused(dir, given);
    assert!(said.contains(says), "{given}: {said}");
    let of = if said.contains("--of ") { named(&said, "--of") } else { "pain".to_owned() };
    let brain = named(&said, "--brain");
    let line = format!("{LINE} --brain {brain} --of {of} {REGIONS} --out out --overwrite");
    run(dir, &line);
}

#[test]
fn folders_of_groups_of_one_visit_or_of_changes_lead_to_the_visits_maps() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path();
    study(dir);
    run(dir, "group --maps glm --of pain --model paired --no-pictures --out results");
    let contrast = fs::read_dir(dir.join("results")).unwrap().flatten();
    let contrast = contrast.map(|entry| entry.file_name().to_string_lossy().into_owned());
    let contrast = contrast.into_iter().find(|name| name.contains("_stat-effect_")).unwrap();
    let contrast =
        contrast.strip_prefix("contrast-").unwrap().split('_').next().unwrap().to_owned();
    followed(dir, "results", "made by boldly group, and of no participant");
    followed(dir, &format!("results --of {contrast} {REGIONS}"), "made by boldly group");
    followed(
        dir,
        &format!("glm/sub-1/ses-pre --of pain {REGIONS}"),
        "without sub- in their paths below",
    );
    followed(dir, &format!("glm/sub-1 --of pain {REGIONS}"), "without sub- in their paths below");
    // Results of bids: a node of runs, one of changes, and both.
    fs::create_dir_all(dir.join("bids")).unwrap();
    fs::rename(dir.join("glm"), dir.join("bids/node-run")).unwrap();
    for subject in 0..10 {
        for name in ["pain", "change"] {
            let name = EFFECT.replace("pain", name);
            let path = format!("bids/node-change/sub-{subject}/{name}");
            let other: Vec<f32> = values(subject, 0).iter().map(|v| v + 0.37).collect();
            image(&dir.join(path), SHAPE, &other);
        }
    }
    followed(
        dir,
        &format!("bids/node-change --of change {REGIONS}"),
        "maps of participants and of no visit",
    );
    followed(dir, "bids/node-change", "maps of participants and of no visit");
    followed(dir, &format!("bids --of pain {REGIONS}"), "the visits' maps alone");
    let said = refused(dir, &format!("bids --of change {REGIONS}"));
    assert!(said.contains("for --of: pain, seed-pcc"), "{said}");
    // One visit alone.
    fs::create_dir_all(dir.join("visits")).unwrap();
    for session in ["pre", "post"] {
        for subject in 0..10 {
            let name = format!("sub-{subject}_{EFFECT}");
            let path = format!("visits/ses-{session}/{name}");
            image(&dir.join(path), SHAPE, &values(subject, usize::from(session == "post")));
        }
    }
    followed(
        dir,
        &format!("visits/ses-pre --of pain {REGIONS}"),
        "maps of participants and of no visit",
    );
    fs::create_dir_all(dir.join("half")).unwrap();
    fs::rename(dir.join("visits/ses-pre"), dir.join("half/ses-pre")).unwrap();
    let said = refused(dir, &format!("half --of pain {REGIONS}"));
    assert!(said.contains("has maps of ses-pre alone"), "{said}");
}

#[test]
fn what_holds_no_maps_says_what_is_done_with_it() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path();
    study(dir);
    // Contrast and region are asked for together.
    let said = refused(dir, "glm");
    for part in ["--of NAME", "--region NAME=SPEC", "contrasts there: pain, seed-pcc"] {
        assert!(said.contains(part), "{part}: {said}");
    }
    let said = refused(dir, "study");
    assert_eq!(named(&said, "--brain"), "study/brain.tsv", "{said}");
    run(dir, &format!("{LINE} --brain study/brain.tsv --out tables"));
    let said = refused(dir, "tables");
    assert!(said.contains("what boldly trial wrote"), "{said}");
    fs::rename(dir.join("tables/brain.tsv"), dir.join("tests.tsv")).unwrap();
    let said = refused(dir, "tests.tsv");
    assert!(said.contains("boldly trial: tests of a group"), "{said}");
    image(&dir.join("raw/sub-1/ses-pre/sub-1_ses-pre_bold.nii"), SHAPE, &values(1, 0));
    assert!(refused(dir, "raw").contains("it holds runs: analyse them first"));
    fs::create_dir_all(dir.join("empty")).unwrap();
    assert!(refused(dir, "empty").contains("wrote into, or one above it?"));
    assert!(refused(dir, "nowhere/").contains("is no folder"));
    // Files that are no table of regions.
    let said = refused(dir, &format!("glm/sub-1/ses-pre/{EFFECT}"));
    assert!(said.contains("is an image; it must be a table (.tsv)"), "{said}");
    fs::write(dir.join("brain.json"), "{}").unwrap();
    assert!(refused(dir, "brain.json").contains("is JSON"));
    fs::write(dir.join("edges.tsv"), "region_a\tregion_b\tz\na\tb\t1\n").unwrap();
    assert!(refused(dir, "edges.tsv").contains("is a table of edges; it must"));
    fs::write(dir.join("of_maps.tsv"), "subject\teffect\n1\tx.nii\n").unwrap();
    assert!(refused(dir, "of_maps.tsv").contains("is a table of maps"));
}

#[test]
fn a_part_of_a_table_elsewhere_is_named_by_its_path() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path();
    study(dir);
    let table = fs::read_to_string(dir.join("study/brain.tsv")).unwrap();
    let with = |task: &str, line: &str| format!("{line}\t{task}\n");
    let both: String = table
        .lines()
        .enumerate()
        .flat_map(|(at, line)| match at {
            0 => vec![with("task", line)],
            _ => vec![with("pain", line), with("rest", &line.replace("0.", "1."))],
        })
        .collect();
    fs::create_dir_all(dir.join("tables")).unwrap();
    fs::write(dir.join("tables/values.tsv"), both).unwrap();
    run(dir, &format!("{LINE} --brain tables/values.tsv[task=pain] --out part"));
    run(dir, &format!("{LINE} --brain study/brain.tsv --out whole"));
    let read = |out: &str| fs::read_to_string(dir.join(out).join("brain.tsv")).unwrap();
    assert_eq!(read("part"), read("whole"));
}
