//! Echoes of which one holds nothing, or contradicts the others about time.

use super::echoes::{ECHOES, TIMING, both, echoes};
use super::*;

const TIMED: [&str; 2] = [
    ", \"EchoTime\": 0.013, \"SliceTiming\": [0, 0.5, 1.0, 1.5]",
    ", \"EchoTime\": 0.028, \"SliceTiming\": [0, 0.5, 1.0, 1.5]",
];

const CONNECT: &str = "connect x_echo-1_bold.nii x_echo-2_bold.nii --echoes --mask mask.nii --seed a=sphere:6,6,6:5 --coordinates native --out pairs --device cpu";
const TOGETHER: &str = "retroicor x_echo-1_bold.nii x_echo-2_bold.nii --echoes --physio physio.tsv.gz --terms 1/1/0 --events events.tsv --out c.nii --device cpu";

#[test]
fn volumes_of_zeros_of_one_echo_are_told_with_its_name() {
    let folder = stored::dataset();
    let dir = folder.path();
    echoes(dir, 40, 3.0, TIMED);
    let per_volume: usize = SHAPE[..3].iter().product();
    let echo = |scale: f32, empty: &'static [usize]| {
        move |n: usize| {
            if empty.contains(&(n / per_volume)) { 0.0 } else { scale * value(n + 7) }
        }
    };
    let said = |line: &str| {
        let output = boldly(dir, &format!("{line} --overwrite"));
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{line}: {said}");
        said
    };
    nifti(dir, "x_echo-2_bold.nii", &SHAPE, 3.0, echo(0.7, &[7, 30]));
    for line in [ECHOES, TOGETHER, CONNECT] {
        let said = said(line);
        let told = "2 of x_echo-2_bold.nii's volumes hold nothing but 0 (7, 30; from 0)";
        assert_eq!(said.matches(told).count(), 1, "{line}: {said}");
        assert!(!said.contains("x_echo-1_bold.nii's volumes"), "{line}: {said}");
    }
    let sidecar = fs::read_to_string(dir.join("out/T2starmap.json")).expect("a sidecar");
    assert!(sidecar.contains("2 of x_echo-2_bold.nii's volumes"), "{sidecar}");
    // those that are left out are not told, whatever the others' numbers
    text(dir, "left_out.txt", "3\n7\n");
    for line in [ECHOES, TOGETHER, CONNECT] {
        let said = said(&format!("{line} --censor-volumes left_out.txt"));
        let told = "1 of x_echo-2_bold.nii's volumes hold nothing but 0 (30; from 0)";
        assert!(said.contains(told), "{line}: {said}");
    }
    // of all echoes: those of the run
    nifti(dir, "x_echo-1_bold.nii", &SHAPE, 3.0, echo(1.0, &[12, 30]));
    let said = said(ECHOES);
    for told in [
        "1 of x_echo-1_bold.nii's volumes hold nothing but 0 (30; from 0)",
        "1 of x_echo-1_bold.nii's volumes hold nothing but 0 (12; from 0)",
        "1 of x_echo-2_bold.nii's volumes hold nothing but 0 (7; from 0)",
    ] {
        assert!(said.contains(told), "no {told:?} in {said}");
    }
}

#[test]
fn an_echo_that_varies_nowhere_is_refused_as_it_is_alone() {
    let folder = stored::dataset();
    let dir = folder.path();
    for (at, level) in [(2, 0.0), (2, 100.0), (1, 300.0), (1, 0.0)] {
        echoes(dir, 40, 3.0, TIMED);
        nifti(dir, &format!("x_echo-{at}_bold.nii"), &SHAPE, 3.0, |_| level);
        for line in [ECHOES, TOGETHER, CONNECT] {
            let output = boldly(dir, line);
            let said = String::from_utf8_lossy(&output.stderr).into_owned();
            assert_eq!(output.status.code(), Some(65), "{line}: {said}");
            let named = format!("boldly: x_echo-{at}_bold.nii has no voxel ");
            assert!(said.contains(&named), "no {named:?} in {said}");
        }
    }
}

