//! `boldly physio` opens a recording as `retroicor` and `glm` do: by the image's sidecar, by the scanner's own log, by a sidecar alone.

use std::fs;

use crate::{JSON, boldly, numbers, read, study, well, worst};

const TIMES: &str =
    "[0, 1, 0.33333333333333331, 1.3333333333333333, 0.66666666666666663, 1.6666666666666667]";

#[test]
fn a_sidecar_without_an_image_gives_repetition_time_and_slice_times() {
    let folder = study();
    let dir = folder.path();
    let json = |more: &str| format!("{{\"RepetitionTime\": 2, \"SliceTiming\": {TIMES}{more}}}");
    fs::write(dir.join("x.json"), json("")).unwrap();
    well(dir, "physio --physio RECORD --bold BOLD --out with");
    well(dir, "physio --physio RECORD --volumes 50 --sidecar x.json --out told");
    for (ending, skip, first) in
        [("retroicor_timeseries.tsv", 1, 0), ("retroicorSlices_regressors.tsv", 1, 3)]
    {
        let at = |name: &str| numbers(&read(dir, &format!("{name}_desc-{ending}")), skip, first);
        assert!(worst(&at("with"), &at("told")) < 1e-7, "{ending}");
    }
    // The sidecar is among the inputs, and with --tr only its slice times count.
    let summary = read(dir, "told_desc-retroicor_summary.json");
    assert!(summary.contains("x.json"), "{summary}");
    well(dir, "physio --physio RECORD --volumes 50 --tr 2 --sidecar x.json --out both");
    assert!(dir.join("both_desc-retroicor.slibase.1D").exists());

    // Corrected for slice timing: no slice has a time of its own.
    fs::write(dir.join("y.json"), json(", \"SliceTimingCorrected\": true, \"StartTime\": 1"))
        .unwrap();
    well(dir, "physio --physio RECORD --volumes 50 --sidecar y.json --out corrected");
    assert!(!dir.join("corrected_desc-retroicor.slibase.1D").exists());
    assert!(read(dir, "corrected_desc-retroicor_summary.json").contains("\"moment_s\": 1.0"));

    for (line, words) in [
        ("--volumes 50", "--volumes with --tr or a --sidecar"),
        ("--sidecar x.json", "--volumes with --tr or a --sidecar"),
        ("--volumes 0 --sidecar x.json", "--volumes 0 is no number of volumes"),
        ("--volumes 50 --sidecar y.json --slice-times t.txt", "which was resampled"),
        ("--volumes 50 --sidecar z.json", "SliceTiming[1] in z.json"),
        ("--volumes 50 --sidecar e.json", "name it in seconds with --tr"),
    ] {
        fs::write(dir.join("t.txt"), "0 1").unwrap();
        fs::write(dir.join("z.json"), "{\"RepetitionTime\": 2, \"SliceTiming\": [0, 1500]}")
            .unwrap();
        fs::write(dir.join("e.json"), "{}").unwrap();
        let output = boldly(dir, &format!("physio --physio RECORD {line} --out no"));
        let message = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!output.status.success() && message.contains(words), "{line}: {message}");
    }
}

#[test]
fn a_sidecar_without_an_image_that_says_two_things_of_time_is_told_as_with_one() {
    let folder = study();
    let dir = folder.path();
    let times = |step: usize| (0..50).map(|n| (n * step).to_string()).collect::<Vec<_>>().join(",");
    let json = |more: &str| format!("{{\"SliceTiming\": {TIMES}, {more}}}");
    let both = format!("\"RepetitionTime\": 2, \"VolumeTiming\": [{}]", times(3));
    fs::write(dir.join("both.json"), json(&both)).unwrap();
    fs::write(dir.join("three.json"), json("\"RepetitionTime\": 3")).unwrap();
    for (given, found) in [
        ("both.json", "VolumeTiming in both.json has a step of 3 s"),
        ("three.json --tr 2", "repetition time 2 s (--tr) is used; three.json says 3 s"),
    ] {
        let line =
            format!("physio --physio RECORD --volumes 50 --sidecar {given} --out told --overwrite");
        let said = String::from_utf8_lossy(&well(dir, &line).stderr).into_owned();
        assert!(said.contains("warning: ") && said.contains(found), "{said}");
    }
}

