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
    let grid = Grid { shape, affine, voxel_size_mm: [3.0; 3] };
    let mut random = Random(8);
    let n = shape.iter().product::<usize>() * N_VOLUMES;
    let data = (0..n).map(|_| 1000.0 + 10.0 * random.gaussian() as f32).collect();
    let block = Block::whole(shape, N_VOLUMES);
    let mut outputs = Outputs::new();
    let mut writer = outputs
        .bold(&folder.join(name), &Header::new(&grid, Some(TR)).for_bold(N_VOLUMES))
        .unwrap();
    writer.write_block(&HostBold { block, data }).unwrap();
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
