//! The commands as a user meets them, on a small simulated study: the whole chain on both devices, verification, sidecars,
//! determinism, several runs, earlier corrections.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use boldly::io::{BoldFile, Header, Outputs, read_map};
use boldly::simulate::write::paths;
use boldly::volume::Block;
use serde_json::Value;

mod common;

/// A study small enough for a software adapter, with awkward axes.
fn study() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let shape = "--shape 18,20,14 --voxel-size 8,8,8 --volumes 60 --multiband 2 --seed 11";
    run(folder.path(), &format!("simulate study {shape} --quiet"));
    folder
}

fn boldly(dir: &Path, line: &str, environment: &[(&str, &str)]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_boldly"))
        .args(line.split_whitespace())
        .current_dir(dir)
        .envs(environment.iter().copied())
        .output()
        .expect("the binary starts")
}

/// Runs a command that must succeed; its standard output.
fn run(dir: &Path, line: &str) -> String {
    let output = boldly(dir, line, &[]);
    let message = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "boldly {line}\n{message}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn adapter() -> String {
    std::env::var("BOLDLY_TEST_ADAPTER").unwrap_or_else(|_| "llvmpipe".to_owned())
}

/// `glm` with everything: physiology, smoothing, confounds, t and F.
fn whole_chain(device: &str, out: &str) -> String {
    format!(
        "glm study/{} --events study/{} --confounds study/{} --columns trans_*,rot_*,csf --mask study/{} \
         --physio study/{} --terms 2/2/1x1 --fwhm 10 --contrast pain=pain-control --f-contrast any=pain;control \
         --device {device} --out {out} --quiet --json",
        paths::BOLD,
        paths::EVENTS,
        paths::CONFOUNDS,
        paths::MASK,
        paths::PHYSIO
    )
}

#[test]
fn the_whole_chain_on_the_test_adapter_verifies_against_the_f64_path() {
    let folder = study();
    let json: Value =
        serde_json::from_str(&run(folder.path(), &whole_chain(&adapter(), "gpu"))).expect("JSON");
    let name = json["device"]["name"].as_str().unwrap_or_default().to_lowercase();
    assert!(name.contains(&adapter().to_lowercase()), "ran on {name}");
    println!("adapter: {}", json["device"]);
    let table = run(folder.path(), "verify gpu --json --quiet");
    let comparisons: Vec<Value> = serde_json::from_str(&table).expect("JSON");
    // ten maps, the mask, the two tables of the design, the summary of the recording and the page
    assert_eq!(comparisons.len(), 15, "{table}");
    for c in &comparisons {
        assert_eq!((&c["over"], &c["faults"]), (&0.into(), &serde_json::json!([])), "{c}");
        let is_image = c["output"].as_str().is_some_and(|name| name.ends_with(".nii.gz"));
        // those within the mask, whatever lies outside
        assert!(
            !is_image || c["compared"].as_u64().is_some_and(|n| (1000..18 * 20 * 14).contains(&n)),
            "{c}"
        );
    }
    let worst = |stat: &str| {
        let of = |c: &&Value| c["output"].as_str().is_some_and(|i| i.contains(stat));
        comparisons.iter().find(of).map(|c| c["got"] != c["want"])
    };
    // f32 and f64 differ somewhere: the verifier did not compare the f64 path with itself
    assert_eq!(worst("stat-t"), Some(true), "{table}");
}

