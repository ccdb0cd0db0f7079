//! Regions: where shapes, masks and atlases lie on a grid, what `glm --roi` says of them, and of the same regions moved.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::fs;
use std::path::Path;

use boldly::pipeline::regions::{Regions, open};
use boldly::pipeline::spec::{GivenRegion, RegionOptions};
use boldly::pipeline::watch::Quiet;
use boldly::volume::Grid;

#[path = "binary/mod.rs"]
mod binary;
#[path = "common/mod.rs"]
mod common;
#[path = "bad_input/dataset.rs"]
#[allow(dead_code, reason = "of its helpers some are used")]
mod dataset;

use binary::{boldly, run, said, succeeded};
use dataset::{SHAPE, copy, good_dataset, nifti, second_run, text, value};

const GLM: &str = "glm bold.nii --events events.tsv --mask mask.nii --contrast pain-control --task-times start --device cpu";
/// Around voxels 1 to 3, 1 to 3, 0 to 2 of a grid of 3 mm.
const BOX: &str = "box:6,6,3:7,7,7";

fn is_in_box([i, j, k]: [usize; 3]) -> bool {
    (1..=3).contains(&i) && (1..=3).contains(&j) && k <= 2
}

fn places() -> impl Iterator<Item = [usize; 3]> {
    let [ni, nj, nk, _] = SHAPE;
    (0..ni * nj * nk).map(move |v| [v % ni, v / ni % nj, v / (ni * nj)])
}

/// A table's rows, each a list of cells by the names of columns.
fn table(path: &Path) -> Vec<std::collections::BTreeMap<String, String>> {
    let text = fs::read_to_string(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    let names: Vec<&str> = text.lines().next().unwrap().split('\t').collect();
    let row = |line: &str| {
        let cells = names.iter().zip(line.split('\t'));
        cells.map(|(name, cell)| ((*name).to_owned(), cell.to_owned())).collect()
    };
    text.lines().skip(1).map(row).collect()
}

fn number(row: &std::collections::BTreeMap<String, String>, column: &str) -> f64 {
    row[column].parse().unwrap_or_else(|_| panic!("{column} is {}", row[column]))
}

#[test]
fn the_mean_of_the_map_is_the_effect_of_the_mean_series_under_ordinary_least_squares() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path();
    good_dataset(dir);
    run(dir, &format!("{GLM} --noise ols --scaling none --roi a={BOX} --out out"));
    let rows = table(&dir.join("out/contrast-painMinusControl_regions.tsv"));
    let (effect, of_map) = (number(&rows[0], "effect"), number(&rows[0], "map_effect"));
    // A mean of about 1000 has steps of 6e-5 as f32; what it differs from its own mean by has not.
    assert!((effect - of_map).abs() < 1e-7 && effect.abs() > 0.1, "{effect} for {of_map}");
    assert_eq!((rows[0]["voxels"].as_str(), rows[0]["coverage"].as_str()), ("27", "1"));
}

