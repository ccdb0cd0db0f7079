//! What voxels and headers hold that is neither right nor wrong as it stands: no signal in one run of several, values that
//! float32 rounds.

use super::*;
use boldly::io::read_map;

/// A NIfTI-1 file with what the good one does not have.
pub(super) struct Stored {
    pub(super) shape: Vec<usize>,
    pub(super) datatype: i16,
    pub(super) bits: i16,
    pub(super) scaling: [f32; 2],
    pub(super) pixdim_mm: f32,
    pub(super) sform_mm: f32,
    /// Millimetres that the grid is moved along x.
    pub(super) moved_mm: f32,
    pub(super) samples: Vec<u8>,
}

impl Stored {
    pub(super) fn new(shape: &[usize], (datatype, bits): (i16, i16), samples: Vec<u8>) -> Stored {
        let (scaling, moved_mm) = ([1.0, 0.0], 0.0);
        let shape = shape.to_vec();
        Stored { shape, datatype, bits, scaling, pixdim_mm: 3.0, sform_mm: 3.0, moved_mm, samples }
    }

    pub(super) fn f32(shape: &[usize], value: impl Fn(usize) -> f32) -> Stored {
        let n = shape.iter().product();
        Stored::new(shape, (16, 32), (0..n).flat_map(|n| value(n).to_le_bytes()).collect())
    }

    pub(super) fn write(&self, dir: &Path, name: &str) {
        nifti(dir, name, &self.shape, self.pixdim_mm, |_| 0.0);
        let mut bytes = fs::read(dir.join(name)).expect("it was written");
        bytes.truncate(352);
        let mut put = |at: usize, part: &[u8]| bytes[at..at + part.len()].copy_from_slice(part);
        put(70, &self.datatype.to_le_bytes());
        put(72, &self.bits.to_le_bytes());
        put(112, &self.scaling[0].to_le_bytes());
        put(116, &self.scaling[1].to_le_bytes());
        for row in 0..3 {
            put(280 + 16 * row + 4 * row, &self.sform_mm.to_le_bytes());
        }
        put(292, &self.moved_mm.to_le_bytes());
        bytes.extend(&self.samples);
        let bytes = if name.ends_with(".gz") { gzip(&bytes) } else { bytes };
        fs::write(dir.join(name), bytes).expect("a writable folder");
    }
}

pub(super) fn run(dir: &Path, line: &str) -> String {
    let output = boldly(dir, line);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{line}: {said}");
    said
}

pub(super) fn map(dir: &Path, path: &str) -> Vec<f32> {
    read_map(&dir.join(path)).expect("a map").2
}

pub(super) fn counts(dir: &Path, out: &str) -> serde_json::Value {
    let text = fs::read(dir.join(out).join("mask.json")).expect("a sidecar");
    let json: serde_json::Value = serde_json::from_slice(&text).expect("JSON");
    json["boldly"]["counts"].clone()
}

pub(super) fn close(name: &str, got: &[f32], want: &[f32], rtol: f32) {
    assert_eq!(got.len(), want.len(), "{name}");
    assert!(want.iter().any(|&w| w != 0.0), "{name}: nothing to compare");
    for (at, (got, want)) in got.iter().zip(want).enumerate() {
        assert!((got - want).abs() <= rtol * want.abs().max(1e-3), "{name} {at}: {got}, {want}");
    }
}

/// A whole number from 0 to 15 that differs from volume to volume and voxel to voxel.
pub(super) fn swing(n: usize) -> u16 {
    ((value(n) - 1000.0) as u16).min(15)
}

pub(super) const EVENTS_ONLY: &str = "--events events.tsv --contrast painControl=pain-control --noise ols --scaling none --device cpu";
pub(super) const TWO: &str = "--events events.tsv events.tsv --contrast painControl=pain-control --noise ols --scaling none --device cpu";
pub(super) const T: &str = "contrast-painControl_stat-t_statmap.nii.gz";
pub(super) const EFFECT: &str = "contrast-painControl_stat-effect_statmap.nii.gz";

