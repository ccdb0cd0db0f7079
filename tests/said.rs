//! What the short help and the sidecars of images say.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::path::Path;

use binary::{boldly, run, said, study, succeeded};
use boldly::io::read_map;
use boldly::simulate::write::paths;
use serde_json::Value;

mod binary;

/// Lines of the short help behind the usage, by heading.
fn short_help(dir: &Path, command: &str) -> Vec<(String, Vec<String>)> {
    let output = succeeded(command, boldly(dir, &format!("{command} -h")));
    let text = String::from_utf8(output.stdout).expect("text");
    let mut sections: Vec<(String, Vec<String>)> = Vec::new();
    for line in text.lines().skip_while(|line| !line.ends_with(':')) {
        match line.strip_suffix(':').filter(|heading| !heading.starts_with(' ')) {
            Some(heading) => sections.push((heading.to_owned(), Vec::new())),
            None if line.is_empty() => {}
            None => sections.last_mut().expect("a heading").1.push(line.to_owned()),
        }
    }
    sections
}

#[test]
fn help_of_the_demo_says_whose_rearrangements_are_asked_for() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let help = short_help(folder.path(), "demo");
    let says = |line: &String| line.contains("--permutations") && line.contains("with --group");
    assert!(help.iter().any(|(_, lines)| lines.iter().any(says)), "{help:?}");
}

#[test]
fn short_help_has_a_line_an_option_under_headings_and_points_to_the_long_one() {
    let folder = tempfile::tempdir().expect("a folder");
    let allowed = [
        "Inputs",
        "Physiology",
        "Model",
        "Smoothing",
        "Noise",
        "Permutation",
        "Correction",
        "Regions",
        "Output",
        "Running",
    ];
    let commands = [
        "glm",
        "retroicor",
        "physio",
        "confounds",
        "connect",
        "smooth",
        "verify",
        "simulate",
        "bench",
        "devices",
        "demo",
        "calibrate",
        "connect",
        "trial",
        "bids",
    ];
    for command in commands {
        let mut options = 0;
        for (heading, lines) in short_help(folder.path(), command) {
            if heading == "Arguments" {
                continue;
            }
            for line in lines.iter().filter(|line| line.starts_with(' ')) {
                let is_option =
                    line.trim_start().starts_with('-') && !line.starts_with("         ");
                assert!(is_option, "{command} -h breaks an option: {line:?}");
                assert!(line.len() <= 100, "{command} -h: {line:?}");
                let is_help = line.contains("--help");
                let is_placed = allowed.contains(&heading.as_str());
                assert!(is_help || is_placed, "{command} -h, {heading}: {line:?}");
                options += 1;
            }
        }
        assert!(options > 3, "{command}: {options}");
        let output = succeeded(command, boldly(folder.path(), &format!("{command} -h")));
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(text.trim_end().ends_with("with examples."), "{command}: {text}");
        let output = succeeded(command, boldly(folder.path(), &format!("{command} --help")));
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(text.contains("Example: boldly") || text.contains("with examples."), "{text}");
        // in one form, each those that it can end with
        let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
        let codes = text.rsplit_once("Exit codes: ").map_or("", |(_, codes)| codes);
        let has_device = text.contains("--device <");
        let check = match command {
            "verify" => "1 a check failed, ",
            "bids" => "1 some units failed, the others are done, ",
            _ if text.contains("--verify ") => "1 a check failed (--verify), ",
            _ => "",
        };
        let device = if has_device { "69 no such device, " } else { "" };
        let want = format!(
            "0 ok, {check}2 usage, 65 bad data, 66 missing input, {device}70 a defect of boldly, 74 cannot write, \
             75 the device failed or memory ran out (may be retried), 130 interrupted."
        );
        assert_eq!(codes, want, "{command}");
    }
}

