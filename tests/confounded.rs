//! Confound strategies against nilearn's load_confounds on its own test tables (golden: tests/oracles/load_confounds.py), motion
//! files of three programs, framewise displacement against fMRIPrep's column, and which volumes are censored.
#![allow(clippy::unwrap_used, reason = "tests")]

mod common;

use std::path::Path;

use boldly::design::censor::{LeftOut, Measures, NonSteady, Rules, before_steady_state, left_out};
use boldly::design::strategy::{Asked, choose};
use boldly::design::{NaPolicy, Strategy, motion};
use boldly::io;
use boldly::table::Table;
use common::{assert_close, numbers, shared};
use serde_json::Value;

const TEST: &str = "test_desc-confounds_regressors";
const NO_NON_STEADY: &str = "no_nonsteady_desc-confounds_regressors";

fn table(name: &str) -> Option<Table> {
    let path = shared(&format!("nilearn-confounds/{name}.tsv"))?;
    Some(io::read_confounds(&path).unwrap().table)
}

fn golden() -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/goldens/load_confounds.json");
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

/// The columns of a strategy, `[column]`: name and values.
fn chosen(tables: &mut [Table], strategy: Strategy) -> Vec<(String, Vec<f64>)> {
    let beside = shared(&format!("nilearn-confounds/{TEST}.json")).unwrap();
    let described = io::bids::read_json(&beside).unwrap();
    let mask = |column: &str| Some(described.get(column)?.get("Mask")?.as_str()?.to_owned());
    let (na, columns, left_out) = (NaPolicy::Error, &[][..], &[][..]);
    let asked = Asked { strategy: Some(strategy), columns, na, mask: &mask, left_out };
    let n_volumes = tables[0].rows.len();
    let confounds = choose(tables, &asked, n_volumes).unwrap().confounds;
    let columns = confounds.values.columns().into_iter().map(|c| c.to_vec());
    confounds.names.into_iter().zip(columns).collect()
}

fn volumes(left: &[LeftOut]) -> Vec<usize> {
    left.iter().map(|left| left.volume).collect()
}

fn assert_is_golden(got: &[(String, Vec<f64>)], golden: &Value, what: &str) {
    let want = golden["columns"].as_object().unwrap();
    let mut names: Vec<&String> = want.keys().collect();
    names.sort(); // a JSON object of this reader is sorted; so are nilearn's columns
    assert_eq!(got.iter().map(|(name, _)| name).collect::<Vec<_>>(), names, "{what}");
    for (name, x) in got {
        let found = [x[0], x[1], x.iter().sum(), x.iter().map(|x| x * x).sum()];
        let largest = x.iter().fold(0.0_f64, |most, x| most.max(x.abs()));
        // a sum may cancel: rounding is of the size of what is added up
        assert_close(
            &format!("{what} {name}"),
            &found,
            &numbers(&want[name]),
            1e-11,
            1e-12 * largest,
        );
    }
}

#[test]
fn every_strategy_takes_nilearns_columns_and_leaves_out_its_volumes() {
    let golden = golden();
    for name in [TEST, NO_NON_STEADY] {
        let Some(table) = table(name) else { return };
        let (measures, is_computed) = Measures::of(std::slice::from_ref(&table)).unwrap();
        assert!(!is_computed);
        for strategy in Strategy::EVERY {
            let want = &golden["tables"][name][strategy.name()];
            if want.is_null() {
                assert_eq!((name, strategy), (NO_NON_STEADY, Strategy::Compcor));
                continue;
            }
            let what = format!("{name} {}", strategy.name());
            assert_is_golden(&chosen(&mut [table.clone()], strategy), want, &what);
            let left = left_out(&strategy.censors(), &measures, table.rows.len());
            assert_eq!(serde_json::json!(volumes(&left)), want["left_out"], "{what}");
        }
        let rules = "fd:0.15,dvars:1.1,runs:3,non-steady:columns".parse().unwrap();
        let left = volumes(&left_out(&rules, &measures, table.rows.len()));
        let want = &golden["tables"][name]["scrubbing:0.15:1.1:3"]["left_out"];
        assert_eq!(serde_json::json!(left), *want, "{name}");
    }
}

