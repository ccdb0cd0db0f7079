//! A made-up analysis: a head of two tissues, a t with a high and a low place, an F, two runs of which one lacks a column.

use std::sync::Arc;

use boldly::report::analysis::{
    Analysis, Cell, Columns, Contrast, Correction, Coverage, Design, Estimable, Motion, Row,
    RunPart, Weighed, Weights,
};
use boldly::report::group::Listing;
use boldly::report::notes::{Kind, Note};
use boldly::report::page::FileRead;
use boldly::report::statmap::{Statmap, Threshold, Underlay};
use boldly::report::viewer::Course;
use boldly::volume::Grid;
use ndarray::Array2;

pub const SHAPE: [usize; 3] = [28, 34, 28];
pub const SIZE_MM: f64 = 6.0;
/// Where t is highest, and lowest: voxels.
pub const HIGH: [usize; 3] = [9, 20, 18];
pub const LOW: [usize; 3] = [19, 12, 10];
pub const FROM: f64 = 3.2;

pub fn grid(shape: [usize; 3], size_mm: f64) -> Grid {
    let mut affine = [[0.0; 4]; 4];
    for axis in 0..3 {
        affine[axis][axis] = size_mm;
        affine[axis][3] = -size_mm * (shape[axis] as f64 - 1.0) / 2.0;
    }
    affine[3][3] = 1.0;
    Grid { shape, affine, voxel_size_mm: [size_mm; 3], is_placed: true }
}

/// Millimetres of a voxel, as a row of the table has them.
pub fn mm(voxel: [usize; 3]) -> [f64; 3] {
    grid(SHAPE, SIZE_MM).millimetres(voxel)
}

/// 0 in the middle of the head, 1 at its edge.
fn out(grid: &Grid, voxel: usize) -> f64 {
    let at = grid.millimetres(grid.coordinates(voxel));
    let half = [72.0, 90.0, 74.0];
    (0..3).map(|axis| (at[axis] / half[axis]).powi(2)).sum::<f64>().sqrt()
}

fn underlay() -> Underlay {
    let grid = grid([56, 68, 56], 3.0);
    let level = |voxel| match out(&grid, voxel) {
        r if r > 1.0 => 0.0,
        r if r > 0.93 => 210.0,
        r if r > 0.86 => 40.0,
        r => 120.0 + 60.0 * (9.0 * r).sin().abs() as f32,
    };
    let values = (0..grid.n_voxels()).map(level).collect();
    Underlay::new("a head".to_owned(), grid, values)
}

/// A map with one high and one low place; `letter` F has the high one alone.
pub fn statmap(title: &str, letter: &'static str, below: &Arc<Underlay>) -> Statmap {
    let grid = grid(SHAPE, SIZE_MM);
    let bump = |voxel: usize, centre: [usize; 3]| {
        let at = grid.coordinates(voxel);
        let off: f64 = (0..3).map(|k| (at[k] as f64 - centre[k] as f64).powi(2)).sum();
        (-off / 8.0).exp()
    };
    let inside: Vec<bool> = (0..grid.n_voxels()).map(|v| out(&grid, v) < 0.85).collect();
    let t = |voxel: usize| {
        let wave = 0.7 * ((voxel % 17) as f64 / 8.0 - 1.0);
        let low = if letter == "t" { -6.0 * bump(voxel, LOW) } else { 0.0 };
        let value = 8.0 * bump(voxel, HIGH) + low + wave;
        if letter == "t" { value as f32 } else { value.abs() as f32 }
    };
    let statistic: Vec<f32> =
        (0..grid.n_voxels()).map(|v| if inside[v] { t(v) } else { 0.0 }).collect();
    let two_sided = letter == "t";
    let passes = |v: f32| if two_sided { v.abs() >= FROM as f32 } else { v >= FROM as f32 };
    Statmap {
        title: title.to_owned(),
        notes: vec![format!("{letter} with 96 degrees of freedom, 2 runs")],
        inside: inside.clone(),
        letter,
        dof: if letter == "t" { "96".to_owned() } else { "2, 96".to_owned() },
        threshold: Threshold {
            passed: statistic.iter().zip(&inside).map(|(&v, i)| *i && passes(v)).collect(),
            words: "p < .001 uncorrected, both tails".to_owned(),
            from: Some(FROM),
            full: FROM,
            two_sided,
        },
        statistic: Arc::new(statistic),
        underlay: Some(Arc::clone(below)),
        grid,
    }
}