#[test]
fn a_regions_row_is_the_fit_of_a_run_that_has_its_mean_as_its_only_voxel() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path();
    good_dataset(dir);
    let n = SHAPE[0] * SHAPE[1] * SHAPE[2];
    let inside: Vec<usize> =
        places().enumerate().filter(|(_, at)| is_in_box(*at)).map(|(v, _)| v).collect();
    let mean = |t: usize| {
        inside.iter().map(|v| f64::from(value(t * n + v))).sum::<f64>() / inside.len() as f64
    };
    nifti(dir, "mean.nii", &[1, 1, 1, SHAPE[3]], 3.0, |t| mean(t) as f32);
    nifti(dir, "one.nii", &[1, 1, 1], 3.0, |_| 1.0);
    text(dir, "mean.json", "{\"RepetitionTime\": 2.0}");
    let alone = GLM.replace("bold.nii", "mean.nii").replace("mask.nii", "one.nii");
    run(dir, &format!("{alone} --rho-fwhm 0 --two-sided --out alone"));
    run(dir, &format!("{GLM} --roi a={BOX} --out out"));
    let row = &table(&dir.join("out/contrast-painMinusControl_regions.tsv"))[0];
    for (column, stat) in [("effect", "effect"), ("t", "t"), ("p", "p")] {
        let name = format!("alone/contrast-painMinusControl_stat-{stat}_statmap.nii.gz");
        let want = f64::from(boldly::io::read_map(&dir.join(name)).unwrap().2[0]);
        let got = number(row, column);
        assert!((got - want).abs() < 1e-4 * want.abs(), "{column}: {got} for {want}");
    }
    let (effect, se) = (number(row, "effect"), number(row, "standard_error"));
    assert!((effect / se - number(row, "t")).abs() < 1e-9);
    let half = number(row, "upper_95") - effect;
    let dof = number(row, "dof");
    assert!((half - se * boldly::stats::tails::critical_t(0.025, dof)).abs() < 1e-9 * half);
    // The voxels' own mean over sd, by hand.
    let tsnr = |v: usize| {
        let series = || (0..SHAPE[3]).map(|t| f64::from(value(t * n + v)));
        let mean = series().sum::<f64>() / SHAPE[3] as f64;
        let square: f64 = series().map(|y| (y - mean).powi(2)).sum();
        mean / (square / (SHAPE[3] - 1) as f64).sqrt()
    };
    let want = inside.iter().map(|&v| tsnr(v)).sum::<f64>() / inside.len() as f64;
    assert!((number(row, "tsnr") - want).abs() < 1e-9 * want, "{} for {want}", row["tsnr"]);
}

#[test]
fn voxels_of_one_value_throughout_are_not_in_a_regions_mean_and_that_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path();
    good_dataset(dir);
    let [ni, nj, nk, _] = SHAPE;
    let of_volume = ni * nj * nk;
    // From the third plane on nothing was measured.
    let is_live = |v: usize| v / (ni * nj) < 2;
    let dead = |at: usize| if is_live(at % of_volume) { value(at) } else { 7.0 };
    nifti(dir, "bold.nii", &SHAPE, 3.0, dead);
    nifti(dir, "mask.nii", &[ni, nj, nk], 3.0, |_| 1.0);
    let half =
        |at: usize| if is_in_box([at % ni, at / ni % nj, at / (ni * nj)]) { 1.0 } else { 0.0 };
    nifti(dir, "live.nii", &[ni, nj, nk], 3.0, |at| if is_live(at) { half(at) } else { 0.0 });
    for scaling in ["none", "psc"] {
        let line = format!(
            "{GLM} --noise ols --scaling {scaling} --roi a={BOX} --roi b=live.nii --out {scaling}"
        );
        let told = said(&succeeded(&line, boldly(dir, &line)));
        let warning =
            "bold.nii: 9 of the 27 voxels of a hold one value throughout and are not in its mean";
        assert!(told.contains(warning), "{told}");
        let rows = table(&dir.join(scaling).join("contrast-painMinusControl_regions.tsv"));
        for column in ["voxels", "effect", "standard_error", "tsnr", "map_effect"] {
            assert_eq!(rows[0][column], rows[1][column], "{column}, {scaling}");
        }
        assert_eq!(
            (rows[0]["voxels"].as_str(), rows[0]["coverage"].as_str()),
            ("18", "0.6666666666666666")
        );
    }
}

#[test]
fn p_beside_an_interval_is_of_both_tails_whatever_the_maps_count() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path();
    good_dataset(dir);
    let of = |contrast: &str, more: &str| {
        let line = GLM.replace("pain-control", contrast);
        let line = format!("{line} {more} --roi a={BOX} --shift 3 --out out --overwrite");
        let told = said(&succeeded(&line, boldly(dir, &line)));
        assert!(told.contains("two-sided p "), "{told}");
        let json = fs::read_to_string(dir.join("out/contrast-x_regions.json")).unwrap();
        assert!(json.contains("Two-sided, both tails of t, as the interval"), "{json}");
        let row = table(&dir.join("out/contrast-x_regions.tsv")).remove(0);
        let moved = table(&dir.join("out/contrast-x_desc-shift_regions.tsv")).remove(0);
        assert_eq!(row["p"], moved["p"]);
        [number(&row, "p"), number(&row, "t"), number(&row, "dof")]
    };
    let [p, t, dof] = of("x=pain-control", "");
    let one = boldly::stats::tails::TTail::new(dof).ln_sf(t.abs()).exp();
    assert!((p - 2.0 * one).abs() < 1e-9 * p, "{p} for {one} a side");
    let [back, turned, _] = of("x=control-pain", "");
    assert!((back - p).abs() < 1e-9 * p && (turned + t).abs() < 1e-9 * t.abs());
    assert_eq!(of("x=pain-control", "--two-sided")[0], p);
}