#[test]
fn derivatives_and_squares_that_a_table_lacks_are_made_as_fmriprep_makes_them() {
    let Some(whole) = table(NO_NON_STEADY) else { return };
    let bare = |column: &String| motion::base(column).is_none();
    let kept: Vec<usize> =
        (0..whole.columns.len()).filter(|&at| bare(&whole.columns[at])).collect();
    let pick = |row: &Vec<String>| kept.iter().map(|&at| row[at].clone()).collect();
    let stripped = Table {
        name: whole.name.clone(),
        columns: pick(&whole.columns),
        rows: whole.rows.iter().map(pick).collect(),
    };
    let made = chosen(&mut [stripped.clone()], Strategy::ThirtySix);
    let given = chosen(&mut [whole], Strategy::ThirtySix);
    for ((name, made), (other, given)) in made.iter().zip(&given) {
        assert_eq!(name, other);
        let largest = given.iter().fold(0.0_f64, |most, x| most.max(x.abs()));
        assert_close(name, made, given, 0.0, 1e-11 * largest);
    }
    // by name and by pattern, beside what is there
    let asked = ["trans_?_derivative1,csf_power2".to_owned()];
    let made = motion::make(&mut [stripped], &asked).unwrap();
    let want = ["trans_x_derivative1", "trans_y_derivative1", "trans_z_derivative1", "csf_power2"];
    assert_eq!(made, want);
}

#[test]
fn a_strategy_says_which_columns_a_table_lacks() {
    let columns = ["trans_x", "trans_y", "trans_z", "rot_x", "rot_y", "csf"];
    let table = Table {
        name: "c.tsv".into(),
        columns: columns.map(str::to_owned).to_vec(),
        rows: vec![vec!["0".into(); 6]; 4],
    };
    let why =
        |strategy: Strategy| strategy.columns(std::slice::from_ref(&table), &|_| None).unwrap_err();
    let text = why(Strategy::TwentyFour).to_string();
    let lacks = "lacks rot_z, rot_z_derivative1, rot_z_power2, rot_z_derivative1_power2 (";
    assert!(text.contains(lacks), "{text}");
    assert!(why(Strategy::Simple).to_string().contains("white_matter"));
}

#[test]
fn compcor_without_components_of_both_tissues_says_what_is_not_there() {
    let columns = ["trans_x", "trans_y", "trans_z", "rot_x", "rot_y", "rot_z", "a_comp_cor_00"];
    let why = |n: usize, mask: Option<&str>| {
        let columns: Vec<String> = columns[..n].iter().map(|&name| name.to_owned()).collect();
        let table = Table { name: "c.tsv".into(), columns, rows: vec![vec!["0".into(); n]; 4] };
        let mask = |_: &str| mask.map(str::to_owned);
        let error = Strategy::Compcor.columns(std::slice::from_ref(&table), &mask).unwrap_err();
        error.to_string()
    };
    assert!(why(6, None).contains("c.tsv has no a_comp_cor_ column ("), "{}", why(6, None));
    let lacks = "has no JSON beside it that says of which Mask its a_comp_cor_ columns are";
    assert!(why(7, None).contains(lacks), "{}", why(7, None));
    let other = why(7, Some("CSF"));
    assert!(
        other.contains("no a_comp_cor_ column whose Mask is `combined` in the JSON"),
        "{other}"
    );
}

#[test]
fn what_is_not_there_in_a_volume_that_is_left_out_is_no_error() {
    let row = |cell: &str| vec![cell.to_owned(), "2".to_owned()];
    let table = Table {
        name: "c.tsv".into(),
        columns: vec!["csf".into(), "other".into()],
        rows: vec![row("n/a"), row("1.5"), row("0.5"), row("n/a")],
    };
    let columns = ["csf".to_owned()];
    let asked = |na: NaPolicy, left_out: &[usize]| {
        let asked = Asked { strategy: None, columns: &columns, na, mask: &|_| None, left_out };
        choose(&mut [table.clone()], &asked, 4).map(|chosen| chosen.confounds)
    };
    assert!(asked(NaPolicy::Error, &[0]).unwrap_err().to_string().contains("line 5"));
    for na in [NaPolicy::Error, NaPolicy::Drop] {
        let found = asked(na, &[0, 3]).unwrap();
        assert_eq!(found.names, ["csf"]);
        assert_eq!(found.values.column(0).to_vec()[1..3], [1.5, 0.5]);
    }
    // a mean is of what is there
    assert_eq!(asked(NaPolicy::Mean, &[0]).unwrap().values[[0, 0]], 1.0);
}

