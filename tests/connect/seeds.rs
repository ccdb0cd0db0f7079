//! A seed's map is glm's with the seed's series as one more column, whatever the noise model, and on both devices.

use std::fs;
use std::path::Path;

use crate::binary::{boldly, run, said, succeeded};
use crate::common::assert_close;
use crate::dataset::text;
use crate::made::{SHAPE, Table, map, study};
use crate::test_adapter;

const SEEDS: &str = "--seed a=sphere:6,6,6:4.5 --seed b=sphere:12,9,6:4.5";

/// The nuisance columns of the run as a ready design, with a seed's series before them.
pub fn design(dir: &Path, out: &str, seed: &str) {
    let n = SHAPE[3];
    let series = Table::read(&dir.join(out).join("timeseries.tsv"));
    let confounds = Table::read(&dir.join("bold.tsv"));
    let mut column = vec![0.0; n];
    for (time, value) in series.column("time").iter().zip(series.column(seed)) {
        column[(time / 2.0).round() as usize] = value;
    }
    // 240 s: three cosines of 128 s and more
    let cosine =
        |t: usize, k: usize| (std::f64::consts::PI * (t as f64 + 0.5) * k as f64 / n as f64).cos();
    let (x, y) = (confounds.words("trans_x"), confounds.words("trans_y"));
    let row = |t: usize| {
        let drift: Vec<String> = (1..=3).map(|k| cosine(t, k).to_string()).collect();
        format!("{}\t{}\t{}\t{}\t1\n", column[t], x[t], y[t], drift.join("\t"))
    };
    let rows: String = (0..n).map(row).collect();
    text(dir, "design.tsv", &format!("{seed}\ttrans_x\ttrans_y\td1\td2\td3\tconstant\n{rows}"));
}

#[test]
fn a_seeds_maps_are_glms_with_its_series_as_a_column_under_every_noise_model() {
    let folder = study();
    let dir = folder.path();
    for (noise, fwhm, censor) in [
        ("ar1", "0", "--censor fd:0.5"),
        ("ar1", "6", ""),
        ("ar1 --rho-fwhm 0", "0", ""),
        ("ols", "6", "--censor fd:0.5"),
        ("arma11", "0", ""),
        ("nilearn-ar1", "0", ""),
    ] {
        let common = format!(
            "--confounds bold.tsv {censor} --mask mask.nii --fwhm {fwhm} --noise {noise} --device cpu -q --overwrite"
        );
        run(dir, &format!("connect bold.nii {SEEDS} --columns trans_* {common} --out connect"));
        design(dir, "connect", "b");
        let columns =
            if censor.is_empty() { common.replace("--confounds bold.tsv", "") } else { common };
        run(
            dir,
            &format!(
                "glm bold.nii --design design.tsv {columns} --contrast seed=b --two-sided --scaling none --out glm"
            ),
        );
        for stat in ["effect", "variance", "t", "z", "p"] {
            let got = map(&dir.join("connect"), &format!("seed-b_stat-{stat}_statmap"));
            let want = map(&dir.join("glm"), &format!("contrast-seed_stat-{stat}_statmap"));
            assert!(want.iter().any(|v| *v != 0.0));
            assert_close(&format!("{noise} {fwhm} {stat}"), &got, &want, 1e-5, 1e-6);
        }
        let [t, z] = ["t", "z"]
            .map(|stat| map(&dir.join("glm"), &format!("contrast-seed_stat-{stat}_statmap")));
        assert!(t.iter().zip(&z).all(|(t, z)| (*t < 0.0) == (*z < 0.0)), "z has the sign of t");
    }
}

#[test]
fn what_each_device_makes_is_verified_and_one_changed_value_is_found() {
    let folder = study();
    let dir = folder.path();
    let devices = ["cpu".to_owned(), test_adapter::name()];
    for device in devices {
        let line = format!(
            "connect bold.nii {SEEDS} --seed c=sphere:3,3,9:4 --confounds bold.tsv --columns trans_* --censor fd:0.5 --global-signal --band 0.01,0.23 --seed-first-pc --network n=a,b \
             --mask mask.nii --fwhm 5 --device {device} --out out --overwrite --verify"
        );
        let output = succeeded(&line, boldly(dir, &line));
        let compared = String::from_utf8_lossy(&output.stdout);
        assert!(compared.contains("outputs are"), "{compared}");
    }
    let edges = dir.join("out/edges.tsv");
    let spoiled = fs::read_to_string(&edges).unwrap().replacen("0.", "0.5", 1);
    fs::write(&edges, spoiled).unwrap();
    let output = boldly(dir, "verify out/edges.tsv");
    assert_eq!(output.status.code(), Some(1), "{}", said(&output));
}

