//! A correction before preprocessing that was fitted without the task, or with another model of it: effects are biased, and how far is said.

use super::before::{preprocess, rewritten};
use super::*;

const GLM: &str = "glm moved_space-T1w_bold.nii.gz --spent c_bold.json --events run-1_events.tsv --task-times start --noise ols --device cpu";

fn corrected(dir: &Path, events: &str) {
    let correct =
        "retroicor run-1_bold.nii.gz --physio run-1_physio.tsv.gz --terms 3/0/0 --device cpu -q";
    well(dir, &format!("{correct} {events} --out c_bold.nii.gz"));
    preprocess(dir, "c_bold.nii.gz", "moved_space-T1w_bold.nii.gz", None);
    fs::write(dir.join("moved_space-T1w_bold.json"), r#"{"RepetitionTime": 2.0}"#).unwrap();
}

#[test]
fn the_bias_of_effects_by_slice_is_that_of_the_corrections_own_design() {
    let folder = study();
    let dir = folder.path();
    let two = "--contrast pain --contrast control";
    // numpy, of the columns of both tables by a'N(MN)^+x and by a'Va/a'a over tr MV/dof: pain -.29 and .67, control -.83 and 2.60 %, t -.28 and -1.04 %
    fs::write(dir.join("none.tsv"), "onset\tduration\ttrial_type\n").unwrap();
    for events in ["", "--events none.tsv"] {
        corrected(dir, events);
        let said = well(dir, &format!("{GLM} {two} --overwrite --out without"));
        for words in [
            "fitted without the task, and took some of it along",
            "effects of control are 0.8 % too large to 2.6 % too small",
            "t of control is about 1.0 % too small",
            "give boldly retroicor --events",
        ] {
            assert!(said.contains(words), "no {words:?} in {events} {said}");
        }
    }
    corrected(dir, "--events run-1_events.tsv");
    let said = well(dir, &format!("{GLM} {two} --out with"));
    assert!(!said.contains("took some of it along") && !said.contains("% too"), "{said}");
    // its events are this run's where they are not at hand
    set_json(&dir.join("c_bold.json"), |json| {
        json["boldly"]["command"]["run"]["events"] = json!("away.tsv");
    });
    let said = well(dir, &format!("{GLM} {two} --out moved"));
    assert!(!said.contains("took some of it along") && !said.contains("% too"), "{said}");
}

/// Every third volume, in `c.txt`.
fn list_censored(dir: &Path) {
    let volumes: Vec<String> = (0..60).step_by(3).map(|volume: usize| volume.to_string()).collect();
    fs::write(dir.join("c.txt"), volumes.join("\n")).unwrap();
}

#[test]
fn a_correction_with_the_models_task_takes_nothing_of_it_whichever_volumes_either_leaves_out() {
    let folder = study();
    let dir = folder.path();
    list_censored(dir);
    let censored = "--censor-volumes c.txt";
    for first in ["", censored] {
        corrected(dir, &format!("--events run-1_events.tsv {first}"));
        for then in ["", censored] {
            let said =
                well(dir, &format!("{GLM} {then} --contrast pain --contrast control --out same"));
            assert!(!said.contains("took some of it along"), "{first:?} {then:?} {said}");
        }
    }
}

#[test]
fn an_effect_of_known_size_comes_out_as_far_off_as_is_said() {
    let folder = study();
    let dir = folder.path();
    well(
        dir,
        &format!(
            "{} --contrast pain --out design",
            GLM.replace("moved_space-T1w_bold.nii.gz --spent c_bold.json", "run-1_bold.nii.gz")
        ),
    );
    let pain = table(&dir.join("design/design.tsv"), &["pain"]);
    let (mut random, n_voxels) = (common::Random(5), 540);
    rewritten(dir, "run-1_bold.nii.gz", "run-1_bold.nii.gz", &mut |data| {
        for (t, volume) in data.chunks_exact_mut(n_voxels).enumerate() {
            let signal = 1000.0 + 30.0 * pain[[t, 0]];
            volume.iter_mut().for_each(|v| *v = (signal + 0.01 * random.normal()) as f32);
        }
    });
    list_censored(dir);
    let censored = "--censor-volumes c.txt";
    for (first, then) in [("", ""), ("", censored), (censored, censored)] {
        corrected(dir, first);
        // no plane is mixed with others, so each keeps the bias of its slice
        rewritten(dir, "c_bold.nii.gz", "moved_space-T1w_bold.nii.gz", &mut |data| {
            data.iter_mut().for_each(|v| *v *= 2.0);
        });
        is_as_far_off_as_said(dir, then);
    }
}

fn is_as_far_off_as_said(dir: &Path, then: &str) {
    let said = well(dir, &format!("{GLM} {then} --contrast pain --scaling none --out off"));
    let effect = boldly::io::read_map(&dir.join("off/contrast-pain_stat-effect_statmap.nii.gz"));
    let effect = effect.unwrap().2;
    let lost = |plane: &[f32]| {
        let inside: Vec<f64> = plane.iter().filter(|v| **v != 0.0).map(|&v| v.into()).collect();
        100.0 * (1.0 - inside.iter().sum::<f64>() / inside.len() as f64 / 60.0)
    };
    let lost: Vec<f64> = effect.chunks_exact(90).map(lost).collect();
    let (least, most) =
        lost.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(l, m), &v| (l.min(v), m.max(v)));
    assert!(most > 0.1, "{lost:?}");
    let words = match least < 0.0 {
        true => format!("pain are {:.1} % too large to {most:.1} % too small", -least),
        false => format!("pain are {least:.1} to {most:.1} % too small"),
    };
    assert!(said.contains(&words), "no {words:?} in {said}");
}

