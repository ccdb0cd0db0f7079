//! Several runs: each by itself, and the mean of Fisher's z over them.

use std::fs;
use std::path::Path;

use crate::binary::run;
use crate::common::assert_close;
use crate::made::{self, Table, map, study};

#[test]
fn runs_have_their_own_outputs_and_the_mean_of_fishers_z_has_no_number() {
    let folder = study();
    let dir = folder.path();
    made::run(dir, "again", 6);
    let options = "--seed a=sphere:15,6,6:4 --seed b=sphere:3,6,6:4 --network n=a --columns trans_* --mask mask.nii --noise ols --device cpu -q";
    run(
        dir,
        &format!("connect bold.nii again.nii --confounds bold.tsv again.tsv {options} --out both"),
    );
    run(dir, &format!("connect again.nii --confounds again.tsv {options} --out one"));
    let both = dir.join("both");
    for (of_two, of_one) in
        [("run-2_edges.tsv", "edges.tsv"), ("run-2_timeseries.tsv", "timeseries.tsv")]
    {
        let text = |path| fs::read_to_string(path).unwrap();
        assert_eq!(text(both.join(of_two)), text(dir.join("one").join(of_one)));
    }
    let z = |number: &str| map(&both, &format!("{number}seed-a_stat-fisherz_statmap"));
    let (first, second, mean) = (z("run-1_"), z("run-2_"), z(""));
    let half: Vec<f64> = first.iter().zip(&second).map(|(a, b)| (a + b) / 2.0).collect();
    assert_close("mean of z", &mean, &half, 1e-6, 1e-7);
    let edge = |number: &str| Table::read(&both.join(format!("{number}edges.tsv")));
    let at = |number: &str, name: &str| edge(number).column(name)[0];
    let want = (at("run-1_", "z") + at("run-2_", "z")) / 2.0;
    assert_close("z", &[at("", "z"), at("", "r")], &[want, want.tanh()], 0.0, 2e-9);
    let se = (at("run-1_", "se_z").powi(2) + at("run-2_", "se_z").powi(2)).sqrt() / 2.0;
    assert_close("its error", &[at("", "se_z")], &[se], 0.0, 2e-9);
    assert_eq!(at("", "dof"), at("run-1_", "dof") + at("run-2_", "dof"));
    assert!(at("", "t").is_nan(), "a mean of z has no t");
    let said = |name: &str| fs::read_to_string(both.join(name)).unwrap();
    for (of_two, of_one) in [
        ("The standard error of the mean, the root of", "Its standard error, 1 / sqrt(dof - 1)"),
        ("n/a: t is of one run", "r sqrt(dof / (1 - r²))"),
        ("The same less, in each run, the number of", "dof less the number of other regions"),
    ] {
        let (mean, run) = (said("edges.json"), said("run-1_edges.json"));
        assert!(mean.contains(of_two) && !mean.contains(&format!("\"{of_one}")), "{of_two}");
        assert!(run.contains(of_one) && !run.contains(of_two), "{of_one}");
    }
    let networks = Table::read(&both.join("networks.tsv"));
    assert_eq!((networks.words("network_a"), networks.words("network_b")), (vec!["n"], vec!["b"]));
}

