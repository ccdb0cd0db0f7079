//! What becomes of regions that are small, outside, in fluid or alike, and of networks of them.

use std::fs;
use std::path::Path;

use crate::binary::{boldly, run, said, succeeded};
use crate::common::assert_close;
use crate::dataset::{nifti, text};
use crate::made::{SHAPE, Table, study};

const LINE: &str =
    "connect bold.nii --confounds bold.tsv --columns trans_* --device cpu --out out --overwrite";

/// What is said of a line that must succeed.
#[track_caller]
fn told(dir: &Path, line: &str) -> String {
    said(&succeeded(line, boldly(dir, line)))
}

#[track_caller]
fn assert_told(dir: &Path, line: &str, parts: &[&str]) {
    let said = told(dir, line);
    for part in parts {
        assert!(said.contains(part), "{part:?} is not in:\n{said}");
    }
}

#[test]
fn a_region_with_too_little_signal_is_na_everywhere_and_is_told() {
    let folder = study();
    let dir = folder.path();
    let [ni, nj, ..] = SHAPE;
    // without the two planes at the bottom
    nifti(dir, "part.nii", &SHAPE[..3], 3.0, |at| f32::from(u8::from(at / (ni * nj) >= 2)));
    let seeds =
        "--seed low=sphere:9,9,3:5 --seed high=sphere:9,9,10:4.5 --seed mid=sphere:3,3,9:3.5";
    assert_told(
        dir,
        &format!("{LINE} --mask part.nii {seeds}"),
        &[
            "1 of 3 regions are n/a: too little of them is on the grid",
            "low (",
            " %, ",
            "--min-coverage 0.5",
        ],
    );
    let edges = Table::read(&dir.join("out/edges.tsv"));
    // What is not known has no error and no degrees of freedom.
    for column in ["r", "partial_r", "se_z", "dof", "partial_dof"] {
        assert_eq!(edges.words(column)[..2], ["n/a"; 2], "{column}");
        assert_ne!(edges.words(column)[2], "n/a", "{column}");
    }
    assert!(edges.column("r")[2].is_finite() && edges.words("q")[2] == edges.words("p")[2]);
    assert!(!dir.join("out/seed-low_stat-t_statmap.nii.gz").exists());
    assert!(dir.join("out/seed-high_stat-t_statmap.nii.gz").exists());
    let lenient = format!("{LINE} --mask part.nii {seeds} --min-coverage 0.1");
    assert!(!told(dir, &lenient).contains("are n/a"));
}

#[test]
fn small_wet_and_overlapping_regions_and_those_of_compcor_are_told() {
    let folder = study();
    let dir = folder.path();
    nifti(dir, "csf.nii", &SHAPE[..3], 3.0, |at| if at % SHAPE[0] < 2 { 1.0 } else { 0.0 });
    let seeds =
        "--seed wet=box:0,9,6:8,9,9 --seed dry=box:15,9,6:8,9,9 --seed tiny=sphere:15,9,6:3";
    assert_told(
        dir,
        &format!("{LINE} --mask mask.nii --csf csf.nii {seeds}"),
        &[
            "more than half of these regions is fluid, whose signal is no neuron's: wet (",
            "where CompCor and means of CSF come from",
            "regions share voxels, and go together for that alone (shared_voxels in the tables): dry and tiny (7)",
            "regions of fewer than 8 voxels: tiny (7)",
        ],
    );
    // probabilities that nowhere reach CompCor's
    nifti(dir, "csf.nii", &SHAPE[..3], 3.0, |at| if at % SHAPE[0] < 2 { 0.97 } else { 0.02 });
    assert_told(
        dir,
        &format!("{LINE} --mask mask.nii --csf csf.nii {seeds}"),
        &["more than half of these regions is fluid", "no probability is 0.99 or more"],
    );
}

#[test]
fn networks_are_means_of_z_within_and_between_and_of_seeds_in_none() {
    let folder = study();
    let dir = folder.path();
    let table = "name\tx\ty\tz\tradius_mm\tnetwork\na l\t3\t3\t3\t3.5\tn/a\na_r\t15\t3\t3\t3.5\tn/a\nb\t3\t12\t9\t3.5\tother one\nc\t15\t12\t9\t3.5\tother one\n";
    text(dir, "regions.tsv", table);
    run(
        dir,
        &format!(
            "{LINE} --mask mask.nii --seed s=sphere:9,6,6:3.5 --regions regions.tsv --network dmn=a_* -q"
        ),
    );
    let networks = Table::read(&dir.join("out/networks.tsv"));
    let pairs: Vec<(&str, &str)> =
        networks.words("network_a").into_iter().zip(networks.words("network_b")).collect();
    let want = [
        ("dmn", "dmn"),
        ("dmn", "other_one"),
        ("dmn", "s"),
        ("other_one", "other_one"),
        ("other_one", "s"),
    ];
    assert_eq!(pairs, want);
    assert_eq!(networks.column("pairs"), [1.0, 4.0, 2.0, 1.0, 2.0]);
    let edges = Table::read(&dir.join("out/edges.tsv"));
    let z = |a: &str, b: &str| {
        let at = edges.rows.iter().position(|row| row[0] == a && row[1] == b).unwrap();
        edges.column("z")[at]
    };
    let between = (z("a_l", "b") + z("a_l", "c") + z("a_r", "b") + z("a_r", "c")) / 4.0;
    let (got, r) = (networks.column("mean_z"), networks.column("r"));
    assert_close("between", &[got[1], r[1]], &[between, between.tanh()], 0.0, 2e-9);
    assert_close("within", &[got[0]], &[z("a_l", "a_r")], 0.0, 2e-9);
}

