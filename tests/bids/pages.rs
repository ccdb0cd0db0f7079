//! The pages of subjects and of nodes of the dataset, and how these are tested.

use std::fs;
use std::path::Path;

use boldly::io::{Outputs, read_map};
use serde_json::Value;

use crate::binary::{boldly, said, succeeded, with_words};
use crate::made::{META, copy, dataset, files, model};

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

#[test]
fn maps_of_the_dataset_lie_over_the_mean_of_its_subjects_references() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path();
    let (Some(raw), Some(model)) = (dataset("ds005"), model(META)) else { return };
    copy(&raw, &dir.join("ds005"));
    let line = format!("bids ds005 out dataset --noise ols -q -m {}", model.display());
    succeeded(&line, boldly(dir, &line));
    let page = || fs::read_to_string(dir.join("out/node-groupMean.html")).unwrap();
    assert!(page().contains("the anatomy was at hand; grey: the voxels that are analysed."));
    let below = dir.join("ds005/derivatives");
    let masks: Vec<_> = files(&below)
        .into_iter()
        .filter(|name| {
            name.to_string_lossy()
                .ends_with("run-01_space-MNI152NLin2009cAsym_desc-brain_mask.nii.gz")
        })
        .collect();
    assert_eq!(masks.len(), 4);
    for (nth, mask) in masks[..3].iter().enumerate() {
        let (_, header, values) = read_map(&below.join(mask)).unwrap();
        let values: Vec<f32> =
            values.iter().enumerate().map(|(at, v)| v * (at % 7 + 100 * nth) as f32).collect();
        let name = mask.to_string_lossy().replace("desc-brain_mask", "boldref");
        let mut outputs = Outputs::new();
        outputs.map(&below.join(name), &header, &values).unwrap();
        outputs.commit().unwrap();
    }
    let line = format!("{line} --reports-only");
    succeeded(&line, boldly(dir, &line));
    assert!(page().contains("boldref images of 3 of 4 subjects (space-MNI152NLin2009cAsym)."));
    // of a subject it is the subject's own
    let own = fs::read_to_string(dir.join("out/sub-01.html")).unwrap();
    assert!(
        own.contains(
            "sub-01_task-mixedgamblestask_run-01_space-MNI152NLin2009cAsym_boldref.nii.gz."
        )
    );
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
        "p &lt; .001 uncorrected (upper tail of t)",
        "(p &lt; .001 uncorrected, upper tail)",
    ] {
        assert!(subject.contains(part), "{part}");
    }
    assert!(!subject.contains("sub-02 task"), "another subject's run");
    assert!(first[1].contains("sub-04 task-mixedgamblestask run-02"), "all runs by columns");
    for (name, text) in names.iter().zip(&first) {
        assert!(!text.contains("src=\"http") && !text.contains("<link"), "{name}");
        assert!(text.len() < 1_500_000, "{name}: {} bytes", text.len());
    }
    // every contrast of a run is weighed on the page, those that go up among them
    for part in
        ["id=\"weights\"", "gain (run_level) (t)", "Each run determines each of its contrasts"]
    {
        assert!(subject.contains(part), "{part}");
    }
    let weighed = "gainVsLoss (run_level) (t)</th><td>all alike</td><td class=\"n\"></td><td class=\"n\">1</td><td class=\"n\">−1</td>";
    assert!(subject.contains(weighed), "gain less loss");
    let row = "<td>task columns at the start of each volume: 0 s + k x 2 s</td><td class=\"n\">246 of 246</td><td class=\"n\">2</td>";
    assert_eq!(first[0].matches(row).count(), 8, "each run's frame times");
    what_is_compared_is_drawn([&first[0], &first[1]], subject);
    the_runs_are_seen_at_peaks(folder.path(), subject);
    voxels_that_not_all_have_are_counted(&out, (subject, &first[1]));
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
    // But for the command that fitted, which is another now.
    let bodies = |text: &str| {
        let (before, rest) = text.split_once("<tr><th scope=\"row\">Fitted by</th>").unwrap();
        let (by, after) = rest.split_once("</tr>\n").unwrap();
        assert!(!by.contains("--reports-only"), "{by}");
        format!("{before}{after}").replace(" --reports-only", "")
    };
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
    let other = words.iter().map(String::as_str).chain(["--reports-only", "--fwhm", "6"]);
    let done = with_words(folder.path(), other);
    let why = "with these options: --fwhm: 0 there, 6 asked now (node-runLevel/sub-01_";
    assert!(said(&done).contains(why), "{}", said(&done));
    assert_eq!(text, fs::read_to_string(out.join("sub-02.html")).unwrap(), "pages stay");
    let changed = "what is there was made of other files, or was changed since";
    assert!(
        text.contains(&format!("a fit as this command asks ({changed})")),
        "why it is not there"
    );
    // nor are those above of other options beside the runs that are as asked
    let other = words.iter().map(String::as_str);
    let done =
        with_words(folder.path(), other.chain(["--reports-only", "--fixed-effects", "precision"]));
    assert_eq!(done.status.code(), Some(1), "{}", said(&done));
    let why = "a fit as this command asks (--fixed-effects: mean there, precision asked now)";
    assert!(said(&done).contains(why), "{}", said(&done));
    let page = fs::read_to_string(out.join("sub-02.html")).unwrap();
    assert!(page.contains(why), "the first difference on the page");

    let run = "node-runLevel/sub-01/sub-01_task-mixedgamblestask_run-01_space-MNI152NLin2009cAsym_mask.nii.gz";
    fs::remove_file(out.join(run)).unwrap();
    let (_, told) = again(folder.path(), &words, &["--reports-only"]);
    // the run, the subject's three estimates, what is above all; and sub-02's of before
    assert_eq!((&told["kept"], &told["computed"]), (&15.into(), &0.into()), "{told}");
    let text = fs::read_to_string(out.join("sub-01.html")).unwrap();
    assert!(!text.contains("Contrast gain (subject_level"), "an estimate of a run that is gone");
}

