//! Values that an image of float32 cannot hold, that are none, or that do not vary: refused, counted, or kept exactly.

use super::stored::{EFFECT, EVENTS_ONLY, Stored, T, close, counts, dataset, map, run, swing};
use super::*;

#[test]
fn effects_whose_variance_float32_cannot_hold_are_refused_and_are_none_as_percent() {
    let folder = dataset();
    let dir = folder.path();
    for (size, says) in [(1e30, "e60"), (1e-25, "e-5")] {
        nifti(dir, "bold.nii", &SHAPE, 3.0, |n| size * value(n));
        let output = boldly(dir, GLM);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(65), "{size}: {said}");
        assert!(said.contains("the variance of painControl") && said.contains(says), "{said}");
        assert!(said.contains("--scaling psc") && !dir.join("out").exists(), "{said}");
        run(dir, &GLM.replace("--scaling none --out out", &format!("--out of{size:e}")));
        let variance = format!("of{size:e}/contrast-painControl_stat-variance_statmap.nii.gz");
        assert!(map(dir, &variance).iter().any(|v| *v > 0.0), "{size}");
    }
}

#[test]
fn volumes_of_zeros_are_told_with_their_numbers_and_those_left_out_are_not() {
    let folder = dataset();
    let dir = folder.path();
    let per_volume: usize = SHAPE[..3].iter().product();
    let is_empty = move |n: usize| [7, 30].contains(&(n / per_volume));
    nifti(dir, "bold.nii", &SHAPE, 3.0, move |n| if is_empty(n) { 0.0 } else { value(n) });
    let told = "2 of bold.nii's volumes hold nothing but 0 (7, 30; from 0)";
    for line in [GLM, RETROICOR, SMOOTH] {
        let output = boldly(dir, line);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success() && said.contains(told), "{line}: {said}");
    }
    text(dir, "left_out.txt", "30\n");
    let output = boldly(dir, &format!("{GLM} --censor-volumes left_out.txt --overwrite"));
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(said.contains("1 of bold.nii's volumes hold nothing but 0 (7; from 0)"), "{said}");
    // a corrected run has all its volumes, so that those left out shift no number
    text(dir, "left_out.txt", "3\n7\n");
    let output = boldly(dir, &format!("{RETROICOR} --censor-volumes left_out.txt --overwrite"));
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(said.contains("1 of bold.nii's volumes hold nothing but 0 (30; from 0)"), "{said}");
}

#[test]
fn one_table_of_confounds_for_two_runs_is_doubted() {
    let folder = dataset();
    let dir = folder.path();
    second_run(dir);
    copy(dir, "confounds.tsv", "second.tsv");
    let line = "glm bold.nii second_bold.nii --events events.tsv events.tsv --confounds confounds.tsv second.tsv \
                --columns trans_* --mask mask.nii --contrast pain --out out --device cpu";
    let output = boldly(dir, line);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    let told =
        "second.tsv, or a copy of it, is the table of confounds of bold.nii and of second_bold.nii";
    assert!(output.status.success() && said.contains(told), "{said}");
    let rows: String = (0..SHAPE[3]).map(|n| format!("{}\n", (n as f64 * 0.9).sin())).collect();
    text(dir, "second.tsv", &format!("trans_x\n{rows}"));
    let output = boldly(dir, &format!("{line} --overwrite"));
    assert!(!String::from_utf8_lossy(&output.stderr).contains("a copy of it"));
}

#[test]
fn durations_in_milliseconds_are_doubted() {
    let folder = dataset();
    let dir = folder.path();
    let rows = "4\t15000\tpain\n34\t15\tcontrol\n55\t15\tpain\n";
    text(dir, "events.tsv", &format!("onset\tduration\ttrial_type\n{rows}"));
    let said = String::from_utf8_lossy(&boldly(dir, GLM).stderr).into_owned();
    assert!(
        said.contains("1 of 3 events last more than twice the run of 80 s (line 2: 15000)"),
        "{said}"
    );
}

