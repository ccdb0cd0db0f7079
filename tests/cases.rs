//! Failing inputs of public bug reports, beside the shared data: as scripts, where Python has what they need, and each once more without
//! Python, its input as it lies there or made here. Each says which report it is from.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod binary;
mod common;

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use binary::{boldly, said};
use boldly::io::{BoldFile, read_map};
use flate2::Compression;
use flate2::write::GzEncoder;
use rayon::prelude::*;

fn cases() -> Option<PathBuf> {
    common::shared("../cases")
}

/// A command on a copy of a case's input: its exit code, and all that it said.
struct Ran {
    folder: tempfile::TempDir,
    code: i32,
    said: String,
}

/// None where the shared data are missing.
fn ran(case: &str, line: &str) -> Option<Ran> {
    made(case, |_| (), line)
}

/// The same with what of the input is not beside the shared data.
fn made(case: &str, make: impl Fn(&Path), line: &str) -> Option<Ran> {
    let from = cases()?.join("inputs").join(case);
    let folder = tempfile::tempdir().unwrap();
    for file in fs::read_dir(from).unwrap() {
        let file = file.unwrap();
        fs::write(folder.path().join(file.file_name()), fs::read(file.path()).unwrap()).unwrap();
    }
    make(folder.path());
    let mut ran = Ran { folder, code: 0, said: String::new() };
    ran.and(line);
    Some(ran)
}