/// The share that the model explains of the highest voxel is that of `boldly glm` of the same design.
/// Two groups have a picture of who is in which; one group has none, and no more has a subject.
fn what_is_compared_is_drawn([difference, mean]: [&str; 2], subject: &str) {
    let drawn =
        difference.split("id=\"contrast-1-design\"").nth(1).expect("a picture of the design");
    let drawn = drawn.split("</svg>").next().unwrap();
    for part in ["4 rows by 2 columns", ">intercept<", ">sex.M<", ">sub-01 ", ">sub-04 "] {
        assert!(drawn.contains(part), "{part}: {drawn}");
    }
    // Two men and two women: four ones of the intercept, two of the men.
    assert_eq!(
        (drawn.matches("\"plus-5\"").count(), drawn.matches("\"weight-0\"").count()),
        (6, 2)
    );
    assert!(!mean.contains("-design\"") && !subject.contains("contrast-1-design"));
}

fn the_runs_are_seen_at_peaks(folder: &Path, page: &str) {
    let part = page.split("Contrast gain (subject_level").nth(2).expect("the contrast's section");
    let drawings: Vec<&str> = part.split("<desc id=\"contrast-").skip(1).collect();
    let of_run = |run: &str| {
        let is_it = |text: &&&str| text.contains("volumes; the model explains");
        let of = drawings.iter().filter(is_it).filter(|text| text.contains(run)).count();
        assert!(of > 0, "{run} at a peak of the combination");
    };
    ["run-01", "run-02"].into_iter().for_each(of_run);

    let name = "sub-01_task-mixedgamblestask_run-01";
    let space = format!("{name}_space-MNI152NLin2009cAsym");
    let raw = dataset("ds005").unwrap();
    let derived = raw.join("derivatives/fmriprep/sub-01/func");
    let node = folder.join("out/node-runLevel/sub-01");
    let bold = derived.join(format!("{space}_desc-preproc_bold.nii.gz"));
    let [design, mask] = [format!("{name}_desc-model_design.tsv"), format!("{space}_mask.nii.gz")]
        .map(|n| node.join(n));
    let (bold, design, mask) = (bold.to_str(), design.to_str(), mask.to_str());
    let words = ["glm", bold.unwrap(), "--design", design.unwrap(), "--mask", mask.unwrap()];
    let more = [
        "--f-contrast",
        "any=\"parametric gain\";\"lossDemeaned\"",
        "--noise",
        "ols",
        "--maps",
        "--out",
        "alone",
    ];
    let done = with_words(folder, words.into_iter().chain(more));
    assert!(done.status.success(), "{}", said(&done));
    let (grid, _, r2) = read_map(&folder.join("alone/stat-rSquare_statmap.nii.gz")).unwrap();
    let part = page.split("Contrast anyParametric (run_level, task-mixedgamblestask run-01").nth(2);
    let part = part.expect("the run's section");
    let mm: Vec<f64> = part
        .split("<tr data-mm=\"")
        .nth(1)
        .unwrap()
        .split('"')
        .next()
        .unwrap()
        .split(' ')
        .map(|v| v.parse().unwrap())
        .collect();
    let near = |&at: &usize| {
        let place = grid.millimetres(grid.coordinates(at));
        (0..3).all(|axis| (place[axis] - mm[axis]).abs() < 0.06)
    };
    let at = (0..r2.len()).find(near).expect("the peak's voxel");
    let told = format!("246 volumes; the model explains {:.0} percent", 100.0 * r2[at]);
    let drawn = part.split("-course-1-desc\">").nth(2).expect("a course");
    assert!(drawn.starts_with(&told), "{told}: {}", &drawn[..60]);
}