/// SE = √(Σ 1 / (dof - 1)) / runs of runs that count alike, however unlike their degrees of freedom: 1 / √(Σ dof - runs) holds of alike ones alone.
#[test]
fn the_mean_map_says_the_standard_error_that_the_edges_have() {
    let folder = study();
    let dir = folder.path();
    made::run(dir, "again", 6);
    for (name, n_kept) in [("bold", 90), ("again", 20)] {
        let kept: String = (0..120).map(|t| format!("{}\n", u8::from(t < n_kept))).collect();
        fs::write(dir.join(format!("{name}-censor.txt")), kept).unwrap();
    }
    let line = "connect bold.nii again.nii --censor-volumes bold-censor.txt --censor-volumes again-censor.txt --seed a=sphere:15,6,6:4 \
                --seed b=sphere:3,6,6:4 --drift none --mask mask.nii --device cpu --no-pictures -q --out both";
    run(dir, line);
    let both = dir.join("both");
    let said = |name: &str| {
        let path = both.join(format!("{name}seed-a_stat-fisherz_statmap.json"));
        let fields: serde_json::Value =
            serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap();
        ["DegreesOfFreedom", "StandardError"].map(|key| fields[key].as_f64().unwrap())
    };
    // Kept volumes less the constant, less 1.
    let [first, second, mean] = ["run-1_", "run-2_", ""].map(said);
    assert_eq!([first[0], second[0], mean[0]], [88.0, 18.0, 106.0]);
    let want = [1.0 / 87_f64.sqrt(), 1.0 / 17_f64.sqrt(), (1.0 / 87.0 + 1.0 / 17_f64).sqrt() / 2.0];
    assert_close("errors", &[first[1], second[1], mean[1]], &want, 1e-12, 0.0);
    let edges = Table::read(&both.join("edges.tsv")).column("se_z")[0];
    assert_close("of the edges", &[edges], &want[2..], 0.0, 1e-9);
    let text = fs::read_to_string(both.join("seed-a_stat-fisherz_statmap.json")).unwrap();
    assert!(text.contains("StandardError is the root of the sum of the squares"), "{text}");
}

/// Put a series, by volume, into the third voxel of a run.
fn in_voxel_2(path: &Path, value: impl Fn(usize) -> f32) {
    let [ni, nj, nk, n] = made::SHAPE;
    let mut bytes = fs::read(path).unwrap();
    let first = bytes.len() - 4 * ni * nj * nk * n;
    for t in 0..n {
        let at = first + 4 * (t * ni * nj * nk + 2);
        bytes[at..at + 4].copy_from_slice(&value(t).to_le_bytes());
    }
    fs::write(path, bytes).unwrap();
}

#[test]
fn voxels_that_are_constant_in_one_of_two_runs_are_told_of_and_out_of_what_both_have() {
    let folder = study();
    let dir = folder.path();
    made::run(dir, "again", 6);
    let [ni, nj, nk, _] = made::SHAPE;
    in_voxel_2(&dir.join("again.nii"), |_| 0.0);
    let line = "connect bold.nii again.nii --seed a=sphere:15,6,6:4 --mask mask.nii --noise ols --device cpu --out both";
    let output = crate::binary::boldly(dir, line);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(said.contains("again.nii: 1 mask voxel is constant over time"), "{said}");
    assert!(!said.contains("bold.nii: 1 mask voxel"), "{said}");
    let mask = map(&dir.join("both"), "mask");
    assert_eq!((mask[2], mask.iter().sum::<f64>()), (0.0, (ni * nj * nk - 1) as f64));
}

/// A column of one volume takes all that such a voxel has; and a seed of one voxel has nothing to be compared with at its own.
#[test]
fn voxels_that_nuisance_columns_explain_in_one_run_are_out_of_the_mean_and_a_seeds_own_has_no_z() {
    let folder = study();
    let dir = folder.path();
    made::run(dir, "again", 6);
    let [ni, nj, nk, n] = made::SHAPE;
    in_voxel_2(&dir.join("again.nii"), |t| if t == 30 { 700.0 } else { 500.0 });
    for name in ["bold", "again"] {
        let rows: String = (0..n).map(|t| format!("{}\n", u8::from(t == 30))).collect();
        fs::write(dir.join(format!("{name}-spike.tsv")), format!("spike\n{rows}")).unwrap();
    }
    let line = "connect bold.nii again.nii --confounds bold-spike.tsv again-spike.tsv --columns spike --seed a=sphere:15,6,6:1 \
                --mask mask.nii --device cpu --verify --out both";
    let output = crate::binary::boldly(dir, line);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{said}");
    assert!(
        said.contains("again.nii: 1 mask voxel is explained by the nuisance columns"),
        "{said}"
    );
    assert!(!said.contains("bold.nii: 1 mask voxel"), "{said}");
    let both = dir.join("both");
    let [mean, own, mask] =
        ["seed-a_stat-fisherz_statmap", "run-1_seed-a_stat-fisherz_statmap", "mask"]
            .map(|name| map(&both, name));
    assert_eq!((mean[2], mask[2], mask.iter().sum::<f64>()), (0.0, 0.0, (ni * nj * nk - 1) as f64));
    assert!(own[2] != 0.0, "the whole run has its z");
    // 3 mm voxels: the sphere holds one, at 15, 6, 6.
    let seed = 5 + ni * (2 + nj * 2);
    assert_eq!(
        (own[seed], mask[seed]),
        (0.0, 1.0),
        "{:?}",
        own.iter().cloned().fold(0.0, f64::max)
    );
    assert!(own.iter().all(|z| z.abs() < 4.0));
}