/// The run once more, compressed.
pub(super) fn compressed(dir: &Path) {
    let stored = fs::read(dir.join("bold.nii")).expect("the run");
    fs::write(dir.join("second.nii.gz"), boldly::io::gzip(&stored)).expect("a temporary file");
}

pub(super) fn dataset() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a temporary folder");
    good_dataset(folder.path());
    folder
}

#[test]
fn a_voxel_without_signal_in_one_run_is_outside_in_all_under_a_given_mask_and_under_none() {
    let folder = dataset();
    let dir = folder.path();
    // zero at 40 voxels of the second run, constant at one more
    let lost = |voxel: usize| voxel % 6 < 2 || voxel == 17;
    nifti(dir, "second.nii", &SHAPE, 3.0, |n| match n % 120 {
        17 => 1005.0,
        voxel if lost(voxel) => 0.0,
        _ => value(n + 5000),
    });
    copy(dir, "bold.json", "second.json");
    run(dir, &format!("glm bold.nii --mask mask.nii {EVENTS_ONLY} --out one"));
    run(dir, &format!("glm second.nii --mask mask.nii {EVENTS_ONLY} --out two"));
    let each = [map(dir, &format!("one/{EFFECT}")), map(dir, &format!("two/{EFFECT}"))];
    let mean: Vec<f32> =
        (0..120).map(|v| if lost(v) { 0.0 } else { 0.5 * (each[0][v] + each[1][v]) }).collect();
    let inside: Vec<f32> = (0..120).map(|v| f32::from(u8::from(!lost(v)))).collect();
    for (mask, out, in_mask, constant) in
        [("--mask mask.nii", "given", 120, 41), ("", "made", 80, 1)]
    {
        for order in ["bold.nii second.nii", "second.nii bold.nii"] {
            let said = run(dir, &format!("glm {order} {mask} {TWO} --overwrite --out {out}"));
            let are = if constant == 1 { "voxel is" } else { "voxels are" };
            assert!(said.contains(&format!("warning: {constant} mask {are} constant")), "{said}");
            let counts = counts(dir, out);
            assert_eq!(counts["voxels_in_mask"], in_mask, "{counts}");
            assert_eq!(counts["voxels_constant_in_some_run"], constant, "{counts}");
            assert_eq!(counts["voxels_fitted"], 79, "{counts}");
            close("effect", &map(dir, &format!("{out}/{EFFECT}")), &mean, 1e-5);
            assert_eq!(map(dir, &format!("{out}/mask.nii.gz")), inside, "{out}");
            run(dir, &format!("verify {out}"));
        }
    }
    let said = run(dir, &format!("glm bold.nii second.nii {TWO} --fwhm 5 --out smooth"));
    assert_eq!(map(dir, "smooth/mask.nii.gz"), inside, "what leaks in is no signal: {said}");
    assert!(said.contains("80 voxels that the masks of all runs hold (120, 80)"), "{said}");
    // orders are chosen at the voxels that are fitted
    second_physio(dir);
    let physio = "--physio physio.tsv.gz other.tsv.gz --terms 1/1/0 --choose-order bic";
    let said =
        run(dir, &format!("glm bold.nii second.nii --mask mask.nii {TWO} {physio} --out chosen"));
    assert!(said.contains("over 158 voxels"), "79 in each run: {said}");
    assert!(said.contains("leaves out 41 mask voxels"), "{said}");
    // a run without any of the other's voxels
    nifti(dir, "second.nii", &SHAPE, 3.0, |n| if n % 6 < 2 { value(n) } else { 0.0 });
    nifti(dir, "bold.nii", &SHAPE, 3.0, |n| if n % 6 < 2 { 0.0 } else { value(n) });
    let output = boldly(dir, &format!("glm bold.nii second.nii {TWO} --out none"));
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.code() == Some(65) && said.contains("share voxels"), "{said}");
}