#[test]
fn smoothing_and_correction_on_the_test_adapter_verify_and_a_changed_voxel_does_not() {
    let folder = study();
    let dir = folder.path();
    let device = adapter();
    run(dir, &format!("smooth study/{} --fwhm 12 --out sm.nii --device {device} -q", paths::BOLD));
    run(dir, "verify sm.nii -q");
    let clean = format!(
        "retroicor study/{} --physio study/{} --events study/{} --out clean.nii --device {device} -q",
        paths::BOLD,
        paths::PHYSIO,
        paths::EVENTS
    );
    run(dir, &clean);
    run(dir, "verify clean.json -q");

    let mut bytes = fs::read(dir.join("clean.nii")).expect("an image");
    let at = 352 + 4 * (18 * 20 * 14 * 7 + 18 * 20 * 7 + 18 * 10 + 9);
    let value = f32::from_le_bytes(bytes[at..at + 4].try_into().expect("four bytes"));
    bytes[at..at + 4].copy_from_slice(&(value + 1.0).to_le_bytes());
    fs::write(dir.join("clean.nii"), bytes).expect("a writable file");
    let output = boldly(dir, "verify clean.nii --json -q", &[]);
    assert_eq!(output.status.code(), Some(1));
    let comparisons: Vec<Value> = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(
        (&comparisons[0]["over"], &comparisons[0]["worst_at"]),
        (&1.into(), &serde_json::json!([9, 10, 7, 7]))
    );
    assert_eq!(comparisons[0]["faults"][0], "its bytes are not those that were written");
}

