//! Columns of each voxel's own, as a user meets them: against the same columns in a design, voxel by voxel, with every model of the noise; local white
//! matter against its definition.
#![allow(clippy::unwrap_used, reason = "tests")]

mod binary;
mod common;
mod test_adapter;

use std::fs;
use std::path::Path;

use boldly::io::{BoldFile, Intent, Outputs, read_map};
use boldly::pipeline::provenance::{self, Sidecar};
use boldly::simulate::write::paths;
use boldly::volume::{Block, HostBold};
use common::{Random, assert_close, wide};
use serde_json::Value;

/// A study small enough for a test.
fn study() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let shape = "--shape 9,10,6 --voxel-size 12,12,12 --volumes 50 --seed 4";
    well(folder.path(), &format!("simulate study {shape} --quiet"));
    folder
}

fn well(dir: &Path, line: &str) -> String {
    binary::said(&binary::succeeded(line, binary::boldly(dir, line)))
}

fn refused(dir: &Path, line: &str) -> String {
    let output = binary::boldly(dir, line);
    assert!(!output.status.success(), "boldly {line}");
    binary::said(&output)
}

fn glm(rest: &str, out: &str) -> String {
    format!(
        "glm study/{} --mask study/{} --events study/{} --task-times start --contrast pain --out {out} {rest}",
        paths::BOLD,
        paths::MASK,
        paths::EVENTS
    )
}

fn bold(dir: &Path) -> (BoldFile, HostBold) {
    let mut file = BoldFile::open(&dir.join("study").join(paths::BOLD)).unwrap();
    let run = file.read(&Block::whole(file.grid.shape, file.n_volumes)).unwrap();
    (file, run)
}

/// Writes an image like the study's run, of a value a volume and voxel.
fn write_image(dir: &Path, name: &str, value: impl Fn(usize, usize) -> f64) -> Vec<f32> {
    let (file, run) = bold(dir);
    let n = run.block.volume_len();
    let data: Vec<f32> = (0..run.data.len()).map(|at| value(at / n, at % n) as f32).collect();
    let mut outputs = Outputs::new();
    outputs.map(&dir.join(name), &file.header.for_bold(file.n_volumes), &data).unwrap();
    outputs.commit().unwrap();
    data
}

fn map(dir: &Path, out: &str, stat: &str) -> Vec<f64> {
    let path = dir.join(out).join(format!("contrast-pain_stat-{stat}_statmap.nii.gz"));
    wide(&read_map(&path).unwrap().2)
}

fn dof(dir: &Path, out: &str) -> f64 {
    let path = dir.join(out).join("contrast-pain_stat-t_statmap.json");
    let sidecar: Value = serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap();
    sidecar["boldly"]["dof"].as_f64().unwrap()
}

/// The series of a voxel that the fit left.
fn residuals(dir: &Path, out: &str, voxel: usize) -> Vec<f64> {
    let mut file = BoldFile::open(&dir.join(out).join("desc-residuals_bold.nii")).unwrap();
    let run = file.read(&Block::whole(file.grid.shape, file.n_volumes)).unwrap();
    wide(&run.data).into_iter().skip(voxel).step_by(run.block.volume_len()).collect()
}

/// A table of columns of the study's length.
fn write_table(dir: &Path, name: &str, columns: &[Vec<f32>]) {
    let names: Vec<String> = (0..columns.len()).map(|c| format!("own_{c}")).collect();
    let row = |t: usize| columns.iter().map(|c| c[t].to_string()).collect::<Vec<_>>().join("\t");
    let rows: Vec<String> = (0..columns[0].len()).map(row).collect();
    fs::write(dir.join(name), format!("{}\n{}\n", names.join("\t"), rows.join("\n"))).unwrap();
}

const MODELS: [&str; 4] = ["ols", "ar1 --rho-fwhm 0", "nilearn-ar1", "arma11"];

