//! A real 3 T run through the binary: the studyforrest object-category localizer (80 x 80 x 35 x 156), against nilearn's
//! OLS on the same design. Golden: tests/oracles/localizer.py.
#![allow(clippy::unwrap_used, reason = "in a test a panic is the failure")]

use std::path::{Path, PathBuf};

use boldly::io::{self, BoldFile, Intent, Outputs};
use boldly::volume::Block;

mod common;
mod golden;

use golden::{Golden, boldly, in_goldens, on_the_cpu_path};

/// The mask's rule in the golden: sum over volumes above this times the number of volumes. The data are integers.
const MEAN_ABOVE: f64 = 200.0;

fn write_mask(bold: &Path, path: &Path) {
    let mut file = BoldFile::open(bold).unwrap();
    let block = Block::whole(file.grid.shape, file.n_volumes);
    let run = file.read(&block).unwrap();
    let mut sum = vec![0.0_f64; block.volume_len()];
    for volume in run.data.chunks_exact(block.volume_len()) {
        sum.iter_mut().zip(volume).for_each(|(s, &v)| *s += f64::from(v));
    }
    let limit = MEAN_ABOVE * file.n_volumes as f64;
    let inside: Vec<f32> = sum.iter().map(|&s| f32::from(u8::from(s > limit))).collect();
    let mut outputs = Outputs::new();
    outputs.map(path, &file.header.for_map(Intent::None), &inside).unwrap();
    outputs.commit().unwrap();
}

/// The localizer's folder, and a scratch folder that holds the golden's mask.
fn localizer() -> Option<(PathBuf, tempfile::TempDir)> {
    let data = common::shared("studyforrest-localizer")?;
    let scratch = tempfile::tempdir().unwrap();
    write_mask(&data.join("bold.nii.gz"), &scratch.path().join("golden_mask.nii.gz"));
    Some((data, scratch))
}

/// `boldly glm` with all contrasts of the golden; gives the folder of the maps.
fn fit(golden: &Golden, data: &Path, scratch: &Path, design: &[String], device: &str) -> PathBuf {
    let out = scratch.join(device);
    let text = |path: PathBuf| path.to_string_lossy().into_owned();
    let mut arguments = vec!["glm".into(), text(data.join("bold.nii.gz"))];
    arguments.extend(["--noise".into(), "ols".into()]);
    arguments.extend(["--mask".into(), text(scratch.join("golden_mask.nii.gz"))]);
    arguments.extend(["--scaling".into(), "none".into()]);
    arguments.extend(["--device".into(), device.into(), "--out".into(), text(out.clone())]);
    arguments.extend_from_slice(design);
    arguments.extend(golden.contrast_options());
    boldly(&arguments);
    out
}

fn ready_design() -> Vec<String> {
    vec!["--design".into(), in_goldens("localizer_design.tsv").to_string_lossy().into_owned()]
}

#[test]
fn every_contrast_of_the_localizer_equals_nilearns_ols_on_the_cpu_path() {
    let Some((data, scratch)) = localizer() else { return };
    let golden = Golden::read("localizer.json");
    let out = fit(&golden, &data, scratch.path(), &ready_design(), "cpu");
    golden.compare(&out, &on_the_cpu_path);
}

#[test]
fn t_and_z_of_the_localizer_on_the_test_adapter_are_within_the_tolerance_of_f32() {
    let Some((data, scratch)) = localizer() else { return };
    let golden = Golden::read("localizer.json");
    let adapter = std::env::var("BOLDLY_TEST_ADAPTER").unwrap_or_else(|_| "llvmpipe".into());
    let out = fit(&golden, &data, scratch.path(), &ready_design(), &adapter);
    let (grid, _, _) = io::read_map(&out.join("mask.nii.gz")).unwrap();
    let at = |[i, j, k]: [usize; 3]| i + grid.shape[0] * (j + grid.shape[1] * k);
    let mut compared = 0;
    for (name, expected) in &golden.contrasts {
        for (stat, want) in expected.at_voxels.iter().filter(|(s, _)| *s == "t" || *s == "z") {
            let map = golden::read_map(&out, name, stat);
            let got: Vec<f64> = golden.voxels.iter().map(|&v| map[at(v)]).collect();
            // docs/accuracy.md: 2e-4 + 1e-4 |t|
            common::assert_close(&format!("{name} {stat} on {adapter}"), &got, want, 1e-4, 2e-4);
            compared += 1;
        }
    }
    assert!(compared >= 8, "only {compared} maps were compared");
}

#[test]
fn events_in_nilearns_convention_give_nilearns_design() {
    let Some((data, scratch)) = localizer() else { return };
    let golden = Golden::read("localizer.json");
    let events = data.join("task-objectcategories_events.tsv").to_string_lossy().into_owned();
    let options = ["--events".into(), events, "--hrf".into(), "nilearn".into()];
    let out = fit(&golden, &data, scratch.path(), &options, "cpu");
    let want = io::tsv::read(&in_goldens("localizer_design.tsv")).unwrap();
    let got = io::tsv::read(&out.join("design.tsv")).unwrap();
    assert_eq!(got.columns, want.columns);
    for (c, name) in want.columns.iter().enumerate() {
        let column = |table: &boldly::table::Table| -> Vec<f64> {
            table.rows.iter().map(|row| row[c].parse().unwrap()).collect()
        };
        common::assert_close(name, &column(&got), &column(&want), 1e-9, 1e-9);
    }
}
