//! 21 studies of pain: mixed effects at the highest point of the restricted likelihood (PyMARE's, but where its search stops at 0), least
//! squares against scipy (golden: tests/oracles/group_pain21.py).

use std::fs;

use crate::common::{assert_close, numbers, shared};
use crate::made::{group, map};

#[test]
fn mixed_effects_of_real_studies_are_the_likeliest_and_their_t_is_scipys() {
    let Some(images) = shared("nimare-pain21/images") else { return };
    let golden: serde_json::Value =
        serde_json::from_str(include_str!("../goldens/group_pain21.json")).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path();
    let row = |study: usize| {
        let path = |what: &str| images.join(format!("pain_{study:02}_{what}.nii.gz"));
        format!("{study}\t{}\t{}\n", path("beta").display(), path("varcope").display())
    };
    let rows: String = (1..22).map(row).collect();
    fs::write(dir.join("maps.tsv"), format!("subject\teffect\tvariance\n{rows}")).unwrap();
    let told = group(dir, &["--model", "one-sample"], "plain");
    // Zeros are no values: as many voxels as have one in every study.
    assert!(told.contains("lack values"), "{told}");
    let mixed = ["--model", "one-sample", "--variance", "mixed", "--inflate", "not"];
    group(dir, &mixed, "mixed");
    let of = |out: &str, stat: &str| map(&dir.join(out), "mean", stat);
    let inside = of("mixed", "p").iter().filter(|p| **p < 1.0).count();
    assert_eq!(inside as u64, golden["n_voxels"].as_u64().unwrap());
    let voxels: Vec<usize> = numbers(&golden["voxels"]).iter().map(|&v| v as usize).collect();
    let at = |values: Vec<f64>| voxels.iter().map(|&v| values[v]).collect::<Vec<f64>>();
    let want = |name: &str| numbers(&golden[name]);
    assert_close("t", &at(of("plain", "t")), &want("t_ols"), 1e-5, 1e-6);
    assert_close("t", &at(of("mixed", "t")), &want("t_mixed"), 1e-5, 0.0);
    assert_close("effect", &at(of("mixed", "effect")), &want("effect"), 1e-5, 0.0);
    let tau_square = at(of("mixed", "tauSquare"));
    assert_close("tau squared", &tau_square, &want("tau_square"), 1e-4, 1e-6);
    let pymares = want("tau_square_pymare");
    let alike = tau_square.iter().zip(&pymares).filter(|(a, b)| (*a - *b).abs() < 1e-2 * *b + 1e-6);
    assert_eq!(alike.count(), pymares.len() - 1);
}