fn clusters(picture: &Statmap, centres: &[[usize; 3]]) -> Listing {
    let row = |(nth, voxel): (usize, &[usize; 3])| {
        let [i, j, k] = *voxel;
        let at = i + SHAPE[0] * (j + SHAPE[1] * k);
        let place = mm(*voxel).map(|v| format!("{v:.1}"));
        let value = picture.statistic[at].to_string();
        [vec![(nth + 1).to_string()], place.to_vec(), vec![value, "57".to_owned()]].concat()
    };
    let heads = ["cluster", "x_mm", "y_mm", "z_mm", picture.letter, "voxels"].map(str::to_owned);
    Listing { heads: heads.to_vec(), rows: centres.iter().enumerate().map(row).collect() }
}

fn run(name: &str, columns: &[&str]) -> RunPart {
    let n = 100;
    let value = |(t, j): (usize, usize)| match columns[j] {
        "constant" => 1.0,
        "pain" => f64::from(u8::from(t % 20 < 10)),
        "control" => 1.0 - f64::from(u8::from(t % 20 < 9)),
        _ => ((t * (j + 2)) as f64 / 11.0).sin(),
    };
    let fd = |t: usize| if t == 40 || t == 41 { 1.3 } else { 0.12 + 0.05 * (t as f64).sin() };
    RunPart {
        name: name.to_owned(),
        facts: vec![
            ("Volumes".to_owned(), "98 of 100".to_owned()),
            ("Frame times".to_owned(), "task columns at the middle of each volume".to_owned()),
        ],
        columns: columns.iter().map(|&c| c.to_owned()).collect(),
        design: Array2::from_shape_fn((n, columns.len()), value),
        dependent: Vec::new(),
        estimable: vec![
            ("pain - control".to_owned(), Estimable::Yes(vec![0.0421])),
            ("any".to_owned(), Estimable::No("it lacks a condition".to_owned())),
        ],
        motion: Some(Motion {
            fd_mm: (0..n).map(fd).collect(),
            parameters: Some(std::array::from_fn(|axis| {
                (0..n).map(|t| 0.002 * (axis as f64 + 1.0) * (t as f64 - 20.0)).collect()
            })),
            most_mm: Some(0.5),
            tr_s: Some(2.0),
        }),
        left_out: vec![
            (40, "framewise displacement 1.300 mm".to_owned()),
            (41, "framewise displacement 1.300 mm".to_owned()),
        ],
        recordings: None,
        regions: Vec::new(),
    }
}

fn contrast(name: &str, picture: Statmap, centres: &[[usize; 3]]) -> Contrast {
    let times: Vec<f64> =
        (0..98).map(|t| 2.0 * f64::from(if t < 40 { t } else { t + 2 })).collect();
    let fitted: Vec<f64> = times.iter().map(|t| (t / 12.0).sin()).collect();
    let measured: Vec<f64> =
        fitted.iter().enumerate().map(|(k, v)| v + 0.6 * (k as f64 * 1.7).sin()).collect();
    let course = |run: &str| Course {
        peak: "1".to_owned(),
        mm: mm(centres[0]),
        run: run.to_owned(),
        times: times.clone(),
        across: "time, s",
        measured: measured.clone(),
        fitted: fitted.clone(),
        unit: "percent of the mean".to_owned(),
        r_square: 0.71,
    };
    Contrast {
        name: name.to_owned(),
        words: vec!["Each run counts alike.".to_owned()],
        corrections: vec![Correction {
            what: "corrected by the largest statistic".to_owned(),
            rule: "p ≤ .05".to_owned(),
            n_voxels: 31,
            least: 0.002,
        }],
        design: Some(Design {
            rows: ["sub-01", "sub-02", "sub-03"].map(str::to_owned).to_vec(),
            columns: ["intercept", "sex.M"].map(str::to_owned).to_vec(),
            values: Array2::from_shape_vec((3, 2), vec![1.0, 1.0, 1.0, 0.0, 1.0, -0.5]).unwrap(),
            has_table: true,
        }),
        links: vec![("node-a/b_group.html".to_owned(), "the page of the test".to_owned())],
        clusters: (format!("Clusters of {name}"), clusters(&picture, centres)),
        file: "contrast-any_clusters.tsv".to_owned(),
        regions: None,
        courses: vec![course("sub-01_run-1"), course("sub-01_run-2")],
        picture,
    }
}