#[test]
fn an_echo_without_a_mean_is_refused_as_it_is_alone() {
    let folder = stored::dataset();
    let dir = folder.path();
    let voxels: usize = SHAPE[..3].iter().product();
    let said = |line: &str, code: i32| {
        let output = boldly(dir, &format!("{line} --overwrite"));
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(code), "{line}: {said}");
        said
    };
    let alone = ECHOES.replace("x_echo-1_bold.nii ", "");
    let mean = |voxel: usize| {
        (0..40).map(|t| f64::from(value(t * voxels + voxel))).sum::<f64>() as f32 / 40.0
    };
    let means: Vec<f32> = (0..voxels).map(mean).collect();
    let demeaned = |n: usize| value(n) - means[n % voxels];
    let turned = |n: usize| -value(n);
    let masked = [
        ECHOES.to_owned(),
        format!("{ECHOES} --scaling none"),
        format!("{ECHOES} --echo-mask none"),
        format!("{ECHOES} --echo-mask decay"),
        CONNECT.to_owned(),
    ];
    for echo in ["x_echo-2_bold.nii", "x_echo-1_bold.nii"] {
        for value in [&demeaned as &dyn Fn(usize) -> f32, &turned] {
            echoes(dir, 40, 3.0, TIMED);
            nifti(dir, echo, &SHAPE, 3.0, value);
            let found = format!("boldly: {echo} has a negative mean in ");
            for line in &masked {
                let said = said(line, 65);
                assert!(said.contains(&found) && said.contains("voxels of the mask"), "{said}");
            }
            let said = said(TOGETHER, 65);
            assert!(said.contains(echo), "{said}");
        }
    }
    // a tenth of the mask may be below 0 by noise
    for (below, code) in [(12, 0), (13, 65)] {
        echoes(dir, 40, 3.0, TIMED);
        let some = |n: usize| if n % voxels < below { -value(n) } else { value(n) };
        nifti(dir, "x_echo-2_bold.nii", &SHAPE, 3.0, some);
        for line in [ECHOES, &alone] {
            let found = "x_echo-2_bold.nii has a negative mean in 13 of 120 voxels of the mask";
            assert_eq!(said(line, code).contains(found), code == 65, "{line}");
        }
    }
}

#[test]
fn echoes_that_began_more_than_a_volume_apart_are_refused_and_those_of_one_excitation_are_not() {
    let folder = stored::dataset();
    let dir = folder.path();
    let field = |time: &str| format!(", \"AcquisitionTime\": \"{time}\"");
    let each = "retroicor sub-1_echo-1_bold.nii sub-1_echo-2_bold.nii --physio physio.tsv.gz --terms 1/1/0 --events events.tsv --out each --device cpu --overwrite";
    for (times, is_one) in [
        (["10:00:00", "10:20:00"], false),
        (["10:20:00.5", "10:20:02.6"], false),
        (["00:00:03", "23:59:59"], false),
        (["10:20:00.000", "10:20:00.030"], true),
        (["10:20:00.5", "10:20:02.4"], true),
        (["00:00:00.010", "23:59:59.990"], true),
    ] {
        let fields = times.map(field);
        let mut all = both(dir, TIMING, fields.each_ref().map(String::as_str)).to_vec();
        let output = boldly(dir, each);
        all.push((output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned()));
        for (code, said) in all {
            assert_eq!(code, Some(if is_one { 0 } else { 65 }), "{times:?}: {said}");
            let found = "sub-1_echo-2_bold.nii has an AcquisitionTime of ";
            assert_eq!(said.contains(found), !is_one, "{times:?}: {said}");
        }
    }
}

#[test]
fn times_of_one_echo_that_cannot_be_are_refused_beside_those_of_the_first() {
    let folder = stored::dataset();
    let dir = folder.path();
    // steps of 2 s, but for one of 2.5 s
    let times: Vec<String> = (0..40)
        .map(|t| (2.0 * f64::from(t) + if t > 20 { 0.5 } else { 0.0 }).to_string())
        .collect();
    echoes(dir, 40, 3.0, TIMED);
    let uneven = format!("{{\"EchoTime\": 0.028, \"VolumeTiming\": [{}]}}", times.join(", "));
    for (json, words) in [
        (uneven.as_str(), "VolumeTiming in x_echo-2_bold.json is uneven"),
        (
            "{\"RepetitionTime\": 2.0, \"EchoTime\": 0.028, \"SliceTiming\": [0, 500, 1000, 1500]}",
            "SliceTiming[1] in x_echo-2_bold.json is 500 and lies outside the volume",
        ),
    ] {
        text(dir, "x_echo-2_bold.json", json);
        for line in [ECHOES, TOGETHER, CONNECT] {
            let output = boldly(dir, line);
            let said = String::from_utf8_lossy(&output.stderr).into_owned();
            assert_eq!(output.status.code(), Some(65), "{line}: {said}");
            assert!(said.contains(words), "{line}: no {words:?} in {said}");
        }
    }
}
