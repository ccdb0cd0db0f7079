//! The tables of pictures that `group` and `connect` made: what lies beside them, in numbers.

use std::fs;
use std::path::Path;

use super::command::{NRS, boldly, run, study};
use super::image::image;
use crate::checked::checked;
use crate::report::rows;

/// A map of t with so many degrees of freedom.
fn t_map(path: &Path, dof: f32, values: &[f32]) {
    image(path, [4, 3, 2], values);
    let mut bytes = fs::read(path).unwrap();
    bytes[56..60].copy_from_slice(&dof.to_le_bytes());
    bytes[68..70].copy_from_slice(&3_i16.to_le_bytes());
    fs::write(path, bytes).unwrap();
}

#[test]
fn a_map_has_its_clusters_a_seed_its_peaks_and_a_matrix_its_strongest_edges() {
    let dir = study();
    let dir = dir.path();
    fs::create_dir_all(dir.join("own")).unwrap();
    let write = |name: &str, text: &str| fs::write(dir.join("own").join(name), text).unwrap();
    for name in ["contrast-x_statmap", "seed-pag_statmap", "run-1_stat-r_relmat"] {
        write(&format!("{name}.svg"), &format!("<svg><title>{name}</title></svg>"));
    }
    let clusters: String =
        (1..=12).map(|n| format!("{n}\t{n}.5\t-4\t8\t{}\n", 9 - n / 2)).collect();
    write("contrast-x_clusters.tsv", &format!("cluster\tx_mm\ty_mm\tz_mm\tt\n{clusters}"));
    write(
        "run-1_edges.tsv",
        "region_a\tregion_b\tr\tz\tt\tp\tshared_voxels\na\tb\t0.2\t0.203\t2\t0.05\t0\n\
         a\tc\t-0.6\t-0.693\t-7\t1e-9\t0\nb\tc\tn/a\tn/a\tn/a\tn/a\t0\n",
    );
    // Two voxels above t(60) of p < .001, both tails (3.46), one of them negative; one outside of the mask.
    let at =
        |voxel: usize| [(0, 5.0), (10, -4.0), (23, 9.0)].into_iter().find(|(v, _)| *v == voxel);
    let values: Vec<f32> = (0..24).map(|v| at(v).map_or(0.5, |(_, t)| t)).collect();
    t_map(&dir.join("own/seed-pag_stat-t_statmap.nii"), 60.0, &values);
    let mask: Vec<f32> = (0..24).map(|v| f32::from(u8::from(v != 23))).collect();
    image(&dir.join("own/mask.nii"), [4, 3, 2], &mask);
    run(dir, &format!("{NRS} --out out --picture own"));
    let all = checked(&fs::read_to_string(dir.join("out/report.html")).unwrap());
    let shown = rows(&all);
    let has = |row: &str| shown.iter().any(|own| own == row);
    assert!(has("1|1.5|−4|8|9") && has("10|10.5|−4|8|4") && !has("11|11.5|−4|8|4"), "{shown:#?}");
    let captions: Vec<&str> =
        all.iter().filter(|e| e.name == "caption").map(|e| e.text.as_str()).collect();
    let titled = |title: &str| captions.iter().any(|caption| caption.contains(title));
    assert!(titled("Clusters (contrast-x_clusters.tsv), the first 10 of 12"), "{captions:#?}");
    assert!(
        titled("Clusters of seed-pag above t 3.460 (p < .001 uncorrected, both tails)"),
        "{captions:#?}"
    );
    assert!(titled("Edges by |r| (run-1_edges.tsv)"), "{captions:#?}");
    let place = |start: &str| shown.iter().position(|row| row.starts_with(start)).unwrap();
    // The highest first, in either tail.
    assert!(place("1|0|0|0|5") < place("2|4|4|0|−4"), "{shown:#?}");
    assert!(!shown.iter().any(|row| row.starts_with("3|6|4|2")), "beyond the mask");
    assert_eq!(place("a|c|−0.600"), place("a|b|0.200") - 1);
    assert!(!shown.iter().any(|row| row.starts_with("b|c|")), "an edge that is not known");
    let json = fs::read_to_string(dir.join("out/results.json"));
    assert!(json.is_ok());
    let sidecar = fs::read_to_string(dir.join("out/ancova.json")).unwrap();
    for name in ["run-1_edges.tsv", "contrast-x_clusters.tsv", "seed-pag_stat-t_statmap.nii"] {
        assert!(sidecar.contains(name), "{name} is an input: {sidecar}");
    }
    run(dir, "verify out");
    // With nothing beside it a picture stands alone, and that is said; what is no table of edges is refused.
    fs::remove_file(dir.join("own/contrast-x_clusters.tsv")).unwrap();
    fs::remove_file(dir.join("own/mask.nii")).unwrap();
    let (_, said) = run(dir, &format!("{NRS} --out alone --picture own"));
    assert!(said.contains("lies no contrast-x_clusters.tsv: the picture has no table"), "{said}");
    assert!(said.contains("lies no seed-pag_stat-t_statmap.nii.gz with its mask"), "{said}");
    write("run-1_edges.tsv", "Node\ta\na\t1\n");
    let output = boldly(dir, &format!("{NRS} --out no --picture own"));
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(65), "{said}");
    assert!(said.contains("has no column r: Node, a"), "{said}");
}
