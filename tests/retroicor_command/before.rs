//! Slice-wise correction first, preprocessing by another program after it, then `glm`: what was spent is still counted.

use boldly::stats::mixed::shifted;

use super::*;

const N_VOLUMES: usize = 60;
const PLANE: usize = 90;
const N_PLANES: usize = 6;

/// White noise in place of the run, as `noise_bold.nii.gz` beside the run's JSON: what a correction takes from it is chance.
fn noise(dir: &Path) {
    let mut random = common::Random(91);
    rewritten(dir, "run-1_bold.nii.gz", "noise_bold.nii.gz", &mut |data| {
        data.iter_mut().for_each(|v| *v = (1000.0 + 20.0 * random.normal()) as f32);
    });
    fs::copy(dir.join("run-1_bold.json"), dir.join("noise_bold.json")).unwrap();
}

pub(super) fn rewritten(dir: &Path, from: &str, to: &str, change: &mut dyn FnMut(&mut [f32])) {
    let mut file = BoldFile::open(&dir.join(from)).unwrap();
    let mut bold = file.read(&Block::whole(file.grid.shape, file.n_volumes)).unwrap();
    change(&mut bold.data);
    let mut outputs = boldly::io::Outputs::new();
    outputs.map(&dir.join(to), &file.header.for_bold(file.n_volumes), &bold.data).unwrap();
    outputs.commit().unwrap();
}

/// The run as preprocessing leaves it: corrected for slice timing where asked, and moved by 0.4 of a plane.
pub(super) fn preprocess(dir: &Path, from: &str, to: &str, slice_times: Option<&[f64]>) {
    rewritten(dir, from, to, &mut |data| {
        let n = PLANE * N_PLANES;
        for (k, at) in slice_times.into_iter().flatten().enumerate() {
            for voxel in k * PLANE..(k + 1) * PLANE {
                let series =
                    Array2::from_shape_fn((N_VOLUMES, 1), |(t, _)| f64::from(data[t * n + voxel]));
                let moved = shifted(&series, (1.0 - at) / 2.0);
                (0..N_VOLUMES).for_each(|t| data[t * n + voxel] = moved[[t, 0]] as f32);
            }
        }
        for volume in data.chunks_exact_mut(n) {
            for voxel in 0..n - PLANE {
                volume[voxel] = 0.6 * volume[voxel] + 0.4 * volume[voxel + PLANE];
            }
        }
    });
}

pub(super) const FIT: &str =
    "--events run-1_events.tsv --contrast pain --noise ols --scaling none --maps --device cpu";

/// Mean residual variance of all but the last plane, degrees of freedom, and what was said.
pub(super) fn fit(dir: &Path, image: &str, more: &str) -> (f64, f64, String) {
    let said = well(dir, &format!("glm {image} {FIT} {more} --out out --verify"));
    let map =
        boldly::io::read_map(&dir.join("out/stat-residualVariance_statmap.nii.gz")).unwrap().2;
    let inside: Vec<f64> = map[..(N_PLANES - 1) * PLANE].iter().map(|&v| f64::from(v)).collect();
    let fitted = inside.iter().filter(|v| **v > 0.0).count();
    assert!(fitted > 100, "{fitted} voxels");
    let dof = own(&dir.join("out/contrast-pain_stat-t_statmap.json"))["dof"].as_f64().unwrap();
    (inside.iter().sum::<f64>() / fitted as f64, dof, said)
}

