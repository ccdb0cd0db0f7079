//! Pictures and the page of a group: what is written, what they say, and that verify knows them.

use std::fs;
use std::path::Path;

use crate::binary::{boldly, run, said, with_words};
use crate::checked::checked;
use crate::made::{group, image, map, study, values};

/// Nine subjects in two groups, and an atlas of two regions.
fn write(dir: &Path) {
    let row = |k: usize| format!("s{k}\t{}\t{}\tm{k}.nii", ["a", "b"][k % 2], 20 + k * k % 7);
    let rows: Vec<String> = (0..9).map(row).collect();
    study(dir, &format!("subject\tgroup\tage\teffect\n{}\n", rows.join("\n")));
    let labels: Vec<f32> = (0..12).map(|v| [1.0, 2.0, 0.0][v % 3]).collect();
    image(&dir.join("atlas.nii"), &labels);
    fs::write(dir.join("names.tsv"), "index\tname\n1\tPAG <left>\n2\tInsula\n").unwrap();
}

fn read(dir: &Path, name: &str) -> String {
    fs::read_to_string(dir.join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// The texts of a drawing, one after the other.
fn letters(svg: &str) -> String {
    let parts = svg.split("<text").skip(1).filter_map(|part| part.split(['>', '<']).nth(1));
    parts.collect::<Vec<_>>().join(" ")
}

#[test]
fn each_contrast_has_its_picture_and_the_page_has_all_of_them() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path();
    write(dir);
    let words = ["--model", "ancova", "--covariates", "age", "--contrast", "a - b", "--contrast"];
    let more =
        ["age", "--atlas", "atlas.nii", "--atlas-names", "names.tsv", "--underlay", "m0.nii"];
    group(dir, &[&words[..], &more[..]].concat(), "out");
    let svg = read(dir, "out/contrast-age_statmap.svg");
    assert!(svg.starts_with("<svg xmlns=\"http://www.w3.org/2000/svg\" "), "{svg:.100}");
    let told = letters(&svg);
    // The 0.001 quantile of t with 6 degrees of freedom.
    for part in
        ["t (6 dof)", "5.21", "p &lt; .001", "uncorrected, upper tail", "L", "R", "mm", "m0.nii"]
    {
        assert!(told.contains(part), "{part}: {told}");
    }
    assert!(dir.join("out/contrast-aMinusB_statmap.svg").is_file());
    let page = read(dir, "out/group.html");
    let all = checked(&page);
    let pictures = all.iter().filter(|e| e.name == "svg" && e.class("statmap")).count();
    assert_eq!(pictures, 2, "a picture a contrast");
    let text = &all.iter().find(|e| e.name == "main").unwrap().text;
    for part in
        ["ancova", "9 maps of 9 subjects", "PAG <left>", "95 % CI", "age, centred", "m8.nii"]
    {
        assert!(text.contains(part), "the page lacks {part:?}");
    }
    let table = read(dir, "out/contrast-age_clusters.json");
    assert!(table.contains("(p < .001 uncorrected, upper tail), the highest first"), "{table}");
    let design = all.iter().find(|e| e.has("id", "contrast-1-design-desc"));
    assert!(design.is_some_and(|e| e.text.starts_with("9 rows by 3 columns")), "{design:?}");
    let intervals = all.iter().filter(|e| e.has("id", "contrast-1-regions")).count();
    assert_eq!(intervals, 1, "confidence intervals are drawn");
    run(dir, "verify out");
    let name = dir.join("out/contrast-age_statmap.svg");
    fs::write(&name, svg.replace("5.21", "1.21")).unwrap();
    let output = boldly(dir, "verify out");
    assert_eq!(output.status.code(), Some(1), "an edited picture: {}", said(&output));
}

#[test]
fn what_passes_is_by_the_strongest_correction_that_was_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path();
    write(dir);
    let told = |words: &[&str]| {
        let all = [&["--model", "one-sample", "--overwrite"], words].concat();
        group(dir, &all, "out");
        letters(&read(dir, "out/contrast-mean_statmap.svg"))
    };
    let told_of = told(&["--correct", "fdr"]);
    assert!(told_of.contains("p ≤ .05 corrected, false discovery rate"), "{told_of}");
    let by = ["--correct", "fdr", "--permutations", "512"];
    let told_of = told(&by);
    assert!(
        told_of.contains("p ≤ .05 corrected, largest statistic, upper tail (t ≥ "),
        "{told_of}"
    );
    let told_of = told(&[&by[..], &["--tfce", "--two-sided"]].concat());
    assert!(told_of.contains("threshold-free cluster enhancement, both tails;"), "{told_of}");
}

