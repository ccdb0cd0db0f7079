//! What is refused or said before anything is fitted: by a dry run, too.

use std::fs;
use std::path::Path;

use crate::binary::{boldly, said, succeeded};
use crate::small::{DERIVED, IN_SPACE, RAW, STEM, second_subject, study};
use crate::tables::nifti;

const GROUP: &str =
    "bids study out dataset --task pain --contrast pain --strategy 6p --dry-run --drift cosine:128";

/// What is said of a line that succeeds.
#[track_caller]
fn told(dir: &Path, line: &str) -> String {
    said(&succeeded(line, boldly(dir, line)))
}

#[track_caller]
fn refused(dir: &Path, line: &str, code: i32, words: &[&str]) {
    let done = boldly(dir, line);
    assert_eq!(done.status.code(), Some(code), "{line}: {}", said(&done));
    words.iter().for_each(|word| assert!(said(&done).contains(word), "{word}: {}", said(&done)));
    assert!(!dir.join("out").exists(), "{line}");
}

fn two() -> tempfile::TempDir {
    let folder = study();
    second_subject(folder.path());
    folder
}

#[test]
fn subjects_of_other_voxels_are_no_group() {
    let folder = two();
    let dir = folder.path();
    told(dir, GROUP);
    let other = dir.join(DERIVED.replace("sub-01", "sub-02"));
    let name = IN_SPACE.replace("sub-01", "sub-02");
    for (end, shape) in
        [("desc-preproc_bold", &[4, 4, 3, 40][..]), ("desc-brain_mask", &[4, 4, 3][..])]
    {
        fs::remove_file(other.join(format!("{name}_{end}.nii.gz"))).unwrap();
        nifti(&other.join(format!("{name}_{end}.nii")), shape, &|at| 1.0 + (at % 7) as f32);
    }
    refused(dir, GROUP, 65, &["sub-02", "has 4x4x3 voxels", "like sub-01"]);
}

#[test]
fn what_inference_and_censoring_leave_nothing_of_is_known_without_a_fit() {
    let folder = two();
    let dir = folder.path();
    let with = |more: &str| format!("{GROUP} {more}");
    refused(dir, &with("--inference=--min-subjects=3"), 2, &["--min-subjects", "from 1 to 2"]);
    let both = format!("{GROUP} --inference '--min-subjects 2 --effect-sizes'");
    let done = crate::binary::with_words(dir, crate::small::words(&both).iter());
    assert_eq!(done.status.code(), Some(2), "{}", said(&done));
    assert!(said(&done).contains("--effect-sizes"), "{}", said(&done));
    refused(dir, &with("--censor fd:0.05"), 65, &["sub-01", "of 40 volumes under --censor"]);
    told(dir, &with("--censor fd:0.5"));
}

