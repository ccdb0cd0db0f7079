//! What the nuisance columns explain to rounding is nothing: of voxels, of regions' means, of seeds, and copies of a seed have nothing to do with it either.

use std::fmt::Write;
use std::path::Path;

use boldly::io::BoldFile;
use boldly::volume::Block;

use crate::binary::{boldly, said, succeeded};
use crate::dataset::{nifti, text};
use crate::made::{SHAPE, Table, map, study};

const LINE: &str = "connect bold.nii --confounds columns.tsv --columns c* --mask mask.nii --device cpu --out out --overwrite --no-pictures";
const LEN: usize = SHAPE[0] * SHAPE[1] * SHAPE[2];

fn at([i, j, k]: [usize; 3]) -> usize {
    i + SHAPE[0] * (j + SHAPE[1] * k)
}

/// The run's values, `[volume][voxel]`.
fn values(dir: &Path) -> Vec<f32> {
    let mut file = BoldFile::open(&dir.join("bold.nii")).unwrap();
    file.read(&Block::whole(file.grid.shape, SHAPE[3])).unwrap().data
}

fn write(dir: &Path, values: &[f32], columns: &[Vec<f64>]) {
    nifti(dir, "bold.nii", &SHAPE, 3.0, |at| values[at]);
    let mut table = (0..columns.len()).map(|c| format!("c{c}")).collect::<Vec<_>>().join("\t");
    table.push('\n');
    for volume in 0..SHAPE[3] {
        let row: Vec<String> = columns.iter().map(|c| format!("{:.6}", c[volume])).collect();
        let _ = writeln!(table, "{}", row.join("\t"));
    }
    text(dir, "columns.tsv", &table);
}

/// The mean series of voxels.
fn mean(values: &[f32], voxels: &[usize]) -> Vec<f64> {
    let of = |t: usize| voxels.iter().map(|v| f64::from(values[t * LEN + v])).sum::<f64>();
    (0..SHAPE[3]).map(|t| of(t) / voxels.len() as f64).collect()
}

#[track_caller]
fn told(dir: &Path, line: &str) -> String {
    said(&succeeded(line, boldly(dir, line)))
}

/// A row of the edges.
fn row<'a>(edges: &'a Table, a: &str, b: &str) -> &'a [String] {
    edges.rows.iter().find(|row| row[0] == a && row[1] == b).unwrap()
}

#[track_caller]
fn assert_not_known(edges: &Table, (a, b): (&str, &str)) {
    for column in ["r", "z", "t", "p", "q", "partial_r"] {
        let at = edges.names.iter().position(|name| name == column).unwrap();
        assert_eq!(row(edges, a, b)[at], "n/a", "{column} of {a} and {b}");
    }
}

#[test]
fn a_region_whose_mean_is_a_column_written_with_six_decimals_is_na_and_has_no_map() {
    let folder = study();
    let dir = folder.path();
    let values = values(dir);
    let voxels: Vec<usize> = (0..LEN)
        .filter(|v| (1..3).contains(&(v % 7)) && (1..3).contains(&(v / 7 % 6)) && v / 42 == 2)
        .collect();
    let seeds = "--seed gone=gone.nii --seed a=sphere:15,12,9:4 --seed b=sphere:3,12,9:4 --coordinates native";
    nifti(dir, "gone.nii", &SHAPE[..3], 3.0, |at| f32::from(u8::from(voxels.contains(&at))));
    write(dir, &values, &[mean(&values, &voxels)]);
    for more in ["", "--global-signal", "--noise ols"] {
        let said = told(dir, &format!("{LINE} {seeds} {more}"));
        assert!(
            said.contains("1 of 3 regions are n/a: the nuisance columns leave nothing of them"),
            "{said}"
        );
        let edges = Table::read(&dir.join("out/edges.tsv"));
        assert_not_known(&edges, ("gone", "a"));
        assert_not_known(&edges, ("gone", "b"));
        // q of the one pair that is known is its p.
        let [p, q] = ["p", "q"].map(|name| edges.names.iter().position(|own| own == name).unwrap());
        assert_eq!(row(&edges, "a", "b")[p], row(&edges, "a", "b")[q]);
        assert_ne!(row(&edges, "a", "b")[p], "n/a");
        assert!(!dir.join("out/seed-gone_stat-t_statmap.nii.gz").exists());
        assert!(dir.join("out/seed-a_stat-t_statmap.nii.gz").exists());
    }
}