#[test]
fn smoothing_within_a_mask_has_one_spelling_and_the_older_one_of_smooth_still_works() {
    let folder = study();
    let dir = folder.path();
    let smooth = |option: &str, out: &str| {
        format!(
            "smooth study/{} --fwhm 8 {option} study/{} --out {out} --device cpu -q",
            paths::BOLD,
            paths::MASK
        )
    };
    run(dir, &smooth("--smooth-within", "a.nii"));
    run(dir, &smooth("--mask", "b.nii"));
    let read = |name: &str| fs::read(dir.join(name)).expect("an image");
    assert_eq!(read("a.nii"), read("b.nii"));
    for command in ["smooth", "glm"] {
        let text = succeeded(command, boldly(dir, &format!("{command} -h"))).stdout;
        assert!(String::from_utf8_lossy(&text).contains("--smooth-within <IMAGE>"), "{command}");
    }
    let text = succeeded("smooth", boldly(dir, "smooth --help")).stdout;
    assert!(!String::from_utf8_lossy(&text).contains("--mask"), "the older spelling is not shown");
}

#[test]
fn sidecars_of_maps_say_what_was_asked_and_the_mask_is_bytes() {
    let folder = study();
    let dir = folder.path();
    let line = format!(
        "glm study/{} --events study/{} --mask study/{} --contrast diff=pain-0.5*control --f-contrast any=pain;control --out out \
         --device cpu",
        paths::BOLD,
        paths::EVENTS,
        paths::MASK
    );
    let said = said(&succeeded(&line, boldly(dir, &line)));
    run(dir, "verify out -q");
    let fields = |name: &str| -> Value {
        let path = dir.join("out").join(format!("contrast-{name}_statmap.json"));
        serde_json::from_slice(&fs::read(path).expect("a sidecar")).expect("JSON")
    };
    let dof = fields("diff_stat-t")["DegreesOfFreedom"].as_f64().expect("dof");
    for (stat, statistic, units) in [
        ("effect", "effect", "percent signal change"),
        ("variance", "variance of the effect", "percent signal change, squared"),
        ("t", "t", "dimensionless"),
        ("z", "z", "dimensionless"),
        ("p", "p, upper tail", "probability"),
    ] {
        let fields = fields(&format!("diff_stat-{stat}"));
        let want = serde_json::json!({
            "Statistic": statistic, "Units": units, "Contrast": "diff", "TestStatistic": "t",
            "ContrastWeights": {"pain": 1.0, "control": -0.5}, "DegreesOfFreedom": dof,
        });
        for (key, want) in want.as_object().expect("fields") {
            assert_eq!(&fields[key], want, "{stat}: {key}");
        }
    }
    let f = fields("any_stat-F");
    assert_eq!(f["ContrastWeights"], serde_json::json!([{"pain": 1.0}, {"control": 1.0}]));
    assert_eq!(f["DegreesOfFreedom"], serde_json::json!([2.0, dof]));
    assert_eq!(fields("any_stat-p")["NumeratorDegreesOfFreedom"], 2);
    let (grid, header, values) = read_map(&dir.join("out/mask.nii.gz")).expect("a mask");
    assert_eq!(header.sample, boldly::io::sample::SampleType::U8);
    assert!(values.contains(&1.0) && values.iter().all(|&v| v == 0.0 || v == 1.0));

    // the printed peak: in scanner millimetres, F with both of its degrees of freedom
    let (_, _, f) = read_map(&dir.join("out/contrast-any_stat-F_statmap.nii.gz")).expect("a map");
    let peak = (0..f.len()).max_by(|&a, &b| f[a].total_cmp(&f[b])).expect("a voxel");
    let voxel = grid.coordinates(peak);
    let at: Vec<f64> = (0..3)
        .map(|row| {
            let offset = grid.affine[row][3];
            offset + (0..3).map(|axis| grid.affine[row][axis] * voxel[axis] as f64).sum::<f64>()
        })
        .collect();
    let want = format!("({:.1}, {:.1}, {:.1}) mm", at[0], at[1], at[2]);
    let line = said.lines().find(|line| line.starts_with("any:")).expect("a peak");
    assert!(line.contains(&want) && line.ends_with(&format!("dof 2 and {dof}")), "{line}");
}

