//! `physio_summary.tsv`: a row a run that says what the recording, the motion and the signal come to.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use super::{boldly, read, study, well};

const CONFOUNDS: &str =
    "data/derivatives/boldly-simulate/sub-01/func/sub-01_task-pain_desc-confounds_timeseries.tsv";
const MASK: &str =
    "data/derivatives/boldly-simulate/sub-01/func/sub-01_task-pain_desc-brain_mask.nii.gz";
const EVENTS: &str = "data/sub-01/func/sub-01_task-pain_events.tsv";

/// The rows of a table by column.
fn rows(dir: &Path, name: &str) -> Vec<BTreeMap<String, String>> {
    let text = read(dir, name);
    let mut lines = text.lines().map(|line| line.split('\t').map(str::to_owned));
    let heads: Vec<String> = lines.next().unwrap().collect();
    lines.map(|cells| heads.iter().cloned().zip(cells).collect()).collect()
}

fn number(row: &BTreeMap<String, String>, column: &str) -> f64 {
    row[column].parse().unwrap_or_else(|_| panic!("{column} is {}", row[column]))
}

#[test]
fn a_row_a_run_says_what_the_recording_comes_to_and_whose_it_is() {
    let folder = study();
    let dir = folder.path();
    let output = well(dir, "physio --physio RECORD --bold BOLD --out out/ --json");
    let summary: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let [row] = &rows(dir, "out/sub-01_task-pain_physio_summary.tsv")[..] else { panic!("rows") };
    for (column, value) in [
        ("participant_id", "sub-01"),
        ("session_id", "n/a"),
        ("task", "pain"),
        ("run", "n/a"),
        ("name", "sub-01_task-pain"),
        ("mean_fd", "n/a"),
        ("volumes", "50"),
        ("kept_volumes", "n/a"),
    ] {
        assert_eq!(row[column], value, "{column}");
    }
    assert_eq!(Some(number(row, "heart_rate")), summary["physio"]["heart_rate_bpm"].as_f64());
    let breathing = summary["physio"]["breathing_rate_per_minute"].as_f64();
    assert_eq!(Some(number(row, "breathing_rate")), breathing);
    // A breath of depth 1 (800 units, about .95 of it between the ends) each 3.9 s or so.
    assert!((120.0..300.0).contains(&number(row, "rvt")), "{}", row["rvt"]);
    let json: serde_json::Value =
        serde_json::from_str(&read(dir, "out/sub-01_task-pain_physio_summary.json")).unwrap();
    assert_eq!(json["heart_rate"]["Units"], "beats/min", "{json}");

    // Terms that ask nothing of the breathing leave it out, which is said.
    let output = well(dir, "physio --physio RECORD --bold BOLD --terms 3/0/0 --out pulse/");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    let why = "breathing_rate and rvt are n/a in physio_summary.tsv: --terms 3/0/0 asks nothing";
    assert!(said.contains(why), "{said}");
    assert_eq!(rows(dir, "pulse/sub-01_task-pain_physio_summary.tsv")[0]["rvt"], "n/a");

    // `verify` compares its numbers.
    well(dir, "verify out -q");
    let path = dir.join("out/sub-01_task-pain_physio_summary.tsv");
    let other = fs::read_to_string(&path).unwrap().replace(&row["heart_rate"], "61.5");
    fs::write(&path, other).unwrap();
    let output = boldly(dir, "verify out -q");
    assert_eq!(output.status.code(), Some(1), "{}", super::binary::said(&output));
}

#[test]
fn a_fitted_run_adds_motion_kept_volumes_and_the_signal_of_its_regions() {
    let folder = study();
    let dir = folder.path();
    let table = read(dir, CONFOUNDS);
    let at = table.lines().next().unwrap().split('\t').position(|c| c == "framewise_displacement");
    let mut fd: Vec<f64> = table
        .lines()
        .skip(2) // of the first volume there is none
        .map(|line| line.split('\t').nth(at.unwrap()).unwrap().parse().unwrap())
        .collect();
    assert_eq!(fd.len(), 49);
    let mean = fd.iter().sum::<f64>() / fd.len() as f64;
    // Three volumes are left out.
    fd.sort_by(|a, b| b.total_cmp(a));
    let beyond = (fd[2] + fd[3]) / 2.0;
    let bold = "data/sub-01/func/sub-01_task-pain_bold.nii.gz";
    let model = format!(
        "{bold} --events {EVENTS} --confounds {CONFOUNDS} --columns trans_x --censor fd:{beyond} --mask {MASK} --contrast pain --noise ols"
    );
    well(dir, &format!("glm {model} --physio RECORD --terms 1/1/0 --roi brain={MASK} --out glm"));
    let [row] = &rows(dir, "glm/physio_summary.tsv")[..] else { panic!("rows") };
    assert!((number(row, "mean_fd") - mean).abs() < 1e-12 && mean > 0.02, "{}", row["mean_fd"]);
    assert_eq!((row["volumes"].as_str(), row["kept_volumes"].as_str()), ("50", "47"));
    let [of_region] = &rows(dir, "glm/contrast-pain_regions.tsv")[..] else { panic!("regions") };
    assert_eq!(row["tsnr_brain"], of_region["tsnr"]);
    assert!(number(row, "tsnr_brain") > 10.0);
    well(dir, "verify glm -q");

    // Without recordings what is known of the run; nothing where nothing is. Beside a corrected run it has its name.
    well(dir, &format!("glm {model} --out plain"));
    let [of_plain] = &rows(dir, "plain/physio_summary.tsv")[..] else { panic!("rows") };
    assert_eq!((of_plain["heart_rate"].as_str(), &of_plain["mean_fd"]), ("n/a", &row["mean_fd"]));
    assert_eq!(of_plain["kept_volumes"], "47");
    let bare = format!("{bold} --events {EVENTS} --mask {MASK} --contrast pain --noise ols");
    well(dir, &format!("glm {bare} --out bare"));
    assert!(!dir.join("bare/physio_summary.tsv").exists());
    well(
        dir,
        "retroicor BOLD --physio RECORD --terms 1/1/0 --out fixed/sub-01_task-pain_bold.nii.gz",
    );
    let [row] = &rows(dir, "fixed/sub-01_task-pain_physio_summary.tsv")[..] else { panic!("rows") };
    assert_eq!((row["kept_volumes"].as_str(), row["mean_fd"].as_str()), ("50", "n/a"));
    well(dir, "verify fixed -q");
}