/// The same swings at a level that float32 cannot hold beside them, in each type that can.
pub(super) fn at_a_level(dir: &Path, name: &str) {
    let n = SHAPE.iter().product::<usize>();
    let f64s = |value: fn(usize) -> f64| (0..n).flat_map(|n| value(n).to_le_bytes()).collect();
    let mut stored = match name {
        "i32.nii" | "i32.nii.gz" => {
            let samples = (0..n).flat_map(|n| (20_000_000 + i32::from(swing(n))).to_le_bytes());
            Stored::new(&SHAPE, (8, 32), samples.collect())
        }
        "i16.nii" | "i16.nii.gz" => {
            Stored::new(&SHAPE, (4, 16), (0..n).flat_map(|n| swing(n).to_le_bytes()).collect())
        }
        _ => Stored::new(&SHAPE, (64, 64), f64s(|n| 1e6 + f64::from(swing(n)) / 1024.0)),
    };
    if name.starts_with("i16") {
        stored.scaling = [1.0 / 1024.0, 1e6];
    }
    stored.write(dir, name);
    let stem = name.split('.').next().expect("a stem");
    copy(dir, "bold.json", &format!("{stem}.json"));
}

#[test]
fn a_small_swing_at_a_large_level_is_fitted_as_it_is_stored_whatever_the_type() {
    let folder = dataset();
    let dir = folder.path();
    nifti(dir, "bold.nii", &SHAPE, 3.0, |n| f32::from(swing(n)) / 1024.0);
    let given = format!("--mask mask.nii {EVENTS_ONLY}");
    run(dir, &format!("glm bold.nii {given} --out want"));
    run(dir, &format!("glm bold.nii {given} --fwhm 4 --out want_smooth"));
    let want = map(dir, &format!("want/{T}"));
    for name in ["f64.nii", "f64.nii.gz", "i32.nii", "i32.nii.gz", "i16.nii", "i16.nii.gz"] {
        at_a_level(dir, name);
        let said = run(dir, &format!("glm {name} {given} --overwrite --out out"));
        assert!(said.contains("120 of 120 varying voxels"), "{name}: {said}");
        close(name, &map(dir, &format!("out/{T}")), &want, 1e-5);
        run(dir, "verify out");
    }
    run(dir, &format!("glm f64.nii.gz {EVENTS_ONLY} --out made"));
    close("its own mask", &map(dir, &format!("made/{T}")), &want, 1e-5);
    run(dir, &format!("glm f64.nii {given} --fwhm 4 --out smooth"));
    let smooth = map(dir, &format!("want_smooth/{T}"));
    close("smoothed", &map(dir, &format!("smooth/{T}")), &smooth, 1e-4);
    run(dir, &format!("glm f64.nii i16.nii --mask mask.nii {TWO} --out two"));
    close(
        "two runs",
        &map(dir, &format!("two/{EFFECT}")),
        &map(dir, &format!("want/{EFFECT}")),
        1e-5,
    );
}

#[test]
fn confounds_of_a_small_swing_at_a_large_level_are_those_of_the_swing_and_the_level() {
    let folder = dataset();
    let dir = folder.path();
    nifti(dir, "bold.nii", &SHAPE, 3.0, |n| f32::from(swing(n)) / 1024.0);
    let rest = "--csf mask.nii --mask mask.nii --erode 0 --acompcor 2 --tcompcor 2 --device cpu";
    let columns = |name: &str| {
        run(dir, &format!("confounds {name} {rest} --overwrite --out made.tsv"));
        let text = fs::read_to_string(dir.join("made.tsv")).expect("a table");
        let rows = text.lines().skip(1).map(|line| {
            line.split('\t').map(|cell| cell.parse().expect("a number")).collect::<Vec<f64>>()
        });
        rows.collect::<Vec<_>>()
    };
    let want = columns("bold.nii");
    at_a_level(dir, "f64.nii.gz");
    let got = columns("f64.nii.gz");
    assert_eq!(got.len(), SHAPE[3]);
    for (got, want) in got.iter().zip(&want) {
        for (column, (got, want)) in got.iter().zip(want).enumerate() {
            let level = if column < 2 { 1e6 } else { 0.0 };
            assert!((got - level - want).abs() < 1e-6, "column {column}: {got}, {want}");
        }
    }
}

