//! Where estimates end: voxels of which columns leave nothing, a rho that is smoothed, and estimates at the end of their range.

use std::fs;

use boldly::io::{BoldFile, Intent, Outputs};
use boldly::simulate::write::paths;
use boldly::volume::Block;

use crate::binary::study;
use crate::common::Random;
use crate::{json, map, well, write};

/// fMRIPrep's columns of single volumes, and voxels that vary in these volumes alone.
#[test]
fn voxels_that_columns_explain_have_no_statistic_in_any_noise_model() {
    let folder = study();
    let dir = folder.path();
    let mut file = BoldFile::open_image(&dir.join("study").join(paths::BOLD)).unwrap();
    let (shape, n_volumes) = (file.grid.shape, file.n_volumes);
    let mut bold = file.read(&Block::whole(shape, n_volumes)).unwrap();
    let n = shape.iter().product::<usize>();
    for t in 0..n_volumes {
        bold.data[t * n] = if t == 30 { 700.0 } else { 500.0 };
        bold.data[t * n + 1] = if t == 30 || t == 20 { 400.3 } else { 500.1 };
    }
    let of_run = file.header.for_bold(n_volumes);
    let inside: Vec<f32> = (0..n).map(|voxel| f32::from(u8::from(voxel < 40))).collect();
    let mut outputs = Outputs::new();
    outputs.map(&dir.join("run.nii"), &of_run, &bold.data).unwrap();
    outputs.map(&dir.join("few.nii"), &file.header.for_map(Intent::None), &inside).unwrap();
    outputs.commit().unwrap();
    let rows = (0..n_volumes).map(|t| format!("{}\t{}\n", u8::from(t == 30), u8::from(t == 20)));
    let table = format!("motion_outlier00\tmotion_outlier01\n{}", rows.collect::<String>());
    fs::write(dir.join("spikes.tsv"), table).unwrap();
    for noise in ["ols", "ar1", "arma11", "nilearn-ar1"] {
        for scaling in ["psc", "none"] {
            let line = format!(
                "glm run.nii --events study/{} --mask few.nii --confounds spikes.tsv --columns motion_outlier* --contrast pain --contrast n=-1*constant \
                 --noise {noise} --scaling {scaling} --tr 2 --device cpu --verify --overwrite --out out",
                paths::EVENTS
            );
            let said = well(dir, &line);
            let told = "2 mask voxels are what the columns of run.nii explain to rounding; they are outside (0";
            assert!(said.contains(told), "{noise}, {scaling}: {said}");
            let counts = json(&dir.join("out/mask.json"))["boldly"]["counts"].clone();
            assert_eq!(counts["voxels_explained"], 2, "{counts}");
            let fitted = counts["voxels_fitted"].as_u64().unwrap();
            let constant = counts["voxels_constant_in_some_run"].as_u64().unwrap();
            assert_eq!(fitted + constant + 2, 40, "{counts}");
            assert_eq!(map(&dir.join("out/mask.nii.gz"))[..2], [0.0; 2]);
            assert!(said.contains("n: largest t -"), "one that is known: {said}");
            let [t, p, variance] = ["t", "p", "variance"].map(|stat| {
                map(&dir.join(format!("out/contrast-pain_stat-{stat}_statmap.nii.gz")))
            });
            assert_eq!(
                (&t[..2], &p[..2], &variance[..2]),
                (&[0.0; 2][..], &[1.0; 2][..], &[0.0; 2][..])
            );
            assert!(variance[2..40].iter().any(|variance| *variance > 0.0), "{noise}, {scaling}");
        }
        // Of several runs an effect of 0 would count there as known exactly.
        let events = format!("study/{}", paths::EVENTS);
        let line = format!(
            "glm run.nii study/{} --events {events} {events} --mask few.nii --confounds spikes.tsv spikes.tsv --columns motion_outlier* \
             --contrast pain --noise {noise} --tr 2 --device cpu --verify --overwrite --out both",
            paths::BOLD
        );
        let said = well(dir, &line);
        let told = "2 mask voxels are what the columns of run.nii explain to rounding; they are outside in all runs";
        assert!(said.contains(told), "{noise}: {said}");
        assert_eq!(map(&dir.join("both/mask.nii.gz"))[..2], [0.0; 2]);
    }
}

