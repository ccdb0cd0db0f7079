//! Several echoes of a run.

use super::*;

pub const ECHOES: &str = "glm x_echo-1_bold.nii x_echo-2_bold.nii --events events.tsv --mask mask.nii --contrast pain --out out --device cpu";
const BY_HAND: &str = "glm x_echo-1_bold.nii x_echo-2_bold.nii --echo-times 13,28 --events events.tsv --mask mask.nii --contrast pain --out out --device cpu";

/// Two echoes; the second of so many volumes and mm.
pub fn echoes(dir: &Path, volumes: usize, mm: f32, times: [&str; 2]) {
    copy(dir, "bold.nii", "x_echo-1_bold.nii");
    let [i, j, k, _] = SHAPE;
    nifti(dir, "x_echo-2_bold.nii", &[i, j, k, volumes], mm, |n| 0.7 * value(n + 7));
    for (echo, time) in ["1", "2"].into_iter().zip(times) {
        let json = format!("{{\"RepetitionTime\": 2.0{time}}}");
        text(dir, &format!("x_echo-{echo}_bold.json"), &json);
    }
}

pub const TIMING: &str = ", \"SliceTiming\": [0, 0.5, 1.0, 1.5]";
pub const GOOD: [&str; 2] = [", \"EchoTime\": 0.013", ", \"EchoTime\": 0.028"];

pub fn cases() -> Vec<Case> {
    let mut all = of_times();
    all.extend(of_images());
    all
}

fn of_times() -> Vec<Case> {
    vec![
        case(
            "echoes without an echo time",
            |d| echoes(d, 40, 3.0, [GOOD[0], ""]),
            ECHOES,
            66,
            &["x_echo-2_bold.nii", "has no EchoTime", "--echo-times 13,28,43"],
        ),
        case(
            "an echo time in ms",
            |d| echoes(d, 40, 3.0, [", \"EchoTime\": 13", ", \"EchoTime\": 28"]),
            ECHOES,
            65,
            &["EchoTime of x_echo-1_bold.nii", "is 13", "seconds", "write 0.013"],
        ),
        case(
            "an echo time that is no number",
            |d| echoes(d, 40, 3.0, [", \"EchoTime\": \"short\"", GOOD[1]]),
            ECHOES,
            65,
            &["EchoTime of x_echo-1_bold.nii", "short", "number of seconds"],
        ),
        case(
            "two echoes at one time",
            |d| echoes(d, 40, 3.0, [GOOD[1], GOOD[1]]),
            ECHOES,
            65,
            &["x_echo-2_bold.nii", "the echo time of x_echo-1_bold.nii, 0.028 s"],
        ),
        case(
            "echo times by hand in seconds",
            |d| echoes(d, 40, 3.0, GOOD),
            "glm x_echo-1_bold.nii x_echo-2_bold.nii --echo-times 0.013,0.028 --events events.tsv --mask mask.nii --contrast pain --out out --device cpu",
            2,
            &["--echo-times", "0.013", "be in ms", "write 13"],
        ),
        case(
            "an echo time below 0",
            |d| echoes(d, 40, 3.0, GOOD),
            "glm x_echo-1_bold.nii x_echo-2_bold.nii --echo-times -13,28 --events events.tsv --mask mask.nii --contrast pain --out out --device cpu",
            2,
            &["--echo-times", "-13", "be in ms"],
        ),
        case(
            "fewer echo times than echoes",
            |d| echoes(d, 40, 3.0, GOOD),
            "glm x_echo-1_bold.nii x_echo-2_bold.nii --echo-times 13 --events events.tsv --mask mask.nii --contrast pain --out out --device cpu",
            2,
            &["--echo-times", "1 times for 2 echoes"],
        ),
    ]
}