#[test]
fn the_band_the_global_signal_and_few_degrees_of_freedom_are_told_of() {
    let folder = study();
    let dir = folder.path();
    let seeds = "--mask mask.nii --noise ols --seed a=sphere:9,6,6:4 --seed b=sphere:3,3,9:4";
    // j / 240 s within the band: 3 to 55 of 60, so 4 columns below and 9 above it; the second cosine of the drift is spanned by the pair of j = 1
    assert_told(
        dir,
        &format!("{LINE} {seeds} --band 0.01,0.23"),
        &[
            "113 degrees of freedom for correlations without the band of 0.01 to 0.23 Hz, 101 with it",
        ],
    );
    let gone: String = (30..SHAPE[3]).map(|volume| format!("{volume}\n")).collect();
    text(dir, "gone.txt", &gone);
    assert_told(
        dir,
        &format!("{LINE} {seeds} --censor-volumes gone.txt --global-signal"),
        &["the mean of the mask is taken out of every series", "only 22 degrees of freedom"],
    );
    // j = 3 to 24 lie within the band: 4 columns below it and 71 above.
    let line = format!("{LINE} {seeds} --censor-volumes gone.txt --band 0.01,0.1");
    let refused = said(&boldly(dir, &line));
    assert!(refused.contains("keeps 30 of its 120 volumes for "), "{refused}");
    assert!(refused.contains(" columns, 75 of them of the band"), "{refused}");
    assert!(refused.contains("choose a wider --band or none, censor less strictly"), "{refused}");
    text(dir, "bold.json", "{\"RepetitionTime\": 2, \"TemporalFilter\": \"0.01-0.1 Hz\"}");
    let line = format!("{LINE} {seeds} --band 0.01,0.23");
    assert_told(dir, &line, &["was filtered before (its sidecar says TemporalFilter"]);
}

#[test]
fn the_matrix_holds_what_is_asked_for() {
    let folder = study();
    let dir = folder.path();
    let seeds = "--mask mask.nii --seed a=sphere:9,6,6:4 --seed b=sphere:3,3,9:4 --seed c=sphere:15,3,3:4 -q";
    let edges = || Table::read(&dir.join("out/edges.tsv"));
    run(dir, &format!("{LINE} {seeds} --estimator partial"));
    let matrix = Table::read(&dir.join("out/stat-partialcorrelation_relmat.tsv"));
    assert_eq!(matrix.column("b")[0], edges().column("partial_r")[0]);
    run(dir, &format!("{LINE} {seeds} --estimator beta"));
    let matrix = Table::read(&dir.join("out/stat-beta_relmat.tsv"));
    // r is the geometric mean of both slopes.
    let [there, back] = [matrix.column("b")[0], matrix.column("a")[1]];
    assert_close("r", &[(there * back).sqrt()], &[edges().column("r")[0].abs()], 0.0, 1e-8);
    assert!((there - back).abs() > 1e-3);
    let files: Vec<_> =
        fs::read_dir(dir.join("out")).unwrap().map(|f| f.unwrap().file_name()).collect();
    assert!(!files.iter().any(|f| f.to_string_lossy().contains("pearson")), "{files:?}");
}

#[test]
fn the_summary_of_a_run_with_recordings_has_the_tsnr_of_each_region_as_glm_has_it() {
    use boldly::simulate::write::paths::{BOLD, EVENTS, MASK, PHYSIO};
    let folder = crate::binary::study();
    let dir = folder.path();
    let regions = "a=sphere:0,0,0:25 b=box:12,0,0:60,40,30".split(' ').collect::<Vec<_>>();
    let named = |option: &str| regions.iter().map(|r| format!(" {option} {r}")).collect::<String>();
    let run_of = format!(
        "study/{BOLD} --mask study/{MASK} --physio study/{PHYSIO} --coordinates native --device cpu"
    );
    run(dir, &format!("connect {run_of}{} --shift 12 --out rest", named("--seed")));
    run(
        dir,
        &format!(
            "glm {run_of}{} --events study/{EVENTS} --contrast pain --out task",
            named("--roi")
        ),
    );
    let [rest, task] =
        ["rest", "task"].map(|out| Table::read(&dir.join(out).join("physio_summary.tsv")));
    for column in ["tsnr_a", "tsnr_b", "heart_rate"] {
        assert!(task.column(column)[0] > 1.0, "{column}");
        assert_close(column, &rest.column(column), &task.column(column), 1e-12, 0.0);
    }
    run(dir, "verify rest");
}

/// BIDS: every column of a table is described beside it.
#[test]
fn every_column_of_edges_networks_and_moved_regions_is_described() {
    let folder = study();
    let dir = folder.path();
    let seeds = "--seed a=sphere:6,6,6:4.5 --seed b=sphere:12,9,6:4.5 --network n=a,b --shift 3 -q";
    run(dir, &format!("{LINE} --mask mask.nii {seeds}"));
    for name in ["edges", "networks", "desc-shift_edges"] {
        let table = Table::read(&dir.join(format!("out/{name}.tsv")));
        let described = fs::read_to_string(dir.join(format!("out/{name}.json"))).unwrap();
        let described: serde_json::Value = serde_json::from_str(&described).unwrap();
        for column in &table.names {
            assert!(!described[column].is_null(), "{column} of {name}");
        }
    }
}