/// Slice times of the run, seconds.
fn slice_times(dir: &Path) -> Vec<f64> {
    let json: Value =
        serde_json::from_str(&fs::read_to_string(dir.join("run-1_bold.json")).unwrap()).unwrap();
    json["SliceTiming"].as_array().unwrap().iter().map(|time| time.as_f64().unwrap()).collect()
}

/// Percent of the effect of pain that each plane lost of a run corrected so, against the same run uncorrected, both moved to 1 s by slice-time
/// correction; and what was said.
fn lost_by_plane(dir: &Path, events: &str) -> (Vec<f64>, String) {
    corrected(dir, events);
    let times = slice_times(dir);
    // both beside the columns that stand for the correction, so that they differ by nothing but what it took
    let fit = |from: &str| {
        rewritten(dir, from, "moved_space-T1w_bold.nii.gz", &mut |data| {
            for voxel in 0..540 {
                let one = |t: usize| f64::from(data[t * 540 + voxel]);
                let series = Array2::from_shape_fn((60, 1), |(t, _)| one(t));
                let moved = boldly::stats::mixed::shifted(&series, (1.0 - times[voxel / 90]) / 2.0);
                (0..60).for_each(|t| data[t * 540 + voxel] = moved[[t, 0]] as f32);
            }
        });
        let json = json!({ "RepetitionTime": 2.0, "StartTime": 1.0, "SliceTimingCorrected": true });
        fs::write(dir.join("moved_space-T1w_bold.json"), json.to_string()).unwrap();
        let line = "glm moved_space-T1w_bold.nii.gz --spent c_bold.json --events run-1_events.tsv --noise ols --device cpu --contrast pain --scaling none --out off";
        let said = well(dir, line);
        let map = dir.join("off/contrast-pain_stat-effect_statmap.nii.gz");
        let effect = boldly::io::read_map(&map).unwrap().2;
        let mean = |plane: &[f32]| {
            let inside: Vec<f64> = plane.iter().filter(|v| **v != 0.0).map(|&v| v.into()).collect();
            inside.iter().sum::<f64>() / inside.len() as f64
        };
        (effect.chunks_exact(90).map(mean).collect::<Vec<f64>>(), said)
    };
    let (whole, _) = fit("run-1_bold.nii.gz");
    let (left, said) = fit("c_bold.nii.gz");
    (left.iter().zip(&whole).map(|(left, whole)| 100.0 * (1.0 - left / whole)).collect(), said)
}

#[test]
fn a_correction_keeps_the_response_of_each_slices_own_time_and_what_that_of_one_moment_takes_is_said()
 {
    let folder = study();
    let dir = folder.path();
    let times = slice_times(dir);
    // each slice holds the response of its own time
    let columns: Vec<Array2<f64>> = times
        .iter()
        .map(|time| {
            let line = format!("glm run-1_bold.nii.gz --events run-1_events.tsv --task-times {time} --noise ols --device cpu --contrast pain --out design");
            well(dir, &line);
            table(&dir.join("design/design.tsv"), &["pain"])
        })
        .collect();
    let mut random = common::Random(7);
    rewritten(dir, "run-1_bold.nii.gz", "run-1_bold.nii.gz", &mut |data| {
        data.iter_mut().enumerate().for_each(|(at, v)| {
            let (t, plane) = (at / 540, at % 540 / 90);
            *v = (1000.0 + 30.0 * columns[plane][[t, 0]] + 0.01 * random.normal()) as f32;
        });
    });
    let (lost, said) = lost_by_plane(dir, "--events run-1_events.tsv");
    assert!(lost.iter().all(|lost| lost.abs() < 0.05), "{lost:?}");
    assert!(!said.contains("took some of it along"), "{said}");
    assert!(own(&dir.join("c_bold.json"))["resolved"].get("task_times_s").is_none());

    let (lost, said) = lost_by_plane(dir, "--events run-1_events.tsv --task-times start");
    let (least, most) =
        lost.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(l, m), &v| (l.min(v), m.max(v)));
    assert!(most - least > 0.3, "{lost:?}");
    assert!(said.contains("the task of one moment of each volume for all slices"), "{said}");
    assert!(said.contains("(--task-times slice)"), "{said}");
    let told = said.split_once("effects of pain are ").map_or("", |(_, rest)| rest);
    let told = told.split_once(" by the slices").map_or("", |(told, _)| told);
    let ends: Vec<f64> = told.split(' ').filter_map(|word| word.parse().ok()).collect();
    let (from, to) = match told.matches("too").count() {
        2 => (-ends[0], ends[1]),
        _ => (ends[0], *ends.last().unwrap()),
    };
    assert!((from - least).abs() < 0.15 && (to - most).abs() < 0.15, "{told}: {lost:?}");
}
