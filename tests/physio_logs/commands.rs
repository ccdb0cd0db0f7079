//! `boldly retroicor BOLD --physio LOG` with a log of every format.

use std::path::Path;
use std::process::{Command, Output};

use boldly::io::{Header, Outputs};
use boldly::volume::{Block, Grid, HostBold};
use serde_json::Value;

use crate::made_up::*;
use crate::physio_common::Random;
use crate::put;

/// A run of noise about 1000.
fn bold(folder: &Path, name: &str, n_planes: usize) {
    let shape = [4, 3, n_planes];
    let affine =
        [[3.0, 0.0, 0.0, 0.0], [0.0, 3.0, 0.0, 0.0], [0.0, 0.0, 3.0, 0.0], [0.0, 0.0, 0.0, 1.0]];
    let grid = Grid { shape, affine, voxel_size_mm: [3.0; 3], is_placed: true };
    let mut random = Random(8);
    let n = shape.iter().product::<usize>() * N_VOLUMES;
    let data = (0..n).map(|_| 1000.0 + 10.0 * random.gaussian() as f32).collect();
    let block = Block::whole(shape, N_VOLUMES);
    let mut outputs = Outputs::new();
    let mut writer = outputs
        .bold(&folder.join(name), &Header::new(&grid, Some(TR)).for_bold(N_VOLUMES))
        .unwrap();
    writer.write_block(&HostBold::new(block, data)).unwrap();
    writer.finish().unwrap();
    outputs.commit().unwrap();
}

fn boldly(folder: &Path, line: &str) -> Output {
    Command::new(env!("CARGO_BIN_EXE_boldly"))
        .args(line.split_whitespace())
        .args(["--device", "cpu", "--terms", "2/0/0"])
        .current_dir(folder)
        .output()
        .unwrap()
}

#[test]
fn retroicor_takes_a_log_of_every_format() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path();
    bold(dir, "bold.nii", N_SLICES);
    put(dir, "slices.txt", "0 1 0.5 0 1 0.5");
    put(
        dir,
        "clock.json",
        format!("{{\"AcquisitionTime\": \"23:59:55.000000\", \"RepetitionTime\": {TR}}}"),
    );
    put(dir, "run.puls", vb("PULS"));
    put(dir, "run.ext", ext());
    put(dir, "Physio_PULS.log", vd("PULS"));
    put(dir, "Physio_Info.log", info());
    let pulse = signals(100.0).0;
    put(dir, "PPGData_x", lines(&pulse[..6500]));
    put(dir, "phil.log", philips());
    put(dir, "card.1D", lines(&pulse));
    put(dir, "pnm.txt", columns(" "));
    put(dir, "c.csv", columns(","));
    let given = "--slice-times slices.txt";
    let mut n = 0;
    for (log, more) in [
        ("run.puls", "--slice-times slices.txt --sidecar clock.json"),
        ("run.puls --physio run.ext", given),
        ("Physio_PULS.log", ""),
        ("Physio_PULS.log", "--slice-times Physio_Info.log"),
        ("PPGData_x", given),
        ("phil.log --physio-format philips:hz=496", given),
        ("card.1D --physio-format afni-1d:hz=100:column=cardiac:start=-5", given),
        ("pnm.txt --physio-format fsl-pnm:hz=100:columns=trigger,-,cardiac,-", given),
        ("c.csv --physio-format columns:hz=100:columns=-,-,cardiac,-:start=-5", given),
    ] {
        let out = format!("clean{n}.nii.gz");
        let line = format!("retroicor bold.nii --physio {log} {more} --out {out} --verify --json");
        let output = boldly(dir, &line);
        let message = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "boldly {line}\n{message}");
        let json = std::fs::read_to_string(dir.join(format!("clean{n}.json"))).unwrap();
        let json: Value = serde_json::from_str(&json).unwrap();
        let physio = &json["boldly"]["physio"][0];
        let beats = physio["n_beats"].as_u64().unwrap_or_else(|| panic!("{log}: {json}"));
        assert!((65..90).contains(&beats), "{log}: {beats} beats in 70 s at 66 a minute\n{json}");
        assert_eq!(physio["n_groups"], 3, "{log}");
        // What the readers counted stands in the sidecar: the VD log has a duplicate, a lost sample and a gap.
        let counted = physio["logs"].to_string();
        assert!(counted.contains("samples at"), "{log}: {counted}");
        if log.starts_with("Physio") {
            for words in ["1 samples at a time already seen", "1 lost samples", "1 gap,"] {
                assert!(counted.contains(words), "{log}: '{words}' is not in {counted}");
            }
        }
        n += 1;
    }
    assert_eq!(n, 9);
    let missing =
        boldly(dir, "retroicor bold.nii --physio run.puls --slice-times slices.txt --out x.nii");
    let message = String::from_utf8_lossy(&missing.stderr).into_owned();
    assert_eq!(missing.status.code(), Some(66), "{message}");
    assert!(message.contains("AcquisitionTime") && message.contains("start=SECONDS"), "{message}");
    let unknown = boldly(dir, "retroicor bold.nii --physio c.csv --physio-format csv --out x.nii");
    assert_eq!(unknown.status.code(), Some(2));
}

