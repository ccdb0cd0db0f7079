//! What a correction before preprocessing is said to have spent.

use super::*;

const WITH: &str = "glm bold.nii --events events.tsv --mask mask.nii --spent c.json --contrast pain --out out --device cpu";

/// A correction's sidecar, as `retroicor` writes it, of this image and so many volumes.
fn sidecar(dir: &Path, name: &str, command: &str, image: &str, volumes: usize) {
    let own = format!(
        "{{\"schema\": 2, \"command\": {{\"name\": \"{command}\"}}, \"dof_spent\": {}, \"resolved\": {{\"volumes\": {volumes}}}, \
         \"inputs\": [{{\"role\": \"bold\", \"path\": \"{image}\"}}]}}",
        if command == "retroicor" { "6.0" } else { "null" }
    );
    text(dir, name, &format!("{{\"boldly\": {own}}}"));
}

/// The sidecar `c.json` with other words.
fn changed(dir: &Path, from: &str, to: &str) {
    let written = std::fs::read_to_string(dir.join("c.json")).expect("a sidecar");
    text(dir, "c.json", &written.replace(from, to));
}

/// Outputs that the sidecar `c.json` lists.
fn lists(dir: &Path, outputs: &[(&str, &str)]) {
    let entry = |(name, kind): &(&str, &str)| {
        format!("{{\"name\": \"{name}\", \"kind\": \"{kind}\", \"entities\": \"\"}}")
    };
    let outputs: Vec<String> = outputs.iter().map(entry).collect();
    let listed = format!("\"outputs\": [{}], \"inputs\"", outputs.join(", "));
    changed(dir, "\"inputs\"", &listed);
}

pub fn cases() -> Vec<Case> {
    vec![
        case("a correction that is not there", nothing, WITH, 66, &["c.json"]),
        case(
            "a preprocessed run's own JSON for its correction's",
            |d| text(d, "c.json", "{\"SliceTimingCorrected\": true}"),
            WITH,
            65,
            &["c.json", "not written by boldly", "boldly retroicor wrote"],
        ),
        case(
            "another command's sidecar for a correction's",
            |d| sidecar(d, "c.json", "smooth", "bold.nii", 40),
            WITH,
            65,
            &["c.json", "is of boldly smooth", "spent no degrees", "boldly retroicor wrote"],
        ),
        case(
            "the sidecar of a table beside a corrected run for the run's",
            |d| {
                sidecar(d, "c.json", "retroicor", "bold.nii", 40);
                lists(d, &[("c.tsv", "table"), ("clean_bold.nii.gz", "bold")]);
            },
            WITH,
            65,
            &[
                "c.json is of c.tsv, which is no corrected run",
                "retroicor wrote beside",
                "name clean_bold.json with --spent",
            ],
        ),
        case(
            "the sidecar of a fit of a corrected run for the run's",
            |d| {
                sidecar(d, "c.json", "retroicor", "bold.nii", 40);
                changed(d, "retroicor", "glm");
            },
            WITH,
            65,
            &["c.json is of boldly glm, which corrects no run", "name that with --spent"],
        ),
        case(
            "a correction of another length",
            |d| sidecar(d, "c.json", "retroicor", "bold.nii", 39),
            WITH,
            65,
            &["c.json", "39 volumes", "has 40", "bold.nii was made of"],
        ),
        case(
            "a correction of another subject",
            |d| {
                copy(d, "bold.nii", "sub-01_task-a_bold.nii");
                text(d, "sub-01_task-a_bold.json", "{\"RepetitionTime\": 2.0}");
                sidecar(d, "c.json", "retroicor", "../raw/sub-02_task-a_bold.nii", 40);
            },
            "glm sub-01_task-a_bold.nii --events events.tsv --mask mask.nii --spent c.json --contrast pain --out out --device cpu",
            65,
            &["c.json", "another run by its name", "sub-02 for sub-01"],
        ),
        case(
            "a correction for one run of two",
            |d| {
                second_run(d);
                sidecar(d, "c.json", "retroicor", "bold.nii", 40);
            },
            "glm bold.nii second_bold.nii --events events.tsv events.tsv --mask mask.nii --contrast pain --spent c.json --out out --device cpu",
            2,
            &["--spent", "1 files for 2 runs"],
        ),
        case(
            "one correction for two runs",
            |d| {
                second_run(d);
                sidecar(d, "c.json", "retroicor", "bold.nii", 40);
            },
            "glm bold.nii second_bold.nii --events events.tsv events.tsv --mask mask.nii --contrast pain --spent c.json c.json --out out --device cpu",
            2,
            &["--spent", "c.json for two runs", "none"],
        ),
        case(
            "an image for a correction's JSON",
            nothing,
            "glm bold.nii --events events.tsv --mask mask.nii --contrast pain --out out --device cpu --spent mask.nii",
            2,
            &["--spent", "is an image"],
        ),
    ]
}
