//! The pages of subjects and of nodes of the dataset, and how these are tested.

use std::fs;
use std::path::Path;

use boldly::io::read_map;
use serde_json::Value;

use crate::binary::{boldly, said, succeeded, with_words};
use crate::made::{META, dataset, files, model};

/// The results of the golden model on four subjects, in `out`; the words that made them.
fn results(folder: &Path) -> Option<Vec<String>> {
    let (raw, model) = (dataset("ds005")?, model(META)?);
    let words = ["bids", raw.to_str()?, "out", "dataset", "--noise", "ols", "--json", "-q", "-m"];
    let words: Vec<String> =
        words.into_iter().chain([model.to_str()?]).map(str::to_owned).collect();
    let done = with_words(folder, words.iter().map(String::as_str));
    assert!(done.status.success(), "{}", said(&done));
    Some(words)
}

fn again(folder: &Path, words: &[String], more: &[&str]) -> (Option<i32>, Value) {
    let words = words.iter().map(String::as_str).chain(more.iter().copied());
    let done = with_words(folder, words);
    (done.status.code(), serde_json::from_slice(&done.stdout).unwrap_or_default())
}

#[test]
fn every_subject_and_node_of_the_dataset_has_a_page_that_can_be_made_again() {
    let folder = tempfile::tempdir().unwrap();
    let Some(words) = results(folder.path()) else { return };
    let out = folder.path().join("out");
    let is_page = |name: &std::path::PathBuf| name.extension().is_some_and(|e| e == "html");
    let pages: Vec<_> = files(&out).into_iter().filter(is_page).collect();
    let names: Vec<String> = pages.iter().map(|name| name.display().to_string()).collect();
    let wanted = [
        "node-groupDiff.html",
        "node-groupMean.html",
        "sub-01.html",
        "sub-02.html",
        "sub-03.html",
        "sub-04.html",
    ];
    assert_eq!(names, wanted);
    let texts = || pages.iter().map(|name| fs::read_to_string(out.join(name)).unwrap());
    let first: Vec<String> = texts().collect();
    let subject = &first[2];
    for part in [
        "Subject: <span class=\"name\">sub-01",
        "anyParametric (run_level, task-mixedgamblestask run-01)",
        "anyParametric (run_level, task-mixedgamblestask run-02)",
        "gainVsLoss (subject_level, task-mixedgamblestask)",
        "Run sub-01 task-mixedgamblestask run-02",
        "taken as &quot;meta&quot;",
        "ds005_meta_groupdiff",
    ] {
        assert!(subject.contains(part), "{part}");
    }
    assert!(!subject.contains("sub-02 task"), "another subject's run");
    assert!(first[1].contains("sub-04 task-mixedgamblestask run-02"), "all runs by columns");
    for (name, text) in names.iter().zip(&first) {
        assert!(!text.contains("src=\"http") && !text.contains("<link"), "{name}");
        assert!(text.len() < 1_500_000, "{name}: {} bytes", text.len());
    }
    // the row that the viewer begins at is the highest voxel of the map
    let map = "node-groupMean/task-mixedgamblestask_space-MNI152NLin2009cAsym_contrast-gain_stat-t_statmap.nii.gz";
    let (grid, _, t) = read_map(&out.join(map)).unwrap();
    let highest = (0..t.len()).max_by(|&a, &b| t[a].total_cmp(&t[b])).unwrap();
    let want = grid.millimetres(grid.coordinates(highest));
    let shown = first[1].split("data-mm=\"").skip(1).map(|rest| rest.split('"').next().unwrap());
    let numbers = |text: &str| text.split(' ').map(|v| v.parse().unwrap()).collect::<Vec<f64>>();
    assert!(shown.map(numbers).any(|mm| mm == want), "{want:?}");

    pages.iter().for_each(|name| fs::remove_file(out.join(name)).unwrap());
    let (code, told) = again(folder.path(), &words, &["--reports-only"]);
    assert_eq!((code, &told["computed"], &told["kept"]), (Some(0), &0.into(), &24.into()));
    let bodies = |text: &str| text.replace(" --reports-only", "");
    assert!(texts().zip(&first).all(|(new, old)| bodies(&new) == *old), "the same pages");

    let lost = "node-subjectLevel/sub-02/sub-02_task-mixedgamblestask_space-MNI152NLin2009cAsym_contrast-gain_stat-t_statmap.nii.gz";
    fs::remove_file(out.join(lost)).unwrap();
    let (code, told) = again(folder.path(), &words, &["--reports-only"]);
    assert_eq!((code, &told["computed"], &told["kept"]), (Some(1), &0.into(), &22.into()));
    let text = fs::read_to_string(out.join("sub-02.html")).unwrap();
    assert!(text.contains("What did not complete"), "the page says what is not there");

    // maps of other options are not shown as those that are asked for
    let (code, _) = again(folder.path(), &words, &["--reports-only", "--fwhm", "6"]);
    assert_eq!(code, Some(66), "nothing here was smoothed");
    assert_eq!(text, fs::read_to_string(out.join("sub-02.html")).unwrap(), "pages stay");
    let run = "node-runLevel/sub-01/sub-01_task-mixedgamblestask_run-01_space-MNI152NLin2009cAsym_mask.nii.gz";
    fs::remove_file(out.join(run)).unwrap();
    let (_, told) = again(folder.path(), &words, &["--reports-only"]);
    // the run, the subject's three estimates, what is above all; and sub-02's of before
    assert_eq!((&told["kept"], &told["computed"]), (&15.into(), &0.into()), "{told}");
    let text = fs::read_to_string(out.join("sub-01.html")).unwrap();
    assert!(!text.contains("Contrast gain (subject_level"), "an estimate of a run that is gone");
}