#[test]
fn the_scanners_own_log_takes_the_place_of_volumes() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path();
    put(dir, "Physio_PULS.log", vd("PULS"));
    put(dir, "Physio_Info.log", info());
    for (line, out) in [
        ("physio --physio Physio_PULS.log --tr TR", "beside"),
        ("physio --physio Physio_PULS.log Physio_Info.log --tr TR", "named"),
        ("physio --physio Physio_PULS.log --tr TR --volumes N", "told"),
    ] {
        let line = line
            .replace("TR", &TR.to_string())
            .replace("volumes N", &format!("volumes {N_VOLUMES}"));
        let output = run_physio(dir, &format!("{line} --out {out}"));
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{line}: {said}");
        let counts = format!("{N_VOLUMES} volumes, as Physio_Info.log counts them");
        assert_eq!(said.contains(&counts), out != "told", "{said}");
        let table = |out: &str| {
            std::fs::read_to_string(dir.join(format!("{out}_desc-retroicor_timeseries.tsv")))
                .unwrap()
        };
        assert_eq!(table(out), table("beside"));
        assert_eq!(table(out).lines().count(), N_VOLUMES + 1);
    }
    std::fs::remove_file(dir.join("Physio_Info.log")).unwrap();
    let refused = run_physio(dir, &format!("physio --physio Physio_PULS.log --tr {TR} --out x"));
    assert_eq!(refused.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&refused.stderr).contains("takes the place of --volumes"));
}

/// Told by nothing else, the run's length, repetition time and slice times are those of the log, in a text or in a DICOM file.
#[test]
fn the_scanners_own_log_says_all_that_nothing_else_does() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path();
    put(dir, "Physio_PULS.log", vd("PULS"));
    put(dir, "Physio_Info.log", info());
    let logs = [("Physio_PULS.log", vd("PULS")), ("Physio_Info.log", info())];
    let logs = logs.each_ref().map(|(name, text)| (*name, text.as_str()));
    put(dir, "x.dcm", crate::kinds::dicom(&logs));
    bold(dir, "timed.nii", N_SLICES);
    // A run without a time axis' step, and no sidecar.
    let mut silent = std::fs::read(dir.join("timed.nii")).unwrap();
    silent[92..96].fill(0);
    put(dir, "silent.nii", silent);
    put(dir, "events.tsv", "onset\tduration\ttrial_type\n5\t10\ta\n");
    let table = |out: &str| {
        let name = format!("{out}_desc-retroicor_timeseries.tsv");
        std::fs::read_to_string(dir.join(name)).unwrap()
    };
    let told = format!("repetition time {TR} s, the time between volumes in Physio_Info.log");
    let want =
        format!("physio --physio Physio_PULS.log --tr {TR} --volumes {N_VOLUMES} --out want");
    assert!(run_physio(dir, &want).status.success());
    for (line, out) in [
        ("physio --physio Physio_PULS.log", "beside"),
        ("physio --physio x.dcm", "dicom"),
        ("physio --physio x.dcm --bold silent.nii", "image"),
        ("physio --physio Physio_PULS.log --volumes 41", "one-more"),
    ] {
        let output = run_physio(dir, &format!("{line} --out {out}"));
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{line}: {said}");
        assert!(said.contains(&told), "{line}: {said}");
        let (got, want) = (table(out), table("want"));
        let n = want.lines().count();
        assert_eq!(got.lines().count(), n + usize::from(out == "one-more"), "{line}");
        assert!(out == "one-more" || got == want, "{line}");
    }
    for (line, out) in [
        ("retroicor IMAGE --physio x.dcm", "X.nii"),
        ("glm IMAGE --physio x.dcm --events events.tsv --contrast a", "X"),
    ] {
        let line = format!("{line} --out {out} -v");
        let [silent, timed] = ["silent", "timed"].map(|image| {
            let line = line.replace("IMAGE", &format!("{image}.nii")).replace('X', image);
            let line = line
                .replace("--out timed.nii", "--out t.nii")
                .replace("--out silent.nii", "--out s.nii");
            let output = boldly(dir, &line);
            let said = String::from_utf8_lossy(&output.stderr).into_owned();
            assert!(output.status.success(), "{line}: {said}");
            said
        });
        assert!(silent.contains(&told) && !timed.contains("the time between volumes"), "{silent}");
    }
    assert!(
        std::fs::read(dir.join("s.nii")).unwrap()[352..]
            == std::fs::read(dir.join("t.nii")).unwrap()[352..]
    );
    // A log without its last volumes, which its head names, is doubted.
    let row = |line: &str| line.split_whitespace().next().and_then(|v| v.parse::<usize>().ok());
    let cut: Vec<String> = info()
        .lines()
        .filter(|line| row(line).is_none_or(|volume| volume < N_VOLUMES - 3))
        .map(str::to_owned)
        .collect();
    put(dir, "Cut_PULS.log", vd("PULS"));
    put(dir, "Cut_Info.log", cut.join("\n") + "\n");
    let output = run_physio(dir, "physio --physio Cut_PULS.log --out cut");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    let doubt = format!("Cut_Info.log names {N_VOLUMES} volumes and holds {}", N_VOLUMES - 3);
    assert!(output.status.success() && said.contains(&doubt), "{said}");
    // Volumes that are skipped are none of the run.
    let output =
        run_physio(dir, "physio --physio Physio_PULS.log --physio-format auto:skip=3 --out skip");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(
        said.contains(&format!("{} volumes, as Physio_Info.log counts them", N_VOLUMES - 3)),
        "{said}"
    );
    assert!(output.status.success(), "{said}");
}