#[test]
fn the_first_row_of_a_derivative_that_is_made_takes_the_second_rows_value() {
    let row = |cells: [&str; 3]| cells.map(str::to_owned).to_vec();
    let table = Table {
        name: "c.tsv".into(),
        columns: row(["trans_x", "csf", "trans_y_derivative1"]),
        rows: vec![row(["1", "n/a", "n/a"]), row(["3", "2", "4"]), row(["3.5", "1", "5"])],
    };
    let chosen = |names: &[&str], na: NaPolicy| {
        let columns: Vec<String> = names.iter().map(|&name| name.to_owned()).collect();
        let asked = Asked { strategy: None, columns: &columns, na, mask: &|_| None, left_out: &[] };
        choose(&mut [table.clone()], &asked, 3)
    };
    let made = ["trans_x_derivative1", "trans_x_derivative1_power2"];
    let found = chosen(&made, NaPolicy::Error).unwrap();
    assert_eq!(
        (&found.made[..], &found.filled[..]),
        (&made.map(str::to_owned)[..], &made.map(str::to_owned)[..])
    );
    // 3 - 1, 3.5 - 3, and their squares
    assert_eq!(found.confounds.values.column(0).to_vec(), [2.0, 2.0, 0.5]);
    assert_eq!(found.confounds.values.column(1).to_vec(), [4.0, 4.0, 0.25]);
    let zero = chosen(&made, NaPolicy::Zero).unwrap();
    assert!(zero.filled.is_empty());
    assert_eq!(zero.confounds.values.column(0).to_vec(), [0.0, 2.0, 0.5]);
    // what the table itself does not know stays an error
    for (name, line) in [
        ("trans_y_derivative1", "in line 2"),
        ("csf_power2", "in line 2"),
        ("csf_derivative1", "in line 2"),
    ] {
        let why = chosen(&[name], NaPolicy::Error).unwrap_err().to_string();
        assert!(why.contains(name) && why.contains(line), "{why}");
    }
}

/// One rigid motion as each program writes it.
#[test]
fn motion_files_of_three_programs_give_the_same_columns_in_mm_and_radians() {
    let folder = tempfile::tempdir().unwrap();
    let (x, y, z) = (0.5, -0.25, 1.5); // mm
    let (a, b, c) = (0.01, 0.02, -0.03_f64); // radians about x, y, z
    let degrees = |r: f64| r.to_degrees();
    let files = [
        ("mc.par", format!("{a}  {b}  {c}  {x}  {y}  {z}  \n0 0 0 0 0 0\n")),
        ("rp_bold.txt", format!("  {x}  {y}  {z}  {a}  {b}  {c}\r\n0 0 0 0 0 0\r\n")),
        (
            "dfile.r01.1D",
            format!(
                "# 3dvolreg\n {} {} {} {z} {x} {y}\n0 0 0 0 0 0\n",
                degrees(c),
                degrees(a),
                degrees(b)
            ),
        ),
        (
            "motion.1D",
            format!(
                "0 {} {} {} {z} {x} {y} 1.1 1.2\n1 0 0 0 0 0 0 1 1\n",
                degrees(c),
                degrees(a),
                degrees(b)
            ),
        ),
    ];
    for (name, text) in files {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        let read = io::read_confounds(&path).unwrap();
        assert_eq!(read.table.columns, motion::PARAMETERS, "{name}");
        let row = |at: usize| -> Vec<f64> {
            read.table.rows[at].iter().map(|cell| cell.parse().unwrap()).collect()
        };
        assert_close(name, &row(0), &[x, y, z, a, b, c], 1e-12, 0.0);
        assert_eq!((row(1), read.table.rows.len()), (vec![0.0; 6], 2), "{name}");
        let note = read.note.unwrap();
        assert!(note.contains("radians") || note.contains("degrees"), "{note}");
        assert!(read.doubt.is_none());
        let (fd, is_computed) = motion::framewise_displacement(&[read.table]).unwrap().unwrap();
        assert!(is_computed);
        assert_close(name, &fd, &[0.0, 2.25 + 50.0 * 0.06], 1e-12, 0.0);
    }
    // what reads as degrees is doubted, and other shapes are refused by line
    let path = folder.path().join("rp_degrees.txt");
    std::fs::write(&path, "0 0 0 1.5 0 0\n").unwrap();
    assert!(io::read_confounds(&path).unwrap().doubt.unwrap().contains("86 degrees"));
    std::fs::write(&path, "0 0 0 0 0 0\n1 2 3\n").unwrap();
    let why = io::read_confounds(&path).unwrap_err().to_string();
    assert!(why.contains("line 2, holds 3 numbers"), "{why}");
}