#[test]
fn images_without_an_entity_can_be_chosen() {
    let folder = study();
    let dir = folder.path();
    let derived = dir.join(DERIVED);
    for end in ["desc-preproc_bold.nii.gz", "desc-preproc_bold.json", "desc-brain_mask.nii.gz"] {
        let to = derived.join(format!("{IN_SPACE}_res-2_{end}"));
        fs::copy(derived.join(format!("{IN_SPACE}_{end}")), to).unwrap();
    }
    let line = GROUP.replace("dataset", "participant") + " --bids-filter-file filter.json";
    fs::write(dir.join("filter.json"), r#"{"bold": {"subject": "sub-01"}}"#).unwrap();
    refused(dir, &line, 65, &["are both of one run", "or null for those without it"]);
    for text in [r#"{"bold": {"resolution": null}}"#, r#"{"bold": {"res": ["Query.NONE"]}}"#] {
        fs::write(dir.join("filter.json"), text).unwrap();
        let json = format!("{line} --json");
        let done = succeeded(&json, boldly(dir, &json));
        let plan = String::from_utf8_lossy(&done.stdout).into_owned();
        assert!(!plan.contains("res-2"), "{plan}");
    }
    fs::write(dir.join("filter.json"), r#"{"bold": {"res": "2", "resolution": "2"}}"#).unwrap();
    refused(dir, &line, 65, &["has resolution, which is resolution again"]);
}

#[test]
fn raw_runs_that_derivatives_lack_and_rows_that_disagree_are_said() {
    let folder = two();
    let dir = folder.path();
    let second = dir.join(RAW).join("sub-01_task-pain_run-2_bold.nii.gz");
    fs::copy(dir.join(RAW).join(format!("{STEM}_bold.nii.gz")), second).unwrap();
    let rows = "participant_id\tsex\tage\nsub-01\tF\t30\nsub-02\tM\t31\nsub-01\tM\t30\n";
    fs::write(dir.join("study/participants.tsv"), rows).unwrap();
    let told = told(dir, GROUP);
    let run = "1 raw run of these subjects and tasks has no image among those that are meant, and is in no level: sub-01 task-pain run-2";
    assert!(told.contains(run), "{told}");
    assert!(told.contains("two rows of sub-01, which differ in sex: that counts"), "{told}");
}

#[test]
fn recordings_of_something_else_are_left_out_and_native_slices_are_said() {
    let folder = study();
    let dir = folder.path();
    let native = GROUP.replace("dataset", "run") + " --space none --desc-label none --physio";
    let raw = dir.join(RAW);
    let eye = format!("{STEM}_recording-eye_physio");
    let described =
        r#"{"SamplingFrequency": 50, "StartTime": 0, "Columns": ["x_coordinate", "pupil_size"]}"#;
    fs::write(raw.join(format!("{eye}.json")), described).unwrap();
    fs::copy(raw.join(format!("{STEM}_physio.tsv.gz")), raw.join(format!("{eye}.tsv.gz"))).unwrap();
    let told = told(dir, &native);
    assert!(told.contains("is no recording of pulse or breathing (columns x_coordinate"), "{told}");
    let plan = boldly(dir, &native).stdout;
    let plan = String::from_utf8_lossy(&plan);
    assert!(plan.contains("each slice's own time, 4 times in each volume"), "{plan}");
    // A recording that ends in the scan is no surprise after the first fits.
    let json = raw.join(format!("{STEM}_physio.json"));
    let text = fs::read_to_string(&json).unwrap();
    let mut fields: serde_json::Value = serde_json::from_str(&text).unwrap();
    let hz = fields["SamplingFrequency"].as_f64().unwrap();
    fields["SamplingFrequency"] = (20.0 * hz).into();
    fs::write(&json, fields.to_string()).unwrap();
    refused(dir, &native, 65, &["sub-01"]);
    fs::write(&json, text).unwrap();
    // Slice times that cannot be are none.
    let json = dir.join("study/task-pain_bold.json");
    let mut fields: serde_json::Value =
        serde_json::from_str(&fs::read_to_string(&json).unwrap()).unwrap();
    fields["SliceTiming"][0] = 99.0.into();
    fs::write(&json, fields.to_string()).unwrap();
    let native = native.replace(" --physio", "");
    assert!(self::told(dir, &native).contains("costs effects where slices are seconds apart"));
    refused(dir, &format!("{native} --task-times slice"), 65, &["SliceTiming"]);
}

#[test]
fn subjects_in_spaces_of_their_own_or_with_fixed_effects_are_doubted() {
    let folder = two();
    let dir = folder.path();
    for subject in ["sub-01", "sub-02"] {
        let derived = dir.join(DERIVED.replace("sub-01", subject));
        for entry in fs::read_dir(&derived).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            let to = derived.join(name.replace("space-MNI152NLin2009cAsym", "space-T1w"));
            fs::rename(&path, to).unwrap();
        }
    }
    let line = format!("{GROUP} --space T1w");
    let said = told(dir, &line);
    assert!(said.contains("takes 2 subjects together in space-T1w, each subject's own"), "{said}");
    let sphere = format!("{line} --inference '--svc pag=sphere:0,0,0:30'");
    let done = crate::binary::with_words(dir, crate::small::words(&sphere).iter());
    let said = crate::binary::said(&done);
    assert_eq!(done.status.code(), Some(2), "{said}");
    assert!(said.contains("is in mm of a template"), "{said}");

    let model = r#"{"Name": "m", "BIDSModelVersion": "1.0.0", "Input": {"task": ["pain"]}, "Nodes": [
        {"Level": "Run", "Name": "run", "GroupBy": ["run", "subject"],
         "Transformations": {"Transformer": "pybids-transforms-v1", "Instructions": [
            {"Name": "Factor", "Input": ["trial_type"]}, {"Name": "Convolve", "Model": "spm", "Input": ["trial_type.*"]}]},
         "Model": {"X": ["trial_type.*", 1], "Type": "glm"},
         "DummyContrasts": {"Test": "t", "Contrasts": ["trial_type.pain"]}},
        {"Level": "Dataset", "Name": "all", "GroupBy": ["contrast"], "Model": {"X": [1], "Type": "meta"}, "DummyContrasts": {"Test": "t"}}]}"#;
    fs::write(dir.join("fixed.json"), model).unwrap();
    let said = told(dir, "bids study out dataset -m fixed.json --space T1w --dry-run");
    assert!(said.contains("combines 2 subjects by fixed effects"), "{said}");
}

#[test]
fn an_effect_where_a_covariate_is_0_is_said_to_be_that() {
    let folder = two();
    let dir = folder.path();
    for folder in [RAW, DERIVED] {
        let to = dir.join(folder.replace("sub-01", "sub-03"));
        fs::create_dir_all(&to).unwrap();
        for entry in fs::read_dir(dir.join(folder)).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_string_lossy().replace("sub-01", "sub-03");
            fs::copy(&path, to.join(name)).unwrap();
        }
    }
    let rows = "participant_id\tage\nsub-01\t30\nsub-02\t41\nsub-03\t35\n";
    fs::write(dir.join("study/participants.tsv"), rows).unwrap();
    let model = |instructions: &str| {
        let text = r#"{"Name": "m", "BIDSModelVersion": "1.0.0", "Input": {"task": ["pain"]}, "Nodes": [
        {"Level": "Run", "Name": "run", "GroupBy": ["run", "subject"],
         "Transformations": {"Transformer": "pybids-transforms-v1", "Instructions": [
            {"Name": "Factor", "Input": ["trial_type"]}, {"Name": "Convolve", "Model": "spm", "Input": ["trial_type.*"]}]},
         "Model": {"X": ["trial_type.*", 1], "Type": "glm"},
         "DummyContrasts": {"Test": "t", "Contrasts": ["trial_type.pain"]}},
        {"Level": "Dataset", "Name": "all", "GroupBy": ["contrast"], "Transformations": {"Transformer": "pybids-transforms-v1", "Instructions": [INSTRUCTIONS]},
         "Model": {"X": [1, "age"], "Type": "glm"}, "DummyContrasts": {"Test": "t"}}]}"#;
        fs::write(dir.join("age.json"), text.replace("INSTRUCTIONS", instructions)).unwrap();
        told(dir, "bids study out dataset -m age.json --dry-run")
    };
    let said = model("");
    assert!(said.contains("where age (mean 35.3333) is 0; Demean it"), "{said}");
    let said = model(r#"{"Name": "Demean", "Input": ["age"]}"#);
    assert!(!said.contains("Demean it"), "{said}");
}
