//! Regions that are one under two names, that share voxels, or of which nothing is there, and networks that say less than they seem to.

use std::fs;
use std::path::Path;

use crate::binary::{boldly, run, said, succeeded};
use crate::dataset::{nifti, text};
use crate::made::{self, SHAPE, Table, study};

const LINE: &str = "connect bold.nii --confounds bold.tsv --columns trans_* --mask mask.nii --no-pictures --device cpu --out out --overwrite";
/// A seed that is also a region, two regions that share voxels, and one elsewhere.
const FOUR: &str = "--seed s=sphere:6,6,6:4 --regions a=sphere:6,6,6:4 --regions b=sphere:9,6,6:4 --regions c=sphere:15,12,6:4";

#[track_caller]
fn told(dir: &Path, line: &str) -> String {
    said(&succeeded(line, boldly(dir, line)))
}

/// The row of a pair.
#[track_caller]
fn cell<'a>(edges: &'a Table, pair: [&str; 2], column: &str) -> &'a str {
    let at = edges.rows.iter().position(|row| row[..2] == pair).unwrap();
    edges.words(column)[at]
}

#[test]
fn a_region_under_two_names_is_na_with_itself_and_counts_once_among_all_pairs() {
    let folder = study();
    let dir = folder.path();
    let line = format!("{LINE} {FOUR}");
    let said = told(dir, &line);
    assert!(said.contains("one under two names: s and a (7)"), "{said}");
    let edges = Table::read(&dir.join("out/edges.tsv"));
    for column in ["r", "partial_r", "z", "t", "p", "q"] {
        assert_eq!(cell(&edges, ["s", "a"], column), "n/a", "{column}");
    }
    let matrix = Table::read(&dir.join("out/stat-pearsoncorrelation_relmat.tsv"));
    assert_eq!((matrix.words("a")[0], matrix.words("a")[1]), ("n/a", "1.000000000"));
    // Without the second name all else is the same: q of three pairs, partial correlations given one other.
    run(dir, &format!("{LINE} {} -q", FOUR.replace("--regions a=sphere:6,6,6:4 ", "")));
    let once = Table::read(&dir.join("out/edges.tsv"));
    for column in ["r", "partial_r", "partial_dof", "t", "p", "q"] {
        for other in ["b", "c"] {
            let want = cell(&once, ["s", other], column);
            assert_ne!(want, "n/a");
            assert_eq!(cell(&edges, ["s", other], column), want, "{column} of s and {other}");
            assert_eq!(cell(&edges, ["a", other], column), want, "{column} of a and {other}");
        }
        assert_eq!(cell(&edges, ["b", "c"], column), cell(&once, ["b", "c"], column));
    }
}

#[test]
fn voxels_that_two_regions_share_are_counted_and_a_seeds_own_are_told_of_in_its_maps() {
    let folder = study();
    let dir = folder.path();
    run(dir, &format!("{LINE} {FOUR} -q"));
    let edges = Table::read(&dir.join("out/edges.tsv"));
    // Seven voxels a sphere: their centres and one neighbour of each are in both.
    let shared = [["s", "a"], ["s", "b"], ["a", "b"], ["s", "c"], ["b", "c"]];
    let n: Vec<&str> = shared.iter().map(|pair| cell(&edges, *pair, "shared_voxels")).collect();
    assert_eq!(n, ["7", "2", "2", "0", "0"]);
    let json = |name: &str| -> serde_json::Value {
        serde_json::from_str(&fs::read_to_string(dir.join("out").join(name)).unwrap()).unwrap()
    };
    for stat in ["t", "fisherz", "p"] {
        let map = json(&format!("seed-s_stat-{stat}_statmap.json"));
        assert_eq!(map["SeedVoxels"], 7, "{stat}");
        let description = map["Description"].as_str().unwrap();
        assert!(description.contains("in the seed's own 7 voxels"), "{stat}: {description}");
    }
}

