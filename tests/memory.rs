//! Memory follows the block plan: not the number of runs, not the run. The peak is what the system says of the process.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use boldly::io::{Header, Outputs};
use boldly::volume::Grid;
use common::Random;

mod common;

const SHAPE: [usize; 3] = [38, 44, 28];
const MIB: f64 = (1 << 20) as f64;

/// Runs of noise, 18 MiB as float32 for each 100 volumes, with a design and a mask.
fn study(ending: &str, n_runs: usize, n_volumes: usize) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let grid = Grid {
        shape: SHAPE,
        affine: [
            [4.0, 0.0, 0.0, 0.0],
            [0.0, 4.0, 0.0, 0.0],
            [0.0, 0.0, 4.0, 0.0],
            [0.0, 0.0, 0.0, 1.0],
        ],
        voxel_size_mm: [4.0; 3],
        is_placed: true,
    };
    let n = grid.n_voxels();
    let mut random = Random(3);
    let header = Header::new(&grid, Some(2.0)).for_bold(n_volumes);
    // 7 bits of noise: it compresses as real runs do
    let mut values: Vec<f32> =
        (0..n * n_volumes).map(|_| (1000.0 + 10.0 * random.normal()).round() as f32).collect();
    let mut outputs = Outputs::new();
    for run in 0..n_runs {
        let path = folder.path().join(format!("run{run}.{ending}"));
        values[0] += 1.0; // no copy of another run
        outputs.map(&path, &header, &values).unwrap();
    }
    outputs.map(&folder.path().join("mask.nii"), &Header::new(&grid, None), &vec![1.0; n]).unwrap();
    let rows = (0..n_volumes).map(|t| format!("{}\t1\n", t / 10 % 2));
    let design = "a\tconstant\n".to_owned() + &rows.collect::<String>();
    outputs.text(&folder.path().join("design.tsv"), &design).unwrap();
    outputs.commit().unwrap();
    folder
}

/// A recording of pulse and breathing of so many seconds, and slice times.
fn record(dir: &Path, seconds: usize) {
    let mut samples = String::new();
    for n in 0..seconds * 50 {
        let t = n as f64 / 50.0;
        let beat = std::f64::consts::TAU * 1.1 * t + (0.2 * t).sin();
        let breath = std::f64::consts::TAU * 0.27 * t + (0.05 * t).sin();
        samples += &format!("{:.4}\t{:.4}\n", (4.0 * (beat.cos() - 1.0)).exp(), breath.cos());
    }
    let mut outputs = Outputs::new();
    outputs.compressed(&dir.join("physio.tsv.gz"), samples.as_bytes()).unwrap();
    let json =
        r#"{"SamplingFrequency": 50, "StartTime": 0, "Columns": ["cardiac", "respiratory"]}"#;
    outputs.text(&dir.join("physio.json"), json).unwrap();
    let times: String = (0..SHAPE[2]).map(|k| format!("{}\n", k as f64 * 2.0 / 28.0)).collect();
    outputs.text(&dir.join("slices.txt"), &times).unwrap();
    outputs.commit().unwrap();
}

/// The largest resident size of a command in MiB.
fn peak_mib(dir: &Path, line: &str) -> f64 {
    peak_or_why(dir, line).unwrap_or_else(|why| panic!("{line}: {why}"))
}

/// The same, or what the command said where it failed.
fn peak_or_why(dir: &Path, line: &str) -> Result<f64, String> {
    let mut child = Command::new(env!("CARGO_BIN_EXE_boldly"))
        .args(line.split_whitespace())
        .env("RAYON_NUM_THREADS", "2")
        .current_dir(dir)
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let status = format!("/proc/{}/status", child.id());
    let mut peak_kib = 0.0_f64;
    while child.try_wait().unwrap().is_none() {
        let text = fs::read_to_string(&status).unwrap_or_default();
        let line = text.lines().find_map(|l| l.strip_prefix("VmHWM:"));
        let kib = line.and_then(|l| l.trim().trim_end_matches(" kB").parse().ok());
        peak_kib = peak_kib.max(kib.unwrap_or(0.0));
        std::thread::sleep(Duration::from_micros(300));
    }
    let output = child.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    if output.status.success() { Ok(peak_kib / 1024.0) } else { Err(said) }
}

fn glm(runs: usize, ending: &str, more: &str) -> String {
    let bolds: Vec<String> = (0..runs).map(|run| format!("run{run}.{ending}")).collect();
    let designs = vec!["design.tsv"; runs].join(" ");
    let out = format!("out{runs}{}", more.replace([' ', '-'], ""));
    format!(
        "glm {} --design {designs} --mask mask.nii --contrast a {more} --out {out} --device cpu -q",
        bolds.join(" ")
    )
}

#[test]
fn eight_runs_take_the_memory_of_one_and_of_the_few_that_are_unpacked_ahead() {
    for ending in ["nii", "nii.gz"] {
        let folder = study(ending, 8, 100);
        let dir = folder.path();
        let one = peak_mib(dir, &glm(1, ending, ""));
        let eight = peak_mib(dir, &glm(8, ending, ""));
        // Of two threads one may unpack ahead: a run's values more, and the compressed bytes that it reads.
        let run_mib = (4 * SHAPE.iter().product::<usize>() * 100) as f64 / MIB;
        let most = one + if ending == "nii" { 0.3 * one } else { 1.9 * run_mib };
        println!("{ending}: one run {one:.0} MiB, eight {eight:.0} MiB of at most {most:.0}");
        assert!(eight < most, "{ending}: eight runs {eight:.0} MiB, one {one:.0} MiB");
    }
}