#[test]
fn a_rho_that_is_smoothed_has_the_bias_of_its_likelihood_taken_out() {
    let folder = study();
    let dir = folder.path();
    let file = BoldFile::open_image(&dir.join("study").join(paths::BOLD)).unwrap();
    let inside = map(&dir.join("study").join(paths::MASK));
    let at = inside.iter().position(|inside| *inside > 0.0).unwrap();
    let alone: Vec<f32> = (0..inside.len()).map(|v| f32::from(u8::from(v == at))).collect();
    let mut outputs = Outputs::new();
    outputs.map(&dir.join("one.nii"), &file.header.for_map(Intent::None), &alone).unwrap();
    outputs.commit().unwrap();
    fs::write(dir.join("left.txt"), "7\n8\n20\n").unwrap();
    let rho = |more: &str| {
        let line = format!(
            "glm study/{} --events study/{} --mask one.nii --censor-volumes left.txt --contrast pain --maps --device cpu \
             --overwrite --out out {more}",
            paths::BOLD,
            paths::EVENTS
        );
        well(dir, &line);
        map(&dir.join("out/stat-rho_statmap.nii.gz"))[at]
    };
    let (own, used) = (rho("--rho-fwhm 0"), rho(""));
    let n = (file.n_volumes - 3) as f64;
    assert!(own.abs() > 0.01, "{own}");
    assert!((used - own * (1.0 + 2.0 / n)).abs() < 1e-6, "{used}, own {own}, {n} volumes");
}

/// Noise that is slower than a model can be, or alternates more, or is smoother from volume to volume.
#[test]
fn estimates_at_the_end_of_their_range_are_told() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path();
    let (shape, n, mut random) = ([6, 5, 4], 160, Random(7));
    // y = rho y + e + b e, both of the volume before
    for (name, rho, b) in
        [("slow", 0.985_f64, 0.0), ("quick", 0.6, 0.0), ("turns", -0.985, 0.0), ("even", 0.0, 0.98)]
    {
        let mut now: Vec<[f64; 2]> = (0..120).map(|_| [random.normal(); 2]).collect();
        let mut data: Vec<f32> = Vec::new();
        for _ in 0..n {
            for [value, before] in &mut now {
                let e = (1.0 - rho * rho).sqrt() * random.normal();
                (*value, *before) = (rho * *value + e + b * *before, e);
                data.push((1000.0 + 10.0 * *value) as f32);
            }
        }
        write(dir, (name, shape, [2.0; 3]), data);
    }
    let rows: String = (0..n).map(|t| format!("{}\t1\n", t / 8 % 2)).collect();
    fs::write(dir.join("design.tsv"), format!("task\tconstant\n{rows}")).unwrap();
    let ends = [
        (
            "ar1",
            [
                "rho stands at the end of its range, 0.95, in",
                "rho stands at the negative end of its range, -0.95, in",
                "",
            ],
        ),
        (
            "arma11",
            [
                "a of ARMA(1,1) stands at the end of its range, 0.8, in",
                "neighbours are correlated negatively beyond chance, in 100 % of voxels of turns.nii",
                "b of ARMA(1,1) stands at the end of its range, 0.8, in",
            ],
        ),
    ];
    for (noise, told) in ends {
        let said = |name: &str| {
            let line = format!(
                "glm {name}.nii --design design.tsv --device cpu --contrast task --noise {noise} --maps --overwrite --out out"
            );
            well(dir, &line)
        };
        for (name, own) in ["slow", "turns", "even"].iter().zip(told) {
            let said = said(name);
            for part in told.iter().filter(|part| !part.is_empty()) {
                assert_eq!(said.contains(part), *part == own, "{noise}, {name}, {part}: {said}");
            }
        }
        let quick = said("quick");
        assert!(!quick.contains("of its range") && !quick.contains("negatively"), "{quick}");
        // What is printed is what the map holds.
        let rho = map(&dir.join("out/stat-rho_statmap.nii.gz"));
        let mean = json(&dir.join("out/stat-rho_statmap.json"))["boldly"]["resolved"]["runs"][0]["mean_rho"].as_f64().unwrap();
        let of_map = rho.iter().sum::<f64>() / rho.iter().filter(|rho| **rho != 0.0).count() as f64;
        assert!((mean - of_map).abs() < 1e-6, "{noise}: {mean} and {of_map}");
        assert!(quick.contains(&format!(" {of_map:.3}")), "{noise}: {of_map} in {quick}");
    }
    // What independence costs is of the side that p counts; a row of an F has none.
    let rate = |more: &str, called: &str| {
        let line = format!(
            "glm quick.nii --design design.tsv --device cpu --noise ols --overwrite --out out {more}"
        );
        let said = well(dir, &line);
        let (_, after) = said.split_once(called).unwrap_or_else(|| panic!("{called}: {said}"));
        after.split(' ').next().unwrap().parse::<f64>().unwrap()
    };
    let one = rate("--contrast task", "'task' passes one-sided p < 0.001 in ");
    let two = rate("--contrast task --two-sided", "'task' passes two-sided p < 0.001 in ");
    let f = rate("--f-contrast any=task", "row 1 of 'any', as a t, passes two-sided p < 0.001 in ");
    assert!(one < 0.95 * two && f == two && one > 0.01, "{one} {two} {f}");
}