#[test]
fn values_beyond_float32_are_not_written_as_an_image_of_it() {
    let folder = dataset();
    let dir = folder.path();
    let image = |large: f64| {
        let n = SHAPE.iter().product::<usize>();
        let samples = (0..n).flat_map(|n| (large * f64::from(value(n))).to_le_bytes());
        Stored::new(&SHAPE, (64, 64), samples.collect())
    };
    // as float64, and as integers that their slope makes as large
    image(1e36).write(dir, "large.nii.gz");
    let samples = (0..SHAPE.iter().product::<usize>()).flat_map(|n| swing(n).to_le_bytes());
    let mut scaled = Stored::new(&SHAPE, (4, 16), samples.collect());
    scaled.scaling = [3e37, 0.0];
    scaled.write(dir, "scaled.nii");
    copy(dir, "bold.json", "large.json");
    copy(dir, "bold.json", "scaled.json");
    let before = listing(dir);
    for name in ["large.nii.gz", "scaled.nii"] {
        for line in [
            format!("smooth {name} --fwhm 5 --out s.nii.gz --device cpu"),
            format!("smooth {name} --fwhm 0 --out s.nii.gz --out-type int16 --device cpu"),
            format!(
                "retroicor {name} --physio physio.tsv.gz --terms 1/1/0 --out s.nii.gz --device cpu"
            ),
        ] {
            let output = boldly(dir, &line);
            let said = String::from_utf8_lossy(&output.stderr).into_owned();
            assert_eq!(output.status.code(), Some(65), "{line}: {said}");
            assert!(said.contains(name) && said.contains("beyond 3.4e38"), "{line}: {said}");
        }
    }
    assert_eq!(listing(dir), before);
    image(1e35).write(dir, "large.nii.gz");
    run(dir, "smooth large.nii.gz --fwhm 5 --out s.nii.gz --device cpu");
}

#[test]
fn a_column_of_each_voxels_own_about_a_large_level_is_fitted_as_it_is_without_it() {
    let folder = dataset();
    let dir = folder.path();
    let image = |level: f64| {
        let n = SHAPE.iter().product::<usize>();
        let samples = (0..n).flat_map(|n| (level + f64::from(swing(3 * n)) / 1024.0).to_le_bytes());
        Stored::new(&SHAPE, (64, 64), samples.collect())
    };
    image(0.0).write(dir, "own.nii.gz");
    let line = format!(
        "glm bold.nii --mask mask.nii {EVENTS_ONLY} --voxelwise own.nii.gz --overwrite --out"
    );
    run(dir, &format!("{line} small"));
    image(1e6).write(dir, "own.nii.gz");
    let said = run(dir, &format!("{line} large"));
    assert!(said.contains("own.nii.gz: read as differences"), "{said}");
    for name in [T, EFFECT] {
        let [small, large] = ["small", "large"].map(|out| map(dir, &format!("{out}/{name}")));
        close(name, &large, &small, 1e-4);
    }
    run(dir, "verify large");
    // whose level the fit asks for
    let columns: String = (0..SHAPE[3]).map(|n| format!("{}\n", (n as f64 * 0.7).sin())).collect();
    text(dir, "design.tsv", &format!("a\n{columns}"));
    let none = "glm bold.nii --design design.tsv --mask mask.nii --contrast a --noise ols --voxelwise own.nii.gz --out none --device cpu";
    let output = boldly(dir, none);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(
        output.status.code() == Some(65) && said.contains("does not hold a constant"),
        "{said}"
    );
}

#[test]
fn constant_voxels_of_a_single_run_are_outside_and_a_run_without_any_other_is_refused() {
    let folder = dataset();
    let dir = folder.path();
    nifti(dir, "bold.nii", &SHAPE, 3.0, |n| if n % 120 == 17 { 1005.0 } else { value(n) });
    for (rest, out) in [("", "plain"), ("--fwhm 6", "smooth"), ("--scaling psc --maps", "maps")] {
        let glm = format!("glm bold.nii --mask mask.nii {EVENTS_ONLY} --out {out} {rest}");
        let said = run(
            dir,
            &glm.replacen(
                "--scaling none",
                if rest.contains("psc") { "" } else { "--scaling none" },
                1,
            ),
        );
        assert!(
            said.contains(
                "warning: 1 mask voxel is constant over time in bold.nii; it is outside (0"
            ),
            "{said}"
        );
        let inside = map(dir, &format!("{out}/mask.nii.gz"));
        assert_eq!((inside[17], inside.iter().sum::<f32>()), (0.0, 119.0), "{out}");
        let counts = counts(dir, out);
        assert_eq!(counts["voxels_in_mask"], 120, "{counts}");
        assert_eq!(
            (
                &counts["voxels_fitted"],
                &counts["voxels_constant_in_some_run"],
                &counts["voxels_not_finite"]
            ),
            (&119.into(), &1.into(), &0.into())
        );
        for name in [T, EFFECT] {
            assert_eq!(map(dir, &format!("{out}/{name}"))[17], 0.0, "{out}/{name}");
        }
        run(dir, &format!("verify {out}"));
    }
    let n_voxels: usize = SHAPE[..3].iter().product();
    let before = listing(dir);
    for (name, lost) in [("constant", 1), ("gone", 2)] {
        nifti(dir, "bold.nii", &SHAPE, 3.0, |n| match lost {
            1 => 1000.0 + (n % n_voxels) as f32,
            _ if n / n_voxels == 7 => f32::NAN,
            _ => value(n),
        });
        for noise in ["--noise ols", "--noise ar1"] {
            let line = format!("glm bold.nii --mask mask.nii {EVENTS_ONLY} --out none");
            let output = boldly(dir, &line.replace("--noise ols", noise));
            let said = String::from_utf8_lossy(&output.stderr).into_owned();
            assert_eq!(output.status.code(), Some(65), "{name}: {said}");
            assert!(
                said.contains("bold.nii has no voxel of the mask that varies"),
                "{name}: {said}"
            );
        }
    }
    assert_eq!(listing(dir), before);
}