#[test]
fn verify_of_a_folder_compares_every_image_and_misses_none() {
    let folder = study();
    let dir = folder.path();
    for (name, device) in [("a.nii", "cpu".to_owned()), ("b.nii", adapter())] {
        let bold = paths::BOLD;
        run(dir, &format!("smooth study/{bold} --fwhm 9 --out two/{name} --device {device} -q"));
    }
    run(dir, "verify two -q");
    let path = dir.join("two/b.nii");
    let mut bytes = fs::read(&path).expect("an image");
    let last = bytes.len() - 4;
    bytes[last..].copy_from_slice(&1e6_f32.to_le_bytes());
    fs::write(&path, bytes).expect("a writable file");
    assert_eq!(boldly(dir, "verify two -q", &[]).status.code(), Some(1));

    run(dir, &whole_chain("cpu", "out"));
    run(dir, "verify out -q");
    fs::remove_file(dir.join("out/contrast-pain_stat-t_statmap.nii.gz")).expect("a map");
    fs::remove_file(dir.join("out/contrast-pain_stat-t_statmap.json")).expect("its sidecar");
    let output = boldly(dir, "verify out -q", &[]);
    assert_eq!(output.status.code(), Some(1), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn a_ready_design_with_confounds_equals_the_design_that_was_built_with_them() {
    let folder = study();
    let dir = folder.path();
    let common = format!(
        "glm study/{} --confounds study/{} --mask study/{} --contrast pain --device cpu -q",
        paths::BOLD,
        paths::CONFOUNDS,
        paths::MASK
    );
    let built = format!("--events study/{} --task-times start --out built", paths::EVENTS);
    run(dir, &format!("{common} --columns trans_* {built}"));
    let table = boldly::io::tsv::read(&dir.join("built/design.tsv")).expect("a design");
    let kept: Vec<usize> =
        (0..table.columns.len()).filter(|&c| !table.columns[c].starts_with("trans")).collect();
    let line =
        |row: &[String]| kept.iter().map(|&c| row[c].as_str()).collect::<Vec<_>>().join("\t");
    let lines: Vec<String> =
        std::iter::once(&table.columns).chain(&table.rows).map(|row| line(row)).collect();
    fs::write(dir.join("plain.tsv"), lines.join("\n") + "\n").expect("a writable folder");
    run(dir, &format!("{common} --columns trans_* --design plain.tsv --out ready"));
    let t = |out: &str| -> Vec<f64> {
        let path = dir.join(format!("{out}/contrast-pain_stat-t_statmap.nii.gz"));
        read_map(&path).expect("a map").2.into_iter().map(f64::from).collect()
    };
    common::assert_close("t", &t("ready"), &t("built"), 1e-6, 1e-6);
}

#[test]
fn images_depend_neither_on_threads_nor_on_earlier_files() {
    let folder = study();
    let dir = folder.path();
    for threads in ["1", "2", "5"] {
        let line = whole_chain("cpu", &format!("out{threads}"));
        let output = boldly(dir, &line, &[("RAYON_NUM_THREADS", threads)]);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let line = format!("smooth study/{} --fwhm 9 --out sm{threads}.nii.gz -q", paths::BOLD);
        let output = boldly(dir, &line, &[("RAYON_NUM_THREADS", threads)]);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
    let mut compared = 0;
    for entry in fs::read_dir(dir.join("out1")).expect("a folder").flatten() {
        let name = entry.file_name();
        if entry.path().extension().is_some_and(|e| e == "json" || e == "html") {
            continue; // holds timings, or the command line
        }
        let one = fs::read(entry.path()).expect("a file");
        for other in ["out2", "out5"] {
            let same = fs::read(dir.join(other).join(&name)).expect("a file") == one;
            assert!(same, "{name:?} differs between 1 thread and {other}");
            compared += 1;
        }
    }
    assert!(compared >= 24, "{compared} files compared");
    let smooth = |threads: &str| fs::read(dir.join(format!("sm{threads}.nii.gz"))).expect("a file");
    assert!(smooth("1") == smooth("2") && smooth("1") == smooth("5"));
}

#[test]
fn every_image_has_a_sidecar_with_command_inputs_device_dof_and_timings() {
    let folder = study();
    let dir = folder.path();
    run(dir, &whole_chain("cpu", "out"));
    let mut images = 0;
    for entry in fs::read_dir(dir.join("out")).expect("a folder").flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let Some(stem) = name.strip_suffix(".nii.gz") else { continue };
        images += 1;
        let text = fs::read_to_string(dir.join(format!("out/{stem}.json"))).expect("a sidecar");
        let own = &serde_json::from_str::<Value>(&text).expect("JSON")["boldly"];
        assert_eq!(own["version"], env!("CARGO_PKG_VERSION"), "{name}");
        assert!(own["command_line"][1] == "glm" && own["device"]["precision"] == "f64", "{name}");
        assert_eq!(
            own["stages"],
            serde_json::json!(["read", "retroicor", "smooth", "glm", "noise", "contrast"])
        );
        let inputs = own["inputs"].as_array().expect("inputs");
        assert!(inputs.len() >= 5, "{name}: {inputs:?}");
        for input in inputs {
            let path = dir.join("out").join(input["path"].as_str().expect("a path"));
            let checksum = boldly::io::hash::file(&path).expect("an input");
            assert_eq!(input["blake3"], checksum.hex(), "{path:?}");
        }
        let timed = own["timings"].as_array().expect("timings");
        assert!(timed.iter().any(|t| t["stage"] == "glm"), "{name}: {timed:?}");
    }
    assert_eq!(images, 11);
    let (_, t_header, _) =
        read_map(&dir.join("out/contrast-pain_stat-t_statmap.nii.gz")).expect("a map");
    // 60 volumes - (2 task + 7 confounds + 1 drift + 1 constant + 12 physiological)
    assert_eq!(t_header.intent, boldly::io::Intent::T { dof: 37.0 });
}

#[test]
fn dof_spent_by_retroicor_is_subtracted_by_a_later_glm() {
    let folder = study();
    let dir = folder.path();
    run(
        dir,
        &format!(
            "retroicor study/{} --physio study/{} --terms 2/2/1x1 --events study/{} --out clean.nii.gz --device cpu -q",
            paths::BOLD,
            paths::PHYSIO,
            paths::EVENTS
        ),
    );
    let line = format!(
        "glm clean.nii.gz --events study/{} --mask study/{} --contrast pain --out out --device cpu -q --json",
        paths::EVENTS,
        paths::MASK
    );
    let json: Value = serde_json::from_str(&run(dir, &line)).expect("JSON");
    // 60 - (2 task + 1 drift + 1 constant) - 12 spent; TR comes from the corrected image's own sidecar
    assert_eq!(json["dof"], 44.0);
}

#[test]
fn slow_terms_are_corrected_fitted_counted_and_verified_like_any_other() {
    let folder = study();
    let dir = folder.path();
    let terms = "1/1/0+rvt(0,5)+hr";
    let from = format!("study/{} --physio study/{} --terms {terms}", paths::BOLD, paths::PHYSIO);
    let events = format!("--events study/{}", paths::EVENTS);
    run(dir, &format!("retroicor {from} {events} --out clean.nii.gz --device cpu -q --verify"));
    let line = format!(
        "glm {from} {events} --mask study/{} --fwhm 10 --contrast pain --out out --device cpu -q --json",
        paths::MASK
    );
    let json: Value = serde_json::from_str(&run(dir, &line)).expect("JSON");
    run(dir, "verify out");
    // 60 - (2 task + 1 drift + 1 constant) - (4 Fourier + 2 rvt + 1 hr)
    assert_eq!(json["dof"], 49.0);
    let sidecar = dir.join("out/contrast-pain_stat-t_statmap.json");
    let own: Value = serde_json::from_slice(&fs::read(sidecar).expect("a sidecar")).expect("JSON");
    let found = &own["boldly"]["physio"][0];
    assert_eq!(found["terms"], terms);
    assert_eq!(found["columns"][4], "rvt_rrf");
    assert_eq!(found["slow"][1]["measure"], "hr");
}

#[test]
fn two_equal_runs_halve_the_variance_and_keep_the_effect() {
    let folder = study();
    let dir = folder.path();
    let twin = common::twin(&dir.join("study"), paths::BOLD);
    let one = |bolds: usize, out: &str| {
        let bold = [paths::BOLD, &twin].map(|bold| format!("study/{bold} "))[..bolds].concat();
        let events = format!("study/{} ", paths::EVENTS).repeat(bolds);
        let mask = paths::MASK;
        format!(
            "glm {bold} --events {events} --mask study/{mask} --contrast pain --out {out} --device cpu -q"
        )
    };
    run(dir, &one(1, "one"));
    run(dir, &one(2, "two"));
    let map = |out: &str, stat: &str| -> Vec<f64> {
        let path = dir.join(format!("{out}/contrast-pain_stat-{stat}_statmap.nii.gz"));
        read_map(&path).expect("a map").2.into_iter().map(f64::from).collect()
    };
    common::assert_close("effect", &map("two", "effect"), &map("one", "effect"), 1e-6, 1e-9);
    let half: Vec<f64> = map("one", "variance").iter().map(|v| v / 2.0).collect();
    common::assert_close("variance", &map("two", "variance"), &half, 1e-6, 1e-9);
    let t: Vec<f64> = map("one", "t").iter().map(|t| t * 2.0_f64.sqrt()).collect();
    common::assert_close("t", &map("two", "t"), &t, 1e-6, 1e-9);
}

#[test]
fn a_fit_within_a_mask_equals_the_same_voxels_of_a_fit_with_more() {
    let folder = study();
    let dir = folder.path();
    let glm = |mask: &str, out: &str| {
        format!(
            "glm study/{} --events study/{} --mask {mask} --contrast pain --fwhm 9 --rho-fwhm 0 --out {out} --device cpu -q",
            paths::BOLD,
            paths::EVENTS
        )
    };
    run(dir, &glm(&format!("study/{}", paths::MASK), "brain"));
    run(dir, &glm(&format!("study/{}", paths::BRAINSTEM), "stem"));
    let map = |out: &str| {
        read_map(&dir.join(format!("{out}/contrast-pain_stat-t_statmap.nii.gz"))).expect("a map").2
    };
    let (_, _, stem) = read_map(&dir.join("study").join(paths::BRAINSTEM)).expect("a mask");
    let inside: Vec<usize> = (0..stem.len()).filter(|&v| stem[v] > 0.0).collect();
    assert!(inside.len() > 5);
    let (brain, stem) = (map("brain"), map("stem"));
    // the mask limits the fit, not the smoothing
    assert!(inside.iter().all(|&v| brain[v] == stem[v] && brain[v] != 0.0));
}

#[test]
fn zero_fwhm_copies_and_scaling_the_run_leaves_t_unchanged() {
    let folder = study();
    let dir = folder.path();
    run(dir, &format!("smooth study/{} --fwhm 0 --out copy.nii --device cpu -q", paths::BOLD));
    let mut raw = BoldFile::open(&dir.join("study").join(paths::BOLD)).expect("a run");
    let whole = Block::whole(raw.grid.shape, raw.n_volumes);
    let mut values = raw.read(&whole).expect("its data").data;
    let copied = BoldFile::open(&dir.join("copy.nii")).expect("a run").read(&whole).expect("data");
    assert!(values == copied.data);

    values.iter_mut().for_each(|v| *v *= 4.0);
    let header = Header::new(&raw.grid, Some(2.0)).for_bold(raw.n_volumes);
    let mut outputs = Outputs::new();
    outputs.map(&dir.join("scaled.nii"), &header, &values).expect("an image");
    outputs.commit().expect("a writable folder");
    for (bold, out) in [("copy.nii", "a"), ("scaled.nii", "b")] {
        let (events, mask) = (paths::EVENTS, paths::MASK);
        run(
            dir,
            &format!(
                "glm {bold} --events study/{events} --mask study/{mask} --contrast pain --task-times start --out {out} --device cpu --tr 2 -q"
            ),
        );
    }
    let t = |out: &str| {
        read_map(&dir.join(format!("{out}/contrast-pain_stat-t_statmap.nii.gz"))).expect("a map").2
    };
    assert!(t("a") == t("b") && t("a").iter().any(|&t| t != 0.0));
}

#[test]
fn json_and_verify_together_print_one_object() {
    let folder = study();
    let dir = folder.path();
    let line = format!("smooth study/{} --fwhm 12 --out sm.nii --device cpu -q", paths::BOLD);
    let both = run(dir, &format!("{line} --json --verify"));
    assert_eq!(both.lines().count(), 1, "{both}");
    let both: Value = serde_json::from_str(&both).expect("JSON");
    assert_eq!(both["provenance"]["command"]["name"], "smooth");
    assert_eq!(
        (&both["verify"][0]["over"], both.as_object().map(|o| o.len())),
        (&0.into(), Some(2))
    );
    let alone: Value = serde_json::from_str(&run(dir, &format!("{line} --json"))).expect("JSON");
    assert_eq!(alone["command"]["name"], "smooth");
}

#[test]
fn largest_values_are_called_t_and_f() {
    let folder = study();
    let line = format!(
        "glm study/{} --events study/{} --mask study/{} --contrast pain --f-contrast any=pain;control \
         --f-contrast one=pain --out out --device cpu",
        paths::BOLD,
        paths::EVENTS,
        paths::MASK
    );
    let output = boldly(folder.path(), &line, &[]);
    let message = String::from_utf8_lossy(&output.stderr);
    for said in ["pain: largest t ", "any: largest F ", "one: largest F "] {
        assert!(message.contains(said), "{said:?} is not in\n{message}");
    }
}

/// The study's recording for two runs, the second's half a second later: `whole1`, `whole2`, and apart as `pulse1`,
/// `breath1`, `pulse2`, `breath2`.
fn recordings(dir: &Path) {
    use std::io::{Read, Write};
    let study = dir.join("study").join(paths::PHYSIO);
    let mut text = String::new();
    let file = fs::File::open(&study).expect("a recording");
    flate2::read::GzDecoder::new(file).read_to_string(&mut text).expect("text");
    let json = study.to_string_lossy().replace(".tsv.gz", ".json");
    let json: Value = serde_json::from_slice(&fs::read(json).expect("its JSON")).expect("JSON");
    let columns = json["Columns"].as_array().expect("columns");
    let kinds = [
        ("whole", vec!["cardiac", "respiratory"]),
        ("pulse", vec!["cardiac"]),
        ("breath", vec!["respiratory"]),
    ];
    for (run, shift_s) in [(1, 0.0), (2, 0.5)] {
        for (name, chosen) in &kinds {
            let mut own = json.clone();
            own["Columns"] = serde_json::json!(chosen);
            own["StartTime"] = (json["StartTime"].as_f64().expect("a time") + shift_s).into();
            let path = dir.join(format!("{name}{run}.json"));
            fs::write(path, own.to_string()).expect("a writable folder");
            let at = |c: &&str| columns.iter().position(|k| k == *c).expect("a column");
            let at: Vec<usize> = chosen.iter().map(at).collect();
            let line = |l: &str| {
                let cells: Vec<&str> = l.split('\t').collect();
                at.iter().map(|&k| cells[k]).collect::<Vec<_>>().join("\t") + "\n"
            };
            let path = dir.join(format!("{name}{run}.tsv.gz"));
            let file = fs::File::create(path).expect("a writable folder");
            let mut gz = flate2::write::GzEncoder::new(file, flate2::Compression::fast());
            let lines: String = text.lines().map(line).collect();
            gz.write_all(lines.as_bytes()).expect("a writable file");
            gz.finish().expect("a writable file");
        }
    }
}

#[test]
fn several_runs_take_recordings_that_are_apart_in_run_order() {
    let folder = study();
    let dir = folder.path();
    recordings(dir);
    let twin = common::twin(&dir.join("study"), paths::BOLD);
    let glm = |physio: &str, out: &str| {
        let twice = |path: &str| format!("study/{path} study/{path}");
        format!(
            "glm study/{} study/{twin} --events {} --mask study/{} --physio {physio} --terms 1/1/1x1 --contrast pain --out {out} --device cpu -q",
            paths::BOLD,
            twice(paths::EVENTS),
            paths::MASK
        )
    };
    run(dir, &glm("whole1.tsv.gz whole2.tsv.gz", "whole"));
    run(dir, &glm("pulse1.tsv.gz breath1.tsv.gz pulse2.tsv.gz breath2.tsv.gz", "apart"));
    let map = |out: &str| {
        fs::read(dir.join(format!("{out}/contrast-pain_stat-t_statmap.nii.gz"))).expect("a map")
    };
    assert!(map("whole") == map("apart"));
}

#[test]
fn a_run_whose_planes_exceed_a_slab_is_fitted_plane_by_plane() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let dir = folder.path();
    // one plane times all volumes: 10.6 MB
    let (shape, n) = ([128, 130, 3], 160);
    let mut affine = [[0.0; 4]; 4];
    (0..4).for_each(|axis| affine[axis][axis] = 1.0);
    let grid = boldly::volume::Grid { shape, affine, voxel_size_mm: [1.0; 3], is_placed: true };
    let header = Header::new(&grid, Some(2.0)).for_bold(n);
    let value = |at: usize| 1000.0 + (at.wrapping_mul(2_654_435_761) >> 7 & 0xfff) as f32 / 64.0;
    let values: Vec<f32> = (0..header.len()).map(value).collect();
    let rows: String = (0..n).map(|t| format!("{}\t1\n", (t / 8) % 2)).collect();
    let mut outputs = Outputs::new();
    outputs.map(&dir.join("bold.nii"), &header, &values).expect("an image");
    outputs.text(&dir.join("design.tsv"), &format!("task\tconstant\n{rows}")).expect("a table");
    outputs.commit().expect("a writable folder");
    run(dir, "glm bold.nii --design design.tsv --contrast task --out out --device cpu -q");
    let t = read_map(&dir.join("out/contrast-task_stat-t_statmap.nii.gz")).expect("a map").2;
    let fitted = t.iter().filter(|&&t| t != 0.0).count();
    assert!(fitted > 128 * 130 * 3 * 99 / 100, "{fitted} voxels have a t");
}

#[test]
fn help_of_every_command_names_units_defaults_and_an_example() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    for command in ["glm", "retroicor", "smooth", "verify", "demo", "simulate", "bench", "devices"]
    {
        let help = run(folder.path(), &format!("{command} --help"));
        assert!(help.contains("Example: boldly"), "{command} --help has no example:\n{help}");
    }
    let help = run(folder.path(), "simulate --help");
    for needed in ["[default: 40,48,36]", "[default: 3.75,3.75,3.75]", "[default: 12]"] {
        assert!(help.contains(needed), "simulate --help lacks {needed:?}");
    }
    let help = run(folder.path(), "glm --help");
    for needed in
        ["in mm", "[default: harvey]", "[default: cosine:128]", "[default: spm]", "in seconds"]
    {
        assert!(help.contains(needed), "glm --help lacks {needed:?}");
    }
}