/// Volumes two and three apart, of which nothing tells the sign of a rho of neighbours; and of every other volume.
#[test]
fn of_which_volumes_a_rho_is_and_that_it_could_not_be_negative_is_told() {
    let folder = study();
    let dir = folder.path();
    let said = |kept: &dyn Fn(usize) -> bool, noise: &str| {
        let left: String = (0..40).filter(|t| !kept(*t)).map(|t| format!("{t}\n")).collect();
        fs::write(dir.join("left.txt"), left).unwrap();
        let line = format!(
            "glm study/{} --events study/{} --mask study/{} --censor-volumes left.txt --contrast pain --maps --report --noise {noise} --device cpu \
             --overwrite --out out",
            paths::BOLD,
            paths::EVENTS,
            paths::MASK
        );
        let said = well(dir, &line);
        let sidecar = json(&dir.join("out/stat-rho_statmap.json"));
        (said, sidecar, fs::read_to_string(dir.join("out/report.html")).unwrap())
    };
    let (told, sidecar, page) = said(&|t| if t < 20 { t % 2 == 0 } else { t % 2 == 1 }, "ar1");
    let part = "looked for from 0 on: 0 of 19 pairs";
    assert!(told.contains(part), "{told}");
    assert!(sidecar["Description"].as_str().unwrap().contains(part), "{sidecar}");
    let run = &sidecar["boldly"]["resolved"]["runs"][0];
    let pairs = serde_json::json!({ "pairs_one_step_apart": 0, "pairs": 19 });
    assert_eq!(run["rho_looked_for_from_0_on"], pairs, "{run}");
    // Nothing is said of standard errors that so few pairs do not have.
    assert!(!told.contains("standard errors"), "{told}");
    assert_eq!(run.get("share_of_voxels_whose_own_rho_is_off"), None, "{run}");
    assert!(
        page.contains("was not looked for below 0, as 0 of 19 pairs of volumes were neighbours")
    );
    let (told, sidecar, page) = said(&|t| t % 2 == 0, "ar1");
    assert!(told.contains("of volumes 2 apart") && !told.contains("from 0 on"), "{told}");
    let run = &sidecar["boldly"]["resolved"]["runs"][0];
    assert_eq!(run.get("rho_looked_for_from_0_on"), None, "{run}");
    assert!(
        page.contains(
            "is that of volumes 2 apart, as all that were kept lie multiples of it apart"
        )
    );
    let (told, ..) = said(&|t| t % 2 == 0, "arma11");
    assert!(!told.contains("apart") && !told.contains("from 0 on"), "{told}");
}