#[test]
fn which_moves_leave_a_region_as_it_is_is_told_and_stands_in_its_rows() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path();
    good_dataset(dir);
    // Of a single voxel 3 mm from others: moved by 1 mm its radius of 1.9 still holds it alone. b gets and loses voxels.
    let regions = "--roi a=sphere:6,6,3:1.9 --roi b=sphere:7.5,6,3:3.2";
    let line = format!("{GLM} {regions} --shift 1 --out out");
    let told = said(&succeeded(&line, boldly(dir, &line)));
    let moved = table(&dir.join("out/contrast-painMinusControl_desc-shift_regions.tsv"));
    let changed: Vec<(&str, &str)> =
        moved.iter().map(|row| (row["region"].as_str(), row["changed"].as_str())).collect();
    let (first, second) = changed.split_at(7);
    assert_eq!(first[0], ("a", "n/a"));
    for (row, cells) in moved.iter().zip(&changed) {
        let given = &moved[if row["region"] == "a" { 0 } else { 7 }];
        // a move that changes nothing has the row of the region as it was given
        assert_eq!(
            cells.1 == "no",
            cells.1 != "n/a" && row["effect"] == given["effect"],
            "{row:?}"
        );
    }
    assert!(first[1..].iter().all(|(_, cell)| *cell == "no"), "{first:?}");
    assert!(second[1..].iter().all(|(_, cell)| *cell == "yes"), "{second:?}");
    assert!(told.contains("--shift 1 leaves regions as they are"), "{told}");
    assert!(told.contains(": a (-x, +x, -y, +y, -z, +z)\n"), "{told}");
    let nothing = format!("{GLM} --roi a=sphere:6,6,3:1.9 --shift 1 --out nothing");
    let output = boldly(dir, &nothing);
    assert_eq!(output.status.code(), Some(2), "{}", said(&output));
    assert!(said(&output).contains("--shift 1 leaves every region as it is"), "{}", said(&output));
}

#[test]
fn a_region_moved_by_a_voxel_is_the_region_that_lies_there_be_it_a_shape_or_a_mask() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path();
    good_dataset(dir);
    let inside: Vec<bool> = places().map(is_in_box).collect();
    nifti(dir, "box.nii", &SHAPE[..3], 3.0, |v| f32::from(u8::from(inside[v])));
    let there = "box:9,6,3:7,7,7";
    run(dir, &format!("{GLM} --roi a={BOX} --roi m=box.nii --roi b={there} --shift 3 --out out"));
    let plain = table(&dir.join("out/contrast-painMinusControl_regions.tsv"));
    let moved = table(&dir.join("out/contrast-painMinusControl_desc-shift_regions.tsv"));
    assert_eq!((plain.len(), moved.len()), (3, 21));
    let of = |region: &str, shift: [&str; 3]| {
        let is_it = |row: &&std::collections::BTreeMap<String, String>| {
            let shifts = ["shift_x", "shift_y", "shift_z"].map(|axis| row[axis].as_str());
            row["region"] == region && shifts == shift
        };
        let row = moved.iter().find(is_it).unwrap();
        ["effect", "standard_error", "t", "voxels"].map(|column| row[column].clone())
    };
    let b = of("b", ["0", "0", "0"]);
    assert_eq!(of("a", ["3", "0", "0"]), b);
    assert_eq!(of("m", ["3", "0", "0"]), b);
    assert_ne!(of("a", ["-3", "0", "0"]), b);
    assert_eq!(of("a", ["0", "0", "0"])[0], plain[0]["effect"]);
    // Below plane 0 there is nothing: a third of the box is lost.
    assert_eq!(of("m", ["0", "0", "-3"])[3], "18");
    run(dir, "verify out");
    // Of voxels of 3 mm a mask is moved by one where 4 mm are asked for, which is written and told.
    let line = format!("{GLM} --roi a={BOX} --roi m=box.nii --shift 4 --overwrite --out out");
    let told = said(&succeeded(&line, boldly(dir, &line)));
    let note = "moved by whole voxels, 3 mm along x, 3 mm along y, 3 mm along z: m\n";
    assert!(told.contains(note), "{told}");
    let moved = table(&dir.join("out/contrast-painMinusControl_desc-shift_regions.tsv"));
    let far = |row: usize| [&moved[row]["region"], &moved[row]["shift_x"]].map(String::as_str);
    assert_eq!([far(1), far(8)], [["a", "-4"], ["m", "-3"]]);
}