fn of_images() -> Vec<Case> {
    vec![
        case(
            "echoes of different lengths",
            |d| echoes(d, 39, 3.0, GOOD),
            ECHOES,
            65,
            &["x_echo-2_bold.nii", "39 volumes and not 40", "x_echo-1_bold.nii"],
        ),
        case(
            "echoes of different geometry",
            |d| echoes(d, 40, 2.0, GOOD),
            BY_HAND,
            65,
            &["x_echo-2_bold.nii", "mm from x_echo-1_bold.nii", "affines differ"],
        ),
        case(
            "echoes of different repetition times",
            |d| {
                echoes(d, 40, 3.0, GOOD);
                text(d, "x_echo-2_bold.json", "{\"RepetitionTime\": 1.5, \"EchoTime\": 0.028}");
            },
            ECHOES,
            65,
            &["x_echo-2_bold.nii", "a repetition time of 1.5 s and not 2 s"],
        ),
        case(
            "an echo given twice as another",
            |d| {
                echoes(d, 40, 3.0, GOOD);
                copy(d, "x_echo-1_bold.nii", "x_echo-2_bold.nii");
            },
            ECHOES,
            2,
            &["x_echo-2_bold.nii", "holds the same as x_echo-1_bold.nii"],
        ),
        case(
            "sidecars among echoes",
            |d| echoes(d, 40, 3.0, GOOD),
            "glm x_echo-1_bold.json x_echo-1_bold.nii x_echo-2_bold.json x_echo-2_bold.nii bold.nii --events events.tsv --contrast pain --out out --device cpu",
            2,
            &["x_echo-1_bold.json is no image: its name ends in .json", "be NIfTI"],
        ),
        case(
            "sidecars among echoes whose series are correlated",
            |d| echoes(d, 40, 3.0, GOOD),
            "connect x_echo-1_bold.json x_echo-1_bold.nii --seed s=sphere:0,0,0:5 --out out --device cpu",
            2,
            &["x_echo-1_bold.json is no image: its name ends in .json"],
        ),
        case(
            "sidecars among echoes that are corrected",
            |d| echoes(d, 40, 3.0, GOOD),
            "retroicor x_echo-1_bold.json x_echo-1_bold.nii x_echo-2_bold.nii --physio physio.tsv.gz --out out --device cpu",
            2,
            &["x_echo-1_bold.json is no image: its name ends in .json"],
        ),
        case(
            "a sidecar in place of an image",
            nothing,
            "smooth bold.json --fwhm 5 --out smooth.nii --device cpu",
            65,
            &["bold.json is not a NIfTI image", "this is JSON; name the image"],
        ),
        case(
            "a run with fewer echoes than another",
            |d| echoes(d, 40, 3.0, GOOD),
            "glm x_echo-1_bold.nii x_echo-2_bold.nii bold.nii --events events.tsv events.tsv --mask mask.nii --contrast pain --out out --device cpu",
            2,
            &["bold.nii", "1 echoes beside one with 2"],
        ),
        case(
            "an option of echoes for a run of one",
            nothing,
            "glm bold.nii --echo-mask decay --events events.tsv --mask mask.nii --contrast pain --out out --device cpu",
            2,
            &["--echo-mask", "no echoes of one run"],
        ),
        case(
            "an option of echoes for a run of one that is corrected",
            nothing,
            "retroicor bold.nii --physio physio.tsv.gz --terms 1/1/0 --echo-fit nonlinear --out clean.nii.gz --device cpu",
            2,
            &["--echo-fit", "no echoes of one run"],
        ),
        case(
            "a mask for a correction without maps or echoes",
            nothing,
            "retroicor bold.nii --physio physio.tsv.gz --terms 1/1/0 --mask mask.nii --out clean.nii.gz --device cpu",
            2,
            &["--mask", "without --maps", "leave it out"],
        ),
        case(
            "echoes to be combined without an echo time",
            |d| echoes(d, 40, 3.0, [GOOD[0], ""]),
            "retroicor x_echo-1_bold.nii x_echo-2_bold.nii --echoes --physio physio.tsv.gz --terms 1/1/0 --out clean.nii.gz --device cpu",
            66,
            &["x_echo-2_bold.nii", "has no EchoTime"],
        ),
        case(
            "two runs of echoes into one image",
            |d| {
                echoes(d, 40, 3.0, GOOD);
                for echo in ["1", "2"] {
                    copy(d, &format!("x_echo-{echo}_bold.nii"), &format!("y_echo-{echo}_bold.nii"));
                }
            },
            "retroicor x_echo-1_bold.nii x_echo-2_bold.nii y_echo-1_bold.nii y_echo-2_bold.nii --echo-mask none --physio physio.tsv.gz physio.tsv.gz --out clean.nii.gz --device cpu",
            2,
            &["y_echo-1_bold.nii", "holds the same as"],
        ),
        case(
            "images that echo times cannot be shared among",
            second_run,
            "glm bold.nii second_bold.nii --echo-times 13,28,43 --events events.tsv --mask mask.nii --contrast pain --out out --device cpu",
            2,
            &["--echo-times", "3 times for 2 images"],
        ),
    ]
}

