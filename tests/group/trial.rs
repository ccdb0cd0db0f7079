//! `boldly demo --group`, smaller: the trial is tested as any group, what is counted is in the maps, and `verify` agrees.

use std::fs;
use std::path::Path;

use boldly::gpu::Device;
use boldly::io::read_map;
use boldly::pipeline::blocks::Ladder;
use boldly::pipeline::demo_group::{Line, TrialResult, demo};
use boldly::pipeline::session::Session;
use boldly::pipeline::watch::Quiet;
use boldly::simulate::trial::{TrialSpec, paths};

use crate::binary::{boldly, said, succeeded};

fn small() -> TrialSpec {
    TrialSpec { shape: [30, 36, 28], voxel_size_mm: [5.0; 3], per_group: 8, seed: 2 }
}

fn demo_in(out: &Path) -> boldly::error::Result<TrialResult> {
    let mut session = Session::new(Vec::new(), Ladder::around(Device::cpu()), &Quiet);
    demo(&small(), 40, (out, "boldly demo --group"), &mut session, &Quiet)
}

#[test]
fn the_group_demo_counts_what_its_maps_hold_comes_again_and_verifies() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("trial");
    let result = demo_in(&out).unwrap();
    let map = |name: &str| read_map(&out.join(name)).unwrap().2;
    let (mask, drug) = (map(paths::MASK), map(paths::TRUTH));
    let n_inside = mask.iter().filter(|v| **v > 0.0).count();
    assert_eq!(result.voxels.iter().sum::<usize>(), n_inside);
    let n_acts = drug.iter().filter(|v| **v < 0.0).count();
    assert_eq!(result.voxels[0] + result.voxels[1], n_acts);
    assert!(result.voxels[0] > 0 && result.voxels[0] < 10, "{:?}", result.voxels);

    // Counted again, from the maps and the truth.
    for (name, correction) in [
        ("stat-p", "uncorrected"),
        ("desc-maxT_stat-p", "largest t"),
        ("desc-tfce_stat-p", "TFCE"),
        ("desc-fdr_stat-p", "false discovery rate"),
    ] {
        let p = map(&format!("group/contrast-interaction_{name}_statmap.nii.gz"));
        let line = result.lines.iter().find(|line| line.correction == correction).unwrap();
        let found = |acts: bool| {
            let at = |v: &usize| mask[*v] > 0.0 && (drug[*v] < 0.0) == acts;
            (0..p.len()).filter(at).filter(|&v| f64::from(p[v]) <= line.level).count()
        };
        let Line { pag, insula, elsewhere, .. } = line;
        assert_eq!((pag + insula, *elsewhere), (found(true), found(false)), "{correction}");
    }
    let uncorrected = &result.lines[0];
    assert!(uncorrected.insula > 0, "the drug is not to be seen: {uncorrected:?}");
    // Its direction and size: that of the truth, not of the other group or session.
    let insula = result.regions.iter().find(|r| r.region == "anterior_insula_left").unwrap();
    assert!(insula.truth < 0.0 && insula.lower < insula.truth && insula.truth < insula.upper);

    assert_eq!(demo_in(&out).unwrap(), result);
    let line = "verify trial -q";
    succeeded(line, boldly(folder.path(), line));

    // A patient's map that is another's is not replaced.
    let table = fs::read_to_string(out.join(paths::TABLE)).unwrap();
    let own = out.join(table.lines().nth(1).unwrap().split('\t').nth(3).unwrap());
    fs::copy(out.join(paths::MASK), &own).unwrap();
    let refused = demo_in(&out).unwrap_err().to_string();
    assert!(refused.contains("is not the one of this study"), "{refused}");
}

#[test]
fn options_of_the_trial_come_with_group_alone() {
    let folder = tempfile::tempdir().unwrap();
    for option in ["--seed 3", "--permutations 50"] {
        let output = boldly(folder.path(), &format!("demo {option}"));
        assert_eq!(output.status.code(), Some(2), "{option}: {}", said(&output));
    }
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}
