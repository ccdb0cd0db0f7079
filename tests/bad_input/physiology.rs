//! Recordings and slice times.

use super::*;

pub fn cases() -> Vec<Case> {
    vec![
        case(
            "physio that does not cover the run",
            |d| physio(d, 25.0, 50.0, true),
            PHYSIO,
            65,
            &["physio.tsv.gz", "cover"],
        ),
        case(
            "one recording for two runs",
            |d| {
                second_run(d);
                copy(d, "physio.tsv.gz", "second.tsv.gz");
                copy(d, "physio.json", "second.json");
            },
            "glm bold.nii second_bold.nii --events events.tsv events.tsv --mask mask.nii --terms 1/1/0 \
             --physio physio.tsv.gz second.tsv.gz --contrast pain --out out --device cpu",
            2,
            &[
                "second.tsv.gz, or a copy of it, is the recording of bold.nii and of second_bold.nii",
                "stands at the same times of bold.nii and of second_bold.nii",
            ],
        ),
        case(
            "physio with a wrong sampling rate",
            |d| physio_json(d, 5.0, true),
            PHYSIO,
            65,
            &["SamplingFrequency"],
        ),
        case(
            "a BIOPAC recording",
            |d| text(d, "run-1.acq", "\0\0\u{1}not text"),
            "retroicor bold.nii --physio run-1.acq --out clean.nii --device cpu",
            65,
            &["run-1.acq", "BIOPAC AcqKnowledge", "export it as text", "phys2bids"],
        ),
        case(
            "a pulse of spikes without rhythm",
            |d| {
                let spikes = (0..6000).map(|n| {
                    let is_spike = [300, 340, 1900, 2001, 3777, 3790, 5555].contains(&n);
                    format!("{}\t{:.3}\n", i32::from(is_spike) * 1000, (n as f64 * 0.03).sin())
                });
                text(d, "physio.tsv", &spikes.collect::<String>());
                gzipped(d, "physio.tsv");
            },
            PHYSIO,
            65,
            &["physio.tsv.gz, column cardiac,", "has two levels alone, as triggers"],
        ),
        case(
            "a channel with two spikes",
            |d| {
                let row = |n: i32| {
                    let spike = 1000 * i32::from([3000, 3040].contains(&n));
                    format!("{spike}\t{:.3}\n", (f64::from(n) * 0.03).sin())
                };
                text(d, "physio.tsv", &(0..6000).map(row).collect::<String>());
                gzipped(d, "physio.tsv");
            },
            PHYSIO,
            65,
            &["physio.tsv.gz, column cardiac,", "shows no regular pulse", "a channel of spikes"],
        ),
        case(
            "physio without cardiac",
            |d| physio(d, 120.0, 50.0, false),
            PHYSIO,
            66,
            &["cardiac", "--terms"],
        ),
        case(
            "SliceTiming in ms",
            |d| sidecar(d, "[0, 500, 1000, 1500]"),
            PHYSIO,
            65,
            &["SliceTiming", "ms"],
        ),
        case(
            "SliceTiming of wrong length",
            |d| sidecar(d, "[0, 0.5, 1.0]"),
            PHYSIO,
            65,
            &["SliceTiming", "3", "4"],
        ),
        case(
            "SliceTiming missing",
            |d| text(d, "bold.json", "{\"RepetitionTime\": 2.0}"),
            PHYSIO,
            66,
            &["SliceTiming", "--slice-times"],
        ),
        case(
            "SliceTiming missing for retroicor",
            |d| text(d, "bold.json", "{\"RepetitionTime\": 2.0}"),
            RETROICOR,
            66,
            &["SliceTiming", "--slice-times"],
        ),
        case(
            "a folder as a recording",
            |d| {
                remove(d, "physio.tsv.gz");
                folder(d, "physio.tsv.gz")
            },
            PHYSIO,
            65,
            &["physio.tsv.gz"],
        ),
        case(
            "an empty recording",
            |d| text(d, "physio.tsv.gz", ""),
            PHYSIO,
            65,
            &["physio.tsv.gz"],
        ),
    ]
}

#[test]
fn physio_writes_the_page_of_a_pulse_that_it_refuses_and_nothing_that_a_fit_could_take() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let dir = folder.path();
    good_dataset(dir);
    // two spikes a volume, as from a sensor off the finger
    let mut rows = String::new();
    for n in 0..(90.0 * 50.0) as usize {
        let (spike, noise) = (f64::from(u8::from(n % 50 < 3)), f64::from(value(n) - 1000.0));
        rows.push_str(&format!("{:.5}\t{:.5}\n", spike + 0.01 * noise, (n as f64 / 29.0).sin()));
    }
    fs::write(dir.join("physio.tsv.gz"), gzip(rows.as_bytes())).expect("a writable folder");
    let before = listing(dir);
    let refused = |line: &str| {
        let output = boldly(dir, line);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(65), "{line}: {said}");
        let says = "boldly: physio.tsv.gz, column cardiac, follows the scanner";
        assert!(said.contains(says) && said.contains("--terms 0/4/0"), "{line}: {said}");
    };
    refused(&PHYSIO.replace("1/1/0", "3/4/0"));
    assert_eq!(listing(dir), before);
    let line = "physio --bold bold.nii --physio physio.tsv.gz --out p";
    refused(line);
    refused(line); // once more, in their place
    let page = fs::read_to_string(dir.join("p_desc-physio_qc.html")).expect("a page");
    assert!(page.contains("Do not use") && page.contains("follows the scanner"), "its verdict");
    let made = listing(dir).into_iter().filter(|path| !before.contains(path));
    let made: Vec<String> =
        made.map(|path| path.file_name().expect("a name").to_string_lossy().into_owned()).collect();
    let peaks = ["p_desc-peaks_events.json", "p_desc-peaks_events.tsv"];
    let rest = ["p_desc-physio_qc.html", "p_desc-retroicor_summary.json"];
    assert_eq!(made.len(), 4, "{made:?}");
    assert!(peaks.iter().chain(&rest).all(|name| made.contains(&(*name).to_owned())), "{made:?}");
    let output = boldly(dir, "verify p_desc-peaks_events.tsv");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}