#[test]
fn corrected_and_smoothed_runs_keep_what_the_sidecars_of_their_input_say() {
    let folder = study();
    let dir = folder.path();
    let inherited = dir.join("study/task-pain_bold.json");
    let mut json: Value =
        serde_json::from_slice(&fs::read(&inherited).expect("read")).expect("JSON");
    json["EchoTime"] = serde_json::json!(0.03);
    json["Manufacturer"] = serde_json::json!("Siemens");
    json["Description"] = serde_json::json!("of the raw run");
    json["Sources"] = serde_json::json!(["bids:raw"]);
    fs::write(&inherited, json.to_string()).expect("written");
    let from = format!("study/{} --physio study/{}", paths::BOLD, paths::PHYSIO);
    run(dir, &format!("retroicor {from} --terms 1/1/0 --out out/c_bold.nii --device cpu -q"));
    run(dir, "smooth out/c_bold.nii --fwhm 8 --out other/s_bold.nii --device cpu -q");
    run(dir, "verify out -q");
    run(dir, "verify other -q");
    for (name, slices) in [("out/c_bold.json", true), ("other/s_bold.json", true)] {
        let own: Value =
            serde_json::from_slice(&fs::read(dir.join(name)).expect("a sidecar")).expect("JSON");
        for key in ["TaskName", "EchoTime", "Manufacturer", "RepetitionTime"] {
            assert_eq!(own[key], json[key], "{name}: {key}");
        }
        for key in ["Description", "Sources"] {
            assert!(own.get(key).is_none(), "{name}: {key} is not true of it");
        }
        assert_eq!(own.get("SliceTiming").is_some(), slices, "{name}");
        assert_eq!(own["SkullStripped"], false, "{name}: required of a derivative");
    }
}

#[test]
fn of_a_run_that_was_moved_it_is_said_what_is_taken_for_its_skull() {
    let folder = study();
    let dir = folder.path();
    let moved = "study/sub-01/func/sub-01_task-pain_desc-preproc_bold";
    fs::copy(dir.join("study").join(paths::BOLD), dir.join(format!("{moved}.nii.gz"))).unwrap();
    let say = "no sidecar says whether it is skull-stripped: false is written, as of fMRIPrep's";
    let of = |name: &str, is_stripped: Option<bool>| {
        let mut fields = serde_json::json!({ "RepetitionTime": 2.0 });
        if let Some(is) = is_stripped {
            fields["SkullStripped"] = is.into();
        }
        fs::write(dir.join(format!("{moved}.json")), fields.to_string()).unwrap();
        let line = format!("smooth {name}.nii.gz --fwhm 8 --out out/s_bold.nii -v --device cpu");
        let done = succeeded(&line, boldly(dir, &line));
        let own: Value =
            serde_json::from_slice(&fs::read(dir.join("out/s_bold.json")).unwrap()).unwrap();
        (said(&done).contains(say), own["SkullStripped"].clone())
    };
    assert_eq!(of(moved, None), (true, false.into()));
    assert_eq!(of(moved, Some(true)), (false, true.into()));
    assert_eq!(of(moved, Some(false)), (false, false.into()));
    // a run as the scanner gave it has its skull, and nobody need be told
    let raw = format!("study/{}", paths::BOLD.trim_end_matches(".nii.gz"));
    assert_eq!(of(&raw, None), (false, false.into()));
}

#[test]
#[cfg(unix)]
fn the_quick_start_of_the_readme_runs_as_pasted_on_the_shipped_example() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let readme = fs::read_to_string(root.join("README.md")).unwrap();
    let (_, from) = readme.split_once("## Quick start\n").unwrap();
    let (_, block) = from.split_once("```sh\n").unwrap();
    let (block, _) = block.split_once("```").unwrap();
    let pasted = block.replace("cargo install --path .\n", "");
    assert!(pasted != block && pasted.contains("boldly glm") && pasted.contains("boldly verify"));
    let folder = tempfile::tempdir().unwrap();
    std::os::unix::fs::symlink(root.join("bench-data"), folder.path().join("bench-data")).unwrap();
    let programs = Path::new(env!("CARGO_BIN_EXE_boldly")).parent().unwrap();
    let path = format!("{}:{}", programs.display(), std::env::var("PATH").unwrap());
    let mut shell = std::process::Command::new("sh");
    shell.args(["-e", "-c", &pasted]).current_dir(folder.path()).env("PATH", path);
    let output = shell.output().unwrap();
    let text = said(&output) + &String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && text.contains("all 10 outputs are"), "{text}");
    assert!(!text.contains("warning"), "{text}");
    // slice times and TR come from the sidecar at the dataset's root
    let own = fs::read(folder.path().join("results/contrast-pain_stat-t_statmap.json")).unwrap();
    let own: Value = serde_json::from_slice(&own).unwrap();
    let inputs = own["boldly"]["inputs"].as_array().unwrap();
    let is_root = |input: &Value| {
        input["path"].as_str().is_some_and(|p| p.ends_with("bench-data/task-pain_bold.json"))
    };
    assert!(inputs.iter().any(is_root), "{inputs:?}");
    assert_eq!(own["boldly"]["resolved"]["runs"][0]["slice_times_s"].as_array().unwrap().len(), 36);
}