#[test]
fn of_several_runs_each_has_a_row_and_the_last_is_their_mean() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path();
    good_dataset(dir);
    second_run(dir);
    nifti(dir, "second_bold.nii", &SHAPE, 3.0, |n| value(3 * n + 1));
    let line = GLM
        .replace("bold.nii", "bold.nii second_bold.nii")
        .replace("--events events.tsv", "--events events.tsv events.tsv");
    run(dir, &format!("{line} --roi a={BOX} --out out"));
    let rows = table(&dir.join("out/contrast-painMinusControl_regions.tsv"));
    let runs: Vec<&str> = rows.iter().map(|row| row["run"].as_str()).collect();
    assert_eq!(runs, ["bold", "second_bold", "all"]);
    let [one, two, all] = [0, 1, 2].map(|at| number(&rows[at], "effect"));
    assert!((all - (one + two) / 2.0).abs() < 1e-9, "{all} of {one} and {two}");
    let [one, two, all] = [0, 1, 2].map(|at| number(&rows[at], "standard_error"));
    assert!((all - (one * one + two * two).sqrt() / 2.0).abs() < 1e-9);
    // Two of one name are told apart.
    fs::create_dir(dir.join("two")).unwrap();
    fs::copy(dir.join("second_bold.nii"), dir.join("two/bold.nii")).unwrap();
    fs::copy(dir.join("bold.json"), dir.join("two/bold.json")).unwrap();
    let line = line.replace("second_bold.nii", "two/bold.nii");
    run(dir, &format!("{line} --roi a={BOX} --out same"));
    let rows = table(&dir.join("same/contrast-painMinusControl_regions.tsv"));
    let runs: Vec<&str> = rows.iter().map(|row| row["run"].as_str()).collect();
    assert_eq!(runs, ["bold (1)", "bold (2)", "all"]);
}

#[test]
fn a_region_of_several_runs_is_the_voxels_that_all_of_them_have_whatever_their_order() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path();
    good_dataset(dir);
    second_run(dir);
    let [ni, nj, nk, _] = SHAPE;
    let of_volume = ni * nj * nk;
    // nine voxels of the box flat, and one missing in one volume
    let lost = |at: usize| match at % of_volume {
        v if v / (ni * nj) == 2 => 1005.0,
        v if v == 1 + ni && at / of_volume == 5 => f32::NAN,
        _ => value(3 * at + 1),
    };
    nifti(dir, "second_bold.nii", &SHAPE, 3.0, lost);
    let of = |runs: &str, mask: &str, out: &str| {
        let line = GLM.replace("bold.nii", runs).replace("--mask mask.nii", mask);
        let line = line.replace("--events events.tsv", "--events events.tsv events.tsv");
        let line = format!("{line} --roi a={BOX} --out {out}");
        let told = said(&succeeded(&line, boldly(dir, &line)));
        let own = "second_bold.nii: 9 of the 27 voxels of a hold one value throughout";
        assert_eq!(told.matches(own).count(), 1, "{told}");
        let mut rows = table(&dir.join(out).join("contrast-painMinusControl_regions.tsv"));
        rows.sort_by_key(|row| row["run"].clone());
        rows
    };
    for mask in ["--mask mask.nii", ""] {
        let there = of("bold.nii second_bold.nii", mask, &format!("there{}", mask.len()));
        let back = of("second_bold.nii bold.nii", mask, &format!("back{}", mask.len()));
        for (there, back) in there.iter().zip(&back) {
            let (effect, other) = (number(there, "effect"), number(back, "effect"));
            assert!((effect - other).abs() < 1e-9, "{}: {effect}, {other}", there["run"]);
            assert_eq!(there["voxels"], back["voxels"]);
        }
        assert_eq!((there[1]["run"].as_str(), there[1]["voxels"].as_str()), ("bold", "17"));
        assert_eq!(there[2]["voxels"], "17", "{:?}", there[2]);
    }
}