#[test]
fn nodes_of_the_dataset_are_tested_as_boldly_group_would() {
    let folder = tempfile::tempdir().unwrap();
    let Some(words) = results(folder.path()) else { return };
    let node = folder.path().join("out/node-groupMean");
    let name = |stat: &str| {
        format!(
            "task-mixedgamblestask_space-MNI152NLin2009cAsym_contrast-gain_{stat}_statmap.nii.gz"
        )
    };
    let plain = read_map(&node.join(name("stat-t"))).unwrap().2;
    let test = ["--inference", "--permutations 16 --tfce exact", "--overwrite"];
    let (code, told) = again(folder.path(), &words, &test);
    // what lies below is taken, the dataset's own nodes are made anew
    assert_eq!((code, &told["computed"], &told["kept"]), (Some(0), &4.into(), &20.into()));
    let p = read_map(&node.join(name("desc-maxT_stat-p"))).unwrap().2;
    let inside: Vec<usize> = (0..p.len()).filter(|&v| plain[v] != 0.0).collect();
    // four subjects have 16 patterns of signs, all of them computed
    assert!(inside.len() > 200 && inside.iter().all(|&v| (16.0 * p[v]).round() >= 1.0));
    assert!(inside.iter().all(|&v| (16.0 * p[v] - (16.0 * p[v]).round()).abs() < 1e-4));
    assert!(node.join(name("desc-tfce_stat-p")).is_file());
    let page =
        node.join("task-mixedgamblestask_space-MNI152NLin2009cAsym_contrast-gain_group.html");
    assert!(
        fs::read_to_string(page).unwrap().contains("stat-tfce_statmap"),
        "what is corrected is on a page"
    );
    let text = fs::read_to_string(folder.path().join("out/node-groupMean.html")).unwrap();
    assert!(text.contains("--permutations 16 --tfce exact; corrected p"), "and the node's says so");
    assert_eq!(plain, read_map(&node.join(name("stat-t"))).unwrap().2, "t is as it was");

    let (code, _) = again(folder.path(), &words, &["--inference", "--variance mixed"]);
    assert_eq!(code, Some(2), "maps of the other test lie there");
    let test = ["--inference", "--variance mixed", "--overwrite"];
    assert_eq!(again(folder.path(), &words, &test).0, Some(0));
    assert!(node.join(name("stat-tauSquare")).is_file());
    assert!(!node.join(name("desc-maxT_stat-p")).exists());
    for (test, why) in [
        ("--maps other.tsv", "--maps is for the model or the command to say"),
        ("--tfcee exact", "unexpected argument '--tfcee'"),
        ("--variance welch", "a model's matrix takes equal or mixed"),
    ] {
        let all = words.iter().map(String::as_str).chain(["--inference", test]);
        let done = with_words(folder.path(), all);
        assert_eq!(done.status.code(), Some(2), "{test}");
        assert!(said(&done).contains(why), "{}", said(&done));
    }
    succeeded("verify", boldly(folder.path(), "verify out/node-groupMean -q"));
}