#[test]
fn values_that_are_none_are_counted_and_told_by_who_writes_the_run_anew() {
    let folder = dataset();
    let dir = folder.path();
    let n_voxels: usize = SHAPE[..3].iter().product();
    nifti(dir, "bold.nii", &SHAPE, 3.0, |n| match (n / n_voxels, n % n_voxels) {
        (7, _) => f32::NAN,
        (9, 30) => f32::INFINITY,
        _ => value(n),
    });
    let smooth = "smooth bold.nii --out s.nii.gz --overwrite --device cpu --fwhm";
    let correct = "retroicor bold.nii --physio physio.tsv.gz --terms 1/1/0 --out s.nii.gz --overwrite --device cpu";
    for line in [format!("{smooth} 5"), format!("{smooth} 0"), correct.to_owned()] {
        let said = run(dir, &line);
        let told = format!(
            "warning: {n_voxels} voxels of bold.nii are not finite in some volume (2 of them)"
        );
        assert!(said.contains(&told), "{line}: {said}");
        let sidecar = fs::read(dir.join("s.json")).expect("a sidecar");
        let json: serde_json::Value = serde_json::from_slice(&sidecar).expect("JSON");
        let counts = &json["boldly"]["counts"];
        assert_eq!(
            (&counts["voxels_not_finite"], &counts["volumes_not_finite"]),
            (&n_voxels.into(), &2.into())
        );
    }
    nifti(dir, "bold.nii", &SHAPE, 3.0, value);
    assert!(!run(dir, &format!("{smooth} 5")).contains("not finite"));
}

#[test]
fn a_value_that_is_none_leaves_its_voxel_out_of_the_smoothing_of_all_volumes() {
    let folder = dataset();
    let dir = folder.path();
    let n_voxels: usize = SHAPE[..3].iter().product();
    let of = |lost: fn(usize) -> bool, out: &str| {
        nifti(dir, "bold.nii", &SHAPE, 3.0, |n| match (n / n_voxels, n % n_voxels) {
            (volume, 45) if lost(volume) => f32::NAN,
            (_, 45) => 5000.0,
            _ => value(n),
        });
        run(dir, &format!("smooth bold.nii --out {out}.nii --device cpu --fwhm 6"));
        run(dir, &format!("glm bold.nii --mask mask.nii {EVENTS_ONLY} --fwhm 6 --out {out}"));
        let smoothed = fs::read(dir.join(format!("{out}.nii"))).expect("an image")[352..].to_vec();
        (smoothed, map(dir, &format!("{out}/{EFFECT}")))
    };
    let (one, all) = (of(|volume| volume == 7, "one"), of(|_| true, "all"));
    assert!(one == all, "a voxel that one volume lacks weighs in none");
}

#[test]
fn runs_that_are_finite_in_no_voxel_together_are_refused_after_both_were_fitted() {
    let folder = dataset();
    let dir = folder.path();
    let n_voxels: usize = SHAPE[..3].iter().product();
    for (name, lost) in [("bold.nii", 0), ("second.nii", 1)] {
        nifti(dir, name, &SHAPE, 3.0, |n| match (n / n_voxels, n % n_voxels % 2) {
            (7, half) if half == lost => f32::NAN,
            _ => value(n + 5000 * lost),
        });
    }
    copy(dir, "bold.json", "second.json");
    let before = listing(dir);
    let line = format!("glm bold.nii second.nii --mask mask.nii {} --out none", stored::TWO);
    let output = boldly(dir, &line);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(65), "{said}");
    let told = "the runs have no voxel together that is finite in every volume of each";
    assert!(said.contains(told), "{said}");
    assert_eq!(listing(dir), before);
}