#[test]
fn on_a_resampled_run_the_residual_variance_is_that_of_the_uncorrected_one_where_what_was_spent_counts()
 {
    let folder = study();
    let dir = folder.path();
    noise(dir);
    let correct = "--physio run-1_physio.tsv.gz --events run-1_events.tsv --device cpu -q";
    well(dir, &format!("retroicor noise_bold.nii.gz {correct} --out c_bold.nii.gz"));
    let spent = own(&dir.join("c_bold.json"))["dof_spent"].as_f64().unwrap();
    let said: Value =
        serde_json::from_str(&fs::read_to_string(dir.join("noise_bold.json")).unwrap()).unwrap();
    let times: Vec<f64> =
        said["SliceTiming"].as_array().unwrap().iter().map(|v| v.as_f64().unwrap()).collect();
    for corrected in [false, true] {
        let name = format!("stc{corrected}_space-T1w_bold");
        let moments = corrected.then_some(&times[..]);
        preprocess(dir, "c_bold.nii.gz", &format!("{name}.nii.gz"), moments);
        preprocess(dir, "noise_bold.nii.gz", &format!("raw_{name}.nii.gz"), moments);
        let json =
            json!({ "RepetitionTime": 2.0, "StartTime": 1.0, "SliceTimingCorrected": corrected });
        for of in ["", "raw_"] {
            fs::write(dir.join(format!("{of}{name}.json")), json.to_string()).unwrap();
        }
        let (want, whole, _) = fit(dir, &format!("raw_{name}.nii.gz"), "");
        let (silent, same, _) = fit(dir, &format!("{name}.nii.gz"), "");
        assert_eq!(same, whole, "nothing says that it was corrected");
        assert!(silent < 0.75 * want, "{silent} without it, {want} of the raw run");
        let (got, dof, said) = fit(dir, &format!("{name}.nii.gz"), "--spent c_bold.json");
        assert!((got / want - 1.0).abs() < 0.03, "{got} with it, {want} of the raw run");
        let before = own(&dir.join("out/mask.json"))["resolved"]["runs"][0]["spent_before"].clone();
        let field = |name: &str| before[name].as_f64().unwrap();
        assert_eq!(field("dof_spent"), spent);
        assert!((dof - (whole - field("columns") - field("dof_alone"))).abs() < 1e-9, "{before}");
        assert!(said.contains("even mixture of all slices"), "{said}");
        assert!(said.contains("c_bold.json"), "{said}");
        assert!(field("dof_in_columns") > 0.7 * spent, "{before}");
        assert_eq!(field("dof_counted"), field("columns") + field("dof_alone"));
        let n = field("columns");
        let told = |after: &str| -> f64 {
            let rest = said.split_once(after).map_or(&said[..0], |(_, rest)| rest);
            rest.split(' ').next().and_then(|word| word.parse().ok()).unwrap_or(f64::NAN)
        };
        let (all, alone) = (told("which spent "), told("the other "));
        let [in_columns, fewer] = [told("model stand for "), told("without a column: ")];
        let sums = [all - in_columns - alone, fewer - n - alone, fewer - (whole - dof)];
        assert!(sums[..2].iter().all(|rest| rest.abs() < 1e-9), "{sums:?}: {said}");
        assert!(sums[2].abs() < 0.051 && (all - spent).abs() < 0.051 && fewer >= all, "{said}");
        assert!(dof.fract() > 0.0 && said.contains(&format!(", dof {dof:.1}\n")), "{said}");
    }
}