fn run_physio(folder: &Path, line: &str) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_boldly"));
    command.args(line.split_whitespace()).args(["--terms", "2/0/0", "-v"]).current_dir(folder);
    command.output().unwrap()
}

/// A recording of one value, or of none, gives no column of zeros: every command refuses it and leaves nothing behind.
#[test]
fn recordings_of_constants_and_without_values_are_refused_by_every_command() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path();
    bold(dir, "bold.nii", N_SLICES);
    put(dir, "slices.txt", "0 1 0.5 0 1 0.5");
    let flat = |hz: f64| vec![2048.0; (70.0 * hz) as usize];
    put(dir, "run.puls", vb_of("PULS", &flat(50.0)));
    put(dir, "Physio_PULS.log", vd_of("PULS", &flat(50.0)));
    put(dir, "Physio_Info.log", info());
    put(dir, "PPGData_x", lines(&flat(100.0)[..6500]));
    put(dir, "phil.log", philips_of(&flat(496.0), &flat(496.0)));
    put(dir, "card.1D", lines(&flat(100.0)));
    put(dir, "c.csv", "n/a\n".repeat(7000));
    put(dir, "x_physio.tsv", columns_of("\t", &flat(100.0), &flat(100.0)));
    put(dir, "x_physio.json", BIDS_JSON);
    // It breathes before the scan and then holds still.
    let mut held = signals(100.0).1;
    held[300..].fill(2000.0);
    put(dir, "held.csv", lines(&held));
    put(dir, "events.tsv", "onset\tduration\ttrial_type\n5\t10\ta\n");
    let one = "hz=100:columns=cardiac:start=-5";
    let listed = || std::fs::read_dir(dir).unwrap().count();
    let before = listed();
    let cases = [
        ("run.puls --physio-format auto:start=-5".to_owned(), "1/0/0", "constant"),
        ("Physio_PULS.log".into(), "1/0/0", "constant"),
        ("PPGData_x".into(), "1/0/0", "constant"),
        ("phil.log --physio-format philips:hz=496".into(), "1/0/0", "is flat in ppu, v1 and resp"),
        (format!("card.1D --physio-format afni-1d:{one}"), "1/0/0", "constant"),
        (format!("c.csv --physio-format columns:{one}"), "1/0/0", "no finite value"),
        ("x_physio.tsv".into(), "1/0/0", "constant"),
        ("x_physio.tsv".into(), "0/1/0", "constant"),
        (
            "held.csv --physio-format columns:hz=100:columns=respiratory:start=-5".into(),
            "0/1/0",
            "column resp_cos1 that is the same in all volumes",
        ),
    ];
    for (log, terms, words) in cases {
        let file = log.split(' ').next().unwrap();
        for command in [
            "retroicor bold.nii --out x.nii --device cpu",
            "glm bold.nii --events events.tsv --contrast a --out g --device cpu",
            "physio --bold bold.nii --out p",
        ] {
            let line = format!("{command} --physio {log} --slice-times slices.txt --terms {terms}");
            let output = Command::new(env!("CARGO_BIN_EXE_boldly"))
                .args(line.split_whitespace())
                .current_dir(dir)
                .output()
                .unwrap();
            let message = String::from_utf8_lossy(&output.stderr);
            assert_eq!(output.status.code(), Some(65), "{line}: {message}");
            assert!(message.contains(words) && message.contains(file), "{line}: {message}");
            assert_eq!(listed(), before, "{line} left something behind");
        }
    }
}

#[test]
fn a_run_on_the_grid_of_a_template_takes_the_logs_of_its_scan_volume_wise() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path();
    bold(dir, "sub-1_space-MNI152NLin6Asym_bold.nii", N_SLICES + 5);
    bold(dir, "sub-1_bold.nii", N_SLICES + 5);
    put(dir, "Physio_PULS.log", vd("PULS"));
    put(dir, "Physio_Info.log", info());
    let line = "--physio Physio_PULS.log --out clean.nii";
    let output =
        boldly(dir, &format!("retroicor sub-1_space-MNI152NLin6Asym_bold.nii {line} --json"));
    let message = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{message}");
    let json: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(json["physio"][0]["n_groups"], 1);
    assert_eq!(json["resolved"]["volume_wise_at"], "middle-of-volume");
    let native = boldly(dir, &format!("retroicor sub-1_bold.nii {line}"));
    let message = String::from_utf8_lossy(&native.stderr).into_owned();
    assert_eq!(native.status.code(), Some(65), "{message}");
    assert!(message.contains("have the 11 slices of the image"), "{message}");
}