#[test]
fn regions_that_the_mask_makes_one_are_told_of_and_over_runs_they_are_na_too() {
    let folder = study();
    let dir = folder.path();
    made::run(dir, "again", 6);
    // Of the larger sphere the mask leaves the smaller one.
    let inner = |at: usize| {
        let [i, j, k] = [at % SHAPE[0], at / SHAPE[0] % SHAPE[1], at / (SHAPE[0] * SHAPE[1])];
        let d = [i as f64 - 2.0, j as f64 - 2.0, k as f64 - 2.0].map(|d| d * d).iter().sum::<f64>();
        f32::from(u8::from(d <= 1.0 || i > 3))
    };
    nifti(dir, "part.nii", &SHAPE[..3], 3.0, inner);
    let regions =
        "--regions s=sphere:6,6,6:3 --regions l=sphere:6,6,6:4.3 --regions c=sphere:15,6,6:3";
    let line =
        LINE.replace("bold.nii", "bold.nii again.nii").replace("bold.tsv", "bold.tsv again.tsv");
    let line = line.replace("mask.nii", "part.nii");
    let said = told(dir, &format!("{line} {regions} --min-coverage 0.2"));
    assert!(
        said.contains("are the same voxels, and they are one under two names: s and l"),
        "{said}"
    );
    assert!(!said.contains("regions have the same voxels"), "{said}");
    let edges = Table::read(&dir.join("out/edges.tsv"));
    assert_eq!(["z", "p", "q"].map(|column| cell(&edges, ["s", "l"], column)), ["n/a"; 3]);
    // One test is left, so that q is p.
    assert_eq!(cell(&edges, ["s", "c"], "q"), cell(&edges, ["s", "c"], "p"));
    assert_eq!(cell(&edges, ["l", "c"], "q"), cell(&edges, ["s", "c"], "p"));
    let matrix = Table::read(&dir.join("out/stat-pearsoncorrelation_relmat.tsv"));
    assert_eq!(
        (0..3).map(|at| matrix.rows[at][at + 1].as_str()).collect::<Vec<_>>(),
        ["1.000000000"; 3]
    );
}

#[test]
fn copied_voxels_have_one_series_and_no_p() {
    let folder = study();
    let dir = folder.path();
    let (_, _, stored) = (0, 0, fs::read(dir.join("bold.nii")).unwrap());
    let values: Vec<f32> = stored[352..]
        .chunks_exact(4)
        .map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]]))
        .collect();
    // The plane at the right is a copy of that at the left.
    let last = SHAPE[0] - 1;
    nifti(dir, "bold.nii", &SHAPE, 3.0, |at| {
        values[if at % SHAPE[0] == last { at - last } else { at }]
    });
    let said = told(
        dir,
        &format!(
            "{LINE} --regions l=box:0,6,6:2,7,7 --regions r=box:18,6,6:2,7,7 --regions m=box:9,6,6:2,7,7"
        ),
    );
    assert!(said.contains("regions of different voxels have one series: l and r"), "{said}");
    let edges = Table::read(&dir.join("out/edges.tsv"));
    assert_eq!(["z", "t", "p", "q"].map(|column| cell(&edges, ["l", "r"], column)), ["n/a"; 4]);
    assert!(cell(&edges, ["l", "m"], "q").parse::<f64>().is_ok());
}

#[test]
fn regions_of_which_nothing_is_there_are_na_and_seeds_all_refused_at_once() {
    let folder = study();
    let dir = folder.path();
    let table = "name\tx\ty\tz\tradius_mm\nin\t6\t6\t6\t4\nalso\t15\t6\t6\t4\noff\t300\t0\t0\t5\nsmall\t7.5\t7.5\t7.5\t0.5\nout\t3\t3\t0\t3\n";
    text(dir, "r.tsv", table);
    nifti(dir, "part.nii", &SHAPE[..3], 3.0, |at| {
        f32::from(u8::from(at / (SHAPE[0] * SHAPE[1]) > 1))
    });
    let line = format!("{} --regions r.tsv", LINE.replace("mask.nii", "part.nii"));
    let said = told(dir, &line);
    for part in [
        "2 of 5 regions are n/a: no voxel's centre of the run lies in them",
        "off (0 %, 0 voxels), small (0 %, 0 voxels)",
        "1 of 5 regions are n/a: none of their voxels is in the mask",
        "out (0 %, 0 voxels)",
    ] {
        assert!(said.contains(part), "{part:?} is not in:\n{said}");
    }
    let edges = Table::read(&dir.join("out/edges.tsv"));
    assert_eq!(edges.words("r").iter().filter(|r| **r != "n/a").count(), 1);
    assert_eq!(cell(&edges, ["off", "small"], "shared_voxels"), "0");
    let refused = |more: &str, parts: &[&str]| {
        let output = boldly(dir, &format!("{line} {more}"));
        assert_eq!(output.status.code(), Some(65), "{}", crate::binary::said(&output));
        for part in parts {
            let said = crate::binary::said(&output);
            assert!(said.contains(part), "{part:?} is not in:\n{said}");
        }
    };
    let away = "--seed p=sphere:300,0,0:5 --seed q=sphere:7.5,7.5,7.5:0.5 --seed ok=sphere:9,9,9:4";
    refused(away, &["2 regions hold no voxel", "'p' (outside the field of view), 'q' (too small)"]);
    let masked = "--seed p=sphere:3,3,0:2 --seed q=sphere:9,3,0:2 --seed ok=sphere:9,9,9:4";
    refused(masked, &["has no voxel of these seeds", ": 'p', 'q'", "--regions"]);
}

