//! Regions of voxels that the columns of a run explain: nothing is known of them there, and so nothing of all runs.

use std::fs;

use boldly::io::{BoldFile, Intent, Outputs};
use boldly::simulate::write::paths;
use boldly::volume::Block;

use crate::binary::study;
use crate::{json, map, well};

/// Two voxels that vary in a volume that has a column of its own, alone and beside three of the brain.
#[test]
fn a_region_that_columns_explain_in_one_run_has_no_row_of_all_runs() {
    let folder = study();
    let dir = folder.path();
    let mut file = BoldFile::open_image(&dir.join("study").join(paths::BOLD)).unwrap();
    let (shape, n_volumes) = (file.grid.shape, file.n_volumes);
    let mut bold = file.read(&Block::whole(shape, n_volumes)).unwrap();
    let n = shape.iter().product::<usize>();
    let brain = map(&dir.join("study").join(paths::MASK));
    let brain: Vec<usize> = (0..n).filter(|&voxel| brain[voxel] > 0.0).collect();
    let (lost, rest) = (&brain[..2], &brain[2..5]);
    for t in 0..n_volumes {
        lost.iter().for_each(|voxel| {
            bold.data[t * n + voxel] = if t == 30 { 700.0 } else { 500.0 };
        });
    }
    let mut outputs = Outputs::new();
    outputs.map(&dir.join("run.nii"), &file.header.for_bold(n_volumes), &bold.data).unwrap();
    let regions = [("gone", lost.to_vec()), ("some", brain[..5].to_vec()), ("rest", rest.to_vec())];
    for (name, voxels) in &regions {
        let inside: Vec<f32> = (0..n).map(|v| f32::from(u8::from(voxels.contains(&v)))).collect();
        let header = file.header.for_map(Intent::None);
        outputs.map(&dir.join(format!("{name}.nii")), &header, &inside).unwrap();
    }
    outputs.commit().unwrap();
    let rows: String = (0..n_volumes).map(|t| format!("{}\n", u8::from(t == 30))).collect();
    fs::write(dir.join("spikes.tsv"), format!("motion_outlier00\n{rows}")).unwrap();
    let (events, run, mask) = (paths::EVENTS, paths::BOLD, paths::MASK);
    let given = "--contrast pain --f-contrast both=pain;control --roi gone=gone.nii --roi some=some.nii --roi rest=rest.nii --tr 2 --device cpu --overwrite";
    for more in ["--noise ols", "--noise ar1", "--noise arma11", "--combine precision"] {
        let line = format!(
            "glm run.nii study/{run} --events study/{events} study/{events} --mask study/{mask} --confounds spikes.tsv spikes.tsv \
             --columns motion_outlier* {more} {given} --out both"
        );
        let said = well(dir, &line);
        let told = "run.nii: 2 of the 2 voxels of gone are what its columns explain to rounding; they are in the mean of gone in no run";
        assert!(said.contains(told), "{more}: {said}");
        let counts = json(&dir.join("both/mask.json"))["boldly"]["counts"].clone();
        assert_eq!(counts["voxels_explained"], 2, "{counts}");
        for contrast in ["pain", "both"] {
            let path = dir.join(format!("both/contrast-{contrast}_regions.tsv"));
            let table = fs::read_to_string(path).unwrap();
            let row = |at: usize| table.lines().nth(at).unwrap().split('\t').collect::<Vec<_>>();
            for at in 1..4 {
                let [gone, some, rest] = [row(at), row(at + 3), row(at + 6)];
                assert!(
                    gone[2] == "0" && gone[4] == "0" && gone[5..].iter().all(|v| *v == "n/a"),
                    "{more}: {gone:?}"
                );
                assert_eq!((some[2], rest[2]), ("3", "3"), "{more}");
                assert_eq!(
                    some[5..],
                    rest[5..],
                    "{more}: what is explained is in the mean of no run"
                );
            }
        }
    }
    // Of one run the row is n/a, and why is told.
    let line = format!(
        "glm run.nii --events study/{events} --mask study/{mask} --confounds spikes.tsv --columns motion_outlier* {given} --out one"
    );
    let said = well(dir, &line);
    assert!(said.contains("none of the 2 voxels of gone has a series that was fitted"), "{said}");
    let table = fs::read_to_string(dir.join("one/contrast-pain_regions.tsv")).unwrap();
    let gone: Vec<&str> = table.lines().nth(1).unwrap().split('\t').collect();
    assert!(gone[4..].iter().all(|v| *v == "n/a"), "{gone:?}");
    let row = |at: usize| table.lines().nth(at).unwrap().split('\t').collect::<Vec<_>>();
    assert_eq!((row(2)[1], &row(2)[4..]), ("3", &row(3)[4..]), "its mean is of what was fitted");
}