#[test]
fn partial_correlations_over_runs_are_given_the_regions_that_all_runs_have() {
    let folder = study();
    let dir = folder.path();
    made::run(dir, "again", 6);
    // Region d is one voxel, which the second run lacks.
    in_voxel_2(&dir.join("again.nii"), |_| 0.0);
    let regions = "--regions a=sphere:15,6,6:4 --regions b=sphere:3,6,6:4 --regions c=sphere:9,12,9:4 --regions d=sphere:6,0,0:1";
    let line = format!(
        "connect bold.nii again.nii {regions} --network n=a,b --mask mask.nii --estimator partial --device cpu --no-pictures --out both"
    );
    let output = crate::binary::succeeded(&line, crate::binary::boldly(dir, &line));
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    let told = "partial correlations over runs are given the regions that all runs have, not d";
    assert!(said.contains(told), "{said}");
    let out = dir.join("both");
    let edge = |number: &str, pair: [&str; 2], column: &str| -> f64 {
        let table = Table::read(&out.join(format!("{number}edges.tsv")));
        let (a, b) = (table.words("region_a"), table.words("region_b"));
        let row = (0..a.len()).find(|&row| [a[row], b[row]] == pair).unwrap();
        table.column(column)[row]
    };
    // r of two given a third, by its formula, of each run; their mean by Fisher's z.
    for [one, other, third] in [["a", "b", "c"], ["a", "c", "b"], ["b", "c", "a"]] {
        let given = |number: &str| {
            let r = |x: &'static str, y: &'static str| {
                edge(number, if x < y { [x, y] } else { [y, x] }, "r")
            };
            let [xy, xz, yz] = [r(one, other), r(one, third), r(other, third)];
            ((xy - xz * yz) / ((1.0 - xz * xz) * (1.0 - yz * yz)).sqrt()).atanh()
        };
        let want = (0.5 * (given("run-1_") + given("run-2_"))).tanh();
        let got = edge("", [one, other], "partial_r");
        assert_close(&format!("{one} {other}"), &[got], &[want], 0.0, 1e-8);
        let dof = ["run-1_", "run-2_"].map(|number| edge(number, [one, other], "dof") - 1.0);
        assert_eq!(edge("", [one, other], "partial_dof"), dof[0] + dof[1]);
    }
    // The first run has all four, and its own is given both others.
    let first = edge("run-1_", ["a", "b"], "partial_dof");
    assert_eq!(first, edge("run-1_", ["a", "b"], "dof") - 2.0);
    assert!(edge("", ["a", "d"], "partial_r").is_nan());
    let text = |name: &str| fs::read_to_string(out.join(name)).unwrap();
    assert!(text("edges.json").contains("partial_r given the other regions that every run has"));
    assert!(!text("run-1_edges.json").contains("that every run has"));
    // What a table does not hold its description does not speak of.
    assert!(!text("networks.json").contains("partial_r"), "{}", text("networks.json"));
    assert!(text("edges.json").contains("The least of the runs' shares of the region's voxels"));
    assert!(!text("run-1_edges.json").contains("The least of the runs'"));
    let matrix = text("stat-partialcorrelation_relmat.json");
    assert!(matrix.contains("given all other regions that every run has"), "{matrix}");
}