#[test]
fn echoes_of_unlike_smoothness_are_not_combined() {
    let folder = stored::dataset();
    let dir = folder.path();
    echoes(dir, 40, 3.0, GOOD);
    let run = |line: &str| {
        let output = boldly(dir, line);
        (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
    };
    for (echo, mm) in [("1", "6"), ("2", "6"), ("2", "4")] {
        let out = format!("s{mm}_echo-{echo}_bold.nii");
        let line = format!("smooth x_echo-{echo}_bold.nii --fwhm {mm} --out {out} --device cpu");
        assert_eq!(run(&line).0, Some(0), "{line}");
    }
    let glm = "--echoes --events events.tsv --mask mask.nii --contrast pain --out out --device cpu";
    let retroicor = "--echoes --physio physio.tsv.gz --terms 1/1/0 --out c.nii --device cpu";
    for (first, second, found) in [
        (
            "s6",
            "x",
            "was not smoothed before, and s6_echo-1_bold.nii was smoothed before, by 6.00 mm",
        ),
        (
            "x",
            "s6",
            "was smoothed before, by 6.00 mm, and x_echo-1_bold.nii was not smoothed before",
        ),
        (
            "s6",
            "s4",
            "was smoothed before, by 4.00 mm, and s6_echo-1_bold.nii was smoothed before, by 6.00 mm",
        ),
    ] {
        let images = format!("{first}_echo-1_bold.nii {second}_echo-2_bold.nii");
        for line in [format!("glm {images} {glm}"), format!("retroicor {images} {retroicor}")] {
            let (code, said) = run(&line);
            assert_eq!(code, Some(65), "{line}: {said}");
            let words = format!("{second}_echo-2_bold.nii {found}");
            assert!(said.contains(&words) && said.contains("--fwhm"), "no {words:?} in {said}");
        }
    }
    let (code, said) = run(&format!("glm s6_echo-1_bold.nii s6_echo-2_bold.nii {glm}"));
    assert_eq!(code, Some(0), "{said}");
}

#[test]
fn times_that_one_echo_alone_has_are_those_of_the_run() {
    let folder = stored::dataset();
    let dir = folder.path();
    let fit = |fields: [&str; 2]| {
        echoes(dir, 40, 3.0, GOOD);
        for (echo, (time, fields)) in ["1", "2"].iter().zip(GOOD.iter().zip(fields)) {
            let json = format!("{{{}{fields}}}", time.trim_start_matches(", "));
            text(dir, &format!("x_echo-{echo}_bold.json"), &json);
        }
        let output = boldly(dir, &format!("{ECHOES} --overwrite"));
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{fields:?}: {said}");
        (stored::map(dir, "out/contrast-pain_stat-t_statmap.nii.gz"), said)
    };
    let both = ", \"RepetitionTime\": 2.5, \"StartTime\": 0.9";
    let (want, said) = fit([both; 2]);
    assert!(!said.contains("of an echo of"), "{said}");
    let (other, _) = fit([", \"RepetitionTime\": 2.5"; 2]);
    assert_ne!(want, other, "StartTime tells nothing apart");
    for (fields, lacking, having) in [([both, ""], 2, 1), (["", both], 1, 2)] {
        let (got, said) = fit(fields);
        assert_eq!(got, want, "{said}");
        let told = format!(
            "no sidecar of x_echo-{lacking}_bold.nii has RepetitionTime or StartTime; those of x_echo-{having}_bold.json are taken"
        );
        assert!(said.contains(&told), "no {told:?} in {said}");
    }
}

/// What a `glm` and a `retroicor` of two echoes with these fields say, and how they end; `inherited`: what both have.
pub fn both(dir: &Path, inherited: &str, fields: [&str; 2]) -> [(Option<i32>, String); 2] {
    echoes(dir, 40, 3.0, GOOD);
    text(dir, "sub-1_bold.json", &format!("{{\"RepetitionTime\": 2.0{inherited}}}"));
    for (echo, (time, fields)) in ["1", "2"].iter().zip(GOOD.iter().zip(fields)) {
        let name = format!("echo-{echo}_bold");
        fs::rename(dir.join(format!("x_{name}.nii")), dir.join(format!("sub-1_{name}.nii")))
            .expect("an echo");
        let json = format!("{{{}{fields}}}", time.trim_start_matches(", "));
        text(dir, &format!("sub-1_{name}.json"), &json);
    }
    let retroicor = "retroicor x_echo-1_bold.nii x_echo-2_bold.nii --echoes --physio physio.tsv.gz --terms 1/1/0 --events events.tsv --out c.nii --device cpu";
    [ECHOES, retroicor].map(|line| {
        let output = boldly(dir, &format!("{} --overwrite", line.replace("x_echo", "sub-1_echo")));
        (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
    })
}

const CORRECTED: &str = ", \"SliceTimingCorrected\": true";
const UNCORRECTED: &str = ", \"SliceTimingCorrected\": false";

#[test]
fn a_correction_that_one_echo_alone_names_is_one_story_of_the_run() {
    let folder = stored::dataset();
    let dir = folder.path();
    for fields in [[CORRECTED; 2], [CORRECTED, ""], ["", CORRECTED]] {
        for (code, said) in both(dir, TIMING, fields) {
            assert_eq!(code, Some(0), "{fields:?}: {said}");
            let once = "SliceTiming does not apply to the planes: the run was resampled";
            assert_eq!(said.matches(once).count(), 1, "{fields:?}: {said}");
            for other in ["each slice's own time", "at 4 slice times"] {
                assert!(!said.contains(other), "{fields:?}: {other:?} in {said}");
            }
        }
    }
    let [glm, retroicor] = both(dir, TIMING, ["", ""]);
    assert!(glm.1.contains("each slice's own time"), "{}", glm.1);
    assert!(retroicor.1.contains("at 4 slice times"), "{}", retroicor.1);
}

#[test]
fn echoes_of_which_one_is_not_corrected_as_another_are_refused() {
    let folder = stored::dataset();
    let dir = folder.path();
    let native = ", \"SpatialReference\": \"orig\"";
    let moved = ", \"SpatialReference\": \"MNI152Lin\"";
    let is = "sub-1_echo-2_bold.nii is corrected for slice timing by its sidecar, and sub-1_echo-1_bold.nii is not";
    let is_not = "sub-1_echo-2_bold.nii is not corrected for slice timing by its sidecar, and sub-1_echo-1_bold.nii is;";
    for (inherited, fields, found) in [
        (TIMING, [UNCORRECTED, CORRECTED], is),
        (TIMING, [CORRECTED, UNCORRECTED], is_not),
        ("", [TIMING, CORRECTED], is),
        ("", [CORRECTED, TIMING], is_not),
        (
            TIMING,
            [native, moved],
            "sub-1_echo-2_bold.nii was resampled, sub-1_echo-2_bold.json says SpatialReference MNI152Lin, and sub-1_echo-1_bold.nii was not",
        ),
        (
            TIMING,
            [moved, native],
            "sub-1_echo-2_bold.nii was not resampled, and sub-1_echo-1_bold.nii was, sub-1_echo-1_bold.json says",
        ),
    ] {
        for (code, said) in both(dir, inherited, fields) {
            assert_eq!(code, Some(65), "{fields:?}: {said}");
            assert!(
                said.contains(found) && said.contains("sidecar of each"),
                "no {found:?} in {said}"
            );
        }
    }
}

#[test]
fn slice_times_that_one_echo_alone_has_are_those_of_the_run() {
    let folder = stored::dataset();
    let dir = folder.path();
    let fit = |times: [&str; 2]| {
        echoes(dir, 40, 3.0, times);
        let output = boldly(dir, &format!("{BY_HAND} --overwrite"));
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{times:?}: {said}");
        (stored::map(dir, "out/contrast-pain_stat-t_statmap.nii.gz"), said)
    };
    let (want, said) = fit([TIMING; 2]);
    assert!(said.contains("each slice's own time") && !said.contains("of an echo"), "{said}");
    for (times, lacking, having) in [([TIMING, ""], 2, 1), (["", TIMING], 1, 2)] {
        let (got, said) = fit(times);
        assert_eq!(got, want, "{said}");
        let told = format!(
            "no sidecar of x_echo-{lacking}_bold.nii has SliceTiming; that of x_echo-{having}_bold.json is taken"
        );
        assert!(said.contains(&told), "no {told:?} in {said}");
    }
    // what makes them echoes comes before what the lack of a sidecar brings with it
    for (times, words) in [
        ([TIMING, ", \"SliceTiming\": [0, 1, 0.5, 1.5]"], "has no EchoTime"),
        (
            [", \"EchoTime\": 0.013", ", \"EchoTime\": 0.013, \"SliceTiming\": [0, 1, 0.5, 1.5]"],
            "has the echo time of",
        ),
    ] {
        echoes(dir, 40, 3.0, times);
        let output = boldly(dir, &format!("{ECHOES} --overwrite"));
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!output.status.success() && said.contains(words), "no {words:?} in {said}");
    }
}