#[test]
fn a_table_of_peaks_of_another_subject_is_doubted_as_a_recording_is() {
    let folder = study();
    let dir = folder.path();
    well(dir, "physio --physio RECORD --bold BOLD --out a");
    for (name, is_doubted) in [("sub-06_task-pain_peaks.tsv", true), ("sub-01_peaks.tsv", false)] {
        fs::copy(dir.join("a_desc-peaks_events.tsv"), dir.join(name)).unwrap();
        for line in [
            format!("physio --physio RECORD --bold BOLD --peaks {name} --out b --overwrite"),
            format!(
                "retroicor BOLD --physio RECORD --peaks {name} --out b.nii --overwrite --device cpu"
            ),
        ] {
            let said = String::from_utf8_lossy(&well(dir, &line).stderr).into_owned();
            let found = said.contains(&format!("sub-06 for sub-01 in {name}"));
            assert_eq!(found, is_doubted, "{line}: {said}");
        }
    }
}

#[test]
fn the_json_of_a_recording_is_among_the_inputs_of_every_command() {
    let folder = study();
    let dir = folder.path();
    let events = "data/sub-01/func/sub-01_task-pain_events.tsv";
    well(dir, "physio --physio RECORD --bold BOLD --out p");
    well(dir, "retroicor BOLD --physio RECORD --device cpu --out r.nii");
    well(
        dir,
        &format!("glm BOLD --physio RECORD --events {events} --contrast pain --device cpu --out g"),
    );
    let name = JSON.rsplit('/').next().unwrap();
    let glm = fs::read_dir(dir.join("g")).unwrap().map(|e| e.unwrap().path());
    let map = glm.map(|p| p.display().to_string()).find(|p| p.ends_with("stat-t_statmap.json"));
    for file in ["p_desc-retroicor_summary.json", "r.json", &map.unwrap()] {
        let text = fs::read_to_string(dir.join(file)).unwrap();
        let json: serde_json::Value = serde_json::from_str(&text).unwrap();
        let inputs = json.pointer("/boldly/inputs").or(json.pointer("/inputs")).unwrap();
        let named = |i: &&serde_json::Value| i["path"].as_str().is_some_and(|p| p.ends_with(name));
        let found: Vec<_> = inputs.as_array().unwrap().iter().filter(named).collect();
        assert_eq!(found.len(), 1, "{file}: {inputs}");
    }
    // Changed since: what was made from it no longer verifies.
    crate::set_start_time(dir, 0.3);
    assert!(!boldly(dir, "verify r.nii").status.success());
}

#[test]
fn rates_that_are_rare_and_a_record_of_another_length_are_warned_of() {
    let folder = study();
    let dir = folder.path();
    let text = read(dir, JSON);
    let warned = |change: &dyn Fn(&mut serde_json::Value)| {
        let mut json: serde_json::Value = serde_json::from_str(&text).unwrap();
        change(&mut json);
        fs::write(dir.join(JSON), json.to_string()).unwrap();
        let physio = boldly(dir, "physio --physio RECORD --bold BOLD --out p --overwrite");
        let line = "retroicor BOLD --physio RECORD --device cpu --out r.nii --overwrite";
        let retroicor = boldly(dir, line);
        [physio, retroicor].map(|o| String::from_utf8_lossy(&o.stderr).into_owned())
    };
    for message in warned(&|_| {}) {
        for words in ["are both", "lie outside", "as long as"] {
            assert!(!message.contains(words), "{message}");
        }
    }
    for message in warned(&|json| {
        let hz = json["SamplingFrequency"].as_f64().unwrap();
        json["SamplingFrequency"] = (0.5 * hz).into();
    }) {
        assert!(message.contains("are both slow"), "{message}");
        assert!(message.contains("times as long as the scan of 100.0 s"), "{message}");
    }
}