#[test]
fn where_nothing_was_mixed_it_is_the_joint_fit_of_the_uncorrected_run() {
    let folder = study();
    let dir = folder.path();
    set_json(&dir.join("run-1_bold.json"), |json| json["SliceTiming"] = json!(vec![0.0; N_PLANES]));
    let physio = "--physio run-1_physio.tsv.gz";
    let events = "--events run-1_events.tsv --device cpu";
    well(dir, &format!("retroicor run-1_bold.nii.gz {physio} {events} --out c_bold.nii.gz -q"));
    rewritten(dir, "c_bold.nii.gz", "moved_space-T1w_bold.nii.gz", &mut |data| {
        data.iter_mut().for_each(|v| *v *= 1.25);
    });
    fs::write(dir.join("moved_space-T1w_bold.json"), r#"{"RepetitionTime": 2.0}"#).unwrap();
    for noise in ["ols", "ar1"] {
        let fit = |image: &str, more: &str, out: &str| {
            let how = format!("--noise {noise} --scaling psc --contrast pain --contrast control");
            let line = format!("glm {image} {more} {events} {how} --task-times start --out {out}");
            well(dir, &line)
        };
        fit("run-1_bold.nii.gz", physio, "joint");
        let said = fit("moved_space-T1w_bold.nii.gz", "--spent c_bold.json", "later");
        assert!(!said.contains("too large"), "{said}");
        for contrast in ["pain", "control"] {
            let of = |out: &str, stat: &str| {
                let name = format!("{out}/contrast-{contrast}_stat-{stat}_statmap");
                let dof = own(&dir.join(format!("{name}.json")))["dof"].as_f64().unwrap();
                let map = boldly::io::read_map(&dir.join(format!("{name}.nii.gz"))).unwrap().2;
                (common::wide(&map), dof)
            };
            for (stat, size) in [("effect", 1e-4), ("variance", 0.0), ("t", 1e-3)] {
                let (joint, later) = (of("joint", stat), of("later", stat));
                assert!(joint.0.iter().filter(|v| **v != 0.0).count() > 100);
                common::assert_close(stat, &later.0, &joint.0, 1e-4, size);
                assert!((later.1 - joint.1).abs() < 1e-9, "{} {}", later.1, joint.1);
            }
        }
    }
}

#[test]
fn more_effects_than_columns_that_survived_have_variance_that_is_told() {
    let folder = study();
    let dir = folder.path();
    let correct =
        "--physio run-1_physio.tsv.gz --events run-1_events.tsv --terms 3/0/0 --device cpu -q";
    well(dir, &format!("retroicor run-1_bold.nii.gz {correct} --out c_bold.nii.gz"));
    preprocess(dir, "c_bold.nii.gz", "moved_space-T1w_bold.nii.gz", None);
    fs::write(dir.join("moved_space-T1w_bold.json"), r#"{"RepetitionTime": 2.0}"#).unwrap();
    let line = "glm moved_space-T1w_bold.nii.gz --spent c_bold.json --events run-1_events.tsv --noise ols --device cpu";
    let few = well(dir, &format!("{line} --contrast pain --contrast control --out few"));
    assert!(few.contains("even mixture") && !few.contains("% too large"), "{few}");
    let delays = "--hrf fir:0,1,2,3,4,5,6,7,8,9 --contrast pain_delay_2 --contrast pain_delay_0 --contrast control_delay_4";
    let many = well(dir, &format!("{line} {delays} --out many"));
    // numpy, of the columns of both tables and the correction's own design, which knew no delays: -.75, -1.08 and -.66 %
    assert!(many.contains("t of pain_delay_0 is about 1.1 % too small"), "{many}");
    // the least and the most that a slice lost of it: -6.81 and 16.40 %
    let words = "effects of pain_delay_0 are 6.8 % too large to 16.4 % too small";
    assert!(many.contains("with another model of the task") && many.contains(words), "{many}");
}

#[test]
fn what_a_sidecar_says_of_degrees_of_freedom_is_that_of_the_rerun_but_for_rounding() {
    let folder = study();
    let dir = folder.path();
    noise(dir);
    let correct = "--physio run-1_physio.tsv.gz --events run-1_events.tsv --device cpu -q";
    well(dir, &format!("retroicor noise_bold.nii.gz {correct} --out c_bold.nii.gz"));
    preprocess(dir, "c_bold.nii.gz", "moved_space-T1w_bold.nii.gz", None);
    let json = json!({ "RepetitionTime": 2.0, "StartTime": 1.0, "SliceTimingCorrected": true });
    fs::write(dir.join("moved_space-T1w_bold.json"), json.to_string()).unwrap();
    fit(dir, "moved_space-T1w_bold.nii.gz", "--spent c_bold.json --physio run-1_physio.tsv.gz");
    let sidecar = dir.join("out/contrast-pain_stat-t_statmap.json");
    let dof = own(&sidecar)["dof"].as_f64().unwrap();
    for (share, differs) in [(1e-9, false), (1e-3, true)] {
        set_json(&sidecar, |json| json["boldly"]["dof"] = json!(dof * (1.0 + share)));
        let said = String::from_utf8_lossy(&boldly(dir, "verify out").stdout).into_owned();
        assert_eq!(said.contains("says other things of [\"dof\"]"), differs, "{share}: {said}");
    }
}

#[test]
fn without_the_table_what_was_spent_is_counted_alone_and_the_corrected_run_itself_keeps_its_slices()
{
    let folder = study();
    let dir = folder.path();
    let correct = "--physio run-1_physio.tsv.gz --events run-1_events.tsv --device cpu -q";
    well(dir, &format!("retroicor run-1_bold.nii.gz {correct} --out c_bold.nii.gz"));
    let raw = fit(dir, "run-1_bold.nii.gz", "").1;
    // the same image under another name, its JSON elsewhere
    fs::copy(dir.join("c_bold.nii.gz"), dir.join("copy.nii.gz")).unwrap();
    let (_, dof, said) = fit(dir, "copy.nii.gz", "--tr 2 --spent c_bold.json");
    assert!(said.contains("18 columns that were taken out (c_regressors.tsv)"), "{said}");
    assert_eq!(dof, raw - 18.0);
    preprocess(dir, "c_bold.nii.gz", "moved.nii.gz", None);
    fs::remove_file(dir.join("c_regressors.tsv")).unwrap();
    let (_, dof, said) = fit(dir, "moved.nii.gz", "--tr 2 --spent c_bold.json");
    assert!(said.contains("c_regressors.tsv is not there"), "{said}");
    assert!(said.contains("the variance that adds to effects is not"), "{said}");
    assert_eq!(dof, raw - 18.0);
    // what boldly corrected itself is not corrected twice
    fs::copy(dir.join("c_bold.json"), dir.join("other.json")).unwrap();
    let twice = format!("glm c_bold.nii.gz {FIT} --spent other.json --out twice");
    refused(dir, &twice, 2, &["--spent", "boldly corrected itself", "leave --spent out"]);
}

/// A raw dataset with fMRIPrep's output in its derivatives; the raw run is `run-1_bold` of [`study`].
pub(super) fn dataset(dir: &Path) {
    let put = |from: &str, to: &str| {
        let to = dir.join("raw").join(to);
        fs::create_dir_all(to.parent().unwrap()).unwrap();
        fs::copy(dir.join(from), to).unwrap();
    };
    fs::write(dir.join("empty.json"), "{\"Name\": \"x\", \"BIDSVersion\": \"1.9.0\"}").unwrap();
    put("empty.json", "dataset_description.json");
    put("empty.json", "derivatives/prep/dataset_description.json");
    put("run-1_bold.nii.gz", "sub-01/func/sub-01_task-a_bold.nii.gz");
    put("run-1_bold.json", "sub-01/func/sub-01_task-a_bold.json");
    let made = "derivatives/boldly/sub-01/func/sub-01_task-a_desc-retroicor_bold.nii.gz";
    fs::create_dir_all(dir.join("raw").join(made).parent().unwrap()).unwrap();
    let line = "--physio run-1_physio.tsv.gz --events run-1_events.tsv --device cpu -q";
    well(
        dir,
        &format!("retroicor raw/sub-01/func/sub-01_task-a_bold.nii.gz {line} --out raw/{made}"),
    );
    fs::create_dir_all(dir.join("raw/derivatives/prep/sub-01/func")).unwrap();
    preprocess(dir, &format!("raw/{made}"), &format!("{PREP}.nii.gz"), None);
    sources(dir, &json!(["bids:raw:sub-01/func/sub-01_task-a_bold.nii.gz"]));
}

pub(super) const PREP: &str =
    "raw/derivatives/prep/sub-01/func/sub-01_task-a_space-T1w_desc-preproc_bold";

pub(super) fn sources(dir: &Path, sources: &Value) {
    let json = json!({ "RepetitionTime": 2.0, "SliceTimingCorrected": false, "Sources": sources });
    fs::write(dir.join(format!("{PREP}.json")), json.to_string()).unwrap();
}

#[test]
fn what_was_spent_is_found_by_the_sources_of_the_preprocessed_run_and_only_where_they_are_the_corrected_image()
 {
    let folder = study();
    let dir = folder.path();
    dataset(dir);
    let made =
        dir.join("raw/derivatives/boldly/sub-01/func/sub-01_task-a_desc-retroicor_bold.nii.gz");
    let raw = dir.join("raw/sub-01/func/sub-01_task-a_bold.nii.gz");
    let prep = format!("{PREP}.nii.gz");
    let how = |dir: &Path, more: &str| {
        let (_, dof, said) = fit(dir, &prep, more);
        let run = own(&dir.join("out/mask.json"))["resolved"]["runs"][0].clone();
        (run["spent_before"]["by"].as_str().map(str::to_owned), dof, said)
    };
    // the source is the raw run: the correction beside it is not this run's
    let (by, whole, said) = how(dir, "-v");
    assert_eq!(by, None);
    assert!(
        said.contains("which is not the corrected image") && said.contains("--spent"),
        "{said}"
    );
    // the source is the corrected image, by its bytes
    fs::copy(&made, &raw).unwrap();
    let (by, dof, said) = how(dir, "-v");
    assert_eq!(by.as_deref(), Some("source"), "{said}");
    assert!(said.contains("desc-retroicor_bold.json") && dof < whole - 9.0, "{said}");
    // or it has boldly's sidecar beside it
    let beside = fs::read(made.with_file_name("sub-01_task-a_desc-retroicor_bold.json")).unwrap();
    fs::write(dir.join("raw/sub-01/func/sub-01_task-a_bold.json"), beside).unwrap();
    let (by, dof, said) = how(dir, "-v");
    assert_eq!(by.as_deref(), Some("source"), "{said}");
    assert!(said.contains("desc-retroicor_bold.json") && dof < whole - 9.0, "{said}");
    let table = made.with_file_name("sub-01_task-a_desc-retroicor_bold.json");
    fs::rename(&table, dir.join("away.json")).unwrap();
    let (by, dof, said) = how(dir, "-v");
    assert_eq!((by.as_deref(), dof), (None, whole - 18.0), "no columns to mix: {said}");
    assert!(said.contains("sub-01_task-a_desc-retroicor_regressors.tsv is not there"), "{said}");
    fs::rename(dir.join("away.json"), &table).unwrap();
    fs::copy(dir.join("run-1_bold.json"), dir.join("raw/sub-01/func/sub-01_task-a_bold.json"))
        .unwrap();
    // no source at hand: by name, with a warning; smoothed by boldly in between as well
    sources(dir, &json!(["bids:elsewhere:sub-09/x_bold.nii.gz"]));
    let (by, found, said) = how(dir, "");
    assert_eq!(by.as_deref(), Some("name"));
    assert!(said.contains("by its name and place"), "{said}");
    well(dir, &format!("smooth {prep} --fwhm 20 --device cpu --out smoothed_bold.nii -q"));
    let (_, smoothed, _) = fit(dir, "smoothed_bold.nii", "");
    assert_eq!(smoothed, found);
    // the run that it was made of is as it was
    let uncorrected = "glm run-1_bold.nii.gz --spent made.json --out itself";
    let json = fs::read_to_string(made.with_file_name("sub-01_task-a_desc-retroicor_bold.json"));
    let json = json
        .unwrap()
        .replace("../../../../sub-01/func/sub-01_task-a_bold.nii.gz", "run-1_bold.nii.gz");
    fs::write(dir.join("made.json"), json).unwrap();
    refused(dir, &format!("{uncorrected} {FIT}"), 65, &["made.json", "nothing was taken out"]);
    // the corrected image in the raw dataset under the raw run's name, as fMRIPrep takes it
    let beside = raw.with_file_name("sub-01_task-a_desc-retroicor_regressors.tsv");
    let away = dir.join("away");
    fs::rename(dir.join("raw/derivatives/boldly"), &away).unwrap();
    let part = |end: &str| away.join(format!("sub-01/func/sub-01_task-a_desc-retroicor_{end}"));
    fs::copy(part("bold.json"), raw.with_file_name("sub-01_task-a_bold.json")).unwrap();
    fs::copy(part("regressors.tsv"), &beside).unwrap();
    fs::copy(part("regressors.json"), beside.with_extension("json")).unwrap();
    let (by, dof, said) = how(dir, "");
    assert_eq!((by.as_deref(), dof), (Some("name"), found), "{said}");
    // a source beside which a sidecar of another file lies
    sources(dir, &json!(["bids:raw:sub-01/func/sub-01_task-a_bold.nii.gz"]));
    fs::copy(dir.join("run-1_bold.nii.gz"), &raw).unwrap();
    let (by, dof, said) = how(dir, "");
    assert_eq!((by, dof), (None, whole));
    assert!(
        said.contains("is not as boldly made it") || said.contains("describes another file"),
        "{said}"
    );
    sources(dir, &json!(["bids:elsewhere:sub-09/x_bold.nii.gz"]));
    fs::copy(dir.join("run-1_bold.json"), raw.with_file_name("sub-01_task-a_bold.json")).unwrap();
    fs::remove_file(&beside).unwrap();
    fs::remove_file(beside.with_extension("json")).unwrap();
    fs::rename(&away, dir.join("raw/derivatives/boldly")).unwrap();
    // what lies in its place and is another run's is no correction of it
    let table = made.with_file_name("sub-01_task-a_desc-retroicor_bold.json");
    let whole_json = fs::read(&table).unwrap();
    set_json(&table, |json| json["boldly"]["resolved"]["volumes"] = json!(61));
    let (by, dof, said) = how(dir, "");
    assert_eq!((by, dof), (None, whole));
    assert!(said.contains("is of a run of 61 volumes") && said.contains("nothing of it"), "{said}");
    fs::write(&table, whole_json).unwrap();
    // turned off
    assert_eq!(how(dir, "--spent none").1, whole);
    // a source that is a corrected run by its name, and is not at hand
    let lost = "by its name is a run that boldly retroicor corrected";
    assert!(!said.contains(lost), "{said}");
    let gone = dir.join("gone");
    fs::rename(dir.join("raw/derivatives/boldly"), &gone).unwrap();
    sources(dir, &json!(["bids:retro:sub-01/func/sub-01_task-a_desc-retroicor_bold.nii.gz"]));
    let (by, dof, said) = how(dir, "");
    assert_eq!((by, dof), (None, whole));
    let named =
        "bids:retro:sub-01/func/sub-01_task-a_desc-retroicor_bold.nii.gz, which by its name is";
    assert!(said.contains(named) && said.contains("--spent none"), "{said}");
    assert!(!how(dir, "--spent none").2.contains(lost));
    fs::rename(&gone, dir.join("raw/derivatives/boldly")).unwrap();
    // or the run itself is, beside a JSON that is not boldly's
    let copy = "sub-02_desc-retroicor_bold";
    fs::copy(&made, dir.join(format!("{copy}.nii.gz"))).unwrap();
    fs::write(dir.join(format!("{copy}.json")), r#"{"RepetitionTime": 2.0}"#).unwrap();
    let (_, _, said) = fit(dir, &format!("{copy}.nii.gz"), "");
    assert!(said.contains(&format!("{copy}.nii.gz {lost}")), "{said}");
    // two that could be
    let other = dir.join("raw/derivatives/other/sub-01/func");
    fs::create_dir_all(&other).unwrap();
    for end in ["bold.nii.gz", "bold.json", "regressors.tsv", "regressors.json"] {
        let name = format!("sub-01_task-a_desc-retroicor_{end}");
        fs::copy(made.with_file_name(&name), other.join(&name)).unwrap();
    }
    assert_eq!(how(dir, "").1, found, "a copy is the same correction");
    set_json(&other.join("sub-01_task-a_desc-retroicor_bold.json"), |json| {
        json["boldly"]["outputs"][0]["blake3"] = json!("0".repeat(64));
    });
    let (by, dof, said) = how(dir, "");
    assert_eq!((by, dof), (None, whole));
    assert!(said.contains("any of several corrections"), "{said}");
}