#[test]
fn a_smoothed_fit_and_its_verification_hold_no_run() {
    let folder = study("nii", 1, 300);
    let dir = folder.path();
    let run_mib = (4 * SHAPE.iter().product::<usize>() * 300) as f64 / MIB;
    let plain = peak_mib(dir, &glm(1, "nii", ""));
    let smoothed = peak_mib(dir, &glm(1, "nii", "--fwhm 6"));
    let line = "smooth run0.nii --fwhm 6 --out s.nii.gz --device cpu -q";
    let made = peak_mib(dir, line);
    let verified = peak_mib(dir, "verify s.nii.gz -q");
    println!(
        "run {run_mib:.0} MiB; glm {plain:.0}, with --fwhm {smoothed:.0}; smooth {made:.0}, its verify {verified:.0}"
    );
    assert!(smoothed < plain + 0.75 * run_mib, "{smoothed:.0} MiB, without {plain:.0}");
    assert!(verified < made + 0.75 * run_mib, "{verified:.0} MiB, made in {made:.0}");
}

/// Slices with columns of their own: the models of a run's 40 slices take 3 MiB, its own columns a tenth of that.
#[test]
fn the_slices_designs_of_a_run_are_let_go_with_it() {
    const SMALL: [usize; 3] = [4, 4, 40];
    const N_VOLUMES: usize = 600;
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path();
    let grid = common::grid(SMALL, [3.0; 3]);
    let header = Header::new(&grid, Some(2.0)).for_bold(N_VOLUMES);
    let mut random = Random(9);
    let mut outputs = Outputs::new();
    for run in 0..6 {
        let values: Vec<f32> = (0..grid.n_voxels() * N_VOLUMES)
            .map(|_| (1000.0 + 10.0 * random.normal()).round() as f32)
            .collect();
        outputs.map(&dir.join(format!("run{run}.nii")), &header, &values).unwrap();
    }
    let names: Vec<String> = (0..4).map(|j| format!("c{j}")).collect();
    let mut confounds = names.join("\t") + "\n";
    for _ in 0..N_VOLUMES {
        let row: Vec<String> = names.iter().map(|_| format!("{:.5}", random.normal())).collect();
        confounds += &(row.join("\t") + "\n");
    }
    outputs.text(&dir.join("confounds.tsv"), &confounds).unwrap();
    let events: String = (0..36).map(|k| format!("{}\t8\tpain\n", 10 + 32 * k)).collect();
    let events = "onset\tduration\ttrial_type\n".to_owned() + &events;
    outputs.text(&dir.join("events.tsv"), &events).unwrap();
    let times: String = (0..SMALL[2]).map(|k| format!("{}\n", k as f64 * 0.05)).collect();
    outputs.text(&dir.join("slices.txt"), &times).unwrap();
    outputs
        .map(&dir.join("mask.nii"), &Header::new(&grid, None), &vec![1.0; grid.n_voxels()])
        .unwrap();
    outputs.commit().unwrap();
    let peak = |n: usize| {
        let runs: Vec<String> = (0..n).map(|run| format!("run{run}.nii")).collect();
        let (events, confounds) =
            (vec!["events.tsv"; n].join(" "), vec!["confounds.tsv"; n].join(" "));
        let line = format!(
            "glm {} --events {events} --confounds {confounds} --columns c* --drift none --slice-times slices.txt --mask mask.nii --contrast pain \
             --out out{n} --device cpu -q",
            runs.join(" "),
        );
        peak_mib(dir, &line)
    };
    let (two, six) = (peak(2), peak(6));
    println!("two runs {two:.1} MiB, six {six:.1}");
    assert!(six < two + 4.0, "two runs {two:.1} MiB, six {six:.1}");
}

/// `--choose-order f-test` fits each block twenty times, with models that are larger than the block.
#[test]
fn a_memory_cap_counts_the_models_that_orders_are_chosen_among() {
    let folder = study("nii", 1, 100);
    let dir = folder.path();
    record(dir, 205);
    let line = |mib: usize| {
        let physio = "--physio physio.tsv.gz --slice-times slices.txt --choose-order f-test";
        glm(1, "nii", &format!("{physio} --mem {mib}M --overwrite"))
    };
    let why = peak_or_why(dir, &line(50)).expect_err("the models alone are larger");
    let least: usize = why
        .split("be ")
        .nth(1)
        .and_then(|rest| rest.split(" MiB").next())
        .and_then(|mib| mib.parse().ok())
        .unwrap_or_else(|| panic!("{why}"));
    let peak = peak_mib(dir, &line(least));
    println!("least {least} MiB, taken {peak:.0}");
    // The code of a build for tests is larger than that of the program, which the least counts.
    assert!(peak < least as f64 + 4.0, "{peak:.0} MiB of {least}");
    assert!(peak > 0.5 * least as f64, "{peak:.0} MiB of {least}: the least is far too much");
}