fn row(name: &str, cells: Vec<Cell>) -> Row {
    Row {
        name: name.to_owned(),
        volumes: "98 of 100".to_owned(),
        tr_s: Some(2.0),
        origin: "task columns at StartTime: 0.98 s + k x 2 s".to_owned(),
        left_out: [40, 41].map(|at| (at, "framewise displacement 1.300 mm".to_owned())).to_vec(),
        cells,
    }
}

/// The second run lacks what lies above the plane of the high place.
fn coverage(below: &Arc<Underlay>) -> Coverage {
    let grid = grid(SHAPE, SIZE_MM);
    let inside: Vec<bool> = (0..grid.n_voxels()).map(|v| out(&grid, v) < 0.85).collect();
    let low = |v: usize| grid.coordinates(v)[2] <= HIGH[2];
    let cut = inside.iter().enumerate().map(|(v, inside)| *inside && low(v)).collect();
    Coverage {
        title: "runs".to_owned(),
        noun: "run".to_owned(),
        parts: vec![("sub-01_run-1".to_owned(), inside), ("sub-01_run-2".to_owned(), cut)],
        underlay: Some(Arc::clone(below)),
        grid,
    }
}

fn weighed(name: &str, letter: &'static str) -> Weighed {
    let weights = [("pain", 1.0), ("control", -1.0)].map(|(c, w)| (c.to_owned(), w));
    let rows = vec![Weights { of: String::new(), columns: weights.to_vec() }];
    Weighed { name: name.to_owned(), letter, rows }
}

/// Whatever a page can have.
pub fn analysis() -> Analysis {
    let below = Arc::new(underlay());
    let names = ["pain", "control", "trans_x", "csf", "constant"];
    let lacking = [Cell::Present, Cell::Present, Cell::Dependent, Cell::Missing, Cell::Present];
    Analysis {
        kind: "First-level analysis".to_owned(),
        title: "sub-01 <pain & control>".to_owned(),
        version: "0.1.0".to_owned(),
        command_line: ["boldly", "glm", "a b.nii", "--report"].map(str::to_owned).to_vec(),
        inputs: vec![FileRead {
            path: "a b.nii".to_owned(),
            role: "bold".to_owned(),
            checksum: "blake3:00".to_owned(),
        }],
        outputs: vec!["contrast-any_stat-t_statmap.nii.gz".to_owned()],
        notes: vec![
            Note::new(Kind::Serious, "a third of run-2 is left out"),
            Note::new(Kind::Warning, "sub-01_run-2 has no csf"),
            Note::new(Kind::Info, "2 volumes are left out"),
        ],
        facts: vec![("Noise".to_owned(), "ar1".to_owned())],
        methods: vec![vec![(
            "Each run was fitted by boldly 0.1.0.".to_owned(),
            &["Friston KJ, et al. Hum Brain Mapp 1994;2:189-210."],
        )]],
        columns: Columns {
            names: names.map(str::to_owned).to_vec(),
            rows: vec![
                row("sub-01_run-1", vec![Cell::Present; 5]),
                row("sub-01_run-2", lacking.to_vec()),
            ],
        },
        coverage: vec![coverage(&below)],
        weighed: vec![weighed("pain - control", "t"), weighed("any", "F")],
        runs: vec![
            run("sub-01_run-1", &names),
            run("sub-01_run-2", &["pain", "control", "trans_x", "constant"]),
        ],
        contrasts: vec![
            contrast("pain - control", statmap("pain - control", "t", &below), &[HIGH, LOW]),
            contrast("any", statmap("any", "F", &below), &[HIGH]),
        ],
    }
}