/// What runs of a subject share, and what subjects of a node do, is what their masks say.
fn voxels_that_not_all_have_are_counted(out: &Path, (subject, node): (&str, &str)) {
    let told = |masks: &[Vec<f32>], noun: &str| {
        let of = |all: bool| {
            let has = |v: &usize| {
                let mut own = masks.iter().map(|mask| mask[*v] > 0.0);
                if all { own.all(|has| has) } else { own.any(|has| has) }
            };
            (0..masks[0].len()).filter(has).count()
        };
        let (all, any, n) = (of(true), of(false), masks.len());
        assert!(all < any, "nothing is lost in this dataset");
        format!("{n} {noun}s: {all} of {any} voxels have data in each; {} have none", any - all)
    };
    let mask = |path: String| read_map(&out.join(path)).unwrap().2;
    let space = "space-MNI152NLin2009cAsym";
    let runs = ["01", "02"].map(|run| {
        mask(format!(
            "node-runLevel/sub-01/sub-01_task-mixedgamblestask_run-{run}_{space}_mask.nii.gz"
        ))
    });
    let said = told(&runs, "run");
    assert!(subject.contains(&said), "{said}");
    let subjects = ["01", "02", "03", "04"].map(|sub| {
        mask(format!("node-subjectLevel/sub-{sub}/sub-{sub}_task-mixedgamblestask_{space}_contrast-gain_mask.nii.gz"))
    });
    let said = told(&subjects, "estimate");
    assert_eq!(node.matches(&said).count(), 1, "{said}: once a node");
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
    let test = ["--inference", "--permutations 16 --tfce exact --two-sided", "--overwrite"];
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
    assert!(
        text.contains(
            "--permutations 16 --tfce exact --two-sided (group_mean, group_diff); corrected p"
        ),
        "and the node's says so"
    );
    // the node's own pictures and tables are of the corrected p, too
    let tfce = read_map(&node.join(name("desc-tfce_stat-p"))).unwrap().2;
    let n_passed = inside.iter().filter(|&&v| tfce[v] <= 0.05).count();
    assert!(text.contains("p ≤ .05 corrected, threshold-free cluster enhancement, both tails"));
    for part in [
        "upper tail of t; both tails at nodes of the dataset",
        "p of t are two-sided.",
        "Threshold-free cluster enhancement: addressing problems",
        "Runs that were fitted: 8, of 4 subjects.",
    ] {
        assert!(text.contains(part), "{part}");
    }
    assert_eq!(text.matches("4 rows are few to test").count(), 1, "said once for all contrasts");
    let row = format!("<td>p ≤ .05</td><td class=\"n\">{n_passed}</td>");
    assert!(text.contains(&row), "{row}");
    let drawn =
        format!("{n_passed} voxels are opaque and outlined: p ≤ .05 corrected, threshold-free");
    assert!(text.contains(&drawn), "{drawn}");
    let href = "href=\"node-groupMean/task-mixedgamblestask_space-MNI152NLin2009cAsym_contrast-gain_group.html\"";
    assert!(text.contains(href), "the test's own page is named");
    assert!(
        text.contains("p (tfce)") || text.contains("p (cluster"),
        "the group's own table of clusters"
    );
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
    // Pages are known by their bytes, too.
    succeeded("verify", boldly(folder.path(), "verify out/logs -q"));
    let page = folder.path().join("out/sub-01.html");
    let text = fs::read_to_string(&page).unwrap();
    for (change, why) in [(Some(text.replace("0.", "1.")), "are not those"), (None, "is gone")] {
        match change {
            Some(text) => fs::write(&page, text).unwrap(),
            None => fs::remove_file(&page).unwrap(),
        }
        let done = boldly(folder.path(), "verify out/logs");
        let told = said(&done) + &String::from_utf8_lossy(&done.stdout);
        assert_eq!(done.status.code(), Some(1), "{told}");
        assert!(told.contains("sub-01.html") && told.contains(why), "{told}");
        assert!(!told.contains("_smdl.json"), "{told}");
    }
    // So is the model.
    let out = folder.path().join("out");
    let is_model = |path: &std::path::PathBuf| path.to_string_lossy().ends_with("_smdl.json");
    let model = fs::read_dir(&out).unwrap().map(|entry| entry.unwrap().path()).find(is_model);
    let model = model.unwrap();
    fs::write(&model, fs::read_to_string(&model).unwrap().replacen('{', "{ ", 1)).unwrap();
    let done = boldly(folder.path(), "verify out/logs");
    let told = said(&done) + &String::from_utf8_lossy(&done.stdout);
    assert!(told.contains(model.file_name().unwrap().to_str().unwrap()), "{told}");
}
