//! Outputs whose command cannot be run again: their bytes are held against their checksums all the same.

use super::*;

#[test]
fn a_changed_map_is_told_though_an_input_of_its_command_is_gone() {
    let folder = study();
    let dir = folder.path();
    run(dir, &glm("all/a"));
    run(dir, &clean("all/b/clean.nii"));
    let mask = dir.join("study").join(paths::MASK);
    fs::rename(&mask, dir.join("away.nii.gz")).unwrap();
    let output = boldly(dir, "verify all --json");
    let all: Vec<Value> = serde_json::from_slice(&output.stdout).unwrap();
    let rerun = all.len();
    assert_eq!(output.status.code(), Some(66), "{}", said(&output));
    refused(dir, "verify all", 66, &["1 could not be verified"]);
    let map = dir.join("all/a/contrast-pain_stat-t_statmap.nii.gz");
    let (grid, header, mut values) = boldly::io::read_map(&map).unwrap();
    let at = values.iter().position(|t| *t != 0.0).unwrap();
    values[at] *= 1.01;
    let mut outputs = boldly::io::Outputs::new();
    outputs.map(&map, &header, &values).unwrap();
    outputs.commit().unwrap();
    assert_eq!(values.len(), grid.n_voxels());
    let words = [
        "contrast-pain_stat-t_statmap.nii.gz",
        "its bytes are not those that were written",
        "1 output differs",
        "1 could not be verified",
    ];
    refused(dir, "verify all", 1, &words);
    let output = boldly(dir, "verify all --json");
    let all: Vec<Value> = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(all.len(), rerun + 1, "what is whole is neither verified nor at fault");
    // a missing output and an edited sidecar likewise
    fs::remove_file(dir.join("all/a/design.tsv")).unwrap();
    refused(dir, "verify all", 1, &["design.tsv is gone", "2 outputs differ"]);
    fs::rename(dir.join("away.nii.gz"), mask).unwrap();
    refused(dir, "verify all", 1, &["its bytes are not those that were written"]);
}
