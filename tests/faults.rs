//! Faults planted in finished maps of a device, with checksums and digests made to fit: what lies ten of `verify`'s own bounds off is caught in each map, and what lies
//! half of one off passes.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod binary;

use std::fs;
use std::path::{Path, PathBuf};

use boldly::io::{Outputs, hash, read_map};
use boldly::simulate::write::paths;
use serde_json::Value;

/// A finished map: its file, its values, and those of the untouched one.
struct Made {
    path: PathBuf,
    values: Vec<f32>,
}

/// The one-row maps of a folder.
fn maps(out: &Path) -> Vec<Made> {
    let mut made = Vec::new();
    for path in fs::read_dir(out).unwrap().map(|entry| entry.unwrap().path()) {
        if path.to_string_lossy().ends_with("_statmap.nii.gz") {
            let values = read_map(&path).unwrap().2;
            made.push(Made { path, values });
        }
    }
    made.sort_by(|a, b| a.path.cmp(&b.path));
    made
}

/// Write a map anew with another value of a voxel, and have every sidecar say its checksum, and its own.
fn plant(out: &Path, made: &Made, voxel: usize, value: f64) {
    let before = hash::file(&made.path).unwrap().hex().to_owned();
    let header = read_map(&made.path).unwrap().1;
    let mut values = made.values.clone();
    values[voxel] = value as f32;
    let mut outputs = Outputs::new();
    outputs.map(&made.path, &header, &values).unwrap();
    outputs.commit().unwrap();
    let after = hash::file(&made.path).unwrap().hex().to_owned();
    for path in fs::read_dir(out).unwrap().map(|entry| entry.unwrap().path()) {
        if path.extension().is_some_and(|ending| ending == "json") {
            let text = fs::read_to_string(&path).unwrap().replace(&before, &after);
            let opening = "\"digest\": \"";
            let (start, rest) = text.rsplit_once(opening).unwrap();
            let (_, end) = rest.split_once('"').unwrap();
            let digest = hash::bytes(format!("{start}{opening}\"{end}").as_bytes());
            fs::write(&path, format!("{start}{opening}{}\"{end}", digest.hex())).unwrap();
        }
    }
}

/// What `verify` says of each file, and whether it was content.
fn verified(dir: &Path) -> (Vec<Value>, bool) {
    let output = binary::boldly(dir, "verify out --json -q");
    let said: Value = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|e| panic!("{e}: {}", binary::said(&output)));
    (said.as_array().unwrap().clone(), output.status.success())
}

fn of<'v>(said: &'v [Value], made: &Made) -> &'v Value {
    let name = made.path.file_name().unwrap().to_string_lossy().into_owned();
    said.iter().find(|one| one["output"].as_str().unwrap().ends_with(&name)).unwrap()
}

#[test]
fn ten_bounds_off_is_caught_and_half_of_one_passes_in_every_map_that_a_device_made() {
    let folder = binary::study();
    let dir = folder.path();
    let adapter = std::env::var("BOLDLY_TEST_ADAPTER").unwrap_or_else(|_| "llvmpipe".to_owned());
    let line = format!(
        "glm study/{} --events study/{} --mask study/{} --contrast pain --device {adapter} --maps --out out -q",
        paths::BOLD,
        paths::EVENTS,
        paths::MASK
    );
    binary::run(dir, &line);
    let out = dir.join("out");
    let made = maps(&out);
    assert!(made.len() > 7, "{} maps", made.len());
    let t = made.iter().find(|made| made.path.to_string_lossy().contains("pain_stat-t")).unwrap();
    // A voxel with an effect: its p is neither 0 nor 1.
    let voxel = (0..t.values.len()).find(|&v| t.values[v] > 1.5 && t.values[v] < 4.0).unwrap();
    assert!(verified(dir).1, "as they were made");

    made.iter().for_each(|made| plant(&out, made, voxel, 1000.0));
    let (said, passed) = verified(dir);
    assert!(!passed);
    let bounds: Vec<(f64, f64)> = made
        .iter()
        .map(|made| {
            let one = of(&said, made);
            assert_eq!(
                (&one["over"], one["got"].as_f64()),
                (&Value::from(1), Some(1000.0)),
                "{one}"
            );
            (one["want"].as_f64().unwrap(), one["tolerance"].as_f64().unwrap())
        })
        .collect();
    for (times, passes) in [(10.0, false), (-10.0, false), (0.5, true), (-0.5, true)] {
        for (made, (want, bound)) in made.iter().zip(&bounds) {
            plant(&out, made, voxel, want + times * bound);
        }
        let (said, passed) = verified(dir);
        assert_eq!(passed, passes, "{times}");
        for (made, (want, bound)) in made.iter().zip(&bounds) {
            let one = of(&said, made);
            assert!(*bound > 0.0 && one["faults"].as_array().unwrap().is_empty(), "{one}");
            let over = one["over"].as_u64().unwrap();
            assert_eq!(over == 0, passes, "{times} of {bound} at {want}: {one}");
        }
    }
}
