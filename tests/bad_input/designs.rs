//! Responses, drift, moments, modulators and what contrasts ask of them.

use super::*;

/// A command line with more options before `--contrast`.
fn glm(more: &str) -> &'static str {
    let line =
        format!("glm bold.nii --events events.tsv --mask mask.nii {more} --out out --device cpu");
    Box::leak(line.into_boxed_str())
}

fn plain(name: &'static str, more: &str, code: i32, parts: &'static [&'static str]) -> Case {
    case(name, nothing, glm(&format!("{more} --contrast pain")), code, parts)
}

fn rated(dir: &Path) {
    let rows = "4\t15\tpain\t3\tn/a\n34\t15\tcontrol\t5\t2\n55\t15\tpain\t3\t-1\n";
    text(dir, "events.tsv", &format!("onset\tduration\ttrial_type\trating\trt\n{rows}"));
}

pub fn cases() -> Vec<Case> {
    vec![
        case(
            "runs of a contrast that are named by their number alone",
            nothing,
            "glm bold.nii --events events.tsv --mask mask.nii --contrast pain@1-pain@run02 --out out --device cpu",
            2,
            &["has `@1-pain@run02` after a term", "as in `pain@run-1 - pain@run-02`"],
        ),
        plain("a response that is none", "--hrf spmm", 2, &["--hrf", "spmm", "glover"]),
        plain("a FIR model without delays", "--hrf fir", 2, &["--hrf", "fir:0-7"]),
        plain("a block of no duration", "--hrf block:0", 2, &["--hrf", "block:0"]),
        plain("T0 beyond T", "--hrf spm:16,17", 2, &["--hrf", "spm:BINS,REFERENCE"]),
        plain("derivatives of a block", "--hrf block:4+derivative", 2, &["no derivatives"]),
        plain("a response's file that is not there", "--hrf file:h.txt", 66, &["h.txt"]),
        case(
            "a response without times",
            |d| text(d, "h.txt", "0\n1\n0\n"),
            glm("--hrf file:h.txt --contrast pain"),
            2,
            &["h.txt", "no seconds a sample", "@0.1"],
        ),
        case(
            "a response with a word in it",
            |d| text(d, "h.txt", "0 0\n1 one\n"),
            glm("--hrf file:h.txt --contrast pain"),
            65,
            &["h.txt, line 2", "'one'"],
        ),
        case(
            "a response in milliseconds",
            |d| text(d, "h.txt", "0 0\n100 1\n200 3\n300 1\n400 0\n"),
            glm("--hrf file:h.txt --contrast pain"),
            65,
            &["h.txt", "100 s apart", "seconds, not ms"],
        ),
        plain("columns without a name", "--confounds confounds.tsv --columns=", 2, &["--columns"]),
        plain("more delays than volumes", "--hrf fir:0-30", 65, &["columns for 40 volumes"]),
        plain("Legendre of a word", "--drift legendre:B", 2, &["legendre:A"]),
        plain("Legendre of all volumes", "--drift legendre:39", 2, &["39", "lower order"]),
        plain("a moment outside the volume", "--task-times 5", 2, &["--task-times 5", "0 to 2"]),
        plain("a moment that is none", "--task-times end", 2, &["slice, start, middle"]),
        plain("a modulation without a column", "--modulate pain", 2, &["CONDITION:COLUMN"]),
        plain("a column that is not there", "--modulate pain:rating", 65, &["no column `rating`"]),
        case(
            "a modulation of no condition",
            rated,
            glm("--modulate pian:rating --contrast pain"),
            2,
            &["--modulate pian:rating", "did you mean `pain`?"],
        ),
        case(
            "a column that does not vary",
            rated,
            glm("--modulate pain:rating --contrast pain"),
            65,
            &["column rating", "`pain`", "is 3 in all"],
        ),
        case(
            "durations below 0",
            rated,
            glm("--durations rt --contrast pain"),
            65,
            &["events.tsv line 4 column rt", "not be negative"],
        ),
        case(
            "a pattern that matches nothing",
            nothing,
            glm("--contrast warm*"),
            2,
            &["`warm*`", "matches no condition", "control, pain"],
        ),
        case(
            "a basis set of no condition",
            nothing,
            glm("--f-contrast pian:basis"),
            2,
            &["names `pian", "did you mean `pain`?"],
        ),
        case(
            "a run that is not given",
            nothing,
            glm("--contrast pain@run-1-pain@run-2"),
            2,
            &["names run-2", "runs: run-1"],
        ),
    ]
}
