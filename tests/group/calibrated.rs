//! Groups without an effect: how often each correction finds something. `boldly calibrate --group`, smaller.

use boldly::pipeline::calibrate::{GroupRate, GroupsSpec, LEVEL, groups};
use boldly::pipeline::watch::Quiet;

use crate::binary::{boldly, said};

fn small() -> GroupsSpec {
    GroupsSpec {
        shape: [9, 8, 7],
        fwhm_vox: 2.0,
        subjects: vec![12],
        repeats: 160,
        permutations: 60,
        seed: 1,
    }
}

#[test]
fn in_null_groups_rearrangements_find_something_in_five_of_a_hundred_and_the_rest_not_more_often() {
    let rates = groups(&small(), &Quiet).unwrap();
    // Two designs; the largest t, TFCE, FDR, Bonferroni and height once, three kinds of clusters by two thresholds.
    assert_eq!(rates.len(), 2 * (5 + 3 * 2), "{rates:#?}");
    for rate in &rates {
        let GroupRate { design, correction, interval: [from, to], of, .. } = rate;
        assert_eq!(*of, 160);
        let said = format!("{design}, {correction}: {:.3} ({from:.3}, {to:.3})", rate.share());
        assert!(*from <= LEVEL, "too often: {said}");
        // Clusters are few in so small a mask: those of p .001 are mostly none, and their p is large.
        let is_exact = ["largest t", "TFCE", "cluster mass, formed at p 0.01"];
        assert!(*to >= LEVEL || !is_exact.contains(&correction.as_str()), "too seldom: {said}");
    }
}

#[test]
fn null_groups_depend_on_the_seed_alone() {
    let few = GroupsSpec { repeats: 6, permutations: 20, ..small() };
    let rates = |spec: &GroupsSpec| groups(spec, &Quiet).unwrap();
    assert_eq!(rates(&few), rates(&few));
    let other = GroupsSpec { seed: 2, repeats: 40, ..few.clone() };
    assert_ne!(rates(&other), rates(&GroupsSpec { repeats: 40, ..few }));
}

#[test]
fn options_of_runs_do_not_come_with_group() {
    let folder = tempfile::tempdir().unwrap();
    for option in ["--shape 4,4,3,60", "--rho-fwhm 2", "--bold bold.nii"] {
        let output = boldly(folder.path(), &format!("calibrate --group {option}"));
        assert_eq!(output.status.code(), Some(2), "{option}: {}", said(&output));
    }
}
