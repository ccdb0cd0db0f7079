//! Events, confounds, designs and the contrasts of their columns.

use super::*;

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
            "an event without a duration",
            |d| {
                text(
                    d,
                    "events.tsv",
                    "onset\tduration\ttrial_type\n5\tn/a\tpain\n30\t10\tcontrol\n",
                )
            },
            GLM,
            65,
            &["events.tsv", "duration", "n/a"],
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