#[test]
fn a_voxel_with_columns_of_its_own_is_fitted_as_with_these_in_the_design_by_every_model_of_the_noise()
 {
    let folder = study();
    let dir = folder.path();
    let mut random = Random(11);
    let drawn: Vec<f64> = (0..2 * 50 * 540).map(|_| random.normal()).collect();
    // large beside the run, and small
    let of = |image: usize, scale: f64| {
        let drawn = &drawn[image * 50 * 540..];
        move |t: usize, voxel: usize| {
            scale * (10.0 + drawn[t * 540 + voxel] + (t as f64 / 9.0).sin())
        }
    };
    let first = write_image(dir, "first.nii.gz", of(0, 300.0));
    let second = write_image(dir, "second.nii.gz", of(1, 0.01));
    let mask = wide(&read_map(&dir.join("study").join(paths::MASK)).unwrap().2);
    let inside: Vec<usize> = (0..540).filter(|&v| mask[v] > 0.0).collect();
    for model in MODELS {
        for cut in ["", "--censor-volumes cut.txt"] {
            if model == "nilearn-ar1" && !cut.is_empty() {
                continue;
            }
            fs::write(dir.join("cut.txt"), "3\n4\n20\n33\n").unwrap();
            let rest = format!("--noise {model} {cut} --residuals --device cpu --overwrite");
            well(dir, &glm(&format!("{rest} --voxelwise first.nii.gz second.nii.gz"), "own"));
            for &voxel in &[inside[0], inside[inside.len() / 2]] {
                let series = |image: &[f32]| (0..50).map(|t| image[t * 540 + voxel]).collect();
                write_table(dir, "own.tsv", &[series(&first), series(&second)]);
                well(dir, &glm(&format!("{rest} --confounds own.tsv --columns own_*"), "joint"));
                assert_eq!(dof(dir, "own"), dof(dir, "joint"), "{model}");
                let rtol = if model == "arma11" { 1e-4 } else { 1e-6 };
                for stat in ["effect", "variance", "t", "p"] {
                    let at = |out| [map(dir, out, stat)[voxel]];
                    let name = format!("{model} {cut}: {stat} of voxel {voxel}");
                    assert_close(&name, &at("own"), &at("joint"), rtol, 1e-7);
                }
                let left = |out| residuals(dir, out, voxel);
                let name = format!("{model} {cut}: residuals of voxel {voxel}");
                assert_close(&name, &left("own"), &left("joint"), 10.0 * rtol, 1e-4);
            }
        }
    }
    well(dir, "verify own");
    // the device's residuals, too
    for model in MODELS {
        let device = test_adapter::name();
        let rest =
            format!("--noise {model} --fwhm 20 --maps --residuals --device {device} --overwrite");
        well(dir, &glm(&format!("{rest} --voxelwise first.nii.gz second.nii.gz"), "own"));
        well(dir, "verify own");
    }
}

#[test]
fn a_column_that_is_constant_in_a_voxel_does_not_count_there_and_a_missing_value_leaves_the_voxel_out()
 {
    let folder = study();
    let dir = folder.path();
    let mask = wide(&read_map(&dir.join("study").join(paths::MASK)).unwrap().2);
    let inside: Vec<usize> = (0..540).filter(|&v| mask[v] > 0.0).collect();
    let (flat, missing) = (inside[5], inside[9]);
    write_image(dir, "own.nii.gz", |t, voxel| match voxel {
        _ if voxel == missing && t == 7 => f64::NAN,
        _ if voxel == flat => 4.0,
        _ => ((t * 31 + voxel * 17 + t * t) % 23) as f64,
    });
    for model in MODELS {
        let rest = format!("--noise {model} --device cpu --overwrite");
        let said = well(dir, &glm(&format!("{rest} --voxelwise own.nii.gz"), "own"));
        assert!(said.contains("the voxel-wise column own of study"), "{said}");
        assert!(said.contains("constant, or spanned by other columns in 1 voxels"), "{said}");
        well(dir, &glm(&rest, "plain"));
        let at = |out, stat| [map(dir, out, stat)[flat]];
        for stat in ["effect", "t", "p"] {
            assert_close(stat, &at("own", stat), &at("plain", stat), 1e-5, 1e-9);
        }
        assert!(said.contains("1 mask voxel of study"), "{said}");
        let (dofs, all) = (map(dir, "own", "dof"), dof(dir, "plain"));
        assert_eq!((dofs[flat], dofs[inside[0]], dof(dir, "own")), (all, all - 1.0, all - 1.0));
        assert_eq!((map(dir, "own", "t")[missing], map(dir, "own", "p")[missing]), (0.0, 1.0));
    }
    // A sidecar of before that key was written is no fault.
    let sidecar = dir.join("own/contrast-pain_stat-t_statmap.json");
    let Sidecar { provenance, mut fields } = provenance::read(&sidecar).unwrap().unwrap();
    fields.shift_remove("DegreesOfFreedomVary").expect("the key");
    fs::write(&sidecar, provenance.to_json(fields.clone()).unwrap()).unwrap();
    well(dir, "verify own");
    fields.shift_remove("DegreesOfFreedom").expect("the key");
    fs::write(&sidecar, provenance.to_json(fields).unwrap()).unwrap();
    let said = String::from_utf8(binary::boldly(dir, "verify own").stdout).unwrap();
    assert!(said.contains("other things of [\"DegreesOfFreedom\"]"), "{said}");
}

