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