#[test]
fn what_float32_cannot_hold_is_not_written_as_float32_and_few_such_voxels_are_warned_of() {
    let folder = dataset();
    let dir = folder.path();
    let samples = (0..SHAPE.iter().product::<usize>()).flat_map(|n| {
        let swing = f64::from(swing(n));
        // one voxel in 120 at a level of its own
        (if n % 120 == 50 { 1e6 + swing / 1024.0 } else { 1000.1 + swing }).to_le_bytes()
    });
    Stored::new(&SHAPE, (64, 64), samples.collect()).write(dir, "few.nii.gz");
    let said = run(dir, "smooth few.nii.gz --fwhm 0 --out few_s.nii.gz --device cpu");
    assert!(said.contains("warning: few.nii.gz") && said.contains("rounds 1 of 120"), "{said}");
    let said = run(dir, "smooth bold.nii --fwhm 0 --out s.nii.gz --device cpu");
    assert!(!said.contains("float32"), "{said}");
}

/// What is left out of a run by its own signal, as the sidecar has it.
fn censored(dir: &Path, line: &str, sidecar: &str) -> serde_json::Value {
    run(dir, line);
    let json: serde_json::Value =
        serde_json::from_slice(&fs::read(dir.join(sidecar)).expect("a sidecar")).expect("JSON");
    let resolved = &json["boldly"]["resolved"];
    let of_run = resolved["runs"].get(0).unwrap_or(resolved);
    of_run["censored"].clone()
}

#[test]
fn a_small_swing_at_a_large_level_is_censored_as_the_swing_alone() {
    let folder = dataset();
    let dir = folder.path();
    let spiked = |n: usize| {
        let swing = f64::from(swing(n)) / 1024.0;
        match n / 120 {
            0 => swing + 0.5,                         // before the steady state
            12 if n.is_multiple_of(2) => swing + 1.0, // a movement
            _ => swing,
        }
    };
    nifti(dir, "bold.nii", &SHAPE, 3.0, |n| spiked(n) as f32);
    let n = SHAPE.iter().product::<usize>();
    let samples = (0..n).flat_map(|n| (1e6 + spiked(n)).to_le_bytes()).collect();
    Stored::new(&SHAPE, (64, 64), samples).write(dir, "f64.nii.gz");
    copy(dir, "bold.json", "f64.json");

    let rules = "--censor dvars:3,non-steady";
    let glm = |given: &str, out: &str| {
        let line = format!("glm {given} {EVENTS_ONLY} {rules} --out {out}");
        censored(dir, &line, &format!("{out}/mask.json"))
    };
    let want = glm("bold.nii --mask mask.nii", "want");
    let volumes: Vec<u64> = (want.as_array().expect("volumes that are left out").iter())
        .filter_map(|left| left["volume"].as_u64())
        .collect();
    assert_eq!(volumes, [0, 1, 12, 13], "{want}");
    assert_eq!(glm("f64.nii.gz --mask mask.nii", "given"), want);
    assert_eq!(glm("f64.nii.gz", "made"), want, "the mask is made of the level");
    let confounds = |name: &str| {
        let rest = "--csf mask.nii --erode 0 --acompcor 2 --device cpu --overwrite --out made.tsv";
        censored(dir, &format!("confounds {name} {rules} {rest}"), "made.json")
    };
    assert_eq!(confounds("f64.nii.gz"), confounds("bold.nii --mask mask.nii"));
}

#[test]
fn voxels_of_one_value_are_in_no_share_of_false_findings() {
    let folder = dataset();
    let dir = folder.path();
    let is_flat = |n: usize| n % 6 < 2;
    nifti(dir, "bold.nii", &SHAPE, 3.0, |n| if is_flat(n % 120) { 7.0 } else { value(n) });
    nifti(dir, "rest.nii", &SHAPE[..3], 3.0, |n| f32::from(u8::from(!is_flat(n))));
    let found = |mask: &str| {
        let line = format!(
            "calibrate --bold bold.nii --events events.tsv --mask {mask} --repeats 2 --device cpu --json"
        );
        let output = boldly(dir, &line);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{said}");
        let json: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
        (json["found"].clone(), said)
    };
    let ((all, said), (rest, _)) = (found("mask.nii"), found("rest.nii"));
    assert_eq!((&all["voxels"], &all["rates"]), (&80.into(), &rest["rates"]));
    assert!(said.contains("warning: 40 mask voxels are constant over time in bold.nii"), "{said}");
}