#[test]
fn coordinates_are_taken_in_a_template_and_in_a_native_run_where_the_user_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path();
    good_dataset(dir);
    for name in [
        "sub-01_task-pain_bold",
        "sub-01_task-pain_space-MNI152NLin6Asym_bold",
        "sub-01_task-pain_space-T1w_bold",
    ] {
        copy(dir, "bold.nii", &format!("{name}.nii"));
        copy(dir, "bold.json", &format!("{name}.json"));
    }
    let line = |name: &str, more: &str| {
        let glm = GLM.replace("bold.nii", &format!("sub-01_task-pain{name}_bold.nii"));
        format!("{glm} --roi a={BOX} {more} --out out{}", name.len() + more.len())
    };
    for (name, more) in [
        ("_space-MNI152NLin6Asym", ""),
        ("", "--coordinates native"),
        ("_space-T1w", "--coordinates template"),
    ] {
        let line = line(name, more);
        succeeded(&line, boldly(dir, &line));
    }
    for (name, why) in [("", "its name has no space-"), ("_space-T1w", "space-T1w")] {
        let output = boldly(dir, &line(name, ""));
        assert_eq!(output.status.code(), Some(2), "{}", said(&output));
        assert!(said(&output).contains(why), "{}", said(&output));
    }
    let plain = boldly(dir, &format!("{GLM} --roi a={BOX} --out plain"));
    assert!(said(&plain).contains("warning: nothing says which space"), "{}", said(&plain));
}

/// Turned by 30 degrees about z and stretched.
fn oblique() -> Grid {
    let (s, c) = (0.5, 0.75_f64.sqrt());
    Grid {
        shape: [14, 12, 10],
        affine: [
            [-2.5 * c, -3.0 * s, 0.0, 20.0],
            [-2.5 * s, 3.0 * c, 0.0, -11.0],
            [0.0, 0.0, 2.0, -9.0],
            [0.0, 0.0, 0.0, 1.0],
        ],
        voxel_size_mm: [2.5, 3.0, 2.0],
        is_placed: true,
    }
}

fn opened(given: &[&str], grid: &Grid) -> Regions {
    let given = given.iter().map(|text| text.parse::<GivenRegion>().unwrap()).collect();
    let options = RegionOptions { given, ..RegionOptions::default() };
    open(&options, (grid, "the run"), &Quiet).unwrap()
}

#[test]
fn a_shape_holds_the_voxels_whose_centres_it_holds_whatever_the_affine() {
    let grid = oblique();
    let centre = grid.millimetres([6, 5, 4]);
    let at = centre.map(|x| format!("{x}")).join(",");
    let regions = opened(&[&format!("a=sphere:{at}:7"), &format!("b=box:{at}:9,4,30")], &grid);
    let want = |is_in: &dyn Fn([f64; 3]) -> bool| -> Vec<usize> {
        let off = |v: usize| {
            let mm = grid.millimetres(grid.coordinates(v));
            std::array::from_fn(|i| mm[i] - centre[i])
        };
        (0..grid.n_voxels()).filter(|&v| is_in(off(v))).collect()
    };
    let sphere = want(&|d| d.iter().map(|x| x * x).sum::<f64>() <= 49.0);
    assert!(sphere.len() > 50 && regions.all[0].voxels == sphere);
    assert_eq!(regions.all[0].on_grid, 1.0);
    let cuboid = want(&|d| d[0].abs() <= 4.5 && d[1].abs() <= 2.0 && d[2].abs() <= 15.0);
    assert_eq!(regions.all[1].voxels, cuboid);
    // 20 of its 30 mm along z lie on the grid.
    assert!((regions.all[1].on_grid - 20.0 / 30.0).abs() < 0.04, "{}", regions.all[1].on_grid);
}

