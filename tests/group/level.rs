//! Maps that differ by less than float32 can follow, about a large level.

use std::fs;
use std::path::Path;

use crate::binary::{boldly, run, said};
use crate::common::assert_close;
use crate::made::{N, group, image_f64, map, values};

/// Sixteen maps of eight subjects at two visits, about a level that differs between voxels.
fn write(dir: &Path, level: f64) -> Vec<Vec<f64>> {
    let at = |k: u64| -> Vec<f64> {
        let own = values(k);
        (0..N).map(|v| level * (1.0 + 0.1 * v as f64) + 0.01 * f64::from(own[v])).collect()
    };
    let maps: Vec<Vec<f64>> = (0..16).map(at).collect();
    let row = |k: usize| {
        image_f64(&dir.join(format!("m{k}.nii")), &maps[k]);
        let (subject, group, visit) = (k / 2, ["a", "b"][k / 8], ["pre", "post"][k % 2]);
        format!("s{subject}\t{group}\t{visit}\tm{k}.nii\n")
    };
    let rows: String = (0..16).map(row).collect();
    fs::write(dir.join("maps.tsv"), format!("subject\tgroup\tsession\teffect\n{rows}")).unwrap();
    maps
}

/// Mean and variance.
fn moments(y: &[f64]) -> (f64, f64) {
    let mean = y.iter().sum::<f64>() / y.len() as f64;
    (mean, y.iter().map(|v| (v - mean) * (v - mean)).sum::<f64>() / (y.len() - 1) as f64)
}

#[test]
fn what_maps_differ_by_far_below_their_level_is_tested_as_it_is_stored() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path();
    let maps = write(dir, 1e6);
    // each subject's change, between groups: two samples
    let change = "c=a:post - a:pre - b:post + b:pre";
    let told = group(dir, &["--model", "2x2-mixed", "--contrast", change], "changes");
    assert!(told.contains("read to more digits than float32 has"), "{told}");
    let by_hand = |voxel: usize| {
        let d: Vec<f64> = (0..8).map(|s| maps[2 * s + 1][voxel] - maps[2 * s][voxel]).collect();
        let ((a, va), (b, vb)) = (moments(&d[..4]), moments(&d[4..]));
        (a - b) / ((va + vb) / 2.0 * 0.5).sqrt()
    };
    let want: Vec<f64> = (0..N).map(by_hand).collect();
    assert_close("t of changes", &map(&dir.join("changes"), "c", "t"), &want, 1e-4, 1e-4);
    // the mean over all, whose level comes back, and groups of single maps
    let rows = fs::read_to_string(dir.join("maps.tsv")).unwrap();
    let first: Vec<&str> = rows.lines().filter(|line| !line.contains("post")).collect();
    fs::write(dir.join("maps.tsv"), first.join("\n") + "\n").unwrap();
    let of = |voxel: usize| -> Vec<f64> { (0..8).map(|s| maps[2 * s][voxel]).collect() };
    group(dir, &["--model", "one-sample"], "mean");
    let path = fs::read_dir(dir.join("mean")).unwrap().map(|e| e.unwrap().file_name());
    let names: Vec<String> = path.map(|n| n.to_string_lossy().into_owned()).collect();
    let t = names.iter().find(|name| name.ends_with("_stat-t_statmap.nii.gz")).unwrap();
    let name = t.strip_prefix("contrast-").unwrap().strip_suffix("_stat-t_statmap.nii.gz").unwrap();
    let mean: Vec<(f64, f64)> = (0..N).map(|v| moments(&of(v))).collect();
    let effect: Vec<f64> = mean.iter().map(|m| m.0).collect();
    let want: Vec<f64> = mean.iter().map(|m| m.0 / (m.1 / 8.0).sqrt()).collect();
    assert_close("the mean", &map(&dir.join("mean"), name, "effect"), &effect, 1e-7, 0.0);
    assert_close("t of the mean", &map(&dir.join("mean"), name, "t"), &want, 1e-4, 0.0);
    group(dir, &["--model", "two-sample", "--contrast", "d=a - b"], "groups");
    let by_hand = |voxel: usize| {
        let y = of(voxel);
        let ((a, va), (b, vb)) = (moments(&y[..4]), moments(&y[4..]));
        (a - b) / ((va + vb) / 2.0 * 0.5).sqrt()
    };
    let want: Vec<f64> = (0..N).map(by_hand).collect();
    assert_close("t of groups", &map(&dir.join("groups"), "d", "t"), &want, 1e-4, 1e-4);
    run(dir, "verify mean groups -q");
    // rearrangements compute in float32: of differences of a subject they may, of the level they may not
    let line =
        "group --maps maps.tsv --model two-sample --contrast d=a-b --permutations 20 --out none";
    let output = boldly(dir, line);
    assert_eq!(output.status.code(), Some(2), "{}", said(&output));
    assert!(said(&output).contains("differ by less than float32 can follow"), "{}", said(&output));
}

#[test]
fn maps_of_float64_that_float32_follows_are_tested_as_if_they_were_of_float32() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path();
    let maps = write(dir, 1.0 / 3.0);
    let words = ["--model", "2x2-mixed", "--contrast", "c=a:post - a:pre - b:post + b:pre"];
    let told = group(dir, &words, "wide");
    assert!(!told.contains("more digits"), "{told}");
    for (k, own) in maps.iter().enumerate() {
        let narrow: Vec<f32> = own.iter().map(|&v| v as f32).collect();
        crate::made::image(&dir.join(format!("m{k}.nii")), &narrow);
    }
    group(dir, &words, "narrow");
    for stat in ["effect", "variance", "t", "p"] {
        let [wide, narrow] = ["wide", "narrow"].map(|out| map(&dir.join(out), "c", stat));
        assert_eq!(wide, narrow, "{stat}");
    }
}