#[test]
fn rotations_in_other_units_than_a_files_name_stands_for_are_doubted_by_their_values() {
    let folder = tempfile::tempdir().unwrap();
    // a head that nods by 0.6 degrees and moves by 0.4 mm, in FSL's order and AFNI's, each in both units
    let nod = |t: usize, scale: f64| scale * 0.3 * (t as f64 * 0.7).sin();
    let read = |name: &str, scale: f64, first: bool| {
        let row = |t: usize| {
            let (turn, moved) = (nod(t, scale), nod(t, 2.0 / 3.0));
            match first {
                true => format!("{turn} 0 0 {moved} 0 0\n"),
                false => format!("{moved} 0 0 {turn} 0 0\n"),
            }
        };
        let path = folder.path().join(name);
        std::fs::write(&path, (0..40).map(row).collect::<String>()).unwrap();
        io::read_confounds(&path)
    };
    let radians = 1.0_f64.to_radians();
    for (name, first, own, other, says) in [
        ("mc.par", true, radians, 1.0, "turns by up to 17 degrees and moves by 0.40 mm"),
        ("rp_mc.txt", false, radians, 1.0, "turns by up to 17 degrees and moves by 0.40 mm"),
        ("mc.1D", true, 1.0, radians, "turns by no more than 0.0104 degrees and moves by 0.40 mm"),
    ] {
        assert_eq!(read(name, own, first).unwrap().doubt, None, "{name}");
        let doubt = read(name, other, first).unwrap().doubt.unwrap();
        assert!(doubt.contains(says) && doubt.contains("in radians"), "{name}: {doubt}");
    }
    let why = read("mc.par", 30.0, true).unwrap_err().to_string();
    assert!(why.contains("mc.par turns by up to") && why.contains("other units"), "{why}");
}

#[test]
fn framewise_displacement_is_fmripreps_but_for_two_rows_that_its_table_has_otherwise() {
    for (name, apart) in [(TEST, &[1, 11][..]), (NO_NON_STEADY, &[])] {
        let Some(mut table) = table(name) else { return };
        let given = motion::framewise_displacement(std::slice::from_ref(&table)).unwrap().unwrap();
        assert!(!given.1);
        let at = table.position(motion::FRAMEWISE_DISPLACEMENT).unwrap();
        table.columns[at] = "other".into();
        let (own, is_computed) = motion::framewise_displacement(&[table]).unwrap().unwrap();
        assert!(is_computed);
        for (row, (own, given)) in own.iter().zip(&given.0).enumerate() {
            let is_apart = (own - given).abs() > 1e-6;
            assert_eq!(is_apart, apart.contains(&row), "{name} row {row}: {own} and {given}");
        }
    }
}

fn rules(text: &str) -> Rules {
    text.parse().unwrap()
}

