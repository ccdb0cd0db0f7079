//! What is drawn, and what regions have to do with each other where one is moved.

use std::fs;

use boldly::report::matrix::{Matrix, svg};

use crate::binary::{boldly, run, said, succeeded};
use crate::made::{Table, study, words};

const LINE: &str = "connect bold.nii --confounds bold.tsv --columns trans_* --mask mask.nii --device cpu --out out";

#[test]
fn a_seed_that_is_moved_goes_with_the_others_as_one_that_lies_there() {
    let folder = study();
    let dir = folder.path();
    let seeds = "--seed a=sphere:6,9,6:4 --seed b=sphere:15,3,3:4";
    run(dir, &format!("{LINE} {seeds} --shift 3 --regions there=sphere:9,9,6:4"));
    let edges = Table::read(&dir.join("out/edges.tsv"));
    let z = |a: &str, b: &str| {
        let at = edges.rows.iter().position(|row| row[0] == a && row[1] == b).unwrap();
        edges.column("z")[at]
    };
    let moved = Table::read(&dir.join("out/desc-shift_edges.tsv"));
    // Two seeds, each with two others, in seven places.
    assert_eq!(moved.rows.len(), 2 * 2 * 7);
    let of = |region: &str, other: &str, shift: [&str; 3]| {
        let is_it = |row: &&Vec<String>| {
            row[0] == region && row[7] == other && row[1..4] == shift.map(str::to_owned)
        };
        moved.rows.iter().find(is_it).unwrap()[9].parse::<f64>().unwrap_or(f64::NAN)
    };
    assert!((of("a", "b", ["0", "0", "0"]) - z("a", "b")).abs() < 2e-9);
    let there = z("b", "there");
    assert!((of("a", "b", ["3", "0", "0"]) - there).abs() < 2e-9);
    assert!((of("a", "b", ["-3", "0", "0"]) - there).abs() > 1e-3);
    // Moved onto the other it is the other.
    assert!(of("a", "there", ["3", "0", "0"]).is_nan());
    let [here, on] = [0, 3].map(|by| {
        let is_it =
            |row: &&Vec<String>| row[0] == "a" && row[7] == "there" && row[1] == by.to_string();
        let row = moved.rows.iter().find(is_it).unwrap();
        (row[4].clone(), row[5].clone(), row[10].clone())
    });
    assert_eq!((here.0.as_str(), on.0.as_str()), ("n/a", "yes"));
    assert!(on.1 == on.2 && here.2.parse::<u32>().unwrap() < here.1.parse().unwrap());
    run(dir, "verify out -q");
}

#[test]
fn a_seed_that_is_moved_is_a_first_component_where_it_was_one() {
    let folder = study();
    let dir = folder.path();
    let seeds = "--seed a=sphere:6,9,6:4 --seed there=sphere:9,9,6:4";
    let seeds = format!("{seeds} --regions b=sphere:15,3,3:4 --shift 3");
    run(dir, &format!("{LINE} {seeds}"));
    let of = |out: &str, shift: &str| {
        let moved = Table::read(&dir.join(out).join("desc-shift_edges.tsv"));
        let is_it = |row: &&Vec<String>| row[0] == "a" && row[7] == "b" && row[1] == shift;
        moved.rows.iter().find(is_it).unwrap()[9].parse::<f64>().unwrap()
    };
    let described = |out: &str| {
        let text = fs::read_to_string(dir.join(out).join("desc-shift_edges.json")).unwrap();
        let json: serde_json::Value = serde_json::from_str(&text).unwrap();
        json["region"]["Description"].as_str().unwrap().to_owned()
    };
    assert!(described("out").contains("the mean of its voxels there"));
    let line = LINE.replace("--out out", "--out first --seed-first-pc");
    run(dir, &format!("{line} {seeds}"));
    let edges = Table::read(&dir.join("first/edges.tsv"));
    let at = edges.rows.iter().position(|row| row[0] == "there" && row[1] == "b").unwrap();
    let there = edges.column("z")[at];
    assert!((of("first", "3") - there).abs() < 2e-9, "{} {there}", of("first", "3"));
    assert!((of("out", "3") - there).abs() > 1e-3, "the mean is another");
    assert!(described("first").contains("the first principal component of its voxels there"));
    run(dir, "verify first -q");
}