#[test]
fn coverage_counts_what_is_not_analysed_and_what_lies_beyond_the_grid() {
    let grid = oblique();
    let edge = grid.millimetres([6, 5, 0]);
    let at = format!("{},{},{}", edge[0], edge[1], edge[2] - 1.0);
    // Its centre lies on the lower face of the grid: half of the sphere is on it.
    let region = &opened(&[&format!("a=sphere:{at}:6")], &grid).all[0];
    assert!((region.on_grid - 0.5).abs() < 0.02, "{}", region.on_grid);
    let mut inside = vec![true; grid.n_voxels()];
    region.voxels.iter().step_by(2).for_each(|&v| inside[v] = false);
    let within = region.within(&inside);
    let share = within.voxels.len() as f64 / region.voxels.len() as f64;
    assert!((within.coverage - share * region.on_grid).abs() < 1e-12);
    assert!((within.coverage - 0.25).abs() < 0.03, "{}", within.coverage);
}

#[test]
fn a_table_of_regions_gives_spheres_and_shapes_with_their_networks() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("regions.tsv");
    let rows = "name\tx\ty\tz\tradius_mm\tshape\tnetwork\tsource\n\
                a\t6\t6\t3\t3.1\tn/a\tdmn\tread\nb\t0\t0\t0\t1\tbox:6,6,3:7,7,7\tn/a\t\n";
    fs::write(&path, rows).unwrap();
    let mut grid = oblique();
    grid.affine =
        [[3.0, 0.0, 0.0, 0.0], [0.0, 3.0, 0.0, 0.0], [0.0, 0.0, 3.0, 0.0], [0.0, 0.0, 0.0, 1.0]];
    let regions = opened(&[&path.display().to_string()], &grid);
    let told: Vec<_> =
        regions.all.iter().map(|r| (r.name.as_str(), r.voxels.len(), r.network.clone())).collect();
    assert_eq!(told, [("a", 7, Some("dmn".to_owned())), ("b", 27, None)]);
}

#[test]
fn an_atlas_is_named_by_the_table_beside_it_and_labels_of_one_name_by_their_numbers_too() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path();
    nifti(dir, "atlas.nii", &SHAPE[..3], 3.0, |v| (v % 4) as f32);
    text(dir, "atlas.tsv", "index\tname\n1\tinsula\n3\tinsula\n");
    let grid = boldly::io::read_map(&dir.join("atlas.nii")).unwrap().0;
    let path = dir.join("atlas.nii").display().to_string();
    let regions = opened(&[&path], &grid);
    let names: Vec<&str> = regions.all.iter().map(|r| r.name.as_str()).collect();
    assert_eq!(names, ["insula (1)", "label 2", "insula (3)"]);
    assert_eq!(regions.found.len(), 1, "the table is among the files that were read");
    assert!(regions.all[1].voxels.iter().all(|v| v % 4 == 2) && regions.all[1].voxels.len() == 30);
    // Labels below 0 are no regions, and that is said.
    good_dataset(dir);
    nifti(dir, "below.nii", &SHAPE[..3], 3.0, |v| (v % 4) as f32 - 1.0);
    let line = format!("{GLM} --roi below.nii --out below");
    let told = said(&succeeded(&line, boldly(dir, &line)));
    assert!(told.contains("30 voxels of below.nii have labels below 0 (-1)"), "{told}");
    // A mask is one region, called as its file.
    nifti(dir, "roi.nii", &SHAPE[..3], 3.0, |v| f32::from(u8::from(v < 9)));
    let regions = opened(&[&dir.join("roi.nii").display().to_string()], &grid);
    assert_eq!((regions.all.len(), regions.all[0].name.as_str()), (1, "roi"));
}