impl Ran {
    /// Another command in the same folder.
    fn and(&mut self, line: &str) {
        let output = boldly(self.folder.path(), line);
        self.code = output.status.code().unwrap();
        self.said = said(&output);
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn json(&self, name: &str) -> serde_json::Value {
        serde_json::from_slice(&fs::read(self.path(name)).unwrap()).unwrap()
    }

    /// Voxels of a map that are not 0.
    fn n_not_zero(&self, name: &str) -> usize {
        let (_, _, values) = read_map(&self.path(name)).unwrap();
        values.iter().filter(|&&value| value != 0.0).count()
    }

    #[track_caller]
    fn succeeds(&self) -> &Ran {
        assert_eq!(self.code, 0, "{}", self.said);
        self
    }

    #[track_caller]
    fn says(&self, words: &[&str]) -> &Ran {
        assert!(words.iter().any(|word| self.said.contains(word)), "{words:?}: {}", self.said);
        self
    }
}

/// `glm` of a case's run with its events.
fn glm(bold: &str, more: &str) -> String {
    format!("glm {bold} --events ev.tsv --contrast pain --out out --device cpu {more}")
}

#[test]
fn f01_a_voxel_without_signal_in_one_run_is_in_no_mask() {
    let line = "glm run-1_bold.nii.gz run-2_bold.nii.gz --events e0.tsv e1.tsv --contrast pain --out out --device cpu";
    let Some(ran) = ran("F01", line) else { return };
    assert_eq!(ran.succeeds().n_not_zero("out/mask.nii.gz"), 40);
}

#[test]
fn f03_a_smoothed_run_keeps_its_tr_where_slice_timing_is_unusable() {
    let Some(mut ran) = ran("F03", "smooth run_bold.nii.gz --fwhm 5 --out s.nii.gz --device cpu")
    else {
        return;
    };
    assert_eq!(ran.succeeds().json("s.json")["RepetitionTime"], 2.0);
    ran.and(&glm("s.nii.gz", ""));
    let sidecar = ran.succeeds().json("out/contrast-pain_stat-t_statmap.json");
    assert_eq!(sidecar["boldly"]["resolved"]["runs"][0]["repetition_time_s"], 2.0);
}

#[test]
fn f07_a_byte_order_mark_in_the_sidecar_beside_an_image_is_read_over() {
    let Some(ran) = ran("F07", &glm("run_bold.nii.gz", "")) else { return };
    ran.succeeds();
}

#[test]
fn f09_the_header_of_a_smoothed_run_has_the_tr_that_was_used() {
    let Some(ran) = ran("F09", "smooth run_bold.nii --fwhm 5 --out o.nii.gz --device cpu") else {
        return;
    };
    let tr = BoldFile::open(&ran.succeeds().path("o.nii.gz")).unwrap().tr;
    assert_eq!(tr, Some(2.0));
}

#[test]
fn f11_a_large_mean_with_a_small_swing_is_not_taken_for_constant() {
    let Some(ran) = ran("F11", &glm("run_bold.nii.gz", "--hrf nilearn")) else { return };
    let t = "out/contrast-pain_stat-t_statmap.nii.gz";
    assert_eq!(ran.succeeds().n_not_zero(t), 120, "{}", ran.said);
}

#[test]
fn f13_events_without_a_trial_type_are_counted() {
    let Some(ran) = ran("F13", &glm("run_bold.nii.gz", "")) else { return };
    ran.says(&["n/a", "left out"]);
}

#[test]
fn f15_volume_timing_that_contradicts_the_repetition_time_is_told() {
    let Some(ran) = ran("F15", &glm("run_bold.nii.gz", "")) else { return };
    ran.says(&["VolumeTiming"]);
}

#[test]
fn f17_an_affine_of_2_mm_beside_a_pixdim_of_3_mm_is_told() {
    let Some(ran) = ran("F17", "smooth run_bold.nii --fwhm 6 --out s.nii.gz --device cpu") else {
        return;
    };
    ran.says(&["warning"]).says(&["2 mm", "2 x 2 x 2", "2.000"]);
}

#[test]
fn f20_slice_times_that_a_plain_fit_does_not_need_do_not_stop_it() {
    let Some(ran) = ran("F20", &glm("run_bold.nii.gz", "")) else { return };
    ran.succeeds().says(&["SliceTiming"]);
}

#[test]
fn f25_time_in_the_fifth_dimension_is_read_or_explained() {
    let Some(ran) = ran("F25", &glm("run_bold.nii.gz", "--tr 2")) else { return };
    if ran.code != 0 {
        ran.says(&["fourth"]);
    }
}

#[test]
fn f26_a_motion_file_without_a_header_is_refused_as_such() {
    let line = glm("run_bold.nii.gz", "--confounds rp.tsv --columns *");
    let Some(ran) = ran("F26", &line) else { return };
    assert_ne!(ran.code, 0);
    ran.says(&["header"]);
}

#[test]
fn f28_a_condition_that_one_run_lacks_is_named_with_that_run_which_may_be_skipped() {
    let line = "glm run-1_bold.nii.gz run-2_bold.nii.gz --events e0.tsv e1.tsv --contrast pain=pain-control --out out --device cpu";
    let Some(ran) = ran("F28", line) else { return };
    assert_ne!(ran.code, 0);
    ran.says(&["run-2_bold.nii.gz has no `control`"]);
    ran.says(&["--skip-missing"]);
}

#[test]
fn f34_a_mask_value_of_minus_one_is_outside_or_refused() {
    let Some(ran) = ran("F34", &glm("run_bold.nii.gz", "--mask m.nii.gz")) else { return };
    if ran.code == 0 {
        assert_eq!(ran.n_not_zero("out/mask.nii.gz"), 24);
    }
}

/// A Python that has what the scripts import.
/// Seconds from one volume to the next, and volumes.
const TR: f64 = 2.0;
const N_VOLUMES: usize = 60;

/// A pulse of 66 beats a minute that wanders, and a breath of 14, which no volumes keep step with.
fn traces(t: f64) -> [f64; 2] {
    use std::f64::consts::TAU;
    let phase = 1.1 * t + 0.5 * (0.3 * t).sin();
    let since = phase - phase.floor();
    let beat = (-((since - 0.3) / 0.1).powi(2)).exp() + 0.1 * (TAU * phase).sin();
    [beat, (TAU * (0.23 * t + 0.02 * (0.3 * t).sin())).sin()]
}

/// A BIDS recording of 135 s at 100 Hz from 5 s before the scan, the trigger's column last where it is asked for.
fn recording(dir: &Path, has_trigger: bool) {
    let row = |n: usize| {
        let t = n as f64 / 100.0 - 5.0;
        let [pulse, breath] = traces(t);
        let is_on = t >= -1e-9 && t < N_VOLUMES as f64 * TR - 1e-9 && t.rem_euclid(TR) < 0.015;
        let trigger = if has_trigger { format!("\t{}", u8::from(is_on)) } else { String::new() };
        format!("{pulse:.6}\t{breath:.6}{trigger}\n")
    };
    let text: String = (0..13_500).map(row).collect();
    let mut packed = GzEncoder::new(Vec::new(), Compression::fast());
    packed.write_all(text.as_bytes()).unwrap();
    fs::write(dir.join("run_physio.tsv.gz"), packed.finish().unwrap()).unwrap();
}

/// The logs of pulse and breath beside an _Info.log whose first slice starts at tic 14,000,000 (2.5 ms each), theirs moved by so many tics.
fn logs(dir: &Path, moved: i64) {
    const FIRST: i64 = 14_000_000;
    for (at, name, step) in [(0, "PULS", 2), (1, "RESP", 8)] {
        let mut text = format!(
            "UUID        = 00000000-1111-2222-3333-444444444444\nScanDate    = 20200101_120000\nLogVersion  = EJA_1\n\
             LogDataType = {name}\nSampleTime  = {step}\n\nACQ_TIME_TICS  CHANNEL  VALUE  SIGNAL\n\n"
        );
        for tic in (FIRST - 2000..FIRST + 50_000).step_by(step) {
            let value = 2000.0 + 850.0 * traces((tic - FIRST) as f64 * 0.0025)[at];
            text += &format!("{:13} {name:>8} {value:6.0} \n", tic + moved);
        }
        fs::write(dir.join(format!("Physio_{name}.log")), text).unwrap();
    }
}

const OF_LOGS: &str =
    "physio --physio Physio_PULS.log Physio_RESP.log --bold run_bold.nii.gz --out x";
const OF_RECORDING: &str = "physio --physio run_physio.tsv.gz --bold run_bold.nii.gz --out x";

#[test]
fn f05_physio_takes_the_slice_times_of_an_info_log() {
    let Some(ran) = made("F05", |dir| logs(dir, 0), OF_LOGS) else { return };
    assert!(ran.succeeds().path("x_desc-retroicorSlices_regressors.tsv").exists(), "{}", ran.said);
}

#[test]
fn f18_a_mask_whose_affine_is_off_in_the_fifth_decimal_is_taken() {
    let affine: [[f32; 4]; 3] = [
        [-2.0, 0.0, 0.0, 126.126],
        [0.0, -1.992_966_8, 0.167_582_1, 163.898],
        [0.0, 0.167_581_42, 1.992_965_7, -53.0406],
    ];
    let run = |dir: &Path| {
        let mut bytes = vec![0_u8; 352];
        let mut put = |at: usize, part: &[u8]| bytes[at..at + part.len()].copy_from_slice(part);
        put(0, &348_i32.to_le_bytes());
        let sizes = [4, 64, 64, 4, N_VOLUMES as i16, 1, 1, 1];
        (0..8).for_each(|axis| put(40 + 2 * axis, &sizes[axis].to_le_bytes()));
        put(70, &16_i16.to_le_bytes());
        put(72, &32_i16.to_le_bytes());
        let steps = [1.0_f32, 2.0, 2.0, 2.0, TR as f32];
        (0..5).for_each(|axis| put(76 + 4 * axis, &steps[axis].to_le_bytes()));
        put(108, &352_f32.to_le_bytes());
        put(123, &[2 | 8]);
        put(254, &1_i16.to_le_bytes());
        for (at, value) in affine.as_flattened().iter().enumerate() {
            put(280 + 4 * at, &value.to_le_bytes());
        }
        put(344, b"n+1\0");
        let mut noise = common::Random(1);
        let values = (0..64 * 64 * 4 * N_VOLUMES).map(|_| 1000.0 + 20.0 * noise.uniform() as f32);
        bytes.extend(values.flat_map(f32::to_le_bytes));
        fs::write(dir.join("run_bold.nii"), bytes).unwrap();
    };
    let Some(ran) = made("F18", run, &glm("run_bold.nii", "--mask m.nii.gz")) else { return };
    ran.succeeds();
}

#[test]
fn f22_a_record_without_a_start_is_placed_by_its_triggers() {
    let line = format!("{OF_RECORDING} --align trigger");
    let Some(ran) = made("F22", |dir| recording(dir, true), &line) else { return };
    ran.succeeds();
}

#[test]
fn f24_an_info_log_that_lacks_its_last_slices_is_read_with_a_warning() {
    let Some(ran) = made("F24", |dir| logs(dir, 0), OF_LOGS) else { return };
    ran.succeeds().says(&["warning: Physio_Info.log lacks 1 of the 60 volumes"]);
}

#[test]
fn f30_clocks_of_two_logs_that_differ_are_told_as_such() {
    let Some(ran) = made("F30", |dir| logs(dir, -10_900_000), OF_LOGS) else { return };
    assert_ne!(ran.code, 0, "{}", ran.said);
    ran.says(&["clocks"]);
    assert!(!ran.said.contains("JSON"), "{}", ran.said);
}

#[test]
fn f32_rates_that_no_heart_and_breath_have_are_told() {
    let Some(ran) = made("F32", |dir| recording(dir, false), OF_RECORDING) else { return };
    ran.says(&["are both slow, as with a wrong sampling rate"]);
}

fn python() -> Option<PathBuf> {
    let named = std::env::var_os("BOLDLY_PYTHON").map(PathBuf::from);
    named.into_iter().chain(["python3".into(), "python".into()]).find(|python| {
        let imports = "import numpy, nibabel, pandas, nilearn";
        let tried = Command::new(python).args(["-c", imports]).output();
        tried.is_ok_and(|tried| tried.status.success())
    })
}

#[test]
fn every_script_passes_where_python_has_what_it_needs() {
    let Some(folder) = cases() else { return };
    let is_script = |path: &PathBuf| {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        name.starts_with(['F', 'P']) && name.ends_with(".py")
    };
    let mut scripts: Vec<PathBuf> =
        fs::read_dir(folder).unwrap().map(|e| e.unwrap().path()).filter(is_script).collect();
    scripts.sort();
    assert!(scripts.len() >= 19, "{scripts:?}");
    let Some(python) = python() else {
        println!("skipped {}: no Python with numpy, nibabel, pandas and nilearn", scripts.len());
        return;
    };
    let failed: Vec<String> = scripts.par_iter().filter_map(|one| fails(&python, one)).collect();
    assert!(failed.is_empty(), "{}", failed.join("\n"));
}

/// What a script printed, if it failed.
fn fails(python: &Path, script: &Path) -> Option<String> {
    let work = tempfile::tempdir().unwrap();
    let output = Command::new(python)
        .arg(script)
        .env("BOLDLY", env!("CARGO_BIN_EXE_boldly"))
        .env("BUGWORK", work.path())
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .current_dir(work.path())
        .output()
        .unwrap();
    let printed = String::from_utf8_lossy(&output.stdout).into_owned() + &said(&output);
    (!output.status.success()).then_some(printed)
}