#[test]
fn each_seed_is_drawn_over_the_mean_of_its_run_and_the_matrix_with_its_networks() {
    let folder = study();
    let dir = folder.path();
    let seeds = "--seed a=sphere:6,9,6:4 --seed b=sphere:15,3,3:4 --seed c=sphere:15,9,6:4";
    let line = format!("{LINE} {seeds} --network right=b,c");
    run(dir, &line);
    let read = |name: &str| fs::read_to_string(dir.join("out").join(name)).unwrap();
    let seed = words(&read("seed-a_statmap.svg"));
    for part in [
        "Connectivity of a",
        "p &lt; .001 uncorrected, both tails",
        "120 volumes",
        "mean of the run",
    ] {
        assert!(seed.contains(part), "{part:?} is not in the picture of the seed");
    }
    let edges = Table::read(&dir.join("out/edges.tsv"));
    let r = edges.column("r")[0];
    let matrix = read("stat-pearsoncorrelation_relmat.svg");
    let shown = format!("{r:.2}").replace('-', "−");
    for part in [">right<", ">a<", "degrees of freedom", &format!(">{shown}<")] {
        assert!(matrix.contains(part), "{part:?} is not in the picture of the matrix");
    }
    run(dir, &format!("{line} --no-pictures --overwrite"));
    let left: Vec<_> = fs::read_dir(dir.join("out")).unwrap().flatten().collect();
    assert!(left.iter().all(|file| file.path().extension().is_none_or(|e| e != "svg")), "{left:?}");
}

#[test]
fn a_matrix_is_blue_below_0_white_at_it_red_above_and_grey_where_nothing_is_known() {
    let names = ["x", "y", "z"].map(str::to_owned).to_vec();
    let values = vec![1.0, -0.4, 0.4, -0.4, 1.0, f64::NAN, 0.0, f64::NAN, 1.0];
    let matrix = Matrix {
        title: "A & B".to_owned(),
        names,
        networks: vec![None; 3],
        values,
        letter: "r".to_owned(),
        dof: "12".to_owned(),
        ..Matrix::default()
    };
    let text = svg(&matrix).unwrap();
    let fills: Vec<&str> = text
        .lines()
        .filter(|line| line.contains("crispEdges"))
        .map(|line| line.split("fill=\"").nth(1).unwrap().split('"').next().unwrap())
        .collect();
    let [blue, white, red, grey] = ["#053061", "#ffffff", "#67001f", "#d0d7de"];
    assert_eq!(fills, [grey, blue, red, blue, grey, grey, white, grey, grey]);
    assert!(text.contains("A &amp; B") && text.contains("r, 12 degrees of freedom"));
    assert!(text.contains("grey: n/a") && text.contains(">−0.40<"));
    assert!(svg(&Matrix { values: vec![0.0; 4], ..matrix }).is_err());
}

#[test]
fn more_regions_than_can_be_moved_are_refused_and_of_seeds_only_these_move() {
    let folder = study();
    let dir = folder.path();
    let rows: String =
        (0..61).map(|k| format!("r{k}\t{}\t{}\t6\t3.1\n", k % 7 * 3, k / 7 % 6 * 3)).collect();
    fs::write(dir.join("r.tsv"), format!("name\tx\ty\tz\tradius_mm\n{rows}")).unwrap();
    let refused = boldly(dir, &format!("{LINE} --regions r.tsv --shift 3"));
    assert_eq!(refused.status.code(), Some(2), "{}", said(&refused));
    assert!(said(&refused).contains("--shift comes with 61 regions to move"), "{}", said(&refused));
    let line = format!("{LINE} --regions r.tsv --seed s=sphere:9,9,6:4 --shift 3 --noise ols -q");
    succeeded(&line, boldly(dir, &line));
    let moved = Table::read(&dir.join("out/desc-shift_edges.tsv"));
    assert_eq!(moved.rows.len(), 61 * 7);
}

#[test]
fn of_pairs_that_have_no_connection_the_usual_test_finds_many_and_the_exact_one_few() {
    use boldly::pipeline::calibrate::{Cleaning, PairsSpec, Test, pairs};
    use boldly::pipeline::watch::Quiet;
    let rates = pairs(&PairsSpec { pairs: 40, seed: 2 }, &Quiet).unwrap();
    assert_eq!(rates.len(), 3 * (5 + 4 + 4));
    let share = |test: Test| {
        let is_it = |of: &&boldly::pipeline::calibrate::PairRate| {
            of.test == test && of.cleaning == Cleaning::BandPassCensored
        };
        rates.iter().filter(is_it).map(|of| of.found[0]).sum::<f64>() / 3.0
    };
    // .55 and .05 of many; 120 pairs here.
    assert!(share(Test::Usual) > 0.35, "{}", share(Test::Usual));
    assert!(share(Test::ExactDof) < 0.15, "{}", share(Test::ExactDof));
    // .37 and .32.
    assert!(share(Test::Xdf) > 0.2, "{}", share(Test::Xdf));
    assert!(share(Test::Bartlett) > 0.18, "{}", share(Test::Bartlett));
}