#[test]
fn where_degrees_of_freedom_vary_clusters_are_what_p_passes_and_the_bar_has_them_all() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path();
    write(dir);
    for k in 0..9_u64 {
        // two subjects lack the first voxels
        let own = values(k).into_iter().enumerate();
        let own = own.map(|(v, x)| if k < 2 && v < 5 { f32::NAN } else { x + 0.7 });
        image(&dir.join(format!("m{k}.nii")), &own.collect::<Vec<f32>>());
    }
    group(dir, &["--model", "one-sample", "--min-subjects", "7"], "out");
    let out = dir.join("out");
    let told = letters(&read(dir, "out/contrast-mean_statmap.svg"));
    assert!(told.contains("t (6 to 8 dof)"), "{told}");
    let described = read(dir, "out/contrast-mean_clusters.json");
    let by = "above z 3.0902 (p < .001 uncorrected, upper tail; t has 6 to 8 degrees of freedom)";
    assert!(described.contains(by), "{described}");
    let (p, t) = (map(&out, "mean", "p"), map(&out, "mean", "t"));
    let passing: Vec<usize> = (0..p.len()).filter(|&v| p[v] < 0.001).collect();
    assert!(!passing.is_empty() && passing.len() < p.len(), "{t:?}");
    let table = read(dir, "out/contrast-mean_clusters.tsv");
    let mut lines = table.lines().map(|line| line.split('\t').collect::<Vec<_>>());
    let heads = lines.next().unwrap();
    let at = |name: &str| heads.iter().position(|head| *head == name).unwrap();
    let rows: Vec<Vec<&str>> = lines.collect();
    let voxels = rows.iter().filter_map(|row| row[at("voxels")].parse::<usize>().ok());
    assert_eq!(voxels.sum::<usize>(), passing.len(), "{table}");
    for row in &rows {
        let own: f64 = row[at("t")].parse().unwrap();
        assert!(t.iter().any(|t| (t - own).abs() < 1e-4), "{own} is no t of the map");
    }
}

#[test]
fn without_pictures_there_are_none_and_an_underlay_of_elsewhere_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path();
    write(dir);
    group(dir, &["--model", "one-sample", "--no-pictures"], "out");
    let has_pictures = |name: &str| name.ends_with(".svg") || name.ends_with(".html");
    let names = fs::read_dir(dir.join("out")).unwrap().map(|file| file.unwrap().file_name());
    assert!(!names.map(|name| name.into_string().unwrap()).any(|name| has_pictures(&name)));

    let mut far = fs::read(dir.join("m0.nii")).unwrap();
    // x of the first voxel, in the sform.
    far[292..296].copy_from_slice(&500_f32.to_le_bytes());
    fs::write(dir.join("far.nii"), far).unwrap();
    let fixed = ["group", "--maps", "maps.tsv", "--model", "one-sample", "--out", "other"];
    let refused = |words: &[&str], code: i32, part: &str| {
        let output = with_words(dir, fixed.iter().chain(words));
        let told = said(&output);
        assert_eq!(output.status.code(), Some(code), "{words:?}: {told}");
        assert!(told.contains(part), "{told}");
        assert!(!dir.join("other/group.html").exists());
    };
    refused(&["--underlay", "far.nii"], 65, "lies elsewhere");
    refused(&["--underlay", "m0.nii", "--no-pictures"], 2, "--no-pictures");
}