#[test]
fn every_shell_completes_every_command_and_a_manual_page_tells_of_each() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path();
    let help = String::from_utf8(succeeded("-h", boldly(dir, "-h")).stdout).unwrap();
    let commands: Vec<&str> = help
        .lines()
        .skip_while(|line| *line != "Commands:")
        .skip(1)
        .take_while(|line| !line.is_empty())
        .filter_map(|line| line.strip_prefix("  ").filter(|name| !name.starts_with(' ')))
        .filter_map(|line| line.split_whitespace().next())
        .filter(|name| *name != "help")
        .collect();
    assert!(commands.contains(&"glm") && commands.len() > 14, "{commands:?}");
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let line = format!("completions {shell}");
        let script = String::from_utf8(succeeded(&line, boldly(dir, &line)).stdout).unwrap();
        for wanted in commands.iter().chain(&["rho-fwhm"]) {
            assert!(script.contains(wanted), "{shell}: no {wanted}");
        }
    }
    succeeded("manual", boldly(dir, "manual man1"));
    succeeded("manual again", boldly(dir, "manual man1"));
    for command in commands.iter().chain(&["group merge"]) {
        let name = command.replace(' ', "-");
        let page = fs::read_to_string(dir.join(format!("man1/boldly-{name}.1"))).unwrap();
        // title, section, date, source: the footer says the version
        let title = format!(".TH boldly-{name} 1 \"\" \"boldly 0.");
        assert!(page.contains(&title), "{command}: {page}");
        let line = format!("{command} --help");
        let help = String::from_utf8(succeeded(&line, boldly(dir, &line)).stdout).unwrap();
        let usage = help.lines().find_map(|line| line.strip_prefix("Usage: ")).unwrap();
        let synopsis = format!(".SH SYNOPSIS\n.nf\n{}\n", usage.replace('-', "\\-"));
        assert!(page.contains(&synopsis), "{command}: no {synopsis} in {page}");
        let options = help.lines().map(str::trim_start).filter(|line| line.starts_with('-'));
        for option in
            options.filter_map(|line| line.split_whitespace().find(|w| w.starts_with("--")))
        {
            let option = option.trim_end_matches([',', '.', ';']).replace('-', "\\-");
            assert!(page.contains(&option), "{command}: no {option}");
        }
        assert!(!page.contains(".SH EXTRA") && !page.contains("help(1)"), "{command}");
        assert!(page.contains("Exit codes: 0 ok"), "{command}");
    }
    let page = fs::read_to_string(dir.join("man1/boldly-glm.1")).unwrap();
    let example =
        ".SH EXAMPLES\n.nf\nboldly glm sub\\-01_bold.nii.gz \\-\\-events sub\\-01_events.tsv";
    assert!(page.contains(example), "examples are lines to be typed: {page}");
    let whole = fs::read_to_string(dir.join("man1/boldly.1")).unwrap();
    assert!(whole.contains(".TH boldly 1") && whole.contains("boldly\\-glm(1)"), "{whole}");
    let n = fs::read_dir(dir.join("man1")).unwrap().count();
    assert_eq!(n, commands.len() + 2, "no page of another command");

    fs::write(dir.join("man1/boldly-glm.1"), "notes of my own").unwrap();
    let refused = boldly(dir, "manual man1");
    assert_eq!(refused.status.code(), Some(2));
    assert!(said(&refused).contains("boldly-glm.1 is there and no manual page of boldly's"));
}

