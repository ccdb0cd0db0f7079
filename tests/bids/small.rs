//! A made-up study of one run, raw and as a derivative in a template's space, and what is asked of both.

use std::fs;
use std::path::{Path, PathBuf};

use boldly::io::read_map;
use serde_json::Value;

use crate::binary::{self, run, said, with_words};
use crate::common::{Random, compare, wide};

/// What names of the derivative's files begin with.
pub const STEM: &str = "sub-01_task-pain";
/// The same with the space of the image.
pub const IN_SPACE: &str = "sub-01_task-pain_space-MNI152NLin2009cAsym";
const MOTION: [&str; 6] = ["trans_x", "trans_y", "trans_z", "rot_x", "rot_y", "rot_z"];
const TISSUES: [&str; 3] = ["csf", "white_matter", "global_signal"];
const EXPANDED: [&str; 4] = ["", "_derivative1", "_power2", "_derivative1_power2"];
const N_VOLUMES: usize = 40;

/// The folder of the raw run, and that of the derivative.
pub const RAW: &str = "study/sub-01/func";
pub const DERIVED: &str = "study/derivatives/fmriprep/sub-01/func";

/// The study: volumes 7 and 20 moved by 0.9 mm, and the table of confounds has no cosines.
pub fn study() -> tempfile::TempDir {
    let folder = binary::study();
    let dir = folder.path();
    let made = dir.join("study/derivatives/boldly-simulate/sub-01/func");
    let derived = dir.join(DERIVED);
    fs::create_dir_all(&derived).unwrap();
    let described =
        r#"{"Name": "fMRIPrep", "BIDSVersion": "1.4.0", "GeneratedBy": [{"Name": "fMRIPrep"}]}"#;
    fs::write(dir.join("study/derivatives/fmriprep/dataset_description.json"), described).unwrap();
    let bold = dir.join(RAW).join(format!("{STEM}_bold.nii.gz"));
    fs::copy(bold, derived.join(format!("{IN_SPACE}_desc-preproc_bold.nii.gz"))).unwrap();
    let told = r#"{"RepetitionTime": 2.0, "SliceTimingCorrected": true, "StartTime": 1.0}"#;
    fs::write(derived.join(format!("{IN_SPACE}_desc-preproc_bold.json")), told).unwrap();
    let mask = made.join(format!("{STEM}_desc-brain_mask.nii.gz"));
    fs::copy(mask, derived.join(format!("{IN_SPACE}_desc-brain_mask.nii.gz"))).unwrap();
    fs::write(derived.join(format!("{STEM}_desc-confounds_timeseries.tsv")), confounds()).unwrap();
    fs::remove_dir_all(dir.join("study/derivatives/boldly-simulate")).unwrap();
    folder
}

/// The same run as that of a second subject, raw and derived.
pub fn second_subject(dir: &Path) {
    let other = |name: &str| name.replace("sub-01", "sub-02");
    for folder in [RAW, DERIVED] {
        fs::create_dir_all(dir.join(other(folder))).unwrap();
        for entry in fs::read_dir(dir.join(folder)).unwrap() {
            let path = entry.unwrap().path();
            let name = other(path.file_name().unwrap().to_str().unwrap());
            fs::copy(&path, dir.join(other(folder)).join(name)).unwrap();
        }
    }
}

fn confounds() -> String {
    let mut random = Random(3);
    let bases = MOTION.iter().chain(&TISSUES);
    let mut names: Vec<String> =
        bases.flat_map(|base| EXPANDED.iter().map(move |end| format!("{base}{end}"))).collect();
    // fMRIPrep has this one, too, and no strategy takes it
    names.push("csf_wm".to_owned());
    let n = names.len();
    names.extend(["framewise_displacement", "motion_outlier00"].map(str::to_owned));
    let mut text = names.join("\t") + "\n";
    for t in 0..N_VOLUMES {
        let mut cells: Vec<String> = (0..n).map(|_| format!("{:.5}", random.normal())).collect();
        cells.push(match t {
            0 => "n/a".to_owned(),
            7 | 20 => "0.9".to_owned(),
            _ => "0.1".to_owned(),
        });
        cells.push(if t == 20 { "1" } else { "0" }.to_owned());
        text += &(cells.join("\t") + "\n");
    }
    text
}