#[test]
fn a_column_that_counts_nowhere_costs_nothing_and_one_that_is_the_series_itself_is_refused() {
    let folder = study();
    let dir = folder.path();
    write_image(dir, "flat.nii.gz", |_, voxel| voxel as f64);
    let rest = "--device cpu --noise ar1 --maps";
    well(dir, &glm(&format!("{rest} --voxelwise flat.nii.gz"), "flat"));
    well(dir, &glm(rest, "plain"));
    assert_eq!(dof(dir, "flat"), dof(dir, "plain"));
    assert!(!dir.join("flat/contrast-pain_stat-dof_statmap.nii.gz").exists());
    let variance = |out: &str| {
        let path = dir.join(out).join("stat-residualVariance_statmap.json");
        let sidecar: Value = serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap();
        sidecar["DegreesOfFreedom"].as_f64().unwrap()
    };
    assert_eq!(variance("flat"), dof(dir, "plain"));

    // The run by its own name is refused, and so is a copy, which leaves nothing.
    let bold = format!("study/{}", paths::BOLD);
    assert!(
        refused(dir, &glm(&format!("--voxelwise {bold}"), "not")).contains("is the run itself")
    );
    fs::copy(dir.join(&bold), dir.join("copy.nii.gz")).unwrap();
    for model in MODELS {
        let rest = format!("--noise {model} --device cpu --overwrite --voxelwise copy.nii.gz");
        let said = refused(dir, &glm(&rest, "itself"));
        assert!(said.contains("is explained to rounding by its columns in all"), "{said}");
        assert!(!dir.join("itself").exists(), "{model}");
    }
    let twice = refused(dir, &glm("--voxelwise flat.nii.gz flat.nii.gz", "not"));
    assert!(twice.contains("two columns `flat`"), "{twice}");
    for contrast in ["flat", "pain-0.5*flat", "fl*"] {
        let line = format!("--voxelwise flat.nii.gz --contrast '{contrast}'");
        let said = refused(dir, &glm(&line.replace('\'', ""), "not"));
        for words in
            ["weighs `flat`, a voxel-wise column", "no contrast can be of one", "--confounds"]
        {
            assert!(said.contains(words), "{contrast}, {words}: {said}");
        }
    }
}

#[test]
fn where_a_column_of_several_does_not_count_is_told_of_each() {
    let folder = study();
    let dir = folder.path();
    let mask = wide(&read_map(&dir.join("study").join(paths::MASK)).unwrap().2);
    let inside: Vec<usize> = (0..540).filter(|&v| mask[v] > 0.0).collect();
    let drawn = |t: usize, voxel: usize| ((t * 31 + voxel * 17 + t * t) % 23) as f64;
    let flat_in = |voxels: Vec<usize>| {
        move |t: usize, voxel: usize| if voxels.contains(&voxel) { 4.0 } else { drawn(t, voxel) }
    };
    write_image(dir, "one.nii.gz", flat_in(inside[..3].to_vec()));
    // The same as the first but where that is constant, and constant in two of these.
    write_image(dir, "two.nii.gz", {
        let (flat, two) = (flat_in(inside[1..3].to_vec()), inside[0]);
        move |t, voxel| if voxel == two { (t % 7) as f64 } else { 2.0 * flat(t, voxel) }
    });
    let said = well(dir, &glm("--device cpu --voxelwise one.nii.gz two.nii.gz", "own"));
    let n_two = inside.len() - 1;
    for (name, n) in [("one", 3), ("two", n_two)] {
        let words = format!(
            "the voxel-wise column {name} of study/{} is constant, or spanned by other columns in {n} voxels",
            paths::BOLD
        );
        assert!(said.contains(&words), "{words}: {said}");
    }
    let sidecar: Value =
        serde_json::from_str(&fs::read_to_string(dir.join("own/mask.json")).unwrap()).unwrap();
    let told = &sidecar["boldly"]["resolved"]["runs"][0]["voxels_where_they_do_not_count"];
    assert_eq!(*told, serde_json::json!({ "one": 3, "two": n_two }));
}

