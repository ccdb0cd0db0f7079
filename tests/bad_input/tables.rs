//! Events, confounds, designs and the contrasts of their columns.

use super::*;

const MOTION: &str = "glm bold.nii --events events.tsv --confounds rp.tsv --columns * --mask mask.nii --contrast pain \
                      --out out --device cpu";

/// Three columns of numbers and nothing else.
fn headerless(dir: &Path, n_rows: usize, between: &str) {
    let row = |n: usize| ["0.1", "0.2", &format!("0.{n}")].join(between) + "\n";
    text(dir, "rp.tsv", &(0..n_rows).map(row).collect::<String>());
}

pub fn cases() -> Vec<Case> {
    vec![
        case(
            "events beyond the run",
            |d| {
                text(
                    d,
                    "events.tsv",
                    "onset\tduration\ttrial_type\n500\t10\tpain\n10\t10\tcontrol\n",
                )
            },
            GLM,
            65,
            &["events.tsv", "500"],
        ),
        case(
            "events without onset",
            |d| text(d, "events.tsv", "start\tduration\ttrial_type\n5\t10\tpain\n"),
            GLM,
            65,
            &["events.tsv", "onset"],
        ),
        case(
            "events with commas",
            |d| text(d, "events.tsv", "onset,duration,trial_type\n5,10,pain\n"),
            GLM,
            65,
            &["events.tsv", "tab"],
        ),
        case(
            "confounds with another number of rows",
            |d| text(d, "confounds.tsv", "trans_x\n1\n2\n3\n"),
            GLM,
            65,
            &["confounds.tsv", "3 rows", "40"],
        ),
        case(
            "confounds with n/a",
            na_confounds,
            GLM,
            65,
            &["confounds.tsv", "trans_x", "n/a", "--na"],
        ),
        case(
            "a confound that is not there",
            nothing,
            "glm bold.nii --events events.tsv --confounds confounds.tsv --columns trans_q --mask mask.nii --contrast pain --out out --device cpu",
            2,
            &["trans_q"],
        ),
        case(
            "a contrast that is not estimable",
            twin_columns,
            "glm bold.nii --design design.tsv --mask mask.nii --contrast a --out out --device cpu",
            65,
            &["estimable"],
        ),
        case(
            "more columns than volumes",
            wide_design,
            "glm bold.nii --design design.tsv --mask mask.nii --contrast c0 --out out --device cpu",
            65,
            &["41", "40"],
        ),
        case(
            "a folder as events",
            |d| {
                remove(d, "events.tsv");
                folder(d, "events.tsv")
            },
            GLM,
            65,
            &["events.tsv"],
        ),
        case(
            "an empty events file",
            |d| text(d, "events.tsv", ""),
            GLM,
            65,
            &["events.tsv", "empty"],
        ),
        case(
            "a motion file without a header, as long as the run",
            |d| headerless(d, SHAPE[3], "\t"),
            MOTION,
            65,
            &["rp.tsv", "no header line", "0.1 0.2 0.0", "FSL's .par", "SPM's rp_*.txt"],
        ),
        case(
            "a motion file without a header, one row longer than the run",
            |d| headerless(d, SHAPE[3] + 1, "\t"),
            MOTION,
            65,
            &["rp.tsv", "no header line"],
        ),
        case(
            "a motion file of FSL, one row longer than the run",
            |d| headerless(d, SHAPE[3] + 1, "  "),
            MOTION,
            65,
            &["rp.tsv", "no header line", "tabs"],
        ),
        case(
            "conditions in a column of another name",
            |d| {
                let rows = "4\t15\tpain\n34\t15\tcontrol\n";
                text(d, "events.tsv", &format!("onset\tduration\tcondition\n{rows}"))
            },
            GLM,
            2,
            &["trial_type", "onset, duration, condition", "--trial-type"],
        ),
        case(
            "a condition that a run lacks which the contrast names",
            |d| {
                second_run(d);
                text(d, "second.tsv", "onset\tduration\ttrial_type\n5\t10\tpain\n")
            },
            "glm bold.nii second_bold.nii --events events.tsv second.tsv --mask mask.nii --contrast pain@run-1-control@run-2 --out out --device cpu",
            65,
            &["weighs run-2 by its name", "second_bold.nii has no `control`", "conditions: pain"],
        ),
        case(
            "a condition that is misspelt in one run",
            |d| {
                second_run(d);
                text(d, "second.tsv", "onset\tduration\ttrial_type\n5\t10\tpain\n30\t9\tcontrl\n")
            },
            "glm bold.nii second_bold.nii --events events.tsv second.tsv --mask mask.nii --contrast pain-control --out out --device cpu",
            65,
            &[
                "1 of 2 runs",
                "second_bold.nii has no `control` (is it its `contrl`?)",
                "--skip-missing",
            ],
        ),
        case(
            "a condition that one run lacks beside one of nearly its name",
            |d| {
                second_run(d);
                text(d, "events.tsv", "onset\tduration\ttrial_type\n4\t9\tpain_a\n34\t9\tpain_b\n");
                text(d, "second.tsv", "onset\tduration\ttrial_type\n4\t9\tpain_a\n")
            },
            "glm bold.nii second_bold.nii --events events.tsv second.tsv --mask mask.nii --contrast pain_b --out out --device cpu",
            65,
            &["second_bold.nii has no `pain_b`;"],
        ),
        case(
            "as many events as echoes",
            |d| {
                second_run(d);
                fs::rename(d.join("second_bold.nii"), d.join("x_echo-2_bold.nii")).expect("a file");
                copy(d, "bold.nii", "x_echo-1_bold.nii");
            },
            "glm x_echo-1_bold.nii x_echo-2_bold.nii --events events.tsv events.tsv --mask mask.nii --contrast pain --out out --tr 2 --device cpu",
            2,
            &["--events", "2 files for 1 runs", "echoes of a run share"],
        ),
        case(
            "a pattern that no run has a column for",
            second_run,
            "glm bold.nii second_bold.nii --events events.tsv events.tsv --confounds confounds.tsv confounds.tsv --columns trans_q* --mask mask.nii --contrast pain --out out --device cpu",
            2,
            &["trans_q*", "confounds.tsv", "trans_x"],
        ),
        case(
            "a condition whose only event has no duration",
            |d| {
                text(
                    d,
                    "events.tsv",
                    "onset\tduration\ttrial_type\n5\tn/a\tpain\n30\t10\tcontrol\n",
                )
            },
            GLM,
            2,
            &["names `pain`", "1 of 2 events have no duration (n/a) and are left out", "line 2"],
        ),
        case(
            "a condition whose only event begins after the run",
            |d| {
                text(
                    d,
                    "events.tsv",
                    "onset\tduration\ttrial_type\n5\t5\tcontrol\n30\t10\tcontrol\n900\t9\tpain\n",
                )
            },
            GLM,
            2,
            &[
                "names `pain`, which is no column of the design: the one event of it in events.tsv is left out of the model: 1 after the end of \
                 the run;",
                "columns:",
                "warning: events.tsv: 1 of 3 events begin after the run",
            ],
        ),
        case(
            "a condition of one letter all of whose events are left out",
            |d| {
                text(
                    d,
                    "events.tsv",
                    "onset\tduration\ttrial_type\n5\t5\tb\n30\t10\tb\n40\t9\tb\nn/a\t9\ta\n50\tn/a\ta\n-90\t2\ta\n900\t9\ta\n",
                )
            },
            "glm bold.nii --events events.tsv --mask mask.nii --contrast mean(a,b) --out out --device cpu",
            2,
            &[
                "names `a`, which is no column of the design: all 4 events of it in events.tsv are left out of the model: 2 without an onset or a \
                 duration, 1 after the end of the run, 1 over before the run begins; it must name columns of the design; columns: b,",
            ],
        ),
        case(
            "events of which none has an onset",
            |d| {
                text(
                    d,
                    "events.tsv",
                    "onset\tduration\ttrial_type\nn/a\t10\tpain\n30\tn/a\tcontrol\n",
                )
            },
            GLM,
            65,
            &[
                "events.tsv",
                "n/a as onset or duration of all its 2 events",
                "write 0 for an impulse",
            ],
        ),
        case(
            "half of the events after the run",
            |d| {
                text(
                    d,
                    "events.tsv",
                    "onset\tduration\ttrial_type\n5\t10\tpain\n30\t9\tcontrol\n95\t10\tpain\n90\t9\tcontrol\n",
                )
            },
            GLM,
            65,
            &[
                "events.tsv line 4",
                "begins at 95 s (2 of 4 events do)",
                "another run's",
                "fewer than half",
            ],
        ),
        case(
            "design columns of one name",
            |d| design(d, "a\ta\tconstant", |n| format!("{n}\t{}\t1", n * n)),
            DESIGN,
            65,
            &["design.tsv", "a"],
        ),
        case(
            "an infinite number in a design",
            |d| {
                design(
                    d,
                    "a\tconstant",
                    |n| if n == 3 { "inf\t1".into() } else { format!("{n}\t1") },
                )
            },
            DESIGN,
            65,
            &["design.tsv", "inf", "line 5"],
        ),
    ]
}