#[test]
fn a_dataset_of_derivatives_without_a_bidsignore_gets_one_and_keeps_its_own() {
    let folder = study();
    let dir = folder.path();
    let described = r#"{"Name": "x", "BIDSVersion": "1.10.0", "DatasetType": "derivative"}"#;
    for root in ["none", "own", "raw"] {
        fs::create_dir_all(dir.join(root)).unwrap();
        let text = if root == "raw" {
            described.replace("derivative", "raw")
        } else {
            described.to_owned()
        };
        fs::write(dir.join(root).join("dataset_description.json"), text).unwrap();
    }
    fs::write(dir.join("own/.bidsignore"), "mine\n").unwrap();
    for place in ["none/first", "none/smoothed", "own/smoothed", "raw/smoothed"] {
        let line = format!(
            "smooth study/{} --fwhm 8 --out {place}/x_bold.nii --device cpu -q",
            paths::BOLD
        );
        succeeded(&line, boldly(dir, &line));
    }
    let ignored = fs::read_to_string(dir.join("none/.bidsignore")).unwrap();
    assert!(
        ignored.contains("*_statmap.*\n") && ignored.ends_with("\nfirst\nsmoothed\n"),
        "{ignored}"
    );
    assert_eq!(fs::read_to_string(dir.join("own/.bidsignore")).unwrap(), "mine\n");
    assert!(!dir.join("raw/.bidsignore").exists(), "a raw dataset is not boldly's to describe");
}

#[test]
fn an_error_tells_what_is_doubted_once_and_alone_where_warnings_are_not_printed() {
    let folder = study();
    let dir = folder.path();
    let events =
        "onset\tduration\ttrial_type\n5\t15\tpain\n45\t9\tpain\n20\tn/a\twarm\n900\t3\thot\n";
    fs::write(dir.join("events.tsv"), events).unwrap();
    let line = format!(
        "glm study/{} --events events.tsv --device cpu --contrast warm --out none",
        paths::BOLD
    );
    for (line, warnings) in [(line.clone(), 2), (format!("{line} -q"), 0)] {
        let told = said(&boldly(dir, &line));
        for part in ["have no duration (n/a)", "begin after the run"] {
            assert_eq!(told.matches(part).count(), 1, "{line}: {told}");
        }
        assert_eq!(told.matches("warning: ").count(), warnings, "{told}");
        assert!(told.contains("names `warm`, which is no column"), "{told}");
    }
}

#[test]
fn why_columns_of_a_design_depend_on_each_other_is_said() {
    let folder = study();
    let dir = folder.path();
    let table = fs::read_to_string(dir.join("study").join(paths::CONFOUNDS)).unwrap();
    let mut lines = table.lines();
    let csf = lines.next().unwrap().split('\t').position(|name| name == "csf").unwrap();
    let row = |line: &str| {
        let value: f64 = line.split('\t').nth(csf).unwrap().parse().unwrap();
        format!("{value}\t{}\t4\t0\n", 2.0 * value)
    };
    let rows: String = lines.map(row).collect();
    fs::write(dir.join("own.tsv"), format!("csf\ttwice\tfour\tnone\n{rows}")).unwrap();
    let line = format!(
        "glm study/{} --events study/{} --mask study/{} --confounds own.tsv --task-times start --noise ols --contrast pain --device cpu",
        paths::BOLD,
        paths::EVENTS,
        paths::MASK
    );
    let with = format!("{line} --columns csf,twice,four,none --out with");
    let told = said(&succeeded(&with, boldly(dir, &with)));
    for part in [
        "is rank deficient: `none` is 0 in every volume; `four` and `constant` are constant; `csf` and `twice` are the same but for their scale; columns involved: ",
        "contrasts of other columns are as without them, leave out what adds nothing",
    ] {
        assert!(told.contains(part), "{part}: {told}");
    }
    let alone = format!("{line} --columns csf --out alone");
    assert!(!said(&succeeded(&alone, boldly(dir, &alone))).contains("rank deficient"));
    let t =
        |out: &str| read_map(&dir.join(out).join("contrast-pain_stat-t_statmap.nii.gz")).unwrap().2;
    let (with, alone) = (t("with"), t("alone"));
    assert!(with.iter().zip(&alone).all(|(a, b)| (a - b).abs() < 1e-4));
}