#[test]
fn local_white_matter_is_the_mean_of_the_masks_voxels_within_the_radius() {
    let folder = study();
    let dir = folder.path();
    let (file, run) = bold(dir);
    let white = |voxel: usize| voxel.is_multiple_of(7);
    let values: Vec<f32> = (0..540).map(|v| f32::from(u8::from(white(v)))).collect();
    let mut outputs = Outputs::new();
    outputs.map(&dir.join("wm.nii.gz"), &file.header.for_map(Intent::None), &values).unwrap();
    outputs.commit().unwrap();
    let place = |v: usize| [v % 9, v / 9 % 10, v / 90];
    let near = |voxel: usize| -> Vec<usize> {
        let square = |other: usize| -> usize {
            (0..3).map(|d| place(voxel)[d].abs_diff(place(other)[d]).pow(2)).sum()
        };
        (0..540).filter(|&other| white(other) && square(other) <= 4).collect()
    };
    write_image(dir, "local.nii.gz", |t, voxel| {
        let near = near(voxel);
        let sum: f64 = near.iter().map(|v| f64::from(run.data[t * 540 + v])).sum();
        if near.is_empty() { 0.0 } else { sum / near.len() as f64 }
    });
    let said = well(dir, &glm("--anaticor wm.nii.gz --anaticor-radius 24 --device cpu", "own"));
    assert!(said.contains("columns of each voxel's own: local_white_matter"), "{said}");
    assert!(!said.contains("segmentation"), "{said}");
    // every label of a segmentation counts, which is doubted
    let labels: Vec<f32> =
        (0..540).map(|v| if white(v) { 2.0 + (v % 3) as f32 } else { 0.0 }).collect();
    let mut outputs = Outputs::new();
    outputs.map(&dir.join("aseg.nii.gz"), &file.header.for_map(Intent::None), &labels).unwrap();
    outputs.commit().unwrap();
    let doubted =
        well(dir, &glm("--anaticor aseg.nii.gz --anaticor-radius 24 --device cpu", "aseg"));
    let words = "warning: aseg.nii.gz is a segmentation: the voxels of all its 3 labels (2, 3, 4) are inside; give a mask of white matter alone";
    assert!(doubted.contains(words), "{doubted}");
    assert_eq!(map(dir, "aseg", "t"), map(dir, "own", "t"));
    well(dir, &glm("--voxelwise local.nii.gz --device cpu", "image"));
    for stat in ["effect", "t", "p"] {
        assert_close(stat, &map(dir, "own", stat), &map(dir, "image", stat), 1e-4, 1e-6);
    }
    well(dir, "verify own image");

    // Whole numbers, which float32 holds at either level; means over voxels it does not hold at the higher one.
    let data = &run.data;
    for (name, level) in [("low.nii.gz", 0.0), ("high.nii.gz", 30_000.0)] {
        let value = |at: f32| f64::from(at).round() + level;
        write_image(dir, name, |t, voxel| value(data[t * 540 + voxel]));
        let line = glm(
            "--anaticor wm.nii.gz --anaticor-radius 24 --scaling none --device cpu",
            name.trim_end_matches(".nii.gz"),
        );
        well(dir, &line.replacen(&format!("study/{}", paths::BOLD), name, 1));
    }
    assert_close("at a high level", &map(dir, "high", "t"), &map(dir, "low", "t"), 1e-6, 1e-6);

    let whole = write_image(dir, "whole.nii.gz", |_, _| 0.0);
    assert_eq!(whole.len(), run.data.len());
    outputs = Outputs::new();
    outputs.map(&dir.join("none.nii.gz"), &file.header.for_map(Intent::None), &[0.0; 540]).unwrap();
    outputs.map(&dir.join("short.nii.gz"), &file.header.for_bold(49), &whole[540..]).unwrap();
    outputs.commit().unwrap();
    let mut lost = whole.clone();
    lost[5 * 540..6 * 540].fill(f32::NAN);
    outputs = Outputs::new();
    outputs.map(&dir.join("lost.nii.gz"), &file.header.for_bold(50), &lost).unwrap();
    outputs.commit().unwrap();
    for (rest, why) in [
        ("--voxelwise lost.nii.gz", "(lost) is not finite in some volume wherever the run is"),
        ("--anaticor none.nii.gz", "no value is above 0"),
        ("--anaticor wm.nii.gz --anaticor-radius 0", "a distance above 0"),
        ("--voxelwise short.nii.gz", "has 49 volumes"),
        ("--voxelwise wm.nii.gz", "wm.nii.gz"),
        ("--voxelwise gone.nii.gz", "gone.nii.gz"),
    ] {
        let said = refused(dir, &glm(rest, "not"));
        assert!(said.contains(why), "{rest}: {said}");
        assert!(!dir.join("not").exists(), "{rest}");
    }
}