#[test]
fn censoring_counts_neighbours_short_stretches_and_gives_each_volume_its_reasons() {
    let mut fd = vec![0.1; 20];
    (fd[5], fd[12]) = (0.9, 0.6);
    let mut std_dvars = vec![1.0; 20];
    std_dvars[12] = 2.0;
    let measures = Measures {
        fd: Some(fd),
        unknown_fd: Vec::new(),
        motion: None,
        std_dvars: Some(std_dvars),
        non_steady: Some(vec![0]),
        listed: vec![18],
    };
    let of = |text: &str| left_out(&rules(text), &measures, 20);
    assert_eq!(volumes(&of("none")), [18]); // the list holds whatever the rules say
    assert_eq!(volumes(&of("fd:0.5")), [5, 12, 18]);
    assert_eq!(volumes(&of("fd:0.6")), [5, 18], "above the threshold, not at it");
    let all = of("fd:0.5,dvars:1.5,before:1,after:2,runs:4,non-steady");
    // 1..=3 between 0 and 4, 8..=10 between 7 and 11, 15..=17 and 19 are too short
    assert_eq!(volumes(&all), (0..20).collect::<Vec<_>>());
    let all = of("fd:0.5,dvars:1.5,before:1,after:2,runs:3,non-steady");
    assert_eq!(volumes(&all), [0, 4, 5, 6, 7, 11, 12, 13, 14, 18, 19]);
    let reasons = |volume: usize| &all.iter().find(|l| l.volume == volume).unwrap().reasons;
    assert_eq!(*reasons(0), ["before the steady state"]);
    assert_eq!(*reasons(4), ["1 before volume 5"]);
    assert_eq!(*reasons(14), ["2 after volume 12"]);
    assert_eq!(*reasons(12), ["framewise displacement 0.600 mm", "standardised DVARS 2.000"]);
    assert_eq!(
        (reasons(18)[0].as_str(), reasons(19)[0].as_str()),
        ("listed", "in a stretch of 1 kept")
    );
    // a clean run is one stretch, however short
    assert_eq!(left_out(&rules("runs:50"), &Measures::default(), 20), []);
    assert_eq!(volumes(&left_out(&rules("non-steady:3"), &Measures::default(), 20)), [0, 1, 2]);
}

#[test]
fn a_column_that_is_n_a_in_every_row_is_no_displacement_of_0() {
    let table = |more: &[&str]| Table {
        name: "c.tsv".into(),
        columns: ["framewise_displacement", "std_dvars"]
            .iter()
            .chain(more)
            .map(|c| (*c).to_owned())
            .collect(),
        rows: (0..3)
            .map(|t| {
                let moved =
                    (0..more.len()).map(|at| if at == 0 { t.to_string() } else { "0".to_owned() });
                ["n/a".to_owned(), "n/a".to_owned()].into_iter().chain(moved).collect()
            })
            .collect(),
    };
    let (measures, is_computed) = Measures::of(&[table(&[])]).unwrap();
    assert_eq!((measures.fd, measures.std_dvars, is_computed), (None, None, false));
    // 1 mm along x from each volume to the next
    let (measures, is_computed) = Measures::of(&[table(&motion::PARAMETERS)]).unwrap();
    assert_eq!((measures.fd, is_computed), (Some(vec![0.0, 1.0, 1.0]), true));
}

#[test]
fn only_a_table_of_fmripreps_says_that_no_volume_comes_before_the_steady_state() {
    let table = |columns: &[&str], row: &[&str]| Table {
        name: "c.tsv".into(),
        columns: columns.iter().map(|c| (*c).to_owned()).collect(),
        rows: vec![row.iter().map(|c| (*c).to_owned()).collect(); 3],
    };
    let said = |table: Table| Measures::of(&[table]).unwrap().0.non_steady;
    assert_eq!(said(table(&["csf", "framewise_displacement"], &["1", "0.2"])), None);
    let columns = ["global_signal", "std_dvars", "framewise_displacement", "trans_x"];
    assert_eq!(said(table(&columns, &["9", "n/a", "n/a", "0"])), Some(vec![]));
    let mut first = table(&["non_steady_state_outlier00"], &["0"]);
    first.rows[0][0] = "1".into();
    assert_eq!(said(first), Some(vec![0]));
}

#[test]
fn rules_read_back_what_they_say_and_refuse_what_means_nothing() {
    for text in
        ["fd:0.5,dvars:1.5,before:1,after:2,runs:5,non-steady", "none", "non-steady:4", "dvars:2"]
    {
        assert_eq!(rules(text).to_string(), text);
    }
    assert_eq!(rules("non-steady:columns").non_steady, Some(NonSteady::Columns));
    for text in
        ["fd", "fd:0", "fd:-1", "fd:nan", "runs:1.5", "fd:0.5,fd:1", "speed:3", "", "before:1"]
    {
        assert!(text.parse::<Rules>().is_err(), "{text}");
    }
}

#[test]
fn volumes_before_the_steady_state_are_the_leading_outliers() {
    let mut means: Vec<f64> = (0..80).map(|t| 100.0 + f64::from(t % 3)).collect();
    assert_eq!(before_steady_state(&means), [0; 0]);
    (means[0], means[1], means[9]) = (180.0, 120.0, 180.0);
    assert_eq!(before_steady_state(&means), [0, 1]);
    assert_eq!(before_steady_state(&[]), [0; 0]);
}