#[test]
fn a_first_component_has_the_sign_of_the_mean_and_its_share_is_told() {
    let folder = study();
    let dir = folder.path();
    let line = "connect bold.nii --seed a=sphere:15,6,6:6 --seed b=sphere:3,6,6:4 --mask mask.nii --device cpu --out";
    run(dir, &format!("{line} mean"));
    let output = succeeded(line, boldly(dir, &format!("{line} first --seed-first-pc")));
    assert!(said(&output).contains("first principal components explain"), "{}", said(&output));
    let of = |out: &str| Table::read(&dir.join(out).join("timeseries.tsv")).column("a");
    let (mean, first) = (of("mean"), of("first"));
    let product = |x: &[f64], y: &[f64]| x.iter().zip(y).map(|(x, y)| x * y).sum::<f64>();
    let r = product(&mean, &first) / (product(&mean, &mean) * product(&first, &first)).sqrt();
    assert!(r > 0.9 && r < 1.0 - 1e-6, "{r}");
    let json: serde_json::Value =
        serde_json::from_str(&fs::read_to_string(dir.join("first/timeseries.json")).unwrap())
            .unwrap();
    let share = json["a"]["FirstPrincipalComponent"].as_f64().unwrap();
    assert!(share > 0.1 && share < 1.0, "{json}");
}

#[test]
fn what_tables_and_files_call_a_seed_otherwise_is_said_and_a_clash_is_one_of_seeds() {
    let folder = study();
    let dir = folder.path();
    let line = |one: &str, other: &str| {
        format!(
            "connect bold.nii --seed {one}=sphere:15,6,6:6 --seed {other}=sphere:3,6,6:4 --mask mask.nii --device cpu --out out"
        )
    };
    let named = line("Rück&<x>", "left_insula");
    let said_of = said(&succeeded(&named, boldly(dir, &named)));
    let told = "names of regions: 'Rück&<x>' is Rück&<x> in tables and seed-RueckLtXGt in the names of files";
    assert!(said_of.contains(told) && !said_of.contains("'left_insula' is"), "{said_of}");
    assert!(dir.join("out/seed-RueckLtXGt_stat-t_statmap.nii.gz").exists());
    let output = boldly(dir, &line("Ins", "ins").replace("--out out", "--out other"));
    let message = said(&output);
    assert_eq!(output.status.code(), Some(2), "{message}");
    assert!(
        message.contains("seeds `Ins` and `ins` would both be written as seed-ins"),
        "{message}"
    );
}

#[test]
fn a_first_component_that_hardly_goes_with_its_seeds_mean_is_told() {
    let folder = study();
    let dir = folder.path();
    let [ni, nj, nk, n] = SHAPE;
    // Two voxels of one slow signal, with opposite signs: their mean is noise.
    let path = dir.join("bold.nii");
    let mut bytes = fs::read(&path).unwrap();
    let first = bytes.len() - 4 * ni * nj * nk * n;
    for t in 0..n {
        let slow = 200.0 * (0.2 * t as f32).sin();
        for (voxel, value) in [(2, 900.0 + slow), (3, 900.0 - slow + ((t * 7) % 5) as f32)] {
            let at = first + 4 * (t * ni * nj * nk + voxel);
            bytes[at..at + 4].copy_from_slice(&f32::to_le_bytes(value));
        }
    }
    fs::write(path, bytes).unwrap();
    let line = "connect bold.nii --seed a=sphere:15,6,6:6 --seed two=box:7.5,0,0:4,1,1 --mask mask.nii --device cpu --seed-first-pc --out out";
    let heard = said(&succeeded(line, boldly(dir, line)));
    let told = "first principal components hardly go with the means of their seeds, whose sign they take: two (r 0.";
    assert!(heard.contains(told) && heard.contains("a matter of chance"), "{heard}");
    assert!(!heard.contains("take: a (r"), "{heard}");
}

#[test]
fn volumes_of_which_no_two_follow_each_other_are_told_with_rho_and_said_in_sidecars() {
    let folder = study();
    let dir = folder.path();
    let left: String = (1..SHAPE[3]).step_by(2).map(|t| format!("{t}\n")).collect();
    fs::write(dir.join("left.txt"), left).unwrap();
    let line = "connect bold.nii --seed a=sphere:15,6,6:4 --seed b=sphere:3,6,6:4 --mask mask.nii --censor-volumes left.txt --device cpu --overwrite --out out";
    let part = "rho of the seeds' maps is that of volumes 2 apart, as all that were kept lie multiples of it apart";
    let resolved = || {
        let text = fs::read_to_string(dir.join("out/edges.json")).unwrap();
        let sidecar: serde_json::Value = serde_json::from_str(&text).unwrap();
        sidecar["boldly"]["resolved"]["runs"][0].clone()
    };
    let told = said(&succeeded(line, boldly(dir, line)));
    assert!(told.contains(part), "{told}");
    assert_eq!(resolved()["volumes_apart_whose_correlation_rho_is"], 2);
    let line = format!("{line} --noise ols");
    let told = said(&succeeded(&line, boldly(dir, &line)));
    assert!(!told.contains("rho of the seeds"), "{told}");
    assert_eq!(resolved().get("volumes_apart_whose_correlation_rho_is"), None);
}