/// Spheres, tubes, boxes, masks, tables of them and labelled images with names, of `glm --roi`, `connect --regions` and, but for files of several, `--seed`.
#[test]
fn every_kind_of_region_is_taken_by_glm_and_by_connect() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path();
    good_dataset(dir);
    let [ni, nj, nk, _] = SHAPE;
    let in_box = |v: usize| is_in_box([v % ni, v / ni % nj, v / (ni * nj)]);
    nifti(dir, "half.nii", &[ni, nj, nk], 3.0, |v| f32::from(u8::from(in_box(v))));
    nifti(dir, "atlas.nii", &[ni, nj, nk], 3.0, |v| [2.0, 1.0][usize::from(in_box(v))]);
    nifti(dir, "all.nii", &[ni, nj, nk], 3.0, |_| 1.0);
    text(dir, "names.tsv", "index\tname\n1\tin_box\n2\trest\n");
    text(dir, "list.tsv", &format!("name\tshape\nlisted\t{BOX}\n"));
    let distance = |at: [usize; 3], axes: usize| {
        let centre = [6.0, 6.0, 3.0];
        (0..axes).map(|i| (3.0 * at[i] as f64 - centre[i]).powi(2)).sum::<f64>().sqrt()
    };
    let in_sphere = places().filter(|at| distance(*at, 3) <= 4.0).count();
    // Along the third axis from its first plane to its third.
    let in_tube = places().filter(|at| (2.0..=4.0).contains(&distance(*at, 2)) && at[2] <= 2);
    let in_tube = in_tube.count();
    let kinds =
        format!("s=sphere:6,6,3:4 t=tube:6,6,0:6,6,6:2,4 b={BOX} m=half.nii list.tsv atlas.nii");
    let all =
        |option: &str| kinds.split(' ').map(|kind| format!(" {option} {kind}")).collect::<String>();
    let line = GLM.replace("mask.nii", "all.nii");
    run(dir, &format!("{line}{} --roi half.nii --labels names.tsv --out glm", all("--roi")));
    let rows = table(&dir.join("glm/contrast-painMinusControl_regions.tsv"));
    let n_rest = ni * nj * nk - 27;
    let want = [
        ("s", in_sphere),
        ("t", in_tube),
        ("b", 27),
        ("m", 27),
        ("listed", 27),
        ("in_box", 27),
        ("rest", n_rest),
        // a mask is called as its file, whatever labels of an atlas beside it are
        ("half", 27),
    ];
    let got: Vec<(&str, usize)> =
        rows.iter().map(|row| (row["region"].as_str(), number(row, "voxels") as usize)).collect();
    assert_eq!(got, want);
    assert!(rows[3..6].iter().all(|row| row["effect"] == rows[2]["effect"]), "one set of voxels");

    let connect = "connect bold.nii --mask all.nii --device cpu -q";
    let regions = format!("{} --regions half.nii", all("--regions"));
    run(dir, &format!("{connect}{regions} --labels names.tsv --out regions"));
    let series = table(&dir.join("regions/timeseries.tsv"));
    for (name, _) in want {
        assert!(series[0].contains_key(name), "{name}: {:?}", series[0].keys());
    }
    assert!(series.iter().all(|row| ["m", "listed", "in_box"].iter().all(|n| row[*n] == row["b"])));
    assert_ne!(series[3]["s"], series[3]["t"]);
    let seeds: String = kinds.split(' ').take(4).map(|kind| format!(" --seed {kind}")).collect();
    run(dir, &format!("{connect}{seeds} --noise ols --no-pictures --out seeds"));
    let map = |seed: &str| {
        let name = format!("seeds/seed-{seed}_stat-t_statmap.nii.gz");
        boldly::io::read_map(&dir.join(name)).unwrap().2
    };
    assert_eq!(map("b"), map("m"));
    assert_ne!(map("s"), map("t"));
}