/// A model of the two conditions and one confound, `pain` its contrast, as `model.json` in a folder.
pub fn model(dir: &Path) {
    let model = r#"{
        "Name": "small", "BIDSModelVersion": "1.0.0", "Input": {"task": ["pain"]},
        "Nodes": [{
            "Level": "Run", "Name": "run", "GroupBy": ["run", "subject"],
            "Transformations": {"Transformer": "pybids-transforms-v1", "Instructions": [
                {"Name": "Factor", "Input": ["trial_type"]},
                {"Name": "Convolve", "Model": "spm", "Input": ["trial_type.*"]}]},
            "Model": {"X": ["trial_type.pain", "trial_type.control", "trans_x", 1], "Type": "glm"},
            "Contrasts": [{"Name": "pain", "ConditionList": ["trial_type.pain"], "Weights": [1], "Test": "t"}]
        }]}"#;
    fs::write(dir.join("model.json"), model).unwrap();
}

/// The one file below a folder whose name ends so.
pub fn only(folder: &Path, ending: &str) -> PathBuf {
    let all = crate::made::files(folder);
    let mut fitting = all.iter().filter(|name| name.to_string_lossy().ends_with(ending));
    let one = fitting.next().unwrap_or_else(|| panic!("no {ending} in {all:?}"));
    assert!(fitting.next().is_none(), "several {ending} in {all:?}");
    folder.join(one)
}

/// What stands in a JSON.
pub fn json(path: &Path) -> Value {
    serde_json::from_slice(&fs::read(path).unwrap()).unwrap()
}

/// The words of a line, where 'a b' is one.
pub fn words(line: &str) -> Vec<String> {
    let parts = line.split('\'').enumerate();
    let words = parts.flat_map(|(at, part)| match at % 2 {
        0 => part.split_whitespace().map(str::to_owned).collect(),
        _ => vec![part.to_owned()],
    });
    words.collect()
}

/// Fits the model with `boldly bids` into `out`, and the same conditions and confound with `boldly glm` into `glm`: the maps of t must be equal, as
/// must be the degrees of freedom. The sidecar of the former's.
#[track_caller]
pub fn equal_to_glm(dir: &Path, (which, bids): (&str, &str), (image, glm): (&str, &str)) -> Value {
    model(dir);
    run(dir, &format!("bids study out run -m model.json {which} {bids} --device cpu -q"));
    let line = format!(
        "glm {image} --events {RAW}/{STEM}_events.tsv --contrast pain \
         --confounds {DERIVED}/{STEM}_desc-confounds_timeseries.tsv --columns trans_x --hrf nilearn --scaling psc --noise ar1 {glm} --out glm --device cpu -q"
    );
    let done = with_words(dir, words(&line).iter());
    assert!(done.status.success(), "{line}: {}", said(&done));
    let own = only(&dir.join("out"), "contrast-pain_stat-t_statmap.nii.gz");
    let other = dir.join("glm/contrast-pain_stat-t_statmap.nii.gz");
    let [got, want] = [&own, &other].map(|path| wide(&read_map(path).unwrap().2));
    let most = want.iter().fold(0.0_f64, |a, b| a.max(b.abs()));
    assert!(most > 1.0, "{most}");
    compare(bids, &got, &want, 0.0, 1e-5 * most).assert();
    let sidecars = [&own, &other].map(|path| {
        let name = path.display().to_string().replace(".nii.gz", ".json");
        json(Path::new(&name))
    });
    let [own, other] = sidecars;
    assert_eq!(own["DegreesOfFreedom"], other["DegreesOfFreedom"]);
    own
}