#[test]
fn networks_of_one_region_those_that_share_one_and_regions_in_none_are_told_of() {
    let folder = study();
    let dir = folder.path();
    let regions = "--regions a=sphere:3,6,6:4 --regions b=sphere:9,6,6:3 --regions c=sphere:15,6,6:3 --regions d=sphere:9,12,6:2";
    let said =
        told(dir, &format!("{LINE} {regions} --network n=a,b --network m=b --network o=b,c"));
    for part in [
        "networks of one region have no pair within them, and no row with themselves in networks.tsv: m (b)",
        "regions are in several networks, and their pairs count in each, between two also those within both: b (n, m, o)",
        "regions in no network, and so in no row of networks.tsv: d",
    ] {
        assert!(said.contains(part), "{part:?} is not in:\n{said}");
    }
    for line in
        [format!("{regions} --network n=a"), "--seed a=sphere:3,6,6:4 --network n=a".to_owned()]
    {
        let output = boldly(dir, &format!("{LINE} {line}"));
        assert_eq!(output.status.code(), Some(2), "{}", crate::binary::said(&output));
        let said = crate::binary::said(&output);
        assert!(said.contains("--network n has one region, a"), "{said}");
    }
    text(dir, "r.tsv", "name\tx\ty\tz\tradius_mm\tnetwork\na\t3\t6\t6\t4\tx\nb\t9\t6\t6\t3\tn/a\n");
    let said = told(dir, &format!("{LINE} --regions r.tsv"));
    assert!(said.contains("network x of the table of regions has a alone"), "{said}");
    assert!(!dir.join("out/networks.tsv").exists());
}

#[test]
fn columns_that_others_span_are_told_apart_where_degrees_of_freedom_are() {
    let folder = study();
    let dir = folder.path();
    let own = fs::read_to_string(dir.join("bold.tsv")).unwrap();
    let twice: Vec<String> = own
        .lines()
        .map(|line| {
            let x = line.split('\t').next().unwrap();
            if x == "trans_x" { format!("{line}\ttrans_q") } else { format!("{line}\t{x}") }
        })
        .collect();
    text(dir, "bold.tsv", &(twice.join("\n") + "\n"));
    let line = format!("{} {FOUR}", LINE.replace(" --no-pictures", ""));
    let said = told(dir, &line);
    // 3 of motion, 3 cosines and the constant; 6 are independent
    let want = "113 degrees of freedom for correlations: 120 volumes less 6 of 7 columns (1 spanned by the others), less 1";
    assert!(said.contains(want), "{said}");
    for name in ["seed-s_statmap.svg", "stat-pearsoncorrelation_relmat.svg"] {
        let picture = made::words(&fs::read_to_string(dir.join("out").join(name)).unwrap());
        assert!(picture.contains("7 nuisance columns (6 of them independent)"), "{name}");
    }
}

#[test]
fn names_without_a_voxel_are_told_and_of_many_confounds_the_first() {
    let folder = study();
    let dir = folder.path();
    nifti(dir, "atlas.nii", &SHAPE[..3], 3.0, |at| (1 + at % 2) as f32);
    text(dir, "names.tsv", "index\tname\n0\tair\n1\ta\n2\tb\n7\tlost\n");
    let head: Vec<String> = (0..40).map(|column| format!("q{column}")).collect();
    let row = |t: usize| {
        let cell = |column: usize| ((t * t * (column + 3)) as f64 * 0.37).sin().to_string();
        (0..40).map(cell).collect::<Vec<_>>().join("\t")
    };
    let rows: Vec<String> = (0..SHAPE[3]).map(row).collect();
    text(dir, "many.tsv", &format!("{}\n{}\n", head.join("\t"), rows.join("\n")));
    let line = LINE.replace("bold.tsv --columns trans_*", "many.tsv --columns q*");
    let said = told(dir, &format!("{line} --regions atlas.nii --labels names.tsv"));
    assert!(
        said.contains("names of labels without a voxel in atlas.nii, and so without a row: lost\n"),
        "{said}"
    );
    assert!(
        said.contains("confounds (40): q0, q1,") && said.contains(", q35 and 4 more\n"),
        "{said}"
    );
    assert!(!said.contains("q36"), "{said}");
}