/// Four voxels are sums of two columns, as f32 holds them.
#[test]
fn voxels_that_columns_explain_are_no_voxels_of_regions_and_a_seed_of_them_is_na() {
    let folder = study();
    let dir = folder.path();
    let mut values = values(dir);
    let columns = [mean(&values, &[0, 1, 2]), mean(&values, &[3, 4, 5])];
    let weights = [(1, 1, 1.0, 0.0), (2, 1, 2.0, 0.0), (1, 2, -1.0, 2.0), (2, 2, 0.5, 1.0)];
    for (i, j, one, other) in weights {
        for t in 0..SHAPE[3] {
            values[t * LEN + at([i, j, 1])] =
                (one * columns[0][t] + other * columns[1][t] + 100.0) as f32;
        }
    }
    write(dir, &values, &columns);
    let labels = |v: usize| match (v % 7, v / 7 % 6, v / 42) {
        (1, 1, 1) => 1.0,
        (2, 1, 1) => 2.0,
        (1 | 2, 2, 1) => 3.0,
        (4.., 3.., 3) => 4.0,
        // half of its four voxels is explained
        _ => 0.0,
    };
    nifti(dir, "labels_dseg.nii", &SHAPE[..3], 3.0, labels);
    let half = |v: usize| match (v % 7, v / 7 % 6, v / 42) {
        (1 | 2, 1 | 2, 1 | 2) => 1.0,
        _ => 0.0,
    };
    nifti(dir, "half.nii", &SHAPE[..3], 3.0, half);
    let line = format!("{LINE} --seed labels_dseg.nii --seed half=half.nii");
    let said = told(dir, &line);
    assert!(said.contains("4 mask voxels are explained by the nuisance columns"), "{said}");
    assert!(said.contains("3 of 5 regions are n/a: the nuisance columns leave nothing"), "{said}");
    let edges = Table::read(&dir.join("out/edges.tsv"));
    let known: Vec<&[String]> =
        edges.rows.iter().map(Vec::as_slice).filter(|row| row[2] != "n/a").collect();
    assert_eq!(known.len(), 1, "{known:?}");
    assert!(known[0].iter().any(|cell| cell == "half"), "{known:?}");
    let [a, b, coverage] = ["region_a", "region_b", "coverage_b"]
        .map(|name| edges.names.iter().position(|own| own == name).unwrap());
    let of_half = edges.rows.iter().find(|row| row[b] == "half").unwrap();
    assert_eq!((of_half[coverage].as_str(), of_half[a].as_str()), ("0.5000", "label_1"));
    let (mask, t) =
        (map(&dir.join("out"), "mask"), map(&dir.join("out"), "seed-half_stat-t_statmap"));
    for (i, j, ..) in weights {
        assert_eq!((mask[at([i, j, 1])], t[at([i, j, 1])]), (0.0, 0.0));
    }
    assert_eq!(mask.iter().sum::<f64>(), (LEN - 4) as f64);
    // without a seed, too
    told(dir, &format!("{LINE} --regions labels_dseg.nii --regions half=half.nii"));
    assert_eq!(map(&dir.join("out"), "mask"), mask);
    // alone it is refused, with the reason
    let output = boldly(dir, &format!("{LINE} --seed one=sphere:3,3,3:1"));
    assert_eq!(output.status.code(), Some(65), "{}", crate::binary::said(&output));
    assert!(crate::binary::said(&output).contains("than the nuisance columns explain"));
}

#[test]
fn a_copy_of_a_seed_of_one_voxel_elsewhere_has_no_statistic_is_out_of_the_mask_and_told() {
    let folder = study();
    let dir = folder.path();
    let mut values = values(dir);
    let (seed, copy) = (at([5, 2, 2]), at([1, 4, 3]));
    for t in 0..SHAPE[3] {
        values[t * LEN + copy] = values[t * LEN + seed];
    }
    write(dir, &values, &[mean(&values, &[0, 1, 2])]);
    for more in ["", "--noise ols", "--noise arma11"] {
        let line = format!("{LINE} --seed one=sphere:15,6,6:1 --seed b=sphere:3,3,6:4 {more}");
        let said = told(dir, &line);
        assert!(
            said.contains(
                "mask voxels outside a seed have its very series and have no map: 1 of one"
            ),
            "{said}"
        );
        let out = dir.join("out");
        let mask = map(&out, "mask");
        assert_eq!(
            (mask[copy], mask[seed], mask.iter().sum::<f64>()),
            (0.0, 1.0, (LEN - 1) as f64)
        );
        for name in ["one", "b"] {
            for stat in ["effect", "variance", "t", "z", "fisherz"] {
                let map = map(&out, &format!("seed-{name}_stat-{stat}_statmap"));
                assert_eq!(map[copy], 0.0, "{name} {stat}");
                assert_ne!(map[copy - 1], 0.0, "{name} {stat}");
            }
        }
    }
}
